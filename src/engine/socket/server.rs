//! The daemon's end of the socket.

use std::future::Future;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::protocol::{Asked, Reply, Request, VERSION};
use crate::adapters::fs;

/// The longest request.
const MAX_LINE: u64 = 64 * 1024;
/// How long a caller may take for its request or for taking the reply.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many callers are served at the same time.
const CALLERS: usize = 32;

/// Why the daemon can't be spoken to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Somebody answers there already.
    #[error("another daemon answers at {}", .0.display())]
    Answered(PathBuf),
    /// The socket can't be made.
    #[error("the socket {} can't be made", .path.display())]
    Bind {
        /// Its path.
        path: PathBuf,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// A socket that a dead daemon left can't be removed.
    #[error("the socket that an earlier daemon left can't be removed")]
    Stale(#[source] fs::Error),
}

/// A socket that listens; its file goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Door {
    listener: UnixListener,
    path: PathBuf,
}

/// Removes a socket at which nobody answers; whether there was one.
///
/// # Errors
/// When it stays.
pub async fn free(path: &Path) -> Result<bool, Error> {
    if !fs::exists(path) || answers(path).await {
        return Ok(false);
    }
    fs::remove(path).map_err(Error::Stale)?;
    Ok(true)
}

async fn answers(path: &Path) -> bool {
    UnixStream::connect(path).await.is_ok()
}

impl Drop for Door {
    fn drop(&mut self) {
        if let Err(error) = fs::remove(&self.path) {
            tracing::warn!(%error, "the socket stays behind");
        }
    }
}

impl Door {
    /// Listens at `path`, for this user alone. A socket at which nobody answers is removed.
    ///
    /// # Errors
    /// When somebody answers there, or the socket can't be made.
    pub(crate) async fn open(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Bind { path: path.to_owned(), source };
        let listener = match UnixListener::bind(path) {
            Ok(listener) => listener,
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                if answers(path).await {
                    return Err(Error::Answered(path.to_owned()));
                }
                fs::remove(path).map_err(Error::Stale)?;
                UnixListener::bind(path).map_err(failed)?
            }
            Err(error) => return Err(failed(error)),
        };
        let door = Self { listener, path: path.to_owned() };
        // The folder is this user's alone already; this says the same of the socket.
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
        Ok(door)
    }

    /// Answers callers until `stop`, and lets those being answered finish.
    pub(crate) async fn serve<F, A>(self, answer: A, stop: CancellationToken)
    where
        A: Fn(Request) -> F + Send + Sync + 'static,
        F: Future<Output = Reply> + Send,
    {
        let (answer, callers) = (Arc::new(answer), TaskTracker::new());
        let places = Arc::new(Semaphore::new(CALLERS));
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = self.listener.accept() => accepted,
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of file descriptors, most likely; it passes when others close theirs.
                    tracing::warn!(%error, "a caller can't be let in");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
            let (answer, stop) = (Arc::clone(&answer), stop.clone());
            callers.spawn(async move {
                let _place = place;
                if let Err(error) = serve_one(stream, &*answer, &stop).await {
                    tracing::debug!(%error, "a caller went away");
                }
            });
        }
        callers.close();
        callers.wait().await;
    }
}

async fn serve_one<F, A>(stream: UnixStream, answer: &A, stop: &CancellationToken) -> io::Result<()>
where
    A: Fn(Request) -> F,
    F: Future<Output = Reply>,
{
    let caller = stream.peer_cred()?.uid();
    let (reading, mut writing) = stream.into_split();
    if !welcome(caller, rustix::process::geteuid().as_raw()) {
        tracing::warn!(uid = caller, "another user knocked");
        return say(&mut writing, &Reply::Refused("this daemon belongs to another user".to_owned())).await;
    }
    let mut lines = BufReader::new(reading);
    loop {
        let mut line = Vec::new();
        let mut limited = (&mut lines).take(MAX_LINE);
        let read = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            read = tokio::time::timeout(PATIENCE, limited.read_until(b'\n', &mut line)) => read,
        };
        if !matches!(read, Ok(Ok(1..))) {
            return Ok(());
        }
        if line.last() != Some(&b'\n') {
            return say(&mut writing, &Reply::Refused("the request is too long or cut off".to_owned())).await;
        }
        let reply = match parse(&line) {
            Ok(request) => answer(request).await,
            Err(says) => Reply::Refused(says),
        };
        say(&mut writing, &reply).await?;
    }
}

/// Whether a user may speak to the daemon of another.
fn welcome(caller: u32, own: u32) -> bool {
    caller == own || caller == 0
}

fn parse(line: &[u8]) -> Result<Request, String> {
    #[derive(serde::Deserialize)]
    struct Version {
        v: u32,
    }
    match serde_json::from_slice::<Version>(line) {
        Ok(Version { v: VERSION }) => {}
        Ok(Version { v }) => {
            return Err(format!(
                "this daemon speaks version {VERSION}, not {v}; use the factoryctl it was started from"
            ));
        }
        Err(error) => return Err(format!("not a request: {error}")),
    }
    let asked: Asked = serde_json::from_slice(line).map_err(|error| format!("not a request: {error}"))?;
    Ok(asked.request)
}

async fn say(writing: &mut tokio::net::unix::OwnedWriteHalf, reply: &Reply) -> io::Result<()> {
    let mut line = serde_json::to_vec(reply)?;
    line.push(b'\n');
    tokio::time::timeout(PATIENCE, writing.write_all(&line)).await?
}

#[cfg(test)]
mod tests {
    use super::super::ask;
    use super::*;

    #[expect(clippy::wildcard_enum_match_arm, reason = "a test answers one request")]
    async fn echo(request: Request) -> Reply {
        match request {
            Request::LoopTick { name } => Reply::Done(name),
            _ => Reply::Refused("no".to_owned()),
        }
    }

    #[test]
    fn only_the_daemons_user_and_root_are_welcome() {
        for (caller, own, expect) in
            [(1000, 1000, true), (0, 1000, true), (1001, 1000, false), (1000, 0, false)]
        {
            assert_eq!(welcome(caller, own), expect, "{caller} {own}");
        }
    }

    #[tokio::test]
    async fn callers_are_answered_until_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let stop = CancellationToken::new();
        let door = Door::open(&path).await.unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let calls = async {
            let reply = ask(&path, &Request::LoopTick { name: "labels".into() }, PATIENCE).await.unwrap();
            assert!(matches!(reply, Reply::Done(name) if name == "labels"));
            assert!(matches!(Door::open(&path).await, Err(Error::Answered(_))));
            let mut raw = UnixStream::connect(&path).await.unwrap();
            raw.write_all(b"{\"v\":2,\"request\":{\"new\":1}}\nnonsense\n").await.unwrap();
            let mut lines = BufReader::new(raw).lines();
            let mut said = Vec::new();
            for _ in 0..2 {
                said.push(lines.next_line().await.unwrap().unwrap());
            }
            insta::assert_snapshot!(said.join("\n"), @r#"
            {"refused":"this daemon speaks version 1, not 2; use the factoryctl it was started from"}
            {"refused":"not a request: expected ident at line 1 column 2"}
            "#);
            stop.cancel();
        };
        tokio::join!(door.serve(echo, stop.clone()), calls);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_socket_that_a_dead_daemon_left_is_taken_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        drop(Door::open(&path).await.unwrap());
        assert!(!path.exists());
    }
}
