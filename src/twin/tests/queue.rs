//! Merge queues: what is put there is tested together with its base, and lands as it was tested.

use super::*;
use crate::twin::world::CiScript;

const STATE: &str = "isMergeQueueEnabled isInMergeQueue headRefOid mergedBy { login } \
    mergeQueueEntry { state position headCommit { oid } } \
    timelineItems(last: 1, itemTypes: [REMOVED_FROM_MERGE_QUEUE_EVENT]) { nodes { __typename \
    ... on RemovedFromMergeQueueEvent { actor { __typename login } reason \
    beforeCommit { statusCheckRollup { state } } } } }";

/// A twin whose `main` has a queue, with two pull requests that only fail together, and their heads.
async fn twin_with_queue() -> (Twin, [String; 2]) {
    let twin = twin().await;
    let world = twin.world();
    world.push_file("acme/widgets", "main", "README.md", "Widgets.\n").unwrap();
    let heads = [("topic", "a.txt"), ("other", "b.txt")].map(|(branch, path)| {
        let head = world.push_file("acme/widgets", branch, path, "one\n").unwrap();
        world.open_pull("acme/widgets", branch, "main", "T").unwrap();
        head
    });
    world
        .set_ci("acme/widgets", vec![CiScript::new("test", 9, "! test -f a.txt || ! test -f b.txt")])
        .unwrap();
    world.set_merge_queue("acme/widgets", "main", "squash").unwrap();
    (twin, heads)
}

/// What GraphQL tells of a pull request.
async fn pull(twin: &Twin, number: u64) -> Value {
    let query = format!(
        "{{ repository(owner: \"acme\", name: \"widgets\") {{ pullRequest(number: {number}) {{ id {STATE} }} }} }}"
    );
    graphql(twin, &query).await.body["data"]["repository"]["pullRequest"].clone()
}

async fn enqueue(twin: &Twin, number: u64, head: &str) -> Value {
    let id = pull(twin, number).await["id"].clone();
    let query = format!(
        "mutation {{ enqueuePullRequest(input: {{ pullRequestId: {id}, expectedHeadOid: \"{head}\" }}) \
         {{ mergeQueueEntry {{ state position }} }} }}"
    );
    graphql(twin, &query).await.body
}

/// Waits until nothing is in the queue any more.
async fn empty(twin: &Twin) {
    let is_empty =
        |world: &World| world.repo("acme", "widgets").unwrap().merge_queues["main"].entries.is_empty();
    while !twin.world().with(is_empty) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_is_queued_lands_as_it_was_tested() {
    let (twin, heads) = twin_with_queue().await;
    let direct = send(&twin, "PUT", "/repos/acme/widgets/pulls/1/merge", json!({"sha": heads[0]})).await;
    assert_eq!(direct.status, 405);
    assert!(
        direct.body["message"].as_str().unwrap().contains("Changes must be made through the merge queue")
    );
    let main = twin.world().push_file("acme/widgets", "main", "c.txt", "three\n").unwrap();
    let other = enqueue(&twin, 1, &heads[1]).await;
    assert!(
        other["errors"][0]["message"].as_str().unwrap().starts_with("Head branch was modified"),
        "{other}"
    );
    let got = enqueue(&twin, 1, &heads[0]).await;
    let entry = json!({"state": "AWAITING_CHECKS", "position": 1});
    assert_eq!(got["data"]["enqueuePullRequest"]["mergeQueueEntry"], entry, "{got}");
    empty(&twin).await;
    let seen = pull(&twin, 1).await;
    assert_eq!(seen["mergedBy"]["login"], "github-merge-queue");
    assert_eq!((&seen["mergeQueueEntry"], &seen["timelineItems"]["nodes"]), (&Value::Null, &json!([])));
    let tip = get(&twin, "/repos/acme/widgets/commits/main").await.body;
    assert_eq!(tip["parents"][0]["sha"], main.as_str());
    let path = format!("/repos/acme/widgets/commits/{}/check-runs", tip["sha"].as_str().unwrap());
    let runs = get(&twin, &path).await;
    assert_eq!(runs.body["check_runs"][0]["conclusion"], "success", "what landed is what was tested");
    twin.stop().await;
}

#[tokio::test]
async fn what_fails_together_with_its_base_is_taken_out() {
    let (twin, heads) = twin_with_queue().await;
    for (number, head) in [(1, &heads[0]), (2, &heads[1])] {
        let got = enqueue(&twin, number, head).await;
        assert!(got["errors"].is_null(), "{got}");
    }
    empty(&twin).await;
    let (first, second) = (pull(&twin, 1).await, pull(&twin, 2).await);
    assert_eq!(first["mergedBy"]["login"], "github-merge-queue");
    assert_eq!((&second["mergedBy"], &second["headRefOid"]), (&Value::Null, &json!(heads[1])));
    let event = &second["timelineItems"]["nodes"][0];
    assert_eq!(event["actor"], json!({"__typename": "Bot", "login": "github-merge-queue"}));
    assert_eq!(event["reason"], "failed checks");
    assert_eq!(event["beforeCommit"]["statusCheckRollup"]["state"], "FAILURE");
    let branches = get(&twin, "/repos/acme/widgets/git/matching-refs/heads/gh-readonly-queue").await.body;
    assert_eq!(branches, json!([]));
    // A head that moves takes its pull request out as well.
    assert!(enqueue(&twin, 2, &heads[1]).await["errors"].is_null());
    twin.world().push_file("acme/widgets", "other", "b.txt", "two\n").unwrap();
    empty(&twin).await;
    let again = pull(&twin, 2).await;
    assert_eq!(again["isMergeQueueEnabled"], true);
    assert_eq!(again["isInMergeQueue"], false);
    twin.stop().await;
}
