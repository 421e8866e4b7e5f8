//! Records for the tests of this folder.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{
    Aside, AsideWhy, Batch, BatchPhase, Config, Flip, Intent, Outcome, Overridden, Override, Record, Result,
    Verdict,
};
use crate::model::{ActionId, Address, CommitId, Fingerprint, IntentId, Risk, Verb};

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
    Record::Intent(Intent {
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
        by: "ann@host".into(),
    })
}

pub(super) fn outcome(of: &Record, result: Result) -> Record {
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
    })
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
        outcome(&intent("bug", 0), Result::Done),
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
        Record::Aside(Aside { file: "torn-1".into(), bytes: 12, why: AsideWhy::Torn }),
        Record::Other {
            kind: "future".into(),
            body: serde_json::Map::from_iter([("x".to_owned(), json!([1, {"y": null}]))]),
        },
    ]
}
