//! How long what runs leave on this machine is kept: a workspace ends with its task, and before a disk budget is used up
//! what is no longer worked with makes room. Never before what is in it is saved, and never while a run is under way.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::adapters::fs;
use crate::adapters::git::{Access, Mirror};
use crate::adapters::said;
use crate::model::{Case, Desired, Facet, Observed, PullSeen, RunId, RunSeen, Seen, Task, Then};
use crate::runs::RunDir;
use crate::runs::sandbox::Sandbox;
use crate::runs::workspace::{self, Site, There, Workspace};

use crate::work;

use super::close::CloseError;
use super::reap::free;
use super::{Yard, name_of, seen, workspace_name};

/// Ends what is over, and makes room where more is used than config allows. Whoever calls this holds the lock of the state
/// directory. What can't be ended stays for the next call.
pub async fn keep(yard: &Yard, observed: &Observed, say: &(dyn Fn(&str) + Send + Sync)) {
    // What isn't known to have ended may be under way.
    if observed.gap(Facet::Runs, None).is_some() {
        return;
    }
    let root = yard.state.workspaces();
    if let Err(error) = free(yard) {
        say(&format!("what was half made or half removed is still there: {}", said(&error)));
    }
    let works = works(&yard.desired, observed);
    let mut keeper = Keeper { yard, sandbox: None, mirrors: BTreeMap::new() };
    for (name, work) in &works {
        let Some(last) = work.last.filter(|_| work.end() == End::Over) else { continue };
        if !fs::exists(&workspace::place(&root, name)) {
            continue;
        }
        let what = format!("the workspace of {name}");
        match keeper.end(name, last).await {
            Ok(()) => {
                yard.known.is_done(&what);
                say(&format!("{what} has ended with its task"));
            }
            Err(error) => {
                let why = said(&error);
                if yard.known.is_news(&what, &why) {
                    say(&format!("{what} can't be ended yet: {why}"));
                }
            }
        }
    }
    if let (Some(budget), Some(Seen::Known(used))) = (yard.desired.run_caps.disk, observed.disk)
        && used > budget
    {
        match seen::all(&yard.state.runs()) {
            Ok(runs) => keeper.make_room(spare(&works, &runs), used - budget, say).await,
            Err(error) => say(&format!("no room can be made: {}", said(&error))),
        }
    }
    keeper.maintain(say).await;
}

/// A piece of work: what config and the records have of it.
#[derive(Clone, Copy, Debug, Default)]
struct Work<'a> {
    task: Option<&'a Task>,
    pull: Option<&'a Seen<PullSeen>>,
    last: Option<&'a RunSeen>,
    /// Attempts at the task as it is now that count.
    burnt: usize,
    /// Whether the session of the last run is to go on.
    goes_on: bool,
    /// The issue, where it is for one.
    issue: Option<Seen<&'a Case>>,
    is_under_way: bool,
}

/// Whether a piece of work still needs its workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Something is under way, or may be started.
    Needed,
    /// Nothing is started before somebody does something.
    Idle,
    /// It is settled, or config doesn't have it any more.
    Over,
}

impl Work<'_> {
    fn end(&self) -> End {
        let Some(closed) = self.last.and_then(|run| run.phase.closed()).filter(|_| !self.is_under_way) else {
            return End::Needed;
        };
        if let Some(issue) = &self.issue {
            return match issue {
                Seen::Known(case) if !case.open => End::Over,
                Seen::Absent => End::Over,
                Seen::Known(case) if case.pull().is_some_and(|pull| pull.open) => End::Idle,
                Seen::Known(_) | Seen::Unknown => End::Needed,
            };
        }
        if self.task.is_none() || matches!(self.pull, Some(Seen::Known(pull)) if !pull.open) {
            return End::Over;
        }
        if self.goes_on {
            return End::Needed;
        }
        if self.task.is_some_and(|task| self.burnt >= task.attempts as usize) {
            return End::Idle;
        }
        match closed.outcome.then() {
            Then::Settled | Then::Person | Then::Nothing => End::Idle,
            Then::Again | Then::Wait(_) | Then::Pause(_) => End::Needed,
        }
    }
}

/// Every piece of work that a run was for, by the name of its workspace.
fn works<'a>(desired: &'a Desired, observed: &'a Observed) -> BTreeMap<String, Work<'a>> {
    let mut out: BTreeMap<String, Work<'_>> = BTreeMap::new();
    for run in &observed.runs {
        let work = out.entry(workspace_name(&run.of)).or_default();
        work.is_under_way |= run.phase.closed().is_none();
        work.last = Some(run);
        let issue = run.of.subject.issue();
        work.issue = issue.map(|(number, _)| observed.cases.of(&run.of.repo, number));
    }
    for task in desired.tasks.values() {
        if let Some(work) = out.get_mut(&name_of(&task.repo, &task.subject)) {
            work.burnt = task.burnt(&observed.runs);
            work.goes_on = work::goes_on(task, &observed.runs, desired);
            work.task = Some(task);
            work.pull = observed.pulls.get(&(task.repo.clone(), task.branch()));
        }
    }
    out
}

struct Keeper<'a> {
    yard: &'a Yard,
    sandbox: Option<Sandbox>,
    /// The mirrors from which a workspace borrowed that has ended.
    mirrors: BTreeMap<PathBuf, Mirror>,
}

impl Keeper<'_> {
    /// Ends the workspace of a piece of work whose last run this was.
    async fn end(&mut self, name: &str, last: &RunSeen) -> Result<(), CloseError> {
        let yard = self.yard;
        let spec = RunDir::of(&yard.state.runs(), &last.id).spec()?;
        let Some(on) = spec.and_then(|spec| spec.on) else { return Ok(()) };
        let mirror = Mirror::ensure(&yard.state.mirror_of(&on.of.repo), &on.url)?;
        let access = Access::new(&yard.env, None);
        if self.sandbox.is_none() {
            self.sandbox = Some(Sandbox::detect(&yard.env).await.unwrap_or(Sandbox::None));
        }
        let sandbox = self.sandbox.as_ref().expect("it was just looked for");
        let root = yard.state.workspaces();
        let site = Site { root: &root, mirror: &mirror, access: &access, sandbox, stop: &yard.stop };
        if let There::Workspace(workspace) = Workspace::after(&site, name, &last.id)? {
            workspace.destroy(&site, &last.id, &yard.by(), yard.clock.now()).await?;
        }
        self.mirrors.insert(mirror.repo().place().to_owned(), mirror);
        Ok(())
    }

    /// Ends what nothing is started with before somebody does something, and homes of runs that are over, the oldest
    /// first, until so many bytes are free.
    async fn make_room(&mut self, spare: Vec<Spare<'_>>, wanted: u64, say: &(dyn Fn(&str) + Send + Sync)) {
        let mut freed = 0;
        for what in spare {
            if freed >= wanted {
                return;
            }
            let state = &self.yard.state;
            let (path, shown) = match &what {
                Spare::Home(run) => (state.homes().join(run.as_str()), format!("the home of run {run}")),
                Spare::Workspace(name, _) => {
                    (workspace::place(&state.workspaces(), name), format!("the workspace of {name}"))
                }
            };
            if !fs::exists(&path) {
                continue;
            }
            let size = fs::disk_usage(std::slice::from_ref(&path), usize::MAX);
            let ended = match &what {
                Spare::Home(_) => fs::remove_tree(&path).map_err(CloseError::from),
                Spare::Workspace(name, last) => self.end(name, last).await,
            };
            match size.map_err(CloseError::from).and_then(|size| ended.map(|()| size)) {
                Ok(size) => {
                    freed += size;
                    say(&format!("{shown} made room: {} MiB (caps.disk)", size >> 20));
                }
                Err(error) => {
                    let why = said(&error);
                    if self.yard.known.is_news(&shown, &why) {
                        say(&format!("{shown} can't make room: {why}"));
                    }
                }
            }
        }
    }

    /// Lets git clean up in mirrors from which no workspace borrows any more.
    async fn maintain(&self, say: &(dyn Fn(&str) + Send + Sync)) {
        let access = Access::new(&self.yard.env, None);
        for (place, mirror) in &self.mirrors {
            let maintained = match workspace::borrow_from(&self.yard.state.workspaces(), place) {
                Ok(true) => continue,
                Ok(false) => mirror.maintain(&access).await.map_err(|error| said(&error)),
                Err(error) => Err(said(&error)),
            };
            if let Err(why) = maintained {
                say(&format!("the mirror {} can't be cleaned up: {why}", place.display()));
            }
        }
    }
}

/// What can make room.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Spare<'a> {
    Home(&'a RunId),
    Workspace(String, &'a RunSeen),
}

/// What can make room, the oldest first: homes of runs and workspaces of works that wait for somebody.
fn spare<'a>(works: &BTreeMap<String, Work<'a>>, runs: &'a [RunSeen]) -> Vec<Spare<'a>> {
    let mut out = Vec::new();
    for run in runs {
        let name = workspace_name(&run.of);
        let Some(work) = works.get(&name).filter(|work| work.end() != End::Needed) else { continue };
        let Some(closed) = run.phase.closed() else { continue };
        out.push((closed.at, Spare::Home(&run.id)));
        if work.last == Some(run) {
            out.push((closed.at, Spare::Workspace(name, run)));
        }
    }
    out.sort_by_key(|(at, _)| *at);
    out.into_iter().map(|(_, what)| what).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::samples::{self, agent, closed, desired, name, now, observed};
    use crate::model::{Billed, Closed, Lack, Outcome, RunOf, RunPhase, Session};

    fn task(task: &str) -> Task {
        Task { continuations: 3, ..samples::task(task) }
    }

    /// A run of a task that ended that many minutes ago, or is under way.
    fn run(of: &str, outcome: Option<Outcome>, ago: i64) -> RunSeen {
        let task = task(of);
        let of = RunOf::new(&task, 1);
        let at = now() - jiff::SignedDuration::from_mins(ago);
        let closed = |outcome| RunPhase::Closed(Box::new(Closed { at, ..closed(outcome) }));
        let phase = outcome.map_or(RunPhase::Under, closed);
        RunSeen {
            id: RunId::new(at, of.subject.to_string().as_bytes()),
            of,
            agent: "one".into(),
            prompt: String::new(),
            billed: Billed::default(),
            phase,
        }
    }

    fn pull(open: bool) -> Seen<PullSeen> {
        Seen::Known(PullSeen { number: 7, open, merged: !open })
    }

    fn wants(tasks: &[&str]) -> Desired {
        let tasks = tasks.iter().map(|name| ((*name).to_owned(), task(name)));
        Desired { tasks: tasks.collect(), ..desired([]) }
    }

    fn end(wanted: &[&str], runs: Vec<RunSeen>, pull: Seen<PullSeen>) -> Option<End> {
        let desired = wants(wanted);
        let branch = (name("acme/widgets"), task("a").branch());
        let observed = Observed { runs, pulls: [(branch, pull)].into(), ..observed([]) };
        works(&desired, &observed).get("acme/widgets/task/a").map(Work::end)
    }

    #[test]
    fn a_workspace_is_needed_until_its_task_is_settled_or_gone() {
        let done = || vec![run("a", Some(Outcome::Done), 1)];
        let again = || vec![run("a", Some(Outcome::Crashed), 1)];
        let second = || {
            let mut run = run("a", Some(Outcome::Crashed), 0);
            run.of.attempt = 2;
            vec![run]
        };
        let under = || vec![run("a", Some(Outcome::Done), 2), run("a", None, 0)];
        for (what, wanted, runs, pull, expect) in [
            ("merged or closed", &["a"][..], done(), pull(false), End::Over),
            ("gone from config", &["b"][..], again(), Seen::Unknown, End::Over),
            ("gone, and something is under way", &[][..], under(), Seen::Unknown, End::Needed),
            ("settled, and something is under way", &["a"][..], under(), pull(false), End::Needed),
            ("a person reviews it", &["a"][..], done(), pull(true), End::Idle),
            ("nobody knows of its pull request", &["a"][..], done(), Seen::Unknown, End::Idle),
            ("there is no pull request yet", &["a"][..], done(), Seen::Absent, End::Idle),
            ("another attempt comes", &["a"][..], again(), Seen::Absent, End::Needed),
            ("runs of one attempt", &["a"][..], [again(), again()].concat(), Seen::Absent, End::Needed),
            ("no attempt is left", &["a"][..], [again(), second()].concat(), Seen::Absent, End::Idle),
        ] {
            assert_eq!(end(wanted, runs, pull), Some(expect), "{what}");
        }
        assert_eq!(end(&["a"], Vec::new(), Seen::Absent), None);
    }

    #[test]
    fn a_workspace_is_needed_while_its_session_is_to_go_on() {
        let end = |id: Option<&str>| {
            let mut last = run("a", Some(Outcome::NoChange), 1);
            if let RunPhase::Closed(closed) = &mut last.phase {
                closed.lacks = Some(Lack::Changes);
                closed.session = id.map(|id| Session { kind: "codex".into(), id: id.into() });
            }
            let mut desired = wants(&["a"]);
            desired.agents.insert("one".into(), agent("one"));
            let observed = Observed { runs: vec![last], ..observed([]) };
            works(&desired, &observed).get("acme/widgets/task/a").map(Work::end)
        };
        assert_eq!((end(Some("s")), end(None)), (Some(End::Needed), Some(End::Idle)));
    }

    #[test]
    fn the_oldest_makes_room_and_what_goes_on_does_not() {
        let runs = vec![
            run("a", Some(Outcome::Done), 5),
            run("b", Some(Outcome::Crashed), 9),
            run("a", Some(Outcome::NoChange), 3),
            run("c", Some(Outcome::Refused), 4),
        ];
        let (desired, observed) = (wants(&["a", "b", "c"]), Observed { runs, ..observed([]) });
        let works = works(&desired, &observed);
        let shown = spare(&works, &observed.runs).into_iter().map(|spare| match spare {
            Spare::Home(run) => {
                format!("home {}", run.moment().map_or(0, |at| at.duration_since(now()).as_mins()))
            }
            Spare::Workspace(name, _) => name,
        });
        assert_eq!(
            shown.collect::<Vec<_>>(),
            ["home -5", "home -4", "acme/widgets/task/c", "home -3", "acme/widgets/task/a"]
        );
    }
}
