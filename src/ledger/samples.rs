//! Records for the tests of this folder.
#![expect(clippy::disallowed_methods, reason = "tests damage files without the care of the product")]

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{
    Aside, AsideWhy, Batch, BatchPhase, Config, Ending, Error, Flip, Intent, Ledger, Outcome, Overridden,
    Override, Record, Run, Verdict,
};
use crate::adapters::fs;
use crate::adapters::state::StateDir;
use crate::model::{ActionId, Address, CommitId, Figure, Fingerprint, IntentId, Proof, Risk, RunId, Verb};

/// A moment, this many seconds after the first.
pub(super) fn at(seconds: i64) -> Timestamp {
    let first: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
    first + SignedDuration::from_secs(seconds)
}

pub(super) fn commit(n: u8) -> CommitId {
    CommitId::parse(&format!("{n:02x}").repeat(20)).unwrap()
}

pub(super) fn intent(label: &str, settled: u64) -> Record {
    let address = Address::parse(&format!("repo/acme/widgets/label/{label}")).unwrap();
    let (before, after) = (json!({"color": "ff0000"}), json!({"color": "00ff00"}));
    let action = ActionId::of(Verb::UpdateLabel, &address, &Fingerprint::of(&before), &after);
    Record::from(Intent {
        intent: IntentId::new(&action, settled),
        action,
        address,
        verb: Verb::UpdateLabel,
        risk: Risk::Routine,
        wanted_by: "labels".into(),
        before,
        after,
        because: vec![super::Because {
            file: "policies/labels.kdl".into(),
            line: 7,
            commit: Some(commit(0xab)),
        }],
        config_commit: Some(commit(0xab)),
        reason: "colour differs".into(),
        overrides: Vec::new(),
        hands_over: None,
        by: "ann@host".into(),
        machine: "0a1b2c3d".into(),
    })
}

pub(super) fn outcome(of: &Record, result: Ending) -> Record {
    let Record::Intent(intent) = of else { panic!("not an intent") };
    Record::Outcome(Outcome {
        intent: intent.intent.clone(),
        action: intent.action.clone(),
        address: intent.address.clone(),
        result,
        says: String::new(),
        request_id: Some("ABCD:1234".into()),
        cause: None,
    })
}

pub(super) fn flip(address: &str, on: bool) -> Record {
    Record::Flip(Flip {
        address: Address::parse(address).unwrap(),
        on,
        reason: "too eager".into(),
        until: None,
        by: "ann@host".into(),
    })
}

pub(super) fn config(n: u8, verdict: Verdict) -> Record {
    Record::Config(Config { commit: commit(n), verdict, why: String::new() })
}

pub(super) fn batch(phase: BatchPhase) -> Record {
    Record::Batch(Batch {
        phase,
        config_commit: Some(commit(0xab)),
        plan: "Plan: 1 to change".into(),
        by: "ann@host".into(),
        left: Vec::new(),
        waiting: Vec::new(),
        not_in_force: false,
        scope: Vec::new(),
        loops: Vec::new(),
    })
}

/// The second attempt at a task, which crashed.
pub(super) fn run(task: &Address, work: Option<String>) -> Run {
    Run {
        address: task.clone(),
        run: RunId::new(at(0), b"x"),
        wanted_by: "tasks".into(),
        attempt: 2,
        work,
        continues: None,
        agent: "one".into(),
        agent_kind: "command".into(),
        version: None,
        account: "one".into(),
        session: None,
        model: None,
        prompt: "0a".into(),
        playbook: None,
        play: None,
        advice: None,
        produced: None,
        config_commit: None,
        ended: at(0),
        took_ms: 1,
        outcome: "crashed".into(),
        until: None,
        turns: 0,
        input: 0,
        cached: 0,
        output: 0,
        cost_micros: Some(5),
        figure: Some(Figure::Agent),
    }
}

pub(super) fn one_of_each() -> Vec<Record> {
    let mut with_override = intent("é \"q\" \u{1f600}", 3);
    if let Record::Intent(it) = &mut with_override {
        it.overrides.push(Overridden {
            guard: "budget".into(),
            address: "repo/acme/**".into(),
            n: Some(3),
            by: "ann@host".into(),
        });
    }
    vec![
        intent("bug", 0),
        outcome(&intent("bug", 0), Ending::Done),
        with_override,
        batch(BatchPhase::Started),
        Record::Override(Override {
            guard: "budget".into(),
            address: "repo/acme/**".into(),
            n: None,
            by: "ann@host".into(),
            reason: "cleanup".into(),
            until: Some(at(60)),
        }),
        flip("loop/labels", false),
        config(1, Verdict::InForce),
        Record::Run(Box::new(run(
            &Address::parse("repo/acme/widgets/task/a").unwrap(),
            Some("0a1b2c3d".into()),
        ))),
        Record::Proof(Proof::Soaked { since: at(0), until: at(60), drift: Some(-4) }),
        Record::Aside(Aside { file: "torn-1".into(), bytes: 12, why: AsideWhy::Torn }),
        Record::Other {
            kind: "future".into(),
            body: serde_json::Map::from_iter([("x".to_owned(), json!([1, {"y": null}]))]),
        },
    ]
}

/// A state directory of its own.
pub(super) struct Home {
    _dir: tempfile::TempDir,
    pub(super) state: StateDir,
}

impl Home {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::prepare(dir.path(), None, "url", "main").unwrap();
        Self { _dir: dir, state }
    }

    pub(super) fn open(&self) -> Result<Ledger, Error> {
        Ledger::open(self.state.lock("test").unwrap(), at(900))
    }

    pub(super) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let dir = self.state.ledger();
        let names = fs::names(&dir).unwrap().into_iter();
        names.map(|n| (n.clone(), fs::read(&dir.join(&n), 1 << 20).unwrap())).collect()
    }

    pub(super) fn put(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.state.ledger().join(name), bytes).unwrap();
    }
}

/// A ledger over two days with seven records.
pub(super) fn two_days() -> Home {
    let home = Home::new();
    let mut ledger = home.open().unwrap();
    let (a, b) = (intent("a", 0), intent("b", 0));
    ledger.append_all(vec![batch(BatchPhase::Started), a.clone(), b.clone()], at(0)).unwrap();
    ledger.append(outcome(&a, Ending::Done), at(1)).unwrap();
    let tomorrow = at(86_400);
    ledger.append(outcome(&b, Ending::Failed), tomorrow).unwrap();
    ledger.append(batch(BatchPhase::Ended), tomorrow).unwrap();
    // The clock went back; the file doesn't.
    assert_eq!(ledger.append(flip("loop/labels", false), at(2)).unwrap(), 7);
    assert_eq!(fs::names(ledger.dir()).unwrap(), ["2026-01-02.jsonl", "2026-01-03.jsonl"]);
    home
}
