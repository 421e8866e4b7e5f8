//! What code refers to and what it only says, in every language: each row is a definition `It` beside a definition `Nut`.

use super::Declared;
use super::index_test::{at, index};
use super::named_by;

/// Whether `It` names `Nut`, which a file defines first.
fn check(path: &str, nut: &str, rows: &[(&str, &str, bool)]) {
    for (name, code, expected) in rows {
        let tree = format!("=== {path}\n{nut}\n{code}\n");
        let named = named_by(&index(&tree, Declared::default()), &at(&format!("{path}:It")));
        let named = named.unwrap_or_else(|| panic!("{path}, {name}: not read"));
        let told = named.iter().any(|it| it.symbol() == "Nut");
        assert_eq!(told, *expected, "{path}, {name}: {named:?}");
    }
}

#[test]
fn python_names_what_it_refers_to() {
    check(
        "a.py",
        "class Nut: pass",
        &[
            ("a base", "class It(Nut): pass", true),
            ("an annotation", "def It(x: Nut): pass", true),
            ("what it gives back", "def It() -> list[Nut]: pass", true),
            ("an annotation of a field", "class It:\n    x: Nut | None = None", true),
            ("a call", "def It():\n    return Nut()", true),
            ("a value", "def It():\n    x = [Nut]", true),
            ("an owner", "def It():\n    return Nut.make()", true),
            ("an owner that gets a member", "def It():\n    Nut.x = 1", true),
            ("a decorator", "@Nut\ndef It(): pass", true),
            ("a value that a parameter has by default", "def It(x=Nut): pass", true),
            ("a keyword's value", "def It():\n    dict(x=Nut)", true),
            ("filled into a text", "def It():\n    return f'a {Nut.x} b'", true),
            ("a pattern", "def It(x):\n    match x:\n        case Nut(): pass", true),
            ("in a method", "class It:\n    def m(self):\n        return isinstance(self, Nut)", true),
            ("a value of a class that keeps the name", "class It:\n    Nut = Nut()", true),
            ("a method", "class It:\n    def Nut(self): pass", false),
            ("a field", "class It:\n    Nut = 1", false),
            ("an attribute", "def It(x):\n    return x.Nut", false),
            ("an attribute that is set", "class It:\n    def m(self):\n        self.Nut = 1", false),
            ("a keyword", "def It():\n    dict(Nut=1)", false),
            ("a comment", "class It:\n    # Nut\n    pass", false),
            ("what it says of itself", "class It:\n    \"\"\"Unlike Nut, it floats.\"\"\"", false),
            ("a text", "def It():\n    return 'Nut'", false),
            ("a parameter", "def It(Nut):\n    return Nut", false),
            ("a parameter of a lambda", "def It():\n    return lambda Nut: Nut", false),
            ("a local variable", "def It():\n    Nut = 1\n    return Nut", false),
            ("a variable of a loop", "def It(xs):\n    return [Nut for Nut in xs if Nut]", false),
            ("a parameter of its type", "class It[Nut]:\n    x: Nut", false),
            ("a function in it", "def It():\n    def Nut(): pass\n    Nut()", false),
            ("what a pattern takes", "def It(x):\n    match x:\n        case Nut: return Nut", false),
        ],
    );
}

#[test]
fn rust_names_what_it_refers_to() {
    check(
        "a.rs",
        "pub struct Nut;",
        &[
            ("a field's type", "struct It { x: Vec<Nut> }", true),
            ("a parameter's type", "fn It(x: &Nut) {}", true),
            ("what it gives back", "fn It() -> Option<Nut> { None }", true),
            ("a value", "fn It() { let x = Nut; }", true),
            ("an owner", "fn It() { Nut::new() }", true),
            ("an owner by a path", "fn It() { self::Nut::new() }", true),
            ("a bound", "struct It<T: Nut>(T);", true),
            ("a pattern", "fn It(x: u8) { match x { Nut { .. } => {} } }", true),
            ("a value in a pattern", "fn It(x: u8) { match x { Nut => {} _ => {} } }", true),
            ("what it is made from", "trait It: Nut {}", true),
            ("derived", "#[derive(Clone, Nut)]\nstruct It;", true),
            ("an attribute", "/// It.\n#[Nut]\nfn It() {}", true),
            ("in a macro", "fn It() { vec![Nut::new()]; }", true),
            ("as a macro", "fn It() { Nut!(1) }", true),
            ("in a method", "struct It; impl It { fn m(&self) { let a: Nut; } }", true),
            ("what a local variable is made of", "fn It() { let Nut = Nut::new(); }", true),
            ("a variant", "enum It { Nut, Other }", false),
            ("a variant of another type", "fn It() -> R1 { R1::Nut }", false),
            ("a variant in a pattern", "fn It(x: R1) { match x { R1::Nut => {} _ => {} } }", false),
            ("a member of another crate", "fn It(x: other::Nut) {}", false),
            ("a parameter of its type", "struct It<Nut> { x: Nut }", false),
            (
                "a parameter of its methods' type",
                "struct It<T>(T); impl<Nut> It<Nut> { fn m(x: Nut) {} }",
                false,
            ),
            ("a field", "struct It { Nut: u8 }", false),
            ("a field that is read", "fn It(x: R1) { x.Nut; }", false),
            ("a method", "trait It { fn Nut(&self); }", false),
            ("a type in a trait", "trait It { type Nut; }", false),
            ("a type of a trait", "fn It(x: impl Iterator<Nut = u8>) {}", false),
            ("a comment", "struct It { /* Nut */ x: u8 /* Nut */ }", false),
            ("a text", "fn It() { \"Nut\"; println!(\"Nut\"); }", false),
            ("a member in a macro", "fn It() { f!(x.Nut, R1::Nut, R2 { Nut: 1 }, Nut = 2) }", false),
            ("a use", "fn It() { use other::Nut as X; }", false),
            ("an item in it", "fn It() { struct Nut; let x = Nut; }", false),
            ("an argument of an attribute", "#[serde(tag = \"x\", Nut)]\nstruct It;", false),
        ],
    );
    check(
        "a.rs",
        "pub fn Nut() {}",
        &[("a local variable", "fn It(nut: u8) { nut; }", false), ("a call", "fn It() { Nut() }", true)],
    );
    let lower = "=== a.rs\npub fn nut() {}\nfn told() { let x = nut; }\nfn hidden() { let nut = 1; nut; }\n\
                 fn both() { let nut = nut(); nut; }\nfn given(nut: u8) -> u8 { nut }\nfn taken(x: X) { x.map(|nut| nut); }\n\
                 fn matched(x: X) { if let Some(nut) = x { nut; } }\n";
    let index = index(lower, Declared::default());
    let told = |symbol: &str| !named_by(&index, &at(&format!("a.rs:{symbol}"))).unwrap().is_empty();
    let all = ["told", "hidden", "both", "given", "taken", "matched"].map(told);
    assert_eq!(all, [true, false, true, false, false, false]);
}

#[test]
fn typescript_names_what_it_refers_to() {
    let rows = [
        ("a base", "class It extends Nut {}", true),
        ("a value", "function It() { return [Nut]; }", true),
        ("a call", "const It = () => Nut();", true),
        ("what is made", "function It() { return new Nut(1); }", true),
        ("an owner", "function It() { return Nut.make(); }", true),
        ("filled into a text", "function It() { return `a ${Nut.x}`; }", true),
        ("a value of an object", "function It() { return { a: Nut }; }", true),
        ("a value of an object of the same name", "function It() { return { Nut }; }", true),
        ("a value by default", "function It(x = Nut) {}", true),
        ("in a method", "class It { m() { return x instanceof Nut; } }", true),
        ("a computed name", "function It() { return { [Nut]: 1 }; }", true),
        ("a field", "class It { Nut = 1 }", false),
        ("a method", "class It { Nut() {} }", false),
        ("a key", "function It() { return { Nut: 1 }; }", false),
        ("a member", "function It(x) { return x.Nut; }", false),
        ("a text", "function It() { return 'Nut' + `Nut`; }", false),
        ("a comment", "function It() { /* Nut */ }", false),
        ("a parameter", "function It(Nut) { return Nut; }", false),
        ("a parameter of an arrow", "const It = Nut => Nut;", false),
        ("a part of a parameter", "function It({ Nut, a: b }) { return Nut; }", false),
        ("a local variable", "function It() { const Nut = 1; return Nut; }", false),
        ("a function in it", "function It() { function Nut() {} Nut(); }", false),
        ("what is caught", "function It() { try {} catch (Nut) { Nut; } }", false),
    ];
    check("a.ts", "export class Nut {}", &rows);
    check("a.js", "export class Nut {}", &rows);
    check(
        "a.ts",
        "export class Nut {}",
        &[
            ("an annotation", "function It(x: Nut) {}", true),
            ("what it gives back", "function It(): Promise<Nut> {}", true),
            ("a port", "class It implements Nut {}", true),
            ("a field's type", "interface It { x: Nut | null }", true),
            ("a type of a type", "type It = { [K in keyof Nut]: string };", true),
            ("a type of a value", "type It = typeof Nut;", true),
            ("a cast", "function It(x: any) { return x as Nut; }", true),
            ("a decorator", "@Nut()\nclass It {}", true),
            ("an argument of a type", "class It extends Base<Nut> {}", true),
            ("a member of an enum", "enum It { Nut }", false),
            ("a property", "interface It { Nut: string }", false),
            ("a parameter of its type", "class It<Nut> { x: Nut }", false),
            ("a parameter of a function's type", "function It<Nut>(x: Nut) {}", false),
            ("a name of a parameter", "type It = (Nut: string) => void;", false),
            ("a member of a namespace", "type It = other.Nut;", false),
        ],
    );
    check(
        "a.tsx",
        "export function Nut() {}",
        &[
            ("an element", "function It() { return <Nut a={1}/>; }", true),
            ("an attribute", "function It() { return <p Nut={1}>Nut</p>; }", false),
        ],
    );
}

#[test]
fn go_names_what_it_refers_to() {
    check(
        "a.go",
        "package a\ntype Nut struct{}",
        &[
            ("a field's type", "type It struct { x *Nut }", true),
            ("embedded", "type It struct { Nut }", true),
            ("a parameter's type", "func It(x []Nut) {}", true),
            ("a parameter's type of the same name", "func It(Nut Nut) {}", true),
            ("what it gives back", "func It() (Nut, error) { return x, nil }", true),
            ("what is made", "func It() { return &Nut{} }", true),
            ("an owner", "func It() { Nut.call() }", true),
            ("a key of a map", "func It() { x := map[string]int{Nut: 1} }", true),
            ("a method's", "type It struct{}\nfunc (i *It) m(x Nut) {}", true),
            ("an argument of a type", "func It() { f[Nut](1) }", true),
            ("a field", "type It struct { Nut string }", false),
            ("a field that is filled", "func It() { return R1{Nut: 1} }", false),
            ("a parameter", "func It(Nut string) { f(Nut) }", false),
            ("a method", "type It struct{}\nfunc (i It) Nut() {}", false),
            ("a method of an interface", "type It interface { Nut() error }", false),
            ("a member", "func It(x R1) { x.Nut() }", false),
            ("a member of a package", "func It(x other.Nut) {}", false),
            ("a local variable", "func It() { Nut := 1; f(Nut) }", false),
            ("a parameter of a type", "func It[Nut any](x Nut) {}", false),
            (
                "a parameter of the receiver's type",
                "type It[T any] struct{}\nfunc (i It[Nut]) m(x Nut) {}",
                false,
            ),
            ("a comment", "type It struct {\n\t// Nut\n\tx int\n}", false),
            ("a text", "func It() { f(\"Nut\", `Nut`) }", false),
            ("a type in it", "func It() { type Nut int; var x Nut; f(x) }", false),
        ],
    );
}

#[test]
fn java_names_what_it_refers_to() {
    check(
        "a/A.java",
        "package a; class Nut {}",
        &[
            ("a base", "class It extends Nut {}", true),
            ("a port", "class It implements Comparable<Nut> {}", true),
            ("a field's type", "class It { private Nut x; }", true),
            ("a component's type", "record It(Nut x) {}", true),
            ("a parameter's type", "class It { void m(Nut x) {} }", true),
            ("what is made", "class It { Object m() { return new Nut(); } }", true),
            ("an owner", "class It { void m() { Nut.make(); } }", true),
            ("an owner of a constant", "class It { int x = Nut.LIMIT; }", true),
            ("an annotation", "@Nut class It {}", true),
            ("a cast", "class It { void m(Object o) { Object x = (Nut) o; } }", true),
            ("a class", "class It { Object x = Nut.class; }", true),
            ("a reference", "class It { Object x = f(Nut::new); }", true),
            ("what is thrown", "class It { void m() throws Nut {} }", true),
            ("a parameter of its type", "class It<Nut> { Nut x; }", false),
            ("a parameter of a method's type", "class It { <Nut> void m(Nut x) {} }", false),
            ("a method", "class It { void Nut() {} }", false),
            ("a field", "class It { int Nut; }", false),
            ("a call of a member", "class It { void m(R1 x) { x.Nut(); x.Nut = 1; } }", false),
            ("a type of another one", "class It { R1.Nut x; }", false),
            ("a parameter", "class It { int m(int Nut) { return Nut; } }", false),
            ("a parameter of a lambda", "class It { Object x = f(Nut -> Nut + 1); }", false),
            ("a local variable", "class It { int m() { int Nut = 1; return Nut; } }", false),
            ("a constant of an enum", "enum It { Nut }", false),
            ("a case", "class It { void m(R1 x) { switch (x) { case Nut: f(); } } }", false),
            ("a key of an annotation", "@Other(Nut = 1) class It {}", false),
            ("a comment", "class It { /** Nut */ int x; // Nut\n }", false),
            ("a text", "class It { String x = \"Nut\"; }", false),
        ],
    );
}

const CRANE: &str = "from store import Store as Shelf
from clock import Clock

class Crane:
    def lift(self):
        return Shelf()

class Winch(Crane):
    at = Clock
";
const YARD: &str = "use crate::plan::{Guard, Plan};

pub struct Yard {
    plan: Plan,
}

impl Yard {
    fn guard(&self) -> Guard {
        crate::plan::Late::new()
    }
}

pub struct Other(Plan);
";

#[test]
fn what_a_definition_names_is_its_own_and_is_followed_through_imports() {
    let tree = format!(
        "=== src/store.py\nclass Store:\n    pass\n=== src/clock.py\nclass Clock:\n    pass\n=== src/crane.py\n{CRANE}\
         === src/plan.rs\npub struct Guard;\npub struct Plan;\npub struct Late;\n=== src/yard.rs\n{YARD}\
         === src/lib.rs\npub mod plan;\npub mod yard;\n\
         === src/k/store.go\npackage k\ntype Base struct{{}}\n\
         === src/s/server.go\npackage s\nimport \"example.com/app/k\"\ntype Server struct {{ k.Base }}\n\
         func open(k *k.Base) {{}}\nfunc shut(k *Server) {{ k.Base() }}\n\
         === src/ui/port.ts\nexport interface Port {{}}\nexport default class Main {{}}\n\
         === src/ui/app.ts\nimport Root, {{ Port as P }} from './port';\nclass App {{ p: P }}\nclass Top extends Root {{}}\n\
         class Idle {{ Port = 1; Root() {{}} }}\n"
    );
    let packages = vec![("example.com/app".to_owned(), "src".to_owned())];
    let index = index(&tree, Declared { roots: vec!["src".into()], packages });
    for (anchor, expected) in [
        ("src/crane.py:Crane", "src/store.py:Store"),
        ("src/crane.py:Winch", "src/clock.py:Clock src/crane.py:Crane"),
        ("src/yard.rs:Yard", "src/plan.rs:Guard src/plan.rs:Late src/plan.rs:Plan"),
        ("src/yard.rs:Other", "src/plan.rs:Plan"),
        ("src/s/server.go:Server", "src/k/store.go:Base"),
        ("src/s/server.go:open", "src/k/store.go:Base"),
        ("src/s/server.go:shut", "src/s/server.go:Server"),
        ("src/ui/app.ts:App", "src/ui/port.ts:Port"),
        ("src/ui/app.ts:Top", "src/ui/port.ts:Main"),
        ("src/ui/app.ts:Idle", ""),
    ] {
        let named: Vec<String> =
            named_by(&index, &at(anchor)).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(named.join(" "), expected, "{anchor}");
    }
    assert_eq!(named_by(&index, &at("src/yard.rs:Gone")), None);
}
