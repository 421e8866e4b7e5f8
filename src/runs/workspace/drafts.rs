//! What an agent staged and didn't commit: a commit of its own for each working tree, so that what is nowhere else is saved
//! with the rest.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use tokio::task::spawn_blocking;

use super::history::{Desk, MAX_TIPS, Missing, Patience, fetch};
use super::salvage::{LeftOut, MAX_TRACKED, Why, entries};
use super::take::Reader;
use super::{Error, Site, Workspace};
use crate::adapters::fs::{self, Beneath};
use crate::adapters::git::{Content, Entry, Kind, Repo, Signature, Snapshot, Staged, staged};
use crate::model::{CommitId, RunId};

/// The most bytes of the file that says what is staged.
const MAX_INDEX: u64 = 128 << 20;

/// What is saved of what a run staged.
pub(super) struct Drafts<'a> {
    /// Whose it is.
    pub(super) run: &'a RunId,
    /// Who saves it.
    pub(super) by: &'a Signature,
    /// The references that lead to what is being saved.
    pub(super) saving: &'a str,
    /// The files of its tree, which are saved anyway.
    pub(super) files: &'a [Entry],
    /// How many bytes are still saved.
    pub(super) room: u64,
}

/// What was saved of it.
#[derive(Default)]
pub(super) struct Drafted {
    /// A commit for each working tree in which something was staged that is nowhere else.
    pub(super) commits: Vec<CommitId>,
    /// Whether anything was staged.
    pub(super) staged: bool,
    /// What isn't in them.
    pub(super) left_out: Vec<LeftOut>,
    /// Why some of it can't be read.
    pub(super) unread: Option<String>,
}

/// What was found at the place of what is staged.
enum Look {
    Nothing,
    Staged(Vec<Staged>),
    TooMuch,
    Unread(String),
}

impl Workspace {
    /// Saves what is staged and neither in HEAD nor in the files: one commit on each HEAD, the same one whenever the same is
    /// staged there.
    pub(super) async fn drafts(
        &self,
        site: &Site<'_>,
        reader: &Reader,
        desks: &[Desk],
        of: &Drafts<'_>,
    ) -> Result<Drafted, Error> {
        let repo = site.mirror.repo();
        let (mut out, mut room) = (Drafted::default(), of.room);
        for (n, desk) in desks.iter().enumerate() {
            let index = desk.folder.join("index");
            let mut staged = match look(self.git_dir(), index.clone()).await? {
                Look::Nothing => continue,
                Look::Staged(staged) => staged,
                Look::TooMuch => {
                    out.leave_out(&index, Why::TooMany, 0);
                    continue;
                }
                Look::Unread(why) => {
                    out.miss(why);
                    continue;
                }
            };
            let head = desk.head.as_ref().unwrap_or(self.base());
            let there = entries(site, &[head, self.base()]).await?;
            let is = |others: &[Entry]| staged.iter().map(|one| &one.entry).eq(others);
            if is(&there) {
                continue;
            }
            out.staged = true;
            if is(of.files) {
                continue;
            }
            let lacking = lacking(repo, &staged)?;
            for big in cut(&mut staged, &lacking, &mut room) {
                out.leave_out(&index.join(&big.entry.path), Why::TooMuch, big.bytes);
            }
            let below = format!("{}staged/{n}", of.saving);
            let why = bring(site, reader, self::lacking(repo, &staged)?, &below).await?;
            let missing = self::lacking(repo, &staged)?;
            if let Some(one) = staged.iter().find(|one| missing.contains(&one.entry.content)) {
                let none = || format!("`{}` is no file's content", one.entry.path.display());
                out.miss(why.unwrap_or_else(none));
            }
            staged.retain(|one| !missing.contains(&one.entry.content));
            let entries: Vec<Entry> = staged.into_iter().map(|one| one.entry).collect();
            let message = message(of.run, &desk.folder);
            // It depends on nothing but what is saved, so that the same is saved once.
            let (at, parents) = (repo.commit(self.base())?.time, std::slice::from_ref(head));
            let new = Snapshot { entries: &entries, parents, by: of.by, at, message: &message };
            out.commits.push(repo.write_snapshot(&new)?);
        }
        Ok(out)
    }
}

impl Drafted {
    fn leave_out(&mut self, below: &Path, why: Why, bytes: u64) {
        self.left_out.push(LeftOut { path: Path::new(".git").join(below), why, bytes });
    }

    fn miss(&mut self, why: String) {
        self.unread.get_or_insert_with(|| format!("what is staged can't be read: {why}"));
    }
}

/// What is staged, as the file of a working tree tells.
async fn look(git_dir: PathBuf, index: PathBuf) -> Result<Look, Error> {
    let read = move || match Beneath::open(&git_dir).and_then(|root| root.read(&index, MAX_INDEX)) {
        Ok(bytes) => match staged(&bytes) {
            Ok(staged) if staged.len() > MAX_TRACKED => Look::TooMuch,
            Ok(staged) => Look::Staged(staged),
            Err(why) => Look::Unread(why),
        },
        Err(error) if error.is_not_found() => Look::Nothing,
        Err(fs::Error::TooLarge { .. }) => Look::TooMuch,
        Err(error) => Look::Unread(error.to_string()),
    };
    match spawn_blocking(read).await {
        Err(broken) if broken.is_panic() => Ok(Look::Unread("whoever reads it breaks down".to_owned())),
        other => Ok(other?),
    }
}

/// The contents that the mirror doesn't have. What another repository's commit is, isn't one.
fn lacking(repo: &Repo, staged: &[Staged]) -> Result<BTreeSet<Content>, Error> {
    let mut out = BTreeSet::new();
    for one in staged.iter().filter(|one| one.entry.kind != Kind::Repository) {
        if !repo.has_content(one.entry.content)? {
            out.insert(one.entry.content);
        }
    }
    Ok(out)
}

/// Takes out what is more than there is room for, of what is lacking: the biggest first.
fn cut(staged: &mut Vec<Staged>, lacking: &BTreeSet<Content>, room: &mut u64) -> Vec<Staged> {
    let new = staged.iter().map(|one| (one.bytes, one.entry.content));
    let new: BTreeSet<(u64, Content)> = new.filter(|(_, content)| lacking.contains(content)).collect();
    let mut too_big = BTreeSet::new();
    for (bytes, content) in new {
        match room.checked_sub(bytes) {
            Some(left) => *room = left,
            None => drop(too_big.insert(content)),
        }
    }
    staged.extract_if(.., |one| too_big.contains(&one.entry.content)).collect()
}

/// Fetches contents. Why some of them couldn't be read.
async fn bring(
    site: &Site<'_>,
    reader: &Reader,
    contents: BTreeSet<Content>,
    below: &str,
) -> Result<Option<String>, Error> {
    let named = contents.into_iter().enumerate();
    let wanted: Vec<_> = named.map(|(n, content)| (content.to_string(), format!("{below}/{n}"))).collect();
    let (mut patience, mut why) = (Patience::reading(), None);
    for some in wanted.chunks(MAX_TIPS) {
        why = why.or(fetch((site, reader), some, Missing::Tell, &mut patience).await?);
    }
    Ok(why)
}

fn message(run: &RunId, folder: &Path) -> String {
    let place = folder
        .file_name()
        .map(|name| format!(" in the linked working tree `{}`", name.to_string_lossy().escape_debug()));
    format!("What the run {run} had staged{}\n", place.unwrap_or_default())
}
