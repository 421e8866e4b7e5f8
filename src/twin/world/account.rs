//! Who acts: users, organisations, tokens, Apps and their installations.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Whether an account is a person or an organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccountKind {
    /// A person.
    User,
    /// An organisation.
    Organization,
}

/// A member's role in an organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Owner of the organisation: administers every repository.
    Admin,
    /// Ordinary member: may write to every repository.
    Member,
}

/// What somebody may do with a repository, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Permission {
    /// See it.
    Read,
    /// Push to it.
    Write,
    /// Change its settings.
    Admin,
}

/// A user or an organisation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Account {
    /// Database id.
    pub id: u64,
    /// The login as written.
    pub login: String,
    /// Person or organisation.
    pub kind: AccountKind,
    /// The display name.
    #[serde(default)]
    pub name: Option<String>,
    /// What an organisation says about itself.
    #[serde(default)]
    pub description: Option<String>,
    /// Members of an organisation by lower-case login.
    #[serde(default)]
    pub members: BTreeMap<String, Role>,
    /// When it was created.
    pub created_at: Timestamp,
}

impl Account {
    pub(super) fn new(id: u64, login: &str, kind: AccountKind) -> Self {
        Self {
            id,
            login: login.to_owned(),
            kind,
            name: None,
            description: None,
            members: BTreeMap::new(),
            created_at: super::epoch(),
        }
    }
}

/// A personal access token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Token {
    /// Whose token it is.
    pub login: String,
    /// Classic scopes.
    pub scopes: Vec<String>,
    /// The full names of the repositories it sees; `None` means all that its user sees.
    #[serde(default)]
    pub repos: Option<Vec<String>>,
    /// Refuses every write.
    #[serde(default)]
    pub read_only: bool,
    /// Answers as bad credentials.
    #[serde(default)]
    pub expired: bool,
}

impl Token {
    /// A classic token with every scope the product uses.
    pub fn classic(login: &str) -> Self {
        let scopes = ["repo", "delete_repo", "admin:org", "admin:repo_hook", "workflow", "read:audit_log"];
        Self {
            login: login.to_owned(),
            scopes: scopes.map(str::to_owned).to_vec(),
            repos: None,
            read_only: false,
            expired: false,
        }
    }
}

/// A GitHub App.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct App {
    /// The App's id, the issuer of its JWTs.
    pub id: u64,
    /// The name in URLs; its bot's login is `SLUG[bot]`.
    pub slug: String,
    /// The display name.
    pub name: String,
    /// The owner's login.
    pub owner: String,
    /// The RSA public key, PEM, that its JWTs are verified with.
    pub public_key_pem: String,
    /// Where it is installed.
    pub installations: Vec<Installation>,
}

/// One installation of an App on an account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Installation {
    /// The installation's id.
    pub id: u64,
    /// The account's login.
    pub account: String,
    /// Names (without owner) of the repositories it may use; `None` means all.
    #[serde(default)]
    pub repositories: Option<Vec<String>>,
    /// What it may do, such as `administration: write`.
    pub permissions: BTreeMap<String, String>,
    /// Whether the owner suspended it.
    #[serde(default)]
    pub suspended: bool,
}

impl Installation {
    /// An installation on all repositories of an account with the permissions the product asks for.
    pub fn full(id: u64, account: &str) -> Self {
        let permissions = [
            "administration",
            "checks",
            "contents",
            "issues",
            "metadata",
            "pull_requests",
            "statuses",
            "repository_hooks",
            "organization_hooks",
        ];
        let permissions = permissions.map(|name| (name.to_owned(), "write".to_owned()));
        Self {
            id,
            account: account.to_owned(),
            repositories: None,
            permissions: permissions.into_iter().collect(),
            suspended: false,
        }
    }
}

/// A token handed out to an installation; good for an hour.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InstallationToken {
    /// The App.
    pub app: u64,
    /// The installation.
    pub installation: u64,
    /// When it stops working.
    pub expires_at: Timestamp,
    /// Names (without owner) of the repositories it is limited to.
    #[serde(default)]
    pub repositories: Option<Vec<String>>,
}

impl App {
    /// The private half of the key pair that [`App::new`] uses: known to everybody, good for twins only.
    pub const PRIVATE_KEY: &str = include_str!("../keys/app.pem");
    /// The public half.
    pub const PUBLIC_KEY: &str = include_str!("../keys/app.pub.pem");

    /// An App with the twin's own key pair, installed nowhere.
    pub fn new(id: u64, slug: &str, owner: &str) -> Self {
        Self {
            id,
            slug: slug.to_owned(),
            name: slug.to_owned(),
            owner: owner.to_owned(),
            public_key_pem: Self::PUBLIC_KEY.to_owned(),
            installations: Vec::new(),
        }
    }
}
