//! Java: classes, interfaces, enums, records, their methods and constants; packages and imports.

use tree_sitter::Node;

use super::super::file::{Import, Imported, Kind};
use super::super::layout::{Layout, Located};
use super::super::mentions::{Part, Reach, Spot};
use super::super::walk::{Draft, Place, Step, Walk};
use super::{Dialect, Interest};

/// The language.
pub(super) struct Java;

impl Dialect for Java {
    fn extensions(&self) -> &'static [&'static str] {
        &["java"]
    }

    fn grammar(&self) -> tree_sitter::Language {
        tree_sitter_java::LANGUAGE.into()
    }

    fn interest(&self, kind: &str) -> Interest {
        match kind {
            "package_declaration"
            | "import_declaration"
            | "class_declaration"
            | "interface_declaration"
            | "enum_declaration"
            | "record_declaration"
            | "annotation_type_declaration"
            | "method_declaration"
            | "constructor_declaration"
            | "compact_constructor_declaration"
            | "field_declaration"
            | "constant_declaration"
            | "enum_constant"
            | "object_creation_expression"
            | "lambda_expression"
            | "type_identifier"
            | "static_initializer" => Interest::Visit,
            "line_comment" | "block_comment" | "string_literal" | "character_literal" => Interest::Over,
            _ => Interest::Through,
        }
    }

    fn visit(&self, node: Node<'_>, walk: &mut Walk<'_>) -> Step {
        let hidden = Step::Scope(Place::Function, String::new());
        match node.kind() {
            "package_declaration" => {
                if let Some(name) = path(node) {
                    walk.package(walk.text(name));
                }
                Step::Over
            }
            "import_declaration" => {
                import(node, walk);
                Step::Over
            }
            "class_declaration" | "enum_declaration" | "record_declaration" => typed(node, walk, Place::Type),
            "interface_declaration" | "annotation_type_declaration" => typed(node, walk, Place::Interface),
            "method_declaration" | "constructor_declaration" | "compact_constructor_declaration" => {
                if let Some(name) = walk.field(node, "name") {
                    let public = open(node, walk);
                    walk.define(Draft { kind: Kind::Method, name, node, public, bases: vec![] });
                }
                hidden
            }
            "field_declaration" | "constant_declaration" => {
                constants(node, walk);
                Step::Into
            }
            "enum_constant" => {
                if let Some(name) = walk.field(node, "name") {
                    walk.define(Draft { kind: Kind::Constant, name, node, public: true, bases: vec![] });
                }
                hidden
            }
            "type_identifier" => {
                walk.refer(walk.text(node));
                Step::Over
            }
            _ => hidden,
        }
    }

    fn part(&self, spot: &Spot<'_, '_>) -> Part {
        match (spot.of, spot.field) {
            ("package_declaration" | "import_declaration" | "break_statement" | "continue_statement", _) => {
                Part::Nothing
            }
            (
                "class_declaration"
                | "interface_declaration"
                | "enum_declaration"
                | "record_declaration"
                | "annotation_type_declaration",
                "name",
            ) => Part::Names,
            (
                "method_declaration"
                | "constructor_declaration"
                | "compact_constructor_declaration"
                | "annotation_type_element_declaration"
                | "enum_constant"
                | "scoped_identifier",
                "name",
            )
            | ("field_access", "field")
            | ("element_value_pair", "key") => Part::Other,
            ("labeled_statement" | "switch_label", _) if spot.kind == "identifier" => Part::Other,
            ("method_invocation", "name") => {
                let object = spot.out(0).and_then(|of| of.child_by_field_name("object"));
                if object.is_some() { Part::Other } else { Part::Code }
            }
            ("scoped_type_identifier" | "method_reference", _) if !spot.is_first() => match spot.kind {
                "identifier" | "type_identifier" => Part::Other,
                _ => Part::Same,
            },
            ("type_parameter", _) if spot.kind == "type_identifier" => Part::Parameter,
            ("variable_declarator", "name") => {
                let fields = ["field_declaration", "constant_declaration"];
                let is_field = spot.out(1).is_some_and(|of| fields.contains(&of.kind()));
                if is_field { Part::Other } else { Part::Binds }
            }
            (
                "formal_parameter"
                | "catch_formal_parameter"
                | "enhanced_for_statement"
                | "resource"
                | "instanceof_expression",
                "name",
            )
            | ("inferred_parameters", _) => Part::Binds,
            ("lambda_expression", "parameters")
            | ("receiver_parameter" | "type_pattern" | "record_pattern_component", _)
                if spot.kind == "identifier" =>
            {
                Part::Binds
            }
            _ => Part::Same,
        }
    }

    fn reach(&self, kind: &str) -> Option<Reach> {
        match kind {
            "method_declaration"
            | "constructor_declaration"
            | "compact_constructor_declaration"
            | "lambda_expression"
            | "catch_clause"
            | "enhanced_for_statement"
            | "for_statement" => Some(Reach::Body),
            "block" | "switch_block" | "constructor_body" | "try_with_resources_statement" => {
                Some(Reach::Whole)
            }
            "class_declaration"
            | "interface_declaration"
            | "enum_declaration"
            | "record_declaration"
            | "annotation_type_declaration" => Some(Reach::Type),
            _ => None,
        }
    }

    fn finish(&self, _walk: &mut Walk<'_>) {}

    fn modules(&self, layout: &Layout, _from: &str, module: &str) -> Vec<Located> {
        find(layout, module)
    }

    fn child(&self, _module: &str, _name: &str) -> Option<String> {
        None
    }

    fn gives_out(&self, _path: &str, import: &Import) -> bool {
        import.reexport
    }
}

/// The words and annotations before a declaration.
fn modifiers<'s>(node: Node<'_>, walk: &Walk<'s>) -> &'s str {
    let first = node.named_child(0).filter(|first| first.kind() == "modifiers");
    first.map_or("", |first| walk.text(first))
}

fn word(modifiers: &str, word: &str) -> bool {
    modifiers.split_whitespace().any(|found| found == word)
}

fn open(node: Node<'_>, walk: &Walk<'_>) -> bool {
    let modifiers = modifiers(node, walk);
    word(modifiers, "public") || (walk.place() == Place::Interface && !word(modifiers, "private"))
}

fn typed(node: Node<'_>, walk: &mut Walk<'_>, place: Place) -> Step {
    let Some(name) = walk.field(node, "name") else { return Step::Into };
    let public = open(node, walk);
    let bases = bases(node, walk);
    if node.kind() == "enum_declaration" || modifiers(node, walk).contains('@') {
        walk.has_more(node);
    }
    walk.define(Draft { kind: Kind::Type, name, node, public, bases });
    Step::Scope(place, name.to_owned())
}

/// The types that a type extends and implements.
fn bases(node: Node<'_>, walk: &Walk<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let mut cursor = node.walk();
    for clause in node.named_children(&mut cursor).take(12) {
        if !matches!(clause.kind(), "superclass" | "super_interfaces" | "extends_interfaces") {
            continue;
        }
        let mut inner = clause.walk();
        for child in clause.named_children(&mut inner).take(64) {
            if child.kind() == "type_list" {
                let mut listed = child.walk();
                found.extend(
                    child.named_children(&mut listed).take(64).map(|base| walk.text(base).to_owned()),
                );
            } else {
                found.push(walk.text(child).to_owned());
            }
        }
    }
    found
}

/// Fields that are `static final`, and every field of an interface.
fn constants(node: Node<'_>, walk: &mut Walk<'_>) {
    let words = modifiers(node, walk);
    let fixed = node.kind() == "constant_declaration" || (word(words, "static") && word(words, "final"));
    if !fixed || !matches!(walk.place(), Place::Type | Place::Interface) {
        return;
    }
    let public = open(node, walk);
    let mut cursor = node.walk();
    let declarators: Vec<Node<'_>> = node.children_by_field_name("declarator", &mut cursor).collect();
    for declarator in declarators {
        if let Some(name) = walk.field(declarator, "name") {
            walk.decorate(declarator, node, false);
            walk.define(Draft { kind: Kind::Constant, name, node: declarator, public, bases: vec![] });
        }
    }
}

fn path(node: Node<'_>) -> Option<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).find(|child| matches!(child.kind(), "scoped_identifier" | "identifier"))
}

fn import(node: Node<'_>, walk: &mut Walk<'_>) {
    let Some(full) = path(node).map(|path| walk.text(path)) else { return };
    let mut cursor = node.walk();
    if node.named_children(&mut cursor).any(|child| child.kind() == "asterisk") {
        walk.import(full, Imported::All, None, false, node);
    } else if let Some((module, name)) = full.rsplit_once('.') {
        walk.import(module, Imported::Name(name.to_owned()), None, false, node);
    }
}

/// The files of a package, or the one with a type of it.
fn find(layout: &Layout, module: &str) -> Vec<Located> {
    let at = |files: &[u32], within: &str| -> Vec<Located> {
        files.iter().map(|file| Located { file: *file, within: within.to_owned() }).collect()
    };
    let mut package = module;
    loop {
        let files = layout.java_package(package);
        if !files.is_empty() {
            let within = module[package.len()..].trim_start_matches('.');
            let first = within.split('.').next().unwrap_or(within);
            let own: Vec<u32> = files
                .iter()
                .copied()
                .filter(|file| layout.path(*file).ends_with(&format!("/{first}.java")))
                .collect();
            return at(if own.is_empty() { files } else { &own }, within);
        }
        match package.rsplit_once('.') {
            Some((outer, _)) => package = outer,
            None => return Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Language;
    use super::super::outline::outline;

    #[test]
    fn says_what_a_file_has() {
        let source = r#"
package com.example.app;

import java.util.List;
import com.example.model.*;
import static com.example.Util.helper;

@Entity
public class Engine<T> extends Core<T> implements Port, Comparable<Engine> {
    public static final int LIMIT = 3;
    private final String name = "x";
    static int counter;
    public Engine() { Runnable r = new Runnable() { public void run() {} }; }
    protected List<Order> orders(Item item) { return null; }
    enum State { OPEN, SHUT { void x() {} } }
    record Point(int x, int y) implements Shape { static Point zero() { return null; } }
    interface Port extends A, B { void call(); int MAX = 1; }
}
@interface Marker { String value(); }
"#;
        insta::assert_snapshot!(outline(Language::Java, source), @r"
        package com.example.app
        8: pub type Engine : Core<T> + Port + Comparable<Engine>
        13: pub method Engine.Engine
        10: pub constant Engine.LIMIT
        16: type Engine.Point : Shape
        16: method Engine.Point.zero
        17: type Engine.Port : A + B
        17: pub constant Engine.Port.MAX
        17: pub method Engine.Port.call
        15: type Engine.State
        15: pub constant Engine.State.OPEN
        15: pub constant Engine.State.SHUT
        14: method Engine.orders
        19: type Marker
        4: from `java.util` name List
        5: from `com.example.model` all
        6: from `com.example.Util` name helper
        refers to A, B, Comparable, Core, Item, Order, Point, Port, Runnable, Shape, String, T
        ");
    }
}
