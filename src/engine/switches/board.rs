//! The live switches of a running daemon: in force at once, kept across restarts, read by every action's gate.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::watch;

use crate::model::Desired;
use crate::plan::Switches;

use super::flips::{Flip, Flips, FlipsError, switches};

/// The live switches; clones share them.
#[derive(Clone, Debug)]
pub struct Switchboard(Arc<Board>);

#[derive(Debug)]
struct Board {
    kept: Mutex<Kept>,
    path: PathBuf,
    live: watch::Sender<Arc<Switches>>,
}

#[derive(Debug)]
struct Kept {
    flips: Flips,
    desired: Arc<Desired>,
}

impl Switchboard {
    /// Takes the flips that are kept in the file at `path`, over what `desired` switches off.
    ///
    /// # Errors
    /// When the file is there and can't be read: a switch that can't be read must not be taken for on.
    pub fn open(path: PathBuf, desired: Arc<Desired>, now: Timestamp) -> Result<Self, FlipsError> {
        let flips = Flips::load(&path)?;
        let live = watch::Sender::new(Arc::new(switches(&desired, &flips, now)));
        Ok(Self(Arc::new(Board { kept: Mutex::new(Kept { flips, desired }), path, live })))
    }

    /// What is switched off at this moment. Cheap: gates ask it before each action.
    pub fn now(&self) -> Arc<Switches> {
        Arc::clone(&self.0.live.borrow())
    }

    /// The flips, in the order in which they were made.
    pub fn flips(&self) -> Vec<Flip> {
        self.kept().flips.flips.clone()
    }

    /// Branches of flips that are over, of whose proposals something may be left.
    pub fn over(&self) -> Vec<String> {
        self.kept().flips.over.clone()
    }

    /// Forgets branches of which nothing is left.
    ///
    /// # Errors
    /// When that can't be kept.
    pub fn withdrawn(&self, branches: &[String]) -> Result<(), FlipsError> {
        let mut kept = self.kept();
        let before = kept.flips.over.len();
        kept.flips.over.retain(|branch| !branches.contains(branch));
        if kept.flips.over.len() < before { kept.flips.save(&self.0.path) } else { Ok(()) }
    }

    /// Sets a flip. It is in force when this returns, even when it can't be kept.
    ///
    /// # Errors
    /// When it is in force and can't be kept: a restart would forget it.
    pub fn set(&self, flip: Flip, now: Timestamp) -> Result<(), FlipsError> {
        let mut kept = self.kept();
        kept.flips.set(flip);
        self.publish(&kept, now);
        kept.flips.save(&self.0.path)
    }

    /// Takes a flip back; `None` when there was none.
    ///
    /// # Errors
    /// When that can't be kept: a restart would bring the flip back.
    pub fn take(&self, address: &str, now: Timestamp) -> Result<Option<Flip>, FlipsError> {
        let mut kept = self.kept();
        let taken = kept.flips.take(address);
        if taken.is_some() {
            self.publish(&kept, now);
            kept.flips.save(&self.0.path)?;
        }
        Ok(taken)
    }

    /// Ends a flip, unless another has taken its place meanwhile. Whether it was there.
    ///
    /// # Errors
    /// When that can't be kept: a restart would bring the flip back.
    pub fn end(&self, flip: &Flip, now: Timestamp) -> Result<bool, FlipsError> {
        let mut kept = self.kept();
        let there = kept.flips.flips.iter().any(|f| f.address == flip.address && f.since == flip.since);
        if there {
            kept.flips.take(&flip.address);
            self.publish(&kept, now);
            kept.flips.save(&self.0.path)?;
        }
        Ok(there)
    }

    /// Gives flips whose proposal can't be merged another branch: the next look proposes them anew on what config has
    /// become, and withdraws the earlier proposal. Whether there were any.
    ///
    /// # Errors
    /// When that can't be kept.
    pub fn renew(&self, branches: &[String]) -> Result<bool, FlipsError> {
        let mut kept = self.kept();
        let renewed = kept.flips.renew(branches);
        if renewed {
            kept.flips.save(&self.0.path)?;
        }
        Ok(renewed)
    }

    /// Notes which flips have a pull request, by its branch, and its number where that is known.
    ///
    /// # Errors
    /// When that can't be kept.
    pub fn proposed(&self, pulls: &[(String, Option<u64>)]) -> Result<(), FlipsError> {
        let mut kept = self.kept();
        let mut news = false;
        for (branch, number) in pulls {
            for flip in kept.flips.flips.iter_mut().filter(|flip| flip.branch == *branch) {
                news |= !flip.proposed || (number.is_some() && flip.pull != *number);
                flip.proposed = true;
                flip.pull = number.or(flip.pull);
            }
        }
        if news { kept.flips.save(&self.0.path) } else { Ok(()) }
    }

    /// Takes another config, or another time: dates pass. Gives the flips whose date has passed; they are gone.
    ///
    /// # Errors
    /// When that can't be kept.
    pub fn refresh(&self, desired: Option<Arc<Desired>>, now: Timestamp) -> Result<Vec<Flip>, FlipsError> {
        let mut kept = self.kept();
        if let Some(desired) = desired {
            kept.desired = desired;
        }
        let over = kept.flips.expire(now);
        self.publish(&kept, now);
        if !over.is_empty() {
            kept.flips.save(&self.0.path)?;
        }
        Ok(over)
    }

    /// When a switch changes by itself next.
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        let kept = self.kept();
        let flips = kept.flips.flips.iter().filter_map(|f| f.switch.until);
        let loops = kept.desired.loops.values().filter(|l| !l.enabled).filter_map(|l| l.until);
        flips.chain(loops).filter(|at| *at > now).min()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, kept: &Kept, now: Timestamp) {
        self.0.live.send_replace(Arc::new(switches(&kept.desired, &kept.flips, now)));
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests write what is then read")]
    use super::*;
    use crate::plan::Switch;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn off(address: &str, until: Option<i64>) -> Flip {
        let switch = Switch { by: "ann".into(), reason: "smoke".into(), until: until.map(at) };
        let branch = Flip::branch_of(address, "m");
        Flip { address: address.into(), on: false, switch, since: at(0), branch, proposed: false, pull: None }
    }

    #[test]
    fn a_flip_is_in_force_at_once_outlives_a_restart_and_ends_by_its_date() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("flips.json");
        let open = |now| Switchboard::open(path.clone(), Arc::default(), at(now)).unwrap();
        let board = open(0);
        let gate = board.clone();
        board.set(off("loop/labels", Some(100)), at(1)).unwrap();
        board.set(off("repo/acme/**", None), at(1)).unwrap();
        assert!(gate.now().loops.contains_key("labels"));
        assert_eq!(gate.now().suspended.len(), 1);
        assert_eq!(board.next_change(at(1)), Some(at(100)));
        drop(board);
        let board = open(50);
        assert!(board.now().loops.contains_key("labels"));
        assert_eq!(board.refresh(None, at(99)).unwrap(), []);
        assert_eq!(board.refresh(None, at(100)).unwrap(), [off("loop/labels", Some(100))]);
        assert!(board.now().loops.is_empty());
        assert!(board.take("repo/acme/**", at(101)).unwrap().is_some());
        let (labels, repo) = (Flip::branch_of("loop/labels", "m"), Flip::branch_of("repo/acme/**", "m"));
        assert_eq!(open(101).over(), [labels.clone(), repo.clone()], "what is left of them is remembered");
        board.withdrawn(&[labels]).unwrap();
        assert_eq!(open(101).over(), [repo]);
        assert!(board.take("repo/acme/**", at(101)).unwrap().is_none());
        assert_eq!((open(102).flips(), open(102).now().suspended.len()), (vec![], 0));
    }

    #[test]
    fn switches_that_were_kept_in_two_places_all_hold() {
        let later = |flip: Flip, n| Flip { since: at(n), branch: format!("b{n}"), ..flip };
        let (labels, repo) = (off("loop/labels", None), off("repo/acme/**", None));
        let (here, there) = (later(labels.clone(), 1), later(labels.clone(), 2));
        let mut all = Flips { flips: vec![here.clone()], over: vec!["x".into()] };
        let others = Flips { flips: vec![there.clone(), repo.clone()], over: vec!["x".into(), "y".into()] };
        all.join(others.clone());
        assert_eq!(all.flips, [there, repo]);
        assert_eq!(all.over, ["x", "b1", "y"], "what is left of the earlier one is to be withdrawn");
        let joined = all.clone();
        all.join(others);
        assert_eq!(all, joined, "twice is as good as once");
    }

    #[test]
    fn what_cannot_be_kept_is_in_force_all_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let board = Switchboard::open(dir.path().join("gone/flips.json"), Arc::default(), at(0)).unwrap();
        assert!(board.set(off("loop/labels", None), at(0)).is_err());
        assert!(board.now().loops.contains_key("labels"));
        std::fs::write(dir.path().join("damaged"), "{").unwrap();
        assert!(Switchboard::open(dir.path().join("damaged"), Arc::default(), at(0)).is_err());
    }
}
