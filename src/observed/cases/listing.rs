//! Which open issues are a pipeline's: those with one of its labels, and those that its assignee has.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::adapters::github::{Client, GraphqlReply};
use crate::model::{Case, Cases, Cause, Facet, Gap, LabelName, Mark, Phase, Pipeline, RepoName};

use super::super::batch;
use super::{Listing, Untold, query, refusal};

/// Pages of one listing that are read before it counts as endless.
const PAGES_MAX: usize = 100;

/// What is asked of an issue for it to be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Filter {
    /// It carries one of these labels, at least one of which there is.
    Labels(Vec<String>),
    /// This login is assigned.
    Assignee(String),
    /// It changed since, by GitHub's clock, whether it is open or not.
    Since(Timestamp),
}

/// One page of a listing.
#[derive(Clone, Debug)]
pub(super) struct Page<'a> {
    pub(super) repo: &'a RepoName,
    pub(super) filter: Filter,
    pub(super) after: Option<String>,
}

/// The listings of a pipeline. GitHub takes a filter of nothing for every issue, so there is none of that kind.
pub(super) fn filters(pipeline: &Pipeline) -> Vec<Filter> {
    let marks = Phase::ALL.iter().copied().map(Mark::At).chain([Mark::Parked, Mark::Human, Mark::Hold]);
    let marks = marks.map(|mark| pipeline.label(mark));
    let labels: BTreeMap<String, String> = (pipeline.intake.iter().cloned().chain(marks))
        .filter(|label| !label.as_str().trim().is_empty())
        .map(|label| (label.key(), label.as_str().to_owned()))
        .collect();
    let labels = Some(labels.into_values().collect::<Vec<_>>()).filter(|all| !all.is_empty());
    let assignee = pipeline.assignee.clone().filter(|login| !login.trim().is_empty());
    labels.map(Filter::Labels).into_iter().chain(assignee.map(Filter::Assignee)).collect()
}

/// Whether a pipeline's listing of everything has an issue.
pub(super) fn is_listed(pipeline: &Pipeline, case: &Case) -> bool {
    case.open
        && filters(pipeline).iter().any(|filter| match filter {
            Filter::Labels(labels) => {
                labels.iter().any(|label| case.labels.contains_key(&LabelName::observed(label).key()))
            }
            Filter::Assignee(login) => case.assigned(login).is_some(),
            Filter::Since(_) => false,
        })
}

/// When an issue of a repository changed last, by its number.
pub(super) type Changed = BTreeMap<RepoName, BTreeMap<u64, Timestamp>>;

/// The numbers of all that are listed and when each changed last, page by page and many repositories in one query. What can't
/// be listed to its end is a gap, and what was read of it is kept.
pub(super) async fn list(
    client: &Client,
    lists: &[Listing<'_>],
    (cases, gaps): (&mut Cases, &mut Vec<Gap>),
) -> Changed {
    let mut found = Changed::new();
    let mut pages: Vec<Page<'_>> = Vec::new();
    for list in lists {
        let filters = list.since.map_or_else(|| list.filters.clone(), |since| vec![Filter::Since(since)]);
        pages.extend(filters.into_iter().map(|filter| Page { repo: list.repo, filter, after: None }));
    }
    for _ in 0..PAGES_MAX {
        if pages.is_empty() {
            return found;
        }
        let asked = std::mem::take(&mut pages);
        for (chunk, result) in
            batch::of_owners(client, asked, |page| page.repo, query::LISTS, query::lists).await
        {
            for (k, page) in chunk.iter().enumerate() {
                let told = match &result {
                    Ok(reply) => numbers(reply, k),
                    Err(error) => Err(Untold::of(error)),
                };
                match told {
                    Ok((numbers, after)) => {
                        note(cases, page.repo, result.as_ref().ok(), k);
                        found.entry(page.repo.clone()).or_default().extend(numbers);
                        pages.extend(after.map(|after| Page { after: Some(after), ..page.clone() }));
                    }
                    Err(untold) => gaps.push(unlisted(page.repo, untold)),
                }
            }
        }
    }
    for page in pages {
        let why = format!("more than {PAGES_MAX} pages");
        gaps.push(unlisted(page.repo, Untold { why, cause: Cause::Other }));
    }
    found
}

/// Takes note of who sees a repository, and whether anything can be written there.
fn note(cases: &mut Cases, repo: &RepoName, reply: Option<&GraphqlReply>, k: usize) {
    let Some(told) = reply.map(|reply| &reply.data[format!("r{k}")]) else { return };
    if let Some(word) = told["visibility"].as_str() {
        cases.visibility.insert(repo.clone(), word.to_lowercase());
    }
    if told["isArchived"] == true {
        cases.archived.insert(repo.clone());
    }
}

fn unlisted(repo: &RepoName, Untold { why, cause }: Untold) -> Gap {
    let why = format!("its issues could not be listed: {why}");
    Gap { facet: Facet::Cases, repo: Some(repo.clone()), why, cause }
}

/// Numbers with when each changed last, and the cursor after which they go on.
type Numbers = (Vec<(u64, Timestamp)>, Option<String>);

/// The numbers of a page with when each changed last, and the cursor after which they go on.
fn numbers(reply: &GraphqlReply, k: usize) -> Result<Numbers, Untold> {
    let alias = format!("r{k}");
    if let Some(error) = reply.errors.iter().find(|e| e.path.first().is_none_or(|first| *first == alias)) {
        return Err(refusal(error));
    }
    let page = &reply.data[&alias]["issues"];
    let told = || {
        let nodes = page["nodes"].as_array()?;
        let told = |node: &Value| Some((node["number"].as_u64()?, node["updatedAt"].as_str()?.parse().ok()?));
        let numbers = nodes.iter().map(told).collect::<Option<Vec<_>>>()?;
        let after = match (page["pageInfo"]["hasNextPage"].as_bool()?, &page["pageInfo"]["endCursor"]) {
            (false, _) => None,
            (true, Value::String(cursor)) => Some(cursor.clone()),
            (true, _) => return None,
        };
        Some((numbers, after))
    };
    told().ok_or_else(|| Untold::other("the reply doesn't list them"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::adapters::github::GraphqlError;

    fn reply(data: Value) -> GraphqlReply {
        GraphqlReply { data, errors: Vec::new(), cost: None, request_id: None }
    }

    #[test]
    fn a_page_tells_its_numbers_and_whether_it_goes_on() {
        let page =
            |nodes: Value, info: Value| reply(json!({"r0": {"issues": {"nodes": nodes, "pageInfo": info}}}));
        let at = || "2026-06-01T12:00:00Z".parse::<Timestamp>().unwrap();
        let of = |number: u64| json!({"number": number, "updatedAt": "2026-06-01T12:00:00Z"});
        let last = json!({"hasNextPage": false, "endCursor": null});
        let rows = [
            ("none", page(json!([]), last.clone()), Ok((vec![], None))),
            ("the last", page(json!([of(3), of(5)]), last.clone()), Ok((vec![(3, at()), (5, at())], None))),
            (
                "more",
                page(json!([of(3)]), json!({"hasNextPage": true, "endCursor": "x"})),
                Ok((vec![(3, at())], Some("x".into()))),
            ),
            ("no cursor", page(json!([]), json!({"hasNextPage": true, "endCursor": null})), Err(())),
            ("no page", page(json!([]), Value::Null), Err(())),
            ("no nodes", page(Value::Null, last.clone()), Err(())),
            ("a node of nothing", page(json!([null]), last.clone()), Err(())),
            ("nobody knows when", page(json!([{"number": 3}]), last), Err(())),
            ("no repository", reply(json!({"r0": null})), Err(())),
        ];
        for (name, reply, expected) in rows {
            assert_eq!(numbers(&reply, 0).map_err(|_| ()), expected, "{name}");
        }
        let error = |path: &[&str]| GraphqlError {
            type_: None,
            path: path.iter().map(|&step| step.to_owned()).collect(),
            message: "no".into(),
        };
        for (path, fails) in [(&["r0", "issues"][..], true), (&[], true), (&["r1"], false)] {
            let mut reply = page(json!([]), json!({"hasNextPage": false, "endCursor": null}));
            reply.errors.push(error(path));
            assert_eq!(numbers(&reply, 0).is_err(), fails, "{path:?}");
        }
    }
}
