//! `merge-policy`: what may land, and how.

use std::time::Duration;

use crate::desired::block::Block;
use crate::desired::diagnostic::{Draft, code};
use crate::desired::shape::{DAY, Field, Kind, Repeat, Type, Value};
use crate::model::{Graduation, MergeMethod, MergeMode, MergePolicy, REVIEW_STATUS, RequiredCheck};

use super::Builder;
use super::freeze::{self, FREEZE};
use super::globs::{GLOBS, globs, texts};

const UPDATES: u32 = 5;
const MODE: MergeMode = MergeMode::Never;
const METHOD: MergeMethod = MergeMethod::Squash;
const NAME: Type = Type::Text { max: 200 };
const COUNT: Type = Type::Limit { max: 1_000_000 };

static CHECK: Kind = Kind {
    name: "check",
    about: "A check that must have passed, reported by a certain App: whoever may write a status can call it what they like.",
    key: Some(Field::new("name", NAME, "Its name or context.", "\"ci\"").required()),
    fields: &[Field::new(
        "app",
        Type::Int { min: 1, max: i64::MAX },
        "The id of the App that must have reported it; whoever did unless it is given.",
        "12345",
    )],
    repeat: Repeat::ByKey,
    most: 100,
    example: "check \"ci\" app=12345",
    ..Kind::EMPTY
};

static GRADUATION: Kind = Kind {
    name: "graduation",
    about: "What the ledger must hold before anything is merged; until then the factory says what is missing.",
    fields: &[
        Field::new(
            "clean-prs",
            Type::Int { min: 0, max: 1_000 },
            "How many pull requests of the factory must have landed as they were.",
            "3",
        )
        .or("0"),
        Field::new(
            "soak",
            Type::Duration { min: 1, max: 365 * DAY },
            "For how long the factory must have run without a restart.",
            "\"8h\"",
        ),
        Field::new(
            "max-rss-drift",
            Type::Int { min: 1, max: 1 << 20 },
            "By how many MiB its memory may have grown in that time.",
            "8",
        ),
        Field::new(
            "approved-by",
            Type::Name,
            "The login of whoever must have approved the policy as it reads, with `factoryctl policy approve`.",
            "\"ann\"",
        ),
    ],
    example: "graduation clean-prs=3 soak=\"8h\" max-rss-drift=8 approved-by=\"ann\"",
    ..Kind::EMPTY
};

pub(in crate::desired::sections) static MERGE_POLICY: Kind = Kind {
    name: "merge-policy",
    about: "What of the factory's work may land, and how. It has no effect until a `pipeline`, a `repo`, a `group` or `defaults` names it.",
    key: Some(Field::new("name", Type::Name, "The policy's name.", "\"guarded\"").required()),
    fields: &[
        Field::new(
            "mode",
            Type::Word(MergeMode::WORDS),
            "`never`: people merge. `on-green`: what passed the required checks is merged. `on-green-with-review`: what somebody else than its author approved besides. The last two need a required check.",
            "\"on-green-with-review\"",
        )
        .or("\"never\""),
        Field::new("method", Type::Word(MergeMethod::WORDS), "How it is merged.", "\"squash\"").or("\"squash\""),
        Field::new(
            "require-checks",
            Type::List { of: &NAME, max: 100 },
            "The names of the checks that must have passed at the head, whoever reported them. One that never reports is never green.",
            "\"ci\" \"lint\"",
        ),
        Field::new("max-files", COUNT, "How many files a pull request may change; a larger one is a person's.", "50")
            .or("#null"),
        Field::new("max-lines", COUNT, "How many lines it may add and remove together.", "2000").or("#null"),
        Field::new(
            "people-paths",
            GLOBS,
            "The files that only a person merges a change of, as globs in which `*` stops at `/` and `**` doesn't.",
            "\"deploy/**\"",
        ),
        Field::new(
            "updates",
            Type::Int { min: 0, max: 100 },
            "How often the branch of a pull request is brought up to its base where that moved on, until somebody says `/retry`; 0 leaves it to people.",
            "5",
        )
        .or("5"),
    ],
    children: &[&CHECK, &FREEZE, &GRADUATION],
    repeat: Repeat::ByKey,
    example: "merge-policy \"guarded\" {\n    mode \"on-green-with-review\"\n    method \"squash\"\n    require-checks \"lint\"\n    check \"ci\" app=12345\n    freeze \"Fri 16:00..Mon 08:00\" tz=\"Europe/Berlin\"\n    max-files 50\n    people-paths \"deploy/**\"\n    graduation clean-prs=3 soak=\"8h\" max-rss-drift=8 approved-by=\"ann\"\n}",
    ..Kind::EMPTY
};

pub(super) fn build(block: &Block, cx: &mut Builder<'_>) -> Option<(String, MergePolicy)> {
    let name = block.key().to_owned();
    if name.is_empty() {
        return None;
    }
    let policy = MergePolicy {
        mode: block.text("mode").and_then(|(word, _)| MergeMode::by_word(word)).unwrap_or(MODE),
        method: block.text("method").and_then(|(word, _)| MergeMethod::by_word(word)).unwrap_or(METHOD),
        checks: checks(block, cx),
        max_files: block.count("max-files"),
        max_lines: block.count("max-lines"),
        people_paths: globs(block, "people-paths", cx),
        freezes: block.each(FREEZE.name).filter_map(|block| freeze::build(block, cx)).collect(),
        updates: block.count("updates").unwrap_or(UPDATES),
        graduation: block.child(GRADUATION.name).map(graduation).unwrap_or_default(),
        source: cx.source(block.span),
        name: name.clone(),
    };
    let wrong = block.given("require-checks").is_some_and(|given| !given.good);
    if policy.mode != MergeMode::Never && policy.checks.is_empty() && !wrong {
        never_green(block, policy.mode, cx);
    }
    if policy.checks.iter().any(|check| check.name == REVIEW_STATUS) {
        waits_for_itself(block, cx);
    }
    Some((name, policy))
}

/// Those of `require-checks`, and of `check`, which says more of the same one.
fn checks(block: &Block, cx: &mut Builder<'_>) -> Vec<RequiredCheck> {
    let mut all: Vec<RequiredCheck> = texts(block, "require-checks", cx)
        .into_iter()
        .map(|name| RequiredCheck { name, app: None })
        .collect();
    for block in block.each(CHECK.name) {
        let name = block.key().to_owned();
        if name.trim().is_empty() {
            if !block.key.is_empty() {
                let blank = Draft::error(code::MALFORMED, "the name of a `check` is blank");
                cx.sink.push(
                    blank
                        .at(block.key_span(), "says nothing")
                        .help("write its name or context: `check \"ci\"`"),
                );
            }
            continue;
        }
        let app = block
            .value("app")
            .and_then(|read| if let Value::Int(id) = read.value { u64::try_from(id).ok() } else { None });
        all.retain(|there| there.name != name);
        all.push(RequiredCheck { name, app });
    }
    all
}

fn graduation(block: &Block) -> Graduation {
    Graduation {
        clean_pulls: block.count("clean-prs").unwrap_or(0),
        soak: block.value("soak").and_then(|read| {
            if let Value::Seconds(n) = read.value { Some(Duration::from_secs(n)) } else { None }
        }),
        drift: block.count("max-rss-drift").map(|mib| i64::from(mib) * 1024),
        approved_by: block.text("approved-by").map(|(login, _)| login.to_owned()),
    }
}

fn never_green(block: &Block, mode: MergeMode, cx: &mut Builder<'_>) {
    let at = block.value("mode").map_or(block.key_span(), |read| read.span);
    let says = format!(
        "{} is `{}` and requires no check: an empty set is never green",
        block.quoted(),
        mode.as_str()
    );
    cx.sink.push(
        Draft::error(code::NEVER_GREEN, says).at(at, "nothing would ever be merged").help(
            "name the checks that must have passed, `require-checks \"ci\"`, or write `mode \"never\"`",
        ),
    );
}

/// What the factory says itself after the checks would be one of those that it waits for.
fn waits_for_itself(block: &Block, cx: &mut Builder<'_>) {
    let says = format!("{} requires `{REVIEW_STATUS}`, which the factory reports itself", block.quoted());
    cx.sink.push(
        Draft::error(code::NEVER_GREEN, says)
            .at(block.key_span(), "it would wait for itself: reviews come after the checks that are required")
            .help("leave it out: nothing lands before the reviews of its head have passed"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_defaults_are_used() {
        for (field, default) in [
            ("mode", MODE.as_str().into()),
            ("method", METHOD.as_str().into()),
            ("updates", UPDATES.into()),
            ("max-files", serde_json::Value::Null),
            ("max-lines", serde_json::Value::Null),
        ] {
            assert_eq!(MERGE_POLICY.field(field).and_then(Field::default_json), Some(default), "{field}");
        }
    }
}
