//! Worlds and configs, made up: small pools of names, so that they meet.

use std::collections::{BTreeMap, BTreeSet};

use factoryctl::model::{Setting, SettingValue};
use factoryctl::twin;
use factoryctl::twin::world::{Issue, Label, Visibility, epoch};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// Repositories there may be.
pub(super) const NAMES: [&str; 4] = ["anvil", "bellows", "Crucible", "drill-rs"];
/// Labels there may be. Some differ by case from each other's former names, one needs quoting.
const LABELS: [&str; 7] = ["bug", "area: core", "P1", "né \"q\"", "wontfix", "core", "Ready"];

/// What a layer of config fixes.
pub(super) type Layer = BTreeMap<Setting, SettingValue>;

/// One world and the config for it.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) defaults: Layer,
    /// A group over the repositories whose names begin with this.
    pub(super) group: Option<(&'static str, Layer)>,
    pub(super) repos: Vec<Repo>,
    /// Whether the change budget lets everything through.
    pub(super) generous: bool,
}

/// One repository, as it is and as it is wanted.
#[derive(Clone, Debug)]
pub(super) struct Repo {
    pub(super) name: &'static str,
    pub(super) live: Option<Live>,
    pub(super) wanted: Option<Wanted>,
}

/// What GitHub holds.
#[derive(Clone, Debug)]
pub(super) struct Live {
    pub(super) settings: Layer,
    pub(super) labels: BTreeMap<&'static str, (String, Option<String>)>,
    /// Which of the labels the one issue carries.
    pub(super) carried: BTreeSet<&'static str>,
}

/// What config says.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) create: bool,
    pub(super) settings: Layer,
    pub(super) mode: Option<&'static str>,
    pub(super) labels: BTreeMap<&'static str, Spec>,
}

/// What config says of a label.
#[derive(Clone, Debug)]
pub(super) struct Spec {
    pub(super) color: Option<String>,
    pub(super) description: Option<String>,
    pub(super) was: Option<&'static str>,
    pub(super) delete_after: Option<&'static str>,
}

fn text() -> impl Strategy<Value = String> {
    select(vec![
        "",
        "Hits things",
        "ünï \"quoted\" \\ back",
        "tab\there",
        "a // no comment /* here */",
        "'''",
    ])
    .prop_map(str::to_owned)
}

fn value(setting: Setting) -> BoxedStrategy<SettingValue> {
    let words =
        |words: Vec<&'static str>| select(words).prop_map(|w| SettingValue::Text(w.to_owned())).boxed();
    match setting {
        Setting::Description => text().prop_map(|t| SettingValue::Text(t.replace('\t', " "))).boxed(),
        Setting::Homepage => words(vec!["", "https://acme.example/x"]),
        Setting::Topics => subsequence(vec!["rust", "cli", "service"], 0..=3)
            .prop_map(|topics| SettingValue::Names(topics.into_iter().map(str::to_owned).collect()))
            .boxed(),
        Setting::Visibility => words(vec!["private", "public"]),
        Setting::SquashMergeCommitTitle => words(vec!["PR_TITLE", "COMMIT_OR_PR_TITLE"]),
        _ => any::<bool>().prop_map(SettingValue::Flag).boxed(),
    }
}

/// A layer; settings that contradict each other on GitHub are left out.
fn layer(most: usize) -> impl Strategy<Value = Layer> {
    const ALL: &[Setting] = &[
        Setting::Description,
        Setting::Homepage,
        Setting::Topics,
        Setting::Visibility,
        Setting::Archived,
        Setting::HasIssues,
        Setting::HasWiki,
        Setting::HasProjects,
        Setting::WebCommitSignoffRequired,
        Setting::AllowRebaseMerge,
        Setting::AllowAutoMerge,
        Setting::DeleteBranchOnMerge,
    ];
    subsequence(ALL, 0..=most).prop_flat_map(|settings| {
        let each: Vec<_> = settings.into_iter().map(|s| value(s).prop_map(move |v| (s, v))).collect();
        each.prop_map(BTreeMap::from_iter)
    })
}

fn without(mut layer: Layer, setting: Setting) -> Layer {
    layer.remove(&setting);
    layer
}

fn color() -> impl Strategy<Value = String> {
    select(vec!["d73a4a", "0e8a16", "ededed"]).prop_map(str::to_owned)
}

fn live() -> impl Strategy<Value = Live> {
    let labels = subsequence(LABELS.to_vec(), 0..=5).prop_flat_map(|names| {
        let each: Vec<_> = names
            .into_iter()
            .map(|n| (Just(n), (color(), proptest::option::of(text())), any::<bool>()))
            .collect();
        each
    });
    (layer(6), labels).prop_map(|(settings, labels)| Live {
        settings,
        carried: labels.iter().filter(|(_, _, carried)| *carried).map(|(name, _, _)| *name).collect(),
        labels: labels
            .into_iter()
            .map(|(name, (color, text), _)| (name, (color, text.map(one_line))))
            .collect(),
    })
}

fn one_line(text: String) -> String {
    text.replace('\t', " ")
}

fn spec() -> impl Strategy<Value = Spec> {
    let day = select(vec!["2020-01-01", "2999-01-01"]);
    (
        proptest::option::of(color()),
        proptest::option::of(text().prop_map(one_line)),
        proptest::option::weighted(0.3, select(LABELS.to_vec())),
        proptest::option::weighted(0.2, day),
    )
        .prop_map(|(color, description, was, delete_after)| Spec {
            color,
            description,
            was,
            delete_after,
        })
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let labels = subsequence(LABELS.to_vec(), 0..=5).prop_flat_map(|names| {
        let each: Vec<_> = names.into_iter().map(|name| (Just(name), spec())).collect();
        each
    });
    let mode = proptest::option::of(select(vec!["additive", "authoritative", "ignore"]));
    (any::<bool>(), layer(5), mode, labels).prop_map(|(create, settings, mode, labels)| {
        let mut labels: BTreeMap<_, _> = labels.into_iter().collect();
        let names: BTreeSet<String> = labels.keys().map(|name| name.to_lowercase()).collect();
        let mut taken = BTreeSet::new();
        for spec in labels.values_mut() {
            // A former name is nobody's present one, and only one label's.
            let free = |was: &str| !names.contains(&was.to_lowercase());
            spec.was = spec.was.filter(|was| free(was) && taken.insert(was.to_lowercase()));
        }
        // An authoritative collection that keeps no label is refused, since it would delete all.
        let keeps = labels.values().any(|spec| spec.delete_after.is_none());
        let mode = mode.filter(|mode| *mode != "authoritative" || keeps);
        let archived = settings.get(&Setting::Archived) == Some(&SettingValue::Flag(true));
        Wanted { create: create && !archived, settings, mode, labels }
    })
}

/// A world with its config.
pub(super) fn case() -> impl Strategy<Value = Case> {
    let repo = (proptest::option::weighted(0.8, live()), proptest::option::weighted(0.85, wanted()));
    let repos = proptest::collection::vec(repo, 1..=NAMES.len());
    let group = proptest::option::of((select(vec!["", "an", "bel", "dr"]), layer(3)));
    (layer(3), group, repos, proptest::bool::weighted(0.7)).prop_map(|(defaults, group, repos, generous)| {
        Case {
            defaults: without(defaults, Setting::Archived),
            group: group.map(|(prefix, layer)| (prefix, without(layer, Setting::Archived))),
            repos: NAMES
                .iter()
                .zip(repos)
                .map(|(name, (live, wanted))| {
                    // A repository that isn't there is either made or not spoken of; the rest is a mistake to report.
                    let wanted = wanted.map(|wanted| Wanted {
                        create: wanted.create || live.is_none(),
                        settings: match (&live, wanted.create) {
                            (Some(_), false) => wanted.settings,
                            _ => without(wanted.settings, Setting::Archived),
                        },
                        ..wanted
                    });
                    Repo { name, live, wanted }
                })
                .collect(),
            generous,
        }
    })
}

impl Case {
    /// GitHub before.
    pub(super) fn github(&self) -> twin::World {
        let mut world = twin::World::new("acme");
        for repo in &self.repos {
            if let Some(live) = &repo.live {
                add(&mut world, repo.name, live);
            }
        }
        world
    }
}

fn add(world: &mut twin::World, name: &str, live: &Live) {
    let full = format!("acme/{name}");
    world.add_repo("acme", name);
    let ids: Vec<u64> = (0..=live.labels.len()).map(|_| world.fresh_id()).collect();
    let repo = world.repo_mut(&full).expect("it was just added");
    repo.labels = live
        .labels
        .iter()
        .zip(&ids)
        .map(|((name, (color, description)), id)| Label {
            id: *id,
            name: (*name).to_owned(),
            color: color.clone(),
            description: description.clone(),
            default: false,
            created_at: epoch(),
        })
        .collect();
    let carried =
        repo.labels.iter().filter(|l| live.carried.contains(l.name.as_str())).map(|l| l.id).collect();
    repo.issues.insert(1, issue(ids[live.labels.len()], carried));
    let mut json = serde_json::to_value(&repo.settings).expect("settings are JSON");
    for (setting, value) in &live.settings {
        let field = if *setting == Setting::Topics { "topics" } else { setting.rest() };
        json[field] = value.to_json();
    }
    repo.settings = serde_json::from_value(json).expect("the fields have GitHub's names");
    if repo.settings.visibility == Visibility::Public {
        repo.settings.allow_forking = true;
    }
}

fn issue(id: u64, labels: Vec<u64>) -> Issue {
    Issue { labels, ..Issue::new(id, 1, "operator", "It squeaks", epoch()) }
}
