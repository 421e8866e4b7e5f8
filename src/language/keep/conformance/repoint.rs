//! How a place in the code is written anew, in the spelling in which it was written before.

use crate::language::adr::{Pointed, read_citation};
use crate::model::language::Anchor;

/// A check `test:path::name` that points to another place; nothing where it wasn't written like that.
pub(super) fn check(written: &str, to: &Anchor) -> Option<String> {
    let (_, name) = written.strip_prefix("test:")?.split_once("::")?;
    let symbol = if name.contains('.') { to.symbol().to_owned() } else { to.symbol().replace('.', "::") };
    Some(format!("test:{}::{symbol}", to.path()))
}

/// A citation `path:Symbol` that points to another place; nothing where it would be read as something else.
pub(super) fn citation(written: &str, to: &Anchor) -> Option<String> {
    let (_, symbol) = written.split_once(':')?;
    let (colons, name) = match symbol.strip_prefix(':') {
        Some(name) => ("::", name),
        None => (":", symbol),
    };
    let (name, call) = match name.strip_suffix("()") {
        Some(name) => (name, "()"),
        None => (name, ""),
    };
    let nested = name.contains("::") || (colons == "::" && !name.contains('.'));
    let symbol = if nested { to.symbol().replace('.', "::") } else { to.symbol().to_owned() };
    let with = format!("{}{colons}{symbol}{call}", to.path());
    (read_citation(&with) == Some(Pointed::Symbol(to.clone()))).then_some(with)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spelling_stays() {
        let to: Anchor = "src/new.rs:Type.name".parse().unwrap();
        let rows = [
            ("a check", check("test:old.rs::tests::name", &to), Some("test:src/new.rs::Type::name")),
            ("a check with dots", check("test:old.rs::tests.name", &to), Some("test:src/new.rs::Type.name")),
            ("a whole file", check("test:old.rs", &to), None),
            ("a command", check("command:make", &to), None),
            ("a symbol", citation("src/old.rs:name", &to), Some("src/new.rs:Type.name")),
            ("as Rust spells it", citation("src/old.rs:Type::name()", &to), Some("src/new.rs:Type::name()")),
            ("two colons", citation("src/old.rs::Type", &to), Some("src/new.rs::Type::name")),
            ("dots after two colons", citation("src/old.rs::Type.n", &to), Some("src/new.rs::Type.name")),
        ];
        for (name, found, expected) in rows {
            assert_eq!(found.as_deref(), expected, "{name}");
        }
        let odd: Anchor = "src/new.rs:operator+".parse().unwrap();
        assert_eq!(citation("src/old.rs:name", &odd), None);
    }
}
