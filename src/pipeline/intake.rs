//! Whether an issue is the pipeline's to work on: open, asked for by somebody who may, and not held, reserved or blocked.

use std::collections::{BTreeSet, VecDeque};

use jiff::Timestamp;

use crate::model::{Case, Mark, Phase, Pipeline, PullCase, Routed, Seen, visible};

use super::router::{self, named_path, says};
use super::view::View;
use super::{Stand, Station, family, merge};

/// Where it stands while nothing can be written in its repository.
pub(super) fn archived(view: &View<'_>) -> Option<Station> {
    view.is_archived().then(|| {
        let on = "its repository to be unarchived: nothing can be written there";
        Station::new(view.phase_before(), Stand::Held(on.to_owned()))
    })
}

/// What keeps it from being worked on, if anything does.
pub(super) fn station(view: &View<'_>) -> Option<Station> {
    let (case, pipeline) = (view.case, view.pipeline);
    let is_over = |it: &PullCase| it.merged() || (!it.open && it.own && merge::is_synthetic(it));
    if case.pull().is_some_and(is_over) {
        return None;
    }
    let at = view.phase_before();
    let stands = |stand| Some(Station::new(at, stand));
    // What it is worked on as has landed, whatever is said of it since.
    let done = router::mirrored(view).filter(|at| matches!(at.stand, Stand::Done(_)));
    if !case.open {
        return done.or_else(|| stands(left(view, "it is closed", "open the issue again")));
    }
    if !is_asked_for(view) {
        return stands(left(view, "nothing asks the factory for it any more", "have it asked for again"));
    }
    if done.is_some() {
        return done;
    }
    if let Some(on) = held(view) {
        return stands(Stand::Held(on));
    }
    // What they said may be that it is given up.
    if let Some(by) = &view.commands.unknown {
        return Some(Station::waits(at, format!("a look at what {by} may do in this repository")));
    }
    if let Some(stand) = family::held_above(view).or_else(|| router::held_in_front(view)) {
        return stands(stand);
    }
    if let Some(quiet) = view.quiet() {
        return stands(Stand::Until(quiet.until, quiet.why));
    }
    if let Some(why) = reserved(pipeline, case) {
        return Some(Station::human(at, why, Vec::new()));
    }
    let by = match trusted(view) {
        Ok(by) => by,
        Err(Untrusted::Unknown(on)) => return Some(Station::waits(at, on)),
        Err(Untrusted::Person(on)) => return stands(Stand::Held(on)),
    };
    let first = router::mirrored(view).or_else(|| blocked(view, at));
    let first = first.or_else(|| family::station(view, at));
    first.or_else(|| router::station(view, &by))
}

/// It is none of the factory's any more; whatever was made for it is people's.
fn left(view: &View<'_>, why: &str, or: &str) -> Stand {
    let pull = view.pull().filter(|pull| pull.own);
    let more =
        pull.map(|pull| format!("; #{}, which was made for it, stays open: close it, or {or}", pull.number));
    Stand::Left(format!("{why}{}", more.unwrap_or_default()))
}

/// What people have to do before anything is done about it again, where they hold it.
pub(super) fn held(view: &View<'_>) -> Option<String> {
    let hold = view.pipeline.label(Mark::Hold);
    if view.case.has(&hold) {
        return Some(format!("its label `{hold}` to be removed"));
    }
    let human = view.pipeline.label(Mark::Human);
    if let Some(by) = view.set_by_people(&human) {
        return Some(format!("its label `{human}` to be removed, which {by} set"));
    }
    view.commands.halted().map(|(by, for_good)| {
        let did = if for_good { "gave it up" } else { "paused it" };
        format!("`/resume`: {by} {did}")
    })
}

/// What has to be closed first, or looked at.
fn blocked(view: &View<'_>, at: Phase) -> Option<Station> {
    let case = view.case;
    let others = case.blocked_by.iter().filter(|number| **number != case.number);
    let mut open = BTreeSet::new();
    for number in others {
        match view.cx.observed.cases.of(&case.repo, *number) {
            Seen::Known(other) if other.open => drop(open.insert((&case.repo, *number))),
            Seen::Known(_) | Seen::Absent => {}
            Seen::Unknown => {
                return Some(Station::waits(
                    at,
                    format!("a look at #{number}, which it says it is blocked by"),
                ));
            }
        }
    }
    for ((repo, number), told) in &case.dependencies {
        if family::is_open(view, (repo, *number), *told) {
            open.insert((repo, *number));
        }
    }
    if let Some(circle) = circle(view) {
        let next = circle.iter().skip(1).chain([&case.number]).map(|number| format!("#{number}"));
        let why = format!(
            "it is blocked by {}: none of them can be begun before it; take one of these lines out",
            next.collect::<Vec<_>>().join(", which is blocked by ")
        );
        return Some(Station::human(at, why, Vec::new()));
    }
    let open: Vec<String> = open.into_iter().map(|it| family::named(case, it)).collect();
    (!open.is_empty())
        .then(|| Station::waits(at, format!("{} to be closed, which it is blocked by", open.join(", "))))
}

/// The open issues, it first, each of which is blocked by the next one, and the last one by it.
fn circle(view: &View<'_>) -> Option<Vec<u64>> {
    let case = view.case;
    let (mut ways, mut seen) = (VecDeque::from([vec![case.number]]), BTreeSet::new());
    while let Some(way) = ways.pop_front() {
        let last = *way.last()?;
        let Seen::Known(at) = view.cx.observed.cases.of(&case.repo, last) else { continue };
        let depends = at.dependencies.keys().filter(|(repo, _)| *repo == case.repo).map(|(_, number)| number);
        for next in at.blocked_by.iter().chain(depends).filter(|next| at.open && **next != last) {
            if *next == case.number {
                return Some(way);
            }
            if seen.insert(*next) {
                ways.push_back([&way[..], &[*next]].concat());
            }
        }
    }
    None
}

/// Whether a label, an assignment or a search asks for it. What a search may have found and was begun is asked for whatever the
/// search finds by now: the factory's own labels change that.
pub(super) fn is_asked_for(view: &View<'_>) -> bool {
    let (case, pipeline) = (view.case, view.pipeline);
    let assigned = |login: &String| case.assigned(login).is_some();
    pipeline.intake.iter().any(|label| case.has(label))
        || pipeline.assignee.as_ref().is_some_and(assigned)
        || (pipeline.search.is_some() && (view.is_begun() || case.found != Some(false)))
}

/// Why it is people's to decide, if it is.
pub(super) fn reserved(pipeline: &Pipeline, case: &Case) -> Option<String> {
    let reserved = &pipeline.reserved;
    let source = &pipeline.source;
    if let Some(label) = reserved.labels.iter().find(|label| case.has(label)) {
        return Some(format!("what is labelled `{label}` is for people to decide ({source})"));
    }
    if reserved.words.is_empty() && reserved.paths.is_empty() {
        return None;
    }
    // As it is written, as a reader sees it, and without what only says how it looks.
    let text = format!("{}\n{}", case.title, case.body);
    let (shown, _) = visible(&text);
    let plain = shown.replace(['*', '~', '`', '\u{ad}'], "");
    let mut readings = vec![text, shown, plain];
    readings.dedup();
    let text = readings.join("\n");
    let words = if reserved.words.is_empty() { Vec::new() } else { words_of(&text) };
    if let Some(word) = reserved.words.iter().find(|phrase| says(&words, phrase)) {
        return Some(format!("what speaks of `{word}` is for people to decide ({source})"));
    }
    let path = named_path(&text, &reserved.paths)?;
    Some(format!("what names `{path}` is for people to decide ({source})"))
}

/// The words of a text, in lower case.
pub(super) fn words_of(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// Why it isn't worked on though it is asked for.
enum Untrusted {
    /// It isn't known yet who may.
    Unknown(String),
    /// Somebody who may has to ask for it, or to do so again.
    Person(String),
}

/// How somebody asked for it: what they did, who, and when, where that is known.
struct Ask<'a> {
    deed: String,
    by: Option<&'a (String, Timestamp)>,
}

/// Everything by which it is asked for.
fn asks<'a>(pipeline: &Pipeline, case: &'a Case) -> Vec<Ask<'a>> {
    let labels = pipeline.intake.iter().filter_map(|label| {
        let on = case.labels.get(&label.key())?;
        Some(Ask { deed: format!("set the label `{label}`"), by: on.by.as_ref() })
    });
    let assigned = pipeline.assignee.iter().filter_map(|login| {
        let by = case.assigned(login)?.as_ref();
        Some(Ask { deed: format!("assign it to `{login}`"), by })
    });
    labels.chain(assigned).collect()
}

/// Who asked for it that may, where its text is the one that was there then, or was changed by somebody who may.
fn trusted(view: &View<'_>) -> Result<String, Untrusted> {
    let (case, pipeline) = (view.case, view.pipeline);
    let needs = pipeline.trust.as_str();
    let mut why = Untrusted::Person("somebody who may to ask for it".to_owned());
    for Ask { deed, by } in asks(pipeline, case) {
        let Some((by, at)) = by else {
            why = Untrusted::Person(match Routed::of(case) {
                Some(_) => format!(
                    "somebody with the permission `{needs}` to {deed} again: its text is not the one that it was brought here with"
                ),
                None => format!("somebody to {deed} again: GitHub doesn't tell who did"),
            });
            continue;
        };
        match view.is_trusted(by) {
            None => why = Untrusted::Unknown(format!("a look at what {by} may do in this repository")),
            Some(false) => {
                why = Untrusted::Person(format!(
                    "somebody with the permission `{needs}` to {deed}; {by} has less"
                ));
            }
            Some(true) => {
                // GitHub tells seconds: of what happened in the same one nobody knows which came first.
                let since = case.changes().filter(|(changed, _)| changed >= at);
                let untrusted: Vec<_> =
                    since.filter(|(_, editor)| view.is_trusted(editor) != Some(true)).collect();
                let Some((_, first)) = untrusted.first() else { return Ok(by.clone()) };
                let stranger = untrusted.iter().find(|(_, editor)| view.is_trusted(editor) == Some(false));
                why = match stranger {
                    Some((_, editor)) => Untrusted::Person(format!(
                        "somebody with the permission `{needs}` to {deed} again: {editor} has changed the text since"
                    )),
                    None => Untrusted::Unknown(format!("a look at what {first} may do in this repository")),
                };
            }
        }
    }
    if let Some(from) = brought(view) {
        return Ok(from);
    }
    if pipeline.search.is_some() && asks(pipeline, case).is_empty() { written(view) } else { Err(why) }
}

/// What people have to do where nobody who may has asked for it as it reads now.
pub(super) fn untrusted(view: &View<'_>) -> Option<String> {
    match trusted(view) {
        Err(Untrusted::Person(on)) => Some(on),
        Err(Untrusted::Unknown(_)) | Ok(_) => None,
    }
}

/// Who wrote it that may: config asks for whatever its search finds, so that whose words they are decides.
fn written(view: &View<'_>) -> Result<String, Untrusted> {
    let case = view.case;
    if case.found.is_none() && !view.is_begun() {
        return Err(Untrusted::Unknown("a look at what the search finds".to_owned()));
    }
    // Who changed all of it later speaks for it; who changed a part speaks for that.
    let mut words = match &case.edited {
        Some((_, editor)) => vec![editor],
        None => vec![&case.author],
    };
    words.extend(case.renamed.iter().map(|(_, editor)| editor));
    let is_trusted = |login: &&&String| view.is_trusted(login) == Some(true);
    let by = words.iter().find(|login| !is_trusted(login)).unwrap_or(&words[0]);
    let by = *by;
    let needs = view.pipeline.trust.as_str();
    match view.is_trusted(by) {
        Some(true) => Ok(by.clone()),
        None => Err(Untrusted::Unknown(format!("a look at what {by} may do in this repository"))),
        Some(false) => {
            let label = view.pipeline.intake.first();
            let how = label.map_or("edit its text".to_owned(), |label| format!("set the label `{label}`"));
            Err(Untrusted::Person(format!(
                "somebody with the permission `{needs}` to {how}; it is in the words of {by}, who has less"
            )))
        }
    }
}

/// From where it was brought here, if its text is the one that was asked for there, or was changed by somebody who may.
fn brought(view: &View<'_>) -> Option<String> {
    let routed = Routed::of(view.case)?;
    let mut changes = view.case.changes().peekable();
    let stands = routed.text == view.case.text()
        || (changes.peek().is_some() && changes.all(|(_, editor)| view.is_trusted(editor) == Some(true)));
    stands.then(|| format!("who may in {}", routed.from))
}

impl View<'_> {
    /// The phase that it would go on in: that of its open pull request, else that of its last run, the first one before any.
    pub(super) fn phase_before(&self) -> Phase {
        if self.pull().is_some() {
            return super::review::station(self).map_or(Phase::Merge, |at| at.phase);
        }
        let last = self.runs.last();
        let elsewhere = self.cx.observed.elsewhere.at_issue(&self.case.repo, self.case.number);
        match elsewhere.filter(|(_, begun)| last.and_then(|run| run.id.moment()) < Some(begun.at)) {
            Some((phase, _)) => phase,
            None => last.and_then(|run| run.of.subject.issue()).map_or(Phase::Triage, |(_, phase)| phase),
        }
    }
}
