//! What to import: an account or one repository.

use crate::model::RepoName;

use crate::cli::exit::{Exit, Fail};

/// What to import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// All repositories of an account.
    Owner(String),
    /// One repository.
    Repo(RepoName),
}

impl Target {
    /// `OWNER` or `OWNER/REPO`.
    pub(super) fn parse(text: &str) -> Result<Self, Fail> {
        let wrong = |error| {
            Fail::new(Exit::Usage, format!("`{text}` is neither an account nor a repository"))
                .because(error)
                .help("write `acme` for all repositories of an account, `acme/widgets` for one")
        };
        if text.contains('/') {
            return RepoName::parse(text).map(Self::Repo).map_err(wrong);
        }
        // An account's name is good when a repository of it has a good one.
        RepoName::parse(&format!("{text}/x")).map_err(wrong)?;
        Ok(Self::Owner(text.to_owned()))
    }

    /// The account.
    pub(super) fn owner(&self) -> &str {
        match self {
            Self::Owner(owner) => owner,
            Self::Repo(name) => name.owner(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_and_repositories_are_told_apart() {
        for (text, expect) in [
            ("acme", Some("acme")),
            ("acme/widgets", Some("acme")),
            ("acme/", None),
            ("acme/a/b", None),
            ("", None),
            ("-acme", None),
            ("https://github.com/acme", None),
        ] {
            let parsed = Target::parse(text);
            assert_eq!(parsed.as_ref().ok().map(Target::owner), expect, "{text}");
            assert!(parsed.is_ok() || parsed.is_err_and(|fail| fail.exit == Exit::Usage));
        }
    }
}
