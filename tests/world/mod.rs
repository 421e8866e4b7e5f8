//! A whole world for one test: a config repository, GitHub as the twin plays it, and the real program.
//!
//! A test reads like what a person does: write, commit, plan, apply, look. Everything lies in one temporary
//! folder; the program sees nothing of the machine but `PATH`. When the test ends, the world checks that the twin
//! understood every request and that no process and no temporary file is left.

mod normal;
mod program;
pub(crate) mod sample;
mod snapshot;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use factoryctl::twin::{self, FaultRule, LoggedRequest, Options, Twin, WorldHandle};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

pub(crate) use program::{Ran, Running};
pub(crate) use snapshot::snapshot;

/// Where twins live: one runtime for all tests of this process.
pub(crate) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime can be started")
    })
}

/// A world with an empty organisation `acme`.
pub(crate) fn world<T>(test: impl FnOnce(&World) -> T) -> T {
    world_of(twin::World::new("acme"), test)
}

/// A world whose GitHub begins like this.
pub(crate) fn world_of<T>(github: twin::World, test: impl FnOnce(&World) -> T) -> T {
    let world = World::new(github);
    let result = test(&world);
    world.end();
    result
}

/// One test's world.
pub(crate) struct World {
    folder: TempDir,
    twin: Option<Twin>,
    mark: String,
    commits: RefCell<Vec<String>>,
    vars: RefCell<BTreeMap<String, String>>,
    may_be_asked_anything: Cell<bool>,
}

impl World {
    fn new(github: twin::World) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let folder = TempDir::with_prefix("factory-test-").expect("a temporary folder can be made");
        let at = |name: &str| Some(folder.path().join(name));
        let options =
            Options { dir: at("github"), unix_socket: at("socket"), world: github, ..Options::default() };
        for name in ["github", "home", "config", "tmp", "run"] {
            std::fs::create_dir(folder.path().join(name)).expect("the folder is new");
        }
        let twin = runtime().block_on(Twin::start(options)).expect("the twin starts");
        let mark = format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let world = Self {
            folder,
            twin: Some(twin),
            mark,
            commits: RefCell::default(),
            vars: RefCell::default(),
            may_be_asked_anything: Cell::new(false),
        };
        world.git(&["init", "-q", "-b", "main"]);
        world
    }

    /// A folder of this world: `config`, `home`, `tmp`, or a path below one.
    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// The root of everything.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    // --- the config repository ---

    /// Writes a config file.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path("config").join(path);
        std::fs::create_dir_all(path.parent().expect("it lies in the config folder"))
            .expect("folders can be made");
        std::fs::write(path, text).expect("the file can be written");
    }

    /// Commits everything; answers the commit.
    pub(crate) fn commit(&self, message: &str) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        let commit = self.git(&["rev-parse", "HEAD"]).trim().to_owned();
        self.commits.borrow_mut().push(commit.clone());
        commit
    }

    /// Writes `factory.kdl` and commits it.
    pub(crate) fn config(&self, text: &str) -> String {
        self.write("factory.kdl", text);
        self.commit("Change the config")
    }

    /// Runs git in the config repository; answers what it prints.
    pub(crate) fn git(&self, args: &[&str]) -> String {
        let out = self.plain("git", args);
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        assert!(out.status.success(), "git {args:?}: {text}{}", String::from_utf8_lossy(&out.stderr));
        text
    }

    /// Runs another program in the config folder, with this world's environment.
    pub(crate) fn plain(&self, program: &str, args: &[&str]) -> std::process::Output {
        let mut command = Command::new(program);
        command.args(args).current_dir(self.path("config")).env_clear().envs(self.environment());
        command.output().unwrap_or_else(|error| panic!("{program}: {error}"))
    }

    /// Runs another program as [`World::plain`], waits until it has printed `question`, and answers; gives what it
    /// printed, and its code.
    pub(crate) fn talk(&self, program: &str, args: &[&str], question: &str, answer: &str) -> (String, i32) {
        let mut command = Command::new(program);
        command.args(args).current_dir(self.path("config")).env_clear().envs(self.environment());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{program}: {error}"));
        let (mut stdin, mut stdout) =
            (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        let (mut seen, mut answered, mut buffer) = (Vec::new(), false, [0; 4096]);
        loop {
            match stdout.read(&mut buffer).expect("it can be read") {
                0 => break,
                n => seen.extend_from_slice(&buffer[..n]),
            }
            if !answered && String::from_utf8_lossy(&seen).contains(question) {
                stdin.write_all(answer.as_bytes()).expect("it listens");
                answered = true;
            }
        }
        let status = child.wait().expect("it ends");
        (String::from_utf8_lossy(&seen).into_owned(), status.code().unwrap_or(-1))
    }

    // --- the program ---

    /// Sets a variable for every program that is run from now on.
    pub(crate) fn set(&self, name: &str, value: &str) {
        self.vars.borrow_mut().insert(name.to_owned(), value.to_owned());
    }

    fn environment(&self) -> BTreeMap<String, String> {
        let at = |name: &str| self.path(name).display().to_string();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut vars: BTreeMap<String, String> = [
            ("PATH", path),
            ("HOME", at("home")),
            ("TMPDIR", at("tmp")),
            ("XDG_STATE_HOME", at("home/state")),
            ("XDG_CACHE_HOME", at("home/cache")),
            ("XDG_CONFIG_HOME", at("home/config")),
            ("XDG_RUNTIME_DIR", at("run")),
            ("LANG", "C.UTF-8".to_owned()),
            ("NO_COLOR", "1".to_owned()),
            ("USER", "tester".to_owned()),
            ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
            ("GIT_AUTHOR_NAME", "Ada".to_owned()),
            ("GIT_AUTHOR_EMAIL", "ada@acme.example".to_owned()),
            ("GIT_AUTHOR_DATE", "2026-01-02T03:04:05Z".to_owned()),
            ("GIT_COMMITTER_NAME", "Ada".to_owned()),
            ("GIT_COMMITTER_EMAIL", "ada@acme.example".to_owned()),
            ("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z".to_owned()),
            ("FACTORY_GITHUB_API", self.twin().url()),
            ("FACTORY_GITHUB_TOKEN", self.twin().token().to_owned()),
            ("FACTORY_HTTP_TIMEOUT_MS", "20000".to_owned()),
            ("FACTORY_RETRY_FIRST_MS", "5".to_owned()),
            ("FACTORY_STATUS_TIMEOUT", "20".to_owned()),
            (program::MARK, self.mark.clone()),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
        vars.extend(self.vars.borrow().clone());
        vars.retain(|_, value| !value.is_empty());
        vars
    }

    /// Runs `factoryctl` in the config folder, to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.start(args).finish(Duration::from_mins(2))
    }

    /// Starts `factoryctl` in the config folder.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        Running::start(args, &self.path("config"), &self.environment(), normal::Normal::of(self))
    }

    /// `factoryctl plan`.
    pub(crate) fn plan(&self, args: &[&str]) -> Ran {
        self.run(&[&["plan"], args].concat())
    }

    /// `factoryctl apply --yes`.
    pub(crate) fn apply(&self, args: &[&str]) -> Ran {
        self.run(&[&["apply", "--yes"], args].concat())
    }

    // --- GitHub ---

    /// The twin.
    pub(crate) fn twin(&self) -> &Twin {
        self.twin.as_ref().expect("it runs until the end of the test")
    }

    /// Somebody else's hands on GitHub.
    pub(crate) fn github(&self) -> WorldHandle {
        self.twin().world()
    }

    /// Lets requests misbehave.
    pub(crate) fn faults(&self, rules: Vec<FaultRule>) {
        self.twin().set_faults(rules).expect("the rules can be read");
    }

    /// The requests that were made since the last call.
    pub(crate) fn requests(&self) -> Vec<LoggedRequest> {
        let log = self.twin().log();
        self.twin().clear_log();
        log
    }

    /// Waits for a state, for at most a minute.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let deadline = Instant::now() + Duration::from_mins(1);
        while !holds() {
            assert!(Instant::now() < deadline, "in vain: {what}\n{:#?}", self.twin().log());
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    fn end(mut self) {
        let unknown = self.twin().unknown();
        if let Some(twin) = self.twin.take() {
            runtime().block_on(twin.stop());
        }
        assert!(
            self.may_be_asked_anything.get() || unknown.is_empty(),
            "the twin doesn't know: {unknown:#?}"
        );
        let left = program::left_behind(&self.mark, Duration::from_secs(5));
        assert!(left.is_empty(), "processes are left: {left:#?}");
        let files: Vec<_> =
            self.path("tmp").read_dir().expect("it is there").flatten().map(|e| e.path()).collect();
        assert!(files.is_empty(), "temporary files are left: {files:?}");
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(twin) = self.twin.take() {
            // A failed test; its own message matters.
            runtime().block_on(twin.stop());
        }
    }
}
