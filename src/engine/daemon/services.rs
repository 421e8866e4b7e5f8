//! The tasks that serve others for as long as the daemon runs: the socket, webhooks, the watch on the branch.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::adapters::git::Access;
use crate::adapters::said;
use crate::engine::config::Source;
use crate::engine::config::watch;
use crate::engine::runs;
use crate::engine::socket::Door;
use crate::engine::webhooks::{self, Endpoint};
use crate::model::Webhook;

use super::control::Control;
use super::{Daemon, Error};

/// The endpoint that receives webhooks now.
pub(super) struct Hooks {
    pub(super) config: Webhook,
    pub(super) address: SocketAddr,
    pub(super) stop: CancellationToken,
    pub(super) served: JoinHandle<()>,
}

/// Asks for a remote config repository to be fetched.
#[derive(Clone, Debug)]
pub(super) struct Remote {
    asked: Arc<Notify>,
    every: Duration,
    trouble: Arc<Mutex<Option<String>>>,
}

impl Remote {
    pub(super) fn new(every: Duration) -> Self {
        Self { asked: Arc::default(), every, trouble: Arc::default() }
    }

    /// Why it can't be fetched, if it can't.
    pub(super) fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes how fetching went; whether that is news.
    fn note(&self, trouble: Option<String>) -> bool {
        let mut noted = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let news = *noted != trouble;
        *noted = trouble;
        news
    }

    /// Fetches soon; however often this is called, once.
    pub(super) fn ask(&self) {
        self.asked.notify_one();
    }
}

impl Daemon {
    pub(super) fn start_services(&mut self, door: Door) {
        let control = Arc::new(Control {
            clock: self.clock.clone(),
            board: self.shop.board.clone(),
            recorder: self.shop.recorder.clone(),
            wakes: self.wakes.clone(),
            clients: self.clients.subscribe(),
            desired: self.desired.subscribe(),
            status: Arc::clone(&self.status),
            sight: self.sight.subscribe(),
            refused_deliveries: Arc::clone(&self.refused_deliveries),
            state: self.shop.state.clone(),
            known: self.shop.known.clone(),
            drain: self.drain.clone(),
            tasks: self.services.clone(),
        });
        let answer = move |request| {
            let control = Arc::clone(&control);
            async move { control.answer(request).await }
        };
        self.services.spawn(door.serve(answer, self.services_stop.clone()));
        let ends = runs::watch(&self.shop.state.runs(), self.wakes.clone(), self.services_stop.clone());
        self.services.spawn(ends);
        let by = (self.env.clone(), self.clock.clone(), self.shop.known.clone());
        let audience = Arc::clone(&self.audience);
        let agents = runs::try_agents(by, self.desired.subscribe(), audience, self.services_stop.clone());
        self.services.spawn(agents);
        match &**self.keeper.source() {
            Source::Folder(_) => {}
            Source::Local { repo, .. } => {
                let (repo, reference) = ((**repo).clone(), self.keeper.reference().to_owned());
                self.services.spawn(watch::watch(
                    repo,
                    reference,
                    self.wakes.clone(),
                    self.services_stop.clone(),
                ));
            }
            Source::Remote { .. } => {
                let follow = self.follow();
                self.services.spawn(follow);
            }
        }
    }

    /// Fetches a remote config repository, when asked and every so often.
    fn follow(&self) -> impl Future<Output = ()> + Send + 'static {
        let (source, remote, wakes) =
            (Arc::clone(self.keeper.source()), self.remote.clone(), self.wakes.clone());
        let (clients, desired, env) = (self.clients.subscribe(), self.desired.subscribe(), self.env.clone());
        let (clock, stop) = (self.clock.clone(), self.services_stop.clone());
        async move {
            loop {
                let owner = desired.borrow().factory.config.as_ref().map(|c| c.value.owner().to_owned());
                let client = clients.borrow().author.clone();
                let fetch = async {
                    let token = match owner {
                        Some(owner) => Some(client.git_token(&owner).await.map_err(|e| said(&e))?),
                        None => env.github_token(),
                    };
                    source.fetch(&Access::new(&env, token)).await.map_err(|e| said(&e))
                };
                let fetched = tokio::select! {
                    () = stop.cancelled() => return,
                    fetched = fetch => fetched,
                };
                let trouble =
                    fetched.err().map(|why| format!("the config repository can't be fetched: {why}"));
                let fine = trouble.is_none();
                if remote.note(trouble.clone()) {
                    if let Some(why) = trouble {
                        tracing::error!(why, "the last good config stays in force");
                    }
                    wakes.add(|_| {});
                }
                if fine {
                    wakes.add(|pending| pending.config = true);
                }
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = remote.asked.notified() => {}
                    () = clock.sleep(remote.every) => {}
                }
            }
        }
    }

    /// Listens for webhooks, if config says so.
    pub(super) async fn listen(&self) -> Result<Option<Hooks>, Error> {
        let desired = self.desired.borrow().clone();
        let Some(config) = desired.github.webhook.clone() else { return Ok(None) };
        let secret = self.env.secret(&config.secret)?;
        let endpoint = Endpoint::listen(&config.listen).await?;
        let (address, stop) = (endpoint.address(), CancellationToken::new());
        let repo =
            desired.factory.config.as_ref().map(|c| (c.value.clone(), self.keeper.branch().to_owned()));
        let (refused, known) = (Arc::clone(&self.refused_deliveries), self.shop.known.clone());
        let hooks = webhooks::Hooks { secret, config: repo, refused, known };
        let served = self.services.spawn(endpoint.serve(hooks, self.wakes.clone(), stop.clone()));
        self.audience.remark(&format!("webhooks are received at http://{address}"));
        Ok(Some(Hooks { config, address, stop, served }))
    }

    /// Follows a config that wants webhooks elsewhere.
    pub(super) async fn follow_hooks(&mut self) {
        let wanted = self.desired.borrow().github.webhook.clone();
        if self.hooks.as_ref().map(|hooks| &hooks.config) == wanted.as_ref() {
            return;
        }
        if let Some(hooks) = self.hooks.take() {
            hooks.stop.cancel();
            // The next one may want the same address.
            if let Err(error) = hooks.served.await {
                tracing::error!(%error, "the endpoint for webhooks ended badly");
            }
        }
        self.hooks_trouble = None;
        match self.listen().await {
            Ok(hooks) => self.hooks = hooks,
            Err(error) => {
                let says = format!("webhooks are not received: {}", said(&error));
                tracing::error!(error = said(&error), "webhooks are not received");
                self.audience.remark(&says);
                self.hooks_trouble = Some(says);
            }
        }
    }
}
