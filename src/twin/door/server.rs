//! Starting, listening and stopping.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::admin;
use super::faults::{self, FaultRule};
use super::gateway::{self, Via};
use super::log::LoggedRequest;
use super::wire::Abort;
use crate::twin::git::{Backend, Store};
use crate::twin::handle::WorldHandle;
use crate::twin::state::Shared;
use crate::twin::world::{Token, World};
use crate::twin::{ci, graphql, webhooks};

/// How a twin is to be started.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen: loopback only; port 0 takes a free one.
    pub listen: SocketAddr,
    /// A Unix socket to listen on as well, for clients that insist on `api.github.com`.
    pub unix_socket: Option<PathBuf>,
    /// Where bare repositories live; a temporary folder, gone at the stop, by default.
    pub dir: Option<PathBuf>,
    /// What GitHub holds.
    pub world: World,
    /// How it misbehaves.
    pub faults: Vec<FaultRule>,
    /// Added to every request.
    pub latency: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            unix_socket: None,
            dir: None,
            world: World::default(),
            faults: Vec::new(),
            latency: Duration::ZERO,
        }
    }
}

/// Why a twin didn't start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is reachable from elsewhere.
    #[error("refuse to listen on {0}: the twin serves this machine only")]
    NotLoopback(SocketAddr),
    /// The address can't be listened on.
    #[error("listen on {address}")]
    Listen {
        /// The address.
        address: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The folder for repositories can't be made.
    #[error("prepare the folder for repositories")]
    Folder(#[source] io::Error),
    /// A fault rule can't be read.
    #[error("set the faults")]
    Faults(#[source] faults::Error),
}

/// A running twin. Stop it with [`Twin::stop`]; dropped, it stops in the background.
pub struct Twin {
    shared: Arc<Shared>,
    token: String,
    tasks: TaskTracker,
    stop: CancellationToken,
    unix_socket: Option<PathBuf>,
    _folder: Option<TempDir>,
}

impl Twin {
    /// Starts to listen.
    pub async fn start(options: Options) -> Result<Self, Error> {
        if !options.listen.ip().is_loopback() {
            return Err(Error::NotLoopback(options.listen));
        }
        let mut world = options.world;
        let token = usable_token(&mut world);
        let folder = match &options.dir {
            Some(dir) => {
                std::fs::create_dir_all(dir).map_err(Error::Folder)?;
                None
            }
            None => Some(tempfile::Builder::new().prefix("twin-").tempdir().map_err(Error::Folder)?),
        };
        let dir = options.dir.clone().or_else(|| folder.as_ref().map(|folder| folder.path().to_path_buf()));
        let dir = std::fs::canonicalize(dir.unwrap_or_default()).map_err(Error::Folder)?;
        let failed = |address: String| move |source| Error::Listen { address, source };
        let tcp = TcpListener::bind(options.listen).await.map_err(failed(options.listen.to_string()))?;
        let address = tcp.local_addr().map_err(failed(options.listen.to_string()))?;
        let unix = match &options.unix_socket {
            Some(path) => Some(UnixListener::bind(path).map_err(failed(path.display().to_string()))?),
            None => None,
        };
        let stop = CancellationToken::new();
        let backend = Backend { dir: dir.clone(), stop: stop.clone() };
        let shared = Arc::new(Shared::new(world, Store::new(&dir), backend, format!("http://{address}")));
        {
            let mut state = shared.lock();
            state.latency = options.latency;
            state.set_faults(options.faults).map_err(Error::Faults)?;
        }
        let tasks = TaskTracker::new();
        let serve = Serve {
            shared: Arc::clone(&shared),
            api: graphql::schema(),
            tasks: tasks.clone(),
            stop: stop.clone(),
        };
        tasks.spawn(webhooks::deliver(Arc::clone(&shared), tasks.clone(), stop.clone()));
        tasks.spawn(ci::attend(Arc::clone(&shared), tasks.clone(), stop.clone()));
        tasks.spawn(accept_tcp(serve.clone(), tcp));
        if let Some(unix) = unix {
            tasks.spawn(accept_unix(serve, unix));
        }
        Ok(Self { shared, token, tasks, stop, unix_socket: options.unix_socket, _folder: folder })
    }

    /// The base of the REST API, and of Git: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        self.shared.url.clone()
    }

    /// The GraphQL endpoint.
    pub fn graphql_url(&self) -> String {
        format!("{}/graphql", self.shared.url)
    }

    /// The base of clone addresses.
    pub fn git_url(&self) -> String {
        self.shared.url.clone()
    }

    /// The base of the admin API.
    pub fn admin_url(&self) -> String {
        format!("{}/_twin", self.shared.url)
    }

    /// A token that may do everything.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The world, for looking and for changing.
    pub fn world(&self) -> WorldHandle {
        WorldHandle { shared: Arc::clone(&self.shared) }
    }

    /// Every request since the start, or since the log was cleared.
    pub fn log(&self) -> Vec<LoggedRequest> {
        self.shared.lock().log()
    }

    /// Forgets the requests so far.
    pub fn clear_log(&self) {
        self.shared.lock().clear_log();
    }

    /// Turns the recording of bodies on or off.
    pub fn record_bodies(&self, on: bool) {
        self.shared.record(on);
    }

    /// What was asked for and isn't known: routes and GraphQL fields.
    pub fn unknown(&self) -> Vec<String> {
        self.shared.lock().unknown()
    }

    /// Replaces the fault rules; their counters begin anew.
    pub fn set_faults(&self, rules: Vec<FaultRule>) -> Result<(), Error> {
        self.shared.lock().set_faults(rules).map_err(Error::Faults)
    }

    /// Adds this much to every request.
    pub fn set_latency(&self, latency: Duration) {
        self.shared.lock().latency = latency;
    }

    /// Ends every task and child and removes what was temporary.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        if let Some(path) = &self.unix_socket {
            // Somebody may have removed it already.
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Drop for Twin {
    fn drop(&mut self) {
        self.stop.cancel();
        self.tasks.close();
    }
}

/// A token that works, made if the world has none.
fn usable_token(world: &mut World) -> String {
    let found = world.tokens.iter().find(|(_, token)| {
        !token.expired
            && !token.read_only
            && token.repos.is_none()
            && token.scopes.iter().any(|scope| scope == "repo")
    });
    if let Some((text, _)) = found {
        return text.clone();
    }
    let login = "operator";
    world.add_user(login);
    let text = "ghp_twinOperator0000000000000000000000000".to_owned();
    world.add_token(&text, Token::classic(login));
    text
}

/// What a connection needs.
#[derive(Clone)]
struct Serve {
    shared: Arc<Shared>,
    api: graphql::Api,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// The service refuses to answer: the connection is closed.
#[derive(Debug, thiserror::Error)]
#[error("reset on purpose")]
struct Reset;

async fn accept_tcp(serve: Serve, listener: TcpListener) {
    loop {
        let accepted = tokio::select! {
            () = serve.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                // Only a hint: small answers should not wait.
                let _ = stream.set_nodelay(true);
                serve.tasks.spawn(connection(serve.clone(), stream, Via::Tcp));
            }
            Err(error) => tracing::warn!(%error, "a connection was not accepted"),
        }
    }
}

async fn accept_unix(serve: Serve, listener: UnixListener) {
    loop {
        let accepted = tokio::select! {
            () = serve.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                serve.tasks.spawn(connection(serve.clone(), stream, Via::Unix));
            }
            Err(error) => tracing::warn!(%error, "a connection was not accepted"),
        }
    }
}

async fn connection(serve: Serve, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, via: Via) {
    let admin = admin::routes(Arc::clone(&serve.shared));
    let (shared, api) = (Arc::clone(&serve.shared), serve.api.clone());
    let router = Router::new().nest("/_twin", admin).fallback(move |request: Request| {
        let (shared, api) = (Arc::clone(&shared), api.clone());
        async move { gateway::serve(shared, api, via, request).await }
    });
    let service = tower::service_fn(move |request: http::Request<_>| {
        let router = router.clone();
        async move {
            let request: Request = request.map(Body::new);
            let response: Response<Body> = match router.oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            if response.extensions().get::<Abort>().is_some() { Err(Reset) } else { Ok(response) }
        }
    });
    let builder = Builder::new(TokioExecutor::new()).http1_only();
    let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    tokio::select! {
        () = serve.stop.cancelled() => {}
        outcome = connection => {
            if let Err(error) = outcome {
                tracing::debug!(%error, "a connection ended early");
            }
        }
    }
}
