//! Who calls, what they see, and what they may do.

use base64::Engine as _;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

use super::failure::Failure;
use crate::twin::world::{AccountKind, Installation, Permission, Repo, Role, Token, Visibility, World};

/// Who sent a request.
#[derive(Debug, Clone)]
pub(crate) enum Caller {
    Anonymous,
    /// A person's token.
    User {
        token: Token,
    },
    /// A GitHub App, by its JWT.
    App {
        id: u64,
    },
    /// An installation of a GitHub App.
    Installation {
        app: u64,
        slug: String,
        installation: Installation,
    },
}

/// What a request needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Need {
    level: Permission,
    writes: bool,
    /// The App permission.
    area: &'static str,
}

impl Need {
    pub(crate) const READ: Self = Self { level: Permission::Read, writes: false, area: "metadata" };
    pub(crate) const SETTINGS: Self = Self { level: Permission::Admin, writes: true, area: "administration" };
    pub(crate) const HOOKS: Self = Self { level: Permission::Admin, writes: true, area: "repository_hooks" };
    pub(crate) const LABELS: Self = Self { level: Permission::Write, writes: true, area: "issues" };
    pub(crate) const CONTENTS: Self = Self { level: Permission::Write, writes: true, area: "contents" };
    pub(crate) const STATUSES: Self = Self { level: Permission::Write, writes: true, area: "statuses" };
    pub(crate) const CHECKS: Self = Self { level: Permission::Write, writes: true, area: "checks" };
    /// Opening an issue, or commenting: whoever can read may.
    pub(crate) const TALK: Self = Self { level: Permission::Read, writes: true, area: "issues" };
    /// Opening a pull request.
    pub(crate) const PROPOSE: Self = Self { level: Permission::Read, writes: true, area: "pull_requests" };
    /// Changing what others opened.
    pub(crate) const TRIAGE: Self = Self { level: Permission::Write, writes: true, area: "issues" };
}

#[derive(Deserialize)]
struct Claims {
    iss: serde_json::Value,
    exp: i64,
    iat: i64,
}

/// Reads the `Authorization` header: `token`, `Bearer`, or `Basic` with the token as password.
pub(crate) fn identify(world: &World, header: Option<&str>, now: Timestamp) -> Result<Caller, Failure> {
    let Some(header) = header else { return Ok(Caller::Anonymous) };
    let (scheme, rest) = header.split_once(' ').ok_or_else(Failure::bad_credentials)?;
    let rest = rest.trim();
    let text = if scheme.eq_ignore_ascii_case("basic") {
        let decoded = base64::engine::general_purpose::STANDARD.decode(rest).ok();
        let decoded =
            decoded.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(Failure::bad_credentials)?;
        let (user, password) = decoded.split_once(':').ok_or_else(Failure::bad_credentials)?;
        // A token may stand in either place; GitHub takes both.
        if password.is_empty() || password == "x-oauth-basic" { user.to_owned() } else { password.to_owned() }
    } else {
        rest.to_owned()
    };
    if let Some(token) = world.tokens.get(&text) {
        if token.expired {
            return Err(Failure::bad_credentials());
        }
        return Ok(Caller::User { token: token.clone() });
    }
    if let Some(token) = world.installation_tokens.get(&text) {
        let app = world.apps.get(&token.app).ok_or_else(Failure::bad_credentials)?;
        let installation =
            app.installations.iter().find(|installation| installation.id == token.installation);
        let mut installation = installation.ok_or_else(Failure::bad_credentials)?.clone();
        if token.repositories.is_some() {
            installation.repositories.clone_from(&token.repositories);
        }
        if token.expires_at <= now || installation.suspended {
            return Err(Failure::bad_credentials());
        }
        return Ok(Caller::Installation { app: app.id, slug: app.slug.clone(), installation });
    }
    if text.split('.').count() == 3 {
        return jwt(world, &text, now);
    }
    Err(Failure::bad_credentials())
}

/// Verifies an App's JWT: RS256, its own key, at most ten minutes long.
fn jwt(world: &World, text: &str, now: Timestamp) -> Result<Caller, Failure> {
    let refuse = |message: &str| Failure::new(401, "UNAUTHENTICATED", message);
    let undecodable = || refuse("A JSON web token could not be decoded");
    let mut unchecked = Validation::new(Algorithm::RS256);
    unchecked.validate_exp = false; // checked below, with the server's own clock
    unchecked.required_spec_claims.clear();
    for app in world.apps.values() {
        let Ok(key) = DecodingKey::from_rsa_pem(app.public_key_pem.as_bytes()) else { continue };
        let Ok(data) = jsonwebtoken::decode::<Claims>(text, &key, &unchecked) else { continue };
        let issuer =
            data.claims.iss.as_u64().or_else(|| data.claims.iss.as_str().and_then(|id| id.parse().ok()));
        if issuer != Some(app.id) {
            continue;
        }
        let seconds = now.as_second();
        if data.claims.exp <= seconds {
            return Err(refuse(
                "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
            ));
        }
        if data.claims.exp - seconds > 660 {
            return Err(refuse("'Expiration time' claim ('exp') is too far in the future"));
        }
        if data.claims.iat > seconds + 60 {
            return Err(refuse(
                "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
            ));
        }
        return Ok(Caller::App { id: app.id });
    }
    Err(undecodable())
}

impl Caller {
    /// Whom what they do is attributed to.
    pub(crate) fn login(&self, world: &World) -> String {
        match self {
            Self::Anonymous => "ghost".to_owned(),
            Self::User { token, .. } => world
                .account(&token.login)
                .map_or_else(|| token.login.clone(), |account| account.login.clone()),
            Self::App { id } => {
                world.apps.get(id).map_or_else(String::new, |app| format!("{}[bot]", app.slug))
            }
            Self::Installation { slug, .. } => format!("{slug}[bot]"),
        }
    }

    /// What its usage is counted under.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Anonymous => "anonymous".to_owned(),
            Self::User { token, .. } => format!("user {}", token.login.to_lowercase()),
            Self::App { id } => format!("app {id}"),
            Self::Installation { installation, .. } => format!("installation {}", installation.id),
        }
    }

    /// Classic scopes, for the header.
    pub(crate) fn scopes(&self) -> Option<String> {
        match self {
            Self::User { token, .. } => Some(token.scopes.join(", ")),
            Self::Anonymous | Self::App { .. } | Self::Installation { .. } => None,
        }
    }

    /// What the caller may do with a repository; nothing when it is invisible.
    pub(crate) fn permission(&self, world: &World, repo: &Repo) -> Option<Permission> {
        let public = (repo.settings.visibility == Visibility::Public).then_some(Permission::Read);
        match self {
            Self::Anonymous | Self::App { .. } => public,
            Self::User { token, .. } => {
                let allowed = token.repos.as_ref().is_none_or(|repos| {
                    repos.iter().any(|name| name.eq_ignore_ascii_case(&repo.full_name()))
                });
                if !allowed {
                    return public;
                }
                let own = user_permission(world, &token.login, repo);
                // Without the scope, private repositories are invisible.
                let scoped = token.scopes.iter().any(|scope| scope == "repo");
                if scoped || public.is_some() { own.max(public) } else { None }
            }
            Self::Installation { installation, .. } => {
                let here = installation.account.eq_ignore_ascii_case(&repo.owner)
                    && installation
                        .repositories
                        .as_ref()
                        .is_none_or(|names| names.iter().any(|name| name.eq_ignore_ascii_case(&repo.name)));
                if here { Some(Permission::Admin) } else { public }
            }
        }
    }

    /// Checks that the caller may do this with a repository it sees.
    pub(crate) fn may(&self, world: &World, repo: &Repo, need: Need) -> Result<Permission, Failure> {
        let have = self.permission(world, repo).ok_or_else(Failure::not_found)?;
        if !need.writes {
            return Ok(have);
        }
        match self {
            Self::Anonymous => Err(Failure::new(401, "UNAUTHENTICATED", "Requires authentication")),
            Self::App { .. } => Err(Failure::forbidden("Resource not accessible by integration")),
            Self::User { token, .. } => {
                let scope = |name: &str| token.scopes.iter().any(|scope| scope == name);
                let public = repo.settings.visibility == Visibility::Public && scope("public_repo");
                if token.read_only || !(scope("repo") || public) {
                    return Err(Failure::forbidden("Resource not accessible by personal access token")
                        .header("x-accepted-oauth-scopes", if public { "public_repo, repo" } else { "repo" })
                        .header("x-accepted-github-permissions", format!("{}=write", need.area)));
                }
                if have >= need.level {
                    Ok(have)
                } else if need.level == Permission::Admin {
                    Err(Failure::forbidden("Must have admin rights to Repository."))
                } else {
                    Err(Failure::forbidden("Must have push access to repository"))
                }
            }
            Self::Installation { installation, .. } => {
                let granted = installation.permissions.get(need.area).is_some_and(|level| level == "write");
                if have == Permission::Admin && granted {
                    Ok(have)
                } else {
                    Err(Failure::forbidden("Resource not accessible by integration")
                        .header("x-accepted-github-permissions", format!("{}=write", need.area)))
                }
            }
        }
    }

    /// Whether the caller administers an organisation (or is that user).
    pub(crate) fn administers(&self, world: &World, login: &str) -> bool {
        match self {
            Self::Anonymous | Self::App { .. } => false,
            Self::User { token, .. } => owns(world, &token.login, login),
            Self::Installation { installation, .. } => installation.account.eq_ignore_ascii_case(login),
        }
    }

    /// Checks that the caller may change an organisation, such as create a repository in it.
    pub(crate) fn may_in_org(&self, world: &World, login: &str, area: &'static str) -> Result<(), Failure> {
        match self {
            Self::Anonymous => Err(Failure::new(401, "UNAUTHENTICATED", "Requires authentication")),
            Self::App { .. } => Err(Failure::forbidden("Resource not accessible by integration")),
            Self::User { token, .. } => {
                if token.read_only
                    || !token.scopes.iter().any(|scope| scope == "repo" || scope == "admin:org")
                {
                    return Err(Failure::forbidden("Resource not accessible by personal access token")
                        .header("x-accepted-oauth-scopes", "admin:org, repo"));
                }
                if self.administers(world, login) {
                    Ok(())
                } else {
                    Err(Failure::forbidden(
                        "You need admin access to the organization before adding a repository to it.",
                    ))
                }
            }
            Self::Installation { installation, .. } => {
                let granted = installation.permissions.get(area).is_some_and(|level| level == "write");
                if granted && self.administers(world, login) {
                    Ok(())
                } else {
                    Err(Failure::forbidden("Resource not accessible by integration"))
                }
            }
        }
    }
}

fn owns(world: &World, user: &str, owner: &str) -> bool {
    user.eq_ignore_ascii_case(owner)
        || world.account(owner).is_some_and(|account| {
            account.kind == AccountKind::Organization
                && account.members.get(&user.to_lowercase()) == Some(&Role::Admin)
        })
}

pub(crate) fn user_permission(world: &World, user: &str, repo: &Repo) -> Option<Permission> {
    if owns(world, user, &repo.owner) {
        return Some(Permission::Admin);
    }
    let user = user.to_lowercase();
    let member = world.account(&repo.owner).and_then(|owner| owner.members.get(&user));
    let member = member.map(|_| Permission::Write);
    member.max(repo.collaborators.get(&user).copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn can(setup: impl FnOnce(&mut World)) -> (Option<Permission>, Result<Permission, u16>) {
        let mut world = World::new("acme");
        world.add_repo("acme", "widgets");
        world.add_token("t", Token::classic("operator"));
        setup(&mut world);
        let caller = identify(&world, Some("Bearer t"), crate::twin::world::epoch()).unwrap();
        let repo = world.repo("acme", "widgets").unwrap();
        (
            caller.permission(&world, repo),
            caller.may(&world, repo, Need::SETTINGS).map_err(|failure| failure.status),
        )
    }

    #[test]
    fn rights_follow_role_scope_and_selection() {
        let token =
            |world: &mut World, change: &dyn Fn(&mut Token)| change(world.tokens.get_mut("t").unwrap());
        let public = |world: &mut World| {
            world.repo_mut("acme/widgets").unwrap().settings.visibility = Visibility::Public;
        };
        let admin = Some(Permission::Admin);
        assert_eq!(can(|_| ()), (admin, Ok(Permission::Admin)), "owner");
        assert_eq!(can(|w| token(w, &|t| t.login = "stranger".into())), (None, Err(404)), "stranger");
        assert_eq!(can(|w| token(w, &|t| t.read_only = true)), (admin, Err(403)), "read only");
        assert_eq!(can(|w| token(w, &|t| t.scopes.clear())), (None, Err(404)), "no scope, private");
        assert_eq!(
            can(|w| token(w, &|t| t.repos = Some(vec!["acme/other".into()]))),
            (None, Err(404)),
            "not selected"
        );
        assert_eq!(
            can(|w| {
                public(w);
                token(w, &|t| t.scopes.clear());
            }),
            (admin, Err(403)),
            "no scope, public"
        );
        assert_eq!(
            can(|w| {
                public(w);
                token(w, &|t| t.login = "stranger".into());
            }),
            (Some(Permission::Read), Err(403)),
            "stranger, public"
        );
    }

    #[test]
    fn credentials_come_in_three_spellings() {
        let world = World::new("acme");
        let token = world.tokens.keys().next().unwrap().clone();
        let basic = base64::engine::general_purpose::STANDARD.encode(format!("x-access-token:{token}"));
        for header in [format!("token {token}"), format!("bearer {token}"), format!("Basic {basic}")] {
            assert!(identify(&world, Some(&header), crate::twin::world::epoch()).is_ok(), "{header}");
        }
        assert!(identify(&world, Some("Bearer nonsense"), crate::twin::world::epoch()).is_err());
        assert!(matches!(identify(&world, None, crate::twin::world::epoch()), Ok(Caller::Anonymous)));
    }
}
