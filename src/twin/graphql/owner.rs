//! Users and organisations, and lists of their repositories.
#![expect(clippy::duplicated_attributes, reason = "arguments of the same type are no repetition")]

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Interface, Object, Result, SimpleObject};

use super::connection::{Bounds, PageInfo, page};
use super::query::find_repository;
use super::repository::Repository;
use super::scalars::{OrderDirection, RepositoryAffiliation, RepositoryPrivacy, RepositoryVisibility, Uri};
use super::{or_null, session};
use crate::twin::shape::node_id;
use crate::twin::world::{Account, AccountKind, Repo, Visibility, epoch};

/// What owns repositories.
#[derive(Interface)]
#[graphql(
    field(name = "id", ty = "ID"),
    field(name = "login", ty = "String"),
    field(name = "url", ty = "Uri"),
    field(name = "avatar_url", ty = "Uri", arg(name = "size", ty = "Option<i32>")),
    field(
        name = "repository",
        ty = "Option<Repository>",
        arg(name = "name", ty = "String"),
        arg(name = "follow_renames", ty = "Option<bool>", default_with = "Some(true)")
    ),
    field(
        name = "repositories",
        ty = "RepositoryConnection",
        arg(name = "first", ty = "Option<i32>"),
        arg(name = "after", ty = "Option<String>"),
        arg(name = "last", ty = "Option<i32>"),
        arg(name = "before", ty = "Option<String>"),
        arg(name = "is_archived", ty = "Option<bool>"),
        arg(name = "is_fork", ty = "Option<bool>"),
        arg(name = "privacy", ty = "Option<RepositoryPrivacy>"),
        arg(name = "visibility", ty = "Option<RepositoryVisibility>"),
        arg(name = "affiliations", ty = "Option<Vec<Option<RepositoryAffiliation>>>"),
        arg(name = "owner_affiliations", ty = "Option<Vec<Option<RepositoryAffiliation>>>"),
        arg(name = "order_by", ty = "Option<RepositoryOrder>")
    )
)]
pub(crate) enum RepositoryOwner {
    User(User),
    Organization(Organization),
}

impl RepositoryOwner {
    pub(crate) fn of(account: Account) -> Self {
        match account.kind {
            AccountKind::User => Self::User(User { account }),
            AccountKind::Organization => Self::Organization(Organization { account }),
        }
    }
}

/// Whoever does something.
#[derive(Interface)]
#[graphql(
    field(name = "login", ty = "String"),
    field(name = "url", ty = "Uri"),
    field(name = "avatar_url", ty = "Uri", arg(name = "size", ty = "Option<i32>"))
)]
pub(crate) enum Actor {
    User(User),
    Organization(Organization),
    Bot(Bot),
}

impl Actor {
    pub(crate) fn of(cx: &Context<'_>, login: &str) -> Result<Self> {
        let world = session(cx)?.world();
        Ok(match world.account(login) {
            Some(account) if account.kind == AccountKind::Organization => {
                Self::Organization(Organization { account: account.clone() })
            }
            Some(account) => Self::User(User { account: account.clone() }),
            // In GraphQL a bot's login stands without its suffix.
            None => Self::Bot(Bot { login: login.trim_end_matches("[bot]").to_owned() }),
        })
    }
}

/// A page of users.
#[derive(SimpleObject)]
pub(crate) struct UserConnection {
    nodes: Option<Vec<Option<User>>>,
    page_info: PageInfo,
    total_count: i32,
}

/// A user by login; `None` for a bot, an organisation, or nobody.
pub(crate) fn find_user(cx: &Context<'_>, login: &str) -> Result<Option<User>> {
    let world = session(cx)?.world();
    let account = world.account(login).filter(|account| account.kind == AccountKind::User);
    Ok(account.cloned().map(|account| User { account }))
}

/// One page of these users.
pub(crate) fn users(cx: &Context<'_>, logins: &[String], bounds: &Bounds) -> Result<UserConnection> {
    let mut list = Vec::new();
    for login in logins {
        list.extend(find_user(cx, login)?);
    }
    let page = page(list, |user| user.account.id, bounds)?;
    let nodes = page.nodes.into_iter().map(Some).collect();
    Ok(UserConnection { nodes: Some(nodes), page_info: page.page_info, total_count: page.total_count })
}

/// An App's user.
pub(crate) fn bot_account(login: &str) -> Account {
    Account {
        id: 0,
        login: login.to_owned(),
        kind: AccountKind::User,
        name: None,
        description: None,
        members: std::collections::BTreeMap::new(),
        created_at: epoch(),
    }
}

/// The order of repositories.
#[derive(Debug, Clone, InputObject)]
pub(crate) struct RepositoryOrder {
    direction: OrderDirection,
    field: RepositoryOrderField,
}

/// What repositories are ordered by.
#[derive(Debug, Enum, Copy, Clone, Eq, PartialEq)]
pub(crate) enum RepositoryOrderField {
    CreatedAt,
    Name,
    PushedAt,
    Stargazers,
    UpdatedAt,
}

/// A page of repositories.
#[derive(SimpleObject)]
pub(crate) struct RepositoryConnection {
    nodes: Option<Vec<Option<Repository>>>,
    page_info: PageInfo,
    total_count: i32,
}

/// Which repositories are asked for.
#[derive(Default)]
struct Filter {
    is_archived: Option<bool>,
    is_fork: Option<bool>,
    privacy: Option<RepositoryPrivacy>,
    visibility: Option<RepositoryVisibility>,
    order: Option<RepositoryOrder>,
}

impl Filter {
    fn keeps(&self, repo: &Repo) -> bool {
        let visibility = repo.settings.visibility;
        let public = visibility == Visibility::Public;
        self.is_archived.is_none_or(|archived| archived == repo.settings.archived)
            && self.is_fork.is_none_or(|fork| fork == repo.fork_of.is_some())
            && self.privacy.is_none_or(|privacy| (privacy == RepositoryPrivacy::Public) == public)
            && self.visibility.is_none_or(|wanted| match wanted {
                RepositoryVisibility::Internal => visibility == Visibility::Internal,
                RepositoryVisibility::Private => visibility == Visibility::Private,
                RepositoryVisibility::Public => public,
            })
    }
}

fn repositories(
    cx: &Context<'_>,
    owner: &Account,
    filter: &Filter,
    bounds: &Bounds,
) -> Result<RepositoryConnection> {
    let session = session(cx)?;
    let world = session.world();
    let mut repos: Vec<Arc<Repo>> = world
        .repos_of(&owner.login)
        .filter(|repo| filter.keeps(repo) && session.caller.permission(&world, repo).is_some())
        .cloned()
        .collect();
    if let Some(order) = &filter.order {
        repos.sort_by(|a, b| {
            let by = match order.field {
                RepositoryOrderField::CreatedAt => a.created_at.cmp(&b.created_at),
                RepositoryOrderField::Name => a.name.to_lowercase().cmp(&b.name.to_lowercase()),
                RepositoryOrderField::PushedAt => a.pushed_at.cmp(&b.pushed_at),
                RepositoryOrderField::Stargazers => std::cmp::Ordering::Equal,
                RepositoryOrderField::UpdatedAt => a.updated_at.cmp(&b.updated_at),
            };
            order.direction.apply(by.then(a.id.cmp(&b.id)))
        });
    }
    let page = page(repos, |repo| repo.id, bounds)?;
    Ok(RepositoryConnection {
        nodes: Some(page.nodes.into_iter().map(|repo| Some(Repository { repo })).collect()),
        page_info: page.page_info,
        total_count: page.total_count,
    })
}

macro_rules! account_object {
    ($(#[$doc:meta])* $name:ident, $prefix:literal { $($extra:tt)* }) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub(crate) struct $name {
            pub(crate) account: Account,
        }

        #[Object]
        impl $name {
            pub(crate) async fn id(&self) -> ID {
                ID(node_id($prefix, &[self.account.id]))
            }

            pub(crate) async fn login(&self) -> &str {
                &self.account.login
            }

            pub(crate) async fn database_id(&self) -> Option<i32> {
                i32::try_from(self.account.id).ok()
            }

            pub(crate) async fn name(&self) -> Option<&str> {
                self.account.name.as_deref()
            }

            pub(crate) async fn url(&self, cx: &Context<'_>) -> Result<Uri> {
                Ok(Uri(format!("{}/{}", session(cx)?.urls.html, self.account.login)))
            }

            pub(crate) async fn avatar_url(&self, cx: &Context<'_>, size: Option<i32>) -> Result<Uri> {
                let _ = size;
                Ok(Uri(format!("{}/avatars/u/{}", session(cx)?.urls.html, self.account.id)))
            }

            pub(crate) async fn repository(
                &self,
                cx: &Context<'_>,
                name: String,
                #[graphql(default_with = "Some(true)")] follow_renames: Option<bool>,
            ) -> Option<Repository> {
                or_null(cx, find_repository(cx, &self.account.login, &name, follow_renames.unwrap_or(true)))
            }

            pub(crate) async fn repositories(
                &self,
                cx: &Context<'_>,
                first: Option<i32>,
                after: Option<String>,
                last: Option<i32>,
                before: Option<String>,
                is_archived: Option<bool>,
                is_fork: Option<bool>,
                privacy: Option<RepositoryPrivacy>,
                visibility: Option<RepositoryVisibility>,
                affiliations: Option<Vec<Option<RepositoryAffiliation>>>,
                owner_affiliations: Option<Vec<Option<RepositoryAffiliation>>>,
                order_by: Option<RepositoryOrder>,
            ) -> Result<RepositoryConnection> {
                // Every repository listed here is the account's own, which both kinds of affiliation include.
                let _ = (affiliations, owner_affiliations);
                let filter = Filter { is_archived, is_fork, privacy, visibility, order: order_by };
                repositories(cx, &self.account, &filter, &Bounds { first, after, last, before })
            }

            $($extra)*
        }
    };
}

account_object!(
    /// A person.
    User, "U" {}
);
account_object!(
    /// An organisation.
    Organization, "O" {
        pub(crate) async fn description(&self) -> Option<&str> {
            self.account.description.as_deref()
        }

        pub(crate) async fn viewer_can_administer(&self, cx: &Context<'_>) -> Result<bool> {
            let session = session(cx)?;
            Ok(session.caller.administers(&session.world(), &self.account.login))
        }
    }
);

/// The user of an App.
#[derive(Clone)]
pub(crate) struct Bot {
    login: String,
}

#[Object]
impl Bot {
    pub(crate) async fn id(&self) -> ID {
        ID(format!("BOT_{}", self.login))
    }

    pub(crate) async fn login(&self) -> &str {
        &self.login
    }

    pub(crate) async fn url(&self, cx: &Context<'_>) -> Result<Uri> {
        Ok(Uri(format!("{}/apps/{}", session(cx)?.urls.html, self.login)))
    }

    pub(crate) async fn avatar_url(&self, cx: &Context<'_>, size: Option<i32>) -> Result<Uri> {
        let _ = size;
        Ok(Uri(format!("{}/avatars/in/0", session(cx)?.urls.html)))
    }
}
