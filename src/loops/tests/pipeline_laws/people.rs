//! What people, checks and time do to a world, whatever the factory is at.

use jiff::SignedDuration;

use crate::model::{
    CheckIs, CheckSeen, CommentSeen, Landed, Mergeable, Observed, Phase, ReviewIs, ReviewSeen, Seen,
    ThreadSeen,
};

use super::agents::Mood;
use super::world::{CRITIC, Key, PEOPLE, World};

/// What people write.
const WORDS: [&str; 14] = [
    "I would like that, too",
    "It has to be /steer no command",
    "/steer use the old hammer",
    "/pause",
    "/pause for a while",
    "/resume",
    "/resume",
    "/abort",
    "/retry",
    "/retry",
    "/redo triage",
    "/redo plan",
    "/redo implement",
    "/redo nothing",
];

impl World {
    /// One thing happens.
    pub(super) fn happens(&mut self) {
        let keys: Vec<Key> = self.cases.keys().cloned().collect();
        let key = self.one_of(&keys);
        match self.one_of(&[0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 3, 4, 5, 6]) {
            0 => {
                let open = self.open_runs();
                if !open.is_empty() {
                    let id = self.one_of(&open);
                    self.ends(&id, Mood::Any);
                }
            }
            1 => self.reports(&key),
            2 => self.moves_on(&key),
            3 => self.edits(&key),
            4 => self.speaks(&key),
            5 => self.judges(&key),
            _ => {
                let time = self.one_of(&[1, 5, 20, 90, 60 * 26]);
                self.passes(SignedDuration::from_mins(time));
                self.log.push(format!("{time} minutes pass"));
            }
        }
    }

    fn notes(&mut self, key: &Key, what: &str) {
        self.log.push(format!("{}#{}: {what}", key.0, key.1));
    }

    /// A check starts, passes, fails, or is taken back.
    fn reports(&mut self, key: &Key) {
        let state = self.one_of(&[
            CheckIs::Queued,
            CheckIs::Running,
            CheckIs::Passed,
            CheckIs::Passed,
            CheckIs::Failed,
        ]);
        if self.pull(key).is_none() {
            return;
        }
        if self.is_queued(key) {
            return match self.one_of(&["lands", "lands", "out", "out", "held"]) {
                "lands" => self.lands(key),
                "out" => self.takes_out(key),
                _ => self.label(key, "factory:hold", PEOPLE[0]),
            };
        }
        self.notes(key, &format!("the check is {}", state.as_str()));
        self.checked(key, state);
    }

    pub(super) fn checked(&mut self, key: &Key, state: CheckIs) {
        let since = Some(self.now);
        if let Some(pull) = self.pull(key) {
            let says = format!("{} at {}", state.as_str(), pull.head);
            let check = CheckSeen { name: "ci".into(), app: None, state, says, since };
            pull.checks = Seen::Known(vec![check]);
        }
    }

    /// The base of a pull request moves, with a conflict or without.
    fn moves_on(&mut self, key: &Key) {
        let (base, mergeable) =
            (self.commit(), self.one_of(&[Mergeable::Yes, Mergeable::Conflicts, Mergeable::Unknown]));
        let Some(pull) = self.pull(key) else { return };
        (pull.base_head, pull.behind, pull.mergeable) = (Some(base), pull.behind.map(|n| n + 1), mergeable);
        self.notes(key, &format!("its base moves, mergeable {mergeable:?}"));
    }

    /// Somebody changes the issue itself.
    fn edits(&mut self, key: &Key) {
        let (by, now) = (self.one_of(&PEOPLE), self.now);
        let n = self.one_of(&[0, 0, 1, 1, 1, 2, 2, 3, 4, 5, 6, 7]);
        match n {
            0 => drop(self.case(key).labels.remove("factory")),
            1 => self.label(key, "factory", by),
            2 => drop(self.case(key).labels.remove("factory:hold")),
            3 => self.label(key, "factory:hold", by),
            4 => {
                let (open, case) = (self.chance(70), self.case(key));
                case.open = open;
            }
            5 => {
                let text = self.one_of(&[
                    "It should be sharp.",
                    "It should be blunt, so that nobody is hurt, done when one can't cut.",
                ]);
                let case = self.case(key);
                (case.body, case.edited) = (text.to_owned(), Some((now, by.to_owned())));
                self.steered.insert(key.clone());
            }
            6 => {
                let word = self.one_of(&["plan", "done", "review", "parked", "human-required"]);
                self.label(key, &format!("factory:{word}"), by);
            }
            _ => {
                let all: Vec<String> = self.case(key).labels.keys().cloned().collect();
                if !all.is_empty() {
                    let label = self.one_of(&all);
                    self.case(key).labels.remove(&label);
                }
            }
        }
        self.notes(key, &format!("{by} edits it ({n})"));
    }

    /// Somebody says something, or takes it back.
    fn speaks(&mut self, key: &Key) {
        let (by, now, id) = (self.one_of(&PEOPLE), self.now, self.fresh());
        let (words, n) = (self.one_of(&WORDS), self.one_of(&[0, 0, 0, 0, 1, 2]));
        let others: Vec<usize> = {
            let all = self.case(key).comments.iter().enumerate();
            all.filter(|(_, it)| !it.own).map(|(n, _)| n).collect()
        };
        self.steered.insert(key.clone());
        if n == 0 || others.is_empty() {
            let (author, body) = (by.to_owned(), words.to_owned());
            let said = CommentSeen { id, author, own: false, body, at: now, edited: None };
            self.case(key).comments.push(said);
            return self.notes(key, &format!("{by} says {words:?}"));
        }
        let at = self.one_of(&others);
        if n == 1 {
            let said = self.case(key).comments.remove(at);
            return self.notes(key, &format!("{:?} is taken back", said.body));
        }
        // Whoever may write may edit what others said.
        let by = self.one_of(&PEOPLE).to_owned();
        let comment = &mut self.case(key).comments[at];
        (comment.body, comment.edited) = (words.to_owned(), Some((now, by)));
        self.notes(key, &format!("a comment is {words:?} now"));
    }

    /// Somebody has to do with the pull request.
    fn judges(&mut self, key: &Key) {
        let (by, now, commit, id) = (self.one_of(&PEOPLE), self.now, self.commit(), self.fresh());
        let n = self.rng_below(12);
        // Somebody has the reviewer's credential.
        let by = if self.chance(20) { CRITIC } else { by };
        let may_open = !self.case(key).pulls.iter().any(|pull| pull.open);
        if let Some(pull) = self.case(key).pulls.first_mut().filter(|it| !it.open && !it.merged() && may_open)
        {
            pull.open = n < 2;
            self.steered.insert(key.clone());
            return;
        }
        let Some(pull) = self.pull(key) else { return };
        let review = |verdict, head| ReviewSeen {
            id,
            author: by.to_owned(),
            own: false,
            verdict,
            commit: Some(head),
            body: "so be it".into(),
            at: now,
        };
        match (n, &mut pull.reviews, &mut pull.threads) {
            (0, ..) => {
                (pull.open, pull.closed) = (false, Some(now));
                super::queue::gone(pull);
            }
            (1, ..) => {
                super::queue::gone(pull);
                let tree = pull.tree.clone();
                pull.landed = Some(Landed {
                    at: now,
                    by: Some(by.to_owned()),
                    commit: Some(commit),
                    tree,
                    checks: Seen::Unknown,
                });
                pull.open = false;
            }
            (2, ..) => pull.base = if pull.base == "main" { "next".into() } else { "main".into() },
            (3, ..) => self.push(key, commit, by),
            (4..=6, Seen::Known(all), _) => all.push(review(ReviewIs::Approved, pull.head.clone())),
            (7, Seen::Known(all), _) => all.push(review(ReviewIs::ChangesRequested, pull.head.clone())),
            (8, _, Seen::Known(all)) => all.push(ThreadSeen {
                id: format!("T{id}"),
                resolved: false,
                path: "src/a.rs".into(),
                comments: vec![(id, by.to_owned(), false, "Why?".into())],
            }),
            (9, _, Seen::Known(all)) => all.iter_mut().for_each(|thread| thread.resolved = true),
            (10, ..) => pull.draft = !pull.draft,
            (..) => pull.title.push_str(if n == 11 { " [factory-e2e]" } else { "" }),
        }
        self.notes(key, &format!("{by} has to do with its pull request ({n})"));
    }

    fn rng_below(&mut self, most: u32) -> u32 {
        rand::Rng::random_range(&mut self.rng, 0..most)
    }

    /// What is read at one tick: mostly all of it.
    pub(super) fn reads(&mut self) -> Observed {
        let mut observed = self.observed();
        if !self.chance(25) {
            return observed;
        }
        let keys: Vec<Key> = self.cases.keys().cloned().collect();
        let key = self.one_of(&keys);
        let n = self.rng_below(5);
        self.log.push(format!("{}#{} is read in part ({n})", key.0, key.1));
        if n == 0 {
            observed.gaps.push(crate::model::Gap {
                facet: crate::model::Facet::Runs,
                repo: None,
                why: "the disk is slow".into(),
                cause: crate::model::Cause::Other,
            });
        } else if n == 1 {
            observed.cases.permissions.values_mut().for_each(|it| *it = Seen::Unknown);
        } else if let Some(seen) = observed.cases.all.get_mut(&key) {
            match seen {
                Seen::Known(case) if n < 4 => {
                    for pull in &mut case.pulls {
                        match n {
                            2 => pull.checks = Seen::Unknown,
                            _ => (pull.reviews, pull.threads) = (Seen::Unknown, Seen::Unknown),
                        }
                    }
                }
                Seen::Known(_) | Seen::Absent | Seen::Unknown => *seen = Seen::Unknown,
            }
        }
        observed
    }

    /// Nobody does anything any more but what is asked of them: runs end well, checks pass, conflicts and conversations are
    /// settled. Only what is queued somebody may hold.
    pub(in crate::loops::tests) fn rests(&mut self) {
        self.passes(SignedDuration::from_hours(5));
        for id in self.open_runs() {
            self.ends(&id, Mood::Good);
        }
        let keys: Vec<Key> = self.cases.keys().cloned().collect();
        for key in keys {
            if self.is_queued(&key) {
                if self.chance(80) {
                    self.lands(&key);
                } else {
                    self.label(&key, "factory:hold", PEOPLE[0]);
                }
            }
            self.checked(&key, CheckIs::Passed);
            if let Some(pull) = self.pull(&key) {
                pull.mergeable = Mergeable::Yes;
            }
        }
    }

    /// Alice approves every head.
    pub(in crate::loops::tests) fn approved(&mut self) {
        let keys: Vec<Key> = self.cases.keys().cloned().collect();
        for key in keys {
            let (id, at) = (self.fresh(), self.now);
            let Some(pull) = self.pull(&key) else { continue };
            let (author, commit) = (PEOPLE[0].to_owned(), Some(pull.head.clone()));
            let (verdict, body) = (ReviewIs::Approved, String::new());
            pull.reviews =
                Seen::Known(vec![ReviewSeen { id, author, own: false, verdict, commit, body, at }]);
        }
    }

    /// The phase in which an issue is, by all that there is.
    pub(super) fn phase(&self, key: &Key) -> Phase {
        self.stands(key, &self.observed(), |_, at| at.phase)
    }
}
