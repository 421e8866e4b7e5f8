//! How many issues carry a label, counted only for labels that a plan would delete or rename.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::adapters::github::{Client, Operation};
use crate::model::{LabelName, Observed, RepoName, RepoState, Seen};

use super::batch;

/// How many labels one query counts.
const LABELS: usize = 50;

/// Counts the uses of these labels and notes them in the snapshot. A count that fails stays unknown: it is shown
/// to people and decides nothing.
pub async fn count_uses(client: &Client, labels: &[(RepoName, LabelName)], observed: &mut Observed) {
    let before = client.stats();
    let mut by_owner: BTreeMap<String, Vec<(RepoName, LabelName)>> = BTreeMap::new();
    for (repo, label) in labels {
        by_owner.entry(repo.owner().to_ascii_lowercase()).or_default().push((repo.clone(), label.clone()));
    }
    let reads = by_owner.values().map(|labels| batch::in_chunks(labels, LABELS, |chunk| query(client, chunk)));
    for (chunk, result) in futures::future::join_all(reads).await.into_iter().flatten() {
        let reply = match result {
            Ok(reply) => reply,
            Err(error) => {
                tracing::warn!(labels = chunk.len(), %error, "could not count the issues of labels");
                continue;
            }
        };
        for (i, (repo, label)) in chunk.iter().enumerate() {
            let counts = &reply.data[format!("l{i}")]["label"];
            let total = counts["issues"]["totalCount"].as_u64().zip(counts["pullRequests"]["totalCount"].as_u64());
            if let Some(Seen::Known(RepoState { labels: Seen::Known(all), .. })) = observed.repos.get_mut(repo)
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

async fn query(
    client: &Client,
    chunk: &[(RepoName, LabelName)],
) -> Result<crate::adapters::github::GraphqlReply, crate::adapters::github::Error> {
    let owner = chunk.first().map(|(repo, _)| repo.owner()).unwrap_or_default();
    let mut declarations = String::from("$owner: String!");
    let mut aliases = String::new();
    let mut variables = Map::new();
    variables.insert("owner".to_owned(), owner.into());
    for (i, (repo, label)) in chunk.iter().enumerate() {
        let _ = write!(declarations, ", $n{i}: String!, $l{i}: String!");
        let _ = write!(
            aliases,
            " l{i}: repository(owner: $owner, name: $n{i}) {{ label(name: $l{i}) {{ issues {{ totalCount }} \
             pullRequests {{ totalCount }} }} }}"
        );
        variables.insert(format!("n{i}"), json!(repo.name()));
        variables.insert(format!("l{i}"), json!(label.as_str()));
    }
    let text = format!("query LabelUses({declarations}) {{ rateLimit {{ cost remaining resetAt limit }}{aliases} }}");
    client.graphql(owner, &Operation { name: "LabelUses".into(), text, variables: Value::Object(variables) }).await
}
