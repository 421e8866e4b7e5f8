//! Whether an agent can be started here: its program is there, of a version that its lines are known of, and is seen where
//! it is to work.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::adapters::env::Env;
use crate::adapters::fs;
use crate::adapters::process::{Command, on_path};
use crate::adapters::said;
use crate::model::{AgentBounds, AgentConfig};
use crate::runs::agents;
use crate::runs::sandbox::Sandbox;

/// How long a program may take to say its version.
const VERSION: Duration = Duration::from_secs(20);

/// What was found.
#[derive(Clone, Debug)]
pub struct Probed {
    /// The program and its first arguments.
    pub program: Vec<String>,
    /// Where the program lies.
    pub at: PathBuf,
    /// Its version, where versions mean anything.
    pub version: Option<String>,
}

/// Looks for an agent's program: the whole command, and where it lies.
///
/// # Errors
/// Why it can't be started, and what to do.
pub(super) fn locate(env: &Env, config: &AgentConfig) -> Result<(Vec<String>, PathBuf), String> {
    let kind = &config.kind;
    let agent = agents::by_kind(kind).ok_or_else(|| format!("there is no agent of kind `{kind}`"))?;
    let usual = || agent.program().map(str::to_owned).into_iter().collect();
    let program: Vec<String> = if config.program.is_empty() { usual() } else { config.program.clone() };
    let name = program.first().ok_or_else(|| format!("an agent of kind `{kind}` needs a `program`"))?;
    let at = find(env, name).ok_or_else(|| {
        format!(
            "the program `{name}` of the agent `{}` isn't there; install it, or name where it lies with `program` ({})",
            config.name, config.source
        )
    })?;
    Ok((program, at))
}

/// Looks for an agent's program and asks it for its version, with the variables that config gives it.
///
/// # Errors
/// Why it can't be started, and what to do.
pub async fn probe(env: &Env, config: &AgentConfig, vars: &[(String, String)]) -> Result<Probed, String> {
    let kind = &config.kind;
    let (program, at) = locate(env, config)?;
    let (name, rest) = program.split_first().ok_or_else(|| format!("`{kind}` has no program"))?;
    let versions = agents::by_kind(kind).and_then(agents::Agent::versions);
    let Some((oldest, too_new)) = versions else { return Ok(Probed { at, version: None, program }) };
    let dots = |version: [u64; 3]| version.map(|part| part.to_string()).join(".");
    let path = env.text("PATH").map(|path| ("PATH".to_owned(), path.to_owned()));
    let command = Command::new(&at).args(rest).arg("--version").time_limit(VERSION);
    let command = vars.iter().chain(&path).fold(command, |command, (name, value)| command.var(name, value));
    let output = command.run().await.map_err(|error| {
        format!(
            "`{name}`, the program of the agent `{}`, doesn't tell its version: {}",
            config.name,
            said(&error)
        )
    })?;
    let found = agents::version(&String::from_utf8_lossy(&output.stdout));
    let found =
        found.ok_or_else(|| format!("`{name} --version` names no version; is it the right program?"))?;
    if found < oldest || found >= too_new {
        let (found, oldest, too_new) = (dots(found), dots(oldest), dots(too_new));
        return Err(format!(
            "`{name}` is of version {found}; of `{kind}` those from {oldest} up to {too_new} are known: install one of \
             them"
        ));
    }
    Ok(Probed { at, version: Some(dots(found)), program })
}

/// Where a program lies, as a shell would find it.
fn find(env: &Env, name: &str) -> Option<PathBuf> {
    if name.contains('/') {
        let path = env.cwd().join(name);
        return fs::is_file(&path).then_some(path);
    }
    on_path(env.os("PATH")?, OsStr::new(name))
}

/// Whether a sandbox shows the program, its link and what that leads to.
pub fn seen(at: &Path, bounds: &AgentBounds) -> bool {
    let shown =
        |path: &Path| Sandbox::shows(path) || bounds.readable.iter().any(|named| path.starts_with(named));
    shown(at) && at.canonicalize().is_ok_and(|real| shown(&real))
}

/// What is said of one that it doesn't show.
pub fn unseen(config: &AgentConfig, at: &Path) -> String {
    let real = at.canonicalize().unwrap_or_else(|_| at.to_owned());
    format!(
        "the sandbox doesn't show `{}`, the program of the agent `{}`: name where it lies with `readable`, or write \
         `sandbox #false` ({})",
        real.display(),
        config.name,
        config.source
    )
}
