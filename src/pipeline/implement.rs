//! It is done: an agent works on a branch of its own. Who changes nothing is told by another agent what is missing; that heads
//! the next prompt.

use serde::Deserialize;
use serde_json::json;

use crate::model::{Closed, Phase, Pipeline, RunSeen};
use crate::work::words::{as_data, as_title, quoted, words_of};

use super::prompt::{Parts, bullets};
use super::view::View;
use super::work::{By, Got, Job, answer, schema};
use super::{Move, Stand, Station, discover, merge, plan, shape};

/// The playbooks.
pub(super) const BOOK: &str = "implement";
pub(super) const SPEC: &str = "spec-review";
/// The most characters of a title.
const TITLE: usize = 200;
/// How often somebody may change nothing.
const ROUNDS: u32 = 3;
/// The most characters of a plan that a pull request shows.
const SHOWN: usize = 4_000;

/// Whether what was asked for is there.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "Compared")]
pub(super) struct Compliance {
    /// Whether it is.
    pub(super) compliant: bool,
    /// What is missing, a line each; something, unless it is compliant.
    pub(super) gaps: Vec<String>,
}

/// What was said of that.
#[derive(Deserialize)]
struct Compared {
    compliant: bool,
    #[serde(default)]
    gaps: Vec<String>,
}

/// Who names something that is missing doesn't find all of it there, whatever else they say.
impl From<Compared> for Compliance {
    fn from(said: Compared) -> Self {
        let mut gaps: Vec<String> = said.gaps.into_iter().filter(|gap| !gap.trim().is_empty()).collect();
        let compliant = said.compliant && gaps.is_empty();
        if !compliant && gaps.is_empty() {
            gaps.push("Something, and it isn't said what: compare it with the issue once more.".to_owned());
        }
        Self { compliant, gaps }
    }
}

/// Where it stands.
pub(super) fn station(view: &View<'_>) -> Station {
    let (before, says) = match view.case.pull() {
        Some(pull) => (
            format!("\0{}", pull.number),
            format!("What was made before became #{}, which was closed without being merged.\n", pull.number),
        ),
        None => (String::new(), String::new()),
    };
    if !view.has_been_at(Phase::Implement)
        && let Some(station) = taken(view)
    {
        return station;
    }
    let parts = Parts { context: says, ..parts(view) };
    let (mut gaps, mut tried, mut nothing) = (Vec::new(), Vec::new(), Vec::new());
    for (round, by) in view.rounds(ROUNDS, "whoever was to do it changed nothing") {
        let is_last = matches!(by, By::Specialist(_));
        let times = if round == 2 { "once".to_owned() } else { format!("{} times", round - 1) };
        let told = format!("Nothing was changed {times}.\n");
        let findings = if round == 1 { String::new() } else { format!("{}{told}", missing(&gaps)) };
        let job = Job {
            phase: Phase::Implement,
            book: BOOK,
            key: format!("{}\0{round}\0{}{before}", view.case.text(), view.commands.redone(Phase::Implement)),
            round,
            answer: None,
            head: None,
            enriched: (round > 1).then(|| "spec gaps".to_owned()),
            about: Vec::new(),
            parts: Parts { findings, ..parts.clone() },
            by,
            must_change: false,
        };
        match view.work(&job) {
            Got::Stands(station) => return station,
            Got::Done(run, closed) => return publish(view, run, closed),
            Got::Failed(more) if is_last => tried.extend(more),
            Got::Failed(tried) => {
                return Station::human(
                    Phase::Implement,
                    "nobody got it done; `/retry` has it tried again",
                    tried,
                );
            }
            Got::Nothing(run, closed) => match compliance(view, round, &before, &parts, closed) {
                Err(station) => {
                    nothing.push(format!("`{BOOK}`: run {} changed nothing: {}", run.id, closed.says));
                    return station.after(&nothing);
                }
                Ok(it) if it.compliant => {
                    let why = "it seems to be there already: close it, or say with `/steer` what is missing, then `/redo implement`";
                    return Station::human(Phase::Implement, why, vec![closed.says.clone()]);
                }
                Ok(it) => {
                    nothing.push(format!("`{BOOK}`: run {} changed nothing: {}", run.id, closed.says));
                    gaps = it.gaps;
                }
            },
        }
    }
    let missing = gaps.iter().map(|gap| format!("missing: {gap}"));
    let why = format!("again and again nothing was changed; `/retry` allows {ROUNDS} more");
    Station::human(Phase::Implement, why, missing.chain(tried).collect()).after(&nothing)
}

/// What is known before anybody works on it.
pub(super) fn parts(view: &View<'_>) -> Parts {
    Parts {
        brief: discover::brief(view).map(|brief| brief.text()).unwrap_or_default(),
        direction: shape::direction(view).unwrap_or_default(),
        plan: plan::plan(view).map(|plan| plan.text()).unwrap_or_default(),
        ..Parts::default()
    }
}

/// What is missing, as the next prompt begins with it.
pub(super) fn missing(gaps: &[String]) -> String {
    format!("What is asked for and is not there:\n{}", bullets(gaps))
}

/// Whether what is asked for is there, where somebody changed nothing.
fn compliance(
    view: &View<'_>,
    round: u32,
    before: &str,
    parts: &Parts,
    nothing: &Closed,
) -> Result<Compliance, Station> {
    let says = nothing.answer.as_deref().unwrap_or(&nothing.says);
    let findings = format!(
        "Who was to do it changed nothing in round {round}, and said, as data:\n{}",
        as_data(says.lines().take(40))
    );
    let job = Job {
        phase: Phase::Implement,
        book: SPEC,
        key: format!(
            "{}\0nothing\0{round}\0{}{before}",
            view.case.text(),
            view.commands.redone(Phase::Implement)
        ),
        round,
        answer: Some(schema(compliance_form())),
        head: None,
        enriched: None,
        about: Vec::new(),
        parts: Parts { findings, ..parts.clone() },
        by: By::ThenDiagnosis,
        must_change: false,
    };
    let (_, closed) = view.must(&job)?;
    answer(closed).ok_or_else(|| Station::human(Phase::Implement, "its review gave no verdict", Vec::new()))
}

/// The form of a verdict on whether what was asked for is there.
pub(super) fn compliance_form() -> serde_json::Value {
    json!({
        "type": "object",
        "properties": {
            "compliant": { "type": "boolean" },
            "gaps": { "type": "array", "maxItems": 20, "items": { "type": "string", "minLength": 1, "maxLength": 1000 } }
        },
        "required": ["compliant", "gaps"]
    })
}

/// Where somebody else has put something on the branch that the work would go to: nothing of theirs is written over.
fn taken(view: &View<'_>) -> Option<Station> {
    let (head, branch) = (view.foreign()?, Pipeline::branch(view.case.number));
    let why = format!(
        "its branch `{branch}` is at {}, and the factory didn't put it there: remove it, or give it another name",
        head.short()
    );
    Some(Station::human(Phase::Implement, why, Vec::new()))
}

/// What was made becomes a pull request.
fn publish(view: &View<'_>, run: &RunSeen, closed: &Closed) -> Station {
    let (Some(commit), Some((_, base))) = (&closed.commit, &closed.base) else {
        let on = format!("the machine that run {} was on to publish what it made", run.id);
        return Station::new(Phase::Implement, Stand::Waits(on));
    };
    if let Some(station) = taken(view) {
        return station;
    }
    Station::moves(
        Phase::Implement,
        Move::Publish {
            run: run.id.clone(),
            commit: commit.clone(),
            base: base.clone(),
            over: None,
            title: title(view),
            body: body(view, run, closed),
        },
    )
}

/// The title of the pull request: that of the issue, where that has anything to read, and no longer than GitHub takes.
fn title(view: &View<'_>) -> String {
    let title = merge::meant(view, &view.case.title);
    let title: String = as_title(&title).chars().take(TITLE).collect();
    let title = title.trim_end();
    if title.is_empty() { format!("Issue {}", view.case.number) } else { title.to_owned() }
}

/// What the pull request says.
fn body(view: &View<'_>, run: &RunSeen, closed: &Closed) -> String {
    let plan = plan::plan(view).map(|plan| quoted("The plan", &plan.text(), SHOWN)).unwrap_or_default();
    format!(
        "Closes #{}\n\nMade by `{}` in run `{}`.\n{plan}{}\n<!-- factoryctl:run {} -->\n",
        view.case.number,
        run.agent,
        run.id,
        words_of(closed),
        run.id
    )
}
