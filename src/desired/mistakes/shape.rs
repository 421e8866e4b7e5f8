//! Mistakes of names, and of what stands where.

use super::{complain, complain_files};

#[test]
fn an_unknown_section() {
    let text = complain(
        r#"rule-set "main"
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::unknown-key

      × there is no `rule-set` at the top
       ╭─[factory.kdl:2:1]
     1 │ factory "acme"
     2 │ rule-set "main"
       · ────┬───
       ·     ╰── unknown here
       ╰────
      help: known at the top: `agent`, `allow`, `caps`, `defaults`, `factory`, `github`, `group`, `label-set`,
            `language`, `loop`, `merge-policy`, `pipeline`, `playbook`, `prices`, `repo`, `repositories`, `task`
    "#);
}

#[test]
fn a_misspelt_section() {
    let text = complain(
        r#"label-sets "lifecycle" { label "bug"; }
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::unknown-key

      × there is no `label-sets` at the top
       ╭─[factory.kdl:2:1]
     1 │ factory "acme"
     2 │ label-sets "lifecycle" { label "bug"; }
       · ─────┬────
       ·      ╰── unknown here
       ╰────
      help: did you mean `label-set`?
    "#);
}

#[test]
fn a_misspelt_setting() {
    let text = complain(
        r#"repo "acme/widgets" {
    visiblity "private"
}
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::unknown-key

      × there is no `visiblity` in `repo`
       ╭─[factory.kdl:3:5]
     2 │ repo "acme/widgets" {
     3 │     visiblity "private"
       ·     ────┬────
       ·         ╰── unknown here
     4 │ }
       ╰────
      help: did you mean `visibility`?
    "#);
}

#[test]
fn a_setting_by_its_name_in_the_api() {
    let text = complain(
        r#"repo "acme/widgets" {
    delete_branch_on_merge #true
}
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::unknown-key

      × there is no `delete_branch_on_merge` in `repo`
       ╭─[factory.kdl:3:5]
     2 │ repo "acme/widgets" {
     3 │     delete_branch_on_merge #true
       ·     ───────────┬──────────
       ·                ╰── unknown here
     4 │ }
       ╰────
      help: did you mean `delete-branch-on-merge`?
    "#);
}

#[test]
fn a_setting_at_the_top() {
    let text = complain("has-wiki #false\n");
    insta::assert_snapshot!(text, @r#"
    config::unknown-key

      × there is no `has-wiki` at the top
       ╭─[factory.kdl:2:1]
     1 │ factory "acme"
     2 │ has-wiki #false
       · ────┬───
       ·     ╰── unknown here
       ╰────
      help: `has-wiki` belongs in `defaults`, or in `group`, or in `repo`
    "#);
}

#[test]
fn a_label_outside_labels() {
    let text = complain(
        r#"repo "acme/widgets" {
    label "bug" color="d73a4a"
}
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::unknown-key

      × there is no `label` in `repo`
       ╭─[factory.kdl:3:5]
     2 │ repo "acme/widgets" {
     3 │     label "bug" color="d73a4a"
       ·     ──┬──
       ·       ╰── unknown here
     4 │ }
       ╰────
      help: did you mean `labels`? `label` belongs in `defaults { labels }`, or in `group { labels }`, or in
            `repo { labels }`, or in `label-set`
    "#);
}

#[test]
fn a_node_of_another_tool() {
    let text = complain(
        r#"repo "acme/widgets" {
    branch-protection "main"
}
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::unknown-key

      × there is no `branch-protection` in `repo`
       ╭─[factory.kdl:3:5]
     2 │ repo "acme/widgets" {
     3 │     branch-protection "main"
       ·     ────────┬────────
       ·             ╰── unknown here
     4 │ }
       ╰────
      help: known in `repo`: `allow-auto-merge`, `allow-forking`, `allow-merge-commit`, `allow-rebase-merge`,
            `allow-squash-merge`, `allow-update-branch`, `archived`, `create`, `default-branch`,
            `delete-branch-on-merge`, `description`, `gate`, `has-discussions`, `has-issues`, `has-projects`,
            `has-wiki`, `homepage`, `is-template`, `labels`, `language`, `merge-commit-message`,
            `merge-commit-title`, `merge-policy`, `pipeline`, `recipe`, `squash-merge-commit-message`,
            `squash-merge-commit-title`, `topics`, `visibility`, `web-commit-signoff-required`
    "#);
}

#[test]
fn a_setting_twice() {
    let text = complain(
        r#"repo "acme/widgets" {
    has-wiki #false
    has-issues #true
    has-wiki #true
}
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::duplicate

      × `has-wiki` is given twice
       ╭─[factory.kdl:3:5]
     2 │ repo "acme/widgets" {
     3 │     has-wiki #false
       ·     ────┬───
       ·         ╰── first given here
     4 │     has-issues #true
     5 │     has-wiki #true
       ·     ────┬───
       ·         ╰── given again here
     6 │ }
       ╰────
      help: remove one of them
    "#);
}

#[test]
fn a_property_twice() {
    let text = complain(
        r#"loop "labels" every="5m" every="6m"
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::duplicate

      × `every` is given twice
       ╭─[factory.kdl:2:15]
     1 │ factory "acme"
     2 │ loop "labels" every="5m" every="6m"
       ·               ──┬──      ──┬──
       ·                 │          ╰── given again here
       ·                 ╰── first given here
       ╰────
      help: remove one of them
    "#);
}

#[test]
fn a_repository_without_a_name() {
    let text = complain(
        r"repo {
    has-wiki #false
}
",
    );
    insta::assert_snapshot!(text, @r#"
    config::missing

      × this `repo` has no name
       ╭─[factory.kdl:2:1]
     1 │ factory "acme"
     2 │ repo {
       · ──┬─
       ·   ╰── here
     3 │     has-wiki #false
       ╰────
      help: write `repo "acme/widgets"`: its full name, `owner/name`
    "#);
}

#[test]
fn a_factory_without_a_name() {
    let text = complain_files([("factory.kdl", "factory\n")]);
    insta::assert_snapshot!(text, @r#"
    config::missing

      × this `factory` has no name
       ╭─[factory.kdl:1:1]
     1 │ factory
       · ───┬───
       ·    ╰── here
       ╰────
      help: write `factory "acme"`: the factory's name, as it signs what it does
    "#);
}

#[test]
fn a_forgotten_equals_sign() {
    let text = complain(
        r#"repo "acme/widgets" create #true
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::extra-value

      × `repo` takes no further value here
       ╭─[factory.kdl:2:21]
     1 │ factory "acme"
     2 │ repo "acme/widgets" create #true
       ·                     ───┬──
       ·                        ╰── too much
       ╰────
      help: write `create` with `=`: `create=#true`
    "#);
}

#[test]
fn a_name_where_none_belongs() {
    let text = complain(
        r#"defaults "acme" {
    has-wiki #false
}
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::extra-value

      × `defaults` takes no further value here
       ╭─[factory.kdl:2:10]
     1 │ factory "acme"
     2 │ defaults "acme" {
       ·          ───┬──
       ·             ╰── too much
     3 │     has-wiki #false
       ╰────
      help: `defaults` takes no name; write `defaults {`
    "#);
}

#[test]
fn a_setting_without_a_value() {
    let text = complain(
        r#"repo "acme/widgets" {
    description
}
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::missing

      × `description` has no value
       ╭─[factory.kdl:3:5]
     2 │ repo "acme/widgets" {
     3 │     description
       ·     ─────┬─────
       ·          ╰── here
     4 │ }
       ╰────
      help: write `description "The widget service"`
    "#);
}

#[test]
fn two_values_for_one() {
    let text = complain(
        r#"repo "acme/widgets" {
    visibility "private" "internal"
}
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::extra-value

      × `visibility` takes one value
       ╭─[factory.kdl:3:26]
     2 │ repo "acme/widgets" {
     3 │     visibility "private" "internal"
       ·                          ─────┬────
       ·                               ╰── one too many
     4 │ }
       ╰────
      help: write `visibility "private"`; what follows it stands on a line of its own, or after a `;`
    "#);
}

#[test]
fn a_setting_as_a_block() {
    let text = complain(
        r#"repo "acme/widgets" {
    description { text "The widget service"; }
}
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::shape

      × `description` is a value, not a block
       ╭─[factory.kdl:3:5]
     2 │ repo "acme/widgets" {
     3 │     description { text "The widget service"; }
       ·     ─────┬─────
       ·          ╰── written as a block here
     4 │ }
       ╰────
      help: write `description "The widget service"`
    "#);
}

#[test]
fn a_toml_section_as_a_list() {
    let text = complain_files([
        (
            "factory.kdl",
            r#"factory "acme"
"#,
        ),
        (
            "policies/more.toml",
            r#"[[repo]]
name = "acme/widgets"
"#,
        ),
    ]);
    insta::assert_snapshot!(text, @r#"
    config::shape

      × each `repo` is a table of its own
       ╭─[policies/more.toml:1:3]
     1 │ [[repo]]
       ·   ──┬─
       ·     ╰── written in another way here
     2 │ name = "acme/widgets"
       ╰────
      help: write `[repo."acme/widgets"]` and its fields below it
    "#);
}

#[test]
fn a_toml_label_as_a_list_of_tables() {
    let text = complain_files([
        ("factory.kdl", "factory \"acme\"\n"),
        ("policies/more.toml", "[[repo.\"acme/widgets\".labels.label]]\nname = \"bug\"\n"),
    ]);
    insta::assert_snapshot!(text, @r#"
    config::shape

      × each `label` is a table of its own
       ╭─[policies/more.toml:1:30]
     1 │ [[repo."acme/widgets".labels.label]]
       ·                              ──┬──
       ·                                ╰── written in another way here
     2 │ name = "bug"
       ╰────
      help: write `[repo."acme/widgets".labels.label."bug"]` and its fields below it
    "#);
}

#[test]
fn a_toml_override_as_a_table() {
    let text = complain_files([
        (
            "factory.kdl",
            r#"factory "acme"
"#,
        ),
        (
            "policies/more.toml",
            r#"[allow]
guard = "deletes"
"#,
        ),
    ]);
    insta::assert_snapshot!(text, @r#"
    config::shape

      × `allow` is a list of tables
       ╭─[policies/more.toml:1:2]
     1 │ [allow]
       ·  ──┬──
       ·    ╰── written in another way here
     2 │ guard = "deletes"
       ╰────
      help: write `[[allow]]` and its fields below it
    "#);
}

#[test]
fn a_toml_list_for_one_value() {
    let text = complain_files([
        (
            "factory.kdl",
            r#"factory "acme"
"#,
        ),
        (
            "policies/more.toml",
            r#"[repo."acme/widgets"]
visibility = ["private"]
has_wiki = false
"#,
        ),
    ]);
    insta::assert_snapshot!(text, @r#"
    config::shape

      × `visibility` takes one value, not a list
       ╭─[policies/more.toml:2:1]
     1 │ [repo."acme/widgets"]
     2 │ visibility = ["private"]
       · ─────┬────
       ·      ╰── given a list here
     3 │ has_wiki = false
       ╰────
      help: write `visibility = "private"`

    config::unknown-key

      × there is no `has_wiki` in `repo`
       ╭─[policies/more.toml:3:1]
     2 │ visibility = ["private"]
     3 │ has_wiki = false
       · ────┬───
       ·     ╰── unknown here
       ╰────
      help: did you mean `has-wiki`?
    "#);
}

#[test]
fn a_node_as_a_property() {
    let text = complain_files([(
        "factory.kdl",
        r#"factory "acme" config="acme/factory"
"#,
    )]);
    insta::assert_snapshot!(text, @r#"
    config::shape

      × `config` is a node of its own, not a property
       ╭─[factory.kdl:1:16]
     1 │ factory "acme" config="acme/factory"
       ·                ───┬──
       ·                   ╰── written with `=` here
       ╰────
      help: write it within the braces of `factory`, without `=`: `{ config "acme/factory" branch="main"; }`
    "#);
}
