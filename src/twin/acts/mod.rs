//! What can be done to the world. Each act checks what GitHub checks, changes the world, and tells of it:
//! webhook events and audit entries. Permissions are the caller's business.
//!
//! REST, GraphQL, Git pushes and the admin API all come through here, so that none of them can be forgotten
//! when something must be announced.

pub(crate) mod auto_merge;
pub(crate) mod checks;
pub(crate) mod closing;
pub(crate) mod dependencies;
pub(crate) mod hooks;
pub(crate) mod issues;
pub(crate) mod labels;
pub(crate) mod pulls;
pub(crate) mod queue;
pub(crate) mod refs;
pub(crate) mod repositories;
pub(crate) mod reviews;
pub(crate) mod timeline;
pub(crate) mod transfer;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::twin::ci::Job;
use crate::twin::door::failure::Failure;
use crate::twin::git::{Bare, Store};
use crate::twin::shape::{self, Urls};
use crate::twin::world::{AccountKind, AuditEntry, Permission, Repo, World};

/// Something that webhooks are told.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    /// `X-GitHub-Event`.
    pub(crate) name: &'static str,
    /// The repository it happened in.
    pub(crate) repo: Option<u64>,
    /// The login that owns the repository.
    pub(crate) owner: String,
    /// The payload.
    pub(crate) payload: Value,
}

/// One change of the world: all of it happens or none.
pub(crate) struct Tx<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) git: &'a Store,
    pub(crate) urls: &'a Urls,
    /// The login of who does it.
    pub(crate) actor: String,
    pub(crate) now: Timestamp,
    pub(crate) events: Vec<Event>,
    /// Scripts that are to run once all of it has happened.
    pub(crate) jobs: Vec<Job>,
}

impl Tx<'_> {
    /// The repository, as it is now.
    pub(crate) fn repo(&self, id: u64) -> Result<Arc<Repo>, Failure> {
        self.world.repos.get(&id).cloned().ok_or_else(Failure::not_found)
    }

    /// The repository, for changing it.
    pub(crate) fn repo_mut(&mut self, id: u64) -> Result<&mut Repo, Failure> {
        self.world.repo_by_id_mut(id).ok_or_else(Failure::not_found)
    }

    /// Its bare repository, open.
    pub(crate) fn bare(&self, id: u64) -> Result<Bare, Failure> {
        let repo = self.repo(id)?;
        Ok(self.git.open(self.world, &repo)?)
    }

    /// Writes to the audit log.
    pub(crate) fn audit(&mut self, action: &str, repo: Option<&Repo>, org: &str) {
        self.world.audit.push_back(AuditEntry {
            action: action.to_owned(),
            actor: self.actor.clone(),
            org: org.to_owned(),
            repo: repo.map(Repo::full_name),
            at: self.now,
        });
    }

    /// Tells the webhooks of a repository, and of its organisation.
    pub(crate) fn tell(&mut self, name: &'static str, repo: &Repo, mut payload: Value) {
        payload["repository"] = shape::full_repository(self.world, repo, self.urls, Permission::Write);
        if let Some(owner) =
            self.world.account(&repo.owner).filter(|owner| owner.kind == AccountKind::Organization)
        {
            payload["organization"] = shape::organisation_simple(owner, self.urls);
        }
        payload["sender"] = shape::user(self.world, &self.actor, self.urls);
        self.events.push(Event { name, repo: Some(repo.id), owner: repo.owner.clone(), payload });
    }

    /// The payload of an event that has an action.
    pub(crate) fn action(action: &str) -> Value {
        json!({"action": action})
    }
}
