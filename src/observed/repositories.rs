//! Settings and labels of repositories: many in one GraphQL query, one alias a repository.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::adapters::github::{Client, Error, GraphqlError, GraphqlReply, Operation};
use crate::model::{Cause, Facet, Facets, Gap, LabelState, RepoName, RepoState, Seen, Setting};

use super::{Request, Wanted, batch, cause, decode};

/// What became of each repository, and what could not be read.
type Readings = (BTreeMap<RepoName, Seen<RepoState>>, Vec<Gap>);

/// How many further pages of labels of different repositories one query reads.
const PAGES: usize = 25;
/// Pages of labels that are read of one repository before it counts as unreadable.
const PAGES_MAX: usize = 100;

/// Reads every wanted repository.
pub(super) async fn read(client: &Client, request: &Request<'_>) -> Readings {
    let (light, full): (Vec<_>, Vec<_>) = request.repos.iter().copied().partition(|w| w.archived);
    let facets = request.facets;
    let (first, rest) =
        futures::join!(read_all(client, &full, facets), read_all(client, &light, Facets::NONE),);
    let (mut repos, mut gaps) = first;
    let (light_repos, light_gaps) = rest;
    // Declared archived and not archived yet: its other settings matter until it is.
    let awake: Vec<Wanted<'_>> = light
        .iter()
        .copied()
        .filter(|w| matches!(light_repos.get(w.name), Some(Seen::Known(state)) if !state.archived))
        .collect();
    repos.extend(light_repos);
    gaps.extend(light_gaps);
    if !awake.is_empty() {
        let (again, more) = read_all(client, &awake, facets).await;
        repos.extend(again);
        gaps.extend(more);
    }
    gaps.sort_by(|a, b| (&a.repo, a.facet).cmp(&(&b.repo, b.facet)));
    gaps.dedup();
    (repos, gaps)
}

/// Reads one repository afresh, for the comparison right before a write.
///
/// # Errors
/// When it can't be read, or only in part.
pub async fn read_one(
    client: &Client,
    name: &RepoName,
    facets: Facets,
) -> Result<Seen<RepoState>, ReadError> {
    let wanted = [Wanted { name, archived: false }];
    let mut reply = query(client, &wanted, facets).await.map_err(ReadError::Request)?;
    let (mut repos, gaps, _) = sort_out(&wanted, &mut reply, facets, client.sees_private());
    match gaps.into_iter().next() {
        Some(gap) => Err(ReadError::Partial(gap)),
        None => Ok(repos.remove(name).unwrap_or(Seen::Unknown)),
    }
}

/// Why one repository could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The request failed.
    #[error("reading it again failed")]
    Request(#[source] Error),
    /// A part of it was refused.
    #[error("reading it again was incomplete: {}", .0.why)]
    Partial(Gap),
}

async fn read_all(client: &Client, wanted: &[Wanted<'_>], facets: Facets) -> Readings {
    let mut by_owner: BTreeMap<String, Vec<Wanted<'_>>> = BTreeMap::new();
    for w in wanted {
        by_owner.entry(w.name.owner().to_ascii_lowercase()).or_default().push(*w);
    }
    let size = if facets.is_empty() { batch::LIGHT } else { batch::FULL };
    let owners = by_owner.values().map(|wanted| async move {
        batch::in_chunks(wanted, size, |chunk| query(client, chunk, facets)).await
    });
    let mut repos = BTreeMap::new();
    let mut gaps = Vec::new();
    let mut more: Vec<NextPage> = Vec::new();
    for (chunk, result) in futures::future::join_all(owners).await.into_iter().flatten() {
        match result {
            Ok(mut reply) => {
                let (seen, missing, pages) = sort_out(chunk, &mut reply, facets, client.sees_private());
                repos.extend(seen);
                gaps.extend(missing);
                more.extend(pages);
            }
            Err(error) => {
                for w in chunk {
                    repos.insert(w.name.clone(), Seen::Unknown);
                    gaps.extend(gaps_of(w.name, facets, &error.to_string(), cause(&error)));
                }
            }
        }
    }
    read_more_labels(client, more, &mut repos, &mut gaps).await;
    (repos, gaps)
}

fn gaps_of(name: &RepoName, facets: Facets, why: &str, cause: Cause) -> Vec<Gap> {
    let facets = if facets.is_empty() { Facets::of(Facet::Settings) } else { facets };
    facets
        .iter()
        .filter(|f| matches!(f, Facet::Settings | Facet::Labels))
        .map(|facet| Gap { facet, repo: Some(name.clone()), why: why.to_owned(), cause })
        .collect()
}

/// The fields that a reading asks of each repository.
#[expect(clippy::wildcard_enum_match_arm, reason = "each other setting is one field of its own name")]
fn selection(facets: Facets) -> String {
    let mut out = String::from("id nameWithOwner isArchived");
    if facets.has(Facet::Settings) {
        for setting in Setting::ALL {
            match setting {
                Setting::Archived => {}
                Setting::DefaultBranch => out.push_str(" defaultBranchRef { name }"),
                Setting::Topics => {
                    out.push_str(" repositoryTopics(first: 100) { totalCount nodes { topic { name } } }");
                }
                _ => {
                    let _ = write!(out, " {}", setting.graphql());
                }
            }
        }
    }
    if facets.has(Facet::Labels) {
        let _ = write!(out, " labels(first: 100) {{ {LABELS} }}");
    }
    out
}

const LABELS: &str = "totalCount pageInfo { hasNextPage endCursor } nodes { name color description }";

async fn query(client: &Client, chunk: &[Wanted<'_>], facets: Facets) -> Result<GraphqlReply, Error> {
    let owner = chunk.first().map(|w| w.name.owner()).unwrap_or_default();
    let mut declarations = String::from("$owner: String!");
    let mut aliases = String::new();
    let mut variables = Map::new();
    variables.insert("owner".to_owned(), owner.into());
    for (i, w) in chunk.iter().enumerate() {
        let _ = write!(declarations, ", $n{i}: String!");
        let _ = write!(aliases, " r{i}: repository(owner: $owner, name: $n{i}) {{ ...Repo }}");
        variables.insert(format!("n{i}"), w.name.name().into());
    }
    let text = format!(
        "query Repositories({declarations}) {{ rateLimit {{ cost remaining resetAt limit }}{aliases} }} \
         fragment Repo on Repository {{ {} }}",
        selection(facets)
    );
    client
        .graphql(owner, &Operation { name: "Repositories".into(), text, variables: Value::Object(variables) })
        .await
}

/// Takes a reply apart: what is known, what is missing, and whose labels go on.
fn sort_out(
    chunk: &[Wanted<'_>],
    reply: &mut GraphqlReply,
    facets: Facets,
    sees_private: bool,
) -> (BTreeMap<RepoName, Seen<RepoState>>, Vec<Gap>, Vec<NextPage>) {
    let mut repos = BTreeMap::new();
    let mut gaps = Vec::new();
    let mut more = Vec::new();
    for (i, w) in chunk.iter().enumerate() {
        let alias = format!("r{i}");
        let errors: Vec<&GraphqlError> = reply.errors.iter().filter(|e| concerns(e, &alias)).collect();
        let value = reply.data.get_mut(&alias).map_or(Value::Null, Value::take);
        let seen = if value.is_null() {
            without_data(w.name, &errors, facets, sees_private, &mut gaps)
        } else {
            let labels_failed = errors.iter().any(|e| e.path.get(1).is_some_and(|p| p == "labels"));
            if let Some(error) = errors.first() {
                let facet = if labels_failed { Facet::Labels } else { Facet::Settings };
                gaps.push(Gap {
                    facet,
                    repo: Some(w.name.clone()),
                    why: error.message.clone(),
                    cause: cause_of(error),
                });
            }
            match decode::repository(&value, facets) {
                Ok((state, cursor)) => {
                    if errors.is_empty() && value.get("labels").is_some_and(Value::is_null) {
                        let why = "the reply says nothing about its labels".to_owned();
                        let repo = Some(w.name.clone());
                        gaps.push(Gap { facet: Facet::Labels, repo, why, cause: Cause::Other });
                    }
                    if let Some(after) = cursor {
                        more.push(NextPage { name: w.name.clone(), id: state.id.clone(), after });
                    }
                    Seen::Known(state)
                }
                Err(why) => {
                    gaps.extend(gaps_of(w.name, facets, &why, Cause::Other));
                    Seen::Unknown
                }
            }
        };
        repos.insert(w.name.clone(), seen);
    }
    (repos, gaps, more)
}

/// Whether an error is about this alias; one without a path is about all of them.
fn concerns(error: &GraphqlError, alias: &str) -> bool {
    error.path.first().is_none_or(|first| first == alias)
}

fn cause_of(error: &GraphqlError) -> Cause {
    match error.type_.as_deref() {
        Some("FORBIDDEN" | "INSUFFICIENT_SCOPES") => Cause::Auth,
        Some("RATE_LIMITED") => Cause::RateLimit,
        _ => Cause::Other,
    }
}

/// An alias without data: absent only if GitHub says so of this very repository, to somebody who would see it.
fn without_data(
    name: &RepoName,
    errors: &[&GraphqlError],
    facets: Facets,
    sees_private: bool,
    gaps: &mut Vec<Gap>,
) -> Seen<RepoState> {
    let absent = !errors.is_empty()
        && errors.iter().all(|e| e.type_.as_deref() == Some("NOT_FOUND") && e.path.len() == 1);
    if absent && sees_private {
        return Seen::Absent;
    }
    if absent {
        let why = "it isn't there, or it is private, and this token has no scope `repo` to see that";
        gaps.extend(gaps_of(name, facets, why, Cause::Auth));
        return Seen::Unknown;
    }
    let (why, cause) = match errors.first() {
        Some(error) => (error.message.clone(), cause_of(error)),
        None => ("the reply says nothing about it".to_owned(), Cause::Other),
    };
    gaps.extend(gaps_of(name, facets, &why, cause));
    Seen::Unknown
}

/// A repository whose labels go on after a cursor.
#[derive(Clone)]
struct NextPage {
    name: RepoName,
    id: String,
    after: String,
}

/// Reads the rest of the labels, page by page, many repositories in one query. What can't be read completely
/// becomes unknown.
async fn read_more_labels(
    client: &Client,
    mut open: Vec<NextPage>,
    repos: &mut BTreeMap<RepoName, Seen<RepoState>>,
    gaps: &mut Vec<Gap>,
) {
    for _ in 0..PAGES_MAX {
        if open.is_empty() {
            return;
        }
        open.sort_by(|a, b| a.name.cmp(&b.name));
        let mut next = Vec::new();
        let mut by_owner: BTreeMap<String, Vec<NextPage>> = BTreeMap::new();
        for page in open {
            by_owner.entry(page.name.owner().to_ascii_lowercase()).or_default().push(page);
        }
        let reads =
            by_owner.values().map(|pages| batch::in_chunks(pages, PAGES, |chunk| label_pages(client, chunk)));
        for (chunk, result) in futures::future::join_all(reads).await.into_iter().flatten() {
            for (i, page) in chunk.iter().enumerate() {
                let got = match &result {
                    Ok(reply) => decode::label_page(reply.data.get(format!("n{i}")).unwrap_or(&Value::Null)),
                    Err(error) => Err(error.to_string()),
                };
                match got {
                    Ok((labels, cursor)) => {
                        add_labels(repos, &page.name, labels);
                        next.extend(cursor.map(|after| NextPage { after, ..page.clone() }));
                    }
                    Err(why) => {
                        let cause = result.as_ref().err().map_or(Cause::Other, cause);
                        forget_labels(repos, gaps, page, why, cause);
                    }
                }
            }
        }
        open = next;
    }
    for page in open {
        forget_labels(repos, gaps, &page, format!("more than {PAGES_MAX} pages of labels"), Cause::Other);
    }
}

async fn label_pages(client: &Client, chunk: &[NextPage]) -> Result<GraphqlReply, Error> {
    let owner = chunk.first().map(|p| p.name.owner()).unwrap_or_default();
    let mut declarations = Vec::new();
    let mut aliases = String::new();
    let mut variables = Map::new();
    for (i, page) in chunk.iter().enumerate() {
        declarations.push(format!("$i{i}: ID!, $a{i}: String!"));
        let _ = write!(
            aliases,
            " n{i}: node(id: $i{i}) {{ ... on Repository {{ labels(first: 100, after: $a{i}) {{ {LABELS} }} }} }}"
        );
        variables.insert(format!("i{i}"), json!(page.id));
        variables.insert(format!("a{i}"), json!(page.after));
    }
    let text = format!(
        "query LabelPages({}) {{ rateLimit {{ cost remaining resetAt limit }}{aliases} }}",
        declarations.join(", ")
    );
    client
        .graphql(owner, &Operation { name: "LabelPages".into(), text, variables: Value::Object(variables) })
        .await
}

fn add_labels(
    repos: &mut BTreeMap<RepoName, Seen<RepoState>>,
    name: &RepoName,
    labels: BTreeMap<String, LabelState>,
) {
    if let Some(Seen::Known(RepoState { labels: Seen::Known(all), .. })) = repos.get_mut(name) {
        all.extend(labels);
    }
}

fn forget_labels(
    repos: &mut BTreeMap<RepoName, Seen<RepoState>>,
    gaps: &mut Vec<Gap>,
    page: &NextPage,
    why: String,
    cause: Cause,
) {
    if let Some(Seen::Known(state)) = repos.get_mut(&page.name) {
        state.labels = Seen::Unknown;
    }
    gaps.push(Gap { facet: Facet::Labels, repo: Some(page.name.clone()), why, cause });
}
