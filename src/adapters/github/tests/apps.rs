//! A GitHub App on several organisations: tokens made once, replaced in time, and when they are refused.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::join_all;
use secrecy::ExposeSecret;

use super::{config, seen, told, twin_of};
use crate::adapters::clock::Clock;
use crate::adapters::github::{Auth, Client, Config, Kind};
use crate::twin::world::{App, Installation, World};
use crate::twin::{FaultAction, FaultRule, Twin};

const KEY: &str = include_str!("app_key.pem");

fn world() -> World {
    let mut world = World::new("acme");
    world.add_organisation("other", "operator");
    world.add_organisation("asleep", "operator");
    for owner in ["acme", "other", "asleep"] {
        world.add_repo(owner, "widgets");
    }
    let installations = [(71, "acme"), (72, "other"), (73, "asleep")];
    let mut installations = installations.map(|(id, owner)| Installation::full(id, owner)).to_vec();
    installations[2].suspended = true;
    let app = App {
        id: 7,
        slug: "factory".into(),
        name: "Factory".into(),
        owner: "acme".into(),
        public_key_pem: include_str!("app_key.pub.pem").into(),
        installations,
    };
    world.apps.insert(app.id, app);
    world
}

fn app(twin: &Twin) -> Config {
    let mut config = config(twin);
    config.auth = Auth::App { id: 7, key_pem: KEY.into() };
    config
}

fn mints(twin: &Twin) -> usize {
    seen(twin).iter().filter(|request| request.ends_with("/access_tokens")).count()
}

#[tokio::test]
async fn each_organisation_has_its_own_token_made_once() {
    let twin = twin_of(world()).await;
    let client = Client::new(app(&twin)).unwrap();
    let paths = ["acme", "ACME", "other"].map(|owner| (owner, format!("/repos/{owner}/widgets")));
    let reads = paths.iter().cycle().take(30).map(|(owner, path)| client.read(owner, path));
    for reply in join_all(reads).await {
        reply.unwrap();
    }
    assert_eq!(mints(&twin), 2);
    assert_eq!(seen(&twin).iter().filter(|request| request.contains("/app/installations?")).count(), 1);
    let token = client.git_token("acme").await.unwrap();
    assert_ne!(token.expose_secret(), client.git_token("other").await.unwrap().expose_secret());
    assert_eq!(client.identity("acme").await.unwrap().login(), "factory[bot]");
    twin.stop().await;
}

#[tokio::test]
async fn a_token_is_replaced_five_minutes_before_its_end() {
    let twin = twin_of(world()).await;
    let mut config = app(&twin);
    let clock = Clock::manual(Clock::system().now());
    config.clock = clock.clone();
    let client = Client::new(config).unwrap();
    let first = client.git_token("acme").await.unwrap();
    clock.advance(Duration::from_mins(54));
    assert_eq!(client.git_token("acme").await.unwrap().expose_secret(), first.expose_secret());
    clock.advance(Duration::from_mins(2));
    assert_ne!(client.git_token("acme").await.unwrap().expose_secret(), first.expose_secret());
    assert_eq!(mints(&twin), 2);
    twin.stop().await;
}

#[tokio::test]
async fn while_no_new_token_can_be_had_the_old_one_serves() {
    let twin = twin_of(world()).await;
    let mut config = app(&twin);
    let clock = Clock::manual(Clock::system().now());
    (config.clock, config.retries.first) = (clock.clone(), Duration::ZERO);
    let client = Client::new(config).unwrap();
    let first = client.git_token("acme").await.unwrap();
    let down = FaultAction::Status { status: 503, body: None, headers: BTreeMap::new() };
    twin.set_faults(vec![FaultRule::every(down).on("POST", "/app/installations/*/access_tokens")]).unwrap();
    clock.advance(Duration::from_mins(56));
    assert_eq!(client.git_token("acme").await.unwrap().expose_secret(), first.expose_secret());
    assert_eq!(client.read("acme", "/repos/acme/widgets").await.unwrap().body["name"], "widgets");
    clock.advance(Duration::from_mins(4));
    assert_eq!(client.git_token("acme").await.unwrap_err().kind(), &Kind::Server);
    twin.stop().await;
}

#[tokio::test]
async fn a_revoked_token_is_replaced_and_the_call_made_again() {
    let twin = twin_of(world()).await;
    let client = Client::new(app(&twin)).unwrap();
    client.read("acme", "/repos/acme/widgets").await.unwrap();
    twin.world().mutate(|world| world.installation_tokens.clear());
    client.read("acme", "/repos/acme/widgets").await.unwrap();
    assert_eq!(mints(&twin), 2);
    twin.stop().await;
}

#[tokio::test]
async fn owners_without_an_installation_are_told_from_those_that_suspended_it() {
    let twin = twin_of(world()).await;
    let client = Client::new(app(&twin)).unwrap();
    let absent = client.read("stranger", "/repos/stranger/x").await.unwrap_err();
    let asleep = client.read("asleep", "/repos/asleep/widgets").await.unwrap_err();
    assert_eq!(
        absent.kind(),
        &Kind::Forbidden { needs: Vec::new() },
        "never `Absent`: nothing was looked for"
    );
    assert_eq!(asleep.kind(), &Kind::Forbidden { needs: Vec::new() });
    insta::assert_snapshot!(told(&absent, &twin) + "\n" + &told(&asleep, &twin), @r"
    forbidden for this credential: GET /app/installations: the GitHub App isn't installed on stranger
    forbidden for this credential: GET /app/installations: the GitHub App is suspended by asleep
    ");
    assert_eq!(seen(&twin).len(), 1, "one list serves both");
    twin.stop().await;
}

#[tokio::test]
async fn another_apps_key_is_unauthorized() {
    let mut world = world();
    let app_of_world = world.apps.remove(&7).unwrap();
    world.apps.insert(8, App { id: 8, ..app_of_world });
    let twin = twin_of(world).await;
    let client = Client::new(app(&twin)).unwrap();
    let error = client.read("acme", "/repos/acme/widgets").await.unwrap_err();
    assert_eq!(error.kind(), &Kind::Unauthorized);
    assert!(!format!("{error:?}{client:?}{:?}", app(&twin)).contains("PRIVATE KEY"));
    twin.stop().await;
}
