//! What the API says about itself and about the caller's limits.
#![expect(clippy::unnecessary_wraps, reason = "these routes never fail, but routes may")]

use serde_json::{Value, json};

use super::{Cx, Outcome, Reply, Route, route};
use crate::twin::door::limits::Pool;

pub(super) const ROUTES: &[Route] = &[
    route("GET", "", root),
    route("GET", "/meta", meta),
    route("GET", "/zen", |_| Ok(Reply::ok(json!("Keep it logically awesome.")))),
    route("GET", "/rate_limit", rate_limit),
];

fn root(cx: &Cx<'_>) -> Outcome {
    const LINKS: [(&str, &str); 33] = [
        ("current_user_url", "/user"),
        ("current_user_authorizations_html_url", "/settings/connections/applications{/client_id}"),
        ("authorizations_url", "/authorizations"),
        ("code_search_url", "/search/code?q={query}{&page,per_page,sort,order}"),
        ("commit_search_url", "/search/commits?q={query}{&page,per_page,sort,order}"),
        ("emails_url", "/user/emails"),
        ("emojis_url", "/emojis"),
        ("events_url", "/events"),
        ("feeds_url", "/feeds"),
        ("followers_url", "/user/followers"),
        ("following_url", "/user/following{/target}"),
        ("gists_url", "/gists{/gist_id}"),
        ("hub_url", "/hub"),
        ("issue_search_url", "/search/issues?q={query}{&page,per_page,sort,order}"),
        ("issues_url", "/issues"),
        ("keys_url", "/user/keys"),
        ("label_search_url", "/search/labels?q={query}&repository_id={repository_id}{&page,per_page}"),
        ("notifications_url", "/notifications"),
        ("organization_url", "/orgs/{org}"),
        ("organization_repositories_url", "/orgs/{org}/repos{?type,page,per_page,sort}"),
        ("organization_teams_url", "/orgs/{org}/teams"),
        ("public_gists_url", "/gists/public"),
        ("rate_limit_url", "/rate_limit"),
        ("repository_url", "/repos/{owner}/{repo}"),
        ("repository_search_url", "/search/repositories?q={query}{&page,per_page,sort,order}"),
        ("current_user_repositories_url", "/user/repos{?type,page,per_page,sort}"),
        ("starred_url", "/user/starred{/owner}{/repo}"),
        ("starred_gists_url", "/gists/starred"),
        ("topic_search_url", "/search/topics?q={query}{&page,per_page}"),
        ("user_url", "/users/{user}"),
        ("user_organizations_url", "/user/orgs"),
        ("user_repositories_url", "/users/{user}/repos{?type,page,per_page,sort}"),
        ("user_search_url", "/search/users?q={query}{&page,per_page,sort,order}"),
    ];
    let links =
        LINKS.iter().map(|(name, path)| ((*name).to_owned(), json!(format!("{}{path}", cx.urls().api))));
    Ok(Reply::ok(Value::Object(links.collect())))
}

fn meta(_: &Cx<'_>) -> Outcome {
    Ok(Reply::ok(json!({
        "verifiable_password_authentication": false,
        "hooks": ["127.0.0.0/8", "::1/128"],
        "web": ["127.0.0.0/8"],
        "api": ["127.0.0.0/8"],
        "git": ["127.0.0.0/8"],
    })))
}

fn rate_limit(cx: &Cx<'_>) -> Outcome {
    let world = cx.world();
    let key = cx.session.caller.key();
    let mut state = cx.session.shared.lock();
    let mut show = |pool: Pool| {
        let meter = state.usage.meter(&key, pool, &world.limits, cx.session.now);
        json!({
            "limit": meter.limit,
            "used": meter.used,
            "remaining": meter.remaining(),
            "reset": meter.reset.as_second(),
            "resource": pool.as_str(),
        })
    };
    let (core, graphql) = (show(Pool::Core), show(Pool::Graphql));
    let mut search = core.clone();
    search["resource"] = json!("search");
    search["limit"] = json!(30);
    search["used"] = json!(0);
    search["remaining"] = json!(30);
    Ok(Reply::ok(json!({
        "resources": {"core": core, "graphql": graphql, "search": search},
        "rate": core,
    })))
}
