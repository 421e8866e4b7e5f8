//! Whether what was made is what was asked for, and whether it is good: two runs look at each head, what they found is written
//! on the pull request once, and what is amiss goes back to who made it.

use std::collections::BTreeSet;

use crate::model::{CommitId, MergeMode, Phase, PullCase, PullReview, ReviewIs, RunId, RunSeen, Watched};
use crate::work::words::quoted;

use super::advisors;
use super::implement::{Compliance, SPEC, compliance_form, missing, parts};
use super::plan::{Finding, Findings, findings_form};
use super::prompt::Parts;
use super::review::{REWORK, rework, reworked, unchanged};
use super::view::View;
use super::work::answer;
use super::{Move, Station};

/// The playbook of the second look.
pub(super) const QUALITY: &str = "quality-review";
/// The most characters of what was found that a review shows.
const SHOWN: usize = 6_000;

/// What the runs that looked at a head found.
struct Judged<'v> {
    /// The run that compared it with what was asked for.
    spec: &'v RunId,
    /// The run that reviewed it, where nothing was missing.
    quality: Option<&'v RunId>,
    /// What is asked for and is not there.
    gaps: Vec<String>,
    /// What was found.
    found: Vec<Finding>,
    /// What of it has to be mended first.
    blocking: Vec<Finding>,
}

impl Judged<'_> {
    /// Whether nothing has to be mended first.
    fn passes(&self) -> bool {
        self.quality.is_some() && self.blocking.is_empty()
    }
}

/// Where it stands, unless the runs that looked at its head found nothing amiss, and that was said.
pub(super) fn station(view: &View<'_>, pull: &PullCase) -> Option<Station> {
    if !view.pipeline.has(Phase::Review) {
        return None;
    }
    match judged(view, pull) {
        Err(station) => Some(station),
        Ok(judged) => said(view, pull, &judged).or_else(|| mended(view, pull, &judged)),
    }
}

/// Whether the runs that looked at the head found nothing that has to be mended first.
pub(super) fn passed(view: &View<'_>, pull: &PullCase) -> bool {
    view.pipeline.has(Phase::Review) && judged(view, pull).is_ok_and(|judged| judged.passes())
}

/// What the runs found that looked at the head; else where it stands until they did.
fn judged<'v>(view: &View<'v>, pull: &PullCase) -> Result<Judged<'v>, Station> {
    let outlook = advisors::outlook(view, pull)?;
    let (run, spec) = advisors::judge::<Compliance>(view, pull, (SPEC, &compliance_form()), &outlook)?;
    let judged =
        Judged { spec: &run.id, quality: None, gaps: Vec::new(), found: Vec::new(), blocking: Vec::new() };
    if !spec.compliant {
        return Ok(Judged { gaps: spec.gaps, ..judged });
    }
    let (run, quality) = advisors::judge::<Findings>(view, pull, (QUALITY, &findings_form()), &outlook)?;
    let known = found_before(view, pull);
    let blocks = |it: &&Finding| it.blocks() && !known.contains(&it.signature());
    let blocking = quality.findings.iter().filter(blocks).cloned().collect();
    Ok(Judged { quality: Some(&run.id), found: quality.findings, blocking, ..judged })
}

pub(super) fn no_verdict(book: &str) -> Station {
    Station::human(Phase::Review, format!("`{book}` gave no verdict"), Vec::new())
}

/// What reviews of other heads found already: it is not found twice.
fn found_before(view: &View<'_>, pull: &PullCase) -> BTreeSet<String> {
    let before = view.runs.iter().filter(|run| {
        let play = run.of.play.as_ref();
        play.is_some_and(|play| play.book == QUALITY && play.head.as_ref() != Some(&pull.head))
    });
    // Who asked first had found nothing yet.
    let closed =
        before.filter_map(|run: &&RunSeen| run.phase.closed()).filter(|it| advisors::asks(it).is_none());
    let found = closed.filter_map(answer::<Findings>);
    found.flat_map(|all| all.findings).map(|it| it.signature()).collect()
}

/// What is amiss goes back to who made it.
fn mended(view: &View<'_>, pull: &PullCase, judged: &Judged<'_>) -> Option<Station> {
    if judged.passes() {
        return None;
    }
    let (findings, what, enriched, amiss) = if judged.quality.is_none() {
        (missing(&judged.gaps), SPEC, "spec gaps", "something is missing")
    } else {
        let lines: String = judged.blocking.iter().map(Finding::line).collect();
        let findings = format!("A review found what must be mended:\n{lines}");
        (findings, QUALITY, "findings", "a review found what must be mended")
    };
    let parts = Parts { findings, ..parts(view) };
    let job = rework(view, pull, (REWORK, what), parts, enriched);
    Some(match reworked(view, pull, &job) {
        Err(station) => station,
        Ok((_, closed)) => unchanged(closed, amiss),
    })
}

/// What was found is written on the pull request, unless that was done at this head.
fn said(view: &View<'_>, pull: &PullCase, judged: &Judged<'_>) -> Option<Station> {
    let by = view.reviewer();
    if view.has_reviewer() && by.is_none() {
        return Some(Station::waits(
            Phase::Review,
            "GitHub to name a reviewer who isn't the author (factoryctl doctor)",
        ));
    }
    if pull.own_review(by).is_some() {
        return None;
    }
    let why_not = by.and_then(|by| why_not(view, pull, by));
    let approves = by.is_some() && judged.passes() && why_not.is_none();
    let review = PullReview {
        repo: view.case.repo.clone(),
        watched: Watched { pull: true, ..view.watched() },
        pull: pull.number,
        head: pull.head.clone(),
        by: by.map(str::to_owned),
        verdict: if approves { ReviewIs::Approved } else { ReviewIs::Commented },
        passes: judged.passes(),
        body: words(view, &pull.head, judged, why_not.filter(|_| judged.passes())),
    };
    Some(Station::moves(Phase::Review, Move::Review(review)))
}

/// Why the reviewer doesn't approve what passed: it approves what the factory made and may merge, and nothing of its own.
fn why_not(view: &View<'_>, pull: &PullCase, by: &str) -> Option<String> {
    let is_by = |login: &str| login.eq_ignore_ascii_case(by);
    if !pull.own {
        return Some("the factory didn't open it".to_owned());
    }
    let policy = match view.policy() {
        None => return Some("no merge policy is set for this repository".to_owned()),
        Some(policy) if policy.mode == MergeMode::Never => return Some("people merge here".to_owned()),
        Some(policy) => policy,
    };
    match view.pushers(pull) {
        None => Some("nobody can tell who pushed it".to_owned()),
        Some(pushers) if is_by(&pull.author) || pushers.iter().any(|pusher| is_by(pusher)) => {
            Some("nobody approves what they made".to_owned())
        }
        Some(_) => super::rules::files(view, policy, pull).map(|unmet| unmet.says),
    }
}

/// What is written, in the words of the issue and of the runs.
fn words(view: &View<'_>, head: &CommitId, judged: &Judged<'_>, why_not: Option<String>) -> String {
    let (issue, short) = (view.case.number, head.short());
    let verdict = match judged.quality {
        None => {
            format!("something that #{issue} asks for is missing at {short}; it goes back to be worked on")
        }
        Some(_) if judged.passes() => {
            format!("{short} is what #{issue} asks for, and nothing was found that has to be mended first")
        }
        Some(_) => format!("something has to be mended at {short} first; it goes back to be worked on"),
    };
    let mut out = format!("{}\n**Reviewed**: {verdict}.\n\n", PullReview::marker(head));
    out.push_str(&format!("* run {} compared it with what #{issue} asks for (`{SPEC}`)\n", judged.spec));
    if let Some(quality) = judged.quality {
        out.push_str(&format!("* run {quality} reviewed it (`{QUALITY}`)\n"));
    }
    if let Some(why) = why_not {
        out.push_str(&format!("\nThis is no approval: {why}.\n"));
    }
    out.push_str(&quoted("What is missing", &judged.gaps.join("\n"), SHOWN));
    let lines: String = judged.found.iter().map(Finding::line).collect();
    out.push_str(&quoted("What was found", &lines, SHOWN));
    out.trim_end().to_owned()
}
