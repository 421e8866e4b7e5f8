//! Changing a term's file: one thing at a time, and everything else byte for byte as it was.
//!
//! Lists are written whole. Change a list only where reading the file found no errors, or what was wrong in it is lost.

use jiff::Timestamp;
use serde_json::Value;

use crate::language::front::Page;
use crate::model::language::Anchor;

use super::section::{bullets, sections, trimmed};
use super::term::{ids, relations, texts};
use super::{Confidence, Relation, Ulid};

/// The page with another name.
pub fn name(page: &Page, name: &str) -> Page {
    page.with("name", &name.into())
}

/// The page with another anchor, or none.
pub fn anchor(page: &Page, anchor: Option<&Anchor>) -> Page {
    page.with("code_anchor", &anchor.map_or(Value::Null, |anchor| anchor.to_string().into()))
}

/// The page with other aliases.
pub fn aliases(page: &Page, aliases: &[String]) -> Page {
    page.with("aliases", &texts(aliases))
}

/// The page with other relations.
pub fn related(page: &Page, related: &[Relation]) -> Page {
    page.with("related", &relations(related))
}

/// The page with other evidence.
pub fn evidence(page: &Page, evidence: &[Ulid]) -> Page {
    page.with("evidence", &ids(evidence))
}

/// The page with another confidence.
pub fn confidence(page: &Page, confidence: Confidence) -> Page {
    page.with("confidence", &confidence.as_str().into())
}

/// The page with a successor and a reason, or without.
pub fn superseded(page: &Page, by: Option<&Ulid>, reason: Option<&str>) -> Page {
    let page = page.with("superseded_by", &by.map_or(Value::Null, |by| by.to_string().into()));
    page.with("superseded_reason", &reason.map_or(Value::Null, Value::from))
}

/// The page with the moment of its last change.
pub fn updated_at(page: &Page, at: Timestamp) -> Page {
    page.with("updated_at", &at.to_string().into())
}

/// The page with another definition.
pub fn definition(page: &Page, definition: &str) -> Page {
    section(page, "Definition", definition)
}

/// The page with other invariants; without any the section stays, empty, if it is there.
pub fn invariants(page: &Page, invariants: &[String]) -> Page {
    section(page, "Invariants", bullets(invariants).trim_end())
}

/// The page with another content of a section, which is put at the end where it is missing.
fn section(page: &Page, title: &str, content: &str) -> Page {
    let body = page.body();
    let end = if page.text().contains("\r\n") { "\r\n" } else { "\n" };
    let content = content.replace("\r\n", "\n").replace('\n', end);
    let known = sections(body).into_iter().find(|section| section.title.eq_ignore_ascii_case(title));
    let Some(known) = known else {
        if content.is_empty() {
            return page.clone();
        }
        let (kept, gap) = match body.trim_end() {
            "" => ("", end.to_owned()),
            kept => (kept, end.repeat(2)),
        };
        return page.with_body(&format!("{kept}{gap}## {title}{end}{end}{content}{end}"));
    };
    let old = trimmed(body, known.content);
    if body[old.clone()] == content {
        return page.clone();
    }
    let lines_end = |text: &str| text.is_empty() || text.ends_with('\n');
    let before = if old.is_empty() && !lines_end(&body[..old.start]) { end.repeat(2) } else { String::new() };
    let after = if old.is_empty() && !content.is_empty() { end.repeat(2) } else { String::new() };
    page.with_body(&format!("{}{before}{content}{after}{}", &body[..old.start], &body[old.end..]))
}

#[cfg(test)]
mod tests {
    use crate::language::front::Page;
    use crate::language::terms::read::read;
    use crate::language::terms::samples::{ID_A, ID_B, Sample};
    use crate::language::terms::{Confidence, Relation};

    #[test]
    fn a_change_keeps_everything_else() {
        let plain = Sample::new(ID_A, "Crane").other("house_key: [1,   2]").text();
        for text in [plain.clone(), plain.replace('\n', "\r\n"), format!("\u{feff}{plain}")] {
            let page = read("t/crane.md", &text).file.unwrap().page;
            let relation = Relation { kind: "is_a".into(), target: ID_B.parse().unwrap() };
            for (name, changed, from, to) in [
                ("name", super::name(&page, "Hoist"), "\"Crane\"", "\"Hoist\""),
                ("no anchor", super::anchor(&page, None), "\"src/crane.rs:Crane\"", "null"),
                ("aliases", super::aliases(&page, &["hoist".into()]), "[\"lifter\"]", "[\"hoist\"]"),
                (
                    "related",
                    super::related(&page, &[relation]),
                    "related: []",
                    &format!("related: [{{\"kind\": \"is_a\", \"target\": \"{ID_B}\"}}]"),
                ),
                ("evidence", super::evidence(&page, &[]), "evidence: []", "evidence: []"),
                (
                    "confidence",
                    super::confidence(&page, Confidence::Deprecated),
                    "\"accepted\"",
                    "\"deprecated\"",
                ),
                (
                    "reason",
                    super::superseded(&page, None, Some("gone")),
                    "superseded_reason: null",
                    "superseded_reason: \"gone\"",
                ),
                ("definition", super::definition(&page, "New."), "What Crane means.", "New."),
                ("invariants", super::invariants(&page, &["a".into()]), "- It holds.", "- a"),
                (
                    "moment",
                    super::updated_at(&page, "2027-01-01T00:00:00Z".parse().unwrap()),
                    "updated_at: \"2026-01-01T00:00:00Z\"",
                    "updated_at: \"2027-01-01T00:00:00Z\"",
                ),
            ] {
                assert!(text.contains(from), "{name}");
                assert_eq!(changed.text(), text.replacen(from, to, 1), "{name}");
            }
        }
    }

    #[test]
    fn sections_that_are_missing_or_empty() {
        let front = "---\na: 1\n---";
        for (body, expected) in [
            ("", "\n\n## Definition\n\nx\n"),
            ("\n", "\n\n## Definition\n\nx\n"),
            ("\n\nwords\n", "\n\nwords\n\n## Definition\n\nx\n"),
            ("\n## Definition", "\n## Definition\n\nx\n\n"),
        ] {
            let page = Page::parse(&format!("{front}{body}")).unwrap();
            assert_eq!(super::definition(&page, "x").text(), format!("{front}{expected}"), "{body:?}");
        }
        let page = Page::parse("---\n---\n## Definition\n## Invariants\n- b\n").unwrap();
        let changed = super::definition(&page, "x\n\ny");
        assert_eq!(changed.text(), "---\n---\n## Definition\nx\n\ny\n\n## Invariants\n- b\n");
        let page = Page::parse("---\r\n---\r\n## Definition\r\na\r\n").unwrap();
        let changed = super::invariants(&super::definition(&page, "x\ny"), &["b\nc".into()]);
        let expected = "---\r\n---\r\n## Definition\r\nx\r\ny\r\n\r\n## Invariants\r\n\r\n- b\r\n  c\r\n";
        assert_eq!(changed.text(), expected);
    }
}
