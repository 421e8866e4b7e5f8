//! What a change to terms means, in words, for the people who review it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::language::code::{Code, Resolution};
use crate::language::counted;
use crate::language::keep::{cut, visible};
use crate::language::prose::{Vocabulary, folded};
use crate::language::wiki::WikiPage;
use crate::model::language::Anchor;

use super::{Confidence, Listing, Relation, Term, TermFile, Ulid};

mod words;

/// One thing that a change means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The name of the term, after the change if it is still there.
    pub name: String,
    /// Its file, after the change if it is still there.
    pub path: String,
    /// What happens to it.
    pub what: What,
}

/// What happens to a term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It is new.
    Added {
        /// Its kind.
        kind: String,
        /// Its context.
        context: String,
    },
    /// It is gone, and so many relations of other terms still point to it.
    Removed {
        /// How many.
        pointing: usize,
    },
    /// It has another name.
    Renamed {
        /// The name before.
        from: String,
    },
    /// Its definition is another one; the words of both.
    Redefined(String),
    /// An invariant is new.
    InvariantAdded(String),
    /// An invariant is gone.
    InvariantRemoved(String),
    /// It is of another kind or context.
    Reclassified {
        /// `kind` or `context`.
        what: &'static str,
        /// Before.
        from: String,
        /// After.
        to: String,
    },
    /// It has an alias more, which so many pages use, and which others may have too.
    AliasAdded {
        /// The alias.
        alias: String,
        /// The pages that use it, sorted.
        pages: Vec<String>,
        /// The other terms that are called so, or have it as an alias too.
        others: Vec<String>,
    },
    /// Another file has its id, so that this one doesn't count.
    Shadowed {
        /// The file that does.
        by: String,
    },
    /// It has an alias less.
    AliasRemoved(String),
    /// It is anchored to other code.
    Anchored {
        /// Before.
        from: Option<Anchor>,
        /// After.
        to: Option<Anchor>,
    },
    /// Its new anchor doesn't resolve, and why.
    AnchorBreaks {
        /// The anchor.
        anchor: Anchor,
        /// What the code says of it.
        why: String,
    },
    /// It is agreed on more or less than before.
    Confidence {
        /// Before.
        from: Confidence,
        /// After.
        to: Confidence,
        /// The reason that it gives.
        reason: Option<String>,
    },
    /// Another term takes its place; the name of that, or its id where it isn't there.
    Superseded(String),
    /// It has a relation more, of a kind, to a term.
    RelationAdded(String, String),
    /// It has a relation less.
    RelationRemoved(String, String),
    /// It has so many pieces of evidence more and less.
    Evidence {
        /// How many more.
        added: usize,
        /// How many less.
        removed: usize,
    },
}

/// What lies between two versions of the terms, term by term in the order of their names.
///
/// Pages and code are those after the change.
pub fn compare(
    before: &Listing<'_>,
    after: &Listing<'_>,
    pages: &[WikiPage],
    code: &dyn Code,
) -> Vec<Change> {
    let cx = Cx { before, after, pages: &colliding(before, after, pages), code };
    let mut changes = Vec::new();
    for file in after.terms() {
        let what = match before.get(&file.term.id) {
            None => added(&cx, &file.term),
            Some(old) => differs(&cx, &old.term, &file.term),
        };
        changes.extend(what.into_iter().map(|what| of(file, what)));
    }
    for file in before.terms().iter().filter(|file| after.get(&file.term.id).is_none()) {
        let relations = after.terms().iter().flat_map(|other| &other.term.related);
        let pointing = relations.filter(|relation| relation.target == file.term.id).count();
        changes.push(of(file, What::Removed { pointing }));
    }
    let known: BTreeSet<&str> = before.shadowed().iter().map(|it| it.file.path.as_str()).collect();
    for it in after.shadowed().iter().filter(|it| !known.contains(it.file.path.as_str())) {
        changes.push(of(it.file, What::Shadowed { by: it.by.path.clone() }));
    }
    changes.sort_by_key(|change| (change.name.to_lowercase(), change.path.clone()));
    changes
}

/// The changes as a list in Markdown.
pub fn bullets(changes: &[Change]) -> String {
    changes.iter().map(|change| format!("- {change}\n")).collect::<Vec<_>>().concat()
}

struct Cx<'a> {
    before: &'a Listing<'a>,
    after: &'a Listing<'a>,
    /// The pages that use an alias which wasn't there before, by the alias as it is compared.
    pages: &'a BTreeMap<String, Vec<String>>,
    code: &'a dyn Code,
}

fn of(file: &TermFile, what: What) -> Change {
    Change { name: file.term.name.clone(), path: file.path.clone(), what }
}

/// The pages that use each alias that is new.
fn colliding(before: &Listing<'_>, after: &Listing<'_>, pages: &[WikiPage]) -> BTreeMap<String, Vec<String>> {
    let old: BTreeSet<(&Ulid, String)> = before.terms().iter().flat_map(|file| aliases(&file.term)).collect();
    let new = |file: &&TermFile| aliases(&file.term).any(|alias| !old.contains(&alias));
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    if !after.terms().iter().any(new) {
        return found;
    }
    let live: Vec<&TermFile> = after.terms().iter().copied().filter(|file| file.term.is_live()).collect();
    let vocabulary = Vocabulary::of(&live);
    for page in pages {
        let used: BTreeSet<String> =
            vocabulary.uses(&page.text).iter().map(|one| folded(one.alias)).collect();
        for alias in used {
            found.entry(alias).or_default().push(page.path.clone());
        }
    }
    for pages in found.values_mut() {
        pages.sort();
    }
    found
}

fn aliases(term: &Term) -> impl Iterator<Item = (&Ulid, String)> {
    term.aliases.iter().map(|alias| (&term.id, folded(alias)))
}

fn added(cx: &Cx<'_>, term: &Term) -> Vec<What> {
    let mut what = vec![What::Added { kind: term.kind.clone(), context: term.bounded_context.clone() }];
    what.extend(term.aliases.iter().map(|alias| alias_added(cx, term, alias)).filter(collides));
    what.extend(breaks(cx, term));
    what
}

/// Whether it is an alias that pages use, or other terms.
fn collides(what: &What) -> bool {
    matches!(what, What::AliasAdded { pages, others, .. } if !pages.is_empty() || !others.is_empty())
}

fn alias_added(cx: &Cx<'_>, term: &Term, alias: &str) -> What {
    let folded_alias = folded(alias);
    let pages = cx.pages.get(&folded_alias).cloned().unwrap_or_default();
    let has_it = |other: &&&TermFile| {
        let words = std::iter::once(&other.term.name).chain(&other.term.aliases);
        other.term.id != term.id
            && other.term.is_live()
            && words.into_iter().any(|word| folded(word) == folded_alias)
    };
    let others = cx.after.terms().iter().filter(has_it).map(|other| other.term.name.clone()).collect();
    What::AliasAdded { alias: alias.to_owned(), pages, others }
}

fn breaks(cx: &Cx<'_>, term: &Term) -> Option<What> {
    let anchor = term.code_anchor.as_ref().filter(|_| term.is_live())?;
    let why = match cx.code.resolve(anchor) {
        Resolution::Resolves | Resolution::Perhaps(_) | Resolution::Unindexed(_) => return None,
        Resolution::Moved(to) => format!("it has moved to {}", code_span(&to.to_string())),
        Resolution::Renamed { to, .. } => format!("it was renamed to {}", code_span(&to.to_string())),
        Resolution::Ambiguous(places) => match &places[..] {
            [only] => format!("it may be {} by now", code_span(&only.to_string())),
            places => format!("it may be any of {} by now", places.len()),
        },
        Resolution::Gone | Resolution::Never => "it isn't there".to_owned(),
    };
    Some(What::AnchorBreaks { anchor: anchor.clone(), why })
}

fn differs(cx: &Cx<'_>, old: &Term, new: &Term) -> Vec<What> {
    let mut what = Vec::new();
    if old.name != new.name {
        what.push(What::Renamed { from: old.name.clone() });
    }
    let classes = [("kind", &old.kind, &new.kind), ("context", &old.bounded_context, &new.bounded_context)];
    for (class, from, to) in classes.into_iter().filter(|(_, from, to)| from != to) {
        what.push(What::Reclassified { what: class, from: from.clone(), to: to.clone() });
    }
    if words::of(&old.definition) != words::of(&new.definition) {
        what.push(What::Redefined(words::diff(&old.definition, &new.definition)));
    }
    let (more, less) = parted(&old.invariants, &new.invariants);
    what.extend(more.into_iter().cloned().map(What::InvariantAdded));
    what.extend(less.into_iter().cloned().map(What::InvariantRemoved));
    let (more, less) = parted(&old.aliases, &new.aliases);
    what.extend(more.into_iter().map(|alias| alias_added(cx, new, alias)));
    what.extend(less.into_iter().cloned().map(What::AliasRemoved));
    if old.code_anchor != new.code_anchor {
        what.push(What::Anchored { from: old.code_anchor.clone(), to: new.code_anchor.clone() });
        what.extend(breaks(cx, new));
    }
    if old.confidence != new.confidence {
        let reason = new.superseded_reason.clone().filter(|_| new.confidence == Confidence::Deprecated);
        what.push(What::Confidence { from: old.confidence, to: new.confidence, reason });
    }
    if let Some(by) = new.superseded_by.as_ref().filter(|by| old.superseded_by.as_ref() != Some(by)) {
        what.push(What::Superseded(named(cx, by)));
    }
    let (more, less) = parted(&old.related, &new.related);
    let ends = |relation: &Relation| (relation.kind.clone(), named(cx, &relation.target));
    what.extend(more.into_iter().map(ends).map(|(kind, target)| What::RelationAdded(kind, target)));
    what.extend(less.into_iter().map(ends).map(|(kind, target)| What::RelationRemoved(kind, target)));
    let (more, less) = parted(&old.evidence, &new.evidence);
    if more.len() + less.len() > 0 {
        what.push(What::Evidence { added: more.len(), removed: less.len() });
    }
    what
}

/// What is in the second list only, and what in the first.
fn parted<'a, T: Ord>(old: &'a [T], new: &'a [T]) -> (Vec<&'a T>, Vec<&'a T>) {
    let (before, after): (BTreeSet<&T>, BTreeSet<&T>) = (old.iter().collect(), new.iter().collect());
    let more = new.iter().filter(|one| !before.contains(one)).collect();
    let less = old.iter().filter(|one| !after.contains(one)).collect();
    (more, less)
}

fn named(cx: &Cx<'_>, id: &Ulid) -> String {
    let known = cx.after.get(id).or_else(|| cx.before.get(id));
    known.map_or_else(|| id.to_string(), |file| file.term.name.clone())
}

/// The most characters of a text in backticks.
const SPAN: usize = 500;

/// A text in backticks, whatever is in it: on one line, cut, and without what a reader can't see.
fn code_span(text: &str) -> String {
    let text = cut(&visible(text), SPAN);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    if longest == 0 { format!("`{text}`") } else { format!("{fence} {text} {fence}") }
}

fn anchor_span(anchor: Option<&Anchor>) -> String {
    anchor.map_or_else(|| "no code".to_owned(), |anchor| code_span(&anchor.to_string()))
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = code_span(&self.name);
        match &self.what {
            What::Added { kind, context } => {
                write!(f, "{name} is new: a term of the kind {} in {}", code_span(kind), code_span(context))
            }
            What::Removed { pointing: 0 } => write!(f, "{name} is removed"),
            What::Removed { pointing } => {
                write!(
                    f,
                    "{name} is removed, and {} to it",
                    counted(*pointing, "relation still points", "relations still point")
                )
            }
            What::Renamed { from } => write!(f, "{name} was called {}", code_span(from)),
            What::Redefined(diff) => write!(f, "{name} is redefined: {}", code_span(diff)),
            What::InvariantAdded(text) => write!(f, "{name} has a new invariant: {}", code_span(text)),
            What::InvariantRemoved(text) => write!(f, "{name} loses an invariant: {}", code_span(text)),
            What::Reclassified { what, from, to } => {
                write!(f, "{name} changes its {what} from {} to {}", code_span(from), code_span(to))
            }
            What::AliasAdded { alias, pages, others } => {
                write!(f, "{name} has the new alias {}", code_span(alias))?;
                if !others.is_empty() {
                    let others: Vec<String> = others.iter().map(|other| code_span(other)).collect();
                    write!(f, ", **which is a name of {}**", others.join(", "))?;
                }
                colliding_pages(f, pages)
            }
            What::Shadowed { by } => {
                write!(
                    f,
                    "{name}, {}, **has the id of {}**, and doesn't count",
                    code_span(&self.path),
                    code_span(by)
                )
            }
            What::AliasRemoved(alias) => write!(f, "{name} loses the alias {}", code_span(alias)),
            What::Anchored { from, to } => {
                write!(
                    f,
                    "{name} is anchored to {} instead of {}",
                    anchor_span(to.as_ref()),
                    anchor_span(from.as_ref())
                )
            }
            What::AnchorBreaks { anchor, why } => {
                write!(f, "{name} has an anchor that breaks, {}: {why}", code_span(&anchor.to_string()))
            }
            What::Confidence { from, to, reason: None } => write!(f, "{name} was {from} and is {to}"),
            What::Confidence { from, to, reason: Some(reason) } => {
                write!(f, "{name} was {from} and is {to}: {}", code_span(reason))
            }
            What::Superseded(by) => write!(f, "{name} is superseded by {}", code_span(by)),
            What::RelationAdded(kind, to) => write!(f, "{name} {} {} is new", code_span(kind), code_span(to)),
            What::RelationRemoved(kind, to) => {
                write!(f, "{name} {} {} is removed", code_span(kind), code_span(to))
            }
            What::Evidence { added, removed } => {
                write!(f, "{name} has {added} more and {removed} fewer pieces of evidence")
            }
        }
    }
}

fn colliding_pages(f: &mut fmt::Formatter<'_>, pages: &[String]) -> fmt::Result {
    const SHOWN: usize = 3;
    if pages.is_empty() {
        return Ok(());
    }
    let shown: Vec<String> = pages.iter().take(SHOWN).map(|page| code_span(page)).collect();
    let more = if pages.len() > SHOWN { ", …" } else { "" };
    let uses = counted(pages.len(), "page uses", "pages use");
    write!(f, ", which {uses}: {}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests;
