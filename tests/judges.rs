//! Judges that nobody here wrote: GitHub's published descriptions, GitHub's own command line, and git.
//!
//! One session of the product and one of `gh` and git are recorded. Every GraphQL operation of the product must be
//! valid for GitHub's published schema, the twin's schema must be a part of it, and every REST reply of the twin
//! must be what GitHub's OpenAPI description says.

use std::path::{Path, PathBuf};
use std::process::Command;

use factoryctl::twin::{self, LoggedRequest};
use serde_json::{Value, json};

use crate::structure::root;
use crate::world::{World, sample, world_of};

/// Where `tests/run` installs the judges' packages.
fn packages() -> PathBuf {
    let folder = root().join("target/judges/node_modules");
    assert!(folder.is_dir(), "the judges are not installed: `tests/run` does it");
    folder
}

/// Lets a judge speak; it must agree.
fn agrees(judge: &str, args: &[&Path]) -> String {
    let script = root().join("tests/judges").join(judge);
    let mut command = Command::new("node");
    let out = command.arg(script).args(args).env("NODE_PATH", packages()).output().expect("node runs");
    let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "{judge}:\n{said}");
    said
}

fn is_graphql(request: &LoggedRequest) -> bool {
    request.path.ends_with("/graphql")
}

fn body(text: Option<&String>) -> Value {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null)
}

/// The REST replies as lines; git's own protocol is not GitHub's API.
fn replies(log: &[LoggedRequest]) -> String {
    log.iter()
        .filter(|request| !is_graphql(request) && !request.path.contains(".git/"))
        .map(|r| json!({ "method": r.method, "path": r.path, "status": r.status, "body": body(r.response_body.as_ref()) }))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// The GraphQL operations as lines.
fn operations(log: &[LoggedRequest]) -> String {
    let queries = log.iter().filter(|request| is_graphql(request));
    queries.map(|r| format!("{}\n", json!({ "query": body(r.request_body.as_ref())["query"] }))).collect()
}

/// A repository with some of everything that `gh` shows.
fn github() -> twin::World {
    let mut world = sample::github();
    world.add_repo("acme", "factory");
    world
}

#[test]
fn the_product_and_the_twin_speak_githubs_language() {
    packages();
    world_of(github(), |w| {
        w.twin().record_bodies(true);
        product(w);
        let log = w.requests();
        assert!(
            log.iter().all(|request| request.status != 501),
            "the twin doesn't know: {:?}",
            w.twin().unknown()
        );
        let (sdl, asked, answered) =
            (w.path("twin.graphql"), w.path("asked.jsonl"), w.path("answered.jsonl"));
        std::fs::write(&sdl, twin::graphql_sdl()).expect("the file can be written");
        std::fs::write(&asked, operations(&log)).expect("the file can be written");
        std::fs::write(&answered, replies(&log)).expect("the file can be written");
        println!("GraphQL: {}", agrees("graphql.mjs", &[Path::new("--sdl"), &sdl, &asked]));
        println!("REST, product: {}", agrees("openapi.mjs", &[&answered]));
    });
}

/// A session of the product that uses what it has: a config repository on GitHub, every sort of change, a plan that
/// finds nothing to do, and everything that only looks.
fn product(w: &World) {
    let named =
        sample::CONFIG.replacen("factory \"acme\"", "factory \"acme\" { config \"acme/factory\"; }", 1);
    w.config(&named);
    w.git(&["remote", "add", "origin", &with_token(w, "acme/factory")]);
    w.git(&["push", "-q", "--force", "origin", "main"]);
    w.plan(&[]).exits(2);
    w.apply(&[]).exits(0);
    w.plan(&[]).exits(0);
    let add = json!({ "name": "stray", "color": "ffffff" });
    w.github().add_label("acme/bellows", &add).expect("it is new");
    w.run(&["drift"]).exits(2);
    w.run(&["why", "repo/acme/anvil/description"]).exits(0);
    w.run(&["doctor"]).exits(0);
    w.run(&["import", "acme", "-o", &w.path("imported").display().to_string()]).exits(0);
}

/// A repository's address for git, with the token in it.
fn with_token(w: &World, repo: &str) -> String {
    let base = w.twin().url().replacen("http://", &format!("http://x-access-token:{}@", w.twin().token()), 1);
    format!("{base}/{repo}.git")
}

/// Runs `gh` against the twin, through the socket that it knows for this.
fn gh(w: &World, args: &[&str]) -> String {
    let out = w.plain("gh", args);
    let (said, trouble) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "gh {args:?}: {said}{trouble}\n{:?}", w.twin().unknown());
    said.into_owned()
}

#[test]
fn gh_finds_a_github() {
    packages();
    world_of(github(), |w| {
        w.twin().record_bodies(true);
        let settings = w.path("home/config/gh");
        std::fs::create_dir_all(&settings).expect("the folder is new");
        let config = format!("http_unix_socket: {}\nprompt: disabled\n", w.path("socket").display());
        std::fs::write(settings.join("config.yml"), config).expect("the file can be written");
        w.set("GH_TOKEN", w.twin().token());
        w.set("GH_NO_UPDATE_NOTIFIER", "1");

        let listed = gh(
            w,
            &[
                "repo",
                "list",
                "acme",
                "--json",
                "nameWithOwner",
                "--jq",
                "[.[].nameWithOwner] | sort | join(\" \")",
            ],
        );
        insta::assert_snapshot!(listed.trim(), @"acme/anvil acme/bellows acme/crucible acme/drill acme/factory acme/unmanaged");
        gh(w, &["repo", "create", "acme/gadgets", "--private", "--description", "New"]);
        assert!(gh(w, &["repo", "view", "acme/gadgets", "--json", "description"]).contains("New"));
        let on = ["-R", "acme/anvil"];
        gh(
            w,
            &[&["label", "create", "area: web", "--color", "00ff00", "--description", "Web"], &on[..]]
                .concat(),
        );
        let labels = gh(w, &[&["label", "list", "--limit", "100"], &on[..]].concat());
        assert!(labels.contains("area: web"), "{labels}");
        gh(
            w,
            &[
                &["issue", "create", "--title", "It broke", "--body", "Badly", "--label", "area: web"],
                &on[..],
            ]
            .concat(),
        );
        let issues = gh(w, &[&["issue", "list", "--json", "title,labels"], &on[..]].concat());
        assert!(issues.contains("It broke") && issues.contains("area: web"), "{issues}");
        gh(w, &["api", "--paginate", "repos/acme/anvil/labels?per_page=3", "--jq", ".[].name"]);
        w.github().push_file("acme/anvil", "main", "docs/deep.md", "x\n").expect("the branch is there");
        let files = gh(w, &["api", "repos/acme/anvil/git/trees/HEAD?recursive=1", "--jq", ".tree[].path"]);
        assert!(files.lines().any(|path| path == "docs/deep.md"), "{files}");

        let answered = w.path("answered.jsonl");
        std::fs::write(&answered, replies(&w.requests())).expect("the file can be written");
        println!("REST, gh: {}", agrees("openapi.mjs", &[&answered]));
    });
}

#[test]
fn git_clones_and_pushes() {
    world_of(github(), |w| {
        let clone = w.path("clone").display().to_string();
        let without = format!("{}/acme/anvil.git", w.twin().url());
        w.set("GIT_TERMINAL_PROMPT", "0");
        let refused = w.plain("git", &["clone", "-q", &without, &clone]);
        assert!(!refused.status.success(), "a private repository can't be cloned without a token");
        w.git(&["clone", "-q", &with_token(w, "acme/anvil"), &clone]);
        std::fs::write(w.path("clone/new.txt"), "new\n").expect("the file can be written");
        let here = ["-C", clone.as_str()];
        w.git(&[&here[..], &["add", "-A"]].concat());
        w.git(&[&here[..], &["commit", "-q", "-m", "New"]].concat());
        w.git(&[&here[..], &["push", "-q", "origin", "HEAD:refs/heads/topic"]].concat());
        let head = w.git(&[&here[..], &["rev-parse", "HEAD"]].concat());
        let remote = w.git(&[&here[..], &["ls-remote", "origin", "refs/heads/topic"]].concat());
        assert_eq!(remote.split_whitespace().next(), Some(head.trim()));
        // A push that would lose what somebody else pushed is refused, as the ledger's fence needs it.
        w.github().push_file("acme/anvil", "topic", "other.txt", "other\n").expect("the branch is there");
        let lease = format!("--force-with-lease=refs/heads/topic:{}", head.trim());
        let stale = w.plain("git", &["-C", &clone, "push", &lease, "origin", "HEAD:refs/heads/topic"]);
        assert!(!stale.status.success(), "a stale lease must be refused");
    });
}
