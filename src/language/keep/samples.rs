//! A repository as a table of files, for the tests of keepers: it is looked at, changed by a proposal, and looked at again.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::language::adr::Adrs;
use crate::language::code::known::Known;
use crate::language::render::glossary;
use crate::language::terms::Listing;
use crate::language::terms::read::read;
use crate::language::terms::samples::language;
use crate::language::wiki::{Entry, WikiPage};
use crate::model::language::{Anchor, Language};

use super::{Answer, Kept, Look, Proposal};

/// A repository.
#[derive(Clone)]
pub(crate) struct World {
    /// What config says.
    pub(crate) language: Language,
    /// Its files below the folder of the wiki.
    pub(crate) files: BTreeMap<String, String>,
    /// The files that are there and can't be read.
    pub(crate) unread: BTreeSet<String>,
    /// Its code.
    pub(crate) code: Known,
    /// The answers that were given.
    pub(crate) answers: BTreeMap<String, Answer>,
    /// Now.
    pub(crate) now: Timestamp,
}

impl World {
    /// A harbour with these files and this code, and a glossary.
    pub(crate) fn new(files: impl IntoIterator<Item = (&'static str, String)>, code: Known) -> Self {
        let language = Language { glossary: Some("wiki/glossary.md".into()), ..language() };
        let mut code = code;
        // Where no code is read at all, nobody takes any of it for gone.
        if code.files.is_empty() {
            code.files.push(("src/harbour.rs", vec!["Harbour"]));
        }
        Self {
            language,
            files: files.into_iter().map(|(path, text)| (path.to_owned(), text)).collect(),
            code,
            unread: BTreeSet::new(),
            answers: BTreeMap::new(),
            now: "2026-12-01T00:00:00Z".parse().unwrap(),
        }
    }

    /// What a keeper decides of it.
    pub(crate) fn look(&self, keep: fn(&Look<'_>) -> Kept) -> Kept {
        let rendered = [self.language.glossary.as_deref(), self.language.map.as_deref()];
        let (mut terms, mut pages, mut others, mut entries) = (vec![], vec![], vec![], vec![]);
        for (path, text) in &self.files {
            let page = WikiPage { path: path.clone(), text: text.clone() };
            if path.starts_with("wiki/terms/") {
                terms.push(read(path, text));
            } else if rendered.contains(&Some(path.as_str())) {
                others.push(page);
            } else {
                let below = path.strip_prefix("wiki/").expect("all files are below the wiki");
                entries.extend(Entry::read(below, text));
                pages.push(page);
            }
        }
        keep(&Look {
            language: &self.language,
            terms: &terms,
            pages: &pages,
            entries: &entries,
            adrs: &Adrs::default(),
            code: &self.code,
            others: &others,
            unread: &self.unread,
            answers: &self.answers,
            merged: &[],
            repo: "acme/harbour",
            now: self.now,
        })
    }

    /// The glossary that its terms render to.
    pub(crate) fn rendered(&self) -> String {
        let reads: Vec<_> = self.files.iter().map(|(path, text)| read(path, text)).collect();
        let listing = Listing::of(&reads);
        glossary::render(listing.terms().iter().map(|file| &file.term), &glossary::Head::default())
    }

    /// This one after a proposal.
    pub(crate) fn applied(&self, proposal: &Proposal) -> Self {
        let mut after = self.clone();
        for (path, text) in &proposal.files {
            after.files.insert(path.clone(), text.clone());
        }
        after
    }

    /// What a keeper decides of it, and the repository after that, in which nothing more is proposed.
    ///
    /// A proposal changes files of terms and rendered ones only; a term's file that it changes reads
    /// without errors.
    pub(crate) fn settled(&self, keep: fn(&Look<'_>) -> Kept) -> (Kept, Self) {
        let kept = self.look(keep);
        let Some(proposal) = &kept.proposal else { return (kept, self.clone()) };
        assert!(!proposal.files.is_empty() && proposal.changes.is_sorted());
        assert!(proposal.changes.iter().all(|line| !line.contains('\n')));
        for (path, text) in &proposal.files {
            let rendered =
                self.language.glossary.as_ref() == Some(path) || self.language.map.as_ref() == Some(path);
            assert!(rendered || path.starts_with("wiki/terms/"), "{path}");
            assert!(rendered || read(path, text).errors.is_empty(), "{path}");
            assert_ne!(self.files.get(path), Some(text), "{path}");
        }
        let mut after = self.applied(proposal);
        let again = after.look(keep);
        assert_eq!(again.proposal, None, "a proposal that was merged isn't made again");
        after.now = "2026-12-02T00:00:00Z".parse().unwrap();
        assert_eq!(after.look(keep).proposal, None, "nor is it a day later");
        (kept, after)
    }

    /// This one with an answer to the only question of a keeper, or to the one about something.
    pub(crate) fn answered(&self, keep: fn(&Look<'_>) -> Kept, about: &str, value: Value) -> Self {
        let kept = self.look(keep);
        let ask = kept.asks.iter().find(|ask| ask.about.contains(about)).expect("it is asked for");
        let mut after = self.clone();
        after.answers.insert(ask.key.clone(), Answer::Given(value));
        after
    }

    /// What a keeper decides, for people: changes, lines that differ, questions and problems.
    pub(crate) fn told(&self, kept: &Kept) -> String {
        let mut lines = Vec::new();
        if let Some(proposal) = &kept.proposal {
            lines.push(format!("# {}", proposal.title));
            lines.extend(proposal.changes.iter().map(|change| format!("* {change}")));
            for (path, text) in &proposal.files {
                lines.push(format!("{path}:"));
                let before = self.files.get(path).map_or("", String::as_str);
                let after = text.as_str();
                let diff = TextDiff::from_lines(before, after);
                lines.extend(diff.iter_all_changes().filter_map(|change| {
                    let line = change.value().trim_end();
                    match change.tag() {
                        ChangeTag::Insert => Some(format!("  +{line}")),
                        ChangeTag::Delete => Some(format!("  -{line}")),
                        ChangeTag::Equal => None,
                    }
                }));
            }
        }
        lines.extend(kept.asks.iter().map(|ask| format!("? {}", ask.about)));
        lines.extend(kept.problems.iter().map(|problem| format!("! {problem}")));
        lines.join("\n")
    }
}

/// An anchor.
pub(crate) fn at(text: &str) -> Anchor {
    text.parse().unwrap()
}
