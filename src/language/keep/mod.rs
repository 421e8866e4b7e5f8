//! What keeps the language true: one file a keeper, each a function from one state of a repository's words and code to what is to
//! be changed, what has to be judged first, and what people are told.
//!
//! A keeper decides everything that is structural by itself. What only a model can judge it asks for, by a key that is made of
//! all that the answer depends on: an answer that is there already is never asked for again.

pub mod conformance;
pub mod council;
pub mod diagram;
pub mod edges;
pub mod evidence;
pub mod propose;
pub mod prune;
pub mod rot;
#[cfg(test)]
mod samples;
mod terms;
pub mod touchpoints;
pub mod wiki;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::model::language::Language;
use crate::model::{LoopName, RepoName};

pub use super::counted;
pub use crate::model::keeping::{Answer, Ask, Issue, Kept, Proposal};
pub use words::{cut, harmless, in_span, is_unseen, spanned, visible};

use super::adr::{Adrs, number_of};
use super::code::Code;
use super::terms::Read;
use super::ulid::Ulid;
use super::wiki::{Entry, Pull, WikiPage};

/// So many may lose their code at once, whatever part of all they are.
const BRAKE_COUNT: usize = 3;

/// Beyond that count, no more than one of so many may lose its code at once.
const BRAKE_PART: usize = 4;

/// Whether so many of all that have code lose it at once that it isn't they: code lies elsewhere now, or can't be seen.
fn is_too_much(gone: usize, of: usize) -> bool {
    gone > BRAKE_COUNT && gone * BRAKE_PART > of
}

/// One state of a repository, and what is known besides.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    /// What its config says.
    pub language: &'a Language,
    /// The files of terms.
    pub terms: &'a [Read],
    /// The pages of the wiki that people or runs wrote, entries included; paths from the root of the repository.
    pub pages: &'a [WikiPage],
    /// The entries of the wiki; paths from the folder of the wiki.
    pub entries: &'a [Entry],
    /// The decisions.
    pub adrs: &'a Adrs,
    /// The code.
    pub code: &'a dyn Code,
    /// What lies at the places of rendered files, of diagrams, of the log: paths from the root of the repository.
    pub others: &'a [WikiPage],
    /// The files of all these kinds that are there and can't be read: too long, or not in UTF-8.
    pub unread: &'a BTreeSet<String>,
    /// Answers that were given, by the key of what was asked.
    pub answers: &'a BTreeMap<String, Answer>,
    /// Pull requests that were merged lately, oldest first.
    pub merged: &'a [Merged],
    /// Pull requests that entries were learnt from and that were reverted.
    pub reverted: &'a BTreeSet<Pull>,
    /// The repository: `owner/name`.
    pub repo: &'a RepoName,
    /// Now.
    pub now: Timestamp,
}

impl<'a> Look<'a> {
    /// What a keeper decides. Of a decision whose file is there and can't be read nothing is over.
    pub fn kept(&self, keeper: &Keeper) -> Kept {
        let mut kept = (keeper.keep)(self);
        if keeper.prefix == ADR {
            let read = self.adrs.by_number();
            let folder = format!("{}/", self.language.adr);
            let paths = self.others.iter().map(|page| &page.path).chain(self.unread);
            let numbers = paths.filter(|path| path.starts_with(&folder)).filter_map(|path| number_of(path));
            for number in numbers.filter(|number| !read.contains_key(number)) {
                kept.unsure.entry(number.to_string()).or_default().insert(String::new());
            }
        }
        kept
    }

    /// The path from the root of the repository of a file in the folder of the wiki.
    fn in_wiki(&self, inner: &str) -> String {
        match self.language.wiki.trim_end_matches('/') {
            "" | "." => inner.to_owned(),
            folder => format!("{folder}/{inner}"),
        }
    }

    /// What lies at a place that is rendered; a page of a person may lie there, too. Of what can't be read it is said what to do.
    fn there(&self, path: &str) -> Result<Option<&'a str>, String> {
        if self.unread.contains(path) {
            let path = spanned(path);
            return Err(format!(
                "{path} can't be read, so nothing is written there; save it as UTF-8, or move it"
            ));
        }
        let mut all = self.others.iter().chain(self.pages);
        Ok(all.find(|page| page.path == path).map(|page| page.text.as_str()))
    }
}

/// A pull request that was merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// Its number.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// The files that it changed, by their paths after and before; sorted.
    pub files: BTreeSet<String>,
}

/// One keeper.
#[derive(Clone, Copy, Debug)]
pub struct Keeper {
    /// Its name, which is that of its loop.
    pub name: LoopName,
    /// The beginning of the branches of its family: of these one pull request is open at a time.
    pub prefix: &'static str,
    /// How people say no to a part of what it proposes, as a sentence.
    pub part: Option<&'static str>,
    /// What it decides.
    pub keep: fn(&Look<'_>) -> Kept,
}

/// The beginning of every branch of a keeper.
pub const BRANCHES: &str = "factory/keep/";
/// Those of the terms, which all change the glossary.
const TERMS: &str = "factory/keep/language/";
const WIKI: &str = "factory/keep/wiki/";
const ADR: &str = "factory/keep/adr/";

const NO_TERM: &str = "To have no term for one of these, name its code in `no-term` of `language`.";

/// Every keeper, in the order in which their pull requests come.
pub static KEEPERS: &[Keeper] = &[
    Keeper { name: "term-pruner", prefix: TERMS, part: None, keep: prune::keep },
    Keeper { name: "edge-proposer", prefix: TERMS, part: None, keep: edges::keep },
    Keeper { name: "term-proposer", prefix: TERMS, part: Some(NO_TERM), keep: propose::keep },
    Keeper { name: "entry-evidence", prefix: TERMS, part: None, keep: evidence::keep },
    Keeper { name: "repo-wiki", prefix: WIKI, part: None, keep: wiki::keep },
    Keeper { name: "wiki-rot-detector", prefix: WIKI, part: None, keep: rot::keep },
    Keeper { name: "diagram", prefix: WIKI, part: None, keep: diagram::keep },
    Keeper { name: "adr-reviewer", prefix: ADR, part: None, keep: council::keep },
    Keeper { name: "adr-touchpoint-auditor", prefix: ADR, part: None, keep: touchpoints::keep },
    Keeper { name: "adr-conformance", prefix: ADR, part: None, keep: conformance::keep },
];

/// The branch that a change is proposed on by a keeper. It names the change, and not when it was decided: the same change is
/// known again whoever closed it, and whatever moment its files tell.
pub fn branch(keeper: &Keeper, proposal: &Proposal, now: Timestamp) -> String {
    let moment = now.to_string();
    // The time of ids that were made then.
    let id = Ulid::new(now, [0; 10]).to_string();
    let time = &id[..TIME];
    let mut hasher = blake3::Hasher::new();
    for (path, text) in &proposal.files {
        for part in [path, text] {
            let part = part.replace(&moment, "").replace(time, "");
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
        }
    }
    format!("{}{}/{}", keeper.prefix, keeper.name, &hasher.finalize().to_hex()[..12])
}

/// How many characters of an id tell its time.
const TIME: usize = 10;

/// The keeper of a name.
pub fn by_name(name: &str) -> Option<&'static Keeper> {
    KEEPERS.iter().find(|keeper| keeper.name == name)
}

/// The key of a question: the digest of what it asks, and of the version of the question itself.
pub fn key(keeper: &str, parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in std::iter::once(&keeper).chain(parts) {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hex::encode(&hasher.finalize().as_bytes()[..16])
}

/// Text of files in a prompt: fenced by a line of backticks that is longer than any in it, and said to be data.
pub fn data(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    let end = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
    format!("{fence}text\n{text}{end}{fence}\n")
}

#[cfg(test)]
mod tests {
    use super::KEEPERS;

    #[test]
    fn runs_are_known_by_the_names_of_all_keepers() {
        let names: Vec<&str> = KEEPERS.iter().map(|keeper| keeper.name).collect();
        assert_eq!(names, crate::model::keeping::KEEPERS);
    }
}
