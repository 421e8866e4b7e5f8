//! An issue that comes in by a front door is brought to the repository that it belongs to, and lands there.

use factoryctl::twin::world::CiScript;

use crate::pipeline::step;
use crate::tasks::runs;
use crate::world::{World, sample, world_of};

/// The number of the App that reports checks.
const CI: u64 = 77;

const SCRIPT: &str = "echo sharp > done; git add done; git commit -q -m 'Hone it'; echo honed";

fn config(router: &str) -> String {
    format!(
        r#"factory "acme"
agent "smith" kind="command" {{ program "/bin/sh" "-c" {SCRIPT:?}; }}
pipeline "front" {{ intake "factory"; phases; agents "smith"; router {{ {router}; }}; }}
pipeline "back" {{ intake "work"; prefix "back:"; phases; agents "smith"; merge-policy "green"; }}
merge-policy "green" {{ mode "on-green"; require-checks "ci"; }}
repo "acme/inbox" {{ pipeline "front"; }}
repo "acme/anvil" {{ pipeline "back"; }}
"#
    )
}

/// What there is of the issues of a repository: number, title, state, labels.
fn issues(w: &World, repo: &str) -> Vec<String> {
    w.github().with(|world| {
        let repo = world.repo("acme", repo).expect("there");
        let named = |on: &[u64]| -> Vec<String> {
            repo.labels.iter().filter(|it| on.contains(&it.id)).map(|it| it.name.clone()).collect()
        };
        let line = |it: &factoryctl::twin::world::Issue| {
            format!("#{} {} ({}): {}", it.number, it.title, it.state.as_str(), named(&it.labels).join(" "))
        };
        repo.issues.values().filter(|it| it.pull.is_none()).map(line).collect()
    })
}

fn asked(w: &World, title: &str) -> u64 {
    let github = w.github();
    let number = github.open_issue("acme/inbox", title, &["factory"]).unwrap();
    let body = "It should be sharp. Done when there is a file called done, so that everybody sees it.";
    github.edit_issue_body("acme/inbox", number, "acme", body).unwrap();
    github.unlabel_issue("acme/inbox", number, "factory", "acme").unwrap();
    github.label_issue("acme/inbox", number, "factory", "acme").unwrap();
    number
}

#[test]
fn an_issue_is_brought_to_where_it_belongs_and_lands_there() {
    let mut github = sample::github();
    github.add_repo("acme", "inbox");
    world_of(github, |w| {
        w.config(&config("route \"acme/anvil\" { title \"anvil\"; }"));
        w.apply(&[]).exits(0);
        w.github().set_ci("acme/anvil", vec![CiScript::new("ci", CI, "test -f done")]).unwrap();
        let number = asked(w, "Hone the anvil");
        let stray = asked(w, "Hone something");
        step(w).exits(0);
        let plan = w.plan(&[]).exits(2);
        assert!(plan.out.contains("transfer issue"), "{}", plan.all());
        step(w).exits(0);
        assert_eq!(
            issues(w, "inbox"),
            [format!("#{stray} Hone something (open): factory factory:hitl factory:human-required")],
            "#{number} is there no more, and what no rule fits is a person's"
        );
        for _ in 0..8 {
            step(w);
        }
        let there =
            issues(w, "anvil").into_iter().filter(|it| it.contains("Hone the anvil")).collect::<Vec<_>>();
        assert!(
            there.len() == 1 && there[0].contains("(closed)") && there[0].contains("back:done"),
            "{there:?}"
        );
        assert_eq!(runs(w).len(), 1, "nobody looked at what no rule fits");
        w.plan(&[]).exits(0);
    });
}

#[test]
fn an_issue_is_worked_on_as_another_one_and_closed_with_it() {
    let mut github = sample::github();
    github.add_repo("acme", "inbox");
    world_of(github, |w| {
        w.config(&config("by \"mirror\"; route \"acme/anvil\" { title \"anvil\"; }"));
        w.apply(&[]).exits(0);
        w.github().set_ci("acme/anvil", vec![CiScript::new("ci", CI, "test -f done")]).unwrap();
        let front = asked(w, "Hone the anvil");
        for _ in 0..10 {
            step(w);
        }
        let there = |repo: &str| -> Vec<String> {
            issues(w, repo).into_iter().filter(|it| it.contains("Hone the anvil")).collect()
        };
        let (inbox, anvil) = (there("inbox"), there("anvil"));
        assert!(
            anvil.len() == 1 && anvil[0].contains("(closed)") && anvil[0].contains("back:done"),
            "{anvil:?}"
        );
        assert!(inbox.len() == 1 && inbox[0].contains("(closed)"), "{inbox:?}\n{}", w.plan(&[]).all());
        assert_eq!(runs(w).len(), 1);
        w.plan(&[]).exits(0);
        // What was closed, and had no run of its own, is told of all the same.
        let shown = w.run(&["issue", "show", &format!("acme/inbox#{front}")]).exits(0);
        assert!(shown.out.contains("which it was worked on as, is closed"), "{}", shown.all());
        assert!(inbox[0].contains("front:done") || inbox[0].contains("factory:done"), "{inbox:?}");
    });
}
