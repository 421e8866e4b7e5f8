//! TypeScript, with and without JSX.

use tree_sitter::Node;

use super::super::file::Import;
use super::super::layout::{Layout, Located};
use super::super::mentions::{Part, Reach, Spot};
use super::super::walk::{Step, Walk};
use super::{Dialect, Interest, ecmascript};

/// The language without JSX.
pub(super) struct TypeScript;

/// The language with JSX.
pub(super) struct Tsx;

impl Dialect for TypeScript {
    fn extensions(&self) -> &'static [&'static str] {
        &["ts", "mts", "cts"]
    }

    fn grammar(&self) -> tree_sitter::Language {
        tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into()
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

impl Dialect for Tsx {
    fn extensions(&self) -> &'static [&'static str] {
        &["tsx"]
    }

    fn grammar(&self) -> tree_sitter::Language {
        tree_sitter_typescript::LANGUAGE_TSX.into()
    }

    fn interest(&self, kind: &str) -> Interest {
        TypeScript.interest(kind)
    }

    fn visit(&self, node: Node<'_>, walk: &mut Walk<'_>) -> Step {
        TypeScript.visit(node, walk)
    }

    fn part(&self, spot: &Spot<'_, '_>) -> Part {
        TypeScript.part(spot)
    }

    fn reach(&self, kind: &str) -> Option<Reach> {
        TypeScript.reach(kind)
    }

    fn finish(&self, walk: &mut Walk<'_>) {
        TypeScript.finish(walk);
    }

    fn modules(&self, layout: &Layout, from: &str, module: &str) -> Vec<Located> {
        TypeScript.modules(layout, from, module)
    }

    fn child(&self, module: &str, name: &str) -> Option<String> {
        TypeScript.child(module, name)
    }

    fn gives_out(&self, path: &str, import: &Import) -> bool {
        TypeScript.gives_out(path, import)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Language;
    use super::super::outline::outline;

    #[test]
    fn says_what_a_file_has() {
        let source = r#"
import React, { useState as state, type FC } from 'react';
import * as api from "./api";
import './side';
import old = require('./old');
export * from './all';
export * as ns from './ns';
export { A, B as C } from './ab';
export interface Port extends Base<string>, other.Thing { call(): void; size: number }
export type Id = string;
export enum State { Open, Shut = 'shut' }
export abstract class Engine<T> extends lib.Core<T> implements Port, Second {
  static readonly LIMIT = 3;
  private secret() { const x = { inner() {} }; }
  handler = (e: Event) => { const lazy = import('./lazy'); };
  abstract must(): void;
  get name() { return 1 }
  #hidden() {}
  constructor() { super() }
}
export const run = async (x: number) => { function local() {} };
const LIMITS = { a: 1 }, other = 2;
function load(a: string): void;
function load(a: any) {}
namespace Space { export class Inside {} }
declare module 'x' { export class Declared {} }
export default Engine;
export { load as fetch };
"#;
        insta::assert_snapshot!(outline(Language::TypeScript, source), @r"
        12: pub type Engine : lib.Core + Port + Second
        18: method Engine.#hidden
        13: pub constant Engine.LIMIT
        19: pub method Engine.constructor
        15: pub method Engine.handler
        16: pub method Engine.must
        17: pub method Engine.name
        14: method Engine.secret
        10: pub type Id
        22: constant LIMITS
        9: pub type Port : Base<string> + other.Thing
        9: pub method Port.call
        25: module Space
        25: pub type Space.Inside
        11: pub type State
        11: pub constant State.Open
        11: pub constant State.Shut
        23: pub function load
        22: constant other
        21: pub function run
        26: module x
        26: pub type x.Declared
        2: from `react` name default as React
        2: from `react` name useState as state
        2: from `react` name FC
        3: from `./api` module as api
        4: from `./side` module as 
        5: from `./old` module as old
        6: from `./all` all, given out
        7: from `./ns` module as ns, given out
        8: from `./ab` name A, given out
        8: from `./ab` name B as C, given out
        15: from `./lazy` module as lazy, inside
        27: from `` name Engine as default, given out
        28: from `` name load as fetch, given out
        ");
        let jsx =
            "export default function App() { return <Foo a={1}>text</Foo>; }\nexport const B = () => <b/>;\n";
        insta::assert_snapshot!(outline(Language::Tsx, jsx), @r"
        1: pub function App
        2: pub function B
        1: from `` name App as default, given out
        ");
    }

    #[test]
    fn reads_what_it_can_of_a_broken_file() {
        let source = "export class A { f( }\nexport class B { g() {} }\nconst x = ;\nfunction h() {}\n";
        insta::assert_snapshot!(outline(Language::TypeScript, source), @r"
        partial
        1: pub type A
        2: pub type B
        2: pub method B.g
        3: function x
        ");
    }
}
