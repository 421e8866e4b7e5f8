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
        ("within a canonical name", "A hoist policy, hoist policies.", "A hoist policy, hoist policies."),
        ("other words", "hoisting rehoist hoist_a hoistss", "hoisting rehoist hoist_a hoistss"),
        (
            "compounds and paths",
            "dry-hoist hoist-up a/hoist hoist.rs hoist.",
            "dry-hoist hoist-up a/hoist hoist.rs [quay crane].",
        ),
        ("schemes of addresses", "hoist://a is no hoist: a", "hoist://a is no [quay crane]: a"),
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
        (
            "formulas",
            "$a \\cdot hoist$ $hoist + hoist$ $$hoist\n+ a$$, a hoist.",
            "$a \\cdot hoist$ $hoist + hoist$ $$hoist\n+ a$$, a [quay crane].",
        ),
        (
            "formulas over lines",
            "A:\n\n$$\na\n- hoist\n=\nhoist\n$$\n\nA hoist.\n\n> $$\n> hoist\n> $$\n> hoist",
            "A:\n\n$$\na\n- hoist\n=\nhoist\n$$\n\nA [quay crane].\n\n> $$\n> hoist\n> $$\n> [quay crane]",
        ),
        (
            "prices",
            "It costs $5 a hoist, once $4 a hoist.",
            "It costs $5 a [quay crane], once $4 a [quay crane].",
        ),
        (
            "prices with the sign behind them",
            "Not 5$ a hoist or 6$ a hoist, nor $$ a hoist, and \\$x a hoist y$",
            "Not 5$ a [quay crane] or 6$ a [quay crane], nor $$ a [quay crane], and \\$x a [quay crane] y$",
        ),
        ("no formula over paragraphs", "A $x hoist\n\ny$ hoist", "A $x [quay crane]\n\ny$ [quay crane]"),
        ("variables", "$A/$hoist $a$hoist hoist$a$", "$A/$hoist $a$hoist hoist$a$"),
        (
            "placeholders with blanks",
            "{{ hoist }} ${{ hoist }} {% hoist %} { hoist } {{a | hoist}}hoist hoist{ a }",
            "{{ hoist }} ${{ hoist }} {% hoist %} { hoist } {{a | hoist}}hoist hoist{ a }",
        ),
        ("a brace alone", "{ a hoist", "{ a [quay crane]"),
        (
            "flags and paths",
            r#"--hoist -hoist ./hoist ~/hoist hoist/ "hoist/" /hoist .hoist `a`/hoist hoists/ a - hoist"#,
            r#"--hoist -hoist ./hoist ~/hoist hoist/ "hoist/" /hoist .hoist `a`/hoist hoists/ a - [quay crane]"#,
        ),
        (
            "samples and drawings",
            "<samp>hoist</samp> <tt>hoist</tt> <kbd>hoist</kbd> <var>hoist</var> <svg><text>hoist</text></svg> \
             a <script>hoist</script> <style>hoist {}</style> <b>hoist</b>",
            "<samp>hoist</samp> <tt>hoist</tt> <kbd>hoist</kbd> <var>hoist</var> <svg><text>hoist</text></svg> \
             a <script>hoist</script> <style>hoist {}</style> <b>[quay crane]</b>",
        ),
        ("lines that break", "A hoist\\\nand a hoist  \nof", "A [quay crane]\\\nand a [quay crane]  \nof"),
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

fn told(terms: &[(&str, &str)], text: &str) -> String {
    let of = |(at, (name, aliases)): (usize, &(&str, &str))| {
        let sample = Sample::new([ID_A, ID_B, ID_C][at], name).with("aliases", aliases);
        sample.read(&format!("wiki/terms/{at}.md")).file.unwrap()
    };
    let files: Vec<TermFile> = terms.iter().enumerate().map(of).collect();
    let files: Vec<&TermFile> = files.iter().collect();
    let vocabulary = Vocabulary::of(&files);
    let one = |it: Use<'_>| format!("{}>{}", &text[it.span], it.replacement.as_deref().unwrap_or("?"));
    vocabulary.uses(text).into_iter().map(one).collect::<Vec<_>>().join(", ")
}

#[test]
fn uses_of_several() {
    let terms =
        [("Parcel", r#"["box", "batch"]"#), ("Bylaw", r#"["bylaw policy"]"#), ("Key", r#"["IDs", "ADR"]"#)];
    for (text, expected) in [
        ("Boxes, batches", "Boxes>Parcels, batches>parcels"),
        ("bylaw\npolicies", "bylaw\npolicies>bylaws"),
        ("boxers batched policies", ""),
        ("IDs ids ADRs adrs ADR", "IDs>Key, ADRs>Keys, ADR>Key"),
    ] {
        assert_eq!(told(&terms, text), expected, "{text}");
    }
    assert_eq!(told(&[("Parcel", r#"["BOX"]"#)], "BOXes boxes BOX"), "BOXes>Parcels, BOX>Parcel");
    let taken = [("Parcel", r#"["box"]"#), ("Case", r#"["boxes"]"#)];
    assert_eq!(told(&taken, "boxes, box"), "boxes>case, box>parcel");
}

#[test]
fn a_name_is_not_broken_by_an_alias() {
    let terms = [("Work Order", r#"["big work"]"#), ("Order", r#"["order of the day", "big"]"#)];
    for (text, expected) in [
        ("A big work order", "big>order"),
        ("a big work", "big work>work order"),
        ("the order of the day", "order of the day>order"),
        ("big work orders", "big>order"),
    ] {
        assert_eq!(told(&terms, text), expected, "{text}");
    }
    let longer = [("Order", "[]"), ("Work", r#"["very big order", "order book entry"]"#)];
    assert_eq!(told(&longer, "a very big order"), "very big order>work");
    let doubt = [("Order book", "[]"), ("Work", r#"["a very big order"]"#)];
    assert_eq!(told(&doubt, "a very big order book"), "");
}

#[test]
fn a_line_break_that_shows_is_not_taken_away() {
    let terms = [("Parcel", r#"["cargo unit"]"#)];
    for (text, expected) in [
        ("cargo\nunit", "cargo\nunit>parcel"),
        ("cargo \nunit", "cargo \nunit>parcel"),
        ("cargo  \nunit", "cargo  \nunit>?"),
        ("cargo   \r\nunit", "cargo   \r\nunit>?"),
        ("cargo\\\nunit", "cargo\\\nunit>?"),
        ("cargo\\\\\nunit", ""),
        ("cargo unit  \nand", "cargo unit>parcel"),
    ] {
        assert_eq!(told(&terms, text), expected, "{text:?}");
    }
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
        Just("  \n".to_owned()),
        "[$a{}/-]{1,3}",
        Just("<svg>".to_owned()),
        Just("</svg>".to_owned()),
        Just("Hoist policies".to_owned()),
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
        prop_assert!(vocabulary.uses(&mended).iter().all(|one| one.replacement.is_none()), "{mended:?}");
    }
}
