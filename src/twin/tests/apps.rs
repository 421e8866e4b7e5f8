//! GitHub Apps, their tokens, and what only they may do; the audit log.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;

use super::world::{App, Installation};
use super::*;

/// A JWT of an App, good from now for so many seconds.
pub(super) fn jwt(app: u64, seconds: i64) -> String {
    let now = jiff::Timestamp::now().as_second();
    let claims = json!({"iss": app.to_string(), "iat": now - 60, "exp": now + seconds});
    let key = EncodingKey::from_rsa_pem(App::PRIVATE_KEY.as_bytes()).unwrap();
    format!("Bearer {}", jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &key).unwrap())
}

pub(super) async fn twin_with_app() -> Twin {
    let twin = twin().await;
    twin.world().mutate(|world| {
        let mut app = App::new(7, "factory", "acme");
        app.installations.push(Installation::full(70, "acme"));
        world.apps.insert(7, app);
    });
    twin
}

#[tokio::test]
async fn an_app_gets_a_token_and_makes_check_runs() {
    let twin = twin_with_app().await;
    let by = |token: &str, method: &'static str, path: &'static str, body: Option<Value>| {
        let (twin, token) = (&twin, token.to_owned());
        async move { ask(twin, method, path, body, &[("authorization", &token)]).await.unwrap() }
    };
    let app = jwt(7, 500);
    assert_eq!(by(&app, "GET", "/app", None).await.body["slug"], "factory");
    assert_eq!(by(&app, "GET", "/app/installations", None).await.body[0]["id"], 70);
    assert_eq!(by(&app, "GET", "/orgs/acme/installation", None).await.body["id"], 70);
    assert_eq!(
        by(&app, "GET", "/repos/acme/secret/installation", None).await.body["account"]["login"],
        "acme"
    );
    for (name, token) in [("late", jwt(7, -5)), ("too long", jwt(7, 4000)), ("not an App", jwt(8, 100))] {
        assert_eq!(by(&token, "GET", "/app", None).await.status, 401, "{name}");
    }
    let got = by(&app, "POST", "/app/installations/70/access_tokens", None).await;
    assert_eq!(got.status, 201, "{}", got.body);
    let token = format!("Bearer {}", got.body["token"].as_str().unwrap());
    let sha = get(&twin, "/repos/acme/secret/commits/main").await.body["sha"].clone();
    let body = json!({"name": "plan", "head_sha": sha, "status": "in_progress"});
    let refused = send(&twin, "POST", "/repos/acme/secret/check-runs", body.clone()).await;
    assert_eq!(
        (refused.status, &refused.body["message"]),
        (403, &json!("You must authenticate via a GitHub App."))
    );
    let run = by(&token, "POST", "/repos/acme/secret/check-runs", Some(body)).await;
    assert_eq!((run.status, &run.body["status"]), (201, &json!("in_progress")), "{}", run.body);
    let path = format!("/repos/acme/secret/check-runs/{}", run.body["id"]);
    let done =
        ask(&twin, "PATCH", &path, Some(json!({"conclusion": "success"})), &[("authorization", &token)])
            .await;
    assert_eq!(done.unwrap().body["status"], "completed");
    let runs = get(&twin, "/repos/acme/secret/commits/main/check-runs").await.body;
    assert_eq!((&runs["total_count"], &runs["check_runs"][0]["app"]["slug"]), (&json!(1), &json!("factory")));
    let graphql = json!({"query": "{ viewer { login } }"});
    assert_eq!(
        by(&token, "POST", "/graphql", Some(graphql)).await.body["data"]["viewer"]["login"],
        "factory[bot]"
    );
    twin.world().mutate(|world| {
        for token in world.installation_tokens.values_mut() {
            token.expires_at = world::epoch();
        }
    });
    assert_eq!(by(&token, "GET", "/repos/acme/secret", None).await.status, 401);
    twin.stop().await;
}

#[tokio::test]
async fn an_installation_may_do_what_it_was_granted() {
    let twin = twin_with_app().await;
    twin.world().mutate(|world| {
        let installation = &mut world.apps.get_mut(&7).unwrap().installations[0];
        installation.permissions.remove("administration");
        installation.repositories = Some(vec!["secret".to_owned()]);
    });
    let app = jwt(7, 500);
    let got = ask(&twin, "POST", "/app/installations/70/access_tokens", None, &[("authorization", &app)])
        .await
        .unwrap();
    let token = format!("token {}", got.body["token"].as_str().unwrap());
    let auth = [("authorization", token.as_str())];
    let got =
        ask(&twin, "PATCH", "/repos/acme/secret", Some(json!({"has_wiki": false})), &auth).await.unwrap();
    assert_eq!((got.status, &got.body["message"]), (403, &json!("Resource not accessible by integration")));
    let got =
        ask(&twin, "POST", "/repos/acme/secret/labels", Some(json!({"name": "x"})), &auth).await.unwrap();
    assert_eq!(got.status, 201);
    let got =
        ask(&twin, "POST", "/repos/acme/widgets/labels", Some(json!({"name": "x"})), &auth).await.unwrap();
    assert_eq!(got.status, 403, "public, but not selected");
    let list = ask(&twin, "GET", "/installation/repositories", None, &auth).await.unwrap().body;
    assert_eq!((&list["total_count"], &list["repositories"][0]["name"]), (&json!(1), &json!("secret")));
    twin.stop().await;
}

#[tokio::test]
async fn statuses_add_up_and_the_audit_log_tells_who() {
    let twin = twin().await;
    let sha = get(&twin, "/repos/acme/secret/commits/main").await.body["sha"].as_str().unwrap().to_owned();
    let set = |state: &str, context: &str| {
        let path = format!("/repos/acme/secret/statuses/{sha}");
        let body = json!({"state": state, "context": context});
        let twin = &twin;
        async move { send(twin, "POST", &path, body).await.status }
    };
    let combined =
        || async { get(&twin, "/repos/acme/secret/commits/main/status").await.body["state"].clone() };
    assert_eq!(combined().await, "pending");
    assert_eq!(
        (set("success", "a").await, set("failure", "b").await, set("odd", "c").await),
        (201, 201, 422)
    );
    assert_eq!(combined().await, "failure");
    assert_eq!(set("success", "b").await, 201);
    assert_eq!(combined().await, "success");
    send(&twin, "PATCH", "/repos/acme/secret", json!({"archived": true})).await;
    let log = get(&twin, "/orgs/acme/audit-log?phrase=repo:acme/secret").await.body;
    assert_eq!((&log[0]["action"], &log[0]["actor"]), (&json!("repo.archived"), &json!("operator")));
    twin.stop().await;
}
