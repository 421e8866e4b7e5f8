//! Identities of actions, intents, commits, loops, and fingerprints of values.

use std::fmt;

/// A Git commit, as 40 lower-case hex digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct CommitId(String);

impl CommitId {
    /// A commit id from its hex digits; `None` unless they are 40.
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit()))
            .then(|| Self(text.to_ascii_lowercase()))
    }

    /// The 40 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first ten digits, for people.
    pub fn short(&self) -> &str {
        &self.0[..10]
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A digest of a value as it was observed: two equal fingerprints are the same value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of a JSON value; the order of an object's keys does not matter.
    pub fn of(value: &serde_json::Value) -> Self {
        let mut hasher = blake3::Hasher::new();
        feed(&mut hasher, value);
        Self(hasher.finalize().to_hex()[..16].to_owned())
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn feed(hasher: &mut blake3::Hasher, value: &serde_json::Value) {
    use serde_json::Value;
    match value {
        Value::Null => {
            hasher.update(b"n");
        }
        Value::Bool(b) => {
            hasher.update(if *b { b"t" } else { b"f" });
        }
        Value::Number(n) => feed_text(hasher, b'd', &n.to_string()),
        Value::String(s) => feed_text(hasher, b's', s),
        Value::Array(items) => {
            feed_text(hasher, b'a', &items.len().to_string());
            for item in items {
                feed(hasher, item);
            }
        }
        Value::Object(map) => {
            feed_text(hasher, b'o', &map.len().to_string());
            let mut keys: Vec<_> = map.keys().collect();
            keys.sort();
            for key in keys {
                feed_text(hasher, b'k', key);
                feed(hasher, &map[key]);
            }
        }
    }
}

fn feed_text(hasher: &mut blake3::Hasher, tag: u8, text: &str) {
    hasher.update(&[tag]);
    hasher.update(&(text.len() as u64).to_le_bytes());
    hasher.update(text.as_bytes());
}

/// The identity of an intention: the same verb on the same thing, from the same value to the same value.
/// Sixteen hex digits of BLAKE3; no time, commit or loop is in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct ActionId(String);

impl ActionId {
    /// The id of doing `verb` at `address`, from `before` to `after`.
    pub fn of(
        verb: super::Verb,
        address: &super::Address,
        before: &Fingerprint,
        after: &serde_json::Value,
    ) -> Self {
        let mut hasher = blake3::Hasher::new();
        feed_text(&mut hasher, b'v', verb.as_str());
        feed_text(&mut hasher, b'@', address.as_str());
        feed_text(&mut hasher, b'b', before.as_str());
        feed(&mut hasher, after);
        Self(hasher.finalize().to_hex()[..16].to_owned())
    }

    /// The sixteen digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ActionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One attempt to bring an action about: the action and the ledger sequence of its address' last settled
/// outcome, so that drift which returns is a new intent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct IntentId(String);

impl IntentId {
    /// The intent of `action` after the outcome with sequence `settled` (0 when there was none).
    pub fn new(action: &ActionId, settled: u64) -> Self {
        Self(format!("{action}-{settled}"))
    }

    /// The text, `<action>-<sequence>`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IntentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a registered loop, e.g. `labels`.
pub type LoopName = &'static str;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn key_order_does_not_change_a_fingerprint_but_every_value_does() {
        assert_eq!(Fingerprint::of(&json!({"a": 1, "b": [2]})), Fingerprint::of(&json!({"b": [2], "a": 1})));
        let all =
            [json!(null), json!(false), json!(0), json!("0"), json!([]), json!({}), json!([[]]), json!("n")];
        for (i, a) in all.iter().enumerate() {
            for b in &all[i + 1..] {
                assert_ne!(Fingerprint::of(a), Fingerprint::of(b), "{a} {b}");
            }
        }
    }
}
