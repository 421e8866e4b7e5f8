//! Starting, limits, faults, the admin API and stopping.

use std::time::Duration;

use serde_json::json;

use super::*;

#[tokio::test]
async fn it_serves_this_machine_only() {
    let options = Options { listen: ([0, 0, 0, 0], 0).into(), ..Options::default() };
    let error = Twin::start(options).await.err().unwrap();
    insta::assert_snapshot!(error, @"refuse to listen on 0.0.0.0:0: the twin serves this machine only");
}

#[tokio::test]
async fn what_is_unknown_answers_501_and_is_remembered() {
    let twin = twin().await;
    assert_eq!(get(&twin, "/repos/acme/widgets/teams").await.status, 501);
    assert_eq!(graphql(&twin, "{ viewer { login bio } }").await.status, 501);
    assert_eq!(
        twin.unknown(),
        ["GET /repos/acme/widgets/teams", "GraphQL: Unknown field \"bio\" on type \"User\"."]
    );
    twin.stop().await;
}

#[tokio::test]
async fn limits_run_out() {
    let twin = twin().await;
    twin.world().mutate(|world| world.limits.core = 2);
    assert_eq!(get(&twin, "/user").await.status, 200);
    assert_eq!(get(&twin, "/user").await.headers["x-ratelimit-remaining"], "0");
    let got = get(&twin, "/user").await;
    assert_eq!((got.status, got.headers["x-ratelimit-remaining"].to_str().unwrap()), (403, "0"));
    assert_eq!(get(&twin, "/rate_limit").await.body["resources"]["core"]["remaining"], 0);
    twin.world().mutate(|world| world.limits.graphql = 0);
    assert_eq!(graphql(&twin, "{ viewer { login } }").await.body["errors"][0]["type"], "RATE_LIMITED");
    twin.world().mutate(|world| {
        world.limits = world::Limits { content_per_minute: Some(1), ..world::Limits::default() };
    });
    let create = |name: &str| send(&twin, "POST", "/repos/acme/widgets/labels", json!({"name": name}));
    assert_eq!(create("a").await.status, 201);
    let got = create("b").await;
    assert_eq!((got.status, got.headers["retry-after"].to_str().unwrap()), (403, "60"));
    twin.stop().await;
}

#[tokio::test]
async fn faults_do_what_their_rule_says() {
    let twin = twin().await;
    let create = |name: &'static str| {
        let twin = &twin;
        async move { ask(twin, "POST", "/repos/acme/widgets/labels", Some(json!({"name": name})), &[]).await }
    };
    let exists =
        |name: &str| twin.world().with(|world| world.repo("acme", "widgets").unwrap().label(name).is_some());
    let set = |action| twin.set_faults(vec![FaultRule::every(action).on("*", "/x")]).unwrap();
    set(FaultAction::ResetBefore);
    let fault = |action: FaultAction| {
        let rule = FaultRule {
            method: Some("POST".into()),
            path: Some("/repos/*/*/labels".into()),
            ..FaultRule::every(action)
        };
        twin.set_faults(vec![rule.times(1)]).unwrap();
    };
    fault(FaultAction::ResetBefore);
    assert!(create("before").await.is_err());
    assert!(!exists("before"));
    fault(FaultAction::ResetAfter);
    assert!(create("after").await.is_err());
    assert!(exists("after"));
    fault(FaultAction::Truncate);
    assert!(create("half").await.is_err());
    assert!(exists("half"));
    fault(FaultAction::Status {
        status: 502,
        body: None,
        headers: [("x-a".to_owned(), "b".to_owned())].into(),
    });
    let got = create("status").await.unwrap();
    assert_eq!((got.status, got.headers["x-a"].to_str().unwrap(), exists("status")), (502, "b", false));
    fault(FaultAction::SecondaryLimit { retry_after_s: Some(7), status: 429 });
    let got = create("limit").await.unwrap();
    assert_eq!((got.status, got.headers["retry-after"].to_str().unwrap()), (429, "7"));
    fault(FaultAction::MalformedJson);
    assert!(create("malformed").await.unwrap().body.is_string());
    fault(FaultAction::SlowBody { ms: 1 });
    assert_eq!(create("slow").await.unwrap().body["name"], "slow");
    assert_eq!(create("fine").await.unwrap().status, 201);
    let faults: Vec<String> = twin.log().into_iter().filter_map(|entry| entry.fault).collect();
    assert_eq!(
        faults,
        [
            "reset_before",
            "reset_after",
            "truncate",
            "status",
            "secondary_limit",
            "malformed_json",
            "slow_body"
        ]
    );
    twin.stop().await;
}

#[tokio::test]
async fn a_stale_reply_shows_the_world_of_a_while_ago() {
    let twin = twin().await;
    let description = || async { get(&twin, "/repos/acme/widgets").await.body["description"].clone() };
    for text in ["one", "two", "three"] {
        twin.world().set("acme/widgets", &json!({"description": text})).unwrap();
    }
    twin.set_faults(vec![FaultRule::every(FaultAction::Stale { writes: Some(1) })]).unwrap();
    assert_eq!(description().await, "two");
    twin.set_faults(vec![FaultRule::every(FaultAction::Stale { writes: None })]).unwrap();
    twin.world().set("acme/widgets", &json!({"description": "four"})).unwrap();
    assert_eq!(description().await, "three");
    twin.set_faults(Vec::new()).unwrap();
    assert_eq!(description().await, "four");
    twin.stop().await;
}

#[tokio::test]
async fn the_admin_api_sets_up_and_tells() {
    let twin = twin().await;
    let got = send(&twin, "POST", "/_twin/patch/acme/widgets", json!({"set": {"has_wiki": false}})).await;
    assert_eq!(got.status, 415, "the type must be told");
    let json_type = [("content-type", "application/json")];
    let patch = |body: Value| ask(&twin, "POST", "/_twin/patch/acme/widgets", Some(body), &json_type);
    assert_eq!(patch(json!({"set": {"has_wiki": false}})).await.unwrap().status, 200);
    let pushed = patch(json!({"push_file": {"branch": "topic", "path": "a", "text": "b"}})).await.unwrap();
    assert_eq!(pushed.status, 200, "{}", pushed.body);
    let pull = patch(json!({"open_pull": {"head": "topic", "base": "main", "title": "T"}})).await.unwrap();
    assert_eq!(pull.body, json!({"number": 1}));
    assert_eq!(patch(json!({"merge_pull": 1})).await.unwrap().status, 200);
    assert_eq!(patch(json!({"delete_label": "nothing"})).await.unwrap().status, 404);
    get(&twin, "/user").await;
    let log = get(&twin, "/_twin/log").await;
    assert_eq!(log.body.as_array().unwrap().len(), 1);
    let world = get(&twin, "/_twin/world").await.body;
    assert_eq!(ask(&twin, "PUT", "/_twin/world", Some(world), &[]).await.unwrap().status, 204);
    let newer = json!({"version": 99});
    assert_eq!(ask(&twin, "PUT", "/_twin/world", Some(newer), &[]).await.unwrap().status, 400);
    twin.stop().await;
}

#[tokio::test]
async fn stopping_waits_for_nobody() {
    let twin = twin().await;
    twin.set_latency(Duration::from_mins(10));
    let url = twin.url();
    let hanging = tokio::net::TcpStream::connect(url.trim_start_matches("http://")).await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), twin.stop()).await.unwrap();
    drop(hanging);
}
