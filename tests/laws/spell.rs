//! A case's config in both spellings.

use std::fmt::Write;

use factoryctl::model::{Setting, SettingValue};

use super::cases::{Case, Layer, Spec, Wanted};

/// Text as both spellings quote it: the escapes of JSON are valid in KDL and TOML alike.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("text is JSON")
}

fn budget(case: &Case) -> [(&'static str, u32); 6] {
    if case.generous {
        [
            ("deletes", 500),
            ("weakening", 500),
            ("visibility", 500),
            ("archives", 500),
            ("percent", 100),
            ("floor", 500),
        ]
    } else {
        [("deletes", 2), ("weakening", 0), ("visibility", 0), ("archives", 1), ("percent", 50), ("floor", 2)]
    }
}

/// KDL.
pub(super) fn kdl(case: &Case) -> String {
    let mut out = String::from("// What acme wants.\nfactory \"acme\"\n");
    let budget: Vec<String> = budget(case).iter().map(|(name, n)| format!("{name}={n}")).collect();
    writeln!(out, "caps {{\n    change-budget {} // enough\n}}", budget.join(" ")).expect("text");
    block(&mut out, "defaults", |out| kdl_settings(out, &case.defaults));
    if let Some((prefix, layer)) = &case.group {
        block(&mut out, "group \"some\"", |out| {
            writeln!(out, "    match \"acme/{prefix}*\"").expect("text");
            kdl_settings(out, layer);
        });
    }
    for repo in &case.repos {
        let Some(wanted) = &repo.wanted else { continue };
        let create = if wanted.create { " create=#true" } else { "" };
        block(&mut out, &format!("repo \"acme/{}\"{create}", repo.name), |out| {
            kdl_settings(out, &wanted.settings);
            kdl_labels(out, wanted);
        });
    }
    out
}

fn block(out: &mut String, head: &str, body: impl FnOnce(&mut String)) {
    writeln!(out, "{head} {{").expect("text");
    body(out);
    out.push_str("}\n");
}

fn kdl_settings(out: &mut String, layer: &Layer) {
    for (setting, value) in layer {
        let value = match value {
            SettingValue::Flag(b) => format!("#{b}"),
            SettingValue::Text(text) => quoted(text),
            SettingValue::Names(names) => names.iter().map(|n| quoted(n)).collect::<Vec<_>>().join(" "),
        };
        writeln!(out, "    {} {value}", setting.name()).expect("text");
    }
}

fn kdl_labels(out: &mut String, wanted: &Wanted) {
    if wanted.labels.is_empty() && wanted.mode.is_none() {
        return;
    }
    let mode = wanted.mode.map(|mode| format!(" mode=\"{mode}\"")).unwrap_or_default();
    writeln!(out, "    labels{mode} {{").expect("text");
    for (name, spec) in &wanted.labels {
        let fields: String =
            fields(spec).into_iter().map(|(name, value)| format!(" {name}={value}")).collect();
        writeln!(out, "        label {}{fields}", quoted(name)).expect("text");
    }
    out.push_str("    }\n");
}

fn fields(spec: &Spec) -> Vec<(&'static str, String)> {
    let texts = [
        ("color", spec.color.as_deref()),
        ("description", spec.description.as_deref()),
        ("was", spec.was),
        ("delete-after", spec.delete_after),
    ];
    texts.into_iter().filter_map(|(name, text)| Some((name, quoted(text?)))).collect()
}

/// TOML.
pub(super) fn toml(case: &Case) -> String {
    let mut out = String::from("# What acme wants.\n[factory]\nname = \"acme\"\n[caps.change-budget]\n");
    for (name, n) in budget(case) {
        writeln!(out, "{name} = {n}").expect("text");
    }
    out.push_str("[defaults]\n");
    toml_settings(&mut out, &case.defaults);
    if let Some((prefix, layer)) = &case.group {
        writeln!(out, "[group.some]\nmatch = [\"acme/{prefix}*\"]").expect("text");
        toml_settings(&mut out, layer);
    }
    for repo in &case.repos {
        let Some(wanted) = &repo.wanted else { continue };
        let table = format!("repo.\"acme/{}\"", repo.name);
        writeln!(out, "[{table}]").expect("text");
        if wanted.create {
            out.push_str("create = true\n");
        }
        toml_settings(&mut out, &wanted.settings);
        if wanted.labels.is_empty() && wanted.mode.is_none() {
            continue;
        }
        writeln!(out, "[{table}.labels]").expect("text");
        if let Some(mode) = wanted.mode {
            writeln!(out, "mode = \"{mode}\"").expect("text");
        }
        for (name, spec) in &wanted.labels {
            writeln!(out, "[{table}.labels.label.{}]", quoted(name)).expect("text");
            for (name, value) in fields(spec) {
                writeln!(out, "{name} = {value}").expect("text");
            }
        }
    }
    out
}

fn toml_settings(out: &mut String, layer: &Layer) {
    for (setting, value) in layer {
        let value = match value {
            SettingValue::Flag(b) => b.to_string(),
            SettingValue::Text(text) => quoted(text),
            SettingValue::Names(names) => {
                format!("[{}]", names.iter().map(|n| quoted(n)).collect::<Vec<_>>().join(", "))
            }
        };
        writeln!(out, "{} = {value}", setting.name()).expect("text");
    }
}

/// Whether a layer fixes a setting, for laws that look at the config.
pub(super) fn fixes(case: &Case, repo: &str, setting: Setting) -> bool {
    let grouped = |prefix: &str| repo.starts_with(prefix);
    case.defaults.contains_key(&setting)
        || case.group.as_ref().is_some_and(|(prefix, layer)| grouped(prefix) && layer.contains_key(&setting))
        || case
            .repos
            .iter()
            .any(|r| r.name == repo && r.wanted.as_ref().is_some_and(|w| w.settings.contains_key(&setting)))
}
