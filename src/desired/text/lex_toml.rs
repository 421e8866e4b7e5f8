//! TOML's tokens, as far as layout needs them: what is text or comment, and what opens and closes.

use super::lex::{Kind, Token};

/// Splits a text into tokens that cover it.
pub(in crate::desired) fn tokens(text: &str) -> Vec<Token> {
    let mut out = Vec::with_capacity(text.len() / 4);
    let mut at = 0;
    while at < text.len() {
        let (kind, length, broken) = next(&text[at..]);
        out.push(Token { kind, start: at, end: at + length, broken });
        at += length;
    }
    out
}

fn next(rest: &str) -> (Kind, usize, bool) {
    let until = |stop: fn(char) -> bool| rest.find(stop).unwrap_or(rest.len());
    let Some(first) = rest.chars().next() else { return (Kind::Space, 0, false) };
    match first {
        '\r' if rest.starts_with("\r\n") => (Kind::Newline, 2, false),
        '\n' => (Kind::Newline, 1, false),
        ' ' | '\t' => (Kind::Space, until(|c| !matches!(c, ' ' | '\t')), false),
        '[' | '{' => (Kind::Open, 1, false),
        ']' | '}' => (Kind::Close, 1, false),
        '=' => (Kind::Equals, 1, false),
        '#' => (Kind::LineComment, until(|c| matches!(c, '\r' | '\n')), false),
        '"' | '\'' => text_length(rest, first),
        c => {
            let ends =
                |c: char| matches!(c, '\n' | ' ' | '\t' | '[' | ']' | '{' | '}' | '=' | '#' | '"' | '\'');
            let length = rest.char_indices().skip(1).find(|(_, c)| ends(*c)).map_or(rest.len(), |(i, _)| i);
            // A carriage return belongs to the line break after it.
            let length = if rest[..length].ends_with('\r') && length > 1 { length - 1 } else { length };
            (Kind::Word, length.max(c.len_utf8()), false)
        }
    }
}

/// A text in one or three quotes; only double quotes know a backslash.
fn text_length(rest: &str, quote: char) -> (Kind, usize, bool) {
    let triple: String = std::iter::repeat_n(quote, 3).collect();
    let multiline = rest.starts_with(&triple);
    let close = if multiline { 3 } else { 1 };
    let mut at = close;
    while at < rest.len() {
        let tail = &rest[at..];
        let c = tail.chars().next().expect("`at` is before the end");
        if c == '\\' && quote == '"' {
            at += 1 + tail[1..].chars().next().map_or(0, char::len_utf8);
        } else if multiline && tail.starts_with(&triple) {
            // Up to two quotes may stand right before the closing three.
            let quotes = tail.chars().take_while(|c| *c == quote).count().min(5);
            return (Kind::Text, at + quotes, false);
        } else if !multiline && c == quote {
            return (Kind::Text, at + 1, false);
        } else if !multiline && c == '\n' {
            return (Kind::Text, at, true);
        } else {
            at += c.len_utf8();
        }
    }
    (Kind::Text, rest.len(), true)
}
