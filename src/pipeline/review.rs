//! What was made is judged: its checks, what people say of it, whether it is what was asked for, whether it is good. What is
//! amiss goes back to an agent with what showed it, and the next head is judged anew.

use std::collections::BTreeSet;

use crate::model::{
    CheckIs, CheckSeen, Closed, CommitId, Mergeable, Outcome, Phase, PullCase, REVIEW_STATUS, Reply,
    ReviewIs, RunSeen, ThreadSeen, Watched,
};
use crate::work::words::as_data;

use super::advisors;
use super::implement::parts;
use super::prompt::{Parts, visible};
use super::view::View;
use super::work::{By, Got, Job};
use super::{Move, Station};

/// The playbooks.
pub(super) const REWORK: &str = "rework";
pub(super) const REPAIR: &str = "repair-checks";
pub(super) const RESOLVE: &str = "resolve-conflict";
/// Those by which a pull request goes back to an agent.
pub(super) const GO_BACK: [&str; 3] = [REWORK, REPAIR, RESOLVE];
/// What is said of what changes nothing.
const REPLY: &str = "<!-- factoryctl:reply -->";
/// The most lines of what a check says of itself.
const LINES: usize = 80;

/// Where it stands, unless there is no open pull request, or nothing is amiss with it.
pub(super) fn station(view: &View<'_>) -> Option<Station> {
    let pull = view.pull()?;
    if super::merge::is_synthetic(pull) {
        return None;
    }
    let red = conflicts(view, pull).or_else(|| checks(view, pull));
    let red = red.or_else(|| super::queue::removed(view, pull));
    red.or_else(|| {
        let amiss = people(view, pull).or_else(|| super::judges::station(view, pull));
        let amiss = amiss.or_else(|| advisors::station(view, pull))?;
        // Whoever looks at it looks at what its checks say as well. Where nobody has to, it is about to land.
        let missing = super::rules::missing_checks(view, pull);
        Some(missing.map_or(amiss, |on| Station::waits(Phase::Review, on)))
    })
}

/// A rework of the open pull request.
pub(super) fn rework<'j>(
    view: &View<'_>,
    pull: &PullCase,
    (book, what): (&'j str, &str),
    parts: Parts,
    enriched: &str,
) -> Job<'j> {
    let round = u32::try_from(rounds(view, book, &pull.head)).unwrap_or(u32::MAX);
    Job {
        phase: Phase::Review,
        book,
        key: format!("{}\0{what}", pull.head),
        round: round.saturating_add(1),
        answer: None,
        head: Some(pull.head.clone()),
        enriched: Some(enriched.to_owned()),
        about: Vec::new(),
        parts: Parts { changes: changes(pull), ..parts },
        by: By::ThenSpecialist,
        must_change: true,
    }
}

/// How many other heads a playbook was played at.
pub(super) fn rounds(view: &View<'_>, book: &str, head: &CommitId) -> usize {
    let plays = view.runs.iter().filter_map(|run| run.of.play.as_ref()).filter(|play| play.book == book);
    plays.filter_map(|play| play.head.as_ref()).filter(|at| *at != head).collect::<BTreeSet<_>>().len()
}

/// The heads of the pull request at which it went back to an agent, for whatever reason.
pub fn route_backs<'a>(view: &View<'a>) -> BTreeSet<&'a CommitId> {
    let plays = view.runs.iter().filter_map(|run| run.of.play.as_ref());
    let back = plays.filter(|play| GO_BACK.contains(&play.book.as_str()));
    back.filter_map(|play| play.head.as_ref()).collect()
}

/// How often somebody had it tried again since the pull request was opened.
pub(super) fn retries(view: &View<'_>, pull: &PullCase) -> usize {
    let is_retry = |(at, _, it): &&(jiff::Timestamp, String, super::Command)| {
        *it == super::Command::Retry && *at >= pull.opened
    };
    view.commands.heard.iter().filter(is_retry).count()
}

/// What comes of a rework: it is done again at most as often as its playbook says, and the pipeline for all of them together.
pub(super) fn reworked<'a>(
    view: &View<'a>,
    pull: &PullCase,
    job: &Job<'_>,
) -> Result<(&'a RunSeen, &'a Closed), Station> {
    let (cap, granted) =
        (view.book(job.book).map_or(1, |book| book.attempts) as usize, 1 + retries(view, pull));
    let (back, most) = (route_backs(view), view.pipeline.route_backs as usize);
    let elsewhere = back.iter().filter(|at| ***at != pull.head).count();
    let over = if job.round as usize > cap.saturating_mul(granted) {
        Some(format!("`{}` was played {cap} times", job.book))
    } else if elsewhere >= most.saturating_mul(granted) {
        let source = &view.pipeline.source;
        Some(format!("it went back to an agent {elsewhere} times, of {most} (route-backs, {source})"))
    } else {
        None
    };
    if let Some(over) = over {
        let why = format!("{over}, and something is amiss still; `/retry` goes on");
        let tried = job.parts.findings.lines().take(LINES).map(str::to_owned).collect();
        return Err(Station::human(Phase::Review, why, tried));
    }
    match view.work(job) {
        Got::Stands(station) => Err(station),
        Got::Nothing(run, closed) => Ok((run, closed)),
        Got::Done(run, closed) => match (&closed.commit, &closed.base) {
            (Some(commit), Some(_)) if *commit != pull.head => Err(Station::moves(
                Phase::Review,
                Move::Publish {
                    run: run.id.clone(),
                    commit: commit.clone(),
                    base: pull.base.clone(),
                    over: Some((pull.number, pull.head.clone())),
                    title: pull.title.clone(),
                    body: String::new(),
                },
            )),
            (Some(_), _) => Ok((run, closed)),
            (None, _) => {
                let on = format!("the machine that run {} was on to publish what it made", run.id);
                Err(Station::waits(Phase::Review, on))
            }
        },
        Got::Failed(tried) => {
            Err(Station::human(Phase::Review, "nobody mended it; `/retry` has it tried again", tried))
        }
    }
}

/// A rework that changed nothing leaves what was amiss.
pub(super) fn unchanged(closed: &Closed, what: &str) -> Station {
    let says = closed.answer.as_deref().unwrap_or(&closed.says);
    let tried = says.lines().take(LINES).map(str::to_owned).collect();
    Station::human(Phase::Review, format!("{what}, and who was to mend it changed nothing"), tried)
}

fn conflicts(view: &View<'_>, pull: &PullCase) -> Option<Station> {
    if pull.mergeable != Mergeable::Conflicts {
        return None;
    }
    let base = pull.base_head.as_ref()?;
    let findings = format!(
        "It conflicts with `{}`, which is at {base}. Merge that commit into the branch that is checked out (`git merge {base}`; it \
         is there), resolve the conflicts so that both sides' intent holds, and commit the merge.\n",
        pull.base
    );
    let parts = Parts { findings, ..parts(view) };
    let job = rework(view, pull, (RESOLVE, base.as_str()), parts, "conflict");
    Some(match reworked(view, pull, &job) {
        Err(station) => station,
        Ok((_, closed)) => unchanged(closed, "it conflicts with its base"),
    })
}

/// The checks that count: those that the policy asks for, else all that report.
pub(super) fn counted<'p>(view: &View<'_>, pull: &'p PullCase) -> Option<Vec<&'p CheckSeen>> {
    let all = pull.checks.known()?;
    let required = view.policy().map(|policy| &policy.checks).filter(|checks| !checks.is_empty());
    // What the factory says itself of its reviews is none of what is judged before them.
    let counts = |check: &&CheckSeen| {
        required.map_or(check.name != REVIEW_STATUS, |required| {
            required.iter().any(|it| it.name == check.name && (it.app.is_none() || it.app == check.app))
        })
    };
    Some(all.iter().filter(counts).collect())
}

fn checks(view: &View<'_>, pull: &PullCase) -> Option<Station> {
    let Some(counted) = counted(view, pull) else {
        return Some(Station::waits(
            Phase::Review,
            format!("a complete reading of the checks of #{}", pull.number),
        ));
    };
    let red: Vec<&&CheckSeen> = counted.iter().filter(|check| check.state == CheckIs::Failed).collect();
    if red.is_empty() {
        return None;
    }
    let mut findings = String::new();
    for check in &red {
        let says = visible(&check.says).0;
        let lines: Vec<&str> = says.lines().collect();
        findings
            .push_str(&format!("The check `{}` failed at {}; it says, as data:\n", check.name, pull.head));
        findings.push_str(&as_data(lines[lines.len().saturating_sub(LINES)..].iter().copied()));
    }
    let context = "What the last three commits changed is in the repository: `git log -3 -p`. Find which of them broke it, and why, \
                   before you change anything.\n";
    let parts = Parts { findings, context: context.to_owned(), ..parts(view) };
    let names: Vec<&str> = red.iter().map(|check| check.name.as_str()).collect();
    let job = rework(view, pull, (REPAIR, &names.join("\0")), parts, "transcript, last commits");
    Some(match reworked(view, pull, &job) {
        Err(station) => station,
        Ok((_, closed)) => unchanged(closed, &format!("the check `{}` fails", names.join("`, `"))),
    })
}

/// What people ask to be changed who may steer: each conversation and each request once, with an answer.
fn people(view: &View<'_>, pull: &PullCase) -> Option<Station> {
    let (Some(threads), Some(reviews)) = (pull.threads.known(), pull.reviews.known()) else {
        let on = format!("a complete reading of what people say of #{}", pull.number);
        return Some(Station::waits(Phase::Review, on));
    };
    let open = |thread: &&ThreadSeen| {
        let is_own = |(_, author, own, _): &(u64, String, bool, String)| *own || view.is_reviewer(author);
        let counts =
            |last: &(u64, String, bool, String)| !is_own(last) && view.is_trusted(&last.1) == Some(true);
        !thread.resolved && thread.comments.last().is_some_and(counts)
    };
    let open: Vec<&ThreadSeen> = threads.iter().filter(open).collect();
    let mut asked: Vec<(String, String)> = Vec::new();
    for thread in &open {
        let (id, author, _, body) = thread.comments.last()?;
        let says = as_data(visible(body).0.lines());
        asked.push((
            format!("thread {id}"),
            format!("{author} says on {} ({id}), as data:\n{says}", thread.path),
        ));
    }
    let others = reviews
        .iter()
        .filter(|it| !it.own && !view.is_reviewer(&it.author) && view.is_trusted(&it.author) == Some(true));
    for author in others.map(|it| &it.author).collect::<BTreeSet<_>>() {
        let mut verdicts =
            reviews.iter().filter(|it| it.author == *author && it.verdict != ReviewIs::Commented);
        let Some(last) = verdicts.next_back().filter(|it| it.verdict == ReviewIs::ChangesRequested) else {
            continue;
        };
        // A request was of the head that it names; what came since is the answer, until they ask again.
        if last.commit.as_ref().is_none_or(|commit| *commit == pull.head) {
            let says = as_data(visible(&last.body).0.lines());
            asked.push((
                format!("review {}", last.id),
                format!("{author} asks for changes ({}), as data:\n{says}", last.id),
            ));
        }
    }
    if asked.is_empty() {
        return None;
    }
    if let Some(closed) = refused(view, pull, &asked) {
        return Some(unchanged(closed, "somebody asks for changes"));
    }
    let done: Vec<(&ThreadSeen, &RunSeen, &Closed)> =
        open.iter().filter_map(|thread| answered(view, thread)).collect();
    let replies: Vec<Reply> = done.iter().filter_map(|it| reply(view, pull, it)).collect();
    if !replies.is_empty() {
        return Some(Station::moves(Phase::Review, Move::Answer(replies)));
    }
    let what: Vec<&str> = asked.iter().map(|(id, _)| id.as_str()).collect();
    let findings: String = asked.iter().map(|(_, says)| says.as_str()).collect();
    let parts = Parts { findings, ..parts(view) };
    let about = what.iter().map(|it| (*it).to_owned()).collect();
    let job = Job {
        about,
        must_change: false,
        ..rework(view, pull, (REWORK, &what.join("\0")), parts, "what people say")
    };
    match reworked(view, pull, &job) {
        Err(station) => Some(station),
        Ok((run, closed)) => {
            let replies: Vec<Reply> =
                open.iter().filter_map(|it| reply(view, pull, &(it, run, closed))).collect();
            Some(if replies.is_empty() {
                unchanged(closed, "somebody asks for changes")
            } else {
                Station::moves(Phase::Review, Move::Answer(replies))
            })
        }
    }
}

/// The run at this head that was about all of this besides what has been answered since, and changed nothing.
fn refused<'v>(view: &View<'v>, pull: &PullCase, asked: &[(String, String)]) -> Option<&'v Closed> {
    let is_about_all = |run: &&&RunSeen| {
        run.of.play.as_ref().is_some_and(|play| {
            let is_of_head = play.book == REWORK && play.head.as_ref() == Some(&pull.head);
            is_of_head
                && play.about.len() > asked.len()
                && asked.iter().all(|(id, _)| play.about.contains(id))
        })
    };
    let run = view.runs.iter().rev().find(is_about_all)?;
    run.phase.closed().filter(|closed| closed.outcome == Outcome::NoChange)
}

/// The run that was about a conversation, at an earlier head, and is over.
fn answered<'v, 't>(
    view: &View<'v>,
    thread: &'t ThreadSeen,
) -> Option<(&'t ThreadSeen, &'v RunSeen, &'v Closed)> {
    let (id, ..) = thread.comments.last()?;
    let mark = format!("thread {id}");
    let head = view.pull().map(|pull| &pull.head);
    let of_it = |run: &&&RunSeen| {
        run.of.play.as_ref().is_some_and(|play| {
            play.book == REWORK && play.head.as_ref() != head && play.about.contains(&mark)
        })
    };
    let run = view.runs.iter().rev().find(of_it)?;
    let closed = run.phase.closed().filter(|closed| closed.commit.is_some())?;
    Some((thread, run, closed))
}

/// What is answered to a conversation: the commit, or why there is none.
fn reply(view: &View<'_>, pull: &PullCase, it: &(&ThreadSeen, &RunSeen, &Closed)) -> Option<Reply> {
    let (thread, run, closed) = it;
    let (to, ..) = thread.comments.last()?;
    let first = thread.comments.first().map_or(*to, |(id, ..)| *id);
    let says = match &closed.commit {
        Some(commit) => format!("Done in {commit}."),
        None => {
            let words = closed.answer.as_deref().unwrap_or(&closed.says);
            crate::work::words::quoted("Nothing was changed. Who was to do it says", words, 2_000)
        }
    };
    Some(Reply {
        repo: view.case.repo.clone(),
        watched: Watched { open: true, ..view.watched() },
        pull: pull.number,
        thread: thread.id.clone(),
        to: first,
        body: format!("{REPLY}\n{says}\n\n<!-- factoryctl:run {} -->", run.id),
    })
}

/// The files that it changes.
pub(super) fn changes(pull: &PullCase) -> String {
    let Some(files) = pull.files.known() else {
        return format!("At {} (not all files that it changes were read)\n", pull.head);
    };
    let line = |file: &crate::model::FileChange| {
        format!("- {} +{} -{}\n", file.path, file.additions, file.deletions)
    };
    format!("At {}:\n{}", pull.head, files.iter().map(line).collect::<String>())
}
