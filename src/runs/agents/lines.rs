//! Cuts what a process prints into lines.

/// The longest line that is heard.
const LONGEST: usize = 10 << 20;
/// From here on a line has the room of the longest at once: one that grows is held twice whenever it is moved.
const LONG: usize = 1 << 20;

/// Cuts bytes into lines as they come. A line above 10 MiB is skipped and counted.
#[derive(Debug, Default)]
pub struct Lines {
    /// The line that has no end yet.
    begun: Vec<u8>,
    /// Whether that line is too long already.
    skipping: bool,
    skipped: u64,
}

impl Lines {
    /// Takes what was read, and gives each line that it completes, without its end.
    pub fn feed(&mut self, bytes: &[u8], mut each: impl FnMut(&[u8])) {
        let mut pieces = bytes.split(|byte| *byte == b'\n');
        let last = pieces.next_back().unwrap_or_default();
        for piece in pieces {
            self.take(piece);
            self.end(&mut each);
        }
        self.take(last);
    }

    /// Gives the last line, where it had no end.
    pub fn finish(&mut self, mut each: impl FnMut(&[u8])) {
        if self.skipping || !self.begun.is_empty() {
            self.end(&mut each);
        }
    }

    /// How many lines were too long so far.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    fn take(&mut self, piece: &[u8]) {
        self.skipping |= self.begun.len() + piece.len() > LONGEST;
        if self.skipping {
            self.begun.clear();
        } else {
            if self.begun.len() + piece.len() > LONG {
                self.begun.reserve_exact(LONGEST - self.begun.len());
            }
            self.begun.extend_from_slice(piece);
        }
    }

    fn end(&mut self, each: &mut impl FnMut(&[u8])) {
        if self.skipping {
            self.skipped += 1;
        } else {
            each(self.begun.strip_suffix(b"\r").unwrap_or(&self.begun));
        }
        self.begun.clear();
        // One long line doesn't keep its room for the rest of the run.
        self.begun.shrink_to(64 << 10);
        self.skipping = false;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(chunks: &[&[u8]]) -> (Vec<Vec<u8>>, u64) {
        let (mut lines, mut heard) = (Lines::default(), Vec::new());
        for chunk in chunks {
            lines.feed(chunk, |line| heard.push(line.to_owned()));
        }
        lines.finish(|line| heard.push(line.to_owned()));
        (heard, lines.skipped())
    }

    #[test]
    fn a_line_that_is_too_long_is_skipped_and_the_next_one_heard() {
        let long = vec![b'x'; LONGEST];
        let (heard, skipped) = cut(&[b"one\r\n", &long, b"x\ntwo\n\n", &long, b"\nthree"]);
        let lengths: Vec<usize> = heard.iter().map(Vec::len).collect();
        assert_eq!((lengths.as_slice(), skipped), (&[3, 3, 0, LONGEST, 5][..], 1));
    }

    proptest! {
        #[test]
        fn lines_are_the_same_in_any_chunks(bytes in "[a\n\r]{0,40}", size in 1_usize..9) {
            let chunks: Vec<&[u8]> = bytes.as_bytes().chunks(size).collect();
            prop_assert_eq!(cut(&chunks), cut(&[bytes.as_bytes()]));
        }
    }
}
