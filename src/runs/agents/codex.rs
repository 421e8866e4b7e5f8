//! Codex, not interactive: events of a thread, its items and its turns.

use serde_json::Value;

use crate::model::{Usage, UsageOf};

use super::json::{lines, parse, text, tokens};
use super::question::asked;
use super::track::Track;
use super::{Agent, Books, CommandLine, Event, Job, Listener, Session, Stream, Trouble};

/// The agent.
pub(super) struct Codex;

/// Where the schema of the answer is, below the home.
const SCHEMA: &str = "answer-schema.json";

impl Agent for Codex {
    fn kind(&self) -> &'static str {
        "codex"
    }

    fn program(&self) -> Option<&'static str> {
        Some("codex")
    }

    /// The closing figures are the thread's, over all the processes that went on with it.
    fn usage_of(&self) -> UsageOf {
        UsageOf::Session
    }

    fn chooses_session(&self) -> bool {
        false
    }

    fn versions(&self) -> Option<([u64; 3], [u64; 3])> {
        Some(([0, 160, 0], [0, 200, 0]))
    }

    fn books(&self) -> Option<Books> {
        Some(Books {
            folder: ".codex/sessions",
            is_of: |name, session| name.strip_suffix(".jsonl").is_some_and(|name| name.ends_with(session)),
            used: kept,
        })
    }

    /// It has no second sandbox within that of the run: its own would keep it from committing. `resume` knows neither
    /// `--sandbox` nor `--cd`, so both are said in a way that fits it too.
    fn command(&self, job: &Job<'_>) -> CommandLine {
        let schema = job.home.join(SCHEMA).display().to_string();
        let mut arguments = vec!["exec"];
        if let Session::Resume(id) = job.session {
            arguments.extend(["resume", id]);
        }
        arguments.extend(["-", "--json", "--skip-git-repo-check"]);
        arguments.extend(["--ignore-user-config", "--ignore-rules", "--strict-config"]);
        arguments.extend(["-c", r#"sandbox_mode="danger-full-access""#, "-c", r#"approval_policy="never""#]);
        arguments.extend(job.schema.iter().flat_map(|_| ["--output-schema", &schema]));
        CommandLine {
            argv: job.argv(&arguments),
            stdin: job.prompt.to_owned(),
            files: job.schema.map(|schema| (SCHEMA.to_owned(), schema.to_string())).into_iter().collect(),
            ..CommandLine::default()
        }
    }

    fn listener(&self, job: &Job<'_>) -> Box<dyn Listener> {
        Box::new(Heard { types: job.schema.is_some(), ..Heard::default() })
    }
}

#[derive(Default)]
struct Heard {
    track: Track,
    used: Usage,
    /// Whether a typed answer was asked for, which is the text of its last message then. It isn't checked by the agent.
    types: bool,
    answer: String,
}

impl Listener for Heard {
    fn line(&mut self, stream: Stream, line: &[u8], out: &mut Vec<Event>) {
        if stream == Stream::Err {
            return out.extend(warned(&String::from_utf8_lossy(line)));
        }
        let line = parse(line);
        match text(&line, "/type") {
            "thread.started" => self.track.session(text(&line, "/thread_id"), out),
            "turn.started" => self.track.given(),
            kind @ ("item.started" | "item.updated" | "item.completed") => {
                self.item(kind, line.get("item").unwrap_or(&Value::Null), out);
            }
            "turn.completed" => self.end(&line, out),
            "turn.failed" => {
                self.track.ended_all(out);
                out.push(Event::GaveUp(Trouble::of_text(text(&line, "/error/message"))));
            }
            // It tries again, or is about to give up: `turn.failed` says which.
            "error" => out.push(Event::Trouble(Trouble::of_text(text(&line, "/message")))),
            _ => {}
        }
    }
}

/// What it says beside its results: that there is no such thread, or, in its log, that it didn't let a tool run.
fn warned(line: &str) -> Option<Event> {
    if let Some(says) = line.strip_prefix("Error: thread/resume") {
        return Some(Event::Trouble(Trouble::of_text(says)));
    }
    let (_, error) = line.split_once("codex_core::tools::router: error=")?;
    if error.starts_with("request_user_input is ") {
        return Some(Event::Asked(format!("it wanted to ask something: {error}")));
    }
    let (before, _) = error.split_once("rejected: ")?;
    Some(Event::Denied(before.split('`').nth(1).unwrap_or(before).to_owned()))
}

/// What the file of a thread says: each call of the model, with the figures of the whole thread.
fn kept(file: &[u8]) -> Usage {
    let calls = lines(file).filter(|line| text(line, "/type") == "token_usage_record");
    calls.fold(Usage::default(), |before, line| Usage {
        turns: before.turns.saturating_add(1),
        ..usage(&line, "/payload/thread_token_usage")
    })
}

/// The figures at a path; what was read holds what came from the cache.
fn usage(line: &Value, path: &str) -> Usage {
    let [all, cached, output] = ["input_tokens", "cached_input_tokens", "output_tokens"]
        .map(|name| tokens(line, &format!("{path}/{name}")));
    Usage { turns: 0, input: all.saturating_sub(cached), cached, output, cost: None }
}

impl Heard {
    fn item(&mut self, kind: &str, item: &Value, out: &mut Vec<Event>) {
        let (id, is) = (text(item, "/id"), text(item, "/type"));
        // A warning, such as that it doesn't know the model.
        if is == "error" || is.is_empty() {
            return;
        }
        out.push(Event::Progress);
        let ends = kind == "item.completed";
        if !(ends && self.track.runs(id)) && self.track.spoke() {
            self.used.turns = self.track.turns();
            out.push(Event::Used(self.used));
        }
        match is {
            "agent_message" => text(item, "/text").clone_into(&mut self.answer),
            "reasoning" | "todo_list" => {}
            _ if ends => {
                self.track.ended(id, out);
                if text(item, "/status") == "declined" {
                    out.push(Event::Denied(name(item).to_owned()));
                }
            }
            _ => {
                self.track.began(id, name(item), out);
                out.extend(asked(text(item, "/tool"), item.get("arguments").unwrap_or(&Value::Null)));
            }
        }
    }

    fn end(&mut self, line: &Value, out: &mut Vec<Event>) {
        self.track.ended_all(out);
        self.used = Usage { turns: self.track.turns(), ..usage(line, "/usage") };
        out.push(Event::Used(self.used));
        let typed = self.types.then(|| serde_json::from_str(&self.answer).ok()).flatten();
        out.extend([Event::Answer { text: self.answer.clone(), typed }, Event::Closed]);
    }
}

/// What a tool that runs is called: its command, the name of a tool, or at least its kind.
fn name(item: &Value) -> &str {
    let names = ["/command", "/tool", "/type"].map(|path| text(item, path));
    names.into_iter().find(|name| !name.is_empty()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{a_job, all, brief, told};
    use super::*;

    #[test]
    fn it_is_started_for_a_job() {
        let schema = json!({ "type": "object" });
        let program = ["codex".to_owned()];
        let line =
            Codex.command(&Job { program: &program, model: Some("gpt"), schema: Some(&schema), ..a_job() });
        insta::assert_snapshot!(line.argv.join(" "), @r#"codex exec - --json --skip-git-repo-check --ignore-user-config --ignore-rules --strict-config -c sandbox_mode="danger-full-access" -c approval_policy="never" --output-schema /h/answer-schema.json --model gpt"#);
        assert_eq!(line.files, [("answer-schema.json".to_owned(), r#"{"type":"object"}"#.to_owned())]);
        let resumed = Codex.command(&Job { session: Session::Resume("old"), ..a_job() });
        insta::assert_snapshot!(resumed.argv.join(" "), @r#"exec resume old - --json --skip-git-repo-check --ignore-user-config --ignore-rules --strict-config -c sandbox_mode="danger-full-access" -c approval_policy="never""#);
        assert_eq!((resumed.stdin.as_str(), resumed.files.len()), (a_job().prompt, 0));
    }

    #[test]
    fn recordings_are_understood() {
        // Its first item is a warning.
        insta::assert_snapshot!(told(&Codex, include_str!("samples/codex-done.jsonl"), ""), @r"
        session 01a1fb9f-51bb-7a43-b622-cc5afe121e50
        progress
        used 1: 0 + 0 -> 0, cost None
        began item_1
        progress
        ended item_1
        progress
        used 2: 0 + 0 -> 0, cost None
        used 2: 2400 + 600 -> 84, cost None
        answer Done: hello.txt was added.
        closed
        ");
        insta::assert_snapshot!(told(&Codex, include_str!("samples/codex-401.jsonl"), "ERROR 500"), @r"
        session 01a1fba0-7ff8-7be3-ad43-a4673c33785d
        trouble Auth
        trouble Auth
        gave up: Auth
        ");
        insta::assert_snapshot!(told(&Codex, include_str!("samples/codex-429.jsonl"), ""), @r"
        session 01a1fba0-7b51-77b1-abdb-02d7d9d62387
        trouble RateLimited
        trouble RateLimited
        gave up: RateLimited
        ");
    }

    #[test]
    fn an_answer_of_the_form_that_was_asked_for_is_its_last_message() {
        let schema = json!({ "type": "object" });
        let lines = |says: &str| {
            let item = json!({ "type": "item.completed", "item": { "id": "1", "type": "agent_message", "text": says } });
            format!("{item}\n{}", json!({ "type": "turn.completed", "usage": {} }))
        };
        let typed = |schema: Option<&Value>, says: &str| {
            let job = Job { schema, ..a_job() };
            all(&Codex, &job, &lines(says), "")
                .into_iter()
                .find_map(|event| if let Event::Answer { typed, .. } = event { typed } else { None })
        };
        assert_eq!(typed(Some(&schema), r#"{"a": 1}"#), Some(json!({ "a": 1 })));
        assert_eq!(typed(Some(&schema), "It is done."), None);
        assert_eq!(typed(None, r#"{"a": 1}"#), None);
    }

    #[test]
    fn a_declined_command_and_a_question_are_told() {
        let item =
            |kind: &str, item: Value| json!({ "type": format!("item.{kind}"), "item": item }).to_string();
        let lines = [
            item("started", json!({ "id": "1", "type": "command_execution", "command": "rm" })),
            item(
                "completed",
                json!({ "id": "1", "type": "command_execution", "command": "rm", "status": "declined" }),
            ),
            item(
                "started",
                json!({ "id": "2", "type": "mcp_tool_call", "tool": "ask_user", "arguments": { "question": "Which?" } }),
            ),
            item("completed", json!({ "id": "3", "type": "file_change" })),
        ];
        let log = "2026-11-27T07:37:46.248035Z ERROR codex_core::tools::router: error=";
        let warnings = [
            r#"exec_command failed: CreateProcess { message: "Rejected(\"`/bin/bash -lc 'rm -rf x'` rejected: rm -f style commands are not permitted\")" }"#,
            "request_user_input is unavailable in Default mode",
            "exec_command failed: no such file",
        ]
        .map(|warning| format!("{log}{warning}\n"))
        .concat();
        insta::assert_snapshot!(brief(&all(&Codex, &a_job(), &lines.join("\n"), &warnings)), @r"
        denied /bin/bash -lc 'rm -rf x'
        asked it wanted to ask something: request_user_input is unavailable in Default mode
        progress
        used 1: 0 + 0 -> 0, cost None
        began 1
        progress
        ended 1
        denied rm
        progress
        used 2: 0 + 0 -> 0, cost None
        began 2
        asked Which?
        progress
        ");
    }
}
