//! The plan as Markdown for a pull request's comments: split where GitHub's limit asks for it, never shortened.

use std::fmt::Write as _;

use crate::model::RepoName;
use crate::plan::document::{Document, Planned};

use super::text::{last_line, title};
use super::values::{FieldChange, fields, printable};

/// GitHub's limit for a comment's body, in characters, less room for a marker and a heading.
pub const COMMENT_LIMIT: usize = 65_536 - 1_024;

/// The document as one or more Markdown texts of at most `limit` characters each.
///
/// The first one starts with the counts. Nothing is left out: a single action that exceeds the limit by itself is
/// cut between lines and goes on in the next text.
pub fn markdown(document: &Document, limit: usize) -> Vec<String> {
    let mut pages = Pages { limit, done: Vec::new(), open: String::new(), heading: None };
    pages.push(&format!("**{}**\n", last_line(document.summary())));
    for (facet, repo, why) in &document.reading.incomplete {
        let of = repo.as_ref().map(|r| format!(" of {r}")).unwrap_or_default();
        pages.push(&format!("\n> incomplete: {facet}{of}: {}\n", printable(why)));
    }
    let mut current: Option<&RepoName> = None;
    for planned in &document.actions {
        let repo = planned.action.effect.repo();
        if current != Some(repo) {
            pages.heading = Some(format!("\n### {repo}\n\n"));
            pages.push_heading();
            current = Some(repo);
        }
        pages.push(&entry(planned));
    }
    pages.heading = None;
    for waiting in &document.waiting {
        pages.push(&format!("\n- waiting: `{}`: {}", waiting.address, printable(&waiting.on)));
    }
    for disabled in &document.disabled {
        pages.push(&format!(
            "\n- switched off: `loop/{}`: {}",
            disabled.name,
            printable(&disabled.switch.reason)
        ));
    }
    for note in &document.diagnostics {
        pages.push(&format!("\n- note: {}", printable(note)));
    }
    pages.finish()
}

fn entry(planned: &Planned) -> String {
    let action = &planned.action;
    let mut out = String::new();
    let because: Vec<String> = action.because.iter().map(|s| format!("`{s}`")).collect();
    let _ = writeln!(out, "```diff\n{} {}", planned.sign(), title(action));
    for change in fields(&action.before, &action.after) {
        match change {
            FieldChange::Line(line) => {
                let _ = writeln!(out, "  {}", fence_safe(&line));
            }
            FieldChange::Block { name, lines } => {
                let _ = writeln!(out, "  {name}:");
                for line in lines {
                    let _ = writeln!(out, "{}", fence_safe(&line));
                }
            }
        }
    }
    let _ = writeln!(out, "```");
    let _ = writeln!(
        out,
        "{} · {} · loop `{}`\n",
        printable(&action.reason),
        because.join(", "),
        action.wanted_by
    );
    if let Some(blocked) = &planned.blocked {
        let _ = writeln!(out, "**blocked by `{}`**: {}\n", blocked.guard, printable(&blocked.says));
        if let Some(overridable) = &blocked.overridable {
            let _ = writeln!(out, "to allow it: `--allow '{overridable}'`\n");
        }
    }
    out
}

/// A line that can't close the fence it stands in.
fn fence_safe(line: &str) -> String {
    line.replace("```", "`\u{200a}`\u{200a}`")
}

/// Markdown that is filled page by page.
struct Pages {
    limit: usize,
    done: Vec<String>,
    open: String,
    heading: Option<String>,
}

impl Pages {
    fn push(&mut self, chunk: &str) {
        if count(&self.open) + count(chunk) <= self.limit {
            self.open.push_str(chunk);
            return;
        }
        self.turn();
        if count(&self.open) + count(chunk) <= self.limit {
            self.open.push_str(chunk);
            return;
        }
        let mut fenced = false;
        for line in chunk.split_inclusive('\n') {
            self.push_line(line, &mut fenced);
        }
    }

    /// Adds one line of a chunk that fits on no page, keeping code fences whole on each page.
    fn push_line(&mut self, line: &str, fenced: &mut bool) {
        const FENCE_ROOM: usize = 16;
        let mut rest = line;
        while count(&self.open) + count(rest) + FENCE_ROOM > self.limit {
            let room = self.limit.saturating_sub(count(&self.open) + FENCE_ROOM);
            let at = rest.char_indices().nth(room).map_or(rest.len(), |(i, _)| i);
            if room > 0 {
                self.open.push_str(&rest[..at]);
                rest = &rest[at..];
            }
            if *fenced {
                self.open.push_str("\n```\n");
            }
            self.turn();
            if *fenced {
                self.open.push_str("```diff\n");
            }
        }
        if rest.trim_end() == "```" || rest.starts_with("```diff") {
            *fenced = rest.starts_with("```diff");
        }
        self.open.push_str(rest);
    }

    fn push_heading(&mut self) {
        if let Some(heading) = self.heading.clone() {
            self.push(&heading);
        }
    }

    fn turn(&mut self) {
        if self.open.is_empty() {
            return;
        }
        self.done.push(std::mem::take(&mut self.open));
        if let Some(heading) = &self.heading {
            self.open.push_str(heading);
        }
    }

    fn finish(mut self) -> Vec<String> {
        if !self.open.is_empty() {
            self.done.push(self.open);
        }
        self.done
    }
}

fn count(text: &str) -> usize {
    text.chars().count()
}
