//! Mistakes in what runs may cost.

use super::{codes, complain, files};

#[test]
fn a_limit_on_spend_without_prices() {
    let text = complain(
        r#"caps spend-per-day=50
agent "claude" kind="claude" spend="$5"
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::uncounted-spend

      × `spend-per-day` can't be kept: there is no table of prices to count by
       ╭─[factory.kdl:2:20]
     1 │ factory "acme"
     2 │ caps spend-per-day=50
       ·                    ─┬
       ·                     ╰── this limit
     3 │ agent "claude" kind="claude" spend="$5"
       ╰────
      help: declare one: `factoryctl explain prices` shows how

    config::uncounted-spend

      × `spend` can't be kept: there is no table of prices to count by
       ╭─[factory.kdl:3:36]
     2 │ caps spend-per-day=50
     3 │ agent "claude" kind="claude" spend="$5"
       ·                                    ──┬─
       ·                                      ╰── this limit
       ╰────
      help: declare one: `factoryctl explain prices` shows how
    "#);
}

#[test]
fn a_limit_on_the_spend_of_what_tells_nothing() {
    let text = complain(
        r#"prices as-of="2026-05-01" { model "m" input=1 cached=1 output=1; }
agent "make" kind="command" spend=5 { program "make"; }
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::uncounted-spend

      × `spend` can't be kept: a plain command tells nothing of what it uses
       ╭─[factory.kdl:3:35]
     2 │ prices as-of="2026-05-01" { model "m" input=1 cached=1 output=1; }
     3 │ agent "make" kind="command" spend=5 { program "make"; }
       ·                                   ┬
       ·                                   ╰── this limit
       ╰────
      help: limit its `time` instead
    "#);
}

#[test]
fn an_amount_in_words() {
    let text = complain(
        r#"prices as-of="2026-05-01" { model "m" input="three" cached=0.0000001 output=200000; }
prices as-of="2026-05-01"
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::malformed

      × `input` must be an amount in US dollars, `5` or `0.25`, not "three"
       ╭─[factory.kdl:2:45]
     1 │ factory "acme"
     2 │ prices as-of="2026-05-01" { model "m" input="three" cached=0.0000001 output=200000; }
       ·                                             ───┬───
       ·                                                ╰── this value
     3 │ prices as-of="2026-05-01"
       ╰────
      help: write digits, and at most six more after a point: `5`, `0.25`, `"$5"`

    config::malformed

      × `cached` must be an amount in US dollars, `5` or `0.25`, not the number 0.0000001
       ╭─[factory.kdl:2:60]
     1 │ factory "acme"
     2 │ prices as-of="2026-05-01" { model "m" input="three" cached=0.0000001 output=200000; }
       ·                                                            ────┬────
       ·                                                                ╰── this value
     3 │ prices as-of="2026-05-01"
       ╰────
      help: write digits, and at most six more after a point: `5`, `0.25`, `"$5"`

    config::out-of-range

      × `output` must be an amount in US dollars, `5` or `0.25`, not the number 200000
       ╭─[factory.kdl:2:77]
     1 │ factory "acme"
     2 │ prices as-of="2026-05-01" { model "m" input="three" cached=0.0000001 output=200000; }
       ·                                                                             ───┬──
       ·                                                                                ╰── this value
     3 │ prices as-of="2026-05-01"
       ╰────
      help: at most 100000 dollars are allowed

    config::duplicate

      × `prices` is declared twice
       ╭─[factory.kdl:2:1]
     1 │ factory "acme"
     2 │ prices as-of="2026-05-01" { model "m" input="three" cached=0.0000001 output=200000; }
       · ───┬──
       ·    ╰── first declared here
     3 │ prices as-of="2026-05-01"
       · ───┬──
       ·    ╰── declared again here
       ╰────
      help: `prices` may stand once; merge the two
    "#);
}

#[test]
fn a_table_of_nothing() {
    let text = complain("prices as-of=\"2026-05-01\"\n");
    insta::assert_snapshot!(text, @r#"
    config::missing

      × `prices` has no model
       ╭─[factory.kdl:2:1]
     1 │ factory "acme"
     2 │ prices as-of="2026-05-01"
       · ───┬──
       ·    ╰── here
       ╰────
      help: name one at least: `model "claude-sonnet-*" input=3.75 cached=0.30 output=15`
    "#);
}

/// Config, like the table itself, takes `Opus` and `opus` for one model.
#[test]
fn a_model_twice_or_without_a_name() {
    let text = complain(
        r#"prices as-of="2026-05-01" {
  model "Opus" input=1 cached=1 output=1
  model "opus" input=2 cached=2 output=2
  model "" input=1 cached=1 output=1
}
agent "a" kind="claude" model=" "
"#,
    );
    insta::assert_snapshot!(text, @r#"
    config::duplicate

      × `model "opus"` is declared twice
       ╭─[factory.kdl:3:9]
     2 │ prices as-of="2026-05-01" {
     3 │   model "Opus" input=1 cached=1 output=1
       ·         ───┬──
       ·            ╰── first declared here
     4 │   model "opus" input=2 cached=2 output=2
       ·         ───┬──
       ·            ╰── declared again here
     5 │   model "" input=1 cached=1 output=1
       ╰────
      help: remove one of them, or merge them; case makes no difference

    config::malformed

      × the name of `model` must be a model's name, 1 to 200 characters on one line, not ""
       ╭─[factory.kdl:5:9]
     4 │   model "opus" input=2 cached=2 output=2
     5 │   model "" input=1 cached=1 output=1
       ·         ─┬
       ·          ╰── this value
     6 │ }
       ╰────

    config::malformed

      × `model` must be a model's name, 1 to 200 characters on one line, not " "
       ╭─[factory.kdl:7:31]
     6 │ }
     7 │ agent "a" kind="claude" model=" "
       ·                               ─┬─
       ·                                ╰── this value
       ╰────
      help: e.g. `model="opus"`
    "#);
}

#[test]
fn prices_of_a_day_to_come() {
    let text = complain("prices as-of=\"2026-06-03\" { model \"m\" input=1 cached=0 output=0; }\n");
    insta::assert_snapshot!(text, @r#"
    config::odd-prices

      ⚠ these prices are of a day to come: 2026-06-03; today is 2026-06-01
       ╭─[factory.kdl:2:14]
     1 │ factory "acme"
     2 │ prices as-of="2026-06-03" { model "m" input=1 cached=0 output=0; }
       ·              ──────┬─────
       ·                    ╰── is still to come
       ╰────
      help: write the day on which they were looked up
    "#);
    // Where the sun rises first it is tomorrow already.
    let given = files([(
        "factory.kdl",
        "factory \"acme\"\nprices as-of=\"2026-06-02\" { model \"m\" input=1 cached=0 output=0; }\n",
    )]);
    assert_eq!(codes(&given), [] as [&str; 0]);
}

#[test]
fn prices_of_nothing() {
    let text = complain(
        "prices as-of=\"2026-05-01\" { model \"a\" input=0 cached=0 output=0; model \"b\" input=0 cached=0 output=0; }\n",
    );
    insta::assert_snapshot!(text, @r#"
    config::odd-prices

      ⚠ `prices` has no price above zero
       ╭─[factory.kdl:2:1]
     1 │ factory "acme"
     2 │ prices as-of="2026-05-01" { model "a" input=0 cached=0 output=0; model "b" input=0 cached=0 output=0; }
       · ───┬──
       ·    ╰── all of these are 0
       ╰────
      help: what is counted by it costs nothing, whatever the model, and no limit on spend is ever reached:
            write what is charged
    "#);
}
