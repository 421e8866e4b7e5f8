//! The generated part of the architecture document: the contexts and what they use of each other, then the folders of each.

use std::collections::{BTreeMap, BTreeSet};

use crate::language::code::{Defined, FileOf, FileUse};
use crate::language::lint::Owners;
use crate::model::language::Language;

use super::super::{counted, harmless, spanned};
use super::graph::{Graph, MOST_NODES};

/// The most characters of a context's name or of a reason.
const SHOWN: usize = 200;

/// What the code is made of.
pub(super) struct Architecture<'a> {
    language: &'a Language,
    /// Whether contexts with code are declared.
    declared: bool,
    /// The parts, in the order in which they are declared.
    parts: Vec<Part<'a>>,
    /// How often code of one context uses code of another one.
    between: BTreeMap<(String, String), usize>,
    /// How many files belong to no context though contexts are declared.
    unowned: usize,
    /// How many files couldn't be read.
    unread: usize,
}

/// A context; or all code, where none is declared.
struct Part<'a> {
    /// Its name.
    name: &'a str,
    /// Its folders.
    folders: BTreeMap<String, Folder>,
    /// How often files of one folder use files of another one.
    between: BTreeMap<(String, String), usize>,
}

/// The files of a folder, without those of the folders in it.
#[derive(Clone, Copy, Default)]
struct Folder {
    files: usize,
    defined: Defined,
}

impl Folder {
    fn with(self, other: Self) -> Self {
        let types = self.defined.types + other.defined.types;
        let functions = self.defined.functions + other.defined.functions;
        Self { files: self.files + other.files, defined: Defined { types, functions } }
    }

    /// As cells of a table.
    fn cells(self) -> String {
        format!("{} | {} | {} |", self.files, self.defined.types, self.defined.functions)
    }
}

/// The folder of a file; `.` at the root.
pub(super) fn of_folder(path: &str) -> &str {
    path.rsplit_once('/').map_or(".", |(folder, _)| folder)
}

impl<'a> Architecture<'a> {
    /// Of these files, and what they use of each other.
    pub(super) fn of(language: &'a Language, files: &[FileOf], uses: Vec<FileUse>) -> Self {
        const ALL: &str = "Code";
        let owners = Owners::of(&language.contexts);
        let mut names: Vec<&str> = language
            .contexts
            .iter()
            .filter(|one| !one.sources.is_empty())
            .map(|one| one.name.as_str())
            .collect();
        let declared = !names.is_empty();
        if !declared {
            names.push(ALL);
        }
        let owner = |path: &str| if declared { owners.get(path) } else { Some(ALL) };
        let part = |name| Part { name, folders: BTreeMap::new(), between: BTreeMap::new() };
        let mut parts: BTreeMap<&str, Part<'_>> = names.iter().map(|name| (*name, part(*name))).collect();
        let (mut unowned, mut unread) = (0, 0);
        let mut known: BTreeSet<&str> = BTreeSet::new();
        for file in files {
            known.insert(&file.path);
            unread += usize::from(file.defined.is_none());
            let Some(part) = owner(&file.path).and_then(|name| parts.get_mut(name)) else {
                unowned += 1;
                continue;
            };
            let folder = part.folders.entry(of_folder(&file.path).to_owned()).or_default();
            *folder = folder.with(Folder { files: 1, defined: file.defined.unwrap_or_default() });
        }
        let mut between: BTreeMap<(String, String), usize> = BTreeMap::new();
        let uses: BTreeSet<FileUse> = uses.into_iter().collect();
        for one in uses.iter().filter(|one| known.contains(&*one.from_path) && known.contains(&*one.to_path))
        {
            let (Some(from), Some(to)) = (owner(&one.from_path), owner(&one.to_path)) else { continue };
            let (edges, ends) = if from == to {
                let Some(part) = parts.get_mut(from) else { continue };
                (&mut part.between, (of_folder(&one.from_path), of_folder(&one.to_path)))
            } else {
                (&mut between, (from, to))
            };
            if ends.0 != ends.1 {
                *edges.entry((ends.0.to_owned(), ends.1.to_owned())).or_default() += 1;
            }
        }
        let mut seen = BTreeSet::new();
        names.retain(|name| seen.insert(*name));
        let parts = names.into_iter().filter_map(|name| parts.remove(name)).collect();
        Self { language, declared, parts, between, unowned, unread }
    }

    /// Whether no file belongs to any part.
    pub(super) fn is_empty(&self) -> bool {
        self.parts.iter().all(|part| part.folders.is_empty())
    }

    /// What there is, in a line.
    pub(super) fn summary(&self) -> String {
        let all = self
            .parts
            .iter()
            .flat_map(|part| part.folders.values())
            .copied()
            .fold(Folder::default(), Folder::with);
        let folders = self.parts.iter().map(|part| part.folders.len()).sum();
        let contexts = counted(self.parts.len(), "context", "contexts");
        format!(
            "{}{}, {}, {} and {}",
            if self.declared { format!("{contexts}, ") } else { String::new() },
            counted(folders, "folder", "folders"),
            counted(all.files, "file", "files"),
            counted(all.defined.types, "type", "types"),
            counted(all.defined.functions, "function", "functions")
        )
    }

    /// The text.
    pub(super) fn told(&self) -> String {
        let mut text = format!("{}.\n", self.summary());
        if self.unowned > 0 {
            text.push_str(&format!(
                "\n{} to no context.\n",
                counted(self.unowned, "file belongs", "files belong")
            ));
        }
        if self.unread > 0 {
            let files = counted(self.unread, "file", "files");
            text.push_str(&format!("\n{files} couldn't be read: what is in there isn't counted.\n"));
        }
        if self.parts.len() > 1 {
            text.push_str(&format!("\n## Contexts\n\n{}", self.contexts()));
        }
        for part in &self.parts {
            text.push_str(&format!("\n## {}\n\n{}", harmless(part.name, SHOWN), part.told()));
        }
        text
    }

    fn contexts(&self) -> String {
        let size = |part: &Part<'_>| part.folders.values().map(|folder| folder.files).sum();
        let nodes = self.parts.iter().map(|part| (part.name, size(part))).collect();
        let forbidden: BTreeMap<(&str, &str), &str> = self
            .language
            .forbidden
            .iter()
            .map(|rule| ((rule.from.as_str(), rule.to.as_str()), rule.reason.as_str()))
            .collect();
        let marked = forbidden.keys().copied().collect();
        let mut text = Graph { nodes, edges: &self.between, forbidden: marked }.told();
        let broken = self.between.iter().filter_map(|((from, to), count)| {
            let reason = forbidden.get(&(from.as_str(), to.as_str()))?;
            let why =
                if reason.is_empty() { String::new() } else { format!(": {}", harmless(reason, SHOWN)) };
            let (from, to) = (spanned(from), spanned(to));
            Some(format!("* {from} uses {to} {}, and must not{why}\n", counted(*count, "time", "times")))
        });
        let broken: Vec<String> = broken.collect();
        if !broken.is_empty() {
            text.push_str(&format!("\nForbidden, and there:\n\n{}", broken.concat()));
        }
        text
    }
}

impl Part<'_> {
    fn told(&self) -> String {
        if self.folders.is_empty() {
            return "No file belongs to it.\n".to_owned();
        }
        let nodes: BTreeMap<&str, usize> =
            self.folders.iter().map(|(path, folder)| (path.as_str(), folder.files)).collect();
        let graph = Graph { nodes, edges: &self.between, forbidden: BTreeSet::new() };
        let shown = graph.shown();
        let mut text = String::from("| Folder | Files | Types | Functions |\n|---|--:|--:|--:|\n");
        let mut rest = Folder::default();
        for (path, folder) in &self.folders {
            if shown.contains(path.as_str()) {
                text.push_str(&format!("| {} | {}\n", spanned(path), folder.cells()));
            } else {
                rest = rest.with(*folder);
            }
        }
        if self.folders.len() > MOST_NODES {
            text.push_str(&format!("| and {} more | {}\n", self.folders.len() - MOST_NODES, rest.cells()));
        }
        if !self.between.is_empty() {
            text.push_str(&format!("\n{}", graph.told()));
        }
        text
    }
}
