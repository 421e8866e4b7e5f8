//! Known values, looked for in bytes: by their first bytes through a small filter, since nearly no place of a text is the
//! beginning of one.

use std::collections::HashMap;
use std::ops::Range;

use aho_corasick::MatchKind;
use aho_corasick::nfa::contiguous::NFA;

/// How many bytes tell whether a value may begin.
const FIRST: usize = 4;
/// How many bits of the filter are told apart.
const BITS: u32 = 16;

/// Values, each of at least six bytes.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// A bit for each hash of the first bytes of a value.
    filter: Vec<u64>,
    by_first: HashMap<u32, Vec<Vec<u8>>>,
    /// The same for a stream that comes in pieces.
    pub(super) stream: NFA,
}

impl Known {
    pub(super) fn new(values: Vec<Vec<u8>>) -> Self {
        // Every match is wanted, also one within or over another.
        let stream = NFA::builder().match_kind(MatchKind::Standard).build(&values);
        let mut by_first: HashMap<u32, Vec<Vec<u8>>> = HashMap::new();
        let mut filter = vec![0; 1 << (BITS - 6)];
        for value in values {
            let Some(first) = first(&value, 0) else { continue };
            filter[hash(first) / 64] |= 1 << (hash(first) % 64);
            by_first.entry(first).or_default().push(value);
        }
        Self { filter, by_first, stream: stream.expect("a few thousand short patterns fit") }
    }

    /// Where values stand, also where they go on in the next line.
    pub(super) fn find(&self, text: &[u8], out: &mut Vec<Range<usize>>) {
        self.scan(text, |found| out.push(found));
        if !text.contains(&b'\n') {
            return;
        }
        let is_end = |byte: &u8| b"\r\n".contains(byte);
        let joined: Vec<u8> = text.iter().copied().filter(|byte| !is_end(byte)).collect();
        let mut found = Vec::new();
        self.scan(&joined, |one| found.push(one));
        if found.is_empty() {
            return;
        }
        let places = text.iter().enumerate().filter(|(_, byte)| !is_end(byte));
        let places: Vec<usize> = places.map(|(at, _)| at).collect();
        out.extend(found.into_iter().map(|one| places[one.start]..places[one.end - 1] + 1));
    }

    fn scan(&self, text: &[u8], mut each: impl FnMut(Range<usize>)) {
        for (at, window) in text.windows(FIRST).enumerate() {
            let first = u32::from_le_bytes([window[0], window[1], window[2], window[3]]);
            let hash = hash(first);
            if self.filter[hash / 64] >> (hash % 64) & 1 == 0 {
                continue;
            }
            let values = self.by_first.get(&first).into_iter().flatten();
            let longest = values.filter(|value| text[at..].starts_with(value)).map(Vec::len).max();
            if let Some(len) = longest {
                each(at..at + len);
            }
        }
    }
}

fn first(value: &[u8], at: usize) -> Option<u32> {
    let bytes = value.get(at..at + FIRST)?;
    Some(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

fn hash(first: u32) -> usize {
    (first.wrapping_mul(0x9E37_79B1) >> (32 - BITS)) as usize
}
