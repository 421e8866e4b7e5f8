use std::path::Path;

use super::super::testing::{a_job, all, brief};
use super::*;

const OPENCODE: &str = include_str!("../samples/acp-opencode.jsonl");
const GEMINI: &str = include_str!("../samples/acp-gemini.jsonl");

/// What the agent says in a recording, and what the client does.
fn sides(recording: &str) -> (String, Vec<Value>) {
    let lines = |side: &'static str| recording.lines().filter_map(move |line| line.strip_prefix(side));
    (lines("< ").collect::<Vec<_>>().join("\n"), lines("> ").map(|line| parse(line.as_bytes())).collect())
}

fn said(job: &Job<'_>, lines: &[Value]) -> String {
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    brief(&all(&Acp, job, &lines.join("\n"), ""))
}

fn answer(id: u64, result: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "result": result })
}

fn update(update: Value) -> Value {
    json!({ "jsonrpc": "2.0", "method": "session/update", "params": { "sessionId": "s", "update": update } })
}

/// The agent's side until the prompt is its turn.
fn until_prompt() -> Vec<Value> {
    let able = json!({ "protocolVersion": 1, "agentCapabilities": { "loadSession": true } });
    vec![answer(1, able), answer(2, json!({ "sessionId": "s" }))]
}

/// Holds a recorded conversation again: each request is the one that was recorded. What came of it.
fn held_again(recording: &str) -> String {
    let (theirs, ours) = sides(recording);
    let folder = text(&ours[1], "/params/cwd").to_owned();
    let job = Job { workspace: Path::new(&folder), ..a_job() };
    let (replies, events): (Vec<Event>, Vec<Event>) =
        all(&Acp, &job, &theirs, "").into_iter().partition(|event| matches!(event, Event::Reply(_)));
    let replies = replies.iter().map(|event| brief(std::slice::from_ref(event))[2..].to_owned());
    let said = [Acp.command(&job).stdin].into_iter().chain(replies);
    let mut said: Vec<Value> = said.map(|line| parse(line.as_bytes())).collect();
    said[0]["params"]["clientInfo"] = ours[0]["params"]["clientInfo"].clone();
    assert_eq!(said, ours);
    brief(&events)
}

#[test]
fn a_recorded_conversation_is_held_again() {
    insta::assert_snapshot!(held_again(OPENCODE), @r"
    session ses_e045cf3adffehMQV91gFMiJFPJ
    progress
    used 1: 0 + 0 -> 0, cost None
    began call_1
    progress
    progress
    progress
    ended call_1
    progress
    used 2: 0 + 0 -> 0, cost None
    used 2: 10 + 0 -> 5, cost None
    answer Done: hello.txt was added.
    closed
    hang up
    ");
    insta::assert_snapshot!(held_again(GEMINI), @r"
    session aaa97b5f-dcb5-4618-952d-18a505f20dca
    progress
    used 1: 0 + 0 -> 0, cost None
    began run_shell_command__run_shell_command_1795223125783_0
    progress
    ended run_shell_command__run_shell_command_1795223125783_0
    progress
    used 2: 0 + 0 -> 0, cost None
    used 2: 200 + 0 -> 10, cost None
    answer Done: hello.txt was added.
    closed
    hang up
    ");
}

#[test]
fn what_it_asks_leave_for_is_allowed_and_what_else_it_wants_is_not_there() {
    let ask = |kinds: &[&str]| {
        let options: Vec<Value> =
            kinds.iter().map(|kind| json!({ "optionId": format!("id-{kind}"), "kind": kind })).collect();
        let params = json!({ "sessionId": "s", "toolCall": { "title": "rm" }, "options": options });
        json!({ "jsonrpc": "2.0", "id": "x", "method": "session/request_permission", "params": params })
    };
    let read = json!({ "jsonrpc": "2.0", "id": 7, "method": "fs/read_text_file", "params": {} });
    let elicit = json!({ "jsonrpc": "2.0", "id": 8, "method": "elicitation/create", "params": { "message": "Which?" } });
    insta::assert_snapshot!(said(&a_job(), &[
        ask(&["reject_once", "allow_always", "allow_once"]),
        ask(&["allow_always"]),
        ask(&["reject_always"]),
        ask(&[]),
        read,
        elicit,
    ]), @r#"
    > {"jsonrpc":"2.0","id":"x","result":{"outcome":{"outcome":"selected","optionId":"id-allow_once"}}}
    > {"jsonrpc":"2.0","id":"x","result":{"outcome":{"outcome":"selected","optionId":"id-allow_always"}}}
    denied rm
    > {"jsonrpc":"2.0","id":"x","result":{"outcome":{"outcome":"selected","optionId":"id-reject_always"}}}
    denied rm
    > {"jsonrpc":"2.0","id":"x","result":{"outcome":{"outcome":"cancelled"}}}
    > {"jsonrpc":"2.0","id":7,"error":{"code":-32601,"message":"method not found"}}
    asked Which?
    > {"jsonrpc":"2.0","id":8,"error":{"code":-32601,"message":"method not found"}}
    "#);
}

#[test]
fn a_session_that_is_loaded_retells_its_past_which_is_none_of_this_runs() {
    let past = [
        update(json!({ "sessionUpdate": "agent_message_chunk", "content": { "text": "old" } })),
        update(json!({ "sessionUpdate": "tool_call", "toolCallId": "t", "status": "completed" })),
        update(json!({ "sessionUpdate": "usage_update", "cost": { "amount": 0.5, "currency": "USD" } })),
    ];
    let now = [
        answer(2, json!({})),
        update(json!({ "sessionUpdate": "agent_message_chunk", "content": { "text": "new" } })),
        update(json!({ "sessionUpdate": "usage_update", "cost": { "amount": 0.75, "currency": "USD" } })),
        answer(
            3,
            json!({ "stopReason": "end_turn", "usage": { "inputTokens": 3, "cachedReadTokens": 9, "outputTokens": 2, "thoughtTokens": 1 } }),
        ),
    ];
    let job = Job { session: Session::Resume("s"), ..a_job() };
    let lines = [&until_prompt()[..1], &past[..], &now[..]].concat();
    insta::assert_snapshot!(said(&job, &lines), @r#"
    > {"jsonrpc":"2.0","id":2,"method":"session/load","params":{"cwd":"/w","mcpServers":[],"sessionId":"s"}}
    session s
    > {"jsonrpc":"2.0","id":3,"method":"session/prompt","params":{"sessionId":"s","prompt":[{"type":"text","text":"Add hello.txt"}]}}
    progress
    used 1: 0 + 0 -> 0, cost None
    used 1: 0 + 0 -> 0, cost Some(250000)
    used 1: 3 + 9 -> 3, cost Some(250000)
    answer new
    closed
    hang up
    "#);
    let unable = [answer(1, json!({ "protocolVersion": 1 }))];
    insta::assert_snapshot!(said(&job, &unable), @r#"
    trouble Other("it can't go on with a session")
    hang up
    "#);
}

#[test]
fn the_model_is_chosen_where_the_session_offers_it() {
    let able = answer(1, json!({ "protocolVersion": 1 }));
    let option = json!({ "id": "model", "category": "model", "currentValue": "other" });
    for (offers, expect) in [
        (json!({ "sessionId": "s", "configOptions": [option] }), Some("session/set_config_option")),
        (json!({ "sessionId": "s", "models": { "currentModelId": "other" } }), Some("session/set_model")),
        (json!({ "sessionId": "s", "models": { "currentModelId": "m" } }), Some("session/prompt")),
        (json!({ "sessionId": "s" }), None),
    ] {
        let lines = format!("{able}\n{}", answer(2, offers));
        let events = all(&Acp, &Job { model: Some("m"), ..a_job() }, &lines, "");
        let words = brief(&events);
        let last = words.lines().rev().find_map(|line| line.strip_prefix("> ")).unwrap();
        let last = parse(last.as_bytes());
        match expect {
            Some(method) => assert_eq!(last["method"], method),
            None => assert_eq!(events.last(), Some(&Event::HangUp)),
        }
    }
}

#[test]
fn the_end_is_told_by_its_reason_and_nothing_is_said_after_it() {
    let late = json!({ "jsonrpc": "2.0", "id": 9, "method": "session/request_permission", "params": {} });
    for (last, expect) in [
        (answer(3, json!({ "stopReason": "refusal" })), Trouble::Refused),
        (answer(3, json!({ "stopReason": "max_tokens" })), Trouble::TurnLimit),
        (answer(3, json!({ "stopReason": "max_turn_requests" })), Trouble::TurnLimit),
        (answer(3, json!({ "stopReason": "cancelled" })), Trouble::Other("it stopped: cancelled".into())),
        (json!({ "id": 3, "error": { "code": -32000, "message": "log in" } }), Trouble::Auth),
        (
            json!({ "id": 3, "error": { "code": -32603, "message": "Internal error", "data": "429 slow down" } }),
            Trouble::RateLimited,
        ),
    ] {
        let lines = [until_prompt(), vec![last, late.clone()]].concat();
        let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
        let events = all(&Acp, &a_job(), &lines.join("\n"), "");
        assert_eq!(events[events.len() - 2..], [Event::Trouble(expect), Event::HangUp]);
    }
    let warning = all(&Acp, &a_job(), "", "loaded 401 files\nApiError: status 503\n");
    assert_eq!(warning, [Event::Trouble(Trouble::Overloaded)]);
}
