//! Settings, visibility, archiving, creation.

use super::table;
use crate::model::samples::{desired, name, observed, repo, state};
use crate::model::{Observed, Seen, Setting, Unmanaged};

const W: &str = "acme/widgets";

fn absent() -> Observed {
    let mut out = observed([]);
    out.repos.insert(name(W), Seen::Absent);
    out
}

fn unknown() -> Observed {
    let mut out = observed([]);
    out.repos.insert(name(W), Seen::Unknown);
    out
}

#[test]
fn repositories_that_are_not_there() {
    let wanted = || {
        repo(W)
            .fix(Setting::Description, "Widgets")
            .fix(Setting::Visibility, "private")
            .fix(Setting::DefaultBranch, "trunk")
            .fix(Setting::Archived, true)
    };
    let mut near = absent();
    near.unmanaged.push(Unmanaged { name: name("acme/widget"), archived: false });
    let mut renamed = absent();
    renamed.repos.insert(name(W), Seen::Known(state("acme/gadgets")));
    let rows = [
        ("absent and not to be made", desired([wanted()]), absent()),
        ("absent, and another one has nearly its name", desired([wanted()]), near),
        ("absent and to be made", desired([wanted().created()]), absent()),
        ("not read", desired([wanted().created()]), unknown()),
        ("not asked for", desired([wanted().created()]), observed([])),
        ("renamed", desired([wanted()]), renamed),
        (
            "spelt in another case",
            desired([repo("Acme/Widgets").fix(Setting::HasWiki, false)]),
            observed([state(W)]),
        ),
    ];
    insta::assert_snapshot!(table("repository-settings", rows), @r#"
    absent and not to be made
      notes
        repo/acme/widgets is declared at factory.kdl:10 and isn't on GitHub, or this credential can't see it; `create=#true` makes it
    absent, and another one has nearly its name
      unmanaged
        acme/widget
      notes
        repo/acme/widgets is declared at factory.kdl:10 and isn't on GitHub, or this credential can't see it; did you mean acme/widget? `create=#true` makes it
    absent and to be made
      acme/widgets
        + create repository
            description: "Widgets"
            visibility: "private"
            name: "acme/widgets"
            why: declared with `create`, and a complete read doesn't show it · factory.kdl:10
    not read
      waiting
        repo/acme/widgets: a complete reading of its settings
    not asked for
      waiting
        repo/acme/widgets: a complete reading of its settings
    renamed
      notes
        repo/acme/widgets is called acme/gadgets now; declare it by that name (factory.kdl:10)
    spelt in another case
      Acme/Widgets
        ~ update settings
            has-wiki: true → false
            why: has-wiki is not as config fixes it · factory.kdl:11
    "#);
}

#[test]
fn settings_that_differ() {
    let rows = vec![
        ("as wanted", desired([repo(W).fix(Setting::HasWiki, true)]), observed([state(W)])),
        (
            "several, by one action",
            desired([repo(W)
                .fix(Setting::HasWiki, false)
                .fix(Setting::Topics, ["rust", "web"])
                .fix(Setting::HasIssues, true)
                .fix(Setting::Description, "Widgets")]),
            observed([state(W).has(Setting::Topics, ["api", "rust"])]),
        ),
        (
            "only what config fixes",
            desired([repo(W).fix(Setting::HasIssues, true)]),
            observed([state(W).has(Setting::Description, "changed by somebody")]),
        ),
        (
            "another default branch",
            desired([repo(W).fix(Setting::DefaultBranch, "trunk")]),
            observed([state(W)]),
        ),
        (
            "a default branch where there is no branch yet",
            desired([repo(W).fix(Setting::DefaultBranch, "trunk").fix(Setting::HasWiki, false)]),
            observed([state(W).has(Setting::DefaultBranch, "")]),
        ),
        (
            "a setting that could not be read beside one that differs",
            desired([repo(W).fix(Setting::AllowAutoMerge, true).fix(Setting::HasWiki, false)]),
            observed([state(W).hides(Setting::AllowAutoMerge)]),
        ),
        (
            "protections removed, each judged by itself",
            desired([repo(W)
                .fix(Setting::WebCommitSignoffRequired, false)
                .fix(Setting::AllowForking, true)
                .fix(Setting::HasWiki, false)]),
            observed([state(W).has(Setting::WebCommitSignoffRequired, true)]),
        ),
        (
            "protections added are ordinary",
            desired([repo(W).fix(Setting::WebCommitSignoffRequired, true).fix(Setting::AllowForking, false)]),
            observed([state(W).has(Setting::AllowForking, true)]),
        ),
    ];
    insta::assert_snapshot!(table("repository-settings", rows), @r#"
    as wanted
      nothing
    several, by one action
      acme/widgets
        ~ update settings
            description: "" → "Widgets"
            topics: +"web" -"api"
            has-wiki: true → false
            why: 3 settings are not as config fixes them · factory.kdl:14, factory.kdl:12, factory.kdl:11
    only what config fixes
      nothing
    another default branch
      acme/widgets
        ~ update settings
            default-branch: "main" → "trunk"
            why: default-branch is not as config fixes it · factory.kdl:11
    a default branch where there is no branch yet
      acme/widgets
        ~ update settings
            has-wiki: true → false
            why: has-wiki is not as config fixes it · factory.kdl:12
      waiting
        repo/acme/widgets/default-branch: a first commit: there is no branch yet
    a setting that could not be read beside one that differs
      acme/widgets
        ~ update settings
            has-wiki: true → false
            why: has-wiki is not as config fixes it · factory.kdl:12
      waiting
        repo/acme/widgets/allow-auto-merge: a reading of this setting, which GitHub did not give
    protections removed, each judged by itself
      acme/widgets
        ~ update settings
            has-wiki: true → false
            why: has-wiki is not as config fixes it · factory.kdl:13
        ! update settings allow-forking
            allow-forking: false → true
            why: allow-forking is not as config fixes it · factory.kdl:12
            blocked by weakening: 2 removed protections in one run, 0 allowed (`change-budget weakening`, factory.kdl:3)
            to allow it: --allow 'weakening=2@repo/acme/widgets/**'
        ! update settings web-commit-signoff-required
            web-commit-signoff-required: true → false
            why: web-commit-signoff-required is not as config fixes it · factory.kdl:11
            blocked by weakening: 2 removed protections in one run, 0 allowed (`change-budget weakening`, factory.kdl:3)
            to allow it: --allow 'weakening=2@repo/acme/widgets/**'
    protections added are ordinary
      acme/widgets
        ~ update settings
            allow-forking: true → false
            web-commit-signoff-required: false → true
            why: 2 settings are not as config fixes them · factory.kdl:12, factory.kdl:11
    "#);
}

#[test]
fn visibility_and_archiving() {
    let rows = [
        ("shown to more", desired([repo(W).fix(Setting::Visibility, "internal")]), observed([state(W)])),
        (
            "shown to fewer",
            desired([repo(W).fix(Setting::Visibility, "internal")]),
            observed([state(W).has(Setting::Visibility, "public")]),
        ),
        (
            "archived last, after its settings",
            desired([repo(W).fix(Setting::Archived, true).fix(Setting::HasWiki, false)]),
            observed([state(W)]),
        ),
        (
            "unarchived first, before its settings",
            desired([repo(W).fix(Setting::Archived, false).fix(Setting::HasWiki, false)]),
            observed([state(W).has(Setting::Archived, true)]),
        ),
        (
            "archived stays untouched where config doesn't say otherwise",
            desired([repo(W).fix(Setting::HasWiki, false)]),
            observed([state(W).has(Setting::Archived, true)]),
        ),
        (
            "archived as wanted stays untouched too",
            desired([repo(W).fix(Setting::Archived, true).fix(Setting::HasWiki, false)]),
            observed([state(W).has(Setting::Archived, true)]),
        ),
    ];
    insta::assert_snapshot!(table("repository-settings", rows), @r#"
    shown to more
      acme/widgets
        ! change visibility
            visibility: "private" → "internal"
            why: visibility is not as config fixes it · factory.kdl:11
            blocked by visibility: 1 repository made visible to more people in one run, 0 allowed (`change-budget visibility`, factory.kdl:3)
            to allow it: --allow 'visibility=1@repo/acme/widgets/visibility'
    shown to fewer
      acme/widgets
        ~ change visibility
            visibility: "public" → "internal"
            why: visibility is not as config fixes it · factory.kdl:11
    archived last, after its settings
      acme/widgets
        ~ update settings
            has-wiki: true → false
            why: has-wiki is not as config fixes it · factory.kdl:12
        ~ archive repository
            archived: false → true
            why: archived is not as config fixes it · factory.kdl:11
    unarchived first, before its settings
      acme/widgets
        ~ unarchive repository
            archived: true → false
            why: archived is not as config fixes it · factory.kdl:11
        ~ update settings
            has-wiki: true → false
            why: has-wiki is not as config fixes it · factory.kdl:12
    archived stays untouched where config doesn't say otherwise
      waiting
        repo/acme/widgets: it is archived on GitHub, so nothing in it is changed; say `archived #true`, or `archived #false` to have it unarchived
    archived as wanted stays untouched too
      nothing
    "#);
}
