//! Who reviews besides the author: who that is, whether it is somebody else, and whether it may write reviews.

use std::collections::{BTreeMap, BTreeSet};

use crate::adapters::github::{Client, Error};
use crate::cli::exit::Exit;
use crate::model::{Auth, Desired, RepoName};

use super::finding::Report;
use super::github::refused;

const WHAT: &str = "reviewer";
/// What it does there, as permissions of Apps.
const NEEDS: [(&str, &str, &str); 2] = [
    ("metadata", "read", "`Metadata: Read-only`"),
    ("pull_requests", "write", "`Pull requests: Read and write`"),
];

/// Looks at the reviewer.
pub(super) async fn look(
    (author, reviewer): (Option<&Client>, &Client),
    named: &Auth,
    desired: &Desired,
    report: &mut Report,
) {
    let owners: BTreeSet<&str> = desired.pipelines.of_repo.keys().map(RepoName::owner).collect();
    let first = owners.first().copied().unwrap_or_default();
    let whose = match named {
        Auth::App { id, .. } => format!("the App {id}"),
        Auth::Token(from) => format!("the token in {from}"),
    };
    let login = match reviewer.identity(first).await {
        Ok(identity) => identity.login(),
        Err(error) => return refused(WHAT, &whose, &error, report),
    };
    let of_author = match author {
        Some(author) => author.identity(first).await.ok().map(|identity| identity.login()),
        None => None,
    };
    if of_author.is_some_and(|author| author.eq_ignore_ascii_case(&login)) {
        return report.bad_with(
            Exit::Auth,
            WHAT,
            format!("{login} is the author as well ({whose}), and GitHub lets nobody approve their own"),
            "give the reviewer a second App, or a token of another account: `github { identity \"reviewer\" … }`",
        );
    }
    report.good(WHAT, format!("{login}, {whose}"));
    for owner in owners {
        allowed(owner, reviewer.permissions(owner).await, report);
    }
}

/// Whether it may write reviews on an owner's pull requests; GitHub tells that of Apps only.
fn allowed(owner: &str, granted: Result<Option<BTreeMap<String, String>>, Error>, report: &mut Report) {
    let granted = match granted {
        Ok(Some(granted)) => granted,
        Ok(None) => return,
        Err(error) => return refused(WHAT, owner, &error, report),
    };
    let has = |name: &str, level: &str| {
        granted.get(name).is_some_and(|has| has == level || (level == "read" && has == "write"))
    };
    let mut missing = NEEDS.iter().filter(|(name, level, _)| !has(name, level)).peekable();
    if missing.peek().is_none() {
        return report
            .good(WHAT, format!("{owner}: all that is needed: metadata: read, pull_requests: write"));
    }
    for (name, level, title) in missing {
        report.bad_with(
            Exit::Auth,
            WHAT,
            format!("{owner}: its App has no `{name}: {level}` there, which is needed to write reviews"),
            format!(
                "grant {title} on that App's settings page at GitHub; then an owner of {owner} accepts it"
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reviewer_may_do_is_compared_with_what_it_does() {
        let granted = |all: &[(&str, &str)]| -> BTreeMap<String, String> {
            all.iter().map(|(name, level)| ((*name).to_owned(), (*level).to_owned())).collect()
        };
        let mut report = Report::default();
        allowed("acme", Ok(Some(granted(&[("metadata", "read"), ("pull_requests", "write")]))), &mut report);
        allowed("acme", Ok(None), &mut report);
        assert_eq!(report.exit(), Exit::Done);
        allowed("acme", Ok(Some(granted(&[("metadata", "write"), ("pull_requests", "read")]))), &mut report);
        insta::assert_snapshot!(report.text(), @r"
        ok  reviewer: acme: all that is needed: metadata: read, pull_requests: write
        BAD reviewer: acme: its App has no `pull_requests: write` there, which is needed to write reviews
            next: grant `Pull requests: Read and write` on that App's settings page at GitHub; then an owner of acme accepts it
        ");
        assert_eq!(report.exit(), Exit::Auth);
    }
}
