//! The issues that pipelines have to do with, and the runs of them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::adapters::github::Client;
use crate::adapters::state::StateDir;
use crate::model::{
    Address, AddressGlob, Case, Cause, CommitId, Desired, Facet, FileChange, Gap, Observed, Permission,
    RepoName, RunSeen, Seen, Subject,
};
use crate::observed::{self, Moved, WantedCases};
use crate::pipeline::{Stand, View, station};
use crate::work;

use super::Known;
use super::known::Carried;
use super::seen::of_issues;

/// How long it is taken for granted what somebody may do.
const TRUSTED_FOR: SignedDuration = SignedDuration::from_secs(60);

/// Reads the issues of all repositories that have pipelines, with those that there are runs of and those besides, and what people
/// may do there whom that matters of. The runs have been read.
pub(in crate::engine) async fn issues_seen(
    (state, known): (&StateDir, &Known),
    (client, reviewer): (&Client, Option<&Client>),
    (desired, scope, now): (&Desired, &[AddressGlob], Timestamp),
    besides: &BTreeSet<(RepoName, u64)>,
    observed: &mut Observed,
) {
    let in_scope = |repo: &RepoName| scope.is_empty() || scope.iter().any(|glob| glob.may_touch(repo));
    let pipelines = &desired.pipelines;
    let repos = pipelines.of_repo.keys().filter(|repo| in_scope(repo));
    let mut also: BTreeMap<&RepoName, BTreeSet<u64>> = BTreeMap::new();
    let mut busy: BTreeMap<RepoName, BTreeSet<u64>> = BTreeMap::new();
    let open = observed.runs.iter().filter(|run| run.phase.closed().is_none());
    let at_work = open.filter_map(|run| match run.of.subject {
        Subject::Issue { number, .. } => Some((run.of.repo.clone(), number)),
        Subject::Task(_) | Subject::Ask { .. } => None,
    });
    let at_work: Vec<(RepoName, u64)> = at_work.collect();
    for (repo, number) in &at_work {
        busy.entry(repo.clone()).or_default().insert(*number);
    }
    // What another machine began is brought to its end as well.
    let elsewhere = observed
        .elsewhere
        .runs
        .iter()
        .filter_map(|run| Some((run.of.repo.clone(), run.of.subject.issue()?.0)));
    let with_runs: BTreeSet<(RepoName, u64)> =
        known.unsettled().into_iter().chain(at_work).chain(elsewhere).chain(besides.clone()).collect();
    for (repo, number) in &with_runs {
        also.entry(repo).or_default().insert(*number);
    }
    let wanted: Vec<WantedCases<'_>> = repos
        .filter_map(|repo| {
            let also = also.get(repo).cloned().unwrap_or_default();
            let at_work = busy.get(repo).cloned().unwrap_or_default();
            Some(WantedCases { repo, pipeline: pipelines.of(repo)?, also, at_work })
        })
        .collect();
    if wanted.is_empty() {
        return;
    }
    observed::cases(client, &wanted, (known.remembered(), now), observed).await;
    if let Some(reviewer) = reviewer {
        observed::reviewer(reviewer, &wanted, observed).await;
    }
    known.note_own(observed.cases.own.values().chain(&observed.cases.reviewer));
    // What was settled and is asked for again has runs that were not read.
    let open = observed.cases.all.iter().filter(|(_, seen)| seen.known().is_some_and(|case| case.open));
    let again: BTreeSet<(RepoName, u64)> =
        open.map(|(key, _)| key.clone()).filter(|key| known.reopen(key)).collect();
    match of_issues(&state.runs(), known, &again) {
        Ok(runs) => {
            let new = runs.into_iter().filter(|run| !observed.runs.iter().any(|there| there.id == run.id));
            let new: Vec<_> = new.collect();
            observed.runs.extend(new);
            observed.runs.sort_by(|a, b| a.id.cmp(&b.id));
        }
        Err(error) => {
            let why = format!("the records of runs: {}", crate::adapters::said(&error));
            observed.gaps.push(Gap { facet: Facet::Runs, repo: None, why, cause: Cause::Other });
        }
    }
    trust(known, client, desired, now, observed).await;
    pushed(known, client, desired, now, observed).await;
    renamed(known, client, now, observed).await;
    carried(known, client, now, observed).await;
}

/// Whether open pull requests have what their bases had once and have no more: nobody lands again what was taken out.
async fn carried(known: &Known, client: &Client, now: Timestamp, observed: &mut Observed) {
    let cases = observed.cases.all.values().filter_map(Seen::known);
    let asked: Vec<Asked> = cases.filter_map(|case| Asked::of(case, &observed.runs)).collect();
    let missing = asked.iter().flat_map(|it| it.missing(known));
    let read = observed::carried(client, missing.collect(), observed).await;
    for one in asked {
        let mut told = known.carried(&one.pull, &one.head);
        let before = told.len();
        for (at, was) in &one.was {
            let Some(was) = was else { continue };
            let answer = one.base.as_ref().and_then(|base| read.get(&one.question(base, was)));
            if let Some(answer) = answer {
                told.insert((*at, was.clone()), answer.clone());
            }
        }
        if told.len() > before {
            known.note_carried(&one.pull, &one.head, told.clone(), now);
        }
        let (repo, number) = &one.pull;
        let cases = observed.cases.all.iter_mut().filter(|((of, _), _)| of == repo);
        let pulls =
            cases.filter_map(|(_, seen)| if let Seen::Known(case) = seen { Some(case) } else { None });
        for pull in pulls.flat_map(|case| &mut case.pulls).filter(|pull| pull.number == *number) {
            pull.carries = one.carries(&told);
        }
    }
}

/// What is asked of an open pull request: where its base was.
struct Asked {
    pull: (RepoName, u64),
    head: CommitId,
    base: Option<CommitId>,
    was: Vec<(Option<Timestamp>, Option<CommitId>)>,
}

impl Asked {
    /// Where its base was before it went elsewhere than on: GitHub tells of that once the pull request is there, and who made its
    /// head knows where that began. One commit alone has nothing beside what it changes.
    fn of(case: &Case, runs: &[RunSeen]) -> Option<Self> {
        let pull = case.pull().filter(|pull| pull.open)?;
        let mut was: Vec<_> = pull.forced.iter().map(|(at, was)| (Some(*at), was.clone())).collect();
        if pull.ahead != Some(1) {
            let its = runs.iter().filter(|run| {
                let is_afresh = run.of.play.as_ref().is_none_or(|play| play.head.is_none());
                is_afresh
                    && run.of.repo == case.repo
                    && run.of.subject.issue().is_some_and(|it| it.0 == case.number)
            });
            let made =
                its.filter_map(|run| run.phase.closed()).filter(|it| it.commit.as_ref() == Some(&pull.head));
            let began =
                made.filter_map(|closed| closed.base.as_ref()).filter(|(_, branch)| *branch == pull.base);
            was.extend(began.map(|(commit, _)| (None, Some(commit.clone()))));
        }
        if was.is_empty() {
            return None;
        }
        let (head, base) = (pull.head.clone(), pull.base_head.clone());
        Some(Self { pull: (case.repo.clone(), pull.number), head, base, was })
    }

    fn question(&self, base: &CommitId, was: &CommitId) -> (RepoName, Moved) {
        let (repo, pull) = self.pull.clone();
        (repo, Moved { pull, head: self.head.clone(), base: base.clone(), was: was.clone() })
    }

    /// What nobody has read yet.
    fn missing(&self, known: &Known) -> Vec<(RepoName, Moved)> {
        let told = known.carried(&self.pull, &self.head);
        let Some(base) = &self.base else { return Vec::new() };
        let new = self.was.iter().filter_map(|(at, was)| Some((*at, was.clone()?)));
        new.filter(|key| !told.contains_key(key)).map(|(_, was)| self.question(base, &was)).collect()
    }

    /// What it has, as far as that is told.
    fn carries(&self, told: &Carried) -> Seen<CommitId> {
        let mut all = Seen::Absent;
        for (at, was) in &self.was {
            match was.as_ref().map(|was| told.get(&(*at, was.clone()))) {
                // Of where it was nothing is left to look at.
                None => return Seen::Known(self.head.clone()),
                Some(Some(Some(commit))) => return Seen::Known(commit.clone()),
                Some(Some(None)) => {}
                Some(None) => all = Seen::Unknown,
            }
        }
        all
    }
}

/// What files were called before that open pull requests rename: nothing may be taken from where only people put it.
async fn renamed(known: &Known, client: &Client, now: Timestamp, observed: &mut Observed) {
    let all = observed.cases.all.iter().filter_map(|((repo, _), seen)| Some((repo, seen.known()?.pull()?)));
    let open = all.filter(|(_, pull)| pull.open && pull.files.known().is_some_and(|files| renames(files)));
    let asked: Vec<((RepoName, u64), CommitId)> =
        open.map(|(repo, pull)| ((repo.clone(), pull.number), pull.head.clone())).collect();
    let is_missing = |(pull, head): &&((RepoName, u64), CommitId)| known.renames(pull, head).is_none();
    let missing = asked.iter().filter(is_missing).map(|(pull, _)| pull.clone()).collect();
    for (pull, renames) in observed::renames(client, missing, observed).await {
        if let Some((_, head)) = asked.iter().find(|(it, _)| *it == pull) {
            known.note_renames(&pull, head, renames, now);
        }
    }
    let cases = observed.cases.all.iter_mut().filter_map(|((repo, _), seen)| match seen {
        Seen::Known(case) => Some((repo, case)),
        Seen::Absent | Seen::Unknown => None,
    });
    for (repo, case) in cases {
        for pull in case.pulls.iter_mut().filter(|pull| pull.open) {
            let Some(told) = known.renames(&(repo.clone(), pull.number), &pull.head) else { continue };
            let Seen::Known(files) = &mut pull.files else { continue };
            for file in files.iter_mut().filter(|file| file.was == Seen::Unknown) {
                file.was = told.get(&file.path).cloned().map_or(Seen::Unknown, Seen::Known);
            }
        }
    }
}

fn renames(files: &[FileChange]) -> bool {
    files.iter().any(|file| file.was == Seen::Unknown)
}

/// How the branches have moved of which that matters.
async fn pushed(known: &Known, client: &Client, desired: &Desired, now: Timestamp, observed: &mut Observed) {
    let cx = work::Cx { desired, observed, now };
    let asks = |case: &Case| {
        let pipeline = desired.pipelines.of(&case.repo);
        let pipeline = pipeline.filter(|_| case.pull().is_some());
        pipeline.is_some_and(|pipeline| View::of(cx, pipeline, case).asks_who_pushed())
    };
    let all = observed.cases.all.iter().filter_map(|(key, seen)| Some((key, seen.known()?)));
    let asked: Vec<((RepoName, u64), CommitId)> = all
        .filter(|(_, case)| asks(case))
        .filter_map(|(key, case)| Some((key.clone(), case.pull()?.head.clone())))
        .collect();
    let is_missing = |(key, head): &&((RepoName, u64), CommitId)| known.pushes(key, head).is_none();
    let missing = asked.iter().filter(is_missing).map(|(key, _)| key.clone()).collect();
    let mut read = observed::pushes(client, missing, observed).await;
    for (key, head) in asked {
        let fresh = read.remove(&key);
        if let Some(pushes) = &fresh {
            known.note_pushes(&key, &head, pushes, now);
        }
        let told = fresh.or_else(|| known.pushes(&key, &head));
        if let Some(Seen::Known(case)) = observed.cases.all.get_mut(&key)
            && let Some(pull) = case.pulls.iter_mut().find(|pull| pull.head == head)
        {
            pull.pushes = told.map_or(Seen::Unknown, Seen::Known);
        }
    }
}

/// What people may do whom that matters of.
async fn trust(known: &Known, client: &Client, desired: &Desired, now: Timestamp, observed: &mut Observed) {
    let mut asked = BTreeSet::new();
    for ((repo, _), seen) in &observed.cases.all {
        let (Seen::Known(case), Some(pipeline)) = (seen, desired.pipelines.of(repo)) else { continue };
        let own = observed.cases.own.get(&repo.owner().to_lowercase());
        let others = View::asks_about(pipeline, case).into_iter();
        let own = own.into_iter().chain(&observed.cases.reviewer);
        let is_own = |login: &String| own.clone().any(|own| own.eq_ignore_ascii_case(login));
        let others = others.filter(|login| !is_own(login));
        asked.extend(others.map(|login| (repo.clone(), login.to_lowercase())));
    }
    let fresh: BTreeMap<(RepoName, String), Permission> = asked
        .iter()
        .filter_map(|key| Some((key.clone(), known.permission(key, now, TRUSTED_FOR)?)))
        .collect();
    let missing: BTreeSet<_> = asked.into_iter().filter(|key| !fresh.contains_key(key)).collect();
    observed.cases.permissions.extend(fresh.into_iter().map(|(key, it)| (key, Seen::Known(it))));
    observed::permissions(client, missing.clone(), observed).await;
    for key in missing {
        if let Some(Seen::Known(permission)) = observed.cases.permissions.get(&key) {
            known.note_permission(key, *permission, now);
        }
    }
}

/// Takes note of the issues that nothing more is to be done about: closed or gone, shown as they are, without a run. One that
/// waits for a person is none, closed or not: what landed otherwise than it was tested stops what is to land after it.
pub(in crate::engine) fn settle_issues(known: &Known, cx: work::Cx<'_>, acts: impl Fn(&Address) -> bool) {
    let observed = cx.observed;
    for ((repo, number), seen) in &observed.cases.all {
        let is_over = match seen {
            // Its pull request may land yet, which is told then.
            Seen::Known(case) => {
                !case.open && !case.pulls.iter().any(|pull| pull.open) && !waits_for_a_person(cx, case)
            }
            Seen::Absent => true,
            Seen::Unknown => false,
        };
        let has_run = observed.runs.iter().any(|run| {
            run.phase.closed().is_none()
                && run.of.repo == *repo
                && run.of.subject.issue().is_some_and(|it| it.0 == *number)
        });
        if is_over && !has_run && !acts(&Address::issue(repo, *number)) {
            known.settle(repo, *number);
        }
    }
}

fn waits_for_a_person(cx: work::Cx<'_>, case: &Case) -> bool {
    let pipeline = cx.desired.pipelines.of(&case.repo);
    let stand = pipeline.map(|pipeline| station(&View::of(cx, pipeline, case)).stand);
    matches!(stand, Some(Stand::Human { .. }))
}
