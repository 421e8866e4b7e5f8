//! A supervised run as it meets agents that hang, fork, leak and lie: each is a real program, and ends in an outcome that
//! has a name.

use std::path::{Path, PathBuf};
use std::time::Duration;

use factoryctl::adapters::clock::Clock;
use factoryctl::adapters::env::Env;
use factoryctl::adapters::procs;
use factoryctl::model::{Clocks, Limits, Outcome, RunId, Usage};
use factoryctl::runs::sandbox::Sandbox;
use factoryctl::runs::{
    Begin, Bill, Bounds, End, Exit, Ground, Handover, MARK, Processes, RunDir, Spec, State, Stop, Work,
    launch, settle,
};
use tempfile::TempDir;

use crate::daemon::wait;
use crate::world::runtime;

/// A place for runs, with a workspace and a home.
struct Place {
    folder: TempDir,
    secrets: Vec<String>,
    vars: Vec<(String, String)>,
}

const QUICK: Clocks = Clocks {
    first_event: Duration::from_millis(400),
    silence: Duration::from_millis(300),
    tool: Duration::from_millis(600),
    grace: Duration::from_millis(200),
};

const SLOW: Clocks = Clocks {
    first_event: Duration::from_mins(1),
    silence: Duration::from_mins(1),
    tool: Duration::from_mins(1),
    grace: Duration::from_millis(200),
};

impl Place {
    fn new() -> Self {
        let folder = TempDir::with_prefix("factory-run-").unwrap();
        for name in ["runs", "work", "home"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self { folder, secrets: Vec::new(), vars: vec![("PATH".into(), "/usr/bin:/bin".into())] }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn spec(&self, script: &str, clocks: Clocks) -> Spec {
        let work = Work {
            program: ["/bin/sh", "-c", script].map(str::to_owned).into(),
            prompt: "the prompt".into(),
            model: None,
            begin: Begin::New(Vec::new()),
            schema: None,
        };
        let salt = self.folder.path().as_os_str().as_encoded_bytes();
        Spec {
            id: RunId::new(Clock::system().now(), salt),
            config: "0123456789ab".into(),
            config_commit: None,
            purpose: "a test".into(),
            on: None,
            bounds: None,
            bill: Bill::default(),
            secrets: Vec::new(),
            agent: "script".into(),
            kind: "command".into(),
            version: None,
            work,
            waits: Vec::new(),
            baseline: Usage::default(),
            digest: "digest".into(),
            folder: self.at("work"),
            home: self.at("home"),
            ground: Ground::default(),
            limits: Limits::default(),
            clocks,
        }
    }

    fn start(&self, spec: &Spec) -> RunDir {
        let handover =
            Handover { vars: self.vars.clone(), secrets: self.secrets.clone(), ..Handover::default() };
        let program = Path::new(env!("CARGO_BIN_EXE_factoryctl"));
        runtime().block_on(launch(&self.at("runs"), program, spec, &handover)).unwrap()
    }

    fn runs(&self, spec: &Spec) -> End {
        ended(&self.start(spec))
    }
}

#[track_caller]
fn ended(run: &RunDir) -> End {
    let end = wait("the run ends", || match run.state().unwrap() {
        State::Ended(end) => Some(*end),
        State::Planned | State::Runs(_) => None,
        State::Interrupted(_) => panic!("its supervisor is gone"),
    });
    let id = run.spec().unwrap().unwrap().id;
    assert_eq!(procs::marked(MARK, id.as_str()).unwrap(), [], "something of it still runs");
    end
}

fn text(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned()
}

/// Within a sandbox, too, whose own process ends at once.
#[test]
fn what_is_asked_to_end_has_its_grace() {
    let bounds = sandboxed();
    let script = "trap 'sleep 0.5; echo kept > kept; exit 0' TERM; echo on; while :; do sleep 0.05; done";
    for bounds in [None, bounds] {
        let place = Place::new();
        let clocks = Clocks { grace: Duration::from_secs(30), ..QUICK };
        let end = place.runs(&Spec { bounds: bounds.clone(), ..place.spec(script, clocks) });
        assert_eq!(end.outcome, Outcome::Wedged, "{end:?}");
        assert_eq!(text(&place.at("work").join("kept")), "kept\n", "{bounds:?}");
        assert!(end.took < clocks.grace, "what has ended isn't waited for");
    }
}

/// The bounds of a sandbox, where this machine makes one.
fn sandboxed() -> Option<Bounds> {
    let found = runtime().block_on(Sandbox::detect(&Env::read()));
    let bubblewrap = found.ok().and_then(|sandbox| match sandbox {
        Sandbox::Bubblewrap { program } => Some(program),
        Sandbox::None => None,
    });
    bubblewrap.map(|bubblewrap| Bounds { bubblewrap, readable: Vec::new(), network: false })
}

/// The sandbox's own processes, the last of which goes after its agent, are none that the agent left.
#[test]
fn what_a_sandbox_consists_of_is_not_left_behind() {
    let Some(bounds) = sandboxed() else { return };
    let quiet = "echo x; cat > /dev/null; sleep 0.05; echo y > made";
    let strays = "cat > /dev/null; setsid sh -c ': > up; exec sleep 600' & while [ ! -e up ]; do sleep 0.01; done; echo x";
    // What an agent leaves may go with its sandbox before anybody has seen it.
    for (script, most) in std::iter::repeat_n((quiet, 0), 20).chain([(strays, 1)]) {
        let place = Place::new();
        let end = place.runs(&Spec { bounds: Some(bounds.clone()), ..place.spec(script, SLOW) });
        assert_eq!((&end.outcome, &end.left[..]), (&Outcome::Done, &[][..]), "{script}: {end:?}");
        assert!(end.strays <= most, "{script}: {end:?}");
    }
}

#[test]
fn an_agent_gets_what_it_is_given_and_nothing_else() {
    let place = Place::new();
    let run = place.start(&place.spec("cat; pwd; env | sort; echo warning >&2; exit 0", SLOW));
    let end = ended(&run);
    assert_eq!((end.outcome, end.exit, end.strays, end.tries), (Outcome::Done, Exit::Code(0), 0, 1));
    let id = run.spec().unwrap().unwrap().id;
    let work = place.at("work");
    let [out, err] = run.transcripts().map(|path| text(&path));
    assert_eq!(
        out,
        format!(
            "the prompt{0}\nFACTORY_OUTBOX={1}/outbox\nFACTORY_RUN={id}\nPATH=/usr/bin:/bin\nPWD={0}\nTMPDIR={1}/tmp\n",
            work.display(),
            place.at("home").display()
        )
    );
    assert_eq!(err, "warning\n");
}

#[test]
fn whatever_it_does_it_ends_in_an_outcome_of_its_own() {
    let cpus =
        |script: &'static str, clocks, outcome, what: fn(&End) -> bool| (script, clocks, outcome, what);
    for (script, clocks, outcome, what) in [
        cpus("exit 3", SLOW, Outcome::Crashed, |end| end.says == "it ended with code 3"),
        cpus("exit 127", SLOW, Outcome::CouldNotStart, |end| end.exit == Exit::Code(127)),
        cpus("kill -9 $$", SLOW, Outcome::Killed, |end| end.exit == Exit::Signal(9)),
        cpus("sleep 600", QUICK, Outcome::CouldNotStart, |end| end.stop == Some(Stop::FirstEvent)),
        cpus("echo on; sleep 600", QUICK, Outcome::Wedged, |end| end.stop == Some(Stop::Silence)),
        cpus("trap '' TERM; echo on; while :; do sleep 1; done", QUICK, Outcome::Wedged, |end| {
            end.exit == Exit::Signal(9)
        }),
        cpus("sleep 600 & echo done", SLOW, Outcome::Done, |end| end.exit == Exit::Code(0)),
        cpus(
            "setsid sh -c ': > up; exec sleep 600' & while [ ! -e up ]; do sleep 0.01; done; echo done",
            SLOW,
            Outcome::Done,
            |end| end.strays == 1 && end.left.is_empty(),
        ),
        cpus(
            "setsid sh -c 'setsid sleep 600 & setsid sleep 600 & : > up; sleep 600' & \
             while [ ! -e up ]; do sleep 0.01; done; echo on",
            SLOW,
            Outcome::Done,
            |end| end.strays >= 3,
        ),
        cpus("exec >/dev/null 2>&1; sleep 0.1", SLOW, Outcome::Done, |end| end.printed == 0),
    ] {
        let place = Place::new();
        let end = place.runs(&place.spec(script, clocks));
        assert_eq!(end.outcome, outcome, "{script}: {end:?}");
        assert!(what(&end), "{script}: {end:?}");
    }
}

#[test]
fn a_program_that_is_not_there_could_not_start() {
    let place = Place::new();
    let mut spec = place.spec("", SLOW);
    spec.work.program = vec!["/nowhere/agent".into()];
    let end = place.runs(&spec);
    assert_eq!((end.outcome, end.exit), (Outcome::CouldNotStart, Exit::NotStarted));
    assert!(end.says.starts_with("`/nowhere/agent` can't be started: "), "{}", end.says);
}

#[test]
fn a_flood_is_stopped_and_its_transcript_stays_small() {
    let place = Place::new();
    let mut spec = place.spec("exec yes 0123456789", SLOW);
    spec.limits.output = Some(1 << 20);
    let run = place.start(&spec);
    let end = ended(&run);
    assert_eq!((&end.outcome, &end.stop), (&Outcome::TimeLimit, &Some(Stop::Output)), "{end:?}");
    assert!(end.says.starts_with("its output was used up"), "{}", end.says);
    let kept = std::fs::metadata(&run.transcripts()[0]).unwrap().len();
    assert_eq!(kept, 1 << 20);
}

#[test]
fn what_fills_the_disk_is_stopped() {
    let place = Place::new();
    let script =
        "head -c 4000000 /dev/urandom > \"$HOME/a\"; head -c 4000000 /dev/urandom > b; echo on; sleep 600";
    let script = format!("HOME={}; {script}", place.at("home").display());
    let mut spec = place.spec(&script, SLOW);
    spec.limits.disk = Some(6_000_000);
    let end = place.runs(&spec);
    assert_eq!((&end.outcome, &end.stop), (&Outcome::TimeLimit, &Some(Stop::Disk)), "{end:?}");
    assert!(end.says.starts_with("its disk was used up"), "{}", end.says);
}

/// What an agent puts in the way of its own settings leads nowhere at its next try.
#[test]
fn what_is_written_to_a_home_stays_in_it() {
    let place = Place::new();
    let (others, home) = (place.at("others"), place.at("home"));
    std::fs::create_dir(&others).unwrap();
    let refused = r#"{"type":"result","status":"error","error":{"type":"x","message":"401 Unauthorized"}}"#;
    let script = format!(
        "cd {home}; rm -rf .gemini; ln -s {others} .gemini; echo '{refused}'; exit 1",
        home = home.display(),
        others = others.display()
    );
    let spec = place.spec(&script, SLOW);
    let end = place.runs(&Spec { kind: "gemini".into(), waits: vec![Duration::from_millis(1)], ..spec });
    assert_eq!((end.outcome, end.tries), (Outcome::Auth, 2));
    assert_eq!(std::fs::read_dir(&others).unwrap().count(), 0);
}

#[test]
fn who_asks_stops_a_run_that_nobody_waits_for() {
    let place = Place::new();
    let run = place.start(&place.spec("echo on; sleep 600", SLOW));
    assert!(matches!(run.state().unwrap(), State::Runs(Processes { agent: Some(_), .. })));
    assert_eq!(settle(&run, Clock::system().now()).unwrap(), None, "a healthy run isn't touched");
    run.ask_to_stop("ada", "the issue was closed").unwrap();
    let end = ended(&run);
    assert_eq!(
        (end.outcome, end.says.as_str()),
        (Outcome::Cancelled, "stopped by ada: the issue was closed")
    );
}

/// A full disk ends a run; that it did is told, and nothing of it stays.
#[test]
fn a_disk_that_is_full_is_told() {
    let place = Place::new();
    let spec = place.spec(
        "setsid sh -c 'touch away; sleep 600' & until [ -e away ]; do :; done; echo on; sleep 600",
        SLOW,
    );
    let run = RunDir::of(&place.at("runs"), &spec.id);
    std::fs::create_dir(run.dir()).unwrap();
    std::os::unix::fs::symlink("/dev/full", &run.transcripts()[0]).unwrap();
    let end = ended(&place.start(&spec));
    assert_eq!(end.outcome, Outcome::Killed, "{end:?}");
    assert!(end.says.starts_with("its supervisor could not go on: "), "{}", end.says);
    assert!(end.says.ends_with("No space left on device (os error 28)"), "{}", end.says);
    assert!(end.strays >= 1 && end.left.is_empty(), "{end:?}");
    assert!(!run.dir().join("reserve").exists(), "the room that was kept for it is free");
}

#[test]
fn a_run_whose_supervisor_dies_is_known_as_interrupted_and_found() {
    let place = Place::new();
    let script = "setsid sleep 600 & env -i sleep 600 & echo on; sleep 600";
    let run = place.start(&place.spec(script, SLOW));
    wait("it speaks", || (text(&run.transcripts()[0]) == "on\n").then_some(()));
    let State::Runs(processes) = run.state().unwrap() else { panic!("it runs") };
    assert!(run.dir().join("reserve").exists(), "its end has room, whatever becomes of the disk");
    assert!(processes.supervisor.signal(rustix::process::Signal::KILL).unwrap());
    wait("it is gone", || matches!(run.state().unwrap(), State::Interrupted(_)).then_some(()));
    let id = run.spec().unwrap().unwrap().id;
    let left = || procs::marked(MARK, id.as_str()).unwrap();
    assert!(left().iter().any(|found| Some(found) == processes.agent.as_ref()), "{:?}", left());
    let now = Clock::system().now();
    let end = settle(&run, now).unwrap().expect("nobody attended it");
    assert_eq!((&end.outcome, end.left.as_slice()), (&Outcome::Killed, &[][..]), "{end:?}");
    assert!(end.strays >= 4 && end.answer.is_some_and(|answer| answer.text == "on"));
    assert_eq!(left(), []);
    assert_eq!(settle(&run, now).unwrap(), None, "the first word stands");
}

/// Whoever asks gets it, also when nobody is there any more who could hear of it.
#[test]
fn who_asks_stops_a_run_whose_supervisor_is_dead() {
    let place = Place::new();
    let run = place.start(&place.spec("echo on; sleep 600", SLOW));
    let State::Runs(processes) = run.state().unwrap() else { panic!("it runs") };
    assert!(processes.supervisor.signal(rustix::process::Signal::KILL).unwrap());
    wait("it is gone", || matches!(run.state().unwrap(), State::Interrupted(_)).then_some(()));
    run.ask_to_stop("ada", "the issue was closed").unwrap();
    let end = settle(&run, Clock::system().now()).unwrap().expect("nobody attended it");
    assert_eq!((&end.outcome, end.left.as_slice()), (&Outcome::Cancelled, &[][..]), "{end:?}");
    assert!(end.says.starts_with("stopped by ada: the issue was closed; "), "{}", end.says);
    let id = run.spec().unwrap().unwrap().id;
    assert_eq!(procs::marked(MARK, id.as_str()).unwrap(), []);
}

/// Whoever comes later finds that the other one was first.
#[test]
fn a_run_that_was_given_up_does_not_begin() {
    let place = Place::new();
    let spec = place.spec("touch began; echo on", SLOW);
    RunDir::of(&place.at("runs"), &spec.id).create(&spec).unwrap();
    let run = RunDir::of(&place.at("runs"), &spec.id);
    let now = Clock::system().now();
    assert_eq!(settle(&run, now).unwrap(), None, "it may still begin");
    let end = settle(&run, now + Duration::from_mins(2)).unwrap().expect("it never began");
    assert_eq!((end.outcome, end.exit, end.tries), (Outcome::CouldNotStart, Exit::NotStarted, 0));
    let handover = Handover { vars: place.vars.clone(), ..Handover::default() };
    let program = Path::new(env!("CARGO_BIN_EXE_factoryctl"));
    let late = runtime().block_on(launch(&place.at("runs"), program, &spec, &handover));
    assert!(late.is_err() && !place.at("work").join("began").exists());
    assert!(text(&run.dir().join("supervisor.log")).contains("was given up"));
}

/// Nobody waits for a supervisor whose daemon was killed before it could start it.
#[test]
fn a_run_whose_starter_is_dead_is_given_up_at_once() {
    let place = Place::new();
    let spec = place.spec("echo on", SLOW);
    let run = RunDir::of(&place.at("runs"), &spec.id);
    run.create(&spec).unwrap();
    let now = Clock::system().now();
    assert_eq!(settle(&run, now).unwrap(), None, "this process may still start it");
    let starter = run.dir().join("starter.json");
    let alive: serde_json::Value = serde_json::from_str(&text(&starter)).unwrap();
    let dead = serde_json::json!({ "pid": alive["pid"], "start": 1, "boot": alive["boot"] });
    std::fs::write(&starter, dead.to_string()).unwrap();
    let end = settle(&run, now).unwrap().expect("nobody starts it");
    assert_eq!((end.outcome, end.exit), (Outcome::CouldNotStart, Exit::NotStarted));
}

#[test]
fn no_secret_is_written_down() {
    const SECRET: &str = "s3cr3t/with+odd&signs";
    let mut place = Place::new();
    place.secrets.push(SECRET.into());
    place.vars.push(("AGENT_KEY".into(), SECRET.into()));
    let script = "echo key $AGENT_KEY; printf %s \"$AGENT_KEY\" | base64; printf %s \"$AGENT_KEY\" | od -An -tx1 | \
                  tr -d ' \\n'; echo; echo $AGENT_KEY >&2; printf -- '-----BEGIN PRIVATE KEY-----\\nMIIxyz\\n-----END PRIVATE \
                  KEY-----\\n'; echo last $AGENT_KEY";
    let run = place.start(&place.spec(script, SLOW));
    let end = ended(&run);
    assert_eq!((end.outcome, end.answer.unwrap().text.as_str()), (Outcome::Done, "last [masked]"));
    let out = text(&run.transcripts()[0]);
    assert_eq!(out, "key [masked]\n[masked]\n[masked]\n[masked]\nlast [masked]\n");
    for entry in std::fs::read_dir(run.dir()).unwrap() {
        let path = entry.unwrap().path();
        let (text, asked) = (text(&path), path.ends_with("run.json"));
        assert!(
            !text.contains("s3cr3t") && (asked || !text.contains("MIIxyz")),
            "{}: {text}",
            path.display()
        );
    }
}

/// An agent of the Agent Client Protocol that asks for leave, and then for an answer that nobody is there to give. Each is
/// answered within a second.
#[test]
fn what_an_agent_asks_is_answered_at_once() {
    const LEAVE: &str = r#"{"jsonrpc":"2.0","id":"p","method":"session/request_permission","params":{"options":[{"optionId":"yes","kind":"allow_once"}]}}"#;
    const QUESTION: &str =
        r#"{"jsonrpc":"2.0","id":"q","method":"elicitation/create","params":{"message":"Which?"}}"#;
    let asks = |questions: &[&str]| {
        let place = Place::new();
        let asked: Vec<String> = questions.iter().map(|question| format!("ask '{question}'")).collect();
        let script = format!(
            r#"say() {{ printf '%s\n' "$1"; }}
            ask() {{ began=$(date +%s%N); say "$1"; read -r reply; echo "$(( ($(date +%s%N) - began) / 1000000 )) $reply" >> replies; }}
            read -r one; say '{{"jsonrpc":"2.0","id":1,"result":{{"protocolVersion":1}}}}'
            read -r two; say '{{"jsonrpc":"2.0","id":2,"result":{{"sessionId":"s"}}}}'
            read -r three; {}
            say '{{"jsonrpc":"2.0","id":3,"result":{{"stopReason":"end_turn"}}}}'; read -r more; exit 0"#,
            asked.join("; ")
        );
        let mut spec = place.spec(&script, SLOW);
        spec.kind = "acp".into();
        let end = place.runs(&spec);
        let replies = text(&place.at("work").join("replies"));
        let replies: Vec<(u64, String)> = replies
            .lines()
            .map(|line| line.split_once(' ').expect("a time and a reply"))
            .map(|(took, reply)| (took.parse().unwrap(), reply.to_owned()))
            .collect();
        assert!(
            replies.len() == questions.len() && replies.iter().all(|(took, _)| *took < 1000),
            "{replies:?}"
        );
        (end, replies.into_iter().map(|(_, reply)| reply).collect::<Vec<_>>())
    };
    let (end, replies) = asks(&[LEAVE]);
    assert_eq!(end.outcome, Outcome::Done, "{end:?}");
    assert!(replies[0].contains(r#""optionId":"yes""#), "{replies:?}");
    let (end, replies) = asks(&[LEAVE, QUESTION]);
    let asked = (end.asked.as_deref(), end.says.as_str());
    assert_eq!((&end.outcome, asked), (&Outcome::NeedsInput, (Some("Which?"), "it asks: Which?")), "{end:?}");
    assert!(replies[1].contains("method not found"), "{replies:?}");
}

/// The figures of some agents are their session's: what it used before is not this run's, unless it came back in another
/// session.
#[test]
fn a_session_that_goes_on_is_not_paid_for_twice() {
    let goes_on = |session: &str| {
        let place = Place::new();
        let script = format!(
            r#"echo '{{"type":"thread.started","thread_id":"{session}"}}'
            echo '{{"type":"turn.started"}}'
            echo '{{"type":"item.completed","item":{{"id":"1","type":"agent_message","text":"on"}}}}'
            echo '{{"type":"turn.completed","usage":{{"input_tokens":2000,"cached_input_tokens":0,"output_tokens":20}}}}'"#
        );
        let mut spec = place.spec(&script, SLOW);
        spec.kind = "codex".into();
        spec.work.begin = Begin::Resume("known".into());
        spec.baseline = Usage { turns: 3, input: 1000, output: 10, ..Usage::default() };
        let end = place.runs(&spec);
        assert_eq!(end.outcome, Outcome::Done, "{end:?}");
        let total = (end.session_used.input, end.session_used.output);
        (end.cold, end.used.turns, end.used.input, end.used.output, total)
    };
    assert_eq!(goes_on("known"), (false, 1, 1000, 10, (2000, 20)));
    assert_eq!(goes_on("another"), (true, 1, 2000, 20, (2000, 20)));
}
