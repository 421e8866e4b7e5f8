//! The decisions of a project from outside: begun, listed, held to the code, and numbered.

use factoryctl::twin::{FaultAction, FaultRule};

use crate::language::{CONFIG, yard};

#[test]
fn decisions_are_begun_listed_and_held_to_the_code() {
    yard(|w| {
        w.run(&["adr", "new", "Cranes lift one thing at a time"]).exits(0);
        let path = "adr/0001-cranes-lift-one-thing-at-a-time.md";
        let text = std::fs::read_to_string(w.path("config").join(path)).unwrap();
        assert!(text.starts_with("# ADR-0001: Cranes lift one thing at a time\n"), "{text}");
        w.write(
            path,
            "# ADR-0001: Cranes lift one thing at a time\n\n**Status:** Accepted\n**Date:** 2026-11-01\n**Enforcement:** decision-of-record\n\n## Context\n\nTwo fell.\n\n## Decision\n\n`src/core/crane.rs:CraneServise` counts.\n\n## Consequences\n\nIt takes longer.\n",
        );
        let refused = w.run(&["adr", "lint"]).exits(3);
        assert!(
            refused.err.contains("CraneServise") && refused.err.contains("CraneService"),
            "{}",
            refused.all()
        );
        w.run(&["adr", "new", "Ships wait"]).exits(0);
        let listed = w.run(&["adr", "list"]).exits(0);
        insta::assert_snapshot!(listed.out, @r"
        ADR-0001  Accepted    Cranes lift one thing at a time
        ADR-0002  Proposed    Ships wait
        ");
        w.run(&["adr", "index"]).exits(0);
        w.run(&["adr", "index", "--check"]).exits(0);
        // What can't be read has its number all the same, and no table is made without it.
        std::fs::write(w.path("config/adr/0003-cafes-open.md"), b"# ADR-0003: Caf\xe9s\n").unwrap();
        let begun = w.run(&["adr", "new", "Docks are dredged"]).exits(0);
        assert!(begun.out.contains("adr/0004-docks-are-dredged.md"), "{}", begun.all());
        let listed = w.run(&["adr", "list"]).exits(0);
        assert!(listed.err.contains("`adr/0003-cafes-open.md` is left out"), "{}", listed.all());
        let refused = w.run(&["adr", "index"]).exits(3);
        assert!(refused.err.contains("0003-cafes-open.md"), "{}", refused.all());
        for path in ["0003-cafes-open.md", "0004-docks-are-dredged.md"] {
            std::fs::remove_file(w.path("config/adr").join(path)).unwrap();
        }
        w.write("adr/0002-ships-hurry.md", "# ADR-0002: Ships hurry\n");
        let several = w.run(&["adr", "show", "2"]).exits(64);
        for file in ["adr/0002-ships-hurry.md", "adr/0002-ships-wait.md"] {
            assert!(several.err.contains(file), "{}", several.all());
        }
        std::fs::remove_file(w.path("config/adr/0002-ships-hurry.md")).unwrap();
        let nobody = w.run(&["adr", "show", "9"]).exits(64);
        assert!(nobody.err.contains("there is no decision `9`"), "{}", nobody.all());
    });
}

#[test]
fn a_decision_takes_no_number_that_an_open_pull_request_has() {
    crate::tasks::small(|w| {
        let github = w.github();
        github.push_file("acme/anvil", "main", "README.md", "Anvils.\n").unwrap();
        github
            .push_file("acme/anvil", "other", "adr/0004-ships-wait.md", "# ADR-0004: Ships wait\n")
            .unwrap();
        github.open_pull("acme/anvil", "other", "main", "Ships wait").unwrap();
        let own = CONFIG.replace("factory \"acme\"", "factory \"acme\" { config \"acme/anvil\"; }");
        w.config(&own);
        let begun = w.run(&["adr", "new", "Cranes lift one thing at a time"]).exits(0);
        assert!(begun.out.contains("adr/0005-cranes-lift-one-thing-at-a-time.md"), "{}", begun.all());
        // One that has the number all the same is found where GitHub is asked.
        w.write(
            "adr/0004-docks-are-dredged.md",
            "# ADR-0004: Docks are dredged\n\n**Status:** Proposed\n\n## Context\n\nMud.\n\n## Decision\n\nDredge.\n\n## Consequences\n\nNoise.\n",
        );
        let alone = w.run(&["adr", "lint"]).all();
        assert!(!alone.contains("ADR-0004 is also"), "{alone}");
        let asked = w.run(&["adr", "lint", "--open-pulls", "--json"]).exits(3).json();
        let says = "ADR-0004 is also the number of `adr/0004-ships-wait.md` of pull request #2";
        let all = asked["diagnostics"].as_array().expect("there are some");
        let is_said = |it: &serde_json::Value| it["message"].as_str().is_some_and(|it| it.contains(says));
        assert!(all.iter().any(is_said), "{asked:#}");
        // Who can't ask is told, and has a decision all the same.
        let refuse = FaultAction::Status { status: 404, body: None, headers: [].into() };
        w.faults(vec![FaultRule::every(refuse).on("GET", "/repos/acme/anvil/pulls")]);
        let blind = w.run(&["adr", "new", "Docks are dredged"]).exits(0);
        assert!(blind.err.contains("which numbers open pull requests take is not known"), "{}", blind.all());
        assert!(blind.out.contains("adr/0006-docks-are-dredged.md"), "{}", blind.all());
        let unknown = w.run(&["adr", "lint", "--open-pulls"]);
        assert!(unknown.code != 0 && unknown.err.contains("/repos/acme/anvil/pulls"), "{}", unknown.all());
    });
}
