//! The real coding agents, as they are published, from the task to the pull request and through everything that may come
//! between. Their models are played by [`crate::models`], whose bill is compared with what is recorded.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::models::{Models, Tokens};
use crate::structure::root;
use crate::world::{World, sample, world_of};

/// How long all runs of a round may take together.
const PATIENCE: Duration = Duration::from_mins(4);

/// One of the agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cli {
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
    fn kind(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Codex => "codex",
            Self::Gemini => "gemini",
            Self::OpenCode => "opencode",
        }
    }

    /// Its section of config: it plays what its key says, with these fields besides.
    fn section(self, w: &World, models: &Models, play: &Play) -> String {
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
                ("claude-sonnet-4-5", denies.iter().map(|word| (*word).to_owned()).collect(), vars)
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
            "agent {key:?} kind={kind:?} model={model:?} {} {{\n    program{arguments}\n    readable{readable}\n{vars}}}\n\
             task {key:?} repo=\"acme/anvil\" {{ prompt \"Add hello.txt.\"; agents {key:?}; }}\n",
            play.fields
        )
    }
}

/// A play, and how it ends.
#[derive(Clone, Copy, Debug)]
struct Play {
    name: &'static str,
    outcome: &'static str,
    fields: &'static str,
    /// Whether the agent tries again for ever, as far as it can.
    patient: bool,
    /// Whether it may not remove files.
    denies: bool,
    dies: Option<Dies>,
}

/// Who is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dies {
    Agent,
    Supervisor,
}

const fn play(name: &'static str, outcome: &'static str) -> Play {
    Play { name, outcome, fields: "", patient: false, denies: false, dies: None }
}

impl Play {
    const fn with(self, fields: &'static str) -> Self {
        Self { fields, ..self }
    }
}

/// What goes well, or at least on.
const WELL: [Play; 8] = [
    play("commits", "done"),
    play("recovers", "done"),
    play("talks", "no change"),
    play("loops", "turn limit").with("turns=3"),
    Play { denies: true, ..play("denied", "no change") },
    play("asks", "needs input"),
    Play { dies: Some(Dies::Agent), ..play("sleeps", "killed") },
    Play { dies: Some(Dies::Supervisor), ..play("sleeps-on", "killed") },
];

/// What the server makes of it. Some agents try again for ever: their silence ends them, and the outcome says why.
const BADLY: [Play; 6] = [
    play("unauthorised", "auth").with(QUICK),
    play("limited", "rate limited").with(QUICK),
    play("spent", "credit").with(QUICK),
    play("overloaded", "overloaded").with(QUICK),
    Play { patient: true, ..play("cut", "wedged").with(QUICK) },
    play("garbage", "").with(QUICK),
];
const QUICK: &str = "first-event=\"60s\" silence=\"15s\" grace=\"2s\" auth-waits=\"1s\"";

fn runs(w: &World) -> Vec<Value> {
    let listed = w.run(&["runs", "list", "--json"]).exits(0).json();
    listed["runs"].as_array().expect("a list").clone()
}

fn run_of(w: &World, task: &str) -> Value {
    let found = runs(w).into_iter().find(|run| run["task"] == task);
    found.unwrap_or_else(|| panic!("no run of {task}"))
}

#[track_caller]
fn wait<T>(what: &str, mut seen: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = seen() {
            return found;
        }
        assert!(Instant::now() < end, "never: {what}");
        std::thread::park_timeout(Duration::from_millis(200));
    }
}

/// Kills whom a play wants dead, once its tool runs.
fn kills(w: &World, play: &Play, whom: Dies) {
    let run = run_of(w, play.name);
    let folder = Path::new(run["folder"].as_str().expect("a folder"));
    wait("its tool runs", || folder.join("asleep").exists().then_some(()));
    let yard = folder.ancestors().nth(3).expect("where runs lie");
    let records = yard.join("runs").join(run["run"].as_str().expect("its name")).join("processes.json");
    let processes: Value = serde_json::from_slice(&std::fs::read(records).expect("there")).expect("JSON");
    let who = if whom == Dies::Agent { "agent" } else { "supervisor" };
    let pid = processes[who]["pid"].as_i64().and_then(|pid| i32::try_from(pid).ok()).expect("a pid");
    kill_process(Pid::from_raw(pid).expect("a pid"), Signal::KILL).expect("it runs");
}

/// Plays several plays at the same time, each by an agent of its own, to their ends.
fn round(w: &World, cli: Cli, models: &Models, plays: &[Play]) {
    let sections: String = plays.iter().map(|play| cli.section(w, models, play)).collect();
    w.config(&format!("factory \"acme\"\ncaps runs=20 runs-per-repo=20\nrepo \"acme/anvil\"\n{sections}"));
    w.apply(&[]).exits(0);
    for play in plays {
        if let Some(whom) = play.dies {
            kills(w, play, whom);
        }
    }
    let at_work = |run: &Value| run["state"] == "running" || run["state"] == "starting";
    wait("every run ends", || (!runs(w).iter().any(at_work)).then_some(()));
    // They are closed, and no task is there to begin anew.
    w.config("factory \"acme\"\nrepo \"acme/anvil\"\n");
    w.apply(&[]).exits(0);
    // What is done is published.
    let done: String =
        plays.iter().filter(|play| play.outcome == "done").map(|play| cli.section(w, models, play)).collect();
    w.config(&format!("factory \"acme\"\nrepo \"acme/anvil\"\n{done}"));
    w.apply(&[]).exits(0);
}

/// What a run used, by the records.
fn recorded(run: &Value) -> Tokens {
    let count = |name: &str| run["used"][name].as_u64().expect("a count");
    Tokens { input: count("input"), cached: count("cached"), output: count("output") }
}

/// Every play ends as it should, and the bill is the recorded one.
fn all(cli: Cli, ends: impl Fn(&Play) -> &'static str) {
    world_of(sample::github(), |w| {
        let models = Models::start();
        let mut wrong = Vec::new();
        for plays in [&WELL[..], &BADLY[..]] {
            round(w, cli, &models, plays);
            for play in plays {
                let run = run_of(w, play.name);
                let (expect, is) = (ends(play), run["outcome"].as_str().unwrap_or_default());
                if expect != is {
                    wrong.push(format!("{}: {expect} expected: {run:#}\n{}", play.name, said(w, &run)));
                }
                let bill = models.bill(play.name);
                let unsaid = unsaid(cli, play);
                if recorded(&run).plus(unsaid) != bill {
                    wrong.push(format!("{}: the bill is {bill:?}: {run:#}\n{}", play.name, said(w, &run)));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(run_of(w, "denied")["denied"].as_u64() > Some(0), "{:#}", run_of(w, "denied"));
        assert!(run_of(w, "asks")["asked"].is_string(), "{:#}", run_of(w, "asks"));
        assert!(
            models.calls("recovers").iter().any(|call| call.status >= 500),
            "{:?}",
            models.calls("recovers")
        );
        let branches = branches(w);
        for done in ["commits", "recovers"] {
            let branch = branches.iter().find(|branch| branch.starts_with(&format!("factory/task/{done}-")));
            let branch = branch.unwrap_or_else(|| panic!("no pull request for {done}: {branches:?}"));
            let file = crate::tasks::file(w, branch, "hello.txt");
            assert_eq!(file.as_deref(), Some("hello\n"), "{branch}");
        }
        assert_eq!(branches.len(), 2, "{branches:?}");
        assert_eq!(models.unknown(), Vec::<String>::new());
    });
}

/// What a model was paid for, and an agent that was killed said nowhere: OpenCode writes down a call of the model once the
/// tools that it asked for have ended.
fn unsaid(cli: Cli, play: &Play) -> Tokens {
    if cli == Cli::OpenCode && play.dies.is_some() { crate::models::first() } else { Tokens::default() }
}

/// The end of what a run printed, for messages.
fn said(w: &World, run: &Value) -> String {
    let id = run["run"].as_str().expect("its name");
    let end = |text: String| {
        text.chars().rev().take(1_500).collect::<Vec<_>>().into_iter().rev().collect::<String>()
    };
    let out = end(w.run(&["runs", "log", id]).out);
    out + "\n--- stderr\n" + &end(w.run(&["runs", "log", id, "--stderr"]).out)
}

/// The head branch of each pull request.
fn branches(w: &World) -> Vec<String> {
    w.github().with(|world| {
        let issues = &world.repo("acme", "anvil").expect("there").issues;
        issues.values().filter_map(|issue| Some(issue.pull.as_ref()?.head_ref.clone())).collect()
    })
}

#[test]
fn claude_ends_as_it_should() {
    all(Cli::Claude, |play| if play.name == "garbage" { "crashed" } else { play.outcome });
}

#[test]
fn codex_ends_as_it_should() {
    all(Cli::Codex, |play| if play.name == "garbage" { "crashed" } else { play.outcome });
}

#[test]
fn gemini_ends_as_it_should() {
    all(Cli::Gemini, |play| if play.name == "garbage" { "crashed" } else { play.outcome });
}

/// It says nothing of a session before the model has begun to speak.
#[test]
fn opencode_ends_as_it_should() {
    all(Cli::OpenCode, |play| match play.name {
        "garbage" | "cut" => "could not start",
        _ => play.outcome,
    });
}

/// What a repository brings along as settings of agents is code, and none of it runs: an agent that can't be kept from it
/// isn't started.
#[test]
fn settings_in_a_repository_are_not_run() {
    world_of(sample::github(), |w| {
        let models = Models::start();
        let marks = w.path("marks");
        std::fs::create_dir(&marks).expect("the folder is new");
        for (path, text) in baits(&marks) {
            w.github().push_file("acme/anvil", "main", path, &text).expect("the branch is there");
        }
        for (cli, runs_it) in [
            (Cli::Claude, None),
            (Cli::Codex, None),
            (Cli::Gemini, Some(".gemini/settings.json")),
            (Cli::OpenCode, Some(".opencode/plugin/bait.js")),
        ] {
            let play = play("commits", "done");
            // Without a sandbox what runs is seen anywhere; each has a task of its own.
            let config = cli.section(w, &models, &play).replace("kind=", "sandbox=#false kind=");
            let config = config.replace("task \"commits\"", &format!("task \"{}\"", cli.kind()));
            w.config(&format!("factory \"acme\"\nrepo \"acme/anvil\"\n{config}"));
            let applied = w.apply(&[]);
            match runs_it {
                None => {
                    applied.exits(0);
                    let at_work = |run: &Value| run["state"] == "running" || run["state"] == "starting";
                    wait("it ends", || (!runs(w).iter().any(at_work)).then_some(()));
                    w.apply(&[]).exits(0);
                    let run = run_of(w, cli.kind());
                    assert_eq!(run["outcome"], "done", "{run:#}\n{}", said(w, &run));
                }
                Some(path) => {
                    assert_ne!(applied.code, 0, "{}", applied.all());
                    let holds = applied.all().replace('\n', " ");
                    assert!(holds.contains(&format!("holds `{path}`")), "{}", applied.all());
                    assert!(!runs(w).iter().any(|run| run["task"] == cli.kind()));
                }
            }
            let made: Vec<_> = marks.read_dir().expect("it is there").flatten().map(|e| e.path()).collect();
            assert!(made.is_empty(), "{cli:?}: {made:?}");
        }
    });
}

/// Files that make a mark when they are run.
fn baits(marks: &Path) -> Vec<(&'static str, String)> {
    let touch = |name: &str| format!("touch {}", marks.join(name).display());
    let hook = |name: &str| serde_json::json!([{ "matcher": "", "hooks": [{ "type": "command", "command": touch(name) }] }]);
    let server = |name: &str| serde_json::json!({ "bait": { "command": "/bin/sh", "args": ["-c", touch(name) + "; cat"] } });
    let claude = serde_json::json!({
        "enableAllProjectMcpServers": true, "apiKeyHelper": touch("claude-helper"),
        "hooks": { "SessionStart": hook("claude-start"), "PreToolUse": hook("claude-tool"), "Stop": hook("claude-stop") },
    });
    let codex = format!(
        "notify = [\"/bin/sh\", \"-c\", {:?}]\n[mcp_servers.bait]\ncommand = \"/bin/sh\"\nargs = [\"-c\", {:?}]\n",
        touch("codex-notify"),
        touch("codex-server") + "; cat"
    );
    let hooks = serde_json::json!({ "hooks": { "SessionStart": hook("codex-start"), "PreToolUse": hook("codex-tool") } });
    let gemini = serde_json::json!({
        "mcpServers": server("gemini-server"), "tools": { "discoveryCommand": touch("gemini-discovery") + "; echo []" },
        "hooksConfig": { "enabled": true }, "hooks": { "SessionStart": hook("gemini-start") },
    });
    let mark = marks.join("opencode-plugin").display().to_string();
    let plugin = format!("require('fs').writeFileSync({mark:?}, '')\n");
    let opencode = serde_json::json!({
        "mcp": { "bait": { "type": "local", "command": ["/bin/sh", "-c", touch("opencode-server") + "; cat"] } },
        "plugin": ["./.opencode/plugin/bait.js"],
    });
    vec![
        (".claude/settings.json", claude.to_string()),
        (".claude/settings.local.json", claude.to_string()),
        (".mcp.json", serde_json::json!({ "mcpServers": server("servers") }).to_string()),
        (".codex/config.toml", codex),
        (".codex/hooks.json", hooks.to_string()),
        (".gemini/settings.json", gemini.to_string()),
        (".opencode/plugin/bait.js", plugin),
        ("opencode.json", opencode.to_string()),
        ("AGENTS.md", "Be kind.\n".to_owned()),
        ("CLAUDE.md", "Be kind.\n".to_owned()),
    ]
}
