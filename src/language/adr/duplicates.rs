//! Decisions that may say the same: by how alike their titles are, and their sections Decision.

use std::collections::BTreeMap;

use similar::TextDiff;

use super::number::Number;
use super::record::Record;

/// From which ratio on two decisions are told to be alike.
pub const ALIKE: f32 = 0.7;

/// The most words of a section that are compared.
const MOST_WORDS: usize = 600;

/// A decision that is like another one.
#[derive(Clone, Debug, PartialEq)]
pub struct Alike {
    /// Its number.
    pub number: Number,
    /// Its file.
    pub path: String,
    /// How alike the titles are: 0 to 1.
    pub titles: f32,
    /// How alike the sections Decision are: 0 to 1.
    pub decisions: f32,
}

impl Alike {
    /// The larger of the two ratios.
    pub fn ratio(&self) -> f32 {
        self.titles.max(self.decisions)
    }
}

/// The decisions that are like one, the most alike first; not itself, nor those whose place it takes or that took its.
pub fn alike(record: &Record, others: &[Record]) -> Vec<Alike> {
    let (title, decision) = (letters(record.title_text()), words(record));
    let mut found = Vec::new();
    for other in others.iter().filter(|other| other.path() != record.path() && !related(record, other)) {
        let titles = ratio(&title, &letters(other.title_text()));
        let decisions = ratio(&decision, &words(other));
        let alike = Alike { number: other.number(), path: other.path().to_owned(), titles, decisions };
        if alike.ratio() >= ALIKE {
            found.push(alike);
        }
    }
    found.sort_by(|a, b| b.ratio().total_cmp(&a.ratio()).then_with(|| a.path.cmp(&b.path)));
    found
}

fn related(a: &Record, b: &Record) -> bool {
    let names =
        |all: &[(Number, std::ops::Range<usize>)], of: Number| all.iter().any(|(number, _)| *number == of);
    let says = |one: &Record, of: &Record| {
        names(one.supersedes(), of.number()) || names(one.superseded_by(), of.number())
    };
    says(a, b) || says(b, a)
}

/// The letters of a title in one case, with one blank between its words.
fn letters(title: &str) -> Vec<String> {
    bare(title).join(" ").chars().map(String::from).collect()
}

/// The words of the section Decision, as far as they are compared.
fn words(record: &Record) -> Vec<String> {
    let section = record.section("Decision").map_or("", |section| &record.text()[section.body.clone()]);
    let mut words = bare(section);
    words.truncate(MOST_WORDS);
    words
}

fn bare(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

/// How much of two sequences is the same, in the same order; 0 where one has nothing.
fn ratio(a: &[String], b: &[String]) -> f32 {
    if a.is_empty() || b.is_empty() || at_most(a, b) < ALIKE {
        return 0.0;
    }
    let (a, b): (Vec<&str>, Vec<&str>) =
        (a.iter().map(String::as_str).collect(), b.iter().map(String::as_str).collect());
    TextDiff::from_slices(&a, &b).ratio()
}

/// What the ratio can be at most: as if the order didn't matter. It is cheap, and rules most pairs out.
fn at_most(a: &[String], b: &[String]) -> f32 {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for word in a {
        *counts.entry(word).or_default() += 1;
    }
    let mut common = 0_u16;
    for word in b {
        if let Some(left) = counts.get_mut(word.as_str()).filter(|left| **left > 0) {
            *left -= 1;
            common = common.saturating_add(1);
        }
    }
    let all = u16::try_from(a.len() + b.len()).unwrap_or(u16::MAX);
    2.0 * f32::from(common) / f32::from(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adr(number: u16, facts: &str, title: &str, decision: &str) -> Record {
        let text = format!("# ADR-{number:04}: {title}\n{facts}\n## Decision\n{decision}\n## Consequences\n");
        Record::read(&format!("adr/{number:04}-a.md"), &text).unwrap()
    }

    #[test]
    fn what_may_be_the_same_is_found() {
        let long = "All ordinary settings of one repository that differ are one action and one request.";
        let changed =
            "All ordinary settings of one repository which differ make one action, and one request.";
        let one = adr(1, "", "Settings are one patch", long);
        let rows = [
            ("other words", adr(2, "", "Git reads in process", "Git is read in this process."), None),
            ("a title alike", adr(2, "", "Settings are one PATCH!", "Another thing."), Some("titles")),
            ("a decision alike", adr(2, "", "Something else entirely", changed), Some("decisions")),
            ("its successor", adr(2, "Supersedes: ADR-0001", "Settings are one patch", long), None),
            ("itself", one.clone(), None),
            ("nothing said", adr(2, "", "", ""), None),
        ];
        for (name, other, expected) in rows {
            let found = alike(&one, &[other]);
            let by = found.first().map(|a| if a.titles >= a.decisions { "titles" } else { "decisions" });
            assert_eq!(by, expected, "{name}: {found:?}");
        }
    }

    #[test]
    fn the_most_alike_comes_first() {
        let others = [
            adr(2, "", "Settings are one patch now", "x"),
            adr(3, "", "Settings are one patch", "y"),
            adr(4, "", "Settings are one patch", "z"),
        ];
        let found = alike(&adr(1, "", "Settings are one patch", "w"), &others);
        let order: Vec<u16> = found.iter().map(|alike| alike.number.get()).collect();
        assert_eq!(order, [3, 4, 2]);
    }
}
