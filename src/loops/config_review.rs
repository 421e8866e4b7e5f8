//! Says on each pull request to the config repository what it would change, in one comment that is kept
//! current (several where GitHub's limit asks for it), and in a check run or commit status.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::model::{
    Action, Address, CheckState, CommitId, ConfigHead, ConfigPull, Effect, Elsewhere, Facet, Facets,
    Observed, RepoName, Verb, same_text,
};
use crate::plan::{Document, Plan, render};

use super::{Cx, Loop, NoSettings, Trigger, preview};

/// The name of the check run or commit status.
const CHECK: &str = crate::model::PLAN_CHECK;

/// The loop.
pub(super) struct ConfigReview;

impl Loop for ConfigReview {
    type Settings = NoSettings;
    const NAME: &'static str = "config-review";
    const ABOUT: &'static str = "Comments on pull requests to the config repository what they would change, apart \
        from drift that was there before, and reports whether the config is valid.";
    const TRIGGERS: &'static [Trigger] = &[Trigger::minutes(5), Trigger::On(Facet::ConfigPulls)];
    const NEEDS: Facets = Facets::of(Facet::ConfigPulls)
        .and(Facets::of(Facet::Settings))
        .and(Facets::of(Facet::Labels))
        .and(Facets::of(Facet::Runs))
        .and(Facets::of(Facet::Issues));
    const MAY: &'static [Verb] = &[Verb::Comment, Verb::DeleteComment, Verb::Report];

    fn plan(cx: &Cx<'_, NoSettings>) -> Plan {
        let mut plan = Plan::empty();
        let Some(config) = &cx.desired.factory.config else { return plan };
        for pull in &cx.observed.config_pulls {
            review(cx, &config.value, pull, &mut plan);
        }
        if let Some(head) = &cx.observed.config_head {
            rejected(&config.value, head, &mut plan);
        }
        plan
    }
}

fn review(cx: &Cx<'_, NoSettings>, config: &RepoName, pull: &ConfigPull, plan: &mut Plan) {
    let address = Address::repo(config).part("pull", &pull.number.to_string());
    let (pages, check) = match (&pull.base, &pull.proposed) {
        (_, Err(problems)) => (
            problem_pages(&problems.details),
            CheckState { passes: false, summary: first_line(&problems.why) },
        ),
        (Err(why), Ok(_)) => {
            plan.wait(
                address,
                format!("the config that it starts from, which doesn't load: {}", first_line(&why.why)),
            );
            return;
        }
        (Ok(base), Ok(proposed)) => {
            let document = preview(proposed, base, &shown_to(pull, cx), cx.now);
            (render::markdown(&document, render::COMMENT_LIMIT), summary(&document))
        }
    };
    let count = pages.len();
    for (index, page) in pages.into_iter().enumerate() {
        let part = index + 1;
        let address = address.part("comment", &part.to_string());
        let body = body(pull, part, count, &page);
        match pull.comments.get(index) {
            Some((_, there)) if same_text(there, &body) => {}
            there => plan.act(comment(config, pull, address, there, body)),
        }
    }
    for (index, (id, there)) in pull.comments.iter().enumerate().skip(count) {
        let address = address.part("comment", &(index + 1).to_string());
        let effect = Effect::DeleteComment { repo: config.clone(), number: pull.number, id: *id };
        let action = Action::new(
            ConfigReview::NAME,
            Verb::DeleteComment,
            address,
            json!({ "body": there }),
            Value::Null,
            effect,
        );
        plan.act(action.reason("the plan needs fewer comments now"));
    }
    if pull.check.as_ref() != Some(&check) {
        let on = Reported { commit: &pull.head, there: pull.check.as_ref(), check_run: pull.checks };
        plan.act(report(config, &on, &address, check));
    }
}

/// What may be shown on a pull request. Who can only fork learns nothing of repositories that the config in force
/// doesn't declare, also where somebody else's pull request had them read, and nothing of what runs found, which issues
/// would say.
fn shown_to<'a>(pull: &ConfigPull, cx: &Cx<'a, NoSettings>) -> Cow<'a, Observed> {
    if !pull.from_fork {
        return Cow::Borrowed(cx.observed);
    }
    let declared = |name: &RepoName| cx.desired.repos.contains_key(name);
    let repos = cx.observed.repos.iter().filter(|(name, _)| declared(name));
    let runs = cx.observed.runs.iter().filter(|run| declared(&run.of.repo));
    let elsewhere = &cx.observed.elsewhere;
    let gone = elsewhere.runs.iter().filter(|run| declared(&run.of.repo));
    let begun = elsewhere.begun.iter().filter(|(task, _)| task.repo_name().as_ref().is_some_and(declared));
    let elsewhere = Elsewhere {
        runs: gone.cloned().collect(),
        begun: begun.map(|(task, begun)| (task.clone(), begun.clone())).collect(),
    };
    let pulls = cx.observed.pulls.iter().filter(|((repo, _), _)| declared(repo));
    let gaps = cx.observed.gaps.iter().filter(|gap| gap.repo.as_ref().is_none_or(declared));
    Cow::Owned(Observed {
        at: cx.observed.at,
        repos: repos.map(|(name, seen)| (name.clone(), seen.clone())).collect(),
        own: cx.observed.own.clone(),
        runs: runs.cloned().collect(),
        elsewhere,
        pulls: pulls.map(|(branch, seen)| (branch.clone(), seen.clone())).collect(),
        gaps: gaps.cloned().collect(),
        cost: cx.observed.cost,
        ..Observed::default()
    })
}

fn comment(
    config: &RepoName,
    pull: &ConfigPull,
    address: Address,
    there: Option<&(u64, String)>,
    body: String,
) -> Action {
    let before = there.map_or(Value::Null, |(_, body)| json!({ "body": body }));
    let after = json!({ "body": body });
    let id = there.map(|(id, _)| *id);
    let effect = Effect::Comment { repo: config.clone(), number: pull.number, id, at: None, body };
    Action::new(ConfigReview::NAME, Verb::Comment, address, before, after, effect)
        .reason(format!("what pull request #{} would change", pull.number))
}

/// Says on a commit of the config branch that it did not come into force.
fn rejected(config: &RepoName, head: &ConfigHead, plan: &mut Plan) {
    let check = CheckState { passes: false, summary: first_line(&format!("not in force: {}", head.why)) };
    if head.check.as_ref() != Some(&check) {
        let on = Reported { commit: &head.commit, there: head.check.as_ref(), check_run: head.checks };
        plan.act(report(config, &on, &Address::repo(config).part("commit", head.commit.short()), check));
    }
}

/// A commit that is reported on.
struct Reported<'a> {
    commit: &'a CommitId,
    there: Option<&'a CheckState>,
    check_run: bool,
}

fn report(config: &RepoName, on: &Reported<'_>, address: &Address, check: CheckState) -> Action {
    let json_of = |state: &CheckState| json!({ "passes": state.passes, "summary": state.summary });
    let before = on.there.map_or(Value::Null, json_of);
    let after = json_of(&check);
    let effect = Effect::Report {
        repo: config.clone(),
        commit: on.commit.clone(),
        name: CHECK.to_owned(),
        state: check,
        check_run: on.check_run,
    };
    Action::new(
        ConfigReview::NAME,
        Verb::Report,
        address.part("check", on.commit.short()),
        before,
        after,
        effect,
    )
    .reason(format!("whether the config at {} is valid", on.commit.short()))
}

fn summary(document: &Document) -> CheckState {
    let summary = document.summary();
    let mut text =
        format!("{} to add, {} to change, {} to delete", summary.add, summary.change, summary.delete);
    if summary.blocked > 0 {
        let _ = write!(text, ", {} blocked", summary.blocked);
    }
    if !document.rules.is_empty() {
        let changes = render::counted(document.rules.len(), "change", "changes");
        let _ = write!(text, ", {changes} in how the factory works");
    }
    CheckState { passes: true, summary: text }
}

fn first_line(text: &str) -> String {
    text.lines().map(str::trim).find(|l| !l.is_empty()).unwrap_or_default().chars().take(130).collect()
}

fn problem_pages(problems: &str) -> Vec<String> {
    render::fenced("**The config does not load.**\n", problems, render::COMMENT_LIMIT)
}

fn body(pull: &ConfigPull, part: usize, count: usize, page: &str) -> String {
    let of = if count > 1 { format!(" ({part} of {count})") } else { String::new() };
    format!(
        "{}{part} -->\n## What this pull request would change{of}\n\nConfig at `{}`. {}",
        crate::model::REVIEW_MARKER,
        pull.head.short(),
        page.trim_end()
    )
}
