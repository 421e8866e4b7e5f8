//! Tests of reading glossaries.

use jiff::Timestamp;
use proptest::prelude::*;

use crate::language::render::copied::copied;
use crate::language::render::glossary::{Head, render};
use crate::language::terms::Term;
use crate::language::terms::read::{self, tests::term};

use super::{Imported, Repeated, import};

const GLOSSARY: &str = "<!-- made by the harbour office -->

# Harbour words

_5 terms across 2 bounded contexts._

See [the charter](../charter.md) for who decides.

## Apron

**Kind:** `entity` · **Context:** `yard` · **Confidence:** `proposed`

The ground between quay and sheds.

It is kept free of `parked` vehicles.

**Invariants:**
- Nothing is stored there.
- A vehicle stops there
  for loading only.

## BerthPort

**Kind:** `port` · **Context:** `office` · **Anchor:** `src/office/berth.rs:BerthPort` · **Confidence:** `accepted`
**Aliases:** `berth, reserved`, `mooring place`

Where a ship may lie.

## Crane

**Kind:** `entity` · **Context:** `yard` · **Anchor:** `src/yard/crane.rs:Crane` · **Confidence:** `accepted`
**Aliases:** `hoist`

What lifts.

**Invariants:**
- It lifts one thing at a time.

## Dock

**Kind:** `entity` · **Context:** `yard` · **Anchor:** `src/yard/dock.rs:Dock.inner` · **Confidence:** `deprecated`

```text
**Invariants:**
## no term
```

## Pilot

**Kind:** `service` · **Context:** `office` · **Anchor:** `src/office/pilot.rs:Pilot` · **Confidence:** `accepted`

Who guides ships.
";

const COPY: &str = "Home
Search
Harbour words¶
3 terms across 2 bounded contexts.
See the charter for who decides.
BerthPort¶
Kind: port · Context: office · Anchor: src/office/berth.rs:BerthPort · Confidence: accepted
Aliases: berth, mooring place
Where a ship
may lie.
Invariants: - One ship at a time. - It is as long as a ship - Nothing else.
Crane¶
Kind: entity · Context: yard · Anchor: src/yard/crane.rs:Crane · Confidence: accepted
What lifts.
Invariants:
- It lifts one <thing> at a time.
- It has a driver
who has a licence.
Crane¶
Kind: entity · Context: yard · Anchor: src/yard/crane.rs:Crane · Confidence: accepted
What lifts.
Invariants:
- It lifts one <thing> at a time.
- It has a driver
who has a licence.
Pilot¶
Kind: service · Context: office · Confidence: accepted
Who guides ships.
Invariants:
- A pilot has a boat.
Made with a tool
";

fn at() -> Timestamp {
    "2026-11-21T09:00:00Z".parse().unwrap()
}

fn again(imported: &Imported) -> String {
    render(&imported.terms, &imported.head)
}

#[test]
fn a_glossary_is_rendered_as_it_was() {
    let imported = import(GLOSSARY, at()).unwrap();
    assert_eq!(imported.terms.len(), 5);
    assert_eq!(again(&imported), GLOSSARY);
    assert_eq!(imported.terms[0].invariants[1], "A vehicle stops there\nfor loading only.");
    assert_eq!(imported.terms[1].aliases, ["berth, reserved", "mooring place"]);
    assert_eq!(import(&GLOSSARY.replace('\n', "\r\n"), at()), Ok(imported.clone()));
    for term in &imported.terms {
        let file = read::read("t/a.md", &term.written());
        assert_eq!((file.errors, file.file.map(|file| file.term)), (vec![], Some(term.clone())));
    }
    let later = import(GLOSSARY, "2027-01-01T00:00:00Z".parse().unwrap()).unwrap();
    assert_ne!(later.terms[0].id, imported.terms[0].id);
}

/// The words of a text: a copy doesn't keep how they are broken over lines.
fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

#[test]
fn a_copy_is_rendered_as_it_was() {
    let imported = import(COPY, at()).unwrap();
    assert_eq!(imported.repeated, [Repeated { name: "Crane".into(), line: 19, first: 12 }]);
    assert_eq!(imported.file_names(), ["berth-port.md", "crane.md", "crane-2.md", "pilot.md"]);
    assert_ne!(imported.terms[1].id, imported.terms[2].id);
    assert_eq!(imported.terms[0].invariants.len(), 3);
    assert_eq!(imported.terms[1].invariants[1], "It has a driver\nwho has a licence.");
    insta::assert_snapshot!(again(&imported), @r#"
    <!-- Generated from the term files by `factoryctl term render`. Edit those. -->

    # Harbour words

    _4 terms across 2 bounded contexts._

    See the charter for who decides.

    ## BerthPort

    **Kind:** `port` · **Context:** `office` · **Anchor:** `src/office/berth.rs:BerthPort` · **Confidence:** `accepted`
    **Aliases:** `berth`, `mooring place`

    Where a ship
    may lie.

    **Invariants:**
    - One ship at a time.
    - It is as long as a ship
    - Nothing else.

    ## Crane

    **Kind:** `entity` · **Context:** `yard` · **Anchor:** `src/yard/crane.rs:Crane` · **Confidence:** `accepted`

    What lifts.

    **Invariants:**
    - It lifts one <thing> at a time.
    - It has a driver
      who has a licence.

    ## Crane

    **Kind:** `entity` · **Context:** `yard` · **Anchor:** `src/yard/crane.rs:Crane` · **Confidence:** `accepted`

    What lifts.

    **Invariants:**
    - It lifts one <thing> at a time.
    - It has a driver
      who has a licence.

    ## Pilot

    **Kind:** `service` · **Context:** `office` · **Confidence:** `accepted`

    Who guides ships.

    **Invariants:**
    - A pilot has a boat.
    "#);
    let start = COPY.find("Harbour").unwrap();
    let end = COPY.find("Made with").unwrap();
    assert_eq!(words(&copied(&again(&imported))), words(&COPY[start..end].replace("3 terms", "4 terms")));
    assert_eq!(import(&again(&imported), at()).unwrap().terms, imported.terms);
    let bare = import(&COPY.replace('¶', ""), at()).unwrap();
    assert_eq!(bare, imported);
}

#[test]
fn what_is_no_glossary() {
    let facts = "**Kind:** `a` · **Context:** `b` · **Confidence:** `accepted`";
    for (name, text, expected) in [
        ("nothing", String::new(), vec!["line 1: there is no term; begin each with a line `## Name`"]),
        (
            "no facts",
            format!("# A\n\n## B\n\nwords\n\n## C\n\n{facts}\n\nd\n"),
            vec![
                "line 4: below the heading `B` stands no line with the kind of a term; write `**Kind:** `…` · \
                 **Context:** `…` · **Confidence:** `…`` there",
            ],
        ),
        (
            "wrong facts",
            "## B\n\n**Kind:** `a` · **Anchor:** `x` · **Confidence:** `sure`\n".to_owned(),
            vec![
                "line 2: `B` has no `Context`; write `**Kind:** …`, `**Context:** …` and `**Confidence:** …`",
                "line 2: `B` has no known confidence; write `proposed`, `accepted` or `deprecated`",
                "line 2: an anchor is `path:Symbol`, and there is no colon; write it as `path:Symbol`, or leave it out",
                "line 2: `B` has no definition; write it below",
            ],
        ),
        (
            "a copy without facts",
            "A¶\nKind: a · Context: b · Confidence: accepted\nc\nD¶\nwords\n".to_owned(),
            vec![
                "line 5: below the heading `D` stands no line with the kind of a term; write `Kind: … · Context: … · \
                 Confidence: …` there",
            ],
        ),
        (
            "a copy without names",
            "Kind: a · Context: b · Confidence: accepted\nKind: a · Context: b · Confidence: accepted\n"
                .to_owned(),
            vec![
                "line 1: above the kind of a term stands no name; write the name on a line of its own",
                "line 2: above the kind of a term stands no name; write the name on a line of its own",
            ],
        ),
    ] {
        let errors = import(&text, at()).unwrap_err();
        let said: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(said, expected, "{name}");
    }
}

fn terms() -> impl Strategy<Value = Vec<Term>> {
    prop::collection::vec(term(), 0..4)
}

proptest! {
    #[test]
    fn what_is_rendered_is_imported_and_rendered_again(terms in terms()) {
        let text = render(&terms, &Head::default());
        if terms.is_empty() {
            prop_assert!(import(&text, at()).is_err());
        } else {
            let imported = import(&text, at()).map_err(|errors| TestCaseError::fail(format!("{errors:?}")))?;
            prop_assert_eq!(again(&imported), text);
        }
    }

    #[test]
    fn any_text_is_imported_or_refused(
        text in any::<String>(),
        pieces in prop::collection::vec(0_usize..GLOSSARY.len() + COPY.len(), 0..6),
    ) {
        let _ = import(&text, at());
        let both: Vec<char> = format!("{GLOSSARY}{COPY}").chars().collect();
        let mut spliced = String::new();
        for pair in pieces.windows(2) {
            let (from, to) = (pair[0].min(pair[1]).min(both.len()), pair[0].max(pair[1]).min(both.len()));
            spliced.extend(&both[from..to]);
            spliced.push_str(&text);
        }
        let _ = import(&spliced, at());
        let _ = render([], &Head::of(&spliced));
    }
}
