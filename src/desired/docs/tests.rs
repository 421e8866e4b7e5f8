//! The texts hold what they promise: every example is accepted, in both spellings.

use serde_json::Value;

use super::{example, explain, init, reference, schema};
use crate::desired::fixture::{files, vocabulary};
use crate::desired::sections::ROOT;
use crate::desired::shape::Kind;
use crate::desired::text::{Spelling, fmt};
use crate::desired::{load, render};
use crate::model::ConfigFile;

/// Every kind with the path of what it stands in.
fn kinds() -> Vec<(&'static Kind, Vec<&'static Kind>)> {
    fn collect(
        kind: &'static Kind,
        above: &[&'static Kind],
        out: &mut Vec<(&'static Kind, Vec<&'static Kind>)>,
    ) {
        out.push((kind, above.to_vec()));
        let inner: Vec<_> = above.iter().copied().chain([kind]).collect();
        for child in kind.children {
            collect(child, &inner, out);
        }
    }
    let mut out = Vec::new();
    for kind in ROOT.children {
        collect(kind, &[], &mut out);
    }
    out
}

#[test]
fn a_section_is_known_by_its_name_where_it_is_misplaced() {
    let all: Vec<&str> = ROOT.children.iter().map(|kind| kind.name).collect();
    assert_eq!(crate::model::SECTIONS[..], all);
}

/// What is wrong with a section on its own, beside a root file and the label sets that examples name.
fn complaints(path: &str, text: &str) -> String {
    let root = if path == "factory.kdl" { text } else { "factory \"acme\"" };
    let set = |name: &str| format!("label-set {name:?} {{ label {name:?}; }}\n");
    let sets = if text.contains("label-set") { set("area") } else { set("area") + &set("lifecycle") };
    // What a task names.
    let worker = |name: &str| format!("agent {name:?} kind=\"codex\"\nrepo \"acme/widgets\"\n");
    let names = |word: &str| text.contains(word);
    let works = ["task", "pipeline", "playbook"].into_iter().any(names);
    let named = if works { worker("claude") } else { String::new() };
    let policy = if names("pipeline") { "merge-policy \"guarded\"\n" } else { "" };
    let beside = sets + &named + policy;
    let mut given = vec![("factory.kdl", root), ("policies/sets.kdl", beside.as_str())];
    if path != "factory.kdl" {
        given.push((path, text));
    }
    let given = files(given);
    load(&given, &vocabulary()).err().map(|all| render(&all, &given, false)).unwrap_or_default()
}

#[test]
fn the_example_of_the_page_on_pipelines_is_accepted() {
    let page = include_str!("../../../docs/PIPELINE.md");
    let (_, after) = page.split_once("```kdl\n").expect("there is one");
    let (example, _) = after.split_once("```").expect("it ends");
    let root = format!("factory \"acme\"\n{example}");
    let given = files([("factory.kdl", root.as_str())]);
    let wrong = load(&given, &vocabulary()).err().map(|all| render(&all, &given, false));
    assert_eq!(wrong, None);
}

/// The TOML examples of the reference page, as a reader would copy them.
fn toml_examples(page: &str) -> Vec<&str> {
    let blocks = page.split("```toml\n").skip(1);
    blocks.map(|rest| rest.split("```").next().unwrap_or_default()).collect()
}

#[test]
fn every_toml_example_of_the_reference_is_accepted_by_itself() {
    let page = reference(&vocabulary());
    let examples = toml_examples(&page);
    assert!(examples.len() > 10, "{examples:?}");
    for toml in examples {
        assert_eq!(complaints("policies/x.toml", toml), "", "{toml}");
    }
}

#[test]
fn what_stands_in_the_root_file_alone_is_not_spelled_in_toml() {
    let page = reference(&vocabulary());
    assert!(toml_examples(&page).iter().all(|toml| !toml.contains("[factory")), "{page}");
    for path in ["factory", "factory.config", "factory.protect", "factory.name", "factory.protect.until"] {
        let says = explain(Some(path), &vocabulary()).unwrap_or_else(|e| panic!("{e}"));
        assert!(says.contains("factory.kdl") && !says.contains("[factory"), "{says}");
    }
    insta::assert_snapshot!(explain(Some("factory.config"), &vocabulary()).unwrap_or_default(), @r#"
    factory.config

    The repository on GitHub that holds this config. Without it the factory is local: nothing is pushed, and live flips and comments stay on this machine.

    Fields:
      repo                          a repository, `owner/name` (required)
      branch                        the name of a branch

    KDL:

        config "acme/factory" branch="main"

    It stands in `factory.kdl` alone, which is KDL, so there is no TOML spelling of it.
    "#);
}

#[test]
fn every_example_is_accepted_in_both_spellings() {
    for (kind, above) in kinds() {
        if above.is_empty() {
            let is_root = kind.name == "factory";
            let (kdl_path, toml) =
                (if is_root { "factory.kdl" } else { "policies/x.kdl" }, example::toml(kind, ""));
            assert_eq!(complaints(kdl_path, kind.example), "", "{}", kind.example);
            if !is_root {
                assert_eq!(complaints("policies/x.toml", &toml), "", "{toml}");
            }
        }
        let formatted = fmt::format(&ConfigFile { path: "x.kdl".to_owned(), bytes: kind.example.into() });
        assert_eq!(
            formatted.as_deref().map(str::trim_end),
            Ok(kind.example),
            "the example is in canonical form"
        );
    }
}

#[test]
fn every_field_has_an_explanation_a_default_that_parses_and_an_example_that_is_accepted() {
    let vocabulary = vocabulary();
    for (kind, above) in kinds() {
        let path: Vec<_> = above.iter().copied().chain([kind]).map(|k| k.name).collect();
        let path = path.join(".");
        for field in kind.key.iter().chain(kind.fields) {
            let text = explain(Some(&format!("{path}.{}", field.name)), &vocabulary).unwrap();
            assert!(
                text.contains(field.about) && field.about.ends_with('.'),
                "{path}.{}: {text}",
                field.name
            );
            assert_eq!(field.default.is_some(), field.default_json().is_some(), "{path}.{}", field.name);
            let values = crate::desired::shape::literals(field.example);
            assert!(!values.is_empty(), "{path}.{} has no example", field.name);
            for raw in &values {
                let cx = crate::desired::shape::Context { spelling: Spelling::Kdl, vocabulary: &vocabulary };
                let checked = crate::desired::shape::check(field.ty, raw, cx);
                assert!(checked.is_ok(), "{path}.{}: {checked:?}", field.name);
            }
        }
    }
}

#[test]
fn explanations() {
    let vocabulary = vocabulary();
    let say = |path| explain(Some(path), &vocabulary).unwrap_or_else(|e| format!("error: {e}\n"));
    insta::assert_snapshot!(explain(None, &vocabulary).unwrap_or_default(), @r"
    Sections, at the top of `factory.kdl` and of any file under `policies/`:

      factory       The factory itself
      github        How GitHub is reached, and as whom
      defaults      What is wanted of every declared repository, unless a group or the repository itself says otherwise
      group         What is wanted of the declared repositories that it matches by name or by declared topic
      repo          A repository under management
      repositories  Lists the repositories of an account that are not declared, as unmanaged
      label-set     Labels that several repositories share
      caps          Limits on what the factory does
      prices        What models cost
      agent         A program that does tasks
      task          A piece of work for an agent in one repository
      pipeline      The way of an issue to a pull request that lands
      playbook      What a run in a phase of an issue is told, and what it may use
      merge-policy  What of the factory's work may land, and how
      language      The words of a project, as files that are reviewed
      loop          A controller that runs on its triggers
      allow         Lets the daemon do what a guard would hold back

    Loops:

      labels                Makes labels as config wants them
      repository-settings   Settings
      stale                 Closes stale issues

    More: `explain repo`, `explain repo.visibility`, `explain loop.NAME`, `explain config::unknown-key`
    ");
    insta::assert_snapshot!(say("repo.visibility"), @r#"
    repo.visibility

    Who can see the repository.

    Type:     `public`, `private` or `internal`
    Default:  none; what isn't written is left as it is
    KDL:      visibility "private"
    TOML:     visibility = "private"
    "#);
    insta::assert_snapshot!(say("label.color"), @r#"
    label-set.label.color

    Six hex digits, with or without `#`.

    Type:     a colour of six hex digits
    Default:  none; what isn't written is left as it is
    KDL:      color "d73a4a"
    TOML:     color = "d73a4a"
    "#);
    insta::assert_snapshot!(say("labels"), @r#"
    repo.labels

    The labels wanted: those of the named sets and those that stand here, laid over what groups and defaults want; the nearer layer wins, attribute by attribute.

    Fields:
      sets                          up to 50 values, each a name of letters, digits, `-`, `_` and `.`
      mode                          `additive`, `authoritative` or `ignore`

    In it:
      label                         A label

    KDL:

        labels "lifecycle" "area" mode="authoritative" {
            label "kind/bug" color="d73a4a" was="bug"
        }

    TOML:

        [repo."acme/widgets".labels]
        sets = ["lifecycle", "area"]
        mode = "authoritative"
        [repo."acme/widgets".labels.label."kind/bug"]
        color = "d73a4a"
        was = "bug"
    "#);
    insta::assert_snapshot!(say("loop.stale"), @r"
    loop.stale

    Closes stale issues.

    By default: every 1h.

    Fields:
      stale-after                   a length of time from 1m to 365d
      max-per-tick                  a whole number from 1 to 100
      exempt                        up to 20 values, each a label's name of 1 to 50 characters
      comment                       `#true` or `#false`

    The fields that every loop has: `explain loop`
    ");
    insta::assert_snapshot!(say("loop.stale.stale-after"), @r#"
    loop.stale.stale-after

    When an issue is stale.

    Type:     a length of time from 1m to 365d
    Default:  "30d"
    KDL:      stale-after "30d"
    TOML:     stale-after = "30d"
    "#);
    insta::assert_snapshot!(say("config::duplicate"), @r"
    config::duplicate

    The same thing is declared twice. Names of repositories, labels and sections are compared without regard to case.
    ");
    let wrong: Vec<_> =
        ["repo.visiblity", "visbility", "rulesets", "repo.color", "config::dupliate"].map(say).to_vec();
    insta::assert_snapshot!(wrong.concat(), @r"
    error: there is no `repo.visiblity` in config; did you mean `repo.visibility`?
    error: there is no `visbility` in config; did you mean `defaults.visibility`?
    error: there is no `rulesets` in config
    error: there is no `repo.color` in config; did you mean `defaults.labels.label.color`?
    error: there is no `config::dupliate` in config; did you mean `config::duplicate`?
    ");
}

#[test]
fn a_new_factory_loads_without_a_word() {
    let made = init("acme", &vocabulary());
    let config: Vec<_> = made.iter().filter(|(p, _)| Spelling::of(p).is_some()).collect();
    let given = files(config.iter().map(|(p, t)| (p.as_str(), t.as_str())));
    let (desired, warnings) =
        load(&given, &vocabulary()).unwrap_or_else(|d| panic!("{}", render(&d, &given, false)));
    assert!(warnings.is_empty(), "{}", render(&warnings, &given, false));
    assert_eq!(desired.factory.name, "acme");
    for (path, text) in config {
        let file = ConfigFile { path: path.clone(), bytes: text.as_bytes().to_vec() };
        assert_eq!(fmt::format(&file).as_ref(), Ok(text), "{path} is in canonical form");
    }
    insta::assert_snapshot!(made[0].1, @r#"
    // The desired state of acme on GitHub. What nobody writes here is left as it is.
    // `factoryctl validate` checks, `factoryctl plan` shows what would change, `factoryctl explain repo` explains.

    factory "acme" {
        // Where this config lives on GitHub; without it the factory is local.
        // config "acme/factory" branch="main"
    }

    // How GitHub is reached, and as whom.
    // github {
    //     api "https://api.github.com"
    //     auth "token" token="env:GITHUB_TOKEN"
    // }

    // What is wanted of every declared repository, unless a group or the repository itself says otherwise.
    defaults {
        delete-branch-on-merge #true
        labels "lifecycle"
    }

    // What is wanted of the declared repositories that it matches by name or by declared topic.
    // group "rust" {
    //     match "acme/*-rs" "acme/lib*"
    //     topic "rust"
    //     delete-branch-on-merge #true
    // }

    // A repository under management.
    // repo "acme/widgets" create=#true {
    //     description "The widget service"
    //     topics "rust" "service"
    //     visibility "private"
    //     labels "lifecycle" mode="authoritative"
    // }

    // Lists the repositories of an account that are not declared, as unmanaged.
    // repositories "acme/*" mode="observe"

    // Limits on what the factory does.
    caps runs=4 runs-per-repo=2 {
        change-budget deletes=10 weakening=0 visibility=0 archives=5 percent=30 floor=10
    }

    // What models cost.
    // prices as-of="2026-11-01" {
    //     model "claude-sonnet-*" input=3.75 cached=0.30 output=15
    // }

    // A program that does tasks.
    // agent "claude" kind="claude" model="opus" time="45m" turns=60 {
    //     var "ANTHROPIC_API_KEY" secret="env:FACTORY_CLAUDE_KEY"
    // }

    // A piece of work for an agent in one repository.
    // task "tidy" repo="acme/widgets" {
    //     prompt "Remove the dead links from README.md."
    //     agents "claude"
    //     attempts 3
    //     paths "README.md" "docs/**"
    // }

    // The way of an issue to a pull request that lands.
    // pipeline "standard" {
    //     intake "factory:please"
    //     agents "claude"
    //     merge-policy "guarded"
    //     reserved {
    //         words "pricing" "licence"
    //         paths "legal/**"
    //     }
    // }

    // What a run in a phase of an issue is told, and what it may use.
    // playbook "plan" phase="plan" {
    //     criteria "Every file that changes is named." "Every step has a test."
    //     agents "claude"
    //     attempts 3
    // }

    // What of the factory's work may land, and how.
    // merge-policy "guarded" {
    //     mode "on-green-with-review"
    //     method "squash"
    //     require-checks "lint"
    //     check "ci" app=12345
    //     freeze "Fri 16:00..Mon 08:00" tz="Europe/Berlin"
    //     max-files 50
    //     people-paths "deploy/**"
    //     graduation clean-prs=3 soak="8h" max-rss-drift=8 approved-by="ann"
    // }

    // The words of a project, as files that are reviewed.
    // language {
    //     roots "src"
    //     context "builder" {
    //         sources "src/loops/**"
    //     }
    //     context "shared-kernel"
    //     forbid "shared-kernel" to="builder"
    //     lint "coverage" level="off"
    // }

    // A controller that runs on its triggers.
    // loop "labels" every="5m"
    // loop "repository-settings"
    // loop "stale" every="1h"

    // Lets the daemon do what a guard would hold back.
    // allow "deletes" address="repo/acme/**" n=40 until="2030-12-31" reason="label clean-up"
    "#);
}

#[test]
fn a_new_factory_loads_with_its_comments_taken_away() {
    let made = init("acme", &vocabulary());
    let text: String = made[0]
        .1
        .lines()
        .map(|line| {
            let code = line.trim_start().strip_prefix("// ").unwrap_or(line);
            // Sentences stay comments.
            if code.ends_with('.') || code.contains('`') { String::new() } else { format!("{code}\n") }
        })
        .collect();
    let given = files([
        ("factory.kdl", text.as_str()),
        ("policies/labels.kdl", "label-set \"lifecycle\" { label \"bug\"; }"),
    ]);
    let outcome = load(&given, &vocabulary());
    if let Err(all) = outcome {
        panic!("{}\n{text}", render(&all, &given, false));
    }
}

#[test]
fn the_reference_names_everything() {
    let text = reference(&vocabulary());
    for (kind, _) in kinds() {
        assert!(text.contains(&format!("{}\n", kind.name)), "{}", kind.name);
        for field in kind.fields {
            assert!(text.contains(&format!("| `{}` |", field.name)), "{}", field.name);
        }
    }
    for code in crate::desired::diagnostic::code::ALL {
        assert!(text.contains(code.name), "{}", code.name);
    }
}

/// A validator of the part of JSON Schema that [`schema`] uses, patterns apart.
pub(in crate::desired) fn validates(root: &Value, schema: &Value, value: &Value) -> bool {
    if let Some(reference) = schema["$ref"].as_str() {
        return validates(root, &root["$defs"][reference.rsplit('/').next().unwrap_or_default()], value);
    }
    if let Some(any) = schema["anyOf"].as_array() {
        return any.iter().any(|s| validates(root, s, value));
    }
    let typed = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        _ => true,
    };
    let list = |key: &str| schema[key].as_array().cloned().unwrap_or_default();
    let length = value.as_str().map_or(0, |s| s.chars().count() as u64);
    typed
        && (schema["const"].is_null() || schema["const"] == *value)
        && (schema["enum"].is_null() || list("enum").contains(value))
        && schema["minimum"].as_f64().is_none_or(|m| value.as_f64().is_some_and(|v| v >= m))
        && schema["maximum"].as_f64().is_none_or(|m| value.as_f64().is_some_and(|v| v <= m))
        && schema["maxLength"].as_u64().is_none_or(|m| length <= m)
        && schema["minLength"].as_u64().is_none_or(|m| length >= m)
        && list("required").iter().all(|k| k.as_str().is_some_and(|k| value.get(k).is_some()))
        && value.as_array().is_none_or(|items| items.iter().all(|i| validates(root, &schema["items"], i)))
        && value.as_object().is_none_or(|map| {
            map.iter().all(|(key, inner)| {
                match (schema["properties"].get(key), &schema["additionalProperties"]) {
                    (Some(known), _) => validates(root, known, inner),
                    (None, Value::Bool(allowed)) => *allowed,
                    (None, other) => validates(root, other, inner),
                }
            })
        })
}

#[test]
fn the_schema_takes_the_examples_and_refuses_what_the_reader_refuses() {
    let schema = schema(&vocabulary());
    let takes = |text: &str| {
        let table: toml::Table = text.parse().unwrap();
        validates(&schema, &schema, &serde_json::to_value(table).unwrap())
    };
    for (kind, above) in kinds() {
        let outer: Vec<_> = above.iter().map(|k| k.name).collect();
        let toml = example::toml(kind, &outer.join("."));
        let section = above.first().copied().unwrap_or(kind);
        assert_eq!(takes(&toml), !section.root_only, "{toml}");
    }
    for text in [
        "[repo.\"a/b\"]\nvisiblity = \"private\"",
        "[repo.\"a/b\"]\nvisibility = \"privat\"",
        "[repo.\"a/b\"]\nhas-wiki = \"false\"",
        "[loop.lables]\nenabled = false",
        "[loop.stale]\nstale-afer = \"1d\"",
        "[allow]\nguard = \"deletes\"",
        "[[allow]]\nguard = \"deletes\"",
        "[factory]\nname = \"acme\"",
    ] {
        assert!(!takes(text), "{text}");
    }
}
