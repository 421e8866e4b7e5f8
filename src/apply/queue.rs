//! Putting a pull request into GitHub's merge queue, and taking it out.

use serde_json::{Value, json};

use crate::adapters::github::{Client, Error, Operation};
use crate::model::{Dequeuing, Enqueuing, RepoName};

use super::shown::Shown;

const QUEUED: &str = "query Queued($owner: String!, $name: String!, $number: Int!) { \
    rateLimit { cost remaining resetAt limit } \
    repository(owner: $owner, name: $name) { pullRequest(number: $number) { id } } }";

const DEQUEUE: &str = "mutation Dequeue($input: DequeuePullRequestInput!) { dequeuePullRequest(input: $input) { \
    mergeQueueEntry { state } } }";

const ENQUEUE: &str = "mutation Enqueue($input: EnqueuePullRequestInput!) { enqueuePullRequest(input: $input) { \
    mergeQueueEntry { state } } }";

/// Puts it there at the head that was judged; GitHub refuses any other.
pub(super) async fn enqueue(client: &Client, it: &Enqueuing) -> Result<Shown, Error> {
    let Enqueuing { repo, pull, head, .. } = it;
    let id = id(client, repo, *pull).await?;
    let input = json!({ "pullRequestId": id, "expectedHeadOid": head.as_str() });
    let operation = Operation::new("Enqueue", ENQUEUE).with(json!({ "input": input }));
    let data = client.graphql(repo.owner(), &operation).await?.complete()?;
    Ok(Shown::when(data["enqueuePullRequest"]["mergeQueueEntry"].is_object()))
}

/// Takes it out; that it isn't there is as good.
pub(super) async fn dequeue(client: &Client, it: &Dequeuing) -> Result<Shown, Error> {
    let Dequeuing { repo, pull, .. } = it;
    let input = json!({ "id": id(client, repo, *pull).await? });
    let operation = Operation::new("Dequeue", DEQUEUE).with(json!({ "input": input }));
    client.graphql(repo.owner(), &operation).await?.complete()?;
    // What is answered is the entry that was there.
    Ok(Shown::No)
}

/// GitHub's id of a pull request.
async fn id(client: &Client, repo: &RepoName, pull: u64) -> Result<Value, Error> {
    let which = json!({ "owner": repo.owner(), "name": repo.name(), "number": pull });
    let found =
        client.graphql(repo.owner(), &Operation::new("Queued", QUEUED).with(which)).await?.complete()?;
    Ok(found["repository"]["pullRequest"]["id"].clone())
}
