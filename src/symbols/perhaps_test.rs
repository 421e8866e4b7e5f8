//! What may be there though nothing defines it, in every language.

use super::index_test::{at, index};
use super::{Before, Declared, perhaps};

/// Name, tree, anchor, whether it may be there.
type Row<'r> = (&'r str, &'r str, &'r str, bool);

fn check(rows: &[Row<'_>], before: Before) {
    for (name, tree, anchor, expected) in rows {
        let index = index(tree, Declared { roots: vec!["src".into()], packages: Vec::new() });
        assert!(index.resolve(&at(anchor)).is_none(), "{name}: it is defined");
        assert!(!index.file(at(anchor).path()).unwrap().partial, "{name}: it can't be read");
        let told = perhaps(&index, &at(anchor), before);
        assert_eq!(told.is_some(), *expected, "{name}: {told:?}");
    }
}

const SUB: &str = "=== src/a.py\nfrom b import Base\nclass Sub(Base):\n    pass\n=== src/b.py\nclass Base:\n    at: int = 1\n    def look(self): pass\n";

#[test]
fn members_that_are_not_read_may_be_there() {
    let rows: [Row<'_>; 37] = [
        (
            "an attribute",
            "=== a.py\nclass A:\n    def m(self):\n        self.lifts = 1\n",
            "a.py:A.lifts",
            true,
        ),
        ("a field with its type", "=== a.py\nclass A:\n    x: int = 3\n", "a.py:A.x", true),
        ("an attribute that isn't", "=== a.py\nclass A:\n    x: int = 3\n", "a.py:A.y", false),
        (
            "only in a comment",
            "=== a.py\nclass A:\n    # lifts\n    '''lifts'''\n    x = 'lifts'\n",
            "a.py:A.lifts",
            false,
        ),
        ("inherited", SUB, "src/a.py:Sub.look", true),
        ("a field that is inherited", SUB, "src/a.py:Sub.at", true),
        ("nothing that is inherited", SUB, "src/a.py:Sub.lost", false),
        ("of a base elsewhere", "=== a.py\nimport lib\nclass A(lib.B): pass\n", "a.py:A.x", true),
        ("decorated", "=== a.py\n@d\nclass A: pass\n", "a.py:A.x", true),
        ("a name of every object", "=== a.py\nclass A: pass\n", "a.py:A.__dict__", true),
        ("of a value", "=== a.py\nP = namedtuple('P', 'x y')\n", "a.py:P.x", true),
        ("of what isn't there", "=== a.py\nclass A: pass\n", "a.py:B.x", false),
        ("a key", "=== a.py\nclass A:\n    M = {'home': 1}\n", "a.py:A.home", true),
        ("a property", "=== a.ts\ninterface A { x: string }\n", "a.ts:A.x", true),
        ("a property that isn't", "=== a.ts\ninterface A { x: string }\n", "a.ts:A.y", false),
        ("a field of a class", "=== a.ts\nclass A { private x = 1 }\n", "a.ts:A.x", true),
        (
            "a parameter that is a property",
            "=== a.ts\nclass A { constructor(private x: B) {} }\n",
            "a.ts:A.x",
            true,
        ),
        ("a key of an object", "=== a.ts\nconst routes = { home: '/' };\n", "a.ts:routes.home", true),
        ("an object that is spread", "=== a.js\nconst routes = { ...other };\n", "a.js:routes.home", true),
        (
            "inherited in TypeScript",
            "=== a.ts\nimport { B } from './b';\nclass A extends B {}\n=== b.ts\nexport class B { x = 1 }\n",
            "a.ts:A.x",
            true,
        ),
        ("of a type with another name", "=== a.ts\ntype A = B & C;\n", "a.ts:A.x", true),
        ("a decorated class", "=== a.ts\n@d()\nexport class A {}\n", "a.ts:A.x", true),
        ("a field in Java", "=== A.java\nclass A { private int x; }\n", "A.java:A.x", true),
        ("a component", "=== A.java\nrecord A(int x) {}\n", "A.java:A.x", true),
        ("of every object", "=== A.java\nclass A {}\n", "A.java:A.toString", true),
        ("what Lombok makes", "=== A.java\n@Data class A {}\n", "A.java:A.getX", true),
        ("what isn't in Java", "=== A.java\nclass A { int x; }\n", "A.java:A.y", false),
        ("a field in Rust", "=== a.rs\nstruct A { x: u8 }\n", "a.rs:A.x", true),
        ("a field that isn't in Rust", "=== a.rs\nstruct A { x: u8 }\n", "a.rs:A.y", false),
        (
            "of a trait",
            "=== a.rs\ntrait T { fn go(&self) {} }\nstruct A;\nimpl T for A {}\n",
            "a.rs:A.go",
            true,
        ),
        ("of a trait elsewhere", "=== a.rs\nstruct A;\nimpl std::fmt::Debug for A {}\n", "a.rs:A.y", true),
        ("derived", "=== a.rs\n#[derive(Builder)]\nstruct A;\n", "a.rs:A.build", true),
        ("by a macro in it", "=== a.rs\nstruct A;\nimpl A { forward!(); }\n", "a.rs:A.build", true),
        ("with an attribute that adds nothing", "=== a.rs\n#[must_use]\nstruct A;\n", "a.rs:A.build", false),
        ("a field in Go", "=== a.go\npackage a\ntype A struct { X int }\n", "a.go:A.X", true),
        ("embedded in Go", "=== a.go\npackage a\ntype A struct { other.B }\n", "a.go:A.X", true),
        ("a field that isn't in Go", "=== a.go\npackage a\ntype A struct { X int }\n", "a.go:A.Y", false),
    ];
    check(&rows, Before::Unknown);
}

#[test]
fn what_stands_alone_may_be_made_by_a_macro_or_given_out() {
    let rows: [Row<'_>; 9] = [
        ("by a macro", "=== a.rs\nlazy_static! { static ref LIMIT: u8 = 1; }\n", "a.rs:LIMIT", true),
        ("given out", "=== a.rs\npub use std::fmt::Display;\n", "a.rs:Display", true),
        ("a member of that", "=== a.rs\npub use std::fmt::Display;\n", "a.rs:Display.fmt", true),
        ("all of another crate", "=== a.rs\npub use other::*;\n", "a.rs:Guard", true),
        (
            "all of another package",
            "=== src/__init__.py\nfrom other import *\n",
            "src/__init__.py:Guard",
            true,
        ),
        ("a slip", "=== a.rs\nuse std::io::*;\nfn a() {}\n", "a.rs:b", false),
        ("only in a text", "=== a.py\nx = 'Guard'\n", "a.py:Guard", false),
        ("filled into a text", "=== a.py\nx = f'{Guard}'\n", "a.py:Guard", true),
        ("set by code", "=== a.js\nglobal.Guard = f();\n", "a.js:Guard", true),
    ];
    check(&rows, Before::Unknown);
}

#[test]
fn what_was_defined_once_is_gone_unless_its_name_is_still_said() {
    let rows: [Row<'_>; 7] = [
        ("of a base elsewhere", "=== a.py\nimport lib\nclass A(lib.B): pass\n", "a.py:A.x", false),
        ("derived", "=== a.rs\n#[derive(Builder)]\nstruct A;\n", "a.rs:A.build", false),
        ("derived by the language", "=== a.rs\n#[derive(Clone)]\nstruct A;\n", "a.rs:A.clone", true),
        ("pulled up", SUB, "src/a.py:Sub.look", true),
        ("made a field", "=== a.py\nclass A:\n    x: int\n", "a.py:A.x", true),
        ("all of another crate", "=== a.rs\npub use other::*;\n", "a.rs:Guard", false),
        ("in a comment", "=== a.rs\n// Guard\nfn a() {}\n", "a.rs:Guard", false),
    ];
    check(&rows, Before::Defined);
}
