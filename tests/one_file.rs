//! A new loop is one file and one line: shown by adding one to a copy of the source, with nothing else touched.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::structure::root;
use crate::world::world;

/// The file.
const LOOP: &str = r#"//! Greets nobody: a sample that shows what a loop consists of.

use std::time::Duration;

use crate::desired::shape::{self, Field, Kind, Type};
use crate::model::{Address, Facet, Facets, Verb};
use crate::plan::Plan;

use super::{Cx, Loop, Trigger};

/// The loop.
pub(super) struct Sample;

/// Its settings.
pub(super) struct Settings {
    patience: Duration,
}

impl super::Settings for Settings {
    const KIND: &'static Kind = &Kind {
        fields: &[Field::new(
            "patience",
            Type::Duration { min: 1, max: 365 * 86_400 },
            "How long it waits for company.",
            "\"3d\"",
        )
        .or("\"2d\"")],
        ..Kind::EMPTY
    };

    fn read(values: &shape::Settings<'_>) -> Self {
        Self { patience: values.get_duration("patience") }
    }
}

impl Loop for Sample {
    type Settings = Settings;
    const NAME: &'static str = "sample";
    const ABOUT: &'static str = "Waits for company in every declared repository.";
    const TRIGGERS: &'static [Trigger] = &[Trigger::minutes(7)];
    const NEEDS: Facets = Facets::of(Facet::Settings);
    const MAY: &'static [Verb] = &[];

    fn plan(cx: &Cx<'_, Settings>) -> Plan {
        let mut plan = Plan::empty();
        for repo in cx.desired.repos.keys() {
            plan.wait(Address::repo(repo), format!("company, {} s of patience left", cx.settings.patience.as_secs()));
        }
        plan
    }
}
"#;

/// The line.
const LINE: &str = "    sample::Sample,\n";

/// The package's source in a folder of its own, with the sample loop. Files that are as they were stay untouched, so
/// that only what changed since the last time is compiled.
fn copy_with_sample(folder: &Path) {
    let mut files: BTreeMap<PathBuf, String> = ["Cargo.toml", "Cargo.lock"]
        .into_iter()
        .map(PathBuf::from)
        .chain(crate::structure::tracked().into_iter().filter(|path| path.starts_with("src")))
        .map(|path| (path.clone(), crate::structure::read(&path)))
        .collect();
    // The manifest names the tests; the copy has none.
    files.insert(PathBuf::from("tests/main.rs"), String::new());
    files.insert(PathBuf::from("src/loops/sample.rs"), LOOP.to_owned());
    let list = files.get_mut(Path::new("src/loops/mod.rs")).expect("the list is there");
    let end = list.find("registry::loops! {").and_then(|at| Some(at + list[at..].find("\n}")? + 1));
    list.insert_str(end.expect("the list of loops ends with a brace on a line of its own"), LINE);
    remove_others(folder, Path::new("src"), &files);
    for (path, text) in &files {
        let to = folder.join(path);
        std::fs::create_dir_all(to.parent().expect("it lies in the copy")).expect("folders can be made");
        if std::fs::read_to_string(&to).ok().as_ref() != Some(text) {
            std::fs::write(&to, text).expect("a file can be written");
        }
    }
}

/// Removes what an earlier copy had and the source has no longer.
fn remove_others(folder: &Path, below: &Path, files: &BTreeMap<PathBuf, String>) {
    for entry in folder.join(below).read_dir().into_iter().flatten().flatten() {
        let path = below.join(entry.file_name());
        if entry.path().is_dir() {
            remove_others(folder, &path, files);
        } else if !files.contains_key(&path) {
            std::fs::remove_file(entry.path()).expect("a copy can be removed");
        }
    }
}

/// Builds the copy. Its own target folder begins with the dependencies that this very test was built with.
fn build(copy: &Path) -> PathBuf {
    let this = PathBuf::from(env!("CARGO_BIN_EXE_factoryctl"));
    let profile = this.parent().expect("it lies in its profile's folder");
    let target = root().join("target/one-file");
    let own = target.join(profile.file_name().expect("a profile has a name"));
    for part in [".fingerprint", "build", "deps"] {
        link_all(&profile.join(part), &own.join(part));
    }
    let mut command = Command::new(env!("CARGO"));
    command
        .args(["build", "--offline", "--bin", "factoryctl"])
        .current_dir(copy)
        .env("CARGO_TARGET_DIR", &target);
    if own.ends_with("release") {
        command.arg("--release");
    }
    let out = command.output().expect("cargo runs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    own.join("factoryctl")
}

/// Hard links of everything below a folder, with the times that cargo compares, but for this package's own.
fn link_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("folders can be made");
    for entry in from.read_dir().expect("the folder was built").flatten() {
        let name = entry.file_name();
        let own = ["factoryctl-", "libfactoryctl-", "main-"]
            .iter()
            .any(|own| name.to_string_lossy().starts_with(own));
        let target = to.join(&name);
        if own {
            continue;
        }
        if entry.path().is_dir() {
            link_all(&entry.path(), &target);
        } else if !target.exists() {
            std::fs::hard_link(entry.path(), &target).expect("a built file can be linked");
        }
    }
}

#[test]
fn a_loop_is_one_file_and_one_line() {
    let copy = root().join("target/one-file/source");
    copy_with_sample(&copy);
    let program = build(&copy);
    let program = program.to_str().expect("the path is text");
    world(|w| {
        w.github().mutate(|world| drop(world.add_repo("acme", "anvil").name.clone()));
        w.config(
            "factory \"acme\"\nrepo \"acme/anvil\"\nloop \"sample\" every=\"11m\" { patience \"3d\"; }\n",
        );
        let says = |args: &[&str], code: i32| {
            let out = w.plain(program, args);
            let text =
                format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
            assert_eq!(out.status.code(), Some(code), "{args:?}: {text}");
            text
        };
        let about = "Waits for company in every declared repository.";
        for (args, code, wanted) in [
            (&["explain", "loop.sample"][..], 0, about),
            (&["explain", "loop.sample.patience"][..], 0, "How long it waits for company."),
            (&["explain", "--reference"][..], 0, about),
            (&["schema"][..], 0, "patience"),
            (&["loop", "list"][..], 0, "sample"),
            (&["plan", "--loop", "sample"][..], 0, "company, 259200 s of patience left"),
            (&["plan", "--loop", "sampel"][..], 64, "did you mean `sample`?"),
        ] {
            let text = says(args, code);
            assert!(text.contains(wanted), "{args:?} doesn't say {wanted:?}:\n{text}");
        }
    });
}
