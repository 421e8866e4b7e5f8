//! Issues whose branch has GitHub's merge queue: what lands goes through it, and what it takes out is mended first.

use crate::pipeline::{SHORT, labels, pulls, step, with_issue};
use crate::tasks::runs;
use crate::world::World;

/// A step, after which the queue and the checks come to rest.
fn rested(w: &World) {
    step(w);
    w.until("nothing is queued, and every check has ended", || {
        w.github().with(|world| {
            let repo = world.repo("acme", "anvil").expect("there");
            let is_empty = repo.merge_queues.values().all(|queue| queue.entries.is_empty());
            is_empty && repo.check_runs.values().all(|run| run.status == "completed")
        })
    });
}

/// Steps until the pull request is there, or has landed.
fn until_it(w: &World, is: &str) {
    for _ in 0..12 {
        if pulls(w).iter().any(|pull| pull.ends_with(is)) {
            return;
        }
        rested(w);
    }
    panic!("in vain: {is}: {:?}\n{}", pulls(w), w.plan(&[]).all());
}

/// How often something was taken out of the queue.
fn removals(w: &World) -> usize {
    w.github().with(|world| {
        let queues = &world.repo("acme", "anvil").expect("there").merge_queues;
        queues.values().map(|queue| queue.removals.len()).sum()
    })
}

#[test]
fn an_issue_lands_through_the_queue() {
    let script = "echo sharp > done; git add done; git commit -q -m 'Hone it'; echo honed";
    with_issue(script, SHORT, |w, number| {
        let github = w.github();
        github.set_merge_queue("acme/anvil", "main", "squash").unwrap();
        until_it(w, "open");
        // The queue is who brings it together with its base.
        let base = github.push_file("acme/anvil", "main", "rival", "there too\n").unwrap();
        w.requests();
        until_it(w, "merged");
        let asked = w.requests();
        let direct = |path: &str| path.ends_with("/merge") || path.ends_with("/update-branch");
        assert!(!asked.iter().any(|it| direct(&it.path)), "{asked:#?}");
        step(w).exits(0);
        assert_eq!(labels(w, number), ["factory", "factory:done"], "{}", w.plan(&[]).all());
        assert_eq!((runs(w).len(), removals(w)), (1, 0));
        w.plan(&[]).exits(0);
        github.with(|world| {
            let pull =
                world.repo("acme", "anvil").expect("there").issues.values().find_map(|it| it.pull.as_ref());
            let pull = pull.expect("it has one");
            assert_eq!(pull.merged_by.as_deref(), Some("github-merge-queue[bot]"));
            assert_eq!(pull.base_sha, base);
        });
    });
}

#[test]
fn what_the_queue_takes_out_is_mended_before_it_is_queued_again() {
    let script = "if test -f done; then echo tamed >> done; else echo sharp > done; fi; git add done; \
                  git commit -q -m 'Hone it'; echo honed";
    with_issue(script, SHORT, |w, number| {
        let github = w.github();
        github.set_merge_queue("acme/anvil", "main", "merge").unwrap();
        let both = "test -f done && { ! test -f rival || grep -q tamed done; }";
        github.set_ci("acme/anvil", vec![factoryctl::twin::world::CiScript::new("ci", 77, both)]).unwrap();
        until_it(w, "open");
        github.push_file("acme/anvil", "main", "rival", "there too\n").unwrap();
        for _ in 0..4 {
            if removals(w) == 0 {
                rested(w);
            }
        }
        assert_eq!((removals(w), runs(w).len()), (1, 1), "{}", w.plan(&[]).all());
        let plan = w.plan(&[]).exits(2);
        assert!(plan.out.contains("start run") && !plan.out.contains("enqueue pull"), "{}", plan.all());
        until_it(w, "merged");
        step(w).exits(0);
        assert_eq!(labels(w, number), ["factory", "factory:done"], "{}", w.plan(&[]).all());
        assert_eq!(
            (runs(w).len(), removals(w)),
            (2, 1),
            "{}",
            w.run(&["issue", "show", &format!("acme/anvil#{number}")]).all()
        );
    });
}

#[test]
fn what_people_hold_is_taken_out_of_the_queue_and_put_there_again() {
    let script = "echo sharp > done; git add done; git commit -q -m 'Hone it'; echo honed";
    with_issue(script, SHORT, |w, number| {
        let github = w.github();
        github.set_merge_queue("acme/anvil", "main", "squash").unwrap();
        let (begun, goes_on) = (w.path("home/begun"), w.path("home/goes-on"));
        let both = format!(
            "test -f done && {{ ! test -f rival || {{ touch {}; until test -f {}; do sleep 0.05; done; }}; }}",
            begun.display(),
            goes_on.display()
        );
        github.set_ci("acme/anvil", vec![factoryctl::twin::world::CiScript::new("ci", 77, &both)]).unwrap();
        until_it(w, "open");
        github.push_file("acme/anvil", "main", "rival", "there too\n").unwrap();
        for _ in 0..4 {
            if !begun.exists() {
                step(w);
            }
        }
        w.until("the queue tests it", || begun.exists());
        github.label_issue("acme/anvil", number, "factory:hold", "acme").unwrap();
        let plan = w.plan(&[]).exits(2);
        assert!(plan.out.contains("dequeue pull"), "{}", plan.all());
        step(w).exits(0);
        assert_eq!(removals(w), 1);
        w.plan(&[]).exits(0);
        std::fs::write(&goes_on, "").unwrap();
        rested(w);
        assert_eq!(pulls(w), [format!("factory/issue/{number} open")]);
        github.unlabel_issue("acme/anvil", number, "factory:hold", "acme").unwrap();
        until_it(w, "merged");
        step(w).exits(0);
        assert_eq!(labels(w, number), ["factory", "factory:done"], "{}", w.plan(&[]).all());
        assert_eq!((runs(w).len(), removals(w)), (1, 1));
    });
}
