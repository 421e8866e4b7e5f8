//! What the model does, by the name of the play.

use serde_json::{Value, json};

use super::{Asked, Tokens};

/// What the model does next.
pub(super) enum Move {
    /// It says something, and that was it.
    Say(&'static str),
    /// It has a command run.
    Run(&'static str),
    /// It asks a person.
    Ask(&'static str),
    /// It uses another tool.
    Use(&'static str, Value),
    /// It isn't asked at all: the server refuses.
    Refuse(Refusal),
    /// It begins to speak, and the connection breaks off.
    Cut,
    /// Bytes that mean nothing.
    Garbage,
    /// It thinks for ever.
    Late,
}

/// Why a server refuses.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    Key,
    Rate,
    Quota,
    Busy,
}

/// Two tools, and a commit that holds what both made.
const MAKES: &str = "echo hello > hello.txt";
pub(super) const COMMITS: &str = "git add hello.txt && git commit -q -m 'Add hello.txt'";

/// The move of a play: by what the request brings, or, for a server that isn't well, by how many calls came before.
pub(super) fn plays(play: &str, asked: &Asked, before: usize) -> Move {
    match (play, asked.results) {
        // What an agent asks besides its work, such as for a title, offers no tools.
        _ if asked.tools.is_empty() => Move::Say("A title"),
        ("unauthorised", _) => Move::Refuse(Refusal::Key),
        ("limited", _) => Move::Refuse(Refusal::Rate),
        ("spent", _) => Move::Refuse(Refusal::Quota),
        ("overloaded", _) => Move::Refuse(Refusal::Busy),
        ("recovers", _) if before == 0 => Move::Refuse(Refusal::Busy),
        ("cut", _) => Move::Cut,
        ("garbage", _) => Move::Garbage,
        ("talks", _) => Move::Say("Nothing is to be done."),
        // Who may call three times, or four, is stopped by then: what comes after that may be on its way, or not.
        ("loops", 4..) => Move::Late,
        ("loops", _) => Move::Run("true"),
        ("denied", 0) => Move::Run("rm -rf -- ./nothing-there"),
        ("denied", _) => Move::Say("Done."),
        ("asks", 0) => Move::Ask("Which colour?"),
        ("asks", _) => Move::Say("I can't go on without an answer."),
        ("sleeps" | "sleeps-on", 0) => Move::Run("echo asleep > asleep; sleep 600"),
        ("forgets" | "loses" | "forks", 1..) if !asked.holds("You left changes") => Move::Say("I made it."),
        ("forks", 1..) => Move::Say("I know of nothing."),
        ("forgets", 1..) if !asked.committed => Move::Run(COMMITS),
        ("forgets", 1..) => Move::Say("It is committed."),
        ("prattles", _) => Move::Say("It is safe."),
        ("learns", 0) if asked.holds("doesn't have the form that was asked for") => answers(asked),
        ("learns", 0) => Move::Say("It is safe, I think."),
        ("learns", _) => Move::Say("That was my answer."),
        (_, 0) => Move::Run(MAKES),
        (_, 1) => Move::Run(COMMITS),
        _ => Move::Say("Done: hello.txt was added."),
    }
}

/// The answer, in whatever way this agent has one.
fn answers(asked: &Asked) -> Move {
    const PLAIN: &str = r#"{"safe": true}"#;
    if asked.offers(TYPED) {
        Move::Use(TYPED, json!({ "safe": true }))
    } else if asked.typed {
        Move::Say(PLAIN)
    } else if asked.offers("bash") {
        Move::Run(r#"echo '{"safe": true}' > "$FACTORY_OUTBOX/answer.json""#)
    } else {
        Move::Say("So:\n```json\n{\"safe\": true}\n```\n")
    }
}

/// The tool that is offered for a typed answer.
const TYPED: &str = "StructuredOutput";

/// What a call uses: other figures for each, so that one that is counted twice or not at all is seen.
pub(super) fn used(asked: &Asked) -> Tokens {
    let n = asked.results as u64;
    Tokens { input: 1_000 + 117 * n, cached: 300 + 31 * n, output: 42 + 5 * n }
}

/// The tool by which an agent runs a command, and what it is given; nothing where it offers none.
pub(super) fn shell(asked: &Asked, command: &str) -> Option<(&'static str, Value)> {
    let plain = json!({ "command": command, "description": "A step" });
    [
        ("Bash", plain.clone()),
        ("bash", plain.clone()),
        ("run_shell_command", plain),
        ("exec_command", json!({ "cmd": command, "yield_time_ms": 600_000 })),
        ("shell_command", json!({ "command": command })),
        ("shell", json!({ "command": ["bash", "-lc", command] })),
    ]
    .into_iter()
    .find(|(tool, _)| asked.offers(tool))
}

/// The tool by which an agent asks a person. A model may call one that it isn't offered.
pub(super) fn question(asked: &Asked, question: &str) -> (&'static str, Value) {
    let options = json!([{ "label": "Red", "description": "Like fire" }, { "label": "Blue", "description": "Like water" }]);
    let one = json!({ "id": "colour", "question": question, "header": "Colour", "options": options, "type": "choice", "multiSelect": false });
    let input = json!({ "questions": [one] });
    ["AskUserQuestion", "question", "ask_user", "request_user_input"]
        .into_iter()
        .find(|tool| asked.offers(tool))
        .map_or(("request_user_input", input.clone()), |tool| (tool, input))
}
