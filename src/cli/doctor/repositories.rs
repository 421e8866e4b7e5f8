//! Whether the credential sees the repositories that config declares, and may change them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::adapters::github::{Client, Error, Operation};
use crate::cli::exit::Exit;
use crate::model::{Desired, RepoName};
use crate::plan::render::counted;

use super::finding::Report;
use super::github::{Credential, refused};

/// How many repositories one query asks about.
const BATCH: usize = 50;
/// How many are named.
const NAMED: usize = 10;

/// What the credential may do with the declared repositories.
#[derive(Debug, Default, PartialEq, Eq)]
struct Rights<'a> {
    /// What it may administer; of an App's installation what it sees, since what it may do there is told by its permissions.
    good: usize,
    /// What config asks to be made, and isn't seen.
    to_be_made: usize,
    /// What it sees and may not administer, with the role that it has.
    lesser: Vec<(&'a RepoName, String)>,
    /// What it doesn't see, though config doesn't ask for it to be made.
    unseen: Vec<&'a RepoName>,
}

/// Asks about all of them, a batch in each query.
pub(super) async fn look(client: &Client, credential: &Credential, desired: &Desired, report: &mut Report) {
    let mut by_owner: BTreeMap<String, Vec<&RepoName>> = BTreeMap::new();
    for name in desired.repos.keys() {
        by_owner.entry(name.owner().to_ascii_lowercase()).or_default().push(name);
    }
    let mut rights = Rights::default();
    for names in by_owner.values() {
        for batch in names.chunks(BATCH) {
            match ask(client, batch).await {
                Ok(data) => rights.add(desired, credential, batch, &data),
                // The rest would fail as this did.
                Err(error) => return refused("repositories", "they can't be read", &error, report),
            }
        }
    }
    rights.say(report);
}

async fn ask(client: &Client, batch: &[&RepoName]) -> Result<Value, Error> {
    let mut text = "query Rights {".to_owned();
    for (n, name) in batch.iter().enumerate() {
        // Names have no character that would end a text.
        let _ = write!(
            text,
            " r{n}: repository(owner: \"{}\", name: \"{}\") {{ viewerPermission }}",
            name.owner(),
            name.name()
        );
    }
    text.push_str(" }");
    let mut reply = client.graphql(batch[0].owner(), &Operation::new("Rights", text)).await?;
    // What isn't seen is an answer.
    reply.errors.retain(|error| error.type_.as_deref() != Some("NOT_FOUND"));
    reply.complete()
}

impl<'a> Rights<'a> {
    fn add(&mut self, desired: &Desired, credential: &Credential, batch: &[&'a RepoName], data: &Value) {
        let has_role = matches!(credential, Credential::Token { .. });
        for (n, name) in batch.iter().enumerate() {
            let repo = &data[format!("r{n}")];
            match (repo, &repo["viewerPermission"]) {
                (Value::Null, _) if desired.repos[*name].create => self.to_be_made += 1,
                (Value::Null, _) => self.unseen.push(name),
                (_, Value::String(role)) if has_role && role != "ADMIN" => {
                    self.lesser.push((name, role.to_lowercase()));
                }
                _ => self.good += 1,
            }
        }
    }

    fn say(self, report: &mut Report) {
        let Self { good, to_be_made, lesser, unseen } = self;
        if !lesser.is_empty() {
            let all = named(lesser.iter().map(|(name, role)| format!("{name} ({role})")));
            report.bad_with(
                Exit::Auth,
                "repositories",
                format!("no right to administer {all}"),
                "give whoever the token belongs to the role Admin there; without it settings can't be changed, and labels \
                 only with the role Write",
            );
        }
        if !unseen.is_empty() {
            let all = named(unseen.iter().map(ToString::to_string));
            report.odd(
                "repositories",
                format!("not there, or not visible to this credential: {all}"),
                "check the names; a fine-grained token and the installation of an App are given their repositories one by one; \
                 what is to be made needs `create=#true`",
            );
        }
        let count = |n: usize| counted(n, "declared repository", "declared repositories");
        let mut says = Vec::new();
        if good > 0 {
            says.push(format!("{} may be administered", count(good)));
        }
        if to_be_made > 0 {
            says.push(format!("{} to be made", count(to_be_made)));
        }
        if says.is_empty() && lesser.is_empty() && unseen.is_empty() {
            says.push("none is declared yet".to_owned());
        }
        if !says.is_empty() {
            report.good("repositories", says.join(", "));
        }
    }
}

fn named(all: impl ExactSizeIterator<Item = String>) -> String {
    let more = all.len().saturating_sub(NAMED);
    let first: Vec<String> = all.take(NAMED).collect();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", first.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_ten_are_named() {
        let names = |n: usize| named((0..n).map(|n| n.to_string()));
        assert_eq!(names(2), "0, 1");
        assert_eq!(names(12), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more");
    }
}
