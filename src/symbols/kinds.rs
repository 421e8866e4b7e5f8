//! What is known of each kind of node of a language before any file is read: a file has many nodes, and a language few kinds.

use tree_sitter::{Node, TreeCursor};

use super::languages::{Dialect, Interest, Language};
use super::mentions::Reach;

/// A kind of node.
#[derive(Debug)]
pub(super) struct NodeKind {
    /// Its name in the grammar.
    pub name: String,
    /// What the language wants to see of it.
    pub interest: Interest,
    /// How far names reach that are bound in it.
    pub reach: Option<Reach>,
    /// Whether it is a name with that of its package before it.
    pub qualified: bool,
    /// Whether it is a name, where nothing is in it.
    pub is_name: bool,
}

impl NodeKind {
    fn of(dialect: &dyn Dialect, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            interest: dialect.interest(name),
            reach: dialect.reach(name),
            qualified: dialect.qualified(name),
            is_name: name.ends_with("identifier") || name == "shorthand_property_identifier_pattern",
        }
    }
}

/// The kinds of nodes of a language, and the fields that a node may be of another one.
#[derive(Debug)]
pub(super) struct Kinds {
    all: Vec<NodeKind>,
    /// What the parser couldn't read.
    broken: NodeKind,
    fields: Vec<String>,
}

impl Kinds {
    /// Those of a language.
    pub(super) fn of(language: Language, grammar: &tree_sitter::Language) -> Self {
        let dialect = language.dialect();
        let name = |id| grammar.node_kind_for_id(id).unwrap_or_default();
        let count = u16::try_from(grammar.node_kind_count()).unwrap_or(u16::MAX);
        let fields = u16::try_from(grammar.field_count()).unwrap_or(u16::MAX);
        let field = |id| grammar.field_name_for_id(id).unwrap_or_default().to_owned();
        Self {
            all: (0..count).map(|id| NodeKind::of(dialect, name(id))).collect(),
            broken: NodeKind::of(dialect, "ERROR"),
            fields: (0..=fields).map(field).collect(),
        }
    }

    /// The kind of a node.
    pub(super) fn kind(&self, node: Node<'_>) -> &NodeKind {
        self.all.get(usize::from(node.kind_id())).unwrap_or(&self.broken)
    }

    /// The field that a node is of what it stands in; empty: none.
    pub(super) fn field(&self, cursor: &TreeCursor<'_>) -> &str {
        let field = cursor.field_id().and_then(|id| self.fields.get(usize::from(id.get())));
        field.map_or("", String::as_str)
    }
}
