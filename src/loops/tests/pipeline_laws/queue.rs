//! The merge queue: it lands what is in it, or takes it out.

use jiff::SignedDuration;

use crate::model::{CheckIs, CheckSeen, Landed, MergeQueue, PullCase, QUEUE_BOT, Removed, Seen};

use super::world::{Key, World};

impl World {
    /// Whether the pull request of an issue is in the queue.
    pub(super) fn is_queued(&mut self, key: &Key) -> bool {
        self.pull(key).and_then(|pull| pull.queue.as_ref()).is_some_and(|queue| queue.entry.is_some())
    }

    /// The queue takes it out, or a person does.
    pub(super) fn takes_out(&mut self, key: &Key) {
        let (by, now) = (self.one_of(&[QUEUE_BOT, QUEUE_BOT, "alice"]), self.now);
        if let Some(pull) = self.pull(key) {
            left(pull, by, now);
        }
        self.log.push(format!("{}#{}: {by} takes it out of the queue", key.0, key.1));
    }

    /// The queue lands it, merged with its base.
    pub(super) fn lands(&mut self, key: &Key) {
        let (at, commit) = (self.now, Some(self.commit()));
        if let Some(pull) = self.pull(key) {
            let passed = CheckIs::Passed;
            let check = CheckSeen {
                name: "ci".into(),
                app: None,
                state: passed,
                says: String::new(),
                since: Some(at),
            };
            let (by, tree, checks) =
                (Some(QUEUE_BOT.to_owned()), Some("of both".to_owned()), Seen::Known(vec![check]));
            pull.landed = Some(Landed { at, by, commit, tree, checks });
            pull.open = false;
            gone(pull);
        }
        self.log.push(format!("{}#{}: the queue lands it", key.0, key.1));
    }
}

/// Who pushes another head takes the one before it out, before any check of the new one begins.
pub(super) fn pushed(pull: &mut PullCase, by: &str, now: jiff::Timestamp) {
    if pull.queue.as_ref().is_some_and(|queue| queue.entry.is_some()) {
        left(pull, by, now - SignedDuration::from_secs(1));
    }
}

/// It is in no queue any more.
pub(super) fn gone(pull: &mut PullCase) {
    if let Some(queue) = &mut pull.queue {
        queue.entry = None;
    }
}

pub(super) fn left(pull: &mut PullCase, by: &str, at: jiff::Timestamp) {
    let removed = Some(Removed { at, by: by.to_owned(), why: None, checks: Seen::Unknown });
    pull.queue = Some(MergeQueue { entry: None, removed });
}
