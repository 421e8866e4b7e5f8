//! What `term`, `adr`, `wiki` and `validate` have in common: the words of the config repository, read; findings, said; files,
//! written.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::adapters::fs;
use crate::adapters::git::{self, Access};
use crate::desired::{self, Diagnostic, Label, Severity};
use crate::engine::language::{Library, Symbols, Tree, Words};
use crate::engine::{At, Loaded, Source};
use crate::language::finding::Finding;
use crate::language::fix::apply;
use crate::language::terms::section::ended_like;
use crate::language::wiki::WikiPage;
use crate::model::language::{Language, Level};
use crate::model::{CommitId, ConfigFiles, RepoName};
use crate::plan::render::{Style, counted};

use super::context::Context;
use super::exit::{Exit, Fail};

/// How often it is looked again at what was mended: one mend may make another possible.
const ROUNDS: usize = 5;

/// The most bytes of a rendered page.
const MOST_RENDERED: u64 = 64 << 20;

/// Whose words are meant.
#[derive(Debug, clap::Args)]
pub(super) struct Whose {
    /// Those of this managed repository, as its `language` in config has it, in a clone of it; else those of the config repository.
    #[arg(long, global = true, value_name = "OWNER/NAME")]
    of: Option<RepoName>,
    /// Where that clone lies. Default: here.
    #[arg(long = "clone", global = true, value_name = "DIR")]
    clone: Option<PathBuf>,
}

/// A repository, and the files of the state that is looked at.
pub(super) struct Opened {
    /// Where the files lie.
    files: Source,
    /// What they are kept under, as far as they are read for code.
    place: String,
    /// The commit that they are of, where they are of one.
    commit: Option<CommitId>,
    loaded: Loaded,
    /// The managed repository whose files they are; none: the config repository.
    of: Option<RepoName>,
    tree: Tree,
    access: Access,
    /// Of who writes: nobody else who does reads or writes meanwhile.
    _held: Option<fs::Held>,
}

impl Opened {
    /// Opens the one that the arguments name.
    pub(super) async fn of(cx: &Context, whose: &Whose) -> Result<Self, Fail> {
        Self::open(cx, whose, false).await
    }

    /// The same to write to: whoever else does waits until it is done, so that nobody writes what was read before another wrote.
    pub(super) async fn to_write(cx: &Context, whose: &Whose) -> Result<Self, Fail> {
        Self::open(cx, whose, true).await
    }

    async fn open(cx: &Context, whose: &Whose, writes: bool) -> Result<Self, Fail> {
        let config = cx.source().await?;
        let hold = |root: PathBuf| if writes { fs::hold(&root).map(Some) } else { Ok(None) };
        let Some(of) = &whose.of else {
            if whose.clone.is_some() {
                return Err(Fail::new(
                    Exit::Usage,
                    "--clone says where a managed repository lies, and none is named",
                )
                .help("name it with --of OWNER/NAME"));
            }
            let held = if writes { hold(root(&config, cx.at())?)? } else { None };
            return Ok(Self { _held: held, ..Self::from(cx, config).await? });
        };
        let loaded = cx.load(&config, cx.at())?;
        let clone = match &whose.clone {
            Some(folder) => cx.env.cwd().join(folder),
            None => cx.env.cwd().to_owned(),
        };
        let named = clone.display().to_string();
        if !clone.is_dir() {
            return Err(Fail::new(Exit::Usage, format!("there is no folder {named}"))
                .help(format!("name with --clone the folder that a clone of {of} lies in")));
        }
        let clone = git::Repo::discover(&clone).map(|repo| repo.work_tree());
        let clone = clone.map_err(|error| no_clone(of, &named).because(error))?;
        let clone = clone.ok_or_else(|| no_clone(of, &named))?;
        let place = clone.display().to_string();
        let files = Source::open(cx.env.cwd(), cx.state_home(), Some(&place))?;
        let held = hold(root(&files, At::WorkingTree)?)?;
        let access = Access::new(&cx.env, cx.env.github_token());
        let tree = Tree::of(&files, At::WorkingTree, None, &access).await?;
        Ok(Self { files, place, commit: None, loaded, of: Some(of.clone()), tree, access, _held: held })
    }

    /// The same of a place that is open already.
    pub(super) async fn from(cx: &Context, source: Source) -> Result<Self, Fail> {
        let loaded = cx.load(&source, cx.at())?;
        let access = Access::new(&cx.env, cx.env.github_token());
        let (place, commit) = (loaded.desired.origin.place.clone(), loaded.desired.origin.commit.clone());
        let tree = Tree::of(&source, cx.at(), commit.as_ref(), &access).await?;
        Ok(Self { files: source, place, commit, loaded, of: None, tree, access, _held: None })
    }

    /// The managed repository that is meant; none: the config repository.
    pub(super) fn repo(&self) -> Option<&RepoName> {
        self.of.as_ref()
    }

    /// The config.
    pub(super) fn loaded(&self) -> &Loaded {
        &self.loaded
    }

    /// What config says of the language.
    pub(super) fn language(&self) -> Result<&Language, Fail> {
        if let Some(of) = &self.of {
            let desired = &self.loaded.desired;
            let repo = desired.repos.values().find(|repo| repo.name == *of).ok_or_else(|| {
                Fail::new(Exit::Usage, format!("config manages no repository {of}"))
                    .help("name one that it does; without --of it is about the config repository itself")
            })?;
            return repo.language.as_deref().ok_or_else(|| {
                Fail::new(Exit::Usage, format!("config says nothing of the language of {of}")).help(format!(
                    "add `language {{ roots \"src\"; }}` to `repo \"{of}\"`, its group or `defaults`"
                ))
            });
        }
        self.loaded.desired.language.as_deref().ok_or_else(|| {
            Fail::new(Exit::Usage, "this config says nothing of a language, so that there is nothing to look at")
                .help("add `language { roots \"src\"; }` to factory.kdl; `factoryctl explain language` says what else it takes")
        })
    }

    /// The words.
    pub(super) fn words(&self) -> Result<Words, Fail> {
        Ok(Words::read(&self.tree, self.language()?)?)
    }

    /// The words, with the pull requests that were reverted of those that entries were learnt from, where it is known which
    /// repository this is.
    pub(super) fn words_with_history(&self, cx: &Context) -> Result<Words, Fail> {
        let mut words = self.words()?;
        let desired = &self.loaded.desired;
        let api = cx.api(desired);
        let repo = self.of.as_ref().or_else(|| desired.own_repo(&api));
        if let (Some(repo), Some(git), Some(head)) = (repo, self.files.repo(), self.head()?) {
            words.look_back(git, &head, repo)?;
        }
        Ok(words)
    }

    /// The code, as far as it is declared, and what became of the anchors of terms that lead nowhere.
    pub(super) async fn code(&self, cx: &Context, words: &Words) -> Result<Symbols, Fail> {
        let program = cx.env.executable().map_err(|error| {
            Fail::new(Exit::Error, "this program can't be found, so that no code can be read").because(error)
        })?;
        let (home, longest) = (cx.state_home().ok(), cx.global.read_file_ms.map(Duration::from_millis));
        let library = Library::new(program, home.as_deref(), longest, cx.clock.now());
        let mut code = library.read(&self.place, &self.tree, &words.language).await?;
        if let (Some(repo), Some(head)) = (self.files.repo(), self.head()?) {
            let (learnt, files) = words.code_of_entries();
            let anchors = words.anchors().cloned().chain(learnt).collect();
            library.look_back(&mut code, repo, &head, &words.language, &anchors).await?;
            code.follow_files(repo, &head, &files)?;
            if code.has_lost() && repo.is_shallow() {
                cx.ui.say(
                    "note: this is a shallow clone, and what became of code before its history begins isn't known; \
                     `git fetch --unshallow` completes it",
                );
            }
        }
        Ok(code)
    }

    /// The commit that history is looked at from: what config was read from, or what is checked out.
    pub(super) fn head(&self) -> Result<Option<CommitId>, Fail> {
        match (&self.commit, self.files.repo()) {
            (Some(commit), _) => Ok(Some(commit.clone())),
            (None, None) => Ok(None),
            (None, Some(repo)) => match repo.head() {
                Ok(head) => Ok(Some(head)),
                Err(git::Error::Empty(_)) => Ok(None),
                Err(error) => Err(error.into()),
            },
        }
    }

    /// The files.
    pub(super) fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Says which of the files and folders that something cites aren't there; it may be written before they are.
    pub(super) fn say_absent<'a>(&self, cx: &Context, paths: impl IntoIterator<Item = &'a str>) {
        let is_there = |path: &str| self.tree.has(path) || self.tree.below(path).next().is_some();
        for path in paths.into_iter().filter(|path| !is_there(path)) {
            cx.ui.say(&format!("note: there is no `{path}` here yet, and until there is, it doesn't hold"));
        }
    }

    /// Where they lie.
    pub(super) fn source(&self) -> &Source {
        &self.files
    }

    /// Looks at the files again.
    async fn again(&mut self, cx: &Context) -> Result<(), Fail> {
        let at = if self.of.is_some() { At::WorkingTree } else { cx.at() };
        self.tree = Tree::of(&self.files, at, self.commit.as_ref(), &self.access).await?;
        Ok(())
    }

    /// The folder that files are written to.
    pub(super) fn root(&self, cx: &Context) -> Result<PathBuf, Fail> {
        root(&self.files, if self.of.is_some() { At::WorkingTree } else { cx.at() })
    }
}

/// That a folder isn't one of a clone: what is written there would be of no repository.
fn no_clone(of: &RepoName, folder: &str) -> Fail {
    Fail::new(Exit::Usage, format!("{folder} is no working tree of Git, and so no clone of {of}"))
        .help(format!("clone {of}, and name with --clone the folder that the clone lies in"))
}

/// The folder of a source that files are written to.
fn root(source: &Source, at: At<'_>) -> Result<PathBuf, Fail> {
    let not_here = |why: &str| Fail::new(Exit::Usage, why).help("run it in a clone, without --at");
    match (source, at) {
        (_, At::Revision(_)) => {
            Err(not_here("files are written where they are worked on, not at a revision"))
        }
        (Source::Folder(folder), At::WorkingTree) => Ok(folder.clone()),
        (Source::Local { repo, .. }, At::WorkingTree) => {
            repo.work_tree().ok_or_else(|| not_here("a bare repository has no files to write"))
        }
        (Source::Remote { .. }, At::WorkingTree) => {
            Err(not_here("a remote repository has no files to write"))
        }
    }
}

/// All that is wrong with the language that config declares, and the files that it is in; `None` where it declares none.
pub(super) async fn all(cx: &Context, opened: &Opened) -> Result<Option<(Vec<Finding>, ConfigFiles)>, Fail> {
    if opened.loaded.desired.language.is_none() {
        return Ok(None);
    }
    let words = opened.words()?;
    let code = opened.code(cx, &words).await?;
    Ok(Some((words.lint(&code, &[]), words.files())))
}

/// That nothing is written which would lack a file that can't be read.
pub(super) fn lost(path: &str, what: &str) -> Fail {
    let says = format!("nothing is written: {path} can't be read as {what}, and would be lost from it");
    Fail::new(Exit::Invalid, says)
        .help("run `factoryctl term lint`, which says all that is wrong, and mend it")
}

/// The text of a file that is changed: what isn't text would be lost.
pub(super) fn text(path: &str, bytes: Vec<u8>) -> Result<String, Fail> {
    String::from_utf8(bytes).map_err(|error| {
        Fail::new(Exit::Invalid, format!("{path} is not UTF-8")).because(error).help("save it as UTF-8")
    })
}

/// How a command ends that found this.
pub(super) fn judged(found: &[Finding]) -> Exit {
    if found.iter().any(|it| it.level == Level::Error) { Exit::Invalid } else { Exit::Done }
}

/// Which findings are looked at.
pub(super) type Wanted<'a> = &'a dyn Fn(&Words, &Symbols) -> Vec<Finding>;

/// Says what is wrong, having mended first what can be where that is asked for.
pub(super) async fn lint(
    cx: &Context,
    opened: &mut Opened,
    wanted: Wanted<'_>,
    mend: bool,
    as_json: bool,
) -> Result<Exit, Fail> {
    let code = opened.code(cx, &opened.words()?).await?;
    let mut mended = 0;
    for _ in 0..if mend { ROUNDS } else { 0 } {
        let root = opened.root(cx)?;
        let fixed = mend_once(&opened.words()?, &code, wanted, &root)?;
        if fixed == 0 {
            break;
        }
        mended += fixed;
        opened.again(cx).await?;
    }
    let words = opened.words()?;
    let found = wanted(&words, &code);
    let files = words.files();
    let exit = judged(&found);
    if as_json {
        let diagnostics = diagnostics(&found, &files);
        cx.ui.print_json(&json!({
            "version": 1,
            "valid": exit == Exit::Done,
            "mended": mended,
            "diagnostics": desired::to_json(&diagnostics, &files),
        }))?;
        return Ok(exit);
    }
    say(cx, &found, &files);
    let errors = found.iter().filter(|it| it.level == Level::Error).count();
    let warnings = found.len() - errors;
    let mut says = vec![counted(errors, "error", "errors"), counted(warnings, "warning", "warnings")];
    if mend {
        says.push(format!("{mended} mended"));
    }
    let mendable = found.iter().filter(|it| it.fix.is_some()).count();
    if !mend && mendable > 0 {
        says.push(format!("{mendable} of them can be mended with --fix"));
    }
    cx.ui.print(&format!("{}\n", says.join(", ")))?;
    Ok(exit)
}

/// Mends what can be in each file, and says in how many places.
fn mend_once(words: &Words, code: &Symbols, wanted: Wanted<'_>, root: &Path) -> Result<usize, Fail> {
    let found = wanted(words, code);
    let mut mended = 0;
    for file in words.files().files {
        let fixes: Vec<_> =
            found.iter().filter(|it| it.path == file.path).filter_map(|it| it.fix.clone()).collect();
        let Ok(text) = String::from_utf8(file.bytes) else { continue };
        let after = apply(&text, &fixes);
        if after != text {
            fs::replace_shared(&root.join(&file.path), after.as_bytes())?;
            mended += fixes.len();
        }
    }
    Ok(mended)
}

/// Says findings, with their places.
pub(super) fn say(cx: &Context, found: &[Finding], files: &ConfigFiles) {
    if !found.is_empty() {
        let color = cx.ui.err_style() == Style::Color;
        cx.ui.say(desired::render(&diagnostics(found, files), files, color).trim_end());
    }
}

/// Findings as config's own problems are told.
pub(super) fn diagnostics(found: &[Finding], files: &ConfigFiles) -> Vec<Diagnostic> {
    let text = |path: &str| {
        let file = files.files.iter().find(|file| file.path == path)?;
        std::str::from_utf8(&file.bytes).ok()
    };
    let diagnostic = |it: &Finding| Diagnostic {
        code: it.rule,
        severity: if it.level == Level::Error { Severity::Error } else { Severity::Warning },
        // A finding about a file as a whole has no place that would name it.
        message: if it.span.is_empty() { format!("{}: {}", it.path, it.message) } else { it.message.clone() },
        help: it.help.clone(),
        labels: vec![label(it, text(&it.path).unwrap_or_default())],
    };
    found.iter().map(diagnostic).collect()
}

fn label(it: &Finding, text: &str) -> Label {
    let file = it.path.as_str().into();
    let before = text.get(..it.span.start).filter(|_| it.span.end > it.span.start);
    let Some(before) = before else {
        return Label { file, span: 0..0, line: 0, column: 0, text: String::new() };
    };
    let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let lines = before.matches('\n').count();
    let column =
        before.rsplit('\n').next().unwrap_or_default().trim_start_matches('\u{feff}').chars().count();
    let one_based = |n: usize| u32::try_from(n + 1).unwrap_or(u32::MAX);
    Label {
        file,
        span: it.span.start.saturating_sub(mark)..it.span.end.saturating_sub(mark),
        line: one_based(lines),
        column: one_based(column),
        text: "here".to_owned(),
    }
}

/// The names, levels and meanings of rules.
pub(super) fn rules(
    cx: &Context,
    described: &[(&'static str, Level, &'static str)],
    as_json: bool,
) -> Result<Exit, Fail> {
    if as_json {
        let rule = |(name, level, doc): &(&str, Level, &str)| json!({ "name": name, "level": level.as_str(), "about": doc });
        let rules: Vec<Value> = described.iter().map(rule).collect();
        cx.ui.print_json(&json!({ "version": 1, "rules": rules }))?;
        return Ok(Exit::Done);
    }
    let widest = described.iter().map(|(name, _, _)| name.len()).max().unwrap_or_default();
    for (name, level, doc) in described {
        cx.ui.print(&format!("{name:widest$}  {:7}  {doc}\n", level.as_str()))?;
    }
    Ok(Exit::Done)
}

/// Writes files that are kept from something else, or says which aren't as they should be. The ends of their lines stay.
pub(super) fn keep(cx: &Context, opened: &Opened, pages: &[WikiPage], check: bool) -> Result<Exit, Fail> {
    let mut exit = Exit::Done;
    for page in pages {
        let is = opened
            .tree()
            .has(&page.path)
            .then(|| opened.tree().read(&page.path, MOST_RENDERED))
            .transpose()?;
        let there = is.as_deref().and_then(|is| std::str::from_utf8(is).ok());
        let page = WikiPage { path: page.path.clone(), text: ended_like(page.text.clone(), there) };
        if there == Some(page.text.as_str()) {
            continue;
        }
        if check {
            cx.ui.print(&format!("not as rendered: {}\n", page.path))?;
            exit = Exit::Changes;
        } else {
            write(&opened.root(cx)?, &page)?;
            cx.ui.print(&format!("rendered {}\n", page.path))?;
        }
    }
    Ok(exit)
}

/// Writes one file of the repository, with the folders that lead to it.
pub(super) fn write(root: &Path, page: &WikiPage) -> Result<(), Fail> {
    let below = Path::new(&page.path);
    if !fs::make_plain_dir(root, below.parent().unwrap_or(Path::new("")))? {
        let message =
            format!("`{}` can't be written: a link or a file is in the way of its folder", page.path);
        return Err(Fail::new(Exit::Error, message).help("remove what is in the way, and run it again"));
    }
    Ok(fs::replace_shared(&root.join(below), page.text.as_bytes())?)
}
