//! One comparison of desired and observed: read the world, let the loops decide, let the guards judge.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::adapters::clock::Clock;
use crate::adapters::env::Env;
use crate::adapters::github::Client;
use crate::adapters::state::StateDir;
use crate::engine::language::{Looking, languages_seen};
use crate::engine::runs::{Known, disk, found, issues_seen, runs_seen, unfit};
use crate::loops::{self, Crash, Inputs, Selection};
use crate::model::{
    Action, AddressGlob, Allow, Desired, Effect, Facet, LabelName, Observed, RepoName, RunId, RunSeen, Seen,
    Source, Subject, Task, Verb,
};
use crate::observed::{self, Request};
use crate::plan::{self, Disabled, Document, GuardContext, Memory, NotInForce, Plan, Switches, Verdict};

/// What a comparison goes by.
#[derive(Clone, Copy)]
pub struct Judging<'a> {
    /// The config.
    pub desired: &'a Desired,
    /// Which loops take part.
    pub selection: &'a Selection,
    /// What is switched off.
    pub switches: &'a Switches,
    /// What the ledger remembers.
    pub memory: &'a Memory,
    /// Overrides of this one command.
    pub allows: &'a [Allow],
    /// Only what these cover, when there are any.
    pub scope: &'a [AddressGlob],
    /// What earlier rounds of this one command have done: the budgets are for all of them.
    pub spent: &'a [Action],
    /// Why the revision that is compared is not the one in force, if it isn't.
    pub not_in_force: Option<&'a NotInForce>,
    /// The time of the comparison.
    pub now: jiff::Timestamp,
}

impl<'a> Judging<'a> {
    /// Goes by these, with nothing overridden, for everything.
    pub fn new(
        desired: &'a Desired,
        selection: &'a Selection,
        switches: &'a Switches,
        memory: &'a Memory,
        now: jiff::Timestamp,
    ) -> Self {
        Self {
            desired,
            selection,
            switches,
            memory,
            allows: &[],
            scope: &[],
            spent: &[],
            not_in_force: None,
            now,
        }
    }
}

/// What is looked at: GitHub, and what this machine knows of runs.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// GitHub.
    pub client: &'a Client,
    /// GitHub as the reviewer sees it, of whom it has to be known who it is.
    pub reviewer: Option<&'a Client>,
    /// The time.
    pub clock: &'a Clock,
    /// The environment, with the secrets that must not leave this machine.
    pub env: &'a Env,
    /// Where runs lie.
    pub state: &'a StateDir,
    /// Which of them are over.
    pub known: &'a Known,
}

/// What came out of a comparison.
#[derive(Debug, Default)]
pub struct Judged {
    /// The plan, ready to be shown.
    pub document: Document,
    /// What may be done, and what is held back.
    pub verdict: Verdict,
    /// What only a person can mend.
    pub problems: Vec<plan::Problem>,
    /// When what loops wait for is over by the clock alone.
    pub over_at: BTreeMap<&'static str, jiff::Timestamp>,
    /// Loops that panicked; the plan is that of the others.
    pub crashed: Vec<Crash>,
}

/// What is looked at besides what the config that is compared declares.
#[derive(Debug, Default)]
pub struct Also<'a> {
    /// Repositories.
    pub repos: Vec<&'a RepoName>,
    /// Tasks.
    pub tasks: Vec<&'a Task>,
    /// Repositories in which an issue may have been opened, and since when.
    pub issues: BTreeMap<RepoName, jiff::Timestamp>,
    /// Issues, whether a pipeline has to do with them or not.
    pub cases: BTreeSet<(RepoName, u64)>,
}

/// Reads what the loops that take part need, restricted to what the scope can touch, and counts the issues of
/// labels that would be deleted or renamed.
pub async fn look(judging: &Judging<'_>, world: &World<'_>, also: &Also<'_>) -> Observed {
    let World { client, reviewer, clock, env, state, known } = *world;
    let facets = loops::needs_of(judging.selection, judging.switches);
    let mut request = Request::of(judging.desired, client.base(), facets);
    let mut asked: BTreeSet<&RepoName> = request.repos.iter().map(|w| w.name).collect();
    for &name in &also.repos {
        if asked.insert(name) {
            request.repos.push(observed::Wanted { name, archived: false });
        }
    }
    if !judging.scope.is_empty() {
        request.repos.retain(|w| judging.scope.iter().any(|glob| glob.may_touch(w.name)));
        request.owners.clear();
    }
    let mut observed = observed::observe(client, clock, &request).await;
    if facets.has(Facet::Runs) {
        let all = judging.desired.tasks.values().chain(also.tasks.iter().copied());
        let in_scope = |task: &&Task| {
            let address = task.address();
            judging.scope.is_empty() || judging.scope.iter().any(|glob| glob.covers(&address))
        };
        let tasks = all.clone().filter(in_scope);
        let asks_for_pulls = facets.has(Facet::Issues);
        runs_seen((state, known), client, tasks.clone(), asks_for_pulls, &mut observed).await;
        note_elsewhere(judging, known, all, &mut observed);
        if facets.has(Facet::Cases) {
            let by = (judging.desired, judging.scope, judging.now);
            issues_seen((state, known), (client, reviewer), by, &also.cases, &mut observed).await;
            observed.cases.held = Arc::clone(&judging.memory.held);
            observed.cases.passed = judging.memory.passed.clone();
        }
        if facets.has(Facet::Issues) {
            observed.tracker.opened.clone_from(&judging.memory.opened);
            let by = (env, judging.desired, judging.now);
            found(by, client, tasks, also.issues.clone(), &mut observed).await;
        }
        observed.unfit = unfit(env, known, judging.desired, judging.now);
        observed.disk = disk(state, judging.desired).await;
    }
    if facets.has(Facet::Language) || facets.has(Facet::Meanings) {
        let glances = known.glances();
        let looking = Looking { client, env, state, glances, now: judging.now };
        let by = (judging.desired, judging.scope, facets);
        languages_seen(looking, by, &judging.memory.ran.answers(), &mut observed).await;
        note_asked(judging, &mut observed);
    }
    let uncounted = unsettled_labels(judging, &observed);
    if !uncounted.is_empty() {
        observed::count_uses(client, &uncounted, &mut observed).await;
    }
    observed
}

/// What the ledger knows of runs that this machine has no records of, of all tasks: what they cost counts whatever is looked
/// at.
fn note_elsewhere<'a>(
    judging: &Judging<'_>,
    known: &Known,
    tasks: impl Iterator<Item = &'a Task>,
    observed: &mut Observed,
) {
    // Without the records nobody can tell what isn't among them.
    if !observed.knows_runs {
        return;
    }
    let here = |repo: &RepoName, subject: &Subject| -> BTreeSet<RunId> {
        let is_its = |run: &&RunSeen| run.of.repo == *repo && run.of.subject == *subject;
        let open = observed.runs.iter().filter(is_its).map(|run| run.id.clone());
        known.of_subject(repo, subject).into_iter().chain(open).collect()
    };
    let memory = judging.memory;
    let of_task = |task: &Task| here(&task.repo, &task.subject);
    let mut elsewhere = memory.ran.elsewhere(tasks, of_task, &memory.machine, judging.now);
    let issues = judging.desired.pipelines.of_repo.keys();
    elsewhere.runs.extend(memory.ran.left_elsewhere(issues.clone(), here, &memory.machine, judging.now));
    elsewhere.begun.extend(memory.ran.issues_elsewhere(issues, &memory.machine, judging.now));
    observed.elsewhere = elsewhere;
    for run in &observed.elsewhere.runs {
        observed.paid.add(run);
    }
}

/// What the ledger knows of the runs that questions of keepers were asked in; of those that are at work there are records.
fn note_asked(judging: &Judging<'_>, observed: &mut Observed) {
    let seen = observed.languages.iter().filter_map(|(repo, seen)| Some((repo, seen.known()?)));
    let tasks: Vec<Task> = seen
        .flat_map(|(repo, seen)| {
            let asks = seen.kept.iter().flat_map(|(keeper, kept)| kept.asks.iter().map(|ask| (*keeper, ask)));
            asks.map(|(keeper, ask)| ask.task(repo, keeper, &[], Source::built_in())).collect::<Vec<_>>()
        })
        .collect();
    let here = |task: &Task| {
        let its = observed.runs.iter().filter(|run| task.has(&run.of));
        its.map(|run| run.id.clone()).collect::<BTreeSet<RunId>>()
    };
    let memory = judging.memory;
    let asked = memory.ran.elsewhere(tasks.iter(), here, &memory.machine, judging.now);
    observed.elsewhere.runs.extend(asked.runs);
    observed.elsewhere.begun.extend(asked.begun);
}

/// What takes a label from the issues that carry it.
const TAKES_LABELS: [Verb; 2] = [Verb::DeleteLabel, Verb::RenameLabel];

/// The labels that a plan would delete or rename and whose issues are not counted yet.
pub fn unsettled_labels(judging: &Judging<'_>, observed: &Observed) -> Vec<(RepoName, LabelName)> {
    let takes_labels = |l: &&&dyn loops::AnyLoop| {
        judging.selection.has(l.name()) && l.may().iter().any(|verb| TAKES_LABELS.contains(verb))
    };
    let only: Vec<String> = loops::ALL.iter().filter(takes_labels).map(|l| l.name().to_owned()).collect();
    if only.is_empty() {
        return Vec::new();
    }
    let selection = Selection { only };
    let plan = decide(&Judging { selection: &selection, ..*judging }, observed);
    let uncounted = |action: &Action| {
        let (Effect::DeleteLabel { name, .. } | Effect::UpdateLabel { name, .. }) = &action.effect else {
            return None;
        };
        if !TAKES_LABELS.contains(&action.verb) {
            return None;
        }
        let repo = action.effect.repo();
        let Seen::Known(state) = observed.repo(repo) else { return None };
        let uses = state.labels.known()?.get(&name.key())?.uses;
        uses.is_none().then(|| (repo.clone(), name.clone()))
    };
    plan.0.actions.iter().filter_map(uncounted).collect()
}

type Decided = (Plan, Vec<(Action, plan::Blocked)>, Vec<Crash>);

fn decide(judging: &Judging<'_>, observed: &Observed) -> Decided {
    let inputs = Inputs { desired: judging.desired, observed, now: judging.now };
    let (plans, crashes) = loops::plan_all(inputs, judging.selection, judging.switches);
    let (mut all, mut contradictions) = plan::combine(plans);
    if !judging.scope.is_empty() {
        let inside = |address: &crate::model::Address| judging.scope.iter().any(|glob| glob.covers(address));
        // Settings of one repository are one action, which a single one of them selects.
        let selects = |action: &Action| judging.scope.iter().any(|glob| glob.covers_part_of(action));
        all.actions.retain(selects);
        all.waiting.retain(|w| inside(&w.address));
        all.problems.retain(|p| inside(&p.address));
        contradictions.retain(|(action, _)| selects(action));
    }
    (all, contradictions, crashes)
}

/// Compares and judges. Pure: the same input gives the same document.
pub fn judge(judging: &Judging<'_>, observed: &Observed) -> Judged {
    let (all, contradictions, crashed) = decide(judging, observed);
    let (needs, may) = (loops::needs(), loops::may());
    let cx = GuardContext {
        desired: judging.desired,
        observed,
        needs: &needs,
        may: &may,
        allows: judging.allows,
        now: judging.now,
        switches: judging.switches,
        memory: judging.memory,
        spent: judging.spent,
        not_in_force: judging.not_in_force,
    };
    let verdict = plan::guard::verdict(all.actions, contradictions, &cx);
    let violations = plan::check(verdict.permitted.iter().map(|p| &p.action), observed);
    let mut document = Document::new(judging.desired, observed, &verdict, &violations);
    document.waiting = all.waiting;
    document.disabled = judging
        .switches
        .loops
        .iter()
        .filter(|(name, _)| judging.selection.has(name) && loops::by_name(name).is_some())
        .map(|(name, switch)| Disabled { name: name.clone(), switch: switch.clone() })
        .collect();
    document.note(&all.problems);
    document
        .diagnostics
        .extend(crashed.iter().map(|c| format!("bug: loop `{}` panicked: {}", c.name, c.says)));
    let mut over_at = all.over_at;
    if let Some(room) = observed.cost.room {
        let waits = verdict.blocked.iter().filter(|(_, blocked)| blocked.guard == plan::guard::CREATIONS);
        for (action, _) in waits {
            let at = over_at.entry(action.wanted_by).or_insert(room.more_at);
            *at = room.more_at.min(*at);
        }
    }
    Judged { document, verdict, problems: all.problems, over_at, crashed }
}
