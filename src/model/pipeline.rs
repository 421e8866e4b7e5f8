//! What config says of pipelines: which issues are theirs, how each phase is worked, and what may land.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::civil::{Time, Weekday};
use serde_json::json;

use super::{Advisor, AdvisorRole, LabelName, Permission, Phase, RepoName, Router, Source};

/// A pipeline, as config declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pipeline {
    /// Its name.
    pub name: String,
    /// The labels, each of which makes an issue its own.
    pub intake: Vec<LabelName>,
    /// The login whose assignment makes an issue its own.
    pub assignee: Option<String>,
    /// The words of a search that finds issues of its own.
    pub search: Option<String>,
    /// What the names of its labels begin with.
    pub prefix: String,
    /// The phases that an issue goes through besides implement, merge and hitl, which are always there.
    pub phases: BTreeSet<Phase>,
    /// The agents of playbooks that name none, the preferred one first.
    pub agents: Vec<String>,
    /// The merge policy by name; without one nothing is merged.
    pub merge_policy: Option<String>,
    /// Fewer characters of text than these make an issue a thin one.
    pub thin: u32,
    /// What is reserved for people.
    pub reserved: Reserved,
    /// What the factory is judged by: globs over paths. Whoever changes it is looked at by an advisor with a veto, and merged
    /// by a person.
    pub judges: Vec<String>,
    /// Who is asked besides those who review.
    pub advisors: BTreeMap<AdvisorRole, Advisor>,
    /// What whoever sets an intake label, or steers by a comment, must be allowed to do at least.
    pub trust: Permission,
    /// How many times the factory may write on one issue within an hour.
    pub writes: u32,
    /// How many heads of a pull request go back to who made them, for whatever reason, before it is a person's turn.
    pub route_backs: u32,
    /// While so many pull requests only wait for their turn to land, nothing else is begun to be built.
    pub waiting_pulls: u32,
    /// What becomes of an epic once its children are closed.
    pub epics: Epics,
    /// Where the issues belong that come in here; here, without one.
    pub router: Option<Router>,
    /// Where it was written.
    pub source: Source,
}

/// What becomes of an epic, an issue with sub-issues, once they are closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Epics {
    /// A person closes it.
    Person,
    /// It is closed.
    Close,
}

impl Epics {
    /// The words of config.
    pub const WORDS: &'static [&'static str] = &["person", "close"];

    /// By its word.
    pub fn by_word(word: &str) -> Option<Self> {
        [Self::Person, Self::Close].into_iter().find(|it| it.as_str() == word)
    }

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Close => "close",
        }
    }
}

/// Decisions that are people's: an issue with one of these is never worked on by an agent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reserved {
    /// Labels.
    pub labels: Vec<LabelName>,
    /// Words in title or text, whole ones, whatever their case.
    pub words: Vec<String>,
    /// Paths, as globs, that title or text name.
    pub paths: Vec<String>,
}

/// The labels of a pipeline besides those of intake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// Which phase an issue is in.
    At(Phase),
    /// It waits for its author.
    Parked,
    /// It landed.
    Done,
    /// Set by people: nothing is done about it.
    Hold,
    /// It is a person's turn.
    Human,
}

impl Mark {
    /// Every one.
    pub fn all() -> impl Iterator<Item = Self> {
        let phases = Phase::ALL.iter().copied().map(Self::At);
        phases.chain([Self::Parked, Self::Done, Self::Hold, Self::Human])
    }

    /// The word after the prefix.
    pub fn word(self) -> &'static str {
        match self {
            Self::At(phase) => phase.as_str(),
            Self::Parked => "parked",
            Self::Done => "done",
            Self::Hold => "hold",
            Self::Human => "human-required",
        }
    }

    /// What the label says of itself.
    pub fn about(self) -> &'static str {
        match self {
            Self::At(Phase::Triage) => "The factory looks whether it can be worked on",
            Self::At(Phase::Discover) => "The factory finds out what is meant",
            Self::At(Phase::Shape) => "The factory chooses a direction",
            Self::At(Phase::Plan) => "The factory plans how it is done",
            Self::At(Phase::Implement) => "An agent works on it",
            Self::At(Phase::Review) => "What was made is being judged",
            Self::At(Phase::Hitl) => "It is stuck; a specialist, then a person",
            Self::At(Phase::Merge) => "It is about to land",
            Self::Parked => "Waits for its author",
            Self::Done => "It landed",
            Self::Hold => "People hold it: the factory does nothing about it",
            Self::Human => "A person's turn",
        }
    }

    /// Six lower-case hex digits.
    pub fn color(self) -> &'static str {
        match self {
            Self::At(Phase::Hitl) | Self::Human => "d93f0b",
            Self::At(_) => "1d76db",
            Self::Parked | Self::Hold => "fbca04",
            Self::Done => "0e8a16",
        }
    }

    /// Whether only people set and remove it.
    pub fn is_of_people(self) -> bool {
        match self {
            Self::Hold => true,
            Self::At(_) | Self::Parked | Self::Done | Self::Human => false,
        }
    }
}

impl Pipeline {
    /// The name of one of its labels.
    pub fn label(&self, mark: Mark) -> LabelName {
        LabelName::observed(&format!("{}{}", self.prefix, mark.word()))
    }

    /// Whether an issue goes through a phase.
    pub fn has(&self, phase: Phase) -> bool {
        match phase {
            Phase::Implement | Phase::Merge | Phase::Hitl => true,
            Phase::Triage | Phase::Discover | Phase::Shape | Phase::Plan | Phase::Review => {
                self.phases.contains(&phase)
            }
        }
    }

    /// The branch that the work on an issue is published on.
    pub fn branch(number: u64) -> String {
        format!("{BRANCHES}{number}")
    }
}

/// What judges the factory where config doesn't say it.
pub const JUDGES: &str = ".github/**";

/// What the branches begin with that the work on issues is published on.
pub const BRANCHES: &str = "factory/issue/";

/// What a run in a phase is told, and what it may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Playbook {
    /// Its name: `plan`, `plan-stuck`.
    pub name: String,
    /// The phase that it is for.
    pub phase: Phase,
    /// What the agent is told to do, with the places `{{…}}` that `explain playbook.prompt` lists.
    pub prompt: String,
    /// What must hold of what it makes, a line each.
    pub criteria: Vec<String>,
    /// The agents that may do it, the preferred one first; those of the pipeline when there are none.
    pub agents: Vec<String>,
    /// How many attempts one round of it may take.
    pub attempts: u32,
    /// How often in one attempt an agent is told what is missing, and goes on.
    pub continuations: u32,
    /// How many tokens of context its prompt may have at most, by estimate.
    pub budget: u32,
    /// The files that it may change, as globs; all of them when there are none.
    pub paths: Vec<String>,
    /// Where it was written; built in where no file did.
    pub source: Source,
}

/// What judges the factory is never tried by it: the labels that say so.
pub const FOR_PEOPLE: [&str; 2] = ["principles-stuck", "cultural-check"];

/// The places of a prompt, `{{issue}}` and so on, and what stands there.
pub const PLACES: &[(&str, &str)] = &[
    ("issue", "the issue: number, title, text, as data"),
    ("comments", "what was said on it by people, as data"),
    ("criteria", "the criteria of the playbook"),
    ("brief", "what discovery found out"),
    ("direction", "the direction that was chosen"),
    ("plan", "the plan"),
    ("changes", "the files that the pull request changes"),
    ("findings", "what a review, a check or a person found amiss"),
    ("context", "what was looked up since the attempt before: touchpoints, transcripts, votes"),
    (
        "before",
        "what became of the attempts before; it is added at the end of a prompt that has no place for it",
    ),
];

/// What may land, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergePolicy {
    /// Its name.
    pub name: String,
    /// Whether anything is merged.
    pub mode: MergeMode,
    /// How.
    pub method: MergeMethod,
    /// The checks that must have passed at the head.
    pub checks: Vec<RequiredCheck>,
    /// How many files a pull request may change.
    pub max_files: Option<u32>,
    /// How many lines.
    pub max_lines: Option<u32>,
    /// Paths, as globs, that only a person merges.
    pub people_paths: Vec<String>,
    /// When nothing is merged.
    pub freezes: Vec<Freeze>,
    /// How often a branch that fell behind is updated.
    pub updates: u32,
    /// What the ledger must hold before the mode takes effect.
    pub graduation: Graduation,
    /// Where it was written.
    pub source: Source,
}

impl MergePolicy {
    /// Sixteen hex digits that stand for what it lets land: who approved it approved this.
    pub fn fingerprint(&self) -> String {
        let Self {
            name,
            mode,
            method,
            checks,
            max_files,
            max_lines,
            people_paths,
            freezes,
            updates,
            graduation,
            source: _,
        } = self;
        let checks: Vec<(&String, Option<u64>)> = checks.iter().map(|it| (&it.name, it.app)).collect();
        let freezes: Vec<(&String, &String)> = freezes.iter().map(|it| (&it.text, &it.zone)).collect();
        let (mode, method, updates) = (mode.as_str(), method.as_str(), *updates);
        let Graduation { clean_pulls, soak, drift, approved_by } = graduation;
        let text = json!([
            name,
            mode,
            method,
            checks,
            max_files,
            max_lines,
            people_paths,
            freezes,
            updates,
            clean_pulls,
            soak.map(|it| it.as_secs()),
            drift,
            approved_by,
        ]);
        blake3::hash(text.to_string().as_bytes()).to_hex()[..16].to_owned()
    }
}

/// Whether anything is merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MergeMode {
    /// Nothing.
    Never,
    /// What is green.
    OnGreen,
    /// What is green and approved by somebody else than who made it.
    OnGreenWithReview,
}

impl MergeMode {
    /// The words of config.
    pub const WORDS: &'static [&'static str] = &["never", "on-green", "on-green-with-review"];

    /// By its word.
    pub fn by_word(word: &str) -> Option<Self> {
        [Self::Never, Self::OnGreen, Self::OnGreenWithReview].into_iter().find(|mode| mode.as_str() == word)
    }

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::OnGreen => "on-green",
            Self::OnGreenWithReview => "on-green-with-review",
        }
    }
}

/// How something is merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MergeMethod {
    /// A merge commit.
    Merge,
    /// One commit.
    Squash,
    /// Its commits, anew on the base.
    Rebase,
}

impl MergeMethod {
    /// The words of config and of GitHub.
    pub const WORDS: &'static [&'static str] = &["merge", "squash", "rebase"];

    /// By its word.
    pub fn by_word(word: &str) -> Option<Self> {
        [Self::Merge, Self::Squash, Self::Rebase].into_iter().find(|method| method.as_str() == word)
    }

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Squash => "squash",
            Self::Rebase => "rebase",
        }
    }
}

/// A check that must have passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequiredCheck {
    /// Its name or context.
    pub name: String,
    /// The App that must have reported it, by its id.
    pub app: Option<u64>,
}

/// A time of the week in which nothing is merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freeze {
    /// When it begins.
    pub from: (Weekday, Time),
    /// When it ends.
    pub to: (Weekday, Time),
    /// Whose clock: a name of the time zone database.
    pub zone: String,
    /// As it was written.
    pub text: String,
}

impl Freeze {
    /// Whether it holds at a moment; where its time zone is none, it does.
    pub fn holds(&self, now: jiff::Timestamp) -> bool {
        let Ok(local) = now.in_tz(&self.zone) else { return true };
        let minute = |(day, time): (Weekday, Time)| {
            i64::from(day.to_monday_zero_offset()) * 24 * 60
                + i64::from(time.hour()) * 60
                + i64::from(time.minute())
        };
        let (from, to, at) = (minute(self.from), minute(self.to), minute((local.weekday(), local.time())));
        if from <= to { (from..to).contains(&at) } else { at >= from || at < to }
    }
}

/// What the ledger must hold before a policy takes effect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graduation {
    /// How many pull requests must have been merged by people without a change of theirs.
    pub clean_pulls: u32,
    /// For how long the factory must have run without a restart.
    pub soak: Option<Duration>,
    /// By how many KiB its memory may have grown in that time.
    pub drift: Option<i64>,
    /// Who must have said yes.
    pub approved_by: Option<String>,
}

/// What config says of pipelines.
#[derive(Clone, Debug, Default)]
pub struct Pipelines {
    /// By name.
    pub all: BTreeMap<String, Pipeline>,
    /// Which repository has which.
    pub of_repo: BTreeMap<RepoName, String>,
    /// The playbooks, built-in ones that nobody replaced included, by name.
    pub playbooks: BTreeMap<String, Playbook>,
    /// The merge policies, by name.
    pub policies: BTreeMap<String, MergePolicy>,
    /// Which repository has which, where it says so itself.
    pub policy_of_repo: BTreeMap<RepoName, String>,
}

impl Pipelines {
    /// The pipeline of a repository.
    pub fn of(&self, repo: &RepoName) -> Option<&Pipeline> {
        self.all.get(self.of_repo.get(repo)?)
    }

    /// The merge policy of a repository: its own, else that of its pipeline.
    pub fn policy(&self, repo: &RepoName) -> Option<&MergePolicy> {
        let own = self.policy_of_repo.get(repo);
        self.policies.get(own.or_else(|| self.of(repo)?.merge_policy.as_ref())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_freeze_may_go_over_the_weekend() {
        let time = |hour| Time::new(hour, 0, 0, 0).unwrap();
        let freeze = Freeze {
            from: (Weekday::Friday, time(16)),
            to: (Weekday::Monday, time(8)),
            zone: "Europe/Berlin".into(),
            text: String::new(),
        };
        for (at, holds) in [
            ("2026-06-05T13:59:00Z", false),
            ("2026-06-05T14:00:00Z", true),
            ("2026-06-07T12:00:00Z", true),
            ("2026-06-08T05:59:00Z", true),
            ("2026-06-08T06:00:00Z", false),
            ("2026-12-04T14:59:00Z", false),
            ("2026-12-04T15:00:00Z", true),
        ] {
            assert_eq!(freeze.holds(at.parse().unwrap()), holds, "{at}");
        }
        let nowhere = Freeze { zone: "Nowhere/Else".into(), ..freeze };
        assert!(
            nowhere.holds("2026-06-03T12:00:00Z".parse().unwrap()),
            "who can't tell the time merges nothing"
        );
    }
}
