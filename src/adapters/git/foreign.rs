//! A repository that others write in: nothing but its own `upload-pack` reads it, and what comes over is checked.

use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use super::child::{classify, git, shell_line};
use super::{Access, Error, Mirror};
use crate::adapters::process::Output;
use crate::model::CommitId;

/// How long it may take to list its references.
const LISTING: Duration = Duration::from_mins(1);
/// How long it may take to bring commits over.
const TAKING: Duration = Duration::from_mins(3);
/// The most memory of each process that looks at what others made.
pub(super) const MEMORY: u64 = 256 << 20;
/// What keeps within that whatever is not a single huge tree or commit: what is large is passed on, checked and kept piece by
/// piece, and one thread works.
pub const FRUGAL: [&str; 4] = ["-c", "core.bigFileThreshold=32m", "-c", "pack.threads=1"];

/// A repository that others write in, and how its `upload-pack` is started.
#[derive(Clone, Copy, Debug)]
pub struct Foreign<'a> {
    /// Its folder with references and objects, absolute.
    pub git_dir: &'a Path,
    /// The program and its arguments; git puts the folder behind them.
    pub upload_pack: &'a [OsString],
}

/// Something that a reference leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tip {
    /// The full name of the reference, or `HEAD`.
    pub name: String,
    /// What it leads to, tags followed.
    pub id: CommitId,
}

impl Foreign<'_> {
    fn url(&self) -> String {
        self.git_dir.display().to_string()
    }

    fn option(&self) -> OsString {
        let mut option = OsString::from("--upload-pack=");
        option.push(shell_line(self.upload_pack));
        option
    }
}

impl Mirror {
    /// What the references of another repository lead to.
    ///
    /// # Errors
    /// [`Error::RemoteGone`] when no repository is there; [`Error::Remote`].
    pub async fn tips(&self, access: &Access, of: &Foreign<'_>) -> Result<Vec<Tip>, Error> {
        let command = git(self.repo().place(), "", access).args(["ls-remote", "--quiet"]);
        let command =
            command.arg(of.option()).arg("--").arg(of.git_dir).time_limit(LISTING).memory_limit(MEMORY);
        let output = command.run().await.map_err(Error::Process)?;
        let output = judged(output, "read the references of", of)?;
        Ok(parse_tips(&String::from_utf8_lossy(&output.stdout)))
    }

    /// Fetches commits, and contents, of another repository, each into a reference of this one. Every object that comes
    /// over is checked, all objects must be there, and no reference but the named ones moves.
    ///
    /// # Errors
    /// As [`Mirror::tips`]; nothing has moved then.
    pub async fn take_in(
        &self,
        access: &Access,
        from: &Foreign<'_>,
        wanted: &[(impl fmt::Display, String)],
    ) -> Result<(), Error> {
        if wanted.is_empty() {
            return Ok(());
        }
        let command = git(self.repo().place(), "", access)
            .time_limit(TAKING)
            .memory_limit(MEMORY)
            .args(FRUGAL)
            .args(["-c", "transfer.fsckObjects=true", "-c", "fetch.fsckObjects=true"])
            .args(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--force", "--atomic"])
            .args(["--no-recurse-submodules", "--no-auto-maintenance"])
            .arg(from.option())
            .arg("--")
            .arg(from.git_dir)
            .args(wanted.iter().map(|(id, name)| format!("{id}:{name}")));
        judged(self.write(command).await?, "take commits from", from)?;
        self.keep_quick(access).await
    }
}

impl Mirror {
    /// Shows that this mirror is whole as far as this commit goes, and takes in what comes over: by the same steps, from itself.
    /// Where that fails, no other repository is to blame for it.
    ///
    /// # Errors
    /// As [`Mirror::take_in`].
    pub async fn prove(&self, access: &Access, commit: &CommitId, reference: &str) -> Result<(), Error> {
        let upload_pack = ["git", "upload-pack", "--strict"].map(OsString::from);
        let itself = Foreign { git_dir: self.repo().place(), upload_pack: &upload_pack };
        self.tips(access, &itself).await?;
        // The graph of the commits would stand in for those that are gone.
        let walk = git(self.repo().place(), "", access).args(["-c", "core.commitGraph=false"]).args([
            "rev-list",
            "--objects",
            "--quiet",
        ]);
        judged(walk.arg(commit.as_str()).run().await.map_err(Error::Process)?, "read", &itself)?;
        self.take_in(access, &itself, &[(commit, reference.to_owned())]).await?;
        self.repo().remove_references(&[reference.to_owned()])
    }
}

fn judged(output: Output, action: &'static str, from: &Foreign<'_>) -> Result<Output, Error> {
    if output.status.success() { Ok(output) } else { Err(classify(action, &from.url(), &output)) }
}

/// The output of `git ls-remote`. A tag's own line is followed by one with what it leads to.
fn parse_tips(output: &str) -> Vec<Tip> {
    let mut tips: Vec<Tip> = Vec::new();
    for (id, name) in output.lines().filter_map(|line| line.split_once('\t')) {
        let Some(id) = CommitId::parse(id) else { continue };
        match (name.strip_suffix("^{}"), tips.last_mut()) {
            (Some(tag), Some(last)) if last.name == tag => last.id = id,
            _ => tips.push(Tip { name: name.to_owned(), id }),
        }
    }
    tips
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_followed() {
        let id = |c: &str| CommitId::parse(&c.repeat(40)).unwrap();
        let line = |c: &str, name: &str| format!("{}\t{name}\n", c.repeat(40));
        let output = [line("1", "HEAD"), line("2", "refs/tags/v1"), line("3", "refs/tags/v1^{}")].concat();
        let tip = |name: &str, c: &str| Tip { name: name.into(), id: id(c) };
        assert_eq!(parse_tips(&output), [tip("HEAD", "1"), tip("refs/tags/v1", "3")]);
    }
}
