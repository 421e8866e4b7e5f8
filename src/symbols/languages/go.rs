//! Go: types, functions, methods under their receiver, constants and variables; imports by path.

use tree_sitter::Node;

use super::super::file::{Import, Imported, Kind};
use super::super::layout::{Layout, Located};
use super::super::mentions::{Part, Reach, Spot};
use super::super::walk::{Draft, Place, Step, Walk, local_name};
use super::{Dialect, Interest};

/// The language.
pub(super) struct Go;

impl Dialect for Go {
    fn extensions(&self) -> &'static [&'static str] {
        &["go"]
    }

    fn grammar(&self) -> tree_sitter::Language {
        tree_sitter_go::LANGUAGE.into()
    }

    fn interest(&self, kind: &str) -> Interest {
        match kind {
            "package_clause"
            | "import_spec"
            | "function_declaration"
            | "method_declaration"
            | "type_spec"
            | "type_alias"
            | "const_spec"
            | "var_spec"
            | "method_elem"
            | "field_declaration"
            | "type_elem"
            | "selector_expression"
            | "qualified_type"
            | "type_identifier"
            | "func_literal" => Interest::Visit,
            "comment" | "interpreted_string_literal" | "raw_string_literal" => Interest::Over,
            _ => Interest::Through,
        }
    }

    fn visit(&self, node: Node<'_>, walk: &mut Walk<'_>) -> Step {
        match node.kind() {
            "package_clause" => {
                if let Some(name) = node.named_child(0) {
                    walk.package(walk.text(name));
                }
                Step::Over
            }
            "import_spec" => {
                import(node, walk);
                Step::Over
            }
            "function_declaration" => {
                plain(node, walk, Kind::Function);
                Step::Scope(Place::Function, String::new())
            }
            "method_declaration" => method(node, walk),
            "type_spec" | "type_alias" => {
                let made = node.child_by_field_name("type").map(|made| made.kind());
                if !matches!(made, Some("struct_type" | "interface_type")) {
                    walk.has_more(node);
                }
                let Some(name) = plain(node, walk, Kind::Type) else { return Step::Into };
                let interface =
                    node.child_by_field_name("type").is_some_and(|made| made.kind() == "interface_type");
                Step::Scope(if interface { Place::Interface } else { Place::Type }, name.to_owned())
            }
            // What has no name is embedded.
            "field_declaration" | "type_elem" => {
                if walk.place() != Place::Function && node.child_by_field_name("name").is_none() {
                    walk.within_has_more();
                }
                Step::Into
            }
            "method_elem" => {
                if walk.place() == Place::Interface {
                    plain(node, walk, Kind::Method);
                }
                Step::Into
            }
            "const_spec" | "var_spec" => {
                values(node, walk);
                Step::Into
            }
            "func_literal" => Step::Scope(Place::Function, String::new()),
            "type_identifier" => {
                walk.refer(walk.text(node));
                Step::Over
            }
            _ => qualified(node, walk),
        }
    }

    fn part(&self, spot: &Spot<'_, '_>) -> Part {
        match (spot.of, spot.field) {
            ("package_clause" | "import_spec", _) => Part::Nothing,
            ("qualified_type", "name") => Part::Other,
            ("function_declaration" | "type_spec" | "type_alias", "name") => Part::Names,
            // The parameters of its type get their names here.
            ("method_declaration", "receiver") => Part::Parameter,
            ("parameter_declaration" | "variadic_parameter_declaration", "type")
                if spot.inherited != Part::Parameter =>
            {
                Part::Code
            }
            ("type_parameter_declaration", "name") => Part::Parameter,
            ("type_parameter_declaration", "type") => Part::Code,
            ("parameter_declaration" | "variadic_parameter_declaration", "name")
            | ("short_var_declaration" | "range_clause" | "receive_statement", "left")
            | ("type_switch_statement", "alias") => Part::Binds,
            ("var_spec" | "const_spec", "name") => Part::Names,
            ("keyed_element", "key") => key(spot),
            _ => Part::Same,
        }
    }

    fn reach(&self, kind: &str) -> Option<Reach> {
        match kind {
            "function_declaration"
            | "method_declaration"
            | "func_literal"
            | "for_statement"
            | "function_type"
            | "method_elem" => Some(Reach::Body),
            "block"
            | "if_statement"
            | "expression_switch_statement"
            | "type_switch_statement"
            | "expression_case"
            | "type_case"
            | "default_case"
            | "communication_case" => Some(Reach::Whole),
            "type_spec" | "type_alias" => Some(Reach::Type),
            _ => None,
        }
    }

    fn qualified(&self, kind: &str) -> bool {
        matches!(kind, "selector_expression" | "qualified_type")
    }

    fn finish(&self, walk: &mut Walk<'_>) {
        let used: Vec<String> =
            walk.references_mut().iter().filter(|name| name.contains('.')).cloned().collect();
        walk.references_mut().retain(|name| !name.contains('.'));
        let mut imports = Vec::new();
        for import in walk.imports_mut().drain(..) {
            let local = local_name(&import).map(package_name).unwrap_or_default().to_owned();
            let names =
                used.iter().filter_map(|used| used.split_once('.')).filter(|(package, _)| *package == local);
            let named: Vec<Import> = names
                .map(|(_, name)| Import { what: Imported::Name(name.to_owned()), ..import.clone() })
                .map(|import| Import { alias: Some(format!("{local}.{}", name_of(&import))), ..import })
                .collect();
            if named.is_empty() || import.what == Imported::All {
                imports.push(import);
            } else {
                imports.extend(named);
            }
        }
        *walk.imports_mut() = imports;
    }

    fn modules(&self, layout: &Layout, from: &str, module: &str) -> Vec<Located> {
        let files = layout.go_package(from, module);
        files.iter().map(|file| Located { file: *file, within: String::new() }).collect()
    }

    fn child(&self, _module: &str, _name: &str) -> Option<String> {
        None
    }

    fn gives_out(&self, _path: &str, import: &Import) -> bool {
        import.reexport
    }

    fn names(&self, written: &str) -> Option<Vec<String>> {
        super::plain_names(written.trim_start_matches('*'), &['.'])
    }
}

fn name_of(import: &Import) -> &str {
    match &import.what {
        Imported::Name(name) => name,
        Imported::Module | Imported::All => "",
    }
}

/// The name that a package's path ends in: `…/yaml/v3` and `gopkg.in/yaml.v3` are `yaml`.
fn package_name(last: &str) -> &str {
    last.split(".v").next().unwrap_or(last)
}

/// What the name before a value is: that of a field, or of a constant where a map or a list is built.
fn key(spot: &Spot<'_, '_>) -> Part {
    let built = spot.out(2).filter(|of| of.kind() == "composite_literal");
    let made = built.and_then(|built| built.child_by_field_name("type"));
    let is_listed = made.is_some_and(|made| {
        matches!(made.kind(), "map_type" | "array_type" | "slice_type" | "implicit_length_array_type")
    });
    if is_listed { Part::Code } else { Part::Other }
}

fn public(name: &str) -> bool {
    name.chars().next().is_some_and(char::is_uppercase)
}

fn plain<'s>(node: Node<'_>, walk: &mut Walk<'s>, kind: Kind) -> Option<&'s str> {
    let name = walk.field(node, "name")?;
    walk.define(Draft { kind, name, node, public: public(name), bases: vec![] });
    Some(name)
}

fn import(node: Node<'_>, walk: &mut Walk<'_>) {
    let Some(path) = walk.field(node, "path").map(|path| path.trim_matches(['"', '`'])) else { return };
    let mut parts = path.rsplit('/');
    let last = parts.next().unwrap_or(path);
    let version = last
        .strip_prefix('v')
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()));
    let usual = if version { parts.next().unwrap_or(last) } else { last };
    match walk.field(node, "name") {
        Some(".") => walk.import(path, Imported::All, None, false, node),
        Some(name) => walk.import(path, Imported::Module, Some(name), false, node),
        None => walk.import(path, Imported::Module, Some(package_name(usual)), false, node),
    }
}

/// A method, under the name of its receiver's type.
fn method(node: Node<'_>, walk: &mut Walk<'_>) -> Step {
    let receiver = walk.field(node, "receiver").unwrap_or_default();
    let inside = receiver.trim_matches(['(', ')']);
    let inside = inside.split('[').next().unwrap_or(inside).trim();
    let owner = inside.rsplit([' ', '*']).next().unwrap_or(inside).trim();
    if let Some(name) = walk.field(node, "name").filter(|_| !owner.is_empty()) {
        let symbol = format!("{owner}.{name}");
        walk.define(Draft { kind: Kind::Method, name: &symbol, node, public: public(name), bases: vec![] });
        walk.add_text(owner.to_owned(), node);
    }
    Step::Scope(Place::Function, String::new())
}

fn values(node: Node<'_>, walk: &mut Walk<'_>) {
    if walk.place() != Place::Module {
        return;
    }
    let mut cursor = node.walk();
    let names: Vec<Node<'_>> = node.children_by_field_name("name", &mut cursor).collect();
    for name in names {
        let name = walk.text(name);
        if name != "_" && name != "," {
            walk.define(Draft { kind: Kind::Constant, name, node, public: public(name), bases: vec![] });
        }
    }
}

/// `package.Name` as an expression or as a type.
fn qualified(node: Node<'_>, walk: &mut Walk<'_>) -> Step {
    let text = walk.text(node);
    let plain = text.len() <= 200
        && text.split_once('.').is_some_and(|(_, name)| public(name) && !name.contains('.'));
    if plain && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.')) {
        walk.refer(text);
    }
    if node.kind() == "qualified_type" { Step::Over } else { Step::Into }
}

#[cfg(test)]
mod tests {
    use super::super::Language;
    use super::super::outline::outline;

    #[test]
    fn says_what_a_file_has() {
        let source = r#"
package server

import (
	"fmt"
	store "example.com/app/internal/storage"
	. "example.com/app/dsl"
	_ "example.com/app/side"
	"gopkg.in/yaml.v3"
)

const Limit, low = 3, 4
var ErrGone = fmt.Errorf("gone")

type Server struct {
	store.Base
	db *store.DB
	other Local
}
type Port interface { Call(x int) error }
type ID = string

func New() *Server { x := 1; return &Server{db: store.Open()} }
func (s *Server) Run() error { return yaml.Unmarshal(nil, s) }
func (Server) quiet() {}
func (l *List[T]) Push(v T) {}
"#;
        insta::assert_snapshot!(outline(Language::Go, source), @r"
        package server
        13: pub constant ErrGone
        21: pub type ID
        12: pub constant Limit
        26: pub method List.Push
        23: pub function New
        20: pub type Port
        20: pub method Port.Call
        15: pub type Server
        24: pub method Server.Run
        25: method Server.quiet
        12: constant low
        5: from `fmt` name Errorf as fmt.Errorf
        6: from `example.com/app/internal/storage` name Base as store.Base
        6: from `example.com/app/internal/storage` name DB as store.DB
        6: from `example.com/app/internal/storage` name Open as store.Open
        7: from `example.com/app/dsl` all
        8: from `example.com/app/side` module as _
        9: from `gopkg.in/yaml.v3` name Unmarshal as yaml.Unmarshal
        refers to List, Local, T, error, int, string
        ");
    }
}
