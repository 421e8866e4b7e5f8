//! Repositories, labels and what hangs on them.

use serde_json::json;

use super::*;

#[tokio::test]
async fn a_repository_is_read_changed_renamed_and_deleted() {
    let twin = twin().await;
    let got = get(&twin, "/repos/ACME/Widgets").await;
    assert_eq!(
        (got.status, &got.body["full_name"], &got.body["has_wiki"]),
        (200, &json!("acme/widgets"), &json!(true))
    );
    let got =
        send(&twin, "PATCH", "/repos/acme/widgets", json!({"has_wiki": false, "description": "x"})).await;
    assert_eq!(
        (got.status, &got.body["has_wiki"], &got.body["description"]),
        (200, &json!(false), &json!("x"))
    );
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
        assert_eq!(
            (got.status, &error["field"], &error["code"]),
            (422, &json!(field), &json!(code)),
            "{name}"
        );
    }
    let got = send(&twin, "PATCH", "/repos/acme/widgets/labels/bug", json!({"new_name": "defect"})).await;
    assert_eq!((got.status, &got.body["name"]), (200, &json!("defect")));
    assert_eq!(
        ask(&twin, "DELETE", "/repos/acme/widgets/labels/defect", None, &[]).await.unwrap().status,
        204
    );
    assert_eq!(
        ask(&twin, "DELETE", "/repos/acme/widgets/labels/defect", None, &[]).await.unwrap().status,
        404
    );
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
    let again =
        ask(&twin, "GET", "/repos/acme/widgets/labels?per_page=4&page=2", None, &[("if-none-match", tag)])
            .await
            .unwrap();
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
async fn issues_keep_their_labels_through_renames() {
    let twin = twin().await;
    let base = "/repos/acme/widgets";
    let path = |rest: &str| format!("{base}/{rest}");
    let got = send(&twin, "POST", &path("issues"), json!({"title": "T", "labels": ["bug", "made up"]})).await;
    assert_eq!((got.status, got.body["labels"].as_array().unwrap().len()), (201, 2), "{}", got.body);
    let names = || async {
        let labels = get(&twin, &path("issues/1/labels")).await.body;
        labels
            .as_array()
            .unwrap()
            .iter()
            .map(|label| label["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    send(&twin, "PATCH", &path("labels/bug"), json!({"new_name": "defect"})).await;
    assert_eq!(names().await, ["defect", "made up"]);
    ask(&twin, "DELETE", &path("labels/made%20up"), None, &[]).await.unwrap();
    assert_eq!(names().await, ["defect"]);
    send(&twin, "POST", &path("issues/1/labels"), json!({"labels": ["question"]})).await;
    assert_eq!(names().await, ["defect", "question"]);
    assert_eq!(ask(&twin, "DELETE", &path("issues/1/labels/defect"), None, &[]).await.unwrap().status, 200);
    assert_eq!(ask(&twin, "DELETE", &path("issues/1/labels/defect"), None, &[]).await.unwrap().status, 404);
    send(&twin, "PUT", &path("issues/1/labels"), json!({"labels": []})).await;
    assert_eq!(names().await, [""; 0]);
    let closed = send(&twin, "PATCH", &path("issues/1"), json!({"state": "closed"})).await;
    assert_eq!(
        (&closed.body["state"], &closed.body["state_reason"]),
        (&json!("closed"), &json!("completed"))
    );
    assert_eq!(get(&twin, &path("issues")).await.body, json!([]));
    assert_eq!(get(&twin, &path("issues?state=all")).await.body.as_array().unwrap().len(), 1);
    send(&twin, "PATCH", base, json!({"has_issues": false})).await;
    assert_eq!(send(&twin, "POST", &path("issues"), json!({"title": "T"})).await.status, 410);
    twin.stop().await;
}

#[tokio::test]
async fn comments_are_written_edited_and_deleted() {
    let twin = twin().await;
    let base = "/repos/acme/widgets/issues";
    send(&twin, "POST", base, json!({"title": "T"})).await;
    let got = send(&twin, "POST", &format!("{base}/1/comments"), json!({"body": "one"})).await;
    assert_eq!(got.status, 201);
    let comment = format!("{base}/comments/{}", got.body["id"]);
    assert_eq!(send(&twin, "PATCH", &comment, json!({"body": "two"})).await.body["body"], "two");
    assert_eq!(get(&twin, &format!("{base}/1")).await.body["comments"], 1);
    assert_eq!(ask(&twin, "DELETE", &comment, None, &[]).await.unwrap().status, 204);
    assert_eq!(get(&twin, &comment).await.status, 404);
    assert_eq!(
        send(&twin, "POST", &format!("{base}/1/comments"), json!({"body": "x".repeat(65_537)})).await.status,
        422
    );
    assert_eq!(send(&twin, "POST", &format!("{base}/9/comments"), json!({"body": "x"})).await.status, 404);
    twin.stop().await;
}

#[tokio::test]
async fn enterprise_addresses_stay_enterprise() {
    let twin = twin().await;
    let got = get(&twin, "/api/v3/repos/acme/widgets").await;
    assert_eq!(got.body["url"], format!("{}/api/v3/repos/acme/widgets", twin.url()));
    assert_eq!(got.body["clone_url"], format!("{}/acme/widgets.git", twin.url()));
    let got = send(&twin, "POST", "/api/graphql", json!({"query": "{ viewer { login } }"})).await;
    assert_eq!(got.body["data"]["viewer"]["login"], "operator");
    twin.stop().await;
}

#[tokio::test]
async fn a_unix_socket_speaks_of_the_host_it_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("gh.sock");
    let mut world = World::new("acme");
    world.add_repo("acme", "widgets");
    let twin = Twin::start(Options { world, unix_socket: Some(socket.clone()), ..Options::default() })
        .await
        .unwrap();
    let mut stream = tokio::net::UnixStream::connect(&socket).await.unwrap();
    let request = format!(
        "GET /repos/acme/widgets/labels?per_page=1 HTTP/1.1\r\nHost: api.github.com\r\nAuthorization: token {}\r\nConnection: close\r\n\r\n",
        twin.token()
    );
    tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut answer).await.unwrap();
    assert!(answer.contains("<https://api.github.com/repositories/"), "{answer}");
    twin.stop().await;
    assert!(!socket.exists());
}
