//! Carries out what is planned: each action after one look of its own, and no further than the machine lives.

use crate::model::{
    Action, Billed, CommentSeen, Effect, EntryIs, Landed, QueueEntry, Remark, ReviewIs, ReviewSeen, RunId,
    RunPhase, RunSeen, Seen, StartRun, Tell,
};

use super::laws::Laws;
use super::world::{BOT, Key, World};

/// What became of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Became {
    Done,
    AlreadySo,
    Refused,
}

impl World {
    /// Looks, compares, and does it: as [`crate::apply`] does.
    pub(super) fn attempt(&mut self, action: &Action, laws: &mut Laws, whole: bool) -> Became {
        let seen = self.look(action);
        if seen == action.after {
            return Became::AlreadySo;
        }
        if seen != action.before && !self.careless {
            self.log.push(format!("refused: {} {}", action.verb.as_str(), action.address));
            return Became::Refused;
        }
        laws.may(self, action);
        self.log.push(format!("{} {} ({})", action.verb.as_str(), action.address, action.reason));
        self.passes(jiff::SignedDuration::from_secs(1));
        self.carry_out(&action.effect, whole);
        Became::Done
    }

    /// Does what is planned.
    pub(in crate::loops::tests) fn does(&mut self, action: &Action) {
        assert_eq!(self.look(action), action.before, "{action:?}");
        self.carry_out(&action.effect, true);
    }

    fn carry_out(&mut self, effect: &Effect, whole: bool) {
        let repo = effect.repo().clone();
        let key = |number: u64| -> Key { (repo.clone(), number) };
        #[expect(clippy::wildcard_enum_match_arm, reason = "the loop does nothing else")]
        match effect {
            Effect::StartRun(start) => self.begin(start),
            Effect::StopRun(stop) => drop(self.stopped.insert(stop.run.clone())),
            Effect::OpenPull(it) => {
                let key = key(it.watched.as_ref().expect("it was looked at").number);
                match &it.over {
                    Some((number, head)) => {
                        let there = self.pull(&key).filter(|pull| pull.number == *number);
                        assert_eq!(
                            there.map(|pull| &pull.head),
                            Some(head),
                            "it is pushed over what was seen"
                        );
                        self.push(&key, it.commit.clone(), BOT);
                    }
                    None => {
                        let pull = self.opened(it.commit.clone(), &it.title, &it.base);
                        self.case(&key).pulls.insert(0, pull);
                        self.case(&key).pulls.truncate(5);
                    }
                }
            }
            Effect::Tell(tell) => self.tell(tell, whole),
            Effect::PassOver(it) => {
                let after = it.done(&self.cases[&key(it.watched.number)]);
                self.passed.note(repo.clone(), &after);
            }
            Effect::Merge(it) => {
                let (key, now, commit) = (key(it.watched.number), self.now, self.commit());
                let closes = self.chance(70);
                let pull = self.pull(&key).expect("what is merged is open");
                let (by, tree) = (Some(BOT.to_owned()), pull.tree.clone());
                pull.landed = Some(Landed { at: now, by, commit: Some(commit), tree, checks: Seen::Unknown });
                pull.open = false;
                self.case(&key).open &= !closes;
            }
            Effect::Enqueue(it) => {
                let pull = self.pull(&key(it.watched.number)).expect("what is queued is open");
                let entry = QueueEntry { state: EntryIs::Queued, position: 1, by: BOT.to_owned() };
                pull.queue.as_mut().expect("its base has a queue").entry = Some(entry);
            }
            Effect::Dequeue(it) => {
                let (key, now) = (key(it.watched.number), self.now);
                super::queue::left(self.pull(&key).expect("what is taken out is open"), BOT, now);
            }
            Effect::UpdateBranch { watched, .. } => {
                let head = self.commit();
                self.push(&key(watched.number), head, BOT);
            }
            Effect::Reply(it) => {
                let (id, at) = (self.fresh(), self.now);
                let pull = self.pull(&key(it.watched.number)).expect("it is open");
                match (&it.to, &mut pull.threads, &mut pull.reviews) {
                    (Remark::Thread(asked, _), Seen::Known(threads), _) => {
                        let thread =
                            threads.iter_mut().find(|thread| thread.id == *asked).expect("it was seen");
                        thread.comments.push((id, BOT.to_owned(), true, it.body.clone()));
                    }
                    (Remark::Review(_), _, Seen::Known(reviews)) => reviews.push(ReviewSeen {
                        id,
                        author: BOT.to_owned(),
                        own: true,
                        verdict: ReviewIs::Commented,
                        commit: Some(pull.head.clone()),
                        body: it.body.clone(),
                        at,
                    }),
                    (Remark::Thread(..) | Remark::Review(_), ..) => {}
                }
            }
            Effect::Review(it) => {
                let (id, now) = (self.fresh(), self.now);
                let pull = self.pull(&key(it.watched.number)).expect("it is open");
                assert_eq!(pull.head, it.head, "it is about the head that was judged");
                let Seen::Known(reviews) = &mut pull.reviews else { return };
                reviews.push(ReviewSeen {
                    id,
                    author: it.by.clone().unwrap_or_else(|| BOT.to_owned()),
                    own: it.by.is_none(),
                    verdict: it.verdict,
                    commit: Some(it.head.clone()),
                    body: it.body.clone(),
                    at: now,
                });
            }
            Effect::Withdraw { number, .. } => {
                let pulls = self.cases.values_mut().flat_map(|case| &mut case.pulls);
                pulls.filter(|pull| Some(pull.number) == *number).for_each(|pull| pull.open = false);
            }
            other => panic!("the loop has nothing to do with {other:?}"),
        }
    }

    fn begin(&mut self, start: &StartRun) {
        let id = RunId::new(self.now, &self.fresh().to_le_bytes());
        self.runs.push(RunSeen {
            id: id.clone(),
            of: start.of.clone(),
            agent: start.agent.clone(),
            prompt: start.digest(),
            billed: Billed { account: start.agent.clone(), ..Billed::default() },
            phase: RunPhase::Under,
        });
        self.started.insert(id, start.clone());
    }

    /// A comment, the labels that come, those that go, the end: a crash may come after each of them.
    fn tell(&mut self, tell: &Tell, whole: bool) {
        let key = (tell.repo.clone(), tell.watched.number);
        let steps = if whole { 5 } else { self.one_of(&[1, 2, 3, 4]) };
        if let Some(body) = &tell.comment {
            let (now, id) = (self.now, self.fresh());
            let case = self.case(&key);
            match case.comments.iter_mut().find(|it| Some(it.id) == tell.rewrites) {
                Some(there) => (there.body, there.edited) = (body.clone(), Some((now, BOT.to_owned()))),
                None => case.comments.push(CommentSeen {
                    id,
                    author: BOT.into(),
                    own: true,
                    body: body.clone(),
                    at: now,
                    edited: None,
                }),
            }
        }
        if steps >= 2 {
            for label in &tell.add {
                self.label(&key, label.as_str(), BOT);
            }
        }
        if steps >= 3 {
            for label in &tell.remove {
                self.case(&key).labels.remove(&label.key());
            }
        }
        if steps >= 4
            && let Some(it) = &tell.clears
        {
            let pull = self.case(&key).pulls.iter_mut().find(|pull| pull.number == it.pull);
            let pull = pull.expect("it was seen");
            let there = pull.branch.take().expect("it is there");
            assert!(pull.landed.is_some() && there.head == it.head && pull.head == it.head);
        }
        if steps >= 5 && tell.close {
            self.case(&key).open = false;
        }
    }
}
