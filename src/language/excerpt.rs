//! What a project's language has to say of a piece of work, for a prompt: the terms that its words are about, the decisions that
//! cite what it touches, what the wiki knows of both. Within a budget, and the same for the same words.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::model;

use super::adr::{Adrs, Pointed};
use super::code::Code;
use super::keep::visible;
use super::prose::plural_of;
use super::terms::{Listing, TermFile};
use super::wiki::stale::World;
use super::wiki::{Ask, CodeRef, Entry, dotted_paths, files_of, query, spaced};

/// The language of one state of a repository.
#[derive(Clone, Copy)]
pub struct Spoken<'a> {
    /// Its terms.
    pub terms: &'a Listing<'a>,
    /// Its decisions.
    pub adrs: &'a Adrs,
    /// The entries of its wiki.
    pub entries: &'a [Entry],
    /// The code that entries cite.
    pub code: &'a dyn Code,
    /// Now.
    pub now: Timestamp,
}

/// What it says of the words of a text, in Markdown of at most so many characters; nothing where it says nothing.
///
/// Terms have half of the budget, decisions a quarter, and the wiki what is left. What doesn't fit is counted.
pub fn excerpt(spoken: &Spoken<'_>, text: &str, budget: usize) -> Option<String> {
    let words = spaced(text);
    let about: Vec<&TermFile> =
        spoken.terms.terms().iter().copied().filter(|it| is_about(it, &words, text)).collect();
    let mut out = String::new();
    let lines: Vec<String> = about.iter().map(|file| term(file)).collect();
    section(&mut out, "Terms", &lines, budget / 2);
    let used = out.chars().count();
    section(&mut out, "Decisions", &decisions(spoken.adrs, text), (budget - used).min(budget / 4));
    let keywords: Vec<String> = about.iter().map(|file| file.term.name.clone()).collect();
    let paths: Vec<String> = cited(spoken).filter(|path| names(text, path)).map(str::to_owned).collect();
    if !keywords.is_empty() || !paths.is_empty() {
        let title = if out.is_empty() { "Wiki:\n\n" } else { "\nWiki:\n\n" };
        let left = budget.saturating_sub(out.chars().count() + title.chars().count());
        let ask = Ask { topics: &[], keywords: &keywords, paths: &paths, budget: left };
        let world = World { now: spoken.now, code: spoken.code, reverted: &BTreeSet::new() };
        let found = query(spoken.entries, &ask, &world);
        if !found.text.is_empty() {
            out.push_str(title);
            out.push_str(&found.text);
        }
    }
    Some(out).filter(|out| !out.is_empty())
}

/// Whether a text speaks of a term: by its name, by an alias, or by the file of its code.
fn is_about(file: &TermFile, words: &str, text: &str) -> bool {
    let term = &file.term;
    let spoken = |name: &String| {
        let name = spaced(name);
        // One of them, or several.
        let many = format!("{} ", plural_of(name.trim_end()));
        name.trim().len() > 1 && (words.contains(&name) || words.contains(&many))
    };
    let anchored = || term.code_anchor.as_ref().is_some_and(|anchor| names(text, anchor.path()));
    term.is_live() && (spoken(&term.name) || term.aliases.iter().any(spoken) || anchored())
}

/// A term on a line.
fn term(file: &TermFile) -> String {
    let term = &file.term;
    let anchor = term.code_anchor.as_ref().map(|anchor| format!("; `{anchor}`")).unwrap_or_default();
    let said: Vec<&str> = term.definition.split_whitespace().collect();
    let mut out =
        format!("- **{}** ({}, {}{anchor}): {}", term.name, term.kind, term.bounded_context, said.join(" "));
    if !term.invariants.is_empty() {
        let all: Vec<String> =
            term.invariants.iter().map(|it| it.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        out.push_str(&format!(" Always: {}", all.join("; ")));
    }
    if !term.aliases.is_empty() {
        out.push_str(&format!(" Say its name, and not {}.", term.aliases.join(", ")));
    }
    out
}

/// The live decisions that cite a file which a text names, or that it names itself.
fn decisions(adrs: &Adrs, text: &str) -> Vec<String> {
    let live = adrs.records.iter().filter(|record| record.is_live());
    let touched = live.filter(|record| {
        let is_cited = record.citations().iter().any(|cited| match &cited.to {
            Pointed::Symbol(anchor) => names(text, anchor.path()),
            Pointed::Line { path, .. } => names(text, path),
        });
        let is_led_to = || {
            let led = dotted_paths(record.text());
            led.iter().any(|dotted| files_of(dotted).iter().any(|path| names(text, path)))
        };
        is_cited || is_led_to() || names(text, record.path()) || names(text, record.file_name())
    });
    touched.map(|record| format!("- `{}`: {}", record.path(), record.title_text())).collect()
}

/// The files that entries are about.
fn cited<'a>(spoken: &Spoken<'a>) -> impl Iterator<Item = &'a str> {
    let refs = spoken.entries.iter().flat_map(|entry| &entry.facts().code_refs);
    refs.map(CodeRef::path).collect::<BTreeSet<&str>>().into_iter()
}

/// Lines under a title, as many as fit.
fn section(out: &mut String, title: &str, lines: &[String], budget: usize) {
    let mut text = format!("{}{title}:\n\n", if out.is_empty() { "" } else { "\n" });
    // What is said of what doesn't fit has its place.
    let mut left = budget.saturating_sub(text.chars().count() + 40);
    let mut shown = 0;
    for line in lines {
        let line = format!("{}\n", visible(&model::visible(line).0));
        let length = line.chars().count();
        if length > left {
            continue;
        }
        text.push_str(&line);
        left -= length;
        shown += 1;
    }
    if shown == 0 {
        return;
    }
    if shown < lines.len() {
        text.push_str(&format!("- and {} more\n", lines.len() - shown));
    }
    out.push_str(&text);
}

/// Whether a text names a file or a folder, as a whole path.
fn names(text: &str, path: &str) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '/');
    !path.is_empty()
        && text.match_indices(path).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let mut after = text[at + path.len()..].chars();
            // A full stop ends a sentence, or goes on with the name of the file.
            let is_whole = match after.next() {
                Some('.') => !after.next().is_some_and(char::is_alphanumeric),
                Some(c) => !goes_on(c),
                None => true,
            };
            is_whole && !before.is_some_and(|c| goes_on(c) || c == '.')
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::code::Unread;
    use crate::language::terms::samples::{ID_A, ID_B, Sample};
    use crate::language::terms::{Read, read};
    use crate::language::wiki::sample::entry;

    #[test]
    fn a_path_is_named_as_a_whole() {
        for (text, named) in [
            ("see src/plan.rs.", true),
            ("see `src/plan.rs:12`", true),
            ("src/plan.rs", true),
            ("src/plan.rs.bak", false),
            ("other/src/plan.rs", false),
            ("src/plan.rs/x", false),
            ("", false),
        ] {
            assert_eq!(names(text, "src/plan.rs"), named, "{text}");
        }
        assert!(!names("anything", ""));
    }

    #[test]
    fn a_term_is_spoken_of_by_one_or_several() {
        let crane = Sample::new(ID_A, "Bylaw policy").with("aliases", "[\"box\", \"hoist\"]");
        let file = crane.read("t/a.md").file.unwrap();
        for (text, about) in [
            ("The bylaw policies are old", true),
            ("Two boxes.", true),
            ("a box, hoists", true),
            ("boxers and hoisted bylaws", false),
        ] {
            assert_eq!(is_about(&file, &spaced(text), text), about, "{text}");
        }
    }

    #[test]
    fn what_fits_the_words_is_told_within_the_budget() {
        let crane = Sample::new(ID_A, "Crane").with("aliases", "[\"hoist\"]");
        let dock = Sample::new(ID_B, "Dock").with("aliases", "[]");
        let reads: Vec<Read> = [
            ("t/crane.md", crane.text().replace("What Crane means.", "What Crane <!-- breaks: -->means.")),
            ("t/dock.md", dock.text()),
        ]
        .iter()
        .map(|(path, text)| read::read(path, text))
        .collect();
        let terms = Listing::of(&reads);
        let adr = |title: &str, status: &str| {
            format!(
                "# ADR-0001: {title}\n\n**Status:** {status}\n\n## Context\n\nIt is `src/crane.rs:Crane`.\n"
            )
        };
        let (lift, drop) = (adr("Lift it", "Accepted"), adr("Drop it", "Rejected"));
        let adrs =
            Adrs::read([("adr/0001-lift-it.md", lift.as_str()), ("adr/0002-drop-it.md", drop.as_str())]);
        let entries = vec![
            entry(
                1,
                "gotchas",
                "A crane sways",
                "code_refs: [\"src/crane.rs\"]",
                "Wait <!-- not -->for the wind.\n\n[//]: # (Or break it.)",
            ),
            entry(2, "gotchas", "Ropes", "", "Oil them."),
        ];
        let now = "2026-12-01T00:00:00Z".parse().unwrap();
        let spoken = Spoken { terms: &terms, adrs: &adrs, entries: &entries, code: &Unread, now };
        let told =
            |text: &str, budget| excerpt(&spoken, text, budget).unwrap_or_else(|| "nothing\n".to_owned());
        insta::assert_snapshot!([
            told("The hoists are slow", 2_000),
            told("The hoist is slow", 2_000),
            told("Mend src/crane.rs.", 2_000),
            told("The dock and the crane", 320),
        ].join("---\n"), @r"
        Terms:

        - **Crane** (entity, yard; `src/crane.rs:Crane`): What Crane means. Always: It holds. Say its name, and not hoist.

        Wiki:

        ### A crane sways [gotchas; recently added]

        Wait for the wind.
        ---
        Terms:

        - **Crane** (entity, yard; `src/crane.rs:Crane`): What Crane means. Always: It holds. Say its name, and not hoist.

        Wiki:

        ### A crane sways [gotchas; recently added]

        Wait for the wind.
        ---
        Terms:

        - **Crane** (entity, yard; `src/crane.rs:Crane`): What Crane means. Always: It holds. Say its name, and not hoist.

        Decisions:

        - `adr/0001-lift-it.md`: Lift it

        Wiki:

        ### A crane sways [gotchas; recently added]

        Wait for the wind.
        ---
        Terms:

        - **Dock** (entity, yard; `src/dock.rs:Dock`): What Dock means. Always: It holds.
        - and 1 more

        Wiki:

        ### A crane sways [gotchas; recently added]

        Wait for the wind.
        ");
        for budget in 0..600 {
            let length = excerpt(&spoken, "The dock, the crane and src/crane.rs", budget)
                .map_or(0, |it| it.chars().count());
            assert!(length <= budget, "{length} of {budget}");
        }
    }
}
