//! Issues that wait for others.

use super::Tx;
use crate::twin::door::failure::Failure;

/// Lets an issue wait for another: its repository and number.
pub(crate) fn block(tx: &mut Tx<'_>, repo_id: u64, number: u64, on: (u64, u64)) -> Result<(), Failure> {
    if on == (repo_id, number) {
        return Err(Failure::unprocessable("An issue can't be blocked by itself"));
    }
    let now = tx.now;
    let issue = tx.repo_mut(repo_id)?.issues.get_mut(&number).ok_or_else(Failure::not_found)?;
    if issue.blocked_by.contains(&on) {
        return Err(Failure::unprocessable("Target issue has already been taken"));
    }
    issue.blocked_by.push(on);
    issue.updated_at = now;
    Ok(())
}

/// Lets an issue no longer wait for another.
pub(crate) fn unblock(tx: &mut Tx<'_>, repo_id: u64, number: u64, on: (u64, u64)) -> Result<(), Failure> {
    let now = tx.now;
    let issue = tx.repo_mut(repo_id)?.issues.get_mut(&number).ok_or_else(Failure::not_found)?;
    let before = issue.blocked_by.len();
    issue.blocked_by.retain(|other| *other != on);
    if issue.blocked_by.len() == before {
        return Err(Failure::not_found());
    }
    issue.updated_at = now;
    Ok(())
}
