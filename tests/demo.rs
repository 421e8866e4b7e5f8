//! `factoryctl demo`: what a newcomer sees, and that it ends with everything cleared. `tests/bench` says how long it takes.

use crate::world::world;

#[test]
fn the_demo_tells_its_story() {
    world(|w| {
        let demo = w.run(&["demo"]).exits(0);
        let story = story(&demo.transcript());
        the_readme_shows(&story);
        insta::assert_snapshot!(story, @r#"
        $ factoryctl demo

        1. A GitHub organisation, on the embedded twin, and a config repository
           12 repositories in acme, managed from acme/factory
           $ git commit -m "Start the factory" && git push
           $ factoryctl validate

        2. What differs, and why
           $ factoryctl plan
           │ config: [demo] at [id]
           │
           │ acme/anchor-cli-006
           │   ~ update settings
           │       delete-branch-on-merge: false → true
           │       why: delete-branch-on-merge is not as config fixes it · factory.kdl:17 · loop repository-settings · [id]
           │   ~ update label bug
           │       description: "Something isn't working" → "Something is broken"
           │       why: not as config declares it · policies/labels.kdl:3 · loop labels · [id]
           │   ~ update label enhancement
           │       description: "New feature or request" → "Something could be better"
           │       why: not as config declares it · policies/labels.kdl:4 · loop labels · [id]
           │
           │ acme/beacon-sdk-005
           │   ~ update label bug
           │       description: "Something isn't working" → "Something is broken"
           │       why: not as config declares it · policies/labels.kdl:3 · loop labels · [id]
           │   ~ update label enhancement
           │       description: "New feature or request" → "Something could be better"
           │       why: not as config declares it · policies/labels.kdl:4 · loop labels · [id]
           │
           │ acme/beacon-worker-002
           │   ~ update label bug
           │       description: "Something isn't working" → "Something is broken"
           … 73 more lines
           │ Plan: 0 to add, 25 to change, 0 to delete · 10 repos · 50 API calls

        3. Apply it; a second plan is empty
           $ factoryctl apply --yes
           │ Apply: 25 done
           $ factoryctl plan
           │ Plan: 0 to add, 0 to change, 0 to delete · 0 repos · 0 API calls

        4. The daemon converges a pushed config change
           $ factoryctl run &
           edit policies/labels.kdl: label "bug" color="d73a4a"  →  label "bug" color="b60205"
           $ git commit -m "Make bugs redder" && git push
           converged [duration] after the push

        5. Somebody changes a label by hand; the daemon puts it back and the ledger knows
           by hand on GitHub: acme/garnet-api-000, label bug {"color":"000000"}
           $ factoryctl loop tick labels
           $ factoryctl history repo/acme/garnet-api-000/label/bug
           │ [time] #[n] update-label repo/acme/garnet-api-000/label/bug by daemon of demo@[host] at [id] (not as config declares it; policies/labels.kdl:3) done
           │ [time] #[n] update-label repo/acme/garnet-api-000/label/bug by daemon of demo@[host] at [id] (not as config declares it; policies/labels.kdl:3) done
           │ [time] #[n] update-label repo/acme/garnet-api-000/label/bug by demo@[host] at [id] (not as config declares it; policies/labels.kdl:3) done

        6. A loop is switched off, live; drift stays until it is on again
           $ factoryctl loop disable labels --reason release day
           off after [duration]; a pull request on acme/factory proposes it for good
           by hand on GitHub: acme/garnet-api-000, label bug {"color":"000000"}
           $ factoryctl plan
           │ switched off
           │   loop/labels: release day (by demo@[host])
           │
           │ Plan: 0 to add, 0 to change, 0 to delete · 0 repos · 0 API calls
           $ factoryctl loop enable labels --reason released
           $ factoryctl loop tick labels

        7. A task in config becomes a pull request, by an agent in a workspace of its own
           write policies/tasks.kdl:
           │ agent "scribe" kind="command" {
           │     program "/bin/sh" "-c" "date >> WORKSHOP.md; git add .; git commit -qm 'Describe the workshop'; echo written"
           │ }
           │ task "describe" repo="acme/garnet-api-000" {
           │     prompt "Describe the workshop in WORKSHOP.md."
           │     agents "scribe"
           │     paths "WORKSHOP.md"
           │ }
           $ git commit -m "Have the workshop described" && git push
           $ factoryctl runs list
           │ [run]  closed  acme/garnet-api-000 describe, attempt 1  scribe  -  -  done  what it made may be published

        8. An issue becomes a merged pull request; its first attempt fails and is repaired
           write policies/pipeline.kdl:
           │ github {
           │     auth "app" id=11 key="env:FACTORY_APP_KEY"
           │     identity "reviewer" kind="app" id=12 key="env:REVIEWER_APP_KEY"
           │     webhook listen="127.0.0.1:0" secret="env:HOOK_SECRET"
           │ }
           │ agent "smith" kind="command" {
           │     program "/opt/factoryctl" "twin" "agent" "--writes" "WELCOME.md={title}" "--forgets" "test.sh=grep -q Welcome WELCOME.md"
           │     readable "/opt/factoryctl"
           │ }
           │ pipeline "standard" {
           │     intake "factory:please"
           │     phases "triage" "plan" "review"
           │     agents "smith"
           │     merge-policy "reviewed"
           │ }
           │ merge-policy "reviewed" { mode "on-green-with-review"; require-checks "ci"; }
           edit policies/repositories.kdl: repo "acme/garnet-api-000"  →  repo "acme/garnet-api-000" { pipeline "standard"; }
           $ git commit -m "Let issues become pull requests" && git push
           by hand on GitHub: issue #[n] "Welcome whoever opens this repository", labelled factory:please
           its check `ci` there: test -f test.sh || { echo there is no test.sh; exit 1; }; sh test.sh
           $ factoryctl plan
           │ config: [demo] at [id]
           │
           │ acme/garnet-api-000
           │   + start run issue/4/triage
           │       agent: "smith"
           │       attempt: 1
           │       version: "[id]"
           │       prompt: "[id]"
           │       playbook: "triage"
           │       round: 1
           │       why: playbook `triage`, round 1 · (default) · loop pipeline · [id]
           │   ~ tell issue issue/4
           │       labels: +"factory:triage"
           │       why: it is in the phase triage · policies/pipeline.kdl:10 · loop pipeline · [id]
           │
           │ waiting
           │   repo/acme/garnet-api-000/task/describe: a person to merge or close #[n]
           │
           │ Plan: 0 to add, 1 to change, 0 to delete, 1 run to start, 1 waiting · 1 repo · 4 API calls
           $ factoryctl loop tick pipeline
           the check `ci` fails at the first head:
           │ there is no test.sh
           $ factoryctl issue show acme/garnet-api-000#4
           │ run [run] in triage by the playbook `triage`, round 1, attempt 1 by smith
           │ run [run] in plan by the playbook `plan`, round 1, attempt 1 by smith
           │ run [run] in plan by the playbook `plan-review`, round 1, attempt 1 by smith
           │ run [run] in implement by the playbook `implement`, round 1, attempt 1 by smith
           │ run [run] in review by the playbook `repair-checks`, round 1, with transcript, last commits, attempt 1 by smith
           │ run [run] in review by the playbook `spec-review`, round 1, attempt 1 by smith
           │ run [run] in review by the playbook `quality-review`, round 1, attempt 1 by smith
           $ factoryctl history repo/acme/garnet-api-000/pull/**
           │ [time] #[n] merge-pull repo/acme/garnet-api-000/pull/5 by daemon of demo@[host] at [id] (every rule of its policy holds; policies/pipeline.kdl:16) done
           │ [time] #[n] review-pull repo/acme/garnet-api-000/pull/5/review by daemon of demo@[host] at [id] (runs have reviewed its head; policies/pipeline.kdl:10) done
           what GitHub shows of its reviews:
           │ factory-reviewer[bot]: APPROVED
           what issue #[n] shows by now:
           │ closed; its labels: factory:please → factory:triage → factory:plan → factory:implement → factory:review → factory:done
           │ **Done**: #[n] was merged by factory[bot].

        9. The ledger, in Git, explains every change
           $ factoryctl ledger verify
           │ verified: [n] records, head [digest]
           $ git fetch && git log origin/factory/ledger
           │ apply: 1 issue in acme/garnet-api-000 (config [id])
           │ evidence; intend: 1 issue in acme/garnet-api-000 (config [id])
           │ apply: 1 pull request in acme/garnet-api-000 (config [id])
           │ intend: 1 pull request in acme/garnet-api-000 (config [id])
           │ apply: 1 comment in acme/garnet-api-000 (config [id])
           │ run: repo/acme/garnet-api-000/issue/4/review done; intend: 1 comment in acme/garnet-api-000 (config [id])

        10. What to try next
           factoryctl demo --keep          keep all of this and look around
           factoryctl init                 start a config of your own
           factoryctl import OWNER         write config for what you have; a plan right after is empty
           GITHUB_TOKEN=… factoryctl plan  show what would change; it never writes
        [exit 0]
        "#);
    });
}

/// The README shows what the demo shows of an issue, and not what somebody thought that it would.
fn the_readme_shows(story: &str) {
    let title = "An issue becomes a merged pull request";
    let mut lines = story.lines().skip_while(|line| !line.contains(title)).skip(1);
    let scene: Vec<&str> = lines
        .by_ref()
        .take_while(|line| !line.is_empty())
        .map(|line| line.trim_start_matches("   "))
        .collect();
    let scene = scene.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n");
    let readme = include_str!("../README.md");
    assert!(
        readme.contains(&format!("```text\n{scene}\n```\n")),
        "the README has another scene than\n{scene}"
    );
}

/// The transcript without what differs between runs beyond what every transcript has.
fn story(transcript: &str) -> String {
    let mut out = String::new();
    for line in transcript.lines() {
        let line = between(line, "converged ", " after", "[duration]");
        let line = between(&line, "off after ", ";", "[duration]");
        let line = between(&line, "verified: ", " records", "[n]");
        out.push_str(&line.split(' ').map(word).collect::<Vec<_>>().join(" "));
        out.push('\n');
    }
    out
}

/// A line with another text between two others, where it has them.
fn between(line: &str, before: &str, after: &str, text: &str) -> String {
    let found = line.find(before).map(|at| at + before.len());
    match found.and_then(|from| Some((from, from + line[from..].find(after)?))) {
        Some((from, to)) => format!("{}{text}{}", &line[..from], &line[to..]),
        None => line.to_owned(),
    }
}

fn word(word: &str) -> String {
    let digest = word.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    if digest.is_some_and(|it| [8, 16].contains(&it.len()) && it.bytes().all(|b| b.is_ascii_hexdigit())) {
        return "\"[id]\"".to_owned();
    }
    let bare = word.trim_end_matches(')');
    // 20260501-120000-0450a1b2
    if bare.len() == 24 && bare.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-') {
        return "[run]".to_owned();
    }
    let tail = &word[bare.len()..];
    if word.ends_with("/factoryctl\"") {
        return "\"/opt/factoryctl\"".to_owned();
    }
    let hex = |n: usize| bare.len() == n && bare.bytes().all(|b| b.is_ascii_hexdigit());
    if bare.contains("factoryctl-demo-") {
        return format!("[demo]{tail}");
    }
    if let Some((who, _)) = bare.rsplit_once('@').filter(|(who, _)| who.ends_with("demo")) {
        return format!("{who}@[host]{tail}");
    }
    if bare.strip_prefix('#').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit())) {
        return format!("#[n]{tail}");
    }
    if [7, 10, 16].into_iter().any(hex) || bare.starts_with("http://127.0.0.1:") {
        return format!("[id]{tail}");
    }
    word.to_owned()
}
