//! What an action's object is right now, in the same form as the action's `before` and `after`.

use serde_json::{Map, Value};

use crate::model::{LabelName, Object, RepoState, Seen, Setting, Verb};

/// The present value of what `verb` acts on, taken from a repository's state; `None` when the state doesn't tell.
///
/// `before` and `after` are the action's own and say which fields and which label are meant.
pub fn settled_value(verb: Verb, before: &Value, after: &Value, state: Seen<&RepoState>) -> Option<Value> {
    match verb.object() {
        Object::Repository if verb == Verb::CreateRepository => match state {
            Seen::Absent => Some(Value::Null),
            Seen::Known(state) => Some(repository(after, state)),
            Seen::Unknown => None,
        },
        Object::Repository => match state {
            Seen::Known(state) => settings(after, state),
            Seen::Absent | Seen::Unknown => None,
        },
        Object::Label => match state {
            Seen::Known(RepoState { labels: Seen::Known(labels), .. }) => {
                let find = |side: &Value| {
                    let name = LabelName::observed(side["name"].as_str()?);
                    labels.get(&name.key()).map(crate::model::LabelState::to_json)
                };
                Some(find(before).or_else(|| find(after)).unwrap_or(Value::Null))
            }
            Seen::Known(_) | Seen::Absent | Seen::Unknown => None,
        },
        Object::Issue | Object::Nothing => None,
    }
}

fn settings(after: &Value, state: &RepoState) -> Option<Value> {
    let mut out = Map::new();
    for name in after.as_object()?.keys() {
        let setting = Setting::by_name(name)?;
        out.insert(name.clone(), state.setting(setting)?.to_json());
    }
    Some(Value::Object(out))
}

/// A repository that is there, with the fields that creation would fix.
fn repository(after: &Value, state: &RepoState) -> Value {
    let mut out = Map::new();
    for name in after.as_object().into_iter().flat_map(Map::keys) {
        let value = match (name.as_str(), Setting::by_name(name)) {
            ("name", _) => state.name.as_str().into(),
            (_, Some(setting)) => state.setting(setting).map_or(Value::Null, |value| value.to_json()),
            (_, None) => Value::Null,
        };
        out.insert(name.clone(), value);
    }
    Value::Object(out)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::model::{LabelState, RepoName, SettingValue};

    fn state() -> RepoState {
        let label = LabelState {
            name: LabelName::observed("Bug"),
            color: "d73a4a".into(),
            description: String::new(),
            uses: None,
        };
        RepoState {
            id: "R_1".into(),
            name: RepoName::parse("acme/widgets").unwrap(),
            archived: false,
            settings: BTreeMap::from([(Setting::HasWiki, SettingValue::Flag(true))]),
            labels: Seen::Known(BTreeMap::from([("bug".into(), label)])),
        }
    }

    #[test]
    fn the_value_is_the_objects_own_whatever_the_action_says() {
        let state = state();
        let known = Seen::Known(&state);
        let bug = json!({ "name": "Bug", "color": "d73a4a", "description": "" });
        let rows: Vec<(&str, Verb, Value, Value, Option<Value>)> = vec![
            (
                "a setting",
                Verb::UpdateSettings,
                json!({"has-wiki": false}),
                json!({"has-wiki": false}),
                Some(json!({"has-wiki": true})),
            ),
            (
                "a setting that nobody could read",
                Verb::UpdateSettings,
                json!({}),
                json!({"has-issues": false}),
                None,
            ),
            (
                "a label by its old name",
                Verb::RenameLabel,
                json!({"name": "bug"}),
                json!({"name": "kind"}),
                Some(bug.clone()),
            ),
            (
                "a label that was renamed already",
                Verb::RenameLabel,
                json!({"name": "old"}),
                json!({"name": "bug"}),
                Some(bug),
            ),
            (
                "a label that is gone",
                Verb::DeleteLabel,
                json!({"name": "gone"}),
                json!(null),
                Some(json!(null)),
            ),
        ];
        for (name, verb, before, after, expect) in rows {
            assert_eq!(settled_value(verb, &before, &after, known), expect, "{name}");
        }
        assert_eq!(
            settled_value(Verb::DeleteLabel, &json!({"name": "bug"}), &json!(null), Seen::Unknown),
            None
        );
    }
}
