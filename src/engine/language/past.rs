//! What became of an anchor that leads nowhere, from the commits in which it did.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use tokio_util::sync::CancellationToken;

use crate::adapters::git::{self, Bound, Commit, Content, Repo};
use crate::language::code::Resolution;
use crate::model::CommitId;
use crate::model::language::{Anchor, Language};
use crate::symbols::{FileChange, Index, TreeRecord, Verdict, classify};

use super::shelf::Left;
use super::symbols::{Error, Library, Sources, Symbols, declared};
use super::tree::Tree;

/// How many commits are looked through for the one in which an anchor still led somewhere.
const COMMITS: usize = 5_000;
/// How many changes of its file.
const CHANGES: usize = 20;
/// How often what an anchor leads to may have been moved or renamed.
const STEPS: usize = 16;
/// How many commits are kept at hand.
const AT_HAND: usize = 16;

/// The most files that a commit may change to be looked at for a file that was moved.
const MOST_CHANGES: usize = 20_000;
/// The most bytes of their names.
const MOST_NAMES: usize = 4 << 20;
/// The most bytes of a file that is compared line by line.
const MOST_BYTES: usize = 256 << 10;
/// The most files that are compared so.
const MOST_COMPARED: usize = 50;
/// How much of 1,000 of a file is the same, at least, where it was moved and changed at once; …
const ALIKE: usize = 500;
/// … and how much less the next one may be like it.
const MARGIN: usize = 200;

/// Where a file that isn't there was moved to: followed from the commit that took it away to what that one added, which is there now
/// or was moved again. `None`: it never was there, or nothing is clearly what it became.
pub(super) fn moved(
    repo: &Repo,
    head: &CommitId,
    path: &str,
    there: &BTreeSet<String>,
) -> Result<Option<String>, Error> {
    let mut at = path.to_owned();
    for _ in 0..STEPS {
        let Some(to) = moved_once(repo, head, &at)? else { return Ok(None) };
        if there.contains(&to) {
            return Ok(Some(to));
        }
        at = to;
    }
    Ok(None)
}

/// What the last commit that took a file away has in its place.
fn moved_once(repo: &Repo, head: &CommitId, path: &str) -> Result<Option<String>, Error> {
    for most in [1, CHANGES] {
        for Commit { id, parents, .. } in repo.changes_of(head, path, COMMITS, most)? {
            // Beside the one that took it away, others may have changed it later.
            if repo.content_at(&id, path)?.is_some() {
                continue;
            }
            for parent in parents {
                if repo.content_at(&parent, path)?.is_some() {
                    return moved_in(repo, &parent, &id, path);
                }
            }
        }
    }
    Ok(None)
}

/// Whether no commit up to `head` has anything at a path.
pub(super) fn never_was(repo: &Repo, head: &CommitId, path: &str) -> Result<bool, Error> {
    Ok(repo.changes_of(head, path, COMMITS, 1)?.is_empty())
}

/// What a commit has in the place of a file that its parent had.
fn moved_in(repo: &Repo, parent: &CommitId, commit: &CommitId, path: &str) -> Result<Option<String>, Error> {
    let Some(content) = repo.content_at(parent, path)? else { return Ok(None) };
    let mut bound = Bound::new(MOST_CHANGES, MOST_NAMES, &CancellationToken::new());
    let changes = match repo.changes(std::slice::from_ref(parent), commit, &mut bound) {
        Err(git::Error::TooMuch) => return Ok(None),
        changes => changes?,
    };
    let added = changes.into_iter().filter(|change| change.was.is_none());
    let added: Vec<(String, Content)> =
        added.filter_map(|it| Some((it.path.into_os_string().into_string().ok()?, it.now?.1))).collect();
    let same: Vec<&String> =
        added.iter().filter(|(_, other)| *other == content).map(|(path, _)| path).collect();
    match same.as_slice() {
        [one] => return Ok(Some((*one).clone())),
        [_, ..] => return Ok(None),
        [] => {}
    }
    let Some(text) = text_of(repo, content)? else { return Ok(None) };
    let end = |path: &str| path.rsplit_once('.').map(|(_, end)| end.to_owned());
    let mut alike: Vec<(usize, String)> = Vec::new();
    let like_it: Vec<_> = added.into_iter().filter(|(other, _)| end(other) == end(path)).collect();
    // Among some of them only, nobody knows which is the likest.
    if like_it.len() > MOST_COMPARED {
        return Ok(None);
    }
    for (other, content) in like_it {
        if let Some(now) = text_of(repo, content)? {
            alike.push((likeness(&text, &now), other));
        }
    }
    alike.sort_by_key(|(share, _)| std::cmp::Reverse(*share));
    let next = alike.get(1).map_or(0, |(share, _)| *share);
    Ok(alike
        .into_iter()
        .next()
        .filter(|(share, _)| *share >= ALIKE && share - next >= MARGIN)
        .map(|(_, to)| to))
}

/// How much of two texts is the same, of 1,000: the lines that both have, wherever they stand, as Git knows a file that was
/// renamed by what both versions have.
fn likeness(one: &str, other: &str) -> usize {
    let mut lines: HashMap<&str, usize> = HashMap::new();
    for line in one.lines() {
        *lines.entry(line).or_default() += 1;
    }
    let (mut both, mut all) = (0_usize, one.lines().count());
    for line in other.lines() {
        all += 1;
        if let Some(left) = lines.get_mut(line).filter(|left| **left > 0) {
            *left -= 1;
            both += 1;
        }
    }
    (2_000 * both).checked_div(all).unwrap_or(1_000)
}

/// A content, where it is a text that is compared line by line.
fn text_of(repo: &Repo, content: Content) -> Result<Option<String>, Error> {
    let bytes = repo.read_content(content)?;
    Ok(if bytes.len() > MOST_BYTES { None } else { String::from_utf8(bytes).ok() })
}

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
    /// What commits have in the place of files that they took away.
    moved: BTreeMap<(CommitId, String), Option<String>>,
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
        let (seen, moved) = (TreeRecord::default(), BTreeMap::new());
        Self { library, repo, head, language, trees, order, seen, moved }
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
            let history = self.moved(&before, after.as_ref(), &at)?;
            let then = self.trees.get(&before);
            let at_once = after.as_ref().and_then(|after| self.trees.get(after));
            let at_once = at_once.map(|after| classify(&at, then, after, &history));
            let verdict = at_once
                .filter(|verdict| matches!(verdict, Verdict::Moved { .. } | Verdict::Renamed { .. }))
                .unwrap_or_else(|| classify(&at, then, symbols.index(), &history));
            let to = match verdict {
                Verdict::Moved { to } | Verdict::Renamed { to, .. } => to,
                Verdict::Ambiguous { candidates } => return Ok(Some(Resolution::Ambiguous(candidates))),
                Verdict::Gone => {
                    let defined = then.and_then(|then| then.resolve(&at)).map(|found| found.definition);
                    let left = match (defined, &after) {
                        (Some(defined), Some(after)) => moved_in(self.repo, &before, after, defined.path())?
                            .and_then(|to| symbols.unread(&to).map(|why| (defined, why))),
                        (Some(_) | None, _) => None,
                    };
                    return Ok(Some(left.map_or(Resolution::Gone, |(defined, why)| {
                        Resolution::Unindexed(format!("`{}` was moved: {why}", defined.path()))
                    })));
                }
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
                // A branch may have changed it after another one took it away, by the dates that they have.
                if self.has(symbols, id, at).await? {
                    continue;
                }
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

    /// That the file of an anchor was moved by the commit that took it away, if it was.
    fn moved(
        &mut self,
        before: &CommitId,
        after: Option<&CommitId>,
        at: &Anchor,
    ) -> Result<Vec<FileChange>, Error> {
        let Some(after) = after else { return Ok(Vec::new()) };
        if self.trees.get(after).is_none_or(|index| index.file(at.path()).is_some()) {
            return Ok(Vec::new());
        }
        let key = (after.clone(), at.path().to_owned());
        let to = match self.moved.get(&key) {
            Some(to) => to.clone(),
            None => moved_in(self.repo, before, after, at.path())?,
        };
        self.moved.insert(key, to.clone());
        let change = |to| FileChange { commit: after.to_string(), from: at.path().to_owned(), to };
        Ok(to.map(change).into_iter().collect())
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
            let sources = Sources::of(&tree, self.language);
            let (record, is_new) = self.library.record(&tree, sources, &self.seen, &mut left).await?;
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

#[cfg(test)]
mod tests {
    use super::likeness;

    #[test]
    fn texts_are_as_alike_as_the_lines_that_both_have() {
        for (one, other, expected) in [
            ("a\nb\nc\nd\n", "a\nb\nc\nd\n", 1_000),
            ("a\nb\nc\nd\n", "d\nc\nb\na\n", 1_000),
            ("a\nb\nc\nd\n", "a\nb\nx\ny\n", 500),
            ("a\na\na\n", "a\n", 500),
            ("a\n", "b\n", 0),
            ("", "", 1_000),
        ] {
            assert_eq!(likeness(one, other), expected, "{one:?} {other:?}");
        }
    }
}
