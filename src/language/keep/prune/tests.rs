use proptest::prelude::*;

use crate::language::code::Resolution;
use crate::language::code::known::Known;
use crate::language::keep::samples::{Repository, at};
use crate::language::terms::samples::Sample;

use super::keep;

const NAMES: [&str; 6] = ["Apron", "Berth", "Crane", "Dock", "Ferry", "Gantry"];

fn id(n: usize) -> String {
    format!("01M7YHXEQ0YCPSJZYPWBENKK{n:02}")
}

fn sample(n: usize) -> Sample {
    Sample::new(&id(n), NAMES[n]).with("aliases", "[]")
}

fn path(n: usize) -> &'static str {
    ["apron", "berth", "crane", "dock", "ferry", "gantry"].map(|stem| match stem {
        "apron" => "wiki/terms/apron.md",
        "berth" => "wiki/terms/berth.md",
        "crane" => "wiki/terms/crane.md",
        "dock" => "wiki/terms/dock.md",
        "ferry" => "wiki/terms/ferry.md",
        _ => "wiki/terms/gantry.md",
    })[n]
}

/// A harbour of so many terms, in which some symbols went elsewhere.
fn world(n: usize, became: &[(&str, Resolution)]) -> Repository {
    let code = Known {
        resolutions: became.iter().map(|(anchor, became)| (at(anchor), became.clone())).collect(),
        ..Known::whole()
    };
    let world = Repository::harbour((0..n).map(|n| (path(n), sample(n).text())), code);
    // Its glossary is as it should be, so that a diff shows what a proposal does to it.
    let text = Repository::rendered(&world);
    let mut world = world;
    world.files.insert("wiki/glossary.md".into(), text);
    world
}

fn renamed(to: &str) -> Resolution {
    Resolution::Renamed { to: at(to), commit: "abc1234".into() }
}

#[test]
fn anchors_follow_the_code_or_the_term_is_deprecated() {
    let world = world(
        4,
        &[
            ("src/apron.rs:Apron", Resolution::Moved(at("src/yard/apron.rs:Apron"))),
            ("src/berth.rs:Berth", renamed("src/berth.rs:Slip")),
            ("src/crane.rs:Crane", Resolution::Gone),
            ("src/dock.rs:Dock", Resolution::Unindexed("it is broken".into())),
        ],
    );
    let (kept, after) = world.settled(keep);
    insta::assert_snapshot!(world.told(&kept), @r#"
    # Re-anchor 2 terms and deprecate 1 whose code is gone
    * `Apron` is anchored to `src/yard/apron.rs:Apron` instead of `src/apron.rs:Apron`: it has moved
    * `Berth` is anchored to `src/berth.rs:Slip` instead of `src/berth.rs:Berth`: commit `abc1234` renamed it
    * `Crane` is deprecated: `src/crane.rs:Crane` is gone
    wiki/glossary.md:
      -**Kind:** `entity` · **Context:** `yard` · **Anchor:** `src/apron.rs:Apron` · **Confidence:** `accepted`
      +**Kind:** `entity` · **Context:** `yard` · **Anchor:** `src/yard/apron.rs:Apron` · **Confidence:** `accepted`
      -**Kind:** `entity` · **Context:** `yard` · **Anchor:** `src/berth.rs:Berth` · **Confidence:** `accepted`
      +**Kind:** `entity` · **Context:** `yard` · **Anchor:** `src/berth.rs:Slip` · **Confidence:** `accepted`
      -**Kind:** `entity` · **Context:** `yard` · **Anchor:** `src/crane.rs:Crane` · **Confidence:** `accepted`
      +**Kind:** `entity` · **Context:** `yard` · **Anchor:** `src/crane.rs:Crane` · **Confidence:** `deprecated`
    wiki/terms/apron.md:
      -code_anchor: "src/apron.rs:Apron"
      +code_anchor: "src/yard/apron.rs:Apron"
      -updated_at: "2026-01-01T00:00:00Z"
      +updated_at: "2026-12-01T00:00:00Z"
    wiki/terms/berth.md:
      -code_anchor: "src/berth.rs:Berth"
      +code_anchor: "src/berth.rs:Slip"
      -updated_at: "2026-01-01T00:00:00Z"
      +updated_at: "2026-12-01T00:00:00Z"
    wiki/terms/crane.md:
      -superseded_reason: null
      -confidence: "accepted"
      +superseded_reason: "its code src/crane.rs:Crane is gone, as of 2026-12-01T00:00:00Z"
      +confidence: "deprecated"
      -updated_at: "2026-01-01T00:00:00Z"
      +updated_at: "2026-12-01T00:00:00Z"
    "#);
    assert!(after.files["wiki/terms/crane.md"].contains("src/crane.rs:Crane\""), "the anchor stays");
}

#[test]
fn what_isnt_clear_is_told_and_not_guessed() {
    let places = vec![at("src/a.rs:Apron"), at("src/b.rs:Apron")];
    let rows = [
        ("sound", vec![]),
        ("several places", vec![("src/apron.rs:Apron", Resolution::Ambiguous(places))]),
        ("the place of another term", vec![("src/apron.rs:Apron", renamed("src/berth.rs:Berth"))]),
        (
            "two to one place",
            vec![
                ("src/apron.rs:Apron", renamed("src/quay.rs:Quay")),
                ("src/berth.rs:Berth", renamed("src/quay.rs:Quay")),
            ],
        ),
        (
            "to a place that doesn't hold",
            vec![
                ("src/apron.rs:Apron", renamed("src/quay.rs:Quay")),
                ("src/quay.rs:Quay", renamed("src/apron.rs:Apron")),
            ],
        ),
        ("one nobody can look at", vec![("src/apron.rs:Apron", Resolution::Unindexed("it is big".into()))]),
    ];
    let told = rows.map(|(name, became)| {
        let world = world(3, &became);
        let (kept, _) = world.settled(keep);
        format!("{name}:\n{}", world.told(&kept))
    });
    insta::assert_snapshot!(told.join("\n"), @"
    sound:

    several places:
    ! `wiki/terms/apron.md`: `src/apron.rs:Apron` isn't there any more, and what it means may be one of `src/a.rs:Apron`, `src/b.rs:Apron`; write the one that is meant as its `code_anchor`
    the place of another term:
    ! `wiki/terms/apron.md`: its code has become `src/berth.rs:Berth`, which is that of another term; deprecate one of the two, or write another `code_anchor`
    two to one place:
    ! `wiki/terms/apron.md`: its code has become `src/quay.rs:Quay`, which is that of another term; deprecate one of the two, or write another `code_anchor`
    ! `wiki/terms/berth.md`: its code has become `src/quay.rs:Quay`, which is that of another term; deprecate one of the two, or write another `code_anchor`
    to a place that doesn't hold:
    ! `wiki/terms/apron.md`: its code has become `src/quay.rs:Quay`, which isn't there either; write where it is as its `code_anchor`
    one nobody can look at:
    ");
}

#[test]
fn terms_that_share_or_swap_places_follow() {
    let world = world(
        3,
        &[("src/apron.rs:Apron", renamed("src/berth.rs:Berth")), ("src/berth.rs:Berth", Resolution::Gone)],
    );
    assert_eq!(
        world.kept(keep).proposal.unwrap().title,
        "Deprecate 1 term whose code is gone",
        "it doesn't hold"
    );
    let mut shared = self::world(2, &[("src/apron.rs:Apron", renamed("src/quay.rs:Quay"))]);
    let same = sample(1).with("code_anchor", "\"src/apron.rs:Apron\"").text();
    shared.files.insert(path(1).to_owned(), same);
    shared.files.remove("wiki/glossary.md");
    let (kept, _) = shared.settled(keep);
    assert_eq!(kept.proposal.unwrap().title, "Re-anchor 2 terms");
}

#[test]
fn many_at_once_are_not_believed() {
    let gone = |n: usize| -> Vec<(String, Resolution)> {
        NAMES[..n]
            .iter()
            .map(|name| (format!("src/{}.rs:{name}", name.to_lowercase()), Resolution::Gone))
            .collect()
    };
    for (name, n, expected) in
        [("three are", 3, Some("Deprecate 3 terms whose code is gone")), ("four of six aren't", 4, None)]
    {
        let gone = gone(n);
        let mut became: Vec<(&str, Resolution)> =
            gone.iter().map(|(anchor, became)| (anchor.as_str(), became.clone())).collect();
        if n == 4 {
            became.push(("src/ferry.rs:Ferry", Resolution::Moved(at("src/quay.rs:Ferry"))));
        }
        let (kept, _) = world(6, &became).settled(keep);
        assert_eq!(kept.proposal.map(|proposal| proposal.title).as_deref(), expected, "{name}");
        assert_eq!(kept.problems.len(), usize::from(expected.is_none()), "{name}");
        if let [problem] = kept.problems.as_slice() {
            insta::assert_snapshot!(problem, @"
            4 of 6 terms would lose their code at once, which is more than one of 4: nothing is changed; look whether `roots` (`src`) still are the folders of the code, or deprecate the terms by hand
            ");
        }
    }
    // Four of sixteen are a quarter, and not more; four of fifteen are.
    for (n, expected) in [(16, Some("Deprecate 4 terms whose code is gone")), (15, None)] {
        let mut world = world(0, &[]);
        world.files.remove("wiki/glossary.md");
        for n in 0..n {
            let name = format!("Crane{n}");
            let text = Sample::new(&id(n), &name).with("aliases", "[]").text();
            world.files.insert(format!("wiki/terms/crane-{n}.md"), text);
            if n < 4 {
                world.code.resolutions.insert(at(&format!("src/crane{n}.rs:Crane{n}")), Resolution::Gone);
            }
        }
        let title = world.kept(keep).proposal.map(|proposal| proposal.title);
        assert_eq!(title.as_deref(), expected, "{n}");
    }
}

#[test]
fn files_with_errors_and_terms_out_of_use_stay() {
    let mut world =
        world(3, &[("src/apron.rs:Apron", Resolution::Gone), ("src/berth.rs:Berth", Resolution::Gone)]);
    world.files.insert(path(0).into(), sample(0).with("evidence", "[7]").text());
    let old = sample(1).with("confidence", "\"deprecated\"").with("superseded_reason", "\"old\"").text();
    world.files.insert(path(1).into(), old);
    world.files.remove("wiki/glossary.md");
    let (kept, _) = world.settled(keep);
    insta::assert_snapshot!(world.told(&kept), @r"! `wiki/terms/apron.md` is left alone because of what is wrong in it: `an item of 'evidence' is no text`; run `factoryctl term lint`, then correct it");
}

/// A revert brings code back; what people deprecated stays so.
#[test]
fn what_was_deprecated_since_its_code_was_gone_comes_back_with_it() {
    let mut world = world(3, &[("src/apron.rs:Apron", Resolution::Gone)]);
    let old = sample(1).with("confidence", "\"deprecated\"").with("superseded_reason", "\"old\"").text();
    world.files.insert(path(1).into(), old.clone());
    world.files.remove("wiki/glossary.md");
    world.settle(keep);
    assert!(world.files[path(0)].contains("\"deprecated\""), "{}", world.files[path(0)]);
    world.code.resolutions.clear();
    let (kept, after) = world.settled(keep);
    let title = kept.proposal.map(|proposal| proposal.title);
    assert_eq!(title.as_deref(), Some("Bring back 1 term whose code is there again"));
    let text = &after.files[path(0)];
    assert!(text.contains("\"accepted\"") && !text.contains("is gone"), "{text}");
    assert_eq!(after.files[path(1)], old);
}

#[test]
fn all_but_what_changes_stays_byte_for_byte() {
    let mut world = world(1, &[("src/apron.rs:Apron", Resolution::Gone)]);
    let text = sample(0).other("house_key: [1,   2]").text().replace('\n', "\r\n");
    world.files.insert(path(0).into(), text.clone());
    let (_, after) = world.settled(keep);
    let expected = text
        .replace(
            "superseded_reason: null",
            "superseded_reason: \"its code src/apron.rs:Apron is gone, as of 2026-12-01T00:00:00Z\"",
        )
        .replace("\"accepted\"", "\"deprecated\"")
        .replace("updated_at: \"2026-01-01T00:00:00Z\"", "updated_at: \"2026-12-01T00:00:00Z\"");
    assert_eq!(after.files[path(0)], expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn only_terms_and_rendered_pages_change(fates in prop::collection::vec((0..5_usize, 0..6_usize), 6)) {
        let anchor = |n: usize| format!("src/{}.rs:{}", NAMES[n].to_lowercase(), NAMES[n]);
        let anchors: Vec<String> = (0..6).map(anchor).collect();
        let became: Vec<(&str, Resolution)> = fates.iter().enumerate().map(|(n, (fate, other))| {
            let to = at(&anchors[*other]);
            let became = match fate {
                0 => Resolution::Resolves,
                1 => Resolution::Gone,
                2 => Resolution::Moved(at(&format!("src/new{other}.rs:{}", NAMES[n]))),
                3 => Resolution::Renamed { to, commit: "abc".into() },
                _ => Resolution::Ambiguous(vec![to]),
            };
            (anchors[n].as_str(), became)
        }).collect();
        let mut world = world(6, &became);
        world.files.insert("wiki/page.md".into(), "# Page\n".into());
        let (kept, after) = world.settled(keep);
        prop_assert_eq!(&after.files["wiki/page.md"], "# Page\n");
        let gone = fates.iter().filter(|(fate, _)| *fate == 1).count();
        prop_assert!(gone <= 3 || kept.proposal.is_none());
    }
}
