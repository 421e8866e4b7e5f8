//! Configs for tests: files from text, and a vocabulary with one loop that has settings of its own.

use std::time::Duration;

use super::shape::{DAY, Field, Kind, LoopShape, MINUTE, Type, Vocabulary};
use crate::model::{ConfigFile, ConfigFiles};

/// The settings of the loop `stale`.
static STALE: Kind = Kind {
    name: "stale",
    fields: &[
        Field::new(
            "stale-after",
            Type::Duration { min: MINUTE, max: 365 * DAY },
            "When an issue is stale.",
            "\"30d\"",
        )
        .or("\"30d\""),
        Field::new("max-per-tick", Type::Int { min: 1, max: 100 }, "How many at once.", "10").or("10"),
        Field::new(
            "exempt",
            Type::List { of: &Type::Label, max: 20 },
            "Labels that are left alone.",
            "\"pinned\"",
        )
        .or("\"pinned\""),
        Field::new("comment", Type::Flag, "Whether it says why.", "#false").or("#true"),
    ],
    ..Kind::EMPTY
};

/// The vocabulary on the first of June 2026.
pub(super) fn vocabulary() -> Vocabulary {
    Vocabulary {
        loops: vec![
            LoopShape {
                name: "labels",
                about: "Makes labels as config wants them.",
                default_every: Some(Duration::from_mins(5)),
                kind: &Kind::EMPTY,
            },
            LoopShape {
                name: "repository-settings",
                about: "Settings.",
                default_every: None,
                kind: &Kind::EMPTY,
            },
            LoopShape {
                name: "stale",
                about: "Closes stale issues.",
                default_every: Some(Duration::from_hours(1)),
                kind: &STALE,
            },
        ],
        rules: vec!["anchor", "coverage"],
        guards: &[
            "deletes",
            "weakening",
            "visibility",
            "archives",
            "total",
            "percent",
            "protected",
            "kill-switch",
        ],
        today: jiff::civil::date(2026, 6, 1),
    }
}

/// A state with these files.
pub(super) fn files<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> ConfigFiles {
    let files = files
        .into_iter()
        .map(|(path, text)| ConfigFile { path: path.to_owned(), bytes: text.as_bytes().to_vec() });
    ConfigFiles { files: files.collect(), ..ConfigFiles::default() }
}
