//! `playbook`: what a run in a phase is told, and what it may use.

use std::collections::BTreeMap;

use crate::desired::block::Block;
use crate::desired::diagnostic::{Draft, code, nearest};
use crate::desired::shape::{Field, Kind, Repeat, Type};
use crate::model::{AgentConfig, FOR_PEOPLE, Phase, Playbook, Source};

use super::super::refers::{AGENT, refers};
use super::Builder;
use super::built_in::{BUDGET, CONTINUATIONS};
use super::globs::{GLOBS, globs, texts};
use super::places;

const PHASES: &[&str] = &["triage", "discover", "shape", "plan", "implement", "review", "hitl", "merge"];
/// What the names of specialists end in.
const STUCK: &str = "-stuck";
/// How many attempts a specialist has.
pub(super) const SPECIALIST: u32 = 2;

pub(in crate::desired::sections) static PLAYBOOK: Kind = Kind {
    name: "playbook",
    about: "What a run in a phase of an issue is told, and what it may use. It is laid over the built-in one of its name, field by field; one whose name ends in `-stuck` may also be new, a specialist for issues that are stuck with that word.",
    key: Some(
        Field::new(
            "name",
            Type::Name,
            "Its name: triage, discover, shape, shape-mediate, plan, plan-review, implement, spec-review, quality-review, pre-flight, mid-flight, post-verify, rework, repair-checks, resolve-conflict, diagnose, or a specialist's.",
            "\"plan\"",
        )
        .required(),
    ),
    fields: &[
        Field::new(
            "phase",
            Type::Word(PHASES),
            "The phase that it is for: that of the built-in one, `hitl` for specialists. It says so to whoever reads it, and is an error where it is another one.",
            "\"plan\"",
        ),
        Field::new(
            "prompt",
            Type::Prose { max: 20_000 },
            "What the agent is told to do. Into its places is put: `{{issue}}` number, title and text of the issue; `{{comments}}` what people said on it; `{{criteria}}` the criteria; `{{brief}}` what discovery found out; `{{direction}}` the direction that was chosen; `{{plan}}` the plan; `{{changes}}` the files that the pull request changes; `{{findings}}` what a review, a check or a person found amiss; `{{context}}` what was looked up since the attempt before; `{{before}}` what became of the attempts before, which is added at the end where it has no place. What people and programs wrote is put there as data.",
            "\"Plan how this is done: {{issue}} The plan has to hold up to: {{criteria}}\"",
        ),
        Field::new(
            "criteria",
            Type::List { of: &Type::Text { max: 500 }, max: 30 },
            "What must hold of what it makes, a line each.",
            "\"Every file that changes is named.\"",
        ),
        Field::new(
            "agents",
            Type::List { of: &Type::Name, max: 10 },
            "Who may do it, the preferred one first; the agents of the pipeline unless it is given.",
            "\"claude\"",
        ),
        Field::new("attempts", Type::Int { min: 1, max: 20 }, "How many attempts one round of it may take.", "3"),
        Field::new(
            "continuations",
            Type::Int { min: 0, max: 3 },
            "How often in one attempt an agent that ended without what is asked for is told so, and goes on; `task` has the same.",
            "3",
        ),
        Field::new(
            "budget",
            Type::Int { min: 1_000, max: 1_000_000 },
            "How many tokens of context its prompt may have at most, by estimate; what is least needed is left out first.",
            "20000",
        ),
        Field::new(
            "paths",
            GLOBS,
            "The files that it may change, as globs in which `*` stops at `/` and `**` doesn't; all of them unless it is given.",
            "\"src/**\"",
        ),
    ],
    repeat: Repeat::ByKey,
    example: "playbook \"plan\" phase=\"plan\" {\n    criteria \"Every file that changes is named.\" \"Every step has a test.\"\n    agents \"claude\"\n    attempts 3\n}",
    ..Kind::EMPTY
};

/// The playbook that a block makes of the built-in one of its name, or of none.
pub(super) fn build(
    block: &Block,
    agents: &BTreeMap<String, AgentConfig>,
    known: &BTreeMap<String, Playbook>,
    cx: &mut Builder<'_>,
) -> Option<Playbook> {
    let name = block.key();
    if name.is_empty() {
        return None;
    }
    for agent in block.list("agents") {
        let declared = agents.keys().map(String::as_str);
        refers(agent, |name| agents.contains_key(name), declared, &AGENT, cx);
    }
    if let Some((prompt, span)) = block.text("prompt") {
        places::check(prompt, span, cx);
    }
    let Some(below) = known.get(name).cloned().or_else(|| specialist(block)) else {
        unknown(block, known, cx);
        return None;
    };
    phase(block, &below, cx);
    if below.prompt.is_empty() && block.given("prompt").is_none() {
        let says = format!("{} has no `prompt`, and there is no built-in one of this name", block.quoted());
        cx.sink.push(Draft::error(code::MISSING, says).at(block.key_span(), "here").help(
            "say what the specialist is to do: `prompt \"Find out why {{issue}} is stuck. {{findings}}\"`",
        ));
    }
    Some(laid(block, below, cx))
}

fn laid(block: &Block, below: Playbook, cx: &mut Builder<'_>) -> Playbook {
    let criteria = texts(block, "criteria", cx);
    let paths = globs(block, "paths", cx);
    let agents = block.list("agents").iter().filter_map(|read| Some(read.text()?.to_owned())).collect();
    let either = |field: &str, own: Vec<String>, below: Vec<String>| {
        if block.given(field).is_some() { own } else { below }
    };
    Playbook {
        name: below.name,
        phase: below.phase,
        prompt: block.text("prompt").map_or(below.prompt, |(prompt, _)| prompt.to_owned()),
        criteria: either("criteria", criteria, below.criteria),
        agents: either("agents", agents, below.agents),
        attempts: block.count("attempts").unwrap_or(below.attempts),
        continuations: block.count("continuations").unwrap_or(below.continuations),
        budget: block.count("budget").unwrap_or(below.budget),
        paths: either("paths", paths, below.paths),
        source: cx.source(block.span),
    }
}

/// What a specialist of a new name begins with.
fn specialist(block: &Block) -> Option<Playbook> {
    block.key().strip_suffix(STUCK).filter(|word| !word.is_empty())?;
    if FOR_PEOPLE.contains(&block.key()) {
        return None;
    }
    Some(Playbook {
        name: block.key().to_owned(),
        phase: Phase::Hitl,
        prompt: String::new(),
        criteria: Vec::new(),
        agents: Vec::new(),
        attempts: SPECIALIST,
        continuations: CONTINUATIONS,
        budget: BUDGET,
        paths: Vec::new(),
        source: Source::built_in(),
    })
}

fn unknown(block: &Block, known: &BTreeMap<String, Playbook>, cx: &mut Builder<'_>) {
    let name = block.key();
    let says = format!("nothing would use a playbook `{name}`");
    if FOR_PEOPLE.contains(&name) {
        let draft = Draft::error(code::UNKNOWN_PLAYBOOK, says).at(block.key_span(), "for people only");
        cx.sink
            .push(draft.help("what is labelled so judges the factory, and no agent tries it: take it out"));
        return;
    }
    let help = nearest(name, known.keys().map(String::as_str)).map_or_else(
        || {
            let all: Vec<_> = known.keys().map(|name| format!("`{name}`")).collect();
            format!("those that are used are {}; a specialist's name ends in `{STUCK}`", all.join(", "))
        },
        |near| format!("did you mean `{near}`? A specialist's name ends in `{STUCK}`"),
    );
    cx.sink.push(Draft::error(code::UNKNOWN_PLAYBOOK, says).at(block.key_span(), "unknown").help(help));
}

fn phase(block: &Block, below: &Playbook, cx: &mut Builder<'_>) {
    let Some((word, span)) = block.text("phase").filter(|(word, _)| *word != below.phase.as_str()) else {
        return;
    };
    let says = format!("{} is for the phase `{}`, not `{word}`", block.quoted(), below.phase);
    let draft = Draft::error(code::MALFORMED, says).at(span, "another phase");
    cx.sink.push(draft.help(format!("write `phase={:?}`, or leave it out", below.phase.as_str())));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::PLACES;

    #[test]
    fn every_place_and_every_phase_is_explained() {
        let about = PLAYBOOK.field("prompt").expect("the field is there").about;
        for (place, what) in PLACES {
            let named = format!("`{{{{{place}}}}}`");
            assert!(about.contains(&named), "{named} {what}");
        }
        assert!(Phase::ALL.iter().map(|phase| phase.as_str()).eq(PHASES.iter().copied()));
    }

    #[test]
    fn every_built_in_one_is_named() {
        let about = PLAYBOOK.key.expect("it has a name").about;
        for name in super::super::built_in::all().keys().filter(|name| !name.ends_with(STUCK)) {
            assert!(about.contains(name.as_str()), "{name}");
        }
    }
}
