//! Tests of finding aliases in pages.

use proptest::prelude::*;

use crate::language::finding::Fix;
use crate::language::fix::mend;
use crate::language::terms::TermFile;
use crate::language::terms::samples::{ID_A, ID_B, ID_C, Sample};

use super::{Use, Vocabulary};

fn terms() -> Vec<TermFile> {
    let term = |id, name, aliases: &str| {
        Sample::new(id, name).with("aliases", aliases).read("wiki/terms/a.md").file.unwrap()
    };
    vec![
        term(ID_A, "Quay crane", r#"["hoist", "big hoist", "lifter"]"#),
        term(ID_B, "BerthPort", r#"["berth", "mooring place"]"#),
        term(ID_C, "Hoist policy", r#"["rule of lifting", "ärger"]"#),
    ]
}

fn marked(text: &str) -> String {
    let terms = terms();
    let terms: Vec<&TermFile> = terms.iter().collect();
    let vocabulary = Vocabulary::of(&terms);
    let mut marked = String::new();
    let mut at = 0;
    for Use { span, replacement, .. } in vocabulary.uses(text) {
        marked.push_str(&format!("{}[{}]", &text[at..span.start], replacement.unwrap()));
        at = span.end;
    }
    marked + &text[at..]
}

#[test]
fn uses_of_aliases() {
    for (name, text, expected) in [
        ("none", "The quay crane lifts.", "The quay crane lifts."),
        ("a use", "The hoist lifts.", "The [quay crane] lifts."),
        ("a capital", "Hoist it.", "[Quay crane] it."),
        ("all capitals", "HOIST it.", "[Quay crane] it."),
        (
            "placeholders and pictures",
            "{hoist} {{hoist}} ${hoist} :hoist: and: hoist",
            "{hoist} {{hoist}} ${hoist} :hoist: and: [quay crane]",
        ),
        ("plural", "Two hoists, two lifters.", "Two [quay cranes], two [quay cranes]."),
        ("possessive", "The hoist's arm and the hoist’s.", "The [quay crane]'s arm and the [quay crane]’s."),
        ("the longest", "A big hoist.", "A [quay crane]."),
        ("over lines", "A big\n  hoist and a mooring\r\nplace.", "A [quay crane] and a [BerthPort]."),
        (
            "not over paragraphs",
            "A big\n\nhoist, mooring\n- place",
            "A big\n\n[quay crane], mooring\n- place",
        ),
        ("its own capitals", "A berth. Berth.", "A [BerthPort]. [BerthPort]."),
        (
            "within a canonical name",
            "A hoist policy, hoist policies.",
            "A hoist policy, [quay crane] policies.",
        ),
        ("other words", "hoisting rehoist hoist_a hoistss", "hoisting rehoist hoist_a hoistss"),
        (
            "compounds and paths",
            "dry-hoist hoist-up a/hoist hoist.rs hoist.",
            "dry-hoist hoist-up a/hoist hoist.rs [quay crane].",
        ),
        (
            "names of another kind",
            "See @hoist, #hoist and $hoist$, a hoist.",
            "See @hoist, #hoist and $hoist$, a [quay crane].",
        ),
        ("emphasis", "**hoist** _hoist_ *hoist*", "**[quay crane]** _[quay crane]_ *[quay crane]*"),
        (
            "underscores",
            "__A hoist__ ___hoist___ _hoist snake_hoist _hoist",
            "__A [quay crane]__ ___[quay crane]___ _hoist snake_hoist _hoist",
        ),
        (
            "heading, list, table",
            "# Hoist\n- hoist\n\n| hoist |",
            "# [Quay crane]\n- [quay crane]\n\n| [quay crane] |",
        ),
        ("a link", "[the hoist](hoist) [hoist]", "[the [quay crane]](hoist) [[quay crane]]"),
        ("code", "`hoist`\n\n```\nhoist\n```\n\n    hoist\n", "`hoist`\n\n```\nhoist\n```\n\n    hoist\n"),
        (
            "not prose",
            "---\na: hoist\n---\n<!-- hoist --> https://hoist.eu <a hoist>",
            "---\na: hoist\n---\n<!-- hoist --> https://hoist.eu <a hoist>",
        ),
        ("other scripts", "Ärger, ärgers, ßhoist", "[Hoist policy], [hoist policies], ßhoist"),
    ] {
        assert_eq!(marked(text), expected, "{name}");
    }
}

#[test]
fn an_alias_of_two_terms_has_no_replacement() {
    let one = Sample::new(ID_A, "Crane").read("a.md").file.unwrap();
    let other = Sample::new(ID_B, "Berth").read("b.md").file.unwrap();
    let vocabulary = Vocabulary::of(&[&one, &other]);
    let uses = vocabulary.uses("A lifter.");
    assert_eq!(uses.len(), 1);
    assert_eq!(uses[0].terms.len(), 2);
    assert_eq!(uses[0].replacement, None);
}

fn page() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("hoist".to_owned()),
        Just("Big".to_owned()),
        Just("Berths".to_owned()),
        Just("mooring place".to_owned()),
        Just("policy".to_owned()),
        Just("quay".to_owned()),
        Just("rule of lifting".to_owned()),
        "[-`~<>\\[\\]()!#*_|:. \n\t\\\\]{1,4}",
        Just("\n\n".to_owned()),
        Just("```\n".to_owned()),
        Just("---\n".to_owned()),
        Just("<!--".to_owned()),
        Just("-->".to_owned()),
        Just("](".to_owned()),
        Just("http://".to_owned()),
        any::<String>(),
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.join(" "))
}

proptest! {
    #[test]
    fn any_page_is_looked_at_and_mended(text in page()) {
        let terms = terms();
        let terms: Vec<&TermFile> = terms.iter().collect();
        let vocabulary = Vocabulary::of(&terms);
        let mut at = 0;
        for one in vocabulary.uses(&text) {
            prop_assert!(one.span.start >= at && text.get(one.span.clone()).is_some());
            at = one.span.end;
        }
        let fixes = |text: &str| -> Vec<Fix> {
            let uses = vocabulary.uses(text).into_iter();
            uses.filter_map(|one| Some(Fix { range: one.span, with: one.replacement? })).collect()
        };
        let mended = mend(&text, fixes);
        prop_assert!(vocabulary.uses(&mended).is_empty(), "{mended:?}");
    }
}
