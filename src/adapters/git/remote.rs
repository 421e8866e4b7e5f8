//! What is asked of a remote, and what it answers to a push.

use crate::model::CommitId;

/// Which references are fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refs {
    /// Every branch; those that are gone there go here too.
    Branches,
    /// One branch; it is no error when it isn't there.
    Branch(String),
    /// The head of one pull request.
    Pull(u64),
    /// The heads of all pull requests.
    Pulls,
}

impl Refs {
    /// As git has it. What is named by a pattern may be absent, and is then removed here as well.
    pub(super) fn spec(&self) -> String {
        match self {
            Self::Branches => "+refs/heads/*:refs/heads/*".to_owned(),
            Self::Branch(name) => format!("+refs/heads/{name}:refs/heads/{name}"),
            Self::Pull(number) => format!("+refs/pull/{number}/head:refs/pull/{number}/head"),
            Self::Pulls => "+refs/pull/*/head:refs/pull/*/head".to_owned(),
        }
    }
}

/// What became of a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// The remote has it.
    Done,
    /// The reference wasn't where it was expected to be; nothing changed.
    Rejected {
        /// Where it is; `None` when it isn't there.
        actual: Option<CommitId>,
    },
    /// The remote doesn't allow it: a rule or a hook.
    Denied {
        /// Its words.
        says: String,
    },
}

/// What one line of `git push --porcelain` says about our reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Done,
    Stale,
    Denied(String),
}

/// Finds what `git push --porcelain` says about `reference`.
pub(super) fn parse_push(output: &str, reference: &str) -> Option<Line> {
    output.lines().find_map(|line| {
        let mut parts = line.split('\t');
        let (flag, refs, summary) = (parts.next()?, parts.next()?, parts.next()?);
        if refs.rsplit_once(':')?.1 != reference {
            return None;
        }
        match flag {
            " " | "+" | "*" | "=" => Some(Line::Done),
            "!" => {
                let stale = [
                    "stale info",
                    "fetch first",
                    "non-fast-forward",
                    "cannot lock ref",
                    "failed to update ref",
                    "failed to lock",
                    "reference already exists",
                    "incorrect old value",
                ];
                let says = summary.to_lowercase();
                if stale.iter().any(|s| says.contains(s)) {
                    Some(Line::Stale)
                } else {
                    let inner = summary.rsplit_once(" (").and_then(|(_, why)| why.strip_suffix(')'));
                    Some(Line::Denied(inner.unwrap_or(summary).to_owned()))
                }
            }
            _ => None,
        }
    })
}

/// Finds a reference in the output of `git ls-remote`.
pub(super) fn parse_ls(output: &str, reference: &str) -> Option<CommitId> {
    output.lines().find_map(|line| {
        let (id, name) = line.split_once('\t')?;
        if name == reference { CommitId::parse(id) } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_push_is_understood() {
        let denied = |s: &str| Some(Line::Denied(s.into()));
        for (line, expect) in [
            (" \tabc:refs/heads/x\tabc..def", Some(Line::Done)),
            ("*\tabc:refs/heads/x\t[new branch]", Some(Line::Done)),
            ("=\tabc:refs/heads/x\t[up to date]", Some(Line::Done)),
            ("!\tabc:refs/heads/x\t[rejected] (stale info)", Some(Line::Stale)),
            ("!\tabc:refs/heads/x\t[remote rejected] (failed to update ref)", Some(Line::Stale)),
            (
                "!\tabc:refs/heads/x\t[remote rejected] (protected branch hook declined)",
                denied("protected branch hook declined"),
            ),
            (" \tabc:refs/heads/other\tabc..def", None),
        ] {
            assert_eq!(parse_push(&format!("To x\n{line}\nDone"), "refs/heads/x"), expect, "{line}");
        }
    }
}
