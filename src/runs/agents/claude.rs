//! Claude Code in print mode: a stream of JSON, with a closing `result` line that has the figures of all models.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::model::{Usage, UsageOf};

use super::json::{count, dollars, lines, list, parse, parts, text, tokens};
use super::question::asked;
use super::track::Track;
use super::{Agent, Books, CommandLine, Event, Job, Listener, Session, Stream, Trouble};

/// The agent.
pub(super) struct Claude;

/// The first version whose closing figures of a resumed session hold what earlier processes used.
const RESTORES_TOTALS: [u64; 3] = [2, 1, 277];

impl Agent for Claude {
    fn kind(&self) -> &'static str {
        "claude"
    }

    fn program(&self) -> Option<&'static str> {
        Some("claude")
    }

    fn usage_of(&self) -> UsageOf {
        UsageOf::Process
    }

    fn chooses_session(&self) -> bool {
        true
    }

    fn versions(&self) -> Option<([u64; 3], [u64; 3])> {
        Some(([2, 1, 0], [2, 2, 0]))
    }

    fn books(&self) -> Option<Books> {
        Some(Books {
            folder: ".claude/projects",
            is_of: |name, session| name.strip_suffix(".jsonl") == Some(session),
            used: kept,
        })
    }

    /// The settings of the repository and its servers of tools are left out: they would run before the first prompt.
    fn command(&self, job: &Job<'_>) -> CommandLine {
        let turns = job.turns.map(|turns| turns.to_string());
        let schema = job.schema.map(Value::to_string);
        let mut arguments = vec!["--print", "--output-format", "stream-json", "--verbose"];
        arguments.extend(["--setting-sources", "user", "--strict-mcp-config"]);
        arguments.extend(["--permission-mode", "bypassPermissions"]);
        arguments.extend(match job.session {
            Session::New(id) => ["--session-id", id],
            Session::Resume(id) => ["--resume", id],
        });
        arguments.extend(turns.iter().flat_map(|turns| ["--max-turns", turns]));
        arguments.extend(schema.iter().flat_map(|schema| ["--json-schema", schema]));
        let vars = [
            ("DISABLE_AUTOUPDATER", "1"),
            ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
            // Without it the agent does not run as root when nothing is to be asked.
            ("IS_SANDBOX", "1"),
        ];
        CommandLine {
            argv: job.argv(&arguments),
            vars: vars.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            stdin: job.prompt.to_owned(),
            ..CommandLine::default()
        }
    }

    fn listener(&self, job: &Job<'_>) -> Box<dyn Listener> {
        Box::new(Heard { resumed: matches!(job.session, Session::Resume(_)), ..Heard::default() })
    }
}

#[derive(Default)]
struct Heard {
    track: Track,
    resumed: bool,
    /// Whether the closing figures hold more than this process used.
    restored: bool,
    /// What each message used. It is told with each of its parts, and the output not in full.
    messages: HashMap<String, Usage>,
    used: Usage,
    /// The quota is spent, until then.
    spent: Option<Timestamp>,
}

impl Listener for Heard {
    fn line(&mut self, stream: Stream, line: &[u8], out: &mut Vec<Event>) {
        if stream == Stream::Err {
            let is_lost = String::from_utf8_lossy(line).starts_with("No conversation found");
            out.extend(is_lost.then_some(Event::Trouble(Trouble::Lost)));
            return;
        }
        let line = parse(line);
        self.track.session(text(&line, "/session_id"), out);
        match text(&line, "/type") {
            "system" => self.system(&line, out),
            "assistant" => self.assistant(&line, out),
            "user" => self.results(&line, out),
            "rate_limit_event" => self.quota(&line, out),
            "result" => self.end(&line, out),
            _ => {}
        }
    }
}

impl Heard {
    fn system(&mut self, line: &Value, out: &mut Vec<Event>) {
        match text(line, "/subtype") {
            "init" => {
                let version = super::version(text(line, "/claude_code_version"));
                self.restored = self.resumed && version.is_some_and(|version| version >= RESTORES_TOTALS);
            }
            "api_retry" => {
                out.push(Event::Trouble(self.trouble(count(line, "/error_status"), text(line, "/error"))));
            }
            _ => {}
        }
    }

    fn assistant(&mut self, line: &Value, out: &mut Vec<Event>) {
        let error = text(line, "/error");
        if !error.is_empty() {
            let words = list(line, "/message/content").map(|part| text(part, "/text"));
            let says: Vec<&str> = [error].into_iter().chain(words).collect();
            out.push(Event::Trouble(self.trouble(0, &says.join(": "))));
            return;
        }
        let now = usage(line, "/message/usage", &SNAKE);
        if now.tokens() > 0 {
            out.push(Event::Progress);
            self.message(text(line, "/message/id"), Usage { turns: 1, ..now }, out);
        }
        for part in list(line, "/message/content").filter(|part| text(part, "/type") == "tool_use") {
            self.track.began(text(part, "/id"), text(part, "/name"), out);
            out.extend(asked(text(part, "/name"), part.get("input").unwrap_or(&Value::Null)));
        }
    }

    /// Counts a message once, with the highest figures that were told of it.
    fn message(&mut self, id: &str, now: Usage, out: &mut Vec<Event>) {
        let before = self.messages.get(id).copied().unwrap_or_default();
        let now = now.at_least(before);
        if now != before {
            self.messages.insert(id.to_owned(), now);
            self.used = self.used.since(before).plus(now);
            out.push(Event::Used(self.used));
        }
    }

    fn results(&mut self, line: &Value, out: &mut Vec<Event>) {
        for part in list(line, "/message/content").filter(|part| text(part, "/type") == "tool_result") {
            out.push(Event::Progress);
            self.track.ended(text(part, "/tool_use_id"), out);
        }
    }

    fn quota(&mut self, line: &Value, out: &mut Vec<Event>) {
        let info = line.get("rate_limit_info").unwrap_or(&Value::Null);
        if let Some(percent) = parts(info, "/utilization", 100) {
            let percent = u8::try_from(percent.min(100)).unwrap_or(100);
            let of = text(info, "/rateLimitType").to_owned();
            out.push(Event::Quota { of, percent, until: moment(count(info, "/resetsAt")) });
        }
        let overage = info.get("isUsingOverage").and_then(Value::as_bool).unwrap_or(false);
        if text(info, "/status") == "rejected" && !overage {
            self.spent = moment(count(info, "/resetsAt"));
            out.push(Event::Trouble(Trouble::Credit(self.spent)));
        }
    }

    fn end(&mut self, line: &Value, out: &mut Vec<Event>) {
        self.track.ended_all(out);
        self.used = self.total(line);
        out.push(Event::Used(self.used));
        out.extend(
            list(line, "/permission_denials").map(|one| Event::Denied(text(one, "/tool_name").to_owned())),
        );
        let errors = list(line, "/errors").filter_map(Value::as_str);
        let says: Vec<&str> =
            [text(line, "/result")].into_iter().chain(errors).filter(|words| !words.is_empty()).collect();
        let says = says.join("\n");
        let failed = line.get("is_error").and_then(Value::as_bool).unwrap_or(false);
        match (text(line, "/subtype"), text(line, "/stop_reason")) {
            ("error_max_turns", _) => out.push(Event::GaveUp(Trouble::TurnLimit)),
            (_, "refusal") => out.push(Event::GaveUp(Trouble::Refused)),
            // It gave up on an answer of the form that was asked for: that is no crash, and there is no such answer.
            ("error_max_structured_output_retries", _) => closing(says, None, out),
            ("success", _) if !failed => closing(says, line.get("structured_output").cloned(), out),
            _ => out.push(Event::GaveUp(self.trouble(count(line, "/api_error_status"), &says))),
        }
    }

    /// What was used in all. The cost is not known where the figure holds that of earlier processes too.
    fn total(&self, line: &Value) -> Usage {
        let told = if self.restored {
            usage(line, "/usage", &SNAKE)
        } else {
            let models = line.get("modelUsage").and_then(Value::as_object);
            let each = models.into_iter().flat_map(|models| models.values());
            each.map(|model| usage(model, "", &CAMEL)).fold(Usage::default(), Usage::plus)
        };
        let cost = dollars(line, "/total_cost_usd").filter(|_| !self.restored);
        Usage { cost, ..told.at_least(self.used) }
    }

    /// What is in the way, by status or else by words. A quota that is known to be spent explains a refused request.
    fn trouble(&self, status: u64, says: &str) -> Trouble {
        let trouble = if status == 0 { Trouble::of_text(says) } else { Trouble::of_status(status, says) };
        let explained = self.spent.is_some() && trouble == Trouble::RateLimited;
        if explained || trouble == Trouble::Credit(None) {
            Trouble::Credit(self.spent.or_else(|| until(says)))
        } else {
            trouble
        }
    }
}

/// What the file of a session says: each message with the figures that it had in the end.
fn kept(file: &[u8]) -> Usage {
    let mut messages: HashMap<String, Usage> = HashMap::new();
    for line in lines(file).filter(|line| text(line, "/type") == "assistant") {
        let now = Usage { turns: 1, ..usage(&line, "/message/usage", &SNAKE) };
        let id = text(&line, "/message/id").to_owned();
        messages.entry(id).and_modify(|before| *before = now.at_least(*before)).or_insert(now);
    }
    messages.into_values().fold(Usage::default(), Usage::plus)
}

fn closing(text: String, typed: Option<Value>, out: &mut Vec<Event>) {
    out.extend([Event::Answer { text, typed }, Event::Closed]);
}

/// The names of the figures: input, written to the cache, read from it, output.
type Names = [&'static str; 4];
const SNAKE: Names =
    ["/input_tokens", "/cache_creation_input_tokens", "/cache_read_input_tokens", "/output_tokens"];
const CAMEL: Names = ["/inputTokens", "/cacheCreationInputTokens", "/cacheReadInputTokens", "/outputTokens"];

fn usage(line: &Value, path: &str, names: &Names) -> Usage {
    let [input, written, cached, output] = names.map(|name| tokens(line, &format!("{path}{name}")));
    Usage { input: input.saturating_add(written), cached, output, ..Usage::default() }
}

/// The moment after the bar, as older versions say it: `usage limit reached|1790000000`.
fn until(says: &str) -> Option<Timestamp> {
    let (_, seconds) = says.split_once("limit reached|")?;
    let digits = seconds.find(|c: char| !c.is_ascii_digit()).unwrap_or(seconds.len());
    moment(seconds[..digits].parse().ok()?)
}

fn moment(seconds: u64) -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(seconds).ok().filter(|seconds| *seconds > 0)?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{a_job, all, brief, told};
    use super::*;

    fn heard(job: &Job<'_>, lines: &[Value]) -> String {
        let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
        brief(&all(&Claude, job, &lines.join("\n"), ""))
    }

    #[test]
    fn it_is_started_for_a_job() {
        let schema = json!({ "type": "object" });
        let program = ["claude".to_owned()];
        let job =
            Job { program: &program, model: Some("opus"), turns: Some(9), schema: Some(&schema), ..a_job() };
        insta::assert_snapshot!(Claude.command(&job).argv.join(" "), @r#"claude --print --output-format stream-json --verbose --setting-sources user --strict-mcp-config --permission-mode bypassPermissions --session-id 7e57 --max-turns 9 --json-schema {"type":"object"} --model opus"#);
        let resumed = Claude.command(&Job { session: Session::Resume("old"), ..a_job() });
        insta::assert_snapshot!(resumed.argv.join(" "), @"--print --output-format stream-json --verbose --setting-sources user --strict-mcp-config --permission-mode bypassPermissions --resume old");
        assert_eq!((resumed.stdin.as_str(), resumed.talks), (a_job().prompt, false));
    }

    #[test]
    fn recordings_are_understood() {
        insta::assert_snapshot!(told(&Claude, include_str!("samples/claude-done.jsonl"), ""), @r"
        session f89cc314-3fe1-4874-9538-7f387e02d02e
        progress
        used 1: 1200 + 300 -> 1, cost None
        progress
        began toolu_01STUB
        progress
        ended toolu_01STUB
        progress
        used 2: 2400 + 600 -> 2, cost None
        used 2: 2400 + 600 -> 84, cost Some(8640)
        answer Done: hello.txt was added.
        closed
        ");
        // The subtype says success.
        insta::assert_snapshot!(told(&Claude, include_str!("samples/claude-401.jsonl"), ""), @r"
        session c9ac442f-c29d-495d-a71c-82a67409ced0
        trouble Auth
        trouble Auth
        trouble Auth
        used 0: 0 + 0 -> 0, cost Some(0)
        gave up: Auth
        ");
        insta::assert_snapshot!(told(&Claude, include_str!("samples/claude-429.jsonl"), ""), @r"
        session e9f76829-4a09-42d2-9775-fc4b25c622cc
        trouble RateLimited
        trouble RateLimited
        trouble RateLimited
        used 0: 0 + 0 -> 0, cost Some(0)
        gave up: RateLimited
        ");
        insta::assert_snapshot!(told(&Claude, include_str!("samples/claude-max-turns.jsonl"), ""), @r"
        session 3187aacd-21e2-410e-8033-af1fb7de4a11
        progress
        used 1: 1200 + 300 -> 1, cost None
        progress
        began toolu_01STUB
        progress
        ended toolu_01STUB
        used 1: 1200 + 300 -> 42, cost Some(7200)
        gave up: TurnLimit
        ");
        insta::assert_snapshot!(told(&Claude, include_str!("samples/claude-denied.jsonl"), ""), @r"
        session eeb28bb7-b2b4-4416-8da2-76021713775f
        progress
        used 1: 1200 + 300 -> 1, cost None
        progress
        began toolu_01STUB
        progress
        ended toolu_01STUB
        progress
        used 2: 2400 + 600 -> 2, cost None
        used 2: 2400 + 600 -> 84, cost Some(14400)
        denied Bash
        answer Done: hello.txt was added.
        closed
        ");
        insta::assert_snapshot!(told(&Claude, include_str!("samples/claude-sigint.jsonl"), ""), @r#"
        session dda6743b-2eb4-4c9e-b336-c9e569dd51f1
        progress
        used 1: 1200 + 300 -> 1, cost None
        progress
        began toolu_01STUB
        progress
        ended toolu_01STUB
        used 1: 1200 + 300 -> 42, cost Some(7200)
        gave up: Other("[ede_diagnostic] result_type=user last_content_type=n/a stop_reason=tool_use")
        "#);
        // Killed before it said anything: nothing closes.
        insta::assert_snapshot!(told(&Claude, include_str!("samples/claude-sigterm.jsonl"), ""), @"session 9ec94a97-2779-44ea-9639-68da6f45040c");
    }

    #[test]
    fn a_typed_answer_may_be_missing() {
        let result = |more: Value| {
            let mut line =
                json!({ "type": "result", "subtype": "success", "is_error": false, "result": "text" });
            line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            heard(&a_job(), &[line])
        };
        insta::assert_snapshot!(result(json!({ "structured_output": { "ok": true } })), @r#"
        used 0: 0 + 0 -> 0, cost None
        answer text = {"ok":true}
        closed
        "#);
        insta::assert_snapshot!(result(json!({})), @r"
        used 0: 0 + 0 -> 0, cost None
        answer text
        closed
        ");
        let gave_up = json!({ "subtype": "error_max_structured_output_retries", "is_error": true });
        insta::assert_snapshot!(result(gave_up), @r"
        used 0: 0 + 0 -> 0, cost None
        answer text
        closed
        ");
        insta::assert_snapshot!(result(json!({ "stop_reason": "refusal" })), @r"
        used 0: 0 + 0 -> 0, cost None
        gave up: Refused
        ");
    }

    #[test]
    fn a_spent_quota_is_told_with_its_end() {
        let limit = |status: &str, more: Value| {
            let mut info = json!({ "status": status, "resetsAt": 1_790_000_000, "utilization": 0.925 });
            info.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!({ "type": "rate_limit_event", "rate_limit_info": info })
        };
        let refused = |says: &str| json!({ "type": "result", "subtype": "success", "is_error": true, "api_error_status": 429, "result": says });
        insta::assert_snapshot!(heard(&a_job(), &[
            limit("allowed_warning", json!({})),
            limit("rejected", json!({ "isUsingOverage": true })),
            limit("rejected", json!({})),
            refused("slow down"),
        ]), @r"
        quota 93% until 2026-09-21T14:13:20Z
        quota 93% until 2026-09-21T14:13:20Z
        quota 93% until 2026-09-21T14:13:20Z
        trouble Credit(Some(2026-09-21T14:13:20Z))
        used 0: 0 + 0 -> 0, cost None
        gave up: Credit(Some(2026-09-21T14:13:20Z))
        ");
        insta::assert_snapshot!(heard(&a_job(), &[refused("Claude AI usage limit reached|1790000000")]), @r"
        used 0: 0 + 0 -> 0, cost None
        gave up: Credit(Some(2026-09-21T14:13:20Z))
        ");
    }

    #[test]
    fn a_resumed_session_that_restores_its_totals_counts_what_this_process_used() {
        let lines = |version: &str| {
            let figures = json!({ "input_tokens": 10, "cache_read_input_tokens": 5, "output_tokens": 1 });
            [
                json!({ "type": "system", "subtype": "init", "session_id": "s", "claude_code_version": version }),
                json!({ "type": "assistant", "message": { "id": "m", "usage": figures } }),
                json!({
                    "type": "result", "subtype": "success", "total_cost_usd": 0.5, "result": "",
                    "usage": { "input_tokens": 10, "output_tokens": 20 },
                    "modelUsage": { "m": { "inputTokens": 900, "outputTokens": 80, "cacheReadInputTokens": 700 } },
                }),
            ]
        };
        let last = |job: &Job<'_>, version: &str| {
            heard(job, &lines(version)).lines().rfind(|line| line.starts_with("used")).unwrap().to_owned()
        };
        let resumed = Job { session: Session::Resume("s"), ..a_job() };
        assert_eq!(last(&resumed, "2.1.278"), "used 1: 10 + 5 -> 20, cost None");
        assert_eq!(last(&resumed, "2.1.197"), "used 1: 900 + 700 -> 80, cost Some(500000)");
        assert_eq!(last(&a_job(), "2.1.278"), "used 1: 900 + 700 -> 80, cost Some(500000)");
    }

    #[test]
    fn it_asks() {
        let input = json!({ "questions": [{ "question": "Which?" }] });
        let part = json!({ "type": "tool_use", "id": "t", "name": "AskUserQuestion", "input": input });
        let line = json!({ "type": "assistant", "message": { "id": "m", "content": [part] } });
        assert_eq!(heard(&a_job(), &[line]), "began t\nasked Which?");
    }
}
