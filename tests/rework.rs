//! What becomes of a branch that isn't only the factory's: somebody else had it first, its base went another way, people ask
//! for changes on it, or have GitHub merge it.

use factoryctl::twin::world::{Permission, ReviewState};

use crate::in_force::has_ref;
use crate::pipeline::{SHORT, config, labels, pull, pulls, step, with_issue};
use crate::tasks::runs;
use crate::world::World;

const HONES: &str = "echo sharp > done; git add done; git commit -q -m 'Hone it'; echo honed";

/// What a file of a branch says; `None` where there is none.
fn says(w: &World, branch: &str) -> String {
    let with_token = format!("http://x-access-token:{}@", w.twin().token());
    let url = format!("{}/acme/anvil.git", w.twin().git_url().replace("http://", &with_token));
    w.git(&["fetch", "-q", &url, branch]);
    w.git(&["show", "FETCH_HEAD:done"])
}

/// Until everything is done that can be done, and no longer than so many steps.
fn until(w: &World, most: usize, holds: impl Fn(&World) -> bool) {
    for _ in 0..most {
        if holds(w) {
            return;
        }
        step(w);
    }
    assert!(holds(w), "{}\n{:#?}", w.plan(&[]).all(), runs(w));
}

#[test]
fn a_branch_of_somebody_else_is_not_written_over_and_a_person_is_told() {
    with_issue(HONES, SHORT, |w, number| {
        let (github, branch) = (w.github(), format!("factory/issue/{number}"));
        let theirs = github.push_file("acme/anvil", &branch, "theirs", "mine\n").unwrap();
        step(w).exits(0);
        let told = w.run(&["issue", "show", &number.to_string()]).exits(0);
        let why = format!("its branch `{branch}` is at {}", &theirs[..10]);
        assert!(told.out.contains(&why), "{}", told.all());
        assert_eq!(labels(w, number), ["factory", "factory:hitl", "factory:human-required"]);
        assert!(
            runs(w).is_empty()
                && pulls(w).is_empty()
                && has_ref(w, "acme/anvil", &format!("refs/heads/{branch}"))
        );
        github.delete_branch("acme/anvil", &branch).unwrap();
        until(w, 8, |w| labels(w, number) == ["factory", "factory:done"]);
        assert_eq!(pulls(w), [format!("{branch} merged")]);
    });
}

/// The files of the branch that everything lands on.
fn files(w: &World) -> String {
    let with_token = format!("http://x-access-token:{}@", w.twin().token());
    let url = format!("{}/acme/anvil.git", w.twin().git_url().replace("http://", &with_token));
    w.git(&["fetch", "-q", &url, "main"]);
    w.git(&["ls-tree", "--name-only", "FETCH_HEAD"])
}

/// Whoever takes something out of a branch doesn't get it back with the next pull request, whether that was there by then or its
/// agent was still at work.
#[test]
fn what_was_taken_out_of_the_base_does_not_come_back() {
    for in_mid_run in [false, true] {
        with_issue(HONES, SHORT, |w, number| {
            let (github, branch) = (w.github(), format!("factory/issue/{number}"));
            let plain = github.push_file("acme/anvil", "main", "plain", "x\n").unwrap();
            github.push_file("acme/anvil", "main", "secret", "hush\n").unwrap();
            step(w).exits(0);
            if in_mid_run {
                github.put_back("acme/anvil", "main", &plain).unwrap();
                until(w, 4, |w| pulls(w) == [format!("{branch} open")]);
            } else {
                until(w, 4, |w| pulls(w) == [format!("{branch} open")]);
                github.put_back("acme/anvil", "main", &plain).unwrap();
            }
            let told = w.run(&["why-not", &format!("acme/anvil#{}", pull(w))]);
            assert!(told.out.contains("`main` had once and has no more"), "{}", told.all());
            until(w, 10, |w| pulls(w) == [format!("{branch} merged")]);
            assert_eq!(
                files(w)
                    .lines()
                    .filter(|name| ["plain", "secret", "done"].contains(name))
                    .collect::<Vec<_>>(),
                ["done", "plain"]
            );
            let all = runs(w);
            assert_eq!(all.len(), 2, "{all:#?}");
        });
    }
}

/// Three attempts and a specialist don't resolve it; the work is done anew on what the base is by now, and put in the place of
/// what was there.
#[test]
fn what_conflicts_for_good_is_made_anew_on_a_fresh_branch() {
    let script = "cat > ../prompt; \
        if grep -q 'Begin from scratch' ../prompt; then echo anew >> done; git add done; git commit -q -m 'Hone it anew'; \
        elif grep -q 'It conflicts with\\|root cause' ../prompt; then exit 3; \
        else echo sharp > done; git add done; git commit -q -m 'Hone it'; fi; echo honed";
    with_issue(script, SHORT, |w, number| {
        let branch = format!("factory/issue/{number}");
        step(w).exits(0);
        w.github().push_file("acme/anvil", "main", "done", "blunt\n").unwrap();
        until(w, 4, |w| pulls(w) == [format!("{branch} open")]);
        assert_eq!(says(w, &branch), "sharp\n");
        until(w, 16, |w| pulls(w) == [format!("{branch} merged")]);
        assert_eq!(says(w, "main"), "blunt\nanew\n");
        let all = runs(w);
        let of = |phase: &str| all.iter().filter(|run| run["task"] == format!("#{number}/{phase}")).count();
        // Three attempts at the conflict and the work anew; a diagnosis and a specialist, each twice.
        assert_eq!((of("implement"), of("review"), of("hitl")), (1, 4, 4), "{all:#?}");
    });
}

#[test]
fn a_request_for_changes_is_worked_on_once_and_answered() {
    let script = "cat > ../prompt; if grep -q 'Sharper' ../prompt; then echo sharper >> done; else echo sharp > done; fi; \
        git add done; git commit -q -m 'Hone it'; echo honed";
    with_issue(script, SHORT, |w, number| {
        let (github, branch) = (w.github(), format!("factory/issue/{number}"));
        github.permission("acme/anvil", "ann", Permission::Write).unwrap();
        // So that it doesn't land meanwhile.
        let text = config(script, SHORT);
        w.config(&text.replace("mode \"on-green\"", "mode \"never\""));
        until(w, 4, |w| pulls(w) == [format!("{branch} open")]);
        let pull = pull(w);
        github.review("acme/anvil", pull, "ann", ReviewState::ChangesRequested, "Sharper, please.").unwrap();
        let answers = |w: &World| -> Vec<String> {
            w.github().with(|world| {
                let all = &world.repo("acme", "anvil").expect("there").reviews;
                all.values().filter(|it| it.author != "ann").map(|it| it.body.clone()).collect()
            })
        };
        until(w, 8, |w| !answers(w).is_empty());
        let head = github.with(|world| {
            world.repo("acme", "anvil").expect("there").issues[&pull]
                .pull
                .as_ref()
                .expect("one")
                .head_sha
                .clone()
        });
        assert_eq!(says(w, &branch), "sharp\nsharper\n");
        assert!(answers(w)[0].contains(&head[..10]), "{:?} for {head}", answers(w));
        for _ in 0..3 {
            step(w);
        }
        assert_eq!((answers(w).len(), runs(w).len()), (1, 2), "once");
        w.config(&text);
        step(w);
        assert_eq!(pulls(w), [format!("{branch} open")], "ann has to look at it again");
        github.review("acme/anvil", pull, "ann", ReviewState::Approved, "Good.").unwrap();
        until(w, 4, |w| pulls(w) == [format!("{branch} merged")]);
    });
}

/// Whoever has GitHub merge it by itself has merged it.
#[test]
fn what_a_person_has_github_merge_by_itself_is_done() {
    with_issue(HONES, SHORT, |w, number| {
        let (github, branch) = (w.github(), format!("factory/issue/{number}"));
        w.config(&config(HONES, SHORT).replace("mode \"on-green\"", "mode \"never\""));
        github.permission("acme/anvil", "ann", Permission::Write).unwrap();
        github.require_approvals("acme/anvil", 1).unwrap();
        github.set("acme/anvil", &serde_json::json!({ "allow_auto_merge": true })).unwrap();
        until(w, 4, |w| pulls(w) == [format!("{branch} open")]);
        let pull = pull(w);
        github.auto_merge("acme/anvil", pull, "ann", "squash").unwrap();
        step(w).exits(0);
        assert_eq!(pulls(w), [format!("{branch} open")], "nobody has approved it");
        github.review("acme/anvil", pull, "ann", ReviewState::Approved, "Good.").unwrap();
        w.until("it lands", || pulls(w) == [format!("{branch} merged")]);
        step(w).exits(0);
        assert_eq!(labels(w, number), ["factory", "factory:done"]);
        w.plan(&[]).exits(0);
    });
}

/// Who may not write in the repository has no say in what lands; GitHub sees it so, too.
#[test]
fn a_stranger_who_asks_for_changes_keeps_nothing_from_landing() {
    with_issue(HONES, SHORT, |w, number| {
        let (github, branch) = (w.github(), format!("factory/issue/{number}"));
        let text = config(HONES, SHORT);
        w.config(&text.replace("mode \"on-green\"", "mode \"never\""));
        github.permission("acme/anvil", "eve", Permission::Read).unwrap();
        until(w, 4, |w| pulls(w) == [format!("{branch} open")]);
        let pull = pull(w);
        github.review("acme/anvil", pull, "eve", ReviewState::ChangesRequested, "No.").unwrap();
        w.config(&text);
        until(w, 4, |w| pulls(w) == [format!("{branch} merged")]);
        assert_eq!(runs(w).len(), 1);
    });
}

/// Of many that want the same file each is brought together with its base once: when the one before it has landed, and it is the
/// next. What it is to be brought together with is there.
#[test]
fn conflicts_are_resolved_one_after_the_other_and_each_once() {
    let script = "cat > ../prompt; if base=$(grep -om1 'git merge [0-9a-f]*' ../prompt); then \
        git cat-file -e \"${base#git merge }\" || exit 9; git merge -q \"${base#git merge }\"; sed -i '/^[<=>]/d' done; git add done; \
        git commit -q -m 'Bring both together'; \
        else sed -n 's/.*part \\([0-9]*\\).*/part \\1/p' ../prompt | head -1 >> done; git add done; git commit -q -m 'Hone it'; fi; echo honed";
    with_issue(script, SHORT, |w, first| {
        let github = w.github();
        let body = "It should be sharp. Done when there is a file called done, so that everybody sees it.";
        github.edit_issue_body("acme/anvil", first, "acme", &format!("{body} This is part 1.")).unwrap();
        let mut all = vec![first];
        for part in 2..=4 {
            let number = github.open_issue("acme/anvil", "Hone the anvil", &[]).unwrap();
            github
                .edit_issue_body("acme/anvil", number, "acme", &format!("{body} This is part {part}."))
                .unwrap();
            all.push(number);
        }
        for number in &all {
            github.unlabel_issue("acme/anvil", *number, "factory", "acme").ok();
            github.label_issue("acme/anvil", *number, "factory", "acme").unwrap();
        }
        until(w, 30, |w| pulls(w).len() == 4 && pulls(w).iter().all(|pull| pull.ends_with("merged")));
        let runs = runs(w);
        let failed: Vec<_> = runs.iter().filter(|run| run["outcome"] != "done").collect();
        assert!(failed.is_empty(), "{failed:#?}");
        let of =
            |phase: &str| runs.iter().filter(|run| run["task"].as_str().unwrap().ends_with(phase)).count();
        assert_eq!((of("/implement"), of("/review")), (4, 3), "{runs:#?}");
        let done = says(w, "main");
        assert!((1..=4).all(|part| done.contains(&format!("part {part}"))), "{done}");
    });
}
