//! How many issues carry a label, counted only for labels that a plan would delete or rename.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::adapters::github::{Client, Operation};
use crate::model::{Facet, Gap, LabelName, Observed, RepoName, RepoState, Seen};

use super::batch;

/// The least and the most labels that one query counts: few queries for a few labels, and never one that GitHub
/// would find too heavy.
const LABELS: (usize, usize) = (50, 250);
/// How many queries there are while those bounds allow it.
const QUERIES: usize = 4;

/// Counts the uses of these labels and notes them in the snapshot. A count that fails is a gap: nobody is to agree to a
/// deletion without having seen what it takes away.
pub async fn count_uses(client: &Client, labels: &[(RepoName, LabelName)], observed: &mut Observed) {
    let before = client.stats();
    let mut by_owner: BTreeMap<String, Vec<(RepoName, LabelName)>> = BTreeMap::new();
    for (repo, label) in labels {
        by_owner.entry(repo.owner().to_ascii_lowercase()).or_default().push((repo.clone(), label.clone()));
    }
    let size = labels.len().div_ceil(QUERIES).clamp(LABELS.0, LABELS.1);
    let reads = by_owner.values().map(|labels| batch::in_chunks(labels, size, |chunk| query(client, chunk)));
    for (chunk, result) in futures::future::join_all(reads).await.into_iter().flatten() {
        let reply = match result {
            Ok(reply) => reply,
            Err(error) => {
                let cause = super::cause(&error);
                let mut repos: Vec<&RepoName> = chunk.iter().map(|(repo, _)| repo).collect();
                repos.dedup();
                for repo in repos {
                    let why = format!("the issues of its labels could not be counted: {error}");
                    observed.gaps.push(Gap { facet: Facet::Labels, repo: Some(repo.clone()), why, cause });
                }
                continue;
            }
        };
        for (i, (k, (repo, label))) in numbered(chunk).enumerate() {
            let counts = &reply.data[format!("r{k}")][format!("l{i}")];
            let total =
                counts["issues"]["totalCount"].as_u64().zip(counts["pullRequests"]["totalCount"].as_u64());
            if let Some(Seen::Known(RepoState { labels: Seen::Known(all), .. })) =
                observed.repos.get_mut(repo)
                && let Some(state) = all.get_mut(&label.key())
            {
                state.uses = total.map(|(issues, pulls)| issues + pulls);
            }
        }
    }
    let after = client.stats();
    observed.cost.requests += after.requests - before.requests;
    observed.cost.points += after.points - before.points;
}

/// Each label with the number of its repository. Labels of one repository stand together and share the number, so
/// that GitHub looks the repository up once.
fn numbered(chunk: &[(RepoName, LabelName)]) -> impl Iterator<Item = (usize, &(RepoName, LabelName))> {
    let mut number = 0;
    chunk.iter().enumerate().map(move |(i, label)| {
        if i > 0 && chunk[i - 1].0 != label.0 {
            number += 1;
        }
        (number, label)
    })
}

async fn query(
    client: &Client,
    chunk: &[(RepoName, LabelName)],
) -> Result<crate::adapters::github::GraphqlReply, crate::adapters::github::Error> {
    let owner = chunk.first().map(|(repo, _)| repo.owner()).unwrap_or_default();
    let mut declarations = String::from("$owner: String!");
    let mut aliases = String::new();
    let mut variables = Map::new();
    variables.insert("owner".to_owned(), owner.into());
    let mut open = None;
    for (i, (k, (repo, label))) in numbered(chunk).enumerate() {
        if open != Some(k) {
            aliases.push_str(if open.is_some() { " }" } else { "" });
            let _ = write!(declarations, ", $n{k}: String!");
            let _ = write!(aliases, " r{k}: repository(owner: $owner, name: $n{k}) {{");
            variables.insert(format!("n{k}"), json!(repo.name()));
            open = Some(k);
        }
        let _ = write!(declarations, ", $l{i}: String!");
        let _ = write!(
            aliases,
            " l{i}: label(name: $l{i}) {{ issues {{ totalCount }} pullRequests {{ totalCount }} }}"
        );
        variables.insert(format!("l{i}"), json!(label.as_str()));
    }
    aliases.push_str(if open.is_some() { " }" } else { "" });
    let text = format!(
        "query LabelUses({declarations}) {{ rateLimit {{ cost remaining resetAt limit }}{aliases} }}"
    );
    client
        .graphql(owner, &Operation { name: "LabelUses".into(), text, variables: Value::Object(variables) })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_one_repository_share_its_number() {
        let label = |repo: &str, name: &str| (RepoName::parse(repo).unwrap(), LabelName::observed(name));
        let chunk = [label("a/x", "1"), label("a/X", "2"), label("a/y", "1"), label("a/x", "3")];
        let numbers: Vec<usize> = numbered(&chunk).map(|(number, _)| number).collect();
        assert_eq!(numbers, [0, 0, 1, 2]);
    }
}
