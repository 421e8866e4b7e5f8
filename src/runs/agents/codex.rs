//! Codex, by `exec` with JSON lines.

use serde_json::Value;

use crate::model::{Usage, UsageOf};

use super::{
    Agent, CommandLine, Event, Job, Listener, Session, Stream, Trouble, number, object, text, warned_of,
};

/// The agent.
pub(super) struct Codex;

/// Where the schema of an answer lies, below its home.
const SCHEMA: &str = "answer-schema.json";

impl Agent for Codex {
    fn kind(&self) -> &'static str {
        "codex"
    }

    fn program(&self) -> Option<&'static str> {
        Some("codex")
    }

    fn usage_of(&self) -> UsageOf {
        UsageOf::Session
    }

    fn chooses_session(&self) -> bool {
        false
    }

    fn versions(&self) -> Option<([u64; 3], [u64; 3])> {
        Some(([0, 160, 0], [0, 200, 0]))
    }

    fn command(&self, job: &Job<'_>) -> CommandLine {
        let mut argv = job.program.to_vec();
        argv.push("exec".to_owned());
        if let Session::Resume(id) = job.session {
            argv.extend(["resume".to_owned(), id.to_owned()]);
        }
        // Its own sandbox keeps it from committing; the boundary is around it.
        for arg in [
            "--json",
            "--skip-git-repo-check",
            "--ignore-user-config",
            "--ignore-rules",
            "--strict-config",
            "-c",
            "sandbox_mode=\"danger-full-access\"",
            "-c",
            "approval_policy=\"never\"",
        ] {
            argv.push(arg.to_owned());
        }
        let mut files = Vec::new();
        if let Some(schema) = job.schema {
            files.push((SCHEMA.to_owned(), schema.to_string()));
            argv.extend(["--output-schema".to_owned(), job.home.join(SCHEMA).display().to_string()]);
        }
        if let Some(model) = job.model {
            argv.extend(["--model".to_owned(), model.to_owned()]);
        }
        argv.push("-".to_owned());
        let vars = vec![("CODEX_HOME".to_owned(), job.home.display().to_string())];
        CommandLine { argv, vars, files, stdin: job.prompt.to_owned(), ..CommandLine::default() }
    }

    fn listener(&self, _: &CommandLine) -> Box<dyn Listener> {
        Box::<Lines>::default()
    }
}

#[derive(Default)]
struct Lines {
    turns: u32,
}

impl Listener for Lines {
    fn line(&mut self, stream: Stream, line: &[u8], out: &mut Vec<Event>) {
        if stream == Stream::Err {
            out.extend(warned_of(line).map(Event::Trouble));
            return;
        }
        let Some(line) = object(line) else { return };
        match text(&line, "/type") {
            "thread.started" => out.push(Event::Session(text(&line, "/thread_id").to_owned())),
            "item.started" if is_tool(&line) => {
                out.push(Event::ToolBegan(text(&line, "/item/id").to_owned()));
            }
            "item.completed" if is_tool(&line) => {
                out.push(Event::ToolEnded(text(&line, "/item/id").to_owned()));
            }
            "item.completed" => match text(&line, "/item/type") {
                // A warning of its own; a real error has a line of its own.
                "error" => {}
                "agent_message" => {
                    let text = text(&line, "/item/text").to_owned();
                    out.extend([Event::Progress, Event::Answer { text, typed: None }]);
                }
                _ => out.push(Event::Progress),
            },
            "error" => out.push(Event::Trouble(Trouble::of_text(text(&line, "/message")))),
            "turn.failed" => out.push(Event::Trouble(Trouble::of_text(text(&line, "/error/message")))),
            "turn.completed" => {
                self.turns += 1;
                out.extend([Event::Used(used(&line["usage"], self.turns)), Event::Closed]);
            }
            _ => {}
        }
    }
}

fn is_tool(line: &Value) -> bool {
    matches!(text(line, "/item/type"), "command_execution" | "mcp_tool_call" | "web_search" | "file_change")
}

/// The figures of the whole thread. What was read from the cache is part of its input.
fn used(usage: &Value, turns: u32) -> Usage {
    let cached = number(usage, "/cached_input_tokens");
    Usage {
        turns,
        input: number(usage, "/input_tokens").saturating_sub(cached),
        cached,
        output: number(usage, "/output_tokens"),
        cost: None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{hear, job};
    use super::*;

    #[test]
    fn it_is_started_without_settings_and_goes_on_in_its_session() {
        let schema = json!({});
        let line = Codex.command(&job(Session::New("ignored"), Some(&schema)));
        let all = line.argv.join(" ");
        assert!(
            all.starts_with("exec --json ")
                && all.ends_with("--output-schema /h/answer-schema.json --model m -")
        );
        assert_eq!(line.files, [("answer-schema.json".to_owned(), "{}".to_owned())]);
        let again = Codex.command(&job(Session::Resume("id"), None)).argv.join(" ");
        assert!(again.starts_with("exec resume id --json "), "{again}");
    }

    #[test]
    fn what_was_cached_is_not_counted_twice() {
        let events = hear(&Codex, Stream::Out, include_str!("samples/codex-done.jsonl"));
        let used = Usage { turns: 1, input: 2400, cached: 600, output: 84, cost: None };
        assert!(events.contains(&Event::Used(used)), "{events:?}");
    }

    #[test]
    fn errors_are_troubles_and_no_progress() {
        for (recorded, trouble) in [
            (include_str!("samples/codex-401.jsonl"), Trouble::Auth),
            (include_str!("samples/codex-429.jsonl"), Trouble::RateLimited),
        ] {
            let events = hear(&Codex, Stream::Out, recorded);
            assert_eq!(events[1..], vec![Event::Trouble(trouble); 3], "{events:?}");
        }
    }
}
