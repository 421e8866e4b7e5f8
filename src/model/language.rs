//! The ubiquitous language as desired state: its contexts, kinds, relations, rules, and where its pages lie.
//!
//! Implements the terms *Term* and *Anchor*. It holds no page: those are read by [`crate::language`].

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Where the code that embodies a term lies: `path:Symbol`, nested `path:Type.method`.
///
/// The path is relative to the root of the repository, with `/` between its parts; the symbol is one or more names
/// with `.` between them, outermost first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Anchor {
    path: String,
    symbol: String,
}

/// Why a text is no anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnchorError {
    /// There is no colon.
    #[error("an anchor is `path:Symbol`, and there is no colon")]
    NoColon,
    /// The path is empty, absolute, or leaves the repository.
    #[error("the path of an anchor is relative to the root of the repository, without `.` or `..`")]
    Path,
    /// The symbol is empty or has an empty part.
    #[error("the symbol of an anchor is one name, or several with `.` between them")]
    Symbol,
}

impl Level {
    /// The words of config.
    pub const WORDS: &'static [&'static str] = &["off", "warning", "error"];

    /// By its word.
    pub fn by_word(word: &str) -> Option<Self> {
        [Self::Off, Self::Warning, Self::Error].into_iter().find(|one| one.as_str() == word)
    }

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl Anchor {
    /// The file, relative to the root of the repository.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The names from the outermost to the symbol, with `.` between them.
    pub fn symbol(&self) -> &str {
        &self.symbol
    }

    /// The name of the symbol itself: the last part.
    pub fn name(&self) -> &str {
        self.symbol.rsplit('.').next().expect("a split has at least one part")
    }

    /// The anchor of a symbol in a file.
    pub fn new(path: &str, symbol: &str) -> Result<Self, AnchorError> {
        let inside =
            |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains(['\\', '\0']);
        if !path.split('/').all(inside) {
            return Err(AnchorError::Path);
        }
        let named =
            |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control());
        if !symbol.split('.').all(named) {
            return Err(AnchorError::Symbol);
        }
        Ok(Self { path: path.to_owned(), symbol: symbol.to_owned() })
    }
}

impl FromStr for Anchor {
    type Err = AnchorError;

    fn from_str(text: &str) -> Result<Self, AnchorError> {
        let (path, symbol) = text.rsplit_once(':').ok_or(AnchorError::NoColon)?;
        Self::new(path, symbol)
    }
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.path, self.symbol)
    }
}

/// How much a rule's findings weigh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The rule isn't looked at.
    Off,
    /// It is said, and passes.
    Warning,
    /// It is said, and fails.
    Error,
}

/// A bounded context, and the code that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// Its name, as terms spell it.
    pub name: String,
    /// Patterns of the paths that belong to it; the first context with a match has a file. Empty: no code.
    pub sources: Vec<String>,
}

/// A kind of relation between terms, and between which kinds of terms it makes sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelationKind {
    /// Its name, as terms spell it.
    pub name: String,
    /// Kinds of terms that may have it; empty: all.
    pub from: Vec<String>,
    /// Kinds of terms that it may point to; empty: all.
    pub to: Vec<String>,
}

/// A topic of the wiki, which is a folder of entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// Words that speak for it, in any case.
    pub words: Vec<String>,
}

/// One context must not depend on another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forbidden {
    /// The context whose code must not use …
    pub from: String,
    /// … the code of this one.
    pub to: String,
    /// Why, in the operator's words; may be empty.
    pub reason: String,
}

/// What `language { … }` declares, for one repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Language {
    /// The folder of the term files.
    pub terms: String,
    /// The folder of the wiki's pages and entries.
    pub wiki: String,
    /// The folder of the decisions.
    pub adr: String,
    /// The rendered glossary; none: it isn't kept.
    pub glossary: Option<String>,
    /// The rendered context map; none: it isn't kept.
    pub map: Option<String>,
    /// The page of what the code is made of; none: it isn't kept.
    pub architecture: Option<String>,
    /// Folders whose source files are indexed; empty: none.
    pub roots: Vec<String>,
    /// Patterns of source files that are left out (generated, vendored).
    pub ignore: Vec<String>,
    /// The bounded contexts, in the order in which they are declared.
    pub contexts: Vec<Context>,
    /// The kinds of terms.
    pub kinds: Vec<String>,
    /// The kinds of relations.
    pub relations: Vec<RelationKind>,
    /// The topics of the wiki, in the order in which they are declared.
    pub topics: Vec<Topic>,
    /// The topic of what no words speak for.
    pub default_topic: String,
    /// Ends of names of types that ought to have a term.
    pub load_bearing: Vec<String>,
    /// Patterns of `path:Symbol` that get no term.
    pub no_term: Vec<String>,
    /// An alias that more pages than this use is too common to be one.
    pub broad_alias_pages: usize,
    /// The most tokens of what a prompt is told of it, by estimate.
    pub excerpt_tokens: usize,
    /// Dependencies between contexts that must not be.
    pub forbidden: Vec<Forbidden>,
    /// The levels that differ from the rules' own.
    pub rules: BTreeMap<String, Level>,
}
