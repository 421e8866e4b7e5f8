//! Mistakes that people make, each with the whole message that they get: it names the thing, says what is allowed,
//! and shows how to write it. A newcomer should be able to mend each from its message alone.

mod access;
mod between;
mod credentials;
mod files;
mod language;
mod pipelines;
mod shape;
mod spend;
mod syntax;
mod values;

use std::collections::BTreeSet;

use super::diagnostic::code;
use super::fixture::{files, vocabulary};
use super::{load, render};
use crate::model::{ConfigFile, ConfigFiles, Unread};

/// What is said of a root file that has `text` after its `factory` line.
fn complain(text: &str) -> String {
    complain_files([("factory.kdl", format!("factory \"acme\"\n{text}").as_str())])
}

/// What is said of these files: errors, or else warnings.
fn complain_files<'a>(given: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let given = files(given);
    let all = match load(&given, &vocabulary()) {
        Ok((_, warnings)) => warnings,
        Err(all) => all,
    };
    assert!(!all.is_empty(), "nothing was found wrong");
    render(&all, &given, false)
}

/// Codes raised by these files.
fn codes(given: &ConfigFiles) -> Vec<&'static str> {
    let all = match load(given, &vocabulary()) {
        Ok((_, warnings)) => warnings,
        Err(all) => all,
    };
    all.into_iter().map(|d| d.code).collect()
}

#[test]
fn every_code_is_raised_by_some_config() {
    let root = |text: &str| files([("factory.kdl", format!("factory \"acme\"\n{text}").as_str())]);
    let bytes = |bytes: Vec<u8>| ConfigFiles {
        files: vec![ConfigFile { path: "factory.kdl".to_owned(), bytes }],
        ..ConfigFiles::default()
    };
    let mut unread = root("");
    unread.unread.push(Unread {
        path: "policies/link.kdl".to_owned(),
        why: "leads out of the repository".to_owned(),
        help: "replace the symlink by the file".to_owned(),
    });
    let mut passed_over = root("");
    passed_over.passed_over.push(Unread {
        path: "policies/labels.yml".to_owned(),
        why: "is not read: config files end in `.kdl` or `.toml`".to_owned(),
        help: "write it as KDL or TOML, or move it out of `policies/`".to_owned(),
    });
    let labels = |labels: &str| root(&format!("repo \"acme/w\" {{\nlabels {labels}\n}}"));
    let task = |repo: &str| {
        format!("repo \"acme/w\"\ntask \"t\" repo={repo:?} {{ prompt \"x\"; agents \"none\"; }}")
    };
    let table: Vec<(&code::Code, ConfigFiles)> = vec![
        (code::NO_FACTORY, files([("factory.kdl", "")])),
        (code::UNREAD, unread),
        (code::PASSED_OVER, passed_over),
        (code::TOO_LARGE, bytes(vec![b'\n'; (4 << 20) + 1])),
        (code::NOT_UTF8, bytes(b"factory \"acme\"\n// \xff".to_vec())),
        (code::TOO_DEEP, root(&"a {".repeat(100))),
        (code::TOO_MANY, root(&"x\n".repeat(3000))),
        (code::UNSEEN, root("// \u{202e}")),
        (code::SYNTAX, root("a {")),
        (code::ANNOTATION, root("(t)caps")),
        (code::SHAPE, root("repo \"acme/w\" { has-wiki { a; }; }")),
        (code::UNKNOWN_KEY, root("rules")),
        (code::DUPLICATE, root("repo \"acme/w\"\nrepo \"acme/W\"")),
        (code::MISSING, root("repo")),
        (code::EXTRA_VALUE, root("caps 3")),
        (code::WRONG_TYPE, root("loop \"labels\" enabled=3")),
        (code::OUT_OF_RANGE, root("loop \"labels\" every=\"1s\"")),
        (code::MALFORMED, root("repo \"acme\"")),
        (code::UNKNOWN_WORD, root("defaults { visibility \"secret\"; }")),
        (code::LITERAL_SECRET, root("github { auth \"token\" token=\"x\"; }")),
        (code::UNKNOWN_LOOP, root("loop \"nothing\"")),
        (code::UNKNOWN_LABEL_SET, labels("\"x\"")),
        (code::UNKNOWN_AGENT, root(&task("acme/w"))),
        (code::UNKNOWN_REPO, root(&task("acme/x"))),
        (code::UNKNOWN_PIPELINE, root("defaults { pipeline \"x\"; }")),
        (code::UNKNOWN_MERGE_POLICY, root("repo \"acme/w\" { merge-policy \"x\"; }")),
        (code::UNKNOWN_PLAYBOOK, root("playbook \"x\" { attempts 3; }")),
        (code::UNKNOWN_PLACE, root("playbook \"plan\" { prompt \"{{x}}\"; }")),
        (code::UNUSED_LABEL_SET, root("label-set \"x\"")),
        (code::EMPTY_GROUP, root("group \"x\" { match \"a/b\"; }")),
        (
            code::LABEL_CONFLICT,
            root(
                "label-set \"x\" { label \"a\" color=\"000000\"; }\nlabel-set \"y\" { label \"a\" color=\"ffffff\"; }\ndefaults { labels \"x\" \"y\"; }",
            ),
        ),
        (code::RENAME_CONFLICT, labels("{ label \"a\" was=\"b\"; label \"b\"; }")),
        (code::EMPTY_AUTHORITY, labels("mode=\"authoritative\"")),
        (
            code::MERGE_METHODS,
            root(
                "repo \"a/b\" { allow-merge-commit #false; allow-squash-merge #false; allow-rebase-merge #false; }",
            ),
        ),
        (
            code::MERGE_TEXTS,
            root(
                "repo \"a/b\" { squash-merge-commit-title \"COMMIT_OR_PR_TITLE\"; squash-merge-commit-message \"BLANK\"; }",
            ),
        ),
        (code::ARCHIVED_CREATE, root("repo \"a/b\" create=#true archived=#true")),
        (code::NEVER_GREEN, root("merge-policy \"x\" { mode \"on-green\"; }")),
        (
            code::ONE_IDENTITY,
            root(
                "merge-policy \"x\" { mode \"on-green-with-review\"; require-checks \"ci\"; }\nrepo \"acme/w\" { merge-policy \"x\"; }",
            ),
        ),
        (code::UNCOUNTED_SPEND, root("caps spend-per-day=5")),
        (code::ODD_PRICES, root("prices as-of=\"2030-01-01\" { model \"m\" input=1 cached=1 output=1; }")),
        (code::EXPIRED, root("allow \"deletes\" address=\"repo/**\" until=\"2020-01-01\" reason=\"x\"")),
        (code::NO_EFFECT, root("loop \"labels\" reason=\"x\"")),
    ];
    let mut raised = BTreeSet::new();
    for (code, files) in table {
        let found = codes(&files);
        assert!(found.contains(&code.name), "{} was not raised, but {found:?}", code.name);
        raised.insert(code.name);
    }
    // Defaults without repositories have nothing to be laid over, so that some checks need one.
    for code in code::ALL {
        assert!(raised.contains(code.name), "no config raises {}", code.name);
        assert!(code.about.len() > 20, "{} says too little", code.name);
    }
}

#[test]
fn at_most_two_hundred_problems_are_printed() {
    let text = complain(&"nonsense\n".repeat(250));
    assert_eq!(text.matches("config::unknown-key").count(), 200);
    assert!(text.ends_with("… and 50 more\n"), "{}", &text[text.len() - 100..]);
}

#[test]
fn a_byte_order_mark_is_tolerated() {
    let given = files([
        ("factory.kdl", "\u{feff}factory \"acme\"\n"),
        ("policies/a.toml", "\u{feff}[defaults]\nhas-wiki = false\n"),
    ]);
    assert!(load(&given, &vocabulary()).is_ok());
}

#[test]
fn a_secret_is_never_repeated() {
    for text in [
        "github { auth \"token\" token=\"correct-horse-battery\"; }",
        "github { auth \"token\" token=\"ghp_0123456789abcdef\" tokens=\"x\"; }",
        "github { auth \"ghp_0123456789abcdef\"; }",
        "github { auth \"token\" token=\"correct-horse-battery",
        "github { webhook secret correct-horse-battery; }",
        "github { auth “token” token=“ghp_0123456789abcdef”; }",
        "github { webhook secret=‘correct-horse-battery’; }",
        "github { api \"https://me:correct-horse-battery@example.com\"; }",
    ] {
        let given = files([("factory.kdl", format!("factory \"acme\"\n{text}").as_str())]);
        let all = load(&given, &vocabulary()).expect_err("a secret is an error");
        let shown = render(&all, &given, false) + &super::to_json(&all, &given).to_string();
        assert!(!shown.contains("correct-horse") && !shown.contains("0123456789"), "{shown}");
    }
}
