//! What a model wrote about a candidate, as a term: looked through again, and dropped where it doesn't hold.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::language::keep::edges::{DEPENDS_ON, LEDGER, allowed, line};
use crate::language::keep::terms::{SHOWN, changed};
use crate::language::keep::{Look, Proposal, counted, in_span, is_unseen};
use crate::language::lint;
use crate::language::markdown::Markdown;
use crate::language::prose::{Vocabulary, folded};
use crate::language::slug::of_name;
use crate::language::terms::read::{read, unfit};
use crate::language::terms::term::texts;
use crate::language::terms::{Confidence, Provenance, Relation, Term, TermFile, Ulid};
use crate::language::wiki::WikiPage;
use crate::model::language::{Anchor, Level};

use super::{Candidate, NAME};

/// The least characters of a definition.
pub(super) const LEAST: usize = 30;
/// The most characters of a definition.
pub(super) const DEFINITION: usize = 1200;
/// The least characters of an invariant.
const LEAST_INVARIANT: usize = 10;
/// The most characters of an invariant.
pub(super) const INVARIANT: usize = 300;
/// The most invariants.
pub(super) const INVARIANTS: usize = 3;
/// The least characters of an alias.
const LEAST_ALIAS: usize = 3;
/// The most characters of an alias.
pub(super) const ALIAS: usize = 60;
/// An alias that is shorter says too little.
const LEAST_WORD: usize = 4;

/// Words that are no name of anything.
const COMMON: [&str; 40] = [
    "about", "after", "also", "been", "before", "being", "both", "class", "code", "could", "data", "does",
    "each", "event", "every", "file", "from", "have", "here", "into", "item", "kind", "list", "more", "name",
    "only", "other", "part", "same", "some", "such", "that", "their", "them", "then", "there", "these",
    "they", "this", "with",
];

/// The most aliases.
pub(super) const ALIASES: usize = 4;
/// The most terms that one depends on.
pub(super) const DEPENDS: usize = 8;

/// A term in the making.
pub(super) struct Draft {
    term: Term,
    path: String,
    hosts: usize,
}

/// The term that an answer makes of a candidate; none where it is left out. The error is why what is written makes none.
pub(super) fn of(
    look: &Look<'_>,
    terms: &[&TermFile],
    candidates: &[Candidate],
    candidate: &Candidate,
    answer: &Value,
) -> Result<Option<Draft>, String> {
    if answer.get("include") != Some(&Value::Bool(true)) {
        return Ok(None);
    }
    let text = |key: &str| answer.get(key).and_then(Value::as_str);
    let kind = text("kind").filter(|kind| look.language.kinds.iter().any(|known| known == kind));
    let kind = kind.ok_or("its `kind` is none of those that config declares")?;
    let context = text("bounded_context")
        .filter(|context| look.language.contexts.iter().any(|known| known.name == *context))
        .ok_or("its `bounded_context` is none of those that config declares")?;
    let definition = text("definition").and_then(|text| paragraph(text, LEAST, DEFINITION));
    let definition = definition.ok_or_else(|| {
        format!("its `definition` isn't a paragraph of {LEAST} to {DEFINITION} characters in plain words")
    })?;
    let name = candidate.anchor.name().to_owned();
    let invariants: BTreeSet<String> = items(answer, "invariants", INVARIANTS)
        .filter_map(|text| paragraph(text, LEAST_INVARIANT, INVARIANT))
        .collect();
    let anchor = &candidate.anchor;
    let related = related(look, terms, anchor, kind, answer);
    let by_code: Vec<String> = related.iter().map(|it| line(&it.kind, &it.target)).collect();
    let signals = [(candidate.load_bearing, "load-bearing"), (candidate.hosts > 0, "used-by-terms")];
    let signals = signals.into_iter().filter(|(is, _)| *is).map(|(_, signal)| signal.to_owned()).collect();
    let term = Term {
        id: Ulid::derived(look.now, &["term", look.repo.as_str(), &anchor.to_string()]),
        kind: kind.to_owned(),
        bounded_context: context.to_owned(),
        code_anchor: Some(anchor.clone()),
        aliases: aliases(look, candidates, &name, answer),
        related,
        evidence: Vec::new(),
        superseded_by: None,
        superseded_reason: None,
        confidence: Confidence::Accepted,
        created_at: Some(look.now),
        updated_at: Some(look.now),
        provenance: Provenance {
            by: Some(NAME.to_owned()),
            at: Some(look.now),
            signals,
            imports_seen: u64::try_from(candidate.hosts).ok(),
        },
        other: if by_code.is_empty() { Vec::new() } else { vec![(LEDGER.to_owned(), texts(&by_code))] },
        definition,
        invariants: invariants.into_iter().collect(),
        name,
    };
    let path = format!("{}/{}.md", look.language.terms.trim_end_matches('/'), of_name(&term.name));
    if !reads_back(&path, &term) {
        return Err("its file would say something else than it does".to_owned());
    }
    Ok(Some(Draft { term, path, hosts: candidate.hosts }))
}

/// Whether the file of a term says just what the term does.
fn reads_back(path: &str, term: &Term) -> bool {
    let read = read(path, &term.written());
    read.errors.is_empty() && read.file.is_some_and(|file| file.term == *term)
}

/// The texts of a list of the answer, so many at most.
fn items<'v>(answer: &'v Value, key: &str, most: usize) -> impl Iterator<Item = &'v str> {
    let list = answer.get(key).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).take(most)
}

/// A text as one paragraph of plain words: none where it is too short or too long, or would be anything else in Markdown.
fn paragraph(text: &str, least: usize, most: usize) -> Option<String> {
    let hides = |c: char| is_unseen(c) || (c.is_control() && !c.is_whitespace());
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.contains(hides) || !(least..=most).contains(&line.chars().count()) {
        return None;
    }
    let seen = Markdown::of(&line, 0);
    let code = seen.code();
    let in_code = |at: usize| code.iter().any(|range| range.contains(&at));
    let tag = |(at, _): (usize, &str)| {
        let next = line[at + 1..].chars().next();
        !in_code(at) && next.is_some_and(|c| c.is_alphabetic() || "/!?".contains(c))
    };
    let marked = text.lines().any(|line| begins_block(line.trim()));
    let linked = ["](", "][", "]:", "[[", "://"].iter().any(|sign| line.contains(sign));
    let plain = seen.headings().is_empty() && seen.fences().is_empty() && seen.open_end().is_none();
    (plain && !marked && !linked && !line.match_indices('<').any(tag)).then_some(line)
}

/// Whether a line begins something else than a paragraph.
fn begins_block(line: &str) -> bool {
    let digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = digits.len() < line.len() && digits.starts_with(['.', ')']);
    let signs = ["#", ">", "|", "<", "=", "~", "- ", "* ", "+ ", "---", "***", "+++", "```"];
    numbered || signs.iter().any(|sign| line.starts_with(sign))
}

/// The aliases that are names, and of nothing else.
fn aliases(look: &Look<'_>, candidates: &[Candidate], name: &str, answer: &Value) -> Vec<String> {
    let files = look.terms.iter().filter_map(|read| read.file.as_ref());
    let mut known: BTreeSet<String> = files
        .flat_map(|file| std::iter::once(&file.term.name).chain(&file.term.aliases))
        .map(|word| bare(word))
        .collect();
    known.extend(candidates.iter().map(|candidate| bare(candidate.anchor.name())));
    known.insert(bare(name));
    let mut aliases = Vec::new();
    for alias in items(answer, "aliases", ALIASES) {
        let alias = folded(alias);
        let length = alias.chars().count();
        let plain = alias.chars().all(|c| c.is_alphanumeric() || " -_'’.".contains(c));
        let fits = plain && (LEAST_ALIAS..=ALIAS).contains(&length) && unfit(&alias).is_none();
        let bare = bare(&alias);
        if fits && !is_common(&alias) && !bare.is_empty() && known.insert(bare) {
            aliases.push(alias);
        }
    }
    aliases
}

/// A name as it is compared with others: however it is cut into words, and whatever its case.
fn bare(name: &str) -> String {
    of_name(name).replace('-', "")
}

/// Whether it is a word that texts have whatever they are about.
fn is_common(alias: &str) -> bool {
    alias.chars().count() < LEAST_WORD || COMMON.contains(&alias)
}

/// The terms that it depends on, of those that its code names too.
fn related(
    look: &Look<'_>,
    terms: &[&TermFile],
    anchor: &Anchor,
    kind: &str,
    answer: &Value,
) -> Vec<Relation> {
    let (Some(depends), Some(bases)) = (look.code.depends(anchor), look.code.bases(anchor)) else {
        return Vec::new();
    };
    let named: BTreeSet<String> = items(answer, "depends_on", DEPENDS).map(folded).collect();
    let shown = |file: &TermFile| {
        let there = file.term.code_anchor.as_ref().and_then(|anchor| look.code.defined(anchor));
        there.is_some_and(|there| depends.contains(&there) && !bases.contains(&there))
    };
    let to = terms.iter().filter(|file| {
        named.contains(&folded(&file.term.name))
            && allowed(look, DEPENDS_ON, kind, &file.term.kind)
            && shown(file)
    });
    to.map(|file| Relation { kind: DEPENDS_ON.to_owned(), target: file.term.id }).collect()
}

/// The proposal of drafts, without the aliases that pages use too often.
pub(super) fn proposal(look: &Look<'_>, terms: &[&TermFile], drafts: Vec<Draft>) -> Option<Proposal> {
    let mut drafts = drafts;
    let mut known: BTreeSet<String> = BTreeSet::new();
    for draft in &mut drafts {
        draft.term.aliases.retain(|alias| known.insert(bare(alias)));
    }
    let used = used(look, terms, &drafts);
    let most = most_pages(look);
    let mut changes = Vec::new();
    let mut edits = BTreeMap::new();
    for Draft { mut term, path, hosts } in drafts {
        let name = in_span(&term.name, SHOWN);
        let anchor = term.code_anchor.as_ref().map_or_else(String::new, ToString::to_string);
        changes.push(format!(
            "{name} is new: {} of {} at {}, {}",
            in_span(&term.kind, SHOWN),
            in_span(&term.bounded_context, SHOWN),
            in_span(&anchor, SHOWN),
            match hosts {
                0 => "whose name says that it carries weight".to_owned(),
                n => format!(
                    "which {} of terms",
                    counted(n, "file uses that hosts code", "files use that host code")
                ),
            }
        ));
        term.aliases.retain(|alias| {
            let pages = used.get(&folded(alias)).copied().unwrap_or_default();
            if pages > most {
                let pages = counted(pages, "page uses it", "pages use it");
                changes.push(format!("{name} doesn't get the alias {}: {pages}", in_span(alias, SHOWN)));
            }
            pages <= most
        });
        edits.insert(path, term.written());
    }
    let title = format!("Add {} for types of the code", counted(edits.len(), "term", "terms"));
    let files = changed(look, edits);
    changes.sort();
    (!files.is_empty()).then_some(Proposal { title, changes, files })
}

/// How many pages use each alias of the drafts.
fn used(look: &Look<'_>, terms: &[&TermFile], drafts: &[Draft]) -> BTreeMap<String, usize> {
    if drafts.iter().all(|draft| draft.term.aliases.is_empty()) {
        return BTreeMap::new();
    }
    let new: Vec<TermFile> =
        drafts.iter().filter_map(|draft| read(&draft.path, &draft.term.written()).file).collect();
    let all: Vec<&TermFile> = terms.iter().copied().chain(&new).collect();
    let vocabulary = Vocabulary::of(&all);
    let folder = format!("{}/", look.language.terms.trim_end_matches('/'));
    let rendered = [look.language.glossary.as_ref(), look.language.map.as_ref()];
    let written = |page: &&WikiPage| !page.path.starts_with(&folder) && !rendered.contains(&Some(&page.path));
    let mut used = BTreeMap::new();
    for page in look.pages.iter().filter(written) {
        let of_page: BTreeSet<String> =
            vocabulary.uses(&page.text).iter().map(|one| folded(one.alias)).collect();
        for alias in of_page {
            *used.entry(alias).or_default() += 1;
        }
    }
    used
}

/// On how many pages a new alias may be used: none, where a use would be an error on each.
fn most_pages(look: &Look<'_>) -> usize {
    let rule = lint::RULES.iter().find(|rule| rule.name == "canonical-names");
    match rule.map(|rule| rule.level(&look.language.rules)) {
        Some(Level::Error) => 0,
        Some(Level::Off | Level::Warning) | None => look.language.broad_alias_pages,
    }
}
