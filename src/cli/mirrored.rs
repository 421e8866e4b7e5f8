//! What the mirrors of this machine have of runs, as `factoryctl runs` shows it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::adapters::said;
use crate::adapters::state::StateDir;
use crate::model::{CommitId, RepoName, RunId};
use crate::runs::On;
use crate::runs::workspace::{self, Kept, restore_command, saved_as};

use super::exit::Fail;

/// What the mirror has of the commits of a run, published or not.
pub(super) enum Taken {
    /// Nothing, or nothing yet.
    Nothing,
    /// This, of a run that began with this commit.
    Kept { kept: Kept, base: CommitId, mirror: PathBuf },
    /// That can't be told: why.
    Unknown(String),
}

impl Taken {
    pub(super) fn of(state: &StateDir, run: &RunId, on: Option<&On>) -> Self {
        let Some(on) = on else { return Self::Nothing };
        let mirror = state.mirror_of(&on.of.repo);
        match Kept::of(&mirror, run, &on.base) {
            Ok(None) => Self::Nothing,
            Ok(Some(kept)) => Self::Kept { kept, base: on.base.clone(), mirror },
            Err(error) => Self::Unknown(Fail::from(error).causes.join(": ")),
        }
    }

    pub(super) fn json(&self) -> Value {
        match self {
            Self::Nothing => Value::Null,
            Self::Kept { kept, mirror, .. } => {
                json!({ "reference": kept.reference, "commit": kept.commit.as_str(), "mirror": mirror })
            }
            Self::Unknown(why) => json!({ "unknown": why }),
        }
    }

    pub(super) fn lines(&self, run: &RunId) -> Vec<(&'static str, String)> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Kept { kept, base, mirror } => vec![
                ("taken", format!("{} at {}, in {}", kept.reference, kept.commit, mirror.display())),
                ("to look at it", kept.look_command(mirror, base)),
                ("to get it, in a clone", kept.restore_command(mirror, run)),
            ],
            Self::Unknown(why) => vec![("taken", format!("can't be told: {why}"))],
        }
    }
}

/// What mirrors have that was saved of runs, when they were closed or since.
pub(super) struct Saved(BTreeMap<RepoName, (PathBuf, Result<BTreeSet<RunId>, String>)>);

impl Saved {
    pub(super) fn of<'a>(state: &StateDir, of: impl IntoIterator<Item = &'a On>) -> Self {
        let mut out = BTreeMap::new();
        for on in of {
            out.entry(on.of.repo.clone()).or_insert_with(|| {
                let mirror = state.mirror_of(&on.of.repo);
                let saved = workspace::saved(&mirror);
                (mirror, saved.map_err(|error| Fail::from(error).causes.join(": ")))
            });
        }
        Self(out)
    }

    /// The mirror that has something of a run, or why that can't be told.
    fn mirror(&self, run: &RunId, on: Option<&On>) -> Option<Result<&Path, &str>> {
        let (mirror, saved) = self.0.get(&on?.of.repo)?;
        match saved {
            Ok(saved) => saved.contains(run).then_some(Ok(mirror)),
            Err(why) => Some(Err(why)),
        }
    }

    pub(super) fn json(&self, run: &RunId, on: Option<&On>) -> Value {
        match self.mirror(run, on) {
            None => Value::Null,
            Some(Ok(_)) => saved_as(run).into(),
            Some(Err(why)) => json!({ "unknown": why }),
        }
    }

    pub(super) fn lines(
        &self,
        state: &StateDir,
        run: &RunId,
        on: Option<&On>,
    ) -> Vec<(&'static str, String)> {
        let mut out = self.saved(run, on);
        match workspace::unsaved(&state.workspaces()) {
            Ok(left) => {
                let its = left.into_iter().filter(|one| one.run().as_ref() == Some(run));
                out.extend(its.map(|one| ("not saved", one.to_string())));
            }
            Err(error) => out.push(("not saved", format!("can't be told: {}", said(&error)))),
        }
        out
    }

    fn saved(&self, run: &RunId, on: Option<&On>) -> Vec<(&'static str, String)> {
        match self.mirror(run, on) {
            None => Vec::new(),
            Some(Ok(mirror)) => {
                let first = [
                    ("saved besides", saved_as(run)),
                    ("to get it back, in a clone", restore_command(mirror, run)),
                ];
                let left_out = workspace::left_out(mirror, run).unwrap_or_else(|error| {
                    vec![format!("what that is can't be told: {}", Fail::from(error).causes.join(": "))]
                });
                first.into_iter().chain(left_out.into_iter().map(|one| ("not saved", one))).collect()
            }
            Some(Err(why)) => vec![("saved besides", format!("can't be told: {why}"))],
        }
    }
}
