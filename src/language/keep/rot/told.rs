//! What people are told of a page with something rotten: the same text for the same page and code.

use std::collections::BTreeSet;

use crate::language::code::Code;
use crate::language::wiki::{WikiPage, hints};

use super::super::{Issue, counted, data, harmless, spanned, visible};
use super::{Rot, What};

/// The most things that an issue tells of one page.
const MOST_TOLD: usize = 30;
/// The most characters of an excerpt.
const MOST_EXCERPT: usize = 500;
/// The most bytes of the list of further pages; an issue has room for 65,536 characters.
const MOST_LIST: usize = 50_000;
/// The most characters of a path in a title, or of a title in a text.
const SHOWN: usize = 150;

/// The issue of a page.
pub(super) fn issue(page: &WikiPage, rots: &[Rot], code: &dyn Code) -> Issue {
    let path = harmless(&page.path, SHOWN);
    let lessons = rots.iter().all(|rot| matches!(rot.what, What::Lesson { .. }));
    let what = if lessons { "lost a lesson" } else { "cites what is gone" };
    let mut body = format!(
        "{} in {}. Correct the page, or delete what no longer holds; this issue closes when nothing is left.\n",
        counted(rots.len(), "thing is wrong", "things are wrong"),
        spanned(&page.path),
    );
    let mut told = rots.iter().take(MOST_TOLD).peekable();
    while let Some(rot) = told.next() {
        body.push_str(&format!("\n{}\n", said(page, rot)));
        let excerpt = excerpt(&page.text, rot.at);
        // What stands close together is quoted once.
        let same = |next: &&Rot| self::excerpt(&page.text, next.at) == excerpt;
        if !told.peek().is_some_and(same) {
            body.push_str(&format!("\n{}", data(&excerpt)));
        }
    }
    if rots.len() > MOST_TOLD {
        body.push_str(&format!("\nAnd {} more.\n", rots.len() - MOST_TOLD));
    }
    let unknown: Vec<String> = hints(&page.text, code).into_iter().map(|hint| hint.name).collect();
    if !unknown.is_empty() {
        let names: Vec<String> = unknown.iter().map(|name| spanned(name)).collect();
        body.push_str(&format!(
            "\nIts examples name what no file has, which may be meant so: {}.\n",
            names.join(", ")
        ));
    }
    let title = format!("Wiki rot: {path} {what}");
    // Lines shift, and what was probably meant is another thing with other code: that alone is nothing new.
    let tells: BTreeSet<String> = rots.iter().map(|rot| rot.what.told()).collect();
    let tells = tells.into_iter().collect::<Vec<_>>().join("\n");
    Issue { tells, ..Issue::new(&page.path, title, body) }
}

/// The issue of the pages that have none of their own, with how much is wrong in each.
pub(super) fn more(pages: &[(&str, usize)]) -> Issue {
    let mut body = String::from(
        "Further pages have something rotten. Each gets an issue of its own when there are fewer; \
         `factoryctl term lint` shows all of it.\n\n",
    );
    let mut told = 0;
    for (path, count) in pages {
        if body.len() > MOST_LIST {
            break;
        }
        body.push_str(&format!("* {}: {count}\n", spanned(path)));
        told += 1;
    }
    if told < pages.len() {
        let things: usize = pages[told..].iter().map(|(_, count)| count).sum();
        let rest = counted(pages.len() - told, "more page", "more pages");
        body.push_str(&format!("\nAnd {rest} with {}.\n", counted(things, "thing", "things")));
    }
    let title = format!("Wiki rot: {} more", counted(pages.len(), "page", "pages"));
    Issue::new("more", title, body)
}

impl What {
    /// What it tells, wherever that stands.
    fn told(&self) -> String {
        match self {
            Self::Cite { word, suggestion: _ } => format!("cites {word}"),
            Self::Shipped { pull, refs } => format!("mended by {pull}: {}", refs.join(", ")),
            Self::Lesson { id, title: _, lost } => format!("took the place of {id}: {}", lost.join(", ")),
        }
    }
}

fn said(page: &WikiPage, rot: &Rot) -> String {
    let line = page.text[..rot.at].matches('\n').count() + 1;
    let places = |of: &[String]| {
        let names: Vec<String> = of.iter().map(|place| spanned(place)).collect();
        names.join(", ")
    };
    let what = match &rot.what {
        What::Cite { word, suggestion: Some(meant) } => {
            format!("{} isn't there. Did it become {}?", spanned(word), spanned(meant))
        }
        What::Cite { word, suggestion: None } => format!("{} isn't there.", spanned(word)),
        What::Shipped { pull, refs } => {
            format!(
                "pull request {pull} mended this, it says, and all code that it is about is gone: {}.",
                places(refs)
            )
        }
        What::Lesson { id, title, lost } => format!(
            "it took the place of {} (“{}”), and names nothing of that one's code, which is still there: {}.",
            spanned(id),
            harmless(title, SHOWN),
            places(lost)
        ),
    };
    format!("**Line {line}:** {what}")
}

/// The line of a place, or what is around it where that is long, without what a reader can't see.
fn excerpt(text: &str, at: usize) -> String {
    let start = text[..at].rfind('\n').map_or(0, |before| before + 1);
    let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
    let before = text[start..at].chars().count();
    let from = before.saturating_sub(MOST_EXCERPT / 2);
    let line = text[start..end].chars().skip(from).take(MOST_EXCERPT);
    visible(&line.collect::<String>())
}
