//! Epics and their children, as GitHub's sub-issues tell. Nobody works on an epic: it waits for its children, and is a person's
//! to close once they are. What is held holds its children.

use crate::model::{Case, Epics, Phase, RepoName, Seen};

use super::view::View;
use super::{Stand, Station};

/// How far up parents are looked for: no deeper does GitHub let them be.
const DEEPEST: usize = 8;

/// Where an epic stands; nothing where an issue is none. One that was begun before it had children goes on once they are
/// closed.
pub(super) fn station(view: &View<'_>, at: Phase) -> Option<Station> {
    let case = view.case;
    if case.children.is_empty() {
        return None;
    }
    let open: Vec<String> = (case.children.iter())
        .filter(|((repo, number), open)| is_open(view, (repo, *number), **open))
        .map(|((repo, number), _)| named(case, (repo, *number)))
        .collect();
    if !open.is_empty() {
        return Some(Station::waits(at, format!("{} to be closed, its children", listed(&open))));
    }
    if view.is_begun() {
        return None;
    }
    let called = |(repo, number): &(RepoName, u64)| named(case, (repo, *number));
    let all: Vec<String> = case.children.keys().map(called).collect();
    let are = if all.len() == 1 { "its only child, is" } else { "its children, are" };
    let rejected = |child: &&(RepoName, u64)| is_rejected(view, child);
    let not: Vec<String> = case.children.keys().filter(rejected).map(called).collect();
    if not.len() == all.len() {
        let why = format!(
            "{}, {are} closed as nothing that is to be done; close it, or say with another child what is",
            listed(&all)
        );
        return Some(Station::human(at, why, Vec::new()));
    }
    let but = if not.is_empty() { String::new() } else { format!("; {} not done", listed(&not)) };
    let why = format!("{}, {are} closed{but}", listed(&all));
    Some(match view.pipeline.epics {
        Epics::Close => Station::new(at, Stand::Done(why)),
        Epics::Person => {
            Station::human(at, format!("{why}; whether that is all of it is for people to say"), Vec::new())
        }
    })
}

/// Whether another issue is open: as it was read, else as the one that is related to it told.
pub(super) fn is_open(view: &View<'_>, (repo, number): (&RepoName, u64), told: bool) -> bool {
    match view.cx.observed.cases.of(repo, number) {
        Seen::Known(child) => child.open,
        Seen::Absent => false,
        Seen::Unknown => told,
    }
}

/// Whether a child was closed because nobody is to do it: as it was read, else as its parent told.
fn is_rejected(view: &View<'_>, child: &(RepoName, u64)) -> bool {
    match view.cx.observed.cases.of(&child.0, child.1) {
        Seen::Known(it) => it.rejected,
        Seen::Absent | Seen::Unknown => view.case.rejected_children.contains(child),
    }
}

/// What has to happen to an issue above it before anything is done about it.
pub(super) fn held_above(view: &View<'_>) -> Option<Stand> {
    let mut above = view.case.parent.clone();
    for _ in 0..DEEPEST {
        let (repo, number) = above.take()?;
        let pipeline = view.cx.desired.pipelines.of(&repo)?;
        let name = named(view.case, (&repo, number));
        let case = match view.cx.observed.cases.of(&repo, number) {
            Seen::Known(case) => case,
            Seen::Absent => return None,
            Seen::Unknown => return Some(Stand::Held(format!("a look at {name}, which it belongs to"))),
        };
        let parent = View::of(view.cx, pipeline, case);
        if let Some(on) = super::intake::held(&parent).filter(|_| case.open) {
            return Some(Stand::Held(format!("{name}, which it belongs to, and which waits for {on}")));
        }
        above.clone_from(&case.parent);
    }
    None
}

/// An issue as another one refers to it.
pub(super) fn named(case: &Case, (repo, number): (&RepoName, u64)) -> String {
    if *repo == case.repo { format!("#{number}") } else { format!("{repo}#{number}") }
}

fn listed(all: &[String]) -> String {
    match all {
        [] => String::new(),
        [only] => only.clone(),
        [init @ .., last] => format!("{} and {last}", init.join(", ")),
    }
}
