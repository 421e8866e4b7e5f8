//! What is asked of the code: whether what pages name is there, and what uses what. The symbol index answers, or a test.
//!
//! Whoever asks must never take "nobody can tell" for "gone": both kinds of answers keep the two apart.

#[cfg(test)]
pub mod known;

use crate::model::language::Anchor;

use super::suggest::closest;

/// How the file ends that a path of modules leads to, after the path.
pub const MODULE_FILES: [&str; 13] = [
    ".py",
    "/__init__.py",
    ".rs",
    "/mod.rs",
    "/lib.rs",
    "/main.rs",
    ".ts",
    ".tsx",
    "/index.ts",
    ".js",
    "/index.js",
    ".go",
    ".java",
];

/// Where the symbol of an anchor is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// Where the anchor says.
    Resolves,
    /// In another place, and only there.
    Moved(Anchor),
    /// Under another name.
    Renamed {
        /// Where it is.
        to: Anchor,
        /// The commit that renamed it.
        commit: String,
    },
    /// In one of several places.
    Ambiguous(Vec<Anchor>),
    /// Nowhere any more.
    Gone,
    /// Nowhere, and it never was anywhere, as far as history is known.
    Never,
    /// It couldn't be looked at, and why.
    Unindexed(String),
    /// Its file was looked at and defines nothing of that name that is read, and yet it may well be there, and why: a field, what is
    /// inherited, what a macro makes. Nothing is wrong with it as far as anybody can tell.
    Perhaps(String),
}

/// Whether something that a page names is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is there, or may well be: nothing says that it isn't.
    Yes,
    /// It isn't.
    No {
        /// What was probably meant, as a page would write it.
        suggestion: Option<String>,
    },
    /// Nobody can tell.
    Unknown {
        /// Why not, as the end of a sentence: `the file doesn't parse`.
        why: String,
    },
}

/// One file uses a symbol of another one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileUse {
    /// The file that uses it.
    pub from_path: String,
    /// The file that it is of.
    pub to_path: String,
    /// The symbol.
    pub symbol: String,
}

/// A source file that is indexed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileOf {
    /// The file.
    pub path: String,
    /// What it defines; nothing: it couldn't be read, so nobody can tell.
    pub defined: Option<Defined>,
}

/// How many definitions a file has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Defined {
    /// Types of any kind, nested ones included.
    pub types: usize,
    /// Functions and methods.
    pub functions: usize,
}

/// The code of one commit of one repository, as far as it was read.
pub trait Code {
    /// Where the symbol of an anchor is.
    fn resolve(&self, anchor: &Anchor) -> Resolution;
    /// The types whose names end in one of these.
    fn load_bearing(&self, suffixes: &[String]) -> Vec<Anchor>;
    /// What files use of other files.
    fn uses(&self) -> Vec<FileUse>;
    /// Every source file that is indexed, those that couldn't be read included, by path.
    fn files(&self) -> Vec<FileOf>;
    /// Whether a file or a folder is there, relative to the root.
    fn has_file(&self, path: &str) -> Answer;
    /// Where a file that isn't there was moved to, as far as history is known.
    fn moved_file(&self, path: &str) -> Option<String>;
    /// Whether there never was such a file or folder, as far as history is known.
    fn never_was(&self, path: &str) -> bool;
    /// Whether a dotted path of modules and names leads to something: `factory.plan.Guard`.
    fn has_dotted(&self, dotted: &str) -> Answer;
    /// Whether any file has a symbol of this name.
    fn has_name(&self, name: &str) -> Answer;
    /// Whether a command line can be run here: its program is declared or is a file.
    fn has_command(&self, line: &str) -> Answer;
    /// Where the symbol of an anchor is defined: where it says, or where a file that gives it out has it from. None: it
    /// doesn't resolve, or nobody can tell.
    fn defined(&self, anchor: &Anchor) -> Option<Anchor>;
    /// What the code of an anchored definition itself refers to, each where it is defined; without what can't be followed.
    /// None: the anchor doesn't resolve, or nobody can tell. Empty: it refers to nothing of this code.
    fn depends(&self, anchor: &Anchor) -> Option<Vec<Anchor>>;
    /// The types that an anchored type is made from, each where it is defined; without those of other code. None: the
    /// anchor doesn't resolve, or nobody can tell. Empty: there are none, as of a function.
    fn bases(&self, anchor: &Anchor) -> Option<Vec<Anchor>>;
    /// Whether an anchored definition is a type that code of other files may use. None: the anchor doesn't resolve, or
    /// nobody can tell.
    fn is_public_type(&self, anchor: &Anchor) -> Option<bool>;
    /// The text of an anchored definition, in at most so many lines, long ones cut. None: the anchor doesn't resolve,
    /// or its file can't be read now.
    fn excerpt(&self, anchor: &Anchor, lines: usize) -> Option<String>;
    /// The symbols of a file, in the order in which they are written; empty where it wasn't read.
    fn names_in(&self, path: &str) -> Vec<String>;

    /// Whether a symbol is in its file; of several places where it may be the first is suggested.
    fn resolves(&self, anchor: &Anchor) -> Answer {
        let suggestion = match self.resolve(anchor) {
            Resolution::Resolves | Resolution::Perhaps(_) => return Answer::Yes,
            Resolution::Unindexed(why) => return Answer::Unknown { why },
            Resolution::Moved(to) | Resolution::Renamed { to, commit: _ } => Some(to.to_string()),
            Resolution::Ambiguous(places) => places.first().map(ToString::to_string),
            Resolution::Gone | Resolution::Never => {
                let names = self.names_in(anchor.path());
                let near = closest(anchor.symbol(), names.iter().map(String::as_str));
                near.map(|name| format!("{}:{name}", anchor.path()))
            }
        };
        Answer::No { suggestion }
    }
}

/// Code that nobody has read: of none of it anything can be told.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unread;

impl Unread {
    fn unknown() -> Answer {
        Answer::Unknown { why: "the code was not read".to_owned() }
    }
}

impl Code for Unread {
    fn resolve(&self, _: &Anchor) -> Resolution {
        Resolution::Unindexed("the code was not read".to_owned())
    }

    fn load_bearing(&self, _: &[String]) -> Vec<Anchor> {
        Vec::new()
    }

    fn uses(&self) -> Vec<FileUse> {
        Vec::new()
    }

    fn files(&self) -> Vec<FileOf> {
        Vec::new()
    }

    fn has_file(&self, _: &str) -> Answer {
        Self::unknown()
    }

    fn moved_file(&self, _: &str) -> Option<String> {
        None
    }

    fn never_was(&self, _: &str) -> bool {
        false
    }

    fn has_dotted(&self, _: &str) -> Answer {
        Self::unknown()
    }

    fn has_name(&self, _: &str) -> Answer {
        Self::unknown()
    }

    fn has_command(&self, _: &str) -> Answer {
        Self::unknown()
    }

    fn defined(&self, _: &Anchor) -> Option<Anchor> {
        None
    }

    fn depends(&self, _: &Anchor) -> Option<Vec<Anchor>> {
        None
    }

    fn bases(&self, _: &Anchor) -> Option<Vec<Anchor>> {
        None
    }

    fn is_public_type(&self, _: &Anchor) -> Option<bool> {
        None
    }

    fn excerpt(&self, _: &Anchor, _: usize) -> Option<String> {
        None
    }

    fn names_in(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::known::Known;
    use super::{Answer, Code, Resolution};

    #[test]
    fn answers_follow_from_where_a_symbol_is() {
        let to = || "src/b.rs:Guard".parse().unwrap();
        let rows = [
            ("there", Resolution::Resolves, "yes"),
            ("moved", Resolution::Moved(to()), "no; src/b.rs:Guard"),
            ("renamed", Resolution::Renamed { to: to(), commit: "abc".into() }, "no; src/b.rs:Guard"),
            ("one of two", Resolution::Ambiguous(vec![to(), to()]), "no; src/b.rs:Guard"),
            ("gone, and one is like it", Resolution::Gone, "no; src/a.rs:Guards"),
            ("never there, and one is like it", Resolution::Never, "no; src/a.rs:Guards"),
            ("perhaps", Resolution::Perhaps("it may be a field".into()), "yes"),
            ("not looked at", Resolution::Unindexed("it is broken".into()), "unknown: it is broken"),
        ];
        let anchor: crate::model::language::Anchor = "src/a.rs:Guard".parse().unwrap();
        for (name, resolution, expected) in rows {
            let code = Known {
                files: vec![("src/a.rs", vec!["Plan", "Guards"])],
                resolutions: [(anchor.clone(), resolution)].into(),
                ..Known::default()
            };
            let told = match code.resolves(&anchor) {
                Answer::Yes => "yes".to_owned(),
                Answer::No { suggestion } => format!("no; {}", suggestion.as_deref().unwrap_or("-")),
                Answer::Unknown { why } => format!("unknown: {why}"),
            };
            assert_eq!(told, expected, "{name}");
        }
    }
}
