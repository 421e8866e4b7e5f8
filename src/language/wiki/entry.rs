//! An entry of the wiki: a file `<topic>/<id>-<slug>.md` with frontmatter, and what it says.
//!
//! An entry that was read keeps its text. A change writes the values that differ, and nothing else.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::language::front::{self, Page};
use crate::language::slug::of_title;

use super::kinds::{CodeRef, Confidence, Source, Standing};
use super::read;
use crate::language::rule::Rule;
use crate::language::ulid::Ulid;
use crate::model::language::Level;

/// The most bytes of an entry.
pub const MOST_BYTES: usize = 64 * 1024;
/// The most bytes of a title, a reason or another text of the frontmatter.
pub(super) const MOST_TEXT: usize = 500;
/// The most items of a list of the frontmatter.
pub(super) const MOST_ITEMS: usize = 100;

/// The rule that entries have the form of entries.
pub const ENTRY: Rule<()> = Rule {
    name: "wiki-entry",
    level: Level::Error,
    doc: "the entries of the wiki have sound frontmatter, and lie in the folder of their topic under their id",
    check: (),
};

/// Whether a file is called as entries are: an id, a hyphen, a slug.
pub fn is_named_so(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    let id = file.split_once('-').map(|(id, _)| id);
    id.is_some_and(|id| id.parse::<Ulid>().is_ok())
}

/// An entry that was read, or changed since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    path: String,
    page: Page,
    facts: Facts,
}

/// What the frontmatter of an entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its id.
    pub id: Ulid,
    /// What it says, in a line.
    pub title: String,
    /// The folder that it is in.
    pub topic: String,
    /// Where it comes from.
    pub source: Source,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// From when on it holds.
    pub valid_from: Timestamp,
    /// Until when; nothing: without an end.
    pub valid_to: Option<Timestamp>,
    /// How sure it is.
    pub confidence: Confidence,
    /// Where it stands.
    pub standing: Standing,
    /// The entries that it took the place of.
    pub supersedes: Vec<Ulid>,
    /// How many sources say it, the first one included.
    pub corroborations: u64,
    /// The sources that said it again, as far as they are listed.
    pub corroborated_by: Vec<String>,
    /// The pull request that mended what it warns of.
    pub fixed_in_pr: Option<u64>,
    /// The places in the code that it is about.
    pub code_refs: Vec<CodeRef>,
}

impl Entry {
    /// Reads an entry; all that is wrong with it at once. The path is relative to the folder of the wiki.
    pub fn read(path: &str, text: &str) -> Result<Self, Vec<front::Error>> {
        let page = Page::parse(text)?;
        let facts = read::facts(path, &page)?;
        Ok(Self { path: path.to_owned(), page, facts })
    }

    /// The file, relative to the folder of the wiki.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        self.page.text()
    }

    /// What its frontmatter says.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// What it says.
    pub fn body(&self) -> &str {
        self.page.body()
    }

    /// Whether nothing on record says that it no longer holds.
    pub fn is_active(&self) -> bool {
        self.facts.standing == Standing::Active
    }

    /// This entry with other facts; the file stays where it is.
    #[must_use]
    pub fn with(&self, facts: Facts) -> Self {
        let mut page = self.page.clone();
        for ((key, before), (_, after)) in pairs(&self.facts).into_iter().zip(pairs(&facts)) {
            if before != after {
                page = match after {
                    Some(value) => page.with(key, &value),
                    None => page.without(key),
                };
            }
        }
        Self { path: self.path.clone(), page, facts }
    }

    /// This entry, no longer holding for a reason.
    #[must_use]
    pub fn stale(&self, reason: &str, now: Timestamp) -> Self {
        let standing = Standing::Stale { reason: one_line(reason) };
        self.with(Facts { standing, updated_at: now, ..self.facts.clone() })
    }

    /// This entry, holding again.
    #[must_use]
    pub fn again(&self, now: Timestamp) -> Self {
        self.with(Facts { standing: Standing::Active, updated_at: now, ..self.facts.clone() })
    }

    /// This entry, about other places in the code: those that it was about, where they are now.
    #[must_use]
    pub fn about(&self, code_refs: Vec<CodeRef>, now: Timestamp) -> Self {
        self.with(Facts { code_refs, updated_at: now, ..self.facts.clone() })
    }

    /// This entry, said by another one now.
    #[must_use]
    pub fn superseded(&self, by: Ulid, now: Timestamp) -> Self {
        self.with(Facts { standing: Standing::Superseded { by }, updated_at: now, ..self.facts.clone() })
    }

    /// This entry, said by one more source.
    #[must_use]
    pub fn corroborated(&self, source: &Source, now: Timestamp) -> Self {
        let mut facts = Facts { updated_at: now, ..self.facts.clone() };
        facts.corroborations = facts.corroborations.saturating_add(1);
        if facts.corroborated_by.len() < MOST_ITEMS {
            facts.corroborated_by.push(source.to_string());
        }
        self.with(facts)
    }

    /// Whether a source has said it already.
    pub fn is_from(&self, source: &Source) -> bool {
        self.facts.source == *source || self.facts.corroborated_by.contains(&source.to_string())
    }
}

/// The path of a new entry, relative to the folder of the wiki.
pub fn path_of(facts: &Facts) -> String {
    let slug = of_title(&facts.title).unwrap_or_else(|| "entry".to_owned());
    format!("{}/{}-{slug}.md", facts.topic, facts.id)
}

/// The text of a new entry.
pub fn written(facts: &Facts, body: &str) -> String {
    let line =
        |(key, value): (&str, Option<Value>)| value.map(|value| format!("{key}: {}\n", front::spelt(&value)));
    let lines: String = pairs(facts).into_iter().filter_map(line).collect();
    format!("---\n{lines}---\n\n{}\n", body.trim())
}

/// A text on one line, and no longer than the frontmatter has it.
pub(super) fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = (0..=MOST_TEXT.min(line.len())).rev().find(|at| line.is_char_boundary(*at)).unwrap_or_default();
    line[..end].to_owned()
}

/// The keys and values of the frontmatter, in the order in which they are written; nothing where a key isn't.
fn pairs(facts: &Facts) -> Vec<(&'static str, Option<Value>)> {
    let list = |items: Vec<String>| if items.is_empty() { None } else { Some(json!(items)) };
    let (stale_reason, superseded_by) = match &facts.standing {
        Standing::Active => (None, None),
        Standing::Stale { reason } => (Some(json!(reason)), None),
        Standing::Superseded { by } => (None, Some(json!(by.to_string()))),
    };
    vec![
        ("id", Some(json!(facts.id.to_string()))),
        ("title", Some(json!(facts.title))),
        ("topic", Some(json!(facts.topic))),
        ("source", Some(source(&facts.source))),
        ("created_at", Some(json!(facts.created_at))),
        ("updated_at", Some(json!(facts.updated_at))),
        ("valid_from", Some(json!(facts.valid_from))),
        ("valid_to", facts.valid_to.map(|at| json!(at))),
        ("confidence", Some(json!(facts.confidence.name()))),
        ("status", Some(json!(facts.standing.name()))),
        ("stale_reason", stale_reason),
        ("superseded_by", superseded_by),
        ("supersedes", list(facts.supersedes.iter().map(ToString::to_string).collect())),
        ("corroborations", Some(json!(facts.corroborations))),
        ("corroborated_by", list(facts.corroborated_by.clone())),
        ("fixed_in_pr", facts.fixed_in_pr.map(|pull| json!(pull))),
        ("code_refs", list(facts.code_refs.iter().map(ToString::to_string).collect())),
    ]
}

fn source(source: &Source) -> Value {
    let mut value = json!({ "type": source.kind.name() });
    if let Some(issue) = source.issue {
        value["issue"] = json!(issue);
    }
    if let Some(pull) = source.pull {
        value["pull"] = json!(pull);
    }
    value["repo"] = json!(source.repo.as_str());
    value
}
