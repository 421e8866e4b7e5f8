//! An agent that is a program: for demos, tests and benchmarks, where an agent of kind `command` is to be had that costs
//! nothing, answers at once, and makes the mistakes that it is told to make.
//!
//! It knows nothing but what any agent is given: the prompt on its input, the folder that it stands in, and the outbox.
//! It remembers nothing either: whether it was told that something is amiss it finds in the prompt, and whether a file is
//! missing it looks up.

mod answers;
mod prompt;
#[cfg(test)]
mod tests;

use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs, io};

use prompt::Prompt;

/// Where an answer is left.
const OUTBOX: &str = "FACTORY_OUTBOX";
/// The longest prompt that is read.
const LONGEST: u64 = 16 << 20;
/// What is written where nobody says what.
const WORK: (&str, &str) = ("work/issue-{issue}.md", "{title}\n");

/// How an agent goes about what it is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    /// What it writes, path and text; `{issue}` and `{title}` stand for those of the issue.
    pub writes: Vec<(String, String)>,
    /// What it forgets to write until it is told that something is amiss.
    pub forgets: Vec<(String, String)>,
    /// What it misses, as the one who compares with what was asked for, as long as it isn't there; besides what is to be
    /// written.
    pub asks_for: Vec<String>,
    /// What it finds wrong, as the one who reviews, as long as it isn't there.
    pub insists_on: Vec<String>,
    /// What goes wrong the first time.
    pub slips: Vec<Slip>,
}

/// What goes wrong the first time, and well once it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slip {
    /// Triage says that something is missing.
    Unready,
    /// The brief is not whole.
    Brief,
    /// The council is split.
    Split,
    /// The plan names no file and no test.
    Plan,
    /// The review of the plan blocks it.
    Blocked,
    /// Nothing is written.
    Nothing,
    /// It ends with an error instead of its work.
    Crash,
    /// Its answer has another form than was asked for.
    Nonsense,
}

impl Slip {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Unready,
        Self::Brief,
        Self::Split,
        Self::Plan,
        Self::Blocked,
        Self::Nothing,
        Self::Crash,
        Self::Nonsense,
    ];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unready => "unready",
            Self::Brief => "brief",
            Self::Split => "split",
            Self::Plan => "plan",
            Self::Blocked => "blocked",
            Self::Nothing => "nothing",
            Self::Crash => "crash",
            Self::Nonsense => "nonsense",
        }
    }
}

/// Why an agent didn't do it.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// Something of the system.
    #[error("could not {doing}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Git refused.
    #[error("`git {0}` failed: {1}")]
    Git(String, String),
    /// An answer is asked for, and nobody says where to.
    #[error("there is no outbox: the variable {OUTBOX} is not set")]
    NoOutbox,
    /// It knows no answer of such a form.
    #[error("it knows no answer with the fields {0}")]
    Form(String),
    /// A path leads out of the folder that it works in.
    #[error("`{0}` leads out of the folder")]
    Outside(String),
    /// It was told to end like this.
    #[error("it was told to fail the first time")]
    Told,
}

fn io(doing: &'static str) -> impl Fn(io::Error) -> Failed {
    move |source| Failed::Io { doing, source }
}

/// Does what the prompt on this process's input asks for, in the folder that it stands in. Answers its last words.
///
/// # Errors
/// When it can't, or was told not to.
pub fn play(script: &Script) -> Result<String, Failed> {
    let mut text = String::new();
    io::stdin().take(LONGEST).read_to_string(&mut text).map_err(io("read the prompt"))?;
    let outbox = env::var_os(OUTBOX).map(PathBuf::from);
    at(Path::new("."), outbox.as_deref(), script, &text)
}

/// The same at any place.
fn at(folder: &Path, outbox: Option<&Path>, script: &Script, text: &str) -> Result<String, Failed> {
    let prompt = Prompt::of(text);
    if script.slips.contains(&Slip::Crash) && !prompt.told() {
        return Err(Failed::Told);
    }
    match prompt.form() {
        Some(form) => {
            let answer = answers::answer(&form, &prompt, folder, script)?;
            let outbox = outbox.ok_or(Failed::NoOutbox)?;
            fs::write(outbox.join("answer.json"), answer.to_string()).map_err(io("leave the answer"))?;
            Ok("answered".to_owned())
        }
        None => work(folder, script, &prompt),
    }
}

/// Writes and commits.
fn work(folder: &Path, script: &Script, prompt: &Prompt<'_>) -> Result<String, Failed> {
    if script.slips.contains(&Slip::Nothing) && !prompt.told() {
        return Ok("there is nothing to do".to_owned());
    }
    if let Some(base) = prompt.conflicts_with() {
        // Where both sides changed the same lines, this one's stay.
        git(folder, &["merge", "--quiet", "--no-edit", "-X", "ours", base])?;
        return Ok(format!("took {base} in"));
    }
    let all = writes(script, prompt);
    for (path, text) in &all {
        put(folder, path, text)?;
    }
    if prompt.told() {
        for (path, text) in filled(&script.forgets, prompt) {
            put(folder, &path, &text)?;
        }
    }
    git(folder, &["add", "--all"])?;
    if git(folder, &["status", "--porcelain"])?.is_empty() && prompt.told() {
        // It is all there, and somebody wants it otherwise: it says that it heard.
        let (path, _) = all.first().expect("there is always something to write");
        let heard = fs::read_to_string(folder.join(path)).unwrap_or_default();
        put(folder, path, &format!("{heard}Heard.\n"))?;
        git(folder, &["add", "--all"])?;
    }
    if git(folder, &["status", "--porcelain"])?.is_empty() {
        return Ok("it is there already".to_owned());
    }
    let why = if prompt.told() { "Mend what was amiss" } else { prompt.title() };
    git(folder, &["commit", "--quiet", "--message", why])?;
    Ok(format!("committed: {why}"))
}

impl Script {
    /// Every file that the work comes to.
    fn all(&self, prompt: &Prompt<'_>) -> Vec<(String, String)> {
        let mut all = writes(self, prompt);
        all.extend(filled(&self.forgets, prompt));
        all
    }
}

/// What it writes, of the issue that the prompt is about.
fn writes(script: &Script, prompt: &Prompt<'_>) -> Vec<(String, String)> {
    if script.writes.is_empty() {
        return filled(&[(WORK.0.to_owned(), WORK.1.to_owned())], prompt);
    }
    filled(&script.writes, prompt)
}

fn filled(files: &[(String, String)], prompt: &Prompt<'_>) -> Vec<(String, String)> {
    files.iter().map(|(path, text)| (prompt.fill(path), prompt.fill(text))).collect()
}

fn put(folder: &Path, path: &str, text: &str) -> Result<(), Failed> {
    if !Path::new(path).components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(Failed::Outside(path.to_owned()));
    }
    let file = folder.join(path);
    if let Some(above) = file.parent() {
        fs::create_dir_all(above).map_err(io("make a folder"))?;
    }
    fs::write(file, text).map_err(io("write a file"))
}

fn git(folder: &Path, args: &[&str]) -> Result<String, Failed> {
    let mut command = Command::new("git");
    let output =
        command.args(args).current_dir(folder).stdin(Stdio::null()).output().map_err(io("run git"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(Failed::Git(args.join(" "), String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}
