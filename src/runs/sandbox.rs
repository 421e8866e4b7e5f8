//! What a process that runs code of others may see and change: enforced by bubblewrap, or by nothing.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::adapters::env::Env;
use crate::adapters::process::{self, Command};

/// What keeps a process within its bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sandbox {
    /// Nothing. What it does beyond its bounds is found where it is looked for, not prevented.
    None,
    /// Namespaces of its own.
    Bubblewrap {
        /// The program.
        program: PathBuf,
    },
}

/// A folder that is seen, to be written, at another place than its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// Where it lies.
    pub from: PathBuf,
    /// Where it is seen: a folder within one that is writable.
    pub at: PathBuf,
}

/// Whether a process reaches the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// As this machine does.
    Open,
    /// Not even itself by it.
    Closed,
}

/// Why there is no sandbox.
#[derive(Debug, thiserror::Error)]
pub enum Missing {
    /// It couldn't be run.
    #[error("could not run bubblewrap")]
    Process(#[source] process::Error),
    /// It is there and makes no sandbox: this machine doesn't allow it namespaces.
    #[error("bubblewrap makes no sandbox here: {0}")]
    NotAllowed(String),
}

/// What every program needs to start and to resolve names. What isn't there is left out.
const SYSTEM: [&str; 18] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/nix/store",
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/group",
    "/etc/hosts",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/pki",
    "/etc/resolv.conf",
    "/etc/ssl",
];

/// Namespaces of its own and no rights. It lives on when its parent dies, as a run outlives the daemon, and stays in its
/// parent's process group and session, by which it is ended: whoever starts a run gives it a session without a terminal.
const CLOSED: [&str; 7] = [
    "--unshare-user-try",
    "--unshare-pid",
    "--unshare-ipc",
    "--unshare-uts",
    "--unshare-cgroup-try",
    "--cap-drop",
    "ALL",
];

const TIME_LIMIT: Duration = Duration::from_secs(10);

impl Sandbox {
    /// The sandbox of this machine. An installed bubblewrap may not be allowed to make one, so it is tried.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn detect(env: &Env) -> Result<Self, Missing> {
        let found = Self::Bubblewrap { program: "bwrap".into() };
        for argv in [
            vec![OsString::from("bwrap"), "--version".into()],
            found.wrap(&["true".into()], &[], &[], &[], Network::Closed),
        ] {
            let (program, args) = argv.split_first().expect("it begins with the program");
            let vars = env.for_children().into_iter();
            let command = vars.fold(Command::new(program), |command, (name, value)| command.var(name, value));
            let output = command.args(args).time_limit(TIME_LIMIT).run().await.map_err(Missing::Process)?;
            if !output.status.success() {
                return Err(Missing::NotAllowed(output.stderr.lines().next().unwrap_or_default().to_owned()));
            }
        }
        Ok(found)
    }

    /// Whether what lies there is seen in it without being named.
    pub fn shows(path: &Path) -> bool {
        SYSTEM.iter().any(|system| path.starts_with(system))
    }

    /// The command line that runs `argv` in it. Of this machine's files it sees the system's programs, what is
    /// readable, what is writable, and what is mounted there; all lists hold absolute paths that are there.
    pub fn wrap(
        &self,
        argv: &[OsString],
        writable: &[&Path],
        readable: &[&Path],
        mounts: &[Mount],
        network: Network,
    ) -> Vec<OsString> {
        let Self::Bubblewrap { program } = self else { return argv.to_vec() };
        let mut line = vec![program.clone().into_os_string()];
        line.extend(CLOSED.map(OsString::from));
        if network == Network::Closed {
            line.push("--unshare-net".into());
        }
        for path in SYSTEM {
            line.extend(["--ro-bind-try", path, path].map(OsString::from));
        }
        line.extend(["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"].map(OsString::from));
        // What is writable may lie within what is readable, and what comes later covers what came before.
        for (how, paths) in [("--ro-bind", readable), ("--bind", writable)] {
            for path in paths {
                line.extend([how.into(), path.into(), path.into()]);
            }
        }
        for Mount { from, at } in mounts {
            line.extend(["--bind".into(), from.into(), at.into()]);
        }
        line.push("--".into());
        line.extend_from_slice(argv);
        line
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The sandboxes that can be tried here: none, and bubblewrap where it works.
    pub(crate) async fn all() -> Vec<Sandbox> {
        std::iter::once(Sandbox::None).chain(Sandbox::detect(&Env::read()).await).collect()
    }

    async fn sh(sandbox: &Sandbox, script: &str, writable: &[&Path], readable: &[&Path]) -> String {
        let argv = ["/bin/sh", "-c", script].map(OsString::from);
        let line = sandbox.wrap(&argv, writable, readable, &[], Network::Closed);
        let out = Command::new(&line[0]).args(&line[1..]).run().await.unwrap();
        String::from_utf8(out.stdout).unwrap()
    }

    #[tokio::test]
    async fn nothing_is_seen_or_changed_but_what_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for name in ["w", "r", "other"] {
            std::fs::create_dir(at(name)).unwrap();
            crate::adapters::fs::replace(&at(name).join("f"), name.as_bytes()).unwrap();
        }
        let root = dir.path().display();
        let script = format!(
            "cd {root}; cat */f; for d in w r other; do touch $d/new 2>/dev/null && printf ' %s' $d; done; true"
        );
        for sandbox in all().await {
            let said = sh(&sandbox, &script, &[&at("w")], &[&at("r")]).await;
            let there: Vec<bool> = ["w", "r", "other"].map(|d| at(d).join("new").exists()).into();
            match sandbox {
                Sandbox::None => assert_eq!(said, "otherrw w r other"),
                Sandbox::Bubblewrap { .. } => {
                    assert_eq!((said.as_str(), there), ("rw w", vec![true, false, false]));
                }
            }
            for name in ["w", "r", "other"] {
                crate::adapters::fs::remove(&at(name).join("new")).unwrap();
            }
        }
    }

    #[test]
    fn without_a_sandbox_a_command_stays_as_it_is() {
        let argv = ["git", "upload-pack"].map(OsString::from);
        assert_eq!(Sandbox::None.wrap(&argv, &[], &[], &[], Network::Open), argv);
    }
}
