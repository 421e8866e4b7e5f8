//! Exit codes, and failures that carry one.

use std::error::Error;
use std::fmt;

use crate::adapters::github::Kind;
use crate::adapters::{env, fs, git, github, state};
use crate::engine::language::{SymbolsError, TreeError};
use crate::engine::{BatchError, FlipsError, HomeError, LineageError, SourceError};
use crate::ledger;
use crate::model::Cause;
use crate::runs::RecordError;

use super::next;

/// How a command ends. The numbers are part of the interface and stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exit {
    /// Nothing to do, or done.
    Done,
    /// An error that has no number of its own.
    Error,
    /// There are changes.
    Changes,
    /// The config is invalid.
    Invalid,
    /// A guard held something back.
    Guard,
    /// Authentication or permission.
    Auth,
    /// A rate limit.
    RateLimit,
    /// The saved plan is stale.
    Stale,
    /// Another process holds the lock.
    Locked,
    /// Partly applied: some actions failed.
    Partly,
    /// Wrong usage.
    Usage,
    /// Interrupted by SIGINT.
    Interrupted,
    /// Ended by SIGTERM.
    Terminated,
}

impl Exit {
    /// The process' exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Error => 1,
            Self::Changes => 2,
            Self::Invalid => 3,
            Self::Guard => 4,
            Self::Auth => 5,
            Self::RateLimit => 6,
            Self::Stale => 7,
            Self::Locked => 8,
            Self::Partly => 9,
            Self::Usage => 64,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    /// The one that counts when several apply: the first of 3, 5, 6, 8, 7, 9, 4, 1, 2. An interruption and wrong
    /// usage come before all of them.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        const ORDER: [Exit; 13] = [
            Exit::Terminated,
            Exit::Interrupted,
            Exit::Usage,
            Exit::Invalid,
            Exit::Auth,
            Exit::RateLimit,
            Exit::Locked,
            Exit::Stale,
            Exit::Partly,
            Exit::Guard,
            Exit::Error,
            Exit::Changes,
            Exit::Done,
        ];
        ORDER.into_iter().find(|e| *e == self || *e == other).unwrap_or(Self::Error)
    }

    /// The exit that a trouble with GitHub leads to.
    pub fn of(cause: Cause) -> Self {
        match cause {
            Cause::Auth => Self::Auth,
            Cause::RateLimit => Self::RateLimit,
            Cause::Ledger | Cause::Other => Self::Error,
        }
    }
}

/// A failure: its exit code, what this command failed to do, why, and what to do next.
#[derive(Debug)]
pub struct Fail {
    /// How the command ends.
    pub exit: Exit,
    /// What it failed to do.
    pub message: String,
    /// The cause, innermost last.
    pub causes: Vec<String>,
    /// The next step.
    pub help: Option<String>,
    /// Text that was rendered already, e.g. diagnostics of the config.
    pub rendered: Option<String>,
}

impl Fail {
    /// A failure without a cause.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), causes: Vec::new(), help: None, rendered: None }
    }

    /// The same with its cause and the causes of that.
    #[must_use]
    pub fn because(mut self, error: impl Error) -> Self {
        let mut next: Option<&dyn Error> = Some(&error);
        while let Some(error) = next {
            let text = error.to_string();
            if self.causes.last() != Some(&text) {
                self.causes.push(text);
            }
            next = error.source();
        }
        self
    }

    /// The same with the next step.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Fail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for cause in &self.causes {
            write!(f, ": {cause}")?;
        }
        Ok(())
    }
}

impl From<github::Error> for Fail {
    fn from(error: github::Error) -> Self {
        let what = match error.kind() {
            Kind::Network { .. } | Kind::Timeout => "GitHub can't be reached",
            Kind::Server | Kind::Malformed { .. } | Kind::TooLarge => {
                "GitHub gave no answer that can be used"
            }
            Kind::PrimaryLimit { .. } | Kind::SecondaryLimit { .. } => "GitHub's limits forbid it",
            Kind::Absent
            | Kind::Unauthorized
            | Kind::Forbidden { .. }
            | Kind::Archived
            | Kind::Conflict
            | Kind::Invalid { .. }
            | Kind::Moved { .. } => "GitHub refused",
        };
        let help = next::github(&error);
        Self::new(Exit::of(crate::observed::cause(&error)), what).because(error).help(help)
    }
}

impl From<state::Error> for Fail {
    fn from(error: state::Error) -> Self {
        let help = next::state(&error);
        let fail = match error {
            state::Error::Locked(_) => Self::new(Exit::Locked, error.to_string()),
            state::Error::Lock { .. } | state::Error::SocketPath { .. } | state::Error::Prepare(_) => {
                Self::new(Exit::Error, "the state directory can't be used").because(error)
            }
        };
        fail.help(help)
    }
}

impl From<LineageError> for Fail {
    fn from(error: LineageError) -> Self {
        match error {
            LineageError::Source(error) => error.into(),
            LineageError::State(error) => error.into(),
            LineageError::Flips(error) => error.into(),
        }
    }
}

impl From<env::Error> for Fail {
    fn from(error: env::Error) -> Self {
        let help = next::environment(&error);
        Self::new(Exit::Error, "the environment is incomplete").because(error).help(help)
    }
}

impl From<git::Error> for Fail {
    fn from(error: git::Error) -> Self {
        let (exit, help) = (of_git(&error), next::git(&error));
        Self::new(exit, "Git failed").because(error).help(help)
    }
}

/// A remote that refuses the credentials is a matter of authentication, as GitHub's API is.
fn of_git(error: &git::Error) -> Exit {
    if matches!(error, git::Error::Auth { .. }) { Exit::Auth } else { Exit::Error }
}

impl From<TreeError> for Fail {
    fn from(error: TreeError) -> Self {
        match error {
            TreeError::Git(error) => error.into(),
            TreeError::Folder(error) => error.into(),
            TreeError::TooMany(_) => Self::new(Exit::Error, error.to_string())
                .help("keep what is no part of the project out of the repository"),
        }
    }
}

impl From<SymbolsError> for Fail {
    fn from(error: SymbolsError) -> Self {
        match error {
            SymbolsError::Tree(error) => error.into(),
            SymbolsError::Git(error) => error.into(),
            SymbolsError::Reading(error) => Self::new(Exit::Error, "the code can't be read")
                .because(error)
                .help("run it again; where that doesn't help, take the folder out of `language.roots`"),
        }
    }
}

impl From<fs::Error> for Fail {
    fn from(error: fs::Error) -> Self {
        let help = next::file(&error);
        Self::new(Exit::Error, "a file can't be used").because(error).help(help)
    }
}

impl From<RecordError> for Fail {
    fn from(error: RecordError) -> Self {
        Self::new(Exit::Error, "the records of runs can't be used").because(error)
    }
}

impl From<SourceError> for Fail {
    fn from(error: SourceError) -> Self {
        let exit = match &error {
            SourceError::Git(error) => of_git(error),
            SourceError::NotAtRoot { .. } => Exit::Invalid,
            SourceError::Nowhere(_)
            | SourceError::OtherRoot(_)
            | SourceError::Folder(_)
            | SourceError::State(_)
            | SourceError::Env(_)
            | SourceError::Memory(_)
            | SourceError::NoHistory { .. } => Exit::Error,
        };
        let help = next::source(&error);
        Self::new(exit, "the config can't be read").because(error).help(help)
    }
}

impl From<FlipsError> for Fail {
    fn from(error: FlipsError) -> Self {
        let help = next::flips(&error);
        let what = match &error {
            FlipsError::Read { .. } | FlipsError::Damaged { .. } => "the live switches can't be read",
            FlipsError::Keep { .. } => "the live switches can't be kept",
        };
        Self::new(Exit::Error, what).because(error).help(help)
    }
}

impl From<ledger::Error> for Fail {
    fn from(error: ledger::Error) -> Self {
        let help = next::ledger(&error, next::OtherCopy::Untold);
        Self::new(Exit::Error, "the ledger can't be used").because(error).help(help)
    }
}

impl From<HomeError> for Fail {
    fn from(error: HomeError) -> Self {
        match error {
            HomeError::GitHub(error) => {
                let mut fail = Self::from(error);
                fail.message = format!("the config repository can't be found: {}", fail.message);
                fail
            }
            HomeError::Mirror(error) => error.into(),
            HomeError::Url => Self::new(Exit::Error, error.to_string())
                .help("look whether the API's address leads to GitHub: `factoryctl doctor`"),
        }
    }
}

impl From<BatchError> for Fail {
    fn from(error: BatchError) -> Self {
        let what = "nothing was done";
        match error {
            BatchError::Behind { .. } => Self::new(Exit::Locked, what)
                .because(error)
                .help("let one machine work on this config at a time; then run it again"),
            BatchError::Denied(_) => Self::new(Exit::Auth, what).because(error).help(format!(
                "let the credential push to `{}` in the config repository, past its rulesets",
                ledger::BRANCH
            )),
            BatchError::TakeOver(ledger::Error::Git(error)) => {
                let mut fail = Self::from(error);
                "the ledger can't be taken over from its branch".clone_into(&mut fail.message);
                fail
            }
            BatchError::Publish(ledger::Error::Git(error)) => {
                let mut fail = Self::from(error);
                fail.message = format!("the ledger can't be published, so {what}");
                fail
            }
            BatchError::TakeOver(error) | BatchError::Publish(error) => error.into(),
            BatchError::Recorder(_) => {
                Self::new(Exit::Error, "it can't be recorded, so nothing more was done")
                    .because(error)
                    .help("mend what the system complains of, and run it again: it goes on where it stopped")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_order_decides_between_two() {
        use Exit::{Auth, Changes, Done, Error, Guard, Invalid, Locked, Partly, RateLimit, Stale};
        let order = [Invalid, Auth, RateLimit, Locked, Stale, Partly, Guard, Error, Changes, Done];
        for (i, first) in order.iter().enumerate() {
            for second in &order[i..] {
                assert_eq!(first.and(*second), *first);
                assert_eq!(second.and(*first), *first);
            }
        }
        assert_eq!(order.map(Exit::code), [3, 5, 6, 8, 7, 9, 4, 1, 2, 0]);
    }

    #[test]
    fn a_switch_that_can_not_be_kept_was_read() {
        let full = || {
            let source = std::io::ErrorKind::StorageFull.into();
            fs::Error::DiskFull { action: "write", path: "/s/flips.json".into(), source }
        };
        let said = [
            FlipsError::Keep { path: "/s/flips.json".into(), source: full() },
            FlipsError::Read { path: "/s/flips.json".into(), source: fs::Error::NotRegular("/s".into()) },
        ]
        .map(|error| Fail::from(error).to_string());
        assert!(said[0].starts_with("the live switches can't be kept: "), "{}", said[0]);
        assert!(said[1].starts_with("the live switches can't be read: "), "{}", said[1]);
    }
}
