//! What an entry's frontmatter says, what is wrong in it, and that its text stays.

use proptest::prelude::*;

use super::*;
use crate::language::wiki::Entry;
use crate::language::wiki::entry::{path_of, written};
use crate::model::samples::name;

const ID: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

fn text() -> String {
    format!(
        "---\nid: \"{ID}\"\ntitle: \"A title\"\ntopic: \"gotchas\"\n\
         source: {{\"type\": \"review\", \"issue\": 12, \"repo\": \"acme/widgets\", \"note\": \"kept\"}}\n\
         created_at: \"2026-11-29T09:00:00Z\"\nupdated_at: \"2026-11-29T09:00:00Z\"\nvalid_from:   \"2026-11-29\"\n\
         confidence: \"high\"\nstatus: \"active\"\ncorroborations: 2\nour_own: [1,2]\n---\n\nBody.\n"
    )
}

fn path() -> String {
    format!("gotchas/{ID}-a-title.md")
}

fn now() -> Timestamp {
    "2026-12-01T00:00:00Z".parse().unwrap()
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let rows = [
        ("nothing", text(), path()),
        ("elsewhere", text(), format!("testing/{}.md", ID.to_lowercase())),
        (
            "bad values",
            text()
                .replace("\"high\"", "\"sure\"")
                .replace("corroborations: 2", "corroborations: -1")
                .replace("\"review\"", "\"dream\"")
                .replace("12,", "\"12\",")
                .replace("\"2026-11-29\"", "\"soon\""),
            path(),
        ),
        ("all missing", "---\n---\n".to_owned(), path()),
        ("stale without a reason", text().replace("\"active\"", "\"stale\""), path()),
        (
            "superseded by itself and active",
            text().replace("our_own: [1,2]", &format!("superseded_by: \"{ID}\"")),
            path(),
        ),
        (
            "lists",
            text().replace("our_own: [1,2]", "code_refs: [\"/abs\", \"a.rs:B\"]\nsupersedes: [1]"),
            path(),
        ),
        (
            "times",
            text().replace(
                "updated_at: \"2026-11-29T09:00:00Z\"",
                "updated_at: \"2026-11-28\"\nvalid_to: \"2026-01-01\"",
            ),
            path(),
        ),
        ("a long title", text().replace("A title", &"x".repeat(501)), path()),
        ("no id", text().replace(ID, "01"), path()),
        ("too long", text() + &"x".repeat(70_000), path()),
    ];
    let told = |(name, text, path): &(&str, String, String)| match Entry::read(path, text) {
        Ok(_) => format!("{name}: reads"),
        Err(errors) => {
            let line = |error: &Error| {
                let place: String = text[error.span.clone()].chars().take(40).collect();
                format!("\n  {place}: {}; {}", error.message, error.help)
            };
            format!("{name}:{}", errors.iter().map(line).collect::<String>())
        }
    };
    insta::assert_snapshot!(rows.iter().map(told).collect::<Vec<_>>().join("\n"), @r#"
    nothing: reads
    elsewhere:
      "gotchas": the topic is `gotchas`, and the file is in the folder `testing`; move the file, or correct the topic
      "01ARZ3NDEKTSV4RRFFQ69G5FAV": the file `01arz3ndektsv4rrffq69g5fav.md` isn't named after its id; name it `01ARZ3NDEKTSV4RRFFQ69G5FAV-….md`
    bad values:
      {"type": "dream", "issue": "12", "repo":: `source` has no `type` that is known; write one of plan, implement, review, hitl, reflection, librarian, manual, compiled
      {"type": "dream", "issue": "12", "repo":: `source` has a `issue` that is no number from 1 on; write it as digits, without quotes
      "soon": `valid_from` is not a time; write it as "2026-11-29T09:00:00Z", or a day as "2026-11-29"
      "sure": `confidence` is not one of low, medium, high; write one of them
      -1: `corroborations` is not a number from 1 on; write it as digits, without quotes
    all missing:
      : `id` is missing; an entry needs it; `wiki ingest` writes it
      : `title` is missing; an entry needs it; `wiki ingest` writes it
      : `topic` is missing; an entry needs it; `wiki ingest` writes it
      : `source` is missing; an entry needs it; `wiki ingest` writes it
      : `created_at` is missing; an entry needs it; `wiki ingest` writes it
      : `updated_at` is missing; an entry needs it; `wiki ingest` writes it
      : `valid_from` is missing; an entry needs it; `wiki ingest` writes it
      : `confidence` is missing; an entry needs it; `wiki ingest` writes it
      : `status` is missing; an entry needs it; `wiki ingest` writes it
      : `corroborations` is missing; an entry needs it; `wiki ingest` writes it
    stale without a reason:
      "stale": the entry is stale, with no `stale_reason` and no `superseded_by`; the three go together: stale and `stale_reason`, superseded and `superseded_by`
    superseded by itself and active:
      "active": the entry is active, with no `stale_reason` and a `superseded_by`; the three go together: stale and `stale_reason`, superseded and `superseded_by`
    lists:
      [1]: `supersedes` is not a list of texts; write ["…", "…"]
      ["/abs", "a.rs:B"]: `code_refs` is not a list of files, or `path:Symbol`: `/abs` is none; mend or drop it
    times:
      "2026-11-28": `updated_at` is before `created_at`; correct one of the two
      "2026-01-01": `valid_to` is before `valid_from`; correct one of the two
    a long title:
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx: `title` is not at most 500 bytes long; say it shorter; the body has room
    no id:
      "01": an id has 26 characters, and this has 2; write an id that `wiki ingest` made
    too long:
      : the entry has 70328 bytes, and an entry has at most 65536; say it shorter, or make it several entries
    "#);
}

#[test]
fn a_change_writes_nothing_else() {
    let entry = Entry::read(&path(), &text()).unwrap();
    let stale = entry.stale("gone\nfor good", now());
    let expected = text()
        .replace("updated_at: \"2026-11-29T09:00:00Z\"", "updated_at: \"2026-12-01T00:00:00Z\"")
        .replace("\"active\"", "\"stale\"")
        .replace("our_own: [1,2]\n", "our_own: [1,2]\nstale_reason: \"gone for good\"\n");
    assert_eq!(stale.text(), expected);
    assert_eq!(Entry::read(&path(), stale.text()).unwrap(), stale);
    assert_eq!(stale.with(entry.facts().clone()).text(), text());
    let by = "01ARZ3NDEKTSV4RRFFQ69G5FAW".parse().unwrap();
    let superseded = stale.superseded(by, now());
    assert_eq!(Entry::read(&path(), superseded.text()).unwrap(), superseded);
    assert!(!superseded.text().contains("stale_reason"));
}

fn facts() -> impl Strategy<Value = Facts> {
    let id = any::<[u8; 10]>().prop_map(|random| Ulid::new(now(), random));
    let text = "\\PC{1,30}".prop_filter("not blank", |text| !text.trim().is_empty());
    let number = prop::option::of(1_u64..u64::MAX);
    let standing = prop_oneof![
        Just(Standing::Active),
        text.prop_map(|reason| Standing::Stale { reason }),
        id.clone().prop_map(|by| Standing::Superseded { by }),
    ];
    let source = (0_usize..8, number.clone(), number.clone());
    let times = (0_i64..9_000_000_000, 0_i64..9_000_000_000, prop::option::of(0_i64..9_000_000_000));
    let title = "\\PC{1,60}".prop_filter("not blank", |text| !text.trim().is_empty());
    let list = prop::collection::vec("[a-z]{1,5}/[a-z]{1,5}\\.rs(:[A-Z][a-z]{1,5})?", 0..4);
    let ids = prop::collection::vec(id.clone(), 0..3);
    let corroborations = (1_u64..u64::MAX, prop::collection::vec("\\PC{0,20}", 0..3));
    (id, title, source, times, standing, ids, corroborations, number, list, 0_usize..3).prop_map(
        |(
            id,
            title,
            (kind, issue, pull),
            (created, after, until),
            standing,
            supersedes,
            (corroborations, corroborated_by),
            fixed_in_pr,
            refs,
            confidence,
        )| {
            let time = |second| Timestamp::from_second(second).unwrap();
            Facts {
                id,
                title,
                topic: "gotchas".into(),
                source: Source { kind: SourceKind::ALL[kind], issue, pull, repo: name("acme/widgets") },
                created_at: time(created),
                updated_at: time(created + after),
                valid_from: time(created),
                valid_to: until.map(|until| time(created + until)),
                confidence: Confidence::ALL[confidence],
                standing,
                supersedes,
                corroborations,
                corroborated_by,
                fixed_in_pr,
                code_refs: refs.iter().map(|text| text.parse().unwrap()).collect(),
            }
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_reads_back(facts in facts(), other in facts(), body in "(.|\\n){0,60}") {
        let text = written(&facts, &body);
        let entry = Entry::read(&path_of(&facts), &text).unwrap();
        prop_assert_eq!(entry.facts(), &facts);
        prop_assert_eq!(entry.text(), &text);
        prop_assert_eq!(entry.body().trim(), body.trim());
        let other = Facts { id: facts.id, ..other };
        let changed = entry.with(other.clone());
        let read = Entry::read(entry.path(), changed.text()).unwrap();
        prop_assert_eq!(read.facts(), &other);
        prop_assert_eq!(read.body(), entry.body());
        let back = changed.with(facts.clone());
        prop_assert_eq!(back.facts(), &facts);
    }

    #[test]
    fn what_is_mutated_reads_or_is_refused(at in 0_usize..600, with in "(\\PC|\\n|---|\"|\\{|null){0,4}", length in 0_usize..30) {
        let text = text();
        let start = at.min(text.len());
        let end = (start + length).min(text.len());
        let mutated = format!("{}{with}{}", &text[..start], &text[end..]);
        if let Ok(entry) = Entry::read(&path(), &mutated) {
            prop_assert_eq!(entry.text(), &mutated);
            let same = entry.with(entry.facts().clone());
            prop_assert_eq!(same.text(), &mutated);
            let stale = entry.stale("x", entry.facts().updated_at);
            prop_assert_eq!(Entry::read(&path(), stale.text()), Ok(stale));
        }
    }
}
