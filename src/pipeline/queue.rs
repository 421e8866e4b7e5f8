//! GitHub's own merge queue: where the base of a pull request has one, it is put there instead of being merged. The queue
//! merges it with its base, tests that, and lands it; one that it took out is mended before it is put there again.

use jiff::Timestamp;

use crate::model::{
    CheckIs, CheckSeen, Dequeuing, Enqueuing, Landed, Phase, Play, PullCase, QUEUE_BOT, Removed,
    RequiredCheck, Seen, Watched,
};

use super::implement::parts;
use super::prompt::{Parts, quoted};
use super::review::{self, REPAIR, rework, reworked, unchanged};
use super::view::View;
use super::work::Job;
use super::{Move, Queue, Stand, Station};

/// Where it stands while it is in the queue.
pub(super) fn waits(pull: &PullCase) -> Option<Station> {
    let entry = pull.queue.as_ref()?.entry.as_ref()?;
    let (number, position, state) = (pull.number, entry.position, entry.state.as_str());
    let on = format!("#{number} to land: it is in GitHub's merge queue, at position {position} ({state})");
    Some(Station::waits(Phase::Merge, on))
}

/// It is put into the queue, at the head that was judged.
pub(super) fn enqueues(view: &View<'_>, pull: &PullCase) -> Station {
    let it = Enqueuing {
        repo: view.case.repo.clone(),
        watched: Watched { pull: true, ..view.watched() },
        pull: pull.number,
        head: pull.head.clone(),
        trusted: view.relies_on(),
    };
    Station::moves(Phase::Merge, Move::Enqueue(it))
}

/// That its pull request is taken out of the queue, and why: the factory put it there, and it would not do so now. Who else put it
/// there decides that it lands.
pub fn dequeues(view: &View<'_>, at: &Station) -> Option<(Dequeuing, String)> {
    let pull = view.pull().filter(|_| !view.is_archived())?;
    let entry = pull.queue.as_ref()?.entry.as_ref()?;
    if !view.is_factory(&entry.by) {
        return None;
    }
    let why = match (at.stand.queue(), &at.stand) {
        (Queue::Held | Queue::Person | Queue::Left | Queue::Parked, stand) => stand.says(),
        (Queue::Next, stand @ Stand::Works(task)) if review::goes_back(task) => stand.says(),
        (Queue::Next | Queue::Waits | Queue::Done, _) => {
            let left = super::rules::unmet(view, pull);
            let forbids =
                left.into_iter().find(|it| matches!(it.rule, "hold" | "freeze" | "mode" | "policy"))?;
            forbids.says
        }
    };
    let watched = Watched { open: true, ..view.watched() };
    Some((Dequeuing { repo: view.case.repo.clone(), watched, pull: pull.number }, why))
}

/// What of the queue keeps it from being put there: it is there, or was taken out.
pub(super) fn keeps(view: &View<'_>, pull: &PullCase) -> Option<(String, String)> {
    if let Some(entry) = pull.queue.as_ref().and_then(|queue| queue.entry.as_ref()) {
        let says = format!("it is in GitHub's merge queue, at position {}", entry.position);
        return Some((says, "the queue to land it".to_owned()));
    }
    let by = &out(view, pull)?.by;
    let by = if by.is_empty() { "somebody" } else { by };
    Some((format!("{by} took it out of GitHub's merge queue"), "another head, or `/retry`".to_owned()))
}

/// When it was taken out of the queue, unless something changed since. That it was put there at all is what GitHub tells by it:
/// who was killed in between finds it there, or finds this.
fn out<'p>(view: &View<'_>, pull: &'p PullCase) -> Option<&'p Removed> {
    let queue = pull.queue.as_ref().filter(|queue| queue.entry.is_none())?;
    // GitHub tells times in whole seconds. The queue may be as quick as that; a person who pushes another head takes it out in
    // the second in which that comes.
    let is_later = |it: &Removed, came| if it.by == QUEUE_BOT { it.at >= came } else { it.at > came };
    let removed = queue.removed.as_ref().filter(|it| came(pull).is_some_and(|came| is_later(it, came)))?;
    // Who pushes another head takes the one before it out, and the factory does so in no other way.
    let is_own = view.is_factory(&removed.by);
    // GitHub tells times in whole seconds, and who mended it may have been as quick as that.
    let (mark, head) = (mark(removed), Some(&pull.head));
    let mends = |play: &Play| play.book == REPAIR && play.about.contains(&mark) && play.head.as_ref() != head;
    let is_mended = view.runs.iter().any(|run| run.of.play.as_ref().is_some_and(mends));
    (!is_own && !is_mended && view.commands.retried(removed.at).is_none()).then_some(removed)
}

/// Where it stands once it was taken out of the queue: what the queue took out is mended, what a person took out is theirs.
pub(super) fn removed(view: &View<'_>, pull: &PullCase) -> Option<Station> {
    let removed = out(view, pull)?;
    if removed.by != QUEUE_BOT {
        let by = if removed.by.is_empty() { "somebody" } else { removed.by.as_str() };
        let why = format!(
            "{by} took #{} out of GitHub's merge queue; put it there again, or say `/retry`",
            pull.number
        );
        return Some(Station::human(Phase::Merge, why, Vec::new()));
    }
    let parts = Parts { findings: findings(pull, removed), ..parts(view) };
    let what = mark(removed);
    let job = rework(view, pull, (REPAIR, &what), parts, "what the merge queue says");
    let job = Job { about: vec![what.clone()], ..job };
    Some(match reworked(view, pull, &job) {
        Err(station) => station,
        Ok((_, closed)) => unchanged(closed, "GitHub's merge queue took it out"),
    })
}

/// What tells from others that it was taken out this time.
fn mark(removed: &Removed) -> String {
    format!("merge queue {}", removed.at)
}

/// Since when its head is there, as far as anybody knows: a commit may be older than its push, and its checks begin after that.
/// Before the first of them nobody can tell, and nothing is put into a queue.
fn came(pull: &PullCase) -> Option<Timestamp> {
    let first = pull.checks.known()?.iter().filter_map(|check| check.since).min()?;
    Some(pull.head_at.map_or(first, |at| at.max(first)))
}

/// What is known of why the queue took it out.
fn findings(pull: &PullCase, removed: &Removed) -> String {
    let (head, base) = (pull.head.as_str(), pull.base.as_str());
    let mut out = format!(
        "GitHub's merge queue took it out. What the queue tests is {head} merged with `{base}`, and with what lands before \
         it: by itself it passed.\n"
    );
    if let Some(why) = &removed.why {
        out.push_str("GitHub says of why, as data:\n");
        out.push_str(&quoted(why));
    }
    let failed = removed.checks.known().into_iter().flatten().filter(|it| it.state == CheckIs::Failed);
    for check in failed {
        out.push_str(&review::failed(check, "there"));
    }
    if let Some(base) = &pull.base_head {
        out.push_str(&format!(
            "`{}` is at {base} now. Merge that commit into the branch that is checked out (`git merge {base}`; it is there), \
             find out what fails with both, mend it, and commit.\n",
            pull.base
        ));
    }
    out
}

/// Whether the queue of its base landed it.
pub(super) fn landed(view: &View<'_>, pull: &PullCase, landed: &Landed) -> bool {
    let by = landed.by.as_deref().unwrap_or_default();
    pull.queue.is_some() && (by == QUEUE_BOT || view.is_factory(by))
}

/// What of what its policy asks for did not pass at the commit that the queue landed; nothing where all did.
///
/// The tree of its head is none to compare with: the queue merges the head with its base and with all that is before it, tests
/// that commit, and moves the base to the very same. So what landed is what was tested, if the checks passed at that commit
/// itself. Those that began anew once it was on the base may say otherwise: one that passed is enough.
pub(super) fn untested(view: &View<'_>, landed: &Landed) -> Option<String> {
    let Some(policy) = view.policy() else {
        return Some("no merge policy says which checks count".to_owned());
    };
    let Seen::Known(checks) = &landed.checks else {
        return Some("not all checks of what landed were read".to_owned());
    };
    let passed = |required: &&RequiredCheck| {
        let is_it = |check: &CheckSeen| {
            check.name == required.name && (required.app.is_none() || required.app == check.app)
        };
        checks.iter().any(|check| is_it(check) && check.state == CheckIs::Passed)
    };
    let missing = policy.checks.iter().find(|required| !passed(required))?;
    Some(format!("the check `{}` did not pass there", missing.name))
}
