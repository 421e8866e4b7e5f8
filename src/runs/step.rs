//! A line of shell that config names, run to its end over code of others: within a sandbox where there is one, in bounded
//! time, with nothing left of what it started.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;

use crate::adapters::attended::{self, Attended, Happening, Start, Stream};
use crate::adapters::procs::{self, Identity, Swept};

use super::agents::Lines;
use super::record::RecordError;
use super::redact::{Redactor, Screen};
use super::supervisor::SuperviseError;
use super::transcript::Transcript;
use super::watch::{Exit, Stop};

/// How many of its last lines are kept in mind.
const TAIL: usize = 50;
/// The most bytes of each: a secret that goes beyond is not shown, since less is shown than that.
const KEPT: usize = 16 << 10;
/// The most characters of each that are shown.
const WIDE: usize = 500;
/// The most bytes of what it prints that are written down.
const LOG: u64 = 16 << 20;
/// How long it has after it was asked to end.
const GRACE: Duration = Duration::from_secs(5);
/// How long what it left may still write after its end.
const LEFTOVER_GRACE: Duration = Duration::from_millis(250);
/// How long strays are hunted.
const SWEEP: Duration = Duration::from_secs(10);

/// What is run.
pub(super) struct Step<'a> {
    /// The command line, within its bounds.
    pub(super) argv: &'a [OsString],
    /// Its whole environment.
    pub(super) vars: &'a [(String, String)],
    /// Where it works.
    pub(super) folder: &'a Path,
    /// How long it may take.
    pub(super) time: Duration,
    /// The file that what it prints is written to, secrets masked.
    pub(super) log: &'a Path,
}

/// What it is run by.
pub(super) struct By<'a> {
    /// Knows what nobody may read.
    pub(super) redactor: &'a Redactor,
    /// Tells that somebody may have asked for its end.
    pub(super) requests: &'a attended::Watch,
    /// Whether somebody did.
    pub(super) asked: &'a dyn Fn() -> Result<Option<Stop>, RecordError>,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// By itself, or by a signal of others.
    Exit(Exit),
    /// It took longer than that.
    TooLong(Duration),
    /// Somebody asked for its end.
    Stopped(Stop),
    /// It could not be started.
    NotStarted(String),
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ran {
    /// How it ended.
    pub(super) how: How,
    /// How long it took.
    pub(super) took: Duration,
    /// Its last lines, secrets masked.
    pub(super) tail: Vec<String>,
    /// What it left behind, which was killed.
    pub(super) swept: Swept,
}

impl Ran {
    /// Whether it ended well.
    pub(super) fn passed(&self) -> bool {
        self.how == How::Exit(Exit::Code(0))
    }

    /// How it ended, in words.
    pub(super) fn says(&self) -> String {
        match &self.how {
            How::Exit(Exit::Code(code)) => format!("it ended with code {code}"),
            How::Exit(Exit::Signal(signal)) => format!("it was ended by signal {signal}"),
            How::Exit(Exit::NotStarted) => "it was not started".to_owned(),
            How::TooLong(limit) => format!("it took longer than {} s and was ended", limit.as_secs()),
            How::Stopped(stop) => stop.says(),
            How::NotStarted(why) => format!("it can't be started: {why}"),
        }
    }

    /// How it ended, with the last that it printed.
    pub(super) fn says_with_last(&self) -> String {
        let last = self.tail.iter().rev().find(|line| !line.trim().is_empty());
        last.map_or_else(|| self.says(), |last| format!("{}: {}", self.says(), last.trim()))
    }
}

/// The command line of a line of shell.
pub(super) fn shell(line: &str) -> Vec<OsString> {
    ["/bin/sh", "-c", line].map(OsString::from).into()
}

/// Runs it; `hears` gets each line that it prints, as it is.
///
/// # Errors
/// When the system refuses, or what it prints can't be written down.
pub(super) fn run(step: &Step<'_>, by: &By<'_>, hears: &mut dyn FnMut(&[u8])) -> Result<Ran, SuperviseError> {
    let start =
        Start { argv: step.argv, vars: step.vars, folder: step.folder, stdin: Vec::new(), talks: false };
    let mut child = match Attended::start(start) {
        Ok(child) => child,
        Err(error) => {
            let how = How::NotStarted(error.to_string());
            return Ok(Ran { how, took: Duration::ZERO, tail: Vec::new(), swept: Swept::default() });
        }
    };
    let mut ear = Ear {
        log: Transcript::open(step.log)?,
        screen: Screen::default(),
        redactor: by.redactor,
        tail: VecDeque::new(),
        hears,
    };
    let how = attend(&mut child, step.time, by, &mut ear)?;
    let took = child.age();
    child.signal(Signal::KILL);
    let swept = sweep(Within::Nothing)?;
    Ok(Ran { how, took, tail: ear.tail(), swept })
}

/// Waits for its end, which comes in bounded time.
fn attend(
    child: &mut Attended,
    time: Duration,
    by: &By<'_>,
    ear: &mut Ear<'_>,
) -> Result<How, SuperviseError> {
    let (mut lines, mut buffer) = ([Lines::default(), Lines::default()], Vec::new());
    let (mut until, mut open) = (time, 2);
    let (mut why, mut ended): (Option<How>, Option<How>) = (None, None);
    loop {
        match child.wait(until.saturating_sub(child.age()), by.requests, &mut buffer)? {
            Happening::Wrote(stream) => {
                let mut kept = Ok(());
                let lines = &mut lines[usize::from(stream == Stream::Err)];
                lines.feed(&buffer, |line| {
                    if kept.is_ok() {
                        kept = ear.line(line);
                    }
                });
                kept.and_then(|()| ear.flush())?;
            }
            Happening::Closed(_) => open -= 1,
            Happening::Ended(end) => {
                ended = Some(How::Exit(Exit::of(end, false)));
                until = after_end(why.is_some().then_some(until), child.age());
            }
            Happening::Asked if why.is_none() && ended.is_none() => {
                if let Some(stop) = (by.asked)()? {
                    why = Some(How::Stopped(stop));
                    child.signal(Signal::TERM);
                    until = child.age() + GRACE;
                }
            }
            Happening::Asked | Happening::Nothing => {}
        }
        let over = until <= child.age();
        if let Some(ended) = &ended {
            if open == 0 || over {
                let mut kept = Ok(());
                for lines in &mut lines {
                    lines.finish(|line| {
                        if kept.is_ok() {
                            kept = ear.line(line);
                        }
                    });
                }
                kept.and_then(|()| ear.flush())?;
                return Ok(why.unwrap_or_else(|| ended.clone()));
            }
        } else if over && why.is_none() {
            why = Some(How::TooLong(time));
            child.signal(Signal::TERM);
            until = child.age() + GRACE;
        } else if over {
            child.signal(Signal::KILL);
            until = Duration::MAX;
        }
    }
}

/// Until when what a process left is heard that has ended by now. What was asked to end until some moment has its grace, also
/// where only the sandbox around it has ended.
pub(super) fn after_end(asked: Option<Duration>, now: Duration) -> Duration {
    let leftover = now + LEFTOVER_GRACE;
    asked.filter(|until| *until != Duration::MAX).map_or(leftover, |until| until.max(leftover))
}

/// What a process ran in whose leftovers are killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Within {
    /// Nothing but this machine.
    Nothing,
    /// A sandbox, whose first process goes after the others in it, and is nobody's leftover.
    Sandbox,
}

/// Kills everything that descends from this process, to which orphans come.
///
/// # Errors
/// When `/proc` can't be read.
pub(super) fn sweep(within: Within) -> Result<Swept, SuperviseError> {
    let own = Identity::own()?.pid;
    let find = || {
        attended::reap_orphans();
        let strays = procs::descendants(own)?.into_iter().map(Identity::of);
        strays.filter_map(Result::transpose).collect()
    };
    let counts = |stray: &Identity| Ok(within == Within::Nothing || !procs::is_first_of_namespace(stray)?);
    Ok(procs::sweep_counting(SWEEP, find, counts)?)
}

/// What becomes of what it prints.
struct Ear<'a> {
    log: Transcript,
    screen: Screen,
    redactor: &'a Redactor,
    /// As it was printed: a secret may go over several lines.
    tail: VecDeque<Vec<u8>>,
    hears: &'a mut dyn FnMut(&[u8]),
}

impl Ear<'_> {
    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        (self.hears)(line);
        if self.tail.len() == TAIL {
            self.tail.pop_front();
        }
        self.tail.push_back(line[..line.len().min(KEPT)].to_owned());
        self.log.take(line, &mut self.screen, self.redactor)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.log.flush(Some(LOG))
    }

    /// The last lines, secrets masked.
    fn tail(self) -> Vec<String> {
        let text = Vec::from(self.tail).join(&b'\n');
        let text = self.redactor.clean_text(&String::from_utf8_lossy(&text));
        let text = self.screen.keys().mask(&text);
        text.lines().map(|line| line.chars().take(WIDE).collect()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_to_end_has_its_grace_and_what_was_killed_has_none() {
        let (now, later) = (Duration::from_secs(10), Duration::from_secs(15));
        let leftover = now + LEFTOVER_GRACE;
        for (asked, expect) in
            [(None, leftover), (Some(later), later), (Some(now), leftover), (Some(Duration::MAX), leftover)]
        {
            assert_eq!(after_end(asked, now), expect, "{asked:?}");
        }
    }
}
