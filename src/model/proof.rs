//! What merge policies may ask for before they take effect: what landed as the factory made it, for how long it ran, who said
//! yes. Each is written into the ledger once, and what policies go by is what is written there.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Address, CommitId, MergePolicy, RepoName};

/// Something that a merge policy may ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Proof {
    /// A pull request of the factory landed.
    Landed {
        /// The repository.
        repo: RepoName,
        /// The issue that it is for.
        issue: u64,
        /// Its number.
        pull: u64,
        /// Its head.
        head: CommitId,
        /// Who merged it: a login, empty where nobody can tell.
        by: String,
        /// What people had to do about it before, a line each; nothing of a clean one.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        but: Vec<String>,
    },
    /// A daemon has been at work for so long.
    Soaked {
        /// When it was started.
        since: Timestamp,
        /// The moment until which it is known to have worked.
        until: Timestamp,
        /// By how many KiB its memory had grown since it had warmed up; nothing where the system doesn't tell.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        drift: Option<i64>,
    },
    /// Somebody approved a policy, as it reads.
    Approved {
        /// Its name.
        policy: String,
        /// [`MergePolicy::fingerprint`].
        fingerprint: String,
        /// The login, as GitHub tells it of their token.
        by: String,
    },
}

impl std::fmt::Display for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Landed { repo, issue, pull, head, by, but } => {
                let but = if but.is_empty() { String::new() } else { format!("; {}", but.join("; ")) };
                write!(f, "{repo}#{pull} for #{issue} was merged by {by} at {}{but}", head.short())
            }
            Self::Soaked { since, until, drift } => {
                let grown = drift.map(|kib| format!(", and grew by {kib} KiB")).unwrap_or_default();
                write!(f, "worked from {since:.0} to {until:.0}{grown}")
            }
            Self::Approved { policy, fingerprint, by } => {
                write!(f, "merge-policy `{policy}` ({fingerprint}) was approved by {by}")
            }
        }
    }
}

/// What the ledger holds for policies that ask for evidence before they take effect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// The pull requests of the factory that landed, by repository and number, and whether each did as it was made.
    pub landed: BTreeMap<RepoName, BTreeMap<u64, bool>>,
    /// For how long daemons have worked at a stretch, by when they were started, and by how many KiB they grew.
    pub soaks: BTreeMap<Timestamp, (Duration, Option<i64>)>,
    /// The approvals of policies: their names, what they read like, and the logins in lower case.
    pub approvals: BTreeSet<(String, String, String)>,
    /// When the branches of pull requests were brought up to their base, by the address of the pull request.
    pub updates: BTreeMap<Address, Vec<Timestamp>>,
    /// By the address of the pull request, what GitHub said last that doesn't let its branch be brought up to its base, and when.
    pub refused_updates: BTreeMap<Address, (Timestamp, String)>,
    /// By the address of the pull request, what GitHub said last that doesn't let it land, and when.
    pub refused_landings: BTreeMap<Address, (Timestamp, String)>,
    /// When the factory wrote on issues lately, or on their pull requests.
    pub writes: BTreeMap<(RepoName, u64), Vec<Timestamp>>,
}

/// For so long a write on an issue counts.
const COUNTS: SignedDuration = SignedDuration::from_hours(1);
/// Of so many issues is kept what counts no longer.
const KEPT: usize = 1_000;

impl Held {
    /// Takes note of what is written in the ledger.
    pub fn add(&mut self, proof: &Proof) {
        match proof {
            Proof::Landed { repo, pull, but, .. } => {
                self.landed.entry(repo.clone()).or_default().insert(*pull, but.is_empty());
            }
            Proof::Soaked { since, until, drift } => {
                let lasted = Duration::try_from(until.duration_since(*since)).unwrap_or_default();
                self.soaks.insert(*since, (lasted, *drift));
            }
            Proof::Approved { policy, fingerprint, by } => {
                self.approvals.insert((policy.clone(), fingerprint.clone(), by.to_lowercase()));
            }
        }
    }

    /// Takes note of a write on an issue, or on its pull request.
    pub fn wrote(&mut self, repo: &RepoName, number: u64, at: Timestamp) {
        let counts = |moment: &Timestamp| at.duration_since(*moment) < COUNTS;
        if self.writes.len() >= KEPT {
            self.writes.retain(|_, all| all.iter().any(counts));
        }
        let all = self.writes.entry((repo.clone(), number)).or_default();
        all.retain(counts);
        all.push(at);
    }

    /// How many times the factory has written on an issue within the hour, and when it is fewer than so many, where it isn't.
    pub fn writes_within_the_hour(
        &self,
        (repo, number): (&RepoName, u64),
        most: u32,
        now: Timestamp,
    ) -> (u32, Option<Timestamp>) {
        let all = self.writes.get(&(repo.clone(), number)).into_iter().flatten();
        let mut counts: Vec<Timestamp> = all.copied().filter(|at| now.duration_since(*at) < COUNTS).collect();
        counts.sort_unstable();
        let until =
            counts.len().checked_sub(most as usize).and_then(|at| counts.get(at)).map(|at| *at + COUNTS);
        (u32::try_from(counts.len()).unwrap_or(u32::MAX), until)
    }

    /// Takes note of a branch that GitHub doesn't let be brought up to its base.
    pub fn update_refused(&mut self, pull: &Address, at: Timestamp, says: &str) {
        self.refused_updates.insert(pull.clone(), (at, says.to_owned()));
    }

    /// Takes note of a pull request that GitHub doesn't let land.
    pub fn landing_refused(&mut self, pull: &Address, at: Timestamp, says: &str) {
        self.refused_landings.insert(pull.clone(), (at, says.to_owned()));
    }

    /// Takes note of a branch that was brought up to its base.
    pub fn updated(&mut self, pull: &Address, at: Timestamp) {
        self.refused_updates.remove(pull);
        self.updates.entry(pull.clone()).or_default().push(at);
    }

    /// How often the branch of a pull request was brought up to its base since a moment.
    pub fn updates_since(&self, pull: &Address, since: Option<Timestamp>) -> usize {
        let all = self.updates.get(pull).into_iter().flatten();
        all.filter(|at| since.is_none_or(|since| **at > since)).count()
    }

    /// Whether it is known what became of a pull request that landed.
    pub fn knows(&self, repo: &RepoName, pull: u64) -> bool {
        self.landed.get(repo).is_some_and(|there| there.contains_key(&pull))
    }

    /// How many pull requests landed in a repository as they were made.
    pub fn clean_pulls(&self, repo: &RepoName) -> u32 {
        let clean = self.landed.get(repo).into_iter().flatten().filter(|(_, clean)| **clean);
        u32::try_from(clean.count()).unwrap_or(u32::MAX)
    }

    /// For how long a daemon has worked at a stretch, of those that grew by no more than so many KiB; whose growth isn't
    /// known counts where nothing is asked of it.
    pub fn soaked(&self, most: Option<i64>) -> Option<Duration> {
        let grew_little =
            |drift: Option<i64>| most.is_none_or(|most| drift.is_some_and(|drift| drift <= most));
        self.soaks.values().filter(|(_, drift)| grew_little(*drift)).map(|(lasted, _)| *lasted).max()
    }

    /// Whether somebody approved a policy as it reads.
    pub fn has_approved(&self, login: &str, policy: &MergePolicy) -> bool {
        let key = (policy.name.clone(), policy.fingerprint(), login.to_lowercase());
        self.approvals.contains(&key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn soaked(from: i64, hours: i64, drift: Option<i64>) -> Proof {
        let since = Timestamp::from_second(from).unwrap();
        Proof::Soaked { since, until: Timestamp::from_second(from + hours * 3600).unwrap(), drift }
    }

    #[test]
    fn the_longest_soak_counts_that_grew_little() {
        let mut held = Held::default();
        for proof in [
            soaked(0, 2, Some(100)),
            soaked(0, 9, Some(9_000)),
            soaked(90_000, 3, None),
            soaked(180_000, 1, Some(-4)),
        ] {
            held.add(&proof);
        }
        let hours = |most| held.soaked(most).map(|it| it.as_secs() / 3600);
        assert_eq!(hours(None), Some(9));
        assert_eq!(hours(Some(8_192)), Some(1), "whose growth nobody knows may have grown by anything");
        assert_eq!(hours(Some(-5)), None);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let proof = soaked(0, 2, None);
        let text = serde_json::to_string(&proof).unwrap();
        assert_eq!(
            text,
            r#"{"what":"soaked","since":"1970-01-01T00:00:00Z","until":"1970-01-01T02:00:00Z"}"#
        );
        assert_eq!(serde_json::from_str::<Proof>(&text).unwrap(), proof);
    }
}
