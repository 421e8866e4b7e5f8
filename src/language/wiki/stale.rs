//! Whether an entry still holds, and why not. What nobody can tell never makes an entry stale.
//!
//! That the issue it came from is closed says nothing: most lessons are learnt where an issue ends.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;

use crate::language::code::{Answer, Code, Resolution};
use crate::language::suggest::listed;
use crate::model::RepoName;
use crate::model::language::Anchor;

use super::entry::{Entry, one_line};
use super::kinds::{CodeRef, Standing};
use crate::language::ulid::Ulid;

/// The most places that a doubt names.
const MOST_PLACES: usize = 5;

/// A pull request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pull {
    /// Its repository.
    pub repo: RepoName,
    /// Its number.
    pub number: u64,
}

/// What an entry is judged by.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// Now.
    pub now: Timestamp,
    /// The code that entries cite.
    pub code: &'a dyn Code,
    /// Pull requests of which it is known that they were reverted.
    pub reverted: &'a BTreeSet<Pull>,
}

/// Why an entry doesn't hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Another entry says it now.
    Superseded(Ulid),
    /// It is on record that it no longer does.
    Recorded(String),
    /// Its time is over.
    Expired(Timestamp),
    /// Its time hasn't come.
    NotYet(Timestamp),
    /// All of the code that it is about is gone.
    CodeGone(Vec<CodeRef>),
    /// The pull request that it was learnt from was reverted.
    Reverted(Pull),
}

/// What was found about an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Why it doesn't hold; empty: it does.
    pub reasons: Vec<Reason>,
    /// What couldn't be told.
    pub doubts: Vec<String>,
    /// What of the code that it is about is gone, as long as not all is.
    pub lost: Vec<CodeRef>,
    /// What of it is elsewhere, and where.
    pub moved: Vec<(CodeRef, CodeRef)>,
}

/// Where the code is that an entry is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Where the entry says.
    There,
    /// Elsewhere, or under another name.
    Moved(CodeRef),
    /// In one of several places.
    Several(Vec<Anchor>),
    /// Nowhere; what was probably meant.
    Gone(Option<String>),
    /// Nowhere, and it never was anywhere, as far as history is known; what was probably meant.
    Never(Option<String>),
    /// Nobody can tell, and why.
    Unknown(String),
}

/// Where the code is that an entry is about.
pub fn place(code_ref: &CodeRef, code: &dyn Code) -> Place {
    let (answer, never) = match code_ref {
        CodeRef::Symbol(anchor) => match code.resolve(anchor) {
            Resolution::Moved(to) | Resolution::Renamed { to, commit: _ } => {
                return Place::Moved(CodeRef::Symbol(to));
            }
            Resolution::Ambiguous(places) => return Place::Several(places),
            Resolution::Never => (code.resolves(anchor), true),
            Resolution::Resolves | Resolution::Perhaps(_) | Resolution::Gone | Resolution::Unindexed(_) => {
                (code.resolves(anchor), false)
            }
        },
        CodeRef::File(path) => match code.moved_file(path) {
            Some(to) => return Place::Moved(CodeRef::File(to)),
            None => (code.has_file(path), code.never_was(path)),
        },
    };
    match answer {
        Answer::Yes => Place::There,
        Answer::No { suggestion } if never => Place::Never(suggestion),
        Answer::No { suggestion } => Place::Gone(suggestion),
        Answer::Unknown { why } => Place::Unknown(why),
    }
}

impl Verdict {
    /// Whether the entry holds, as far as anybody can tell.
    pub fn is_current(&self) -> bool {
        self.reasons.is_empty()
    }

    /// What to put on record, if something was found that isn't yet.
    pub fn to_record(&self) -> Option<String> {
        let recorded = |reason: &Reason| match reason {
            Reason::Superseded(_) | Reason::Recorded(_) | Reason::NotYet(_) => true,
            Reason::Expired(_) | Reason::CodeGone(_) | Reason::Reverted(_) => false,
        };
        if self.reasons.is_empty() || self.reasons.iter().any(recorded) {
            return None;
        }
        Some(self.reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Superseded(by) => write!(f, "{by} says it now"),
            Self::Recorded(reason) => f.write_str(reason),
            Self::Expired(at) => write!(f, "it held until {at}"),
            Self::NotYet(at) => write!(f, "it holds from {at} on"),
            Self::CodeGone(refs) => {
                let names: Vec<String> = refs.iter().map(ToString::to_string).collect();
                write!(f, "the code that it is about is gone: {}", names.join(", "))
            }
            Self::Reverted(pull) => {
                write!(f, "{}#{}, which it was learnt from, was reverted", pull.repo, pull.number)
            }
        }
    }
}

/// Whether an entry was put on record as stale for the one reason that its code was gone, and some of that is there again.
pub fn is_back(entry: &Entry, code: &dyn Code) -> bool {
    let facts = entry.facts();
    let Standing::Stale { reason } = &facts.standing else { return false };
    *reason == one_line(&Reason::CodeGone(facts.code_refs.clone()).to_string())
        && facts.code_refs.iter().any(|code_ref| place(code_ref, code) == Place::There)
}

/// Judges an entry.
pub fn verdict(entry: &Entry, world: &World<'_>) -> Verdict {
    let facts = entry.facts();
    let mut verdict = Verdict::default();
    match &facts.standing {
        Standing::Active => {}
        Standing::Stale { reason } => verdict.reasons.push(Reason::Recorded(reason.clone())),
        Standing::Superseded { by } => verdict.reasons.push(Reason::Superseded(*by)),
    }
    if let Some(end) = facts.valid_to.filter(|end| *end <= world.now) {
        verdict.reasons.push(Reason::Expired(end));
    }
    if facts.valid_from > world.now {
        verdict.reasons.push(Reason::NotYet(facts.valid_from));
    }
    let pull = facts.source.pull.map(|number| Pull { repo: facts.source.repo.clone(), number });
    if let Some(pull) = pull.filter(|pull| world.reverted.contains(pull)) {
        verdict.reasons.push(Reason::Reverted(pull));
    }
    for code_ref in &facts.code_refs {
        match place(code_ref, world.code) {
            Place::There => {}
            Place::Moved(to) => verdict.moved.push((code_ref.clone(), to)),
            Place::Several(places) => {
                let places = listed(places.iter(), MOST_PLACES);
                verdict.doubts.push(format!("whether {code_ref} is there: it may be one of {places}"));
            }
            Place::Gone(_) => verdict.lost.push(code_ref.clone()),
            Place::Never(meant) => {
                let meant = meant.map_or_else(String::new, |meant| format!("; was `{meant}` meant?"));
                verdict
                    .doubts
                    .push(format!("{code_ref} isn't there, and never was as far as is known{meant}"));
            }
            Place::Unknown(why) => verdict.doubts.push(format!("whether {code_ref} is there: {why}")),
        }
    }
    if !facts.code_refs.is_empty() && verdict.lost.len() == facts.code_refs.len() {
        let lost = std::mem::take(&mut verdict.lost);
        verdict.reasons.push(Reason::CodeGone(lost));
    }
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::code::known::Known;
    use crate::language::wiki::sample::entry;
    use crate::model::samples::name;

    #[test]
    fn entries_hold_until_there_is_a_reason() {
        let code = Known {
            files: vec![("a.rs", vec!["A", "Two"]), ("d.rs", vec!["Two"])],
            unread: vec!["b.rs"],
            moved_files: [("old.rs".to_owned(), "d.rs".to_owned())].into(),
            ..Known::default()
        };
        let reverted = [Pull { repo: name("acme/widgets"), number: 7 }].into();
        let world = World { now: "2026-12-01T00:00:00Z".parse().unwrap(), code: &code, reverted: &reverted };
        let rows = [
            ("as it is", ""),
            (
                "of a pull request that stands",
                "source: {\"type\": \"review\", \"issue\": 7, \"pull\": 8, \"repo\": \"acme/widgets\"}",
            ),
            ("reverted", "source: {\"type\": \"review\", \"pull\": 7, \"repo\": \"acme/widgets\"}"),
            ("reverted elsewhere", "source: {\"type\": \"review\", \"pull\": 7, \"repo\": \"acme/other\"}"),
            ("expired to the second", "valid_to: \"2026-12-01T00:00:00Z\""),
            ("a second later", "valid_to: \"2026-12-01T00:00:01Z\""),
            ("not yet", "valid_from: \"2026-12-02\""),
            ("stale", "status: \"stale\"\nstale_reason: \"said so\""),
            ("superseded", "status: \"superseded\"\nsuperseded_by: \"01ARZ3NDEKTSV4RRFFQ69G5FAW\""),
            ("some code is gone", "code_refs: [\"a.rs:A\", \"a.rs:B\"]"),
            ("all code is gone", "code_refs: [\"c.rs\", \"a.rs:B\"]"),
            ("some code is elsewhere", "code_refs: [\"c.rs:A\", \"c.rs\", \"old.rs\"]"),
            ("it may be in several places", "code_refs: [\"c.rs:Two\"]"),
            ("nobody can tell", "code_refs: [\"c.rs\", \"b.rs:B\"]"),
            ("two reasons", "code_refs: [\"c.rs\"]\nvalid_to: \"2026-11-30\""),
        ];
        let told = |(name, facts): &(&str, &str)| {
            let verdict = verdict(&entry(1, "gotchas", "T", facts, "B"), &world);
            let lost: Vec<String> = verdict.lost.iter().map(ToString::to_string).collect();
            let reasons: Vec<String> = verdict.reasons.iter().map(ToString::to_string).collect();
            let record = verdict.to_record().map_or("", |_| " (to record)");
            let moved: Vec<String> =
                verdict.moved.iter().map(|(from, to)| format!("{from} → {to}")).collect();
            format!("{name}: {reasons:?}{record} doubts {:?} lost {lost:?} moved {moved:?}", verdict.doubts)
        };
        insta::assert_snapshot!(rows.iter().map(told).collect::<Vec<_>>().join("\n"), @r#"
        as it is: [] doubts [] lost [] moved []
        of a pull request that stands: [] doubts [] lost [] moved []
        reverted: ["acme/widgets#7, which it was learnt from, was reverted"] (to record) doubts [] lost [] moved []
        reverted elsewhere: [] doubts [] lost [] moved []
        expired to the second: ["it held until 2026-12-01T00:00:00Z"] (to record) doubts [] lost [] moved []
        a second later: [] doubts [] lost [] moved []
        not yet: ["it holds from 2026-12-02T00:00:00Z on"] doubts [] lost [] moved []
        stale: ["said so"] doubts [] lost [] moved []
        superseded: ["01ARZ3NDEKTSV4RRFFQ69G5FAW says it now"] doubts [] lost [] moved []
        some code is gone: [] doubts [] lost ["a.rs:B"] moved []
        all code is gone: ["the code that it is about is gone: c.rs, a.rs:B"] (to record) doubts [] lost [] moved []
        some code is elsewhere: [] doubts [] lost ["c.rs"] moved ["c.rs:A → a.rs:A", "old.rs → d.rs"]
        it may be in several places: [] doubts ["whether c.rs:Two is there: it may be one of `a.rs:Two`, `d.rs:Two`"] lost [] moved []
        nobody can tell: [] doubts ["whether b.rs:B is there: the file doesn't parse"] lost ["c.rs"] moved []
        two reasons: ["it held until 2026-11-30T00:00:00Z", "the code that it is about is gone: c.rs"] (to record) doubts [] lost [] moved []
        "#);
    }
}
