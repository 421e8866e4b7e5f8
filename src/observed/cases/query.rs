//! The texts in which issues and pull requests are asked for: one alias a repository, and in it one for each of them.
//!
//! GitHub refuses a query that may answer with more than 500,000 nodes, and charges a point for a hundred of its
//! connections, counted as if each were full. An issue has 470 nodes in 6 connections (labels 100, assignees 20, sub-issues
//! 100, blockers 50, comments 100, events 100), a pull request 2,152 in 59 (labels 100, a commit with 100 checks, reviews 100, 50 threads of
//! 30 comments each, files 100, what landed with 100 checks, when it was last taken out of a merge queue with 100 checks).
//! Threads are what is dear: 50 of the 59.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::adapters::github::Operation;
use crate::model::{Pipeline, RepoName};

use super::super::aliases::{LIMIT, Text};
use super::listing::Page;

/// How many pages of numbers one query lists: 5,000 nodes, a point.
pub(super) const LISTS: usize = 50;
/// How many pages of searches one query asks for: 1,000 nodes, a point.
pub(super) const SEARCHES: usize = 10;
/// How many issues one query reads, each with the numbers of the pull requests from its branch: 25,500 nodes, four points.
pub(super) const ISSUES: usize = 50;
/// How many pull requests one query reads: 53,800 nodes, fifteen points.
pub(super) const PULLS: usize = 25;
/// How many pull requests from one branch are kept. One query for all that there is of an issue has 11,300 nodes in 303
/// connections, three points.
pub(super) const KEPT: usize = 5;

/// An issue that is asked for.
pub(super) type Asked = (RepoName, u64);

/// A pull request that is asked for: its repository, the issue, and its own number.
pub(super) type AskedPull = (RepoName, u64, u64);

const NEWEST_FIRST: &str = "orderBy: { field: CREATED_AT, direction: DESC }";

/// Whoever did something. A bot's login stands without its suffix here; its type tells that it is one.
const ISSUE: &str = "fragment Issue on Issue { \
    number title body state stateReason createdAt lastEditedAt repository { id } \
    editor { __typename login } author { __typename login } \
    labels(first: 100) { nodes { name } pageInfo { hasNextPage } } \
    assignees(first: 20) { nodes { login } } parent { number repository { nameWithOwner } } \
    subIssues(first: 100) { nodes { number state stateReason repository { nameWithOwner } } \
    pageInfo { hasNextPage } } \
    blockedBy(first: 50) { nodes { number state repository { nameWithOwner } } pageInfo { hasNextPage } } \
    comments(last: 100) { nodes { \
    fullDatabaseId body author { __typename login } viewerDidAuthor createdAt lastEditedAt editor { __typename login } } } \
    timelineItems(last: 100, itemTypes: [LABELED_EVENT, ASSIGNED_EVENT, RENAMED_TITLE_EVENT]) { nodes { __typename \
    ... on RenamedTitleEvent { createdAt actor { __typename login } } \
    ... on LabeledEvent { createdAt actor { __typename login } label { name } } \
    ... on AssignedEvent { createdAt actor { __typename login } \
    assignee { __typename ... on Actor { login } } } } } }";

const PULL: &str = "fragment Pull on PullRequest { \
    number title state isDraft createdAt closedAt author { __typename login } viewerDidAuthor \
    headRefName headRefOid headRef { target { oid } repository { id } } headRepository { id } baseRefName mergeable \
    merged mergedAt mergedBy { __typename login } mergeCommit { oid tree { oid } ...Checks } \
    isMergeQueueEnabled mergeQueueEntry { state position enqueuer { __typename login } } \
    timelineItems(last: 1, itemTypes: [REMOVED_FROM_MERGE_QUEUE_EVENT]) { nodes { __typename \
    ... on RemovedFromMergeQueueEvent { createdAt actor { __typename login } reason \
    beforeCommit { ...Checks } } } } \
    forced: timelineItems(last: 20, itemTypes: [BASE_REF_FORCE_PUSHED_EVENT]) { nodes { __typename \
    ... on BaseRefForcePushedEvent { createdAt beforeCommit { oid } } } pageInfo { hasPreviousPage } } \
    labels(first: 100) { nodes { name } pageInfo { hasNextPage } } \
    commits(last: 1) { nodes { commit { oid tree { oid } committedDate ...Checks } } } \
    reviews(first: 100) { nodes { fullDatabaseId author { __typename login } viewerDidAuthor \
    state body submittedAt commit { oid } } pageInfo { hasNextPage } } \
    reviewThreads(first: 50) { nodes { id isResolved path comments(first: 30) { nodes { \
    fullDatabaseId author { __typename login } viewerDidAuthor body } pageInfo { hasNextPage } } } \
    pageInfo { hasNextPage } } \
    files(first: 100) { nodes { path changeType additions deletions } pageInfo { hasNextPage } } } \
    fragment Checks on Commit { statusCheckRollup { contexts(first: 100) { nodes { __typename \
    ... on CheckRun { name status conclusion title summary startedAt checkSuite { app { databaseId } } } \
    ... on StatusContext { context state description createdAt } } pageInfo { hasNextPage } } } }";

/// Each item with the number of its repository's alias. Those of one repository stand together and share it, so that GitHub
/// looks the repository up once.
pub(super) fn numbered<T>(chunk: &[T], repo: impl Fn(&T) -> &RepoName) -> impl Iterator<Item = (usize, &T)> {
    let mut number = 0;
    chunk.iter().enumerate().map(move |(i, item)| {
        if i > 0 && repo(&chunk[i - 1]) != repo(item) {
            number += 1;
        }
        (number, item)
    })
}

/// One page of the numbers of each listing, all of one owner.
pub(super) fn lists(owner: &str, chunk: &[Page<'_>]) -> Operation {
    let mut text = Text::new(owner);
    for (k, page) in chunk.iter().enumerate() {
        let filter = match &page.filter {
            super::listing::Filter::Labels(labels) => {
                text.variable(&format!("f{k}"), "[String!]", json!(labels));
                format!("labels: $f{k}")
            }
            super::listing::Filter::Assignee(login) => {
                text.variable(&format!("f{k}"), "String", json!(login));
                format!("filterBy: {{ assignee: $f{k} }}")
            }
            super::listing::Filter::Since(since) => {
                text.variable(&format!("f{k}"), "DateTime", json!(since));
                format!("filterBy: {{ since: $f{k} }}")
            }
        };
        let states = match &page.filter {
            super::listing::Filter::Labels(_) | super::listing::Filter::Assignee(_) => "[OPEN]",
            super::listing::Filter::Since(_) => "[OPEN, CLOSED]",
        };
        text.variable(&format!("a{k}"), "String", json!(page.after));
        let fields = format!(
            "visibility isArchived issues(first: 100, after: $a{k}, states: {states}, {filter}, \
             orderBy: {{ field: CREATED_AT, direction: ASC }}) \
             {{ nodes {{ number updatedAt }} pageInfo {{ hasNextPage endCursor }} }}"
        );
        text.ask(k, page.repo, &fields);
    }
    text.operation("CaseNumbers", "")
}

/// One page of each search; what is looked for names its repository.
pub(super) fn searches(chunk: &[super::search::Page]) -> Operation {
    let (mut declarations, mut aliases, mut variables) = (Vec::new(), String::new(), Map::new());
    for (k, page) in chunk.iter().enumerate() {
        declarations.push(format!("$q{k}: String!, $a{k}: String"));
        variables.insert(format!("q{k}"), json!(page.query));
        variables.insert(format!("a{k}"), json!(page.after));
        let _ = write!(
            aliases,
            " s{k}: search(type: ISSUE, query: $q{k}, first: 100, after: $a{k}) {{ issueCount \
             nodes {{ ... on Issue {{ number updatedAt repository {{ nameWithOwner }} }} }} \
             pageInfo {{ hasNextPage endCursor }} }}"
        );
    }
    let text = format!("query CaseSearch({}) {{ {LIMIT}{aliases} }}", declarations.join(", "));
    Operation { name: "CaseSearch".to_owned(), text, variables: Value::Object(variables) }
}

/// Issues of one owner's repositories, each with the numbers of the pull requests from its branch.
pub(super) fn issues(owner: &str, chunk: &[Asked]) -> Operation {
    let mut text = Text::new(owner);
    for (k, (repo, number)) in numbered(chunk, |(repo, _)| repo) {
        let branch = json!(Pipeline::branch(*number));
        let fields = format!(
            "i{number}: issue(number: {number}) {{ ...Issue }} {} \
             b{number}: pullRequests(headRefName: {branch}, first: 20, {NEWEST_FIRST}) \
             {{ nodes {{ number headRepository {{ id }} }} pageInfo {{ hasNextPage }} }}",
            head(*number)
        );
        text.ask(k, repo, &fields);
    }
    text.operation("Cases", ISSUE)
}

/// Pull requests of one owner's repositories, by number.
pub(super) fn pulls(owner: &str, chunk: &[AskedPull]) -> Operation {
    let mut text = Text::new(owner);
    for (k, (repo, issue, number)) in numbered(chunk, |(repo, ..)| repo) {
        let fields = format!("p{number}: pullRequest(number: {number}) {{ ...Pull {} }}", base(*issue));
        text.ask(k, repo, &fields);
    }
    text.operation("CasePulls", PULL)
}

/// All that there is of one issue, with the pull requests after a cursor.
pub(super) fn one(repo: &RepoName, number: u64, after: Option<&str>) -> Operation {
    let mut text = Text::new(repo.owner());
    text.variable("after", "String", json!(after));
    let branch = json!(Pipeline::branch(number));
    let fields = format!(
        "i{number}: issue(number: {number}) {{ ...Issue }} {} \
         b{number}: pullRequests(headRefName: {branch}, first: {KEPT}, after: $after, {NEWEST_FIRST}) \
         {{ nodes {{ ...Pull {} }} pageInfo {{ hasNextPage endCursor }} }}",
        head(number),
        base(number)
    );
    text.ask(0, repo, &fields);
    text.operation("Case", &format!("{ISSUE} {PULL}"))
}

/// Where the branch of an issue is.
fn head(issue: u64) -> String {
    let name = json!(format!("refs/heads/{}", Pipeline::branch(issue)));
    format!("h{issue}: ref(qualifiedName: {name}) {{ target {{ oid }} }}")
}

/// The branch that a pull request is for, compared with the branch of the issue.
fn base(issue: u64) -> String {
    let branch = json!(Pipeline::branch(issue));
    format!("baseRef {{ target {{ oid }} compare(headRef: {branch}) {{ aheadBy behindBy }} }}")
}
