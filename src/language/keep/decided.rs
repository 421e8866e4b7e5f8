//! A repository of decisions for the tests of keepers: looked at, answered, changed by proposals, looked at again.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use crate::language::adr::Adrs;
use crate::language::code::known::Known;
use crate::language::terms::samples::language;
use crate::language::wiki::WikiPage;

use super::{Answer, Ask, Kept, Look, Merged, Proposal};

/// A repository.
#[derive(Default)]
pub(super) struct World {
    /// Its files of decisions, and the index of them.
    pub(super) files: BTreeMap<String, String>,
    /// Its code.
    pub(super) code: Known,
    /// What was answered.
    pub(super) answers: BTreeMap<String, Answer>,
    /// What was merged.
    pub(super) merged: Vec<Merged>,
}

impl World {
    /// A repository with these files.
    pub(super) fn of<'a>(files: impl IntoIterator<Item = (&'a str, String)>) -> Self {
        let files = files.into_iter().map(|(path, text)| (path.to_owned(), text)).collect();
        let code = Known {
            files: vec![
                ("src/a.rs", vec!["Guard", "tests.holds"]),
                ("src/b.rs", vec!["Moved", "tests.moved"]),
                ("factory.kdl", vec![]),
            ],
            unread: vec!["src/broken.rs"],
            commands: vec!["make check"],
            ..Known::default()
        };
        Self { files, code, ..Self::default() }
    }

    /// What a keeper decides about it.
    pub(super) fn kept(&self, keep: fn(&Look<'_>) -> Kept) -> Kept {
        let adrs = Adrs::read(self.files.iter().map(|(path, text)| (path.as_str(), text.as_str())));
        let page = |(path, text): (&String, &String)| WikiPage { path: path.clone(), text: text.clone() };
        let others: Vec<WikiPage> =
            self.files.iter().filter(|(path, _)| path.ends_with("README.md")).map(page).collect();
        let language =
            crate::model::language::Language { adr: "adr".into(), roots: vec!["src".into()], ..language() };
        keep(&Look {
            language: &language,
            terms: &[],
            pages: &[],
            entries: &[],
            adrs: &adrs,
            code: &self.code,
            others: &others,
            unread: &BTreeSet::new(),
            answers: &self.answers,
            merged: &self.merged,
            repo: "acme/widgets",
            now: Timestamp::UNIX_EPOCH,
        })
    }

    /// Answers everything that is asked until nothing is; `None` is silence.
    pub(super) fn answered(
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

    /// Makes the change of a proposal, which changes each file that it names.
    pub(super) fn apply(&mut self, proposal: &Proposal) {
        for (path, text) in &proposal.files {
            let before = self.files.insert(path.clone(), text.clone());
            assert_ne!(before.as_ref(), Some(text), "{path} isn't changed");
        }
    }

    /// Makes the change of a proposal and looks again: nothing is left to propose.
    pub(super) fn settles(&mut self, keep: fn(&Look<'_>) -> Kept, proposal: &Proposal) -> Kept {
        self.apply(proposal);
        let kept = self.kept(keep);
        assert_eq!(kept.proposal, None);
        kept
    }
}

/// A decision in order: its number, its facts besides the date, and what was decided.
pub(super) fn adr(number: u16, facts: &str, decision: &str) -> String {
    format!(
        "# ADR-{number:04}: Title {number}\n\n{facts}\n**Date:** 2026-11-21\n\n## Context\n\nSo it is.\n\n## Decision\n\n{decision}\n\n## Consequences\n\nSo it will be.\n"
    )
}

/// A kept state, told: proposal, issues and problems.
pub(super) fn told(kept: &Kept) -> String {
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
