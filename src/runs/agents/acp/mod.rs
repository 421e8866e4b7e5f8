//! Any agent of the Agent Client Protocol: JSON-RPC over its input and output, one message on a line. The conversation is
//! `initialize`, a session that is new or loaded, the model where one is named, and one prompt; it ends with the answer
//! to that.

use serde_json::{Value, json};

use crate::model::{Usage, UsageOf};

use super::json::{count, dollars, list, parse, text, tokens};
use super::question::asked;
use super::track::Track;
use super::{Agent, CommandLine, Event, Job, Listener, Session, Stream, Trouble};

/// The agent.
pub(super) struct Acp;

impl Agent for Acp {
    fn kind(&self) -> &'static str {
        "acp"
    }

    fn program(&self) -> Option<&'static str> {
        None
    }

    fn usage_of(&self) -> UsageOf {
        UsageOf::Process
    }

    fn chooses_session(&self) -> bool {
        false
    }

    fn versions(&self) -> Option<([u64; 3], [u64; 3])> {
        None
    }

    fn command(&self, job: &Job<'_>) -> CommandLine {
        let initialize = json!({
            "protocolVersion": 1,
            "clientCapabilities": { "fs": { "readTextFile": false, "writeTextFile": false }, "terminal": false },
            "clientInfo": { "name": "factory", "version": env!("CARGO_PKG_VERSION") },
        });
        let first = request(FIRST, "initialize", &initialize);
        CommandLine {
            argv: job.program.to_vec(),
            stdin: format!("{first}\n"),
            talks: true,
            ..CommandLine::default()
        }
    }

    fn listener(&self, job: &Job<'_>) -> Box<dyn Listener> {
        let resumes = match job.session {
            Session::New(_) => None,
            Session::Resume(id) => Some(id.to_owned()),
        };
        Box::new(Talk {
            stage: Stage::Initialize,
            id: FIRST,
            prompt: job.prompt.to_owned(),
            model: job.model.map(str::to_owned),
            folder: job.workspace.display().to_string(),
            // What a session cost before is told when it is loaded.
            before: resumes.is_none().then_some(0),
            resumes,
            session: String::new(),
            track: Track::default(),
            used: Usage::default(),
            answer: String::new(),
        })
    }
}

/// The id of the first request.
const FIRST: u64 = 1;

/// Which request waits for its answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Initialize,
    Session,
    Model,
    Prompt,
    Over,
}

fn request(id: u64, method: &str, params: &Value) -> String {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string()
}

struct Talk {
    stage: Stage,
    /// The id of that request.
    id: u64,
    prompt: String,
    model: Option<String>,
    folder: String,
    resumes: Option<String>,
    session: String,
    track: Track,
    used: Usage,
    /// What the session cost before the prompt, in millionths of a dollar.
    before: Option<u64>,
    /// What the model said since it last used a tool.
    answer: String,
}

impl Listener for Talk {
    fn line(&mut self, stream: Stream, line: &[u8], out: &mut Vec<Event>) {
        if stream == Stream::Err {
            out.extend(warned(&String::from_utf8_lossy(line)).map(Event::Trouble));
            return;
        }
        if self.stage == Stage::Over {
            return;
        }
        let line = parse(line);
        match (line.get("id"), text(&line, "/method")) {
            (None, "session/update") => self.update(&line, out),
            (None, _) => {}
            (Some(id), "") if id.as_u64() == Some(self.id) => self.reply(&line, out),
            (Some(_), "") => {}
            (Some(id), method) => requested(id, method, line.get("params").unwrap_or(&Value::Null), out),
        }
    }
}

/// What a warning says of a failed request to the model.
fn warned(line: &str) -> Option<Trouble> {
    let lower = line.to_lowercase();
    let fails = ["error", "failed", "status"].iter().any(|word| lower.contains(word));
    fails.then(|| Trouble::known(line)).flatten()
}

impl Talk {
    /// An answer to what was asked last.
    fn reply(&mut self, line: &Value, out: &mut Vec<Event>) {
        if let Some(error) = line.get("error") {
            return self.fail(failure(error), out);
        }
        let result = line.get("result").unwrap_or(&Value::Null);
        match self.stage {
            Stage::Initialize => self.open(result, out),
            Stage::Session => self.opened(result, out),
            Stage::Model => self.ask(out),
            Stage::Prompt => self.end(result, out),
            Stage::Over => {}
        }
    }

    fn say(&mut self, stage: Stage, method: &str, params: &Value, out: &mut Vec<Event>) {
        self.stage = stage;
        self.id += 1;
        out.push(Event::Reply(request(self.id, method, params)));
    }

    fn fail(&mut self, trouble: Trouble, out: &mut Vec<Event>) {
        self.stage = Stage::Over;
        self.track.ended_all(out);
        out.extend([Event::Trouble(trouble), Event::HangUp]);
    }

    fn open(&mut self, result: &Value, out: &mut Vec<Event>) {
        let loads =
            result.pointer("/agentCapabilities/loadSession").and_then(Value::as_bool).unwrap_or(false);
        let version = count(result, "/protocolVersion");
        if version != 1 {
            return self.fail(Trouble::Other(format!("it speaks version {version} of the protocol")), out);
        }
        let mut params = json!({ "cwd": self.folder, "mcpServers": [] });
        match &self.resumes {
            None => self.say(Stage::Session, "session/new", &params, out),
            Some(id) if loads => {
                params["sessionId"] = json!(id);
                self.say(Stage::Session, "session/load", &params, out);
            }
            Some(_) => self.fail(Trouble::Other("it can't go on with a session".to_owned()), out),
        }
    }

    fn opened(&mut self, result: &Value, out: &mut Vec<Event>) {
        let id = self.resumes.as_deref().unwrap_or(text(result, "/sessionId"));
        id.clone_into(&mut self.session);
        self.track.session(&self.session, out);
        let Some(model) = self.model.clone() else { return self.ask(out) };
        match choice(result, &self.session, &model) {
            Choice::Made => self.ask(out),
            Choice::Open(method, params) => self.say(Stage::Model, method, &params, out),
            Choice::None => self.fail(Trouble::Other("it offers no choice of the model".to_owned()), out),
        }
    }

    fn ask(&mut self, out: &mut Vec<Event>) {
        let params =
            json!({ "sessionId": self.session, "prompt": [{ "type": "text", "text": self.prompt }] });
        self.say(Stage::Prompt, "session/prompt", &params, out);
    }

    /// What happens in the session. Before the prompt that is its past, retold.
    fn update(&mut self, line: &Value, out: &mut Vec<Event>) {
        let update = line.pointer("/params/update").unwrap_or(&Value::Null);
        let kind = text(update, "/sessionUpdate");
        if kind == "usage_update" {
            self.cost(update, out);
        } else if self.stage == Stage::Prompt {
            self.happened(kind, update, out);
        }
    }

    fn happened(&mut self, kind: &str, update: &Value, out: &mut Vec<Event>) {
        match kind {
            "agent_message_chunk" | "agent_thought_chunk" => {
                let says = text(update, "/content/text");
                if !says.is_empty() {
                    self.spoke(out);
                }
                if kind == "agent_message_chunk" {
                    self.answer.push_str(says);
                }
            }
            "tool_call" => {
                self.spoke(out);
                self.answer.clear();
                self.tool(update, out);
                out.extend(asked(text(update, "/title"), update.get("rawInput").unwrap_or(&Value::Null)));
            }
            "tool_call_update" => {
                out.push(Event::Progress);
                self.tool(update, out);
            }
            "plan" => self.spoke(out),
            _ => {}
        }
    }

    /// The model said something.
    fn spoke(&mut self, out: &mut Vec<Event>) {
        out.push(Event::Progress);
        if self.track.spoke() {
            self.used.turns = self.track.turns();
            out.push(Event::Used(self.used));
        }
    }

    fn tool(&mut self, update: &Value, out: &mut Vec<Event>) {
        let id = text(update, "/toolCallId");
        match text(update, "/status") {
            "completed" | "failed" => {
                self.track.ended(id, out);
            }
            _ => self.track.began(id, text(update, "/title"), out),
        }
    }

    /// The cost that is told is the session's. One of nothing is that of a model whose price isn't known.
    fn cost(&mut self, update: &Value, out: &mut Vec<Event>) {
        let dollars = dollars(update, "/cost/amount").filter(|_| text(update, "/cost/currency") == "USD");
        let Some(total) = dollars.filter(|cost| *cost > 0) else { return };
        match self.stage {
            Stage::Prompt => {
                self.used.cost = self.before.map(|before| total.saturating_sub(before));
                out.push(Event::Used(self.used));
            }
            Stage::Initialize | Stage::Session | Stage::Model => self.before = Some(total),
            Stage::Over => {}
        }
    }

    fn end(&mut self, result: &Value, out: &mut Vec<Event>) {
        self.track.ended_all(out);
        self.used = Usage { turns: self.used.turns, cost: self.used.cost, ..usage(result) };
        out.push(Event::Used(self.used));
        let trouble = match text(result, "/stopReason") {
            "end_turn" => None,
            "refusal" => Some(Trouble::Refused),
            "max_tokens" | "max_turn_requests" => Some(Trouble::TurnLimit),
            other => Some(Trouble::Other(format!("it stopped: {other}"))),
        };
        match trouble {
            Some(trouble) => self.fail(trouble, out),
            None => {
                self.stage = Stage::Over;
                let text = std::mem::take(&mut self.answer);
                out.extend([Event::Answer { text, typed: None }, Event::Closed, Event::HangUp]);
            }
        }
    }
}

/// How the model is chosen in a session.
enum Choice {
    /// It is in use already.
    Made,
    /// By this request.
    Open(&'static str, Value),
    /// Not at all.
    None,
}

fn choice(session: &Value, id: &str, model: &str) -> Choice {
    let mut options = list(session, "/configOptions");
    if let Some(option) = options.find(|option| text(option, "/category") == "model") {
        let params = json!({ "sessionId": id, "configId": text(option, "/id"), "value": model });
        let made = text(option, "/currentValue") == model;
        return if made { Choice::Made } else { Choice::Open("session/set_config_option", params) };
    }
    match session.pointer("/models/currentModelId").and_then(Value::as_str) {
        None => Choice::None,
        Some(current) if current == model => Choice::Made,
        Some(_) => Choice::Open("session/set_model", json!({ "sessionId": id, "modelId": model })),
    }
}

/// The agent asks for something. It is answered at once: what it asks leave for it may do, since the sandbox is the
/// boundary, and what else it wants of a client isn't there.
fn requested(id: &Value, method: &str, params: &Value, out: &mut Vec<Event>) {
    let answer = if method == "session/request_permission" {
        let (outcome, denied) = permission(params);
        out.extend(denied);
        json!({ "jsonrpc": "2.0", "id": id, "result": { "outcome": outcome } })
    } else {
        if method.contains("elicitation") {
            out.push(Event::Asked(text(params, "/message").to_owned()));
        }
        json!({ "jsonrpc": "2.0", "id": id, "error": { "code": -32601, "message": "method not found" } })
    };
    out.push(Event::Reply(answer.to_string()));
}

/// The first option that allows it, or else the first that doesn't, which denies it.
fn permission(params: &Value) -> (Value, Option<Event>) {
    let of = |kind: &str| list(params, "/options").find(|option| text(option, "/kind") == kind);
    let selected = |option: &Value| json!({ "outcome": "selected", "optionId": text(option, "/optionId") });
    if let Some(option) = of("allow_once").or_else(|| of("allow_always")) {
        return (selected(option), None);
    }
    let no = of("reject_once").or_else(|| of("reject_always"));
    let denied = Event::Denied(text(params, "/toolCall/title").to_owned());
    (no.map_or_else(|| json!({ "outcome": "cancelled" }), selected), Some(denied))
}

/// The figures of the prompt: the protocol's own, or those that Gemini CLI puts beside it.
fn usage(result: &Value) -> Usage {
    let of = |name: &str| tokens(result, &format!("/usage/{name}"));
    let beside = |name: &str| tokens(result, &format!("/_meta/quota/token_count/{name}"));
    if result.get("usage").is_some() {
        Usage {
            input: of("inputTokens").saturating_add(of("cachedWriteTokens")),
            cached: of("cachedReadTokens"),
            output: of("outputTokens").saturating_add(of("thoughtTokens")),
            ..Usage::default()
        }
    } else {
        Usage { input: beside("input_tokens"), output: beside("output_tokens"), ..Usage::default() }
    }
}

fn failure(error: &Value) -> Trouble {
    let details = error.get("data").map(Value::to_string);
    let says = [Some(text(error, "/message").to_owned()), details]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(": ");
    match error.get("code").and_then(Value::as_i64) {
        // The protocol's own code for it.
        Some(-32000) => Trouble::Auth,
        _ => Trouble::of_text(&says),
    }
}

#[cfg(test)]
mod tests;
