//! KDL and TOML are two spellings of one model: a config made from the definitions, written in both, is the same
//! desired state, or wrong in the same ways.

use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::select;

use super::docs::tests::validates;
use super::fixture::{files, vocabulary};
use super::load_test::explain;
use super::sections::ROOT;
use super::shape::{Field, Kind, Repeat, Type};
use super::{load, render};

/// A value before it is spelled.
#[derive(Clone, Debug)]
enum Literal {
    Flag(bool),
    Int(i64),
    Unlimited,
    Text(String),
}

impl Literal {
    fn kdl(&self) -> String {
        match self {
            Self::Flag(b) => format!("#{b}"),
            Self::Int(n) => n.to_string(),
            Self::Unlimited => "#null".to_owned(),
            Self::Text(text) => format!("{text:?}"),
        }
    }

    fn toml(&self) -> String {
        match self {
            Self::Flag(b) => b.to_string(),
            Self::Int(n) => n.to_string(),
            Self::Unlimited => "\"unlimited\"".to_owned(),
            Self::Text(text) => toml_edit::Value::from(text.as_str()).to_string(),
        }
    }

    /// A key stands in one line, whatever is in it.
    fn toml_key(&self) -> String {
        match self {
            Self::Text(text) => toml_edit::Key::new(text.as_str()).display_repr().into_owned(),
            Self::Flag(_) | Self::Int(_) | Self::Unlimited => self.toml(),
        }
    }
}

/// A field, its values, and whether KDL writes it as `name=value`.
type Given = (&'static Field, Vec<Literal>, bool);

/// A node before it is spelled.
#[derive(Clone, Debug)]
struct Made {
    kind: &'static Kind,
    key: Vec<Literal>,
    fields: Vec<Given>,
    children: Vec<Made>,
}

fn literal(ty: Type) -> BoxedStrategy<Literal> {
    let words = |words: Vec<&'static str>| select(words).prop_map(|w| Literal::Text(w.to_owned())).boxed();
    match ty {
        Type::Flag => any::<bool>().prop_map(Literal::Flag).boxed(),
        Type::Text { .. } => "[a-zé\"'#\\\\/ ]{0,12}".prop_map(Literal::Text).boxed(),
        Type::Prose { .. } => words(vec!["Do it.", "One\ntwo \"three\"", "é"]),
        Type::Int { min, max } => (min..=max.min(min + 200)).prop_map(Literal::Int).boxed(),
        Type::Limit { max } => {
            prop_oneof![(0..=max).prop_map(Literal::Int), Just(Literal::Unlimited)].boxed()
        }
        Type::Dollars { unlimited: true, .. } => {
            prop_oneof![(0..=99_i64).prop_map(Literal::Int), Just(Literal::Unlimited)].boxed()
        }
        Type::Dollars { .. } => words(vec!["$5", "0.25", "3.000001"]),
        Type::Duration { .. } => words(vec!["5m", "1h30m", "2d", "90s", "12h", "1s"]),
        Type::Word(all) => words(all.to_vec()),
        Type::Repo => words(vec!["acme/a", "acme/b", "Acme/A", "acme/c-rs"]),
        Type::RepoPattern => words(vec!["acme/*", "*/a", "acme/*-rs"]),
        Type::OwnerPattern => words(vec!["acme/*", "beta/x*"]),
        Type::Address => words(vec!["repo/acme/**", "loop/labels"]),
        Type::Color => words(vec!["d73a4a", "#00FF00"]),
        Type::Label => words(vec!["bug", "Bug", "kind/x", "é 1"]),
        Type::Name | Type::Agent => words(vec!["one", "two", "three"]),
        Type::Topic => words(vec!["rust", "cli"]),
        Type::Branch => words(vec!["main", "release/1"]),
        Type::Date => words(vec!["2026-12-01", "2030-01-31"]),
        Type::Moment => words(vec!["2026-12-01", "2026-12-01T10:00:00Z"]),
        Type::Secret => words(vec!["env:TOKEN", "file:/run/key"]),
        Type::Api => words(vec!["https://api.github.com", "http://127.0.0.1:80/"]),
        Type::Path => words(vec!["/opt", "/usr/local/x"]),
        Type::Website => words(vec!["", "https://a.example/x"]),
        Type::Listen => words(vec!["127.0.0.1:0"]),
        Type::Model => words(vec!["claude-*", "Opus", "é 1"]),
        Type::Guard => words(vec!["deletes", "total", "weakening", "percent", "self"]),
        Type::Loop => words(vec!["labels", "stale", "repository-settings", "labels", "stale", "lables"]),
        Type::Rule => words(vec!["anchor", "coverage", "anchors"]),
        Type::List { of, .. } | Type::Row { of, .. } => literal(*of),
    }
}

fn literals(ty: Type) -> BoxedStrategy<Vec<Literal>> {
    if ty.is_list() {
        proptest::collection::vec(literal(ty), 0..3).boxed()
    } else {
        literal(ty).prop_map(|l| vec![l]).boxed()
    }
}

fn made(kind: &'static Kind) -> BoxedStrategy<Made> {
    let key = kind.key.map_or_else(|| Just(Vec::new()).boxed(), |k| literals(k.ty));
    let fields: Vec<BoxedStrategy<Option<Given>>> = kind
        .fields
        .iter()
        .map(|field| {
            let chance = match field.name {
                _ if field.required => 0.99,
                // A gate without one is wrong, unless it is taken out.
                "command" => 0.99,
                // Wrong without prices.
                "spend" | "spend-per-day" => 0.02,
                // Any letters are seldom a place, and two places mostly lie in one another.
                "terms" | "wiki" | "adr" | "glossary" | "map" | "architecture" | "no-term" => 0.02,
                // What is named is seldom there.
                "pipeline" | "merge-policy" | "agents" => 0.002,
                _ => 0.15,
            };
            let given =
                (literals(field.ty), any::<bool>()).prop_map(move |(values, inline)| (field, values, inline));
            proptest::option::weighted(chance, given).boxed()
        })
        .collect();
    (key, fields, children(kind))
        .prop_map(move |(key, fields, children)| Made {
            kind,
            key,
            fields: fields.into_iter().flatten().collect(),
            children,
        })
        .boxed()
}

fn children(kind: &'static Kind) -> BoxedStrategy<Vec<Made>> {
    let each: Vec<BoxedStrategy<Vec<Made>>> = kind
        .children
        .iter()
        .map(|child| {
            let least = usize::from(child.name == "factory");
            let most = if child.repeat == Repeat::Once { 1 } else { 2 };
            let some = proptest::collection::vec(made(child), least..=most);
            // What names something else, or takes one of two, is seldom right when it is made at random.
            let chance = match child.name {
                "task" | "var" | "prices" | "cache" => 0.1,
                "gate" | "recipe" => 0.01,
                "agent" => 0.4,
                "pipeline" | "merge-policy" => 0.05,
                "playbook" | "freeze" | "check" | "identity" => 0.02,
                _ => return some.boxed(),
            };
            proptest::option::weighted(chance, some).prop_map(Option::unwrap_or_default).boxed()
        })
        .collect();
    each.prop_map(|all| all.into_iter().flatten().collect()).boxed()
}

fn kdl(made: &Made, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    let values = |values: &[Literal]| values.iter().map(Literal::kdl).collect::<Vec<_>>().join(" ");
    write!(out, "{indent}{} {}", made.kind.name, values(&made.key)).unwrap();
    let is_inline = |(field, _, inline): &&Given| *inline && !field.ty.is_list();
    for (field, value, _) in made.fields.iter().filter(is_inline) {
        write!(out, " {}={}", field.name, values(value)).unwrap();
    }
    out.push_str(" {\n");
    for (field, value, _) in made.fields.iter().filter(|f| !is_inline(f)) {
        writeln!(out, "{indent}  {} {}", field.name, values(value)).unwrap();
    }
    for child in &made.children {
        kdl(child, depth + 1, out);
    }
    writeln!(out, "{indent}}}").unwrap();
}

fn toml(made: &Made, parent: &str, out: &mut String) {
    let list =
        |values: &[Literal]| format!("[{}]", values.iter().map(Literal::toml).collect::<Vec<_>>().join(", "));
    let dot = if parent.is_empty() { "" } else { "." };
    let kind = made.kind;
    let mut path = format!("{parent}{dot}{}", kind.name);
    match kind.repeat {
        Repeat::ByKey => {
            write!(path, ".{}", made.key[0].toml_key()).unwrap();
            writeln!(out, "[{path}]").unwrap();
        }
        Repeat::Once => writeln!(out, "[{path}]").unwrap(),
        Repeat::Many => writeln!(out, "[[{path}]]").unwrap(),
    }
    let key = kind.key.iter().filter(|_| kind.repeat != Repeat::ByKey).map(|k| (k, &made.key));
    for (field, value) in key.chain(made.fields.iter().map(|(field, value, _)| (*field, value))) {
        let value = if field.ty.is_list() { list(value) } else { value[0].toml() };
        writeln!(out, "{} = {value}", field.name).unwrap();
    }
    for child in &made.children {
        toml(child, &path, out);
    }
}

fn outcome(path: &str, text: &str) -> Result<String, Vec<&'static str>> {
    let given = files([(path, text)]);
    match load(&given, &vocabulary()) {
        Ok((desired, warnings)) => {
            let mut codes: Vec<_> = warnings.iter().map(|w| w.code).collect();
            codes.sort_unstable();
            Ok(format!("{}{codes:?}", explain(&desired, false)))
        }
        Err(all) => {
            assert!(!render(&all, &given, false).is_empty());
            let mut codes: Vec<_> = all.iter().map(|d| d.code).collect();
            codes.sort_unstable();
            Err(codes)
        }
    }
}

/// TOML refuses a table that is declared twice before anyone can say what is wrong with that.
fn spelled_alike(nodes: &[Made]) -> bool {
    let name = |m: &Made| (m.kind.name, m.key.first().map(Literal::toml));
    let unique =
        |m: &Made| m.kind.repeat == Repeat::Many || nodes.iter().filter(|o| name(o) == name(m)).count() == 1;
    nodes.iter().all(|m| unique(m) && spelled_alike(&m.children))
}

proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 300, max_global_rejects: 100_000, ..Default::default() })]

    #[test]
    fn both_spellings_mean_the_same(nodes in children(&ROOT)) {
        prop_assume!(spelled_alike(&nodes));
        let (mut a, mut b) = (String::new(), String::new());
        for node in &nodes {
            kdl(node, 0, &mut a);
            toml(node, "", &mut b);
        }
        let said = outcome("factory.toml", &b);
        if said.is_ok() {
            let schema = super::docs::schema(&vocabulary());
            let table: toml::Table = b.parse().expect("it was read");
            let mut json = serde_json::to_value(table).expect("it has no dates");
            // The root file is KDL, so that no schema has its section.
            json.as_object_mut().expect("it is a table").remove("factory");
            prop_assert!(validates(&schema, &schema, &json), "{}", b);
        }
        prop_assert_eq!(outcome("factory.kdl", &a), said, "{}\n{}", a, b);
    }
}

#[test]
fn a_good_share_of_what_is_made_is_valid() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let valid = (0..1_000).filter(|_| {
        let nodes = children(&ROOT).new_tree(&mut runner).expect("the strategy makes values").current();
        let mut text = String::new();
        for node in &nodes {
            kdl(node, 0, &mut text);
        }
        outcome("factory.kdl", &text).is_ok()
    });
    let valid = valid.count();
    assert!(valid >= 10, "{valid} of 1,000");
}
