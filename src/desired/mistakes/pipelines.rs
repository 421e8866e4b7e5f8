//! Mistakes in pipelines, playbooks and merge policies.

use super::complain;

#[test]
fn names_that_nothing_has() {
    let text = complain(
        r#"agent "claude" kind="claude"
merge-policy "guarded"
pipeline "standard" { intake "please"; agents "cluade"; merge-policy "gaurded"; }
defaults { pipeline "standrad"; }
repo "acme/widgets" { merge-policy "open"; }
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::unknown-agent

      × there is no agent `cluade` in this config
       ╭─[factory.kdl:4:47]
     3 │ merge-policy "guarded"
     4 │ pipeline "standard" { intake "please"; agents "cluade"; merge-policy "gaurded"; }
       ·                                               ────┬───
       ·                                                   ╰── named here
     5 │ defaults { pipeline "standrad"; }
       ╰────
      help: did you mean `claude`?

    config::unknown-merge-policy

      × there is no merge policy `gaurded` in this config
       ╭─[factory.kdl:4:70]
     3 │ merge-policy "guarded"
     4 │ pipeline "standard" { intake "please"; agents "cluade"; merge-policy "gaurded"; }
       ·                                                                      ────┬────
       ·                                                                          ╰── named here
     5 │ defaults { pipeline "standrad"; }
       ╰────
      help: did you mean `guarded`?

    config::unknown-pipeline

      × there is no pipeline `standrad` in this config
       ╭─[factory.kdl:5:21]
     4 │ pipeline "standard" { intake "please"; agents "cluade"; merge-policy "gaurded"; }
     5 │ defaults { pipeline "standrad"; }
       ·                     ─────┬────
       ·                          ╰── named here
     6 │ repo "acme/widgets" { merge-policy "open"; }
       ╰────
      help: did you mean `standard`?

    config::unknown-merge-policy

      × there is no merge policy `open` in this config
       ╭─[factory.kdl:6:36]
     5 │ defaults { pipeline "standrad"; }
     6 │ repo "acme/widgets" { merge-policy "open"; }
       ·                                    ───┬──
       ·                                       ╰── named here
       ╰────
      help: declare it at the top of any file: `merge-policy "open" { mode "on-green"; require-checks "…"; }`

    config::no-effect

      ⚠ no repository is under `merge-policy "guarded"`
       ╭─[factory.kdl:3:14]
     2 │ agent "claude" kind="claude"
     3 │ merge-policy "guarded"
       ·              ────┬────
       ·                  ╰── has no effect
     4 │ pipeline "standard" { intake "please"; agents "cluade"; merge-policy "gaurded"; }
       ╰────
      help: name it in a `pipeline`, in `defaults`, a `group` or a `repo`: `merge-policy "guarded"`

    config::no-effect

      ⚠ no repository has `pipeline "standard"`
       ╭─[factory.kdl:4:10]
     3 │ merge-policy "guarded"
     4 │ pipeline "standard" { intake "please"; agents "cluade"; merge-policy "gaurded"; }
       ·          ─────┬────
       ·               ╰── has no effect
     5 │ defaults { pipeline "standrad"; }
       ╰────
      help: name it in `defaults`, a `group` or a `repo`: `pipeline "standard"`
    "#);
}

#[test]
fn playbooks_that_nothing_would_use() {
    let text = complain(
        r#"playbook "plann" { attempts 3; }
playbook "dance" { prompt "Dance."; }
playbook "-stuck" { prompt "Dance."; }
playbook "network-stuck"
playbook "review-stuck" phase="review"
playbook "principles-stuck" { prompt "Dance."; }
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::unknown-playbook

      × nothing would use a playbook `plann`
       ╭─[factory.kdl:2:10]
     1 │ factory "acme"
     2 │ playbook "plann" { attempts 3; }
       ·          ───┬───
       ·             ╰── unknown
     3 │ playbook "dance" { prompt "Dance."; }
       ╰────
      help: did you mean `plan`? A specialist's name ends in `-stuck`

    config::unknown-playbook

      × nothing would use a playbook `dance`
       ╭─[factory.kdl:3:10]
     2 │ playbook "plann" { attempts 3; }
     3 │ playbook "dance" { prompt "Dance."; }
       ·          ───┬───
       ·             ╰── unknown
     4 │ playbook "-stuck" { prompt "Dance."; }
       ╰────
      help: those that are used are `diagnose`, `discover`, `discover-stuck`, `implement`, `implement-stuck`,
            `mid-flight`, `plan`, `plan-review`, `plan-stuck`, `post-verify`, `pre-flight`, `quality-review`,
            `repair-checks`, `resolve-conflict`, `review-stuck`, `rework`, `shape`, `shape-mediate`,
            `shape-stuck`, `spec-review`, `triage`, `triage-stuck`; a specialist's name ends in `-stuck`

    config::unknown-playbook

      × nothing would use a playbook `-stuck`
       ╭─[factory.kdl:4:10]
     3 │ playbook "dance" { prompt "Dance."; }
     4 │ playbook "-stuck" { prompt "Dance."; }
       ·          ────┬───
       ·              ╰── unknown
     5 │ playbook "network-stuck"
       ╰────
      help: those that are used are `diagnose`, `discover`, `discover-stuck`, `implement`, `implement-stuck`,
            `mid-flight`, `plan`, `plan-review`, `plan-stuck`, `post-verify`, `pre-flight`, `quality-review`,
            `repair-checks`, `resolve-conflict`, `review-stuck`, `rework`, `shape`, `shape-mediate`,
            `shape-stuck`, `spec-review`, `triage`, `triage-stuck`; a specialist's name ends in `-stuck`

    config::missing

      × `playbook "network-stuck"` has no `prompt`, and there is no built-in one of this name
       ╭─[factory.kdl:5:10]
     4 │ playbook "-stuck" { prompt "Dance."; }
     5 │ playbook "network-stuck"
       ·          ───────┬───────
       ·                 ╰── here
     6 │ playbook "review-stuck" phase="review"
       ╰────
      help: say what the specialist is to do: `prompt "Find out why {{issue}} is stuck. {{findings}}"`

    config::malformed

      × `playbook "review-stuck"` is for the phase `hitl`, not `review`
       ╭─[factory.kdl:6:31]
     5 │ playbook "network-stuck"
     6 │ playbook "review-stuck" phase="review"
       ·                               ────┬───
       ·                                   ╰── another phase
     7 │ playbook "principles-stuck" { prompt "Dance."; }
       ╰────
      help: write `phase="hitl"`, or leave it out

    config::unknown-playbook

      × nothing would use a playbook `principles-stuck`
       ╭─[factory.kdl:7:10]
     6 │ playbook "review-stuck" phase="review"
     7 │ playbook "principles-stuck" { prompt "Dance."; }
       ·          ─────────┬────────
       ·                   ╰── for people only
       ╰────
      help: what is labelled so judges the factory, and no agent tries it: take it out
    "#);
}

#[test]
fn places_of_a_prompt() {
    let text = complain(
        r#"playbook "plan" {
    prompt """
        Plan {{issue}} and {{ comments }}.
        Mind "{{isue}}", {{everything}}, and {{this.
        """
}
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::unknown-place

      × there is no place ` comments ` in prompts
       ╭─[factory.kdl:4:28]
     3 │     prompt """
     4 │         Plan {{issue}} and {{ comments }}.
       ·                            ───────┬──────
       ·                                   ╰── nothing is put here
     5 │         Mind "{{isue}}", {{everything}}, and {{this.
       ╰────
      help: did you mean `{{comments}}`?

    config::unknown-place

      × there is no place `isue` in prompts
       ╭─[factory.kdl:5:15]
     4 │         Plan {{issue}} and {{ comments }}.
     5 │         Mind "{{isue}}", {{everything}}, and {{this.
       ·               ────┬───
       ·                   ╰── nothing is put here
     6 │         """
       ╰────
      help: did you mean `{{issue}}`?

    config::unknown-place

      × there is no place `everything` in prompts
       ╭─[factory.kdl:5:26]
     4 │         Plan {{issue}} and {{ comments }}.
     5 │         Mind "{{isue}}", {{everything}}, and {{this.
       ·                          ───────┬──────
       ·                                 ╰── nothing is put here
     6 │         """
       ╰────
      help: the places are `issue`, `comments`, `criteria`, `brief`, `direction`, `plan`, `changes`, `findings`,
            `context`, `before`

    config::malformed

      × `{{` is not closed on its line
       ╭─[factory.kdl:5:46]
     4 │         Plan {{issue}} and {{ comments }}.
     5 │         Mind "{{isue}}", {{everything}}, and {{this.
       ·                                              ─┬
       ·                                               ╰── begins here
     6 │         """
       ╰────
      help: close it, `{{issue}}`; `{{` begins a place wherever it stands in a prompt
    "#);
}

#[test]
fn a_pipeline_without_anybody_to_do_it() {
    let text = complain(
        r#"pipeline "standard" { intake "factory:please"; }
repo "acme/widgets" { pipeline "standard"; }
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::missing

      × `pipeline "standard"` has no agent, and neither has the playbook `diagnose`
       ╭─[factory.kdl:2:10]
     1 │ factory "acme"
     2 │ pipeline "standard" { intake "factory:please"; }
       ·          ─────┬────
       ·               ╰── here
     3 │ repo "acme/widgets" { pipeline "standard"; }
       ╰────
      help: name one that config declares: `agents "claude"`
    "#);
}

#[test]
fn labels_that_mark_where_an_issue_is() {
    let text = complain(
        r#"pipeline "a" { intake "factory:Plan"; }
pipeline "b" { intake "x"; prefix ""; }
pipeline "c" { intake "x"; prefix "a,b"; }
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::malformed

      × `pipeline "a"` takes in `factory:Plan`, which is a label of its own
       ╭─[factory.kdl:2:23]
     1 │ factory "acme"
     2 │ pipeline "a" { intake "factory:Plan"; }
       ·                       ───────┬──────
       ·                              ╰── marks where an issue is
     3 │ pipeline "b" { intake "x"; prefix ""; }
       ╰────
      help: take another one: `intake "factory:please"`

    config::malformed

      × with the `prefix` of `pipeline "b"` its labels are plain words, `done` and `plan`
       ╭─[factory.kdl:3:35]
     2 │ pipeline "a" { intake "factory:Plan"; }
     3 │ pipeline "b" { intake "x"; prefix ""; }
       ·                                   ─┬
       ·                                    ╰── this prefix
     4 │ pipeline "c" { intake "x"; prefix "a,b"; }
       ╰────
      help: write something that tells them from others: `prefix "factory:"`

    config::malformed

      × no label can begin with the `prefix` of `pipeline "c"`: a label's name has no control characters and
      │ no comma
       ╭─[factory.kdl:4:35]
     3 │ pipeline "b" { intake "x"; prefix ""; }
     4 │ pipeline "c" { intake "x"; prefix "a,b"; }
       ·                                   ──┬──
       ·                                     ╰── this prefix
       ╰────
      help: write something that tells them from others: `prefix "factory:"`

    config::no-effect

      ⚠ no repository has `pipeline "a"`
       ╭─[factory.kdl:2:10]
     1 │ factory "acme"
     2 │ pipeline "a" { intake "factory:Plan"; }
       ·          ─┬─
       ·           ╰── has no effect
     3 │ pipeline "b" { intake "x"; prefix ""; }
       ╰────
      help: name it in `defaults`, a `group` or a `repo`: `pipeline "a"`

    config::no-effect

      ⚠ no repository has `pipeline "b"`
       ╭─[factory.kdl:3:10]
     2 │ pipeline "a" { intake "factory:Plan"; }
     3 │ pipeline "b" { intake "x"; prefix ""; }
       ·          ─┬─
       ·           ╰── has no effect
     4 │ pipeline "c" { intake "x"; prefix "a,b"; }
       ╰────
      help: name it in `defaults`, a `group` or a `repo`: `pipeline "b"`

    config::no-effect

      ⚠ no repository has `pipeline "c"`
       ╭─[factory.kdl:4:10]
     3 │ pipeline "b" { intake "x"; prefix ""; }
     4 │ pipeline "c" { intake "x"; prefix "a,b"; }
       ·          ─┬─
       ·           ╰── has no effect
       ╰────
      help: name it in `defaults`, a `group` or a `repo`: `pipeline "c"`
    "#);
}

#[test]
fn green_without_a_check() {
    let text = complain(
        r#"merge-policy "open" { mode "on-green"; }
merge-policy "blank" { mode "on-green-with-review"; require-checks ""; }
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::never-green

      × `merge-policy "open"` is `on-green` and requires no check: an empty set is never green
       ╭─[factory.kdl:2:28]
     1 │ factory "acme"
     2 │ merge-policy "open" { mode "on-green"; }
       ·                            ─────┬────
       ·                                 ╰── nothing would ever be merged
     3 │ merge-policy "blank" { mode "on-green-with-review"; require-checks ""; }
       ╰────
      help: name the checks that must have passed, `require-checks "ci"`, or write `mode "never"`

    config::malformed

      × one of `require-checks` is blank
       ╭─[factory.kdl:3:68]
     2 │ merge-policy "open" { mode "on-green"; }
     3 │ merge-policy "blank" { mode "on-green-with-review"; require-checks ""; }
       ·                                                                    ─┬
       ·                                                                     ╰── says nothing
       ╰────
      help: remove it, or say what is meant

    config::no-effect

      ⚠ no repository is under `merge-policy "open"`
       ╭─[factory.kdl:2:14]
     1 │ factory "acme"
     2 │ merge-policy "open" { mode "on-green"; }
       ·              ───┬──
       ·                 ╰── has no effect
     3 │ merge-policy "blank" { mode "on-green-with-review"; require-checks ""; }
       ╰────
      help: name it in a `pipeline`, in `defaults`, a `group` or a `repo`: `merge-policy "open"`

    config::no-effect

      ⚠ no repository is under `merge-policy "blank"`
       ╭─[factory.kdl:3:14]
     2 │ merge-policy "open" { mode "on-green"; }
     3 │ merge-policy "blank" { mode "on-green-with-review"; require-checks ""; }
       ·              ───┬───
       ·                 ╰── has no effect
       ╰────
      help: name it in a `pipeline`, in `defaults`, a `group` or a `repo`: `merge-policy "blank"`
    "#);
}

#[test]
fn freezes_that_no_clock_shows() {
    let text = complain(
        r#"merge-policy "guarded" {
    freeze "Fri 16:00..Mo 08:00"
    freeze "Fri 16:00..Mon 8:00"
    freeze "weekend"
    freeze "Sat 00:00..Sat 00:00"
    freeze "Fri 16:00..Mon 08:00" tz="Europe/Berln"
}
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::malformed

      × there is no day `Mo`
       ╭─[factory.kdl:3:24]
     2 │ merge-policy "guarded" {
     3 │     freeze "Fri 16:00..Mo 08:00"
       ·                        ─┬
       ·                         ╰── here
     4 │     freeze "Fri 16:00..Mon 8:00"
       ╰────
      help: the days are Mon, Tue, Wed, Thu, Fri, Sat, Sun

    config::malformed

      × there is no time `8:00`
       ╭─[factory.kdl:4:28]
     3 │     freeze "Fri 16:00..Mo 08:00"
     4 │     freeze "Fri 16:00..Mon 8:00"
       ·                            ──┬─
       ·                              ╰── here
     5 │     freeze "weekend"
       ╰────
      help: write hours and minutes, from `00:00` to `23:59`

    config::malformed

      × "weekend" is no time from one moment to another
       ╭─[factory.kdl:5:13]
     4 │     freeze "Fri 16:00..Mon 8:00"
     5 │     freeze "weekend"
       ·             ───┬───
       ·                ╰── here
     6 │     freeze "Sat 00:00..Sat 00:00"
       ╰────
      help: write day and time of both ends: `"Fri 16:00..Mon 08:00"`

    config::malformed

      × "Sat 00:00..Sat 00:00" ends when it begins
       ╭─[factory.kdl:6:13]
     5 │     freeze "weekend"
     6 │     freeze "Sat 00:00..Sat 00:00"
       ·             ──────────┬─────────
       ·                       ╰── here
     7 │     freeze "Fri 16:00..Mon 08:00" tz="Europe/Berln"
       ╰────
      help: write day and time of both ends: `"Fri 16:00..Mon 08:00"`

    config::malformed

      × there is no time zone `Europe/Berln`
       ╭─[factory.kdl:7:38]
     6 │     freeze "Sat 00:00..Sat 00:00"
     7 │     freeze "Fri 16:00..Mon 08:00" tz="Europe/Berln"
       ·                                      ───────┬──────
       ·                                             ╰── this time zone
     8 │ }
       ╰────
      help: did you mean `Europe/Berlin`?

    config::no-effect

      ⚠ no repository is under `merge-policy "guarded"`
       ╭─[factory.kdl:2:14]
     1 │ factory "acme"
     2 │ merge-policy "guarded" {
       ·              ────┬────
       ·                  ╰── has no effect
     3 │     freeze "Fri 16:00..Mo 08:00"
       ╰────
      help: name it in a `pipeline`, in `defaults`, a `group` or a `repo`: `merge-policy "guarded"`
    "#);
}

#[test]
fn globs_that_match_nothing() {
    let text = complain(
        r#"merge-policy "guarded" { people-paths "deploy/[" " "; }
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::malformed

      × `deploy/[` in `people-paths` can't be read as a glob: unclosed character class; missing ']'
       ╭─[factory.kdl:2:39]
     1 │ factory "acme"
     2 │ merge-policy "guarded" { people-paths "deploy/[" " "; }
       ·                                       ─────┬────
       ·                                            ╰── this glob
       ╰────
      help: `*` stands for anything but `/`, `**` for that too, `?` for one character: `deploy/**`

    config::malformed

      × one of `people-paths` is blank
       ╭─[factory.kdl:2:50]
     1 │ factory "acme"
     2 │ merge-policy "guarded" { people-paths "deploy/[" " "; }
       ·                                                  ─┬─
       ·                                                   ╰── says nothing
       ╰────
      help: remove it, or say what is meant

    config::no-effect

      ⚠ no repository is under `merge-policy "guarded"`
       ╭─[factory.kdl:2:14]
     1 │ factory "acme"
     2 │ merge-policy "guarded" { people-paths "deploy/[" " "; }
       ·              ────┬────
       ·                  ╰── has no effect
       ╰────
      help: name it in a `pipeline`, in `defaults`, a `group` or a `repo`: `merge-policy "guarded"`
    "#);
}

#[test]
fn an_approval_that_the_factory_cannot_give() {
    let text = complain(
        r#"merge-policy "guarded" { mode "on-green-with-review"; require-checks "ci"; }
repo "acme/widgets" { merge-policy "guarded"; }
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::one-identity

      ⚠ `merge-policy "guarded"` waits for a person: the factory has one identity, and can't approve its own
      │ work
       ╭─[factory.kdl:2:31]
     1 │ factory "acme"
     2 │ merge-policy "guarded" { mode "on-green-with-review"; require-checks "ci"; }
       ·                               ───────────┬──────────
       ·                                          ╰── an approval comes from a person
     3 │ repo "acme/widgets" { merge-policy "guarded"; }
       ╰────
      help: leave it so where people approve; `github { identity "reviewer" … }` gives the factory a second one;
            `mode "on-green"` merges without an approval
    "#);
}

#[test]
fn a_pipeline_that_nobody_has() {
    let text = complain(
        r#"agent "claude" kind="claude"
pipeline "standard" { intake "please"; agents "claude"; }
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::no-effect

      ⚠ no repository has `pipeline "standard"`
       ╭─[factory.kdl:3:10]
     2 │ agent "claude" kind="claude"
     3 │ pipeline "standard" { intake "please"; agents "claude"; }
       ·          ─────┬────
       ·               ╰── has no effect
       ╰────
      help: name it in `defaults`, a `group` or a `repo`: `pipeline "standard"`
    "#);
}

#[test]
fn advisors() {
    let text = complain(
        r#"pipeline "p" {
    intake "x"
    agents "claude"
    advisor "post-flight"
    advisor "pre-flight" agents="claud" { consults 3; authority "advice"; }
    advisor "mid-flight" consults=0
    advisor "post-verify" authority="veto" on-failure="maybe"
    advisor "post-verify"
}
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::unknown-agent

      × there is no agent `claude` in this config
       ╭─[factory.kdl:4:12]
     3 │     intake "x"
     4 │     agents "claude"
       ·            ────┬───
       ·                ╰── named here
     5 │     advisor "post-flight"
       ╰────
      help: declare it at the top of any file: `agent "claude" kind="…"`

    config::unknown-word

      × the name of `advisor` must be `pre-flight`, `mid-flight` or `post-verify`, not "post-flight"
       ╭─[factory.kdl:5:13]
     4 │     agents "claude"
     5 │     advisor "post-flight"
       ·             ──────┬──────
       ·                   ╰── this value
     6 │     advisor "pre-flight" agents="claud" { consults 3; authority "advice"; }
       ╰────
      help: did you mean `pre-flight`?

    config::unknown-agent

      × there is no agent `claud` in this config
       ╭─[factory.kdl:6:33]
     5 │     advisor "post-flight"
     6 │     advisor "pre-flight" agents="claud" { consults 3; authority "advice"; }
       ·                                 ───┬───
       ·                                    ╰── named here
     7 │     advisor "mid-flight" consults=0
       ╰────
      help: declare it at the top of any file: `agent "claud" kind="…"`

    config::out-of-range

      × `consults` must be a whole number from 1 to 20, not 0
       ╭─[factory.kdl:7:35]
     6 │     advisor "pre-flight" agents="claud" { consults 3; authority "advice"; }
     7 │     advisor "mid-flight" consults=0
       ·                                   ┬
       ·                                   ╰── this value
     8 │     advisor "post-verify" authority="veto" on-failure="maybe"
       ╰────
      help: e.g. `consults=5`

    config::unknown-word

      × `on-failure` must be `open` or `veto`, not "maybe"
       ╭─[factory.kdl:8:55]
     7 │     advisor "mid-flight" consults=0
     8 │     advisor "post-verify" authority="veto" on-failure="maybe"
       ·                                                       ───┬───
       ·                                                          ╰── this value
     9 │     advisor "post-verify"
       ╰────
      help: e.g. `on-failure="veto"`

    config::duplicate

      × `advisor "post-verify"` is declared twice
        ╭─[factory.kdl:8:13]
      7 │     advisor "mid-flight" consults=0
      8 │     advisor "post-verify" authority="veto" on-failure="maybe"
        ·             ──────┬──────
        ·                   ╰── first declared here
      9 │     advisor "post-verify"
        ·             ──────┬──────
        ·                   ╰── declared again here
     10 │ }
        ╰────
      help: remove one of them, or merge them; case makes no difference

    config::no-effect

      ⚠ no repository has `pipeline "p"`
       ╭─[factory.kdl:2:10]
     1 │ factory "acme"
     2 │ pipeline "p" {
       ·          ─┬─
       ·           ╰── has no effect
     3 │     intake "x"
       ╰────
      help: name it in `defaults`, a `group` or a `repo`: `pipeline "p"`

    config::no-effect

      ⚠ `advisor "pre-flight"` says `consults`, which only `mid-flight` makes use of
       ╭─[factory.kdl:6:43]
     5 │     advisor "post-flight"
     6 │     advisor "pre-flight" agents="claud" { consults 3; authority "advice"; }
       ·                                           ────┬───
       ·                                               ╰── has no effect
     7 │     advisor "mid-flight" consults=0
       ╰────
      help: remove it, or write it in `advisor "mid-flight"`

    config::no-effect

      ⚠ `advisor "pre-flight"` says `authority`, which only `post-verify` makes use of
       ╭─[factory.kdl:6:55]
     5 │     advisor "post-flight"
     6 │     advisor "pre-flight" agents="claud" { consults 3; authority "advice"; }
       ·                                                       ────┬────
       ·                                                           ╰── has no effect
     7 │     advisor "mid-flight" consults=0
       ╰────
      help: remove it, or write it in `advisor "post-verify"`
    "#);
}

#[test]
fn repositories_in_which_a_pipeline_finds_nothing() {
    let text = complain(
        r#"agent "claude" kind="claude"
pipeline "standard" { intake "please"; agents "claude"; }
defaults { pipeline "standard"; }
repo "acme/anvil"
repo "acme/barn" { has-issues #false; }
repo "acme/attic" { archived #true; pipeline "standard"; }
repo "acme/forge" { has-issues #false; pipeline "standard"; }
caps runs=2 runs-per-repo=3
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::no-effect

      ⚠ `repo "acme/attic"` is archived: a pipeline finds nothing there
       ╭─[factory.kdl:7:46]
     6 │ repo "acme/barn" { has-issues #false; }
     7 │ repo "acme/attic" { archived #true; pipeline "standard"; }
       ·                                              ─────┬────
       ·                                                   ╰── has no effect
     8 │ repo "acme/forge" { has-issues #false; pipeline "standard"; }
       ╰────
      help: remove it, or let the repository have issues

    config::no-effect

      ⚠ `repo "acme/forge"` has no issues (`has-issues #false`): a pipeline finds nothing there
       ╭─[factory.kdl:8:49]
     7 │ repo "acme/attic" { archived #true; pipeline "standard"; }
     8 │ repo "acme/forge" { has-issues #false; pipeline "standard"; }
       ·                                                 ─────┬────
       ·                                                      ╰── has no effect
     9 │ caps runs=2 runs-per-repo=3
       ╰────
      help: remove it, or let the repository have issues

    config::no-effect

      ⚠ no repository has so many: `runs` is 2 for all of them
       ╭─[factory.kdl:9:27]
     8 │ repo "acme/forge" { has-issues #false; pipeline "standard"; }
     9 │ caps runs=2 runs-per-repo=3
       ·                           ┬
       ·                           ╰── has no effect
       ╰────
      help: lower it to 2 at most, or raise `runs`
    "#);
}
