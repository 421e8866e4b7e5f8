//! What an action does, in one word: a closed set.

/// What an action does, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// Makes a repository.
    CreateRepository,
    /// Makes an archived repository writable again.
    UnarchiveRepository,
    /// Changes ordinary settings.
    UpdateSettings,
    /// Changes who can see a repository.
    ChangeVisibility,
    /// Makes a repository read-only.
    ArchiveRepository,
    /// Makes a label.
    CreateLabel,
    /// Changes a label's colour, description or spelling.
    UpdateLabel,
    /// Gives a label another name; issues keep it.
    RenameLabel,
    /// Deletes a label; issues lose it.
    DeleteLabel,
    /// Writes or updates the factory's own comment.
    Comment,
    /// Deletes a comment of the factory's own that has become superfluous.
    DeleteComment,
    /// Reports a commit status or check run.
    Report,
    /// Opens or updates a bot pull request.
    Propose,
    /// Closes a bot pull request that is moot.
    Withdraw,
    /// An agent is started on a task.
    StartRun,
    /// What a run made becomes a pull request.
    OpenPull,
    /// What a run found besides becomes an issue.
    OpenIssue,
    /// An issue is told something: its labels and the factory's comment change together, or it is closed.
    TellIssue,
    /// An issue is brought to the repository that it belongs to.
    TransferIssue,
    /// An issue is opened where another one belongs.
    MirrorIssue,
    /// A pull request is merged.
    MergePull,
    /// A pull request is put into GitHub's merge queue.
    EnqueuePull,
    /// A pull request is taken out of GitHub's merge queue.
    DequeuePull,
    /// The branch of a pull request takes in what its base has.
    UpdateBranch,
    /// A conversation on a pull request is answered.
    Reply,
    /// What the factory's reviews found is written on the pull request.
    ReviewPull,
    /// A run is ended.
    StopRun,
    /// An advisor that gave no word is passed over.
    PassOver,
    /// An issue that a keeper of the language keeps current is opened, written anew or closed.
    KeepIssue,
}

impl Verb {
    /// Every verb.
    pub const ALL: &'static [Self] = &[
        Self::CreateRepository,
        Self::UnarchiveRepository,
        Self::UpdateSettings,
        Self::ChangeVisibility,
        Self::ArchiveRepository,
        Self::CreateLabel,
        Self::UpdateLabel,
        Self::RenameLabel,
        Self::DeleteLabel,
        Self::Comment,
        Self::DeleteComment,
        Self::Report,
        Self::Propose,
        Self::Withdraw,
        Self::StartRun,
        Self::OpenPull,
        Self::OpenIssue,
        Self::TellIssue,
        Self::TransferIssue,
        Self::MirrorIssue,
        Self::MergePull,
        Self::EnqueuePull,
        Self::DequeuePull,
        Self::UpdateBranch,
        Self::Reply,
        Self::ReviewPull,
        Self::StopRun,
        Self::PassOver,
        Self::KeepIssue,
    ];

    /// Its word in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CreateRepository => "create-repository",
            Self::UnarchiveRepository => "unarchive-repository",
            Self::UpdateSettings => "update-settings",
            Self::ChangeVisibility => "change-visibility",
            Self::ArchiveRepository => "archive-repository",
            Self::CreateLabel => "create-label",
            Self::UpdateLabel => "update-label",
            Self::RenameLabel => "rename-label",
            Self::DeleteLabel => "delete-label",
            Self::Comment => "comment",
            Self::DeleteComment => "delete-comment",
            Self::Report => "report",
            Self::Propose => "propose",
            Self::Withdraw => "withdraw",
            Self::StartRun => "start-run",
            Self::OpenPull => "open-pull",
            Self::OpenIssue => "open-issue",
            Self::TellIssue => "tell-issue",
            Self::TransferIssue => "transfer-issue",
            Self::MirrorIssue => "mirror-issue",
            Self::MergePull => "merge-pull",
            Self::EnqueuePull => "enqueue-pull",
            Self::DequeuePull => "dequeue-pull",
            Self::UpdateBranch => "update-branch",
            Self::Reply => "reply",
            Self::ReviewPull => "review-pull",
            Self::StopRun => "stop-run",
            Self::PassOver => "pass-over",
            Self::KeepIssue => "keep-issue",
        }
    }

    /// Whether it adds, changes or deletes something.
    pub fn change(self) -> Change {
        match self {
            Self::CreateRepository
            | Self::CreateLabel
            | Self::Comment
            | Self::Report
            | Self::Propose
            | Self::OpenPull
            | Self::Reply
            | Self::ReviewPull
            | Self::OpenIssue
            | Self::MirrorIssue
            | Self::PassOver => Change::Add,
            Self::UnarchiveRepository
            | Self::UpdateSettings
            | Self::ChangeVisibility
            | Self::ArchiveRepository
            | Self::UpdateLabel
            | Self::RenameLabel
            | Self::TellIssue
            | Self::KeepIssue
            | Self::TransferIssue
            | Self::MergePull
            | Self::EnqueuePull
            | Self::DequeuePull
            | Self::UpdateBranch => Change::Change,
            Self::DeleteLabel | Self::DeleteComment | Self::Withdraw | Self::StopRun => Change::Delete,
            Self::StartRun => Change::Run,
        }
    }

    /// The stage within its repository: everything of a lower stage is settled first.
    pub fn stage(self) -> u8 {
        match self {
            Self::CreateRepository | Self::UnarchiveRepository => 0,
            Self::RenameLabel => 1,
            Self::UpdateSettings | Self::CreateLabel | Self::UpdateLabel => 2,
            // An agent is at work while the rest is written.
            Self::StartRun => 3,
            Self::Comment
            | Self::Report
            | Self::Propose
            | Self::OpenPull
            | Self::OpenIssue
            | Self::TellIssue
            | Self::TransferIssue
            | Self::MirrorIssue
            | Self::MergePull
            | Self::EnqueuePull
            | Self::DequeuePull
            | Self::Reply
            | Self::ReviewPull
            | Self::StopRun
            | Self::PassOver
            | Self::KeepIssue => 4,
            // What takes in its base takes in what has landed there just before.
            Self::DeleteLabel | Self::DeleteComment | Self::Withdraw | Self::UpdateBranch => 5,
            Self::ChangeVisibility => 6,
            Self::ArchiveRepository => 7,
        }
    }

    /// What of a repository's state shows whether it was done.
    pub fn object(self) -> Object {
        match self {
            Self::CreateRepository
            | Self::UnarchiveRepository
            | Self::UpdateSettings
            | Self::ChangeVisibility
            | Self::ArchiveRepository => Object::Repository,
            Self::CreateLabel | Self::UpdateLabel | Self::RenameLabel | Self::DeleteLabel => Object::Label,
            Self::Comment
            | Self::DeleteComment
            | Self::Report
            | Self::Propose
            | Self::Withdraw
            | Self::StartRun
            | Self::OpenPull
            | Self::TellIssue
            | Self::TransferIssue
            | Self::MirrorIssue
            | Self::MergePull
            | Self::EnqueuePull
            | Self::DequeuePull
            | Self::UpdateBranch
            | Self::Reply
            | Self::ReviewPull
            | Self::StopRun
            | Self::PassOver
            | Self::KeepIssue => Object::Nothing,
            Self::OpenIssue => Object::Issue,
        }
    }

    /// The kind of thing it acts on, as budgets count them.
    pub fn kind(self) -> &'static str {
        match self {
            Self::CreateRepository
            | Self::UnarchiveRepository
            | Self::UpdateSettings
            | Self::ChangeVisibility
            | Self::ArchiveRepository => "repository",
            Self::CreateLabel | Self::UpdateLabel | Self::RenameLabel | Self::DeleteLabel => "label",
            Self::Comment | Self::DeleteComment => "comment",
            Self::Report => "report",
            Self::Propose | Self::Withdraw => "proposal",
            Self::StartRun | Self::StopRun => "run",
            Self::OpenPull | Self::MergePull | Self::EnqueuePull | Self::DequeuePull | Self::UpdateBranch => {
                "pull request"
            }
            Self::OpenIssue | Self::TellIssue | Self::TransferIssue | Self::MirrorIssue | Self::KeepIssue => {
                "issue"
            }
            Self::Reply | Self::ReviewPull => "comment",
            Self::PassOver => "advisor",
        }
    }
}

/// What of a repository's state an action changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Object {
    /// Its own settings, or whether it is there.
    Repository,
    /// One of its labels.
    Label,
    /// Nothing of its own: an issue besides those that are there.
    Issue,
    /// Nothing: the factory speaks, or an agent works, and the next plan says again what is still wanted.
    Nothing,
}

/// Whether something is added, changed or deleted, or a run starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// `+`
    Add,
    /// `~`
    Change,
    /// `-`
    Delete,
    /// `+`, counted apart.
    Run,
}
