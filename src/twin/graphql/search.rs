//! Searching for issues and pull requests.
//!
//! Words and qualifiers are taken together. What isn't a qualifier of those that are known is a word, as on GitHub, where a
//! word that nothing has finds nothing. What may not be seen is not found.

use std::sync::Arc;

use async_graphql::{Context, Enum, Result, SimpleObject, Union};

use super::connection::{Bounds, PageInfo, page};
use super::issues::Issue;
use super::pulls::PullRequest;
use super::{refuse, session};
use crate::twin::door::failure::Failure;
use crate::twin::world::{self, IssueState, Repo};

/// The most that is told of what is found.
const MOST: usize = 1_000;

/// What is searched for.
#[derive(Debug, Enum, Copy, Clone, Eq, PartialEq)]
pub(crate) enum SearchType {
    Discussion,
    Issue,
    Repository,
    User,
}

/// What is found.
#[derive(Union)]
pub(crate) enum SearchResultItem {
    Issue(Box<Issue>),
    PullRequest(Box<PullRequest>),
}

/// A page of what is found.
#[derive(SimpleObject)]
pub(crate) struct SearchResultItemConnection {
    issue_count: i32,
    nodes: Option<Vec<Option<SearchResultItem>>>,
    page_info: PageInfo,
}

/// A condition: what is asked for, and whether it must be so or not.
#[derive(Debug, PartialEq, Eq)]
struct Term {
    wanted: bool,
    key: String,
    value: String,
}

/// The qualifiers that are known.
const KEYS: [&str; 11] =
    ["repo", "org", "user", "is", "type", "state", "label", "no", "author", "assignee", "sort"];

/// The terms of a search, of which one in quotes is one.
fn terms(query: &str) -> Vec<Term> {
    let (mut parts, mut part, mut quoted) = (Vec::new(), String::new(), false);
    for c in query.chars() {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => parts.push(std::mem::take(&mut part)),
            c => part.push(c),
        }
    }
    parts.push(part);
    let term = |part: String| {
        let (wanted, bare) = part.strip_prefix('-').map_or((true, part.as_str()), |rest| (false, rest));
        let known = bare.split_once(':').filter(|(key, _)| KEYS.contains(&key.to_lowercase().as_str()));
        let (key, value) = known.unwrap_or(("", bare));
        Term { wanted, key: key.to_lowercase(), value: value.to_lowercase() }
    };
    parts.into_iter().filter(|part| !part.is_empty()).map(term).collect()
}

/// Whether an issue is what a term asks for.
fn fits(term: &Term, repo: &Repo, issue: &world::Issue) -> bool {
    let value = term.value.as_str();
    let is = |word: &str| match word {
        "issue" => issue.pull.is_none(),
        "pr" => issue.pull.is_some(),
        "open" => issue.state == IssueState::Open,
        "closed" => issue.state == IssueState::Closed,
        "merged" => issue.pull.as_ref().is_some_and(|pull| pull.merged_at.is_some()),
        _ => false,
    };
    let labelled = |name: &str| repo.label(name).is_some_and(|label| issue.labels.contains(&label.id));
    let split = |text: &str| -> Vec<String> {
        text.to_lowercase().split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect()
    };
    let phrase = split(value);
    let words = |text: &str| split(text).windows(phrase.len()).any(|window| window == phrase);
    match term.key.as_str() {
        "repo" => repo.full_name().eq_ignore_ascii_case(value),
        "org" | "user" => repo.owner.eq_ignore_ascii_case(value),
        "is" | "type" | "state" => is(value),
        "label" => value.split(',').any(labelled),
        "no" => match value {
            "assignee" => issue.assignees.is_empty(),
            "label" => issue.labels.is_empty(),
            _ => true,
        },
        "author" => issue.author.eq_ignore_ascii_case(value),
        "assignee" => issue.assignees.iter().any(|login| login.eq_ignore_ascii_case(value)),
        "sort" => true,
        _ => words(&issue.title) || issue.body.as_deref().is_some_and(words),
    }
}

/// One page of what is found, as far as the viewer may see it.
pub(crate) fn search(
    cx: &Context<'_>,
    query: &str,
    of: SearchType,
    bounds: &Bounds,
) -> Result<SearchResultItemConnection> {
    if of != SearchType::Issue {
        return Err(refuse(&Failure::unprocessable("The twin searches for issues and pull requests only")));
    }
    let session = session(cx)?;
    let world = session.world();
    let terms = terms(query);
    let seen = world.repos.values().filter(|repo| session.caller.permission(&world, repo).is_some());
    let mut found: Vec<(&Arc<Repo>, &world::Issue)> = seen
        .flat_map(|repo| repo.issues.values().map(move |issue| (repo, issue)))
        .filter(|(repo, issue)| terms.iter().all(|term| fits(term, repo, issue) == term.wanted))
        .collect();
    let sort = terms.iter().rev().find(|term| term.key == "sort").map_or("", |term| term.value.as_str());
    found.sort_by_key(|(_, issue)| (issue.created_at, issue.id));
    match sort {
        "created-asc" => {}
        "updated-asc" => found.sort_by_key(|(_, issue)| issue.updated_at),
        "updated" | "updated-desc" => found.sort_by_key(|(_, issue)| std::cmp::Reverse(issue.updated_at)),
        _ => found.reverse(),
    }
    let count = found.len();
    found.truncate(MOST);
    let page = page(found, |(_, issue)| issue.id, bounds)?;
    let draw = |(repo, issue): (&Arc<Repo>, &world::Issue)| match PullRequest::of(repo, issue.number) {
        Some(pull) => SearchResultItem::PullRequest(Box::new(pull)),
        None => SearchResultItem::Issue(Box::new(Issue { repo: Arc::clone(repo), issue: issue.clone() })),
    };
    Ok(SearchResultItemConnection {
        issue_count: i32::try_from(count).unwrap_or(i32::MAX),
        nodes: Some(page.nodes.into_iter().map(|one| Some(draw(one))).collect()),
        page_info: page.page_info,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_taken_apart_as_it_is_written() {
        let said = |query: &str| -> Vec<String> {
            let sign = |term: &Term| if term.wanted { "" } else { "-" };
            terms(query).iter().map(|term| format!("{}{}={}", sign(term), term.key, term.value)).collect()
        };
        assert_eq!(
            said(r#"Label:"good first" -label:Bug crash foo:bar "two words" no:assignee"#),
            ["label=good first", "-label=bug", "=crash", "=foo:bar", "=two words", "no=assignee"]
        );
        assert_eq!(said("  "), Vec::<String>::new());
    }
}
