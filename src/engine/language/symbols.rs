//! The code of a repository as its language asks for it: what anchors lead to, and what became of those that lead nowhere.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::adapters::fs::Stamp;
use crate::adapters::git::{self, Repo};
use crate::language::code::{Answer, Code, Defined, FileOf, FileUse, MODULE_FILES, Resolution};
use crate::language::globs::globs;
use crate::language::suggest::closest;
use crate::model::CommitId;
use crate::model::language::{Anchor, Language};
use crate::symbols::{
    self, Before, Declared, FileSymbols, Index, Kind, Language as Programming, TreeRecord, Verdict, classify,
    inherited, load_bearing, named_by, perhaps,
};

use super::past::{self, Past};
use super::reading::{self, LONGEST, Source};
use super::shelf::{Left, Shelf};
use super::tree::{self, Tree};

/// The most bytes of a source file that are taken at all; the limit of what is read of them is lower.
const MOST_SOURCE: u64 = 4 << 20;

/// Why the code can't be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The files can't be.
    #[error(transparent)]
    Tree(#[from] tree::Error),
    /// The source files can't be.
    #[error(transparent)]
    Reading(#[from] reading::Error),
    /// History can't be.
    #[error("the history of the code can't be read")]
    Git(#[from] git::Error),
}

/// What reads code, and remembers what it read.
#[derive(Clone, Debug)]
pub(crate) struct Library {
    program: PathBuf,
    longest: Duration,
    shelf: Shelf,
}

impl Library {
    /// One that keeps what it read in a folder, where that can be, and gives one file so long; `program` is this very program.
    pub(crate) fn new(
        program: PathBuf,
        home: Option<&Path>,
        longest: Option<Duration>,
        now: Timestamp,
    ) -> Self {
        Self { program, longest: longest.unwrap_or(LONGEST), shelf: Shelf::open(home, now) }
    }

    /// The record of a tree's source files: what is known already, and the rest read. `left` says how the files of a working tree
    /// were left when they were read, and is told how they are left now.
    pub(super) async fn record(
        &self,
        tree: &Tree,
        Sources { paths: all, settled }: Sources<'_>,
        known: &TreeRecord,
        left: &mut Left,
    ) -> Result<(TreeRecord, bool), Error> {
        let mut files = Vec::new();
        let mut contents: HashMap<String, Vec<u8>> = HashMap::new();
        let mut too_large = BTreeSet::new();
        let blobs: HashSet<&str> = known.entries.iter().map(|it| it.blob.as_str()).collect();
        let before = std::mem::take(&mut left.0);
        for path in all {
            let stamp = settled.get(path);
            let as_before = before.get(path).filter(|(then, _)| Some(then) == stamp).map(|(_, blob)| blob);
            let blob = match (tree.content(path), as_before) {
                (Some(content), _) => content.to_string(),
                (None, Some(blob)) if blobs.contains(blob.as_str()) => blob.clone(),
                (None, _) => match tree.read(path, MOST_SOURCE) {
                    Ok(bytes) => {
                        let blob = git::Content::of(&bytes)?.to_string();
                        contents.insert(blob.clone(), bytes);
                        blob
                    }
                    Err(error) if error.is_too_large() => {
                        too_large.insert(path.to_owned());
                        format!("too large: {path}")
                    }
                    Err(error) => return Err(error.into()),
                },
            };
            if let Some(stamp) = stamp.filter(|_| !too_large.contains(path)) {
                left.0.insert(path.to_owned(), (*stamp, blob.clone()));
            }
            files.push((path.to_owned(), blob));
        }
        let mut wanted = Vec::new();
        let mut read = HashMap::new();
        for (path, blob) in known.missing(&files) {
            let programming = Programming::of_path(path).expect("only files of a known language are missing");
            let bytes = match contents.remove(blob) {
                Some(bytes) => Ok(bytes),
                None if too_large.contains(path) => {
                    read.insert(
                        (blob.clone(), programming),
                        FileSymbols::empty(programming, Some(symbols::Skip::TooLarge)),
                    );
                    continue;
                }
                None => tree.read(path, MOST_SOURCE),
            };
            match bytes {
                Ok(bytes) => wanted.push(Source { blob: blob.clone(), language: programming, bytes }),
                Err(error) if error.is_too_large() => {
                    read.insert(
                        (blob.clone(), programming),
                        FileSymbols::empty(programming, Some(symbols::Skip::TooLarge)),
                    );
                }
                Err(error) => return Err(error.into()),
            }
        }
        let is_new = !wanted.is_empty() || !read.is_empty();
        for (source, symbols) in wanted.iter().zip(reading::read(&self.program, self.longest, &wanted).await?)
        {
            read.insert((source.blob.clone(), source.language), symbols);
        }
        Ok((known.next(&files, read), is_new))
    }

    /// Reads the code of a tree. `place` names the repository.
    pub(crate) async fn read(&self, place: &str, tree: &Tree, language: &Language) -> Result<Symbols, Error> {
        let sources = || Sources::of(tree, language);
        // The one is the disk's work, the other one is all in memory.
        let (sources, known, left) = std::thread::scope(|scope| {
            let sources = scope.spawn(sources);
            let (known, left) = (self.shelf.kept(place), self.shelf.left(place));
            (sources.join(), known, left)
        });
        let sources = sources.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let mut left_now = left.clone();
        let (record, is_new) = self.record(tree, sources, &known.all, &mut left_now).await?;
        if is_new {
            self.shelf.keep(place, &known, &record);
        }
        // Of a commit nothing is left in any way.
        if left_now != left && !left_now.0.is_empty() {
            self.shelf.keep_left(place, &left_now);
        }
        Ok(Self::symbols(record, tree, language))
    }

    /// The same of a tree beside the one that is kept, which stays where there is one: what is known of it isn't read again.
    pub(crate) async fn read_beside(
        &self,
        place: &str,
        tree: &Tree,
        language: &Language,
    ) -> Result<Symbols, Error> {
        let known = self.shelf.kept(place);
        let sources = Sources::of(tree, language);
        let (record, _) = self.record(tree, sources, &known.all, &mut Left::default()).await?;
        if known.all.entries.is_empty() {
            self.shelf.keep(place, &known, &record);
        }
        Ok(Self::symbols(record, tree, language))
    }

    fn symbols(record: TreeRecord, tree: &Tree, language: &Language) -> Symbols {
        let index = record.index(declared(language));
        let files = tree.paths().map(ToOwned::to_owned).collect();
        Symbols {
            index,
            record,
            files,
            roots: language.roots.clone(),
            became: BTreeMap::new(),
            moved: BTreeMap::new(),
            never: BTreeSet::new(),
            tree: None,
        }
    }

    /// Finds out what became of anchors that lead nowhere, from the last commits up to `head` in which they did.
    pub(crate) async fn look_back(
        &self,
        symbols: &mut Symbols,
        repo: &Repo,
        head: &CommitId,
        language: &Language,
        anchors: &BTreeSet<Anchor>,
    ) -> Result<(), Error> {
        // What is looked for may lie where no code is declared any more.
        let then = Language { roots: roots_then(language, anchors), ..language.clone() };
        let mut past = Past::new(self, repo, head, &then);
        for anchor in anchors {
            let at_first = symbols.at_first(anchor);
            if !matches!(at_first, Resolution::Gone | Resolution::Never | Resolution::Ambiguous(_)) {
                continue;
            }
            let followed = past.follow(symbols, anchor).await?;
            let before = if followed.is_some() { Before::Defined } else { Before::Unknown };
            let mut found = followed.unwrap_or(at_first);
            // What was moved or renamed is told, even where its name is still said for something else; what a type has from another
            // one by now is still there.
            let is_inherited = inherited(&symbols.index, anchor).is_some();
            if before == Before::Unknown || found == Resolution::Gone || is_inherited {
                found = symbols.perhaps(anchor, before).unwrap_or(found);
            }
            if matches!(found, Resolution::Gone | Resolution::Never)
                && let Some(why) = symbols.left_roots(repo, head, anchor)?
            {
                found = Resolution::Unindexed(why);
            }
            symbols.became.insert(anchor.clone(), found);
        }
        Ok(())
    }
}

/// The folders of code, and those in which the anchors lie.
fn roots_then(language: &Language, anchors: &BTreeSet<Anchor>) -> Vec<String> {
    let is_below = |path: &str, root: &String| {
        root == "." || path.strip_prefix(root.as_str()).is_some_and(|rest| rest.starts_with('/'))
    };
    let mut roots = language.roots.clone();
    for anchor in anchors {
        if !roots.iter().any(|root| is_below(anchor.path(), root))
            && let Some((first, _)) = anchor.path().split_once('/')
        {
            roots.push(first.to_owned());
        }
    }
    roots
}

/// What is said of an anchor that never led anywhere, as far as history is known.
fn unknown(anchor: &Anchor, now: &Index) -> Resolution {
    match classify(anchor, None, now, &[]) {
        Verdict::Moved { to } => Resolution::Moved(to),
        Verdict::Renamed { to, commit, similarity: _ } => {
            Resolution::Renamed { to, commit: commit.unwrap_or_default() }
        }
        Verdict::Ambiguous { candidates } => Resolution::Ambiguous(candidates),
        Verdict::Gone => Resolution::Never,
    }
}

pub(super) fn declared(language: &Language) -> Declared {
    Declared { roots: language.roots.clone(), packages: Vec::new() }
}

/// The source files that are read, and how those were left that nothing was done to in the last seconds. That is looked at before
/// anything is read: what is written meanwhile is left in another way.
pub(super) struct Sources<'t> {
    paths: Vec<&'t str>,
    settled: HashMap<String, Stamp>,
}

impl<'t> Sources<'t> {
    pub(super) fn of(tree: &'t Tree, language: &'t Language) -> Self {
        let paths = sources(tree, language);
        Self { settled: tree.settled(&paths), paths }
    }
}

/// The source files that are read: below the declared roots, of a known language, and not left out.
fn sources<'t>(tree: &'t Tree, language: &'t Language) -> Vec<&'t str> {
    let left_out = globs(&language.ignore);
    let mut all: Vec<&str> = language.roots.iter().flat_map(|root| tree.below(root)).collect();
    all.sort_unstable();
    all.dedup();
    all.retain(|path| Programming::of_path(path).is_some() && !left_out.is_match(path));
    all
}

/// The code of one state of a repository.
#[derive(Debug)]
pub(crate) struct Symbols {
    index: Index,
    record: TreeRecord,
    /// Every file of the tree.
    files: BTreeSet<String>,
    roots: Vec<String>,
    /// What became of anchors that lead nowhere.
    became: BTreeMap<Anchor, Resolution>,
    /// Where files that aren't there were moved to.
    moved: BTreeMap<String, String>,
    /// Files and folders that there never were.
    never: BTreeSet<String>,
    /// The tree that it was read from, where texts of definitions are asked for.
    tree: Option<Arc<Tree>>,
}

impl Symbols {
    /// Finds out where files that aren't there were moved to, in commits up to `head`.
    pub(crate) fn follow_files(
        &mut self,
        repo: &Repo,
        head: &CommitId,
        files: &BTreeSet<String>,
    ) -> Result<(), Error> {
        let (mut moved, mut never) = (BTreeMap::new(), BTreeSet::new());
        for path in files.iter().filter(|path| self.has_file(path) != Answer::Yes) {
            if past::never_was(repo, head, path)? {
                never.insert(path.clone());
            } else if let Some(to) = past::moved(repo, head, path, &self.files)? {
                moved.insert(path.clone(), to);
            }
        }
        (self.moved, self.never) = (moved, never);
        Ok(())
    }

    /// Whether it isn't known of an anchor what became of it, or it is gone.
    pub(crate) fn has_lost(&self) -> bool {
        self.became.values().any(|it| matches!(it, Resolution::Gone | Resolution::Never))
    }

    /// That the file of an anchor was moved to where no code is read, if it was: then nobody can tell what became of it.
    fn left_roots(&self, repo: &Repo, head: &CommitId, anchor: &Anchor) -> Result<Option<String>, Error> {
        if self.files.contains(anchor.path()) {
            return Ok(None);
        }
        let Some(to) = past::moved(repo, head, anchor.path(), &self.files)? else { return Ok(None) };
        Ok(self.unread(&to).map(|why| format!("`{}` was moved: {why}", anchor.path())))
    }

    /// The symbols.
    pub(super) fn index(&self) -> &Index {
        &self.index
    }

    /// What was read of each file.
    pub(super) fn record(&self) -> &TreeRecord {
        &self.record
    }

    /// The same, which reads the texts of definitions from the tree that it was read from.
    pub(crate) fn with_texts(self, tree: Arc<Tree>) -> Self {
        Self { tree: Some(tree), ..self }
    }

    /// The text of a file that was read whole.
    fn text(&self, path: &str) -> Option<String> {
        let tree = self.tree.as_ref().filter(|_| self.unread(path).is_none())?;
        String::from_utf8(tree.read(path, MOST_SOURCE).ok()?).ok()
    }

    /// The lines that an anchor leads to, at most so many, and the number of the first.
    pub(crate) fn lines(&self, tree: &Tree, anchor: &Anchor, lines: usize) -> Option<(usize, String)> {
        let at = self.index.resolve(anchor)?.definition;
        let source = String::from_utf8(tree.read(at.path(), MOST_SOURCE).ok()?).ok()?;
        let excerpt = symbols::excerpt(&source, self.index.file(at.path())?, at.symbol(), lines)?;
        Some((excerpt.line as usize, excerpt.text))
    }

    /// Where the symbol of an anchor is, as far as this state of the code tells what it defines.
    fn at_first(&self, anchor: &Anchor) -> Resolution {
        if self.index.resolve(anchor).is_some() {
            return Resolution::Resolves;
        }
        if let Some(why) = self.unread(anchor.path()) {
            return Resolution::Unindexed(why);
        }
        if self.roots.is_empty() {
            return Resolution::Unindexed("`language` declares no `roots` to look for code in".to_owned());
        }
        self.became.get(anchor).cloned().unwrap_or_else(|| unknown(anchor, &self.index))
    }

    /// That the symbol of an anchor may be there though nothing defines it, if it may.
    fn perhaps(&self, anchor: &Anchor, before: Before) -> Option<Resolution> {
        perhaps(&self.index, anchor, before).map(Resolution::Perhaps)
    }

    /// That a path lies in a declared folder of code that isn't there any more, if it does: what was in it may be anywhere.
    fn lost_root(&self, path: &str) -> Option<String> {
        let is_in =
            |root: &&String| path.strip_prefix(root.as_str()).is_some_and(|rest| rest.starts_with('/'));
        let root = self.roots.iter().filter(is_in).find(|root| self.has_file(root) != Answer::Yes)?;
        Some(format!("there is no `{root}` any more, which is one of the declared `roots`"))
    }

    /// Why nobody can tell what is in a file; `None` where it was read, or isn't there.
    pub(super) fn unread(&self, path: &str) -> Option<String> {
        if !self.files.contains(path) {
            return None;
        }
        match self.index.file(path) {
            Some(FileSymbols { skip: Some(skip), .. }) => Some(format!("`{path}` was left out: {skip}")),
            Some(FileSymbols { partial: true, .. }) => {
                Some(format!("`{path}` couldn't be read whole: its syntax has errors"))
            }
            Some(_) => None,
            None if self.roots.is_empty() => {
                Some("`language` declares no `roots` to look for code in".to_owned())
            }
            None if Programming::of_path(path).is_none() => {
                Some(format!("`{path}` is in no programming language that is read"))
            }
            None => Some(format!("`{path}` lies outside of the declared `roots`, or is ignored")),
        }
    }
}

impl Code for Symbols {
    fn resolve(&self, anchor: &Anchor) -> Resolution {
        let found = self.at_first(anchor);
        let is_open = matches!(found, Resolution::Gone | Resolution::Never | Resolution::Ambiguous(_));
        let found = if is_open && !self.became.contains_key(anchor) {
            self.perhaps(anchor, Before::Unknown).unwrap_or(found)
        } else {
            found
        };
        match self.lost_root(anchor.path()) {
            Some(why) if matches!(found, Resolution::Gone | Resolution::Never) => Resolution::Unindexed(why),
            Some(_) | None => found,
        }
    }

    fn defined(&self, anchor: &Anchor) -> Option<Anchor> {
        self.index.resolve(anchor).map(|found| found.definition)
    }

    fn depends(&self, anchor: &Anchor) -> Option<Vec<Anchor>> {
        let at = self.defined(anchor)?;
        named_by(&self.index, &at)
    }

    fn bases(&self, anchor: &Anchor) -> Option<Vec<Anchor>> {
        let at = self.defined(anchor).filter(|at| self.unread(at.path()).is_none())?;
        let mut bases: Vec<Anchor> =
            self.index.bases(&at).into_iter().filter_map(|base| base.anchor).collect();
        bases.sort();
        bases.dedup();
        Some(bases)
    }

    fn is_public_type(&self, anchor: &Anchor) -> Option<bool> {
        let at = self.defined(anchor)?;
        let found = self.index.defined(&at)?;
        Some(found.kind == Kind::Type && found.public && found.top_level())
    }

    fn excerpt(&self, anchor: &Anchor, lines: usize) -> Option<String> {
        let at = self.defined(anchor)?;
        let source = self.text(at.path())?;
        symbols::excerpt(&source, self.index.file(at.path())?, at.symbol(), lines).map(|found| found.text)
    }

    fn files(&self) -> Vec<FileOf> {
        let of = |path: &String| {
            let file = self.index.file(path).filter(|file| file.skip.is_none());
            let count = |file: &FileSymbols, kinds: &[Kind]| {
                file.definitions.iter().filter(|found| kinds.contains(&found.kind)).count()
            };
            let defined = file.map(|file| Defined {
                types: count(file, &[Kind::Type]),
                functions: count(file, &[Kind::Function, Kind::Method]),
            });
            FileOf { path: path.clone(), defined }
        };
        self.index.paths().iter().map(of).collect()
    }

    fn load_bearing(&self, suffixes: &[String]) -> Vec<Anchor> {
        load_bearing(&self.index, suffixes)
    }

    fn uses(&self) -> Vec<FileUse> {
        let of = |path: &String| {
            let from = path.clone();
            let uses = self.index.uses(path).into_iter();
            uses.map(move |it| FileUse {
                from_path: from.clone(),
                to_path: it.path,
                symbol: it.symbol.map_or_else(String::new, |to| to.symbol().to_owned()),
            })
        };
        self.index.paths().iter().flat_map(of).collect()
    }

    fn has_file(&self, path: &str) -> Answer {
        let folder = format!("{}/", path.trim_end_matches('/'));
        let is_there = self.files.contains(path)
            || self.files.range(folder.clone()..).next().is_some_and(|file| file.starts_with(&folder));
        if is_there {
            return Answer::Yes;
        }
        let name = path.rsplit('/').next().unwrap_or(path);
        let namesakes: Vec<&String> =
            self.files.iter().filter(|file| file.rsplit('/').next() == Some(name)).collect();
        let suggestion = if let [one] = namesakes.as_slice() { Some((*one).clone()) } else { None };
        Answer::No { suggestion }
    }

    fn moved_file(&self, path: &str) -> Option<String> {
        self.moved.get(path).cloned()
    }

    fn never_was(&self, path: &str) -> bool {
        self.never.contains(path)
    }

    fn has_dotted(&self, dotted: &str) -> Answer {
        if self.roots.is_empty() {
            return Answer::Unknown { why: "`language` declares no `roots` to look for code in".to_owned() };
        }
        let mut parts: Vec<&str> = dotted.split('.').collect();
        let from = if parts.first() == Some(&"crate") {
            parts.remove(0);
            self.crates()
        } else {
            vec![String::new()]
        };
        for start in &from {
            // Only where the longest path of modules leads to is asked for what isn't read: others lead by it.
            let mut nearest = true;
            for split in (0..=parts.len()).rev() {
                let module = format!("{start}{}", parts[..split].join("/"));
                let symbol = parts[split..].join(".");
                if symbol.is_empty() && self.has_file(&module) == Answer::Yes {
                    return Answer::Yes;
                }
                let modules = self.modules(&module);
                let is_nearest = nearest && !modules.is_empty();
                nearest &= !is_nearest;
                for path in modules {
                    let within = [symbol.clone(), format!("{}.{symbol}", parts[split.saturating_sub(1)])];
                    let is_there = |symbol: &String| {
                        Anchor::new(path, symbol).is_ok_and(|at| self.index.resolve(&at).is_some())
                    };
                    if symbol.is_empty() || within.iter().any(is_there) {
                        return Answer::Yes;
                    }
                    if let Some(why) = self.unread(path) {
                        return Answer::Unknown { why };
                    }
                    let may_be = |at: &Anchor| self.perhaps(at, Before::Unknown).is_some();
                    if is_nearest && Anchor::new(path, &symbol).is_ok_and(|at| may_be(&at)) {
                        return Answer::Yes;
                    }
                }
            }
        }
        if let Some(why) = self.lost_root(&parts.join("/")) {
            return Answer::Unknown { why };
        }
        let name = parts.last().copied().unwrap_or_default();
        let found = self.index.named(name);
        Answer::No {
            suggestion: if let [(one, _)] = found.as_slice() { Some(one.to_string()) } else { None },
        }
    }

    fn has_name(&self, name: &str) -> Answer {
        if !self.index.named(name).is_empty() {
            return Answer::Yes;
        }
        if self.roots.is_empty() {
            return Answer::Unknown { why: "`language` declares no `roots` to look for code in".to_owned() };
        }
        let names: BTreeSet<&str> = self.index.definitions().map(|(_, found)| found.name()).collect();
        Answer::No { suggestion: closest(name, names).map(ToOwned::to_owned) }
    }

    fn has_command(&self, line: &str) -> Answer {
        let program = line.split_whitespace().next().unwrap_or_default().trim_start_matches("./");
        if self.files.contains(program) {
            return Answer::Yes;
        }
        if program.contains('/') {
            return self.has_file(program);
        }
        Answer::Unknown { why: format!("whether `{program}` is installed where it is run isn't known") }
    }

    fn names_in(&self, path: &str) -> Vec<String> {
        let mut found: Vec<(u32, String)> = self.index.file(path).map_or_else(Vec::new, |file| {
            file.definitions.iter().map(|found| (found.span.start, found.symbol.clone())).collect()
        });
        found.sort();
        found.into_iter().map(|(_, symbol)| symbol).collect()
    }
}

impl Symbols {
    /// The files that a module path may mean; of Go, where a folder is one module, all that are in it.
    fn modules<'s>(&'s self, module: &str) -> Vec<&'s str> {
        let module = module.trim_end_matches('/');
        let there = |end: &&str| self.files.get(&format!("{module}{end}")).map(String::as_str);
        let folder = format!("{module}/");
        let below = self.files.range(folder.clone()..).take_while(|path| path.starts_with(&folder));
        let is_of_go = |path: &&String| {
            Programming::of_path(path) == Some(Programming::Go) && !path[folder.len()..].contains('/')
        };
        MODULE_FILES.iter().filter_map(there).chain(below.filter(is_of_go).map(String::as_str)).collect()
    }

    /// The folders that `crate` may mean, each with its `/`.
    fn crates(&self) -> Vec<String> {
        let of = |path: &String| {
            let folder = path.strip_suffix("lib.rs").or_else(|| path.strip_suffix("main.rs"))?;
            (folder.is_empty() || folder.ends_with('/')).then(|| folder.to_owned())
        };
        let mut all: Vec<String> = self.files.iter().filter_map(of).collect();
        all.dedup();
        all
    }
}
