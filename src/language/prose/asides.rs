//! What stands among the words of a paragraph and is none of them, though Markdown doesn't say so: formulas, by the rules that
//! GitHub has for them, and what placeholders have between their braces.

use std::ops::Range;

use crate::language::markdown::{Markdown, is_escaped, merged};

/// All of a page that isn't prose: what Markdown hides, formulas and placeholders, without the signs around these. Sorted,
/// without overlaps.
pub(super) fn unspoken(seen: &Markdown<'_>) -> Vec<Range<usize>> {
    let (text, hidden) = (seen.text(), seen.hidden());
    let is_seen = |at: usize| {
        let next = hidden.partition_point(|range| range.end <= at);
        hidden.get(next).is_none_or(|range| at < range.start)
    };
    let mut all = hidden.to_vec();
    for run in seen.prose() {
        let signs = text[run.clone()].match_indices(['$', '{', '}']);
        let (dollars, braces): (Vec<_>, Vec<_>) = signs
            .map(|(at, sign)| (run.start + at, sign))
            .filter(|(at, _)| is_seen(*at))
            .partition(|(_, sign)| *sign == "$");
        let dollars: Vec<usize> =
            dollars.into_iter().map(|(at, _)| at).filter(|at| !is_escaped(text, *at)).collect();
        all.extend(formulas(text, &dollars));
        all.extend(placeholders(&braces));
    }
    all.extend(displayed(seen).into_iter().filter(|range| is_seen(range.start - 1)));
    all.retain(|range| !range.is_empty());
    merged(all)
}

/// The formulas of a paragraph: `$$…$$`, and `$…$` that has no white space at its ends and no digit after it. A price begins
/// none.
fn formulas(text: &str, mut dollars: &[usize]) -> Vec<Range<usize>> {
    let mut all = Vec::new();
    while let [at, after @ ..] = dollars {
        let start = at + 1;
        if let [second, inner @ ..] = after
            && *second == start
        {
            let end = inner.windows(2).position(|two| two[0] + 1 == two[1]);
            dollars = end.map_or(inner, |end| &inner[end + 2..]);
            all.extend(end.map(|end| start + 1..inner[end]));
            continue;
        }
        dollars = after;
        let Some((end, rest)) = after.split_first() else { break };
        let within = &text[start..*end];
        let bare = within.starts_with(char::is_whitespace) || within.ends_with(char::is_whitespace);
        if !bare && !text[end + 1..].starts_with(|c: char| c.is_ascii_digit()) {
            all.push(start..*end);
            dollars = rest;
        }
    }
    all
}

/// The formulas that begin a line with `$$`, up to the next `$$` before a blank line, whatever Markdown takes their lines for: one
/// may begin with the sign of a list.
fn displayed(seen: &Markdown<'_>) -> Vec<Range<usize>> {
    let text = seen.text();
    let (mut all, mut open): (Vec<Range<usize>>, Option<usize>) = (Vec::new(), None);
    for line in seen.lines() {
        let written = &text[line.span.clone()];
        let mut at = line.span.start;
        if line.code || written.trim().is_empty() {
            open = None;
            continue;
        }
        if open.is_none() {
            let bare = written.trim_start_matches([' ', '\t', '>']);
            if !bare.starts_with("$$") {
                continue;
            }
            at = line.span.end - bare.len() + "$$".len();
            open = Some(at);
        }
        if let Some(length) = text[at..line.span.end].find("$$") {
            all.extend(open.take().map(|start| start..at + length));
        }
    }
    all
}

/// What stands between braces: `{{ name }}`, `${{ name }}`, `{% name %}`.
fn placeholders(braces: &[(usize, &str)]) -> Vec<Range<usize>> {
    let (mut all, mut open) = (Vec::new(), Vec::new());
    for (at, sign) in braces {
        if *sign == "{" {
            open.push(at + 1);
        } else if let Some(start) = open.pop() {
            all.push(start..*at);
        }
    }
    all
}
