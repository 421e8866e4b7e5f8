//! Issues that wait for others, and issues that are parts of others.

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

/// The most parts that an issue has.
const MOST: usize = 100;

/// Makes an issue a part of another one: both as repository and number.
pub(crate) fn add_sub_issue(tx: &mut Tx<'_>, of: (u64, u64), part: (u64, u64)) -> Result<(), Failure> {
    let whole = tx.repo(of.0)?.issues.get(&of.1).cloned().ok_or_else(Failure::not_found)?;
    if tx.repo(part.0)?.issues.get(&part.1).ok_or_else(Failure::not_found)?.parent.is_some() {
        return Err(Failure::unprocessable("Sub issue may only have one parent"));
    }
    if of == part || is_below(tx, part, of)? {
        return Err(Failure::unprocessable("Sub issue may not create a circular dependency"));
    }
    if whole.sub_issues.len() >= MOST {
        return Err(Failure::unprocessable("Parent cannot have more than 100 sub-issues"));
    }
    let now = tx.now;
    let issue = tx.repo_mut(of.0)?.issues.get_mut(&of.1).ok_or_else(Failure::not_found)?;
    issue.sub_issues.push(part);
    issue.updated_at = now;
    let issue = tx.repo_mut(part.0)?.issues.get_mut(&part.1).ok_or_else(Failure::not_found)?;
    issue.parent = Some(of);
    issue.updated_at = now;
    Ok(())
}

/// Whether an issue is another one's part, or a part of one of its parts.
fn is_below(tx: &Tx<'_>, of: (u64, u64), part: (u64, u64)) -> Result<bool, Failure> {
    let mut above = Some(part);
    while let Some((repo, number)) = above {
        if (repo, number) == of {
            return Ok(true);
        }
        above = tx.repo(repo)?.issues.get(&number).and_then(|issue| issue.parent);
    }
    Ok(false)
}

/// What others say of an issue goes with it to its new place.
pub(super) fn moved(tx: &mut Tx<'_>, from: (u64, u64), to: (u64, u64)) -> Result<(), Failure> {
    let all: Vec<u64> = tx.world.repos.keys().copied().collect();
    let names = |issue: &crate::twin::world::Issue| {
        issue.parent == Some(from) || issue.blocked_by.contains(&from) || issue.sub_issues.contains(&from)
    };
    for repo in all {
        let of_it: Vec<u64> =
            tx.repo(repo)?.issues.values().filter(|issue| names(issue)).map(|issue| issue.number).collect();
        for number in of_it {
            let issue = tx.repo_mut(repo)?.issues.get_mut(&number).ok_or_else(Failure::not_found)?;
            let others = issue.parent.iter_mut().chain(&mut issue.blocked_by).chain(&mut issue.sub_issues);
            others.filter(|other| **other == from).for_each(|other| *other = to);
        }
    }
    Ok(())
}
