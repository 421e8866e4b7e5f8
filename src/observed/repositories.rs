//! Settings and labels of repositories: many in one GraphQL query, one alias a repository.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::adapters::github::{Client, Error, GraphqlError, GraphqlReply, Operation};
use crate::model::{Cause, Facet, Facets, Gap, LabelState, OwnRepo, RepoName, RepoState, Seen, Setting};

use super::{Request, batch, cause, decode};

/// What became of each repository, and what could not be read.
#[derive(Default)]
pub(super) struct Readings {
    pub(super) repos: BTreeMap<RepoName, Seen<RepoState>>,
    pub(super) own: Option<OwnRepo>,
    pub(super) gaps: Vec<Gap>,
}

impl Readings {
    fn extend(&mut self, other: Self) {
        self.repos.extend(other.repos);
        self.own = other.own.or(self.own.take());
        self.gaps.extend(other.gaps);
    }

    fn put(&mut self, ask: Ask<'_>, seen: Seen<RepoState>) {
        if ask.own {
            self.own = Some(OwnRepo { asked: ask.name.clone(), seen });
        } else {
            self.repos.insert(ask.name.clone(), seen);
        }
    }
}

/// A repository that a query asks for.
#[derive(Clone, Copy)]
struct Ask<'a> {
    name: &'a RepoName,
    /// Whether it is asked for as the factory's own, of which only matters which one it is.
    own: bool,
}

impl Ask<'_> {
    /// What it is asked for, of what the others are.
    fn facets(self, facets: Facets) -> Facets {
        if self.own { Facets::NONE } else { facets }
    }
}

/// How many further pages of labels of different repositories one query reads.
const PAGES: usize = 25;
/// Pages of labels that are read of one repository before it counts as unreadable.
const PAGES_MAX: usize = 100;

/// Reads every wanted repository.
pub(super) async fn read(client: &Client, request: &Request<'_>) -> Readings {
    let asks = |archived: bool| {
        let wanted = request.repos.iter().filter(move |w| w.archived == archived);
        wanted.map(|w| Ask { name: w.name, own: false }).collect::<Vec<_>>()
    };
    let (mut full, mut light) = (asks(false), asks(true));
    let facets = request.facets;
    let unseen = match request.own.filter(|_| !request.repos.is_empty()) {
        Some(own) => ride(client, own, &mut full, &mut light).await,
        None => None,
    };
    let (mut all, rest) =
        futures::join!(read_all(client, &full, facets), read_all(client, &light, Facets::NONE));
    // Declared archived and not archived yet: its other settings matter until it is.
    let awake: Vec<Ask<'_>> = light
        .iter()
        .copied()
        .filter(|ask| !ask.own)
        .filter(|ask| matches!(rest.repos.get(ask.name), Some(Seen::Known(state)) if !state.archived))
        .collect();
    all.extend(rest);
    if !awake.is_empty() {
        all.extend(read_all(client, &awake, facets).await);
    }
    all.own = all.own.or(unseen);
    all.gaps.sort_by(|a, b| (&a.repo, a.facet).cmp(&(&b.repo, b.facet)));
    all.gaps.dedup();
    all
}

/// Has the factory's own repository asked for together with others of its owner, where there are any. An App that nobody
/// let in there sees none.
async fn ride<'a>(
    client: &Client,
    own: &'a RepoName,
    full: &mut Vec<Ask<'a>>,
    light: &mut Vec<Ask<'a>>,
) -> Option<OwnRepo> {
    let beside = |list: &[Ask<'_>]| list.iter().any(|a| a.name.owner().eq_ignore_ascii_case(own.owner()));
    let ask = Ask { name: own, own: true };
    if beside(full) {
        full.push(ask);
    } else if beside(light) || client.is_let_in(own.owner()).await {
        light.push(ask);
    } else {
        return Some(OwnRepo { asked: own.clone(), seen: Seen::Absent });
    }
    None
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
    let asked = [Ask { name, own: false }];
    let mut reply = query(client, &asked, facets).await.map_err(ReadError::Request)?;
    let (mut read, _) = sort_out(&asked, &mut reply, facets, client.sees_private());
    match read.gaps.into_iter().next() {
        Some(gap) => Err(ReadError::Partial(gap)),
        None => Ok(read.repos.remove(name).unwrap_or(Seen::Unknown)),
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

async fn read_all(client: &Client, asked: &[Ask<'_>], facets: Facets) -> Readings {
    let mut by_owner: BTreeMap<String, Vec<Ask<'_>>> = BTreeMap::new();
    for ask in asked {
        by_owner.entry(ask.name.owner().to_ascii_lowercase()).or_default().push(*ask);
    }
    let owners = by_owner.values().map(|asked| async move {
        let size = if facets.is_empty() { batch::LIGHT } else { batch::FULL };
        // The factory's own is light enough to be one more: it makes no query of its own.
        let size = size + usize::from(asked.iter().any(|ask| ask.own));
        batch::in_chunks(asked, size, |chunk| query(client, chunk, facets)).await
    });
    let mut all = Readings::default();
    let mut more: Vec<NextPage> = Vec::new();
    for (chunk, result) in futures::future::join_all(owners).await.into_iter().flatten() {
        match result {
            Ok(mut reply) => {
                let (read, pages) = sort_out(chunk, &mut reply, facets, client.sees_private());
                all.extend(read);
                more.extend(pages);
            }
            Err(error) => {
                for ask in chunk {
                    all.put(*ask, Seen::Unknown);
                    let facets = ask.facets(facets);
                    all.gaps.extend(gaps_of(ask.name, facets, &error.to_string(), cause(&error)));
                }
            }
        }
    }
    read_more_labels(client, more, &mut all).await;
    all
}

fn gaps_of(name: &RepoName, facets: Facets, why: &str, cause: Cause) -> Vec<Gap> {
    let facets = if facets.is_empty() { Facets::of(Facet::Settings) } else { facets };
    facets
        .iter()
        .filter(|f| matches!(f, Facet::Settings | Facet::Labels))
        .map(|facet| Gap { facet, repo: Some(name.clone()), why: why.to_owned(), cause })
        .collect()
}

/// What is asked of every repository: which one it is, and whether it can be changed.
const LIGHT: &str = "id nameWithOwner isArchived";

/// The fields that a reading asks of each repository.
#[expect(clippy::wildcard_enum_match_arm, reason = "each other setting is one field of its own name")]
fn selection(facets: Facets) -> String {
    let mut out = String::from(LIGHT);
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

async fn query(client: &Client, chunk: &[Ask<'_>], facets: Facets) -> Result<GraphqlReply, Error> {
    let owner = chunk.first().map(|ask| ask.name.owner()).unwrap_or_default();
    let mut declarations = String::from("$owner: String!");
    let mut aliases = String::new();
    let mut variables = Map::new();
    variables.insert("owner".to_owned(), owner.into());
    for (i, ask) in chunk.iter().enumerate() {
        let fields = if ask.own { LIGHT } else { "...Repo" };
        let _ = write!(declarations, ", $n{i}: String!");
        let _ = write!(aliases, " r{i}: repository(owner: $owner, name: $n{i}) {{ {fields} }}");
        variables.insert(format!("n{i}"), ask.name.name().into());
    }
    let mut text = format!(
        "query Repositories({declarations}) {{ rateLimit {{ cost remaining resetAt limit }}{aliases} }}"
    );
    // A fragment that is not used is an error.
    if chunk.iter().any(|ask| !ask.own) {
        let _ = write!(text, " fragment Repo on Repository {{ {} }}", selection(facets));
    }
    client
        .graphql(owner, &Operation { name: "Repositories".into(), text, variables: Value::Object(variables) })
        .await
}

/// Takes a reply apart: what is known, what is missing, and whose labels go on.
fn sort_out(
    chunk: &[Ask<'_>],
    reply: &mut GraphqlReply,
    facets: Facets,
    sees_private: bool,
) -> (Readings, Vec<NextPage>) {
    let mut read = Readings::default();
    let gaps = &mut read.gaps;
    let mut more = Vec::new();
    let mut found = Vec::new();
    for (i, ask) in chunk.iter().enumerate() {
        let (name, facets) = (ask.name, ask.facets(facets));
        let alias = format!("r{i}");
        let errors: Vec<&GraphqlError> = reply.errors.iter().filter(|e| concerns(e, &alias)).collect();
        let value = reply.data.get_mut(&alias).map_or(Value::Null, Value::take);
        let seen = if value.is_null() {
            // Of the own one it matters whether this credential sees it, whatever it sees.
            without_data(name, &errors, facets, sees_private || ask.own, gaps)
        } else {
            let labels_failed = errors.iter().any(|e| e.path.get(1).is_some_and(|p| p == "labels"));
            if let Some(error) = errors.first() {
                let facet = if labels_failed { Facet::Labels } else { Facet::Settings };
                gaps.push(Gap {
                    facet,
                    repo: Some(name.clone()),
                    why: error.message.clone(),
                    cause: cause_of(error),
                });
            }
            match decode::repository(&value, facets) {
                Ok((state, cursor)) => {
                    if errors.is_empty() && value.get("labels").is_some_and(Value::is_null) {
                        let why = "the reply says nothing about its labels".to_owned();
                        let repo = Some(name.clone());
                        gaps.push(Gap { facet: Facet::Labels, repo, why, cause: Cause::Other });
                    }
                    if let Some(after) = cursor {
                        more.push(NextPage { name: name.clone(), id: state.id.clone(), after });
                    }
                    Seen::Known(state)
                }
                Err(why) => {
                    gaps.extend(gaps_of(name, facets, &why, Cause::Other));
                    Seen::Unknown
                }
            }
        };
        found.push((*ask, seen));
    }
    for (ask, seen) in found {
        read.put(ask, seen);
    }
    (read, more)
}

/// Whether an error is about this alias; one without a path is about all of them.
fn concerns(error: &GraphqlError, alias: &str) -> bool {
    error.path.first().is_none_or(|first| first == alias)
}

pub(super) fn cause_of(error: &GraphqlError) -> Cause {
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
async fn read_more_labels(client: &Client, mut open: Vec<NextPage>, all: &mut Readings) {
    let Readings { repos, gaps, .. } = all;
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
