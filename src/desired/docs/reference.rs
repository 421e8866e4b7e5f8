//! The reference page, as Markdown.

use std::fmt::Write as _;

use crate::desired::diagnostic::code;
use crate::desired::sections::ROOT;
use crate::desired::shape::{Field, Kind, Vocabulary, duration_text};
use crate::desired::text::Spelling;

use super::example;

/// Everything that config may say, and every code of a problem. Generated; a test compares it with the file.
pub fn reference(vocabulary: &Vocabulary) -> String {
    let mut out = String::from(
        "# Config reference\n\nGenerated from the definitions that decode config. `factoryctl explain NAME` shows the same for one name.\n\nConfig is `factory.kdl` at the root and every `.kdl` and `.toml` file under `policies/`. Any section may stand in\nany of them, except that `factory` stands in the root file. A value is written `name=value` on its node or\n`name value` within its braces; in TOML a node is a table.\n",
    );
    for kind in ROOT.children {
        section(&mut out, kind, kind.name, 2);
    }
    loops(&mut out, vocabulary);
    out.push_str("\n## Problems\n\n| code | what it means |\n|---|---|\n");
    for code in code::ALL {
        let _ = writeln!(out, "| `{}` | {} |", code.name, cell(code.about));
    }
    out
}

fn section(out: &mut String, kind: &'static Kind, path: &str, level: usize) {
    let title = path.replace('.', " › ");
    let _ = write!(out, "\n{} {title}\n\n{}\n", "#".repeat(level), kind.about);
    table(out, kind.key.iter().chain(kind.fields));
    let parent = path.rsplit_once('.').map_or("", |(parent, _)| parent);
    let _ = write!(out, "\n```kdl\n{}\n```\n", kind.example);
    let _ = if example::may_be_toml(path) {
        write!(out, "\n```toml\n{}\n```\n", example::toml(kind, parent))
    } else {
        write!(out, "\n{}\n", example::KDL_ALONE)
    };
    for child in kind.children {
        // Shown where it is first met: `labels` is the same in defaults, groups and repositories.
        if first_home(child).as_deref() == Some(path) {
            section(out, child, &format!("{path}.{}", child.name), (level + 1).min(6));
        } else {
            let home = first_home(child).unwrap_or_default().replace('.', " › ");
            let _ = write!(out, "\n`{}` is the same as in {home}.\n", child.name);
        }
    }
}

/// The path of the first kind that this one may stand in, the nearest to the top: `labels › label` lives with
/// `label-set › label`.
fn first_home(kind: &'static Kind) -> Option<String> {
    let mut level: Vec<(String, &'static Kind)> =
        ROOT.children.iter().map(|top| (top.name.to_owned(), *top)).collect();
    while !level.is_empty() {
        let is_home = |(_, parent): &&(String, &'static Kind)| {
            parent.children.iter().any(|child| std::ptr::eq(*child, kind))
        };
        if let Some((path, _)) = level.iter().find(is_home) {
            return Some(path.clone());
        }
        let below = |(path, parent): &(String, &'static Kind)| {
            let path = path.clone();
            parent.children.iter().map(move |child| (format!("{path}.{}", child.name), *child))
        };
        level = level.iter().flat_map(below).collect();
    }
    None
}

fn table<'f>(out: &mut String, fields: impl Iterator<Item = &'f Field>) {
    let mut any = false;
    for field in fields {
        if !any {
            out.push_str("\n| field | type | default | |\n|---|---|---|---|\n");
        }
        any = true;
        let default = match (field.required, field.default) {
            (true, _) => "required".to_owned(),
            (false, Some(default)) => format!("`{default}`"),
            (false, None) => "–".to_owned(),
        };
        let ty = field.ty.noun(Spelling::Kdl);
        let _ = writeln!(out, "| `{}` | {} | {default} | {} |", field.name, cell(&ty), cell(field.about));
    }
}

fn loops(out: &mut String, vocabulary: &Vocabulary) {
    out.push_str("\n## The loops\n");
    for shape in &vocabulary.loops {
        let every = shape.default_every.map_or("no timer".to_owned(), |d| duration_text(d.as_secs()));
        let _ = write!(out, "\n### loop {:?}\n\n{} By default: {every}.\n", shape.name, shape.about);
        table(out, shape.kind.fields.iter());
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
