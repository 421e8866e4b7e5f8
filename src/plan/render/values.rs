//! How values and their differences are written in plans.

use serde_json::Value;
use similar::TextDiff;

/// One field that differs.
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
    match (old, new) {
        (Some(Value::Array(old)), Some(Value::Array(new))) => {
            let gained = new.iter().filter(|v| !old.contains(v)).map(|v| format!("+{}", short(v)));
            let lost = old.iter().filter(|v| !new.contains(v)).map(|v| format!("-{}", short(v)));
            FieldChange::Line(format!("{name}: {}", gained.chain(lost).collect::<Vec<_>>().join(" ")))
        }
        (Some(Value::String(old)), Some(Value::String(new))) if is_long(old) || is_long(new) => {
            FieldChange::Block { name: name.to_owned(), lines: diff_lines(old, new) }
        }
        (Some(old), Some(new)) => FieldChange::Line(format!("{name}: {} → {}", short(old), short(new))),
        (None, Some(new)) => FieldChange::Line(format!("{name}: {}", short(new))),
        (Some(old), None) => FieldChange::Line(format!("{name}: {} → (none)", short(old))),
        (None, None) => FieldChange::Line(name.to_owned()),
    }
}

fn is_long(text: &str) -> bool {
    text.contains('\n') || text.chars().count() > LONG
}

fn diff_lines(old: &str, new: &str) -> Vec<String> {
    let diff = TextDiff::from_lines(old, new);
    let unified = diff.unified_diff().context_radius(1).to_string();
    unified
        .lines()
        .filter(|line| !line.starts_with("@@") && !line.starts_with("\\ No newline"))
        .map(printable)
        .collect()
}

/// A value on one line.
pub(super) fn short(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => format!("\"{}\"", printable(text)),
        Value::Array(items) => items.iter().map(short).collect::<Vec<_>>().join(" "),
        Value::Null => "(none)".to_owned(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

/// Text from outside with everything that could move a cursor or reorder a line made visible.
pub(super) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let hidden = c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}');
        if hidden { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}
