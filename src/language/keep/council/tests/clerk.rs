//! What a clerk may write, and that nothing else changes by it.

use proptest::prelude::*;
use serde_json::json;

use crate::language::adr::Record;
use crate::language::keep::samples::outline;

use super::super::keep;
use super::{PATH, proposed, script, world};

#[test]
fn what_a_clerk_may_not_write() {
    let text = |decision: &str| json!({"Context": null, "Decision": decision, "Consequences": null});
    let rows = [
        ("prose", json!("I changed it.")),
        ("another section", json!({"Decision": "The amended-text.", "Status": "Accepted"})),
        ("a number", json!({"Decision": 7})),
        ("nothing new", text("`src/a.rs:Guard` guards, and see ADR-0001.")),
        ("nothing", json!({})),
        ("blank", text(" \n")),
        ("a comment alone", text("<!-- amended-text -->")),
        ("long", text(&"amended-text ".repeat(700))),
        ("a heading", text("amended-text\n\n## Status\n\nAccepted")),
        ("an underlined heading", text("amended-text\n---\n\nmore")),
        ("an open fence", text("amended-text\n```\ncode")),
        ("HTML", text("amended-text <b>loud</b>")),
        ("an address", text("amended-text [here](https://a.example/b)")),
        ("unseen", text("amended-text \u{202e}loud")),
        ("an invented anchor", text("amended-text `src/a.rs:Invented`")),
        ("an invented decision", text("amended-text, as in ADR-0099")),
        ("a line", text("amended-text src/a.rs:12")),
        (
            "what a judge said",
            text(
                "amended-text: It says what a request_changes has to say. There is @nobody to ask about #1.",
            ),
        ),
    ];
    let mut all = String::new();
    for (name, answer) in rows {
        let mut world = world(proposed());
        let kept = world.answer_all(keep, script("CCC", "AAA", Some(answer)));
        assert!(kept.proposal.is_none(), "{name}: {}", outline(&kept));
        let body = &kept.issues[0].body;
        let why = body.lines().find(|line| line.starts_with("The clerk")).unwrap();
        all.push_str(&format!("{name}: {}\n", why.split_once("nothing: ").unwrap().1));
    }
    insta::assert_snapshot!(all, @"
    prose: the answer is no object.
    another section: the answer names a section that isn't the clerk's.
    a number: the new text of Decision is no text.
    nothing new: nothing in it is new.
    nothing: nothing in it is new.
    blank: the new text of Decision is empty.
    a comment alone: the new text of Decision is empty.
    long: the new text of Decision is too long.
    a heading: the new text of Decision has a heading of the first or second level.
    an underlined heading: the new text of Decision has a heading of the first or second level.
    an open fence: the new text of Decision leaves a block open at its end.
    HTML: the new text of Decision has HTML in it.
    an address: the new text of Decision leads to an address that the decision doesn't: https: //a.example/b.
    unseen: the new text of Decision has characters that nobody sees.
    an invented anchor: a rule doesn't hold in it: 'src/a.rs:Invented' isn't there; cite what there is, or supersede the decision.
    an invented decision: a rule doesn't hold in it: there is no ADR 0099; name one that there is, or link to the one of another project by its address.
    a line: a rule doesn't hold in it: 'src/a.rs: 12' cites a line, which is another one after the next change; cite a symbol: 'src/a.rs:Symbol'.
    what a judge said: it quotes a judge instead of mending the text.
    ");
}

#[test]
fn an_amended_section_keeps_what_is_around_it() {
    let answer = json!({"Context": "So it was.\n\n### Why\n\n* amended-text", "Decision": null});
    for end in ["\n", "\r\n"] {
        let mut world = world(proposed().replace('\n', end));
        let before = world.files[PATH].clone();
        world.answer_all(keep, script("CCC", "AAA", Some(answer.clone())));
        world.settle(keep);
        let amended = "So it was.\n\n### Why\n\n* amended-text".replace('\n', end);
        let status =
            format!("**Status:** Accepted{end}**Date:** 2026-11-21{end}**Enforcement:** decision-of-record");
        let expected = before
            .replace("So it is.", &amended)
            .replace(&format!("**Status:** Proposed{end}**Date:** 2026-11-21"), &status);
        assert_eq!(world.files[PATH], expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_answer_of_a_clerk_is_text_of_its_section_or_nothing(decision in "(.|[`:#*<>|~=-]|\n|amended-text|## |Status: Accepted|```|\n---\n|<!--|ADR-0001){1,40}") {
        let mut world = world(proposed());
        let answer = json!({"Context": null, "Decision": format!("amended-text {decision}"), "Consequences": null});
        let kept = world.answer_all(keep, script("CCC", "AAA", Some(answer)));
        prop_assert_eq!(kept.proposal.is_some(), kept.issues.is_empty());
        prop_assert!(kept.problems.is_empty());
        if kept.proposal.is_some() {
            world.settle(keep);
            let (before, after) = (proposed(), &world.files[PATH]);
            let (head, _) = before.split_once("## Context").unwrap();
            let (_, tail) = before.split_once("## Consequences").unwrap();
            let status = head.replace("Proposed", "Accepted").trim_end().to_owned();
            prop_assert!(after.starts_with(&status) && after.ends_with(tail));
            prop_assert_eq!(Record::read(PATH, after).unwrap().sections().len(), 3);
        }
    }
}
