//! Names and titles as file names.

/// The most characters of the slug of a title; it ends with a whole word.
const MOST: usize = 60;

/// The slug of a name: words in small letters with `-` between them.
///
/// A word begins where a capital follows a small letter, and at the last capital of an acronym that a small letter
/// follows (`ADRCouncil` is `adr-council`). All else that is neither letter nor digit separates words. Letters of
/// every script count, so a name in one of them has a slug too; a name without letters and digits has an empty one.
pub fn of_name(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut slug = String::with_capacity(name.len());
    for (at, &c) in chars.iter().enumerate() {
        if begins_word(&chars, at) {
            separate(&mut slug);
        }
        for small in c.to_lowercase() {
            if small.is_alphanumeric() {
                slug.push(small);
            } else {
                separate(&mut slug);
            }
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

/// A title as a part of a file name: small letters, digits, and `-` for all else; none where nothing is left.
///
/// Letters beyond a to z are left out, so that the name can be typed anywhere.
pub fn of_title(title: &str) -> Option<String> {
    let mut slug = String::new();
    let lower = title.to_lowercase().replace(['\'', '’'], "");
    for word in lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        let hyphen = usize::from(!slug.is_empty());
        if slug.len() + hyphen + word.len() > MOST {
            if slug.is_empty() {
                slug.push_str(&word[..MOST]);
            }
            break;
        }
        if hyphen == 1 {
            slug.push('-');
        }
        slug.push_str(word);
    }
    if slug.is_empty() { None } else { Some(slug) }
}

fn begins_word(chars: &[char], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).map(|before| chars[before]) else { return false };
    let ends_acronym = is_capital(before) && chars.get(at + 1).is_some_and(|next| next.is_lowercase());
    is_capital(chars[at]) && (before.is_lowercase() || ends_acronym)
}

/// Whether a letter has a small form: some capitals of mathematics have none.
fn is_capital(c: char) -> bool {
    !c.to_lowercase().eq([c])
}

fn separate(slug: &mut String) {
    if !slug.is_empty() && !slug.ends_with('-') {
        slug.push('-');
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{MOST, of_name, of_title};

    #[test]
    fn names_as_file_names() {
        for (name, expected) in [
            ("Change budget", "change-budget"),
            ("ChangeBudget", "change-budget"),
            ("ADRCouncilReviewer", "adr-council-reviewer"),
            ("AdrTouchpointAuditorLoop", "adr-touchpoint-auditor-loop"),
            ("CIMonitorLoop", "ci-monitor-loop"),
            ("BotPRPort", "bot-pr-port"),
            ("PRPort", "pr-port"),
            ("ADR", "adr"),
            ("GitHubCacheLoop", "git-hub-cache-loop"),
            ("L24Loop", "l24loop"),
            ("  a -- b_c  ", "a-b-c"),
            ("C++", "c"),
            ("Prüfung Ärger", "prüfung-ärger"),
            ("…", ""),
            ("", ""),
        ] {
            assert_eq!(of_name(name), expected, "{name}");
        }
    }

    #[test]
    fn titles_as_file_names() {
        let long = "word ".repeat(30);
        let rows = [
            ("words", "An issue's phase: derived!", Some("an-issues-phase-derived")),
            ("letters that no name has", "Größe — 2", Some("gr-e-2")),
            ("none at all", "…—", None),
            (
                "many words",
                long.as_str(),
                Some("word-word-word-word-word-word-word-word-word-word-word-word"),
            ),
        ];
        for (name, title, expected) in rows {
            assert_eq!(of_title(title).as_deref(), expected, "{name}");
        }
        assert_eq!(of_title(&"w".repeat(99)).unwrap().len(), MOST);
    }

    proptest! {
        #[test]
        fn a_slug_is_its_own_slug(name in any::<String>()) {
            let once = of_name(&name);
            prop_assert_eq!(of_name(&once), once.clone());
            prop_assert!(!once.starts_with('-') && !once.ends_with('-') && !once.contains("--"));
        }
    }
}
