//! Python: classes, functions, methods, constants of modules, imports wherever they stand.

use tree_sitter::Node;

use super::super::file::{Import, Imported, Kind};
use super::super::layout::{Layout, Located, folder, join};
use super::super::mentions::{Part, Reach, Spot};
use super::super::walk::{Draft, Place, Step, Walk};
use super::{Dialect, Interest};

/// The language.
pub(super) struct Python;

impl Dialect for Python {
    fn extensions(&self) -> &'static [&'static str] {
        &["py", "pyi"]
    }

    fn grammar(&self) -> tree_sitter::Language {
        tree_sitter_python::LANGUAGE.into()
    }

    fn interest(&self, kind: &str) -> Interest {
        match kind {
            "class_definition"
            | "function_definition"
            | "decorated_definition"
            | "assignment"
            | "type_alias_statement"
            | "import_statement"
            | "import_from_statement" => Interest::Visit,
            "module"
            | "block"
            | "if_statement"
            | "elif_clause"
            | "else_clause"
            | "try_statement"
            | "except_clause"
            | "except_group_clause"
            | "finally_clause"
            | "with_statement"
            | "for_statement"
            | "while_statement"
            | "match_statement"
            | "case_clause"
            | "expression_statement"
            | "ERROR" => Interest::Through,
            _ => Interest::Over,
        }
    }

    fn visit(&self, node: Node<'_>, walk: &mut Walk<'_>) -> Step {
        match node.kind() {
            "decorated_definition" => {
                if let Some(inner) = node.child_by_field_name("definition") {
                    walk.decorate(inner, node, false);
                    walk.has_more(inner);
                }
                Step::Into
            }
            "class_definition" => named(node, walk, Kind::Type, Place::Type),
            "function_definition" => {
                let kind = if walk.place() == Place::Type { Kind::Method } else { Kind::Function };
                named(node, walk, kind, Place::Function)
            }
            "assignment" => {
                constant(node, walk);
                Step::Over
            }
            "type_alias_statement" => {
                walk.has_more(node);
                if let Some(name) = walk.field(node, "left").and_then(|left| left.split('[').next()) {
                    walk.define(Draft {
                        kind: Kind::Type,
                        name: name.trim(),
                        node,
                        public: public(name),
                        bases: vec![],
                    });
                }
                Step::Over
            }
            "import_statement" => {
                import(node, walk);
                Step::Over
            }
            _ => {
                import_from(node, walk);
                Step::Over
            }
        }
    }

    fn part(&self, spot: &Spot<'_, '_>) -> Part {
        match (spot.of, spot.field) {
            (
                "import_statement"
                | "import_from_statement"
                | "future_import_statement"
                | "global_statement"
                | "nonlocal_statement",
                _,
            ) => Part::Nothing,
            ("attribute", "attribute") | ("keyword_argument", "name") => Part::Other,
            ("dotted_name" | "member_type", _) if !spot.is_first() => Part::Other,
            ("keyword_pattern", _) if spot.is_first() => Part::Other,
            ("attribute", "object") | ("subscript", _) => Part::Code,
            ("class_pattern", _) if spot.is_first() => Part::Code,
            ("constrained_type", _) if !spot.is_first() => Part::Code,
            ("class_definition" | "function_definition" | "named_expression", "name")
            | ("assignment" | "augmented_assignment" | "for_statement", "left")
            | ("as_pattern" | "except_clause", "alias")
            | ("splat_pattern", _) => Part::Names,
            ("class_definition" | "function_definition", "type_parameters")
            | ("type_alias_statement", "left") => Part::Parameter,
            ("assignment" | "typed_parameter" | "typed_default_parameter", "type")
            | ("default_parameter" | "typed_default_parameter", "value") => Part::Code,
            ("parameters" | "lambda_parameters", _) | ("for_in_clause", "left") => Part::Binds,
            // A name alone takes what is matched; one with dots is compared.
            ("case_pattern", _) if spot.kind == "dotted_name" && spot.node.named_child_count() == 1 => {
                Part::Names
            }
            ("as_pattern", _) if spot.kind == "identifier" => {
                let is_case = spot.out(1).is_some_and(|of| of.kind() == "case_pattern");
                if is_case { Part::Names } else { Part::Same }
            }
            _ => Part::Same,
        }
    }

    fn reach(&self, kind: &str) -> Option<Reach> {
        match kind {
            "function_definition" | "lambda" => Some(Reach::Body),
            "list_comprehension"
            | "set_comprehension"
            | "dictionary_comprehension"
            | "generator_expression" => Some(Reach::Whole),
            "class_definition" | "type_alias_statement" => Some(Reach::Type),
            _ => None,
        }
    }

    fn finish(&self, _walk: &mut Walk<'_>) {}

    fn modules(&self, layout: &Layout, from: &str, module: &str) -> Vec<Located> {
        find(layout, from, module).map(|file| Located { file, within: String::new() }).into_iter().collect()
    }

    fn child(&self, module: &str, name: &str) -> Option<String> {
        let dot = if module.ends_with('.') { "" } else { "." };
        Some(format!("{module}{dot}{name}"))
    }

    fn gives_out(&self, path: &str, import: &Import) -> bool {
        let same = |alias: &String| matches!(&import.what, Imported::Name(name) if name == alias);
        let package = path.ends_with("__init__.py") || path.ends_with("__init__.pyi");
        import.top_level && (package || import.alias.as_ref().is_some_and(same))
    }
}

fn public(name: &str) -> bool {
    !name.starts_with('_') || (name.starts_with("__") && name.ends_with("__"))
}

fn named(node: Node<'_>, walk: &mut Walk<'_>, kind: Kind, place: Place) -> Step {
    let Some(name) = walk.field(node, "name") else { return Step::Into };
    let mut bases = Vec::new();
    if let Some(list) = node.child_by_field_name("superclasses") {
        let mut cursor = list.walk();
        let plain = list
            .named_children(&mut cursor)
            .filter(|base| !matches!(base.kind(), "keyword_argument" | "comment"));
        bases.extend(plain.take(64).map(|base| walk.text(base).to_owned()));
    }
    walk.define(Draft { kind, name, node, public: public(name), bases });
    Step::Scope(place, name.to_owned())
}

/// Records `NAME = …` of a module, and of a class if it is in capitals.
fn constant(node: Node<'_>, walk: &mut Walk<'_>) {
    let Some(left) = node.child_by_field_name("left").filter(|left| left.kind() == "identifier") else {
        return;
    };
    let name = walk.text(left);
    let capitals = name.chars().any(char::is_uppercase) && !name.chars().any(char::is_lowercase);
    let wanted = match walk.place() {
        Place::Module => !(name.starts_with("__") && name.ends_with("__")) && name != "_",
        Place::Type | Place::Interface => capitals,
        Place::Function => false,
    };
    if wanted {
        walk.define(Draft { kind: Kind::Constant, name, node, public: public(name), bases: vec![] });
    }
}

fn import(node: Node<'_>, walk: &mut Walk<'_>) {
    let mut cursor = node.walk();
    let names: Vec<Node<'_>> = node.children_by_field_name("name", &mut cursor).collect();
    for name in names {
        let (module, alias) = target(name, walk);
        walk.import(module, Imported::Module, alias, false, node);
    }
}

fn import_from(node: Node<'_>, walk: &mut Walk<'_>) {
    let Some(module) = walk.field(node, "module_name") else { return };
    let mut cursor = node.walk();
    let names: Vec<Node<'_>> = node.children_by_field_name("name", &mut cursor).collect();
    for name in names {
        let (name, alias) = target(name, walk);
        walk.import(module, Imported::Name(name.to_owned()), alias, false, node);
    }
    let mut cursor = node.walk();
    if node.named_children(&mut cursor).any(|child| child.kind() == "wildcard_import") {
        walk.import(module, Imported::All, None, false, node);
    }
}

/// What an import names, and the name it gets.
fn target<'s>(node: Node<'_>, walk: &Walk<'s>) -> (&'s str, Option<&'s str>) {
    if node.kind() == "aliased_import" {
        (walk.field(node, "name").unwrap_or_default(), walk.field(node, "alias"))
    } else {
        (walk.text(node), None)
    }
}

/// The file of a module.
fn find(layout: &Layout, from: &str, module: &str) -> Option<u32> {
    let rest = module.trim_start_matches('.');
    let dots = module.len() - rest.len();
    let path = rest.replace('.', "/");
    if dots > 0 {
        let mut at = folder(from);
        for _ in 1..dots {
            if at.is_empty() {
                return None;
            }
            at = folder(at);
        }
        return in_folder(layout, at, &path);
    }
    if path.is_empty() {
        return None;
    }
    if let Some(found) = layout.roots().find_map(|root| in_folder(layout, root, &path)) {
        return Some(found);
    }
    let own = top_folder(layout, from);
    in_folder(layout, own, &path).or_else(|| in_folder(layout, "", &path)).or_else(|| {
        let first = rest.split('.').next().unwrap_or(rest);
        let below = path.get(first.len() + 1..).unwrap_or_default();
        layout.packages(first).find_map(|at| in_folder(layout, at, below))
    })
}

/// The folder that the package of a file lies in.
fn top_folder<'p>(layout: &Layout, from: &'p str) -> &'p str {
    let mut at = folder(from);
    while !at.is_empty() && layout.file(&join(at, "__init__.py")).is_some() {
        at = folder(at);
    }
    at
}

fn in_folder(layout: &Layout, at: &str, path: &str) -> Option<u32> {
    let full = join(at, path);
    let module = || ["py", "pyi"].into_iter().find_map(|end| layout.file(&format!("{full}.{end}")));
    let package =
        ["__init__.py", "__init__.pyi"].into_iter().find_map(|name| layout.file(&join(&full, name)));
    package.or_else(|| if path.is_empty() { None } else { module() })
}

#[cfg(test)]
mod tests {
    use super::super::Language;
    use super::super::outline::outline;

    #[test]
    fn says_what_a_file_has() {
        let source = r#"
"""Doc."""
from __future__ import annotations
import os, a.b as ab
from . import near
from ..up.x import Y as Z, W
from wild import *
if TYPE_CHECKING:
    from typed import T
LIMIT = 3
_hidden: int = 4
a, b = 1, 2
LIMIT = 5

@decorate
class Engine(Base, mixins.Mixin, Generic[T], metaclass=Meta):
    KIND = "x"
    value = 1
    class Inner:
        def deep(self): ...
    def __init__(self): self.x = 1
    @property
    def name(self): from late import Late
    @name.setter
    def name(self, v): pass
    async def _go(self):
        class Local: pass

def run():
    import inner.module
    NOT = 1
type Alias[T] = list[T]
try:
    import fast
except ImportError:
    fast = None
"#;
        insta::assert_snapshot!(outline(Language::Python, source), @r"
        32: pub type Alias
        15: pub type Engine : Base + mixins.Mixin + Generic[T]
        19: pub type Engine.Inner
        20: pub method Engine.Inner.deep
        17: pub constant Engine.KIND
        21: pub method Engine.__init__
        26: method Engine._go
        22: pub method Engine.name
        10: pub constant LIMIT
        11: constant _hidden
        36: pub constant fast
        29: pub function run
        4: from `os` module
        4: from `a.b` module as ab
        5: from `.` name near
        6: from `..up.x` name Y as Z
        6: from `..up.x` name W
        7: from `wild` all
        9: from `typed` name T
        23: from `late` name Late, inside
        30: from `inner.module` module, inside
        34: from `fast` module
        ");
    }

    #[test]
    fn reads_what_it_can_of_a_broken_file() {
        let source =
            "class A:\n    def f(self:\n\nclass B(A):\n    def g(self): pass\n\ndef h(: pass\nX = 1\n";
        insta::assert_snapshot!(outline(Language::Python, source), @r"
        partial
        1: pub type A
        4: pub type B : A
        5: pub method B.g
        8: pub constant X
        7: pub function h
        ");
    }
}
