//! What a repository says of its language, read: its terms, its pages, its decisions; and all that is wrong with them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::adapters::git::{self, Repo};
use crate::language::adr::{self, Adrs, Record, Taken};
use crate::language::code::Code;
use crate::language::finding::Finding;
use crate::language::front::{self, MOST_BYTES};
use crate::language::lint;
use crate::language::render::kept;
use crate::language::rule::Found;
use crate::language::terms::{self, Listing};
use crate::language::ulid::Ulid;
use crate::language::unmerged::{self, UNMERGED};
use crate::language::wiki::WikiPage;
use crate::language::wiki::{self, CITATION, CodeRef, ENTRY, Entry, Pull, Reverts};
use crate::model::language::{Anchor, Language, Level, Topic};
use crate::model::{CommitId, ConfigFile, ConfigFiles, RepoName};

use super::tree::{Error, Tree};

/// The most bytes of a page that is read at all: beyond what counts as one, so that its own reader says what is wrong.
const MOST_READ: u64 = 2 * MOST_BYTES as u64;

/// The most commits that are looked through for the landing of a pull request.
const MOST_HISTORY: usize = 20_000;

/// The rules that ask what is in the code. Where config names no code, nobody asks.
const OF_CODE: [&str; 6] =
    ["anchors", "coverage", "forbidden-dependency", "adr-citation", "adr-enforcement", "wiki-citation"];

/// The words of one state of a repository.
#[derive(Debug)]
pub(crate) struct Words {
    /// What its config says of them.
    pub(crate) language: Language,
    /// The files of terms.
    pub(crate) terms: Vec<terms::Read>,
    /// The pages of the wiki: those that people or runs wrote.
    pub(crate) pages: Vec<WikiPage>,
    /// The entries of the wiki, by file.
    pub(crate) entries: Vec<Entry>,
    /// The decisions.
    pub(crate) adrs: Adrs,
    /// The files that are rendered, as they lie there.
    rendered: Vec<WikiPage>,
    /// The files of terms and decisions, whether or not they are any.
    others: Vec<WikiPage>,
    /// The pull requests that entries were learnt from and that were reverted, as far as that was looked up.
    pub(crate) reverted: BTreeSet<Pull>,
    /// What is wrong with entries.
    wrong: Vec<(String, front::Error)>,
    /// What couldn't be read.
    unread: Vec<Finding>,
}

impl Words {
    /// Reads them.
    ///
    /// # Errors
    /// When the repository can't be read. What is wrong with one file is a finding.
    pub(crate) fn read(tree: &Tree, language: &Language) -> Result<Self, Error> {
        let mut language = language.clone();
        if language.roots.is_empty() {
            let off = OF_CODE.map(|rule| (rule.to_owned(), Level::Off));
            language.rules = off.into_iter().chain(language.rules).collect();
        }
        let mut unread = Vec::new();
        let terms = pages(tree, &language.terms, &mut unread)?;
        let adrs = pages(tree, &language.adr, &mut unread)?;
        let mut all = pages(tree, &language.wiki, &mut unread)?;
        let index = format!("{}/index.md", language.wiki);
        let places = [
            language.glossary.as_deref(),
            language.map.as_deref(),
            language.architecture.as_deref(),
            Some(index.as_str()),
        ];
        let mut rendered: Vec<WikiPage> = Vec::new();
        for place in places.into_iter().flatten().filter(|place| tree.has(place)) {
            rendered.extend(page(tree, place, &mut unread)?);
        }
        let is_other = |page: &WikiPage| {
            places.contains(&Some(page.path.as_str()))
                || [&language.terms, &language.adr].iter().any(|folder| is_below(&page.path, folder))
        };
        all.retain(|page| !is_other(page));
        let mut entries = Vec::new();
        let mut wrong = Vec::new();
        for page in all.iter().filter(|page| wiki::is_named_so(&page.path)) {
            let below = page.path.strip_prefix(&language.wiki).unwrap_or(&page.path).trim_start_matches('/');
            match Entry::read(below, &page.text) {
                Ok(entry) => entries.push(entry),
                Err(errors) => wrong.extend(errors.into_iter().map(|it| (page.path.clone(), it))),
            }
        }
        // A folder may lie in another, and what can't be read is said once.
        unread.sort_by(|a: &Finding, b| a.path.cmp(&b.path));
        unread.dedup_by(|a, b| a.path == b.path);
        let decisions = adrs.iter().map(|page| (page.path.as_str(), page.text.as_str()));
        Ok(Self {
            language,
            terms: terms.iter().map(|page| terms::read::read(&page.path, &page.text)).collect(),
            adrs: Adrs::read(decisions),
            pages: all,
            entries,
            reverted: BTreeSet::new(),
            wrong,
            rendered,
            others: terms.into_iter().chain(adrs).collect(),
            unread,
        })
    }

    /// Finds out which pull requests of this repository, of those that entries which hold were learnt from, were reverted.
    ///
    /// # Errors
    /// When its history can't be read.
    pub(crate) fn look_back(
        &mut self,
        git: &Repo,
        head: &CommitId,
        repo: &RepoName,
    ) -> Result<(), git::Error> {
        let active = self.entries.iter().filter(|entry| entry.is_active());
        let sources = active.map(|entry| &entry.facts().source);
        let ours = sources.filter(|source| source.repo == *repo);
        let learnt: BTreeSet<Pull> = ours
            .filter_map(|source| Some(Pull { repo: source.repo.clone(), number: source.pull? }))
            .collect();
        if learnt.is_empty() {
            return Ok(());
        }
        let mut reverts = Reverts::of(repo.as_str(), learnt.iter().map(|pull| pull.number).collect());
        git.history(head, MOST_HISTORY, |id, message| reverts.next(id, message))?;
        let found = reverts.found();
        self.reverted = learnt.into_iter().filter(|pull| found.contains(&pull.number)).collect();
        Ok(())
    }

    /// The places in the code that entries which hold are about: symbols, and files.
    pub(crate) fn code_of_entries(&self) -> (BTreeSet<Anchor>, BTreeSet<String>) {
        let (mut anchors, mut files) = (BTreeSet::new(), BTreeSet::new());
        let active = self.entries.iter().filter(|entry| entry.is_active());
        for code_ref in active.flat_map(|entry| &entry.facts().code_refs) {
            match code_ref {
                CodeRef::Symbol(anchor) => drop(anchors.insert(anchor.clone())),
                CodeRef::File(path) => drop(files.insert(path.clone())),
            }
        }
        (anchors, files)
    }

    /// The anchors of the terms in use.
    pub(crate) fn anchors(&self) -> impl Iterator<Item = &Anchor> {
        let files = self.terms.iter().filter_map(|read| read.file.as_ref());
        files.filter(|file| file.term.is_live()).filter_map(|file| file.term.code_anchor.as_ref())
    }

    /// The terms, each id once, sorted by name.
    pub(crate) fn listing(&self) -> Listing<'_> {
        Listing::of(&self.terms)
    }

    /// The files of entries that are there and can't be read as such, so that an index would lack them.
    pub(crate) fn lost_entries(&self) -> BTreeSet<String> {
        let is_one = |path: &&String| wiki::is_named_so(path) && is_below(path, &self.language.wiki);
        let unread = self.unread.iter().map(|it| &it.path).filter(is_one);
        self.wrong.iter().map(|(path, _)| path).chain(unread).cloned().collect()
    }

    /// The files of decisions that are there and can't be read as such, and the numbers that they have.
    pub(crate) fn lost_decisions(&self) -> BTreeMap<String, adr::Number> {
        let read: BTreeSet<&str> = self.adrs.records.iter().map(Record::path).collect();
        let paths = self.others.iter().map(|it| &it.path).chain(self.unread.iter().map(|it| &it.path));
        paths
            .filter(|path| is_below(path, &self.language.adr) && !read.contains(path.as_str()))
            .filter_map(|path| Some((path.clone(), adr::number_of(path)?)))
            .collect()
    }

    /// The files that are there and can't be read.
    pub(crate) fn unread(&self) -> BTreeSet<String> {
        self.unread.iter().map(|it| it.path.clone()).collect()
    }

    /// The files of terms that can't be read at all, so that what is rendered would lack them, by path, and why.
    pub(crate) fn lost_terms(&self) -> BTreeMap<String, String> {
        let mut unread = self.unread_terms();
        let read = self.terms.iter().filter(|it| it.file.is_some());
        for it in read {
            unread.remove(&it.path);
        }
        unread
    }

    /// The files of terms that can't be read whole, by path, and why.
    pub(crate) fn unread_terms(&self) -> BTreeMap<String, String> {
        let wrong = self.terms.iter().filter_map(|read| Some((&read.path, &read.errors.first()?.message)));
        let refused = self.unread.iter().filter(|it| is_below(&it.path, &self.language.terms));
        wrong
            .chain(refused.map(|it| (&it.path, &it.message)))
            .map(|(path, why)| (path.clone(), why.clone()))
            .collect()
    }

    /// All that is wrong, sorted by file and place.
    pub(crate) fn lint(&self, code: &dyn Code, taken: &[Taken]) -> Vec<Finding> {
        let levels = &self.language.rules;
        let weighs = lint::FRONTMATTER.level(levels);
        let unread = self.unread.iter().filter(|_| weighs != Level::Off).cloned();
        let mut found: Vec<Finding> = unread.map(|finding| Finding { level: weighs, ..finding }).collect();
        found.extend(lint::run(&lint::Cx::new(&self.terms, &self.pages, code, &self.language)));
        found.extend(adr::lint(&adr::Look::new(&self.adrs, code, taken, &self.language.roots), levels));
        let entry = ENTRY.level(levels);
        let wrong = self.wrong.iter().filter(|_| entry != Level::Off);
        found.extend(wrong.map(|(path, error)| {
            let found = Found::new(path, error.span.clone(), error.message.clone());
            found.help(error.help.clone()).of(ENTRY.name, entry)
        }));
        if entry != Level::Off {
            let unread: BTreeSet<Ulid> = self.lost_entries().iter().filter_map(|path| id_of(path)).collect();
            let in_wiki = |it: &Entry| format!("{}/{}", self.language.wiki, it.path());
            let beside = wiki::lint_entries(&self.entries, &unread, in_wiki);
            found.extend(beside.into_iter().map(|it| it.of(ENTRY.name, entry)));
        }
        let unmerged = UNMERGED.level(levels);
        if unmerged != Level::Off {
            let all = self.others.iter().chain(&self.pages).filter_map(unmerged::lint);
            let all: Vec<Finding> = all.map(|it| it.of(UNMERGED.name, unmerged)).collect();
            // It is why one can't be read, too, and is said once.
            let is_said = |it: &Finding| all.iter().any(|by| by.path == it.path && by.message == it.message);
            found.retain(|it| !is_said(it));
            found.extend(all);
        }
        let cited = CITATION.level(levels);
        if cited != Level::Off {
            for page in &self.pages {
                found.extend(wiki::lint_page(page, &self.language.roots, code, cited));
            }
        }
        // What can't be read would be lost from what is rendered.
        let whole = self.lost_terms().is_empty();
        let first = "mend the files of terms that can't be read first: they would be lost from it";
        let held = |it: Finding| Finding { fix: None, help: Some(first.to_owned()), ..it };
        // Of one that can't be read that is said already.
        let unread = self.unread();
        let stale = kept::stale(&self.kept(), &self.rendered, levels)
            .into_iter()
            .filter(|it| !unread.contains(&it.path));
        found.extend(stale.map(|it| if whole { it } else { held(it) }));
        found.sort_by(|a, b| (&a.path, a.span.start, a.rule).cmp(&(&b.path, b.span.start, b.rule)));
        found
    }

    /// The files that are rendered, and all of the folders of terms and decisions, as they lie there.
    pub(crate) fn there(&self) -> Vec<WikiPage> {
        self.rendered.iter().chain(&self.others).cloned().collect()
    }

    /// The files that are rendered from the terms, as they should be.
    pub(crate) fn kept(&self) -> Vec<WikiPage> {
        let listing = self.listing();
        let there =
            |path: &str| self.rendered.iter().find(|page| page.path == path).map(|page| page.text.as_str());
        kept::rendered(listing.terms(), &self.language, there)
    }

    /// The page of all topics and entries.
    pub(crate) fn index_path(&self) -> String {
        format!("{}/index.md", self.language.wiki)
    }

    /// The topics that entries may have.
    pub(crate) fn topics(&self) -> wiki::Topics {
        let topic = |it: &Topic| wiki::Topic { name: it.name.clone(), keywords: it.words.clone() };
        let topics = self.language.topics.iter().map(topic).collect();
        wiki::Topics { topics, default: self.language.default_topic.clone() }
    }

    /// The files that findings point into.
    pub(crate) fn files(&self) -> ConfigFiles {
        let file =
            |page: &WikiPage| ConfigFile { path: page.path.clone(), bytes: page.text.clone().into_bytes() };
        let all = self.others.iter().chain(&self.pages).chain(&self.rendered);
        ConfigFiles { files: all.map(file).collect(), ..ConfigFiles::default() }
    }
}

/// The id in the name of an entry's file.
fn id_of(path: &str) -> Option<Ulid> {
    let name = path.rsplit('/').next()?;
    name.get(..26)?.parse().ok()
}

/// The Markdown files below a folder, as far as they can be read.
fn pages(tree: &Tree, folder: &str, unread: &mut Vec<Finding>) -> Result<Vec<WikiPage>, Error> {
    let mut out = Vec::new();
    for path in tree.below(folder).filter(|path| Path::new(path).extension().is_some_and(|end| end == "md")) {
        out.extend(page(tree, path, unread)?);
    }
    Ok(out)
}

/// A page; `None` where it can't be read as one.
fn page(tree: &Tree, path: &str, unread: &mut Vec<Finding>) -> Result<Option<WikiPage>, Error> {
    let mut refused = |message: String, help: &str| {
        unread.push(Finding {
            rule: lint::FRONTMATTER.name,
            level: Level::Error,
            path: path.to_owned(),
            span: 0..0,
            message,
            help: Some(help.to_owned()),
            fix: None,
        });
        Ok(None)
    };
    let bytes = match tree.read(path, MOST_READ) {
        Ok(bytes) => bytes,
        Err(error) if error.is_too_large() => {
            return refused(
                format!("the file has more than {MOST_READ} bytes"),
                "keep what is that long elsewhere",
            );
        }
        Err(error) => return Err(error),
    };
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(WikiPage { path: path.to_owned(), text })),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            refused(format!("the file is not UTF-8: the byte at {at} isn't"), "save it as UTF-8")
        }
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}
