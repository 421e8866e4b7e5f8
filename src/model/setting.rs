//! The settings of a repository: one row a setting, from which decoding, diff, queries, writes, `explain`, the
//! schema and `import` are derived.

use std::collections::BTreeSet;

use SettingType::{Flag, Names, Text, Word};

/// A value of a repository setting.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SettingValue {
    /// On or off.
    Flag(bool),
    /// Text, or one of a closed set of words.
    Text(String),
    /// A set of names.
    Names(BTreeSet<String>),
}

impl SettingValue {
    /// The value as JSON.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Flag(b) => (*b).into(),
            Self::Text(s) => s.clone().into(),
            Self::Names(names) => names.iter().cloned().collect::<Vec<_>>().into(),
        }
    }

    /// The value of a setting of type `ty` from JSON; `None` when the JSON has another type.
    #[expect(clippy::wildcard_enum_match_arm, reason = "JSON's other types are no text")]
    pub fn from_json(ty: SettingType, json: &serde_json::Value) -> Option<Self> {
        match ty {
            Flag => json.as_bool().map(Self::Flag),
            Text | Word(_) => match json {
                serde_json::Value::Null => Some(Self::Text(String::new())),
                other => other.as_str().map(|s| Self::Text(s.to_owned())),
            },
            Names => json
                .as_array()?
                .iter()
                .map(|v| v.as_str().map(str::to_owned))
                .collect::<Option<_>>()
                .map(Self::Names),
        }
    }
}

/// What values a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingType {
    /// On or off.
    Flag,
    /// Free text.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A set of names.
    Names,
}

macro_rules! settings {
    ($( $(#[doc = $about:literal])+ $variant:ident = $name:literal, $rest:literal, $graphql:literal, $ty:expr, $example:literal; )*) => {
        /// A setting of a repository that config may fix.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Setting { $( $(#[doc = $about])+ $variant, )* }

        impl Setting {
            /// Every setting, in the order in which documents show them.
            pub const ALL: &'static [Self] = &[$( Self::$variant, )*];

            /// Its name in config: GitHub's REST name in kebab case.
            pub const fn name(self) -> &'static str { match self { $( Self::$variant => $name, )* } }

            /// Its field in the REST API's repository.
            pub const fn rest(self) -> &'static str { match self { $( Self::$variant => $rest, )* } }

            /// Its field in GraphQL's `Repository`.
            pub const fn graphql(self) -> &'static str { match self { $( Self::$variant => $graphql, )* } }

            /// What values it takes.
            pub const fn ty(self) -> SettingType { match self { $( Self::$variant => $ty, )* } }

            /// One paragraph for people.
            pub const fn about(self) -> &'static str { match self { $( Self::$variant => concat!($($about),+).trim_ascii(), )* } }

            /// A value as config writes it.
            pub const fn example(self) -> &'static str { match self { $( Self::$variant => $example, )* } }
        }
    };
}

settings! {
    /// The one-line description shown under the repository's name.
    Description = "description", "description", "description", Text, "\"The widget service\"";
    /// The website linked from the repository's page.
    Homepage = "homepage", "homepage", "homepageUrl", Text, "\"https://widgets.example\"";
    /// The topics, as a whole set: lower-case letters, digits and hyphens, at most 20.
    Topics = "topics", "names", "repositoryTopics", Names, "\"rust\" \"service\"";
    /// Who can see the repository.
    Visibility = "visibility", "visibility", "visibility", Word(&["public", "private", "internal"]), "\"private\"";
    /// Whether the repository is archived, that is read-only. Archived repositories are read lightly and written not at all.
    Archived = "archived", "archived", "isArchived", Flag, "#false";
    /// The branch that clones check out and pull requests aim at. It must exist.
    DefaultBranch = "default-branch", "default_branch", "defaultBranchRef", Text, "\"main\"";
    /// Whether issues are enabled.
    HasIssues = "has-issues", "has_issues", "hasIssuesEnabled", Flag, "#true";
    /// Whether the wiki is enabled.
    HasWiki = "has-wiki", "has_wiki", "hasWikiEnabled", Flag, "#false";
    /// Whether projects are enabled.
    HasProjects = "has-projects", "has_projects", "hasProjectsEnabled", Flag, "#false";
    /// Whether discussions are enabled.
    HasDiscussions = "has-discussions", "has_discussions", "hasDiscussionsEnabled", Flag, "#false";
    /// Whether the repository can be used as a template.
    IsTemplate = "is-template", "is_template", "isTemplate", Flag, "#false";
    /// Whether a private repository may be forked.
    AllowForking = "allow-forking", "allow_forking", "forkingAllowed", Flag, "#false";
    /// Whether commits made on the website must be signed off.
    WebCommitSignoffRequired = "web-commit-signoff-required", "web_commit_signoff_required", "webCommitSignoffRequired", Flag, "#true";
    /// Whether pull requests may be merged with a merge commit.
    AllowMergeCommit = "allow-merge-commit", "allow_merge_commit", "mergeCommitAllowed", Flag, "#false";
    /// Whether pull requests may be squashed.
    AllowSquashMerge = "allow-squash-merge", "allow_squash_merge", "squashMergeAllowed", Flag, "#true";
    /// Whether pull requests may be rebased.
    AllowRebaseMerge = "allow-rebase-merge", "allow_rebase_merge", "rebaseMergeAllowed", Flag, "#false";
    /// Whether pull requests may be set to merge by themselves.
    AllowAutoMerge = "allow-auto-merge", "allow_auto_merge", "autoMergeAllowed", Flag, "#true";
    /// Whether a pull request's branch may be brought up to date from its page.
    AllowUpdateBranch = "allow-update-branch", "allow_update_branch", "allowUpdateBranch", Flag, "#true";
    /// Whether head branches are deleted after a merge.
    DeleteBranchOnMerge = "delete-branch-on-merge", "delete_branch_on_merge", "deleteBranchOnMerge", Flag, "#true";
    /// The default title of a squashed commit.
    SquashMergeCommitTitle = "squash-merge-commit-title", "squash_merge_commit_title", "squashMergeCommitTitle", Word(&["PR_TITLE", "COMMIT_OR_PR_TITLE"]), "\"PR_TITLE\"";
    /// The default message of a squashed commit.
    SquashMergeCommitMessage = "squash-merge-commit-message", "squash_merge_commit_message", "squashMergeCommitMessage", Word(&["PR_BODY", "COMMIT_MESSAGES", "BLANK"]), "\"PR_BODY\"";
    /// The default title of a merge commit.
    MergeCommitTitle = "merge-commit-title", "merge_commit_title", "mergeCommitTitle", Word(&["PR_TITLE", "MERGE_MESSAGE"]), "\"PR_TITLE\"";
    /// The default message of a merge commit.
    MergeCommitMessage = "merge-commit-message", "merge_commit_message", "mergeCommitMessage", Word(&["PR_BODY", "PR_TITLE", "BLANK"]), "\"PR_BODY\"";
}

impl Setting {
    /// The setting of this name, if there is one.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|s| s.name() == name)
    }

    /// Whether going from `before` to `after` removes a protection.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "only these two settings protect; a new one that does is added here"
    )]
    pub fn weakens(self, before: &SettingValue, after: &SettingValue) -> bool {
        match self {
            Self::WebCommitSignoffRequired => {
                (before, after) == (&SettingValue::Flag(true), &SettingValue::Flag(false))
            }
            Self::AllowForking => (before, after) == (&SettingValue::Flag(false), &SettingValue::Flag(true)),
            _ => false,
        }
    }

    /// How widely a value of [`Setting::Visibility`] shows the repository; greater is wider.
    pub fn width(visibility: &SettingValue) -> u8 {
        match visibility {
            SettingValue::Text(word) => match word.as_str() {
                "private" => 0,
                "internal" => 1,
                _ => 2,
            },
            SettingValue::Flag(_) | SettingValue::Names(_) => 2,
        }
    }
}
