//! What holds of every listener, whatever it hears.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::testing::{a_job, in_chunks};
use super::{ALL, Event, Session, Stream};

const SAMPLES: &[&str] = &[
    include_str!("samples/acp-gemini.jsonl"),
    include_str!("samples/acp-opencode.jsonl"),
    include_str!("samples/claude-401.jsonl"),
    include_str!("samples/claude-denied.jsonl"),
    include_str!("samples/claude-sigint.jsonl"),
    include_str!("samples/codex-401.jsonl"),
    include_str!("samples/codex-done.jsonl"),
    include_str!("samples/gemini-401.jsonl"),
    include_str!("samples/gemini-done.jsonl"),
    include_str!("samples/gemini-503.stderr"),
    include_str!("samples/opencode-401.jsonl"),
    include_str!("samples/opencode-done.jsonl"),
    include_str!("samples/opencode-503.stderr"),
];

/// A line: any bytes, a line of a recording, or one of those with something else in a place.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let recorded: Vec<&str> = SAMPLES.iter().flat_map(|sample| sample.lines()).collect();
    let recorded =
        prop::sample::select(recorded).prop_map(|line| line.trim_start_matches("< ").as_bytes().to_vec());
    let mut values = vec![
        "null",
        "-1",
        "1e400",
        "18446744073709551615",
        "\"\"",
        "{}",
        "[]",
        "[[{}]]",
        "true",
        "\"é\u{1F600}\"",
    ];
    values.extend(["\"question\"", "\"error\"", "\"result\""]);
    let broken = (recorded.clone(), any::<prop::sample::Index>(), prop::sample::select(values))
        .prop_map(|(line, at, value)| with(&line, at, value));
    prop_oneof![prop::collection::vec(any::<u8>(), 0..60), recorded, broken]
}

/// The line with another value after one of its colons.
fn with(line: &[u8], at: prop::sample::Index, value: &str) -> Vec<u8> {
    let colons: Vec<usize> = (0..line.len()).filter(|at| line[*at] == b':').collect();
    if colons.is_empty() {
        return line.to_owned();
    }
    let start = at.get(&colons) + 1;
    let end = line[start..]
        .iter()
        .position(|byte| matches!(byte, b',' | b'}'))
        .map_or(line.len(), |end| start + end);
    [&line[..start], value.as_bytes(), &line[end..]].concat()
}

/// Tools end that run, and no other.
fn in_pairs(events: &[Event]) -> bool {
    let mut running = BTreeSet::new();
    events.iter().all(|event| {
        if let Event::ToolBegan(id) = event {
            running.insert(id)
        } else if let Event::ToolEnded(id) = event {
            running.remove(id)
        } else {
            true
        }
    })
}

proptest! {
    #[test]
    fn every_listener_survives_any_lines_in_any_chunks(
        lines in prop::collection::vec((any::<bool>(), line()), 0..30),
        size in 1_usize..80,
        resumed in any::<bool>(),
    ) {
        let stream = |warns| if warns { Stream::Err } else { Stream::Out };
        let streams: Vec<(Stream, Vec<u8>)> =
            lines.into_iter().map(|(warns, line)| (stream(warns), line)).collect();
        let session = if resumed { Session::Resume("s") } else { Session::New("s") };
        let job = super::Job { session, ..a_job() };
        for agent in ALL {
            let whole = in_chunks(*agent, &job, &streams, usize::MAX);
            prop_assert!(in_pairs(&whole), "{}: {whole:?}", agent.kind());
            prop_assert_eq!(&in_chunks(*agent, &job, &streams, size), &whole, "{}", agent.kind());
        }
    }
}
