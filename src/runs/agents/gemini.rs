//! Gemini CLI, not interactive: a stream of JSON with the figures of all models in its closing `result` line. Requests
//! that fail are tried again for ever, which is said among the warnings only.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::model::{Usage, UsageOf};

use super::json::{lines, list, parse, text, tokens};
use super::question::asked;
use super::track::Track;
use super::{Agent, Books, CommandLine, Event, Job, Listener, Session, Stream, Trouble};

/// The agent.
pub(super) struct Gemini;

impl Agent for Gemini {
    fn kind(&self) -> &'static str {
        "gemini"
    }

    fn program(&self) -> Option<&'static str> {
        Some("gemini")
    }

    fn usage_of(&self) -> UsageOf {
        UsageOf::Process
    }

    fn chooses_session(&self) -> bool {
        true
    }

    fn versions(&self) -> Option<([u64; 3], [u64; 3])> {
        Some(([0, 61, 0], [0, 80, 0]))
    }

    /// It does no work in a folder that it doesn't trust, and in one that it trusts these have their say.
    fn runs_of_repository(&self) -> &'static [&'static str] {
        &[".gemini/settings.json", ".gemini/.env", ".gemini/extensions/**"]
    }

    fn books(&self) -> Option<Books> {
        Some(Books {
            folder: ".gemini/tmp",
            is_of: |name, session| {
                let begin = session.split('-').next().unwrap_or_default();
                name.strip_suffix(".jsonl").and_then(|name| name.strip_suffix(begin)).is_some()
            },
            used: kept,
        })
    }

    fn command(&self, job: &Job<'_>) -> CommandLine {
        let session = match job.session {
            Session::New(id) => ["--session-id", id],
            Session::Resume(id) => ["--resume", id],
        };
        let plain = ["--output-format", "stream-json", "--approval-mode", "yolo"];
        CommandLine {
            argv: job.argv(&[&plain[..], &session[..]].concat()),
            vars: vec![("GEMINI_CLI_TRUST_WORKSPACE".to_owned(), "true".to_owned())],
            stdin: job.prompt.to_owned(),
            files: vec![(".gemini/settings.json".to_owned(), settings(job.turns).to_string())],
            ..CommandLine::default()
        }
    }

    fn listener(&self, _: &Job<'_>) -> Box<dyn Listener> {
        Box::new(Heard::default())
    }
}

/// What has no switch on the command line. It ends by itself after so many calls of the model; -1 is no limit.
fn settings(turns: Option<u32>) -> Value {
    json!({
        "general": { "enableAutoUpdate": false, "enableAutoUpdateNotification": false },
        "model": { "maxSessionTurns": turns.map_or(-1, i64::from) },
        "privacy": { "usageStatisticsEnabled": false },
        "advanced": { "ignoreLocalEnv": true },
        "security": { "auth": { "selectedType": "gemini-api-key" } },
    })
}

#[derive(Default)]
struct Heard {
    track: Track,
    used: Usage,
    /// What the model said since it last used a tool.
    answer: String,
}

impl Listener for Heard {
    fn line(&mut self, stream: Stream, line: &[u8], out: &mut Vec<Event>) {
        match stream {
            Stream::Out => self.result(&parse(line), out),
            Stream::Err => out.extend(warned(&String::from_utf8_lossy(line)).map(Event::Trouble)),
        }
    }
}

/// What the file of a session says: each answer of the model once. A session that was taken up again holds the earlier
/// ones in a list.
fn kept(file: &[u8]) -> Usage {
    let mut answers = BTreeMap::new();
    for line in lines(file) {
        for message in list(&line, "/$set/messages").chain([&line]) {
            if text(message, "/type") == "gemini" && message.get("tokens").is_some() {
                let [read, cached, written, thought] = ["input", "cached", "output", "thoughts"]
                    .map(|name| tokens(message, &format!("/tokens/{name}")));
                let used = Usage {
                    turns: 1,
                    input: read.saturating_sub(cached),
                    cached,
                    output: written.saturating_add(thought),
                    cost: None,
                };
                answers.insert(text(message, "/id").to_owned(), used);
            }
        }
    }
    answers.into_values().fold(Usage::default(), Usage::plus)
}

/// What a warning says of a request that failed, or of a session that isn't there.
fn warned(line: &str) -> Option<Trouble> {
    let retries = line.starts_with("Attempt ") && line.contains(" failed");
    let fails = ["Error when talking to Gemini API", "Error resuming session"];
    (retries || fails.iter().any(|words| line.starts_with(words))).then(|| Trouble::known(line)).flatten()
}

impl Heard {
    fn result(&mut self, line: &Value, out: &mut Vec<Event>) {
        match text(line, "/type") {
            "init" => self.track.session(text(line, "/session_id"), out),
            "message" => self.message(line, out),
            "tool_use" => {
                self.progress(out);
                self.answer.clear();
                self.track.began(text(line, "/tool_id"), text(line, "/tool_name"), out);
                out.extend(asked(text(line, "/tool_name"), line.get("parameters").unwrap_or(&Value::Null)));
            }
            "tool_result" => {
                out.push(Event::Progress);
                let name = self.track.ended(text(line, "/tool_id"), out);
                if matches!(text(line, "/error/type"), "policy_violation" | "permission_denied") {
                    out.push(Event::Denied(name.unwrap_or_default()));
                }
            }
            "error" if text(line, "/severity") == "error" => {
                out.push(Event::Trouble(trouble("", text(line, "/message"))));
            }
            "result" => self.end(line, out),
            _ => {}
        }
    }

    fn message(&mut self, line: &Value, out: &mut Vec<Event>) {
        let says = text(line, "/content");
        if text(line, "/role") == "assistant" && !says.is_empty() {
            self.progress(out);
            self.answer.push_str(says);
        }
    }

    /// The model said something.
    fn progress(&mut self, out: &mut Vec<Event>) {
        out.push(Event::Progress);
        if self.track.spoke() {
            self.used.turns = self.track.turns();
            out.push(Event::Used(self.used));
        }
    }

    fn end(&mut self, line: &Value, out: &mut Vec<Event>) {
        self.track.ended_all(out);
        let models = line.pointer("/stats/models").and_then(Value::as_object);
        let each = models.into_iter().flat_map(|models| models.values()).map(usage);
        self.used = Usage { turns: self.track.turns(), ..each.fold(Usage::default(), Usage::plus) };
        out.push(Event::Used(self.used));
        if text(line, "/status") == "success" {
            out.extend([
                Event::Answer { text: std::mem::take(&mut self.answer), typed: None },
                Event::Closed,
            ]);
        } else {
            out.push(Event::GaveUp(trouble(text(line, "/error/type"), text(line, "/error/message"))));
        }
    }
}

/// The figures of one model. Its thoughts are in the sum only, and are written like all else.
fn usage(model: &Value) -> Usage {
    let [all, read, cached, written] =
        ["/total_tokens", "/input_tokens", "/cached", "/output_tokens"].map(|path| tokens(model, path));
    let output = written.max(all.saturating_sub(read));
    Usage { input: read.saturating_sub(cached), cached, output, ..Usage::default() }
}

fn trouble(kind: &str, says: &str) -> Trouble {
    if kind == "FatalTurnLimitedError" || says.to_lowercase().contains("max session turns") {
        Trouble::TurnLimit
    } else {
        Trouble::of_text(says)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{a_job, all, brief, told};
    use super::*;

    #[test]
    fn it_is_started_for_a_job() {
        let program = ["gemini".to_owned()];
        let line =
            Gemini.command(&Job { program: &program, model: Some("flash"), turns: Some(9), ..a_job() });
        insta::assert_snapshot!(line.argv.join(" "), @"gemini --output-format stream-json --approval-mode yolo --session-id 7e57 --model flash");
        insta::assert_snapshot!(line.files[0].1, @r#"{"general":{"enableAutoUpdate":false,"enableAutoUpdateNotification":false},"model":{"maxSessionTurns":9},"privacy":{"usageStatisticsEnabled":false},"advanced":{"ignoreLocalEnv":true},"security":{"auth":{"selectedType":"gemini-api-key"}}}"#);
        let resumed = Gemini.command(&Job { session: Session::Resume("old"), ..a_job() });
        insta::assert_snapshot!(resumed.argv.join(" "), @"--output-format stream-json --approval-mode yolo --resume old");
        assert_eq!(resumed.stdin, a_job().prompt);
    }

    #[test]
    fn recordings_are_understood() {
        insta::assert_snapshot!(told(&Gemini, include_str!("samples/gemini-done.jsonl"), ""), @r"
        session db0d110c-3cbb-45de-ba50-ddabdc6ee793
        progress
        used 1: 0 + 0 -> 0, cost None
        began run_shell_command__run_shell_command_1795222950976_0
        progress
        ended run_shell_command__run_shell_command_1795222950976_0
        progress
        used 2: 0 + 0 -> 0, cost None
        used 2: 200 + 0 -> 10, cost None
        answer Done: hello.txt was added.
        closed
        ");
        let refused = (include_str!("samples/gemini-401.jsonl"), include_str!("samples/gemini-401.stderr"));
        insta::assert_snapshot!(told(&Gemini, refused.0, refused.1), @r"
        trouble Auth
        session 11111111-1111-4111-8111-111111111111
        used 0: 0 + 0 -> 0, cost None
        gave up: Auth
        ");
        // It would go on like this for ever, and print no result.
        insta::assert_snapshot!(told(&Gemini, "", include_str!("samples/gemini-503.stderr")), @r"
        trouble Overloaded
        trouble Overloaded
        trouble Overloaded
        ");
    }

    #[test]
    fn what_recordings_lack_is_understood() {
        let lines = [
            json!({ "type": "tool_use", "tool_name": "ask_user", "tool_id": "a", "parameters": { "question": "Which?" } }),
            json!({ "type": "tool_result", "tool_id": "a", "status": "error", "error": { "type": "policy_violation" } }),
            json!({ "type": "error", "severity": "warning", "message": "Loop detected" }),
            json!({ "type": "error", "severity": "error", "message": "Maximum session turns exceeded" }),
            json!({ "type": "result", "status": "error", "error": { "type": "FatalTurnLimitedError" }, "stats": { "models": {
                "a": { "total_tokens": 100, "input_tokens": 60, "cached": 20, "output_tokens": 10 },
                "b": { "total_tokens": 3, "input_tokens": 1, "output_tokens": 2 },
            } } }),
        ];
        let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
        insta::assert_snapshot!(brief(&all(&Gemini, &a_job(), &lines.join("\n"), "")), @r#"
        progress
        used 1: 0 + 0 -> 0, cost None
        began a
        asked Which?
        progress
        ended a
        denied ask_user
        trouble Other("Maximum session turns exceeded")
        used 1: 41 + 20 -> 42, cost None
        gave up: TurnLimit
        "#);
    }
}
