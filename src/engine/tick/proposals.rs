//! The facets that are read from the config repository itself: pull requests to it with the config on both of
//! their sides, its rejected head, and live flips with the pull requests that propose them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use jiff::civil::Date;

use crate::adapters::git::{Access, Mirror, Refs, Repo};
use crate::adapters::github::{Client, Error, Identity};
use crate::desired::{Spelling, edit};
use crate::model::{
    Address, Broken, Cause, CommitId, ConfigHead, ConfigPull, Desired, Facet, Gap, Observed, OpenFlip,
    ProposedFile, RepoName,
};
use crate::observed::{self, Closing, OwnPull, PullSeen};

use crate::adapters::said;
use crate::engine::config::{AS_IT_WAS, Rejected, day, load};
use crate::engine::switches::{Flip, Switchboard};

/// The largest config file that a flip edits.
const MAX_FILE: u64 = 4 << 20;
/// The branches of flips.
const FLIPS: &str = "factory/flip/";

type Config = Result<Arc<Desired>, Broken>;

/// Configs by commit and the day by which they were judged, so that a pull request's are loaded once.
#[derive(Debug, Default)]
pub(crate) struct Loads(Mutex<BTreeMap<(CommitId, Date), Config>>);

/// What the facets are read with.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    /// GitHub.
    pub client: &'a Client,
    /// The config repository there.
    pub repo: &'a RepoName,
    /// Our copy of it.
    pub mirror: &'a Mirror,
    /// What git needs to reach it.
    pub access: &'a Access,
    /// Its branch that is in force.
    pub branch: &'a str,
    /// The config in force.
    pub desired: &'a Desired,
    /// The time.
    pub now: Timestamp,
}

/// What reading the flips tells besides.
#[derive(Debug, Default)]
pub(crate) struct FlipsSeen {
    /// Flips whose pull request was closed, or merged and is in force.
    pub(crate) ended: Vec<Flip>,
    /// Branches that have a pull request, and its number where it was seen.
    pub(crate) proposed: Vec<(String, Option<u64>)>,
    /// Branches whose proposal, untouched by people, can't be merged into the config branch any more.
    pub(crate) conflicting: Vec<String>,
    /// Branches of flips that are over of which nothing is left.
    pub(crate) gone: Vec<String>,
}

impl Reading<'_> {
    /// The open pull requests to the config. What keeps any of it from being read is a gap in all of it.
    pub(crate) async fn pulls(&self, loads: &Arc<Loads>, observed: &mut Observed) {
        match self.read_pulls(loads).await {
            Ok(pulls) => observed.config_pulls = pulls,
            Err(gap) => observed.gaps.push(gap.of(Facet::ConfigPulls)),
        }
    }

    async fn read_pulls(&self, loads: &Arc<Loads>) -> Result<Vec<ConfigPull>, Trouble> {
        let seen = observed::config_pulls(self.client, self.repo, self.branch).await?;
        if seen.is_empty() {
            loads.keep(&[]);
            return Ok(Vec::new());
        }
        self.mirror.fetch(self.access, &[Refs::Branch(self.branch.to_owned()), Refs::Pulls]).await?;
        let (repo, branch, now) = (self.mirror.repo().clone(), self.branch.to_owned(), self.now);
        let loads = Arc::clone(loads);
        let read = tokio::task::spawn_blocking(move || {
            let head = repo.branch_head(&branch)?;
            let pulls: Vec<ConfigPull> =
                seen.into_iter().map(|pull| loads.pull(&repo, head.as_ref(), pull, now)).collect();
            Ok::<_, crate::adapters::git::Error>(pulls)
        });
        Ok(read.await.map_err(|error| Trouble { why: error.to_string(), cause: Cause::Other })??)
    }

    /// The head of the branch, which was rejected: what the factory said of it.
    pub(crate) async fn head(&self, rejected: &Rejected, observed: &mut Observed) {
        match self.read_head(rejected).await {
            Ok(head) => observed.config_head = head,
            Err(error) => observed.gaps.push(Trouble::from(error).of(Facet::ConfigPulls)),
        }
    }

    async fn read_head(&self, rejected: &Rejected) -> Result<Option<ConfigHead>, Error> {
        let identity = self.client.identity(self.repo.owner()).await?;
        let checks = matches!(identity, Identity::App { .. });
        let check = match observed::own_check(self.client, self.repo, &rejected.commit, &identity).await {
            Ok(check) => check,
            // A commit that was made here and is not on GitHub (yet).
            Err(error) if error.is_absent() || error.status() == Some(422) => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(Some(ConfigHead { commit: rejected.commit.clone(), why: rejected.why.clone(), check, checks }))
    }

    /// The live flips, and what is left of those that are over; and which of them have ended because their pull
    /// request was merged or closed, and of which nothing is left.
    pub(crate) async fn flips(&self, board: &Switchboard, observed: &mut Observed) -> FlipsSeen {
        let mut seen = FlipsSeen::default();
        match self.read_flips(&board.flips(), &board.over(), &mut seen).await {
            Ok(open) => observed.flips = open,
            Err(gap) => {
                observed.gaps.push(gap.of(Facet::Flips));
                seen = FlipsSeen::default();
            }
        }
        seen
    }

    async fn read_flips(
        &self,
        flips: &[Flip],
        over: &[String],
        seen: &mut FlipsSeen,
    ) -> Result<Vec<OpenFlip>, Trouble> {
        if flips.is_empty() && over.is_empty() {
            return Ok(Vec::new());
        }
        let pulls = observed::own_pulls(self.client, self.repo, FLIPS).await?;
        self.mirror.fetch(self.access, &[Refs::Branches]).await?;
        let repo = self.mirror.repo();
        let Some(head) = repo.branch_head(self.branch)? else {
            let why = format!("the config repository on GitHub has no branch `{}`", self.branch);
            return Err(Trouble { why, cause: Cause::Other });
        };
        let mut open = Vec::new();
        for flip in flips {
            let branch = flip.branch.clone();
            let pull = pulls.iter().find(|pull| pull.branch == branch);
            if pull.is_none() && flip.proposed {
                match observed::ending(self.client, self.repo, &branch, flip.pull).await? {
                    None => {}
                    // Until the merge is in force the flip is all that holds.
                    Some(Closing::Merged(merge)) if !self.in_force(repo, &merge)? => continue,
                    Some(Closing::Merged(_) | Closing::Closed) => {
                        seen.ended.push(flip.clone());
                        continue;
                    }
                }
            }
            // What is proposed is the one edit: on the state that the branch began from, however the config went on.
            let began = match pull {
                Some(pull) => repo.merge_base(&head, &pull.head)?.unwrap_or_else(|| head.clone()),
                None => head.clone(),
            };
            let edited = self.edited(repo, &began, flip)?;
            let said = matches!(edited, Edited::Said);
            let files = if let Edited::Files(files) = edited { files } else { Vec::new() };
            let pull = match pull {
                Some(OwnPull { number, head: at, base, .. }) => {
                    seen.proposed.push((branch.clone(), Some(*number)));
                    // One that aims at another branch is of a time when that was the config branch.
                    let elsewhere = *base != self.branch;
                    let there = elsewhere || proposes(repo, at, &files)?;
                    // With a person's commit on it, it is theirs.
                    let ours_alone = repo.first_parents(at, 2)?.get(1) == Some(&began);
                    let there = there || !ours_alone;
                    if there
                        && ours_alone
                        && (elsewhere || self.mirror.merges(self.access, &head, at).await? == Some(false))
                    {
                        seen.conflicting.push(branch.clone());
                    }
                    Some((*number, there))
                }
                None => None,
            };
            let Some(address) = flip.plain_address() else { continue };
            open.push(OpenFlip {
                branch,
                address,
                on: flip.on,
                until: flip.switch.until,
                in_force: true,
                files,
                said,
                reason: flip.switch.reason.clone(),
                by: flip.switch.by.clone(),
                base: (self.branch.to_owned(), head.clone()),
                pull,
            });
        }
        for branch in over {
            let pull = pulls.iter().find(|pull| pull.branch == *branch).map(|pull| pull.number);
            if pull.is_none() && repo.branch_head(branch)?.is_none() {
                seen.gone.push(branch.clone());
            } else {
                open.push(self.over(branch.clone(), pull, &head));
            }
        }
        Ok(open)
    }

    /// Whether the config in force contains a commit.
    fn in_force(&self, repo: &Repo, commit: &CommitId) -> Result<bool, Trouble> {
        let Some(current) = &self.desired.origin.commit else { return Ok(false) };
        Ok(repo.has(current)?
            && repo.has(commit)?
            && repo.merge_base(current, commit)?.as_ref() == Some(commit))
    }

    /// What a flip that is over has left: a pull request, or a branch alone.
    fn over(&self, branch: String, pull: Option<u64>, head: &CommitId) -> OpenFlip {
        OpenFlip {
            address: Address::repo(self.repo).part("branch", &branch),
            branch,
            on: false,
            until: None,
            in_force: false,
            files: Vec::new(),
            said: false,
            reason: String::new(),
            by: String::new(),
            base: (self.branch.to_owned(), head.clone()),
            pull: pull.map(|number| (number, true)),
        }
    }

    /// The config file in which the flip is written, with the flip in it.
    fn edited(&self, repo: &Repo, head: &CommitId, flip: &Flip) -> Result<Edited, Trouble> {
        let name = flip.address.strip_prefix("loop/");
        let written = name.and_then(|name| self.desired.loops.get(name)).map(|l| l.source.file.to_string());
        let root = self.desired.factory.source.as_ref().map(|s| s.file.to_string());
        let path = written.or(root).unwrap_or_else(|| "factory.kdl".to_owned());
        let Some(bytes) = repo.file_at(head, &path, MAX_FILE)? else { return Ok(Edited::Nowhere) };
        let Ok(text) = String::from_utf8(bytes) else { return Ok(Edited::Nowhere) };
        let spelling = if std::path::Path::new(&path).extension().is_some_and(|e| e == "toml") {
            Spelling::Toml
        } else {
            Spelling::Kdl
        };
        let (reason, until) = (flip.switch.reason.as_str(), flip.switch.until.map(|t| t.to_string()));
        let edited = match name {
            Some(name) => {
                let flip =
                    edit::Flip { name, enabled: flip.on, reason: Some(reason), until: until.as_deref() };
                edit::set_loop(&text, spelling, &flip)
            }
            None => edit::protect(&text, spelling, &flip.address, reason, until.as_deref()),
        };
        match edited {
            Ok(edited) if edited == text => Ok(Edited::Said),
            Ok(text) => Ok(Edited::Files(vec![ProposedFile { path, text }])),
            Err(error) => {
                tracing::warn!(address = flip.address, %error, "a live flip can't be written into the config");
                Ok(Edited::Nowhere)
            }
        }
    }
}

/// What became of writing a flip into config.
enum Edited {
    /// The file with the flip in it.
    Files(Vec<ProposedFile>),
    /// Config says so already.
    Said,
    /// There is no place for it, or nobody knows how to write it.
    Nowhere,
}

/// Whether a commit has these files already.
fn proposes(repo: &Repo, at: &CommitId, files: &[ProposedFile]) -> Result<bool, crate::adapters::git::Error> {
    for file in files {
        if repo.file_at(at, &file.path, MAX_FILE)?.as_deref() != Some(file.text.as_bytes()) {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Loads {
    fn pull(&self, repo: &Repo, branch: Option<&CommitId>, seen: PullSeen, now: Timestamp) -> ConfigPull {
        let base = match branch.map(|branch| repo.merge_base(&seen.head, branch)) {
            Some(Ok(Some(base))) => self.get(repo, &base, AS_IT_WAS),
            Some(Ok(None)) => Err(unread("it has no history in common with the config branch".to_owned())),
            Some(Err(error)) => Err(unread(said(&error))),
            None => Err(unread("the config branch is not on GitHub".to_owned())),
        };
        let proposed = self.get(repo, &seen.head, day(now));
        ConfigPull {
            number: seen.number,
            head: seen.head,
            base,
            proposed,
            comments: seen.comments,
            check: seen.check,
            checks: seen.checks,
            from_fork: seen.branch.is_none(),
        }
    }

    fn get(&self, repo: &Repo, commit: &CommitId, today: Date) -> Config {
        let mut loads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        loads.entry((commit.clone(), today)).or_insert_with(|| read(repo, commit, today)).clone()
    }

    /// Forgets all others.
    fn keep(&self, commits: &[&CommitId]) {
        let mut loads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        loads.retain(|(commit, _), _| commits.contains(&commit));
    }
}

fn read(repo: &Repo, commit: &CommitId, today: Date) -> Config {
    let files = repo.config_files_at(commit).map_err(|error| unread(said(&error)))?;
    match load(files, today) {
        Ok(loaded) => Ok(Arc::new(loaded.desired)),
        Err(invalid) => Err(invalid.broken()),
    }
}

/// A config that could not even be read.
fn unread(why: String) -> Broken {
    Broken { details: why.clone(), why }
}

/// Why a facet can't be read.
struct Trouble {
    why: String,
    cause: Cause,
}

impl Trouble {
    fn of(self, facet: Facet) -> Gap {
        Gap { facet, repo: None, why: self.why, cause: self.cause }
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self { why: error.to_string(), cause: observed::cause(&error) }
    }
}

impl From<crate::adapters::git::Error> for Trouble {
    #[expect(clippy::wildcard_enum_match_arm, reason = "git's other failures are no matter of permission")]
    fn from(error: crate::adapters::git::Error) -> Self {
        let cause = match &error {
            crate::adapters::git::Error::Auth { .. } => Cause::Auth,
            _ => Cause::Other,
        };
        Self { why: said(&error), cause }
    }
}
