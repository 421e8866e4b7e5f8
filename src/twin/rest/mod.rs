//! GitHub's REST API: a table of routes, each with one function.
//!
//! A route that isn't in the table is answered by the gateway with 501 and remembered.

mod accounts;
mod activity;
mod apps;
mod audit;
mod checks;
mod code;
mod comments;
mod dependencies;
mod hooks;
mod issues;
mod labels;
mod meta;
mod pages;
mod people;
mod pulls;
mod repositories;
mod reviews;

use std::sync::Arc;

use serde_json::Value;

use crate::twin::acts::Tx;
use crate::twin::door::auth::Need;
use crate::twin::door::failure::Failure;
use crate::twin::door::session::Session;
use crate::twin::shape::{self, Urls};
use crate::twin::world::{Account, Repo, World};

/// A successful answer.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Content,
    pub(crate) headers: Vec<(&'static str, String)>,
}

/// What an answer carries.
pub(crate) enum Content {
    Json(Value),
    Bytes(Vec<u8>),
    Nothing,
}

impl Reply {
    pub(crate) fn ok(body: Value) -> Self {
        Self { status: 200, body: Content::Json(body), headers: Vec::new() }
    }

    pub(crate) fn created(body: Value) -> Self {
        let headers = body["url"].as_str().map(|url| ("location", url.to_owned())).into_iter().collect();
        Self { status: 201, body: Content::Json(body), headers }
    }

    pub(crate) fn no_content() -> Self {
        Self { status: 204, body: Content::Nothing, headers: Vec::new() }
    }
}

pub(crate) type Outcome = Result<Reply, Failure>;

/// One entry of the table. `{name}` takes a segment, `{name...}` the rest of the path.
pub(crate) struct Route {
    method: &'static str,
    pattern: &'static str,
    act: fn(&Cx<'_>) -> Outcome,
}

/// Shorthand for the tables.
const fn route(method: &'static str, pattern: &'static str, act: fn(&Cx<'_>) -> Outcome) -> Route {
    Route { method, pattern, act }
}

/// The tables, in the order in which they are searched.
const TABLES: &[&[Route]] = &[
    meta::ROUTES,
    accounts::ROUTES,
    apps::ROUTES,
    repositories::ROUTES,
    labels::ROUTES,
    comments::ROUTES,
    dependencies::ROUTES,
    issues::ROUTES,
    people::ROUTES,
    pulls::ROUTES,
    reviews::ROUTES,
    checks::ROUTES,
    activity::ROUTES,
    code::ROUTES,
    hooks::ROUTES,
    audit::ROUTES,
];

/// Every route: method and pattern.
#[cfg(test)]
pub(crate) fn patterns() -> impl Iterator<Item = (&'static str, &'static str)> {
    TABLES.iter().flat_map(|table| table.iter()).map(|route| (route.method, route.pattern))
}

/// Which route a request takes.
#[cfg(test)]
pub(crate) fn pattern_of(method: &str, path: &str) -> Option<(&'static str, &'static str)> {
    patterns().find(|(other, pattern)| *other == method && matches(pattern, path).is_some())
}

/// One request, taken apart.
pub(crate) struct Cx<'a> {
    pub(crate) session: &'a Session,
    params: Vec<(&'static str, String)>,
    query: Vec<(String, String)>,
    /// The body; null when there was none.
    pub(crate) body: Value,
    /// The path below the API's base, as sent.
    path: &'a str,
    method: &'a str,
    accept: &'a str,
}

/// A request before it is routed.
pub(crate) struct Call<'a> {
    pub(crate) method: &'a str,
    /// Below the API's base, still percent-encoded.
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) body: &'a [u8],
    pub(crate) accept: &'a str,
}

/// Finds the route and takes it; `None` when there is none.
pub(crate) fn dispatch(session: &Session, call: &Call<'_>) -> Option<Outcome> {
    let by_id = canonical(&session.world(), call.path);
    let path = by_id.as_deref().unwrap_or(call.path);
    let method = if call.method == "HEAD" { "GET" } else { call.method };
    let (route, params) = TABLES
        .iter()
        .flat_map(|table| table.iter())
        .filter(|route| route.method == method)
        .find_map(|route| Some((route, matches(route.pattern, path)?)))?;
    let body = if call.body.is_empty() {
        Ok(Value::Null)
    } else {
        serde_json::from_slice(call.body)
            .map_err(|_| Failure::new(400, "BAD_REQUEST", "Problems parsing JSON"))
    };
    let query = url::form_urlencoded::parse(call.query.as_bytes());
    Some(body.and_then(|body| {
        let cx = Cx {
            session,
            params,
            query: query.map(|(name, value)| (name.into_owned(), value.into_owned())).collect(),
            body,
            path,
            method,
            accept: call.accept,
        };
        (route.act)(&cx)
    }))
}

/// `/repositories/{id}/…` and `/organizations/{id}/…` are other names for the same things.
fn canonical(world: &World, path: &str) -> Option<String> {
    let mut parts = path.strip_prefix('/')?.splitn(3, '/');
    let (kind, id) = (parts.next()?, parts.next()?.parse::<u64>().ok()?);
    let rest = parts.next().map_or_else(String::new, |rest| format!("/{rest}"));
    match kind {
        "repositories" => world.repos.get(&id).map(|repo| format!("/repos/{}{rest}", repo.full_name())),
        "organizations" => {
            let account = world.accounts.values().find(|account| account.id == id)?;
            Some(format!("/orgs/{}{rest}", account.login))
        }
        _ => None,
    }
}

fn matches(pattern: &'static str, path: &str) -> Option<Vec<(&'static str, String)>> {
    let mut params = Vec::new();
    let mut segments = path.trim_end_matches('/').split('/');
    for part in pattern.split('/') {
        let segment = segments.next();
        let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) else {
            if segment != Some(part) {
                return None;
            }
            continue;
        };
        if let Some(name) = name.strip_suffix("...") {
            let rest: Vec<&str> = segment.into_iter().chain(segments).collect();
            params.push((name, shape::decode(&rest.join("/"))));
            return Some(params);
        }
        params.push((name, shape::decode(segment.filter(|segment| !segment.is_empty())?)));
    }
    segments.next().is_none().then_some(params)
}

impl Cx<'_> {
    /// A parameter of the path, decoded.
    pub(crate) fn param(&self, name: &str) -> &str {
        self.params.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
    }

    /// A number in the path; anything else is not found.
    pub(crate) fn number(&self, name: &str) -> Result<u64, Failure> {
        self.param(name).parse().map_err(|_| Failure::not_found())
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn urls(&self) -> &Urls {
        &self.session.urls
    }

    pub(crate) fn world(&self) -> Arc<World> {
        self.session.world()
    }

    pub(crate) fn accepts(&self, media: &str) -> bool {
        self.accept.contains(media)
    }

    /// The repository in the path. A former name redirects: 301 for reads, 307 for writes.
    pub(crate) fn repo(&self, need: Need) -> Result<Arc<Repo>, Failure> {
        let outcome = self.session.repo(self.param("owner"), self.param("repo"), need);
        outcome.map_err(|mut failure| {
            if let Some(to) = &mut failure.moved_to {
                if let Some(rest) = self.path.splitn(5, '/').nth(4) {
                    to.push('/');
                    to.push_str(rest);
                }
                if self.method != "GET" {
                    failure.status = 307;
                    "Temporary Redirect".clone_into(&mut failure.message);
                }
            }
            failure
        })
    }

    /// The organisation in the path.
    pub(crate) fn organisation(&self) -> Result<Account, Failure> {
        let world = self.world();
        let account = world.account(self.param("org")).ok_or_else(Failure::not_found)?;
        if account.kind == crate::twin::world::AccountKind::Organization {
            Ok(account.clone())
        } else {
            Err(Failure::not_found())
        }
    }

    pub(crate) fn change<T>(
        &self,
        act: impl FnOnce(&mut Tx<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.session.change(act)
    }

    /// A list of names in the body, under a key or bare.
    pub(crate) fn names(&self, key: &str) -> Result<Vec<String>, Failure> {
        let list = if self.body.is_array() { &self.body } else { &self.body[key] };
        let list = list.as_array().ok_or_else(|| Failure::unprocessable("Invalid request."))?;
        list.iter()
            .map(|name| {
                let name = name.as_str().or_else(|| name["name"].as_str());
                name.map(str::to_owned).ok_or_else(|| Failure::unprocessable("Invalid request."))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_take_segments_and_rests() {
        let all = |pattern, path| {
            matches(pattern, path).map(|found| found.into_iter().map(|(_, value)| value).collect::<Vec<_>>())
        };
        for (pattern, path, expected) in [
            ("/repos/{o}/{r}", "/repos/a/b", Some(vec!["a", "b"])),
            ("/repos/{o}/{r}", "/repos/a/b/", Some(vec!["a", "b"])),
            ("/repos/{o}/{r}", "/repos/a", None),
            ("/repos/{o}/{r}", "/repos/a/b/c", None),
            ("/labels/{name}", "/labels/area%2Fweb%20ui", Some(vec!["area/web ui"])),
            ("/contents/{path...}", "/contents/a/b%20c", Some(vec!["a/b c"])),
            ("/contents/{path...}", "/contents", Some(vec![""])),
        ] {
            let expected = expected.map(|list| list.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(all(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn no_route_is_listed_twice() {
        let mut seen = std::collections::BTreeSet::new();
        for route in TABLES.iter().flat_map(|table| table.iter()) {
            assert!(seen.insert((route.method, route.pattern)), "{} {}", route.method, route.pattern);
        }
    }
}
