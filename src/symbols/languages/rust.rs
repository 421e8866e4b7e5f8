//! Rust: items, members of `impl` blocks under their type, `use` in all its forms, and paths from `crate`.

use tree_sitter::Node;

use super::super::file::{Import, Imported, Kind};
use super::super::layout::{Layout, Located, folder, join};
use super::super::mentions::{Part, Reach, Spot};
use super::super::walk::{Draft, Place, Step, Walk};
use super::{Dialect, Interest, plain_names};

/// The language.
pub(super) struct Rust;

impl Dialect for Rust {
    fn extensions(&self) -> &'static [&'static str] {
        &["rs"]
    }

    fn grammar(&self) -> tree_sitter::Language {
        tree_sitter_rust::LANGUAGE.into()
    }

    fn interest(&self, kind: &str) -> Interest {
        match kind {
            "mod_item"
            | "struct_item"
            | "enum_item"
            | "union_item"
            | "type_item"
            | "trait_item"
            | "impl_item"
            | "function_item"
            | "function_signature_item"
            | "const_item"
            | "static_item"
            | "macro_definition"
            | "enum_variant"
            | "use_declaration"
            | "macro_invocation"
            | "crate"
            | "super" => Interest::Visit,
            "line_comment"
            | "block_comment"
            | "string_literal"
            | "raw_string_literal"
            | "char_literal"
            | "visibility_modifier"
            | "attribute_item"
            | "inner_attribute_item" => Interest::Over,
            _ => Interest::Through,
        }
    }

    fn visit(&self, node: Node<'_>, walk: &mut Walk<'_>) -> Step {
        match node.kind() {
            "use_declaration" => {
                imports(node, walk);
                Step::Over
            }
            "crate" | "super" => {
                path_in_code(node, walk);
                Step::Into
            }
            "macro_invocation" => {
                if matches!(walk.place(), Place::Type | Place::Interface) {
                    walk.within_has_more();
                }
                Step::Into
            }
            "impl_item" => implementation(node, walk),
            kind => item(kind, node, walk),
        }
    }

    fn part(&self, spot: &Spot<'_, '_>) -> Part {
        match (spot.of, spot.field) {
            (
                "use_declaration"
                | "extern_crate_declaration"
                | "visibility_modifier"
                | "lifetime"
                | "label"
                | "lifetime_parameter",
                _,
            ) => Part::Nothing,
            ("attribute", "arguments") => attributed(spot),
            ("token_tree" | "token_repetition", _) if spot.kind == "identifier" => token(spot),
            (
                "struct_item"
                | "enum_item"
                | "union_item"
                | "trait_item"
                | "type_item"
                | "function_item"
                | "function_signature_item"
                | "const_item"
                | "static_item"
                | "mod_item"
                | "macro_definition",
                "name",
            ) => Part::Names,
            ("enum_variant" | "associated_type" | "type_binding", "name") => Part::Other,
            ("type_parameter" | "const_parameter", "name") => Part::Parameter,
            ("scoped_identifier" | "scoped_type_identifier", "name") => {
                let path = spot.out(0).and_then(|of| of.child_by_field_name("path"));
                if path.is_some_and(|path| path.kind() == "self") { Part::Code } else { Part::Other }
            }
            ("scoped_identifier" | "scoped_type_identifier", "path")
            | ("struct_pattern" | "tuple_struct_pattern" | "parameter", "type")
            | ("generic_pattern" | "range_pattern", _)
            | ("match_pattern", "condition") => Part::Code,
            (
                "parameter" | "let_declaration" | "let_condition" | "for_expression" | "match_arm",
                "pattern",
            )
            | ("closure_parameters", _) => Part::Binds,
            // By what everyone holds to, a name in a pattern that begins with a capital is that of a type, a variant or a constant.
            _ if spot.kind == "identifier"
                && spot.inherited == Part::Binds
                && spot.text().starts_with(char::is_uppercase) =>
            {
                Part::Code
            }
            _ => Part::Same,
        }
    }

    fn reach(&self, kind: &str) -> Option<Reach> {
        match kind {
            "function_item" | "function_signature_item" | "closure_expression" | "for_expression" => {
                Some(Reach::Body)
            }
            "block" | "match_arm" | "if_expression" | "while_expression" | "mod_item" => Some(Reach::Whole),
            "struct_item" | "enum_item" | "union_item" | "trait_item" | "type_item" | "impl_item"
            | "associated_type" => Some(Reach::Type),
            _ => None,
        }
    }

    fn finish(&self, walk: &mut Walk<'_>) {
        let mut seen = std::collections::HashSet::new();
        walk.imports_mut().retain(|import| {
            import.top_level
                || seen.insert((import.module.clone(), import.what.clone(), import.alias.clone()))
        });
    }

    fn modules(&self, layout: &Layout, from: &str, module: &str) -> Vec<Located> {
        modules(layout, from, module).into_iter().collect()
    }

    fn child(&self, module: &str, name: &str) -> Option<String> {
        Some(format!("{module}::{name}"))
    }

    fn gives_out(&self, _path: &str, import: &Import) -> bool {
        import.reexport
    }

    fn names(&self, written: &str) -> Option<Vec<String>> {
        let written = written.trim_start_matches(['&', '?']).trim();
        let written = written.strip_prefix("dyn ").unwrap_or(written);
        plain_names(written, &[':'])
    }
}

/// Records an item that has a name.
fn item(kind: &str, node: Node<'_>, walk: &mut Walk<'_>) -> Step {
    let Some(name) = walk.field(node, "name") else { return Step::Into };
    let member = walk.place() != Place::Module;
    let public = walk.place() == Place::Interface || has(node, "visibility_modifier");
    let (made, inside) = match kind {
        "mod_item" => (Kind::Module, Some(Place::Module)),
        "struct_item" | "enum_item" | "union_item" => (Kind::Type, Some(Place::Type)),
        "trait_item" => (Kind::Type, Some(Place::Interface)),
        // A type in an `impl` or a trait is a detail of it.
        "type_item" if member => return Step::Into,
        "type_item" => (Kind::Type, None),
        "function_item" | "function_signature_item" if member => (Kind::Method, Some(Place::Function)),
        "function_item" | "function_signature_item" => (Kind::Function, Some(Place::Function)),
        "macro_definition" => (Kind::Function, Some(Place::Function)),
        _ => (Kind::Constant, None),
    };
    let public = public || kind == "enum_variant" || (kind == "macro_definition" && exported(node, walk));
    if kind == "type_item" || (made == Kind::Type && is_derived(node, walk)) {
        walk.has_more(node);
    }
    let bases = node.child_by_field_name("bounds").map_or_else(Vec::new, |bounds| bounds_of(bounds, walk));
    walk.define(Draft { kind: made, name, node, public, bases });
    if inside == Some(Place::Function) && !leads_out(walk.text(node)) {
        return Step::Over;
    }
    inside.map_or(Step::Into, |place| Step::Scope(place, name.to_owned()))
}

/// Whether a text may hold an import or a path from `crate` or `super`; most functions don't and needn't be gone
/// through.
fn leads_out(text: &str) -> bool {
    text.contains("crate") || text.contains("super") || text.contains("use ")
}

/// Whether `#[macro_export]` stands right before a macro.
fn exported(node: Node<'_>, walk: &Walk<'_>) -> bool {
    node.prev_named_sibling()
        .is_some_and(|before| before.kind() == "attribute_item" && walk.text(before).contains("macro_export"))
}

/// Whether an attribute stands right before a type that may give it members.
fn is_derived(node: Node<'_>, walk: &Walk<'_>) -> bool {
    const PLAIN: [&str; 9] =
        ["doc", "allow", "expect", "warn", "cfg", "must_use", "non_exhaustive", "repr", "deprecated"];
    let mut before = node.prev_named_sibling();
    while let Some(one) = before {
        match one.kind() {
            "attribute_item" => {
                let text = walk.text(one).trim_start_matches(['#', '[', ' ']);
                let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
                if !PLAIN.contains(&&text[..end]) {
                    return true;
                }
            }
            "line_comment" | "block_comment" => {}
            _ => return false,
        }
        before = one.prev_named_sibling();
    }
    false
}

/// What the names in an attribute's arguments are: those of traits where they are derived.
fn attributed(spot: &Spot<'_, '_>) -> Part {
    let name = spot.out(0).and_then(|of| of.named_child(0));
    let name = name.and_then(|name| spot.source.get(name.byte_range()));
    if name == Some("derive") { Part::Code } else { Part::Nothing }
}

/// What a name is among the tokens of a macro, by what stands around it.
fn token(spot: &Spot<'_, '_>) -> Part {
    if spot.inherited == Part::Nothing {
        return Part::Nothing;
    }
    let range = spot.node.byte_range();
    let before = spot.source.get(..range.start).unwrap_or_default().trim_end();
    let after = spot.source.get(range.end..).unwrap_or_default().trim_start();
    let is_member = (before.ends_with('.') && !before.ends_with("..")) || before.ends_with("::");
    let is_key = (after.starts_with(':') && !after.starts_with("::"))
        || (after.starts_with('=') && !after.starts_with("==") && !after.starts_with("=>"));
    if is_member || is_key { Part::Other } else { Part::Code }
}

/// The traits that a trait asks for.
fn bounds_of(bounds: Node<'_>, walk: &Walk<'_>) -> Vec<String> {
    let mut cursor = bounds.walk();
    let named = bounds.named_children(&mut cursor).filter(|bound| bound.kind() != "lifetime");
    named.map(|bound| walk.text(bound).to_owned()).collect()
}

/// Opens an `impl` block under the name of its type.
fn implementation(node: Node<'_>, walk: &mut Walk<'_>) -> Step {
    let of = walk.field(node, "type").and_then(|written| Rust.names(written));
    let Some(name) = of.and_then(|names| names.last().cloned()) else {
        return Step::Scope(Place::Function, String::new());
    };
    if walk.place() == Place::Function {
        return Step::Scope(Place::Function, String::new());
    }
    let within = walk.within();
    let symbol = if within.is_empty() { name.clone() } else { format!("{within}.{name}") };
    walk.add_text(symbol, node);
    let written = walk.field(node, "type").unwrap_or_default();
    match walk.field(node, "trait") {
        Some(base) => {
            walk.implement(written, base);
            Step::Scope(Place::Interface, name)
        }
        None => Step::Scope(Place::Type, name),
    }
}

/// Records what a `use` brings in, one import a name.
fn imports(node: Node<'_>, walk: &mut Walk<'_>) {
    let reexport = has(node, "visibility_modifier");
    let Some(argument) = node.child_by_field_name("argument") else { return };
    let mut open = vec![(argument, String::new())];
    while let Some((tree, prefix)) = open.pop() {
        // A list that is nested deeper than a path may be long is nobody's.
        if prefix.len() > 1_000 {
            walk.partial();
            continue;
        }
        let path = |part: Option<&str>| match part {
            None => prefix.clone(),
            Some(part) if prefix.is_empty() => part.to_owned(),
            Some(part) => format!("{prefix}::{part}"),
        };
        match tree.kind() {
            "use_list" => {
                let mut cursor = tree.walk();
                let items: Vec<Node<'_>> = tree.named_children(&mut cursor).collect();
                open.extend(items.into_iter().rev().map(|item| (item, prefix.clone())));
            }
            "scoped_use_list" => {
                if let Some(list) = tree.child_by_field_name("list") {
                    open.push((list, path(walk.field(tree, "path"))));
                }
            }
            "use_wildcard" => {
                let inner = tree.named_child(0).map(|inner| walk.text(inner));
                let module = path(inner);
                bring(walk, &module, Imported::All, None, reexport, tree);
            }
            "use_as_clause" => {
                let full = path(walk.field(tree, "path"));
                let alias = walk.field(tree, "alias");
                bring_path(walk, &full, alias, reexport, tree);
            }
            "self" if !prefix.is_empty() => bring_path(walk, &prefix, None, reexport, tree),
            "identifier" | "scoped_identifier" | "crate" | "self" | "super" => {
                let full = path(Some(walk.text(tree)));
                bring_path(walk, &full, None, reexport, tree);
            }
            _ => {}
        }
    }
}

/// Records the import of what a path ends in.
fn bring_path(walk: &mut Walk<'_>, path: &str, alias: Option<&str>, reexport: bool, node: Node<'_>) {
    let path = path.strip_suffix("::self").unwrap_or(path);
    match path.rsplit_once("::") {
        Some((module, name)) if !module.is_empty() => {
            bring(walk, module, Imported::Name(name.trim().to_owned()), alias, reexport, node);
        }
        _ => bring(walk, path.trim_start_matches("::"), Imported::Module, alias, reexport, node),
    }
}

fn bring(
    walk: &mut Walk<'_>,
    module: &str,
    what: Imported,
    alias: Option<&str>,
    reexport: bool,
    node: Node<'_>,
) {
    let module: String = module.chars().filter(|c| !c.is_whitespace()).collect();
    let module = from_file(walk.modules(), &module);
    walk.import(&module, what, alias, reexport, node);
}

/// A path as it is written in modules inside of a file, as it would be written in the file itself.
fn from_file(modules: &str, path: &str) -> String {
    let mut around: Vec<&str> = modules.split('.').filter(|name| !name.is_empty()).collect();
    if around.is_empty() {
        return path.to_owned();
    }
    let mut names = path.split("::").peekable();
    let mut relative = false;
    while let Some(name) = names.peek() {
        match *name {
            "self" => relative = true,
            "super" if !around.is_empty() => {
                around.pop();
                relative = true;
            }
            _ => break,
        }
        names.next();
    }
    if !relative {
        return path.to_owned();
    }
    let rest: Vec<&str> = names.collect();
    // What is left of `super` leads out of the file.
    let start = if rest.first() == Some(&"super") { Vec::new() } else { vec!["self"] };
    start.into_iter().chain(around).chain(rest).collect::<Vec<_>>().join("::")
}

/// Records a path from `crate` or `super` that stands in code, a macro's arguments included.
fn path_in_code(node: Node<'_>, walk: &mut Walk<'_>) {
    if walk.before(node.start_byte()).ends_with("::") {
        return;
    }
    let text = walk.from(node.start_byte());
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len());
    let path = text[..end].trim_end_matches(':');
    if path.contains("::") {
        let module = from_file(walk.modules(), path);
        // What lies in the file itself is named by its own name.
        let own = module.strip_prefix("self::").and_then(|rest| rest.split("::").next());
        walk.path(node, own.unwrap_or(&module).to_owned());
        let top = walk.at_top();
        walk.import(&module, Imported::Module, None, false, node);
        // It is used in place and gives the file no name.
        if top && let Some(last) = walk.imports_mut().last_mut() {
            last.top_level = false;
        }
    }
}

fn has(node: Node<'_>, kind: &str) -> bool {
    let mut cursor = node.walk();
    node.children(&mut cursor).take(12).any(|child| child.kind() == kind)
}

/// The file and the names in it that a path means.
fn modules(layout: &Layout, from: &str, module: &str) -> Option<Located> {
    let mut names = module.split("::").filter(|name| !name.is_empty()).peekable();
    let first = names.next()?;
    let mut at = match first {
        "crate" => Module::root(layout, from)?,
        "self" => Module::of(layout, from)?,
        "super" => Module::of(layout, from)?.parent(layout, from)?,
        name => {
            let own = Module::of(layout, from).and_then(|own| own.child(layout, name));
            own.or_else(|| Module::package(layout, from, name))?
        }
    };
    while names.peek() == Some(&"super") {
        names.next();
        at = at.parent(layout, from)?;
    }
    let mut within = Vec::new();
    for name in names {
        match at.child(layout, name).filter(|_| within.is_empty()) {
            Some(inner) => at = inner,
            None => within.push(name),
        }
    }
    Some(Located { file: at.file, within: within.join(".") })
}

/// A module that is a file, and the folder that its own modules lie in.
struct Module {
    file: u32,
    folder: String,
}

impl Module {
    fn root(layout: &Layout, from: &str) -> Option<Self> {
        let mut at = folder(from);
        loop {
            if let Some(root) = Self::in_root(layout, at) {
                return Some(root);
            }
            if at.is_empty() {
                // A test or an example is a crate of its own.
                return Some(Self { file: layout.file(from)?, folder: folder(from).to_owned() });
            }
            at = folder(at);
        }
    }

    fn in_root(layout: &Layout, at: &str) -> Option<Self> {
        let file = ["lib.rs", "main.rs"].into_iter().find_map(|name| layout.file(&join(at, name)))?;
        Some(Self { file, folder: at.to_owned() })
    }

    fn of(layout: &Layout, from: &str) -> Option<Self> {
        let file = layout.file(from)?;
        let at = folder(from);
        let name = from.rsplit('/').next().unwrap_or(from);
        let own = match name {
            "lib.rs" | "main.rs" | "mod.rs" => at.to_owned(),
            other => join(at, other.strip_suffix(".rs").unwrap_or(other)),
        };
        Some(Self { file, folder: own })
    }

    fn child(&self, layout: &Layout, name: &str) -> Option<Self> {
        let inner = join(&self.folder, name.strip_prefix("r#").unwrap_or(name));
        let file = layout.file(&format!("{inner}.rs")).or_else(|| layout.file(&join(&inner, "mod.rs")))?;
        Some(Self { file, folder: inner })
    }

    fn parent(&self, layout: &Layout, from: &str) -> Option<Self> {
        let up = folder(&self.folder);
        if let Some(root) = Self::in_root(layout, up) {
            return Some(root);
        }
        let file = layout.file(&format!("{up}.rs")).or_else(|| layout.file(&join(up, "mod.rs")));
        match file {
            Some(file) => Some(Self { file, folder: up.to_owned() }),
            None => Self::root(layout, from).filter(|root| root.folder == up),
        }
    }

    /// The root of a package of the tree, by the name it was declared with or that of its folder.
    fn package(layout: &Layout, from: &str, name: &str) -> Option<Self> {
        layout.packages(name).chain(layout.crates(name)).find_map(|at| {
            let source = join(at, "src");
            let lib = layout.file(&join(&source, "lib.rs")).map(|file| Self { file, folder: source.clone() });
            lib.or_else(|| Self::in_root(layout, at))
                .or_else(|| Self::in_root(layout, &source).filter(|_| from.starts_with(&format!("{at}/"))))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Language;
    use super::super::outline::outline;

    #[test]
    fn says_what_a_file_has() {
        let source = r#"
use std::{fmt, io::{self, Read as R}};
pub use self::model::*;
use crate::plan::Plan;
pub const LIMIT: u8 = 3;
static NAME: &str = "crate::not::this";
/// crate::nor::this
pub struct Engine<T> { plan: crate::plan::Inner, t: T }
impl<T> Engine<T> {
    pub fn new() -> Self { fn inner() {} use crate::late::Late; crate::a::b(crate::a::b()) }
    fn private(&self) {}
}
impl<T> fmt::Display for Engine<T> { fn fmt(&self) { write!(f, "{}", crate::text::Text::of(1)) } }
pub trait Port: Send + Clone { const X: u8; fn call(&self); }
pub enum State { Open, Shut(u8) }
type Short = Engine<u8>;
#[macro_export]
macro_rules! hey { () => {} }
mod inner {
    use super::State;
    pub fn go() {}
    mod deep { use super::super::Port; use super::go; use super::super::super::up; }
}
mod other;
impl<T: Port> Port for &T {}
"#;
        insta::assert_snapshot!(outline(Language::Rust, source), @r"
        8: pub type Engine
        13: pub method Engine.fmt
        10: pub method Engine.new
        11: method Engine.private
        5: pub constant LIMIT
        6: constant NAME
        14: pub type Port : Send + Clone
        14: pub constant Port.X
        14: pub method Port.call
        16: type Short
        15: pub type State
        15: pub constant State.Open
        15: pub constant State.Shut
        18: pub function hey
        19: module inner
        22: module inner.deep
        21: pub function inner.go
        24: module other
        2: from `std` name fmt
        2: from `std` name io
        2: from `std::io` name Read as R
        3: from `self::model` all, given out
        4: from `crate::plan` name Plan
        8: from `crate::plan::Inner` module, inside
        10: from `crate::late` name Late, inside
        10: from `crate::a::b` module, inside
        13: from `crate::text::Text::of` module, inside
        20: from `self` name State, inside
        22: from `self` name Port, inside
        22: from `self::inner` name go, inside
        22: from `super` name up, inside
        Engine<T> is made from fmt::Display
        &T is made from Port
        ");
    }

    #[test]
    fn reads_what_it_can_of_a_broken_file() {
        let source = "pub struct A;\nfn broken( {{{\npub struct B { x: u8 }\nfn c() {}\n";
        insta::assert_snapshot!(outline(Language::Rust, source), @r"
        partial
        1: pub type A
        3: pub type B
        4: function c
        ");
    }
}
