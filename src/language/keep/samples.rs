//! A repository as a table of files, for the tests of keepers: it is looked at, answered, changed by a proposal, and looked at
//! again.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::language::adr::Adrs;
use crate::language::code::known::Known;
use crate::language::render::glossary;
use crate::language::terms::Listing;
use crate::language::terms::read::read;
use crate::language::terms::samples::language;
use crate::language::wiki::{Entry, Pull, WikiPage, is_named_so};
use crate::model::language::{Anchor, Language};
use crate::model::samples::name;

use super::{Answer, Ask, Kept, Look, Merged, Proposal};

/// Files by path from the root, and what is known besides.
#[derive(Clone)]
pub(crate) struct Repository {
    /// What its config says.
    pub(crate) language: Language,
    /// Its files.
    pub(crate) files: BTreeMap<String, String>,
    /// The files that are there and can't be read.
    pub(crate) unread: BTreeSet<String>,
    /// Its code.
    pub(crate) code: Known,
    /// What was answered.
    pub(crate) answers: BTreeMap<String, Answer>,
    /// What was merged.
    pub(crate) merged: Vec<Merged>,
    /// What was reverted.
    pub(crate) reverted: BTreeSet<Pull>,
    /// Now.
    pub(crate) now: Timestamp,
}

impl Repository {
    /// An empty one.
    pub(crate) fn new(code: Known) -> Self {
        Self {
            language: language(),
            files: BTreeMap::new(),
            unread: BTreeSet::new(),
            code,
            answers: BTreeMap::new(),
            merged: Vec::new(),
            reverted: BTreeSet::new(),
            now: "2026-12-01T00:00:00Z".parse().expect("it is a moment"),
        }
    }

    /// A harbour with these files and this code, and a glossary.
    pub(crate) fn harbour(files: impl IntoIterator<Item = (&'static str, String)>, mut code: Known) -> Self {
        // Where no code is read at all, nobody takes any of it for gone.
        if code.files.is_empty() {
            code.files.push(("src/harbour.rs", vec!["Harbour"]));
        }
        let mut it = files.into_iter().fold(Self::new(code), |all, (path, text)| all.file(path, &text));
        it.language.glossary = Some("wiki/glossary.md".into());
        it
    }

    /// One with these files of decisions, and code that they may cite.
    pub(crate) fn of_decisions<'a>(files: impl IntoIterator<Item = (&'a str, String)>) -> Self {
        let code = Known {
            files: vec![
                ("src/a.rs", vec!["Guard", "tests.holds"]),
                ("src/b.rs", vec!["Moved", "tests.moved"]),
                ("factory.kdl", vec![]),
                ("docs/A.md", vec![]),
            ],
            unread: vec!["src/broken.rs"],
            commands: vec!["make check"],
            ..Known::default()
        };
        let mut it = files.into_iter().fold(Self::new(code), |all, (path, text)| all.file(path, &text));
        it.now = Timestamp::UNIX_EPOCH;
        it
    }

    /// With an entry.
    pub(crate) fn entry(self, entry: &Entry) -> Self {
        self.file(&format!("wiki/{}", entry.path()), entry.text())
    }

    /// With a file.
    pub(crate) fn file(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.to_owned(), text.to_owned());
        self
    }

    /// What a keeper decides.
    pub(crate) fn kept(&self, keep: fn(&Look<'_>) -> Kept) -> Kept {
        let Language { terms: of_terms, wiki, adr, .. } = &self.language;
        let below =
            |folder: &str, path: &str| path.strip_prefix(folder)?.strip_prefix('/').map(str::to_owned);
        let index = format!("{wiki}/index.md");
        let rendered = [&self.language.glossary, &self.language.map, &self.language.architecture];
        let (mut terms, mut pages, mut others, mut entries, mut decisions) =
            (vec![], vec![], vec![], vec![], vec![]);
        for (path, text) in &self.files {
            let page = WikiPage { path: path.clone(), text: text.clone() };
            if below(of_terms, path).is_some() {
                terms.push(read(path, text));
                others.push(page);
            } else if below(adr, path).is_some() {
                decisions.push((path.as_str(), text.as_str()));
                others.push(page);
            } else if rendered.contains(&&Some(path.clone()))
                || *path == index
                || below(&format!("{wiki}/log"), path).is_some()
            {
                others.push(page);
            } else if let Some(inner) = below(wiki, path) {
                if is_named_so(&inner) {
                    entries.extend(Entry::read(&inner, text));
                }
                pages.push(page);
            } else {
                others.push(page);
            }
        }
        keep(&Look {
            language: &self.language,
            terms: &terms,
            pages: &pages,
            entries: &entries,
            adrs: &Adrs::read(decisions),
            code: &self.code,
            others: &others,
            unread: &self.unread,
            answers: &self.answers,
            merged: &self.merged,
            reverted: &self.reverted,
            repo: &name("acme/widgets"),
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
        let files = proposal.files.iter();
        files.fold(self.clone(), |all, (path, text)| all.file(path, text))
    }

    /// What a keeper decides, and the repository after that, in which nothing more is proposed, also a day later.
    ///
    /// A proposal changes each file that it names, and leaves terms that read without errors.
    pub(crate) fn settled(&self, keep: fn(&Look<'_>) -> Kept) -> (Kept, Self) {
        let kept = self.kept(keep);
        let Some(proposal) = &kept.proposal else { return (kept, self.clone()) };
        assert!(!proposal.files.is_empty() && proposal.changes.is_sorted());
        assert!(proposal.changes.iter().all(|line| !line.contains('\n')));
        let terms = format!("{}/", self.language.terms);
        for (path, text) in &proposal.files {
            assert_ne!(self.files.get(path), Some(text), "{path} is proposed as it is");
            assert!(!path.starts_with(&terms) || read(path, text).errors.is_empty(), "{path}");
        }
        let after = self.applied(proposal);
        assert_eq!(after.kept(keep).proposal, None, "a proposal that was merged isn't made again");
        let mut later = after.clone();
        later.now += SignedDuration::from_hours(24);
        assert_eq!(later.kept(keep).proposal, None, "nor is it a day later");
        (kept, after)
    }

    /// Makes the change that a keeper proposes; what it decides then.
    pub(crate) fn settle(&mut self, keep: fn(&Look<'_>) -> Kept) -> Kept {
        let (kept, after) = self.settled(keep);
        assert!(kept.proposal.is_some(), "nothing is proposed");
        *self = after;
        self.kept(keep)
    }

    /// This one with an answer to the only question of a keeper, or to the one about something.
    pub(crate) fn answered(&self, keep: fn(&Look<'_>) -> Kept, about: &str, value: Value) -> Self {
        let kept = self.kept(keep);
        let ask = kept.asks.iter().find(|ask| ask.about.contains(about)).expect("it is asked for");
        let mut after = self.clone();
        after.answers.insert(ask.key.clone(), Answer::Given(value));
        after
    }

    /// Answers everything that is asked until nothing is; `None` is silence.
    pub(crate) fn answer_all(
        &mut self,
        keep: fn(&Look<'_>) -> Kept,
        answer: impl Fn(&Ask) -> Option<Value>,
    ) -> Kept {
        for _ in 0..40 {
            let kept = self.kept(keep);
            if kept.asks.is_empty() {
                return kept;
            }
            for ask in kept.asks {
                let given = answer(&ask).map_or(Answer::None, Answer::Given);
                assert_eq!(self.answers.insert(ask.key, given), None, "{} was asked twice", ask.about);
            }
        }
        panic!("questions never end");
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
                let diff = TextDiff::from_lines(before, text.as_str());
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

/// A decision in order: its number, its facts besides the date, and what was decided.
pub(crate) fn adr(number: u16, facts: &str, decision: &str) -> String {
    format!(
        "# ADR-{number:04}: Title {number}\n\n{facts}\n**Date:** 2026-11-21\n\n## Context\n\nSo it is.\n\n## Decision\n\n{decision}\n\n## Consequences\n\nSo it will be.\n"
    )
}

/// What a keeper decides, without the lines of files: proposal, issues, problems and questions.
pub(crate) fn outline(kept: &Kept) -> String {
    let mut out = String::new();
    if let Some(proposal) = &kept.proposal {
        out.push_str(&format!("proposal: {}\n", proposal.title));
        proposal.changes.iter().for_each(|line| out.push_str(&format!("  - {line}\n")));
        proposal.files.keys().for_each(|path| out.push_str(&format!("  file {path}\n")));
    }
    for issue in &kept.issues {
        out.push_str(&format!("issue {}: {}\n", issue.subject, issue.title));
        issue.body.lines().for_each(|line| out.push_str(&format!("  | {line}\n")));
    }
    kept.problems.iter().for_each(|problem| out.push_str(&format!("problem: {problem}\n")));
    kept.asks.iter().for_each(|ask| out.push_str(&format!("ask: {}\n", ask.about)));
    out
}

/// An anchor.
pub(crate) fn at(text: &str) -> Anchor {
    text.parse().expect("it is an anchor")
}
