//! Who may use whom: the flow of the design, as a table that the source is held against.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::rust::{code, crate_paths, line, without_tests};
use super::{read, rust_files};

/// What a room may use besides itself, with the reason. `a::b` allows just that part of `a`.
const MAY_USE: &[(&str, &[&str], &str)] = &[
    ("model", &[], "the nouns depend on nothing"),
    ("desired", &["model"], "files to desired state is a function of the files"),
    ("language", &["model"], "what words mean and what is wrong with them is a function of texts"),
    ("symbols", &["model"], "what code defines is a function of its bytes"),
    ("plan", &["model"], "what may be done is decided without IO and without knowing any loop"),
    (
        "loops",
        &[
            "model",
            "plan",
            "work",
            "pipeline",
            "language::keep",
            "language::review",
            "language::rules",
            "desired::shape",
            "desired::LoopShape",
            "desired::Vocabulary",
        ],
        "a loop is a function of what was read; of config it knows only how settings are spelt",
    ),
    (
        "work",
        &["model", "plan"],
        "what agents are given and who may begin is decided without knowing who wants it",
    ),
    ("pipeline", &["model", "plan", "work"], "where an issue stands is a function of what was read"),
    ("adapters", &["model"], "the only IO knows no rules"),
    ("observed", &["model", "adapters"], "reading decides nothing"),
    ("ledger", &["model", "adapters"], "records are kept, not judged"),
    ("runs", &["model", "adapters"], "a run knows its agent and its workspace, and not what it is for"),
    (
        "apply",
        &["model", "plan", "ledger", "adapters", "observed"],
        "carries out what has a permit; looks again through `observed` right before a write",
    ),
    (
        "engine",
        &[
            "model", "desired", "language", "symbols", "plan", "work", "pipeline", "loops", "adapters",
            "observed", "ledger", "runs", "apply",
        ],
        "all but the command line and the twin",
    ),
    ("twin", &[], "shares no type with the client, so that a wrong field can't be wrong on both sides"),
    (
        "cli",
        &[
            "model", "desired", "language", "plan", "work", "pipeline", "loops", "adapters", "observed",
            "ledger", "runs", "apply", "engine", "twin",
        ],
        "puts everything together",
    ),
    ("build.rs", &[], "says how the program is linked"),
    ("lib.rs", &[], "declares the rooms"),
    ("main.rs", &["cli", "adapters::env"], "arguments and environment in, exit code out"),
];

/// The room that a file under `src/` belongs to: its first folder, or its own name.
fn room(path: &Path) -> String {
    let first = path.iter().nth(1).expect("it lies under src");
    first.to_str().expect("names are UTF-8").to_owned()
}

#[test]
fn a_room_uses_only_what_it_may() {
    let files = rust_files("src");
    let rooms: BTreeSet<String> = files.iter().filter(|p| p.iter().count() > 2).map(|p| room(p)).collect();
    let table: BTreeMap<&str, (&[&str], &str)> =
        MAY_USE.iter().map(|(room, may, why)| (*room, (*may, *why))).collect();
    let mut wrong = Vec::new();
    for path in &files {
        let own = room(path);
        let Some((may, why)) = table.get(own.as_str()) else {
            wrong.push(format!("{}: `{own}` is a room that the table doesn't know", path.display()));
            continue;
        };
        if only_for_tests(path) {
            continue;
        }
        let source = read(path);
        let code = without_tests(&code(&source));
        let folders = path.iter().count().saturating_sub(3);
        let depth = folders + usize::from(!path.ends_with("mod.rs"));
        for (at, used) in crate_paths(&code, depth, &rooms) {
            let inside = used[0] == own || !rooms.contains(&used[0]);
            let allowed = may.iter().any(|allowed| {
                allowed
                    .split("::")
                    .zip(used.iter().map(String::as_str).chain(std::iter::repeat("")))
                    .all(|(a, u)| a == u)
            });
            if !inside && !allowed {
                let (file, line) = (path.display(), line(&source, at));
                wrong.push(format!("{file}:{line}: `{own}` may not use `{}`: {why}", used.join("::")));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// Whether a file is compiled for tests only: one of its folders or itself is declared under `#[cfg(test)]`.
fn only_for_tests(path: &Path) -> bool {
    path.ancestors().filter(|p| p.iter().count() > 2).any(|part| {
        let name = part.file_stem().and_then(|s| s.to_str()).expect("names are UTF-8");
        let folder = part.parent().expect("it lies under src");
        let above = [folder.join("mod.rs"), folder.with_extension("rs")];
        above
            .iter()
            .filter(|p| super::root().join(p).exists())
            .any(|p| super::rust::declared(&code(&read(p))).iter().any(|d| d.name == name && d.for_tests))
    })
}

#[test]
fn the_table_names_every_room() {
    let rooms: BTreeSet<String> = rust_files("src").iter().map(|path| room(path)).collect();
    let known: BTreeSet<String> = MAY_USE.iter().map(|(room, _, _)| (*room).to_owned()).collect();
    assert_eq!(rooms, known);
}
