//! Who is at work, and whether anybody else may begin: caps, the disk, the day's spend, accounts that are paused.

use std::collections::BTreeSet;

use crate::model::{AtWork, Closed, Full, Paused, Repo, RepoName, RunSeen, Seen, day_of, usd};
use crate::plan::Plan;

use super::Cx;
use super::next::IN_VAIN;

/// How many agents are at work, and where.
pub(crate) struct Room {
    at_work: AtWork,
    /// Whether some of them are only planned.
    planned: bool,
    /// Repositories whose recipe has failed too often.
    unready: BTreeSet<RepoName>,
}

impl Room {
    /// As it is before anything is planned.
    pub(crate) fn of(cx: &Cx<'_>) -> Self {
        Self { at_work: AtWork::of(&cx.observed.runs), planned: false, unready: BTreeSet::new() }
    }

    /// Finds the repositories whose setup failed in the last runs, with the recipe that they still have.
    pub(crate) fn note_unready<'a>(
        &mut self,
        repos: impl Iterator<Item = &'a RepoName>,
        cx: &Cx<'_>,
        plan: &mut Plan,
    ) {
        let repos: BTreeSet<&RepoName> = repos.collect();
        for repo in repos {
            let Some(Unready { declared, times, last, closed }) = unready(repo, cx) else { continue };
            let says = format!(
                "{times} times in a row {}; nothing is started here until its recipe is another one: look at what it \
                 printed (factoryctl runs show {}), then change `recipe` ({})",
                closed.says, last.id, declared.source
            );
            plan.problem(declared.address(), says);
            self.unready.insert(repo.clone());
        }
    }

    /// Whether the setup of a repository fails.
    pub(super) fn is_unready(&self, repo: &RepoName) -> bool {
        self.unready.contains(repo)
    }

    /// One more is to be started there.
    pub(super) fn plan(&mut self, repo: &RepoName) {
        self.at_work.begins(repo);
        self.planned = true;
    }

    /// What has to end first, if there is no room.
    pub(super) fn full(&self, repo: &RepoName, cx: &Cx<'_>) -> Option<String> {
        let caps = cx.desired.run_caps;
        for (cap, most) in [("runs", caps.runs), ("runs-per-repo", caps.per_repo)] {
            if most == 0 {
                return Some(format!("a cap that lets runs start: caps.{cap} is 0"));
            }
        }
        let Full { cap, of_repo, busy, most } = self.at_work.full(repo, caps)?;
        let are = if self.planned { "are at work or begin first" } else { "are at work" };
        let there = if of_repo { format!(" in {repo}") } else { String::new() };
        Some(format!("a run{there} to end: {busy} of {most} {are} ({cap})"))
    }
}

/// A repository whose setup failed in its last runs, with the recipe that it still has.
pub(super) struct Unready<'a> {
    declared: &'a Repo,
    times: usize,
    last: &'a RunSeen,
    closed: &'a Closed,
}

/// Whether the setup of a repository has failed too often, whatever the runs were for.
pub(super) fn unready<'a>(repo: &RepoName, cx: &Cx<'a>) -> Option<Unready<'a>> {
    let declared = cx.desired.repos.get(repo)?;
    let recipe = declared.recipe.digest();
    let told = cx.observed.runs.iter().filter(|run| run.of.repo == *repo && run.tells_of_setup());
    let mut past: Vec<(&RunSeen, &Closed)> =
        told.filter_map(|run| Some((run, run.phase.closed()?))).collect();
    past.sort_by_key(|(_, closed)| closed.at);
    let failed = |(_, closed): &&(&RunSeen, &Closed)| closed.setup_failed.as_ref() == Some(&recipe);
    let times = past.iter().rev().take_while(failed).count();
    let &(last, closed) = past.last().filter(|_| times >= IN_VAIN)?;
    Some(Unready { declared, times, last, closed })
}

/// Why no run may use more of the disk, if none may.
pub(super) fn disk_full(cx: &Cx<'_>) -> Option<String> {
    let most = cx.desired.run_caps.disk?;
    match cx.observed.disk {
        Some(Seen::Known(used)) if used < most => None,
        Some(Seen::Known(used)) => {
            Some(format!("room on the disk: runs use {} of {} MiB (caps.disk)", used >> 20, most >> 20))
        }
        Some(Seen::Absent | Seen::Unknown) | None => {
            Some("a look at the disk: how much of it runs use can't be told (caps.disk)".to_owned())
        }
    }
}

/// What keeps an agent's account from working. What one run says of it holds for all agents on it.
pub(super) fn pause(agent: &str, cx: &Cx<'_>) -> Option<Paused> {
    let account = cx.desired.agents.get(agent).map_or(agent, |agent| &agent.account);
    cx.observed.paid.paused(account, cx.now)
}

/// What has to be over first, if the runs of the day have cost what they may.
pub(super) fn spent(cx: &Cx<'_>) -> Option<String> {
    let most = cx.desired.run_caps.spend_per_day?;
    let today = day_of(cx.now);
    let cost = cx.observed.paid.on(today).micros;
    let day = today.tomorrow().map_or_else(|_| "tomorrow".to_owned(), |day| day.to_string());
    let (cost, cap) = (usd(cost), (cost >= most).then(|| usd(most))?);
    Some(format!("{day} (UTC): the runs of {today} cost {cost} of {cap} (caps.spend-per-day)"))
}
