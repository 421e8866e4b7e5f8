//! How it is to be done: a plan, looked at for what it must have, then by another agent that tries to find what is wrong with it.
//! What blocks goes back with it, with the places that it touches; a plan that is blocked again is a person's turn.

use serde::Deserialize;
use serde_json::json;

use crate::model::{Case, Closed, Phase, Seen};

use super::prompt::{Parts, bullets};
use super::view::View;
use super::work::{By, Job, answer, schema};
use super::{Station, discover, shape};

/// The playbooks.
const BOOK: &str = "plan";
const REVIEW: &str = "plan-review";
/// How many plans there may be.
const ROUNDS: u32 = 3;
/// How many decisions of design a plan may leave open.
const OPEN: usize = 2;
/// The fewest words of a plan.
const WORDS: usize = 30;

/// A plan.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Plan {
    /// What is done, in a few sentences.
    pub(super) approach: String,
    /// The steps, a line each.
    pub(super) steps: Vec<String>,
    /// The files that it touches.
    pub(super) files: Vec<String>,
    /// How it is tested.
    pub(super) tests: String,
    /// Decisions of design that are people's.
    #[serde(default)]
    pub(super) open_decisions: Vec<String>,
}

/// What somebody found.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Findings {
    /// Each of them.
    pub(super) findings: Vec<Finding>,
}

/// Something that somebody found.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Finding {
    /// How bad it is.
    pub(super) severity: String,
    /// What it is.
    pub(super) text: String,
    /// Where.
    #[serde(default)]
    pub(super) path: String,
}

impl Finding {
    /// Whether nothing goes on before it is dealt with.
    pub(super) fn blocks(&self) -> bool {
        matches!(self.severity.as_str(), "critical" | "high")
    }

    /// What tells it from others, however it is worded: where it is, and its words without case, space and punctuation.
    pub(super) fn signature(&self) -> String {
        let words: String =
            self.text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        blake3::hash(format!("{}\0{words}", self.path).as_bytes()).to_hex()[..12].to_owned()
    }

    /// As a prompt shows it.
    pub(super) fn line(&self) -> String {
        let at = if self.path.is_empty() { String::new() } else { format!(" ({})", self.path) };
        format!("- {}{at}: {}\n", self.severity, self.text.replace('\n', " "))
    }
}

impl Plan {
    /// What it lacks, a line each.
    fn lacks(&self) -> Vec<String> {
        let mut out = Vec::new();
        let words = self.approach.split_whitespace().count()
            + self.steps.iter().map(|step| step.split_whitespace().count()).sum::<usize>();
        if words < WORDS {
            out.push(format!("approach and steps have {words} words; {WORDS} are asked for"));
        }
        if self.steps.is_empty() {
            out.push("it has no steps".to_owned());
        }
        if self.files.is_empty() {
            out.push("it names no file that it touches".to_owned());
        }
        if self.tests.trim().is_empty() {
            out.push("it doesn't say how it is tested".to_owned());
        }
        out
    }

    /// As a prompt shows it.
    pub(super) fn text(&self) -> String {
        let steps = bullets(&self.steps);
        format!(
            "{}\nSteps:\n{steps}Files: {}\nTests: {}\n",
            self.approach.replace('\n', " "),
            self.files.join(", ").replace('\n', " "),
            self.tests.replace('\n', " ")
        )
    }
}

/// Where it stands, unless there is a plan, or none is asked for.
pub(super) fn station(view: &View<'_>) -> Option<Station> {
    if !view.pipeline.has(Phase::Plan) {
        return None;
    }
    planned(view).err()
}

/// The plan, if there is one.
pub(super) fn plan(view: &View<'_>) -> Option<Plan> {
    if view.pipeline.has(Phase::Plan) { planned(view).ok().map(|(_, plan)| plan) } else { None }
}

fn planned<'a>(view: &View<'a>) -> Result<(&'a Closed, Plan), Station> {
    let parts = Parts {
        brief: discover::brief(view).map(|brief| brief.text()).unwrap_or_default(),
        direction: shape::direction(view).unwrap_or_default(),
        ..Parts::default()
    };
    let (mut findings, mut context, mut tried) = (String::new(), String::new(), Vec::new());
    for (round, by) in view.rounds(ROUNDS, "its plans don't hold") {
        let enriched =
            (round > 1).then(|| if context.is_empty() { "reasons" } else { "touchpoints" }.to_owned());
        let parts = Parts { findings: findings.clone(), context: context.clone(), ..parts.clone() };
        let planning = Job { enriched, by, ..job(view, BOOK, round, form(), parts.clone()) };
        let Some(closed) = view.in_round(&planning, &mut tried)? else { continue };
        let Some(plan) = answer::<Plan>(closed) else {
            return Err(Station::human(Phase::Plan, "planning gave no plan", tried));
        };
        if plan.open_decisions.len() >= OPEN {
            let open = plan
                .open_decisions
                .iter()
                .map(|line| format!("to decide: {}", line.replace('\n', " ")))
                .collect();
            let why =
                "its plan leaves decisions of design open; say with `/steer` what holds, then `/redo plan`";
            return Err(Station::human(Phase::Plan, why, open));
        }
        let lacks = plan.lacks();
        if !lacks.is_empty() {
            findings = format!("Plan {round} lacked something:\n{}", bullets(&lacks));
            tried.extend(lacks.into_iter().map(|line| format!("plan {round}: {line}")));
            continue;
        }
        let review = Parts { plan: plan.text(), ..parts };
        let review = Job { by: By::ThenDiagnosis, ..job(view, REVIEW, round, findings_form(), review) };
        let (_, judged) = view.must(&review)?;
        let blocking: Vec<Finding> = match answer::<Findings>(judged) {
            Some(all) => all.findings.into_iter().filter(Finding::blocks).collect(),
            None => return Err(Station::human(Phase::Plan, "the review of the plan gave no verdict", tried)),
        };
        if blocking.is_empty() {
            return Ok((closed, plan));
        }
        tried.extend(blocking.iter().map(|it| format!("plan {round} was blocked: {}", it.line().trim())));
        findings = format!(
            "Plan {round} was blocked. It was:\n{}What blocks it:\n{}",
            plan.text(),
            blocking.iter().map(Finding::line).collect::<Vec<_>>().concat()
        );
        context = touchpoints(view, &plan);
    }
    Err(Station::human(Phase::Plan, format!("its plans didn't hold; `/retry` allows {ROUNDS} more"), tried))
}

/// What a plan touches: open pull requests of the factory that change the same files, and what is to be looked up.
fn touchpoints(view: &View<'_>, plan: &Plan) -> String {
    let mut out = "Before you plan again, look these up in the repository: decision records and documents that cite these files, \
                   and the last changes of each of them (`git log -5 -- FILE`).\n"
        .to_owned();
    for ((repo, number), seen) in &view.cx.observed.cases.all {
        let Seen::Known(case) = seen else { continue };
        if *repo != view.case.repo || *number == view.case.number {
            continue;
        }
        if let Some((pull, shared)) = overlap(case, &plan.files) {
            out.push_str(&format!("- pull request #{pull} changes {} as well\n", shared.join(", ")));
        }
    }
    out
}

/// The open pull request of an issue, and which of these files it changes too.
fn overlap(case: &Case, files: &[String]) -> Option<(u64, Vec<String>)> {
    let pull = case.pull().filter(|pull| pull.open)?;
    let changed = pull.files.known()?;
    let shared: Vec<String> =
        files.iter().filter(|file| changed.iter().any(|it| it.path == **file)).cloned().collect();
    (!shared.is_empty()).then_some((pull.number, shared))
}

fn job<'j>(view: &View<'_>, book: &'j str, round: u32, form: serde_json::Value, parts: Parts) -> Job<'j> {
    Job {
        phase: Phase::Plan,
        book,
        key: format!("{}\0{round}\0{}", view.case.text(), view.commands.redone(Phase::Plan)),
        round,
        answer: Some(schema(form)),
        head: None,
        enriched: None,
        about: Vec::new(),
        parts,
        by: By::Itself,
        must_change: false,
    }
}

fn form() -> serde_json::Value {
    let lines = |most: usize| json!({ "type": "array", "maxItems": most, "items": { "type": "string", "minLength": 1, "maxLength": 1000 } });
    json!({
        "type": "object",
        "properties": {
            "approach": { "type": "string", "minLength": 1, "maxLength": 5000 },
            "steps": lines(30),
            "files": lines(100),
            "tests": { "type": "string", "maxLength": 3000 },
            "open_decisions": lines(10)
        },
        "required": ["approach", "steps", "files", "tests"]
    })
}

/// The form of what somebody found.
pub(super) fn findings_form() -> serde_json::Value {
    json!({
        "type": "object",
        "properties": { "findings": {
            "type": "array", "maxItems": 30,
            "items": {
                "type": "object",
                "properties": {
                    "severity": { "enum": ["critical", "high", "medium", "low", "info"] },
                    "text": { "type": "string", "minLength": 1, "maxLength": 2000 },
                    "path": { "type": "string", "maxLength": 300 }
                },
                "required": ["severity", "text"]
            }
        } },
        "required": ["findings"]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_finding_in_other_words_of_the_same_letters_is_the_same() {
        let of = |text: &str, path: &str| Finding {
            severity: "high".into(),
            text: text.into(),
            path: path.into(),
        };
        let one = of("No test covers the empty list.", "src/a.rs");
        assert_eq!(one.signature(), of("no test covers\nthe EMPTY list", "src/a.rs").signature());
        assert_ne!(one.signature(), of("No test covers the empty list.", "src/b.rs").signature());
    }
}
