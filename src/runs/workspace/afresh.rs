//! A workspace begins anew, or ends: never before what is in it is saved.

use jiff::Timestamp;

use super::salvage::{History, Why, is_theirs};
use super::unsaved::{aside, set_aside};
use super::{Error, REMOVING, Salvaged, Site, Workspace, key};
use crate::adapters::fs;
use crate::adapters::git::{CheckOut, check_out};
use crate::model::RunId;

impl Workspace {
    /// Begins anew: a new repository on this branch, its files checked out, what is ignored kept for its caches. What the
    /// run left is saved first; history that can't be read is set aside. A crash leaves nothing that another call
    /// doesn't mend. The run's processes have ended.
    ///
    /// # Errors
    /// When something can't be saved or made.
    pub async fn reset(
        &mut self,
        site: &Site<'_>,
        run: &RunId,
        start: CheckOut<'_>,
        at: Timestamp,
    ) -> Result<Salvaged, Error> {
        let salvaged = self.salvage(site, run, start.by, at).await?;
        let fresh = self.place.join("new.git");
        fs::remove_tree(&fresh)?;
        site.mirror.lend(site.access, &fresh, self.record.objects, start).await?;
        let git_dir = self.git_dir();
        if fs::exists(&git_dir) {
            let gone = match salvaged.history {
                History::Unread(_) => aside(&self.place, run),
                History::Absent | History::Saved => self.place.join("old.git"),
            };
            fs::remove_tree(&self.place.join("old.git"))?;
            fs::rename(&git_dir, &gone)?;
        }
        start.branch.clone_into(&mut self.record.branch);
        self.record.base = start.base.clone();
        self.record.write(&self.place)?;
        fs::rename(&fresh, &git_dir)?;
        fs::remove_tree(&self.place.join("old.git"))?;
        self.take_up()?;
        self.refill(site, &salvaged).await?;
        Ok(salvaged)
    }

    /// Makes the files those of its branch. What no commit can have goes first: git is held up by pipes, and by what is
    /// closed or too deep for it. Where it fails all the same, what is ignored goes too.
    async fn refill(&self, site: &Site<'_>, salvaged: &Salvaged) -> Result<(), Error> {
        let (git_dir, tree) = (self.git_dir(), self.tree());
        for left in &salvaged.left_out {
            if matches!(left.why, Why::Special | Why::TooDeep | Why::Unreadable) {
                fs::remove_tree(&tree.join(&left.path))?;
            }
        }
        match check_out(site.access, &git_dir, &tree).await {
            Err(error) if is_theirs(&error) => {
                fs::empty(&tree, Some(".git"))?;
                Ok(check_out(site.access, &git_dir, &tree).await?)
            }
            other => Ok(other?),
        }
    }

    /// Ends it, and frees its name. What the run left is saved first. The run's processes have ended.
    ///
    /// # Errors
    /// [`Error::Unsaved`] when it has history that can't be read; it stays then.
    pub async fn destroy(
        self,
        site: &Site<'_>,
        run: &RunId,
        by: &crate::adapters::git::Signature,
        at: Timestamp,
    ) -> Result<Salvaged, Error> {
        let salvaged = self.salvage(site, run, by, at).await?;
        if let History::Unread(why) = salvaged.history {
            return Err(self.leave(self.git_dir(), Some(why))?);
        }
        if let Some(unread) = set_aside(&self.place)?.pop() {
            return Err(self.leave(unread, None)?);
        }
        let gone = self.place.with_file_name(format!("{REMOVING}{}", key(&self.record.name)));
        fs::remove_tree(&gone)?;
        fs::rename(&self.place, &gone)?;
        fs::remove_tree(&gone)?;
        Ok(salvaged)
    }
}
