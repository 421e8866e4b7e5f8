//! Mistakes of syntax, and what other languages write.

use super::{complain, complain_files};

#[test]
fn characters_that_nobody_sees() {
    let text = complain("repo \"acme/widgets\" {\n    description \"a\u{1b}[31mb\" // \u{202e}eurt#\n}\n");
    insta::assert_snapshot!(text, @r#"
    config::unseen

      × the character U+001B stands here, which nobody sees
       ╭─[factory.kdl:3:19]
     2 │ repo "acme/widgets" {
     3 │     description "a?[31mb" // �eurt#
       ·                   ┬
       ·                   ╰── here
     4 │ }
       ╰────
      help: remove it; where a text needs it, write `\u{1b}` in KDL, `\u001b` in TOML

    config::unseen

      × the character U+202E stands here, which nobody sees
       ╭─[factory.kdl:3:30]
     2 │ repo "acme/widgets" {
     3 │     description "a?[31mb" // �eurt#
       ·                              ┬
       ·                              ╰── here
     4 │ }
       ╰────
      help: remove it; where a text needs it, write `\u{202e}` in KDL, `\u202e` in TOML
    "#);
    let text = complain_files([
        ("factory.kdl", "factory \"acme\"\n"),
        ("policies/more.toml", "[repo.\"acme/widgets\"]\ndescription = \"a\u{202e}b\"\n"),
    ]);
    insta::assert_snapshot!(text, @r#"
    config::unseen

      × the character U+202E stands here, which nobody sees
       ╭─[policies/more.toml:2:17]
     1 │ [repo."acme/widgets"]
     2 │ description = "a�b"
       ·                 ┬
       ·                 ╰── here
       ╰────
      help: remove it; where a text needs it, write `\u{202e}` in KDL, `\u202e` in TOML
    "#);
}

#[test]
fn an_open_brace() {
    let text = complain(
        r#"repo "acme/widgets" {
    labels "lifecycle" {
        label "bug"
    }
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::syntax

      × this `{` is never closed
       ╭─[factory.kdl:2:21]
     1 │ factory "acme"
     2 │ repo "acme/widgets" {
       ·                     ┬
       ·                     ╰── opened here
     3 │     labels "lifecycle" {
       ╰────
      help: put a `}` on a line of its own where the block ends
    "#);
}

#[test]
fn a_value_that_begins_like_a_number() {
    let mut out = String::new();
    for config in [
        "repo \"acme/a\"\nrepo \"acme/widgets\" {\n    labels {\n        label \"bug\" color=0e8a16\n    }\n}\n",
        "repo \"acme/widgets\" {\n    labels {\n        label \"bug\" delete-after=2030-01-01\n    }\n}\n",
        "loop \"labels\" {\n    every 10m\n}\n",
        "caps {\n    change-budget percent=30%\n}\n",
    ] {
        out.push_str(&complain(config));
    }
    insta::assert_snapshot!(out, @r#"
    config::syntax

      × syntax: `0e8a16` begins like a number and is none
       ╭─[factory.kdl:5:27]
     4 │     labels {
     5 │         label "bug" color=0e8a16
       ·                           ───┬──
       ·                              ╰── put this in quotes
     6 │     }
       ╰────
      help: write `"0e8a16"`

    config::syntax

      × syntax: `2030-01-01` begins like a number and is none
       ╭─[factory.kdl:4:34]
     3 │     labels {
     4 │         label "bug" delete-after=2030-01-01
       ·                                  ─────┬────
       ·                                       ╰── put this in quotes
     5 │     }
       ╰────
      help: write `"2030-01-01"`

    config::syntax

      × syntax: `10m` begins like a number and is none
       ╭─[factory.kdl:3:11]
     2 │ loop "labels" {
     3 │     every 10m
       ·           ─┬─
       ·            ╰── put this in quotes
     4 │ }
       ╰────
      help: write `"10m"`

    config::syntax

      × syntax: `30%` begins like a number and is none
       ╭─[factory.kdl:3:27]
     2 │ caps {
     3 │     change-budget percent=30%
       ·                           ─┬─
       ·                            ╰── put this in quotes
     4 │ }
       ╰────
      help: write `"30%"`
    "#);
}

#[test]
fn two_nodes_on_one_line() {
    let text = complain("repo \"acme/widgets\" { merge { squash #true; } description \"Wüst\"; }\n");
    insta::assert_snapshot!(text, @r#"
    config::syntax

      × syntax: a node begins where another has not ended
       ╭─[factory.kdl:2:47]
     1 │ factory "acme"
     2 │ repo "acme/widgets" { merge { squash #true; } description "Wüst"; }
       ·                                               ┬
       ·                                               ╰── put `;` or a line end before this
       ╰────
      help: on one line, `}` is followed by `;` as every node is: `a { b; }; c`
    "#);
}

#[test]
fn a_brace_too_many() {
    let text = complain(
        r#"repo "acme/widgets" {
}
}
"#,
    );
    insta::assert_snapshot!(text, @r"
    config::syntax

      × this `}` closes nothing
       ╭─[factory.kdl:4:1]
     3 │ }
     4 │ }
       · ┬
       · ╰── no `{` is open here
       ╰────
      help: remove it, or add the `{` that it should close
    ");
}

#[test]
fn an_open_quote() {
    let text = complain(
        r#"repo "acme/widgets {
    has-wiki #false
}
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::syntax

      × this text is never closed
       ╭─[factory.kdl:2:6]
     1 │ factory "acme"
     2 │ repo "acme/widgets {
       ·      ┬
       ·      ╰── it starts here
     3 │     has-wiki #false
       ╰────
      help: put a `"` at its end; text over several lines starts and ends with `"""`
    "#);
}

#[test]
fn a_bare_true() {
    let text = complain(
        r#"repo "acme/widgets" create=true
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::syntax

      × `true` is not a value in KDL 2
       ╭─[factory.kdl:2:28]
     1 │ factory "acme"
     2 │ repo "acme/widgets" create=true
       ·                            ──┬─
       ·                              ╰── here
       ╰────
      help: write `#true`, or `"true"` if you mean the text
    "#);
}

#[test]
fn a_type_annotation() {
    let text = complain(
        r#"repo "acme/widgets" {
    has-wiki (bool)#true
}
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::annotation

      × type annotations mean nothing here
       ╭─[factory.kdl:3:20]
     2 │ repo "acme/widgets" {
     3 │     has-wiki (bool)#true
       ·                    ──┬──
       ·                      ╰── has a `(type)` before it
     4 │ }
       ╰────
      help: remove the parentheses and what is in them
    "#);
}

#[test]
fn an_equals_sign_with_nothing() {
    let text = complain(
        r#"repo "acme/widgets" create=
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::syntax

      × this `=` has no value after it, or no name before it
       ╭─[factory.kdl:2:27]
     1 │ factory "acme"
     2 │ repo "acme/widgets" create=
       ·                           ┬
       ·                           ╰── here
       ╰────
      help: write `name=value`, e.g. `create=#true`
    "#);
}

#[test]
fn toml_that_is_not_toml() {
    let text = complain_files([
        (
            "factory.kdl",
            r#"factory "acme"
"#,
        ),
        (
            "policies/more.toml",
            r#"[repo."acme/widgets"]
has-wiki = flase
description = "x
"#,
        ),
    ]);
    insta::assert_snapshot!(text, @r#"
    config::syntax

      × syntax: invalid boolean, expected `false`
       ╭─[policies/more.toml:2:12]
     1 │ [repo."acme/widgets"]
     2 │ has-wiki = flase
       ·            ──┬──
       ·              ╰── here
     3 │ description = "x
       ╰────
      help: TOML writes `name = "value"` under a table such as `[repo."acme/widgets"]`

    config::syntax

      × syntax: invalid basic string, expected `"`
       ╭─[policies/more.toml:3:17]
     2 │ has-wiki = flase
     3 │ description = "x
       ·                 ▲
       ·                 ╰── here
       ╰────
      help: TOML writes `name = "value"` under a table such as `[repo."acme/widgets"]`
    "#);
}

#[test]
fn toml_in_a_kdl_file() {
    let text = complain(
        r#"repo "acme/widgets" {
    has-wiki = #false
}
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::syntax

      × this node is written with `=`
       ╭─[factory.kdl:3:14]
     2 │ repo "acme/widgets" {
     3 │     has-wiki = #false
       ·              ┬
       ·              ╰── here
     4 │ }
       ╰────
      help: in KDL a value follows its name after a space: `has-wiki #false`; `name=value` stands after a node's
            name
    "#);
}

#[test]
fn a_colon_after_a_name() {
    let text = complain(
        r#"repo "acme/widgets" {
    has-wiki: #false
}
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::unknown-key

      × there is no `has-wiki:` in `repo`
       ╭─[factory.kdl:3:5]
     2 │ repo "acme/widgets" {
     3 │     has-wiki: #false
       ·     ────┬────
       ·         ╰── unknown here
     4 │ }
       ╰────
      help: did you mean `has-wiki`?
    "#);
}

#[test]
fn a_list_in_brackets() {
    let text = complain(
        r#"repo "acme/widgets" {
    topics ["a", "b"]
}
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::syntax

      × KDL has no brackets
       ╭─[factory.kdl:3:12]
     2 │ repo "acme/widgets" {
     3 │     topics ["a", "b"]
       ·            ┬
       ·            ╰── here
     4 │ }
       ╰────
      help: write the values after each other: `topics "rust" "service"`

    config::syntax

      × no comma stands between values
       ╭─[factory.kdl:3:16]
     2 │ repo "acme/widgets" {
     3 │     topics ["a", "b"]
       ·                ┬
       ·                ╰── here
     4 │ }
       ╰────
      help: separate them by spaces: `topics "rust" "service"`

    config::syntax

      × KDL has no brackets
       ╭─[factory.kdl:3:21]
     2 │ repo "acme/widgets" {
     3 │     topics ["a", "b"]
       ·                     ┬
       ·                     ╰── here
     4 │ }
       ╰────
      help: write the values after each other: `topics "rust" "service"`
    "#);
}

#[test]
fn single_quotes() {
    let text = complain(
        r"repo 'acme/widgets' {
}
",
    );
    insta::assert_snapshot!(text, @r#"
    config::syntax

      × single quotes are no quotes in KDL
       ╭─[factory.kdl:2:6]
     1 │ factory "acme"
     2 │ repo 'acme/widgets' {
       ·      ───────┬──────
       ·             ╰── here
     3 │ }
       ╰────
      help: write `"acme/widgets"`
    "#);
}

#[test]
fn a_hash_comment() {
    let text = complain(
        r#"repo "acme/widgets" {
    has-wiki #false
}
# done
repo "acme/site"
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::syntax

      × `#` is not a value in KDL 2
       ╭─[factory.kdl:5:1]
     4 │ }
     5 │ # done
       · ┬
       · ╰── here
     6 │ repo "acme/site"
       ╰────
      help: a comment starts with `//`
    "#);
}

#[test]
fn a_flag_that_kdl_does_not_know() {
    let text = complain(
        r#"repo "acme/widgets" {
    has-wiki #yes
    has-issues #true
}
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::syntax

      × `#yes` is not a value in KDL 2
       ╭─[factory.kdl:3:14]
     2 │ repo "acme/widgets" {
     3 │     has-wiki #yes
       ·              ──┬─
       ·                ╰── here
     4 │     has-issues #true
       ╰────
      help: flags are `#true` and `#false`, nothing is `#null`; a comment starts with `//`
    "#);
}

#[test]
fn a_name_with_a_slash_without_quotes() {
    let text = complain(
        r"repo acme/widgets {
    has-wiki #false
}
",
    );
    insta::assert_snapshot!(text, @r#"
    config::syntax

      × text with a `/` in it stands in quotes
       ╭─[factory.kdl:2:6]
     1 │ factory "acme"
     2 │ repo acme/widgets {
       ·      ──────┬─────
       ·            ╰── here
     3 │     has-wiki #false
       ╰────
      help: write `"acme/widgets"`
    "#);
}

#[test]
fn text_without_quotes() {
    let text = complain(
        r#"repo "acme/widgets" {
    description The widget
}
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::extra-value

      × `description` takes one value
       ╭─[factory.kdl:3:21]
     2 │ repo "acme/widgets" {
     3 │     description The widget
       ·                     ───┬──
       ·                        ╰── one too many
     4 │ }
       ╰────
      help: text with spaces stands in quotes: `description "The widget"`
    "#);
}

#[test]
fn a_line_that_goes_on() {
    let text = complain(
        r#"repo "acme/widgets" \ // here
    create=#true x=1
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::unknown-key

      × there is no `x` in `repo`
       ╭─[factory.kdl:3:18]
     2 │ repo "acme/widgets" \ // here
     3 │     create=#true x=1
       ·                  ┬
       ·                  ╰── unknown here
       ╰────
      help: known in `repo`: `allow-auto-merge`, `allow-forking`, `allow-merge-commit`, `allow-rebase-merge`,
            `allow-squash-merge`, `allow-update-branch`, `archived`, `create`, `default-branch`,
            `delete-branch-on-merge`, `description`, `gate`, `has-discussions`, `has-issues`, `has-projects`,
            `has-wiki`, `homepage`, `is-template`, `labels`, `language`, `merge-commit-message`,
            `merge-commit-title`, `merge-policy`, `pipeline`, `recipe`, `squash-merge-commit-message`,
            `squash-merge-commit-title`, `topics`, `visibility`, `web-commit-signoff-required`
    "#);
}

/// A minified file is one line; what is drawn of it fits a screen, and the place is the file's own.
#[test]
fn a_line_of_thousands_of_columns() {
    let labels = |prefix: &str| -> String {
        (0..150).fold(String::new(), |all, n| format!("{all}label \"{prefix}{n}\" color=\"00ff00\"; "))
    };
    let (one, two) = (labels("a"), labels("b"));
    let set = format!("label-set \"s\" {{ label \"été\"; {one}label \"A7\" colour=\"x\"; {two}}}\n");
    let topics = "\"t\", ".repeat(900);
    let text = complain_files([
        ("factory.kdl", "factory \"acme\"\ndefaults { labels \"s\"; }\n"),
        ("policies/min.kdl", &set),
        ("policies/min.toml", &format!("group.x = {{ topics = [{topics}], has-wikki = true }}\n")),
    ]);
    assert!(text.lines().all(|line| line.chars().count() < 200), "{text}");
    insta::assert_snapshot!(text, @r#"
    config::duplicate

      × `label "A7"` is declared twice
       ╭─[policies/min.kdl:1:225]
     1 │ …00"; label "a6" color="00ff00"; label "a7" color="00ff00"; label "a8" color="00f…"; label "a149" color="00ff00"; label "A7" colour="x"; label "b0" color="00ff00"…
       ·                                        ──┬─                                                                             ──┬─
       ·                                          │                                                                                ╰── declared again here
       ·                                          ╰── first declared here
       ╰────
      help: remove one of them, or merge them; case makes no difference

    config::unknown-key

      × there is no `colour` in `label`
       ╭─[policies/min.kdl:1:4281]
     1 │ …0ff00"; label "a148" color="00ff00"; label "a149" color="00ff00"; label "A7" colour="x"; label "b0" color="00ff00"; label "b1" color="00ff00"; label "b2" color=…
       ·                                                                               ───┬──
       ·                                                                                  ╰── unknown here
       ╰────
      help: did you mean `color`?

    config::missing

      × `group "x"` has neither `match` nor `topic`
       ╭─[policies/min.toml:1:7]
     1 │ group.x = { topics = ["t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t"…
       ·       ┬
       ·       ╰── matches nothing
       ╰────
      help: say which repositories belong to it: `match "acme/*-rs"` or `topic "rust"`

    config::too-many

      × `topics` takes at most 20 values, not 900
       ╭─[policies/min.toml:1:13]
     1 │ group.x = { topics = ["t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t"…
       ·             ───┬──
       ·                ╰── here
       ╰────

    config::unknown-key

      × there is no `has-wikki` in `group`
       ╭─[policies/min.toml:1:4526]
     1 │ …t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", "t", ], has-wikki = true }
       ·                                                                                                                                                ────┬────
       ·                                                                                                                                                    ╰── unknown here
       ╰────
      help: did you mean `has-wiki`?
    "#);
}

#[test]
fn curly_quotes() {
    let text = complain(
        r"repo “acme/widgets” {
    homepage ‘https://widgets.example’
    description „Hits { things“
    has-wiki #false
}
",
    );
    insta::assert_snapshot!(text, @r#"
    config::syntax

      × curly quotes are no quotes in KDL
       ╭─[factory.kdl:2:6]
     1 │ factory "acme"
     2 │ repo “acme/widgets” {
       ·      ───────┬──────
       ·             ╰── here
     3 │     homepage ‘https://widgets.example’
       ╰────
      help: write straight quotes around the text: `"…"`

    config::syntax

      × curly quotes are no quotes in KDL
       ╭─[factory.kdl:3:14]
     2 │ repo “acme/widgets” {
     3 │     homepage ‘https://widgets.example’
       ·              ────────────┬────────────
       ·                          ╰── here
     4 │     description „Hits { things“
       ╰────
      help: write straight quotes around the text: `"…"`

    config::syntax

      × curly quotes are no quotes in KDL
       ╭─[factory.kdl:4:17]
     3 │     homepage ‘https://widgets.example’
     4 │     description „Hits { things“
       ·                 ───────┬───────
       ·                        ╰── here
     5 │     has-wiki #false
       ╰────
      help: write straight quotes around the text: `"…"`
    "#);
}
