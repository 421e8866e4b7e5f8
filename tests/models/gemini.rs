//! Gemini's content, whole and in parts.

use serde_json::{Value, json};

use super::play::{self, Move, Refusal};
use super::{Asked, Reply, events, texts};

const STREAM: &str = "text/event-stream";

/// What is asked for; the model and the method are in the path.
pub(super) fn asked(path: &str, body: &Value) -> Option<Asked> {
    let (model, method) = path.rsplit_once("/models/")?.1.split_once(':')?;
    let streams = match method {
        "streamGenerateContent" => true,
        "generateContent" => false,
        _ => return None,
    };
    let contents = body["contents"].as_array().into_iter().flatten();
    let said = texts(contents.clone().map(|content| &content["parts"]));
    let parts = contents.flat_map(|content| content["parts"].as_array().into_iter().flatten());
    let tools = body["tools"].as_array().into_iter().flatten();
    let tools = tools.flat_map(|tool| tool["functionDeclarations"].as_array().into_iter().flatten());
    Some(Asked {
        model: model.to_owned(),
        results: parts.filter(|part| !part["functionResponse"].is_null()).count(),
        tools: tools.filter_map(|tool| tool["name"].as_str().map(str::to_owned)).collect(),
        streams,
        typed: false,
        said,
        committed: false,
    })
}

pub(super) fn reply(asked: &Asked, does: &Move) -> Reply {
    let told = play::used(asked);
    let tool = |(name, args): (&str, Value)| json!({ "functionCall": { "name": name, "args": args } });
    let part = match does {
        Move::Say(says) => json!({ "text": says }),
        Move::Run(command) => tool(play::shell(asked, command).expect("a tool to run commands with")),
        Move::Ask(question) => tool(play::question(asked, question)),
        Move::Use(name, input) => tool((name, input.clone())),
        Move::Refuse(why) => return refused(*why),
        Move::Cut => {
            let begins = json!({ "candidates": [{ "index": 0, "content": { "role": "model", "parts": [{ "text": "I am" }] } }] });
            return Reply::Cut { kind: STREAM, body: events(false, &[begins]) };
        }
        Move::Garbage => return Reply::Garbage,
        Move::Late => return Reply::Late,
    };
    // A part of what is written is thought.
    let thought = 2;
    let whole = json!({
        "candidates": [{
            "index": 0, "finishReason": "STOP", "content": { "role": "model", "parts": [part] },
        }],
        "usageMetadata": {
            "promptTokenCount": told.input + told.cached, "cachedContentTokenCount": told.cached,
            "candidatesTokenCount": told.output - thought, "thoughtsTokenCount": thought,
            "totalTokenCount": told.input + told.cached + told.output,
        },
        "modelVersion": asked.model,
    });
    if asked.streams {
        Reply::Whole { kind: STREAM, body: events(false, &[whole]), told }
    } else {
        Reply::Whole { kind: "application/json", body: whole.to_string(), told }
    }
}

fn refused(why: Refusal) -> Reply {
    let (status, kind, says) = match why {
        Refusal::Key => (401, "UNAUTHENTICATED", "API key not valid. Please pass a valid API key."),
        Refusal::Rate => (429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check rate limit)."),
        Refusal::Quota => (
            429,
            "RESOURCE_EXHAUSTED",
            "You exceeded your current quota, please check your plan and billing details.",
        ),
        Refusal::Busy => (503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
    };
    Reply::Refused { status, body: json!({ "error": { "code": status, "message": says, "status": kind } }) }
}
