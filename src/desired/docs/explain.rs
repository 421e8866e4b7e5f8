//! `explain`: what a section, a field, a loop's setting or the code of a problem means.

use std::fmt::Write as _;

use crate::desired::diagnostic::{code, nearest};
use crate::desired::sections::{LOOP, ROOT};
use crate::desired::shape::{Field, Kind, LoopShape, Vocabulary, duration_text};
use crate::desired::text::Spelling;

use super::example;
use super::spell::spell;

/// Nothing of that name can be explained.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no `{name}` in config{}", near.as_ref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default())]
pub struct Unknown {
    /// What was asked for.
    pub name: String,
    /// What was probably meant.
    pub near: Option<String>,
}

/// Explains `path`: a kind (`repo`, `label`), a field (`repo.visibility`, `repo.labels.mode`), a loop
/// (`loop.labels`) or its setting, or a code (`config::duplicate`). Without a path, everything in brief.
///
/// # Errors
/// When there is no such thing, with the nearest that there is.
pub fn explain(path: Option<&str>, vocabulary: &Vocabulary) -> Result<String, Unknown> {
    let Some(path) = path else { return Ok(overview(vocabulary)) };
    if let Some(code) = code::ALL.iter().find(|c| c.name == path) {
        return Ok(format!("{}\n\n{}\n", code.name, code.about));
    }
    let mut found = None;
    visit(vocabulary, &mut |at, subject| {
        // The shortest path that ends in what was asked for: `label.color` is enough.
        let fits = at == path || at.ends_with(&format!(".{path}"));
        if fits && found.as_ref().is_none_or(|(f, _): &(String, Subject)| f.len() > at.len()) {
            found = Some((at.to_owned(), subject));
        }
    });
    match found {
        Some((at, Subject::Kind(kind))) => Ok(explain_kind(&at, kind, vocabulary)),
        Some((at, Subject::Field(field))) => Ok(explain_field(&at, &field)),
        Some((at, Subject::Loop(shape))) => Ok(explain_loop(&at, &shape)),
        None => Err(unknown(path, vocabulary)),
    }
}

/// What can be explained.
#[derive(Clone)]
enum Subject {
    Kind(&'static Kind),
    Field(Field),
    Loop(LoopShape),
}

/// Every path that can be explained, sections before what is in them.
fn visit(vocabulary: &Vocabulary, see: &mut impl FnMut(&str, Subject)) {
    for kind in ROOT.children {
        visit_kind(kind, kind.name, see);
    }
    for shape in &vocabulary.loops {
        let path = format!("{}.{}", LOOP, shape.name);
        see(&path, Subject::Loop(shape.clone()));
        for field in shape.kind.fields {
            see(&format!("{path}.{}", field.name), Subject::Field(*field));
        }
    }
}

fn visit_kind(kind: &'static Kind, path: &str, see: &mut impl FnMut(&str, Subject)) {
    see(path, Subject::Kind(kind));
    for field in kind.key.iter().chain(kind.fields) {
        see(&format!("{path}.{}", field.name), Subject::Field(*field));
    }
    for child in kind.children {
        visit_kind(child, &format!("{path}.{}", child.name), see);
    }
}

fn unknown(path: &str, vocabulary: &Vocabulary) -> Unknown {
    let mut all: Vec<String> = code::ALL.iter().map(|c| c.name.to_owned()).collect();
    visit(vocabulary, &mut |at, _| all.push(at.to_owned()));
    let mut near = nearest(path, all.iter().map(String::as_str)).map(str::to_owned);
    if near.is_none() {
        // The last part may be right in another section, or misspelt on its own.
        let last = path.rsplit('.').next().unwrap_or(path);
        let tail = |p: &str| p.rsplit('.').next().unwrap_or_default().to_owned();
        let tails: Vec<String> = all.iter().map(|p| tail(p)).collect();
        let meant = nearest(last, tails.iter().map(String::as_str)).map(str::to_owned);
        near = meant.and_then(|m| all.iter().find(|p| tail(p) == m).cloned());
    }
    Unknown { name: path.to_owned(), near }
}

fn overview(vocabulary: &Vocabulary) -> String {
    let mut out =
        String::from("Sections, at the top of `factory.kdl` and of any file under `policies/`:\n\n");
    for kind in ROOT.children {
        let _ = writeln!(out, "  {:<14}{}", kind.name, first_sentence(kind.about));
    }
    out.push_str("\nLoops:\n\n");
    for shape in &vocabulary.loops {
        let _ = writeln!(out, "  {:<22}{}", shape.name, first_sentence(shape.about));
    }
    out.push_str("\nMore: `explain repo`, `explain repo.visibility`, `explain loop.NAME`, `explain config::unknown-key`\n");
    out
}

fn explain_kind(path: &str, kind: &'static Kind, vocabulary: &Vocabulary) -> String {
    let mut out = format!("{path}\n\n{}\n\n", kind.about);
    fields(&mut out, kind.key.iter().chain(kind.fields));
    if !kind.children.is_empty() {
        out.push_str("In it:\n");
        for child in kind.children {
            let _ = writeln!(out, "  {:<30}{}", child.name, first_sentence(child.about));
        }
        out.push('\n');
    }
    if kind.open {
        let names: Vec<_> = vocabulary.loops.iter().map(|l| format!("`{path}.{}`", l.name)).collect();
        let _ = writeln!(out, "With settings of their own: {}\n", names.join(", "));
    }
    let parent = path.rsplit_once('.').map_or("", |(parent, _)| parent);
    let _ = write!(out, "KDL:\n\n{}\n\n", indent(kind.example));
    let _ = if example::may_be_toml(path) {
        writeln!(out, "TOML:\n\n{}", indent(&example::toml(kind, parent)))
    } else {
        writeln!(out, "{}", example::KDL_ALONE)
    };
    out
}

fn explain_loop(path: &str, shape: &LoopShape) -> String {
    let every = shape
        .default_every
        .map_or("no timer".to_owned(), |d| format!("every {}", duration_text(d.as_secs())));
    let mut out = format!("{path}\n\n{}\n\nBy default: {every}.\n\n", shape.about);
    fields(&mut out, shape.kind.fields.iter());
    out.push_str("The fields that every loop has: `explain loop`\n");
    out
}

fn explain_field(path: &str, field: &Field) -> String {
    let mut out = format!("{path}\n\n{}\n\n", field.about);
    let _ = writeln!(out, "Type:     {}", field.ty.noun(Spelling::Kdl));
    let default = match (field.required, field.default) {
        (true, _) => "none; required",
        (false, Some(default)) => default,
        (false, None) => "none; what isn't written is left as it is",
    };
    let _ = writeln!(out, "Default:  {default}");
    let _ = writeln!(out, "KDL:      {}", spell(field, Spelling::Kdl, false));
    let toml = if example::may_be_toml(path) {
        spell(field, Spelling::Toml, false)
    } else {
        "none; it stands in `factory.kdl`".to_owned()
    };
    let _ = writeln!(out, "TOML:     {toml}");
    out
}

fn fields<'f>(out: &mut String, all: impl Iterator<Item = &'f Field>) {
    let mut any = false;
    for field in all {
        if !any {
            out.push_str("Fields:\n");
        }
        any = true;
        let required = if field.required { " (required)" } else { "" };
        let _ = writeln!(out, "  {:<30}{}{required}", field.name, field.ty.noun(Spelling::Kdl));
    }
    if any {
        out.push('\n');
    }
}

fn indent(text: &str) -> String {
    text.lines().map(|l| format!("    {l}")).collect::<Vec<_>>().join("\n")
}

/// Up to the first full stop, colon or semicolon that ends a clause.
pub(super) fn first_sentence(text: &str) -> &str {
    let end = text.match_indices(['.', ':', ';']).find(|(i, _)| text[i + 1..].starts_with(' '));
    end.map_or(text, |(i, _)| &text[..i]).trim_end_matches('.')
}
