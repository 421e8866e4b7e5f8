//! A world in a few lines: what GitHub does when an effect reaches it, and what it refuses. Knows no loop.

use crate::model::samples::state;
use crate::model::{
    Effect, LabelName, LabelSpec, LabelState, Observed, RepoName, RepoState, Seen, Setting, SettingValue,
};

/// Carries an effect out, or says why GitHub would refuse it.
pub(super) fn apply_to(world: &mut Observed, effect: &Effect) -> Result<(), String> {
    match effect {
        Effect::CreateRepository { repo, settings } => {
            if !matches!(world.repos.get(repo), Some(Seen::Absent)) {
                return Err(format!("{repo} is there"));
            }
            // It has no branch yet, and the labels that every new repository has.
            let fresh = state(repo.as_str())
                .has(Setting::DefaultBranch, "")
                .labelled("bug", "d73a4a", "Something isn't working")
                .labelled("docs", "0075ca", "Improvements");
            world.repos.insert(repo.clone(), Seen::Known(fresh));
            settings.iter().try_for_each(|(setting, value)| set(world, repo, *setting, value))
        }
        Effect::UpdateSettings { repo, settings } => {
            settings.iter().try_for_each(|(setting, value)| set(world, repo, *setting, value))
        }
        Effect::CreateLabel { repo, label } => {
            let empty = LabelState {
                name: label.name.clone(),
                color: "ededed".into(),
                description: String::new(),
                uses: Some(0),
            };
            put(world, repo, empty, label)
        }
        Effect::UpdateLabel { repo, name, label } => {
            let old = take(world, repo, name)?;
            put(world, repo, old, label)
        }
        Effect::DeleteLabel { repo, name } => take(world, repo, name).map(drop),
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
        | Effect::KeepIssue(_) => Err("this world has no conversations".to_owned()),
    }
}

fn known<'a>(world: &'a mut Observed, repo: &RepoName) -> Result<&'a mut RepoState, String> {
    match world.repos.get_mut(repo) {
        Some(Seen::Known(state)) => Ok(state),
        _ => Err(format!("there is no {repo}")),
    }
}

fn set(world: &mut Observed, repo: &RepoName, setting: Setting, value: &SettingValue) -> Result<(), String> {
    let state = known(world, repo)?;
    if state.archived && (setting, value) != (Setting::Archived, &SettingValue::Flag(false)) {
        return Err(format!("{repo} is archived so is read-only"));
    }
    if setting == Setting::DefaultBranch && state.settings.get(&setting) == Some(&"".into()) {
        return Err(format!("{repo} has no branch"));
    }
    if setting == Setting::Archived {
        state.archived = *value == SettingValue::Flag(true);
    }
    state.settings.insert(setting, value.clone());
    Ok(())
}

fn put(world: &mut Observed, repo: &RepoName, old: LabelState, wanted: &LabelSpec) -> Result<(), String> {
    let state = known(world, repo)?;
    let Seen::Known(labels) = &mut state.labels else { return Err("the labels are unknown".to_owned()) };
    if state.archived {
        return Err(format!("{repo} is archived so is read-only"));
    }
    let key = wanted.name.key();
    if labels.contains_key(&key) {
        return Err(format!("label {key} exists already"));
    }
    let label = LabelState {
        name: wanted.name.clone(),
        color: wanted.color.clone().unwrap_or(old.color),
        description: wanted.description.clone().unwrap_or(old.description),
        uses: old.uses,
    };
    labels.insert(key, label);
    Ok(())
}

fn take(world: &mut Observed, repo: &RepoName, name: &LabelName) -> Result<LabelState, String> {
    let state = known(world, repo)?;
    if state.archived {
        return Err(format!("{repo} is archived so is read-only"));
    }
    let Seen::Known(labels) = &mut state.labels else { return Err("the labels are unknown".to_owned()) };
    labels.remove(&name.key()).ok_or_else(|| format!("there is no label {name}"))
}
