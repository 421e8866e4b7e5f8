//! What accepting a decision changes: its file, those whose place it takes, and the index.

use proptest::prelude::*;
use serde_json::json;

use crate::language::keep::Ask;
use crate::language::keep::samples::{adr, outline};

use super::super::keep;
use super::{PATH, proposed, script, world};

#[test]
fn a_minority_is_quoted_and_nothing_else_changes() {
    let mut world = world(proposed());
    world.answer_all(keep, script("AAC", "", None));
    world.settle(keep);
    insta::assert_snapshot!(world.files[PATH], @"
    # ADR-0002: Title 2

    **Status:** Accepted
    **Date:** 2026-11-21
    **Enforcement:** decision-of-record

    ## Context

    So it is.

    ## Decision

    `src/a.rs:Guard` guards, and see ADR-0001.

    ## Consequences

    So it will be.

    ## Minority report

    * Editor (REQUEST_CHANGES): It says what a request_changes has to say. There is @ nobody to ask about # 1.
    ");
    let mut crlf = super::world(proposed().replace('\n', "\r\n"));
    crlf.answer_all(keep, script("AAC", "", None));
    crlf.settle(keep);
    assert_eq!(crlf.files[PATH], world.files[PATH].replace('\n', "\r\n"));
}

#[test]
fn a_minority_report_goes_on_where_there_is_one() {
    let text = proposed().replace("## Consequences", "## Minority report\n\n* Of old.\n\n## Consequences");
    let mut world = world(text);
    world.answer_all(keep, script("AAC", "", None));
    world.settle(keep);
    let (_, report) = world.files[PATH].split_once("## Minority").unwrap();
    insta::assert_snapshot!(report, @"
     report

    * Of old.

    * Editor (REQUEST_CHANGES): It says what a request_changes has to say. There is @ nobody to ask about # 1.

    ## Consequences

    So it will be.
    ");
}

#[test]
fn the_index_and_the_place_that_is_taken_follow() {
    let index =
        |table: &str| format!("Words.\n<!-- adr-index: begin -->\n{table}<!-- adr-index: end -->\nMore.\n");
    let text = adr(
        2,
        "**Status:** Proposed\n**Supersedes:** ADR-0001\n**Enforcement:** manual\n**Enforced by:** docs/A.md",
        "D",
    );
    let mut world = world(text);
    world.files.insert("adr/README.md".into(), index(""));
    let kept = world.answer_all(keep, script("AAA", "", None));
    insta::assert_snapshot!(outline(&kept), @"
    proposal: Accept ADR-0002: Title 2
      - Council, round 1: Architect, APPROVE: It says what a approve has to say. There is @ nobody to ask about # 1.
      - Council, round 1: Editor, APPROVE: It says what a approve has to say. There is @ nobody to ask about # 1.
      - Council, round 1: Pragmatist, APPROVE: It says what a approve has to say. There is @ nobody to ask about # 1.
      - `adr/0001-a.md`: ADR-0002 takes its place, and its status says so
      - `adr/0002-b.md`: the status is Accepted
      - `adr/README.md`: the table of all decisions says so, and what else it lacked
      file adr/0001-a.md
      file adr/0002-b.md
      file adr/README.md
    ");
    world.settle(keep);
    insta::assert_snapshot!(world.files["adr/README.md"], @"
    Words.
    <!-- adr-index: begin -->
    | Number | Decision | Status | Date |
    | --- | --- | --- | --- |
    | ADR-0001 | [Title 1](0001-a.md) | Superseded by ADR-0002 | 2026-11-21 |
    | ADR-0002 | [Title 2](0002-b.md) | Accepted | 2026-11-21 |
    <!-- adr-index: end -->
    More.
    ");
    assert!(world.files["adr/0001-a.md"].contains("**Status:** Superseded by ADR-0002\n"));

    let text = adr(1, "**Status:** Superseded by ADR-0002", "An older thing.");
    let mut world = super::world(proposed());
    world.files.insert("adr/0001-a.md".into(), text);
    let proposal = world.answer_all(keep, script("AAA", "", None)).proposal.unwrap();
    world.settle(keep);
    assert!(
        world.files[PATH].contains("**Date:** 2026-11-21\n**Supersedes:** ADR-0001\n"),
        "{}",
        world.files[PATH]
    );
    let named = "`adr/0002-b.md`: it names the decisions whose place it takes".to_owned();
    assert!(proposal.files.len() == 1 && proposal.changes.contains(&named), "{:?}", proposal.changes);

    for (name, page) in [("without a place", "Words.\n".to_owned()), ("with two", index("") + &index(""))] {
        let mut world = super::world(proposed());
        world.files.insert("adr/README.md".into(), page);
        let proposal = world.answer_all(keep, script("AAA", "", None)).proposal.unwrap();
        assert_eq!(proposal.files.len(), 1, "{name}");
        let said = proposal.changes.iter().any(|line| line.contains("README.md` isn't changed"));
        assert_eq!(said, name == "with two", "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn quoted_reasons_break_no_rule(reason in "(.|[`:#*<>|~-]|\n|src/a.rs:1|src/a.rs#L2|ADR-0099|`src/a.rs:Lost`|## |Status: |```){20,60}") {
        let mut world = world(proposed());
        let answer = script("AAR", "", None);
        let given = |ask: &Ask| {
            let mut value = answer(ask)?;
            if ask.about.ends_with("Editor") {
                value["reason"] = json!(reason);
            }
            Some(value)
        };
        let kept = world.answer_all(keep, given);
        prop_assert!(kept.problems.is_empty(), "{:?}", kept.problems);
        world.settle(keep);
        let record = crate::language::adr::Record::read(PATH, &world.files[PATH]).unwrap();
        let titles: Vec<&str> =
            record.sections()[..3].iter().map(|section| &record.text()[section.title.clone()]).collect();
        prop_assert_eq!(titles, ["Context", "Decision", "Consequences"]);
        prop_assert!(record.sections().len() <= 4);
        prop_assert_eq!(record.citations().len(), 1);
        prop_assert_eq!(record.references().len(), 1);
    }
}
