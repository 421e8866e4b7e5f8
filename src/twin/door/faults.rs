//! Faults by rule: which requests misbehave, and how.

use std::collections::BTreeMap;
use std::sync::Arc;

use globset::{GlobBuilder, GlobMatcher};
use serde::{Deserialize, Serialize};

use crate::twin::world::World;

/// One rule: the requests it speaks of, and what happens to them.
///
/// All conditions that are given must hold. Matching requests are counted per rule from the moment it is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// The HTTP method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// A glob over the path without base and query; `*` stays within a segment, `**` doesn't.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The name of a GraphQL operation, or one of its root fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The first matching request that is hit, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// How many requests are hit from there on; by default one if `nth` is given, else all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// What happens.
    pub action: FaultAction,
}

impl FaultRule {
    /// A rule that hits every request.
    pub fn every(action: FaultAction) -> Self {
        Self { method: None, path: None, operation: None, nth: None, times: None, action }
    }

    /// Hits only this method and these paths.
    #[must_use]
    pub fn on(mut self, method: &str, path: &str) -> Self {
        self.method = Some(method.to_owned());
        self.path = Some(path.to_owned());
        self
    }

    /// Hits only this GraphQL operation.
    #[must_use]
    pub fn operation(mut self, name: &str) -> Self {
        self.operation = Some(name.to_owned());
        self
    }

    /// Hits only the `nth` matching request, counted from 1.
    #[must_use]
    pub fn nth(mut self, nth: u64) -> Self {
        self.nth = Some(nth);
        self
    }

    /// Hits that many matching requests.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }
}

/// How a request misbehaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum FaultAction {
    /// Answers with this status, without any effect.
    Status {
        /// The status.
        status: u16,
        /// The body as text; GitHub's JSON for that status by default.
        #[serde(default)]
        body: Option<String>,
        /// Extra headers.
        #[serde(default)]
        headers: BTreeMap<String, String>,
    },
    /// The primary rate limit is spent until this many seconds from now.
    PrimaryLimit {
        /// Seconds until the reset.
        #[serde(default = "hour")]
        reset_in_s: u64,
    },
    /// A secondary rate limit.
    SecondaryLimit {
        /// `retry-after` in seconds; left out when unset.
        #[serde(default)]
        retry_after_s: Option<u64>,
        /// 403 or 429.
        #[serde(default = "forbidden")]
        status: u16,
    },
    /// The connection is closed before anything happens.
    ResetBefore,
    /// The effect happens, then the connection is closed without an answer.
    ResetAfter,
    /// The headers promise the whole body, half of it arrives.
    Truncate,
    /// The answer comes late.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// The headers come at once, the body in eight parts with a pause before each.
    SlowBody {
        /// Milliseconds before each part.
        ms: u64,
    },
    /// Reads see an old world: that of so many writes ago, or the one in which the rule was set.
    Stale {
        /// How many writes ago.
        #[serde(default)]
        writes: Option<usize>,
    },
    /// Status 200 and a body that is almost JSON.
    MalformedJson,
    /// An HTML error page, as from a load balancer.
    Html {
        /// The status.
        #[serde(default = "bad_gateway")]
        status: u16,
    },
}

fn hour() -> u64 {
    3600
}

fn forbidden() -> u16 {
    403
}

fn bad_gateway() -> u16 {
    502
}

impl FaultAction {
    /// The name that the request log shows.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::PrimaryLimit { .. } => "primary_limit",
            Self::SecondaryLimit { .. } => "secondary_limit",
            Self::ResetBefore => "reset_before",
            Self::ResetAfter => "reset_after",
            Self::Truncate => "truncate",
            Self::Delay { .. } => "delay",
            Self::SlowBody { .. } => "slow_body",
            Self::Stale { .. } => "stale",
            Self::MalformedJson => "malformed_json",
            Self::Html { .. } => "html",
        }
    }
}

/// What a rule may look at.
pub(crate) struct Seen<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) operations: &'a [String],
}

/// A rule in force.
pub(crate) struct Armed {
    rule: FaultRule,
    path: Option<GlobMatcher>,
    seen: u64,
    /// The world in which the rule was set.
    pub(crate) world: Arc<World>,
}

/// A glob that can't be read.
#[derive(Debug, thiserror::Error)]
#[error("read the fault rule's path `{path}`")]
pub struct Error {
    path: String,
    #[source]
    source: globset::Error,
}

impl Armed {
    pub(crate) fn new(rule: FaultRule, world: Arc<World>) -> Result<Self, Error> {
        let path = rule
            .path
            .as_deref()
            .map(|path| {
                GlobBuilder::new(path)
                    .literal_separator(true)
                    .build()
                    .map(|glob| glob.compile_matcher())
                    .map_err(|source| Error { path: path.to_owned(), source })
            })
            .transpose()?;
        Ok(Self { rule, path, seen: 0, world })
    }

    /// Counts the request if it matches; says what happens if its turn has come.
    pub(crate) fn hit(&mut self, request: &Seen<'_>) -> Option<FaultAction> {
        let matches =
            self.rule.method.as_deref().is_none_or(|method| method.eq_ignore_ascii_case(request.method))
                && self.path.as_ref().is_none_or(|glob| glob.is_match(request.path))
                && self.rule.operation.as_ref().is_none_or(|name| request.operations.contains(name));
        if !matches {
            return None;
        }
        self.seen += 1;
        let first = self.rule.nth.unwrap_or(1);
        let times = self.rule.times.unwrap_or(if self.rule.nth.is_some() { 1 } else { u64::MAX });
        let turn = self.seen >= first && self.seen - first < times;
        turn.then(|| self.rule.action.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(rule: FaultRule, requests: &[(&str, &str)]) -> Vec<bool> {
        let mut armed = Armed::new(rule, Arc::new(World::default())).unwrap();
        requests
            .iter()
            .map(|(method, path)| armed.hit(&Seen { method, path, operations: &[] }).is_some())
            .collect()
    }

    #[test]
    fn a_rule_hits_what_it_names() {
        let get = |path| ("GET", path);
        let requests = [
            get("/repos/a/b/labels"),
            ("POST", "/repos/a/b/labels"),
            get("/repos/a/b"),
            get("/repos/c/d/labels"),
        ];
        let rule = || FaultRule::every(FaultAction::ResetBefore);
        for (name, rule, expected) in [
            ("every", rule(), [true, true, true, true]),
            ("path and method", rule().on("GET", "/repos/*/*/labels"), [true, false, false, true]),
            ("star stays in its segment", rule().on("GET", "/repos/*/labels"), [false; 4]),
            ("double star doesn't", rule().on("GET", "/repos/**"), [true, false, true, true]),
            ("nth", rule().nth(2), [false, true, false, false]),
            ("nth and times", rule().nth(2).times(2), [false, true, true, false]),
            ("times", rule().times(1), [true, false, false, false]),
            ("operation", rule().operation("Read"), [false; 4]),
        ] {
            assert_eq!(hits(rule, &requests), expected, "{name}");
        }
    }

    #[test]
    fn rules_are_written_as_json() {
        let rule: FaultRule = serde_json::from_str(
            r#"{"method": "POST", "path": "/repos/**", "nth": 3, "action": {"kind": "status", "status": 502}}"#,
        )
        .unwrap();
        assert_eq!(rule.action.name(), "status");
        assert!(
            serde_json::from_str::<FaultRule>(r#"{"verb": "GET", "action": {"kind": "reset_before"}}"#)
                .is_err()
        );
    }
}
