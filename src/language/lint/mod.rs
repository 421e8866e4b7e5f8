//! The rules of the language: one registry, one file for a rule or a small family.
//!
//! A rule is a pure function from everything there is to what it finds; all rules look at everything, and what they
//! find is said at once.

mod aliases;
mod anchors;
mod canonical;
mod coverage;
mod declared;
mod dependency;
mod frontmatter;
mod relations;
mod roots;
mod slugs;
mod succession;
#[cfg(test)]
mod tests;
mod unique;

pub(crate) use dependency::Owners;
pub use frontmatter::FRONTMATTER;

use crate::model::language::Language;

use super::code::{Code, Resolution};
use super::finding::Finding;
use super::prose::{Use, Vocabulary};
use super::rule::{self, Found};
use super::terms::{Listing, Read, TermFile};
use super::wiki::WikiPage;

/// Every rule.
pub const RULES: [Rule; 16] = [
    FRONTMATTER,
    roots::ROOTS,
    anchors::ANCHORS,
    unique::ID,
    unique::NAME,
    slugs::SLUG,
    aliases::OF_ANOTHER,
    aliases::BROAD,
    canonical::CANONICAL,
    relations::TARGET,
    relations::KIND,
    declared::KIND,
    declared::CONTEXT,
    succession::SUCCESSION,
    coverage::COVERAGE,
    dependency::FORBIDDEN,
];

/// One rule about terms.
pub type Rule = rule::Rule<fn(&Cx<'_>) -> Vec<Found>>;

/// All that rules look at.
pub struct Cx<'a> {
    reads: &'a [Read],
    listing: Listing<'a>,
    /// The pages, with the uses of aliases in each.
    pages: Vec<(&'a WikiPage, Vec<Use<'a>>)>,
    code: &'a dyn Code,
    language: &'a Language,
}

impl<'a> Cx<'a> {
    /// Gathers it. Pages that are term files, or rendered from them, are left out.
    pub fn new(reads: &'a [Read], pages: &'a [WikiPage], code: &'a dyn Code, language: &'a Language) -> Self {
        let listing = Listing::of(reads);
        let live: Vec<&TermFile> =
            listing.terms().iter().copied().filter(|file| file.term.is_live()).collect();
        let vocabulary = Vocabulary::of(&live);
        let folder = format!("{}/", language.terms.trim_end_matches('/'));
        let rendered = [language.glossary.as_deref(), language.map.as_deref()];
        let written = |page: &&WikiPage| {
            !page.path.starts_with(&folder) && !rendered.contains(&Some(page.path.as_str()))
        };
        let pages = pages.iter().filter(written).map(|page| (page, vocabulary.uses(&page.text))).collect();
        Self { reads, listing, pages, code, language }
    }

    /// The terms in use.
    fn live(&self) -> impl Iterator<Item = &'a TermFile> {
        self.listing.terms().iter().copied().filter(|file| file.term.is_live())
    }
}

/// Everything that the rules find, sorted by path and place.
pub fn run(cx: &Cx<'_>) -> Vec<Finding> {
    rule::run(&RULES, &cx.language.rules, |check| check(cx))
}
