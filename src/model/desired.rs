//! Desired state: what the config files say, validated, every value with its source.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::address::escape;
use super::language::Language;
use super::{
    Address, AddressGlob, AgentConfig, Creations, Gate, LabelName, LabelSpec, Origin, Pipelines, Prices,
    Recipe, RepoName, RunCaps, Setting, SettingValue, Source, Sourced, Task,
};

/// Everything that one state of the config repository asks for.
#[derive(Clone, Debug, Default)]
pub struct Desired {
    /// Where it was read from.
    pub origin: Origin,
    /// The factory itself.
    pub factory: Factory,
    /// How GitHub is reached.
    pub github: GitHub,
    /// The repositories under management, defaults and groups already laid under them.
    pub repos: BTreeMap<RepoName, Repo>,
    /// Owners whose undeclared repositories are listed.
    pub observe: Vec<ObservedOwner>,
    /// Loops that config mentions; a loop that isn't here runs with its defaults.
    pub loops: BTreeMap<String, LoopConfig>,
    /// How much one run may change.
    pub budget: ChangeBudget,
    /// Overrides that config grants.
    pub allows: Vec<Allow>,
    /// Addresses that nothing may change.
    pub protects: Vec<Protect>,
    /// The agents, by name.
    pub agents: BTreeMap<String, AgentConfig>,
    /// What they are given to do, by name.
    pub tasks: BTreeMap<String, Task>,
    /// The pipelines that issues go through.
    pub pipelines: Pipelines,
    /// How many of them may be at work, and what they may cost.
    pub run_caps: RunCaps,
    /// What models cost, where config says so.
    pub prices: Option<Prices>,
    /// The words of the project; `None` where config says nothing of them, and nobody looks at them.
    pub language: Option<Arc<Language>>,
    /// How the factory works, section by section: `playbook "implement"`. No plan of a repository shows it, so that a change
    /// of it is shown by itself.
    pub rules: BTreeMap<String, Rule>,
}

/// A section of config that says how the factory works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What it says: an object, field by field.
    pub says: serde_json::Value,
    /// Where it was written.
    pub source: Source,
}

/// The factory's name and its config repository.
#[derive(Clone, Debug, Default)]
pub struct Factory {
    /// Its name.
    pub name: String,
    /// Where it was named.
    pub source: Option<Source>,
    /// The repository on GitHub that holds the config; without it the factory is local.
    pub config: Option<Sourced<RepoName>>,
    /// The branch of that repository which is in force.
    pub branch: String,
}

/// How GitHub is reached.
#[derive(Clone, Debug)]
pub struct GitHub {
    /// The REST base, e.g. `https://api.github.com`.
    pub api: Sourced<String>,
    /// Who the factory is there: the author of all that it does.
    pub auth: Auth,
    /// Who it is besides, to review what the author made; somebody else than the author.
    pub reviewer: Option<Auth>,
    /// Where webhooks are received, if anywhere.
    pub webhook: Option<Webhook>,
    /// How much is created there at most; what the server publishes unless it is given.
    pub creations: Option<Creations>,
}

impl Default for GitHub {
    fn default() -> Self {
        Self {
            api: Sourced::built_in("https://api.github.com".to_owned()),
            auth: Auth::Token(SecretRef::Env("GITHUB_TOKEN".to_owned())),
            reviewer: None,
            webhook: None,
            creations: None,
        }
    }
}

/// Who the factory is on GitHub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// A personal access token or another ready-made one.
    Token(SecretRef),
    /// A GitHub App.
    App {
        /// The App's id.
        id: u64,
        /// Its private key, in PEM.
        key: SecretRef,
    },
}

impl Auth {
    /// Where its secret is found.
    pub fn secret(&self) -> &SecretRef {
        match self {
            Self::Token(from) | Self::App { key: from, .. } => from,
        }
    }

    /// Whether it is the same identity, as far as config tells.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::App { id, .. }, Self::App { id: other, .. }) => id == other,
            (Self::Token(from), Self::Token(other)) => from == other,
            (Self::App { .. }, Self::Token(_)) | (Self::Token(_), Self::App { .. }) => false,
        }
    }
}

/// Where a secret is found; never the secret itself.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SecretRef {
    /// `env:NAME`
    Env(String),
    /// `file:PATH`
    File(String),
}

impl SecretRef {
    /// A reference as config spells it; `None` when it is none.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            ("env", name) => Some(Self::Env(name.to_owned())),
            ("file", path) => Some(Self::File(path.to_owned())),
            _ => None,
        }
    }
}

impl TryFrom<String> for SecretRef {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("`{text}` names no secret"))
    }
}

impl From<SecretRef> for String {
    fn from(reference: SecretRef) -> Self {
        reference.to_string()
    }
}

impl std::fmt::Display for SecretRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{path}"),
        }
    }
}

/// The endpoint that receives GitHub's webhooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// `host:port`; port 0 takes a free one.
    pub listen: String,
    /// The secret that signs deliveries.
    pub secret: SecretRef,
}

/// A value that config fixes, with its source.
pub type Setpoint = Sourced<SettingValue>;

/// What is wanted of one repository.
#[derive(Clone, Debug)]
pub struct Repo {
    /// Its full name.
    pub name: RepoName,
    /// Where it was declared.
    pub source: Source,
    /// Whether it is made when a complete read shows that it isn't there.
    pub create: bool,
    /// The groups that it belongs to, in order.
    pub groups: Vec<Arc<str>>,
    /// The settings that config fixes; others are left as they are.
    pub settings: BTreeMap<Setting, Setpoint>,
    /// Its labels.
    pub labels: Labels,
    /// What is done before and after it is worked in.
    pub recipe: Recipe,
    /// What work on it has to pass.
    pub gates: Vec<Gate>,
    /// Its words, where they are looked at.
    pub language: Option<Arc<Language>>,
}

impl Repo {
    /// The address of the repository.
    pub fn address(&self) -> Address {
        Address::repo(&self.name)
    }

    /// Whether config says that it is archived.
    pub fn archived(&self) -> bool {
        matches!(self.settings.get(&Setting::Archived), Some(s) if s.value == SettingValue::Flag(true))
    }
}

/// Who owns a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Mode {
    /// What is declared is kept; the rest is left alone.
    #[default]
    Additive,
    /// What is declared is all there is; the rest is deleted.
    Authoritative,
    /// Nothing is read or written.
    Ignore,
}

impl Mode {
    /// The words config uses.
    pub const WORDS: &'static [&'static str] = &["additive", "authoritative", "ignore"];

    /// The mode of this word.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "additive" => Some(Self::Additive),
            "authoritative" => Some(Self::Authoritative),
            "ignore" => Some(Self::Ignore),
            _ => None,
        }
    }

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Additive => "additive",
            Self::Authoritative => "authoritative",
            Self::Ignore => "ignore",
        }
    }
}

/// The labels wanted in one repository.
#[derive(Clone, Debug)]
pub struct Labels {
    /// Who owns the collection.
    pub mode: Sourced<Mode>,
    /// By [`super::LabelName::key`].
    pub specs: BTreeMap<String, Sourced<Arc<LabelSpec>>>,
}

impl Labels {
    /// Whether a label whose part of an address matches this pattern can be made, changed or deleted.
    fn may_change(&self, pattern: &str) -> bool {
        let names = |spec: &LabelSpec| {
            let was = spec.was.as_ref().map(LabelName::key);
            [Some(spec.name.key()), was]
                .into_iter()
                .flatten()
                .any(|key| super::match_star(pattern, &escape(&key)))
        };
        match self.mode.value {
            Mode::Authoritative => true,
            Mode::Additive => self.specs.values().any(|spec| names(&spec.value)),
            Mode::Ignore => false,
        }
    }
}

impl Default for Labels {
    fn default() -> Self {
        Self { mode: Sourced::built_in(Mode::default()), specs: BTreeMap::new() }
    }
}

/// `repositories "acme/*" mode="observe"`: undeclared repositories that are listed and never touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedOwner {
    /// The account.
    pub owner: String,
    /// The pattern over names, `*` for any run of characters.
    pub pattern: String,
    /// Where it was written.
    pub source: Source,
}

/// What config says of a loop.
#[derive(Clone, Debug)]
pub struct LoopConfig {
    /// Where it was written.
    pub source: Source,
    /// Whether it runs.
    pub enabled: bool,
    /// The interval, when config sets one.
    pub every: Option<Duration>,
    /// Why it is off, when config says so.
    pub reason: Option<String>,
    /// Until when (UTC, exclusive) it is off, when config says so.
    pub until: Option<jiff::Timestamp>,
    /// Its own settings: normalised JSON by name, only those that were written; the loop fills in its defaults.
    pub settings: BTreeMap<String, serde_json::Value>,
}

/// How much one run may change before it needs an override.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeBudget {
    /// Deletions in one run.
    pub deletes: u32,
    /// Changes in one run that remove a protection.
    pub weakening: u32,
    /// Repositories made more widely visible in one run.
    pub visibility: u32,
    /// Repositories archived in one run.
    pub archives: u32,
    /// Changes of any sort in one run; `None` is unlimited.
    pub total: Option<u32>,
    /// Changes to existing objects of one kind in one repository, as a percentage of those managed there.
    pub percent: u32,
    /// Up to this many changes the percentage does not apply.
    pub floor: u32,
    /// Where it was written.
    pub source: Source,
}

impl Default for ChangeBudget {
    fn default() -> Self {
        Self {
            deletes: 10,
            weakening: 0,
            visibility: 0,
            archives: 5,
            total: None,
            percent: 30,
            floor: 10,
            source: Source::built_in(),
        }
    }
}

/// An override that config grants: scoped, dated, with its reason.
#[derive(Clone, Debug)]
pub struct Allow {
    /// The guard's name.
    pub guard: String,
    /// What it covers.
    pub address: AddressGlob,
    /// How many actions; `None` for all that are covered.
    pub count: Option<u32>,
    /// The last day (UTC) on which it holds; `None` for one command.
    pub until: Option<jiff::civil::Date>,
    /// Why.
    pub reason: String,
    /// Where it was written; `None` on the command line.
    pub source: Option<Source>,
}

impl Desired {
    /// The repository on the GitHub at `api` that this config lies in: the one that it names, else the one that it was
    /// read from.
    pub fn own_repo(&self, api: &str) -> Option<&RepoName> {
        let named = self.factory.config.as_ref().map(|config| &config.value);
        named.or_else(|| self.origin.hosted.as_ref()?.on(api))
    }

    /// Whether the words of any repository are kept.
    pub fn has_language(&self) -> bool {
        self.language.is_some() || self.repos.values().any(|repo| repo.language.is_some())
    }

    /// Overrides whose last day has passed.
    pub fn ended(&self, today: jiff::civil::Date) -> impl Iterator<Item = &Allow> {
        self.allows.iter().filter(move |allow| allow.until.is_some_and(|until| until < today))
    }

    /// The task that a text names by less than its address: `task/hone`, as plans show it, or `task.hone`.
    pub fn task_meant(&self, text: &str) -> Option<&Task> {
        let name = text.strip_prefix("task/").or_else(|| text.strip_prefix("task."))?;
        self.tasks.values().find(|task| task.name().eq_ignore_ascii_case(name))
    }

    /// Of a glob that can cover nothing of what is managed: the nearest address, if there is any. `None` where it covers
    /// something.
    pub fn covers_nothing(&self, glob: &AddressGlob) -> Option<Option<String>> {
        let managed = || self.repos.keys().chain(self.factory.config.as_ref().map(|config| &config.value));
        let touched = || managed().filter(|repo| glob.may_touch(repo));
        if touched().next().is_some() {
            if let Some(name) = glob.named("task") {
                let is_there = self.tasks.values().any(|task| glob.reaches(&task.all_found()));
                return (!is_there).then(|| self.near_task(glob, name));
            }
            let label = glob.named("label")?;
            let declared = || touched().filter_map(|repo| Some((repo, &self.repos.get(repo)?.labels)));
            if declared().any(|(_, labels)| labels.may_change(label)) {
                return None;
            }
            let all = declared().flat_map(|(repo, labels)| {
                labels.specs.values().map(move |spec| Address::label(repo, &spec.value.name).to_string())
            });
            return Some(near(&glob.to_string(), all));
        }
        let text = glob.to_string();
        let parts: Vec<&str> = text.split('/').collect();
        // What is below a repository says nothing of its name, and a pattern over names only of their owner.
        Some(match parts.as_slice() {
            ["repo", owner, name, ..] if name.contains('*') => {
                let owners = managed().map(|repo| repo.owner().to_owned());
                near(owner, owners).map(|owner| format!("repo/{owner}/{}", parts[2..].join("/")))
            }
            _ => {
                let named = parts.iter().take(3).copied().collect::<Vec<_>>().join("/");
                near(&named, managed().map(|repo| format!("repo/{repo}")))
            }
        })
    }

    /// The task that was probably meant by a glob that is for tasks of this name.
    fn near_task(&self, glob: &AddressGlob, name: &str) -> Option<String> {
        // Whoever writes the name of a task as it is meant that task, wherever it is to be done.
        let of_name = self.tasks.values().find(|task| task.name().eq_ignore_ascii_case(name));
        let all = self.tasks.values().map(|task| task.address().to_string());
        of_name.map(|task| task.address().to_string()).or_else(|| near(&glob.to_string(), all))
    }
}

/// The one that a text was probably meant to be, if any is near.
fn near(text: &str, all: impl Iterator<Item = String>) -> Option<String> {
    const FAR: usize = 4;
    let distances = all.map(|one| (strsim::damerau_levenshtein(&one, text), one));
    distances.filter(|(distance, _)| *distance < FAR).min().map(|(_, one)| one)
}

/// `protect "repo/acme/legacy/**" reason="…"`: nothing there is changed.
#[derive(Clone, Debug)]
pub struct Protect {
    /// What is protected.
    pub address: AddressGlob,
    /// Why.
    pub reason: String,
    /// Until when; `None` for good.
    pub until: Option<jiff::Timestamp>,
    /// Where it was written.
    pub source: Source,
}
