//! `git` as a child process: only in our own mirror, with no configuration but ours, the token in its environment.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};

use super::Error;
use crate::adapters::env::Env;
use crate::adapters::process::{Command, Output};

/// The most that a fetch or push may take: a first fetch of a large repository takes minutes.
const TIME_LIMIT: Duration = Duration::from_mins(10);

/// What a `git` child needs to reach a remote. The token is handed over by environment, never in an argument or
/// a file; it is sent to the remote's own host only.
#[derive(Clone, Debug, Default)]
pub struct Access {
    token: Option<SecretString>,
    vars: Vec<(OsString, OsString)>,
}

impl Access {
    /// Access with this environment's way to the network, and a token for remotes over HTTP.
    pub fn new(env: &Env, token: Option<SecretString>) -> Self {
        Self { token, vars: env.for_children() }
    }
}

/// A `git` command on the bare repository at `git_dir`, talking to `url`.
pub(super) fn git(git_dir: &Path, url: &str, access: &Access) -> Command {
    let mut config: Vec<(String, String)> = [
        // Nothing that a repository brings along is run, and nothing goes on after the command.
        ("core.hooksPath", "/dev/null"),
        ("core.fsmonitor", "false"),
        ("credential.helper", ""),
        ("gc.autoDetach", "false"),
        ("maintenance.autoDetach", "false"),
        ("protocol.version", "2"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    if let (Some(token), Some(base)) = (&access.token, http_base(url)) {
        let pair = STANDARD.encode(format!("x-access-token:{}", token.expose_secret()));
        config.push((format!("http.{base}.extraHeader"), format!("Authorization: Basic {pair}")));
    }
    let mut command = Command::new("git").time_limit(TIME_LIMIT);
    for (name, value) in &access.vars {
        command = command.var(name, value);
    }
    for (name, value) in [
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_ATTR_NOSYSTEM", "1"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_ASKPASS", "/bin/false"),
        ("SSH_ASKPASS", "/bin/false"),
        ("GIT_SSH_COMMAND", "ssh -oBatchMode=yes"),
        ("GIT_ALLOW_PROTOCOL", "file:http:https:ssh"),
        ("GIT_NO_REPLACE_OBJECTS", "1"),
        // Objects that are missing are missing: no remote that a repository names is asked for them.
        ("GIT_NO_LAZY_FETCH", "1"),
        ("LC_ALL", "C"),
    ] {
        command = command.var(name, value);
    }
    command = command.var("GIT_CONFIG_COUNT", config.len().to_string());
    for (n, (key, value)) in config.iter().enumerate() {
        command = command.var(format!("GIT_CONFIG_KEY_{n}"), key).var(format!("GIT_CONFIG_VALUE_{n}"), value);
    }
    let mut git_dir_arg = OsString::from("--git-dir=");
    git_dir_arg.push(git_dir);
    command.arg(git_dir_arg)
}

/// One command line of a shell, made of a program and its arguments.
pub(super) fn shell_line(argv: &[OsString]) -> OsString {
    let mut line = Vec::new();
    for word in argv {
        if !line.is_empty() {
            line.push(b' ');
        }
        line.push(b'\'');
        for byte in word.as_bytes() {
            match byte {
                b'\'' => line.extend_from_slice(br"'\''"),
                other => line.push(*other),
            }
        }
        line.push(b'\'');
    }
    OsString::from_vec(line)
}

/// `https://host[:port]/` of a URL that is reached by HTTP.
fn http_base(url: &str) -> Option<String> {
    let parsed = url::Url::parse(url).ok()?;
    matches!(parsed.scheme(), "http" | "https").then(|| {
        let port = parsed.port().map_or(String::new(), |port| format!(":{port}"));
        format!("{}://{}{port}/", parsed.scheme(), parsed.host_str().unwrap_or_default())
    })
}

/// Refuses a URL that git would take for an option or that carries a password.
pub(super) fn check_url(url: &str) -> Result<(), Error> {
    if url.is_empty() || url.starts_with('-') || url.contains(['\n', '\0']) {
        return Err(Error::Url { url: url.to_owned(), why: "it is not a URL or path" });
    }
    if let Ok(mut parsed) = url::Url::parse(url)
        && parsed.password().is_some()
    {
        let hidden = parsed.set_password(None).map_or("(hidden)".to_owned(), |()| parsed.to_string());
        let why = "it carries a password; name the token in `github { auth … }` instead";
        return Err(Error::Url { url: hidden, why });
    }
    Ok(())
}

/// How the system says that a disk is full.
const FULL: [&str; 2] = ["no space left on device", "disk quota exceeded"];

/// What git said when it failed.
pub(super) fn says(output: &Output) -> String {
    let lines: Vec<&str> = output.stderr.lines().map(str::trim).filter(|l| !l.is_empty()).take(3).collect();
    if lines.is_empty() { format!("git ended with {}", output.status) } else { lines.join("; ") }
}

/// What went wrong, from git's words; there is no other way to know.
pub(super) fn classify(action: &'static str, url: &str, output: &Output) -> Error {
    let text = &output.stderr;
    let lower = text.to_lowercase();
    let url = url.to_owned();
    let says = || says(output);
    let any = |words: &[&str]| words.iter().any(|w| lower.contains(w));
    // What the other side says of itself begins so.
    let mut own = lower.lines().filter(|line| !line.starts_with("remote:"));
    let is_full = |line: &str| FULL.iter().any(|words| line.contains(words));
    if own.any(is_full) {
        Error::NoSpace { action, url, says: says() }
    } else if any(&[
        "authentication failed",
        "could not read username",
        "could not read password",
        "permission denied (",
        "returned error: 401",
        "returned error: 403",
    ]) {
        Error::Auth { url, says: says() }
    } else if any(&[
        "' not found",
        "returned error: 404",
        "does not appear to be a git repository",
        "does not exist",
    ]) {
        Error::RemoteGone { url }
    } else {
        Error::Remote { action, url, says: says() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_goes_to_its_own_host_only() {
        for (url, expect) in [
            ("https://github.com/acme/factory.git", Some("https://github.com/")),
            ("http://127.0.0.1:8080/git/acme/factory.git", Some("http://127.0.0.1:8080/")),
            ("https://user@ghe.example.com/x", Some("https://ghe.example.com/")),
            ("file:///srv/factory.git", None),
            ("/srv/factory.git", None),
            ("git@github.com:acme/factory.git", None),
        ] {
            assert_eq!(http_base(url).as_deref(), expect, "{url}");
        }
    }

    #[test]
    fn a_shell_takes_each_word_as_it_is() {
        let words = ["git", "it's", "a b", "$(x)", ""].map(OsString::from);
        assert_eq!(shell_line(&words), r"'git' 'it'\''s' 'a b' '$(x)' ''");
    }

    #[test]
    fn a_password_in_a_url_is_refused_and_not_shown() {
        let error = check_url("https://u:secret@example.com/x").unwrap_err().to_string();
        assert!(error.contains("carries a password") && !error.contains("secret"), "{error}");
        assert!(check_url("--upload-pack=x").is_err());
        assert!(check_url("https://u@example.com/x").is_ok());
    }
}
