//! Every file is compiled, none is overlong, and none hides a test.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::rust::{code, declared, line, tokens};
use super::{read, root, rust_files};

/// The longest file without a reason.
const LONGEST: usize = 800;

/// Longer files, with the reason.
const LONGER: &[(&str, &str)] = &[];

/// Where the modules that a file declares lie: beside it for roots and `mod.rs`, else in a folder of its name.
fn folder_of(path: &Path) -> PathBuf {
    let is_root = ["src/lib.rs", "src/main.rs", "tests/main.rs"].iter().any(|root| path == Path::new(root));
    if is_root || path.ends_with("mod.rs") {
        path.parent().expect("a file lies in a folder").to_owned()
    } else {
        path.with_extension("")
    }
}

fn undeclared(folder: &str, roots: &[&str]) -> Vec<PathBuf> {
    let mut reached: BTreeSet<PathBuf> = BTreeSet::new();
    let mut open: Vec<PathBuf> =
        roots.iter().map(PathBuf::from).filter(|p| root().join(p).exists()).collect();
    while let Some(path) = open.pop() {
        for module in declared(&code(&read(&path))) {
            let beside = folder_of(&path).join(&module.name);
            let candidates = [beside.with_extension("rs"), beside.join("mod.rs")];
            open.extend(candidates.into_iter().filter(|p| root().join(p).exists()));
        }
        reached.insert(path);
    }
    rust_files(folder).into_iter().filter(|path| !reached.contains(path)).collect()
}

#[test]
fn every_file_is_declared_by_some_module() {
    // Cargo.toml names how the program is linked, and the benchmark's yardstick.
    let mut lost = undeclared("src", &["src/lib.rs", "src/main.rs", "src/build.rs"]);
    lost.extend(undeclared("tests", &["tests/main.rs", "tests/bench.d/parse_kdl.rs"]));
    assert!(lost.is_empty(), "in the tree but in no module, so never compiled: {lost:?}");
}

#[test]
fn no_file_is_overlong_without_a_reason() {
    for (path, reason) in LONGER {
        let lines = read(Path::new(path)).lines().count();
        assert!(lines > LONGEST, "{path} has {lines} lines now and needs no exception ({reason})");
    }
    for path in rust_files("src").into_iter().chain(rust_files("tests")) {
        let lines = read(&path).lines().count();
        let excused = LONGER.iter().any(|(known, _)| path == Path::new(known));
        assert!(
            lines <= LONGEST || excused,
            "{} has {lines} lines: it holds more than one idea",
            path.display()
        );
    }
}

/// Whether these tokens stand somewhere in a row; answers the position of the first.
fn sequence(code: &str, wanted: &[&str]) -> Option<usize> {
    let all = tokens(code);
    let found =
        all.windows(wanted.len()).find(|window| window.iter().map(|(_, t)| *t).eq(wanted.iter().copied()));
    found.map(|window| window[0].0)
}

#[test]
fn nothing_that_hides_or_doubles_a_way() {
    const NEVER: &[(&[&str], &str)] = &[
        (&["#", "[", "ignore"], "an ignored test is a test that fails unseen"),
        (&["dry_run", ":", "bool"], "a plan is dry by construction: it never builds a writer"),
        (&["#", "[", "path"], "modules lie where their names say"),
        (&["allow", "(", "clippy"], "suppress with #[expect(lint, reason = \"…\")]"),
        (&["thread", "::", "sleep"], "wait for states, never for time"),
    ];
    let mut wrong = Vec::new();
    for path in rust_files("src").into_iter().chain(rust_files("tests")) {
        let source = read(&path);
        let code = code(&source);
        for (tokens, why) in NEVER {
            if let Some(at) = sequence(&code, tokens) {
                wrong.push(format!("{}:{}: {}: {why}", path.display(), line(&source, at), tokens.concat()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// A dependency that nothing uses is compiled by everybody who builds this.
#[test]
fn every_dependency_is_used() {
    let manifest: toml::Table = read(Path::new("Cargo.toml")).parse().expect("the manifest is TOML");
    let sources: Vec<String> =
        rust_files("src").iter().chain(&rust_files("tests")).map(|p| read(p)).collect();
    let used = |name: &str| {
        let name = name.replace('-', "_");
        let uses = [format!("{name}::"), format!("{name}!"), format!("use {name};")];
        sources.iter().any(|text| uses.iter().any(|needle| text.contains(needle)))
    };
    let names =
        ["dependencies", "dev-dependencies"].iter().filter_map(|section| manifest[*section].as_table());
    let unused: Vec<&String> = names.flat_map(|table| table.keys()).filter(|name| !used(name)).collect();
    assert!(unused.is_empty(), "nothing uses {unused:?}");
}
