//! Merging two commits file by file: what only one side changed is taken; what both changed differently conflicts.

use super::read::Files;
use super::{Bare, Error};

/// The outcome of a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Merged {
    /// The files of the merged tree.
    Clean(Files),
    /// The paths that both sides changed differently.
    Conflict(Vec<String>),
}

/// Merges three sets of files.
pub(crate) fn merge_trees(base: &Files, ours: &Files, theirs: &Files) -> Merged {
    let mut files = Files::new();
    let mut conflicts = Vec::new();
    let mut paths: Vec<&String> = base.keys().chain(ours.keys()).chain(theirs.keys()).collect();
    paths.sort();
    paths.dedup();
    for path in paths {
        let (was, our, their) = (base.get(path), ours.get(path), theirs.get(path));
        let result = if our == their || their == was {
            our
        } else if our == was {
            their
        } else {
            conflicts.push(path.clone());
            None
        };
        if let Some(leaf) = result {
            files.insert(path.clone(), *leaf);
        }
    }
    if conflicts.is_empty() { Merged::Clean(files) } else { Merged::Conflict(conflicts) }
}

impl Bare {
    /// Merges two commits of this repository.
    pub(crate) fn merge(&self, ours: &str, theirs: &str) -> Result<Merged, Error> {
        let base = match self.merge_base(ours, theirs)? {
            Some(base) => self.files(&base)?,
            None => Files::new(),
        };
        Ok(merge_trees(&base, &self.files(ours)?, &self.files(theirs)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twin::git::read::Leaf;
    use gix::ObjectId;
    use gix::objs::tree::EntryKind;

    fn files(list: &[(&str, u8)]) -> Files {
        list.iter()
            .map(|(path, id)| {
                let id = ObjectId::from_bytes_or_panic(&[*id; 20]);
                ((*path).to_owned(), Leaf { id, kind: EntryKind::Blob })
            })
            .collect()
    }

    #[test]
    fn one_side_wins_and_two_sides_conflict() {
        let base = files(&[("a", 1), ("b", 1), ("c", 1)]);
        for (name, ours, theirs, expected) in [
            ("nothing", base.clone(), base.clone(), Merged::Clean(base.clone())),
            (
                "theirs",
                base.clone(),
                files(&[("a", 2), ("b", 1), ("c", 1)]),
                Merged::Clean(files(&[("a", 2), ("b", 1), ("c", 1)])),
            ),
            (
                "both alike",
                files(&[("a", 2), ("b", 1)]),
                files(&[("a", 2), ("b", 1)]),
                Merged::Clean(files(&[("a", 2), ("b", 1)])),
            ),
            (
                "apart",
                files(&[("a", 2), ("b", 1), ("c", 1)]),
                files(&[("a", 1), ("c", 1)]),
                Merged::Clean(files(&[("a", 2), ("c", 1)])),
            ),
            (
                "conflict",
                files(&[("a", 2), ("b", 1), ("c", 1)]),
                files(&[("a", 3), ("b", 1), ("c", 1)]),
                Merged::Conflict(vec!["a".to_owned()]),
            ),
        ] {
            assert_eq!(merge_trees(&base, &ours, &theirs), expected, "{name}");
        }
    }
}
