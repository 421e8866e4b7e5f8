//! Actions: intended changes, a closed set.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::keeping::KeepIssue;
use super::{
    ActionId, Address, CommitId, Dequeuing, Enqueuing, Fingerprint, LabelName, LabelSpec, Landing, LoopName,
    Mirror, OpenIssue, OpenPull, PassOver, PullReview, Reply, RepoName, Setting, SettingValue, Source,
    StartRun, StopRun, Tell, Transfer, Verb, Watched,
};

/// What could go wrong with an action that did exactly what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Risk {
    /// Undone by the reverse change.
    Routine,
    /// Undone by the reverse change, yet people notice: archiving, another default branch.
    Disruptive,
    /// Removes a protection.
    Weakening,
    /// Shows a repository to more people; what was seen stays seen.
    Widening,
    /// Loses something that no reverse change brings back.
    Destructive,
}

impl Risk {
    /// Its word in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Routine => "routine",
            Self::Disruptive => "disruptive",
            Self::Weakening => "weakening",
            Self::Widening => "widening",
            Self::Destructive => "destructive",
        }
    }
}

/// The state of a commit status or check run that the factory keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckState {
    /// Whether it passes.
    pub passes: bool,
    /// One line.
    pub summary: String,
}

/// A file that a bot pull request proposes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposedFile {
    /// Path from the root.
    pub path: String,
    /// Its whole new text.
    pub text: String,
}

/// Exactly what is to be done; nothing is left to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Makes a repository and gives it its settings.
    CreateRepository {
        /// Which.
        repo: RepoName,
        /// All that config fixes.
        settings: BTreeMap<Setting, SettingValue>,
    },
    /// Changes settings of a repository.
    UpdateSettings {
        /// Which.
        repo: RepoName,
        /// Only those that differ.
        settings: BTreeMap<Setting, SettingValue>,
    },
    /// Makes a label.
    CreateLabel {
        /// Where.
        repo: RepoName,
        /// What.
        label: LabelSpec,
    },
    /// Changes a label, its name too.
    UpdateLabel {
        /// Where.
        repo: RepoName,
        /// The name it has now.
        name: LabelName,
        /// What it shall be.
        label: LabelSpec,
    },
    /// Deletes a label.
    DeleteLabel {
        /// Where.
        repo: RepoName,
        /// Which.
        name: LabelName,
    },
    /// Writes a comment, or rewrites the one with this id.
    Comment {
        /// Where.
        repo: RepoName,
        /// The issue or pull request.
        number: u64,
        /// The comment to rewrite.
        id: Option<u64>,
        /// The commit of the pull request that it speaks of: nothing is said of another one, or once it isn't open.
        at: Option<CommitId>,
        /// Markdown, hidden marker included.
        body: String,
    },
    /// Deletes a comment of the factory's own.
    DeleteComment {
        /// Where.
        repo: RepoName,
        /// The issue or pull request.
        number: u64,
        /// Which.
        id: u64,
    },
    /// Reports on a commit.
    Report {
        /// Where.
        repo: RepoName,
        /// Which commit.
        commit: CommitId,
        /// The name of the status or check run.
        name: String,
        /// What it says.
        state: CheckState,
        /// As a check run, which only an App may write; else as a commit status.
        check_run: bool,
    },
    /// Opens or updates a bot pull request on its one fixed branch.
    Propose {
        /// Where.
        repo: RepoName,
        /// The fixed branch.
        branch: String,
        /// The branch it aims at, and the head that the files were edited on.
        base: (String, CommitId),
        /// The files.
        files: Vec<ProposedFile>,
        /// Title of the pull request and of the commit.
        title: String,
        /// Markdown, hidden marker included.
        body: String,
        /// The beginning of branches from which no other pull request may be open: those of one family come one at a time.
        alone: Option<String>,
    },
    /// Closes a bot pull request and deletes its branch.
    Withdraw {
        /// Where.
        repo: RepoName,
        /// Which; `None` when it is closed already and its branch is left.
        number: Option<u64>,
        /// Its branch.
        branch: String,
        /// What its text is to be, where it tells that nobody decided this.
        says: Option<String>,
    },
    /// Starts an agent on a task.
    StartRun(Box<StartRun>),
    /// Publishes what a run made on a branch of its own, and opens the pull request for it.
    OpenPull(Box<OpenPull>),
    /// Opens an issue for what a run found besides its work.
    OpenIssue(Box<OpenIssue>),
    /// Changes the labels of an issue and the factory's own comment on it together, or closes it.
    Tell(Box<Tell>),
    /// Brings an issue to the repository that it belongs to.
    Transfer(Box<Transfer>),
    /// Opens an issue where another one belongs.
    Mirror(Box<Mirror>),
    /// Merges a pull request, at one head.
    Merge(Box<Landing>),
    /// Puts a pull request into GitHub's merge queue, at one head.
    Enqueue(Box<Enqueuing>),
    /// Takes a pull request out of GitHub's merge queue.
    Dequeue(Box<Dequeuing>),
    /// Has the branch of a pull request take in what its base has.
    UpdateBranch {
        /// Where.
        repo: RepoName,
        /// Which.
        number: u64,
        /// The head that it has.
        head: CommitId,
        /// What of its issue must be as it was seen.
        watched: Watched,
    },
    /// Answers a conversation on a pull request.
    Reply(Box<Reply>),
    /// Writes on a pull request what the factory's reviews found at its head.
    Review(Box<PullReview>),
    /// Ends a run.
    StopRun(Box<StopRun>),
    /// Passes an advisor over that gave no word: what the ledger holds of it is all that comes of it.
    PassOver(Box<PassOver>),
    /// Opens an issue of a keeper, writes it anew, or closes it.
    KeepIssue(Box<KeepIssue>),
}

impl Effect {
    /// How many things it creates on GitHub, as its limits count them.
    pub fn creations(&self) -> usize {
        match self {
            Self::CreateRepository { .. }
            | Self::Propose { .. }
            | Self::OpenPull(_)
            | Self::OpenIssue(_)
            | Self::CreateLabel { .. }
            | Self::Comment { .. }
            | Self::Report { .. }
            | Self::Merge(_)
            | Self::Enqueue(_)
            | Self::UpdateBranch { .. }
            | Self::Reply(_) => 1,
            Self::Review(review) => 1 + usize::from(review.by.is_none()),
            // The label here, and the move.
            Self::Transfer(it) => 2 + usize::from(it.comment.is_some()),
            Self::KeepIssue(it) => usize::from(it.number.is_none()),
            // The issue, and the comment.
            Self::Mirror(_) => 2,
            Self::Tell(tell) => {
                usize::from(tell.comment.is_some() && tell.rewrites.is_none())
                    + usize::from(!tell.add.is_empty())
            }
            Self::UpdateSettings { .. }
            | Self::StartRun(_)
            | Self::StopRun(_)
            | Self::PassOver(_)
            | Self::Dequeue(_)
            | Self::Withdraw { .. }
            | Self::UpdateLabel { .. }
            | Self::DeleteLabel { .. }
            | Self::DeleteComment { .. } => 0,
        }
    }

    /// What of an issue must be as it was seen right before it is done.
    pub fn watched(&self) -> Option<&Watched> {
        match self {
            Self::StartRun(start) => start.watched.as_ref(),
            Self::OpenPull(pull) => pull.watched.as_ref(),
            Self::UpdateBranch { watched, .. } => Some(watched),
            Self::Tell(tell) => Some(&tell.watched),
            Self::Transfer(it) => Some(&it.watched),
            Self::Mirror(it) => Some(&it.watched),
            Self::Merge(landing) => Some(&landing.watched),
            Self::Enqueue(it) => Some(&it.watched),
            Self::Dequeue(it) => Some(&it.watched),
            Self::Reply(reply) => Some(&reply.watched),
            Self::Review(review) => Some(&review.watched),
            Self::PassOver(it) => Some(&it.watched),
            Self::CreateRepository { .. }
            | Self::UpdateSettings { .. }
            | Self::CreateLabel { .. }
            | Self::UpdateLabel { .. }
            | Self::DeleteLabel { .. }
            | Self::Comment { .. }
            | Self::DeleteComment { .. }
            | Self::Report { .. }
            | Self::Propose { .. }
            | Self::Withdraw { .. }
            | Self::OpenIssue(_)
            | Self::KeepIssue(_)
            | Self::StopRun(_) => None,
        }
    }

    /// The repository it acts on.
    pub fn repo(&self) -> &RepoName {
        match self {
            Self::CreateRepository { repo, .. }
            | Self::UpdateSettings { repo, .. }
            | Self::CreateLabel { repo, .. }
            | Self::UpdateLabel { repo, .. }
            | Self::DeleteLabel { repo, .. }
            | Self::Comment { repo, .. }
            | Self::DeleteComment { repo, .. }
            | Self::Report { repo, .. }
            | Self::Propose { repo, .. }
            | Self::UpdateBranch { repo, .. }
            | Self::Withdraw { repo, .. } => repo,
            Self::StartRun(start) => &start.of.repo,
            Self::OpenPull(pull) => &pull.repo,
            Self::OpenIssue(issue) => &issue.repo,
            Self::Tell(tell) => &tell.repo,
            Self::Transfer(it) => &it.repo,
            Self::Mirror(it) => &it.repo,
            Self::Merge(landing) => &landing.repo,
            Self::Enqueue(it) => &it.repo,
            Self::Dequeue(it) => &it.repo,
            Self::Reply(reply) => &reply.repo,
            Self::Review(review) => &review.repo,
            Self::StopRun(stop) => &stop.repo,
            Self::PassOver(it) => &it.repo,
            Self::KeepIssue(it) => &it.repo,
        }
    }
}

/// One intended change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// Stable: the same intention on the same state has the same id in every plan.
    pub id: ActionId,
    /// What it acts on.
    pub address: Address,
    /// Which loop wants it.
    pub wanted_by: LoopName,
    /// What it does, in one word.
    pub verb: Verb,
    /// What could go wrong.
    pub risk: Risk,
    /// What is there: the fields that change, as JSON; `null` when there is nothing.
    pub before: Value,
    /// What shall be there; `null` when nothing shall.
    pub after: Value,
    /// The config lines that ask for it.
    pub because: Vec<Source>,
    /// Why, in a few words.
    pub reason: String,
    /// Exactly what to do.
    pub effect: Effect,
    /// How many issues and pull requests carry what it deletes, as its reason shows them. No part of the id: they come
    /// and go, and only more of them than were shown make it another decision.
    pub carried_by: Option<u64>,
}

impl Action {
    /// The addresses of all that it changes: its own, those of settings that are changed together, and that of the name
    /// which a label has before it is renamed.
    pub fn touches(&self) -> impl Iterator<Item = Address> {
        let parts = self.parts();
        let own = Some(self.address.clone()).filter(|own| !parts.contains(own));
        own.into_iter().chain(parts)
    }

    /// The addresses of what it changes and of nothing else: those of the settings where it is about any, both names of a
    /// label that is renamed, else its own.
    pub fn touches_only(&self) -> impl Iterator<Item = Address> {
        let parts = self.parts();
        let own = parts.is_empty().then(|| self.address.clone());
        own.into_iter().chain(parts)
    }

    fn parts(&self) -> Vec<Address> {
        match &self.effect {
            Effect::UpdateSettings { repo, settings } | Effect::CreateRepository { repo, settings } => {
                let repo = Address::repo(repo);
                settings.keys().map(|setting| repo.field(setting.name())).collect()
            }
            Effect::UpdateLabel { repo, name, label } if name.key() != label.name.key() => {
                vec![Address::label(repo, name), Address::label(repo, &label.name)]
            }
            Effect::CreateLabel { .. }
            | Effect::UpdateLabel { .. }
            | Effect::DeleteLabel { .. }
            | Effect::Comment { .. }
            | Effect::DeleteComment { .. }
            | Effect::Report { .. }
            | Effect::Propose { .. }
            | Effect::Withdraw { .. }
            | Effect::StartRun(_)
            | Effect::OpenPull(_)
            | Effect::OpenIssue(_)
            | Effect::Tell(_)
            | Effect::Transfer(_)
            | Effect::Mirror(_)
            | Effect::Merge(_)
            | Effect::Enqueue(_)
            | Effect::Dequeue(_)
            | Effect::UpdateBranch { .. }
            | Effect::Reply(_)
            | Effect::Review(_)
            | Effect::StopRun(_)
            | Effect::PassOver(_)
            | Effect::KeepIssue(_) => Vec::new(),
        }
    }

    /// The fields that it changes. What isn't changed field by field counts as one, which has no name.
    pub fn changed(&self) -> impl Iterator<Item = &str> {
        let fields = self.before.as_object().zip(self.after.as_object()).filter(|_| self.is_by_field());
        let changed = fields.into_iter().flat_map(|(before, after)| {
            after
                .iter()
                .filter(|(field, value)| before.get(*field) != Some(*value))
                .map(|(field, _)| &**field)
        });
        let whole = (!self.is_by_field()).then_some("");
        changed.chain(whole)
    }

    /// Whether each of its fields may be told by itself; a rename, a creation or a deletion is one thing.
    pub fn is_by_field(&self) -> bool {
        matches!(self.verb, Verb::UpdateSettings | Verb::UpdateLabel)
    }

    /// The same for those of its [changed](Self::changed) fields that `keep` says yes to; `None` when that is none.
    pub fn part(&self, keep: impl Fn(&str) -> bool) -> Option<Self> {
        if self.is_by_field() { self.narrowed(keep) } else { keep("").then(|| self.clone()) }
    }

    /// The same for those of its fields that `keep` says yes to; `None` when none of them changes anything then. The
    /// effect stays whole: this is for people to read.
    pub fn narrowed(&self, keep: impl Fn(&str) -> bool) -> Option<Self> {
        let (before, after) = (self.before.as_object()?, self.after.as_object()?);
        let changes = |field: &String| before.get(field) != after.get(field);
        let stays = |field: &String| !changes(field) || keep(field);
        if !after.keys().any(|field| changes(field) && keep(field)) {
            return None;
        }
        let part = |side: &serde_json::Map<String, Value>| {
            let fields = side.iter().filter(|(field, _)| stays(field));
            Value::Object(fields.map(|(field, value)| (field.clone(), value.clone())).collect())
        };
        let mut out = self.clone();
        (out.before, out.after) = (part(before), part(after));
        out.id = ActionId::of(out.verb, &out.address, &Fingerprint::of(&out.before), &out.after);
        Some(out)
    }

    /// By which it is known later that it was left undone: itself, and each of its fields.
    pub fn known_as(&self) -> impl Iterator<Item = ActionId> {
        let parts = self.changed().filter_map(|field| Some(self.part(|name| name == field)?.id));
        std::iter::once(self.id.clone()).chain(parts.filter(|id| *id != self.id))
    }

    /// Whether it makes of a field what this one makes of it.
    pub fn agrees(&self, other: &Self, field: &str) -> bool {
        let same_thing = self.address == other.address && self.verb == other.verb;
        let leaves = |action: &Self| action.after.get(field).cloned();
        same_thing && leaves(self).is_some() && leaves(self) == leaves(other)
    }

    /// An action whose id is derived from what it says.
    pub fn new(
        wanted_by: LoopName,
        verb: Verb,
        address: Address,
        before: Value,
        after: Value,
        effect: Effect,
    ) -> Self {
        let id = ActionId::of(verb, &address, &Fingerprint::of(&before), &after);
        let risk = Risk::Routine;
        Self {
            id,
            address,
            wanted_by,
            verb,
            risk,
            before,
            after,
            because: Vec::new(),
            reason: String::new(),
            effect,
            carried_by: None,
        }
    }

    /// The same with its reason.
    #[must_use]
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = reason.into();
        self
    }

    /// The same with the config lines that ask for it.
    #[must_use]
    pub fn because(mut self, sources: impl IntoIterator<Item = Source>) -> Self {
        self.because.extend(sources);
        self.because.dedup();
        self
    }

    /// The same with how many issues and pull requests carry what it deletes, where they were counted.
    #[must_use]
    pub fn carried_by(mut self, count: Option<u64>) -> Self {
        self.carried_by = count;
        self
    }

    /// Why it is another decision by now, if more carry what it deletes than the `shown` ones; a number that nobody was
    /// shown is none that was agreed to.
    pub fn outgrown(&self, shown: Option<u64>, now: u64) -> Option<String> {
        let deletes = matches!(self.effect, Effect::DeleteLabel { .. });
        let more = deletes && shown.is_none_or(|shown| now > shown);
        more.then(|| {
            let shown = shown.map_or_else(|| "how many was not".to_owned(), |shown| format!("{shown} were"));
            let carry = if now == 1 { "1 issue carries" } else { &format!("{now} issues carry") };
            format!("{carry} it now, and {shown} shown in the plan; look at it again: factoryctl plan")
        })
    }

    /// The same with its risk.
    #[must_use]
    pub fn risk(mut self, risk: Risk) -> Self {
        self.risk = risk;
        self
    }

    /// What the object must look like right before the write.
    pub fn planned_on(&self) -> Fingerprint {
        Fingerprint::of(&self.before)
    }
}

impl super::LabelState {
    /// The label as documents and fingerprints show it.
    pub fn to_json(&self) -> Value {
        json!({ "name": self.name.as_str(), "color": self.color, "description": self.description })
    }
}
