//! Mistakes that only show between two places.

use super::{complain, complain_files};

#[test]
fn a_repository_in_two_files() {
    let text = complain_files([
        (
            "factory.kdl",
            r#"factory "acme"
repo "acme/widgets"
"#,
        ),
        (
            "policies/repos.kdl",
            r#"// more
repo "Acme/Widgets" {
    has-wiki #false
}
"#,
        ),
    ]);
    insta::assert_snapshot!(text, @r#"
    config::duplicate

      × `repo "Acme/Widgets"` is declared twice
       ╭─[policies/repos.kdl:2:6]
     1 │ // more
     2 │ repo "Acme/Widgets" {
       ·      ───────┬──────
       ·             ╰── declared again here
     3 │     has-wiki #false
       ╰────
      help: remove one of them, or merge them; case makes no difference

    Advice: 
      ☞ first declared here
       ╭─[factory.kdl:2:6]
     1 │ factory "acme"
     2 │ repo "acme/widgets"
       ·      ──────────────
       ╰────
    "#);
}

#[test]
fn a_label_twice_in_a_set() {
    let text = complain(
        r#"label-set "a" {
    label "bug" color="d73a4a"
    label "Bug" color="ff0000"
}
defaults { labels "a"; }
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::duplicate

      × `label "Bug"` is declared twice
       ╭─[factory.kdl:3:11]
     2 │ label-set "a" {
     3 │     label "bug" color="d73a4a"
       ·           ──┬──
       ·             ╰── first declared here
     4 │     label "Bug" color="ff0000"
       ·           ──┬──
       ·             ╰── declared again here
     5 │ }
       ╰────
      help: remove one of them, or merge them; case makes no difference
    "#);
}

#[test]
fn sets_that_disagree() {
    let text = complain_files([
        (
            "factory.kdl",
            r#"factory "acme"
repo "acme/widgets" { labels "a" "b"; }
"#,
        ),
        (
            "policies/a.kdl",
            r#"label-set "a" { label "bug" color="d73a4a"; }
"#,
        ),
        (
            "policies/b.toml",
            r#"[label-set.b.label.bug]
color = "ff0000"
"#,
        ),
    ]);
    insta::assert_snapshot!(text, @r#"
    config::label-conflict

      × `label-set "a"` and `label-set "b"` give the label `bug` a different `color`
       ╭─[policies/b.toml:1:20]
     1 │ [label-set.b.label.bug]
       ·                    ─┬─
       ·                     ╰── in `label-set "b"`
     2 │ color = "ff0000"
       ╰────
      help: make them agree, or say it where they are used: `labels … { label "bug" color="…" }`

    Advice: 
      ☞ in `label-set "a"`
       ╭─[policies/a.kdl:1:23]
     1 │ label-set "a" { label "bug" color="d73a4a"; }
       ·                       ─────
       ╰────

    Advice: 
      ☞ used together here
       ╭─[factory.kdl:2:34]
     1 │ factory "acme"
     2 │ repo "acme/widgets" { labels "a" "b"; }
       ·                                  ───
       ╰────
    "#);
}

#[test]
fn a_misspelt_label_set() {
    let text = complain(
        r#"label-set "lifecycle" { label "bug"; }
defaults { labels "lifecycle"; }
repo "acme/widgets" { labels "lifecyle"; }
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::unknown-label-set

      × there is no label set `lifecyle`
       ╭─[factory.kdl:4:30]
     3 │ defaults { labels "lifecycle"; }
     4 │ repo "acme/widgets" { labels "lifecyle"; }
       ·                              ─────┬────
       ·                                   ╰── named here
       ╰────
      help: did you mean `lifecycle`?
    "#);
}

#[test]
fn a_label_set_when_there_is_none() {
    let text = complain(
        r#"repo "acme/widgets" { labels "lifecycle"; }
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::unknown-label-set

      × there is no label set `lifecycle`
       ╭─[factory.kdl:2:30]
     1 │ factory "acme"
     2 │ repo "acme/widgets" { labels "lifecycle"; }
       ·                              ─────┬─────
       ·                                   ╰── named here
       ╰────
      help: declare it at the top of any file: `label-set "lifecycle" { label "bug" color="d73a4a" }`
    "#);
}

#[test]
fn an_unused_label_set() {
    let text = complain(
        r#"label-set "lifecycle" { label "bug"; }
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::unused-label-set

      ⚠ no `labels` names `label-set "lifecycle"`
       ╭─[factory.kdl:2:11]
     1 │ factory "acme"
     2 │ label-set "lifecycle" { label "bug"; }
       ·           ─────┬─────
       ·                ╰── has no effect
       ╰────
      help: name it in `defaults`, a `group` or a `repo`: `labels "lifecycle"`
    "#);
}

#[test]
fn authority_over_nothing() {
    let text = complain(
        r#"repo "acme/widgets" { labels mode="authoritative"; }
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::empty-authority

      × the labels of `repo "acme/widgets"` are authoritative, and there are none
       ╭─[factory.kdl:2:35]
     1 │ factory "acme"
     2 │ repo "acme/widgets" { labels mode="authoritative"; }
       ·                                   ───────┬───────
       ·                                          ╰── would delete every label
       ╰────
      help: name a label set or declare labels; write `mode="ignore"` to leave labels alone
    "#);
}

/// What counts is what is kept, not what is declared; the day makes no difference, since none takes a config out of force.
#[test]
fn authority_over_what_is_going_to_be_deleted() {
    let text = complain(
        r#"repo "acme/widgets" {
    labels mode="authoritative" {
        label "wontfix" delete-after="2026-01-31"
        label "stale" delete-after="2030-01-31"
    }
}
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::empty-authority

      × the labels of `repo "acme/widgets"` are authoritative, and none is kept: each has a `delete-after`,
      │ the last one 2030-01-31
       ╭─[factory.kdl:3:17]
     2 │ repo "acme/widgets" {
     3 │     labels mode="authoritative" {
       ·                 ───────┬───────
       ·                        ╰── would delete every label from 2030-01-31 on
     4 │         label "wontfix" delete-after="2026-01-31"
     5 │         label "stale" delete-after="2030-01-31"
       ·               ───┬───
       ·                  ╰── the last one that is declared
     6 │     }
       ╰────
      help: declare a label that is kept, or write `mode="additive"` to delete only what is declared
    "#);
}

#[test]
fn a_rename_from_a_label_that_stays() {
    let text = complain(
        r#"repo "acme/widgets" {
    labels {
        label "defect" was="bug"
        label "bug"
    }
}
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::rename-conflict

      × in `repo "acme/widgets"` the label `defect` was `bug`, and `bug` is declared too
       ╭─[factory.kdl:4:28]
     3 │     labels {
     4 │         label "defect" was="bug"
       ·                            ──┬──
       ·                              ╰── to be renamed from this
     5 │         label "bug"
       ·               ──┬──
       ·                 ╰── declared here
     6 │     }
       ╰────
      help: remove the `was`, or the label `bug`
    "#);
}

#[test]
fn two_renames_from_one_label() {
    let text = complain(
        r#"repo "acme/widgets" {
    labels {
        label "defect" was="bug"
        label "fault" was="bug"
    }
}
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::rename-conflict

      × in `repo "acme/widgets"` both `defect` and `fault` are to be renamed from `bug`
       ╭─[factory.kdl:4:28]
     3 │     labels {
     4 │         label "defect" was="bug"
       ·                            ──┬──
       ·                              ╰── also here
     5 │         label "fault" was="bug"
       ·                           ──┬──
       ·                             ╰── one label can't become two
     6 │     }
       ╰────
      help: remove one of the two `was`
    "#);
}

#[test]
fn a_group_of_nobody() {
    let text = complain(
        r#"repo "acme/widgets"
group "rust" {
    match "acme/*-rs"
    has-wiki #false
}
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::empty-group

      ⚠ no declared repository belongs to `group "rust"`
       ╭─[factory.kdl:3:7]
     2 │ repo "acme/widgets"
     3 │ group "rust" {
       ·       ───┬──
       ·          ╰── has no effect
     4 │     match "acme/*-rs"
       ╰────
      help: groups match declared repositories only, by their full name `owner/name` or by a topic in their
            `topics`
    "#);
}

#[test]
fn a_group_without_a_rule() {
    let text = complain(
        r#"repo "acme/widgets"
group "rust" {
    has-wiki #false
}
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::missing

      × `group "rust"` has neither `match` nor `topic`
       ╭─[factory.kdl:3:7]
     2 │ repo "acme/widgets"
     3 │ group "rust" {
       ·       ───┬──
       ·          ╰── matches nothing
     4 │     has-wiki #false
       ╰────
      help: say which repositories belong to it: `match "acme/*-rs"` or `topic "rust"`
    "#);
}

#[test]
fn no_way_to_merge() {
    let text = complain(
        r#"defaults {
    allow-merge-commit #false
    allow-rebase-merge #false
}
repo "acme/widgets" { allow-squash-merge #false; }
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::merge-methods

      × `repo "acme/widgets"` allows no way to merge; GitHub refuses that
       ╭─[factory.kdl:3:24]
     2 │ defaults {
     3 │     allow-merge-commit #false
       ·                        ───┬──
       ·                           ╰── off
     4 │     allow-rebase-merge #false
       ·                        ───┬──
       ·                           ╰── off
     5 │ }
     6 │ repo "acme/widgets" { allow-squash-merge #false; }
       ·                                          ───┬──
       ·                                             ╰── off
       ╰────
      help: turn one of `allow-merge-commit`, `allow-squash-merge`, `allow-rebase-merge` on
    "#);
}

#[test]
fn a_message_that_does_not_go_with_its_title() {
    let text = complain(
        r#"repo "acme/widgets" {
    merge-commit-title "MERGE_MESSAGE"
    merge-commit-message "BLANK"
}
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::merge-texts

      × `repo "acme/widgets"` combines `merge-commit-title` MERGE_MESSAGE with `merge-commit-message` BLANK;
      │ GitHub refuses that
       ╭─[factory.kdl:3:24]
     2 │ repo "acme/widgets" {
     3 │     merge-commit-title "MERGE_MESSAGE"
       ·                        ───────┬───────
       ·                               ╰── with this title
     4 │     merge-commit-message "BLANK"
       ·                          ───┬───
       ·                             ╰── this message
     5 │ }
       ╰────
      help: GitHub takes `PR_TITLE` with `PR_BODY`, `PR_TITLE` with `BLANK`, `MERGE_MESSAGE` with `PR_TITLE`
    "#);
}

#[test]
fn a_new_archived_repository() {
    let text = complain(
        r#"defaults { archived #true; }
repo "acme/widgets" create=#true
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::archived-create

      × `repo "acme/widgets"` is to be created and to be archived
       ╭─[factory.kdl:2:21]
     1 │ factory "acme"
     2 │ defaults { archived #true; }
       ·                     ──┬──
       ·                       ╰── made read-only
     3 │ repo "acme/widgets" create=#true
       ·                            ──┬──
       ·                              ╰── made if it isn't there
       ╰────
      help: remove `create`, or the `archived`
    "#);
}

#[test]
fn a_loop_configured_twice() {
    let text = complain(
        r#"loop "labels" every="5m"
loop "labels" enabled=#false
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::duplicate

      × `loop "labels"` is declared twice
       ╭─[factory.kdl:2:6]
     1 │ factory "acme"
     2 │ loop "labels" every="5m"
       ·      ────┬───
       ·          ╰── first declared here
     3 │ loop "labels" enabled=#false
       ·      ────┬───
       ·          ╰── declared again here
       ╰────
      help: remove one of them, or merge them; case makes no difference
    "#);
}

#[test]
fn a_task_for_nobody() {
    let text = complain(
        r#"repo "acme/widgets"
agent "claude" kind="claude"
task "tidy" repo="acme/widget" { prompt "Tidy up."; agents "cluade" "codex"; }
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::unknown-repo

      × there is no repository `acme/widget` in this config
       ╭─[factory.kdl:4:18]
     3 │ agent "claude" kind="claude"
     4 │ task "tidy" repo="acme/widget" { prompt "Tidy up."; agents "cluade" "codex"; }
       ·                  ──────┬──────
       ·                        ╰── named here
       ╰────
      help: did you mean `acme/widgets`?

    config::unknown-agent

      × there is no agent `cluade` in this config
       ╭─[factory.kdl:4:60]
     3 │ agent "claude" kind="claude"
     4 │ task "tidy" repo="acme/widget" { prompt "Tidy up."; agents "cluade" "codex"; }
       ·                                                            ────┬───
       ·                                                                ╰── named here
       ╰────
      help: did you mean `claude`?

    config::unknown-agent

      × there is no agent `codex` in this config
       ╭─[factory.kdl:4:69]
     3 │ agent "claude" kind="claude"
     4 │ task "tidy" repo="acme/widget" { prompt "Tidy up."; agents "cluade" "codex"; }
       ·                                                                     ───┬───
       ·                                                                        ╰── named here
       ╰────
      help: declare it at the top of any file: `agent "codex" kind="…"`
    "#);
}

#[test]
fn an_agent_without_a_program() {
    let text = complain(
        r#"agent "smith" kind="command" {
    var "KEY"
    var "BOTH" value="x" secret="env:X"
}
agent "other" kind="codex" { readable "opt"; }
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::missing

      × `agent "smith"` has no `program`
       ╭─[factory.kdl:2:1]
     1 │ factory "acme"
     2 │ agent "smith" kind="command" {
       · ──┬──
       ·   ╰── here
     3 │     var "KEY"
       ╰────
      help: an agent of kind `command` has none of its own: write `program "my-agent"`

    config::missing

      × `var "KEY"` has neither `value` nor `secret`
       ╭─[factory.kdl:3:5]
     2 │ agent "smith" kind="command" {
     3 │     var "KEY"
       ·     ─┬─
       ·      ╰── here
     4 │     var "BOTH" value="x" secret="env:X"
       ╰────
      help: write `var "KEY" value="…"` or `var "KEY" secret="env:NAME"`

    config::extra-value

      × `var "BOTH"` has a `value` and a `secret`
       ╭─[factory.kdl:4:16]
     3 │     var "KEY"
     4 │     var "BOTH" value="x" secret="env:X"
       ·                ──┬──
       ·                  ╰── and this
     5 │ }
       ╰────
      help: remove one of them

    config::malformed

      × each of `readable` must be a path that begins with `/`, not "opt"
       ╭─[factory.kdl:6:39]
     5 │ }
     6 │ agent "other" kind="codex" { readable "opt"; }
       ·                                       ──┬──
       ·                                         ╰── this value
       ╰────
      help: write where it lies from the root on, e.g. `/opt/agents`
    "#);
}

#[test]
fn an_empty_prompt() {
    let text = complain(
        r#"repo "acme/widgets"
agent "claude" kind="claude"
task "tidy" repo="acme/widgets" { prompt "  "; agents; attempts 0; }
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::missing

      × `task "tidy"` has no agent
       ╭─[factory.kdl:4:1]
     3 │ agent "claude" kind="claude"
     4 │ task "tidy" repo="acme/widgets" { prompt "  "; agents; attempts 0; }
       · ──┬─
       ·   ╰── here
       ╰────
      help: name one that config declares: `agents "claude"`

    config::malformed

      × `prompt` must be text of at most 20000 characters, not "  "
       ╭─[factory.kdl:4:42]
     3 │ agent "claude" kind="claude"
     4 │ task "tidy" repo="acme/widgets" { prompt "  "; agents; attempts 0; }
       ·                                          ──┬─
       ·                                            ╰── this value
       ╰────
      help: say what is meant

    config::out-of-range

      × `attempts` must be a whole number from 1 to 20, not 0
       ╭─[factory.kdl:4:65]
     3 │ agent "claude" kind="claude"
     4 │ task "tidy" repo="acme/widgets" { prompt "  "; agents; attempts 0; }
       ·                                                                 ┬
       ·                                                                 ╰── this value
       ╰────
      help: e.g. `attempts 3`
    "#);
}

#[test]
fn an_answer_that_can_not_be_asked_for() {
    let text = complain(
        r##"repo "acme/widgets"
agent "claude" kind="claude"
task "tidy" repo="acme/widgets" { prompt "x"; agents "claude"; answer #"{ "type": "objekt" }"#; }
task "tell" repo="acme/widgets" { prompt "x"; agents "claude"; answer "yes or no"; }
"##,
    );
    for says in [
        "the `answer` of `task \"tidy\"` can't be asked for: it isn't a JSON Schema: ",
        "the `answer` of `task \"tell\"` can't be asked for: it isn't JSON: ",
        "╭─[factory.kdl:4:",
        "╭─[factory.kdl:5:",
        "write the JSON Schema of an object, whole in itself",
    ] {
        let flat =
            |text: &str| text.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
        assert!(flat(&text).contains(&flat(says)), "{says}\n{text}");
    }
}
