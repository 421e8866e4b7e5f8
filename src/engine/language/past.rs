//! What became of an anchor that leads nowhere, from the commits in which it did.

use std::collections::{BTreeMap, VecDeque};

use crate::adapters::git::{Commit, Repo};
use crate::language::code::Resolution;
use crate::model::CommitId;
use crate::model::language::{Anchor, Language};
use crate::symbols::{Index, TreeRecord, Verdict, classify};

use super::shelf::Left;
use super::symbols::{Error, Library, Symbols, declared};
use super::tree::Tree;

/// How many commits are looked through for the one in which an anchor still led somewhere.
const COMMITS: usize = 5_000;
/// How many changes of its file.
const CHANGES: usize = 8;
/// How often what an anchor leads to may have been moved or renamed.
const STEPS: usize = 16;
/// How many commits are kept at hand.
const AT_HAND: usize = 16;

/// Code as earlier commits had it.
pub(super) struct Past<'a> {
    library: &'a Library,
    repo: &'a Repo,
    head: &'a CommitId,
    /// With the folders in which code may have been.
    language: &'a Language,
    /// Those that were looked at last.
    trees: BTreeMap<CommitId, Index>,
    /// Their order.
    order: VecDeque<CommitId>,
    /// All that was read.
    seen: TreeRecord,
}

impl<'a> Past<'a> {
    /// Nothing of it is read yet.
    pub(super) fn new(
        library: &'a Library,
        repo: &'a Repo,
        head: &'a CommitId,
        language: &'a Language,
    ) -> Self {
        let (trees, order) = (BTreeMap::new(), VecDeque::new());
        Self { library, repo, head, language, trees, order, seen: TreeRecord::default() }
    }

    /// Follows an anchor from the last commit in which it led somewhere, from each that changed that to the next, until it
    /// leads somewhere now: what one commit did is clearer than what many did together. `None`: it never led anywhere.
    pub(super) async fn follow(
        &mut self,
        symbols: &Symbols,
        anchor: &Anchor,
    ) -> Result<Option<Resolution>, Error> {
        let (mut at, mut since, mut renamed_by) = (anchor.clone(), None, String::new());
        for step in 0..STEPS {
            let Some((before, after)) = self.lost(symbols, &at, since.as_ref()).await? else {
                // What a commit made of it was lost in another that isn't seen.
                return Ok((step > 0).then_some(Resolution::Gone));
            };
            let then = self.trees.get(&before);
            let at_once = after.as_ref().and_then(|after| self.trees.get(after));
            let at_once = at_once.map(|after| classify(&at, then, after, &[]));
            let verdict = at_once
                .filter(|verdict| matches!(verdict, Verdict::Moved { .. } | Verdict::Renamed { .. }))
                .unwrap_or_else(|| classify(&at, then, symbols.index(), &[]));
            let to = match verdict {
                Verdict::Moved { to } | Verdict::Renamed { to, .. } => to,
                Verdict::Ambiguous { candidates } => return Ok(Some(Resolution::Ambiguous(candidates))),
                Verdict::Gone => return Ok(Some(Resolution::Gone)),
            };
            if to.symbol() != at.symbol() {
                renamed_by = after.as_ref().map_or_else(String::new, |commit| commit.as_str().to_owned());
            }
            if symbols.index().resolve(&to).is_some() {
                let same = to.symbol() == anchor.symbol();
                return Ok(Some(if same {
                    Resolution::Moved(to)
                } else {
                    Resolution::Renamed { to, commit: renamed_by }
                }));
            }
            (at, since) = (to, after);
        }
        Ok(Some(Resolution::Gone))
    }

    /// The last commit in which an anchor led somewhere, and the one after it; none: what isn't committed. Only what came after
    /// a commit is looked at, where one is given.
    async fn lost(
        &mut self,
        symbols: &Symbols,
        at: &Anchor,
        since: Option<&CommitId>,
    ) -> Result<Option<(CommitId, Option<CommitId>)>, Error> {
        if self.has(symbols, &self.head.clone(), at).await? {
            return Ok(Some((self.head.clone(), None)));
        }
        let mut looked = 0;
        // Mostly it is the last change of its file, and all of them are only to be had at the price of all of history.
        for most in [1, CHANGES] {
            let changes = self.repo.changes_of(self.head, at.path(), COMMITS, most)?;
            let found = changes.len();
            let newer: Vec<Commit> =
                changes.into_iter().take_while(|change| Some(&change.id) != since).collect();
            for Commit { id, parents, .. } in &newer[looked.min(newer.len())..] {
                for before in parents {
                    if self.has(symbols, before, at).await? {
                        self.read(symbols, id).await?;
                        return Ok(Some((before.clone(), Some(id.clone()))));
                    }
                }
            }
            // There are no more, or they came before.
            if found < most || newer.len() < found {
                return Ok(None);
            }
            looked = newer.len();
        }
        Ok(None)
    }

    /// Whether an anchor led somewhere in a commit.
    async fn has(&mut self, symbols: &Symbols, commit: &CommitId, at: &Anchor) -> Result<bool, Error> {
        self.read(symbols, commit).await?;
        Ok(self.trees.get(commit).is_some_and(|index| index.resolve(at).is_some()))
    }

    /// Reads the code of a commit, unless that is at hand. What was read for another commit isn't read again.
    async fn read(&mut self, symbols: &Symbols, commit: &CommitId) -> Result<(), Error> {
        if self.trees.contains_key(commit) {
            self.order.retain(|it| it != commit);
        } else {
            if self.seen.entries.is_empty() {
                self.seen = symbols.record().clone();
            }
            let tree = Tree::commit(self.repo, commit)?;
            let mut left = Left::default();
            let (record, is_new) = self.library.record(&tree, self.language, &self.seen, &mut left).await?;
            self.trees.insert(commit.clone(), record.index(declared(self.language)));
            if is_new {
                let fresh = record.beyond(&self.seen.entries);
                self.seen.entries.extend(fresh.entries);
            }
        }
        self.order.push_back(commit.clone());
        if self.order.len() > AT_HAND
            && let Some(oldest) = self.order.pop_front()
        {
            self.trees.remove(&oldest);
        }
        Ok(())
    }
}
