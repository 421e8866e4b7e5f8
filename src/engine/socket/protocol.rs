//! What is said through the socket: JSON lines, versioned.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::status::Status;

/// The version of both directions.
pub(super) const VERSION: u32 = 1;

/// What a command asks of the daemon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// What it is doing.
    Status {},
    /// Switches a loop on, over a flip or what config says.
    LoopEnable {
        /// Which.
        name: String,
        /// Why.
        reason: String,
        /// Who.
        by: String,
        /// Until when.
        until: Option<Timestamp>,
    },
    /// Switches a loop off.
    LoopDisable {
        /// Which.
        name: String,
        /// Why.
        reason: String,
        /// Who.
        by: String,
        /// Until when.
        until: Option<Timestamp>,
    },
    /// Makes a loop look now.
    LoopTick {
        /// Which.
        name: String,
    },
    /// Stops all changes to what an address glob covers.
    Suspend {
        /// The glob.
        address: String,
        /// Why.
        reason: String,
        /// Who.
        by: String,
        /// Until when.
        until: Option<Timestamp>,
    },
    /// Ends a suspension.
    Resume {
        /// The glob, as it was suspended.
        address: String,
        /// Who.
        by: String,
    },
    /// Writes down that somebody approves a merge policy.
    Approve {
        /// Its name.
        policy: String,
        /// As they have read it.
        fingerprint: String,
        /// The login that GitHub tells of their token.
        by: String,
    },
    /// Drains and ends.
    Shutdown {},
}

/// A request on the wire.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    pub(super) v: u32,
    pub(super) request: Request,
}

/// What the daemon answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// What it is doing.
    Status(Box<Status>),
    /// It is done; in words.
    Done(String),
    /// It was done, but for what the words say.
    Partly(String),
    /// It was not done; why.
    Refused(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_have_one_spelling_and_no_other_field() {
        for (line, ok) in [
            (r#"{"v":1,"request":{"status":{}}}"#, true),
            (r#"{"v":1,"request":{"loop-tick":{"name":"labels"}}}"#, true),
            (
                r#"{"v":1,"request":{"suspend":{"address":"repo/a/b","reason":"r","by":"ann","until":null}}}"#,
                true,
            ),
            (r#"{"v":1,"request":{"status":{"verbose":true}}}"#, false),
            (r#"{"v":1,"request":{"loop-tick":{"name":"labels","force":true}}}"#, false),
            (r#"{"v":1,"request":{"loop-tick":{}}}"#, false),
            (r#"{"v":1,"request":{"reboot":{}}}"#, false),
            (r#"{"v":1,"request":{"status":{}},"also":1}"#, false),
            (r#"{"request":{"status":{}}}"#, false),
        ] {
            assert_eq!(serde_json::from_str::<Asked>(line).is_ok(), ok, "{line}");
        }
    }
}
