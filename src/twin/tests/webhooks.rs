//! Deliveries to a receiver that listens as a daemon would.

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::routing::post;
use serde_json::json;
use tokio::sync::mpsc;

use super::*;
use crate::twin::webhooks::signature;

/// A receiver on a free port, and what it receives: event, action, id, whether the signature was right.
async fn receiver()
-> (String, mpsc::UnboundedReceiver<(String, String, String, bool)>, tokio::task::AbortHandle) {
    let (tell, told) = mpsc::unbounded_channel();
    let tell = Arc::new(tell);
    let route = post(move |headers: HeaderMap, body: String| {
        let tell = Arc::clone(&tell);
        async move {
            let text = |name: &str| headers[name].to_str().unwrap().to_owned();
            let value: Value = serde_json::from_str(&body).unwrap();
            let action = value["action"].as_str().unwrap_or_default().to_owned();
            let signed = text("x-hub-signature-256") == signature("s3cret", body.as_bytes());
            tell.send((text("x-github-event"), action, text("x-github-delivery"), signed)).unwrap();
        }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let app = axum::Router::new().route("/hook", route);
    let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (url, told, task.abort_handle())
}

#[tokio::test]
async fn events_are_signed_and_delivered_in_order() {
    let twin = twin().await;
    let (url, mut told, receiving) = receiver().await;
    let config = json!({"url": url, "content_type": "json", "secret": "s3cret"});
    let body = json!({"name": "web", "events": ["*"], "config": config});
    let hook = send(&twin, "POST", "/orgs/acme/hooks", body).await;
    assert_eq!((hook.status, &hook.body["config"]["secret"]), (201, &json!("********")), "{}", hook.body);
    let foreign = json!({"name": "web", "config": {"url": "http://example.com/"}});
    assert_eq!(send(&twin, "POST", "/orgs/acme/hooks", foreign).await.status, 422);
    let world = twin.world();
    world.set("acme/widgets", &json!({"description": "x"})).unwrap();
    world.add_label("acme/widgets", &json!({"name": "new"})).unwrap();
    world.push_file("acme/widgets", "topic", "a", "b").unwrap();
    let number = world.open_pull("acme/widgets", "topic", "main", "T").unwrap();
    world.push_file("acme/widgets", "topic", "a", "c").unwrap();
    send(&twin, "POST", &format!("/repos/acme/widgets/issues/{number}/comments"), json!({"body": "hi"}))
        .await;
    world.merge_pull("acme/widgets", number).unwrap();
    let mut seen = Vec::new();
    for _ in 0..10 {
        let (event, action, _, signed) = told.recv().await.unwrap();
        assert!(signed, "{event}");
        seen.push(format!("{event} {action}"));
    }
    assert_eq!(
        seen,
        [
            "ping ",
            "repository edited",
            "label created",
            "push ",
            "pull_request opened",
            "pull_request synchronize",
            "push ",
            "issue_comment created",
            "pull_request closed",
            "push ",
        ]
    );
    receiving.abort();
    twin.stop().await;
}

#[tokio::test]
async fn deliveries_misbehave_on_demand() {
    let twin = twin().await;
    let (url, mut told, receiving) = receiver().await;
    let config = json!({"url": url, "secret": "s3cret"});
    let hook =
        send(&twin, "POST", "/repos/acme/widgets/hooks", json!({"events": ["label"], "config": config}))
            .await;
    assert_eq!(told.recv().await.unwrap().0, "ping");
    let id = hook.body["id"].as_u64().unwrap();
    let options = |options: world::DeliveryOptions| {
        twin.world()
            .mutate(|world| world.hooks.iter_mut().find(|hook| hook.id == id).unwrap().options = options);
    };
    options(world::DeliveryOptions { duplicate: true, ..Default::default() });
    twin.world().add_label("acme/widgets", &json!({"name": "a"})).unwrap();
    let (first, second) = (told.recv().await.unwrap(), told.recv().await.unwrap());
    assert_eq!(first, second);
    options(world::DeliveryOptions { reorder: true, ..Default::default() });
    twin.world().add_label("acme/widgets", &json!({"name": "b"})).unwrap();
    twin.world().delete_label("acme/widgets", "b").unwrap();
    let order = [told.recv().await.unwrap().1, told.recv().await.unwrap().1];
    assert_eq!(order, ["deleted", "created"]);
    twin.world().add_label("acme/widgets", &json!({"name": "c"})).unwrap();
    assert_eq!(told.recv().await.unwrap().1, "created", "alone, it is only late");
    options(world::DeliveryOptions { drop: true, ..Default::default() });
    twin.world().add_label("acme/widgets", &json!({"name": "d"})).unwrap();
    options(world::DeliveryOptions { delay_ms: 1, ..Default::default() });
    twin.world().delete_label("acme/widgets", "d").unwrap();
    assert_eq!(told.recv().await.unwrap().1, "deleted", "the other was lost");
    receiving.abort();
    twin.stop().await;
}

#[tokio::test]
async fn issues_and_reviews_are_told() {
    let twin = twin().await;
    let world = twin.world();
    let (url, mut told, receiving) = receiver().await;
    let repo = "acme/widgets";
    let issue = world.open_issue(repo, "T", &[]).unwrap();
    world.push_file(repo, "topic", "a", "b").unwrap();
    let pull = world.open_pull(repo, "topic", "main", "P").unwrap();
    let skipped = world::CiScript { mode: world::CiMode::Skipped, ..world::CiScript::new("docs", 9, "") };
    world.set_ci(repo, vec![skipped]).unwrap();
    world.add_hook(repo, &url, "s3cret", &["*"], world::DeliveryOptions::default()).unwrap();
    let by = "ann";
    world.label_issue(repo, issue, "bug", by).unwrap();
    world.unlabel_issue(repo, issue, "bug", by).unwrap();
    world.assign_issue(repo, issue, &["operator"], by).unwrap();
    world.assign_issue(repo, issue, &[], by).unwrap();
    world.edit_issue_body(repo, issue, by, "B").unwrap();
    world.close_issue(repo, issue, by).unwrap();
    world.reopen_issue(repo, issue, by).unwrap();
    world.comment_issue(repo, issue, by, "hm").unwrap();
    world.label_issue(repo, pull, "bug", by).unwrap();
    let id = world.review(repo, pull, by, world::ReviewState::Approved, "").unwrap();
    send(
        &twin,
        "PUT",
        &format!("/repos/{repo}/pulls/{pull}/reviews/{id}/dismissals"),
        json!({"message": "m"}),
    )
    .await;
    world.review_comment(repo, pull, by, "a", "why?").unwrap();
    world.push_file(repo, "topic", "a", "c").unwrap();
    let mut seen = Vec::new();
    while !seen.contains(&"check_run completed".to_owned()) {
        let (event, action, _, signed) = told.recv().await.unwrap();
        assert!(signed, "{event}");
        seen.push(format!("{event} {action}"));
    }
    assert_eq!(
        seen,
        [
            "ping ",
            "issues labeled",
            "issues unlabeled",
            "issues assigned",
            "issues unassigned",
            "issues edited",
            "issues closed",
            "issues reopened",
            "issue_comment created",
            "pull_request labeled",
            "pull_request_review submitted",
            "pull_request_review dismissed",
            "pull_request_review submitted",
            "pull_request_review_comment created",
            "pull_request synchronize",
            "check_run created",
            "push ",
            "check_run completed",
        ]
    );
    receiving.abort();
    twin.stop().await;
}
