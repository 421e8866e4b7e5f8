//! The words of a commit by which GitHub closes issues once it is on the default branch: an agent must close none but its own,
//! whatever the text that it works on says.
//!
//! The words and forms are those of GitHub's documentation, "Linking a pull request to an issue".

use crate::model::RepoName;

/// The words.
const WORDS: [&str; 9] =
    ["close", "closes", "closed", "fix", "fixes", "fixed", "resolve", "resolves", "resolved"];

/// The first such words of a message that name another issue than this one: `Fixes #6`.
pub(super) fn closes_another(message: &str, repo: &RepoName, number: u64) -> Option<String> {
    let words: Vec<&str> = message.split_whitespace().collect();
    words.windows(2).find_map(|pair| {
        let [word, named] = pair else { return None };
        let word = word.trim_start_matches(|c: char| !c.is_alphanumeric());
        let bare = word.strip_suffix(':').unwrap_or(word).to_lowercase();
        let (of, issue) = WORDS.contains(&bare.as_str()).then(|| issue(named)).flatten()?;
        let is_own = issue == number && of.is_none_or(|of| of.eq_ignore_ascii_case(repo.as_str()));
        (!is_own).then(|| format!("{word} {named}"))
    })
}

/// The issue that a word names, and its repository where it names that: `#6`, `GH-6`, `acme/anvil#6`, the address of one.
fn issue(word: &str) -> Option<(Option<String>, u64)> {
    let word = word.trim_start_matches(|c: char| !(c.is_alphanumeric() || c == '#'));
    let number = |rest: &str| {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..digits].parse::<u64>().ok()
    };
    let lower = word.to_lowercase();
    if let Some(rest) = lower.strip_prefix("gh-") {
        return Some((None, number(rest)?));
    }
    if let Some((of, rest)) = word.split_once('#')
        && !of.contains(':')
    {
        return Some(((!of.is_empty()).then(|| of.to_owned()), number(rest)?));
    }
    let path = lower.split_once("://").map(|(_, rest)| rest)?;
    let mut parts = path.split('/').skip(1);
    let (owner, name, kind, last) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_issue = matches!(kind, "issues" | "pull");
    is_issue.then(|| Some((Some(format!("{owner}/{name}")), number(last)?))).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_issues_that_a_message_would_close_are_found() {
        let repo = RepoName::parse("acme/anvil").unwrap();
        for (message, expected) in [
            ("Sharpen it\n\nFixes #7", None),
            ("Fixes Acme/Anvil#7 and closes GH-7.", None),
            ("Fixes https://github.com/acme/anvil/issues/7", None),
            ("See #6; it fixes nothing. Close to #5.", None),
            ("Prefixes #6 fix#6", None),
            ("Fixes #6", Some("Fixes #6")),
            ("a (resolves: #6)", Some("resolves: #6)")),
            ("closes\nacme/bolt#7", Some("closes acme/bolt#7")),
            ("FIXED gh-6", Some("FIXED gh-6")),
            (
                "closed https://github.com/acme/bolt/pull/7#x",
                Some("closed https://github.com/acme/bolt/pull/7#x"),
            ),
            ("Fixes #7, fixes #70", Some("fixes #70")),
        ] {
            assert_eq!(closes_another(message, &repo, 7).as_deref(), expected, "{message}");
        }
    }
}
