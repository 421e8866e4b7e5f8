//! Fresh, cheap, whole: revalidation, coalescing, pagination, moves.

use futures::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{caching, client, config, seen, twin, twin_of};
use crate::adapters::clock::Clock;
use crate::adapters::github::{Client, Disposition, Effect, Kind, Operation, Pool};
use crate::twin::world::{Label, World};
use crate::twin::{FaultAction, FaultRule};

fn world_with_labels(count: u32) -> World {
    let mut world = World::new("acme");
    let ids: Vec<_> = (0..count).map(|_| world.fresh_id()).collect();
    let repo = world.add_repo("acme", "widgets");
    repo.labels = ids
        .iter()
        .enumerate()
        .map(|(n, id)| Label { id: *id, name: format!("label-{n:03}"), ..repo.labels[0].clone() })
        .collect();
    world
}

fn names(list: &[Value]) -> Vec<&str> {
    list.iter().filter_map(|entry| entry["name"].as_str()).collect()
}

#[tokio::test]
async fn a_304_takes_the_answer_from_the_cache_and_costs_nothing() {
    let (twin, dir) = (twin().await, tempfile::tempdir().unwrap());
    let first = caching(&twin, &dir).read("acme", "/repos/acme/widgets").await.unwrap();
    assert!(!first.from_cache);
    let client = caching(&twin, &dir);
    let again = client.read("acme", "/repos/acme/widgets").await.unwrap();
    assert!(again.from_cache);
    assert_eq!((again.body, again.status), (first.body, 200));
    assert_ne!(again.request_id, first.request_id);
    assert_eq!(twin.log().iter().map(|request| request.status).collect::<Vec<_>>(), [200, 304]);
    assert_eq!(client.stats().cached_304, 1);

    let body = json!({"description": "changed"});
    client
        .write("acme", http::Method::PATCH, "/repos/acme/widgets", &body, Effect::Idempotent)
        .await
        .unwrap();
    let changed = client.read("acme", "/repos/acme/widgets").await.unwrap();
    assert!(!changed.from_cache);
    assert_eq!(changed.body["description"], "changed");
    twin.stop().await;
}

#[tokio::test]
async fn a_change_by_others_is_seen_though_an_answer_is_cached() {
    let (twin, dir) = (twin().await, tempfile::tempdir().unwrap());
    let client = caching(&twin, &dir);
    client.read("acme", "/repos/acme/widgets").await.unwrap();
    let body = json!({"description": "by others"});
    super::client(&twin)
        .write("acme", http::Method::PATCH, "/repos/acme/widgets", &body, Effect::Idempotent)
        .await
        .unwrap();
    let reply = client.read("acme", "/repos/acme/widgets").await.unwrap();
    assert_eq!((reply.body["description"].as_str(), reply.from_cache), (Some("by others"), false));
    twin.stop().await;
}

#[tokio::test]
async fn equal_reads_under_way_are_one_request() {
    let twin = twin().await;
    twin.set_latency(std::time::Duration::from_millis(50));
    let client = client(&twin);
    let replies = join_all((0..10).map(|_| client.read("acme", "/repos/acme/widgets"))).await;
    assert!(replies.iter().all(|reply| reply.as_ref().unwrap().body["name"] == "widgets"));
    assert_eq!(seen(&twin), ["GET /repos/acme/widgets"]);
    assert_eq!(client.stats().coalesced, 9);
    client.read("acme", "/repos/acme/widgets").await.unwrap();
    assert_eq!(seen(&twin).len(), 2, "a finished answer is nobody's to share");
    twin.stop().await;
}

#[tokio::test]
async fn all_pages_come_in_order_and_again_for_nothing() {
    let (twin, dir) = (twin_of(world_with_labels(250)).await, tempfile::tempdir().unwrap());
    let client = caching(&twin, &dir);
    let labels = client.pages("acme", "/repos/acme/widgets/labels").await.unwrap();
    let expected: Vec<_> = (0..250).map(|n| format!("label-{n:03}")).collect();
    assert_eq!(names(&labels), expected);
    assert_eq!(twin.log().len(), 3);
    let again = client.pages("acme", "/repos/acme/widgets/labels").await.unwrap();
    assert_eq!(again, labels);
    assert_eq!(client.stats().cached_304, 3);

    let mut config = config(&twin);
    config.max_pages = 2;
    let error = Client::new(config).unwrap().pages("acme", "/repos/acme/widgets/labels").await.unwrap_err();
    assert_eq!(error.kind(), &Kind::TooLarge);
    twin.stop().await;
}

#[tokio::test]
async fn a_base_with_a_path_is_kept_on_every_page_and_for_graphql() {
    let twin = twin_of(world_with_labels(120)).await;
    let mut config = config(&twin);
    config.base = format!("{}/api/v3", twin.url()).parse().unwrap();
    let client = Client::new(config).unwrap();
    assert_eq!(client.pages("acme", "/repos/acme/widgets/labels").await.unwrap().len(), 120);
    let query = Operation::new("Who", "query Who { viewer { login } }");
    assert_eq!(client.graphql("acme", &query).await.unwrap().data["viewer"]["login"], "operator");
    let seen = seen(&twin);
    assert!(seen[..2].iter().all(|request| request.starts_with("GET /api/v3/repos")), "{seen:?}");
    assert_eq!(seen[2..], ["POST /api/graphql"]);
    twin.stop().await;
}

#[tokio::test]
async fn a_renamed_repository_is_followed_by_reads() {
    let twin = twin().await;
    let client = client(&twin);
    let body = json!({"name": "gadgets"});
    client
        .write("acme", http::Method::PATCH, "/repos/acme/widgets", &body, Effect::Idempotent)
        .await
        .unwrap();
    let reply = client.read("acme", "/repos/acme/widgets").await.unwrap();
    assert_eq!(reply.body["full_name"], "acme/gadgets");
    assert!(reply.moved_to.unwrap().starts_with("/repositories/"));
    assert_eq!(client.pages("acme", "/repos/acme/widgets/labels").await.unwrap().len(), 9);
    twin.stop().await;
}

#[tokio::test]
async fn one_bad_entry_does_not_spoil_its_neighbours() {
    let twin = twin().await;
    let client = client(&twin);
    let text = r#"query Two {
        good: repository(owner: "acme", name: "widgets") { name }
        bad: repository(owner: "acme", name: "absent") { name }
        rateLimit { cost remaining resetAt }
    }"#;
    let reply = client.graphql("acme", &Operation::new("Two", text)).await.unwrap();
    assert_eq!(reply.data["good"]["name"], "widgets");
    assert_eq!(reply.data["bad"], Value::Null);
    assert_eq!(
        (reply.errors[0].type_.as_deref(), &*reply.errors[0].path),
        (Some("NOT_FOUND"), &["bad".to_owned()][..])
    );
    assert_eq!(client.stats().points, reply.cost.unwrap().points);
    assert_eq!(reply.complete().unwrap_err().kind(), &Kind::Absent);
    twin.stop().await;
}

#[tokio::test]
async fn the_pools_and_scopes_are_known_after_an_answer() {
    let twin = twin().await;
    let client = client(&twin);
    assert_eq!((client.budget().len(), client.scopes()), (0, None));
    client.read("acme", "/user").await.unwrap();
    client.graphql("acme", &Operation::new("Who", "query Who { viewer { login } }")).await.unwrap();
    let pools: Vec<_> =
        client.budget().iter().map(|state| (state.pool, state.limit, state.remaining)).collect();
    assert_eq!(pools, [(Pool::Core, 5000, 4999), (Pool::Graphql, 5000, 4999)]);
    assert!(client.scopes().unwrap().contains(&"repo".to_owned()));
    assert_eq!(client.identity("acme").await.unwrap().login(), "operator");
    twin.stop().await;
}

#[tokio::test]
async fn a_spent_pool_is_told_at_once_and_not_asked_again() {
    let mut world = World::new("acme");
    world.add_repo("acme", "widgets");
    world.limits.core = 2;
    let twin = twin_of(world).await;
    let client = client(&twin);
    for _ in 0..2 {
        client.read("acme", "/repos/acme/widgets").await.unwrap();
    }
    for _ in 0..3 {
        let error = client.read("acme", "/repos/acme/widgets").await.unwrap_err();
        assert!(matches!(error.kind(), Kind::PrimaryLimit { .. }), "{error}");
    }
    assert_eq!(seen(&twin).len(), 2);
    twin.stop().await;
}

#[tokio::test]
async fn what_is_no_path_is_not_sent_anywhere() {
    let twin = twin().await;
    let client = client(&twin);
    for path in ["", "repos/acme/widgets", "http://127.0.0.1:1/x", "/spa ce", "/line\nbreak"] {
        let error = client.read("acme", path).await.unwrap_err();
        assert_eq!(error.disposition(), Disposition::Bug, "{path:?}");
    }
    assert_eq!(seen(&twin).len(), 0);
    twin.stop().await;
}

#[tokio::test]
async fn the_clock_is_compared_with_githubs_at_each_answer() {
    let twin = twin().await;
    let date = |date: &str| {
        let headers = [("date".to_owned(), date.to_owned())].into();
        FaultRule::every(FaultAction::Status { status: 404, body: None, headers })
    };
    let mut config = config(&twin);
    config.clock = Clock::manual("2026-05-01T12:00:00Z".parse().unwrap());
    let client = Client::new(config).unwrap();
    assert_eq!(client.clock_skew(), None);
    for (says, seconds) in [
        ("Fri, 01 May 2026 11:59:00 GMT", 60),
        ("Fri, 01 May 2026 13:00:00 GMT", -3600),
        ("no date at all", -3600),
    ] {
        twin.set_faults(vec![date(says)]).unwrap();
        let refused = client.read("acme", "/repos/acme/widgets").await.unwrap_err();
        assert!(refused.is_absent(), "{refused}");
        assert_eq!(client.clock_skew(), Some(SignedDuration::from_secs(seconds)), "{says}");
    }
    twin.stop().await;
}
