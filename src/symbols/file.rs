//! What one source file says, whatever its path: its definitions, its imports, and whether it could be read.
//!
//! It depends on nothing but the file's bytes, its language and the limits, so it may be kept by blob id.

use std::ops::Range;

use super::fingerprint::{Fingerprint, word};
use super::languages::Language;

/// What kind of thing a definition makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A class, struct, enum, trait, interface, record or alias of a type.
    Type,
    /// A function that stands alone, or a macro.
    Function,
    /// A function of a type.
    Method,
    /// A constant, a static, a variant of an enum, a variable of a module.
    Constant,
    /// A module or namespace.
    Module,
}

impl Kind {
    /// Every kind, in the order of their codes.
    pub const ALL: [Self; 5] = [Self::Type, Self::Function, Self::Method, Self::Constant, Self::Module];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Function => "function",
            Self::Method => "method",
            Self::Constant => "constant",
            Self::Module => "module",
        }
    }
}

/// One definition of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// What it makes.
    pub kind: Kind,
    /// Its names from the outermost, with `.` between them.
    pub symbol: String,
    /// Where its text lies, in bytes.
    pub span: Range<u32>,
    /// The line its text starts on, from 1.
    pub line: u32,
    /// Whether others may use it, by the rules of the language as far as the file tells.
    pub public: bool,
    /// Whether something else may give it members: a decorator, a derive, a macro, what is embedded in it.
    pub more: bool,
    /// The types it is made from, as they are written.
    pub bases: Vec<String>,
    /// Which of the file's names ([`FileSymbols::names`]) stand in its text, sorted.
    pub names: Vec<u32>,
    /// What its text is like, with its name left out.
    pub fingerprint: Fingerprint,
}

impl Definition {
    /// The last of its names.
    pub fn name(&self) -> &str {
        self.symbol.rsplit('.').next().expect("a split has at least one part")
    }

    /// Whether it stands in nothing else but the file.
    pub fn top_level(&self) -> bool {
        !self.symbol.contains('.')
    }
}

/// What an import brings in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Imported {
    /// The module itself.
    Module,
    /// One name of the module.
    Name(String),
    /// Every name of the module.
    All,
}

/// One import of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The module as it is written; empty: this very file, of which a name is given out under another one.
    pub module: String,
    /// What is brought in.
    pub what: Imported,
    /// The name it has here, if it is another one.
    pub alias: Option<String>,
    /// Whether others may use it from here.
    pub reexport: bool,
    /// Whether it stands in nothing else but the file; only such an import gives names to the file.
    pub top_level: bool,
    /// The line it stands on, from 1.
    pub line: u32,
}

/// A type is said to be made from another one, away from its definition (`impl Trait for Type`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Implementation {
    /// The type, as it is written.
    pub of: String,
    /// What it is made from, as it is written.
    pub base: String,
    /// The names of what it stands in, with `.` between them; empty: the file.
    pub within: String,
}

/// Why nothing was read from a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Skip {
    /// More bytes than are allowed.
    #[error("it is larger than the limit for source files")]
    TooLarge,
    /// It isn't text.
    #[error("it is not text in UTF-8")]
    NotText,
    /// Its first lines say that a program wrote it.
    #[error("its first lines say that it is generated")]
    Generated,
    /// Its lines are too long to be written by hand.
    #[error("its lines are those of a minified file")]
    Minified,
    /// Its syntax took more steps than are allowed.
    #[error("its syntax takes too long to read")]
    TooSlow,
}

impl Skip {
    /// Every reason, in the order of their codes.
    pub const ALL: [Self; 5] =
        [Self::TooLarge, Self::NotText, Self::Generated, Self::Minified, Self::TooSlow];
}

/// What one file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSymbols {
    /// Its language.
    pub language: Language,
    /// Why nothing was read; none: it was read.
    pub skip: Option<Skip>,
    /// Whether some of it could not be read: its syntax has errors, or it holds more than the limits allow.
    pub partial: bool,
    /// The package that the file says it belongs to, where the language has that.
    pub package: Option<String>,
    /// Its definitions, each symbol once, sorted by symbol.
    pub definitions: Vec<Definition>,
    /// Its imports, in their order.
    pub imports: Vec<Import>,
    /// What its types are made from, said away from them.
    pub implementations: Vec<Implementation>,
    /// Names of types it uses and neither defines nor imports, where the language sees them without an import.
    pub references: Vec<String>,
    /// The names by which its code refers to what it imports, defines or sees without an import, sorted.
    pub names: Vec<String>,
    /// The numbers of all names that its code says, sorted.
    pub words: Vec<u32>,
}

impl FileSymbols {
    /// A file of which nothing was read.
    pub fn empty(language: Language, skip: Option<Skip>) -> Self {
        Self {
            language,
            skip,
            partial: false,
            package: None,
            definitions: Vec::new(),
            imports: Vec::new(),
            implementations: Vec::new(),
            references: Vec::new(),
            names: Vec::new(),
            words: Vec::new(),
        }
    }

    /// Whether its code says a name, whatever that is there; comments and texts say nothing.
    pub fn says(&self, name: &str) -> bool {
        self.words.binary_search(&word(name)).is_ok()
    }

    /// The names by which the text of one of its definitions refers to something.
    pub fn names_in(&self, found: &Definition) -> impl Iterator<Item = &str> {
        let at = |name: &u32| usize::try_from(*name).ok();
        found.names.iter().filter_map(at).filter_map(|at| self.names.get(at)).map(String::as_str)
    }

    /// The definition of a symbol.
    pub fn get(&self, symbol: &str) -> Option<&Definition> {
        let found = self.definitions.binary_search_by(|definition| definition.symbol.as_str().cmp(symbol));
        found.ok().map(|at| &self.definitions[at])
    }
}

/// What a file may cost. Beyond a limit on the whole file it is skipped; beyond one on a part, that part is left
/// out and the file is partial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a file.
    pub bytes: usize,
    /// Units of work of the parser: one for about a hundred of its steps, twelve once the text has errors, one for
    /// each 4 KiB it scans. A large file by hand takes some 25,000, for about half a second.
    pub steps: u32,
    /// Definitions of a file.
    pub definitions: usize,
    /// Imports of a file.
    pub imports: usize,
    /// Definitions in one another.
    pub depth: usize,
    /// Bytes of one name, module path or base.
    pub name_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 1024 * 1024,
            steps: 40_000,
            definitions: 20_000,
            imports: 5_000,
            depth: 24,
            name_bytes: 400,
        }
    }
}
