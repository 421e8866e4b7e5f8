//! Live flips become pull requests, and are withdrawn when they end.

use super::table;
use crate::model::samples::{desired, observed, with_config};
use crate::model::{Address, CommitId, Observed, OpenFlip, ProposedFile};

fn flip(in_force: bool, pull: Option<(u64, bool)>, edited: bool) -> Observed {
    let text = "factory \"acme\"\n\nloop \"labels\" enabled=#false\n".to_owned();
    let files = if edited { vec![ProposedFile { path: "factory.kdl".into(), text }] } else { Vec::new() };
    let mut out = observed([]);
    out.flips.push(OpenFlip {
        branch: "factory/flip/loop-labels-0a1b2c".into(),
        address: Address::loop_("labels"),
        on: false,
        until: None,
        in_force,
        files,
        said: false,
        reason: "it is too eager".into(),
        by: "ann@host".into(),
        base: ("main".into(), CommitId::parse(&"ab".repeat(20)).unwrap()),
        pull,
    });
    out
}

fn on(mut observed: Observed) -> Observed {
    observed.flips[0].on = true;
    observed
}

fn said(mut observed: Observed) -> Observed {
    observed.flips[0].said = true;
    observed
}

#[test]
fn flips_are_proposed_kept_and_withdrawn() {
    let config = || with_config(desired([]), "acme/config");
    #[expect(clippy::large_stack_arrays, reason = "a table of whole worlds")]
    let rows = [
        ("in force, not proposed yet", config(), flip(true, None, true)),
        ("in force, proposed", config(), flip(true, Some((4, true)), true)),
        ("in force, proposed on another state of the file", config(), flip(true, Some((4, false)), true)),
        ("in force, and config has no place for it", config(), flip(true, None, false)),
        ("in force, and config says so already", config(), said(flip(true, None, false))),
        ("switched on, though config has it off", config(), on(flip(true, None, true))),
        ("over, still proposed", config(), flip(false, Some((4, true)), true)),
        ("over, and its branch is left", config(), flip(false, None, true)),
        ("a factory without a config repository", desired([]), flip(true, None, true)),
    ];
    insta::assert_snapshot!(table("flips", rows), @r#"
    in force, not proposed yet
      acme/config
        + propose branch/factory/flip/loop-labels-0a1b2c
            branch: "factory/flip/loop-labels-0a1b2c"
            files:
              +path: "factory.kdl"
              +text:
              +factory "acme"
              +
              +loop "labels" enabled=#false
            why: loop/labels was switched off live by ann@host
    in force, proposed
      nothing
    in force, proposed on another state of the file
      acme/config
        + propose branch/factory/flip/loop-labels-0a1b2c
            branch: "factory/flip/loop-labels-0a1b2c"
            files:
              +path: "factory.kdl"
              +text:
              +factory "acme"
              +
              +loop "labels" enabled=#false
            why: loop/labels was switched off live by ann@host
    in force, and config has no place for it
      waiting
        repo/acme/config/branch/factory%2Fflip%2Floop-labels-0a1b2c: the config to have a place where this flip can be written
    in force, and config says so already
      nothing
    switched on, though config has it off
      acme/config
        + propose branch/factory/flip/loop-labels-0a1b2c
            branch: "factory/flip/loop-labels-0a1b2c"
            files:
              +path: "factory.kdl"
              +text:
              +factory "acme"
              +
              +loop "labels" enabled=#false
            why: loop/labels was switched on live by ann@host
    over, still proposed
      acme/config
        - withdraw branch/factory/flip/loop-labels-0a1b2c
            pull: 4 → (none)
            why: the live flip of loop/labels ended
    over, and its branch is left
      acme/config
        - withdraw branch/factory/flip/loop-labels-0a1b2c
            branch: "factory/flip/loop-labels-0a1b2c" → (none)
            why: the live flip of loop/labels ended
    a factory without a config repository
      nothing
    "#);
}
