//! Lines of a stream, however it is cut.

/// The longest line that is read; what is longer is passed over, and counted.
pub(super) const LONGEST: usize = 10 << 20;

/// Puts lines together.
#[derive(Debug, Default)]
pub(super) struct Lines {
    begun: Vec<u8>,
    skips: bool,
    skipped: u64,
}

impl Lines {
    /// Gives the lines that end in these bytes, without their ends.
    pub(super) fn feed(&mut self, bytes: &[u8], mut line: impl FnMut(&[u8])) {
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|b| *b == b'\n') {
            self.add(&rest[..at]);
            rest = &rest[at + 1..];
            self.end(&mut line);
        }
        self.add(rest);
    }

    /// Gives what has no end yet: the stream is over.
    pub(super) fn finish(&mut self, mut line: impl FnMut(&[u8])) {
        if self.skips || !self.begun.is_empty() {
            self.end(&mut line);
        }
    }

    /// How many lines were too long since this was asked last.
    pub(super) fn take_skipped(&mut self) -> u64 {
        std::mem::take(&mut self.skipped)
    }

    fn add(&mut self, bytes: &[u8]) {
        if self.skips {
            return;
        }
        if self.begun.len() + bytes.len() > LONGEST {
            self.skips = true;
            self.begun = Vec::new();
            return;
        }
        self.begun.extend_from_slice(bytes);
    }

    fn end(&mut self, line: &mut impl FnMut(&[u8])) {
        if std::mem::take(&mut self.skips) {
            self.skipped += 1;
            return;
        }
        line(self.begun.strip_suffix(b"\r").unwrap_or(&self.begun));
        self.begun.clear();
        // One long line doesn't keep its room for the rest of the run.
        self.begun.shrink_to(64 << 10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(chunks: &[&[u8]]) -> (Vec<String>, u64) {
        let (mut all, mut out) = (Lines::default(), Vec::new());
        for chunk in chunks {
            all.feed(chunk, |line| out.push(String::from_utf8_lossy(line).into_owned()));
        }
        all.finish(|line| out.push(String::from_utf8_lossy(line).into_owned()));
        (out, all.take_skipped())
    }

    #[test]
    fn lines_are_the_same_however_the_stream_is_cut() {
        let text = b"one\n\ntwo\r\nthree";
        let whole = lines(&[text]);
        assert_eq!(whole, (vec!["one".into(), String::new(), "two".into(), "three".into()], 0));
        for at in 0..=text.len() {
            assert_eq!(lines(&[&text[..at], &text[at..]]), whole, "cut at {at}");
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over_and_counted() {
        let long = vec![b'x'; LONGEST];
        let (out, skipped) = lines(&[b"a\n", &long, b"\n", &long, b"y", b"z\nb\n", &long, b"!"]);
        assert_eq!((out.len(), out[1].len(), skipped), (3, LONGEST, 2));
        assert_eq!((out[0].as_str(), out[2].as_str()), ("a", "b"));
    }
}
