//! The words by which a pull request closes issues when it is merged into the default branch.

use super::{Tx, issues};
use crate::twin::door::failure::Failure;
use crate::twin::world::IssueState;

/// GitHub's keywords.
const WORDS: [&str; 9] =
    ["close", "closes", "closed", "fix", "fixes", "fixed", "resolve", "resolves", "resolved"];

/// An issue named after a keyword.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    /// `owner/name`; the same repository when unset.
    pub(crate) repo: Option<String>,
    pub(crate) number: u64,
}

/// The issues that a text says it closes: `Closes #1`, `fixes: acme/widgets#2`. Code is not looked into.
pub(crate) fn named(text: &str) -> Vec<Named> {
    let mut found: Vec<Named> = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        for pair in words.windows(2) {
            let [word, target] = pair else { continue };
            let word = word.trim_start_matches(|c: char| !c.is_alphanumeric()).trim_end_matches(':');
            let Some(one) = issue(target) else { continue };
            if WORDS.contains(&word.to_lowercase().as_str()) && !found.contains(&one) {
                found.push(one);
            }
        }
    }
    found
}

/// `#1` or `owner/name#1`, whatever follows.
fn issue(word: &str) -> Option<Named> {
    let (repo, rest) = word.split_once('#')?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let follows = rest[digits.len()..].chars().next();
    if follows.is_some_and(|c| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let repo = if repo.is_empty() { None } else { Some(repo.split_once('/').map(|_| repo.to_owned())?) };
    Some(Named { repo, number: digits.parse().ok()? })
}

/// A pull request was merged into the default branch: closes what it says it closes.
pub(crate) fn after_merge(tx: &mut Tx<'_>, repo_id: u64, number: u64) -> Result<(), Failure> {
    let repo = tx.repo(repo_id)?;
    let body = repo.issues.get(&number).and_then(|issue| issue.body.clone()).unwrap_or_default();
    for one in named(&body) {
        let target = match one.repo.as_deref().and_then(|name| name.split_once('/')) {
            Some((owner, name)) => tx.world.repo(owner, name).cloned(),
            None => Some(std::sync::Arc::clone(&repo)),
        };
        let open = target.filter(|target| {
            let issue = target.issues.get(&one.number);
            issue.is_some_and(|issue| issue.pull.is_none() && issue.state == IssueState::Open)
        });
        if let Some(target) = open {
            let by = Some((repo_id, number));
            issues::set_state(tx, target.id, one.number, IssueState::Closed, None, by)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn keywords_name_issues() {
        for (text, expected) in [
            ("Closes #1", "#1"),
            ("This fixes #2, resolves: #3.", "#2 #3"),
            ("(CLOSED acme/widgets#4)", "acme/widgets#4"),
            ("Fix #5 and #6", "#5"),
            ("See #7; closes nothing", ""),
            ("encloses #8", ""),
            ("closes #9a", ""),
            ("```\ncloses #10\n```\nfixed #11\nfixed #11", "#11"),
            ("closes x#12", ""),
        ] {
            let told =
                named(text).into_iter().map(|one| format!("{}#{}", one.repo.unwrap_or_default(), one.number));
            assert_eq!(told.collect::<Vec<_>>().join(" "), expected, "{text}");
        }
    }
}
