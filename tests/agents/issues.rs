//! Each of the agents takes an issue to a merged pull request.

use factoryctl::twin::world::CiScript;

use super::cli::Cli;
use super::{PATIENCE, play, runs, wait};
use crate::models::Models;
use crate::world::{World, sample, world_of};

/// The number of the App that reports checks.
const CI: u64 = 77;

/// A config whose issues this agent works on.
fn config(w: &World, cli: Cli, models: &Models) -> String {
    let section = cli.section(w, models, &play("commits", "done"));
    let agent = section.split("\ntask ").next().unwrap_or_default();
    format!(
        r#"factory "acme"
{agent}
pipeline "short" {{ intake "factory"; phases; agents "commits"; merge-policy "green"; }}
merge-policy "green" {{ mode "on-green"; require-checks "ci"; }}
repo "acme/anvil" {{ pipeline "short"; }}
"#
    )
}

/// Whether the pull request of an issue was merged.
fn landed(w: &World, number: u64) -> bool {
    w.github().with(|world| {
        let issues = &world.repo("acme", "anvil").expect("there").issues;
        let branch = format!("factory/issue/{number}");
        let mut pulls = issues.values().filter_map(|issue| issue.pull.as_ref());
        pulls.any(|pull| pull.head_ref == branch && pull.merged_at.is_some())
    })
}

fn lands(cli: Cli) {
    world_of(sample::github(), |w| {
        let models = Models::start();
        w.config(&config(w, cli, &models));
        w.apply(&[]).exits(0);
        let github = w.github();
        github.set_ci("acme/anvil", vec![CiScript::new("ci", CI, "grep -q hello hello.txt")]).unwrap();
        let number = github.open_issue("acme/anvil", "Add hello.txt", &["factory"]).unwrap();
        let body = "There should be a file hello.txt that says hello, so that whoever looks is greeted.";
        github.edit_issue_body("acme/anvil", number, "acme", body).unwrap();
        github.unlabel_issue("acme/anvil", number, "factory", "acme").unwrap();
        github.label_issue("acme/anvil", number, "factory", "acme").unwrap();
        let at_work = |run: &serde_json::Value| run["state"] == "running" || run["state"] == "starting";
        wait("it lands", || {
            w.start(&["apply", "--yes"]).finish(PATIENCE);
            wait("every run ends", || (!runs(w).iter().any(at_work)).then_some(()));
            landed(w, number).then_some(())
        });
        w.start(&["apply", "--yes"]).finish(PATIENCE).exits(0);
        w.plan(&[]).exits(0);
        let all = runs(w);
        assert_eq!(all.len(), 1, "{all:#?}");
        let file = crate::tasks::file(w, "main", "hello.txt");
        assert_eq!(file.as_deref(), Some("hello\n"), "{cli:?}");
        assert_eq!(models.unknown(), Vec::<String>::new());
    });
}

#[test]
fn claude_takes_an_issue_to_a_merged_pull_request() {
    lands(Cli::Claude);
}

#[test]
fn codex_takes_an_issue_to_a_merged_pull_request() {
    lands(Cli::Codex);
}

#[test]
fn gemini_takes_an_issue_to_a_merged_pull_request() {
    lands(Cli::Gemini);
}

#[test]
fn opencode_takes_an_issue_to_a_merged_pull_request() {
    lands(Cli::OpenCode);
}
