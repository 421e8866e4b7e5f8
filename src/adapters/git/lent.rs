//! A repository beside a mirror, to be worked in by others: made whole by us, without a remote, a hook or a template.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::child::{classify, git};
use super::open::open_at;
use super::{Access, Error, Mirror, Signature};
use crate::adapters::fs;
use crate::adapters::process::{Command, Output};
use crate::model::CommitId;

/// Where a repository beside a mirror has its objects from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Objects {
    /// It reads the mirror's, which must stay and keep them all.
    Borrowed,
    /// It has those of its own that its branch needs.
    Copied,
}

impl Objects {
    /// What lies in its file of alternates; `None` where it has none.
    pub fn alternates(self, mirror: &Mirror) -> Option<String> {
        match self {
            Self::Borrowed => Some(format!("{}\n", mirror.repo().common_dir().join("objects").display())),
            Self::Copied => None,
        }
    }
}

/// What a repository begins with.
#[derive(Clone, Copy, Debug)]
pub struct CheckOut<'a> {
    /// The branch that HEAD is on.
    pub branch: &'a str,
    /// Where the branch is; the mirror has it.
    pub base: &'a CommitId,
    /// Who commits.
    pub by: &'a Signature,
}

/// What makes git keep every object, whoever cleans up.
const KEEPS_ALL: [(&str, &str); 4] = [
    ("extensions.preciousObjects", "true"),
    ("gc.auto", "0"),
    ("gc.pruneExpire", "never"),
    ("maintenance.auto", "false"),
];
/// How long cleaning up may take; it is gone on with the next time.
const CLEAN: Duration = Duration::from_mins(5);

impl Mirror {
    /// Makes the mirror keep every object from now on, whoever cleans up: others read them there.
    ///
    /// # Errors
    /// When that can't be noted in it.
    pub async fn keep_all(&self, access: &Access) -> Result<(), Error> {
        for (key, value) in self.unset()? {
            let command = git(self.repo().place(), "", access).args(["config", key, value]);
            judged(&self.write(command).await?, "configure", self.repo().place())?;
        }
        Ok(())
    }

    /// What of [`Mirror::keep_all`] isn't noted in it yet.
    fn unset(&self) -> Result<Vec<(&'static str, &'static str)>, Error> {
        let repo = open_at(self.repo().place())?;
        let there = repo.config_snapshot();
        let is_unset = |(key, value): &(&'static str, &'static str)| {
            there.string(*key).is_none_or(|is| *is != *value.as_bytes())
        };
        let all = [("core.repositoryFormatVersion", "1")].into_iter().chain(KEEPS_ALL);
        Ok(all.filter(is_unset).collect())
    }

    /// Lets git clean up in it where that is due: references and what they lead to stay, what nothing has led to for two
    /// weeks goes. Nobody reads objects there any more, and nobody begins to meanwhile.
    ///
    /// # Errors
    /// When git can't.
    pub async fn maintain(&self, access: &Access) -> Result<(), Error> {
        let place = self.repo().place();
        for (key, value) in KEEPS_ALL {
            let command = git(place, "", access).args(["config", "--unset-all", key, &format!("^{value}$")]);
            let output = self.write(command).await?;
            // Git's word for "it isn't there".
            if !output.status.success() && output.status.code() != Some(5) {
                return Err(classify("configure", &place.display().to_string(), &output));
            }
        }
        let command = git(place, "", access).args(["maintenance", "run", "--auto", "--task=gc", "--quiet"]);
        judged(&self.write(command.time_limit(CLEAN)).await?, "clean up in", place)
    }

    /// Makes a new repository in `git_dir`, which isn't there yet. No file is checked out.
    ///
    /// # Errors
    /// When the branch can't be one, the mirror doesn't have the commit, or files can't be written.
    pub async fn lend(
        &self,
        access: &Access,
        git_dir: &Path,
        objects: Objects,
        start: CheckOut<'_>,
    ) -> Result<(), Error> {
        let branch = format!("refs/heads/{}", start.branch);
        let unknown = |rev: &str| Error::UnknownRevision { rev: rev.to_owned(), similar: None };
        if gix::validate::reference::branch_name(branch.as_str().into()).is_err() {
            return Err(unknown(start.branch));
        }
        if !self.repo().has(start.base)? {
            return Err(unknown(start.base.as_str()));
        }
        let put = |name: &str, text: String| {
            let path = git_dir.join(name);
            fs::make_dirs(path.parent().expect("it lies in the repository")).map_err(Error::Files)?;
            fs::replace_shared(&path, text.as_bytes()).map_err(Error::Files)
        };
        put("config", config(start.by))?;
        put("HEAD", format!("ref: {branch}\n"))?;
        fs::make_dirs(&git_dir.join("refs/tags")).map_err(Error::Files)?;
        fs::make_dirs(&git_dir.join("objects/pack")).map_err(Error::Files)?;
        if let Some(alternates) = objects.alternates(self) {
            self.keep_all(access).await?;
            put("objects/info/alternates", alternates)?;
        } else {
            let command = git(git_dir, "", access)
                .args(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--"])
                .arg(self.repo().place())
                .arg(start.base.as_str());
            done(command, "copy commits of", self.repo().place()).await?;
        }
        put(&branch, format!("{}\n", start.base))
    }
}

/// Makes the files of a working tree those of HEAD: what is changed is put back, what is unknown is removed, what is
/// ignored stays. For repositories only that nobody else has written in; what others put into the tree runs nothing.
///
/// # Errors
/// When files can't be written.
pub async fn check_out(access: &Access, git_dir: &Path, tree: &Path) -> Result<(), Error> {
    put_back(access, git_dir, tree).await?;
    in_tree(access, git_dir, tree, ["clean", "-ffd", "--quiet"]).await
}

/// The same of a working tree that has no files yet, or whose files that are unknown stay.
///
/// # Errors
/// When files can't be written.
pub async fn put_back(access: &Access, git_dir: &Path, tree: &Path) -> Result<(), Error> {
    in_tree(access, git_dir, tree, ["reset", "--hard", "--quiet"]).await
}

async fn in_tree(access: &Access, git_dir: &Path, tree: &Path, args: [&str; 3]) -> Result<(), Error> {
    let mut work_tree = std::ffi::OsString::from("--work-tree=");
    work_tree.push(tree);
    let command = git(git_dir, "", access).folder(tree).arg(work_tree).args(args);
    done(command, "check out the files of", tree).await
}

async fn done(command: Command, action: &'static str, place: &Path) -> Result<(), Error> {
    judged(&command.run().await.map_err(Error::Process)?, action, place)
}

fn judged(output: &Output, action: &'static str, place: &Path) -> Result<(), Error> {
    if output.status.success() { Ok(()) } else { Err(classify(action, &place.display().to_string(), output)) }
}

fn config(by: &Signature) -> String {
    let quoted = |text: &str| {
        let inner: String = text.chars().filter(|c| !c.is_control()).collect();
        format!("\"{}\"", inner.replace('\\', r"\\").replace('"', "\\\""))
    };
    format!(
        "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n\tlogallrefupdates = true\n\
         [gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n\
         [user]\n\tname = {}\n\temail = {}\n",
        quoted(&by.name),
        quoted(&by.email)
    )
}
