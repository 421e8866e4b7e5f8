//! The plan as Markdown for a pull request's comments: split where GitHub's limit asks for it, never shortened.
//!
//! Everything that comes from outside stands in code fences that are longer than any run of backticks in it, so
//! that no name or text can become markup, a mention or a heading.

use serde_json::Value;

use crate::model::RepoName;
use crate::plan::document::{Document, Planned};

use super::text::{RULES, held_back, incomplete, last_line, sections, takes, title, why};
use super::values::{FieldChange, fields, printable};

/// GitHub's limit for a comment's body, in characters, less room for a marker and a heading.
pub const COMMENT_LIMIT: usize = 65_536 - 1_024;

/// The smallest limit that pages are made for: room for a heading, two fences and a line.
const LEAST: usize = 512;

/// The document as one or more Markdown texts of at most `limit` characters each (or 512, if that is more).
///
/// The first one starts with the counts. Nothing is left out: what exceeds the limit by itself is cut between
/// lines and goes on in the next text.
pub fn markdown(document: &Document, limit: usize) -> Vec<String> {
    let mut blocks = Vec::new();
    let gaps: Vec<String> = document.reading.incomplete.iter().map(incomplete).collect();
    if !gaps.is_empty() {
        blocks.push(Block { heading: String::new(), language: "text", lines: gaps });
    }
    for planned in &document.actions {
        blocks.push(Block {
            heading: heading(planned.action.effect.repo()),
            language: "diff",
            lines: entry(planned),
        });
    }
    for rule in &document.rules {
        let mut lines = vec![format!("{} {}", rule.sign(), printable(&rule.name))];
        lines.extend(differences(&rule.before, &rule.after));
        lines.push(format!("  {}", printable(&rule.source.to_string())));
        blocks.push(Block { heading: format!("### {RULES}\n\n"), language: "diff", lines });
    }
    let all = |lines: Vec<(String, &str)>| lines.into_iter().map(|(line, _)| line).collect();
    for (name, lines) in sections(document, all) {
        blocks.push(Block { heading: format!("### {name}\n\n"), language: "text", lines });
    }
    let summary = document.summary();
    let takes = takes(document, summary).map(|line| format!("\n{line}\n")).unwrap_or_default();
    pages(format!("**{}**\n{takes}", last_line(summary)), &blocks, limit)
}

/// A text in a code fence, as one or more Markdown texts of at most `limit` characters each.
pub fn fenced(lead: &str, text: &str, limit: usize) -> Vec<String> {
    let lines = text.lines().map(printable).collect();
    pages(format!("{lead}\n"), &[Block { heading: String::new(), language: "text", lines }], limit)
}

fn heading(repo: &RepoName) -> String {
    format!("### {repo}\n\n")
}

/// The lines of one action.
fn entry(planned: &Planned) -> Vec<String> {
    let action = &planned.action;
    let mut out = vec![format!("{} {}", planned.sign(), title(action))];
    out.extend(differences(&action.before, &action.after));
    out.push(format!("  {}", why(action)));
    if let Some(blocked) = &planned.blocked {
        out.extend(
            held_back(blocked).into_iter().filter(|line| !line.is_empty()).map(|line| format!("  {line}")),
        );
    }
    out
}

/// The fields that differ.
fn differences(before: &Value, after: &Value) -> Vec<String> {
    let lines = fields(before, after).into_iter().map(|change| match change {
        FieldChange::Line(line) => vec![format!("  {line}")],
        FieldChange::Block { name, lines } => [format!("  {name}:")].into_iter().chain(lines).collect(),
    });
    lines.flatten().collect()
}

/// Lines in one fence, under a heading that stands once for neighbours that have the same.
struct Block {
    heading: String,
    language: &'static str,
    lines: Vec<String>,
}

fn pages(lead: String, blocks: &[Block], limit: usize) -> Vec<String> {
    let lines = blocks.iter().flat_map(|block| &block.lines);
    let fence = "`".repeat(lines.map(|line| longest_run(line)).max().unwrap_or_default().max(2) + 1);
    let length = count(&lead);
    let limit = limit.max(LEAST).max(fence.len() * 3);
    let mut pages = Pages { limit, fence, done: Vec::new(), open: lead, length, heading: "" };
    for block in blocks {
        pages.block(block);
    }
    pages.done.push(pages.open);
    pages.done
}

/// Markdown that is filled page by page.
struct Pages<'a> {
    limit: usize,
    fence: String,
    done: Vec<String>,
    open: String,
    /// Characters in `open`.
    length: usize,
    /// The heading that stands last on the open page.
    heading: &'a str,
}

impl<'a> Pages<'a> {
    /// Adds a block: on this page if it fits, else on a page of its own if it fits there, else cut.
    fn block(&mut self, block: &'a Block) {
        let lines: usize = block.lines.iter().map(|line| count(line) + 1).sum();
        let alone = self.frame(block, true) + lines;
        let here = self.length + self.frame(block, self.heading != block.heading);
        // A block that no page can hold begins here, if there is room for its frame and a character.
        let fits = if alone <= self.limit { here + lines <= self.limit } else { here + 2 <= self.limit };
        if !fits {
            self.turn();
        }
        self.start(block);
        for line in &block.lines {
            self.line(block, line);
        }
        self.push(&format!("{}\n", self.fence));
    }

    /// What stands around the lines of a block.
    fn frame(&self, block: &Block, with_heading: bool) -> usize {
        let heading = if with_heading { 1 + count(&block.heading) } else { 0 };
        heading + 2 * (self.fence.len() + 1) + block.language.len()
    }

    fn start(&mut self, block: &'a Block) {
        if self.heading != block.heading || self.length == 0 {
            self.heading = &block.heading;
            self.push(&format!("\n{}", block.heading));
        }
        self.push(&format!("{}{}\n", self.fence, block.language));
    }

    fn line(&mut self, block: &'a Block, line: &str) {
        let mut rest = line;
        loop {
            // Room for the line's end and the closing fence.
            let room = self.limit.saturating_sub(self.length + self.fence.len() + 2);
            let Some((cut, _)) = rest.char_indices().nth(room) else { break };
            let fresh = self.frame(block, true);
            // A line that a page of its own can hold is not cut.
            if room > 0 && count(rest) + 1 + fresh > self.limit {
                self.push(&rest[..cut]);
                self.push("\n");
                rest = &rest[cut..];
            }
            self.push(&format!("{}\n", self.fence));
            self.turn();
            self.start(block);
        }
        self.push(rest);
        self.push("\n");
    }

    fn push(&mut self, text: &str) {
        self.open.push_str(text);
        self.length += count(text);
    }

    fn turn(&mut self) {
        self.done.push(std::mem::take(&mut self.open));
        self.length = 0;
        self.heading = "";
    }
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

fn count(text: &str) -> usize {
    text.chars().count()
}
