//! The real coding agents, as they are published, from the task to the pull request and through everything that may come
//! between. Their models are played by [`crate::models`], whose bill is compared with what is recorded.

mod baits;
mod cli;
mod issues;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::models::{Models, Tokens};
use crate::world::{World, sample, world_of};

use baits::baits;
use cli::Cli;

/// How long all runs of a round may take together.
const PATIENCE: Duration = Duration::from_mins(4);

/// A play, and how it ends.
#[derive(Clone, Copy, Debug)]
struct Play {
    name: &'static str,
    outcome: &'static str,
    /// Of its agent in config.
    fields: &'static str,
    /// Of its task.
    task: &'static str,
    /// Whether the agent tries again for ever, as far as it can.
    patient: bool,
    /// Whether it may not remove files.
    denies: bool,
    /// Whether it takes up a session as another one.
    forks: bool,
    dies: Option<Dies>,
    then: Option<Then>,
}

/// How a session goes on that did not bring what was asked for.
#[derive(Clone, Copy, Debug)]
struct Then {
    outcome: &'static str,
    how: How,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// As the same.
    Same,
    /// As another one.
    Other,
    /// Not at all: what its agent kept of it is gone.
    Gone,
}

/// Who is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dies {
    Agent,
    Supervisor,
}

const fn play(name: &'static str, outcome: &'static str) -> Play {
    let (patient, denies, forks) = (false, false, false);
    Play { name, outcome, fields: "", task: "", patient, denies, forks, dies: None, then: None }
}

/// One that ends without what was asked for, and is told so.
const fn goes_on(name: &'static str, how: How, outcome: &'static str) -> Play {
    Play { then: Some(Then { outcome, how }), ..play(name, "no verdict") }
}

impl Play {
    const fn with(self, fields: &'static str) -> Self {
        Self { fields, ..self }
    }

    const fn asking(self, task: &'static str) -> Self {
        Self { task, ..self }
    }

    /// The same, when its session goes on.
    fn going_on(self) -> Self {
        Self { forks: self.then.is_some_and(|then| then.how == How::Other), ..self }
    }

    /// Whether there is a commit in the end.
    fn commits(&self) -> bool {
        self.task.is_empty() && self.then.map_or(self.outcome, |then| then.outcome) == "done"
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
    play("garbage", "crashed").with(QUICK),
];
/// Longer than a request that is answered takes, however many agents share the machine.
const QUICK: &str = "silence=\"45s\" grace=\"2s\" auth-waits=\"1s\"";

/// What goes on in its session: what was made and not committed, prose instead of an answer, and a session that isn't there.
const ON: [Play; 4] = [
    goes_on("forgets", How::Same, "done"),
    goes_on("learns", How::Same, "done").asking(SAFE),
    goes_on("prattles", How::Same, "no verdict").asking(SAFE),
    goes_on("loses", How::Gone, "could not start"),
];
const SAFE: &str = r##"answer #"{ "type": "object", "properties": { "safe": { "type": "boolean" } }, "required": ["safe"], "additionalProperties": false }"#"##;

/// Only claude can be made to take a session up as another one.
const FORKS: Play = goes_on("forks", How::Other, "no verdict");

fn runs(w: &World) -> Vec<Value> {
    let listed = w.run(&["runs", "list", "--json"]).exits(0).json();
    listed["runs"].as_array().expect("a list").clone()
}

/// The runs of a task, the newest first.
fn runs_of(w: &World, task: &str) -> Vec<Value> {
    runs(w).into_iter().filter(|run| run["task"] == task).collect()
}

/// Its last run.
fn run_of(w: &World, task: &str) -> Value {
    runs_of(w, task).into_iter().next().unwrap_or_else(|| panic!("no run of {task}"))
}

fn name(run: &Value) -> &str {
    run["run"].as_str().expect("its name")
}

/// Where all is that belongs to runs.
fn yard(run: &Value) -> &Path {
    Path::new(run["folder"].as_str().expect("a folder")).ancestors().nth(3).expect("where runs lie")
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
    let records = yard(&run).join("runs").join(name(&run)).join("processes.json");
    let processes: Value = serde_json::from_slice(&std::fs::read(records).expect("there")).expect("JSON");
    let who = if whom == Dies::Agent { "agent" } else { "supervisor" };
    let pid = processes[who]["pid"].as_i64().and_then(|pid| i32::try_from(pid).ok()).expect("a pid");
    kill_process(Pid::from_raw(pid).expect("a pid"), Signal::KILL).expect("it runs");
}

/// Has several plays played at the same time, each by an agent of its own, to their ends, after those of earlier rounds are
/// closed. What is done is published.
fn round(w: &World, cli: Cli, models: &Models, done: &[Play], plays: &[Play]) {
    let sections: String = done.iter().chain(plays).map(|play| cli.section(w, models, play)).collect();
    w.config(&format!("factory \"acme\"\ncaps runs=20 runs-per-repo=20\nrepo \"acme/anvil\"\n{sections}"));
    // Each of them is asked for its version before it is started.
    w.start(&["apply", "--yes"]).finish(PATIENCE).exits(0);
    for play in plays {
        if let Some(whom) = play.dies {
            kills(w, play, whom);
        }
    }
    let at_work = |run: &Value| run["state"] == "running" || run["state"] == "starting";
    wait("every run ends", || (!runs(w).iter().any(at_work)).then_some(()));
}

/// What a run used, by the records.
fn recorded(run: &Value) -> Tokens {
    let count = |name: &str| run["used"][name].as_u64().expect("a count");
    Tokens { input: count("input"), cached: count("cached"), output: count("output") }
}

/// What all runs used, by the ledger.
fn all_recorded(w: &World) -> Tokens {
    let tokens = |run: &Value| {
        let count = |name: &str| run[name].as_u64().expect("a count");
        Tokens { input: count("input"), cached: count("cached"), output: count("output") }
    };
    let ledger = crate::spend::recorded(w);
    assert_eq!(ledger.len(), runs(w).len(), "each run once");
    ledger.iter().map(tokens).fold(Tokens::default(), Tokens::plus)
}

/// What is wrong with a run.
fn amiss(w: &World, play: &Play, run: &Value, expect: &str, bill: Tokens) -> Option<String> {
    let (is, used) = (run["outcome"].as_str().unwrap_or_default(), recorded(run));
    let wrong = if is != expect {
        format!("{expect} expected")
    } else if used != bill {
        format!("the bill is {bill:?}")
    } else {
        return None;
    };
    Some(format!("{}: {wrong}: {run:#}\n{}", play.name, said(w, run)))
}

/// Every play ends as it should, and the bill is the recorded one, of each and of all together, [`unsaid`] apart.
#[expect(clippy::print_stdout, reason = "how far the two are apart is what one wants to know")]
fn all(cli: Cli) {
    world_of(sample::github(), |w| {
        let models = Models::start();
        let forks = Some(FORKS).filter(|_| cli == Cli::Claude);
        let on: Vec<Play> = ON.into_iter().chain(forks).collect();
        let commits = |plays: &[Play]| plays.iter().copied().filter(Play::commits).collect::<Vec<Play>>();
        round(w, cli, &models, &[], &[&WELL[..], &on].concat());
        let before: BTreeMap<&str, Tokens> =
            on.iter().map(|play| (play.name, models.bill(play.name))).collect();
        for play in on.iter().filter(|play| play.then.is_some_and(|then| then.how == How::Gone)) {
            let home = yard(&run_of(w, play.name)).join("homes").join(name(&run_of(w, play.name)));
            std::fs::remove_dir_all(home.join(cli.sessions())).expect("it kept its session");
        }
        let going_on: Vec<Play> = on.iter().copied().map(Play::going_on).collect();
        round(w, cli, &models, &commits(&WELL), &[&BADLY[..], &going_on].concat());
        round(w, cli, &models, &commits(&on), &[]);

        let mut wrong = Vec::new();
        for play in WELL.iter().chain(&BADLY) {
            let bill = models.bill(play.name).since(unsaid(cli, play));
            wrong.extend(amiss(w, play, &run_of(w, play.name), ends(cli, play), bill));
        }
        for play in WELL.iter().filter(|play| play.dies.is_some()) {
            let run = run_of(w, play.name);
            if run["used"]["turns"] != 1 {
                wrong.push(format!("{}: the model was called once: {run:#}", play.name));
            }
        }
        for (play, then) in on.iter().filter_map(|play| Some((play, play.then?))) {
            let (before, whole) = (before[play.name], models.bill(play.name));
            let [second, first] = runs_of(w, play.name).try_into().unwrap_or_else(|all| panic!("{all:#?}"));
            wrong.extend(amiss(w, play, &first, play.outcome, before));
            wrong.extend(amiss(w, play, &second, then.outcome, whole.since(before)));
            wrong.extend(went_on(then.how, &first, &second).map(|wrong| format!("{}: {wrong}", play.name)));
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(run_of(w, "denied")["denied"].as_u64() > Some(0), "{:#}", run_of(w, "denied"));
        assert!(run_of(w, "asks")["asked"].is_string(), "{:#}", run_of(w, "asks"));
        assert!(
            models.calls("recovers").iter().any(|call| call.status >= 500),
            "{:?}",
            models.calls("recovers")
        );
        told_what_is_missing(&models);
        let answer = json!({ "value": { "safe": true }, "from": cli.answers_by() });
        assert_eq!(run_of(w, "learns")["answer"], answer, "{:#}", run_of(w, "learns"));

        let branches = branches(w);
        for done in ["commits", "recovers", "forgets"] {
            let branch = branches.iter().find(|branch| branch.starts_with(&format!("factory/task/{done}-")));
            let branch = branch.unwrap_or_else(|| panic!("no pull request for {done}: {branches:?}"));
            let file = crate::tasks::file(w, branch, "hello.txt");
            assert_eq!(file.as_deref(), Some("hello\n"), "{branch}");
        }
        assert_eq!(branches.len(), 3, "{branches:?}");
        // What OpenCode never said of the calls that it was killed in is not recorded: of all that it used, 1 % is exceeded by it.
        let never_said =
            WELL.iter().map(|play| unsaid(cli, play)).fold(Tokens::default(), Tokens::plus).all();
        let (bill, known) = (models.whole_bill().all(), all_recorded(w).all());
        println!("{cli:?}: the bill is {bill} tokens, {known} are recorded, {never_said} were never said");
        let off = bill.abs_diff(known + never_said);
        assert!(off * 100 <= bill, "{off} of {bill} tokens are amiss");
        assert_eq!(models.unknown(), Vec::<String>::new());
    });
}

/// The outcome of a play. OpenCode tries again for ever what it doesn't understand.
fn ends(cli: Cli, play: &Play) -> &'static str {
    if cli == Cli::OpenCode && play.name == "garbage" { "wedged" } else { play.outcome }
}

/// What is wrong with how a session went on.
fn went_on(how: How, first: &Value, second: &Value) -> Option<String> {
    let same = second["session"] == first["session"];
    let (is_so, cold) = match how {
        How::Same => (same, false),
        How::Other => (!same && second["session"].is_string(), true),
        How::Gone => (second["session"].is_null(), true),
    };
    let right = is_so && second["cold"] == cold && second["continues"] == first["run"];
    (!right).then(|| format!("it didn't go on as {how:?}: {first:#}\n{second:#}"))
}

/// A model whose session goes on has all before it that was said, the task once, and then what is missing.
fn told_what_is_missing(models: &Models) {
    for (play, says, missing) in [
        ("forgets", "I made it.", "You left changes and committed none of them."),
        (
            "learns",
            "It is safe, I think.",
            "Your answer doesn't have the form that was asked for: there is none",
        ),
        ("prattles", "It is safe.", "Your answer doesn't have the form that was asked for: there is none"),
    ] {
        let said = models.calls(play).pop().expect("it called").said;
        let at = |words: &str| said.iter().position(|said| said.contains(words));
        let in_order = [at("Add hello.txt."), at(says), at(missing)];
        assert!(in_order.iter().all(Option::is_some) && in_order.is_sorted(), "{play}: {said:#?}");
        let tasks = said.iter().filter(|said| said.contains("Add hello.txt.")).count();
        assert_eq!(tasks, 1, "{play}: {said:#?}");
    }
}

/// What a model was paid for, and an agent that was killed said nowhere: OpenCode writes down what a call of the model used
/// once the tools that it asked for have ended, and has it nowhere before.
fn unsaid(cli: Cli, play: &Play) -> Tokens {
    if cli == Cli::OpenCode && play.dies.is_some() { crate::models::first() } else { Tokens::default() }
}

/// The end of what a run printed, for messages.
fn said(w: &World, run: &Value) -> String {
    let id = name(run);
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
    all(Cli::Claude);
}

#[test]
fn codex_ends_as_it_should() {
    all(Cli::Codex);
}

#[test]
fn gemini_ends_as_it_should() {
    all(Cli::Gemini);
}

#[test]
fn opencode_ends_as_it_should() {
    all(Cli::OpenCode);
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
