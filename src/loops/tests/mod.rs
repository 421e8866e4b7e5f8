//! What each loop decides, in words, and the laws that hold for all of them.

mod config_review;
mod continuation;
mod flips;
mod follow_ups;
mod injection;
mod interpreter;
mod labels;
mod language_review;
mod laws;
mod pipeline_laws;
mod repository_settings;
mod tasks;

use super::{Inputs, by_name};
use crate::model::samples::now;
use crate::model::{Desired, Observed};
use crate::plan::Plan;
use crate::plan::render::{Style, text};

/// What one loop wants.
fn plan(name: &str, desired: &Desired, observed: &Observed) -> Plan {
    by_name(name).expect("it is registered").plan(Inputs { desired, observed, now: now() })
}

/// What one loop wants, as people read it after the guards, without the heading and the ids.
fn explain(name: &str, desired: &Desired, observed: &Observed) -> String {
    let selection = super::Selection { only: vec![name.to_owned()] };
    let document = super::registry::document(desired, observed, now(), &selection);
    let mut out = text(&document, Style::Plain);
    for planned in &document.actions {
        out = out.replace(&format!(" · loop {name} · {}", planned.action.id), "");
    }
    let lines = out.lines().skip(1).filter(|line| !line.is_empty() && !line.starts_with("Plan: "));
    lines.fold(String::new(), |out, line| out + "  " + line + "\n")
}

/// The rows of a table, each explained under its name.
fn table(name: &str, rows: impl IntoIterator<Item = (&'static str, Desired, Observed)>) -> String {
    let row = |(title, desired, observed): (&str, Desired, Observed)| {
        let says = explain(name, &desired, &observed);
        format!("{title}\n{}", if says.is_empty() { "  nothing\n" } else { &says })
    };
    rows.into_iter().map(row).collect()
}
