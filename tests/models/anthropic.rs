//! Anthropic's messages.

use serde_json::{Value, json};

use super::play::{self, Move, Refusal};
use super::{Asked, Reply, Tokens, events, texts};

const STREAM: &str = "text/event-stream";

pub(super) fn asked(body: &Value) -> Asked {
    let messages = body["messages"].as_array().into_iter().flatten();
    let said = texts(messages.clone().map(|message| &message["content"]));
    let parts = messages.flat_map(|message| message["content"].as_array().into_iter().flatten());
    let names = body["tools"].as_array().into_iter().flatten();
    Asked {
        model: body["model"].as_str().unwrap_or_default().to_owned(),
        results: parts.filter(|part| part["type"] == "tool_result").count(),
        tools: names.filter_map(|tool| tool["name"].as_str().map(str::to_owned)).collect(),
        streams: body["stream"] == true,
        typed: false,
        said,
        committed: false,
    }
}

pub(super) fn reply(asked: &Asked, does: &Move) -> Reply {
    let told = play::used(asked);
    let tool = |(name, input): (&str, Value)| json!({ "type": "tool_use", "id": format!("toolu_{:04}", asked.results), "name": name, "input": input });
    let block = match does {
        Move::Say(says) => json!({ "type": "text", "text": says }),
        Move::Run(command) => tool(play::shell(asked, command).expect("a tool to run commands with")),
        Move::Ask(question) => tool(play::question(asked, question)),
        Move::Use(name, input) => tool((name, input.clone())),
        Move::Refuse(why) => return refused(*why),
        Move::Cut => {
            let block = json!({ "type": "text", "text": "I am about to" });
            let all = stream(asked, &block, told);
            return Reply::Cut { kind: STREAM, body: events(true, &all[..3]) };
        }
        Move::Garbage => return Reply::Garbage,
        Move::Late => return Reply::Late,
    };
    if asked.streams {
        return Reply::Whole { kind: STREAM, body: events(true, &stream(asked, &block, told)), told };
    }
    let mut message = message(asked, told);
    message["content"] = json!([block]);
    message["stop_reason"] = reason(&block);
    message["usage"]["output_tokens"] = told.output.into();
    Reply::Whole { kind: "application/json", body: message.to_string(), told }
}

/// A message that is about to begin.
fn message(asked: &Asked, told: Tokens) -> Value {
    json!({
        "id": format!("msg_{:04}", asked.results), "type": "message", "role": "assistant", "model": asked.model,
        "content": [], "stop_reason": null, "stop_sequence": null,
        "usage": {
            "input_tokens": told.input, "cache_creation_input_tokens": 0, "cache_read_input_tokens": told.cached,
            "output_tokens": 1,
        },
    })
}

fn reason(block: &Value) -> Value {
    if block["type"] == "text" { "end_turn".into() } else { "tool_use".into() }
}

fn stream(asked: &Asked, block: &Value, told: Tokens) -> Vec<Value> {
    let (mut empty, mut delta) = (block.clone(), json!({ "type": "text_delta", "text": block["text"] }));
    if block["type"] == "text" {
        empty["text"] = "".into();
    } else {
        empty["input"] = json!({});
        delta = json!({ "type": "input_json_delta", "partial_json": block["input"].to_string() });
    }
    vec![
        json!({ "type": "message_start", "message": message(asked, told) }),
        json!({ "type": "content_block_start", "index": 0, "content_block": empty }),
        json!({ "type": "content_block_delta", "index": 0, "delta": delta }),
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({
            "type": "message_delta", "delta": { "stop_reason": reason(block), "stop_sequence": null },
            "usage": { "output_tokens": told.output },
        }),
        json!({ "type": "message_stop" }),
    ]
}

fn refused(why: Refusal) -> Reply {
    let (status, kind, says) = match why {
        Refusal::Key => (401, "authentication_error", "invalid x-api-key"),
        Refusal::Rate => {
            (429, "rate_limit_error", "Number of requests has exceeded your per-minute rate limit")
        }
        Refusal::Quota => (429, "rate_limit_error", "You have reached your specified API usage limits."),
        Refusal::Busy => (529, "overloaded_error", "Overloaded"),
    };
    Reply::Refused { status, body: json!({ "type": "error", "error": { "type": kind, "message": says } }) }
}
