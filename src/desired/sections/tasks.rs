//! `task`: what an agent is to do in a repository.

use std::collections::BTreeMap;

use crate::desired::block::Block;
use crate::desired::diagnostic::{Draft, code};
use crate::desired::shape::{Field, Kind, Repeat, Type};
use crate::model::{AgentConfig, AnswerSchema, FollowUps, Repo, RepoName, Subject, Task};

use super::Builder;
use super::refers::{AGENT, REPO, refers};

const ATTEMPTS: u32 = 3;
const CONTINUATIONS: u32 = 3;

pub(super) static TASK: Kind = Kind {
    name: "task",
    about: "A piece of work for an agent in one repository. It is done once, in a workspace of its own, and what comes of it is a pull request; another prompt is another piece of work.",
    key: Some(Field::new("name", Type::Name, "The task's name.", "\"tidy\"").required()),
    fields: &[
        Field::new("repo", Type::Repo, "Where; a declared repository.", "\"acme/widgets\"").required(),
        Field::new(
            "prompt",
            Type::Prose { max: 20_000 },
            "What is to be done, as the agent reads it.",
            "\"Remove the dead links from README.md.\"",
        )
        .required(),
        Field::new(
            "agents",
            Type::List { of: &Type::Name, max: 10 },
            "Who may do it, the preferred one first. The next one takes over while an account has no quota left or isn't let in.",
            "\"claude\" \"codex\"",
        )
        .required(),
        Field::new(
            "attempts",
            Type::Int { min: 1, max: 20 },
            "How many attempts it may take; each is told how the one before it ended. What an agent had no part in is none.",
            "3",
        )
        .or("3"),
        Field::new(
            "continuations",
            Type::Int { min: 0, max: 3 },
            "How often in one attempt an agent that ended without what is asked for (a commit, an answer of the right form) is told so, and goes on in the same session. An answer is asked for once more only. Agents without sessions begin another attempt.",
            "3",
        )
        .or("3"),
        Field::new(
            "answer",
            Type::Prose { max: 20_000 },
            "The form of an answer that is asked for, as a JSON Schema of an object that refers to nothing elsewhere. With a valid answer the task is done; what was committed besides becomes a pull request, and nothing has to be.",
            r##"#"{ "type": "object", "properties": { "safe": { "type": "boolean" } }, "required": ["safe"] }"#"##,
        ),
        Field::new(
            "paths",
            Type::List { of: &Type::Text { max: 200 }, max: 100 },
            "The files that it may change, as globs in which `*` stops at `/` and `**` doesn't; all of them unless it is given.",
            "\"README.md\" \"docs/**\"",
        ),
        Field::new(
            "may-weaken",
            Type::Flag,
            "Whether its work may make the repository's gates weaker: remove tests, skip them, change what a gate consists of. The pull request says what became weaker.",
            "#true",
        )
        .or("#false"),
        Field::new(
            "follow-ups",
            Type::Word(FollowUps::WORDS),
            "What becomes of work that its runs found and didn't do: `issue` opens an issue in the repository for each, five for one attempt at most, once the pull request of the task is there or the run ended without one; `none` leaves it in `factoryctl runs show`.",
            "\"issue\"",
        )
        .or("\"none\""),
    ],
    repeat: Repeat::ByKey,
    example: "task \"tidy\" repo=\"acme/widgets\" {\n    prompt \"Remove the dead links from README.md.\"\n    agents \"claude\"\n    attempts 3\n    paths \"README.md\" \"docs/**\"\n}",
    ..Kind::EMPTY
};

/// What a task may refer to.
pub(super) struct Known<'a> {
    pub(super) repos: &'a BTreeMap<RepoName, Repo>,
    pub(super) agents: &'a BTreeMap<String, AgentConfig>,
}

pub(super) fn build(block: &Block, known: &Known<'_>, cx: &mut Builder<'_>) -> Option<(String, Task)> {
    let name = block.key().to_owned();
    let agents = block.list("agents");
    for agent in agents {
        let declared = known.agents.keys().map(String::as_str);
        refers(agent, |name| known.agents.contains_key(name), declared, &AGENT, cx);
    }
    if block.given("agents").is_some_and(|given| given.good && given.values.is_empty()) {
        cx.sink.push(
            Draft::error(code::MISSING, format!("{} has no agent", block.quoted()))
                .at(block.span, "here")
                .help("name one that config declares: `agents \"claude\"`"),
        );
    }
    let repo = block.value("repo")?;
    let declared = known.repos.keys().map(RepoName::as_str);
    let is_declared = |name: &str| RepoName::parse(name).is_ok_and(|name| known.repos.contains_key(&name));
    refers(repo, is_declared, declared, &REPO, cx);
    let texts =
        |field: &str| block.list(field).iter().filter_map(|read| Some(read.text()?.to_owned())).collect();
    let task = Task {
        repo: RepoName::parse(repo.text()?).ok()?,
        prompt: block.text("prompt")?.0.to_owned(),
        agents: texts("agents"),
        attempts: block.count("attempts").unwrap_or(ATTEMPTS),
        continuations: block.count("continuations").unwrap_or(CONTINUATIONS),
        answer: answer(block, cx),
        paths: texts("paths"),
        may_weaken: block.flag("may-weaken").is_some_and(|(on, _)| on),
        follow_ups: block
            .text("follow-ups")
            .and_then(|(word, _)| FollowUps::by_word(word))
            .unwrap_or_default(),
        source: cx.source(block.span),
        subject: Subject::Task(name.clone()),
        work: None,
        play: None,
    };
    Some((name, task))
}

fn answer(block: &Block, cx: &mut Builder<'_>) -> Option<AnswerSchema> {
    let (text, span) = block.text("answer")?;
    match AnswerSchema::parse(text) {
        Ok(schema) => Some(schema),
        Err(says) => {
            let says = format!("the `answer` of {} can't be asked for: {says}", block.quoted());
            let help = "write the JSON Schema of an object, whole in itself: `{ \"type\": \"object\", \"properties\": { … } }`";
            cx.sink.push(Draft::error(code::MALFORMED, says).at(span, "this schema").help(help));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_defaults_are_used() {
        for (field, default) in [("attempts", ATTEMPTS), ("continuations", CONTINUATIONS)] {
            let documented = TASK.field(field).and_then(Field::default_json);
            assert_eq!(documented, Some(default.into()), "{field}");
        }
    }
}
