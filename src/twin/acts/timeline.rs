//! What is remembered of an issue's history.

use super::Tx;
use crate::twin::door::failure::Failure;
use crate::twin::world::{Deed, IssueEvent};

/// The most that an issue remembers; the oldest goes first.
const REMEMBERED: usize = 1000;

/// Notes what the actor did to an issue just now.
pub(crate) fn note(tx: &mut Tx<'_>, repo_id: u64, number: u64, deed: Deed) -> Result<(), Failure> {
    let event = IssueEvent { id: tx.world.fresh_id(), actor: tx.actor.clone(), at: tx.now, deed };
    let issue = tx.repo_mut(repo_id)?.issues.get_mut(&number).ok_or_else(Failure::not_found)?;
    issue.events.push(event);
    let excess = issue.events.len().saturating_sub(REMEMBERED);
    issue.events.drain(..excess);
    Ok(())
}
