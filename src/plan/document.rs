//! The plan document: everything that a plan says, ready to be shown.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::model::{
    Action, Change, Creations, Desired, Effect, Gap, Observed, RepoName, Setting, SettingValue, Verb,
};

use super::check::Violation;
use super::combine::{Problem, Waiting};
use super::guard::{Blocked, Switch, Verdict};
use super::rules::RuleChange;

/// The version of the JSON spelling; it only grows.
pub(super) const VERSION: u32 = 1;

/// One action as the document shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The action.
    pub action: Action,
    /// Why it is held back, if it is.
    pub blocked: Option<Blocked>,
}

/// A loop that is switched off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disabled {
    /// Which.
    pub name: String,
    /// Who, why, until when.
    pub switch: Switch,
}

/// Where the two sides of the comparison came from.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Reading {
    /// The config repository's place, for people.
    pub config_place: String,
    /// The config repository on GitHub, if it has one.
    pub config_repo: Option<String>,
    /// The commit that was read.
    pub commit: Option<String>,
    /// For a working tree: how many files differ from its commit.
    pub changed_files: Option<usize>,
    /// When the world was read.
    pub at: Option<jiff::Timestamp>,
    /// How old the reading was when the plan was made, when it came from the cache.
    pub cached_age_seconds: Option<i64>,
    /// What could not be read.
    pub incomplete: Vec<Gap>,
    /// HTTP requests that the reading took.
    pub requests: u64,
    /// GraphQL points that the reading took.
    pub points: u64,
    /// How much may be created there, where that is limited.
    pub creations: Option<Creations>,
}

/// The counts of the last line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Things to add.
    pub add: usize,
    /// Things to change.
    pub change: usize,
    /// Things to delete.
    pub delete: usize,
    /// Agent runs to start.
    pub runs: usize,
    /// Actions held back; they are not in the counts above.
    pub blocked: usize,
    /// Things that wait.
    pub waiting: usize,
    /// Repositories that would be touched.
    pub repos: usize,
    /// API calls that carrying it out would take.
    pub requests: usize,
    /// How many of them create something.
    pub creations: usize,
    /// After how long the last of those begins, where there is a limit to them.
    pub creations_take: Option<Duration>,
}

/// A whole plan.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Document {
    /// Where its two sides came from.
    pub reading: Reading,
    /// Every action, held back or not, in order.
    pub actions: Vec<Planned>,
    /// What waits, and on what.
    pub waiting: Vec<Waiting>,
    /// Loops that are switched off.
    pub disabled: Vec<Disabled>,
    /// Repositories that were seen and nobody declared.
    pub unmanaged: Vec<RepoName>,
    /// Anything else worth saying: warnings of the config, bugs that the checker found.
    pub diagnostics: Vec<String>,
    /// Whether the checker found a bug; such a plan is not applied.
    pub unsound: bool,
    /// What differs in how the factory works from the config that this one is compared with.
    pub rules: Vec<RuleChange>,
}

impl Document {
    /// The document of a verdict.
    pub fn new(desired: &Desired, observed: &Observed, verdict: &Verdict, violations: &[Violation]) -> Self {
        let mut actions: Vec<Planned> = verdict
            .permitted
            .iter()
            .map(|p| Planned { action: p.action.clone(), blocked: None })
            .chain(
                verdict.blocked.iter().map(|(a, b)| Planned { action: a.clone(), blocked: Some(b.clone()) }),
            )
            .collect();
        actions.sort_by(|a, b| super::combine::order(&a.action, &b.action));
        let origin = &desired.origin;
        let reading = Reading {
            config_place: origin.place.clone(),
            config_repo: desired.factory.config.as_ref().map(|c| c.value.to_string()),
            commit: origin.commit.as_ref().map(ToString::to_string),
            changed_files: origin.changed,
            at: observed.at,
            cached_age_seconds: None,
            incomplete: observed.gaps.clone(),
            requests: observed.cost.requests,
            points: observed.cost.points,
            creations: observed.cost.creations,
        };
        let diagnostics = violations
            .iter()
            .map(|v| format!("bug: action {} {}; the plan is not applied", v.action, v.what))
            .collect();
        Self {
            reading,
            actions,
            waiting: Vec::new(),
            disabled: Vec::new(),
            unmanaged: observed.unmanaged.iter().map(|u| u.name.clone()).collect(),
            diagnostics,
            unsound: !violations.is_empty(),
            rules: Vec::new(),
        }
    }

    /// Notes what only a person can mend: what several loops found stands once.
    pub fn note(&mut self, problems: &[Problem]) {
        for says in problems.iter().map(ToString::to_string) {
            if !self.diagnostics.contains(&says) {
                self.diagnostics.push(says);
            }
        }
    }

    /// Whether there is nothing to do and nothing held back.
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }

    /// The counts.
    pub fn summary(&self) -> Summary {
        let mut out = Summary { waiting: self.waiting.len(), ..Summary::default() };
        let mut repos = BTreeSet::new();
        for planned in &self.actions {
            if planned.blocked.is_some() {
                out.blocked += 1;
                continue;
            }
            match planned.action.verb.change() {
                Change::Add => out.add += 1,
                Change::Change => out.change += 1,
                Change::Delete => out.delete += 1,
                Change::Run => out.runs += 1,
            }
            repos.insert(planned.action.effect.repo().clone());
            out.requests += calls(&planned.action.effect);
            out.creations += planned.action.effect.creations();
        }
        out.repos = repos.len();
        out.creations_take = self.reading.creations.map(|most| most.wait(out.creations));
        out
    }

    /// Takes out what another document has as well, field by field.
    pub fn subtract(&mut self, base: &Self) {
        self.without(base);
        self.waiting.retain(|w| !base.waiting.contains(w));
        self.disabled.retain(|d| !base.disabled.contains(d));
        self.diagnostics.retain(|d| !base.diagnostics.contains(d));
    }

    /// Leaves of the actions only where another document finds something different from what is there, too, field by
    /// field; what either would make of it may be two things.
    pub fn intersect(&mut self, base: &Self) {
        let others: Vec<&Action> = base.actions.iter().map(|planned| &planned.action).collect();
        self.actions.retain_mut(|planned| {
            let action = &planned.action;
            let same =
                || others.iter().filter(|other| other.address == action.address && other.verb == action.verb);
            let Some(part) =
                action.part(|field| same().any(|other| other.changed().any(|name| name == field)))
            else {
                return false;
            };
            planned.action = part;
            true
        });
    }

    /// Takes out of the actions what another document has as well, field by field.
    fn without(&mut self, base: &Self) {
        let others: Vec<&Action> = base.actions.iter().map(|planned| &planned.action).collect();
        self.actions.retain_mut(|planned| {
            let action = &planned.action;
            if others.iter().any(|other| other.id == action.id) {
                return false;
            }
            if !action.is_by_field()
                || !others.iter().any(|o| o.address == action.address && o.verb == action.verb)
            {
                return true;
            }
            let keep = |field: &str| !others.iter().any(|other| action.agrees(other, field));
            let Some(part) = action.narrowed(keep) else { return false };
            planned.action = part;
            true
        });
    }

    /// The actions that guards hold back, as the document has them.
    pub fn blocked_json(&self) -> Vec<Value> {
        self.actions.iter().filter(|planned| planned.blocked.is_some()).map(action_json).collect()
    }

    /// The versioned JSON document of CLI.md.
    pub fn to_json(&self) -> Value {
        let reading = &self.reading;
        let summary = self.summary();
        json!({
            "version": VERSION,
            "config": {
                "repo": reading.config_repo,
                "place": reading.config_place,
                "commit": reading.commit,
                "dirty": reading.commit.is_none(),
                "changed_files": reading.changed_files,
            },
            "observed": {
                "at": reading.at.map(|t| t.to_string()),
                "complete": reading.incomplete.is_empty(),
                "incomplete": reading.incomplete.iter()
                    .map(|gap| json!({
                        "facet": gap.facet.as_str(), "repo": gap.repo, "why": gap.why, "cause": gap.cause.as_str(),
                    }))
                    .collect::<Vec<_>>(),
                "requests": reading.requests,
                "points": reading.points,
                "cached_age_seconds": reading.cached_age_seconds,
            },
            "actions": self.actions.iter().map(action_json).collect::<Vec<_>>(),
            "waiting": self.waiting.iter().map(|w| json!({ "address": w.address, "on": w.on })).collect::<Vec<_>>(),
            "rules": self.rules.iter().map(|it| json!({
                "name": it.name, "before": it.before, "after": it.after, "because": [it.source],
            })).collect::<Vec<_>>(),
            "disabled": self.disabled.iter().map(|d| json!({
                "loop": d.name, "by": d.switch.by, "reason": d.switch.reason,
                "until": d.switch.until.map(|t| t.to_string()),
            })).collect::<Vec<_>>(),
            "unmanaged": self.unmanaged,
            "diagnostics": self.diagnostics,
            "summary": {
                "add": summary.add, "change": summary.change, "delete": summary.delete, "runs": summary.runs,
                "blocked": summary.blocked, "waiting": summary.waiting, "repos": summary.repos,
                "requests": summary.requests, "creations": summary.creations,
                "creations_take_seconds": summary.creations_take.map(|it| it.as_secs()),
            },
        })
    }
}

fn action_json(planned: &Planned) -> Value {
    let action = &planned.action;
    json!({
        "id": action.id,
        "address": action.address,
        "loop": action.wanted_by,
        "verb": action.verb,
        "risk": action.risk,
        "before": action.before,
        "after": action.after,
        "because": action.because,
        "reason": action.reason,
        "blocked": planned.blocked.as_ref().map(|b| json!({
            "guard": b.guard, "says": b.says,
            "override": flags(b),
        })),
    })
}

/// The flags that let it through, if any do.
fn flags(blocked: &Blocked) -> Option<String> {
    let flags: Vec<String> = blocked.overrides.iter().map(|grant| format!("--allow {grant}")).collect();
    (!flags.is_empty()).then(|| flags.join(" "))
}

/// How many API calls carrying an effect out takes: the comparison right before it, and its writes.
fn calls(effect: &Effect) -> usize {
    let settings_calls = |settings: &std::collections::BTreeMap<Setting, SettingValue>| {
        let topics = usize::from(settings.contains_key(&Setting::Topics));
        topics + usize::from(settings.len() > topics)
    };
    match effect {
        Effect::CreateRepository { settings, .. } => 4 + settings_calls(settings),
        Effect::UpdateSettings { settings, .. } => 1 + settings_calls(settings),
        Effect::Propose { .. } | Effect::OpenPull(_) => 4,
        Effect::OpenIssue(_) => 3,
        Effect::StartRun(start) => 1 + usize::from(start.watched.is_some()),
        Effect::StopRun(_) => 0,
        Effect::Tell(tell) => {
            let comment = usize::from(tell.comment.is_some());
            let more = usize::from(tell.close) + usize::from(tell.clears.is_some());
            1 + comment + usize::from(!tell.add.is_empty()) + tell.remove.len() + more
        }
        // The look, both ends, the label at either of them, the comment, and the move.
        Effect::Transfer(_) => 6,
        // The look, both lists of issues there, the issue, and the comment.
        Effect::Mirror(_) => 5,
        Effect::PassOver(_) => 1,
        Effect::KeepIssue(_) => 2,
        // The look, its id, and the queue.
        Effect::Enqueue(_) | Effect::Dequeue(_) => 3,
        Effect::Merge(_) | Effect::UpdateBranch { .. } | Effect::Reply(_) => 2,
        Effect::Review(review) => 2 + usize::from(review.by.is_none()),
        Effect::Withdraw { number, .. } => 2 + usize::from(number.is_some()),
        Effect::CreateLabel { .. }
        | Effect::UpdateLabel { .. }
        | Effect::DeleteLabel { .. }
        | Effect::Comment { .. }
        | Effect::DeleteComment { .. }
        | Effect::Report { .. } => 2,
    }
}

impl Planned {
    /// The sign that carries the meaning without colour.
    pub fn sign(&self) -> char {
        if self.blocked.is_some() {
            return '!';
        }
        match (self.action.verb, self.action.verb.change()) {
            (Verb::Propose, _) | (_, Change::Add | Change::Run) => '+',
            (_, Change::Change) => '~',
            (_, Change::Delete) => '-',
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::samples::{desired, name, now, observed, repo, state, with_config};
    use crate::model::{Address, Cause, CommitId, Facet, Rule, Unmanaged};
    use crate::plan::samples::{Case, delete_label, update, wiki_off};

    const W: &str = "acme/widgets";

    /// A document with something in every part.
    fn document() -> Document {
        let mut case = Case {
            desired: with_config(desired([repo(W)]), "acme/config"),
            observed: observed([state(W).labelled("old", "ededed", "")]),
            ..Case::default()
        };
        case.desired.budget.deletes = 0;
        case.desired.origin.place = "/srv/config".into();
        case.desired.origin.commit = CommitId::parse(&"ab".repeat(20));
        case.observed.cost = crate::model::Cost { requests: 5, points: 9, creations: None, room: None };
        case.observed.unmanaged.push(Unmanaged { name: name("acme/loose"), archived: false });
        case.observed.gaps.push(Gap {
            facet: Facet::Labels,
            repo: Some(name("acme/gears")),
            why: "forbidden for this credential (403, request A1)".into(),
            cause: Cause::Auth,
        });
        let topics =
            (Setting::Topics, SettingValue::from(["api", "rust"]), SettingValue::from(["rust", "web"]));
        let actions = vec![update(W, [topics]), delete_label(W, "old")];
        let verdict = case.judge(actions, Vec::new());
        let mut document = Document::new(&case.desired, &case.observed, &verdict, &[]);
        document
            .waiting
            .push(Waiting { address: Address::repo(&name("acme/new")), on: "a first commit".into() });
        document.disabled.push(Disabled {
            name: "flips".into(),
            switch: Switch { by: "factory.kdl:40".into(), reason: "moving".into(), until: Some(now()) },
        });
        document.diagnostics.push("repo/acme/gone isn't on GitHub".into());
        let rule =
            |text: &str| Rule { says: json!({ "mode": text }), source: crate::model::samples::source(7) };
        let config = |text: &str| Desired {
            rules: [("merge-policy \"green\"".to_owned(), rule(text))].into(),
            ..Desired::default()
        };
        document.rules = RuleChange::between(&config("never"), &config("on-green"));
        document
    }

    #[test]
    fn the_json_document_has_the_documented_shape() {
        insta::assert_snapshot!(serde_json::to_string_pretty(&document().to_json()).unwrap(), @r#"
        {
          "version": 1,
          "config": {
            "repo": "acme/config",
            "place": "/srv/config",
            "commit": "abababababababababababababababababababab",
            "dirty": false,
            "changed_files": null
          },
          "observed": {
            "at": "2026-06-01T12:00:00Z",
            "complete": false,
            "incomplete": [
              {
                "facet": "labels",
                "repo": "acme/gears",
                "why": "forbidden for this credential (403, request A1)",
                "cause": "auth"
              }
            ],
            "requests": 5,
            "points": 9,
            "cached_age_seconds": null
          },
          "actions": [
            {
              "id": "c221493e79558b4c",
              "address": "repo/acme/widgets",
              "loop": "repository-settings",
              "verb": "update-settings",
              "risk": "routine",
              "before": {
                "topics": [
                  "api",
                  "rust"
                ]
              },
              "after": {
                "topics": [
                  "rust",
                  "web"
                ]
              },
              "because": [
                {
                  "file": "factory.kdl",
                  "line": 11,
                  "column": 5,
                  "commit": null
                }
              ],
              "reason": "not as config fixes it",
              "blocked": null
            },
            {
              "id": "8c7cd2999ef9002a",
              "address": "repo/acme/widgets/label/old",
              "loop": "labels",
              "verb": "delete-label",
              "risk": "destructive",
              "before": {
                "name": "old",
                "color": "ededed",
                "description": ""
              },
              "after": null,
              "because": [
                {
                  "file": "factory.kdl",
                  "line": 30,
                  "column": 5,
                  "commit": null
                }
              ],
              "reason": "not declared, and the collection is authoritative; no issue carries it",
              "blocked": {
                "guard": "deletes",
                "says": "1 deletion in one run, 0 allowed (`change-budget deletes`, factory.kdl:3)",
                "override": "--allow deletes=1@repo/acme/widgets/label/old"
              }
            }
          ],
          "waiting": [
            {
              "address": "repo/acme/new",
              "on": "a first commit"
            }
          ],
          "rules": [
            {
              "name": "merge-policy \"green\"",
              "before": {
                "mode": "never"
              },
              "after": {
                "mode": "on-green"
              },
              "because": [
                {
                  "file": "factory.kdl",
                  "line": 7,
                  "column": 5,
                  "commit": null
                }
              ]
            }
          ],
          "disabled": [
            {
              "loop": "flips",
              "by": "factory.kdl:40",
              "reason": "moving",
              "until": "2026-06-01T12:00:00Z"
            }
          ],
          "unmanaged": [
            "acme/loose"
          ],
          "diagnostics": [
            "repo/acme/gone isn't on GitHub"
          ],
          "summary": {
            "add": 0,
            "change": 1,
            "delete": 0,
            "runs": 0,
            "blocked": 1,
            "waiting": 1,
            "repos": 1,
            "requests": 2,
            "creations": 0,
            "creations_take_seconds": null
          }
        }
        "#);
    }

    #[test]
    fn an_incomplete_reading_says_so_and_an_uncommitted_config_too() {
        let mut document = document();
        document.reading.commit = None;
        document.reading.changed_files = Some(2);
        let json = document.to_json();
        assert_eq!(json["config"]["dirty"], true);
        assert_eq!(json["config"]["changed_files"], 2);
        assert_eq!(json["observed"]["complete"], false);
        document.reading.incomplete.clear();
        assert_eq!(document.to_json()["observed"]["complete"], true);
    }

    #[test]
    fn a_plan_that_breaks_a_law_is_marked_unsound() {
        let case = Case::default();
        let violation = Violation { action: wiki_off(W).id, what: "changes nothing".into() };
        let verdict = case.judge(Vec::new(), Vec::new());
        let document = Document::new(&case.desired, &case.observed, &verdict, &[violation]);
        assert!(document.unsound);
        insta::assert_snapshot!(document.diagnostics.join("\n"), @r"bug: action ecb0d3d9172c39d0 changes nothing; the plan is not applied");
    }
}
