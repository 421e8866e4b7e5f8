//! What merge policies may ask for, as it comes to pass: each thing is written into the ledger once.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use jiff::Timestamp;

use crate::adapters::fs;
use crate::desired::nearest;
use crate::model::{Desired, Held, MergePolicy, Proof, Seen};
use crate::pipeline::{View, meddled};
use crate::work;

/// For so long a daemon may grow before its growth counts; half of what is asked for at most.
const WARM: Duration = Duration::from_mins(5);

/// The pull requests of the factory that have landed and of which the ledger doesn't know.
pub(crate) fn landed(cx: work::Cx<'_>) -> Vec<Proof> {
    let mut out = Vec::new();
    for case in cx.observed.cases.all.values().filter_map(Seen::known) {
        let Some(pull) = case.pull().filter(|pull| pull.own) else { continue };
        let (Some(landed), Some(pipeline)) = (&pull.landed, cx.desired.pipelines.of(&case.repo)) else {
            continue;
        };
        if cx.observed.cases.held.knows(&case.repo, pull.number) {
            continue;
        }
        let view = View::of(cx, pipeline, case);
        if view.asks_who_pushed() && pull.pushes.known().is_none() {
            continue; // It was not read, and what is written down stays.
        }
        out.push(Proof::Landed {
            repo: case.repo.clone(),
            issue: case.number,
            pull: pull.number,
            head: pull.head.clone(),
            by: landed.by.clone().unwrap_or_default(),
            but: meddled(&view, pull),
        });
    }
    out
}

/// How long this daemon has been at work.
#[derive(Debug)]
pub(super) struct Soak {
    since: Timestamp,
    /// How much memory it had once it had warmed up.
    warm: OnceLock<Option<i64>>,
}

impl Soak {
    /// One that begins at this moment.
    pub(super) fn begin(now: Timestamp) -> Self {
        Self { since: now, warm: OnceLock::new() }
    }

    /// What is to be written down of it: that it has lasted as long as a policy asks for. `memory` tells how many KiB this
    /// process has, where the system tells.
    pub(super) fn proof(
        &self,
        desired: &Desired,
        held: &Held,
        now: Timestamp,
        memory: impl Fn() -> Option<i64>,
    ) -> Option<Proof> {
        let asked = asked(desired);
        let lasted = Duration::try_from(now.duration_since(self.since)).unwrap_or_default();
        let first = *asked.iter().min()?;
        if lasted >= WARM.min(first / 2) {
            self.warm.get_or_init(&memory);
        }
        let reached = *asked.iter().filter(|asked| **asked <= lasted).max()?;
        if held.soaks.get(&self.since).is_some_and(|(written, _)| *written >= reached) {
            return None;
        }
        let drift = self.warm.get().copied().flatten().zip(memory()).map(|(warm, now)| now - warm);
        Some(Proof::Soaked { since: self.since, until: now, drift })
    }
}

/// The soaks that policies in use ask for.
fn asked(desired: &Desired) -> Vec<Duration> {
    let pipelines = &desired.pipelines;
    pipelines.of_repo.keys().filter_map(|repo| pipelines.policy(repo)?.graduation.soak).collect()
}

/// How many KiB of memory this process has; nothing where the system doesn't tell.
pub(super) fn resident() -> Option<i64> {
    let text = String::from_utf8(fs::read(Path::new("/proc/self/status"), 1 << 16).ok()?).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

/// Somebody's approval of a policy, as they have read it.
///
/// # Errors
/// With words, where there is none of that name, or it reads otherwise.
pub fn approval(desired: &Desired, name: &str, fingerprint: &str, by: &str) -> Result<Proof, String> {
    let policy = policy(desired, name)?;
    if policy.fingerprint() != fingerprint {
        return Err(format!(
            "merge-policy `{name}` reads otherwise in the config that is in force ({}); nothing was approved",
            policy.source
        ));
    }
    Ok(Proof::Approved { policy: name.to_owned(), fingerprint: fingerprint.to_owned(), by: by.to_owned() })
}

/// A policy by its name.
///
/// # Errors
/// With words, where there is none of that name.
pub fn policy<'a>(desired: &'a Desired, name: &str) -> Result<&'a MergePolicy, String> {
    let all = &desired.pipelines.policies;
    all.get(name).ok_or_else(|| {
        let near = nearest(name, all.keys().map(String::as_str));
        let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        format!("config has no merge-policy `{name}`{hint}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desired;
    use crate::loops;
    use crate::model::{ConfigFile, ConfigFiles};

    fn config(graduation: &str) -> Desired {
        let text = format!(
            "factory \"acme\"\nagent \"smith\" kind=\"command\" {{ program \"true\"; }}\n\
             pipeline \"p\" {{ intake \"f\"; agents \"smith\"; merge-policy \"guarded\"; }}\n\
             merge-policy \"guarded\" {{ mode \"on-green\"; require-checks \"ci\"; graduation {graduation}; }}\n\
             repo \"acme/anvil\" {{ pipeline \"p\"; }}\n"
        );
        let file = ConfigFile { path: "factory.kdl".to_owned(), bytes: text.into_bytes() };
        let files = ConfigFiles { files: vec![file], ..ConfigFiles::default() };
        desired::load(&files, &loops::vocabulary(jiff::civil::date(2026, 6, 1))).unwrap().0
    }

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(minutes * 60).unwrap()
    }

    #[test]
    fn a_soak_is_written_once_it_is_as_long_as_asked_with_how_much_it_grew() {
        let desired = config("soak=\"1h\" max-rss-drift=8");
        let (soak, mut held) = (Soak::begin(at(0)), Held::default());
        let written = |soak: &Soak, held: &Held, minutes, kib| {
            soak.proof(&desired, held, at(minutes), || Some(kib)).map(|proof| proof.to_string())
        };
        assert_eq!(written(&soak, &held, 1, 90_000), None);
        assert_eq!(written(&soak, &held, 5, 100_000), None, "it has warmed up");
        assert_eq!(written(&soak, &held, 59, 120_000), None);
        assert_eq!(
            written(&soak, &held, 61, 104_000).as_deref(),
            Some("worked from 1970-01-01T00:00:00Z to 1970-01-01T01:01:00Z, and grew by 4000 KiB")
        );
        held.add(&soak.proof(&desired, &held, at(61), || Some(104_000)).unwrap());
        assert_eq!(written(&soak, &held, 90, 104_000), None, "it is written already");
        assert!(held.soaked(Some(8 * 1024)).is_some());
        let none = config("clean-prs=1");
        assert_eq!(soak.proof(&none, &Held::default(), at(600), || Some(0)), None, "no policy asks for one");
    }

    #[test]
    fn what_is_approved_is_the_policy_as_it_reads() {
        let before = config("approved-by=\"ann\"");
        let reads = before.pipelines.policies["guarded"].fingerprint();
        let mut held = Held::default();
        held.add(&approval(&before, "guarded", &reads, "Ann").unwrap());
        assert!(held.has_approved("ann", &before.pipelines.policies["guarded"]));
        assert!(!held.has_approved("bob", &before.pipelines.policies["guarded"]));
        let after = config("clean-prs=1 approved-by=\"ann\"");
        assert!(!held.has_approved("ann", &after.pipelines.policies["guarded"]), "it is another policy now");
        assert_eq!(
            approval(&after, "guarded", &reads, "ann").unwrap_err(),
            "merge-policy `guarded` reads otherwise in the config that is in force (factory.kdl:4); nothing was approved"
        );
        assert_eq!(
            approval(&after, "guraded", &reads, "ann").unwrap_err(),
            "config has no merge-policy `guraded`; did you mean `guarded`?"
        );
    }
}
