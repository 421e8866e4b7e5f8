//! OpenCode, not interactive: steps of the session, each with its figures. A tool is told when it has ended only, so the
//! step that it runs in counts as the tool: a step begins when the model starts to answer. Its log says what else there is to
//! know: the session before the model has said a word, each call of the model, and the requests that fail and are tried again
//! for ever.
//!
//! What a step used is told once its tools have ended, and stands nowhere before: not in its database either, whose message
//! and events have zeros until then. So of one that is killed while a tool runs, the call that asked for the tool is counted,
//! its tokens are not, and there are no books to find them in.

use serde_json::{Value, json};

use crate::model::{Usage, UsageOf};

use super::json::{count, dollars, parse, text, tokens};
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
        let mut arguments = vec!["run", "--format", "json", "--pure", "--print-logs", "--log-level", "INFO"];
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
    /// Whether the model was called, and whether it is, without an end so far.
    called: bool,
    calling: bool,
    /// The step in which the model is.
    step: String,
    /// Whether its answer broke off, so that it is called once more for the same step.
    broken: bool,
}

impl Listener for Heard {
    fn line(&mut self, stream: Stream, line: &[u8], out: &mut Vec<Event>) {
        match stream {
            Stream::Out => self.result(&parse(line), out),
            Stream::Err => self.log(&String::from_utf8_lossy(line), out),
        }
    }

    /// In a step without an end the model was called, whatever that used.
    fn ended(&mut self, out: &mut Vec<Event>) {
        if self.track.runs(&self.step) {
            out.push(Event::Used(self.used.plus(Usage { turns: 1, ..Usage::default() })));
        }
    }
}

/// What it says besides its log: a permission that nobody was there to give, or why it doesn't start.
fn warned(line: &str) -> Option<Event> {
    let Some((_, what)) = line.split_once("permission requested: ") else {
        // The first word has a colour.
        return line.ends_with("Session not found").then_some(Event::Trouble(Trouble::Lost));
    };
    Some(Event::Denied(what.split(';').next().unwrap_or_default().trim().to_owned()))
}

/// The value of a field in a line of its log.
fn field<'a>(line: &'a str, name: &str) -> &'a str {
    let value = line.split(' ').find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    value.unwrap_or_default()
}

impl Heard {
    /// Its log: its own fields stand before the message, which nobody else writes.
    fn log(&mut self, line: &str, out: &mut Vec<Event>) {
        let Some((_, line)) = line.split_once(" message=").filter(|_| line.starts_with("timestamp=")) else {
            return out.extend(warned(line));
        };
        if let Some(error) = line.strip_prefix(r#""stream error""#) {
            let says = error.split_once("error.error=").map_or(error, |(_, says)| says);
            self.calling = false;
            return out.push(Event::Trouble(Trouble::of_text(says.trim().trim_matches('"'))));
        }
        let session = field(line, "session.id");
        match line.split(' ').next().unwrap_or_default() {
            // Others are those of agents that it has itself.
            "loop" if !self.track.has_session() => self.track.session(session, out),
            "stream" if self.track.is_session(session) => self.calls(out),
            // A tool is about to run.
            "evaluated" if self.broken => self.track.began(&self.step, "step", out),
            // It makes itself ready, which takes half a minute where the machine is busy.
            _ if self.track.has_session() && !self.called => out.push(Event::Progress),
            _ => {}
        }
    }

    /// The model is called. Where it was and has not come to an end, its answer broke off, if there was any: it is tried again,
    /// which is no progress.
    fn calls(&mut self, out: &mut Vec<Event>) {
        if !std::mem::replace(&mut self.called, true) {
            out.push(Event::Progress);
        }
        if self.track.runs(&self.step) {
            self.broken = true;
            self.track.ended_all(out);
        }
        if std::mem::replace(&mut self.calling, true) {
            out.push(Event::Trouble(broke_off()));
        }
    }

    fn result(&mut self, line: &Value, out: &mut Vec<Event>) {
        self.track.session(text(line, "/sessionID"), out);
        let part = line.get("part").unwrap_or(&Value::Null);
        match text(line, "/type") {
            "step_start" => {
                self.answer.clear();
                self.called = true;
                let step = text(part, "/messageID");
                if self.step != step {
                    step.clone_into(&mut self.step);
                    self.broken = false;
                }
                if !self.broken {
                    self.track.began(step, "step", out);
                }
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
        self.calling = false;
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
            "error" => out.push(Event::Trouble(broke_off())),
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
            .map(|name| tokens(part, &format!("/tokens{name}")));
    Usage {
        turns: 0,
        input: input.saturating_add(written),
        cached,
        output: output.saturating_add(thought),
        cost: dollars(part, "/cost").filter(|cost| *cost > 0),
    }
}

fn broke_off() -> Trouble {
    Trouble::Other("the model's answer broke off".to_owned())
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
    use super::super::testing::{a_job, all, brief, in_chunks, told};
    use super::*;

    #[test]
    fn it_is_started_for_a_job() {
        let program = ["opencode".to_owned()];
        let line = OpenCode.command(&Job { program: &program, model: Some("a/b"), ..a_job() });
        insta::assert_snapshot!(line.argv.join(" "), @"opencode run --format json --pure --print-logs --log-level INFO --title task --model a/b");
        insta::assert_snapshot!(line.vars[0].1, @r#"{"autoupdate":false,"share":"disabled","permission":{"*":"allow","question":"deny"},"instructions":["/w/AGENTS.md"]}"#);
        let resumed = OpenCode.command(&Job { session: Session::Resume("old"), ..a_job() });
        insta::assert_snapshot!(resumed.argv.join(" "), @"run --format json --pure --print-logs --log-level INFO --session old");
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

    /// What its log says between two lines of its output.
    #[test]
    fn an_answer_that_breaks_off_for_ever_is_no_progress() {
        let log = |says: &str| {
            (Stream::Err, format!("timestamp=2026-11-27T10:46:08.210Z level=INFO run=1 message={says}\n"))
        };
        let call = || log("stream providerID=p modelID=m session.id=s small=false agent=build mode=primary");
        let out = |kind: &str, part: Value| {
            (Stream::Out, json!({ "type": kind, "sessionID": "s", "part": part }).to_string() + "\n")
        };
        let begins = |step: &str| out("step_start", json!({ "messageID": step }));
        let ends = |step: &str| {
            let figures = json!({ "input": 10, "output": 5 });
            out("step_finish", json!({ "messageID": step, "reason": "tool-calls", "tokens": figures }))
        };
        let heard = |lines: &[(Stream, String)]| brief(&in_chunks(&OpenCode, &a_job(), lines, usize::MAX));
        let loops = || log("loop session.id=s step=0");
        let broke_off = "trouble Other(\"the model's answer broke off\")";
        let nothing = format!("session s\nprogress\n{broke_off}\n{broke_off}");
        assert_eq!(heard(&[loops(), call(), call(), call()]), nothing, "before it says anything");
        let ready = || log("\"watcher backend\" directory=/w platform=linux backend=inotify");
        let readies = heard(&[ready(), loops(), ready(), call(), ready()]);
        assert_eq!(readies, "session s\nprogress\nprogress", "it makes itself ready until it calls");
        let fails = || log(r#""stream error" session.id=s error.error="503 Service Unavailable""#);
        let known = "session s\nprogress\ntrouble Overloaded\ntrouble Overloaded";
        assert_eq!(heard(&[loops(), call(), fails(), call(), fails(), call()]), known, "why is known");
        insta::assert_snapshot!(heard(&[loops(), call(), begins("m"), call(), begins("m"), call(), begins("m")]), @r#"
        session s
        progress
        began m
        ended m
        trouble Other("the model's answer broke off")
        trouble Other("the model's answer broke off")
        "#);
        // One that is heard in the end, and has a tool run.
        let tool = || log(r#"evaluated permission=bash pattern="sleep 600" action.action=allow"#);
        insta::assert_snapshot!(heard(&[loops(), call(), begins("m"), call(), begins("m"), tool(), tool(), ends("m"), begins("n"), ends("n")]), @r#"
        session s
        progress
        began m
        ended m
        trouble Other("the model's answer broke off")
        began m
        ended m
        progress
        used 1: 10 + 0 -> 5, cost None
        began n
        ended n
        progress
        used 2: 20 + 0 -> 10, cost None
        "#);
        // Its own agents have sessions of theirs, and a command may hold any words.
        let other = log("stream providerID=p session.id=t small=false");
        let words = log(r#"evaluated permission=bash pattern="echo message=stream session.id=s""#);
        assert_eq!(
            heard(&[loops(), begins("m"), log("loop session.id=t step=0"), other, words]),
            "session s\nbegan m\nused 1: 0 + 0 -> 0, cost None"
        );
        let lost = (Stream::Err, "\u{1b}[91m\u{1b}[1mError: \u{1b}[0mSession not found\n".to_owned());
        assert_eq!(heard(&[lost]), "trouble Lost");
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
