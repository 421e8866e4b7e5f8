//! Edge-proposer: the relations between terms that the code of both shows, and no longer those that it showed once.
//!
//! Which relations of a term were put there by this keeper its file says, under `edges_by_code`. All others are people's: none
//! of them is removed, and one that people removed is not put there again.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::language::front::Page;
use crate::language::terms::term::texts;
use crate::language::terms::{Relation, TermFile, Ulid, edit};
use crate::model::language::Anchor;

use super::terms::{SHOWN, capped, changed, sound, touched, unread};
use super::{Kept, Look, Proposal, counted, in_span};

/// The key of the relations that code put there: a list of `kind id`.
pub(crate) const LEDGER: &str = "edges_by_code";

/// The relation of a definition to what its code refers to.
pub(crate) const DEPENDS_ON: &str = "depends_on";

/// The relation of a type to a port that it is made from.
const IMPLEMENTS: &str = "implements";

/// The relation of a type to another type that it is made from.
const IS_A: &str = "is_a";

/// The kind of terms that are implemented where config doesn't say what is.
const PORT: &str = "port";

/// A relation beside which a dependency says something of its own.
const CONTRADICTS: &str = "contradicts";

/// The most terms that one proposal changes; the rest follow when it is merged.
const MOST_TERMS: usize = 100;

/// The most relations that a term gets by code.
const MOST_EDGES: usize = 50;

/// A line of the ledger.
pub(crate) fn line(kind: &str, target: &Ulid) -> String {
    format!("{kind} {target}")
}

/// Whether a kind of relation is declared, and leads from a kind of terms to another.
pub(crate) fn allowed(look: &Look<'_>, kind: &str, from: &str, to: &str) -> bool {
    let fits = |list: &[String], is: &str| list.is_empty() || list.iter().any(|one| one == is);
    look.language.relations.iter().any(|it| it.name == kind && fits(&it.from, from) && fits(&it.to, to))
}

/// Compares the relations of all terms in use with what the code shows.
pub fn keep(look: &Look<'_>) -> Kept {
    let terms = sound(look);
    let shown = Shown::of(look, &terms);
    let mut problems = Vec::new();
    let mut edited = Vec::new();
    for file in terms {
        match plan(look, &shown, file) {
            Ok(Some(edit)) if edited.len() < MOST_TERMS => edited.push(edit),
            Ok(_) => {}
            Err(problem) => problems.push(problem),
        }
    }
    capped(&mut problems, &format!("files of terms whose `{LEDGER}` can't be read; correct it there"));
    Kept { proposal: proposal(look, &shown, edited), problems, ..Kept::default() }
}

/// The terms whose code is there.
struct Shown<'a> {
    /// Each by its id.
    terms: BTreeMap<Ulid, &'a TermFile>,
    /// Where the symbol of each is defined.
    defined: BTreeMap<Ulid, Anchor>,
    /// The one term of each definition; none of one that several terms have.
    of: BTreeMap<Anchor, Ulid>,
    /// Every term there is, in use or not; nothing while a file can't be read, which may have any.
    all: Option<BTreeSet<Ulid>>,
}

impl<'a> Shown<'a> {
    fn of(look: &Look<'_>, terms: &[&'a TermFile]) -> Self {
        let mut defined = BTreeMap::new();
        let mut of: BTreeMap<Anchor, Option<Ulid>> = BTreeMap::new();
        for file in terms {
            let anchor = file.term.code_anchor.as_ref();
            let Some(there) = anchor.and_then(|anchor| look.code.defined(anchor)) else { continue };
            of.entry(there.clone()).and_modify(|of| *of = None).or_insert(Some(file.term.id));
            defined.insert(file.term.id, there);
        }
        let of = of.into_iter().filter_map(|(anchor, of)| Some((anchor, of?))).collect();
        let all = unread(look).is_empty().then(|| {
            let files = look.terms.iter().filter_map(|read| read.file.as_ref());
            files.map(|file| file.term.id).collect()
        });
        Self { terms: terms.iter().map(|file| (file.term.id, *file)).collect(), defined, of, all }
    }

    /// Whether there is no such term any more.
    fn is_gone(&self, id: &Ulid) -> bool {
        self.all.as_ref().is_some_and(|all| !all.contains(id))
    }

    /// The term that a definition is the only one of, with its file.
    fn term(&self, definition: &Anchor) -> Option<&'a TermFile> {
        self.of.get(definition).and_then(|id| self.terms.get(id)).copied()
    }

    /// Whether the code could show a relation to a term.
    fn tells(&self, id: &Ulid) -> bool {
        self.defined.get(id).is_some_and(|there| self.of.get(there) == Some(id))
    }
}

/// What changes in the file of one term.
struct Edit<'a> {
    file: &'a TermFile,
    added: Vec<Relation>,
    removed: BTreeSet<Relation>,
    ledger: Vec<String>,
}

fn plan<'a>(look: &Look<'_>, shown: &Shown<'_>, file: &'a TermFile) -> Result<Option<Edit<'a>>, String> {
    let mut ledger = ledger(file)?;
    let Some(definition) = shown.defined.get(&file.term.id) else { return Ok(None) };
    let facts = (look.code.bases(definition), look.code.depends(definition));
    let (Some(bases), Some(depends)) = facts else { return Ok(None) };
    let wanted = wanted(look, shown, file, &ledger, (&bases, &depends));
    let related = &file.term.related;
    let removed: BTreeSet<Relation> = related
        .iter()
        .filter(|it| ledger.contains(&line(&it.kind, &it.target)))
        .filter(|it| shown.is_gone(&it.target) || (shown.tells(&it.target) && !wanted.contains(*it)))
        .cloned()
        .collect();
    let room = MOST_EDGES.saturating_sub(ledger.len() - removed.len());
    let mut added: Vec<Relation> = wanted
        .into_iter()
        .filter(|it| !related.contains(it) && !ledger.contains(&line(&it.kind, &it.target)))
        .collect();
    added.truncate(room);
    ledger.retain(|known| !removed.iter().any(|it| line(&it.kind, &it.target) == *known));
    ledger.extend(added.iter().map(|it| line(&it.kind, &it.target)));
    ledger.sort();
    let due = !added.is_empty() || !removed.is_empty();
    Ok(due.then_some(Edit { file, added, removed, ledger }))
}

/// The lines of a term's ledger.
fn ledger(file: &TermFile) -> Result<Vec<String>, String> {
    let Some(field) = file.page.field(LEDGER).filter(|field| !field.value.is_null()) else {
        return Ok(Vec::new());
    };
    let sound = |value: &Value| {
        let text = value.as_str()?;
        let (_, id) = text.split_once(' ')?;
        id.parse::<Ulid>().ok().map(|_| text.to_owned())
    };
    let lines = field.value.as_array().and_then(|list| list.iter().map(sound).collect::<Option<Vec<_>>>());
    lines.ok_or_else(|| {
        format!(
            "{} is left alone: its `{LEDGER}` is no list of \"kind id\"; correct it, or leave the line out to make all \
             relations people's own",
            in_span(&file.path, SHOWN)
        )
    })
}

/// The relations of a term that its code shows, sorted: one to each other term.
fn wanted(
    look: &Look<'_>,
    shown: &Shown<'_>,
    file: &TermFile,
    ledger: &[String],
    (bases, depends): (&[Anchor], &[Anchor]),
) -> BTreeSet<Relation> {
    let own = |relation: &Relation| ledger.contains(&line(&relation.kind, &relation.target));
    // What people say of two terms, or said and took back, comes before what code says.
    let people: Vec<&Relation> = file.term.related.iter().filter(|relation| !own(relation)).collect();
    let peoples = |to: &TermFile, kinds: &dyn Fn(&str) -> bool| {
        people.iter().any(|relation| relation.target == to.term.id && kinds(&relation.kind))
    };
    let others = |anchors: &[Anchor]| -> Vec<&TermFile> {
        let terms = anchors.iter().filter_map(|anchor| shown.term(anchor));
        terms.filter(|to| to.term.id != file.term.id).collect()
    };
    let mut wanted = BTreeSet::new();
    let mut stronger = BTreeSet::new();
    for to in others(bases) {
        let Some(kind) = made_from(look, file, to) else { continue };
        stronger.insert(to.term.id);
        if !peoples(to, &|other| other != kind && [IMPLEMENTS, IS_A].contains(&other)) {
            wanted.insert(Relation { kind: kind.to_owned(), target: to.term.id });
        }
    }
    for to in others(depends) {
        let said =
            stronger.contains(&to.term.id) || peoples(to, &|kind| ![DEPENDS_ON, CONTRADICTS].contains(&kind));
        if !said && allowed(look, DEPENDS_ON, &file.term.kind, &to.term.kind) {
            wanted.insert(Relation { kind: DEPENDS_ON.to_owned(), target: to.term.id });
        }
    }
    wanted
}

/// The kind of relation of a type to one that it is made from, if one is declared for terms of their kinds.
fn made_from(look: &Look<'_>, file: &TermFile, base: &TermFile) -> Option<&'static str> {
    let (from, to) = (file.term.kind.as_str(), base.term.kind.as_str());
    let says = look.language.relations.iter().any(|it| it.name == IMPLEMENTS && !it.to.is_empty());
    let implements = (says || to == PORT) && allowed(look, IMPLEMENTS, from, to);
    if implements {
        return Some(IMPLEMENTS);
    }
    allowed(look, IS_A, from, to).then_some(IS_A)
}

fn proposal(look: &Look<'_>, shown: &Shown<'_>, edited: Vec<Edit<'_>>) -> Option<Proposal> {
    let mut edits = BTreeMap::new();
    let mut changes = Vec::new();
    let name = |id: &Ulid| match shown.terms.get(id) {
        Some(file) => in_span(&file.term.name, SHOWN),
        None => in_span(&id.to_string(), SHOWN),
    };
    for edit in &edited {
        let from = in_span(&edit.file.term.name, SHOWN);
        let told = |relation: &Relation, what: &str| {
            format!("{from} {} {}: {what}", in_span(&relation.kind, SHOWN), name(&relation.target))
        };
        changes.extend(edit.added.iter().map(|it| told(it, "its code shows it")));
        changes.extend(edit.removed.iter().map(|it| {
            let is_gone = shown.is_gone(&it.target);
            told(
                it,
                if is_gone {
                    "removed, there is no such term any more"
                } else {
                    "removed, its code no longer shows it"
                },
            )
        }));
        let page = written(edit);
        if let Some(text) = touched(edit.file, &page, look) {
            edits.insert(edit.file.path.clone(), text);
        }
    }
    let files = changed(look, edits);
    changes.sort();
    let sum = |of: fn(&Edit<'_>) -> usize| edited.iter().map(of).sum();
    let title = title(sum(|edit| edit.added.len()), sum(|edit| edit.removed.len()));
    (!files.is_empty()).then_some(Proposal { title, changes, files })
}

fn written(edit: &Edit<'_>) -> Page {
    let kept = edit.file.term.related.iter().filter(|relation| !edit.removed.contains(relation));
    let related: Vec<Relation> = kept.chain(&edit.added).cloned().collect();
    let page = edit::related(&edit.file.page, &related);
    if edit.ledger.is_empty() { page.without(LEDGER) } else { page.with(LEDGER, &texts(&edit.ledger)) }
}

fn title(added: usize, removed: usize) -> String {
    let relations = |n| counted(n, "relation", "relations");
    match (added, removed) {
        (_, 0) => format!("Add {} that the code shows", relations(added)),
        (0, _) => format!("Remove {} that the code no longer shows", relations(removed)),
        (_, _) => format!("Add {} that the code shows and remove {removed}", relations(added)),
    }
}

#[cfg(test)]
mod tests;
