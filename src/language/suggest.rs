//! What was probably meant by a word that isn't known.

/// How much of a word two that are close have in common.
const CLOSE: f64 = 0.6;

/// The most bytes of a word that is compared.
const MOST_BYTES: usize = 200;

/// The word among several that is closest to one, if any is close enough; of two as close the first by name.
pub fn closest<'a>(word: &str, among: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > MOST_BYTES {
        return None;
    }
    let word = word.to_lowercase();
    let mut best: Option<(f64, &str)> = None;
    for candidate in among.into_iter().filter(|candidate| candidate.len() <= MOST_BYTES) {
        let ratio = strsim::normalized_damerau_levenshtein(&word, &candidate.to_lowercase());
        let better =
            best.is_none_or(|(known, earlier)| ratio > known || (ratio >= known && candidate < earlier));
        if ratio >= CLOSE && better {
            best = Some((ratio, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// The declared word that is closest to one that isn't declared, as help.
pub fn did_you_mean<'a>(word: &str, declared: impl Iterator<Item = &'a str> + Clone) -> String {
    match (closest(word, declared.clone()), declared.clone().next()) {
        (Some(meant), _) => format!("did you mean `{meant}`?"),
        (None, Some(_)) => format!("write one of {}", listed(declared, usize::MAX)),
        (None, None) => "declare it in `language`".to_owned(),
    }
}

/// Words with commas between them, as many as that.
pub fn listed<T: ToString>(words: impl Iterator<Item = T>, most: usize) -> String {
    let words: Vec<String> = words.map(|word| format!("`{}`", word.to_string())).collect();
    let more = words.len().saturating_sub(most);
    let shown = words[..words.len() - more].join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

#[cfg(test)]
mod tests {
    use super::{closest, did_you_mean};

    #[test]
    fn the_closest_word_is_close() {
        let rows = [
            ("a slip", "Guradian", vec!["Guardian", "Plan"], Some("Guardian")),
            ("nothing alike", "Guard", vec!["Plan", "Apply"], None),
            ("other case", "guard", vec!["Guard"], Some("Guard")),
            ("two letters of five", "gaerg", vec!["guard"], None),
            ("a tie goes to the first by name", "aab", vec!["aac", "aaa"], Some("aaa")),
            ("nothing to choose from", "x", vec![], None),
        ];
        for (name, written, among, expected) in rows {
            assert_eq!(closest(written, among), expected, "{name}");
        }
    }

    #[test]
    fn help_names_what_is_declared() {
        let rows = [
            ("close", "entiti", vec!["entity", "port"], "did you mean `entity`?"),
            ("far", "x", vec!["entity", "port"], "write one of `entity`, `port`"),
            ("nothing", "x", vec![], "declare it in `language`"),
        ];
        for (name, written, declared, expected) in rows {
            assert_eq!(did_you_mean(written, declared.iter().copied()), expected, "{name}");
        }
    }
}
