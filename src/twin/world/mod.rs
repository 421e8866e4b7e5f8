//! Everything the twin knows: accounts, tokens, Apps, repositories and what hangs on them.
//!
//! A `World` is plain data, saved and loaded as one JSON document with a version. Repositories are shared by
//! reference, so that a snapshot for a reader or for a stale reply costs next to nothing.

mod account;
mod ci;
mod events;
mod issue;
mod limits;
mod queue;
mod repo;
mod review;
mod timeline;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use account::{Account, AccountKind, App, Installation, InstallationToken, Permission, Role, Token};
pub use ci::{CheckRun, CiMode, CiScript, Status};
pub use events::{AuditEntry, Delivery, DeliveryOptions, Hook, HookScope};
pub use issue::{AutoMerge, Comment, Issue, IssueState, Pull};
pub use limits::Limits;
pub use queue::{MergeGroup, MergeQueue, QueueEntry, Removal};
pub use repo::{Activity, History, Label, Repo, Settings, Shared, Visibility, default_labels};
pub use review::{Review, ReviewComment, ReviewState, Thread};
pub use timeline::{Deed, IssueEvent};

/// The version of the stored document; a newer one is refused by name.
pub const VERSION: u32 = 1;

/// The state of the simulated GitHub.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct World {
    /// Format of the stored document.
    pub version: u32,
    /// The next unused database id; ids are never reused.
    pub next_id: u64,
    /// Users and organisations by lower-case login.
    pub accounts: BTreeMap<String, Account>,
    /// Personal tokens by their text.
    #[serde(default)]
    pub tokens: BTreeMap<String, Token>,
    /// GitHub Apps by id.
    #[serde(default)]
    pub apps: BTreeMap<u64, App>,
    /// Tokens handed out to installations, by their text.
    #[serde(default)]
    pub installation_tokens: BTreeMap<String, InstallationToken>,
    /// Repositories by database id.
    #[serde(default, with = "shared_repos")]
    pub repos: BTreeMap<u64, Arc<Repo>>,
    /// Former full names (lower case) of renamed and transferred repositories.
    #[serde(default)]
    pub redirects: BTreeMap<String, u64>,
    /// Webhooks of repositories and organisations.
    #[serde(default)]
    pub hooks: Vec<Hook>,
    /// Webhook deliveries that were attempted, oldest first.
    #[serde(default)]
    pub deliveries: History<Delivery>,
    /// The audit log, oldest first.
    #[serde(default)]
    pub audit: History<AuditEntry>,
    /// Rate limits.
    #[serde(default)]
    pub limits: Limits,
}

/// Why a world could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file could not be read or written.
    #[error("access the world file {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The document is not a world.
    #[error("decode the world")]
    Decode(#[source] serde_json::Error),
    /// The document comes from a newer program.
    #[error("the world has version {found}, this program knows versions up to {VERSION}")]
    Newer {
        /// The version found.
        found: u32,
    },
}

impl Default for World {
    fn default() -> Self {
        Self::new("acme")
    }
}

impl World {
    /// An organisation without repositories, with one owner (`operator`) who has an unrestricted token.
    pub fn new(organisation: &str) -> Self {
        let mut world = Self {
            version: VERSION,
            next_id: 1001,
            accounts: BTreeMap::new(),
            tokens: BTreeMap::new(),
            apps: BTreeMap::new(),
            installation_tokens: BTreeMap::new(),
            repos: BTreeMap::new(),
            redirects: BTreeMap::new(),
            hooks: Vec::new(),
            deliveries: History::new(),
            audit: History::new(),
            limits: Limits::default(),
        };
        world.add_user("operator");
        world.add_organisation(organisation, "operator");
        world.add_token("ghp_twinOperator0000000000000000000000000", Token::classic("operator"));
        world
    }

    /// Reads a world from its JSON document.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Head {
            version: u32,
        }
        let head: Head = serde_json::from_str(text).map_err(Error::Decode)?;
        if head.version > VERSION {
            return Err(Error::Newer { found: head.version });
        }
        serde_json::from_str(text).map_err(Error::Decode)
    }

    /// The world as a JSON document.
    pub fn to_json(&self) -> Result<String, Error> {
        serde_json::to_string_pretty(self).map_err(Error::Decode)
    }

    /// Reads a world file.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let text =
            std::fs::read_to_string(path).map_err(|source| Error::Io { path: path.to_path_buf(), source })?;
        Self::from_json(&text)
    }

    /// Writes the world to a file.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        let text = self.to_json()?;
        std::fs::write(path, text).map_err(|source| Error::Io { path: path.to_path_buf(), source })
    }

    /// A fresh database id.
    pub fn fresh_id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    /// Adds a user.
    pub fn add_user(&mut self, login: &str) -> &mut Account {
        let account = Account::new(self.fresh_id(), login, AccountKind::User);
        self.accounts.entry(login.to_lowercase()).or_insert(account)
    }

    /// Adds an organisation owned by `admin`.
    pub fn add_organisation(&mut self, login: &str, admin: &str) -> &mut Account {
        let mut account = Account::new(self.fresh_id(), login, AccountKind::Organization);
        account.members.insert(admin.to_lowercase(), Role::Admin);
        self.accounts.entry(login.to_lowercase()).or_insert(account)
    }

    /// Adds a personal token with the given text.
    pub fn add_token(&mut self, text: &str, token: Token) {
        self.tokens.insert(text.to_owned(), token);
    }

    /// Adds a repository with one commit (a README) and GitHub's default labels.
    pub fn add_repo(&mut self, owner: &str, name: &str) -> &mut Repo {
        let id = self.fresh_id();
        let owner = self.account(owner).map_or_else(|| owner.to_owned(), |account| account.login.clone());
        let mut repo = Repo::new(id, &owner, name, epoch());
        repo.labels = default_labels(|| self.fresh_id());
        repo.files = Some(BTreeMap::from([("README.md".to_owned(), format!("# {name}\n"))]));
        self.redirects.remove(&repo.full_name().to_lowercase());
        Arc::make_mut(self.repos.entry(id).or_insert_with(|| Arc::new(repo)))
    }

    /// An account by login, in any case.
    pub fn account(&self, login: &str) -> Option<&Account> {
        self.accounts.get(&login.to_lowercase())
    }

    /// An App by id; one that isn't known yet is made, installed nowhere.
    pub fn app_or_new(&mut self, id: u64, owner: &str) -> &App {
        self.apps.entry(id).or_insert_with(|| App::new(id, &format!("ci-{id}"), owner))
    }

    /// A repository by owner and name, in any case; former names are not followed.
    pub fn repo(&self, owner: &str, name: &str) -> Option<&Arc<Repo>> {
        self.repos.values().find(|repo| repo.is(owner, name))
    }

    /// A repository by `owner/name`, for changing it.
    pub fn repo_mut(&mut self, full_name: &str) -> Option<&mut Repo> {
        let (owner, name) = full_name.split_once('/')?;
        self.repos.values_mut().find(|repo| repo.is(owner, name)).map(Arc::make_mut)
    }

    /// A repository by id, for changing it.
    pub fn repo_by_id_mut(&mut self, id: u64) -> Option<&mut Repo> {
        self.repos.get_mut(&id).map(Arc::make_mut)
    }

    /// The repository that once had this name.
    pub fn moved(&self, owner: &str, name: &str) -> Option<&Arc<Repo>> {
        let key = format!("{owner}/{name}").to_lowercase();
        self.redirects.get(&key).and_then(|id| self.repos.get(id))
    }

    /// Repositories of one owner, by id.
    pub fn repos_of<'a>(&'a self, login: &'a str) -> impl Iterator<Item = &'a Arc<Repo>> {
        self.repos.values().filter(move |repo| repo.owner.eq_ignore_ascii_case(login))
    }
}

/// The moment at which things in a made-up world were created.
pub fn epoch() -> Timestamp {
    Timestamp::constant(1_704_067_200, 0)
}

/// Repositories are stored as plain records though they are shared in memory.
mod shared_repos {
    use super::{Arc, BTreeMap, Repo};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(map: &BTreeMap<u64, Arc<Repo>>, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(map.values().map(AsRef::as_ref))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<BTreeMap<u64, Arc<Repo>>, D::Error> {
        let list = Vec::<Repo>::deserialize(from)?;
        Ok(list.into_iter().map(|repo| (repo.id, Arc::new(repo))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_world_survives_its_document() {
        let mut world = World::new("acme");
        world.add_repo("acme", "widgets").settings.topics.push("rust".to_owned());
        let text = world.to_json().unwrap();
        let again = World::from_json(&text).unwrap();
        assert_eq!(again.to_json().unwrap(), text);
        assert_eq!(again.repo("ACME", "Widgets").unwrap().settings.topics, ["rust"]);
    }

    #[test]
    fn a_newer_world_is_refused_by_name() {
        let text = World::new("acme").to_json().unwrap().replacen("\"version\": 1", "\"version\": 2", 1);
        let error = World::from_json(&text).unwrap_err();
        insta::assert_snapshot!(error, @"the world has version 2, this program knows versions up to 1");
    }
}
