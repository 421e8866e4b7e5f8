//! How issues stood at the last look, and what became of their runs by what the ledger holds: as `status` tells it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ledger::{Advisors, Plays, Share};
use crate::loops::{comes_next, in_turn};
use crate::model::{Desired, Facet, HandedOver, Observed, Phase};
use crate::pipeline::Queue;
use crate::plan::Waiting;
use crate::plan::render::printable;
use crate::work;

/// How issues stood at the last look that was whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queues {
    /// When that was.
    pub at: Timestamp,
    /// How many there were, by phase and by what came next of them.
    pub issues: Vec<Queued>,
    /// Which of those that nobody was at work on, and that waited for no person, had waited longest.
    pub oldest: Option<Oldest>,
    /// How many waited for their authors.
    pub parked: u64,
    /// Since when the middle one of those had, the older one of two.
    pub parked_median_since: Option<Timestamp>,
    /// How many were with a person.
    pub with_a_person: u64,
}

/// Issues of one phase in one queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queued {
    /// The phase.
    pub phase: Phase,
    /// The queue: `next`, `waits`, `parked`, `person`, `held`.
    pub queue: String,
    /// How many.
    pub issues: u64,
}

/// The issue that waited longest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Oldest {
    /// Its repository and number: `acme/widgets#7`.
    pub issue: String,
    /// Its phase.
    pub phase: Phase,
    /// Since when.
    pub since: Timestamp,
    /// What came next of it, or had to come first.
    pub next: String,
}

/// What a look saw of issues. How they stood is worked out once somebody asks: after most looks nobody does, and with thousands
/// of issues it takes as long as the plan.
#[derive(Debug)]
pub(super) struct Sight {
    desired: Arc<Desired>,
    observed: Observed,
    waiting: Vec<Waiting>,
    now: Timestamp,
    queues: OnceLock<Queues>,
}

impl Sight {
    /// What was read at this moment, and what the plan has wait; `None` where not everything was read.
    pub(super) fn of(
        desired: Arc<Desired>,
        observed: Observed,
        waiting: Vec<Waiting>,
        now: Timestamp,
    ) -> Option<Self> {
        let is_of_issues = |facet: Facet| matches!(facet, Facet::Runs | Facet::Cases);
        let is_whole = !observed.gaps.iter().any(|gap| is_of_issues(gap.facet));
        is_whole.then(|| Self { desired, observed, waiting, now, queues: OnceLock::new() })
    }

    /// How the issues stood. Takes its time where there are thousands.
    pub(super) fn queues(&self) -> Queues {
        let cx = work::Cx { desired: &self.desired, observed: &self.observed, now: self.now };
        self.queues.get_or_init(|| Queues::of(cx, &self.waiting)).clone()
    }
}

impl Queues {
    /// From what was read, and from what the plan has wait.
    fn of(cx: work::Cx<'_>, waiting: &[Waiting]) -> Self {
        let (mut counts, mut parked) = (BTreeMap::<(Phase, Queue), u64>::new(), Vec::new());
        let mut oldest: Option<Oldest> = None;
        for (view, station) in in_turn(cx) {
            let ((queue, next), since) = (comes_next(&view, &station, waiting), view.since());
            if queue.is_over() {
                continue;
            }
            *counts.entry((station.phase, queue)).or_default() += 1;
            let waits = matches!(queue, Queue::Next | Queue::Waits) && view.at_work().is_none();
            if waits && oldest.as_ref().is_none_or(|oldest| since < oldest.since) {
                let issue = format!("{}#{}", view.case.repo, view.case.number);
                oldest = Some(Oldest { issue, phase: station.phase, since, next });
            }
            if queue == Queue::Parked {
                parked.push(view.parked_since());
            }
        }
        parked.sort_unstable();
        let with_a_person =
            counts.iter().filter(|((_, queue), _)| *queue == Queue::Person).map(|(_, n)| n).sum();
        let queued = |((phase, queue), issues): ((Phase, Queue), u64)| Queued {
            phase,
            queue: queue.as_str().to_owned(),
            issues,
        };
        Self {
            at: cx.now,
            issues: counts.into_iter().map(queued).collect(),
            oldest,
            parked: parked.len() as u64,
            parked_median_since: parked.get(parked.len().saturating_sub(1) / 2).copied(),
            with_a_person,
        }
    }

    /// As people read it; nothing where there is none.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let mut by_phase: BTreeMap<Phase, Vec<String>> = BTreeMap::new();
        for Queued { phase, queue, issues } in &self.issues {
            by_phase.entry(*phase).or_default().push(format!("{issues} {queue}"));
        }
        if by_phase.is_empty() {
            return out;
        }
        let all: u64 = self.issues.iter().map(|it| it.issues).sum();
        let _ = writeln!(out, "issues: {all} at {:.0}", self.at);
        for (phase, queues) in by_phase {
            let _ = writeln!(out, "  {phase}: {}", queues.join(", "));
        }
        if let Some(Oldest { issue, phase, since, next }) = &self.oldest {
            let line = format!("  waits longest: {issue} ({phase}) since {since:.0}: {next}");
            let _ = writeln!(out, "{}", printable(&line));
        }
        if let Some(since) = self.parked_median_since {
            let _ = writeln!(out, "  parked: {}, half of them since {since:.0} or longer", self.parked);
        }
        if self.with_a_person > 0 {
            let _ = writeln!(out, "  with a person: {} (factoryctl issue list)", self.with_a_person);
        }
        out
    }
}

/// What became of the runs of issues, by what the ledger holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunsOfIssues {
    /// By playbook.
    pub playbooks: Vec<BookStatus>,
    /// By phase.
    pub phases: Vec<PhaseStatus>,
    /// How often issues became a person's.
    #[serde(default)]
    pub handed_over: Vec<HandedOverStatus>,
    /// What came of asking advisors.
    #[serde(default)]
    pub advisors: AdvisorStatus,
}

/// What came of asking advisors, by what the ledger holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdvisorStatus {
    /// By role, how often one said what: `approve`, `veto`, `advice`, or how its run ended that said nothing.
    pub calls: BTreeMap<String, BTreeMap<String, u64>>,
    /// The disagreements that nothing may land with.
    pub blocking: u64,
    /// The others.
    pub concerns: u64,
    /// By role, how often one that gave no word was passed over.
    pub passed_over: BTreeMap<String, u64>,
}

/// What became of the runs by a playbook in a phase. Of `enriched` and `plain` are those that burnt an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookStatus {
    /// The phase.
    pub phase: Phase,
    /// The playbook.
    pub playbook: String,
    /// How many ended in each outcome.
    pub outcomes: BTreeMap<String, u64>,
    /// Those whose prompt had more than the one before it.
    pub enriched: Share,
    /// The others.
    pub plain: Share,
}

/// How often issues got stuck in a phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhaseStatus {
    /// The phase.
    pub phase: Phase,
    /// The runs in it.
    pub runs: u64,
    /// How often one went on to hitl.
    pub stuck: u64,
}

/// How often issues of a phase became a person's, after a run by a playbook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedOverStatus {
    /// The phase, and the playbook of the last run.
    #[serde(flatten)]
    pub how: HandedOver,
    /// How often.
    pub times: u64,
}

impl RunsOfIssues {
    /// From what the ledger holds.
    pub(super) fn of(plays: &Plays) -> Self {
        let book = |((phase, book), played): (&(Phase, String), &crate::ledger::Played)| BookStatus {
            phase: *phase,
            playbook: book.clone(),
            outcomes: played.by_outcome.clone(),
            enriched: played.enriched,
            plain: played.plain,
        };
        let playbooks: Vec<BookStatus> = plays.of_book.iter().map(book).collect();
        let runs = |phase: Phase| -> u64 {
            let of_it = playbooks.iter().filter(|it| it.phase == phase);
            of_it.flat_map(|it| it.outcomes.values()).sum()
        };
        let phase = |phase: &Phase| PhaseStatus {
            phase: *phase,
            runs: runs(*phase),
            stuck: plays.stuck.get(phase).copied().unwrap_or_default(),
        };
        let handed_over: Vec<HandedOverStatus> = plays
            .handed_over
            .iter()
            .map(|(how, times)| HandedOverStatus { how: how.clone(), times: *times })
            .collect();
        let is_of = |it: Phase| handed_over.iter().any(|over| over.how.phase == it);
        let phases =
            Phase::ALL.iter().map(phase).filter(|it| it.runs + it.stuck > 0 || is_of(it.phase)).collect();
        Self { playbooks, phases, handed_over, advisors: AdvisorStatus::of(&plays.advisors) }
    }

    /// As people read it; nothing where there were none.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for PhaseStatus { phase, runs, stuck } in &self.phases {
            let stuck = if *stuck > 0 { format!(", stuck {stuck} times") } else { String::new() };
            let _ = writeln!(out, "runs in {phase}: {runs}{stuck}");
            let over: Vec<String> = self
                .handed_over
                .iter()
                .filter(|it| it.how.phase == *phase)
                .map(|it| match &it.how.playbook {
                    Some(book) => format!("{} after `{book}`", it.times),
                    None => format!("{} before any run", it.times),
                })
                .collect();
            if !over.is_empty() {
                let _ = writeln!(out, "{}", printable(&format!("  to a person: {}", over.join(", "))));
            }
            for it in self.playbooks.iter().filter(|it| it.phase == *phase) {
                let outcomes = it.outcomes.iter().map(|(word, n)| format!("{n} {word}"));
                let outcomes = outcomes.collect::<Vec<_>>().join(", ");
                let share = |Share { runs, done }: Share| format!("{done} of {runs} done");
                let lift = match (it.enriched.runs, it.plain.runs) {
                    (0, _) => String::new(),
                    (_, _) => format!("; enriched {}, others {}", share(it.enriched), share(it.plain)),
                };
                let _ = writeln!(out, "{}", printable(&format!("  {}: {outcomes}{lift}", it.playbook)));
            }
        }
        out + &self.advisors.text()
    }
}

impl AdvisorStatus {
    fn of(advisors: &Advisors) -> Self {
        let mut calls = BTreeMap::<String, BTreeMap<String, u64>>::new();
        for ((role, says), times) in &advisors.calls {
            calls.entry(role.as_str().to_owned()).or_default().insert(says.clone(), *times);
        }
        let passed_over = advisors.passed_over.iter();
        Self {
            calls,
            blocking: advisors.blocking,
            concerns: advisors.concerns,
            passed_over: passed_over.map(|(role, times)| (role.as_str().to_owned(), *times)).collect(),
        }
    }

    /// As people read it; nothing where none was asked.
    fn text(&self) -> String {
        let mut out = String::new();
        for (role, says) in &self.calls {
            let says = says.iter().map(|(word, n)| format!("{n} {word}")).collect::<Vec<_>>().join(", ");
            let passed = self.passed_over.get(role).map(|n| format!("; passed over {n} times"));
            let line = format!("advisor {role}: {says}{}", passed.unwrap_or_default());
            let _ = writeln!(out, "{}", printable(&line));
        }
        if self.blocking + self.concerns > 0 {
            let _ = writeln!(out, "  disagreements: {} blocking, {} concerns", self.blocking, self.concerns);
        }
        out
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::model::AdvisorRole;
    use crate::model::samples::now;

    /// Issues in several queues.
    pub(in crate::engine) fn queues() -> Queues {
        let queued = |phase, queue: &str, issues| Queued { phase, queue: queue.to_owned(), issues };
        let since = now() - jiff::SignedDuration::from_hours(5);
        Queues {
            at: now(),
            issues: vec![
                queued(Phase::Triage, "parked", 3),
                queued(Phase::Implement, "next", 4),
                queued(Phase::Implement, "person", 1),
            ],
            oldest: Some(Oldest {
                issue: "acme/widgets#7".into(),
                phase: Phase::Implement,
                since,
                next: "a run by\nthe playbook `implement`, round 1".into(),
            }),
            parked: 3,
            parked_median_since: Some(since),
            with_a_person: 1,
        }
    }

    /// Runs of which one playbook was enriched, and one issue got stuck.
    pub(in crate::engine) fn runs() -> RunsOfIssues {
        let outcomes = |all: &[(&str, u64)]| all.iter().map(|(word, n)| ((*word).to_owned(), *n)).collect();
        let share = |runs, done| Share { runs, done };
        let played = |all: &[(&str, u64)], enriched, plain| crate::ledger::Played {
            by_outcome: outcomes(all),
            enriched,
            plain,
        };
        let implement = played(&[("crashed", 2), ("done", 3)], share(2, 1), share(3, 2));
        let of_book = [
            ((Phase::Implement, "implement".to_owned()), implement),
            ((Phase::Hitl, "diagnose".to_owned()), played(&[("done", 1)], share(0, 0), share(1, 1))),
        ];
        let stuck = BTreeMap::from([(Phase::Implement, 1)]);
        let said = |role, word: &str, n| ((role, word.to_owned()), n);
        let advisors = Advisors {
            calls: [
                said(AdvisorRole::PreFlight, "advice", 3),
                said(AdvisorRole::PreFlight, "crashed", 2),
                said(AdvisorRole::PostVerify, "approve", 2),
                said(AdvisorRole::PostVerify, "veto", 1),
            ]
            .into(),
            blocking: 1,
            concerns: 2,
            passed_over: [(AdvisorRole::PreFlight, 1)].into(),
        };
        let over = |playbook: Option<&str>, times| {
            (HandedOver { phase: Phase::Implement, playbook: playbook.map(str::to_owned) }, times)
        };
        let handed_over = [over(None, 2), over(Some("implement"), 1)].into();
        RunsOfIssues::of(&Plays { of_book: of_book.into(), stuck, handed_over, advisors })
    }

    #[test]
    fn it_is_said_how_issues_stand() {
        insta::assert_snapshot!(queues().text(), @r"
        issues: 8 at 2026-06-01T12:00:00Z
          triage: 3 parked
          implement: 4 next, 1 person
          waits longest: acme/widgets#7 (implement) since 2026-06-01T07:00:00Z: a run by\u{a}the playbook `implement`, round 1
          parked: 3, half of them since 2026-06-01T07:00:00Z or longer
          with a person: 1 (factoryctl issue list)
        ");
    }

    #[test]
    fn it_is_said_what_became_of_runs() {
        insta::assert_snapshot!(runs().text(), @r"
        runs in implement: 5, stuck 1 times
          to a person: 2 before any run, 1 after `implement`
          implement: 2 crashed, 3 done; enriched 1 of 2 done, others 2 of 3 done
        runs in hitl: 1
          diagnose: 1 done
        advisor post-verify: 2 approve, 1 veto
        advisor pre-flight: 3 advice, 2 crashed; passed over 1 times
          disagreements: 1 blocking, 2 concerns
        ");
    }

    #[test]
    fn without_issues_nothing_is_said() {
        let none = Queues {
            issues: Vec::new(),
            oldest: None,
            parked_median_since: None,
            parked: 0,
            with_a_person: 0,
            ..queues()
        };
        assert_eq!((none.text(), RunsOfIssues::of(&Plays::default()).text()), (String::new(), String::new()));
    }
}
