//! One request's view: who asks, by which address, and the world as they see it.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::auth::{Caller, Need};
use super::failure::Failure;
use crate::twin::acts::Tx;
use crate::twin::shape::Urls;
use crate::twin::state::Shared;
use crate::twin::world::{Permission, Repo, World};

pub(crate) struct Session {
    pub(crate) shared: Arc<Shared>,
    pub(crate) caller: Caller,
    pub(crate) urls: Urls,
    pub(crate) now: Timestamp,
    world: Mutex<Arc<World>>,
}

impl Session {
    pub(crate) fn new(
        shared: Arc<Shared>,
        caller: Caller,
        urls: Urls,
        now: Timestamp,
        world: Arc<World>,
    ) -> Self {
        Self { shared, caller, urls, now, world: Mutex::new(world) }
    }

    /// The world: one snapshot for the whole request, until the request itself changes it.
    pub(crate) fn world(&self) -> Arc<World> {
        Arc::clone(&self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the world in the caller's name.
    pub(crate) fn change<T>(
        &self,
        act: impl FnOnce(&mut Tx<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let login = self.caller.login(&self.world());
        let outcome = self.shared.change(&login, &self.urls, act)?;
        *self.world.lock().unwrap_or_else(PoisonError::into_inner) = self.shared.world();
        Ok(outcome)
    }

    /// Reads what only Git knows, as it is now; nothing changes.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Tx<'_>) -> Result<T, Failure>) -> Result<T, Failure> {
        let mut world = World::clone(&self.world());
        let tx = Tx {
            world: &mut world,
            git: &self.shared.git,
            urls: &self.urls,
            actor: String::new(),
            now: self.now,
            events: Vec::new(),
            jobs: Vec::new(),
        };
        look(&tx)
    }

    /// A repository that the caller sees and may use so; a former name answers with where it went.
    pub(crate) fn repo(&self, owner: &str, name: &str, need: Need) -> Result<Arc<Repo>, Failure> {
        let world = self.world();
        if let Some(repo) = world.repo(owner, name) {
            self.caller.may(&world, repo, need)?;
            return Ok(Arc::clone(repo));
        }
        let moved = world.moved(owner, name).ok_or_else(Failure::not_found)?;
        self.caller.permission(&world, moved).ok_or_else(Failure::not_found)?;
        let mut failure = Failure::new(301, "MOVED", "Moved Permanently");
        failure.moved_to = Some(format!("{}/repositories/{}", self.urls.api, moved.id));
        Err(failure)
    }

    /// What the caller may do with a repository that it was given.
    pub(crate) fn permission(&self, repo: &Repo) -> Permission {
        self.caller.permission(&self.world(), repo).unwrap_or(Permission::Read)
    }
}
