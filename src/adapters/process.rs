//! Child processes: their own group, a cleared environment, a time limit, bounded output; none outlives its owner.
#![expect(clippy::disallowed_methods, reason = "the edge at which processes start; each gets its own group")]

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// How long output may still be held open after the process has ended, by children it left.
const LEFTOVER_GRACE: Duration = Duration::from_millis(250);

/// Why a child process gave no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The program isn't there.
    #[error("`{program}` is not installed, or not on PATH")]
    NotInstalled {
        /// The program.
        program: String,
    },
    /// It could not be started.
    #[error("could not start `{program}`")]
    Start {
        /// The program.
        program: String,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// It took too long and was killed.
    #[error("`{program}` was stopped after {} s without an end", limit.as_secs_f64())]
    TimedOut {
        /// The program.
        program: String,
        /// The limit.
        limit: Duration,
    },
    /// It wrote more than allowed and was killed.
    #[error("`{program}` wrote more than {limit} bytes")]
    TooMuchOutput {
        /// The program.
        program: String,
        /// The limit.
        limit: usize,
    },
    /// Its pipes failed.
    #[error("lost the connection to `{program}`")]
    Pipe {
        /// The program.
        program: String,
        /// The system's words.
        #[source]
        source: io::Error,
    },
}

/// What to run, and within which limits.
#[derive(Clone)]
pub struct Command {
    program: OsString,
    args: Vec<OsString>,
    vars: Vec<(OsString, OsString)>,
    folder: Option<PathBuf>,
    stdin: Vec<u8>,
    time_limit: Duration,
    output_limit: usize,
    memory_limit: Option<u64>,
}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The values of variables may be secrets.
        f.debug_struct("Command")
            .field("program", &self.program)
            .field("args", &self.args)
            .finish_non_exhaustive()
    }
}

/// Where the program of this name lies, as it would be found with this PATH; `None` where it isn't there, or is named by a path.
/// From a folder that isn't absolute on, where it is depends on where one is, and nothing is found.
pub fn on_path(path: &OsStr, name: &OsStr) -> Option<PathBuf> {
    if name.as_encoded_bytes().contains(&b'/') {
        return None;
    }
    let runs = |file: &PathBuf| {
        file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    let folders = std::env::split_paths(path).take_while(|folder| folder.is_absolute());
    folders.map(|folder| folder.join(name)).find(runs)
}

/// How a child ended, and what it wrote.
#[derive(Debug)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// The beginning of its standard error, as text.
    pub stderr: String,
}

impl Command {
    /// A program with no arguments and an empty environment, 60 s and 16 MiB of output.
    pub fn new(program: impl Into<OsString>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            vars: Vec::new(),
            folder: None,
            stdin: Vec::new(),
            time_limit: Duration::from_mins(1),
            output_limit: 16 << 20,
            memory_limit: None,
        }
    }

    /// The same with one more argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// The same with more arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// The same with a variable in its environment.
    #[must_use]
    pub fn var(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.vars.push((name.into(), value.into()));
        self
    }

    /// The same, started in this folder.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// The same with something to read on its standard input.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// The same with another limit on its time.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// The same with another limit on each of its outputs, in bytes.
    #[must_use]
    pub fn output_limit(mut self, bytes: usize) -> Self {
        self.output_limit = bytes;
        self
    }

    /// The same with a limit on the memory of each of its processes, in bytes; what is mapped to be read is not counted.
    #[must_use]
    pub fn memory_limit(mut self, bytes: u64) -> Self {
        self.memory_limit = Some(bytes);
        self
    }

    /// The program and its arguments as they are started.
    fn line(&self) -> (OsString, Vec<OsString>) {
        let Some(limit) = self.memory_limit else { return (self.program.clone(), self.args.clone()) };
        // The limit is there before the program is, and whatever that starts has it too.
        let shell = ["-c", "ulimit -d $0 && exec \"$@\""].map(OsString::from);
        let kib = OsString::from((limit >> 10).to_string());
        let args = shell.into_iter().chain([kib, self.program.clone()]).chain(self.args.iter().cloned());
        ("/bin/sh".into(), args.collect())
    }

    /// Where a program lies that is looked for in the PATH that it gets. A name would be looked up by the child, in a copy of this
    /// process, which costs as much as this process is large; a path is started without one.
    fn found(&self, program: &OsStr) -> OsString {
        let path = self.vars.iter().rfind(|(name, _)| name == "PATH").map(|(_, value)| value);
        let found = path.and_then(|path| on_path(path, program));
        found.map_or_else(|| program.to_owned(), PathBuf::into_os_string)
    }

    /// The program, for starting it another way.
    pub(super) fn program(&self) -> &OsString {
        &self.program
    }

    /// Its arguments.
    pub(super) fn arguments(&self) -> &[OsString] {
        &self.args
    }

    /// All of its environment.
    pub(super) fn variables(&self) -> impl Iterator<Item = (&OsString, &OsString)> {
        self.vars.iter().map(|(name, value)| (name, value))
    }

    /// The folder it is started in.
    pub(super) fn working_folder(&self) -> Option<&PathBuf> {
        self.folder.as_ref()
    }

    /// Runs it to its end. Any exit status is a result; the caller judges it. When this future is dropped, or a
    /// limit is passed, the whole process group is killed.
    ///
    /// # Errors
    /// When it can't be started, passes a limit, or its pipes fail.
    pub async fn run(self) -> Result<Output, Error> {
        let program = self.program.to_string_lossy().into_owned();
        let (start, args) = self.line();
        let mut command = tokio::process::Command::new(self.found(&start));
        command.arg0(&start).args(args).env_clear().envs(self.vars.iter().map(|(k, v)| (k, v)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        let started = command.spawn().map_err(|source| {
            let folder_is_there = self.folder.as_ref().is_none_or(|folder| folder.is_dir());
            if source.kind() == io::ErrorKind::NotFound && folder_is_there {
                Error::NotInstalled { program: program.clone() }
            } else {
                Error::Start { program: program.clone(), source }
            }
        });
        let mut child = started?;
        let group = Group(child.id().and_then(|id| Pid::from_raw(id.cast_signed())));
        let mut stdin = child.stdin.take().expect("stdin was piped");
        let stdout = child.stdout.take().expect("stdout was piped");
        let stderr = child.stderr.take().expect("stderr was piped");
        let limit = self.output_limit;
        let bytes = self.stdin;
        let talk = async {
            let feed = async move {
                // A child that ends without reading closes the pipe; that is its right.
                match stdin.write_all(&bytes).await {
                    Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(e),
                    Ok(()) | Err(_) => Ok(()),
                }
            };
            let end = async {
                let status = child.wait().await?;
                Ok::<_, io::Error>(status)
            };
            let outputs = async {
                tokio::try_join!(drain(stdout, limit, Excess::Fail), drain(stderr, limit, Excess::Drop))
            };
            let outputs = std::pin::pin!(outputs);
            let ending = std::pin::pin!(async { tokio::try_join!(feed, end).map(|((), status)| status) });
            match futures::future::select(ending, outputs).await {
                futures::future::Either::Left((status, outputs)) => {
                    let status = status?;
                    // Whoever still holds the pipes now was left behind by the child.
                    let mut outputs = outputs;
                    let read = if let Ok(read) = timeout(LEFTOVER_GRACE, &mut outputs).await {
                        read?
                    } else {
                        group.kill();
                        outputs.await?
                    };
                    Ok((status, read))
                }
                futures::future::Either::Right((read, ending)) => {
                    let read = read?;
                    Ok::<_, io::Error>((ending.await?, read))
                }
            }
        };
        let done = timeout(self.time_limit, talk).await;
        group.kill();
        match done {
            Err(_) => Err(Error::TimedOut { program, limit: self.time_limit }),
            Ok(Err(e)) if e.kind() == io::ErrorKind::FileTooLarge => {
                Err(Error::TooMuchOutput { program, limit })
            }
            Ok(Err(source)) => Err(Error::Pipe { program, source }),
            Ok(Ok((status, (stdout, stderr)))) => {
                Ok(Output { status, stdout, stderr: String::from_utf8_lossy(&stderr).into_owned() })
            }
        }
    }
}

impl Command {
    /// Starts it and lets it go: it outlives this process. What it writes to its standard error goes to `log`, after what
    /// is there. Gives the first line that it prints, which it does when it is under way.
    ///
    /// # Errors
    /// When it can't be started, or ends or is silent for the time limit without such a line; then it is killed.
    pub async fn detach(self, log: std::fs::File) -> Result<String, Error> {
        let program = self.program.to_string_lossy().into_owned();
        let mut command = tokio::process::Command::new(self.found(&self.program));
        command.arg0(&self.program).args(&self.args).env_clear().envs(self.vars.iter().map(|(k, v)| (k, v)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        let failed = |source| Error::Start { program: program.clone(), source };
        let mut child = command.spawn().map_err(failed)?;
        let mut stdin = child.stdin.take().expect("stdin was piped");
        let stdout = child.stdout.take().expect("stdout was piped");
        let bytes = self.stdin;
        let mut line = String::new();
        let talk = async {
            match stdin.write_all(&bytes).await {
                Err(e) if e.kind() != io::ErrorKind::BrokenPipe => return Err(e),
                Ok(()) | Err(_) => drop(stdin),
            }
            tokio::io::BufReader::new(stdout).read_line(&mut line).await
        };
        match timeout(self.time_limit, talk).await {
            Ok(Ok(n)) if n > 0 => Ok(line.trim_end().to_owned()),
            Ok(Ok(_)) => Err(failed(io::Error::from(io::ErrorKind::UnexpectedEof))),
            Ok(Err(source)) => Err(Error::Pipe { program, source }),
            Err(_) => {
                // It has not begun, so nothing is lost.
                let _ = child.start_kill();
                Err(Error::TimedOut { program, limit: self.time_limit })
            }
        }
    }
}

/// Kills its process group when it goes, so that a dropped future leaves nothing behind.
struct Group(Option<Pid>);

impl Group {
    fn kill(&self) {
        if let Some(group) = self.0 {
            // "No such process" is what is wanted.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

#[derive(Clone, Copy)]
enum Excess {
    Fail,
    Drop,
}

async fn drain(mut from: impl AsyncRead + Unpin, limit: usize, excess: Excess) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    let mut buffer = vec![0; 16 << 10];
    loop {
        let n = from.read(&mut buffer).await?;
        if n == 0 {
            return Ok(all);
        }
        let room = limit.saturating_sub(all.len());
        all.extend_from_slice(&buffer[..n.min(room)]);
        if n > room && matches!(excess, Excess::Fail) {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Command {
        Command::new("/bin/sh").arg("-c").arg(script)
    }

    #[tokio::test]
    async fn it_hands_over_input_and_output_and_only_the_given_environment() {
        let out = sh("cat; echo $A${HOME:-none} >&2; exit 3").var("A", "b").stdin("in").run().await.unwrap();
        assert_eq!((out.status.code(), &out.stdout[..], out.stderr.trim()), (Some(3), &b"in"[..], "bnone"));
    }

    #[tokio::test]
    async fn input_that_nobody_reads_is_no_error() {
        let out = sh("exit 0").stdin(vec![0; 1 << 20]).run().await.unwrap();
        assert!(out.status.success());
    }

    #[tokio::test]
    async fn a_limit_kills_the_whole_group() {
        // The pipe's other end closes only when every holder of it is dead.
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        let inherit = format!("exec 7>/proc/{}/fd/{}", std::process::id(), {
            use std::os::fd::AsRawFd;
            writer.as_raw_fd()
        });
        let script = format!("{inherit}; echo on; sleep 600 & sleep 600");
        let error = sh(&script).time_limit(Duration::from_millis(300)).run().await.unwrap_err();
        assert!(matches!(error, Error::TimedOut { .. }), "{error:?}");
        drop(writer);
        let mut rest = Vec::new();
        io::Read::read_to_end(&mut std::fs::File::from(reader), &mut rest).unwrap();
    }

    #[tokio::test]
    async fn children_left_behind_do_not_hold_the_result() {
        let out = sh("sleep 600 & echo done").run().await.unwrap();
        assert_eq!(out.stdout, b"done\n");
    }

    #[tokio::test]
    async fn a_limit_on_memory_is_there_from_the_start_and_for_all_processes() {
        let script = "ulimit -d; sh -c 'ulimit -d; dd bs=64M count=1 if=/dev/zero of=/dev/null; echo $?'; echo \"$0 $1\"";
        let out = sh(script).args(["a b", "$c"]).memory_limit(32 << 20).run().await.unwrap();
        assert_eq!(String::from_utf8_lossy(&out.stdout), "32768\n32768\n1\na b $c\n", "{}", out.stderr);
    }

    #[tokio::test]
    async fn too_much_output_is_refused_by_name() {
        let error = sh("yes").output_limit(1000).run().await.unwrap_err();
        assert_eq!(error.to_string(), "`/bin/sh` wrote more than 1000 bytes");
        let out = sh("yes | head -c 5000 >&2").output_limit(1000).run().await.unwrap();
        assert_eq!(out.stderr.len(), 1000);
    }

    #[test]
    fn a_program_is_found_where_it_can_be_run() {
        let dir = tempfile::tempdir().unwrap();
        let [first, second] = ["a", "b"].map(|name| dir.path().join(name));
        for (folder, mode) in [(&first, 0o644), (&second, 0o755)] {
            std::fs::create_dir(folder).unwrap();
            std::fs::write(folder.join("tool"), "").unwrap();
            std::fs::set_permissions(folder.join("tool"), std::fs::Permissions::from_mode(mode)).unwrap();
        }
        let path = std::env::join_paths([&first, &second]).unwrap();
        let find = |path: &OsStr, name: &str| on_path(path, OsStr::new(name));
        assert_eq!(find(&path, "tool"), Some(second.join("tool")));
        assert_eq!(
            (find(&path, "./tool"), find(&path, "other"), find(OsStr::new("b:/b"), "tool")),
            (None, None, None)
        );
    }

    #[tokio::test]
    async fn a_missing_program_is_named() {
        let error = Command::new("no-such-program-here").run().await.unwrap_err();
        assert_eq!(error.to_string(), "`no-such-program-here` is not installed, or not on PATH");
    }
}
