//! Where what was kept for a config lies, when what names its state directory has changed, or another source of the same
//! config was used first.

use std::path::PathBuf;

use crate::adapters::state::{self, StateDir, TakenOver};
use crate::engine::switches::{Flips, FlipsError};

use super::memory::Identity;
use super::source::{Source, SourceError};

/// The folders of state directories and sockets.
#[derive(Clone, Debug)]
pub struct StateHome {
    /// The folder of the state directories.
    pub home: PathBuf,
    /// The folder of sockets, if the machine has one.
    pub runtime: Option<PathBuf>,
}

/// The state directory of a config, and the ones that hold what was kept for it before.
#[derive(Clone, Debug)]
pub struct Lineage {
    /// The one to work in.
    pub state: StateDir,
    /// Those that it takes over.
    pub earlier: Vec<(Identity, StateDir)>,
}

/// Why a state directory can't be found or take over another one.
#[derive(Debug, thiserror::Error)]
pub enum LineageError {
    /// The notes, or the config repository, can't be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A state directory can't be used.
    #[error(transparent)]
    State(#[from] state::Error),
    /// The live switches can't be brought together.
    #[error(transparent)]
    Flips(#[from] FlipsError),
}

impl Lineage {
    /// Finds them for the config that has this identity.
    ///
    /// # Errors
    /// When a note or a state directory can't be read: what lies there isn't taken for nothing.
    pub fn find(source: &Source, named: &Identity, home: &StateHome) -> Result<Self, LineageError> {
        let own = home.of(named)?;
        if own.clone().latest()?.id() != own.id() && source.is_anothers()? {
            // What was here went elsewhere, and another repository came to its place.
            return Ok(Self { state: own, earlier: Vec::new() });
        }
        let noted = source.remembered()?.map(|was| was.identity).filter(|identity| identity != named);
        if let Some(noted) = noted {
            let from = home.of(&noted)?.latest()?;
            if from.id() != own.id() && from.is_used()? {
                return Ok(Self { state: own, earlier: vec![(noted, from)] });
            }
        }
        let state = own.latest()?;
        let mut earlier: Vec<(Identity, StateDir)> = Vec::new();
        if !state.is_used()? {
            for kin in source.kin(named)? {
                let from = home.of(&kin)?.latest()?;
                let known = earlier.iter().any(|(_, other)| other.id() == from.id());
                if from.id() != state.id() && !known && from.is_used()? {
                    earlier.push((kin, from));
                }
            }
        }
        Ok(Self { state, earlier })
    }

    /// Where what was kept lies at this moment: for commands that only look.
    pub fn as_it_lies(self) -> StateDir {
        self.earlier.into_iter().next().map_or(self.state, |(_, earlier)| earlier)
    }
}

impl StateHome {
    fn of(&self, identity: &Identity) -> Result<StateDir, state::Error> {
        StateDir::prepare(&self.home, self.runtime.as_deref(), &identity.place, &identity.branch)
    }
}

/// Moves to a state directory what an earlier one holds. Where both have live switches, all of them hold.
///
/// # Errors
/// When a process works in one of them, or files can't be moved; it goes on where it was the next time.
pub fn take_over(state: &StateDir, earlier: &StateDir) -> Result<TakenOver, LineageError> {
    state.take_over(earlier, |from, to| {
        let mut flips = Flips::load(to)?;
        flips.join(Flips::load(from)?);
        Ok(flips.save(to)?)
    })
}
