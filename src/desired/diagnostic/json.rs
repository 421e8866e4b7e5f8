//! Problems as JSON, for editors and scripts.

use serde_json::{Value, json};

use super::render::Sources;
use super::{Diagnostic, Label};
use crate::model::ConfigFiles;

/// A list of problems: code, severity, message, help, and each place with its byte range, line, column and the
/// line that stands there. Secrets are masked as in the text.
pub fn to_json(diagnostics: &[Diagnostic], files: &ConfigFiles) -> Value {
    let sources = Sources::new(diagnostics, files);
    diagnostics
        .iter()
        .map(|d| {
            json!({
                "code": d.code,
                "severity": d.severity.as_str(),
                "message": sources.say(&d.message),
                "help": d.help.as_deref().map(|h| sources.say(h)),
                "places": d.labels.iter().map(|l| place(l, &sources)).collect::<Vec<_>>(),
            })
        })
        .collect()
}

fn place(label: &Label, sources: &Sources) -> Value {
    if label.line == 0 {
        return json!({ "file": &*label.file });
    }
    let text = sources.text(&label.file).map_or("", |t| t);
    let start = label.span.start.min(text.len());
    let from = text[..start].rfind('\n').map_or(0, |i| i + 1);
    let to = text[start..].find('\n').map_or(text.len(), |i| start + i);
    json!({
        "file": &*label.file,
        "line": label.line,
        "column": label.column,
        "range": { "start": label.span.start, "end": label.span.end },
        "text": sources.say(&label.text),
        "snippet": text[from..to].trim_end(),
    })
}
