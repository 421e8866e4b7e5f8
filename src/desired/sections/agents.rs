//! `agent`: who is given work, and within which limits.

use std::path::PathBuf;
use std::time::Duration;

use crate::desired::block::{Block, Read};
use crate::desired::credentials::{self, HELP};
use crate::desired::diagnostic::{Draft, code};
use crate::desired::shape::{DAY, Field, Kind, Repeat, Type, Value};
use crate::model::{AGENT_KINDS, AUTH_WAITS, AgentBounds, AgentConfig, Clocks, Given, Limits, SecretRef};

use super::Builder;

const MEBIBYTE: u64 = 1 << 20;
const MOST: i64 = 1_000_000_000_000;
const PATIENCE: Type = Type::Duration { min: 1, max: DAY };
const COUNT: Type = Type::Limit { max: MOST };

static VAR: Kind = Kind {
    name: "var",
    about: "A variable of the agent's environment. It gets those named here, and of this machine's only what every program needs; the factory's own credentials never.",
    key: Some(Field::new("name", Type::Name, "Its name.", "\"ANTHROPIC_API_KEY\"").required()),
    fields: &[
        Field::new(
            "value",
            Type::Text { max: 1_000 },
            "Its value, where it is no secret. It is warned of where the name ends in `TOKEN`, `SECRET`, `PASSWORD` or `_KEY` (not `PUBLIC_KEY`) and the value has eight characters or more and is neither a number nor a path.",
            "\"1\"",
        ),
        Field::new(
            "secret",
            Type::Secret,
            "Where its value is found when a run starts. It is masked in everything that the agent prints.",
            "\"env:FACTORY_CLAUDE_KEY\"",
        ),
    ],
    repeat: Repeat::ByKey,
    most: 100,
    example: "var \"ANTHROPIC_API_KEY\" secret=\"env:FACTORY_CLAUDE_KEY\"",
    ..Kind::EMPTY
};

pub(super) static AGENT: Kind = Kind {
    name: "agent",
    about: "A program that does tasks: one of the known agents, any that speaks the Agent Client Protocol, or a plain command that reads what is to be done from its input.",
    key: Some(Field::new("name", Type::Name, "The agent's name.", "\"claude\"").required()),
    fields: &[
        Field::new("kind", Type::Word(AGENT_KINDS), "How it is driven.", "\"claude\"").required(),
        Field::new(
            "program",
            Type::Row { of: &Type::Text { max: 1_000 }, max: 50 },
            "The program and its first arguments; the kind's own program unless it is given.",
            "\"claude\"",
        ),
        Field::new(
            "model",
            Type::Model,
            "The model; the agent's own choice unless it is given.",
            "\"opus\"",
        ),
        Field::new(
            "account",
            Type::Name,
            "The account that it works on; the agent's own name unless it is given. While an account has no quota left or isn't let in, none of its agents is started.",
            "\"anthropic\"",
        ),
        Field::new("time", Type::Duration { min: 1, max: 7 * DAY }, "How long one run may take.", "\"45m\""),
        Field::new("turns", COUNT, "How many calls of the model one run may make.", "60").or("#null"),
        Field::new("tokens", COUNT, "How many tokens one run may use, of all kinds.", "2000000").or("#null"),
        Field::new(
            "spend",
            Type::Dollars { max: 100_000, unlimited: true },
            "How many US dollars one run may cost, by the agent's own figure or the table of prices.",
            "5",
        )
        .or("#null"),
        Field::new("output", COUNT, "How many MiB one run may print.", "256").or("256"),
        Field::new("disk", COUNT, "How many MiB of the disk its workspace and its home may take together; it is looked at every few seconds.", "10240").or("10240"),
        Field::new("sandbox", Type::Flag, "Whether it is kept in a sandbox where this machine has one (bubblewrap): it sees the system's programs, its workspace, its repository's mirror and its home, and changes the workspace and its home only.", "#false").or("#true"),
        Field::new(
            "readable",
            Type::List { of: &Type::Path, max: 100 },
            "Folders and files that it may read besides, absolute: where its program lies, if that is not the system's.",
            "\"/opt/agents\"",
        ),
        Field::new("network", Type::Flag, "Whether it reaches the network; it is the sandbox that closes it.", "#false").or("#true"),
        Field::new("first-event", PATIENCE, "How long it may say nothing after its start; `tool-time` for a `command`, which tells nothing of its tools.", "\"2m\"").or("\"1m\""),
        Field::new("silence", PATIENCE, "How long it may make no progress while no tool runs; `tool-time` for a `command`. Errors, and requests that are tried again, are none.", "\"10m\"").or("\"5m\""),
        Field::new("tool-time", PATIENCE, "How long one of its tools may run.", "\"1h\"").or("\"30m\""),
        Field::new("grace", PATIENCE, "How long it may take to end when it is asked to, before it is killed.", "\"30s\"").or("\"10s\""),
        Field::new(
            "auth-waits",
            Type::Row { of: &PATIENCE, max: 10 },
            "How long is waited before each further try while its account isn't let in; 5, 10 and 20 seconds unless it is given.",
            "\"30s\"",
        ),
    ],
    children: &[&VAR],
    repeat: Repeat::ByKey,
    example: "agent \"claude\" kind=\"claude\" model=\"opus\" time=\"45m\" turns=60 {\n    var \"ANTHROPIC_API_KEY\" secret=\"env:FACTORY_CLAUDE_KEY\"\n}",
    ..Kind::EMPTY
};

pub(super) fn build(block: &Block, cx: &mut Builder<'_>) -> Option<(String, AgentConfig)> {
    let name = block.key().to_owned();
    let kind = block.text("kind")?.0.to_owned();
    let program: Vec<String> =
        block.list("program").iter().filter_map(|read| Some(read.text()?.to_owned())).collect();
    if program.is_empty() && matches!(kind.as_str(), "command" | "acp") {
        cx.sink.push(
            Draft::error(code::MISSING, format!("{} has no `program`", block.quoted()))
                .at(block.span, "here")
                .help(format!("an agent of kind `{kind}` has none of its own: write `program \"my-agent\"`")),
        );
    }
    let vars = block.each(VAR.name).filter_map(|b| var(b, cx)).collect();
    let config = AgentConfig {
        name: name.clone(),
        clocks: clocks(block, &kind),
        kind,
        program,
        model: None,
        account: block.text("account").map_or_else(|| name.clone(), |(text, _)| text.to_owned()),
        vars,
        limits: limits(block),
        bounds: bounds(block),
        waits: waits(block),
        source: cx.source(block.span),
    };
    Some((name, AgentConfig { model: block.text("model").map(|(text, _)| text.to_owned()), ..config }))
}

fn var(block: &Block, cx: &mut Builder<'_>) -> Option<(String, Given)> {
    let name = block.key().to_owned();
    let given = match (block.given("value"), block.given("secret")) {
        (Some(_), None) => {
            let (text, at) = block.text("value")?;
            if credentials::is_named(&name, text) {
                let says =
                    format!("{} is named as a credential, and its value is written out", block.quoted());
                cx.sink.push(Draft::warning(code::LITERAL_SECRET, says).at(at, "this value").help(HELP));
            }
            Given::Text(text.to_owned())
        }
        (None, Some(_)) => Given::Secret(SecretRef::parse(block.text("secret")?.0)?),
        (Some(value), Some(_)) => {
            cx.sink.push(
                Draft::error(code::EXTRA_VALUE, format!("{} has a `value` and a `secret`", block.quoted()))
                    .at(value.span, "and this")
                    .help("remove one of them"),
            );
            return None;
        }
        (None, None) => {
            cx.sink.push(
                Draft::error(code::MISSING, format!("{} has neither `value` nor `secret`", block.quoted()))
                    .at(block.span, "here")
                    .help(format!("write `var {name:?} value=\"…\"` or `var {name:?} secret=\"env:NAME\"`")),
            );
            return None;
        }
    };
    Some((name, given))
}

fn bounds(block: &Block) -> AgentBounds {
    let flag = |name: &str| block.flag(name).is_none_or(|(on, _)| on);
    let readable = block.list("readable").iter().filter_map(|read| Some(PathBuf::from(read.text()?)));
    AgentBounds { sandbox: flag("sandbox"), readable: readable.collect(), network: flag("network") }
}

fn duration(read: &Read) -> Option<Duration> {
    if let Value::Seconds(n) = read.value { Some(Duration::from_secs(n)) } else { None }
}

/// A plain command says nothing of what it is at: it may be silent for as long as a tool may run.
fn clocks(block: &Block, kind: &str) -> Clocks {
    let default = Clocks::default();
    let clock = |name: &str, default: Duration| block.value(name).and_then(duration).unwrap_or(default);
    let tool = clock("tool-time", default.tool);
    let silent = |of_others: Duration| if kind == "command" { tool } else { of_others };
    Clocks {
        first_event: clock("first-event", silent(default.first_event)),
        silence: clock("silence", silent(default.silence)),
        tool,
        grace: clock("grace", default.grace),
    }
}

fn waits(block: &Block) -> Vec<Duration> {
    let given: Vec<Duration> = block.list("auth-waits").iter().filter_map(duration).collect();
    if given.is_empty() { AUTH_WAITS.into() } else { given }
}

fn limits(block: &Block) -> Limits {
    let default = Limits::default();
    // What isn't written has its default, and what is written as no limit has none.
    let count = |name: &str, default: Option<u64>, unit: u64| match block.value(name).map(|read| &read.value)
    {
        Some(Value::Int(n)) => u64::try_from(*n).ok().map(|n| n.saturating_mul(unit)),
        Some(Value::Unlimited) => None,
        _ => default,
    };
    Limits {
        time: block.value("time").and_then(duration).or(default.time),
        turns: count("turns", default.turns.map(u64::from), 1).map(|n| u32::try_from(n).unwrap_or(u32::MAX)),
        tokens: count("tokens", default.tokens, 1),
        // No limit is the default, too.
        spend: block.micros("spend"),
        output: count("output", default.output, MEBIBYTE),
        disk: count("disk", default.disk, MEBIBYTE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_defaults_are_the_models() {
        let limits = Limits::default();
        let mebibytes = |bytes: Option<u64>| bytes.map(|bytes| bytes / MEBIBYTE);
        for (name, value) in [
            ("turns", limits.turns.map(u64::from)),
            ("tokens", limits.tokens),
            ("spend", limits.spend),
            ("output", mebibytes(limits.output)),
            ("disk", mebibytes(limits.disk)),
        ] {
            let documented = AGENT.field(name).and_then(Field::default_json);
            assert_eq!(documented, Some(value.map_or(serde_json::Value::Null, Into::into)), "{name}");
        }
        let clocks = Clocks::default();
        for (name, clock) in [
            ("first-event", clocks.first_event),
            ("silence", clocks.silence),
            ("tool-time", clocks.tool),
            ("grace", clocks.grace),
        ] {
            let documented = AGENT.field(name).and_then(Field::default_json);
            assert_eq!(documented, Some(clock.as_secs().into()), "{name}");
        }
    }
}
