//! Typed answers, and sessions that go on. The agent is a program that speaks as Claude Code does and keeps its sessions in
//! its home.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::gates::puts;
use crate::tasks::{ended, file, pulls, runs, small};
use crate::world::{Ran, World};

/// A program that counts in `$n` how often its session was prompted, keeps the prompts in `$HOME/prompts`, and then does
/// this. `$says` is its last word, `$typed` its typed answer, `$session` the id that it tells.
fn claude(does: &str) -> String {
    format!(
        r#"#!/bin/sh
[ "$1" = --version ] && echo "2.1.197 (Claude Code)" && exit
while [ $# -gt 0 ]; do case "$1" in --session-id|--resume) how=$1; session=$2;; esac; shift; done
mkdir -p "$HOME/prompts"; kept="$HOME/$session"
if [ $how = --resume ] && [ ! -e "$kept" ]; then echo "No conversation found" >&2; exit 1; fi
echo >> "$kept"; n=$(wc -l < "$kept"); cat > "$HOME/prompts/$n"; says=done; typed=
{does}
printf '{{"type":"system","subtype":"init","session_id":"%s","claude_code_version":"2.1.197"}}\n' "$session"
printf '{{"type":"assistant","session_id":"%s","message":{{"id":"m%s","usage":{{"input_tokens":10,"output_tokens":5}},"content":[]}}}}\n' "$session" "$n"
printf '{{"type":"result","subtype":"success","is_error":false,"session_id":"%s","result":"%s","total_cost_usd":0.001,"modelUsage":{{"m":{{"inputTokens":10,"outputTokens":5}}}}%s}}\n' "$session" "$says" "$typed"
"#
    )
}

/// A config with one task for it.
fn config(w: &World, does: &str, more: &str) -> String {
    let folder = w.path("agents");
    let program = folder.join(&blake3::hash(does.as_bytes()).to_hex()[..8]);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(&program, claude(does)).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let [program, folder] = [program, folder].map(|path| path.display().to_string());
    format!(
        "factory \"acme\"\nrepo \"acme/anvil\"\nagent \"smith\" kind=\"claude\" {{ program {program:?}; readable {folder:?}; }}\n\
         task \"hone\" repo=\"acme/anvil\" {{ prompt \"Hone the anvil.\"; agents \"smith\"; {more} }}\n"
    )
}

const SAFE: &str = r##"answer #"{ "type": "object", "properties": { "safe": { "type": "boolean" } }, "required": ["safe"], "additionalProperties": false }"#"##;

/// Runs what is planned, one run after the other, until nothing is started any more.
fn all_runs(w: &World) -> Ran {
    for _ in 0..12 {
        let before = runs(w).len();
        let applied = w.apply(&[]);
        let now = ended(w);
        if now.len() == before && now.iter().all(|run| run["state"] == "closed") {
            return applied;
        }
    }
    panic!("it starts one run after the other: {:#?}", runs(w));
}

/// What each run is, oldest first: attempt, whether it goes on, outcome.
fn told(w: &World) -> Vec<(u64, bool, String)> {
    let of = |run: Value| {
        let outcome = run["outcome"].as_str().expect("it is over").to_owned();
        (run["attempt"].as_u64().expect("a number"), run["continues"].is_string(), outcome)
    };
    runs(w).into_iter().rev().map(of).collect()
}

fn is(attempt: u64, goes_on: bool, outcome: &str) -> (u64, bool, String) {
    (attempt, goes_on, outcome.to_owned())
}

fn show(w: &World, run: &Value) -> String {
    w.run(&["runs", "show", run["run"].as_str().expect("its name")]).exits(0).out
}

/// A `git` that was killed leaves its lock, which would keep everybody from committing who goes on there.
#[test]
fn who_goes_on_finds_no_lock_of_the_dead() {
    small(|w| {
        let dies = "if [ $n = 1 ]; then echo x > work; touch .git/index.lock .git/HEAD.lock; \
                    else git add . && git commit -qm Hone; fi";
        w.config(&config(w, dies, "attempts 1"));
        all_runs(w).exits(0);
        assert_eq!(told(w), [is(1, false, "no verdict"), is(1, true, "done")]);
    });
}

#[test]
fn who_forgets_to_commit_is_told_so_and_does_it_in_the_same_session() {
    small(|w| {
        let forgets = "if [ $n = 1 ]; then echo x > work; else cp \"$HOME/prompts/2\" told; git add .; git commit -qm Hone; fi";
        w.config(&config(w, forgets, "attempts 1"));
        all_runs(w).exits(0);
        assert_eq!(told(w), [is(1, false, "no verdict"), is(1, true, "done")]);
        let branch = pulls(w).pop().expect("a pull request").1;
        assert_eq!(file(w, &branch, "work").as_deref(), Some("x\n"), "its workspace was as it had left it");
        let prompt = file(w, &branch, "told").expect("it was committed");
        assert!(
            prompt.starts_with("You left changes and committed none") && !prompt.contains("Hone"),
            "{prompt}"
        );
        let all = runs(w);
        let (second, first) = (&all[0], &all[1]);
        assert_eq!((&second["continues"], &second["session"]), (&first["run"], &first["session"]));
        assert_eq!((&second["cold"], &second["used"]["output"]), (&json!(false), &json!(5)), "{second:#}");
        let shown = show(w, second);
        assert!(
            shown.contains(&format!("goes on with: run {}\n", first["run"].as_str().unwrap())),
            "{shown}"
        );
        assert!(
            w.run(&["history", "repo/acme/anvil/task/hone"]).exits(0).out.contains("its session goes on")
        );
        w.run(&["ledger", "verify"]).exits(0);
    });
}

#[test]
fn who_ends_without_a_last_word_is_told_from_who_fails() {
    small(|w| {
        let begins = r#"printf '{"type":"system","subtype":"init","session_id":"%s","claude_code_version":"2.1.197"}\n' "$session"; exit 0"#;
        w.config(&config(w, begins, "attempts 1"));
        all_runs(w).exits(1);
        assert_eq!(told(w), [is(1, false, "crashed")]);
        let shown = show(w, &runs(w)[0]);
        assert!(shown.contains("it ended with code 0 and without its last word"), "{shown}");
    });
}

/// What it links to lies nowhere, so that nobody could use it.
#[test]
fn who_commits_a_repository_within_the_repository_is_told_so() {
    small(|w| {
        let nests = "if [ $n = 1 ]; then git init -q sub && echo x > sub/work && git -C sub add . && git -C sub -c user.name=S -c user.email=s@example.com commit -qm Sub; \
                     elif [ $n = 2 ]; then echo y > more; \
                     else cp \"$HOME/prompts/2\" told; git rm -q --cached sub; rm -rf sub/.git; fi; git add .; git commit -qm Hone";
        w.config(&config(w, nests, "attempts 1"));
        all_runs(w).exits(0);
        let lacking = |goes_on| is(1, goes_on, "no verdict");
        assert_eq!(told(w), [lacking(false), lacking(true), is(1, true, "done")]);
        let branch = pulls(w).pop().expect("a pull request").1;
        assert_eq!(file(w, &branch, "sub/work").as_deref(), Some("x\n"));
        let prompt = file(w, &branch, "told").expect("it was committed");
        assert!(prompt.starts_with("You committed a repository within the repository at `sub`"), "{prompt}");
        let first = show(w, runs(w).last().expect("it is there"));
        assert!(first.contains("it committed a repository within the repository, at `sub`"), "{first}");
        w.run(&["ledger", "verify"]).exits(0);
    });
}

#[test]
fn who_commits_elsewhere_is_told_where_to() {
    small(|w| {
        let strays = "if [ $n = 1 ]; then git checkout -qb side; echo x > work; git add .; git commit -qm Hone; \
                      else cp \"$HOME/prompts/2\" told; git add .; git commit -qm told; \
                      git checkout -q - && git merge -q side; fi";
        w.config(&config(w, strays, "attempts 1"));
        all_runs(w).exits(0);
        assert_eq!(told(w), [is(1, false, "no verdict"), is(1, true, "done")]);
        let branch = pulls(w).pop().expect("a pull request").1;
        let prompt = file(w, &branch, "told").expect("it was committed");
        assert!(
            prompt.starts_with(&format!(
                "What you made is not where it is looked for: it committed on `side`, and nothing on its branch `{branch}`."
            )),
            "{prompt}"
        );
    });
}

#[test]
fn who_changes_nothing_is_asked_once_whether_that_is_so() {
    small(|w| {
        w.config(&config(w, "says='Nothing has to be done.'", ""));
        all_runs(w).exits(0);
        assert_eq!(told(w), [is(1, false, "no change"), is(1, true, "no change")]);
        w.plan(&[]).exits(0);
    });
    small(|w| {
        w.config(&config(w, "says='Nothing has to be done.'", "continuations 0"));
        all_runs(w).exits(0);
        assert_eq!(told(w), [is(1, false, "no change")]);
    });
}

#[test]
fn who_never_commits_is_told_so_three_times_in_each_attempt() {
    small(|w| {
        w.config(&config(w, "echo $n > work", "attempts 1"));
        all_runs(w).exits(1);
        let never = |goes_on| is(1, goes_on, "no verdict");
        assert_eq!(told(w), [never(false), never(true), never(true), never(true)]);
        assert!(w.plan(&[]).exits(1).out.contains("1 of 1 attempts are used up"));
        assert_eq!(pulls(w), []);
    });
}

/// A config of one attempt in two turns, whose workspace is made ready by this line.
fn with_setup(w: &World, setup: &str, does: &str) -> String {
    let recipe = format!("repo \"acme/anvil\" {{ recipe setup={setup:?}; }}\n");
    config(w, does, "attempts 1; continuations 1").replace("repo \"acme/anvil\"\n", &recipe)
}

/// What its setup left is nothing that an agent did, until the agent does something to it.
#[test]
fn what_a_setup_left_is_not_the_agents() {
    let always = "echo x >> lock; date > generated";
    let once = "test -e generated || { echo x >> lock; echo one > generated; }";
    let commits = "git add $file; git commit -qm Hone";
    for (setup, does, lacks, second) in [
        (always, "says='Nothing has to be done.'".to_owned(), "changes", "no change"),
        (once, "says='Nothing has to be done.'".to_owned(), "changes", "no change"),
        (
            always,
            format!("file=own; if [ $n = 1 ]; then echo own > own; else {commits}; fi"),
            "commits",
            "done",
        ),
        (
            once,
            format!("file=generated; if [ $n = 1 ]; then echo two > generated; else {commits}; fi"),
            "commits",
            "done",
        ),
        (
            once,
            format!("file=generated; if [ $n = 1 ]; then git add generated; else {commits}; fi"),
            "commits",
            "done",
        ),
        (
            "date > generated; chmod u+w *",
            "if [ $n = 1 ]; then echo own > own; fi".to_owned(),
            "commits",
            "no verdict",
        ),
    ] {
        small(|w| {
            puts(w, &[("lock", "1\n")]);
            w.config(&with_setup(w, setup, &does));
            all_runs(w);
            let first = if lacks == "changes" { "no change" } else { "no verdict" };
            assert_eq!(told(w), [is(1, false, first), is(1, true, second)], "{setup}, {does}");
            let run = &runs(w)[1];
            assert_eq!(run["lacks"], json!({ "lacks": lacks }), "{setup}, {does}");
            assert!(run["salvage"].is_string(), "it is saved, whoever made it: {setup}, {does}");
        });
    }
}

/// What was litter stays so where its recipe is none any more.
#[test]
fn who_goes_on_without_a_setup_knows_what_the_one_before_left() {
    small(|w| {
        let does = "says='Nothing has to be done.'";
        w.config(&with_setup(w, "date > generated", does));
        w.apply(&[]);
        ended(w);
        w.config(&config(w, does, "attempts 1; continuations 1"));
        all_runs(w).exits(0);
        assert_eq!(told(w), [is(1, false, "no change"), is(1, true, "no change")]);
    });
}

#[test]
fn an_answer_of_the_right_form_is_all_that_is_asked_for() {
    small(|w| {
        w.config(&config(w, r#"typed=',"structured_output":{"safe":true}'"#, SAFE));
        all_runs(w).exits(0);
        assert_eq!(told(w), [is(1, false, "done")]);
        let run = &runs(w)[0];
        assert_eq!(run["answer"], json!({ "value": { "safe": true }, "from": "agent" }));
        assert!(show(w, run).contains("answered: {\"safe\":true} (its typed answer)\n"), "{}", show(w, run));
        let plan = w.plan(&[]).exits(0);
        let says = format!("task/hone: another prompt: run {} has answered", run["run"].as_str().unwrap());
        assert!(plan.out.contains(&says), "{}", plan.all());
        assert_eq!(pulls(w), []);
    });
}

/// Prose instead of an answer: once more with the validator's words, and then there is no verdict.
#[test]
fn a_wrong_answer_is_asked_for_once_more() {
    small(|w| {
        let learns = r#"if [ $n = 1 ]; then typed=',"structured_output":{"safe":"yes"}'; else says='So:\n```json\n{\"safe\": false}\n```'; cp "$HOME/prompts/2" told; git add .; git commit -qm Told; fi"#;
        w.config(&config(w, learns, SAFE));
        all_runs(w).exits(0);
        assert_eq!(told(w), [is(1, false, "no verdict"), is(1, true, "done")]);
        assert_eq!(runs(w)[0]["answer"], json!({ "value": { "safe": false }, "from": "words" }));
        let branch = pulls(w).pop().expect("what it committed besides is published").1;
        let prompt = file(w, &branch, "told").expect("it was committed");
        let says = "its typed answer: at `/safe`: \"yes\" is not of type \"boolean\"";
        assert!(prompt.contains(says), "{prompt}");
        let first = &runs(w)[1];
        assert_eq!(first["lacks"], json!({ "lacks": "answer", "says": says }));
    });
    small(|w| {
        w.config(&config(w, "says='It is safe.'", &format!("attempts 1; {SAFE}")));
        all_runs(w).exits(1);
        assert_eq!(told(w), [is(1, false, "no verdict"), is(1, true, "no verdict")]);
        assert!(runs(w)[0]["says"].as_str().unwrap().ends_with("there is none"), "{:?}", runs(w));
        assert_eq!(pulls(w), []);
    });
}

/// An agent without sessions reads the form in its prompt, and answers in its last words; nothing goes on.
#[test]
fn an_agent_without_sessions_answers_in_words() {
    small(|w| {
        let script = r#"grep -q '"safe":{"type":"boolean"}' && echo '{"safe": true}'"#;
        let plain = |script: &str| {
            format!(
                "factory \"acme\"\nrepo \"acme/anvil\"\nagent \"smith\" kind=\"command\" {{ program \"/bin/sh\" \"-c\" {script:?}; }}\n\
                 task \"hone\" repo=\"acme/anvil\" {{ prompt \"Is it safe?\"; agents \"smith\"; attempts 2; {SAFE}; }}\n"
            )
        };
        w.config(&plain(script));
        all_runs(w).exits(0);
        assert_eq!(told(w), [is(1, false, "done")]);
        w.config(&plain("echo yes").replace("Is it safe?", "Is it?"));
        all_runs(w).exits(1);
        assert_eq!(told(w)[1..], [is(1, false, "no verdict"), is(2, false, "no verdict")]);
    });
}

/// A session that was lost is no continuation: what came back is said to be cold, and the next attempt begins anew.
#[test]
fn another_session_is_a_cold_start() {
    small(|w| {
        let lost = "if [ $how = --resume ]; then session=another; else echo x > work; fi";
        w.config(&config(w, lost, "attempts 1"));
        all_runs(w).exits(1);
        assert_eq!(told(w), [is(1, false, "no verdict"), is(1, true, "no verdict")]);
        let cold = &runs(w)[0];
        assert_eq!((&cold["cold"], &cold["session"]), (&json!(true), &json!("another")));
        assert!(cold["says"].as_str().unwrap().starts_with("it came back in another session"), "{cold:#}");
        assert!(show(w, cold).contains("session: another, begun cold"), "{}", show(w, cold));
    });
}

/// A session goes on after a kill, also of one that had not yet told which it is.
#[test]
fn a_session_goes_on_though_who_went_on_with_it_was_killed() {
    small(|w| {
        let dies = "case $n in 1) echo x > work;; 2) kill -9 $PPID; sleep 60;; *) git add .; git commit -qm x;; esac";
        w.config(&config(w, dies, "attempts 1").replace("kind=\"claude\"", "kind=\"claude\" sandbox=#false"));
        all_runs(w).exits(0);
        assert_eq!(told(w), [is(1, false, "no verdict"), is(1, true, "killed"), is(1, true, "done")]);
        let sessions: Vec<Value> = runs(w).iter().map(|run| run["session"].clone()).collect();
        assert!(
            sessions.iter().all(|session| session.is_string() && *session == sessions[0]),
            "{sessions:?}"
        );
    });
}

/// What was asked for is read afresh before a session goes on.
#[test]
fn a_session_of_another_prompt_does_not_go_on() {
    small(|w| {
        w.config(&config(w, "echo x > work", ""));
        w.apply(&[]).exits(0);
        ended(w);
        w.config(
            &config(w, "echo x > work; git add .; git commit -qm x", "")
                .replace("Hone the anvil.", "Polish it."),
        );
        all_runs(w).exits(0);
        assert_eq!(told(w), [is(1, false, "no verdict"), is(1, false, "done")]);
    });
}

/// What a model has answered: its session's beginning, and a call that is paid for.
const ANSWERED: &str = r#"printf '{"type":"system","subtype":"init","session_id":"%s","claude_code_version":"2.1.197"}\n{"type":"assistant","session_id":"%s","message":{"id":"m0","usage":{"input_tokens":10,"output_tokens":5},"content":[]}}\n' "$session" "$session""#;

#[test]
fn who_is_killed_after_its_model_has_answered_goes_on_in_its_session() {
    small(|w| {
        let dies = format!(
            "if [ $n = 1 ]; then {ANSWERED}; echo x > half; kill -9 $$; \
             else cp \"$HOME/prompts/2\" told; git add .; git commit -qm Hone; fi"
        );
        w.config(&config(w, &dies, "attempts 1"));
        all_runs(w).exits(0);
        assert_eq!(told(w), [is(1, false, "killed"), is(1, true, "done")]);
        let branch = pulls(w).pop().expect("a pull request").1;
        assert_eq!(file(w, &branch, "half").as_deref(), Some("x\n"), "its workspace was as it had left it");
        let prompt = file(w, &branch, "told").expect("it was committed");
        assert!(prompt.starts_with("You were cut off: it was ended by signal 9."), "{prompt}");
    });
}

#[test]
fn what_is_paid_for_is_not_asked_again_in_another_session_while_nobody_is_let_in() {
    small(|w| {
        let refused = format!(
            "{ANSWERED}; echo '{}'; exit 1",
            r#"{"type":"result","subtype":"success","is_error":true,"api_error_status":401,"result":"Invalid API key"}"#
        );
        w.config(&config(w, &refused, ""));
        w.apply(&[]).exits(0);
        let run = ended(w).pop().expect("it ran");
        assert_eq!((run["tries"].as_u64(), run["outcome"].as_str()), (Some(1), Some("auth")), "{run:#}");
    });
}
