//! Reads issues by number: in numbers for an observation, and one alone right before something is done about it.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt};

use crate::adapters::github::{Client, Error, GraphqlError, GraphqlReply};
use crate::model::{Case, CommitId, Facet, Gap, PullCase, RepoName, Seen};

use super::super::batch;
use super::query::{self, Asked, AskedPull, KEPT};
use super::{Untold, cause, decode, refusal};

/// How many single issues are read at the same time.
const AT_ONCE: usize = 6;
/// Pages of pull requests from one branch that are read: anybody can open one from a branch of that name elsewhere.
const PAGES_MAX: usize = 20;

/// What became of each issue. What can't be read of one makes all of it unknown, and is a gap.
///
/// Those that are `kept` are known already, but for the pull request that is open, where that is to be read again.
pub(super) async fn all(
    client: &Client,
    asked: &[Asked],
    kept: Vec<(Case, bool)>,
    gaps: &mut Vec<Gap>,
) -> BTreeMap<Asked, Seen<Case>> {
    let Issues { mut seen, mut open, crowded } = issues(client, asked, gaps).await;
    for (case, again) in kept {
        let at = (case.repo.clone(), case.number);
        if again && case.pulls.iter().any(|pull| pull.open) {
            let numbers = case.pulls.iter().map(|pull| pull.number).collect();
            open.insert(at, (case, numbers));
        } else {
            seen.insert(at, Seen::Known(case));
        }
    }
    let numbers = |(at, (_, pulls)): (&Asked, &(Case, Vec<u64>))| {
        let at = at.clone();
        pulls.clone().into_iter().map(move |pull| (at.0.clone(), at.1, pull))
    };
    let wanted: Vec<AskedPull> = open.iter().flat_map(numbers).collect();
    let mut pulls = pulls(client, &wanted, gaps).await;
    for ((repo, number), (mut case, numbers)) in open {
        let told = numbers.into_iter().map(|pull| pulls.remove(&(repo.clone(), number, pull)));
        // One that could not be read is said to be so already.
        let told: Option<Vec<_>> = told.collect();
        let case = told.map(|pulls| {
            case.pulls = pulls.into_iter().flatten().collect();
            case
        });
        seen.insert((repo, number), case.map_or(Seen::Unknown, Seen::Known));
    }
    let read = crowded.into_iter().map(async |(repo, number)| {
        let found = one_case(client, &repo, number).await;
        ((repo, number), found)
    });
    let mut read = stream::iter(read).buffer_unordered(AT_ONCE);
    while let Some((at, found)) = read.next().await {
        let one = match found {
            Ok(case) => case.map_or(Seen::Absent, Seen::Known),
            Err(error) => {
                gaps.push(gap(&at.0, Some(at.1), Untold::of(&error)));
                Seen::Unknown
            }
        };
        seen.insert(at, one);
    }
    seen
}

/// The issues as far as they were read.
#[derive(Default)]
struct Issues {
    /// Those of which all is known, or that it is not.
    seen: BTreeMap<Asked, Seen<Case>>,
    /// Those of which only the pull requests with these numbers are missing.
    open: BTreeMap<Asked, (Case, Vec<u64>)>,
    /// Those with more pull requests from elsewhere than are worth reading in numbers.
    crowded: Vec<Asked>,
}

async fn issues(client: &Client, asked: &[Asked], gaps: &mut Vec<Gap>) -> Issues {
    let asked = asked.iter().cloned();
    let read = batch::of_owners(client, asked, |(repo, _)| repo, query::ISSUES, query::issues);
    let mut out = Issues::default();
    for (chunk, result) in read.await {
        let reply = match result {
            Ok(reply) => reply,
            Err(error) => {
                out.seen.extend(chunk.iter().map(|at| (at.clone(), Seen::Unknown)));
                unread(chunk.iter().map(|(repo, _)| repo), &error, gaps);
                continue;
            }
        };
        for (k, at) in query::numbered(&chunk, |(repo, _)| repo) {
            let told = issue_of(&reply, k, &at.0, at.1).and_then(|case| match case {
                Some(case) => Ok(Some((case, numbers_of(&reply, k, at.1)?))),
                None => Ok(None),
            });
            match told {
                Ok(Some((case, Some(numbers)))) => {
                    out.open.insert(at.clone(), (case, numbers));
                }
                Ok(Some((_, None))) => out.crowded.push(at.clone()),
                Ok(None) => {
                    out.seen.insert(at.clone(), Seen::Absent);
                }
                Err(untold) => {
                    gaps.push(gap(&at.0, Some(at.1), untold));
                    out.seen.insert(at.clone(), Seen::Unknown);
                }
            }
        }
    }
    out
}

/// The pull requests that could be read; `None` stands for one that came from elsewhere.
async fn pulls(
    client: &Client,
    asked: &[AskedPull],
    gaps: &mut Vec<Gap>,
) -> BTreeMap<AskedPull, Option<PullCase>> {
    let asked = asked.iter().cloned();
    let read = batch::of_owners(client, asked, |(repo, ..)| repo, query::PULLS, query::pulls);
    let mut out = BTreeMap::new();
    for (chunk, result) in read.await {
        let reply = match result {
            Ok(reply) => reply,
            Err(error) => {
                unread(chunk.iter().map(|(repo, ..)| repo), &error, gaps);
                continue;
            }
        };
        for (k, at) in query::numbered(&chunk, |(repo, ..)| repo) {
            match pull_of(&reply, k, at.2) {
                Ok(pull) => {
                    out.insert(at.clone(), pull);
                }
                Err(untold) => gaps.push(gap(&at.0, Some(at.1), untold)),
            }
        }
    }
    out
}

/// One issue, with the pull requests from its branch; `None` where it is gone, or was moved elsewhere. One request, unless
/// there are pull requests from branches of that name elsewhere.
///
/// # Errors
/// When GitHub doesn't tell all of it.
pub async fn one_case(client: &Client, repo: &RepoName, number: u64) -> Result<Option<Case>, Error> {
    let (mut pulls, mut after) = (Vec::new(), None::<String>);
    for _ in 0..PAGES_MAX {
        let mut reply = client.graphql(repo.owner(), &query::one(repo, number, after.as_deref())).await?;
        let told = issue_of(&reply, 0, repo, number).and_then(|case| match case {
            Some(case) => Ok(Some((case, page_of(&reply, number)?))),
            None => Ok(None),
        });
        let (case, page) = match told {
            Ok(Some(told)) => told,
            Ok(None) => return Ok(None),
            Err(Untold { why, .. }) => {
                reply.errors.retain(|error| !is_of_compare(error));
                reply.complete()?;
                return Err(Error::untold(&format!("{repo}#{number}: {why}"), "not all of an issue"));
            }
        };
        pulls.extend(page.pulls);
        after = page.after.filter(|_| pulls.len() < KEPT);
        if after.is_none() {
            pulls.truncate(KEPT);
            return Ok(Some(Case { pulls, ..case }));
        }
    }
    Err(Error::untold(&format!("{repo}#{number}"), "pull requests from elsewhere without an end"))
}

fn gap(repo: &RepoName, number: Option<u64>, Untold { why, cause }: Untold) -> Gap {
    let what = number.map_or_else(|| "its issues".to_owned(), |number| format!("issue {number}"));
    let why = format!("{what} could not be read: {why}");
    Gap { facet: Facet::Cases, repo: Some(repo.clone()), why, cause }
}

/// A whole query failed: a gap for each repository in it.
fn unread<'a>(repos: impl Iterator<Item = &'a RepoName>, error: &Error, gaps: &mut Vec<Gap>) {
    let repos: BTreeSet<&RepoName> = repos.collect();
    gaps.extend(repos.into_iter().map(|repo| {
        let untold = Untold { why: error.to_string(), cause: cause(error) };
        gap(repo, None, untold)
    }));
}

/// Whether it says only that a branch could not be compared: it is gone, most often.
fn is_of_compare(error: &GraphqlError) -> bool {
    error.path.iter().any(|step| step == "compare")
}

/// What is amiss with one part of the answer; an error that names no part is about each.
fn amiss<'a>(reply: &'a GraphqlReply, alias: &str, field: &str) -> Vec<&'a GraphqlError> {
    let about = |error: &&GraphqlError| {
        error.path.first().is_none_or(|step| step == alias)
            && error.path.get(1).is_none_or(|step| step == field)
            && !is_of_compare(error)
    };
    reply.errors.iter().filter(about).collect()
}

/// An issue of an answer; `None` where GitHub says of this very issue that it isn't there, or has it elsewhere.
pub(super) fn issue_of(
    reply: &GraphqlReply,
    k: usize,
    repo: &RepoName,
    number: u64,
) -> Result<Option<Case>, Untold> {
    let (alias, field) = (format!("r{k}"), format!("i{number}"));
    let (errors, value) = (amiss(reply, &alias, &field), &reply.data[&alias][&field]);
    let gone = |error: &&GraphqlError| error.type_.as_deref() == Some("NOT_FOUND") && error.path.len() == 2;
    if value.is_null() && !errors.is_empty() && errors.iter().all(gone) {
        return Ok(None);
    }
    match errors.first() {
        Some(error) => Err(refusal(error)),
        None => {
            let case =
                decode::issue(value, &reply.data[&alias]["id"], repo, number).map_err(Untold::other)?;
            let branch = branch_of(reply, k, number)?;
            Ok(case.map(|case| Case { branch, ..case }))
        }
    }
}

/// Where the branch of an issue is.
fn branch_of(reply: &GraphqlReply, k: usize, number: u64) -> Result<Option<CommitId>, Untold> {
    let (alias, field) = (format!("r{k}"), format!("h{number}"));
    match amiss(reply, &alias, &field).first() {
        Some(error) => Err(refusal(error)),
        None => decode::branch(&reply.data[&alias], &field).map_err(Untold::other),
    }
}

/// The numbers of the pull requests from the branch of an issue; `None` where there are too many from elsewhere.
pub(super) fn numbers_of(reply: &GraphqlReply, k: usize, number: u64) -> Result<Option<Vec<u64>>, Untold> {
    let (alias, field) = (format!("r{k}"), format!("b{number}"));
    match amiss(reply, &alias, &field).first() {
        Some(error) => Err(refusal(error)),
        None => {
            let repo = &reply.data[&alias];
            decode::numbers(&repo[&field], &repo["id"]).map_err(Untold::other)
        }
    }
}

/// A pull request of an answer; `None` where it comes from elsewhere.
pub(super) fn pull_of(reply: &GraphqlReply, k: usize, number: u64) -> Result<Option<PullCase>, Untold> {
    let (alias, field) = (format!("r{k}"), format!("p{number}"));
    match amiss(reply, &alias, &field).first() {
        Some(error) => Err(refusal(error)),
        None => {
            let repo = &reply.data[&alias];
            decode::pull(&repo[&field], &repo["id"])
                .map_err(|why| Untold::other(format!("pull request {number}: {why}")))
        }
    }
}

/// The pull requests of an answer about one issue.
fn page_of(reply: &GraphqlReply, number: u64) -> Result<decode::Page, Untold> {
    let field = format!("b{number}");
    match amiss(reply, "r0", &field).first() {
        Some(error) => Err(refusal(error)),
        None => {
            let repo = &reply.data["r0"];
            decode::page(&repo[&field], &repo["id"]).map_err(Untold::other)
        }
    }
}
