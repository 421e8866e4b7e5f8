//! The sections of a term's body: where `## Definition` and `## Invariants` lie, and their bullets.

use std::ops::Range;

use crate::language::markdown::Markdown;

/// One section of second level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// What its heading says.
    pub title: String,
    /// The bytes of its heading's line.
    pub heading: Range<usize>,
    /// The bytes below the heading up to the next one, with blank lines at both ends.
    pub content: Range<usize>,
}

/// The sections of a text, in the order in which they stand. Headings in code and comments are none.
pub fn sections(text: &str) -> Vec<Section> {
    sections_of(&Markdown::of(text, 0))
}

/// The sections of a text that was looked through.
pub fn sections_of(seen: &Markdown<'_>) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for heading in seen.headings().iter().filter(|heading| heading.level == 2) {
        if let Some(before) = sections.last_mut() {
            before.content.end = heading.span.start;
        }
        let title = seen.text()[heading.title.clone()].to_owned();
        let content = heading.end..seen.text().len();
        sections.push(Section { title, heading: heading.span.clone(), content });
    }
    sections
}

/// The bytes of a range without blank space at its ends.
pub fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let part = &text[range.clone()];
    let start = range.start + (part.len() - part.trim_start().len());
    start..start + part.trim().len()
}

/// A text with `\n` at the ends of its lines.
pub fn unix(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// A text with the ends of lines that another one has: `\r\n` where that has any.
pub fn ended_like(text: String, other: Option<&str>) -> String {
    if other.is_some_and(|other| other.contains("\r\n")) { unix(&text).replace('\n', "\r\n") } else { text }
}

/// One bullet of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bullet {
    /// Its text, without marker and indentation; may have several lines.
    pub text: String,
    /// Its bytes, from the marker on.
    pub span: Range<usize>,
}

/// The bullets of a range, and the bytes of what stands there without being one.
pub fn bullets_in(text: &str, range: Range<usize>) -> (Vec<Bullet>, Option<Range<usize>>) {
    let mut found: Vec<Bullet> = Vec::new();
    let mut stray = None;
    let mut at = range.start;
    for raw in text[range].split_inclusive('\n') {
        let line = raw.trim_end_matches(['\n', '\r']);
        let span = at..at + line.len();
        at += raw.len();
        let marked = ["- ", "* ", "+ "].iter().find_map(|marker| line.strip_prefix(marker));
        if let Some(first) = marked {
            found.push(Bullet { text: first.trim().to_owned(), span });
        } else if let Some(bullet) = found.last_mut() {
            bullet.text.push('\n');
            bullet.text.push_str(dedented(line));
            if !line.trim().is_empty() {
                bullet.span.end = span.end;
            }
        } else if stray.is_none() && !line.trim().is_empty() {
            stray = Some(span);
        }
    }
    for bullet in &mut found {
        bullet.text.truncate(bullet.text.trim_end().len());
    }
    (found, stray)
}

/// A line without the indentation of a bullet, which has two columns.
fn dedented(line: &str) -> &str {
    line.strip_prefix("  ").or_else(|| line.strip_prefix(' ')).unwrap_or(line).trim_end()
}

/// Texts as bullets, with the further lines of each indented.
pub fn bullets(texts: &[String]) -> String {
    let bullet = |text: &String| {
        let lines: Vec<String> = text
            .lines()
            .enumerate()
            .map(|(at, line)| match (at, line.is_empty()) {
                (0, _) => format!("- {line}\n"),
                (_, true) => "\n".to_owned(),
                (_, false) => format!("  {line}\n"),
            })
            .collect();
        lines.concat()
    };
    texts.iter().map(bullet).collect()
}

#[cfg(test)]
mod tests {
    use super::{bullets, bullets_in, sections, trimmed};

    #[test]
    fn headings_in_code_and_comments_are_no_sections() {
        let text = "## Definition\n\nA\n\n```md\n## Not\n```\n<!--\n## Nor\n-->\n## Invariants ##\r\n- x\r\n##Nope\n## C#\n";
        let found: Vec<(String, String)> = sections(text)
            .into_iter()
            .map(|section| (section.title, text[trimmed(text, section.content)].to_owned()))
            .collect();
        assert_eq!(found[0].0, "Definition");
        assert!(found[0].1.ends_with("-->"));
        assert_eq!(found[1], ("Invariants".to_owned(), "- x\r\n##Nope".to_owned()));
        assert_eq!(found[2].0, "C#");
        assert_eq!(found.len(), 3);
    }

    #[test]
    fn bullets_of_several_lines() {
        let text = "stray\n- one\n  more\n\n  a paragraph\n- two\nlazy\n* three\n";
        let (found, stray) = bullets_in(text, 0..text.len());
        let texts: Vec<String> = found.iter().map(|bullet| bullet.text.clone()).collect();
        assert_eq!(texts, ["one\nmore\n\na paragraph", "two\nlazy", "three"]);
        assert_eq!(&text[found[0].span.clone()], "- one\n  more\n\n  a paragraph");
        assert_eq!(stray, Some(0..5));
        let again = bullets(&texts);
        assert_eq!(again, "- one\n  more\n\n  a paragraph\n- two\n  lazy\n- three\n");
        let (reread, _) = bullets_in(&again, 0..again.len());
        assert_eq!(reread.into_iter().map(|bullet| bullet.text).collect::<Vec<_>>(), texts);
    }
}
