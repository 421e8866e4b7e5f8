//! What was looked at, whether it is well, and what to do where it isn't.

use crate::cli::exit::{Exit, Fail};

/// One finding.
#[derive(Debug)]
struct Finding {
    mark: &'static str,
    what: &'static str,
    says: String,
    /// The next step, where something is wrong.
    next: Option<String>,
}

/// All findings, in the order in which they were made.
#[derive(Debug, Default)]
pub(super) struct Report {
    findings: Vec<Finding>,
    exits: Vec<Exit>,
}

impl Report {
    /// Something that is well.
    pub(super) fn good(&mut self, what: &'static str, says: impl Into<String>) {
        self.findings.push(Finding { mark: "ok ", what, says: says.into(), next: None });
    }

    /// Something that may be meant so and may be amiss, and what to do in that case. It makes no command fail.
    pub(super) fn odd(&mut self, what: &'static str, says: impl Into<String>, next: impl Into<String>) {
        self.findings.push(Finding { mark: "odd", what, says: says.into(), next: Some(next.into()) });
    }

    /// Something that isn't well, and what to do.
    pub(super) fn bad(&mut self, what: &'static str, says: impl Into<String>, next: impl Into<String>) {
        self.bad_with(Exit::Error, what, says, next);
    }

    /// The same with an exit code of its own.
    pub(super) fn bad_with(
        &mut self,
        exit: Exit,
        what: &'static str,
        says: impl Into<String>,
        next: impl Into<String>,
    ) {
        self.exits.push(exit);
        self.findings.push(Finding { mark: "BAD", what, says: says.into(), next: Some(next.into()) });
    }

    /// What another command would have failed with.
    pub(super) fn fail(&mut self, what: &'static str, fail: &Fail) {
        let next = fail.help.as_deref().unwrap_or("`factoryctl validate` names every problem");
        self.bad_with(fail.exit, what, fail.to_string(), next);
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        for Finding { mark, what, says, next } in &self.findings {
            out.push_str(&format!("{mark} {what}: {says}\n"));
            if let Some(next) = next {
                out.push_str(&format!("    next: {next}\n"));
            }
        }
        out
    }

    /// How the command ends.
    pub(super) fn exit(&self) -> Exit {
        self.exits.iter().fold(Exit::Done, |exit, other| exit.and(*other))
    }
}
