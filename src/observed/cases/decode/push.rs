//! How a branch has moved.

use serde_json::Value;

use crate::model::Push;

use super::field::{at, commit, text};

/// What GitHub has in place of a commit where there is none.
const NOWHERE: &str = "0000000000000000000000000000000000000000";

/// One move of a branch.
pub(in super::super) fn push(json: &Value) -> Result<Push, String> {
    let place = |name: &str| match text(json, name)? {
        NOWHERE => Ok(None),
        _ => commit(json, name).map(Some),
    };
    let actor = at(json, "actor")?;
    let by = if actor.is_null() { String::new() } else { text(actor, "login")?.to_owned() };
    Ok(Push { before: place("before")?, after: place("after")?, by })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_branch_comes_moves_and_goes() {
        let (a, b) = ("a".repeat(40), "b".repeat(40));
        let told = |before: &str, after: &str, actor: Value| {
            let told = push(&json!({ "before": before, "after": after, "actor": actor }));
            told.map(|it| (it.before.map(|it| it.to_string()), it.after.map(|it| it.to_string()), it.by))
        };
        let ann = json!({ "login": "ann" });
        assert_eq!(told(NOWHERE, &a, ann.clone()), Ok((None, Some(a.clone()), "ann".into())));
        assert_eq!(told(&a, &b, Value::Null), Ok((Some(a.clone()), Some(b), String::new())));
        assert_eq!(told(&a, NOWHERE, ann.clone()), Ok((Some(a.clone()), None, "ann".into())));
        assert!(told("main", &a, ann).is_err(), "not a commit");
        assert!(push(&json!({ "before": a, "after": a })).is_err(), "without a word of who did it");
    }
}
