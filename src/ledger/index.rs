//! What the ledger says about now: open intents, last outcomes, flips and config in force. Kept in memory, pure.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::chain::Entry;
use super::{Batch, BatchPhase, Ending, Flip, Intent, Outcome, PERMANENT, Plays, Record, Verdict};
use crate::model::{
    ActionId, Address, AllPassedOver, Begun, CommitId, Fingerprint, Held, IntentId, Ran, RepoName, RunId,
    Verb,
};

/// For how long returns are remembered: three in a day are a fight.
const MEMORY: SignedDuration = SignedDuration::from_hours(24);
/// How many actions of one address are remembered besides the last: those that fight are few and take turns.
const TURNS: usize = 16;

/// What is known from the records so far.
#[derive(Clone, Debug, Default)]
pub struct Index {
    settled: HashMap<Address, Settled>,
    open: BTreeMap<IntentId, Open>,
    actions: HashMap<ActionId, ActionHistory>,
    flips: BTreeMap<Address, Flip>,
    runs: HashSet<RunId>,
    /// The follow-ups that were done once.
    opened: BTreeSet<(RepoName, String)>,
    /// What is known of the runs of tasks.
    ran: Arc<Ran>,
    /// The advisors that were passed over.
    passed: AllPassedOver,
    /// What became of the runs of issues.
    plays: Plays,
    /// What merge policies may ask for.
    held: Arc<Held>,
    config: Option<CommitId>,
    /// By what it was for, the last batch that ended: its config, and what it left and what waited.
    agreed: BTreeMap<(Vec<String>, Vec<String>), Agreed>,
    rejected: Option<(CommitId, String)>,
    last_at: Option<Timestamp>,
    added: u64,
}

/// What a batch made the world agree with.
type Agreed = (CommitId, Vec<ActionId>, Vec<Address>);

/// The last settled outcome at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The sequence of the outcome.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Which action.
    pub action: ActionId,
    /// How it ended.
    pub result: Ending,
    /// What it leaves there, by field; nothing where it deletes.
    leaves: Option<BTreeMap<String, Fingerprint>>,
    /// The actions before it that are remembered, oldest first.
    before: VecDeque<ActionId>,
}

/// An intent that is not settled: nobody knows yet whether it happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    /// The sequence of the intent.
    pub seq: u64,
    /// When it was recorded.
    pub at: Timestamp,
    /// The intent.
    pub intent: Intent,
    /// Whether it was tried and its end is unknown; else its end was never recorded.
    pub tried: bool,
    /// Whether the run that it began is over.
    pub ran: bool,
}

impl Open {
    /// The run that it begins and that isn't over, if it begins one.
    fn begun(&self) -> Option<Begun> {
        if self.ran {
            return None;
        }
        let Intent { verb: Verb::StartRun, after, by, machine, .. } = &self.intent else { return None };
        Some(Begun {
            work: after.get("version")?.as_str()?.to_owned(),
            attempt: u32::try_from(after.get("attempt")?.as_u64()?).ok()?,
            by: by.clone(),
            machine: machine.clone(),
            at: self.at,
        })
    }
}

/// What became of one action lately.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionHistory {
    /// How it ended last.
    pub last: Ending,
    /// In words.
    pub says: String,
    /// The class of its failure, if it failed.
    pub cause: Option<String>,
    /// When.
    pub at: Timestamp,
    /// How often it failed since it was done last.
    pub failures: u32,
    /// The times it was done in the 24 hours before the last record, oldest first. What the factory undid itself,
    /// because config changed its mind, is not among them.
    pub done: Vec<Timestamp>,
}

impl Index {
    /// Of an empty ledger, for the machine with this state directory.
    pub fn of(machine: &str) -> Self {
        Self { ran: Arc::new(Ran::of(machine)), ..Self::default() }
    }

    /// The sequence of the last settled outcome at an address; 0 when there is none.
    pub fn settled_seq(&self, address: &Address) -> u64 {
        self.settled.get(address).map_or(0, |s| s.seq)
    }

    /// The last settled outcome at an address.
    pub fn settled(&self, address: &Address) -> Option<&Settled> {
        self.settled.get(address)
    }

    /// The id of the attempt that would be made now.
    pub fn intent_id(&self, action: &ActionId, address: &Address) -> IntentId {
        IntentId::new(action, self.settled_seq(address))
    }

    /// The intents that are not settled, oldest first.
    pub fn open_intents(&self) -> Vec<&Open> {
        let mut open: Vec<_> = self.open.values().collect();
        open.sort_by_key(|o| o.seq);
        open
    }

    /// An intent that is not settled.
    pub fn open_intent(&self, intent: &IntentId) -> Option<&Open> {
        self.open.get(intent)
    }

    /// What became of an action lately. Nothing is known any more of a failure once another action was settled
    /// at its address: one side has changed.
    pub fn action(&self, action: &ActionId) -> Option<&ActionHistory> {
        self.actions.get(action)
    }

    /// What became of every action that is remembered.
    pub fn actions(&self) -> impl Iterator<Item = (&ActionId, &ActionHistory)> {
        self.actions.iter()
    }

    /// How often an action was done in the 24 hours before `now`.
    pub fn done_within_a_day(&self, action: &ActionId, now: Timestamp) -> usize {
        let Some(history) = self.actions.get(action) else { return 0 };
        history.done.iter().filter(|at| now.duration_since(**at) < MEMORY).count()
    }

    /// The last flip of each address, whatever it says and whether or not it is over.
    pub fn flips(&self) -> impl Iterator<Item = &Flip> {
        self.flips.values()
    }

    /// The commit that came into force last.
    pub fn config_in_force(&self) -> Option<&CommitId> {
        self.config.as_ref()
    }

    /// Whether a batch like this one, for the same part and with the same left undone, is the last of its kind.
    pub fn says_already(&self, batch: &Batch) -> bool {
        let key = (batch.scope.clone(), batch.loops.clone());
        self.agreed.get(&key).is_some_and(|(commit, left, waiting)| {
            batch.config_commit.as_ref() == Some(commit) && *left == batch.left && *waiting == batch.waiting
        })
    }

    /// The commit that was rejected since, and why.
    pub fn config_rejected(&self) -> Option<(&CommitId, &str)> {
        self.rejected.as_ref().map(|(commit, why)| (commit, why.as_str()))
    }

    /// Whether a run is recorded.
    pub fn has_run(&self, run: &RunId) -> bool {
        self.runs.contains(run)
    }

    /// The follow-ups of runs that issues were opened for, or were found for, by repository and digest.
    pub fn opened(&self) -> &BTreeSet<(RepoName, String)> {
        &self.opened
    }

    /// What merge policies may ask for.
    pub fn held(&self) -> Arc<Held> {
        Arc::clone(&self.held)
    }

    /// What is known of the runs of tasks, those included whose start is not settled.
    pub fn ran(&self) -> Arc<Ran> {
        let mut ran = Arc::clone(&self.ran);
        for open in self.open_intents() {
            if let Some(begun) = open.begun() {
                Arc::make_mut(&mut ran).begin(&open.intent.address, begun);
            }
        }
        ran
    }

    /// The advisors that were passed over.
    pub fn passed(&self) -> &AllPassedOver {
        &self.passed
    }

    /// What became of the runs of issues.
    pub fn plays(&self) -> &Plays {
        &self.plays
    }

    /// The time of the last record.
    pub fn last_at(&self) -> Option<Timestamp> {
        self.last_at
    }

    /// Takes note of the next record.
    pub fn add(&mut self, entry: &Entry) {
        self.last_at = self.last_at.max(Some(entry.at));
        match &entry.record {
            Record::Intent(intent) => {
                let open = Open {
                    seq: entry.seq,
                    at: entry.at,
                    intent: (**intent).clone(),
                    tried: false,
                    ran: false,
                };
                self.open.insert(intent.intent.clone(), open);
            }
            Record::Outcome(outcome) if outcome.result.settles() => {
                if matches!(outcome.result, Ending::Done | Ending::AlreadySo)
                    && let Some((repo, digest)) = outcome.address.follow_up()
                {
                    self.opened.insert((repo, digest.to_owned()));
                }
                let open = self.open.remove(&outcome.intent);
                if outcome.result == Ending::Done
                    && open.as_ref().is_some_and(|open| open.intent.verb == Verb::UpdateBranch)
                {
                    Arc::make_mut(&mut self.held).updated(&outcome.address, entry.at);
                }
                if outcome.result == Ending::Failed
                    && outcome.cause.as_deref() == Some(PERMANENT)
                    && open.as_ref().is_some_and(|open| open.intent.verb == Verb::UpdateBranch)
                {
                    Arc::make_mut(&mut self.held).update_refused(&outcome.address, entry.at, &outcome.says);
                }
                let lands = |open: &Open| matches!(open.intent.verb, Verb::MergePull | Verb::EnqueuePull);
                if open.as_ref().is_some_and(lands) {
                    let held = Arc::make_mut(&mut self.held);
                    let is_refused =
                        outcome.result == Ending::Failed && outcome.cause.as_deref() == Some(PERMANENT);
                    if is_refused {
                        held.landing_refused(&outcome.address, entry.at, &outcome.says);
                    } else {
                        held.refused_landings.remove(&outcome.address);
                    }
                }
                if outcome.result == Ending::Done
                    && let Some((repo, number)) = open.as_ref().and_then(|open| open.intent.writes_on())
                {
                    Arc::make_mut(&mut self.held).wrote(&repo, number, entry.at);
                }
                if outcome.result == Ending::Done
                    && let Some(open) = open.as_ref().filter(|open| open.intent.tells_the_end())
                    && let Some((repo, number)) = open.intent.writes_on()
                {
                    Arc::make_mut(&mut self.ran).settle(&repo, number);
                }
                if outcome.result == Ending::Done
                    && let Some(begun) = open.as_ref().and_then(Open::begun)
                {
                    Arc::make_mut(&mut self.ran).begin(&outcome.address, begun);
                }
                self.passed_over(outcome.result, open.as_ref());
                self.handed_over(outcome.result, open.as_ref());
                let before = self.settled.remove(&outcome.address);
                let leaves = match &open {
                    Some(open) => leaves(&open.intent.after),
                    // The same action leaves the same.
                    None => before
                        .as_ref()
                        .filter(|it| it.action == outcome.action)
                        .and_then(|it| it.leaves.clone()),
                };
                if let Some(before) = &before
                    && open.is_some()
                    && outcome.result == Ending::Done
                    && before.action != outcome.action
                    && undoes(leaves.as_ref(), before.leaves.as_ref())
                    && let Some(history) = self.actions.get_mut(&before.action)
                {
                    history.done.clear();
                }
                let settled = Settled {
                    seq: entry.seq,
                    at: entry.at,
                    action: outcome.action.clone(),
                    result: outcome.result,
                    leaves,
                    before: self.turns(before, &outcome.action),
                };
                self.settled.insert(outcome.address.clone(), settled);
                self.remember(outcome, entry.at);
            }
            Record::Outcome(outcome) => {
                if let Some(open) = self.open.get_mut(&outcome.intent) {
                    open.tried = true;
                }
            }
            Record::Flip(flip) => {
                self.flips.insert(flip.address.clone(), flip.clone());
            }
            Record::Config(config) => match config.verdict {
                Verdict::InForce => {
                    self.config = Some(config.commit.clone());
                    self.rejected = None;
                }
                Verdict::Rejected => self.rejected = Some((config.commit.clone(), config.why.clone())),
            },
            // What is applied by hand is in force too: a start that fell behind it would undo it.
            Record::Batch(batch) => {
                let Some(commit) = &batch.config_commit else { return self.count() };
                if !batch.not_in_force {
                    self.config = Some(commit.clone());
                }
                if batch.phase == BatchPhase::Ended {
                    let key = (batch.scope.clone(), batch.loops.clone());
                    // What was for everything is the last of every kind.
                    if batch.scope.is_empty() && batch.loops.is_empty() {
                        self.agreed.clear();
                    }
                    self.agreed.insert(key, (commit.clone(), batch.left.clone(), batch.waiting.clone()));
                }
            }
            Record::Run(run) => {
                if self.runs.insert(run.run.clone()) {
                    self.plays.add(run);
                    let (past, work) = (|work| run.past(work), run.work.as_deref());
                    let ran = Arc::make_mut(&mut self.ran);
                    // A crash between a start and its record: the end comes first.
                    if !ran.end(&run.address, work, past, run.attempt) {
                        let is_it = |open: &&mut Open| {
                            open.intent.address == run.address
                                && open.begun().is_some_and(|begun| begun.is_of(run.attempt, work))
                        };
                        if let Some(open) = self.open.values_mut().find(is_it) {
                            open.ran = true;
                        }
                    }
                }
            }
            Record::Proof(proof) => Arc::make_mut(&mut self.held).add(proof),
            Record::Override(_) | Record::Aside(_) | Record::Other { .. } => {}
        }
        self.count();
    }

    /// Takes note that an advisor was passed over, if it was.
    fn passed_over(&mut self, result: Ending, open: Option<&Open>) {
        let Some(Open { intent, .. }) = open.filter(|it| it.intent.verb == Verb::PassOver) else { return };
        if let (Ending::Done, Some(repo)) = (result, intent.address.repo_name()) {
            self.passed.note(repo, &intent.after);
            self.plays.pass_over(&intent.after);
        }
    }

    /// Takes note that an issue became a person's, if it did.
    fn handed_over(&mut self, result: Ending, open: Option<&Open>) {
        if let (Ending::Done, Some(how)) = (result, open.and_then(|it| it.intent.hands_over.as_ref())) {
            self.plays.hand_over(how);
        }
    }

    fn count(&mut self) {
        self.added += 1;
        if self.added.is_multiple_of(4096) {
            self.forget_old();
        }
    }

    /// The actions of an address that are remembered once this one is its last. A failure is forgotten with that, and so
    /// is what was done before so many others.
    fn turns(&mut self, before: Option<Settled>, action: &ActionId) -> VecDeque<ActionId> {
        let Some(Settled { action: last, before: mut turns, .. }) = before else { return VecDeque::new() };
        turns.retain(|turn| turn != action && *turn != last);
        if last != *action {
            match self.actions.get(&last) {
                Some(history) if !history.done.is_empty() => turns.push_back(last),
                Some(_) | None => drop(self.actions.remove(&last)),
            }
        }
        while turns.len() > TURNS {
            if let Some(turn) = turns.pop_front() {
                self.actions.remove(&turn);
            }
        }
        turns
    }

    fn remember(&mut self, outcome: &Outcome, at: Timestamp) {
        let result = outcome.result;
        let fresh = ActionHistory {
            last: result,
            says: String::new(),
            cause: None,
            at,
            failures: 0,
            done: Vec::new(),
        };
        let history = self.actions.entry(outcome.action.clone()).or_insert(fresh);
        (history.last, history.at) = (result, at);
        (history.says, history.cause) = (outcome.says.clone(), outcome.cause.clone());
        history.done.retain(|done| at.duration_since(*done) < MEMORY);
        match result {
            Ending::Done => {
                history.failures = 0;
                history.done.push(at);
            }
            Ending::Failed => history.failures += 1,
            Ending::AlreadySo | Ending::Refused | Ending::Left | Ending::Unknown => {}
        }
    }

    /// Drops what was done longer ago than anybody asks; failures stay until their address is settled otherwise.
    fn forget_old(&mut self) {
        let Some(now) = self.last_at else { return };
        self.actions.retain(|_, history| {
            history.last == Ending::Failed
                || history.last == Ending::Refused
                || now.duration_since(history.at) < MEMORY
        });
    }
}

/// What an action leaves, in digests: a comment may be long.
fn leaves(after: &serde_json::Value) -> Option<BTreeMap<String, Fingerprint>> {
    Some(after.as_object()?.iter().map(|(field, value)| (field.clone(), Fingerprint::of(value))).collect())
}

/// Whether what was left now takes back something that was left before.
fn undoes(
    now: Option<&BTreeMap<String, Fingerprint>>,
    before: Option<&BTreeMap<String, Fingerprint>>,
) -> bool {
    match (now, before) {
        (Some(now), Some(before)) => {
            before.iter().any(|(field, value)| now.get(field).is_some_and(|other| other != value))
        }
        (None, None) => false,
        (Some(_), None) | (None, Some(_)) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::samples::{at, config, flip, intent, outcome};
    use super::super::{Intent, Outcome, Verdict};
    use super::*;
    use crate::model::{HandedOver, Phase};

    fn index(records: &[(i64, Record)]) -> Index {
        let mut index = Index::default();
        for (n, (hours, record)) in records.iter().enumerate() {
            index.add(&Entry {
                seq: n as u64 + 1,
                at: at(hours * 3600),
                record: record.clone(),
                hash: String::new(),
            });
        }
        index
    }

    fn of(record: &Record) -> Outcome {
        let Record::Outcome(outcome) = record else { panic!("not an outcome") };
        outcome.clone()
    }

    #[test]
    fn what_is_written_on_an_issue_counts_for_an_hour() {
        let repo = RepoName::parse("acme/widgets").unwrap();
        let tells = |nth: u64, verb: Verb, before: Value| {
            let Record::Intent(intent) = intent("a", nth) else { panic!("not an intent") };
            Record::from(Intent { verb, before, ..*intent })
        };
        let beside = json!({ "of": { "issue": 7 }, "pull": null });
        let all = [
            tells(0, Verb::TellIssue, json!({ "issue": 7 })),
            tells(1, Verb::OpenPull, beside.clone()),
            tells(2, Verb::StartRun, beside.clone()),
            tells(3, Verb::MergePull, json!({ "issue": 8 })),
            tells(4, Verb::TellIssue, json!({ "issue": 7 })),
        ];
        let mut records: Vec<(i64, Record)> = Vec::new();
        let ends = [Ending::Done, Ending::Done, Ending::Done, Ending::Done, Ending::Failed];
        for ((it, hours), ending) in all.iter().zip([0, 0, 1, 1, 1]).zip(ends) {
            records.extend([(hours, it.clone()), (hours, outcome(it, ending))]);
        }
        let held = index(&records).held();
        let written = |number, hours: i64| held.writes_within_the_hour((&repo, number), 2, at(hours * 3600));
        let often = (2, Some(at(3600)));
        assert_eq!(
            [written(7, 0), written(8, 1), written(7, 1), written(9, 0)],
            [often, (1, None), (0, None), (0, None)]
        );
    }

    #[test]
    fn an_intent_is_open_until_it_is_settled() {
        let (a, b) = (intent("a", 0), intent("b", 0));
        let all = [
            (0, a.clone()),
            (0, b.clone()),
            (1, outcome(&a, Ending::Unknown)),
            (1, outcome(&b, Ending::Done)),
        ];
        let now = index(&all);
        let open: Vec<_> = now.open_intents().iter().map(|o| (o.seq, o.tried)).collect();
        assert_eq!(open, [(1, true)]);
        assert_eq!(now.settled_seq(b.address().unwrap()), 4);
        assert_eq!(now.settled_seq(a.address().unwrap()), 0);
    }

    #[test]
    fn what_was_opened_once_is_known_whatever_follows() {
        let address = Address::parse("repo/acme/widgets/task/a/follow-up/0a").unwrap();
        let at_it = |ending| {
            let mut record = outcome(&intent("a", 0), ending);
            let Record::Outcome(outcome) = &mut record else { panic!("not an outcome") };
            outcome.address = address.clone();
            record
        };
        let one = BTreeSet::from([(RepoName::parse("acme/widgets").unwrap(), "0a".to_owned())]);
        for (ending, opened) in [
            (Ending::Done, true),
            (Ending::AlreadySo, true),
            (Ending::Left, false),
            (Ending::Failed, false),
            (Ending::Refused, false),
            (Ending::Unknown, false),
        ] {
            let now = index(&[
                (0, at_it(ending)),
                (1, at_it(Ending::Left)),
                (2, outcome(&intent("b", 0), Ending::Done)),
            ]);
            assert_eq!(*now.opened() == one, opened, "{ending:?}");
            assert!(opened || now.opened().is_empty());
        }
    }

    /// A start is known from its intent on; its end takes it away, and so does an outcome that says that it was not begun.
    #[test]
    fn a_run_is_known_from_its_start_to_its_end() {
        let task = crate::model::samples::task("a");
        let Record::Intent(mut start) = intent("a", 0) else { panic!("not an intent") };
        (start.verb, start.address) = (Verb::StartRun, task.address());
        start.after = serde_json::json!({ "agent": "one", "attempt": 2, "version": task.version() });
        let start = Record::Intent(start);
        let end =
            |work: Option<String>| Record::Run(Box::new(super::super::samples::run(&task.address(), work)));
        let seen = |rest: &[Record]| {
            let all: Vec<(i64, Record)> =
                [&start].into_iter().chain(rest).cloned().map(|it| (1, it)).collect();
            index(&all).ran().elsewhere([&task].into_iter(), |_| BTreeSet::new(), "another", at(3600))
        };
        let (done, left) = (outcome(&start, Ending::Done), outcome(&start, Ending::Left));
        for (rest, begun, over) in [
            (vec![], 1, 0),
            (vec![outcome(&start, Ending::Unknown)], 1, 0),
            (vec![done.clone()], 1, 0),
            (vec![left], 0, 0),
            (vec![done.clone(), end(Some(task.version()))], 0, 1),
            (vec![done.clone(), end(Some(task.version())), end(Some(task.version()))], 0, 1),
            (vec![done.clone(), end(None)], 0, 1),
            (vec![end(Some(task.version()))], 0, 1),
            (vec![end(Some(task.version())), done.clone()], 0, 1),
            (vec![done, end(Some("00000000".into()))], 1, 0),
        ] {
            let seen = seen(&rest);
            assert_eq!((seen.begun.len(), seen.runs.len()), (begun, over), "{rest:?}");
        }
        let begun = &seen(&[]).begun[&task.address()];
        assert_eq!((begun.by.as_str(), begun.machine.as_str(), begun.attempt), ("ann@host", "0a1b2c3d", 2));
    }

    #[test]
    fn a_drift_that_returns_is_a_new_intent() {
        let a = intent("a", 0);
        let (action, address) = (of(&outcome(&a, Ending::Done)).action, a.address().unwrap().clone());
        let before = index(&[(0, a.clone())]).intent_id(&action, &address);
        let after = index(&[(0, a.clone()), (0, outcome(&a, Ending::Done))]).intent_id(&action, &address);
        assert_ne!(before, after);
        let unknown =
            index(&[(0, a.clone()), (0, outcome(&a, Ending::Unknown))]).intent_id(&action, &address);
        assert_eq!(before, unknown, "what isn't settled is the same attempt");
    }

    #[test]
    fn returns_are_counted_within_a_day_and_failures_until_a_side_changes() {
        let a = intent("a", 0);
        let action = of(&outcome(&a, Ending::Done)).action;
        let done = |hours| (hours, outcome(&a, Ending::Done));
        let now = index(&[done(0), done(10), done(20), done(30)]);
        assert_eq!(now.done_within_a_day(&action, at(30 * 3600)), 3);
        assert_eq!(now.done_within_a_day(&action, at(40 * 3600)), 2);

        // Config that changes its mind undoes it as well, and that is no fight.
        let Record::Intent(mut back) = a.clone() else { panic!("not an intent") };
        std::mem::swap(&mut back.before, &mut back.after);
        back.action = ActionId::of(back.verb, &back.address, &Fingerprint::of(&back.before), &back.after);
        back.intent = IntentId::new(&back.action, 0);
        let back = Record::Intent(back);
        let there_and_back =
            [a.clone(), outcome(&a, Ending::Done), back.clone(), outcome(&back, Ending::Done)];
        let all: Vec<_> =
            std::iter::repeat_n(there_and_back, 4).flatten().map(|record| (0, record)).collect();
        assert_eq!(index(&all).done_within_a_day(&action, at(0)), 0);

        let failed = (0, outcome(&a, Ending::Failed));
        assert_eq!(index(std::slice::from_ref(&failed)).action(&action).unwrap().last, Ending::Failed);
        let mut other = of(&outcome(&intent("x", 0), Ending::Done));
        other.address = a.address().unwrap().clone();
        assert_eq!(index(&[failed, (1, Record::Outcome(other))]).action(&action), None);
    }

    #[test]
    fn an_address_remembers_the_last_of_its_actions() {
        let Record::Intent(first) = intent("a", 0) else { panic!("not an intent") };
        let turn = |n: usize| {
            let mut other = first.clone();
            // Another field each time, so that none undoes the one before.
            other.after = serde_json::json!({ format!("field-{n}"): n });
            other.action =
                ActionId::of(other.verb, &other.address, &Fingerprint::of(&other.before), &other.after);
            other.intent = IntentId::new(&other.action, 0);
            let intent = Record::Intent(other);
            let outcome = outcome(&intent, Ending::Done);
            [(0, intent), (0, outcome)]
        };
        let after = |turns: &mut dyn Iterator<Item = usize>| index(&turns.flat_map(turn).collect::<Vec<_>>());
        let all = after(&mut (0..1_000));
        assert_eq!(all.actions().count(), TURNS + 1);
        let often = after(&mut (0..1_000).map(|n| n % TURNS));
        let action = |n: usize| of(&turn(n)[1].1).action;
        assert_eq!(often.done_within_a_day(&action(0), at(0)), 1_000_usize.div_ceil(TURNS));
        assert_eq!(all.done_within_a_day(&action(999), at(0)), 1);
        assert_eq!(all.action(&action(0)), None);
    }

    #[test]
    fn flips_and_config_are_the_last_ones() {
        let now = index(&[
            (0, flip("loop/labels", false)),
            (0, config(1, Verdict::InForce)),
            (1, config(2, Verdict::Rejected)),
            (2, flip("loop/labels", true)),
        ]);
        assert_eq!(now.flips().map(|f| f.on).collect::<Vec<_>>(), [true]);
        assert_eq!(now.config_in_force(), Some(&super::super::samples::commit(1)));
        assert_eq!(now.config_rejected().map(|(c, _)| c.clone()), Some(super::super::samples::commit(2)));
    }

    #[test]
    fn whose_turn_it_became_is_counted_once_it_is_told() {
        let how = HandedOver { phase: Phase::Review, playbook: Some("rework".into()) };
        let Record::Intent(mut it) = intent("a", 0) else { panic!("not an intent") };
        it.hands_over = Some(how.clone());
        let it = Record::Intent(it);
        for (ending, times) in [(Ending::Done, Some(1)), (Ending::Left, None), (Ending::Refused, None)] {
            let now = index(&[(0, it.clone()), (1, outcome(&it, ending))]);
            assert_eq!(now.plays().handed_over.get(&how).copied(), times, "{ending:?}");
        }
    }

    #[test]
    fn what_was_passed_over_is_known_once_it_is_done() {
        let repo = RepoName::parse("acme/widgets").unwrap();
        let Record::Intent(mut it) = intent("a", 0) else { panic!("not an intent") };
        (it.verb, it.address) = (Verb::PassOver, Address::issue(&repo, 7).field("advisor"));
        it.after = serde_json::json!({
            "advisor": "pre-flight", "head": "ab".repeat(20), "work": "0a1b2c3d", "why": "it crashed", "of": { "issue": 7 },
        });
        let it = Record::Intent(it);
        for (ending, known) in [
            (Ending::Done, 1),
            (Ending::Left, 0),
            (Ending::Failed, 0),
            (Ending::Refused, 0),
            (Ending::Unknown, 0),
        ] {
            let now = index(&[(0, it.clone()), (1, outcome(&it, ending))]);
            assert_eq!(now.passed().of(&repo, 7).len(), known, "{ending:?}");
            assert_eq!(now.plays().advisors.passed_over.len(), known, "{ending:?}");
        }
    }
}
