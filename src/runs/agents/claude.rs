//! Claude Code, in print mode with a stream of JSON lines.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::model::{Usage, UsageOf};

use super::{
    Agent, CommandLine, Event, Job, Listener, Session, Stream, Trouble, micros, number, object, text,
    warned_of,
};

/// The agent.
pub(super) struct Claude;

/// The tool by which it asks a person.
const ASKS: &str = "AskUserQuestion";

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
        Some(([2, 1, 0], [2, 1, 277]))
    }

    fn command(&self, job: &Job<'_>) -> CommandLine {
        let mut argv = job.program.to_vec();
        // The settings of the repository are code, and so are the servers that it names.
        for arg in [
            "--print",
            "--output-format",
            "stream-json",
            "--verbose",
            "--setting-sources",
            "user",
            "--strict-mcp-config",
            "--permission-mode",
            "bypassPermissions",
        ] {
            argv.push(arg.to_owned());
        }
        let mut option = |name: &str, value: String| argv.extend([name.to_owned(), value]);
        match job.session {
            Session::New(id) => option("--session-id", id.to_owned()),
            Session::Resume(id) => option("--resume", id.to_owned()),
        }
        if let Some(model) = job.model {
            option("--model", model.to_owned());
        }
        if let Some(turns) = job.turns {
            option("--max-turns", turns.to_string());
        }
        if let Some(schema) = job.schema {
            option("--json-schema", schema.to_string());
        }
        let vars = [
            // It refuses to bypass permissions as root unless somebody vouches for a boundary around it.
            ("IS_SANDBOX", "1"),
            ("DISABLE_AUTOUPDATER", "1"),
            ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
        ];
        let vars = vars.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        CommandLine { argv, vars, stdin: job.prompt.to_owned(), ..CommandLine::default() }
    }

    fn listener(&self, _: &CommandLine) -> Box<dyn Listener> {
        Box::<Lines>::default()
    }
}

#[derive(Default)]
struct Lines {
    /// What each call of the model used, as far as it was said.
    calls: BTreeMap<String, Usage>,
}

impl Listener for Lines {
    fn line(&mut self, stream: Stream, line: &[u8], out: &mut Vec<Event>) {
        if stream == Stream::Err {
            out.extend(warned_of(line).map(Event::Trouble));
            return;
        }
        let Some(line) = object(line) else { return };
        match text(&line, "/type") {
            "system" if text(&line, "/subtype") == "init" => {
                out.push(Event::Session(text(&line, "/session_id").to_owned()));
            }
            "system" if text(&line, "/subtype") == "api_retry" => {
                let trouble = Trouble::of_status(number(&line, "/error_status"), text(&line, "/error"));
                out.push(Event::Trouble(trouble));
            }
            "assistant" => self.assistant(&line, out),
            "user" => {
                for part in parts(&line).filter(|part| text(part, "/type") == "tool_result") {
                    out.push(Event::ToolEnded(text(part, "/tool_use_id").to_owned()));
                }
            }
            "rate_limit_event" => rate_limit(&line, out),
            "result" => result(&line, out),
            _ => {}
        }
    }
}

impl Lines {
    fn assistant(&mut self, line: &Value, out: &mut Vec<Event>) {
        // What it makes up itself to tell of an error is no word of the model.
        if text(line, "/message/model") == "<synthetic>" {
            return;
        }
        for part in parts(line) {
            match text(part, "/type") {
                "tool_use" => {
                    out.push(Event::ToolBegan(text(part, "/id").to_owned()));
                    if text(part, "/name") == ASKS {
                        out.push(Event::Asked(part["input"].to_string()));
                    }
                }
                _ => out.push(Event::Progress),
            }
        }
        let usage = Usage {
            turns: 1,
            input: number(line, "/message/usage/input_tokens")
                + number(line, "/message/usage/cache_creation_input_tokens"),
            cached: number(line, "/message/usage/cache_read_input_tokens"),
            output: number(line, "/message/usage/output_tokens"),
            cost: None,
        };
        self.calls.insert(text(line, "/message/id").to_owned(), usage);
        out.push(Event::Used(self.calls.values().fold(Usage::default(), |all, call| all.plus(*call))));
    }
}

fn parts(line: &Value) -> impl Iterator<Item = &Value> {
    line.pointer("/message/content").and_then(Value::as_array).into_iter().flatten()
}

fn rate_limit(line: &Value, out: &mut Vec<Event>) {
    let info = &line["rate_limit_info"];
    if let Some(used) = info["utilization"].as_f64() {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is clamped")]
        out.push(Event::Quota((used * 100.0).clamp(0.0, 100.0) as u8));
    }
    if text(info, "/status") == "rejected" {
        let until = info["resetsAt"].as_i64().and_then(|at| Timestamp::from_second(at).ok());
        out.push(Event::Trouble(Trouble::Credit(until)));
    }
}

/// The last line: the figures of the whole process, and whether it ended well, which its subtype doesn't tell.
fn result(line: &Value, out: &mut Vec<Event>) {
    let models = line["modelUsage"].as_object().into_iter().flat_map(serde_json::Map::values);
    let used = models.fold(Usage::default(), |all, model| {
        all.plus(Usage {
            turns: 0,
            input: number(model, "/inputTokens") + number(model, "/cacheCreationInputTokens"),
            cached: number(model, "/cacheReadInputTokens"),
            output: number(model, "/outputTokens"),
            cost: None,
        })
    });
    let turns = u32::try_from(number(line, "/num_turns")).unwrap_or(u32::MAX);
    out.push(Event::Used(Usage { turns, cost: micros(line, "/total_cost_usd"), ..used }));
    for denied in line["permission_denials"].as_array().into_iter().flatten() {
        out.push(Event::Denied(text(denied, "/tool_name").to_owned()));
    }
    let says = match text(line, "/result") {
        "" => line["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join("; "),
        says => says.to_owned(),
    };
    if line["is_error"] == Value::Bool(true) {
        let trouble = match (text(line, "/subtype"), line["api_error_status"].as_u64()) {
            ("error_max_turns", _) => Trouble::TurnLimit,
            (_, Some(status)) => Trouble::of_status(status, &says),
            (subtype, None) if says.is_empty() => Trouble::Other(subtype.to_owned()),
            (_, None) => Trouble::of_text(&says),
        };
        out.push(Event::Trouble(trouble));
        return;
    }
    let typed = line.get("structured_output").filter(|typed| !typed.is_null()).cloned();
    out.push(Event::Answer { text: says, typed });
    if text(line, "/stop_reason") == "refusal" {
        out.push(Event::Trouble(Trouble::Refused));
    }
    out.push(Event::Closed);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{hear, job};
    use super::*;

    fn last_used(events: &[Event]) -> Option<Usage> {
        events.iter().rev().find_map(|event| if let Event::Used(used) = event { Some(*used) } else { None })
    }

    #[test]
    fn it_is_started_without_what_the_repository_brings_along() {
        let schema = json!({ "type": "object" });
        let line = Claude.command(&job(Session::New("id"), Some(&schema)));
        let all = line.argv.join(" ");
        for expect in [
            "--setting-sources user --strict-mcp-config",
            "--session-id id --model m --max-turns 7 --json-schema {\"type\":\"object\"}",
        ] {
            assert!(all.contains(expect), "{all}");
        }
        let again = Claude.command(&job(Session::Resume("id"), None)).argv.join(" ");
        assert!(again.contains("--resume id") && !again.contains("--session-id"), "{again}");
    }

    #[test]
    fn figures_and_troubles_are_those_of_its_last_line() {
        let used =
            |turns, input, cached, output, cost| Usage { turns, input, cached, output, cost: Some(cost) };
        for (recorded, figures, end) in [
            (include_str!("samples/claude-done.jsonl"), used(2, 2400, 600, 84, 8640), Event::Closed),
            (include_str!("samples/claude-denied.jsonl"), used(2, 2400, 600, 84, 14400), Event::Closed),
            (include_str!("samples/claude-401.jsonl"), used(1, 0, 0, 0, 0), Event::Trouble(Trouble::Auth)),
            (
                include_str!("samples/claude-429.jsonl"),
                used(1, 0, 0, 0, 0),
                Event::Trouble(Trouble::RateLimited),
            ),
            (
                include_str!("samples/claude-turns.jsonl"),
                used(2, 1200, 300, 42, 7200),
                Event::Trouble(Trouble::TurnLimit),
            ),
        ] {
            let events = hear(&Claude, Stream::Out, recorded);
            assert_eq!((last_used(&events), events.last()), (Some(figures), Some(&end)), "{events:?}");
        }
    }

    #[test]
    fn an_error_that_it_words_itself_is_no_progress() {
        let events = hear(&Claude, Stream::Out, include_str!("samples/claude-401.jsonl"));
        assert!(!events.contains(&Event::Progress), "{events:?}");
        let denied = hear(&Claude, Stream::Out, include_str!("samples/claude-denied.jsonl"));
        assert!(denied.contains(&Event::Denied("Bash".into())), "{denied:?}");
        let killed = hear(&Claude, Stream::Out, include_str!("samples/claude-killed.jsonl"));
        assert!(!killed.contains(&Event::Closed), "{killed:?}");
    }

    #[test]
    fn a_spent_quota_says_until_when() {
        let line = json!({
            "type": "rate_limit_event",
            "rate_limit_info": { "status": "rejected", "resetsAt": 60, "utilization": 1.0 },
        });
        let until = Timestamp::from_second(60).ok();
        let expect = [Event::Quota(100), Event::Trouble(Trouble::Credit(until))];
        assert_eq!(hear(&Claude, Stream::Out, &line.to_string()), expect);
    }

    #[test]
    fn while_it_works_each_call_counts_once() {
        let call = |id: &str, output: u64| {
            json!({ "type": "assistant", "message": { "id": id, "model": "m", "content": [],
                "usage": { "input_tokens": 10, "cache_creation_input_tokens": 5, "cache_read_input_tokens": 3, "output_tokens": output } } })
            .to_string()
        };
        let events = hear(&Claude, Stream::Out, &[call("a", 1), call("a", 4), call("b", 2)].join("\n"));
        let expect = Usage { turns: 2, input: 30, cached: 6, output: 6, cost: None };
        assert_eq!(last_used(&events), Some(expect), "{events:?}");
    }
}
