//! What is done about issues and their pull requests. Each write comes after one reading of the issue, with all that decides.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::adapters::github::{Client, Effect as Once, Error, Operation};
use crate::model::{
    Case, CheckState, Clearing, CommitId, LabelName, Landing, PullReview, REVIEW_STATUS, Remark, Reply,
    RepoName, ReviewIs, Tell, Watched,
};
use crate::observed::one_case;

use super::look::LookError;
use super::shown::Shown;

/// For so long one reading counts for all that is done about an issue in one go.
const TOGETHER: SignedDuration = SignedDuration::from_secs(2);

/// What is done about issues in one go, after one reading of each.
pub(super) struct Group<'a> {
    clock: &'a (dyn Fn() -> Timestamp + Send + Sync),
    /// By repository and number: when it was read, and what it was then.
    read: BTreeMap<(RepoName, u64), (Timestamp, Option<Case>)>,
    /// What the last thing was done about.
    last: Option<(RepoName, u64)>,
}

impl<'a> Group<'a> {
    /// One that nothing was done in yet.
    pub(super) fn new(clock: &'a (dyn Fn() -> Timestamp + Send + Sync)) -> Self {
        Self { clock, read: BTreeMap::new(), last: None }
    }

    /// Whatever is done next is looked at anew.
    pub(super) fn ends(&mut self) {
        self.read.clear();
    }

    /// An issue as it is now, in whichever form; null where it is gone, or was moved elsewhere. It is read again where something
    /// was done about another one meanwhile.
    pub(super) async fn look(
        &mut self,
        client: &Client,
        repo: &RepoName,
        number: u64,
        value: impl FnOnce(&Case) -> Value,
    ) -> Result<Value, LookError> {
        let it = (repo.clone(), number);
        if self.last.as_ref() != Some(&it) {
            self.read.remove(&it);
        }
        self.glance(client, repo, number, value).await
    }

    /// The same, as it was read right before for anything else: enough for what is told.
    pub(super) async fn glance(
        &mut self,
        client: &Client,
        repo: &RepoName,
        number: u64,
        value: impl FnOnce(&Case) -> Value,
    ) -> Result<Value, LookError> {
        let now = (self.clock)();
        self.read.retain(|_, (at, _)| now.duration_since(*at) < TOGETHER);
        let (_, case) = match self.read.entry((repo.clone(), number)) {
            Entry::Occupied(there) => there.into_mut(),
            Entry::Vacant(free) => {
                let read = one_case(client, repo, number).await?;
                self.last = Some((repo.clone(), number));
                free.insert((now, read))
            }
        };
        Ok(case.as_ref().map_or(Value::Null, value))
    }

    /// Adds what is watched of the issue of something to its value.
    pub(super) async fn beside(
        &mut self,
        client: &Client,
        repo: &RepoName,
        watched: &Watched,
        value: Value,
    ) -> Result<Value, LookError> {
        let issue = self.look(client, repo, watched.number, |case| case.stamp(watched)).await?;
        Ok(watched.beside(value, issue))
    }
}

const CLEAR: &str =
    "mutation ClearBranch($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }";
/// The object id of a ref that isn't there.
const NOWHERE: &str = "0000000000000000000000000000000000000000";

/// Deletes the branch of what landed, where it is; GitHub refuses any other.
async fn clear(client: &Client, owner: &str, it: &Clearing) -> Result<(), Error> {
    let update = json!({
        "name": format!("refs/heads/{}", it.branch), "beforeOid": it.head.as_str(), "afterOid": NOWHERE,
    });
    let input = json!({ "repositoryId": it.repository, "refUpdates": [update] });
    let operation = Operation::new("ClearBranch", CLEAR).with(json!({ "input": input }));
    client.graphql(owner, &operation).await?.complete().map(drop)
}

/// The comment first, then the labels that come, those that go, the branch, and the closing: whatever cuts it short, the issue is
/// never without a label, and never closed without a word.
pub(super) async fn tell(client: &Client, tell: &Tell) -> Result<Shown, Error> {
    let Tell { repo, comment, add, remove, close, clears, watched, .. } = tell;
    let issue = format!("/repos/{repo}/issues/{}", watched.number);
    let mut shown = Shown::Yes;
    if let Some(body) = comment {
        shown = super::speech::comment(client, repo, watched.number, tell.rewrites, body).await?;
    }
    if !add.is_empty() {
        let labels: Vec<&str> = add.iter().map(LabelName::as_str).collect();
        let (path, wanted) = (format!("{issue}/labels"), json!({ "labels": labels }));
        let reply = client.write(repo.owner(), Method::POST, &path, &wanted, Once::Idempotent).await?;
        let there = |label: &&LabelName| {
            let all = reply.body.as_array().into_iter().flatten();
            all.filter_map(|it| it["name"].as_str())
                .any(|name| LabelName::observed(name).key() == label.key())
        };
        shown = shown.and(Shown::when(add.iter().all(|label| there(&label))));
    }
    for label in remove {
        let path = format!("{issue}/labels/{}", crate::adapters::github::segment(label.as_str()));
        match client.write(repo.owner(), Method::DELETE, &path, &Value::Null, Once::Idempotent).await {
            Ok(_) => {}
            Err(error) if matches!(error.kind(), crate::adapters::github::Kind::Absent) => {}
            Err(error) => return Err(error),
        }
    }
    // What GitHub has against it keeps the issue open no longer.
    let cleared = match clears {
        Some(clearing) => clear(client, repo.owner(), clearing).await,
        None => Ok(()),
    };
    if *close {
        let wanted = json!({ "state": "closed", "state_reason": "completed" });
        let reply = client.write(repo.owner(), Method::PATCH, &issue, &wanted, Once::Idempotent).await?;
        shown = shown.and(Shown::when(reply.body["state"] == "closed"));
    }
    cleared.map(|()| shown)
}

/// Merges it at the head that was judged; GitHub refuses any other.
pub(super) async fn merge(client: &Client, landing: &Landing) -> Result<Shown, Error> {
    let Landing { repo, pull, head, method, title, message, .. } = landing;
    let path = format!("/repos/{repo}/pulls/{pull}/merge");
    let wanted = json!({
        "sha": head.as_str(),
        "merge_method": method.as_str(),
        "commit_title": title,
        "commit_message": message,
    });
    let reply = client.write(repo.owner(), Method::PUT, &path, &wanted, Once::Create).await?;
    Ok(Shown::when(reply.body["merged"] == true))
}

/// Has the branch take in its base. GitHub does so in a while and answers before.
pub(super) async fn update_branch(
    client: &Client,
    repo: &RepoName,
    number: u64,
    head: &CommitId,
) -> Result<Shown, Error> {
    let path = format!("/repos/{repo}/pulls/{number}/update-branch");
    let wanted = json!({ "expected_head_sha": head.as_str() });
    let reply = client.write(repo.owner(), Method::PUT, &path, &wanted, Once::Create).await?;
    Ok(Shown::when(reply.status == 202))
}

/// Answers a conversation there, or a review by one that says nothing but that.
pub(super) async fn reply(client: &Client, it: &Reply) -> Result<Shown, Error> {
    let Reply { repo, pull, to, body, .. } = it;
    let (path, wanted) = match to {
        Remark::Thread(_, to) => {
            (format!("/repos/{repo}/pulls/{pull}/comments/{to}/replies"), json!({ "body": body }))
        }
        Remark::Review(_) => {
            (format!("/repos/{repo}/pulls/{pull}/reviews"), json!({ "event": "COMMENT", "body": body }))
        }
    };
    let reply = client.write(repo.owner(), Method::POST, &path, &wanted, Once::Create).await?;
    Ok(Shown::fields(&reply, [("body", &wanted["body"])]))
}

/// Writes a review at the head that was judged. The commit status comes first, and may come twice: the review is what shows
/// that it is done.
pub(super) async fn review(client: &Client, it: &PullReview) -> Result<Shown, Error> {
    let PullReview { repo, pull, head, by, verdict, passes, body, .. } = it;
    let mut shown = Shown::Yes;
    if by.is_none() {
        let summary =
            if *passes { "nothing has to be mended first" } else { "something has to be mended first" };
        let state = CheckState { passes: *passes, summary: summary.to_owned() };
        shown = super::speech::report(client, repo, head, REVIEW_STATUS, &state, false).await?;
    }
    let event = if *verdict == ReviewIs::Approved { "APPROVE" } else { "COMMENT" };
    let path = format!("/repos/{repo}/pulls/{pull}/reviews");
    let wanted = json!({ "commit_id": head.as_str(), "event": event, "body": body });
    let reply = client.write(repo.owner(), Method::POST, &path, &wanted, Once::Create).await?;
    Ok(shown.and(Shown::fields(&reply, ["commit_id", "body"].map(|field| (field, &wanted[field])))))
}
