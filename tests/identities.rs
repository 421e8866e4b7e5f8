//! Author and reviewer are two Apps: what one opened the other approves, once runs have found it good. With one identity it
//! is a comment, and a person approves.

use factoryctl::twin::world::{App, CiScript, Installation, Permission, ReviewState, Token};

use crate::daemon::{Daemon, wait};
use crate::pipeline::step;
use crate::tasks::small;
use crate::world::World;

/// The number of the App that reports checks.
const CI: u64 = 77;
/// The policy that waits for an approval.
const REVIEWED: &str = "merge-policy \"reviewed\" { mode \"on-green-with-review\"; require-checks \"ci\"; }";

/// The author and the reviewer, who may write reviews and nothing else.
fn apps(w: &World) {
    w.github().mutate(|world| {
        let mut author = App::new(11, "factory", "acme");
        author.installations.push(Installation::full(111, "acme"));
        let mut critic = App::new(12, "critic", "acme");
        critic.installations.push(Installation::full(112, "acme"));
        critic.installations[0].permissions.retain(|name, _| name == "pull_requests" || name == "metadata");
        world.apps.extend([(11, author), (12, critic)]);
    });
    for name in ["AUTHOR_KEY", "REVIEWER_KEY"] {
        w.set(name, App::PRIVATE_KEY);
    }
}

/// An issue that is worked on by an agent of the twin's and reviewed by it, under these identities.
fn with_issue(github: &str, test: impl FnOnce(&World, u64)) {
    small(|w| {
        apps(w);
        let program = env!("CARGO_BIN_EXE_factoryctl");
        w.config(&format!(
            r#"factory "acme"
{github}
agent "smith" kind="command" {{
    program {program:?} "twin" "agent" "--writes" "done={{title}}"
    readable {program:?}
}}
pipeline "short" {{ intake "factory"; agents "smith"; merge-policy "reviewed"; phases "review"; }}
{REVIEWED}
repo "acme/anvil" {{ pipeline "short"; }}
"#
        ));
        w.apply(&[]).exits(0);
        let github = w.github();
        github.set_ci("acme/anvil", vec![CiScript::new("ci", CI, "test -f done")]).unwrap();
        github.require_approvals("acme/anvil", 1).unwrap();
        let number = github.open_issue("acme/anvil", "Hone the anvil", &[]).unwrap();
        let body = "It should be sharp. Done when there is a file called done, so that everybody sees it.";
        github.edit_issue_body("acme/anvil", number, "acme", body).unwrap();
        github.label_issue("acme/anvil", number, "factory", "acme").unwrap();
        test(w, number);
    });
}

/// The reviews of the pull request, each with the first line of its words that is no marker.
fn reviews(w: &World) -> Vec<String> {
    w.github().with(|world| {
        let repo = world.repo("acme", "anvil").expect("there");
        let line = |body: &str| {
            body.lines().nth(1).unwrap_or_default().split(": ").next().unwrap_or_default().to_owned()
        };
        let said =
            repo.reviews.values().map(|it| format!("{} {} {}", it.author, it.state.as_str(), line(&it.body)));
        said.collect()
    })
}

/// Who opened pull requests, and whether they were merged.
fn pulls(w: &World) -> Vec<(String, bool)> {
    w.github().with(|world| {
        let issues = &world.repo("acme", "anvil").expect("there").issues;
        let of = |issue: &factoryctl::twin::world::Issue| {
            Some((issue.author.clone(), issue.pull.as_ref()?.merged_at.is_some()))
        };
        issues.values().filter_map(of).collect()
    })
}

/// The number of the pull request.
fn pull(w: &World) -> u64 {
    w.github().with(|world| {
        let issues = &world.repo("acme", "anvil").expect("there").issues;
        issues.values().find(|issue| issue.pull.is_some()).expect("it is open").number
    })
}

/// The commit statuses: who set which to what.
fn statuses(w: &World) -> Vec<String> {
    w.github().with(|world| {
        let all = &world.repo("acme", "anvil").expect("there").statuses;
        all.iter().map(|it| format!("{} {}", it.context, it.state)).collect()
    })
}

const TWO: &str = r#"github {
    auth "app" id=11 key="env:AUTHOR_KEY"
    identity "reviewer" kind="app" id=12 key="env:REVIEWER_KEY"
}"#;
const ONE: &str = r#"github { auth "app" id=11 key="env:AUTHOR_KEY"; }"#;

#[test]
fn what_one_app_opened_another_approves_and_it_lands() {
    with_issue(TWO, |w, _| {
        let checked = w.run(&["validate"]).exits(0);
        assert!(!checked.all().contains("one-identity"), "{}", checked.all());
        let doctor = w.run(&["doctor"]);
        for says in [
            "factory[bot], the App 11",
            "reviewer: critic[bot], the App 12",
            "reviewer: acme: all that is needed",
        ] {
            assert!(doctor.out.contains(says), "{says}: {}", doctor.all());
        }
        for _ in 0..10 {
            step(w);
        }
        assert_eq!(pulls(w), [("factory[bot]".to_owned(), true)], "{}", w.plan(&[]).all());
        assert_eq!(reviews(w), ["critic[bot] APPROVED **Reviewed**"]);
        assert_eq!(statuses(w), Vec::<String>::new());
        w.plan(&[]).exits(0);
    });
}

/// A commit's committer is what whoever makes it says; who pushed is whose token it was.
#[test]
fn what_somebody_pushes_under_another_name_they_cannot_approve() {
    with_issue(ONE, |w, issue| {
        for _ in 0..8 {
            step(w);
        }
        let github = w.github();
        for login in ["ann", "carl"] {
            github.mutate(|world| world.add_token(&format!("token-of-{login}"), Token::classic(login)));
            github.permission("acme/anvil", login, Permission::Write).unwrap();
        }
        let number = pull(w);
        let branch = format!("factory/issue/{issue}");
        let url = |login: &str| {
            let with_token = format!("http://x-access-token:token-of-{login}@");
            format!("{}/acme/anvil.git", w.twin().git_url().replace("http://", &with_token))
        };
        w.git(&["clone", "-q", "-b", &branch, &url("carl"), "../theirs"]);
        for (name, email) in [
            ("ann", "ann@users.noreply.github.com"),
            ("factory[bot]", "11+factory[bot]@users.noreply.github.com"),
        ] {
            let (name, email) = (format!("user.name={name}"), format!("user.email={email}"));
            let commit = ["commit", "-q", "--allow-empty", "-m", "Hone it more"];
            w.git(&[&["-C", "../theirs", "-c", &name, "-c", &email][..], &commit].concat());
            w.git(&["-C", "../theirs", "push", "-q", "origin", &branch]);
            github.review("acme/anvil", number, "carl", ReviewState::Approved, "mine").unwrap();
            for _ in 0..4 {
                step(w);
            }
            assert_eq!(pulls(w), [("factory[bot]".to_owned(), false)], "{}", w.plan(&[]).all());
        }
        let why = w.run(&["why-not", &number.to_string()]);
        assert!(why.out.contains("carl approves its head, and pushed to it"), "{}", why.all());
        // Its base moves on and it is brought up to that: what was pushed is still theirs.
        let head = || {
            let of = |world: &factoryctl::twin::World| {
                let issues = &world.repo("acme", "anvil").expect("there").issues;
                issues[&number].pull.as_ref().expect("it is one").head_sha.clone()
            };
            github.with(of)
        };
        let theirs = head();
        github.push_file("acme/anvil", "main", "other", "1\n").unwrap();
        github.review("acme/anvil", number, "ann", ReviewState::Approved, "fine").unwrap();
        for _ in 0..4 {
            step(w);
        }
        assert_ne!(head(), theirs, "{}", w.plan(&[]).all());
        github.review("acme/anvil", number, "carl", ReviewState::Approved, "mine").unwrap();
        for _ in 0..4 {
            step(w);
        }
        assert_eq!(pulls(w), [("factory[bot]".to_owned(), false)], "{}", w.plan(&[]).all());
        let why = w.run(&["why-not", &number.to_string()]);
        assert!(why.out.contains("carl approves its head, and pushed to it"), "{}", why.all());
        github.review("acme/anvil", number, "ann", ReviewState::Approved, "fine").unwrap();
        for _ in 0..4 {
            step(w);
        }
        assert_eq!(pulls(w), [("factory[bot]".to_owned(), true)], "{}", w.plan(&[]).all());
    });
}

#[test]
fn with_one_identity_it_waits_for_a_person() {
    with_issue(ONE, |w, _| {
        let checked = w.run(&["validate"]).exits(0);
        assert!(checked.all().contains("waits for a person"), "{}", checked.all());
        for _ in 0..8 {
            step(w);
        }
        assert_eq!(reviews(w), ["factory[bot] COMMENTED **Reviewed**"]);
        assert_eq!(statuses(w), ["factory/review success"]);
        let plan = w.plan(&[]);
        assert!(plan.out.contains("nobody has approved its head"), "{}", plan.all());
        assert_eq!(pulls(w), [("factory[bot]".to_owned(), false)]);
        let number = pull(w);
        w.github().permission("acme/anvil", "ann", Permission::Write).unwrap();
        w.github().review("acme/anvil", number, "ann", ReviewState::Approved, "good").unwrap();
        for _ in 0..4 {
            step(w);
        }
        assert_eq!(pulls(w), [("factory[bot]".to_owned(), true)], "{}", w.plan(&[]).all());
        assert_eq!(reviews(w).len(), 2, "it is said once");
    });
}

/// What somebody may do is read right before anything lands that relies on their word.
#[test]
fn an_approval_by_who_may_no_longer_approve_lands_nothing() {
    with_issue(ONE, |w, issue| {
        for _ in 0..8 {
            step(w);
        }
        let (github, number) = (w.github(), pull(w));
        let may = |permission| github.permission("acme/anvil", "ann", permission).unwrap();
        let is_merged = || pulls(w) == [("factory[bot]".to_owned(), true)];
        may(Permission::Write);
        let daemon = Daemon::start(w, &[]);
        let asked =
            || w.twin().log().iter().filter(|it| it.path.ends_with("/collaborators/ann/permission")).count();
        let before = asked();
        github.comment_issue("acme/anvil", issue, "ann", "/resume").unwrap();
        daemon.ask(&["loop", "tick", "pipeline"]);
        wait("it knows what she may do", || (asked() > before).then_some(()));
        may(Permission::Read);
        github.review("acme/anvil", number, "ann", ReviewState::Approved, "good").unwrap();
        daemon.ask(&["loop", "tick", "pipeline"]);
        wait("it is refused", || daemon.said().contains("not-trusted").then_some(()));
        assert!(!is_merged(), "{}", daemon.said());
        may(Permission::Write);
        wait("it lands", || {
            daemon.ask(&["loop", "tick", "pipeline"]);
            is_merged().then_some(())
        });
        daemon.stop().exits(0);
    });
}
