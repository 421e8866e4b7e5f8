//! Which files the work on an issue touches, so that what touches the same ones comes one after another.

use std::collections::BTreeSet;

use crate::model::Phase;

use super::view::View;
use super::{Stand, Station, plan};

/// The files that the work on an issue touches as far as anybody knows: those of its plan, and those that its open pull request
/// changes.
pub fn touches(view: &View<'_>) -> BTreeSet<String> {
    let planned = plan::plan(view).into_iter().flat_map(|plan| plan.files);
    let changed = view.pull().and_then(|pull| pull.files.known()).into_iter().flatten();
    let all = planned.chain(changed.map(|file| file.path.clone()));
    all.map(|path| path.trim().trim_start_matches("./").to_owned()).filter(|path| !path.is_empty()).collect()
}

/// Whether others wait for it: it is being worked on, or has a pull request that lands without a person.
pub fn holds_others(view: &View<'_>, at: &Station) -> bool {
    let at_work = view.at_work().and_then(|run| run.of.subject.issue());
    let publishes = matches!(at.stand, Stand::Moves(_));
    let is_under_way =
        publishes || view.pull().is_some() || at_work.is_some_and(|(_, phase)| phase == Phase::Implement);
    let goes_on = match at.stand {
        Stand::Works(_) | Stand::Moves(_) | Stand::Waits(_) | Stand::Until(..) => true,
        Stand::Parked { .. } | Stand::Human { .. } | Stand::Held(_) | Stand::Done(_) | Stand::Left(_) => {
            false
        }
    };
    // What only a person merges may stay open for long.
    let is_a_persons = |pull| view.policy().is_some_and(|it| super::rules::files(view, it, pull).is_some());
    is_under_way && goes_on && !view.pull().is_some_and(is_a_persons)
}

/// Whether it is about to be implemented and nothing of it is there yet: what touches the same files may come first.
pub fn may_wait(view: &View<'_>, at: &Station) -> bool {
    at.phase == Phase::Implement && view.pull().is_none() && view.at_work().is_none()
}

/// A path that both touch, if there is one: the same file, or one in a folder that the other names.
pub fn shared<'a>(one: &'a BTreeSet<String>, other: &BTreeSet<String>) -> Option<&'a str> {
    let within = |path: &str, folder: &str| {
        path.strip_prefix(folder.trim_end_matches('/'))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    one.iter().find(|path| other.iter().any(|it| within(path, it) || within(it, path))).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_shared_with_what_lies_in_it() {
        let set = |paths: &[&str]| paths.iter().map(|it| (*it).to_owned()).collect::<BTreeSet<_>>();
        for (one, other, expect) in [
            (&["src/a.rs"][..], &["src/b.rs"][..], None),
            (&["src/a.rs", "src/b.rs"], &["src/b.rs"], Some("src/b.rs")),
            (&["src/"], &["src/b.rs"], Some("src/")),
            (&["src/b.rs"], &["src"], Some("src/b.rs")),
            (&["src/b.rs"], &["sr"], None),
            (&[], &["src"], None),
        ] {
            assert_eq!(shared(&set(one), &set(other)), expect, "{one:?} {other:?}");
        }
    }
}
