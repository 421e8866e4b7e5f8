//! One issue with all that decides about it.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::model::{
    Case, CommitId, Held, LabelName, Mark, MergeMode, MergePolicy, Permission, Phase, Pipeline, Playbook,
    PullCase, RepoName, RunSeen, Trusted, Watched,
};
use crate::work;

use super::commands::{Commands, commands};
use super::work::By;

/// One issue with all that decides about it.
#[derive(Debug)]
pub struct View<'a> {
    /// What work is looked at with.
    pub(crate) cx: work::Cx<'a>,
    /// Its pipeline.
    pub pipeline: &'a Pipeline,
    /// The issue.
    pub case: &'a Case,
    /// Its runs, oldest first.
    pub runs: Vec<&'a RunSeen>,
    /// What people said of how to go on with it.
    pub commands: Commands,
}

/// An issue that the factory leaves alone for a while, having written on it as often as it may within an hour.
pub(super) struct Quiet {
    /// Until when.
    pub(super) until: Timestamp,
    /// Why, as is said of it.
    pub(super) why: String,
    /// Whether that may be said on the issue, which is a write as well: once more than may be, nothing is.
    pub(super) is_to_be_told: bool,
}

impl<'a> View<'a> {
    /// Of an issue in a repository that has a pipeline.
    pub(crate) fn of(cx: work::Cx<'a>, pipeline: &'a Pipeline, case: &'a Case) -> Self {
        let is_its = |run: &&RunSeen| {
            run.of.repo == case.repo
                && run.of.subject.issue().is_some_and(|(number, _)| number == case.number)
        };
        let mut runs: Vec<&RunSeen> =
            cx.observed.runs.iter().chain(&cx.observed.elsewhere.runs).filter(is_its).collect();
        runs.sort_by(|a, b| a.id.cmp(&b.id));
        let mut view = Self { cx, pipeline, case, runs, commands: Commands::default() };
        view.commands = commands(&view);
        view
    }

    /// Whether nothing can be written in its repository.
    pub(super) fn is_archived(&self) -> bool {
        self.cx.observed.cases.archived.contains(&self.case.repo)
    }

    /// The time.
    pub(super) fn now(&self) -> Timestamp {
        self.cx.now
    }

    /// A playbook.
    pub(super) fn book(&self, name: &str) -> Option<&'a Playbook> {
        self.cx.desired.pipelines.playbooks.get(name)
    }

    /// The merge policy of its repository.
    pub(super) fn policy(&self) -> Option<&'a MergePolicy> {
        self.cx.desired.pipelines.policy(&self.case.repo)
    }

    /// Its pull request, if that is open.
    pub(super) fn pull(&self) -> Option<&'a PullCase> {
        self.case.pull().filter(|pull| pull.open)
    }

    /// Where its branch is, where neither a run nor a pull request of the factory's put it there.
    pub(super) fn foreign(&self) -> Option<&'a CommitId> {
        let head = self.case.branch.as_ref()?;
        let made = self.runs.iter().filter_map(|run| run.phase.closed()?.commit.as_ref());
        let shown = self.case.pulls.iter().map(|pull| &pull.head);
        (!made.chain(shown).any(|own| own == head)).then_some(head)
    }

    /// What is watched of it while something is done for it: whether it is still wanted.
    pub fn watched(&self) -> Watched {
        let pipeline = self.pipeline;
        // The factory may be about to take its own `human-required` off, and nobody else's is there.
        let people = [Mark::Hold, Mark::Human].map(|mark| pipeline.label(mark));
        let people = people.iter().filter(|label| !self.case.has(label));
        let labels = pipeline.intake.iter().chain(&pipeline.reserved.labels).chain(people);
        Watched {
            number: self.case.number,
            labels: labels.map(LabelName::key).collect(),
            intake: pipeline.intake.iter().map(LabelName::key).collect(),
            assignee: pipeline.assignee.clone(),
            ..Watched::default()
        }
    }

    /// Whether something was made or tried for it.
    pub(super) fn is_begun(&self) -> bool {
        !self.runs.is_empty() || !self.case.pulls.is_empty()
    }

    /// Whether there was a run for it in a phase.
    pub fn has_been_at(&self, phase: Phase) -> bool {
        self.runs.iter().any(|run| run.of.subject.issue().is_some_and(|(_, of)| of == phase))
    }

    /// Everybody but its runs who has pushed what led to its head, back to where a run began with its base or the branch began.
    /// `None` where GitHub's record of pushes doesn't tell of all of them: anybody may be among them. What a commit says of who
    /// made it is never asked, since who pushes it writes that.
    pub(super) fn pushers(&self, pull: &'a PullCase) -> Option<BTreeSet<&'a str>> {
        let mut who = BTreeSet::new();
        let mut record = pull.pushes.known().map(Vec::as_slice).unwrap_or_default().iter();
        let mut at = self.before_runs(&pull.head);
        while let Some(commit) = at {
            // Of a branch that moved since its pull request was read, what came later is not told of.
            let push =
                record.find(|push| push.after.as_ref() == Some(commit)).filter(|it| !it.by.is_empty())?;
            who.insert(push.by.as_str());
            at = push.before.as_ref().and_then(|before| self.before_runs(before));
        }
        Some(who)
    }

    /// What the run began with that made a commit, and the run before that, as far as runs made it; nothing where the first of
    /// them began with its base.
    fn before_runs<'c>(&'c self, commit: &'c CommitId) -> Option<&'c CommitId>
    where
        'a: 'c,
    {
        let mut at = commit;
        // Each of them was there before what it made.
        for _ in 0..=self.runs.len() {
            let made = |run: &&&RunSeen| run.phase.closed().is_some_and(|it| it.commit.as_ref() == Some(at));
            match self.runs.iter().find(made) {
                Some(run) => at = run.of.play.as_ref()?.head.as_ref()?,
                None => break,
            }
        }
        Some(at)
    }

    /// Whether it has to be known who has pushed to its branch: something led to its head that no run made, and either
    /// somebody's approval may have it merged, or it is to be told whether what landed is what the factory made, which graduation
    /// goes by.
    pub fn asks_who_pushed(&self) -> bool {
        let foreign = self.case.pull().filter(|pull| self.before_runs(&pull.head).is_some());
        let (Some(pull), Some(policy)) = (foreign, self.policy()) else { return false };
        let judged = match policy.mode {
            MergeMode::OnGreenWithReview => true,
            MergeMode::OnGreen => self.has_reviewer(),
            MergeMode::Never => false,
        };
        let counts = policy.mode == MergeMode::Never || policy.graduation.clean_pulls > 0;
        let is_told = || self.cx.observed.cases.held.knows(&self.case.repo, pull.number);
        if pull.merged() { pull.own && counts && !is_told() } else { pull.open && judged }
    }

    /// Until when it is left alone where the factory has written on it as often as it may within an hour.
    pub(super) fn quiet(&self) -> Option<Quiet> {
        let held = &self.cx.observed.cases.held;
        let Pipeline { writes, source, .. } = self.pipeline;
        let of = (&self.case.repo, self.case.number);
        let (written, until) = held.writes_within_the_hour(of, *writes, self.cx.now);
        let why =
            format!("quiet: {written} writes on it within an hour, and {writes} are allowed ({source})");
        until.map(|until| Quiet { until, why, is_to_be_told: written == *writes })
    }

    /// The rounds of what is asked for until it holds: as many as are granted, then one by a specialist, who is told `why`. Each
    /// `/retry` grants as many again.
    pub(super) fn rounds(&self, granted: u32, why: &str) -> impl Iterator<Item = (u32, By)> {
        let retries = self.commands.heard.iter().filter(|(.., it)| *it == super::Command::Retry).count();
        let laps = u32::try_from(retries).unwrap_or(u32::MAX).saturating_add(1);
        let by = move |round: u32| {
            let is_last = round.is_multiple_of(granted + 1);
            (round, if is_last { By::Specialist(why.to_owned()) } else { By::ThenSpecialist })
        };
        (1..=(granted + 1).saturating_mul(laps)).map(by)
    }

    /// Those whose word counts here, and what they must be allowed to do for that. Who owns the repository may do all.
    pub(super) fn relies_on(&self) -> Trusted {
        let all = Self::asks_about(self.pipeline, self.case).into_iter().map(|login| login.to_lowercase());
        let may = |login: &String| {
            let has = self.cx.observed.cases.permission(&self.case.repo, login);
            has.is_some_and(|has| has >= self.pipeline.trust)
        };
        let logins = all.filter(|it| !it.eq_ignore_ascii_case(self.case.repo.owner()) && may(it)).collect();
        Trusted { logins, permission: self.pipeline.trust }
    }

    /// Whether somebody may steer; `None` where nobody knows.
    pub(super) fn is_trusted(&self, login: &str) -> Option<bool> {
        if self.is_author(login) {
            return Some(true);
        }
        // It has something to say on pull requests, and nothing to ask for.
        if self.is_reviewer(login) {
            return Some(false);
        }
        let has: Permission = self.cx.observed.cases.permission(&self.case.repo, login)?;
        Some(has >= self.pipeline.trust)
    }

    /// Whether what somebody asks to be changed keeps a pull request from landing: of those who may write in the repository, as
    /// GitHub has it, of those who may steer, and of the reviewer; of somebody of whom nobody knows it does, too.
    pub(super) fn may_object(&self, login: &str) -> bool {
        let has = self.cx.observed.cases.permission(&self.case.repo, login);
        self.is_reviewer(login) || has.is_none_or(|has| has >= self.pipeline.trust.min(Permission::Write))
    }

    /// Who put a label there, where that wasn't the factory; of a label of which nobody can tell it may have been anybody.
    pub(super) fn set_by_people(&self, label: &LabelName) -> Option<&'a str> {
        match &self.case.labels.get(&label.key())?.by {
            Some((by, _)) if self.is_factory(by) => None,
            Some((by, _)) => Some(by),
            None => Some("somebody"),
        }
    }

    /// Whether the factory has a reviewer besides its author.
    pub(super) fn has_reviewer(&self) -> bool {
        self.cx.desired.github.reviewer.is_some()
    }

    /// The login of the reviewer, where GitHub tells it and it is somebody else than the author.
    pub(super) fn reviewer(&self) -> Option<&'a str> {
        let login = self.cx.observed.cases.reviewer.as_deref().filter(|_| self.has_reviewer());
        login.filter(|login| !login.is_empty() && !self.is_author(login))
    }

    /// Whether this is the login of the reviewer.
    pub(super) fn is_reviewer(&self, login: &str) -> bool {
        self.reviewer().is_some_and(|own| own.eq_ignore_ascii_case(login))
    }

    /// Whether this is one of the factory's own logins.
    pub(super) fn is_factory(&self, login: &str) -> bool {
        self.is_author(login) || self.is_reviewer(login)
    }

    /// Whether this is the login by which the factory does nearly everything.
    fn is_author(&self, login: &str) -> bool {
        let owner = self.case.repo.owner().to_lowercase();
        let own = self.cx.observed.cases.own.get(&owner);
        own.is_some_and(|own| !login.is_empty() && own.eq_ignore_ascii_case(login))
    }

    /// Whom it has to be known of what they may do.
    pub fn asks_about(pipeline: &Pipeline, case: &Case) -> Vec<String> {
        let intake = pipeline.intake.iter().filter_map(|label| case.labels.get(&label.key())?.by.as_ref());
        let assigned = pipeline.assignee.iter().filter_map(|login| case.assigned(login)?.as_ref());
        let setters = intake.chain(assigned).map(|(login, _)| login.clone());
        let speakers = case
            .comments
            .iter()
            .filter(|comment| !comment.own && crate::model::is_command(&comment.body))
            .map(|comment| comment.by().to_owned());
        let judges = |it: &&crate::model::ReviewSeen| it.verdict != crate::model::ReviewIs::Commented;
        let reviews = case.pull().and_then(|pull| pull.reviews.known()).into_iter().flatten();
        let judges = reviews.filter(judges).map(|it| it.author.clone());
        let threads = case.pull().and_then(|pull| pull.threads.known()).into_iter().flatten();
        let open = threads.filter(|thread| !thread.resolved).filter_map(|thread| thread.comments.last());
        let talkers = open.filter(|(_, _, own, _)| !own).map(|(_, author, ..)| author.clone());
        let is_asked_about = pipeline.search.is_some() || super::merge::speaks_of_tests(case);
        let author = is_asked_about.then(|| case.author.clone());
        let editor = case.changes().map(|(_, login)| login.clone()).chain(author);
        setters
            .chain(speakers)
            .chain(editor)
            .chain(judges)
            .chain(talkers)
            .filter(|login| !login.is_empty())
            .collect()
    }
}

/// Something that the ledger must hold before a policy takes effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What is asked for, and what there is.
    pub says: String,
    /// Whether there is enough.
    pub met: bool,
}

impl View<'_> {
    /// How the evidence stands that a policy asks for.
    pub fn graduation(&self, policy: &MergePolicy) -> Vec<Evidence> {
        graduation(policy, &self.case.repo, &self.cx.observed.cases.held)
    }

    /// Since when it stands where it stands: the last thing that happened to it that decides about that.
    pub fn since(&self) -> Timestamp {
        let case = self.case;
        let asked =
            self.pipeline.intake.iter().filter_map(|label| case.labels.get(&label.key())?.by.as_ref());
        let assigned = self.pipeline.assignee.iter().filter_map(|login| case.assigned(login)?.as_ref());
        let asked = asked.chain(assigned).map(|(_, at)| *at);
        let ran = self.runs.iter().filter_map(|run| match run.phase.closed() {
            Some(closed) => Some(closed.at),
            None => run.id.moment(),
        });
        let pull = case.pull().into_iter().flat_map(|pull| {
            let landed = pull.landed.as_ref().map(|landed| landed.at);
            [Some(pull.opened), pull.head_at, landed].into_iter().flatten()
        });
        let said = self.commands.heard.iter().map(|(at, ..)| *at);
        let edited = case.edited.as_ref().map(|(at, _)| *at);
        asked.chain(ran).chain(pull).chain(said).chain(edited).fold(case.opened, Timestamp::max)
    }

    /// Since when it is parked, as its label tells; what is said of it meanwhile makes it no younger.
    pub fn parked_since(&self) -> Timestamp {
        let on = self.case.labels.get(&self.pipeline.label(Mark::Parked).key());
        on.and_then(|on| on.by.as_ref()).map_or_else(|| self.since(), |(_, at)| *at)
    }

    /// The run that is at work on it, if one is.
    pub fn at_work(&self) -> Option<&RunSeen> {
        self.runs.iter().copied().find(|run| run.phase.closed().is_none())
    }
}

/// How the evidence stands in a repository that a policy asks for.
pub fn graduation(policy: &MergePolicy, repo: &RepoName, held: &Held) -> Vec<Evidence> {
    let asked = &policy.graduation;
    let mut out = Vec::new();
    if asked.clean_pulls > 0 {
        let there = held.clean_pulls(repo);
        let says = format!("{there} of {} clean pull requests", asked.clean_pulls);
        out.push(Evidence { says, met: there >= asked.clean_pulls });
    }
    if let Some(soak) = asked.soak {
        let there = held.soaked(asked.drift).unwrap_or_default();
        let grew = asked
            .drift
            .map(|kib| format!(" that grew by no more than {} MiB", kib / 1024))
            .unwrap_or_default();
        let says = format!("a soak of {} of {} minutes{grew}", there.as_secs() / 60, soak.as_secs() / 60);
        out.push(Evidence { says, met: there >= soak });
    }
    if let Some(by) = &asked.approved_by {
        let met = held.has_approved(by, policy);
        let says = if met {
            format!("approved by {by}")
        } else {
            format!("no approval by {by} of what it reads now")
        };
        out.push(Evidence { says, met });
    }
    out
}
