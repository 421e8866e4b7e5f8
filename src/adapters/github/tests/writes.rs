//! Writes: refused with GitHub's reasons, never following a move, never sharing an older answer.

use http::Method;
use serde_json::{Value, json};

use super::{client, config, seen, told, twin, twin_of};
use crate::adapters::github::{Auth, Client, Effect, Kind};
use crate::twin::world::{Token, World};

#[tokio::test]
async fn refusals_carry_their_reason() {
    let mut world = World::new("acme");
    world.add_repo("acme", "widgets");
    world.add_repo("acme", "old").settings.archived = true;
    world.add_token("ghp_reader", Token { read_only: true, ..Token::classic("operator") });
    world.add_token("ghp_expired", Token { expired: true, ..Token::classic("operator") });
    let twin = twin_of(world).await;
    let token = twin.token().to_owned();
    let rows = [
        ("ghp_expired", "/repos/acme/widgets", json!({"description": "x"})),
        ("ghp_reader", "/repos/acme/widgets", json!({"description": "x"})),
        (&*token, "/repos/acme/absent", json!({"description": "x"})),
        (&*token, "/repos/acme/old", json!({"description": "x"})),
        (&*token, "/repos/acme/widgets", json!({"name": ""})),
        (&*token, "/repos/acme/widgets/labels/bug", json!({"new_name": "duplicate"})),
    ];
    let mut text = String::new();
    for (token, path, body) in rows {
        let mut config = config(&twin);
        config.auth = Auth::Token(token.into());
        let client = Client::new(config).unwrap();
        let error = client.write("acme", Method::PATCH, path, &body, Effect::Idempotent).await.unwrap_err();
        let id = error.request_id().expect("a request id").to_owned();
        text.push_str(&told(&error, &twin).replace(&id, "ID"));
        text.push('\n');
        assert_eq!(client.stats().retries, 0);
        assert!(!error.may_have_happened());
    }
    insta::assert_snapshot!(text, @r#"
    GitHub doesn't accept the credential: PATCH /repos/acme/widgets: Bad credentials (401, request ID)
    forbidden for this credential, which needs administration=write: PATCH /repos/acme/widgets: Resource not accessible by personal access token (403, request ID)
    not found, or not visible to this credential: PATCH /repos/acme/absent: Not Found (404, request ID)
    the repository is archived: PATCH /repos/acme/old: Repository was archived so is read-only. (403, request ID)
    GitHub refuses the request because of Repository.name (custom, name is too long (maximum is 100 characters) or invalid): PATCH /repos/acme/widgets: Validation Failed (422, request ID)
    GitHub refuses the request because of Label.name (already_exists): PATCH /repos/acme/widgets/labels/bug: Validation Failed (422, request ID)
    "#);
    twin.stop().await;
}

#[tokio::test]
async fn a_write_to_a_renamed_repository_says_what_it_is_called_now() {
    let twin = twin().await;
    let client = client(&twin);
    let rename = json!({"name": "gadgets"});
    client.write("acme", Method::PATCH, "/repos/acme/widgets", &rename, Effect::Idempotent).await.unwrap();
    twin.clear_log();
    let label = json!({"name": "new", "color": "ededed"});
    let error = client
        .write("acme", Method::POST, "/repos/acme/widgets/labels", &label, Effect::Create)
        .await
        .unwrap_err();
    assert!(matches!(error.kind(), Kind::Moved { now: Some(name), .. } if name == "acme/gadgets"), "{error}");
    assert!(!seen(&twin).iter().any(|request| request.starts_with("POST /repositories")));
    let labels = client.pages("acme", "/repos/acme/gadgets/labels").await.unwrap();
    assert!(labels.iter().all(|label| label["name"] != "new"));
    twin.stop().await;
}

#[tokio::test]
async fn a_read_after_a_write_never_shares_an_answer_from_before_it() {
    let twin = twin().await;
    let client = client(&twin);
    twin.set_faults(vec![
        crate::twin::FaultRule::every(crate::twin::FaultAction::Delay { ms: 300 })
            .on("GET", "/repos/acme/widgets")
            .times(1),
    ])
    .unwrap();
    let early = client.read("acme", "/repos/acme/widgets");
    let late = async {
        while seen(&twin).is_empty() {
            tokio::task::yield_now().await;
        }
        let body = json!({"description": "new"});
        client.write("acme", Method::PATCH, "/repos/acme/widgets", &body, Effect::Idempotent).await.unwrap();
        client.read("acme", "/repos/acme/widgets").await.unwrap()
    };
    let (early, late) = tokio::join!(early, late);
    assert!(early.is_ok());
    assert_eq!(late.body["description"], "new");
    assert_eq!(client.stats().coalesced, 0);
    twin.stop().await;
}

#[tokio::test]
async fn a_write_without_a_body_has_none_and_no_answer_is_null() {
    let twin = twin().await;
    let client = client(&twin);
    let reply = client
        .write("acme", Method::DELETE, "/repos/acme/widgets/labels/bug", &Value::Null, Effect::Idempotent)
        .await;
    let reply = reply.unwrap();
    assert_eq!((reply.status, reply.body), (204, Value::Null));
    assert_eq!(client.stats().bytes_out, 0);
    twin.stop().await;
}
