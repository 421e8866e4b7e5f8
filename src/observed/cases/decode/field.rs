//! Fields of replies. Each is there and of its type, or the error says which one isn't.

use jiff::Timestamp;
use serde_json::Value;

use crate::model::{CommitId, Seen};

/// A field, which may be null.
pub(super) fn at<'a>(json: &'a Value, field: &str) -> Result<&'a Value, String> {
    json.get(field).ok_or_else(|| missing(field))
}

fn missing(field: &str) -> String {
    format!("`{field}` is missing")
}

pub(super) fn text<'a>(json: &'a Value, field: &str) -> Result<&'a str, String> {
    json[field].as_str().ok_or_else(|| missing(field))
}

pub(super) fn text_or_none<'a>(json: &'a Value, field: &str) -> Result<Option<&'a str>, String> {
    if at(json, field)?.is_null() { Ok(None) } else { text(json, field).map(Some) }
}

pub(super) fn flag(json: &Value, field: &str) -> Result<bool, String> {
    json[field].as_bool().ok_or_else(|| missing(field))
}

pub(super) fn count(json: &Value, field: &str) -> Result<u64, String> {
    json[field].as_u64().ok_or_else(|| missing(field))
}

pub(super) fn time(json: &Value, field: &str) -> Result<Timestamp, String> {
    text(json, field)?.parse().map_err(|_| format!("`{field}` is no time"))
}

pub(super) fn time_or_none(json: &Value, field: &str) -> Result<Option<Timestamp>, String> {
    if at(json, field)?.is_null() { Ok(None) } else { time(json, field).map(Some) }
}

pub(super) fn commit(json: &Value, field: &str) -> Result<CommitId, String> {
    CommitId::parse(text(json, field)?).ok_or_else(|| format!("`{field}` is no commit"))
}

/// GitHub's number of a comment or a review: digits in a text, as it has more of them than GraphQL's integers.
pub(super) fn id(json: &Value) -> Result<u64, String> {
    let field = "fullDatabaseId";
    let number = at(json, field)?;
    let digits = number.as_str().and_then(|digits| digits.parse().ok());
    digits.or_else(|| number.as_u64()).ok_or_else(|| missing(field))
}

/// A login as REST has it, where the one of a bot ends in `[bot]`; empty where the account is gone.
pub(super) fn login(json: &Value, field: &str) -> Result<String, String> {
    let who = at(json, field)?;
    if who.is_null() {
        return Ok(String::new());
    }
    let login = text(who, "login")?;
    let bare = text(who, "__typename")? == "Bot" && !login.ends_with("[bot]");
    Ok(if bare { format!("{login}[bot]") } else { login.to_owned() })
}

/// What a connection lists.
pub(super) fn nodes(connection: &Value) -> Result<&Vec<Value>, String> {
    connection["nodes"].as_array().ok_or_else(|| missing("nodes"))
}

/// Whether there is more than it lists.
pub(super) fn goes_on(connection: &Value) -> Result<bool, String> {
    flag(&connection["pageInfo"], "hasNextPage")
}

/// All that a list of a pull request has; unknown where it goes on, or GitHub can't tell it.
pub(super) fn whole<T>(
    json: &Value,
    field: &str,
    each: impl Fn(&Value) -> Result<T, String>,
) -> Result<Seen<Vec<T>>, String> {
    let connection = at(json, field)?;
    if connection.is_null() || goes_on(connection)? {
        tracing::debug!(field, "a list of a pull request is not whole");
        return Ok(Seen::Unknown);
    }
    nodes(connection)?.iter().map(each).collect::<Result<_, _>>().map(Seen::Known)
}
