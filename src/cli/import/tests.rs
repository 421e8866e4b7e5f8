//! The command over HTTP: what it writes, when it refuses, how it ends.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tokio::runtime::Runtime;

use crate::adapters::env::Env;
use crate::cli::{self, Exit};
use crate::desired::import;
use crate::desired::import::worlds::{archived, label, repo, with, world};
use crate::model::{Observed, Seen, Setting, SettingValue};
use crate::twin::world::{Label, World, epoch};
use crate::twin::{FaultAction, FaultRule, Generate, Options, Twin, generate};

const TOKEN: &str = "ghp_twinOperator0000000000000000000000000";

/// A folder and a twin.
struct Place {
    runtime: Runtime,
    twin: Option<Twin>,
    dir: tempfile::TempDir,
}

impl Place {
    fn new(world: World) -> Self {
        let runtime = Runtime::new().unwrap();
        let twin = runtime.block_on(Twin::start(Options { world, ..Options::default() })).unwrap();
        Self { runtime, twin: Some(twin), dir: tempfile::tempdir().unwrap() }
    }

    fn twin(&self) -> &Twin {
        self.twin.as_ref().unwrap()
    }

    fn config(&self) -> PathBuf {
        self.dir.path().join("config")
    }

    fn run_as(&self, token: &str, args: &[&str]) -> Exit {
        let state = self.dir.path().join("state");
        let vars = [("GITHUB_TOKEN", token), ("FACTORY_STATE_DIR", state.to_str().unwrap())];
        let vars = vars.into_iter().filter(|(_, value)| !value.is_empty());
        let fast = ["factoryctl", "--retry-first-ms", "1"];
        let args = fast.iter().chain(args).map(std::ffi::OsString::from);
        cli::main(args, Env::of(vars, self.dir.path()))
    }

    fn run(&self, args: &[&str]) -> Exit {
        self.run_as(TOKEN, args)
    }

    fn import(&self, args: &[&str]) -> Exit {
        let url = self.twin().url();
        self.run(&[&["--api", &url, "import", "-o", "config"], args].concat())
    }

    fn plan(&self) -> Exit {
        self.run(&["--config", "config", "plan"])
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(twin) = self.twin.take() {
            // What the twin doesn't know must not pass for an empty answer.
            let unknown = twin.unknown();
            self.runtime.block_on(twin.stop());
            assert!(unknown.is_empty() || std::thread::panicking(), "{unknown:?}");
        }
    }
}

/// Every file below a folder, with its text.
fn files(root: &Path) -> Vec<(String, String)> {
    let Ok(config) = crate::adapters::fs::read_config_folder(root) else { return Vec::new() };
    let text = |bytes| String::from_utf8(bytes).unwrap();
    config.files.into_iter().map(|file| (file.path, text(file.bytes))).collect()
}

/// An organisation with all that may be odd about one.
fn odd_world() -> World {
    let what = Generate { repos: 60, archived: 20, labels_total: 1_500, ..Generate::default() };
    let mut world = generate(&what);
    for name in [".github", "Under_score", "many-labels", "empty", "odd"] {
        world.add_repo("acme", name);
    }
    let mut label = |name: String, color: &str, description: Option<&str>| Label {
        id: world.fresh_id(),
        name,
        color: color.to_owned(),
        description: description.map(str::to_owned),
        default: false,
        created_at: epoch(),
    };
    let many: Vec<Label> = (0..150).map(|i| label(format!("n/{i:03}"), "ededed", None)).collect();
    let odd = vec![
        label("say \"hi\" \\ /* no */".to_owned(), "00ff00", Some("{ braces; } // \u{202e}and marks")),
        label("Überraschung 🎉".to_owned(), "00ff00", Some("")),
        label("a,b".to_owned(), "00ff00", Some("a comma")),
        label("100%/*".to_owned(), "00ff00", None),
    ];
    world.repo_mut("acme/many-labels").unwrap().labels.extend(many);
    world.repo_mut("acme/empty").unwrap().files = None;
    let repo = world.repo_mut("acme/odd").unwrap();
    repo.labels.extend(odd);
    repo.settings.description = Some("quotes \" and \\ and \u{2028} and 🎉".to_owned());
    repo.settings.homepage = Some("www.acme.example".to_owned());
    world
}

#[test]
fn a_plan_right_after_an_import_is_empty() {
    let place = Place::new(odd_world());
    assert_eq!(place.import(&["acme"]), Exit::Done);
    assert_eq!(place.plan(), Exit::Done, "{:#?}", files(&place.config()));
    let first = files(&place.config());
    let all: String = first.iter().map(|(_, text)| text.as_str()).collect();
    for expect in [
        "label \"n/149\"",
        "label \"say \\\"hi\\\" \\\\ /* no */\"",
        "label \"Überraschung 🎉\"",
        "// left out: homepage must be a website",
        "// left out: label/a,b must be a label's name",
        "// left out: default-branch isn't there: the repository is empty",
    ] {
        assert!(all.contains(expect), "{expect} is not in {all}");
    }
    assert_eq!(all.matches("archived=#true").count(), 20);
    assert_eq!(place.import(&["acme", "acme/odd", "--force"]), Exit::Done);
    assert_eq!(files(&place.config()), first, "the same world gives the same bytes");
    let fmt = place.run(&["--config", "config", "fmt", "--check"]);
    assert_eq!(fmt, Exit::Done, "it is in canonical form");
}

#[test]
fn single_repositories_and_former_names_are_imported_too() {
    let mut world = odd_world();
    let id = world.repo("acme", "odd").unwrap().id;
    world.redirects.insert("acme/former".to_owned(), id);
    let place = Place::new(world);
    assert_eq!(place.import(&["acme/former", "acme/.github"]), Exit::Done);
    assert_eq!(place.plan(), Exit::Done);
    let all: String = files(&place.config()).into_iter().map(|(_, text)| text).collect();
    assert!(all.contains("repo \"acme/odd\"") && all.contains("repo \"acme/.github\""), "{all}");
    assert_eq!(all.matches("\nrepo ").count(), 2);
}

#[test]
fn what_is_there_is_not_overwritten_unless_forced() {
    let place = Place::new(odd_world());
    let path = place.config().join("factory.kdl");
    crate::adapters::fs::make_dirs(&place.config()).unwrap();
    crate::adapters::fs::replace_shared(&path, b"factory \"mine\"\n").unwrap();
    assert_eq!(place.import(&["acme/odd"]), Exit::Error);
    assert_eq!(files(&place.config()), [("factory.kdl".to_owned(), "factory \"mine\"\n".to_owned())]);
    assert!(place.twin().log().is_empty(), "GitHub isn't asked for what can't be written");
    assert_eq!(place.import(&["acme/odd", "--force"]), Exit::Done);
    assert_eq!(place.plan(), Exit::Done);
}

#[test]
fn what_stays_in_the_folder_counts_too() {
    let place = Place::new(odd_world());
    let policy = place.config().join("policies/mine.kdl");
    crate::adapters::fs::make_dirs(policy.parent().unwrap()).unwrap();
    for (text, exit) in [
        ("repo \"acme/ODD\"\n", Exit::Invalid),
        ("group \"all\" { match \"acme/*\"; labels { label \"new\" color=\"00ff00\"; }; }\n", Exit::Error),
        ("repo \"acme/elsewhere\" { has-wiki #false; }\n", Exit::Done),
    ] {
        crate::adapters::fs::replace_shared(&policy, text.as_bytes()).unwrap();
        assert_eq!(place.import(&["acme/odd"]), exit, "{text}");
        let written = files(&place.config()).len() > 1;
        assert_eq!(written, exit == Exit::Done, "{text}");
    }
}

#[test]
fn what_can_not_be_read_completely_is_not_written() {
    let status =
        |status| FaultRule::every(FaultAction::Status { status, body: None, headers: BTreeMap::default() });
    for (name, fault, exit) in [
        ("the list fails", status(502).operation("OwnerRepositories"), Exit::Error),
        ("the settings fail", status(502).operation("Repositories"), Exit::Error),
        ("further labels fail", status(502).operation("LabelPages"), Exit::Error),
        ("the token is refused", status(401), Exit::Auth),
        (
            "the limit is spent",
            FaultRule::every(FaultAction::PrimaryLimit { reset_in_s: 3_600 }),
            Exit::RateLimit,
        ),
        ("access is refused", status(403).operation("Repositories"), Exit::Auth),
    ] {
        let place = Place::new(odd_world());
        place.twin().set_faults(vec![fault]).unwrap();
        assert_eq!(place.import(&["acme"]), exit, "{name}");
        assert!(!place.config().exists(), "{name}");
    }
}

#[test]
fn what_is_not_there_is_named() {
    let place = Place::new(odd_world());
    for (args, exit) in
        [(["acme/nothing"], Exit::Error), (["nobody"], Exit::Error), (["not a name"], Exit::Usage)]
    {
        assert_eq!(place.import(&args), exit, "{args:?}");
    }
    let url = place.twin().url();
    assert_eq!(place.run_as("", &["--api", &url, "import", "acme"]), Exit::Auth);
    assert_eq!(place.run_as("ghp_wrong", &["--api", &url, "import", "acme"]), Exit::Auth);
    assert!(files(&place.config()).is_empty());
}

#[test]
fn the_report_says_what_was_written_what_was_not_and_what_comes_next() {
    let odd = with(repo("acme/odd"), Setting::Homepage, SettingValue::Text("\u{1b}[31mred".to_owned()));
    let world = world([label(odd, "bug", "d73a4a", ""), archived("acme/old")]);
    let imported = import::config("acme", None, &world);
    let repos = world.into_iter().map(|(name, state)| (name, Seen::Known(state))).collect();
    let observed = Observed { repos, ..Observed::default() };
    insta::assert_snapshot!(super::report(&imported, &observed), @r#"
    wrote policies/repositories.kdl (30 lines)
    wrote policies/archived.kdl (3 lines)
    wrote factory.kdl (7 lines)
    2 repositories, 1 of them archived, and 1 label

    left out, and so neither fixed nor touched:
      repo/acme/odd/homepage must be a website, `https://…`, or empty, not " [31mred"

    next: read it, `git init` where this is no Git repository yet, commit it, and `factoryctl plan` shows nothing to do
    "#);
}
