//! The agents as they are installed, and what config says of them.

use std::path::{Path, PathBuf};

use super::Play;
use crate::models::Models;
use crate::structure::root;
use crate::world::World;

/// One of the agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cli {
    Claude,
    Codex,
    Gemini,
    OpenCode,
}

/// Where `tests/run` installs the agents.
fn packages() -> PathBuf {
    let folder = root().join("target/agents/node_modules");
    assert!(folder.join(".complete").is_file(), "the agents are not installed: `tests/run` does it");
    folder
}

/// What of this machine an agent that is a script has to see, besides the system's own: where node lies.
fn node() -> PathBuf {
    let path = std::env::var("PATH").unwrap_or_default();
    let found = path.split(':').map(|folder| Path::new(folder).join("node")).find(|node| node.is_file());
    let real = found.and_then(|node| node.canonicalize().ok()).expect("`tests/run` looks for node");
    real.ancestors().nth(2).expect("it lies in a `bin`").to_owned()
}

impl Cli {
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Codex => "codex",
            Self::Gemini => "gemini",
            Self::OpenCode => "opencode",
        }
    }

    /// Its section of config: it plays what its key says, with these fields besides.
    pub(super) fn section(self, w: &World, models: &Models, play: &Play) -> String {
        let (url, key, kind) = (models.url(), play.name, self.kind());
        let program = packages().join(".bin").join(kind).display().to_string();
        let var = |name: &str, value: &str| format!("    var {name:?} value={value:?}\n");
        let (model, arguments, vars) = match self {
            Self::Claude => {
                let denies: &[&str] = if play.denies { &["--disallowedTools", "Bash(rm:*)"] } else { &[] };
                let tries = if play.patient { "10" } else { "1" };
                let vars = var("ANTHROPIC_BASE_URL", &url)
                    + &var("ANTHROPIC_API_KEY", key)
                    + &var("CLAUDE_CODE_MAX_RETRIES", tries);
                let forks: &[&str] = if play.forks { &["--fork-session"] } else { &[] };
                let arguments = denies.iter().chain(forks).map(|word| (*word).to_owned());
                ("claude-sonnet-4-5", arguments.collect(), vars)
            }
            Self::Codex => {
                let tries = if play.patient { 1000 } else { 1 };
                let provider = format!(
                    "model_providers.stub={{name=\"stub\",base_url=\"{url}/v1\",env_key=\"STUB_KEY\",wire_api=\"responses\",request_max_retries={tries},stream_max_retries={tries}}}"
                );
                let arguments = ["-c", &provider, "--config", "model_provider=\"stub\""].map(str::to_owned);
                ("gpt-5-codex", arguments.to_vec(), var("STUB_KEY", key))
            }
            Self::Gemini => {
                let mut arguments = Vec::new();
                if play.denies {
                    let rule = "[[rule]]\ntoolName = \"run_shell_command\"\ncommandPrefix = \"rm\"\ndecision = \"deny\"\npriority = 999\n";
                    std::fs::create_dir_all(w.path("policy")).expect("a folder can be made");
                    std::fs::write(w.path("policy/deny.toml"), rule).expect("it can be written");
                    arguments = vec!["--policy".to_owned(), w.path("policy/deny.toml").display().to_string()];
                }
                let vars = var("GEMINI_API_KEY", key) + &var("GOOGLE_GEMINI_BASE_URL", &url);
                ("gemini-2.5-flash", arguments, vars)
            }
            Self::OpenCode => {
                let settings =
                    format!(r#"{{"provider":{{"anthropic":{{"options":{{"baseURL":"{url}/v1"}}}}}}}}"#);
                std::fs::create_dir_all(w.path("policy")).expect("a folder can be made");
                std::fs::write(w.path("policy/opencode.json"), settings).expect("it can be written");
                let mut vars = var("ANTHROPIC_API_KEY", key)
                    + &var("OPENCODE_CONFIG", &w.path("policy/opencode.json").display().to_string())
                    + &var("OPENCODE_DISABLE_MODELS_FETCH", "1");
                if play.denies {
                    vars += &var("OPENCODE_PERMISSION", r#"{"bash":{"rm *":"deny"}}"#);
                }
                ("anthropic/claude-sonnet-4-5", Vec::new(), vars)
            }
        };
        let arguments: String = [program].iter().chain(&arguments).map(|word| format!(" {word:?}")).collect();
        std::fs::create_dir_all(w.path("policy")).expect("a folder can be made");
        let readable: String = [packages(), node(), w.path("policy")]
            .map(|path| format!(" {:?}", path.display().to_string()))
            .concat();
        format!(
            "agent {key:?} kind={kind:?} model={model:?} first-event=\"2m\" {} {{\n    program{arguments}\n    readable{readable}\n{vars}}}\n\
             task {key:?} repo=\"acme/anvil\" {{ prompt \"Add hello.txt.\"; agents {key:?}; {} }}\n",
            play.fields, play.task
        )
    }

    /// Where it keeps its sessions, below its home.
    pub(super) fn sessions(self) -> &'static str {
        match self {
            Self::Claude => ".claude/projects",
            Self::Codex => ".codex/sessions",
            Self::Gemini => ".gemini/tmp",
            Self::OpenCode => ".local/share/opencode",
        }
    }

    /// By which way it gives a typed answer.
    pub(super) fn answers_by(self) -> &'static str {
        match self {
            Self::Claude | Self::Codex => "agent",
            Self::Gemini => "words",
            Self::OpenCode => "outbox",
        }
    }
}
