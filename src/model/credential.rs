//! What has the shape of a credential, whoever it belongs to: config that holds one is refused, and it is masked in what
//! is kept or goes out.

use std::ops::Range;

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

/// How a private key begins and ends.
const KEY_BEGINS: &[u8] = b"-----BEGIN ";
const KEY_ENDS: &[u8] = b"-----END ";
const KEY_LINE: &[u8] = b"PRIVATE KEY-----";

/// Where credentials are, in order.
pub fn find(text: &[u8]) -> Vec<Range<usize>> {
    let (mut out, mut at) = (Vec::new(), 0);
    while at < text.len() {
        let len = match text[at] {
            b'g' | b's' | b'A' | b'x' | b'n' | b'p' | b'e' => token(text, at),
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
                out.push(at..at + len);
                at += len;
            }
            None => at += 1,
        }
    }
    out
}

/// Whether a private key begins in a line.
pub fn begins_key(line: &[u8]) -> bool {
    has(line, KEY_LINE) && has(line, KEY_BEGINS)
}

/// Whether a private key begins in a line and doesn't end in it.
pub fn opens_key(line: &[u8]) -> bool {
    begins_key(line) && !closes_key(line)
}

/// Whether a private key ends in a line.
pub fn closes_key(line: &[u8]) -> bool {
    has(line, KEY_ENDS)
}

fn has(text: &[u8], needle: &[u8]) -> bool {
    after(text, needle, 0).is_some()
}

fn token(text: &[u8], at: usize) -> Option<usize> {
    let word = |b: &u8| b.is_ascii_alphanumeric() || b"_-".contains(b);
    if at > 0 && word(&text[at - 1]) {
        return None;
    }
    let rest = &text[at..];
    let (prefix, least) = SHAPES.iter().find(|(prefix, _)| rest.starts_with(prefix.as_bytes()))?;
    // The three parts of a signed token are joined by dots, and the second one begins as the first one does.
    let signed = *prefix == "eyJ";
    let len = rest.iter().take_while(|b| word(b) || (signed && **b == b'.')).count();
    let whole = len >= prefix.len() + least && (!signed || has(&rest[..len], b".eyJ"));
    whole.then_some(len)
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
    if !rest.starts_with(KEY_BEGINS) {
        return None;
    }
    let first = after(rest, KEY_LINE, 0).filter(|end| *end < 64)?;
    let last = after(rest, KEY_ENDS, first).and_then(|at| after(rest, b"-----", at));
    Some(last.unwrap_or(rest.len()))
}

/// Where the next one of these ends.
fn after(text: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    let found = text.get(from..)?.windows(needle.len()).position(|window| window == needle)?;
    Some(from + found + needle.len())
}
