//! Replies of GitHub's GraphQL, turned into states. What is missing or has another type is an error, not a
//! default.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::model::{
    Facet, Facets, LabelName, LabelState, RepoName, RepoState, Seen, Setting, SettingType, SettingValue,
};

/// Labels by key, and the cursor after which they go on.
pub(super) type LabelPage = (BTreeMap<String, LabelState>, Option<String>);

/// A repository's state, and the cursor after which its labels go on.
pub(super) fn repository(json: &Value, facets: Facets) -> Result<(RepoState, Option<String>), String> {
    let id = text(json, "id")?.to_owned();
    let name = RepoName::parse(text(json, "nameWithOwner")?).map_err(|e| e.to_string())?;
    let archived = json["isArchived"].as_bool().ok_or("`isArchived` is missing")?;
    let mut settings = BTreeMap::new();
    if facets.has(Facet::Settings) {
        for &setting in Setting::ALL {
            if let Some(value) = setting_value(setting, json) {
                settings.insert(setting, value);
            }
        }
        settings.insert(Setting::Archived, SettingValue::Flag(archived));
    }
    let (labels, cursor) = match json.get("labels") {
        Some(page) if facets.has(Facet::Labels) && !page.is_null() => {
            let (labels, cursor) = labels(page)?;
            let total = page["totalCount"].as_u64().unwrap_or_default();
            if cursor.is_none() && (labels.len() as u64) < total {
                return Err(format!("the reply has {} of {total} labels", labels.len()));
            }
            (Seen::Known(labels), cursor)
        }
        _ => (Seen::Unknown, None),
    };
    Ok((RepoState { id, name, archived, settings, labels }, cursor))
}

/// One setting; `None` where the credential can't see it.
#[expect(clippy::wildcard_enum_match_arm, reason = "each other setting is one field of its own name")]
fn setting_value(setting: Setting, json: &Value) -> Option<SettingValue> {
    match setting {
        Setting::Archived => None,
        Setting::DefaultBranch => match &json["defaultBranchRef"] {
            Value::Null => Some(SettingValue::Text(String::new())),
            branch => branch["name"].as_str().map(|name| SettingValue::Text(name.to_owned())),
        },
        Setting::Topics => {
            let topics = &json["repositoryTopics"];
            let names: BTreeSet<String> = topics["nodes"]
                .as_array()?
                .iter()
                .map(|n| n["topic"]["name"].as_str().map(str::to_owned))
                .collect::<Option<_>>()?;
            (topics["totalCount"].as_u64() == Some(names.len() as u64)).then_some(SettingValue::Names(names))
        }
        Setting::Visibility => {
            json["visibility"].as_str().map(|word| SettingValue::Text(word.to_ascii_lowercase()))
        }
        _ => {
            let value = json.get(setting.graphql())?;
            match (setting.ty(), value) {
                // Description and homepage are null where there is none.
                (SettingType::Text, Value::Null) => Some(SettingValue::Text(String::new())),
                (_, Value::Null) => None,
                (ty, value) => SettingValue::from_json(ty, value),
            }
        }
    }
}

/// A page of further labels from a `node` lookup.
pub(super) fn label_page(node: &Value) -> Result<LabelPage, String> {
    match node.get("labels") {
        Some(page) if !page.is_null() => labels(page),
        _ => Err("the reply says nothing about its labels".to_owned()),
    }
}

fn labels(page: &Value) -> Result<LabelPage, String> {
    let nodes = page["nodes"].as_array().ok_or("`labels.nodes` is missing")?;
    let mut out = BTreeMap::new();
    for node in nodes {
        let name = LabelName::observed(text(node, "name")?);
        let color = text(node, "color")?.to_ascii_lowercase();
        let description = node["description"].as_str().unwrap_or_default().to_owned();
        out.insert(name.key(), LabelState { name, color, description, uses: None });
    }
    let more = page["pageInfo"]["hasNextPage"].as_bool().ok_or("`pageInfo.hasNextPage` is missing")?;
    let cursor = match (more, page["pageInfo"]["endCursor"].as_str()) {
        (false, _) => None,
        (true, Some(cursor)) => Some(cursor.to_owned()),
        (true, None) => return Err("there are more labels, and no cursor to them".to_owned()),
    };
    Ok((out, cursor))
}

fn text<'a>(json: &'a Value, field: &str) -> Result<&'a str, String> {
    json[field].as_str().ok_or_else(|| format!("`{field}` is missing"))
}
