//! The writer: every method that changes the world, each behind a permit.

use std::sync::Arc;

use serde_json::Value;

use crate::adapters::github::{Client, Clients, Error, Kind};
use crate::model::{Action, Case, Effect, RepoName, StopRun, Trusted};
use crate::observed::permission;
use crate::plan::Permit;

use super::cases::Group;
use super::keeping;
use super::outcome::{Outcome, Trouble};
use super::{
    LookError, Looked, Shown, Workshop, WorkshopError, cases, issues, labels, moving, proposals, pulls,
    queue, repositories, speech,
};

/// Changes the world. It is made where something is applied, and nowhere else: a plan never holds one.
#[derive(Clone)]
pub struct Writer {
    client: Client,
    reviewer: Option<Client>,
    workshop: Arc<dyn Workshop>,
}

/// Why something was not written, or nobody knows whether it was.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// GitHub's refusal, or trouble on the way there.
    #[error(transparent)]
    GitHub(#[from] Error),
    /// A run was not started, or its work not pushed.
    #[error(transparent)]
    Workshop(#[from] WorkshopError),
    /// There is no client of the identity that it is to be done by.
    #[error("the factory has no reviewer any more")]
    Nobody,
}

impl WriteError {
    /// Whether it may have taken effect all the same.
    pub fn may_have_happened(&self) -> bool {
        match self {
            Self::GitHub(error) => error.may_have_happened(),
            Self::Workshop(_) => true,
            Self::Nobody => false,
        }
    }

    /// Whether the object may be as it was wanted already, or not be what it was a moment ago.
    pub(super) fn is_contested(&self) -> bool {
        match self {
            Self::GitHub(error) => {
                matches!(error.kind(), Kind::Invalid { .. } | Kind::Conflict | Kind::Absent)
            }
            Self::Workshop(error) => error.trouble == Trouble::Contested,
            Self::Nobody => false,
        }
    }

    /// Whether a creation was refused since there is something of that name.
    pub(super) fn name_is_taken(&self) -> bool {
        matches!(self, Self::GitHub(error) if error.name_is_taken())
    }

    /// What it means for an action.
    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Self::GitHub(error) => Outcome::failed(error),
            Self::Workshop(WorkshopError { says, trouble }) => {
                Outcome::Failed { says: says.clone(), trouble: *trouble, request_id: None }
            }
            Self::Nobody => Outcome::left(self.to_string()),
        }
    }
}

impl Writer {
    /// A writer that goes through the author's client, but for reviews; and has agents start and their work pushed there.
    pub fn new(clients: Clients, workshop: Arc<dyn Workshop>) -> Self {
        let Clients { author: client, reviewer } = clients;
        Self { client, reviewer, workshop }
    }

    /// The present state of an action's object, where that is part of an issue as the group has read it. Reads only.
    ///
    /// # Errors
    /// When it can't be told; then nothing may be written.
    pub(super) async fn look(&self, action: &Action, group: &mut Group<'_>) -> Result<Looked, LookError> {
        let client = &self.client;
        let value = match &action.effect {
            Effect::CreateRepository { .. } | Effect::UpdateSettings { .. } => {
                repositories::look(&self.client, action).await?
            }
            Effect::CreateLabel { .. } | Effect::UpdateLabel { .. } | Effect::DeleteLabel { .. } => {
                return labels::look(&self.client, action).await;
            }
            Effect::Comment { .. } | Effect::DeleteComment { .. } | Effect::Report { .. } => {
                speech::look(&self.client, action).await?
            }
            Effect::Propose { .. } | Effect::Withdraw { .. } => proposals::look(&self.client, action).await?,
            Effect::StartRun(start) => self.beside(action, self.workshop.look(&start.of)?, group).await?,
            Effect::OpenPull(pull) => match &pull.watched {
                // What is watched is the issue that the branch belongs to, which tells its pull requests.
                Some(watched) => {
                    let form = |case: &Case| watched.beside(pulls::value_of(case, pull), case.stamp(watched));
                    group.look(client, &pull.repo, watched.number, form).await?
                }
                None => pulls::look(client, pull).await?,
            },
            Effect::OpenIssue(issue) => issues::look(&self.client, issue).await?,
            Effect::Tell(tell) => {
                group.glance(client, &tell.repo, tell.watched.number, |case| tell.value(case)).await?
            }
            Effect::Transfer(it) => moving::look(&self.client, it).await?,
            Effect::Mirror(it) => {
                group.look(client, &it.repo, it.watched.number, |case| it.value(case)).await?
            }
            Effect::Merge(it) => {
                let lost = distrusted(client, &it.repo, &it.trusted).await?;
                group.look(client, &it.repo, it.watched.number, |case| it.value(case, &lost)).await?
            }
            Effect::Enqueue(it) => {
                let lost = distrusted(client, &it.repo, &it.trusted).await?;
                group.look(client, &it.repo, it.watched.number, |case| it.value(case, &lost)).await?
            }
            Effect::Dequeue(it) => {
                group.look(client, &it.repo, it.watched.number, |case| it.value(case)).await?
            }
            Effect::Reply(it) => {
                group.look(client, &it.repo, it.watched.number, |case| it.value(case)).await?
            }
            Effect::Review(it) => {
                group.look(client, &it.repo, it.watched.number, |case| it.value(case)).await?
            }
            Effect::PassOver(it) => {
                group.look(client, &it.repo, it.watched.number, |case| it.value(case)).await?
            }
            Effect::UpdateBranch { repo, head, watched, .. } => {
                group.look(client, repo, watched.number, |case| case.update(head, watched)).await?
            }
            Effect::StopRun(stop) => StopRun::value(&stop.run, self.workshop.is_at_work(&stop.run)?),
            Effect::KeepIssue(it) => keeping::look(client, it).await?,
        };
        Ok(value.into())
    }

    /// The value of something, with what is watched of the issue that it is for.
    async fn beside(&self, action: &Action, value: Value, group: &mut Group<'_>) -> Result<Value, LookError> {
        match action.effect.watched() {
            Some(watched) => group.beside(&self.client, action.effect.repo(), watched, value).await,
            None => Ok(value),
        }
    }

    /// Carries an action out, and gives whether what is there now shows it. The permit is used up, whatever happens.
    ///
    /// # Errors
    /// GitHub's refusal, or trouble on the way; the error tells whether it may have taken effect.
    ///
    /// # Panics
    /// When the permit is for another action, which only a bug can bring about.
    pub async fn carry_out(&self, action: &Action, permit: Permit) -> Result<Shown, WriteError> {
        assert!(permit.covers(action), "the permit is for another action than {}", action.id);
        let client = &self.client;
        Ok(match &action.effect {
            Effect::CreateRepository { repo, settings } => {
                repositories::create(client, repo, settings).await?
            }
            Effect::UpdateSettings { repo, settings } => repositories::update(client, repo, settings).await?,
            Effect::CreateLabel { repo, label } => labels::create(client, repo, label).await?,
            Effect::UpdateLabel { repo, name, label } => labels::update(client, repo, name, label).await?,
            Effect::DeleteLabel { repo, name } => labels::delete(client, repo, name).await?,
            Effect::Comment { repo, number, id, at: _, body } => {
                speech::comment(client, repo, *number, *id, body).await?
            }
            Effect::DeleteComment { repo, id, .. } => speech::delete_comment(client, repo, *id).await?,
            Effect::Report { repo, commit, name, state, check_run } => {
                speech::report(client, repo, commit, name, state, *check_run).await?
            }
            Effect::Propose { repo, branch, base, files, title, body, alone: _ } => {
                let proposal = proposals::Proposal { repo, branch, base, files, title, body };
                proposals::propose(client, &proposal).await?
            }
            Effect::Withdraw { repo, number, branch, says } => {
                proposals::withdraw(client, repo, *number, (branch, says.as_deref())).await?
            }
            Effect::StartRun(start) => {
                self.workshop.start(start).await?;
                // Its own records show it; what it is for was looked at before.
                let mut wanted = action.after.clone();
                wanted.as_object_mut().map(|fields| fields.remove("of"));
                Shown::when(self.workshop.look(&start.of)? == wanted)
            }
            Effect::OpenPull(pull) => {
                self.workshop.push(pull).await?;
                match pull.over {
                    Some(_) => Shown::No,
                    None => pulls::open(client, pull).await?,
                }
            }
            Effect::OpenIssue(issue) => issues::open(client, issue).await?,
            Effect::Tell(tell) => cases::tell(client, tell).await?,
            Effect::Transfer(it) => moving::transfer(client, it).await?,
            Effect::Mirror(it) => moving::mirror(client, it).await?,
            Effect::Merge(landing) => cases::merge(client, landing).await?,
            Effect::Enqueue(it) => queue::enqueue(client, it).await?,
            Effect::Dequeue(it) => queue::dequeue(client, it).await?,
            Effect::UpdateBranch { repo, number, head, .. } => {
                cases::update_branch(client, repo, *number, head).await?
            }
            Effect::Reply(it) => cases::reply(client, it).await?,
            Effect::Review(it) => {
                let by = if it.by.is_some() { self.reviewer.as_ref() } else { Some(client) };
                cases::review(by.ok_or(WriteError::Nobody)?, it).await?
            }
            Effect::StopRun(stop) => {
                self.workshop.stop(stop).await?;
                Shown::No
            }
            // Its intent and this outcome are all that there is of it.
            Effect::PassOver(_) => Shown::Yes,
            Effect::KeepIssue(it) => keeping::keep(client, it, &action.before).await?,
        })
    }
}

/// Those whose word something relies on and who may not do any more what they must be allowed to for that.
async fn distrusted(client: &Client, repo: &RepoName, trusted: &Trusted) -> Result<Vec<String>, LookError> {
    let mut lost = Vec::new();
    for login in &trusted.logins {
        if permission(client, repo, login).await? < trusted.permission {
            lost.push(login.clone());
        }
    }
    Ok(lost)
}
