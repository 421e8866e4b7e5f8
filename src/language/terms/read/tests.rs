//! Tests of reading terms.

use proptest::prelude::*;

use crate::language::terms::samples::{ID_A, ID_B, Sample};
use crate::language::terms::{Confidence, Provenance, Relation, Term, Ulid};

use super::read;

fn errors(sample: &Sample) -> Vec<String> {
    let text = sample.text();
    let read = sample.read("t/crane.md");
    let known = if read.file.is_some() { "" } else { " (no term)" };
    read.errors.iter().map(|error| format!("{:?} {error}{known}", &text[error.span.clone()])).collect()
}

#[test]
fn a_sound_term() {
    let related = format!("[{{\"kind\": \"is_a\", \"target\": \"{ID_B}\"}}]");
    let sample =
        Sample::new(ID_A, "Crane").with("related", &related).other("proposed_by: \"x\"\nhouse: {\"a\": 1}");
    let read = sample.read("t/crane.md");
    assert_eq!(read.errors, []);
    let file = read.file.unwrap();
    assert_eq!(file.stem(), "crane");
    assert_eq!(file.term.related, [Relation { kind: "is_a".into(), target: ID_B.parse().unwrap() }]);
    assert_eq!(file.term.provenance.by.as_deref(), Some("x"));
    assert_eq!(file.term.other, [("house".to_owned(), serde_json::json!({"a": 1}))]);
    assert_eq!(file.term.written(), sample.text());
    let text = file.page.text();
    assert_eq!(&text[file.definition.clone()], "What Crane means.");
    assert_eq!(&text[file.invariants[0].clone()], "- It holds.");
    let lifter = |value: &serde_json::Value| value == "lifter";
    assert_eq!(&text[file.item_span("aliases", lifter)], "\"lifter\"");
    let bare = Sample::new(ID_A, "Crane").with("code_anchor", "null").with("confidence", "null");
    let term = bare.read("t/crane.md").file.unwrap().term;
    assert_eq!((term.code_anchor, term.confidence), (None, Confidence::Proposed));
}

#[test]
fn everything_that_is_wrong_is_said() {
    let crane = || Sample::new(ID_A, "Crane");
    for (name, sample, expected) in [
        (
            "id",
            crane().with("id", "\"7\""),
            vec!["\"\\\"7\\\"\" an id has 26 characters, and this has 1 (no term)"],
        ),
        ("no text", crane().with("name", "7"), vec!["\"7\" `name` is no text (no term)"]),
        ("empty", crane().with("kind", "\" \""), vec!["\"\\\" \\\"\" `kind` is empty (no term)"]),
        (
            "names",
            crane().with("aliases", "[\"a`b\", 3, \"ok\", \"…\"]"),
            vec![
                "\"\\\"a`b\\\"\" the alias has a backtick",
                "\"3\" an item of `aliases` is no text",
                "\"\\\"…\\\"\" the alias has neither letter nor digit",
            ],
        ),
        (
            "several",
            crane()
                .with("code_anchor", "\"crane\"")
                .with("related", "[{\"kind\": \"is_a\"}, {}]")
                .updated("now"),
            vec![
                "\"\\\"crane\\\"\" an anchor is `path:Symbol`, and there is no colon",
                "\"{\\\"kind\\\": \\\"is_a\\\"}\" an item of `related` has no kind or no target",
                "\"{}\" an item of `related` has no kind or no target",
                "\"\\\"now\\\"\" `updated_at` is no moment",
            ],
        ),
        ("list", crane().with("evidence", "\"x\""), vec!["\"\\\"x\\\"\" `evidence` is no list"]),
        (
            "confidence",
            crane().with("confidence", "\"sure\""),
            vec!["\"\\\"sure\\\"\" `sure` is no confidence"],
        ),
        (
            "imports",
            crane().other("proposal_imports_seen: -1"),
            vec!["\"-1\" `proposal_imports_seen` is no number"],
        ),
        ("no body", crane().body(""), vec!["\"\" the term has no definition"]),
        (
            "sections",
            crane().body("## Definition\na\n## Definition\nb\n## Invariants\nc\n- d\n"),
            vec![
                "\"## Definition\" there are two sections `## Definition`",
                "\"c\" this line of the invariants is no bullet",
            ],
        ),
        (
            "open",
            crane().body("## Definition\na\n```\n## Invariants\n"),
            vec!["\"\" a block of the text doesn't end"],
        ),
    ] {
        assert_eq!(errors(&sample), expected, "{name}");
    }
    let nothing = read("t/a.md", "---\n---\n");
    let said: Vec<String> = nothing.errors.iter().map(ToString::to_string).collect();
    assert_eq!(said[0], "the term has no `id`");
    assert_eq!(said.len(), 7, "{said:?}");
    assert_eq!(read("t/a.md", "words").errors.len(), 1);
}

#[test]
fn what_keeps_a_text_from_being_a_name_is_said() {
    let long = "a".repeat(super::NAME + 1);
    let said = ["", " ", "a ", "a`", "a\nb", "!!!", &long, "Crane"].map(|text| match super::unfit(text) {
        Some(unfit) => format!("{unfit}: {}", unfit.help()),
        None => "fits".to_owned(),
    });
    insta::assert_snapshot!(said.join("\n"), @"
    is empty: write the word that pages use
    is empty: write the word that pages use
    has blank space at its ends: take the blank space away
    has a backtick: take the backtick away: pages set the word without one, too
    has a character that doesn't show: write it on one line, as pages do
    has neither letter nor digit: write a word: a letter or a digit has to be in it
    has 121 characters, and the most are 120: write a shorter one, and leave the rest to the definition
    fits
    ");
}

fn ulid() -> impl Strategy<Value = Ulid> {
    "[0-7][0-9A-HJKMNP-TV-Z]{25}".prop_map(|text| text.parse().unwrap())
}

fn moment() -> impl Strategy<Value = Option<jiff::Timestamp>> {
    (0_i64..4_000_000_000).prop_map(|second| Some(jiff::Timestamp::from_second(second).unwrap()))
}

prop_compose! {
    fn facts()(
        id in ulid(),
        name in "[A-Za-zé][A-Za-z0-9é \"\\\\]{0,20}[a-z]",
        anchor in prop::option::of("src/[a-z]{1,5}\\.rs:[A-Z][a-z]{1,5}"),
        aliases in prop::collection::vec("[a-z][a-z ,\"]{0,8}[a-z]", 0..4),
        related in prop::collection::vec(("[a-z_]{1,8}", ulid()), 0..3),
        evidence in prop::collection::vec(ulid(), 0..3),
        by in prop::option::of(ulid()),
        reason in prop::option::of(any::<String>()),
    ) -> Term {
        Term {
            id,
            name,
            kind: "entity".into(),
            bounded_context: "yard".into(),
            code_anchor: anchor.map(|text| text.parse().unwrap()),
            aliases,
            related: related.into_iter().map(|(kind, target)| Relation { kind, target }).collect(),
            evidence,
            superseded_by: by,
            superseded_reason: reason,
            confidence: Confidence::Accepted,
            created_at: None,
            updated_at: None,
            provenance: Provenance::default(),
            other: Vec::new(),
            definition: String::new(),
            invariants: Vec::new(),
        }
    }
}

prop_compose! {
    /// Any term that can be written.
    pub fn term()(
        mut term in facts(),
        confidence in prop::sample::select(vec![Confidence::Proposed, Confidence::Accepted, Confidence::Deprecated]),
        (created, updated, proposed) in (moment(), moment(), moment()),
        signals in prop::collection::vec(any::<String>(), 0..3),
        seen in prop::option::of(any::<u64>()),
        definition in "[A-Z][a-z <>*_.`]{0,30}[a-z](\n\n?[a-z][a-z ]{0,20}[a-z]){0,3}",
        invariants in prop::collection::vec("[A-Z][a-z ]{0,20}[a-z](\n\n?[a-z][a-z ]{0,20}[a-z]){0,2}", 0..4),
    ) -> Term {
        term.confidence = confidence;
        term.created_at = created;
        term.updated_at = updated;
        term.provenance = Provenance { by: Some("x".into()), at: proposed, signals, imports_seen: seen };
        term.definition = definition;
        term.invariants = invariants;
        term
    }
}

proptest! {
    #[test]
    fn a_term_is_read_as_it_was_written(term in term()) {
        let text = term.written();
        let read = read("t/a.md", &text);
        prop_assert_eq!(&read.errors, &vec![]);
        let file = read.file.unwrap();
        prop_assert_eq!(&file.term, &term);
        prop_assert_eq!(file.page.text(), text);
    }

    #[test]
    fn any_body_and_any_text_is_read(body in "([#`~<!>\\-*+ \n\ta-c]|## Definition|## Invariants|```|<!--|-->){0,60}", text in any::<String>()) {
        let sample = Sample::new(ID_A, "Crane").body(&body);
        let read_back = sample.read("t/crane.md");
        let text_of = sample.text();
        for error in &read_back.errors {
            prop_assert!(text_of.get(error.span.clone()).is_some());
        }
        let file = read_back.file.unwrap();
        prop_assert_eq!(file.page.text(), text_of);
        let _ = read("t/a.md", &text);
    }
}
