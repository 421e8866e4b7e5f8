//! Whether an App's installation may do what the factory does there. The list follows from the requests that are made.

use std::collections::BTreeMap;

use crate::cli::exit::Exit;

use super::finding::Report;
use super::github::Owner;

/// How much is granted; GitHub's words, the least first.
const LEVELS: [&str; 3] = ["read", "write", "admin"];

/// A permission of Apps.
#[derive(Debug)]
struct Need {
    /// As the API calls it.
    name: &'static str,
    /// As the App's settings page calls it.
    title: &'static str,
    level: &'static str,
    /// What can't be done without it.
    purpose: &'static str,
}

const fn need(name: &'static str, title: &'static str, level: &'static str, purpose: &'static str) -> Need {
    Need { name, title, level, purpose }
}

/// For the repositories that config declares.
const REPOSITORIES: &[Need] = &[
    need("metadata", "Metadata", "read", "to see repositories at all"),
    need("administration", "Administration", "write", "to create repositories and to change their settings"),
    need("issues", "Issues", "write", "to change labels"),
    need("pull_requests", "Pull requests", "read", "to count what carries a label before it is deleted"),
];

/// For repositories whose issues are worked on.
const PIPELINES: &[Need] = &[
    need("contents", "Contents", "write", "to push what runs made, and to merge it"),
    need("pull_requests", "Pull requests", "write", "to open pull requests and to say what reviews found"),
    need("checks", "Checks", "read", "to see what checks say"),
    need("statuses", "Commit statuses", "write", "to see commit statuses, and to say what reviews found"),
];

/// For the repository that holds the config.
const CONFIG: &[Need] = &[
    need("metadata", "Metadata", "read", "to see repositories at all"),
    need(
        "contents",
        "Contents",
        "write",
        "to push the ledger's branch and proposals to the config repository",
    ),
    need("pull_requests", "Pull requests", "write", "to open proposals and to comment on those of others"),
    need("checks", "Checks", "write", "to report on proposals"),
];

/// What is needed on an owner, each permission once, by its greatest level.
fn needed(owner: &Owner) -> Vec<&'static Need> {
    let (none, config): (&[Need], _) = (&[], if owner.config { CONFIG } else { &[] });
    let repositories = if owner.repositories { REPOSITORIES } else { none };
    let pipelines = if owner.pipelines { PIPELINES } else { none };
    let mut all: Vec<&Need> = Vec::new();
    for need in repositories.iter().chain(config).chain(pipelines) {
        match all.iter_mut().find(|other| other.name == need.name) {
            Some(other) if rank(other.level) < rank(need.level) => *other = need,
            Some(_) => {}
            None => all.push(need),
        }
    }
    all
}

fn rank(level: &str) -> Option<usize> {
    LEVELS.iter().position(|known| *known == level)
}

/// Compares what is granted on an owner with what is needed there; each that is missing is named by itself.
pub(super) fn compare(owner: &Owner, granted: &BTreeMap<String, String>, report: &mut Report) {
    let login = &owner.login;
    let needed = needed(owner);
    let enough = |need: &Need| granted.get(need.name).and_then(|level| rank(level)) >= rank(need.level);
    for need in needed.iter().filter(|need| !enough(need)) {
        let Need { name, title, level, purpose } = need;
        let has = granted.get(*name).map(|has| format!(", only `{has}`")).unwrap_or_default();
        let access = if *level == "read" { "Read-only" } else { "Read and write" };
        report.bad_with(
            Exit::Auth,
            "permissions",
            format!("{login}: the App has no `{name}: {level}` there{has}, which is needed {purpose}"),
            format!(
                "grant `{title}: {access}` on the App's settings page at GitHub, under `Permissions & events`; then an \
                 owner of {login} accepts it in the account's settings, under `GitHub Apps`"
            ),
        );
    }
    if needed.iter().all(|need| enough(need)) {
        let list: Vec<_> = needed.iter().map(|need| format!("{}: {}", need.name, need.level)).collect();
        report.good("permissions", format!("{login}: all that is needed: {}", list.join(", ")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_missing_permission_is_named_with_its_purpose_and_the_step() {
        let of =
            |repositories, config| Owner { login: "acme".into(), repositories, config, pipelines: false };
        let granted = |list: &[(&str, &str)]| -> BTreeMap<String, String> {
            list.iter().map(|(name, level)| ((*name).to_owned(), (*level).to_owned())).collect()
        };
        let all = [
            ("metadata", "read"),
            ("administration", "write"),
            ("issues", "write"),
            ("pull_requests", "write"),
            ("contents", "write"),
            ("checks", "write"),
        ];
        let mut report = Report::default();
        compare(&of(true, true), &granted(&all), &mut report);
        compare(&of(true, false), &granted(&all[..4]), &mut report);
        compare(&of(false, true), &granted(&[all[0], all[3], all[4], all[5]]), &mut report);
        let worked_on = Owner { pipelines: true, ..of(true, false) };
        compare(&worked_on, &granted(&[&all[..], &[("statuses", "write")]].concat()), &mut report);
        assert_eq!(report.exit(), Exit::Done);
        compare(
            &of(true, true),
            &granted(&[("metadata", "read"), ("contents", "read"), ("issues", "odd")]),
            &mut report,
        );
        insta::assert_snapshot!(report.text(), @r"
        ok  permissions: acme: all that is needed: metadata: read, administration: write, issues: write, pull_requests: write, contents: write, checks: write
        ok  permissions: acme: all that is needed: metadata: read, administration: write, issues: write, pull_requests: read
        ok  permissions: acme: all that is needed: metadata: read, contents: write, pull_requests: write, checks: write
        ok  permissions: acme: all that is needed: metadata: read, administration: write, issues: write, pull_requests: write, contents: write, checks: read, statuses: write
        BAD permissions: acme: the App has no `administration: write` there, which is needed to create repositories and to change their settings
            next: grant `Administration: Read and write` on the App's settings page at GitHub, under `Permissions & events`; then an owner of acme accepts it in the account's settings, under `GitHub Apps`
        BAD permissions: acme: the App has no `issues: write` there, only `odd`, which is needed to change labels
            next: grant `Issues: Read and write` on the App's settings page at GitHub, under `Permissions & events`; then an owner of acme accepts it in the account's settings, under `GitHub Apps`
        BAD permissions: acme: the App has no `pull_requests: write` there, which is needed to open proposals and to comment on those of others
            next: grant `Pull requests: Read and write` on the App's settings page at GitHub, under `Permissions & events`; then an owner of acme accepts it in the account's settings, under `GitHub Apps`
        BAD permissions: acme: the App has no `contents: write` there, only `read`, which is needed to push the ledger's branch and proposals to the config repository
            next: grant `Contents: Read and write` on the App's settings page at GitHub, under `Permissions & events`; then an owner of acme accepts it in the account's settings, under `GitHub Apps`
        BAD permissions: acme: the App has no `checks: write` there, which is needed to report on proposals
            next: grant `Checks: Read and write` on the App's settings page at GitHub, under `Permissions & events`; then an owner of acme accepts it in the account's settings, under `GitHub Apps`
        ");
        assert_eq!(report.exit(), Exit::Auth);
    }
}
