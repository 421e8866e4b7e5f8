//! Labels.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};

use super::connection::{Bounds, PageInfo, page};
use super::issues::{self, IssueConnection, IssueFilters, IssueOrder};
use super::pulls::{self, PullRequestConnection, Wanted};
use super::repository::Repository;
use super::scalars::{DateTime, IssueState, OrderDirection, PullRequestState, Uri};
use super::session;
use crate::twin::shape::{node_id, segment};
use crate::twin::world::{self, Repo};

/// A label.
#[derive(Clone)]
pub(crate) struct Label {
    pub(crate) repo: Arc<Repo>,
    pub(crate) label: world::Label,
}

/// The order of labels.
#[derive(Debug, Clone, InputObject)]
pub(crate) struct LabelOrder {
    pub(crate) direction: OrderDirection,
    pub(crate) field: LabelOrderField,
}

/// What labels are ordered by.
#[derive(Debug, Enum, Copy, Clone, Eq, PartialEq)]
pub(crate) enum LabelOrderField {
    CreatedAt,
    Name,
}

/// A page of labels.
#[derive(SimpleObject)]
pub(crate) struct LabelConnection {
    nodes: Option<Vec<Option<Label>>>,
    page_info: PageInfo,
    total_count: i32,
}

/// One page of some labels of a repository.
pub(crate) fn connection(
    repo: &Arc<Repo>,
    mut labels: Vec<world::Label>,
    order: Option<&LabelOrder>,
    bounds: &Bounds,
) -> Result<LabelConnection> {
    if let Some(order) = order {
        labels.sort_by(|a, b| {
            let by = match order.field {
                LabelOrderField::CreatedAt => a.created_at.cmp(&b.created_at).then(a.id.cmp(&b.id)),
                LabelOrderField::Name => a.name.to_lowercase().cmp(&b.name.to_lowercase()),
            };
            order.direction.apply(by)
        });
    }
    let page = page(labels, |label| label.id, bounds)?;
    let nodes = page.nodes.into_iter().map(|label| Some(Label { repo: Arc::clone(repo), label }));
    Ok(LabelConnection {
        nodes: Some(nodes.collect()),
        page_info: page.page_info,
        total_count: page.total_count,
    })
}

#[Object]
impl Label {
    pub(crate) async fn id(&self) -> ID {
        ID(node_id("LA", &[self.repo.id, self.label.id]))
    }

    pub(crate) async fn name(&self) -> &str {
        &self.label.name
    }

    pub(crate) async fn color(&self) -> &str {
        &self.label.color
    }

    pub(crate) async fn description(&self) -> Option<&str> {
        self.label.description.as_deref()
    }

    pub(crate) async fn is_default(&self) -> bool {
        self.label.default
    }

    pub(crate) async fn created_at(&self) -> Option<DateTime> {
        Some(self.label.created_at.into())
    }

    pub(crate) async fn url(&self, cx: &Context<'_>) -> Result<Uri> {
        let name = segment(&self.label.name);
        Ok(Uri(format!("{}/{}/labels/{name}", session(cx)?.urls.html, self.repo.full_name())))
    }

    pub(crate) async fn repository(&self) -> Repository {
        Repository { repo: Arc::clone(&self.repo) }
    }

    pub(crate) async fn issues(
        &self,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        labels: Option<Vec<String>>,
        states: Option<Vec<IssueState>>,
        filter_by: Option<IssueFilters>,
        order_by: Option<IssueOrder>,
    ) -> Result<IssueConnection> {
        issues::connection(
            &self.repo,
            |issue| issue.labels.contains(&self.label.id),
            states.as_deref(),
            labels.as_deref(),
            filter_by.as_ref(),
            order_by.as_ref(),
            &Bounds { first, after, last, before },
        )
    }

    pub(crate) async fn pull_requests(
        &self,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        states: Option<Vec<PullRequestState>>,
        labels: Option<Vec<String>>,
        base_ref_name: Option<String>,
        head_ref_name: Option<String>,
        order_by: Option<IssueOrder>,
    ) -> Result<PullRequestConnection> {
        let label = Some(self.label.id);
        let wanted =
            Wanted { states, base: base_ref_name, head: head_ref_name, labels, label, order: order_by };
        pulls::connection(&self.repo, &wanted, &Bounds { first, after, last, before })
    }
}
