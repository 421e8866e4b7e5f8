//! What the text of a definition is like, in few bytes: a digest that says "the same", and a sketch that says how
//! similar. Names of the definition itself are masked, white space doesn't count.

use std::ops::Range;

/// The slots of a sketch.
const SLOTS: usize = 64;

/// What a masked name is hashed as.
const MASK: u64 = 0x5bd1_e995_9e37_79b9;

/// What a definition's text is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// Equal for texts whose tokens are equal; not made to withstand someone who looks for two that collide.
    pub digest: u64,
    /// How many tokens there are.
    pub tokens: u32,
    /// The least hash of each slot, in one byte; 0: nothing fell into it.
    pub sketch: [u8; SLOTS],
}

impl Fingerprint {
    /// How similar two texts are, from 0 to 1: an estimate of the share of pairs of tokens that they have in
    /// common. Exact for equal texts; off by about 0.06 for long ones.
    pub fn similarity(&self, other: &Self) -> f32 {
        if self.digest == other.digest && self.tokens == other.tokens {
            return 1.0;
        }
        let (mut same, mut any) = (0_u16, 0_u16);
        for (mine, theirs) in self.sketch.iter().zip(&other.sketch) {
            if *mine != 0 || *theirs != 0 {
                any += 1;
                same += u16::from(mine == theirs);
            }
        }
        if any == 0 {
            return 0.0;
        }
        // Texts that differ are never wholly similar.
        (f32::from(same) / f32::from(any)).min(0.99)
    }

    /// Whether the tokens are the same.
    pub fn same(&self, other: &Self) -> bool {
        self.digest == other.digest && self.tokens == other.tokens
    }
}

/// The tokens of a file: where each starts, and its hash.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    starts: Vec<u32>,
    hashes: Vec<u64>,
}

impl Tokens {
    /// Splits a text into words and single signs. Every byte that isn't ASCII belongs to a word.
    pub(super) fn of(source: &[u8]) -> Self {
        let mut tokens = Self::default();
        tokens.starts.reserve(source.len() / 4);
        tokens.hashes.reserve(source.len() / 4);
        let mut at = 0;
        while at < source.len() {
            let byte = source[at];
            if byte.is_ascii_whitespace() {
                at += 1;
                continue;
            }
            let start = at;
            at += 1;
            if wordly(byte) {
                while at < source.len() && wordly(source[at]) {
                    at += 1;
                }
            }
            tokens.starts.push(u32::try_from(start).unwrap_or(u32::MAX));
            tokens.hashes.push(hash(&source[start..at]));
        }
        tokens
    }

    /// The fingerprint of some ranges of the text, one after the other, with the parts of a symbol masked.
    pub(super) fn fingerprint(&self, pieces: &[Range<u32>], symbol: &str) -> Fingerprint {
        let masked: Vec<u64> = symbol.split('.').map(|name| hash(name.as_bytes())).collect();
        let mut least = [u32::MAX; SLOTS];
        let (mut digest, mut count, mut last) = (0_u64, 0_u32, 0_u64);
        for piece in pieces {
            let from = self.starts.partition_point(|start| *start < piece.start);
            let to = self.starts.partition_point(|start| *start < piece.end);
            for token in &self.hashes[from..to.max(from)] {
                let token = if masked.contains(token) { MASK } else { *token };
                digest = mix(digest ^ token);
                count = count.saturating_add(1);
                let feature = mix(last.rotate_left(17) ^ token);
                last = token;
                let slot = usize::try_from(feature & 63).expect("six bits fit");
                let value = u32::try_from(feature >> 32).expect("32 bits fit");
                least[slot] = least[slot].min(value);
            }
        }
        let sketch =
            least.map(|value| if value == u32::MAX { 0 } else { u8::try_from(value % 255 + 1).unwrap_or(1) });
        Fingerprint { digest, tokens: count, sketch }
    }
}

fn wordly(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// The number that stands for a word where it isn't kept itself; few enough bits that a list of them is short.
pub(super) fn word(text: &str) -> u32 {
    u32::try_from(hash(text.as_bytes()) >> 40).expect("24 bits fit")
}

/// FNV-1a, then mixed.
fn hash(bytes: &[u8]) -> u64 {
    let mut state = 0xcbf2_9ce4_8422_2325_u64;
    for byte in bytes {
        state = (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    mix(state)
}

/// The finisher of SplitMix64.
fn mix(mut state: u64) -> u64 {
    state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(text: &str, symbol: &str) -> Fingerprint {
        let whole = 0..u32::try_from(text.len()).unwrap();
        Tokens::of(text.as_bytes()).fingerprint(&[whole], symbol)
    }

    #[test]
    fn names_and_white_space_do_not_count_and_the_rest_does() {
        let a = print("fn load(a: u8) { load(a + 1) }", "T.load");
        assert!(a.same(&print("fn  store(a: u8)\n{ store(a+1) }", "T.store")));
        assert!(!a.same(&print("fn load(a: u8) { load(a + 2) }", "T.load")));
        assert_eq!(a.tokens, 15);
    }

    #[test]
    fn similarity_follows_what_is_shared() {
        let words: Vec<String> = (0..200).map(|n| format!("word{n}")).collect();
        let all = print(&words.join(" "), "x");
        for (kept, low, high) in [(200, 1.0, 1.0), (150, 0.6, 0.9), (100, 0.35, 0.65), (20, 0.0, 0.25)] {
            let score = all.similarity(&print(&words[..kept].join(" "), "x"));
            assert!((low..=high).contains(&score), "{kept}: {score}");
        }
        assert!(all.similarity(&print("quite another text of its own", "x")) < 0.1);
        assert!(print("", "x").similarity(&all) < 0.1);
    }
}
