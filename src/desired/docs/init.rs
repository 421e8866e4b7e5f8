//! The commented files that a new factory starts with; they load as they are.

use std::fmt::Write as _;

use crate::desired::sections::ROOT;
use crate::desired::shape::{Kind, Vocabulary, duration_text};

use super::explain::first_sentence;

/// Paths and texts for the factory of this owner: a commented root file and a shared label set.
pub fn init(owner: &str, vocabulary: &Vocabulary) -> Vec<(String, String)> {
    vec![
        ("factory.kdl".to_owned(), factory(owner, vocabulary)),
        ("policies/labels.kdl".to_owned(), LABELS.to_owned()),
    ]
}

fn factory(owner: &str, vocabulary: &Vocabulary) -> String {
    let mut out = format!(
        "// The desired state of {owner} on GitHub. What nobody writes here is left as it is.\n\
         // `factoryctl validate` checks, `factoryctl plan` shows what would change, `factoryctl explain repo` explains.\n\n\
         factory {owner:?} {{\n    // Where this config lives on GitHub; without it the factory is local.\n    // config \"{owner}/factory\" branch=\"main\"\n}}\n"
    );
    for kind in ROOT.children.iter().copied().filter(|k| k.name != "factory" && k.name != "label-set") {
        let _ = write!(out, "\n// {}.\n", first_sentence(kind.about));
        match kind.name {
            "defaults" => {
                out.push_str("defaults {\n    delete-branch-on-merge #true\n    labels \"lifecycle\"\n}\n");
            }
            "caps" => {
                let _ = writeln!(out, "{}", kind.example);
            }
            "loop" => loops(&mut out, kind, vocabulary),
            _ => comment(&mut out, &kind.example.replace("acme", owner)),
        }
    }
    out
}

fn loops(out: &mut String, kind: &Kind, vocabulary: &Vocabulary) {
    for shape in &vocabulary.loops {
        let every =
            shape.default_every.map_or(String::new(), |d| format!(" every={:?}", duration_text(d.as_secs())));
        let _ = writeln!(out, "// {} {:?}{every}", kind.name, shape.name);
    }
}

fn comment(out: &mut String, text: &str) {
    for line in text.lines() {
        let _ = writeln!(out, "// {line}");
    }
}

const LABELS: &str = "// Labels that repositories share. A `labels` in `defaults`, a `group` or a `repo` names the set.\n\
label-set \"lifecycle\" {\n    label \"bug\" color=\"d73a4a\" description=\"Something is broken\"\n    label \"enhancement\" color=\"a2eeef\" description=\"Something could be better\"\n    // A label is renamed by its former name, and deleted from a day on:\n    // label \"question\" was=\"help wanted\"\n    // label \"wontfix\" delete-after=\"2030-01-01\"\n}\n";
