//! The root of mutations.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use base64::Engine as _;
use serde_json::json;

use super::auto_merge::{
    self, DisablePullRequestAutoMergeInput, DisablePullRequestAutoMergePayload,
    EnablePullRequestAutoMergeInput, EnablePullRequestAutoMergePayload,
};
use super::issues::{Issue, IssueComment};
use super::pulls::PullRequest;
use super::query::Node;
use super::queue::{
    DequeuePullRequestInput, DequeuePullRequestPayload, EnqueuePullRequestInput, EnqueuePullRequestPayload,
    dequeue, enqueue,
};
use super::refs::{Commit, Ref};
use super::repository::Repository;
use super::reviews::{PullRequestReviewThread, resolve_thread};
use super::scalars::{Base64String, Oid, RefName, RepositoryVisibility, Uri};
use super::{or_null, refuse, session};
use crate::twin::acts::{issues, pulls, refs, repositories, transfer};
use crate::twin::door::auth::Need;
use crate::twin::door::failure::Failure;
use crate::twin::door::session::Session;
use crate::twin::shape::{decode, parse_node_id};
use crate::twin::world::{Permission, Repo};

pub(crate) struct Mutation;

/// A branch, by its id or by repository and name.
#[derive(InputObject)]
struct CommittableBranch {
    branch_name: Option<String>,
    id: Option<ID>,
    repository_name_with_owner: Option<String>,
}

/// A commit message.
#[derive(InputObject)]
struct CommitMessage {
    body: Option<String>,
    headline: String,
}

/// A file to write.
#[derive(InputObject)]
struct FileAddition {
    contents: Base64String,
    path: String,
}

/// A file to delete.
#[derive(InputObject)]
struct FileDeletion {
    path: String,
}

/// What a commit changes.
#[derive(InputObject, Default)]
struct FileChanges {
    #[graphql(default_with = "Some(Vec::new())")]
    additions: Option<Vec<FileAddition>>,
    #[graphql(default_with = "Some(Vec::new())")]
    deletions: Option<Vec<FileDeletion>>,
}

macro_rules! input {
    ($name:ident { $($(#[$attribute:meta])* $field:ident: $type:ty),* $(,)? }) => {
        #[derive(InputObject)]
        struct $name {
            $($(#[$attribute])* $field: $type,)*
            client_mutation_id: Option<String>,
        }
    };
}

macro_rules! payload {
    ($name:ident { $($field:ident: $type:ty),* $(,)? }) => {
        #[derive(SimpleObject)]
        pub(crate) struct $name {
            client_mutation_id: Option<String>,
            $($field: $type,)*
        }
    };
}

input!(CreateCommitOnBranchInput {
    branch: CommittableBranch,
    expected_head_oid: Oid,
    file_changes: Option<FileChanges>,
    message: CommitMessage,
});
payload!(CreateCommitOnBranchPayload {
    commit: Option<Commit>,
    r#ref: Option<Ref>,
});
input!(CreatePullRequestInput {
    base_ref_name: String,
    body: Option<String>,
    #[graphql(default_with = "Some(false)")]
    draft: Option<bool>,
    head_ref_name: String,
    head_repository_id: Option<ID>,
    #[graphql(default_with = "Some(true)")]
    maintainer_can_modify: Option<bool>,
    repository_id: ID,
    title: String,
});
payload!(CreatePullRequestPayload { pull_request: Option<PullRequest> });
input!(ClosePullRequestInput { pull_request_id: ID });
payload!(ClosePullRequestPayload { pull_request: Option<PullRequest> });
input!(AddCommentInput { body: String, subject_id: ID });
payload!(AddCommentPayload { comment_edge: Option<IssueCommentEdge>, subject: Option<Node> });
input!(CreateRefInput { name: String, oid: Oid, repository_id: ID });
payload!(CreateRefPayload { r#ref: Option<Ref> });
input!(DeleteRefInput { ref_id: ID });
payload!(DeleteRefPayload {});
/// What becomes of one ref.
#[derive(InputObject)]
struct RefUpdate {
    after_oid: Oid,
    before_oid: Option<Oid>,
    #[graphql(default_with = "Some(false)")]
    force: Option<bool>,
    name: RefName,
}
input!(UpdateRefsInput { ref_updates: Vec<RefUpdate>, repository_id: ID });
payload!(UpdateRefsPayload {});
input!(CreateIssueInput {
    assignee_ids: Option<Vec<ID>>,
    body: Option<String>,
    issue_template: Option<String>,
    label_ids: Option<Vec<ID>>,
    milestone_id: Option<ID>,
    project_ids: Option<Vec<ID>>,
    repository_id: ID,
    title: String,
});
payload!(CreateIssuePayload { issue: Option<Issue> });

input!(ResolveReviewThreadInput { thread_id: ID });
payload!(ResolveReviewThreadPayload { thread: Option<PullRequestReviewThread> });
input!(TransferIssueInput {
    #[graphql(default_with = "Some(false)")]
    create_labels_if_missing: Option<bool>,
    issue_id: ID,
    repository_id: ID,
});
payload!(TransferIssuePayload { issue: Option<Issue> });

input!(CreateRepositoryInput {
    description: Option<String>,
    #[graphql(default_with = "Some(true)")]
    has_issues_enabled: Option<bool>,
    #[graphql(default_with = "Some(false)")]
    has_wiki_enabled: Option<bool>,
    homepage_url: Option<Uri>,
    name: String,
    owner_id: Option<ID>,
    #[graphql(default_with = "Some(false)")]
    template: Option<bool>,
    visibility: RepositoryVisibility,
});
payload!(CreateRepositoryPayload { repository: Option<Repository> });

/// A comment in a list.
#[derive(SimpleObject)]
pub(crate) struct IssueCommentEdge {
    cursor: String,
    node: Option<IssueComment>,
}

/// What a mutation answers when it fails: null, and an error at its place.
fn outcome<T>(cx: &Context<'_>, done: Result<T, Failure>) -> Option<T> {
    or_null(cx, done.map(Some).map_err(|failure| refuse(&failure)))
}

pub(super) fn unresolved(id: &str) -> Failure {
    Failure::new(404, "NOT_FOUND", format!("Could not resolve to a node with the global id of '{id}'"))
}

/// The numbers of a global id of one of these types.
pub(super) fn numbers(id: &str, prefixes: &[&str]) -> Result<Vec<u64>, Failure> {
    let parsed = parse_node_id(id).filter(|(prefix, _)| prefixes.contains(prefix));
    parsed.map(|(_, numbers)| numbers).ok_or_else(|| unresolved(id))
}

/// A repository by its global id, if the caller may use it so.
fn repository(session: &Session, id: &ID, need: Need) -> Result<u64, Failure> {
    let numbers = numbers(id, &["R"])?;
    let world = session.world();
    let repo = numbers.first().and_then(|id| world.repos.get(id)).ok_or_else(|| unresolved(id))?;
    session.caller.may(&world, repo, need)?;
    Ok(repo.id)
}

/// An issue or pull request by its global id.
pub(super) fn issue(
    session: &Session,
    id: &ID,
    prefixes: &[&str],
    need: Need,
) -> Result<(u64, u64), Failure> {
    let numbers = numbers(id, prefixes)?;
    let [repo_id, number] = numbers[..] else { return Err(unresolved(id)) };
    let world = session.world();
    let repo = world.repos.get(&repo_id).ok_or_else(|| unresolved(id))?;
    session.caller.may(&world, repo, need)?;
    repo.issues.get(&number).ok_or_else(|| unresolved(id))?;
    Ok((repo_id, number))
}

/// A ref by its global id: the repository and the full name.
pub(super) fn parse_ref_id(id: &str) -> Option<(u64, String)> {
    let (repo, name) = id.strip_prefix("REF_")?.split_once('_')?;
    Some((u64::from_str_radix(repo, 16).ok()?, decode(name)))
}

/// The repository of a number as it is now.
pub(super) fn now(session: &Session, id: u64) -> Result<std::sync::Arc<Repo>, Failure> {
    session.world().repos.get(&id).cloned().ok_or_else(Failure::not_found)
}

fn commit_on_branch(session: &Session, input: CreateCommitOnBranchInput) -> Result<(Commit, Ref), Failure> {
    let world = session.world();
    let (repo_id, branch) =
        match (&input.branch.id, &input.branch.repository_name_with_owner, input.branch.branch_name) {
            (Some(id), None, None) => {
                let (repo, name) = parse_ref_id(id).ok_or_else(|| unresolved(id))?;
                let repo = world.repos.get(&repo).ok_or_else(|| unresolved(id))?;
                session.caller.may(&world, repo, Need::CONTENTS)?;
                (repo.id, name.trim_start_matches("refs/heads/").to_owned())
            }
            (None, Some(full_name), Some(branch)) => {
                let missing = || {
                    let text = format!("Could not resolve to a Repository with the name '{full_name}'.");
                    Failure::new(404, "NOT_FOUND", text)
                };
                let (owner, name) = full_name.split_once('/').ok_or_else(missing)?;
                let repo =
                    world.repo(owner, name).or_else(|| world.moved(owner, name)).ok_or_else(missing)?;
                session.caller.permission(&world, repo).ok_or_else(missing)?;
                session.caller.may(&world, repo, Need::CONTENTS)?;
                (repo.id, branch.trim_start_matches("refs/heads/").to_owned())
            }
            _ => {
                let text = "A branch is named by its id, or by repositoryNameWithOwner and branchName.";
                return Err(Failure::unprocessable(text));
            }
        };
    let changes = input.file_changes.unwrap_or_default();
    let mut additions = Vec::new();
    for addition in changes.additions.unwrap_or_default() {
        let packed: String = addition.contents.0.chars().filter(|c| !c.is_whitespace()).collect();
        let bytes = base64::engine::general_purpose::STANDARD.decode(packed);
        let bytes =
            bytes.map_err(|_| Failure::unprocessable(format!("{} is not valid base64", addition.path)))?;
        additions.push((addition.path, bytes));
    }
    let deletions: Vec<String> =
        changes.deletions.unwrap_or_default().into_iter().map(|deletion| deletion.path).collect();
    if let Some((path, _)) = additions.iter().find(|(path, _)| deletions.contains(path)) {
        return Err(Failure::unprocessable(format!("{path} is both added and deleted")));
    }
    let name = format!("refs/heads/{branch}");
    let info = session.change(|tx| {
        if tx.bare(repo_id)?.tip(&name)?.is_none() {
            let text = format!("No branch named '{branch}'.");
            return Err(Failure::new(404, "NOT_FOUND", text));
        }
        let message = match input.message.body.as_deref().filter(|body| !body.is_empty()) {
            Some(body) => format!("{}\n\n{body}", input.message.headline),
            None => input.message.headline,
        };
        let expected = Some(input.expected_head_oid.0.as_str());
        refs::commit(tx, repo_id, refs::Commit { branch: &branch, expected, message, additions, deletions })
    })?;
    let repo = now(session, repo_id)?;
    let sha = Some(info.sha.clone());
    Ok((Commit { repo: std::sync::Arc::clone(&repo), info }, Ref { repo, name, sha }))
}

fn open_pull(session: &Session, input: &CreatePullRequestInput) -> Result<PullRequest, Failure> {
    let repo_id = repository(session, &input.repository_id, Need::PROPOSE)?;
    let head_repo = match &input.head_repository_id {
        Some(id) => repository(session, id, Need::READ)?,
        None => repo_id,
    };
    let issue = session.change(|tx| {
        let opening = pulls::Opening {
            title: &input.title,
            body: input.body.clone(),
            head_repo,
            head: input.head_ref_name.trim_start_matches("refs/heads/"),
            base: input.base_ref_name.trim_start_matches("refs/heads/"),
            draft: input.draft.unwrap_or(false),
        };
        pulls::open(tx, repo_id, opening)
    })?;
    PullRequest::of(&now(session, repo_id)?, issue.number).ok_or_else(Failure::not_found)
}

fn close_pull(session: &Session, id: &ID) -> Result<PullRequest, Failure> {
    let (repo_id, number) = issue(session, id, &["PR"], Need::PROPOSE)?;
    let repo = now(session, repo_id)?;
    let (opened, _) = pulls::parts(&repo, number)?;
    if opened.author != session.caller.login(&session.world()) {
        session.caller.may(&session.world(), &repo, Need::TRIAGE)?;
    }
    session.change(|tx| pulls::close(tx, repo_id, number))?;
    PullRequest::of(&now(session, repo_id)?, number).ok_or_else(Failure::not_found)
}

fn add_comment(session: &Session, input: &AddCommentInput) -> Result<(IssueCommentEdge, Node), Failure> {
    let (repo_id, number) = issue(session, &input.subject_id, &["I", "PR"], Need::TALK)?;
    let comment = session.change(|tx| issues::comment(tx, repo_id, number, &input.body))?;
    let repo = now(session, repo_id)?;
    let subject = if let Some(pull) = PullRequest::of(&repo, number) {
        Node::PullRequest(pull)
    } else {
        let issue = repo.issues.get(&number).cloned().ok_or_else(Failure::not_found)?;
        Node::Issue(Issue { repo: std::sync::Arc::clone(&repo), issue })
    };
    let cursor = format!("comment:{}", comment.id);
    Ok((IssueCommentEdge { cursor, node: Some(IssueComment { repo, comment }) }, subject))
}

fn create_ref(session: &Session, input: &CreateRefInput) -> Result<Ref, Failure> {
    let repo_id = repository(session, &input.repository_id, Need::CONTENTS)?;
    session.change(|tx| refs::create(tx, repo_id, &input.name, &input.oid.0))?;
    Ok(Ref { repo: now(session, repo_id)?, name: input.name.clone(), sha: Some(input.oid.0.clone()) })
}

fn delete_ref(session: &Session, id: &ID) -> Result<(), Failure> {
    let (repo_id, name) = parse_ref_id(id).ok_or_else(|| unresolved(id))?;
    let world = session.world();
    let repo = world.repos.get(&repo_id).ok_or_else(|| unresolved(id))?;
    session.caller.may(&world, repo, Need::CONTENTS)?;
    session.change(|tx| refs::delete(tx, repo_id, &name))
}

/// All of them, or none: each is looked at before the first is changed.
fn update_refs(session: &Session, input: &UpdateRefsInput) -> Result<(), Failure> {
    let repo_id = repository(session, &input.repository_id, Need::CONTENTS)?;
    session.change(|tx| {
        for RefUpdate { before_oid, name, .. } in &input.ref_updates {
            let at = tx.bare(repo_id)?.tip(&name.0)?;
            if let Some(Oid(before)) = before_oid
                && before != at.as_deref().unwrap_or(refs::NOWHERE)
            {
                let text = format!("{} is not at {before}", name.0);
                return Err(Failure::unprocessable(text));
            }
        }
        for RefUpdate { after_oid: Oid(after), force, name: RefName(name), .. } in &input.ref_updates {
            let there = tx.bare(repo_id)?.tip(name)?.is_some();
            match (after.as_str(), there) {
                (refs::NOWHERE, _) => refs::delete(tx, repo_id, name)?,
                (after, true) => refs::update(tx, repo_id, name, after, *force == Some(true))?,
                (after, false) => refs::create(tx, repo_id, name, after)?,
            }
        }
        Ok(())
    })
}

fn create_issue(session: &Session, input: &CreateIssueInput) -> Result<Issue, Failure> {
    let repo_id = repository(session, &input.repository_id, Need::TALK)?;
    let repo = now(session, repo_id)?;
    let mut labels = Vec::new();
    if session.permission(&repo) >= Permission::Write {
        for id in input.label_ids.iter().flatten() {
            let numbers = numbers(id, &["LA"])?;
            let label = repo.labels.iter().find(|label| Some(&label.id) == numbers.get(1));
            labels.push(label.ok_or_else(|| unresolved(id))?.name.clone());
        }
    }
    let issue = session
        .change(|tx| issues::open(tx, repo_id, &input.title, input.body.as_deref(), &labels, Vec::new()))?;
    Ok(Issue { repo: now(session, repo_id)?, issue })
}

fn create_repository(session: &Session, input: &CreateRepositoryInput) -> Result<Repository, Failure> {
    let world = session.world();
    let own = session.caller.login(&world);
    let owner = match &input.owner_id {
        Some(id) => {
            let numbers = numbers(id, &["O", "U"])?;
            let account = world.accounts.values().find(|account| Some(&account.id) == numbers.first());
            account.ok_or_else(|| unresolved(id))?.login.clone()
        }
        None => own.clone(),
    };
    if !owner.eq_ignore_ascii_case(&own) {
        session.caller.may_in_org(&world, &owner, "administration")?;
    }
    let visibility = match input.visibility {
        RepositoryVisibility::Public => "public",
        RepositoryVisibility::Private => "private",
        RepositoryVisibility::Internal => "internal",
    };
    let body = json!({
        "name": input.name,
        "description": input.description,
        "homepage": input.homepage_url.as_ref().map(|uri| &uri.0),
        "has_issues": input.has_issues_enabled,
        "has_wiki": input.has_wiki_enabled,
        "is_template": input.template,
        "visibility": visibility,
    });
    let repo = session.change(|tx| repositories::create(tx, &owner, &body))?;
    Ok(Repository { repo })
}

fn transfer_issue(session: &Session, input: &TransferIssueInput) -> Result<Issue, Failure> {
    let (from, number) = issue(session, &input.issue_id, &["I"], Need::LABELS)?;
    let to = repository(session, &input.repository_id, Need::LABELS)?;
    let labels = if input.create_labels_if_missing == Some(true) {
        transfer::Labels::CreateMissing
    } else {
        transfer::Labels::DropMissing
    };
    let issue = session.change(|tx| transfer::transfer(tx, from, number, to, labels))?;
    Ok(Issue { repo: now(session, to)?, issue })
}

#[Object]
impl Mutation {
    async fn create_repository(
        &self,
        cx: &Context<'_>,
        input: CreateRepositoryInput,
    ) -> Result<Option<CreateRepositoryPayload>> {
        let done = create_repository(session(cx)?, &input);
        let client_mutation_id = input.client_mutation_id;
        Ok(outcome(cx, done)
            .map(|repository| CreateRepositoryPayload { client_mutation_id, repository: Some(repository) }))
    }

    async fn create_commit_on_branch(
        &self,
        cx: &Context<'_>,
        input: CreateCommitOnBranchInput,
    ) -> Result<Option<CreateCommitOnBranchPayload>> {
        let client_mutation_id = input.client_mutation_id.clone();
        let done = commit_on_branch(session(cx)?, input);
        Ok(outcome(cx, done).map(|(commit, branch)| CreateCommitOnBranchPayload {
            client_mutation_id,
            commit: Some(commit),
            r#ref: Some(branch),
        }))
    }

    async fn create_pull_request(
        &self,
        cx: &Context<'_>,
        input: CreatePullRequestInput,
    ) -> Result<Option<CreatePullRequestPayload>> {
        let _ = input.maintainer_can_modify;
        let done = open_pull(session(cx)?, &input);
        let client_mutation_id = input.client_mutation_id;
        Ok(outcome(cx, done)
            .map(|pull| CreatePullRequestPayload { client_mutation_id, pull_request: Some(pull) }))
    }

    async fn close_pull_request(
        &self,
        cx: &Context<'_>,
        input: ClosePullRequestInput,
    ) -> Result<Option<ClosePullRequestPayload>> {
        let done = close_pull(session(cx)?, &input.pull_request_id);
        let client_mutation_id = input.client_mutation_id;
        Ok(outcome(cx, done)
            .map(|pull| ClosePullRequestPayload { client_mutation_id, pull_request: Some(pull) }))
    }

    async fn enable_pull_request_auto_merge(
        &self,
        cx: &Context<'_>,
        input: EnablePullRequestAutoMergeInput,
    ) -> Result<Option<EnablePullRequestAutoMergePayload>> {
        let done = auto_merge::enable(session(cx)?, &input);
        let client_mutation_id = input.client_mutation_id;
        Ok(outcome(cx, done)
            .map(|pull_request| EnablePullRequestAutoMergePayload { client_mutation_id, pull_request }))
    }

    async fn disable_pull_request_auto_merge(
        &self,
        cx: &Context<'_>,
        input: DisablePullRequestAutoMergeInput,
    ) -> Result<Option<DisablePullRequestAutoMergePayload>> {
        let done = auto_merge::disable(session(cx)?, &input);
        let client_mutation_id = input.client_mutation_id;
        Ok(outcome(cx, done)
            .map(|pull_request| DisablePullRequestAutoMergePayload { client_mutation_id, pull_request }))
    }

    async fn enqueue_pull_request(
        &self,
        cx: &Context<'_>,
        input: EnqueuePullRequestInput,
    ) -> Result<Option<EnqueuePullRequestPayload>> {
        let done = enqueue(session(cx)?, &input);
        let client_mutation_id = input.client_mutation_id;
        Ok(outcome(cx, done)
            .map(|entry| EnqueuePullRequestPayload { client_mutation_id, merge_queue_entry: entry }))
    }

    async fn dequeue_pull_request(
        &self,
        cx: &Context<'_>,
        input: DequeuePullRequestInput,
    ) -> Result<Option<DequeuePullRequestPayload>> {
        let done = dequeue(session(cx)?, &input);
        let client_mutation_id = input.client_mutation_id;
        Ok(outcome(cx, done)
            .map(|entry| DequeuePullRequestPayload { client_mutation_id, merge_queue_entry: entry }))
    }

    async fn add_comment(
        &self,
        cx: &Context<'_>,
        input: AddCommentInput,
    ) -> Result<Option<AddCommentPayload>> {
        let done = add_comment(session(cx)?, &input);
        let client_mutation_id = input.client_mutation_id;
        Ok(outcome(cx, done).map(|(edge, subject)| AddCommentPayload {
            client_mutation_id,
            comment_edge: Some(edge),
            subject: Some(subject),
        }))
    }

    async fn resolve_review_thread(
        &self,
        cx: &Context<'_>,
        input: ResolveReviewThreadInput,
    ) -> Result<Option<ResolveReviewThreadPayload>> {
        let done = resolve_thread(session(cx)?, &input.thread_id);
        let client_mutation_id = input.client_mutation_id;
        Ok(outcome(cx, done)
            .map(|thread| ResolveReviewThreadPayload { client_mutation_id, thread: Some(thread) }))
    }

    async fn transfer_issue(
        &self,
        cx: &Context<'_>,
        input: TransferIssueInput,
    ) -> Result<Option<TransferIssuePayload>> {
        let done = transfer_issue(session(cx)?, &input);
        let client_mutation_id = input.client_mutation_id;
        Ok(outcome(cx, done).map(|issue| TransferIssuePayload { client_mutation_id, issue: Some(issue) }))
    }

    async fn create_ref(&self, cx: &Context<'_>, input: CreateRefInput) -> Result<Option<CreateRefPayload>> {
        let done = create_ref(session(cx)?, &input);
        let client_mutation_id = input.client_mutation_id;
        Ok(outcome(cx, done).map(|branch| CreateRefPayload { client_mutation_id, r#ref: Some(branch) }))
    }

    async fn delete_ref(&self, cx: &Context<'_>, input: DeleteRefInput) -> Result<Option<DeleteRefPayload>> {
        let done = delete_ref(session(cx)?, &input.ref_id);
        let client_mutation_id = input.client_mutation_id;
        Ok(outcome(cx, done).map(|()| DeleteRefPayload { client_mutation_id }))
    }

    async fn update_refs(
        &self,
        cx: &Context<'_>,
        input: UpdateRefsInput,
    ) -> Result<Option<UpdateRefsPayload>> {
        let done = update_refs(session(cx)?, &input);
        let client_mutation_id = input.client_mutation_id;
        Ok(outcome(cx, done).map(|()| UpdateRefsPayload { client_mutation_id }))
    }

    async fn create_issue(
        &self,
        cx: &Context<'_>,
        input: CreateIssueInput,
    ) -> Result<Option<CreateIssuePayload>> {
        // Templates, milestones, projects and assignees don't exist here; a request for them is told so.
        if input.milestone_id.is_some() || input.project_ids.as_ref().is_some_and(|ids| !ids.is_empty()) {
            let failure = Failure::unprocessable("The twin has no milestones and no projects");
            return Ok(outcome(cx, Err(failure)));
        }
        let _ = (&input.issue_template, &input.assignee_ids);
        let done = create_issue(session(cx)?, &input);
        let client_mutation_id = input.client_mutation_id;
        Ok(outcome(cx, done).map(|issue| CreateIssuePayload { client_mutation_id, issue: Some(issue) }))
    }
}
