//! Masks secrets in what is kept or goes out: known values in the spellings that tools give them, and what has the shape
//! of a credential.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

/// What stands in the place of a secret.
const MASK: &[u8] = b"[masked]";

/// The shortest secret whose value is looked for; shorter ones would mask words.
const SHORTEST: usize = 6;

/// How credentials of known services begin, and how long what follows is at least.
const SHAPES: &[(&str, usize)] = &[
    ("ghp_", 30),
    ("gho_", 30),
    ("ghu_", 30),
    ("ghs_", 30),
    ("ghr_", 30),
    ("github_pat_", 30),
    ("glpat-", 20),
    ("sk-", 20),
    ("AKIA", 16),
    ("ASIA", 16),
    ("AIza", 30),
    ("xoxb-", 20),
    ("xoxp-", 20),
    ("xapp-", 20),
    ("npm_", 30),
    ("pypi-", 40),
    ("eyJ", 40),
];

/// Knows what is to be masked.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    known: Option<AhoCorasick>,
}

impl Redactor {
    /// Masks these values, each in the spellings that tools give it, and each line of those that have several.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let parts = secrets.into_iter().flat_map(|secret| secret.lines().chain([secret]));
        let mut values: Vec<Vec<u8>> =
            parts.filter(|part| part.len() >= SHORTEST).flat_map(spellings).collect();
        values.retain(|value| value.len() >= SHORTEST);
        if values.is_empty() {
            return Self::default();
        }
        let known = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(values);
        Self { known: Some(known.expect("a few hundred short patterns fit")) }
    }

    /// The text with every secret masked, and how many there were.
    pub fn clean<'a>(&self, text: &'a [u8]) -> (Cow<'a, [u8]>, usize) {
        let found = self.find(text);
        if found.is_empty() {
            return (Cow::Borrowed(text), 0);
        }
        let (mut out, mut copied) = (Vec::with_capacity(text.len()), 0);
        for secret in &found {
            out.extend_from_slice(&text[copied..secret.start]);
            out.extend_from_slice(MASK);
            copied = secret.end;
        }
        out.extend_from_slice(&text[copied..]);
        (Cow::Owned(out), found.len())
    }

    /// Whether there is any secret in a text.
    pub fn finds(&self, text: &str) -> bool {
        !self.find(text.as_bytes()).is_empty()
    }

    /// Where the secrets are, in order; those that overlap are one.
    fn find(&self, text: &[u8]) -> Vec<Range<usize>> {
        let known = self.known.iter().flat_map(|known| known.find_iter(text).map(|found| found.range()));
        let mut all: Vec<Range<usize>> = known.collect();
        let mut at = 0;
        while at < text.len() {
            let len = match text[at] {
                b'g' | b's' | b'A' | b'x' | b'n' | b'p' | b'e' => shape(text, at),
                b':' => {
                    let password = password(text, at);
                    at += usize::from(password.is_some());
                    password
                }
                b'-' => private_key(&text[at..]),
                _ => None,
            };
            match len {
                Some(len) => {
                    all.push(at..at + len);
                    at += len;
                }
                None => at += 1,
            }
        }
        all.sort_by_key(|found| (found.start, found.end));
        let mut out: Vec<Range<usize>> = Vec::new();
        for found in all {
            match out.last_mut() {
                Some(last) if found.start < last.end => last.end = last.end.max(found.end),
                Some(_) | None => out.push(found),
            }
        }
        out
    }
}

/// A value as tools write it.
fn spellings(secret: &str) -> Vec<Vec<u8>> {
    let bytes = secret.as_bytes();
    let mut out = vec![bytes.to_vec(), hex::encode(bytes).into(), hex::encode_upper(bytes).into()];
    let json = serde_json::to_string(secret).unwrap_or_default();
    out.push(json.trim_matches('"').as_bytes().to_vec());
    let percent: String = bytes.iter().fold(String::new(), |mut out, b| {
        if b.is_ascii_alphanumeric() || b"-._~".contains(b) {
            out.push(char::from(*b));
        } else {
            // Writing to a string can't fail.
            let _ = write!(out, "%{b:02X}");
        }
        out
    });
    out.push(percent.into());
    // In a longer text that is encoded, a secret begins at any of three places of the alphabet's rhythm.
    for shift in 0..3 {
        let mut padded = vec![0; shift];
        padded.extend_from_slice(bytes);
        for engine in [&STANDARD, &URL_SAFE] {
            let encoded = engine.encode(&padded);
            // What depends on the neighbours on either side is left out.
            let from = [0, 2, 3][shift];
            let whole = padded.len() / 3 * 4;
            out.push(encoded.as_bytes()[from..whole.max(from)].to_vec());
        }
    }
    for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
        out.push(engine.encode(bytes).into());
    }
    out.push(bytes.iter().rev().copied().collect());
    out
}

/// A credential by its shape.
fn shape(text: &[u8], at: usize) -> Option<usize> {
    let word = |b: &u8| b.is_ascii_alphanumeric() || b"_-".contains(b);
    if at > 0 && word(&text[at - 1]) {
        return None;
    }
    let rest = &text[at..];
    let (prefix, least) = SHAPES.iter().find(|(prefix, _)| rest.starts_with(prefix.as_bytes()))?;
    // The three parts of a signed token are joined by dots.
    let part = |b: &&u8| word(b) || (**b == b'.' && *prefix == "eyJ");
    let len = rest.iter().take_while(part).count();
    (len >= prefix.len() + least).then_some(len)
}

/// The length of the password of `scheme://user:password@host`, after the colon at this place.
fn password(text: &[u8], colon: usize) -> Option<usize> {
    let before = &text[..colon];
    let begins = before.iter().rposition(|b| !(b.is_ascii_alphanumeric() || b"-._~%+".contains(b)))?;
    if !before[..=begins].ends_with(b"://") {
        return None;
    }
    let rest = &text[colon + 1..];
    let len = rest.iter().take_while(|b| !b.is_ascii_whitespace() && !b"@/\"'<>".contains(b)).count();
    (len > 0 && rest.get(len) == Some(&b'@')).then_some(len)
}

/// A private key, from its first line to its last, or to where the text ends.
fn private_key(rest: &[u8]) -> Option<usize> {
    if !rest.starts_with(b"-----BEGIN ") {
        return None;
    }
    let find = |needle: &[u8], from: usize| {
        rest.get(from..)?
            .windows(needle.len())
            .position(|window| window == needle)
            .map(|at| from + at + needle.len())
    };
    let first = find(b"PRIVATE KEY-----", 0).filter(|end| *end < 64)?;
    let last = find(b"-----END ", first).and_then(|at| find(b"-----", at));
    Some(last.unwrap_or(rest.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "p4ss/w0rd+\"quoted\"&more";

    fn cleaned(redactor: &Redactor, text: &str) -> String {
        String::from_utf8(redactor.clean(text.as_bytes()).0.into_owned()).unwrap()
    }

    #[test]
    fn a_known_value_is_masked_in_every_spelling() {
        let redactor = Redactor::new([SECRET, "abc"]);
        let spelt: Vec<String> =
            spellings(SECRET).into_iter().map(|bytes| String::from_utf8(bytes).unwrap()).collect();
        assert!(spelt.len() >= 12);
        for text in spelt {
            assert_eq!(cleaned(&redactor, &format!("a {text} z")), "a [masked] z", "{text}");
        }
        assert_eq!(cleaned(&redactor, "abc"), "abc", "what is too short is a word");
    }

    #[test]
    fn it_is_masked_inside_of_what_is_encoded_as_a_whole() {
        let redactor = Redactor::new([SECRET]);
        for before in ["", "x", "xy", "xyz"] {
            let text = STANDARD.encode(format!("{before}{SECRET}, and more"));
            assert!(redactor.finds(&text), "{before}: {text}");
        }
    }

    #[test]
    fn credentials_are_known_by_their_shape() {
        let nobody = Redactor::default();
        let token = format!("ghp_{}", "a1".repeat(18));
        let jwt = format!("eyJ{0}.eyJ{0}.{0}", "x".repeat(20));
        let key = "-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----";
        for (text, expect) in [
            (format!("token {token}."), "token [masked]."),
            (format!("Bearer {jwt} "), "Bearer [masked] "),
            ("https://me:hunter2@h/x".to_owned(), "https://me:[masked]@h/x"),
            (format!("{key}\nnext"), "[masked]\nnext"),
            ("-----BEGIN EC PRIVATE KEY-----\\nMII".to_owned(), "[masked]"),
        ] {
            assert_eq!(cleaned(&nobody, &text), expect, "{text}");
        }
        for text in [
            "task-sk-short",
            "mask-ghp_",
            "http://host:80/a@b",
            "-----BEGIN CERTIFICATE-----",
            "a:b@c",
            "eyJust words",
        ] {
            assert_eq!(cleaned(&nobody, text), text);
        }
    }
}
