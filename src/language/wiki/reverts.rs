//! Which pull requests were taken back, as the messages of commits tell: those that Git and GitHub write for a revert.

use std::collections::BTreeSet;

use crate::model::CommitId;

/// Follows the history of a repository from its newest commit backwards, for some of its pull requests.
#[derive(Debug)]
pub struct Reverts<'a> {
    /// `owner/name`.
    repo: &'a str,
    /// The pull requests whose landing wasn't met yet.
    open: BTreeSet<u64>,
    /// What was taken back, by commits that are newer and that weren't taken back themselves.
    commits: BTreeSet<CommitId>,
    pulls: BTreeSet<u64>,
    found: BTreeSet<u64>,
}

impl<'a> Reverts<'a> {
    /// Looks for these pull requests of a repository.
    pub fn of(repo: &'a str, pulls: BTreeSet<u64>) -> Self {
        let (commits, found) = (BTreeSet::new(), BTreeSet::new());
        Self { repo, open: pulls, commits, pulls: BTreeSet::new(), found }
    }

    /// Takes in the next commit; whether older ones can tell anything.
    pub fn next(&mut self, id: &CommitId, message: &str) -> bool {
        let landed = landed(message);
        let is_undone = self.commits.contains(id) || landed.is_some_and(|pull| self.pulls.contains(&pull));
        if let Some(pull) = landed.filter(|pull| self.open.remove(pull) && is_undone) {
            self.found.insert(pull);
        }
        // What takes back a revert brings back what that took.
        if !is_undone {
            self.commits.extend(of_commits(message));
            self.pulls.extend(of_pulls(message, self.repo));
        }
        !self.open.is_empty()
    }

    /// Those that were taken back, and didn't land again since.
    pub fn found(self) -> BTreeSet<u64> {
        self.found
    }
}

/// The pull request that a commit landed: `Merge pull request #7 from …`, or a first line that ends in `(#7)`.
fn landed(message: &str) -> Option<u64> {
    let title = message.lines().next()?.trim_end();
    let merged = title.strip_prefix("Merge pull request #").and_then(|rest| rest.split(' ').next());
    let squashed = || Some(title.strip_suffix(')')?.rsplit_once("(#")?.1);
    merged.or_else(squashed)?.parse().ok()
}

/// The commits that Git says are taken back: `This reverts commit <id>`.
fn of_commits(message: &str) -> impl Iterator<Item = CommitId> {
    let after = message.lines().filter_map(|line| line.trim().strip_prefix("This reverts commit "));
    after.filter_map(|rest| CommitId::parse(rest.split(|c: char| !c.is_ascii_hexdigit()).next()?))
}

/// The pull requests that GitHub says are taken back: `Reverts owner/name#7`, or `Reverts #7`.
fn of_pulls(message: &str, repo: &str) -> impl Iterator<Item = u64> {
    let after = message.lines().filter_map(|line| line.trim().strip_prefix("Reverts "));
    after.filter_map(move |rest| {
        let (of, number) = rest.trim_end_matches('.').split_once('#')?;
        let is_ours = of.is_empty() || of.eq_ignore_ascii_case(repo);
        if is_ours { number.parse().ok() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name, commits by their digit with their messages, and what is found.
    type Row = (&'static str, Vec<(char, String)>, &'static [u64]);

    /// The id of a commit that is named by a digit.
    fn id(digit: char) -> CommitId {
        CommitId::parse(&String::from(digit).repeat(40)).expect("it is an id")
    }

    #[test]
    fn pull_requests_that_were_taken_back_are_found() {
        let undoes = |digit: char| format!("This reverts commit {}.", id(digit));
        let merge = "Merge pull request #7 from acme/lift\n\nLift it";
        // Newest first.
        let rows: Vec<Row> = vec![
            ("nothing was", vec![('a', merge.into())], &[]),
            (
                "by Git",
                vec![('b', format!("Revert \"Lift it\"\n\n{}", undoes('a'))), ('a', merge.into())],
                &[7],
            ),
            (
                "a merge, by Git",
                vec![
                    (
                        'b',
                        format!(
                            "Revert \"Lift it\"\n\n{}, reversing\nchanges made to {}.",
                            undoes('a').trim_end_matches('.'),
                            id('9')
                        ),
                    ),
                    ('a', merge.into()),
                ],
                &[7],
            ),
            (
                "squashed, by GitHub",
                vec![
                    ('b', "Revert \"Lift it (#7)\" (#9)\n\nReverts acme/yard#7".into()),
                    ('a', "Lift it (#7)".into()),
                ],
                &[7],
            ),
            (
                "and brought back",
                vec![
                    ('c', format!("Reapply \"Lift it\"\n\n{}", undoes('b'))),
                    ('b', format!("Revert \"Lift it\"\n\n{}", undoes('a'))),
                    ('a', merge.into()),
                ],
                &[],
            ),
            (
                "and brought back by GitHub",
                vec![
                    ('c', "Revert \"Revert \"Lift it (#7)\" (#9)\" (#11)\n\nReverts acme/yard#9".into()),
                    ('b', "Revert \"Lift it (#7)\" (#9)\n\nReverts acme/yard#7".into()),
                    ('a', "Lift it (#7)".into()),
                ],
                &[],
            ),
            (
                "of another repository",
                vec![('b', "x\n\nReverts acme/other#7".into()), ('a', merge.into())],
                &[],
            ),
            (
                "somebody speaks of it",
                vec![('b', "It reverts commits (#7, maybe)".into()), ('a', merge.into())],
                &[],
            ),
        ];
        for (name, history, expected) in rows {
            let mut reverts = Reverts::of("acme/yard", [7].into());
            let went_on: Vec<bool> =
                history.iter().map(|(digit, message)| reverts.next(&id(*digit), message)).collect();
            assert_eq!(went_on.iter().filter(|more| !**more).count(), 1, "{name}: it ends with the landing");
            assert_eq!(reverts.found().into_iter().collect::<Vec<_>>(), expected, "{name}");
        }
    }
}
