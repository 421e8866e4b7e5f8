//! From bytes to meaning: an answer becomes a [`Reply`] or a classified [`Error`]. Pure.
//!
//! The status alone doesn't tell: a 403 may be a missing permission, an archived repository, a spent pool or
//! too many requests at once, and each wants another reaction.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use jiff::Timestamp;
use serde_json::Value;
use url::Url;

use crate::adapters::clock::{after, until};
use crate::adapters::github::error::{Error, FieldError, Kind};
use crate::adapters::github::links::{Links, below};

/// What GitHub asks for when it says "slow down" without saying for how long.
const UNSTATED_WAIT: Duration = Duration::from_mins(1);
/// The longest message of GitHub's that is repeated to people.
const LONGEST_MESSAGE: usize = 500;

/// A successful answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Its status; 200 when a 304 took it from the cache.
    pub status: u16,
    /// The JSON; null where the answer has no body.
    pub body: Value,
    /// What vouches for the body in a later request.
    pub etag: Option<String>,
    /// Where the listing goes on.
    pub links: Links,
    /// What GitHub calls this request.
    pub request_id: Option<String>,
    /// Whether a 304 to this request took the body from the cache.
    pub from_cache: bool,
    /// The path that answered, where the one asked for has moved.
    pub moved_to: Option<String>,
}

/// What came over the wire.
#[derive(Debug, Clone)]
pub(crate) struct Raw {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What was asked, as far as classification needs it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a Method,
    /// Below the base.
    pub(crate) path: &'a str,
    pub(crate) base: &'a Url,
    pub(crate) now: Timestamp,
}

/// Reads one answer. A 304 is an error here: only the cache knows what it vouches for.
pub(crate) fn classify(asked: Asked<'_>, raw: &Raw) -> Result<Reply, Error> {
    let request_id = text(&raw.headers, "x-github-request-id");
    let fail = |kind| {
        Error::new(kind, asked.method, asked.path)
            .with_status(raw.status.as_u16())
            .with_request_id(request_id.clone())
    };
    if !raw.status.is_success() {
        let said = said(&raw.body);
        let kind = refusal(asked, raw, &said);
        let pause = (kind == Kind::Server).then(|| retry_after(asked.now, &raw.headers)).flatten();
        return Err(fail(kind).with_message(said.message).with_retry_after(pause));
    }
    let body = parse(raw).map_err(|(why, cause)| match cause {
        Some(cause) => fail(Kind::Malformed { why }).with_cause(cause),
        None => fail(Kind::Malformed { why }),
    })?;
    let links = match text(&raw.headers, "link") {
        Some(header) => Links::parse(&header, asked.base)
            .map_err(|_| fail(Kind::Malformed { why: "a listing that goes on at another host" }))?,
        None => Links::default(),
    };
    Ok(Reply {
        status: raw.status.as_u16(),
        body,
        etag: text(&raw.headers, "etag"),
        links,
        request_id,
        from_cache: false,
        moved_to: None,
    })
}

/// The JSON of an answer, or what is wrong with it.
fn parse(raw: &Raw) -> Result<Value, (&'static str, Option<serde_json::Error>)> {
    if raw.headers.contains_key(header::CONTENT_ENCODING) {
        return Err(("compressed though nobody asked for that", None));
    }
    match raw.body.trim_ascii_start().first() {
        None => Ok(Value::Null),
        Some(b'<') => Err(("HTML, not JSON", None)),
        Some(_) => serde_json::from_slice(&raw.body).map_err(|error| {
            let why = if error.is_eof() { "cut short" } else { "not JSON" };
            (why, Some(error))
        }),
    }
}

fn refusal(asked: Asked<'_>, raw: &Raw, said: &Said) -> Kind {
    match raw.status.as_u16() {
        401 => Kind::Unauthorized,
        403 | 429 => limit(asked.now, raw, said).unwrap_or_else(|| {
            if said.mentions("archived so is read-only") {
                Kind::Archived
            } else {
                Kind::Forbidden { needs: needs(&raw.headers) }
            }
        }),
        404 | 410 => Kind::Absent,
        409 | 412 | 423 => Kind::Conflict,
        451 => Kind::Forbidden { needs: Vec::new() },
        301 | 302 | 307 | 308 => moved(asked, &raw.headers),
        408 => Kind::Timeout,
        501 => Kind::Invalid { errors: Vec::new() },
        400..=499 => Kind::Invalid { errors: said.errors.clone() },
        500..=599 => Kind::Server,
        _ => Kind::Malformed { why: "of a status that GitHub doesn't use" },
    }
}

/// Which limit a 403 or 429 speaks of; nothing where it speaks of none.
///
/// A spent pool alone is no sign: the last request before the reset may be refused for another reason.
fn limit(now: Timestamp, raw: &Raw, said: &Said) -> Option<Kind> {
    let retry_after = text(&raw.headers, "retry-after");
    let limited = raw.status == StatusCode::TOO_MANY_REQUESTS || said.mentions("rate limit");
    let spent = text(&raw.headers, "x-ratelimit-remaining").as_deref() == Some("0");
    if spent && limited && retry_after.is_none() && !said.mentions("secondary rate limit") {
        let until = number(&raw.headers, "x-ratelimit-reset")
            .and_then(|second| Timestamp::from_second(second).ok())
            .unwrap_or_else(|| after(now, UNSTATED_WAIT));
        return Some(Kind::PrimaryLimit { until });
    }
    (limited || retry_after.is_some() || said.mentions("abuse detection")).then(|| Kind::SecondaryLimit {
        retry_after: retry_after
            .and_then(|seconds| seconds.trim().parse().ok())
            .map_or(UNSTATED_WAIT, Duration::from_secs),
    })
}

/// For how long a server that fails wants to be left alone: a number of seconds, or a moment.
fn retry_after(now: Timestamp, headers: &HeaderMap) -> Option<Duration> {
    let header = text(headers, header::RETRY_AFTER.as_str())?;
    if let Ok(seconds) = header.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    jiff::fmt::rfc2822::parse(header.trim()).ok().map(|at| until(now, at.timestamp()))
}

/// Of which scopes or permissions one would do. Where a token has such a scope, it isn't what it lacks.
fn needs(headers: &HeaderMap) -> Vec<String> {
    let permissions = text(headers, "x-accepted-github-permissions");
    let scopes = text(headers, "x-accepted-oauth-scopes");
    let (list, separator) = match (&permissions, &scopes) {
        (Some(permissions), _) => (permissions.as_str(), ';'),
        (None, Some(scopes)) => (scopes.as_str(), ','),
        (None, None) => ("", ','),
    };
    let split = |list: &str, separator: char| -> Vec<String> {
        list.split(separator).map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    let needs = split(list, separator);
    let has = split(&text(headers, "x-oauth-scopes").unwrap_or_default(), ',');
    if needs.iter().any(|need| has.contains(need)) { Vec::new() } else { needs }
}

fn moved(asked: Asked<'_>, headers: &HeaderMap) -> Kind {
    match text(headers, "location") {
        Some(location) => Kind::Moved { to: below(asked.base, &location).unwrap_or(location), now: None },
        None => Kind::Malformed { why: "a redirect that doesn't say where to" },
    }
}

/// What GitHub says in the body of a refusal.
#[derive(Debug, Default)]
struct Said {
    message: Option<String>,
    errors: Vec<FieldError>,
}

impl Said {
    fn mentions(&self, words: &str) -> bool {
        self.message.as_ref().is_some_and(|message| message.to_lowercase().contains(words))
    }
}

/// Reads the body of a refusal; any body will do, for proxies send theirs too.
fn said(body: &[u8]) -> Said {
    let Ok(Value::Object(body)) = serde_json::from_slice(body) else {
        return Said::default();
    };
    let errors = match body.get("errors") {
        Some(Value::Array(errors)) => errors.iter().map(field_error).collect(),
        Some(Value::String(error)) => vec![FieldError { message: Some(error.clone()), ..nothing() }],
        _ => Vec::new(),
    };
    let message = body.get("message").and_then(Value::as_str).map(|message| {
        let end = message.floor_char_boundary(LONGEST_MESSAGE);
        message[..end].to_owned()
    });
    Said { message, errors }
}

fn field_error(error: &Value) -> FieldError {
    let part = |name: &str| error.get(name).and_then(Value::as_str).map(str::to_owned);
    match error.as_str() {
        Some(message) => FieldError { message: Some(message.to_owned()), ..nothing() },
        None => FieldError {
            resource: part("resource"),
            field: part("field"),
            code: part("code"),
            message: part("message"),
        },
    }
}

fn nothing() -> FieldError {
    FieldError { resource: None, field: None, code: None, message: None }
}

/// A header's text, where it has one.
pub(crate) fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// A header's number, where it has one.
pub(crate) fn number(headers: &HeaderMap, name: &str) -> Option<i64> {
    headers.get(name).and_then(|value| value.to_str().ok()).and_then(|value| value.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::fmt::Write;

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Result<Reply, Error> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        let raw = Raw {
            status: StatusCode::from_u16(status).unwrap(),
            headers: map,
            body: Bytes::from(body.to_owned()),
        };
        let base = "https://api.github.com".parse().unwrap();
        let asked =
            Asked { method: &Method::PATCH, path: "/repos/acme/a", base: &base, now: Timestamp::UNIX_EPOCH };
        classify(asked, &raw)
    }

    #[test]
    fn each_refusal_is_told_from_its_neighbours() {
        type Row = (u16, &'static [(&'static str, &'static str)], &'static str);
        const SPENT: (&str, &str) = ("x-ratelimit-remaining", "0");
        let rows: &[Row] = &[
            (404, &[("x-github-request-id", "0A:1")], r#"{"message":"Not Found"}"#),
            (410, &[], r#"{"message":"Gone"}"#),
            (401, &[], r#"{"message":"Bad credentials"}"#),
            (
                403,
                &[("x-accepted-oauth-scopes", "admin:org, repo")],
                r#"{"message":"Must have admin rights to Repository."}"#,
            ),
            (
                403,
                &[("x-accepted-oauth-scopes", "repo"), ("x-oauth-scopes", "gist, repo")],
                r#"{"message":"Must have admin rights to Repository."}"#,
            ),
            (
                403,
                &[("x-accepted-github-permissions", "administration=write")],
                r#"{"message":"Resource not accessible by integration"}"#,
            ),
            (403, &[SPENT], r#"{"message":"Must have admin rights to Repository."}"#),
            (
                403,
                &[SPENT, ("x-ratelimit-reset", "1800")],
                r#"{"message":"API rate limit exceeded for user ID 1."}"#,
            ),
            (429, &[SPENT, ("x-ratelimit-reset", "1800")], "{}"),
            (403, &[], r#"{"message":"You have exceeded a secondary rate limit. Please wait"}"#),
            (403, &[("retry-after", "7")], r#"{"message":"You have exceeded a secondary rate limit."}"#),
            (429, &[("retry-after", "soon")], ""),
            (403, &[], r#"{"message":"Repository was archived so is read-only."}"#),
            (409, &[], r#"{"message":"Head branch was modified. Review and try the merge again."}"#),
            (
                422,
                &[],
                r#"{"message":"Validation Failed","errors":[{"resource":"Label","code":"already_exists","field":"name"},"and more"]}"#,
            ),
            (422, &[], r#"{"message":"Reference already exists","errors":"one text"}"#),
            (400, &[], r#"{"message":"Problems parsing JSON"}"#),
            (501, &[], r#"{"message":"unknown route"}"#),
            (
                301,
                &[("location", "https://api.github.com/repositories/7")],
                r#"{"message":"Moved Permanently"}"#,
            ),
            (307, &[("location", "https://elsewhere.test/x")], ""),
            (301, &[], ""),
            (502, &[], "<html>Unicorn!</html>"),
            (503, &[("retry-after", "30")], "<html>Maintenance</html>"),
            (503, &[("retry-after", "Thu, 01 Jan 1970 00:02:00 GMT")], ""),
            (503, &[("retry-after", "soon")], ""),
            (304, &[], ""),
            (200, &[], "<html>"),
            (200, &[], r#"{"a": [1, 2"#),
            (200, &[], "{'a'}"),
            (200, &[("content-encoding", "gzip")], "{}"),
            (200, &[("link", r#"<https://evil.test/x>; rel="next""#)], "[]"),
        ];
        let mut seen = String::new();
        for (status, headers, body) in rows {
            let error = answer(*status, headers, body).unwrap_err();
            writeln!(seen, "{error}\n   {:?}", error.disposition()).unwrap();
        }
        insta::assert_snapshot!(seen, @r"
        not found, or not visible to this credential: PATCH /repos/acme/a: Not Found (404, request 0A:1)
           GiveUp
        not found, or not visible to this credential: PATCH /repos/acme/a: Gone (410)
           GiveUp
        GitHub doesn't accept the credential: PATCH /repos/acme/a: Bad credentials (401)
           GiveUp
        forbidden for this credential, which needs admin:org or repo: PATCH /repos/acme/a: Must have admin rights to Repository. (403)
           GiveUp
        forbidden for this credential: PATCH /repos/acme/a: Must have admin rights to Repository. (403)
           GiveUp
        forbidden for this credential, which needs administration=write: PATCH /repos/acme/a: Resource not accessible by integration (403)
           GiveUp
        forbidden for this credential: PATCH /repos/acme/a: Must have admin rights to Repository. (403)
           GiveUp
        the rate limit is spent until 1970-01-01T00:30:00Z: PATCH /repos/acme/a: API rate limit exceeded for user ID 1. (403)
           OutOfCredit { until: 1970-01-01T00:30:00Z }
        the rate limit is spent until 1970-01-01T00:30:00Z: PATCH /repos/acme/a (429)
           OutOfCredit { until: 1970-01-01T00:30:00Z }
        too many requests in a short time, wait 60 s: PATCH /repos/acme/a: You have exceeded a secondary rate limit. Please wait (403)
           Retry { after: 60s }
        too many requests in a short time, wait 7 s: PATCH /repos/acme/a: You have exceeded a secondary rate limit. (403)
           Retry { after: 7s }
        too many requests in a short time, wait 60 s: PATCH /repos/acme/a (429)
           Retry { after: 60s }
        the repository is archived: PATCH /repos/acme/a: Repository was archived so is read-only. (403)
           GiveUp
        conflict with the present state: PATCH /repos/acme/a: Head branch was modified. Review and try the merge again. (409)
           Retry { after: 1s }
        GitHub refuses the request because of Label.name (already_exists), and more: PATCH /repos/acme/a: Validation Failed (422)
           GiveUp
        GitHub refuses the request because of one text: PATCH /repos/acme/a: Reference already exists (422)
           GiveUp
        GitHub refuses the request: PATCH /repos/acme/a: Problems parsing JSON (400)
           Bug
        GitHub refuses the request: PATCH /repos/acme/a: unknown route (501)
           Bug
        moved to /repositories/7: PATCH /repos/acme/a: Moved Permanently (301)
           GiveUp
        moved to https://elsewhere.test/x: PATCH /repos/acme/a (307)
           GiveUp
        the answer is a redirect that doesn't say where to: PATCH /repos/acme/a (301)
           Retry { after: 10s }
        GitHub failed: PATCH /repos/acme/a (502)
           Retry { after: 10s }
        GitHub failed, wait 30 s: PATCH /repos/acme/a (503)
           Retry { after: 30s }
        GitHub failed, wait 120 s: PATCH /repos/acme/a (503)
           Retry { after: 120s }
        GitHub failed: PATCH /repos/acme/a (503)
           Retry { after: 10s }
        the answer is of a status that GitHub doesn't use: PATCH /repos/acme/a (304)
           Retry { after: 10s }
        the answer is HTML, not JSON: PATCH /repos/acme/a (200)
           Retry { after: 10s }
        the answer is cut short: PATCH /repos/acme/a (200)
           Retry { after: 10s }
        the answer is not JSON: PATCH /repos/acme/a (200)
           Retry { after: 10s }
        the answer is compressed though nobody asked for that: PATCH /repos/acme/a (200)
           Retry { after: 10s }
        the answer is a listing that goes on at another host: PATCH /repos/acme/a (200)
           Retry { after: 10s }
        ");
    }

    #[test]
    fn a_name_that_is_taken_is_known_by_its_code_or_by_githubs_words() {
        let rows = [
            (r#"{"errors":[{"resource":"Label","field":"name","code":"already_exists"}]}"#, true),
            (
                r#"{"errors":[{"resource":"Repository","field":"name","code":"custom","message":"name already exists on this account"}]}"#,
                true,
            ),
            (
                r#"{"errors":[{"resource":"Repository","field":"name","code":"custom","message":"name is too long"}]}"#,
                false,
            ),
            (r#"{"errors":[{"resource":"Hook","field":"base","code":"already_exists"}]}"#, false),
            (r#"{"message":"Reference already exists"}"#, false),
        ];
        for (body, taken) in rows {
            assert_eq!(answer(422, &[], body).unwrap_err().name_is_taken(), taken, "{body}");
        }
        assert!(!answer(403, &[], rows[0].0).unwrap_err().name_is_taken());
    }

    #[test]
    fn a_success_keeps_what_later_requests_need() {
        let link = r#"<https://api.github.com/x?page=2>; rel="next""#;
        let reply =
            answer(200, &[("etag", "W/\"1\""), ("link", link), ("x-github-request-id", "A")], "[1]").unwrap();
        assert_eq!(reply.body, serde_json::json!([1]));
        assert_eq!(reply.etag.as_deref(), Some("W/\"1\""));
        assert_eq!(reply.links.next.as_deref(), Some("/x?page=2"));
        assert_eq!(answer(204, &[], "").unwrap().body, Value::Null);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(status in 200_u16..600, body in "[\\PC\u{0}]{0,40}", header in "[ -~]{0,20}") {
            let names = ["link", "retry-after", "location", "x-ratelimit-reset"];
            let headers: Vec<_> = names.map(|name| (name, header.as_str())).into();
            drop(answer(status, &headers, &body));
        }
    }
}
