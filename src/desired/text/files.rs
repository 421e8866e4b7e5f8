//! The files as text, and positions in them.

use std::sync::Arc;

use crate::desired::diagnostic::{Draft, Sink, code};
use crate::model::{CommitId, ConfigFiles, Source};

/// The greatest size of one file.
pub(in crate::desired) const MAX_FILE_BYTES: usize = 4 << 20;

/// How a file is spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// KDL 2.
    Kdl,
    /// TOML.
    Toml,
}

impl Spelling {
    /// The spelling that a path's ending tells.
    pub fn of(path: &str) -> Option<Self> {
        match path.rsplit_once('.')?.1 {
            "kdl" => Some(Self::Kdl),
            "toml" => Some(Self::Toml),
            _ => None,
        }
    }
}

/// A range of bytes in one of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::desired) struct Span {
    /// Which file.
    pub(in crate::desired) file: u16,
    /// The first byte.
    pub(in crate::desired) start: u32,
    /// The byte after the last.
    pub(in crate::desired) end: u32,
}

/// One file as text.
#[derive(Debug)]
pub(in crate::desired) struct File {
    pub(in crate::desired) path: Arc<str>,
    pub(in crate::desired) text: Arc<str>,
    pub(in crate::desired) spelling: Spelling,
    /// Where each line starts.
    lines: Vec<u32>,
}

/// All files that are text; positions in them become lines and columns.
#[derive(Debug, Default)]
pub(in crate::desired) struct Files {
    pub(in crate::desired) files: Vec<File>,
    commit: Option<Arc<CommitId>>,
}

impl Files {
    /// The files of a state; what can't be read as text is reported.
    pub(in crate::desired) fn new(config: &ConfigFiles, sink: &mut Sink) -> Self {
        for unread in &config.unread {
            sink.push(
                Draft::error(code::UNREAD, format!("`{}` {}", unread.path, unread.why))
                    .in_file(&unread.path)
                    .help(unread.help.clone()),
            );
        }
        for passed in &config.passed_over {
            sink.push(
                Draft::warning(code::PASSED_OVER, format!("`{}` {}", passed.path, passed.why))
                    .in_file(&passed.path)
                    .help(passed.help.clone()),
            );
        }
        let mut out = Self { files: Vec::new(), commit: config.origin.commit.clone().map(Arc::new) };
        for file in &config.files {
            if let Some(file) = decode(&file.path, &file.bytes, sink) {
                out.files.push(file);
            }
        }
        out
    }

    /// The one-based line, and the one-based column in characters, of a position.
    pub(in crate::desired) fn place(&self, span: Span) -> (u32, u32) {
        let file = &self.files[usize::from(span.file)];
        let line = file.lines.partition_point(|start| *start <= span.start) - 1;
        let start = file.lines[line] as usize;
        let end = (span.start as usize).min(file.text.len());
        let column = file.text.get(start..end).map_or(0, |t| t.chars().count());
        (as_u32(line + 1), as_u32(column + 1))
    }

    /// The source of what stands at `span`.
    pub(in crate::desired) fn source(&self, span: Span) -> Source {
        let (line, column) = self.place(span);
        let file = Arc::clone(&self.files[usize::from(span.file)].path);
        Source { file, line, column, commit: self.commit.clone() }
    }

    /// What stands at `span`.
    pub(in crate::desired) fn text(&self, span: Span) -> &str {
        let text = &self.files[usize::from(span.file)].text;
        text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// How the file is spelled in which `span` lies.
    pub(in crate::desired) fn spelling(&self, span: Span) -> Spelling {
        self.files[usize::from(span.file)].spelling
    }

    /// The path of the file in which `span` lies.
    pub(in crate::desired) fn path(&self, span: Span) -> &Arc<str> {
        &self.files[usize::from(span.file)].path
    }
}

fn decode(path: &str, bytes: &[u8], sink: &mut Sink) -> Option<File> {
    let Some(spelling) = Spelling::of(path) else {
        sink.push(
            Draft::error(code::UNREAD, format!("`{path}` is neither KDL nor TOML"))
                .in_file(path)
                .help("config files end in `.kdl` or `.toml`"),
        );
        return None;
    };
    if bytes.len() > MAX_FILE_BYTES {
        sink.push(
            Draft::error(
                code::TOO_LARGE,
                format!("`{path}` has {} bytes; at most 4 MiB are read", bytes.len()),
            )
            .in_file(path)
            .help("split it: every file under `policies/` is read"),
        );
        return None;
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let at = error.valid_up_to();
            let line = bytes[..at].split(|b| *b == b'\n').count();
            sink.push(
                Draft::error(
                    code::NOT_UTF8,
                    format!("`{path}` is not UTF-8: byte {at}, on line {line}, is 0x{:02x}", bytes[at]),
                )
                .in_file(path)
                .help("save the file with the encoding UTF-8"),
            );
            return None;
        }
    };
    let text = strip_mark(text);
    let mut lines = vec![0];
    lines.extend(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| as_u32(i + 1)));
    Some(File { path: path.into(), text: text.into(), spelling, lines })
}

/// The text after a byte order mark; spans count from there.
pub(in crate::desired) fn strip_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// Sizes and positions lie within [`MAX_FILE_BYTES`], so this never cuts.
pub(in crate::desired) fn as_u32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
