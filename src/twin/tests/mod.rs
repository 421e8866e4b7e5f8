//! The twin over real HTTP, asked as a client would.

mod apps;
mod auto_merge;
mod ci;
mod gh;
mod git;
mod graphql;
mod issues;
mod queue;
mod rest;
mod reviews;
mod routes;
mod server;
mod webhooks;

use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use super::*;
use crate::twin::world::{self, Visibility};

/// What came back.
struct Got {
    status: u16,
    headers: http::HeaderMap,
    body: Value,
}

/// Sends one request; an error is a connection that broke.
async fn ask(
    twin: &Twin,
    method: &str,
    path: &str,
    body: Option<Value>,
    headers: &[(&str, &str)],
) -> Result<Got, String> {
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
    twin.record_bodies(true);
    let response = client.request(request).await.map_err(|error| format!("{error:?}"))?;
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.map_err(|error| format!("{error:?}"))?.to_bytes();
    if !path.starts_with("/_twin") {
        judge_later(twin);
    }
    let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| json!(String::from_utf8_lossy(&bytes)));
    Ok(Got { status: parts.status.as_u16(), headers: parts.headers, body })
}

/// Hands the last exchange to the judges in `tests/judges`, where `TWIN_RECORD` names a folder for it.
fn judge_later(twin: &Twin) {
    use std::io::Write as _;

    let Some(folder) = std::env::var_os("TWIN_RECORD") else { return };
    let folder = std::path::Path::new(&folder);
    let append = |name: &str, line: &Value| {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(folder.join(name));
        file.unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
    };
    let Some(last) = twin.log().pop().filter(|entry| entry.fault.is_none()) else { return };
    let body: Value =
        serde_json::from_str(last.response_body.as_deref().unwrap_or_default()).unwrap_or_default();
    if last.path.ends_with("/graphql") {
        let request: Value = serde_json::from_str(last.request_body.as_deref().unwrap_or_default()).unwrap();
        append(
            "graphql.jsonl",
            &json!({"query": request["query"], "variables": request["variables"], "status": last.status}),
        );
    } else {
        append(
            "rest.jsonl",
            &json!({"method": last.method, "path": last.path, "status": last.status, "body": body}),
        );
    }
    std::fs::write(folder.join("twin.graphql"), graphql_sdl()).unwrap();
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
