//! Putting a pull request into GitHub's merge queue.

use serde_json::json;

use crate::adapters::github::{Client, Error, Operation};
use crate::model::Enqueuing;

use super::shown::Shown;

const QUEUED: &str = "query ToEnqueue($owner: String!, $name: String!, $number: Int!) { \
    rateLimit { cost remaining resetAt limit } \
    repository(owner: $owner, name: $name) { pullRequest(number: $number) { id } } }";

const ENQUEUE: &str = "mutation Enqueue($input: EnqueuePullRequestInput!) { enqueuePullRequest(input: $input) { \
    mergeQueueEntry { state } } }";

/// Puts it there at the head that was judged; GitHub refuses any other.
pub(super) async fn enqueue(client: &Client, it: &Enqueuing) -> Result<Shown, Error> {
    let Enqueuing { repo, pull, head, .. } = it;
    let which = json!({ "owner": repo.owner(), "name": repo.name(), "number": pull });
    let found =
        client.graphql(repo.owner(), &Operation::new("ToEnqueue", QUEUED).with(which)).await?.complete()?;
    let id = &found["repository"]["pullRequest"]["id"];
    let input = json!({ "pullRequestId": id, "expectedHeadOid": head.as_str() });
    let operation = Operation::new("Enqueue", ENQUEUE).with(json!({ "input": input }));
    let data = client.graphql(repo.owner(), &operation).await?.complete()?;
    Ok(Shown::when(data["enqueuePullRequest"]["mergeQueueEntry"].is_object()))
}
