//! The issues that pipelines have to do with, each with the pull requests from its branch.
//!
//! First the numbers of those that are wanted, then the issues by number, each with the numbers of the pull requests from
//! its branch, then those pull requests. Queries and points (of 5,000 an hour), where one issue in twenty has a pull request:
//!
//! | issues | queries | points |
//! |---|---|---|
//! | 1, with a pull request | 3 | 3 |
//! | 50 of one repository | 3 | 6 |
//! | 50 of fifty repositories | 3 | 6 |
//! | 2,000 of one repository | 64 | 200 |
//!
//! To list whole issues would save one query where a single page holds them all, and cost 5 points for each repository,
//! whatever it has; to ask for whole pull requests of each issue would take 100 queries and more than 5,700 points for 2,000
//! of them. Besides, who the factory itself is takes a request an owner, mostly answered from the cache. All that there is of
//! a single issue ([`one_case`]) takes one query and three points.

mod carried;
mod decode;
mod each;
mod listing;
mod memory;
mod permissions;
mod pushes;
mod query;
mod read;
mod renames;
mod search;

#[cfg(test)]
mod against_twin;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::adapters::github::{Client, Error, GraphqlError, Stats};
use crate::model::{Case, Cause, Facet, Gap, Observed, Pipeline, RepoName, Seen};

use super::{cause, repositories::cause_of};

pub use carried::{Moved, carried};
pub use memory::{Remembered, Told};
pub use permissions::{permission, permissions};
pub use pushes::pushes;
pub use read::one_case;
pub use renames::renames;

/// The issues of a repository that a pipeline may have to do with.
#[derive(Clone, Debug)]
pub struct WantedCases<'a> {
    /// The repository.
    pub repo: &'a RepoName,
    /// Its pipeline.
    pub pipeline: &'a Pipeline,
    /// The issues that the factory has runs of, whatever labels they carry now.
    pub also: BTreeSet<u64>,
    /// Those of them that a run is at work on: that one is moved elsewhere, no listing of changes tells.
    pub at_work: BTreeSet<u64>,
}

/// Reads the open issues that carry a label of a pipeline's intake or of its own, that its assignee has, or that its search
/// finds, and those that are wanted by number. What can't be read is a gap. What GitHub says has not changed since it was read is taken as it was.
/// Cancelling it is safe: nothing is written.
pub async fn cases(
    client: &Client,
    wanted: &[WantedCases<'_>],
    (memory, now): (&Remembered, Timestamp),
    observed: &mut Observed,
) {
    let before = client.stats();
    let mut gaps = Vec::new();
    let lists: Vec<Listing<'_>> = wanted.iter().map(|one| Listing::of(one, memory, now)).collect();
    let mut notes = Vec::new();
    // First, so that no listing is older than what a search tells.
    let found = search::search(client, wanted, (memory, now), (&mut gaps, &mut notes)).await;
    let reading = listing::list(client, &lists, (&mut observed.cases, &mut gaps));
    let (mut listed, own) = futures::join!(reading, own(client, wanted));
    for list in &lists {
        let Some(it) = found.get(list.repo).filter(|it| it.at == now || list.since.is_none()) else {
            continue;
        };
        let known = listed.entry(list.repo.clone()).or_default();
        for (number, at) in &it.numbers {
            known.entry(*number).or_insert(*at);
        }
    }
    let is_found = |case: &Case| found.get(&case.repo).and_then(|it| it.has(case.number));
    observed.cases.own.extend(own.0);
    gaps.extend(own.1);
    let none = BTreeMap::new();
    let of = |repo: &RepoName| listed.get(repo).unwrap_or(&none);
    let (mut asked, mut kept) = (BTreeSet::new(), Vec::new());
    for (one, list) in wanted.iter().zip(&lists) {
        let less = memory.less(one.repo, &one.at_work, now);
        if list.since.is_some() {
            kept.extend(memory.unchanged(one.repo, (of(one.repo), &one.also, &less), now));
        }
        let also = one.also.iter().filter(|number| list.since.is_none() || !memory.has(one.repo, **number));
        asked.extend(of(one.repo).keys().chain(also).chain(&less).map(|number| (one.repo.clone(), *number)));
    }
    for (case, _) in &kept {
        asked.remove(&(case.repo.clone(), case.number));
    }
    let as_it_was = |(case, again): &(Case, bool)| (!again).then(|| (case.repo.clone(), case.number));
    let as_they_were: BTreeSet<query::Asked> = kept.iter().filter_map(as_it_was).collect();
    let asked: Vec<query::Asked> = asked.into_iter().collect();
    let mut all = read::all(client, &asked, kept, &mut gaps).await;
    for (one, list) in wanted.iter().zip(&lists) {
        if gaps.iter().any(|gap| gap.repo.as_ref() == Some(one.repo)) {
            memory.drop_all(one.repo);
            continue;
        }
        let is_ours = |case: &&Case| listing::is_listed(one.pipeline, case) || is_found(case) == Some(true);
        let of_it = || all.iter().filter(|((repo, _), _)| repo == one.repo);
        // What was closed, moved or isn't asked for any more is not what it was before.
        for ((repo, number), _) in of_it().filter(|(_, seen)| seen.known().is_none_or(|case| !is_ours(&case)))
        {
            memory.forget(repo, *number);
        }
        let ours = of_it().filter_map(|(_, seen)| seen.known()).filter(is_ours).cloned().map(|case| {
            let was_read = !as_they_were.contains(&(case.repo.clone(), case.number));
            (case, was_read)
        });
        memory.learn(one.repo, (list.filters.clone(), list.since.is_none(), now), of(one.repo), ours);
    }
    // Of what changed only some is the pipeline's.
    let is_ours = |one: &WantedCases<'_>, case: &Case| {
        one.also.contains(&case.number)
            || listing::is_listed(one.pipeline, case)
            || is_found(case) == Some(true)
    };
    all.retain(|(repo, _), seen| {
        let Seen::Known(case) = seen else { return true };
        wanted.iter().any(|one| one.repo == repo && is_ours(one, case))
    });
    let here = |repo: &RepoName| wanted.iter().any(|one| one.repo == repo);
    let ours: BTreeSet<query::Asked> = all.keys().cloned().collect();
    let (mut above, mut more) = (parents(&all, &ours), named(&all));
    for _ in 0..DEEPEST {
        more.extend(above.iter().cloned());
        let missing: Vec<query::Asked> =
            more.into_iter().filter(|one| here(&one.0) && !all.contains_key(one)).collect();
        if missing.is_empty() {
            break;
        }
        all.extend(read::all(client, &missing, Vec::new(), &mut gaps).await);
        (above, more) = (parents(&all, &above), BTreeSet::new());
    }
    for seen in all.values_mut() {
        if let Seen::Known(case) = seen {
            case.found = is_found(case);
        }
    }
    observed.cases.all.extend(all);
    gaps.extend(notes);
    gaps.sort_by(|a, b| (&a.repo, &a.why).cmp(&(&b.repo, &b.why)));
    gaps.dedup();
    observed.gaps.extend(gaps);
    charge(client, before, observed);
}

/// How far up the parents of issues are looked for.
const DEEPEST: usize = 8;

/// What has to be closed before the issues are worked on, or are closed: what blocks them, what is open of their parts, and what
/// they are worked on as.
fn named(all: &BTreeMap<query::Asked, Seen<Case>>) -> BTreeSet<query::Asked> {
    let of = |case: &Case| {
        let blockers = case.blocked_by.iter().map(|number| (case.repo.clone(), *number));
        let others = case.children.iter().chain(&case.dependencies);
        let others = others.filter(|(_, open)| **open).map(|(other, _)| other.clone());
        blockers.chain(others).chain(case.mirror()).chain(case.mirrors()).collect::<Vec<_>>()
    };
    all.values().filter_map(Seen::known).flat_map(of).collect()
}

/// The issues that these are parts of.
fn parents(all: &BTreeMap<query::Asked, Seen<Case>>, of: &BTreeSet<query::Asked>) -> BTreeSet<query::Asked> {
    of.iter().filter_map(|one| all.get(one)?.known()?.parent.clone()).collect()
}

/// What is listed of a repository.
#[derive(Clone, Debug)]
struct Listing<'a> {
    repo: &'a RepoName,
    filters: Vec<listing::Filter>,
    /// Only what changed since; everything without it.
    since: Option<Timestamp>,
}

impl<'a> Listing<'a> {
    fn of(one: &WantedCases<'a>, memory: &Remembered, now: Timestamp) -> Self {
        let filters = listing::filters(one.pipeline);
        let since = memory.since(one.repo, &filters, now);
        Self { repo: one.repo, filters, since }
    }
}

/// The factory's own login, by owner.
async fn own(client: &Client, wanted: &[WantedCases<'_>]) -> (BTreeMap<String, String>, Vec<Gap>) {
    let owners: BTreeSet<&str> = wanted.iter().map(|one| one.repo.owner()).collect();
    let asked = owners.into_iter().map(async |owner| (owner, client.identity(owner).await));
    let (mut own, mut gaps) = (BTreeMap::new(), Vec::new());
    for (owner, found) in futures::future::join_all(asked).await {
        match found {
            Ok(identity) => {
                own.insert(owner.to_lowercase(), identity.login());
            }
            Err(error) => {
                let why = format!("the factory's own login: {error}");
                let of_owner = wanted.iter().filter(|one| one.repo.owner() == owner);
                gaps.extend(of_owner.map(|one| Gap {
                    facet: Facet::Cases,
                    repo: Some(one.repo.clone()),
                    why: why.clone(),
                    cause: cause(&error),
                }));
            }
        }
    }
    (own, gaps)
}

/// Reads who the reviewer is: one identity, whatever it looks at. Where that can't be told, it is a gap of every repository,
/// since nothing that its reviewer is to say can be said there.
pub async fn reviewer(client: &Client, wanted: &[WantedCases<'_>], observed: &mut Observed) {
    let Some(first) = wanted.first() else { return };
    match client.identity(first.repo.owner()).await {
        Ok(identity) => observed.cases.reviewer = Some(identity.login()),
        Err(error) => observed.gaps.extend(wanted.iter().map(|one| Gap {
            facet: Facet::Cases,
            repo: Some(one.repo.clone()),
            why: format!("the reviewer's login: {error}"),
            cause: cause(&error),
        })),
    }
    observed.cost.requests += 1;
}

/// Adds what was asked for since `before` to what the reading cost.
fn charge(client: &Client, before: Stats, observed: &mut Observed) {
    let after = client.stats();
    observed.cost.requests += after.requests - before.requests;
    observed.cost.points += after.points - before.points;
}

/// Why something isn't known.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Untold {
    why: String,
    cause: Cause,
}

impl Untold {
    fn of(error: &Error) -> Self {
        Self { why: error.to_string(), cause: cause(error) }
    }

    fn other(why: impl Into<String>) -> Self {
        Self { why: why.into(), cause: Cause::Other }
    }
}

/// What GitHub says of a part that it doesn't tell.
fn refusal(error: &GraphqlError) -> Untold {
    Untold { why: error.message.clone(), cause: cause_of(error) }
}
