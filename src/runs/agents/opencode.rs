//! opencode, by `run` with JSON lines.

use serde_json::json;

use crate::model::{Usage, UsageOf};

use super::{
    Agent, CommandLine, Event, Job, Listener, Session, Stream, Trouble, micros, number, object, text,
    warned_of,
};

/// The agent.
pub(super) struct OpenCode;

/// It says of a tool only that it has ended. A step, in which one may run, has a tool's time.
const STEP: &str = "step";

impl Agent for OpenCode {
    fn kind(&self) -> &'static str {
        "opencode"
    }

    fn program(&self) -> Option<&'static str> {
        Some("opencode")
    }

    fn usage_of(&self) -> UsageOf {
        UsageOf::Process
    }

    fn chooses_session(&self) -> bool {
        false
    }

    fn versions(&self) -> Option<([u64; 3], [u64; 3])> {
        Some(([1, 18, 0], [1, 20, 0]))
    }

    fn command(&self, job: &Job<'_>) -> CommandLine {
        let mut argv = job.program.to_vec();
        for arg in ["run", "--format", "json", "--pure", "--title", "task"] {
            argv.push(arg.to_owned());
        }
        if let Session::Resume(id) = job.session {
            argv.extend(["--session".to_owned(), id.to_owned()]);
        }
        if let Some(model) = job.model {
            argv.extend(["--model".to_owned(), model.to_owned()]);
        }
        // A permission that is asked for would hang: nobody is there to answer.
        let config = json!({ "permission": "allow", "autoupdate": false, "share": "disabled" });
        CommandLine {
            argv,
            vars: vec![("OPENCODE_CONFIG_CONTENT".to_owned(), config.to_string())],
            stdin: job.prompt.to_owned(),
            ..CommandLine::default()
        }
    }

    fn listener(&self, _: &CommandLine) -> Box<dyn Listener> {
        Box::<Lines>::default()
    }
}

#[derive(Default)]
struct Lines {
    began: bool,
    used: Usage,
}

impl Listener for Lines {
    fn line(&mut self, stream: Stream, line: &[u8], out: &mut Vec<Event>) {
        if stream == Stream::Err {
            out.extend(warned_of(line).map(Event::Trouble));
            return;
        }
        let Some(line) = object(line) else { return };
        let session = text(&line, "/sessionID");
        if !session.is_empty() && !std::mem::replace(&mut self.began, true) {
            out.push(Event::Session(session.to_owned()));
        }
        match text(&line, "/type") {
            "step_start" => out.push(Event::ToolBegan(STEP.to_owned())),
            "text" => {
                let text = text(&line, "/part/text").to_owned();
                out.extend([Event::Progress, Event::Answer { text, typed: None }]);
            }
            "tool_use" => {
                out.push(Event::Progress);
                if text(&line, "/part/tool") == "question" {
                    out.push(Event::Asked(line["part"]["state"]["input"].to_string()));
                }
            }
            "step_finish" => {
                self.used = self.used.plus(Usage {
                    turns: 1,
                    input: number(&line, "/part/tokens/input") + number(&line, "/part/tokens/cache/write"),
                    cached: number(&line, "/part/tokens/cache/read"),
                    output: number(&line, "/part/tokens/output") + number(&line, "/part/tokens/reasoning"),
                    // A price that it doesn't know is zero with it.
                    cost: micros(&line, "/part/cost").filter(|cost| *cost > 0),
                });
                out.extend([Event::ToolEnded(STEP.to_owned()), Event::Used(self.used)]);
                if text(&line, "/part/reason") == "stop" {
                    out.push(Event::Closed);
                }
            }
            "error" => {
                let says = text(&line, "/error/data/message");
                let trouble = match number(&line, "/error/data/statusCode") {
                    0 => Trouble::of_text(says),
                    status => Trouble::of_status(status, says),
                };
                out.push(Event::Trouble(trouble));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{hear, job};
    use super::*;

    #[test]
    fn it_is_started_so_that_it_asks_nobody() {
        let line = OpenCode.command(&job(Session::Resume("id"), None));
        assert_eq!(line.argv.join(" "), "run --format json --pure --title task --session id --model m");
        assert!(line.vars[0].1.contains("\"permission\":\"allow\""));
    }

    #[test]
    fn its_steps_are_summed_and_an_unknown_price_is_not_zero() {
        let events = hear(&OpenCode, Stream::Out, include_str!("samples/opencode-done.jsonl"));
        let used = Usage { turns: 2, input: 20, cached: 0, output: 10, cost: None };
        assert!(events.contains(&Event::Used(used)), "{events:?}");
    }

    #[test]
    fn an_error_has_a_status_or_words() {
        let line =
            |data: serde_json::Value| json!({ "type": "error", "error": { "data": data } }).to_string();
        let status = line(json!({ "message": "no", "statusCode": 401 }));
        assert_eq!(hear(&OpenCode, Stream::Out, &status), [Event::Trouble(Trouble::Auth)]);
        let words = line(json!({ "message": "Overloaded" }));
        assert_eq!(hear(&OpenCode, Stream::Out, &words), [Event::Trouble(Trouble::Overloaded)]);
    }
}
