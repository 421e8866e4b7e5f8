//! The environment, read once at the start: variables, the working folder, and the secrets they lead to.
//!
//! Nothing else of the product looks at the environment, so that a test can say what it is.
#![expect(clippy::disallowed_methods, reason = "the edge at which the environment is read, once")]

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::fs;
use crate::model::SecretRef;

/// The largest file that may hold a secret; a private key has about 3 KiB.
const MAX_SECRET_BYTES: u64 = 64 * 1024;

/// Variables that a child needs to reach the network as its parent would; none of them configures Git.
const NETWORK: &[&str] = &[
    "ALL_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "SSH_AUTH_SOCK",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "all_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// Why a secret can't be had, or the environment can't be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `env:NAME` names a variable that isn't set, or is empty.
    #[error("the environment variable `{name}` is {}", if *.empty { "empty" } else { "not set" })]
    Unset {
        /// The variable.
        name: String,
        /// Whether it is there, yet empty.
        empty: bool,
    },
    /// A variable holds something that isn't UTF-8.
    #[error("the environment variable `{name}` is not UTF-8")]
    NotUtf8 {
        /// The variable.
        name: String,
    },
    /// `file:PATH` can't be read.
    #[error("the secret `file:{path}` can't be read")]
    File {
        /// The path as config has it.
        path: String,
        /// Why.
        #[source]
        source: fs::Error,
    },
    /// `file:PATH` holds nothing, or something that isn't text.
    #[error("the secret file `{path}` {why}")]
    Content {
        /// The path as config has it.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Neither the XDG variables nor `HOME` say where state may be kept.
    #[error("neither FACTORY_STATE_DIR, XDG_STATE_HOME nor HOME says where state may be kept")]
    NoStateHome,
    /// A variable that names a folder has a relative path.
    #[error("`{name}` is `{value}`, which is not an absolute path")]
    Relative {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
    },
}

/// The environment as it was when the process started, or as a test wants it.
#[derive(Clone, Default)]
pub struct Env {
    vars: BTreeMap<OsString, OsString>,
    cwd: PathBuf,
    host: String,
    /// The user's number; `None` where a test says nothing of it.
    uid: Option<u32>,
}

impl std::fmt::Debug for Env {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Values may be secrets; names are not.
        f.debug_struct("Env")
            .field("names", &self.vars.keys())
            .field("cwd", &self.cwd)
            .finish_non_exhaustive()
    }
}

impl Env {
    /// Reads the process' environment.
    pub fn read() -> Self {
        let host = fs::read(Path::new("/proc/sys/kernel/hostname"), 256).unwrap_or_default();
        Self {
            vars: std::env::vars_os().collect(),
            cwd: std::env::current_dir().unwrap_or_default(),
            host: String::from_utf8_lossy(&host).trim().to_owned(),
            uid: Some(rustix::process::getuid().as_raw()),
        }
    }

    /// An environment with these variables, in this working folder.
    pub fn of<K: Into<OsString>, V: Into<OsString>>(
        vars: impl IntoIterator<Item = (K, V)>,
        cwd: impl Into<PathBuf>,
    ) -> Self {
        let vars = vars.into_iter().map(|(k, v)| (k.into(), v.into())).collect();
        Self { vars, cwd: cwd.into(), host: String::new(), uid: None }
    }

    /// The program that is running.
    ///
    /// # Errors
    /// When the system doesn't tell.
    pub fn executable(&self) -> std::io::Result<PathBuf> {
        std::env::current_exe()
    }

    /// The folder the process was started in.
    pub fn cwd(&self) -> &Path {
        &self.cwd
    }

    /// A variable, unless it is unset or empty.
    pub fn os(&self, name: &str) -> Option<&OsStr> {
        self.vars.get(OsStr::new(name)).map(OsString::as_os_str).filter(|v| !v.is_empty())
    }

    /// A variable as text, unless it is unset, empty or not UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.os(name)?.to_str()
    }

    /// `FACTORY_CONFIG`: the config repository, a path or URL.
    pub fn config(&self) -> Option<&str> {
        self.text("FACTORY_CONFIG")
    }

    /// `FACTORY_GITHUB_API`: the base URL that takes the place of the configured one.
    pub fn github_api(&self) -> Option<&str> {
        self.text("FACTORY_GITHUB_API")
    }

    /// `FACTORY_GITHUB_TOKEN`, else `GITHUB_TOKEN`.
    pub fn github_token(&self) -> Option<SecretString> {
        self.text("FACTORY_GITHUB_TOKEN").or_else(|| self.text("GITHUB_TOKEN")).map(SecretString::from)
    }

    /// `FACTORY_LOG`: the log filter.
    pub fn log(&self) -> Option<&str> {
        self.text("FACTORY_LOG")
    }

    /// Whether `NO_COLOR` asks for plain output.
    pub fn no_color(&self) -> bool {
        self.os("NO_COLOR").is_some()
    }

    /// Where state is kept: `FACTORY_STATE_DIR`, else `factoryctl` in the XDG state directory.
    ///
    /// # Errors
    /// When nothing says where, or the path is relative.
    pub fn state_home(&self) -> Result<PathBuf, Error> {
        if let Some(path) = self.absolute("FACTORY_STATE_DIR")? {
            return Ok(path);
        }
        if let Some(path) = self.absolute("XDG_STATE_HOME")? {
            return Ok(path.join("factoryctl"));
        }
        match self.absolute("HOME")? {
            Some(home) => Ok(home.join(".local/state/factoryctl")),
            None => Err(Error::NoStateHome),
        }
    }

    /// `XDG_RUNTIME_DIR`, where sockets live.
    ///
    /// # Errors
    /// When it is a relative path.
    pub fn runtime_dir(&self) -> Result<Option<PathBuf>, Error> {
        self.absolute("XDG_RUNTIME_DIR")
    }

    /// What a child process is given of this environment: where programs are, and how to reach the network.
    pub fn for_children(&self) -> Vec<(OsString, OsString)> {
        ["PATH", "HOME", "TMPDIR"]
            .iter()
            .chain(NETWORK)
            .filter_map(|name| Some((OsString::from(name), self.os(name)?.to_owned())))
            .collect()
    }

    /// `user@host` of whoever runs this, for records. A service often has no name in its environment: then it is
    /// known by its number, `uid1000@host`. Parts that nothing tells are `?`.
    pub fn who(&self) -> String {
        let number = || self.uid.map_or_else(|| "?".to_owned(), |uid| format!("uid{uid}"));
        let user = self.text("USER").or_else(|| self.text("LOGNAME")).map_or_else(number, str::to_owned);
        format!("{user}@{}", if self.host.is_empty() { "?" } else { &self.host })
    }

    /// Fetches the secret that a reference leads to. A file's final line break is not part of it; a relative
    /// path is relative to the working folder.
    ///
    /// # Errors
    /// Names the reference and what is wrong with it, never a value.
    pub fn secret(&self, reference: &SecretRef) -> Result<SecretString, Error> {
        match reference {
            SecretRef::Env(name) => match self.vars.get(OsStr::new(name)) {
                None => Err(Error::Unset { name: name.clone(), empty: false }),
                Some(value) if value.is_empty() => Err(Error::Unset { name: name.clone(), empty: true }),
                Some(value) => match value.to_str() {
                    Some(text) => Ok(SecretString::from(text)),
                    None => Err(Error::NotUtf8 { name: name.clone() }),
                },
            },
            SecretRef::File(path) => {
                let bytes = fs::read(&self.cwd.join(path), MAX_SECRET_BYTES)
                    .map_err(|source| Error::File { path: path.clone(), source })?;
                let bad = |why| Error::Content { path: path.clone(), why };
                let text = String::from_utf8(bytes).map_err(|_| bad("is not UTF-8"))?;
                let text = text.strip_suffix('\n').unwrap_or(&text);
                let text = text.strip_suffix('\r').unwrap_or(text);
                if text.is_empty() { Err(bad("is empty")) } else { Ok(SecretString::from(text)) }
            }
        }
    }

    fn absolute(&self, name: &'static str) -> Result<Option<PathBuf>, Error> {
        match self.os(name).map(PathBuf::from) {
            Some(path) if path.is_relative() => {
                Err(Error::Relative { name, value: path.display().to_string() })
            }
            other => Ok(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn the_state_home_is_the_first_that_is_named() {
        for (vars, expect) in [
            (vec![("FACTORY_STATE_DIR", "/s"), ("XDG_STATE_HOME", "/x"), ("HOME", "/h")], Ok("/s")),
            (vec![("XDG_STATE_HOME", "/x"), ("HOME", "/h")], Ok("/x/factoryctl")),
            (vec![("XDG_STATE_HOME", ""), ("HOME", "/h")], Ok("/h/.local/state/factoryctl")),
            (vec![], Err("neither FACTORY_STATE_DIR, XDG_STATE_HOME nor HOME says where state may be kept")),
            (
                vec![("FACTORY_STATE_DIR", "s")],
                Err("`FACTORY_STATE_DIR` is `s`, which is not an absolute path"),
            ),
        ] {
            let got = Env::of(vars.clone(), "/").state_home().map_err(|e| e.to_string());
            assert_eq!(got, expect.map(PathBuf::from).map_err(str::to_owned), "{vars:?}");
        }
    }

    #[test]
    fn whoever_runs_it_has_a_name_or_a_number() {
        for (vars, uid, expect) in [
            (vec![("USER", "ann"), ("LOGNAME", "bob")], Some(1000), "ann@box"),
            (vec![("USER", ""), ("LOGNAME", "bob")], Some(1000), "bob@box"),
            (vec![], Some(1000), "uid1000@box"),
            (vec![], Some(0), "uid0@box"),
            (vec![], None, "?@box"),
        ] {
            let env = Env { host: "box".into(), uid, ..Env::of(vars.clone(), "/") };
            assert_eq!(env.who(), expect, "{vars:?}");
        }
        assert_eq!(Env::read().uid, Some(rustix::process::getuid().as_raw()));
    }

    #[test]
    fn a_secret_is_found_or_its_reference_named() {
        let dir = tempfile::tempdir().unwrap();
        for (name, bytes) in [("good", &b"s3\r\n"[..]), ("empty", b"\n"), ("binary", b"\xff")] {
            std::fs::write(dir.path().join(name), bytes).unwrap();
        }
        let env = Env::of([("TOKEN", "t0"), ("EMPTY", "")], dir.path());
        let get = |reference| match env.secret(&reference) {
            Ok(secret) => secret.expose_secret().to_owned(),
            Err(error) => format!("error: {error}"),
        };
        let of_env = |name: &str| SecretRef::Env(name.into());
        let of_file = |name: &str| SecretRef::File(name.into());
        for (reference, expect) in [
            (of_env("TOKEN"), "t0"),
            (of_env("EMPTY"), "error: the environment variable `EMPTY` is empty"),
            (of_env("NONE"), "error: the environment variable `NONE` is not set"),
            (of_file("good"), "s3"),
            (of_file("empty"), "error: the secret file `empty` is empty"),
            (of_file("binary"), "error: the secret file `binary` is not UTF-8"),
            (of_file("none"), "error: the secret `file:none` can't be read"),
        ] {
            assert_eq!(get(reference.clone()), expect, "{reference}");
        }
        assert!(!format!("{env:?}").contains("t0"));
    }
}
