//! Desired and observed states for tests, built in a few words.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{
    AgentBounds, AgentConfig, Clocks, Closed, Desired, FollowUps, LabelName, LabelSpec, LabelState, Labels,
    Limits, Mode, Observed, Outcome, OwnRepo, Recipe, Repo, RepoName, RepoState, Seen, Setting, SettingValue,
    Source, Sourced, Subject, Task,
};

impl From<bool> for SettingValue {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<&str> for SettingValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl<const N: usize> From<[&str; N]> for SettingValue {
    fn from(names: [&str; N]) -> Self {
        Self::Names(names.into_iter().map(str::to_owned).collect())
    }
}

/// Noon on the first of June 2026.
pub(crate) fn now() -> jiff::Timestamp {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

pub(crate) fn name(text: &str) -> RepoName {
    RepoName::parse(text).unwrap()
}

pub(crate) fn source(line: u32) -> Source {
    Source { file: "factory.kdl".into(), line, column: 5, commit: None }
}

/// A declared repository that asks for nothing.
pub(crate) fn repo(text: &str) -> Repo {
    Repo {
        name: name(text),
        source: source(10),
        create: false,
        groups: Vec::new(),
        settings: BTreeMap::new(),
        labels: Labels::default(),
        recipe: Recipe::default(),
        gates: Vec::new(),
        language: None,
    }
}

impl Repo {
    pub(crate) fn created(mut self) -> Self {
        self.create = true;
        self
    }

    /// Fixes a setting, on a line of its own.
    pub(crate) fn fix(mut self, setting: Setting, value: impl Into<SettingValue>) -> Self {
        let line = 11 + u32::try_from(self.settings.len()).unwrap();
        self.settings.insert(setting, Sourced::new(value.into(), source(line), "repo"));
        self
    }

    pub(crate) fn mode(mut self, mode: Mode) -> Self {
        self.labels.mode = Sourced::new(mode, source(30), "repo");
        self
    }

    /// Declares a label, on a line of its own.
    pub(crate) fn label(mut self, spec: LabelSpec) -> Self {
        let line = 31 + u32::try_from(self.labels.specs.len()).unwrap();
        self.labels.specs.insert(spec.name.key(), Sourced::new(Arc::new(spec), source(line), "labels"));
        self
    }
}

/// An agent of a kind that has sessions.
pub(crate) fn agent(name: &str) -> AgentConfig {
    AgentConfig {
        name: name.into(),
        kind: "codex".into(),
        program: Vec::new(),
        model: None,
        account: name.into(),
        vars: Vec::new(),
        limits: Limits::default(),
        bounds: AgentBounds::default(),
        clocks: Clocks::default(),
        waits: Vec::new(),
        source: source(4),
    }
}

/// A run that ended so at [`now`] and left nothing.
pub(crate) fn closed(outcome: Outcome) -> Closed {
    Closed::bare(outcome, "so it was", now())
}

/// A task of `acme/widgets` that the agent `one` is to do in two attempts.
pub(crate) fn task(text: &str) -> Task {
    Task {
        subject: Subject::Task(text.into()),
        repo: name("acme/widgets"),
        prompt: format!("Do {text}."),
        agents: vec!["one".into()],
        attempts: 2,
        continuations: 2,
        answer: None,
        paths: Vec::new(),
        may_weaken: false,
        follow_ups: FollowUps::None,
        work: None,
        play: None,
        source: source(4),
    }
}

/// A label that is declared by its name alone.
pub(crate) fn label(text: &str) -> LabelSpec {
    LabelSpec {
        name: LabelName::parse(text).unwrap(),
        color: None,
        description: None,
        was: None,
        delete_after: None,
    }
}

impl LabelSpec {
    pub(crate) fn color(mut self, color: &str) -> Self {
        self.color = Some(color.to_owned());
        self
    }

    pub(crate) fn about(mut self, description: &str) -> Self {
        self.description = Some(description.to_owned());
        self
    }

    pub(crate) fn was(mut self, name: &str) -> Self {
        self.was = Some(LabelName::parse(name).unwrap());
        self
    }

    pub(crate) fn delete_after(mut self, day: &str) -> Self {
        self.delete_after = Some(day.parse().unwrap());
        self
    }
}

/// A state of the config that declares these repositories.
pub(crate) fn desired(repos: impl IntoIterator<Item = Repo>) -> Desired {
    let repos = repos.into_iter().map(|r| (r.name.clone(), r)).collect();
    let mut desired = Desired { repos, ..Desired::default() };
    desired.factory.branch = "main".to_owned();
    desired.budget.source = source(3);
    desired
}

/// The same with a config repository on GitHub.
pub(crate) fn with_config(mut desired: Desired, repo: &str) -> Desired {
    desired.factory.config = Some(Sourced::new(name(repo), source(1), "factory"));
    desired
}

/// An observed repository whose settings are GitHub's usual ones, without labels.
pub(crate) fn state(text: &str) -> RepoState {
    let mut settings = BTreeMap::new();
    for &setting in Setting::ALL {
        let value: SettingValue = match setting {
            Setting::Description | Setting::Homepage => "".into(),
            Setting::Topics => SettingValue::from([]),
            Setting::Visibility => "private".into(),
            Setting::DefaultBranch => "main".into(),
            Setting::SquashMergeCommitTitle => "COMMIT_OR_PR_TITLE".into(),
            Setting::SquashMergeCommitMessage => "COMMIT_MESSAGES".into(),
            Setting::MergeCommitTitle => "MERGE_MESSAGE".into(),
            Setting::MergeCommitMessage => "PR_TITLE".into(),
            Setting::HasIssues
            | Setting::HasWiki
            | Setting::HasProjects
            | Setting::AllowMergeCommit
            | Setting::AllowSquashMerge
            | Setting::AllowRebaseMerge => true.into(),
            Setting::Archived
            | Setting::HasDiscussions
            | Setting::IsTemplate
            | Setting::AllowForking
            | Setting::WebCommitSignoffRequired
            | Setting::AllowAutoMerge
            | Setting::AllowUpdateBranch
            | Setting::DeleteBranchOnMerge => false.into(),
        };
        settings.insert(setting, value);
    }
    RepoState {
        id: format!("R_{text}"),
        name: name(text),
        archived: false,
        settings,
        labels: Seen::Known(BTreeMap::new()),
    }
}

impl RepoState {
    pub(crate) fn has(mut self, setting: Setting, value: impl Into<SettingValue>) -> Self {
        let value = value.into();
        if setting == Setting::Archived {
            self.archived = value == SettingValue::Flag(true);
        }
        self.settings.insert(setting, value);
        self
    }

    /// The same without knowledge of a setting.
    pub(crate) fn hides(mut self, setting: Setting) -> Self {
        self.settings.remove(&setting);
        self
    }

    /// The same with a label: name, colour, description.
    pub(crate) fn labelled(mut self, name: &str, color: &str, description: &str) -> Self {
        let name = LabelName::observed(name);
        let state = LabelState {
            name: name.clone(),
            color: color.to_owned(),
            description: description.to_owned(),
            uses: Some(2),
        };
        if let Seen::Known(labels) = &mut self.labels {
            labels.insert(name.key(), state);
        }
        self
    }

    /// The same with labels that could not be read.
    pub(crate) fn labels_unknown(mut self) -> Self {
        self.labels = Seen::Unknown;
        self
    }
}

/// A complete reading that saw these repositories.
pub(crate) fn observed(states: impl IntoIterator<Item = RepoState>) -> Observed {
    let repos = states.into_iter().map(|state| (state.name.clone(), Seen::Known(state))).collect();
    let own = OwnRepo { asked: name("acme/config"), seen: Seen::Known(state("acme/config")) };
    Observed { at: Some(now()), repos, own: Some(own), ..Observed::default() }
}
