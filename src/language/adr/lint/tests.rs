//! What each rule says, and that applying its fixes leaves nothing of it.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::language::adr::number::{Number, Taken};
use crate::language::adr::record::Adrs;
use crate::language::code::known::Known;
use crate::language::finding::Finding;
use crate::language::fix::apply;
use crate::model::language::Level;

use super::{Look, RULES, lint};

type Files = Vec<(&'static str, String)>;

fn code() -> Known {
    Known {
        files: vec![
            ("src/a.rs", vec!["Guard", "Guard.look", "tests.holds"]),
            ("src/c.rs", vec!["Moved"]),
            ("src/d.py", vec!["Gate"]),
        ],
        unread: vec!["src/broken.rs"],
        commands: vec!["make check"],
        ..Known::default()
    }
}

fn roots() -> Vec<String> {
    vec!["src".to_owned()]
}

fn adr(number: u16, facts: &str, decision: &str) -> String {
    let facts =
        if facts.contains("Date") { facts.to_owned() } else { format!("{facts}\n**Date:** 2026-11-21") };
    let facts = if facts.contains("nforcement") || !facts.contains("Accepted") {
        facts
    } else {
        format!("{facts}\n**Enforcement:** decision-of-record")
    };
    format!(
        "# ADR-{number:04}: T\n\n{facts}\n\n## Context\n\nC\n\n## Decision\n\n{decision}\n\n## Consequences\n\nC\n"
    )
}

fn found(files: &Files, taken: &[Taken]) -> Vec<Finding> {
    let adrs = Adrs::read(files.iter().map(|(path, text)| (*path, text.as_str())));
    lint(&Look::new(&adrs, &code(), taken, &roots()), &BTreeMap::new())
}

fn told(files: &Files, taken: &[Taken]) -> String {
    let line = |finding: &Finding| {
        let text = files.iter().find(|(path, _)| *path == finding.path).map_or("", |(_, text)| text.as_str());
        let level = if finding.level == Level::Error { "error" } else { "warning" };
        let fix = finding.fix.as_ref().map_or_else(String::new, |fix| {
            format!(" [fix {:?} -> {:?}]", &text[fix.range.clone()], fix.with)
        });
        let help = finding.help.as_deref().unwrap_or("-");
        let (path, rule, message) = (&finding.path, finding.rule, &finding.message);
        format!("  {level} {rule} {path} {:?}: {message}; {help}{fix}", &text[finding.span.clone()])
    };
    found(files, taken).iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Applies the fixes of every file until there are none.
fn mended(mut files: Files) -> Files {
    for _ in 0..10 {
        let findings = found(&files, &[]);
        if findings.iter().all(|finding| finding.fix.is_none()) {
            break;
        }
        for (path, text) in &mut files {
            let of = findings.iter().filter(|finding| finding.path == *path);
            let fixes: Vec<_> = of.filter_map(|finding| finding.fix.clone()).collect();
            *text = apply(text, &fixes);
        }
    }
    files
}

#[test]
fn rules_are_named_once_and_documented() {
    let names: std::collections::BTreeSet<_> = RULES.iter().map(|rule| rule.name).collect();
    assert_eq!(names.len(), RULES.len());
    assert!(RULES.iter().all(|rule| rule.name.starts_with("adr-") && !rule.doc.ends_with('.')));
}

#[test]
fn a_rule_that_is_off_finds_nothing() {
    let files = [("adr/0001-a.md", String::new())];
    let adrs = Adrs::read(files.iter().map(|(path, text)| (*path, text.as_str())));
    let off = RULES.iter().map(|rule| (rule.name.to_owned(), Level::Off)).collect();
    assert_eq!(lint(&Look::new(&adrs, &code(), &[], &[]), &off), []);
}

#[test]
fn form() {
    let titled = |title: &str| adr(1, "Status: Proposed", "D").replace("ADR-0001: T", title);
    let rows: Vec<(&str, Files)> = vec![
        ("all well", vec![("adr/0001-a.md", adr(1, "**Status:** Accepted", "`src/a.rs:Guard` ADR-0001"))]),
        ("nothing", vec![("adr/0001-a.md", String::new())]),
        ("a slip, and no date", vec![("adr/0001-a.md", adr(1, "Status: Acepted\nDate: soon", "D"))]),
        ("twice", vec![("adr/0001-a.md", adr(1, "Status: Proposed\nStatus: Rejected", "D"))]),
        ("empty", vec![("adr/0001-a.md", adr(1, "Status: Proposed", "<!-- say it -->"))]),
        ("wrong number", vec![("adr/0001-a.md", adr(2, "Status: Proposed", "D"))]),
        ("no number", vec![("adr/0001-a.md", adr(1, "Status: Proposed", "D").replace("ADR-0001: ", ""))]),
        ("a plain number", vec![("adr/0001-a.md", titled("1. T"))]),
        ("of another", vec![("adr/0001-a.md", titled("2. T"))]),
        ("no number but an amount", vec![("adr/0001-a.md", titled("1.5 T"))]),
        ("short", vec![("adr/0001-a.md", titled("ADR-1: T"))]),
        ("with a blank", vec![("adr/0001-a.md", titled("adr 001 - T"))]),
        ("linked", vec![("adr/0001-a.md", titled("[ADR-0001](x.md): T"))]),
        ("short, of another", vec![("adr/0001-a.md", titled("ADR-2: T"))]),
        ("no sign between", vec![("adr/0001-a.md", titled("ADR 1 T"))]),
        ("no number of one", vec![("adr/0001-a.md", titled("ADRs are kept"))]),
        (
            "two of a number",
            vec![
                ("adr/0001-a.md", adr(1, "Status: Proposed", "D")),
                ("adr/0001-b.md", adr(1, "Status: Proposed", "D")),
            ],
        ),
        ("no name for one", vec![("adr/12-a.md", String::new()), ("adr/README.md", String::new())]),
    ];
    let all: Vec<String> =
        rows.iter().map(|(name, files)| format!("{name}:\n{}", told(files, &[]))).collect();
    insta::assert_snapshot!(all.join("\n"), @r###"
    all well:

    nothing:
      error adr-sections adr/0001-a.md "": the section Consequences is missing; write `## Consequences`, and say it there
      error adr-sections adr/0001-a.md "": the section Context is missing; write `## Context`, and say it there
      error adr-sections adr/0001-a.md "": the section Decision is missing; write `## Decision`, and say it there
      warning adr-status adr/0001-a.md "": it isn't said since when the decision stands there; write `**Date:** YYYY-MM-DD` below the status
      error adr-status adr/0001-a.md "": it isn't said where the decision stands; write `**Status:** Proposed` below the title; there are Proposed, Accepted, Superseded, Deprecated, Rejected
      error adr-title adr/0001-a.md "": the decision has no title; begin with `# ADR-0001: Title`
    a slip, and no date:
      error adr-status adr/0001-a.md "Acepted": `Acepted` is no status; write `Accepted`? There are Proposed, Accepted, Superseded, Deprecated, Rejected
      error adr-status adr/0001-a.md "soon": `soon` is no date; write it as YYYY-MM-DD
    twice:
      error adr-status adr/0001-a.md "Rejected": where the decision stands is said a second time; keep one of the two
    empty:
      error adr-sections adr/0001-a.md "## Decision": the section Decision is empty; say it there, or withdraw the decision
    wrong number:
      error adr-title adr/0001-a.md "ADR-0002": the title says ADR-0002, and the file is ADR-0001; write ADR-0001, or rename the file [fix "ADR-0002" -> "ADR-0001"]
    no number:
      error adr-title adr/0001-a.md "T": the title has no number; write `# ADR-0001: …` [fix "" -> "ADR-0001: "]
    a plain number:
      error adr-title adr/0001-a.md "1. T": the number of the title isn't written as ADR-0001; write `# ADR-0001: …` [fix "1. " -> "ADR-0001: "]
    of another:
      error adr-title adr/0001-a.md "2. T": the title has no number; write `# ADR-0001: …` [fix "" -> "ADR-0001: "]
    no number but an amount:
      error adr-title adr/0001-a.md "1.5 T": the title has no number; write `# ADR-0001: …` [fix "" -> "ADR-0001: "]
    short:
      error adr-title adr/0001-a.md "ADR-1: T": the number of the title isn't written as ADR-0001; write `# ADR-0001: …` [fix "ADR-1: " -> "ADR-0001: "]
    with a blank:
      error adr-title adr/0001-a.md "adr 001 - T": the number of the title isn't written as ADR-0001; write `# ADR-0001: …` [fix "adr 001 - " -> "ADR-0001: "]
    linked:
      error adr-title adr/0001-a.md "[ADR-0001](x.md): T": the number of the title isn't written as ADR-0001; write `# ADR-0001: …` [fix "[ADR-0001](x.md): " -> "ADR-0001: "]
    short, of another:
      error adr-title adr/0001-a.md "ADR-2: T": the title says ADR-0002, and the file is ADR-0001; write `# ADR-0001: …` [fix "ADR-2: " -> "ADR-0001: "]
    no sign between:
      error adr-title adr/0001-a.md "ADR 1 T": the number of the title isn't written as ADR-0001; write `# ADR-0001: …` [fix "ADR 1 " -> "ADR-0001: "]
    no number of one:
      error adr-title adr/0001-a.md "ADRs are kept": the title has no number; write `# ADR-0001: …` [fix "" -> "ADR-0001: "]
    two of a number:
      error adr-number adr/0001-a.md "": ADR-0001 is also the number of `adr/0001-b.md`; give the newer one the next free number: `factoryctl adr new` tells it
      error adr-number adr/0001-b.md "": ADR-0001 is also the number of `adr/0001-a.md`; give the newer one the next free number: `factoryctl adr new` tells it
    no name for one:
      error adr-number adr/12-a.md "": the file can't be read as a decision; the name of a decision is `NNNN-slug.md`: four digits from 0001 on, small letters, digits and `-`
    "###);
}

#[test]
fn numbers_of_open_pull_requests() {
    let number = |n| Number::new(n).unwrap();
    let taken = [
        Taken { number: number(1), path: "adr/0001-other.md".into(), pull: 7 },
        Taken { number: number(2), path: "adr/0002-b.md".into(), pull: 8 },
    ];
    let files = vec![("adr/0001-a.md", adr(1, "Status: Proposed", "see ADR-0002, ADR-0003"))];
    insta::assert_snapshot!(told(&files, &taken), @r#"
    error adr-number adr/0001-a.md "": ADR-0001 is also the number of `adr/0001-other.md` of pull request #7; give the newer one the next free number: `factoryctl adr new` tells it
    warning adr-reference adr/0001-a.md "ADR-0002": there is no ADR-0002; pull request #8 adds it; merge that one first
    error adr-reference adr/0001-a.md "ADR-0003": there is no ADR-0003; name one that there is, or link to the one of another project by its address
    "#);
    let own = [Taken { number: number(1), path: "adr/0001-a.md".into(), pull: 7 }];
    assert_eq!(found(&vec![("adr/0001-a.md", adr(1, "Status: Proposed", "D"))], &own), []);
}

#[test]
fn citations() {
    let text = "`src/a.rs:Guard.look` `src/a.rs:Moved` `src/a.rs:Lost` `src/broken.rs:X` `src/a.rs:12` src/a.rs#L3 \
                `src/*.rs:X` https://a.example/src/a.rs:4";
    let files = vec![
        ("adr/0001-a.md", adr(1, "Status: Proposed", text)),
        ("adr/0002-b.md", adr(2, "Status: Rejected", text)),
    ];
    insta::assert_snapshot!(told(&files, &[]), @r#"
    error adr-citation adr/0001-a.md "src/a.rs:Moved": `src/a.rs:Moved` isn't there; did it become `src/c.rs:Moved`? Cite that, or supersede the decision
    error adr-citation adr/0001-a.md "src/a.rs:Lost": `src/a.rs:Lost` isn't there; cite what there is, or supersede the decision
    warning adr-citation adr/0001-a.md "src/broken.rs:X": whether `src/broken.rs:X` is there can't be told: the file doesn't parse; look by hand, or mend what keeps it from being read
    error adr-line-citation adr/0001-a.md "src/a.rs:12": `src/a.rs:12` cites a line, which is another one after the next change; cite a symbol: `src/a.rs:Symbol` [fix "src/a.rs:12" -> "src/a.rs"]
    error adr-line-citation adr/0001-a.md "src/a.rs#L3": `src/a.rs#L3` cites a line, which is another one after the next change; cite a symbol: `src/a.rs:Symbol` [fix "src/a.rs#L3" -> "src/a.rs"]
    "#);
}

#[test]
fn dotted_citations() {
    let text = "`src.d.Gate` `src::d::Gate()` `src.d.Nope` `other.d.Nope` src.d.Nope";
    let files = vec![("adr/0001-a.md", adr(1, "Status: Proposed", text))];
    insta::assert_snapshot!(told(&files, &[]), @r#"  error adr-citation adr/0001-a.md "src.d.Nope": `src.d.Nope` isn't there; cite what there is, or supersede the decision"#);
}

#[test]
fn enforcement() {
    let rows = [
        ("unsaid", "**Enforcement**:"),
        ("another word", "**Enforcement:** strict"),
        ("of record", "**Enforcement:** decision-of-record"),
        ("enforced by nothing", "**Enforcement:** enforced\n**Enforced by:** (none)"),
        ("enforced by words", "**Enforcement:** enforced\n**Enforced by:** docs/REVIEW.md"),
        (
            "enforced",
            "**Enforcement:** enforced\n**Enforced by:** `test:src/a.rs::tests::holds`, `command:make check`",
        ),
        (
            "enforced, below a folder of sources",
            "**Enforcement:** enforced\n**Enforced by:** `test:a.rs::tests::holds`, `test:a.rs`",
        ),
        (
            "enforced by what isn't there",
            "**Enforcement:** enforced\n**Enforced by:** `test:src/a.rs::lost`, `command:make up`, `test:src/broken.rs::x`, `test:broken.rs::x`, `test:d.rs::x`",
        ),
        ("manual by words", "**Enforcement:** manual\n**Enforced by:** everybody looks"),
        ("manual", "**Enforcement:** manual\n**Enforced by:** src/a.rs#how, #12, https://example.com/how.md"),
        ("manual by what isn't there", "**Enforcement:** manual\n**Enforced by:** docs/REVIEW.md"),
    ];
    let of = |facts: &str| vec![("adr/0001-a.md", adr(1, &format!("**Status:** Accepted\n{facts}"), "D"))];
    let all: Vec<String> =
        rows.iter().map(|(name, facts)| format!("{name}:\n{}", told(&of(facts), &[]))).collect();
    insta::assert_snapshot!(all.join("\n"), @r#"
    unsaid:
      warning adr-enforcement adr/0001-a.md "": it isn't said who keeps the decision; write `**Enforcement:** enforced`, `manual` or `decision-of-record` below the date
    another word:
      error adr-enforcement adr/0001-a.md "strict": this says nothing about who keeps the decision; write one of enforced, manual, decision-of-record
    of record:

    enforced by nothing:
      error adr-enforcement adr/0001-a.md "enforced": the decision is said to be enforced, and no check that runs is named; write `**Enforced by:** `test:path::name`, `command:…``
    enforced by words:
      error adr-enforcement adr/0001-a.md "enforced": the decision is said to be enforced, and no check that runs is named; write `**Enforced by:** `test:path::name`, `command:…``
    enforced:

    enforced, below a folder of sources:

    enforced by what isn't there:
      error adr-enforcement adr/0001-a.md "test:src/a.rs::lost": the check `test:src/a.rs::lost` doesn't exist; name one that there is
      error adr-enforcement adr/0001-a.md "command:make up": the check `command:make up` doesn't exist; name one that there is
      warning adr-enforcement adr/0001-a.md "test:src/broken.rs::x": whether the check `test:src/broken.rs::x` exists can't be told: the file doesn't parse; look by hand, or mend what keeps it from being read
      warning adr-enforcement adr/0001-a.md "test:broken.rs::x": whether the check `test:broken.rs::x` exists can't be told: the file doesn't parse; look by hand, or mend what keeps it from being read
      error adr-enforcement adr/0001-a.md "test:d.rs::x": the check `test:d.rs::x` doesn't exist; name one that there is
    manual by words:
      error adr-enforcement adr/0001-a.md "manual": people keep the decision, and it isn't said where their process is written down; write `**Enforced by:**` and a file, an issue or an address
    manual:

    manual by what isn't there:
      error adr-enforcement adr/0001-a.md "docs/REVIEW.md": `docs/REVIEW.md` isn't there, where people find what they do; name the file, the issue or the address where it is written down
    "#);
}

#[test]
fn supersession() {
    let two = |a: &str, b: &str| vec![("adr/0001-a.md", adr(1, a, "D")), ("adr/0002-b.md", adr(2, b, "D"))];
    let rows: Vec<(&str, Files)> = vec![
        (
            "both say so",
            two("Status: Superseded by ADR-0002", "**Status:** Accepted\n**Supersedes:** ADR-0001"),
        ),
        ("only the old one", two("Status: Superseded (by ADR-0002)", "**Status:** Accepted")),
        (
            "only the old one, beside another",
            two("Status: Superseded by ADR-0002", "**Status:** Accepted\nSupersedes: ADR-0003"),
        ),
        ("only the new one", two("Status: Accepted", "Status: Accepted\nSupersedes: ADR-0001")),
        ("a proposal", two("Status: Accepted", "Status: Proposed\nSupersedes: ADR-0001")),
        ("by a proposal", two("Status: Superseded by ADR-0002", "Status: Proposed\nSupersedes: ADR-0001")),
        ("by nobody", two("Status: Superseded", "Status: Accepted")),
        ("by one that isn't named", two("Status: Superseded", "Status: Accepted\nSupersedes: ADR-0001")),
        (
            "a field beside the status",
            two("Status: Accepted\nSuperseded by: ADR-0002", "Status: Accepted\nSupersedes: ADR-0001"),
        ),
        (
            "a circle",
            two(
                "Status: Superseded by ADR-0002\nSupersedes: ADR-0002",
                "Status: Superseded by ADR-0001\nSupersedes: ADR-0001",
            ),
        ),
        ("itself", two("Status: Superseded by ADR-0001", "Status: Accepted")),
    ];
    let all: Vec<String> =
        rows.iter().map(|(name, files)| format!("{name}:\n{}", told(files, &[]))).collect();
    insta::assert_snapshot!(all.join("\n"), @r#"
    both say so:

    only the old one:
      error adr-supersession adr/0002-b.md "Accepted": ADR-0001 says that this one took its place, and this one doesn't; write `**Supersedes:** ADR-0001` below its status [fix "" -> "**Supersedes:** ADR-0001\n"]
    only the old one, beside another:
      error adr-supersession adr/0002-b.md "Accepted": ADR-0001 says that this one took its place, and this one doesn't; write `**Supersedes:** ADR-0001` below its status [fix "" -> ", ADR-0001"]
      error adr-reference adr/0002-b.md "ADR-0003": there is no ADR-0003; name one that there is, or link to the one of another project by its address
    only the new one:
      error adr-supersession adr/0001-a.md "Accepted": ADR-0002 takes the place of this one, and this one doesn't say so; write the status as `Superseded by ADR-0002` [fix "Accepted" -> "Superseded by ADR-0002"]
    a proposal:

    by a proposal:
      error adr-supersession adr/0001-a.md "ADR-0002": ADR-0002 is said to have taken its place, and that one is Proposed; accept ADR-0002 first, or undo this
    by nobody:
      error adr-supersession adr/0001-a.md "Superseded": it is superseded, and it isn't said by which decision; write `Superseded by ADR-NNNN`, or `Deprecated`
    by one that isn't named:
      error adr-supersession adr/0001-a.md "Superseded": ADR-0002 takes the place of this one, and this one doesn't say so; write the status as `Superseded by ADR-0002` [fix "Superseded" -> "Superseded by ADR-0002"]
    a field beside the status:
      error adr-supersession adr/0001-a.md "ADR-0002": it is superseded by ADR-0002, and its status doesn't say so; write the status as `Superseded by ADR-0002` [fix "Accepted" -> "Superseded by ADR-0002"]
    a circle:
      error adr-supersession adr/0001-a.md "ADR-0002": ADR-0001 and ADR-0002 took each other's place in a circle; decide which one holds
    itself:
      error adr-supersession adr/0001-a.md "ADR-0001": it is said to take its own place; name the other decision
    "#);
}

#[test]
fn a_section_for_a_status_gets_a_section() {
    let new = "# ADR-0002: T\n\n## Status\n\nAccepted\n\n## Context\n\nC\n\n## Decision\n\nD\n\n## Consequences\n\nC\n";
    let files =
        vec![("adr/0001-a.md", adr(1, "Status: Superseded by ADR-0002", "D")), ("adr/0002-b.md", new.into())];
    let files = mended(files);
    assert!(
        files[1]
            .1
            .starts_with("# ADR-0002: T\n\n## Status\n\nAccepted\n\n## Supersedes\n\nADR-0001\n\n## Context")
    );
}

proptest! {
    #[test]
    fn fixes_leave_nothing_to_fix(parts in prop::collection::vec((
        prop::sample::select(vec!["Accepted", "Proposed", "Superseded", "Superseded by ADR-0001", "Superseded by ADR-0002, ADR-0003", "Rejected", "Acepted", ""]),
        prop::sample::select(vec!["", "Supersedes: ADR-0001", "**Supersedes:** ADR-0003", "Supersedes: none", "Superseded by: ADR-0002"]),
        prop::sample::select(vec!["**Status:** ", "Status: ", "## Status\n\n", "- Status: "]),
        prop::sample::select(vec!["D", "`src/a.rs:3`", "src/a.rs#L4-L5 and src/a.rs:1:2.", "(src/a.rs:L9)"]),
        prop::sample::select(vec!["ADR-0001: ", "ADR-0004: ", "ADR-2: ", "adr 3 – ", "[ADR-0001](x): ", "2. ", "7) ", ""]),
    ), 3)) {
        let paths = ["adr/0001-a.md", "adr/0002-b.md", "adr/0003-c.md"];
        let files: Files = paths.iter().zip(&parts).map(|(path, (status, more, form, decision, begun))| {
            let text = adr(1, &format!("{form}{status}\n{more}"), decision);
            (*path, text.replacen("ADR-0001: ", begun, 1))
        }).collect();
        let mended = mended(files);
        for (path, text) in &mended {
            let title = format!("# ADR-{}: ", &path[4..8]);
            prop_assert!(text.strip_prefix(&title).is_some_and(|words| !words.contains("# ADR") && !words.starts_with(['A', '[', 'a'])), "{}", text);
        }
        let left = found(&mended, &[]);
        let fixable: Vec<_> = left.iter().filter(|finding| finding.fix.is_some()).collect();
        prop_assert!(fixable.is_empty(), "{:?}", fixable);
        prop_assert!(left.iter().all(|f| f.rule != "adr-title" && f.rule != "adr-line-citation"), "{:?}", left);
    }

    #[test]
    fn any_text_is_linted(a in "([#*`:~ \\n\\r0-9a-cé.(>|-]|ADR-000[1-3]|\nStatus: |Superseded by |\nSupersedes: |Accepted|## |```|src/a.rs:B|<!--){0,40}", b in "(.|\n|Status: Superseded by ADR-0001|ADR-0002){0,30}") {
        let files = vec![("adr/0001-a.md", a), ("adr/0002-b.md", b)];
        for (path, text) in mended(files) {
            prop_assert!(path.len() < 20 && text.len() < 10_000);
        }
    }
}
