//! Generated pairs of desired and observed states: few names, so that they meet in every way.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use super::samples::{desired, label, name, observed, repo, state};
use super::{
    Desired, LabelSpec, Mode, Observed, Repo, RepoName, RepoState, Seen, Setting, SettingType, SettingValue,
};

const REPOS: [&str; 4] = ["acme/anvil", "acme/bolt", "acme/cog", "acme/drum"];
const LABELS: [&str; 7] = ["bug", "Bug", "defect", "chore", "docs", "Docs", "area/core"];
/// The moment of [`super::samples::now`] lies between them.
const DAYS: [&str; 3] = ["2026-05-31", "2026-06-01", "2026-06-02"];

/// A declared and an observed state of the same few repositories, the observed one complete.
pub(crate) fn pair() -> impl Strategy<Value = (Desired, Observed)> {
    let declared = vec(wanted(), REPOS.len());
    let seen = vec(of(seen()), REPOS.len());
    (declared, seen, 0u8..16).prop_map(|(declared, seen, which)| {
        let repos = declared.into_iter().enumerate().filter(|(n, _)| which & (1 << n) != 0);
        let desired = desired(repos.map(|(n, repo)| Repo { name: name(REPOS[n]), ..repo }));
        let mut all = Observed::default();
        for (repo, state) in REPOS.iter().zip(seen) {
            let repo: RepoName = name(repo);
            let state = state.map(|s| RepoState { id: format!("R_{repo}"), name: repo.clone(), ..s });
            all.repos.insert(repo, state.map_or(Seen::Absent, Seen::Known));
        }
        (desired, Observed { repos: all.repos, ..observed([]) })
    })
}

fn wanted() -> impl Strategy<Value = Repo> {
    let settings = vec(setting(), 0..6);
    let mode = select(vec![Mode::Additive, Mode::Authoritative, Mode::Ignore]);
    (settings, mode, vec(spec(), 0..5), any::<bool>()).prop_map(|(settings, mode, specs, create)| {
        let mut out = repo(REPOS[0]).mode(mode);
        out.create = create;
        out = settings.into_iter().fold(out, |repo, (setting, value)| repo.fix(setting, value));
        specs.into_iter().fold(out, Repo::label)
    })
}

/// Any setting with a value that it can have.
fn setting() -> impl Strategy<Value = (Setting, SettingValue)> {
    (select(Setting::ALL), any::<prop::sample::Index>(), any::<bool>()).prop_map(|(setting, pick, flag)| {
        let value = match setting.ty() {
            SettingType::Flag => flag.into(),
            SettingType::Text if setting == Setting::DefaultBranch => ["main", "trunk"][pick.index(2)].into(),
            SettingType::Text => ["", "a", "b"][pick.index(3)].into(),
            SettingType::Word(words) => words[pick.index(words.len())].into(),
            SettingType::Names => SettingValue::Names(
                ["rust", "web"][..pick.index(3)].iter().map(ToString::to_string).collect(),
            ),
        };
        (setting, value)
    })
}

fn spec() -> impl Strategy<Value = LabelSpec> {
    let color = of(select(vec!["ff0000", "00ff00"]));
    let about = of(select(vec!["", "About it"]));
    (select(LABELS.to_vec()), color, about, of(select(LABELS.to_vec())), of(select(DAYS.to_vec()))).prop_map(
        |(text, color, about, was, day)| {
            let mut out = label(text);
            out.color = color.map(str::to_owned);
            out.description = about.map(str::to_owned);
            out = was.into_iter().fold(out, LabelSpec::was);
            day.into_iter().fold(out, LabelSpec::delete_after)
        },
    )
}

fn seen() -> impl Strategy<Value = RepoState> {
    let labels =
        vec((select(LABELS.to_vec()), select(vec!["ff0000", "0000ff"]), select(vec!["", "About it"])), 0..6);
    (vec(setting(), 0..8), labels).prop_map(|(settings, labels)| {
        let out =
            settings.into_iter().fold(state(REPOS[0]), |state, (setting, value)| state.has(setting, value));
        labels.into_iter().fold(out, |state, (label, color, about)| state.labelled(label, color, about))
    })
}
