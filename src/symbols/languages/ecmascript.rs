//! What TypeScript and JavaScript have in common: nearly everything.

use tree_sitter::Node;

use super::super::file::{Imported, Kind};
use super::super::layout::{Layout, Located, folder, join};
use super::super::mentions::{Part, Reach, Spot};
use super::super::walk::{Draft, Place, Step, Walk};
use super::Interest;

/// The name under which a module gives out what has no name of its own.
const DEFAULT: &str = "default";

/// The ends that an import may leave out, in the order in which they are tried.
const ENDS: [&str; 10] = ["ts", "tsx", "d.ts", "js", "jsx", "mjs", "cjs", "mts", "cts", "json"];

/// What is wanted of a kind of node.
pub(super) fn interest(kind: &str) -> Interest {
    match kind {
        "import_statement"
        | "export_statement"
        | "class_declaration"
        | "abstract_class_declaration"
        | "class"
        | "interface_declaration"
        | "enum_declaration"
        | "enum_body"
        | "type_alias_declaration"
        | "function_declaration"
        | "generator_function_declaration"
        | "function_signature"
        | "function_expression"
        | "generator_function"
        | "arrow_function"
        | "method_definition"
        | "abstract_method_signature"
        | "method_signature"
        | "public_field_definition"
        | "field_definition"
        | "lexical_declaration"
        | "variable_declaration"
        | "variable_declarator"
        | "internal_module"
        | "module"
        | "object"
        | "call_expression"
        | "assignment_expression"
        | "class_static_block" => Interest::Visit,
        "comment" | "string" | "regex" | "jsx_text" | "type_annotation" | "type_parameters"
        | "type_arguments" | "property_signature" | "number" | "formal_parameters" => Interest::Over,
        _ => Interest::Through,
    }
}

/// What a node is to the names in it.
pub(super) fn part(spot: &Spot<'_, '_>) -> Part {
    match (spot.of, spot.field) {
        ("import_statement" | "export_clause" | "namespace_export", _) => Part::Nothing,
        ("type_parameter" | "mapped_type_clause", "name") => Part::Parameter,
        ("infer_type", _) if spot.kind == "type_identifier" => Part::Parameter,
        ("nested_type_identifier" | "index_signature" | "type_predicate", "name") => Part::Other,
        (
            "class_declaration"
            | "abstract_class_declaration"
            | "class"
            | "interface_declaration"
            | "enum_declaration"
            | "type_alias_declaration"
            | "function_declaration"
            | "generator_function_declaration"
            | "function_signature"
            | "function_expression"
            | "generator_function"
            | "internal_module"
            | "module"
            | "variable_declarator",
            "name",
        ) => Part::Names,
        ("formal_parameters", _)
        | ("required_parameter" | "optional_parameter", "pattern" | "name")
        | ("arrow_function" | "catch_clause", "parameter")
        | ("for_in_statement", "left") => Part::Binds,
        ("required_parameter" | "optional_parameter", "type" | "value" | "decorator")
        | ("assignment_pattern" | "object_assignment_pattern", "right")
        | ("computed_property_name" | "subscript_expression", _)
        | ("member_expression", "object") => Part::Code,
        ("jsx_opening_element" | "jsx_closing_element" | "jsx_self_closing_element", "name")
            if spot.text().starts_with(char::is_lowercase) && spot.kind == "identifier" =>
        {
            Part::Other
        }
        _ => Part::Same,
    }
}

/// How far names reach that are bound in a kind of node.
pub(super) fn reach(kind: &str) -> Option<Reach> {
    match kind {
        "function_declaration"
        | "generator_function_declaration"
        | "function_expression"
        | "generator_function"
        | "arrow_function"
        | "method_definition"
        | "method_signature"
        | "abstract_method_signature"
        | "function_signature"
        | "call_signature"
        | "construct_signature"
        | "function_type"
        | "constructor_type"
        | "catch_clause"
        | "for_statement"
        | "for_in_statement" => Some(Reach::Body),
        "statement_block" | "switch_body" | "class_static_block" => Some(Reach::Whole),
        "class_declaration"
        | "abstract_class_declaration"
        | "class"
        | "interface_declaration"
        | "type_alias_declaration" => Some(Reach::Type),
        _ => None,
    }
}

/// Looks at a node.
pub(super) fn visit(node: Node<'_>, walk: &mut Walk<'_>) -> Step {
    let hidden = || Step::Scope(Place::Function, String::new());
    match node.kind() {
        "import_statement" => {
            import(node, walk);
            Step::Over
        }
        "export_statement" => export(node, walk),
        "class_declaration" | "abstract_class_declaration" => {
            if is_decorated(node) {
                walk.has_more(node);
            }
            named(node, walk, Kind::Type).map_or(Step::Into, |name| Step::Scope(Place::Type, name))
        }
        "interface_declaration" => {
            named(node, walk, Kind::Type).map_or(Step::Into, |name| Step::Scope(Place::Interface, name))
        }
        "enum_declaration" => {
            named(node, walk, Kind::Type).map_or(Step::Into, |name| Step::Scope(Place::Type, name))
        }
        "type_alias_declaration" => {
            walk.has_more(node);
            named(node, walk, Kind::Type);
            Step::Over
        }
        "enum_body" => {
            variants(node, walk);
            Step::Over
        }
        "function_declaration" | "generator_function_declaration" | "function_signature" => {
            named(node, walk, Kind::Function);
            hidden()
        }
        "internal_module" | "module" => {
            named(node, walk, Kind::Module).map_or(Step::Into, |name| Step::Scope(Place::Module, name))
        }
        "method_definition" | "abstract_method_signature" | "method_signature" => {
            member(node, walk, Kind::Method);
            hidden()
        }
        "public_field_definition" | "field_definition" => field(node, walk),
        "lexical_declaration" | "variable_declaration" => {
            let mut cursor = node.walk();
            let declarators: Vec<Node<'_>> = node.named_children(&mut cursor).collect();
            let alone = declarators.len() == 1;
            let public = walk.published(node);
            for inner in declarators {
                walk.decorate(inner, if alone { node } else { inner }, public);
            }
            Step::Into
        }
        "variable_declarator" => variable(node, walk),
        "assignment_expression" => assignment(node, walk),
        "call_expression" => {
            if let Some(module) = required(node, walk) {
                walk.import(module, Imported::Module, None, false, node);
                if let Some(last) = walk.imports_mut().last_mut() {
                    last.top_level = false;
                }
            }
            Step::Into
        }
        // What has no name of its own hides what it holds.
        _ => hidden(),
    }
}

/// Leaves out what says nothing: a file's own name under the same name.
pub(super) fn finish(walk: &mut Walk<'_>) {
    let own: Vec<bool> = walk
        .imports_mut()
        .iter()
        .map(|import| (import.module.is_empty(), import.what.clone(), import.alias.clone()))
        .collect::<Vec<_>>()
        .into_iter()
        .map(|(here, what, alias)| match what {
            Imported::Name(name) => here && alias.is_none_or(|alias| alias == name) && walk.defines(&name),
            Imported::Module | Imported::All => false,
        })
        .collect();
    let mut own = own.into_iter();
    walk.imports_mut().retain(|_| !own.next().unwrap_or(false));
}

/// Whether a decorator is put on a class, or on what gives it out.
fn is_decorated(class: Node<'_>) -> bool {
    let has_one = |node: Node<'_>| {
        let mut cursor = node.walk();
        node.named_children(&mut cursor).take(16).any(|child| child.kind() == "decorator")
    };
    has_one(class) || class.parent().is_some_and(|of| of.kind() == "export_statement" && has_one(of))
}

/// Defines what has a name, and says which.
fn named(node: Node<'_>, walk: &mut Walk<'_>, kind: Kind) -> Option<String> {
    let name = node.child_by_field_name("name").and_then(|name| plain(name, walk))?;
    define(node, walk, kind, name, node);
    Some(name.to_owned())
}

fn define(node: Node<'_>, walk: &mut Walk<'_>, kind: Kind, name: &str, class: Node<'_>) {
    let bases = bases(class, walk);
    let public = walk.published(node);
    walk.define(Draft { kind, name, node, public, bases });
}

/// A name that can stand in a symbol.
fn plain<'s>(node: Node<'_>, walk: &Walk<'s>) -> Option<&'s str> {
    let text = walk.text(node);
    let bare = text.trim_matches(['"', '\'']);
    let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '#' | '.');
    (node.kind() != "computed_property_name" && !bare.is_empty() && bare.chars().all(word)).then_some(bare)
}

/// The types that a class or interface is made from.
fn bases(class: Node<'_>, walk: &Walk<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let mut cursor = class.walk();
    for clause in class.named_children(&mut cursor).take(16) {
        if !matches!(clause.kind(), "class_heritage" | "extends_type_clause") {
            continue;
        }
        let mut open = vec![clause];
        while let Some(node) = open.pop() {
            let mut cursor = node.walk();
            let children: Vec<Node<'_>> = node.named_children(&mut cursor).take(64).collect();
            for child in children {
                match child.kind() {
                    "extends_clause" | "implements_clause" => open.push(child),
                    "type_arguments" | "comment" => {}
                    _ => found.push((child.start_byte(), walk.text(child).to_owned())),
                }
            }
        }
    }
    found.sort();
    found.into_iter().map(|(_, base)| base).collect()
}

fn variants(node: Node<'_>, walk: &mut Walk<'_>) {
    let mut cursor = node.walk();
    let variants: Vec<Node<'_>> = node.named_children(&mut cursor).collect();
    for variant in variants {
        let name = variant.child_by_field_name("name").unwrap_or(variant);
        if let Some(name) = plain(name, walk).filter(|_| variant.kind() != "comment") {
            walk.define(Draft { kind: Kind::Constant, name, node: variant, public: true, bases: vec![] });
        }
    }
}

fn member(node: Node<'_>, walk: &mut Walk<'_>, kind: Kind) {
    if !matches!(walk.place(), Place::Type | Place::Interface) {
        return;
    }
    let name = node.child_by_field_name("name").or_else(|| node.child_by_field_name("property"));
    let Some(name) = name.and_then(|name| plain(name, walk)) else { return };
    let mut cursor = node.walk();
    let shut = node.children(&mut cursor).take(8).any(|child| {
        child.kind() == "accessibility_modifier" && matches!(walk.text(child), "private" | "protected")
    });
    walk.define(Draft { kind, name, node, public: !shut && !name.starts_with('#'), bases: vec![] });
}

/// A field of a class: a method if it holds a function, a constant if its name says so.
fn field(node: Node<'_>, walk: &mut Walk<'_>) -> Step {
    let value = node.child_by_field_name("value").map(|value| value.kind());
    if matches!(value, Some("arrow_function" | "function_expression")) {
        member(node, walk, Kind::Method);
        return Step::Into;
    }
    let name = walk.field(node, "name").or_else(|| walk.field(node, "property")).unwrap_or_default();
    if name.chars().any(char::is_uppercase) && !name.chars().any(char::is_lowercase) {
        member(node, walk, Kind::Constant);
    }
    Step::Into
}

fn variable(node: Node<'_>, walk: &mut Walk<'_>) -> Step {
    let Some(name) = node.child_by_field_name("name") else { return Step::Into };
    let value = node.child_by_field_name("value");
    if let Some(module) = value.and_then(|value| required(value, walk)) {
        if name.kind() == "object_pattern" {
            destructure(name, module, walk);
        } else {
            walk.import(module, Imported::Module, Some(walk.text(name)), false, node);
        }
        return Step::Over;
    }
    if walk.place() != Place::Module || name.kind() != "identifier" {
        return Step::Into;
    }
    let text = walk.text(name);
    match value.map(|value| (value.kind(), value)) {
        Some(("arrow_function" | "function_expression" | "generator_function", _)) => {
            define(node, walk, Kind::Function, text, node);
            Step::Into
        }
        Some(("class", class)) => {
            define(node, walk, Kind::Type, text, class);
            Step::Scope(Place::Type, text.to_owned())
        }
        _ => {
            define(node, walk, Kind::Constant, text, node);
            Step::Into
        }
    }
}

/// `const { a, b: c } = require(…)`.
fn destructure(pattern: Node<'_>, module: &str, walk: &mut Walk<'_>) {
    let mut cursor = pattern.walk();
    let parts: Vec<Node<'_>> = pattern.named_children(&mut cursor).collect();
    for part in parts {
        match part.kind() {
            "shorthand_property_identifier_pattern" => {
                walk.import(module, Imported::Name(walk.text(part).to_owned()), None, false, part);
            }
            "pair_pattern" => {
                let (key, value) = (walk.field(part, "key"), walk.field(part, "value"));
                if let Some(key) = key {
                    walk.import(module, Imported::Name(key.to_owned()), value, false, part);
                }
            }
            _ => {}
        }
    }
}

/// The module that `require("…")` or `import("…")` names.
fn required<'s>(node: Node<'_>, walk: &Walk<'s>) -> Option<&'s str> {
    if node.kind() != "call_expression" || !matches!(walk.field(node, "function"), Some("require" | "import"))
    {
        return None;
    }
    let first = node.child_by_field_name("arguments")?.named_child(0)?;
    (first.kind() == "string").then(|| unquoted(walk.text(first)))
}

fn unquoted(text: &str) -> &str {
    text.trim_matches(['"', '\'', '`'])
}

fn import(node: Node<'_>, walk: &mut Walk<'_>) {
    let mut cursor = node.walk();
    let clauses: Vec<Node<'_>> = node.named_children(&mut cursor).collect();
    let source = walk.field(node, "source").map(unquoted);
    let mut named = false;
    for clause in clauses {
        if clause.kind() == "import_require_clause" {
            let name = clause.named_child(0).map(|name| walk.text(name));
            let module = walk.field(clause, "source").map(unquoted).unwrap_or_default();
            walk.import(module, Imported::Module, name, false, node);
            return;
        }
        let Some(module) = source.filter(|_| clause.kind() == "import_clause") else { continue };
        let mut cursor = clause.walk();
        let parts: Vec<Node<'_>> = clause.named_children(&mut cursor).collect();
        for part in parts {
            named = true;
            match part.kind() {
                "identifier" => {
                    let alias = Some(walk.text(part));
                    walk.import(module, Imported::Name(DEFAULT.to_owned()), alias, false, node);
                }
                "namespace_import" => {
                    let alias = part.named_child(0).map(|name| walk.text(name));
                    walk.import(module, Imported::Module, alias, false, node);
                }
                _ => specifiers(part, Some(module), false, walk),
            }
        }
    }
    // Imported for what it does: it gives the file no name.
    if let Some(module) = source.filter(|_| !named) {
        walk.import(module, Imported::Module, Some(""), false, node);
    }
}

/// The names in braces of an import or an export; without a module they are the file's own.
fn specifiers(list: Node<'_>, module: Option<&str>, reexport: bool, walk: &mut Walk<'_>) {
    let mut cursor = list.walk();
    let parts: Vec<Node<'_>> = list.named_children(&mut cursor).collect();
    for part in parts {
        let Some(name) = walk.field(part, "name").map(unquoted) else { continue };
        let alias = walk.field(part, "alias").map(unquoted);
        if module.is_none() {
            walk.publish(name);
        }
        walk.import(module.unwrap_or_default(), Imported::Name(name.to_owned()), alias, reexport, part);
    }
}

fn export(node: Node<'_>, walk: &mut Walk<'_>) -> Step {
    let source = walk.field(node, "source").map(unquoted);
    let mut cursor = node.walk();
    let children: Vec<Node<'_>> = node.children(&mut cursor).take(16).collect();
    let default = children.iter().any(|child| child.kind() == DEFAULT);
    let mut clause = false;
    for child in &children {
        match child.kind() {
            "export_clause" => {
                clause = true;
                specifiers(*child, source, true, walk);
            }
            "namespace_export" => {
                clause = true;
                let alias = child.named_child(0).map(|name| walk.text(name));
                walk.import(source.unwrap_or_default(), Imported::Module, alias, true, node);
            }
            _ => {}
        }
    }
    if let Some(module) = source {
        if !clause {
            walk.import(module, Imported::All, None, true, node);
        }
        return Step::Over;
    }
    let declaration = node.child_by_field_name("declaration");
    if let Some(inner) = declaration {
        walk.decorate(inner, node, true);
        if let Some(name) = walk.field(inner, "name").filter(|_| default) {
            walk.import("", Imported::Name(name.to_owned()), Some(DEFAULT), true, node);
        }
    }
    match node.child_by_field_name("value") {
        Some(value) => give_out(value, DEFAULT, node, walk),
        None => Step::Into,
    }
}

/// Records that a value is given out under a name.
fn give_out(value: Node<'_>, name: &str, node: Node<'_>, walk: &mut Walk<'_>) -> Step {
    let own = walk.field(value, "name").filter(|_| name == DEFAULT);
    let symbol = own.unwrap_or(name);
    let kind = match value.kind() {
        "identifier" => {
            let text = walk.text(value);
            walk.publish(text);
            walk.import("", Imported::Name(text.to_owned()), Some(name), true, node);
            return Step::Into;
        }
        "class" => Kind::Type,
        "function_expression" | "arrow_function" | "generator_function" => Kind::Function,
        _ if name == DEFAULT => return Step::Into,
        _ => Kind::Constant,
    };
    let bases = bases(value, walk);
    walk.define(Draft { kind, name: symbol, node, public: true, bases });
    if own.is_some() {
        walk.import("", Imported::Name(symbol.to_owned()), Some(DEFAULT), true, node);
    }
    if kind != Kind::Type {
        return Step::Into;
    }
    Step::Scope(Place::Type, symbol.to_owned())
}

/// What a module of the older kind gives out: `module.exports = …`, `exports.x = …`.
fn assignment(node: Node<'_>, walk: &mut Walk<'_>) -> Step {
    if walk.place() != Place::Module {
        return Step::Into;
    }
    let left = walk.field(node, "left").unwrap_or_default();
    let Some(right) = node.child_by_field_name("right") else { return Step::Into };
    let name = left.strip_prefix("module.exports").or_else(|| left.strip_prefix("exports"));
    let name = match name {
        Some("") => DEFAULT,
        Some(rest) if rest.starts_with('.') && !rest[1..].contains(['.', '[', '(']) => &rest[1..],
        Some(_) | None => return Step::Into,
    };
    if let Some(module) = required(right, walk) {
        let (what, alias) =
            if name == DEFAULT { (Imported::All, None) } else { (Imported::Module, Some(name)) };
        walk.import(module, what, alias, true, node);
        return Step::Over;
    }
    if right.kind() == "object" && name == DEFAULT {
        let mut cursor = right.walk();
        let parts: Vec<Node<'_>> = right.named_children(&mut cursor).collect();
        for part in parts {
            let (key, value) = if part.kind() == "shorthand_property_identifier" {
                (Some(walk.text(part)), Some(walk.text(part)))
            } else {
                let value = part.child_by_field_name("value").filter(|value| value.kind() == "identifier");
                (walk.field(part, "key"), value.map(|value| walk.text(value)))
            };
            if let (Some(key), Some(value)) = (key, value) {
                walk.publish(value);
                walk.import("", Imported::Name(value.to_owned()), Some(key), true, part);
            }
        }
        return Step::Into;
    }
    give_out(right, name, node, walk)
}

/// The file that an import means.
pub(super) fn modules(layout: &Layout, from: &str, module: &str) -> Vec<Located> {
    let found = if module.starts_with('.') {
        relative(folder(from), module).and_then(|path| file(layout, &path))
    } else {
        let bare = module.strip_prefix("@/").or_else(|| module.strip_prefix("~/")).unwrap_or(module);
        let rooted = layout.roots().find_map(|root| file(layout, &join(root, bare)));
        rooted.or_else(|| {
            layout.packages_of_path(module).find_map(|(at, rest)| {
                file(layout, &join(at, rest)).or_else(|| file(layout, &join(&join(at, "src"), rest)))
            })
        })
    };
    found.map(|file| Located { file, within: String::new() }).into_iter().collect()
}

/// A relative path from a folder; none: it leaves the repository.
fn relative(from: &str, module: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').filter(|part| !part.is_empty()).collect();
    for part in module.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

fn file(layout: &Layout, path: &str) -> Option<u32> {
    let exact = || layout.file(path);
    let ended = || ENDS.into_iter().find_map(|end| layout.file(&format!("{path}.{end}")));
    // TypeScript names the file that its compiler will write.
    let written = || {
        let (stem, end) = path.rsplit_once('.')?;
        let ends: &[&str] = match end {
            "js" => &["ts", "tsx", "d.ts"],
            "jsx" => &["tsx"],
            "mjs" => &["mts"],
            "cjs" => &["cts"],
            _ => &[],
        };
        ends.iter().find_map(|end| layout.file(&format!("{stem}.{end}")))
    };
    let index = || ENDS.into_iter().find_map(|end| layout.file(&join(path, &format!("index.{end}"))));
    exact().or_else(ended).or_else(written).or_else(index)
}
