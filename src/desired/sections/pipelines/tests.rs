//! What config says of pipelines, and which labels come of it.

use crate::desired::fixture::{files, vocabulary};
use crate::desired::{load, render};
use crate::model::{Desired, Mark, RepoName};

const BESIDE: &str = r#"
factory "acme"
agent "claude" kind="claude"
agent "codex" kind="codex"
"#;

fn read(path: &str, text: &str) -> Desired {
    let given = files([("factory.kdl", BESIDE), (path, text)]);
    match load(&given, &vocabulary()) {
        Ok((desired, _)) => desired,
        Err(all) => panic!("{}", render(&all, &given, false)),
    }
}

fn kdl(text: &str) -> Desired {
    read("policies/x.kdl", text)
}

fn warnings(text: &str) -> Vec<String> {
    let given = files([("factory.kdl", BESIDE), ("policies/x.kdl", text)]);
    let (_, warnings) =
        load(&given, &vocabulary()).unwrap_or_else(|all| panic!("{}", render(&all, &given, false)));
    warnings.into_iter().map(|warning| warning.message).collect()
}

fn repo(name: &str) -> RepoName {
    RepoName::parse(name).unwrap()
}

const FULL_KDL: &str = r#"
pipeline "standard" {
    intake "factory:please" "bug"
    assignee "factory-bot"
    search "label:bug no:assignee"
    prefix "f/"
    phases "triage" "plan"
    agents "claude" "codex"
    merge-policy "guarded"
    thin 10
    reserved { labels "needs-decision"; words "pricing" "licence"; paths "legal/**"; }
    judges "ci/**" ".github/**"
    advisor "pre-flight" { reworked #true; lines 20; paths "src/**"; }
    advisor "mid-flight" consults=3
    advisor "post-verify" { agents "codex"; authority "advice"; on-failure "veto"; }
    trust "maintain"
    writes 5
    route-backs 4
    waiting-pulls 9
    epics "close"
    router by="mirror" otherwise="here" {
        route "acme/widgets" { labels "area:widgets"; components "widgets"; paths "widgets/**"; title "widget"; }
        route "acme/widgets" { title "gadget"; }
    }
}
playbook "plan" phase="plan" {
    prompt "Plan {{issue}}."
    agents "codex"
    attempts 5
}
playbook "network-stuck" { prompt "Mend {{findings}}."; criteria "It is mended."; paths "net/**"; }
merge-policy "guarded" {
    mode "on-green-with-review"
    method "rebase"
    require-checks "ci" "lint"
    check "ci" app=12345
    freeze "Fri 16:00..Mon 08:00" tz="Europe/Berlin"
    freeze "Wed 00:00..Wed 06:00"
    max-files 50
    people-paths "deploy/**"
    updates 2
    graduation { clean-prs 3; soak "8h"; max-rss-drift 8; approved-by "ann"; }
}
repo "acme/widgets" { pipeline "standard"; }
"#;

const FULL_TOML: &str = r#"
[pipeline.standard]
intake = ["factory:please", "bug"]
assignee = "factory-bot"
search = "label:bug no:assignee"
prefix = "f/"
phases = ["triage", "plan"]
agents = ["claude", "codex"]
merge-policy = "guarded"
thin = 10
judges = ["ci/**", ".github/**"]
trust = "maintain"
writes = 5
route-backs = 4
waiting-pulls = 9
epics = "close"
advisor.pre-flight = { reworked = true, lines = 20, paths = ["src/**"] }
advisor.mid-flight.consults = 3
advisor.post-verify = { agents = ["codex"], authority = "advice", on-failure = "veto" }
reserved = { labels = ["needs-decision"], words = ["pricing", "licence"], paths = ["legal/**"] }
router.otherwise = "here"
router.by = "mirror"

[[pipeline.standard.router.route]]
to = "acme/widgets"
labels = ["area:widgets"]
components = ["widgets"]
paths = ["widgets/**"]
title = ["widget"]

[[pipeline.standard.router.route]]
to = "acme/widgets"
title = ["gadget"]

[playbook.plan]
phase = "plan"
prompt = "Plan {{issue}}."
agents = ["codex"]
attempts = 5

[playbook.network-stuck]
prompt = "Mend {{findings}}."
criteria = ["It is mended."]
paths = ["net/**"]

[merge-policy.guarded]
mode = "on-green-with-review"
method = "rebase"
require-checks = ["ci", "lint"]
max-files = 50
people-paths = ["deploy/**"]
updates = 2
check.ci.app = 12345
graduation = { clean-prs = 3, soak = "8h", max-rss-drift = 8, approved-by = "ann" }

[[merge-policy.guarded.freeze]]
when = "Fri 16:00..Mon 08:00"
tz = "Europe/Berlin"

[[merge-policy.guarded.freeze]]
when = "Wed 00:00..Wed 06:00"

[repo."acme/widgets"]
pipeline = "standard"
"#;

#[test]
fn a_whole_pipeline_in_both_spellings() {
    let (from_kdl, from_toml) = (kdl(FULL_KDL), read("policies/x.toml", FULL_TOML));
    let said = crate::desired::load_test::explain(&from_kdl, false);
    assert_eq!(crate::desired::load_test::explain(&from_toml, false), said);
    let of_pipelines = said.lines().filter(|line| line.contains("standard") || line.contains('{'));
    let said = of_pipelines.collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(said, @r#"
        bug "-" "-" was=None delete=None (pipeline "standard" ; over [])
        f/discover "1d76db" "The factory finds out what is meant" was=None delete=None (pipeline "standard" ; over [])
        f/done "0e8a16" "It landed" was=None delete=None (pipeline "standard" ; over [])
        f/hitl "d93f0b" "It is stuck; a specialist, then a person" was=None delete=None (pipeline "standard" ; over [])
        f/hold "fbca04" "People hold it: the factory does nothing about it" was=None delete=None (pipeline "standard" ; over [])
        f/human-required "d93f0b" "A person's turn" was=None delete=None (pipeline "standard" ; over [])
        f/implement "1d76db" "An agent works on it" was=None delete=None (pipeline "standard" ; over [])
        f/merge "1d76db" "It is about to land" was=None delete=None (pipeline "standard" ; over [])
        f/parked "fbca04" "Waits for its author" was=None delete=None (pipeline "standard" ; over [])
        f/plan "1d76db" "The factory plans how it is done" was=None delete=None (pipeline "standard" ; over [])
        f/review "1d76db" "What was made is being judged" was=None delete=None (pipeline "standard" ; over [])
        f/shape "1d76db" "The factory chooses a direction" was=None delete=None (pipeline "standard" ; over [])
        f/triage "1d76db" "The factory looks whether it can be worked on" was=None delete=None (pipeline "standard" ; over [])
        factory:please "-" "-" was=None delete=None (pipeline "standard" ; over [])
    Pipeline { name: "standard", intake: [LabelName("factory:please"), LabelName("bug")], assignee: Some("factory-bot"), search: Some("label:bug no:assignee"), prefix: "f/", phases: {Triage, Plan}, agents: ["claude", "codex"], merge_policy: Some("guarded"), thin: 10, reserved: Reserved { labels: [LabelName("needs-decision")], words: ["pricing", "licence"], paths: ["legal/**"] }, judges: ["ci/**", ".github/**"], advisors: {PreFlight: Advisor { agents: [], authority: Veto, on_failure: Open, when: AskedWhen { reworked: true, lines: Some(20), paths: ["src/**"] }, consults: 5, source: Source { file: "(default)", line: 0, column: 0, commit: None } }, MidFlight: Advisor { agents: [], authority: Veto, on_failure: Open, when: AskedWhen { reworked: false, lines: None, paths: [] }, consults: 3, source: Source { file: "(default)", line: 0, column: 0, commit: None } }, PostVerify: Advisor { agents: ["codex"], authority: Advice, on_failure: Veto, when: AskedWhen { reworked: false, lines: None, paths: [] }, consults: 5, source: Source { file: "(default)", line: 0, column: 0, commit: None } }}, trust: Maintain, writes: 5, route_backs: 4, waiting_pulls: 9, epics: Close, router: Some(Router { routes: [Route { to: RepoName { full: "acme/widgets", slash: 4 }, labels: [LabelName("area:widgets")], components: ["widgets"], paths: ["widgets/**"], title: ["widget"], source: Source { file: "(default)", line: 0, column: 0, commit: None } }, Route { to: RepoName { full: "acme/widgets", slash: 4 }, labels: [], components: [], paths: [], title: ["gadget"], source: Source { file: "(default)", line: 0, column: 0, commit: None } }], by: Mirror, otherwise: Here, source: Source { file: "(default)", line: 0, column: 0, commit: None } }), source: Source { file: "(default)", line: 0, column: 0, commit: None } }
    Playbook { name: "network-stuck", phase: Hitl, prompt: "Mend {{findings}}.", criteria: ["It is mended."], agents: [], attempts: 2, continuations: 3, budget: 20000, paths: ["net/**"], source: Source { file: "(default)", line: 0, column: 0, commit: None } }
    Playbook { name: "plan", phase: Plan, prompt: "Plan {{issue}}.", criteria: ["Every file that is to change exists, and every new one is said to be new.", "Every step can be checked by a test or a command that the plan names.", "What holds once it is done is a list that somebody else could tick off.", "Nothing is left to be decided while it is built; what people must decide is listed as open.", "Decisions recorded in the repository are kept, or the plan says which it breaks and why."], agents: ["codex"], attempts: 5, continuations: 3, budget: 20000, paths: [], source: Source { file: "(default)", line: 0, column: 0, commit: None } }
    MergePolicy { name: "guarded", mode: OnGreenWithReview, method: Rebase, checks: [RequiredCheck { name: "lint", app: None }, RequiredCheck { name: "ci", app: Some(12345) }], max_files: Some(50), max_lines: None, people_paths: ["deploy/**"], freezes: [Freeze { from: (Friday, 16:00:00), to: (Monday, 08:00:00), zone: "Europe/Berlin", text: "Fri 16:00..Mon 08:00" }, Freeze { from: (Wednesday, 00:00:00), to: (Wednesday, 06:00:00), zone: "UTC", text: "Wed 00:00..Wed 06:00" }], updates: 2, graduation: Graduation { clean_pulls: 3, soak: Some(28800s), drift: Some(8192), approved_by: Some("ann") }, source: Source { file: "(default)", line: 0, column: 0, commit: None } }
    {RepoName { full: "acme/widgets", slash: 4 }: "standard"} {}
    "#);
    let pipelines = &from_kdl.pipelines;
    let policy = pipelines.policy(&repo("acme/widgets")).unwrap();
    assert_eq!((policy.name.as_str(), policy.source.line), ("guarded", 32));
    let (plan, built_in) = (&pipelines.playbooks["plan"], &super::built_in::all()["plan"]);
    assert_eq!(
        (&plan.criteria, plan.budget),
        (&built_in.criteria, built_in.budget),
        "what it doesn't say stays"
    );
    assert_eq!(pipelines.playbooks.len(), super::built_in::all().len() + 1);
}

#[test]
fn the_nearest_layer_says_which_pipeline_and_which_policy() {
    let desired = kdl(r#"
pipeline "far" { intake "a"; agents "claude"; merge-policy "one"; }
pipeline "near" { intake "b"; agents "claude"; }
merge-policy "one" { mode "on-green"; require-checks "ci"; }
merge-policy "two"
defaults { pipeline "far"; }
group "g" { match "acme/*"; pipeline "near"; merge-policy "two"; }
repo "acme/a"
repo "acme/b" { pipeline "far"; }
repo "other/c"
repo "other/d" { pipeline "near"; }
"#);
    let said = |name: &str| {
        let name = repo(name);
        let pipelines = &desired.pipelines;
        let pipeline = pipelines.of(&name).map_or("-", |p| p.name.as_str());
        format!("{pipeline} {}", pipelines.policy(&name).map_or("-", |p| p.name.as_str()))
    };
    for (name, expect) in
        [("acme/a", "near two"), ("acme/b", "far two"), ("other/c", "far one"), ("other/d", "near -")]
    {
        assert_eq!(said(name), expect, "{name}");
    }
    let pipelines = &kdl("repo \"acme/a\"").pipelines;
    assert!(
        pipelines.of_repo.is_empty() && pipelines.all.is_empty() && pipelines.playbooks.contains_key("plan")
    );
}

/// The labels of `acme/a`, those of its pipeline besides `plan` left out.
fn labels(repo_block: &str) -> String {
    let text =
        format!("pipeline \"p\" {{ intake \"factory:please\" \"bug\"; agents \"claude\"; }}\n{repo_block}");
    let desired = kdl(&text);
    let labels = &desired.repos[&repo("acme/a")].labels;
    let all = labels.specs.values().map(|sourced| {
        let spec = &sourced.value;
        let look = format!(
            "{} {}",
            spec.color.as_deref().unwrap_or("-"),
            spec.description.as_deref().unwrap_or("-")
        );
        let over: Vec<_> = sourced.overrides.iter().map(|below| format!(" over {}", below.layer)).collect();
        (
            spec.name.to_string(),
            format!("{} = {look} ({}:{}){}\n", spec.name, sourced.layer, sourced.source.line, over.concat()),
        )
    });
    let marks: Vec<String> = Mark::all().map(|mark| format!("factory:{}", mark.word())).collect();
    let shown = all.clone().filter(|(name, _)| name == "factory:plan" || !marks.contains(name));
    let shown: String = shown.map(|(_, line)| line).collect();
    let count = all.filter(|(name, _)| marks.contains(name)).count();
    format!("{} with {count} marks\n{shown}", labels.mode.value.as_str())
}

#[test]
fn a_pipeline_brings_its_labels_along() {
    let cases = [
        ("no labels", "repo \"acme/a\" { pipeline \"p\"; }"),
        ("authority over nothing else", "repo \"acme/a\" { pipeline \"p\"; labels mode=\"authoritative\"; }"),
        (
            "what config declares wins",
            "repo \"acme/a\" { pipeline \"p\"; labels mode=\"authoritative\" { label \"Factory:Plan\" color=\"000000\"; label \"bug\" color=\"ff0000\"; label \"own\"; }; }",
        ),
        (
            "ignored",
            "defaults { labels mode=\"ignore\" { label \"own\"; }; }\nrepo \"acme/a\" { pipeline \"p\"; }",
        ),
        (
            "no pipeline",
            "repo \"acme/b\" { pipeline \"p\"; }\nrepo \"acme/a\" { labels { label \"own\"; }; }",
        ),
        ("neither", "repo \"acme/b\" { pipeline \"p\"; }\nrepo \"acme/a\""),
    ];
    let said = cases.map(|(name, block)| format!("{name}: {}", labels(block))).concat();
    insta::assert_snapshot!(said, @r#"
    no labels: additive with 12 marks
    bug = - - (pipeline "p":1)
    factory:plan = 1d76db The factory plans how it is done (pipeline "p":1)
    factory:please = 5319e7 Gives an issue to the factory (pipeline "p":1)
    authority over nothing else: authoritative with 12 marks
    bug = - - (pipeline "p":1)
    factory:plan = 1d76db The factory plans how it is done (pipeline "p":1)
    factory:please = 5319e7 Gives an issue to the factory (pipeline "p":1)
    what config declares wins: authoritative with 11 marks
    bug = ff0000 - (repo "acme/a":2) over pipeline "p"
    Factory:Plan = 000000 The factory plans how it is done (repo "acme/a":2) over pipeline "p"
    factory:please = 5319e7 Gives an issue to the factory (pipeline "p":1)
    own = - - (repo "acme/a":2)
    ignored: ignore with 0 marks
    own = - - (defaults:2)
    no pipeline: additive with 0 marks
    own = - - (repo "acme/a":3)
    neither: additive with 0 marks
    "#);
}

#[test]
fn a_label_of_a_pipeline_may_have_had_another_name_and_no_other_may_have_been_it() {
    let text = |label: &str| {
        format!(
            "pipeline \"p\" {{ intake \"x\"; agents \"claude\"; }}\nrepo \"acme/a\" {{ pipeline \"p\"; labels {{ label {label}; }}; }}"
        )
    };
    let desired = kdl(&text("\"factory:plan\" was=\"old-plan\""));
    let plan = &desired.repos[&repo("acme/a")].labels.specs["factory:plan"].value;
    assert_eq!((plan.was.as_ref().unwrap().as_str(), plan.color.as_deref()), ("old-plan", Some("1d76db")));
    let given = files([
        ("factory.kdl", BESIDE),
        ("policies/x.kdl", text("\"planned\" was=\"factory:plan\"").as_str()),
    ]);
    let all = load(&given, &vocabulary()).unwrap_err();
    assert_eq!(all.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["config::rename-conflict"]);
}

#[test]
fn a_policy_does_not_wait_for_what_comes_after_its_checks() {
    let text = "merge-policy \"m\" { mode \"on-green\"; require-checks \"ci\"; check \"factory/review\"; }\nrepo \"acme/a\" { merge-policy \"m\"; }";
    let given = files([("factory.kdl", BESIDE), ("policies/x.kdl", text)]);
    let problems = load(&given, &vocabulary()).unwrap_err();
    let says = "`merge-policy \"m\"` requires `factory/review`, which the factory reports itself";
    assert_eq!((problems[0].code, problems[0].message.as_str()), ("config::never-green", says));
}

#[test]
fn what_has_no_effect_is_said() {
    let pipeline = "pipeline \"p\" { intake \"x\"; agents \"claude\"; merge-policy \"m\"; }\n";
    let green = "merge-policy \"m\" { mode \"on-green\"; require-checks \"ci\"; }\n";
    let review = green.replace("on-green", "on-green-with-review");
    let used = "repo \"acme/a\" { pipeline \"p\"; }";
    let one = "`merge-policy \"m\"` waits for a person: the factory has one identity, and can't approve its own work";
    let second = "github { identity \"reviewer\" kind=\"app\" id=5 key=\"env:KEY\"; }\n";
    let unreviewed = pipeline.replace("intake", "phases \"plan\"; intake");
    let none = "`merge-policy \"m\"` waits for a person where issues go through the pipeline `p`: it has no phase `review`";
    for (text, expect) in [
        (format!("{pipeline}{green}{used}"), vec![]),
        (format!("{pipeline}{review}{used}"), vec![one]),
        (format!("{review}repo \"acme/a\" {{ merge-policy \"m\"; }}"), vec![one]),
        (
            format!("{pipeline}{review}repo \"acme/a\""),
            vec!["no repository has `pipeline \"p\"`", "no repository is under `merge-policy \"m\"`"],
        ),
        (format!("{second}{pipeline}{review}{used}"), vec![]),
        (format!("{second}{unreviewed}{review}{used}"), vec![none]),
        (
            format!("pipeline \"p\" {{ agents \"claude\"; }}\n{used}"),
            vec!["`pipeline \"p\"` has neither `intake` nor `assignee` nor `search`"],
        ),
        (format!("pipeline \"p\" {{ assignee \"bot\"; agents \"claude\"; }}\n{used}"), vec![]),
    ] {
        assert_eq!(warnings(&text), expect, "{text}");
    }
}

#[test]
fn a_pipeline_needs_no_agents_where_every_playbook_it_uses_names_some() {
    let own = |names: &mut dyn Iterator<Item = &String>| -> String {
        let books = names.map(|name| format!("playbook {name:?} {{ agents \"codex\"; }}\n"));
        books.collect::<Vec<_>>().concat()
    };
    let all = super::built_in::all();
    let rest = "pipeline \"p\" { intake \"x\"; phases \"plan\"; }\nrepo \"acme/a\" { pipeline \"p\"; }";
    let skipped = ["triage", "discover", "shape", "shape-mediate", "spec-review", "quality-review"];
    let used = own(&mut all.keys().filter(|name| !skipped.contains(&name.as_str())));
    assert!(kdl(&format!("{used}{rest}")).pipelines.all["p"].agents.is_empty());
    let fewer = own(&mut all.keys().filter(|name| name.as_str() != "rework"));
    let given = files([("factory.kdl", BESIDE), ("policies/x.kdl", format!("{fewer}{rest}").as_str())]);
    let problems = load(&given, &vocabulary()).unwrap_err();
    assert_eq!(problems[0].message, "`pipeline \"p\"` has no agent, and neither has the playbook `rework`");
}

#[test]
fn a_rule_of_a_router_names_a_repository_that_an_issue_can_go_to() {
    let with = |route: &str| {
        format!(
            "pipeline \"front\" {{ intake \"x\"; agents \"claude\"; router {{ {route}; }}; }}\n\
             pipeline \"back\" {{ intake \"y\"; agents \"claude\"; }}\n\
             pipeline \"idle\" {{ assignee \"bot\"; agents \"claude\"; }}\n\
             repo \"acme/a\" {{ pipeline \"front\"; }}\nrepo \"acme/b\" {{ pipeline \"back\"; }}\n\
             repo \"acme/c\" {{ pipeline \"idle\"; }}\nrepo \"acme/d\"\nrepo \"other/e\" {{ pipeline \"back\"; }}"
        )
    };
    let said = |route: &str| {
        let given = files([("factory.kdl", BESIDE), ("policies/x.kdl", with(route).as_str())]);
        match load(&given, &vocabulary()) {
            Ok(_) => format!("{route}: fine\n"),
            Err(all) => {
                all.iter().map(|it| format!("{route}: {}\n", it.message)).collect::<Vec<_>>().concat()
            }
        }
    };
    let rows = ["a", "b", "c", "d", "z"].map(|name| format!("route \"acme/{name}\" {{ title \"t\"; }}"));
    let more = ["route \"other/e\" { title \"t\"; }", "route \"acme/b\"", "route \"b\" { title \"t\"; }"]
        .map(str::to_owned);
    insta::assert_snapshot!(rows.iter().chain(&more).map(|row| said(row)).collect::<Vec<_>>().concat(), @r#"
    route "acme/a" { title "t"; }: fine
    route "acme/b" { title "t"; }: fine
    route "acme/c" { title "t"; }: acme/c has no pipeline with a label of `intake`, so that nobody would work on it there
    route "acme/d" { title "t"; }: acme/d has no pipeline with a label of `intake`, so that nobody would work on it there
    route "acme/z" { title "t"; }: there is no repository `acme/z` in this config
    route "other/e" { title "t"; }: no issue can be brought from acme/a to other/e: GitHub moves none to another owner
    route "acme/b": `route "acme/b"` names nothing that an issue could have
    route "b" { title "t"; }: the to of `route` must be a repository, `owner/name`, not "b"
    "#);
    let none =
        "pipeline \"p\" { intake \"x\"; agents \"claude\"; router; }\nrepo \"acme/a\" { pipeline \"p\"; }";
    assert_eq!(warnings(none), ["`router` has no `route`"]);
}

#[test]
fn a_search_finds_open_issues_of_its_repository_and_nothing_else() {
    let said = |words: &str| {
        let text = format!(
            "pipeline \"p\" {{ search {words:?}; agents \"claude\"; }}\nrepo \"acme/a\" {{ pipeline \"p\"; }}"
        );
        let given = files([("factory.kdl", BESIDE), ("policies/x.kdl", text.as_str())]);
        match load(&given, &vocabulary()) {
            Ok((_, warnings)) => format!(
                "{words:?}: fine{}\n",
                warnings.iter().map(|it| it.message.as_str()).collect::<String>()
            ),
            Err(all) => {
                all.iter().map(|it| format!("{words:?}: {}\n", it.message)).collect::<Vec<_>>().concat()
            }
        }
    };
    let rows = [
        "label:bug -label:wontfix no:assignee author:ann crash",
        "",
        "  ",
        "x OR y",
        "(x)",
        "repo:other/b",
        "-is:open",
        "Org:other",
    ];
    insta::assert_snapshot!(rows.map(said).concat(), @r#"
    "label:bug -label:wontfix no:assignee author:ann crash": fine
    "": the `search` of `pipeline "p"` is empty
    "  ": the `search` of `pipeline "p"` is empty
    "x OR y": the `search` of `pipeline "p"` says `OR`
    "(x)": the `search` of `pipeline "p"` says `(x)`
    "repo:other/b": the `search` of `pipeline "p"` says `repo:other/b`
    "-is:open": the `search` of `pipeline "p"` says `is:open`
    "Org:other": the `search` of `pipeline "p"` says `Org:other`
    "#);
}
