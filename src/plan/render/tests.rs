//! What people read: every kind of difference, nothing hidden, nothing lost at a page's end.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::values::{FieldChange, fields};
use super::{Style, fenced, last_line, markdown, text};
use crate::model::samples::{desired, name, now, observed, repo, source, state};
use crate::model::{Action, Address, Cause, Facet, Gap, Setting};
use crate::plan::samples::{
    Case, comment, create_label, delete_label, publish, update, update_label, weaken, wiki_off,
};
use crate::plan::{Disabled, Document, Summary, Switch, Waiting};

const W: &str = "acme/widgets";

fn document(actions: Vec<Action>) -> Document {
    let mut case = Case { desired: desired([repo(W)]), observed: observed([state(W)]), ..Case::default() };
    case.desired.origin.changed = Some(1);
    case.desired.budget.deletes = 0;
    let verdict = case.judge(actions, Vec::new());
    Document::new(&case.desired, &case.observed, &verdict, &[])
}

/// An outage has one reason for hundreds of repositories: the text counts them, and nothing else drops one.
#[test]
fn of_many_lines_with_one_reason_the_text_shows_a_few() {
    let mut out = document(Vec::new());
    for n in 0..40 {
        let repo = name(&format!("acme/r{n:02}"));
        out.waiting.push(Waiting { address: Address::repo(&repo), on: "a complete reading".into() });
        let why = "no answer in time: POST /graphql".into();
        out.reading.incomplete.push(Gap {
            facet: Facet::Settings,
            repo: Some(repo),
            why,
            cause: Cause::Other,
        });
    }
    out.waiting.push(Waiting { address: Address::repo(&name(W)), on: "a first commit".into() });
    insta::assert_snapshot!(text(&out, Style::Plain), @r"
    config: working tree, 1 file changed
    incomplete: settings of acme/r00: no answer in time: POST /graphql
    incomplete: settings of acme/r01: no answer in time: POST /graphql
    incomplete: settings of acme/r02: no answer in time: POST /graphql
    and 37 more of the same: no answer in time: POST /graphql

    waiting
      repo/acme/r00: a complete reading
      repo/acme/r01: a complete reading
      repo/acme/r02: a complete reading
      and 37 more of the same: a complete reading
      repo/acme/widgets: a first commit

    Plan: 0 to add, 0 to change, 0 to delete, 41 waiting · 0 repos · 0 API calls
    ");
    let all = markdown(&out, 100_000).concat();
    assert!((0..40).all(|n| all.matches(&format!("acme/r{n:02}")).count() == 2), "{all}");
}

/// Something in every part.
fn full() -> Document {
    let prose = "The widget service, which makes widgets of every size and colour.";
    let mut out = document(vec![
        update(
            W,
            [
                (Setting::Description, prose.into(), format!("{prose} And gears.").as_str().into()),
                (Setting::Topics, ["api", "rust"].into(), ["rust", "web"].into()),
                (Setting::HasWiki, true.into(), false.into()),
            ],
        )
        .because([source(12)]),
        weaken(W),
        create_label(W, "kind/bug"),
        update_label("acme/gears", "bug", "defect"),
        delete_label("acme/gears", "old"),
        comment("acme/config", "<!-- marker -->\n## What this would change\n\nNothing."),
    ]);
    out.reading.cached_age_seconds = Some(90);
    out.reading.incomplete.push(Gap {
        facet: Facet::Labels,
        repo: Some(name("acme/fog")),
        why: "GitHub failed: POST /graphql (502, request A1)".into(),
        cause: Cause::Other,
    });
    out.waiting.push(Waiting { address: Address::repo(&name("acme/new")), on: "a first commit".into() });
    out.disabled.push(Disabled {
        name: "flips".into(),
        switch: Switch { by: "factory.kdl:40".into(), reason: "moving".into(), until: Some(now()) },
    });
    out.unmanaged.push(name("acme/loose"));
    out.diagnostics.push("repo/acme/gone isn't on GitHub".into());
    out
}

/// Of a set who comes and who goes is told; of a list, in which the order counts, all of it.
#[test]
fn a_list_is_told_from_a_set() {
    let line = |old: &[&str], new: &[&str]| match &fields(&json!({ "a": old }), &json!({ "a": new }))[..] {
        [FieldChange::Line(line)] => line.clone(),
        other => panic!("{other:?}"),
    };
    for (old, new, expect) in [
        (&["api", "rust"][..], &["rust", "web"][..], r#"a: +"web" -"api""#),
        (&["s"], &["s", "t"], r#"a: +"t""#),
        (&["t", "s"], &["s", "u", "t"], r#"a: "t" "s" → "s" "u" "t""#),
        (&["-a", "1", "-b", "2"], &["-a", "2", "-b", "3"], r#"a: "-a" "1" "-b" "2" → "-a" "2" "-b" "3""#),
        (&["-v"], &["-v", "-v"], r#"a: "-v" → "-v" "-v""#),
    ] {
        assert_eq!(line(old, new), expect);
    }
}

#[test]
fn a_plan_as_text() {
    insta::assert_snapshot!(text(&full(), Style::Plain), @r#"
    config: working tree, 1 file changed
    observed: from the cache, 90 s old
    incomplete: labels of acme/fog: GitHub failed: POST /graphql (502, request A1)

    acme/config
      + comment pull/7/comment/1
          body:
            +<!-- marker -->
            +## What this would change
            +
            +Nothing.
          why: what pull request #7 would change · loop config-review · c0cdbec5d77ae761

    acme/gears
      ~ rename label defect
          name: "bug" → "defect"
          color: "ededed" → "ff0000"
          why: not as config declares it · factory.kdl:32 · loop labels · 691284e7b32fa906
      ! delete label old
          name: "old" → (none)
          color: "ededed" → (none)
          description: "" → (none)
          why: not declared, and the collection is authoritative; no issue carries it · factory.kdl:30 · loop labels · ea6a935a43b66ffe
          blocked by deletes: 1 deletion in one run, 0 allowed (`change-budget deletes`, factory.kdl:3)
          to allow it: --allow 'deletes=1@repo/acme/gears/label/old'

    acme/widgets
      ~ update settings
          description:
            -The widget service, which makes widgets of every size and colour.
            +The widget service, which makes widgets of every size and colour. And gears.
          topics: +"web" -"api"
          has-wiki: true → false
          why: not as config fixes it · factory.kdl:11, factory.kdl:12 · loop repository-settings · 81315aaa79dff308
      + create label kind/bug
          name: "kind/bug"
          color: "ededed"
          description: ""
          why: declared, and not there · factory.kdl:31 · loop labels · 042a0d3d1674c961
      ! update settings web-commit-signoff-required
          web-commit-signoff-required: true → false
          why:  · loop repository-settings · ea8a56342c195f58
          blocked by weakening: 1 removed protection in one run, 0 allowed (`change-budget weakening`, factory.kdl:3)
          to allow it: --allow 'weakening=1@repo/acme/widgets/web-commit-signoff-required'

    waiting
      repo/acme/new: a first commit

    switched off
      loop/flips: moving (by factory.kdl:40, until 2026-06-01T12:00:00Z)

    unmanaged
      acme/loose

    notes
      repo/acme/gone isn't on GitHub

    Plan: 2 to add, 2 to change, 0 to delete, 2 blocked, 1 waiting · 3 repos · 9 API calls
    "#);
}

#[test]
fn a_plan_as_markdown() {
    insta::assert_snapshot!(markdown(&full(), 60_000).join("\n=== next comment ===\n"), @r#"
    **Plan: 2 to add, 2 to change, 0 to delete, 2 blocked, 1 waiting · 3 repos · 9 API calls**
    ```text
    incomplete: labels of acme/fog: GitHub failed: POST /graphql (502, request A1)
    ```

    ### acme/config

    ```diff
    + comment pull/7/comment/1
      body:
    +<!-- marker -->
    +## What this would change
    +
    +Nothing.
      why: what pull request #7 would change · loop config-review · c0cdbec5d77ae761
    ```

    ### acme/gears

    ```diff
    ~ rename label defect
      name: "bug" → "defect"
      color: "ededed" → "ff0000"
      why: not as config declares it · factory.kdl:32 · loop labels · 691284e7b32fa906
    ```
    ```diff
    ! delete label old
      name: "old" → (none)
      color: "ededed" → (none)
      description: "" → (none)
      why: not declared, and the collection is authoritative; no issue carries it · factory.kdl:30 · loop labels · ea6a935a43b66ffe
      blocked by deletes: 1 deletion in one run, 0 allowed (`change-budget deletes`, factory.kdl:3)
      to allow it: --allow 'deletes=1@repo/acme/gears/label/old'
    ```

    ### acme/widgets

    ```diff
    ~ update settings
      description:
    -The widget service, which makes widgets of every size and colour.
    +The widget service, which makes widgets of every size and colour. And gears.
      topics: +"web" -"api"
      has-wiki: true → false
      why: not as config fixes it · factory.kdl:11, factory.kdl:12 · loop repository-settings · 81315aaa79dff308
    ```
    ```diff
    + create label kind/bug
      name: "kind/bug"
      color: "ededed"
      description: ""
      why: declared, and not there · factory.kdl:31 · loop labels · 042a0d3d1674c961
    ```
    ```diff
    ! update settings web-commit-signoff-required
      web-commit-signoff-required: true → false
      why:  · loop repository-settings · ea8a56342c195f58
      blocked by weakening: 1 removed protection in one run, 0 allowed (`change-budget weakening`, factory.kdl:3)
      to allow it: --allow 'weakening=1@repo/acme/widgets/web-commit-signoff-required'
    ```

    ### waiting

    ```text
    repo/acme/new: a first commit
    ```

    ### switched off

    ```text
    loop/flips: moving (by factory.kdl:40, until 2026-06-01T12:00:00Z)
    ```

    ### unmanaged

    ```text
    acme/loose
    ```

    ### notes

    ```text
    repo/acme/gone isn't on GitHub
    ```
    "#);
}

#[test]
fn colour_adds_escape_codes_and_changes_nothing_else() {
    let coloured = text(&full(), Style::Color);
    assert!(coloured.contains("\u{1b}[32m+ create label kind/bug\u{1b}[0m"));
    let mut plain = String::new();
    for piece in coloured.split("\u{1b}[") {
        plain.push_str(
            piece
                .split_once('m')
                .filter(|(code, _)| code.bytes().all(|b| b.is_ascii_digit()))
                .map_or(piece, |(_, rest)| rest),
        );
    }
    assert_eq!(plain, text(&full(), Style::Plain));
}

#[test]
fn the_last_line_has_one_grammar() {
    let none = Summary::default();
    let rows = [
        none,
        Summary { add: 1, repos: 1, requests: 1, ..none },
        Summary {
            add: 3,
            change: 12,
            delete: 1,
            runs: 2,
            blocked: 4,
            waiting: 1,
            repos: 7,
            requests: 61,
            ..none
        },
        Summary { runs: 1, waiting: 2, ..none },
    ];
    insta::assert_snapshot!(rows.map(last_line).join("\n"), @r"
    Plan: 0 to add, 0 to change, 0 to delete · 0 repos · 0 API calls
    Plan: 1 to add, 0 to change, 0 to delete · 1 repo · 1 API call
    Plan: 3 to add, 12 to change, 1 to delete, 2 runs to start, 4 blocked, 1 waiting · 7 repos · 61 API calls
    Plan: 0 to add, 0 to change, 0 to delete, 1 run to start, 2 waiting · 0 repos · 0 API calls
    ");
}

#[test]
fn where_config_came_from_is_said() {
    let mut document = document(Vec::new());
    document.reading.config_place = "/srv/config".into();
    let mut head = |commit: Option<&str>, changed| {
        document.reading.commit = commit.map(str::to_owned);
        document.reading.changed_files = changed;
        text(&document, Style::Plain).lines().next().unwrap_or_default().to_owned()
    };
    let heads =
        [head(None, None), head(None, Some(0)), head(None, Some(1)), head(Some(&"ab".repeat(20)), None)];
    insta::assert_snapshot!(heads.join("\n"), @r"
    config: /srv/config, not under version control
    config: working tree, 0 files changed
    config: working tree, 1 file changed
    config: /srv/config at ababababab
    ");
}

#[test]
fn each_kind_of_difference() {
    let long = "a line that is so long that nobody would like to read it twice on one line";
    let rows: Vec<(&str, Value, Value)> = vec![
        ("a flag", json!({"x": true}), json!({"x": false})),
        ("a word", json!({"x": "a"}), json!({"x": "b"})),
        ("a text that goes", json!({"x": "a"}), json!({"x": ""})),
        ("a set", json!({"x": ["a", "b"]}), json!({"x": ["b", "c"]})),
        ("nothing before", Value::Null, json!({"x": "a", "y": ["b"]})),
        ("nothing after", json!({"x": "a"}), Value::Null),
        ("a field that comes and one that goes", json!({"old": 1}), json!({"new": 2})),
        ("the same beside something else", json!({"x": 1, "y": 1}), json!({"x": 1, "y": 2})),
        ("a long text", json!({"x": long}), json!({"x": format!("{long}!")})),
        ("a text of lines", json!({"x": "a\nb\nc\nd\ne"}), json!({"x": "a\nb\nC\nd\ne"})),
        ("a text of lines that is new", Value::Null, json!({"x": "a\nb"})),
        ("only the line's end", json!({"x": "a\nb\n"}), json!({"x": "a\nb"})),
        ("only the sort of line end", json!({"x": "a\r\nb"}), json!({"x": "a\nb"})),
        ("lines that look like a diff's own", json!({"x": "@@ a\n- b"}), json!({"x": "@@ a\n- c"})),
        ("files", Value::Null, json!({"files": [{"path": "factory.kdl", "text": "loop \"x\"\n"}]})),
        ("what can't be seen", json!({"x": "a"}), json!({"x": "\u{202e}b\u{200b}\u{7}\t\u{1b}[31m"})),
    ];
    let mut out = String::new();
    for (name, before, after) in rows {
        out.push_str(&format!("{name}\n"));
        for change in fields(&before, &after) {
            match change {
                FieldChange::Line(line) => out.push_str(&format!("  {line}\n")),
                FieldChange::Block { name, lines } => {
                    out.push_str(&format!("  {name}:\n"));
                    for line in &lines {
                        out.push_str(&format!("    {line}|\n"));
                    }
                }
            }
        }
    }
    insta::assert_snapshot!(out, @r#"
    a flag
      x: true → false
    a word
      x: "a" → "b"
    a text that goes
      x: "a" → ""
    a set
      x: +"c" -"a"
    nothing before
      x: "a"
      y: "b"
    nothing after
      x: "a" → (none)
    a field that comes and one that goes
      new: 2
      old: 1 → (none)
    the same beside something else
      y: 1 → 2
    a long text
      x:
        -a line that is so long that nobody would like to read it twice on one line|
        +a line that is so long that nobody would like to read it twice on one line!|
    a text of lines
      x:
         b|
        -c|
        +C|
         d|
    a text of lines that is new
      x:
        +a|
        +b|
    only the line's end
      x:
         a|
        -b|
        +b|
    only the sort of line end
      x:
        -a\u{d}|
        +a|
         b|
    lines that look like a diff's own
      x:
         @@ a|
        -- b|
        +- c|
    files
      files:
        +path: "factory.kdl"|
        +text:|
        +loop "x"|
    what can't be seen
      x: "a" → "\u{202e}b\u{200b}\u{7}\u{9}\u{1b}[31m"
    "#);
}

/// A document in which every text that can come from outside is hostile.
fn hostile() -> Document {
    let evil = "x\u{202e}y\u{1b}[2J```@team <img src=x>\r\u{feff}";
    let mut action = create_label(W, "quote ' and ``` ticks").reason(evil);
    action.because[0].file = evil.into();
    let mut out = document(vec![action, delete_label(W, "it's")]);
    out.reading.config_place = evil.into();
    out.reading.commit = Some("ab".repeat(20));
    out.reading.incomplete.push(Gap {
        facet: Facet::Labels,
        repo: None,
        why: evil.into(),
        cause: Cause::Other,
    });
    out.waiting.push(Waiting { address: Address::repo(&name(W)), on: evil.into() });
    let switch = Switch { by: evil.into(), reason: evil.into(), until: None };
    out.disabled.push(Disabled { name: "flips".into(), switch });
    out.diagnostics.push(evil.into());
    out
}

#[test]
fn what_comes_from_outside_can_not_move_the_cursor_or_become_markup() {
    let document = hostile();
    let shown = text(&document, Style::Plain);
    assert!(!shown.chars().any(|c| c != '\n' && crate::model::is_hidden(c)), "{shown:?}");
    let pages = markdown(&document, 4_000);
    assert!(!pages.concat().chars().any(|c| c != '\n' && crate::model::is_hidden(c)), "{pages:?}");
    for line in outside_of_fences(&pages.concat()) {
        let known = line.is_empty() || line.starts_with("**Plan: ") || line.starts_with("### ");
        assert!(known, "{line}");
    }
    insta::assert_snapshot!(shown, @r#"
    config: x\u{202e}y\u{1b}[2J```@team <img src=x>\u{d}\u{feff} at ababababab
    incomplete: labels: x\u{202e}y\u{1b}[2J```@team <img src=x>\u{d}\u{feff}

    acme/widgets
      + create label quote ' and ``` ticks
          name: "quote ' and ``` ticks"
          color: "ededed"
          description: ""
          why: x\u{202e}y\u{1b}[2J```@team <img src=x>\u{d}\u{feff} · x\u{202e}y\u{1b}[2J```@team <img src=x>\u{d}\u{feff}:31 · loop labels · 6ca20ff768845fcb
      ! delete label it's
          name: "it's" → (none)
          color: "ededed" → (none)
          description: "" → (none)
          why: not declared, and the collection is authoritative; no issue carries it · factory.kdl:30 · loop labels · 6ceb73fb2ba25d7b
          blocked by deletes: 1 deletion in one run, 0 allowed (`change-budget deletes`, factory.kdl:3)
          to allow it: --allow 'deletes=1@repo/acme/widgets/label/it'\''s'

    waiting
      repo/acme/widgets: x\u{202e}y\u{1b}[2J```@team <img src=x>\u{d}\u{feff}

    switched off
      loop/flips: x\u{202e}y\u{1b}[2J```@team <img src=x>\u{d}\u{feff} (by x\u{202e}y\u{1b}[2J```@team <img src=x>\u{d}\u{feff})

    notes
      x\u{202e}y\u{1b}[2J```@team <img src=x>\u{d}\u{feff}

    Plan: 1 to add, 0 to change, 0 to delete, 1 blocked, 1 waiting · 1 repo · 2 API calls
    "#);
}

/// The lines of a Markdown text that stand in no code fence.
fn outside_of_fences(markdown: &str) -> Vec<&str> {
    let mut fence: Option<&str> = None;
    let mut out = Vec::new();
    for line in markdown.lines() {
        let ticks = &line[..line.len() - line.trim_start_matches('`').len()];
        match fence {
            Some(open) if line.trim_end() == ticks && ticks.len() >= open.len() => fence = None,
            Some(_) => {}
            None if ticks.len() >= 3 => fence = Some(ticks),
            None => out.push(line),
        }
    }
    assert_eq!(fence, None, "a fence is left open:\n{markdown}");
    out
}

#[test]
fn a_single_text_longer_than_a_page_is_cut_and_goes_on() {
    let body: String = (0..200).fold(String::new(), |out, n| out + &format!("line {n} of a comment ```\n"));
    let pages = markdown(&document(vec![comment("acme/config", &body)]), 1_000);
    assert!(pages.len() > 4);
    for page in &pages {
        assert!(page.chars().count() <= 1_000);
        outside_of_fences(page);
    }
    assert!(pages[1].starts_with("\n### acme/config\n\n````diff\n"), "{}", pages[1]);
    let all = pages.concat();
    for n in 0..200 {
        assert!(all.contains(&format!("+line {n} of a comment ```\n")), "{n}");
    }
    // Wherever on a page it begins, also right at its end.
    for before in 1..200 {
        let short = comment("acme/a", &"a\n".repeat(before));
        for page in markdown(&document(vec![short, comment("acme/b", &body)]), 800) {
            assert!(page.chars().count() <= 800, "{before}: {}", page.chars().count());
        }
    }
}

#[test]
fn problems_fill_as_many_comments_as_they_need() {
    let line = "q".repeat(700);
    let pages = fenced("**The config does not load.**", &format!("a\n{line}\nb"), 600);
    for page in &pages {
        assert!(page.chars().count() <= 600);
        outside_of_fences(page);
    }
    assert!(pages[0].starts_with("**The config does not load.**\n"));
    assert_eq!(pages.concat().matches('q').count(), 700, "{pages:?}");
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let label = "[a-z`' é\u{202e}]{0,8}[a-z]";
    let repo = proptest::sample::select(vec!["acme/a", "acme/b", "acme/c"]);
    let one = (repo, label, 0usize..6, "[a-z\n`]{0,400}").prop_map(|(repo, label, kind, body)| match kind {
        0 => create_label(repo, label.trim()),
        1 => update_label(repo, label.trim(), &format!("{}x", label.trim())),
        2 => delete_label(repo, label.trim()),
        3 => comment(repo, &body),
        4 => publish(repo),
        _ => wiki_off(repo),
    });
    let distinct = |mut all: Vec<Action>| {
        let mut seen = BTreeSet::new();
        all.retain(|action| seen.insert(action.id.clone()));
        all
    };
    proptest::collection::vec(one, 0..12).prop_map(distinct)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Pages keep to the limit, close what they open, and together hold every action with all of its lines.
    #[test]
    fn pages_lose_nothing(actions in actions(), limit in 512usize..4_000) {
        let document = document(actions);
        let pages = markdown(&document, limit);
        for page in &pages {
            prop_assert!(page.chars().count() <= limit, "{} > {limit}", page.chars().count());
            outside_of_fences(page);
        }
        let all = pages.concat();
        prop_assert!(all.contains(&last_line(document.summary())));
        for planned in &document.actions {
            prop_assert_eq!(all.matches(planned.action.id.as_str()).count(), 1);
        }
        // Whatever the pages are, a single one has the same lines, fences and headings apart.
        let lines = |text: &str| -> Vec<String> {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.retain(|l| !l.is_empty() && !l.starts_with("### ") && !l.starts_with("```"));
            lines
        };
        let whole = markdown(&document, usize::MAX);
        prop_assert_eq!(whole.len(), 1);
        if lines(&whole[0]).iter().all(|line| line.chars().count() < 400) {
            prop_assert_eq!(lines(&all), lines(&whole[0]));
        } else {
            prop_assert_eq!(lines(&all).concat(), lines(&whole[0]).concat());
        }
    }

    /// Text and Markdown show the same actions in the same order.
    #[test]
    fn both_spellings_name_every_action(actions in actions()) {
        let document = document(actions);
        let (plain, markdown) = (text(&document, Style::Plain), markdown(&document, usize::MAX).concat());
        let mut at = (0, 0);
        for planned in &document.actions {
            let id = planned.action.id.as_str();
            let next = (plain[at.0..].find(id), markdown[at.1..].find(id));
            let (Some(a), Some(b)) = next else { return Err(TestCaseError::fail(format!("{id} is missing"))) };
            at = (at.0 + a, at.1 + b);
        }
    }
}
