//! The log of what was done to the wiki: one record a line, one file a month, and lines are only ever added.
//!
//! Two branches that add lines merge as a union (`.gitattributes`: `log/*.jsonl merge=union`). Records have ids of their
//! own, so the order of lines doesn't matter, and a line that came twice counts once.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::language::ulid::Ulid;

/// The version of the spelling; it only grows.
const VERSION: u64 = 1;

/// After how many lines that are lost no more are looked for.
const MOST_LOST: usize = 20;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Op {
    /// An entry was added.
    Ingest,
    /// A further source said the same.
    Corroborate,
    /// Another entry took its place.
    Supersede,
    /// It no longer holds.
    Stale,
    /// Entries were made one.
    Compile,
    /// A citation was mended.
    Heal,
    /// It was taken away.
    Delete,
}

/// A record of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its own id.
    pub id: Ulid,
    /// When.
    pub at: Timestamp,
    /// What.
    pub op: Op,
    /// The entries that it was done to.
    pub entries: Vec<Ulid>,
    /// Why.
    pub reason: String,
}

/// What is wrong with a line, or with a change of the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct Lost {
    /// The line, from 1 on.
    pub line: usize,
    /// What is wrong with it, and what to do.
    pub what: String,
}

#[derive(Serialize, Deserialize)]
struct Line {
    v: u64,
    id: String,
    at: Timestamp,
    op: String,
    entries: Vec<String>,
    reason: String,
}

impl Op {
    const ALL: [Self; 7] = [
        Self::Ingest,
        Self::Corroborate,
        Self::Supersede,
        Self::Stale,
        Self::Compile,
        Self::Heal,
        Self::Delete,
    ];

    /// Its name as the log spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Corroborate => "corroborate",
            Self::Supersede => "supersede",
            Self::Stale => "stale",
            Self::Compile => "compile",
            Self::Heal => "heal",
            Self::Delete => "delete",
        }
    }
}

impl Operation {
    /// Its line, with what ends it.
    pub fn line(&self) -> String {
        let line = Line {
            v: VERSION,
            id: self.id.to_string(),
            at: self.at,
            op: self.op.name().to_owned(),
            entries: self.entries.iter().map(ToString::to_string).collect(),
            reason: self.reason.clone(),
        };
        format!("{}\n", serde_json::to_string(&line).expect("texts and numbers are JSON"))
    }
}

/// The file of a time's month, relative to the folder of the wiki.
pub fn path(at: Timestamp) -> String {
    format!("log/{}.jsonl", at.strftime("%Y-%m"))
}

/// The text of a log with a record added.
pub fn append(text: &str, operation: &Operation) -> String {
    let ends = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    format!("{text}{ends}{}", operation.line())
}

/// The records of a log by time, each once; and what is wrong, line by line. What can be read is read.
pub fn read(text: &str) -> (Vec<Operation>, Vec<Lost>) {
    let (mut records, mut lost, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match record(line) {
            Ok(record) if seen.insert(record.id) => records.push(record),
            Ok(_) => {}
            Err(what) => lost.push(Lost { line: at + 1, what }),
        }
    }
    records.sort_by_key(|record: &Operation| (record.at, record.id));
    (records, lost)
}

/// The records that a change of a log adds; or each line of the old text that the new one lacks or has elsewhere.
///
/// New lines may stand between old ones, as they do after a merge of two branches.
pub fn appended(old: &str, new: &str) -> Result<Vec<Operation>, Vec<Lost>> {
    let mut lost = Vec::new();
    let mut rest = new.lines();
    for (at, line) in old.lines().enumerate() {
        if lost.len() >= MOST_LOST {
            break;
        }
        let from_here = rest.clone();
        if !rest.any(|candidate| candidate == line) {
            // The search starts where it stood, so that one lost line isn't told as many.
            rest = from_here;
            let what =
                "is changed, moved or gone; put it back, and add what is to be said as a new line".to_owned();
            lost.push(Lost { line: at + 1, what });
        }
    }
    let (before, _) = read(old);
    let (after, unread) = read(new);
    let known: BTreeSet<&str> = old.lines().collect();
    let fresh = |lost: &Lost| new.lines().nth(lost.line - 1).is_none_or(|line| !known.contains(line));
    lost.extend(unread.into_iter().filter(fresh));
    if lost.is_empty() {
        let before: BTreeSet<Ulid> = before.iter().map(|record| record.id).collect();
        Ok(after.into_iter().filter(|record| !before.contains(&record.id)).collect())
    } else {
        Err(lost)
    }
}

fn record(line: &str) -> Result<Operation, String> {
    if ["<<<<<<<", "=======", ">>>>>>>", "|||||||"].iter().any(|mark| line.starts_with(mark)) {
        return Err(
            "is left over from a merge; keep the lines of both sides, and take the marks away".to_owned()
        );
    }
    let value: Value =
        serde_json::from_str(line).map_err(|_| "is no JSON; restore it from history".to_owned())?;
    let version = value.get("v").and_then(Value::as_u64);
    if version.is_some_and(|version| version > VERSION) {
        return Err(format!("was written by a newer version (v is above {VERSION}); update this program"));
    }
    let whole =
        |_| "is no record: v, id, at, op, entries and reason are needed; restore it from history".to_owned();
    let line: Line = serde_json::from_value(value).map_err(whole)?;
    let op = Op::ALL.into_iter().find(|op| op.name() == line.op);
    let id = |text: &String| text.parse::<Ulid>().map_err(|error| format!("has an id that is none: {error}"));
    Ok(Operation {
        id: id(&line.id)?,
        at: line.at,
        op: op.ok_or_else(|| {
            format!("has an `op` that nobody knows; there are {}", Op::ALL.map(Op::name).join(", "))
        })?,
        entries: line.entries.iter().map(id).collect::<Result<_, _>>()?,
        reason: line.reason,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn operation(n: u8) -> Operation {
        let at = Timestamp::from_second(1_800_000_000 + i64::from(n)).unwrap();
        let entry = Ulid::new(at, [7; 10]);
        Operation {
            id: Ulid::new(at, [n; 10]),
            at,
            op: Op::Ingest,
            entries: vec![entry],
            reason: format!("no. {n}"),
        }
    }

    fn text(of: &[u8]) -> String {
        of.iter().fold(String::new(), |text, n| append(&text, &operation(*n)))
    }

    #[test]
    fn a_record_is_a_line() {
        insta::assert_snapshot!(text(&[1]), @r#"
        {"v":1,"id":"01MCC5RMZ8040G2081040G2081","at":"2027-01-15T08:00:01Z","op":"ingest","entries":["01MCC5RMZ80W3GE1R70W3GE1R7"],"reason":"no. 1"}
        "#);
        assert_eq!(path(operation(1).at), "log/2027-01.jsonl");
        assert_eq!(append("a", &operation(1)), format!("a\n{}", operation(1).line()));
    }

    #[test]
    fn lines_are_only_added() {
        let broken = format!("{}{{\n", text(&[1]));
        let rows = [
            ("nothing new", text(&[1, 2]), text(&[1, 2]), "adds"),
            ("one more", text(&[1]), text(&[1, 2]), "adds no. 2"),
            ("in between, as a merge does", text(&[1, 3]), text(&[1, 2, 3]), "adds no. 2"),
            ("the same line twice", text(&[1, 2]), text(&[1, 2, 2]), "adds"),
            (
                "one is gone",
                text(&[1, 2, 3]),
                text(&[1, 3]),
                "line 2: is changed, moved or gone; put it back, and add what is to be said as a new line",
            ),
            (
                "one is changed",
                text(&[1]),
                text(&[1]).replace("no. 1", "no. 9"),
                "line 1: is changed, moved or gone; put it back, and add what is to be said as a new line",
            ),
            (
                "moved",
                text(&[1, 2]),
                text(&[2, 1]),
                "line 2: is changed, moved or gone; put it back, and add what is to be said as a new line",
            ),
            ("broken", text(&[1]), broken.clone(), "line 2: is no JSON; restore it from history"),
            ("broken before", broken.clone(), format!("{broken}{}", operation(2).line()), "adds no. 2"),
            (
                "half a merge",
                text(&[1]),
                format!("{}<<<<<<< ours\n", text(&[1])),
                "line 2: is left over from a merge; keep the lines of both sides, and take the marks away",
            ),
            (
                "newer",
                String::new(),
                "{\"v\": 2}".into(),
                "line 1: was written by a newer version (v is above 1); update this program",
            ),
        ];
        for (name, old, new, expected) in rows {
            let told = match appended(&old, &new) {
                Ok(added) => {
                    let reasons: Vec<String> = added.into_iter().map(|record| record.reason).collect();
                    format!("adds {}", reasons.join(", ")).trim().to_owned()
                }
                Err(lost) => lost.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
            };
            assert_eq!(told, expected, "{name}");
        }
    }

    #[test]
    fn fields_of_others_are_let_be() {
        let line = operation(1).line().replace("\"v\":1", "\"v\":1,\"by\":\"x\"");
        assert_eq!(read(&line), (vec![operation(1)], vec![]));
    }

    proptest! {
        #[test]
        fn a_union_of_branches_loses_nothing(base in prop::collection::vec(0_u8..50, 0..5), ours in prop::collection::vec(50_u8..99, 0..5), theirs in prop::collection::vec(100_u8..150, 0..5)) {
            let branch = |more: &[u8]| text(&[&base[..], more].concat());
            let merged = text(&[&base[..], &ours[..], &theirs[..]].concat());
            for side in [&ours, &theirs] {
                prop_assert!(appended(&branch(side), &merged).is_ok());
            }
            let all: BTreeSet<u8> = base.iter().chain(&ours).chain(&theirs).copied().collect();
            prop_assert_eq!(read(&merged).0, all.into_iter().map(operation).collect::<Vec<_>>());
        }

        #[test]
        fn any_text_is_read(a in "(\\{|\\}|\"|v|:|1|\\n|[a-z]){0,40}", b in "(.|\\n){0,40}") {
            let _ = (read(&a), appended(&a, &b));
        }
    }
}
