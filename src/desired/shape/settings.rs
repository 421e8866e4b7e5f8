//! A loop's settings as it reads them: what config wrote, else the default that the kind states.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;

use super::{Context, Field, Kind, Vocabulary, check};
use crate::desired::text::{Raw, Spelling};

/// Settings by name, defaults filled in from the kind that declares them.
///
/// Asking for a field that the kind doesn't have, or that has no default and wasn't written, is a mistake in the
/// loop and panics; `optional` asks without a default.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    kind: &'static Kind,
    written: &'a BTreeMap<String, Json>,
}

impl<'a> Settings<'a> {
    /// The settings that `kind` declares, of which `written` stand in config.
    pub fn new(kind: &'static Kind, written: &'a BTreeMap<String, Json>) -> Self {
        Self { kind, written }
    }

    /// A length of time.
    pub fn get_duration(&self, name: &str) -> Duration {
        Duration::from_secs(self.value(name).as_u64().expect("the field is a Duration"))
    }

    /// A whole number that isn't negative.
    pub fn get_u64(&self, name: &str) -> u64 {
        self.value(name).as_u64().expect("the field is an Int of at least 0")
    }

    /// A whole number, or `None` for no limit.
    pub fn get_limit(&self, name: &str) -> Option<u64> {
        self.value(name).as_u64()
    }

    /// On or off.
    pub fn get_flag(&self, name: &str) -> bool {
        self.value(name).as_bool().expect("the field is a Flag")
    }

    /// A text or word.
    pub fn get_text(&self, name: &str) -> String {
        self.value(name).as_str().expect("the field is a text").to_owned()
    }

    /// The members of a list.
    pub fn get_texts(&self, name: &str) -> Vec<String> {
        let value = self.value(name);
        let list = value.as_array().expect("the field is a List");
        list.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect()
    }

    /// What stands in config, if anything does.
    pub fn optional(&self, name: &str) -> Option<&'a Json> {
        self.written.get(name)
    }

    fn value(&self, name: &str) -> Json {
        let field = self.kind.fields.iter().find(|f| f.name == name).expect("the kind declares the field");
        match self.written.get(name) {
            Some(value) => value.clone(),
            None => field.default_json().expect("a field that is read without asking has a default"),
        }
    }
}

impl Field {
    /// The default as JSON, in the form in which written values are kept.
    pub fn default_json(&self) -> Option<Json> {
        let values = literals(self.default?);
        let nobody =
            Vocabulary { loops: Vec::new(), guards: &[], rules: Vec::new(), today: jiff::civil::Date::ZERO };
        let cx = Context { spelling: Spelling::Kdl, vocabulary: &nobody };
        let mut json = values.iter().filter_map(|raw| check(self.ty, raw, cx).ok()).map(|v| v.to_json());
        if self.ty.is_list() { Some(json.collect()) } else { json.next() }
    }
}

/// The values in a text as KDL writes them after a node's name.
pub(in crate::desired) fn literals(text: &str) -> Vec<Raw<'static>> {
    let Ok(document) = kdl::KdlDocument::parse_v2(&format!("- {text}")) else { return Vec::new() };
    let entries = document.nodes().first().map_or(&[][..], |n| n.entries());
    entries.iter().map(|entry| raw(entry.value())).collect()
}

/// A value of KDL on its own.
pub(in crate::desired) fn raw(value: &kdl::KdlValue) -> Raw<'static> {
    match value {
        kdl::KdlValue::String(text) => Raw::Text(text.clone().into()),
        kdl::KdlValue::Integer(n) => Raw::Int(*n),
        kdl::KdlValue::Float(n) => Raw::Float(*n),
        kdl::KdlValue::Bool(b) => Raw::Flag(*b),
        kdl::KdlValue::Null => Raw::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DAY, MINUTE, Type};
    use super::*;

    static KIND: Kind = Kind {
        name: "stale",
        fields: &[
            Field::new("after", Type::Duration { min: MINUTE, max: 90 * DAY }, "", "\"30d\"").or("\"30d\""),
            Field::new("max", Type::Int { min: 0, max: 100 }, "", "10").or("10"),
            Field::new("exempt", Type::List { of: &Type::Label, max: 9 }, "", "\"a\"").or("\"a\" \"b\""),
            Field::new("total", Type::Limit { max: 9 }, "", "3").or("#null"),
            Field::new("comment", Type::Flag, "", "#true").or("#true"),
        ],
        ..Kind::EMPTY
    };

    #[test]
    fn what_is_not_written_has_its_default() {
        let written = BTreeMap::from([("max".to_owned(), Json::from(3))]);
        let settings = Settings::new(&KIND, &written);
        assert_eq!(settings.get_duration("after"), Duration::from_secs(30 * DAY));
        assert_eq!(settings.get_u64("max"), 3);
        assert_eq!(settings.get_texts("exempt"), ["a", "b"]);
        assert_eq!(settings.get_limit("total"), None);
        assert!(settings.get_flag("comment"));
        assert_eq!(settings.optional("after"), None);
    }
}
