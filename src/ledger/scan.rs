//! The lines of the day files, oldest first, one at a time.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::chain::MAX_LINE;
use super::{Error, Place};
use crate::adapters::fs;

/// A line as it stands in its file.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) place: Place,
    /// Where it begins in its file.
    pub(super) offset: u64,
    /// Without its line break.
    pub(super) bytes: Vec<u8>,
    pub(super) end: End,
}

/// How a line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With a line break.
    Break,
    /// With the end of its file, which is the last one.
    LastFile,
    /// With the end of its file, though more files follow.
    InnerFile,
    /// It was cut, being longer than any record.
    TooLong,
}

/// Goes through the day files.
pub(super) struct Scan {
    dir: PathBuf,
    /// Those to come, the next one last.
    days: Vec<String>,
    current: Option<(String, BufReader<File>)>,
    line: u64,
    offset: u64,
}

/// The name of the file for a time: `2026-01-02.jsonl`, by UTC.
pub(super) fn day_file(at: Timestamp) -> String {
    format!("{}.jsonl", at.to_zoned(jiff::tz::TimeZone::UTC).date())
}

/// The name of the file that goes on with a day: `2026-01-02_0002.jsonl` after `2026-01-02.jsonl`, and so on. By their names
/// they stand in order. `None` after the last that can be named so.
pub(super) fn next_part(name: &str) -> Option<String> {
    let (day, part) = parts(name)?;
    (part < 9_999).then(|| format!("{day}_{:04}.jsonl", part + 1))
}

/// Whether a name is that of a day file, or of a part of one.
pub(super) fn is_day_file(name: &str) -> bool {
    parts(name).is_some()
}

/// The day, and which part of it.
fn parts(name: &str) -> Option<(&str, u16)> {
    let stem = name.strip_suffix(".jsonl")?;
    let (day, part) = stem.split_once('_').map_or((stem, None), |(day, part)| (day, Some(part)));
    let fits = |(n, b): (usize, u8)| if n == 4 || n == 7 { b == b'-' } else { b.is_ascii_digit() };
    if day.len() != 10 || !day.bytes().enumerate().all(fits) {
        return None;
    }
    match part {
        None => Some((day, 1)),
        Some(part) if part.len() == 4 && part.bytes().all(|b| b.is_ascii_digit()) => {
            let part = part.parse().ok()?;
            (part > 1).then_some((day, part))
        }
        Some(_) => None,
    }
}

/// The day files of a folder, oldest first; none when the folder isn't there.
pub(super) fn day_files(dir: &Path) -> Result<Vec<String>, Error> {
    match fs::names(dir) {
        Ok(names) => Ok(names.into_iter().filter(|n| is_day_file(n)).collect()),
        Err(e) if e.is_not_found() => Ok(Vec::new()),
        Err(e) => Err(Error::Files(e)),
    }
}

impl Scan {
    /// All lines, from the file `from` on, or from the first.
    pub(super) fn new(dir: &Path, from: Option<&str>) -> Result<Self, Error> {
        let mut days = day_files(dir)?;
        days.retain(|day| from.is_none_or(|from| day.as_str() >= from));
        days.reverse();
        Ok(Self { dir: dir.to_owned(), days, current: None, line: 0, offset: 0 })
    }

    /// The next line.
    pub(super) fn next(&mut self) -> Result<Option<Line>, Error> {
        loop {
            if self.current.is_none() {
                let Some(day) = self.days.pop() else { return Ok(None) };
                if let Some(file) = fs::open(&self.dir.join(&day)).map_err(Error::Files)? {
                    self.current = Some((day, BufReader::new(file)));
                }
                (self.line, self.offset) = (0, 0);
                continue;
            }
            let Some((day, reader)) = &mut self.current else { continue };
            let mut bytes = Vec::new();
            let limit = MAX_LINE as u64 + 1;
            let n = reader.by_ref().take(limit).read_until(b'\n', &mut bytes);
            let n = n.map_err(|source| Error::Read { file: day.clone(), source })? as u64;
            if n == 0 {
                self.current = None;
                continue;
            }
            self.line += 1;
            let place = Place { file: day.clone(), line: self.line };
            let offset = self.offset;
            self.offset += n;
            let end = if bytes.pop_if(|b| *b == b'\n').is_some() {
                End::Break
            } else if n == limit {
                End::TooLong
            } else if self.days.is_empty() {
                End::LastFile
            } else {
                End::InnerFile
            };
            return Ok(Some(Line { place, offset, bytes, end }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn day_files_have_dates_for_names() {
        for (name, is) in [
            ("2026-01-02.jsonl", true),
            ("2026-01-02_0002.jsonl", true),
            ("2026-01-02_0001.jsonl", false),
            ("2026-01-02_002.jsonl", false),
            ("2026-01-02_+002.jsonl", false),
            ("2026-01-02.json", false),
            ("2026-1-02x.jsonl", false),
            ("torn-1", false),
            (".tmp-abc.jsonl--", false),
        ] {
            assert_eq!(is_day_file(name), is, "{name}");
        }
        let first = day_file("2026-01-02T23:59:59Z".parse().unwrap());
        let names: Vec<String> =
            std::iter::successors(Some(first), |name| next_part(name)).take(12).collect();
        assert_eq!(
            (names[0].as_str(), names[1].as_str(), names[11].as_str()),
            ("2026-01-02.jsonl", "2026-01-02_0002.jsonl", "2026-01-02_0012.jsonl")
        );
        assert!(names.is_sorted() && *names[11] < *"2026-01-03.jsonl");
        assert_eq!(next_part("2026-01-02_9999.jsonl"), None);
    }
}
