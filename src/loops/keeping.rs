//! What the loops that keep a language true have in common: each proposes what its keeper decided, one pull request at a time,
//! and keeps the issues current in which it tells what only people can mend.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::desired::shape::{self, Field, Type};
use crate::language::keep::{self, Keeper};
use crate::model::keeping::{
    Issue, KeepIssue, Kept, KeptPull, LanguageSeen, OVER, Proposal, WITHDRAWN, kept_line,
};
use crate::model::{Action, Address, Effect, Facet, LoopName, RepoName, Seen, Source, Task, Verb};
use crate::plan::Plan;
use crate::work::{Cx, Next, Room, next, under_way};

use super::{Settings, Trigger};

/// What a loop may do that only proposes and tells.
pub(super) const MAY: &[Verb] = &[Verb::Propose, Verb::Withdraw, Verb::KeepIssue];
/// What a loop may do that has something judged as well.
pub(super) const MAY_ASK: &[Verb] = &[Verb::Propose, Verb::Withdraw, Verb::KeepIssue, Verb::StartRun];
/// When all of them look again. What nothing changed of costs one request for each owner.
pub(super) const TRIGGERS: &[Trigger] = &[Trigger::minutes(10), Trigger::On(Facet::Language)];
/// The same of those that have something judged.
pub(super) const ASKS: &[Trigger] =
    &[Trigger::minutes(10), Trigger::On(Facet::Language), Trigger::On(Facet::Runs)];

/// The settings of a loop that has something judged.
pub(super) struct Judges {
    agents: Vec<String>,
    most: u64,
}

impl Settings for Judges {
    const KIND: &'static shape::Kind = &shape::Kind {
        fields: &[
            Field::new(
                "agents",
                Type::List { of: &Type::Agent, max: 10 },
                "The agents that judge what only a model can, the preferred one first. Without any nothing is judged, and what is structural goes on.",
                "\"judge\"",
            )
            .or(""),
            Field::new(
                "most",
                Type::Int { min: 0, max: 1_000 },
                "How many questions of one repository are asked at a time.",
                "5",
            )
            .or("3"),
        ],
        ..shape::Kind::EMPTY
    };

    fn read(values: &shape::Settings<'_>) -> Self {
        Self { agents: values.get_texts("agents"), most: values.get_u64("most") }
    }
}

/// What comes next of what a keeper decided, and of its questions.
pub(super) fn plan_asking(name: LoopName, cx: &super::Cx<'_, Judges>) -> Plan {
    let (work, judges) = (cx.work(), cx.settings);
    let mut plan = plan(name, &work);
    // What isn't known to have run may be running.
    if work.observed.gap(Facet::Runs, None).is_some() {
        return plan;
    }
    let mut room = Room::of(&work);
    let source = work.desired.loops.get(name).map_or_else(Source::built_in, |it| it.source.clone());
    for (repo, seen) in &work.observed.languages {
        let Some(kept) = seen.known().and_then(|seen| seen.kept.get(name)) else { continue };
        let Some(first) = kept.asks.first() else { continue };
        let at = Address::repo(repo).part("language", name);
        if judges.agents.is_empty() {
            let on = format!(
                "an agent to judge {}{}: name one with `agents` in `loop \"{name}\"`",
                first.about,
                and_more(kept.asks.len() - 1)
            );
            plan.wait(at, on);
            continue;
        }
        let most = usize::try_from(judges.most).unwrap_or(usize::MAX);
        for ask in kept.asks.iter().take(most) {
            asked(
                &ask.task(repo, name, &judges.agents, source.clone()),
                &ask.about,
                &work,
                &mut room,
                &mut plan,
            );
        }
        if let Some(more) = kept.asks.len().checked_sub(most).filter(|more| *more > 0) {
            plan.wait(
                at,
                format!("{more} more to be judged, {most} at a time (`most` in `loop \"{name}\"`)"),
            );
        }
    }
    plan
}

fn and_more(more: usize) -> String {
    if more == 0 { String::new() } else { format!(" and {more} more") }
}

/// What comes next of a question.
fn asked(task: &Task, about: &str, cx: &Cx<'_>, room: &mut Room, plan: &mut Plan) {
    let at = task.address();
    if let Some(on) = under_way(task, cx) {
        return plan.wait(at, format!("{on}, about {about}"));
    }
    match next(task, cx, room) {
        Next::Waits(on) => plan.wait(at, format!("{on}, about {about}")),
        Next::Until(until, why) => plan.wait_until(at, until, why),
        Next::Starts(action) => plan.act(action.reason(format!("nobody has judged it: {about}"))),
        Next::Person(says) => plan.problem(at, says),
        Next::Over(last, _) => {
            plan.wait(at, format!("what run {} answered to be in the ledger", last.id));
        }
    }
}

/// The most changes that the text of a pull request lists.
const LISTED: usize = 100;
/// The most characters of the text of an issue; GitHub takes 65,536.
const LONGEST: usize = 60_000;

/// What comes next of what a keeper decided, in every repository whose language is kept.
pub(super) fn plan(name: LoopName, cx: &Cx<'_>) -> Plan {
    let mut plan = Plan::empty();
    let keeper = keep::by_name(name).expect("each loop of a language has a keeper of its name");
    for (repo, seen) in &cx.observed.languages {
        let Seen::Known(seen) = seen else { continue };
        let Some(kept) = seen.kept.get(name) else { continue };
        let at = Address::repo(repo).part("language", name);
        for problem in &kept.problems {
            plan.problem(at.clone(), problem.clone());
        }
        for on in &kept.refused {
            plan.wait(at.clone(), on.clone());
        }
        proposal(keeper, (repo, &at), seen, kept, &mut plan);
        issues(keeper, (repo, &at), seen, kept, &mut plan);
    }
    plan
}

/// What comes next of the change that it proposes.
fn proposal(
    keeper: &Keeper,
    (repo, at): (&RepoName, &Address),
    seen: &LanguageSeen,
    kept: &Kept,
    plan: &mut Plan,
) {
    let own = format!("{}{}/", keeper.prefix, keeper.name);
    let (own, others): (Vec<&KeptPull>, Vec<&KeptPull>) = (seen.pulls.iter())
        .filter(|pull| pull.branch.starts_with(keeper.prefix))
        .partition(|pull| pull.branch.starts_with(&own));
    let branch = seen.branches.get(keeper.name).cloned();
    if let Some(pull) = own.iter().find(|pull| Some(&pull.branch) == branch.as_ref()) {
        return plan.wait(at.clone(), format!("a person to merge or close #{}", pull.number));
    }
    if let Some(pull) = own.iter().find(|pull| pull.commits > 1) {
        let on = format!(
            "a person to merge or close #{}: somebody has added to it, and what is proposed is another change by now",
            pull.number
        );
        return plan.wait(at.clone(), on);
    }
    // Who couldn't decide doesn't know that nothing is left of it.
    if let Some(pull) = own.first().filter(|_| kept.proposal.is_none() && !kept.problems.is_empty()) {
        let on = format!(
            "what keeps it from deciding to be mended: nobody can tell whether #{} still holds",
            pull.number
        );
        return plan.wait(at.clone(), on);
    }
    for pull in &own {
        plan.act(withdraw(keeper, repo, pull, kept.proposal.is_some()));
    }
    let (Some(proposal), Some(branch)) = (&kept.proposal, branch) else { return };
    if let Some(number) = seen.declined.get(&branch) {
        let on = format!(
            "another change to be due: this one was closed with #{number}, which is a decision; open it again to have it"
        );
        return plan.wait(at.clone(), on);
    }
    if let Some(pull) = own.iter().chain(&others).next() {
        let on =
            format!("#{} to be merged or closed: pull requests of this kind come one at a time", pull.number);
        return plan.wait(at.clone(), on);
    }
    plan.act(propose(keeper, (repo, at), seen, proposal, branch));
}

fn propose(
    keeper: &Keeper,
    (repo, at): (&RepoName, &Address),
    seen: &LanguageSeen,
    proposal: &Proposal,
    branch: String,
) -> Action {
    let paths: Vec<&String> = proposal.files.keys().collect();
    let after =
        json!({ "branch": branch, "title": proposal.title, "changes": proposal.changes, "files": paths });
    let effect = Effect::Propose {
        repo: repo.clone(),
        branch,
        base: seen.base.clone(),
        files: proposal.files(),
        title: proposal.title.clone(),
        body: body(keeper, proposal),
        alone: Some(keeper.prefix.to_owned()),
    };
    Action::new(keeper.name, Verb::Propose, at.clone(), Value::Null, after, effect).reason(format!(
        "at {} of `{}`",
        seen.base.1.short(),
        seen.base.0
    ))
}

/// The text of a pull request: each change in a line.
fn body(keeper: &Keeper, proposal: &Proposal) -> String {
    let mut out = String::new();
    for change in proposal.changes.iter().take(LISTED) {
        out.push_str(&format!("- {change}\n"));
    }
    if let Some(more) = proposal.changes.len().checked_sub(LISTED).filter(|more| *more > 0) {
        out.push_str(&format!("- and {more} more\n"));
    }
    let part = keeper.part.map_or_else(String::new, |part| format!(" {part}"));
    out.push_str(&format!(
        "\nProposed by `{}` of the factory. Closing it is a decision: exactly this change is not proposed again.{part}\n",
        keeper.name
    ));
    out
}

fn withdraw(keeper: &Keeper, repo: &RepoName, pull: &KeptPull, is_other: bool) -> Action {
    let address = Address::repo(repo).part("branch", &pull.branch);
    let before = json!({ "pull": pull.number });
    let why = if is_other { "another change is due by now" } else { "nothing is left of what it changes" };
    let says = Some(format!("{WITHDRAWN}\nWithdrawn by `{}` of the factory: {why}.\n", keeper.name));
    let effect =
        Effect::Withdraw { repo: repo.clone(), number: Some(pull.number), branch: pull.branch.clone(), says };
    Action::new(keeper.name, Verb::Withdraw, address, before, Value::Null, effect).reason(why)
}

/// What comes next of the issues that it keeps.
fn issues(
    keeper: &Keeper,
    (repo, at): (&RepoName, &Address),
    seen: &LanguageSeen,
    kept: &Kept,
    plan: &mut Plan,
) {
    let its = kept_line(keeper.name, "");
    let its = its.trim_end_matches(" -->").trim_end();
    let is_its = |line: &str| line.strip_prefix(its).is_some_and(|rest| rest.starts_with(' '));
    let mut wanted: Vec<String> = Vec::new();
    for issue in &kept.issues {
        let line = kept_line(keeper.name, &issue.subject);
        if wanted.contains(&line) {
            continue;
        }
        let says = says(issue, &line);
        wanted.push(line.clone());
        let there = seen.issues.iter().find(|it| it.open && first_line(&it.body) == line);
        let at = at.field(&issue.subject);
        let Some(there) = there else {
            let tells = tells_line(issue);
            let closed = seen.issues.iter().find(|it| {
                let mut lines = it.body.lines();
                let decided = !it.open && !it.body.trim_end().ends_with(OVER);
                decided && lines.next() == Some(&line) && lines.next() == Some(&tells)
            });
            if let Some(closed) = closed {
                let on =
                    format!("what it tells of to change: #{} says the same and was closed", closed.number);
                plan.wait(at, on);
                continue;
            }
            plan.act(keep_issue(keeper.name, repo, at, (None, Value::Null), (line, Some(says))));
            continue;
        };
        if there.title != says.0 || there.body.trim() != says.1.trim() {
            let before = json!({ "title": there.title, "body": there.body });
            plan.act(keep_issue(keeper.name, repo, at, (Some(there.number), before), (line, Some(says))));
        }
    }
    // Who couldn't decide doesn't know what is gone.
    let decided = kept.problems.is_empty();
    let unsure: BTreeMap<String, &BTreeSet<String>> =
        kept.unsure.iter().map(|(subject, what)| (kept_line(keeper.name, subject), what)).collect();
    for there in seen.issues.iter().filter(|it| it.open && decided) {
        let line = first_line(&there.body);
        if let Some(what) = unsure.get(line)
            && what.iter().any(|what| there.body.contains(what))
        {
            if !wanted.iter().any(|wanted| wanted == line) {
                let on = "what it speaks of to be readable: nobody can tell whether it still holds";
                plan.wait(Address::issue(repo, there.number), on);
            }
            continue;
        }
        if is_its(line) && !wanted.iter().any(|wanted| wanted == line) {
            let before = json!({ "title": there.title, "body": there.body });
            let at = Address::issue(repo, there.number);
            plan.act(keep_issue(
                keeper.name,
                repo,
                at,
                (Some(there.number), before),
                (line.to_owned(), None),
            ));
        }
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// The title and the text of an issue.
fn says(issue: &Issue, line: &str) -> (String, String) {
    let title: String = issue.title.chars().take(200).collect();
    let body = issue.body.trim();
    let cut: String = body.chars().take(LONGEST).collect();
    let more = if cut.len() < body.len() { "\n\nThat is not all of it.\n" } else { "\n" };
    (title, format!("{line}\n{}\n\n{cut}{more}", tells_line(issue)))
}

/// The line that says what an issue tells, wherever that stands by now.
fn tells_line(issue: &Issue) -> String {
    let digest = blake3::hash(issue.tells.as_bytes()).to_hex();
    format!("<!-- factoryctl:tells {} -->", &digest[..16])
}

fn keep_issue(
    name: LoopName,
    repo: &RepoName,
    at: Address,
    (number, before): (Option<u64>, Value),
    (line, says): (String, Option<(String, String)>),
) -> Action {
    let reason = match (number, &says) {
        (None, _) => "people have to see to it, and no open issue says so",
        (Some(_), Some(_)) => "what it tells of has changed",
        (Some(_), None) => "what it tells of is gone",
    };
    let it = KeepIssue { repo: repo.clone(), number, line, says };
    let after = it.value();
    Action::new(name, Verb::KeepIssue, at, before, after, Effect::KeepIssue(Box::new(it))).reason(reason)
}
