//! Reviews, conversations, and bringing a branch up to date.

use serde_json::json;

use super::apps::{jwt, twin_with_app};
use super::*;
use crate::twin::world::ReviewState;

const PULLS: &str = "/repos/acme/widgets/pulls";

/// A pull request of the operator that changes `a.txt`; answers its head.
async fn twin_with_pull() -> (Twin, String) {
    let twin = twin().await;
    let world = twin.world();
    world.permission("acme/widgets", "ann", world::Permission::Write).unwrap();
    let head = world.push_file("acme/widgets", "topic", "a.txt", "one\n").unwrap();
    world.open_pull("acme/widgets", "topic", "main", "T").unwrap();
    (twin, head)
}

#[tokio::test]
async fn authors_dont_judge_themselves() {
    let (twin, _) = twin_with_pull().await;
    for (body, status, reason) in [
        (json!({"event": "APPROVE"}), 422, json!(["Can not approve your own pull request"])),
        (
            json!({"event": "REQUEST_CHANGES", "body": "x"}),
            422,
            json!(["Can not request changes on your own pull request"]),
        ),
        (json!({"event": "COMMENT"}), 422, json!(["Body can't be blank"])),
        (json!({"event": "COMMENT", "body": "x"}), 200, json!(null)),
        (json!({}), 200, json!(null)),
        (json!({}), 422, json!(["User can only have one pending review per pull request"])),
    ] {
        let got = send(&twin, "POST", &format!("{PULLS}/1/reviews"), body.clone()).await;
        assert_eq!((got.status, &got.body["errors"]), (status, &reason), "{body}: {}", got.body);
    }
    twin.stop().await;
}

#[tokio::test]
async fn a_client_reads_a_pull_request_whole() {
    let (twin, head) = twin_with_pull().await;
    let world = twin.world();
    world.review("acme/widgets", 1, "ann", ReviewState::Approved, "fine").unwrap();
    let comment = world.review_comment("acme/widgets", 1, "ann", "a.txt", "why?").unwrap();
    let reply =
        send(&twin, "POST", &format!("{PULLS}/1/comments/{comment}/replies"), json!({"body": "so"})).await;
    assert_eq!((reply.status, &reply.body["in_reply_to_id"]), (201, &json!(comment)));
    let status = json!({"state": "success", "context": "lint", "description": "clean"});
    send(&twin, "POST", &format!("/repos/acme/widgets/statuses/{head}"), status).await;
    world.push_file("acme/widgets", "main", "b.txt", "two\n").unwrap();
    let query = r#"query($h: String!) { repository(owner: "acme", name: "widgets") {
        pullRequests(headRefName: $h, first: 5, orderBy: {field: CREATED_AT, direction: DESC}) { nodes {
            number title state isDraft author { login } viewerDidAuthor headRefName baseRefName mergeable merged mergedAt
            mergedBy { login } mergeCommit { oid tree { oid } } labels(first: 50) { nodes { name } }
            baseRef { target { oid } compare(headRef: $h) { aheadBy behindBy status } }
            commits(last: 1) { nodes { commit { oid tree { oid } committedDate committer { user { login } }
                statusCheckRollup { state contexts(first: 100) { nodes { __typename
                    ... on CheckRun { name status conclusion title summary startedAt checkSuite { app { databaseId } } }
                    ... on StatusContext { context state description createdAt } } pageInfo { hasNextPage } } } } } }
            reviews(first: 100) { nodes { databaseId author { login } viewerDidAuthor state body submittedAt commit { oid } }
                pageInfo { hasNextPage } }
            reviewThreads(first: 50) { nodes { id isResolved path comments(first: 30) { nodes {
                databaseId author { login } viewerDidAuthor body } } } pageInfo { hasNextPage } }
            files(first: 100) { nodes { path additions deletions } pageInfo { hasNextPage } } } } } }"#;
    let got = send(&twin, "POST", "/graphql", json!({"query": query, "variables": {"h": "topic"}})).await;
    assert!(got.body.get("errors").is_none(), "{}", got.body);
    let pull = &got.body["data"]["repository"]["pullRequests"]["nodes"][0];
    let commit = &pull["commits"]["nodes"][0]["commit"];
    let rollup = &commit["statusCheckRollup"];
    let reviews: Vec<String> = pull["reviews"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|review| format!("{} {} {}", review["author"]["login"], review["state"], review["body"]))
        .collect();
    let thread = &pull["reviewThreads"]["nodes"][0];
    for (what, value, expected) in [
        ("oid", &commit["oid"], json!(head)),
        ("committer", &commit["committer"]["user"]["login"], json!("operator")),
        ("compare", &pull["baseRef"]["compare"], json!({"aheadBy": 1, "behindBy": 1, "status": "DIVERGED"})),
        ("rollup", &rollup["state"], json!("SUCCESS")),
        ("status", &rollup["contexts"]["nodes"][0]["description"], json!("clean")),
        ("files", &pull["files"]["nodes"], json!([{"path": "a.txt", "additions": 1, "deletions": 0}])),
        ("resolved", &thread["isResolved"], json!(false)),
        ("reply", &thread["comments"]["nodes"][1]["viewerDidAuthor"], json!(true)),
        ("mergeable", &pull["mergeable"], json!("MERGEABLE")),
    ] {
        assert_eq!(*value, expected, "{what}: {pull}");
    }
    assert_eq!(
        reviews,
        [r#""ann" "APPROVED" "fine""#, r#""ann" "COMMENTED" """#, r#""operator" "COMMENTED" """#]
    );
    let resolve = format!(
        "mutation {{ resolveReviewThread(input: {{threadId: {}}}) {{ thread {{ isResolved resolvedBy {{ login }} }} }} }}",
        thread["id"]
    );
    let got = graphql(&twin, &resolve).await;
    assert_eq!(
        got.body["data"]["resolveReviewThread"]["thread"],
        json!({"isResolved": true, "resolvedBy": {"login": "operator"}}),
        "{}",
        got.body
    );
    twin.stop().await;
}

#[tokio::test]
async fn a_verdict_is_dismissed_once() {
    let (twin, _) = twin_with_pull().await;
    let id = twin.world().review("acme/widgets", 1, "ann", ReviewState::ChangesRequested, "no").unwrap();
    let path = format!("{PULLS}/1/reviews/{id}/dismissals");
    for (message, status) in [("", 422), ("stale", 200), ("again", 422)] {
        let got = send(&twin, "PUT", &path, json!({"message": message})).await;
        assert_eq!(got.status, status, "{message}: {}", got.body);
    }
    assert_eq!(get(&twin, &format!("{PULLS}/1/reviews")).await.body[0]["state"], "DISMISSED");
    twin.stop().await;
}

#[tokio::test]
async fn a_branch_is_brought_up_to_date() {
    let (twin, head) = twin_with_pull().await;
    let path = format!("{PULLS}/1/update-branch");
    let update = |expected: &str| send(&twin, "PUT", &path, json!({"expected_head_sha": expected}));
    assert_eq!(update(&head).await.status, 422, "nothing is new");
    let main = twin.world().push_file("acme/widgets", "main", "b.txt", "two\n").unwrap();
    assert_eq!(update(&main).await.status, 422, "another head");
    let got = update(&head).await;
    assert_eq!((got.status, &got.body["message"]), (202, &json!("Updating pull request branch.")));
    let tip = get(&twin, "/repos/acme/widgets/commits/topic").await.body;
    let parents: Vec<&str> =
        tip["parents"].as_array().unwrap().iter().map(|parent| parent["sha"].as_str().unwrap()).collect();
    assert_eq!(parents, [head.as_str(), main.as_str()]);
    assert_eq!(get(&twin, &format!("{PULLS}/1")).await.body["head"]["sha"], tip["sha"]);
    assert_eq!(get(&twin, &format!("{PULLS}/1")).await.body["commits"], 2);
    twin.world().push_file("acme/widgets", "main", "a.txt", "other\n").unwrap();
    let got = update(tip["sha"].as_str().unwrap()).await;
    assert_eq!((got.status, &got.body["message"]), (422, &json!("merge conflict between base and head")));
    twin.stop().await;
}

#[tokio::test]
async fn rights_are_told_by_login() {
    let (twin, _) = twin_with_pull().await;
    twin.world().permission("acme/secret", "ann", world::Permission::Read).unwrap();
    twin.world().mutate(|world| drop(world.add_user("bob").login.clone()));
    for (repo, login, expected) in [
        ("widgets", "operator", "admin"),
        ("widgets", "ann", "write"),
        ("widgets", "bob", "read"),
        ("secret", "ann", "read"),
        ("secret", "bob", "none"),
    ] {
        let got = get(&twin, &format!("/repos/acme/{repo}/collaborators/{login}/permission")).await;
        assert_eq!(got.body["permission"], expected, "{repo} {login}");
    }
    assert_eq!(get(&twin, "/repos/acme/secret/collaborators/nobody/permission").await.status, 404);
    twin.stop().await;
}

#[tokio::test]
async fn a_second_app_approves_what_the_first_opened() {
    let twin = twin_with_app().await;
    twin.world().mutate(|world| {
        let mut app = world::App::new(8, "critic", "acme");
        app.installations.push(world::Installation::full(80, "acme"));
        app.installations[0].permissions.retain(|name, _| name == "pull_requests" || name == "metadata");
        world.apps.insert(8, app);
    });
    let world = twin.world();
    world.push_file("acme/secret", "topic", "a.txt", "one\n").unwrap();
    world.require_approvals("acme/secret", 1).unwrap();
    let mut tokens = Vec::new();
    for (app, installation) in [(7, 70), (8, 80)] {
        let path = format!("/app/installations/{installation}/access_tokens");
        let got = ask(&twin, "POST", &path, None, &[("authorization", &jwt(app, 500))]).await.unwrap();
        tokens.push(format!("Bearer {}", got.body["token"].as_str().unwrap()));
    }
    let by = async |who: usize, method: &'static str, path: &str, body: Value| {
        let path = format!("/repos/acme/secret/{path}");
        ask(&twin, method, &path, Some(body), &[("authorization", &tokens[who])]).await.unwrap()
    };
    let (author, critic) = (0, 1);
    let opened = by(author, "POST", "pulls", json!({"title": "T", "head": "topic", "base": "main"})).await;
    assert_eq!(
        (opened.status, &opened.body["user"]["login"]),
        (201, &json!("factory[bot]")),
        "{}",
        opened.body
    );
    let (number, head) = (opened.body["number"].clone(), opened.body["head"]["sha"].clone());
    let (reviews, merge) = (format!("pulls/{number}/reviews"), format!("pulls/{number}/merge"));
    let approve = json!({"event": "APPROVE", "commit_id": head, "body": "good"});
    let refused = by(author, "POST", &reviews, approve.clone()).await;
    assert_eq!(
        (refused.status, &refused.body["errors"]),
        (422, &json!(["Can not approve your own pull request"]))
    );
    let comment = json!({"event": "COMMENT", "commit_id": head, "body": "good"});
    assert_eq!(by(author, "POST", &reviews, comment).await.status, 200);
    let refused = by(author, "PUT", &merge, json!({"sha": head})).await;
    assert_eq!(refused.status, 405);
    assert!(refused.body["message"].as_str().unwrap().contains("At least 1 approving review is required"));
    let approved = by(critic, "POST", &reviews, approve).await;
    assert_eq!(
        (approved.status, &approved.body["state"], &approved.body["user"]["login"]),
        (200, &json!("APPROVED"), &json!("critic[bot]")),
        "{}",
        approved.body
    );
    assert_eq!(
        by(critic, "PUT", &merge, json!({"sha": head})).await.status,
        403,
        "it may review, and nothing else"
    );
    assert_eq!(by(author, "PUT", &merge, json!({"sha": head})).await.status, 200);
    twin.stop().await;
}

/// Of a base that is put back its pull requests tell, and a comparison tells what they still have of it.
#[tokio::test]
async fn a_base_that_is_put_back_is_told_of() {
    let (twin, _head) = twin_with_pull().await;
    let world = twin.world();
    let first = world.push_file("acme/widgets", "main", "b.txt", "two\n").unwrap();
    let second = world.push_file("acme/widgets", "main", "c.txt", "three\n").unwrap();
    world.put_back("acme/widgets", "main", &first).unwrap();
    let query = r#"{ repository(owner: "acme", name: "widgets") { pullRequest(number: 1) {
        timelineItems(last: 5, itemTypes: [BASE_REF_FORCE_PUSHED_EVENT]) { totalCount nodes { __typename
            ... on BaseRefForcePushedEvent { actor { login } beforeCommit { oid } afterCommit { oid } } } }
        baseRef { compare(headRef: "topic") { aheadBy behindBy } } } } }"#;
    let got = graphql(&twin, query).await;
    let pull = &got.body["data"]["repository"]["pullRequest"];
    let event = json!({
        "__typename": "BaseRefForcePushedEvent", "actor": {"login": "operator"},
        "beforeCommit": {"oid": second}, "afterCommit": {"oid": first},
    });
    assert_eq!(pull["timelineItems"], json!({"totalCount": 1, "nodes": [event]}), "{}", got.body);
    assert_eq!(pull["baseRef"]["compare"], json!({"aheadBy": 1, "behindBy": 1}));
    for (between, expected) in [
        (format!("{first}...{second}"), (200, json!("ahead"), json!(1), json!(0), json!(first))),
        (format!("{second}...main"), (200, json!("behind"), json!(0), json!(1), json!(first))),
        ("main...topic".to_owned(), (200, json!("diverged"), json!(1), json!(1), json!(null))),
        (format!("main...{}", "f".repeat(40)), (404, json!("404"), json!(null), json!(null), json!(null))),
    ] {
        let got = send(&twin, "GET", &format!("/repos/acme/widgets/compare/{between}"), json!(null)).await;
        let body = &got.body;
        assert_eq!((got.status, &body["status"]), (expected.0, &expected.1), "{between}: {body}");
        assert_eq!((&body["ahead_by"], &body["behind_by"]), (&expected.2, &expected.3), "{between}: {body}");
        if !expected.4.is_null() {
            assert_eq!(body["merge_base_commit"]["sha"], expected.4, "{between}");
        }
    }
    twin.stop().await;
}
