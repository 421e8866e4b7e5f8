//! The language and the memory of a repository: terms, decisions and wiki, their rules, and what is rendered from them.
//!
//! Nothing here reads a file, a clock or a repository: texts and times are arguments.

pub mod adr;
pub mod code;
pub mod excerpt;
pub mod finding;
pub mod fix;
pub mod front;
pub mod globs;
pub mod keep;
pub mod lint;
pub mod markdown;
pub mod prose;
pub mod render;
pub mod review;
pub mod rule;
pub mod slug;
pub mod suggest;
pub mod terms;
pub mod ulid;
pub mod unmerged;
pub mod wiki;

use crate::model::language::Level;

/// How many of something, in words.
pub fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// Every rule as it is documented: its name, its level where config doesn't say, and what it asks for.
pub fn described() -> Vec<(&'static str, Level, &'static str)> {
    let terms = lint::RULES.iter().map(|rule| (rule.name, rule.level, rule.doc));
    let adrs = adr::RULES.iter().map(|rule| (rule.name, rule.level, rule.doc));
    let others = [&wiki::ENTRY, &wiki::CITATION, &unmerged::UNMERGED, &render::kept::RENDERED]
        .map(|rule| (rule.name, rule.level, rule.doc));
    terms.chain(adrs).chain(others).collect()
}

/// The names of every rule, as config spells them.
pub fn rules() -> Vec<&'static str> {
    described().into_iter().map(|(name, _, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{described, rules};

    #[test]
    fn rules_are_named_once_and_explained() {
        let names: BTreeSet<&str> = rules().into_iter().collect();
        assert_eq!(names.len(), rules().len());
        assert!(["frontmatter", "adr-status", "wiki-citation"].iter().all(|name| names.contains(name)));
        for (name, _, doc) in described() {
            let spelt = |c: char| c.is_ascii_lowercase() || c == '-';
            assert!(name.chars().all(spelt), "{name}");
            assert!(!doc.is_empty() && !doc.ends_with('.') && !doc.contains('\n'), "{name}: {doc}");
        }
    }
}
