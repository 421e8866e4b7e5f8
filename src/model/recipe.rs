//! What a repository needs before anybody works in it, the gates that work has to pass, and what they showed.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::CommitId;

/// How long a step of a recipe or a gate may take, unless config says otherwise.
const TIME: Duration = Duration::from_mins(10);

/// What is done in a clone of a repository before and after it is worked in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipe {
    /// A line of shell that prepares it.
    pub setup: Option<String>,
    /// A line of shell that cleans up.
    pub teardown: Option<String>,
    /// Whether these two reach the network.
    pub network: bool,
    /// How long each of them may take.
    pub time: Duration,
    /// Folders that are kept from one clone to the next.
    pub caches: Vec<Cache>,
    /// How many ports are looked for.
    pub ports: u16,
    /// What is read besides the system's programs, absolute.
    pub readable: Vec<PathBuf>,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            setup: None,
            teardown: None,
            network: true,
            time: TIME,
            caches: Vec::new(),
            ports: 0,
            readable: Vec::new(),
        }
    }
}

impl Recipe {
    /// Sixteen hex digits that stand for all of it.
    pub fn digest(&self) -> String {
        digest(self)
    }
}

/// A folder of a clone that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cache {
    /// Where it lies, from the root of the repository.
    pub path: String,
    /// The file that it goes by: another content has another folder.
    pub key: Option<String>,
}

/// A line of shell that ends well where what a repository holds is good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// Its name.
    pub name: String,
    /// The line.
    pub command: String,
    /// How long it may take.
    pub time: Duration,
    /// Whether it reaches the network.
    pub network: bool,
    /// The files of its tests, as globs.
    pub tests: Vec<String>,
    /// The files that it consists of, as globs.
    pub files: Vec<String>,
}

impl Gate {
    /// A gate with the defaults of config.
    pub fn new(name: &str, command: &str) -> Self {
        let (name, command) = (name.to_owned(), command.to_owned());
        Self { name, command, time: TIME, network: false, tests: Vec::new(), files: Vec::new() }
    }

    /// Sixteen hex digits that stand for it, in a clone that was made ready by this recipe.
    pub fn digest(&self, recipe: &Recipe) -> String {
        digest(&(self, recipe))
    }
}

fn digest(of: &impl Serialize) -> String {
    let text = serde_json::to_vec(of).expect("plain data is always valid JSON");
    blake3::hash(&text).to_hex()[..16].to_owned()
}

/// How many tests a gate told that it ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// Those that ran, whatever came of it.
    pub run: u64,
    /// Those that were passed over.
    pub skipped: u64,
}

/// What a gate showed of a commit, in a clean checkout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// The gate.
    pub gate: String,
    /// The commit.
    pub commit: CommitId,
    /// Whether it passed.
    pub passed: bool,
    /// How it ended, in words.
    pub says: String,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// The last lines of what was printed, secrets masked: with the tests of the base commit, where those fail.
    pub tail: Vec<String>,
    /// Its tests; `None` where what it prints isn't known to tell.
    pub tests: Option<Counted>,
    /// In which ways it passes only because it became weaker.
    pub weaker: Vec<String>,
    /// What could not be compared, and why.
    pub unknown: Vec<String>,
}

impl Check {
    /// Whether there is something to be mended, or to be announced.
    pub fn is_amiss(&self) -> bool {
        !self.passed || !self.weaker.is_empty()
    }

    /// In a line, for people.
    pub fn summary(&self) -> String {
        let mut out = format!("`{}` {}", self.gate, if self.passed { "passed" } else { "failed" });
        let tenths = self.took_ms.div_ceil(100);
        out.push_str(&format!(" in {}.{} s", tenths / 10, tenths % 10));
        if let Some(Counted { run, skipped }) = self.tests {
            out.push_str(&format!(", {run} tests run, {skipped} skipped"));
        }
        if !self.passed {
            out.push_str(&format!(": {}", self.says));
        }
        for weaker in &self.weaker {
            out.push_str(&format!("; weaker: {weaker}"));
        }
        for unknown in &self.unknown {
            out.push_str(&format!("; {unknown}"));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_of_everything() {
        let (gate, recipe) = (Gate::new("test", "make test"), Recipe::default());
        let other = Recipe { ports: 1, ..recipe.clone() };
        assert_ne!(recipe.digest(), other.digest());
        assert_ne!(gate.digest(&recipe), gate.digest(&other));
        let longer = Gate { time: Duration::from_secs(1), ..gate.clone() };
        assert_ne!(gate.digest(&recipe), longer.digest(&recipe));
        assert_eq!(gate.digest(&recipe), gate.clone().digest(&recipe));
    }

    #[test]
    fn a_summary_says_what_was_and_what_was_not_compared() {
        let check = Check {
            gate: "test".into(),
            commit: CommitId::parse(&"ab".repeat(20)).unwrap(),
            passed: false,
            says: "it ended with code 1".into(),
            took_ms: 1_230,
            tail: Vec::new(),
            tests: Some(Counted { run: 3, skipped: 1 }),
            weaker: vec!["`a` was changed".into()],
            unknown: vec!["nothing".into()],
        };
        assert_eq!(
            check.summary(),
            "`test` failed in 1.3 s, 3 tests run, 1 skipped: it ended with code 1; weaker: `a` was changed; nothing"
        );
    }
}
