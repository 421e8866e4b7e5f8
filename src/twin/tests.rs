//! The twin over real HTTP, asked as a client would.

use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use super::world::Visibility;
use super::*;

/// What came back.
struct Got {
    status: u16,
    headers: http::HeaderMap,
    body: Value,
}

/// Sends one request; an error is a connection that broke.
async fn ask(twin: &Twin, method: &str, path: &str, body: Option<Value>, headers: &[(&str, &str)]) -> Result<Got, String> {
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<bytes::Bytes>>();
    let mut request = http::Request::builder().method(method).uri(format!("{}{path}", twin.url()));
    if !headers.iter().any(|(name, _)| *name == "authorization") {
        request = request.header("authorization", format!("Bearer {}", twin.token()));
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    let request = request.body(Full::new(bytes::Bytes::from(body))).unwrap();
    let response = client.request(request).await.map_err(|error| format!("{error:?}"))?;
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.map_err(|error| format!("{error:?}"))?.to_bytes();
    let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| json!(String::from_utf8_lossy(&bytes)));
    Ok(Got { status: parts.status.as_u16(), headers: parts.headers, body })
}

async fn get(twin: &Twin, path: &str) -> Got {
    ask(twin, "GET", path, None, &[]).await.unwrap()
}

async fn send(twin: &Twin, method: &str, path: &str, body: Value) -> Got {
    ask(twin, method, path, Some(body), &[]).await.unwrap()
}

async fn graphql(twin: &Twin, query: &str) -> Got {
    send(twin, "POST", "/graphql", json!({"query": query})).await
}

/// A twin with `acme/widgets` (public) and `acme/secret` (private).
async fn twin() -> Twin {
    let mut world = World::new("acme");
    world.add_repo("acme", "widgets").settings.visibility = Visibility::Public;
    world.add_repo("acme", "secret");
    Twin::start(Options { world, ..Options::default() }).await.unwrap()
}

#[tokio::test]
async fn it_serves_this_machine_only() {
    let options = Options { listen: ([0, 0, 0, 0], 0).into(), ..Options::default() };
    let error = Twin::start(options).await.err().unwrap();
    insta::assert_snapshot!(error, @"refuse to listen on 0.0.0.0:0: the twin serves this machine only");
}

#[tokio::test]
async fn a_repository_is_read_changed_renamed_and_deleted() {
    let twin = twin().await;
    let got = get(&twin, "/repos/ACME/Widgets").await;
    assert_eq!((got.status, &got.body["full_name"], &got.body["has_wiki"]), (200, &json!("acme/widgets"), &json!(true)));
    let got = send(&twin, "PATCH", "/repos/acme/widgets", json!({"has_wiki": false, "description": "x"})).await;
    assert_eq!((got.status, &got.body["has_wiki"], &got.body["description"]), (200, &json!(false), &json!("x")));
    let got = send(&twin, "PATCH", "/repos/acme/widgets", json!({"name": "gadgets"})).await;
    assert_eq!((got.status, &got.body["full_name"]), (200, &json!("acme/gadgets")));
    let id = got.body["id"].as_u64().unwrap();
    let got = get(&twin, "/repos/acme/widgets/labels?per_page=1").await;
    let target = format!("{}/repositories/{id}/labels", twin.url());
    assert_eq!((got.status, got.headers["location"].to_str().unwrap()), (301, target.as_str()));
    assert_eq!(send(&twin, "PATCH", "/repos/acme/widgets", json!({})).await.status, 307);
    assert_eq!(get(&twin, &format!("/repositories/{id}")).await.body["name"], "gadgets");
    assert_eq!(ask(&twin, "DELETE", "/repos/acme/gadgets", None, &[]).await.unwrap().status, 204);
    assert_eq!(get(&twin, "/repos/acme/gadgets").await.status, 404);
    twin.stop().await;
}

#[tokio::test]
async fn an_archived_repository_takes_nothing_but_its_release() {
    let twin = twin().await;
    let archive = |on: bool| send(&twin, "PATCH", "/repos/acme/widgets", json!({"archived": on}));
    assert_eq!(archive(true).await.status, 200);
    let got = send(&twin, "PATCH", "/repos/acme/widgets", json!({"description": "x"})).await;
    assert_eq!((got.status, &got.body["message"]), (403, &json!("Repository was archived so is read-only.")));
    assert_eq!(send(&twin, "POST", "/repos/acme/widgets/labels", json!({"name": "x"})).await.status, 403);
    assert_eq!(archive(false).await.status, 200);
    twin.stop().await;
}

#[tokio::test]
async fn labels_follow_githubs_rules() {
    let twin = twin().await;
    let labels = "/repos/acme/widgets/labels";
    let got = send(&twin, "POST", labels, json!({"name": "area/web ui", "color": "ABCDEF"})).await;
    assert_eq!((got.status, &got.body["color"]), (201, &json!("abcdef")));
    assert_eq!(get(&twin, "/repos/acme/widgets/labels/AREA%2Fweb%20ui").await.status, 200);
    for (name, body, field, code) in [
        ("same name", json!({"name": "Area/Web UI"}), "name", "already_exists"),
        ("bad colour", json!({"name": "x", "color": "#abcdef"}), "color", "invalid"),
        ("no name", json!({}), "name", "missing_field"),
        ("long text", json!({"name": "x", "description": "x".repeat(101)}), "description", "custom"),
    ] {
        let got = send(&twin, "POST", labels, body).await;
        let error = &got.body["errors"][0];
        assert_eq!((got.status, &error["field"], &error["code"]), (422, &json!(field), &json!(code)), "{name}");
    }
    let got = send(&twin, "PATCH", "/repos/acme/widgets/labels/bug", json!({"new_name": "defect"})).await;
    assert_eq!((got.status, &got.body["name"]), (200, &json!("defect")));
    assert_eq!(ask(&twin, "DELETE", "/repos/acme/widgets/labels/defect", None, &[]).await.unwrap().status, 204);
    assert_eq!(ask(&twin, "DELETE", "/repos/acme/widgets/labels/defect", None, &[]).await.unwrap().status, 404);
    twin.stop().await;
}

#[tokio::test]
async fn pages_link_to_their_neighbours_and_unchanged_ones_are_free() {
    let twin = twin().await;
    let got = get(&twin, "/repos/acme/widgets/labels?per_page=4&page=2").await;
    assert_eq!(got.body.as_array().unwrap().len(), 4);
    let link = got.headers["link"].to_str().unwrap().replace(&twin.url(), "");
    insta::assert_snapshot!(link, @r#"</repositories/1003/labels?per_page=4&page=1>; rel="prev", </repositories/1003/labels?per_page=4&page=3>; rel="next", </repositories/1003/labels?per_page=4&page=3>; rel="last", </repositories/1003/labels?per_page=4&page=1>; rel="first""#);
    let tag = got.headers["etag"].to_str().unwrap();
    let used = |got: &Got| got.headers["x-ratelimit-used"].to_str().unwrap().to_owned();
    let again = ask(&twin, "GET", "/repos/acme/widgets/labels?per_page=4&page=2", None, &[("if-none-match", tag)]).await.unwrap();
    assert_eq!((again.status, used(&again)), (304, used(&got)));
    twin.stop().await;
}

#[tokio::test]
async fn what_a_token_may_not_see_does_not_exist() {
    let twin = twin().await;
    let anonymous = [("authorization", "Bearer nonsense")];
    assert_eq!(ask(&twin, "GET", "/repos/acme/secret", None, &anonymous).await.unwrap().status, 401);
    twin.world().mutate(|world| {
        world.add_user("visitor");
        world.add_token("visitor", world::Token::classic("visitor"));
    });
    let visitor = [("authorization", "Bearer visitor")];
    assert_eq!(ask(&twin, "GET", "/repos/acme/secret", None, &visitor).await.unwrap().status, 404);
    let got = ask(&twin, "GET", "/orgs/acme/repos", None, &visitor).await.unwrap();
    assert_eq!(got.body.as_array().unwrap().len(), 1);
    let got = ask(&twin, "PATCH", "/repos/acme/widgets", Some(json!({})), &visitor).await.unwrap();
    assert_eq!((got.status, &got.body["message"]), (403, &json!("Must have admin rights to Repository.")));
    twin.stop().await;
}

#[tokio::test]
async fn graphql_keeps_what_it_could_read() {
    let twin = twin().await;
    let query = r#"{ a: repository(owner: "acme", name: "widgets") { nameWithOwner labels(first: 2) { totalCount nodes { name } } }
        b: repository(owner: "acme", name: "nothing") { id }
        rateLimit { cost limit } }"#;
    let got = graphql(&twin, query).await;
    insta::assert_snapshot!(serde_json::to_string_pretty(&got.body).unwrap(), @r#"
    {
      "data": {
        "a": {
          "nameWithOwner": "acme/widgets",
          "labels": {
            "totalCount": 9,
            "nodes": [
              {
                "name": "bug"
              },
              {
                "name": "documentation"
              }
            ]
          }
        },
        "b": null,
        "rateLimit": {
          "cost": 1,
          "limit": 5000
        }
      },
      "errors": [
        {
          "type": "NOT_FOUND",
          "path": [
            "b"
          ],
          "locations": [
            {
              "line": 2,
              "column": 9
            }
          ],
          "message": "Could not resolve to a Repository with the name 'acme/nothing'."
        }
      ]
    }
    "#);
    twin.stop().await;
}

#[tokio::test]
async fn an_organisation_is_read_in_pages() {
    let world = generate(&Generate { repos: 7, archived: 2, labels_total: 80, ..Generate::default() });
    let twin = Twin::start(Options { world, ..Options::default() }).await.unwrap();
    let (mut after, mut names) = ("null".to_owned(), Vec::new());
    loop {
        let query = format!(
            r#"{{ repositoryOwner(login: "acme") {{ repositories(first: 3, after: {after}, isArchived: false) {{
                totalCount pageInfo {{ hasNextPage endCursor }} nodes {{ name repositoryTopics(first: 5) {{ nodes {{ topic {{ name }} }} }}
                defaultBranchRef {{ name target {{ oid }} }} }} }} }} }}"#
        );
        let got = graphql(&twin, &query).await;
        let repos = &got.body["data"]["repositoryOwner"]["repositories"];
        assert_eq!(repos["totalCount"], 5, "{}", got.body);
        for node in repos["nodes"].as_array().unwrap() {
            names.push(node["name"].as_str().unwrap().to_owned());
            assert_eq!(node["defaultBranchRef"]["target"]["oid"].as_str().unwrap().len(), 40);
        }
        if repos["pageInfo"]["hasNextPage"] == json!(false) {
            break;
        }
        after = repos["pageInfo"]["endCursor"].to_string();
    }
    names.dedup();
    assert_eq!(names.len(), 5);
    twin.stop().await;
}

#[tokio::test]
async fn what_is_unknown_answers_501_and_is_remembered() {
    let twin = twin().await;
    assert_eq!(get(&twin, "/repos/acme/widgets/teams").await.status, 501);
    assert_eq!(graphql(&twin, "{ viewer { login bio } }").await.status, 501);
    assert_eq!(twin.unknown(), ["GET /repos/acme/widgets/teams", "GraphQL: Unknown field \"bio\" on type \"User\"."]);
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
    let exists = |name: &str| twin.world().with(|world| world.repo("acme", "widgets").unwrap().label(name).is_some());
    let set = |action| twin.set_faults(vec![FaultRule::every(action).on("*", "/x")]).unwrap();
    set(FaultAction::ResetBefore);
    let fault = |action: FaultAction| {
        let rule = FaultRule { method: Some("POST".into()), path: Some("/repos/*/*/labels".into()), ..FaultRule::every(action) };
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
    fault(FaultAction::Status { status: 502, body: None, headers: [("x-a".to_owned(), "b".to_owned())].into() });
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
    assert_eq!(faults, ["reset_before", "reset_after", "truncate", "status", "secondary_limit", "malformed_json", "slow_body"]);
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
    twin.set_latency(Duration::from_secs(600));
    let url = twin.url();
    let hanging = tokio::net::TcpStream::connect(url.trim_start_matches("http://")).await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), twin.stop()).await.unwrap();
    drop(hanging);
}
