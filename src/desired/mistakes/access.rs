//! Mistakes of credentials, overrides and loops.

use super::{complain, complain_files};

#[test]
fn a_token_in_config() {
    let text = complain(
        r#"github { auth "token" token="ghp_0123456789abcdefghijABCDEFGHIJ012345"; }
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::literal-secret

      × `token` must be a reference to a secret, `env:NAME` or `file:PATH`, not the secret itself
       ╭─[factory.kdl:2:29]
     1 │ factory "acme"
     2 │ github { auth "token" token=******************************************; }
       ·                             ─────────────────────┬────────────────────
       ·                                                  ╰── this value
       ╰────
      help: put the secret into the environment and its name here, e.g. `env:GITHUB_TOKEN`; if this was ever
            committed or pushed, revoke it
    "#);
}

#[test]
fn a_secret_in_config() {
    let text = complain(
        r#"github { webhook listen="127.0.0.1:0" secret="hunter2"; }
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::literal-secret

      × `secret` must be a reference to a secret, `env:NAME` or `file:PATH`, not the secret itself
       ╭─[factory.kdl:2:46]
     1 │ factory "acme"
     2 │ github { webhook listen="127.0.0.1:0" secret=*********; }
       ·                                              ────┬────
       ·                                                  ╰── this value
       ╰────
      help: put the secret into the environment and its name here, e.g. `env:GITHUB_TOKEN`; if this was ever
            committed or pushed, revoke it
    "#);
}

#[test]
fn an_unnamed_secret() {
    let text = complain(
        r#"github { auth "token" token="env:"; }
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::malformed

      × `token` must be a reference to a secret, `env:NAME` or `file:PATH`
       ╭─[factory.kdl:2:29]
     1 │ factory "acme"
     2 │ github { auth "token" token="env:"; }
       ·                             ───┬──
       ·                                ╰── this value
       ╰────
      help: after `env:` stands the name of an environment variable, after `file:` a path: `env:GITHUB_TOKEN`
    "#);
}

#[test]
fn an_api_without_encryption() {
    let text = complain(
        r#"github { api "http://github.example/api/v3"; }
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::malformed

      × `api` must be `https://…`: over `http://` the token could be read on the way
       ╭─[factory.kdl:2:14]
     1 │ factory "acme"
     2 │ github { api "http://github.example/api/v3"; }
       ·              ───────────────┬──────────────
       ·                             ╰── this value
       ╰────
      help: `http://` is for this machine only, e.g. `http://127.0.0.1:8080`
    "#);
}

#[test]
fn an_api_with_a_password() {
    let text = complain(
        r#"github { api "https://me:s3cretpassword@github.example"; }
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::malformed

      × `api` must be the address of an API without user, query or fragment
       ╭─[factory.kdl:2:14]
     1 │ factory "acme"
     2 │ github { api "https://*****************@github.example"; }
       ·              ─────────────────────┬────────────────────
       ·                                   ╰── this value
       ╰────
      help: credentials go into `auth`, as a reference

    config::literal-secret

      × a credential is written out
       ╭─[factory.kdl:2:26]
     1 │ factory "acme"
     2 │ github { api "https://*****************@github.example"; }
       ·                          ───────┬──────
       ·                                 ╰── has the form of one
       ╰────
      help: put it into the environment or a file and refer to it: `secret="env:NAME"` or `secret="file:PATH"`
            in a `var` of an agent, `env:NAME` where a field takes a reference; if this was ever committed or
            pushed, revoke it
    "#);
}

#[test]
fn an_app_without_its_key() {
    let text = complain(
        r#"github { auth "app" id=1234; }
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::missing

      × `auth "app"` has no `key`
       ╭─[factory.kdl:2:10]
     1 │ factory "acme"
     2 │ github { auth "app" id=1234; }
       ·          ──┬─
       ·            ╰── here
       ╰────
      help: write `auth "app" id=1234 key="env:FACTORY_APP_KEY"`
    "#);
}

#[test]
fn a_token_for_an_app() {
    let text = complain(
        r#"github { auth "app" id=1234 key="env:KEY" token="env:TOKEN"; }
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::no-effect

      × `token` has no meaning with `auth "app"`
       ╭─[factory.kdl:2:43]
     1 │ factory "acme"
     2 │ github { auth "app" id=1234 key="env:KEY" token="env:TOKEN"; }
       ·                                           ──┬──
       ·                                             ╰── remove this
       ╰────
      help: a token is written `auth "token" token="env:GITHUB_TOKEN"`
    "#);
}

#[test]
fn a_reviewer_who_is_the_author() {
    let app = complain(
        r#"github { auth "app" id=1234 key="env:KEY"; identity "reviewer" kind="app" id=1234 key="env:OTHER"; }
"#,
    );
    let token = complain(
        r#"github { identity "reviewer" kind="token" token="env:GITHUB_TOKEN"; }
"#,
    );
    insta::assert_snapshot!(format!("{app}{token}"), @r#"
    config::duplicate

      × author and reviewer are both the App 1234, and an approval of oneself is none
       ╭─[factory.kdl:2:10]
     1 │ factory "acme"
     2 │ github { auth "app" id=1234 key="env:KEY"; identity "reviewer" kind="app" id=1234 key="env:OTHER"; }
       ·          ──┬─                                       ─────┬────
       ·            │                                             ╰── the same again
       ·            ╰── the author
       ╰────
      help: make a second App, or a token of another account; or leave the reviewer out, so that people approve

    config::duplicate

      × author and reviewer are both the token in env:GITHUB_TOKEN, and an approval of oneself is none
       ╭─[factory.kdl:2:19]
     1 │ factory "acme"
     2 │ github { identity "reviewer" kind="token" token="env:GITHUB_TOKEN"; }
       ·                   ─────┬────
       ·                        ╰── the same again
       ╰────
      help: make a second App, or a token of another account; or leave the reviewer out, so that people approve
    "#);
}

#[test]
fn an_identity_that_is_none() {
    let named = complain(
        r#"github { identity "author" kind="app" id=1 key="env:KEY"; }
"#,
    );
    let other = complain(
        r#"github { identity "critic" kind="app" id=1 key="env:KEY"; }
"#,
    );
    let half = complain(
        r#"github { identity "reviewer" kind="app" key="env:KEY" token="env:TOKEN"; }
"#,
    );
    let none = complain(
        r#"github { identity "reviewer" kind="token"; }
"#,
    );
    insta::assert_snapshot!(format!("{named}{other}{half}{none}"), @r#"
    config::unknown-word

      × there is no identity `author` to be given
       ╭─[factory.kdl:2:19]
     1 │ factory "acme"
     2 │ github { identity "author" kind="app" id=1 key="env:KEY"; }
       ·                   ────┬───
       ·                       ╰── here
       ╰────
      help: the author is who `auth` says

    config::unknown-word

      × there is no identity `critic` to be given
       ╭─[factory.kdl:2:19]
     1 │ factory "acme"
     2 │ github { identity "critic" kind="app" id=1 key="env:KEY"; }
       ·                   ────┬───
       ·                       ╰── here
       ╰────
      help: the one besides the author is the reviewer: `identity "reviewer" kind="app" id=5678
            key="env:REVIEWER_APP_KEY"`

    config::missing

      × `identity "reviewer" kind="app"` has no `id`
       ╭─[factory.kdl:2:10]
     1 │ factory "acme"
     2 │ github { identity "reviewer" kind="app" key="env:KEY" token="env:TOKEN"; }
       ·          ────┬───
       ·              ╰── here
       ╰────
      help: write `identity "reviewer" kind="app" id=1234 key="env:REVIEWER_APP_KEY"`

    config::no-effect

      × `token` has no meaning with `identity "reviewer" kind="app"`
       ╭─[factory.kdl:2:55]
     1 │ factory "acme"
     2 │ github { identity "reviewer" kind="app" key="env:KEY" token="env:TOKEN"; }
       ·                                                       ──┬──
       ·                                                         ╰── remove this
       ╰────
      help: a token is written `identity "reviewer" kind="token" token="env:REVIEWER_TOKEN"`

    config::missing

      × `identity "reviewer" kind="token"` has no `token`
       ╭─[factory.kdl:2:10]
     1 │ factory "acme"
     2 │ github { identity "reviewer" kind="token"; }
       ·          ────┬───
       ·              ╰── here
       ╰────
      help: write `identity "reviewer" kind="token" token="env:REVIEWER_TOKEN"`
    "#);
}

#[test]
fn a_webhook_without_a_port() {
    let text = complain(
        r#"github { webhook listen="localhost" secret="env:HOOK"; }
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::malformed

      × `listen` must be an address to listen on, `host:port`, not "localhost"
       ╭─[factory.kdl:2:25]
     1 │ factory "acme"
     2 │ github { webhook listen="localhost" secret="env:HOOK"; }
       ·                         ─────┬─────
       ·                              ╰── this value
       ╰────
      help: e.g. `listen="127.0.0.1:8787"`
    "#);
}

#[test]
fn an_unknown_guard() {
    let text = complain(
        r#"allow "delete" address="repo/acme/**" until="2030-12-31" reason="clean-up"
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::unknown-word

      × there is no guard `delete` that can be overridden
       ╭─[factory.kdl:2:7]
     1 │ factory "acme"
     2 │ allow "delete" address="repo/acme/**" until="2030-12-31" reason="clean-up"
       ·       ────┬───
       ·           ╰── this value
       ╰────
      help: did you mean `deletes`?
    "#);
}

#[test]
fn a_guard_without_an_override() {
    let text = complain(
        r#"allow "self" address="repo/acme/**" until="2030-12-31" reason="clean-up"
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::unknown-word

      × there is no guard `self` that can be overridden
       ╭─[factory.kdl:2:7]
     1 │ factory "acme"
     2 │ allow "self" address="repo/acme/**" until="2030-12-31" reason="clean-up"
       ·       ───┬──
       ·          ╰── this value
       ╰────
      help: those are `deletes`, `weakening`, `visibility`, `archives`, `total`, `percent`, `protected` or
            `kill-switch`
    "#);
}

#[test]
fn an_override_past_its_date() {
    let text = complain(
        r#"allow "deletes" address="repo/acme/**" until="2026-05-31" reason="clean-up"
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::expired

      × this override of `deletes` ended on 2026-05-31; today is 2026-06-01
       ╭─[factory.kdl:2:46]
     1 │ factory "acme"
     2 │ allow "deletes" address="repo/acme/**" until="2026-05-31" reason="clean-up"
       ·                                              ──────┬─────
       ·                                                    ╰── has passed
       ╰────
      help: remove the `allow`, or set a later date if it is still needed
    "#);
}

#[test]
fn an_override_without_date_and_reason() {
    let text = complain(
        r#"allow "deletes" address="repo/acme/**"
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::missing

      × `allow "deletes"` has no `until`
       ╭─[factory.kdl:2:1]
     1 │ factory "acme"
     2 │ allow "deletes" address="repo/acme/**"
       · ──┬──
       ·   ╰── here
       ╰────
      help: add it, e.g. `until="2030-12-31"`: the last day, in UTC, on which it holds

    config::missing

      × `allow "deletes"` has no `reason`
       ╭─[factory.kdl:2:1]
     1 │ factory "acme"
     2 │ allow "deletes" address="repo/acme/**"
       · ──┬──
       ·   ╰── here
       ╰────
      help: add it, e.g. `reason="label clean-up"`: why, for the ledger
    "#);
}

#[test]
fn an_address_of_no_kind() {
    let text = complain_files([(
        "factory.kdl",
        r#"factory "acme" { protect "acme/legacy" reason="frozen"; }
"#,
    )]);
    insta::assert_snapshot!(text, @r#"
    config::malformed

      × the address of `protect` must be an address, in which `*` and `**` may stand for parts, not
      │ "acme/legacy"
       ╭─[factory.kdl:1:26]
     1 │ factory "acme" { protect "acme/legacy" reason="frozen"; }
       ·                          ──────┬──────
       ·                                ╰── this value
       ╰────
      help: `acme/legacy` doesn't start with one of `repo/`, `loop/`, `term/`; e.g. `repo/acme/widgets`,
            `repo/acme/**`, `repo/*/*/label/bug`
    "#);
}

#[test]
fn an_unknown_loop() {
    let text = complain(
        r#"loop "lables" enabled=#false
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::unknown-loop

      × there is no loop `lables`
       ╭─[factory.kdl:2:6]
     1 │ factory "acme"
     2 │ loop "lables" enabled=#false
       ·      ────┬───
       ·          ╰── this value
       ╰────
      help: did you mean `labels`?
    "#);
}

#[test]
fn an_unknown_setting_of_a_loop() {
    let text = complain(
        r#"loop "stale" { stale-afer "60d"; }
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::unknown-key

      × there is no `stale-afer` in `loop`
       ╭─[factory.kdl:2:16]
     1 │ factory "acme"
     2 │ loop "stale" { stale-afer "60d"; }
       ·                ─────┬────
       ·                     ╰── unknown here
       ╰────
      help: did you mean `stale-after`?
    "#);
}

#[test]
fn a_setting_of_a_loop_out_of_range() {
    let text = complain(
        r#"loop "stale" { max-per-tick 1000; }
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::out-of-range

      × `max-per-tick` must be a whole number from 1 to 100, not 1000
       ╭─[factory.kdl:2:29]
     1 │ factory "acme"
     2 │ loop "stale" { max-per-tick 1000; }
       ·                             ──┬─
       ·                               ╰── this value
       ╰────
      help: e.g. `max-per-tick 10`
    "#);
}

#[test]
fn a_reason_for_a_loop_that_runs() {
    let text = complain(
        r#"loop "labels" reason="why not"
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::no-effect

      ⚠ `reason` has no effect: `loop "labels"` is enabled
       ╭─[factory.kdl:2:15]
     1 │ factory "acme"
     2 │ loop "labels" reason="why not"
       ·               ───┬──
       ·                  ╰── says nothing
       ╰────
      help: it belongs to `enabled=#false`; remove it, or disable the loop
    "#);
}

#[test]
fn an_address_of_a_repository_that_is_not_declared() {
    let text = complain_files([(
        "factory.kdl",
        r#"factory "acme" {
    config "acme/factory"
    protect "repo/acme/wigdets/**" reason="frozen"
    protect "repo/acme/factory" reason="its own"
    protect "repo/acme/WIDGETS/label/bug" reason="named in another case"
    protect "repo/other/*/visibility" reason="frozen"
    protect "loop/labels" reason="no repository"
}
repo "acme/widgets"
allow "deletes" address="repo/acme/elsewhere" until="2030-12-31" reason="clean-up"
allow "deletes" address="repo/*/*/label/*" until="2030-12-31" reason="clean-up"
"#,
    )]);
    insta::assert_snapshot!(text, @r#"
    config::no-effect

      ⚠ `protect` names `repo/acme/wigdets/**`, which covers no repository that config declares
       ╭─[factory.kdl:3:13]
     2 │     config "acme/factory"
     3 │     protect "repo/acme/wigdets/**" reason="frozen"
       ·             ───────────┬──────────
       ·                        ╰── has no effect
     4 │     protect "repo/acme/factory" reason="its own"
       ╰────
      help: did you mean `repo/acme/widgets/**`?

    config::no-effect

      ⚠ `protect` names `repo/other/*/visibility`, which covers no repository that config declares
       ╭─[factory.kdl:6:13]
     5 │     protect "repo/acme/WIDGETS/label/bug" reason="named in another case"
     6 │     protect "repo/other/*/visibility" reason="frozen"
       ·             ────────────┬────────────
       ·                         ╰── has no effect
     7 │     protect "loop/labels" reason="no repository"
       ╰────
      help: name repositories that config declares: `repo/OWNER/NAME`

    config::no-effect

      ⚠ `allow` names `repo/acme/elsewhere`, which covers no repository that config declares
        ╭─[factory.kdl:10:25]
      9 │ repo "acme/widgets"
     10 │ allow "deletes" address="repo/acme/elsewhere" until="2030-12-31" reason="clean-up"
        ·                         ──────────┬──────────
        ·                                   ╰── has no effect
     11 │ allow "deletes" address="repo/*/*/label/*" until="2030-12-31" reason="clean-up"
        ╰────
      help: declare it, `repo "acme/elsewhere"`, or remove this: what isn't declared isn't changed
    "#);
}

#[test]
fn a_label_with_a_slash() {
    let text = complain(
        r#"repo "acme/w"
allow "deletes" address="repo/acme/w/label/kind/bug" until="2030-12-31" reason="x"
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::malformed

      × `address` must be an address, in which `*` and `**` may stand for parts, not
      │ "repo/acme/w/label/kind/bug"
       ╭─[factory.kdl:3:25]
     2 │ repo "acme/w"
     3 │ allow "deletes" address="repo/acme/w/label/kind/bug" until="2030-12-31" reason="x"
       ·                         ──────────────┬─────────────
       ·                                       ╰── this value
       ╰────
      help: `repo/acme/w/label/kind/bug` covers nothing; did you mean `repo/acme/w/label/kind%2Fbug`?
    "#);
}
