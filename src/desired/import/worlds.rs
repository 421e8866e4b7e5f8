//! Worlds for tests of import: an organisation as organisations are, and arbitrary ones.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::model::{LabelName, LabelState, RepoName, RepoState, Seen, Setting, SettingType, SettingValue};

/// Repositories by name.
pub(crate) type World = BTreeMap<RepoName, RepoState>;

/// A repository as GitHub makes it.
pub(crate) fn repo(name: &str) -> RepoState {
    let text = |t: &str| SettingValue::Text(t.to_owned());
    let value = |setting: Setting| match setting {
        Setting::Description | Setting::Homepage => text(""),
        Setting::Topics => SettingValue::Names(BTreeSet::new()),
        Setting::Visibility => text("private"),
        Setting::DefaultBranch => text("main"),
        Setting::SquashMergeCommitTitle => text("COMMIT_OR_PR_TITLE"),
        Setting::SquashMergeCommitMessage => text("COMMIT_MESSAGES"),
        Setting::MergeCommitTitle => text("MERGE_MESSAGE"),
        Setting::MergeCommitMessage => text("PR_TITLE"),
        Setting::HasIssues
        | Setting::HasWiki
        | Setting::HasProjects
        | Setting::AllowMergeCommit
        | Setting::AllowSquashMerge
        | Setting::AllowRebaseMerge => SettingValue::Flag(true),
        Setting::Archived
        | Setting::HasDiscussions
        | Setting::IsTemplate
        | Setting::AllowForking
        | Setting::WebCommitSignoffRequired
        | Setting::AllowAutoMerge
        | Setting::AllowUpdateBranch
        | Setting::DeleteBranchOnMerge => SettingValue::Flag(false),
    };
    RepoState {
        id: format!("R_{name}"),
        name: RepoName::parse(name).unwrap(),
        archived: false,
        settings: Setting::ALL.iter().map(|s| (*s, value(*s))).collect(),
        labels: Seen::Known(BTreeMap::new()),
    }
}

/// The same with a setting.
pub(crate) fn with(mut state: RepoState, setting: Setting, value: SettingValue) -> RepoState {
    state.settings.insert(setting, value);
    state
}

/// The same with a label.
pub(crate) fn label(mut state: RepoState, name: &str, color: &str, description: &str) -> RepoState {
    let name = LabelName::observed(name);
    let one = LabelState { name, color: color.to_owned(), description: description.to_owned(), uses: None };
    if let Seen::Known(labels) = &mut state.labels {
        labels.insert(one.name.key(), one);
    }
    state
}

/// An archived repository, as it is read lightly.
pub(crate) fn archived(name: &str) -> RepoState {
    RepoState { archived: true, settings: BTreeMap::new(), labels: Seen::Unknown, ..repo(name) }
}

/// A world of these.
pub(crate) fn world(repos: impl IntoIterator<Item = RepoState>) -> World {
    repos.into_iter().map(|r| (r.name.clone(), r)).collect()
}

/// An organisation of 335 repositories, 135 of them archived, with 6,000 labels: services, libraries and sites,
/// most with the same labels, some with labels of their own.
pub(crate) fn organisation() -> World {
    let live = (0..200_usize).map(|i| {
        let (name, topics): (String, &[&str]) = match i % 4 {
            0 | 1 => (format!("acme/svc-{i}"), &["service"]),
            2 => (format!("acme/lib{i}-rs"), &["library", "rust"]),
            _ => (format!("acme/site-{i}"), &["web"]),
        };
        let mut state = repo(&name);
        let topics = topics.iter().map(|t| (*t).to_owned()).collect();
        state = with(state, Setting::Topics, SettingValue::Names(topics));
        state = with(state, Setting::Description, SettingValue::Text(format!("Part {i} of \"it all\"")));
        if i % 4 == 2 {
            state = with(state, Setting::Visibility, SettingValue::Text("public".to_owned()));
            state = with(state, Setting::DeleteBranchOnMerge, SettingValue::Flag(true));
            state = with(state, Setting::AllowMergeCommit, SettingValue::Flag(false));
            state = with(state, Setting::HasWiki, SettingValue::Flag(false));
        }
        if i % 17 == 0 {
            state = with(state, Setting::Homepage, SettingValue::Text(format!("https://{i}.acme.example")));
        }
        for n in 0..9 {
            state = label(state, &format!("kind/{n}"), "d73a4a", "A kind of issue");
        }
        for n in 0..12 {
            state = label(state, &format!("area: {}", n + 12 * (i % 4)), "00ff00", "");
        }
        for n in 0..9 {
            state = label(state, &format!("own {i}-{n}"), "0000ff", "Only here");
        }
        state
    });
    world(live.chain((0..135).map(|i| archived(&format!("acme/old-{i}")))))
}

/// Text that is hard to write down.
fn odd_text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just(String::new()),
        2 => "[a-z \"\\\\{}#;=/*-]{0,12}",
        1 => any::<String>(),
        1 => "[\u{0}-\u{20}\u{85}\u{a0}\u{2000}-\u{2070}\u{feff}\"\\\\]{1,6}",
        1 => "x{340,360}",
    ]
}

fn value(setting: Setting) -> BoxedStrategy<SettingValue> {
    let text = |s: BoxedStrategy<String>| s.prop_map(SettingValue::Text).boxed();
    match setting.ty() {
        SettingType::Text if setting == Setting::Homepage => text(
            prop_oneof![
                8 => Just(String::new()),
                2 => Just("https://acme.example/a?b=\"c\"".to_owned()),
                1 => Just("www.acme.example".to_owned()),
                1 => odd_text(),
            ]
            .boxed(),
        ),
        SettingType::Text if setting == Setting::DefaultBranch => text(
            prop_oneof![
                8 => Just("main".to_owned()),
                2 => Just("release/1.x".to_owned()),
                1 => Just(String::new()),
                1 => Just("büro".to_owned()),
            ]
            .boxed(),
        ),
        SettingType::Text => text(odd_text().boxed()),
        SettingType::Names => {
            let word = prop_oneof![4 => "rust|web|svc", 1 => "[a-z0-9-]{1,4}"];
            let few = proptest::collection::btree_set(word, 0..3);
            let many = Just((0..21).map(|i| format!("t{i}")).collect::<BTreeSet<_>>());
            prop_oneof![30 => few.boxed(), 1 => many.boxed()].prop_map(SettingValue::Names).boxed()
        }
        SettingType::Flag => proptest::bool::weighted(0.8).prop_map(SettingValue::Flag).boxed(),
        SettingType::Word(words) => {
            let word = prop_oneof![4 => Just(words[0]), 1 => proptest::sample::select(words)];
            word.prop_map(|w| SettingValue::Text(w.to_owned())).boxed()
        }
    }
}

fn labels() -> impl Strategy<Value = BTreeMap<String, LabelState>> {
    let name = prop_oneof![
        8 => "bug|kind/[a-f]|area:[a-d]|Wontfix|wontfix",
        1 => "[a-z \"\\\\,/%*\u{202e}é-]{1,5}",
        1 => any::<String>().prop_filter("a label has a name", |t| !t.is_empty()),
        1 => "y{48,52}",
    ];
    let color = prop_oneof![9 => Just("d73a4a".to_owned()), 2 => "[0-9a-f]{6}", 1 => Just("red".to_owned())];
    let description =
        prop_oneof![6 => Just(String::new()), 2 => Just("why \"not\"".to_owned()), 1 => odd_text()];
    let one = (name, color, description).prop_map(|(name, color, description)| {
        let name = LabelName::observed(&name);
        (name.key(), LabelState { name, color, description, uses: None })
    });
    proptest::collection::btree_map(any::<u8>(), one, 0..12).prop_map(|m| m.into_values().collect())
}

fn state(name: String) -> impl Strategy<Value = RepoState> {
    let settings: Vec<_> =
        Setting::ALL.iter().map(|s| (Just(*s), value(*s), proptest::bool::weighted(0.99))).collect();
    let labels = (0..4_u8, labels());
    (settings, labels, proptest::bool::weighted(0.2)).prop_map(
        move |(settings, (kind, mut own), archived)| {
            let mut state = repo(&name);
            // Half of them are as GitHub makes them, so that there is something to share.
            if kind < 2 {
                state.settings =
                    settings.into_iter().filter(|(_, _, seen)| *seen).map(|(s, v, _)| (s, v)).collect();
            }
            state.settings.insert(Setting::Archived, SettingValue::Flag(archived));
            state.archived = archived;
            if kind % 2 == 0 {
                let plain = ["bug", "question", "help wanted", "invalid"];
                let plain = plain.iter().fold(repo(&name), |state, l| label(state, l, "d73a4a", "As ever"));
                if let Seen::Known(plain) = plain.labels {
                    own.extend(plain);
                }
            }
            state.labels = Seen::Known(own);
            state
        },
    )
}

/// Any world that GitHub might show, and some that it wouldn't.
pub(crate) fn worlds() -> impl Strategy<Value = World> {
    let name = prop_oneof![
        5 => "(acme|Umbrella)/(svc|lib|site)-[a-h]{1,2}(-rs)?",
        1 => "[a-z][a-z0-9-]{0,3}/[A-Za-z0-9._-]{1,6}",
    ];
    let valid = name.prop_filter("a repository has a good name", |n| RepoName::parse(n).is_ok());
    proptest::collection::vec(valid.prop_flat_map(state), 0..24).prop_map(world)
}
