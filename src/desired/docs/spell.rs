//! How a field is written, in either spelling.

use crate::desired::shape::{Field, literals};
use crate::desired::text::{Raw, Spelling};

/// The field with its example: `color="d73a4a"`, or on a line of its own `color "d73a4a"`, or in TOML.
pub(in crate::desired) fn spell(field: &Field, spelling: Spelling, inline: bool) -> String {
    match spelling {
        Spelling::Kdl if inline && !field.ty.is_list() => format!("{}={}", field.name, field.example),
        Spelling::Kdl => format!("{} {}", field.name, field.example),
        Spelling::Toml => format!("{} = {}", field.name, toml(field.example, field.ty.is_list())),
    }
}

/// Values as KDL writes them, as TOML writes them.
pub(in crate::desired) fn toml(kdl: &str, list: bool) -> String {
    let values: Vec<String> = literals(kdl).iter().map(toml_value).collect();
    if list { format!("[{}]", values.join(", ")) } else { values.join(" ") }
}

pub(super) fn toml_value(raw: &Raw<'_>) -> String {
    match raw {
        Raw::Null => "\"unlimited\"".to_owned(),
        Raw::Flag(b) => b.to_string(),
        Raw::Int(n) => n.to_string(),
        Raw::Float(n) => n.to_string(),
        Raw::Text(text) => toml_edit::Value::from(text.as_ref()).to_string(),
    }
}
