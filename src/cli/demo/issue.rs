//! The scene of an issue: from its label to a merged pull request, with one attempt that fails and is repaired.

use crate::twin::world::{CiScript, Deed, Issue, IssueState, Repo};

use crate::cli::exit::{Exit, Fail};

use super::stage::Stage;

/// How an issue becomes a pull request, and who does it.
const PIPELINE: &str = r#"github {
    auth "app" id=11 key="env:FACTORY_APP_KEY"
    identity "reviewer" kind="app" id=12 key="env:REVIEWER_APP_KEY"
    webhook listen="127.0.0.1:0" secret="env:HOOK_SECRET"
}
agent "smith" kind="command" {
    program "PROGRAM" "twin" "agent" "--writes" "WELCOME.md={title}" "--forgets" "test.sh=grep -q Welcome WELCOME.md"
    readable "PROGRAM"
}
pipeline "standard" {
    intake "factory:please"
    phases "triage" "plan" "review"
    agents "smith"
    merge-policy "reviewed"
}
merge-policy "reviewed" { mode "on-green-with-review"; require-checks "ci"; }
"#;
/// What asks the factory for it.
const INTAKE: &str = "factory:please";
/// What is asked for.
const TITLE: &str = "Welcome whoever opens this repository";
const BODY: &str = "It should say so in WELCOME.md. Done when a test shows it.";
/// The check of the repository, and the number of the App that reports it.
const CI: (&str, &str, u64) =
    ("ci", "test -f test.sh || { echo there is no test.sh; exit 1; }; sh test.sh", 77);
/// What the daemon is told of.
const EVENTS: [&str; 4] = ["issues", "issue_comment", "pull_request", "check_run"];

/// Plays it in a repository.
pub(super) async fn play(stage: &mut Stage<'_>, repo: &str) -> Result<(), Fail> {
    let program = stage.program()?;
    stage.write("policies/pipeline.kdl", &PIPELINE.replace("PROGRAM", &program))?;
    let (plain, with) = (format!("repo {repo:?}"), format!("repo {repo:?} {{ pipeline \"standard\"; }}"));
    stage.edit("policies/repositories.kdl", &plain, &with)?;
    stage.push("Let issues become pull requests").await?;
    let labels = |found: &Repo| found.labels.iter().any(|label| label.name == INTAKE);
    stage.until("its labels are there", |stage| stage.repo(repo, labels)).await?;
    stage.rest().await?;

    let number = open(stage, repo)?;
    stage.say(&format!("by hand on GitHub: issue #{number} {TITLE:?}, labelled {INTAKE}"))?;
    stage.say(&format!("its check `{}` there: {}", CI.0, CI.1))?;
    let plan = stage.expect(&["plan"], Exit::Changes).await?;
    stage.show_head(&plan, 24)?;

    stage.listen(&EVENTS).await?;
    stage.expect(&["loop", "tick", "pipeline"], Exit::Done).await?;
    stage.until("the check has failed once", |stage| stage.repo(repo, failed).is_some()).await?;
    stage.say(&format!("the check `{}` fails at the first head:", CI.0))?;
    let says = stage.repo(repo, failed).unwrap_or_default();
    stage.show_tail(&says, 1)?;
    let issue = |found: &Repo| found.issues.get(&number).cloned();
    let is_over = |issue: &Issue| issue.state == IssueState::Closed;
    stage
        .until("a head is repaired, lands and closes it", |stage| {
            stage.repo(repo, issue).is_some_and(|it| is_over(&it))
        })
        .await?;
    stage
        .until("the issue says so", |stage| stage.repo(repo, |found| comment(found, number)).is_some())
        .await?;
    stage.rest().await?;

    let shown = stage.expect(&["issue", "show", &format!("{repo}#{number}")], Exit::Done).await?;
    let attempts: Vec<&str> = shown.lines().filter(|line| line.starts_with("run ")).collect();
    stage.show(&attempts)?;
    let history = stage.expect(&["history", &format!("repo/{repo}/pull/**")], Exit::Done).await?;
    stage.show_head(&history, 3)?;
    stage.say("what GitHub shows of its reviews:")?;
    stage.show(&stage.repo(repo, reviews).iter().map(String::as_str).collect::<Vec<_>>())?;
    stage.say(&format!("what issue #{number} shows by now:"))?;
    let issue = stage.repo(repo, issue);
    let labels = issue.as_ref().map(labels_of).unwrap_or_default();
    let comment = stage.repo(repo, |found| comment(found, number)).unwrap_or_default();
    stage.show_tail(&format!("closed; its labels: {labels}\n{comment}"), 2)
}

/// Opens the issue as a person would; answers its number.
fn open(stage: &Stage<'_>, repo: &str) -> Result<u64, Fail> {
    let github = stage.github();
    let refused = |error| Fail::new(Exit::Error, "the issue can't be opened").because(error);
    github.set_ci(repo, vec![CiScript::new(CI.0, CI.2, CI.1)]).map_err(refused)?;
    let number = github.open_issue(repo, TITLE, &[]).map_err(refused)?;
    let owner = repo.split_once('/').map_or(repo, |(owner, _)| owner);
    github.edit_issue_body(repo, number, owner, BODY).map_err(refused)?;
    github.label_issue(repo, number, INTAKE, owner).map_err(refused)?;
    Ok(number)
}

/// What a check said that failed.
fn failed(repo: &Repo) -> Option<String> {
    let mut all = repo.check_runs.values();
    all.find(|run| run.conclusion.as_deref() == Some("failure"))
        .map(|run| run.summary.clone().unwrap_or_default())
}

/// Who reviewed, and what came of it.
fn reviews(repo: &Repo) -> Vec<String> {
    repo.reviews.values().map(|it| format!("{}: {}", it.author, it.state.as_str())).collect()
}

/// What the factory says on an issue that landed, on one line.
fn comment(repo: &Repo, number: u64) -> Option<String> {
    let said = repo.comments.values().filter(|comment| comment.issue == number);
    let mut lines = said.flat_map(|comment| comment.body.lines());
    lines.find(|line| line.starts_with("**Done**")).map(str::to_owned)
}

/// The labels that an issue got, in their order.
fn labels_of(issue: &Issue) -> String {
    let got = |deed: &Deed| match deed {
        Deed::Labeled(label) => Some(label.name.clone()),
        Deed::Unlabeled(_)
        | Deed::Assigned(_)
        | Deed::Unassigned(_)
        | Deed::Closed { .. }
        | Deed::Reopened
        | Deed::Renamed { .. } => None,
    };
    issue.events.iter().filter_map(|event| got(&event.deed)).collect::<Vec<_>>().join(" → ")
}
