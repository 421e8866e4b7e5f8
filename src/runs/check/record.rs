//! What is on disk of the checks of a run: what is to be checked, who does, what was found.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::adapters::procs::Identity;
use crate::model::{Check, Closed};
use crate::runs::record::{RecordError, RunDir};
use crate::runs::watch::Stop;

/// A run that has ended well so far, and whose work has to pass gates before it counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checking {
    /// How it will be closed if all of them pass.
    pub closed: Closed,
    /// How often the checks were begun.
    pub begun: u32,
    /// Where clean checkouts are made, one after the other.
    pub place: PathBuf,
    /// Where what was found of base commits is kept, for all runs of the repository.
    pub bases: PathBuf,
    /// The mirror that has the commits.
    pub mirror: PathBuf,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// Each gate.
    pub checks: Vec<Check>,
    /// Who ended it before its end, if somebody did.
    pub stop: Option<Stop>,
}

/// Where the checks of a run are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checks {
    /// Nobody checks it.
    Idle,
    /// A process does.
    Runs,
    /// They are over.
    Done(Checked),
}

const CHECKING: &str = "checking.json";
const CHECKER: &str = "checker.json";
const CHECKED: &str = "checks.json";

impl RunDir {
    /// Notes that it is to be checked. From then on it isn't looked at by other means.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn note_checking(&self, checking: &Checking) -> Result<(), RecordError> {
        self.put(CHECKING, checking)
    }

    /// What is to be checked, if anything is.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn checking(&self) -> Result<Option<Checking>, RecordError> {
        self.get(CHECKING)
    }

    /// Notes who checks it.
    ///
    /// # Errors
    /// When it can't be written.
    pub(super) fn note_checker(&self, who: &Identity) -> Result<(), RecordError> {
        self.put(CHECKER, who)
    }

    /// Who checks it, or did.
    ///
    /// # Errors
    /// When it can't be read.
    pub(super) fn checker(&self) -> Result<Option<Identity>, RecordError> {
        self.get(CHECKER)
    }

    /// Writes what was found, and rings the bell.
    ///
    /// # Errors
    /// When it can't be written.
    pub(super) fn note_checked(&self, checked: &Checked) -> Result<(), RecordError> {
        self.put(CHECKED, checked)?;
        self.ring()
    }

    /// Where its checks are.
    ///
    /// # Errors
    /// When its records or the processes can't be read.
    pub fn checks(&self) -> Result<Checks, RecordError> {
        // Whoever has ended has written its last word before, so that this is looked at first and last.
        if let Some(checked) = self.get(CHECKED)? {
            return Ok(Checks::Done(checked));
        }
        if let Some(who) = self.checker()?
            && who.runs()?
        {
            return Ok(Checks::Runs);
        }
        Ok(self.get(CHECKED)?.map_or(Checks::Idle, Checks::Done))
    }
}
