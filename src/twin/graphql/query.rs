//! The root of queries.

use async_graphql::{Context, ID, Interface, Object, PathSegment, Result, SimpleObject};

use super::connection::{Bounds, WithType as _};
use super::issues::{Issue, IssueComment};
use super::labels::Label;
use super::mutation::parse_ref_id;
use super::owner::{Organization, RepositoryOwner, User};
use super::pulls::PullRequest;
use super::refs::{Commit, Ref, tip};
use super::repository::Repository;
use super::reviews::{PullRequestReview, PullRequestReviewThread};
use super::scalars::DateTime;
use super::search::{SearchResultItemConnection, SearchType, search};
use super::{Charged, or_null, refuse, session};
use crate::twin::door::auth::{Caller, Need};
use crate::twin::door::failure::Failure;
use crate::twin::door::limits::Pool;
use crate::twin::shape::parse_node_id;
use crate::twin::world::{Account, AccountKind};

pub(crate) struct Query;

/// Anything with a global id.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID"))]
pub(crate) enum Node {
    Repository(Repository),
    Label(Label),
    Issue(Issue),
    PullRequest(PullRequest),
    IssueComment(IssueComment),
    User(User),
    Organization(Organization),
    Ref(Ref),
    Commit(Commit),
    PullRequestReview(PullRequestReview),
    PullRequestReviewThread(PullRequestReviewThread),
}

/// How the caller's points stand.
#[derive(SimpleObject)]
pub(crate) struct RateLimit {
    cost: i32,
    limit: i32,
    node_count: i32,
    remaining: i32,
    reset_at: DateTime,
    used: i32,
}

/// A repository by name; the error is GitHub's.
pub(crate) fn find_repository(
    cx: &Context<'_>,
    owner: &str,
    name: &str,
    follow_renames: bool,
) -> Result<Option<Repository>> {
    let session = session(cx)?;
    let missing = || {
        async_graphql::Error::new(format!(
            "Could not resolve to a Repository with the name '{owner}/{name}'."
        ))
        .extend_with_type("NOT_FOUND")
    };
    match session.repo(owner, name, Need::READ) {
        Ok(repo) => Ok(Some(Repository { repo })),
        Err(failure) if failure.status == 301 && follow_renames => {
            let world = session.world();
            let repo = world.moved(owner, name).cloned().ok_or_else(missing)?;
            Ok(Some(Repository { repo }))
        }
        Err(failure) if failure.status == 404 || failure.status == 301 => Err(missing()),
        Err(failure) => Err(refuse(&failure)),
    }
}

fn find_account(cx: &Context<'_>, login: &str, kind: AccountKind) -> Result<Account> {
    let world = session(cx)?.world();
    let account = world.account(login).filter(|account| account.kind == kind);
    account.cloned().ok_or_else(|| {
        let kind = match kind {
            AccountKind::User => "a User",
            AccountKind::Organization => "an Organization",
        };
        async_graphql::Error::new(format!("Could not resolve to {kind} with the login of '{login}'."))
            .extend_with_type("NOT_FOUND")
    })
}

fn find_node(cx: &Context<'_>, id: &str) -> Result<Node> {
    let session = session(cx)?;
    let missing = || {
        async_graphql::Error::new(format!("Could not resolve to a node with the global id of '{id}'"))
            .extend_with_type("NOT_FOUND")
    };
    let world = session.world();
    let visible = |repo: u64| {
        let repo = world.repos.get(&repo).cloned()?;
        session.caller.permission(&world, &repo).map(|_| repo)
    };
    if let Some((repo, name)) = parse_ref_id(id) {
        let repo = visible(repo).ok_or_else(missing)?;
        let sha = tip(cx, &repo, &name)?.ok_or_else(missing)?;
        return Ok(Node::Ref(Ref { repo, name, sha: Some(sha) }));
    }
    let (prefix, parts) = parse_node_id(id).ok_or_else(missing)?;
    let node = match (prefix, parts.as_slice()) {
        ("R", [repo]) => visible(*repo).map(|repo| Node::Repository(Repository { repo })),
        ("LA", [repo, label]) => visible(*repo).and_then(|repo| {
            let label = repo.labels.iter().find(|one| one.id == *label).cloned()?;
            Some(Node::Label(Label { repo, label }))
        }),
        ("I", [repo, number]) => visible(*repo).and_then(|repo| {
            let issue = repo.issues.get(number).filter(|issue| issue.pull.is_none()).cloned()?;
            Some(Node::Issue(Issue { repo, issue }))
        }),
        ("PR", [repo, number]) => {
            visible(*repo).and_then(|repo| PullRequest::of(&repo, *number)).map(Node::PullRequest)
        }
        ("IC", [repo, comment]) => visible(*repo).and_then(|repo| {
            let comment = repo.comments.get(comment).cloned()?;
            Some(Node::IssueComment(IssueComment { repo, comment }))
        }),
        ("PRR", [repo, review]) => visible(*repo).and_then(|repo| {
            let review = repo.reviews.get(review).cloned()?;
            Some(Node::PullRequestReview(PullRequestReview { repo, review }))
        }),
        ("PRRT", [repo, thread]) => visible(*repo).and_then(|repo| {
            let thread = repo.threads.get(thread).cloned()?;
            Some(Node::PullRequestReviewThread(PullRequestReviewThread { repo, thread }))
        }),
        ("U" | "O", [account]) => {
            world.accounts.values().find(|one| one.id == *account).map(|one| match one.kind {
                AccountKind::User => Node::User(User { account: one.clone() }),
                AccountKind::Organization => Node::Organization(Organization { account: one.clone() }),
            })
        }
        _ => None,
    };
    node.ok_or_else(missing)
}

#[Object]
impl Query {
    pub(crate) async fn repository(
        &self,
        cx: &Context<'_>,
        owner: String,
        name: String,
        #[graphql(default_with = "Some(true)")] follow_renames: Option<bool>,
    ) -> Option<Repository> {
        or_null(cx, find_repository(cx, &owner, &name, follow_renames.unwrap_or(true)))
    }

    pub(crate) async fn repository_owner(
        &self,
        cx: &Context<'_>,
        login: String,
    ) -> Result<Option<RepositoryOwner>> {
        let world = session(cx)?.world();
        // GitHub answers null without an error here.
        Ok(world.account(&login).map(|account| RepositoryOwner::of(account.clone())))
    }

    pub(crate) async fn organization(&self, cx: &Context<'_>, login: String) -> Option<Organization> {
        let found = find_account(cx, &login, AccountKind::Organization);
        or_null(cx, found.map(|account| Some(Organization { account })))
    }

    pub(crate) async fn user(&self, cx: &Context<'_>, login: String) -> Option<User> {
        let found = find_account(cx, &login, AccountKind::User);
        or_null(cx, found.map(|account| Some(User { account })))
    }

    pub(crate) async fn viewer(&self, cx: &Context<'_>) -> Result<User> {
        let session = session(cx)?;
        let world = session.world();
        let login = session.caller.login(&world);
        match &session.caller {
            Caller::User { .. } | Caller::Installation { .. } => {
                let account = world.account(&login).cloned();
                Ok(User { account: account.unwrap_or_else(|| super::owner::bot_account(&login)) })
            }
            Caller::Anonymous | Caller::App { .. } => {
                Err(refuse(&Failure::new(401, "UNAUTHENTICATED", "Requires authentication")))
            }
        }
    }

    pub(crate) async fn search(
        &self,
        cx: &Context<'_>,
        query: String,
        #[graphql(name = "type")] of: SearchType,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<SearchResultItemConnection> {
        search(cx, &query, of, &Bounds { first, after, last, before })
    }

    pub(crate) async fn node(&self, cx: &Context<'_>, id: ID) -> Option<Node> {
        or_null(cx, find_node(cx, id.as_str()).map(Some))
    }

    pub(crate) async fn nodes(&self, cx: &Context<'_>, ids: Vec<ID>) -> Result<Vec<Option<Node>>> {
        let mut found = Vec::new();
        for id in ids {
            match find_node(cx, id.as_str()) {
                Ok(node) => found.push(Some(node)),
                Err(error) => {
                    let mut error = error.into_server_error(cx.item.pos);
                    let key = cx.item.node.response_key().node.to_string();
                    error.path = vec![PathSegment::Field(key), PathSegment::Index(found.len())];
                    cx.add_error(error);
                    found.push(None);
                }
            }
        }
        Ok(found)
    }

    pub(crate) async fn rate_limit(
        &self,
        cx: &Context<'_>,
        #[graphql(default_with = "Some(false)")] dry_run: Option<bool>,
    ) -> Result<Option<RateLimit>> {
        let _ = dry_run;
        let session = session(cx)?;
        let charged = cx.data::<Charged>()?.0;
        let limits = &session.world().limits;
        let meter =
            session.shared.lock().usage.meter(&session.caller.key(), Pool::Graphql, limits, session.now);
        let int = |number: u64| i32::try_from(number).unwrap_or(i32::MAX);
        Ok(Some(RateLimit {
            cost: int(charged.points),
            limit: int(meter.limit),
            node_count: int(charged.nodes),
            remaining: int(meter.remaining()),
            reset_at: meter.reset.into(),
            used: int(meter.used),
        }))
    }
}
