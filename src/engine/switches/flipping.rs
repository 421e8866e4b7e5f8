//! What people switch by hand: requests turned into flips, with what to answer and what to record.

use jiff::Timestamp;

use crate::desired;
use crate::ledger;
use crate::loops;
use crate::model::{Address, AddressGlob, Desired};
use crate::plan::Switch;

use super::board::Switchboard;
use super::flips::{Flip, FlipsError};
use crate::engine::socket::Request;

/// A switch that was flipped.
#[derive(Debug)]
pub struct Flipped {
    /// What to answer.
    pub says: String,
    /// What the ledger shall say; nothing when nothing changed.
    pub record: Option<ledger::Flip>,
    /// Whether it will outlive a restart.
    pub kept: Result<(), FlipsError>,
}

/// Does what a request asks for. The switch has fallen when this returns.
///
/// # Errors
/// Why it was not done, for the person who asked.
pub fn flip(
    board: &Switchboard,
    machine: &str,
    desired: &Desired,
    request: &Request,
    now: Timestamp,
) -> Result<Flipped, String> {
    let set = |address: String, on: bool, switch: Switch| set(board, machine, address, on, switch, now);
    match request {
        Request::LoopDisable { name, reason, by, until } => {
            known(name)?;
            set(loop_address(name), false, switch(reason, by, *until, now)?)
        }
        Request::LoopEnable { name, reason, by, until } => {
            known(name)?;
            let address = loop_address(name);
            let off_in_config =
                desired.loops.get(name).filter(|l| !l.enabled && l.until.is_none_or(|t| now < t));
            match off_in_config {
                Some(_) => set(address, true, switch(reason, by, *until, now)?),
                None if board.now().loops.contains_key(name.as_str()) => take(board, &address, by, now),
                None => Ok(Flipped { says: format!("{address} is on already"), record: None, kept: Ok(()) }),
            }
        }
        Request::Suspend { address, reason, by, until } => {
            let glob = AddressGlob::parse(address).map_err(|error| match desired.task_meant(address) {
                Some(task) => format!("{error}; did you mean `{}`?", task.address()),
                None => error.to_string(),
            })?;
            if address.starts_with("loop/") {
                return Err(format!("`{address}` is a loop: use `factoryctl loop disable`"));
            }
            covers_something(&glob, desired)?;
            set(glob.to_string(), false, switch(reason, by, *until, now)?)
        }
        Request::Resume { address, by } => take(board, address, by, now).map_err(|says| {
            let here = |p: &&crate::model::Protect| p.address.to_string() == *address;
            match desired.protects.iter().find(here) {
                Some(p) => format!("{says}; {} protects it: remove that line", p.source),
                None => says,
            }
        }),
        Request::Status {} | Request::LoopTick { .. } | Request::Approve { .. } | Request::Shutdown {} => {
            Err("that switches nothing".to_owned())
        }
    }
}

fn loop_address(name: &str) -> String {
    Address::loop_(name).to_string()
}

/// Refuses the name of a loop that there isn't.
///
/// # Errors
/// With the one that was probably meant.
pub(crate) fn known(name: &str) -> Result<(), String> {
    if loops::by_name(name).is_some() {
        return Ok(());
    }
    let near = desired::nearest(name, loops::ALL.iter().map(|l| l.name()));
    let hint = near.map(|near| format!("; did you mean `{near}`?"));
    Err(format!("there is no loop `{name}`{}", hint.unwrap_or_default()))
}

fn switch(reason: &str, by: &str, until: Option<Timestamp>, now: Timestamp) -> Result<Switch, String> {
    let reason = reason.trim();
    // It is proposed to config, so config's rule is the rule.
    desired::check_reason(reason)?;
    if let Some(until) = until.filter(|until| *until <= now) {
        return Err(format!("{until} has passed already"));
    }
    Ok(Switch { by: by.to_owned(), reason: reason.to_owned(), until })
}

/// Whoever mistypes an address would believe that it is held.
fn covers_something(glob: &AddressGlob, desired: &Desired) -> Result<(), String> {
    let Some(near) = desired.covers_nothing(glob) else { return Ok(()) };
    let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    Err(format!("`{glob}` covers nothing that the config in force manages{near}"))
}

fn set(
    board: &Switchboard,
    machine: &str,
    address: String,
    on: bool,
    switch: Switch,
    now: Timestamp,
) -> Result<Flipped, String> {
    let parsed = Address::parse(&address).map_err(|error| error.to_string())?;
    let word = if on { "on" } else { "off" };
    let until = switch.until.map(|t| format!(" until {t}")).unwrap_or_default();
    let record = ledger::Flip {
        address: parsed,
        on,
        reason: switch.reason.clone(),
        until: switch.until,
        by: switch.by.clone(),
    };
    let flip = Flip {
        branch: Flip::branch_of(&address, machine),
        address: address.clone(),
        on,
        switch,
        since: now,
        proposed: false,
        pull: None,
    };
    let kept = board.set(flip, now);
    Ok(Flipped { says: format!("{address} is {word}{until}"), record: Some(record), kept })
}

fn take(board: &Switchboard, address: &str, by: &str, now: Timestamp) -> Result<Flipped, String> {
    let (taken, kept) = match board.take(address, now) {
        Ok(taken) => (taken, Ok(())),
        Err(error) => (None, Err(error)),
    };
    if taken.is_none() && kept.is_ok() {
        let others: Vec<String> = board.flips().into_iter().map(|f| f.address).collect();
        let hint = if others.is_empty() {
            String::new()
        } else {
            format!("; switched live are {}", others.join(", "))
        };
        return Err(format!("{address} is not switched live{hint}"));
    }
    let record = Address::parse(address).ok().map(|address| ledger::Flip {
        address,
        on: taken.is_none_or(|flip| !flip.on),
        reason: "taken back".to_owned(),
        until: None,
        by: by.to_owned(),
    });
    Ok(Flipped { says: format!("{address} is as config says again"), record, kept })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::samples::{desired, repo, task};
    use crate::model::{Protect, RepoName, Source, Sourced};
    use std::collections::BTreeMap;
    use std::sync::Arc;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn suspend(address: &str) -> Request {
        Request::Suspend { address: address.into(), reason: "r".into(), by: "ann".into(), until: None }
    }

    fn resume(address: &str) -> Request {
        Request::Resume { address: address.into(), by: "ann".into() }
    }

    /// A task is held back by its own name only, and let go whatever config says of it by then.
    #[test]
    fn a_task_is_held_that_there_is_and_let_go_that_there_was() {
        let dir = tempfile::tempdir().unwrap();
        let board = Switchboard::open(dir.path().join("f"), Arc::default(), at(0)).unwrap();
        let there = {
            let desired = desired([repo("acme/widgets"), repo("acme/gears")]);
            let tasks = ["hone", "polish"].map(|name| (name.to_owned(), task(name)));
            Desired { tasks: tasks.into(), ..desired }
        };
        let gone = Desired { tasks: BTreeMap::new(), ..there.clone() };
        let said: Vec<String> = [
            (&there, suspend("repo/acme/widgets/task/hone")),
            (&there, suspend("repo/acme/widgets/task/hone/follow-up")),
            (&there, suspend("repo/acme/widgets/task/*/follow-up/0a")),
            (&there, suspend("repo/acme/widgets/task/hone/found")),
            (&there, suspend("repo/acme/widgets/task/hnoe")),
            (&there, suspend("repo/acme/gears/task/hone")),
            (&there, suspend("repo/acme/widgets/task/sharpen")),
            (&there, suspend("repo/acme/*/task/*")),
            (&there, suspend("repo/acme/widgets/task/**")),
            (&there, suspend("task/polish")),
            (&there, suspend("task.sharpen")),
            (&gone, suspend("repo/acme/widgets/task/polish")),
            (&gone, resume("repo/acme/widgets/task/hone")),
            (&gone, resume("repo/acme/widgets/task/hone")),
            (&gone, resume("repo/acme/*/task/*")),
            (&gone, resume("repo/acme/widgets/task/**")),
        ]
        .iter()
        .map(|(desired, request)| match flip(&board, "m", desired, request, at(100)) {
            Ok(flipped) => flipped.says,
            Err(says) => format!("no: {says}"),
        })
        .collect();
        insta::assert_snapshot!(said.join("\n"), @r"
        repo/acme/widgets/task/hone is off
        repo/acme/widgets/task/hone/follow-up is off
        repo/acme/widgets/task/*/follow-up/0a is off
        no: `repo/acme/widgets/task/hone/found` covers nothing that the config in force manages; did you mean `repo/acme/widgets/task/hone`?
        no: `repo/acme/widgets/task/hnoe` covers nothing that the config in force manages; did you mean `repo/acme/widgets/task/hone`?
        no: `repo/acme/gears/task/hone` covers nothing that the config in force manages; did you mean `repo/acme/widgets/task/hone`?
        no: `repo/acme/widgets/task/sharpen` covers nothing that the config in force manages
        repo/acme/*/task/* is off
        repo/acme/widgets/task/** is off
        no: `task/polish` doesn't start with one of `repo/`, `loop/`, `term/`; did you mean `repo/acme/widgets/task/polish`?
        no: `task.sharpen` doesn't start with one of `repo/`, `loop/`, `term/`
        no: `repo/acme/widgets/task/polish` covers nothing that the config in force manages
        repo/acme/widgets/task/hone is as config says again
        no: repo/acme/widgets/task/hone is not switched live; switched live are repo/acme/widgets/task/hone/follow-up, repo/acme/widgets/task/*/follow-up/0a, repo/acme/*/task/*, repo/acme/widgets/task/**
        repo/acme/*/task/* is as config says again
        repo/acme/widgets/task/** is as config says again
        ");
    }

    #[test]
    fn each_request_is_done_or_refused_with_the_next_step() {
        let dir = tempfile::tempdir().unwrap();
        let source = Source { file: "factory.kdl".into(), line: 4, column: 1, commit: None };
        let mut desired = Desired::default();
        desired.factory.config =
            Some(Sourced::new(RepoName::parse("acme/factory").unwrap(), source.clone(), "factory"));
        desired.protects.push(Protect {
            address: AddressGlob::parse("repo/acme/legacy/**").unwrap(),
            reason: "audit".into(),
            until: None,
            source,
        });
        let board = Switchboard::open(dir.path().join("f"), Arc::default(), at(0)).unwrap();
        let off = |name: &str, reason: &str, until: Option<i64>| Request::LoopDisable {
            name: name.into(),
            reason: reason.into(),
            by: "ann".into(),
            until: until.map(at),
        };
        let on = |name: &str| Request::LoopEnable {
            name: name.into(),
            reason: "r".into(),
            by: "ann".into(),
            until: None,
        };
        let said: Vec<String> = [
            off("labels", "smoke", None),
            off("labels", "smoke", Some(200)),
            off("label", "smoke", None),
            off("labels", " ", None),
            off("labels", "two\nlines", None),
            off("labels", "smoke", Some(100)),
            suspend("repo/acme/**"),
            suspend("repo/amce/**"),
            suspend("acme/**"),
            suspend("loop/labels"),
            resume("repo/acme"),
            resume("repo/acme/**"),
            resume("repo/acme/legacy/**"),
            on("labels"),
            on("labels"),
        ]
        .iter()
        .map(|request| match flip(&board, "m", &desired, request, at(100)) {
            Ok(flipped) => format!("{} · {}", flipped.says, flipped.record.is_some_and(|r| r.on)),
            Err(says) => format!("no: {says}"),
        })
        .collect();
        insta::assert_snapshot!(said.join("\n"), @r"
        loop/labels is off · false
        loop/labels is off until 1970-01-01T00:03:20Z · false
        no: there is no loop `label`; did you mean `labels`?
        no: a reason is needed, for those who find it switched
        no: the reason has a line break or another character in it that nobody sees
        no: 1970-01-01T00:01:40Z has passed already
        repo/acme/** is off · false
        no: `repo/amce/**` covers nothing that the config in force manages; did you mean `repo/acme/**`?
        no: `acme/**` doesn't start with one of `repo/`, `loop/`, `term/`
        no: `loop/labels` is a loop: use `factoryctl loop disable`
        no: repo/acme is not switched live; switched live are loop/labels, repo/acme/**
        repo/acme/** is as config says again · true
        no: repo/acme/legacy/** is not switched live; switched live are loop/labels; factory.kdl:4 protects it: remove that line
        loop/labels is as config says again · true
        loop/labels is on already · false
        ");
        assert!(board.flips().is_empty());
    }
}
