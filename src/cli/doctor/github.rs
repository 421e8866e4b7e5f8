//! What GitHub says: who the credential is, where it may act, what is left of its limits, and what time it is there.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use crate::adapters::github::{Client, Error, GraphqlReply, Kind, Operation};
use crate::cli::exit::Exit;
use crate::cli::next;
use crate::model::{Desired, RepoName};

use super::finding::Report;
use super::{machine, permissions};

/// What GitHub is asked with.
pub(super) enum Credential {
    /// A token, and who names it: a variable, `file:PATH`.
    Token {
        /// The variable or the reference.
        from: String,
    },
    /// A GitHub App.
    App {
        /// Its number.
        id: u64,
    },
}

/// An account that config is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Owner {
    /// In lower case.
    pub(super) login: String,
    /// Whether it has repositories that config declares.
    pub(super) repositories: bool,
    /// Whether it has the repository that holds the config.
    pub(super) config: bool,
    /// Whether issues of its repositories are worked on.
    pub(super) pipelines: bool,
}

/// The accounts that config is about: those of its repositories, and that of its own.
pub(super) fn owners(desired: &Desired) -> Vec<Owner> {
    let of = |repo: &RepoName| repo.owner().to_ascii_lowercase();
    let repositories: BTreeSet<String> = desired.repos.keys().map(of).collect();
    let config = desired.factory.config.as_ref().map(|config| of(&config.value));
    let logins: BTreeSet<&String> = repositories.iter().chain(&config).collect();
    let owner = |login: &String| Owner {
        login: login.clone(),
        repositories: repositories.contains(login),
        config: config.as_ref() == Some(login),
        pipelines: desired.pipelines.of_repo.keys().any(|repo| of(repo) == **login),
    };
    logins.into_iter().map(owner).collect()
}

/// Asks GitHub.
///
/// Whether it knows who asks.
pub(super) async fn look(
    client: &Client,
    credential: &Credential,
    owners: &[Owner],
    report: &mut Report,
) -> bool {
    // A token is the same whoever owns the repository, and an App is itself.
    let known = client.identity(owners.first().map_or("", |owner| owner.login.as_str())).await;
    match (&known, credential) {
        (Ok(identity), Credential::Token { from }) => {
            report.good("credential", format!("{}, by the token in {from}", identity.login()));
            scopes(client.scopes().as_deref(), report);
        }
        (Ok(identity), Credential::App { id }) => {
            report.good("credential", format!("{}, the App {id}", identity.login()));
        }
        (Err(error), Credential::Token { from }) if *error.kind() == Kind::Unauthorized => {
            let next = format!("it is wrong, expired or revoked: make a new one and put it there ({from})");
            refused_with(next, "credential", &format!("the token in {from}"), error, report);
        }
        (Err(error), Credential::Token { from }) => {
            refused("credential", &format!("the token in {from}"), error, report);
        }
        (Err(error), Credential::App { id }) => {
            refused("credential", &format!("the App {id}"), error, report);
        }
    }
    if known.is_ok() {
        match credential {
            Credential::Token { .. } => {
                if limits(client, "", report).await {
                    graphql(client, "", report).await;
                }
            }
            Credential::App { .. } if owners.is_empty() => report.good(
                "installation",
                "none is looked for: config names no owner. The first `repo \"OWNER/NAME\"` does, or `config \
                 \"OWNER/NAME\"` in `factory`",
            ),
            Credential::App { .. } => {
                for owner in owners {
                    if limits(client, &owner.login, report).await {
                        graphql(client, &owner.login, report).await;
                        allowed(client, owner, report).await;
                    }
                }
            }
        }
    }
    if let Some(skew) = client.clock_skew() {
        machine::clock(skew, report);
    }
    known.is_ok()
}

pub(super) fn refused(what: &'static str, whose: &str, error: &Error, report: &mut Report) {
    refused_with(next::github(error), what, whose, error, report);
}

fn refused_with(next: String, what: &'static str, whose: &str, error: &Error, report: &mut Report) {
    let mut says = format!("{whose}: {error}");
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        says = format!("{says}: {inner}");
        cause = inner.source();
    }
    report.bad_with(Exit::of(crate::observed::cause(error)), what, says, next);
}

/// Whether GraphQL, by which nearly everything is read, answers too; of an App, for its installation on `owner`. It
/// has a path of its own, which a proxy or a wrong address may not lead to.
async fn graphql(client: &Client, owner: &str, report: &mut Report) {
    let query = Operation::new("Viewer", "query Viewer { viewer { login } }");
    match client.graphql(owner, &query).await.and_then(GraphqlReply::complete) {
        Ok(data) => {
            let login = data["viewer"]["login"].as_str().unwrap_or("somebody without a name");
            let of = if owner.is_empty() { String::new() } else { format!(" for {owner}") };
            report.good("graphql", format!("it answers {login}{of}"));
        }
        Err(error) => refused("graphql", "repositories can't be read", &error, report),
    }
}

/// What an App's installation may do, compared with what is done.
async fn allowed(client: &Client, owner: &Owner, report: &mut Report) {
    match client.permissions(&owner.login).await {
        Ok(Some(granted)) => permissions::compare(owner, &granted, report),
        Ok(None) => {}
        Err(error) => refused("permissions", &owner.login, &error, report),
    }
}

/// What is left of the limits; of an App's installation on `owner` where one is named. That question is free. Whether
/// GitHub answered.
async fn limits(client: &Client, owner: &str, report: &mut Report) -> bool {
    let of = if owner.is_empty() { String::new() } else { format!(" for {owner}") };
    match client.read(owner, "/rate_limit").await {
        Ok(reply) => {
            if !owner.is_empty() {
                report.good("installation", format!("the App is installed on {owner}"));
            }
            for (name, unit, at) in [("rest", "", "core"), ("graphql", " points", "graphql")] {
                if let Some(pool) = Pool::read(&reply.body["resources"][at]) {
                    budget(&format!("{name}{of}"), unit, &pool, report);
                }
            }
        }
        // An Enterprise server without limits says so by a 404.
        Err(error) if error.is_absent() && error.path() == "/rate_limit" => {
            report.good("budget", format!("this server sets no limits{of}"));
        }
        Err(error) if owner.is_empty() => {
            refused("budget", "what is left is not known", &error, report);
            return false;
        }
        Err(error) => {
            refused("installation", owner, &error, report);
            return false;
        }
    }
    true
}

/// A pool of requests or points.
struct Pool {
    limit: u64,
    left: u64,
    reset: Timestamp,
}

impl Pool {
    fn read(value: &Value) -> Option<Self> {
        let reset = Timestamp::from_second(value["reset"].as_i64()?).ok()?;
        Some(Self { limit: value["limit"].as_u64()?, left: value["remaining"].as_u64()?, reset })
    }
}

fn budget(name: &str, unit: &str, pool: &Pool, report: &mut Report) {
    let full = pool.reset.strftime("%H:%M:%SZ");
    let (left, limit) = (grouped(pool.left), grouped(pool.limit));
    let says = format!("{name}: {left} of {limit}{unit} left, full again at {full}");
    if pool.left.saturating_mul(10) >= pool.limit {
        return report.good("budget", says);
    }
    let next = format!(
        "wait until {full}, or give the factory a credential of its own: whatever else uses this one draws on the same"
    );
    let exit = if pool.left == 0 { Exit::RateLimit } else { Exit::Error };
    report.bad_with(exit, "budget", says, next);
}

/// `4,950`
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// What a classic token's scopes are good for; others don't tell theirs.
fn scopes(scopes: Option<&[String]>, report: &mut Report) {
    const NEXT: &str = "for applying, give the token the scope `repo`; `plan` doesn't see private repositories \
                        without it either";
    let Some(scopes) = scopes else {
        return report.good(
            "scopes",
            "GitHub doesn't tell those of a fine-grained token; the first write it refuses names what is missing",
        );
    };
    let has = |name: &str| scopes.iter().any(|scope| scope == name);
    let list = if scopes.is_empty() { "none".to_owned() } else { scopes.join(", ") };
    if has("repo") {
        report.good("scopes", format!("{list}: good for planning and applying"));
    } else if has("public_repo") {
        let says = format!("{list}: good for planning, not for applying, save to public repositories");
        report.bad_with(Exit::Auth, "scopes", says, NEXT);
    } else {
        let says = format!("{list}: good for planning, not for applying");
        report.bad_with(Exit::Auth, "scopes", says, NEXT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::clock::Clock;
    use crate::adapters::github::{Auth, Config};
    use crate::twin::world::{App, Installation, Token, World};
    use crate::twin::{FaultAction, FaultRule, Options, Twin};

    #[test]
    fn scopes_are_good_for_planning_or_for_applying_too() {
        let mut report = Report::default();
        for list in [Some("repo read:org"), Some("public_repo"), Some("read:org gist"), Some(""), None] {
            let list: Option<Vec<String>> = list.map(|l| l.split_whitespace().map(str::to_owned).collect());
            scopes(list.as_deref(), &mut report);
        }
        insta::assert_snapshot!(report.text(), @r"
        ok  scopes: repo, read:org: good for planning and applying
        BAD scopes: public_repo: good for planning, not for applying, save to public repositories
            next: for applying, give the token the scope `repo`; `plan` doesn't see private repositories without it either
        BAD scopes: read:org, gist: good for planning, not for applying
            next: for applying, give the token the scope `repo`; `plan` doesn't see private repositories without it either
        BAD scopes: none: good for planning, not for applying
            next: for applying, give the token the scope `repo`; `plan` doesn't see private repositories without it either
        ok  scopes: GitHub doesn't tell those of a fine-grained token; the first write it refuses names what is missing
        ");
        assert_eq!(report.exit(), Exit::Auth);
    }

    #[test]
    fn a_budget_is_bad_below_a_tenth() {
        let mut report = Report::default();
        let reset = "2026-05-01T12:00:00Z".parse().unwrap();
        for (limit, left) in [(5_000, 4_950), (5_000, 500), (5_000, 499), (1_000_000, 1_000_000)] {
            budget("rest", "", &Pool { limit, left, reset }, &mut report);
        }
        insta::assert_snapshot!(report.text(), @r"
        ok  budget: rest: 4,950 of 5,000 left, full again at 12:00:00Z
        ok  budget: rest: 500 of 5,000 left, full again at 12:00:00Z
        BAD budget: rest: 499 of 5,000 left, full again at 12:00:00Z
            next: wait until 12:00:00Z, or give the factory a credential of its own: whatever else uses this one draws on the same
        ok  budget: rest: 1,000,000 of 1,000,000 left, full again at 12:00:00Z
        ");
        assert_eq!(report.exit(), Exit::Error);
        budget("rest for acme", " points", &Pool { limit: 60, left: 0, reset }, &mut report);
        assert_eq!(report.exit(), Exit::RateLimit);
    }

    fn world() -> World {
        let mut world = World::new("acme");
        let mut installations = Vec::new();
        for (id, owner) in [(71, "acme"), (72, "asleep"), (73, "little")] {
            world.add_organisation(owner, "operator");
            installations
                .push(Installation { suspended: owner == "asleep", ..Installation::full(id, owner) });
        }
        installations[2].permissions.retain(|name, _| name != "administration" && name != "checks");
        world.tokens.insert(
            "ghp_reader".into(),
            Token { scopes: vec!["read:org".into()], ..Token::classic("operator") },
        );
        world.apps.insert(
            7,
            App {
                id: 7,
                slug: "factory".into(),
                name: "Factory".into(),
                owner: "acme".into(),
                public_key_pem: include_str!("../../adapters/github/tests/app_key.pub.pem").into(),
                installations,
            },
        );
        world
    }

    /// What is said of a credential, without the times.
    async fn said(base: &str, auth: Auth, owners: &[&str], clock: Clock) -> String {
        let credential = match &auth {
            Auth::Token(_) => Credential::Token { from: "GITHUB_TOKEN".into() },
            Auth::App { id, .. } => Credential::App { id: *id },
        };
        let mut config = Config::new(base.parse().unwrap(), auth);
        (config.clock, config.retries.tries) = (clock, 1);
        let owner = |login: &&str| Owner {
            login: (*login).to_owned(),
            repositories: true,
            config: true,
            pipelines: false,
        };
        let owners: Vec<Owner> = owners.iter().map(owner).collect();
        let mut report = Report::default();
        look(&Client::new(config).unwrap(), &credential, &owners, &mut report).await;
        let text = report.text();
        let lines = text.lines().map(|line| match line.split_once(", full again at ") {
            Some((before, _)) => format!("{before}, full again at [time]"),
            None => line.replace(base, "[base]"),
        });
        format!("{}\n[{}]", lines.collect::<Vec<_>>().join("\n"), report.exit().code())
    }

    #[tokio::test]
    async fn each_refusal_has_a_next_step_of_its_own() {
        let twin = Twin::start(Options { world: world(), ..Options::default() }).await.unwrap();
        let (base, now) = (twin.url(), Clock::system);
        let token = |text: &str| Auth::Token(text.into());
        let key = include_str!("../../adapters/github/tests/app_key.pem");
        let app = |id| Auth::App { id, key_pem: key.into() };
        let mut rows = vec![
            ("good", said(&base, token(twin.token()), &["acme"], now()).await),
            ("reads only", said(&base, token("ghp_reader"), &[], now()).await),
            ("wrong token", said(&base, token("ghp_nobody"), &[], now()).await),
            ("nobody listens", said("http://127.0.0.1:1", token("t"), &[], now()).await),
            ("an App", said(&base, app(7), &["acme", "asleep", "stranger"], now()).await),
            ("an App without owners", said(&base, app(7), &[], now()).await),
            ("an App that may little", said(&base, app(7), &["little"], now()).await),
            ("another App's key", said(&base, app(8), &["acme"], now()).await),
        ];
        let past = Clock::manual("2020-01-01T00:00:00Z".parse().unwrap());
        let wrong_clock = said(&base, token(twin.token()), &[], past).await;
        assert!(
            wrong_clock.contains("BAD clock: ") && wrong_clock.contains(" behind GitHub's"),
            "{wrong_clock}"
        );
        twin.set_faults(vec![FaultRule::every(FaultAction::Html { status: 200 })]).unwrap();
        rows.push(("a proxy's page", said(&base, token("t"), &[], now()).await));
        twin.set_faults(vec![FaultRule::every(FaultAction::Html { status: 200 }).on("POST", "/graphql")])
            .unwrap();
        rows.push(("a proxy that knows no GraphQL", said(&base, token(twin.token()), &[], now()).await));
        twin.set_faults(vec![
            FaultRule::every(FaultAction::PrimaryLimit { reset_in_s: 60 }).on("GET", "/user"),
        ])
        .unwrap();
        let spent = said(&base, token(twin.token()), &[], now()).await;
        assert!(spent.contains("the rate limit is spent") && spent.ends_with("[6]"), "{spent}");
        let rows: Vec<_> = rows.into_iter().map(|(name, said)| format!("{name}\n{said}")).collect();
        insta::assert_snapshot!(rows.join("\n\n"), @r#"
        good
        ok  credential: operator, by the token in GITHUB_TOKEN
        ok  scopes: repo, delete_repo, admin:org, admin:repo_hook, workflow, read:audit_log: good for planning and applying
        ok  budget: rest: 4,999 of 5,000 left, full again at [time]
        ok  budget: graphql: 5,000 of 5,000 points left, full again at [time]
        ok  graphql: it answers operator
        ok  clock: as GitHub's
        [0]

        reads only
        ok  credential: operator, by the token in GITHUB_TOKEN
        BAD scopes: read:org: good for planning, not for applying
            next: for applying, give the token the scope `repo`; `plan` doesn't see private repositories without it either
        ok  budget: rest: 4,998 of 5,000 left, full again at [time]
        ok  budget: graphql: 4,999 of 5,000 points left, full again at [time]
        ok  graphql: it answers operator
        ok  clock: as GitHub's
        [5]

        wrong token
        BAD credential: the token in GITHUB_TOKEN: GitHub doesn't accept the credential: GET /user: Bad credentials (401, request TWIN:000007)
            next: it is wrong, expired or revoked: make a new one and put it there (GITHUB_TOKEN)
        ok  clock: as GitHub's
        [5]

        nobody listens
        BAD credential: the token in GITHUB_TOKEN: cannot connect to GitHub: GET /user: 127.0.0.1:1: Connection refused (os error 111)
            next: check the address of the API and that this machine reaches it without a proxy: HTTPS_PROXY is for git alone. It is said by --api, FACTORY_GITHUB_API or `github { api }`; an Enterprise server has https://HOST/api/v3
        [1]

        an App
        ok  credential: factory[bot], the App 7
        ok  installation: the App is installed on acme
        ok  budget: rest for acme: 5,000 of 5,000 left, full again at [time]
        ok  budget: graphql for acme: 5,000 of 5,000 points left, full again at [time]
        ok  graphql: it answers factory[bot] for acme
        ok  permissions: acme: all that is needed: metadata: read, administration: write, issues: write, pull_requests: write, contents: write, checks: write
        BAD installation: asleep: forbidden for this credential: GET /app/installations: the GitHub App is suspended by asleep
            next: install the App on that account with `Install App` on its settings page at GitHub; a suspended one is unsuspended in the account's settings, under `GitHub Apps`
        BAD installation: stranger: forbidden for this credential: GET /app/installations: the GitHub App isn't installed on stranger
            next: install the App on that account with `Install App` on its settings page at GitHub; a suspended one is unsuspended in the account's settings, under `GitHub Apps`
        ok  clock: as GitHub's
        [5]

        an App without owners
        ok  credential: factory[bot], the App 7
        ok  installation: none is looked for: config names no owner. The first `repo "OWNER/NAME"` does, or `config "OWNER/NAME"` in `factory`
        ok  clock: as GitHub's
        [0]

        an App that may little
        ok  credential: factory[bot], the App 7
        ok  installation: the App is installed on little
        ok  budget: rest for little: 5,000 of 5,000 left, full again at [time]
        ok  budget: graphql for little: 5,000 of 5,000 points left, full again at [time]
        ok  graphql: it answers factory[bot] for little
        BAD permissions: little: the App has no `administration: write` there, which is needed to create repositories and to change their settings
            next: grant `Administration: Read and write` on the App's settings page at GitHub, under `Permissions & events`; then an owner of little accepts it in the account's settings, under `GitHub Apps`
        BAD permissions: little: the App has no `checks: write` there, which is needed to report on proposals
            next: grant `Checks: Read and write` on the App's settings page at GitHub, under `Permissions & events`; then an owner of little accepts it in the account's settings, under `GitHub Apps`
        ok  clock: as GitHub's
        [5]

        another App's key
        BAD credential: the App 8: GitHub doesn't accept the credential: GET /app: A JSON web token could not be decoded (401, request TWIN:000013)
            next: check `id` and `key` of the App in `github { auth "app" … }`, and this machine's clock
        ok  clock: as GitHub's
        [5]

        a proxy's page
        BAD credential: the token in GITHUB_TOKEN: the answer is HTML, not JSON: GET /user (200, request TWIN:000017)
            next: something else than GitHub answers there, such as a proxy's own page. It is said by --api, FACTORY_GITHUB_API or `github { api }`; an Enterprise server has https://HOST/api/v3
        ok  clock: as GitHub's
        [1]

        a proxy that knows no GraphQL
        ok  credential: operator, by the token in GITHUB_TOKEN
        ok  scopes: repo, delete_repo, admin:org, admin:repo_hook, workflow, read:audit_log: good for planning and applying
        ok  budget: rest: 4,996 of 5,000 left, full again at [time]
        ok  budget: graphql: 4,997 of 5,000 points left, full again at [time]
        BAD graphql: repositories can't be read: the answer is HTML, not JSON: POST /graphql (200, request TWIN:00001A)
            next: something else than GitHub answers there, such as a proxy's own page. It is said by --api, FACTORY_GITHUB_API or `github { api }`; an Enterprise server has https://HOST/api/v3
        ok  clock: as GitHub's
        [1]
        "#);
        twin.stop().await;
    }
}
