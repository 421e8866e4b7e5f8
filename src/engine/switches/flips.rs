//! What is switched off at this moment: by config, and live by a person.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::adapters::fs;
use crate::model::{Address, AddressGlob, Desired};
use crate::plan::{Switch, Switches};

/// A live flip: in force at once, until its date, until it is taken back, or until its pull request is merged or
/// closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flip {
    /// What is switched: `loop/NAME`, or a glob over addresses that is suspended.
    pub address: String,
    /// Whether it is switched on although config says off.
    pub on: bool,
    /// Who, why, until when.
    pub switch: Switch,
    /// When it was flipped.
    pub since: jiff::Timestamp,
    /// The fixed branch of its pull request, of this machine alone.
    pub branch: String,
    /// Whether its pull request was opened once; when that is no longer open, the flip ends.
    #[serde(default)]
    pub proposed: bool,
    /// Its number, once it was seen.
    #[serde(default)]
    pub pull: Option<u64>,
}

impl Flip {
    /// Whether it is in force at this moment.
    pub fn in_force(&self, now: jiff::Timestamp) -> bool {
        self.switch.until.is_none_or(|until| now < until)
    }

    /// The branch for the flips of an address on a machine. Machines don't share one: each withdraws its own.
    pub fn branch_of(address: &str, machine: &str) -> String {
        let slug: String =
            address.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).collect();
        let digest = blake3::hash(format!("{machine} {address}").as_bytes()).to_hex();
        format!("factory/flip/{slug}-{}", &digest[..6])
    }
}

/// The live flips of this machine, kept in the state directory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flips {
    /// In the order in which they were made; one an address.
    pub flips: Vec<Flip>,
    /// Branches of flips that are over: what is left of their proposals is to be withdrawn.
    #[serde(default)]
    pub over: Vec<String>,
}

/// Why live flips can't be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum FlipsError {
    /// The file can't be read.
    #[error("the live flips in {} can't be read", .path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: fs::Error,
    },
    /// The file can't be written.
    #[error("the live flips in {} can't be kept", .path.display())]
    Keep {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: fs::Error,
    },
    /// The file isn't what this program wrote.
    #[error("the live flips in {} are damaged; mend or remove the file", .path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

const LIMIT: u64 = 1 << 20;

impl Flips {
    /// Reads the flips; a file that isn't there means none.
    ///
    /// # Errors
    /// When the file is there and can't be read: a switch that can't be read must not be taken for on.
    pub fn load(path: &Path) -> Result<Self, FlipsError> {
        let bytes = match fs::read(path, LIMIT) {
            Ok(bytes) => bytes,
            Err(source) if source.is_not_found() => return Ok(Self::default()),
            Err(source) => return Err(FlipsError::Read { path: path.to_owned(), source }),
        };
        serde_json::from_slice(&bytes).map_err(|source| FlipsError::Damaged { path: path.to_owned(), source })
    }

    /// Keeps the flips, replacing the file in one step.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn save(&self, path: &Path) -> Result<(), FlipsError> {
        let bytes = serde_json::to_vec_pretty(self).expect("plain data is always valid JSON");
        fs::replace(path, &bytes).map_err(|source| FlipsError::Keep { path: path.to_owned(), source })
    }

    /// Sets a flip, in place of an earlier one of the same address.
    pub fn set(&mut self, mut flip: Flip) {
        let (earlier, stay): (Vec<Flip>, Vec<Flip>) =
            std::mem::take(&mut self.flips).into_iter().partition(|f| f.address == flip.address);
        self.flips = stay;
        if let Some(earlier) = earlier.first() {
            flip.branch.clone_from(&earlier.branch);
        }
        self.over.extend(earlier.into_iter().map(|f| f.branch));
        // A proposal says what its own switch does: none is taken over by another.
        while self.over.contains(&flip.branch) {
            flip.branch = next_branch(&flip.branch);
        }
        self.flips.push(flip);
    }

    /// Adds the flips that were kept elsewhere. Of two of one address the later one holds.
    pub fn join(&mut self, others: Self) {
        for flip in others.flips {
            match self.flips.iter().position(|own| own.address == flip.address) {
                None => self.flips.push(flip),
                Some(at) if self.flips[at].since < flip.since => {
                    let earlier = std::mem::replace(&mut self.flips[at], flip);
                    self.over.push(earlier.branch);
                }
                Some(at) if self.flips[at] != flip => self.over.push(flip.branch),
                Some(_) => {}
            }
        }
        self.over.extend(others.over);
        let (mut seen, flips) = (std::collections::BTreeSet::new(), &self.flips);
        self.over.retain(|b| flips.iter().all(|flip| flip.branch != *b) && seen.insert(b.clone()));
    }

    /// Moves flips to a new branch each. Whether there were any.
    pub fn renew(&mut self, branches: &[String]) -> bool {
        let Self { flips, over } = self;
        let mut renewed = false;
        for flip in flips.iter_mut().filter(|flip| branches.contains(&flip.branch)) {
            let next = next_branch(&flip.branch);
            over.push(std::mem::replace(&mut flip.branch, next));
            (flip.proposed, flip.pull, renewed) = (false, None, true);
        }
        renewed
    }

    /// Takes out the flips whose date has passed.
    pub fn expire(&mut self, now: jiff::Timestamp) -> Vec<Flip> {
        let (stay, over): (Vec<Flip>, Vec<Flip>) =
            std::mem::take(&mut self.flips).into_iter().partition(|f| f.in_force(now));
        self.flips = stay;
        self.over.extend(over.iter().map(|flip| flip.branch.clone()));
        over
    }

    /// Takes a flip back; `None` when there was none.
    pub fn take(&mut self, address: &str) -> Option<Flip> {
        let at = self.flips.iter().position(|f| f.address == address)?;
        let flip = self.flips.remove(at);
        self.over.push(flip.branch.clone());
        Some(flip)
    }
}

/// What is switched off: loops that config disables, and what people flipped live.
pub fn switches(desired: &Desired, flips: &Flips, now: jiff::Timestamp) -> Switches {
    let mut out = Switches::of(desired, now);
    for flip in flips.flips.iter().filter(|f| f.in_force(now)) {
        match (flip.address.strip_prefix("loop/"), flip.on) {
            (Some(name), true) => {
                out.loops.remove(name);
            }
            (Some(name), false) => {
                out.loops.insert(name.to_owned(), flip.switch.clone());
            }
            (None, _) => {
                if let Ok(glob) = AddressGlob::parse(&flip.address) {
                    out.suspended.push((glob, flip.switch.clone()));
                }
            }
        }
    }
    out
}

impl Flip {
    /// The address, where it is one and not a pattern.
    pub fn plain_address(&self) -> Option<Address> {
        Address::parse(&self.address).ok()
    }
}

/// The branch after this one: `…-0a1b2c`, `…-0a1b2c.2`, `…-0a1b2c.3`.
fn next_branch(branch: &str) -> String {
    match branch.rsplit_once('.').map(|(stem, n)| (stem, n.parse::<u32>())) {
        Some((stem, Ok(n))) => format!("{stem}.{}", n.saturating_add(1)),
        Some((_, Err(_))) | None => format!("{branch}.2"),
    }
}
