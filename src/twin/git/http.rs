//! Git's smart HTTP protocol: `git http-backend` as a CGI child in its own process group.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

/// The most that a child may answer.
const MAX_OUTPUT: u64 = 512 * 1024 * 1024;
/// How long one child may take.
const PATIENCE: Duration = Duration::from_mins(2);

/// A request to `/{owner}/{name}.git/{rest}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GitPath {
    pub(crate) owner: String,
    pub(crate) name: String,
    pub(crate) rest: String,
}

impl GitPath {
    /// Reads a path; `None` when it isn't Git's. The `.git` may be left out, as on GitHub.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let mut parts = path.strip_prefix('/')?.splitn(3, '/');
        let (owner, name, rest) = (parts.next()?, parts.next()?, parts.next()?);
        let known = ["info/refs", "git-upload-pack", "git-receive-pack"].contains(&rest);
        let name = name.strip_suffix(".git").unwrap_or(name);
        known.then(|| Self { owner: owner.to_owned(), name: name.to_owned(), rest: rest.to_owned() })
    }

    /// Whether it is about pushing.
    pub(crate) fn is_push(&self, query: &str) -> bool {
        self.rest == "git-receive-pack" || query.contains("service=git-receive-pack")
    }
}

/// One CGI request.
pub(crate) struct Call {
    pub(crate) folder: String,
    pub(crate) rest: String,
    pub(crate) query: String,
    pub(crate) method: String,
    pub(crate) content_type: String,
    pub(crate) content_encoding: String,
    pub(crate) protocol: String,
    pub(crate) user: String,
    pub(crate) body: Vec<u8>,
}

/// Runs `git http-backend` over the folder of bare repositories.
#[derive(Debug, Clone)]
pub(crate) struct Backend {
    pub(crate) dir: PathBuf,
    /// Children are killed when it is cancelled.
    pub(crate) stop: CancellationToken,
}

/// Kills what is left of a process group.
pub(crate) struct Group(Option<Pid>);

impl Group {
    /// The group that a child leads.
    pub(crate) fn of(child: &tokio::process::Child) -> Self {
        Self(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(pid) = self.0.take() {
            // It is fine if nobody is left.
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

impl Backend {
    /// Answers one request; a child that fails or is stopped answers 500.
    pub(crate) async fn call(&self, call: Call) -> Response<Body> {
        let work = self.run(call);
        let outcome = tokio::select! {
            () = self.stop.cancelled() => Err(std::io::Error::other("the twin is stopping")),
            outcome = tokio::time::timeout(PATIENCE, work) => {
                outcome.unwrap_or_else(|_| Err(std::io::Error::other("git http-backend took too long")))
            }
        };
        outcome.map_or_else(
            |error| {
                tracing::warn!(%error, "git http-backend failed");
                plain(StatusCode::INTERNAL_SERVER_ERROR, "git failed")
            },
            |output| decode(&output),
        )
    }

    async fn run(&self, call: Call) -> std::io::Result<Vec<u8>> {
        let mut command = tokio::process::Command::new(super::PROGRAM.as_path());
        command
            .arg("http-backend")
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("HOME", &self.dir)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_PROJECT_ROOT", &self.dir)
            .env("GIT_HTTP_EXPORT_ALL", "1")
            .env("PATH_INFO", format!("/{}/{}", call.folder, call.rest))
            .env("QUERY_STRING", &call.query)
            .env("REQUEST_METHOD", &call.method)
            .env("CONTENT_TYPE", &call.content_type)
            .env("CONTENT_LENGTH", call.body.len().to_string())
            .env("REMOTE_ADDR", "127.0.0.1")
            .env("REMOTE_USER", &call.user)
            .env("GIT_COMMITTER_NAME", &call.user)
            .env("GIT_COMMITTER_EMAIL", "twin@localhost")
            .current_dir(&self.dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .process_group(0);
        if !call.content_encoding.is_empty() {
            command.env("HTTP_CONTENT_ENCODING", &call.content_encoding);
        }
        if !call.protocol.is_empty() {
            command.env("GIT_PROTOCOL", &call.protocol);
        }
        let mut child = command.spawn()?;
        let mut group = Group::of(&child);
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let feed = async move {
            if let Some(mut stdin) = stdin {
                // The child may answer without reading everything: a broken pipe is its right.
                let _ = stdin.write_all(&call.body).await;
            }
        };
        let drink = async move {
            let mut output = Vec::new();
            if let Some(stdout) = stdout {
                stdout.take(MAX_OUTPUT).read_to_end(&mut output).await?;
            }
            Ok::<_, std::io::Error>(output)
        };
        let ((), output) = tokio::join!(feed, drink);
        let status = child.wait().await?;
        group.0 = None;
        if !status.success() {
            tracing::debug!(%status, "git http-backend ended badly");
        }
        output
    }
}

/// A short answer in plain text.
pub(crate) fn plain(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(text.to_owned()));
    *response.status_mut() = status;
    response
}

/// Turns a CGI answer into an HTTP one.
fn decode(output: &[u8]) -> Response<Body> {
    let split = output.windows(4).position(|four| four == b"\r\n\r\n");
    let Some(split) = split else {
        return plain(StatusCode::INTERNAL_SERVER_ERROR, "git said nothing");
    };
    let mut response = Response::new(Body::from(output[split + 4..].to_vec()));
    for line in String::from_utf8_lossy(&output[..split]).lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        if name.eq_ignore_ascii_case("status") {
            let code = value.split(' ').next().and_then(|code| code.parse::<u16>().ok());
            *response.status_mut() = code
                .and_then(|code| StatusCode::from_u16(code).ok())
                .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        } else if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// One ref that a push wants to move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) old: String,
    pub(crate) new: String,
    pub(crate) name: String,
}

/// The commands at the head of a `git-receive-pack` request.
pub(crate) fn push_commands(body: &[u8]) -> Vec<Command> {
    let mut commands = Vec::new();
    let mut at = 0;
    while let Some(head) = body.get(at..at + 4) {
        let length = std::str::from_utf8(head).ok().and_then(|hex| usize::from_str_radix(hex, 16).ok());
        let Some(length) = length.filter(|length| *length >= 4) else { break };
        let Some(line) = body.get(at + 4..at + length) else { break };
        let line = line.split(|byte| *byte == 0).next().unwrap_or_default();
        let line = String::from_utf8_lossy(line);
        let mut words = line.trim_end().splitn(3, ' ');
        if let (Some(old), Some(new), Some(name)) = (words.next(), words.next(), words.next()) {
            commands.push(Command { old: old.to_owned(), new: new.to_owned(), name: name.to_owned() });
        }
        at += length;
    }
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_paths_are_told_from_others() {
        for (path, expected) in [
            ("/acme/widgets.git/info/refs", Some(("acme", "widgets"))),
            ("/acme/widgets/git-upload-pack", Some(("acme", "widgets"))),
            ("/acme/widgets.git/HEAD", None),
            ("/repos/acme/widgets", None),
            ("/acme", None),
        ] {
            let parsed = GitPath::parse(path);
            assert_eq!(
                parsed.as_ref().map(|git| (git.owner.as_str(), git.name.as_str())),
                expected,
                "{path}"
            );
        }
    }

    #[test]
    fn push_commands_are_read_up_to_the_flush() {
        let line = format!("{} {} refs/heads/main\0report-status", "0".repeat(40), "a".repeat(40));
        let body = format!("{:04x}{line}0000PACK…", line.len() + 4);
        let commands = push_commands(body.as_bytes());
        assert_eq!(
            commands,
            [Command { old: "0".repeat(40), new: "a".repeat(40), name: "refs/heads/main".to_owned() }]
        );
    }

    #[test]
    fn a_cgi_answer_becomes_http() {
        let response = decode(b"Status: 404 Not Found\r\nContent-Type: text/plain\r\n\r\nno");
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(response.headers()["content-type"], "text/plain");
    }
}
