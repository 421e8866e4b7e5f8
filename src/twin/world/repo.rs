//! A repository: its settings, its labels, and what was opened in it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{CheckRun, CiScript, Comment, Issue, MergeQueue, Permission, Review, Status, Thread};

/// By number or id. A copy shares with what it was made of whatever doesn't change in it: each change works on a copy of the
/// world, and a repository may have thousands of issues.
pub type Shared<T> = imbl::OrdMap<u64, T>;

/// What happened, oldest first, shared in the same way.
pub type History<T> = imbl::Vector<T>;

/// Who may see a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Everybody.
    Public,
    /// Members and collaborators.
    Private,
    /// Everybody in the enterprise.
    Internal,
}

impl Visibility {
    /// GitHub's word for it, lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::Internal => "internal",
        }
    }
}

/// What an administrator sets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "GitHub's settings are that many switches")]
pub struct Settings {
    /// One line about it.
    pub description: Option<String>,
    /// Its website.
    pub homepage: Option<String>,
    /// Topics, in the order they were given.
    pub topics: Vec<String>,
    /// Who sees it.
    pub visibility: Visibility,
    /// Read-only.
    pub archived: bool,
    /// The branch that pull requests and clones default to.
    pub default_branch: String,
    /// Issues are on.
    pub has_issues: bool,
    /// Projects are on.
    pub has_projects: bool,
    /// The wiki is on.
    pub has_wiki: bool,
    /// Discussions are on.
    pub has_discussions: bool,
    /// New repositories can be made from it.
    pub is_template: bool,
    /// Members may fork it although it is private.
    pub allow_forking: bool,
    /// Merge commits are allowed.
    pub allow_merge_commit: bool,
    /// Squash merges are allowed.
    pub allow_squash_merge: bool,
    /// Rebase merges are allowed.
    pub allow_rebase_merge: bool,
    /// Pull requests can be set to merge once they are green.
    pub allow_auto_merge: bool,
    /// Pull requests can be brought up to date with a button.
    pub allow_update_branch: bool,
    /// Head branches go away after a merge.
    pub delete_branch_on_merge: bool,
    /// `PR_TITLE` or `COMMIT_OR_PR_TITLE`.
    pub squash_merge_commit_title: String,
    /// `PR_BODY`, `COMMIT_MESSAGES` or `BLANK`.
    pub squash_merge_commit_message: String,
    /// `PR_TITLE` or `MERGE_MESSAGE`.
    pub merge_commit_title: String,
    /// `PR_BODY`, `PR_TITLE` or `BLANK`.
    pub merge_commit_message: String,
    /// Commits made on the web need a sign-off.
    pub web_commit_signoff_required: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            description: None,
            homepage: None,
            topics: Vec::new(),
            visibility: Visibility::Private,
            archived: false,
            default_branch: "main".to_owned(),
            has_issues: true,
            has_projects: true,
            has_wiki: true,
            has_discussions: false,
            is_template: false,
            allow_forking: false,
            allow_merge_commit: true,
            allow_squash_merge: true,
            allow_rebase_merge: true,
            allow_auto_merge: false,
            allow_update_branch: false,
            delete_branch_on_merge: false,
            squash_merge_commit_title: "COMMIT_OR_PR_TITLE".to_owned(),
            squash_merge_commit_message: "COMMIT_MESSAGES".to_owned(),
            merge_commit_title: "MERGE_MESSAGE".to_owned(),
            merge_commit_message: "PR_TITLE".to_owned(),
            web_commit_signoff_required: false,
        }
    }
}

/// A label of a repository; names are unique in any case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// Database id; issues refer to it, so a rename keeps them.
    pub id: u64,
    /// The name as written.
    pub name: String,
    /// Six lower-case hex digits.
    pub color: String,
    /// At most 100 characters.
    #[serde(default)]
    pub description: Option<String>,
    /// One of the nine that GitHub makes.
    #[serde(default)]
    pub default: bool,
    /// When it was created.
    pub created_at: Timestamp,
}

/// How a branch has moved.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Activity {
    /// The full name of the branch.
    #[serde(rename = "ref")]
    pub branch: String,
    /// Where it was; forty zeros where it wasn't there.
    pub before: String,
    /// Where it went; forty zeros where it went away.
    pub after: String,
    /// `push`, `force_push`, `branch_creation`, `branch_deletion`, `pr_merge` or `merge_queue_merge`.
    pub kind: String,
    /// Who moved it.
    pub actor: String,
    /// When.
    pub at: Timestamp,
}

/// A repository.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Repo {
    /// Database id; also the name of its bare repository on disk.
    pub id: u64,
    /// The owner's login.
    pub owner: String,
    /// The name as written.
    pub name: String,
    /// What an administrator sets.
    pub settings: Settings,
    /// The repository it was forked from.
    #[serde(default)]
    pub fork_of: Option<u64>,
    /// Size in kilobytes, as GitHub counts.
    #[serde(default)]
    pub size: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its record last changed.
    pub updated_at: Timestamp,
    /// When it was last pushed to.
    pub pushed_at: Timestamp,
    /// The files of its first commit; `None` for a repository without commits.
    #[serde(default)]
    pub files: Option<BTreeMap<String, String>>,
    /// People with rights of their own, by lower-case login.
    #[serde(default)]
    pub collaborators: BTreeMap<String, Permission>,
    /// Labels in order of creation.
    #[serde(default)]
    pub labels: Vec<Label>,
    /// Issues and pull requests by number.
    #[serde(default)]
    pub issues: Shared<Issue>,
    /// Comments by id.
    #[serde(default)]
    pub comments: Shared<Comment>,
    /// Commit statuses, oldest first.
    #[serde(default)]
    pub statuses: History<Status>,
    /// Check runs by id.
    #[serde(default)]
    pub check_runs: Shared<CheckRun>,
    /// How many approving reviews its ruleset asks for before a merge.
    #[serde(default)]
    pub required_approvals: usize,
    /// Reviews of pull requests by id.
    #[serde(default)]
    pub reviews: Shared<Review>,
    /// Conversations about pull requests by id.
    #[serde(default)]
    pub threads: Shared<Thread>,
    /// The checks that every head of a pull request gets.
    #[serde(default)]
    pub ci: Vec<CiScript>,
    /// The merge queues, by the branch that each is of.
    #[serde(default)]
    pub merge_queues: BTreeMap<String, MergeQueue>,
    /// Issues that went to another repository: their number here, the repository, their number there.
    #[serde(default)]
    pub transferred: BTreeMap<u64, (u64, u64)>,
    /// How its branches have moved, oldest first.
    #[serde(default)]
    pub activity: History<Activity>,
}

impl Repo {
    /// A repository without commits, labels or issues.
    pub fn new(id: u64, owner: &str, name: &str, now: Timestamp) -> Self {
        Self {
            id,
            owner: owner.to_owned(),
            name: name.to_owned(),
            settings: Settings::default(),
            fork_of: None,
            size: 0,
            created_at: now,
            updated_at: now,
            pushed_at: now,
            files: None,
            collaborators: BTreeMap::new(),
            labels: Vec::new(),
            issues: Shared::new(),
            comments: Shared::new(),
            statuses: History::new(),
            check_runs: Shared::new(),
            required_approvals: 0,
            reviews: Shared::new(),
            threads: Shared::new(),
            ci: Vec::new(),
            merge_queues: BTreeMap::new(),
            transferred: BTreeMap::new(),
            activity: History::new(),
        }
    }

    /// `owner/name`.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// Whether this is its name, in any case.
    pub fn is(&self, owner: &str, name: &str) -> bool {
        self.owner.eq_ignore_ascii_case(owner) && self.name.eq_ignore_ascii_case(name)
    }

    /// A label by name, in any case.
    pub fn label(&self, name: &str) -> Option<&Label> {
        let name = name.to_lowercase();
        self.labels.iter().find(|label| label.name.to_lowercase() == name)
    }

    /// The number that the next issue or pull request gets.
    pub fn next_number(&self) -> u64 {
        let here = self.issues.get_max().map(|(number, _)| number);
        let gone = self.transferred.last_key_value().map(|(number, _)| number);
        here.max(gone).map_or(1, |number| number + 1)
    }
}

/// GitHub's nine labels for a new repository.
pub fn default_labels(mut fresh_id: impl FnMut() -> u64) -> Vec<Label> {
    const LABELS: [(&str, &str, &str); 9] = [
        ("bug", "d73a4a", "Something isn't working"),
        ("documentation", "0075ca", "Improvements or additions to documentation"),
        ("duplicate", "cfd3d7", "This issue or pull request already exists"),
        ("enhancement", "a2eeef", "New feature or request"),
        ("good first issue", "7057ff", "Good for newcomers"),
        ("help wanted", "008672", "Extra attention is needed"),
        ("invalid", "e4e669", "This doesn't seem right"),
        ("question", "d876e3", "Further information is requested"),
        ("wontfix", "ffffff", "This will not be worked on"),
    ];
    LABELS
        .iter()
        .map(|(name, color, description)| Label {
            id: fresh_id(),
            name: (*name).to_owned(),
            color: (*color).to_owned(),
            description: Some((*description).to_owned()),
            default: true,
            created_at: super::epoch(),
        })
        .collect()
}
