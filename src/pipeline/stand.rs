//! What comes next of an issue, in words.

use crate::model::{Play, ReviewIs, Task};

use super::{Move, Stand};

/// Among which issues one waits, by what comes next of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Queue {
    /// An attempt, or something that is done on GitHub.
    Next,
    /// Something else has to be first.
    Waits,
    /// Its author's turn.
    Parked,
    /// A person's turn.
    Person,
    /// People hold it.
    Held,
    /// It landed.
    Done,
    /// It is none of the factory's any more.
    Left,
}

impl Queue {
    /// Its word in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Waits => "waits",
            Self::Parked => "parked",
            Self::Person => "person",
            Self::Held => "held",
            Self::Done => "done",
            Self::Left => "left",
        }
    }

    /// Whether nothing more is to be done about what is in it.
    pub fn is_over(self) -> bool {
        match self {
            Self::Done | Self::Left => true,
            Self::Next | Self::Waits | Self::Parked | Self::Person | Self::Held => false,
        }
    }
}

impl Stand {
    /// What is to be worked on now.
    pub fn task(&self) -> Option<&Task> {
        if let Self::Works(task) = self { Some(task) } else { None }
    }

    /// What is to be done on GitHub now.
    pub fn moves(&self) -> Option<&Move> {
        if let Self::Moves(what) = self { Some(what) } else { None }
    }

    /// Among which issues it waits.
    pub fn queue(&self) -> Queue {
        match self {
            Self::Works(_) | Self::Moves(_) => Queue::Next,
            Self::Waits(_) | Self::Until(..) => Queue::Waits,
            Self::Parked { .. } => Queue::Parked,
            Self::Human { .. } => Queue::Person,
            Self::Held(_) => Queue::Held,
            Self::Done(_) => Queue::Done,
            Self::Left(_) => Queue::Left,
        }
    }

    /// What comes next, or what has to come first.
    pub fn says(&self) -> String {
        match self {
            Self::Works(task) => task.play.as_ref().map_or_else(|| "a run".to_owned(), attempt),
            Self::Moves(what) => what.says(),
            Self::Waits(on) => format!("waits for {on}"),
            Self::Until(until, why) => format!("waits until {until:.0}: {why}"),
            Self::Parked { asks, due } => {
                let due =
                    due.map(|due| format!("; it is looked at again from {due:.0} on")).unwrap_or_default();
                format!("waits for its author to say: {}{due}", asks.join("; "))
            }
            Self::Human { why, .. } => format!("a person's turn: {why}"),
            Self::Held(on) => format!("held; waits for {on}"),
            Self::Done(why) => format!("done: {why}"),
            Self::Left(why) => format!("none of the factory's: {why}"),
        }
    }
}

fn attempt(play: &Play) -> String {
    let with = play.enriched.as_ref().map(|word| format!(", with {word}")).unwrap_or_default();
    format!("a run by the playbook `{}`, round {}{with}", play.book, play.round)
}

impl Move {
    fn says(&self) -> String {
        match self {
            Self::Publish { run, over: None, .. } => format!("what run {run} made becomes a pull request"),
            Self::Publish { run, over: Some((number, _)), .. } => {
                format!("what run {run} made goes to #{number}")
            }
            Self::Land(landing) => format!("#{} is merged", landing.pull),
            Self::Enqueue(it) => format!("#{} is put into GitHub's merge queue", it.pull),
            Self::Update { number, .. } => format!("#{number} takes in its base"),
            Self::Answer(replies) => match replies.len() {
                1 => "a conversation is answered".to_owned(),
                n => format!("{n} conversations are answered"),
            },
            Self::Review(review) if review.verdict == ReviewIs::Approved => {
                format!("#{} is approved by {}", review.pull, review.by.as_deref().unwrap_or("nobody"))
            }
            Self::Review(review) => format!("#{} is told what its reviews found", review.pull),
            Self::Transfer(it) => format!("it is brought to {}", it.to),
            Self::Mirror(it) => format!("an issue of {} is opened for it", it.to),
            Self::Withdraw { number, why } => format!("#{number} is closed: {why}"),
            Self::PassOver(it) => format!("the advisor `{}` is passed over", it.passed.advisor.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::samples::{name, now, task};
    use crate::model::{CommitId, PullReview, RunId, Watched};

    #[test]
    fn what_comes_next_is_said_in_words() {
        let run = RunId::new(now(), b"x");
        let commit = CommitId::parse(&"a".repeat(40)).unwrap();
        let publish = |over| Move::Publish {
            run: run.clone(),
            commit: commit.clone(),
            base: "main".into(),
            over,
            title: String::new(),
            body: String::new(),
        };
        let play = Play {
            book: "plan".into(),
            round: 2,
            text: String::new(),
            enriched: Some("touchpoints".into()),
            origin: None,
            about: Vec::new(),
            head: None,
        };
        let review = |by: Option<&str>, verdict| PullReview {
            repo: name("acme/anvil"),
            watched: Watched::default(),
            pull: 7,
            head: commit.clone(),
            by: by.map(str::to_owned),
            verdict,
            passes: true,
            body: String::new(),
        };
        let parked = |due| Stand::Parked { asks: vec!["a".into(), "b".into()], due };
        let rows = [
            Stand::Works(Box::new(Task { play: Some(play), ..task("a") })),
            Stand::Moves(Box::new(publish(None))),
            Stand::Moves(Box::new(publish(Some((7, commit.clone()))))),
            Stand::Moves(Box::new(Move::Update { number: 7, head: commit.clone() })),
            Stand::Moves(Box::new(Move::Review(review(Some("critic[bot]"), ReviewIs::Approved)))),
            Stand::Moves(Box::new(Move::Review(review(None, ReviewIs::Commented)))),
            Stand::Moves(Box::new(Move::Withdraw { number: 7, why: "it is a test".into() })),
            Stand::Waits("#3 to be closed".into()),
            Stand::Until(now(), "a rest".into()),
            parked(None),
            parked(Some(now())),
            Stand::Human { why: "stuck".into(), tried: Vec::new() },
            Stand::Held("its label to be removed".into()),
            Stand::Done("#7 was merged by ann".into()),
            Stand::Left("it is closed".into()),
        ];
        let said = rows
            .iter()
            .map(|it| format!("{}: {}", it.queue().as_str(), it.says()).replace(run.as_str(), "RUN"));
        insta::assert_snapshot!(said.collect::<Vec<_>>().join("\n"), @r"
        next: a run by the playbook `plan`, round 2, with touchpoints
        next: what run RUN made becomes a pull request
        next: what run RUN made goes to #7
        next: #7 takes in its base
        next: #7 is approved by critic[bot]
        next: #7 is told what its reviews found
        next: #7 is closed: it is a test
        waits: waits for #3 to be closed
        waits: waits until 2026-06-01T12:00:00Z: a rest
        parked: waits for its author to say: a; b
        parked: waits for its author to say: a; b; it is looked at again from 2026-06-01T12:00:00Z on
        person: a person's turn: stuck
        held: held; waits for its label to be removed
        done: done: #7 was merged by ann
        left: none of the factory's: it is closed
        ");
    }
}
