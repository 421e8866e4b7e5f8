//! A glossary as a copy of its rendered page: how it is read, and what the copy of a glossary would be.

use super::glossary::{Head, is_count};
use super::import::{Entry, Error, no_facts};

const PILCROW: char = '¶';
const FORM: &str = "Kind: … · Context: … · Confidence: …";

/// Whether a text is a copy: it says what terms are, and nowhere in Markdown.
pub(super) fn is_copied(text: &str) -> bool {
    text.lines().any(is_facts) && !text.lines().any(|line| line.starts_with("**Kind:**"))
}

fn is_facts(line: &str) -> bool {
    line.starts_with("Kind: ") && line.contains(" · Context: ")
}

/// The head and the entries of a copy. What stands above the title is cut, and below the last list of invariants.
pub(super) fn entries(text: &str, errors: &mut Vec<Error>) -> (Head, Vec<Entry>) {
    let lines: Vec<(usize, &str)> = text
        .lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty())
        .collect();
    let mut starts: Vec<usize> = Vec::new();
    for at in (0..lines.len()).filter(|at| is_facts(lines[*at].1)) {
        match at.checked_sub(1).filter(|above| !is_facts(lines[*above].1)) {
            Some(heading) => starts.push(heading),
            None => errors.push(Error {
                line: lines[at].0,
                message: "above the kind of a term stands no name".into(),
                help: "write the name on a line of its own".into(),
            }),
        }
    }
    for window in lines.windows(2) {
        let heads = window[0].1.ends_with(PILCROW) && !is_facts(window[1].1);
        let after_head = starts.first().is_some_and(|first| lines[*first].0 < window[0].0);
        if heads && after_head {
            errors.push(no_facts(window[0].0, window[0].1.trim_end_matches(PILCROW), FORM));
        }
    }
    let head = head(&lines[..starts.first().copied().unwrap_or(0)]);
    starts.push(lines.len());
    let entries =
        starts.windows(2).map(|range| entry(&lines[range[0]..range[1]], range[1] == lines.len())).collect();
    (head, entries)
}

fn head(lines: &[(usize, &str)]) -> Head {
    let counts = lines.iter().position(|(_, line)| is_count(line));
    let title = match counts {
        Some(at) => at.checked_sub(1),
        None => lines.iter().position(|(_, line)| line.ends_with(PILCROW)),
    };
    let Some(title) = title else { return Head::default() };
    let below = counts.unwrap_or(title) + 1;
    let introduction: Vec<&str> = lines[below..].iter().map(|(_, line)| *line).collect();
    Head::new(lines[title].1.trim_end_matches(PILCROW), &introduction.join("\n\n"))
}

/// One entry of the lines from its heading to the next one.
fn entry(lines: &[(usize, &str)], last: bool) -> Entry {
    let mut entry = Entry {
        line: lines[0].0,
        name: lines[0].1.trim_end_matches(PILCROW).trim().to_owned(),
        facts: lines[1].1.to_owned(),
        ..Entry::default()
    };
    let mut rest = &lines[2..];
    if let Some(aliases) = rest.first().and_then(|(_, line)| line.strip_prefix("Aliases: ")) {
        entry.aliases = aliases.split(", ").map(str::to_owned).collect();
        rest = &rest[1..];
    }
    let under = |line: &str| line == "Invariants:" || line.starts_with("Invariants: - ");
    let end = rest.iter().rposition(|(_, line)| under(line)).unwrap_or(rest.len());
    entry.definition = rest[..end].iter().map(|(_, line)| *line).collect::<Vec<_>>().join("\n");
    let Some((_, mark)) = rest.get(end) else { return entry };
    if let Some(inline) = mark.strip_prefix("Invariants: - ") {
        entry.invariants = inline.split(" - ").map(str::to_owned).collect();
    }
    for (_, line) in &rest[end + 1..] {
        match (line.strip_prefix("- "), entry.invariants.last_mut()) {
            (Some(bullet), _) => entry.invariants.push(bullet.to_owned()),
            (None, Some(_)) if last => break,
            (None, Some(bullet)) => bullet.push_str(&format!("\n{line}")),
            (None, None) => {}
        }
    }
    entry
}

/// What a copy of a glossary's rendered page says: each line without the marks that the glossary itself puts there.
pub fn copied(glossary: &str) -> String {
    let mut copy = String::new();
    for line in glossary.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("<!--")) {
        let heading = line.strip_prefix("# ").or_else(|| line.strip_prefix("## "));
        if let Some(name) = heading {
            copy.push_str(&format!("{name}{PILCROW}\n"));
        } else if line.starts_with("**Kind:**") || line.starts_with("**Aliases:**") {
            copy.push_str(&format!("{}\n", line.replace("**", "").replace('`', "")));
        } else if line == "**Invariants:**" {
            copy.push_str("Invariants:\n");
        } else if is_count(line) {
            copy.push_str(&format!("{}\n", line.trim_matches('_')));
        } else {
            copy.push_str(&format!("{line}\n"));
        }
    }
    copy
}
