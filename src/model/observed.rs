//! Observed state: a snapshot of the world, each part with whether it is complete.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::keeping::LanguageSeen;
use super::meaning::MeaningSeen;
use super::{
    Cases, CommitId, Creations, Desired, Elsewhere, Facet, Headroom, LabelName, Paid, PullSeen, RepoName,
    RunSeen, Setting, SettingValue, Tracker,
};

/// What was seen of the world, and when.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// When the reading began.
    pub at: Option<jiff::Timestamp>,
    /// The declared repositories.
    pub repos: BTreeMap<RepoName, Seen<RepoState>>,
    /// The repository that config lies in; `None` where it lies in none on this GitHub, or was not looked for.
    pub own: Option<OwnRepo>,
    /// Repositories that match an `observe` pattern and are not declared; partial unless `gaps` is silent of it.
    pub unmanaged: Vec<Unmanaged>,
    /// Open pull requests on the config repository.
    pub config_pulls: Vec<ConfigPull>,
    /// The head of the config branch, when it did not come into force.
    pub config_head: Option<ConfigHead>,
    /// Live flips, and the pull requests that propose them.
    pub flips: Vec<OpenFlip>,
    /// The runs that this factory has records of and that matter for what is done next, oldest first.
    pub runs: Vec<RunSeen>,
    /// Whether their records were read.
    pub knows_runs: bool,
    /// What the ledger knows of runs that this machine has no records of.
    pub elsewhere: Elsewhere,
    /// The agents that can't be started here, by name, and why.
    pub unfit: BTreeMap<String, String>,
    /// What all of them have used and cost, and what they learned of accounts.
    pub paid: Paid,
    /// The latest pull request of each branch with the work of a run, where it was asked for.
    pub pulls: BTreeMap<(RepoName, String), Seen<PullSeen>>,
    /// What follow-ups of runs became, or may become.
    pub tracker: Tracker,
    /// The issues that pipelines have to do with.
    pub cases: Cases,
    /// The words of repositories, where they were asked for.
    pub languages: BTreeMap<RepoName, Seen<LanguageSeen>>,
    /// The open pull requests of these, where they were asked for; what can't be told of a repository is missing.
    pub meanings: BTreeMap<RepoName, Vec<MeaningSeen>>,
    /// How many bytes runs use on this machine, where it was asked for.
    pub disk: Option<Seen<u64>>,
    /// Everything that could not be read.
    pub gaps: Vec<Gap>,
    /// What the reading cost.
    pub cost: Cost,
}

impl Observed {
    /// The state of a repository; one that was not asked for is unknown.
    pub fn repo(&self, name: &RepoName) -> Seen<&RepoState> {
        match self.repos.get(name) {
            Some(Seen::Known(state)) => Seen::Known(state),
            Some(Seen::Absent) => Seen::Absent,
            Some(Seen::Unknown) | None => Seen::Unknown,
        }
    }

    /// Whether everything that was asked for was read.
    pub fn complete(&self) -> bool {
        self.gaps.is_empty()
    }

    /// Whether a facet of a repository could not be read; `None` asks about what concerns no single repository.
    pub fn gap(&self, facet: Facet, repo: Option<&RepoName>) -> Option<&Gap> {
        self.gaps.iter().find(|g| g.facet == facet && (g.repo.is_none() || g.repo.as_ref() == repo))
    }
}

/// The factory's own config repository, read lightly: which one it is, whatever it is called by now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnRepo {
    /// The name it was asked for by.
    pub asked: RepoName,
    /// What was found; absent where this credential sees none of that name.
    pub seen: Seen<RepoState>,
}

impl OwnRepo {
    /// Whether it is the one of this name, under which that one may have been seen as well.
    pub fn is(&self, repo: &RepoName, seen: Seen<&RepoState>) -> bool {
        let same =
            |own: &RepoState| own.name == *repo || matches!(seen, Seen::Known(state) if state.id == own.id);
        self.asked == *repo || self.seen.known().is_some_and(same)
    }
}

/// Something that was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen<T> {
    /// It is there, like this.
    Known(T),
    /// A complete read shows that it isn't there.
    Absent,
    /// Nobody knows: the read failed, was partial, or wasn't made. Never a reason to create or delete.
    Unknown,
}

impl<T> Seen<T> {
    /// The value, if it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Absent | Self::Unknown => None,
        }
    }
}

/// What is known of one repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepoState {
    /// GitHub's node id.
    pub id: String,
    /// The full name it has now; another one than was asked for means that it was renamed or moved.
    pub name: RepoName,
    /// Whether it is archived.
    pub archived: bool,
    /// The settings that could be read; one that is missing is unknown.
    pub settings: BTreeMap<Setting, SettingValue>,
    /// The labels, by [`LabelName::key`]; `Unknown` when they were not read completely.
    pub labels: Seen<BTreeMap<String, LabelState>>,
}

impl RepoState {
    /// A setting's value, archiving included; `None` where it could not be read.
    pub fn setting(&self, setting: Setting) -> Option<SettingValue> {
        if setting == Setting::Archived {
            return Some(SettingValue::Flag(self.archived));
        }
        self.settings.get(&setting).cloned()
    }
}

/// What is known of one label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelState {
    /// Its name.
    pub name: LabelName,
    /// Six lower-case hex digits.
    pub color: String,
    /// Empty when it has none.
    pub description: String,
    /// Issues and pull requests, open or closed, that carry it; counted only for labels that a plan would delete
    /// or rename, since counting every label's issues costs a hundred times the rest of the reading.
    pub uses: Option<u64>,
}

/// A repository that nobody declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmanaged {
    /// Its full name.
    pub name: RepoName,
    /// Whether it is archived.
    pub archived: bool,
}

/// An open pull request on the config repository, with the config on both of its sides.
#[derive(Clone, Debug)]
pub struct ConfigPull {
    /// Its number.
    pub number: u64,
    /// The commit it proposes.
    pub head: CommitId,
    /// The config at the merge base, when it loads.
    pub base: Result<Arc<Desired>, Broken>,
    /// The config it proposes, when it loads.
    pub proposed: Result<Arc<Desired>, Broken>,
    /// The comments the factory keeps there, in order: id and body.
    pub comments: Vec<(u64, String)>,
    /// The factory's commit status or check run on the head, if there is one.
    pub check: Option<super::CheckState>,
    /// Whether the factory is an App there and may write check runs.
    pub checks: bool,
    /// Whether it comes from another repository.
    pub from_fork: bool,
}

/// Why a config doesn't load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// In a line.
    pub why: String,
    /// Every problem, rendered with its place.
    pub details: String,
}

/// A commit of the config branch that was rejected, so that an earlier one stays in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigHead {
    /// The commit.
    pub commit: CommitId,
    /// Why, in a line.
    pub why: String,
    /// The factory's commit status or check run on it, if there is one.
    pub check: Option<super::CheckState>,
    /// Whether the factory is an App there and may write check runs.
    pub checks: bool,
}

/// A live flip (`loop disable`, `suspend`) and the pull request that proposes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenFlip {
    /// The fixed branch of its pull request, `factory/flip/…`.
    pub branch: String,
    /// What is switched: a loop's or another thing's address.
    pub address: super::Address,
    /// Whether it switches something on that config has off.
    pub on: bool,
    /// Until when, where that was said.
    pub until: Option<jiff::Timestamp>,
    /// Whether the flip is still in force.
    pub in_force: bool,
    /// The edited config file, with its whole new text, when the edit applies.
    pub files: Vec<super::ProposedFile>,
    /// Whether config says already what the flip would write.
    pub said: bool,
    /// Why.
    pub reason: String,
    /// Who flipped it.
    pub by: String,
    /// The config branch and the head it was edited on.
    pub base: (String, CommitId),
    /// The open pull request, if there is one: its number and whether it already proposes `files`.
    pub pull: Option<(u64, bool)>,
}

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Which facet.
    pub facet: Facet,
    /// Of which repository; `None` for all of them.
    pub repo: Option<RepoName>,
    /// What happened, with GitHub's request id.
    pub why: String,
    /// What sort of trouble, which decides the exit code.
    pub cause: Cause,
}

/// What sort of trouble kept something from being read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Credentials or permission.
    Auth,
    /// A spent budget.
    RateLimit,
    /// The ledger on this machine.
    Ledger,
    /// Anything else.
    Other,
}

impl Cause {
    /// Its word in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::RateLimit => "rate-limit",
            Self::Ledger => "ledger",
            Self::Other => "other",
        }
    }
}

/// What a reading cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// HTTP requests.
    pub requests: u64,
    /// GraphQL points.
    pub points: u64,
    /// How much may be created there, where that is limited.
    pub creations: Option<Creations>,
    /// What may be created soon, for whoever looks again; `None` where nothing limits that, and for a command, which waits.
    pub room: Option<Headroom>,
}
