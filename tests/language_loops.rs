//! The loops that keep a language true, from outside: what each proposes, as one pull request whose diff is the change that it
//! tells, through to the next plan, which wants nothing.

use factoryctl::twin::world::IssueState;

use crate::tasks::{file, pulls, small, url};
use crate::world::World;

const CONFIG: &str = r#"factory "acme"
repo "acme/anvil" {
    language {
        roots "src"
        glossary "wiki/glossary.md"
        map "wiki/map.md"
        architecture "wiki/architecture.md"
        context "core" {
            sources "src/core/**"
        }
        context "edge" {
            sources "src/edge/**"
        }
    }
}
"#;

/// Puts a file onto the branch of the repository on GitHub.
pub(crate) fn push(w: &World, path: &str, text: &str) {
    w.github().push_file("acme/anvil", "main", path, text).expect("it is pushed");
}

/// A type with something in it, so that it can be told from others.
fn service(name: &str, fields: &[&str]) -> String {
    let fields: Vec<String> =
        fields.iter().map(|it| format!("    pub {it}: Vec<(u64, String)>,\n")).collect();
    format!("/// One.\npub struct {name} {{\n{}}}\n", fields.concat())
}

fn term(id: &str, name: &str, anchor: &str) -> String {
    format!(
        "---\nid: \"{id}\"\nname: \"{name}\"\nkind: \"service\"\nbounded_context: \"core\"\ncode_anchor: \"{anchor}\"\n\
         aliases: []\nrelated: []\nevidence: []\nsuperseded_by: null\nsuperseded_reason: null\nconfidence: \"accepted\"\n\
         created_at: \"2026-01-01T00:00:00Z\"\nupdated_at: \"2026-01-01T00:00:00Z\"\n---\n\n## Definition\n\n\
         What {name} stands for in the trade.\n"
    )
}

const CRANE: &str = "01HZY3N4Q5R6S7T8V9W0X1Y2Z3";
const DOCK: &str = "01HZY3N4Q5R6S7T8V9W0X1Y2Z4";

/// A repository with two services that are terms.
fn yard(test: impl FnOnce(&World)) {
    small(|w| {
        push(w, "src/core/crane.rs", &service("CraneService", &["lifts", "loads", "chains"]));
        push(w, "src/core/dock.rs", &service("DockService", &["ships", "gates"]));
        push(
            w,
            "wiki/terms/crane-service.md",
            &term(CRANE, "CraneService", "src/core/crane.rs:CraneService"),
        );
        push(w, "wiki/terms/dock-service.md", &term(DOCK, "DockService", "src/core/dock.rs:DockService"));
        w.config(CONFIG);
        settle(w);
        test(w);
    });
}

/// The open pull requests: number, title and branch.
fn open(w: &World) -> Vec<(u64, String, String)> {
    w.github().with(|world| {
        let issues = &world.repo("acme", "anvil").expect("there").issues;
        let open = issues.values().filter(|it| it.state == IssueState::Open);
        let open = open.filter_map(|it| Some((it, it.pull.as_ref()?)));
        open.map(|(it, pull)| (it.number, it.title.clone(), pull.head_ref.clone())).collect()
    })
}

/// Carries out and merges until nothing is wanted any more.
#[track_caller]
fn settle(w: &World) {
    for _ in 0..8 {
        w.apply(&[]).exits(0);
        let open = open(w);
        for (number, ..) in &open {
            w.github().merge_pull("acme/anvil", *number).expect("it is merged");
        }
        if open.is_empty() && w.plan(&[]).code == 0 {
            return;
        }
    }
    panic!("it goes on and on:\n{}", w.plan(&[]).all());
}

/// The files that differ between the branch of a pull request and what it is for.
fn changed(w: &World, branch: &str) -> Vec<String> {
    let url = url(w);
    let refs = ["+main:refs/x/main", &format!("+{branch}:refs/x/it")];
    assert!(w.plain("git", &["fetch", "-q", &url, refs[0], refs[1]]).status.success());
    let shown = w.plain("git", &["diff", "--name-only", "refs/x/main...refs/x/it"]);
    String::from_utf8_lossy(&shown.stdout).lines().map(str::to_owned).collect()
}

/// Applies, and gives number, title and branch of the one pull request of a keeper that is open then.
#[track_caller]
fn proposed(w: &World, keeper: &str) -> (u64, String, String) {
    w.apply(&[]).exits(0);
    let mut its = open(w);
    its.retain(|(_, _, branch)| branch.split('/').nth(3) == Some(keeper));
    assert_eq!(its.len(), 1, "{its:?}\n{}", w.plan(&[]).all());
    its.remove(0)
}

#[track_caller]
fn merged(w: &World) {
    for (number, ..) in open(w) {
        w.github().merge_pull("acme/anvil", number).expect("it is merged");
    }
}

#[test]
fn a_term_follows_its_code_and_is_deprecated_without_it() {
    yard(|w| {
        // It moved.
        push(w, "src/core/dock.rs", "// Moved.\n");
        push(w, "src/core/quay.rs", &service("DockService", &["ships", "gates"]));
        let plan = w.plan(&[]).exits(2);
        assert!(plan.out.contains("wiki/terms/dock-service.md"), "{}", plan.all());
        let (_, title, branch) = proposed(w, "term-pruner");
        assert_eq!(title, "Re-anchor 1 term");
        assert_eq!(changed(w, &branch), ["wiki/glossary.md", "wiki/terms/dock-service.md"]);
        w.plan(&[]).exits(0);
        merged(w);
        settle(w);
        let text = file(w, "main", "wiki/terms/dock-service.md").expect("it is there");
        assert!(text.contains("code_anchor: \"src/core/quay.rs:DockService\""), "{text}");
        // It is gone.
        push(w, "src/core/quay.rs", "// Gone.\n");
        let (_, title, _) = proposed(w, "term-pruner");
        assert_eq!(title, "Deprecate 1 term whose code is gone");
        merged(w);
        settle(w);
        let text = file(w, "main", "wiki/terms/dock-service.md").expect("it is there");
        assert!(text.contains("confidence: \"deprecated\""), "{text}");
    });
}

#[test]
fn what_people_close_is_not_proposed_again_and_another_change_is() {
    yard(|w| {
        push(w, "src/core/dock.rs", "// Gone.\n");
        let (number, ..) = proposed(w, "term-pruner");
        w.github().close_pull("acme/anvil", number).expect("it is closed");
        let plan = w.plan(&["--loop", "term-pruner"]).exits(0);
        assert!(
            plan.out.contains(&format!("this one was closed with #{number}, which is a decision")),
            "{}",
            plan.all()
        );
        push(w, "src/core/quay.rs", &service("DockService", &["ships", "gates"]));
        let (_, title, _) = proposed(w, "term-pruner");
        assert_eq!(title, "Re-anchor 1 term");
    });
}

/// Of the family of the terms one pull request is open at a time, whoever opened it.
#[test]
fn pull_requests_of_one_language_come_one_at_a_time() {
    yard(|w| {
        push(w, "src/core/dock.rs", "// Gone.\n");
        push(
            w,
            "src/core/crane.rs",
            &format!(
                "use crate::core::base::Base;\n\n{}",
                service("CraneService", &["lifts", "loads", "chains"])
            ),
        );
        w.apply(&[]).exits(0);
        let terms = |w: &World| {
            let all = pulls(w);
            all.iter().filter(|(_, branch)| branch.starts_with("factory/keep/language/")).count()
        };
        let before = terms(w);
        assert_eq!(
            open(w).iter().filter(|(_, _, branch)| branch.starts_with("factory/keep/language/")).count(),
            1
        );
        w.apply(&[]).exits(0);
        assert_eq!(terms(w), before, "nothing stands beside it");
    });
}

#[test]
fn what_nothing_changed_of_costs_two_requests_at_first() {
    yard(|w| {
        w.requests();
        w.plan(&["--loop", "term-pruner", "--loop", "diagram", "--loop", "wiki-rot-detector"]).exits(0);
        let asked = w.requests();
        let github: Vec<String> = asked.iter().map(|it| it.path.clone()).collect();
        // Where everything stands, and what landed, which a process that goes on remembers.
        assert_eq!(github, ["/graphql", "/graphql"]);
    });
}
