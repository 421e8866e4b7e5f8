//! Auto-merge: a pull request lands by itself once its checks have passed and it is approved, and not before.

use super::*;
use crate::twin::world::{CiScript, Permission, ReviewState};

/// A twin with a pull request whose check passes where `go` is there, and who looks at it.
async fn twin_with_pull() -> (Twin, String) {
    let twin = twin().await;
    let world = twin.world();
    world.push_file("acme/widgets", "main", "README.md", "Widgets.\n").unwrap();
    world.set_ci("acme/widgets", vec![CiScript::new("test", 9, "test -f go")]).unwrap();
    world.require_approvals("acme/widgets", 1).unwrap();
    world.permission("acme/widgets", "ann", Permission::Write).unwrap();
    let head = world.push_file("acme/widgets", "topic", "go", "one\n").unwrap();
    world.open_pull("acme/widgets", "topic", "main", "T").unwrap();
    (twin, head)
}

async fn pull(twin: &Twin) -> Value {
    let fields = "id state headRefOid mergedBy { login } autoMergeRequest { enabledBy { login } mergeMethod commitHeadline \
                  pullRequest { number } }";
    let query = format!(
        "{{ repository(owner: \"acme\", name: \"widgets\") {{ pullRequest(number: 1) {{ {fields} }} }} }}"
    );
    graphql(twin, &query).await.body["data"]["repository"]["pullRequest"].clone()
}

async fn asks(twin: &Twin, mutation: &str, more: &str) -> Value {
    let id = pull(twin).await["id"].clone();
    let query = format!(
        "mutation {{ {mutation}(input: {{ pullRequestId: {id} {more} }}) {{ pullRequest {{ number }} }} }}"
    );
    graphql(twin, &query).await.body
}

#[tokio::test]
async fn it_lands_once_nothing_is_in_its_way() {
    let (twin, head) = twin_with_pull().await;
    let refused = asks(&twin, "enablePullRequestAutoMerge", "").await;
    assert_eq!(refused["errors"][0]["message"], "Auto merge is not allowed for this repository", "{refused}");
    twin.world().set("acme/widgets", &json!({ "allow_auto_merge": true })).unwrap();
    let other = format!("expectedHeadOid: \"{}\"", "a".repeat(40));
    let refused = asks(&twin, "enablePullRequestAutoMerge", &other).await;
    assert!(
        refused["errors"][0]["message"].as_str().unwrap().starts_with("Head branch was modified"),
        "{refused}"
    );
    let more = format!("mergeMethod: SQUASH commitHeadline: \"Go\" expectedHeadOid: \"{head}\"");
    assert_eq!(asks(&twin, "enablePullRequestAutoMerge", &more).await["errors"], Value::Null);
    let on = pull(&twin).await;
    assert_eq!(
        (&on["state"], &on["autoMergeRequest"]["mergeMethod"]),
        (&json!("OPEN"), &json!("SQUASH")),
        "{on}"
    );
    let rest = get(&twin, "/repos/acme/widgets/pulls/1").await.body;
    assert_eq!(rest["auto_merge"]["merge_method"], "squash", "{rest}");
    twin.world().review("acme/widgets", 1, "ann", ReviewState::Approved, "Good.").unwrap();
    // Its check may end before or after.
    while pull(&twin).await["state"] != "MERGED" {
        tokio::task::yield_now().await;
    }
    let landed = pull(&twin).await;
    assert_eq!(landed["mergedBy"], on["autoMergeRequest"]["enabledBy"], "{landed}");
    assert_eq!(landed["autoMergeRequest"], Value::Null);
}

#[tokio::test]
async fn what_is_turned_off_or_closed_does_not_land() {
    let (twin, _) = twin_with_pull().await;
    twin.world().set("acme/widgets", &json!({ "allow_auto_merge": true })).unwrap();
    let refused = asks(&twin, "disablePullRequestAutoMerge", "").await;
    assert!(
        refused["errors"][0]["message"].as_str().unwrap().starts_with("Can't disable auto-merge"),
        "{refused}"
    );
    asks(&twin, "enablePullRequestAutoMerge", "").await;
    assert_eq!(pull(&twin).await["autoMergeRequest"]["mergeMethod"], "MERGE");
    asks(&twin, "disablePullRequestAutoMerge", "").await;
    assert_eq!(pull(&twin).await["autoMergeRequest"], Value::Null);
    asks(&twin, "enablePullRequestAutoMerge", "").await;
    twin.world().close_pull("acme/widgets", 1).unwrap();
    assert_eq!(pull(&twin).await["autoMergeRequest"], Value::Null);
}
