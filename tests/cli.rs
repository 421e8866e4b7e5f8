//! What people see and what scripts rely on: transcripts and exit codes.

use std::time::Duration;

use factoryctl::twin::{FaultAction, FaultRule, World as GitHub};
use rustix::process::Signal;
use serde_json::json;

use crate::world::{World, world, world_of};

const CONFIG: &str = r#"factory "acme"
repo "acme/anvil" {
    description "Hits things"
    labels { label "bug" color="b60205"; label "ready" color="0e8a16"; }
}
repo "acme/bellows" { has-wiki #false; }
"#;

fn github() -> GitHub {
    let mut world = GitHub::new("acme");
    world.add_repo("acme", "anvil");
    world.add_repo("acme", "bellows");
    world
}

/// A world in which [`CONFIG`] is committed.
pub(crate) fn committed<T>(test: impl FnOnce(&World) -> T) -> T {
    world_of(github(), |w| {
        w.config(CONFIG);
        test(w)
    })
}

#[test]
fn from_drift_to_an_empty_plan() {
    committed(|w| {
        insta::assert_snapshot!(w.run(&["validate"]).transcript(), @r"
        $ factoryctl validate
        valid: 1 file, 2 repositories, 17 loops
        [exit 0]
        ");
        insta::assert_snapshot!(w.plan(&[]).transcript(), @r#"
        $ factoryctl plan
        config: [world]/config at [commit 1]

        acme/anvil
          ~ update settings
              description: "" → "Hits things"
              why: description is not as config fixes it · factory.kdl:3 · loop repository-settings · f3ceac9e51a5c767
          ~ update label bug
              color: "d73a4a" → "b60205"
              why: not as config declares it · factory.kdl:4 · loop labels · 7f3ffa7a42978cf9
          + create label ready
              name: "ready"
              color: "0e8a16"
              description: ""
              why: declared, and not there · factory.kdl:4 · loop labels · df625626212c2740

        acme/bellows
          ~ update settings
              has-wiki: true → false
              why: has-wiki is not as config fixes it · factory.kdl:6 · loop repository-settings · 1eda2f4e3c1956b3

        Plan: 1 to add, 3 to change, 0 to delete · 2 repos · 8 API calls
        [exit 2]
        "#);
        insta::assert_snapshot!(w.apply(&[]).transcript(), @r#"
        $ factoryctl apply --yes
        Apply: 4 done
        --- stderr
        config: [world]/config at [commit 1]

        acme/anvil
          ~ update settings
              description: "" → "Hits things"
              why: description is not as config fixes it · factory.kdl:3 · loop repository-settings · f3ceac9e51a5c767
          ~ update label bug
              color: "d73a4a" → "b60205"
              why: not as config declares it · factory.kdl:4 · loop labels · 7f3ffa7a42978cf9
          + create label ready
              name: "ready"
              color: "0e8a16"
              description: ""
              why: declared, and not there · factory.kdl:4 · loop labels · df625626212c2740

        acme/bellows
          ~ update settings
              has-wiki: true → false
              why: has-wiki is not as config fixes it · factory.kdl:6 · loop repository-settings · 1eda2f4e3c1956b3

        Plan: 1 to add, 3 to change, 0 to delete · 2 repos · 8 API calls
        [1/4] done: create-label repo/acme/anvil/label/ready
        [2/4] done: update-label repo/acme/anvil/label/bug
        [3/4] done: update-settings repo/acme/anvil
        [4/4] done: update-settings repo/acme/bellows
        [exit 0]
        "#);
        insta::assert_snapshot!(w.plan(&[]).transcript(), @r#"
        $ factoryctl plan
        config: [world]/config at [commit 1]

        Plan: 0 to add, 0 to change, 0 to delete · 0 repos · 0 API calls
        [exit 0]
        "#);
        let edit = json!({ "color": "ffffff" });
        w.github().edit_label("acme/anvil", "ready", &edit).expect("the label is there");
        insta::assert_snapshot!(w.run(&["drift"]).transcript(), @r#"
        $ factoryctl drift
        config: [world]/config at [commit 1]

        acme/anvil
          ~ update label ready
              color: "ffffff" → "0e8a16"
              why: not as config declares it · factory.kdl:4 · loop labels · ab18f6d217ed788e

        Plan: 0 to add, 1 to change, 0 to delete · 1 repo · 2 API calls
        differences that the config at [commit 1] would not have left
        [exit 2]
        "#);
        w.apply(&[]).exits(0);
        insta::assert_snapshot!(w.run(&["history", "repo/acme/anvil/label/ready"]).transcript(), @r#"
        $ factoryctl history repo/acme/anvil/label/ready
        [time] #12 update-label repo/acme/anvil/label/ready by tester@[host] at [commit 1] (not as config declares it; factory.kdl:4) done
        [time] #4 create-label repo/acme/anvil/label/ready by tester@[host] at [commit 1] (declared, and not there; factory.kdl:4) done
        [exit 0]
        "#);
        insta::assert_snapshot!(w.run(&["ledger", "verify"]).transcript(), @r#"
        $ factoryctl ledger verify
        verified: 14 records, head [digest]
        [exit 0]
        "#);
    });
}

#[test]
fn where_a_value_comes_from() {
    committed(|w| {
        insta::assert_snapshot!(w.run(&["why", "repo/acme/bellows"]).transcript(), @r#"
        $ factoryctl why repo/acme/bellows
        repo/acme/bellows declared at factory.kdl:6 ← [commit 1] Ada ([time])
        has-wiki = false
          from factory.kdl:6 in repo "acme/bellows" ← [commit 1] Ada ([time])
          live true
        [exit 0]
        "#);
        insta::assert_snapshot!(w.run(&["explain", "repo.has-wiki"]).transcript(), @r#"
        $ factoryctl explain repo.has-wiki
        repo.has-wiki

        Whether the wiki is enabled.

        Type:     `#true` or `#false`
        Default:  none; what isn't written is left as it is
        KDL:      has-wiki #false
        TOML:     has-wiki = false
        [exit 0]
        "#);
    });
}

/// What an uncommitted edit means: a plan says so, an apply refuses it and names the way out.
#[test]
fn apply_acts_on_commits_only() {
    committed(|w| {
        w.write("factory.kdl", &CONFIG.replace("Hits things", "Hits everything"));
        let plan = w.plan(&["--json"]).exits(2).json();
        assert_eq!(
            (&plan["config"]["dirty"], &plan["config"]["commit"]),
            (&json!(true), &json!(null)),
            "{plan}"
        );
        insta::assert_snapshot!(w.apply(&[]).transcript(), @r#"
        $ factoryctl apply --yes
        --- stderr
        error: 1 config file differs from the commit that is checked out; apply acts on commits only
          next: commit the change, or apply what is committed: factoryctl apply --at HEAD
        [exit 3]
        "#);
        w.run(&["apply", "--yes", "--at", "HEAD"]).exits(0);
        assert_eq!(description(w), Some("Hits things".to_owned()));
    });
}

pub(crate) fn description(w: &World) -> Option<String> {
    w.github().with(|world| world.repo("acme", "anvil").and_then(|repo| repo.settings.description.clone()))
}

/// Every exit code that the interface documents, each by a situation that leads to it.
#[test]
fn every_exit_code_has_its_situation() {
    type Situation = fn(&World) -> i32;
    let situations: &[(&str, i32, Situation)] = &[
        ("nothing to do", 0, |w| {
            w.apply(&[]).exits(0);
            w.plan(&[]).code
        }),
        ("an error: there is no such revision", 1, |w| w.plan(&["--at", "nowhere"]).code),
        ("there are changes", 2, |w| w.plan(&[]).code),
        ("a file is not in canonical form", 2, |w| {
            w.write("factory.kdl", &CONFIG.replace("    description", "  description"));
            w.run(&["fmt", "--check"]).code
        }),
        ("the config is invalid", 3, |w| {
            w.write("factory.kdl", "factory \"acme\"\nrepos \"acme/anvil\"\n");
            w.plan(&[]).code
        }),
        ("the config is empty", 3, |w| {
            w.write("factory.kdl", "");
            w.run(&["validate"]).code
        }),
        ("a guard holds something back", 4, |w| {
            w.config("factory \"acme\"\nrepo \"acme/anvil\" { labels mode=\"authoritative\" { label \"bug\"; }; }\ncaps { change-budget deletes=2; }\n");
            w.plan(&[]).code
        }),
        ("the credential is refused", 5, |w| {
            w.set("FACTORY_GITHUB_TOKEN", "ghp_nobody");
            w.plan(&[]).code
        }),
        ("there is no credential", 5, |w| {
            w.set("FACTORY_GITHUB_TOKEN", "");
            w.plan(&[]).code
        }),
        ("the budget of requests is spent", 6, |w| {
            w.faults(vec![FaultRule::every(FaultAction::PrimaryLimit { reset_in_s: 3600 })]);
            w.plan(&[]).code
        }),
        ("the saved plan is stale", 7, |w| {
            w.plan(&["-o", "saved.json"]).exits(2);
            w.github().set("acme/anvil", &json!({ "description": "By hand" })).expect("it is there");
            w.run(&["apply", "--yes", "saved.json"]).code
        }),
        ("another process holds the lock", 8, |w| {
            w.twin().set_latency(Duration::from_mins(1));
            let first = w.start(&["apply", "--yes"]);
            w.until("the first apply asks GitHub", || !w.twin().log().is_empty());
            let second = w.apply(&[]);
            for says in ["`factoryctl apply`, process", "`factoryctl status`", "Wait", "stop it: kill "] {
                assert!(second.err.contains(says), "{says}: {}", second.all());
            }
            let status = w.run(&["status"]).exits(1);
            assert!(status.err.contains("`factoryctl apply`, process"), "{}", status.all());
            w.twin().set_latency(Duration::ZERO);
            first.kill_after(Duration::ZERO);
            second.code
        }),
        ("some actions failed", 9, |w| {
            let refuse =
                FaultAction::Status { status: 422, body: None, headers: std::collections::BTreeMap::new() };
            w.faults(vec![FaultRule::every(refuse).on("POST", "/repos/acme/anvil/labels")]);
            w.apply(&[]).code
        }),
        ("wrong usage", 64, |w| w.plan(&["--nonsense"]).code),
        ("an address of nothing that is managed", 64, |w| w.plan(&["repo/acme/anvils"]).code),
        ("nothing that is managed is to be suspended", 64, |w| {
            w.run(&["suspend", "repo/acme/anvils/**", "--reason", "audit"]).code
        }),
        ("a saved plan that isn't there", 64, |w| w.run(&["apply", "--yes", "saved.json"]).code),
        ("no terminal to ask", 64, |w| w.run(&["apply"]).code),
        ("interrupted", 130, |w| interrupted(w, Signal::INT)),
        ("terminated", 143, |w| interrupted(w, Signal::TERM)),
    ];
    for (name, code, situation) in situations {
        assert_eq!(committed(situation), *code, "{name}");
    }
}

/// Stops an apply by a signal at its first write; answers its exit code. The next apply finishes the work.
fn interrupted(w: &World, signal: Signal) -> i32 {
    let late = FaultAction::Delay { ms: 300 };
    w.faults(vec![
        FaultRule::every(late.clone()).on("PATCH", "/repos/**"),
        FaultRule::every(late).on("POST", "/repos/**"),
    ]);
    let apply = w.start(&["apply", "--yes"]);
    w.until("a write is under way", || {
        w.twin()
            .log()
            .iter()
            .any(|r| matches!(r.method.as_str(), "PATCH" | "POST") && r.path.starts_with("/repos/"))
    });
    apply.signal(signal);
    let ended = apply.finish(Duration::from_secs(30));
    w.faults(Vec::new());
    w.run(&["ledger", "verify"]).exits(0);
    w.apply(&[]).exits(0);
    w.plan(&[]).exits(0);
    ended.code
}

/// Looking at what was done depends neither on what was written a minute ago, nor on the machine.
#[test]
fn the_past_can_be_read_while_the_config_is_broken_and_from_another_machine() {
    committed(|w| {
        w.apply(&[]).exits(0);
        let here = w.run(&["history", "repo/acme/anvil"]).exits(0).out;
        assert_eq!(here.lines().count(), 3, "{here}");
        w.config("factory \"acme\"\nnonsense\n");
        w.run(&["plan"]).exits(3);
        assert_eq!(w.run(&["history", "repo/acme/anvil"]).exits(0).out, here);
        w.run(&["ledger", "verify"]).exits(0);
        w.set("FACTORY_STATE_DIR", w.path("tmp/elsewhere").to_str().expect("it is text"));
        let verified = w.run(&["ledger", "verify"]).exits(0);
        assert!(verified.out.contains("has no ledger yet"), "{}", verified.all());
        assert_eq!(w.run(&["history", "repo/acme/anvil"]).exits(0).out, here);
        w.run(&["ledger", "verify"]).exits(0);
        std::fs::remove_dir_all(w.path("tmp/elsewhere")).expect("it was made");
    });
}

/// Two machines of one user on one config at the same time: nothing twice, neither settles the other's work, and
/// both ledgers hold.
#[test]
fn two_machines_at_once_do_everything_once() {
    committed(|w| {
        w.twin().set_latency(Duration::from_millis(100));
        let first = w.start(&["apply", "--yes"]);
        let writes = || {
            w.twin()
                .log()
                .iter()
                .filter(|r| r.method == "PATCH" || r.method == "POST" && r.path.ends_with("/labels"))
                .count()
        };
        w.until("the first machine writes", || writes() > 0);
        let elsewhere = w.path("tmp/elsewhere");
        w.set("FACTORY_STATE_DIR", elsewhere.to_str().expect("it is text"));
        let second = w.start(&["apply", "--yes"]).finish(Duration::from_mins(1));
        assert!(matches!(second.code, 0 | 4 | 8), "{}", second.all());
        assert!(!second.err.contains("settled"), "{}", second.all());
        first.finish(Duration::from_mins(1)).exits(0);
        assert_eq!(writes(), 4, "each change was written once");
        w.twin().set_latency(Duration::ZERO);
        w.apply(&[]).exits(0);
        w.run(&["ledger", "verify"]).exits(0);
        w.set("FACTORY_STATE_DIR", "");
        w.apply(&[]).exits(0);
        w.run(&["ledger", "verify"]).exits(0);
        std::fs::remove_dir_all(elsewhere).expect("it was made");
    });
}

/// Nobody agrees to a deletion without having seen what it takes away, and an address that covers nothing holds nothing.
#[test]
fn what_a_label_takes_along_is_counted_before_it_goes() {
    committed(|w| {
        w.config(
            "factory \"acme\"\nrepo \"acme/anvil\" { labels { label \"bug\" delete-after=\"2026-01-01\"; }; }\n",
        );
        let count =
            FaultAction::Status { status: 502, body: None, headers: std::collections::BTreeMap::new() };
        w.faults(vec![FaultRule { operation: Some("LabelUses".into()), ..FaultRule::every(count) }]);
        let plan = w.plan(&[]).exits(4);
        assert!(plan.out.contains("the issues of its labels could not be counted"), "{}", plan.all());
        w.apply(&[]).exits(4);
        w.faults(Vec::new());
        let typo = w.run(&["suspend", "repo/acme/anvil/labels/**", "--reason", "x"]).exits(64);
        assert!(typo.err.contains("did you mean `label`?"), "{}", typo.all());
        w.plan(&["repo/acme/anvil/lables"]).exits(64);
        w.plan(&["repo/acme/anvil/label/bug"]).exits(2);
    });
}

/// A URL alone means the branch that config names.
#[test]
fn a_url_without_a_branch_follows_the_one_that_config_names() {
    let mut github = crate::world::sample::github();
    github.add_repo("acme", "factory");
    world_of(github, |w| {
        let text = |says: &str| {
            let home = "factory \"acme\" { config \"acme/factory\" branch=\"prod\"; }\n";
            format!("{home}repo \"acme/anvil\" {{ description \"{says}\"; }}\n")
        };
        for (branch, says) in [("main", "old"), ("prod", "in force")] {
            w.github().push_file("acme/factory", branch, "factory.kdl", &text(says)).expect("it is there");
        }
        let url = format!("{}/acme/factory.git", w.twin().url());
        w.run(&["apply", "--yes", "--config", &url]).exits(0);
        assert_eq!(description(w), Some("in force".to_owned()));
        let plan = w.plan(&["--config", &format!("{url}#main")]).exits(2);
        assert!(plan.out.starts_with(&format!("config: {url} at ")), "{}", plan.all());
    });
}

/// What failed in the first round is neither tried nor counted again in the second, which a creation leads to.
#[test]
fn a_second_round_is_for_what_waited() {
    committed(|w| {
        w.config(
            "factory \"acme\"\nrepo \"acme/anvil\" { has-wiki #false; }\n\
             repo \"acme/forge\" create=#true { visibility \"private\"; labels { label \"ready\"; }; }\n",
        );
        let refuse =
            FaultAction::Status { status: 422, body: None, headers: std::collections::BTreeMap::new() };
        w.faults(vec![FaultRule::every(refuse).on("PATCH", "/repos/acme/anvil")]);
        let applied = w.apply(&[]).exits(9);
        assert_eq!(applied.out, "Apply: 2 done, 1 failed\n", "{}", applied.all());
        assert_eq!(w.requests().iter().filter(|r| r.method == "PATCH").count(), 1);
    });
}

/// What was uncertain in the first round and is seen to be done before the second is done, and counted once.
#[test]
fn what_was_uncertain_counts_by_what_became_of_it() {
    committed(|w| {
        w.config(
            "factory \"acme\"\nrepo \"acme/anvil\" { labels { label \"ready\"; }; }\n\
             repo \"acme/forge\" create=#true { visibility \"private\"; }\n",
        );
        w.faults(vec![
            FaultRule::every(FaultAction::ResetAfter).on("POST", "/repos/acme/anvil/labels"),
            FaultRule::every(FaultAction::ResetBefore).operation("Label").nth(2).times(99),
        ]);
        let applied = w.apply(&[]).exits(0);
        assert!(applied.err.contains("uncertain: create-label"), "{}", applied.all());
        assert_eq!(applied.out, "Apply: 2 done\n", "{}", applied.all());
        assert!(!applied.err.contains("an interrupted run"), "{}", applied.all());
    });
}

/// Nobody is asked, and no terminal is needed, where there is nothing to do.
#[test]
fn an_empty_plan_is_applied_without_a_question() {
    committed(|w| {
        w.requests();
        w.run(&["apply"]).exits(64);
        assert!(w.requests().iter().all(|r| r.path == "/graphql"), "nothing was written");
        w.apply(&[]).exits(0);
        let applied = w.run(&["apply"]).exits(0);
        assert_eq!(applied.out, "Apply: 0 done\n", "{}", applied.all());
    });
}

/// What nobody wrote to be public is made private, and the plan says so.
#[test]
fn a_repository_is_made_private_unless_config_says_otherwise() {
    committed(|w| {
        w.config("factory \"acme\"\nrepo \"acme/forge\" create=#true { description \"New\"; }\n");
        let plan = w.plan(&["--json"]).exits(2).json();
        assert_eq!(plan["actions"][0]["after"]["visibility"], "private", "{plan}");
        w.apply(&[]).exits(0);
        let private = w.github().with(|github| {
            let repo = github.repo("acme", "forge").expect("it is there");
            serde_json::to_value(repo.settings.visibility).expect("it is plain data")
        });
        assert_eq!(private.as_str().map(str::to_lowercase).as_deref(), Some("private"));
        w.plan(&[]).exits(0);
    });
}

/// One apply has one budget, however many rounds it takes.
#[test]
fn the_rounds_of_an_apply_share_one_budget() {
    committed(|w| {
        w.config(
            "factory \"acme\"\ncaps { change-budget deletes=9 percent=100; }\n\
             repo \"acme/anvil\" { labels { label \"bug\" delete-after=\"2026-01-01\"; }; }\n\
             repo \"acme/forge\" create=#true { labels mode=\"authoritative\" { label \"only\"; }; }\n",
        );
        let applied = w.apply(&[]).exits(4);
        assert!(
            applied.err.contains("9 deletions after 1 already done in one run, 9 allowed"),
            "{}",
            applied.all()
        );
    });
}

/// All of GitHub failing is no reason to ask for each repository by itself.
#[test]
fn an_outage_costs_a_few_requests() {
    let mut github = GitHub::new("acme");
    let mut config = "factory \"acme\"\n".to_owned();
    for n in 0..120 {
        github.add_repo("acme", &format!("r{n:03}"));
        config.push_str(&format!("repo \"acme/r{n:03}\"\n"));
    }
    world_of(github, |w| {
        w.config(&config);
        w.faults(vec![FaultRule::every(FaultAction::Html { status: 502 })]);
        w.plan(&[]).exits(1);
        let asked = w.requests().len();
        assert!(asked <= 60, "{asked} requests for nothing");
        w.faults(Vec::new());
        w.plan(&[]).exits(0);
    });
}

/// `--against` shows what the config change causes, and not the drift that was there before.
#[test]
fn against_shows_only_what_the_change_causes() {
    committed(|w| {
        w.config(&CONFIG.replace("0e8a16", "5319e7"));
        let plan = w.plan(&["--against", "HEAD~1", "--json"]).exits(2).json();
        let addresses: Vec<&str> = plan["actions"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|a| a["address"].as_str())
            .collect();
        assert_eq!(addresses, ["repo/acme/anvil/label/ready"]);
    });
}

/// Documents go to stdout and nothing else does; a reader who goes away is no error.
#[test]
fn stdout_is_data() {
    committed(|w| {
        w.plan(&["--json"]).exits(2).json();
        let verbose = w.run(&["-vv", "--log-format", "json", "plan", "--json"]).exits(2);
        verbose.json();
        for line in verbose.err.lines().filter(|line| line.starts_with('{')) {
            serde_json::from_str::<serde_json::Value>(line).expect("a log line is JSON");
        }
        let program = env!("CARGO_BIN_EXE_factoryctl");
        let script = format!("'{program}' plan | true; echo ${{PIPESTATUS[0]}}");
        let out = w.plain("bash", &["-c", &script]);
        assert_eq!(
            String::from_utf8_lossy(&out.stdout).trim(),
            "2",
            "{}",
            String::from_utf8_lossy(&out.stderr)
        );
    });
}

/// A bar is drawn on a terminal, goes when it is done, and stays away from everything else.
#[test]
fn progress_is_for_terminals() {
    committed(|w| {
        let program = env!("CARGO_BIN_EXE_factoryctl");
        let on_terminal = |command: &str| {
            let out = w.plain("script", &["-qec", &format!("'{program}' {command}"), "/dev/null"]);
            String::from_utf8_lossy(&out.stdout).into_owned()
        };
        w.twin().set_latency(Duration::from_millis(300));
        w.set("TERM", "xterm");
        let seen = on_terminal("apply --yes");
        assert!(seen.contains("reading GitHub") && seen.contains("of 4"), "{seen}");
        assert!(seen.contains("[4/4] done"), "{seen}");
        let last = seen.trim_end().lines().last().unwrap_or_default();
        assert!(last.ends_with("Apply: 4 done"), "{last:?}");
        w.twin().set_latency(Duration::ZERO);
        let plain = w.apply(&[]).exits(0);
        assert!(!plain.all().contains('\u{1b}') && !plain.all().contains('\r'), "{}", plain.all());
    });
}

/// At the question whether to go on, Ctrl-C ends it and nothing was written; any other word than `yes` leaves changes.
#[test]
fn a_signal_is_an_answer() {
    committed(|w| {
        let program = env!("CARGO_BIN_EXE_factoryctl");
        w.set("TERM", "xterm");
        let before = w.plan(&[]).exits(2).out;
        for (answer, code) in [("\u{3}", 130), ("no\n", 2), ("\n", 2)] {
            let apply = format!("'{program}' apply");
            let (seen, ended) = w.talk("script", &["-qec", &apply, "/dev/null"], "does it: ", answer);
            assert_eq!(ended, code, "{answer:?}: {seen}");
        }
        assert_eq!(w.plan(&[]).exits(2).out, before);
    });
}

/// Markdown and JSON say what the text says.
#[test]
fn the_spellings_of_a_plan_agree() {
    committed(|w| {
        let json = w.plan(&["--json"]).json();
        let (text, markdown) = (w.plan(&[]).out, w.plan(&["--markdown"]).out);
        for action in json["actions"].as_array().expect("a list") {
            let id = action["id"].as_str().expect("an id");
            assert!(text.contains(id) && markdown.contains(id), "{id}\n{text}\n{markdown}");
        }
        let keys: Vec<&String> = json.as_object().expect("an object").keys().collect();
        for key in
            ["version", "config", "observed", "actions", "waiting", "disabled", "diagnostics", "summary"]
        {
            assert!(keys.iter().any(|k| *k == key), "{key} is missing among {keys:?}");
        }
    });
}

/// What isn't there is said by name, wherever the command is run.
#[test]
fn without_a_config_there_is_a_next_step() {
    world(|w| {
        insta::assert_snapshot!(w.plan(&[]).transcript(), @r#"
    $ factoryctl plan
    --- stderr
    error: the config can't be read
      because: there is no factory.kdl in [world]/config or above it
      next: name the config with --config PATH|URL, or start with `factoryctl init`
    [exit 1]
    "#);
    });
}

/// A fresh start: what `init` writes is valid, and in canonical form.
#[test]
fn init_writes_what_validates() {
    world(|w| {
        w.run(&["init"]).exits(0);
        w.run(&["validate"]).exits(0);
        w.run(&["fmt", "--check"]).exits(0);
        // Whoever declares a language finds nothing wrong with what `init` wrote of it.
        let config = std::fs::read_to_string(w.path("config/factory.kdl")).expect("it was written");
        w.write("factory.kdl", &format!("{config}\nlanguage {{\n    roots \".\"\n}}\n"));
        w.run(&["term", "lint"]).exits(0);
        w.run(&["adr", "index", "--check"]).exits(0);
        w.run(&["validate"]).exits(0);
    });
}

/// `twin --json` prints one line, serves, and ends on a signal.
#[test]
fn the_twin_serves_from_the_command_line() {
    world(|w| {
        let twin = w.start(&["twin", "--json", "--generate", "repos=3,seed=2"]);
        w.until("it listens", || twin.first_line().is_some());
        let line: serde_json::Value =
            serde_json::from_str(&twin.first_line().expect("a line")).expect("JSON");
        for key in ["url", "graphql", "git", "token", "admin"] {
            assert!(line[key].is_string(), "{line}");
        }
        w.set("FACTORY_GITHUB_API", line["url"].as_str().expect("a URL"));
        w.set("FACTORY_GITHUB_TOKEN", line["token"].as_str().expect("a token"));
        w.run(&["import", "acme"]).exits(0);
        w.run(&["plan"]).exits(0);
        twin.signal(Signal::TERM);
        assert_eq!(twin.finish(Duration::from_secs(10)).code, 0);
    });
}

/// What the doctor looks at; what is wrong comes with a step that fits it.
#[test]
fn the_doctor_looks_at_everything() {
    let looked = |out: &str| -> Vec<String> {
        let marked = out.lines().filter(|line| line.starts_with("ok  ") || line.starts_with("BAD "));
        marked.filter_map(|line| Some(line[4..].split_once(':')?.0.to_owned())).collect()
    };
    let all = [
        "git",
        "config",
        "state",
        "lock",
        "ledger",
        "switches",
        "api",
        "credential",
        "scopes",
        "budget",
        "budget",
        "graphql",
        "clock",
        "repositories",
    ];
    committed(|w| {
        let doctor = w.run(&["doctor"]).exits(0);
        assert_eq!(looked(&doctor.out), all, "{}", doctor.all());
        assert!(!doctor.out.contains("next:"), "{}", doctor.all());
        // A config without repositories is no reason not to ask GitHub.
        w.write("factory.kdl", "factory \"acme\"\n");
        let doctor = w.run(&["doctor"]).exits(0);
        assert_eq!(looked(&doctor.out), all, "{}", doctor.all());
        assert!(doctor.out.contains("in which 1 file differs from the commit"), "{}", doctor.all());
        let state = std::fs::read_dir(w.path("home/state/factoryctl")).expect("it was used");
        let mut dirs = state.map(|dir| dir.expect("it can be read").path());
        let flips = dirs
            .find(|dir| dir.join("lock").exists() || dir.join("ledger").exists())
            .expect("one")
            .join("flips.json");
        std::fs::write(&flips, "{").expect("it can be written");
        let damaged = w.run(&["doctor"]).exits(1);
        assert!(damaged.out.contains("BAD switches: "), "{}", damaged.all());
        std::fs::remove_file(&flips).expect("it is there");
        let nonsense = w.run(&["--api", "nonsense", "doctor"]).exits(64);
        assert!(nonsense.out.contains("BAD api: `nonsense`"), "{}", nonsense.all());
        w.set("FACTORY_GITHUB_TOKEN", "ghp_nobody");
        let refused = w.run(&["doctor"]).exits(5);
        assert!(
            refused.out.contains("make a new one and put it there (FACTORY_GITHUB_TOKEN)\n"),
            "{}",
            refused.all()
        );
    });
    world(|w| {
        let doctor = w.run(&["doctor"]).exits(1);
        assert!(
            doctor.out.contains("BAD config: ") && doctor.out.contains("ok  credential: "),
            "{}",
            doctor.all()
        );
    });
}

/// A machine that is new to a factory has no ledger, which is no damage; what is wrong on the branch is.
#[test]
fn a_new_machine_checks_the_branch() {
    committed(|w| {
        w.apply(&[]).exits(0);
        w.set("XDG_STATE_HOME", &w.path("home/another").display().to_string());
        insta::assert_snapshot!(w.run(&["ledger", "verify"]).transcript(), @r"
        $ factoryctl ledger verify
        this machine has no ledger yet; the next apply takes it over from the branch `factory/ledger`
        verified: 10 records on the branch, head [digest]
        [exit 0]
        ");
        let copy = w.path("ledger").display().to_string();
        w.git(&["worktree", "add", "-q", &copy, "factory/ledger"]);
        let folder = w.path("ledger/ledger");
        let day =
            folder.read_dir().expect("there is one").next().expect("a day").expect("it is there").path();
        let text = std::fs::read_to_string(&day).expect("text");
        std::fs::write(&day, text.replacen("tester@", "nobody@", 1)).expect("it can be written");
        w.git(&["-C", &copy, "commit", "-q", "-a", "-m", "Tidy"]);
        let verify = w.run(&["ledger", "verify"]).exits(1);
        assert!(verify.out.contains("jsonl:1: the line was edited"), "{}", verify.all());
        assert!(
            verify.out.contains(":ledger/") && verify.out.contains("NOT what was written"),
            "{}",
            verify.all()
        );
    });
}

/// A file that looks like config and isn't read is said, and hinders nothing.
#[test]
fn what_is_passed_over_is_said() {
    committed(|w| {
        w.write("policies/labels.yml", "label-set: {}\n");
        w.write("factory.toml", "[factory]\n");
        insta::assert_snapshot!(w.run(&["validate"]).transcript(), @r"
        $ factoryctl validate
        valid: 1 file, 2 repositories, 17 loops
        --- stderr
        config::passed-over

          ⚠ `factory.toml` is not read: the root file is `factory.kdl`
          help: write its `factory` section into `factory.kdl`, and move the rest to a file under `policies/`

        config::passed-over

          ⚠ `policies/labels.yml` is not read: config files end in `.kdl` or `.toml`
          help: write it as KDL or TOML, or move it out of `policies/`
        [exit 0]
        ");
        w.plan(&[]).exits(2);
    });
}
