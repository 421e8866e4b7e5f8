//! As much of Rust's grammar as the other checks need: what is code, which modules are declared, which are tests.

use std::collections::BTreeSet;
use std::ops::Range;

/// The code of a file: comments and the insides of literals are blanks, positions stay.
pub(super) fn code(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut out = bytes.to_vec();
    let mut blank = |range: Range<usize>| {
        for byte in &mut out[range] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    };
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let end = if rest.starts_with(b"//") {
            at + rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len())
        } else if rest.starts_with(b"/*") {
            block_comment(bytes, at)
        } else if let Some(hashes) = raw_string(bytes, at) {
            let closing = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
            let begin = at + rest.iter().position(|b| *b == b'"').expect("it begins with a quote") + 1;
            begin + find(&bytes[begin..], &closing).map_or(bytes.len() - begin, |found| found + closing.len())
        } else if rest[0] == b'"' {
            string(bytes, at)
        } else if let Some(end) = character(bytes, at) {
            end
        } else {
            at += 1;
            continue;
        };
        blank(at..end);
        at = end;
    }
    String::from_utf8(out).expect("whole characters were replaced by blanks")
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn block_comment(bytes: &[u8], from: usize) -> usize {
    let (mut at, mut depth) = (from, 0_usize);
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            (at, depth) = (at + 2, depth + 1);
        } else if bytes[at..].starts_with(b"*/") {
            (at, depth) = (at + 2, depth - 1);
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    at
}

/// How many hashes a raw string that begins here has.
fn raw_string(bytes: &[u8], at: usize) -> Option<usize> {
    if at > 0 && is_word(bytes[at - 1]) {
        return None;
    }
    let after = bytes[at..].strip_prefix(b"br").or_else(|| bytes[at..].strip_prefix(b"r"))?;
    let hashes = after.iter().take_while(|b| **b == b'#').count();
    (after.get(hashes) == Some(&b'"')).then_some(hashes)
}

fn string(bytes: &[u8], from: usize) -> usize {
    let mut at = from + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The end of a character literal that begins here; a lifetime is none.
fn character(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes[at..].strip_prefix(b"'")?;
    if rest.first() == Some(&b'\\') {
        let end = rest.iter().skip(2).position(|b| *b == b'\'')?;
        return Some(at + 1 + 2 + end + 1);
    }
    let width = std::str::from_utf8(&rest[..rest.len().min(4)])
        .unwrap_or_else(|e| std::str::from_utf8(&rest[..e.valid_up_to()]).expect("up to there it is valid"))
        .chars()
        .next()?
        .len_utf8();
    (rest.get(width) == Some(&b'\'')).then_some(at + 1 + width + 1)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Words, `::` and single signs of code, each with its position.
pub(super) fn tokens(code: &str) -> Vec<(usize, &str)> {
    let bytes = code.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let length = if is_word(bytes[at]) {
            bytes[at..].iter().take_while(|b| is_word(**b)).count()
        } else if bytes[at..].starts_with(b"::") {
            2
        } else {
            code[at..].chars().next().map_or(1, char::len_utf8)
        };
        if !bytes[at].is_ascii_whitespace() {
            out.push((at, &code[at..at + length]));
        }
        at += length;
    }
    out
}

/// A module that a file declares in a file of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Declared {
    pub(super) name: String,
    pub(super) for_tests: bool,
}

/// The modules that code declares: `mod x;`, and the members of a `loops! { x::Y }` list.
pub(super) fn declared(code: &str) -> Vec<Declared> {
    let all = tokens(code);
    let word = |i: usize| all.get(i).map_or("", |(_, token)| *token);
    let mut out = Vec::new();
    for i in 0..all.len() {
        if word(i) == "mod" && word(i + 2) == ";" && word(i + 1) != "$" {
            let mut begin = i;
            if word(i.wrapping_sub(1)) == ")" {
                begin -= 3;
            }
            if word(begin.wrapping_sub(1)) == "pub" {
                begin -= 1;
            }
            let for_tests = ends_with_test_attribute(&all[..begin]);
            out.push(Declared { name: word(i + 1).to_owned(), for_tests });
        }
        if word(i) == "loops" && word(i + 1) == "!" && word(i + 2) == "{" {
            for j in (i + 3..all.len()).take_while(|j| word(*j) != "}") {
                if word(j + 1) == "::" && matches!(word(j - 1), "{" | ",") {
                    out.push(Declared { name: word(j).to_owned(), for_tests: false });
                }
            }
        }
    }
    out
}

fn ends_with_test_attribute(all: &[(usize, &str)]) -> bool {
    const ATTRIBUTE: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    all.len() >= ATTRIBUTE.len() && all[all.len() - ATTRIBUTE.len()..].iter().map(|(_, t)| *t).eq(ATTRIBUTE)
}

/// The same code with the insides of `#[cfg(test)] mod x { … }` blanked.
pub(super) fn without_tests(code: &str) -> String {
    let all = tokens(code);
    let mut out = code.as_bytes().to_vec();
    for i in 0..all.len() {
        let is_module = all[i].1 == "mod" && all.get(i + 2).is_some_and(|(_, t)| *t == "{");
        if !(is_module && ends_with_test_attribute(&all[..i])) {
            continue;
        }
        let mut depth = 0_usize;
        let mut end = code.len();
        for (at, token) in &all[i + 2..] {
            match *token {
                "{" => depth += 1,
                "}" if depth == 1 => {
                    end = *at;
                    break;
                }
                "}" => depth -= 1,
                _ => {}
            }
        }
        let begin = all[i + 2].0 + 1;
        out[begin..end].iter_mut().filter(|b| **b != b'\n').for_each(|b| *b = b' ');
    }
    String::from_utf8(out).expect("whole characters were replaced by blanks")
}

/// Paths below the crate that code names, `model::Action` for `crate::model::Action`, each with its position.
/// Groups are taken apart; `super` counts where it leads out of a room, `depth` being the file's own.
pub(super) fn crate_paths(code: &str, depth: usize, rooms: &BTreeSet<String>) -> Vec<(usize, Vec<String>)> {
    let all = tokens(code);
    let mut out = Vec::new();
    let mut i = 0;
    while i < all.len() {
        let word = all[i].1;
        let begins = i == 0 || all[i - 1].1 != "::";
        if begins && matches!(word, "crate" | "factoryctl") && all.get(i + 1).is_some_and(|(_, t)| *t == "::")
        {
            i = path(&all, i + 2, &mut Vec::new(), &mut out);
            continue;
        }
        if begins && word == "super" {
            let mut supers = 0;
            let mut j = i;
            while all.get(j).is_some_and(|(_, t)| *t == "super")
                && all.get(j + 1).is_some_and(|(_, t)| *t == "::")
            {
                (supers, j) = (supers + 1, j + 2);
            }
            let leads_out = supers > depth && all.get(j).is_some_and(|(_, t)| rooms.contains(*t));
            if leads_out {
                i = path(&all, j, &mut Vec::new(), &mut out);
                continue;
            }
            i = j.max(i + 1);
            continue;
        }
        i += 1;
    }
    out
}

/// Reads one path, or a group of them, from token `i`; answers where it ends.
fn path(
    all: &[(usize, &str)],
    mut i: usize,
    above: &mut Vec<String>,
    out: &mut Vec<(usize, Vec<String>)>,
) -> usize {
    let height = above.len();
    let begin = all.get(i).map_or(0, |(at, _)| *at);
    loop {
        let Some((_, token)) = all.get(i) else { break };
        if *token == "{" {
            i += 1;
            while all.get(i).is_some_and(|(_, t)| *t != "}") {
                i = path(all, i, above, out);
                while all.get(i).is_some_and(|(_, t)| !matches!(*t, "," | "}")) {
                    i += 1;
                }
                if all.get(i).is_some_and(|(_, t)| *t == ",") {
                    i += 1;
                }
            }
            above.truncate(height);
            return i + 1;
        }
        if !token.as_bytes().first().is_some_and(|b| is_word(*b)) {
            break;
        }
        above.push((*token).to_owned());
        i += 1;
        if all.get(i).is_some_and(|(_, t)| *t == "::") {
            i += 1;
        } else {
            break;
        }
    }
    if above.len() > height {
        out.push((begin, above.clone()));
    }
    above.truncate(height);
    i
}

/// The line of a position, from 1.
pub(super) fn line(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_no_code() {
        for (source, expect) in [
            ("a // crate::b\nc", "a            \nc"),
            ("a /* x /* y */ z */ b", "a                   b"),
            ("f(\"crate::\\\" x\") g", "f(             ) g"),
            ("r#\"a\"b\"# c", "         c"),
            ("'{' 'a 'x' b", "    'a     b"),
            ("'\\'' '\\u{1f}' b", "              b"),
        ] {
            assert_eq!(code(source), expect, "{source}");
        }
    }

    #[test]
    fn declarations_are_found() {
        let source = "mod a; pub mod b; pub(crate) mod c; #[cfg(test)]\nmod d; mod e { } registry::loops! { x::X, y::Y, }
            macro_rules! loops { () => { $(mod $module;)* } } #[cfg(test)] pub(crate) mod f;";
        let found: Vec<String> = declared(&code(source))
            .into_iter()
            .map(|d| format!("{}{}", d.name, if d.for_tests { "?" } else { "" }))
            .collect();
        assert_eq!(found, ["a", "b", "c", "d?", "x", "y", "f?"]);
    }

    #[test]
    fn paths_out_of_a_room_are_found() {
        let rooms = ["model", "plan", "cli"].map(str::to_owned).into();
        let paths = |source: &str, depth| -> Vec<String> {
            crate_paths(&without_tests(&code(source)), depth, &rooms)
                .into_iter()
                .map(|(_, p)| p.join("::"))
                .collect()
        };
        for (source, depth, expect) in [
            ("use crate::model::Action;", 1, vec!["model::Action"]),
            ("use crate::{model::{self, A as B}, plan};", 1, vec!["model::self", "model::A", "plan"]),
            ("let x = crate::plan::check(y);", 1, vec!["plan::check"]),
            ("pub(crate) fn f() {} // crate::cli", 1, vec![]),
            ("use super::super::cli::Exit; use super::own;", 1, vec!["cli::Exit"]),
            ("use super::super::cli::Exit;", 2, vec![]),
            ("#[cfg(test)]\nmod tests { use crate::cli::X; } use crate::plan::Y;", 1, vec!["plan::Y"]),
        ] {
            assert_eq!(paths(source, depth), expect, "{source}");
        }
    }
}
