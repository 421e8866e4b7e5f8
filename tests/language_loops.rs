//! The loops that keep a language true, from outside: what each proposes, as one pull request whose diff is the change that it
//! tells, through to the next plan, which wants nothing.

use factoryctl::twin::world::IssueState;

use crate::tasks::{ended, file, pulls, runs, small, url};
use crate::world::{World, sample, world_of};

pub(crate) const CONFIG: &str = r#"factory "acme"
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
pub(crate) fn service(name: &str, fields: &[&str]) -> String {
    let fields: Vec<String> =
        fields.iter().map(|it| format!("    pub {it}: Vec<(u64, String)>,\n")).collect();
    format!("/// One.\npub struct {name} {{\n{}}}\n", fields.concat())
}

pub(crate) fn term(id: &str, name: &str, anchor: &str) -> String {
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
pub(crate) fn yard(test: impl FnOnce(&World)) {
    small(|w| {
        push(w, "src/core/crane.rs", &service("CraneService", &["lifts", "loads", "chains"]));
        push(w, "src/core/dock.rs", &service("DockService", &["ships", "gates"]));
        push(
            w,
            "wiki/terms/crane-service.md",
            &term(CRANE, "CraneService", "src/core/crane.rs:CraneService"),
        );
        push(w, "wiki/terms/dock-service.md", &term(DOCK, "DockService", "src/core/dock.rs:DockService"));
        rendered(w);
        w.config(CONFIG);
        settle(w);
        test(w);
    });
}

/// Puts the glossary and the map of these two terms there, as `term render` makes them.
fn rendered(w: &World) {
    let language = CONFIG.split_once("repo \"acme/anvil\" {").expect("it is there").1;
    let language = language.trim_end().strip_suffix('}').expect("it ends so");
    w.write("wiki/terms/crane-service.md", &term(CRANE, "CraneService", "src/core/crane.rs:CraneService"));
    w.write("wiki/terms/dock-service.md", &term(DOCK, "DockService", "src/core/dock.rs:DockService"));
    w.config(&format!("factory \"acme\"\n{language}"));
    w.run(&["term", "render"]).exits(0);
    for path in ["wiki/glossary.md", "wiki/map.md"] {
        push(w, path, &std::fs::read_to_string(w.path(&format!("config/{path}"))).expect("it was rendered"));
    }
}

/// The open pull requests: number, title and branch.
pub(crate) fn open(w: &World) -> Vec<(u64, String, String)> {
    w.github().with(|world| {
        let issues = &world.repo("acme", "anvil").expect("there").issues;
        let open = issues.values().filter(|it| it.state == IssueState::Open);
        let open = open.filter_map(|it| Some((it, it.pull.as_ref()?)));
        open.map(|(it, pull)| (it.number, it.title.clone(), pull.head_ref.clone())).collect()
    })
}

/// Carries out and merges until nothing is wanted any more.
#[track_caller]
pub(crate) fn settle(w: &World) {
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
pub(crate) fn changed(w: &World, branch: &str) -> Vec<String> {
    let url = url(w);
    let refs = ["+main:refs/x/main", &format!("+{branch}:refs/x/it")];
    assert!(w.plain("git", &["fetch", "-q", &url, refs[0], refs[1]]).status.success());
    let shown = w.plain("git", &["diff", "--name-only", "refs/x/main...refs/x/it"]);
    String::from_utf8_lossy(&shown.stdout).lines().map(str::to_owned).collect()
}

/// Applies, and gives number, title and branch of the one pull request of a keeper that is open then.
#[track_caller]
pub(crate) fn proposed(w: &World, keeper: &str) -> (u64, String, String) {
    w.apply(&[]).exits(0);
    let mut its = open(w);
    its.retain(|(_, _, branch)| branch.split('/').nth(3) == Some(keeper));
    assert_eq!(its.len(), 1, "{its:?}\n{}", w.plan(&[]).all());
    its.remove(0)
}

#[track_caller]
pub(crate) fn merged(w: &World) {
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

/// An agent that answers by what its prompt is about.
const JUDGE: &str = r#"
agent "judge" kind="command" sandbox=#false {
    program "/bin/sh" "-c" "cat > prompt.txt; if grep -q 'wiki entry\\|term_ids' prompt.txt; then echo '{\"term_ids\":[\"01HZY3N4Q5R6S7T8V9W0X1Y2Z3\"]}' > $FACTORY_OUTBOX/answer.json; elif grep -q bounded_context prompt.txt; then echo '{\"include\":true,\"skip_reason\":null,\"definition\":\"What carries a load from the quay to the yard of the harbour.\",\"kind\":\"service\",\"bounded_context\":\"core\",\"aliases\":[],\"invariants\":[],\"depends_on\":[]}' > $FACTORY_OUTBOX/answer.json; else echo '{\"vote\":\"APPROVE\",\"duplicate_of\":null,\"reason\":\"It is sound, it is needed, and it says what follows from it.\"}' > $FACTORY_OUTBOX/answer.json; fi; rm prompt.txt"
}
loop "term-proposer" { agents "judge"; }
loop "entry-evidence" { agents "judge"; }
loop "adr-reviewer" { agents "judge"; }
"#;

/// Has everything judged that is to be judged, until a pull request of a keeper is open; how many runs that took.
#[track_caller]
fn judged(w: &World, keeper: &str) -> usize {
    for _ in 0..8 {
        w.apply(&[]).exits(0);
        ended(w);
        if open(w).iter().any(|(_, _, branch)| branch.split('/').nth(3) == Some(keeper)) {
            return runs(w).len();
        }
    }
    panic!("nothing comes of it:\n{}\n{}", w.plan(&[]).all(), w.run(&["runs", "list"]).all());
}

/// Open issues of keepers: number, title and text.
pub(crate) fn issues(w: &World) -> Vec<(u64, String, String)> {
    w.github().with(|world| {
        let issues = &world.repo("acme", "anvil").expect("there").issues;
        let own = issues.values().filter(|it| it.pull.is_none() && it.state == IssueState::Open);
        let own =
            own.filter(|it| it.body.as_ref().is_some_and(|body| body.starts_with("<!-- factoryctl:kept")));
        own.map(|it| (it.number, it.title.clone(), it.body.clone().unwrap_or_default())).collect()
    })
}

#[test]
fn a_word_for_what_the_code_has_grown_is_drafted_once() {
    yard(|w| {
        w.config(&format!("{CONFIG}{JUDGE}"));
        push(w, "src/core/tug.rs", &service("TugRunner", &["ropes", "bollards", "horns"]));
        let plan = w.plan(&["--loop", "term-proposer"]).exits(2);
        assert!(plan.out.contains("1 run to start"), "{}", plan.all());
        assert_eq!(judged(w, "term-proposer"), 1);
        let (_, _, branch) = proposed(w, "term-proposer");
        assert_eq!(changed(w, &branch), ["wiki/glossary.md", "wiki/map.md", "wiki/terms/tug-runner.md"]);
        merged(w);
        settle(w);
        assert_eq!(runs(w).len(), 1, "nothing is asked twice");
        let text = file(w, "main", "wiki/terms/tug-runner.md").expect("it is there");
        for says in ["code_anchor: \"src/core/tug.rs:TugRunner\"", "proposed_by", "What carries a load"] {
            assert!(text.contains(says), "{text}");
        }
    });
}

#[test]
fn relations_follow_the_code() {
    yard(|w| {
        push(w, "src/core/mod.rs", "pub mod crane;\npub mod dock;\n");
        push(w, "src/lib.rs", "pub mod core;\n");
        push(
            w,
            "src/core/crane.rs",
            &format!(
                "use crate::core::dock::DockService;\n\n{}",
                service("CraneService", &["lifts", "loads", "chains"])
                    .replace("Vec<(u64, String)>", "DockService")
            ),
        );
        let (_, title, branch) = proposed(w, "edge-proposer");
        assert!(title.contains("1 relation"), "{title}");
        assert_eq!(changed(w, &branch), ["wiki/map.md", "wiki/terms/crane-service.md"]);
        merged(w);
        settle(w);
        let crane = |w: &World| file(w, "main", "wiki/terms/crane-service.md").expect("it is there");
        assert!(
            crane(w).contains(&format!("{{\"kind\": \"depends_on\", \"target\": \"{DOCK}\"}}")),
            "{}",
            crane(w)
        );
        push(w, "src/core/crane.rs", &service("CraneService", &["lifts", "loads", "chains"]));
        proposed(w, "edge-proposer");
        merged(w);
        settle(w);
        assert!(crane(w).contains("related: []"), "{}", crane(w));
    });
}

#[test]
fn a_page_that_cites_what_is_gone_has_one_issue() {
    yard(|w| {
        push(
            w,
            "wiki/tides.md",
            "# Tides\n\nSee `src/core/dock.rs:DockService` and `src/core/gone.rs:Gone`.\n",
        );
        w.apply(&[]).exits(0);
        let rot = |w: &World| {
            let mut all = issues(w);
            all.retain(|(_, title, _)| title.starts_with("Wiki rot"));
            all
        };
        let [(number, title, body)] = rot(w).try_into().unwrap_or_else(|all| panic!("{all:?}"));
        assert!(title.contains("wiki/tides.md") && body.contains("src/core/gone.rs"), "{title}\n{body}");
        assert_eq!(body.matches("isn't there").count(), 1, "{body}");
        w.apply(&[]).exits(0);
        assert_eq!(rot(w).len(), 1, "told once");
        // It is written anew in place, and closed once it is mended.
        push(w, "wiki/tides.md", "# Tides\n\nSee `src/core/none.rs:None` and `src/core/gone.rs:Gone`.\n");
        w.apply(&[]).exits(0);
        assert!(rot(w)[0].0 == number && rot(w)[0].2.contains("src/core/none.rs"), "{:?}", rot(w));
        push(w, "wiki/tides.md", "# Tides\n\nSee `src/core/dock.rs:DockService`.\n");
        settle(w);
        assert_eq!(rot(w), []);
        // Who closes one has decided, until it has something else to say.
        push(w, "wiki/tides.md", "# Tides\n\nSee `src/core/gone.rs:Gone`.\n");
        w.apply(&[]).exits(0);
        let (second, ..) = rot(w)[0].clone();
        w.github().close_issue("acme/anvil", second, "octocat").expect("it is closed");
        let plan = w.plan(&["--loop", "wiki-rot-detector"]).exits(0);
        assert!(plan.out.contains(&format!("#{second} says the same and was closed")), "{}", plan.all());
        push(w, "wiki/tides.md", "# Tides\n\nIt is another line now.\n\nSee `src/core/gone.rs:Gone`.\n");
        let plan = w.plan(&["--loop", "wiki-rot-detector"]).exits(0);
        assert!(plan.out.contains(&format!("#{second} says the same and was closed")), "{}", plan.all());
        // While nobody can tell, nothing is over.
        push(w, "wiki/tides.md", "# Tides\n\nSee `src/core/dock.rs:Lost`.\n");
        w.apply(&[]).exits(0);
        let (third, ..) = rot(w)[0].clone();
        push(w, "src/core/dock.rs", "struct (\n");
        let plan = w.plan(&["--loop", "wiki-rot-detector"]).exits(0);
        assert!(plan.out.contains("nobody can tell whether it still holds"), "{}", plan.all());
        w.apply(&[]);
        assert_eq!(rot(w)[0].0, third, "it is open");
        push(w, "src/core/dock.rs", &service("DockService", &["ships", "gates"]));
        push(w, "wiki/tides.md", "# Tides\n\nSee `src/core/dock.rs:DockService`.\n");
        settle(w);
        assert_eq!(rot(w), []);
        // That the factory closed it is nobody's decision.
        push(w, "wiki/tides.md", "# Tides\n\nSee `src/core/dock.rs:Lost`.\n");
        w.apply(&[]).exits(0);
        assert!(rot(w)[0].0 > third, "it is told again");
    });
}

#[test]
fn the_page_of_the_code_is_drawn_from_it() {
    yard(|w| {
        push(w, "src/edge/desk.rs", &service("Desk", &["letters"]));
        push(w, "src/odd.rs", &service("Odd", &["ends"]));
        let (_, _, branch) = proposed(w, "diagram");
        assert_eq!(changed(w, &branch), ["wiki/architecture.md"]);
        let told = issues(w);
        assert!(told.iter().any(|(_, _, body)| body.contains("odd.rs")), "{told:?}");
        merged(w);
        push(w, "src/odd.rs", "");
        w.github().mutate(|_| ());
        settle(w);
        let page = file(w, "main", "wiki/architecture.md").expect("it is there");
        assert!(page.contains("edge") && page.contains("```mermaid"), "{page}");
    });
}

/// A decision as people write it.
fn decision(title: &str, status: &str, more: &str) -> String {
    format!(
        "# {title}\n\n**Status:** {status}\n**Date:** 2026-11-01\n{more}\n## Context\n\nShips come at night.\n\n## Decision\n\n\
         The dock is lit.\n\n## Consequences\n\nIt costs oil.\n"
    )
}

#[test]
fn a_decision_that_three_judges_approve_of_is_accepted() {
    yard(|w| {
        w.config(&format!("{CONFIG}{JUDGE}"));
        push(w, "adr/0001-light-the-dock.md", &decision("ADR-0001: Light the dock", "Proposed", ""));
        assert_eq!(judged(w, "adr-reviewer"), 3, "one run a judge");
        let (_, title, branch) = proposed(w, "adr-reviewer");
        assert_eq!(title, "Accept ADR-0001: Light the dock");
        assert_eq!(changed(w, &branch), ["adr/0001-light-the-dock.md"]);
        merged(w);
        settle(w);
        assert_eq!(runs(w).len(), 3);
        let text = file(w, "main", "adr/0001-light-the-dock.md").expect("it is there");
        assert!(text.contains("**Status:** Accepted\n"), "{text}");
    });
}

#[test]
fn checks_of_decisions_follow_their_tests_and_what_is_gone_is_told() {
    yard(|w| {
        let enforced = "**Enforcement:** enforced\n**Enforced by:** `test:src/core/dock.rs::it_is_lit`\n";
        let dock = service("DockService", &["ships", "gates"]);
        let test = "\n#[test]\nfn it_is_lit() {\n    let lamps = vec![(1, \"bow\"), (2, \"stern\"), (3, \"mast\")];\n    let mut lit = 0;\n    \
                    for (oil, place) in &lamps {\n        if !place.is_empty() {\n            lit += oil * 2;\n        }\n    }\n    \
                    assert_eq!(lit, 12, \"every lamp burns: {lamps:?}\");\n}\n";
        push(w, "src/core/dock.rs", &format!("{dock}{test}"));
        push(w, "adr/0001-light-the-dock.md", &decision("ADR-0001: Light the dock", "Accepted", enforced));
        settle(w);
        push(w, "src/core/dock.rs", &dock);
        push(w, "src/core/lamp.rs", &format!("pub struct Lamp;\n{test}"));
        let (_, title, branch) = proposed(w, "adr-conformance");
        assert!(title.starts_with("Re-point 1 check"), "{title}");
        assert_eq!(changed(w, &branch), ["adr/0001-light-the-dock.md"]);
        merged(w);
        settle(w);
        push(w, "src/core/lamp.rs", "pub struct Lamp;\n");
        w.apply(&[]).exits(0);
        let told = issues(w);
        assert!(
            told.iter().any(|(_, title, body)| title.contains("ADR-0001") && body.contains("it_is_lit")),
            "{told:?}"
        );
    });
}

#[test]
fn a_decision_that_a_merged_pull_request_left_behind_is_told() {
    yard(|w| {
        let text = decision("ADR-0001: Light the dock", "Accepted", "**Enforcement:** decision-of-record\n")
            .replace("The dock is lit.", "`src/core/dock.rs:DockService` is lit.");
        push(w, "adr/0001-light-the-dock.md", &text);
        settle(w);
        w.github().push_file("acme/anvil", "tidy", "src/core/dock.rs", "// Gone.\n").expect("it is pushed");
        let number = w.github().open_pull("acme/anvil", "tidy", "main", "Tidy").expect("it is opened");
        w.github().merge_pull("acme/anvil", number).expect("it is merged");
        w.apply(&[]).exits(0);
        let told = issues(w);
        assert!(
            told.iter()
                .any(|(_, title, body)| title.contains("ADR-0001") && body.contains(&format!("#{number}"))),
            "{told:?}\n{}",
            w.plan(&[]).all()
        );
    });
}

/// An entry of the wiki as it is written.
fn entry(id: &str, title: &str, body: &str) -> (String, String) {
    let text = format!(
        "---\nid: \"{id}\"\ntitle: \"{title}\"\ntopic: \"gotchas\"\nsource: {{\"type\": \"manual\", \"repo\": \"acme/anvil\"}}\n\
         created_at: \"2026-10-01T00:00:00Z\"\nupdated_at: \"2026-10-01T00:00:00Z\"\nvalid_from: \"2026-10-01T00:00:00Z\"\n\
         confidence: \"high\"\nstatus: \"active\"\ncorroborations: 1\n---\n\n{body}\n"
    );
    (format!("wiki/gotchas/{id}-{}.md", title.to_lowercase().replace(' ', "-")), text)
}

#[test]
fn an_entry_is_linked_to_the_term_that_it_speaks_of() {
    yard(|w| {
        w.config(&format!("{CONFIG}{JUDGE}"));
        let (path, text) =
            entry("01HZY3N4Q5R6S7T8V9W0X1Y2A1", "Grease it", "A CraneService that isn't greased howls.");
        push(w, &path, &text);
        assert_eq!(judged(w, "entry-evidence"), 1);
        merged(w);
        settle(w);
        assert_eq!(runs(w).len(), 1);
        let text = file(w, "main", "wiki/terms/crane-service.md").expect("it is there");
        assert!(text.contains("evidence: [\"01HZY3N4Q5R6S7T8V9W0X1Y2A1\"]"), "{text}");
    });
}

#[test]
fn an_entry_that_holds_no_longer_is_put_on_record() {
    yard(|w| {
        let (path, text) = entry("01HZY3N4Q5R6S7T8V9W0X1Y2A1", "Light it", "At night it is dark.");
        let text = text.replace("confidence:", "valid_to: \"2026-10-02T00:00:00Z\"\nconfidence:");
        push(w, &path, &text);
        let (_, _, branch) = proposed(w, "repo-wiki");
        assert!(changed(w, &branch).contains(&path), "{:?}", changed(w, &branch));
        merged(w);
        settle(w);
        assert!(file(w, "main", &path).expect("it is there").contains("status: \"stale\""));
    });
}

/// Nothing that a look costs grows with what is there: of ten repositories in which nothing changed three questions are asked, how
/// each stands, what landed there and what is said on its open pull requests, and no model is.
#[test]
fn ten_repositories_in_which_nothing_changed_cost_three_requests() {
    let mut github = sample::github();
    let names: Vec<String> = (0..10).map(|n| format!("yard{n}")).collect();
    for name in &names {
        github.add_repo("acme", name);
    }
    world_of(github, |w| {
        for name in &names {
            let push = |path: &str, text: &str| {
                w.github().push_file(&format!("acme/{name}"), "main", path, text).expect("it is pushed");
            };
            push("src/core/crane.rs", &service("CraneService", &["lifts", "loads"]));
            push(
                "wiki/terms/crane-service.md",
                &term(CRANE, "CraneService", "src/core/crane.rs:CraneService"),
            );
        }
        let repos: String = names.iter().map(|name| format!("repo \"acme/{name}\"\n")).collect();
        let language = CONFIG.split_once("repo \"acme/anvil\" {").expect("it is there").1;
        w.config(&format!("factory \"acme\"\ndefaults {{{language}{JUDGE}{repos}"));
        let open = |w: &World| -> Vec<(String, u64)> {
            let of = |name: &String| {
                w.github().with(|world| {
                    let issues = &world.repo("acme", name).expect("there").issues;
                    let open = issues.values().filter(|it| it.pull.is_some() && it.state == IssueState::Open);
                    open.map(|it| (format!("acme/{name}"), it.number)).collect::<Vec<_>>()
                })
            };
            names.iter().flat_map(of).collect()
        };
        for _ in 0..8 {
            w.apply(&[]).exits(0);
            for (repo, number) in open(w) {
                w.github().merge_pull(&repo, number).expect("it is merged");
            }
        }
        w.plan(&[]).exits(0);
        let asked = || -> Vec<String> {
            w.requests();
            let all = factoryctl::model::keeping::KEEPERS.iter().copied().chain(["language-review"]);
            w.plan(&all.flat_map(|name| ["--loop", name]).collect::<Vec<_>>()).exits(0);
            w.requests().iter().map(|it| it.path.clone()).collect()
        };
        assert_eq!(asked(), ["/graphql", "/graphql"]);
        // With an open pull request in each, a third one asks what is said on them.
        for name in &names {
            let repo = format!("acme/{name}");
            let text = service("CraneService", &["lifts", "loads", "hooks"]);
            w.github().push_file(&repo, "hook", "src/core/crane.rs", &text).expect("it is pushed");
            w.github().open_pull(&repo, "hook", "main", "Hook").expect("it is opened");
        }
        w.apply(&["repo/acme/*/pull/*/language/language-review"]).exits(0);
        assert_eq!(asked(), ["/graphql", "/graphql", "/graphql"]);
        assert_eq!(runs(w).len(), 0);
    });
}

/// What was taken back by the factory itself is nobody's decision, and what landed once may be due again.
#[test]
fn a_change_that_is_due_again_is_proposed_again() {
    yard(|w| {
        let dock = service("DockService", &["ships", "gates"]);
        for _ in 0..2 {
            push(w, "src/core/dock.rs", "// Gone.\n");
            proposed(w, "term-pruner");
            push(w, "src/core/dock.rs", &dock);
            w.apply(&[]).exits(0);
            assert!(!open(w).iter().any(|(_, title, _)| title.starts_with("Deprecate")), "{:?}", open(w));
        }
        // The page of the code changes, and changes back, and changes once more.
        settle(w);
        let page = |w: &World| file(w, "main", "wiki/architecture.md").expect("it is there");
        let before = page(w);
        for n in 0..3 {
            push(w, "src/edge/desk.rs", &service("Desk", &["letters"]));
            let (.., branch) = proposed(w, "diagram");
            assert_eq!(changed(w, &branch), ["wiki/architecture.md"], "time {n}");
            merged(w);
            settle(w);
            assert_ne!(page(w), before);
            push(w, "src/edge/desk.rs", "");
            settle(w);
        }
    });
}

/// A term that nobody can read would be lost from the glossary; what people wrote there goes in a change that says so.
#[test]
fn nothing_is_rendered_over_what_would_be_lost() {
    yard(|w| {
        push(w, "src/core/dock.rs", "// Gone.\n");
        let crane = file(w, "main", "wiki/terms/crane-service.md").expect("it is there");
        push(
            w,
            "wiki/terms/crane-service.md",
            &crane.replace("name: \"CraneService\"", "name: CraneService"),
        );
        let plan = w.plan(&["--loop", "term-pruner"]);
        assert!(!plan.out.contains("propose") && plan.all().contains("crane-service.md"), "{}", plan.all());
        push(w, "wiki/terms/crane-service.md", &crane);
        let glossary = file(w, "main", "wiki/glossary.md").expect("it is there");
        push(w, "wiki/glossary.md", &format!("{glossary}\n## Berth\n\nWhere a ship lies.\n"));
        let (_, title, branch) = proposed(w, "term-pruner");
        assert_eq!(
            (&*title, changed(w, &branch)),
            ("Render `wiki/glossary.md` from the terms anew", vec!["wiki/glossary.md".to_owned()])
        );
        merged(w);
        assert_eq!(file(w, "main", "wiki/glossary.md").as_deref(), Some(&*glossary));
        let (_, title, _) = proposed(w, "term-pruner");
        assert!(title.starts_with("Deprecate"), "{title}");
    });
}

/// A keeper that can't decide takes neither what it told for mended, nor what it proposed for needless.
#[test]
fn what_was_told_and_proposed_stays_while_nobody_can_decide() {
    yard(|w| {
        push(w, "src/odd.rs", &service("Odd", &["ends"]));
        w.apply(&[]).exits(0);
        let told = |w: &World| issues(w).iter().filter(|(_, _, body)| body.contains("odd.rs")).count();
        assert_eq!(told(w), 1, "{:?}", issues(w));
        w.config(&CONFIG.replace("roots \"src\"", "roots \"lib\""));
        let plan = w.plan(&["--loop", "diagram"]);
        for what in ["keep issue", "withdraw"] {
            assert!(!plan.out.contains(what), "{}", plan.all());
        }
        assert!(plan.all().contains("no source file is indexed"), "{}", plan.all());
    });
}

/// The language of a managed repository stands in config, and its words in a clone of it.
#[test]
fn the_words_of_a_managed_repository_are_looked_at_and_written_in_its_clone() {
    yard(|w| {
        let clone = w.path("home/anvil");
        let at = clone.to_str().expect("it is UTF-8");
        assert!(w.plain("git", &["clone", "-q", &url(w), at]).status.success());
        let run = |args: &[&str]| w.run(&[args, &["--of", "acme/anvil", "--clone", at]].concat());
        run(&["term", "lint"]).exits(0);
        let shown = run(&["term", "show", "DockService"]).exits(0);
        assert!(shown.out.contains("code: src/core/dock.rs:DockService\n"), "{}", shown.all());
        let glossary = clone.join("wiki/glossary.md");
        let before = std::fs::read_to_string(&glossary).expect("it is there");
        w.write("../home/anvil/wiki/glossary.md", &format!("{before}\nMore.\n"));
        run(&["term", "render", "--check"]).exits(2);
        run(&["term", "render"]).exits(0);
        assert_eq!(std::fs::read_to_string(&glossary).expect("it is there"), before);
        run(&["adr", "new", "Ships first"]).exits(0);
        assert!(clone.join("adr/0001-ships-first.md").is_file() && !w.path("config/adr").exists());
        for (of, says) in [("acme/none", "config manages no repository"), ("acme/tools", "config")] {
            let refused = w.run(&["term", "lint", "--of", of, "--clone", at]);
            assert!(refused.code != 0 && refused.all().contains(says), "{}", refused.all());
        }
        let refused = w.run(&["term", "lint", "--clone", at]);
        assert!(refused.code != 0 && refused.all().contains("--of OWNER/NAME"), "{}", refused.all());
        // What is no clone holds no words of it, and isn't written to.
        let empty = w.path("home/empty");
        std::fs::create_dir(&empty).expect("it is new");
        let place = empty.to_str().expect("it is UTF-8");
        for what in [&["adr", "lint"], &["term", "render"], &["term", "list"], &["wiki", "list"]] {
            let refused = w.run(&[&what[..], &["--of", "acme/anvil", "--clone", place]].concat()).exits(64);
            let says = format!("{place} is no working tree of Git");
            assert!(refused.err.contains(&says) && refused.err.contains("--clone"), "{}", refused.all());
        }
        assert_eq!(std::fs::read_dir(&empty).expect("it is there").count(), 0);
        std::fs::create_dir(clone.join("docs")).expect("it is new");
        let below = clone.join("docs");
        let below = below.to_str().expect("it is UTF-8");
        w.run(&["term", "list", "--of", "acme/anvil", "--clone", below]).exits(0);
    });
}
