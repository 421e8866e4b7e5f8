//! Repositories that nobody declared, listed where config observes their owner.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::adapters::github::{Client, Operation};
use crate::model::{Cause, Facet, Gap, RepoName, Unmanaged};

use super::{Request, cause};

/// Pages of an owner's repositories that are read before the list counts as unreadable.
const PAGES_MAX: usize = 1_000;

const QUERY: &str = "query OwnerRepositories($login: String!, $after: String) { \
    rateLimit { cost remaining resetAt limit } \
    repositoryOwner(login: $login) { repositories(first: 100, after: $after, ownerAffiliations: OWNER) { \
    pageInfo { hasNextPage endCursor } nodes { nameWithOwner isArchived } } } }";

/// Lists what matches and is not among the wanted ones, and what could not be listed.
pub(super) async fn read(client: &Client, request: &Request<'_>) -> (Vec<Unmanaged>, Vec<Gap>) {
    let wanted: BTreeSet<&RepoName> = request.repos.iter().map(|w| w.name).collect();
    let (mut unmanaged, mut gaps) = (Vec::new(), Vec::new());
    let mut owners: Vec<&str> = request.owners.iter().map(|(owner, _)| *owner).collect();
    owners.sort_unstable();
    owners.dedup();
    for owner in owners {
        match owned(client, owner).await {
            Ok(Some(all)) => unmanaged.extend(all.into_iter().filter(|u| {
                let matches = |(o, pattern): &(&str, &str)| {
                    o.eq_ignore_ascii_case(owner) && pattern_matches(pattern, u.name.name())
                };
                request.owners.iter().any(matches) && !wanted.contains(&u.name)
            })),
            Ok(None) => gaps.push(unlisted(owner, "there is no such account", Cause::Other)),
            Err(gap) => gaps.push(gap),
        }
    }
    unmanaged.sort_by(|a, b| a.name.cmp(&b.name));
    (unmanaged, gaps)
}

/// Every repository of an account, archived ones included.
///
/// `None` where there is no such account, or none that the credential sees.
///
/// # Errors
/// When the list can't be read completely: half of an account's repositories would pass for all of them.
pub async fn owned(client: &Client, owner: &str) -> Result<Option<Vec<Unmanaged>>, Gap> {
    let mut all = list(client, owner).await.map_err(|(why, cause)| unlisted(owner, &why, cause))?;
    if let Some(all) = &mut all {
        all.sort_by(|a, b| a.name.cmp(&b.name));
    }
    Ok(all)
}

fn unlisted(owner: &str, why: &str, cause: Cause) -> Gap {
    let why = format!("the repositories of {owner} could not be listed: {why}");
    Gap { facet: Facet::Unmanaged, repo: None, why, cause }
}

async fn list(client: &Client, owner: &str) -> Result<Option<Vec<Unmanaged>>, (String, Cause)> {
    let mut out = Vec::new();
    let mut after = Value::Null;
    for _ in 0..PAGES_MAX {
        let operation = Operation {
            name: "OwnerRepositories".into(),
            text: QUERY.to_owned(),
            variables: json!({ "login": owner, "after": after }),
        };
        let reply = client.graphql(owner, &operation).await.map_err(|e| (e.to_string(), cause(&e)))?;
        if let Some(error) = reply.errors.first() {
            return Err((error.message.clone(), Cause::Other));
        }
        // Unlike a repository, an account that isn't there is null without an error.
        let account = &reply.data["repositoryOwner"];
        if account.is_null() && reply.data.get("repositoryOwner").is_some() {
            return Ok(None);
        }
        let page = &account["repositories"];
        let unlisted = || ("the reply doesn't list them".to_owned(), Cause::Other);
        let nodes = page["nodes"].as_array().ok_or_else(unlisted)?;
        for node in nodes {
            let name = node["nameWithOwner"].as_str().and_then(|n| RepoName::parse(n).ok());
            let archived = node["isArchived"].as_bool();
            let (Some(name), Some(archived)) = (name, archived) else {
                return Err(("a repository without a name in the reply".to_owned(), Cause::Other));
            };
            out.push(Unmanaged { name, archived });
        }
        match (page["pageInfo"]["hasNextPage"].as_bool(), page["pageInfo"]["endCursor"].as_str()) {
            (Some(false), _) => return Ok(Some(out)),
            (Some(true), Some(cursor)) => after = cursor.into(),
            _ => return Err(("the reply has no page information".to_owned(), Cause::Other)),
        }
    }
    Err((format!("more than {PAGES_MAX} pages"), Cause::Other))
}

/// Whether a repository's name matches a pattern in which `*` stands for any run of characters.
fn pattern_matches(pattern: &str, name: &str) -> bool {
    crate::model::match_star(&pattern.to_lowercase(), &name.to_lowercase())
}
