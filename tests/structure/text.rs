//! What the repository says: of the product alone, and all of it named in the README.

use std::collections::BTreeSet;
use std::path::Path;

use super::{read, root, tracked};

/// Tracked text, with its path.
fn texts() -> impl Iterator<Item = (String, String)> {
    tracked().into_iter().filter_map(|path| {
        let bytes = std::fs::read(root().join(&path)).expect("a tracked file can be read");
        Some((path.to_str().expect("tracked names are UTF-8").to_owned(), String::from_utf8(bytes).ok()?))
    })
}

#[test]
fn the_readme_names_everything_at_the_top() {
    let readme = read(Path::new("README.md"));
    let top: BTreeSet<String> = tracked()
        .iter()
        .filter_map(|path| path.iter().next()?.to_str().map(str::to_owned))
        .filter(|name| name != "README.md")
        .collect();
    let unnamed: Vec<&String> = top
        .iter()
        .filter(|name| !readme.contains(&format!("`{name}`")) && !readme.contains(&format!("`{name}/`")))
        .collect();
    assert!(unnamed.is_empty(), "README.md doesn't say what these are for: {unnamed:?}");
}

#[test]
fn no_text_knows_a_machine() {
    // Put together here, so that this file is none of its own findings.
    let mut places: Vec<String> = ["/ho me/", "/Us ers/", "/ro ot/"].map(|p| p.replace(' ', "")).into();
    let own = root().display().to_string();
    if own.len() > 4 {
        places.push(own);
    }
    let mut found = Vec::new();
    for (path, text) in texts() {
        for (number, line) in text.lines().enumerate() {
            if let Some(place) = places.iter().find(|place| stands_alone(line, place)) {
                found.push(format!("{path}:{}: {place}", number + 1));
            }
        }
    }
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

/// Whether a path stands in a line and is not the tail of a longer one, as in `https://host/home/`.
fn stands_alone(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        line[..at]
            .chars()
            .next_back()
            .is_none_or(|before| !before.is_alphanumeric() && !"-_.~}".contains(before))
    })
}

#[test]
fn crates_come_from_the_one_registry() {
    let lock = read(Path::new("Cargo.lock"));
    let sources: BTreeSet<&str> = lock.lines().filter_map(|line| line.strip_prefix("source = ")).collect();
    assert_eq!(sources, ["\"registry+https://github.com/rust-lang/crates.io-index\""].into());
}

#[test]
fn scripts_can_be_run() {
    use std::os::unix::fs::PermissionsExt;
    for script in [".ci/run", "tests/run", "tests/soak"] {
        let mode = root().join(script).metadata().expect("the script is there").permissions().mode();
        assert!(mode & 0o111 != 0, "{script} is not executable");
    }
}

/// What `FILE.rs::NAME` in a text means: a file of the source or of the tests that has this function.
fn named_in_code(text: &str) -> Vec<(String, String)> {
    let quoted = text.split('`').skip(1).step_by(2);
    let named = |word: &str| {
        let (path, name) = word.trim_start_matches("test:").split_once(".rs::")?;
        // Where it is nested is looked at by `factoryctl validate`, of decisions.
        let name = name.rsplit("::").next().unwrap_or(name).trim_end_matches(',');
        Some((format!("{path}.rs"), name.to_owned()))
    };
    quoted.flat_map(str::split_whitespace).filter_map(named).collect()
}

/// A text that names a test which is no longer there claims what nobody runs.
#[test]
fn what_the_texts_name_in_code_is_there() {
    let mut lost = Vec::new();
    for (path, text) in texts().filter(|(path, _)| Path::new(path).extension().is_some_and(|e| e == "md")) {
        for (file, name) in named_in_code(&text) {
            let places = [format!("src/{file}"), file.clone()];
            let there = places.iter().any(|place| {
                root().join(place).is_file() && read(Path::new(place)).contains(&format!("fn {name}("))
            });
            if !there {
                lost.push(format!("{path}: {file}::{name}"));
            }
        }
        for line in text.lines().filter_map(|line| line.strip_prefix("code_anchor: ")) {
            let (file, name) = line.trim_matches('"').split_once(':').expect("an anchor is `path:Symbol`");
            if !root().join(file).is_file() || !read(Path::new(file)).contains(name) {
                lost.push(format!("{path}: {file}:{name}"));
            }
        }
    }
    assert!(lost.is_empty(), "\n{}\n", lost.join("\n"));
}
