//! Reads source files in processes of their own: the parsers are C, their input is anybody's, and a text of a few kilobytes
//! can keep one busy for hours or take all memory. Where a process ends at a file, that file is skipped by name, and
//! another process goes on behind it.

use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use futures::future::try_join_all;

use crate::adapters::process::{self, Command};
use crate::adapters::procs;
use crate::symbols::{FileSymbols, Language, Limits, Reader, Skip, decode_file, encode_file, shares};

/// The most memory of one reader.
const MEMORY: u64 = 2 << 30;
/// The longest that one file may take.
pub(crate) const LONGEST: Duration = Duration::from_secs(5);
/// The most that a reader may take for all of its files.
const ALL: Duration = Duration::from_mins(10);
/// The most bytes that a reader may write.
const OUTPUT: usize = 1 << 30;
/// How many readers work at once.
const READERS: usize = 2;
/// The command that a reader is.
pub(crate) const COMMAND: &str = "read-code";

/// A source file.
#[derive(Debug)]
pub(super) struct Source {
    /// The id of its content.
    pub(super) blob: String,
    /// Its language.
    pub(super) language: Language,
    /// Its bytes.
    pub(super) bytes: Vec<u8>,
}

/// Why nothing could be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A reader can't be started, or talked to.
    #[error("source files can't be read")]
    Process(#[from] process::Error),
    /// What a reader said is no answer.
    #[error("what reads source files answered what can't be understood")]
    Answer,
}

/// What files say, in their order. `program` is this very program.
pub(super) async fn read(
    program: &Path,
    longest: Duration,
    files: &[Source],
) -> Result<Vec<FileSymbols>, Error> {
    let sizes: Vec<usize> = files.iter().map(|file| file.bytes.len()).collect();
    let shares = shares(&sizes, READERS);
    let parts = shares.iter().map(|share| async {
        let files: Vec<&Source> = share.iter().map(|at| &files[*at]).collect();
        part(program, longest, &files).await
    });
    let mut read: Vec<Option<FileSymbols>> = files.iter().map(|_| None).collect();
    for (share, part) in shares.iter().zip(try_join_all(parts).await?) {
        for (at, symbols) in share.iter().zip(part) {
            read[*at] = Some(symbols);
        }
    }
    read.into_iter().map(|symbols| symbols.ok_or(Error::Answer)).collect()
}

/// What the files of one reader say; where it ends before its time, the file that it was at is skipped.
async fn part(program: &Path, longest: Duration, files: &[&Source]) -> Result<Vec<FileSymbols>, Error> {
    let mut read: Vec<FileSymbols> = Vec::with_capacity(files.len());
    while read.len() < files.len() {
        let rest = &files[read.len()..];
        let command = Command::new(program)
            .args([COMMAND, "--longest-ms", &longest.as_millis().to_string()])
            .stdin(question(rest))
            .memory_limit(MEMORY)
            .output_limit(OUTPUT)
            .time_limit(ALL);
        let output = command.run().await?;
        let before = read.len();
        answers(&output.stdout, rest.len(), &mut read)?;
        if read.len() < files.len() {
            let at = files[read.len()];
            tracing::warn!(
                blob = at.blob,
                bytes = at.bytes.len(),
                "a source file is left out: it can't be read within bounds"
            );
            read.push(FileSymbols::empty(at.language, Some(Skip::TooSlow)));
        } else if before == read.len() {
            return Err(Error::Answer);
        }
    }
    Ok(read)
}

fn question(files: &[&Source]) -> Vec<u8> {
    let mut out = Vec::with_capacity(files.iter().map(|file| file.bytes.len() + 16).sum());
    for file in files {
        out.push(file.language.code());
        out.extend_from_slice(&(file.bytes.len() as u64).to_le_bytes());
        out.extend_from_slice(&file.bytes);
    }
    out
}

/// Takes the answers that are whole.
fn answers(mut bytes: &[u8], most: usize, read: &mut Vec<FileSymbols>) -> Result<(), Error> {
    for _ in 0..most {
        let Some((length, rest)) = bytes.split_first_chunk::<8>() else { return Ok(()) };
        let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| Error::Answer)?;
        let Some((answer, rest)) = rest.split_at_checked(length) else { return Ok(()) };
        read.push(decode_file(answer).map_err(|_| Error::Answer)?);
        bytes = rest;
    }
    if bytes.is_empty() { Ok(()) } else { Err(Error::Answer) }
}

/// What a reader does: reads files from one stream and says on another what is in each, as soon as it is known. A file that
/// takes longer than the longest time ends the process, having said all that came before.
///
/// # Errors
/// When a stream fails, or isn't a question.
pub(crate) fn serve(mut input: impl Read, mut output: impl Write, longest: Duration) -> io::Result<()> {
    // What has worked that long since it began a file won't get through it. Its own work counts, not how busy the machine is.
    let (begins, begun) = mpsc::channel::<Duration>();
    std::thread::spawn(move || {
        let mut since = Duration::ZERO;
        loop {
            match begun.recv_timeout(longest) {
                Ok(at) => since = at,
                Err(mpsc::RecvTimeoutError::Timeout) if procs::worked().saturating_sub(since) < longest => {}
                Err(mpsc::RecvTimeoutError::Timeout) => std::process::exit(1),
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
            }
        }
    });
    let mut all = Vec::new();
    input.read_to_end(&mut all)?;
    let mut reader = Reader::new(Limits::default());
    let mut rest = all.as_slice();
    let broken = || io::Error::from(io::ErrorKind::InvalidData);
    while let Some((code, after)) = rest.split_first() {
        let language = Language::by_code(*code).ok_or_else(broken)?;
        let (length, after) = after.split_first_chunk::<8>().ok_or_else(broken)?;
        let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| broken())?;
        let (source, after) = after.split_at_checked(length).ok_or_else(broken)?;
        begins.send(procs::worked()).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        let answer = encode_file(&reader.read(language, source));
        output.write_all(&(answer.len() as u64).to_le_bytes())?;
        output.write_all(&answer)?;
        output.flush()?;
        rest = after;
    }
    Ok(())
}
