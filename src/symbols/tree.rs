//! The record of a whole tree: every path, the blob it had, and what the file says. One of an earlier tree makes
//! the next one cheap: only blobs that it doesn't have are read.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::codec::{CodecError, Reader, Writer};
use super::file::FileSymbols;
use super::index::{Declared, Index};
use super::languages::Language;

/// One file of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The path, as Git has it.
    pub path: String,
    /// The id of the blob, as Git has it.
    pub blob: String,
    /// What the file says.
    pub symbols: Arc<FileSymbols>,
}

/// The symbols of a whole tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TreeRecord {
    /// The files, in the order in which they were given.
    pub entries: Vec<Entry>,
}

impl TreeRecord {
    /// Which of the files of a tree are to be read: of an indexed language, with a blob that no record has. Each
    /// blob once, by the first path it has in each language.
    pub fn missing<'f>(&self, files: &'f [(String, String)]) -> Vec<&'f (String, String)> {
        let mut known: HashSet<(&str, Language)> =
            self.entries.iter().map(|entry| (entry.blob.as_str(), entry.symbols.language)).collect();
        let wanted = |(path, blob): &&'f (String, String)| {
            Language::of_path(path).is_some_and(|language| known.insert((blob, language)))
        };
        files.iter().filter(wanted).collect()
    }

    /// The record of a tree's files, path and blob, from an earlier record and what was read of the blobs that it misses.
    /// A blob of which nothing was read is left out.
    #[must_use]
    pub fn next(&self, files: &[(String, String)], read: HashMap<(String, Language), FileSymbols>) -> Self {
        let mut known: HashMap<(&str, Language), Arc<FileSymbols>> = self
            .entries
            .iter()
            .map(|entry| ((entry.blob.as_str(), entry.symbols.language), Arc::clone(&entry.symbols)))
            .collect();
        let read: Vec<((String, Language), Arc<FileSymbols>)> =
            read.into_iter().map(|(of, symbols)| (of, Arc::new(symbols))).collect();
        for ((blob, language), symbols) in &read {
            known.insert((blob.as_str(), *language), Arc::clone(symbols));
        }
        let entry = |(path, blob): &(String, String)| {
            let symbols = known.get(&(blob.as_str(), Language::of_path(path)?))?;
            Some(Entry { path: path.clone(), blob: blob.clone(), symbols: Arc::clone(symbols) })
        };
        Self { entries: files.iter().filter_map(entry).collect() }
    }

    /// What it has of blobs that none of these entries has.
    #[must_use]
    pub fn beyond(&self, known: &[Entry]) -> Self {
        let known: HashSet<(&str, Language)> =
            known.iter().map(|entry| (entry.blob.as_str(), entry.symbols.language)).collect();
        let is_new = |entry: &&Entry| !known.contains(&(entry.blob.as_str(), entry.symbols.language));
        Self { entries: self.entries.iter().filter(is_new).cloned().collect() }
    }

    /// The record as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.count(self.entries.len());
        for entry in &self.entries {
            writer.text(&entry.path);
            writer.text(&entry.blob);
            writer.file(&entry.symbols);
        }
        writer.finish()
    }

    /// The record from bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let mut reader = Reader::new(bytes)?;
        let count = reader.count()?;
        let mut entries = Vec::with_capacity(count.min(200_000));
        for _ in 0..count {
            let path = reader.text()?.to_owned();
            let blob = reader.text()?.to_owned();
            entries.push(Entry { path, blob, symbols: Arc::new(reader.file()?) });
        }
        reader.end()?;
        Ok(Self { entries })
    }

    /// The index of the tree.
    pub fn index(&self, declared: Declared) -> Index {
        Index::new(
            self.entries.iter().map(|entry| (entry.path.clone(), Arc::clone(&entry.symbols))),
            declared,
        )
    }
}
