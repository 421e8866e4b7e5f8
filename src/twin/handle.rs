//! A handle on the world of a running twin, for tests: what the admin API offers, without HTTP.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::twin::acts::{self, Tx};
use crate::twin::door::failure::Failure;
use crate::twin::git::Found;
use crate::twin::state::Shared;
use crate::twin::world::{CiScript, DeliveryOptions, HookScope, Permission, ReviewState, World};

/// The world of a running twin.
#[derive(Clone)]
pub struct WorldHandle {
    pub(super) shared: Arc<Shared>,
}

/// GitHub would have refused it.
#[derive(Debug, thiserror::Error)]
#[error("GitHub would answer {status}: {message}")]
pub struct Refused {
    /// The status.
    pub status: u16,
    /// The message.
    pub message: String,
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self { status: failure.status, message: failure.sentence() }
    }
}

/// Who makes drift when nobody is named.
const SOMEBODY: &str = "operator";

impl WorldHandle {
    /// Looks at the world.
    pub fn with<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&self.shared.world())
    }

    /// Changes the world directly: no webhooks, no audit entries.
    pub fn mutate<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        self.shared.edit(change)
    }

    /// Replaces the world.
    pub fn replace(&self, world: World) {
        self.shared.edit(|old| *old = world);
    }

    fn act<T>(
        &self,
        repo: &str,
        act: impl FnOnce(&mut Tx<'_>, u64) -> Result<T, Failure>,
    ) -> Result<T, Refused> {
        self.act_as(SOMEBODY, repo, act)
    }

    fn act_as<T>(
        &self,
        actor: &str,
        repo: &str,
        act: impl FnOnce(&mut Tx<'_>, u64) -> Result<T, Failure>,
    ) -> Result<T, Refused> {
        let outcome = self.shared.change(actor, &self.shared.urls(), |tx| {
            let (owner, name) = repo.split_once('/').ok_or_else(Failure::not_found)?;
            let id = tx.world.repo(owner, name).map(|repo| repo.id).ok_or_else(Failure::not_found)?;
            act(tx, id)
        });
        Ok(outcome?)
    }

    /// Changes settings of `owner/name`, with the fields of `PATCH /repos/{owner}/{repo}`.
    pub fn set(&self, repo: &str, fields: &Value) -> Result<(), Refused> {
        self.act(repo, |tx, id| acts::repositories::update(tx, id, fields).map(drop))
    }

    /// Replaces the topics.
    pub fn set_topics(&self, repo: &str, topics: &[&str]) -> Result<(), Refused> {
        let topics: Vec<String> = topics.iter().map(|topic| (*topic).to_owned()).collect();
        self.act(repo, |tx, id| acts::repositories::set_topics(tx, id, &topics).map(drop))
    }

    /// Renames a repository; the former name redirects.
    pub fn rename(&self, repo: &str, name: &str) -> Result<(), Refused> {
        self.act(repo, |tx, id| acts::repositories::rename(tx, id, name).map(drop))
    }

    /// Deletes a repository.
    pub fn delete(&self, repo: &str) -> Result<(), Refused> {
        self.act(repo, acts::repositories::delete)
    }

    /// Adds a label, with the fields of `POST …/labels`.
    pub fn add_label(&self, repo: &str, fields: &Value) -> Result<(), Refused> {
        self.act(repo, |tx, id| acts::labels::create(tx, id, fields).map(drop))
    }

    /// Changes a label, with the fields of `PATCH …/labels/{name}`.
    pub fn edit_label(&self, repo: &str, name: &str, fields: &Value) -> Result<(), Refused> {
        self.act(repo, |tx, id| acts::labels::update(tx, id, name, fields).map(drop))
    }

    /// Deletes a label.
    pub fn delete_label(&self, repo: &str, name: &str) -> Result<(), Refused> {
        self.act(repo, |tx, id| acts::labels::delete(tx, id, name))
    }

    /// Commits one file to a branch, which begins at the default branch if it is new; answers the commit.
    pub fn push_file(&self, repo: &str, branch: &str, path: &str, text: &str) -> Result<String, Refused> {
        self.act(repo, |tx, id| {
            let commit = acts::refs::Commit {
                branch,
                expected: None,
                message: format!("Change {path}"),
                additions: vec![(path.to_owned(), text.as_bytes().to_vec())],
                deletions: Vec::new(),
            };
            acts::refs::commit(tx, id, commit).map(|commit| commit.sha)
        })
    }

    /// Commits a file of a branch under another path.
    pub fn move_file(&self, repo: &str, branch: &str, from: &str, to: &str) -> Result<String, Refused> {
        self.act(repo, |tx, id| {
            let bare = tx.bare(id)?;
            let tip = bare.tip(&format!("refs/heads/{branch}"))?.ok_or_else(Failure::not_found)?;
            let Found::File(_, bytes) = bare.at_path(&tip, from)? else { return Err(Failure::not_found()) };
            let commit = acts::refs::Commit {
                branch,
                expected: Some(&tip),
                message: format!("Move {from} to {to}"),
                additions: vec![(to.to_owned(), bytes)],
                deletions: vec![from.to_owned()],
            };
            acts::refs::commit(tx, id, commit).map(|commit| commit.sha)
        })
    }

    /// Moves a branch to a commit, whatever it had beyond that.
    pub fn put_back(&self, repo: &str, branch: &str, commit: &str) -> Result<(), Refused> {
        let name = format!("refs/heads/{branch}");
        self.act(repo, |tx, id| acts::refs::update(tx, id, &name, commit, true))
    }

    /// Deletes a branch.
    pub fn delete_branch(&self, repo: &str, branch: &str) -> Result<(), Refused> {
        self.act(repo, |tx, id| acts::refs::delete(tx, id, &format!("refs/heads/{branch}")))
    }

    /// Forks a repository into an account; answers the fork's full name.
    pub fn fork(&self, repo: &str, owner: &str) -> Result<String, Refused> {
        self.act(repo, |tx, id| {
            let name = tx.repo(id)?.name.clone();
            acts::repositories::fork(tx, id, owner, &name).map(|fork| fork.full_name())
        })
    }

    /// Opens a pull request from a branch of the same repository; answers its number.
    pub fn open_pull(&self, repo: &str, head: &str, base: &str, title: &str) -> Result<u64, Refused> {
        self.open_pull_from(repo, repo, head, base, title)
    }

    /// Opens a pull request from a branch of a fork, or of the repository itself; answers its number.
    pub fn open_pull_from(
        &self,
        repo: &str,
        fork: &str,
        head: &str,
        base: &str,
        title: &str,
    ) -> Result<u64, Refused> {
        self.act(repo, |tx, id| {
            let (owner, name) = fork.split_once('/').ok_or_else(Failure::not_found)?;
            let from = tx.world.repo(owner, name).ok_or_else(Failure::not_found)?;
            if from.id != id && from.fork_of != Some(id) {
                return Err(Failure::field("PullRequest", "head", "invalid"));
            }
            let head_repo = from.id;
            let opening = acts::pulls::Opening { title, body: None, head_repo, head, base, draft: false };
            acts::pulls::open(tx, id, opening).map(|issue| issue.number)
        })
    }

    /// Merges a pull request with a merge commit; answers the commit.
    pub fn merge_pull(&self, repo: &str, number: u64) -> Result<String, Refused> {
        self.act(repo, |tx, id| {
            let how = acts::pulls::Merge { method: "merge", sha: None, title: None, message: None };
            acts::pulls::merge(tx, id, number, &how)
        })
    }

    /// Adds a webhook that misbehaves as told: of `owner/name`, or of an organisation. Answers its id; it is
    /// pinged like any other.
    pub fn add_hook(
        &self,
        of: &str,
        url: &str,
        secret: &str,
        events: &[&str],
        options: DeliveryOptions,
    ) -> Result<u64, Refused> {
        let outcome = self.shared.change(SOMEBODY, &self.shared.urls(), |tx| {
            let scope = match of.split_once('/') {
                Some((owner, name)) => {
                    HookScope::Repo(tx.world.repo(owner, name).ok_or_else(Failure::not_found)?.id)
                }
                None => HookScope::Org(tx.world.account(of).ok_or_else(Failure::not_found)?.login.clone()),
            };
            let body = json!({"config": {"url": url, "secret": secret}, "events": events});
            let hook = acts::hooks::create(tx, scope, &body)?;
            if let Some(made) = tx.world.hooks.iter_mut().find(|other| other.id == hook.id) {
                made.options = options;
            }
            Ok(hook.id)
        });
        Ok(outcome?)
    }

    /// Opens an issue; answers its number.
    pub fn open_issue(&self, repo: &str, title: &str, labels: &[&str]) -> Result<u64, Refused> {
        let labels: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
        self.act(repo, |tx, id| {
            acts::issues::open(tx, id, title, None, &labels, Vec::new()).map(|issue| issue.number)
        })
    }

    /// Closes a pull request.
    pub fn close_pull(&self, repo: &str, number: u64) -> Result<(), Refused> {
        self.act(repo, |tx, id| acts::pulls::close(tx, id, number))
    }

    /// Sets the checks that every head of a pull request gets from now on; their Apps are made if need be.
    pub fn set_ci(&self, repo: &str, scripts: Vec<CiScript>) -> Result<(), Refused> {
        self.act(repo, |tx, id| {
            let owner = tx.repo(id)?.owner.clone();
            for script in &scripts {
                tx.world.app_or_new(script.app, &owner);
            }
            tx.repo_mut(id)?.ci = scripts;
            Ok(())
        })
    }

    /// Gives a branch a merge queue, which merges by `merge` or `squash`: whatever lands there goes through it.
    pub fn set_merge_queue(&self, repo: &str, branch: &str, method: &str) -> Result<(), Refused> {
        self.act(repo, |tx, id| acts::queue::set(tx, id, branch, method))
    }

    /// Takes a pull request out of its merge queue.
    pub fn dequeue_pull(&self, repo: &str, number: u64, actor: &str) -> Result<(), Refused> {
        self.act_as(actor, repo, |tx, id| acts::queue::leave(tx, id, number, "manual"))
    }

    /// Adds a label to an issue or a pull request.
    pub fn label_issue(&self, repo: &str, number: u64, label: &str, actor: &str) -> Result<(), Refused> {
        let labels = [label.to_owned()];
        self.act_as(actor, repo, |tx, id| acts::issues::add_labels(tx, id, number, &labels))
    }

    /// Takes a label from an issue or a pull request.
    pub fn unlabel_issue(&self, repo: &str, number: u64, label: &str, actor: &str) -> Result<(), Refused> {
        self.act_as(actor, repo, |tx, id| acts::issues::remove_label(tx, id, number, label))
    }

    /// Replaces those who are assigned to an issue or a pull request.
    pub fn assign_issue(&self, repo: &str, number: u64, logins: &[&str], actor: &str) -> Result<(), Refused> {
        let logins = logins.iter().map(|login| (*login).to_owned()).collect();
        self.act_as(actor, repo, |tx, id| acts::issues::set_assignees(tx, id, number, logins))
    }

    /// Lets an issue wait for another one, perhaps of another repository.
    pub fn block_issue(&self, repo: &str, number: u64, on_repo: &str, on: u64) -> Result<(), Refused> {
        self.act(repo, |tx, id| {
            let (owner, name) = on_repo.split_once('/').ok_or_else(Failure::not_found)?;
            let there = tx.world.repo(owner, name).ok_or_else(Failure::not_found)?;
            there.issues.get(&on).ok_or_else(Failure::not_found)?;
            let there = there.id;
            acts::dependencies::block(tx, id, number, (there, on))
        })
    }

    /// Makes an issue a part of another one, perhaps of another repository.
    pub fn add_sub_issue(&self, repo: &str, number: u64, part_repo: &str, part: u64) -> Result<(), Refused> {
        self.act(repo, |tx, id| {
            let (owner, name) = part_repo.split_once('/').ok_or_else(Failure::not_found)?;
            let there = tx.world.repo(owner, name).ok_or_else(Failure::not_found)?.id;
            acts::dependencies::add_sub_issue(tx, (id, number), (there, part))
        })
    }

    /// Comments on an issue or a pull request; answers the comment's id.
    pub fn comment_issue(&self, repo: &str, number: u64, actor: &str, body: &str) -> Result<u64, Refused> {
        self.act_as(actor, repo, |tx, id| {
            acts::issues::comment(tx, id, number, body).map(|comment| comment.id)
        })
    }

    /// Rewrites a comment on an issue or a pull request.
    pub fn edit_comment(&self, repo: &str, comment: u64, actor: &str, body: &str) -> Result<(), Refused> {
        self.act_as(actor, repo, |tx, id| acts::issues::edit_comment(tx, id, comment, body).map(drop))
    }

    /// Rewrites the text of an issue.
    pub fn edit_issue_body(&self, repo: &str, number: u64, actor: &str, body: &str) -> Result<(), Refused> {
        let fields = json!({"body": body});
        self.act_as(actor, repo, |tx, id| acts::issues::edit(tx, id, number, &fields))
    }

    /// Closes an issue as completed.
    pub fn close_issue(&self, repo: &str, number: u64, actor: &str) -> Result<(), Refused> {
        let fields = json!({"state": "closed"});
        self.act_as(actor, repo, |tx, id| acts::issues::edit(tx, id, number, &fields))
    }

    /// Opens a closed issue again.
    pub fn reopen_issue(&self, repo: &str, number: u64, actor: &str) -> Result<(), Refused> {
        let fields = json!({"state": "open"});
        self.act_as(actor, repo, |tx, id| acts::issues::edit(tx, id, number, &fields))
    }

    /// Reviews the head of a pull request; answers the review's id.
    pub fn review(
        &self,
        repo: &str,
        pull: u64,
        actor: &str,
        state: ReviewState,
        body: &str,
    ) -> Result<u64, Refused> {
        self.act_as(actor, repo, |tx, id| {
            let review = acts::reviews::Reviewing { state, body, commit: None, remarks: Vec::new() };
            acts::reviews::submit(tx, id, pull, review).map(|review| review.id)
        })
    }

    /// Has a pull request land by itself once nothing is in its way.
    pub fn auto_merge(&self, repo: &str, pull: u64, actor: &str, method: &str) -> Result<(), Refused> {
        self.act_as(actor, repo, |tx, id| {
            let how = acts::auto_merge::Enabling { method, title: None, message: None, expected: None };
            acts::auto_merge::enable(tx, id, pull, how)
        })
    }

    /// Has a repository ask for so many approving reviews before a merge.
    pub fn require_approvals(&self, repo: &str, count: usize) -> Result<(), Refused> {
        self.act(repo, |tx, id| {
            tx.repo_mut(id)?.required_approvals = count;
            Ok(())
        })
    }

    /// Begins a conversation about a file of a pull request; answers the comment's id.
    pub fn review_comment(
        &self,
        repo: &str,
        pull: u64,
        actor: &str,
        path: &str,
        body: &str,
    ) -> Result<u64, Refused> {
        self.act_as(actor, repo, |tx, id| {
            let remark = acts::reviews::Remark { path: path.to_owned(), line: None, body: body.to_owned() };
            acts::reviews::comment(tx, id, pull, remark, None).map(|(_, comment)| comment.id)
        })
    }

    /// Gives somebody rights of their own in a repository; who isn't known yet joins GitHub.
    pub fn permission(&self, repo: &str, login: &str, level: Permission) -> Result<(), Refused> {
        self.act(repo, |tx, id| {
            if tx.world.account(login).is_none() {
                tx.world.add_user(login);
            }
            tx.repo_mut(id)?.collaborators.insert(login.to_lowercase(), level);
            Ok(())
        })
    }
}
