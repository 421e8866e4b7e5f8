//! The client against the twin over HTTP. The key pair beside this file is for these tests alone.

mod apps;
mod faults;
mod reads;
mod writes;

use std::time::Duration;

use super::{Auth, Client, Config, Error};
use crate::adapters::store::Store;
use crate::twin::world::World;
use crate::twin::{Options, Twin};

/// A twin with one organisation `acme` that has a repository `widgets`.
async fn twin() -> Twin {
    let mut world = World::new("acme");
    world.add_repo("acme", "widgets");
    twin_of(world).await
}

async fn twin_of(world: World) -> Twin {
    Twin::start(Options { world, ..Options::default() }).await.expect("the twin starts")
}

/// A client's configuration for the twin, with pauses of a millisecond and a fixed seed.
fn config(twin: &Twin) -> Config {
    let mut config =
        Config::new(twin.url().parse().expect("the twin's URL"), Auth::Token(twin.token().into()));
    config.retries.first = Duration::from_millis(1);
    config.retries.seed = Some(1);
    config
}

fn client(twin: &Twin) -> Client {
    Client::new(config(twin)).expect("a client")
}

/// A client with a cache of its own; the folder must outlive it.
fn caching(twin: &Twin, dir: &tempfile::TempDir) -> Client {
    let mut config = config(twin);
    config.cache = Some(Store::open(&dir.path().join("cache")).expect("a cache"));
    Client::new(config).expect("a client")
}

/// The requests that the twin saw, in order, as `METHOD path`.
fn seen(twin: &Twin) -> Vec<String> {
    twin.log().iter().map(|request| format!("{} {}", request.method, request.path)).collect()
}

/// An error as people see it, its causes below, with neither port nor secret in it.
fn told(error: &Error, twin: &Twin) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}\n  {error}");
        cause = error.source();
    }
    let debug = format!("{error:?}{error:#?}");
    assert!(!text.contains(twin.token()) && !debug.contains(twin.token()), "a token in {text}");
    text
}
