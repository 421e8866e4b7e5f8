//! `owner/name` of a repository, compared as GitHub does: without regard to case.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

/// A repository's full name, e.g. `acme/widgets`. Keeps the spelling it was given; equality, order and hash
/// ignore ASCII case, as GitHub does.
#[derive(Clone, Debug)]
pub struct RepoName {
    full: Box<str>,
    slash: usize,
}

/// Why a text is not a repository's full name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RepoNameError {
    /// There is not exactly one `/`.
    #[error("`{0}` is not of the form `owner/name`")]
    Form(String),
    /// A part is empty, too long, or has characters that GitHub doesn't allow.
    #[error("`{part}` in `{text}` is not a name that GitHub allows")]
    Part {
        /// The offending part.
        part: String,
        /// The whole text.
        text: String,
    },
}

impl RepoName {
    /// Parses `owner/name`.
    ///
    /// # Errors
    /// When the text is not two allowed names around one slash. Owners: letters, digits and inner hyphens, at
    /// most 39 characters. Names: letters, digits, `-`, `_`, `.`, at most 100, neither `.` nor `..`.
    pub fn parse(text: &str) -> Result<Self, RepoNameError> {
        let Some((owner, name)) = text.split_once('/') else {
            return Err(RepoNameError::Form(text.to_owned()));
        };
        if name.contains('/') {
            return Err(RepoNameError::Form(text.to_owned()));
        }
        let part_error = |part: &str| RepoNameError::Part { part: part.to_owned(), text: text.to_owned() };
        let owner_ok = (1..=39).contains(&owner.len())
            && owner.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !owner.starts_with('-');
        if !owner_ok {
            return Err(part_error(owner));
        }
        let name_ok = (1..=100).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
            && name != "."
            && name != "..";
        if !name_ok {
            return Err(part_error(name));
        }
        Ok(Self { full: text.into(), slash: owner.len() })
    }

    /// The account that owns the repository.
    pub fn owner(&self) -> &str {
        &self.full[..self.slash]
    }

    /// The name without its owner.
    pub fn name(&self) -> &str {
        &self.full[self.slash + 1..]
    }

    /// `owner/name` as it was spelled.
    pub fn as_str(&self) -> &str {
        &self.full
    }
}

impl FromStr for RepoName {
    type Err = RepoNameError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for RepoName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.full)
    }
}

impl PartialEq for RepoName {
    fn eq(&self, other: &Self) -> bool {
        self.full.eq_ignore_ascii_case(&other.full)
    }
}

impl Eq for RepoName {}

impl Hash for RepoName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.full.bytes() {
            state.write_u8(byte.to_ascii_lowercase());
        }
    }
}

impl Ord for RepoName {
    fn cmp(&self, other: &Self) -> Ordering {
        let lower = |byte: u8| byte.to_ascii_lowercase();
        self.full.bytes().map(lower).cmp(other.full.bytes().map(lower))
    }
}

impl PartialOrd for RepoName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl serde::Serialize for RepoName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.full)
    }
}

impl<'de> serde::Deserialize<'de> for RepoName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_github_accepts_and_names_what_it_does_not() {
        for (text, ok) in [
            ("acme/widgets", true),
            ("a/.github", true),
            ("acme-inc/w.x_y-z", true),
            ("acme", false),
            ("acme/", false),
            ("/widgets", false),
            ("acme/a/b", false),
            ("acme/..", false),
            ("-acme/w", false),
            ("acme/w w", false),
        ] {
            assert_eq!(RepoName::parse(text).is_ok(), ok, "{text}");
        }
    }

    #[test]
    fn case_does_not_make_another_repository() {
        let a = RepoName::parse("Acme/Widgets").unwrap();
        let b = RepoName::parse("acme/widgets").unwrap();
        assert_eq!(a, b);
        assert_eq!(a.cmp(&b), Ordering::Equal);
        assert_eq!(a.to_string(), "Acme/Widgets");
    }
}
