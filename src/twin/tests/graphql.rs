//! Queries and mutations.

use serde_json::json;

use super::*;

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
async fn a_commit_lands_only_where_it_was_expected() {
    let twin = twin().await;
    let commit = |expected: String, text: &str| {
        let input = json!({
            "branch": {"repositoryNameWithOwner": "acme/secret", "branchName": "main"},
            "message": {"headline": "Change", "body": "why"},
            "expectedHeadOid": expected,
            "fileChanges": {"additions": [{"path": "a/b.txt", "contents": text}], "deletions": [{"path": "README.md"}]},
        });
        let query = "mutation M($input: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $input) {
            commit { oid message } ref { name target { oid } } } }";
        send(&twin, "POST", "/graphql", json!({"query": query, "variables": {"input": input}}))
    };
    let head = get(&twin, "/repos/acme/secret/commits/main").await.body["sha"].as_str().unwrap().to_owned();
    let got = commit(head.clone(), "aGVsbG8=").await;
    let done = &got.body["data"]["createCommitOnBranch"];
    assert_eq!(
        (&done["commit"]["message"], &done["commit"]["oid"]),
        (&json!("Change\n\nwhy"), &done["ref"]["target"]["oid"]),
        "{}",
        got.body
    );
    let got = commit(head.clone(), "aGVsbG8=").await;
    let text = format!("Expected branch to point to \"{head}\" but it did not. Pull and try again.");
    assert_eq!(
        (&got.body["errors"][0]["type"], &got.body["errors"][0]["message"]),
        (&json!("STALE_DATA"), &json!(text))
    );
    assert_eq!((got.status, &got.body["data"]), (200, &json!({"createCommitOnBranch": null})));
    assert_eq!(get(&twin, "/repos/acme/secret/contents/a/b.txt").await.status, 200);
    assert_eq!(get(&twin, "/repos/acme/secret/contents/README.md").await.status, 404);
    twin.stop().await;
}

#[tokio::test]
async fn a_branch_becomes_a_pull_request_with_a_comment() {
    let twin = twin().await;
    let run = |query: String| {
        let twin = &twin;
        async move {
            let got = graphql(twin, &query).await;
            assert!(got.body.get("errors").is_none(), "{}", got.body);
            got.body["data"].clone()
        }
    };
    let repo =
        run(r#"{ repository(owner: "acme", name: "secret") { id defaultBranchRef { id target { oid } } } }"#
            .into())
        .await;
    let (id, oid) = (&repo["repository"]["id"], &repo["repository"]["defaultBranchRef"]["target"]["oid"]);
    let made = run(format!(
        r#"mutation {{ createRef(input: {{repositoryId: {id}, name: "refs/heads/topic", oid: {oid}}}) {{ ref {{ id name prefix }} }} }}"#
    ))
    .await;
    assert_eq!(made["createRef"]["ref"]["name"], "topic");
    let branch = made["createRef"]["ref"]["id"].clone();
    twin.world().push_file("acme/secret", "topic", "x", "y").unwrap();
    let opened = run(format!(
        r#"mutation {{ createPullRequest(input: {{repositoryId: {id}, baseRefName: "main", headRefName: "topic", title: "T", body: "B"}}) {{ pullRequest {{ id number mergeable }} }} }}"#
    ))
    .await;
    let pull = &opened["createPullRequest"]["pullRequest"];
    assert_eq!((&pull["number"], &pull["mergeable"]), (&json!(1), &json!("MERGEABLE")));
    let pull = pull["id"].clone();
    run(format!(r#"mutation {{ addComment(input: {{subjectId: {pull}, body: "hello"}}) {{ commentEdge {{ node {{ body }} }} }} }}"#)).await;
    let read = run(
        r#"{ repository(owner: "acme", name: "secret") { pullRequests(first: 5, states: [OPEN], baseRefName: "main") {
            nodes { number state headRefName comments(first: 5) { nodes { body author { login } } } } } } }"#
            .into(),
    )
    .await;
    insta::assert_snapshot!(read, @r#"{"repository":{"pullRequests":{"nodes":[{"number":1,"state":"OPEN","headRefName":"topic","comments":{"nodes":[{"body":"hello","author":{"login":"operator"}}]}}]}}}"#);
    let closed = run(format!(
        "mutation {{ closePullRequest(input: {{pullRequestId: {pull}}}) {{ pullRequest {{ state }} }} }}"
    ))
    .await;
    assert_eq!(closed["closePullRequest"]["pullRequest"]["state"], "CLOSED");
    let moves = |before: &Value, after: &Value| {
        let update = format!(r#"{{name: "refs/heads/topic", beforeOid: {before}, afterOid: {after}}}"#);
        format!(
            "mutation {{ updateRefs(input: {{repositoryId: {id}, refUpdates: [{update}]}}) {{ clientMutationId }} }}"
        )
    };
    let nowhere = json!("0".repeat(40));
    let tip = get(&twin, "/repos/acme/secret/branches/topic").await.body["commit"]["sha"].clone();
    let stale = graphql(&twin, &moves(oid, &nowhere)).await;
    assert_eq!(stale.body["errors"][0]["type"], "UNPROCESSABLE", "{}", stale.body);
    run(moves(&tip, &nowhere)).await;
    assert_eq!(get(&twin, "/repos/acme/secret/branches/topic").await.status, 404);
    run(moves(&nowhere, oid)).await;
    assert_eq!(get(&twin, "/repos/acme/secret/branches/topic").await.body["commit"]["sha"], *oid);
    run(format!("mutation {{ deleteRef(input: {{refId: {branch}}}) {{ clientMutationId }} }}")).await;
    assert_eq!(get(&twin, "/repos/acme/secret/branches/topic").await.status, 404);
    let node = run(format!("{{ node(id: {pull}) {{ __typename ... on PullRequest {{ number }} }} }}")).await;
    assert_eq!(node["node"], json!({"__typename": "PullRequest", "number": 1}));
    twin.stop().await;
}

#[tokio::test]
async fn unbounded_and_huge_queries_are_refused() {
    let twin = twin().await;
    for (query, kind) in [
        (
            r#"{ organization(login: "acme") { repositories { nodes { id } } } }"#,
            "MISSING_PAGINATION_BOUNDARIES",
        ),
        (
            r#"{ organization(login: "acme") { repositories(first: 101) { nodes { id } } } }"#,
            "EXCESSIVE_PAGINATION",
        ),
        (
            r#"{ organization(login: "acme") { repositories(first: 100) { nodes { labels(first: 100) { nodes { issues(first: 100) { nodes { id } } } } } } } }"#,
            "MAX_NODE_LIMIT_EXCEEDED",
        ),
    ] {
        let got = graphql(&twin, query).await;
        assert_eq!((got.status, &got.body["errors"][0]["type"]), (200, &json!(kind)));
    }
    let got =
        graphql(&twin, r#"{ organization(login: "acme") { repositories(first: 5) { totalCount } } }"#).await;
    assert_eq!(got.body["data"]["organization"]["repositories"]["totalCount"], 2);
    twin.stop().await;
}

#[tokio::test]
async fn labels_tell_how_many_issues_they_have() {
    let twin = twin().await;
    for number in 0..3 {
        let labels = if number == 2 { json!([]) } else { json!(["bug"]) };
        send(&twin, "POST", "/repos/acme/widgets/issues", json!({"title": "T", "labels": labels})).await;
    }
    send(&twin, "PATCH", "/repos/acme/widgets/issues/1", json!({"state": "closed"})).await;
    let query = r#"{ repository(owner: "acme", name: "widgets") { label(name: "bug") {
        issues { totalCount } open: issues(states: [OPEN]) { totalCount } pullRequests { totalCount } } } }"#;
    let got = graphql(&twin, query).await;
    let expected =
        json!({"issues": {"totalCount": 2}, "open": {"totalCount": 1}, "pullRequests": {"totalCount": 0}});
    assert_eq!(got.body["data"]["repository"]["label"], expected, "{}", got.body);
    twin.stop().await;
}

#[tokio::test]
async fn renames_are_followed_and_nodes_are_found() {
    let twin = twin().await;
    twin.world().rename("acme/widgets", "gadgets").unwrap();
    let query = r#"{ a: repository(owner: "acme", name: "widgets") { nameWithOwner id labels(first: 1) { nodes { id } } }
        b: repository(owner: "acme", name: "widgets", followRenames: false) { id } }"#;
    let got = graphql(&twin, query).await;
    assert_eq!(
        (&got.body["data"]["a"]["nameWithOwner"], &got.body["data"]["b"]),
        (&json!("acme/gadgets"), &Value::Null)
    );
    let label = got.body["data"]["a"]["labels"]["nodes"][0]["id"].clone();
    let got = graphql(&twin, &format!(r#"{{ nodes(ids: [{label}, "R_ffff"]) {{ __typename id }} }}"#)).await;
    assert_eq!(
        got.body["data"]["nodes"],
        json!([{"__typename": "Label", "id": label}, null]),
        "{}",
        got.body
    );
    assert_eq!(got.body["errors"][0]["path"], json!(["nodes", 1]));
    twin.stop().await;
}
