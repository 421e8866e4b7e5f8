//! JavaScript, with JSX and both kinds of modules.

use tree_sitter::Node;

use super::super::file::Import;
use super::super::layout::{Layout, Located};
use super::super::mentions::{Part, Reach, Spot};
use super::super::walk::{Step, Walk};
use super::{Dialect, Interest, ecmascript};

/// The language.
pub(super) struct JavaScript;

impl Dialect for JavaScript {
    fn extensions(&self) -> &'static [&'static str] {
        &["js", "jsx", "mjs", "cjs"]
    }

    fn grammar(&self) -> tree_sitter::Language {
        tree_sitter_javascript::LANGUAGE.into()
    }

    fn interest(&self, kind: &str) -> Interest {
        ecmascript::interest(kind)
    }

    fn visit(&self, node: Node<'_>, walk: &mut Walk<'_>) -> Step {
        ecmascript::visit(node, walk)
    }

    fn part(&self, spot: &Spot<'_, '_>) -> Part {
        ecmascript::part(spot)
    }

    fn reach(&self, kind: &str) -> Option<Reach> {
        ecmascript::reach(kind)
    }

    fn finish(&self, walk: &mut Walk<'_>) {
        ecmascript::finish(walk);
    }

    fn modules(&self, layout: &Layout, from: &str, module: &str) -> Vec<Located> {
        ecmascript::modules(layout, from, module)
    }

    fn child(&self, _module: &str, _name: &str) -> Option<String> {
        None
    }

    fn gives_out(&self, _path: &str, import: &Import) -> bool {
        import.reexport
    }
}

#[cfg(test)]
mod tests {
    use super::super::Language;
    use super::super::outline::outline;

    #[test]
    fn says_what_a_file_has() {
        let source = r"
const path = require('path'), { A, b: c } = require('./ab');
class Engine extends Core { run() { require('./late') } static make() {} }
const helper = function () {};
var Anonymous = class extends Core { go() {} };
module.exports = { Engine, helper: helper, A };
exports.extra = function () {};
module.exports.more = helper;
export default class extends Core { only() {} }
";
        insta::assert_snapshot!(outline(Language::JavaScript, source), @r"
        5: type Anonymous : Core
        3: pub type Engine : Core
        3: pub method Engine.make
        3: pub method Engine.run
        9: pub type default : Core
        7: pub function extra
        4: pub function helper
        2: from `path` module as path
        2: from `./ab` name A
        2: from `./ab` name b as c
        3: from `./late` module, inside
        6: from `` name A as A, given out
        8: from `` name helper as more, given out
        ");
        insta::assert_snapshot!(outline(Language::JavaScript, "module.exports = require('./all');"), @"1: from `./all` all, given out");
        insta::assert_snapshot!(outline(Language::JavaScript, "class A {}\nmodule.exports = A;"), @r"
        1: pub type A
        2: from `` name A as default, given out
        ");
        insta::assert_snapshot!(outline(Language::JavaScript, "module.exports = class Foo { bar() { return <a/> } };"), @r"
        1: pub type Foo
        1: from `` name Foo as default, given out
        ");
    }
}
