//! What is seen of one issue that a pipeline has to do with, and of the pull requests for it; and which of it must still be so
//! when something is done about it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{CommitId, Held, LabelName, MergeQueue, RepoName, Seen, visible_body};

/// How long an issue without a priority waits until it counts as one that is urgent.
const AGES: SignedDuration = SignedDuration::from_hours(168);

/// An issue, and the pull requests from its branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The repository.
    pub repo: RepoName,
    /// Its number.
    pub number: u64,
    /// Its title, as it was written.
    pub title: String,
    /// Its text, as it was written.
    pub body: String,
    /// Who wrote it: a login, empty where the account is gone.
    pub author: String,
    /// Whether it is open.
    pub open: bool,
    /// When it was opened.
    pub opened: Timestamp,
    /// When its text was last edited, and by whom.
    pub edited: Option<(Timestamp, String)>,
    /// When its title was last changed, and by whom.
    pub renamed: Option<(Timestamp, String)>,
    /// Whether somebody has opened it again since it was closed.
    pub reopened: bool,
    /// Whether it was closed because nobody is to do it: as not planned, or as a duplicate.
    pub rejected: bool,
    /// Its labels, by [`LabelName::key`].
    pub labels: BTreeMap<String, LabelOn>,
    /// Who is assigned, by login: who did that last, and when, where that is among the last hundred changes.
    pub assignees: BTreeMap<String, Option<(String, Timestamp)>>,
    /// Its comments, oldest first; the last hundred.
    pub comments: Vec<CommentSeen>,
    /// The issues of its repository that it says it is blocked by.
    pub blocked_by: BTreeSet<u64>,
    /// The issues that GitHub has it blocked by, and whether each is open.
    pub dependencies: BTreeMap<(RepoName, u64), bool>,
    /// The issue that it is a part of: GitHub's parent.
    pub parent: Option<(RepoName, u64)>,
    /// Its parts, GitHub's sub-issues, and whether each is open.
    pub children: BTreeMap<(RepoName, u64), bool>,
    /// Those of them that were closed because nobody is to do them.
    pub rejected_children: BTreeSet<(RepoName, u64)>,
    /// Whether the search of its pipeline finds it; unknown where that was not asked.
    pub found: Option<bool>,
    /// The head of its branch, where that is there.
    pub branch: Option<CommitId>,
    /// The pull requests from its branch, newest first; the last five.
    pub pulls: Vec<PullCase>,
}

/// A label on an issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelOn {
    /// Its name.
    pub name: LabelName,
    /// Who put it there last, and when, where that is among the last hundred labels and people that it was given.
    pub by: Option<(String, Timestamp)>,
}

/// A comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommentSeen {
    /// GitHub's number of it.
    pub id: u64,
    /// Who wrote it: a login, empty where the account is gone.
    pub author: String,
    /// Whether the factory did.
    pub own: bool,
    /// What it says.
    pub body: String,
    /// When it was written.
    pub at: Timestamp,
    /// When it was last edited, and by whom: whoever may write in a repository may edit what others said.
    pub edited: Option<(Timestamp, String)>,
}

impl CommentSeen {
    /// Whose words these are.
    pub fn by(&self) -> &str {
        self.edited.as_ref().map_or(&self.author, |(_, login)| login)
    }
}

/// A branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchSeen {
    /// The repository that it is in, by GitHub's node id.
    pub repository: String,
    /// Where it is.
    pub head: CommitId,
}

/// A pull request from the branch of an issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullCase {
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Whether it is open.
    pub open: bool,
    /// Whether the factory opened it.
    pub own: bool,
    /// Who opened it.
    pub author: String,
    /// When it was closed or merged.
    pub closed: Option<Timestamp>,
    /// What landed, once it was merged.
    pub landed: Option<Landed>,
    /// Whether it isn't ready for review.
    pub draft: bool,
    /// Its head.
    pub head: CommitId,
    /// The tree of its head.
    pub tree: Option<String>,
    /// How its branch has moved, newest first; unknown where that was not read.
    pub pushes: Seen<Vec<Push>>,
    /// Its own branch, while that is there.
    pub branch: Option<BranchSeen>,
    /// The branch that it is for.
    pub base: String,
    /// The head of that branch.
    pub base_head: Option<CommitId>,
    /// How many commits of that branch its head doesn't have; unknown where GitHub doesn't tell.
    pub behind: Option<u32>,
    /// How many commits its head has that that branch doesn't have; unknown where GitHub doesn't tell.
    pub ahead: Option<u32>,
    /// When that branch went elsewhere than on since it was opened, and where it was before, oldest first. GitHub doesn't tell of a
    /// commit that is gone.
    pub forced: Vec<(Timestamp, Option<CommitId>)>,
    /// A commit of its own that that branch had once and has no more; unknown where that was not read.
    pub carries: Seen<CommitId>,
    /// Whether it can be merged as far as Git goes.
    pub mergeable: Mergeable,
    /// The merge queue of its base, where that has one.
    pub queue: Option<MergeQueue>,
    /// Its labels, by [`LabelName::key`].
    pub labels: BTreeSet<String>,
    /// The checks at its head; unknown where not all were read.
    pub checks: Seen<Vec<CheckSeen>>,
    /// Its reviews, oldest first; unknown where not all were read.
    pub reviews: Seen<Vec<ReviewSeen>>,
    /// Its threads; unknown where not all were read.
    pub threads: Seen<Vec<ThreadSeen>>,
    /// What it changes; unknown where not all was read.
    pub files: Seen<Vec<FileChange>>,
    /// When it was opened.
    pub opened: Timestamp,
    /// When its head was committed.
    pub head_at: Option<Timestamp>,
}

/// One move of a branch, as GitHub has kept it: whatever a commit says of who made it, that is who pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// Where the branch was; `None` where it was not there.
    pub before: Option<CommitId>,
    /// Where it went; `None` where it was deleted.
    pub after: Option<CommitId>,
    /// Who moved it: a login, empty where the account is gone.
    pub by: String,
}

/// What came of a merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Landed {
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub by: Option<String>,
    /// The commit on the base.
    pub commit: Option<CommitId>,
    /// Its tree.
    pub tree: Option<String>,
    /// The checks at that commit; unknown where not all were read.
    pub checks: Seen<Vec<CheckSeen>>,
}

/// Whether GitHub can merge a pull request as far as Git goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mergeable {
    /// It can.
    Yes,
    /// There are conflicts.
    Conflicts,
    /// GitHub hasn't found out yet.
    Unknown,
}

/// A check run or a commit status at a head.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CheckSeen {
    /// Its name or context.
    pub name: String,
    /// The App that reports it; a commit status has none.
    pub app: Option<u64>,
    /// How it stands.
    pub state: CheckIs,
    /// What it says of itself, in a line or a few.
    pub says: String,
    /// When it was asked for or started.
    pub since: Option<Timestamp>,
}

/// How a check stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CheckIs {
    /// It has been asked for, and has not started.
    Queued,
    /// It is under way.
    Running,
    /// It passed. A neutral or skipped check run is none that passed.
    Passed,
    /// It was skipped, or says neither yes nor no.
    Neutral,
    /// It failed, was cancelled, timed out, or wants somebody to act.
    Failed,
}

impl CheckIs {
    /// Its word in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Passed => "passed",
            Self::Neutral => "neutral",
            Self::Failed => "failed",
        }
    }
}

/// A review of a pull request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReviewSeen {
    /// GitHub's number of it.
    pub id: u64,
    /// Who reviewed: a login, empty where the account is gone.
    pub author: String,
    /// Whether the factory did.
    pub own: bool,
    /// What it says of the pull request.
    pub verdict: ReviewIs,
    /// Of which commit.
    pub commit: Option<CommitId>,
    /// Its words.
    pub body: String,
    /// When.
    pub at: Timestamp,
}

/// What a review says of a pull request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReviewIs {
    /// It may land.
    Approved,
    /// It may not, before something is changed.
    ChangesRequested,
    /// Neither.
    Commented,
    /// Somebody took it back.
    Dismissed,
}

impl ReviewIs {
    /// Its word in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::ChangesRequested => "changes requested",
            Self::Commented => "commented",
            Self::Dismissed => "dismissed",
        }
    }
}

/// A conversation on a line of a pull request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ThreadSeen {
    /// GitHub's node id of it.
    pub id: String,
    /// Whether it is settled.
    pub resolved: bool,
    /// The file that it is on.
    pub path: String,
    /// Its comments, oldest first: GitHub's number, who wrote it, whether the factory did, what it says.
    pub comments: Vec<(u64, String, bool, String)>,
}

/// A file that a pull request changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// Its path; of a renamed one the new path.
    pub path: String,
    /// Where a renamed one was; absent: it was not renamed.
    pub was: Seen<String>,
    /// Lines that come.
    pub additions: u64,
    /// Lines that go.
    pub deletions: u64,
}

/// What of an issue must still be as it was seen, right before something is done about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watched {
    /// The issue.
    pub number: u64,
    /// The labels of which it matters whether they are there, by [`LabelName::key`].
    pub labels: BTreeSet<String>,
    /// Those of which it matters who put them there, and whether the text was edited since.
    pub intake: BTreeSet<String>,
    /// The login whose assignment matters, if one does.
    pub assignee: Option<String>,
    /// Whether all matters that people said: whoever is to work on it is told, and triage asks again once somebody spoke.
    pub talk: bool,
    /// Whether its pull request matters, with all that decides whether it may land.
    pub pull: bool,
    /// Whether it matters which pull request is open, and for which branch.
    pub open: bool,
}

impl Watched {
    /// What is watched, added to the value of what is done about it.
    pub fn beside(&self, value: Value, issue: Value) -> Value {
        let mut out = if value.is_object() { value } else { json!({}) };
        out["of"] = issue;
        out
    }
}

impl Case {
    /// Sixteen hex digits that stand for what its author says.
    pub fn text(&self) -> String {
        let mut hash = blake3::Hasher::new();
        hash.update(self.title.as_bytes()).update(b"\0").update(self.body.as_bytes());
        hash.finalize().to_hex()[..16].to_owned()
    }

    /// When what it says was changed last, and by whom: its text, its title.
    pub fn changes(&self) -> impl Iterator<Item = &(Timestamp, String)> {
        self.edited.iter().chain(&self.renamed)
    }

    /// Whether it carries a label.
    pub fn has(&self, label: &LabelName) -> bool {
        self.labels.contains_key(&label.key())
    }

    /// Whose turn it is first: by priority, in which who waits long rises; then who came first.
    pub fn turn(&self, now: Timestamp) -> (u8, Reverse<bool>, Timestamp, u64) {
        let priority = ["p0", "p1", "p2"].iter().position(|word| {
            self.labels.keys().any(|key| key == word || key.rsplit([':', '/']).next() == Some(word))
        });
        let aged = now.duration_since(self.opened) >= AGES;
        let rank = priority.map_or(3, |n| u8::try_from(n).unwrap_or(3));
        let has_pull = self.pull().is_some_and(|pull| pull.open);
        (if aged { rank.min(1) } else { rank }, Reverse(has_pull), self.opened, self.number)
    }

    /// Who assigned somebody, and when, where that is known; nothing where nobody did.
    pub fn assigned(&self, login: &str) -> Option<&Option<(String, Timestamp)>> {
        self.assignees.iter().find(|(one, _)| one.eq_ignore_ascii_case(login)).map(|(_, by)| by)
    }

    /// The latest pull request, whatever became of it.
    pub fn pull(&self) -> Option<&PullCase> {
        self.pulls.first()
    }

    /// The comment of the factory's own that begins with this line.
    pub fn own_comment(&self, marker: &str) -> Option<&CommentSeen> {
        self.comments.iter().find(|it| it.own && it.body.lines().next() == Some(marker))
    }

    /// Which head its pull request has that is open, compared with the one that it shall no longer have.
    fn at(&self, head: &CommitId) -> Value {
        let open = self.pull().filter(|pull| pull.open);
        match open {
            Some(pull) if pull.head == *head => json!({ "behind": true, "head": head.as_str() }),
            Some(_) => json!({ "behind": false, "head": Value::Null }),
            None => Value::Null,
        }
    }

    /// What is watched of it, for comparison. Two readings that differ in something that is watched differ here.
    pub fn stamp(&self, watched: &Watched) -> Value {
        let labels: Vec<&String> =
            watched.labels.iter().filter(|key| self.labels.contains_key(*key)).collect();
        let mut out = json!({
            "issue": self.number,
            "open": self.open,
            "text": self.text(),
            "labels": labels,
        });
        let blocks: Vec<String> = (self.dependencies.iter().filter(|(_, open)| **open))
            .map(|((repo, number), _)| format!("{repo}#{number}"))
            .collect();
        if !blocks.is_empty() {
            out["blocked-by"] = blocks.into();
        }
        if let Some(asked) = self.asked(watched) {
            out["asked"] = asked.into();
        }
        if let Some(login) = &watched.assignee {
            out["assigned"] = self.assigned(login).is_some().into();
        }
        let said = self.said(is_command);
        if !said.is_empty() {
            out["said"] = said.into();
        }
        if watched.talk {
            out["talk"] = self.said(|_| true).into();
        }
        if watched.pull {
            out["pull"] = self.pull().map_or(Value::Null, PullCase::stamp);
        }
        if watched.open {
            let open = self.pull().filter(|pull| pull.open);
            out["open-pull"] = open.map(|pull| json!([pull.number, pull.base])).into();
        }
        out
    }

    /// Sixteen hex digits that stand for who asked for it, by a label or by whom it is assigned to, from where it was brought,
    /// and who edited its text last; nothing where nobody asks for it so.
    fn asked(&self, watched: &Watched) -> Option<String> {
        let on: Vec<&LabelOn> = watched.intake.iter().filter_map(|key| self.labels.get(key)).collect();
        let assigned = watched.assignee.as_ref().and_then(|login| self.assigned(login));
        let all = (&on, assigned, &self.edited, super::Routed::of(self));
        let digest = || blake3::hash(format!("{all:?}").as_bytes()).to_hex()[..16].to_owned();
        (!on.is_empty() || assigned.is_some()).then(digest)
    }

    /// Sixteen hex digits that stand for the comments of people that matter; nothing where there are none.
    fn said(&self, matters: impl Fn(&str) -> bool) -> String {
        let mut hash = blake3::Hasher::new();
        for comment in self.comments.iter().filter(|it| !it.own && matters(&it.body)) {
            // The same words are others' once somebody else has written them: who may steer, for one.
            hash.update(&comment.id.to_le_bytes()).update(comment.by().as_bytes()).update(b"\0");
            hash.update(comment.body.as_bytes()).update(b"\0");
        }
        if hash.count() == 0 { String::new() } else { hash.finalize().to_hex()[..16].to_owned() }
    }

    /// How it looks to who has its branch take in its base: the head, with what is watched.
    pub fn update(&self, head: &CommitId, watched: &Watched) -> Value {
        watched.beside(self.at(head), self.stamp(watched))
    }
}

impl PullCase {
    /// Whether it was merged.
    pub fn merged(&self) -> bool {
        self.landed.is_some()
    }

    /// All that decides whether it may land, for comparison.
    pub fn stamp(&self) -> Value {
        let digest = |text: String| blake3::hash(text.as_bytes()).to_hex()[..16].to_owned();
        let mut out = json!({
            "number": self.number,
            "open": self.open,
            "merged": self.merged(),
            "draft": self.draft,
            "head": self.head.as_str(),
            "base": self.base,
            "base-head": self.base_head.as_ref().map(CommitId::as_str),
            "mergeable": format!("{:?}", self.mergeable).to_lowercase(),
            "labels": self.labels,
            "title": self.title,
            "checks": self.checks.known().map(|all| digest(format!("{all:?}"))),
            "reviews": self.reviews.known().map(|all| digest(format!("{all:?}"))),
            "threads": self.threads.known().map(|all| digest(format!("{all:?}"))),
            "files": self.files.known().map(|all| {
                // Where one was is read apart from the rest, and the head tells.
                let all = all.iter().map(|file| (&file.path, file.additions, file.deletions));
                digest(format!("{:?}", all.collect::<Vec<_>>()))
            }),
        });
        if let Some(queue) = &self.queue {
            out["queue"] = queue.stamp();
        }
        out
    }
}

/// The words with which a comment begins that is a command.
const COMMANDS: [&str; 6] = ["/steer", "/pause", "/resume", "/abort", "/redo", "/retry"];

/// Whether a comment is meant as a command: by its first word, which is no code, as what is indented by four is.
pub fn is_command(body: &str) -> bool {
    let first = body.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let indent = first.chars().take_while(|c| c.is_whitespace()).map(|c| if c == '\t' { 4 } else { 1 });
    if indent.sum::<usize>() >= 4 {
        return false;
    }
    let word = body.split_whitespace().next().unwrap_or_default();
    COMMANDS.contains(&word.to_lowercase().as_str())
}

/// The issues of the same repository that a text says something is blocked by, where a reader sees it: `Blocked by #3, #4`,
/// `Depends on #5`.
pub fn blockers(text: &str) -> BTreeSet<u64> {
    let mut out = BTreeSet::new();
    for line in visible_body(text).0.lines() {
        let lower = line.to_lowercase();
        let Some(at) =
            ["blocked by", "depends on"].iter().find_map(|words| Some(lower.find(words)? + words.len()))
        else {
            continue;
        };
        for part in
            lower[at..].split([' ', ',', ';', ':', '.', ')', '(', '*']).filter(|part| !part.is_empty())
        {
            match part.strip_prefix('#').map(str::parse) {
                Some(Ok(number)) => drop(out.insert(number)),
                None if part == "and" => {}
                Some(Err(_)) | None => break,
            }
        }
    }
    out
}

/// What somebody may do in a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// Nothing.
    None,
    /// Look.
    Read,
    /// Look, and sort issues.
    Triage,
    /// Push.
    Write,
    /// Push, and change some settings.
    Maintain,
    /// Everything.
    Admin,
}

impl Permission {
    /// The words of config and of GitHub.
    pub const WORDS: &'static [&'static str] = &["none", "read", "triage", "write", "maintain", "admin"];

    /// By its word.
    pub fn by_word(word: &str) -> Option<Self> {
        let all = [Self::None, Self::Read, Self::Triage, Self::Write, Self::Maintain, Self::Admin];
        all.into_iter().find(|one| one.as_str() == word)
    }

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Read => "read",
            Self::Triage => "triage",
            Self::Write => "write",
            Self::Maintain => "maintain",
            Self::Admin => "admin",
        }
    }
}

/// What is known of the issues that pipelines have to do with.
#[derive(Clone, Debug, Default)]
pub struct Cases {
    /// Each issue, by repository and number. Absent is one that is gone or was moved elsewhere.
    pub all: BTreeMap<(RepoName, u64), Seen<Case>>,
    /// What those may do who set labels or wrote commands, by repository and login.
    pub permissions: BTreeMap<(RepoName, String), Seen<Permission>>,
    /// The factory's own login, by owner of repositories, in lower case.
    pub own: BTreeMap<String, String>,
    /// The login of its reviewer, where it has one and GitHub tells it.
    pub reviewer: Option<String>,
    /// Who sees a repository: `public`, `internal` or `private`.
    pub visibility: BTreeMap<RepoName, String>,
    /// The repositories that are archived: nothing can be written there.
    pub archived: BTreeSet<RepoName>,
    /// What the ledger holds for policies that ask for evidence.
    pub held: Arc<Held>,
    /// The advisors that were passed over.
    pub passed: super::AllPassedOver,
}

impl Cases {
    /// What is known of an issue; one that was not asked for is unknown.
    pub fn of(&self, repo: &RepoName, number: u64) -> Seen<&Case> {
        match self.all.get(&(repo.clone(), number)) {
            Some(Seen::Known(case)) => Seen::Known(case),
            Some(Seen::Absent) => Seen::Absent,
            Some(Seen::Unknown) | None => Seen::Unknown,
        }
    }

    /// What somebody may do in a repository; who was not asked about is unknown.
    pub fn permission(&self, repo: &RepoName, login: &str) -> Option<Permission> {
        self.permissions.get(&(repo.clone(), login.to_lowercase()))?.known().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_text_says_it_is_blocked_by() {
        for (text, expect) in [
            ("Blocked by #3.", vec![3]),
            ("- **Blocked by**: #3, #4 and #12", vec![3, 4, 12]),
            ("It depends on #5; see #6", vec![5]),
            ("blocked by the weather, see #7", vec![]),
            ("It is not blocked. #8", vec![]),
        ] {
            assert_eq!(blockers(text).into_iter().collect::<Vec<_>>(), expect, "{text}");
        }
    }
}
