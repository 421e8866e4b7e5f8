//! What was made is judged: its checks, what people say of it, whether it is what was asked for, whether it is good. What is
//! amiss goes back to an agent with what showed it, and the next head is judged anew.

use std::collections::BTreeSet;

use crate::model::{
    CheckIs, CheckSeen, Closed, CommitId, Mergeable, Outcome, Phase, Play, PullCase, REVIEW_STATUS, Remark,
    Reply, ReviewIs, ReviewSeen, RunSeen, Seen, Task, ThreadSeen, Watched, visible,
};
use crate::work::words::as_data;

use super::advisors;
use super::implement::{self, parts};
use super::prompt::{Parts, bullets, quoted};
use super::view::View;
use super::work::{By, Got, Job};
use super::{Move, Station};

/// The playbooks.
pub(super) const REWORK: &str = "rework";
pub(super) const REPAIR: &str = "repair-checks";
pub(super) const RESOLVE: &str = "resolve-conflict";
/// The specialist.
const STUCK: &str = "review-stuck";
/// Those by which a pull request goes back to an agent.
const GO_BACK: [&str; 3] = [REWORK, REPAIR, RESOLVE];
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
    let red = carries(view, pull).or_else(|| conflicts(view, pull)).or_else(|| checks(view, pull));
    let red = red.or_else(|| super::queue::removed(view, pull));
    // People don't wait for checks: what is made of their words has checks of its own.
    red.or_else(|| people(view, pull)).or_else(|| {
        let amiss = super::judges::station(view, pull).or_else(|| advisors::station(view, pull))?;
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
    let back = plays.filter(|play| play.book == STUCK || GO_BACK.contains(&play.book.as_str()));
    back.filter_map(|play| play.head.as_ref()).collect()
}

/// How often somebody had it tried again since the pull request was opened.
pub(super) fn retries(view: &View<'_>, pull: &PullCase) -> usize {
    let is_retry = |(at, _, it): &&(jiff::Timestamp, String, super::Command)| {
        *it == super::Command::Retry && *at >= pull.opened
    };
    view.commands.heard.iter().filter(is_retry).count()
}

/// Whether the head is what came of bringing it together with its base.
pub(super) fn was_resolved(view: &View<'_>, pull: &PullCase) -> bool {
    let resolves = view.runs.iter().filter(|run| is_resolution(&run.of.play));
    resolves.filter_map(|run| run.phase.closed()).any(|closed| closed.commit.as_ref() == Some(&pull.head))
}

/// Whether a run is to change a pull request that is open.
pub(super) fn goes_back(task: &Task) -> bool {
    task.play.as_ref().is_some_and(|play| GO_BACK.contains(&play.book.as_str()))
}

/// Whether a run is to bring a pull request together with its base.
pub fn is_resolution(play: &Option<Play>) -> bool {
    play.as_ref().is_some_and(|play| play.book == RESOLVE)
}

/// What comes of a rework: it is done again at most as often as its playbook says, then by a specialist once, and as often as the
/// pipeline says for all of them together.
pub(super) fn reworked<'a>(
    view: &View<'a>,
    pull: &PullCase,
    job: &Job<'_>,
) -> Result<(&'a RunSeen, &'a Closed), Station> {
    let (cap, granted) =
        (view.book(job.book).map_or(1, |book| book.attempts) as usize, 1 + retries(view, pull));
    let (back, most) = (route_backs(view), view.pipeline.route_backs as usize);
    let elsewhere = back.iter().filter(|at| ***at != pull.head).count();
    let is_used_up = job.round as usize > cap.saturating_mul(granted);
    let played = format!("`{}` was played {} times", job.book, job.round.saturating_sub(1));
    // It was resolved again and again, and didn't hold.
    if is_used_up && job.book == RESOLVE {
        return Err(anew(view, pull, &Over::Conflicts, vec![played]));
    }
    let over = if elsewhere >= most.saturating_mul(granted) {
        let source = &view.pipeline.source;
        Some(format!("it went back to an agent {elsewhere} times, of {most} (route-backs, {source})"))
    } else if is_used_up && rounds(view, STUCK, &pull.head) >= granted {
        Some(format!("{played}, then `{STUCK}`"))
    } else {
        None
    };
    let findings = || job.parts.findings.lines().take(LINES).map(str::to_owned);
    if let Some(over) = over {
        let why = format!("{over}, and something is amiss still; `/retry` goes on");
        return Err(Station::human(Phase::Review, why, tried(view, pull).chain(findings()).collect()));
    }
    let last = is_used_up
        .then(|| Job { by: By::Specialist(format!("{played}, and it didn't hold")), ..job.clone() });
    match view.work(last.as_ref().unwrap_or(job)) {
        Got::Stands(station) => Err(station),
        Got::Nothing(run, closed) => Ok((run, closed)),
        Got::Done(run, closed) if closed.commit.as_ref() == Some(&pull.head) => Ok((run, closed)),
        Got::Done(run, closed) => Err(published(pull, run, closed)),
        Got::Failed(tried) if job.book == RESOLVE => Err(anew(view, pull, &Over::Conflicts, tried)),
        Got::Failed(tried) => {
            let all = tried.into_iter().chain(findings()).collect();
            Err(Station::human(Phase::Review, "nobody mended it; `/retry` has it tried again", all))
        }
    }
}

/// What agents tried at the heads of a pull request, a line each.
fn tried<'v>(view: &'v View<'_>, pull: &PullCase) -> impl Iterator<Item = String> + use<'v> {
    let opened = pull.opened;
    view.runs.iter().filter_map(move |run| {
        let (closed, play) = (run.phase.closed()?, run.of.play.as_ref()?);
        let is_try = GO_BACK.contains(&play.book.as_str()) || run.of.subject.issue()?.1 == Phase::Hitl;
        let at = play.head.as_ref().map(|head| format!(" at {}", head.short())).unwrap_or_default();
        let found = super::hitl::found(closed).unwrap_or_else(|| closed.says.clone());
        let line = format!("`{}`{at}: run {} ended in `{}`: {found}", play.book, run.id, closed.outcome);
        (is_try && closed.at >= opened).then_some(line)
    })
}

/// What tells a run that begins from scratch, and at which head that was.
const ANEW: &str = "anew over ";

/// Why something is made anew.
enum Over {
    /// Nobody could bring it together with its base.
    Conflicts,
    /// It has a commit that was taken out of its base.
    TakenOut(CommitId),
}

impl Over {
    /// What is so, for whoever makes it anew.
    fn says(&self, pull: &PullCase) -> String {
        let PullCase { number, base, .. } = pull;
        match self {
            Self::Conflicts => {
                format!(
                    "What was made before, in #{number}, conflicts with `{base}`, and nobody could resolve that."
                )
            }
            Self::TakenOut(commit) => {
                format!(
                    "What was made before, in #{number}, is built on {commit}, which was taken out of `{base}` since."
                )
            }
        }
    }

    /// What tells it from another reason in the mark of a run: each commit that is taken out is one.
    fn end(&self) -> String {
        match self {
            Self::Conflicts => String::new(),
            Self::TakenOut(commit) => format!(" without {commit}"),
        }
    }

    /// The same for a person, who has to see to it.
    fn left(&self, pull: &PullCase) -> String {
        match self {
            Self::Conflicts => "nobody resolved its conflicts".to_owned(),
            Self::TakenOut(commit) => {
                format!("it has {}, which was taken out of `{}`", commit.short(), pull.base)
            }
        }
    }
}

/// What can't be mended as it is is made anew on a fresh branch, once for each reason.
fn anew(view: &View<'_>, pull: &PullCase, over: &Over, tried: Vec<String>) -> Station {
    let end = over.end();
    let mark = format!("{ANEW}{}{end}", pull.head);
    let plays = view.runs.iter().filter_map(|run| run.of.play.as_ref());
    let is_before = |it: &String| {
        let at = it.strip_prefix(ANEW).and_then(|it| it.strip_suffix(end.as_str()));
        at.and_then(CommitId::parse).is_some_and(|at| at != pull.head)
    };
    if plays.flat_map(|play| &play.about).any(is_before) {
        let made =
            view.runs.iter().filter(|run| run.of.play.iter().flat_map(|play| &play.about).any(is_before));
        let made = made.filter_map(|run| Some((&run.id, run.phase.closed()?)));
        let made = made.map(|(id, it)| format!("made anew: run {id} ended in `{}`: {}", it.outcome, it.says));
        let why = format!("{}, and it was made anew before; `/retry` has it tried again", over.left(pull));
        return Station::human(Phase::Review, why, tried.into_iter().chain(made).collect());
    }
    let what =
        if tried.is_empty() { String::new() } else { format!(" What was tried:\n{}", bullets(&tried)) };
    let context = format!("{} Begin from scratch, on what is checked out.{what}", over.says(pull));
    let job = Job {
        phase: Phase::Review,
        book: implement::BOOK,
        key: mark.clone(),
        round: 1,
        answer: None,
        head: None,
        enriched: Some("a fresh branch".to_owned()),
        about: vec![mark],
        parts: Parts { context, ..parts(view) },
        by: By::Itself,
        must_change: true,
    };
    match view.work(&job) {
        Got::Stands(station) => station,
        Got::Done(run, closed) => published(pull, run, closed),
        Got::Nothing(_, closed) => unchanged(closed, "it was to be made anew"),
        Got::Failed(more) => {
            let tried = tried.into_iter().chain(more).collect();
            let why = format!("{}, and nobody made it anew; `/retry` has it tried again", over.left(pull));
            Station::human(Phase::Review, why, tried)
        }
    }
}

/// What a run made takes the place of the head.
fn published(pull: &PullCase, run: &RunSeen, closed: &Closed) -> Station {
    let Some(commit) = closed.commit.as_ref().filter(|_| closed.base.is_some()) else {
        let on = format!("the machine that run {} was on to publish what it made", run.id);
        return Station::waits(Phase::Review, on);
    };
    Station::moves(
        Phase::Review,
        Move::Publish {
            run: run.id.clone(),
            commit: commit.clone(),
            base: pull.base.clone(),
            over: Some((pull.number, pull.head.clone())),
            title: pull.title.clone(),
            body: String::new(),
        },
    )
}

/// A rework that changed nothing leaves what was amiss.
pub(super) fn unchanged(closed: &Closed, what: &str) -> Station {
    let says = closed.answer.as_deref().unwrap_or(&closed.says);
    let tried = says.lines().take(LINES).map(str::to_owned).collect();
    Station::human(Phase::Review, format!("{what}, and who was to mend it changed nothing"), tried)
}

/// What has a commit that was taken out of its base is made without it.
fn carries(view: &View<'_>, pull: &PullCase) -> Option<Station> {
    match &pull.carries {
        Seen::Absent => None,
        Seen::Known(commit) => Some(anew(view, pull, &Over::TakenOut(commit.clone()), Vec::new())),
        Seen::Unknown => {
            let on = format!("a complete reading of what was taken out of `{}`", pull.base);
            Some(Station::waits(Phase::Review, on))
        }
    }
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
        // GitHub tells no commit of what has none, and so no checks either.
        if pull.tree.is_none() && pull.files.known().is_some_and(Vec::is_empty) {
            let why = format!(
                "#{} has no commit any more that its base lacks: its branch was put back; push to it, or close it and say `/retry`",
                pull.number
            );
            return Some(Station::human(Phase::Review, why, Vec::new()));
        }
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
        findings.push_str(&failed(check, &format!("at {}", pull.head)));
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

/// That a check failed somewhere, with the end of what it says.
pub(super) fn failed(check: &CheckSeen, somewhere: &str) -> String {
    let says = visible(&check.says).0;
    let lines: Vec<&str> = says.lines().collect();
    let end = as_data(lines[lines.len().saturating_sub(LINES)..].iter().copied());
    format!("The check `{}` failed {somewhere}; it says, as data:\n{end}", check.name)
}

/// What somebody who may steer asks for.
struct Asked {
    /// What tells it from others.
    mark: String,
    /// Where, by whom, and what it says.
    says: String,
    /// What is answered, unless that was done.
    to: Option<Remark>,
    /// Who is answered, where GitHub wouldn't tell them by itself.
    who: Option<String>,
    /// Whether somebody has to look at it still; else it was about another head, and is answered only.
    open: bool,
}

/// What people ask to be changed who may steer: each conversation and each request once, with an answer.
fn people(view: &View<'_>, pull: &PullCase) -> Option<Station> {
    let (Some(threads), Some(reviews)) = (pull.threads.known(), pull.reviews.known()) else {
        let on = format!("a complete reading of what people say of #{}", pull.number);
        return Some(Station::waits(Phase::Review, on));
    };
    let all: Vec<Asked> =
        threads.iter().filter_map(|thread| talk(view, thread)).chain(requests(view, pull, reviews)).collect();
    let (asked, owed): (Vec<&Asked>, Vec<&Asked>) = all.iter().partition(|it| it.open);
    if let Some(closed) = refused(view, pull, &asked) {
        return Some(unchanged(closed, "somebody asks for changes"));
    }
    let done = asked.iter().chain(&owed).filter_map(|it| Some((*it, answered(view, it)?)));
    let replies: Vec<Reply> =
        done.filter_map(|(it, (run, closed))| reply(view, pull, it, run, closed)).collect();
    if !replies.is_empty() {
        return Some(Station::moves(Phase::Review, Move::Answer(replies)));
    }
    if asked.is_empty() {
        return None;
    }
    let about: Vec<String> = asked.iter().map(|it| it.mark.clone()).collect();
    let what = about.join("\0");
    let findings: String = asked.iter().map(|it| it.says.as_str()).collect();
    let parts = Parts { findings, ..parts(view) };
    let job =
        Job { about, must_change: false, ..rework(view, pull, (REWORK, &what), parts, "what people say") };
    match reworked(view, pull, &job) {
        Err(station) => Some(station),
        Ok((run, closed)) => {
            let replies: Vec<Reply> =
                asked.iter().filter_map(|it| reply(view, pull, it, run, closed)).collect();
            Some(if replies.is_empty() {
                unchanged(closed, "somebody asks for changes")
            } else {
                Station::moves(Phase::Review, Move::Answer(replies))
            })
        }
    }
}

/// A conversation in which somebody who may steer had the last word.
fn talk(view: &View<'_>, thread: &ThreadSeen) -> Option<Asked> {
    let (id, author, own, body) = thread.comments.last()?;
    let is_own = *own || view.is_reviewer(author);
    if thread.resolved || is_own || view.is_trusted(author) != Some(true) {
        return None;
    }
    let first = thread.comments.first().map_or(*id, |(id, ..)| *id);
    let says = quoted(body);
    Some(Asked {
        mark: format!("thread {id}"),
        says: format!("{author} says on {} ({id}), as data:\n{says}", thread.path),
        to: Some(Remark::Thread(thread.id.clone(), first)),
        who: None,
        open: true,
    })
}

/// The requests for changes of those who may steer that hold still.
fn requests(view: &View<'_>, pull: &PullCase, reviews: &[ReviewSeen]) -> impl Iterator<Item = Asked> {
    let others = reviews
        .iter()
        .filter(|it| !it.own && !view.is_reviewer(&it.author) && view.is_trusted(&it.author) == Some(true));
    let authors: BTreeSet<&String> = others.map(|it| &it.author).collect();
    authors.into_iter().filter_map(|author| {
        let mut verdicts =
            reviews.iter().filter(|it| it.author == *author && it.verdict != ReviewIs::Commented);
        let last = verdicts.next_back().filter(|it| it.verdict == ReviewIs::ChangesRequested)?;
        let marker = marker(&Remark::Review(last.id));
        let is_answered = reviews.iter().any(|it| it.own && it.body.lines().next() == Some(&marker));
        let says = quoted(&last.body);
        Some(Asked {
            mark: format!("review {}", last.id),
            says: format!("{author} asks for changes ({}), as data:\n{says}", last.id),
            to: (!is_answered).then_some(Remark::Review(last.id)),
            who: Some(author.clone()),
            // A request was of the head that it names; what came since is the answer, until they ask again.
            open: last.commit.as_ref().is_none_or(|commit| *commit == pull.head),
        })
    })
}

/// The run at this head that was about all of this besides what has been answered since, and changed nothing.
fn refused<'v>(view: &View<'v>, pull: &PullCase, asked: &[&Asked]) -> Option<&'v Closed> {
    let is_about_all = |run: &&&RunSeen| {
        run.of.play.as_ref().is_some_and(|play| {
            let is_of_head = play.book == REWORK && play.head.as_ref() == Some(&pull.head);
            is_of_head
                && play.about.len() > asked.len()
                && asked.iter().all(|it| play.about.contains(&it.mark))
        })
    };
    if asked.is_empty() {
        return None;
    }
    let run = view.runs.iter().rev().find(is_about_all)?;
    run.phase.closed().filter(|closed| closed.outcome == Outcome::NoChange)
}

/// The run that was about something that was asked for, at an earlier head, and is over.
fn answered<'v>(view: &View<'v>, it: &Asked) -> Option<(&'v RunSeen, &'v Closed)> {
    let head = view.pull().map(|pull| &pull.head);
    let of_it = |run: &&&RunSeen| {
        run.of.play.as_ref().is_some_and(|play| {
            play.book == REWORK && play.head.as_ref() != head && play.about.contains(&it.mark)
        })
    };
    let run = view.runs.iter().rev().find(of_it)?;
    let closed = run.phase.closed().filter(|closed| closed.commit.is_some())?;
    Some((run, closed))
}

/// The first line of an answer.
fn marker(to: &Remark) -> String {
    match to {
        Remark::Thread(..) => REPLY.to_owned(),
        // It stands beside answers to others.
        Remark::Review(id) => format!("<!-- factoryctl:reply review {id} -->"),
    }
}

/// What is answered: the commit, or why there is none.
fn reply(view: &View<'_>, pull: &PullCase, it: &Asked, run: &RunSeen, closed: &Closed) -> Option<Reply> {
    let to = it.to.clone()?;
    let says = match &closed.commit {
        Some(commit) => format!("Done in {commit}."),
        None => {
            let words = closed.answer.as_deref().unwrap_or(&closed.says);
            crate::work::words::quoted("Nothing was changed. Who was to do it says", words, 2_000)
        }
    };
    let says = match &it.who {
        Some(who) => format!("@{who} asked for changes. {}", says.trim_start()),
        None => says,
    };
    Some(Reply {
        repo: view.case.repo.clone(),
        watched: Watched { open: true, ..view.watched() },
        pull: pull.number,
        body: format!("{}\n{says}\n\n<!-- factoryctl:run {} -->", marker(&to), run.id),
        to,
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
