//! Which terms a text names, in whatever spelling: `Change budget`, `ChangeBudget`, `change_budgets`.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::AhoCorasick;

use crate::language::slug::of_name;
use crate::language::terms::TermFile;

/// The most names and aliases that are looked for; those of the terms that come last are not.
const MOST_WORDS: usize = 100_000;

/// The names and aliases of terms.
pub(super) struct Mentions {
    finder: AhoCorasick,
    /// For each word the terms that have it, by their place in the list.
    terms: Vec<BTreeSet<usize>>,
}

impl Mentions {
    /// Those of these terms.
    pub(super) fn of(terms: &[&TermFile]) -> Self {
        let mut words: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        for (at, file) in terms.iter().enumerate() {
            for word in std::iter::once(&file.term.name).chain(&file.term.aliases) {
                let slug = of_name(word);
                if !slug.is_empty() && (words.len() < MOST_WORDS || words.contains_key(&slug)) {
                    words.entry(slug).or_default().insert(at);
                }
            }
        }
        let (patterns, terms): (Vec<String>, Vec<BTreeSet<usize>>) =
            words.into_iter().map(|(slug, terms)| (format!("-{slug}"), terms)).unzip();
        let finder = AhoCorasick::new(patterns).expect("so many words of that length have states enough");
        Self { finder, terms }
    }

    /// The terms that a text names, by their place in the list.
    pub(super) fn in_text(&self, text: &str) -> BTreeSet<usize> {
        let text = format!("-{}-", of_name(text));
        let hits = self.finder.find_overlapping_iter(&text).filter(|hit| {
            let after = &text[hit.end()..];
            ["-", "s-", "es-"].iter().any(|end| after.starts_with(end))
        });
        hits.flat_map(|hit| &self.terms[hit.pattern().as_usize()]).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::language::terms::samples::{ID_A, ID_B, Sample};

    use super::Mentions;

    #[test]
    fn names_are_found_in_any_spelling() {
        let files = [
            Sample::new(ID_A, "Change budget").with("aliases", "[\"allowance\"]"),
            Sample::new(ID_B, "GatePort").with("aliases", "[\"allowance\"]"),
        ]
        .map(|sample| sample.read("t/a.md").file.unwrap());
        let mentions = Mentions::of(&[&files[0], &files[1]]);
        for (name, text, expected) in [
            ("as it is", "A change budget.", vec![0]),
            ("over lines", "The change\n  Budget", vec![0]),
            ("code", "`src/gate.rs:GatePort` and change_budgets", vec![0, 1]),
            ("parts", "a budget that changes, an interchange budget", vec![]),
            ("longer words", "change budgeting", vec![]),
            ("an alias of both", "allowances", vec![0, 1]),
            ("nothing", "", vec![]),
        ] {
            assert_eq!(mentions.in_text(text).into_iter().collect::<Vec<_>>(), expected, "{name}");
        }
        assert!(Mentions::of(&[]).in_text("change budget").is_empty());
    }
}
