//! Laws of the pure half: config and what was read in, plan out.

use std::collections::{BTreeMap, BTreeSet};

use factoryctl::engine::{Judging, judge};
use factoryctl::loops::{Selection, vocabulary};
use factoryctl::model::{
    Action, Cause, ConfigFile, ConfigFiles, Desired, Effect, Facet, Gap, LabelName, LabelState, Observed,
    RepoName, RepoState, Seen, Setting, SettingValue, Verb,
};
use factoryctl::plan::{Document, Memory, Switches};
use factoryctl::{desired, twin};
use proptest::prelude::*;

use super::cases::{Case, case};
use super::spell;
use crate::sizes;

fn now() -> jiff::Timestamp {
    jiff::Timestamp::constant(1_790_000_000, 0)
}

fn load(path: &str, text: &str) -> Desired {
    let file = ConfigFile { path: path.to_owned(), bytes: text.as_bytes().to_vec() };
    let files = ConfigFiles { files: vec![file], ..ConfigFiles::default() };
    let today = now().to_zoned(jiff::tz::TimeZone::UTC).date();
    match desired::load(&files, &vocabulary(today)) {
        Ok((desired, _)) => desired,
        Err(problems) => panic!("{}\n{text}", desired::render(&problems, &files, false)),
    }
}

fn plan(desired: &Desired, observed: &Observed) -> Document {
    let (selection, switches, memory) = (Selection::default(), Switches::default(), Memory::default());
    let judging = Judging::new(desired, &selection, &switches, &memory, now());
    judge(&judging, observed).document
}

/// A complete reading of the declared repositories.
fn observed(world: &twin::World, desired: &Desired) -> Observed {
    let repos = desired.repos.keys().map(|name| {
        let live = world.repo(name.owner(), name.name());
        (name.clone(), live.map_or(Seen::Absent, |repo| Seen::Known(state(repo))))
    });
    Observed { at: Some(now()), repos: repos.collect(), ..Observed::default() }
}

fn state(repo: &twin::world::Repo) -> RepoState {
    let mut settings = repo.settings.clone();
    settings.description.get_or_insert_default();
    settings.homepage.get_or_insert_default();
    let json = serde_json::to_value(&settings).expect("settings are JSON");
    let read = |setting: Setting| {
        let field = if setting == Setting::Topics { "topics" } else { setting.rest() };
        SettingValue::from_json(setting.ty(), &json[field]).map(|value| (setting, value))
    };
    let label = |label: &twin::world::Label| {
        let name = LabelName::observed(&label.name);
        let state = LabelState {
            name: name.clone(),
            color: label.color.clone(),
            description: label.description.clone().unwrap_or_default(),
            uses: Some(repo.issues.values().filter(|i| i.labels.contains(&label.id)).count() as u64),
        };
        (name.key(), state)
    };
    RepoState {
        id: repo.id.to_string(),
        name: RepoName::parse(&repo.full_name()).expect("the twin's names are valid"),
        archived: repo.settings.archived,
        settings: Setting::ALL.iter().copied().filter_map(read).collect(),
        labels: Seen::Known(repo.labels.iter().map(label).collect()),
    }
}

/// A document as text, without the places in config that it names.
fn without_places(document: &Document) -> String {
    let mut json = document.to_json();
    for action in json["actions"].as_array_mut().expect("a plan has actions") {
        action["because"] = serde_json::Value::Null;
        // Guards name the line that set their limit.
        action["blocked"] = action["blocked"]["guard"].take();
    }
    json["config"] = serde_json::Value::Null;
    json.to_string()
}

fn ids(document: &Document) -> BTreeSet<String> {
    document.actions.iter().map(|p| p.action.id.to_string()).collect()
}

/// What is taken from a complete reading.
#[derive(Clone, Debug)]
struct Loss {
    repos: Vec<u8>,
}

fn loss() -> impl Strategy<Value = Loss> {
    proptest::collection::vec(0..5_u8, 4).prop_map(|repos| Loss { repos })
}

/// The reading without what was lost, with the gaps that an observer would note.
fn lose(whole: &Observed, loss: &Loss) -> Observed {
    let mut part = whole.clone();
    for ((name, seen), how) in part.repos.iter_mut().zip(&loss.repos) {
        let facet = match (how, &mut *seen) {
            (1, seen) => {
                *seen = Seen::Unknown;
                Facet::Settings
            }
            (2, Seen::Known(state)) => {
                state.labels = Seen::Unknown;
                Facet::Labels
            }
            (3, Seen::Known(state)) => {
                state.settings.retain(|setting, _| *setting == Setting::Archived);
                Facet::Settings
            }
            _ => continue,
        };
        let why = "the reading broke off".to_owned();
        part.gaps.push(Gap { facet, repo: Some(name.clone()), why, cause: Cause::Other });
    }
    part
}

/// Whether what an action rests on was seen.
fn rests_on_what_was_seen(action: &Action, observed: &Observed) -> bool {
    let seen = observed.repo(action.effect.repo());
    match action.verb {
        Verb::CreateRepository => matches!(seen, Seen::Absent),
        Verb::TellIssue
        | Verb::TransferIssue
        | Verb::MirrorIssue
        | Verb::MergePull
        | Verb::EnqueuePull
        | Verb::DequeuePull
        | Verb::UpdateBranch
        | Verb::Reply
        | Verb::ReviewPull
        | Verb::PassOver => {
            let of = action.effect.watched().map(|watched| watched.number);
            of.is_some_and(|n| matches!(observed.cases.of(action.effect.repo(), n), Seen::Known(_)))
        }
        Verb::StartRun | Verb::OpenPull | Verb::StopRun => observed.gap(Facet::Runs, None).is_none(),
        Verb::KeepIssue => matches!(observed.languages.get(action.effect.repo()), Some(Seen::Known(_))),
        Verb::OpenIssue => {
            matches!(observed.tracker.issues.get(action.effect.repo()), Some(Seen::Known(_)))
        }
        Verb::CreateLabel | Verb::UpdateLabel | Verb::RenameLabel | Verb::DeleteLabel => {
            matches!(seen, Seen::Known(RepoState { labels: Seen::Known(_), .. }))
        }
        Verb::UnarchiveRepository
        | Verb::UpdateSettings
        | Verb::ChangeVisibility
        | Verb::ArchiveRepository
        | Verb::Comment
        | Verb::DeleteComment
        | Verb::Report
        | Verb::Propose
        | Verb::Withdraw => match (seen, &action.effect) {
            (Seen::Known(state), Effect::UpdateSettings { settings, .. }) => {
                settings.keys().all(|setting| state.settings.contains_key(setting))
            }
            (seen, _) => matches!(seen, Seen::Known(_)),
        },
    }
}

/// What a permitted or held back action would delete or make.
fn makes_or_deletes(action: &Action) -> bool {
    matches!(action.verb, Verb::CreateRepository | Verb::CreateLabel | Verb::DeleteLabel)
}

fn declared_labels(case: &Case) -> BTreeMap<String, BTreeSet<String>> {
    case.repos
        .iter()
        .filter_map(|repo| Some((repo.name, repo.wanted.as_ref()?)))
        .filter(|(_, wanted)| wanted.mode != Some("authoritative"))
        .map(|(name, wanted)| {
            let own =
                wanted.labels.iter().flat_map(|(name, spec)| [Some(*name), spec.was].into_iter().flatten());
            (format!("acme/{name}").to_lowercase(), own.map(str::to_lowercase).collect())
        })
        .collect()
}

/// The labels that an action touches, in lower case.
fn touched_labels(action: &Action) -> Vec<String> {
    let before = action.before["name"].as_str();
    let after = action.after["name"].as_str();
    [before, after].into_iter().flatten().map(str::to_lowercase).collect()
}

proptest! {
    #![proptest_config(sizes::pure())]

    #[test]
    fn the_same_input_gives_the_same_plan(case in case()) {
        let text = spell::kdl(&case);
        let world = case.github();
        let once = load("factory.kdl", &text);
        let twice = load("factory.kdl", &text);
        let first = plan(&once, &observed(&world, &once));
        let second = plan(&twice, &observed(&world, &twice));
        prop_assert_eq!(first.to_json().to_string(), second.to_json().to_string());
        prop_assert!(!first.unsound, "{:?}", first.diagnostics);
    }

    #[test]
    fn both_spellings_give_the_same_plan(case in case()) {
        let (kdl, toml) = (load("factory.kdl", &spell::kdl(&case)), load("factory.toml", &spell::toml(&case)));
        let reading = observed(&case.github(), &kdl);
        prop_assert_eq!(without_places(&plan(&kdl, &reading)), without_places(&plan(&toml, &reading)));
    }

    #[test]
    fn the_canonical_form_means_the_same(case in case(), seed in any::<u64>()) {
        let text = untidy(&spell::kdl(&case), seed);
        let formatted = format(&text);
        prop_assert_eq!(&format(&formatted), &formatted);
        prop_assert_eq!(comments(&formatted), comments(&text));
        let (before, after) = (load("factory.kdl", &text), load("factory.kdl", &formatted));
        let reading = observed(&case.github(), &before);
        prop_assert_eq!(without_places(&plan(&before, &reading)), without_places(&plan(&after, &reading)));
    }

    #[test]
    fn nothing_is_made_or_deleted_that_was_not_seen(case in case(), loss in loss()) {
        let desired = load("factory.kdl", &spell::kdl(&case));
        let whole = observed(&case.github(), &desired);
        let part = lose(&whole, &loss);
        let (all, some) = (ids(&plan(&desired, &whole)), plan(&desired, &part));
        for planned in &some.actions {
            prop_assert!(rests_on_what_was_seen(&planned.action, &part), "{:?}", planned.action);
            if makes_or_deletes(&planned.action) {
                prop_assert!(all.contains(&planned.action.id.to_string()), "{:?}", planned.action);
            }
        }
    }

    #[test]
    fn nothing_undeclared_is_touched(case in case()) {
        let desired = load("factory.kdl", &spell::kdl(&case));
        let declared = declared_labels(&case);
        for planned in plan(&desired, &observed(&case.github(), &desired)).actions {
            let action = &planned.action;
            let repo = action.effect.repo();
            let own = case.repos.iter().find(|r| r.name.eq_ignore_ascii_case(repo.name()));
            prop_assert!(own.is_some_and(|r| r.wanted.is_some()), "{:?}", action);
            if action.verb.kind() == "label"
                && let Some(labels) = declared.get(&repo.to_string().to_lowercase())
            {
                for label in touched_labels(action) {
                    prop_assert!(labels.contains(&label), "{label}: {:?}", action);
                }
            }
            if let Effect::UpdateSettings { settings, .. } = &action.effect {
                for setting in settings.keys() {
                    prop_assert!(spell::fixes(&case, own.map_or("", |r| r.name), *setting), "{:?}", action);
                }
            }
        }
    }
}

/// The same text with its layout disturbed: other indentation, blank lines, spaces at ends.
fn untidy(text: &str, seed: u64) -> String {
    let mut state = seed | 1;
    let mut draw = |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    let mut out = String::new();
    for line in text.lines() {
        out.push_str(&" ".repeat(usize::try_from(draw(9)).expect("it is small")));
        out.push_str(line.trim_start());
        out.push_str(["", " ", "  ", "\t", " // why"][usize::try_from(draw(5)).expect("it is small")]);
        out.push_str(&"\n".repeat(usize::try_from(1 + draw(3)).expect("it is small")));
    }
    out
}

fn format(text: &str) -> String {
    let file = ConfigFile { path: "factory.kdl".to_owned(), bytes: text.as_bytes().to_vec() };
    desired::fmt::format(&file).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"))
}

/// Every comment, in order; a quoted text that looks like one counts on both sides alike.
fn comments(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| line.split_once("//").map(|(_, comment)| comment.trim().to_owned()))
        .collect()
}
