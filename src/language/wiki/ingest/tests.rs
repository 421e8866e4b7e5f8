//! What becomes of what was learnt.

use proptest::prelude::*;

use super::*;
use crate::language::wiki::{SourceKind, Topic};
use crate::model::samples::name;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn topics() -> Topics {
    let topic = |name: &str, keyword: &str| Topic { name: name.into(), keywords: vec![keyword.into()] };
    Topics { topics: vec![topic("testing", "test"), topic("gotchas", "beware")], default: "patterns".into() }
}

fn source(issue: u64) -> Source {
    Source { kind: SourceKind::Review, issue: Some(issue), pull: None, repo: name("acme/widgets") }
}

fn incoming(title: &str, body: &str, issue: u64) -> Incoming {
    Incoming {
        title: title.into(),
        body: body.into(),
        topic: None,
        source: source(issue),
        valid_for: None,
        confidence: Confidence::Medium,
        supersedes: Vec::new(),
        fixed_in_pr: None,
        code_refs: Vec::new(),
    }
}

/// A wiki in memory that what comes back is written to.
#[derive(Default)]
struct Wiki {
    entries: BTreeMap<String, Entry>,
    taken: u8,
}

impl Wiki {
    fn entries(&self) -> Vec<Entry> {
        self.entries.values().cloned().collect()
    }

    fn take(&mut self, incoming: &Incoming) -> Result<Ingested, Unfit> {
        self.taken += 1;
        let topics = topics();
        let cx = Cx { topics: &topics, now: at(self.taken.into()), random: [self.taken; 10] };
        let ingested = ingest(&self.entries(), incoming, &cx)?;
        for write in &ingested.writes {
            self.entries.insert(write.path.clone(), Entry::read(&write.path, &write.text).unwrap());
        }
        Ok(ingested)
    }
}

fn told(result: &Result<Ingested, Unfit>) -> String {
    match result {
        Err(unfit) => unfit.to_string(),
        Ok(ingested) => {
            let ops: Vec<&str> = ingested.operations.iter().map(|operation| operation.op.name()).collect();
            let outcome = match ingested.outcome {
                Outcome::Added(_) => "added",
                Outcome::Corroborated(_) => "corroborated",
                Outcome::Known(_) => "known",
                Outcome::Superseded(_) => "superseded",
            };
            format!("{outcome}, {} files, {ops:?}", ingested.writes.len())
        }
    }
}

#[test]
fn what_is_learnt_becomes_an_entry() {
    let mut wiki = Wiki::default();
    let code_refs = vec!["src/a.rs:Guard".parse().unwrap(), "src/b.rs".parse().unwrap()];
    let ingested = wiki
        .take(&Incoming {
            valid_for: Some("6mo".into()),
            fixed_in_pr: Some(7),
            code_refs,
            ..incoming("Beware of \"guards\"\n", "They hold back.\n\n**Why:** because.\n", 12)
        })
        .unwrap();
    let log: String = ingested.operations.iter().map(Operation::line).collect();
    insta::assert_snapshot!(format!("{}\n{}\n{log}", ingested.writes[0].path, ingested.writes[0].text), @r#"
    gotchas/01MCC5RMZ8040G2081040G2081-beware-of-guards.md
    ---
    id: "01MCC5RMZ8040G2081040G2081"
    title: "Beware of \"guards\""
    topic: "gotchas"
    source: {"type": "review", "issue": 12, "repo": "acme/widgets"}
    created_at: "2027-01-15T08:00:01Z"
    updated_at: "2027-01-15T08:00:01Z"
    valid_from: "2027-01-15T08:00:01Z"
    valid_to: "2027-07-14T08:00:01Z"
    confidence: "medium"
    status: "active"
    corroborations: 1
    fixed_in_pr: 7
    code_refs: ["src/a.rs:Guard", "src/b.rs"]
    ---

    They hold back.

    **Why:** because.

    {"v":1,"id":"01MCC5RMZ8KC9SCRN8J88G8ET4","at":"2027-01-15T08:00:01Z","op":"ingest","entries":["01MCC5RMZ8040G2081040G2081"],"reason":"acme/widgets#12 (review) said it"}
    "#);
}

#[test]
fn what_is_said_already_is_no_second_entry() {
    let mut wiki = Wiki::default();
    let first = incoming("Beware of guards", "They hold back.", 1);
    let rows = [
        ("the first", first.clone()),
        ("the same from the same source", first.clone()),
        ("the same from another source", incoming("Beware: guards", "They hold — back", 2)),
        ("that source again", incoming("Beware: guards", "They hold — back", 2)),
        ("the same title", incoming("BEWARE of guards!", "They beware too.", 3)),
        ("the same body under another title and topic", incoming("A test", "They hold back.", 4)),
        (
            "the same title in another topic",
            Incoming { topic: Some("testing".into()), ..incoming("Beware of guards", "x", 5) },
        ),
        ("another thing", incoming("Beware of plans", "They change.", 1)),
    ];
    let all: Vec<String> =
        rows.iter().map(|(name, incoming)| format!("{name}: {}", told(&wiki.take(incoming)))).collect();
    insta::assert_snapshot!(all.join("\n"), @r#"
    the first: added, 1 files, ["ingest"]
    the same from the same source: known, 0 files, []
    the same from another source: corroborated, 1 files, ["corroborate"]
    that source again: known, 0 files, []
    the same title: corroborated, 1 files, ["corroborate"]
    the same body under another title and topic: corroborated, 1 files, ["corroborate"]
    the same title in another topic: added, 1 files, ["ingest"]
    another thing: added, 1 files, ["ingest"]
    "#);
    let guards = wiki.entries().into_iter().find(|entry| entry.facts().title == "Beware of guards").unwrap();
    assert_eq!((guards.facts().corroborations, guards.facts().corroborated_by.len()), (4, 3));
}

#[test]
fn what_was_superseded_is_said_by_its_successor_only_where_that_is_made_of_it() {
    let mut wiki = Wiki::default();
    let first = incoming("Beware of guards", "They hold back.", 1);
    let Outcome::Added(old) = wiki.take(&first).unwrap().outcome else { panic!() };
    let second =
        Incoming { supersedes: vec![old], ..incoming("Guards, and what they do", "Beware: all.", 2) };
    let ingested = wiki.take(&second);
    assert_eq!(told(&ingested), "added, 2 files, [\"ingest\", \"supersede\"]");
    let Outcome::Added(new) = ingested.unwrap().outcome else { panic!() };
    let once_more = incoming("Beware of guards", "They hold back.", 3);
    let again = wiki.take(&once_more);
    assert_eq!(
        (told(&again), again.unwrap().outcome),
        ("superseded, 0 files, []".into(), Outcome::Superseded(new))
    );
    let entries = wiki.entries();
    let by_id = |id| entries.iter().find(|entry| entry.facts().id == id).unwrap().facts();
    assert_eq!(by_id(old).standing, Standing::Superseded { by: new });
    assert_eq!(by_id(new).supersedes, [old]);
    let past = Incoming { supersedes: vec![old], ..incoming("Guards, again", "They hold.", 4) };
    assert_eq!(wiki.take(&past).unwrap_err(), Unfit::Superseded(old, new));
    // Whoever knows of it says it anew.
    let anew = Incoming { supersedes: vec![new], ..once_more.clone() };
    assert_eq!(told(&wiki.take(&anew)), "added, 2 files, [\"ingest\", \"supersede\"]");
    // What entries were made one of says what they said.
    let mut wiki = Wiki::default();
    let Outcome::Added(old) = wiki.take(&first).unwrap().outcome else { panic!() };
    let source = Source { kind: SourceKind::Compiled, ..source(9) };
    let made = Incoming { source, supersedes: vec![old], ..incoming("Guards, in short", "All of it.", 9) };
    let Outcome::Added(made) = wiki.take(&made).unwrap().outcome else { panic!() };
    assert_eq!(wiki.take(&once_more).unwrap().outcome, Outcome::Corroborated(made));
}

#[test]
fn what_is_learnt_again_may_say_more() {
    let mut wiki = Wiki::default();
    let of = |code: &str, span: Option<&str>, issue: u64| Incoming {
        code_refs: vec![code.parse().unwrap()],
        valid_for: span.map(ToOwned::to_owned),
        ..incoming("Beware of guards", "They hold back.", issue)
    };
    let Outcome::Added(id) = wiki.take(&of("src/a.rs", Some("1d"), 1)).unwrap().outcome else { panic!() };
    let rows = [
        ("another place", of("src/b.rs", None, 2), "corroborated, 1 files, [\"corroborate\"]"),
        (
            "the same source, and a later end",
            of("src/b.rs", Some("2d"), 2),
            "corroborated, 1 files, [\"corroborate\"]",
        ),
        ("the same source, and nothing more", of("src/a.rs", Some("1d"), 2), "known, 0 files, []"),
    ];
    for (name, again, expected) in rows {
        assert_eq!(told(&wiki.take(&again)), expected, "{name}");
    }
    let entries = wiki.entries();
    let facts = entries.iter().find(|entry| entry.facts().id == id).unwrap().facts();
    assert_eq!((facts.code_refs.len(), facts.corroborations), (2, 2));
    // Once its time is over it is learnt anew.
    let mut wiki = Wiki::default();
    wiki.take(&of("src/a.rs", Some("1d"), 1)).unwrap();
    let topics = topics();
    let cx = Cx { topics: &topics, now: at(2 * 86_400), random: [7; 10] };
    let again = ingest(&wiki.entries(), &of("src/a.rs", None, 1), &cx);
    assert_eq!(told(&again), "added, 1 files, [\"ingest\"]");
}

#[test]
fn what_is_stale_may_be_learnt_anew() {
    let mut wiki = Wiki::default();
    let first = incoming("Beware of guards", "They hold back.", 1);
    wiki.take(&first).unwrap();
    let (path, entry) = wiki.entries.pop_first().unwrap();
    wiki.entries.insert(path, entry.stale("the code is gone", at(9)));
    assert_eq!(told(&wiki.take(&first)), "added, 1 files, [\"ingest\"]");
}

#[test]
fn what_does_not_fit_is_refused() {
    let good = incoming("T", "B", 1);
    let nobody = Ulid::new(at(0), [9; 10]);
    let rows = [
        ("no body", Incoming { body: " ".into(), ..good.clone() }),
        ("a credential", Incoming { body: format!("ghp_{}", "a1B2".repeat(9)), ..good.clone() }),
        ("no title", Incoming { title: "\n".into(), ..good.clone() }),
        ("no such topic", Incoming { topic: Some("../x".into()), ..good.clone() }),
        ("no such entry", Incoming { supersedes: vec![nobody], ..good.clone() }),
        ("too long", Incoming { body: "x".repeat(70_000), ..good.clone() }),
        ("a span of nothing", Incoming { valid_for: Some("0d".into()), ..good.clone() }),
        ("a span in weeks", Incoming { valid_for: Some("2w".into()), ..good.clone() }),
        ("a negative span", Incoming { valid_for: Some("-2d".into()), ..good.clone() }),
        ("an endless span", Incoming { valid_for: Some("9223372036854775807y".into()), ..good.clone() }),
    ];
    let all: Vec<String> = rows
        .iter()
        .map(|(name, incoming)| format!("{name}: {}", told(&Wiki::default().take(incoming))))
        .collect();
    insta::assert_snapshot!(all.join("\n"), @r#"
    no body: what is learnt has nothing in its body; say what it is, and why
    a credential: what is learnt holds what has the shape of a credential; take that out, and have it revoked if it is one
    no title: it makes no entry: `title` is not a line with something on it; write one line
    no such topic: there is no topic `../x`; name one that is declared, or none
    no such entry: there is no entry 01MCC5RM00144GJ289144GJ289 whose place it could take; leave it out
    too long: what is learnt has more than 32768 bytes in its body; say it shorter, or as several entries
    a span of nothing: `0d` is no span; write a number from 1 on and `d`, `mo` or `y`, of a hundred years at most
    a span in weeks: `2w` is no span; write a number from 1 on and `d`, `mo` or `y`, of a hundred years at most
    a negative span: `-2d` is no span; write a number from 1 on and `d`, `mo` or `y`, of a hundred years at most
    an endless span: `9223372036854775807y` is no span; write a number from 1 on and `d`, `mo` or `y`, of a hundred years at most
    "#);
    for (span, days) in [("1d", 1), ("2mo", 60), ("1y", 365)] {
        assert_eq!(until(at(0), span).unwrap(), at(days * 86_400), "{span}");
    }
}

#[test]
fn an_entry_that_is_full_is_not_made_unreadable() {
    let mut wiki = Wiki::default();
    let full = |n: usize| crate::language::wiki::sample::entry(1, "gotchas", "Guards", "", &"x".repeat(n));
    let body = MOST_BYTES - full(0).text().len();
    let entry = full(body);
    wiki.entries.insert(entry.path().to_owned(), entry);
    let told = told(&wiki.take(&Incoming { topic: Some("gotchas".into()), ..incoming("Guards", "x", 5) }));
    assert!(told.starts_with("it makes no entry: the entry has"), "{told}");
}

#[test]
fn an_id_that_is_taken_is_told() {
    let topics = topics();
    let cx = Cx { topics: &topics, now: at(0), random: [1; 10] };
    let first = ingest(&[], &incoming("A", "a", 1), &cx).unwrap();
    let entry = Entry::read(&first.writes[0].path, &first.writes[0].text).unwrap();
    let id = entry.facts().id;
    assert_eq!(ingest(&[entry], &incoming("B", "b", 1), &cx), Err(Unfit::Id(id)));
}

proptest! {
    #[test]
    fn ingesting_twice_changes_nothing(title in "\\PC{1,40}", body in "(.|\\n){1,80}") {
        let mut wiki = Wiki::default();
        let one = incoming(&title, &body, 1);
        if let Ok(first) = wiki.take(&one) {
            let Outcome::Added(id) = first.outcome else { panic!() };
            let second = wiki.take(&one).unwrap();
            let words = spaced(&title).len() > 1 || spaced(&body).len() > 1;
            prop_assert_eq!(second.outcome == Outcome::Known(id), words);
        }
    }

    #[test]
    fn branches_make_different_ids(a in any::<[u8; 10]>(), b in any::<[u8; 10]>()) {
        let topics = topics();
        let of = |random| ingest(&[], &incoming("A", "a", 1), &Cx { topics: &topics, now: at(0), random }).unwrap();
        let (a_made, b_made) = (of(a), of(b));
        prop_assert_eq!(a_made.writes[0].path == b_made.writes[0].path, a == b);
        prop_assert_eq!(a_made.operations[0].id == b_made.operations[0].id, a == b);
    }
}
