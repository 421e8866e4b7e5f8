//! What things look like in REST and in webhook payloads, field by field as GitHub's OpenAPI description says.

mod account;
mod apps;
mod ci;
mod code;
mod issue;
mod repository;
mod review;

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) use account::{organisation, organisation_simple, private_user, public_user, user};
pub(crate) use apps::{app, hook, installation};
pub(crate) use ci::{check_run, combined_status, status};
pub(crate) use code::{activity, branch, commit, commit_url, content_file, git_ref, short_branch};
pub(crate) use issue::{Extent, comment, issue, label, pull, pull_simple};
pub(crate) use repository::{full_repository, minimal_repository, repository};
pub(crate) use review::{review, review_comment};

/// The addresses that an answer speaks of: as the client reached us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Urls {
    /// Base of the REST API, without a slash at the end.
    pub(crate) api: String,
    /// Base of web pages and of Git.
    pub(crate) html: String,
}

impl Urls {
    pub(crate) fn repo(&self, full_name: &str) -> String {
        format!("{}/repos/{full_name}", self.api)
    }
}

/// GitHub writes times in UTC to the second.
pub(crate) fn time(at: Timestamp) -> Value {
    json!(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

pub(crate) fn time_or_null(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, time)
}

/// A global id: a prefix for the type, then numbers that the twin can read back.
pub(crate) fn node_id(prefix: &str, parts: &[u64]) -> String {
    let parts: Vec<String> = parts.iter().map(|part| format!("{part:x}")).collect();
    format!("{prefix}_{}", parts.join("_"))
}

/// The prefix and numbers of a global id.
pub(crate) fn parse_node_id(id: &str) -> Option<(&str, Vec<u64>)> {
    let (prefix, rest) = id.split_once('_')?;
    let parts = rest.split('_').map(|part| u64::from_str_radix(part, 16).ok()).collect::<Option<Vec<_>>>()?;
    Some((prefix, parts))
}

/// Percent-encodes one path segment.
pub(crate) fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            other => {
                // Writing to a string never fails.
                let _ = write!(out, "%{other:02X}");
            }
        }
    }
    out
}

/// Undoes percent-encoding; what isn't valid stays as it is.
pub(crate) fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .and_then(|pair| u8::from_str_radix(pair, 16).ok());
        if let Some(byte) = hex {
            out.push(byte);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_segment_decodes_to_itself(text in ".{0,40}") {
            prop_assert_eq!(decode(&segment(&text)), text);
        }

        #[test]
        fn a_node_id_reads_back(a in any::<u64>(), b in any::<u64>()) {
            let id = node_id("LA", &[a, b]);
            prop_assert_eq!(parse_node_id(&id), Some(("LA", vec![a, b])));
        }
    }
}
