//! Drives issues through their pipelines: looks where each stands, has agents work, tells the issue, opens and merges pull
//! requests. The phases themselves are in [`crate::pipeline`].

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::model::{
    Action, Address, AtWork, Effect, Facet, Facets, OpenPull, Phase, Pipeline as Config, Remark, RepoName,
    RunSeen, Seen, StartRun, StopRun, Subject, Task, Verb, Watched,
};
use crate::pipeline::{
    Move, Stand, Station, View, awaits_checks, dequeues, has_its_turn, holds_others, is_resolution,
    lands_resolved, may_wait, projection, shared, station, touches, waits_in_line,
};
use crate::plan::Plan;
use crate::work::{self, Next, Room, ends, next, under_way};

use super::{Cx, Loop, NoSettings, Trigger};

/// The loop.
pub(super) struct Pipeline;

impl Loop for Pipeline {
    type Settings = NoSettings;
    const NAME: &'static str = "pipeline";
    const ABOUT: &'static str = "Takes the issues of each repository that has a pipeline through its phases: triage, \
        discover, shape, plan, implement, review, hitl and merge. Where an issue stands is derived from what is there; \
        its labels and one comment show it.";
    const TRIGGERS: &'static [Trigger] =
        &[Trigger::minutes(1), Trigger::On(Facet::Runs), Trigger::On(Facet::Cases)];
    const NEEDS: Facets = Facets::of(Facet::Runs).and(Facets::of(Facet::Cases));
    const MAY: &'static [Verb] = &[
        Verb::StartRun,
        Verb::StopRun,
        Verb::OpenPull,
        Verb::TellIssue,
        Verb::TransferIssue,
        Verb::MirrorIssue,
        Verb::MergePull,
        Verb::EnqueuePull,
        Verb::DequeuePull,
        Verb::UpdateBranch,
        Verb::Reply,
        Verb::ReviewPull,
        Verb::Withdraw,
        Verb::PassOver,
    ];

    fn plan(cx: &Cx<'_, NoSettings>) -> Plan {
        let mut plan = Plan::empty();
        // What isn't known to have run may be running.
        if cx.observed.gap(Facet::Runs, None).is_some() {
            return plan;
        }
        let mut driver = Driver {
            room: Room::of(&cx.work()),
            lanes: BTreeMap::new(),
            in_line: BTreeMap::new(),
            touched: BTreeMap::new(),
        };
        let repos = cx.desired.pipelines.of_repo.keys();
        driver.room.note_unready(repos, &cx.work(), &mut plan);
        let all = in_turn(cx.work());
        lanes(&all, &mut driver);
        for (view, _) in all.iter().filter(|(view, at)| holds_others(view, at)) {
            driver.touch(view);
        }
        for (view, at) in &all {
            driver.one(view, at, cx, &mut plan);
        }
        strays(cx, &mut plan);
        plan
    }
}

/// Every issue that is known and where it stands, in the order of their turns. Of the same priority those come first whose
/// repository has the fewest agents, with those that begin before them: many issues of one keep no other from its turn.
pub(crate) fn in_turn(cx: work::Cx<'_>) -> Vec<(View<'_>, Station)> {
    let known = cx.observed.cases.all.iter().filter_map(|((repo, _), seen)| {
        let Seen::Known(case) = seen else { return None };
        let view = View::of(cx, cx.desired.pipelines.of(repo)?, case);
        let at = station(&view);
        Some((view, at))
    });
    let mut all: Vec<_> = known.collect();
    all.sort_by_cached_key(|(view, _)| view.case.turn(cx.now));
    let mut at_work = AtWork::of(&cx.observed.runs);
    let mut all: Vec<(u32, (View<'_>, Station))> = all.into_iter().map(|it| (0, it)).collect();
    for (ahead, (view, at)) in &mut all {
        let is_at_work = view.runs.iter().any(|run| run.phase.takes_a_slot());
        if matches!(at.stand, Stand::Works(_)) && !is_at_work {
            *ahead = at_work.here(&view.case.repo);
            at_work.begins(&view.case.repo);
        }
    }
    all.sort_by_cached_key(|(ahead, (view, _))| {
        let (rank, has_pull, opened, number) = view.case.turn(cx.now);
        (rank, has_pull, *ahead, opened, number)
    });
    all.into_iter().map(|(_, it)| it).collect()
}

/// What becomes of a branch in one go: one pull request lands, then one that is behind takes it in.
#[derive(Clone, Copy, Debug, Default)]
struct Lane {
    lands: bool,
    updates: bool,
    /// The pull request whose turn it is: no other lands before it.
    turn: Option<u64>,
    /// The issue that has something land otherwise than it was tested: nothing lands before somebody looked at it.
    stopped: Option<u64>,
    /// The pull request whose conflicts are resolved first: what lands before others would have theirs resolved once more.
    resolves: Option<u64>,
}

impl Lane {
    /// Takes the place of what lands in this go, unless it isn't that one's turn.
    fn take(&mut self, pull: u64) -> bool {
        let free = !self.lands && self.turn.is_none_or(|turn| turn == pull);
        self.lands |= free;
        free
    }
}

/// Where something landed that was not what was tested, nothing more lands. Where one that has all of its base waits for its
/// checks alone, no other takes its base in: what lands before it would be taken in once more. Where one took it in and is
/// judged again because of that, it lands first. Conflicts are resolved of one at a time, and it lands before those of another are.
fn lanes(all: &[(View<'_>, Station)], driver: &mut Driver) {
    for (view, at) in all {
        let Some(pull) = view.case.pull() else { continue };
        if waits_in_line(view, pull, at) {
            *driver.in_line.entry(view.case.repo.clone()).or_default() += 1;
        }
        let stops = pull.merged() && matches!(at.stand, Stand::Human { .. });
        let lane = || (view.case.repo.clone(), pull.base.clone());
        if stops {
            let lane = driver.lanes.entry(lane()).or_default();
            (lane.lands, lane.updates, lane.stopped) = (true, true, Some(view.case.number));
        } else if has_its_turn(view, pull, at) {
            let lane = driver.lanes.entry(lane()).or_default();
            (lane.turn, lane.updates) = (lane.turn.or(Some(pull.number)), true);
        } else if pull.open && awaits_checks(view, pull) {
            driver.lanes.entry(lane()).or_default().updates = true;
        }
        let is_to_be = at.stand.task().is_some_and(|task| is_resolution(&task.play));
        let is_at_work = |run: &&RunSeen| run.phase.closed().is_none() && is_resolution(&run.of.play);
        let is_published = |run: &&RunSeen| match at.stand.moves() {
            Some(Move::Publish { run: made, .. }) => run.id == *made && is_resolution(&run.of.play),
            Some(_) | None => false,
        };
        let is_first = view.runs.iter().any(|run| is_at_work(run) || is_published(run))
            || lands_resolved(view, pull, at);
        if is_to_be || is_first {
            let lane = driver.lanes.entry(lane()).or_default();
            lane.resolves = lane.resolves.filter(|_| !is_first).or(Some(pull.number));
        }
    }
}

/// What is planned for all of them together.
struct Driver {
    room: Room,
    /// What becomes of the branches.
    lanes: BTreeMap<(RepoName, String), Lane>,
    /// How many pull requests wait for nothing but their turn to land.
    in_line: BTreeMap<RepoName, u32>,
    /// The files that are being worked on, by repository and issue.
    touched: BTreeMap<RepoName, BTreeMap<u64, BTreeSet<String>>>,
}

impl Driver {
    /// What touches the same files waits from now on.
    fn touch(&mut self, view: &View<'_>) {
        let files = touches(view);
        if !files.is_empty() {
            self.touched.entry(view.case.repo.clone()).or_default().insert(view.case.number, files);
        }
    }

    /// What has to land first, where somebody is at work on the same files.
    fn taken(&self, view: &View<'_>) -> Option<String> {
        let others =
            self.touched.get(&view.case.repo)?.iter().filter(|(number, _)| **number != view.case.number);
        let files = touches(view);
        let (number, path) =
            others.into_iter().find_map(|(number, held)| Some((number, shared(&files, held)?)))?;
        Some(format!("#{number} to land, which touches `{path}` as well"))
    }

    /// What has to land before anything else is begun to be built.
    fn crowd(&self, view: &View<'_>, at: &Station) -> Option<String> {
        let count = self.in_line.get(&view.case.repo).copied().unwrap_or_default();
        let Config { waiting_pulls, source, .. } = view.pipeline;
        let begins = at.phase == Phase::Implement && !view.has_been_at(Phase::Implement);
        (begins && count >= *waiting_pulls).then(|| {
            format!("room in the line of those that are to land: {count} of {waiting_pulls} (waiting-pulls, {source})")
        })
    }

    /// What has to land, or to be resolved, before the conflicts of a pull request are.
    fn first_resolved(&self, view: &View<'_>, task: &Task) -> Option<String> {
        let pull = view.case.pull().filter(|_| is_resolution(&task.play))?;
        let lane = *self.lanes.get(&(view.case.repo.clone(), pull.base.clone()))?;
        if lane.turn.is_some_and(|turn| turn != pull.number) {
            return Some(before(lane, &pull.base));
        }
        let first = lane.resolves.filter(|first| *first != pull.number)?;
        Some(format!(
            "#{first}, whose conflicts with `{}` are resolved first, and which lands then",
            pull.base
        ))
    }

    fn one(&mut self, view: &View<'_>, at: &Station, cx: &Cx<'_, NoSettings>, plan: &mut Plan) {
        let case = view.case;
        let address = Address::issue(&case.repo, case.number);
        let open: Vec<&RunSeen> = view.runs.iter().copied().filter(|run| run.phase.takes_a_slot()).collect();
        let tell = projection(view, at);
        // What is done about it now leads elsewhere, and where that is is shown then; what it shows goes with it where it is
        // brought elsewhere.
        let moves_on = match at.stand.moves() {
            Some(Move::Transfer(_)) if tell.is_some() => {
                plan.wait(address.clone(), "its labels");
                false
            }
            Some(what) => self.moves(view, what, plan),
            None => false,
        };
        if let Some(tell) = tell.filter(|_| !moves_on) {
            let (before, after) = (tell.value(case), tell.done(case));
            let reason = reason(at);
            let effect = Effect::Tell(Box::new(tell));
            let action = Action::new(Pipeline::NAME, Verb::TellIssue, address.clone(), before, after, effect);
            plan.act(action.reason(reason).because([view.pipeline.source.clone()]));
        }
        // Whatever runs for what is no longer wanted ends.
        for run in &open {
            if !at.stand.task().is_some_and(|task| task.has(&run.of) && run.of.version == task.version()) {
                plan.act(stop(run, &why_stopped(at)));
            }
        }
        if let Some((it, why)) = dequeues(view, at) {
            let address = Address::repo(&case.repo).part("pull", &it.pull.to_string()).field("queue");
            let (before, after) = (it.value(case), it.done());
            let effect = Effect::Dequeue(Box::new(it));
            let action = Action::new(Pipeline::NAME, Verb::DequeuePull, address, before, after, effect);
            plan.act(action.reason(why).because([view.pipeline.source.clone()]));
        }
        match &at.stand {
            Stand::Works(task) => self.works((view, at), task, cx, plan),
            Stand::Moves(_) => {}
            Stand::Waits(on) => plan.wait(address, on.clone()),
            Stand::Until(until, why) => plan.wait_until(address, *until, why),
            Stand::Parked { due, .. } => {
                let due = due.map(|due| format!(", from {due:.0} on")).unwrap_or_default();
                plan.wait(address, format!("its author to say what is missing{due}"));
            }
            Stand::Human { why, .. } => plan.wait(address, format!("a person: {why}")),
            Stand::Held(on) => plan.wait(address, on.clone()),
            Stand::Done(_) | Stand::Left(_) => {}
        }
    }

    fn works(
        &mut self,
        (view, at): (&View<'_>, &Station),
        task: &Task,
        cx: &Cx<'_, NoSettings>,
        plan: &mut Plan,
    ) {
        let work = cx.work();
        // One run at a time for an issue, whatever it is for.
        let other = view.runs.iter().find(|run| run.phase.closed().is_none() && !task.has(&run.of));
        if let Some(run) = other {
            return plan.wait(task.address(), ends(run));
        }
        if let Some(on) = under_way(task, &work) {
            return plan.wait(task.address(), on);
        }
        if may_wait(view, at)
            && let Some(on) = self.taken(view)
        {
            return plan.wait(task.address(), on);
        }
        if let Some(on) = self.crowd(view, at) {
            return plan.wait(task.address(), on);
        }
        if let Some(on) = self.first_resolved(view, task) {
            return plan.wait(task.address(), on);
        }
        match next(task, &work, &mut self.room) {
            Next::Waits(on) => plan.wait(task.address(), on),
            Next::Until(until, why) => plan.wait_until(task.address(), until, why),
            Next::Starts(action) => {
                if may_wait(view, at) {
                    self.touch(view);
                }
                plan.act(guarded(*action, view));
            }
            Next::Person(says) => plan.problem(task.address(), says),
            Next::Over(run, _) => {
                plan.wait(task.address(), format!("a look at what run {} made", run.id));
            }
        }
    }

    /// Plans what is done on GitHub; whether it is done now.
    fn moves(&mut self, view: &View<'_>, what: &Move, plan: &mut Plan) -> bool {
        let case = view.case;
        let issue = Address::issue(&case.repo, case.number);
        let source = view.pipeline.source.clone();
        match what {
            Move::Publish { run, commit, base, over, title, body } => {
                let watched = Watched { open: over.is_some(), ..view.watched() };
                let branch = Config::branch(case.number);
                let value = |commit: &str| json!({ "branch": branch, "commit": commit, "base": base });
                let left = case.pull().filter(|pull| !pull.open && !pull.merged());
                let before = match (over, left) {
                    (Some((_, head)), _) => value(head.as_str()),
                    (None, Some(left)) => {
                        json!({ "branch": branch, "commit": left.head.as_str(), "base": left.base })
                    }
                    (None, None) => Value::Null,
                };
                let pull = OpenPull {
                    repo: case.repo.clone(),
                    run: run.clone(),
                    commit: commit.clone(),
                    branch: branch.clone(),
                    base: base.clone(),
                    title: title.clone(),
                    body: body.clone(),
                    over: over.clone(),
                    left: left.map(|pull| pull.head.clone()),
                    watched: Some(watched.clone()),
                };
                let stamp = case.stamp(&watched);
                let before = watched.beside(before, stamp.clone());
                let after = watched.beside(value(commit.as_str()), stamp);
                let effect = Effect::OpenPull(Box::new(pull));
                let action =
                    Action::new(Pipeline::NAME, Verb::OpenPull, issue.field("pull"), before, after, effect);
                plan.act(action.reason(format!("run {run} is done")).because([source]));
            }
            Move::Land(landing) => {
                let on = case.pull().map(|pull| pull.base.clone()).unwrap_or_default();
                let address = Address::repo(&case.repo).part("pull", &landing.pull.to_string());
                let lane = self.lanes.entry((case.repo.clone(), on.clone())).or_default();
                if !lane.take(landing.pull) {
                    plan.wait(address, before(*lane, &on));
                    return false;
                }
                let (before, after) = (landing.value(case, &[]), landing.done());
                let effect = Effect::Merge(Box::new(landing.clone()));
                let action = Action::new(Pipeline::NAME, Verb::MergePull, address, before, after, effect);
                let policy = view.cx.desired.pipelines.policy(&case.repo).map(|policy| policy.source.clone());
                plan.act(action.reason("every rule of its policy holds").because(policy));
            }
            Move::Enqueue(it) => {
                let on = case.pull().map(|pull| pull.base.clone()).unwrap_or_default();
                let address = Address::repo(&case.repo).part("pull", &it.pull.to_string());
                // The queue has them land one after the other; only where nothing more lands, nothing is put there.
                if let Some(lane) = self.lanes.get(&(case.repo.clone(), on.clone())).filter(|lane| lane.lands)
                {
                    plan.wait(address, before(*lane, &on));
                    return false;
                }
                let (before, after) = (it.value(case, &[]), it.done());
                let effect = Effect::Enqueue(Box::new(it.clone()));
                let action = Action::new(Pipeline::NAME, Verb::EnqueuePull, address, before, after, effect);
                let policy = view.cx.desired.pipelines.policy(&case.repo).map(|policy| policy.source.clone());
                let reason = format!("every rule of its policy holds, and `{on}` has a merge queue");
                plan.act(action.reason(reason).because(policy));
            }
            Move::Update { number, head } => {
                let on = case.pull().map(|pull| pull.base.clone()).unwrap_or_default();
                let address = Address::repo(&case.repo).part("pull", &number.to_string());
                let lane = self.lanes.entry((case.repo.clone(), on.clone())).or_default();
                if std::mem::replace(&mut lane.updates, true) {
                    plan.wait(address, before(*lane, &on));
                    return false;
                }
                let watched = Watched { open: true, ..view.watched() };
                let after = json!({ "behind": false, "head": Value::Null });
                let after = watched.beside(after, case.stamp(&watched));
                let (repo, number, head) = (case.repo.clone(), *number, head.clone());
                let before = case.update(&head, &watched);
                let effect = Effect::UpdateBranch { repo, number, head, watched };
                let action = Action::new(Pipeline::NAME, Verb::UpdateBranch, address, before, after, effect);
                plan.act(action.reason("its base has moved on since it was tested").because([source]));
            }
            Move::Answer(replies) => {
                for reply in replies {
                    let pull = Address::repo(&case.repo).part("pull", &reply.pull.to_string());
                    let address = match &reply.to {
                        Remark::Thread(id, _) => pull.part("thread", id),
                        Remark::Review(id) => pull.part("review", &id.to_string()),
                    };
                    let (before, after) = (reply.value(case), reply.done(case));
                    let effect = Effect::Reply(Box::new(reply.clone()));
                    let action = Action::new(Pipeline::NAME, Verb::Reply, address, before, after, effect);
                    plan.act(
                        action.reason("what was asked there has been looked at").because([source.clone()]),
                    );
                }
            }
            Move::Review(review) => {
                let address =
                    Address::repo(&case.repo).part("pull", &review.pull.to_string()).field("review");
                let (before, after) = (review.value(case), review.done());
                let effect = Effect::Review(Box::new(review.clone()));
                let action = Action::new(Pipeline::NAME, Verb::ReviewPull, address, before, after, effect);
                plan.act(action.reason("runs have reviewed its head").because([source]));
            }
            Move::Transfer(it) => {
                let (before, after) = (it.value(case), it.done());
                let effect = Effect::Transfer(Box::new(it.clone()));
                let action = Action::new(Pipeline::NAME, Verb::TransferIssue, issue, before, after, effect);
                let router = view.pipeline.router.as_ref().map(|router| router.source.clone());
                plan.act(action.reason(format!("it belongs to {}", it.to)).because(router));
            }
            Move::Mirror(it) => {
                let (before, after) = (it.value(case), it.done());
                let effect = Effect::Mirror(Box::new(it.clone()));
                let address = issue.field("mirror");
                let action = Action::new(Pipeline::NAME, Verb::MirrorIssue, address, before, after, effect);
                let router = view.pipeline.router.as_ref().map(|router| router.source.clone());
                plan.act(action.reason(format!("it belongs to {}", it.to)).because(router));
            }
            Move::PassOver(it) => {
                let (before, after) = (it.value(case), it.done(case));
                let (role, head) = (it.passed.advisor.as_str(), it.passed.head.short());
                let reason =
                    format!("`{role}` gave no word on {head}, which is no veto by config: {}", it.passed.why);
                let of = view.pipeline.advisors.get(&it.passed.advisor).map(|it| it.source.clone());
                let (address, effect) = (issue.field("advisor"), Effect::PassOver(it.clone()));
                let action = Action::new(Pipeline::NAME, Verb::PassOver, address, before, after, effect);
                plan.act(action.reason(reason).because([of.unwrap_or(source)]));
            }
            Move::Withdraw { number, why } => {
                let address = Address::repo(&case.repo).part("pull", &number.to_string());
                let branch = Config::branch(case.number);
                let effect =
                    Effect::Withdraw { repo: case.repo.clone(), number: Some(*number), branch, says: None };
                let before = json!({ "pull": number });
                let action =
                    Action::new(Pipeline::NAME, Verb::Withdraw, address, before, Value::Null, effect);
                plan.act(action.reason(why.clone()).because([source]));
            }
        }
        true
    }
}

/// What has to land first.
fn before(lane: Lane, on: &str) -> String {
    if let Some(issue) = lane.stopped {
        return format!(
            "somebody to look at #{issue}, of which something landed on `{on}` otherwise than it was tested, and to say `/retry` there"
        );
    }
    match lane.turn {
        Some(pull) => format!("#{pull}, whose turn it is to land on `{on}`"),
        None => format!("what lands on `{on}` before it"),
    }
}

/// A start that looks at the issue first, and at its pull request where it is for that.
fn guarded(mut action: Action, view: &View<'_>) -> Action {
    let of_pull = |start: &StartRun| start.of.play.as_ref().is_some_and(|play| play.head.is_some());
    let pull = matches!(&action.effect, Effect::StartRun(start) if of_pull(start));
    let watched = Watched { pull, talk: true, ..view.watched() };
    let stamp = view.case.stamp(&watched);
    if let Effect::StartRun(start) = &mut action.effect {
        start.watched = Some(watched.clone());
    }
    let (before, after) = (watched.beside(action.before, stamp.clone()), watched.beside(action.after, stamp));
    let rebuilt = Action::new(Pipeline::NAME, Verb::StartRun, action.address, before, after, action.effect);
    rebuilt.reason(action.reason).because(action.because)
}

/// Runs of issues that nobody has a pipeline for any more, or that are gone, end.
fn strays(cx: &Cx<'_, NoSettings>, plan: &mut Plan) {
    for run in cx.observed.runs.iter().filter(|run| run.phase.takes_a_slot()) {
        let Subject::Issue { number, .. } = run.of.subject else { continue };
        let key = (run.of.repo.clone(), number);
        if cx.desired.pipelines.of(&run.of.repo).is_none() {
            plan.act(stop(run, "its repository has no pipeline any more"));
        } else if matches!(cx.observed.cases.all.get(&key), Some(Seen::Absent)) {
            plan.act(stop(run, "its issue is gone, or was moved elsewhere"));
        }
    }
}

fn stop(run: &RunSeen, why: &str) -> Action {
    let it = StopRun {
        repo: run.of.repo.clone(),
        run: run.id.clone(),
        subject: run.of.subject.clone(),
        why: why.to_owned(),
    };
    let address = run.of.subject.address(&run.of.repo).field("run");
    let (before, after) = (StopRun::value(&run.id, true), StopRun::value(&run.id, false));
    Action::new(Pipeline::NAME, Verb::StopRun, address, before, after, Effect::StopRun(Box::new(it)))
        .reason(why)
}

fn why_stopped(at: &Station) -> String {
    match &at.stand {
        Stand::Held(on) => format!("it waits for {on}"),
        Stand::Left(why) | Stand::Done(why) | Stand::Human { why, .. } => why.clone(),
        Stand::Works(_) | Stand::Moves(_) | Stand::Waits(_) | Stand::Until(..) | Stand::Parked { .. } => {
            "what it was for is no longer what comes next".to_owned()
        }
    }
}

fn reason(at: &Station) -> String {
    match &at.stand {
        Stand::Done(why) | Stand::Left(why) => why.clone(),
        Stand::Parked { .. } => "its author has to say more".to_owned(),
        Stand::Human { why, .. } => format!("a person's turn: {why}"),
        Stand::Works(_) | Stand::Moves(_) | Stand::Waits(_) | Stand::Until(..) | Stand::Held(_) => {
            format!("it is in the phase {}", at.phase)
        }
    }
}
