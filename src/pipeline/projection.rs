//! What the labels and the factory's comment of an issue show of where it stands.

use std::collections::BTreeSet;

use crate::model::{
    Clearing, HandedOver, LabelName, Mark, Phase, Pipeline, RunSeen, TELLS_THE_END, Tell, Watched,
};
use crate::work::words::as_data;

use super::commands::Unheard;
use super::prompt::bullets;
use super::view::View;
use super::{Stand, Station};

/// The first line of the factory's comment on an issue.
pub const MARKER: &str = "<!-- factoryctl:issue -->";
/// The most characters of a line in it.
const LINE: usize = 400;
/// What stands above what people said.
const SAID: &str = "\nWhat was said:\n\n";
/// What stands in a line that tells of somebody who may not steer.
const STRANGER: &str = ": not heard, being of nobody who may steer: ";
/// What is said to whoever opens again what was done.
const OPENED_AGAIN: &str = "\nIt was opened again, and nothing more comes of it here: open another issue for what is missing, and close this one.\n";
/// What is said to an author whose words count once somebody else asks for them.
const ASKED_AGAIN: &str =
    "\nWhat its author changes in the text is worked on once somebody who may has asked for it again.\n";
/// The most lines of what was tried.
const LINES: usize = 40;

/// What has to be told so that an issue shows where it stands; `None` where it does.
pub fn projection(view: &View<'_>, station: &Station) -> Option<Tell> {
    let (case, pipeline) = (view.case, view.pipeline);
    if view.is_archived() {
        return None;
    }
    let there = case.own_comment(MARKER);
    // That it is left alone is the last that is told, but for its end, and only of what goes on by itself after that.
    let is_over = matches!(station.stand, Stand::Done(_));
    let is_told = there.is_some_and(|it| it.body.contains(TELLS_THE_END));
    // What somebody opens again once its end was told is theirs to close.
    let close = is_over && case.open && !(case.reopened && is_told);
    let quiet = view.quiet().filter(|_| !close && (!is_over || is_told));
    let goes_on = matches!(station.stand, Stand::Until(..));
    if quiet.as_ref().is_some_and(|it| !it.is_to_be_told || !goes_on) {
        return None;
    }
    let wanted = marks(view, station).filter(|_| quiet.is_none());
    // Labels of what people hold or closed are left as they are; what is to be said of it is said all the same.
    let wanted = wanted.unwrap_or_else(|| own_marks(view));
    let own: Vec<Mark> = Mark::all().filter(|mark| !mark.is_of_people()).collect();
    let add: Vec<LabelName> =
        wanted.iter().map(|mark| pipeline.label(*mark)).filter(|label| !case.has(label)).collect();
    let unwanted = own.iter().filter(|mark| !wanted.contains(mark)).map(|mark| pipeline.label(*mark));
    let remove: Vec<LabelName> = unwanted.filter(|label| case.has(label)).collect();
    let said = match &quiet {
        Some(quiet) => Some(format!(
            "{MARKER}\n**Left alone for now**: {}. It goes on by itself within an hour.\n",
            short(&quiet.why)
        )),
        None => comment(view, station, there.is_some()),
    };
    let comment = said.filter(|body| there.is_none_or(|it| of_its_own(&it.body).ne(of_its_own(body))));
    let clears = clears(view, station);
    if add.is_empty() && remove.is_empty() && comment.is_none() && !close && clears.is_none() {
        return None;
    }
    let hold = pipeline.label(Mark::Hold);
    let labels =
        own.iter().map(|mark| pipeline.label(*mark)).chain([hold]).chain(pipeline.intake.iter().cloned());
    let labels = labels.map(|label| label.key()).collect();
    let watched = Watched { labels, ..view.watched() };
    let rewrites = comment.as_ref().and(there).map(|it| it.id);
    let hands_over = handed_over(view, station).filter(|_| add.contains(&pipeline.label(Mark::Human)));
    Some(Tell { repo: case.repo.clone(), watched, comment, rewrites, add, remove, close, clears, hands_over })
}

/// What it is a person's after, where it is.
fn handed_over(view: &View<'_>, station: &Station) -> Option<HandedOver> {
    let Stand::Human { .. } = station.stand else { return None };
    let is_of_hitl = |run: &&&RunSeen| run.of.subject.issue().is_some_and(|(_, phase)| phase == Phase::Hitl);
    let last = view.runs.iter().filter(|run| !is_of_hitl(run)).max_by_key(|run| &run.id);
    let playbook = last.and_then(|run| Some(run.of.play.as_ref()?.book.clone()));
    Some(HandedOver { phase: station.phase, playbook })
}

/// The branch of what landed, where nobody has put anything else on it since.
fn clears(view: &View<'_>, station: &Station) -> Option<Clearing> {
    let pull = view.case.pull().filter(|pull| matches!(station.stand, Stand::Done(_)) && pull.own)?;
    let branch = pull.branch.as_ref().filter(|branch| pull.landed.is_some() && branch.head == pull.head)?;
    Some(Clearing {
        repository: branch.repository.clone(),
        pull: pull.number,
        branch: Pipeline::branch(view.case.number),
        head: branch.head.clone(),
    })
}

/// The labels of the pipeline's that an issue shall carry, and those that it carries; `None` where they are left as they are.
pub fn shows(view: &View<'_>, station: &Station) -> (Option<BTreeSet<LabelName>>, BTreeSet<LabelName>) {
    let label = |mark: Mark| view.pipeline.label(mark);
    let wanted = marks(view, station).map(|marks| marks.into_iter().map(label).collect());
    (wanted, Mark::all().map(label).filter(|label| view.case.has(label)).collect())
}

/// The labels that it shall carry, of those that are the factory's to set; `None` where they are left as they are.
fn marks(view: &View<'_>, station: &Station) -> Option<BTreeSet<Mark>> {
    Some(match &station.stand {
        Stand::Works(_) | Stand::Moves(_) | Stand::Waits(_) | Stand::Until(..) => {
            BTreeSet::from([Mark::At(station.phase)])
        }
        Stand::Parked { .. } => BTreeSet::from([Mark::Parked]),
        Stand::Human { .. } => BTreeSet::from([Mark::At(Phase::Hitl), Mark::Human]),
        // It is no author's turn any more, and no agent's: somebody who may has to ask for it again.
        Stand::Held(on) if is_stopped(view, on) => BTreeSet::from([Mark::At(Phase::Hitl), Mark::Human]),
        Stand::Held(_) => return None,
        Stand::Done(_) => BTreeSet::from([Mark::Done]),
        // What somebody closed keeps what it shows; what is none of ours shows nothing.
        Stand::Left(_) if !view.case.open => return None,
        Stand::Left(_) => BTreeSet::new(),
    })
}

/// The labels of the factory's that it carries.
fn own_marks(view: &View<'_>) -> BTreeSet<Mark> {
    let is_there = |mark: &Mark| !mark.is_of_people() && view.case.has(&view.pipeline.label(*mark));
    Mark::all().filter(is_there).collect()
}

/// What the comment says, where one is there or has to be.
fn comment(view: &View<'_>, station: &Station, is_there: bool) -> Option<String> {
    let says = match &station.stand {
        Stand::Parked { asks, due } => {
            let asks = bullets(asks.iter().map(|line| short(line)));
            let due =
                due.map(|due| format!("\nIt is looked at again once something changed, from {due:.0} on.\n"));
            let again = if view.is_trusted(&view.case.author) == Some(false) { ASKED_AGAIN } else { "" };
            format!("**This waits for its author.** Missing:\n\n{asks}{}{again}", due.unwrap_or_default())
        }
        Stand::Human { why, tried } => {
            let lines: Vec<String> = tried.iter().take(LINES).map(|line| short(line)).collect();
            let tried = as_data(lines.iter().map(String::as_str));
            let tried = if tried.is_empty() { tried } else { format!("\nWhat was tried:\n\n{tried}") };
            let phase = station.phase;
            format!("**A person's turn** ({phase}): {}.\n{tried}", of_its_pulls(view, short(why)))
        }
        Stand::Done(why) => {
            let again = if view.case.open && view.case.reopened { OPENED_AGAIN } else { "" };
            format!("{TELLS_THE_END}: {}.\n{again}", of_its_pulls(view, short(why)))
        }
        Stand::Left(why) if is_there || view.pull().is_some_and(|pull| pull.own) => {
            format!("**None of the factory's any more**: {}.\n", of_its_pulls(view, short(why)))
        }
        Stand::Held(on) if is_there || is_stopped(view, on) => {
            format!("**Held**; waits for {}.\n", short(on))
        }
        Stand::Waits(_) if let Some((number, needs)) = people(view, station, is_there) => {
            let needs = bullets(needs.iter().map(|line| short(line)));
            format!(
                "**Ready, but for people**. {} needs:\n\n{needs}",
                of_its_pulls(view, format!("#{number}"))
            )
        }
        Stand::Works(_) | Stand::Moves(_) | Stand::Waits(_) | Stand::Until(..) if is_there => {
            "**The factory is at it.**\n".to_owned()
        }
        Stand::Works(_)
        | Stand::Moves(_)
        | Stand::Waits(_)
        | Stand::Until(..)
        | Stand::Held(_)
        | Stand::Left(_) => String::new(),
    };
    let (heard, advised) = (heard(view), advised(view));
    let is_left = matches!(station.stand, Stand::Left(_));
    if says.is_empty() && (is_left || (heard.is_empty() && advised.is_empty())) {
        return None;
    }
    let strangers = strangers(view);
    let title = if heard.is_empty() && strangers.is_empty() { "" } else { SAID };
    Some(format!("{MARKER}\n{says}{advised}{title}{heard}{strangers}"))
}

/// Whether words of somebody who may not ask for it stopped what had begun: whoever asked for it doesn't know.
fn is_stopped(view: &View<'_>, on: &str) -> bool {
    !own_marks(view).is_empty() && super::intake::untrusted(view).as_deref() == Some(on)
}

/// The pull request that waits for nothing but people to do something about it, and what that is. Where no comment is there yet,
/// they are given a while to do it by themselves.
fn people(view: &View<'_>, station: &Station, is_there: bool) -> Option<(u64, Vec<String>)> {
    let pull = view.pull().filter(|_| station.phase == Phase::Merge)?;
    let waits = is_there || super::merge::has_waited(view, pull).is_some();
    let needs = waits.then(|| super::rules::of_people(view, pull)).flatten()?;
    Some((pull.number, needs))
}

/// The lines of a comment but those that are no reason to write it anew.
fn of_its_own(body: &str) -> impl Iterator<Item = &str> {
    let passing = |line: &&str| line.contains(STRANGER) || SAID.lines().any(|title| title == *line);
    body.lines().filter(move |line| !passing(line))
}

/// What is told of advisors.
fn advised(view: &View<'_>) -> String {
    let lines: Vec<String> = super::advisors::told(view).iter().map(|line| short(line)).collect();
    if lines.is_empty() {
        return String::new();
    }
    format!("\nOf the advisors:\n\n{}", as_data(lines.iter().map(String::as_str)))
}

/// What people said that was heard, and what was not of those who may steer.
fn heard(view: &View<'_>) -> String {
    let mut out = String::new();
    for (at, by, command) in &view.commands.heard {
        out.push_str(&format!("    {at:.0} {} {command}: heard\n", short(by)));
    }
    // Who says it again is told nothing new.
    let unheard: BTreeSet<&Unheard> = view.commands.unheard.iter().filter(|it| it.may_steer).collect();
    for Unheard { by, why, .. } in unheard {
        out.push_str(&format!("    {}: not heard: {}\n", short(by), short(why)));
    }
    out
}

/// What was said by people who may not steer.
fn strangers(view: &View<'_>) -> String {
    let unheard: BTreeSet<&Unheard> = view.commands.unheard.iter().filter(|it| !it.may_steer).collect();
    let lines: Vec<String> =
        unheard.iter().map(|it| format!("    {}{STRANGER}{}\n", short(&it.by), short(&it.why))).collect();
    lines.concat()
}

/// Such a line, in which the pull requests for the issue, its children, and what it is worked on as are referred to all the same.
fn of_its_pulls(view: &View<'_>, line: String) -> String {
    let children = view.case.children.keys().filter(|(repo, _)| *repo == view.case.repo);
    let numbers = view.case.pulls.iter().map(|pull| pull.number).chain(children.map(|(_, number)| *number));
    let numbers = numbers.chain(view.case.mirror().map(|(_, number)| number));
    let line = numbers.fold(line, |line, n| {
        [" ", ",", ":"]
            .iter()
            .fold(line, |line, end| line.replace(&format!("# {n}{end}"), &format!("#{n}{end}")))
    });
    // An App that merged it is called by its login.
    let by = view.case.pulls.iter().filter_map(|pull| pull.landed.as_ref()?.by.as_ref());
    by.fold(line, |line, by| line.replace(&format!("by {}", by.replace('[', "'")), &format!("by {by}")))
}

/// Words of others on one line, in which nobody is called and nothing referred to.
fn short(words: &str) -> String {
    let line = crate::work::words::as_title(words);
    // The box of a task list refers to nothing.
    let line = ["[ ] ", "[x] ", "[X] "].iter().fold(line, |line, task| line.replace(task, ""));
    line.chars().take(LINE).collect::<String>().replace(['`', '<', '>', '*', '_', '['], "'")
}
