//! What is wrong with entries beside each other: ids that two have, and successions that lead nowhere.

use std::collections::{BTreeMap, BTreeSet};

use super::entry::Entry;
use super::kinds::Standing;
use crate::language::rule::Found;
use crate::language::ulid::Ulid;

/// What is wrong with entries that read well one by one, by the files as they lie in the wiki. What can't be read may be what
/// another one leads to: `unread` are the ids in the names of those files.
pub fn lint(entries: &[Entry], unread: &BTreeSet<Ulid>, path_of: impl Fn(&Entry) -> String) -> Vec<Found> {
    let mut by_id: BTreeMap<Ulid, Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        by_id.entry(entry.facts().id).or_default().push(entry);
    }
    let successor = |id: &Ulid| match by_id.get(id)?.first()?.facts().standing {
        Standing::Superseded { by } => Some(by),
        Standing::Active | Standing::Stale { .. } => None,
    };
    let mut found = Vec::new();
    for entry in entries {
        let id = entry.facts().id;
        let at = |key: &str, message: String| Found::new(&path_of(entry), span(entry, key), message);
        if let Some(other) = by_id[&id].iter().find(|other| other.path() != entry.path()) {
            let message = format!("{id} is also the id of `{}`", path_of(other));
            found.push(
                at("id", message)
                    .help("take one of them away; what it says more is ingested as an entry of its own"),
            );
        }
        if entry.body().trim().is_empty() {
            found.push(
                at("title", "it says nothing".to_owned())
                    .help("write below the frontmatter what is to be known"),
            );
        }
        let Standing::Superseded { by } = &entry.facts().standing else { continue };
        if !by_id.contains_key(by) {
            if !unread.contains(by) {
                let message = format!("there is no entry {by}, which is said to have taken its place");
                found.push(
                    at("superseded_by", message).help("name the one that has, or let it be active again"),
                );
            }
            continue;
        }
        let (mut next, mut seen) = (*by, BTreeSet::from([id]));
        let circle = loop {
            if !seen.insert(next) {
                break next == id;
            }
            match successor(&next) {
                Some(after) => next = after,
                None => break false,
            }
        };
        if circle {
            let message = "those that took its place lead back to it".to_owned();
            found.push(at("superseded_by", message).help("let the one that holds be active"));
        }
    }
    found
}

/// The line of a key in an entry's frontmatter.
fn span(entry: &Entry, key: &str) -> std::ops::Range<usize> {
    let text = entry.text();
    let Some(start) = text.find(&format!("\n{key}:")).map(|at| at + 1) else { return 0..0 };
    start..text[start..].find('\n').map_or(text.len(), |end| start + end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::wiki::sample::entry;
    use crate::model::language::Level;

    #[test]
    fn successions_that_lead_nowhere_and_ids_that_two_have_are_found() {
        let id = |n: u8| format!("01ARZ3NDEKTSV4RRFFQ69G5{n:03}");
        let over = |n: u8, by: u8| {
            let facts = format!("status: \"superseded\"\nsuperseded_by: \"{}\"", id(by));
            entry(n, "gotchas", "T", &facts, "B")
        };
        let twin =
            Entry::read(&format!("gotchas/{}-twin.md", id(1)), entry(1, "gotchas", "T", "", "B").text())
                .unwrap();
        let entries = [
            over(1, 2),
            over(2, 1),
            over(3, 1),
            over(4, 9),
            over(5, 8),
            over(6, 7),
            entry(7, "gotchas", "T", "", " "),
            twin,
        ];
        let unread = BTreeSet::from([id(8).parse().unwrap()]);
        let told = |found: Found| {
            let it = found.of("wiki-entry", Level::Error);
            format!("{} {}: {}; {}", it.path, it.span.start, it.message, it.help.unwrap_or_default())
        };
        let all: Vec<String> =
            lint(&entries, &unread, |it| it.path().to_owned()).into_iter().map(told).collect();
        insta::assert_snapshot!(all.join("\n"), @r"
        gotchas/01ARZ3NDEKTSV4RRFFQ69G5001-a.md 4: 01ARZ3NDEKTSV4RRFFQ69G5001 is also the id of `gotchas/01ARZ3NDEKTSV4RRFFQ69G5001-twin.md`; take one of them away; what it says more is ingested as an entry of its own
        gotchas/01ARZ3NDEKTSV4RRFFQ69G5001-a.md 293: those that took its place lead back to it; let the one that holds be active
        gotchas/01ARZ3NDEKTSV4RRFFQ69G5002-a.md 293: those that took its place lead back to it; let the one that holds be active
        gotchas/01ARZ3NDEKTSV4RRFFQ69G5004-a.md 293: there is no entry 01ARZ3NDEKTSV4RRFFQ69G5009, which is said to have taken its place; name the one that has, or let it be active again
        gotchas/01ARZ3NDEKTSV4RRFFQ69G5007-a.md 37: it says nothing; write below the frontmatter what is to be known
        gotchas/01ARZ3NDEKTSV4RRFFQ69G5001-twin.md 4: 01ARZ3NDEKTSV4RRFFQ69G5001 is also the id of `gotchas/01ARZ3NDEKTSV4RRFFQ69G5001-a.md`; take one of them away; what it says more is ingested as an entry of its own
        ");
    }
}
