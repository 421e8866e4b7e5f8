//! Files of a pull request as the REST API lists them, which tells where a renamed one was.

use serde_json::Value;

use super::field::text;

/// Where a file is and where it was, if it was renamed.
pub(in super::super) fn renamed(json: &Value) -> Result<Option<(String, String)>, String> {
    if text(json, "status")? != "renamed" {
        return Ok(None);
    }
    Ok(Some((text(json, "filename")?.to_owned(), text(json, "previous_filename")?.to_owned())))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::renamed;

    #[test]
    fn only_what_was_renamed_was_elsewhere() {
        let file = |status: &str, was: Value| {
            renamed(&json!({ "filename": "b", "status": status, "previous_filename": was }))
        };
        assert_eq!(file("modified", Value::Null), Ok(None));
        assert_eq!(file("renamed", json!("a")), Ok(Some(("b".to_owned(), "a".to_owned()))));
        assert_eq!(file("copied", json!("a")), Ok(None), "that one is still there");
        assert!(file("renamed", Value::Null).is_err(), "nobody can tell where it was");
        assert!(renamed(&json!({ "filename": "b" })).is_err());
    }
}
