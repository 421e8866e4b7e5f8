//! What became of the runs of issues: by the phase that they were in and by their playbook, with what was looked up for them
//! and without.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use serde_json::Value;

use super::Run;
use crate::model::{AdvisorRole, HandedOver, Outcome, Phase};

/// What became of the runs of issues.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plays {
    /// By phase and playbook.
    pub of_book: BTreeMap<(Phase, String), Played>,
    /// How often an issue got stuck in a phase, and went on to hitl.
    pub stuck: BTreeMap<Phase, u64>,
    /// How often an issue became a person's, by the phase that it was in and the playbook of its last run.
    pub handed_over: BTreeMap<HandedOver, u64>,
    /// What came of asking advisors.
    pub advisors: Advisors,
}

/// What came of asking advisors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advisors {
    /// By role and by what was said, `veto`, or how the run ended that said nothing, `no verdict`.
    pub calls: BTreeMap<(AdvisorRole, String), u64>,
    /// The disagreements that nothing may land with.
    pub blocking: u64,
    /// The others.
    pub concerns: u64,
    /// How often one that gave no word was passed over.
    pub passed_over: BTreeMap<AdvisorRole, u64>,
}

/// What became of the runs by a playbook.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Played {
    /// How many ended in each outcome, by its word.
    pub by_outcome: BTreeMap<String, u64>,
    /// Those whose prompt had more than the one before it.
    pub enriched: Share,
    /// The others.
    pub plain: Share,
}

/// How many of some runs were done. What the agent had no part in is none of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// All of them.
    pub runs: u64,
    /// Those that were done.
    pub done: u64,
}

impl Plays {
    /// Takes note of a run that is over; one of a task of config is none.
    pub(super) fn add(&mut self, run: &Run) {
        let phase = run.address.as_str().rsplit('/').next().and_then(Phase::by_word);
        let (Some(phase), Some(play)) = (phase, &run.play) else { return };
        let played = self.of_book.entry((phase, play.book.clone())).or_default();
        *played.by_outcome.entry(run.outcome.clone()).or_default() += 1;
        let outcome = Outcome::by_word(&run.outcome, run.until).unwrap_or(Outcome::Crashed);
        if outcome.burns_attempt() {
            let share = if play.enriched.is_some() { &mut played.enriched } else { &mut played.plain };
            share.runs += 1;
            share.done += u64::from(outcome == Outcome::Done);
        }
        if let Some(role) = AdvisorRole::by_word(&play.book) {
            self.advisors.add(role, run);
        }
        // The first run there tells where it came from; those after it come from there.
        if let Some(origin) = play.origin.filter(|origin| phase == Phase::Hitl && *origin != phase) {
            *self.stuck.entry(origin).or_default() += 1;
        }
    }

    /// Takes note that an issue became a person's.
    pub(super) fn hand_over(&mut self, how: &HandedOver) {
        *self.handed_over.entry(how.clone()).or_default() += 1;
    }

    /// Takes note that an advisor was passed over, by what the action leaves.
    pub(super) fn pass_over(&mut self, after: &Value) {
        if let Some(role) = after["advisor"].as_str().and_then(AdvisorRole::by_word) {
            *self.advisors.passed_over.entry(role).or_default() += 1;
        }
    }
}

impl Advisors {
    fn add(&mut self, role: AdvisorRole, run: &Run) {
        let says = run.advice.as_ref().map_or(&run.outcome, |advice| &advice.says);
        *self.calls.entry((role, says.clone())).or_default() += 1;
        self.blocking += run.advice.as_ref().map_or(0, |advice| advice.blocking);
        self.concerns += run.advice.as_ref().map_or(0, |advice| advice.concerns);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::samples;
    use crate::model::{Address, Play, RepoName};

    fn run(phase: Phase, book: &str, enriched: bool, origin: Option<Phase>, outcome: &str) -> Run {
        let repo = RepoName::parse("acme/widgets").unwrap();
        let play = Play {
            book: book.into(),
            round: 1,
            text: String::new(),
            enriched: enriched.then(|| "more".to_owned()),
            origin,
            about: Vec::new(),
            head: None,
        };
        let address = Address::issue(&repo, 7).field(phase.as_str());
        Run { play: Some(play), outcome: outcome.into(), ..samples::run(&address, None) }
    }

    #[test]
    fn runs_are_counted_by_phase_and_playbook() {
        use Phase::{Hitl, Implement, Plan};
        let mut plays = Plays::default();
        for run in [
            run(Plan, "plan", false, None, "done"),
            run(Implement, "implement", false, Some(Plan), "crashed"),
            run(Implement, "implement", false, Some(Implement), "auth"),
            run(Implement, "implement", true, Some(Implement), "done"),
            run(Implement, "implement", true, Some(Implement), "a word of a later version"),
            run(Hitl, "diagnose", false, Some(Implement), "crashed"),
            run(Hitl, "diagnose", false, Some(Hitl), "done"),
            run(Hitl, "implement-stuck", true, Some(Hitl), "done"),
        ] {
            plays.add(&run);
        }
        let repo = RepoName::parse("acme/widgets").unwrap();
        plays.add(&samples::run(&Address::repo(&repo).part("task", "plan"), None));
        let share = |runs, done| Share { runs, done };
        let of = |phase, book: &str| &plays.of_book[&(phase, book.to_owned())];
        assert_eq!((of(Plan, "plan").plain, of(Plan, "plan").enriched), (share(1, 1), share(0, 0)));
        let implement = of(Implement, "implement");
        assert_eq!((implement.plain, implement.enriched), (share(1, 0), share(2, 1)));
        assert_eq!(implement.by_outcome.values().sum::<u64>(), 4, "what burns no attempt is told too");
        assert_eq!(plays.stuck, BTreeMap::from([(Implement, 1)]));
        assert_eq!(plays.of_book.len(), 4, "a task has no playbook");
    }

    #[test]
    fn what_advisors_say_is_counted_by_role() {
        use crate::ledger::Advice;
        let mut plays = Plays::default();
        let advice = |says: &str, blocking| Some(Advice { says: says.into(), blocking, concerns: 1 });
        for (book, outcome, advice) in [
            ("post-verify", "done", advice("veto", 2)),
            ("post-verify", "done", advice("approve", 0)),
            ("post-verify", "no verdict", None),
            ("pre-flight", "done", advice("advice", 0)),
            ("quality-review", "done", None),
        ] {
            plays.add(&Run { advice, ..run(Phase::Review, book, false, None, outcome) });
        }
        plays.pass_over(&serde_json::json!({ "advisor": "pre-flight" }));
        plays.pass_over(&serde_json::json!({ "advisor": "a word of a later version" }));
        let Advisors { calls, blocking, concerns, passed_over } = plays.advisors;
        let calls: Vec<String> =
            calls.iter().map(|((role, it), n)| format!("{} {it} {n}", role.as_str())).collect();
        assert_eq!(
            calls,
            [
                "pre-flight advice 1",
                "post-verify approve 1",
                "post-verify no verdict 1",
                "post-verify veto 1"
            ]
        );
        assert_eq!((blocking, concerns), (2, 3));
        assert_eq!(passed_over, BTreeMap::from([(AdvisorRole::PreFlight, 1)]));
    }
}
