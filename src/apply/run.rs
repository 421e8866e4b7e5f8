//! One batch: every permitted action, repository by repository, stage by stage.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::model::{Action, ActionId, Fingerprint, IntentId, RepoName, Verb};
use crate::plan::{Blocked, Permit, Permitted};

use super::cases::Group;
use super::look::LookError;
use super::outcome::{Outcome, Trouble};
use super::recorder::{Recorder, RecorderError};
use super::shown::Shown;
use super::writer::Writer;

/// Repositories that are written to at the same time. GitHub's secondary limits on content punish more.
const AT_ONCE: usize = 6;

/// What watches a batch from outside: the live switches, the progress display, the stop signal.
pub struct Watch<'a> {
    /// Asked right before each action: a switch may have fallen since the plan was made.
    pub gate: &'a (dyn Fn(&Action) -> Option<Blocked> + Send + Sync),
    /// Told after each action.
    pub progress: &'a (dyn Fn(&Action, &Outcome) + Send + Sync),
    /// No further action is started once it is cancelled.
    pub stop: CancellationToken,
}

/// What became of a batch.
#[derive(Debug, Default)]
pub struct Report {
    /// Each action and its outcome, in order.
    pub outcomes: Vec<(Action, Outcome)>,
    /// Whether the stop signal cut it short.
    pub interrupted: bool,
}

impl Report {
    /// Takes in a later round: an action that was tried again counts by what became of it last.
    pub fn follow(&mut self, later: Self) {
        let same = |one: &Action, other: &Action| one.verb == other.verb && one.address == other.address;
        self.outcomes.retain(|(was, _)| !later.outcomes.iter().any(|(again, _)| same(was, again)));
        self.outcomes.extend(later.outcomes);
        self.interrupted |= later.interrupted;
    }

    /// Takes in what a later look has shown of one of its actions; whether it is one of them.
    pub fn learn(&mut self, id: &ActionId, shown: &Outcome) -> bool {
        let mut of_it = self.outcomes.iter_mut().filter(|(action, _)| action.id == *id);
        let found = of_it.next().map(|(_, outcome)| outcome.clone_from(shown));
        found.is_some()
    }

    /// Whether it ran into what every further call would run into, too.
    pub fn is_hopeless(&self) -> bool {
        self.outcomes.iter().any(|(_, outcome)| spoils_the_rest(outcome))
    }

    /// How many actions have an outcome of this sort.
    pub fn count(&self, of: impl Fn(&Outcome) -> bool) -> usize {
        self.outcomes.iter().filter(|(_, outcome)| of(outcome)).count()
    }
}

/// Carries a batch out. Its intents are recorded already; each outcome is recorded as soon as it is known.
///
/// # Errors
/// When an outcome can't be recorded: then no further action is started, since the ledger would not know of it.
pub async fn apply(
    batch: Vec<(Permitted, IntentId)>,
    writer: &Writer,
    recorder: &Recorder,
    watch: &Watch<'_>,
) -> Result<Report, RecorderError> {
    let mut by_repo: BTreeMap<RepoName, Vec<(Permitted, IntentId)>> = BTreeMap::new();
    for (permitted, intent) in batch {
        by_repo.entry(permitted.action.effect.repo().clone()).or_default().push((permitted, intent));
    }
    // Cancelled by the first trouble that every further call would run into as well.
    let hopeless = CancellationToken::new();
    let runs =
        by_repo.into_values().map(|actions| one_repository(actions, writer, recorder, watch, &hopeless));
    let mut results: Vec<Result<Vec<(Action, Outcome)>, RecorderError>> =
        stream::iter(runs).buffer_unordered(AT_ONCE).collect().await;
    let mut report = Report { interrupted: watch.stop.is_cancelled(), ..Report::default() };
    for result in results.drain(..) {
        report.outcomes.extend(result?);
    }
    report.outcomes.sort_by(|a, b| {
        (a.0.effect.repo(), a.0.verb.stage(), &a.0.address).cmp(&(
            b.0.effect.repo(),
            b.0.verb.stage(),
            &b.0.address,
        ))
    });
    Ok(report)
}

async fn one_repository(
    actions: Vec<(Permitted, IntentId)>,
    writer: &Writer,
    recorder: &Recorder,
    watch: &Watch<'_>,
    hopeless: &CancellationToken,
) -> Result<Vec<(Action, Outcome)>, RecorderError> {
    let clock = || recorder.now();
    let (mut done, mut group): (Vec<(Action, Outcome)>, _) = (Vec::new(), Group::new(&clock));
    for (permitted, intent) in actions {
        let Permitted { action, permit } = permitted;
        let outcome = match held_back(&action, &done, watch, hopeless) {
            Some(outcome) => outcome,
            None => attempt(&action, permit, writer, &mut group).await,
        };
        if !outcome.succeeded() {
            group.ends();
        }
        recorder.outcome(&intent, &action, &outcome).await?;
        if spoils_the_rest(&outcome) {
            hopeless.cancel();
        }
        (watch.progress)(&action, &outcome);
        done.push((action, outcome));
    }
    Ok(done)
}

/// Whether every further call would run into the same: a credential that is refused, a spent budget.
fn spoils_the_rest(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed { trouble: Trouble::Expired | Trouble::RateLimit, .. })
}

/// Why an action is not even attempted.
fn held_back(
    action: &Action,
    before: &[(Action, Outcome)],
    watch: &Watch<'_>,
    hopeless: &CancellationToken,
) -> Option<Outcome> {
    if watch.stop.is_cancelled() {
        return Some(Outcome::left("interrupted before it was started"));
    }
    if hopeless.is_cancelled() {
        return Some(Outcome::left("the credential is refused or its budget is spent"));
    }
    if let Some(blocked) = (watch.gate)(action) {
        return Some(Outcome::Refused { says: format!("{}: {}", blocked.guard, blocked.says) });
    }
    let failed = before.iter().filter(|(_, outcome)| !outcome.succeeded());
    let needs_all = action.verb == Verb::ArchiveRepository;
    let mut in_the_way = failed.filter(|(earlier, _)| needs_all || earlier.verb.stage() == 0);
    in_the_way
        .next()
        .map(|(earlier, _)| Outcome::left(format!("{} did not succeed before it", earlier.verb.as_str())))
}

/// Looks, compares, writes, and where the write's fate is uncertain looks again.
async fn attempt(action: &Action, permit: Permit, writer: &Writer, group: &mut Group<'_>) -> Outcome {
    let now = match writer.look(action, group).await {
        Ok(now) => now,
        Err(error) => return failed_look(&error),
    };
    let (now, carried_by) = (now.value, now.carried_by);
    if now == action.after {
        return Outcome::AlreadySo;
    }
    if Fingerprint::of(&now) != action.planned_on() {
        return Outcome::Refused { says: changed(&action.before, &now) };
    }
    if let Some(says) = carried_by.and_then(|now| action.outgrown(action.carried_by, now)) {
        return Outcome::Refused { says };
    }
    let error = match writer.carry_out(action, permit).await {
        Ok(Shown::Yes) => return Outcome::Done,
        Ok(Shown::No) => return unconfirmed(action, writer, group).await,
        Err(error) => error,
    };
    let uncertain = error.may_have_happened();
    if !uncertain && !error.is_contested() {
        return error.outcome();
    }
    group.ends();
    match writer.look(action, group).await.map(|now| now.value) {
        Ok(now) if now == action.after && uncertain => Outcome::Done,
        Ok(now) if now == action.after => Outcome::AlreadySo,
        // The look that came first shows none of that name, and so does this one.
        Ok(now) if now == action.before && action.verb == Verb::CreateRepository && error.name_is_taken() => {
            error.outcome().unseen()
        }
        Ok(now) if now == action.before => error.outcome(),
        Ok(now) if uncertain => Outcome::Unknown { says: format!("{error}; it is now {now}") },
        Ok(_) => error.outcome(),
        Err(look) if uncertain => Outcome::Unknown { says: format!("{error}; and {look}") },
        Err(_) => error.outcome(),
    }
}

/// The longest value that is shown whole.
const SHOWN: usize = 160;

/// That something has changed since the plan: what it is now, or what of it has changed where that is long.
fn changed(before: &Value, now: &Value) -> String {
    let shown = now.to_string();
    let fields = differing(before, now);
    if shown.len() <= SHOWN || fields.is_empty() {
        return format!("it has changed since the plan; it is now {shown}");
    }
    format!("it has changed since the plan: `{}`", fields.join("`, `"))
}

/// The fields of two objects that differ, those of their objects with a dot.
fn differing(before: &Value, now: &Value) -> Vec<String> {
    let (Some(before), Some(now)) = (before.as_object(), now.as_object()) else { return Vec::new() };
    let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    let mut out = Vec::new();
    for name in names {
        let (one, other) = (before.get(name), now.get(name));
        if one == other {
            continue;
        }
        let below = one.zip(other).map(|(one, other)| differing(one, other)).unwrap_or_default();
        if below.is_empty() {
            out.push(name.clone());
        }
        out.extend(below.into_iter().map(|field| format!("{name}.{field}")));
    }
    out
}

/// GitHub accepted the write, and its reply doesn't show it: what is there now decides.
async fn unconfirmed(action: &Action, writer: &Writer, group: &mut Group<'_>) -> Outcome {
    group.ends();
    match writer.look(action, group).await.map(|now| now.value) {
        Ok(now) if now == action.after => Outcome::Done,
        // A look at a proposal tells that it is there, and not what is in it.
        Ok(now) if action.verb == Verb::Propose => {
            Outcome::Unknown { says: format!("GitHub accepted it without showing it; there is {now}") }
        }
        Ok(now) => {
            let says = format!("GitHub accepted it, and it is not so: it is {now}");
            Outcome::Failed { says, trouble: Trouble::Passing, request_id: None }
        }
        Err(look) => Outcome::Unknown { says: format!("GitHub accepted it without showing it, and {look}") },
    }
}

fn failed_look(error: &LookError) -> Outcome {
    match error.request() {
        Some(request) => {
            let Outcome::Failed { trouble, request_id, says } = Outcome::failed(request) else {
                return Outcome::failed(request);
            };
            Outcome::Failed { says: format!("{error}: {says}"), trouble, request_id }
        }
        None => Outcome::Refused { says: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_has_changed_is_named_and_shown_where_it_is_short() {
        let long = "x".repeat(SHOWN);
        for (before, now, says) in [
            (json!({"color": "a"}), json!({"color": "b"}), "; it is now {\"color\":\"b\"}"),
            (json!("a"), json!(long), &format!("; it is now \"{long}\"")),
            (
                json!({"talk": "a", "of": {"head": 1, "base": 2}, "text": long}),
                json!({"talk": "b", "of": {"head": 1, "base": 3}, "text": long, "new": null}),
                ": `new`, `of.base`, `talk`",
            ),
        ] {
            assert_eq!(changed(&before, &now), format!("it has changed since the plan{says}"));
        }
    }
}
