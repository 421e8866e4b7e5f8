//! The supervisor of a run: a small process of its own that outlives the daemon, to which everything comes that the agent
//! leaves behind.

use std::io;
use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;

use crate::adapters::attended::{self, Attended, Happening, Start};
use crate::adapters::clock::Clock;
use crate::adapters::disk::Gauge;
use crate::adapters::fs;
use crate::adapters::procs::{Identity, Swept};
use crate::adapters::said;

use super::agents::{self, Agent, Event, Lines, Listener, Session, Stream};
use super::books;
use super::ground::{self, Failed, Grounds};
use super::meter::{Meter, Told};
use super::outbox::{self, OUTBOX};
use super::record::{
    Answer, Begin, End, Handover, MARK, Processes, Progress, RecordError, RunDir, SetupFailed, Spec,
};
use super::redact::{Redactor, Screen};
use super::step::{self, Within};
use super::temporary;
use super::transcript::Transcript;
use super::watch::{Exit, Stop, Watch};
use crate::model::{Outcome, Quota, Spent, asks};

/// How often progress is noted.
const NOTED_EVERY: Duration = Duration::from_secs(5);
/// How often it is looked at how much of the disk it takes, at most.
const MEASURED_EVERY: Duration = Duration::from_secs(3);

/// Why a run can't be supervised.
#[derive(Debug, thiserror::Error)]
pub enum SuperviseError {
    /// There is no such run.
    #[error("there is no run in {}", .0.display())]
    NoRun(std::path::PathBuf),
    /// Somebody else supervises it, or it was given up before this process began.
    #[error("the run has a supervisor, or was given up as one that got none")]
    TooLate,
    /// Its agent is of a kind that there isn't.
    #[error("there is no agent of kind `{0}`")]
    Kind(String),
    /// The records.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The files.
    #[error(transparent)]
    Files(#[from] fs::Error),
    /// The system.
    #[error("the run can't be supervised")]
    System(#[from] io::Error),
}

/// Runs the agent of a run to its end, and writes down how it ended. `ready` is called once the run is known to be under
/// way, or to have failed.
///
/// # Errors
/// When not even that can be written down.
pub fn supervise(
    dir: &Path,
    handover: Handover,
    clock: &Clock,
    ready: impl FnOnce(),
) -> Result<End, SuperviseError> {
    let dir = RunDir::at(dir);
    let spec = dir.spec()?.ok_or_else(|| SuperviseError::NoRun(dir.dir().to_owned()))?;
    attended::own_session()?;
    attended::adopt_orphans()?;
    let agent = agents::by_kind(&spec.kind).ok_or_else(|| SuperviseError::Kind(spec.kind.clone()))?;
    let own = Processes { supervisor: Identity::own()?, agent: None, since: clock.now() };
    outbox::make(&spec.home)?;
    let temporary = temporary::make(&spec)?;
    // From here on it is known that this process is the run's, before the agent is.
    if !dir.note_supervisor(&own)? {
        return Err(SuperviseError::TooLate);
    }
    dir.make_reserve()?;
    let requests = attended::Watch::of(dir.dir())?;
    let ports = ground::port_vars(&spec.ground.recipe)?;
    let plain: Vec<(String, String)> = handover.vars.into_iter().chain(ports).chain(temporary).collect();
    let measure = |_| Gauge::start(vec![spec.folder.clone(), spec.home.clone()], MEASURED_EVERY);
    let disk = spec.limits.disk.map(measure).transpose()?;
    let meter = Meter::of(&spec, agent.usage_of(), dir.dir().parent());
    let mut run = Run {
        clock,
        watch: Watch::new(spec.clocks, spec.limits),
        redactor: Redactor::new(handover.secrets.iter().map(String::as_str)),
        screens: Default::default(),
        vars: plain.iter().cloned().chain(handover.own).collect(),
        plain,
        dir,
        spec,
        agent,
        session: None,
        own,
        requests,
        disk,
        stop: None,
        tries: 0,
        skipped: 0,
        meter,
        quotas: Vec::new(),
        noted: None,
        says: None,
        swept: Swept::default(),
        setup_failed: None,
        teardown_failed: None,
    };
    let mut ready = Some(ready);
    let mut ready = || {
        if let Some(ready) = ready.take() {
            ready();
        }
    };
    let exit = run.attend_all(&mut ready).unwrap_or_else(|error| run.breaks(&error));
    run.teardown_failed = run.grounds().tear_down().unwrap_or_else(|error| Some(said(&error)));
    let end = run.end(exit, clock);
    run.dir.end(&end)?;
    Ok(end)
}

struct Run<'a> {
    clock: &'a Clock,
    dir: RunDir,
    spec: Spec,
    agent: &'static dyn Agent,
    /// The session of this try, where it was chosen or goes on.
    session: Option<String>,
    own: Processes,
    /// The environment of the recipe.
    plain: Vec<(String, String)>,
    /// The environment of the agent.
    vars: Vec<(String, String)>,
    redactor: Redactor,
    /// What is known of either stream.
    screens: [Screen; 2],
    requests: attended::Watch,
    disk: Option<Gauge>,
    watch: Watch,
    stop: Option<Stop>,
    tries: usize,
    skipped: u64,
    meter: Meter,
    /// What was said last of its account's quotas.
    quotas: Vec<Quota>,
    noted: Option<(Duration, Progress)>,
    says: Option<String>,
    swept: Swept,
    setup_failed: Option<SetupFailed>,
    teardown_failed: Option<String>,
}

impl Run<'_> {
    fn grounds(&self) -> Grounds<'_> {
        let Self { spec, dir, plain, redactor, requests, .. } = self;
        Grounds { spec, dir, vars: plain, redactor, requests }
    }

    /// Makes the workspace ready, and has the agent work.
    fn attend_all(&mut self, ready: &mut impl FnMut()) -> Result<Exit, SuperviseError> {
        if self.set_up(ready)? { self.all_tries(ready) } else { Ok(Exit::NotStarted) }
    }

    /// What is amiss with the machine ends the run; how it ended is told all the same.
    fn breaks(&mut self, error: &SuperviseError) -> Exit {
        let says = said(error);
        tracing::error!(says, "the run ends");
        self.stop.get_or_insert(Stop::Broken(says));
        self.own.agent.as_ref().map_or(Exit::NotStarted, |_| Exit::Signal(Signal::KILL.as_raw()))
    }

    /// Whether the workspace is ready. A setup takes its time, so that it is known to be under way before.
    fn set_up(&mut self, ready: &mut impl FnMut()) -> Result<bool, SuperviseError> {
        if self.spec.ground.recipe.setup.is_some() {
            ready();
        }
        let Some(Failed { says, tail, stop }) = self.grounds().set_up()? else { return Ok(true) };
        let recipe = self.spec.ground.recipe.digest();
        self.setup_failed = stop.is_none().then_some(SetupFailed { recipe, tail });
        (self.says, self.stop) = (Some(says), stop);
        Ok(false)
    }

    /// Starts the agent, and again while its account isn't let in.
    fn all_tries(&mut self, ready: &mut impl FnMut()) -> Result<Exit, SuperviseError> {
        let mut exit = Exit::NotStarted;
        for n in 0..=self.spec.waits.len() {
            if n > 0 {
                if self.requests.wait(self.spec.waits[n - 1])? {
                    self.stop = self.dir.asked_to_stop()?;
                }
                if self.stop.is_some() {
                    break;
                }
                let goes_on = matches!(self.spec.work.begin, Begin::Resume(_));
                self.meter.next_try(self.told(), goes_on);
                self.watch = Watch::new(self.spec.clocks, self.spec.limits);
            }
            self.tries = n + 1;
            exit = self.attend(n, ready)?;
            ready();
            let outcome = self.watch.outcome(self.stop.as_ref(), exit, self.agent.closes());
            // What its model answered is paid for: nothing of that is asked for again from the beginning.
            if outcome != Outcome::Auth || self.meter.of_try(self.told()).is_answered() {
                break;
            }
        }
        Ok(exit)
    }

    /// One process of the agent, from its start to the end of the last of what it started.
    fn attend(&mut self, n: usize, ready: &mut impl FnMut()) -> Result<Exit, SuperviseError> {
        let job = self.spec.job(n);
        let line = &self.agent.command(&job);
        let mut ear =
            Ear { lines: [Lines::default(), Lines::default()], listener: self.agent.listener(&job) };
        self.session = match job.session {
            Session::New(id) => Some(id).filter(|_| self.agent.chooses_session()),
            Session::Resume(id) => Some(id),
        }
        .map(str::to_owned);
        let [out, err] = self.dir.transcripts();
        let mut transcripts = [Transcript::open(&out)?, Transcript::open(&err)?];
        let own = [
            (MARK.to_owned(), self.spec.id.to_string()),
            (OUTBOX.to_owned(), outbox::folder(&self.spec.home).display().to_string()),
        ];
        let vars: Vec<(String, String)> = self.vars.iter().chain(&line.vars).cloned().chain(own).collect();
        for (path, text) in &line.files {
            fs::replace_within(&self.spec.home, Path::new(path), text.as_bytes())?;
        }
        let argv = self.spec.bounded(&line.argv);
        let start = Start {
            argv: &argv,
            vars: &vars,
            folder: &self.spec.folder,
            stdin: line.stdin.clone().into(),
            talks: line.talks,
        };
        let mut child = match Attended::start(start) {
            Ok(child) => child,
            Err(error) => {
                let program = line.argv.first().map_or("nothing", String::as_str);
                self.says = Some(format!("`{program}` can't be started: {error}"));
                return Ok(Exit::NotStarted);
            }
        };
        self.own.agent = Identity::of(child.pid())?;
        self.dir.note_agent(&self.own)?;
        ready();
        let exit = self.listen(&mut child, &mut ear, &mut transcripts);
        child.signal(Signal::KILL);
        let within = if self.spec.bounds.is_some() { Within::Sandbox } else { Within::Nothing };
        let swept = step::sweep(within)?;
        self.swept.killed += swept.killed;
        self.swept.left = swept.left;
        self.reckon();
        exit
    }

    fn listen(
        &mut self,
        child: &mut Attended,
        ear: &mut Ear,
        transcripts: &mut [Transcript; 2],
    ) -> Result<Exit, SuperviseError> {
        let mut buffer = Vec::new();
        let mut exit: Option<Exit> = None;
        let mut open = 2;
        // When it is killed, or after its end no longer listened to.
        let mut until: Option<Duration> = None;
        loop {
            let now = child.age();
            let next = until.unwrap_or_else(|| {
                let measured = self.disk.as_ref().map_or(Duration::MAX, |_| now + MEASURED_EVERY);
                let counted = self.day_is_due().unwrap_or(Duration::MAX);
                self.watch.deadline().0.min(measured).min(counted)
            });
            let happening = child.wait(next.saturating_sub(now), &self.requests, &mut buffer)?;
            match happening {
                Happening::Wrote(stream) => {
                    let n = number(stream);
                    self.hear(child, ear, &mut transcripts[n], stream, &buffer)?;
                }
                Happening::Closed(stream) => {
                    self.hear_rest(child, ear, &mut transcripts[number(stream)], stream)?;
                    open -= 1;
                }
                Happening::Ended(ended) => {
                    exit = Some(Exit::of(ended, self.spec.bounds.is_some()));
                    until = Some(step::after_end(until, child.age()));
                }
                Happening::Asked => {
                    if self.stop.is_none() {
                        self.stop = self.dir.asked_to_stop()?;
                    }
                }
                Happening::Nothing => {}
            }
            let now = child.age();
            if let Some(exit) = exit {
                if open == 0 || until.is_some_and(|until| until <= now) {
                    for (n, stream) in [attended::Stream::Out, attended::Stream::Err].into_iter().enumerate()
                    {
                        self.hear_rest(child, ear, &mut transcripts[n], stream)?;
                    }
                    let mut last = Vec::new();
                    ear.listener.ended(&mut last);
                    self.heard(child, last);
                    return Ok(exit);
                }
                continue;
            }
            self.note_progress(now)?;
            if until.is_none() {
                if let Some(disk) = &self.disk {
                    self.watch.takes(disk.used());
                }
                let stop = self
                    .stop
                    .take()
                    .or_else(|| self.watch.stop(now, self.meter.of_try(self.told()), self.cost()));
                self.stop = if stop.is_some() { stop } else { self.stop_of_day(now)? };
                if self.stop.is_some() {
                    child.signal(Signal::TERM);
                    until = Some(now + self.spec.clocks.grace);
                }
            } else if until.is_some_and(|until| until <= now) {
                child.signal(Signal::KILL);
                until = Some(Duration::MAX);
            }
        }
    }

    fn hear(
        &mut self,
        child: &mut Attended,
        ear: &mut Ear,
        transcript: &mut Transcript,
        stream: attended::Stream,
        bytes: &[u8],
    ) -> Result<(), SuperviseError> {
        self.watch.printed(bytes.len() as u64);
        let (mut events, mut kept) = (Vec::new(), Ok(()));
        let Ear { lines, listener } = ear;
        let screen = &mut self.screens[number(stream)];
        lines[number(stream)].feed(bytes, |line| {
            if kept.is_ok() {
                kept = transcript.take(line, screen, &self.redactor);
            }
            listener.line(of(stream), line, &mut events);
        });
        kept?;
        self.heard(child, events);
        let room = self.spec.limits.output;
        Ok(transcript.flush(room)?)
    }

    fn hear_rest(
        &mut self,
        child: &mut Attended,
        ear: &mut Ear,
        transcript: &mut Transcript,
        stream: attended::Stream,
    ) -> Result<(), SuperviseError> {
        let (mut events, mut kept) = (Vec::new(), Ok(()));
        let Ear { lines, listener } = ear;
        let screen = &mut self.screens[number(stream)];
        let lines = &mut lines[number(stream)];
        lines.finish(|line| {
            kept = transcript.take(line, screen, &self.redactor);
            listener.line(of(stream), line, &mut events);
        });
        kept?;
        self.skipped += lines.skipped();
        self.heard(child, events);
        let room = self.spec.limits.output;
        Ok(transcript.flush(room)?)
    }

    fn heard(&mut self, child: &mut Attended, events: Vec<Event>) {
        let now = child.age();
        for event in events {
            if let Event::Reply(line) = &event {
                child.say(line);
                child.say("\n");
            }
            // Who talked to it has nothing more to say: an agent that listens would go on for ever.
            if event == Event::HangUp {
                child.hush();
            }
            let is_quota = matches!(event, Event::Quota { .. });
            self.watch.hears(event, now);
            if is_quota {
                self.quotas = self.watch.quotas(self.clock.now());
            }
        }
    }

    fn note_progress(&mut self, now: Duration) -> Result<(), SuperviseError> {
        let fresh = Progress {
            session: self.masked(self.watch.session().map(str::to_owned)),
            used: self.meter.used(self.told()),
            cost: self.cost(),
            quotas: self.quotas.clone(),
            tools: self.watch.tools().map(|tool| self.redactor.clean_text(tool)).collect(),
            trouble: self.masked(self.watch.trouble()),
        };
        let nothing = Progress::default();
        let (at, noted) = self.noted.as_ref().map_or((Duration::ZERO, &nothing), |(at, noted)| (*at, noted));
        // The session is what the next process needs to go on; what was used, what others count by.
        let at_once = noted.session != fresh.session || (self.meter.counts_day() && noted.used != fresh.used);
        let due = at_once || (at + NOTED_EVERY <= now && *noted != fresh);
        if due {
            self.dir.note_progress(&fresh)?;
            self.noted = Some((now, fresh));
        }
        Ok(())
    }

    /// What this try told of its use.
    fn told(&self) -> Told {
        Told { used: self.watch.used(), cold: self.spec.is_cold(&self.watch) }
    }

    fn cost(&self) -> Option<Spent> {
        self.meter.cost(self.told())
    }

    /// When the spend of the day is to be looked at. Who has said its last word uses nothing more.
    fn day_is_due(&self) -> Option<Duration> {
        self.meter.looks().filter(|_| !self.watch.has_parted())
    }

    /// Whether all runs of the day together have cost too much.
    fn stop_of_day(&mut self, age: Duration) -> Result<Option<Stop>, RecordError> {
        if self.day_is_due().is_none() {
            return Ok(None);
        }
        let is_over = self.meter.is_over_day(self.told(), age, self.clock.now())?;
        Ok(is_over.then_some(Stop::SpendOfDay))
    }

    /// What it used and did not say, because it ended before.
    fn reckon(&mut self) {
        if self.watch.is_closed() {
            return;
        }
        let session = self.watch.session().or(self.session.as_deref()).unwrap_or_default();
        let before = self.spec.baseline;
        match books::reckon(self.agent, &self.spec.home, session, self.watch.used(), before) {
            Ok(used) => self.watch.reckons(used),
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "what it kept of what it used can't be read"
            ),
        }
    }

    fn end(&self, exit: Exit, clock: &Clock) -> End {
        let outcome = self.watch.outcome(self.stop.as_ref(), exit, self.agent.closes());
        let trouble = self.watch.trouble().filter(|_| outcome != Outcome::Done);
        let trouble = trouble.map(|trouble| format!(": {trouble}")).unwrap_or_default();
        let asked = self.watch.asked().filter(|_| outcome == Outcome::NeedsInput);
        let says = asked
            .map(asks)
            .or_else(|| {
                let stop = self.stop.as_ref()?;
                Some(if stop.is_patient() { stop.says() + &trouble } else { stop.says() })
            })
            .or_else(|| self.says.clone())
            .or_else(|| self.watch.trouble().filter(|_| outcome != Outcome::Done))
            .unwrap_or_else(|| in_words(exit, &outcome));
        let at = clock.now();
        let took = Duration::try_from(at.duration_since(self.own.since)).unwrap_or_default();
        let answer = self.watch.answer().map(|(text, typed)| Answer {
            text: self.masked(Some(text.clone())).unwrap_or_default(),
            typed: typed.as_ref().map(|typed| self.redactor.clean_value(typed)),
        });
        End {
            outcome,
            says: self.masked(Some(says)).unwrap_or_default(),
            at,
            took,
            exit,
            stop: self.stop.clone(),
            tries: self.tries,
            used: self.meter.used(self.told()),
            session_used: self.meter.of_session(self.told()),
            cold: self.told().cold,
            cost: self.cost(),
            session: self
                .masked(self.watch.session().map(str::to_owned))
                .or_else(|| self.session.clone())
                .filter(|_| !self.watch.is_lost()),
            answer,
            asked: self.masked(self.watch.asked().map(str::to_owned)),
            denied: self.watch.denied(),
            quotas: self.quotas.clone(),
            printed: self.watch.output(),
            skipped: self.skipped,
            strays: self.swept.killed,
            left: self.swept.left.clone(),
            setup_failed: self.setup_failed.clone(),
            teardown_failed: self.teardown_failed.clone(),
        }
    }

    fn masked(&self, text: Option<String>) -> Option<String> {
        let cleaned = self.redactor.clean_text(&text?);
        Some(self.screens.iter().fold(cleaned, |text, screen| screen.keys().mask(&text)))
    }
}

/// How a process ended that came to this, where nothing else tells why.
fn in_words(exit: Exit, outcome: &Outcome) -> String {
    match exit {
        Exit::Code(0) if *outcome == Outcome::Done => "it ended".to_owned(),
        Exit::Code(0) => "it ended with code 0 and without its last word".to_owned(),
        Exit::Code(code) => format!("it ended with code {code}"),
        Exit::Signal(signal) => format!("it was ended by signal {signal}"),
        Exit::NotStarted => "it was not started".to_owned(),
    }
}

/// What listens to a process: what it says on one stream may explain what it says on the other.
struct Ear {
    /// Of either stream.
    lines: [Lines; 2],
    listener: Box<dyn Listener>,
}

fn number(stream: attended::Stream) -> usize {
    usize::from(stream == attended::Stream::Err)
}

fn of(stream: attended::Stream) -> Stream {
    match stream {
        attended::Stream::Out => Stream::Out,
        attended::Stream::Err => Stream::Err,
    }
}
