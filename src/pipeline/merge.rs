//! What was made lands: at the head that was judged, once no rule is left that keeps it, and what landed is compared with what
//! was tested.

use std::collections::BTreeSet;

use crate::model::{
    Address, Case, CheckIs, CheckSeen, Landed, Landing, MergePolicy, Phase, PullCase, ReviewIs, ReviewSeen,
    Watched,
};

pub use super::rules::{Unmet, unmet};
use super::view::View;
use super::{Move, Queue, Stand, Station, queue};

/// What the title of a pull request says that only tests the factory.
const SYNTHETIC: &str = "[factory-e2e]";
/// How long a green pull request may take to land before it is named.
const LANDS_WITHIN: jiff::SignedDuration = jiff::SignedDuration::from_mins(30);

/// How long the checks of a head may take that others wait for: as long as a job may on GitHub's runners.
const CHECKED_WITHIN: jiff::SignedDuration = jiff::SignedDuration::from_hours(6);

/// Whether a pull request only tests the factory: it is closed, and never merged.
pub(super) fn is_synthetic(pull: &PullCase) -> bool {
    pull.title.contains(SYNTHETIC)
}

/// A title in which only those say that it is a test who may steer: of anybody else it is a word like others.
pub(super) fn meant(view: &View<'_>, title: &str) -> String {
    match view.is_trusted(&view.case.author) {
        Some(true) => title.to_owned(),
        Some(false) | None => title.replace(SYNTHETIC, SYNTHETIC.trim_matches(['[', ']'])),
    }
}

/// Whether it has to be known what the author may do.
pub(super) fn speaks_of_tests(case: &Case) -> bool {
    case.title.contains(SYNTHETIC)
}

/// Whether what was tested had landed before a moment: whatever is said afterwards changes nothing.
pub(super) fn is_over(view: &View<'_>, said: jiff::Timestamp) -> bool {
    let landed = view.case.pull().and_then(|pull| Some((pull, pull.landed.as_ref()?)));
    landed.is_some_and(|(pull, landed)| landed.at < said && differs(view, pull, landed).is_none())
}

/// Where it stands once its pull request was merged, or was closed.
pub(super) fn landed(view: &View<'_>) -> Option<Station> {
    let pull = view.case.pull()?;
    if let Some(landed) = &pull.landed {
        let accepted = view.commands.retried(landed.at).is_some();
        let of_factory = view.is_factory(landed.by.as_deref().unwrap_or_default());
        if let Some(but) = differs(view, pull, landed)
            && (of_factory || queue::landed(view, pull, landed))
            && !accepted
        {
            let why = format!(
                "what landed with #{} is not what was tested: {but}; nothing more is merged before somebody looked at it and \
                 says `/retry`",
                pull.number
            );
            return Some(Station::human(Phase::Merge, why, Vec::new()));
        }
        let by = landed.by.as_deref().unwrap_or("somebody");
        let elsewhere = super::rules::made_for_another(view, pull);
        let elsewhere = elsewhere.map(|made_for| format!(" into `{}`, and not into `{made_for}`", pull.base));
        let says = format!("#{} was merged by {by}{}", pull.number, elsewhere.unwrap_or_default());
        return Some(Station::new(Phase::Merge, Stand::Done(says)));
    }
    if pull.open {
        return None;
    }
    if is_synthetic(pull) {
        let why = format!("#{} only tested the factory, and was closed", pull.number);
        return Some(Station::new(Phase::Merge, Stand::Done(why)));
    }
    view.commands.retried(pull.closed.unwrap_or(pull.opened)).is_none().then(|| {
        let why = format!(
            "#{} was closed without being merged, which is a decision; `/retry` begins anew",
            pull.number
        );
        Station::human(Phase::Merge, why, Vec::new())
    })
}

/// What tells what landed from what was tested, where something does.
fn differs(view: &View<'_>, pull: &PullCase, landed: &Landed) -> Option<String> {
    let (Some(tested), Some(tree)) = (&pull.tree, &landed.tree) else { return None };
    if tested == tree {
        return None;
    }
    if queue::landed(view, pull, landed) {
        return queue::untested(view, landed);
    }
    Some(format!("its tree is {tree}, and that of {} is {tested}", pull.head))
}

/// Where it stands, unless there is no open pull request.
pub(super) fn station(view: &View<'_>) -> Option<Station> {
    let pull = view.pull()?;
    if is_synthetic(pull) {
        let why = format!("its title says `{SYNTHETIC}`");
        return Some(Station::moves(Phase::Merge, Move::Withdraw { number: pull.number, why }));
    }
    if let Some(waits) = queue::waits(pull) {
        return Some(waits);
    }
    let left = unmet(view, pull);
    match left.as_slice() {
        [] if pull.queue.is_some() => Some(queue::enqueues(view, pull)),
        [] => Some(Station::moves(Phase::Merge, Move::Land(landing(view, pull)?))),
        all if is_to_be_updated(view, pull, all) => Some(update(view, pull)),
        all if all.iter().any(|it| matches!(it.rule, "base" | "empty")) || is_of_people(all) => {
            let says = all.iter().filter(|it| it.rule != "behind");
            let says: Vec<String> = says.map(|it| format!("{}; it needs {}", it.says, it.needs)).collect();
            Some(Station::human(Phase::Merge, format!("#{}: {}", pull.number, says.join("; ")), Vec::new()))
        }
        [first, more @ ..] => {
            // What somebody has to do is told first: the rest follows by itself.
            let first = left.iter().find(|it| it.is_of_people()).unwrap_or(first);
            let since = has_waited(view, pull)
                .map(|it| format!(", for {} minutes now", it.as_mins()))
                .unwrap_or_default();
            let others = match more.len() {
                0 => String::new(),
                n => format!("; and {n} more (factoryctl why-not {})", pull.number),
            };
            let on = format!(
                "#{} to be ready to land{since}: {}; it needs {}{others}",
                pull.number, first.says, first.needs
            );
            Some(Station::waits(Phase::Merge, on))
        }
    }
}

/// Whether it is brought up to its base now: where that alone keeps it from landing, and before a person is asked to approve it,
/// who would have to approve it again otherwise. Then one of the times that its policy allows is left for when it is approved.
fn is_to_be_updated(view: &View<'_>, pull: &PullCase, left: &[Unmet]) -> bool {
    let is_updated = pull.behind.is_some() && view.policy().is_some_and(|it| it.updates > 0);
    let awaits_approval = |it: &Unmet| it.rule == "review" && super::rules::is_unapproved(view, pull);
    is_updated
        && left.iter().any(|it| it.rule == "behind")
        && left.iter().all(|it| it.rule == "behind" || awaits_approval(it))
        && (left.len() == 1 || updates(view, pull) == 0 || updates(view, pull) + 1 < most(view))
}

/// How often it was brought up to its base since somebody asked for more last.
fn updates(view: &View<'_>, pull: &PullCase) -> usize {
    view.cx.observed.cases.held.updates_since(&address(view, pull), view.commands.last_retry())
}

/// How often it may be.
fn most(view: &View<'_>) -> usize {
    view.policy().map_or(0, |it| it.updates) as usize
}

/// Its branch takes in its base, unless that was done as often as its policy allows, or GitHub doesn't do it.
fn update(view: &View<'_>, pull: &PullCase) -> Station {
    let (number, head) = (pull.number, pull.head.clone());
    let on = address(view, pull);
    let (done, most) = (updates(view, pull), most(view));
    let since = view.commands.last_retry().max(pull.head_at);
    let refused = view.cx.observed.cases.held.refused_updates.get(&on);
    if let Some((_, says)) = refused.filter(|(at, _)| since.is_none_or(|since| *at > since)) {
        let why = format!(
            "GitHub doesn't bring the branch of #{number} up to its base: {says}; bring it up to date, or say `/retry`"
        );
        return Station::human(Phase::Merge, why, Vec::new());
    }
    if done >= most {
        let why = format!(
            "the branch of #{number} was brought up to its base {done} times, and {most} are allowed{}; bring it up to \
             date, or say `/retry`",
            view.policy().map(|it| format!(" ({})", it.source)).unwrap_or_default()
        );
        return Station::human(Phase::Merge, why, Vec::new());
    }
    Station::moves(Phase::Merge, Move::Update { number, head })
}

/// Where it is.
fn address(view: &View<'_>, pull: &PullCase) -> Address {
    Address::repo(&view.case.repo).part("pull", &pull.number.to_string())
}

/// For how long it has had its head, where that is so long that it should have landed.
pub(super) fn has_waited(view: &View<'_>, pull: &PullCase) -> Option<jiff::SignedDuration> {
    let waited = view.now().duration_since(pull.head_at?);
    Some(waited).filter(|waited| *waited >= LANDS_WITHIN)
}

/// Whether it has all of its base, and only checks that haven't ended yet keep it from landing.
pub fn awaits_checks(view: &View<'_>, pull: &PullCase) -> bool {
    let fits = pull.behind == Some(0) && is_young(view, pull) && !has_failed(pull);
    fits && matches!(unmet(view, pull).as_slice(), [only] if only.rule == "checks")
}

/// Whether it waits for nothing but its turn to land, and for what follows from that: its base, and its checks on that. What is a
/// person's turn doesn't.
pub fn waits_in_line(view: &View<'_>, pull: &PullCase, at: &Station) -> bool {
    let is_updated = view.policy().is_some_and(|policy| policy.updates > 0);
    let of_its_turn = |it: &Unmet| it.rule == "checks" || (it.rule == "behind" && is_updated);
    let is_ours = !matches!(at.stand.queue(), Queue::Person | Queue::Held);
    is_ours && pull.open && pull.queue.is_none() && unmet(view, pull).iter().all(of_its_turn)
}

/// Whether it is its turn to land on its branch: it was brought up to its base, has all of it still, and waits for nothing but what
/// follows from that, which are its checks and whoever judges it anew. What landed before it would have it brought up and judged
/// once more, and again after that. A person isn't waited for, nor what lasts.
pub fn has_its_turn(view: &View<'_>, pull: &PullCase, at: &Station) -> bool {
    let is_updated = || {
        view.cx.observed.cases.held.updates_since(&address(view, pull), None) > 0
            || super::review::was_resolved(view, pull)
    };
    let goes_on = match &at.stand {
        Stand::Works(task) => task.play.is_some() && !super::review::goes_back(task),
        Stand::Moves(what) => !matches!(&**what, Move::Review(review) if !review.passes),
        Stand::Waits(_) => true,
        // Nothing is done about one on which too much was written.
        Stand::Until(..) => view.quiet().is_none(),
        Stand::Parked { .. } | Stand::Human { .. } | Stand::Held(_) | Stand::Done(_) | Stand::Left(_) => {
            false
        }
    };
    // What its reviews waited for is a person's approval once the factory's have said what they found.
    let has_passed = || !view.pipeline.has(Phase::Review) || super::judges::passed(view, pull);
    let is_judged = || matches!(at.stand, Stand::Waits(_)) && has_passed();
    let follows = |it: &Unmet| match it.rule {
        "checks" | "mergeable" | "advisor" => true,
        "review" => !is_judged(),
        _ => false,
    };
    let fits = pull.open && pull.queue.is_none() && pull.behind == Some(0) && goes_on;
    fits && is_young(view, pull) && !has_failed(pull) && is_updated() && unmet(view, pull).iter().all(follows)
}

/// Whether it was brought together with its base, and goes on to land: who lands meanwhile has it conflict once more.
pub fn lands_resolved(view: &View<'_>, pull: &PullCase, at: &Station) -> bool {
    let goes_on = !matches!(at.stand.queue(), Queue::Person | Queue::Held);
    pull.open
        && goes_on
        && super::review::was_resolved(view, pull)
        && is_young(view, pull)
        && !has_failed(pull)
}

/// Whether only a person can have it land: by what it changes, or how much of it.
fn is_of_people(left: &[Unmet]) -> bool {
    let of_people = |it: &Unmet| matches!(it.rule, "judges" | "paths" | "size" | "github");
    left.iter().any(of_people) && left.iter().all(|it| of_people(it) || it.rule == "behind")
}

/// Whether it got its head so lately that it may land still, or a check of that is at work still.
fn is_young(view: &View<'_>, pull: &PullCase) -> bool {
    let at_work = |it: &CheckSeen| matches!(it.state, CheckIs::Queued | CheckIs::Running);
    let is_checked = pull.checks.known().is_some_and(|checks| checks.iter().any(at_work));
    let within = if is_checked { CHECKED_WITHIN } else { LANDS_WITHIN };
    pull.head_at.is_some_and(|at| view.now().duration_since(at) < within)
}

/// Whether a check of its head failed, or not all are known.
fn has_failed(pull: &PullCase) -> bool {
    let failed = |checks: &Vec<CheckSeen>| checks.iter().any(|it| it.state == CheckIs::Failed);
    pull.checks.known().is_none_or(failed)
}

/// What people had to do about a pull request that landed, a line each; nothing where it landed as the factory made it.
pub fn meddled(view: &View<'_>, pull: &PullCase) -> Vec<String> {
    let mut out = Vec::new();
    if is_synthetic(pull) {
        out.push("it only tested the factory".to_owned());
    }
    match view.pushers(pull) {
        None => out.push(format!("nobody can tell who pushed {}", pull.head.short())),
        Some(pushers) => {
            let others = pushers.into_iter().filter(|login| !view.is_factory(login));
            out.extend(others.map(|login| format!("{login} pushed to it")));
        }
    }
    match pull.reviews.known() {
        None => out.push("not all of its reviews were read".to_owned()),
        Some(reviews) => {
            let asks = |it: &&ReviewSeen| it.verdict == ReviewIs::ChangesRequested && !it.own;
            let who: BTreeSet<&String> = reviews.iter().filter(asks).map(|it| &it.author).collect();
            out.extend(who.into_iter().map(|who| format!("{who} asked for changes")));
        }
    }
    if pull.landed.as_ref().is_some_and(|landed| differs(view, pull, landed).is_some()) {
        out.push("what landed is not what was tested".to_owned());
    }
    out
}

fn landing(view: &View<'_>, pull: &PullCase) -> Option<Landing> {
    let policy: &MergePolicy = view.policy()?;
    Some(Landing {
        repo: view.case.repo.clone(),
        watched: Watched { pull: true, ..view.watched() },
        pull: pull.number,
        head: pull.head.clone(),
        method: policy.method,
        trusted: view.relies_on(),
        title: format!("{} (#{})", pull.title, pull.number),
        message: format!("Closes #{}", view.case.number),
    })
}
