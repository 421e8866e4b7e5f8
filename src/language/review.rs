//! What a pull request means for the language of a project, in words, before a person reads it: what becomes of terms, and whose
//! code it changes.

use std::collections::{BTreeMap, BTreeSet};

use super::adr::{Adrs, Pointed, Shared};
use super::code::{Code, Resolution};
use super::keep::{counted, in_span, spanned};
use super::terms::Listing;
use super::terms::change::{Change, What, compare};
use super::wiki::{WikiPage, dotted_paths, files_of};
use crate::model::MEANING_MARKER;
use crate::model::language::Anchor;

/// The most terms, decisions or files that are named.
const MOST: usize = 30;
/// The most changes of terms that are told.
const MOST_CHANGES: usize = 100;
/// The most characters that are told of why a file can't be read.
const WHY: usize = 200;
/// The most characters of what is told; GitHub takes 65,536 in a comment.
const LONGEST: usize = 60_000;

/// A pull request, with the words and the code as they are with it.
#[derive(Clone, Copy)]
pub struct Proposed<'a> {
    /// The terms without it.
    pub before: &'a Listing<'a>,
    /// The terms with it.
    pub after: &'a Listing<'a>,
    /// The pages with it.
    pub pages: &'a [WikiPage],
    /// The decisions with it.
    pub adrs: &'a Adrs,
    /// The code with it.
    pub code: &'a dyn Code,
    /// The files that it changes.
    pub changed: &'a BTreeSet<String>,
    /// The files of terms that can't be read whole, by path, and why: without it, and with it.
    pub unread: [&'a BTreeMap<String, String>; 2],
}

/// What it means, in Markdown; nothing where it means nothing for the language.
pub fn meaning(it: &Proposed<'_>) -> Option<String> {
    let unread = unread(it);
    let changes: Vec<Change> = compare(it.before, it.after, it.pages, it.code)
        .into_iter()
        .filter(|change| is_known(it, change, !unread.is_empty()))
        .collect();
    // A change of an anchor says what becomes of it, and one of something else that it is a term's whose code that is.
    let of = |change: &Change| (change.path.clone(), tells_of_code(&change.what));
    let mut said: BTreeMap<String, bool> = BTreeMap::new();
    for (path, tells) in changes.iter().map(of) {
        *said.entry(path).or_default() |= tells;
    }
    let told: Vec<String> = changes.iter().map(ToString::to_string).collect();
    let mut parts = vec![listed("Terms", &told, MOST_CHANGES)];
    if !unread.is_empty() {
        let says =
            "Nobody can tell what these do to a term, or which terms they take away, until they can be read.";
        parts.push(
            listed("Files of terms that can't be read", &unread, MOST)
                .map(|part| format!("{part}\n{says}\n")),
        );
    }
    parts.push(listed("Code of terms", &terms(it, &said), MOST));
    parts.push(listed("Code that decisions cite", &decisions(it), MOST));
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| whole_lines(&parts.join("\n")))
}

/// What it means beside the others that are open: what it means by itself, and the numbers of its decisions that others have too.
pub fn also(own: Option<&str>, shared: &[Shared<'_>]) -> Option<String> {
    let told = |it: &Shared<'_>| {
        let (number, path, other) = (it.added.number, spanned(&it.added.path), spanned(it.other));
        match it.pull {
            None => format!(
                "{number}, {path}: **the number is taken** by {other} on the branch that this is for; give it the next free \
                 one, which `factoryctl adr new` knows"
            ),
            Some(pull) => {
                format!(
                    "{number}, {path}: #{pull} adds {other}; whichever is merged second needs another number"
                )
            }
        }
    };
    let numbers: Vec<String> = shared.iter().map(told).collect();
    let parts = [own.map(str::to_owned), listed("Numbers of decisions", &numbers, MOST)];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| whole_lines(&parts.join("\n")))
}

/// The comment that is to stand on a pull request which means this; nothing where there is nothing to say. Where a comment is
/// there already, it says so.
pub fn comment(meaning: Option<&str>, is_there: bool) -> Option<String> {
    let says = match meaning {
        Some(meaning) => meaning.trim_end(),
        None if is_there => {
            "Nothing any more: it changes no term, and no code that a term stands for or a decision cites."
        }
        None => return None,
    };
    Some(format!("{MEANING_MARKER}\n## What this pull request means for the language\n\n{says}\n"))
}

/// Whether a change is one, as far as the files could be read. What one says that can't be read whole is no change, and a term
/// that is in none of the others may be in it.
fn is_known(it: &Proposed<'_>, change: &Change, some_unread: bool) -> bool {
    let is_gone = matches!(change.what, What::Removed { .. });
    let is_unread = || it.unread.iter().any(|unread| unread.contains_key(&change.path));
    let may_be_in_another = is_gone && some_unread;
    !may_be_in_another && !is_unread()
}

/// The files of terms that it changes and that can't be read with it.
fn unread(it: &Proposed<'_>) -> Vec<String> {
    let unread = it.unread[1].iter().filter(|(path, _)| it.changed.contains(*path));
    unread.map(|(path, why)| format!("{}: {}", spanned(path), in_span(why, WHY))).collect()
}

/// Whether what happens to a term says what becomes of its anchor.
fn tells_of_code(what: &What) -> bool {
    match what {
        What::Anchored { .. } | What::AnchorBreaks { .. } | What::Added { .. } | What::Removed { .. } => true,
        What::Renamed { .. }
        | What::Redefined(_)
        | What::InvariantAdded(_)
        | What::InvariantRemoved(_)
        | What::Reclassified { .. }
        | What::AliasAdded { .. }
        | What::Shadowed { .. }
        | What::AliasRemoved(_)
        | What::Confidence { .. }
        | What::Superseded(_)
        | What::RelationAdded(..)
        | What::RelationRemoved(..)
        | What::Evidence { .. } => false,
    }
}

/// Whether it changes the file of an anchor, or that in which what is given out there is defined.
fn is_changed(it: &Proposed<'_>, anchor: &Anchor) -> bool {
    it.changed.contains(anchor.path())
        || it.code.defined(anchor).is_some_and(|defined| it.changed.contains(defined.path()))
}

/// The terms whose code is in a file that it changes, and what becomes of their anchors. Of those that it changes too only what
/// breaks is told, unless that is `said`.
fn terms(it: &Proposed<'_>, said: &BTreeMap<String, bool>) -> Vec<String> {
    let live = it.after.terms().iter().filter(|file| file.term.is_live());
    let of_changed = live.filter_map(|file| {
        let anchor = file.term.code_anchor.as_ref().filter(|anchor| is_changed(it, anchor))?;
        let name = format!("{}, {}", spanned(&file.term.name), spanned(&anchor.to_string()));
        let (breaks, told) = match it.code.resolve(anchor) {
            Resolution::Resolves | Resolution::Perhaps(_) => (false, name),
            Resolution::Unindexed(_) => {
                (false, format!("{name}; nobody can tell whether that is still there"))
            }
            Resolution::Moved(to) | Resolution::Renamed { to, commit: _ } => {
                (true, format!("{name}: **its anchor breaks**, and is {} now", spanned(&to.to_string())))
            }
            Resolution::Ambiguous(_) | Resolution::Gone | Resolution::Never => {
                (true, format!("{name}: **its anchor breaks**"))
            }
        };
        match said.get(&file.path) {
            None => Some(told),
            Some(false) if breaks => Some(told),
            Some(_) => None,
        }
    });
    of_changed.collect()
}

/// The live decisions that cite code in a file that it changes, unless it changes them too.
fn decisions(it: &Proposed<'_>) -> Vec<String> {
    let live =
        it.adrs.records.iter().filter(|record| record.is_live() && !it.changed.contains(record.path()));
    let citing = live.filter_map(|record| {
        let places: BTreeSet<String> = (record.citations().iter())
            .filter_map(|cited| match &cited.to {
                Pointed::Symbol(anchor) if is_changed(it, anchor) => Some(anchor.to_string()),
                Pointed::Symbol(_) | Pointed::Line { .. } => None,
            })
            .chain(
                dotted_paths(record.text())
                    .into_iter()
                    .filter(|dotted| files_of(dotted).iter().any(|path| it.changed.contains(path))),
            )
            .collect();
        let first = places.first()?;
        let more = places.len() - 1;
        let more = if more == 0 {
            String::new()
        } else {
            format!(" and {}", counted(more, "more place", "more places"))
        };
        Some(format!("{}: {}{more}", spanned(record.path()), spanned(first)))
    });
    citing.collect()
}

/// A part of what is told, with a title; nothing where there is nothing to list.
fn listed(title: &str, all: &[String], most: usize) -> Option<String> {
    if all.is_empty() {
        return None;
    }
    let lines: Vec<String> = all.iter().take(most).map(|line| format!("- {line}\n")).collect();
    let mut out = format!("**{title}**\n\n{}", lines.concat());
    if all.len() > most {
        out.push_str(&format!("- and {} more\n", all.len() - most));
    }
    Some(out)
}

/// As many whole lines of a text as GitHub takes. Half a line would end within what keeps other people's text apart.
fn whole_lines(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let mut room = LONGEST;
    let fits = |line: &&str| {
        let rest = room.checked_sub(line.chars().count());
        room = rest.unwrap_or(0);
        rest.is_some()
    };
    let kept: String = text.split_inclusive('\n').take_while(fits).collect();
    format!("{kept}\nThat is not all of it.\n")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::language::code::known::Known;
    use crate::language::terms::samples::{ID_A, ID_B, Sample};
    use crate::language::terms::{Read, read};

    fn reads(texts: &[(&str, String)]) -> Vec<Read> {
        texts.iter().map(|(path, text)| read::read(path, text)).collect()
    }

    #[test]
    fn what_changes_is_told_and_whose_code_it_is() {
        let crane =
            Sample::new(ID_A, "Crane").with("code_anchor", "\"src/crane.rs:Crane\"").with("aliases", "[]");
        let dock =
            Sample::new(ID_B, "Dock").with("code_anchor", "\"src/dock.rs:Dock\"").with("aliases", "[]");
        let before = reads(&[("t/crane.md", crane.text()), ("t/dock.md", dock.text())]);
        let after = reads(&[
            ("t/crane.md", crane.text()),
            ("t/dock.md", dock.text().replace("\"Dock\"", "\"Quay\"")),
        ]);
        let renamed = reads(&[
            ("t/crane.md", crane.text().replace("\"Crane\"", "\"Hoist\"")),
            ("t/dock.md", dock.text()),
        ]);
        let adr =
            "# ADR-0001: Lift it\n\n**Status:** Accepted\n\n## Context\n\nIt is `src/crane.rs:Crane`.\n";
        let adrs = Adrs::read([("adr/0001-lift-it.md", adr)]);
        let code = Known {
            files: vec![("src/dock.rs", vec!["Dock"]), ("src/other.rs", vec!["Other"])],
            resolutions: BTreeMap::from([("src/crane.rs:Crane".parse().unwrap(), Resolution::Gone)]),
            ..Known::default()
        };
        let none = BTreeMap::new();
        let told = |before: &[Read], after: &[Read], changed: &[&str]| {
            let changed = changed.iter().map(|path| (*path).to_owned()).collect();
            let (before, after) = (Listing::of(before), Listing::of(after));
            let it = Proposed {
                before: &before,
                after: &after,
                pages: &[],
                adrs: &adrs,
                code: &code,
                changed: &changed,
                unread: [&none, &none],
            };
            meaning(&it).unwrap_or_else(|| "nothing\n".to_owned())
        };
        insta::assert_snapshot!([
            told(&before, &after, &["t/dock.md", "src/crane.rs", "src/dock.rs"]),
            told(&before, &renamed, &["t/crane.md", "src/crane.rs", "adr/0001-lift-it.md"]),
            told(&before, &before, &["src/crane.rs", "adr/0001-lift-it.md"]),
            told(&before, &before, &["src/other.rs"]),
        ].join("---\n"), @r"
        **Terms**

        - `Quay` was called `Dock`

        **Code of terms**

        - `Crane`, `src/crane.rs:Crane`: **its anchor breaks**

        **Code that decisions cite**

        - `adr/0001-lift-it.md`: `src/crane.rs:Crane`
        ---
        **Terms**

        - `Hoist` was called `Crane`

        **Code of terms**

        - `Hoist`, `src/crane.rs:Crane`: **its anchor breaks**
        ---
        **Code of terms**

        - `Crane`, `src/crane.rs:Crane`: **its anchor breaks**
        ---
        nothing
        ");
    }

    /// A term that can't be read is named, and nothing is taken for gone or changed because of it.
    #[test]
    fn what_cannot_be_read_is_no_change() {
        let crane = Sample::new(ID_A, "Crane").with("aliases", "[\"hoist\"]");
        let dock = Sample::new(ID_B, "Dock").with("aliases", "[]");
        let before = reads(&[("t/crane.md", crane.text()), ("t/dock.md", dock.text())]);
        let broken = reads(&[("t/crane.md", crane.text().replace("\"hoist\"", "3"))]);
        let code = Known { files: vec![], ..Known::default() };
        let changed = BTreeSet::from(["t/crane.md".to_owned(), "t/dock.md".to_owned()]);
        let why = |why: &str| BTreeMap::from([("t/crane.md".to_owned(), why.to_owned())]);
        let (none, unread) = (BTreeMap::new(), why("it has `3` as an @alias"));
        let told = |before: &[Read], after: &[Read], unread| {
            let (before, after) = (Listing::of(before), Listing::of(after));
            let adrs = Adrs::read([]);
            let it = Proposed {
                before: &before,
                after: &after,
                pages: &[],
                adrs: &adrs,
                code: &code,
                changed: &changed,
                unread,
            };
            meaning(&it).unwrap_or_else(|| "nothing\n".to_owned())
        };
        insta::assert_snapshot!([
            told(&before, &broken, [&none, &unread]),
            told(&broken, &before[..1], [&unread, &none]),
            told(&before, &before[..1], [&none, &none]),
        ].join("---\n"), @r"
        **Files of terms that can't be read**

        - `t/crane.md`: `it has '3' as an @alias`

        Nobody can tell what these do to a term, or which terms they take away, until they can be read.
        ---
        nothing
        ---
        **Terms**

        - `Dock` is removed
        ");
    }

    #[test]
    fn a_comment_is_made_only_where_there_is_something_to_say() {
        assert_eq!(comment(None, false), None);
        assert!(comment(None, true).is_some_and(|text| text.contains("Nothing any more")));
        let made = comment(Some("- `A` is removed\n"), false).expect("there is something to say");
        assert!(made.starts_with(MEANING_MARKER) && made.ends_with("\n\n- `A` is removed\n"), "{made}");
    }

    /// Whatever a pull request holds, the comment fits, and no line of it is half of one.
    #[test]
    fn a_long_text_is_cut_between_its_lines() {
        let line = format!("- {}\n", in_span(&"x".repeat(900), 900));
        let text = line.repeat(100);
        let cut = whole_lines(&text);
        assert!(cut.chars().count() <= LONGEST + 30, "{}", cut.len());
        let (kept, rest) = cut.rsplit_once("\n\n").expect("it says so");
        assert_eq!(rest, "That is not all of it.\n");
        assert!(kept.lines().all(|one| one == line.trim_end()));
        assert_eq!(whole_lines(&line), line);
    }
}
