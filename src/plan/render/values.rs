//! How values and their differences are written in plans.

use serde_json::Value;
use similar::TextDiff;

use crate::model::is_hidden;

/// One field that differs.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FieldChange {
    /// Fits on a line: `has-wiki: true → false`.
    Line(String),
    /// A long text, as a unified diff.
    Block {
        /// The field.
        name: String,
        /// The diff's lines.
        lines: Vec<String>,
    },
}

/// A text of more characters is shown as a diff.
const LONG: usize = 60;

/// The differing fields of two objects (or of nothing and an object), in the order of `after`, then of `before`.
pub(super) fn fields(before: &Value, after: &Value) -> Vec<FieldChange> {
    let empty = serde_json::Map::new();
    let old = before.as_object().unwrap_or(&empty);
    let new = after.as_object().unwrap_or(&empty);
    let mut names: Vec<&String> = new.keys().collect();
    names.extend(old.keys().filter(|k| !new.contains_key(*k)));
    names
        .into_iter()
        .filter(|name| old.get(*name) != new.get(*name))
        .map(|name| field(name, old.get(name), new.get(name)))
        .collect()
}

fn field(name: &str, old: Option<&Value>, new: Option<&Value>) -> FieldChange {
    if let (Some(Value::Array(old)), Some(Value::Array(new))) = (old, new)
        && old.iter().chain(new).all(Value::is_string)
    {
        return members(name, old, new);
    }
    if [old, new].into_iter().flatten().any(is_long) {
        let text = |side: Option<&Value>| side.map(long_text).unwrap_or_default();
        return FieldChange::Block { name: printable(name), lines: diff_lines(&text(old), &text(new)) };
    }
    let name = printable(name);
    FieldChange::Line(match (old, new) {
        (Some(old), Some(new)) => format!("{name}: {} → {}", short(old), short(new)),
        (None, Some(new)) => format!("{name}: {}", short(new)),
        (Some(old), None) => format!("{name}: {} → (none)", short(old)),
        (None, None) => name,
    })
}

/// A set of names: who comes and who goes. Where those that stay are in another order, or one is there twice, it is a list: all
/// of it before, and after.
fn members(name: &str, old: &[Value], new: &[Value]) -> FieldChange {
    let gained = new.iter().filter(|v| !old.contains(v)).map(|v| format!("+{}", short(v)));
    let lost = old.iter().filter(|v| !new.contains(v)).map(|v| format!("-{}", short(v)));
    let differs: Vec<String> = gained.chain(lost).collect();
    let name = printable(name);
    let stays = |side: &[Value], other: &[Value]| -> Vec<Value> {
        side.iter().filter(|v| other.contains(v)).cloned().collect()
    };
    if stays(old, new) != stays(new, old) {
        let all = |side: &[Value]| side.iter().map(short).collect::<Vec<_>>().join(" ");
        return FieldChange::Line(format!("{name}: {} → {}", all(old), all(new)));
    }
    FieldChange::Line(format!("{name}: {}", differs.join(" ")))
}

fn is_long(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\n') || text.chars().count() > LONG,
        Value::Array(items) => items.iter().any(|item| !item.is_string()),
        Value::Object(_) => true,
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A value as lines: a text as it is, the texts inside other values too.
#[expect(clippy::wildcard_enum_match_arm, reason = "JSON's other types are written as they are")]
fn long_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Array(items) => items.iter().map(long_text).collect::<Vec<_>>().join("\n"),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| match value {
                Value::String(text) if text.contains('\n') => format!("{key}:\n{text}"),
                other => format!("{key}: {}", short(other)),
            })
            .collect::<Vec<_>>()
            .join("\n"),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

fn diff_lines(old: &str, new: &str) -> Vec<String> {
    let diff = TextDiff::from_lines(old, new);
    let unified = diff.unified_diff().context_radius(1).missing_newline_hint(false).to_string();
    let mut lines: Vec<String> =
        unified.split('\n').filter(|line| !line.starts_with("@@")).map(printable).collect();
    // What follows the last line's end is no line.
    lines.pop_if(|line| line.is_empty());
    lines
}

/// A value on one line.
pub(super) fn short(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{}\"", printable(text)),
        Value::Array(items) => items.iter().map(short).collect::<Vec<_>>().join(" "),
        Value::Null => "(none)".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Object(_) => printable(&value.to_string()),
    }
}

/// Text from outside with everything that could move a cursor or reorder a line made visible.
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}
