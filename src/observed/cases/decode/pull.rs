//! A pull request.

use jiff::Timestamp;
use serde_json::Value;

use crate::model::{
    BranchSeen, CheckIs, CheckSeen, CommitId, FileChange, LabelName, Landed, Mergeable, PullCase, ReviewIs,
    ReviewSeen, Seen, ThreadSeen,
};

use super::field::{
    at, commit, count, flag, goes_on, id, login, nodes, text, text_or_none, time, time_or_none, whole,
};
use super::queue::queue;

/// How much is kept of what a check says of itself.
const SAYS: usize = 2_000;

/// A pull request; `None` where its head is in another repository than the one with this id.
pub(in super::super) fn pull(json: &Value, here: &Value) -> Result<Option<PullCase>, String> {
    if super::id_of(json, "headRepository")? != Some(super::known(here)?) {
        return Ok(None);
    }
    let (open, landed) = fate(json)?;
    let base = base(at(json, "baseRef")?)?;
    let head = commit(json, "headRefOid")?;
    let last = last_commit(json, &head)?;
    let forced = moves(at(json, "forced")?)?;
    Ok(Some(PullCase {
        number: count(json, "number")?,
        title: text(json, "title")?.to_owned(),
        open,
        own: flag(json, "viewerDidAuthor")?,
        author: login(json, "author")?,
        landed,
        draft: flag(json, "isDraft")?,
        tree: last.tree,
        pushes: Seen::Unknown,
        branch: branch(at(json, "headRef")?)?,
        base: text(json, "baseRefName")?.to_owned(),
        base_head: base.head,
        behind: base.behind,
        ahead: base.ahead,
        carries: if forced.is_empty() { Seen::Absent } else { Seen::Unknown },
        forced,
        mergeable: match text(json, "mergeable")? {
            "MERGEABLE" => Mergeable::Yes,
            "CONFLICTING" => Mergeable::Conflicts,
            "UNKNOWN" => Mergeable::Unknown,
            other => return Err(format!("`mergeable` is `{other}`")),
        },
        queue: queue(json)?,
        labels: super::names(at(json, "labels")?)?.iter().map(LabelName::key).collect(),
        checks: last.checks,
        reviews: reviews(json)?,
        threads: threads(json)?,
        files: whole(json, "files", file)?,
        opened: time(json, "createdAt")?,
        closed: time_or_none(json, "closedAt")?,
        head_at: last.at,
        head,
    }))
}

/// Whether it is open, and what landed.
fn fate(json: &Value) -> Result<(bool, Option<Landed>), String> {
    let landed = flag(json, "merged")?.then(|| landed(json)).transpose()?;
    match (text(json, "state")?, &landed) {
        ("OPEN", None) => Ok((true, None)),
        ("CLOSED", None) | ("MERGED", Some(_)) => Ok((false, landed)),
        (other, _) => Err(format!("`state` is `{other}`, and `merged` is {}", landed.is_some())),
    }
}

fn landed(json: &Value) -> Result<Landed, String> {
    let made = at(json, "mergeCommit")?;
    let there = !made.is_null();
    Ok(Landed {
        at: time(json, "mergedAt")?,
        by: Some(login(json, "mergedBy")?).filter(|login| !login.is_empty()),
        commit: there.then(|| commit(made, "oid")).transpose()?,
        tree: there.then(|| tree(made)).transpose()?,
        checks: if there { checks(made)? } else { Seen::Unknown },
    })
}

/// Its own branch; null once that is gone.
fn branch(json: &Value) -> Result<Option<BranchSeen>, String> {
    if json.is_null() {
        return Ok(None);
    }
    let target = at(json, "target")?;
    let repository = text(at(json, "repository")?, "id")?.to_owned();
    // A ref that points nowhere is about to go.
    let head = (!target.is_null()).then(|| commit(target, "oid")).transpose()?;
    Ok(head.map(|head| BranchSeen { repository, head }))
}

fn tree(commit: &Value) -> Result<String, String> {
    text(at(commit, "tree")?, "oid").map(str::to_owned)
}

/// The branch that it is for: its head, how many commits of that its own doesn't have, and how many it has that that doesn't.
/// None is known once that branch is gone, and the latter aren't when its own is.
#[derive(Default)]
struct Base {
    head: Option<CommitId>,
    behind: Option<u32>,
    ahead: Option<u32>,
}

fn base(json: &Value) -> Result<Base, String> {
    if json.is_null() {
        return Ok(Base::default());
    }
    let target = at(json, "target")?;
    let head = (!target.is_null()).then(|| commit(target, "oid")).transpose()?;
    let compared = at(json, "compare")?;
    if compared.is_null() {
        return Ok(Base { head, ..Base::default() });
    }
    let many = |field: &str| -> Result<Option<u32>, String> {
        u32::try_from(count(compared, field)?).map(Some).map_err(|_| format!("`{field}` is too much"))
    };
    Ok(Base { head, behind: many("behindBy")?, ahead: many("aheadBy")? })
}

/// When its base went elsewhere than on. Of more than GitHub tells at once nobody knows where the first ones began.
fn moves(json: &Value) -> Result<Vec<(Timestamp, Option<CommitId>)>, String> {
    let mut all = nodes(json)?.iter().map(forced).collect::<Result<Vec<_>, String>>()?;
    if flag(at(json, "pageInfo")?, "hasPreviousPage")?
        && let Some((first, _)) = all.first()
    {
        all.insert(0, (*first, None));
    }
    Ok(all)
}

/// That its base went elsewhere than on, and where it was before.
fn forced(json: &Value) -> Result<(Timestamp, Option<CommitId>), String> {
    match text(json, "__typename")? {
        "BaseRefForcePushedEvent" => {}
        other => return Err(format!("`forced` has a `{other}`")),
    }
    let before = at(json, "beforeCommit")?;
    let before = (!before.is_null()).then(|| commit(before, "oid")).transpose()?;
    Ok((time(json, "createdAt")?, before))
}

/// What is known of the head by its commit.
struct Last {
    tree: Option<String>,
    at: Option<Timestamp>,
    checks: Seen<Vec<CheckSeen>>,
}

/// The last commit, where it is the head: right after a push it isn't yet.
fn last_commit(json: &Value, head: &CommitId) -> Result<Last, String> {
    let unknown = Last { tree: None, at: None, checks: Seen::Unknown };
    let Some(last) = nodes(at(json, "commits")?)?.last() else { return Ok(unknown) };
    let last = at(last, "commit")?;
    if commit(last, "oid")? != *head {
        return Ok(unknown);
    }
    let at_time = time(last, "committedDate")?;
    Ok(Last { tree: Some(tree(last)?), at: Some(at_time), checks: checks(last)? })
}

/// The checks at a commit.
pub(super) fn checks(commit: &Value) -> Result<Seen<Vec<CheckSeen>>, String> {
    let rollup = at(commit, "statusCheckRollup")?;
    let mut checks =
        if rollup.is_null() { Seen::Known(Vec::new()) } else { whole(rollup, "contexts", check)? };
    // In whatever order GitHub has them today.
    if let Seen::Known(all) = &mut checks {
        all.sort_by(|a, b| (&a.name, a.app, a.since).cmp(&(&b.name, b.app, b.since)));
    }
    Ok(checks)
}

fn check(json: &Value) -> Result<CheckSeen, String> {
    match text(json, "__typename")? {
        "CheckRun" => check_run(json),
        "StatusContext" => status(json),
        other => Err(format!("`contexts` has a `{other}`")),
    }
}

fn check_run(json: &Value) -> Result<CheckSeen, String> {
    let conclusion = text_or_none(json, "conclusion")?;
    let state = match (text(json, "status")?, conclusion) {
        ("QUEUED" | "WAITING" | "PENDING" | "REQUESTED", _) => CheckIs::Queued,
        ("IN_PROGRESS", _) => CheckIs::Running,
        ("COMPLETED", Some("SUCCESS")) => CheckIs::Passed,
        ("COMPLETED", Some("NEUTRAL" | "SKIPPED")) => CheckIs::Neutral,
        (
            "COMPLETED",
            Some("FAILURE" | "CANCELLED" | "TIMED_OUT" | "ACTION_REQUIRED" | "STALE" | "STARTUP_FAILURE"),
        ) => CheckIs::Failed,
        (other, conclusion) => {
            return Err(format!(
                "`status` is `{other}`, and `conclusion` is `{}`",
                conclusion.unwrap_or("null")
            ));
        }
    };
    let app = at(at(json, "checkSuite")?, "app")?;
    let says = [text_or_none(json, "title")?, text_or_none(json, "summary")?];
    let says: Vec<&str> = says.into_iter().flatten().map(str::trim).filter(|part| !part.is_empty()).collect();
    Ok(CheckSeen {
        name: text(json, "name")?.to_owned(),
        app: (!app.is_null()).then(|| count(app, "databaseId")).transpose()?,
        state,
        says: says.join("\n").chars().take(SAYS).collect(),
        since: time_or_none(json, "startedAt")?,
    })
}

fn status(json: &Value) -> Result<CheckSeen, String> {
    let state = match text(json, "state")? {
        "EXPECTED" | "PENDING" => CheckIs::Running,
        "SUCCESS" => CheckIs::Passed,
        "FAILURE" | "ERROR" => CheckIs::Failed,
        other => return Err(format!("`state` of a commit status is `{other}`")),
    };
    Ok(CheckSeen {
        name: text(json, "context")?.to_owned(),
        app: None,
        state,
        says: text_or_none(json, "description")?.unwrap_or_default().chars().take(SAYS).collect(),
        since: Some(time(json, "createdAt")?),
    })
}

/// The reviews; one that its author has not sent off is none yet.
fn reviews(json: &Value) -> Result<Seen<Vec<ReviewSeen>>, String> {
    Ok(match whole(json, "reviews", review)? {
        Seen::Known(all) => Seen::Known(all.into_iter().flatten().collect()),
        Seen::Absent | Seen::Unknown => Seen::Unknown,
    })
}

fn review(json: &Value) -> Result<Option<ReviewSeen>, String> {
    let verdict = match text(json, "state")? {
        "APPROVED" => ReviewIs::Approved,
        "CHANGES_REQUESTED" => ReviewIs::ChangesRequested,
        "COMMENTED" => ReviewIs::Commented,
        "DISMISSED" => ReviewIs::Dismissed,
        "PENDING" => return Ok(None),
        other => return Err(format!("`state` of a review is `{other}`")),
    };
    let of = at(json, "commit")?;
    Ok(Some(ReviewSeen {
        id: id(json)?,
        author: login(json, "author")?,
        own: flag(json, "viewerDidAuthor")?,
        verdict,
        commit: (!of.is_null()).then(|| commit(of, "oid")).transpose()?,
        body: text(json, "body")?.to_owned(),
        at: time(json, "submittedAt")?,
    }))
}

/// The threads; unknown too where one of them goes on.
fn threads(json: &Value) -> Result<Seen<Vec<ThreadSeen>>, String> {
    Ok(match whole(json, "reviewThreads", thread)? {
        Seen::Known(all) => all.into_iter().collect::<Option<_>>().map_or(Seen::Unknown, Seen::Known),
        Seen::Absent | Seen::Unknown => Seen::Unknown,
    })
}

fn thread(json: &Value) -> Result<Option<ThreadSeen>, String> {
    let said = at(json, "comments")?;
    let comments = nodes(said)?.iter().map(|one| {
        let body = text(one, "body")?.to_owned();
        Ok((id(one)?, login(one, "author")?, flag(one, "viewerDidAuthor")?, body))
    });
    let thread = ThreadSeen {
        id: text(json, "id")?.to_owned(),
        resolved: flag(json, "isResolved")?,
        path: text(json, "path")?.to_owned(),
        comments: comments.collect::<Result<_, String>>()?,
    };
    Ok((!goes_on(said)?).then_some(thread))
}

fn file(json: &Value) -> Result<FileChange, String> {
    Ok(FileChange {
        path: text(json, "path")?.to_owned(),
        // What it was called before is told elsewhere.
        was: if text(json, "changeType")? == "RENAMED" { Seen::Unknown } else { Seen::Absent },
        additions: count(json, "additions")?,
        deletions: count(json, "deletions")?,
    })
}
