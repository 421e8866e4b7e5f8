//! What a listener keeps of a session: its id, the tools that run, and the calls of the model.

use std::collections::BTreeMap;

use super::Event;

/// What a listener keeps.
#[derive(Debug, Default)]
pub(super) struct Track {
    session: String,
    /// Tools that run: id, name.
    running: BTreeMap<String, String>,
    turns: u32,
    /// Whether the model's last call has brought something, and it was given nothing since.
    spoken: bool,
}

impl Track {
    /// The session has this id; told when it is new.
    pub(super) fn session(&mut self, id: &str, out: &mut Vec<Event>) {
        if !id.is_empty() && self.session != id {
            id.clone_into(&mut self.session);
            out.push(Event::Session(id.to_owned()));
        }
    }

    /// Whether it is known which session this is.
    pub(super) fn has_session(&self) -> bool {
        !self.session.is_empty()
    }

    /// Whether this is the session.
    pub(super) fn is_session(&self, id: &str) -> bool {
        self.has_session() && self.session == id
    }

    /// A tool began.
    pub(super) fn began(&mut self, id: &str, name: &str, out: &mut Vec<Event>) {
        if self.running.insert(id.to_owned(), name.to_owned()).is_none() {
            out.push(Event::ToolBegan(id.to_owned()));
        }
    }

    /// A tool has ended; its name, where it was known to run.
    pub(super) fn ended(&mut self, id: &str, out: &mut Vec<Event>) -> Option<String> {
        let name = self.running.remove(id);
        if name.is_some() {
            out.push(Event::ToolEnded(id.to_owned()));
        }
        self.given();
        name
    }

    /// Whether a tool of this id runs.
    pub(super) fn runs(&self, id: &str) -> bool {
        self.running.contains_key(id)
    }

    /// No tool runs any more.
    pub(super) fn ended_all(&mut self, out: &mut Vec<Event>) {
        out.extend(std::mem::take(&mut self.running).into_keys().map(Event::ToolEnded));
    }

    /// The model is given a prompt, or the results of its tools once all have ended.
    pub(super) fn given(&mut self) {
        self.spoken &= !self.running.is_empty();
    }

    /// The model said something: it was called once more, if it has been given something since it last spoke. That
    /// is how calls are counted where the agent doesn't tell them. Whether it was.
    pub(super) fn spoke(&mut self) -> bool {
        let called = !std::mem::replace(&mut self.spoken, true);
        self.turns = self.turns.saturating_add(u32::from(called));
        called
    }

    /// The calls of the model so far.
    pub(super) fn turns(&self) -> u32 {
        self.turns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_are_told_in_pairs_and_a_session_once() {
        let (mut track, mut out) = (Track::default(), Vec::new());
        for id in ["", "s", "s"] {
            track.session(id, &mut out);
        }
        track.began("a", "Bash", &mut out);
        track.began("a", "Bash", &mut out);
        assert_eq!(track.ended("a", &mut out).as_deref(), Some("Bash"));
        assert_eq!(track.ended("a", &mut out), None);
        track.began("b", "Bash", &mut out);
        track.ended_all(&mut out);
        let tool = |id: &str| [Event::ToolBegan(id.into()), Event::ToolEnded(id.into())];
        assert_eq!(out[0], Event::Session("s".into()));
        assert_eq!(out[1..], [tool("a"), tool("b")].concat());
    }

    #[test]
    fn a_call_is_what_is_said_between_two_things_given() {
        let (mut track, mut out) = (Track::default(), Vec::new());
        assert!(track.spoke() && !track.spoke());
        track.began("a", "", &mut out);
        track.began("b", "", &mut out);
        track.ended("a", &mut out);
        assert!(!track.spoke(), "one of its tools runs still");
        track.ended("b", &mut out);
        assert!(track.spoke());
        track.given();
        assert!(track.spoke());
        assert_eq!(track.turns(), 3);
    }
}
