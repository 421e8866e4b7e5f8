//! Mistakes of single values.

use super::{complain, complain_files};

#[test]
fn a_flag_as_text() {
    let text = complain(
        r#"repo "acme/widgets" {
    has-wiki "false"
}
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::wrong-type

      × `has-wiki` must be `#true` or `#false`, not "false"
       ╭─[factory.kdl:3:14]
     2 │ repo "acme/widgets" {
     3 │     has-wiki "false"
       ·              ───┬───
       ·                 ╰── this value
     4 │ }
       ╰────
      help: write `#false`, without quotes
    "#);
}

#[test]
fn a_word_that_is_not_among_them() {
    let text = complain(
        r#"repo "acme/widgets" {
    visibility "privat"
}
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::unknown-word

      × `visibility` must be `public`, `private` or `internal`, not "privat"
       ╭─[factory.kdl:3:16]
     2 │ repo "acme/widgets" {
     3 │     visibility "privat"
       ·                ────┬───
       ·                    ╰── this value
     4 │ }
       ╰────
      help: did you mean `private`?
    "#);
}

#[test]
fn a_topic_in_capitals() {
    let text = complain(
        r#"repo "acme/widgets" {
    topics "Rust" "web service"
}
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::malformed

      × each of `topics` must be a topic of lower-case letters, digits and hyphens, at most 50 characters,
      │ not "Rust"
       ╭─[factory.kdl:3:12]
     2 │ repo "acme/widgets" {
     3 │     topics "Rust" "web service"
       ·            ───┬──
       ·               ╰── this value
     4 │ }
       ╰────
      help: did you mean `rust`?

    config::malformed

      × each of `topics` must be a topic of lower-case letters, digits and hyphens, at most 50 characters,
      │ not "web service"
       ╭─[factory.kdl:3:19]
     2 │ repo "acme/widgets" {
     3 │     topics "Rust" "web service"
       ·                   ──────┬──────
       ·                         ╰── this value
     4 │ }
       ╰────
      help: did you mean `web-service`?
    "#);
}

#[test]
fn a_topic_twice() {
    let text = complain(
        r#"repo "acme/widgets" {
    topics "rust" "cli" "rust"
}
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::duplicate

      × `topics` names `rust` twice
       ╭─[factory.kdl:3:12]
     2 │ repo "acme/widgets" {
     3 │     topics "rust" "cli" "rust"
       ·            ───┬──       ───┬──
       ·               │            ╰── again here
       ·               ╰── first here
     4 │ }
       ╰────
      help: remove one of them
    "#);
}

#[test]
fn a_description_that_is_too_long() {
    let text = complain(
        r#"repo "acme/widgets" {
    description "long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long "
}
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::out-of-range

      × `description` has 355 characters; at most 350 are allowed
       ╭─[factory.kdl:3:17]
     2 │ repo "acme/widgets" {
     3 │     description "long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long "
       ·                 ──────────────────────────────┬─────────────────────────────
       ·                                               ╰── this value
     4 │ }
       ╰────
      help: shorten it
    "#);
}

#[test]
fn a_homepage_without_a_scheme() {
    let text = complain(
        r#"repo "acme/widgets" {
    homepage "widgets.example"
}
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::malformed

      × `homepage` must be a website, `https://…`, or empty, not "widgets.example"
       ╭─[factory.kdl:3:14]
     2 │ repo "acme/widgets" {
     3 │     homepage "widgets.example"
       ·              ────────┬────────
       ·                      ╰── this value
     4 │ }
       ╰────
      help: did you mean `https://widgets.example`?
    "#);
}

#[test]
fn a_repository_without_an_owner() {
    let text = complain(
        r#"repo "widgets"
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::malformed

      × the name of `repo` must be a repository, `owner/name`, not "widgets"
       ╭─[factory.kdl:2:6]
     1 │ factory "acme"
     2 │ repo "widgets"
       ·      ────┬────
       ·          ╰── this value
       ╰────
      help: `widgets` is not of the form `owner/name`; write owner and name: `acme/widgets`
    "#);
}

#[test]
fn a_colour_that_is_a_name() {
    let text = complain(
        r#"label-set "a" { label "bug" color="red"; }
defaults { labels "a"; }
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::malformed

      × `color` must be a colour of six hex digits, not "red"
       ╭─[factory.kdl:2:35]
     1 │ factory "acme"
     2 │ label-set "a" { label "bug" color="red"; }
       ·                                   ──┬──
       ·                                     ╰── this value
     3 │ defaults { labels "a"; }
       ╰────
      help: e.g. `color="d73a4a"`
    "#);
}

#[test]
fn a_colour_of_three_digits() {
    let text = complain(
        r##"label-set "a" { label "bug" color="#f00"; }
defaults { labels "a"; }
"##,
    );
    insta::assert_snapshot!(text, @r##"
    config::malformed

      × `color` must be a colour of six hex digits, not "#f00"
       ╭─[factory.kdl:2:35]
     1 │ factory "acme"
     2 │ label-set "a" { label "bug" color="#f00"; }
       ·                                   ───┬──
       ·                                      ╰── this value
     3 │ defaults { labels "a"; }
       ╰────
      help: write all six digits: "ff0000"
    "##);
}

#[test]
fn a_colour_as_a_number() {
    let text = complain(
        r#"label-set "a" { label "bug" color=123456; }
defaults { labels "a"; }
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::wrong-type

      × `color` must be a colour of six hex digits, not the number 123456
       ╭─[factory.kdl:2:35]
     1 │ factory "acme"
     2 │ label-set "a" { label "bug" color=123456; }
       ·                                   ───┬──
       ·                                      ╰── this value
     3 │ defaults { labels "a"; }
       ╰────
      help: put it in quotes: `"123456"`
    "#);
}

#[test]
fn a_label_with_a_comma() {
    let text = complain(
        r#"label-set "a" { label "bug, minor"; }
defaults { labels "a"; }
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::malformed

      × the name of `label` must be a label's name of 1 to 50 characters, not "bug, minor"
       ╭─[factory.kdl:2:23]
     1 │ factory "acme"
     2 │ label-set "a" { label "bug, minor"; }
       ·                       ──────┬─────
       ·                             ╰── this value
     3 │ defaults { labels "a"; }
       ╰────
      help: a label's name has no control characters and no comma
    "#);
}

#[test]
fn a_length_of_time_without_a_unit() {
    let text = complain(
        r#"loop "labels" every=300
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::wrong-type

      × `every` must be a length of time from 10s to 30d, not the number 300
       ╭─[factory.kdl:2:21]
     1 │ factory "acme"
     2 │ loop "labels" every=300
       ·                     ─┬─
       ·                      ╰── this value
       ╰────
      help: give it a unit: `"300s"`, `"300m"`
    "#);
}

#[test]
fn a_length_of_time_that_is_too_short() {
    let text = complain(
        r#"loop "labels" every="1s"
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::out-of-range

      × `every` must be from 10s to 30d, not 1s
       ╭─[factory.kdl:2:21]
     1 │ factory "acme"
     2 │ loop "labels" every="1s"
       ·                     ──┬─
       ·                       ╰── this value
       ╰────
      help: e.g. `every="5m"`
    "#);
}

#[test]
fn a_length_of_time_in_words() {
    let text = complain(
        r#"loop "labels" every="5 minutes"
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::malformed

      × `every` must be a length of time from 10s to 30d, not "5 minutes"
       ╭─[factory.kdl:2:21]
     1 │ factory "acme"
     2 │ loop "labels" every="5 minutes"
       ·                     ─────┬─────
       ·                          ╰── this value
       ╰────
      help: write numbers with a unit `s`, `m`, `h`, `d` or `w`: "90s", "1h30m", "30d"
    "#);
}

#[test]
fn a_date_in_another_order() {
    let text = complain(
        r#"allow "deletes" address="repo/acme/**" until="31.12.2026" reason="clean-up"
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::malformed

      × `until` must be a date, `YYYY-MM-DD`, not "31.12.2026"
       ╭─[factory.kdl:2:46]
     1 │ factory "acme"
     2 │ allow "deletes" address="repo/acme/**" until="31.12.2026" reason="clean-up"
       ·                                              ──────┬─────
       ·                                                    ╰── this value
       ╰────
      help: write year, month and day: "2026-12-01"
    "#);
}

#[test]
fn a_number_in_quotes() {
    let text = complain(
        r#"caps { change-budget deletes="10"; }
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::wrong-type

      × `deletes` must be a whole number from 0 to 1000000, not "10"
       ╭─[factory.kdl:2:30]
     1 │ factory "acme"
     2 │ caps { change-budget deletes="10"; }
       ·                              ──┬─
       ·                                ╰── this value
       ╰────
      help: write `10`, without quotes
    "#);
}

#[test]
fn a_percentage_above_all() {
    let text = complain("caps { change-budget percent=130; }\n");
    insta::assert_snapshot!(text, @r#"
    config::out-of-range

      × `percent` must be a whole number from 0 to 100, not 130
       ╭─[factory.kdl:2:30]
     1 │ factory "acme"
     2 │ caps { change-budget percent=130; }
       ·                              ─┬─
       ·                               ╰── this value
       ╰────
      help: e.g. `percent=30`
    "#);
}

#[test]
fn a_negative_number() {
    let text = complain("caps { change-budget deletes=-1; }\n");
    insta::assert_snapshot!(text, @r#"
    config::out-of-range

      × `deletes` must be a whole number from 0 to 1000000, not -1
       ╭─[factory.kdl:2:30]
     1 │ factory "acme"
     2 │ caps { change-budget deletes=-1; }
       ·                              ─┬
       ·                               ╰── this value
       ╰────
      help: e.g. `deletes=10`
    "#);
}

#[test]
fn a_number_for_a_limit() {
    let text = complain(
        r#"caps { change-budget total="none"; }
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::wrong-type

      × `total` must be a whole number or `#null` for no limit, not "none"
       ╭─[factory.kdl:2:28]
     1 │ factory "acme"
     2 │ caps { change-budget total="none"; }
       ·                            ───┬──
       ·                               ╰── this value
       ╰────
      help: e.g. `total=500`
    "#);
}

#[test]
fn a_branch_with_a_space() {
    let text = complain_files([(
        "factory.kdl",
        r#"factory "acme" { config "acme/factory" branch="my branch"; }
"#,
    )]);
    insta::assert_snapshot!(text, @r#"
    config::malformed

      × `branch` must be the name of a branch, not "my branch"
       ╭─[factory.kdl:1:47]
     1 │ factory "acme" { config "acme/factory" branch="my branch"; }
       ·                                               ─────┬─────
       ·                                                    ╰── this value
       ╰────
      help: e.g. `branch="main"`
    "#);
}

#[test]
fn a_homepage_that_is_no_website() {
    let text = complain(
        r#"repo "acme/widgets" { homepage "javascript:alert(1)"; }
repo "acme/gadgets" { homepage "http://"; }
repo "acme/tools" { homepage "see the wiki"; }
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::malformed

      × `homepage` must be a website, `https://…`, or empty, not "javascript:alert(1)"
       ╭─[factory.kdl:2:32]
     1 │ factory "acme"
     2 │ repo "acme/widgets" { homepage "javascript:alert(1)"; }
       ·                                ──────────┬──────────
       ·                                          ╰── this value
     3 │ repo "acme/gadgets" { homepage "http://"; }
       ╰────
      help: a website begins with `https://` or `http://` and the name of a host: `https://widgets.example`

    config::malformed

      × `homepage` must be a website, `https://…`, or empty, not "http://"
       ╭─[factory.kdl:3:32]
     2 │ repo "acme/widgets" { homepage "javascript:alert(1)"; }
     3 │ repo "acme/gadgets" { homepage "http://"; }
       ·                                ────┬────
       ·                                    ╰── this value
     4 │ repo "acme/tools" { homepage "see the wiki"; }
       ╰────
      help: a website begins with `https://` or `http://` and the name of a host: `https://widgets.example`

    config::malformed

      × `homepage` must be a website, `https://…`, or empty, not "see the wiki"
       ╭─[factory.kdl:4:30]
     3 │ repo "acme/gadgets" { homepage "http://"; }
     4 │ repo "acme/tools" { homepage "see the wiki"; }
       ·                              ───────┬──────
       ·                                     ╰── this value
       ╰────
      help: a website begins with `https://` or `http://` and the name of a host: `https://widgets.example`
    "#);
}

#[test]
fn a_colour_as_a_number_in_hex() {
    let text = complain_files([
        ("factory.kdl", "factory \"acme\"\n"),
        (
            "policies/labels.toml",
            r"[defaults.labels.label.bug]
color = 0x00fF56
[defaults.labels.label.idea]
color = 0xfff
",
        ),
    ]);
    insta::assert_snapshot!(text, @r#"
    config::wrong-type

      × `color` must be a colour of six hex digits, not the number 0x00fF56
       ╭─[policies/labels.toml:2:9]
     1 │ [defaults.labels.label.bug]
     2 │ color = 0x00fF56
       ·         ────┬───
       ·             ╰── this value
     3 │ [defaults.labels.label.idea]
       ╰────
      help: write it as text, six hex digits in quotes: `"00fF56"`

    config::wrong-type

      × `color` must be a colour of six hex digits, not the number 0xfff
       ╭─[policies/labels.toml:4:9]
     3 │ [defaults.labels.label.idea]
     4 │ color = 0xfff
       ·         ──┬──
       ·           ╰── this value
       ╰────
      help: write it as text, six hex digits in quotes: e.g. `"d73a4a"`
    "#);
}
