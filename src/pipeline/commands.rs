//! How people steer: comments that are a command, of those who may. An edited one counts as it is now, a deleted one not at all.

use std::fmt;

use jiff::Timestamp;

use crate::model::{Phase, PullCase, is_command};

use super::view::View;

/// What somebody said of how to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// To be taken into account.
    Steer(String),
    /// Nothing is done about it from now on.
    Pause,
    /// It goes on.
    Resume,
    /// It is given up.
    Abort,
    /// A phase is gone through again.
    Redo(Phase),
    /// What was given up is tried again.
    Retry,
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Steer(_) => f.write_str("/steer"),
            Self::Pause => f.write_str("/pause"),
            Self::Resume => f.write_str("/resume"),
            Self::Abort => f.write_str("/abort"),
            Self::Redo(phase) => write!(f, "/redo {phase}"),
            Self::Retry => f.write_str("/retry"),
        }
    }
}

/// The most characters of what is to be taken into account.
const LONGEST: usize = 2_000;

/// What a comment says, if it is a command.
fn parse(body: &str) -> Option<Result<Command, String>> {
    if !is_command(body) {
        return None;
    }
    let mut words = body.split_whitespace();
    let word = words.next()?.to_lowercase();
    let rest: String = body.trim_start().chars().skip(word.chars().count()).take(LONGEST).collect();
    let rest = rest.trim().to_owned();
    Some(match word.as_str() {
        "/steer" if rest.is_empty() => Err("say what is to be taken into account after `/steer`".to_owned()),
        "/steer" => Ok(Command::Steer(rest)),
        "/pause" => Ok(Command::Pause),
        "/resume" => Ok(Command::Resume),
        "/abort" => Ok(Command::Abort),
        "/retry" => Ok(Command::Retry),
        _ => {
            words.next().and_then(|word| Phase::by_word(&word.to_lowercase())).map(Command::Redo).ok_or_else(
                || {
                    let all = Phase::ALL.iter().filter(|phase| is_redone(**phase));
                    let all: Vec<&str> = all.map(|phase| phase.as_str()).collect();
                    format!("name a phase after `/redo`: {}", all.join(", "))
                },
            )
        }
    })
}

/// Everything that people said of how to go on, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commands {
    /// Those that count: when, by whom, what.
    pub heard: Vec<(Timestamp, String, Command)>,
    /// When its author, who may not steer, said that what was drafted of their words is what they mean.
    pub confirmed: Vec<Timestamp>,
    /// Who said something of which nobody knows whether it counts: what they may do couldn't be read.
    pub unknown: Option<String>,
    /// Those that don't.
    pub unheard: Vec<Unheard>,
}

/// A command that doesn't count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unheard {
    /// Who said it.
    pub by: String,
    /// Why it doesn't.
    pub why: String,
    /// Whether who said it may steer. What others say is told with the next thing there is to tell, and is none by itself:
    /// else anybody could have the factory write.
    pub may_steer: bool,
}

impl Commands {
    /// What it is to go on with: paused or given up, and by whom.
    pub(super) fn halted(&self) -> Option<(&str, bool)> {
        let mut out = None;
        for (_, by, command) in &self.heard {
            match command {
                Command::Pause => out = Some((by.as_str(), false)),
                Command::Abort => out = Some((by.as_str(), true)),
                Command::Resume | Command::Retry | Command::Redo(_) => out = None,
                Command::Steer(_) => {}
            }
        }
        out
    }

    /// The first command after a moment to try again what was given up.
    pub(super) fn retried(&self, after: Timestamp) -> Option<Timestamp> {
        let mut retries = self.heard.iter().filter(|(_, _, command)| *command == Command::Retry);
        retries.find(|(at, ..)| *at >= after).map(|(at, ..)| *at)
    }

    /// Whether its author, or somebody who may steer, has said since a moment that it is to go on as it was drafted.
    pub(super) fn is_confirmed(&self, since: Timestamp) -> bool {
        self.retried(since).is_some() || self.confirmed.iter().any(|at| *at >= since)
    }

    /// When somebody said last that what was given up is tried again.
    pub(super) fn last_retry(&self) -> Option<Timestamp> {
        self.heard.iter().filter(|(_, _, it)| *it == Command::Retry).map(|(at, ..)| *at).max()
    }

    /// Whether a phase is to be gone through again since a moment.
    pub(super) fn redone_since(&self, phase: Phase, since: Timestamp) -> bool {
        self.heard.iter().any(|(at, _, command)| *at > since && *command == Command::Redo(phase))
    }

    /// How often a phase is to be gone through again, or one before it, of which it makes something.
    pub(super) fn redone(&self, phase: Phase) -> usize {
        let again = |command: &Command| matches!(command, Command::Redo(from) if *from <= phase);
        self.heard.iter().filter(|(_, _, command)| again(command)).count()
    }

    /// What is to be taken into account.
    pub(super) fn steered(&self) -> impl Iterator<Item = &str> {
        self.heard.iter().filter_map(|(_, _, command)| match command {
            Command::Steer(text) => Some(text.as_str()),
            Command::Pause | Command::Resume | Command::Abort | Command::Redo(_) | Command::Retry => None,
        })
    }
}

/// What people said of how to go on with an issue.
pub(super) fn commands(view: &View<'_>) -> Commands {
    let mut out = Commands::default();
    let others = view.case.comments.iter().filter(|it| !it.own && !view.is_reviewer(it.by()));
    for comment in others {
        let Some(parsed) = parse(&comment.body) else { continue };
        let by = comment.by().to_owned();
        // What an edited comment says it says since then.
        let said = comment.edited.as_ref().map_or(comment.at, |(at, _)| comment.at.max(*at));
        match (view.is_trusted(&by), parsed) {
            (Some(true), Ok(command)) if super::merge::is_over(view, said) => {
                let why = format!(
                    "`{command}`: it has landed, and nothing is left to do; open another issue for what is missing"
                );
                out.unheard.push(Unheard { by, why, may_steer: true });
            }
            (Some(true), Ok(Command::Redo(phase))) if let Some(why) = in_vain(view, phase, said) => {
                out.unheard.push(Unheard { by, why, may_steer: true });
            }
            (Some(true), Ok(command @ (Command::Retry | Command::Redo(_))))
                if let Some(why) = super::intake::reserved(view.pipeline, view.case) =>
            {
                out.unheard.push(Unheard { by, why: format!("`{command}`: {why}"), may_steer: true });
            }
            (Some(true), Ok(command)) => out.heard.push((said, by, command)),
            (Some(true), Err(why)) => out.unheard.push(Unheard { by, why, may_steer: true }),
            // What is drafted is of their own words, which somebody asked for who may.
            (Some(false), Ok(Command::Retry))
                if by.eq_ignore_ascii_case(&view.case.author) && view.pipeline.has(Phase::Discover) =>
            {
                out.confirmed.push(said);
            }
            (Some(false), _) => {
                let needs = view.pipeline.trust.as_str();
                let why = format!("needs the permission `{needs}` in this repository");
                out.unheard.push(Unheard { by, why, may_steer: false });
            }
            (None, _) => out.unknown = Some(by),
        }
    }
    out.heard.sort_by_key(|(at, ..)| *at);
    out
}

/// Whether a phase is one that may be gone through again. Those that follow what an agent made begin by themselves with it.
fn is_redone(phase: Phase) -> bool {
    phase <= Phase::Implement
}

/// Why nothing comes of it that a phase is to be gone through again.
fn in_vain(view: &View<'_>, phase: Phase, said: Timestamp) -> Option<String> {
    if !view.pipeline.has(phase) {
        return Some(format!("`/redo {phase}`: this pipeline has no such phase"));
    }
    let was_open = |it: &&PullCase| it.opened <= said && it.closed.is_none_or(|closed| said < closed);
    if !is_redone(phase) {
        return Some(format!("`/redo {phase}`: it begins by itself; `/retry` tries again what was given up"));
    }
    let pull = view.case.pulls.iter().find(was_open)?;
    let number = pull.number;
    Some(format!("`/redo {phase}`: #{number} is open; ask for changes on it, or close it and say so again"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_a_command_by_its_first_word() {
        for (body, expect) in [
            ("/retry", Some(Ok(Command::Retry))),
            ("  /Pause please", Some(Ok(Command::Pause))),
            ("/steer use the old API", Some(Ok(Command::Steer("use the old API".into())))),
            ("/redo plan", Some(Ok(Command::Redo(Phase::Plan)))),
            ("I would /retry", None),
            ("/retrying", None),
            ("\n\n   /retry", Some(Ok(Command::Retry))),
            ("    /retry", None),
            ("\t/retry", None),
            ("", None),
        ] {
            assert_eq!(parse(body), expect, "{body}");
        }
        assert!(matches!(parse("/redo all"), Some(Err(why)) if why.contains("triage")));
        assert!(matches!(parse("/steer"), Some(Err(_))));
    }
}
