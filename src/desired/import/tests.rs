//! What import writes, and the laws it keeps as far as config goes; that the plan is empty, the command's tests show.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::worlds::{World, archived, label, organisation, repo, with, world, worlds};
use super::{Imported, config};
use crate::desired::{fixture, load, render};
use crate::model::{ConfigFiles, Desired, LabelState, RepoState, Seen, Setting, SettingValue};

fn files(imported: &Imported) -> ConfigFiles {
    fixture::files(imported.files.iter().map(|(path, text)| (path.as_str(), text.as_str())))
}

fn loaded(imported: &Imported) -> Result<Desired, String> {
    let files = files(imported);
    match load(&files, &fixture::vocabulary()) {
        Ok((desired, warnings)) if warnings.is_empty() => Ok(desired),
        Ok((_, problems)) | Err(problems) => Err(render(&problems, &files, false)),
    }
}

fn show(imported: &Imported) -> String {
    imported.files.iter().fold(String::new(), |all, (path, text)| all + "--- " + path + "\n" + text)
}

fn text(text: &str) -> SettingValue {
    SettingValue::Text(text.to_owned())
}

fn small() -> World {
    let service = |name: &str| {
        let state = with(repo(name), Setting::HasWiki, SettingValue::Flag(false));
        let state = with(state, Setting::DeleteBranchOnMerge, SettingValue::Flag(true));
        let state = with(state, Setting::AllowMergeCommit, SettingValue::Flag(false));
        ["bug", "kind/chore", "kind/fix", "question"].iter().fold(state, |s, l| label(s, l, "d73a4a", ""))
    };
    let odd = with(repo("acme/Odd"), Setting::Description, text("say \"hi\" \\ \u{202e}"));
    let odd = with(odd, Setting::Homepage, text("www.acme.example"));
    let odd = with(odd, Setting::AllowMergeCommit, SettingValue::Flag(false));
    let odd = with(odd, Setting::AllowSquashMerge, SettingValue::Flag(false));
    let odd = with(odd, Setting::AllowRebaseMerge, SettingValue::Flag(false));
    let odd = label(odd, "a,b", "d73a4a", "");
    let odd = label(odd, "long", "d73a4a", &"x".repeat(101));
    let topics = SettingValue::Names(["rust".to_owned(), "web".to_owned()].into());
    world([
        service("acme/svc-a"),
        service("acme/svc-b"),
        service("acme/svc-c"),
        label(service("acme/svc-d"), "own", "00ff00", "Only here"),
        odd,
        with(repo("acme/site"), Setting::Topics, topics),
        repo("acme/lib-a"),
        repo("acme/lib-b"),
        repo("acme/lib-c"),
        repo("acme/lib-d"),
        archived("acme/old"),
        archived("acme/svc-old"),
    ])
}

#[test]
fn a_small_organisation_reads_well() {
    let imported = config("acme", Some("https://github.example/api/v3/"), &small());
    loaded(&imported).unwrap_or_else(|problems| panic!("{problems}\n{}", show(&imported)));
    insta::assert_snapshot!(show(&imported), @r#"
    --- policies/groups.kdl
    // Repositories that share settings. A group is laid over the defaults and over the groups above it.

    group "common" {
        // Not defaults: of other repositories nothing may be said here; they say what was left out.
        match "acme/lib-a" "acme/lib-b" "acme/lib-c" "acme/lib-d" "acme/site" "acme/svc-a" "acme/svc-b" \
            "acme/svc-c" "acme/svc-d"
        homepage ""
        allow-merge-commit #true
        allow-squash-merge #true
        allow-rebase-merge #true
    }

    group "svc" {
        match "acme/svc-*"
        has-wiki #false
        allow-merge-commit #false
        allow-squash-merge #true
        allow-rebase-merge #true
        delete-branch-on-merge #true
        labels "common"
    }
    --- policies/labels.kdl
    // Labels that several repositories have alike.

    label-set "common" {
        label "bug" color="d73a4a" description=""
        label "kind/chore" color="d73a4a" description=""
        label "kind/fix" color="d73a4a" description=""
        label "question" color="d73a4a" description=""
    }
    --- policies/repositories.kdl
    // The repositories, each with what sets it apart.

    repo "acme/lib-a"
    repo "acme/lib-b"
    repo "acme/lib-c"
    repo "acme/lib-d"

    repo "acme/Odd" {
        description "say \"hi\" \\ \u{202e}"
        labels {
            label "long" color="d73a4a"
        }
        // left out: homepage must be a website, `https://…`, or empty, not "www.acme.example"
        // left out: allow-merge-commit together with `allow-squash-merge` and `allow-rebase-merge` allows no way to merge; GitHub refuses that
        // left out: allow-squash-merge is left out with `allow-merge-commit`
        // left out: allow-rebase-merge is left out with `allow-merge-commit`
        // left out: label/a,b must be a label's name of 1 to 50 characters, not "a,b"
        // left out: label/long/description has 101 characters; at most 100 are allowed
    }

    repo "acme/site" {
        topics "rust" "web"
    }

    repo "acme/svc-a"
    repo "acme/svc-b"
    repo "acme/svc-c"

    repo "acme/svc-d" {
        labels {
            label "own" color="00ff00" description="Only here"
        }
    }
    --- policies/archived.kdl
    // Archived repositories: read lightly, and never written.

    repo "acme/old" archived=#true
    repo "acme/svc-old" archived=#true
    --- factory.kdl
    // Written by `factoryctl import`: what exists, so that a plan right after it is empty. Change here what shall
    // change there; `factoryctl explain` says what can be written, `factoryctl plan` what it would do.

    factory "acme" {
        // The repository on GitHub that holds this config, once there is one:
        // config "OWNER/NAME" branch="main"
    }

    github {
        api "https://github.example/api/v3"
    }

    defaults {
        description ""
        topics
        visibility "private"
        archived #false
        default-branch "main"
        has-issues #true
        has-wiki #true
        has-projects #true
        has-discussions #false
        is-template #false
        allow-forking #false
        web-commit-signoff-required #false
        allow-auto-merge #false
        allow-update-branch #false
        delete-branch-on-merge #false
        squash-merge-commit-title "COMMIT_OR_PR_TITLE"
        squash-merge-commit-message "COMMIT_MESSAGES"
        merge-commit-title "MERGE_MESSAGE"
        merge-commit-message "PR_TITLE"
    }
    "#);
    let left: Vec<String> = imported.left_out.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(left.join("\n"), @r#"
    repo/acme/Odd/homepage must be a website, `https://…`, or empty, not "www.acme.example"
    repo/acme/Odd/allow-merge-commit together with `allow-squash-merge` and `allow-rebase-merge` allows no way to merge; GitHub refuses that
    repo/acme/Odd/allow-squash-merge is left out with `allow-merge-commit`
    repo/acme/Odd/allow-rebase-merge is left out with `allow-merge-commit`
    repo/acme/Odd/label/a,b must be a label's name of 1 to 50 characters, not "a,b"
    repo/acme/Odd/label/long/description has 101 characters; at most 100 are allowed
    "#);
}

#[test]
fn one_repository_says_all_by_itself() {
    let imported = config("acme", None, &world([label(repo("acme/widgets"), "bug", "d73a4a", "")]));
    loaded(&imported).unwrap_or_else(|problems| panic!("{problems}"));
    insta::assert_snapshot!(show(&imported), @r#"
    --- policies/repositories.kdl
    // The repositories, each with what sets it apart.

    repo "acme/widgets" {
        description ""
        homepage ""
        topics
        visibility "private"
        archived #false
        default-branch "main"
        has-issues #true
        has-wiki #true
        has-projects #true
        has-discussions #false
        is-template #false
        allow-forking #false
        web-commit-signoff-required #false
        allow-merge-commit #true
        allow-squash-merge #true
        allow-rebase-merge #true
        allow-auto-merge #false
        allow-update-branch #false
        delete-branch-on-merge #false
        squash-merge-commit-title "COMMIT_OR_PR_TITLE"
        squash-merge-commit-message "COMMIT_MESSAGES"
        merge-commit-title "MERGE_MESSAGE"
        merge-commit-message "PR_TITLE"
        labels {
            label "bug" color="d73a4a" description=""
        }
    }
    --- factory.kdl
    // Written by `factoryctl import`: what exists, so that a plan right after it is empty. Change here what shall
    // change there; `factoryctl explain` says what can be written, `factoryctl plan` what it would do.

    factory "acme" {
        // The repository on GitHub that holds this config, once there is one:
        // config "OWNER/NAME" branch="main"
    }
    "#);
}

#[test]
fn nothing_at_all_is_still_a_config() {
    for repos in [World::new(), world([archived("acme/old")])] {
        let imported = config("no name at all", None, &repos);
        let desired = loaded(&imported).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(desired.factory.name, "factory");
        assert_eq!(desired.repos.len(), repos.len());
    }
}

/// The lines of a config that says everything of everything.
fn naive_lines(world: &World) -> usize {
    let live = world.values().filter(|r| !r.archived);
    live.map(|r| 4 + Setting::ALL.len() + r.labels.known().map_or(0, BTreeMap::len)).sum::<usize>()
        + world.values().filter(|r| r.archived).count()
}

#[test]
fn a_large_organisation_becomes_far_less_than_everything_of_everything() {
    let world = organisation();
    let labels: usize = world.values().filter_map(|r| r.labels.known()).map(BTreeMap::len).sum();
    assert_eq!((world.len(), world.values().filter(|r| r.archived).count(), labels), (335, 135, 6000));
    let imported = config("acme", None, &world);
    loaded(&imported).unwrap_or_else(|problems| panic!("{problems}"));
    let lines: usize = imported.files.iter().map(|(_, text)| text.lines().count()).sum();
    let naive = naive_lines(&world);
    assert!(lines * 2 < naive, "{lines} lines, and {naive} to say everything of everything");
    let groups = &imported.files.iter().find(|(path, _)| path == "policies/groups.kdl").unwrap().1;
    insta::assert_snapshot!(groups, @r#"
    // Repositories that share settings. A group is laid over the defaults and over the groups above it.

    group "rust" {
        topic "rust"
        visibility "public"
        has-wiki #false
        allow-merge-commit #false
        allow-squash-merge #true
        allow-rebase-merge #true
        delete-branch-on-merge #true
        labels "area-3"
    }

    group "web" {
        topic "web"
        labels "area-4"
    }
    "#);
}

#[test]
fn what_does_not_fit_one_file_fills_several() {
    let described = |i| with(repo(&format!("acme/r{i}")), Setting::Description, text(&format!("{i:0>340}")));
    let imported = config("acme", None, &world((0..4_000).map(described)));
    let paths: Vec<&str> = imported.files.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["policies/repositories.kdl", "policies/repositories-2.kdl", "factory.kdl"]);
    assert_eq!(loaded(&imported).unwrap().repos.len(), 4_000);
}

/// What config fixes of a repository, held against what is there.
fn same(desired: &Desired, state: &RepoState, imported: &Imported) -> Result<(), TestCaseError> {
    let repo = &desired.repos[&state.name];
    let address = repo.address();
    if state.archived {
        prop_assert!(repo.archived(), "{address} is archived");
        return Ok(());
    }
    for (setting, point) in &repo.settings {
        prop_assert_eq!(Some(&point.value), state.settings.get(setting), "{} {}", address, setting.name());
    }
    let Seen::Known(labels) = &state.labels else { return Ok(()) };
    for (key, spec) in &repo.labels.specs {
        let seen: Option<&LabelState> = labels.get(key);
        prop_assert!(seen.is_some(), "{address} has no label {key}");
        let seen = seen.unwrap();
        prop_assert_eq!(&spec.value.name, &seen.name);
        prop_assert!(spec.value.color.as_ref().is_none_or(|c| *c == seen.color));
        prop_assert!(spec.value.description.as_ref().is_none_or(|d| *d == seen.description));
    }
    // What is neither fixed nor left out was forgotten.
    let left = |part: &str| {
        let prefix = format!("{address}/{part}");
        imported.left_out.iter().any(|l| l.address.as_str().starts_with(&prefix))
    };
    for setting in Setting::ALL {
        prop_assert!(
            repo.settings.contains_key(setting) || left(setting.name()),
            "{address} {} is neither fixed nor left out",
            setting.name()
        );
    }
    for key in labels.keys().filter(|key| !repo.labels.specs.contains_key(*key)) {
        prop_assert!(left("label/"), "{address} label {key} is neither declared nor left out");
    }
    Ok(())
}

/// The world that a config describes.
fn described(desired: &Desired, world: &World) -> World {
    let mut out = world.clone();
    for state in out.values_mut().filter(|s| !s.archived) {
        let wanted = &desired.repos[&state.name];
        state.settings = wanted.settings.iter().map(|(s, p)| (*s, p.value.clone())).collect();
        if let Seen::Known(labels) = &mut state.labels {
            labels.retain(|key, _| wanted.labels.specs.contains_key(key));
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_is_imported_loads_and_is_what_exists(world in worlds()) {
        let imported = config("acme", None, &world);
        let desired = match loaded(&imported) {
            Ok(desired) => desired,
            Err(problems) => return Err(TestCaseError::fail(format!("{problems}\n{}", show(&imported)))),
        };
        prop_assert_eq!(desired.repos.len(), world.len());
        for state in world.values() {
            same(&desired, state, &imported)?;
        }
        prop_assert_eq!(&imported, &config("acme", None, &world));
        let again = config("acme", None, &described(&desired, &world));
        let desired_again = loaded(&again).map_err(TestCaseError::fail)?;
        for (name, repo) in &desired.repos {
            let other = &desired_again.repos[name];
            prop_assert_eq!(repo.settings.len(), other.settings.len(), "{}", name);
            prop_assert_eq!(repo.labels.specs.len(), other.labels.specs.len(), "{}", name);
        }
    }
}
