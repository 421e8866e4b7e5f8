//! A pull request, and the rules that keep it from landing.

use serde::Serialize;

use crate::model::{Mergeable, Phase, PullCase, Seen};
use crate::pipeline::{Stand, Station, Unmet, View, unmet};
use crate::plan::Blocked;

/// A rule that isn't satisfied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(clippy::struct_field_names, reason = "documents call it so")]
pub(crate) struct Rule {
    /// Its name.
    pub(crate) rule: &'static str,
    /// What is so.
    pub(crate) says: String,
    /// What would satisfy it.
    pub(crate) needs: String,
}

impl Rule {
    /// Every rule that keeps a pull request from landing.
    pub(crate) fn unmet(view: &View<'_>, pull: &PullCase) -> Vec<Self> {
        let rule = |Unmet { rule, says, needs }: Unmet| Self { rule, says, needs };
        unmet(view, pull).into_iter().map(rule).collect()
    }

    /// What keeps its issue from going on, whatever becomes of the pull request.
    pub(crate) fn of_issue(view: &View<'_>, at: &Station) -> Option<Self> {
        let says = match &at.stand {
            Stand::Held(_) | Stand::Left(_) | Stand::Parked { .. } | Stand::Human { .. } => at.stand.says(),
            // It is looked at first, whatever its policy asks for.
            Stand::Works(_) | Stand::Moves(_) | Stand::Until(..) if at.phase != Phase::Merge => {
                format!("not through with it yet: {}", at.stand.says())
            }
            Stand::Until(..) => at.stand.says(),
            Stand::Works(_) | Stand::Moves(_) | Stand::Waits(_) | Stand::Done(_) => return None,
        };
        let number = view.case.number;
        let needs = format!("#{number} to go on: factoryctl issue show {}#{number}", view.case.repo);
        Some(Self { rule: "issue", says: format!("#{number} is {says}"), needs })
    }

    /// What it waits for though nothing else keeps it from landing: its turn on its branch.
    pub(crate) fn of_turn(on: &str) -> Self {
        Self { rule: "turn", says: "others come before it on its branch".to_owned(), needs: on.to_owned() }
    }

    /// What is switched off that would merge it.
    pub(crate) fn of_switch(off: Blocked) -> Self {
        let needs = "it to be switched on again (factoryctl loop enable, factoryctl resume)".to_owned();
        Self { rule: off.guard, says: off.says, needs }
    }

    /// As people read it.
    pub(crate) fn line(&self) -> String {
        format!("{}: {}; it needs {}", self.rule, self.says, self.needs)
    }
}

/// A pull request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Pull {
    /// Its number.
    pub(super) number: u64,
    /// `open`, `merged` or `closed`.
    pub(super) state: &'static str,
    /// Its head.
    pub(super) head: String,
    /// The branch that it is for.
    pub(super) base: String,
    /// How many commits its base has that it doesn't have; none where nobody can tell.
    pub(super) behind: Option<u32>,
    /// Whether Git can merge it: `yes`, `conflicts`, `unknown`.
    pub(super) mergeable: &'static str,
    /// The checks at its head; none where not all were read.
    pub(super) checks: Option<Vec<CheckLine>>,
    /// The verdicts on it; none where not all were read.
    pub(super) reviews: Option<Vec<ReviewLine>>,
    /// How many conversations are open; none where not all were read.
    pub(super) open_conversations: Option<usize>,
    /// The rules that keep it from landing, while it is open.
    pub(super) unmet: Vec<Rule>,
}

/// A check at a head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct CheckLine {
    pub(super) name: String,
    pub(super) state: &'static str,
    pub(super) app: Option<u64>,
    pub(super) says: String,
}

/// A review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct ReviewLine {
    pub(super) by: String,
    pub(super) verdict: &'static str,
    /// Whether it is of the head.
    pub(super) of_head: bool,
}

/// What became of a pull request, in a word.
pub(super) fn state(pull: &PullCase) -> &'static str {
    match (pull.merged(), pull.open) {
        (true, _) => "merged",
        (false, true) => "open",
        (false, false) => "closed",
    }
}

impl Pull {
    pub(super) fn of(view: &View<'_>, at: &Station, pull: &PullCase) -> Self {
        let checks = pull.checks.known().map(|all| {
            let line = |it: &crate::model::CheckSeen| CheckLine {
                name: it.name.clone(),
                state: it.state.as_str(),
                app: it.app,
                says: it.says.clone(),
            };
            all.iter().map(line).collect()
        });
        let reviews = pull.reviews.known().map(|all| {
            let line = |it: &crate::model::ReviewSeen| ReviewLine {
                by: it.author.clone(),
                verdict: it.verdict.as_str(),
                of_head: it.commit.as_ref() == Some(&pull.head),
            };
            all.iter().map(line).collect()
        });
        let open_conversations = match &pull.threads {
            Seen::Known(threads) => Some(threads.iter().filter(|thread| !thread.resolved).count()),
            Seen::Absent | Seen::Unknown => None,
        };
        Self {
            number: pull.number,
            state: state(pull),
            head: pull.head.to_string(),
            base: pull.base.clone(),
            behind: pull.behind,
            mergeable: match pull.mergeable {
                Mergeable::Yes => "yes",
                Mergeable::Conflicts => "conflicts",
                Mergeable::Unknown => "unknown",
            },
            checks,
            reviews,
            open_conversations,
            unmet: if pull.open {
                Rule::of_issue(view, at).into_iter().chain(Rule::unmet(view, pull)).collect()
            } else {
                Vec::new()
            },
        }
    }

    /// As people read it, a line each.
    pub(super) fn lines(&self) -> Vec<String> {
        let head: String = self.head.chars().take(10).collect();
        let behind = match self.behind {
            Some(0) => "has all of its base".to_owned(),
            Some(n) => format!("{n} commits behind its base"),
            None => "nobody can tell how far behind its base".to_owned(),
        };
        let mut out =
            vec![format!("pull request #{}, {}, at {head} for `{}`", self.number, self.state, self.base)];
        if self.state == "open" {
            out.push(format!("  mergeable: {}; {behind}", self.mergeable));
        }
        match &self.checks {
            None => out.push("  checks: not all were read".to_owned()),
            Some(checks) => out.extend(checks.iter().map(CheckLine::text)),
        }
        match &self.reviews {
            None => out.push("  reviews: not all were read".to_owned()),
            Some(reviews) => out.extend(reviews.iter().map(|it| {
                let of = if it.of_head { "" } else { ", of an earlier head" };
                format!("  review by {}: {}{of}", it.by, it.verdict)
            })),
        }
        if let Some(open) = self.open_conversations.filter(|open| *open > 0) {
            out.push(format!("  conversations that are not resolved: {open}"));
        }
        out.extend(self.unmet.iter().map(|rule| format!("  keeps it from landing: {}", rule.line())));
        if self.state == "open" && self.unmet.is_empty() {
            out.push("  nothing keeps it from landing".to_owned());
        }
        out
    }
}

impl CheckLine {
    fn text(&self) -> String {
        let says = self.says.lines().next().map(|line| format!(": {line}")).unwrap_or_default();
        format!("  check `{}`: {}{says}", self.name, self.state)
    }
}
