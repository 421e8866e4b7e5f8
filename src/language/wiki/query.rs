//! What the wiki has to say for a prompt: the entries that hold, the most fitting first, within a budget.
//!
//! The same entries and the same question give the same text, in whatever order the entries come.

use std::cmp::Reverse;

use jiff::Timestamp;

use super::entry::Entry;
use super::stale::{World, verdict};
use super::topics::spaced;
use crate::language::markdown::closed;
use crate::language::ulid::Ulid;
use crate::model::{visible, visible_body};

/// What is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ask<'a> {
    /// Only these topics; empty: all.
    pub topics: &'a [String],
    /// Words of which an entry has at least one, or one of the paths; empty with the paths: any entry.
    pub keywords: &'a [String],
    /// Files and folders that the work is about.
    pub paths: &'a [String],
    /// The most characters of the text.
    pub budget: usize,
}

/// An excerpt of the wiki.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// Its text: whole entries only.
    pub text: String,
    /// The entries in it.
    pub entries: Vec<Ulid>,
    /// How many fit the question and not the budget.
    pub left_out: usize,
}

/// Asks the wiki.
pub fn query(entries: &[Entry], ask: &Ask<'_>, world: &World<'_>) -> Excerpt {
    let words: Vec<String> =
        ask.keywords.iter().map(|word| spaced(word)).filter(|word| word.len() > 1).collect();
    let paths: Vec<&str> =
        ask.paths.iter().map(|path| path.trim_end_matches('/')).filter(|p| !p.is_empty()).collect();
    let asked = ask.topics.is_empty();
    let mut ranked: Vec<_> = (entries.iter())
        .filter(|entry| asked || ask.topics.contains(&entry.facts().topic))
        .filter_map(|entry| {
            let fits = (of_paths(entry, &paths), of_words(entry, &words));
            let any = words.is_empty() && paths.is_empty();
            (any || fits != (0, 0)).then_some((fits, entry))
        })
        .filter(|(_, entry)| verdict(entry, world).is_current())
        .collect();
    ranked.sort_by_key(|(fits, entry)| {
        let facts = entry.facts();
        (Reverse((*fits, facts.confidence, facts.corroborations, facts.updated_at)), facts.id)
    });
    let mut excerpt = Excerpt::default();
    let mut left = ask.budget;
    for (_, entry) in ranked {
        let text = told(entry, world.now);
        let blank = usize::from(!excerpt.text.is_empty());
        let length = text.chars().count() + blank;
        if length > left {
            excerpt.left_out += 1;
            continue;
        }
        if blank == 1 {
            excerpt.text.push('\n');
        }
        excerpt.text.push_str(&text);
        excerpt.entries.push(entry.facts().id);
        left -= length;
    }
    excerpt
}

/// How well an entry fits paths: two for each file that it is about, one for each folder around.
fn of_paths(entry: &Entry, paths: &[&str]) -> usize {
    let within =
        |path: &str, folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    let fit = |path: &&str| {
        let refs = entry.facts().code_refs.iter().map(super::kinds::CodeRef::path);
        let fit = |code: &str| {
            if code == *path { 2 } else { usize::from(within(code, path) || within(path, code)) }
        };
        refs.map(fit).max().unwrap_or_default()
    };
    paths.iter().map(fit).sum()
}

/// How well an entry fits words: two for each in its title, one for each in its body.
fn of_words(entry: &Entry, words: &[String]) -> usize {
    if words.is_empty() {
        return 0;
    }
    let (title, body) = (spaced(&entry.facts().title), spaced(entry.body()));
    let fit = |word: &String| if title.contains(word) { 2 } else { usize::from(body.contains(word)) };
    words.iter().map(fit).sum()
}

/// An entry as a prompt has it: what those who reviewed it could see. No block in it goes on over the entry after it.
fn told(entry: &Entry, now: Timestamp) -> String {
    let facts = entry.facts();
    let again = facts.corroborations - 1;
    let more = if again == 0 { String::new() } else { format!(" (+{again})") };
    let (title, topic, age) = (visible(&facts.title).0, &facts.topic, age(facts.created_at, now));
    let body = visible_body(entry.body()).0;
    format!("### {title} [{topic}; {age}]{more}\n\n{}\n", closed(body.trim()))
}

/// How old something is, in words: days don't matter.
fn age(since: Timestamp, now: Timestamp) -> String {
    let days = now.duration_since(since).as_hours() / 24;
    let many = |n: i64, unit: &str| format!("stable for {n} {unit}{}", if n == 1 { "" } else { "s" });
    match days {
        ..30 => "recently added".to_owned(),
        30..365 => many(days / 30, "month"),
        365.. => many(days / 365, "year"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::code::known::Known;
    use crate::language::wiki::sample::entry;
    use proptest::prelude::*;

    fn wiki() -> Vec<Entry> {
        vec![
            entry(
                1,
                "gotchas",
                "Guards hold back",
                "code_refs: [\"src/plan/guard.rs:Guard\"]",
                "A plan is whole.",
            ),
            entry(2, "gotchas", "Plans wait", "confidence: \"high\"\ncorroborations: 3", "Not guards."),
            entry(3, "testing", "Guards in tests", "created_at: \"2026-01-01\"", "Use the table."),
            entry(4, "testing", "Old guards", "valid_to: \"2026-11-30\"", "Gone."),
            entry(
                5,
                "patterns",
                "Years of plans",
                "created_at: \"2024-01-01\"\ncode_refs: [\"src/plan\"]",
                "Long.",
            ),
        ]
    }

    fn asked(ask: &Ask<'_>, entries: &[Entry]) -> Excerpt {
        let (code, reverted) = (
            Known {
                files: vec![("src/plan/guard.rs", vec!["Guard"]), ("src/plan", vec![])],
                ..Known::default()
            },
            [].into(),
        );
        let now = "2026-12-01T00:00:00Z".parse().unwrap();
        query(entries, ask, &World { now, code: &code, reverted: &reverted })
    }

    #[test]
    fn the_most_fitting_come_first() {
        let list = |all: &[&str]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
        let rows = [
            ("all", list(&[]), list(&[]), list(&[]), 10_000, "2 1 3 5, 0 left out"),
            ("a topic", list(&["testing"]), list(&[]), list(&[]), 10_000, "3, 0 left out"),
            ("a word", list(&[]), list(&["GUARDS"]), list(&[]), 10_000, "1 3 2, 0 left out"),
            ("part of a word", list(&[]), list(&["guar"]), list(&[]), 10_000, ", 0 left out"),
            ("a file", list(&[]), list(&[]), list(&["src/plan/guard.rs"]), 10_000, "1 5, 0 left out"),
            ("a folder", list(&[]), list(&[]), list(&["src/"]), 10_000, "1 5, 0 left out"),
            ("not a folder of a like name", list(&[]), list(&[]), list(&["src/pla"]), 10_000, ", 0 left out"),
            (
                "a file or a word",
                list(&[]),
                list(&["wait"]),
                list(&["src/plan/guard.rs"]),
                10_000,
                "1 5 2, 0 left out",
            ),
            ("too small for the longest", list(&[]), list(&[]), list(&[]), 60, "2, 3 left out"),
            ("no budget", list(&[]), list(&[]), list(&[]), 0, ", 4 left out"),
        ];
        for (name, topics, keywords, paths, budget, expected) in rows {
            let found = asked(&Ask { topics: &topics, keywords: &keywords, paths: &paths, budget }, &wiki());
            let ids: Vec<String> = found.entries.iter().map(|id| id.to_string()[25..].to_owned()).collect();
            assert_eq!(format!("{}, {} left out", ids.join(" "), found.left_out), expected, "{name}");
        }
    }

    #[test]
    fn a_prompt_has_whole_entries() {
        insta::assert_snapshot!(asked(&Ask { budget: 10_000, ..Ask::default() }, &wiki()).text, @"
        ### Plans wait [gotchas; recently added] (+2)

        Not guards.

        ### Guards hold back [gotchas; recently added]

        A plan is whole.

        ### Guards in tests [testing; stable for 11 months]

        Use the table.

        ### Years of plans [patterns; stable for 2 years]

        Long.
        ");
    }

    #[test]
    fn a_fence_ends_with_its_entry() {
        let entries = [
            entry(1, "gotchas", "A", "", "Run:\n\n~~~~sh\nmake"),
            entry(2, "gotchas", "B", "", "```\nb\n```"),
        ];
        insta::assert_snapshot!(asked(&Ask { budget: 10_000, ..Ask::default() }, &entries).text, @"
        ### A [gotchas; recently added]

        Run:

        ~~~~sh
        make
        ~~~~

        ### B [gotchas; recently added]

        ```
        b
        ```
        ");
    }

    proptest! {
        #[test]
        fn the_budget_holds_and_the_order_of_entries_does_not_matter(budget in 0_usize..400, order in Just((0_usize..5).collect::<Vec<_>>()).prop_shuffle()) {
            let (wiki, ask) = (wiki(), Ask { budget, ..Ask::default() });
            let shuffled: Vec<Entry> = order.iter().map(|at| wiki[*at].clone()).collect();
            let found = asked(&ask, &shuffled);
            prop_assert!(found.text.chars().count() <= budget);
            prop_assert_eq!(found.entries.len() + found.left_out, 4);
            prop_assert_eq!(found, asked(&ask, &wiki));
        }
    }
}
