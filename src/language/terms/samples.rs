//! Invented terms of a harbour, for tests.

use crate::language::front::spelt;
use crate::model::language::{Context, Language, RelationKind};

use super::read::{Read, read};

/// Ids for samples.
pub const ID_A: &str = "01M7YHXEQ0YCPSJZYPWBENKKDA";
/// Another one.
pub const ID_B: &str = "01M7YHXEQ0YCPSJZYPWBENKKDB";
/// Another one.
pub const ID_C: &str = "01M7YHXEQ0YCPSJZYPWBENKKDC";

/// The text of a term's file in the making.
#[derive(Clone, Debug)]
pub struct Sample {
    fields: Vec<(&'static str, String)>,
    other: String,
    body: String,
}

impl Sample {
    /// A sound term with an alias and an invariant.
    pub fn new(id: &str, name: &str) -> Self {
        let quoted = |text: &str| spelt(&text.into());
        let fields = vec![
            ("id", quoted(id)),
            ("name", quoted(name)),
            ("kind", quoted("entity")),
            ("bounded_context", quoted("yard")),
            ("code_anchor", quoted(&format!("src/{}.rs:{}", name.to_lowercase(), name.replace(' ', "")))),
            ("aliases", "[\"lifter\"]".to_owned()),
            ("related", "[]".to_owned()),
            ("evidence", "[]".to_owned()),
            ("superseded_by", "null".to_owned()),
            ("superseded_reason", "null".to_owned()),
            ("confidence", quoted("accepted")),
            ("created_at", quoted("2026-01-01T00:00:00Z")),
            ("updated_at", quoted("2026-01-01T00:00:00Z")),
        ];
        let body = format!("\n## Definition\n\nWhat {name} means.\n\n## Invariants\n\n- It holds.\n");
        Self { fields, other: String::new(), body }
    }

    /// With a value as it is written.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        for field in &mut self.fields {
            if field.0 == key {
                value.clone_into(&mut field.1);
            }
        }
        self
    }

    /// With a moment of its last change.
    #[must_use]
    pub fn updated(self, at: &str) -> Self {
        self.with("updated_at", &spelt(&at.into()))
    }

    /// With a line more.
    #[must_use]
    pub fn other(mut self, line: &str) -> Self {
        self.other = format!("{line}\n");
        self
    }

    /// With another body.
    #[must_use]
    pub fn body(mut self, body: &str) -> Self {
        body.clone_into(&mut self.body);
        self
    }

    /// The text of the file.
    pub fn text(&self) -> String {
        let fields: Vec<String> =
            self.fields.iter().map(|(key, value)| format!("{key}: {value}\n")).collect();
        let fields = fields.concat();
        format!("---\n{fields}{}---\n{}", self.other, self.body)
    }

    /// What reading it gives.
    pub fn read(&self, path: &str) -> Read {
        read(path, &self.text())
    }
}

/// A language for them.
pub fn language() -> Language {
    let context = |name: &str| Context { name: name.into(), sources: vec![format!("src/{name}/**")] };
    let any = |name: &str| RelationKind { name: name.into(), from: vec![], to: vec![] };
    Language {
        terms: "wiki/terms".into(),
        wiki: "wiki".into(),
        adr: "adr".into(),
        glossary: None,
        map: None,
        architecture: None,
        roots: vec!["src".into()],
        ignore: vec![],
        contexts: vec![context("yard"), context("office")],
        kinds: ["entity", "service", "port"].map(String::from).to_vec(),
        relations: vec![
            any("is_a"),
            any("depends_on"),
            RelationKind { name: "implements".into(), from: vec!["service".into()], to: vec!["port".into()] },
        ],
        topics: vec![],
        default_topic: String::new(),
        load_bearing: vec!["Port".into()],
        no_term: vec![],
        broad_alias_pages: 3,
        excerpt_tokens: 1_500,
        forbidden: vec![],
        rules: std::collections::BTreeMap::new(),
    }
}
