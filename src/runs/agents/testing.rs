//! Lets a listener hear a recording, and puts what it says into short words.

use std::path::Path;

use super::{Agent, Event, Job, Lines, Session, Stream};

/// A job.
pub(super) fn a_job() -> Job<'static> {
    Job {
        program: &[],
        prompt: "Add hello.txt",
        model: None,
        turns: None,
        session: Session::New("7e57"),
        schema: None,
        workspace: Path::new("/w"),
        home: Path::new("/h"),
    }
}

/// Everything that is heard: first the warnings, then the results.
pub(super) fn all(agent: &dyn Agent, job: &Job<'_>, results: &str, warnings: &str) -> Vec<Event> {
    in_chunks(agent, job, &[(Stream::Err, warnings), (Stream::Out, results)], usize::MAX)
}

/// The same, read in chunks of a size.
pub(super) fn in_chunks(
    agent: &dyn Agent,
    job: &Job<'_>,
    streams: &[(Stream, impl AsRef<[u8]>)],
    size: usize,
) -> Vec<Event> {
    let (mut listener, mut out) = (agent.listener(job), Vec::new());
    for (stream, bytes) in streams {
        let mut lines = Lines::default();
        for chunk in bytes.as_ref().chunks(size) {
            lines.feed(chunk, |line| listener.line(*stream, line, &mut out));
        }
        lines.finish(|line| listener.line(*stream, line, &mut out));
    }
    listener.ended(&mut out);
    out
}

/// The events of a recording, one on a line.
pub(super) fn told(agent: &dyn Agent, results: &str, warnings: &str) -> String {
    brief(&all(agent, &a_job(), results, warnings))
}

/// Events, one on a line.
pub(super) fn brief(events: &[Event]) -> String {
    let lines: Vec<String> = events.iter().map(words).collect();
    lines.join("\n")
}

fn words(event: &Event) -> String {
    match event {
        Event::Session(id) => format!("session {id}"),
        Event::Progress => "progress".into(),
        Event::ToolBegan(id) => format!("began {id}"),
        Event::ToolEnded(id) => format!("ended {id}"),
        Event::Used(used) => format!(
            "used {}: {} + {} -> {}, cost {:?}",
            used.turns, used.input, used.cached, used.output, used.cost
        ),
        Event::Answer { text, typed: None } => format!("answer {text}"),
        Event::Answer { text, typed: Some(typed) } => format!("answer {text} = {typed}"),
        Event::Trouble(trouble) => format!("trouble {trouble:?}"),
        Event::Denied(what) => format!("denied {what}"),
        Event::Asked(what) => format!("asked {what}"),
        Event::Reply(line) => format!("> {line}"),
        Event::HangUp => "hang up".into(),
        Event::Quota { of, percent, until } => {
            let until = until.map(|until| format!(" until {until}")).unwrap_or_default();
            let of = if of.is_empty() { String::new() } else { format!(" of {of}") };
            format!("quota {percent}%{of}{until}")
        }
        Event::Closed => "closed".into(),
        Event::GaveUp(trouble) => format!("gave up: {trouble:?}"),
    }
}
