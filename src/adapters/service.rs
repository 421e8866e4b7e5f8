//! A child that runs beside this process: its output goes to a file, and it is told to end.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::process::Command;

/// A child that runs. Dropping it kills its whole process group.
#[derive(Debug)]
pub struct Service {
    child: tokio::process::Child,
    pid: Option<Pid>,
    log: PathBuf,
}

impl Service {
    /// Starts a command in a process group of its own, both of its outputs in one new file.
    ///
    /// # Errors
    /// When the file can't be made or the program can't be started.
    #[expect(clippy::disallowed_methods, reason = "processes start in the adapters")]
    pub fn start(command: &Command, log: &Path) -> io::Result<Self> {
        let file = File::create(log)?;
        let mut tokio = tokio::process::Command::new(command.program());
        tokio.args(command.arguments()).env_clear().envs(command.variables());
        tokio.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        tokio.process_group(0).kill_on_drop(true);
        if let Some(folder) = command.working_folder() {
            tokio.current_dir(folder);
        }
        let child = tokio.spawn()?;
        let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        Ok(Self { child, pid, log: log.to_owned() })
    }

    /// What it has written so far.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn output(&self) -> Result<String, super::fs::Error> {
        Ok(String::from_utf8_lossy(&super::fs::read(&self.log, 64 << 20)?).into_owned())
    }

    /// Whether it has ended by itself, and how.
    ///
    /// # Errors
    /// When the system doesn't tell.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Sends SIGTERM and waits; after `grace` the whole group is killed.
    ///
    /// # Errors
    /// When the system doesn't tell how it ended.
    pub async fn end(mut self, grace: Duration) -> io::Result<ExitStatus> {
        if let Some(pid) = self.pid {
            // One that has ended already is what is wanted.
            let _gone = kill_process(pid, Signal::TERM);
        }
        match tokio::time::timeout(grace, self.child.wait()).await {
            Ok(status) => status,
            Err(_) => {
                self.kill();
                self.child.wait().await
            }
        }
    }

    fn kill(&self) {
        if let Some(pid) = self.pid {
            // "No such process" is what is wanted.
            let _gone = kill_process_group(pid, Signal::KILL);
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.kill();
    }
}
