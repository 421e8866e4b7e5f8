//! What is drawn of a file: its lines, the long ones cut to what lies around the places in them. A minified file is one
//! line of thousands of columns.

use std::ops::Range;
use std::sync::Arc;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

/// The longest line that is drawn whole, in characters: what a person writes wraps on a terminal, and is read.
const WHOLE: usize = 480;
/// How much of a longer one is drawn; several places in it share that.
const SHOWN: usize = 160;
/// What each of them has at least: more than is ever underlined.
const LEAST: usize = 80;
/// What stands in the place of a part that is left out.
const GAP: &str = "…";

/// Whether a text has a line that would be cut.
pub(super) fn is_wide(text: &str) -> bool {
    text.split(['\n', '\r']).any(is_long)
}

fn is_long(line: &str) -> bool {
    line.len() > WHOLE && line.chars().count() > WHOLE
}

/// A file as it is drawn.
pub(super) struct Excerpt {
    name: Arc<str>,
    text: Arc<str>,
    /// In the order of the file.
    gaps: Vec<Gap>,
}

/// A part that was left out.
struct Gap {
    /// Its bytes in the file.
    bytes: Range<usize>,
    /// How many characters it has.
    chars: usize,
    /// Where [`GAP`] stands for it in what is drawn.
    at: usize,
}

impl Excerpt {
    /// The file as it is.
    pub(super) fn whole(name: &Arc<str>, text: &Arc<str>) -> Self {
        Self { name: Arc::clone(name), text: Arc::clone(text), gaps: Vec::new() }
    }

    /// The file with its long lines cut; around `places`, which lie within one line each, they stay.
    pub(super) fn cut(name: &Arc<str>, text: &str, places: &[Range<usize>]) -> Self {
        let mut gaps: Vec<Gap> = Vec::new();
        let mut start = 0;
        for line in text.split_inclusive(['\n', '\r']) {
            let end = start + line.len();
            let body = line.trim_end_matches(['\n', '\r']);
            if is_long(body) {
                let inside = |p: &&Range<usize>| (start..=start + body.len()).contains(&p.start);
                let here = places.iter().filter(inside).map(|p| p.start - start..p.end - start);
                let kept = windows(body, here.collect());
                let before = [0].into_iter().chain(kept.iter().map(|w| w.end));
                let after = kept.iter().map(|w| w.start).chain([body.len()]);
                gaps.extend(before.zip(after).filter(|(from, to)| from < to).map(|(from, to)| Gap {
                    bytes: start + from..start + to,
                    chars: body[from..to].chars().count(),
                    at: 0,
                }));
            }
            start = end;
        }
        let mut out = String::new();
        let mut from = 0;
        for gap in &mut gaps {
            out.push_str(&text[from..gap.bytes.start]);
            gap.at = out.len();
            out.push_str(GAP);
            from = gap.bytes.end;
        }
        out.push_str(&text[from..]);
        Self { name: Arc::clone(name), text: out.into(), gaps }
    }

    /// Where a byte of the file is in what is drawn.
    pub(super) fn moved(&self, at: usize) -> usize {
        let before = self.gaps.partition_point(|gap| gap.bytes.end <= at);
        match before.checked_sub(1).and_then(|n| self.gaps.get(n)) {
            Some(gap) => gap.at + GAP.len() + (at - gap.bytes.end),
            None => at,
        }
    }

    /// The column of what is drawn at `at`, as the file has it; zero-based, in characters.
    fn column(&self, at: usize) -> usize {
        let before = self.text.get(..at).unwrap_or(&self.text);
        let line = before.rfind(['\n', '\r']).map_or(0, |end| end + 1);
        let left_out = self.gaps.iter().filter(|gap| (line..at).contains(&gap.at));
        before[line..].chars().count() + left_out.map(|gap| gap.chars - 1).sum::<usize>()
    }
}

/// The parts of a long line that are drawn.
fn windows(line: &str, mut places: Vec<Range<usize>>) -> Vec<Range<usize>> {
    if places.is_empty() {
        places.push(0..0);
    }
    places.sort_by_key(|place| place.start);
    let room = (SHOWN / places.len()).max(LEAST);
    let mut out: Vec<Range<usize>> = Vec::new();
    for place in places {
        let window = window(line, &place, room);
        match out.last_mut() {
            Some(last) if window.start <= last.end => last.end = last.end.max(window.end),
            Some(_) | None => out.push(window),
        }
    }
    out
}

/// `room` characters around a place, in its middle where the line goes on to both sides.
fn window(line: &str, place: &Range<usize>, room: usize) -> Range<usize> {
    let (start, end) = (line.floor_char_boundary(place.start), line.floor_char_boundary(place.end));
    let (head, tail) = (&line[..start], &line[end..]);
    let free = room.saturating_sub(line[start..end].chars().count());
    let after =
        tail.chars().take(free).count().min((free / 2).max(free - head.chars().rev().take(free).count()));
    let from = match free - after {
        0 => start,
        n => head.char_indices().rev().nth(n - 1).map_or(0, |(at, _)| at),
    };
    let to = tail.char_indices().nth(after).map_or(line.len(), |(at, _)| end + at);
    from..to
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let read = self.text.read_span(span, lines_before, lines_after)?;
        let column = if lines_before == 0 { self.column(span.offset()) } else { read.column() };
        let (data, span, line, count) = (read.data(), *read.span(), read.line(), read.line_count());
        let name = self.name.to_string();
        Ok(Box::new(MietteSpanContents::new_named(name, data, span, line, column, count)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_window_lies_around_its_place() {
        let line: String = ('a'..='z').cycle().take(400).collect();
        for (place, room, expect) in [
            (200..210, 40, 185..225),
            (0..10, 40, 0..40),
            (5..10, 40, 0..40),
            (395..400, 40, 360..400),
            (400..400, 40, 360..400),
            (100..160, 20, 100..160),
        ] {
            assert_eq!(window(&line, &place, room), expect, "{place:?}");
        }
    }

    proptest! {
        /// Whatever the lines are, a place still covers what it covered, and its line and column are the file's.
        #[test]
        fn places_stay_what_they_were(
            lines in proptest::collection::vec("[aé\t\u{1f600}]{0,900}", 1..5),
            ends in proptest::sample::select(vec!["\n", "\r\n"]),
            picks in proptest::collection::vec((any::<prop::sample::Index>(), 0_usize..60), 1..4),
        ) {
            let text = lines.join(ends);
            let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            let places: Vec<Range<usize>> = picks
                .iter()
                .map(|(index, length)| {
                    let start = *index.get(&starts);
                    let rest = &text[start..];
                    let line = &rest[..rest.find(['\n', '\r']).unwrap_or(rest.len())];
                    start..start + line.char_indices().nth(*length).map_or(line.len(), |(at, _)| at)
                })
                .collect();
            let excerpt = Excerpt::cut(&"f".into(), &text, &places);
            for place in &places {
                let (start, end) = (excerpt.moved(place.start), excerpt.moved(place.end));
                prop_assert_eq!(&excerpt.text[start..end], &text[place.clone()]);
                let line = text[..place.start].rfind(['\n', '\r']).map_or(0, |end| end + 1);
                prop_assert_eq!(excerpt.column(start), text[line..place.start].chars().count());
            }
            let number = |text: &str| text.matches('\n').count();
            prop_assert_eq!(number(&excerpt.text), number(&text));
            let most = WHOLE.max(LEAST * places.len() + places.len() + 1);
            prop_assert!(excerpt.text.lines().all(|line| line.chars().count() <= most));
        }
    }
}
