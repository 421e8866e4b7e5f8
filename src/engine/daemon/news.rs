//! What another config, and the start, mean for the daemon.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::engine::config::{Keeper, News};
use crate::engine::scheduler::Setup;
use crate::engine::switches::Flip;
use crate::engine::tick::Audience;
use crate::ledger::{self, Index, Record, Verdict};
use crate::loops::{self, Trigger};
use crate::model::{Allow, CommitId, Desired, Facet, Facets, GitHub};
use crate::plan::Switches;

use super::Daemon;

/// What the ledger is to be told at the start, and what a person should notice.
pub(super) fn at_start(
    keeper: &Keeper,
    index: &Index,
    audience: &dyn Audience,
    now: Timestamp,
) -> Vec<Record> {
    let mut out = Vec::new();
    let commit = &keeper.current().commit;
    if index.config_in_force() != Some(commit) {
        out.push(verdict(commit, Verdict::InForce, "the daemon has started"));
    }
    let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    for allow in keeper.current().desired.ended(today) {
        audience.remark(&ended(allow));
    }
    if let Some(rejected) = keeper.rejected() {
        audience.remark(&format!("{} is not in force:\n{}", rejected.commit.short(), rejected.details));
        if index.config_rejected().is_none_or(|(known, _)| *known != rejected.commit) {
            out.push(verdict(&rejected.commit, Verdict::Rejected, &rejected.why));
        }
    }
    out
}

/// What is to be done about an override that has ended and is still in the config in force.
pub(super) fn ended(allow: &Allow) -> String {
    let place = allow.source.as_ref().map(|source| format!(" at {source}")).unwrap_or_default();
    format!(
        "the override of `{}`{place} has ended: remove it, since no new commit that has it comes into force",
        allow.guard
    )
}

fn verdict(commit: &CommitId, verdict: Verdict, why: &str) -> Record {
    Record::Config(ledger::Config { commit: commit.clone(), verdict, why: why.to_owned() })
}

/// What the ledger is told of a flip that ended by itself.
pub(super) fn flip_ended(flip: &Flip) -> Option<Record> {
    let address = flip.plain_address()?;
    Some(Record::Flip(ledger::Flip {
        address,
        on: !flip.on,
        reason: "its pull request was closed, or merged and is in force".to_owned(),
        until: None,
        by: "daemon".to_owned(),
    }))
}

/// Why a loop has nothing to do without a config repository on GitHub.
pub(super) const LOCAL: &str = "there is no config repository on GitHub";

/// Whether a loop works on the config repository on GitHub alone, and there is none.
pub(super) fn needs_home(needs: Facets, desired: &Desired) -> bool {
    desired.factory.config.is_none() && (needs.has(Facet::ConfigPulls) || needs.has(Facet::Flips))
}

/// How often a loop looks again: one that cares for runs does so only where config gives agents something to do. What
/// runs still, or has just ended, wakes it anyway.
pub(super) fn interval(l: &dyn loops::AnyLoop, desired: &Desired) -> Option<Duration> {
    let every = desired.loops.get(l.name()).and_then(|c| c.every).or_else(|| l.interval());
    let looks_on = |facet| l.triggers().contains(&Trigger::On(facet));
    let has_work = if looks_on(Facet::Cases) {
        !desired.pipelines.of_repo.is_empty()
    } else if looks_on(Facet::Language) {
        desired.has_language()
    } else {
        !looks_on(Facet::Runs) || !desired.tasks.is_empty()
    };
    every.filter(|_| has_work)
}

/// The loops as a config and the switches want them scheduled.
pub(super) fn setups(desired: &Desired, switches: &Switches) -> Vec<Setup> {
    let setup = |l: &&'static dyn loops::AnyLoop| {
        let on = l.triggers().iter().fold(Facets::NONE, |all, trigger| match trigger {
            Trigger::On(facet) => all.and(Facets::of(*facet)),
            Trigger::Every(_) => all,
        });
        // Where there are no words to keep, runs that end are nothing to look at.
        let on = if on.has(Facet::Language) && !desired.has_language() { Facets::NONE } else { on };
        Setup {
            name: l.name(),
            every: interval(*l, desired),
            on,
            enabled: !switches.loops.contains_key(l.name()) && !needs_home(l.needs(), desired),
        }
    };
    loops::ALL.iter().map(setup).collect()
}

/// What is said while the branch can't be read.
pub(super) fn unread(why: &str) -> String {
    format!("the config can't be read, the last good one stays in force: {why}")
}

/// Whether another GitHub is named, or somebody else is there.
fn is_another(now: &GitHub, before: &GitHub) -> bool {
    (&now.auth, &now.reviewer, &now.api.value) != (&before.auth, &before.reviewer, &before.api.value)
}

impl Daemon {
    /// Compares the config branch, and takes what is new.
    pub(super) async fn refresh_config(&mut self) {
        let before = Arc::clone(&self.desired.borrow());
        let mut connected = None;
        let source = Arc::clone(self.keeper.source());
        let connect = Arc::clone(&self.connect);
        let news = self
            .keeper
            .refresh(|desired| {
                if source.identity(desired) != source.identity(&before) {
                    return Err("it names another config repository, branch or GitHub; restart the daemon to follow it".to_owned());
                }
                if is_another(&desired.github, &before.github) {
                    connected = Some(connect(desired)?);
                }
                Ok(())
            })
            .await;
        let now = self.clock.now();
        match news {
            News::None => {}
            News::Trouble => {
                let why = self.keeper.trouble().unwrap_or_default().to_owned();
                tracing::error!(why, "the config can't be read; the last good one stays in force");
                self.audience.remark(&unread(&why));
            }
            News::Mended => {
                let commit = self.keeper.current().commit.clone();
                self.audience.remark(&format!("{} is the head again, and in force", commit.short()));
                self.records.push(verdict(
                    &commit,
                    Verdict::InForce,
                    "the head is the commit in force again",
                ));
            }
            News::Rejected => {
                let Some(rejected) = self.keeper.rejected() else { return };
                let kept = &self.keeper.current().commit;
                tracing::error!(commit = %rejected.commit, why = rejected.why, in_force = %kept, "the config was rejected");
                self.audience.remark(&format!(
                    "{} was rejected, {} stays in force:\n{}",
                    rejected.commit.short(),
                    kept.short(),
                    rejected.details.trim_end()
                ));
                self.records.push(verdict(&rejected.commit, Verdict::Rejected, &rejected.why));
                self.scheduler.event(Facets::of(Facet::ConfigPulls), now);
            }
            News::InForce { before, rewritten, warnings } => {
                if let Some(clients) = connected {
                    self.clients.send_replace(clients);
                }
                self.take_config(&before, rewritten, warnings).await;
            }
        }
    }

    async fn take_config(&mut self, before: &CommitId, rewritten: bool, warnings: usize) {
        let current = self.keeper.current().clone();
        if rewritten {
            tracing::warn!(%before, now = %current.commit, "the config branch was rewritten");
            self.audience.remark(&format!(
                "the config branch was rewritten: {} is no longer in its history",
                before.short()
            ));
        }
        let odd = if warnings > 0 { format!(", with {warnings} warnings") } else { String::new() };
        self.audience.remark(&format!("{} is in force{odd}", current.commit.short()));
        let why = if rewritten { "the branch was rewritten" } else { "" };
        self.records.push(verdict(&current.commit, Verdict::InForce, why));
        let now = self.clock.now();
        self.desired.send_replace(Arc::clone(&current.desired));
        if let Err(error) = self.shop.board.refresh(Some(Arc::clone(&current.desired)), now) {
            tracing::error!(%error, "the live switches can't be kept");
        }
        // What an older config wanted is not carried on with.
        if let Some(running) = &self.running {
            running.stop.cancel();
        }
        self.scheduler.configure(setups(&current.desired, &self.shop.board.now()), now);
        self.follow_hooks().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Repo, samples};

    #[test]
    fn a_loop_of_runs_rests_where_there_is_nothing_to_run() {
        let looks = |desired: &Desired| {
            let rests =
                loops::ALL.iter().filter(|l| l.interval().is_some() && interval(**l, desired).is_none());
            rests.map(|l| l.name().to_string()).collect::<Vec<_>>()
        };
        let mut desired = Desired::default();
        let keepers = crate::language::keep::KEEPERS.iter().map(|keeper| keeper.name);
        let of_language: Vec<&str> = keepers.chain(["language-review"]).collect();
        assert_eq!(looks(&desired), [&["tasks", "pipeline"], of_language.as_slice()].concat());
        let task = samples::task("hone");
        desired.tasks.insert(task.name(), task);
        assert_eq!(looks(&desired), [&["pipeline"], of_language.as_slice()].concat());
        desired.pipelines.of_repo.insert(samples::name("acme/widgets"), "standard".into());
        assert_eq!(looks(&desired), of_language);
        let language = Some(Arc::new(crate::language::terms::samples::language()));
        let repo = Repo { language, ..samples::repo("acme/widgets") };
        desired.repos.insert(repo.name.clone(), repo);
        assert!(looks(&desired).is_empty());
    }
}
