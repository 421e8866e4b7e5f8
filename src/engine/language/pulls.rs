//! Reads what open pull requests mean for the language of their repository. What was read once is not read again until the pull
//! request, the branch that it is for or the config is another one, and what is said on it is asked for only where it may have to
//! say something else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::adapters::git::{self, Access, Bound, Mirror, Refs, Repo};
use crate::adapters::said;
use crate::language::adr::{Claims, Pointed, Record, Taken};
use crate::language::review::{Proposed, also, comment, meaning};
use crate::language::terms::Listing;
use crate::model::language::{Anchor, Language};
use crate::model::meaning::{MeaningSeen, Means};
use crate::model::{CommitId, Facet, Gap, MEANING_MARKER, Observed, RepoName, Seen, same_text};
use crate::observed::{self, OpenPull};

use super::looking::{Error, Looking};
use super::symbols::Library;
use super::tree::{self, Tree};
use super::words::Words;

/// The most pull requests of one repository that are read at a time, the newest first.
const MOST_PULLS: usize = 100;
/// How many heads one fetch brings.
const HEADS: usize = 50;
/// So many heads that can't be fetched one after the other, and none that can: it isn't they.
const OUTAGE: usize = 3;
/// The most files that a pull request may change to be read.
const MOST_CHANGES: usize = 5_000;
/// The most bytes of their names.
const MOST_NAMES: usize = 1 << 20;
/// The most anchors of one pull request that are looked for in history.
const MOST_ANCHORS: usize = 20;
/// The longest that one may take: a foreign one can be made to be slow.
const LONGEST: Duration = Duration::from_mins(1);
/// The longest that all of one repository may take before the rest waits.
const ALL: Duration = Duration::from_mins(5);
/// How long it is believed what is said on one of which nothing has changed. An edit of a comment need not count as a change.
const BELIEVED: SignedDuration = SignedDuration::from_hours(1);

/// What was read of open pull requests, in this process.
#[derive(Clone, Debug, Default)]
pub(super) struct Readings(Arc<Mutex<BTreeMap<RepoName, BTreeMap<u64, Reading>>>>);

#[derive(Clone, Debug)]
struct Reading {
    head: CommitId,
    base: CommitId,
    language: Arc<Language>,
    /// What it says by itself.
    own: Own,
    /// What it means beside the others that are open.
    means: Means,
    said: Option<Said>,
}

/// What a pull request says by itself, whatever others are open.
#[derive(Clone, Debug)]
struct Own {
    /// Where it left the branch that it is for.
    fork: Option<CommitId>,
    means: Means,
    claims: Claims,
}

/// What the factory says on one.
#[derive(Clone, Debug)]
struct Said {
    /// The moment of the last change of the pull request that it was read at.
    at: Timestamp,
    /// When it was read.
    asked: Timestamp,
    comment: Option<(u64, String)>,
}

/// A repository with its open pull requests.
pub(super) struct Open<'a> {
    pub(super) repo: &'a RepoName,
    pub(super) language: Arc<Language>,
    pub(super) url: String,
    pub(super) pulls: Vec<OpenPull>,
}

/// Finds out what open pull requests mean, and what is said on them. What can't be read of a repository is a gap of it; what can't
/// be read of one pull request keeps no other from being told of.
pub(super) async fn meanings_seen(looking: Looking<'_>, all: Vec<Open<'_>>, observed: &mut Observed) {
    let mut read: Vec<(Open<'_>, Readable)> = Vec::new();
    for mut open in all {
        open.pulls.retain(|pull| !pull.draft);
        match repository(looking, &open).await {
            Ok(readable) => read.push((open, readable)),
            Err(error) => {
                let why = format!("what its open pull requests mean: {}", said(&error));
                let (repo, cause) = (Some(open.repo.clone()), super::looking::cause(&error));
                observed.gaps.push(Gap { facet: Facet::Meanings, repo, why, cause });
            }
        }
    }
    let mut asked: Vec<observed::Pull> = Vec::new();
    for (open, (readings, _)) in &read {
        let of = |number: u64| readings.get(&number);
        let unsure = open
            .pulls
            .iter()
            .filter(|pull| of(pull.number).is_some_and(|it| !it.suffices(pull, looking.now)));
        asked.extend(unsure.map(|pull| (open.repo.clone(), pull.number)));
    }
    let mut told = observed::own_comments(looking.client, &asked, MEANING_MARKER).await;
    for (open, (mut readings, mut unknown)) in read {
        let mut seen = Vec::new();
        for pull in &open.pulls {
            let OpenPull { number, head, updated, .. } = pull;
            let seen_as = |means, said| MeaningSeen { number: *number, head: head.clone(), means, said };
            let Some(reading) = readings.get_mut(number) else {
                let why = unknown.remove(number).unwrap_or_else(|| "it to be read".to_owned());
                seen.push(seen_as(Means::Unknown(why), Seen::Unknown));
                continue;
            };
            match told.remove(&(open.repo.clone(), *number)) {
                Some(Ok(own)) => {
                    let comment = own.comments.into_iter().next();
                    reading.said = Some(Said { at: *updated, asked: looking.now, comment });
                }
                Some(Err(error)) => {
                    reading.said = None;
                    let why = format!("what is said on #{number}: {error}");
                    let (repo, cause) = (Some(open.repo.clone()), observed::cause(&error));
                    observed.gaps.push(Gap { facet: Facet::Meanings, repo, why, cause });
                }
                None => {}
            }
            let said = match &reading.said {
                Some(Said { comment: Some(comment), .. }) => Seen::Known(comment.clone()),
                Some(Said { comment: None, .. }) => Seen::Absent,
                None => Seen::Unknown,
            };
            seen.push(seen_as(reading.means.clone(), said));
        }
        looking.glances.readings().lock().insert(open.repo.clone(), readings);
        observed.meanings.insert(open.repo.clone(), seen);
    }
}

impl Reading {
    /// Whether what is known of what is said on it is enough: nobody has touched it since, and it says what it means.
    fn suffices(&self, pull: &OpenPull, now: Timestamp) -> bool {
        let Ok(means) = self.means.known() else { return true };
        let Some(said) = &self.said else { return false };
        let there = said.comment.as_ref().map(|(_, body)| body.as_str());
        let is_right = match (there, comment(means, there.is_some())) {
            (Some(there), Some(wanted)) => same_text(there, &wanted),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        is_right && said.at == pull.updated && now.duration_since(said.asked) < BELIEVED
    }
}

impl Readings {
    fn of(&self, repo: &RepoName) -> BTreeMap<u64, Reading> {
        self.lock().get(repo).cloned().unwrap_or_default()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<RepoName, BTreeMap<u64, Reading>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One that has to be read, and what was read of it before.
struct Due<'a> {
    pull: &'a OpenPull,
    base: CommitId,
    before: Option<Reading>,
}

type Readable = (BTreeMap<u64, Reading>, BTreeMap<u64, String>);

/// What the open pull requests of a repository mean, and why nobody can tell of the others.
async fn repository(looking: Looking<'_>, open: &Open<'_>) -> Result<Readable, Error> {
    let (mut readings, mut unknown) = (BTreeMap::new(), BTreeMap::new());
    let mut before = looking.glances.readings().of(open.repo);
    let mut due = Vec::new();
    for pull in open.pulls.iter().rev() {
        let Some(base) = pull.base.1.clone() else {
            unknown.insert(pull.number, "the branch that it is for to be there".to_owned());
            continue;
        };
        let reading =
            before.remove(&pull.number).filter(|it| it.head == pull.head && it.language == open.language);
        match reading {
            Some(reading) if reading.base == base => drop(readings.insert(pull.number, reading)),
            before => due.push(Due { pull, base, before }),
        }
    }
    let later = due.split_off(MOST_PULLS.min(due.len()));
    let says = || format!("its turn to be read: of many open ones {MOST_PULLS} are, the newest first");
    unknown.extend(later.iter().map(|due| (due.pull.number, says())));
    if due.is_empty() {
        among(&mut readings);
        return Ok((readings, unknown));
    }
    let mirror = Mirror::ensure(&looking.state.mirror_of(open.repo), &format!("{}.git", open.url))?;
    fetch(looking, open.repo, &mirror, &due, &mut unknown).await?;
    let program = looking.env.executable().map_err(Error::Program)?;
    let library = Library::new(program, Some(looking.state.home()), None, looking.now);
    let began = tokio::time::Instant::now();
    for Due { pull, base, before } in due {
        if unknown.contains_key(&pull.number) {
            continue;
        }
        if began.elapsed() > ALL {
            let minutes = ALL.as_secs() / 60;
            unknown.insert(pull.number, format!("its turn to be read: newer ones took {minutes} minutes"));
            continue;
        }
        let reader =
            Reader { repo: open.repo, git: mirror.repo(), language: &open.language, library: &library };
        let read = tokio::time::timeout(LONGEST, reader.read(&base, pull, before.as_ref()));
        let own = match read.await {
            Ok(Ok(read)) => read,
            Ok(Err(error)) => {
                unknown.insert(pull.number, format!("what it changes to be read: {}", said(&error)));
                continue;
            }
            Err(_) => {
                let minute = LONGEST.as_secs();
                Own::unknown(format!(
                    "another head: the code at this one takes more than {minute} s to be read"
                ))
            }
        };
        let said = before.and_then(|it| it.said);
        let (head, language) = (pull.head.clone(), Arc::clone(&open.language));
        let means = own.means.clone();
        readings.insert(pull.number, Reading { head, base, language, own, means, said });
    }
    among(&mut readings);
    Ok((readings, unknown))
}

/// Says what each means beside all others that could be read.
fn among(readings: &mut BTreeMap<u64, Reading>) {
    let taken: Vec<Taken> = readings.values().flat_map(|it| it.own.claims.adds.iter().cloned()).collect();
    for reading in readings.values_mut() {
        let shared = reading.own.claims.shared(&taken);
        reading.means = match &reading.own.means {
            Means::Unknown(_) => reading.own.means.clone(),
            Means::Nothing => also(None, &shared).map_or(Means::Nothing, Means::This),
            Means::This(text) => also(Some(text), &shared).map_or(Means::Nothing, Means::This),
        };
    }
}

impl Own {
    fn unknown(waits: String) -> Self {
        Self { fork: None, means: Means::Unknown(waits), claims: Claims::default() }
    }
}

/// Brings the commits of pull requests, and of the branches that they are for. One that can't be brought is named, and keeps no
/// other from being.
async fn fetch(
    looking: Looking<'_>,
    repo: &RepoName,
    mirror: &Mirror,
    due: &[Due<'_>],
    unknown: &mut BTreeMap<u64, String>,
) -> Result<(), Error> {
    let git = mirror.repo();
    let (mut heads, mut branches) = (Vec::new(), BTreeSet::new());
    for Due { pull, base, .. } in due {
        if !git.has(&pull.head)? {
            heads.push(pull.number);
        }
        if !git.has(base)? {
            branches.insert(pull.base.0.clone());
        }
    }
    if heads.is_empty() && branches.is_empty() {
        return Ok(());
    }
    let access = Access::new(looking.env, Some(looking.client.git_token(repo.owner()).await?));
    if !branches.is_empty() {
        let branches: Vec<Refs> = branches.into_iter().map(Refs::Branch).collect();
        mirror.fetch(&access, &branches).await?;
    }
    for chunk in heads.chunks(HEADS) {
        let all: Vec<Refs> = chunk.iter().copied().map(Refs::Pull).collect();
        if mirror.fetch(&access, &all).await.is_ok() {
            continue;
        }
        // One that isn't there fails them all.
        let (mut good, mut bad) = (0, 0);
        for number in chunk {
            match mirror.fetch(&access, &[Refs::Pull(*number)]).await {
                Ok(()) => good += 1,
                Err(error) if good == 0 && bad == OUTAGE => return Err(error.into()),
                Err(error) => {
                    bad += 1;
                    unknown.insert(*number, format!("its head to be fetched: {}", said(&error)));
                }
            }
        }
    }
    for Due { pull, base, .. } in due {
        let missing = if !git.has(&pull.head)? {
            format!("its head {}, which has moved on or is gone", pull.head.short())
        } else if !git.has(base)? {
            format!("`{}` to be read where it is by now", pull.base.0)
        } else {
            continue;
        };
        unknown.entry(pull.number).or_insert(missing);
    }
    Ok(())
}

/// Reads the pull requests of one repository.
#[derive(Clone, Copy)]
struct Reader<'a> {
    repo: &'a RepoName,
    git: &'a Repo,
    language: &'a Arc<Language>,
    library: &'a Library,
}

/// Both sides of a pull request, as far as they matter.
struct Sides {
    /// The words without it, where it changes files of terms.
    before: Option<Words>,
    after: Words,
    tree: Arc<Tree>,
    changed: BTreeSet<String>,
}

/// What came of looking at the files of a pull request.
enum Looked {
    /// No code has to be read to know what it means.
    Known(Means),
    Sides(Box<Sides>),
}

impl Reader<'_> {
    /// What it says by itself.
    async fn read(self, base: &CommitId, pull: &OpenPull, before: Option<&Reading>) -> Result<Own, Error> {
        let head = &pull.head;
        let Some(fork) = self.git.merge_base(base, head)? else {
            return Ok(Own::unknown(
                "a commit that it has in common with the branch that it is for".to_owned(),
            ));
        };
        if let Some(before) = before.filter(|before| before.own.fork.as_ref() == Some(&fork)) {
            let mut own = before.own.clone();
            self.meet(&mut own.claims, base)?;
            return Ok(own);
        }
        let (git, language) = (self.git.clone(), Arc::clone(self.language));
        let ends = (fork.clone(), head.clone(), pull.number);
        let looked = tokio::task::spawn_blocking(move || {
            let changes = changes(&git, &ends.0, &ends.1)?;
            let claims = changes.as_ref().map(|it| claims(it, &language.adr, ends.2)).unwrap_or_default();
            let looked = match changes {
                None => Looked::Known(Means::Unknown(format!(
                    "another head: this one changes more than {MOST_CHANGES} files, or their names are too long"
                ))),
                Some(changes) => look(&git, &language, &ends.0, &ends.1, changes)?,
            };
            Ok::<_, Error>((looked, claims))
        });
        let (looked, mut claims) = looked.await??;
        self.meet(&mut claims, base)?;
        let means = match looked {
            Looked::Known(means) => means,
            Looked::Sides(sides) => self.meaning(head, *sides).await?,
        };
        Ok(Own { fork: Some(fork), means, claims })
    }

    /// Finds out which decisions the branch has by now that have the numbers of those that are added.
    fn meet(self, claims: &mut Claims, base: &CommitId) -> Result<(), Error> {
        let there = if claims.adds.is_empty() { None } else { Some(Tree::commit(self.git, base)?) };
        claims.meet(&self.language.adr, there.iter().flat_map(Tree::paths));
        Ok(())
    }

    /// What it means, as far as its own files and their code tell.
    async fn meaning(self, head: &CommitId, sides: Sides) -> Result<Means, Error> {
        let Sides { before, after, tree, changed } = sides;
        let mut code = self.library.read_beside(self.repo.as_str(), &tree, &after.language).await?;
        let anchors: BTreeSet<Anchor> = anchors(&after, &changed).take(MOST_ANCHORS).cloned().collect();
        self.library.look_back(&mut code, self.git, head, &after.language, &anchors).await?;
        let means = tokio::task::spawn_blocking(move || {
            let unread = after.unread_terms();
            let (old, unread_before) = match &before {
                Some(before) => (before.listing(), before.unread_terms()),
                None => (after.listing(), unread.clone()),
            };
            let new: Listing<'_> = after.listing();
            let proposed = Proposed {
                before: &old,
                after: &new,
                pages: &after.pages,
                adrs: &after.adrs,
                code: &code,
                changed: &changed,
                unread: [&unread_before, &unread],
            };
            meaning(&proposed).map_or(Means::Nothing, Means::This)
        });
        Ok(means.await?)
    }
}

/// The anchors of terms whose file, or whose code, a pull request changes.
fn anchors<'a>(after: &'a Words, changed: &'a BTreeSet<String>) -> impl Iterator<Item = &'a Anchor> {
    let files = after.terms.iter().filter_map(|read| read.file.as_ref()).filter(|file| file.term.is_live());
    files.filter_map(|file| {
        let anchor = file.term.code_anchor.as_ref()?;
        (changed.contains(anchor.path()) || changed.contains(&file.path)).then_some(anchor)
    })
}

/// What a pull request does to each file, by its path; `None` where these are too many.
fn changes(git: &Repo, fork: &CommitId, head: &CommitId) -> Result<Option<Vec<(String, Done)>>, Error> {
    let mut bound = Bound::new(MOST_CHANGES, MOST_NAMES, &CancellationToken::new());
    let all = match git.changes(std::slice::from_ref(fork), head, &mut bound) {
        Err(git::Error::TooMuch) => return Ok(None),
        all => all?,
    };
    let named = |change: git::Change| {
        let done = match (&change.was, &change.now) {
            (None, Some(_)) => Done::Added,
            (Some(_), None) => Done::Removed,
            (Some(_), Some(_)) | (None, None) => Done::Changed,
        };
        Some((change.path.into_os_string().into_string().ok()?, done))
    };
    Ok(Some(all.into_iter().filter_map(named).collect()))
}

/// What becomes of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Done {
    Added,
    Changed,
    Removed,
}

/// The numbers of decisions that a pull request takes and gives back.
fn claims(changes: &[(String, Done)], folder: &str, pull: u64) -> Claims {
    let of = |which: Done| {
        let paths = changes.iter().filter(move |(_, done)| *done == which).map(|(path, _)| path);
        paths.filter_map(|path| Taken::of(folder, path, pull))
    };
    Claims::new(of(Done::Added), of(Done::Removed))
}

/// The words on both sides of a pull request.
fn look(
    git: &Repo,
    language: &Language,
    fork: &CommitId,
    head: &CommitId,
    changes: Vec<(String, Done)>,
) -> Result<Looked, Error> {
    let changed: BTreeSet<String> = changes.into_iter().map(|(path, _)| path).collect();
    if changed.is_empty() {
        return Ok(Looked::Known(Means::Nothing));
    }
    let tree = match Tree::commit(git, head) {
        Err(error @ tree::Error::TooMany(_)) => {
            return Ok(Looked::Known(Means::Unknown(format!("another head: {}", said(&error)))));
        }
        tree => Arc::new(tree?),
    };
    let after = Words::read(&tree, language)?;
    let is_term =
        |path: &String| path.strip_prefix(&*language.terms).is_some_and(|rest| rest.starts_with('/'));
    let of_terms = changed.iter().any(is_term);
    let cited = || {
        let all = after.adrs.records.iter().flat_map(Record::citations);
        let paths = all.filter_map(|it| match &it.to {
            Pointed::Symbol(anchor) => Some(changed.contains(anchor.path())),
            Pointed::Line { .. } => None,
        });
        paths.into_iter().any(|is_changed| is_changed)
    };
    if !of_terms && anchors(&after, &changed).next().is_none() && !cited() {
        return Ok(Looked::Known(Means::Nothing));
    }
    let before = if of_terms { Some(Words::read(&Tree::commit(git, fork)?, language)?) } else { None };
    Ok(Looked::Sides(Box::new(Sides { before, after, tree, changed })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::terms::samples::language;

    /// What is said is asked for where it was never read, is old, may have changed, or has to say something else.
    #[test]
    fn what_is_said_is_believed_only_while_nothing_hints_at_another() {
        let at: Timestamp = "2026-06-01T12:00:00Z".parse().unwrap();
        let commit = |byte: &str| CommitId::parse(&byte.repeat(20)).unwrap();
        let pull = OpenPull {
            number: 7,
            head: commit("ab"),
            base: ("main".into(), None),
            draft: false,
            updated: at,
        };
        let right = comment(Some("- `A` is removed"), true);
        let text = |body: &str| Some((9, body.to_owned()));
        let mean = || Means::This("- `A` is removed".into());
        let minutes = SignedDuration::from_mins;
        let rows = [
            ("never read", mean(), None, minutes(0), false),
            ("as it is to be", mean(), Some((at, right.as_deref().and_then(text))), minutes(59), true),
            (
                "as it was to be an hour ago",
                mean(),
                Some((at, right.as_deref().and_then(text))),
                minutes(60),
                false,
            ),
            (
                "touched since",
                mean(),
                Some((at - minutes(1), right.as_deref().and_then(text))),
                minutes(0),
                false,
            ),
            ("something else", mean(), Some((at, text("x"))), minutes(0), false),
            ("nothing where something is meant", mean(), Some((at, None)), minutes(0), false),
            ("something where nothing is meant", Means::Nothing, Some((at, text("x"))), minutes(0), false),
            ("nothing where nothing is meant", Means::Nothing, Some((at, None)), minutes(0), true),
            ("whatever, where nobody can tell", Means::Unknown("x".into()), None, minutes(0), true),
        ];
        for (name, means, said, later, expected) in rows {
            let said = said.map(|(at_then, comment)| Said { at: at_then, asked: at, comment });
            let language = Arc::new(language());
            let own = Own::unknown(String::new());
            let reading = Reading { head: commit("ab"), base: commit("cd"), language, own, means, said };
            assert_eq!(reading.suffices(&pull, at + later), expected, "{name}");
        }
    }
}
