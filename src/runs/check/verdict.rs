//! What the checks of a run mean for it.

use crate::model::{Check, Outcome};

use super::record::Checked;

/// What follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The outcome of the run.
    pub outcome: Outcome,
    /// In words.
    pub says: String,
}

/// Judges what was found. `may_weaken` says whether weaker gates were announced.
pub fn verdict(checked: &Checked, may_weaken: bool) -> Verdict {
    let of = |outcome, says: String| Verdict { outcome, says };
    if let Some(stop) = &checked.stop {
        return of(Outcome::Cancelled, stop.says());
    }
    let named = |check: &Check, what: &str| format!("the gate `{}` {what}", check.gate);
    let red = checked.checks.iter().filter(|check| !check.passed);
    let red: Vec<String> = red
        .map(|check| named(check, &format!("fails on a clean checkout of what it made: {}", check.says)))
        .collect();
    if !red.is_empty() {
        return of(Outcome::NoVerdict, red.join("; "));
    }
    let weaker: Vec<String> = checked
        .checks
        .iter()
        .filter(|check| !check.weaker.is_empty())
        .map(|check| named(check, &format!("became weaker: {}", check.weaker.join(", "))))
        .collect();
    if !weaker.is_empty() && !may_weaken {
        return of(Outcome::Weakened, weaker.join("; "));
    }
    let announced =
        if weaker.is_empty() { String::new() } else { format!("; as was announced, {}", weaker.join("; ")) };
    let n = checked.checks.len();
    let gates = if n == 1 { "its gate passed".to_owned() } else { format!("all {n} gates passed") };
    of(Outcome::Done, format!("what it made may be published, {gates} on a clean checkout{announced}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CommitId;
    use crate::runs::Stop;

    fn check(gate: &str, passed: bool, weaker: &[&str]) -> Check {
        Check {
            gate: gate.into(),
            commit: CommitId::parse(&"ab".repeat(20)).unwrap(),
            passed,
            says: "it ended with code 1: sad".into(),
            took_ms: 1,
            tail: Vec::new(),
            tests: None,
            weaker: weaker.iter().map(|text| (*text).to_owned()).collect(),
            unknown: vec!["nothing is known".into()],
        }
    }

    #[test]
    fn red_comes_before_weaker_and_weaker_may_be_announced() {
        let judge = |checks: Vec<Check>, may_weaken| {
            let Verdict { outcome, says } = verdict(&Checked { checks, stop: None }, may_weaken);
            format!("{outcome}: {says}")
        };
        let weak = || vec![check("a", true, &["x", "y"]), check("b", true, &[])];
        for (checks, may, expected) in [
            (
                vec![check("a", true, &[])],
                false,
                "done: what it made may be published, its gate passed on a clean checkout",
            ),
            (
                vec![check("a", true, &["x"]), check("b", false, &[])],
                false,
                "no verdict: the gate `b` fails on a clean checkout of what it made: it ended with code 1: sad",
            ),
            (weak(), false, "weakened: the gate `a` became weaker: x, y"),
            (
                weak(),
                true,
                "done: what it made may be published, all 2 gates passed on a clean checkout; as was announced, the gate `a` \
                 became weaker: x, y",
            ),
        ] {
            assert_eq!(judge(checks, may), expected);
        }
        let stop = Some(Stop::Asked { by: "me".into(), why: "enough".into() });
        let stopped = verdict(&Checked { checks: weak(), stop }, false);
        assert_eq!(stopped.outcome, Outcome::Cancelled);
    }
}
