//! Mistakes in what is said of the words of a project.

use super::{codes, complain, files};

#[test]
fn a_place_outside_the_repository() {
    let text = complain("language { terms \"/etc/terms\"; roots \"src\" \"../other\"; }\n");
    insta::assert_snapshot!(text, @r#"
    config::malformed

      × `/etc/terms` in `terms` is no place in the repository
       ╭─[factory.kdl:2:18]
     1 │ factory "acme"
     2 │ language { terms "/etc/terms"; roots "src" "../other"; }
       ·                  ──────┬─────
       ·                        ╰── this one
       ╰────
      help: write it from the root of the repository, without a leading `/` and without `..` and `.git`:
            `docs/terms`

    config::malformed

      × `../other` in `roots` is no place in the repository
       ╭─[factory.kdl:2:44]
     1 │ factory "acme"
     2 │ language { terms "/etc/terms"; roots "src" "../other"; }
       ·                                            ─────┬────
       ·                                                 ╰── this one
       ╰────
      help: write it from the root of the repository, without a leading `/` and without `..` and `.git`:
            `docs/terms`
    "#);
}

#[test]
fn a_dependency_between_contexts_that_there_are_not() {
    let text = complain(
        r#"language {
    context "core" { sources "src/**"; }
    context "edge"
    forbid "cor" to="edge"
    forbid "core" to="core"
}
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::unknown-word

      × there is no context `cor`
       ╭─[factory.kdl:5:12]
     4 │     context "edge"
     5 │     forbid "cor" to="edge"
       ·            ──┬──
       ·              ╰── named here
     6 │     forbid "core" to="core"
       ╰────
      help: the contexts are `core`, `edge`

    config::malformed

      × `core` can't be kept from using itself
       ╭─[factory.kdl:6:22]
     5 │     forbid "cor" to="edge"
     6 │     forbid "core" to="core"
       ·                      ───┬──
       ·                         ╰── the same context
     7 │ }
       ╰────
      help: name another one

    config::no-effect

      ⚠ no code belongs to the context `edge`
       ╭─[factory.kdl:5:21]
     4 │     context "edge"
     5 │     forbid "cor" to="edge"
       ·                     ───┬──
       ·                        ╰── so that nothing is forbidden
     6 │     forbid "core" to="core"
       ╰────
      help: say which code does: `context "edge" { sources "src/**"; }`
    "#);
}

#[test]
fn a_relation_between_kinds_that_there_are_not() {
    let text = complain(
        r#"language {
    kinds "entity" "service"
    relation "implements" { from "servise"; }
    lint "covrage" level="off"
}
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::unknown-word

      × `servise` is no kind of terms
       ╭─[factory.kdl:4:34]
     3 │     kinds "entity" "service"
     4 │     relation "implements" { from "servise"; }
       ·                                  ────┬────
       ·                                      ╰── this kind
     5 │     lint "covrage" level="off"
       ╰────
      help: the kinds are `entity`, `service`

    config::unknown-word

      × there is no rule `covrage`
       ╭─[factory.kdl:5:10]
     4 │     relation "implements" { from "servise"; }
     5 │     lint "covrage" level="off"
       ·          ────┬────
       ·              ╰── this value
     6 │ }
       ╰────
      help: did you mean `coverage`?
    "#);
}

#[test]
fn a_topic_that_there_is_not() {
    let text = complain("language { topic \"traps\" { words \"race\"; }; default-topic \"trap\"; }\n");
    insta::assert_snapshot!(text, @r#"
    config::unknown-word

      × there is no topic `trap`
       ╭─[factory.kdl:2:59]
     1 │ factory "acme"
     2 │ language { topic "traps" { words "race"; }; default-topic "trap"; }
       ·                                                           ───┬──
       ·                                                              ╰── named here
       ╰────
      help: the topics are `traps`
    "#);
}

#[test]
fn folders_that_lie_in_one_another() {
    let rows = [
        r#"terms "words"; wiki "words""#,
        r#"terms "docs"; adr "docs/adr""#,
        r#"adr "wiki/terms/decided""#,
        r#"wiki "adr/wiki""#,
        r#"glossary "wiki/terms/glossary.md""#,
    ];
    let said = |row: &str| {
        let text = complain(&format!("language {{ {row}; }}\n"));
        let line = text.lines().find(|line| line.contains("lies in")).unwrap_or("-");
        format!("{row}: {}", line.trim())
    };
    insta::assert_snapshot!(rows.map(said).join("\n"), @r#"
    terms "words"; wiki "words": × the folder of `wiki`, `words`, lies in that of `terms`, `words`
    terms "docs"; adr "docs/adr": × the folder of `adr`, `docs/adr`, lies in that of `terms`, `docs`
    adr "wiki/terms/decided": × the folder of `adr`, `wiki/terms/decided`, lies in that of `terms`, `wiki/terms`
    wiki "adr/wiki": × the folder of `wiki`, `adr/wiki`, lies in that of `adr`, `adr`
    glossary "wiki/terms/glossary.md": × `wiki/terms/glossary.md` lies in the folder of `terms`, whose pages people write
    "#);
    let apart = "factory \"acme\"\nlanguage { terms \"docs/terms\"; wiki \"docs\"; adr \"docs/adr\"; glossary \"docs/glossary.md\"; }\n";
    assert_eq!(codes(&files([("factory.kdl", apart)])), Vec::<&str>::new());
}

#[test]
fn topics_and_pages_whose_place_something_else_has() {
    let rows = [
        r#"topic "..""#,
        r#"topic ".git""#,
        r#"topic "log""#,
        r#"topic "Terms""#,
        r#"topic "decided"; adr "wiki/decided/adr""#,
        r#"map "wiki/index.md""#,
        r#"glossary "wiki/Words.md"; architecture "wiki/words.md""#,
        r#"terms ".git/terms""#,
    ];
    let said = |row: &str| {
        let text = complain(&format!("language {{ {row}; }}\n"));
        let line = text.lines().find(|line| line.contains('×')).unwrap_or("-");
        format!("{row}: {}", line.trim())
    };
    insta::assert_snapshot!(rows.map(said).join("\n"), @r#"
    topic "..": × `topic ".."` begins with a `.`, and so would its folder
    topic ".git": × `topic ".git"` begins with a `.`, and so would its folder
    topic "log": × `topic "log"` is the name of the folder of the wiki's log
    topic "Terms": × `topic "Terms"` is the name of the folder of terms or decisions
    topic "decided"; adr "wiki/decided/adr": × `topic "decided"` is the name of the folder of terms or decisions
    map "wiki/index.md": × `wiki/index.md` is the place of the page of all entries, which `wiki index` writes
    glossary "wiki/Words.md"; architecture "wiki/words.md": × `wiki/words.md` is the place of another rendered page, too
    terms ".git/terms": × `.git/terms` in `terms` is no place in the repository
    "#);
    let apart = "factory \"acme\"\nlanguage { topic \"gotchas\"; topic \"terms-of-trade\"; }\n";
    assert_eq!(codes(&files([("factory.kdl", apart)])), Vec::<&str>::new());
}
