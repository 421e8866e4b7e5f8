//! One line: its place in the chain, its hash, and what may be wrong with it. Pure.
//!
//! `{"v":1,"seq":7,"at":"…","prev":"<hash of 6>","kind":"…",…,"hash":"<own>"}`: the hash is the last field, and is
//! BLAKE3 over the very bytes of the line without it, so that no byte can change unnoticed, not even a blank.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Error, Record};

/// The version that is written. A reader refuses a greater one.
pub(super) const VERSION: u64 = 1;
/// The most bytes that a line may have.
pub(super) const MAX_LINE: usize = 4 << 20;

const SEAL_START: &str = ",\"hash\":\"";
const SEAL_END: &str = "\"}";
const HASH_LEN: usize = 64;

/// The end of a chain: the last record's sequence and hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The sequence; 0 before the first record.
    pub seq: u64,
    /// The hash, in 64 hex digits.
    pub hash: String,
}

impl Default for Head {
    fn default() -> Self {
        Self { seq: 0, hash: "0".repeat(HASH_LEN) }
    }
}

/// A record in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its number, from 1 without gaps.
    pub seq: u64,
    /// When it was recorded.
    pub at: Timestamp,
    /// The record.
    pub record: Record,
    /// Its hash.
    pub hash: String,
}

impl Entry {
    pub(super) fn head(&self) -> Head {
        Head { seq: self.seq, hash: self.hash.clone() }
    }
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// It doesn't end as a record does.
    #[error("the line doesn't end with the hash of a record")]
    Unsealed,
    /// Its bytes are not those that were hashed.
    #[error("the line was edited: its content doesn't match its hash")]
    Edited,
    /// It is sealed, yet not a record.
    #[error("the line is not a record: {0}")]
    NotARecord(String),
    /// A newer version wrote it.
    #[error("the record has version {0}, this program reads up to {VERSION}: a newer factoryctl wrote it")]
    Version(u64),
    /// It stands where another record should.
    #[error("record {found} stands where record {expected} should")]
    Sequence {
        /// The number that should come.
        expected: u64,
        /// The number that is there.
        found: u64,
    },
    /// It follows another record than the one before it.
    #[error("record {0} doesn't follow the record before it: one of the two was replaced")]
    Previous(u64),
    /// It is longer than a record may be.
    #[error("the line is longer than a record may be")]
    TooLong,
    /// The file's last line is not complete.
    #[error("the last line is incomplete")]
    Torn,
}

/// Writes the line of a record that follows `head`, without its line break, and gives the new head.
pub(super) fn seal(head: &Head, at: Timestamp, record: &Record) -> Result<(String, Head), Error> {
    let seq = head.seq + 1;
    let mut map = Map::new();
    map.insert("v".to_owned(), VERSION.into());
    map.insert("seq".to_owned(), seq.into());
    map.insert("at".to_owned(), at.to_string().into());
    map.insert("prev".to_owned(), head.hash.clone().into());
    map.insert("kind".to_owned(), record.kind().into());
    for (key, value) in record.body().map_err(Error::Encode)? {
        map.entry(key).or_insert(value);
    }
    let mut line = serde_json::to_string(&map).map_err(Error::Encode)?;
    let hash = blake3::hash(line.as_bytes()).to_hex().to_string();
    line.pop();
    line.push_str(SEAL_START);
    line.push_str(&hash);
    line.push_str(SEAL_END);
    if line.len() > MAX_LINE {
        return Err(Error::TooLarge { kind: record.kind().to_owned(), bytes: line.len(), limit: MAX_LINE });
    }
    Ok((line, Head { seq, hash }))
}

/// The hash a line states, and the one it should have; `None` when it isn't sealed.
fn hashes(line: &[u8]) -> Option<(&str, String)> {
    let rest = line.strip_suffix(SEAL_END.as_bytes())?;
    let (rest, hash) = rest.split_at_checked(rest.len().checked_sub(HASH_LEN)?)?;
    let content = rest.strip_suffix(SEAL_START.as_bytes())?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(content).update(b"}");
    Some((std::str::from_utf8(hash).ok()?, hasher.finalize().to_hex().to_string()))
}

/// Reads a line by itself: its seal and its fields, not its place in the chain. Also gives the hash of the record
/// that it follows.
pub(super) fn open(line: &[u8]) -> Result<(Entry, String), Wrong> {
    let (has, should) = hashes(line).ok_or(Wrong::Unsealed)?;
    if has != should {
        return Err(Wrong::Edited);
    }
    let not = |what: &str| Wrong::NotARecord(what.to_owned());
    let mut map: Map<String, Value> = serde_json::from_slice(line).map_err(|e| not(&e.to_string()))?;
    let mut take = |key: &str| map.shift_remove(key).ok_or_else(|| not(&format!("it has no `{key}`")));
    let version = take("v")?.as_u64().ok_or_else(|| not("`v` is not a number"))?;
    if version > VERSION {
        return Err(Wrong::Version(version));
    }
    let seq = take("seq")?.as_u64().ok_or_else(|| not("`seq` is not a number"))?;
    let at = take("at")?.as_str().and_then(|t| t.parse().ok()).ok_or_else(|| not("`at` is not a time"))?;
    let prev = take("prev")?.as_str().map(str::to_owned).ok_or_else(|| not("`prev` is not a hash"))?;
    let kind = take("kind")?.as_str().map(str::to_owned).ok_or_else(|| not("`kind` is not a word"))?;
    take("hash")?;
    let record = Record::decode(&kind, map).map_err(|e| {
        not(&format!("the fields of `{kind}` can't be read ({e}); a newer factoryctl may have written it"))
    })?;
    Ok((Entry { seq, at, record, hash: should }, prev))
}

/// Reads a line that should follow `head`.
pub(super) fn follow(head: &Head, line: &[u8]) -> Result<Entry, Wrong> {
    let (entry, prev) = open(line)?;
    check_place(head, &entry, &prev)?;
    Ok(entry)
}

/// Whether a record that says it follows `prev` may follow `head`.
pub(super) fn check_place(head: &Head, entry: &Entry, prev: &str) -> Result<(), Wrong> {
    if entry.seq != head.seq + 1 {
        return Err(Wrong::Sequence { expected: head.seq + 1, found: entry.seq });
    }
    if prev == head.hash { Ok(()) } else { Err(Wrong::Previous(entry.seq)) }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_reads_as_it_was_written() {
        let (line, head) =
            seal(&Head::default(), samples::at(0), &samples::flip("loop/labels", false)).unwrap();
        insta::assert_snapshot!(line.replace(&head.hash, "HASH"), @r#"{"v":1,"seq":1,"at":"2026-01-02T03:04:05Z","prev":"0000000000000000000000000000000000000000000000000000000000000000","kind":"flip","address":"loop/labels","on":false,"reason":"too eager","by":"ann@host","hash":"HASH"}"#);
        for record in samples::one_of_each() {
            let (line, next) = seal(&head, samples::at(1), &record).unwrap();
            let entry = follow(&head, line.as_bytes()).unwrap();
            assert_eq!((entry.record.clone(), entry.head()), (record, next));
        }
    }

    #[test]
    fn unknown_fields_and_kinds_are_no_error_and_a_newer_version_is() {
        let reseal = |line: &str, from: &str, to: &str| {
            let content =
                line[..line.len() - HASH_LEN - SEAL_START.len() - SEAL_END.len()].replace(from, to) + "}";
            let hash = blake3::hash(content.as_bytes()).to_hex();
            format!("{}{SEAL_START}{hash}{SEAL_END}", &content[..content.len() - 1])
        };
        let head = Head::default();
        let (line, _) = seal(&head, samples::at(0), &samples::flip("loop/labels", false)).unwrap();
        let read = |from, to| follow(&head, reseal(&line, from, to).as_bytes());
        assert!(matches!(read("\"on\"", "\"new\":1,\"on\"").unwrap().record, Record::Flip(_)));
        assert!(
            matches!(read("\"flip\"", "\"newer\"").unwrap().record, Record::Other { kind, .. } if kind == "newer")
        );
        assert_eq!(read("\"v\":1", "\"v\":2").unwrap_err(), Wrong::Version(2));
        let error = read("\"on\":false", "\"on\":\"perhaps\"").unwrap_err().to_string();
        assert!(error.contains("the fields of `flip` can't be read"), "{error}");
        assert_eq!(read("\"seq\":1", "\"seq\":2").unwrap_err(), Wrong::Sequence { expected: 1, found: 2 });
        assert_eq!(read("\"prev\":\"00", "\"prev\":\"01").unwrap_err(), Wrong::Previous(1));
    }

    #[test]
    fn a_record_beyond_the_limit_is_refused_before_it_is_written() {
        let long = Record::Config(super::super::Config {
            commit: samples::commit(1),
            verdict: super::super::Verdict::Rejected,
            why: "x".repeat(MAX_LINE),
        });
        assert!(matches!(seal(&Head::default(), samples::at(0), &long), Err(Error::TooLarge { .. })));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_wrong_and_never_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(follow(&Head::default(), &bytes).is_err());
        }
    }
}
