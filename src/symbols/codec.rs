//! The form in which symbols are kept: bytes with a version, small and fast to read.
//!
//! Another version is refused by name, and the reader of the file reads its source again: the form is a cache.

use std::ops::Range;

use super::file::{Definition, FileSymbols, Implementation, Import, Imported, Kind, Skip};
use super::fingerprint::Fingerprint;
use super::languages::Language;

/// The version of the form *and* of what is read from sources: raise it when either changes.
pub(super) const VERSION: u8 = 3;

/// What a record starts with.
const MAGIC: &[u8; 3] = b"sym";

/// Why bytes are no record of symbols. The next step is always to read the sources again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// They don't start like one.
    #[error("the cached symbols do not start as they must; the sources are read again")]
    Magic,
    /// Another version wrote them.
    #[error("the cached symbols have version {0}, this program reads {VERSION}; the sources are read again")]
    Version(u8),
    /// They end too early, or a part of them makes no sense.
    #[error("the cached symbols are damaged at byte {0}; the sources are read again")]
    Damaged(usize),
}

/// One file's symbols as bytes.
pub fn encode_file(file: &FileSymbols) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.file(file);
    writer.finish()
}

/// One file's symbols from bytes.
pub fn decode_file(bytes: &[u8]) -> Result<FileSymbols, CodecError> {
    let mut reader = Reader::new(bytes)?;
    let file = reader.file()?;
    reader.end()?;
    Ok(file)
}

/// Writes a record.
pub(super) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(super) fn new() -> Self {
        let mut bytes = MAGIC.to_vec();
        bytes.push(VERSION);
        Self { bytes }
    }

    /// The record, with a check at its end.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let check = check(&self.bytes);
        self.bytes.extend_from_slice(&check);
        self.bytes
    }

    pub(super) fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(u8::try_from(value & 0x7f).expect("seven bits fit") | 0x80);
            value >>= 7;
        }
        self.bytes.push(u8::try_from(value).expect("seven bits fit"));
    }

    pub(super) fn count(&mut self, count: usize) {
        self.number(u64::try_from(count).expect("a count fits 64 bits"));
    }

    pub(super) fn text(&mut self, text: &str) {
        self.count(text.len());
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn optional(&mut self, text: Option<&str>) {
        self.bytes.push(u8::from(text.is_some()));
        if let Some(text) = text {
            self.text(text);
        }
    }

    pub(super) fn file(&mut self, file: &FileSymbols) {
        self.bytes.push(code(&Language::ALL, file.language));
        self.bytes.push(file.skip.map_or(0, |skip| code(&Skip::ALL, skip) + 1));
        self.bytes.push(u8::from(file.partial));
        self.optional(file.package.as_deref());
        self.count(file.definitions.len());
        let mut last = "";
        for found in &file.definitions {
            self.definition(found, last);
            last = &found.symbol;
        }
        self.count(file.imports.len());
        for import in &file.imports {
            self.import(import);
        }
        self.count(file.implementations.len());
        for made in &file.implementations {
            self.text(&made.of);
            self.text(&made.base);
            self.text(&made.within);
        }
        self.count(file.references.len());
        for name in &file.references {
            self.text(name);
        }
        self.count(file.names.len());
        for name in &file.names {
            self.text(name);
        }
        self.rising(&file.words);
    }

    /// Sorted numbers, each by what it is more than the last.
    fn rising(&mut self, all: &[u32]) {
        self.count(all.len());
        let mut last = 0;
        for one in all {
            self.number(one.wrapping_sub(last).into());
            last = *one;
        }
    }

    /// A definition; of its symbol only what differs from the last one.
    fn definition(&mut self, found: &Definition, last: &str) {
        self.bytes
            .push(code(&Kind::ALL, found.kind) | (u8::from(found.public) << 4) | (u8::from(found.more) << 5));
        let shared = shared(last, &found.symbol);
        self.count(shared);
        self.text(&found.symbol[shared..]);
        self.number(found.span.start.into());
        self.number(found.span.end.saturating_sub(found.span.start).into());
        self.number(found.line.into());
        self.count(found.bases.len());
        for base in &found.bases {
            self.text(base);
        }
        self.rising(&found.names);
        self.number(found.fingerprint.tokens.into());
        self.bytes.extend_from_slice(&found.fingerprint.digest.to_le_bytes());
        self.sketch(&found.fingerprint.sketch);
    }

    /// A sketch: which slots are filled, then those.
    fn sketch(&mut self, sketch: &[u8; 64]) {
        let filled =
            sketch.iter().enumerate().fold(0_u64, |bits, (at, slot)| bits | (u64::from(*slot != 0) << at));
        self.bytes.extend_from_slice(&filled.to_le_bytes());
        self.bytes.extend(sketch.iter().filter(|slot| **slot != 0));
    }

    fn import(&mut self, import: &Import) {
        let what = match &import.what {
            Imported::Module => 0,
            Imported::Name(_) => 1,
            Imported::All => 2,
        };
        self.bytes.push(what | (u8::from(import.reexport) << 4) | (u8::from(import.top_level) << 5));
        self.text(&import.module);
        match &import.what {
            Imported::Name(name) => self.text(name),
            Imported::Module | Imported::All => {}
        }
        self.optional(import.alias.as_deref());
        self.number(import.line.into());
    }
}

/// Reads a record; every length is checked against what is left.
pub(super) struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Reader<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Result<Self, CodecError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(CodecError::Magic)?;
        match rest.first() {
            Some(&VERSION) => {}
            Some(other) => return Err(CodecError::Version(*other)),
            None => return Err(CodecError::Magic),
        }
        let length =
            bytes.len().checked_sub(8).filter(|length| *length >= 4).ok_or(CodecError::Damaged(4))?;
        let (bytes, end) = bytes.split_at(length);
        if check(bytes).as_slice() != end {
            return Err(CodecError::Damaged(length));
        }
        Ok(Self { bytes, at: 4 })
    }

    pub(super) fn end(&self) -> Result<(), CodecError> {
        if self.at == self.bytes.len() { Ok(()) } else { Err(self.damaged()) }
    }

    fn damaged(&self) -> CodecError {
        CodecError::Damaged(self.at)
    }

    fn take(&mut self, length: usize) -> Result<&'b [u8], CodecError> {
        let end = self.at.checked_add(length).ok_or(self.damaged())?;
        let taken = self.bytes.get(self.at..end).ok_or(self.damaged())?;
        self.at = end;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, CodecError> {
        Ok(self.take(1)?[0])
    }

    fn word(&mut self) -> Result<u64, CodecError> {
        let bytes: [u8; 8] = self.take(8)?.try_into().map_err(|_| self.damaged())?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn number(&mut self) -> Result<u64, CodecError> {
        let mut value = 0_u64;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(self.damaged())
    }

    fn small(&mut self) -> Result<u32, CodecError> {
        let value = self.number()?;
        u32::try_from(value).map_err(|_| self.damaged())
    }

    /// A number of things of which each takes at least a byte.
    pub(super) fn count(&mut self) -> Result<usize, CodecError> {
        let count = usize::try_from(self.number()?).map_err(|_| self.damaged())?;
        if count > self.bytes.len() - self.at { Err(self.damaged()) } else { Ok(count) }
    }

    pub(super) fn text(&mut self) -> Result<&'b str, CodecError> {
        let length = self.count()?;
        let bytes = self.take(length)?;
        std::str::from_utf8(bytes).map_err(|_| self.damaged())
    }

    fn owned(&mut self) -> Result<String, CodecError> {
        self.text().map(str::to_owned)
    }

    fn optional(&mut self) -> Result<Option<String>, CodecError> {
        match self.byte()? {
            0 => Ok(None),
            1 => self.owned().map(Some),
            _ => Err(self.damaged()),
        }
    }

    fn coded<T: Copy>(&self, all: &[T], code: u8) -> Result<T, CodecError> {
        all.get(usize::from(code)).copied().ok_or(self.damaged())
    }

    fn list<T>(
        &mut self,
        mut one: impl FnMut(&mut Self) -> Result<T, CodecError>,
    ) -> Result<Vec<T>, CodecError> {
        let count = self.count()?;
        let mut list = Vec::with_capacity(count.min(4_096));
        for _ in 0..count {
            list.push(one(self)?);
        }
        Ok(list)
    }

    pub(super) fn file(&mut self) -> Result<FileSymbols, CodecError> {
        let language = self.byte()?;
        let language = self.coded(&Language::ALL, language)?;
        let skip = match self.byte()? {
            0 => None,
            code => Some(self.coded(&Skip::ALL, code - 1)?),
        };
        let partial = self.byte()? != 0;
        let package = self.optional()?;
        let count = self.count()?;
        let mut definitions: Vec<Definition> = Vec::with_capacity(count.min(4_096));
        for _ in 0..count {
            let last = definitions.last().map_or("", |last| last.symbol.as_str());
            let found = self.definition(last)?;
            if last >= found.symbol.as_str() {
                return Err(self.damaged());
            }
            definitions.push(found);
        }
        let imports = self.list(Self::import)?;
        let implementations = self.list(|reader| {
            Ok(Implementation { of: reader.owned()?, base: reader.owned()?, within: reader.owned()? })
        })?;
        let references = self.list(Self::owned)?;
        let names = self.list(Self::owned)?;
        let words = self.rising()?;
        Ok(FileSymbols {
            language,
            skip,
            partial,
            package,
            definitions,
            imports,
            implementations,
            references,
            names,
            words,
        })
    }

    fn rising(&mut self) -> Result<Vec<u32>, CodecError> {
        let mut last = 0_u32;
        self.list(|reader| {
            last = last.checked_add(reader.small()?).ok_or(reader.damaged())?;
            Ok(last)
        })
    }

    fn definition(&mut self, last: &str) -> Result<Definition, CodecError> {
        let head = self.byte()?;
        let kind = self.coded(&Kind::ALL, head & 0xf)?;
        let (public, more) = (head & 0x10 != 0, head & 0x20 != 0);
        let shared = usize::try_from(self.number()?).map_err(|_| self.damaged())?;
        let start = last.get(..shared).ok_or(self.damaged())?;
        let rest = self.text()?;
        let mut symbol = String::with_capacity(start.len() + rest.len());
        symbol.push_str(start);
        symbol.push_str(rest);
        let start = self.small()?;
        let end = start.checked_add(self.small()?).ok_or(self.damaged())?;
        let line = self.small()?;
        let bases = self.list(Self::owned)?;
        let names = self.rising()?;
        let tokens = self.small()?;
        let digest = self.word()?;
        let sketch = self.sketch()?;
        let fingerprint = Fingerprint { digest, tokens, sketch };
        let span = Range { start, end };
        Ok(Definition { kind, symbol, span, line, public, more, bases, names, fingerprint })
    }

    fn sketch(&mut self) -> Result<[u8; 64], CodecError> {
        let mut filled = self.word()?;
        let slots = self.take(usize::try_from(filled.count_ones()).unwrap_or(64))?;
        let mut sketch = [0; 64];
        for slot in slots {
            sketch[usize::try_from(filled.trailing_zeros()).map_err(|_| self.damaged())?] = *slot;
            filled &= filled - 1;
        }
        Ok(sketch)
    }

    fn import(&mut self) -> Result<Import, CodecError> {
        let head = self.byte()?;
        let module = self.owned()?;
        let what = match head & 0xf {
            0 => Imported::Module,
            1 => Imported::Name(self.owned()?),
            2 => Imported::All,
            _ => return Err(self.damaged()),
        };
        let alias = self.optional()?;
        let line = self.small()?;
        Ok(Import { module, what, alias, reexport: head & 0x10 != 0, top_level: head & 0x20 != 0, line })
    }
}

fn code<T: PartialEq>(all: &[T], one: T) -> u8 {
    let at =
        all.iter().position(|other| *other == one).expect("the list has every variant, which a test checks");
    u8::try_from(at).expect("there are fewer than 255 variants")
}

/// How many bytes two symbols have in common at their start, whole characters.
fn shared(last: &str, next: &str) -> usize {
    let mut same = last.bytes().zip(next.bytes()).take_while(|(a, b)| a == b).count();
    while !next.is_char_boundary(same) || !last.is_char_boundary(same) {
        same -= 1;
    }
    same
}

/// A check against damage, not against intent.
fn check(bytes: &[u8]) -> [u8; 8] {
    let hash = blake3::hash(bytes);
    let mut check = [0; 8];
    check.copy_from_slice(&hash.as_bytes()[..8]);
    check
}

#[cfg(test)]
mod tests {
    use super::super::file::Limits;
    use super::super::read;
    use super::*;

    fn sample() -> FileSymbols {
        let source = "from .a import b as c\nimport d\nfrom e import *\nclass Ä(B):\n    X = 1\n    def f(self): pass\n";
        read::Reader::new(Limits::default()).read(Language::Python, source.as_bytes())
    }

    #[test]
    fn what_is_written_is_read() {
        let rust = "impl A for B {}\nmod x { use super::y; }\nenum E { A, B }";
        let rust = read::Reader::new(Limits::default()).read(Language::Rust, rust.as_bytes());
        let java = "package a.b; class C extends D { E e; }";
        let java = read::Reader::new(Limits::default()).read(Language::Java, java.as_bytes());
        for file in [sample(), rust, java, FileSymbols::empty(Language::Go, Some(Skip::TooSlow))] {
            assert_eq!(decode_file(&encode_file(&file)), Ok(file));
        }
    }

    #[test]
    fn damage_is_told_and_never_believed() {
        let bytes = encode_file(&sample());
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x55;
            assert!(decode_file(&damaged).is_err(), "byte {at}");
            assert!(decode_file(&bytes[..at]).is_err(), "the first {at} bytes");
            // With a check that fits, nothing panics.
            let mut body = damaged[..bytes.len() - 8].to_vec();
            body.extend_from_slice(&check(&body));
            let _ = decode_file(&body);
        }
        let mut other = bytes;
        other[3] = VERSION + 1;
        assert_eq!(decode_file(&other), Err(CodecError::Version(VERSION + 1)));
    }
}
