//! What can be wrong with a ledger, with the place.

use crate::adapters::{fs, git};

use super::chain::Wrong;

/// A line of a ledger file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file's name: `2026-01-02.jsonl`.
    pub file: String,
    /// One-based.
    pub line: u64,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Why the ledger could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A line is not what was written there.
    #[error("{place}: {wrong}")]
    Broken {
        /// Where.
        place: Place,
        /// What is wrong with it.
        wrong: Wrong,
    },
    /// Records that were published are not there any more.
    #[error(
        "record {seq}, published in commit {commit}, is not in the ledger: its end was removed or replaced"
    )]
    TailMissing {
        /// The sequence of the last record published.
        seq: u64,
        /// The commit that published it.
        commit: String,
    },
    /// A line on the branch is not what was written there, while the ledger on this machine is whole.
    #[error("on the branch `factory/ledger`: {place}: {wrong}")]
    BranchBroken {
        /// Where: `COMMIT:ledger/2026-01-02.jsonl:2`.
        place: Place,
        /// What is wrong with it.
        wrong: Wrong,
        /// The commit that this machine published last or took over, if any.
        published: Option<String>,
    },
    /// The branch doesn't contain what was published to it.
    #[error(
        "the branch `factory/ledger` doesn't contain record {seq}, which was published to it in commit {commit}: it \
         was rewritten"
    )]
    BranchRewritten {
        /// The sequence of the last record published.
        seq: u64,
        /// The commit that published it.
        commit: String,
    },
    /// A record is larger than a line may be.
    #[error("a `{kind}` record has {bytes} bytes, the limit is {limit}")]
    TooLarge {
        /// Its kind.
        kind: String,
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// A record could not be put into JSON.
    #[error("could not encode a record")]
    Encode(#[source] serde_json::Error),
    /// The note about what was published is damaged.
    #[error("`{file}`, the note of what was published last, is damaged")]
    Note {
        /// The file.
        file: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// Files failed.
    #[error("could not use the ledger's files")]
    Files(#[source] fs::Error),
    /// A file could not be read to its end.
    #[error("could not read `{file}`")]
    Read {
        /// The file.
        file: String,
        /// The system's words.
        #[source]
        source: std::io::Error,
    },
    /// Git failed.
    #[error("could not use the ledger's branch")]
    Git(#[source] git::Error),
}
