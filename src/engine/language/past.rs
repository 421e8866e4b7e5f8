//! What became of an anchor that leads nowhere, from the commits in which it did.

use std::collections::BTreeMap;

use crate::adapters::git::{Commit, Repo};
use crate::language::code::Resolution;
use crate::model::CommitId;
use crate::model::language::{Anchor, Language};
use crate::symbols::{Index, Verdict, classify};

use super::shelf::Left;
use super::symbols::{Error, Library, Symbols, declared};
use super::tree::Tree;

/// How many commits are looked through for the one in which an anchor still led somewhere.
const COMMITS: usize = 5_000;
/// How many changes of its file.
const CHANGES: usize = 8;
/// How often what an anchor leads to may have been moved or renamed.
const STEPS: usize = 16;
/// Code as earlier commits had it.
pub(super) struct Past<'a> {
    library: &'a Library,
    repo: &'a Repo,
    head: &'a CommitId,
    /// With the folders in which code may have been.
    language: &'a Language,
    trees: BTreeMap<CommitId, Index>,
}

impl<'a> Past<'a> {
    /// Nothing of it is read yet.
    pub(super) fn new(
        library: &'a Library,
        repo: &'a Repo,
        head: &'a CommitId,
        language: &'a Language,
    ) -> Self {
        Self { library, repo, head, language, trees: BTreeMap::new() }
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
        let changes = self.repo.changes_of(self.head, at.path(), COMMITS, CHANGES)?;
        let newer = changes.into_iter().take_while(|change| Some(&change.id) != since);
        let steps = newer.flat_map(|Commit { id, parents, .. }| {
            parents.into_iter().map(move |parent| (parent, Some(id.clone())))
        });
        let steps: Vec<(CommitId, Option<CommitId>)> =
            std::iter::once((self.head.clone(), None)).chain(steps).collect();
        for (before, after) in steps {
            self.read(symbols, &before).await?;
            if self.trees.get(&before).is_some_and(|before| before.resolve(at).is_some()) {
                if let Some(after) = &after {
                    self.read(symbols, after).await?;
                }
                return Ok(Some((before, after)));
            }
        }
        Ok(None)
    }

    /// Reads the code of a commit, once.
    async fn read(&mut self, symbols: &Symbols, commit: &CommitId) -> Result<(), Error> {
        if !self.trees.contains_key(commit) {
            let tree = Tree::commit(self.repo, commit)?;
            let (record, _) = self.library.record(&tree, self.language, symbols.record(), &mut Left::default()).await?;
            self.trees.insert(commit.clone(), record.index(declared(self.language)));
        }
        Ok(())
    }
}
