//! The index of a tree: every file's symbols, by path and by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::language::Anchor;

use super::file::{Definition, FileSymbols};
use super::layout::Layout;
use super::resolve;

/// What is declared about a tree that its files don't say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// Folders that paths of modules start from, the first first.
    pub roots: Vec<String>,
    /// Packages of the tree by the name they are imported with, and their folders: crates, Go modules, npm packages.
    pub packages: Vec<(String, String)>,
}

/// The symbols of a tree.
#[derive(Clone, Debug)]
pub struct Index {
    pub(super) layout: Layout,
    pub(super) files: Vec<Arc<FileSymbols>>,
    /// File and definition, sorted by the definition's name.
    names: Vec<(u32, u32)>,
}

/// What an anchor means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// Where it is defined.
    pub definition: Anchor,
    /// Whether it is the anchor itself; otherwise the anchor's file gives it out from elsewhere.
    pub direct: bool,
}

impl Index {
    /// The index of files by their paths. Of files with the same path the last one counts.
    pub fn new(files: impl IntoIterator<Item = (String, Arc<FileSymbols>)>, declared: Declared) -> Self {
        let files: BTreeMap<String, Arc<FileSymbols>> = files.into_iter().collect();
        let (paths, files): (Vec<String>, Vec<Arc<FileSymbols>>) = files.into_iter().unzip();
        let mut names: Vec<(&str, u32, u32)> = Vec::new();
        for (number, file) in (0_u32..).zip(&files) {
            names.extend((0_u32..).zip(&file.definitions).map(|(at, found)| (found.name(), number, at)));
        }
        names.sort_unstable();
        let names = names.into_iter().map(|(_, file, at)| (file, at)).collect();
        Self { layout: Layout::new(paths, &files, declared), files, names }
    }

    /// The paths of the files, sorted.
    pub fn paths(&self) -> &[String] {
        self.layout.paths()
    }

    /// What a file says.
    pub fn file(&self, path: &str) -> Option<&FileSymbols> {
        self.layout.file(path).map(|file| self.symbols(file))
    }

    pub(super) fn symbols(&self, file: u32) -> &FileSymbols {
        &self.files[usize::try_from(file).expect("numbers of files come from this index")]
    }

    /// The definition that stands at an anchor itself.
    pub fn defined(&self, anchor: &Anchor) -> Option<&Definition> {
        self.file(anchor.path())?.get(anchor.symbol())
    }

    /// What an anchor means, re-exports followed; none: it is broken.
    pub fn resolve(&self, anchor: &Anchor) -> Option<Resolved> {
        if self.defined(anchor).is_some() {
            return Some(Resolved { definition: anchor.clone(), direct: true });
        }
        let definition = resolve::given_out(self, anchor)?;
        Some(Resolved { direct: definition == *anchor, definition })
    }

    /// Every definition with a name, whatever it stands in, sorted by path and symbol.
    pub fn named(&self, name: &str) -> Vec<(Anchor, &Definition)> {
        let of = |entry: &(u32, u32)| self.definition(*entry);
        let from = self.names.partition_point(|entry| of(entry).name() < name);
        let same = self.names[from..].iter().take_while(|entry| of(entry).name() == name);
        same.filter_map(|entry| {
            let found = of(entry);
            Anchor::new(self.layout.path(entry.0), &found.symbol).ok().map(|anchor| (anchor, found))
        })
        .collect()
    }

    /// Every definition of the tree.
    pub fn definitions(&self) -> impl Iterator<Item = (&str, &Definition)> {
        let files = self.layout.paths().iter().zip(&self.files);
        files.flat_map(|(path, file)| file.definitions.iter().map(move |found| (path.as_str(), found)))
    }

    fn definition(&self, (file, at): (u32, u32)) -> &Definition {
        &self.symbols(file).definitions
            [usize::try_from(at).expect("numbers of definitions come from this index")]
    }
}
