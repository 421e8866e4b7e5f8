//! What the commands about issues look at: the same reading as `plan`'s, whatever is switched off.

use std::collections::BTreeSet;

use crate::adapters::github::Patience;
use crate::cli::context::Context;
use crate::cli::daemon::warn_elsewhere;
use crate::cli::exit::{Exit, Fail};
use crate::cli::next;
use crate::cli::plan::{incomplete, remembered};
use crate::cli::session::{READING, Session};
use crate::cli::ui::Progress;
use crate::engine::{self, Also, Judged, Judging, Loaded};
use crate::loops::{self, Selection};
use crate::model::{Address, Case, Desired, Facet, Gap, Observed, RepoName, Verb};
use crate::pipeline::{MARKER, Queue, Station, View};
use crate::plan::{Blocked, Memory, Switches};
use crate::work;

/// How many issues are named at most.
const NAMED: usize = 10;

/// Config and world, as they are at this moment.
pub(crate) struct Looked {
    loaded: Loaded,
    session: Session,
    switches: Switches,
    memory: Memory,
    /// What was read.
    pub(crate) observed: Observed,
    /// When.
    pub(crate) now: jiff::Timestamp,
}

impl Looked {
    /// Reads config and world.
    pub(crate) async fn at(cx: &Context) -> Result<Self, Fail> {
        Self::with(cx, None).await
    }

    /// Reads config and world, with one issue whatever became of it.
    pub(super) async fn with(cx: &Context, meant: Option<&Meant>) -> Result<Self, Fail> {
        let source = cx.source().await?;
        let loaded = cx.load(&source, cx.at())?;
        let state = cx.state(&source, &loaded.desired)?;
        warn_elsewhere(cx, &state).await;
        let switches = cx.switches(&state, &loaded.desired)?;
        let session = cx.connect(&source, &loaded.desired, Patience::Foreground)?;
        let (memory, forgotten) = remembered(cx, Some(&session), &source, &state, &loaded.desired).await;
        let now = cx.clock.now();
        // What is switched off is looked at all the same.
        let (selection, on) = (starters(), Switches::default());
        let judging = Judging::new(&loaded.desired, &selection, &on, &memory, now);
        let mut observed = {
            let _drawn = Progress::waiting(&cx.ui, READING);
            let repos = loaded.desired.pipelines.of_repo.keys();
            let meant = meant.into_iter().flat_map(|it| {
                repos.clone().filter(|repo| it.is_in(repo)).map(|repo| (repo.clone(), it.number))
            });
            let also = Also { cases: meant.collect(), ..Also::default() };
            engine::look(&judging, &session.world(cx), &also).await
        };
        observed.gaps.extend(forgotten);
        // What doesn't decide about issues is none of their business.
        observed.gaps.retain(|gap| matches!(gap.facet, Facet::Runs | Facet::Cases));
        Ok(Self { loaded, session, switches, memory, observed, now })
    }

    /// The config.
    pub(crate) fn desired(&self) -> &Desired {
        &self.loaded.desired
    }

    /// Where the records of runs lie.
    pub(super) fn runs(&self) -> std::path::PathBuf {
        self.session.state.runs()
    }

    /// Every issue that is known, and where it stands, in the order of their turns.
    pub(crate) fn in_turn(&self) -> Vec<(View<'_>, Station)> {
        loops::in_turn(work::Cx { desired: self.desired(), observed: &self.observed, now: self.now })
    }

    /// What would be done now.
    pub(crate) fn judged(&self) -> Judged {
        let selection = starters();
        let judging = Judging::new(self.desired(), &selection, &self.switches, &self.memory, self.now);
        engine::judge(&judging, &self.observed)
    }

    /// What is switched off that would go on with a pull request.
    pub(crate) fn switched_off(&self, repo: &RepoName, pull: u64) -> Option<Blocked> {
        let address = Address::repo(repo).part("pull", &pull.to_string());
        self.switches.holds("pipeline", |glob| glob.covers(&address))
    }

    /// A repository that has a pipeline.
    pub(super) fn repository(&self, text: &str) -> Result<RepoName, Fail> {
        let name = RepoName::parse(text)
            .map_err(|error| Fail::new(Exit::Usage, format!("`{text}` is no repository")).because(error))?;
        if self.desired().pipelines.of(&name).is_some() {
            return Ok(name);
        }
        let all = self.desired().pipelines.of_repo.keys().map(RepoName::as_str);
        let all = all.collect::<Vec<_>>().join(", ");
        let help =
            if all.is_empty() { NO_PIPELINE.to_owned() } else { format!("those that have one: {all}") };
        Err(Fail::new(Exit::Error, format!("{name} has no pipeline")).help(help))
    }

    /// The one issue that is meant.
    pub(super) fn issue<'v, 'a>(
        &self,
        meant: &Meant,
        known: &'v [(View<'a>, Station)],
    ) -> Result<(&'v View<'a>, &'v Station), Fail> {
        let is_it = |case: &Case| case.number == meant.number && meant.is_in(&case.repo);
        // What nobody asks for, and the factory never spoke of, was only read because it was named.
        let is_known = |view: &View<'_>, at: &Station| {
            at.stand.queue() != Queue::Left
                || !view.runs.is_empty()
                || view.case.own_comment(MARKER).is_some()
        };
        let found = known.iter().filter(|(view, at)| is_it(view.case) && is_known(view, at));
        let found: Vec<_> = found.collect();
        match found.as_slice() {
            [(view, station)] => Ok((view, station)),
            [] => Err(self.no_issue(meant, known)),
            several => Err(meant.ambiguous("an issue", several.iter().map(|(view, _)| &view.case.repo))),
        }
    }

    /// What to say of something that the reading doesn't show, where not everything was read.
    pub(crate) fn unread(&self, meant: &Meant, what: &str) -> Option<Fail> {
        let is_its = |gap: &&Gap| gap.repo.as_ref().is_none_or(|repo| meant.is_in(repo));
        let gap = self.observed.gaps.iter().find(is_its)?;
        let says = format!("whether there is {what} can't be told: {}", gap.why);
        Some(Fail::new(incomplete(&self.observed), says).help(next::reading(gap.cause)))
    }

    /// What to say of an issue that no pipeline knows.
    fn no_issue(&self, meant: &Meant, known: &[(View<'_>, Station)]) -> Fail {
        if let Some(repo) = &meant.repo
            && let Err(fail) = self.repository(repo.as_str())
        {
            return fail;
        }
        let fail = Fail::new(Exit::Error, format!("no pipeline knows an issue {meant}"));
        let of_pull = known.iter().map(|(view, _)| view.case).find(|case| {
            meant.is_in(&case.repo) && case.pulls.iter().any(|pull| pull.number == meant.number)
        });
        if let Some(case) = of_pull {
            let says = format!("it is a pull request for {}#{}", case.repo, case.number);
            return fail.help(format!("{says}: factoryctl issue show {}#{}", case.repo, case.number));
        }
        if let Some(fail) = self.unread(meant, &format!("an issue {meant}")) {
            return fail;
        }
        let mut near: Vec<&Case> =
            known.iter().map(|(view, _)| view.case).filter(|case| meant.is_in(&case.repo)).collect();
        near.retain(|case| case.number != meant.number);
        near.sort_by_key(|case| case.number.abs_diff(meant.number));
        let near = near.into_iter().take(NAMED).map(|case| format!("{}#{}", case.repo, case.number));
        let near = near.collect::<Vec<_>>().join(", ");
        if near.is_empty() {
            return fail.help(self.asks_for(meant));
        }
        fail.help(format!("those that it knows: {near}; {}", self.asks_for(meant)))
    }

    /// How an issue becomes one of a pipeline's.
    fn asks_for(&self, meant: &Meant) -> String {
        let pipelines = &self.desired().pipelines;
        let of_repo = pipelines.of_repo.keys().filter(|repo| meant.is_in(repo));
        let labels: BTreeSet<String> = of_repo
            .filter_map(|repo| pipelines.of(repo))
            .flat_map(|pipeline| pipeline.intake.iter().map(|label| format!("`{label}`")))
            .collect();
        if labels.is_empty() {
            return NO_PIPELINE.to_owned();
        }
        let labels: Vec<String> = labels.into_iter().collect();
        format!("the label {} asks for one", labels.join(" or "))
    }
}

/// The loops that start runs: they know how much room there is.
fn starters() -> Selection {
    let starts = loops::ALL.iter().filter(|l| l.may().contains(&Verb::StartRun));
    Selection { only: starts.map(|l| l.name().to_owned()).collect() }
}

/// What to do where no repository has a pipeline.
const NO_PIPELINE: &str =
    "`factoryctl explain pipeline` shows how one is declared, and `repo` has it by `pipeline`";

/// An issue or a pull request, as it is written: `7`, `#7` or `acme/widgets#7`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Meant {
    pub(crate) repo: Option<RepoName>,
    pub(crate) number: u64,
}

impl Meant {
    /// Parses one.
    pub(crate) fn parse(text: &str) -> Result<Self, Fail> {
        let wrong = || {
            Fail::new(Exit::Usage, format!("`{text}` is no issue or pull request"))
                .help("write its number, or OWNER/NAME#NUMBER")
        };
        let (repo, number) = text.rsplit_once('#').unwrap_or(("", text));
        let repo = match repo {
            "" => None,
            name => Some(RepoName::parse(name).map_err(|error| wrong().because(error))?),
        };
        let number = number.parse().ok().filter(|number| *number > 0).ok_or_else(wrong)?;
        Ok(Self { repo, number })
    }

    /// Whether it may be of this repository.
    pub(crate) fn is_in(&self, repo: &RepoName) -> bool {
        self.repo.as_ref().is_none_or(|own| own == repo)
    }

    /// What to say where it is in several repositories.
    pub(crate) fn ambiguous<'a>(&self, what: &str, repos: impl Iterator<Item = &'a RepoName>) -> Fail {
        let each = repos.map(|repo| format!("{repo}#{}", self.number)).collect::<Vec<_>>().join(", ");
        Fail::new(Exit::Error, format!("several repositories have {what} {self}"))
            .help(format!("name one of them: {each}"))
    }
}

impl std::fmt::Display for Meant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let repo = self.repo.as_ref().map(RepoName::as_str).unwrap_or_default();
        write!(f, "{repo}#{}", self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issue_is_meant_by_its_number_with_or_without_its_repository() {
        for (text, expect) in [
            ("7", Some((None, 7))),
            ("#7", Some((None, 7))),
            ("acme/widgets#7", Some((Some("acme/widgets"), 7))),
            ("0", None),
            ("", None),
            ("acme/widgets", None),
            ("acme#7", None),
            ("acme/widgets#", None),
        ] {
            let meant = Meant::parse(text).ok();
            let meant = meant.as_ref().map(|it| (it.repo.as_ref().map(RepoName::as_str), it.number));
            assert_eq!(meant, expect, "{text}");
        }
    }
}
