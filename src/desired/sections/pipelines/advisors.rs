//! `advisor`: who is asked besides those who review, when, and what its word counts for.

use std::collections::BTreeMap;

use crate::desired::block::Block;
use crate::desired::diagnostic::{Draft, code};
use crate::desired::shape::{Field, Kind, Repeat, Type};
use crate::model::{Advisor, AdvisorRole, AgentConfig, AskedWhen, Authority, OnFailure};

use super::super::refers::{AGENT, refers};
use super::Builder;
use super::globs::{GLOBS, globs};

const CONSULTS: u32 = 5;
/// What only some of them have, and which.
const ONLY: [(&str, AdvisorRole); 5] = [
    ("reworked", AdvisorRole::PreFlight),
    ("lines", AdvisorRole::PreFlight),
    ("paths", AdvisorRole::PreFlight),
    ("consults", AdvisorRole::MidFlight),
    ("authority", AdvisorRole::PostVerify),
];

pub(super) static ADVISOR: Kind = Kind {
    name: "advisor",
    about: "Who is asked besides those who review; nobody is that isn't named, but for `post-verify` where a pull request changes what `judges` names. `pre-flight` looks at each head before it is reviewed, and says what to look at. `mid-flight` answers what a reviewer can't judge by itself. `post-verify` looks last, after the reviews passed and before anything lands, and may have a veto. What each is told stands in the playbook of its name. None ever approves on GitHub.",
    key: Some(
        Field::new("name", Type::Word(AdvisorRole::WORDS), "Which one.", "\"post-verify\"").required(),
    ),
    fields: &[
        Field::new(
            "agents",
            Type::List { of: &Type::Name, max: 10 },
            "Who may be it, the preferred one first; those of its playbook, else of the pipeline, unless it is given.",
            "\"claude\"",
        ),
        Field::new(
            "authority",
            Type::Word(Authority::WORDS),
            "Of `post-verify`. `veto`: what it has a veto on is reworked and doesn't land. `advice`: its verdict is shown. Where a pull request changes what `judges` names, it is `veto` whatever stands here.",
            "\"veto\"",
        )
        .or("\"veto\""),
        Field::new(
            "on-failure",
            Type::Word(OnFailure::WORDS),
            "What it means that its runs failed or answered off their form. `open`: it is passed over, which the ledger and the issue tell. `veto`: nothing goes on, and a person has to look; it costs whoever made the change no attempt. Unless it is given, `veto` for a `post-verify` with a veto, and `open` for all others.",
            "\"veto\"",
        ),
        Field::new(
            "reworked",
            Type::Flag,
            "Of `pre-flight`: it is asked once a pull request was reworked. Where none of this, `lines` and `paths` is given, it is asked always, else where one of them holds.",
            "#true",
        )
        .or("#false"),
        Field::new(
            "lines",
            Type::Int { min: 0, max: 1_000_000 },
            "Of `pre-flight`: it is asked where more lines than these are added and removed.",
            "20",
        ),
        Field::new(
            "paths",
            GLOBS,
            "Of `pre-flight`: it is asked where one of these files is changed, as globs in which `*` stops at `/` and `**` doesn't.",
            "\"src/core/**\"",
        ),
        Field::new(
            "consults",
            Type::Int { min: 1, max: 20 },
            "Of `mid-flight`: how often one review may consult it.",
            "5",
        )
        .or("5"),
    ],
    repeat: Repeat::ByKey,
    example: "advisor \"post-verify\" {\n    agents \"claude\"\n    authority \"veto\"\n    on-failure \"veto\"\n}",
    ..Kind::EMPTY
};

pub(super) fn build(
    block: &Block,
    agents: &BTreeMap<String, AgentConfig>,
    cx: &mut Builder<'_>,
) -> Option<(AdvisorRole, Advisor)> {
    let role = AdvisorRole::by_word(block.key())?;
    for agent in block.list("agents") {
        let declared = agents.keys().map(String::as_str);
        refers(agent, |name| agents.contains_key(name), declared, &AGENT, cx);
    }
    misplaced(block, role, cx);
    let word = |field: &str| block.text(field).map(|(word, _)| word);
    let authority = word("authority").and_then(Authority::by_word).unwrap_or(Authority::Veto);
    let advisor = Advisor {
        agents: block.list("agents").iter().filter_map(|read| Some(read.text()?.to_owned())).collect(),
        authority,
        on_failure: word("on-failure").and_then(OnFailure::by_word).unwrap_or(otherwise(role, authority)),
        when: AskedWhen {
            reworked: block.flag("reworked").is_some_and(|(is, _)| is),
            lines: block.count("lines"),
            paths: globs(block, "paths", cx),
        },
        consults: block.count("consults").unwrap_or(CONSULTS),
        source: cx.source(block.span),
    };
    Some((role, advisor))
}

/// What a failure means unless config says so: who may have a veto has one until it has said otherwise.
fn otherwise(role: AdvisorRole, authority: Authority) -> OnFailure {
    match (role, authority) {
        (AdvisorRole::PostVerify, Authority::Veto) => OnFailure::Veto,
        (AdvisorRole::PreFlight | AdvisorRole::MidFlight | AdvisorRole::PostVerify, _) => OnFailure::Open,
    }
}

fn misplaced(block: &Block, role: AdvisorRole, cx: &mut Builder<'_>) {
    for (field, of) in ONLY {
        let Some(given) = block.given(field).filter(|_| of != role) else { continue };
        let says = format!("{} says `{field}`, which only `{}` makes use of", block.quoted(), of.as_str());
        cx.sink.push(
            Draft::warning(code::NO_EFFECT, says)
                .at(given.span, "has no effect")
                .help(format!("remove it, or write it in `advisor {:?}`", of.as_str())),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_defaults_are_used() {
        for (field, default) in [
            ("authority", Authority::Veto.as_str().into()),
            ("reworked", false.into()),
            ("consults", CONSULTS.into()),
        ] {
            assert_eq!(ADVISOR.field(field).and_then(Field::default_json), Some(default), "{field}");
        }
    }
}
