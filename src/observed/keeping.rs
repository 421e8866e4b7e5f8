//! Where repositories stand whose language is kept: the head of their branch, and the open pull requests and issues of keepers.
//! All that nothing changed of costs one query for each owner.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::adapters::github::{Client, GraphqlReply, Operation};
use crate::model::keeping::{KEPT_LABEL, KeptIssue, KeptPull, WITHDRAWN};
use crate::model::{Cause, CommitId, Facet, Gap, RepoName};

use super::aliases::Text;
use super::batch;
use super::repositories::cause_of;

/// How many repositories one query asks about: 12,500 nodes at most, two points.
const HEADS: usize = 50;
/// How many issues that were closed last are looked at: whoever closed one has decided.
const CLOSED: usize = 50;
/// How many of the pull requests that landed last are looked at.
const LANDED: usize = 100;
/// How many branches one query asks about.
const BRANCHES: usize = 100;
/// Pages of one repository that are read before it counts as endless.
const PAGES_MAX: usize = 100;

/// Where a repository stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Where it is cloned from.
    pub url: String,
    /// Its branch, and what that is at; none: it is empty.
    pub at: Option<(String, CommitId)>,
    /// The open pull requests from branches with the given beginning, of its own.
    pub pulls: Vec<KeptPull>,
    /// The other open pull requests, those of forks among them, oldest first.
    pub others: Vec<OpenPull>,
    /// The issues of keepers, which the factory wrote: the open ones, and those that were closed last.
    pub issues: Vec<KeptIssue>,
    /// Since when its language is kept: its label was made then. What landed before is nobody's to look at.
    pub since: Option<Timestamp>,
}

/// An open pull request of anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenPull {
    /// Its number.
    pub number: u64,
    /// The commit that it proposes.
    pub head: CommitId,
    /// The branch that it aims at, and what that is at; `None`: it isn't there any more.
    pub base: (String, Option<CommitId>),
    /// Whether nobody is asked to read it yet.
    pub draft: bool,
    /// When anything of it was last changed.
    pub updated: Timestamp,
}

/// What is still to be asked of a repository.
#[derive(Clone, Debug)]
struct Page<'a> {
    repo: &'a RepoName,
    /// Its pull requests.
    pulls: Part,
    /// Its issues.
    issues: Part,
}

/// Which part of a list is still to be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// From its beginning.
    All,
    /// What comes after a cursor.
    After(String),
    /// None.
    Done,
}

impl Part {
    /// After what it begins, where it is to be asked for.
    fn after(&self) -> Option<Value> {
        match self {
            Self::All => Some(Value::Null),
            Self::After(cursor) => Some(json!(cursor)),
            Self::Done => None,
        }
    }

    fn next(after: Option<String>) -> Self {
        after.map_or(Self::Done, Self::After)
    }
}

/// Where these repositories stand; what can't be read of one is a gap, and then nothing of it is told.
pub async fn heads(
    client: &Client,
    repos: &[&RepoName],
    prefix: &str,
    gaps: &mut Vec<Gap>,
) -> BTreeMap<RepoName, Head> {
    let mut out: BTreeMap<RepoName, Head> = BTreeMap::new();
    let mut failed = Vec::new();
    let first = |repo: &&'_ RepoName| (*repo).clone();
    let names: Vec<RepoName> = repos.iter().map(first).collect();
    let mut pages: Vec<Page<'_>> =
        names.iter().map(|repo| Page { repo, pulls: Part::All, issues: Part::All }).collect();
    for _ in 0..PAGES_MAX {
        if pages.is_empty() {
            break;
        }
        let asked = std::mem::take(&mut pages);
        for (chunk, result) in batch::of_owners(client, asked, |page| page.repo, HEADS, query).await {
            for (k, page) in chunk.iter().enumerate() {
                let told = match &result {
                    Ok(reply) => told(reply, k, page, prefix),
                    Err(error) => Err((error.to_string(), super::cause(error))),
                };
                match told {
                    Ok((head, next)) => {
                        match out.get_mut(page.repo) {
                            Some(there) => {
                                there.pulls.extend(head.pulls);
                                there.others.extend(head.others);
                                there.issues.extend(head.issues);
                            }
                            None => {
                                out.insert(page.repo.clone(), head);
                            }
                        }
                        pages.extend(next);
                    }
                    Err((why, cause)) => failed.push((page.repo.clone(), why, cause)),
                }
            }
        }
    }
    let endless = pages.iter().map(|page| {
        (page.repo.clone(), format!("it has more than {PAGES_MAX} pages of pull requests"), Cause::Other)
    });
    failed.extend(endless);
    for (repo, why, cause) in failed {
        out.remove(&repo);
        gaps.push(Gap { facet: Facet::Language, repo: Some(repo), why, cause });
    }
    out
}

fn query(owner: &str, chunk: &[Page<'_>]) -> Operation {
    let mut text = Text::new(owner);
    for (k, page) in chunk.iter().enumerate() {
        let label = json!(KEPT_LABEL);
        let mut fields =
            format!("url defaultBranchRef {{ name target {{ oid }} }} label(name: {label}) {{ createdAt }}");
        if let Some(after) = page.pulls.after() {
            text.variable(&format!("p{k}"), "String", after);
            fields.push_str(&format!(
                " pullRequests(first: 100, after: $p{k}, states: [OPEN], orderBy: {{ field: CREATED_AT, direction: ASC }}) \
                 {{ nodes {{ number headRefName headRefOid baseRefName baseRef {{ target {{ oid }} }} isDraft updatedAt \
                 headRepository {{ nameWithOwner }} commits {{ totalCount }} }} pageInfo {{ hasNextPage endCursor }} }}"
            ));
        }
        if page.issues == Part::All {
            fields.push_str(&format!(
                " closed: issues(last: {CLOSED}, states: [CLOSED], labels: [{label}], \
                 orderBy: {{ field: UPDATED_AT, direction: ASC }}) \
                 {{ nodes {{ number state title body viewerDidAuthor }} }}"
            ));
        }
        if let Some(after) = page.issues.after() {
            text.variable(&format!("i{k}"), "String", after);
            fields.push_str(&format!(
                " issues(first: 100, after: $i{k}, states: [OPEN], labels: [{label}], \
                 orderBy: {{ field: CREATED_AT, direction: ASC }}) \
                 {{ nodes {{ number state title body viewerDidAuthor }} pageInfo {{ hasNextPage endCursor }} }}"
            ));
        }
        text.ask(k, page.repo, &fields);
    }
    text.operation("Heads", "")
}

type Told<'a> = (Head, Option<Page<'a>>);

fn told<'a>(
    reply: &GraphqlReply,
    k: usize,
    page: &Page<'a>,
    prefix: &str,
) -> Result<Told<'a>, (String, Cause)> {
    let decoded = decode(part(reply, k)?, page, prefix);
    decoded.ok_or_else(|| ("GitHub's answer about it lacks what was asked for".to_owned(), Cause::Other))
}

fn decode<'a>(repo: &Value, page: &Page<'a>, prefix: &str) -> Option<Told<'a>> {
    let branch = &repo["defaultBranchRef"];
    let at = if branch.is_null() {
        None
    } else {
        let head = CommitId::parse(branch["target"]["oid"].as_str()?)?;
        Some((branch["name"].as_str()?.to_owned(), head))
    };
    let made = &repo["label"]["createdAt"];
    let since = if made.is_null() { None } else { Some(made.as_str()?.parse().ok()?) };
    let url = repo["url"].as_str()?.to_owned();
    let mut head = Head { url, at, pulls: Vec::new(), others: Vec::new(), issues: Vec::new(), since };
    let mut next = Page { repo: page.repo, pulls: Part::Done, issues: Part::Done };
    if page.pulls != Part::Done {
        let (nodes, after) = nodes(&repo["pullRequests"])?;
        for pull in nodes {
            let branch = pull["headRefName"].as_str()?.to_owned();
            let from = pull["headRepository"]["nameWithOwner"].as_str();
            let is_own = from.is_some_and(|from| from.eq_ignore_ascii_case(page.repo.as_str()));
            if is_own && branch.starts_with(prefix) {
                let commits = pull["commits"]["totalCount"].as_u64()?;
                head.pulls.push(KeptPull { number: pull["number"].as_u64()?, branch, commits });
            } else {
                head.others.push(open_pull(pull)?);
            }
        }
        next.pulls = Part::next(after);
    }
    if page.issues != Part::Done {
        let (nodes, after) = nodes(&repo["issues"])?;
        let closed = repo["closed"]["nodes"].as_array();
        for issue in nodes.iter().chain(closed.into_iter().flatten()) {
            if issue["viewerDidAuthor"].as_bool()? {
                let text = |field: &str| Some(issue[field].as_str()?.to_owned());
                let (title, body) = (text("title")?, text("body")?);
                let open = issue["state"].as_str()? == "OPEN";
                head.issues.push(KeptIssue { open, number: issue["number"].as_u64()?, title, body });
            }
        }
        next.issues = Part::next(after);
    }
    let goes_on = next.pulls != Part::Done || next.issues != Part::Done;
    Some((head, Some(next).filter(|_| goes_on)))
}

fn open_pull(pull: &Value) -> Option<OpenPull> {
    let base = &pull["baseRef"];
    let at = if base.is_null() { None } else { Some(CommitId::parse(base["target"]["oid"].as_str()?)?) };
    Some(OpenPull {
        number: pull["number"].as_u64()?,
        head: CommitId::parse(pull["headRefOid"].as_str()?)?,
        base: (pull["baseRefName"].as_str()?.to_owned(), at),
        draft: pull["isDraft"].as_bool()?,
        updated: pull["updatedAt"].as_str()?.parse().ok()?,
    })
}

/// The nodes of a page, and after which the next one begins.
fn nodes(page: &Value) -> Option<(&Vec<Value>, Option<String>)> {
    let nodes = page["nodes"].as_array()?;
    let more = page["pageInfo"]["hasNextPage"].as_bool()?;
    let after = if more { Some(page["pageInfo"]["endCursor"].as_str()?.to_owned()) } else { None };
    Some((nodes, after))
}

/// A pull request that landed: its number, when, and the commit that it landed as.
pub type Landed = (u64, Timestamp, CommitId);

/// The pull requests that landed on branches since a moment, of the latest ones of each, oldest first. What can't be told is a gap
/// of its repository, which is missing then.
pub async fn landed(
    client: &Client,
    wanted: &[(RepoName, String, Timestamp)],
    gaps: &mut Vec<Gap>,
) -> BTreeMap<RepoName, Vec<Landed>> {
    let mut out = BTreeMap::new();
    let query = |owner: &str, chunk: &[(RepoName, String, Timestamp)]| {
        let mut text = Text::new(owner);
        for (k, (repo, branch, _)) in chunk.iter().enumerate() {
            text.variable(&format!("b{k}"), "String", json!(branch));
            let fields = format!(
                "pullRequests(baseRefName: $b{k}, first: {LANDED}, states: [MERGED], \
                 orderBy: {{ field: UPDATED_AT, direction: DESC }}) \
                 {{ nodes {{ number mergedAt mergeCommit {{ oid }} }} }}"
            );
            text.ask(k, repo, &fields);
        }
        text.operation("Landed", "")
    };
    let asked = wanted.iter().cloned();
    for (chunk, result) in batch::of_owners(client, asked, |(repo, ..)| repo, HEADS, query).await {
        for (k, (repo, _, since)) in chunk.iter().enumerate() {
            let told = match &result {
                Ok(reply) => since_then(reply, k, *since),
                Err(error) => Err((error.to_string(), super::cause(error))),
            };
            match told {
                Ok(landed) => {
                    out.insert(repo.clone(), landed);
                }
                Err((why, cause)) => {
                    gaps.push(Gap { facet: Facet::Language, repo: Some(repo.clone()), why, cause });
                }
            }
        }
    }
    out
}

fn since_then(reply: &GraphqlReply, k: usize, since: Timestamp) -> Result<Vec<Landed>, (String, Cause)> {
    let repo = part(reply, k)?;
    let one = |pull: &Value| {
        let at: Timestamp = pull["mergedAt"].as_str()?.parse().ok()?;
        Some((pull["number"].as_u64()?, at, CommitId::parse(pull["mergeCommit"]["oid"].as_str()?)?))
    };
    let nodes = repo["pullRequests"]["nodes"].as_array();
    let all = nodes.and_then(|nodes| nodes.iter().map(one).collect::<Option<Vec<Landed>>>());
    let mut all =
        all.ok_or_else(|| ("GitHub doesn't tell which pull requests landed".to_owned(), Cause::Other))?;
    all.retain(|(_, at, _)| *at >= since);
    all.sort_by_key(|(number, at, _)| (*at, *number));
    Ok(all)
}

/// What a reply tells of one repository.
fn part(reply: &GraphqlReply, k: usize) -> Result<&Value, (String, Cause)> {
    let alias = format!("r{k}");
    match reply.errors.iter().find(|e| e.path.first().is_none_or(|first| *first == alias)) {
        Some(error) => Err((error.message.clone(), cause_of(error))),
        None => Ok(&reply.data[alias.as_str()]),
    }
}

/// What became of a change when it was proposed before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// It never was, or is open.
    Never,
    /// It landed.
    Landed,
    /// The factory closed it.
    Withdrawn,
    /// Somebody closed it without merging it.
    Declined(u64),
}

/// What became of the latest pull request of each of these branches. What can't be told is a gap of its repository.
pub async fn proposed_before(
    client: &Client,
    branches: &[(RepoName, String)],
    gaps: &mut Vec<Gap>,
) -> BTreeMap<(RepoName, String), Before> {
    let mut out = BTreeMap::new();
    let query = |owner: &str, chunk: &[(RepoName, String)]| {
        let mut text = Text::new(owner);
        for (k, (repo, branch)) in chunk.iter().enumerate() {
            text.variable(&format!("b{k}"), "String", json!(branch));
            let fields = format!(
                "pullRequests(headRefName: $b{k}, last: 1, orderBy: {{ field: CREATED_AT, direction: ASC }}) \
                 {{ nodes {{ number state body }} }}"
            );
            text.ask(k, repo, &fields);
        }
        text.operation("Before", "")
    };
    let asked = branches.iter().cloned();
    for (chunk, result) in batch::of_owners(client, asked, |(repo, _)| repo, BRANCHES, query).await {
        for (k, key) in chunk.iter().enumerate() {
            let told = match &result {
                Ok(reply) => last(reply, k),
                Err(error) => Err((error.to_string(), super::cause(error))),
            };
            match told {
                Ok(before) => {
                    out.insert(key.clone(), before);
                }
                Err((why, cause)) => {
                    gaps.push(Gap { facet: Facet::Language, repo: Some(key.0.clone()), why, cause });
                }
            }
        }
    }
    out
}

/// What became of the latest pull request.
fn last(reply: &GraphqlReply, k: usize) -> Result<Before, (String, Cause)> {
    let nodes = part(reply, k)?["pullRequests"]["nodes"].as_array();
    let nodes = nodes.ok_or_else(|| ("GitHub doesn't tell its pull requests".to_owned(), Cause::Other))?;
    let Some(pull) = nodes.last() else { return Ok(Before::Never) };
    let is_withdrawn = pull["body"].as_str().is_some_and(|body| body.starts_with(WITHDRAWN));
    match (pull["state"].as_str(), pull["number"].as_u64()) {
        (Some("MERGED"), _) => Ok(Before::Landed),
        (Some("CLOSED"), _) if is_withdrawn => Ok(Before::Withdrawn),
        (Some("CLOSED"), Some(number)) => Ok(Before::Declined(number)),
        (Some("OPEN"), _) => Ok(Before::Never),
        (_, _) => Err(("GitHub doesn't tell what became of a pull request".to_owned(), Cause::Other)),
    }
}
