//! Lines of a stream, screened as they come: a secret may go on in the next one, and so does a private key.

use std::collections::{BTreeSet, VecDeque};

use aho_corasick::Anchored;
use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::nfa::contiguous::NFA;

use crate::model::credential;

use super::{MASK, Redactor};

/// The most lines of private keys that are remembered.
const REMEMBERED: usize = 10_000;
/// The most lines that one secret may go over.
const LINES: usize = 256;
/// The shortest line of a private key that is remembered.
const SHORTEST_LINE: usize = 16;

/// Screens the lines of a stream.
#[derive(Debug, Default)]
pub(in crate::runs) struct Screen {
    in_key: bool,
    /// Where the search over all lines is, and how many bytes it went through.
    at: Option<StateID>,
    gone: u64,
    /// The lines that a secret that ends in the next one may begin in: each with where it began in the search.
    recent: VecDeque<u64>,
    keys: KeyLines,
}

/// Lines of private keys that were seen, by their digests.
#[derive(Debug, Default)]
pub(in crate::runs) struct KeyLines(BTreeSet<[u8; 16]>);

/// What becomes of a line.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::runs) struct Screened {
    /// What is kept of it; nothing of what lies within a private key.
    pub(in crate::runs) line: Option<Vec<u8>>,
    /// How many of the lines that were kept last are a secret together with it, and are masked by now.
    pub(in crate::runs) back: usize,
}

impl Screen {
    /// Takes the next line, without its end.
    pub(in crate::runs) fn take(&mut self, line: &[u8], redactor: &Redactor) -> Screened {
        if self.in_key {
            self.in_key = !credential::closes_key(line);
            self.keys.learn(line);
            return Screened { line: None, back: 0 };
        }
        self.in_key = credential::opens_key(line);
        if credential::begins_key(line) {
            // Its lines may be one line of JSON.
            line.split(|b| *b == b'\\')
                .for_each(|piece| self.keys.learn(piece.strip_prefix(b"n").unwrap_or(piece)));
        }
        let (cleaned, _) = redactor.clean(line);
        match self.goes_on(line, redactor) {
            0 => Screened { line: Some(cleaned.into_owned()), back: 0 },
            back => Screened { line: Some(MASK.into()), back },
        }
    }

    /// The lines of private keys so far.
    pub(in crate::runs) fn keys(&self) -> &KeyLines {
        &self.keys
    }

    /// How many lines before this one a secret begins that ends in it.
    fn goes_on(&mut self, line: &[u8], redactor: &Redactor) -> usize {
        let Some(known) = redactor.known.as_ref().map(|known| &known.stream) else { return 0 };
        let begins = self.gone;
        let mut run = Run { known, at: self.at.unwrap_or_else(|| Run::start(known)) };
        let mut earliest = begins;
        for byte in line {
            self.gone += 1;
            if let Some(len) = run.step(*byte) {
                earliest = earliest.min(self.gone - len as u64);
            }
        }
        self.at = Some(run.at);
        let back = self
            .recent
            .iter()
            .rev()
            .position(|began| *began <= earliest)
            .map_or(self.recent.len(), |n| n + 1);
        let back = if earliest < begins { back } else { 0 };
        self.recent.push_back(begins);
        let longest = known.max_pattern_len() as u64;
        while self.recent.len() > LINES || self.recent.get(1).is_some_and(|next| self.gone - next >= longest)
        {
            self.recent.pop_front();
        }
        back
    }
}

impl KeyLines {
    /// A text without these lines.
    pub(in crate::runs) fn mask(&self, text: &str) -> String {
        if self.0.is_empty() {
            return text.to_owned();
        }
        let shown = |line| if self.0.contains(&digest(line)) { MASK } else { line };
        text.split('\n').map(shown).collect::<Vec<_>>().join("\n")
    }

    fn learn(&mut self, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        if line.trim().len() >= SHORTEST_LINE && self.0.len() < REMEMBERED {
            self.0.insert(digest(&line));
        }
    }
}

/// A search under way, byte by byte.
struct Run<'a> {
    known: &'a NFA,
    at: StateID,
}

impl Run<'_> {
    fn start(known: &NFA) -> StateID {
        known.start_state(Anchored::No).expect("it was built to begin anywhere")
    }

    /// The length of the longest value that ends with this byte.
    fn step(&mut self, byte: u8) -> Option<usize> {
        self.at = self.known.next_state(Anchored::No, self.at, byte);
        if !self.known.is_special(self.at) || !self.known.is_match(self.at) {
            return None;
        }
        let all = 0..self.known.match_len(self.at);
        all.map(|n| self.known.pattern_len(self.known.match_pattern(self.at, n))).max()
    }
}

fn digest(line: &str) -> [u8; 16] {
    let mut out = [0; 16];
    out.copy_from_slice(&blake3::hash(line.trim().as_bytes()).as_bytes()[..16]);
    out
}
