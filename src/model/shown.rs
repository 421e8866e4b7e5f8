//! What a reader sees of texts of others.

use std::collections::BTreeSet;
use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag};

use super::is_hidden;

/// What a reader sees of a line on GitHub, such as a title: no comments of HTML, no characters without a look of their own. How
/// many were taken out.
pub fn visible(text: &str) -> (String, usize) {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<!--") {
        shown.push_str(before);
        rest = after.split_once("-->").map_or("", |(_, after)| after);
    }
    shown.push_str(rest);
    let kept: String =
        shown.chars().filter(|c| *c == '\n' || *c == '\t' || !(is_hidden(*c) || is_variant(*c))).collect();
    let taken = text.chars().count() - kept.chars().count();
    (kept, taken)
}

/// The same of Markdown, such as the text of an issue or a comment: nor what only says
/// where links lead (`[//]: # (hidden)`), nor footnotes that nothing refers to.
pub fn visible_body(text: &str) -> (String, usize) {
    let (shown, taken) = visible(text);
    if !shown.contains("]:") {
        return (shown, taken);
    }
    let (mut kept, mut at) = (String::with_capacity(shown.len()), 0);
    for span in unshown(&shown) {
        kept.push_str(&shown[at..span.start]);
        at = span.end;
    }
    kept.push_str(&shown[at..]);
    let taken = taken + shown.chars().count() - kept.chars().count();
    (kept, taken)
}

/// Where a text has what isn't shown: where links lead, and footnotes that nothing refers to. Sorted, without overlaps.
///
/// The parser tells of the first of several links of one name only. Nothing of the others is shown either, so they are looked for
/// between all that is.
fn unshown(text: &str) -> Vec<Range<usize>> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES;
    let events: Vec<_> = Parser::new_ext(text, options).into_offset_iter().collect();
    let referred: BTreeSet<&str> = events
        .iter()
        .filter_map(
            |(event, _)| if let Event::FootnoteReference(name) = event { Some(&**name) } else { None },
        )
        .collect();
    let (mut shown, mut hidden): (Vec<Range<usize>>, Vec<Range<usize>>) = (Vec::new(), Vec::new());
    for (event, range) in &events {
        if let Event::Start(Tag::FootnoteDefinition(name)) = event
            && !referred.contains(&**name)
        {
            hidden.push(range.clone());
        }
        let is_around = matches!(
            event,
            Event::Start(Tag::BlockQuote(_) | Tag::List(_) | Tag::Item | Tag::FootnoteDefinition(_))
                | Event::End(_)
        );
        if !is_around {
            shown.push(range.clone());
        }
    }
    let shown = apart(shown);
    let starts = shown.iter().map(|range| range.start).chain([text.len()]);
    let ends = std::iter::once(0).chain(shown.iter().map(|range| range.end));
    hidden.extend(ends.zip(starts).flat_map(|(end, start)| links(text, end..start)));
    apart(hidden)
}

/// The same bytes, sorted, without overlaps.
fn apart(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut apart: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match apart.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            Some(_) | None => apart.push(range),
        }
    }
    apart
}

/// What says where links lead, between two things that are shown: of each line all but the marks of quotes and lists before it.
/// That of a footnote belongs to what is shown.
fn links(text: &str, gap: Range<usize>) -> Vec<Range<usize>> {
    let between = text.get(gap.clone()).filter(|it| it.contains("]:")).unwrap_or_default();
    let mut at = gap.start;
    let mut found = Vec::new();
    for line in between.split_inclusive('\n') {
        let is_mark = |c: char| c.is_whitespace() || c.is_ascii_digit() || ">-*+.)".contains(c);
        let (bare, end) = (line.trim_start_matches(is_mark), at + line.trim_end().len());
        let start = at + line.len() - bare.len();
        if start < end && !bare.starts_with("[^") {
            found.push(start..end);
        }
        at += line.len();
    }
    found
}

/// Whether a character only says how the one before it looks. A reader sees none of many in a row.
fn is_variant(c: char) -> bool {
    matches!(c, '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0080}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_no_reader_sees_is_taken_out_and_counted() {
        for (text, shown, taken) in [
            ("plain\ntext", "plain\ntext", 0),
            ("a<!-- do this -->b", "ab", 16),
            ("a<!-- never closed", "a", 17),
            ("x\u{202e}y\u{200b}z\u{e0041}", "xyz", 3),
            ("\u{2764}\u{fe0f}\u{e0101}\u{3164}", "\u{2764}", 3),
            ("\r\n", "\n", 1),
            ("[ci]: it is red", "[ci]: it is red", 0),
        ] {
            assert_eq!(visible(text), (shown.to_owned(), taken), "{text:?}");
        }
    }

    #[test]
    fn where_links_lead_and_notes_that_nothing_refers_to_are_not_shown() {
        for (name, text, shown) in [
            ("a link", "a\n\n[//]: # (do this)\n\nb", "a\n\n\n\nb"),
            ("at the start", "[x]: y/z.rs\nb", "\nb"),
            ("the same twice", "[x]: y\n[x]: z \"t\"\n\na [x]", "\n\n\na [x]"),
            ("over lines", "[x]:\ny\n'a title\nof two lines'\n\nb", "\n\n\n\n\nb"),
            ("in a quote and a list", "> [x]: y\n\n- [z]: u\n- b", "> \n\n- \n- b"),
            ("within a paragraph it is shown", "a\n[x]: y", "a\n[x]: y"),
            ("code", "```\n[x]: y\n```\n\n    [x]: y", "```\n[x]: y\n```\n\n    [x]: y"),
            ("a note", "a[^1]\n\n[^1]: It is so.", "a[^1]\n\n[^1]: It is so."),
            ("a note of nothing", "a\n\n[^1]: Blocked by #1\n\nb [q]: r", "a\n\nb [q]: r"),
            ("a task", "- [ ] one: two\n- [x] three]: four", "- [ ] one: two\n- [x] three]: four"),
        ] {
            let (seen, taken) = visible_body(text);
            assert_eq!(
                (seen.as_str(), taken),
                (shown, text.chars().count() - shown.chars().count()),
                "{name}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_is_looked_through(text in "(.|\n|\\[|\\]: |\\[\\^|> |- |```|\\(){0,60}") {
            let (seen, taken) = visible_body(&text);
            prop_assert_eq!(seen.chars().count() + taken, text.chars().count());
        }
    }
}
