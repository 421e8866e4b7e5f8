//! A command's end of the socket.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use super::protocol::{Asked, Reply, Request, VERSION};

/// Why the daemon didn't answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// No daemon runs.
    #[error("no daemon runs for this config")]
    NoDaemon,
    /// The socket can't be used.
    #[error("the daemon can't be reached at {}", .path.display())]
    Socket {
        /// The socket.
        path: PathBuf,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// It took too long.
    #[error("the daemon did not answer within {} s", .0.as_secs())]
    Silent(Duration),
    /// What it said isn't a reply.
    #[error("the daemon's reply can't be read; is it another version?")]
    Reply(#[source] serde_json::Error),
}

/// Asks the daemon at `path`, which may take so long to answer.
///
/// # Errors
/// When none runs, or it doesn't answer.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the system has more kinds of error than can be told apart"
)]
pub async fn ask(path: &Path, request: &Request, patience: Duration) -> Result<Reply, AskError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound
        | io::ErrorKind::ConnectionRefused
        // Who held the socket ended before it answered.
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::BrokenPipe => AskError::NoDaemon,
        _ => AskError::Socket { path: path.to_owned(), source },
    };
    let asking = async {
        let mut stream = UnixStream::connect(path).await.map_err(failed)?;
        let asked = Asked { v: VERSION, request: request.clone() };
        let mut line = serde_json::to_vec(&asked).expect("plain data is always valid JSON");
        line.push(b'\n');
        stream.write_all(&line).await.map_err(failed)?;
        let mut reply = String::new();
        let mut reading = BufReader::new(stream);
        if reading.read_line(&mut reply).await.map_err(failed)? == 0 {
            return Err(AskError::NoDaemon);
        }
        serde_json::from_str(&reply).map_err(AskError::Reply)
    };
    tokio::time::timeout(patience, asking).await.map_err(|_| AskError::Silent(patience))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_daemon_that_dies_before_it_answers_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        let listener = tokio::net::UnixListener::bind(&path).unwrap();
        let dies = async {
            let (stream, _) = listener.accept().await.unwrap();
            // What is not read when it is closed resets the connection.
            stream.readable().await.unwrap();
        };
        let asks = ask(&path, &Request::Status {}, Duration::from_secs(15));
        let (asked, ()) = tokio::join!(asks, dies);
        assert!(matches!(asked, Err(AskError::NoDaemon)), "{asked:?}");
    }
}
