//! Any agent of the Agent Client Protocol: JSON-RPC over its standard input and output, one message a line.

use serde_json::{Value, json};

use crate::model::{Usage, UsageOf};

use super::{
    Agent, CommandLine, Event, Job, Listener, Session, Stream, Trouble, micros, number, object, text,
    warned_of,
};

/// The agent.
pub(super) struct Acp;

/// The version of the protocol that is spoken.
const PROTOCOL: u64 = 1;
/// The ids of what it is asked, in turn.
const INITIALIZE: u64 = 1;
const SESSION: u64 = 2;
const PROMPT: u64 = 3;
/// Stands where the session's id belongs, which is known only later.
const UNKNOWN: &str = "";
/// What a method gets that isn't offered.
const METHOD_NOT_FOUND: i64 = -32601;

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
        let folder = job.workspace.display().to_string();
        let initialize = json!({
            "protocolVersion": PROTOCOL,
            "clientCapabilities": { "fs": { "readTextFile": false, "writeTextFile": false }, "terminal": false },
            "clientInfo": { "name": "factory", "version": env!("CARGO_PKG_VERSION") },
        });
        let session = match job.session {
            Session::New(_) => request(SESSION, "session/new", &json!({ "cwd": folder, "mcpServers": [] })),
            Session::Resume(id) => {
                request(SESSION, "session/load", &json!({ "sessionId": id, "cwd": folder, "mcpServers": [] }))
            }
        };
        let prompt = json!({
            "sessionId": match job.session { Session::New(_) => UNKNOWN, Session::Resume(id) => id },
            "prompt": [{ "type": "text", "text": job.prompt }],
        });
        CommandLine {
            argv: job.program.to_vec(),
            stdin: format!("{}\n", request(INITIALIZE, "initialize", &initialize)),
            talks: true,
            later: vec![session.to_string(), request(PROMPT, "session/prompt", &prompt).to_string()],
            ..CommandLine::default()
        }
    }

    fn listener(&self, started: &CommandLine) -> Box<dyn Listener> {
        let at = |n: usize| started.later.get(n).and_then(|text| serde_json::from_str(text).ok());
        let (session, prompt) = (at(0).unwrap_or_default(), at(1).unwrap_or_default());
        Box::new(Lines { session, prompt, replays: false, said: String::new(), cost: None })
    }
}

fn request(id: u64, method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

struct Lines {
    /// The request for a session, and the one that begins the work in it.
    session: Value,
    prompt: Value,
    /// Whether it tells what was said in the session before, which is no news.
    replays: bool,
    said: String,
    cost: Option<u64>,
}

impl Listener for Lines {
    fn line(&mut self, stream: Stream, line: &[u8], out: &mut Vec<Event>) {
        if stream == Stream::Err {
            out.extend(warned_of(line).map(Event::Trouble));
            return;
        }
        let Some(line) = object(line) else { return };
        match (line.get("method").and_then(Value::as_str), line.get("id")) {
            (Some("session/update"), None) => self.update(&line["params"]["update"], out),
            (Some(method), Some(id)) => asked(method, id, &line["params"], out),
            (Some(_) | None, None) => {}
            (None, Some(id)) => self.answered(id, &line, out),
        }
    }
}

impl Lines {
    fn answered(&mut self, id: &Value, line: &Value, out: &mut Vec<Event>) {
        if let Some(error) = line.get("error") {
            let says = text(error, "/message");
            // By the protocol this code asks for a login.
            let trouble = if error["code"] == -32000 { Trouble::Auth } else { Trouble::of_text(says) };
            out.extend([Event::Trouble(trouble), Event::Over]);
            return;
        }
        let result = &line["result"];
        match id.as_u64() {
            Some(INITIALIZE) if number(result, "/protocolVersion") != PROTOCOL => {
                let says = "it speaks another version of the protocol".to_owned();
                out.extend([Event::Trouble(Trouble::Other(says)), Event::Over]);
            }
            Some(INITIALIZE) => {
                self.replays = self.session["method"] == "session/load";
                out.push(Event::Reply(self.session.to_string()));
            }
            Some(SESSION) => {
                self.replays = false;
                let id = match text(result, "/sessionId") {
                    "" => text(&self.prompt, "/params/sessionId").to_owned(),
                    id => id.to_owned(),
                };
                self.prompt["params"]["sessionId"] = id.clone().into();
                out.extend([Event::Session(id), Event::Reply(self.prompt.to_string())]);
            }
            Some(PROMPT) => self.stopped(result, out),
            Some(_) | None => {}
        }
    }

    fn update(&mut self, update: &Value, out: &mut Vec<Event>) {
        if self.replays {
            return;
        }
        let over = matches!(text(update, "/status"), "completed" | "failed");
        match text(update, "/sessionUpdate") {
            "agent_message_chunk" => {
                self.said.push_str(text(update, "/content/text"));
                out.push(Event::Progress);
            }
            "tool_call" | "tool_call_update" => {
                let id = text(update, "/toolCallId").to_owned();
                if text(update, "/sessionUpdate") == "tool_call" {
                    // What it says from here on is another word.
                    self.said.clear();
                    out.push(Event::ToolBegan(id.clone()));
                }
                out.push(if over { Event::ToolEnded(id) } else { Event::Progress });
            }
            "agent_thought_chunk" | "plan" => out.push(Event::Progress),
            "usage_update" => self.cost = micros(update, "/cost/amount").filter(|cost| *cost > 0),
            _ => {}
        }
    }

    fn stopped(&mut self, result: &Value, out: &mut Vec<Event>) {
        let quota = "/_meta/quota/token_count";
        let either = |own: &str, meta: &str| match number(result, own) {
            0 => number(result, &format!("{quota}{meta}")),
            n => n,
        };
        out.push(Event::Used(Usage {
            turns: 1,
            input: either("/usage/inputTokens", "/input_tokens"),
            cached: number(result, "/usage/cachedReadTokens"),
            output: either("/usage/outputTokens", "/output_tokens"),
            cost: self.cost,
        }));
        out.push(Event::Answer { text: std::mem::take(&mut self.said), typed: None });
        let trouble = match text(result, "/stopReason") {
            "end_turn" => return out.push(Event::Closed),
            "refusal" => Trouble::Refused,
            "max_tokens" | "max_turn_requests" => Trouble::TurnLimit,
            other => Trouble::Other(format!("it stopped: {other}")),
        };
        out.extend([Event::Trouble(trouble), Event::Over]);
    }
}

/// Answers what the agent asks, at once: what it may do is decided by the boundary around it, and what isn't offered is
/// refused.
fn asked(method: &str, id: &Value, params: &Value, out: &mut Vec<Event>) {
    let reply = |what: &str, value: Value| {
        let mut reply = json!({ "jsonrpc": "2.0", "id": id });
        reply[what] = value;
        Event::Reply(reply.to_string())
    };
    if method != "session/request_permission" {
        let says = format!("{method} is not offered");
        out.push(reply("error", json!({ "code": METHOD_NOT_FOUND, "message": says })));
        return;
    }
    let options = || params["options"].as_array().into_iter().flatten();
    let kind = |wanted: &str| options().find(|option| text(option, "/kind") == wanted);
    let chosen = kind("allow_once").or_else(|| kind("allow_always"));
    match chosen {
        Some(option) => {
            let outcome = json!({ "outcome": "selected", "optionId": option["optionId"] });
            out.extend([Event::Progress, reply("result", json!({ "outcome": outcome }))]);
        }
        None => {
            let what = text(params, "/toolCall/title").to_owned();
            let outcome = match kind("reject_once").or_else(|| kind("reject_always")) {
                Some(option) => json!({ "outcome": "selected", "optionId": option["optionId"] }),
                None => json!({ "outcome": "cancelled" }),
            };
            out.extend([Event::Denied(what), reply("result", json!({ "outcome": outcome }))]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{hear, job};
    use super::*;

    /// What the agent said in a recorded conversation.
    fn theirs(recorded: &str) -> String {
        recorded.lines().filter_map(|line| line.strip_prefix("< ")).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_conversation_goes_from_the_greeting_to_the_last_word() {
        for (recorded, input, output) in [
            (include_str!("samples/acp-opencode.txt"), 10, 5),
            (include_str!("samples/acp-gemini.txt"), 200, 10),
        ] {
            let events = hear(&Acp, Stream::Out, &theirs(recorded));
            let replies: Vec<Value> = events
                .iter()
                .filter_map(|event| {
                    if let Event::Reply(text) = event { serde_json::from_str(text).ok() } else { None }
                })
                .collect();
            assert_eq!((replies.len(), &replies[0]["method"]), (2, &json!("session/new")), "{replies:?}");
            assert_eq!(replies[1]["params"]["prompt"][0]["text"], "do it");
            let Some(Event::Session(id)) = events.iter().find(|event| matches!(event, Event::Session(_)))
            else {
                panic!("{events:?}")
            };
            assert_eq!(replies[1]["params"]["sessionId"], json!(id));
            let used = Usage { turns: 1, input, cached: 0, output, cost: None };
            let text = "Done: hello.txt was added.".to_owned();
            let end = [Event::Used(used), Event::Answer { text, typed: None }, Event::Closed];
            assert_eq!(events[events.len() - 3..], end, "{events:?}");
            let ended = |event: &&Event| matches!(event, Event::ToolEnded(_));
            assert_eq!(events.iter().filter(ended).count(), 1, "{events:?}");
        }
    }

    #[test]
    fn what_it_asks_is_answered_at_once() {
        let ask = |kinds: &[&str]| {
            let options: Vec<Value> =
                kinds.iter().map(|kind| json!({ "kind": kind, "optionId": format!("o-{kind}") })).collect();
            let params = json!({ "toolCall": { "title": "rm" }, "options": options });
            hear(&Acp, Stream::Out, &request(9, "session/request_permission", &params).to_string())
        };
        let [Event::Progress, Event::Reply(reply)] = &ask(&["reject_once", "allow_once"])[..] else {
            panic!()
        };
        assert!(reply.contains("o-allow_once") && reply.contains("\"id\":9"), "{reply}");
        let [Event::Denied(what), Event::Reply(reply)] = &ask(&["reject_once"])[..] else { panic!() };
        assert!(what == "rm" && reply.contains("o-reject_once"), "{reply}");
        let other = hear(&Acp, Stream::Out, &request(8, "fs/read_text_file", &json!({})).to_string());
        let [Event::Reply(reply)] = &other[..] else { panic!("{other:?}") };
        assert!(reply.contains("-32601"), "{reply}");
    }

    #[test]
    fn what_was_said_before_a_session_was_loaded_is_no_news() {
        let started = Acp.command(&job(Session::Resume("old"), None));
        let (mut listener, mut out) = (Acp.listener(&started), Vec::new());
        let update = json!({ "jsonrpc": "2.0", "method": "session/update", "params": { "update": {
            "sessionUpdate": "agent_message_chunk", "content": { "text": "x" } } } });
        for line in [
            json!({ "id": 1, "result": { "protocolVersion": 1 } }),
            update.clone(),
            json!({ "id": 2, "result": {} }),
            update,
        ] {
            listener.line(Stream::Out, line.to_string().as_bytes(), &mut out);
        }
        assert_eq!(out.iter().filter(|event| **event == Event::Progress).count(), 1, "{out:?}");
        assert!(out.contains(&Event::Session("old".into())), "{out:?}");
    }
}
