//! The keeper of the architecture document, which is regenerated from the code, and of the rule that all code belongs to a
//! context.
//!
//! It asks no model. The same code gives the same bytes, and what a person wrote above the generated part stays.

mod document;
mod graph;

use std::collections::{BTreeMap, BTreeSet};

use crate::language::code::FileOf;
use crate::language::lint::Owners;

use super::{Issue, Kept, Look, Proposal, counted, spanned};
use document::{Architecture, of_folder};

/// The most folders that the issue about unassigned code names.
const MOST_FOLDERS: usize = 100;
/// The most files of a folder that it names.
const MOST_FILES: usize = 5;

/// How the line begins below which everything is generated.
const MARK: &str = "<!-- architecture: generated";

/// That line.
const BANNER: &str = "<!-- architecture: generated from the code by the loop `diagram`. Write above this line; all below it is written anew. -->";

/// Decides whether the document is to be written anew, and which code belongs nowhere.
pub fn keep(look: &Look<'_>) -> Kept {
    let mut kept = Kept::default();
    let mut files = look.code.files();
    files.sort();
    files.dedup();
    kept.issues.extend(unassigned(look, &files));
    let Some(path) = &look.language.architecture else { return kept };
    if files.is_empty() {
        if !look.language.roots.is_empty() {
            let roots: Vec<String> = look.language.roots.iter().map(|root| spanned(root)).collect();
            kept.problems.push(format!(
                "{} isn't regenerated: no source file is indexed below {}; correct `roots`",
                spanned(path),
                roots.join(", ")
            ));
        }
        return kept;
    }
    let there = match look.there(path) {
        Ok(there) => there,
        Err(problem) => {
            kept.problems.push(problem);
            return kept;
        }
    };
    let architecture = Architecture::of(look.language, &files, look.code.uses());
    if architecture.is_empty() {
        let path = spanned(path);
        kept.problems.push(format!(
            "{path} isn't regenerated: no source file belongs to a context; correct `sources`"
        ));
        return kept;
    }
    let text = format!("{}{BANNER}\n\n{}", head(there.unwrap_or_default()), architecture.told());
    if there != Some(text.as_str()) {
        kept.proposal = Some(Proposal {
            title: "Regenerate the architecture document from the code".to_owned(),
            changes: vec![format!("{} shows {}", spanned(path), architecture.summary())],
            files: [(path.clone(), text)].into(),
        });
    }
    kept
}

/// What stands above the generated part, with what separates them.
///
/// The last line that says so counts: nothing that a person wrote above it is lost.
fn head(there: &str) -> String {
    const TITLE: &str = "# Architecture\n\n";
    let (mut at, mut mark) = (0, None);
    for line in there.split_inclusive('\n') {
        if line.starts_with(MARK) {
            mark = Some(at);
        }
        at += line.len();
    }
    match mark {
        Some(mark) => there[..mark].to_owned(),
        None if there.trim().is_empty() => TITLE.to_owned(),
        None => format!("{}\n\n", there.trim_end()),
    }
}

/// The issue about code that belongs to no context, if contexts with code are declared.
fn unassigned(look: &Look<'_>, files: &[FileOf]) -> Option<Issue> {
    if look.language.contexts.iter().all(|context| context.sources.is_empty()) {
        return None;
    }
    let owners = Owners::of(&look.language.contexts);
    let mut folders: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let ours = files.iter().filter(|file| is_below(&look.language.roots, &file.path));
    for file in ours.filter(|file| owners.get(&file.path).is_none()) {
        let name = file.path.rsplit('/').next().unwrap_or(&file.path);
        folders.entry(of_folder(&file.path)).or_default().insert(name);
    }
    let count: usize = folders.values().map(BTreeSet::len).sum();
    if count == 0 {
        return None;
    }
    let mut body = format!(
        "{} to no bounded context. Add a pattern to the `sources` of the context that {} to, or to `ignore`; this issue \
         closes when nothing is left.\n\n",
        counted(count, "file belongs", "files belong"),
        if count == 1 { "it belongs" } else { "each belongs" },
    );
    for (folder, names) in folders.iter().take(MOST_FOLDERS) {
        let mut shown: Vec<String> = names.iter().take(MOST_FILES).map(|name| spanned(name)).collect();
        if names.len() > MOST_FILES {
            shown.push(format!("and {} more", names.len() - MOST_FILES));
        }
        body.push_str(&format!("* {}: {}\n", spanned(folder), shown.join(", ")));
    }
    if folders.len() > MOST_FOLDERS {
        let rest: usize = folders.values().skip(MOST_FOLDERS).map(BTreeSet::len).sum();
        let more = counted(folders.len() - MOST_FOLDERS, "more folder", "more folders");
        body.push_str(&format!("\nAnd {more} with {}.\n", counted(rest, "file", "files")));
    }
    Some(Issue::new("unassigned", "Code that belongs to no context", body))
}

/// Whether a file is below one of the roots.
fn is_below(roots: &[String], path: &str) -> bool {
    roots.iter().any(|root| match root.trim_end_matches('/') {
        "" | "." => true,
        root => path.strip_prefix(root).is_some_and(|rest| rest.starts_with('/')),
    })
}

#[cfg(test)]
mod tests;
