//! The words of two texts side by side, as `git diff --word-diff` shows them.

use similar::{ChangeTag, TextDiff};

/// The most words of one side that are compared; of longer texts the rest is left out.
const MOST_WORDS: usize = 2000;

/// How many words without a change are shown around one.
const AROUND: usize = 5;

/// The words of a text: how it is broken over lines doesn't count.
pub(super) fn of(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

/// The words of both: `[-gone-]`, `{+new+}`, and what is far from any change left out.
pub(super) fn diff(old: &str, new: &str) -> String {
    let cut = |text| {
        let mut words = of(text);
        words.truncate(MOST_WORDS);
        words
    };
    let (old, new) = (cut(old), cut(new));
    let diff = TextDiff::configure().diff_slices(&old, &new);
    let mut runs: Vec<(ChangeTag, Vec<&str>)> = Vec::new();
    for change in diff.iter_all_changes() {
        match runs.last_mut() {
            Some((tag, words)) if *tag == change.tag() => words.push(change.value()),
            Some(_) | None => runs.push((change.tag(), vec![change.value()])),
        }
    }
    let last = runs.len().saturating_sub(1);
    let shown: Vec<String> = runs
        .iter()
        .enumerate()
        .map(|(at, (tag, words))| match tag {
            ChangeTag::Delete => format!("[-{}-]", words.join(" ")),
            ChangeTag::Insert => format!("{{+{}+}}", words.join(" ")),
            ChangeTag::Equal => near(words, at > 0, at < last),
        })
        .collect();
    shown.join(" ")
}

/// Words without a change, those after one and before one.
fn near(words: &[&str], after: bool, before: bool) -> String {
    let head = if after { AROUND } else { 0 };
    let tail = if before { AROUND } else { 0 };
    if words.len() <= head + tail + 1 {
        return words.join(" ");
    }
    let mut shown: Vec<&str> = words[..head].to_vec();
    shown.push("…");
    shown.extend(&words[words.len() - tail..]);
    shown.join(" ")
}

#[cfg(test)]
mod tests {
    use super::diff;

    #[test]
    fn words_side_by_side() {
        for (old, new, expected) in [
            ("a b", "a\nb", "…"),
            ("a b c", "a x c", "a [-b-] {+x+} c"),
            ("", "a", "{+a+}"),
            ("1 2 3 4 5 6 7 8 9 a", "1 2 3 4 5 6 7 8 9", "… 5 6 7 8 9 [-a-]"),
            (
                "x 1 2 3 4 5 6 7 8 9 10 11 12 y",
                "1 2 3 4 5 6 7 8 9 10 11 12",
                "[-x-] 1 2 3 4 5 … 8 9 10 11 12 [-y-]",
            ),
        ] {
            assert_eq!(diff(old, new), expected, "{old} {new}");
        }
    }
}
