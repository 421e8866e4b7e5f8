//! What one sees of a pipeline on the command line: issues, what keeps their pull requests from landing, policies, `status`.

use factoryctl::twin::world::{CiScript, IssueState, Token};
use serde_json::Value;

use crate::daemon::Daemon;
use crate::pipeline::{SHORT, config, pull, step, with_issue};
use crate::world::World;

/// Fails at first, and does what it is told the second time.
const LEARNS: &str = "cat > ../prompt; grep -q 'This is attempt 2' ../prompt || exit 3; \
                      echo sharp > done; git add done; git commit -q -m 'Hone it'; echo honed";
/// Does what it is told, however often.
const DOES: &str = "date +%N >> done; git add done; git commit -q -m 'Hone it'; echo honed";
/// Does something else than what the check looks for.
const MISSES: &str = "echo x > other; git add other; git commit -q -m 'Hone it'; echo honed";

/// One issue as `issue show --json` tells it.
fn shown(w: &World, number: u64) -> Value {
    w.run(&["issue", "show", &number.to_string(), "--json"]).exits(0).json()["issue"].clone()
}

#[test]
fn an_issue_is_shown_from_its_label_to_its_merge() {
    with_issue(LEARNS, SHORT, |w, number| {
        let name = format!("acme/anvil#{number}");
        let listed = w.run(&["issue", "list"]).exits(0);
        for says in [&name, "implement  next  no run", "Hone the anvil", "playbook `implement`, round 1"] {
            assert!(listed.out.contains(says), "{says}: {}", listed.all());
        }
        let first = w.run(&["issue", "show", &name]).exits(0);
        for says in
            ["plan: next: start run", "labels: none; wanted: factory:implement", "first by the playbook"]
        {
            assert!(first.out.contains(says), "{says}: {}", first.all());
        }
        let whole = w.run(&["issue", "show", &name, "--prompt"]).exits(0);
        assert!(
            whole.out.contains("Hone the anvil") && whole.out.contains("You work in a clone"),
            "{}",
            whole.all()
        );
        step(w).exits(0);
        // Its attempt is looked at, and no other begins.
        w.config(&format!("{}caps runs=0\n", config(LEARNS, SHORT)));
        step(w);
        let failed = shown(w, number);
        let attempt = &failed["attempts"][0];
        assert_eq!(
            (&attempt["outcome"], &attempt["playbook"], &attempt["burnt"]),
            (&"crashed".into(), &"implement".into(), &true.into()),
            "{failed:#}"
        );
        assert_eq!((&failed["phase"], &failed["prompt"]["before"]), (&"implement".into(), &attempt["run"]));
        let text = w.run(&["issue", "show", &number.to_string()]).exits(0);
        for says in
            ["the next prompt has more than that of run", "+ - attempt 1: `crashed`", "caps.runs is 0"]
        {
            assert!(text.out.contains(says), "{says}: {}", text.all());
        }
        // The address leads to the same.
        let why = w.run(&["why", &format!("repo/acme/anvil/issue/{number}")]).exits(0);
        assert_eq!(why.out, text.out);
        w.config(&config(LEARNS, SHORT));
        for _ in 0..8 {
            step(w);
        }
        let done = shown(w, number);
        assert_eq!((&done["queue"], &done["pull"]["state"]), (&"done".into(), &"merged".into()), "{done:#}");
        assert_eq!(done["attempts"].as_array().map(Vec::len), Some(2), "{done:#}");
        assert_eq!(done["labels"]["there"], done["labels"]["wanted"]);
        let merged = w.run(&["why-not", &pull(w).to_string()]).exits(0);
        assert!(merged.out.contains("it was merged by"), "{}", merged.all());
        w.plan(&[]).exits(0);
    });
}

#[test]
fn each_rule_that_is_not_satisfied_is_told_with_what_would_satisfy_it() {
    with_issue(MISSES, SHORT, |w, _| {
        step(w).exits(0);
        step(w);
        let pull = pull(w).to_string();
        let told = w.run(&["why-not", &pull, "--json"]).exits(0).json();
        let rules = told["unmet"].as_array().expect("a list");
        assert!(rules.iter().any(|it| it["rule"] == "checks"), "{told:#}");
        w.until("the check fails", || {
            let text = w.run(&["why-not", &format!("acme/anvil#{pull}")]).exits(0);
            text.out.contains("it needs the check `ci` to pass: it failed")
        });
        w.github().set_ci("acme/anvil", vec![CiScript::new("ci", 77, "true")]).unwrap();
        w.github().push_file("acme/anvil", &format!("factory/issue/{}", told["issue"]), "more", "x").unwrap();
        w.until("the check passes", || {
            w.run(&["why-not", &pull]).exits(0).out.contains("nothing keeps it from landing")
        });
    });
}

/// An issue may be ready for a run that the plan has no room for.
#[test]
fn what_the_plan_has_wait_is_listed_as_waiting() {
    with_issue(DOES, SHORT, |w, number| {
        let github = w.github();
        let other = github.open_issue("acme/anvil", "Hone the horn", &[]).unwrap();
        let body = "It should be sharp. Done when there is a file called horn, so that everybody sees it.";
        github.edit_issue_body("acme/anvil", other, "acme", body).unwrap();
        github.label_issue("acme/anvil", other, "factory", "acme").unwrap();
        w.config(&format!("{}caps runs=1\n", config(DOES, SHORT)));
        let listed = w.run(&["issue", "list", "--json"]).exits(0).json();
        let of = |number: u64| {
            let all = listed["issues"].as_array().expect("they are listed");
            all.iter().find(|it| it["number"] == number).expect("it is listed").clone()
        };
        assert_eq!(
            (&of(number)["queue"], &of(other)["queue"]),
            (&"next".into(), &"waits".into()),
            "{listed:#}"
        );
        let next = of(other)["next"].as_str().unwrap_or_default().to_owned();
        assert!(next.contains("(caps.runs)") && next.contains("then a run by the playbook"), "{next}");
        assert_eq!(shown(w, other)["queue"], "waits");
    });
}

#[test]
fn what_no_pipeline_knows_is_said_with_what_is_near() {
    with_issue(MISSES, SHORT, |w, number| {
        let fails = |args: &[&str], code: i32, says: &[&str]| {
            let ran = w.run(args).exits(code);
            for says in says {
                assert!(ran.err.contains(says), "{says}: {}", ran.all());
            }
        };
        let known = format!("acme/anvil#{number}");
        fails(
            &["issue", "show", "99"],
            1,
            &["no pipeline knows an issue #99", &known, "the label `factory`"],
        );
        fails(&["issue", "show", "acme/bellows#1"], 1, &["acme/bellows has no pipeline", "acme/anvil"]);
        fails(&["issue", "show", "anvil"], 64, &["OWNER/NAME#NUMBER"]);
        fails(&["issue", "list", "--repo", "acme/bellows"], 1, &["acme/bellows has no pipeline"]);
        fails(&["why-not", &number.to_string()], 1, &["it is an issue: factoryctl issue show"]);
        fails(&["why-not", "99"], 1, &["no pipeline knows a pull request #99"]);
        let both = format!("{}repo \"acme/bellows\" {{ pipeline \"short\"; }}\n", config(MISSES, SHORT));
        w.config(&both);
        let other = w.github().open_issue("acme/bellows", "Blow", &["factory"]).unwrap();
        assert_eq!(other, number, "both repositories begin alike");
        let each = [known.as_str(), &format!("acme/bellows#{number}")];
        fails(&["issue", "show", &number.to_string()], 1, &each);
        w.run(&["issue", "show", &known]).exits(0);
        let listed = w.run(&["issue", "list", "--repo", "acme/bellows", "--json"]).exits(0).json();
        assert_eq!(listed["issues"].as_array().map(Vec::len), Some(1), "{listed:#}");
    });
}

#[test]
fn the_evidence_that_a_policy_asks_for_is_told() {
    with_issue(MISSES, SHORT, |w, _| {
        let none = w.run(&["policy", "graduation"]).exits(0);
        assert!(none.out.contains("in effect in acme/anvil\n  it asks for no evidence"), "{}", none.all());
        let asks = "require-checks \"ci\"; graduation clean-prs=3 approved-by=\"ann\";";
        w.config(&config(MISSES, SHORT).replace("require-checks \"ci\";", asks));
        let pending = w.run(&["policy", "graduation"]).exits(0);
        for says in
            ["not in effect yet in acme/anvil", "pending: 0 of 3 clean", "pending: no approval by ann"]
        {
            assert!(pending.out.contains(says), "{says}: {}", pending.all());
        }
        let told = w.run(&["policy", "graduation", "--json"]).exits(0).json();
        assert_eq!(told["policies"][0]["evidence"][0]["met"], false, "{told:#}");
    });
}

/// What no plan of a repository shows: a playbook that is told something else, a policy that lets more land.
#[test]
fn a_change_of_how_the_factory_works_is_shown_by_plan() {
    with_issue(LEARNS, SHORT, |w, _| {
        let text = config(LEARNS, SHORT);
        w.plan(&["--json"]).exits(2).json();
        let tried = "playbook \"implement\" { attempts 4; criteria \"It rings.\"; }\n";
        w.write("policies/books.kdl", tried);
        w.write("factory.kdl", &text.replace("mode \"on-green\"", "mode \"never\""));
        let lines = |ran: &crate::world::Ran| {
            let at = ran.out.find("how the factory works").unwrap_or_else(|| panic!("{}", ran.all()));
            let section = ran.out[at..].split("\n\n").next().expect("it is there");
            section.lines().skip(1).map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
        };
        let uncommitted = w.plan(&[]);
        insta::assert_snapshot!(lines(&uncommitted), @r#"
        ~ merge-policy "green"
            mode: "on-green" → "never"
            factory.kdl:4
        + playbook "implement"
            attempts: 4
            criteria: "It rings."
            policies/books.kdl:1
        "#);
        assert!(uncommitted.out.contains("working tree, 2 files changed"), "{}", uncommitted.all());
        w.commit("Try it more often");
        let committed = w.plan(&[]);
        assert!(!committed.out.contains("how the factory works"), "{}", committed.all());
        let against = w.plan(&["--against", "HEAD~1"]);
        assert_eq!(lines(&against), lines(&uncommitted));
        let json = w.plan(&["--against", "HEAD~1", "--json"]).json();
        assert_eq!(json["rules"][1]["name"], "playbook \"implement\"", "{json:#}");
        assert_eq!(json["rules"][0]["after"]["mode"], "never", "{json:#}");
        let markdown = w.plan(&["--against", "HEAD~1", "--markdown"]);
        assert!(
            markdown.out.contains("### how the factory works\n\n```diff\n~ merge-policy \"green\""),
            "{}",
            markdown.all()
        );
        w.git(&["rm", "-q", "policies/books.kdl"]);
        w.commit("As before");
        assert!(lines(&w.plan(&["--against", "HEAD~1"])).contains("- playbook \"implement\""));
    });
}

/// People merge what the factory made, somebody approves the policy as it reads, and from then on it merges by itself.
#[test]
fn a_policy_takes_effect_once_the_ledger_holds_what_it_asks_for() {
    let asks = "require-checks \"ci\"; graduation clean-prs=1 approved-by=\"ann\";";
    let text = config(DOES, SHORT).replace("require-checks \"ci\";", asks);
    with_issue(DOES, SHORT, |w, number| {
        w.config(&text);
        w.github().mutate(|world| {
            world.add_user("ann");
            world.add_token("token-of-ann", Token::classic("ann"));
            world.add_user("eve");
            world.add_token("token-of-eve", Token::classic("eve"));
        });
        let graduation = |w: &World| w.run(&["policy", "graduation"]).exits(0).out;
        for _ in 0..4 {
            step(w);
        }
        let pull = pull(w);
        let why = w.run(&["why-not", &pull.to_string()]).all();
        assert!(why.contains("its mode is not in effect yet: 0 of 1 clean pull requests"), "{why}");
        w.github().merge_pull("acme/anvil", pull).unwrap();
        step(w);
        let said = w.run(&["history"]).exits(0).out;
        assert!(graduation(w).contains("met: 1 of 1 clean pull requests"), "{}{said}", graduation(w));
        let said = w.run(&["history"]).exits(0).out;
        assert!(said.contains(&format!("acme/anvil#{pull} for #{number} was merged by")), "{said}");

        let kept = w.path("token");
        let approve = |name: &str, token: &str| {
            std::fs::write(&kept, token).unwrap();
            w.run(&["policy", "approve", name, "--token", &format!("file:{}", kept.display())])
        };
        let near = approve("gren", "token-of-ann");
        assert!(near.code != 0 && near.err.contains("did you mean `green`?"), "{}", near.all());
        assert_ne!(approve("green", "ghp_nobody").code, 0, "nobody's token");
        let of_eve = approve("green", "token-of-eve").exits(5);
        assert!(
            of_eve.err.contains("asks for a yes of `ann`, and this token is of `eve`"),
            "{}",
            of_eve.all()
        );
        let approved = approve("green", "token-of-ann").exits(0);
        assert!(approved.out.contains("was approved by ann"), "{}", approved.all());
        assert!(graduation(w).contains("in effect in acme/anvil"), "{}", graduation(w));
        // Another policy by that name is another policy.
        w.config(&text.replace("mode \"on-green\"", "mode \"on-green\"; updates 7"));
        assert!(graduation(w).contains("pending: no approval by ann"), "{}", graduation(w));
        w.config(&text);

        let github = w.github();
        let second = github.open_issue("acme/anvil", "Hone it again", &[]).unwrap();
        let body = "It should be sharper. Done when there is a file called done, so that everybody sees it.";
        github.edit_issue_body("acme/anvil", second, "acme", body).unwrap();
        github.label_issue("acme/anvil", second, "factory", "acme").unwrap();
        for _ in 0..8 {
            step(w);
        }
        let open = github.with(|world| world.repo("acme", "anvil").expect("there").issues[&second].state);
        assert_eq!(open, IssueState::Closed, "{}", w.plan(&[]).all());
    });
}

#[test]
fn status_tells_how_issues_stand_and_what_became_of_their_runs() {
    with_issue("exit 3", SHORT, |w, number| {
        let daemon = Daemon::start(w, &[]);
        let stuck = daemon.wait("a person's turn", |status| status["queues"]["with_a_person"] == 1);
        assert_eq!(stuck["queues"]["issues"][0]["queue"], "person", "{stuck:#}");
        let books = stuck["runs_of_issues"]["playbooks"].as_array().expect("a list");
        let of = |book: &str| books.iter().find(|it| it["playbook"] == book).unwrap_or(&Value::Null);
        assert!(of("implement")["plain"]["runs"].as_u64() > Some(0), "{stuck:#}");
        assert_eq!(of("implement")["plain"]["done"], 0);
        let phases = stuck["runs_of_issues"]["phases"].as_array().expect("a list");
        let implement = phases.iter().find(|it| it["phase"] == "implement").expect("runs of it");
        assert_eq!(implement["stuck"], 1, "{stuck:#}");
        let metrics = daemon.ask(&["status", "--metrics"]).exits(0);
        for series in [
            r#"factory_issues{phase="implement",queue="person"} 1.0"#,
            r#"factory_issues_stuck_total{phase="implement"} 1"#,
            r#"factory_issue_attempts_done_total{phase="implement",playbook="implement",enriched="no"} 0"#,
        ] {
            assert!(metrics.out.contains(series), "{series}: {}", metrics.all());
        }
        let text = daemon.ask(&["status"]).exits(0);
        assert!(text.out.contains("  implement: 1 person\n"), "{}", text.all());
        assert_eq!(shown(w, number)["queue"], "person");
        daemon.stop().exits(0);
    });
}

/// A path that is misspelt guards nothing, and the doctor says so.
#[test]
fn the_doctor_names_the_globs_that_match_no_file() {
    with_issue(DOES, &format!("{SHORT}; judges \"ci/**\" \"**/CODEOWNERS\""), |w, _| {
        w.github().push_file("acme/anvil", "main", "ci/deep/test.sh", "true\n").unwrap();
        let doctor = w.run(&["doctor"]).exits(1);
        assert!(
            doctor.out.contains("BAD paths: acme/anvil has nothing that `**/CODEOWNERS` names\n"),
            "{}",
            doctor.all()
        );
        assert!(doctor.out.contains("correct `judges` or `people-paths`"), "{}", doctor.all());
        w.github().push_file("acme/anvil", "main", "docs/CODEOWNERS", "* @ann\n").unwrap();
        let doctor = w.run(&["doctor"]).exits(0);
        assert!(doctor.out.contains("ok  paths: 2 globs of `judges`"), "{}", doctor.all());
    });
}

/// What keeps the issue keeps its pull request, whatever that itself looks like.
#[test]
fn what_keeps_an_issue_is_told_of_its_pull_request() {
    with_issue(DOES, SHORT, |w, number| {
        w.github().set_ci("acme/anvil", vec![CiScript::new("ci", 77, "true")]).unwrap();
        for _ in 0..2 {
            step(w).exits(0);
        }
        let pull = format!("acme/anvil#{}", pull(w));
        let why = |expect: &[&str]| {
            let told = w.run(&["why-not", &pull]).exits(0);
            for says in expect {
                assert!(told.out.contains(says), "{says}: {}", told.all());
            }
        };
        w.github().label_issue("acme/anvil", number, "factory:hold", "acme").unwrap();
        why(&[
            "issue: #2 is held; waits for its label `factory:hold` to be removed",
            "factoryctl issue show",
        ]);
        w.github().unlabel_issue("acme/anvil", number, "factory:hold", "acme").unwrap();
        w.run(&["loop", "disable", "pipeline", "--reason", "smoke"]).exits(0);
        why(&["kill-switch: loop `pipeline` was switched off", "smoke"]);
        w.run(&["loop", "enable", "pipeline"]).exits(0);
        w.run(&["suspend", "repo/acme/anvil/**", "--reason", "people are at it"]).exits(0);
        why(&["suspended: `repo/acme/anvil/**` was suspended"]);
    });
}
