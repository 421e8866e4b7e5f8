//! Secrets that someone wrote into config are not repeated on terminals, in logs or in comments.

use std::ops::Range;

use crate::model::credential;

/// How GitHub's tokens start.
const TOKENS: [&str; 6] = ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"];

/// The text with everything that looks like a secret, and the given ranges, replaced byte for byte by `*`.
pub(in crate::desired) fn mask(text: &str, known: &[Range<usize>]) -> String {
    let mut ranges: Vec<Range<usize>> = known.to_vec();
    ranges.extend(credential::find(text.as_bytes()));
    for start in TOKENS {
        for (at, _) in text.match_indices(start) {
            ranges.push(at..at + word_length(&text[at..]));
        }
    }
    for (at, _) in text.match_indices("-----BEGIN") {
        let rest = &text[at..];
        let end =
            rest.find("-----END").map_or(rest.len(), |e| e + rest[e..].find('\n').unwrap_or(rest.len() - e));
        ranges.push(at..at + end);
    }
    for (at, _) in text.match_indices("://") {
        let start = at + "://".len();
        let host = text[start..].find(['/', '"', '\n', ' ']).unwrap_or(text.len() - start);
        if let Some(user) = text[start..start + host].rfind('@') {
            ranges.push(start..start + user);
        }
    }
    for name in ["token", "secret", "key"] {
        ranges.extend(text.match_indices(name).filter_map(|(at, _)| value_after(text, at + name.len())));
    }
    if ranges.is_empty() {
        return text.to_owned();
    }
    let mut bytes = text.as_bytes().to_vec();
    for range in ranges {
        let end = range.end.min(bytes.len());
        for byte in &mut bytes[range.start.min(end)..end] {
            if *byte != b'\n' {
                *byte = b'*';
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| "*".repeat(text.len()))
}

fn word_length(text: &str) -> usize {
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
}

/// The value given to a name that ends at `at`, unless it is a reference.
fn value_after(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = &text[at..];
    let gap = rest.len() - rest.trim_start_matches([' ', '\t', '=']).len();
    let value = rest[gap..].trim_start_matches('"');
    let start = text.len() - value.len();
    let quoted = start > at + gap;
    let ends = |c: char| matches!(c, '"' | '\n') || (!quoted && matches!(c, ' ' | ';' | '}'));
    let length = value.find(ends).unwrap_or(value.len());
    let is_reference = value.starts_with("env:") || value.starts_with("file:");
    // Words such as `auth "token" token=…` follow the name as well; secrets are longer than those.
    (gap > 0 && !is_reference && length >= 12).then(|| start..start + length)
}

#[cfg(test)]
mod tests {
    use super::mask;

    #[test]
    fn what_looks_like_a_secret_is_masked_and_the_rest_is_kept() {
        for (text, expect) in [
            ("auth \"token\" token=\"ghp_abc123\"", "auth \"token\" token=\"**********\""),
            ("secret \"correct horse battery\" }", "secret \"*********************\" }"),
            ("token=\"env:GITHUB_TOKEN\"", "token=\"env:GITHUB_TOKEN\""),
            ("api \"https://me:pass@x.y/a@b\"", "api \"https://*******@x.y/a@b\""),
            (
                "agents \"npm_0123456789abcdefghijklmnopqrst\"",
                "agents \"**********************************\"",
            ),
            ("label \"key\" color=\"abcdef\"", "label \"key\" color=\"abcdef\""),
        ] {
            assert_eq!(mask(text, &[]), expect);
        }
    }

    proptest::proptest! {
        #[test]
        fn masking_keeps_every_position(text in "(token|=|\"|é| |ghp_|[a-z]{1,14}|\n){0,20}") {
            let masked = mask(&text, &[]);
            proptest::prop_assert_eq!(masked.len(), text.len());
        }
    }
}
