//! The JSON Schema of the TOML spelling, for editors.

use serde_json::{Map, Value, json};

use crate::desired::sections::{LOOP, ROOT};
use crate::desired::shape::{Field, Kind, Repeat, Type, Vocabulary};

use super::spell::toml;

/// JSON Schema (draft 2020-12) of a config file in TOML.
pub fn schema(vocabulary: &Vocabulary) -> Value {
    let mut defs = Map::new();
    let properties = members(&ROOT, vocabulary, &mut defs);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "factoryctl config",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
        "$defs": defs,
    })
}

/// The tables that may stand in a kind.
fn members(
    kind: &'static Kind,
    vocabulary: &Vocabulary,
    defs: &mut Map<String, Value>,
) -> Map<String, Value> {
    let mut out = Map::new();
    for child in kind.children.iter().filter(|child| !child.root_only) {
        out.insert(child.name.to_owned(), placed(child, vocabulary, defs));
    }
    out
}

/// A kind where it stands: once, by key, or many times.
fn placed(kind: &'static Kind, vocabulary: &Vocabulary, defs: &mut Map<String, Value>) -> Value {
    if kind.name == LOOP {
        return loops(kind, vocabulary, defs);
    }
    if !defs.contains_key(kind.name) {
        // Taken before its members are described, so that each is described once.
        defs.insert(kind.name.to_owned(), Value::Null);
        let described = object(kind, None, vocabulary, defs);
        defs.insert(kind.name.to_owned(), described);
    }
    let reference = json!({ "$ref": format!("#/$defs/{}", kind.name) });
    match (kind.repeat, &kind.key) {
        (Repeat::ByKey, _) => {
            json!({ "type": "object", "description": kind.about, "additionalProperties": reference })
        }
        (Repeat::Many, _) => json!({ "type": "array", "description": kind.about, "items": reference }),
        (Repeat::Once, Some(key)) if !kind.fields.iter().any(|f| f.required) => {
            json!({ "anyOf": [reference, ty(key.ty, vocabulary)] })
        }
        (Repeat::Once, _) => reference,
    }
}

/// One table a loop, each with its own settings.
fn loops(kind: &'static Kind, vocabulary: &Vocabulary, defs: &mut Map<String, Value>) -> Value {
    let mut properties = Map::new();
    for shape in &vocabulary.loops {
        let mut table = object(kind, Some(shape.kind), vocabulary, defs);
        table["description"] = shape.about.into();
        properties.insert(shape.name.to_owned(), table);
    }
    json!({ "type": "object", "description": kind.about, "additionalProperties": false, "properties": properties })
}

fn object(
    kind: &'static Kind,
    own: Option<&'static Kind>,
    vocabulary: &Vocabulary,
    defs: &mut Map<String, Value>,
) -> Value {
    let key = kind.key.iter().filter(|_| kind.repeat != Repeat::ByKey);
    let fields: Vec<&Field> = key.chain(kind.fields).chain(own.iter().flat_map(|k| k.fields)).collect();
    let required: Vec<&str> = fields.iter().filter(|f| f.required).map(|f| f.name).collect();
    let mut properties: Map<String, Value> =
        fields.iter().map(|f| (f.name.to_owned(), field(f, vocabulary))).collect();
    properties.append(&mut members(kind, vocabulary, defs));
    let mut out = json!({
        "type": "object",
        "description": kind.about,
        "additionalProperties": false,
        "properties": properties,
    });
    if !required.is_empty() {
        out["required"] = required.into();
    }
    out
}

fn field(field: &Field, vocabulary: &Vocabulary) -> Value {
    let mut out = ty(field.ty, vocabulary);
    out["description"] = field.about.into();
    let json = |kdl: &str| -> Option<Value> {
        let text = format!("v = {}", toml(kdl, field.ty.is_list()));
        let table: toml::Table = text.parse().ok()?;
        serde_json::to_value(table.get("v")?).ok()
    };
    if let Some(default) = field.default.and_then(json) {
        out["default"] = default;
    }
    if let Some(example) = json(field.example) {
        out["examples"] = json!([example]);
    }
    out
}

fn ty(ty_: Type, vocabulary: &Vocabulary) -> Value {
    let text = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    match ty_ {
        Type::Flag => json!({ "type": "boolean" }),
        Type::Text { max } => json!({ "type": "string", "maxLength": max }),
        Type::Prose { max } => json!({ "type": "string", "minLength": 1, "maxLength": max }),
        Type::Int { min, max: i64::MAX } => json!({ "type": "integer", "minimum": min }),
        Type::Int { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Type::Limit { max } => {
            json!({ "anyOf": [{ "type": "integer", "minimum": 0, "maximum": max }, { "const": "unlimited" }] })
        }
        Type::Dollars { max, unlimited } => {
            let number = json!({ "type": "number", "minimum": 0, "maximum": max });
            let none = unlimited.then(|| json!({ "const": "unlimited" }));
            let all: Vec<Value> =
                [number, text("^\\$?[0-9]+(\\.[0-9]{1,6})?$")].into_iter().chain(none).collect();
            json!({ "anyOf": all })
        }
        Type::Duration { .. } => text("^([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$"),
        Type::Word(words) => json!({ "type": "string", "enum": words }),
        Type::Rule => json!({ "type": "string", "enum": vocabulary.rules }),
        Type::Guard => json!({ "type": "string", "enum": vocabulary.guards }),
        Type::Loop => {
            json!({ "type": "string", "enum": vocabulary.loops.iter().map(|l| l.name).collect::<Vec<_>>() })
        }
        Type::Repo => text("^[A-Za-z0-9_][A-Za-z0-9_-]*/[A-Za-z0-9_.-]+$"),
        Type::RepoPattern => text("^[A-Za-z0-9_.*-]+/[A-Za-z0-9_.*-]+$"),
        Type::OwnerPattern => text("^[A-Za-z0-9_.-]+/[A-Za-z0-9_.*-]+$"),
        Type::Address => text("^(repo|loop|term|factory|[^/]*\\*[^/]*)(/[^/]+)*$"),
        Type::Color => text("^#?[0-9A-Fa-f]{6}$"),
        Type::Label => json!({ "type": "string", "minLength": 1, "maxLength": 50 }),
        Type::Name | Type::Agent => text("^[A-Za-z0-9_.-]{1,64}$"),
        Type::Topic => text("^[a-z0-9][a-z0-9-]{0,49}$"),
        Type::Branch => json!({ "type": "string", "minLength": 1, "maxLength": 200 }),
        Type::Date => text("^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
        Type::Moment => text("^[0-9]{4}-[0-9]{2}-[0-9]{2}"),
        Type::Secret => text("^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$"),
        Type::Api => text("^https?://"),
        Type::Path => text("^/"),
        Type::Website => text("^(https?://.+)?$"),
        Type::Listen => text("^.+:[0-9]+$"),
        Type::Model => json!({ "type": "string", "minLength": 1, "maxLength": 200 }),
        // One value may stand for a list of one.
        Type::List { of, max } | Type::Row { of, max } => {
            let (item, once) = (ty(*of, vocabulary), matches!(ty_, Type::List { .. }));
            json!({ "anyOf": [{ "type": "array", "items": item, "maxItems": max, "uniqueItems": once }, item] })
        }
    }
}
