//! Processes by identity: a number alone may be another process by now.
#![expect(clippy::disallowed_methods, reason = "the edge at which processes end and time passes")]

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use super::fs;

/// The most bytes of a file of `/proc` that is read.
const LIMIT: u64 = 4 << 20;
/// How long a process may take to become another program.
const BECOMES: Duration = Duration::from_secs(1);

/// How long this process has kept processors busy, all of its threads together.
pub fn worked() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// A process, told from every other one on this machine, of any time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Its number.
    pub pid: i32,
    /// When it started, in ticks since the machine did.
    pub start: u64,
    /// Which start of the machine that was.
    pub boot: String,
}

impl Identity {
    /// Of the process that has this number now; `None` when there is none, or only what is left of one.
    ///
    /// # Errors
    /// When `/proc` can't be read.
    pub fn of(pid: i32) -> Result<Option<Self>, fs::Error> {
        let Some(stat) = Stat::of(pid)?.filter(|stat| !stat.is_dead()) else { return Ok(None) };
        let boot = fs::read(Path::new("/proc/sys/kernel/random/boot_id"), LIMIT)?;
        let boot = String::from_utf8_lossy(&boot).trim().to_owned();
        Ok(Some(Self { pid, start: stat.start, boot }))
    }

    /// Of this process.
    ///
    /// # Errors
    /// When `/proc` can't be read.
    pub fn own() -> Result<Self, fs::Error> {
        let pid = rustix::process::getpid().as_raw_pid();
        Ok(Self::of(pid)?.expect("this process runs"))
    }

    /// Of no process: it never ran and never will.
    pub fn nobody() -> Self {
        Self { pid: 0, start: 0, boot: String::new() }
    }

    /// Whether that process still runs.
    ///
    /// # Errors
    /// When `/proc` can't be read.
    pub fn runs(&self) -> Result<bool, fs::Error> {
        Ok(Self::of(self.pid)?.as_ref() == Some(self))
    }

    /// Sends it a signal; whether it was there to get it.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn signal(&self, signal: Signal) -> io::Result<bool> {
        let Some(handle) = handle(self.pid)? else { return Ok(false) };
        // The handle is of one process for ever: it is compared after it was taken.
        if !self.runs().map_err(io::Error::other)? {
            return Ok(false);
        }
        match pidfd_send_signal(&handle, signal) {
            Ok(()) => Ok(true),
            Err(Errno::SRCH) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// A handle of the process that has this number now, which is of no other one later; `None` when there is none.
fn handle(pid: i32) -> io::Result<Option<OwnedFd>> {
    let Some(pid) = Pid::from_raw(pid) else { return Ok(None) };
    match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(handle) => Ok(Some(handle)),
        // The number may be a thread's by now: how the kernel says that differs between its versions.
        Err(Errno::SRCH | Errno::NOENT | Errno::INVAL) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What the kernel tells of a process.
struct Stat {
    state: char,
    parent: i32,
    session: i32,
    start: u64,
    environment: Vars,
}

/// What the kernel tells of the variables that a process was started with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Vars {
    /// There are none, or it has no memory (any more).
    None,
    /// It becomes another program, and they aren't written down yet.
    Unwritten,
    Some,
}

impl Stat {
    fn of(pid: i32) -> Result<Option<Self>, fs::Error> {
        match fs::read(&PathBuf::from(format!("/proc/{pid}/stat")), LIMIT) {
            Ok(bytes) => Ok(Self::parse(&String::from_utf8_lossy(&bytes))),
            Err(error) if error.is_not_found() || error.is_gone() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A name may hold blanks and brackets; what counts stands after the last one.
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.rsplit_once(')')?.1.split_whitespace();
        let state = words.next()?.chars().next()?;
        let parent = words.next()?.parse().ok()?;
        let session = words.nth(1)?.parse().ok()?;
        let start = words.nth(15)?.parse().ok()?;
        let has_memory = words.next()? != "0";
        let (from, to) = (words.nth(26)?, words.next()?);
        let environment = match (has_memory, to) {
            (true, "0") => Vars::Unwritten,
            (true, to) if from != to => Vars::Some,
            _ => Vars::None,
        };
        Some(Self { state, parent, session, start, environment })
    }

    /// Whether it has ended and waits to be reaped.
    fn is_dead(&self) -> bool {
        matches!(self.state, 'Z' | 'X' | 'x')
    }
}

/// The numbers of all processes.
fn all() -> Result<Vec<i32>, fs::Error> {
    Ok(fs::names(Path::new("/proc"))?.iter().filter_map(|name| name.parse().ok()).collect())
}

/// The processes that descend from one, itself not included; those that have ended are not among them.
///
/// # Errors
/// When `/proc` can't be read.
pub fn descendants(of: i32) -> Result<Vec<i32>, fs::Error> {
    let mut parents: BTreeMap<i32, (i32, bool)> = BTreeMap::new();
    for pid in all()? {
        if let Some(stat) = Stat::of(pid)? {
            parents.insert(pid, (stat.parent, stat.is_dead()));
        }
    }
    let descends = |mut pid: i32| {
        // A chain is never longer than there are processes, even while it changes.
        for _ in 0..parents.len() {
            match parents.get(&pid) {
                Some((parent, _)) if *parent == of => return true,
                Some((parent, _)) => pid = *parent,
                None => return false,
            }
        }
        false
    };
    Ok(parents.iter().filter(|(pid, (_, dead))| !dead && descends(**pid)).map(|(pid, _)| *pid).collect())
}

/// The processes of the session that this one led, whether it still runs or not. None once another process has its
/// number: then nobody is left of the session, and one of that number is the other's.
///
/// # Errors
/// When `/proc` can't be read.
pub fn session_of(leader: &Identity) -> Result<Vec<Identity>, fs::Error> {
    let mut out = Vec::new();
    if Stat::of(leader.pid)?.is_some_and(|stat| stat.start != leader.start) {
        return Ok(out);
    }
    for pid in all()? {
        // Whoever is older got there when the number was another process's.
        let member =
            Stat::of(pid)?.is_some_and(|stat| stat.session == leader.pid && stat.start >= leader.start);
        if member
            && let Some(found) = Identity::of(pid)?
            && found.boot == leader.boot
            && found != *leader
        {
            out.push(found);
        }
    }
    Ok(out)
}

/// Whether a process works below one of these folders, as far as it can be seen.
pub fn works_below(process: &Identity, folders: &[&Path]) -> bool {
    let at = std::fs::read_link(format!("/proc/{}/cwd", process.pid));
    at.is_ok_and(|at| folders.iter().any(|folder| at.starts_with(folder)))
}

/// Whether a process is the first one of a namespace of processes right below this process's own: what holds a sandbox together
/// that this process made, as opposed to what an agent made within one.
///
/// # Errors
/// When `/proc` can't be read.
pub fn is_first_of_namespace(process: &Identity) -> Result<bool, fs::Error> {
    let own = numbers("self")?;
    let its = numbers(&process.pid.to_string())?;
    Ok(its.len() == own.len() + 1 && its.last() == Some(&1))
}

/// The numbers of a process, from this namespace to its own; none of one that has gone.
fn numbers(process: &str) -> Result<Vec<i32>, fs::Error> {
    let bytes = match fs::read(&PathBuf::from(format!("/proc/{process}/status")), LIMIT) {
        Err(error) if error.is_not_found() || error.is_gone() => return Ok(Vec::new()),
        other => other?,
    };
    let text = String::from_utf8_lossy(&bytes);
    let line = text.lines().find_map(|line| line.strip_prefix("NSpid:")).unwrap_or_default();
    Ok(line.split_whitespace().filter_map(|number| number.parse().ok()).collect())
}

/// What became of ending processes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// How many were killed.
    pub killed: usize,
    /// Those that are still there.
    pub left: Vec<i32>,
}

/// Kills every process that `find` finds, again and again, until it finds none or patience is over: who forks
/// meanwhile is found by the next look.
///
/// # Errors
/// When `/proc` can't be read.
pub fn sweep(
    patience: Duration,
    find: impl FnMut() -> Result<Vec<Identity>, fs::Error>,
) -> Result<Swept, fs::Error> {
    sweep_counting(patience, find, |_| Ok(true))
}

/// As [`sweep`]; `counts` says which of them are among those that were killed. Those go first: who doesn't count may take others
/// along.
///
/// # Errors
/// As [`sweep`], and those of `counts`.
pub fn sweep_counting(
    patience: Duration,
    mut find: impl FnMut() -> Result<Vec<Identity>, fs::Error>,
    counts: impl Fn(&Identity) -> Result<bool, fs::Error>,
) -> Result<Swept, fs::Error> {
    let until = Instant::now() + patience;
    let mut killed: BTreeSet<(i32, u64)> = BTreeSet::new();
    loop {
        let found = find()?;
        if found.is_empty() || until <= Instant::now() {
            return Ok(Swept { killed: killed.len(), left: found.iter().map(|found| found.pid).collect() });
        }
        let mut last = None;
        let mut ordered = Vec::new();
        for process in found {
            ordered.push((counts(&process)?, process));
        }
        ordered.sort_by_key(|(counts, _)| !counts);
        for (counts, process) in ordered {
            let Ok(Some(handle)) = handle(process.pid) else { continue };
            if process.signal(Signal::KILL).unwrap_or(false) && counts {
                killed.insert((process.pid, process.start));
            }
            last = Some(handle);
        }
        // Its death is waited for, and not for longer than another look takes.
        if let Some(handle) = last {
            let timeout = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
            let _ = poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&timeout));
        }
    }
}

/// How a process was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It had gone already.
    Before,
    /// It went when it was asked to.
    Asked,
    /// It had to be killed.
    Killed,
    /// It is still there, as one is that waits for a device.
    Not,
}

/// Ends a process: it is asked to, and killed when it is still there after `grace`.
///
/// # Errors
/// When the system refuses.
pub fn end(process: &Identity, grace: Duration) -> io::Result<Ended> {
    let Some(handle) = handle(process.pid)? else { return Ok(Ended::Before) };
    let gone = |patience: Duration| -> io::Result<bool> {
        let limit = Timespec::try_from(patience).map_err(io::Error::other)?;
        Ok(poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&limit))? > 0)
    };
    for (signal, ended) in [(Signal::TERM, Ended::Asked), (Signal::KILL, Ended::Killed)] {
        if !process.signal(signal)? {
            return Ok(if signal == Signal::TERM { Ended::Before } else { Ended::Asked });
        }
        if gone(grace)? {
            return Ok(ended);
        }
    }
    Ok(Ended::Not)
}

/// What a process was started with; `None` of others' processes, of one that is gone, and of one that hides it.
fn environment(pid: i32) -> Result<Option<Vec<u8>>, fs::Error> {
    let path = PathBuf::from(format!("/proc/{pid}/environ"));
    let until = Instant::now() + BECOMES;
    while Instant::now() < until {
        let Ok(bytes) = fs::read(&path, LIMIT) else { return Ok(None) };
        if !bytes.is_empty() {
            return Ok(Some(bytes));
        }
        match Stat::of(pid)?.map(|stat| stat.environment) {
            None => return Ok(None),
            Some(Vars::None) => return Ok(Some(bytes)),
            // They were written down just now.
            Some(Vars::Some) => {}
            // Its end is waited for, and not for longer than another look takes.
            Some(Vars::Unwritten) => {
                let Ok(Some(handle)) = handle(pid) else { return Ok(None) };
                let timeout = Timespec { tv_sec: 0, tv_nsec: 1_000_000 };
                let _ = poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&timeout));
            }
        }
    }
    Ok(None)
}

/// The processes that have this variable of this value in the environment that they were started with, as far as it
/// can be seen.
///
/// # Errors
/// When `/proc` can't be listed.
pub fn marked(name: &str, value: &str) -> Result<Vec<Identity>, fs::Error> {
    let wanted = format!("{name}={value}");
    let mut out = Vec::new();
    for pid in all()? {
        // Others' environments can't be read, and aren't ours.
        let Some(bytes) = environment(pid)? else { continue };
        if bytes.split(|b| *b == 0).any(|var| var == wanted.as_bytes()) {
            out.extend(Identity::of(pid)?);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_told_from_a_later_one_of_its_number() {
        let own = Identity::own().unwrap();
        assert!(own.runs().unwrap());
        for other in [
            Identity { start: own.start + 1, ..own.clone() },
            Identity { boot: "another".into(), ..own.clone() },
            Identity { pid: i32::MAX, ..own.clone() },
            Identity::nobody(),
        ] {
            assert!(!other.runs().unwrap(), "{other:?}");
            assert!(!other.signal(Signal::KILL).unwrap(), "{other:?}");
        }
    }

    /// The number of a process that is gone may be one of a thread by now.
    #[test]
    fn a_thread_is_no_process() {
        let (tells, told) = std::sync::mpsc::channel();
        let (done, wait) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            tells.send(std::fs::read_link("/proc/thread-self").unwrap()).unwrap();
            let _ = wait.recv();
        });
        let tid: i32 = told.recv().unwrap().file_name().unwrap().to_str().unwrap().parse().unwrap();
        let of_thread = Identity::of(tid).unwrap().expect("the kernel tells of it");
        assert!(!of_thread.signal(Signal::KILL).unwrap());
        assert_eq!(end(&of_thread, Duration::ZERO).unwrap(), Ended::Before);
        drop(done);
        thread.join().unwrap();
    }

    #[test]
    fn a_name_may_hold_anything() {
        let rest = "0 ".repeat(25);
        for (size, from, to, environment) in [
            ("1", "7", "9", Vars::Some),
            ("1", "7", "7", Vars::None),
            ("1", "0", "0", Vars::Unwritten),
            ("0", "0", "0", Vars::None),
        ] {
            let text = format!(
                "7 (a) b (c) R 3 7 8 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4711 {size} 2 {rest}{from} {to} 0"
            );
            let stat = Stat::parse(&text).unwrap();
            assert_eq!((stat.state, stat.parent, stat.session, stat.start), ('R', 3, 8, 4711));
            assert_eq!(stat.environment, environment, "{text}");
        }
        assert!(Stat::parse("7 (half").is_none());
    }

    #[test]
    fn a_session_whose_number_is_anothers_by_now_has_nobody() {
        let mut leader = std::process::Command::new("setsid");
        let mut leader = leader.args(["sh", "-c", "sleep 600 & wait"]).spawn().unwrap();
        let pid = leader.id().cast_signed();
        let until = Instant::now() + Duration::from_secs(20);
        let member = loop {
            assert!(Instant::now() < until, "the session is there");
            let Some(identity) = Identity::of(pid).unwrap() else { continue };
            if let Some(member) = session_of(&identity).unwrap().pop() {
                let before = Identity { start: identity.start - 1, ..identity };
                assert_eq!(session_of(&before).unwrap(), []);
                break member;
            }
        };
        assert!(works_below(&member, &[&std::env::current_dir().unwrap()]));
        assert!(!works_below(&member, &[Path::new("/nowhere")]));
        leader.kill().unwrap();
        leader.wait().unwrap();
        assert_eq!(end(&member, Duration::from_secs(20)).unwrap(), Ended::Asked);
        assert_eq!(end(&member, Duration::from_secs(20)).unwrap(), Ended::Before);
    }

    /// Whoever starts a process goes on before the kernel has written down what it was started with.
    #[test]
    fn a_mark_is_seen_from_the_moment_a_process_is_there() {
        let value = format!("mark-of-{}", Identity::own().unwrap().start);
        for round in 0..200 {
            let mut child = std::process::Command::new("sleep");
            let mut child = child.arg("600").env("FACTORY_MARKED", &value).spawn().unwrap();
            let found = marked("FACTORY_MARKED", &value);
            child.kill().unwrap();
            child.wait().unwrap();
            let found: Vec<i32> = found.unwrap().iter().map(|found| found.pid).collect();
            assert_eq!(found, [child.id().cast_signed()], "in round {round}");
        }
    }

    #[test]
    fn this_process_descends_from_its_parent() {
        let own = Identity::own().unwrap();
        let parent = Stat::of(own.pid).unwrap().unwrap().parent;
        assert!(descendants(parent).unwrap().contains(&own.pid));
        assert!(!descendants(own.pid).unwrap().contains(&parent));
    }
}
