//! Names followed through imports, in every language, on small trees.

use std::sync::Arc;

use crate::model::language::Anchor;

use super::index::{Declared, Index};
use super::{Language, Limits, Reader};

/// An index of sources; a tree is one text in which `=== path` starts a file.
pub(super) fn index(tree: &str, declared: Declared) -> Index {
    let mut reader = Reader::new(Limits::default());
    let files = tree.split("=== ").filter(|part| !part.trim().is_empty()).map(|part| {
        let (path, source) = part.split_once('\n').unwrap();
        let language = Language::of_path(path).unwrap();
        (path.to_owned(), Arc::new(reader.read(language, source.as_bytes())))
    });
    Index::new(files.collect::<Vec<_>>(), declared)
}

pub(super) fn at(text: &str) -> Anchor {
    text.parse().unwrap()
}

fn resolved(index: &Index, anchor: &str) -> String {
    index.resolve(&at(anchor)).map_or("-".to_owned(), |to| to.definition.to_string())
}

fn uses(index: &Index, path: &str) -> String {
    let line = |used: &super::Use| match &used.symbol {
        Some(symbol) => format!("{}: {symbol}", used.line),
        None => format!("{}: {}", used.line, used.path),
    };
    index.uses(path).iter().map(line).collect::<Vec<_>>().join("\n")
}

fn bases(index: &Index, anchor: &str) -> String {
    let line = |base: &super::Base| {
        format!("{} = {}", base.written, base.anchor.as_ref().map_or("-".to_owned(), ToString::to_string))
    };
    index.bases(&at(anchor)).iter().map(line).collect::<Vec<_>>().join("\n")
}

const RUST: &str = "\
=== src/lib.rs
pub mod model;
mod plan;
pub use plan::{Plan, check::Check as Checker};
pub use self::model::*;
use plan::Hidden;
=== src/main.rs
use app::Plan;
fn main() { app::run() }
=== src/model/mod.rs
pub mod issue;
pub use issue::Issue;
pub trait Port {}
=== src/model/issue.rs
use super::Port;
pub struct Issue;
impl Port for Issue {}
impl std::fmt::Display for Issue { fn fmt(&self) {} }
=== src/plan.rs
pub mod check;
use crate::model::{self, Issue};
use other_tool::Tool;
pub struct Plan { issue: Issue, port: Box<dyn crate::model::Port> }
pub struct Hidden;
mod tests { use super::*; use super::super::model::issue; }
=== src/plan/check.rs
use super::Plan;
pub struct Check(Plan);
impl crate::model::Port for Check {}
fn f() { crate::model::issue::Issue::new() }
=== tools/other-tool/src/lib.rs
pub struct Tool;
impl Tool { pub fn go(&self) {} }
";

const PYTHON: &str = "\
=== src/app/__init__.py
from .core import Engine, helper as aid
from . import ports
from .wild import *
=== src/app/core.py
from app.ports import Port
import app.util.text as text
from typing import Generic
class Engine(Port, Generic[T]):
    def run(self):
        from .late import Late
def helper(): pass
=== src/app/late.py
from .core import Engine
class Late(Engine): pass
=== src/app/ports.py
class Port: pass
=== src/app/wild.py
class Wild: pass
=== src/app/util/text.py
from ..ports import Port as P
from ... import outside
class Text(P): pass
=== tests/test_core.py
from app import Engine, aid, ports, Wild
import app
";

const SCRIPTS: &str = "\
=== web/index.ts
export * from './engine';
export { Port as Socket } from './ports';
export { default as App } from './App';
import { Engine } from './engine';
export { Engine as Motor };
=== web/barrel.ts
import { Engine } from './engine';
import { Port as Plug } from './ports';
import App from './App';
export { Engine, Plug };
export { App, Lost };
export { default as Lib } from '@org/lib/sub';
=== web/engine.ts
import { Port } from './ports';
import type Base from './base';
export class Engine extends Base<string> implements Port { run() {} }
=== web/base.js
class Base {}
module.exports = Base;
=== web/ports/index.ts
export interface Port {}
=== web/App.tsx
import { Engine, Socket } from '@/index';
import lib, { thing } from '@org/lib/sub';
export default function App() { const x = import('./base'); return <b/>; }
=== lib/sub.mjs
export default class Lib { go() {} }
export const thing = () => 1;
=== web/old.js
const { Engine } = require('./engine');
const Base = require('./base');
class Old extends Base {}
module.exports = { Old, Engine };
";

const GO: &str = "\
=== cmd/main.go
package main
import (
	\"fmt\"
	st \"github.com/acme/app/internal/store\"
	\"github.com/other/errors\"
)
func main() { fmt.Println(st.Open(), errors.New()); var d st.DB }
=== internal/store/db.go
package store
type DB struct { row Row }
func Open() *DB { return nil }
=== internal/store/row.go
package store
type Row struct{}
=== errors/errors.go
package errors
func New() error { return nil }
";

const JAVA: &str = "\
=== src/main/java/com/acme/app/Engine.java
package com.acme.app;
import com.acme.model.*;
import static com.acme.model.Limits.MAX;
public class Engine extends Core implements Port { Order order; String text; }
=== src/main/java/com/acme/app/Core.java
package com.acme.app;
abstract class Core {}
=== src/main/java/com/acme/model/Order.java
package com.acme.model;
public class Order { public static class Line {} }
=== src/main/java/com/acme/model/Port.java
package com.acme.model;
public interface Port {}
=== src/main/java/com/acme/model/Limits.java
package com.acme.model;
public class Limits { public static final int MAX = 1; }
=== src/main/java/com/acme/ui/View.java
package com.acme.ui;
import com.acme.model.Order.Line;
class View extends Line {}
";

#[test]
fn anchors_resolve_through_what_gives_them_out() {
    let rows = [
        (RUST, "src/plan.rs:Plan", "src/plan.rs:Plan"),
        (RUST, "src/lib.rs:Plan", "src/plan.rs:Plan"),
        (RUST, "src/lib.rs:Checker", "src/plan/check.rs:Check"),
        (RUST, "src/lib.rs:Check", "-"),
        (RUST, "src/lib.rs:Hidden", "-"),
        (RUST, "src/lib.rs:Issue", "src/model/issue.rs:Issue"),
        (RUST, "src/lib.rs:Issue.fmt", "src/model/issue.rs:Issue.fmt"),
        (RUST, "src/lib.rs:model", "src/lib.rs:model"),
        (RUST, "src/none.rs:Plan", "-"),
        (PYTHON, "src/app/__init__.py:Engine.run", "src/app/core.py:Engine.run"),
        (PYTHON, "src/app/__init__.py:aid", "src/app/core.py:helper"),
        (PYTHON, "src/app/__init__.py:Wild", "src/app/wild.py:Wild"),
        (PYTHON, "src/app/__init__.py:ports.Port", "src/app/ports.py:Port"),
        (PYTHON, "src/app/late.py:Engine", "-"),
        (SCRIPTS, "web/index.ts:Engine.run", "web/engine.ts:Engine.run"),
        (SCRIPTS, "web/index.ts:Socket", "web/ports/index.ts:Port"),
        (SCRIPTS, "web/index.ts:Port", "-"),
        (SCRIPTS, "web/index.ts:App", "web/App.tsx:App"),
        (SCRIPTS, "web/index.ts:Motor", "web/engine.ts:Engine"),
        (SCRIPTS, "web/barrel.ts:Engine.run", "web/engine.ts:Engine.run"),
        (SCRIPTS, "web/barrel.ts:Plug", "web/ports/index.ts:Port"),
        (SCRIPTS, "web/barrel.ts:App", "web/App.tsx:App"),
        (SCRIPTS, "web/barrel.ts:Lost", "-"),
        (SCRIPTS, "web/barrel.ts:Lib", "lib/sub.mjs:Lib"),
        (SCRIPTS, "web/barrel.ts:Lib.go", "lib/sub.mjs:Lib.go"),
        (SCRIPTS, "web/old.js:Engine", "web/engine.ts:Engine"),
        (SCRIPTS, "web/base.js:default", "web/base.js:Base"),
        (GO, "internal/store/db.go:DB", "internal/store/db.go:DB"),
        (GO, "internal/store/db.go:Row", "-"),
        (JAVA, "src/main/java/com/acme/app/Engine.java:Order", "-"),
    ];
    for (tree, anchor, expected) in rows {
        let index = index(tree, declared());
        assert_eq!(resolved(&index, anchor), expected, "{anchor}");
    }
}

fn declared() -> Declared {
    Declared {
        roots: vec!["src".to_owned(), "web".to_owned()],
        packages: vec![("app".to_owned(), String::new()), ("@org/lib".to_owned(), "lib".to_owned())],
    }
}

#[test]
fn imports_are_resolved_by_path() {
    let rust = index(RUST, declared());
    insta::assert_snapshot!(uses(&rust, "src/plan.rs"), @r"
    2: src/lib.rs:model
    2: src/model/issue.rs:Issue
    4: src/model/mod.rs:Port
    6: src/model/mod.rs:issue
    3: tools/other-tool/src/lib.rs:Tool
    ");
    insta::assert_snapshot!(uses(&rust, "src/plan/check.rs"), @r"
    4: src/model/issue.rs:Issue
    3: src/model/mod.rs:Port
    1: src/plan.rs:Plan
    ");
    insta::assert_snapshot!(uses(&rust, "src/lib.rs"), @r"
    4: src/model/mod.rs
    5: src/plan.rs:Hidden
    3: src/plan.rs:Plan
    3: src/plan/check.rs:Check
    ");
    insta::assert_snapshot!(uses(&rust, "src/main.rs"), @"1: src/plan.rs:Plan");
    let python = index(PYTHON, declared());
    insta::assert_snapshot!(uses(&python, "src/app/core.py"), @r"
    6: src/app/late.py:Late
    1: src/app/ports.py:Port
    2: src/app/util/text.py
    ");
    insta::assert_snapshot!(uses(&python, "src/app/util/text.py"), @"1: src/app/ports.py:Port");
    insta::assert_snapshot!(uses(&python, "tests/test_core.py"), @r"
    2: src/app/__init__.py
    1: src/app/core.py:Engine
    1: src/app/core.py:helper
    1: src/app/ports.py
    1: src/app/wild.py:Wild
    ");
    let scripts = index(SCRIPTS, declared());
    insta::assert_snapshot!(uses(&scripts, "web/engine.ts"), @r"
    2: web/base.js:Base
    1: web/ports/index.ts:Port
    ");
    insta::assert_snapshot!(uses(&scripts, "web/App.tsx"), @r"
    2: lib/sub.mjs:Lib
    2: lib/sub.mjs:thing
    3: web/base.js:Base
    1: web/engine.ts:Engine
    1: web/ports/index.ts:Port
    ");
    insta::assert_snapshot!(uses(&scripts, "web/old.js"), @r"
    2: web/base.js:Base
    1: web/engine.ts:Engine
    4: web/engine.ts:Engine
    ");
    let go = index(GO, declared());
    insta::assert_snapshot!(uses(&go, "cmd/main.go"), @r"
    4: internal/store/db.go:DB
    4: internal/store/db.go:Open
    ");
    insta::assert_snapshot!(uses(&go, "internal/store/db.go"), @"0: internal/store/row.go:Row");
    let java = index(JAVA, declared());
    insta::assert_snapshot!(uses(&java, "src/main/java/com/acme/app/Engine.java"), @r"
    0: src/main/java/com/acme/app/Core.java:Core
    3: src/main/java/com/acme/model/Limits.java:Limits.MAX
    0: src/main/java/com/acme/model/Order.java:Order
    0: src/main/java/com/acme/model/Port.java:Port
    ");
    insta::assert_snapshot!(uses(&java, "src/main/java/com/acme/ui/View.java"), @"2: src/main/java/com/acme/model/Order.java:Order.Line");
}

#[test]
fn bases_are_resolved_by_path() {
    let rust = index(RUST, declared());
    insta::assert_snapshot!(bases(&rust, "src/model/issue.rs:Issue"), @r"
    Port = src/model/mod.rs:Port
    std::fmt::Display = -
    ");
    insta::assert_snapshot!(bases(&rust, "src/lib.rs:Checker"), @"crate::model::Port = src/model/mod.rs:Port");
    let python = index(PYTHON, declared());
    insta::assert_snapshot!(bases(&python, "src/app/core.py:Engine"), @r"
    Generic[T] = -
    Port = src/app/ports.py:Port
    ");
    insta::assert_snapshot!(bases(&python, "src/app/util/text.py:Text"), @"P = src/app/ports.py:Port");
    let scripts = index(SCRIPTS, declared());
    insta::assert_snapshot!(bases(&scripts, "web/engine.ts:Engine"), @r"
    Base = web/base.js:Base
    Port = web/ports/index.ts:Port
    ");
    insta::assert_snapshot!(bases(&scripts, "web/old.js:Old"), @"Base = web/base.js:Base");
    let java = index(JAVA, declared());
    insta::assert_snapshot!(bases(&java, "src/main/java/com/acme/app/Engine.java:Engine"), @r"
    Core = src/main/java/com/acme/app/Core.java:Core
    Port = src/main/java/com/acme/model/Port.java:Port
    ");
    insta::assert_snapshot!(bases(&java, "src/main/java/com/acme/ui/View.java:View"), @"Line = src/main/java/com/acme/model/Order.java:Order.Line");
}

#[test]
fn circles_of_imports_end() {
    let index = index(
        "=== a.ts\nexport * from './b';\nexport { x as y } from './a';\nexport { y as x } from './a';\n=== b.ts\nexport * from './a';\nexport * from './c';\n=== c.ts\nexport * from './b';\n",
        Declared::default(),
    );
    for symbol in ["none", "x", "y", "x.z"] {
        assert_eq!(resolved(&index, &format!("a.ts:{symbol}")), "-");
    }
}

#[test]
fn a_name_lists_its_definitions() {
    let index = index(PYTHON, Declared::default());
    let named = |name: &str| index.named(name).iter().map(|(at, _)| at.to_string()).collect::<Vec<_>>();
    assert_eq!(named("Engine"), ["src/app/core.py:Engine"]);
    assert_eq!(named("run"), ["src/app/core.py:Engine.run"]);
    assert!(named("Absent").is_empty());
}

#[test]
fn types_with_a_suffix_bear_a_load() {
    let index = index(PYTHON, Declared::default());
    let suffixes = ["Port".to_owned(), "ine".to_owned(), String::new()];
    let found: Vec<String> = super::load_bearing(&index, &suffixes).iter().map(ToString::to_string).collect();
    assert_eq!(found, ["src/app/core.py:Engine", "src/app/ports.py:Port"]);
}

#[test]
fn an_excerpt_is_bounded_and_unindented() {
    let source = "class A:\n    @deco\n    def f(self):\n        x = 1\n\n        return x\n";
    let file = Reader::new(Limits::default()).read(Language::Python, source.as_bytes());
    let text = |lines| {
        let excerpt = super::excerpt(source, &file, "A.f", lines).unwrap();
        format!("{}+{}\n{}", excerpt.line, excerpt.left_out, excerpt.text)
    };
    insta::assert_snapshot!(text(9), @r"
    2+0
    @deco
    def f(self):
        x = 1

        return x
    ");
    insta::assert_snapshot!(text(2), @r"
    2+3
    @deco
    def f(self):
    ");
    assert_eq!(super::excerpt("class", &file, "A.f", 5), None);
    assert_eq!(super::excerpt(source, &file, "A.g", 5), None);
}
