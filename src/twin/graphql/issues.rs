//! Issues and comments.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, Object, Result, SimpleObject};

use super::connection::{Bounds, PageInfo, page};
use super::labels::{self, LabelConnection, LabelOrder};
use super::owner::{Actor, UserConnection, users};
use super::repository::Repository;
use super::scalars::{BigInt, DateTime, IssueState, IssueStateReason, OrderDirection, Uri};
use super::timeline::{IssueTimelineItemsConnection, IssueTimelineItemsItemType, timeline};
use super::{is_viewer, session};
use crate::twin::shape::node_id;
use crate::twin::world::{self, Repo};

/// An issue.
#[derive(Clone)]
pub(crate) struct Issue {
    pub(crate) repo: Arc<Repo>,
    pub(crate) issue: world::Issue,
}

/// A comment on an issue or a pull request.
#[derive(Clone)]
pub(crate) struct IssueComment {
    pub(crate) repo: Arc<Repo>,
    pub(crate) comment: world::Comment,
}

/// The order of issues and pull requests.
#[derive(Debug, Clone, InputObject)]
pub(crate) struct IssueOrder {
    direction: OrderDirection,
    field: IssueOrderField,
}

/// What issues are ordered by.
#[derive(Debug, Enum, Copy, Clone, Eq, PartialEq)]
pub(crate) enum IssueOrderField {
    Comments,
    CreatedAt,
    UpdatedAt,
}

/// Which issues are asked for.
#[derive(Debug, Clone, Default, InputObject)]
pub(crate) struct IssueFilters {
    /// A login; `*` for anybody, null for nobody.
    assignee: MaybeUndefined<String>,
    created_by: Option<String>,
    labels: Option<Vec<String>>,
    mentioned: Option<String>,
    since: Option<DateTime>,
    states: Option<Vec<IssueState>>,
}

/// A page of issues.
#[derive(SimpleObject)]
pub(crate) struct IssueConnection {
    nodes: Option<Vec<Option<Issue>>>,
    page_info: PageInfo,
    total_count: i32,
}

/// How far the parts of an issue are.
#[derive(SimpleObject)]
pub(crate) struct SubIssuesSummary {
    completed: i32,
    percent_completed: i32,
    total: i32,
}

/// A page of comments.
#[derive(SimpleObject)]
pub(crate) struct IssueCommentConnection {
    nodes: Option<Vec<Option<IssueComment>>>,
    page_info: PageInfo,
    total_count: i32,
}

impl IssueOrder {
    /// Sorts issues, or what contains them.
    pub(crate) fn sort<T>(&self, list: &mut [T], repo: &Repo, issue: impl Fn(&T) -> &world::Issue) {
        let comments = |number: u64| repo.comments.values().filter(|comment| comment.issue == number).count();
        list.sort_by(|a, b| {
            let (a, b) = (issue(a), issue(b));
            let by = match self.field {
                IssueOrderField::Comments => comments(a.number).cmp(&comments(b.number)),
                IssueOrderField::CreatedAt => a.created_at.cmp(&b.created_at),
                IssueOrderField::UpdatedAt => a.updated_at.cmp(&b.updated_at),
            };
            self.direction.apply(by.then(a.number.cmp(&b.number)))
        });
    }
}

/// Whether an issue has one of these labels, or none is asked for.
pub(crate) fn labelled(repo: &Repo, issue: &world::Issue, names: Option<&[String]>) -> bool {
    names.is_none_or(|names| {
        names.iter().any(|name| repo.label(name).is_some_and(|label| issue.labels.contains(&label.id)))
    })
}

fn state_of(issue: &world::Issue) -> IssueState {
    match issue.state {
        world::IssueState::Open => IssueState::Open,
        world::IssueState::Closed => IssueState::Closed,
    }
}

/// One page of the issues of a repository that pass.
pub(crate) fn connection(
    repo: &Arc<Repo>,
    keep: impl Fn(&world::Issue) -> bool,
    states: Option<&[IssueState]>,
    labels: Option<&[String]>,
    filter: Option<&IssueFilters>,
    order: Option<&IssueOrder>,
    bounds: &Bounds,
) -> Result<IssueConnection> {
    let none = IssueFilters::default();
    let filter = filter.unwrap_or(&none);
    let in_states = |issue: &world::Issue, states: Option<&[IssueState]>| {
        states.is_none_or(|states| states.contains(&state_of(issue)))
    };
    let passes = |issue: &&world::Issue| {
        issue.pull.is_none()
            && keep(issue)
            && in_states(issue, states)
            && in_states(issue, filter.states.as_deref())
            && filter
                .since
                .as_ref()
                .is_none_or(|since| since.moment().is_some_and(|since| issue.updated_at >= since))
            && labelled(repo, issue, labels)
            && labelled(repo, issue, filter.labels.as_deref())
            && match &filter.assignee {
                MaybeUndefined::Undefined => true,
                MaybeUndefined::Null => issue.assignees.is_empty(),
                MaybeUndefined::Value(login) if login == "*" => !issue.assignees.is_empty(),
                MaybeUndefined::Value(login) => {
                    issue.assignees.iter().any(|one| one.eq_ignore_ascii_case(login))
                }
            }
            && filter.created_by.as_ref().is_none_or(|login| issue.author == *login)
            && filter
                .mentioned
                .as_ref()
                .is_none_or(|login| issue.body.as_deref().unwrap_or_default().contains(&format!("@{login}")))
    };
    let mut issues: Vec<world::Issue> = repo.issues.values().filter(passes).cloned().collect();
    if let Some(order) = order {
        order.sort(&mut issues, repo, |issue| issue);
    }
    let page = page(issues, |issue| issue.number, bounds)?;
    let nodes = page.nodes.into_iter().map(|issue| Some(Issue { repo: Arc::clone(repo), issue }));
    Ok(IssueConnection {
        nodes: Some(nodes.collect()),
        page_info: page.page_info,
        total_count: page.total_count,
    })
}

/// One page of these issues (repository and number), newest entry first, as far as the viewer sees them.
fn elsewhere(cx: &Context<'_>, list: &[(u64, u64)], bounds: &Bounds) -> Result<IssueConnection> {
    let session = session(cx)?;
    let world = session.world();
    let find = |(repo, number): &(u64, u64)| {
        let repo = world.repos.get(repo)?;
        session.caller.permission(&world, repo)?;
        Some(Issue { repo: Arc::clone(repo), issue: repo.issues.get(number)?.clone() })
    };
    let page = page(list.iter().rev().filter_map(find).collect(), |one: &Issue| one.issue.id, bounds)?;
    let nodes = page.nodes.into_iter().map(Some).collect();
    Ok(IssueConnection { nodes: Some(nodes), page_info: page.page_info, total_count: page.total_count })
}

/// One page of the comments on an issue.
pub(crate) fn comments(repo: &Arc<Repo>, number: u64, bounds: &Bounds) -> Result<IssueCommentConnection> {
    let list: Vec<world::Comment> =
        repo.comments.values().filter(|comment| comment.issue == number).cloned().collect();
    let page = page(list, |comment| comment.id, bounds)?;
    let nodes = page.nodes.into_iter().map(|comment| Some(IssueComment { repo: Arc::clone(repo), comment }));
    Ok(IssueCommentConnection {
        nodes: Some(nodes.collect()),
        page_info: page.page_info,
        total_count: page.total_count,
    })
}

/// One page of the labels of an issue.
pub(crate) fn issue_labels(
    repo: &Arc<Repo>,
    issue: &world::Issue,
    order: Option<&LabelOrder>,
    bounds: &Bounds,
) -> Result<LabelConnection> {
    let list = issue.labels.iter().filter_map(|id| repo.labels.iter().find(|label| label.id == *id));
    labels::connection(repo, list.cloned().collect(), order, bounds)
}

fn int(number: u64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

#[Object]
impl Issue {
    pub(crate) async fn id(&self) -> ID {
        ID(node_id("I", &[self.repo.id, self.issue.number]))
    }

    pub(crate) async fn database_id(&self) -> Option<i32> {
        i32::try_from(self.issue.id).ok()
    }

    pub(crate) async fn number(&self) -> i32 {
        int(self.issue.number)
    }

    pub(crate) async fn title(&self) -> &str {
        &self.issue.title
    }

    pub(crate) async fn body(&self) -> &str {
        self.issue.body.as_deref().unwrap_or_default()
    }

    pub(crate) async fn state(&self) -> IssueState {
        state_of(&self.issue)
    }

    pub(crate) async fn closed(&self) -> bool {
        self.issue.state == world::IssueState::Closed
    }

    pub(crate) async fn author(&self, cx: &Context<'_>) -> Result<Option<Actor>> {
        Actor::of(cx, &self.issue.author).map(Some)
    }

    pub(crate) async fn url(&self, cx: &Context<'_>) -> Result<Uri> {
        Ok(Uri(format!("{}/{}/issues/{}", session(cx)?.urls.html, self.repo.full_name(), self.issue.number)))
    }

    pub(crate) async fn created_at(&self) -> DateTime {
        self.issue.created_at.into()
    }

    pub(crate) async fn updated_at(&self) -> DateTime {
        self.issue.updated_at.into()
    }

    pub(crate) async fn closed_at(&self) -> Option<DateTime> {
        self.issue.closed_at.map(Into::into)
    }

    pub(crate) async fn last_edited_at(&self) -> Option<DateTime> {
        self.issue.edited_at.map(Into::into)
    }

    pub(crate) async fn editor(&self, cx: &Context<'_>) -> Result<Option<Actor>> {
        self.issue.edited_by.as_ref().map(|login| Actor::of(cx, login)).transpose()
    }

    pub(crate) async fn viewer_did_author(&self, cx: &Context<'_>) -> Result<bool> {
        is_viewer(cx, &self.issue.author)
    }

    pub(crate) async fn state_reason(
        &self,
        #[graphql(default_with = "Some(false)")] enable_duplicate: Option<bool>,
    ) -> Result<Option<IssueStateReason>> {
        let reason = self.issue.state_reason.as_deref().map(IssueStateReason::of).transpose()?;
        // Clients that don't know of duplicates are told that it wasn't planned.
        let hidden = reason == Some(IssueStateReason::Duplicate) && enable_duplicate != Some(true);
        Ok(if hidden { Some(IssueStateReason::NotPlanned) } else { reason })
    }

    pub(crate) async fn assignees(
        &self,
        cx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<UserConnection> {
        users(cx, &self.issue.assignees, &Bounds { first, after, last, before })
    }

    pub(crate) async fn blocked_by(
        &self,
        cx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<IssueConnection> {
        elsewhere(cx, &self.issue.blocked_by, &Bounds { first, after, last, before })
    }

    pub(crate) async fn parent(&self, cx: &Context<'_>) -> Result<Option<Issue>> {
        let session = session(cx)?;
        let world = session.world();
        Ok(self.issue.parent.and_then(|(repo, number)| {
            let repo = world.repos.get(&repo)?;
            session.caller.permission(&world, repo)?;
            Some(Self { repo: Arc::clone(repo), issue: repo.issues.get(&number)?.clone() })
        }))
    }

    pub(crate) async fn sub_issues(
        &self,
        cx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<IssueConnection> {
        let ordered: Vec<_> = self.issue.sub_issues.iter().rev().copied().collect();
        elsewhere(cx, &ordered, &Bounds { first, after, last, before })
    }

    pub(crate) async fn sub_issues_summary(&self, cx: &Context<'_>) -> Result<SubIssuesSummary> {
        let world = session(cx)?.world();
        let found = |(repo, number): &(u64, u64)| world.repos.get(repo)?.issues.get(number);
        let all: Vec<_> = self.issue.sub_issues.iter().filter_map(found).collect();
        let closed = all.iter().filter(|issue| issue.state == world::IssueState::Closed).count();
        let percent = if all.is_empty() { 0 } else { closed * 100 / all.len() };
        let int = |count: usize| int(count as u64);
        Ok(SubIssuesSummary {
            completed: int(closed),
            percent_completed: int(percent),
            total: int(all.len()),
        })
    }

    pub(crate) async fn timeline_items(
        &self,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        item_types: Option<Vec<IssueTimelineItemsItemType>>,
        since: Option<DateTime>,
    ) -> Result<IssueTimelineItemsConnection> {
        let bounds = Bounds { first, after, last, before };
        timeline(&self.repo, &self.issue, item_types.as_deref(), since.as_ref(), &bounds)
    }

    pub(crate) async fn repository(&self) -> Repository {
        Repository { repo: Arc::clone(&self.repo) }
    }

    pub(crate) async fn labels(
        &self,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        order_by: Option<LabelOrder>,
    ) -> Result<Option<LabelConnection>> {
        let bounds = Bounds { first, after, last, before };
        issue_labels(&self.repo, &self.issue, order_by.as_ref(), &bounds).map(Some)
    }

    pub(crate) async fn comments(
        &self,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<IssueCommentConnection> {
        comments(&self.repo, self.issue.number, &Bounds { first, after, last, before })
    }
}

#[Object]
impl IssueComment {
    pub(crate) async fn id(&self) -> ID {
        ID(node_id("IC", &[self.repo.id, self.comment.id]))
    }

    pub(crate) async fn database_id(&self) -> Option<i32> {
        i32::try_from(self.comment.id).ok()
    }

    pub(crate) async fn full_database_id(&self) -> Option<BigInt> {
        Some(self.comment.id.into())
    }

    pub(crate) async fn body(&self) -> &str {
        &self.comment.body
    }

    pub(crate) async fn author(&self, cx: &Context<'_>) -> Result<Option<Actor>> {
        Actor::of(cx, &self.comment.author).map(Some)
    }

    pub(crate) async fn created_at(&self) -> DateTime {
        self.comment.created_at.into()
    }

    pub(crate) async fn updated_at(&self) -> DateTime {
        self.comment.updated_at.into()
    }

    pub(crate) async fn last_edited_at(&self) -> Option<DateTime> {
        self.comment.edited_at.map(Into::into)
    }

    pub(crate) async fn editor(&self, cx: &Context<'_>) -> Result<Option<Actor>> {
        self.comment.edited_by.as_ref().map(|login| Actor::of(cx, login)).transpose()
    }

    pub(crate) async fn viewer_did_author(&self, cx: &Context<'_>) -> Result<bool> {
        is_viewer(cx, &self.comment.author)
    }

    pub(crate) async fn url(&self, cx: &Context<'_>) -> Result<Uri> {
        let html = &session(cx)?.urls.html;
        let (name, issue) = (self.repo.full_name(), self.comment.issue);
        Ok(Uri(format!("{html}/{name}/issues/{issue}#issuecomment-{}", self.comment.id)))
    }
}
