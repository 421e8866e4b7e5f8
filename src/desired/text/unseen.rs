//! Characters that nobody sees and that make a text read otherwise than it is: control characters, and those that
//! turn the direction of writing. They have no place in a file that people review, comments included.

use crate::desired::diagnostic::{Draft, Sink, code};

use super::Span;
use super::files::as_u32;
use super::lex::is_newline;

/// How many are reported of one file.
const SHOWN: usize = 10;

/// Whether a character is one. Line breaks and tabs are none; nor is the joiner that holds emoji together.
pub(in crate::desired) fn is_unseen(c: char) -> bool {
    (c.is_control() && c != '\t' && !is_newline(c))
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Reports them; whether there are none.
pub(super) fn check(text: &str, number: u16, sink: &mut Sink) -> bool {
    let mut clean = true;
    for (at, c) in text.char_indices().filter(|(_, c)| is_unseen(*c)).take(SHOWN) {
        clean = false;
        let span = Span { file: number, start: as_u32(at), end: as_u32(at + c.len_utf8()) };
        sink.push(
            Draft::error(
                code::UNSEEN,
                format!("the character U+{:04X} stands here, which nobody sees", u32::from(c)),
            )
            .at(span, "here")
            .help(format!(
                "remove it; where a text needs it, write `\\u{{{:x}}}` in KDL, `\\u{:04x}` in TOML",
                u32::from(c),
                u32::from(c)
            )),
        );
    }
    clean
}

/// The text with something to see in the place of each, of the same number of bytes, so that places stay.
pub(in crate::desired) fn shown(text: &str) -> String {
    let stand_in = |c: char| match (is_unseen(c), c.len_utf8()) {
        (false, _) => c,
        (true, 1) => '?',
        (true, 2) => '¤',
        (true, _) => '\u{fffd}',
    };
    text.chars().map(stand_in).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stand_in_has_as_many_bytes() {
        let text = "a\u{1b}[31m\u{85}\u{9b}\u{202e}b\u{feff}\t\n👩\u{200d}💻";
        let shown = shown(text);
        assert_eq!(shown.len(), text.len());
        assert!(!shown.chars().any(is_unseen), "{shown}");
        assert!(shown.contains("👩\u{200d}💻"));
    }
}
