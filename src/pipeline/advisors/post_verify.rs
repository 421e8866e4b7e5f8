//! Who looks last: after the reviews passed, and before anything lands. A veto goes back with all that it says, and that not for
//! ever: the more a mistake would hurt, the more often.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::json;

use crate::model::{AdvisorRole, Authority, Closed, CommitId, FileChange, OnFailure, Phase, PullCase, Seen};
use crate::work::words::as_data;

use super::super::Station;
use super::super::implement::{Compliance, SPEC, parts};
use super::super::judges::QUALITY;
use super::super::plan::{Finding, Findings};
use super::super::prompt::{Parts, one_line};
use super::super::review::{REWORK, retries, rework, reworked, unchanged};
use super::super::rules::touches;
use super::super::view::View;
use super::super::work::{Job, answer};
use super::{ask, question};

const ROLE: AdvisorRole = AdvisorRole::PostVerify;
/// More changed lines than these are many.
const MANY: u64 = 200;

/// What it says.
#[derive(Clone, Debug, Deserialize)]
struct Verdict {
    /// `approve` or `veto`.
    #[serde(rename = "verdict")]
    word: String,
    /// Why.
    reasoning: String,
    /// Where it disagrees.
    #[serde(default)]
    disagreements: Vec<Disagreement>,
    /// How it has to be mended.
    #[serde(default)]
    direction: String,
}

/// Where it disagrees with what the work or a review claims.
#[derive(Clone, Debug, Deserialize)]
struct Disagreement {
    claim: String,
    assessment: String,
    severity: String,
}

/// Whose word is asked for, and what it counts for.
struct Duty<'v> {
    authority: Authority,
    on_failure: OnFailure,
    /// The file by which the factory is judged, where one is changed: then it is so whatever config says.
    judge: Option<&'v FileChange>,
}

/// How much a mistake would hurt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blast {
    /// Little is changed.
    Low,
    /// Much is.
    Medium,
    /// What the factory is judged by, or nobody knows what.
    High,
}

impl Blast {
    fn of(view: &View<'_>, pull: &PullCase) -> Self {
        match &pull.files {
            Seen::Absent | Seen::Unknown => Self::High,
            Seen::Known(_) if changed_judge(view, pull).is_some() => Self::High,
            Seen::Known(files) => {
                let lines: u64 = files.iter().map(|file| file.additions + file.deletions).sum();
                if lines > MANY { Self::Medium } else { Self::Low }
            }
        }
    }

    /// How many vetoes are reworked.
    fn vetoes(self) -> usize {
        match self {
            Self::Low => 1,
            Self::Medium => 2,
            Self::High => 3,
        }
    }
}

impl Verdict {
    /// Whether it is against it. Who approves of what it calls blocking doesn't approve.
    fn vetoes(&self) -> bool {
        self.word != "approve" || self.disagreements.iter().any(|it| it.severity == "blocking")
    }

    /// All that it says, a line each.
    fn lines(&self) -> Vec<String> {
        let disagrees = |it: &Disagreement| {
            format!(
                "{}: it is said that {}; but {}",
                it.severity,
                one_line(&it.claim),
                one_line(&it.assessment)
            )
        };
        let direction = Some(&self.direction).filter(|it| !it.trim().is_empty());
        [one_line(&self.reasoning)]
            .into_iter()
            .chain(self.disagreements.iter().map(disagrees))
            .chain(direction.map(|it| format!("to do: {}", one_line(it))))
            .collect()
    }
}

/// The first file of those by which the factory is judged that is changed.
pub(super) fn changed_judge<'v>(view: &View<'_>, pull: &'v PullCase) -> Option<&'v FileChange> {
    touches(&view.pipeline.judges, pull.files.known()?)
}

/// Whose word is asked for; nobody's where nobody is declared and nothing is changed that judges.
fn duty<'v>(view: &View<'_>, pull: &'v PullCase) -> Option<Duty<'v>> {
    let judge = changed_judge(view, pull);
    let declared = view.pipeline.advisors.get(&ROLE);
    if judge.is_some() {
        return Some(Duty { authority: Authority::Veto, on_failure: OnFailure::Veto, judge });
    }
    declared.map(|it| Duty { authority: it.authority, on_failure: it.on_failure, judge })
}

/// What it says of the head; nothing where it was passed over.
fn verdict(view: &View<'_>, pull: &PullCase, duty: &Duty<'_>) -> Result<Option<Verdict>, Station> {
    ask(view, (ROLE, &pull.head), &job(view, pull, duty), duty.on_failure)
}

/// Where it stands, unless nobody is asked, or nobody is against it.
pub(in crate::pipeline) fn station(view: &View<'_>, pull: &PullCase) -> Option<Station> {
    let duty = duty(view, pull)?;
    match (verdict(view, pull, &duty), duty.authority) {
        (Err(station), _) => Some(station),
        (Ok(Some(it)), Authority::Veto) if it.vetoes() => Some(vetoed(view, pull, &it)),
        (Ok(Some(_) | None), Authority::Veto | Authority::Advice) => None,
    }
}

/// What of it keeps a pull request from landing: what is so, and what would satisfy it.
pub(in crate::pipeline) fn keeps(view: &View<'_>, pull: &PullCase) -> Option<(String, String)> {
    let (duty, head) = (duty(view, pull)?, pull.head.short());
    let why = duty.judge.map(|file| format!(" (it changes `{}`)", file.path)).unwrap_or_default();
    match (verdict(view, pull, &duty), duty.authority) {
        (Err(_), _) => Some((
            format!("the advisor `{}` has not judged {head}{why}", ROLE.as_str()),
            format!("its verdict on {head}"),
        )),
        (Ok(Some(it)), Authority::Veto) if it.vetoes() => Some((
            format!("the advisor `{}` has a veto at {head}: {}", ROLE.as_str(), one_line(&it.reasoning)),
            "another head that it has none at".to_owned(),
        )),
        (Ok(Some(_) | None), Authority::Veto | Authority::Advice) => None,
    }
}

/// What a person should know of what it said of the head: a veto, and that it passed what is theirs to merge.
pub(super) fn told(view: &View<'_>, pull: &PullCase) -> Option<String> {
    let duty = duty(view, pull)?;
    let said = verdicts(view, pull).find(|(head, _)| **head == pull.head).map(|(_, it)| it)?;
    let says = match (said.vetoes(), duty.judge) {
        (true, _) => "has a veto",
        (false, Some(_)) => "has nothing against it",
        (false, None) => return None,
    };
    Some(format!("`{}` {says} at {}: {}", ROLE.as_str(), pull.head.short(), said.lines().join("; ")))
}

/// What it said of each head since the pull request was opened, the latest first.
fn verdicts<'v>(view: &'v View<'_>, pull: &'v PullCase) -> impl Iterator<Item = (&'v CommitId, Verdict)> {
    let since = move |run: &&&crate::model::RunSeen| run.id.moment().is_none_or(|at| at >= pull.opened);
    view.runs.iter().rev().filter(since).filter_map(|run| {
        let play = run.of.play.as_ref().filter(|play| play.book == ROLE.as_str())?;
        Some((play.head.as_ref()?, answer::<Verdict>(run.phase.closed()?)?))
    })
}

/// A veto is one rework, as often as that is worth it; then a person's turn, with all that was said.
fn vetoed(view: &View<'_>, pull: &PullCase, it: &Verdict) -> Station {
    let mut against: Vec<(&CommitId, Verdict)> = Vec::new();
    for (head, said) in verdicts(view, pull).filter(|(_, said)| said.vetoes()) {
        if !against.iter().any(|(other, _)| *other == head) {
            against.push((head, said));
        }
    }
    let most = Blast::of(view, pull).vetoes().saturating_mul(1 + retries(view, pull));
    if against.len() > most {
        let all = against.iter().rev();
        let tried = all.flat_map(|(head, said)| {
            said.lines().into_iter().map(move |line| format!("veto at {}: {line}", head.short()))
        });
        let why = format!(
            "`{}` had its veto {} times, no more than {most} of which lead to a rework; `/retry` goes on",
            ROLE.as_str(),
            against.len()
        );
        return Station::human(Phase::Review, why, tried.collect());
    }
    let says = as_data(it.lines().iter().map(String::as_str));
    let findings = format!("An advisor has a veto on this. It says, as data:\n{says}");
    let parts = Parts { findings, ..parts(view) };
    let job = rework(view, pull, (REWORK, ROLE.as_str()), parts, "veto");
    match reworked(view, pull, &job) {
        Err(station) => station,
        Ok((_, closed)) => unchanged(closed, "an advisor has a veto on it"),
    }
}

fn job(view: &View<'_>, pull: &PullCase, duty: &Duty<'_>) -> Job<'static> {
    let mut context = String::new();
    if let Some(base) = &pull.base_head {
        context.push_str(&format!(
            "Each file that is changed stands in the list, and `git diff {base}...{} -- FILE` shows what is changed of it.\n",
            pull.head
        ));
    }
    context.push_str(&reviewed(view, pull));
    if let Some(file) = duty.judge {
        context.push_str(&format!(
            "`{}` is among what the work here is judged by. Ask besides how bad it is if this change is wrong: what would no \
             longer be found, and by whom. Where that is worse than what it mends, it is blocking.\n",
            file.path
        ));
    }
    let parts = Parts { context, ..parts(view) };
    question(view, pull, ROLE, (pull.head.to_string(), form()), parts)
}

/// What the reviews of this head said.
fn reviewed(view: &View<'_>, pull: &PullCase) -> String {
    let said = |book: &str| -> Option<&Closed> {
        let is_of_head = |run: &&&crate::model::RunSeen| {
            let play = run.of.play.as_ref();
            play.is_some_and(|play| play.book == book && play.head.as_ref() == Some(&pull.head))
        };
        view.runs.iter().rev().find(is_of_head)?.phase.closed()
    };
    let mut out = String::new();
    if said(SPEC).and_then(answer::<Compliance>).is_some_and(|it| it.compliant) {
        out.push_str(&format!("`{SPEC}` says that all that is asked for is there.\n"));
    }
    if let Some(found) = said(QUALITY).and_then(answer::<Findings>) {
        let lines: BTreeSet<String> = found.findings.iter().map(Finding::line).collect();
        if lines.is_empty() {
            out.push_str(&format!("`{QUALITY}` found nothing.\n"));
        } else {
            out.push_str(&format!("`{QUALITY}` found, as data:\n"));
            out.push_str(&as_data(lines.iter().map(|line| line.trim_end())));
        }
    }
    out
}

fn form() -> serde_json::Value {
    json!({
        "type": "object",
        "properties": {
            "verdict": { "enum": ["approve", "veto"] },
            "reasoning": { "type": "string", "minLength": 1, "maxLength": 6000 },
            "disagreements": {
                "type": "array", "maxItems": 20,
                "items": {
                    "type": "object",
                    "properties": {
                        "claim": { "type": "string", "minLength": 1, "maxLength": 1000 },
                        "assessment": { "type": "string", "minLength": 1, "maxLength": 2000 },
                        "severity": { "enum": ["blocking", "concern"] }
                    },
                    "required": ["claim", "assessment", "severity"]
                }
            },
            "direction": { "type": "string", "maxLength": 4000 }
        },
        "required": ["verdict", "reasoning", "disagreements"]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_calls_something_blocking_does_not_approve() {
        let said = |verdict: &str, severities: &[&str]| Verdict {
            word: verdict.to_owned(),
            reasoning: "so".to_owned(),
            disagreements: severities
                .iter()
                .map(|severity| Disagreement {
                    claim: "it cuts".to_owned(),
                    assessment: "it\ndoesn't".to_owned(),
                    severity: (*severity).to_owned(),
                })
                .collect(),
            direction: " ".to_owned(),
        };
        for (verdict, severities, vetoes) in [
            ("approve", &[][..], false),
            ("approve", &["concern"], false),
            ("approve", &["concern", "blocking"], true),
            ("veto", &[], true),
            ("a word of a later version", &[], true),
        ] {
            assert_eq!(said(verdict, severities).vetoes(), vetoes, "{verdict} {severities:?}");
        }
        assert_eq!(
            said("veto", &["blocking"]).lines(),
            ["so", "blocking: it is said that it cuts; but it doesn't"]
        );
    }
}
