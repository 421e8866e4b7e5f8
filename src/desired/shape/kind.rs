//! Kinds of node and their fields.

use super::Type;

/// How often a kind of node may stand in its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// At most once.
    Once,
    /// Any number of times.
    Many,
    /// Any number of times, but each key once; keys are compared without regard to case.
    ByKey,
}

/// A kind of node: `repo`, `label-set`, `labels` …
#[derive(Debug)]
pub struct Kind {
    /// The word that config writes.
    pub name: &'static str,
    /// One paragraph for people.
    pub about: &'static str,
    /// What stands right after the name in KDL; in TOML it is the key of the table, or a field of this name
    /// where the kind is not repeated by key.
    pub key: Option<Field>,
    /// Its fields.
    pub fields: &'static [Field],
    /// The kinds of node that may stand in it.
    pub children: &'static [&'static Kind],
    /// How often it may stand in its parent.
    pub repeat: Repeat,
    /// How many of it may stand in its parent.
    pub most: usize,
    /// Whether the vocabulary adds further fields, chosen by the key (a loop's own settings).
    pub open: bool,
    /// Whether it stands in the root file alone. That one is KDL, so such a kind has no TOML spelling.
    pub root_only: bool,
    /// A whole node, as KDL.
    pub example: &'static str,
}

impl Kind {
    /// An example's worth of emptiness, to be completed with struct update syntax.
    pub const EMPTY: Self = Self {
        name: "",
        about: "",
        key: None,
        fields: &[],
        children: &[],
        repeat: Repeat::Once,
        most: 1_000,
        open: false,
        root_only: false,
        example: "",
    };

    /// The field of this name. The key counts as a field unless it is what tells the nodes apart.
    pub fn field(&self, name: &str) -> Option<&Field> {
        let key = self.key.iter().filter(|_| self.repeat != Repeat::ByKey);
        key.chain(self.fields).find(|f| f.name == name)
    }

    /// The kind of child of this name.
    pub fn child(&self, name: &str) -> Option<&'static Kind> {
        self.children.iter().copied().find(|k| k.name == name)
    }
}

/// A named value within a node, written `name=value` on the node or `name value` within its braces.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The word that config writes.
    pub name: &'static str,
    /// One paragraph for people.
    pub about: &'static str,
    /// What values it takes.
    pub ty: Type,
    /// Whether the node is wrong without it.
    pub required: bool,
    /// The value that holds when it isn't written, as KDL writes it; `None` when nothing holds then.
    pub default: Option<&'static str>,
    /// A value, as KDL writes it.
    pub example: &'static str,
}

impl Field {
    /// An optional field without a default.
    pub const fn new(name: &'static str, ty: Type, about: &'static str, example: &'static str) -> Self {
        Self { name, about, ty, required: false, default: None, example }
    }

    /// The same field, required.
    #[must_use]
    pub const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// The same field with a default, as KDL writes it.
    #[must_use]
    pub const fn or(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }
}
