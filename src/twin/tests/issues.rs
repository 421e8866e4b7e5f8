//! What happens to issues is remembered and told.

use serde_json::json;

use super::*;

/// Everything that was done to an issue, as a client reads it.
async fn history(twin: &Twin, number: u64, kinds: &str) -> Vec<String> {
    let query = format!(
        r#"{{ repository(owner: "acme", name: "widgets") {{ issue(number: {number}) {{
            timelineItems(last: 100{kinds}) {{ filteredCount nodes {{ __typename
                ... on LabeledEvent {{ createdAt actor {{ login }} label {{ name }} }}
                ... on UnlabeledEvent {{ createdAt actor {{ login }} label {{ name }} }}
                ... on AssignedEvent {{ createdAt actor {{ login }} user {{ login }} }}
                ... on UnassignedEvent {{ createdAt actor {{ login }} user {{ login }} }}
                ... on ClosedEvent {{ createdAt actor {{ login }} stateReason closer {{ ... on PullRequest {{ number }} }} }}
                ... on ReopenedEvent {{ createdAt actor {{ login }} }} }} }} }} }} }}"#
    );
    let got = graphql(twin, &query).await;
    assert!(got.body.get("errors").is_none(), "{}", got.body);
    let nodes = &got.body["data"]["repository"]["issue"]["timelineItems"]["nodes"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let tell = |node: &Value| {
        let what = [&node["label"]["name"], &node["user"]["login"], &node["stateReason"]].map(text).concat();
        let closer = node["closer"]["number"].as_u64().map(|number| format!(" by #{number}"));
        let (kind, actor) = (text(&node["__typename"]), text(&node["actor"]["login"]));
        format!("{kind} {actor} {what}{}", closer.unwrap_or_default())
    };
    nodes.as_array().unwrap().iter().map(tell).collect()
}

#[tokio::test]
async fn labels_assignees_and_states_are_a_history() {
    let twin = twin().await;
    let world = twin.world();
    world.permission("acme/widgets", "ann", world::Permission::Write).unwrap();
    let number = world.open_issue("acme/widgets", "T", &["bug"]).unwrap();
    world.label_issue("acme/widgets", number, "question", "ann").unwrap();
    world.unlabel_issue("acme/widgets", number, "bug", "ann").unwrap();
    world.delete_label("acme/widgets", "bug").unwrap();
    let path = format!("/repos/acme/widgets/issues/{number}/assignees");
    let got = send(&twin, "POST", &path, json!({"assignees": ["ann", "nobody"]})).await;
    assert_eq!((got.status, got.body["assignees"].as_array().unwrap().len()), (201, 1));
    send(&twin, "DELETE", &path, json!({"assignees": ["ann"]})).await;
    world.comment_issue("acme/widgets", number, "ann", "hm").unwrap();
    world.close_issue("acme/widgets", number, "ann").unwrap();
    world.reopen_issue("acme/widgets", number, "ann").unwrap();
    assert_eq!(
        history(&twin, number, "").await,
        [
            "LabeledEvent operator bug",
            "LabeledEvent ann question",
            "UnlabeledEvent ann bug",
            "AssignedEvent operator ann",
            "UnassignedEvent operator ann",
            "IssueComment  ",
            "ClosedEvent ann COMPLETED",
            "ReopenedEvent ann ",
        ]
    );
    assert_eq!(
        history(&twin, number, ", itemTypes: [LABELED_EVENT]").await,
        ["LabeledEvent operator bug", "LabeledEvent ann question"]
    );
    twin.stop().await;
}

#[tokio::test]
async fn only_an_edited_text_is_edited() {
    let twin = twin().await;
    let world = twin.world();
    let number = world.open_issue("acme/widgets", "T", &[]).unwrap();
    let comment = world.comment_issue("acme/widgets", number, "ann", "one").unwrap();
    let read = || async {
        let query = r#"{ repository(owner: "acme", name: "widgets") { issue(number: 1) {
            body lastEditedAt editor { login } viewerDidAuthor stateReason assignees(first: 20) { nodes { login } }
            comments(last: 100) { nodes { databaseId body viewerDidAuthor lastEditedAt } } } } }"#;
        let got = graphql(&twin, query).await;
        let issue = got.body["data"]["repository"]["issue"].clone();
        let comment = &issue["comments"]["nodes"][0];
        let edited = (!issue["lastEditedAt"].is_null(), !comment["lastEditedAt"].is_null());
        assert_eq!((&issue["viewerDidAuthor"], &comment["viewerDidAuthor"]), (&json!(true), &json!(false)));
        (edited, issue["editor"]["login"].as_str().unwrap_or_default().to_owned())
    };
    world.label_issue("acme/widgets", number, "bug", "ann").unwrap();
    send(&twin, "PATCH", "/repos/acme/widgets/issues/1", json!({"title": "U"})).await;
    assert_eq!(read().await, ((false, false), String::new()));
    world.edit_issue_body("acme/widgets", number, "ann", "better").unwrap();
    assert_eq!(read().await, ((true, false), "ann".to_owned()));
    world.edit_comment("acme/widgets", comment, "ann", "two").unwrap();
    assert_eq!(read().await, ((true, true), "ann".to_owned()));
    twin.stop().await;
}

#[tokio::test]
async fn issues_are_found_by_assignee() {
    let twin = twin().await;
    let world = twin.world();
    for logins in [&["operator"][..], &[]] {
        let number = world.open_issue("acme/widgets", "T", &["bug"]).unwrap();
        world.assign_issue("acme/widgets", number, logins, "operator").unwrap();
    }
    for (filter, expected) in
        [(r#""Operator""#, vec![1]), (r#""*""#, vec![1]), ("null", vec![2]), (r#""ann""#, vec![])]
    {
        let query = format!(
            r#"{{ repository(owner: "acme", name: "widgets") {{ issues(first: 10, labels: ["bug"], states: [OPEN],
                filterBy: {{assignee: {filter}}}, orderBy: {{field: CREATED_AT, direction: ASC}}) {{
                nodes {{ number }} pageInfo {{ hasNextPage endCursor }} }} }} }}"#
        );
        let got = graphql(&twin, &query).await;
        let nodes = got.body["data"]["repository"]["issues"]["nodes"].as_array().unwrap().clone();
        let numbers: Vec<u64> = nodes.iter().map(|node| node["number"].as_u64().unwrap()).collect();
        assert_eq!(numbers, expected, "{filter}");
    }
    twin.stop().await;
}

#[tokio::test]
async fn a_merge_into_the_default_branch_closes_what_it_names() {
    let twin = twin().await;
    let world = twin.world();
    world.permission("acme/widgets", "ann", world::Permission::Write).unwrap();
    for title in ["one", "two", "three"] {
        world.open_issue("acme/widgets", title, &[]).unwrap();
    }
    world.push_file("acme/widgets", "side", "s", "s").unwrap();
    for (head, base, body) in [("a", "main", "Closes #1, fixes #2."), ("b", "side", "Resolves #3")] {
        world.push_file("acme/widgets", head, head, "x").unwrap();
        let body = json!({"title": head, "head": head, "base": base, "body": body});
        let opened = send(&twin, "POST", "/repos/acme/widgets/pulls", body).await;
        world.merge_pull("acme/widgets", opened.body["number"].as_u64().unwrap()).unwrap();
    }
    assert_eq!(history(&twin, 1, "").await, ["ClosedEvent operator COMPLETED by #4"]);
    assert_eq!(history(&twin, 2, "").await, ["ClosedEvent operator COMPLETED by #4"]);
    assert!(history(&twin, 3, "").await.is_empty());
    twin.stop().await;
}

#[tokio::test]
async fn an_issue_moves_with_its_comments() {
    let twin = twin().await;
    let world = twin.world();
    let number = world.open_issue("acme/widgets", "T", &["bug", "own"]).unwrap();
    world.comment_issue("acme/widgets", number, "ann", "hm").unwrap();
    let ids = graphql(
        &twin,
        r#"{ a: repository(owner: "acme", name: "widgets") { issue(number: 1) { id } }
            b: repository(owner: "acme", name: "secret") { id } }"#,
    )
    .await;
    let (issue, to) = (&ids.body["data"]["a"]["issue"]["id"], &ids.body["data"]["b"]["id"]);
    let got = graphql(
        &twin,
        &format!(
            "mutation {{ transferIssue(input: {{issueId: {issue}, repositoryId: {to}}}) {{ issue {{ number
                repository {{ nameWithOwner }} labels(first: 5) {{ nodes {{ name }} }}
                comments(first: 5) {{ nodes {{ body }} }} }} }} }}"
        ),
    )
    .await;
    insta::assert_snapshot!(got.body["data"]["transferIssue"]["issue"], @r#"{"number":1,"repository":{"nameWithOwner":"acme/secret"},"labels":{"nodes":[{"name":"bug"}]},"comments":{"nodes":[{"body":"hm"}]}}"#);
    assert_eq!(get(&twin, "/repos/acme/widgets/issues/1").await.status, 301);
    assert_eq!(world.open_issue("acme/widgets", "Next", &[]).unwrap(), 2, "numbers are never used again");
    twin.stop().await;
}

#[tokio::test]
async fn what_few_see_is_not_moved_to_where_everybody_does() {
    let twin = twin().await;
    twin.world().open_issue("acme/secret", "T", &[]).unwrap();
    let ids = graphql(
        &twin,
        r#"{ a: repository(owner: "acme", name: "secret") { issue(number: 1) { id } }
            b: repository(owner: "acme", name: "widgets") { id visibility } }"#,
    )
    .await;
    let (issue, to) = (&ids.body["data"]["a"]["issue"]["id"], &ids.body["data"]["b"]["id"]);
    twin.world().set("acme/widgets", &json!({"visibility": "public"})).unwrap();
    let asked = format!(
        "mutation {{ transferIssue(input: {{issueId: {issue}, repositoryId: {to}}}) {{ issue {{ number }} }} }}"
    );
    let got = graphql(&twin, &asked).await;
    insta::assert_snapshot!(got.body["errors"][0]["message"], @r#""Issues cannot be transferred from a private repository to a public repository""#);
    twin.stop().await;
}

#[tokio::test]
async fn an_issue_has_parts_which_stay_its_parts_wherever_they_go() {
    let twin = twin().await;
    let world = twin.world();
    for title in ["Epic", "A", "B"] {
        world.open_issue("acme/widgets", title, &[]).unwrap();
    }
    for part in [3, 2] {
        world.add_sub_issue("acme/widgets", 1, "acme/widgets", part).unwrap();
    }
    assert!(world.add_sub_issue("acme/widgets", 2, "acme/widgets", 3).is_err(), "it has a parent");
    assert!(world.add_sub_issue("acme/widgets", 2, "acme/widgets", 1).is_err(), "in a circle");
    world.close_issue("acme/widgets", 3, "ann").unwrap();
    let ids = graphql(
        &twin,
        r#"{ a: repository(owner: "acme", name: "widgets") { issue(number: 2) { id } }
            b: repository(owner: "acme", name: "secret") { id } }"#,
    )
    .await;
    let (issue, to) = (&ids.body["data"]["a"]["issue"]["id"], &ids.body["data"]["b"]["id"]);
    let asked = format!(
        "mutation {{ transferIssue(input: {{issueId: {issue}, repositoryId: {to}}}) {{ issue {{ number }} }} }}"
    );
    graphql(&twin, &asked).await;
    let query = r#"{ a: repository(owner: "acme", name: "widgets") { issue(number: 1) { parent { number }
        subIssuesSummary { total completed percentCompleted }
        subIssues(first: 20) { nodes { number state repository { nameWithOwner } } pageInfo { hasNextPage } } } }
        b: repository(owner: "acme", name: "secret") { issue(number: 1) { parent { number repository { nameWithOwner } } } } }"#;
    let got = graphql(&twin, query).await;
    insta::assert_snapshot!(got.body["data"], @r#"{"a":{"issue":{"parent":null,"subIssuesSummary":{"total":2,"completed":1,"percentCompleted":50},"subIssues":{"nodes":[{"number":3,"state":"CLOSED","repository":{"nameWithOwner":"acme/widgets"}},{"number":1,"state":"OPEN","repository":{"nameWithOwner":"acme/secret"}}],"pageInfo":{"hasNextPage":false}}}},"b":{"issue":{"parent":{"number":1,"repository":{"nameWithOwner":"acme/widgets"}}}}}"#);
    twin.stop().await;
}

#[tokio::test]
async fn issues_are_found_by_words_and_qualifiers() {
    let twin = twin().await;
    let world = twin.world();
    for (title, labels) in
        [("It leaks badly", &["bug"][..]), ("It leaks", &["bug", "question"]), ("Nothing", &["bug"])]
    {
        world.open_issue("acme/widgets", title, labels).unwrap();
    }
    world.permission("acme/widgets", "ann", world::Permission::Write).unwrap();
    world.assign_issue("acme/widgets", 3, &["ann"], "ann").unwrap();
    world.open_issue("acme/secret", "It leaks", &[]).unwrap();
    let mut said = Vec::new();
    for words in [
        "is:issue label:bug sort:created-asc",
        "label:bug,question -label:question",
        "leaks",
        "\"leaks badly\"",
        "no:assignee leaks author:operator",
        "assignee:ann",
        "is:closed",
        "nonsense:leaks",
        "is:nonsense",
    ] {
        let query = json!(format!("repo:acme/widgets {words}"));
        let asked = format!(
            "{{ search(type: ISSUE, query: {query}, first: 2) {{ issueCount nodes {{ ... on Issue {{ number }} }} }} }}"
        );
        let got = graphql(&twin, &asked).await;
        let found = &got.body["data"]["search"];
        let numbers: Vec<u64> =
            found["nodes"].as_array().unwrap().iter().filter_map(|it| it["number"].as_u64()).collect();
        said.push(format!("{words}: {} {numbers:?}", found["issueCount"]));
    }
    insta::assert_snapshot!(said.join("\n"), @r#"
    is:issue label:bug sort:created-asc: 3 [1, 2]
    label:bug,question -label:question: 2 [3, 1]
    leaks: 2 [2, 1]
    "leaks badly": 1 [1]
    no:assignee leaks author:operator: 2 [2, 1]
    assignee:ann: 1 [3]
    is:closed: 0 []
    nonsense:leaks: 0 []
    is:nonsense: 0 []
    "#);
    twin.stop().await;
}

#[tokio::test]
async fn an_issue_waits_for_others() {
    let twin = twin().await;
    let world = twin.world();
    let waits = world.open_issue("acme/widgets", "T", &[]).unwrap();
    let near = world.open_issue("acme/widgets", "N", &[]).unwrap();
    let far = world.open_issue("acme/secret", "F", &[]).unwrap();
    world.block_issue("acme/widgets", waits, "acme/widgets", near).unwrap();
    world.block_issue("acme/widgets", waits, "acme/secret", far).unwrap();
    world.close_issue("acme/secret", far, "ann").unwrap();
    let query = r#"{ repository(owner: "acme", name: "widgets") { issue(number: 1) {
        blockedBy(first: 20) { nodes { number state repository { nameWithOwner } } pageInfo { hasNextPage } } } } }"#;
    let got = graphql(&twin, query).await;
    insta::assert_snapshot!(got.body["data"]["repository"]["issue"]["blockedBy"], @r#"{"nodes":[{"number":1,"state":"CLOSED","repository":{"nameWithOwner":"acme/secret"}},{"number":2,"state":"OPEN","repository":{"nameWithOwner":"acme/widgets"}}],"pageInfo":{"hasNextPage":false}}"#);
    twin.stop().await;
}
