//! Gemini CLI, headless with a stream of JSON lines.

use serde_json::{Value, json};

use crate::model::{Usage, UsageOf};

use super::{
    Agent, CommandLine, Event, Job, Listener, Session, Stream, Trouble, number, object, text, warned_of,
};

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
        Some(([0, 60, 0], [0, 70, 0]))
    }

    fn command(&self, job: &Job<'_>) -> CommandLine {
        let mut argv = job.program.to_vec();
        for arg in ["--output-format", "stream-json", "--approval-mode", "yolo"] {
            argv.push(arg.to_owned());
        }
        let (name, id) = match job.session {
            Session::New(id) => ("--session-id", id),
            Session::Resume(id) => ("--resume", id),
        };
        argv.extend([name.to_owned(), id.to_owned()]);
        if let Some(model) = job.model {
            argv.extend(["--model".to_owned(), model.to_owned()]);
        }
        let settings = json!({
            "security": { "auth": { "selectedType": "gemini-api-key" } },
            "general": { "disableAutoUpdate": true, "disableUpdateNag": true },
            "privacy": { "usageStatisticsEnabled": false },
        });
        CommandLine {
            argv,
            // It asks whether a folder is trusted, and nobody is there to answer.
            vars: vec![("GEMINI_CLI_TRUST_WORKSPACE".to_owned(), "true".to_owned())],
            files: vec![(".gemini/settings.json".to_owned(), settings.to_string())],
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
    said: String,
    spoke: bool,
}

impl Listener for Lines {
    fn line(&mut self, stream: Stream, line: &[u8], out: &mut Vec<Event>) {
        // Only here it says that it tries again, which it does for ever.
        if stream == Stream::Err {
            out.extend(warned_of(line).map(Event::Trouble));
            return;
        }
        let Some(line) = object(line) else { return };
        let spoke = std::mem::take(&mut self.spoke);
        match text(&line, "/type") {
            "init" => out.push(Event::Session(text(&line, "/session_id").to_owned())),
            "message" if text(&line, "/role") == "assistant" => {
                if !spoke {
                    self.said.clear();
                }
                self.spoke = true;
                self.said.push_str(text(&line, "/content"));
                out.push(Event::Progress);
            }
            "tool_use" => {
                out.push(Event::ToolBegan(text(&line, "/tool_id").to_owned()));
                if text(&line, "/tool_name") == "ask_user" {
                    out.push(Event::Asked(line["parameters"].to_string()));
                }
            }
            "tool_result" => out.push(Event::ToolEnded(text(&line, "/tool_id").to_owned())),
            "error" => out.push(Event::Trouble(Trouble::of_text(text(&line, "/message")))),
            "result" => {
                out.push(Event::Used(used(&line["stats"])));
                if text(&line, "/status") == "success" {
                    let text = std::mem::take(&mut self.said);
                    out.extend([Event::Answer { text, typed: None }, Event::Closed]);
                } else {
                    out.push(Event::Trouble(Trouble::of_text(text(&line, "/error/message"))));
                }
            }
            _ => {}
        }
    }
}

fn used(stats: &Value) -> Usage {
    let models = stats["models"].as_object().into_iter().flat_map(serde_json::Map::values);
    let all = models.fold(Usage::default(), |all, model| {
        let cached = number(model, "/cached");
        let input = number(model, "/input_tokens").saturating_sub(cached);
        all.plus(Usage { turns: 0, input, cached, output: number(model, "/output_tokens"), cost: None })
    });
    let turns = u32::try_from(number(stats, "/tool_calls")).unwrap_or(u32::MAX).saturating_add(1);
    Usage { turns, ..all }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{hear, job};
    use super::*;

    #[test]
    fn it_is_started_with_settings_of_its_own() {
        let line = Gemini.command(&job(Session::Resume("id"), None));
        assert_eq!(
            line.argv.join(" "),
            "--output-format stream-json --approval-mode yolo --resume id --model m"
        );
        assert_eq!(line.files[0].0, ".gemini/settings.json");
    }

    #[test]
    fn its_figures_are_summed_over_models() {
        let events = hear(&Gemini, Stream::Out, include_str!("samples/gemini-done.jsonl"));
        let used = Usage { turns: 2, input: 200, cached: 0, output: 10, cost: None };
        assert!(events.contains(&Event::Used(used)), "{events:?}");
    }

    #[test]
    fn that_it_tries_again_is_said_aside() {
        let says = "Attempt 3 failed with status 429. Retrying with backoff...";
        assert_eq!(hear(&Gemini, Stream::Err, says), [Event::Trouble(Trouble::RateLimited)]);
        assert_eq!(hear(&Gemini, Stream::Err, "Loaded cached credentials."), []);
        let failed =
            "{\"type\":\"result\",\"status\":\"error\",\"error\":{\"message\":\"status 401\"},\"stats\":{}}";
        let events = hear(&Gemini, Stream::Out, failed);
        assert_eq!(events.last(), Some(&Event::Trouble(Trouble::Auth)), "{events:?}");
    }
}
