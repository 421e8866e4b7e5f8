//! Code that is written down as a table, for tests.

use std::collections::BTreeMap;

use crate::model::language::Anchor;

use super::{Answer, Code, Defined, FileOf, FileUse, Resolution};

/// Files with the symbols in them, files nobody could read, and commands that there are.
#[derive(Clone, Default)]
pub struct Known {
    /// Files, each with its symbols.
    pub files: Vec<(&'static str, Vec<&'static str>)>,
    /// Files that don't parse.
    pub unread: Vec<&'static str>,
    /// Commands.
    pub commands: Vec<&'static str>,
    /// Where symbols are, whatever the files say.
    pub resolutions: BTreeMap<Anchor, Resolution>,
    /// Whether every other symbol is where its anchor says.
    pub whole: bool,
    /// Files that there never were.
    pub never: Vec<&'static str>,
    /// Where files were moved.
    pub moved_files: BTreeMap<String, String>,
    /// Types that ought to have a term.
    pub load_bearing: Vec<Anchor>,
    /// What files use of other files.
    pub uses: Vec<FileUse>,
    /// Where symbols are defined that are given out elsewhere.
    pub defined: BTreeMap<Anchor, Anchor>,
    /// What definitions name; of others nobody can tell.
    pub depends: BTreeMap<Anchor, Vec<Anchor>>,
    /// What types are made from; of others nobody can tell.
    pub bases: BTreeMap<Anchor, Vec<Anchor>>,
    /// Whether definitions are public types; of others nobody can tell.
    pub public_types: BTreeMap<Anchor, bool>,
    /// The texts of definitions; of others there is none.
    pub excerpts: BTreeMap<Anchor, String>,
}

impl Known {
    /// Code in which every symbol is where its anchor says.
    pub fn whole() -> Self {
        Self { whole: true, ..Self::default() }
    }
}

fn answer(there: bool) -> Answer {
    if there { Answer::Yes } else { Answer::No { suggestion: None } }
}

impl Code for Known {
    fn resolve(&self, anchor: &Anchor) -> Resolution {
        if let Some(known) = self.resolutions.get(anchor) {
            return known.clone();
        }
        if self.unread.contains(&anchor.path()) {
            return Resolution::Unindexed("the file doesn't parse".into());
        }
        if self.whole || self.names_in(anchor.path()).iter().any(|name| name == anchor.symbol()) {
            return Resolution::Resolves;
        }
        let elsewhere = self.files.iter().filter(|(_, names)| names.contains(&anchor.symbol()));
        let mut places: Vec<Anchor> =
            elsewhere.map(|(path, _)| Anchor::new(path, anchor.symbol()).unwrap()).collect();
        match places.len() {
            0 => Resolution::Gone,
            1 => Resolution::Moved(places.remove(0)),
            _ => Resolution::Ambiguous(places),
        }
    }

    fn load_bearing(&self, suffixes: &[String]) -> Vec<Anchor> {
        let ends = |anchor: &&Anchor| suffixes.iter().any(|suffix| anchor.name().ends_with(suffix));
        self.load_bearing.iter().filter(ends).cloned().collect()
    }

    fn uses(&self) -> Vec<FileUse> {
        self.uses.clone()
    }

    /// A name with a capital is that of a type, any other that of a function.
    fn files(&self) -> Vec<FileOf> {
        let of = |(path, names): &(&str, Vec<&str>)| {
            let is_type = |name: &&&str| name.starts_with(|c: char| c.is_uppercase()) && !name.contains('.');
            let types = names.iter().filter(is_type).count();
            let defined = Some(Defined { types, functions: names.len() - types });
            FileOf { path: (*path).to_owned(), defined }
        };
        let unread = self.unread.iter().map(|path| FileOf { path: (*path).to_owned(), defined: None });
        let mut files: Vec<FileOf> = self.files.iter().map(of).chain(unread).collect();
        files.sort();
        files
    }

    fn has_file(&self, path: &str) -> Answer {
        let is_at_or_below = |known: &str| {
            known.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let mut all = self.unread.iter().chain(self.files.iter().map(|(known, _)| known));
        answer(self.whole || all.any(|known| is_at_or_below(known)))
    }

    fn moved_file(&self, path: &str) -> Option<String> {
        self.moved_files.get(path).cloned()
    }

    fn never_was(&self, path: &str) -> bool {
        self.never.contains(&path)
    }

    fn has_dotted(&self, dotted: &str) -> Answer {
        let parts: Vec<&str> = dotted.split('.').collect();
        answer((1..parts.len()).any(|at| {
            let path = format!("{}.py", parts[..at].join("/"));
            self.names_in(&path).contains(&parts[at..].join("."))
        }))
    }

    fn has_name(&self, name: &str) -> Answer {
        answer(self.files.iter().any(|(_, names)| names.contains(&name)))
    }

    fn has_command(&self, line: &str) -> Answer {
        answer(self.commands.contains(&line))
    }

    fn defined(&self, anchor: &Anchor) -> Option<Anchor> {
        let there = self.resolve(anchor) == Resolution::Resolves;
        there.then(|| self.defined.get(anchor).unwrap_or(anchor).clone())
    }

    fn depends(&self, anchor: &Anchor) -> Option<Vec<Anchor>> {
        self.depends.get(anchor).cloned()
    }

    fn bases(&self, anchor: &Anchor) -> Option<Vec<Anchor>> {
        self.bases.get(anchor).cloned()
    }

    fn is_public_type(&self, anchor: &Anchor) -> Option<bool> {
        self.public_types.get(anchor).copied()
    }

    fn excerpt(&self, anchor: &Anchor, lines: usize) -> Option<String> {
        let text = self.excerpts.get(anchor)?;
        Some(text.lines().take(lines).collect::<Vec<_>>().join("\n"))
    }

    fn names_in(&self, path: &str) -> Vec<String> {
        let file = self.files.iter().find(|(known, _)| *known == path);
        file.map_or_else(Vec::new, |(_, names)| names.iter().map(ToString::to_string).collect())
    }
}
