//! A repository.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject};

use super::connection::WithType as _;
use super::connection::{Bounds, PageInfo, page};
use super::issues::{self, Issue, IssueConnection, IssueFilters, IssueOrder};
use super::labels::{self, Label, LabelConnection, LabelOrder};
use super::owner::RepositoryOwner;
use super::pulls::{self, PullRequest, PullRequestConnection, Wanted};
use super::refs::{self, GitObject, Ref};
use super::scalars::{
    DateTime, IssueState, MergeCommitMessage, MergeCommitTitle, Oid, PullRequestState, RepositoryPermission,
    RepositoryVisibility, SquashMergeCommitMessage, SquashMergeCommitTitle, Uri,
};
use super::{or_null, refuse, session};
use crate::twin::door::failure::Failure;
use crate::twin::shape::node_id;
use crate::twin::world::{AccountKind, Permission, Repo, Visibility};

/// A repository.
#[derive(Clone)]
pub(crate) struct Repository {
    pub(crate) repo: Arc<Repo>,
}

/// A topic.
#[derive(SimpleObject)]
pub(crate) struct Topic {
    id: ID,
    name: String,
}

/// A topic of a repository.
#[derive(SimpleObject)]
pub(crate) struct RepositoryTopic {
    id: ID,
    topic: Topic,
    url: Uri,
}

/// A page of topics.
#[derive(SimpleObject)]
pub(crate) struct RepositoryTopicConnection {
    nodes: Option<Vec<Option<RepositoryTopic>>>,
    page_info: PageInfo,
    total_count: i32,
}

fn unresolved(kind: &str, number: i32) -> async_graphql::Error {
    async_graphql::Error::new(format!("Could not resolve to {kind} with the number of {number}."))
        .extend_with_type("NOT_FOUND")
}

#[Object]
impl Repository {
    pub(crate) async fn id(&self) -> ID {
        ID(node_id("R", &[self.repo.id]))
    }

    pub(crate) async fn database_id(&self) -> Option<i32> {
        i32::try_from(self.repo.id).ok()
    }

    pub(crate) async fn name(&self) -> &str {
        &self.repo.name
    }

    pub(crate) async fn name_with_owner(&self) -> String {
        self.repo.full_name()
    }

    pub(crate) async fn description(&self) -> Option<&str> {
        self.repo.settings.description.as_deref()
    }

    pub(crate) async fn homepage_url(&self) -> Option<Uri> {
        self.repo.settings.homepage.clone().map(Uri)
    }

    pub(crate) async fn url(&self, cx: &Context<'_>) -> Result<Uri> {
        Ok(Uri(format!("{}/{}", session(cx)?.urls.html, self.repo.full_name())))
    }

    pub(crate) async fn owner(&self, cx: &Context<'_>) -> Result<RepositoryOwner> {
        let world = session(cx)?.world();
        let account = world.account(&self.repo.owner).cloned();
        account.map(RepositoryOwner::of).ok_or_else(|| refuse(&Failure::not_found()))
    }

    pub(crate) async fn is_archived(&self) -> bool {
        self.repo.settings.archived
    }

    pub(crate) async fn is_private(&self) -> bool {
        self.repo.settings.visibility != Visibility::Public
    }

    pub(crate) async fn visibility(&self) -> RepositoryVisibility {
        match self.repo.settings.visibility {
            Visibility::Public => RepositoryVisibility::Public,
            Visibility::Private => RepositoryVisibility::Private,
            Visibility::Internal => RepositoryVisibility::Internal,
        }
    }

    pub(crate) async fn is_template(&self) -> bool {
        self.repo.settings.is_template
    }

    pub(crate) async fn is_fork(&self) -> bool {
        self.repo.fork_of.is_some()
    }

    pub(crate) async fn is_disabled(&self) -> bool {
        false
    }

    pub(crate) async fn is_locked(&self) -> bool {
        false
    }

    pub(crate) async fn is_mirror(&self) -> bool {
        false
    }

    pub(crate) async fn is_in_organization(&self, cx: &Context<'_>) -> Result<bool> {
        let world = session(cx)?.world();
        Ok(world.account(&self.repo.owner).is_some_and(|owner| owner.kind == AccountKind::Organization))
    }

    pub(crate) async fn has_issues_enabled(&self) -> bool {
        self.repo.settings.has_issues
    }

    pub(crate) async fn has_wiki_enabled(&self) -> bool {
        self.repo.settings.has_wiki
    }

    pub(crate) async fn has_projects_enabled(&self) -> bool {
        self.repo.settings.has_projects
    }

    pub(crate) async fn has_discussions_enabled(&self) -> bool {
        self.repo.settings.has_discussions
    }

    pub(crate) async fn merge_commit_allowed(&self) -> bool {
        self.repo.settings.allow_merge_commit
    }

    pub(crate) async fn squash_merge_allowed(&self) -> bool {
        self.repo.settings.allow_squash_merge
    }

    pub(crate) async fn rebase_merge_allowed(&self) -> bool {
        self.repo.settings.allow_rebase_merge
    }

    pub(crate) async fn auto_merge_allowed(&self) -> bool {
        self.repo.settings.allow_auto_merge
    }

    pub(crate) async fn delete_branch_on_merge(&self) -> bool {
        self.repo.settings.delete_branch_on_merge
    }

    pub(crate) async fn allow_update_branch(&self) -> bool {
        self.repo.settings.allow_update_branch
    }

    pub(crate) async fn squash_merge_commit_title(&self) -> Result<SquashMergeCommitTitle> {
        SquashMergeCommitTitle::of(&self.repo.settings.squash_merge_commit_title)
    }

    pub(crate) async fn squash_merge_commit_message(&self) -> Result<SquashMergeCommitMessage> {
        SquashMergeCommitMessage::of(&self.repo.settings.squash_merge_commit_message)
    }

    pub(crate) async fn merge_commit_title(&self) -> Result<MergeCommitTitle> {
        MergeCommitTitle::of(&self.repo.settings.merge_commit_title)
    }

    pub(crate) async fn merge_commit_message(&self) -> Result<MergeCommitMessage> {
        MergeCommitMessage::of(&self.repo.settings.merge_commit_message)
    }

    pub(crate) async fn forking_allowed(&self) -> bool {
        self.repo.settings.allow_forking
    }

    pub(crate) async fn web_commit_signoff_required(&self) -> bool {
        self.repo.settings.web_commit_signoff_required
    }

    pub(crate) async fn disk_usage(&self) -> Option<i32> {
        i32::try_from(self.repo.size).ok()
    }

    pub(crate) async fn stargazer_count(&self) -> i32 {
        0
    }

    pub(crate) async fn fork_count(&self, cx: &Context<'_>) -> Result<i32> {
        let world = session(cx)?.world();
        let forks = world.repos.values().filter(|other| other.fork_of == Some(self.repo.id)).count();
        Ok(i32::try_from(forks).unwrap_or(i32::MAX))
    }

    pub(crate) async fn created_at(&self) -> DateTime {
        self.repo.created_at.into()
    }

    pub(crate) async fn updated_at(&self) -> DateTime {
        self.repo.updated_at.into()
    }

    pub(crate) async fn pushed_at(&self) -> Option<DateTime> {
        Some(self.repo.pushed_at.into())
    }

    pub(crate) async fn parent(&self, cx: &Context<'_>) -> Result<Option<Repository>> {
        let world = session(cx)?.world();
        let parent = self.repo.fork_of.and_then(|id| world.repos.get(&id).cloned());
        Ok(parent.map(|repo| Repository { repo }))
    }

    pub(crate) async fn viewer_permission(&self, cx: &Context<'_>) -> Result<Option<RepositoryPermission>> {
        Ok(Some(match session(cx)?.permission(&self.repo) {
            Permission::Admin => RepositoryPermission::Admin,
            Permission::Write => RepositoryPermission::Write,
            Permission::Read => RepositoryPermission::Read,
        }))
    }

    pub(crate) async fn viewer_can_administer(&self, cx: &Context<'_>) -> Result<bool> {
        Ok(session(cx)?.permission(&self.repo) == Permission::Admin)
    }

    pub(crate) async fn is_empty(&self, cx: &Context<'_>) -> Result<bool> {
        // A seeded repository has its first commit as soon as anybody looks.
        let seeded = self.repo.files.is_some();
        Ok(!seeded && refs::tip(cx, &self.repo, &self.branch())?.is_none())
    }

    pub(crate) async fn default_branch_ref(&self, cx: &Context<'_>) -> Result<Option<Ref>> {
        let name = self.branch();
        if self.repo.files.is_some() {
            return Ok(Some(Ref { repo: Arc::clone(&self.repo), name, sha: None }));
        }
        let sha = refs::tip(cx, &self.repo, &name)?;
        Ok(sha.map(|sha| Ref { repo: Arc::clone(&self.repo), name, sha: Some(sha) }))
    }

    #[graphql(name = "ref")]
    pub(crate) async fn reference(&self, cx: &Context<'_>, qualified_name: String) -> Result<Option<Ref>> {
        let candidates = if qualified_name.starts_with("refs/") {
            vec![qualified_name]
        } else {
            vec![format!("refs/heads/{qualified_name}"), format!("refs/tags/{qualified_name}")]
        };
        for name in candidates {
            if let Some(sha) = refs::tip(cx, &self.repo, &name)? {
                return Ok(Some(Ref { repo: Arc::clone(&self.repo), name, sha: Some(sha) }));
            }
        }
        Ok(None)
    }

    pub(crate) async fn repository_topics(
        &self,
        cx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<RepositoryTopicConnection> {
        let html = &session(cx)?.urls.html;
        let names: Vec<(usize, String)> = self.repo.settings.topics.iter().cloned().enumerate().collect();
        let page = page(names, |(index, _)| *index as u64, &Bounds { first, after, last, before })?;
        let nodes = page.nodes.into_iter().map(|(index, name)| {
            Some(RepositoryTopic {
                id: ID(node_id("RT", &[self.repo.id, index as u64])),
                url: Uri(format!("{html}/topics/{name}")),
                topic: Topic { id: ID(format!("T_{name}")), name },
            })
        });
        Ok(RepositoryTopicConnection {
            nodes: Some(nodes.collect()),
            page_info: page.page_info,
            total_count: page.total_count,
        })
    }

    pub(crate) async fn labels(
        &self,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        order_by: Option<LabelOrder>,
        query: Option<String>,
    ) -> Result<Option<LabelConnection>> {
        let query = query.unwrap_or_default().to_lowercase();
        let labels = self.repo.labels.iter().filter(|label| {
            let about = label.description.as_deref().unwrap_or_default();
            label.name.to_lowercase().contains(&query) || about.to_lowercase().contains(&query)
        });
        let bounds = Bounds { first, after, last, before };
        labels::connection(&self.repo, labels.cloned().collect(), order_by.as_ref(), &bounds).map(Some)
    }

    pub(crate) async fn issue(&self, cx: &Context<'_>, number: i32) -> Option<Issue> {
        let issue = u64::try_from(number).ok().and_then(|number| self.repo.issues.get(&number));
        let found = issue
            .filter(|issue| issue.pull.is_none())
            .map(|issue| Some(Issue { repo: Arc::clone(&self.repo), issue: issue.clone() }));
        or_null(cx, found.ok_or_else(|| unresolved("an Issue", number)))
    }

    pub(crate) async fn pull_request(&self, cx: &Context<'_>, number: i32) -> Option<PullRequest> {
        let pull = u64::try_from(number).ok().and_then(|number| PullRequest::of(&self.repo, number));
        or_null(cx, pull.map(Some).ok_or_else(|| unresolved("a PullRequest", number)))
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
            |_| true,
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
        let wanted =
            Wanted { states, base: base_ref_name, head: head_ref_name, labels, label: None, order: order_by };
        pulls::connection(&self.repo, &wanted, &Bounds { first, after, last, before })
    }

    pub(crate) async fn object(
        &self,
        cx: &Context<'_>,
        expression: Option<String>,
        oid: Option<Oid>,
    ) -> Result<Option<GitObject>> {
        let sha = match (oid, expression) {
            (Some(oid), _) => Some(oid.0),
            // Only commits are told here: `main`, `refs/heads/main`, an id.
            (None, Some(text)) if !text.contains(':') => refs::resolve(cx, &self.repo, &text)?,
            (None, Some(_) | None) => None,
        };
        let Some(sha) = sha else { return Ok(None) };
        Ok(refs::commit(cx, &self.repo, &sha)?.map(GitObject::Commit))
    }

    pub(crate) async fn label(&self, name: String) -> Option<Label> {
        let label = self.repo.label(&name)?.clone();
        Some(Label { repo: Arc::clone(&self.repo), label })
    }
}

impl Repository {
    fn branch(&self) -> String {
        format!("refs/heads/{}", self.repo.settings.default_branch)
    }
}
