//! Applying what findings propose to the text they were found in.

use super::finding::Fix;

/// The most times that a text is looked at again after its fixes.
const ROUNDS: usize = 16;

/// The text with these replacements made.
///
/// Of two that overlap the one that begins first is made, of two that begin at one place the shorter, and of two that
/// are the same one; none that doesn't lie within the text. What isn't made is found again in the new text.
pub fn apply(text: &str, fixes: &[Fix]) -> String {
    let mut sorted: Vec<&Fix> = fixes.iter().collect();
    sorted.sort_by_key(|fix| (fix.range.start, fix.range.end, &fix.with));
    sorted.dedup();
    let mut fixed = String::with_capacity(text.len());
    let mut at = 0;
    for fix in sorted {
        if fix.range.start < at || text.get(fix.range.clone()).is_none() {
            continue;
        }
        fixed.push_str(&text[at..fix.range.start]);
        fixed.push_str(&fix.with);
        at = fix.range.end;
    }
    fixed.push_str(&text[at..]);
    fixed
}

/// The text with replacements made until `find` finds none, a limited number of times.
pub fn mend(text: &str, find: impl Fn(&str) -> Vec<Fix>) -> String {
    let mut mended = text.to_owned();
    for _ in 0..ROUNDS {
        let fixes = find(&mended);
        if fixes.is_empty() {
            break;
        }
        mended = apply(&mended, &fixes);
    }
    mended
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Fix, apply, mend};

    fn fix(range: std::ops::Range<usize>, with: &str) -> Fix {
        Fix { range, with: with.into() }
    }

    #[test]
    fn fixes_are_made_in_any_order() {
        for (name, fixes, expected) in [
            ("none", vec![], "abcdé"),
            ("two, unsorted", vec![fix(3..4, "D"), fix(0..1, "AA")], "AAbcDé"),
            ("adjacent", vec![fix(0..1, "x"), fix(1..2, "y")], "xycdé"),
            ("an insertion", vec![fix(1..1, "-")], "a-bcdé"),
            ("overlapping", vec![fix(1..3, "x"), fix(0..2, "y")], "ycdé"),
            ("two insertions at one place", vec![fix(1..1, "2"), fix(1..1, "1")], "a12bcdé"),
            ("the same twice", vec![fix(1..1, "-"), fix(1..1, "-")], "a-bcdé"),
            ("outside", vec![fix(0..9, "x"), fix(5..5, "x"), fix(4..6, "e")], "abcde"),
        ] {
            assert_eq!(apply("abcdé", &fixes), expected, "{name}");
        }
    }

    #[test]
    fn a_text_is_mended_until_nothing_is_found() {
        let find = |text: &str| text.find("ab").map(|at| fix(at..at + 2, "b")).into_iter().collect();
        assert_eq!(mend("aaab", find), "b");
        let never = |text: &str| vec![fix(text.len()..text.len(), "x")];
        assert_eq!(mend("", never).len(), super::ROUNDS);
    }

    proptest! {
        #[test]
        fn no_fix_panics(text in any::<String>(), ranges in prop::collection::vec((0_usize..40, 0_usize..40), 0..8)) {
            let fixes: Vec<Fix> = ranges.into_iter().map(|(from, to)| fix(from..to, "x")).collect();
            let _ = apply(&text, &fixes);
        }
    }
}
