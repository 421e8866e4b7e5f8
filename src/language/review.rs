//! What a pull request means for the language of a project, in words, before a person reads it: what becomes of terms, and whose
//! code it changes.

use std::collections::BTreeSet;

use super::adr::{Adrs, Pointed};
use super::code::{Code, Resolution};
use super::keep::{counted, spanned};
use super::terms::Listing;
use super::terms::change::{bullets, compare};
use super::wiki::WikiPage;

/// The most terms or decisions that are named.
const MOST: usize = 30;

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
}

/// What it means, in Markdown; nothing where it means nothing for the language.
pub fn meaning(it: &Proposed<'_>) -> Option<String> {
    let mut out = String::new();
    let changes = compare(it.before, it.after, it.pages, it.code);
    if !changes.is_empty() {
        out.push_str("**Terms**\n\n");
        out.push_str(&bullets(&changes));
    }
    // What the change of a term says of its anchor is said above.
    let said: BTreeSet<&str> = changes.iter().map(|change| change.path.as_str()).collect();
    let terms = terms(it, &said);
    if !terms.is_empty() {
        out.push_str(&format!("\n**Code of terms**\n\n{}", listed(&terms)));
    }
    let decisions = decisions(it);
    if !decisions.is_empty() {
        out.push_str(&format!("\n**Code that decisions cite**\n\n{}", listed(&decisions)));
    }
    Some(out.trim_start().to_owned()).filter(|out| !out.is_empty())
}

/// The terms whose code is in a file that it changes, and what becomes of their anchors.
fn terms(it: &Proposed<'_>, said: &BTreeSet<&str>) -> Vec<String> {
    let live =
        it.after.terms().iter().filter(|file| file.term.is_live() && !said.contains(file.path.as_str()));
    let of_changed = live.filter_map(|file| {
        let anchor = file.term.code_anchor.as_ref().filter(|anchor| it.changed.contains(anchor.path()))?;
        let name = format!("{}, {}", spanned(&file.term.name), spanned(&anchor.to_string()));
        Some(match it.code.resolve(anchor) {
            Resolution::Resolves => name,
            Resolution::Unindexed(_) => format!("{name}; nobody can tell whether that is still there"),
            Resolution::Moved(to) | Resolution::Renamed { to, commit: _ } => {
                format!("{name}: **its anchor breaks**, and is {} now", spanned(&to.to_string()))
            }
            Resolution::Ambiguous(_) | Resolution::Gone => format!("{name}: **its anchor breaks**"),
        })
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
                Pointed::Symbol(anchor) if it.changed.contains(anchor.path()) => Some(anchor.to_string()),
                Pointed::Symbol(_) | Pointed::Line { .. } => None,
            })
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

fn listed(all: &[String]) -> String {
    let lines: Vec<String> = all.iter().take(MOST).map(|line| format!("- {line}\n")).collect();
    let mut out = lines.concat();
    if all.len() > MOST {
        out.push_str(&format!("- and {} more\n", all.len() - MOST));
    }
    out
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
        let adr =
            "# ADR-0001: Lift it\n\n**Status:** Accepted\n\n## Context\n\nIt is `src/crane.rs:Crane`.\n";
        let adrs = Adrs::read([("adr/0001-lift-it.md", adr)]);
        let code = Known {
            files: vec![("src/dock.rs", vec!["Dock"]), ("src/other.rs", vec!["Other"])],
            resolutions: BTreeMap::from([("src/crane.rs:Crane".parse().unwrap(), Resolution::Gone)]),
            ..Known::default()
        };
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
            };
            meaning(&it).unwrap_or_else(|| "nothing\n".to_owned())
        };
        insta::assert_snapshot!([
            told(&before, &after, &["t/dock.md", "src/crane.rs", "src/dock.rs"]),
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
        **Code of terms**

        - `Crane`, `src/crane.rs:Crane`: **its anchor breaks**
        ---
        nothing
        ");
    }
}
