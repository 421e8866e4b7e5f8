//! Tests of the rules.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::language::code::FileUse;
use crate::language::code::known::Known;
use crate::language::fix::apply;
use crate::language::terms::samples::{ID_A, ID_B, ID_C, Sample, language};
use crate::language::terms::{Read, TermFile};
use crate::language::wiki::WikiPage;
use crate::model::language::{Anchor, Forbidden, Language, Level};

use super::{Cx, RULES, Resolution, run};

fn pages(texts: &[&str]) -> Vec<WikiPage> {
    let page =
        |(at, text): (usize, &&str)| WikiPage { path: format!("wiki/{at}.md"), text: (*text).to_owned() };
    texts.iter().enumerate().map(page).collect()
}

fn said(reads: &[Read], pages: &[WikiPage], code: &Known, language: &Language) -> String {
    let text_of = |path: &str| {
        let read = reads.iter().find(|read| read.path == path);
        let term = read.and_then(|read| read.file.as_ref()).map(|file| file.page.text());
        term.or_else(|| pages.iter().find(|page| page.path == path).map(|page| page.text.as_str()))
    };
    let mut said = String::new();
    for finding in run(&Cx::new(reads, pages, code, language)) {
        let at = text_of(&finding.path).map_or("", |text| &text[finding.span.clone()]);
        let help = finding.help.map(|help| format!("\n    help: {help}")).unwrap_or_default();
        let fix = finding.fix.map(|fix| format!("\n    fix: {}", fix.with)).unwrap_or_default();
        let (rule, level) = (finding.rule, format!("{:?}", finding.level).to_lowercase());
        said.push_str(&format!(
            "{} `{at}` {level} {rule}\n    {}{help}{fix}\n",
            finding.path, finding.message
        ));
    }
    said
}

fn terms(samples: &[(&str, Sample)]) -> Vec<Read> {
    samples.iter().map(|(path, sample)| sample.read(&format!("wiki/terms/{path}.md"))).collect()
}

fn lint(samples: &[(&str, Sample)]) -> String {
    said(&terms(samples), &[], &Known::whole(), &language())
}

fn crane() -> Sample {
    Sample::new(ID_A, "Crane")
}

fn berth() -> Sample {
    Sample::new(ID_B, "Berth").with("aliases", "[\"mooring\"]")
}

#[test]
fn folders_of_sources_are_there() {
    let code = Known { files: vec![("src/a.rs", vec!["A"])], ..Known::default() };
    let roots = ["src", "scr", "."].map(str::to_owned).to_vec();
    insta::assert_snapshot!(said(&[], &[], &code, &Language { roots, ..language() }), @r"
    scr `` warning roots
        there is no such folder, so no code of it is read, and no rule finds anything in it
        help: name the folders of the sources in `roots` of `language`
    ");
}

#[test]
fn sound_terms() {
    assert_eq!(lint(&[("crane", crane()), ("berth", berth())]), "");
}

#[test]
fn rules_are_named_and_explained() {
    let mut names: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
    assert!(RULES.iter().all(|rule| !rule.doc.is_empty() && !rule.doc.ends_with('.')));
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), RULES.len());
}

#[test]
fn anchors() {
    let anchor = |text: &str| text.parse::<Anchor>().unwrap();
    let to = anchor("src/hoist.rs:Crane");
    let is = |resolution: Resolution| {
        let code = Known {
            resolutions: BTreeMap::from([(anchor("src/crane.rs:Crane"), resolution)]),
            ..Known::whole()
        };
        said(&terms(&[("crane", crane())]), &[], &code, &language())
    };
    let many = (0..7).map(|n| anchor(&format!("src/{n}.rs:Crane"))).collect();
    let all = [
        is(Resolution::Moved(to.clone())),
        is(Resolution::Renamed { to, commit: "abc123".into() }),
        is(Resolution::Ambiguous(many)),
        is(Resolution::Gone),
        is(Resolution::Unindexed("`src/crane.rs` has 9 MB".into())),
    ];
    insta::assert_snapshot!(all.concat(), @r#"
    wiki/terms/crane.md `"src/crane.rs:Crane"` error anchors
        `Crane` isn't in `src/crane.rs` any more
        help: it has moved: write "src/hoist.rs:Crane"
        fix: "src/hoist.rs:Crane"
    wiki/terms/crane.md `"src/crane.rs:Crane"` error anchors
        `src/crane.rs:Crane` isn't there
        help: commit abc123 renamed it to `src/hoist.rs:Crane`: write that if it still is what the term means
    wiki/terms/crane.md `"src/crane.rs:Crane"` error anchors
        `src/crane.rs:Crane` isn't there
        help: nobody can tell which of these it became: look at `src/0.rs:Crane`, `src/1.rs:Crane`, `src/2.rs:Crane`, `src/3.rs:Crane`, `src/4.rs:Crane` and 2 more
    wiki/terms/crane.md `"src/crane.rs:Crane"` error anchors
        `src/crane.rs:Crane` isn't there
        help: anchor the term to the code that embodies it, or deprecate it
    wiki/terms/crane.md `"src/crane.rs:Crane"` warning anchors
        `src/crane.rs:Crane` couldn't be looked at: `src/crane.rs` has 9 MB
    "#);
    let gone = Known {
        resolutions: BTreeMap::from([(anchor("src/crane.rs:Crane"), Resolution::Gone)]),
        ..Known::whole()
    };
    let of = |sample: Sample| said(&terms(&[("crane", sample)]), &[], &gone, &language());
    let deprecated = crane().with("confidence", "\"deprecated\"").with("superseded_reason", "\"gone\"");
    assert_eq!(of(deprecated), "");
    assert_ne!(of(crane().with("confidence", "\"proposed\"")), "");
    assert_eq!(of(crane().with("code_anchor", "null")), "");
}

#[test]
fn ids_names_and_slugs() {
    let twin = Sample::new(ID_C, "crane").with("aliases", "[]");
    let elsewhere = twin.clone().with("bounded_context", "\"office\"");
    assert_eq!(lint(&[("crane", crane()), ("office/crane", elsewhere)]), "");
    let spelt = Sample::new(ID_C, "BigBerth").with("aliases", "[]");
    let spelt_otherwise = Sample::new("01M7YHXEQ0YCPSJZYPWBENKKDD", "Big berth").with("aliases", "[]");
    insta::assert_snapshot!(lint(&[
        ("crane", crane()),
        ("old/crane", crane().updated("2020-01-01T00:00:00Z")),
        ("cranes", Sample::new(ID_B, "crane").with("aliases", "[]")),
        ("big-berth", spelt),
        ("sub/big-berth", spelt_otherwise),
    ]), @r#"
    wiki/terms/cranes.md `"crane"` error slug
        the file of `crane` is called `cranes.md`
        help: call it `crane.md`
    wiki/terms/cranes.md `"crane"` error unique-name
        `crane` is a term of `yard` already: `wiki/terms/crane.md`
        help: make one term of the two, or give this one another name
    wiki/terms/old/crane.md `"01M7YHXEQ0YCPSJZYPWBENKKDA"` error unique-id
        `wiki/terms/crane.md` has this id too, and counts
        help: give this term an id of its own, or delete the file if both are one term
    wiki/terms/sub/big-berth.md `"Big berth"` error unique-name
        `Big berth` would have the same file as `BigBerth`: `wiki/terms/big-berth.md`
        help: make one term of the two, or give this one another name
    "#);
}

#[test]
fn aliases() {
    insta::assert_snapshot!(lint(&[
        ("crane", crane().with("aliases", "[\"lifter\", \"BERTH\", \"crane\", \"Lifter\"]")),
        ("berth", berth().with("aliases", "[\"mooring\",  \"Lifter\"]")),
    ]), @r#"
    wiki/terms/berth.md `"Lifter"` error alias-of-another
        `Lifter` is an alias of another term: `wiki/terms/crane.md`
        help: leave it to one of the two
    wiki/terms/crane.md `"lifter"` error alias-of-another
        `lifter` is an alias of another term: `wiki/terms/berth.md`
        help: leave it to one of the two
    wiki/terms/crane.md `"BERTH"` error alias-of-another
        `BERTH` is the name of another term: `wiki/terms/berth.md`
        help: leave it to one of the two
    wiki/terms/crane.md `"Lifter"` error alias-of-another
        `Lifter` is an alias of another term: `wiki/terms/berth.md`
        help: leave it to one of the two
    "#);
}

#[test]
fn pages_with_aliases() {
    let reads = terms(&[("crane", crane()), ("berth", berth())]);
    let mut pages =
        pages(&["A mooring.", "The\nmoorings and a Lifter.", "Mooring", "mooring, mooring", "`lifter`"]);
    pages.push(WikiPage { path: "wiki/terms/x.md".into(), text: "lifter".into() });
    let mut language = language();
    insta::assert_snapshot!(said(&reads, &pages, &Known::whole(), &language), @r#"
    wiki/1.md `Lifter` error canonical-names
        `Lifter` is an alias of `Crane`
        help: write `Crane`
        fix: Crane
    wiki/terms/berth.md `"mooring"` error broad-alias
        `mooring` is used on 4 pages, more than 3: it is too common to be an alias
        help: leave it out of the aliases
    "#);
    language.rules.insert("broad-alias".into(), Level::Off);
    language.rules.insert("canonical-names".into(), Level::Warning);
    insta::assert_snapshot!(said(&reads, &pages[..1], &Known::whole(), &language), @r#"
    wiki/0.md `mooring` warning canonical-names
        `mooring` is an alias of `Berth`
        help: write `berth`
        fix: berth
    "#);
    let all = said(&reads, &pages, &Known::whole(), &language);
    assert_eq!(all.matches("warning canonical-names").count(), 6);
    language.rules.insert("canonical-names".into(), Level::Off);
    assert_eq!(said(&reads, &pages, &Known::whole(), &language), "");
}

#[test]
fn relations_kinds_and_contexts() {
    let related = format!(
        "[{{\"kind\": \"is_a\", \"target\": \"{ID_C}\"}}, {{\"kind\": \"isa\", \"target\": \"{ID_B}\"}}, \
         {{\"kind\": \"is_a\", \"target\": \"{ID_A}\"}}, {{\"kind\": \"implements\", \"target\": \"{ID_B}\"}}]"
    );
    insta::assert_snapshot!(lint(&[
        ("crane", crane().with("related", &related).with("kind", "\"Entity\"").with("bounded_context", "\"yrad\"")),
        ("berth", berth().with("kind", "\"aggregate\"")),
    ]), @r#"
    wiki/terms/berth.md `"aggregate"` error kind
        `aggregate` is no declared kind of term
        help: write one of `entity`, `service`, `port`
    wiki/terms/crane.md `"Entity"` error kind
        `Entity` is no declared kind of term
        help: did you mean `entity`?
    wiki/terms/crane.md `"yrad"` error context
        `yrad` is no declared context
        help: did you mean `yard`?
    wiki/terms/crane.md `{"kind": "is_a", "target": "01M7YHXEQ0YCPSJZYPWBENKKDC"}` error relation-target
        no term has the id 01M7YHXEQ0YCPSJZYPWBENKKDC
        help: copy the id from the file of the term that is meant, or leave the relation out
    wiki/terms/crane.md `{"kind": "isa", "target": "01M7YHXEQ0YCPSJZYPWBENKKDB"}` error relation-kind
        `isa` is no kind of relation
        help: did you mean `is_a`?
    wiki/terms/crane.md `{"kind": "is_a", "target": "01M7YHXEQ0YCPSJZYPWBENKKDA"}` error relation-target
        `Crane` is related to itself
        help: leave the relation out, or point it to another term
    wiki/terms/crane.md `{"kind": "implements", "target": "01M7YHXEQ0YCPSJZYPWBENKKDB"}` error relation-kind
        `implements` leads from terms of the kind `service`, and here from `Entity`
        help: use another kind of relation, or correct the kind of the term
    wiki/terms/crane.md `{"kind": "implements", "target": "01M7YHXEQ0YCPSJZYPWBENKKDB"}` error relation-kind
        `implements` leads to terms of the kind `port`, and here to `aggregate`
        help: use another kind of relation, or correct the kind of the term
    "#);
}

#[test]
fn successions() {
    let to = |sample: Sample, id: &str| {
        sample.with("superseded_by", &format!("\"{id}\"")).with("confidence", "\"deprecated\"")
    };
    let reasoned = |sample: Sample| sample.with("superseded_reason", "\"merged\"");
    let dock = || Sample::new(ID_C, "Dock").with("aliases", "[]");
    let chain =
        [("crane", reasoned(to(crane(), ID_B))), ("berth", reasoned(to(berth(), ID_C))), ("dock", dock())];
    assert_eq!(lint(&chain), "");
    let unknown = to(crane(), ID_B).with("confidence", "\"superseded\"");
    let said = lint(&[("crane", unknown), ("berth", berth())]);
    assert!(said.contains("`superseded` is no confidence") && !said.contains("is still"), "{said}");
    insta::assert_snapshot!(lint(&[
        ("crane", reasoned(to(crane(), ID_B))),
        ("berth", reasoned(to(berth(), ID_A)).with("confidence", "\"accepted\"")),
        ("dock", to(dock(), "01M7YHXEQ0YCPSJZYPWBENKKDZ").with("superseded_reason", "\" \"")),
    ]), @r#"
    wiki/terms/berth.md `"01M7YHXEQ0YCPSJZYPWBENKKDA"` error succession
        the succession goes round in a circle: `Berth` → `Crane` → `Berth`
        help: write null in the one that is still used
    wiki/terms/berth.md `"accepted"` error succession
        `Berth` has a successor and is still `accepted`
        help: write "deprecated", or null as its successor
    wiki/terms/crane.md `"01M7YHXEQ0YCPSJZYPWBENKKDB"` error succession
        the succession goes round in a circle: `Crane` → `Berth` → `Crane`
        help: write null in the one that is still used
    wiki/terms/dock.md `"01M7YHXEQ0YCPSJZYPWBENKKDZ"` error succession
        no term has the id 01M7YHXEQ0YCPSJZYPWBENKKDZ
        help: copy the id from the file of the successor, or write null
    wiki/terms/dock.md `" "` error succession
        `Dock` is deprecated without a reason
        help: write `superseded_reason: "…"`
    "#);
}

#[test]
fn code_without_terms_and_forbidden_dependencies() {
    let anchor = |text: &str| text.parse::<Anchor>().unwrap();
    let one = |from: &str, to: &str, symbol: &str| FileUse {
        from_path: from.into(),
        to_path: to.into(),
        symbol: symbol.into(),
    };
    let code = Known {
        load_bearing: vec![anchor("src/b.rs:BPort"), anchor("src/a.rs:APort"), anchor("src/a.rs:Other")],
        uses: vec![
            one("src/yard/a.rs", "src/office/b.rs", "B"),
            one("src/yard/a.rs", "src/office/b.rs", "A"),
            one("src/yard/a.rs", "src/yard/b.rs", "B"),
            one("src/office/a.rs", "src/yard/b.rs", "B"),
            one("src/other/a.rs", "src/office/b.rs", "B"),
        ],
        ..Known::whole()
    };
    let mut language = language();
    let covered = crane().with("code_anchor", "\"src/b.rs:BPort\"");
    let forbidden =
        Forbidden { from: "yard".into(), to: "office".into(), reason: "the yard works alone".into() };
    language.forbidden = vec![forbidden];
    let bare = Language { no_term: vec!["src/a.*:A*".into()], ..language.clone() };
    let said_of_bare = said(&terms(&[("crane", covered.clone())]), &[], &code, &bare);
    assert!(!said_of_bare.contains("coverage"), "{said_of_bare}");
    insta::assert_snapshot!(said(&terms(&[("crane", covered)]), &[], &code, &language), @r#"
    src/a.rs `` warning coverage
        `APort` has no term
        help: write one with the anchor "src/a.rs:APort", or name that in `no-term` of `language`
    src/yard/a.rs `` error forbidden-dependency
        `yard` mustn't depend on `office`: the yard works alone; this uses `A`, `B` of `src/office/b.rs`
        help: let it depend on something of its own context that the other one implements
    "#);
}

#[test]
fn files_that_are_broken() {
    insta::assert_snapshot!(lint(&[
        ("crane", crane().with("id", "7").body("")),
        ("berth", berth().updated("soon")),
    ]), @r#"
    wiki/terms/berth.md `"soon"` error frontmatter
        `updated_at` is no moment
        help: write it as "2026-01-31T09:00:00Z"
    wiki/terms/crane.md `` error frontmatter
        `id` is no text
        help: write it as "…", or null
    wiki/terms/crane.md `` error frontmatter
        the term has no definition
        help: write it below a line `## Definition`
    "#);
}

/// A page or a term's body of pieces that mean something, and of any others.
fn fuzzed() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "lifter",
            "Moorings",
            "crane",
            "berth",
            "big",
            "\n",
            "\n\n",
            "```",
            "`",
            "<!--",
            "-->",
            "[",
            "](",
            "---\n",
            "## Definition\n",
            "## Invariants\n",
            "- ",
            "    ",
            "> ",
            "http://",
            "\r\n",
            "[[",
            "]]",
            "<pre>",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.join(" "))
}

fn mended(reads: Vec<Read>, pages: Vec<WikiPage>, code: &Known) -> (Vec<Read>, Vec<WikiPage>) {
    let language = language();
    let (mut reads, mut pages) = (reads, pages);
    for _ in 0..16 {
        let findings = run(&Cx::new(&reads, &pages, code, &language));
        if findings.iter().all(|finding| finding.fix.is_none()) {
            break;
        }
        let fixes = |path: &str| -> Vec<_> {
            findings
                .iter()
                .filter(|finding| finding.path == path)
                .filter_map(|finding| finding.fix.clone())
                .collect()
        };
        let new_pages: Vec<WikiPage> = pages
            .iter()
            .map(|page| WikiPage { path: page.path.clone(), text: apply(&page.text, &fixes(&page.path)) })
            .collect();
        let new_reads: Vec<Read> = reads
            .iter()
            .map(|read| {
                let text =
                    read.file.as_ref().map(|file: &TermFile| apply(file.page.text(), &fixes(&read.path)));
                text.map_or_else(
                    || read.clone(),
                    |text| crate::language::terms::read::read(&read.path, &text),
                )
            })
            .collect();
        (reads, pages) = (new_reads, new_pages);
    }
    (reads, pages)
}

proptest! {
    #[test]
    fn no_page_and_no_term_breaks_the_lint(
        texts in prop::collection::vec(fuzzed(), 0..3),
        body in fuzzed(),
        text in fuzzed(),
        aliases in prop::collection::vec(any::<String>(), 0..3),
    ) {
        let aliases = crate::language::front::spelt(&aliases.into_iter().collect());
        let reads = vec![
            crane().body(&body).with("aliases", &aliases).read("wiki/terms/crane.md"),
            berth().read("wiki/terms/berth.md"),
            crate::language::terms::read::read("wiki/terms/x.md", &text),
        ];
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let pages = pages(&texts);
        let language = language();
        let code = Known::whole();
        let findings = run(&Cx::new(&reads, &pages, &code, &language));
        for finding in &findings {
            let page = pages.iter().find(|page| page.path == finding.path);
            prop_assert!(page.is_none_or(|page| page.text.get(finding.span.clone()).is_some()));
        }
    }

    #[test]
    fn fixes_leave_nothing_to_fix(texts in prop::collection::vec(fuzzed(), 0..3)) {
        let anchor: Anchor = "src/crane.rs:Crane".parse().unwrap();
        let moved = Resolution::Moved("src/yard/crane.rs:Crane".parse().unwrap());
        let code = Known { resolutions: BTreeMap::from([(anchor, moved)]), ..Known::whole() };
        let reads = terms(&[("crane", crane()), ("berth", berth())]);
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let (reads, pages) = mended(reads, pages(&texts), &code);
        let left = said(&reads, &pages, &code, &language());
        prop_assert_eq!(left, "");
    }
}
