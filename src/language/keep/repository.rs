//! A repository as a table of files, for tests of keepers: what they propose is applied, and looked at again.

use std::collections::{BTreeMap, BTreeSet};

use crate::language::adr::Adrs;
use crate::language::code::known::Known;
use crate::language::terms::{read, samples};
use crate::language::wiki::{Entry, WikiPage, is_named_so};
use crate::model::language::Language;

use super::{Answer, Kept, Look, Proposal};

/// Files by path from the root, and what is known besides.
#[derive(Clone)]
pub(super) struct Repository {
    /// What its config says.
    pub(super) language: Language,
    /// Its files, by path from the root.
    pub(super) files: BTreeMap<String, String>,
    /// Its code.
    pub(super) code: Known,
    /// What was answered.
    pub(super) answers: BTreeMap<String, Answer>,
    /// Now.
    pub(super) now: &'static str,
}

impl Repository {
    /// An empty one.
    pub(super) fn new(code: Known) -> Self {
        let (files, answers) = (BTreeMap::new(), BTreeMap::new());
        Self { language: samples::language(), files, code, answers, now: "2026-12-01T00:00:00Z" }
    }

    /// With an entry.
    pub(super) fn entry(mut self, entry: &Entry) -> Self {
        self.files.insert(format!("wiki/{}", entry.path()), entry.text().to_owned());
        self
    }

    /// With a file.
    pub(super) fn file(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.to_owned(), text.to_owned());
        self
    }

    /// What a keeper decides.
    pub(super) fn kept(&self, keep: fn(&Look<'_>) -> Kept) -> Kept {
        let below = |folder: &'static str| {
            self.files
                .iter()
                .filter_map(move |(path, text)| Some((path.as_str(), path.strip_prefix(folder)?, text)))
        };
        let terms: Vec<_> = below("wiki/terms/").map(|(path, _, text)| read::read(path, text)).collect();
        let named = below("wiki/").filter(|(_, inner, _)| is_named_so(inner));
        let entries: Vec<Entry> = named
            .map(|(path, inner, text)| Entry::read(inner, text).unwrap_or_else(|e| panic!("{path}: {e:?}")))
            .collect();
        let adrs = Adrs::read(below("adr/").map(|(path, _, text)| (path, text.as_str())));
        let page = |(path, text): (&String, &String)| WikiPage { path: path.clone(), text: text.clone() };
        let rendered = |path: &str| {
            let at = [&self.language.glossary, &self.language.map, &self.language.architecture];
            path == "wiki/index.md" || path.starts_with("wiki/log/") || at.contains(&&Some(path.to_owned()))
        };
        let (others, pages): (Vec<WikiPage>, Vec<WikiPage>) = self
            .files
            .iter()
            .map(page)
            .filter(|page| page.path.starts_with("wiki/"))
            .partition(|page| rendered(&page.path));
        let pages: Vec<WikiPage> =
            pages.into_iter().filter(|page| !page.path.starts_with("wiki/terms/")).collect();
        keep(&Look {
            language: &self.language,
            terms: &terms,
            pages: &pages,
            entries: &entries,
            adrs: &adrs,
            code: &self.code,
            others: &others,
            unread: &BTreeSet::new(),
            answers: &self.answers,
            merged: &[],
            repo: "acme/widgets",
            now: self.now.parse().unwrap(),
        })
    }

    /// Applies what is proposed, looks again, and sees that nothing more is; what the keeper decides then.
    pub(super) fn settle(&mut self, keep: fn(&Look<'_>) -> Kept) -> Kept {
        let Some(Proposal { files, .. }) = self.kept(keep).proposal else { panic!("nothing is proposed") };
        for (path, text) in files {
            assert_ne!(self.files.get(&path), Some(&text), "{path} is proposed as it is");
            self.files.insert(path, text);
        }
        let again = self.kept(keep);
        assert_eq!(again.proposal, None);
        self.now = "2026-12-02T00:00:00Z";
        assert_eq!(self.kept(keep).proposal, None, "a day later");
        again
    }
}
