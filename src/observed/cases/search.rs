//! Which issues the search of a pipeline finds. GitHub tells a thousand at most, and of late changes only after a while.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::adapters::github::{Client, GraphqlReply};
use crate::model::{Cause, Facet, Gap, RepoName};

use super::super::batch;
use super::{Remembered, Untold, WantedCases, query, refusal};

/// For how long what a search found is taken for what it finds.
const FRESH: SignedDuration = SignedDuration::from_secs(60);
/// Pages of a search: a thousand issues, and GitHub tells no more.
const PAGES_MAX: usize = 10;

/// What the search of a pipeline found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The words that were searched for.
    pub(super) words: String,
    /// When.
    pub(super) at: Timestamp,
    /// The numbers of the issues, and when each changed last.
    pub(super) numbers: BTreeMap<u64, Timestamp>,
    /// How many there are.
    pub(super) count: u64,
}

impl Found {
    /// Whether it finds an issue; unknown of those that GitHub tells nothing of.
    pub(super) fn has(&self, number: u64) -> Option<bool> {
        let told = self.numbers.len() as u64 >= self.count;
        (self.numbers.contains_key(&number) || told).then(|| self.numbers.contains_key(&number))
    }

    /// That there are more than GitHub tells of.
    fn more(&self, repo: &RepoName) -> Option<Gap> {
        let told = self.numbers.len() as u64;
        let why = format!("its search finds {} issues, and GitHub tells of {told}; narrow it", self.count);
        (told < self.count).then(|| Gap {
            facet: Facet::Cases,
            repo: Some(repo.clone()),
            why,
            cause: Cause::Other,
        })
    }
}

/// One page of a search.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) repo: RepoName,
    /// What is looked for, the repository included.
    pub(super) query: String,
    pub(super) after: Option<String>,
}

/// What each search finds, asked once a minute at most. One that can't be asked is a gap; where there is more than is told,
/// that is said in `notes`.
pub(super) async fn search(
    client: &Client,
    wanted: &[WantedCases<'_>],
    (memory, now): (&Remembered, Timestamp),
    (gaps, notes): (&mut Vec<Gap>, &mut Vec<Gap>),
) -> BTreeMap<RepoName, Found> {
    let (mut out, mut pages) = (BTreeMap::new(), Vec::new());
    for one in wanted {
        let Some(words) = &one.pipeline.search else { continue };
        match memory.found(one.repo).filter(|it| it.words == *words && now.duration_since(it.at) < FRESH) {
            Some(found) => drop(out.insert(one.repo.clone(), found)),
            None => {
                let empty = Found { words: words.clone(), at: now, numbers: BTreeMap::new(), count: 0 };
                out.insert(one.repo.clone(), empty);
                let query = format!("repo:{} is:issue is:open {words} sort:created-asc", one.repo);
                pages.push(Page { repo: one.repo.clone(), query, after: None });
            }
        }
    }
    let asked: BTreeSet<RepoName> = pages.iter().map(|page| page.repo.clone()).collect();
    for _ in 0..PAGES_MAX {
        pages = read(client, pages, &mut out, gaps).await;
    }
    for repo in &asked {
        if let Some(found) = out.get(repo) {
            memory.note_found(repo, found);
        }
    }
    notes.extend(out.iter().filter_map(|(repo, found)| found.more(repo)));
    out
}

/// Reads a page of each, and gives the next ones.
async fn read(
    client: &Client,
    pages: Vec<Page>,
    out: &mut BTreeMap<RepoName, Found>,
    gaps: &mut Vec<Gap>,
) -> Vec<Page> {
    let query = |_: &str, chunk: &[Page]| query::searches(chunk);
    let mut next = Vec::new();
    for (chunk, result) in batch::of_owners(client, pages, |page| &page.repo, query::SEARCHES, query).await {
        for (k, page) in chunk.iter().enumerate() {
            let told = match &result {
                Ok(reply) => one(reply, k, &page.repo),
                Err(error) => Err(Untold::of(error)),
            };
            match told {
                Ok((numbers, count, after)) => {
                    if let Some(found) = out.get_mut(&page.repo) {
                        found.numbers.extend(numbers);
                        found.count = count;
                    }
                    next.extend(after.map(|after| Page { after: Some(after), ..page.clone() }));
                }
                Err(Untold { why, cause }) => {
                    out.remove(&page.repo);
                    let why = format!("its search could not be asked: {why}");
                    gaps.push(Gap { facet: Facet::Cases, repo: Some(page.repo.clone()), why, cause });
                }
            }
        }
    }
    next
}

/// The issues of a page with when each changed last, how many there are in all, and the cursor after which they go on.
type Told = (Vec<(u64, Timestamp)>, u64, Option<String>);

fn one(reply: &GraphqlReply, k: usize, repo: &RepoName) -> Result<Told, Untold> {
    let alias = format!("s{k}");
    if let Some(error) = reply.errors.iter().find(|e| e.path.first().is_none_or(|first| *first == alias)) {
        return Err(refusal(error));
    }
    let page = &reply.data[&alias];
    let told = || {
        let is_here = |node: &&Value| {
            let name = node["repository"]["nameWithOwner"].as_str();
            name.and_then(|name| RepoName::parse(name).ok()).as_ref() == Some(repo)
        };
        let told = |node: &Value| Some((node["number"].as_u64()?, node["updatedAt"].as_str()?.parse().ok()?));
        let nodes = page["nodes"].as_array()?.iter().filter(is_here);
        let after = match (page["pageInfo"]["hasNextPage"].as_bool()?, &page["pageInfo"]["endCursor"]) {
            (false, _) => None,
            (true, Value::String(cursor)) => Some(cursor.clone()),
            (true, _) => return None,
        };
        Some((nodes.map(told).collect::<Option<Vec<_>>>()?, page["issueCount"].as_u64()?, after))
    };
    told().ok_or_else(|| Untold::other("the reply doesn't list what was found"))
}
