//! Credentials that are written out in config, whichever section or field they stand in.

use std::ops::Range;

use super::diagnostic::{Draft, Sink, code};
use super::text::{Files, Node, Scalar, Span, as_u32};
use crate::model::credential;

/// What to do about one.
pub(super) const HELP: &str = "put it into the environment or a file and refer to it: `secret=\"env:NAME\"` or `secret=\"file:PATH\"` in a `var` of an agent, `env:NAME` where a field takes a reference; if this was ever committed or pushed, revoke it";

/// Words at the end of the name of a variable that say that its value is a credential.
const ENDINGS: [&str; 4] = ["TOKEN", "SECRET", "PASSWORD", "_KEY"];
/// The shortest value that may be one.
const SHORTEST: usize = 8;

/// Reports each credential in the values of these nodes and of all within them, unless its value was refused as a secret
/// already.
pub(super) fn check(nodes: &[Node<'_>], files: &Files, sink: &mut Sink) {
    for node in nodes {
        for value in node.args.iter().chain(node.props.iter().map(|prop| &prop.value)) {
            value_of(value, files, sink);
        }
        check(&node.children, files, sink);
    }
}

fn value_of(value: &Scalar<'_>, files: &Files, sink: &mut Sink) {
    let Some(text) = value.raw.text() else { return };
    let found = written(text);
    if found.is_empty() || sink.says(code::LITERAL_SECRET, value.span) {
        return;
    }
    // What is escaped in the file is found in its value only, and then the value as a whole is the place.
    let as_written = written(files.text(value.span));
    let places = if as_written.len() == found.len() {
        as_written.into_iter().map(|at| within(value.span, &at)).collect()
    } else {
        vec![value.span]
    };
    for place in places {
        let draft = Draft::error(code::LITERAL_SECRET, "a credential is written out");
        sink.push(draft.at(place, "has the form of one").help(HELP));
    }
}

/// Where credentials stand in a text. A password that a shell puts in, as in `https://me:$TOKEN@host`, is none, nor is that of
/// a service of the machine itself, as of a database for tests.
fn written(text: &str) -> Vec<Range<usize>> {
    let all = credential::find(text.as_bytes()).into_iter();
    all.filter(|found| {
        text.as_bytes()[found.start] != b'$' && !is_for_loopback(&text.as_bytes()[found.end..])
    })
    .collect()
}

/// Whether what follows a password says that it is for this machine.
fn is_for_loopback(after: &[u8]) -> bool {
    let Some(host) = after.strip_prefix(b"@") else { return false };
    let ends =
        |rest: &[u8]| rest.first().is_none_or(|next| !(next.is_ascii_alphanumeric() || b".-".contains(next)));
    LOOPBACK.iter().any(|name| host.strip_prefix(name.as_bytes()).is_some_and(ends))
}

/// How URLs name the machine itself.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

fn within(span: Span, at: &Range<usize>) -> Span {
    Span { start: span.start + as_u32(at.start), end: span.start + as_u32(at.end), ..span }
}

/// Whether a variable's name says that its value is a credential, and the value may be one: it is neither a number nor a
/// path, and not too short. What has the form of one is an error already.
pub(super) fn is_named(name: &str, value: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let is_path = value.starts_with(['/', '~', '.']);
    let may_be =
        value.len() >= SHORTEST && value.parse::<f64>().is_err() && !is_path && written(value).is_empty();
    may_be && ENDINGS.iter().any(|ending| name.ends_with(ending)) && !name.ends_with("PUBLIC_KEY")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_for_the_machine_itself_is_none() {
        for (text, is_one) in [
            ("postgres://me:swordfish@localhost/test", false),
            ("postgres://me:swordfish@localhost:5432/test", false),
            ("redis://me:swordfish@127.0.0.1", false),
            ("redis://me:swordfish@[::1]:6379/0", false),
            ("https://me:$TOKEN@example.com/x", false),
            ("postgres://me:swordfish@localhost.example.com/test", true),
            ("postgres://me:swordfish@db.example.com/test", true),
            ("postgres://me:swordfish@127.0.0.10/test", true),
        ] {
            assert_eq!(!written(text).is_empty(), is_one, "{text}");
        }
    }

    #[test]
    fn a_name_says_what_a_value_is() {
        for (name, value, expect) in [
            ("ANTHROPIC_API_KEY", "correct-horse-battery", true),
            ("api_key", "correct-horse-battery", true),
            ("GH_TOKEN", "correct-horse-battery", true),
            ("TOKEN", "correct-horse-battery", true),
            ("PGPASSWORD", "correct-horse-battery", true),
            ("CLIENT_SECRET", "correct-horse-battery", true),
            ("ANTHROPIC_API_KEY", "", false),
            ("ANTHROPIC_API_KEY", "dummy", false),
            ("ANTHROPIC_API_KEY", "123456789", false),
            ("ANTHROPIC_API_KEY", "true", false),
            ("SSH_KEY", "/srv/agent/id_key", false),
            ("MAX_TOKENS", "correct-horse-battery", false),
            ("TOKEN_LIMIT", "correct-horse-battery", false),
            ("KEYBOARD", "correct-horse-battery", false),
            ("MONKEY", "correct-horse-battery", false),
            ("PASSWORD_FILE", "correct-horse-battery", false),
            ("SIGNING_PUBLIC_KEY", "correct-horse-battery", false),
            ("MODEL", "correct-horse-battery", false),
        ] {
            assert_eq!(is_named(name, value), expect, "{name}={value}");
        }
    }
}
