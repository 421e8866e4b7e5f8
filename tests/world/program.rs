//! The real program as a child process, and what it left.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::normal::Normal;

/// The variable by which a world knows its processes.
pub(super) const MARK: &str = "FACTORY_TEST_WORLD";

/// How a run ended, and what it wrote.
pub(crate) struct Ran {
    args: Vec<String>,
    /// The exit code; 128 and the signal's number for a process that was killed.
    pub(crate) code: i32,
    /// Its standard output.
    pub(crate) out: String,
    /// Its standard error.
    pub(crate) err: String,
    normal: Normal,
}

impl Ran {
    /// Expects an exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "\n$ factoryctl {}\n{}{}", self.args.join(" "), self.out, self.err);
        self
    }

    /// The document on stdout as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}\n{}{}", self.out, self.err))
    }

    /// What a person sees, without what differs from run to run.
    pub(crate) fn transcript(&self) -> String {
        let mut text = format!("$ factoryctl {}\n{}", self.args.join(" "), self.out);
        if !self.err.is_empty() {
            text.push_str("--- stderr\n");
            text.push_str(&self.err);
        }
        if !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(&format!("[exit {}]", self.code));
        self.normal.apply(&text)
    }

    /// Both streams as they are, for messages.
    pub(crate) fn all(&self) -> String {
        format!("$ factoryctl {}\n{}{}[exit {}]", self.args.join(" "), self.out, self.err, self.code)
    }
}

/// A run that goes on; killed when it is dropped before its end, so that a failed test leaves nothing running.
pub(crate) struct Running {
    args: Vec<String>,
    child: Child,
    /// Readers of both outputs.
    outputs: Vec<JoinHandle<String>>,
    /// What it has written to both so far.
    so_far: [Arc<Mutex<Vec<u8>>>; 2],
    /// Closed when both outputs are.
    ended: Receiver<()>,
    normal: Normal,
}

impl Running {
    pub(super) fn start(
        args: &[&str],
        folder: &Path,
        vars: &BTreeMap<String, String>,
        normal: Normal,
    ) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_factoryctl"));
        command.args(args).current_dir(folder).env_clear().envs(vars);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let (open, ended) = channel::<()>();
        let reader = |mut from: Box<dyn Read + Send>, so_far: Arc<Mutex<Vec<u8>>>| {
            let open = open.clone();
            std::thread::spawn(move || {
                let mut buffer = [0; 8192];
                loop {
                    let n = from.read(&mut buffer).expect("a pipe can be read");
                    so_far.lock().expect("no holder panics").extend_from_slice(&buffer[..n]);
                    if n == 0 {
                        break;
                    }
                }
                drop(open);
                String::from_utf8_lossy(&so_far.lock().expect("no holder panics")).into_owned()
            })
        };
        let so_far: [Arc<Mutex<Vec<u8>>>; 2] = [Arc::default(), Arc::default()];
        let out = reader(Box::new(child.stdout.take().expect("it was piped")), Arc::clone(&so_far[0]));
        let err = reader(Box::new(child.stderr.take().expect("it was piped")), Arc::clone(&so_far[1]));
        let outputs = vec![out, err];
        let args = args.iter().map(|arg| (*arg).to_owned()).collect();
        Self { args, child, outputs, so_far, ended, normal }
    }

    /// What it has written to its standard output and its standard error so far.
    pub(crate) fn said(&self) -> [String; 2] {
        let text = |bytes: &Arc<Mutex<Vec<u8>>>| {
            String::from_utf8_lossy(&bytes.lock().expect("no holder panics")).into_owned()
        };
        [text(&self.so_far[0]), text(&self.so_far[1])]
    }

    /// The first line on its standard output, once it is there.
    pub(crate) fn first_line(&self) -> Option<String> {
        let [said, _] = self.said();
        said.split_once('\n').map(|(line, _)| line.to_owned())
    }

    /// Waits for its end.
    pub(crate) fn finish(mut self, limit: Duration) -> Ran {
        if self.ended.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
            self.child.kill().expect("our child can be killed");
            let _killed = self.child.wait();
            let (out, err) = self.outputs();
            panic!("factoryctl {} did not end within {limit:?}\n{out}{err}", self.args.join(" "));
        }
        self.ran()
    }

    /// Lets it run for that long, then kills it with SIGKILL; says how it ended.
    pub(crate) fn kill_after(mut self, time: Duration) -> Ran {
        if self.ended.recv_timeout(time) == Err(RecvTimeoutError::Timeout) {
            self.child.kill().expect("our child can be killed");
        }
        self.ran()
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> i32 {
        self.child.id().cast_signed()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let id = rustix::process::Pid::from_raw(self.child.id().cast_signed()).expect("no process has id 0");
        rustix::process::kill_process(id, signal).expect("our child can be signalled");
    }

    fn ran(mut self) -> Ran {
        let status = self.child.wait().expect("our child can be waited for");
        let (out, err) = self.outputs();
        let leaks = self.normal.secret().filter(|secret| out.contains(secret) || err.contains(secret));
        // The twin's own command is there to say its token.
        let says_it = self.args.first().is_some_and(|command| command == "twin");
        assert!(
            says_it || leaks.is_none(),
            "factoryctl {} showed the token\n{out}{err}",
            self.args.join(" ")
        );
        Ran {
            args: std::mem::take(&mut self.args),
            code: code(status),
            out,
            err,
            normal: self.normal.clone(),
        }
    }

    /// Everything it wrote, once both outputs are closed.
    fn outputs(&mut self) -> (String, String) {
        let mut texts = self.outputs.drain(..).map(|reader| reader.join().expect("a reader doesn't panic"));
        (texts.next().unwrap_or_default(), texts.next().unwrap_or_default())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended can't be killed any more, which is what is wanted.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
        .expect("it ended one way or the other")
}

/// Processes of a world that are still there after `patience`, as command lines.
pub(super) fn left_behind(mark: &str, patience: Duration) -> Vec<String> {
    let deadline = Instant::now() + patience;
    loop {
        let left = of_world(mark);
        if left.is_empty() || Instant::now() > deadline {
            return left;
        }
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

fn of_world(mark: &str) -> Vec<String> {
    let wanted = format!("{MARK}={mark}");
    let processes = Path::new("/proc").read_dir().into_iter().flatten().flatten();
    processes
        .filter(|entry| entry.file_name().to_string_lossy().bytes().all(|b| b.is_ascii_digit()))
        .filter_map(|entry| {
            // A process that went away meanwhile, or isn't ours, can't be read.
            let environment = std::fs::read(entry.path().join("environ")).ok()?;
            environment.split(|b| *b == 0).any(|v| v == wanted.as_bytes()).then_some(())?;
            let line = std::fs::read(entry.path().join("cmdline")).ok()?;
            Some(String::from_utf8_lossy(&line).replace('\0', " "))
        })
        .collect()
}
