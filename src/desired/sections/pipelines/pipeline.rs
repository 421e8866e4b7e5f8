//! `pipeline`: which issues are worked on, through which phases, and what is not an agent's to decide.

use std::collections::{BTreeMap, BTreeSet};

use crate::desired::block::{Block, Read};
use crate::desired::diagnostic::{Draft, code};
use crate::desired::shape::{Field, Kind, Repeat, Type};
use crate::desired::text::shorten;
use crate::model::{
    AgentConfig, Epics, JUDGES, LabelName, Mark, MergePolicy, Permission, Phase, Pipeline, Reserved,
};

use super::super::refers::{AGENT, MERGE_POLICY, refers};
use super::Builder;
use super::advisors::{self, ADVISOR};
use super::globs::{GLOBS, globs, texts};
use super::router::{self, ROUTER};

const PREFIX: &str = "factory:";
/// The phases that may be left out.
const OPTIONAL: &[Phase] = &[Phase::Triage, Phase::Discover, Phase::Shape, Phase::Plan, Phase::Review];
const OPTIONAL_WORDS: &[&str] = &["triage", "discover", "shape", "plan", "review"];
const THIN: u32 = 80;
const WRITES: u32 = 20;
const ROUTE_BACKS: u32 = 6;
const WAITING_PULLS: u32 = 20;
const EPICS: Epics = Epics::Person;
pub(super) const LABELS: Type = Type::List { of: &Type::Label, max: 20 };

static RESERVED: Kind = Kind {
    name: "reserved",
    about: "Decisions that are people's: an issue with one of these goes to a person, and no agent works on it.",
    fields: &[
        Field::new("labels", LABELS, "Labels of issues.", "\"needs-decision\""),
        Field::new(
            "words",
            Type::List { of: &Type::Text { max: 100 }, max: 100 },
            "Words in title or text; whole ones, whatever their case.",
            "\"pricing\" \"licence\"",
        ),
        Field::new(
            "paths",
            GLOBS,
            "Paths that title or text name, as globs in which `*` stops at `/` and `**` doesn't.",
            "\"legal/**\"",
        ),
    ],
    example: "reserved {\n    labels \"needs-decision\"\n    words \"pricing\" \"licence\"\n    paths \"legal/**\"\n}",
    ..Kind::EMPTY
};

pub(in crate::desired::sections) static PIPELINE: Kind = Kind {
    name: "pipeline",
    about: "The way of an issue to a pull request that lands: which issues are taken in, through which phases they go, who works on them, and what is not an agent's to decide. It has no effect until a `repo`, a `group` or `defaults` names it.",
    key: Some(Field::new("name", Type::Name, "The pipeline's name.", "\"standard\"").required()),
    fields: &[
        Field::new(
            "intake",
            LABELS,
            "Labels, each of which gives an issue to it, where somebody trusted set it. Without any, and without `assignee` and `search`, no issue is taken in.",
            "\"factory:please\"",
        ),
        Field::new("assignee", Type::Name, "The login whose assignment gives an issue to it.", "\"factory-bot\""),
        Field::new(
            "search",
            Type::Text { max: 200 },
            "A search of GitHub that finds issues for it, in the words of GitHub's search: the repository, and that it is an open issue, are added. Who wrote or last edited the text needs `trust`.",
            "\"label:bug no:assignee\"",
        ),
        Field::new(
            "prefix",
            Type::Text { max: 30 },
            "What the names of its own labels begin with; `plan`, `hold` and so on follow.",
            "\"factory:\"",
        )
        .or("\"factory:\""),
        Field::new(
            "phases",
            Type::List { of: &Type::Word(OPTIONAL_WORDS), max: 5 },
            "The phases that issues go through besides implement and merge, which are always there.",
            "\"triage\" \"plan\" \"review\"",
        )
        .or("\"triage\" \"discover\" \"shape\" \"plan\" \"review\""),
        Field::new(
            "agents",
            Type::List { of: &Type::Name, max: 10 },
            "Who does what playbooks leave open, the preferred one first. The next one takes over while an account has no quota left or isn't let in.",
            "\"claude\"",
        ),
        Field::new(
            "merge-policy",
            Type::Name,
            "What may land, and how, where a repository doesn't say so itself. Without it nothing is merged.",
            "\"guarded\"",
        ),
        Field::new(
            "thin",
            Type::Int { min: 0, max: 10_000 },
            "Fewer characters of text than these, and no word of how one sees that it is done, make an issue a thin one: `discover` finds out more of it; where that isn't gone through, its author is asked back.",
            "80",
        )
        .or("80"),
        Field::new(
            "judges",
            GLOBS,
            "The files that the factory is judged by, as globs. A pull request that changes one of them is looked at by the advisor `post-verify`, with a veto, whether or not it is declared, and by another agent than made it where there is one; what passes it is a person's to merge.",
            "\"ci/**\" \".github/**\"",
        )
        .or("\".github/**\""),
        Field::new(
            "trust",
            Type::Word(Permission::WORDS),
            "What people must be allowed to do in the repository for an intake label or a comment of theirs to count.",
            "\"write\"",
        )
        .or("\"write\""),
        Field::new(
            "writes",
            Type::Int { min: 1, max: 1_000 },
            "How many times the factory may write on one issue within an hour.",
            "20",
        )
        .or("20"),
        Field::new(
            "route-backs",
            Type::Int { min: 0, max: 100 },
            "How many times a pull request goes back to an agent, whatever is amiss with it: a check, a review, a conflict, what people ask for. Then it is a person's turn; each `/retry` allows as many again. Each playbook's `attempts` are its own cap besides.",
            "6",
        )
        .or("6"),
        Field::new(
            "waiting-pulls",
            Type::Int { min: 1, max: 10_000 },
            "While so many pull requests of a repository wait for nothing but their turn to land, no other issue of it is begun to be implemented: what is built on an older base has to be brought up to date, and tested once more, for each that lands before it.",
            "20",
        )
        .or("20"),
        Field::new(
            "epics",
            Type::Word(Epics::WORDS),
            "What becomes of an issue with sub-issues once all of them are closed: `person`: its comment says so, and it is a person's to close. `close`: it is closed.",
            "\"close\"",
        )
        .or("\"person\""),
    ],
    children: &[&RESERVED, &ROUTER, &ADVISOR],
    repeat: Repeat::ByKey,
    example: "pipeline \"standard\" {\n    intake \"factory:please\"\n    agents \"claude\"\n    merge-policy \"guarded\"\n    reserved {\n        words \"pricing\" \"licence\"\n        paths \"legal/**\"\n    }\n}",
    ..Kind::EMPTY
};

/// What a pipeline may refer to.
pub(super) struct Known<'a> {
    pub(super) agents: &'a BTreeMap<String, AgentConfig>,
    pub(super) policies: &'a BTreeMap<String, MergePolicy>,
}

pub(super) fn build(block: &Block, known: &Known<'_>, cx: &mut Builder<'_>) -> Option<(String, Pipeline)> {
    let name = block.key().to_owned();
    if name.is_empty() {
        return None;
    }
    for agent in block.list("agents") {
        let declared = known.agents.keys().map(String::as_str);
        refers(agent, |name| known.agents.contains_key(name), declared, &AGENT, cx);
    }
    if let Some(policy) = block.value("merge-policy") {
        let declared = known.policies.keys().map(String::as_str);
        refers(policy, |name| known.policies.contains_key(name), declared, &MERGE_POLICY, cx);
    }
    let pipeline = Pipeline {
        intake: labels(block, "intake"),
        assignee: block.text("assignee").map(|(login, _)| login.to_owned()),
        search: search(block, cx),
        prefix: prefix(block, cx),
        phases: phases(block),
        agents: block.list("agents").iter().filter_map(|read| Some(read.text()?.to_owned())).collect(),
        merge_policy: block.text("merge-policy").map(|(name, _)| name.to_owned()),
        thin: block.count("thin").unwrap_or(THIN),
        reserved: block.child(RESERVED.name).map(|block| reserved(block, cx)).unwrap_or_default(),
        judges: match block.given("judges") {
            Some(_) => globs(block, "judges", cx),
            None => vec![JUDGES.to_owned()],
        },
        advisors: block
            .each(ADVISOR.name)
            .filter_map(|block| advisors::build(block, known.agents, cx))
            .collect(),
        trust: block
            .text("trust")
            .and_then(|(word, _)| Permission::by_word(word))
            .unwrap_or(Permission::Write),
        writes: block.count("writes").unwrap_or(WRITES),
        route_backs: block.count("route-backs").unwrap_or(ROUTE_BACKS),
        waiting_pulls: block.count("waiting-pulls").unwrap_or(WAITING_PULLS),
        epics: block.text("epics").and_then(|(word, _)| Epics::by_word(word)).unwrap_or(EPICS),
        router: block.child(ROUTER.name).map(|block| router::build(block, cx)),
        source: cx.source(block.span),
        name: name.clone(),
    };
    takes_in(block, &pipeline, cx);
    Some((name, pipeline))
}

pub(super) fn labels(block: &Block, field: &str) -> Vec<LabelName> {
    block.list(field).iter().filter_map(|read| LabelName::parse(read.text()?).ok()).collect()
}

/// Every label of the pipeline has to be one that GitHub takes.
fn prefix(block: &Block, cx: &mut Builder<'_>) -> String {
    let Some((prefix, span)) = block.text("prefix") else { return PREFIX.to_owned() };
    let bad = Mark::all().find_map(|mark| LabelName::parse(&format!("{prefix}{}", mark.word())).err());
    let says = match bad {
        Some(error) => format!("no label can begin with the `prefix` of {}: {error}", block.quoted()),
        None if prefix.is_empty() => {
            format!("with the `prefix` of {} its labels are plain words, `done` and `plan`", block.quoted())
        }
        None => return prefix.to_owned(),
    };
    let draft = Draft::error(code::MALFORMED, says).at(span, "this prefix");
    cx.sink.push(draft.help(format!("write something that tells them from others: `prefix {PREFIX:?}`")));
    PREFIX.to_owned()
}

/// What a search may not say itself: where it looks, and that what it finds is an open issue, is not its to choose; and what
/// joins conditions would let it look elsewhere.
const NOT_ITS_OWN: &[&str] = &["repo:", "org:", "user:", "is:", "type:", "state:", "archived:", "sort:"];

fn search(block: &Block, cx: &mut Builder<'_>) -> Option<String> {
    let (words, span) = block.text("search")?;
    let mut parts = words.split_whitespace().map(|part| part.trim_start_matches('-'));
    let bad = parts.find(|part| {
        let joins = ["OR", "AND", "NOT"].contains(part) || part.contains(['(', ')']);
        joins || NOT_ITS_OWN.iter().any(|own| part.to_lowercase().starts_with(own))
    });
    let (says, help) = match bad {
        Some(part) => (
            format!("the `search` of {} says `{}`", block.quoted(), shorten(part)),
            "leave it out: it looks for open issues of the repository, and for all of its words: `label:bug no:assignee`",
        ),
        None if words.trim().is_empty() => (
            format!("the `search` of {} is empty", block.quoted()),
            "say what it finds: `label:bug no:assignee`",
        ),
        None => return Some(words.trim().to_owned()),
    };
    cx.sink.push(Draft::error(code::MALFORMED, says).at(span, "this search").help(help));
    None
}

fn phases(block: &Block) -> BTreeSet<Phase> {
    match block.given("phases") {
        Some(given) => given.values.iter().filter_map(|read| Phase::by_word(read.text()?)).collect(),
        None => OPTIONAL.iter().copied().collect(),
    }
}

fn reserved(block: &Block, cx: &mut Builder<'_>) -> Reserved {
    Reserved {
        labels: labels(block, "labels"),
        words: texts(block, "words", cx),
        paths: globs(block, "paths", cx),
    }
}

/// Warns of a filter that selects nothing, and refuses one that selects what the factory marks itself.
fn takes_in(block: &Block, pipeline: &Pipeline, cx: &mut Builder<'_>) {
    let wrong = ["intake", "assignee", "search"]
        .iter()
        .any(|field| block.given(field).is_some_and(|given| !given.good));
    let search = block.given("search").is_some();
    if pipeline.intake.is_empty() && pipeline.assignee.is_none() && !search && !wrong {
        let says = format!("{} has neither `intake` nor `assignee` nor `search`", block.quoted());
        cx.sink.push(
            Draft::warning(code::NO_EFFECT, says)
                .at(block.key_span(), "takes no issue in")
                .help("name a label that gives an issue to it: `intake \"factory:please\"`"),
        );
    }
    let own: Vec<String> = Mark::all().map(|mark| pipeline.label(mark).key()).collect();
    let is_own = |read: &&Read| read.text().is_some_and(|label| own.contains(&label.to_lowercase()));
    for read in block.list("intake").iter().filter(is_own) {
        let label = read.text().unwrap_or_default();
        let says = format!("{} takes in `{label}`, which is a label of its own", block.quoted());
        cx.sink.push(
            Draft::error(code::MALFORMED, says)
                .at(read.span, "marks where an issue is")
                .help(format!("take another one: `intake \"{}please\"`", pipeline.prefix)),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_defaults_are_used() {
        for (field, default) in [
            ("prefix", PREFIX.into()),
            ("thin", THIN.into()),
            ("judges", vec![JUDGES].into()),
            ("writes", WRITES.into()),
            ("route-backs", ROUTE_BACKS.into()),
            ("waiting-pulls", WAITING_PULLS.into()),
            ("trust", Permission::Write.as_str().into()),
            ("epics", EPICS.as_str().into()),
            ("phases", OPTIONAL.iter().map(|phase| phase.as_str()).collect::<serde_json::Value>()),
        ] {
            assert_eq!(PIPELINE.field(field).and_then(Field::default_json), Some(default), "{field}");
        }
        assert!(OPTIONAL.iter().map(|phase| phase.as_str()).eq(OPTIONAL_WORDS.iter().copied()));
    }
}
