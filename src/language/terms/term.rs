//! A term, and the text of a new one.
//!
//! Implements *Term*. What a file says beyond it is kept by its page; see [`super::read`] and [`super::edit`].

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::language::front::spelt;
use crate::model::language::Anchor;

use super::{Ulid, section};

/// A word of the language and what it means.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// What relations and successions name it by.
    pub id: Ulid,
    /// The canonical name.
    pub name: String,
    /// One of the declared kinds, if the file is right.
    pub kind: String,
    /// One of the declared contexts, if the file is right.
    pub bounded_context: String,
    /// The code that embodies it; none: no code does.
    pub code_anchor: Option<Anchor>,
    /// Other names, which pages don't use.
    pub aliases: Vec<String>,
    /// Its relations to other terms.
    pub related: Vec<Relation>,
    /// Ids of wiki entries that speak of it.
    pub evidence: Vec<Ulid>,
    /// The term that took its place.
    pub superseded_by: Option<Ulid>,
    /// Why it is no longer used.
    pub superseded_reason: Option<String>,
    /// How far it is agreed on.
    pub confidence: Confidence,
    /// When it was made; none: the file says no moment.
    pub created_at: Option<Timestamp>,
    /// When it was last changed; none: the file says no moment.
    pub updated_at: Option<Timestamp>,
    /// Who proposed it and for what.
    pub provenance: Provenance,
    /// Keys that aren't known here, as they are.
    pub other: Vec<(String, Value)>,
    /// What it means, in Markdown.
    pub definition: String,
    /// What always holds of it, in Markdown; may have several lines each.
    pub invariants: Vec<String>,
}

/// A relation to another term.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Relation {
    /// One of the declared kinds of relations, if the file is right.
    pub kind: String,
    /// The other term.
    pub target: Ulid,
}

/// How far a term is agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Somebody proposes it.
    Proposed,
    /// It is in force.
    Accepted,
    /// It is no longer used.
    Deprecated,
}

/// Who proposed a term and for what; all empty where a person wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// Who.
    pub by: Option<String>,
    /// When.
    pub at: Option<Timestamp>,
    /// What spoke for it.
    pub signals: Vec<String>,
    /// How many modules of known terms imported it then.
    pub imports_seen: Option<u64>,
}

/// A text that is no confidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a term is `proposed`, `accepted` or `deprecated`")]
pub struct NoConfidence;

impl Confidence {
    /// As files spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Accepted => "accepted",
            Self::Deprecated => "deprecated",
        }
    }
}

impl FromStr for Confidence {
    type Err = NoConfidence;

    fn from_str(text: &str) -> Result<Self, NoConfidence> {
        match text {
            "proposed" => Ok(Self::Proposed),
            "accepted" => Ok(Self::Accepted),
            "deprecated" => Ok(Self::Deprecated),
            _ => Err(NoConfidence),
        }
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Term {
    /// Whether it is in use: accepted or proposed.
    pub fn is_live(&self) -> bool {
        match self.confidence {
            Confidence::Proposed | Confidence::Accepted => true,
            Confidence::Deprecated => false,
        }
    }

    /// How terms are sorted: by name without regard to case, then by id.
    pub fn sort_key(&self) -> (String, &Ulid) {
        (self.name.to_lowercase(), &self.id)
    }

    /// The text of its file, as a new one is written.
    pub fn written(&self) -> String {
        let mut text = String::from("---\n");
        for (key, value) in self.fields() {
            text.push_str(&format!("{key}: {}\n", spelt(&value)));
        }
        text.push_str("---\n\n## Definition\n\n");
        text.push_str(&self.definition);
        text.push('\n');
        if !self.invariants.is_empty() {
            text.push_str("\n## Invariants\n\n");
            text.push_str(&section::bullets(&self.invariants));
        }
        text
    }

    fn fields(&self) -> Vec<(&str, Value)> {
        let maybe = |text: Option<String>| text.map_or(Value::Null, Value::from);
        let mut fields = vec![
            ("id", Value::from(self.id.to_string())),
            ("name", self.name.as_str().into()),
            ("kind", self.kind.as_str().into()),
            ("bounded_context", self.bounded_context.as_str().into()),
            ("code_anchor", maybe(self.code_anchor.as_ref().map(ToString::to_string))),
            ("aliases", texts(&self.aliases)),
            ("related", relations(&self.related)),
            ("evidence", ids(&self.evidence)),
            ("superseded_by", maybe(self.superseded_by.as_ref().map(ToString::to_string))),
            ("superseded_reason", maybe(self.superseded_reason.clone())),
            ("confidence", self.confidence.as_str().into()),
            ("created_at", maybe(self.created_at.map(|at| at.to_string()))),
            ("updated_at", maybe(self.updated_at.map(|at| at.to_string()))),
        ];
        let Provenance { by, at, signals, imports_seen } = &self.provenance;
        if let Some(by) = by {
            fields.push(("proposed_by", by.as_str().into()));
        }
        if let Some(at) = at {
            fields.push(("proposed_at", at.to_string().into()));
        }
        if !signals.is_empty() {
            fields.push(("proposal_signals", texts(signals)));
        }
        if let Some(seen) = imports_seen {
            fields.push(("proposal_imports_seen", (*seen).into()));
        }
        fields.extend(self.other.iter().map(|(key, value)| (key.as_str(), value.clone())));
        fields
    }
}

/// A list of texts, as a value of frontmatter.
pub fn texts(list: &[String]) -> Value {
    list.iter().map(String::as_str).collect()
}

/// A list of ids, as a value of frontmatter.
pub fn ids(list: &[Ulid]) -> Value {
    list.iter().map(ToString::to_string).collect()
}

/// A list of relations, as a value of frontmatter.
pub fn relations(list: &[Relation]) -> Value {
    let relation = |relation: &Relation| {
        let mut fields = Map::new();
        fields.insert("kind".to_owned(), relation.kind.as_str().into());
        fields.insert("target".to_owned(), relation.target.to_string().into());
        Value::Object(fields)
    };
    list.iter().map(relation).collect()
}
