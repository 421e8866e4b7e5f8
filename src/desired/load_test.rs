//! What a good config becomes.

use std::fmt::Write as _;

use super::fixture::{files, vocabulary};
use super::load;
use super::render;
use crate::model::Desired;

/// Desired state as text, chains and sources included.
pub(super) fn explain(desired: &Desired, sources: bool) -> String {
    let at = |s: &crate::model::Source| if sources { s.to_string() } else { String::new() };
    let mut out = String::new();
    let w = &mut out;
    let f = &desired.factory;
    let config = f.config.as_ref().map_or("local".to_owned(), |c| c.value.to_string());
    writeln!(w, "factory {} config {config} branch {}", f.name, f.branch).unwrap();
    writeln!(
        w,
        "api {} auth {:?} reviewer {:?} webhook {:?}",
        desired.github.api.value, desired.github.auth, desired.github.reviewer, desired.github.webhook
    )
    .unwrap();
    for repo in desired.repos.values() {
        writeln!(
            w,
            "repo {} create={} groups={:?} at {}",
            repo.name,
            repo.create,
            repo.groups,
            at(&repo.source)
        )
        .unwrap();
        for (setting, point) in &repo.settings {
            write!(
                w,
                "  {} = {} ({} {})",
                setting.name(),
                point.value.to_json(),
                point.layer,
                at(&point.source)
            )
            .unwrap();
            for below in &point.overrides {
                write!(w, " over {} ({})", below.value.to_json(), below.layer).unwrap();
            }
            writeln!(w).unwrap();
        }
        if repo.recipe != crate::model::Recipe::default() || !repo.gates.is_empty() {
            writeln!(w, "  {:?} {:?}", repo.recipe, repo.gates).unwrap();
        }
        if let Some(language) = &repo.language {
            writeln!(w, "  {language:?}").unwrap();
        }
        writeln!(w, "  labels {} ({})", repo.labels.mode.value.as_str(), repo.labels.mode.layer).unwrap();
        for label in repo.labels.specs.values() {
            let s = &label.value;
            write!(
                w,
                "    {} {:?} {:?}",
                s.name,
                s.color.as_deref().unwrap_or("-"),
                s.description.as_deref().unwrap_or("-")
            )
            .unwrap();
            write!(
                w,
                " was={:?} delete={:?}",
                s.was.as_ref().map(ToString::to_string),
                s.delete_after.map(|d| d.to_string())
            )
            .unwrap();
            writeln!(
                w,
                " ({} {}; over {:?})",
                label.layer,
                at(&label.source),
                label.overrides.iter().map(|l| &*l.layer).collect::<Vec<_>>()
            )
            .unwrap();
        }
    }
    pipelines(&desired.pipelines, w);
    for o in &desired.observe {
        writeln!(w, "observe {}/{}", o.owner, o.pattern).unwrap();
    }
    for (name, l) in &desired.loops {
        let until = l.until.map(|t| t.to_string());
        writeln!(
            w,
            "loop {name} enabled={} every={:?} reason={:?} until={until:?} {:?}",
            l.enabled, l.every, l.reason, l.settings
        )
        .unwrap();
    }
    let b = &desired.budget;
    writeln!(
        w,
        "budget {} {} {} {} {:?} {}% {}",
        b.deletes, b.weakening, b.visibility, b.archives, b.total, b.percent, b.floor
    )
    .unwrap();
    for a in &desired.allows {
        writeln!(
            w,
            "allow {} {} {:?} {:?} {}",
            a.guard,
            a.address,
            a.count,
            a.until.map(|d| d.to_string()),
            a.reason
        )
        .unwrap();
    }
    for p in &desired.protects {
        writeln!(w, "protect {} {}", p.address, p.reason).unwrap();
    }
    out
}

/// What config says of pipelines, built-in playbooks left out.
fn pipelines(all: &crate::model::Pipelines, w: &mut String) {
    use crate::model::{MergePolicy, Pipeline, Playbook, Source};
    let source = Source::built_in;
    for pipeline in all.all.values() {
        let mut pipeline = Pipeline { source: source(), ..pipeline.clone() };
        if let Some(router) = &mut pipeline.router {
            router.routes.iter_mut().for_each(|route| route.source = source());
            router.source = source();
        }
        pipeline.advisors.values_mut().for_each(|it| it.source = source());
        writeln!(w, "{pipeline:?}").unwrap();
    }
    for book in all.playbooks.values().filter(|book| book.source != source()) {
        writeln!(w, "{:?}", Playbook { source: source(), ..book.clone() }).unwrap();
    }
    for policy in all.policies.values() {
        writeln!(w, "{:?}", MergePolicy { source: source(), ..policy.clone() }).unwrap();
    }
    if !all.of_repo.is_empty() || !all.policy_of_repo.is_empty() {
        writeln!(w, "{:?} {:?}", all.of_repo, all.policy_of_repo).unwrap();
    }
}

pub(super) const ROOT: &str = r##"
factory "acme" {
    config "acme/factory" branch="main"
    protect "repo/acme/widgets/label/old" reason="frozen by contract"
}
github {
    auth "app" id=1234 key="env:FACTORY_APP_KEY"
    identity "reviewer" kind="app" id=5678 key="env:REVIEWER_APP_KEY"
    webhook listen="127.0.0.1:0" secret="env:HOOK"
}
defaults {
    has-wiki #false
    labels "lifecycle" mode="additive" {
        label "bug" description="Something is broken"
    }
}
group "rust" {
    match "acme/*-rs"
    topic "rust"
    delete-branch-on-merge #true
    has-wiki #true
}
repo "acme/widgets" create=#true {
    description "The widget service"
    topics "service" "rust"
    visibility "private"
    has-wiki #false
    labels mode="authoritative" {
        label "Bug" color="#FF0000"
        label "wontfix" delete-after="2026-12-01"
    }
}
repo "acme/lib-rs"
repo "acme/site" { labels mode="ignore"; }
repositories "acme/*" mode="observe"
caps {
    change-budget deletes=3 total=#null percent=50
}
loop "labels" enabled=#false every="5m" reason="clean-up" until="2026-12-01"
loop "stale" every="1h30m" {
    stale-after "60d"
    exempt "pinned" "security"
    comment #false
}
allow "deletes" address="repo/acme/**" n=40 until="2026-12-31" reason="label clean-up"
"##;

pub(super) const LABELS: &str = r#"
label-set "lifecycle" {
    label "bug" color="d73a4a" was="defect"
    label "kind/question" color="d876e3"
}
"#;

#[test]
fn every_section_becomes_desired_state() {
    let files = files([("factory.kdl", ROOT), ("policies/labels.kdl", LABELS)]);
    let (desired, warnings) =
        load(&files, &vocabulary()).unwrap_or_else(|d| panic!("{}", render(&d, &files, false)));
    assert!(warnings.is_empty(), "{warnings:?}");
    insta::assert_snapshot!(explain(&desired, true), @r#"
    factory acme config acme/factory branch main
    api https://api.github.com auth App { id: 1234, key: Env("FACTORY_APP_KEY") } reviewer Some(App { id: 5678, key: Env("REVIEWER_APP_KEY") }) webhook Some(Webhook { listen: "127.0.0.1:0", secret: Env("HOOK") })
    repo acme/lib-rs create=false groups=["rust"] at factory.kdl:33
      has-wiki = true (group "rust" factory.kdl:21) over false (defaults)
      delete-branch-on-merge = true (group "rust" factory.kdl:20)
      labels additive (defaults)
        bug "d73a4a" "Something is broken" was=Some("defect") delete=None (defaults factory.kdl:14; over ["label-set \"lifecycle\""])
        kind/question "d876e3" "-" was=None delete=None (label-set "lifecycle" policies/labels.kdl:4; over [])
    repo acme/site create=false groups=[] at factory.kdl:34
      has-wiki = false (defaults factory.kdl:12)
      labels ignore (repo "acme/site")
        bug "d73a4a" "Something is broken" was=Some("defect") delete=None (defaults factory.kdl:14; over ["label-set \"lifecycle\""])
        kind/question "d876e3" "-" was=None delete=None (label-set "lifecycle" policies/labels.kdl:4; over [])
    repo acme/widgets create=true groups=["rust"] at factory.kdl:23
      description = "The widget service" (repo "acme/widgets" factory.kdl:24)
      topics = ["rust","service"] (repo "acme/widgets" factory.kdl:25)
      visibility = "private" (repo "acme/widgets" factory.kdl:26)
      has-wiki = false (repo "acme/widgets" factory.kdl:27) over true (group "rust") over false (defaults)
      delete-branch-on-merge = true (group "rust" factory.kdl:20)
      labels authoritative (repo "acme/widgets")
        Bug "ff0000" "Something is broken" was=Some("defect") delete=None (repo "acme/widgets" factory.kdl:29; over ["defaults", "label-set \"lifecycle\""])
        kind/question "d876e3" "-" was=None delete=None (label-set "lifecycle" policies/labels.kdl:4; over [])
        wontfix "-" "-" was=None delete=Some("2026-12-01") (repo "acme/widgets" factory.kdl:30; over [])
    observe acme/*
    loop labels enabled=false every=Some(300s) reason=Some("clean-up") until=Some("2026-12-01T00:00:00Z") {}
    loop stale enabled=true every=Some(5400s) reason=None until=None {"comment": Bool(false), "exempt": Array [String("pinned"), String("security")], "stale-after": Number(5184000)}
    budget 3 0 0 5 None 50% 10
    allow deletes repo/acme/** Some(40) Some("2026-12-31") label clean-up
    protect repo/acme/widgets/label/old frozen by contract
    "#);
}

#[test]
fn toml_has_short_forms_and_dates_of_its_own() {
    let long = "[factory]\nname = \"acme\"\n[factory.config]\nrepo = \"acme/factory\"\n[defaults.labels]\nsets = [\"a\"]\n[label-set.a.label.bug]\ndelete-after = \"2030-01-01\"\n[repo.\"acme/w\"]\ntopics = [\"rust\"]\n";
    let short = "label-set.a.label.bug.delete-after = 2030-01-01\nfactory = { name = \"acme\", config = \"acme/factory\" }\ndefaults.labels = \"a\"\nrepo.\"acme/w\".topics = \"rust\"\n";
    let read = |text: &str| {
        let given = files([("factory.toml", text)]);
        let loaded = load(&given, &vocabulary());
        loaded.map_or_else(|d| panic!("{}", render(&d, &given, false)), |(d, _)| explain(&d, false))
    };
    assert_eq!(read(short), read(long));
}

/// A plain command may be as silent as a tool may be.
#[test]
fn a_command_is_not_timed_like_one_that_talks() {
    let given = files([(
        "factory.kdl",
        "factory \"acme\"\n\
         agent \"a\" kind=\"command\" tool-time=\"2h\" silence=\"7m\" { program \"x\"; }\n\
         agent \"b\" kind=\"command\" { program \"x\"; }\n\
         agent \"c\" kind=\"codex\"\n",
    )]);
    let (desired, _) =
        load(&given, &vocabulary()).unwrap_or_else(|d| panic!("{}", render(&d, &given, false)));
    let minutes = |name: &str| {
        let clocks = desired.agents[name].clocks;
        [clocks.first_event, clocks.silence, clocks.tool].map(|clock| clock.as_secs() / 60)
    };
    assert_eq!((minutes("a"), minutes("b"), minutes("c")), ([120, 7, 120], [30, 30, 30], [1, 5, 30]));
}

/// The same argument twice, and the same wait, are meant so; a set names each once.
#[test]
fn a_row_may_repeat_itself() {
    let text = "factory \"acme\"\nagent \"a\" kind=\"command\" { program \"sh\" \"-x\" \"-x\"; auth-waits \"1s\" \"1s\"; }\n";
    let given = files([("factory.kdl", text)]);
    let (desired, _) =
        load(&given, &vocabulary()).unwrap_or_else(|d| panic!("{}", render(&d, &given, false)));
    let agent = &desired.agents["a"];
    assert_eq!((agent.program.join(" "), agent.waits.len()), ("sh -x -x".to_owned(), 2));
}

#[test]
fn sources_name_the_commit_and_count_characters() {
    let mut given =
        files([("factory.kdl", "factory \"acme\"\nrepo \"acme/w\" { /* éé */ has-wiki #false; }\n")]);
    given.origin.commit = crate::model::CommitId::parse(&"a1".repeat(20));
    let (desired, _) = load(&given, &vocabulary()).unwrap_or_else(|d| panic!("{d:?}"));
    let repo = desired.repos.values().next().expect("one is declared");
    let point = &repo.settings[&crate::model::Setting::HasWiki];
    assert_eq!((point.source.line, point.source.column), (2, 26));
    assert_eq!(point.source.commit.as_deref(), given.origin.commit.as_ref());
}

#[test]
fn size_is_bounded_where_it_would_multiply() {
    let many = |what: &dyn Fn(usize) -> String, n: usize| (0..n).map(what).collect::<String>();
    let labels = many(&|i| format!("label \"l{i}\"\n"), 1001);
    let names = many(&|i| format!(" \"acme/{i}\""), 50_000);
    for text in [
        many(&|i| format!("repo \"acme/w{i}\"\n"), 20_001),
        format!("label-set \"a\" {{\n{labels}}}\ndefaults {{ labels \"a\"; }}\n"),
        format!("group \"a\" {{ match{names}; }}\n"),
        "x\n".repeat(20_000),
    ] {
        let given = files([("factory.kdl", format!("factory \"acme\"\n{text}").as_str())]);
        let problems = load(&given, &vocabulary()).expect_err("it is too much");
        assert!(problems.iter().any(|d| d.code == "config::too-many"), "{:?}", problems.first());
        assert!(problems.len() <= 2001);
    }
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 2000, ..Default::default() })]

    #[test]
    fn any_text_is_loaded_or_complained_of(
        kdl in proptest::collection::vec(piece(), 0..20),
        toml in proptest::collection::vec(piece(), 0..20),
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..20),
    ) {
        let mut given = files([
            ("factory.kdl", format!("factory \"acme\"\n{}", kdl.concat()).as_str()),
            ("policies/a.toml", toml.concat().as_str()),
        ]);
        given.files.push(crate::model::ConfigFile { path: "policies/b.kdl".to_owned(), bytes });
        let problems = match load(&given, &vocabulary()) {
            Ok((_, warnings)) => warnings,
            Err(problems) => {
                proptest::prop_assert!(problems.iter().any(|d| d.severity == super::Severity::Error));
                problems
            }
        };
        for label in problems.iter().flat_map(|d| &d.labels) {
            let file = given.files.iter().find(|f| *f.path == *label.file).expect("it is one of the files");
            proptest::prop_assert!(label.span.end <= file.bytes.len() && label.span.start <= label.span.end);
        }
        let text = render(&problems, &given, true);
        proptest::prop_assert_eq!(text.is_empty(), problems.is_empty());
    }
}

fn piece() -> impl proptest::strategy::Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "repo",
        " \"acme/w\"",
        "labels",
        "label",
        " ",
        "\n",
        "{",
        "}",
        "=",
        "\"",
        "#true",
        " \"é\"",
        "caps",
        "/-",
        "/*",
        "*/",
        "//",
        "\\",
        "(t)",
        "[",
        "]",
        "[repo.\"acme/w\"]\n",
        "has-wiki",
        "\"\"\"",
        "'",
        "1",
        "-",
        "#\"",
        ";",
        "\r\n",
        "\u{2028}",
        ".",
        "[[allow]]\n",
        "topics = [\"a\", 1]\n",
        "loop \"stale\"",
        " every=",
        "\"5m\"",
        "[loop]\nstale.x = {a = 1}\n",
        "# c\n",
    ])
}

/// The innermost word counts, also where it is that there is none.
#[test]
fn a_language_can_be_switched_off_where_an_outer_block_has_one() {
    let given = files([(
        "factory.kdl",
        "factory \"acme\"\n\
         language enabled=#false { roots \"src\"; }\n\
         defaults { language { roots \"src\"; }; }\n\
         group \"docs\" { match \"acme/*-docs\"; language enabled=#false; }\n\
         repo \"acme/anvil\"\n\
         repo \"acme/anvil-docs\"\n\
         repo \"acme/old-docs\" { language { roots \"lib\"; }; }\n",
    )]);
    let (desired, _) =
        load(&given, &vocabulary()).unwrap_or_else(|d| panic!("{}", render(&d, &given, false)));
    assert!(desired.language.is_none());
    let roots = |repo: &crate::model::Repo| repo.language.as_ref().map(|it| it.roots.join(" "));
    let all: Vec<_> =
        desired.repos.values().map(|repo| (repo.name.as_str().to_owned(), roots(repo))).collect();
    let expected = [("acme/anvil", Some("src")), ("acme/anvil-docs", None), ("acme/old-docs", Some("lib"))];
    assert_eq!(all, expected.map(|(name, roots)| (name.to_owned(), roots.map(str::to_owned))));
}
