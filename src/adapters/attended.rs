//! A child process that is attended: what it writes, its end, and a request to stop it are waited for together, on one
//! thread and without a runtime, since there is one such process for each run.
#![expect(clippy::disallowed_methods, reason = "the edge at which processes start and time passes")]

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify;
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, kill_process_group, pidfd_open};

/// The most bytes that are read at once.
const CHUNK: usize = 64 << 10;

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself.
    Code(i32),
    /// By a signal.
    Signal(i32),
}

/// Which of its streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// It wrote something, which is in the buffer.
    Wrote(Stream),
    /// Nobody can write to that stream any more.
    Closed(Stream),
    /// It has ended; who it started may go on.
    Ended(Ended),
    /// A file that was watched for is there.
    Asked,
    /// Nothing, as long as was waited.
    Nothing,
}

/// How it is started.
#[derive(Debug)]
pub struct Start<'a> {
    /// The program and its arguments.
    pub argv: &'a [OsString],
    /// Its whole environment.
    pub vars: &'a [(String, String)],
    /// Where it works.
    pub folder: &'a Path,
    /// What it reads first.
    pub stdin: Vec<u8>,
    /// Whether its input stays open.
    pub talks: bool,
}

/// A watch for files that appear in a folder.
#[derive(Debug)]
pub struct Watch(OwnedFd);

impl Watch {
    /// Watches a folder.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn of(folder: &Path) -> io::Result<Self> {
        let watch = inotify::init(inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC)?;
        inotify::add_watch(&watch, folder, inotify::WatchFlags::MOVED_TO | inotify::WatchFlags::CREATE)?;
        Ok(Self(watch))
    }

    /// Waits for a file; whether there was one.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn wait(&self, patience: Duration) -> io::Result<bool> {
        let timeout = timespec(patience);
        match poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&timeout)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => Ok(false),
            Ok(_) => {
                self.drain();
                Ok(true)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn drain(&self) {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(&self.0, &mut buffer);
        while reader.next().is_ok() {}
    }
}

/// The child.
#[derive(Debug)]
pub struct Attended {
    pid: Pid,
    handle: OwnedFd,
    out: Option<File>,
    err: Option<File>,
    stdin: Option<File>,
    input: VecDeque<u8>,
    talks: bool,
    ended: bool,
    began: Instant,
}

impl Attended {
    /// Starts it as the leader of a new group.
    ///
    /// # Errors
    /// When it can't be started.
    pub fn start(start: Start<'_>) -> io::Result<Self> {
        let (program, args) = start.argv.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut command = Command::new(program);
        command.args(args).env_clear().envs(start.vars.iter().map(|(k, v)| (k, v)));
        command.current_dir(start.folder).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let pid = Pid::from_child(&child);
        let handle = pidfd_open(pid, PidfdFlags::empty())?;
        let (out, err, stdin) = (child.stdout.take(), child.stderr.take(), child.stdin.take());
        let stdin = stdin.map(|pipe| File::from(OwnedFd::from(pipe)));
        if let Some(pipe) = &stdin {
            rustix::io::ioctl_fionbio(pipe, true)?;
        }
        Ok(Self {
            pid,
            handle,
            out: out.map(|pipe| File::from(OwnedFd::from(pipe))),
            err: err.map(|pipe| File::from(OwnedFd::from(pipe))),
            stdin,
            input: start.stdin.into(),
            talks: start.talks,
            ended: false,
            began: Instant::now(),
        })
    }

    /// Its number, which is its group's too.
    pub fn pid(&self) -> i32 {
        self.pid.as_raw_pid()
    }

    /// How long ago it was started.
    pub fn age(&self) -> Duration {
        self.began.elapsed()
    }

    /// Writes to its input, as it takes it.
    pub fn say(&mut self, text: &str) {
        self.input.extend(text.bytes());
    }

    /// Closes its input, once it has taken all of it.
    pub fn hush(&mut self) {
        self.talks = false;
    }

    /// Sends a signal to its whole group.
    pub fn signal(&self, signal: Signal) {
        // "No such process" is an answer, too: nobody is left.
        let _ = kill_process_group(self.pid, signal);
    }

    /// Waits for the next thing that happens. What it wrote replaces what is in `buffer`.
    ///
    /// # Errors
    /// When the system refuses; the child goes on.
    pub fn wait(&mut self, patience: Duration, watch: &Watch, buffer: &mut Vec<u8>) -> io::Result<Happening> {
        let until = Instant::now() + patience.min(Duration::from_hours(24));
        loop {
            self.feed()?;
            match self.poll(until.saturating_duration_since(Instant::now()), watch)? {
                Ready::Asked => {
                    watch.drain();
                    return Ok(Happening::Asked);
                }
                Ready::Output(stream) => return self.read(stream, buffer),
                Ready::End => {
                    self.ended = true;
                    return self.reap().map(Happening::Ended);
                }
                Ready::Input => {}
                Ready::Nothing if until <= Instant::now() => return Ok(Happening::Nothing),
                Ready::Nothing => {}
            }
        }
    }

    /// Writes what its input takes at this moment.
    fn feed(&mut self) -> io::Result<()> {
        let Some(pipe) = &mut self.stdin else { return Ok(()) };
        while !self.input.is_empty() {
            let (first, _) = self.input.as_slices();
            match pipe.write(first) {
                Ok(n) => drop(self.input.drain(..n)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // It doesn't want to read; that is its right.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.input.clear(),
                Err(error) => return Err(error),
            }
        }
        if !self.talks {
            self.stdin = None;
        }
        Ok(())
    }

    fn poll<'a>(&'a self, patience: Duration, watch: &'a Watch) -> io::Result<Ready> {
        let mut fds = vec![PollFd::new(&watch.0, PollFlags::IN)];
        let mut at = |fd: Option<BorrowedFd<'a>>, flags| {
            fd.map(|fd| {
                fds.push(PollFd::from_borrowed_fd(fd, flags));
                fds.len() - 1
            })
        };
        let out = at(self.out.as_ref().map(AsFd::as_fd), PollFlags::IN);
        let err = at(self.err.as_ref().map(AsFd::as_fd), PollFlags::IN);
        let ended = at((!self.ended).then_some(self.handle.as_fd()), PollFlags::IN);
        let full = self.stdin.as_ref().filter(|_| !self.input.is_empty());
        let input = at(full.map(AsFd::as_fd), PollFlags::OUT);
        let timeout = timespec(patience);
        match poll(&mut fds, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let is = |n: Option<usize>| n.is_some_and(|n| !fds[n].revents().is_empty());
        // What it wrote before it ended is read first.
        let all = [
            (Some(0), Ready::Asked),
            (out, Ready::Output(Stream::Out)),
            (err, Ready::Output(Stream::Err)),
            (ended, Ready::End),
            (input, Ready::Input),
        ];
        Ok(all.into_iter().find(|(n, _)| is(*n)).map_or(Ready::Nothing, |(_, ready)| ready))
    }

    fn read(&mut self, stream: Stream, buffer: &mut Vec<u8>) -> io::Result<Happening> {
        let pipe = match stream {
            Stream::Out => &mut self.out,
            Stream::Err => &mut self.err,
        };
        buffer.resize(CHUNK, 0);
        let n = match pipe.as_mut().map_or(Ok(0), |pipe| pipe.read(buffer)) {
            Ok(n) => n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                buffer.clear();
                return Ok(Happening::Wrote(stream));
            }
            Err(error) => return Err(error),
        };
        buffer.truncate(n);
        if n > 0 {
            return Ok(Happening::Wrote(stream));
        }
        *pipe = None;
        Ok(Happening::Closed(stream))
    }

    fn reap(&self) -> io::Result<Ended> {
        loop {
            match rustix::process::waitpid(Some(self.pid), WaitOptions::empty()) {
                Ok(Some((_, status))) => {
                    let code = status.exit_status().map(Ended::Code);
                    return Ok(code
                        .or(status.terminating_signal().map(Ended::Signal))
                        .unwrap_or(Ended::Code(0)));
                }
                Ok(None) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// The longest that is waited at once: a day, since what is endless has no number.
fn timespec(patience: Duration) -> Timespec {
    let patience = patience.min(Duration::from_hours(24));
    Timespec { tv_sec: patience.as_secs().cast_signed(), tv_nsec: patience.subsec_nanos().into() }
}

/// What can be done at this moment, the most urgent.
enum Ready {
    /// A file is there that was watched for.
    Asked,
    /// There is something to read, or the stream is closed.
    Output(Stream),
    /// It has ended.
    End,
    /// It takes input.
    Input,
    /// Nothing.
    Nothing,
}

/// Makes this process the one that orphans below it come to.
///
/// # Errors
/// When the system refuses.
pub fn adopt_orphans() -> io::Result<()> {
    Ok(rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?)
}

/// Makes this process the leader of a session of its own, so that no terminal ends it.
///
/// # Errors
/// When it leads one already.
pub fn own_session() -> io::Result<()> {
    rustix::process::setsid()?;
    Ok(())
}

/// Takes note of children that have ended, so that nothing is left of them.
pub fn reap_orphans() {
    while matches!(rustix::process::wait(WaitOptions::NOHANG), Ok(Some(_))) {}
}
