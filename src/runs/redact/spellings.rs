//! A value in the spellings that tools give it, as far as each stands alone: what is spelt twice or packed is found by
//! reading it (`views`).

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// A value as tools write it.
pub(super) fn spellings(secret: &str) -> Vec<Vec<u8>> {
    let bytes = secret.as_bytes();
    let percent = percent(bytes);
    let mut out = vec![
        bytes.to_vec(),
        hex::encode(bytes).into(),
        hex::encode_upper(bytes).into(),
        json(secret),
        percent.to_ascii_lowercase_escapes().into(),
        percent.0.into(),
        secret.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        secret.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        bytes.iter().rev().copied().collect(),
    ];
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
    for engine in [&STANDARD, &URL_SAFE] {
        out.push(engine.encode(bytes).trim_end_matches('=').into());
        out.push(engine.encode(bytes).into());
    }
    out
}

fn json(secret: &str) -> Vec<u8> {
    let quoted = serde_json::to_string(secret).unwrap_or_default();
    quoted.trim_matches('"').as_bytes().to_vec()
}

/// Percent-encoded, with digits in capitals.
struct Percent(String);

fn percent(bytes: &[u8]) -> Percent {
    Percent(bytes.iter().fold(String::new(), |mut out, b| {
        if b.is_ascii_alphanumeric() || b"-._~".contains(b) {
            out.push(char::from(*b));
        } else {
            // Writing to a string can't fail.
            let _ = write!(out, "%{b:02X}");
        }
        out
    }))
}

impl Percent {
    fn to_ascii_lowercase_escapes(&self) -> String {
        let mut parts = self.0.split('%');
        let mut out = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (digits, rest) = part.split_at(2);
            out.push('%');
            out.push_str(&digits.to_ascii_lowercase());
            out.push_str(rest);
        }
        out
    }
}
