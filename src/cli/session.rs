//! A command's way to GitHub: the client, the state directory, the cache, the switches.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::adapters::git::Access;
use crate::adapters::github::{self, Client, Clients, ContentLimits, Patience, SetupError};
use crate::adapters::state::{self, StateDir, TakenOver};
use crate::adapters::store::Store;
use crate::apply::Recorder;
use crate::desired;
use crate::engine::{
    self, At, BootError, Flips, Home, Identity, Keeper, Known, Lineage, Publisher, Source, StateHome, World,
};
use crate::ledger::{self, Ledger};
use crate::loops;
use crate::model::{AddressGlob, Allow, Auth, Creations, Desired};
use crate::plan::{Switches, guard};

use super::context::Context;
use super::daemon::warn_elsewhere;
use super::exit::{Exit, Fail};
use super::next;

/// What is in force: of a folder its files, else what the daemon of this machine has in force, and without one what it
/// would begin with.
pub(super) async fn in_force(cx: &Context, source: &Arc<Source>) -> Result<Arc<Desired>, Fail> {
    if matches!(**source, Source::Folder(_)) {
        return Ok(Arc::new(cx.load(source, At::WorkingTree)?.desired));
    }
    let mut booted = Keeper::boot(Arc::clone(source), cx.clock.clone()).await;
    if matches!(booted, Err(BootError::NoBranch(_))) {
        // A mirror that nothing was fetched into yet.
        source.fetch(&Access::new(&cx.env, cx.env.github_token())).await?;
        booted = Keeper::boot(Arc::clone(source), cx.clock.clone()).await;
    }
    let keeper = booted.map_err(|error| super::run::boot_fail(cx, error))?;
    let begins_with = Arc::clone(&keeper.current().desired);
    let holder = cx.state(source, &begins_with)?.holder()?;
    if holder.is_some_and(|by| by.is_daemon()) { Ok(keeper.of_daemon().await?) } else { Ok(begins_with) }
}

/// What a terminal shows while GitHub is read.
pub(crate) const READING: &str = "reading GitHub";

/// What a command that reads GitHub works with.
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) reviewer: Option<Client>,
    pub(crate) state: StateDir,
    pub(crate) store: Option<Store>,
    pub(crate) known: Known,
}

impl Session {
    /// What is looked at with it.
    pub(crate) fn world<'a>(&'a self, cx: &'a Context) -> World<'a> {
        World {
            client: &self.client,
            reviewer: self.reviewer.as_ref(),
            clock: &cx.clock,
            env: &cx.env,
            state: &self.state,
            known: &self.known,
        }
    }

    /// What is written with.
    pub(crate) fn clients(&self) -> Clients {
        Clients { author: self.client.clone(), reviewer: self.reviewer.clone() }
    }

    /// The config repository as the factory writes to it, and what git needs to reach it.
    pub(crate) async fn home(
        &self,
        cx: &Context,
        source: &Source,
        desired: &Desired,
    ) -> Result<(Home, Access), Fail> {
        let home = Home::find(source, desired, &self.client, &self.state).await?;
        let access = home.access(&self.client, &cx.env).await?;
        Ok((home, access))
    }
}

impl Session {
    /// Takes the ledger over from its branch where this machine has none yet, so that looking at what was done shows
    /// it on every machine. What another process does with the state directory at this moment includes that.
    pub(crate) async fn take_ledger_over(
        &self,
        cx: &Context,
        source: &Source,
        desired: &Desired,
    ) -> Result<(), Fail> {
        if matches!(source, Source::Folder(_)) || ledger::read(&self.state.ledger())?.head.seq > 0 {
            return Ok(());
        }
        let guard = match self.state.lock("factoryctl history") {
            Ok(guard) => guard,
            Err(state::Error::Locked(_)) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let (home, access) = self.home(cx, source, desired).await?;
        let ledger = match Ledger::open(guard, cx.clock.now()) {
            Ok(ledger) => ledger,
            Err(error) => return Err(super::ledger::unusable(cx, self, source, desired, error).await),
        };
        let recorder = Recorder::new(ledger, cx.clock.clone(), &cx.env.who());
        let publisher = Publisher::new(home.place(access), &desired.factory.name, cx.clock.clone());
        publisher.catch_up(&recorder).await?;
        Ok(())
    }
}

impl Context {
    /// The state directory with the ledger, of the config that is in force: what looks at the past must not depend
    /// on what somebody wrote a minute ago.
    pub(crate) async fn past(&self) -> Result<(Arc<Source>, Arc<Desired>, StateDir), Fail> {
        let source = Arc::new(self.open()?);
        let desired = in_force(self, &source).await?;
        let state = self.state(&source, &desired)?;
        warn_elsewhere(self, &state).await;
        if ledger::read(&state.ledger())?.head.seq == 0 {
            let session = self.connect(&source, &desired, Patience::Foreground)?;
            session.take_ledger_over(self, &source, &desired).await?;
        }
        Ok((source, desired, state))
    }

    /// The state directory: the one that is in use, else the one that the config names.
    pub(crate) fn state(&self, source: &Source, desired: &Desired) -> Result<StateDir, Fail> {
        Ok(self.lineage(source, &source.identity(desired))?.as_it_lies())
    }

    /// The state directory of the config that is in force, for a process that goes on to change what lies there. What was
    /// kept for it elsewhere moves.
    pub(crate) fn state_in_use(&self, source: &Source, in_force: &Desired) -> Result<StateDir, Fail> {
        let named = source.identity(in_force);
        let Lineage { state, earlier } = self.lineage(source, &named)?;
        for (used, from) in earlier {
            let (what, besides) = match engine::take_over(&state, &from)? {
                TakenOver::Nothing => continue,
                TakenOver::Moved => ("the ledger and the live switches", String::new()),
                TakenOver::Switches(ledger) => (
                    "the live switches",
                    format!("; both have a ledger, and the earlier records stay in {}", ledger.display()),
                ),
            };
            self.ui.say(&format!(
                "{what} of {}, branch {}, are those of {}, branch {}, from now on{besides}",
                used.place, used.branch, named.place, named.branch
            ));
        }
        state.stay()?;
        source.remember_identity(&named)?;
        Ok(state)
    }

    fn lineage(&self, source: &Source, named: &Identity) -> Result<Lineage, Fail> {
        let home = StateHome { home: self.state_home()?, runtime: self.env.runtime_dir()? };
        Ok(Lineage::find(source, named, &home)?)
    }

    /// Connects to GitHub as the config says.
    pub(crate) fn connect(
        &self,
        source: &Source,
        desired: &Desired,
        patience: Patience,
    ) -> Result<Session, Fail> {
        let state = self.state(source, desired)?;
        // A cache that can't be used costs requests and nothing else.
        let store = Store::open(&state.cache())
            .map_err(|error| {
                self.ui.say(&format!(
                    "warning: no cache: {}",
                    Fail::new(Exit::Error, "").because(error).causes.join(": ")
                ));
            })
            .ok();
        let Clients { author: client, reviewer } = self.clients(desired, patience, store.clone())?;
        Ok(Session { client, reviewer, state, store, known: Known::default() })
    }

    /// The clients for a config's GitHub, each with tokens and limits of its own.
    pub(crate) fn clients(
        &self,
        desired: &Desired,
        patience: Patience,
        cache: Option<Store>,
    ) -> Result<Clients, Fail> {
        let author = self.client(desired, patience, cache.clone())?;
        Ok(Clients { author, reviewer: self.reviewer(desired, patience, cache)? })
    }

    /// A client for the reviewer of a config, where it names one. The token of the environment is the author's.
    pub(crate) fn reviewer(
        &self,
        desired: &Desired,
        patience: Patience,
        cache: Option<Store>,
    ) -> Result<Option<Client>, Fail> {
        let Some(named) = &desired.github.reviewer else { return Ok(None) };
        let secret = self.env.secret(named.secret()).map_err(|error| {
            let help = next::environment(&error);
            Fail::new(Exit::Auth, "the secret of the reviewer can't be read").because(error).help(help)
        })?;
        let auth = match named {
            Auth::Token(_) => github::Auth::Token(secret),
            Auth::App { id, .. } => github::Auth::App { id: *id, key_pem: secret },
        };
        self.client_with(&self.api(desired), auth, patience, cache, desired.github.creations).map(Some)
    }

    /// A client for a config's GitHub, as the author.
    pub(crate) fn client(
        &self,
        desired: &Desired,
        patience: Patience,
        cache: Option<Store>,
    ) -> Result<Client, Fail> {
        let auth = match &desired.github.auth {
            Auth::Token(_) if self.token_from_environment(desired) => {
                github::Auth::Token(self.env.github_token().unwrap_or_else(|| SecretString::from("")))
            }
            Auth::Token(reference) => github::Auth::Token(self.env.secret(reference).map_err(|error| {
                let step = next::environment(&error);
                // The variable takes the place of whatever config names.
                let always = "export GITHUB_TOKEN=…";
                let help = if step == always { step } else { format!("{step}; or {always}") };
                Fail::new(Exit::Auth, "there is no GitHub token").because(error).help(help)
            })?),
            Auth::App { id, key } => github::Auth::App {
                id: *id,
                key_pem: self.env.secret(key).map_err(|error| {
                    let help = next::environment(&error);
                    Fail::new(Exit::Auth, "the GitHub App's key can't be read").because(error).help(help)
                })?,
            },
        };
        self.client_with(&self.api(desired), auth, patience, cache, desired.github.creations)
    }

    /// A client for this base and credential.
    pub(crate) fn client_with(
        &self,
        api: &str,
        auth: github::Auth,
        patience: Patience,
        cache: Option<Store>,
        creations: Option<Creations>,
    ) -> Result<Client, Fail> {
        let base = url::Url::parse(api).map_err(|error| {
            Fail::new(Exit::Usage, format!("`{api}` is not the address of an API"))
                .because(error)
                .help(ADDRESS)
        })?;
        if base.scheme() == "http" && !is_loopback(&base) {
            return Err(Fail::new(Exit::Usage, format!("over `{api}` the token could be read on the way"))
                .help("use https, or an address of this machine"));
        }
        let mut config = github::Config::new(base, auth);
        config.patience = patience;
        config.cache = cache;
        config.clock = self.clock.clone();
        config.content = creations.map(ContentLimits::of).or(config.content);
        if let Some(millis) = self.global.http_timeout_ms {
            config.timeouts.request = Duration::from_millis(millis);
            config.timeouts.connect = Duration::from_millis(millis);
        }
        if let Some(millis) = self.global.retry_first_ms {
            config.retries.first = Duration::from_millis(millis);
            config.retries.longest = Duration::from_millis(millis * 8);
            config.retries.longest_wait = Duration::from_millis(millis * 8);
        }
        Client::new(config).map_err(unmade)
    }

    /// What is switched off at this moment.
    pub(crate) fn switches(&self, state: &StateDir, desired: &Desired) -> Result<Switches, Fail> {
        let flips = Flips::load(&state.flips())?;
        Ok(engine::switches(desired, &flips, self.clock.now()))
    }
}

/// What an API's address looks like.
const ADDRESS: &str = "write https://api.github.com, or https://HOST/api/v3 for an Enterprise server";

/// What to say where no client can be made.
fn unmade(error: SetupError) -> Fail {
    let (exit, help) = match &error {
        SetupError::Base(_) => (Exit::Usage, ADDRESS),
        SetupError::UserAgent(_) => (Exit::Error, "this is a bug"),
        SetupError::Token => (Exit::Auth, "export the token as GitHub shows it, without blanks or quotes"),
        SetupError::Key(_) => (Exit::Auth, "name the .pem file that GitHub made for the App, as it is"),
        SetupError::Certificates(_) => {
            (Exit::Error, "install ca-certificates, or name them by SSL_CERT_FILE")
        }
    };
    Fail::new(exit, "the GitHub client can't be made").because(error).help(help)
}

/// Whether a base lies on this machine.
fn is_loopback(base: &url::Url) -> bool {
    match base.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Address globs of the command line. One that can cover nothing of what config manages is a slip of the pen.
pub(crate) fn globs(texts: &[String], desired: &Desired) -> Result<Vec<AddressGlob>, Fail> {
    texts.iter().map(|text| glob(text, desired)).collect()
}

fn glob(text: &str, desired: &Desired) -> Result<AddressGlob, Fail> {
    let glob = AddressGlob::parse(text).map_err(|error| {
        let meant = desired.task_meant(text);
        let meant = meant.map(|task| format!("did you mean `{}`? ", task.address())).unwrap_or_default();
        Fail::new(Exit::Usage, "not an address")
            .because(error)
            .help(format!("{meant}addresses look like repo/acme/widgets/label/bug; `*` and `**` match"))
    })?;
    let Some(near) = desired.covers_nothing(&glob) else { return Ok(glob) };
    let near = near.map_or_else(String::new, |near| format!("did you mean `{near}`? "));
    Err(Fail::new(Exit::Usage, format!("`{text}` covers nothing that the config manages"))
        .help(format!("{near}repositories are named repo/OWNER/NAME")))
}

/// The names of loops on the command line.
pub(crate) fn selection(names: &[String]) -> Result<loops::Selection, Fail> {
    for name in names {
        if loops::by_name(name).is_none() {
            return Err(unknown_loop(name));
        }
    }
    Ok(loops::Selection { only: names.to_vec() })
}

/// What to say of a loop that there isn't.
pub(crate) fn unknown_loop(name: &str) -> Fail {
    let all: Vec<&str> = loops::ALL.iter().map(|l| l.name()).collect();
    let near = desired::nearest(name, all.iter().copied());
    let hint = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
    Fail::new(Exit::Usage, format!("there is no loop `{name}`"))
        .help(format!("{hint}the loops are {}", all.join(", ")))
}

/// Overrides of the command line: `GUARD[=N]@ADDRESS-GLOB`.
pub(crate) fn allows(texts: &[String], by: &str) -> Result<Vec<Allow>, Fail> {
    texts.iter().map(|text| allow(text, by)).collect()
}

fn allow(text: &str, by: &str) -> Result<Allow, Fail> {
    let wrong = |why: String| {
        Fail::new(Exit::Usage, format!("`--allow {text}`: {why}")).help("write it as the plan shows it: --allow GUARD[=N]@ADDRESS-GLOB, e.g. --allow deletes=3@repo/acme/**")
    };
    let (head, glob) = text.split_once('@').ok_or_else(|| wrong("there is no `@`".to_owned()))?;
    let (guard, count) = match head.split_once('=') {
        None => (head, None),
        Some((guard, n)) => (guard, Some(n.parse().map_err(|_| wrong(format!("`{n}` is not a number")))?)),
    };
    if !guard::OVERRIDABLE.contains(&guard) {
        let known = guard::GUARDS.iter().any(|(name, _)| *name == guard);
        return Err(wrong(if known {
            format!("guard `{guard}` has no override")
        } else {
            format!(
                "there is no guard `{guard}`; those with an override are {}",
                guard::OVERRIDABLE.join(", ")
            )
        }));
    }
    let address = AddressGlob::parse(glob).map_err(|error| wrong(error.to_string()))?;
    Ok(Allow {
        guard: guard.to_owned(),
        address,
        count,
        until: None,
        reason: format!("--allow by {by}"),
        source: None,
    })
}
