//! The terms of a repository: one for each id.

use std::collections::BTreeMap;

use crate::language::slug::of_name;

use super::{Read, TermFile, Ulid};

/// The terms that were read, one for each id, sorted by name.
#[derive(Clone, Debug)]
pub struct Listing<'a> {
    terms: Vec<&'a TermFile>,
    by_id: BTreeMap<&'a Ulid, &'a TermFile>,
    shadowed: Vec<Shadowed<'a>>,
}

/// A file whose id another one has too, and which isn't the one that counts.
#[derive(Clone, Copy, Debug)]
pub struct Shadowed<'a> {
    /// The file that doesn't count.
    pub file: &'a TermFile,
    /// The one that does.
    pub by: &'a TermFile,
}

impl<'a> Listing<'a> {
    /// Lists what was read.
    ///
    /// Of two files with one id that counts which was updated last; one without a moment was so first of all. Of
    /// equals it is the one whose file is called as its name says, then the one whose path sorts first.
    pub fn of(reads: &'a [Read]) -> Self {
        let mut files: Vec<&TermFile> = reads.iter().filter_map(|read| read.file.as_ref()).collect();
        files.sort_by(|one, other| {
            let rank = |file: &TermFile| (file.term.updated_at, file.stem() == of_name(&file.term.name));
            rank(other).cmp(&rank(one)).then_with(|| one.path.cmp(&other.path))
        });
        let mut by_id: BTreeMap<&Ulid, &TermFile> = BTreeMap::new();
        let mut shadowed = Vec::new();
        for file in files {
            match by_id.get(&file.term.id) {
                Some(by) => shadowed.push(Shadowed { file, by }),
                None => {
                    by_id.insert(&file.term.id, file);
                }
            }
        }
        let mut terms: Vec<&TermFile> = by_id.values().copied().collect();
        terms.sort_by(|one, other| one.term.sort_key().cmp(&other.term.sort_key()));
        Self { terms, by_id, shadowed }
    }

    /// The terms, sorted by name without regard to case.
    pub fn terms(&self) -> &[&'a TermFile] {
        &self.terms
    }

    /// The term of an id.
    pub fn get(&self, id: &Ulid) -> Option<&'a TermFile> {
        self.by_id.get(id).copied()
    }

    /// The files that don't count, since another one has their id.
    pub fn shadowed(&self) -> &[Shadowed<'a>] {
        &self.shadowed
    }
}

#[cfg(test)]
mod tests {
    use crate::language::terms::samples::{ID_A, ID_B, Sample};

    use super::Listing;

    #[test]
    fn of_two_files_with_one_id_the_newest_counts() {
        let old = Sample::new(ID_A, "Crane").updated("2026-01-01T00:00:00Z");
        let new = Sample::new(ID_A, "Crane").updated("2026-01-02T00:00:00Z");
        let broken = Sample::new(ID_A, "Crane").updated("yesterday");
        for (name, reads, winner) in [
            ("newest", [old.read("t/b.md"), new.read("t/a.md")], "t/a.md"),
            ("newest, the other way", [new.read("t/b.md"), old.read("t/a.md")], "t/b.md"),
            ("no moment sorts first", [old.read("t/b.md"), broken.read("t/crane.md")], "t/b.md"),
            ("the slug decides", [old.read("t/a.md"), old.read("t/crane.md")], "t/crane.md"),
            ("the path decides", [old.read("t/b.md"), old.read("t/a.md")], "t/a.md"),
        ] {
            let listing = Listing::of(&reads);
            let paths: Vec<&str> = listing.terms().iter().map(|file| file.path.as_str()).collect();
            assert_eq!(paths, [winner], "{name}");
            assert_eq!(listing.shadowed().len(), 1, "{name}");
            assert_eq!(listing.shadowed()[0].by.path, winner, "{name}");
        }
    }

    #[test]
    fn terms_are_sorted_without_regard_to_case() {
        let reads =
            [Sample::new(ID_A, "berth").read("t/berth.md"), Sample::new(ID_B, "Apron").read("t/apron.md")];
        let listing = Listing::of(&reads);
        let names: Vec<&str> = listing.terms().iter().map(|file| file.term.name.as_str()).collect();
        assert_eq!(names, ["Apron", "berth"]);
    }
}
