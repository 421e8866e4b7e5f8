//! What is said on pull requests to the config repository.

use std::sync::Arc;

use super::{explain, plan};
use crate::model::samples::{desired, name, observed, repo, state, with_config};
use crate::model::{
    Action, Broken, CheckState, CommitId, ConfigPull, Desired, Effect, Observed, Seen, Setting, Unmanaged,
};
use crate::plan::render::COMMENT_LIMIT;

const NAME: &str = "config-review";
const W: &str = "acme/widgets";

fn config(desired: Desired) -> Desired {
    with_config(desired, "acme/config")
}

fn pull(base: Result<Desired, &str>, proposed: Result<Desired, &str>) -> ConfigPull {
    ConfigPull {
        number: 7,
        head: CommitId::parse(&"ab".repeat(20)).unwrap(),
        base: base.map(|d| Arc::new(config(d))).map_err(broken),
        proposed: proposed.map(|d| Arc::new(config(d))).map_err(broken),
        comments: Vec::new(),
        check: None,
        checks: true,
        from_fork: false,
    }
}

/// A config with one problem, as it is rendered.
fn broken(details: &str) -> Broken {
    let why = details.lines().next().unwrap().trim_start_matches([' ', '×']).to_owned();
    Broken { why, details: details.to_owned() }
}

/// A world in which the wiki is on although config says off, and a pull request is open.
fn world(pull: ConfigPull) -> Observed {
    let mut out = observed([state(W)]);
    out.config_pulls.push(pull);
    out
}

fn drifted() -> Desired {
    desired([repo(W).fix(Setting::HasWiki, false)])
}

fn drifted_and_more() -> Desired {
    desired([repo(W).fix(Setting::HasWiki, false).fix(Setting::Visibility, "public")])
}

/// What the loop would leave there.
#[expect(clippy::wildcard_enum_match_arm, reason = "a test takes what its own plan holds")]
fn said(pull: &ConfigPull) -> ConfigPull {
    let mut out = pull.clone();
    for action in plan(NAME, &config(drifted()), &world(pull.clone())).actions {
        match action.effect {
            Effect::Comment { id: None, body, .. } => {
                let id = 100 + out.comments.len() as u64;
                out.comments.push((id, body));
            }
            Effect::Comment { id: Some(id), body, .. } => {
                let comment = out.comments.iter_mut().find(|(there, _)| *there == id).unwrap();
                comment.1 = body;
            }
            Effect::DeleteComment { id, .. } => out.comments.retain(|(there, _)| *there != id),
            Effect::Report { state, .. } => out.check = Some(state),
            other => panic!("{other:?}"),
        }
    }
    out
}

#[test]
fn a_new_pull_request_gets_a_comment_and_a_check() {
    let world = world(pull(Ok(drifted()), Ok(drifted_and_more())));
    insta::assert_snapshot!(explain(NAME, &config(drifted()), &world), @r#"
    acme/config
      + report pull/7/check/ababababab
          passes: true
          summary: "0 to add, 0 to change, 0 to delete, 1 blocked"
          why: whether the config at ababababab is valid
      + comment pull/7/comment/1
          body:
            +<!-- factoryctl:config-review 1 -->
            +## What this pull request would change
            +
            +Config at `ababababab`. **Plan: 0 to add, 0 to change, 0 to delete, 1 blocked · 0 repos · 0 API calls**
            +
            +### acme/widgets
            +
            +```diff
            +! change visibility
            +  visibility: "private" → "public"
            +  why: visibility is not as config fixes it · factory.kdl:12 · loop repository-settings · 219c927eb245bc86
            +  blocked by visibility: 1 repository made visible to more people in one run, 0 allowed (`change-budget visibility`, factory.kdl:3)
            +  to allow it: --allow 'visibility=1@repo/acme/widgets/visibility'
            +```
          why: what pull request #7 would change
    "#);
}

/// What another pull request had read, and what `observe` lists, is not for who can only fork.
#[test]
fn a_fork_learns_nothing_of_what_is_not_declared() {
    let secret = || repo("acme/secret").fix(Setting::Description, "mine");
    let proposed =
        || Ok(desired([repo(W).fix(Setting::HasWiki, false).fix(Setting::HasIssues, false), secret()]));
    let shown = |from_fork: bool| {
        let mut world = world(ConfigPull { from_fork, ..pull(Ok(drifted()), proposed()) });
        let seen = state("acme/secret").has(Setting::Description, "The merger");
        world.repos.insert(name("acme/secret"), Seen::Known(seen));
        world.unmanaged.push(Unmanaged { name: name("acme/hidden"), archived: false });
        let comment = |action: &Action| action.after["body"].as_str().map(str::to_owned);
        plan(NAME, &config(drifted()), &world).actions.iter().filter_map(comment).collect::<String>()
    };
    let (own, fork) = (shown(false), shown(true));
    for text in ["The merger", "acme/hidden"] {
        assert!(own.contains(text) && !fork.contains(text), "{text}: {own}{fork}");
    }
    assert!(fork.contains("has-issues: true → false"), "{fork}");
    assert!(fork.contains("acme/secret: a complete reading of its settings"), "{fork}");
}

#[test]
#[expect(clippy::wildcard_enum_match_arm, reason = "a test takes what its own plan holds")]
fn what_was_said_is_kept_current() {
    let first = said(&pull(Ok(drifted()), Ok(drifted_and_more())));
    let pushed =
        ConfigPull { head: CommitId::parse(&"cd".repeat(20)).unwrap(), check: None, ..first.clone() };
    let crlf = ConfigPull {
        comments: vec![(100, format!("{}\n", first.comments[0].1.replace('\n', "\r\n")))],
        ..first.clone()
    };
    let stale =
        ConfigPull { check: Some(CheckState { passes: false, summary: "old".into() }), ..first.clone() };
    let removed = ConfigPull { comments: Vec::new(), ..first.clone() };
    let twice = ConfigPull {
        comments: vec![first.comments[0].clone(), (101, "<!-- factoryctl:config-review 2 -->\nmore".into())],
        ..first.clone()
    };
    let rows = [
        ("nothing has changed", first),
        ("the same, as a browser stored it", crlf),
        ("another commit", pushed),
        ("the check is of another verdict", stale),
        ("somebody removed the comment", removed),
        ("it needs fewer comments", twice),
    ];
    let mut out = String::new();
    for (name, pull) in rows {
        let actions = plan(NAME, &config(drifted()), &world(pull)).actions;
        let short = |action: &Action| match &action.effect {
            Effect::Comment { id, .. } => format!("  comment {id:?}\n"),
            Effect::DeleteComment { id, .. } => format!("  delete comment {id}\n"),
            Effect::Report { state, check_run, .. } => {
                format!("  report {state:?}, check run: {check_run}\n")
            }
            other => format!("  {other:?}\n"),
        };
        out.push_str(&format!("{name}\n{}", actions.iter().map(short).collect::<String>()));
    }
    insta::assert_snapshot!(out, @r#"
    nothing has changed
    the same, as a browser stored it
    another commit
      comment Some(100)
      report CheckState { passes: true, summary: "0 to add, 0 to change, 0 to delete, 1 blocked" }, check run: true
    the check is of another verdict
      report CheckState { passes: true, summary: "0 to add, 0 to change, 0 to delete, 1 blocked" }, check run: true
    somebody removed the comment
      comment None
    it needs fewer comments
      delete comment 101
    "#);
}

#[test]
fn config_that_does_not_load_says_so() {
    let problem =
        "  × unknown repository setting `has-wikis`\n   ╭─[factory.kdl:3:5]\n 3 │     has-wikis #true ```\n";
    let rows = [
        ("the proposal", world(pull(Ok(drifted()), Err(problem)))),
        ("what it starts from", world(pull(Err(problem), Ok(drifted())))),
        ("both", world(pull(Err("  × a\n"), Err(problem)))),
    ];
    let mut out = String::new();
    for (name, world) in rows {
        out.push_str(&format!("{name}\n{}", explain(NAME, &config(drifted()), &world)));
    }
    insta::assert_snapshot!(out, @r#"
    the proposal
      acme/config
        + report pull/7/check/ababababab
            passes: false
            summary: "unknown repository setting `has-wikis`"
            why: whether the config at ababababab is valid
        + comment pull/7/comment/1
            body:
              +<!-- factoryctl:config-review 1 -->
              +## What this pull request would change
              +
              +Config at `ababababab`. **The config does not load.**
              +
              +````text
              +  × unknown repository setting `has-wikis`
              +   ╭─[factory.kdl:3:5]
              + 3 │     has-wikis #true ```
              +````
            why: what pull request #7 would change
    what it starts from
      waiting
        repo/acme/config/pull/7: the config that it starts from, which doesn't load: unknown repository setting `has-wikis`
    both
      acme/config
        + report pull/7/check/ababababab
            passes: false
            summary: "unknown repository setting `has-wikis`"
            why: whether the config at ababababab is valid
        + comment pull/7/comment/1
            body:
              +<!-- factoryctl:config-review 1 -->
              +## What this pull request would change
              +
              +Config at `ababababab`. **The config does not load.**
              +
              +````text
              +  × unknown repository setting `has-wikis`
              +   ╭─[factory.kdl:3:5]
              + 3 │     has-wikis #true ```
              +````
            why: what pull request #7 would change
    "#);
}

#[test]
fn a_plan_that_fills_several_comments_is_split_and_shrinks_again() {
    let many = |count: usize| {
        let labels =
            (0..count).map(|n| crate::model::samples::label(&format!("label-{n:04}")).about(&"x".repeat(90)));
        desired([labels.fold(repo(W), crate::model::Repo::label)])
    };
    let first = said(&pull(Ok(desired([])), Ok(many(600))));
    assert!(first.comments.len() > 1);
    for (n, (_, body)) in first.comments.iter().enumerate() {
        assert!(body.chars().count() <= COMMENT_LIMIT + 1_024);
        assert!(body.starts_with(&format!("<!-- factoryctl:config-review {} -->\n", n + 1)));
        assert!(body.contains(&format!("({} of {})", n + 1, first.comments.len())));
    }
    let all: String = first.comments.iter().map(|(_, body)| body.as_str()).collect();
    for n in 0..600 {
        assert!(all.contains(&format!("+ create label label-{n:04}\n")), "{n}");
    }
    assert_eq!(plan(NAME, &config(drifted()), &world(first.clone())).actions, []);

    let fewer = ConfigPull { proposed: Ok(Arc::new(config(many(3)))), ..first };
    let second = said(&fewer);
    assert_eq!(second.comments.len(), 1);
    assert_eq!(plan(NAME, &config(drifted()), &world(second)).actions, []);
}

#[test]
fn several_pull_requests_are_spoken_on_apart_and_none_without_a_config_repository() {
    let mut world = world(pull(Ok(drifted()), Ok(drifted())));
    world.config_pulls.push(ConfigPull { number: 8, ..pull(Ok(drifted()), Ok(drifted_and_more())) });
    let actions = plan(NAME, &config(drifted()), &world).actions;
    let addresses: Vec<String> = actions.iter().map(|a| a.address.to_string()).collect();
    insta::assert_snapshot!(addresses.join("\n"), @r"
    repo/acme/config/pull/7/comment/1
    repo/acme/config/pull/7/check/ababababab
    repo/acme/config/pull/8/comment/1
    repo/acme/config/pull/8/check/ababababab
    ");
    assert_eq!(plan(NAME, &drifted(), &world).actions, []);
}
