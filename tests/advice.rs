//! What is said where something is amiss: it fits the very situation, and what it advises works.

use factoryctl::twin::world::{App, Installation, Token};
use factoryctl::twin::{FaultAction, FaultRule};
use serde_json::json;

use super::world::{World, sample, world, world_of};

/// A world with one repository, of which the config says a little.
fn small<T>(test: impl FnOnce(&World) -> T) -> T {
    let mut github = factoryctl::twin::World::new("acme");
    github.add_repo("acme", "anvil");
    world_of(github, |w| {
        w.config("factory \"acme\"\nrepo \"acme/anvil\" { has-wiki #false; }\n");
        test(w)
    })
}

/// What is set in the environment need not be given: the usage shows what is missing and nothing else.
#[test]
fn a_usage_shows_what_has_to_be_given() {
    small(|w| {
        w.set("FACTORY_CONFIG", w.path("config").to_str().expect("a name"));
        insta::assert_snapshot!(w.run(&["runs", "stop"]).transcript(), @r"
        $ factoryctl runs stop
        --- stderr
        error: the following required arguments were not provided:
          --reason <REASON>
          <RUN>

        Usage: factoryctl runs stop --reason <REASON> <RUN>

        For more information, try '--help'.
        [exit 64]
        ");
        let odd = w.run(&["plan", "--odd"]).exits(64);
        assert!(odd.err.contains("Usage: factoryctl plan [OPTIONS] [ADDRESS-GLOB]..."), "{}", odd.all());
        let help = w.run(&["plan", "--help"]).exits(0);
        assert!(help.out.contains("[env: FACTORY_GITHUB_API]"), "{}", help.all());
        // What is wrong with the environment is said of it.
        w.set("FACTORY_STATUS_TIMEOUT", "soon");
        let wrong = w.run(&["status"]).exits(64);
        assert!(wrong.err.contains("invalid value 'soon' for '--timeout <SECONDS>'"), "{}", wrong.all());
    });
}

/// Outside version control there is no commit to name; what is advised instead leads there.
#[test]
fn an_apply_of_what_was_never_committed_says_how_to_commit() {
    small(|w| {
        std::fs::remove_dir_all(w.path("config/.git")).expect("it is there");
        insta::assert_snapshot!(w.apply(&[]).transcript(), @r"
        $ factoryctl apply --yes
        --- stderr
        error: the config is not under version control; apply acts on commits only
          next: put the folder under version control: git init && git add . && git commit
        [exit 3]
        ");
        w.git(&["init", "-q", "-b", "main"]);
        insta::assert_snapshot!(w.apply(&[]).transcript(), @r"
        $ factoryctl apply --yes
        --- stderr
        error: nothing is committed yet; apply acts on commits only
          next: commit the config: git add . && git commit
        [exit 3]
        ");
        w.git(&["add", "."]);
        w.git(&["commit", "-q", "-m", "Begin"]);
        w.apply(&[]).exits(0);
    });
}

/// A repository around the config is there already: another one inside it would hide the config from it.
#[test]
fn a_config_inside_a_repository_is_to_lie_at_its_root() {
    small(|w| {
        std::fs::create_dir(w.path("config/inner")).expect("it is new");
        w.git(&["mv", "factory.kdl", "inner/factory.kdl"]);
        w.commit("Move the config inside");
        let inner = w.path("config/inner").display().to_string();
        for command in [
            &["apply", "--yes"][..],
            &["plan", "--at", "HEAD"],
            &["apply", "--yes", "--at", "HEAD"],
            &["run"],
        ] {
            let ran = w.run(&[&["--config", inner.as_str()], command].concat()).exits(3);
            let transcript = ran.transcript();
            assert!(
                transcript.ends_with(
                    "`factory.kdl` has to lie at the root of the repository, [world]/config, and lies in \
                     [world]/config/inner\n  next: move `factory.kdl` and `policies/` to [world]/config, and commit \
                     them: git mv\n[exit 3]"
                ),
                "{transcript}"
            );
            assert!(!ran.err.contains("git init"), "{}", ran.all());
        }
    });
}

#[test]
fn a_file_that_never_was_a_saved_plan_is_not_stale() {
    small(|w| {
        w.write("bad.json", "{}");
        let ran = w.apply(&["bad.json"]).exits(1);
        assert!(ran.err.contains("bad.json is not a saved plan"), "{}", ran.all());
        w.plan(&["-o", "plan.json"]).exits(2);
        let text = std::fs::read_to_string(w.path("config/plan.json")).expect("it was written");
        w.write("plan.json", &text.replace("acme/anvil", "acme/bellows"));
        let ran = w.apply(&["plan.json"]).exits(7);
        assert!(ran.err.contains("plan.json was changed after it was written"), "{}", ran.all());
    });
}

/// A config that its own `validate` refuses is not begun.
#[test]
fn init_refuses_an_owner_that_there_can_not_be() {
    world(|w| {
        insta::assert_snapshot!(w.run(&["init", "--owner", "bad name"]).transcript(), @r"
        $ factoryctl init --owner bad name
        --- stderr
        error: `bad name` is not the name of an account on GitHub; nothing was written
          next: name the user or organisation as its page on GitHub does, without `https://` and `/`: letters, digits and hyphens, at most 39, e.g. --owner acme
        [exit 64]
        ");
        for bad in ["", "acme/widgets", "https://github.com/acme", "-acme", &"a".repeat(40)] {
            w.run(&["init", &format!("--owner={bad}")]).exits(64);
        }
        let there: Vec<_> = w.path("config").read_dir().expect("it is there").flatten().collect();
        assert_eq!(there.len(), 1, "but for .git nothing was written: {there:?}");
        w.run(&["init", "--owner", "a-1"]).exits(0);
        w.run(&["validate"]).exits(0);
    });
}

/// An account that isn't there is no outage.
#[test]
fn import_names_the_account_that_is_not_there() {
    world(|w| {
        insta::assert_snapshot!(w.run(&["import", "nosuch", "-o", "imported"]).transcript(), @r"
        $ factoryctl import nosuch -o imported
        --- stderr
        error: the account nosuch isn't on GitHub, or this credential can't see it; nothing was written
          next: check how its page on GitHub spells it, and that the token belongs to somebody who sees it: `factoryctl doctor` says to whom; an Enterprise server is named by --api
        [exit 1]
        ");
        assert!(!w.path("config/imported").exists());
    });
}

/// All that config says of a label is told, with the layer that each comes from.
#[test]
fn why_tells_all_that_config_says_of_a_label() {
    small(|w| {
        w.config(
            "factory \"acme\"\ndefaults { labels { label \"kind/bug\" was=\"bug\" color=\"d73a4a\"; }; }\n\
             repo \"acme/anvil\" { labels { label \"kind/bug\" delete-after=\"2030-01-01\"; }; }\n",
        );
        let why = w.run(&["why", "--offline", "repo/acme/anvil/label/kind%2Fbug"]);
        insta::assert_snapshot!(why.transcript(), @r#"
        $ factoryctl why --offline repo/acme/anvil/label/kind%2Fbug
        repo/acme/anvil declared at factory.kdl:3 ← [commit 2] Ada ([time])
        label kind/bug = {"name":"kind/bug","color":"d73a4a","was":"bug","delete-after":"2030-01-01"}
          from factory.kdl:3 in repo "acme/anvil" ← [commit 2] Ada ([time])
          over factory.kdl:2 = {"name":"kind/bug","color":"d73a4a","was":"bug"} in defaults
        [exit 0]
        "#);
    });
}

/// What was switched live is in force for every command, whether or not a daemon runs.
#[test]
fn loops_are_listed_as_they_are_switched_without_a_daemon() {
    small(|w| {
        w.run(&["loop", "disable", "labels", "--reason", "smoke"]).exits(0);
        insta::assert_snapshot!(w.run(&["loop", "list"]).transcript(), @r"
        $ factoryctl loop list
        repository-settings     not running  every 10m
        labels                  disabled     every 10m   off by tester@[host]: smoke
        config-review           not running  every 5m
        flips                   not running  every 10m
        tasks                   not running  every 1m
        pipeline                not running  every 1m
        term-pruner             not running  every 10m
        edge-proposer           not running  every 10m
        term-proposer           not running  every 10m
        entry-evidence          not running  every 10m
        repo-wiki               not running  every 10m
        wiki-rot-detector       not running  every 10m
        diagram                 not running  every 10m
        adr-reviewer            not running  every 10m
        adr-touchpoint-auditor  not running  every 10m
        adr-conformance         not running  every 10m
        language-review         not running  every 10m
        [exit 0]
        ");
        insta::assert_snapshot!(w.run(&["loop", "show", "labels"]).transcript(), @r"
        $ factoryctl loop show labels
        labels
          Keeps each declared repository's labels as config declares them. A label that says `was` is renamed, so that issues keep it; one that says `delete-after` is deleted from that day on.
        state: disabled
        off: off by tester@[host]: smoke
        every: 10m
        reads: settings, labels
        may: create-label, update-label, rename-label, delete-label
        [exit 0]
        ");
        let list = w.run(&["loop", "list", "--json"]).exits(0).json();
        let labels = list["loops"].as_array().expect("a list").iter().find(|l| l["name"] == "labels");
        assert_eq!(labels.map(|l| &l["state"]), Some(&serde_json::json!("disabled")), "{list}");
    });
}

/// A plan that couldn't see says why on stderr, where its reader looks after an exit code that is no plan's.
#[test]
fn a_plan_that_could_not_see_says_why_and_what_to_do() {
    let fails = |status| FaultRule::every(FaultAction::Status { status, body: None, headers: [].into() });
    small(|w| {
        w.faults(vec![fails(502)]);
        insta::assert_snapshot!(w.plan(&[]).transcript(), @r"
        $ factoryctl plan
        config: [world]/config at [commit 1]
        incomplete: settings of acme/anvil: GitHub failed: POST /graphql: Bad Gateway (502, request TWIN:000003)
        incomplete: labels of acme/anvil: GitHub failed: POST /graphql: Bad Gateway (502, request TWIN:000003)

        waiting
          repo/acme/anvil: a complete reading of its settings

        Plan: 0 to add, 0 to change, 0 to delete, 1 waiting · 0 repos · 0 API calls
        --- stderr
        error: settings of acme/anvil could not be read (and 1 more): GitHub failed: POST /graphql: Bad Gateway (502, request TWIN:000003); next: run it again; `factoryctl doctor` says whether GitHub can be reached
        [exit 1]
        ");
        let json = w.plan(&["--json"]).exits(1);
        json.json();
        assert_eq!(json.err.lines().count(), 1, "{}", json.all());
        let drift = w.run(&["drift"]).exits(1);
        assert!(drift.err.contains("could not be read"), "{}", drift.all());
        w.faults(vec![fails(401)]);
        let refused = w.plan(&[]).exits(5);
        assert!(refused.err.contains("next: check the credential"), "{}", refused.all());
        w.faults(Vec::new());
        assert_eq!(w.plan(&[]).exits(2).err, "");
    });
}

/// A server that asks to be left alone is: neither asked again at once nor in smaller pieces.
#[test]
fn a_server_that_asks_for_a_pause_gets_it() {
    let mut github = factoryctl::twin::World::new("acme");
    let names = ["anvil", "bellows", "crucible", "drill"];
    let config: String = names
        .map(|name| {
            github.add_repo("acme", name);
            format!("repo \"acme/{name}\" {{ has-wiki #false; }}\n")
        })
        .concat();
    world_of(github, |w| {
        w.config(&format!("factory \"acme\"\n{config}"));
        let headers = [("retry-after".to_owned(), "60".to_owned())].into();
        w.faults(vec![FaultRule::every(FaultAction::Status { status: 503, body: None, headers })]);
        let plan = w.plan(&[]).exits(1);
        assert!(plan.err.contains("GitHub failed, wait 60 s"), "{}", plan.all());
        assert_eq!(w.requests().len(), 1, "{}", plan.all());
    });
}

/// A ledger is to be restored from its branch where that is there, and only then.
#[test]
fn a_broken_ledger_is_mended_from_what_is_there() {
    small(|w| {
        w.apply(&[]).exits(0);
        let days = files_below(&w.path("home"), "jsonl");
        let text = std::fs::read_to_string(&days[0]).expect("text");
        std::fs::write(&days[0], text.replacen("tester@", "nobody@", 1)).expect("it can be written");
        for command in [&["apply", "--yes"][..], &["run"]] {
            let broken = w.run(command).exits(1);
            assert!(
                broken.err.contains("takes the ledger over from the branch `factory/ledger`"),
                "{}",
                broken.all()
            );
        }
        w.git(&["branch", "-q", "-D", "factory/ledger"]);
        for command in [&["apply", "--yes"][..], &["run"]] {
            let broken = w.run(command).exits(1);
            assert!(
                broken.err.contains("`factory/ledger` isn't there to restore it from"),
                "{}",
                broken.all()
            );
        }
    });
}

/// The files below a folder whose names end so.
fn files_below(folder: &std::path::Path, ending: &str) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in folder.read_dir().expect("it is a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_below(&path, ending));
        } else if path.extension().is_some_and(|e| e == ending) {
            found.push(path);
        }
    }
    found
}

/// GitHub's names have no case, wherever they are written.
#[test]
fn why_takes_a_name_in_any_case() {
    small(|w| {
        w.config("factory \"acme\"\nrepo \"acme/anvil\" { has-wiki #false; labels { label \"bug\"; label \"ready\"; }; }\n");
        w.apply(&[]).exits(0);
        for (odd, plain) in [
            ("repo/Acme/Anvil/label/BUG", "repo/acme/anvil/label/bug"),
            ("repo/ACME/anvil/has-wiki", "repo/acme/anvil/has-wiki"),
            ("repo/Acme/Anvil", "repo/acme/anvil"),
        ] {
            let why = |address: &str| w.run(&["why", "--offline", address]).exits(0).out;
            assert_eq!(why(odd), why(plain));
        }
        w.run(&["why", "--offline", "repo/Acme/Anvil/label/none"]).exits(1);
    });
}

/// In a bare repository the config branch is read, whatever HEAD says.
#[test]
fn a_bare_repository_is_read_as_the_daemon_reads_it() {
    small(|w| {
        let bare = w.path("bare.git").display().to_string();
        w.git(&["clone", "-q", "--bare", ".", &bare]);
        let branch = |from: &str, to: &str| w.git(&["-C", &bare, "branch", "-q", "-m", from, to]);
        let plan = w.plan(&[]);
        for head in ["main", "unborn"] {
            w.git(&["-C", &bare, "symbolic-ref", "HEAD", &format!("refs/heads/{head}")]);
            w.plan(&["--config", &bare]).exits(plan.code);
        }
        let doctor = w.run(&["--config", &bare, "doctor"]).exits(0);
        assert!(doctor.out.contains("branch main at commit"), "{}", doctor.all());
        branch("main", "trunk");
        w.plan(&["--config", &bare]).exits(1);
        w.git(&["-C", &bare, "symbolic-ref", "HEAD", "refs/heads/trunk"]);
        w.plan(&["--config", &bare]).exits(plan.code);
    });
}

/// A root file in the other spelling is not taken for none.
#[test]
fn a_root_file_in_toml_is_said() {
    world(|w| {
        w.write("factory.toml", "[factory.acme]\n");
        let plan = w.plan(&[]).exits(1);
        for says in ["factory.toml` is not read: the root file of a config is `factory.kdl`", "beside it"] {
            assert!(plan.err.contains(says), "{}", plan.all());
        }
    });
}

/// Config where nobody looks for it is said, and hinders nothing.
#[test]
fn misplaced_config_is_said() {
    small(|w| {
        w.write("repos.kdl", "repo \"acme/bellows\"\n");
        w.write("Policies/labels.kdl", "label-set \"a\"\n");
        w.commit("Misplace");
        insta::assert_snapshot!(w.run(&["validate"]).transcript(), @r"
        $ factoryctl validate
        valid: 1 file, 1 repository, 17 loops
        --- stderr
        config::passed-over

          ⚠ `Policies` is not read: the folder of the policy files is called `policies`, in lower case
          help: rename it to `policies`

        config::passed-over

          ⚠ `repos.kdl` is not read: at the root only `factory.kdl` is
          help: move it to `policies/`, where every `.kdl` and `.toml` file is read
        [exit 0]
        ");
    });
}

/// A world in which an App with these permissions works on [`sample::CONFIG`], which lies on GitHub too.
fn with_app<T>(permissions: &[(&str, &str)], test: impl FnOnce(&World) -> T) -> T {
    let mut github = sample::github();
    github.add_repo("acme", "factory");
    let permissions = permissions.iter().map(|(name, level)| ((*name).to_owned(), (*level).to_owned()));
    let app = App {
        id: 7,
        slug: "factory".into(),
        name: "Factory".into(),
        owner: "acme".into(),
        public_key_pem: include_str!("../src/adapters/github/tests/app_key.pub.pem").into(),
        installations: vec![Installation {
            permissions: permissions.collect(),
            ..Installation::full(71, "acme")
        }],
    };
    github.apps.insert(app.id, app);
    world_of(github, |w| {
        let key = w.path("home/app.pem");
        std::fs::write(&key, include_str!("../src/adapters/github/tests/app_key.pem")).expect("it is new");
        let auth = format!("github {{ auth \"app\" id=7 key={:?}; }}\n", format!("file:{}", key.display()));
        let named = "factory \"acme\" { config \"acme/factory\"; }";
        w.config(&(sample::CONFIG.replacen("factory \"acme\"", named, 1) + &auth));
        let (base, token) = (w.twin().url(), w.twin().token());
        let address = base.replacen("http://", &format!("http://x-access-token:{token}@"), 1);
        w.git(&["remote", "add", "origin", &format!("{base}/acme/factory.git")]);
        w.git(&["push", "-q", "--force", &format!("{address}/acme/factory.git"), "main"]);
        test(w)
    })
}

/// A credential that is let in may still not see what config declares, or not be allowed to change it.
#[test]
fn the_doctor_says_where_a_credential_may_not_work() {
    let mut github = sample::github();
    github.add_user("mallory");
    github.tokens.insert("token-of-mallory".into(), Token::classic("mallory"));
    world_of(github, |w| {
        w.config(
            "factory \"acme\"\nrepo \"acme/anvil\"\nrepo \"acme/bellows\"\nrepo \"acme/new\" create=#true\n",
        );
        let well = w.run(&["doctor"]).exits(0);
        assert!(
            well.out
                .contains("2 declared repositories may be administered, 1 declared repository to be made\n"),
            "{}",
            well.all()
        );
        w.github().set("acme/anvil", &json!({ "visibility": "public" })).expect("it is there");
        w.set("FACTORY_GITHUB_TOKEN", "token-of-mallory");
        let doctor = w.run(&["doctor"]).exits(5);
        for expect in [
            "BAD repositories: no right to administer acme/anvil (read)\n    next: give ",
            "odd repositories: not there, or not visible to this credential: acme/bellows\n    next: check ",
        ] {
            assert!(doctor.out.contains(expect), "{}", doctor.all());
        }
    });
}

/// An App that was let into some repositories alone doesn't see the others, which may be meant so.
#[test]
fn the_doctor_says_what_an_app_was_not_let_into() {
    with_app(&[("metadata", "read")], |w| {
        w.github().mutate(|github| {
            let app = github.apps.get_mut(&7).expect("it is there");
            app.installations[0] = Installation {
                repositories: Some(vec!["anvil".into(), "factory".into()]),
                ..Installation::full(71, "acme")
            };
        });
        let doctor = w.run(&["doctor"]).exits(0);
        let says = "odd repositories: not there, or not visible to this credential: acme/bellows";
        assert!(doctor.out.contains(says), "{}", doctor.all());
        assert!(!doctor.out.contains("BAD"), "{}", doctor.all());
    });
}

/// A label that nothing declares and nothing may delete can't be held: whoever mistypes one would believe it is.
#[test]
fn a_label_that_config_has_no_say_in_is_not_suspended() {
    world_of(sample::github(), |w| {
        let config = |mode: &str| {
            w.config(&format!(
                "factory \"acme\"\nrepo \"acme/anvil\" {{ labels mode=\"{mode}\" {{ label \"bug\" was=\"defect\"; }}; }}\n"
            ));
        };
        let suspend = |label: &str| {
            let address = format!("repo/acme/anvil/label/{label}");
            w.run(&["suspend", &address, "--reason", "r"])
        };
        config("additive");
        let refused = suspend("bugg").exits(64);
        assert!(refused.err.contains("did you mean `repo/acme/anvil/label/bug`"), "{}", refused.all());
        for held in ["bug", "BUG", "b*", "defect"] {
            suspend(held).exits(0);
        }
        config("authoritative");
        suspend("bugg").exits(0);
    });
}

/// What the doctor asks of an App is what an apply needs, no more and no less; what is missing is named before
/// anything is refused.
#[test]
fn an_app_needs_the_permissions_that_the_doctor_asks_for() {
    const NEEDED: [(&str, &str); 6] = [
        ("metadata", "read"),
        ("administration", "write"),
        ("issues", "write"),
        ("pull_requests", "write"),
        ("contents", "write"),
        ("checks", "write"),
    ];
    with_app(&NEEDED, |w| {
        w.run(&["doctor"]).exits(0);
        w.apply(&[]).exits(0);
        w.plan(&[]).exits(0);
    });
    for missing in ["administration", "issues", "contents"] {
        let granted: Vec<_> = NEEDED.into_iter().filter(|(name, _)| *name != missing).collect();
        with_app(&granted, |w| {
            let doctor = w.run(&["doctor"]).exits(5);
            let bad: Vec<_> = doctor.out.lines().filter(|line| line.starts_with("BAD")).collect();
            assert_eq!(bad.len(), 1, "{}", doctor.all());
            assert!(bad[0].contains(&format!("no `{missing}: write`")), "{}", doctor.all());
            assert_ne!(w.apply(&[]).code, 0, "{missing}");
        });
    }
}

/// A reason is for those who find it later, so it says something.
#[test]
fn a_blank_reason_is_none() {
    small(|w| {
        for reason in ["", "  "] {
            w.write(
                "factory.kdl",
                &format!(
                    "factory \"acme\" {{ protect \"repo/acme/anvil\" reason={reason:?}; }}\nrepo \"acme/anvil\"\n\
                     allow \"deletes\" address=\"repo/acme/anvil\" until=\"2099-01-01\" reason={reason:?}\n\
                     loop \"labels\" enabled=#false reason={reason:?}\n"
                ),
            );
            let refused = w.run(&["validate"]).exits(3);
            assert_eq!(refused.all().matches("is blank").count(), 3, "{}", refused.all());
        }
    });
}
