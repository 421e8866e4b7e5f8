//! Mistakes of whole files.

use super::complain_files;

#[test]
fn an_empty_root_file() {
    let text = complain_files([(
        "factory.kdl",
        r"
// nothing yet
",
    )]);
    insta::assert_snapshot!(text, @r#"
    config::no-factory

      × `factory.kdl` is empty
      help: write `factory "acme"` into `factory.kdl`, with your factory's name; `factoryctl init` makes a
            commented example
    "#);
}

#[test]
fn no_root_file() {
    let text = complain_files([(
        "policies/labels.kdl",
        r#"label-set "a" { label "bug"; }
"#,
    )]);
    insta::assert_snapshot!(text, @r#"
    config::no-factory

      × there is no `factory.kdl` at the root
      help: write `factory "acme"` into `factory.kdl`, with your factory's name; `factoryctl init` makes a
            commented example

    config::unused-label-set

      ⚠ no `labels` names `label-set "a"`
       ╭─[policies/labels.kdl:1:11]
     1 │ label-set "a" { label "bug"; }
       ·           ─┬─
       ·            ╰── has no effect
       ╰────
      help: name it in `defaults`, a `group` or a `repo`: `labels "a"`
    "#);
}

#[test]
fn a_root_file_without_a_factory() {
    let text = complain_files([(
        "factory.kdl",
        r#"repo "acme/widgets"
"#,
    )]);
    insta::assert_snapshot!(text, @r#"
    config::no-factory

      × `factory.kdl` has no `factory` section
      help: write `factory "acme"` into `factory.kdl`, with your factory's name; `factoryctl init` makes a
            commented example
    "#);
}

#[test]
fn a_factory_section_in_another_file() {
    let text = complain_files([
        (
            "factory.kdl",
            r#"repo "acme/widgets"
"#,
        ),
        (
            "policies/more.kdl",
            r#"factory "acme"
"#,
        ),
    ]);
    insta::assert_snapshot!(text, @r#"
    config::no-factory

      × the `factory` section stands outside `factory.kdl`
       ╭─[policies/more.kdl:1:1]
     1 │ factory "acme"
       · ───┬───
       ·    ╰── here
       ╰────
      help: move it into `factory.kdl`, so that a config whose root file got lost is noticed
    "#);
}

#[test]
fn a_section_twice_in_two_files() {
    let text = complain_files([
        (
            "factory.kdl",
            r#"factory "acme"
caps { change-budget deletes=1; }
"#,
        ),
        ("policies/caps.kdl", "caps { change-budget deletes=2; }\n"),
    ]);
    insta::assert_snapshot!(text, @r#"
    config::duplicate

      × `caps` is declared twice
       ╭─[policies/caps.kdl:1:1]
     1 │ caps { change-budget deletes=2; }
       · ──┬─
       ·   ╰── declared again here
       ╰────
      help: `caps` may stand once; merge the two

    Advice: 
      ☞ first declared here
       ╭─[factory.kdl:2:1]
     1 │ factory "acme"
     2 │ caps { change-budget deletes=1; }
       · ────
       ╰────
    "#);
}
