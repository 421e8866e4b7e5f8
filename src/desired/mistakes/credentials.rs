//! Credentials that are written out.

use super::super::fixture::{files, vocabulary};
use super::super::{load, render, to_json};
use super::{complain, complain_files};

/// Split, so that nobody takes them for real ones.
fn github() -> String {
    format!("ghp_{}", "a1B2".repeat(9))
}

fn model() -> String {
    format!("sk-ant-api03-{}", "c3D4".repeat(9))
}

#[test]
fn a_credential_is_refused_wherever_it_stands() {
    let key = github();
    for (what, path, text) in [
        ("a prompt", "a.kdl", format!("task \"t\" repo=\"a/b\" agents=\"x\" prompt=\"log in with {key}\"")),
        ("a prompt over lines", "a.kdl", format!("task \"t\" {{\n    prompt \"\"\"\n      log in\n      with {key}\n      \"\"\"\n}}")),
        ("raw text", "a.kdl", format!("task \"t\" prompt=#\"log in with {key}\"#")),
        ("escapes", "a.kdl", format!("task \"t\" prompt=\"log in with ghp\\u{{5f}}{}\"", &key[4..])),
        ("after an escape", "a.kdl", format!("task \"t\" prompt=\"log in with\\n{}\"", model())),
        ("a program", "a.kdl", format!("agent \"x\" kind=\"command\" {{ program \"agent\" \"--token={key}\"; }}")),
        ("a variable", "a.kdl", format!("agent \"x\" kind=\"claude\" {{ var \"X\" value=\"{}\"; }}", model())),
        ("a setup", "a.kdl", format!("defaults {{ recipe \"r\" {{ setup \"export TOKEN={key}\"; }}; }}")),
        ("a teardown", "a.kdl", format!("defaults {{ recipe \"r\" {{ teardown \"log-out {key}\"; }}; }}")),
        ("a gate", "a.kdl", format!("defaults {{ gate \"g\" {{ command \"sh\" \"-c\" \"deploy {key}\"; }}; }}")),
        ("a password", "a.kdl", "recipe \"r\" { setup \"git fetch https://me:a1B2c3D4@example.com/x\"; }".into()),
        ("a key", "a.kdl", "recipe \"r\" { setup #\"\"\"\n  -----BEGIN OPENSSH PRIVATE KEY-----\n  a1B2a1B2\n  -----END OPENSSH PRIVATE KEY-----\n  \"\"\"#; }".into()),
        ("a name", "a.kdl", format!("agent \"{key}\" kind=\"claude\"")),
        ("a field that there isn't", "a.kdl", format!("repo \"a/b\" passphrase=\"{key}\"")),
        ("a section that there isn't", "a.kdl", format!("vault {{ deep {{ deeper \"{key}\"; }}; }}")),
        ("a value too much", "a.kdl", format!("caps \"{key}\"")),
        ("a value too long", "a.kdl", format!("repo \"a/b\" description=\"{} {key}\"", "x".repeat(40))),
        ("a value cut short", "a.kdl", format!("repo \"a/b\" visibility=\"{} npm_{}\"", "x".repeat(30), "a1B2".repeat(9))),
        ("a table", "a.toml", format!("[agent.x]\nkind = \"claude\"\n[agent.x.var.X]\nvalue = \"{}\"\n", model())),
        ("an array", "a.toml", format!("[agent.x]\nkind = \"command\"\nprogram = [\"agent\", \"{key}\"]\n")),
        ("text over lines", "a.toml", format!("[task.t]\nprompt = '''\nlog in\nwith {key}\n'''\n")),
        ("a key of a table", "a.toml", format!("[agent.\"{key}\"]\nkind = \"claude\"\n")),
    ] {
        let given = files([("factory.kdl", "factory \"acme\"\n"), (&format!("policies/{path}"), &text)]);
        let all = load(&given, &vocabulary()).expect_err(what);
        assert!(all.iter().any(|d| d.code == "config::literal-secret"), "{what}: {all:?}");
        let shown = render(&all, &given, false) + &to_json(&all, &given).to_string();
        assert!(!shown.contains("a1B2") && !shown.contains("c3D4"), "{what}: {shown}");
    }
}

#[test]
fn what_only_looks_like_one_is_none() {
    for text in [
        "recipe \"r\" { setup \"git fetch https://me:$TOKEN@example.com/x\"; }",
        "recipe \"r\" { setup \"echo ghp_short sk-preview AKIA eyJ\"; }",
        "agent \"x\" kind=\"claude\" { var \"MAX_TOKENS\" value=\"unlimited\"; var \"GH_TOKEN\" secret=\"env:GH_TOKEN\"; }",
        "agent \"x\" kind=\"claude\" { var \"API_KEY\" value=\"dummy\"; var \"SSH_KEY\" value=\"/srv/agent/id_key\"; }",
    ] {
        let given = files([("factory.kdl", format!("factory \"acme\"\n{text}").as_str())]);
        let all = load(&given, &vocabulary()).map_or_else(|all| all, |(_, warnings)| warnings);
        assert!(all.iter().all(|d| d.code != "config::literal-secret"), "{text}: {all:?}");
    }
}

#[test]
fn its_line_is_shown_without_it() {
    let text = complain_files([
        ("factory.kdl", "factory \"acme\"\nrepo \"acme/widgets\"\n"),
        (
            "policies/a.kdl",
            &format!(
                "agent \"x\" kind=\"claude\"\ntask \"t\" repo=\"acme/widgets\" {{\n    agents \"x\"\n    prompt \"\"\"\n        Log in\n        with {}.\n        \"\"\"\n}}\n",
                github()
            ),
        ),
    ]);
    insta::assert_snapshot!(text, @r#"
    config::literal-secret

      × a credential is written out
       ╭─[policies/a.kdl:6:14]
     5 │         Log in
     6 │         with ****************************************.
       ·              ────────────────────┬───────────────────
       ·                                  ╰── has the form of one
     7 │         """
       ╰────
      help: put it into the environment or a file and refer to it: `secret="env:NAME"` or `secret="file:PATH"`
            in a `var` of an agent, `env:NAME` where a field takes a reference; if this was ever committed or
            pushed, revoke it
    "#);
}

#[test]
fn a_variable_that_is_named_as_one() {
    let text =
        complain("agent \"x\" kind=\"claude\" { var \"MY_API_KEY\" value=\"correct-horse-battery\"; }\n");
    insta::assert_snapshot!(text, @r#"
    config::literal-secret

      ⚠ `var "MY_API_KEY"` is named as a credential, and its value is written out
       ╭─[factory.kdl:2:50]
     1 │ factory "acme"
     2 │ agent "x" kind="claude" { var "MY_API_KEY" value=***********************; }
       ·                                                  ───────────┬───────────
       ·                                                             ╰── this value
       ╰────
      help: put it into the environment or a file and refer to it: `secret="env:NAME"` or `secret="file:PATH"`
            in a `var` of an agent, `env:NAME` where a field takes a reference; if this was ever committed or
            pushed, revoke it
    "#);
}
