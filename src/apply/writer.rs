//! The writer: every method that changes the world, each behind a permit.

use crate::adapters::github::{Client, Error};
use crate::model::{Action, Effect};
use crate::plan::Permit;

use super::{LookError, Looked, Shown, labels, proposals, repositories, speech};

/// Changes the world. It is made where something is applied, and nowhere else: a plan never holds one.
#[derive(Clone)]
pub struct Writer {
    client: Client,
}

impl Writer {
    /// A writer that goes through this client.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// The present state of an action's object. Reads only.
    ///
    /// # Errors
    /// When it can't be told; then nothing may be written.
    pub async fn look(&self, action: &Action) -> Result<Looked, LookError> {
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
        };
        Ok(value.into())
    }

    /// Carries an action out, and gives whether GitHub's reply shows it. The permit is used up, whatever happens.
    ///
    /// # Errors
    /// GitHub's refusal, or trouble on the way; the error tells whether it may have taken effect.
    ///
    /// # Panics
    /// When the permit is for another action, which only a bug can bring about.
    pub async fn carry_out(&self, action: &Action, permit: Permit) -> Result<Shown, Error> {
        assert!(permit.covers(action), "the permit is for another action than {}", action.id);
        let client = &self.client;
        match &action.effect {
            Effect::CreateRepository { repo, settings } => repositories::create(client, repo, settings).await,
            Effect::UpdateSettings { repo, settings } => repositories::update(client, repo, settings).await,
            Effect::CreateLabel { repo, label } => labels::create(client, repo, label).await,
            Effect::UpdateLabel { repo, name, label } => labels::update(client, repo, name, label).await,
            Effect::DeleteLabel { repo, name } => labels::delete(client, repo, name).await,
            Effect::Comment { repo, number, id, body } => {
                speech::comment(client, repo, *number, *id, body).await
            }
            Effect::DeleteComment { repo, id, .. } => speech::delete_comment(client, repo, *id).await,
            Effect::Report { repo, commit, name, state, check_run } => {
                speech::report(client, repo, commit, name, state, *check_run).await
            }
            Effect::Propose { repo, branch, base, files, title, body } => {
                let proposal = proposals::Proposal { repo, branch, base, files, title, body };
                proposals::propose(client, &proposal).await
            }
            Effect::Withdraw { repo, number, branch } => {
                proposals::withdraw(client, repo, *number, branch).await
            }
        }
    }
}
