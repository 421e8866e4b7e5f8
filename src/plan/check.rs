//! The independent checker: looks at a finished plan without knowing how it was made, and names what must never
//! be in one. A violation is a bug of ours; such a plan is shown and not applied.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::model::{
    Action, ActionId, CommitId, Effect, Fingerprint, LabelName, LabelSpec, LabelState, Observed, Remark,
    RepoName, RepoState, Risk, RunId, Seen, Setting, SettingValue, StopRun, Verb,
};

/// Something that must never be in a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which action.
    pub action: ActionId,
    /// What is wrong.
    pub what: String,
}

/// Checks every action that may be done against what was observed, and all of them together.
pub fn check<'a>(actions: impl IntoIterator<Item = &'a Action>, observed: &Observed) -> Vec<Violation> {
    let actions: Vec<&Action> = actions.into_iter().collect();
    let mut violations = Vec::new();
    let mut ids = BTreeSet::new();
    let unarchived: BTreeSet<&RepoName> =
        actions.iter().filter(|a| a.verb == Verb::UnarchiveRepository).map(|a| a.effect.repo()).collect();
    for action in &actions {
        let mut say = |what: String| violations.push(Violation { action: action.id.clone(), what });
        if !ids.insert(&action.id) {
            say("stands in the plan twice".to_owned());
        }
        if action.id
            != ActionId::of(action.verb, &action.address, &Fingerprint::of(&action.before), &action.after)
        {
            say("has an id that is not derived from what it says".to_owned());
        }
        if action.before == action.after {
            say("changes nothing".to_owned());
        }
        if action.address.repo_name().is_none_or(|repo| &repo != action.effect.repo()) {
            say(format!("stands at {} and acts on {}", action.address, action.effect.repo()));
        }
        if !fits(action) {
            say(format!("says {} and does something else", action.verb.as_str()));
        } else if !says_what_it_does(action) {
            say("does something else than its `before` and `after` say".to_owned());
        }
        if let Some(risk) = least_risk(action, observed).filter(|risk| action.risk < *risk) {
            say(format!("is {} and is marked {}", risk.as_str(), action.risk.as_str()));
        }
        if let Some(what) = against_world(action, observed, &unarchived) {
            say(what);
        }
    }
    violations.extend(label_collisions(&actions));
    violations
}

/// Whether the verb and the effect are the same thing.
fn fits(action: &Action) -> bool {
    use crate::model::Setting::{Archived, Visibility};
    match (action.verb, &action.effect) {
        (Verb::CreateRepository, Effect::CreateRepository { .. })
        | (Verb::CreateLabel, Effect::CreateLabel { .. })
        | (Verb::DeleteLabel, Effect::DeleteLabel { .. })
        | (Verb::Comment, Effect::Comment { .. })
        | (Verb::DeleteComment, Effect::DeleteComment { .. })
        | (Verb::Report, Effect::Report { .. })
        | (Verb::Propose, Effect::Propose { .. })
        | (Verb::Withdraw, Effect::Withdraw { .. })
        | (Verb::StartRun, Effect::StartRun(_))
        | (Verb::OpenPull, Effect::OpenPull(_))
        | (Verb::OpenIssue, Effect::OpenIssue(_))
        | (Verb::TellIssue, Effect::Tell(_))
        | (Verb::TransferIssue, Effect::Transfer(_))
        | (Verb::MirrorIssue, Effect::Mirror(_))
        | (Verb::MergePull, Effect::Merge(_))
        | (Verb::EnqueuePull, Effect::Enqueue(_))
        | (Verb::DequeuePull, Effect::Dequeue(_))
        | (Verb::UpdateBranch, Effect::UpdateBranch { .. })
        | (Verb::Reply, Effect::Reply(_))
        | (Verb::ReviewPull, Effect::Review(_))
        | (Verb::StopRun, Effect::StopRun(_))
        | (Verb::PassOver, Effect::PassOver(_))
        | (Verb::KeepIssue, Effect::KeepIssue(_)) => true,
        (Verb::UpdateLabel, Effect::UpdateLabel { name, label, .. }) => name.key() == label.name.key(),
        (Verb::RenameLabel, Effect::UpdateLabel { name, label, .. }) => name.key() != label.name.key(),
        (Verb::UpdateSettings, Effect::UpdateSettings { settings, .. }) => {
            !settings.is_empty() && settings.keys().all(|s| !matches!(s, Archived | Visibility))
        }
        (Verb::ChangeVisibility, Effect::UpdateSettings { settings, .. }) => {
            settings.keys().eq([&Visibility])
        }
        (Verb::ArchiveRepository, Effect::UpdateSettings { settings, .. }) => {
            settings.iter().eq([(&Archived, &SettingValue::Flag(true))])
        }
        (Verb::UnarchiveRepository, Effect::UpdateSettings { settings, .. }) => {
            settings.iter().eq([(&Archived, &SettingValue::Flag(false))])
        }
        _ => false,
    }
}

/// Whether `before` and `after`, which people read and the id is made of, tell the effect.
fn says_what_it_does(action: &Action) -> bool {
    let Action { before, after, .. } = action;
    match &action.effect {
        Effect::CreateRepository { repo, settings } => {
            let mut fields = after.as_object().cloned().unwrap_or_default();
            let name = fields.shift_remove("name");
            before.is_null()
                && name.as_ref().and_then(Value::as_str) == Some(repo.as_str())
                && tells(&fields, settings)
        }
        Effect::UpdateSettings { settings, .. } => {
            let keys = |side: &Value| side.as_object().map(|o| o.keys().cloned().collect::<BTreeSet<_>>());
            after.as_object().is_some_and(|fields| tells(fields, settings)) && keys(before) == keys(after)
        }
        Effect::CreateLabel { label, .. } => before.is_null() && tells_label(after, label),
        Effect::UpdateLabel { name, label, .. } => {
            before["name"].as_str() == Some(name.as_str()) && tells_label(after, label)
        }
        Effect::DeleteLabel { name, .. } => before["name"].as_str() == Some(name.as_str()) && after.is_null(),
        Effect::Comment { body, id, at, .. } => {
            let speaks_of = |side: &Value| side["head"].as_str() == at.as_ref().map(CommitId::as_str);
            after["body"].as_str() == Some(body.as_str())
                && before["body"].is_null() == id.is_none()
                && (at.is_none() || speaks_of(before) && speaks_of(after))
        }
        Effect::DeleteComment { .. } | Effect::Withdraw { .. } => !before.is_null() && after.is_null(),
        Effect::Report { state, .. } => {
            after["passes"].as_bool() == Some(state.passes)
                && after["summary"].as_str() == Some(&state.summary)
        }
        Effect::Propose { branch, .. } => after["branch"].as_str() == Some(branch.as_str()),
        Effect::StartRun(start) => {
            after["agent"].as_str() == Some(start.agent.as_str())
                && after["attempt"].as_u64() == Some(start.of.attempt.into())
                && after["version"].as_str() == Some(start.of.version.as_str())
                && after["continues"].as_str() == start.of.continues.as_ref().map(RunId::as_str)
                && (start.of.continues.is_none() || after["continues"] == before["run"])
        }
        Effect::OpenPull(pull) => {
            let was = pull.over.as_ref().map(|(_, head)| head).or(pull.left.as_ref()).map(CommitId::as_str);
            before["commit"].as_str() == was
                && after["branch"].as_str() == Some(pull.branch.as_str())
                && after["commit"].as_str() == Some(pull.commit.as_str())
        }
        Effect::OpenIssue(issue) => before.is_null() && *after == issue.value(),
        Effect::Tell(tell) => {
            let says = tell.comment.as_deref();
            let has = |label: &LabelName| {
                let all = after["labels"].as_array().into_iter().flatten();
                all.filter_map(Value::as_str).any(|key| key == label.key())
            };
            after["issue"].as_u64() == Some(tell.watched.number)
                && says.is_none_or(|says| after["comment"].as_str() == Some(says))
                && tell.rewrites.is_some() == before["comment"].is_string()
                && (!tell.close || after["open"] == false)
                && tell.add.iter().all(has)
                && !tell.remove.iter().any(has)
        }
        Effect::Transfer(it) => before["in"] == it.repo.as_str() && *after == it.done(),
        Effect::Mirror(it) => before["mirror"].is_null() && *after == it.done(),
        Effect::Merge(landing) => {
            *after == landing.done() && before["pull"]["head"].as_str() == Some(landing.head.as_str())
        }
        Effect::Enqueue(it) => {
            *after == it.done() && before["pull"]["head"].as_str() == Some(it.head.as_str())
        }
        Effect::Dequeue(it) => *after == it.done() && before["pull"] == it.pull && before["queued"] == true,
        Effect::UpdateBranch { head, .. } => before["head"].as_str() == Some(head.as_str()),
        Effect::Reply(reply) => {
            let names = match &reply.to {
                Remark::Thread(id, _) => after["thread"] == id.as_str(),
                Remark::Review(id) => after["review"] == *id,
            };
            names && after["answer"] == reply.body.as_str()
        }
        Effect::Review(review) => {
            *after == review.done() && before["of"]["pull"]["head"].as_str() == Some(review.head.as_str())
        }
        Effect::StopRun(stop) => *after == StopRun::value(&stop.run, false),
        Effect::KeepIssue(it) => *after == it.value() && before.is_null() == it.number.is_none(),
        Effect::PassOver(it) => {
            let passed = &it.passed;
            before["advisor"].is_null()
                && after["advisor"].as_str() == Some(passed.advisor.as_str())
                && after["head"].as_str() == Some(passed.head.as_str())
                && after["work"].as_str() == Some(&passed.work)
        }
    }
}

fn tells(fields: &Map<String, Value>, settings: &BTreeMap<Setting, SettingValue>) -> bool {
    fields.len() == settings.len()
        && settings.iter().all(|(setting, value)| fields.get(setting.name()) == Some(&value.to_json()))
}

fn tells_label(json: &Value, label: &LabelSpec) -> bool {
    let same =
        |field: &str, wanted: Option<&str>| wanted.is_none_or(|wanted| json[field].as_str() == Some(wanted));
    same("name", Some(label.name.as_str()))
        && same("color", label.color.as_deref())
        && same("description", label.description.as_deref())
}

/// The risk that an action has at least, whatever its loop says.
fn least_risk(action: &Action, observed: &Observed) -> Option<Risk> {
    match &action.effect {
        Effect::DeleteLabel { .. } => Some(Risk::Destructive),
        Effect::UpdateSettings { repo, settings } => {
            let Seen::Known(state) = observed.repo(repo) else { return None };
            let risk = |(setting, after): (&Setting, &SettingValue)| {
                if *setting == Setting::Archived {
                    return (after == &SettingValue::Flag(true)).then_some(Risk::Disruptive);
                }
                let before = state.settings.get(setting)?;
                let widens =
                    *setting == Setting::Visibility && Setting::width(after) > Setting::width(before);
                let weakens = setting.weakens(before, after);
                widens.then_some(Risk::Widening).or(weakens.then_some(Risk::Weakening))
            };
            settings.iter().filter_map(risk).max()
        }
        Effect::CreateRepository { .. }
        | Effect::CreateLabel { .. }
        | Effect::UpdateLabel { .. }
        | Effect::Comment { .. }
        | Effect::DeleteComment { .. }
        | Effect::Report { .. }
        | Effect::Propose { .. }
        | Effect::Withdraw { .. }
        | Effect::StartRun(_)
        | Effect::OpenPull(_)
        | Effect::OpenIssue(_)
        | Effect::Tell(_)
        | Effect::Transfer(_)
        | Effect::Mirror(_)
        | Effect::Merge(_)
        | Effect::Enqueue(_)
        | Effect::Dequeue(_)
        | Effect::UpdateBranch { .. }
        | Effect::Reply(_)
        | Effect::Review(_)
        | Effect::StopRun(_)
        | Effect::PassOver(_)
        | Effect::KeepIssue(_) => None,
    }
}

fn against_world(action: &Action, observed: &Observed, unarchived: &BTreeSet<&RepoName>) -> Option<String> {
    let repo = action.effect.repo();
    let state = match (&action.effect, observed.repo(repo)) {
        (
            Effect::Comment { .. }
            | Effect::DeleteComment { .. }
            | Effect::Report { .. }
            | Effect::Propose { .. }
            | Effect::Withdraw { .. }
            | Effect::StartRun(_)
            | Effect::OpenPull(_)
            | Effect::OpenIssue(_)
            | Effect::Tell(_)
            | Effect::Transfer(_)
            | Effect::Mirror(_)
            | Effect::Merge(_)
            | Effect::Enqueue(_)
            | Effect::Dequeue(_)
            | Effect::UpdateBranch { .. }
            | Effect::Reply(_)
            | Effect::Review(_)
            | Effect::StopRun(_)
            | Effect::PassOver(_)
            | Effect::KeepIssue(_),
            _,
        )
        | (Effect::CreateRepository { .. }, Seen::Absent) => return None,
        (Effect::CreateRepository { .. }, Seen::Known(_)) => {
            return Some("creates a repository that is there".to_owned());
        }
        (Effect::CreateRepository { .. }, Seen::Unknown) => {
            return Some("creates a repository that nobody knows to be absent".to_owned());
        }
        (_, Seen::Absent | Seen::Unknown) => {
            return Some("changes a repository whose state is not known".to_owned());
        }
        (_, Seen::Known(state)) => state,
    };
    if state.archived && !unarchived.contains(repo) {
        return Some("writes to an archived repository".to_owned());
    }
    match &action.effect {
        Effect::UpdateSettings { settings, .. } => settings_as_seen(action, settings, state),
        Effect::CreateLabel { label, .. } => labels_of(state, |labels| {
            labels
                .contains_key(&label.name.key())
                .then(|| format!("creates label `{}`, which is there", label.name))
        }),
        Effect::UpdateLabel { name, .. } | Effect::DeleteLabel { name, .. } => {
            labels_of(state, |labels| label_as_seen(action, name, labels))
        }
        Effect::CreateRepository { .. }
        | Effect::Comment { .. }
        | Effect::DeleteComment { .. }
        | Effect::Report { .. }
        | Effect::Propose { .. }
        | Effect::Withdraw { .. }
        | Effect::StartRun(_)
        | Effect::OpenPull(_)
        | Effect::OpenIssue(_)
        | Effect::Tell(_)
        | Effect::Transfer(_)
        | Effect::Mirror(_)
        | Effect::Merge(_)
        | Effect::Enqueue(_)
        | Effect::Dequeue(_)
        | Effect::UpdateBranch { .. }
        | Effect::Reply(_)
        | Effect::Review(_)
        | Effect::StopRun(_)
        | Effect::PassOver(_)
        | Effect::KeepIssue(_) => None,
    }
}

fn settings_as_seen(
    action: &Action,
    settings: &BTreeMap<Setting, SettingValue>,
    state: &RepoState,
) -> Option<String> {
    settings.keys().find_map(|setting| match state.setting(*setting) {
        None => Some(format!("changes {}, which was not read", setting.name())),
        Some(seen) if action.before[setting.name()] != seen.to_json() => {
            Some(format!("has another {} before than was seen", setting.name()))
        }
        Some(_) => None,
    })
}

fn labels_of(
    state: &RepoState,
    judge: impl FnOnce(&BTreeMap<String, LabelState>) -> Option<String>,
) -> Option<String> {
    match &state.labels {
        Seen::Known(labels) => judge(labels),
        Seen::Absent | Seen::Unknown => Some("changes labels that were not read completely".to_owned()),
    }
}

fn label_as_seen(action: &Action, name: &LabelName, labels: &BTreeMap<String, LabelState>) -> Option<String> {
    match labels.get(&name.key()) {
        None => Some(format!("acts on label `{name}`, which isn't there")),
        Some(seen) if seen.to_json() != action.before => {
            Some("has another label before than was seen".to_owned())
        }
        Some(_) => None,
    }
}

/// Two label actions of one repository must not meet at the same name.
fn label_collisions(actions: &[&Action]) -> Vec<Violation> {
    let mut names: BTreeMap<(RepoName, String), &ActionId> = BTreeMap::new();
    let mut violations = Vec::new();
    for action in actions {
        for name in label_names(&action.effect) {
            let slot = (action.effect.repo().clone(), name);
            if let Some(other) = names.get(&slot) {
                let what = format!("and action {other} both touch label `{}`", slot.1);
                violations.push(Violation { action: action.id.clone(), what });
            } else {
                names.insert(slot, &action.id);
            }
        }
    }
    violations
}

fn label_names(effect: &Effect) -> BTreeSet<String> {
    match effect {
        Effect::CreateLabel { label, .. } => BTreeSet::from([label.name.key()]),
        Effect::UpdateLabel { name, label, .. } => BTreeSet::from([name.key(), label.name.key()]),
        Effect::DeleteLabel { name, .. } => BTreeSet::from([name.key()]),
        Effect::CreateRepository { .. }
        | Effect::UpdateSettings { .. }
        | Effect::Comment { .. }
        | Effect::DeleteComment { .. }
        | Effect::Report { .. }
        | Effect::Propose { .. }
        | Effect::Withdraw { .. }
        | Effect::StartRun(_)
        | Effect::OpenPull(_)
        | Effect::OpenIssue(_)
        | Effect::Tell(_)
        | Effect::Transfer(_)
        | Effect::Mirror(_)
        | Effect::Merge(_)
        | Effect::Enqueue(_)
        | Effect::Dequeue(_)
        | Effect::UpdateBranch { .. }
        | Effect::Reply(_)
        | Effect::Review(_)
        | Effect::StopRun(_)
        | Effect::PassOver(_)
        | Effect::KeepIssue(_) => BTreeSet::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::samples::{label, name, observed, state};
    use crate::plan::samples::{
        archive, comment, create_label, create_repo, delete_label, one, publish, unarchive, update,
        update_label, weaken, wiki_off,
    };

    const W: &str = "acme/widgets";

    /// The same action with other contents and the id that goes with them.
    fn altered(action: Action, change: impl FnOnce(&mut Action)) -> Action {
        let mut out = action;
        change(&mut out);
        out.id = ActionId::of(out.verb, &out.address, &Fingerprint::of(&out.before), &out.after);
        out
    }

    fn world() -> Observed {
        let grey = state(W)
            .has(Setting::WebCommitSignoffRequired, true)
            .labelled("bug", "ededed", "")
            .labelled("old", "ededed", "");
        let mut observed = observed([
            grey,
            state("acme/attic").has(Setting::Archived, true),
            state("acme/fog").labels_unknown().hides(Setting::HasWiki),
        ]);
        observed.repos.insert(name("acme/gone"), Seen::Absent);
        observed.repos.insert(name("acme/cloud"), Seen::Unknown);
        observed
    }

    /// A sound plan that touches everything there is.
    fn sound() -> Vec<Action> {
        vec![
            create_repo("acme/gone"),
            unarchive("acme/attic"),
            wiki_off("acme/attic"),
            wiki_off(W),
            weaken(W),
            publish(W),
            create_label(W, "new"),
            update_label(W, "bug", "defect"),
            delete_label(W, "old"),
            archive(W),
            comment("acme/config", "hello"),
        ]
    }

    #[test]
    fn a_sound_plan_has_no_violation() {
        let actions = sound();
        assert_eq!(check(&actions, &world()), []);
    }

    #[test]
    fn each_thing_that_must_never_be_in_a_plan_is_found() {
        let bug = || delete_label(W, "bug");
        let rows: Vec<(&str, Vec<Action>)> = vec![
            ("the same action twice", vec![wiki_off(W), wiki_off(W)]),
            ("an id of its own", vec![Action { id: wiki_off("acme/zoo").id, ..wiki_off(W) }]),
            ("no change", vec![altered(wiki_off(W), |a| a.before = a.after.clone())]),
            (
                "another repository than it says",
                vec![altered(wiki_off(W), |a| {
                    a.address = crate::model::Address::repo(&name("acme/attic"));
                })],
            ),
            ("nowhere", vec![altered(wiki_off(W), |a| a.address = crate::model::Address::loop_("labels"))]),
            ("another verb than the effect", vec![altered(wiki_off(W), |a| a.verb = Verb::DeleteLabel)]),
            (
                "archiving among ordinary settings",
                vec![update(
                    W,
                    [
                        (Setting::Archived, false.into(), true.into()),
                        (Setting::HasWiki, true.into(), false.into()),
                    ],
                )],
            ),
            ("unarchiving that archives", vec![altered(archive(W), |a| a.verb = Verb::UnarchiveRepository)]),
            (
                "a rename under the name of an update",
                vec![altered(update_label(W, "bug", "defect"), |a| {
                    a.verb = Verb::UpdateLabel;
                })],
            ),
            (
                "more than it says",
                vec![altered(wiki_off(W), |a| {
                    a.effect = update(
                        W,
                        [
                            (Setting::HasWiki, true.into(), false.into()),
                            (Setting::HasIssues, true.into(), false.into()),
                        ],
                    )
                    .effect;
                })],
            ),
            (
                "another label than it says",
                vec![altered(create_label(W, "new"), |a| {
                    a.effect = Effect::CreateLabel { repo: name(W), label: label("newer") };
                })],
            ),
            ("a deletion that isn't marked", vec![Action { risk: Risk::Routine, ..bug() }]),
            ("a weakening that isn't marked", vec![Action { risk: Risk::Disruptive, ..weaken(W) }]),
            ("a widening that isn't marked", vec![Action { risk: Risk::Weakening, ..publish(W) }]),
            ("archiving that isn't marked", vec![Action { risk: Risk::Routine, ..archive(W) }]),
            ("making what is there", vec![create_repo(W)]),
            ("making what nobody knows to be absent", vec![create_repo("acme/cloud")]),
            ("changing what nobody knows", vec![wiki_off("acme/cloud")]),
            ("changing what isn't there", vec![create_label("acme/gone", "new")]),
            ("writing to an archived repository", vec![wiki_off("acme/attic")]),
            ("a setting that was not read", vec![wiki_off("acme/fog")]),
            (
                "a setting that was seen otherwise",
                vec![one(W, Verb::UpdateSettings, Setting::HasWiki, false, true, Risk::Routine)],
            ),
            ("labels that were not read", vec![create_label("acme/fog", "new")]),
            ("making a label that is there", vec![create_label(W, "BUG")]),
            ("deleting a label that isn't there", vec![delete_label(W, "none")]),
            (
                "a label that was seen otherwise",
                vec![altered(bug(), |a| {
                    a.before["color"] = "123456".into();
                })],
            ),
            (
                "two actions that meet at one name",
                vec![update_label(W, "bug", "new"), create_label(W, "New")],
            ),
        ];
        let mut out = String::new();
        for (name, actions) in rows {
            let found = check(&actions, &world());
            assert!(!found.is_empty(), "{name}");
            for violation in found {
                let at = actions.iter().position(|a| a.id == violation.action).map(|n| n + 1);
                let what = actions.iter().fold(violation.what, |what, a| what.replace(a.id.as_str(), "ID"));
                out.push_str(&format!("{name}: {} {what}\n", at.unwrap_or_default()));
            }
        }
        insta::assert_snapshot!(out, @r"
        the same action twice: 1 stands in the plan twice
        an id of its own: 1 has an id that is not derived from what it says
        no change: 1 changes nothing
        no change: 1 has another has-wiki before than was seen
        another repository than it says: 1 stands at repo/acme/attic and acts on acme/widgets
        nowhere: 1 stands at loop/labels and acts on acme/widgets
        another verb than the effect: 1 says delete-label and does something else
        archiving among ordinary settings: 1 says update-settings and does something else
        archiving among ordinary settings: 1 is disruptive and is marked routine
        unarchiving that archives: 1 says unarchive-repository and does something else
        a rename under the name of an update: 1 says update-label and does something else
        more than it says: 1 does something else than its `before` and `after` say
        more than it says: 1 has another has-issues before than was seen
        another label than it says: 1 does something else than its `before` and `after` say
        a deletion that isn't marked: 1 is destructive and is marked routine
        a weakening that isn't marked: 1 is weakening and is marked disruptive
        a widening that isn't marked: 1 is widening and is marked weakening
        archiving that isn't marked: 1 is disruptive and is marked routine
        making what is there: 1 creates a repository that is there
        making what nobody knows to be absent: 1 creates a repository that nobody knows to be absent
        changing what nobody knows: 1 changes a repository whose state is not known
        changing what isn't there: 1 changes a repository whose state is not known
        writing to an archived repository: 1 writes to an archived repository
        a setting that was not read: 1 changes has-wiki, which was not read
        a setting that was seen otherwise: 1 has another has-wiki before than was seen
        labels that were not read: 1 changes labels that were not read completely
        making a label that is there: 1 creates label `BUG`, which is there
        deleting a label that isn't there: 1 acts on label `none`, which isn't there
        a label that was seen otherwise: 1 has another label before than was seen
        two actions that meet at one name: 2 and action ID both touch label `new`
        ");
    }
}
