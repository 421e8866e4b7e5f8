//! What checks say about a commit, taken together and one by one.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject, Union};

use super::connection::{Bounds, PageInfo, page};
use super::owner::Actor;
use super::refs::{self, Commit};
use super::repository::Repository;
use super::scalars::{CheckConclusionState, CheckStatusState, DateTime, StatusState, Uri};
use super::session;
use crate::twin::shape::node_id;
use crate::twin::world::{self, Repo};

/// All checks of a commit.
pub(crate) struct StatusCheckRollup {
    repo: Arc<Repo>,
    sha: String,
}

/// A check run.
pub(crate) struct CheckRun {
    repo: Arc<Repo>,
    run: world::CheckRun,
}

/// The check runs of one App on one commit.
pub(crate) struct CheckSuite {
    repo: Arc<Repo>,
    run: world::CheckRun,
}

/// A GitHub App.
pub(crate) struct App(world::App);

/// A commit status.
pub(crate) struct StatusContext {
    repo: Arc<Repo>,
    status: world::Status,
}

/// A check run or a commit status.
#[derive(Union)]
pub(crate) enum StatusCheckRollupContext {
    CheckRun(CheckRun),
    StatusContext(StatusContext),
}

/// A page of check runs and commit statuses.
#[derive(SimpleObject)]
pub(crate) struct StatusCheckRollupContextConnection {
    nodes: Option<Vec<Option<StatusCheckRollupContext>>>,
    page_info: PageInfo,
    total_count: i32,
}

/// The newest check run of each name and App, and the newest status of each context.
fn newest(repo: &Repo, sha: &str) -> (Vec<world::CheckRun>, Vec<world::Status>) {
    let mut seen = BTreeSet::new();
    let runs = repo.check_runs.values().rev().filter(|run| run.head_sha == sha);
    let mut runs: Vec<_> = runs.filter(|run| seen.insert((run.app, run.name.clone()))).cloned().collect();
    runs.reverse();
    let mut seen = BTreeSet::new();
    let statuses = repo.statuses.iter().rev().filter(|status| status.sha == sha);
    let mut statuses: Vec<_> =
        statuses.filter(|status| seen.insert(status.context.clone())).cloned().collect();
    statuses.reverse();
    (runs, statuses)
}

/// All checks of a commit; `None` when nothing checks it.
pub(crate) fn rollup(repo: &Arc<Repo>, sha: &str) -> Option<StatusCheckRollup> {
    let (runs, statuses) = newest(repo, sha);
    let some = !(runs.is_empty() && statuses.is_empty());
    some.then(|| StatusCheckRollup { repo: Arc::clone(repo), sha: sha.to_owned() })
}

/// What one check run contributes to all together.
fn weight(run: &world::CheckRun) -> Result<StatusState> {
    let Some(conclusion) = run.conclusion.as_deref() else { return Ok(StatusState::Pending) };
    Ok(match CheckConclusionState::of(conclusion)? {
        CheckConclusionState::Success | CheckConclusionState::Neutral | CheckConclusionState::Skipped => {
            StatusState::Success
        }
        CheckConclusionState::Failure
        | CheckConclusionState::Cancelled
        | CheckConclusionState::TimedOut
        | CheckConclusionState::ActionRequired => StatusState::Failure,
    })
}

#[Object]
impl StatusCheckRollup {
    async fn id(&self) -> ID {
        ID(format!("SCR_{:x}_{}", self.repo.id, self.sha))
    }

    async fn commit(&self, cx: &Context<'_>) -> Result<Option<Commit>> {
        refs::commit(cx, &self.repo, &self.sha)
    }

    async fn state(&self) -> Result<StatusState> {
        let (runs, statuses) = newest(&self.repo, &self.sha);
        let mut states = runs.iter().map(weight).collect::<Result<Vec<_>>>()?;
        for status in &statuses {
            states.push(StatusState::of(&status.state)?);
        }
        let worst = [StatusState::Error, StatusState::Failure, StatusState::Pending];
        Ok(worst.into_iter().find(|state| states.contains(state)).unwrap_or(StatusState::Success))
    }

    async fn contexts(
        &self,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<StatusCheckRollupContextConnection> {
        let repo = &self.repo;
        let (runs, statuses) = newest(repo, &self.sha);
        let runs = runs.into_iter().map(|run| {
            (run.id, StatusCheckRollupContext::CheckRun(CheckRun { repo: Arc::clone(repo), run }))
        });
        let statuses = statuses.into_iter().map(|status| {
            let context = StatusContext { repo: Arc::clone(repo), status };
            (context.status.id, StatusCheckRollupContext::StatusContext(context))
        });
        let all: Vec<(u64, StatusCheckRollupContext)> = runs.chain(statuses).collect();
        let page = page(all, |(id, _)| *id, &Bounds { first, after, last, before })?;
        Ok(StatusCheckRollupContextConnection {
            nodes: Some(page.nodes.into_iter().map(|(_, context)| Some(context)).collect()),
            page_info: page.page_info,
            total_count: page.total_count,
        })
    }
}

#[Object]
impl CheckRun {
    async fn id(&self) -> ID {
        ID(node_id("CR", &[self.repo.id, self.run.id]))
    }

    async fn database_id(&self) -> Option<i32> {
        i32::try_from(self.run.id).ok()
    }

    async fn name(&self) -> &str {
        &self.run.name
    }

    async fn status(&self) -> Result<CheckStatusState> {
        CheckStatusState::of(&self.run.status)
    }

    async fn conclusion(&self) -> Result<Option<CheckConclusionState>> {
        self.run.conclusion.as_deref().map(CheckConclusionState::of).transpose()
    }

    async fn title(&self) -> Option<&str> {
        self.run.title.as_deref()
    }

    async fn summary(&self) -> Option<&str> {
        self.run.summary.as_deref()
    }

    async fn text(&self) -> Option<&str> {
        self.run.text.as_deref()
    }

    async fn started_at(&self) -> Option<DateTime> {
        self.run.started_at.map(Into::into)
    }

    async fn completed_at(&self) -> Option<DateTime> {
        self.run.completed_at.map(Into::into)
    }

    async fn details_url(&self) -> Option<Uri> {
        self.run.details_url.clone().map(Uri)
    }

    async fn external_id(&self) -> Option<&str> {
        self.run.external_id.as_deref()
    }

    async fn url(&self, cx: &Context<'_>) -> Result<Uri> {
        Ok(Uri(format!("{}/{}/runs/{}", session(cx)?.urls.html, self.repo.full_name(), self.run.id)))
    }

    async fn check_suite(&self) -> CheckSuite {
        CheckSuite { repo: Arc::clone(&self.repo), run: self.run.clone() }
    }

    async fn repository(&self) -> Repository {
        Repository { repo: Arc::clone(&self.repo) }
    }
}

#[Object]
impl CheckSuite {
    async fn id(&self) -> ID {
        ID(node_id("CS", &[self.repo.id, self.run.suite]))
    }

    async fn database_id(&self) -> Option<i32> {
        i32::try_from(self.run.suite).ok()
    }

    async fn app(&self, cx: &Context<'_>) -> Result<Option<App>> {
        Ok(session(cx)?.world().apps.get(&self.run.app).cloned().map(App))
    }
}

#[Object]
impl App {
    async fn id(&self) -> ID {
        ID(node_id("A", &[self.0.id]))
    }

    async fn database_id(&self) -> Option<i32> {
        i32::try_from(self.0.id).ok()
    }

    async fn name(&self) -> &str {
        &self.0.name
    }

    async fn slug(&self) -> &str {
        &self.0.slug
    }
}

#[Object]
impl StatusContext {
    async fn id(&self) -> ID {
        ID(node_id("SC", &[self.repo.id, self.status.id]))
    }

    async fn context(&self) -> &str {
        &self.status.context
    }

    async fn state(&self) -> Result<StatusState> {
        StatusState::of(&self.status.state)
    }

    async fn description(&self) -> Option<&str> {
        self.status.description.as_deref()
    }

    async fn target_url(&self) -> Option<Uri> {
        self.status.target_url.clone().map(Uri)
    }

    async fn creator(&self, cx: &Context<'_>) -> Result<Option<Actor>> {
        Actor::of(cx, &self.status.creator).map(Some)
    }

    async fn created_at(&self) -> DateTime {
        self.status.created_at.into()
    }
}
