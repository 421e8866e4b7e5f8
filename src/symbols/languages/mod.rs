//! The languages: each is one file that says which nodes of its syntax matter, what they define, and how its
//! imports find files. This is the one place where they are listed.

use tree_sitter::Node;

use super::file::Import;
use super::layout::{Layout, Located};
use super::mentions::{Part, Reach, Spot};
use super::walk::{Step, Walk};

mod ecmascript;
mod go;
mod java;
mod javascript;
mod python;
mod rust;
mod typescript;

/// A language whose files are indexed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// Rust.
    Rust,
    /// Python.
    Python,
    /// TypeScript without JSX.
    TypeScript,
    /// TypeScript with JSX.
    Tsx,
    /// JavaScript, JSX included.
    JavaScript,
    /// Go.
    Go,
    /// Java.
    Java,
}

/// What a language wants to see of a kind of node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// The node itself.
    Visit,
    /// What is in it.
    Through,
    /// Nothing of it.
    Over,
}

/// What one language knows.
pub trait Dialect: Sync {
    /// The ends of its files' names, after the last dot.
    fn extensions(&self) -> &'static [&'static str];

    /// Its grammar.
    fn grammar(&self) -> tree_sitter::Language;

    /// What it wants to see of a kind of node.
    fn interest(&self, kind: &str) -> Interest;

    /// Looks at a node that it wants to see.
    fn visit(&self, node: Node<'_>, walk: &mut Walk<'_>) -> Step;

    /// What a node is to the names in it, where it isn't what the node around it is.
    fn part(&self, spot: &Spot<'_, '_>) -> Part;

    /// How far names reach that are bound in a kind of node; none: beyond it.
    fn reach(&self, kind: &str) -> Option<Reach>;

    /// Whether a kind of node is a name with that of its package before it, which refers as a whole.
    fn qualified(&self, _kind: &str) -> bool {
        false
    }

    /// Looks at everything once more, at the end of a file.
    fn finish(&self, walk: &mut Walk<'_>);

    /// The places that a module path means, as it is written in a file; none: it lies outside of the tree.
    fn modules(&self, layout: &Layout, from: &str, module: &str) -> Vec<Located>;

    /// The path of the module with a name in another module, in the languages where modules hold modules.
    fn child(&self, module: &str, name: &str) -> Option<String>;

    /// Whether an import of a file gives what it imports out again.
    fn gives_out(&self, path: &str, import: &Import) -> bool;

    /// The names of a written type, outermost first, without its parameters; none: it has no plain name.
    fn names(&self, written: &str) -> Option<Vec<String>> {
        plain_names(written, &['.'])
    }
}

impl Language {
    /// Every language, in the order of their codes.
    pub const ALL: [Self; 7] =
        [Self::Rust, Self::Python, Self::TypeScript, Self::Tsx, Self::JavaScript, Self::Go, Self::Java];

    /// Its number among all, for streams between processes of one version.
    pub fn code(self) -> u8 {
        let at = Self::ALL.iter().position(|one| *one == self).expect("all languages are listed");
        u8::try_from(at).expect("there are few languages")
    }

    /// The language of a number.
    pub fn by_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// What the language knows.
    pub fn dialect(self) -> &'static dyn Dialect {
        match self {
            Self::Rust => &rust::Rust,
            Self::Python => &python::Python,
            Self::TypeScript => &typescript::TypeScript,
            Self::Tsx => &typescript::Tsx,
            Self::JavaScript => &javascript::JavaScript,
            Self::Go => &go::Go,
            Self::Java => &java::Java,
        }
    }

    /// Its grammar.
    pub fn grammar(self) -> tree_sitter::Language {
        self.dialect().grammar()
    }

    /// Whether it is a script of the web, of which minified forms are common.
    pub fn is_script(self) -> bool {
        match self {
            Self::TypeScript | Self::Tsx | Self::JavaScript => true,
            Self::Rust | Self::Python | Self::Go | Self::Java => false,
        }
    }

    /// The language of a file, by the end of its name; none: it isn't indexed.
    pub fn of_path(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next()?;
        let (_, extension) = name.rsplit_once('.')?;
        Self::ALL.into_iter().find(|language| language.dialect().extensions().contains(&extension))
    }
}

/// The names of a written type: what is before its parameters, split at separators.
fn plain_names(written: &str, separators: &[char]) -> Option<Vec<String>> {
    let end = written.find(['<', '[', '(']).unwrap_or(written.len());
    let names: Vec<String> = written[..end]
        .split(separators)
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    let word = |name: &String| name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$');
    (!names.is_empty() && names.len() <= 16 && names.iter().all(word)).then_some(names)
}

#[cfg(test)]
pub(in crate::symbols) mod outline {
    //! Texts of what a file says, for the tests of the languages.

    use super::super::file::{FileSymbols, Imported, Limits};
    use super::super::read::Reader;
    use super::Language;

    /// A line for each thing that a source says.
    pub(in crate::symbols) fn outline(language: Language, source: &str) -> String {
        render(&Reader::new(Limits::default()).read(language, source.as_bytes()))
    }

    /// A line for each thing that a file says.
    pub(in crate::symbols) fn render(file: &FileSymbols) -> String {
        let mut lines = Vec::new();
        if let Some(skip) = file.skip {
            lines.push(format!("skipped: {skip}"));
        }
        if file.partial {
            lines.push("partial".to_owned());
        }
        lines.extend(file.package.iter().map(|package| format!("package {package}")));
        for def in &file.definitions {
            let public = if def.public { "pub " } else { "" };
            let bases =
                if def.bases.is_empty() { String::new() } else { format!(" : {}", def.bases.join(" + ")) };
            lines.push(format!("{}: {public}{} {}{bases}", def.line, def.kind.as_str(), def.symbol));
        }
        for import in &file.imports {
            let what = match &import.what {
                Imported::Module => "module".to_owned(),
                Imported::Name(name) => format!("name {name}"),
                Imported::All => "all".to_owned(),
            };
            let alias = import.alias.as_ref().map_or_else(String::new, |alias| format!(" as {alias}"));
            let again = if import.reexport { ", given out" } else { "" };
            let inside = if import.top_level { "" } else { ", inside" };
            lines.push(format!("{}: from `{}` {what}{alias}{again}{inside}", import.line, import.module));
        }
        for made in &file.implementations {
            lines.push(format!("{} is made from {}", made.of, made.base));
        }
        if !file.references.is_empty() {
            lines.push(format!("refers to {}", file.references.join(", ")));
        }
        lines.join("\n")
    }
}
