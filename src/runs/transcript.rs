//! What an agent printed on one stream, kept without secrets, as far as there is room.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

use crate::adapters::fs;

use super::redact::{MASK, Redactor, Screen};

/// How many lines can be masked after they were written.
const RECENT: usize = 256;

/// The file that is written.
pub(super) struct Transcript {
    file: File,
    /// How much is in the file.
    size: u64,
    /// What is not yet in it.
    waiting: Vec<u8>,
    /// Where the last lines begin.
    lines: VecDeque<u64>,
    is_full: bool,
}

impl Transcript {
    /// Goes on with a file.
    pub(super) fn open(path: &Path) -> Result<Self, fs::Error> {
        let file = fs::append(path)?;
        let meta = file.metadata().map_err(|e| fs::Error::of("inspect", path, e))?;
        Ok(Self { file, size: meta.len(), waiting: Vec::new(), lines: VecDeque::new(), is_full: false })
    }

    /// Takes a line. Lines before it that turn out to be a secret together with it are masked, too.
    pub(super) fn take(&mut self, line: &[u8], screen: &mut Screen, redactor: &Redactor) -> io::Result<()> {
        let screened = screen.take(line, redactor);
        let Some(line) = screened.line.filter(|_| !self.is_full) else { return Ok(()) };
        let back = screened.back.min(self.lines.len());
        if let Some(cut) = self.lines.get(self.lines.len() - back).copied() {
            self.cut(cut)?;
            self.lines.truncate(self.lines.len() - back);
            for _ in 0..back {
                self.push(MASK.as_bytes());
            }
        }
        self.push(&line);
        Ok(())
    }

    /// Writes what waits, as far as there is room.
    pub(super) fn flush(&mut self, room: Option<u64>) -> io::Result<()> {
        let left = room.map_or(u64::MAX, |room| room.saturating_sub(self.size));
        let n = usize::try_from(left).unwrap_or(usize::MAX).min(self.waiting.len());
        self.file.write_all(&self.waiting[..n])?;
        self.size += n as u64;
        self.is_full |= n < self.waiting.len();
        self.waiting.clear();
        self.waiting.shrink_to(64 << 10);
        Ok(())
    }

    fn push(&mut self, line: &[u8]) {
        if self.lines.len() == RECENT {
            self.lines.pop_front();
        }
        self.lines.push_back(self.size + self.waiting.len() as u64);
        self.waiting.extend_from_slice(line);
        self.waiting.push(b'\n');
    }

    /// Takes back what came after this place.
    fn cut(&mut self, to: u64) -> io::Result<()> {
        if to < self.size {
            self.file.set_len(to)?;
            self.size = to;
        }
        let keep = usize::try_from(to - self.size).unwrap_or(usize::MAX);
        self.waiting.truncate(keep);
        Ok(())
    }
}
