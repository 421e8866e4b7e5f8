//! Looks at the languages of repositories: where each stands, and what its keepers make of that. What was looked at once is not
//! looked at again until its head, its config or an answer is another one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::adapters::env::Env;
use crate::adapters::git::{self, Access, Bound, Mirror, Refs};
use crate::adapters::github::{self, Client};
use crate::adapters::said;
use crate::adapters::state::StateDir;
use crate::language::keep::{BRANCHES, KEEPERS, Look, Merged, branch as branch_of, conformance};
use crate::language::wiki::WikiPage;
use crate::model::keeping::{Answer, Answers, Kept, LanguageSeen};
use crate::model::language::{Anchor, Language};
use crate::model::{
    AddressGlob, Cause, CommitId, Desired, Facet, Facets, Gap, LoopName, Observed, RepoName, Seen,
};
use crate::observed::{self, Before, Head, Landed};

use super::pulls::{Open, Readings, meanings_seen};
use super::symbols::{self, Library};
use super::tree::{self, Tree};
use super::words::Words;

/// The most files that a pull request may change to be looked at.
const MOST_CHANGES: usize = 5_000;
/// The most bytes of their names.
const MOST_NAMES: usize = 1 << 20;
/// How often the same change may be due again and land.
const MOST_TIMES: usize = 20;
/// The most bytes of a log of a wiki.
const MOST_LOG: u64 = 8 << 20;

/// What was made of the languages that were looked at, in this process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Glances(Arc<Mutex<BTreeMap<RepoName, Glance>>>, Readings);

#[derive(Clone, Debug)]
struct Glance {
    of: Of,
    found: Found,
}

/// What keepers decided, and the branches of what they propose.
#[derive(Clone, Debug, Default)]
struct Found {
    kept: BTreeMap<LoopName, Kept>,
    branches: BTreeMap<LoopName, String>,
}

/// What it was made of.
#[derive(Clone, Debug, PartialEq)]
struct Of {
    head: CommitId,
    language: Arc<Language>,
    answers: BTreeMap<String, Answer>,
    /// Entries have days on which they end.
    day: jiff::civil::Date,
}

/// Why a language can't be looked at.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error(transparent)]
    Git(#[from] git::Error),
    #[error(transparent)]
    GitHub(#[from] github::Error),
    #[error(transparent)]
    Tree(#[from] tree::Error),
    #[error("`{0}` is not UTF-8; save it as UTF-8")]
    Log(String),
    #[error(transparent)]
    Symbols(#[from] symbols::Error),
    #[error("its branch `{branch}` is not at {} any more", head.short())]
    Moved { branch: String, head: CommitId },
    #[error("this program can't be found, so that no code can be read")]
    Program(#[source] std::io::Error),
    #[error("looking at it was broken off: {0}")]
    Broken(#[from] tokio::task::JoinError),
}

/// What is looked with.
#[derive(Clone, Copy)]
pub(crate) struct Looking<'a> {
    pub(crate) client: &'a Client,
    pub(crate) env: &'a Env,
    pub(crate) state: &'a StateDir,
    pub(crate) glances: &'a Glances,
    pub(crate) now: Timestamp,
}

/// Looks at the languages that config declares, of what the scope can touch: what is asked for of what keepers make of them, and of
/// what open pull requests mean for them. What can't be looked at is a gap of its repository.
pub(crate) async fn languages_seen(
    looking: Looking<'_>,
    (desired, scope, facets): (&Desired, &[AddressGlob], Facets),
    answers: &Answers,
    observed: &mut Observed,
) {
    let in_scope = |repo: &RepoName| scope.is_empty() || scope.iter().any(|glob| glob.may_touch(repo));
    let all = declared(desired, looking.client.base());
    let all: BTreeMap<&RepoName, Arc<Language>> =
        all.into_iter().filter(|(repo, _)| in_scope(repo)).collect();
    if all.is_empty() {
        return;
    }
    let names: Vec<&RepoName> = all.keys().copied().collect();
    let mut gaps = Vec::new();
    let mut heads = observed::heads(looking.client, &names, BRANCHES, &mut gaps).await;
    let asked = |facet: &Facet| facets.has(*facet);
    for facet in [Facet::Language, Facet::Meanings].into_iter().filter(asked) {
        observed.gaps.extend(gaps.iter().cloned().map(|gap| Gap { facet, ..gap }));
    }
    let others: Vec<Open<'_>> = (all.iter())
        .filter_map(|(repo, language)| {
            let head = heads.get_mut(*repo)?;
            let pulls = std::mem::take(&mut head.others);
            Some(Open { repo, language: Arc::clone(language), url: head.url.clone(), pulls })
        })
        .collect();
    if facets.has(Facet::Language) {
        keepers_seen(looking, (all, heads), answers, observed).await;
    }
    if facets.has(Facet::Meanings) {
        meanings_seen(looking, others, observed).await;
    }
}

/// What keepers make of languages.
async fn keepers_seen(
    looking: Looking<'_>,
    (all, mut heads): (BTreeMap<&RepoName, Arc<Language>>, BTreeMap<RepoName, Head>),
    answers: &Answers,
    observed: &mut Observed,
) {
    let mut gaps = Vec::new();
    let mut found = Vec::new();
    for (repo, language) in all {
        let Some(head) = heads.remove(repo) else {
            observed.languages.insert(repo.clone(), Seen::Unknown);
            continue;
        };
        let Some((branch, commit)) = head.at.clone() else {
            observed.languages.insert(repo.clone(), Seen::Absent);
            continue;
        };
        let answers = answers.get(repo).cloned().unwrap_or_default();
        let day = looking.now.to_zoned(jiff::tz::TimeZone::UTC).date();
        let of = Of { head: commit, language, answers, day };
        let known = looking.glances.of(repo, &of);
        found.push((repo, branch, head, of, known));
    }
    let wanted: Vec<(RepoName, String, Timestamp)> = (found.iter())
        .filter(|(.., known)| known.is_none())
        .filter_map(|(repo, branch, head, ..)| Some(((*repo).clone(), branch.clone(), head.since?)))
        .collect();
    let mut landed = if wanted.is_empty() {
        BTreeMap::new()
    } else {
        observed::landed(looking.client, &wanted, &mut gaps).await
    };
    let mut seen = BTreeMap::new();
    for (repo, branch, Head { url, pulls, issues, since, .. }, of, known) in found {
        let base = (branch, of.head.clone());
        let found = match (known, landed.remove(repo)) {
            (Some(found), _) => Ok(found),
            // What landed was asked for, and can't be told.
            (None, None) if since.is_some() => {
                observed.languages.insert(repo.clone(), Seen::Unknown);
                continue;
            }
            (None, landed) => kept(looking, repo, (&url, &base.0), of, landed.unwrap_or_default()).await,
        };
        match found {
            Ok(Found { kept, branches }) => {
                let declined = BTreeMap::new();
                seen.insert(repo.clone(), LanguageSeen { base, branches, kept, pulls, issues, declined });
            }
            Err(error) => {
                let (why, cause) = (said(&error), cause(&error));
                let repo = Some(repo.clone());
                gaps.push(Gap { facet: Facet::Language, repo, why: format!("its language: {why}"), cause });
            }
        }
    }
    note_declined(looking.client, &mut seen, &mut gaps).await;
    observed.languages.extend(seen.into_iter().map(|(repo, seen)| (repo, Seen::Known(seen))));
    observed.gaps.extend(gaps);
}

/// The repositories whose language is kept: the one that config lies in, and those that declare one and aren't archived.
pub(crate) fn declared<'a>(desired: &'a Desired, api: &str) -> BTreeMap<&'a RepoName, Arc<Language>> {
    let own = desired.own_repo(api).zip(desired.language.as_ref());
    let own = own.map(|(repo, language)| (repo, Arc::clone(language)));
    let repos = desired.repos.values().filter(|repo| !repo.archived());
    let others = repos.filter_map(|repo| Some((&repo.name, Arc::clone(repo.language.as_ref()?))));
    others.chain(own).collect()
}

pub(super) fn cause(error: &Error) -> Cause {
    match error {
        Error::GitHub(error) => observed::cause(error),
        Error::Git(_)
        | Error::Tree(_)
        | Error::Symbols(_)
        | Error::Moved { .. }
        | Error::Program(_)
        | Error::Log(_)
        | Error::Broken(_) => Cause::Other,
    }
}

/// What keepers make of a repository.
async fn kept(
    looking: Looking<'_>,
    repo: &RepoName,
    (url, branch): (&str, &str),
    of: Of,
    landed: Vec<Landed>,
) -> Result<Found, Error> {
    let Looking { client, env, state, now, .. } = looking;
    let url = format!("{url}.git");
    let mirror = Mirror::ensure(&state.mirror_of(repo), &url)?;
    if !mirror.repo().has(&of.head)? {
        let access = Access::new(env, Some(client.git_token(repo.owner()).await?));
        mirror.fetch(&access, &[Refs::Branch(branch.to_owned())]).await?;
    }
    if !mirror.repo().has(&of.head)? {
        return Err(Error::Moved { branch: branch.to_owned(), head: of.head });
    }
    let tree = Arc::new(Tree::commit(mirror.repo(), &of.head)?);
    let mut words = Words::read(&tree, &of.language)?;
    words.look_back(mirror.repo(), &of.head, repo)?;
    let program = env.executable().map_err(Error::Program)?;
    let library = Library::new(program, Some(state.home()), None, now);
    let mut code = library.read(repo.as_str(), &tree, &words.language).await?;
    let cited = conformance::named(&words.adrs);
    let (learnt, files) = words.code_of_entries();
    let anchors: BTreeSet<Anchor> = words.anchors().cloned().chain(cited).chain(learnt).collect();
    library.look_back(&mut code, mirror.repo(), &of.head, &words.language, &anchors).await?;
    code.follow_files(mirror.repo(), &of.head, &files)?;
    let code = code.with_texts(Arc::clone(&tree));
    let name = repo.clone();
    let answers = of.answers.clone();
    // Files tell moments in whole seconds.
    let now = now.round(jiff::Unit::Second).unwrap_or(now);
    let logs = logs(&tree, &words.language)?;
    let merged = merged(mirror.repo(), landed)?;
    let found = tokio::task::spawn_blocking(move || {
        let others: Vec<WikiPage> = words.there().into_iter().chain(logs).collect();
        let unread = words.unread();
        let look = Look {
            language: &words.language,
            terms: &words.terms,
            pages: &words.pages,
            entries: &words.entries,
            adrs: &words.adrs,
            code: &code,
            others: &others,
            unread: &unread,
            answers: &answers,
            merged: &merged,
            reverted: &words.reverted,
            repo: &name,
            now,
        };
        let mut found = Found::default();
        for keeper in KEEPERS {
            let kept = look.kept(keeper);
            let branch = kept.proposal.as_ref().map(|proposal| branch_of(keeper, proposal, now));
            found.branches.extend(branch.map(|branch| (keeper.name, branch)));
            found.kept.insert(keeper.name, kept);
        }
        found
    })
    .await?;
    looking.glances.lock().insert(repo.clone(), Glance { of, found: found.clone() });
    Ok(found)
}

/// The pull requests that landed, each with the files that differ between what it landed as and what was there.
fn merged(git: &git::Repo, landed: Vec<Landed>) -> Result<Vec<Merged>, Error> {
    let mut out = Vec::new();
    for (number, at, commit) in landed {
        // One that a push to the branch has thrown away since is nobody's.
        if !git.has(&commit)? {
            continue;
        }
        let parents = git.commit(&commit)?.parents;
        let mut bound = Bound::new(MOST_CHANGES, MOST_NAMES, &CancellationToken::new());
        let changes = match git.changes(&parents[..parents.len().min(1)], &commit, &mut bound) {
            // What changes everything is about nothing in particular.
            Err(git::Error::TooMuch) => continue,
            changes => changes?,
        };
        let files = changes.into_iter().filter_map(|change| change.path.into_os_string().into_string().ok());
        out.push(Merged { number, at, files: files.collect() });
    }
    Ok(out)
}

/// The logs of the wiki.
fn logs(tree: &Tree, language: &Language) -> Result<Vec<WikiPage>, Error> {
    let folder = format!("{}/log", language.wiki);
    let mut out = Vec::new();
    for path in
        tree.below(&folder).filter(|path| Path::new(path).extension().is_some_and(|end| end == "jsonl"))
    {
        // More is written at its end, and what isn't text would be lost.
        let text = String::from_utf8(tree.read(path, MOST_LOG)?).map_err(|_| Error::Log(path.to_owned()))?;
        out.push(WikiPage { path: path.to_owned(), text });
    }
    Ok(out)
}

/// Finds out what became of the changes that are proposed now when they were proposed before: those that people have closed are
/// theirs; one that landed once, and is due again, has another branch.
async fn note_declined(client: &Client, seen: &mut BTreeMap<RepoName, LanguageSeen>, gaps: &mut Vec<Gap>) {
    let mut asked: Vec<(RepoName, LoopName, String)> = Vec::new();
    for (repo, seen) in seen.iter() {
        let is_open = |branch: &String| seen.pulls.iter().any(|pull| pull.branch == *branch);
        let branches = seen.branches.iter().filter(|(_, branch)| !is_open(branch));
        asked.extend(branches.map(|(keeper, branch)| (repo.clone(), *keeper, branch.clone())));
    }
    for times in 2..=MOST_TIMES {
        if asked.is_empty() {
            return;
        }
        let branches: Vec<(RepoName, String)> =
            asked.iter().map(|(repo, _, branch)| (repo.clone(), branch.clone())).collect();
        let before = observed::proposed_before(client, &branches, gaps).await;
        let mut again = Vec::new();
        for (repo, keeper, branch) in asked {
            let Some(seen) = seen.get_mut(&repo) else { continue };
            match before.get(&(repo.clone(), branch.clone())) {
                Some(Before::Landed) => {
                    let first = branch.strip_suffix(&format!("-{}", times - 1)).unwrap_or(&branch);
                    let next = format!("{first}-{times}");
                    let is_open = seen.pulls.iter().any(|pull| pull.branch == next);
                    seen.branches.insert(keeper, next.clone());
                    if !is_open {
                        again.push((repo, keeper, next));
                    }
                }
                Some(Before::Declined(number)) => {
                    seen.declined.insert(branch, *number);
                }
                Some(Before::Withdrawn | Before::Never) => {}
                // Nobody can tell: the gap says so, and nothing is proposed.
                None => {}
            }
        }
        asked = again;
    }
}

impl Glances {
    /// What was read of open pull requests.
    pub(super) fn readings(&self) -> &Readings {
        &self.1
    }

    /// What was found of exactly this.
    fn of(&self, repo: &RepoName, of: &Of) -> Option<Found> {
        self.lock().get(repo).filter(|glance| glance.of == *of).map(|glance| glance.found.clone())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<RepoName, Glance>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
