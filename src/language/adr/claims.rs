//! Which numbers of decisions a pull request takes, and who else takes them: two files of one number merge without a conflict.

use std::collections::BTreeSet;

use super::number::{Number, Taken};

/// The numbers that a pull request takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// The decisions that it adds.
    pub adds: Vec<Taken>,
    /// The files of decisions that it takes away: one that gets another title is added and taken away.
    removes: BTreeSet<String>,
    /// The other files that the branch has of these numbers.
    there: Vec<(Number, String)>,
}

/// A decision that a pull request adds, and another one of its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared<'a> {
    /// What it adds.
    pub added: &'a Taken,
    /// The file of the other one.
    pub other: &'a str,
    /// The pull request that adds the other one; none where the branch has it already.
    pub pull: Option<u64>,
}

impl Claims {
    /// Those of a pull request that adds and takes away these.
    pub fn new(adds: impl Iterator<Item = Taken>, removes: impl Iterator<Item = Taken>) -> Self {
        Self { adds: adds.collect(), removes: removes.map(|it| it.path).collect(), there: Vec::new() }
    }

    /// Takes note of what the branch has by now that it is for.
    pub fn meet<'a>(&mut self, folder: &str, paths: impl Iterator<Item = &'a str>) {
        let decisions = paths.filter_map(|path| Some((Number::of_file(folder, path)?, path)));
        let others = decisions.filter(|(number, path)| {
            let is_claimed = |added: &Taken| added.number == *number && added.path != *path;
            !self.removes.contains(*path) && self.adds.iter().any(is_claimed)
        });
        self.there = others.map(|(number, path)| (number, path.to_owned())).collect();
    }

    /// What it adds that isn't the only one of its number, on the branch and among what open pull requests add.
    pub fn shared<'a>(&'a self, open: &'a [Taken]) -> Vec<Shared<'a>> {
        let of = |added: &'a Taken| {
            let there = self.there.iter().filter(|(number, _)| *number == added.number);
            let there = there.map(move |(_, path)| Shared { added, other: path, pull: None });
            let open = open
                .iter()
                .filter(|it| it.pull != added.pull && it.number == added.number && it.path != added.path);
            there.chain(open.map(move |it| Shared { added, other: &it.path, pull: Some(it.pull) }))
        };
        self.adds.iter().flat_map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str, pull: u64) -> Taken {
        Taken::of("adr", path, pull).expect("it is a decision")
    }

    #[test]
    fn a_number_is_shared_with_the_branch_and_with_other_pull_requests() {
        let renamed = [of("adr/0002-new-title.md", 7)].into_iter();
        let mut claims = Claims::new(
            [of("adr/0003-crane.md", 7)].into_iter().chain(renamed),
            [of("adr/0002-old-title.md", 7)].into_iter(),
        );
        let open = [
            of("adr/0003-crane.md", 7),
            of("adr/0003-crane.md", 8),
            of("adr/0003-dock.md", 9),
            of("adr/0004-dock.md", 9),
        ];
        let told = |claims: &Claims| -> Vec<(String, Option<u64>)> {
            claims.shared(&open).iter().map(|it| (it.other.to_owned(), it.pull)).collect()
        };
        // The same file is a conflict that Git tells of.
        assert_eq!(told(&claims), [("adr/0003-dock.md".to_owned(), Some(9))]);
        let branch =
            ["adr/README.md", "adr/0002-old-title.md", "adr/0003-berth.md", "adr/0004-x.md", "src/0003-a.md"];
        claims.meet("adr", branch.into_iter());
        assert_eq!(
            told(&claims),
            [("adr/0003-berth.md".to_owned(), None), ("adr/0003-dock.md".to_owned(), Some(9))]
        );
        claims.meet("adr", std::iter::empty());
        assert_eq!(told(&claims).len(), 1);
    }
}
