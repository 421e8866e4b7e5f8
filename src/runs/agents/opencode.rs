//! OpenCode, not interactive: steps of the session, each with its figures. A tool is told when it has ended only, so the
//! step that it runs in counts as the tool: a step begins when the model starts to answer. Requests that fail are tried
//! again for ever, which only its log says.

use serde_json::{Value, json};

use crate::model::{Usage, UsageOf};

use super::json::{count, dollars, parse, text};
use super::question::asked;
use super::track::Track;
use super::{Agent, CommandLine, Event, Job, Listener, Session, Stream, Trouble};

/// The agent.
pub(super) struct OpenCode;

/// Its packages for plugins look as if they were installed. It runs no plugin, and would fetch 90 MB of them from the
/// registry into each new home.
const UNPACKED: [(&str, &str); 2] = [
    (
        ".config/opencode/package-lock.json",
        r#"{"packages":{"":{"dependencies":{"@opencode-ai/plugin":"*"}}}}"#,
    ),
    (".config/opencode/node_modules/.package-lock.json", "{}"),
];

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
        Some(([1, 18, 0], [2, 0, 0]))
    }

    /// It loads plugins from there in spite of `--pure` and of having no settings of the project.
    fn runs_of_repository(&self) -> &'static [&'static str] {
        &[".opencode/**", "opencode.json", "opencode.jsonc"]
    }

    fn command(&self, job: &Job<'_>) -> CommandLine {
        let mut arguments = vec!["run", "--format", "json", "--pure", "--print-logs", "--log-level", "ERROR"];
        arguments.extend(match job.session {
            Session::New(_) => ["--title", "task"],
            Session::Resume(id) => ["--session", id],
        });
        let vars = [
            ("OPENCODE_CONFIG_CONTENT", settings(job).to_string()),
            ("OPENCODE_DISABLE_AUTOUPDATE", "1".to_owned()),
            ("OPENCODE_DISABLE_PROJECT_CONFIG", "1".to_owned()),
        ];
        CommandLine {
            argv: job.argv(&arguments),
            vars: vars.map(|(name, value)| (name.to_owned(), value)).into(),
            stdin: job.prompt.to_owned(),
            files: UNPACKED.map(|(path, text)| (path.to_owned(), text.to_owned())).into(),
            ..CommandLine::default()
        }
    }

    fn listener(&self, _: &Job<'_>) -> Box<dyn Listener> {
        Box::new(Heard::default())
    }
}

/// Nothing is left to be asked, which would never be answered, and the model is given no tool to ask with. Without the repository's settings its `AGENTS.md` has to
/// be named.
fn settings(job: &Job<'_>) -> Value {
    json!({
        "autoupdate": false,
        "share": "disabled",
        "permission": { "*": "allow", "question": "deny" },
        "instructions": [job.workspace.join("AGENTS.md").display().to_string()],
    })
}

#[derive(Default)]
struct Heard {
    track: Track,
    used: Usage,
    /// What the model said in this step.
    answer: String,
    /// What it asked, and did nothing since: the step that follows is none.
    asked: Option<Event>,
}

impl Listener for Heard {
    fn line(&mut self, stream: Stream, line: &[u8], out: &mut Vec<Event>) {
        match stream {
            Stream::Out => self.result(&parse(line), out),
            Stream::Err => out.extend(warned(&String::from_utf8_lossy(line))),
        }
    }
}

/// What its log says: a request that failed, or a permission that nobody was there to give.
fn warned(line: &str) -> Option<Event> {
    if let Some((_, error)) = line.split_once(r#"message="stream error""#) {
        let says = error.split_once("error.error=").map_or(error, |(_, says)| says);
        return Some(Event::Trouble(Trouble::of_text(says.trim().trim_matches('"'))));
    }
    let (_, what) = line.split_once("permission requested: ")?;
    Some(Event::Denied(what.split(';').next().unwrap_or_default().trim().to_owned()))
}

impl Heard {
    fn result(&mut self, line: &Value, out: &mut Vec<Event>) {
        self.track.session(text(line, "/sessionID"), out);
        let part = line.get("part").unwrap_or(&Value::Null);
        match text(line, "/type") {
            "step_start" => {
                self.answer.clear();
                self.track.began(text(part, "/messageID"), "step", out);
            }
            "tool_use" => self.tool(part, out),
            "text" => {
                out.push(Event::Progress);
                self.answer.push_str(text(part, "/text"));
            }
            "reasoning" => out.push(Event::Progress),
            "step_finish" => self.step(part, out),
            "error" => {
                self.track.ended_all(out);
                out.push(Event::Trouble(trouble(line.get("error").unwrap_or(&Value::Null))));
            }
            _ => {}
        }
    }

    fn tool(&mut self, part: &Value, out: &mut Vec<Event>) {
        out.push(Event::Progress);
        let input = part.pointer("/state/input").unwrap_or(&Value::Null);
        // One that it doesn't have stands in the input of another one.
        let name = match text(part, "/tool") {
            "invalid" => text(input, "/tool"),
            name => name,
        };
        self.asked = asked(name, input);
        out.extend(self.asked.clone());
        let error = text(part, "/state/error");
        if error.contains("rejected permission") || error.contains("prevents you from using") {
            out.push(Event::Denied(name.to_owned()));
        }
    }

    /// A step has ended. One that used no tokens is no progress and no call.
    fn step(&mut self, part: &Value, out: &mut Vec<Event>) {
        self.track.ended(text(part, "/messageID"), out);
        let step = usage(part);
        if step.tokens() > 0 {
            self.used = self.used.plus(Usage { turns: 1, ..step });
            out.extend([Event::Progress, Event::Used(self.used)]);
        }
        match text(part, "/reason") {
            // The next step gives the results of the tools to the model.
            "tool-calls" | "unknown" | "" => {}
            "length" => out.push(Event::Trouble(Trouble::TurnLimit)),
            "content-filter" => out.push(Event::Trouble(Trouble::Refused)),
            "error" => out.push(Event::Trouble(Trouble::Other("the model's answer broke off".to_owned()))),
            _ => {
                out.extend(self.asked.take());
                let text = std::mem::take(&mut self.answer);
                out.extend([Event::Answer { text, typed: None }, Event::Closed]);
            }
        }
    }
}

/// The figures of a step. A cost of nothing is that of a model whose price isn't known.
fn usage(part: &Value) -> Usage {
    let [input, written, cached, output, thought] =
        ["/input", "/cache/write", "/cache/read", "/output", "/reasoning"]
            .map(|name| count(part, &format!("/tokens{name}")));
    Usage {
        turns: 0,
        input: input.saturating_add(written),
        cached,
        output: output.saturating_add(thought),
        cost: dollars(part, "/cost").filter(|cost| *cost > 0),
    }
}

fn trouble(error: &Value) -> Trouble {
    let says = match text(error, "/data/message") {
        "" => text(error, "/name"),
        message => message,
    };
    match (text(error, "/name"), count(error, "/data/statusCode")) {
        ("ProviderAuthError", _) => Trouble::Auth,
        ("MessageOutputLengthError", _) => Trouble::TurnLimit,
        (_, 0) => Trouble::of_text(says),
        (_, status) => Trouble::of_status(status, says),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{a_job, all, brief, told};
    use super::*;

    #[test]
    fn it_is_started_for_a_job() {
        let program = ["opencode".to_owned()];
        let line = OpenCode.command(&Job { program: &program, model: Some("a/b"), ..a_job() });
        insta::assert_snapshot!(line.argv.join(" "), @"opencode run --format json --pure --print-logs --log-level ERROR --title task --model a/b");
        insta::assert_snapshot!(line.vars[0].1, @r#"{"autoupdate":false,"share":"disabled","permission":{"*":"allow","question":"deny"},"instructions":["/w/AGENTS.md"]}"#);
        let resumed = OpenCode.command(&Job { session: Session::Resume("old"), ..a_job() });
        insta::assert_snapshot!(resumed.argv.join(" "), @"run --format json --pure --print-logs --log-level ERROR --session old");
        assert_eq!(resumed.stdin, a_job().prompt);
    }

    #[test]
    fn recordings_are_understood() {
        insta::assert_snapshot!(told(&OpenCode, include_str!("samples/opencode-done.jsonl"), ""), @r"
        session ses_e046043efffefLc5fwvLh21EMX
        began msg_1fb9fc005001jdPV2KjmPogQYj
        progress
        ended msg_1fb9fc005001jdPV2KjmPogQYj
        progress
        used 1: 10 + 0 -> 5, cost None
        began msg_1fb9fc405001lvqYhFVmDMkR42
        progress
        ended msg_1fb9fc405001lvqYhFVmDMkR42
        progress
        used 2: 20 + 0 -> 10, cost None
        answer Done: hello.txt was added.
        closed
        ");
        insta::assert_snapshot!(told(&OpenCode, include_str!("samples/opencode-401.jsonl"), ""), @r"
        session ses_de5dc36fcffesfLXDdX2MWTVPU
        trouble Auth
        ");
        insta::assert_snapshot!(told(&OpenCode, "", include_str!("samples/opencode-503.stderr")), @r#"
        trouble Other("AI_APICallError: bad key")
        trouble Other("AI_APICallError: bad key")
        trouble Other("AI_APICallError: bad key")
        "#);
    }

    #[test]
    fn what_recordings_lack_is_understood() {
        let line =
            |kind: &str, part: Value| json!({ "type": kind, "sessionID": "s", "part": part }).to_string();
        let denied = "The user rejected permission to use this specific tool call.";
        let figures = json!({ "input": 10, "output": 5, "reasoning": 2, "cache": { "write": 3, "read": 4 } });
        let lines = [
            line("step_start", json!({ "messageID": "m" })),
            line(
                "tool_use",
                json!({ "tool": "question", "state": { "input": { "questions": [{ "question": "Which?" }] } } }),
            ),
            line("tool_use", json!({ "tool": "bash", "state": { "status": "error", "error": denied } })),
            line(
                "step_finish",
                json!({ "messageID": "m", "reason": "tool-calls", "tokens": figures, "cost": 0.25 }),
            ),
            line("step_start", json!({ "messageID": "n" })),
            line("step_finish", json!({ "messageID": "n", "reason": "tool-calls", "tokens": {} })),
            line("step_finish", json!({ "messageID": "o", "reason": "length" })),
            line("step_finish", json!({ "messageID": "o", "reason": "content-filter" })),
        ];
        let warning = "! permission requested: bash (git push); auto-rejecting\n";
        insta::assert_snapshot!(brief(&all(&OpenCode, &a_job(), &lines.join("\n"), warning)), @r"
        denied bash (git push)
        session s
        began m
        progress
        asked Which?
        progress
        denied bash
        ended m
        progress
        used 1: 13 + 4 -> 7, cost Some(250000)
        began n
        ended n
        trouble TurnLimit
        trouble Refused
        ");
    }
}
