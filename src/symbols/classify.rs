//! What became of an anchor that broke: moved, renamed, ambiguous, or gone.
//!
//! It never guesses. A definition is only taken for the lost one if it is new, its text is like the lost one's by a
//! clear margin over every other new definition, no other lost definition is as much like it, and its members haven't gone to
//! several. Whatever falls short of that is told as ambiguous, with the candidates, and left to a person.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::language::Anchor;

use super::file::{Definition, FileSymbols, Kind};
use super::index::Index;
use super::layout::join;

/// A definition with the same names elsewhere must be at least this similar.
const MOVED_FLOOR: f32 = 0.4;

/// A definition with another name in the same file must be at least this similar.
const RENAMED_FLOOR: f32 = 0.6;

/// The same of a text with fewer tokens than [`LONG_TOKENS`]: types of a few fields have much in common with others of their kind.
const SHORT_FLOOR: f32 = 0.75;

/// So many tokens make a text long enough to be known by a part of it.
const LONG_TOKENS: u32 = 80;

/// By how much the best must be better than every other explanation.
const MARGIN: f32 = 0.15;

/// Texts with fewer tokens say too little to tell a renamed definition from a new one, and are only alike if they are the same.
const RENAMED_TOKENS: u32 = 14;

/// Texts with fewer tokens say too little to find a definition that has another name in another file.
const ELSEWHERE_TOKENS: u32 = 40;

/// So many members of a lost definition, and at least this share of them, make another definition a part of what it became.
const PART_MEMBERS: usize = 2;

/// One in so many.
const PART_SHARE: usize = 4;

/// How deep definitions stand in one another, at most; deeper ones are not read either.
const DEPTH: u32 = 32;

/// What became of a broken anchor.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The same names, elsewhere.
    Moved {
        /// Where it is now.
        to: Anchor,
    },
    /// It has another name now, or what it stands in has.
    Renamed {
        /// Where it is now.
        to: Anchor,
        /// The commit that did it; none: several commits touched the file, and [`renaming_commit`] can tell.
        commit: Option<String>,
        /// How similar the texts are, from 0 to 1.
        similarity: f32,
    },
    /// It may be one of these, and nothing decides.
    Ambiguous {
        /// Where it may be, sorted; never empty.
        candidates: Vec<Anchor>,
    },
    /// Nothing looks like it.
    Gone,
}

/// One change of one file, as Git tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// The commit.
    pub commit: String,
    /// The path before.
    pub from: String,
    /// The path after; the same: the file changed in place.
    pub to: String,
}

/// A file as one commit left it.
#[derive(Clone, Copy, Debug)]
pub struct Revision<'f> {
    /// The commit.
    pub commit: &'f str,
    /// What the file says; none: it isn't there.
    pub file: Option<&'f FileSymbols>,
}

/// Says what became of a broken anchor.
///
/// `before` is the index of a tree in which the anchor resolved. Without it only the history of the file can tell
/// that something moved; same names elsewhere are then candidates. `history` holds the changes of files since, the
/// oldest first.
pub fn classify(broken: &Anchor, before: Option<&Index>, now: &Index, history: &[FileChange]) -> Verdict {
    let known =
        before.and_then(|before| before.resolve(broken).map(|resolved| (before, resolved.definition)));
    let Some((before, lost)) = known else { return without_memory(broken, now, history) };
    if let Some(resolved) = now.resolve(&lost) {
        // What gave it out no longer does; the definition is still there.
        return Verdict::Moved { to: resolved.definition };
    }
    Case { before, now, history }.verdict(&lost, 0)
}

/// The commit that renamed a symbol, from the revisions of its file, the oldest first: the first one that has the
/// new symbol and not the old one, after one that has the old one.
pub fn renaming_commit<'f>(from: &str, to: &str, revisions: &[Revision<'f>]) -> Option<&'f str> {
    let has =
        |revision: &Revision<'f>, symbol: &str| revision.file.is_some_and(|file| file.get(symbol).is_some());
    let mut pairs = revisions.windows(2);
    let found = pairs.find(|pair| has(&pair[0], from) && !has(&pair[1], from) && has(&pair[1], to))?;
    Some(found[1].commit)
}

fn without_memory(broken: &Anchor, now: &Index, history: &[FileChange]) -> Verdict {
    let path = follow(broken.path(), history);
    if path != broken.path()
        && let Some(to) = anchor(path, broken.symbol())
        && now.defined(&to).is_some()
    {
        return Verdict::Moved { to };
    }
    let same = now.named(broken.name()).into_iter().map(|(anchor, _)| anchor);
    ambiguous(same.filter(|anchor| anchor.symbol() == broken.symbol()).collect())
}

/// The path that a file has after its renames.
fn follow<'h>(path: &'h str, history: &'h [FileChange]) -> &'h str {
    history.iter().fold(path, |path, change| if change.from == path { &change.to } else { path })
}

fn ambiguous(mut candidates: Vec<Anchor>) -> Verdict {
    candidates.sort();
    candidates.dedup();
    if candidates.is_empty() { Verdict::Gone } else { Verdict::Ambiguous { candidates } }
}

fn anchor(path: &str, symbol: &str) -> Option<Anchor> {
    Anchor::new(path, symbol).ok()
}

/// What a symbol stands in, and its own name.
fn parts(symbol: &str) -> (&str, &str) {
    symbol.rsplit_once('.').unwrap_or(("", symbol))
}

fn inside(around: &str, name: &str) -> String {
    if around.is_empty() { name.to_owned() } else { format!("{around}.{name}") }
}

/// A definition that may be the lost one.
struct Candidate<'i> {
    at: Anchor,
    found: &'i Definition,
    renamed: bool,
    score: f32,
}

/// One tree before, one now, and what happened to files between them.
struct Case<'i> {
    before: &'i Index,
    now: &'i Index,
    history: &'i [FileChange],
}

impl<'i> Case<'i> {
    fn verdict(&self, lost: &Anchor, depth: u32) -> Verdict {
        let Some(was) = self.before.defined(lost).filter(|_| depth < DEPTH) else { return Verdict::Gone };
        let path = self.path_now(lost.path());
        let (around, name) = parts(lost.symbol());
        let owner = anchor(lost.path(), around).filter(|owner| self.before.defined(owner).is_some());
        let Some(owner) = owner else { return self.search(lost, was, &path, around) };
        if self.now.defined(&owner).is_some() {
            return self.search(lost, was, owner.path(), around);
        }
        match self.verdict(&owner, depth + 1) {
            Verdict::Moved { to } | Verdict::Renamed { to, .. } => {
                let member = anchor(to.path(), &inside(to.symbol(), name));
                let found = member.as_ref().and_then(|member| self.now.defined(member));
                match (member, found) {
                    (Some(member), Some(found)) if found.kind == was.kind => {
                        self.told(lost, was, member, found)
                    }
                    _ => self.search(lost, was, to.path(), to.symbol()),
                }
            }
            unclear @ (Verdict::Ambiguous { .. } | Verdict::Gone) => {
                if let Some((to, found)) = self.elsewhere(was) {
                    return self.told(lost, was, to, found);
                }
                let candidates = match unclear {
                    Verdict::Ambiguous { candidates } => candidates,
                    Verdict::Moved { .. } | Verdict::Renamed { .. } | Verdict::Gone => Vec::new(),
                };
                let members =
                    candidates.iter().filter_map(|at| anchor(at.path(), &inside(at.symbol(), name)));
                let mut left: Vec<Anchor> =
                    members.filter(|member| self.now.defined(member).is_some()).collect();
                left.extend(self.namesakes(lost, was));
                ambiguous(left)
            }
        }
    }

    /// The verdict that a definition is the lost one.
    fn told(&self, lost: &Anchor, was: &Definition, to: Anchor, found: &Definition) -> Verdict {
        if to.symbol() == lost.symbol() {
            return Verdict::Moved { to };
        }
        let similarity = was.fingerprint.similarity(&found.fingerprint);
        Verdict::Renamed { commit: self.only_commit(lost.path()), similarity, to }
    }

    /// Looks for a lost definition: in its file of now under its own name, anywhere under its own names, in a place
    /// under another name, and at last anywhere with the very same text.
    fn search(&self, lost: &Anchor, was: &Definition, path: &str, around: &str) -> Verdict {
        let new_path = self.path_now(lost.path());
        if new_path != lost.path()
            && let Some(to) = anchor(&new_path, lost.symbol())
            && self.before.defined(&to).is_none()
            && self.now.defined(&to).is_some_and(|found| found.kind == was.kind)
        {
            return Verdict::Moved { to };
        }
        let mut candidates = self.moved(lost, was);
        candidates.extend(self.renamed(lost, was, path, around));
        candidates.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.at.cmp(&b.at)));
        if let Some(best) = self.decide(lost, was, &candidates) {
            let mut parts = self.other_parts(lost, was, Some(&best.at));
            if parts.is_empty() {
                return self.told(lost, was, best.at.clone(), best.found);
            }
            parts.push(best.at.clone());
            return ambiguous(parts);
        }
        if let Some((to, found)) =
            self.elsewhere(was).filter(|_| candidates.iter().all(|c| c.score < RENAMED_FLOOR))
        {
            return self.told(lost, was, to, found);
        }
        let mut left: Vec<Anchor> = candidates
            .into_iter()
            .filter(|candidate| !candidate.renamed || candidate.score >= RENAMED_FLOOR)
            .map(|candidate| candidate.at)
            .collect();
        left.extend(self.copies(lost, was));
        left.extend(self.other_parts(lost, was, None));
        left.extend(self.namesakes(lost, was));
        ambiguous(left)
    }

    /// New definitions with the same names and of the same kind, in files that aren't the new paths of other files
    /// that had them.
    fn moved(&self, lost: &Anchor, was: &Definition) -> Vec<Candidate<'i>> {
        let same = self.now.named(lost.name()).into_iter();
        same.filter(|(at, found)| at.symbol() == lost.symbol() && found.kind == was.kind && self.is_new(at))
            .map(|(at, found)| Candidate {
                score: was.fingerprint.similarity(&found.fingerprint),
                at,
                found,
                renamed: false,
            })
            .collect()
    }

    /// New definitions of the same kind in a place of a file.
    fn renamed(&self, lost: &Anchor, was: &Definition, path: &str, around: &str) -> Vec<Candidate<'i>> {
        let Some(file) = self.now.file(path) else { return Vec::new() };
        let old = self.before.file(lost.path());
        let had = parts(lost.symbol()).0;
        file.definitions
            .iter()
            .filter(|found| found.kind == was.kind && found.symbol != lost.symbol())
            .filter(|found| parts(&found.symbol).0 == around)
            .filter(|found| old.is_none_or(|old| old.get(&inside(had, found.name())).is_none()))
            .filter_map(|found| {
                let at = anchor(path, &found.symbol).filter(|at| self.is_new(at))?;
                let score = was.fingerprint.similarity(&found.fingerprint);
                Some(Candidate { at, found, renamed: true, score })
            })
            .collect()
    }

    /// Whether a definition was not there before, under this path or under an earlier path of its file.
    fn is_new(&self, at: &Anchor) -> bool {
        if self.before.defined(at).is_some() {
            return false;
        }
        let earlier =
            |path: &str| anchor(path, at.symbol()).is_some_and(|at| self.before.defined(&at).is_some());
        !self.history.iter().any(|change| {
            change.from != change.to
                && earlier(&change.from)
                && follow(&change.from, self.history) == at.path()
        })
    }

    /// The candidate that is the lost one beyond doubt. The candidates are sorted, the most similar first.
    fn decide<'c>(
        &self,
        lost: &Anchor,
        was: &Definition,
        candidates: &'c [Candidate<'i>],
    ) -> Option<&'c Candidate<'i>> {
        let best = candidates.first()?;
        let floor = match best.renamed {
            true if was.fingerprint.tokens < LONG_TOKENS => SHORT_FLOOR,
            true => RENAMED_FLOOR,
            false => MOVED_FLOOR,
        };
        let short = was.fingerprint.tokens < RENAMED_TOKENS;
        if best.score < floor || (short && (best.renamed || !was.fingerprint.same(&best.found.fingerprint))) {
            return None;
        }
        let next = candidates.get(1).map_or(0.0, |next| next.score);
        let rival = self.rival(lost, best);
        let exact = was.fingerprint.same(&best.found.fingerprint);
        let clear = best.score - next >= MARGIN && best.score - rival >= MARGIN;
        // The very same text decides between texts that are only alike.
        (clear || (exact && next < 1.0 && rival < 1.0)).then_some(best)
    }

    /// The new definitions, besides one, that have got members of the lost one which that one hasn't, each or all together enough
    /// of them: what was split is none of its parts.
    fn other_parts(&self, lost: &Anchor, was: &Definition, best: Option<&Anchor>) -> Vec<Anchor> {
        let had = members(self.before, lost);
        let has: BTreeSet<&str> =
            best.map(|best| members(self.now, best)).unwrap_or_default().iter().map(|it| it.name()).collect();
        // Of each part: all members that it has got, and those that the best one lacks.
        let mut got: BTreeMap<Anchor, (usize, BTreeSet<&str>)> = BTreeMap::new();
        for member in &had {
            for (at, found) in self.now.named(member.name()) {
                let alike = found.kind == member.kind
                    && member.fingerprint.similarity(&found.fingerprint) >= RENAMED_FLOOR;
                let part = anchor(at.path(), parts(at.symbol()).0);
                if let Some(part) = part.filter(|part| alike && Some(part) != best) {
                    let (all, lacking) = got.entry(part).or_default();
                    *all += 1;
                    if !has.contains(member.name()) {
                        lacking.insert(member.name());
                    }
                }
            }
        }
        got.retain(|part, (_, lacking)| {
            !lacking.is_empty()
                && self.is_new(part)
                && self.now.defined(part).is_some_and(|found| found.kind == was.kind)
        });
        let lacking = had.iter().filter(|member| !has.contains(member.name())).count();
        let is_enough = |all: usize, got: usize| {
            (all >= PART_MEMBERS && all * PART_SHARE >= had.len()) || (best.is_some() && got == lacking)
        };
        let together: BTreeSet<&str> = got.values().flat_map(|(_, got)| got.iter().copied()).collect();
        let all = is_enough(together.len(), together.len());
        got.into_iter()
            .filter(|(_, (members, got))| all || is_enough(*members, got.len()))
            .map(|(part, _)| part)
            .collect()
    }

    /// How similar a candidate is to the lost definition that is most like it, apart from the one that is looked
    /// for: same names elsewhere, and same kind in the candidate's file.
    fn rival(&self, lost: &Anchor, candidate: &Candidate<'i>) -> f32 {
        let mut most = 0.0_f32;
        let mut look = |at: &Anchor, was: &Definition| {
            if at != lost && was.kind == candidate.found.kind && self.now.defined(at).is_none() {
                most = most.max(was.fingerprint.similarity(&candidate.found.fingerprint));
            }
        };
        for (at, was) in self.before.named(candidate.at.name()) {
            if at.symbol() == candidate.at.symbol() {
                look(&at, was);
            }
        }
        let files = [candidate.at.path(), lost.path()];
        for path in files {
            for was in self.before.file(path).map_or(&[][..], |file| &file.definitions) {
                if was.kind == candidate.found.kind
                    && (candidate.renamed || path != lost.path())
                    && let Some(at) = anchor(path, &was.symbol)
                    && !self.kept(&at)
                {
                    look(&at, was);
                }
            }
        }
        most
    }

    /// Whether a definition is still there under the new path of its file.
    fn kept(&self, at: &Anchor) -> bool {
        anchor(&self.path_now(at.path()), at.symbol()).is_some_and(|at| self.now.defined(&at).is_some())
    }

    /// The one new definition anywhere with the very same text, if that text was nowhere else before either.
    fn elsewhere(&self, was: &Definition) -> Option<(Anchor, &'i Definition)> {
        if was.fingerprint.tokens < ELSEWHERE_TOKENS {
            return None;
        }
        let same = |found: &Definition| found.kind == was.kind && found.fingerprint.same(&was.fingerprint);
        if self.before.definitions().filter(|(_, other)| same(other)).take(2).count() > 1 {
            return None;
        }
        let mut found = self.now.definitions().filter(|(_, found)| same(found));
        let (path, only) = found.next().filter(|_| found.next().is_none())?;
        let at = anchor(path, &only.symbol)?;
        self.is_new(&at).then_some((at, only))
    }

    /// Definitions with the same names that were there before and whose text is the lost one's, or is like it: who moves
    /// something in two commits copies it in the first.
    fn copies(&self, lost: &Anchor, was: &Definition) -> Vec<Anchor> {
        let is_long = was.fingerprint.tokens >= RENAMED_TOKENS;
        let is_like = |found: &Definition| {
            found.fingerprint.same(&was.fingerprint)
                || (is_long
                    && found.kind == was.kind
                    && was.fingerprint.similarity(&found.fingerprint) >= RENAMED_FLOOR)
        };
        let same = self.now.named(lost.name()).into_iter();
        same.filter(|(at, found)| at.symbol() == lost.symbol() && is_like(found)).map(|(at, _)| at).collect()
    }

    /// New functions and methods of the same name, of whatever type or of none, whose text is the lost one's or is like it: what
    /// stood in a type stands alone now, or in another one.
    fn namesakes(&self, lost: &Anchor, was: &Definition) -> Vec<Anchor> {
        let acts = |kind: Kind| matches!(kind, Kind::Function | Kind::Method);
        if !acts(was.kind) {
            return Vec::new();
        }
        let is_like = |found: &Definition| {
            found.fingerprint.same(&was.fingerprint)
                || was.fingerprint.similarity(&found.fingerprint) >= RENAMED_FLOOR
        };
        let same = self.now.named(lost.name()).into_iter();
        same.filter(|(at, found)| acts(found.kind) && self.is_new(at) && is_like(found))
            .map(|(at, _)| at)
            .collect()
    }

    /// The path of a file now: by its history, or because the whole folder went elsewhere.
    fn path_now(&self, path: &str) -> String {
        let told = follow(path, self.history);
        if told != path || self.now.file(path).is_some() {
            return told.to_owned();
        }
        let name = path.rsplit('/').next().unwrap_or(path);
        let ends = |other: &&String| other.rsplit('/').next() == Some(name);
        let mut moved = self.now.paths().iter().filter(ends).filter(|other| self.folder_moved(path, other));
        match (moved.next(), moved.next()) {
            (Some(only), None) => only.clone(),
            _ => path.to_owned(),
        }
    }

    /// Whether nearly every file below what differs between two paths went from the one to the other.
    fn folder_moved(&self, from: &str, to: &str) -> bool {
        if self.before.file(to).is_some() {
            return false;
        }
        let same = from.rsplit('/').zip(to.rsplit('/')).take_while(|(a, b)| a == b);
        let length: usize = same.map(|(part, _)| part.len() + 1).sum();
        let (old, new) = (below(from, length), below(to, length));
        let start = if old.is_empty() { String::new() } else { format!("{old}/") };
        let paths = self.before.paths();
        let first = paths.partition_point(|path| path.as_str() < start.as_str());
        let (mut all, mut gone) = (0_usize, 0_usize);
        for path in paths[first..].iter().take_while(|path| path.starts_with(&start)) {
            all += 1;
            let target = join(new, &path[start.len()..]);
            let fresh = self.before.file(&target).is_none() && self.now.file(&target).is_some();
            gone += usize::from(fresh && self.now.file(path).is_none());
        }
        all >= 2 && gone * 10 >= all * 9
    }

    /// The commit that changed a file, if it is only one.
    fn only_commit(&self, path: &str) -> Option<String> {
        let mut commits: BTreeSet<&str> = BTreeSet::new();
        let mut current = path;
        for change in self.history {
            if change.from == current {
                commits.insert(&change.commit);
                current = &change.to;
            }
        }
        let mut commits = commits.into_iter();
        commits.next().filter(|_| commits.next().is_none()).map(str::to_owned)
    }
}

/// What stands in a definition itself.
fn members<'i>(index: &'i Index, of: &Anchor) -> Vec<&'i Definition> {
    let all = index.file(of.path()).map_or(&[][..], |file| &file.definitions);
    all.iter().filter(|found| parts(&found.symbol).0 == of.symbol()).collect()
}

/// What is left of a path without its last bytes and the `/` before them.
fn below(path: &str, length: usize) -> &str {
    path.len().checked_sub(length).map_or("", |end| &path[..end])
}
