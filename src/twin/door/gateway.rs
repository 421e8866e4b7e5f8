//! One request from arrival to answer: log, latency, faults, identity, limits, dispatch, validators.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, Response};

use super::auth::{self, Caller};
use super::failure::Failure;
use super::faults::{FaultAction, Seen};
use super::limits::{Meter, Pool};
use super::outage::{broken, secondary};
use super::session::Session;
use super::wire::{Answer, abort};
use crate::twin::git::{self, GitPath};
use crate::twin::graphql::{self, Api, Prepared};
use crate::twin::rest;
use crate::twin::shape::Urls;
use crate::twin::state::{Shared, now};
use crate::twin::world::World;

/// The most that a request may carry.
const MAX_REQUEST: usize = 256 * 1024 * 1024;
/// The most of a body that the log keeps.
const MAX_RECORDED: usize = 1024 * 1024;

/// How a client reached the twin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Via {
    Tcp,
    Unix,
}

/// What a path leads to.
enum Target {
    Rest(String),
    Graphql,
    Git(GitPath),
}

/// A request, read whole.
struct Arrived {
    n: u64,
    method: String,
    query: String,
    headers: HeaderMap,
    body: Vec<u8>,
    target: Target,
    urls: Urls,
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Which part of GitHub a path belongs to, and the base it was reached by.
fn target(path: &str) -> (Target, &'static str) {
    if path == "/graphql" || path == "/api/graphql" {
        return (Target::Graphql, if path == "/graphql" { "" } else { "/api/v3" });
    }
    if let Some(rest) = path.strip_prefix("/api/v3").filter(|rest| rest.is_empty() || rest.starts_with('/')) {
        return (Target::Rest(rest.trim_end_matches('/').to_owned()), "/api/v3");
    }
    match GitPath::parse(path) {
        Some(git) => (Target::Git(git), ""),
        None => (Target::Rest(path.trim_end_matches('/').to_owned()), ""),
    }
}

/// Answers one request.
pub(crate) async fn serve(shared: Arc<Shared>, api: Api, via: Via, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let whole = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let n = shared.lock().arrive(parts.method.as_str(), &whole);
    let Ok(body) = axum::body::to_bytes(body, MAX_REQUEST).await else {
        return abort(); // the client went away, or sent too much
    };
    let (target, base) = target(parts.uri.path());
    let host = text(&parts.headers, "host");
    // Through the socket clients speak of api.github.com; Git must still find us.
    let (api_root, html) = match via {
        Via::Tcp if host.is_empty() => (shared.url.clone(), shared.url.clone()),
        Via::Tcp => (format!("http://{host}"), format!("http://{host}")),
        Via::Unix => (format!("https://{host}"), shared.url.clone()),
    };
    let arrived = Arrived {
        n,
        method: parts.method.as_str().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body: body.to_vec(),
        target,
        urls: Urls { api: format!("{api_root}{base}"), html },
    };
    let records = shared.records();
    shared.lock().note(n, |entry| {
        entry.request_bytes = arrived.body.len() as u64;
        if records {
            entry.request_body = Some(recorded(&arrived.body));
        }
    });
    answer(&shared, &api, arrived).await
}

fn recorded(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(MAX_RECORDED)]).into_owned()
}

/// Applies latency and faults around the real work.
async fn answer(shared: &Arc<Shared>, api: &Api, arrived: Arrived) -> Response<Body> {
    let prepared = match &arrived.target {
        Target::Graphql => Some(graphql::prepare(&arrived.body)),
        Target::Rest(_) | Target::Git(_) => None,
    };
    let names = match &prepared {
        Some(Ok(prepared)) => prepared.names.clone(),
        Some(Err(_)) | None => Vec::new(),
    };
    let path = match &arrived.target {
        Target::Rest(path) => path.clone(),
        Target::Graphql => "/graphql".to_owned(),
        Target::Git(git) => format!("/{}/{}.git/{}", git.owner, git.name, git.rest),
    };
    let (fault, latency) = {
        let mut state = shared.lock();
        if let Some(Ok(prepared)) = &prepared {
            state.note(arrived.n, |entry| entry.operation.clone_from(&prepared.name));
        }
        let fault = state.fault(&Seen { method: &arrived.method, path: &path, operations: &names });
        if let Some((action, _)) = &fault {
            state.note(arrived.n, |entry| entry.fault = Some(action.name().to_owned()));
        }
        (fault, state.latency)
    };
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let n = arrived.n;
    let (action, then) = fault.map_or((None, None), |(action, world)| (Some(action), Some(world)));
    if let Some(action) = &action {
        match action {
            FaultAction::ResetBefore => return abort(),
            FaultAction::Delay { ms } => tokio::time::sleep(Duration::from_millis(*ms)).await,
            FaultAction::Status { .. }
            | FaultAction::PrimaryLimit { .. }
            | FaultAction::SecondaryLimit { .. }
            | FaultAction::MalformedJson
            | FaultAction::Html { .. } => {
                let mut answer = broken(action, matches!(arrived.target, Target::Graphql));
                finish(shared, n, &mut answer);
                return answer.whole();
            }
            FaultAction::ResetAfter
            | FaultAction::Truncate
            | FaultAction::SlowBody { .. }
            | FaultAction::Stale { .. } => {}
        }
    }
    let stale = matches!(action, Some(FaultAction::Stale { .. })).then_some(then).flatten();
    let mut answer = work(shared, api, &arrived, prepared, stale).await;
    if matches!(action, Some(FaultAction::ResetAfter)) {
        return abort();
    }
    finish(shared, n, &mut answer);
    if arrived.method == "HEAD" {
        answer.body.clear();
    }
    match action {
        Some(FaultAction::Truncate) => answer.truncated(),
        Some(FaultAction::SlowBody { ms }) => answer.slow(Duration::from_millis(ms)),
        Some(_) | None => answer.whole(),
    }
}

/// The last headers, and the log.
fn finish(shared: &Shared, n: u64, answer: &mut Answer) {
    answer.header("server", "twin");
    answer.header("x-github-request-id", format!("TWIN:{n:06X}"));
    answer.header("x-github-media-type", "github.v3; format=json");
    answer.header("x-github-api-version-selected", "2022-11-28");
    let records = shared.records();
    let mut state = shared.lock();
    let answered_us = state.running_us();
    state.note(n, |entry| {
        entry.status = answer.status;
        entry.answered_us = answered_us;
        entry.response_bytes = answer.body.len() as u64;
        if records {
            entry.response_body = Some(recorded(&answer.body));
        }
    });
}

/// Ends a request that was counted as in flight, however it ends.
struct Flight<'s> {
    shared: &'s Shared,
    key: String,
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.shared.lock().usage.end(&self.key);
    }
}

/// Identity, limits, and the answer itself.
async fn work(
    shared: &Arc<Shared>,
    api: &Api,
    arrived: &Arrived,
    prepared: Option<Result<Prepared, Failure>>,
    stale: Option<Arc<World>>,
) -> Answer {
    let now = now();
    let world = stale.unwrap_or_else(|| shared.world());
    let header = arrived.headers.get("authorization").and_then(|value| value.to_str().ok());
    let caller = match auth::identify(&world, header, now) {
        Ok(caller) => caller,
        Err(failure) => {
            if matches!(arrived.target, Target::Git(_)) {
                return git::unauthorised();
            }
            return Answer::failure(&failure);
        }
    };
    let key = caller.key();
    let limits = world.limits.clone();
    let creates = match &prepared {
        Some(Ok(prepared)) => prepared.writes,
        Some(Err(_)) => false,
        None => {
            arrived.method == "POST"
                && matches!(&arrived.target, Target::Rest(path) if !path.ends_with("/access_tokens"))
        }
    };
    let began = shared.lock().usage.begin(&key, creates, &limits, now);
    if began.is_err() {
        let mut answer = Answer::failure(&secondary(limits.secondary_status));
        answer.header("retry-after", limits.retry_after_s.to_string());
        return answer;
    }
    let _flight = Flight { shared, key: key.clone() };
    let scopes = caller.scopes();
    let session = Session::new(Arc::clone(shared), caller, arrived.urls.clone(), now, world);
    match &arrived.target {
        Target::Git(path) => git::serve(&session, path, git_call(arrived, path)).await,
        Target::Rest(path) => {
            let free = path == "/rate_limit" || matches!(session.caller, Caller::App { .. });
            let charged = free || shared.lock().usage.charge(&key, Pool::Core, 1, &limits, now);
            let mut answer = if charged { rest_answer(&session, arrived, path) } else { exhausted(&session) };
            if answer.status == 304 && !free {
                shared.lock().usage.refund(&key, Pool::Core);
            }
            let meter = shared.lock().usage.meter(&key, Pool::Core, &limits, now);
            meter_headers(&mut answer, &meter, Pool::Core);
            scope_headers(&mut answer, scopes);
            answer
        }
        Target::Graphql => {
            let prepared = match prepared {
                Some(Ok(prepared)) if arrived.method == "POST" => prepared,
                Some(Err(failure)) => return Answer::failure(&failure),
                Some(Ok(_)) | None => return Answer::failure(&Failure::not_found()),
            };
            let mut answer = graphql_answer(shared, api, session, arrived.n, prepared).await;
            scope_headers(&mut answer, scopes);
            answer
        }
    }
}

/// A classic token is told its scopes with each answer.
fn scope_headers(answer: &mut Answer, scopes: Option<String>) {
    let Some(scopes) = scopes else { return };
    answer.header("x-oauth-scopes", scopes);
    if !answer.headers.iter().any(|(name, _)| name == "x-accepted-oauth-scopes") {
        answer.header("x-accepted-oauth-scopes", "repo");
    }
}

fn git_call(arrived: &Arrived, path: &GitPath) -> git::Call {
    git::Call {
        folder: String::new(),
        rest: path.rest.clone(),
        query: arrived.query.clone(),
        method: arrived.method.clone(),
        content_type: text(&arrived.headers, "content-type").to_owned(),
        content_encoding: text(&arrived.headers, "content-encoding").to_owned(),
        protocol: text(&arrived.headers, "git-protocol").to_owned(),
        user: String::new(),
        body: arrived.body.clone(),
    }
}

fn meter_headers(answer: &mut Answer, meter: &Meter, pool: Pool) {
    answer.header("x-ratelimit-limit", meter.limit.to_string());
    answer.header("x-ratelimit-remaining", meter.remaining().to_string());
    answer.header("x-ratelimit-used", meter.used.to_string());
    answer.header("x-ratelimit-reset", meter.reset.as_second().to_string());
    answer.header("x-ratelimit-resource", pool.as_str());
}

fn exhausted(session: &Session) -> Answer {
    let text = format!("API rate limit exceeded for {}.", session.caller.key());
    Answer::failure(&Failure::new(403, "RATE_LIMITED", text))
}

fn rest_answer(session: &Session, arrived: &Arrived, path: &str) -> Answer {
    let call = rest::Call {
        method: &arrived.method,
        path,
        query: &arrived.query,
        body: &arrived.body,
        accept: text(&arrived.headers, "accept"),
    };
    let Some(outcome) = rest::dispatch(session, &call) else {
        let what = format!("{} {path}", arrived.method);
        let failure = Failure::new(501, "UNKNOWN", format!("The twin has no route {what}"));
        session.shared.lock().wonder(what);
        return Answer::failure(&failure);
    };
    let reply = match outcome {
        Ok(reply) => reply,
        Err(failure) => return Answer::failure(&failure),
    };
    let mut answer = match reply.body {
        rest::Content::Json(body) => Answer::json(reply.status, &body),
        rest::Content::Bytes(body) => Answer {
            status: reply.status,
            headers: vec![(
                "content-type".to_owned(),
                "application/vnd.github.raw; charset=utf-8".to_owned(),
            )],
            body,
        },
        rest::Content::Nothing => Answer { status: reply.status, ..Answer::default() },
    };
    for (name, value) in reply.headers {
        answer.header(name, value);
    }
    if reply.status == 200 && ["GET", "HEAD"].contains(&arrived.method.as_str()) && path != "/rate_limit" {
        validate(&mut answer, text(&arrived.headers, "if-none-match"));
    }
    answer
}

/// Adds the entity tag; what the client already has isn't sent again.
fn validate(answer: &mut Answer, known: &str) {
    let link = answer.headers.iter().find(|(name, _)| name == "link").map_or("", |(_, link)| link);
    let digest = blake3::Hasher::new().update(&answer.body).update(link.as_bytes()).finalize();
    let tag = format!("W/\"{}\"", digest.to_hex());
    let strong = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let matches = known.split(',').any(|one| one.trim() == "*" || strong(one) == strong(&tag));
    answer.header("etag", tag);
    answer.header("cache-control", "private, max-age=60, s-maxage=60");
    answer.header("vary", "Accept, Authorization, Cookie, X-GitHub-OTP");
    if matches {
        answer.status = 304;
        answer.body.clear();
        answer.headers.retain(|(name, _)| name != "content-type");
    }
}

async fn graphql_answer(
    shared: &Arc<Shared>,
    api: &Api,
    session: Session,
    n: u64,
    prepared: Prepared,
) -> Answer {
    let (key, now) = (session.caller.key(), session.now);
    let limits = session.world().limits.clone();
    if matches!(session.caller, Caller::Anonymous | Caller::App { .. }) {
        let text = "This endpoint requires you to be authenticated.";
        return Answer::failure(&Failure::new(401, "UNAUTHENTICATED", text));
    }
    let points = prepared.cost.as_ref().map_or(1, |cost| cost.points);
    let charged = shared.lock().usage.charge(&key, Pool::Graphql, points, &limits, now);
    shared.lock().note(n, |entry| entry.cost = Some(points));
    let mut answer = if charged {
        let executed = graphql::execute(api, Arc::new(session), prepared).await;
        let mut state = shared.lock();
        for what in executed.unknown {
            state.wonder(what);
        }
        Answer::json(executed.status, &executed.body)
    } else {
        let failure = Failure::new(200, "RATE_LIMITED", format!("API rate limit exceeded for {key}."));
        Answer::json(200, &graphql::errors_only(&failure))
    };
    let meter = shared.lock().usage.meter(&key, Pool::Graphql, &limits, now);
    meter_headers(&mut answer, &meter, Pool::Graphql);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_lead_to_their_part() {
        let name = |path: &str| match target(path) {
            (Target::Rest(rest), base) => format!("rest {base}|{rest}"),
            (Target::Graphql, base) => format!("graphql {base}|"),
            (Target::Git(git), _) => format!("git {}/{}", git.owner, git.name),
        };
        for (path, expected) in [
            ("/", "rest |"),
            ("/repos/a/b", "rest |/repos/a/b"),
            ("/api/v3", "rest /api/v3|"),
            ("/api/v3/user/", "rest /api/v3|/user"),
            ("/graphql", "graphql |"),
            ("/api/graphql", "graphql /api/v3|"),
            ("/a/b.git/info/refs", "git a/b"),
        ] {
            assert_eq!(name(path), expected, "{path}");
        }
    }

    #[test]
    fn an_equal_tag_is_not_modified() {
        let mut first = Answer::json(200, &json!({"a": 1}));
        validate(&mut first, "");
        let tag = first.headers.iter().find(|(name, _)| name == "etag").unwrap().1.clone();
        for (known, expected) in
            [(tag.as_str(), 304), (tag.trim_start_matches("W/"), 304), ("\"x\"", 200), ("*", 304)]
        {
            let mut again = Answer::json(200, &json!({"a": 1}));
            validate(&mut again, known);
            assert_eq!(again.status, expected, "{known}");
        }
    }
}
