//! Reads lines of JSON by path. What is missing, or is of another kind than expected, is nothing: no agent's lines are
//! a contract.

use serde_json::Value;

/// The value that a line is; null where it is none.
pub(super) fn parse(line: &[u8]) -> Value {
    serde_json::from_slice(line).unwrap_or(Value::Null)
}

/// The values that lines are.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = Value> {
    text.split(|byte| *byte == b'\n').map(parse)
}

/// The text at a path.
pub(super) fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// The count at a path.
pub(super) fn count(value: &Value, path: &str) -> u64 {
    value.pointer(path).and_then(Value::as_u64).unwrap_or(0)
}

/// The members of the list at a path.
pub(super) fn list<'a>(value: &'a Value, path: &str) -> impl Iterator<Item = &'a Value> {
    value.pointer(path).and_then(Value::as_array).into_iter().flatten()
}

/// The most tokens that one agent is believed to have used of a kind.
const MOST_TOKENS: u64 = 10_000_000_000;

/// The tokens at a path; none where what stands there can't be so many.
pub(super) fn tokens(value: &Value, path: &str) -> u64 {
    Some(count(value, path)).filter(|tokens| *tokens <= MOST_TOKENS).unwrap_or(0)
}

/// The fraction at a path, in parts of this many: a share in hundredths, dollars in millionths.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, and what is below nothing becomes nothing"
)]
pub(super) fn parts(value: &Value, path: &str, of: u32) -> Option<u64> {
    let fraction = value.pointer(path)?.as_f64()?;
    Some((fraction * f64::from(of)).round() as u64)
}

/// The most dollars that one agent is believed to have cost.
const DEAREST: f64 = 100_000.0;

/// The dollars at a path, in millionths; `None` of what can't be an amount, which tells nothing.
pub(super) fn dollars(value: &Value, path: &str) -> Option<u64> {
    value.pointer(path)?.as_f64().filter(|dollars| (0.0..=DEAREST).contains(dollars))?;
    parts(value, path, 1_000_000)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_there_is_nothing() {
        let line = parse(br#"{"a":{"b":"c"},"n":-1,"d":0.008639999999999998,"big":1e300,"l":[1,2]}"#);
        assert_eq!((text(&line, "/a/b"), text(&line, "/a"), text(&line, "/x/y")), ("c", "", ""));
        assert_eq!((count(&line, "/n"), count(&line, "/d"), list(&line, "/l").count()), (0, 0, 2));
        assert_eq!(
            (dollars(&line, "/d"), dollars(&line, "/n"), dollars(&line, "/a")),
            (Some(8640), None, None)
        );
        assert_eq!(dollars(&line, "/big"), None);
        let line = parse(br#"{"much":10000000000,"more":10000000001}"#);
        assert_eq!((tokens(&line, "/much"), tokens(&line, "/more")), (10_000_000_000, 0));
        assert_eq!((parse(b"\xff{"), parse(b"3")), (Value::Null, json!(3)));
    }
}
