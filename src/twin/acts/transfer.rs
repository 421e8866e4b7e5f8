//! Moving an issue, with what was said on it, to another repository of the same owner.

use serde_json::json;

use super::Tx;
use crate::twin::door::failure::Failure;
use crate::twin::shape;
use crate::twin::world::{Comment, Issue};

/// What becomes of labels that the other repository lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Labels {
    DropMissing,
    CreateMissing,
}

/// Moves an issue; it gets a number of its new repository.
pub(crate) fn transfer(
    tx: &mut Tx<'_>,
    from: u64,
    number: u64,
    to: u64,
    missing: Labels,
) -> Result<Issue, Failure> {
    let (old, new) = (tx.repo(from)?, tx.repo(to)?);
    let issue =
        old.issues.get(&number).filter(|issue| issue.pull.is_none()).ok_or_else(Failure::not_found)?;
    if old.settings.archived || new.settings.archived {
        return Err(Failure::archived());
    }
    if from == to || !old.owner.eq_ignore_ascii_case(&new.owner) {
        return Err(Failure::unprocessable(
            "Issues can only be transferred to repositories with the same owner",
        ));
    }
    let public = crate::twin::world::Visibility::Public;
    if new.settings.visibility == public && old.settings.visibility != public {
        return Err(Failure::unprocessable(
            "Issues cannot be transferred from a private repository to a public repository",
        ));
    }
    let mut labels = Vec::new();
    for label in issue.labels.iter().filter_map(|id| old.labels.iter().find(|label| label.id == *id)) {
        match (new.label(&label.name), missing) {
            (Some(known), _) => labels.push(known.id),
            (None, Labels::CreateMissing) => {
                let fields =
                    json!({"name": label.name, "color": label.color, "description": label.description});
                labels.push(super::labels::create(tx, to, &fields)?.id);
            }
            (None, Labels::DropMissing) => {}
        }
    }
    let moved = Issue { number: new.next_number(), labels, updated_at: tx.now, ..issue.clone() };
    let comments: Vec<Comment> =
        old.comments.values().filter(|comment| comment.issue == number).cloned().collect();
    let source = tx.repo_mut(from)?;
    source.issues.remove(&number);
    for comment in &comments {
        source.comments.remove(&comment.id);
    }
    source.transferred.insert(number, (to, moved.number));
    let target = tx.repo_mut(to)?;
    target.issues.insert(moved.number, moved.clone());
    for comment in comments {
        target.comments.insert(comment.id, Comment { issue: moved.number, ..comment });
    }
    super::dependencies::moved(tx, (from, number), (to, moved.number))?;
    let target = tx.repo(to)?;
    let drawn = shape::issue(tx.world, &target, &moved, tx.urls);
    let mut gone = Tx::action("transferred");
    gone["issue"] = shape::issue(tx.world, &old, issue, tx.urls);
    gone["changes"] = json!({"new_issue": drawn});
    tx.tell("issues", &old, gone);
    let mut come = Tx::action("opened");
    come["issue"] = drawn;
    come["changes"] = json!({"old_issue": shape::issue(tx.world, &old, issue, tx.urls)});
    tx.tell("issues", &target, come);
    Ok(moved)
}
