//! OpenAI's responses.

use serde_json::{Value, json};

use super::play::{self, Move, Refusal};
use super::{Asked, Reply, events, texts};

const STREAM: &str = "text/event-stream";

pub(super) fn asked(body: &Value) -> Asked {
    let is_result = |item: &&Value| {
        matches!(
            item["type"].as_str(),
            Some("function_call_output" | "custom_tool_call_output" | "local_shell_call_output")
        )
    };
    let input = body["input"].as_array().into_iter().flatten();
    let names = body["tools"].as_array().into_iter().flatten();
    Asked {
        model: body["model"].as_str().unwrap_or_default().to_owned(),
        results: input.clone().filter(is_result).count(),
        tools: names.filter_map(|tool| tool["name"].as_str().map(str::to_owned)).collect(),
        streams: body["stream"] == true,
        typed: body.pointer("/text/format/type").is_some_and(|form| form == "json_schema"),
        said: texts(input.map(|item| &item["content"])),
        committed: false,
    }
}

pub(super) fn reply(asked: &Asked, does: &Move) -> Reply {
    let told = play::used(asked);
    let n = asked.results;
    let tool = |(name, input): (&str, Value)| {
        json!({
            "type": "function_call", "id": format!("fc_{n:04}"), "call_id": format!("call_{n:04}"), "name": name,
            "arguments": input.to_string(), "status": "completed",
        })
    };
    let item = match does {
        Move::Say(says) => json!({
            "type": "message", "id": format!("msg_{n:04}"), "role": "assistant", "status": "completed",
            "content": [{ "type": "output_text", "text": says, "annotations": [] }],
        }),
        Move::Run(command) => tool(play::shell(asked, command).expect("a tool to run commands with")),
        Move::Ask(question) => tool(play::question(asked, question)),
        Move::Use(name, input) => tool((name, input.clone())),
        Move::Refuse(why) => return refused(*why),
        Move::Cut => {
            let begins = json!({ "type": "response.created", "response": { "id": "resp_0", "status": "in_progress" } });
            let says = json!({ "type": "response.output_text.delta", "item_id": "msg_0", "output_index": 0, "content_index": 0, "delta": "I am" });
            return Reply::Cut { kind: STREAM, body: events(true, &[begins, says]) };
        }
        Move::Garbage => return Reply::Garbage,
        Move::Late => return Reply::Late,
    };
    assert!(asked.streams, "nobody asks for a whole response");
    let id = format!("resp_{n:04}");
    let usage = json!({
        "input_tokens": told.input + told.cached, "input_tokens_details": { "cached_tokens": told.cached },
        "output_tokens": told.output, "output_tokens_details": { "reasoning_tokens": 0 },
        "total_tokens": told.input + told.cached + told.output,
    });
    let all = [
        json!({ "type": "response.created", "response": { "id": id, "status": "in_progress", "model": asked.model } }),
        json!({ "type": "response.output_item.added", "output_index": 0, "item": item }),
        json!({ "type": "response.output_item.done", "output_index": 0, "item": item }),
        json!({ "type": "response.completed", "response": {
            "id": id, "status": "completed", "model": asked.model, "output": [item], "usage": usage,
        } }),
    ];
    Reply::Whole { kind: STREAM, body: events(true, &all), told }
}

fn refused(why: Refusal) -> Reply {
    let (status, kind, says) = match why {
        Refusal::Key => (401, "invalid_api_key", "Incorrect API key provided"),
        Refusal::Rate => (429, "rate_limit_exceeded", "Rate limit reached for requests"),
        Refusal::Quota => (
            429,
            "insufficient_quota",
            "You exceeded your current quota, please check your plan and billing details.",
        ),
        Refusal::Busy => (503, "server_error", "The server is overloaded"),
    };
    Reply::Refused {
        status,
        body: json!({ "error": { "type": kind, "code": kind, "message": says, "param": null } }),
    }
}
