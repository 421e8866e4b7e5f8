//! "Did you mean".

/// The candidate that `word` most probably stands for, if one is near enough.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = fold(word);
    let allowed = match wanted.chars().count() {
        0..3 => 0,
        n => (n / 3).min(4),
    };
    candidates
        .into_iter()
        .map(|candidate| {
            let folded = fold(candidate);
            // What someone began to write, or wrote at too great length, counts as near.
            let half = wanted.len().max(folded.len()) / 2;
            let part = wanted.len() >= 4
                && wanted.len().abs_diff(folded.len()) <= half
                && (folded.starts_with(&wanted) || wanted.starts_with(&folded));
            let distance = strsim::damerau_levenshtein(&wanted, &folded);
            (if part { distance.min(1) } else { distance }, candidate)
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `delete_branch_on_merge`, `deleteBranchOnMerge` and `delete-branch-on-merge` are one.
fn fold(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let words = ["labels", "label-set", "loop", "delete-branch-on-merge", "visibility"];
        for (word, expect) in [
            ("lables", Some("labels")),
            ("delete_branch_on_merge", Some("delete-branch-on-merge")),
            ("visiblity", Some("visibility")),
            ("labelset", Some("label-set")),
            ("visib", Some("visibility")),
            ("ruleset", None),
            ("x", None),
        ] {
            assert_eq!(nearest(word, words), expect, "{word}");
        }
    }
}
