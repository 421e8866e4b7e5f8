//! KDL's tokens: enough to judge nesting before parsing, and to re-indent and edit without losing a byte.
//!
//! The parser proper is the `kdl` crate; it recurses, so [`check`] bounds the depth first, and it explains an
//! open brace or quote poorly, so that is said here.

use crate::desired::diagnostic::{Draft, Sink, code};

use super::Span;
use super::files::as_u32;

/// How deep braces and comments may nest.
pub(in crate::desired) const MAX_DEPTH: usize = 32;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::desired) enum Kind {
    Space,
    Newline,
    LineComment,
    BlockComment,
    Slashdash,
    /// Quoted, raw, or over several lines.
    Text,
    Open,
    Close,
    Semicolon,
    Continuation,
    Equals,
    /// A bare name, a number, `#true`, a type's parentheses.
    Word,
}

/// A token; together they cover the text without gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::desired) struct Token {
    pub(in crate::desired) kind: Kind,
    pub(in crate::desired) start: usize,
    pub(in crate::desired) end: usize,
    /// A text or comment that the file ends in the middle of, or nesting deeper than [`MAX_DEPTH`].
    pub(in crate::desired) broken: bool,
}

/// Splits a text into tokens.
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
    let whole = |kind, length| (kind, length, false);
    let Some(first) = rest.chars().next() else { return whole(Kind::Space, 0) };
    match first {
        '\r' if rest.starts_with("\r\n") => whole(Kind::Newline, 2),
        c if is_newline(c) => whole(Kind::Newline, c.len_utf8()),
        c if is_space(c) => whole(Kind::Space, rest.find(|c| !is_space(c)).unwrap_or(rest.len())),
        '{' => whole(Kind::Open, 1),
        '}' => whole(Kind::Close, 1),
        ';' => whole(Kind::Semicolon, 1),
        '=' => whole(Kind::Equals, 1),
        '\\' => whole(Kind::Continuation, 1),
        '(' | ')' => whole(Kind::Word, 1),
        '"' => quoted(rest),
        '#' => raw(rest).unwrap_or_else(|| whole(Kind::Word, word(rest))),
        '/' => match rest.as_bytes().get(1) {
            Some(b'/') => whole(Kind::LineComment, rest.find(is_newline).unwrap_or(rest.len())),
            Some(b'*') => block_comment(rest),
            Some(b'-') => whole(Kind::Slashdash, 2),
            _ => whole(Kind::Word, word(rest)),
        },
        _ => whole(Kind::Word, word(rest)),
    }
}

/// The length of the bare word at the start; at least one character.
fn word(rest: &str) -> usize {
    let stop = |(i, c): (usize, char)| {
        let ends = is_newline(c)
            || is_space(c)
            || matches!(c, '{' | '}' | '(' | ')' | ';' | '=' | '"' | '\\')
            || (c == '/' && matches!(rest.as_bytes().get(i + 1), Some(b'/' | b'*' | b'-')));
        (ends && i > 0).then_some(i)
    };
    rest.char_indices().find_map(stop).unwrap_or(rest.len())
}

/// A quoted text. One line, unless it starts with three quotes; a backslash before white space takes all of it.
fn quoted(rest: &str) -> (Kind, usize, bool) {
    let multiline = rest.starts_with("\"\"\"");
    let close = if multiline { "\"\"\"" } else { "\"" };
    let mut at = close.len();
    while at < rest.len() {
        let tail = &rest[at..];
        if tail.starts_with(close) {
            return (Kind::Text, at + close.len(), false);
        }
        let c = tail.chars().next().expect("`at` is before the end");
        if c == '\\' {
            let after = &tail[1..];
            let gap = after.find(|c| !is_space(c) && !is_newline(c)).unwrap_or(after.len());
            at += 1 + if gap > 0 { gap } else { after.chars().next().map_or(0, char::len_utf8) };
        } else if is_newline(c) && !multiline {
            return (Kind::Text, at, true);
        } else {
            at += c.len_utf8();
        }
    }
    (Kind::Text, rest.len(), true)
}

/// A raw text, if one starts here: hashes, quotes, anything, the same quotes and hashes.
fn raw(rest: &str) -> Option<(Kind, usize, bool)> {
    let hashes = rest.bytes().take_while(|b| *b == b'#').count();
    if rest.as_bytes().get(hashes) != Some(&b'"') {
        return None;
    }
    let multiline = rest[hashes..].starts_with("\"\"\"");
    let quotes = if multiline { "\"\"\"" } else { "\"" };
    let close = format!("{quotes}{}", &rest[..hashes]);
    let start = hashes + quotes.len();
    let body = &rest[start..];
    let end = body.find(&close);
    let line = if multiline { None } else { body.find(is_newline) };
    Some(match (end, line) {
        (Some(end), line) if line.is_none_or(|l| end < l) => (Kind::Text, start + end + close.len(), false),
        (_, Some(line)) => (Kind::Text, start + line, true),
        (_, None) => (Kind::Text, rest.len(), true),
    })
}

fn block_comment(rest: &str) -> (Kind, usize, bool) {
    let bytes = rest.as_bytes();
    let (mut at, mut depth, mut deepest) = (0, 0_usize, 0_usize);
    while at + 1 < bytes.len() {
        match (bytes[at], bytes[at + 1]) {
            (b'/', b'*') => {
                depth += 1;
                deepest = deepest.max(depth);
                at += 2;
            }
            (b'*', b'/') => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return (Kind::BlockComment, at, deepest > MAX_DEPTH);
                }
            }
            _ => at += 1,
        }
    }
    (Kind::BlockComment, rest.len(), true)
}

/// KDL's newlines.
pub(in crate::desired) fn is_newline(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{b}' | '\u{c}' | '\u{2028}' | '\u{2029}')
}

/// KDL's white space.
pub(in crate::desired) fn is_space(c: char) -> bool {
    matches!(
        c,
        '\t' | ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

/// Reports what would overflow or confuse the parser; whether the text may be parsed.
pub(in crate::desired) fn check(text: &str, number: u16, sink: &mut Sink) -> bool {
    let before = sink.errors();
    let mut open: Vec<Token> = Vec::new();
    let all = tokens(text);
    // What stands between curly quotes was meant as text, whatever is in it.
    let mut meant_as_text = 0;
    for (i, token) in all.iter().copied().enumerate() {
        if token.start < meant_as_text {
            continue;
        }
        let span = Span { file: number, start: as_u32(token.start), end: as_u32(token.end) };
        let first = Span { end: span.start + 1, ..span };
        match token.kind {
            Kind::Open => {
                open.push(token);
                if open.len() == MAX_DEPTH + 1 {
                    sink.push(
                        Draft::error(code::TOO_DEEP, format!("braces nest deeper than {MAX_DEPTH}"))
                            .at(span, "one too deep")
                            .help("nothing in config nests deeper than four; is a `}` missing above?"),
                    );
                    return false;
                }
            }
            Kind::Close if open.pop().is_none() => sink.push(
                Draft::error(code::SYNTAX, "this `}` closes nothing")
                    .at(span, "no `{` is open here")
                    .help("remove it, or add the `{` that it should close"),
            ),
            Kind::Text if token.broken => {
                sink.push(
                    Draft::error(code::SYNTAX, "this text is never closed")
                        .at(first, "it starts here")
                        .help("put a `\"` at its end; text over several lines starts and ends with `\"\"\"`"),
                );
                // What follows may be text or not; nothing that could be said of it is certain.
                return false;
            }
            Kind::BlockComment if token.broken => sink.push(
                Draft::error(code::SYNTAX, "this comment is never closed, or nests too deep")
                    .at(Span { end: span.start + 2, ..span }, "it starts here")
                    .help("put `*/` at its end"),
            ),
            Kind::Word => match curly(&text[token.start..]) {
                Some(length) => {
                    meant_as_text = token.start + length;
                    sink.push(
                        Draft::error(code::SYNTAX, "curly quotes are no quotes in KDL")
                            .at(Span { end: as_u32(meant_as_text), ..span }, "here")
                            .help("write straight quotes around the text: `\"…\"`"),
                    );
                }
                None => check_word(&text[token.start..token.end], span, sink),
            },
            Kind::Equals => check_equals(&all, i, span, sink),
            Kind::Close
            | Kind::Text
            | Kind::BlockComment
            | Kind::Space
            | Kind::Newline
            | Kind::LineComment
            | Kind::Slashdash
            | Kind::Semicolon
            | Kind::Continuation => {}
        }
    }
    if let Some(inner) = open.pop() {
        let span = |t: Token| Span { file: number, start: as_u32(t.start), end: as_u32(t.end) };
        let mut draft = Draft::error(code::SYNTAX, "this `{` is never closed")
            .at(span(inner), "opened here")
            .help("put a `}` on a line of its own where the block ends");
        for outer in open.into_iter().rev().take(2) {
            draft = draft.also(span(outer), "nor is this one around it");
        }
        sink.push(draft);
    }
    sink.errors() == before
}

/// The length of a text in curly quotes, if one starts here. Without an end on its line it is the first word.
fn curly(rest: &str) -> Option<usize> {
    let close: &[char] = match rest.chars().next()? {
        '“' | '”' | '„' | '‟' => &['“', '”', '"'],
        '‘' | '’' | '‚' | '‛' => &['‘', '’', '\''],
        '«' | '»' => &['«', '»', '"'],
        _ => return None,
    };
    let line = &rest[..rest.find(is_newline).unwrap_or(rest.len())];
    let end = line.char_indices().skip(1).find(|(_, c)| close.contains(c)).map(|(i, c)| i + c.len_utf8());
    Some(end.unwrap_or_else(|| word(rest)))
}

/// A name and a value stand on both sides.
fn check_equals(all: &[Token], i: usize, span: Span, sink: &mut Sink) {
    let blank = |t: &&Token| matches!(t.kind, Kind::Space | Kind::BlockComment);
    let is_value = |t: Option<&Token>| t.is_some_and(|t| matches!(t.kind, Kind::Text | Kind::Word));
    let after = all[i + 1..].iter().find(|t| !blank(t));
    let mut before = all[..i].iter().rev().filter(|t| !blank(t));
    let name = before.next();
    // Before the name stands the node's own; where it doesn't, this is TOML's way of writing.
    let first = match before.next() {
        None => true,
        // A line break after `\` is none.
        Some(t) if t.kind == Kind::Newline => {
            before.find(|t| t.kind != Kind::LineComment).is_none_or(|t| t.kind != Kind::Continuation)
        }
        Some(t) => matches!(t.kind, Kind::Semicolon | Kind::Open),
    };
    if !is_value(after) || !is_value(name) {
        sink.push(
            Draft::error(code::SYNTAX, "this `=` has no value after it, or no name before it")
                .at(span, "here")
                .help("write `name=value`, e.g. `create=#true`"),
        );
    } else if first {
        sink.push(
            Draft::error(code::SYNTAX, "this node is written with `=`")
                .at(span, "here")
                .help("in KDL a value follows its name after a space: `has-wiki #false`; `name=value` stands after a node's name"),
        );
    }
}

/// Bare words that are at home in other languages.
fn check_word(word: &str, span: Span, sink: &mut Sink) {
    const KEYWORDS: [&str; 6] = ["#true", "#false", "#null", "#inf", "#-inf", "#nan"];
    let digits = word.trim_start_matches(['-', '+']);
    let (message, help) = if matches!(word, "true" | "false" | "null" | "inf" | "-inf" | "nan") {
        let help = format!("write `#{word}`, or `\"{word}\"` if you mean the text");
        (format!("`{word}` is not a value in KDL 2"), help)
    } else if word.len() > 38 && digits.bytes().all(|b| b.is_ascii_digit()) {
        ("this number is too large".to_owned(), "no number in config has so many digits".to_owned())
    } else if word.starts_with('\'') {
        let text = word.trim_matches('\'');
        ("single quotes are no quotes in KDL".to_owned(), format!("write `\"{text}\"`"))
    } else if word.starts_with('#') && !KEYWORDS.contains(&word) {
        let help = match word {
            "#" | "##" | "###" => "a comment starts with `//`".to_owned(),
            _ => "flags are `#true` and `#false`, nothing is `#null`; a comment starts with `//`".to_owned(),
        };
        (format!("`{word}` is not a value in KDL 2"), help)
    } else if word.contains(['[', ']']) {
        (
            "KDL has no brackets".to_owned(),
            "write the values after each other: `topics \"rust\" \"service\"`".to_owned(),
        )
    } else if word.starts_with(',') || word.ends_with(',') {
        (
            "no comma stands between values".to_owned(),
            "separate them by spaces: `topics \"rust\" \"service\"`".to_owned(),
        )
    } else if word.contains('/') {
        ("text with a `/` in it stands in quotes".to_owned(), format!("write `\"{word}\"`"))
    } else {
        return;
    };
    sink.push(Draft::error(code::SYNTAX, message).at(span, "here").help(help));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(Kind, &str)> {
        tokens(text).into_iter().map(|t| (t.kind, &text[t.start..t.end])).collect()
    }

    #[test]
    fn texts_and_comments_are_single_tokens() {
        use Kind::{BlockComment, Close, LineComment, Open, Slashdash, Space, Text, Word};
        for (text, expect) in [
            (r#"a "b\"{""#, vec![(Word, "a"), (Space, " "), (Text, r#""b\"{""#)]),
            (r##"#"a"b"#{"##, vec![(Text, r##"#"a"b"#"##), (Open, "{")]),
            ("/* /* } */ */}", vec![(BlockComment, "/* /* } */ */"), (Close, "}")]),
            ("/-a//b{", vec![(Slashdash, "/-"), (Word, "a"), (LineComment, "//b{")]),
            ("\"\"\"\n{\n\"\"\"", vec![(Text, "\"\"\"\n{\n\"\"\"")]),
            ("\"a\\\n  b\"", vec![(Text, "\"a\\\n  b\"")]),
            ("#true", vec![(Word, "#true")]),
        ] {
            assert_eq!(kinds(text), expect, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn tokens_cover_any_text_without_gaps(text in "[ \\n{}/*\\-\"#\\\\;=a-zé\u{2028}]{0,40}") {
            let mut at = 0;
            for token in tokens(&text) {
                proptest::prop_assert_eq!(token.start, at);
                proptest::prop_assert!(token.end > at);
                at = token.end;
            }
            proptest::prop_assert_eq!(at, text.len());
        }
    }
}
