//! The rules: what config says of how the factory works. No plan of a repository shows a change of them.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use crate::desired::block::{Block, Read};
use crate::desired::shape::{Repeat, Value};
use crate::model::{Rule, Setting};

use super::{Builder, labels, repos};

/// Every rule, by the kind and the key of its section.
pub(super) fn build(root: &[Block], cx: &Builder<'_>) -> BTreeMap<String, Rule> {
    let mut out = BTreeMap::new();
    for block in root.iter().filter(|block| !is_shown(block)) {
        let says = says(block, cx);
        let layer = [&repos::DEFAULTS, &repos::GROUP, &repos::REPO];
        if says.is_empty() && layer.iter().any(|kind| kind.name == block.kind.name) {
            continue;
        }
        let rule = Rule { says: Json::Object(says), source: cx.source(block.span) };
        let (title, mut name, mut n) = (title(block), title(block), 1);
        while out.contains_key(&name) {
            n += 1;
            name = format!("{title} ({n})");
        }
        out.insert(name, rule);
    }
    out
}

/// Whether a plan shows a change of it by itself, as what is done in repositories.
fn is_shown(block: &Block) -> bool {
    let shown = [labels::LABELS.name, labels::LABEL_SET.name, repos::REPOSITORIES.name];
    shown.contains(&block.kind.name)
}

/// The kind and the whole key: `playbook "implement"`.
fn title(block: &Block) -> String {
    let keys = block.key.iter().map(|key| format!(" {:?}", key.text().unwrap_or_default()));
    keys.fold(block.kind.name.to_owned(), |title, key| title + &key)
}

/// What it says, field by field; of blocks in it, by their titles.
fn says(block: &Block, cx: &Builder<'_>) -> Map<String, Json> {
    let rules = block.fields.iter().filter(|given| Setting::by_name(given.field.name).is_none() || given.own);
    let fields = rules.map(|given| {
        let values = || given.values.iter().map(|read| written(read, cx));
        let value = if given.field.ty.is_list() { values().collect() } else { values().next().into() };
        (given.field.name.to_owned(), value)
    });
    let mut out: Map<String, Json> = fields.collect();
    for child in block.children.iter().filter(|child| !is_shown(child)) {
        let mut inner = says(child, cx);
        if child.kind.repeat != Repeat::Many {
            out.insert(title(child), Json::Object(inner));
            continue;
        }
        // Of those that may stand there several times the order may matter, and two may have the same key.
        inner.insert(child.kind.name.to_owned(), child.key.iter().map(|key| written(key, cx)).collect());
        let all = out.entry(child.kind.name).or_insert_with(|| Json::Array(Vec::new()));
        if let Json::Array(all) = all {
            all.push(Json::Object(inner));
        }
    }
    out
}

/// A value; a length of time, an amount and a day as they are written.
fn written(read: &Read, cx: &Builder<'_>) -> Json {
    match &read.value {
        Value::Flag(_) | Value::Int(_) | Value::Unlimited | Value::Text(_) => read.value.to_json(),
        Value::Micros(_) | Value::Seconds(_) | Value::Date(_) | Value::Moment(_) => {
            cx.files.text(read.span).trim_matches('"').into()
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::desired::fixture::{files, vocabulary};
    use crate::desired::{load, render};

    const CONFIG: &str = r#"
factory "acme" { protect "repo/acme/gears" reason="it is sold"; }
label-set "kinds" { label "bug" color="d73a4a"; }
agent "smith" kind="codex" { model "large"; }
agent "helper" kind="claude"
caps { runs 3; }
pipeline "p" {
    intake "factory"
    agents "smith" "helper"
    reserved { words "price list"; }
    router {
        route "acme/gears" { title "z"; }
        route "acme/gears" { title "a"; }
    }
}
playbook "plan" { attempts 3; criteria "Every file is named."; }
allow "deletes" address="repo/acme/**" n=4 until="2026-12-31" reason="clean-up"
allow "deletes" address="repo/acme/gears" n=1 until="2026-12-31" reason="clean-up"
loop "stale" { stale-after "60d"; }
defaults { has-wiki #false; labels "kinds"; pipeline "p"; }
repo "acme/gears" { description "Gears"; }
"#;

    #[test]
    fn rules_are_what_no_repository_shows() {
        let given = files([("factory.kdl", CONFIG)]);
        let (desired, _) =
            load(&given, &vocabulary()).unwrap_or_else(|all| panic!("{}", render(&all, &given, false)));
        let lines: Vec<String> = desired
            .rules
            .iter()
            .map(|(name, rule)| format!("{name} ({}): {}", rule.source.line, rule.says))
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        agent "helper" (5): {"kind":"claude"}
        agent "smith" (4): {"kind":"codex","model":"large"}
        allow "deletes" (17): {"address":"repo/acme/**","n":4,"until":"2026-12-31","reason":"clean-up"}
        allow "deletes" (2) (18): {"address":"repo/acme/gears","n":1,"until":"2026-12-31","reason":"clean-up"}
        caps (6): {"runs":3}
        defaults (20): {"pipeline":"p"}
        factory "acme" (2): {"protect \"repo/acme/gears\"":{"reason":"it is sold"}}
        loop "stale" (19): {"stale-after":"60d"}
        pipeline "p" (7): {"intake":["factory"],"agents":["smith","helper"],"reserved":{"words":["price list"]},"router":{"route":[{"title":["z"],"route":["acme/gears"]},{"title":["a"],"route":["acme/gears"]}]}}
        playbook "plan" (16): {"attempts":3,"criteria":["Every file is named."]}
        "#);
    }
}
