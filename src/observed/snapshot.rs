//! The last complete reading, kept in the cache for `plan --offline`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::adapters::store::{self, Store};
use crate::model::{
    Facet, LabelName, LabelState, Observed, OwnRepo, RepoName, RepoState, Seen, Setting, SettingValue,
    Unmanaged,
};

const NAMESPACE: &str = "observed";
const KEY: &str = "snapshot-1";

/// A reading is of one GitHub: a rehearsal against another one has its own.
fn key(api: &str) -> String {
    format!("{KEY} {}", api.trim_end_matches('/'))
}

#[derive(Serialize, Deserialize)]
struct Snapshot {
    at: jiff::Timestamp,
    repos: Vec<Repo>,
    /// The factory's own repository, unless it was not looked for.
    #[serde(default)]
    own: Option<Repo>,
    unmanaged: Vec<(String, bool)>,
}

#[derive(Serialize, Deserialize)]
struct Repo {
    asked: String,
    state: Option<State>,
}

#[derive(Serialize, Deserialize)]
struct State {
    id: String,
    name: String,
    archived: bool,
    settings: BTreeMap<String, serde_json::Value>,
    labels: Option<Vec<(String, String, String)>>,
}

/// Keeps a reading of the GitHub at `api`. Repositories that could not be read keep what was known of them before.
///
/// # Errors
/// When the cache can't be written.
pub fn save(store: &Store, api: &str, observed: &Observed) -> Result<(), store::Error> {
    let Some(at) = observed.at else { return Ok(()) };
    let known = |name: &RepoName, seen: &Seen<RepoState>| match seen {
        Seen::Known(state) => Some(Repo { asked: name.to_string(), state: Some(State::from(state)) }),
        Seen::Absent => Some(Repo { asked: name.to_string(), state: None }),
        Seen::Unknown => None,
    };
    let repos: Vec<Repo> = observed.repos.iter().filter_map(|(name, seen)| known(name, seen)).collect();
    let own = observed.own.as_ref().and_then(|own| known(&own.asked, &own.seen));
    if repos.is_empty() || observed.gaps.iter().any(|g| matches!(g.facet, Facet::Settings | Facet::Labels)) {
        return Ok(());
    }
    let unmanaged = observed.unmanaged.iter().map(|u| (u.name.to_string(), u.archived)).collect();
    let bytes =
        serde_json::to_vec(&Snapshot { at, repos, own, unmanaged }).expect("plain data is always valid JSON");
    store.put(NAMESPACE, &key(api), at, &bytes)
}

/// The last complete reading of the GitHub at `api`, if there is one.
///
/// # Errors
/// When the cache can't be read.
pub fn load(store: &Store, api: &str) -> Result<Option<Observed>, store::Error> {
    let Some(entry) = store.get(NAMESPACE, &key(api))? else { return Ok(None) };
    let Ok(snapshot) = serde_json::from_slice::<Snapshot>(&entry.bytes) else { return Ok(None) };
    let mut observed = Observed { at: Some(snapshot.at), ..Observed::default() };
    observed.repos.extend(snapshot.repos.into_iter().filter_map(Repo::into_seen));
    observed.own = snapshot.own.and_then(Repo::into_seen).map(|(asked, seen)| OwnRepo { asked, seen });
    observed.unmanaged = snapshot
        .unmanaged
        .into_iter()
        .filter_map(|(name, archived)| Some(Unmanaged { name: RepoName::parse(&name).ok()?, archived }))
        .collect();
    Ok(Some(observed))
}

impl Repo {
    fn into_seen(self) -> Option<(RepoName, Seen<RepoState>)> {
        let seen = self.state.map_or(Seen::Absent, State::into_seen);
        Some((RepoName::parse(&self.asked).ok()?, seen))
    }
}

impl From<&RepoState> for State {
    fn from(state: &RepoState) -> Self {
        let label = |l: &LabelState| (l.name.as_str().to_owned(), l.color.clone(), l.description.clone());
        Self {
            id: state.id.clone(),
            name: state.name.to_string(),
            archived: state.archived,
            settings: state.settings.iter().map(|(s, v)| (s.name().to_owned(), v.to_json())).collect(),
            labels: state.labels.known().map(|labels| labels.values().map(label).collect()),
        }
    }
}

impl State {
    fn into_seen(self) -> Seen<RepoState> {
        let Ok(name) = RepoName::parse(&self.name) else { return Seen::Unknown };
        let settings = self
            .settings
            .iter()
            .filter_map(|(name, json)| {
                let setting = Setting::by_name(name)?;
                Some((setting, SettingValue::from_json(setting.ty(), json)?))
            })
            .collect();
        let labels = match self.labels {
            None => Seen::Unknown,
            Some(labels) => Seen::Known(
                labels
                    .into_iter()
                    .map(|(name, color, description)| {
                        let name = LabelName::observed(&name);
                        (name.key(), LabelState { name, color, description, uses: None })
                    })
                    .collect(),
            ),
        };
        Seen::Known(RepoState { id: self.id, name, archived: self.archived, settings, labels })
    }
}
