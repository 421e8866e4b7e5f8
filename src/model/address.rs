//! Addresses name every managed thing; globs select them.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use super::{Action, LabelName, RepoName, Setting};

/// The address of a managed thing: `repo/acme/widgets/label/bug`, `loop/labels`.
///
/// Segments are separated by `/`; a `/`, `%`, `*` or hidden character inside a name is percent-encoded, so that an
/// address never reads as another one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(Arc<str>);

/// Why a text is not an address or a glob over addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Empty text or an empty segment.
    #[error("`{0}` has an empty segment")]
    Empty(String),
    /// The first segment is not a kind of thing there is.
    #[error("`{0}` doesn't start with one of `repo/`, `loop/`, `term/`")]
    Kind(String),
    /// A repository has no part of that name.
    #[error("a repository has no part `{part}`, so `{glob}` covers nothing; did you mean `{near}`?")]
    Part {
        /// As it was written.
        glob: String,
        /// What there isn't.
        part: String,
        /// What comes closest.
        near: &'static str,
    },
    /// What it names has no parts of its own: a `/` within a name was not written as one.
    #[error("`{glob}` covers nothing; did you mean `{near}`?")]
    Deep {
        /// As it was written.
        glob: String,
        /// What was probably meant.
        near: String,
    },
}

/// The parts of a repository besides its settings.
const PARTS: [&str; 7] = ["label", "branch", "pull", "commit", "task", "issue", "language"];

/// The part of a task for what its runs found.
pub(super) const FOUND: &str = "follow-up";

const KINDS: [&str; 4] = ["repo", "loop", "term", "factory"];

impl Address {
    /// Parses an address as people write it.
    ///
    /// # Errors
    /// When a segment is empty or the first one names no kind.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        check_segments(text)?;
        Ok(Self(text.into()))
    }

    /// `repo/<owner>/<name>`.
    pub fn repo(repo: &RepoName) -> Self {
        Self(format!("repo/{repo}").into())
    }

    /// `loop/<name>`.
    pub fn loop_(name: &str) -> Self {
        Self(format!("loop/{}", escape(name)).into())
    }

    /// The address of a part of this thing: `self/<kind>/<name>`.
    #[must_use]
    pub fn part(&self, kind: &str, name: &str) -> Self {
        Self(format!("{}/{}/{}", self.0, kind, escape(name)).into())
    }

    /// The address of a single field or facet of this thing: `self/<name>`.
    #[must_use]
    pub fn field(&self, name: &str) -> Self {
        Self(format!("{}/{}", self.0, escape(name)).into())
    }

    /// `repo/<owner>/<name>/label/<label>`, in lower case, since GitHub's labels ignore case.
    pub fn label(repo: &RepoName, label: &LabelName) -> Self {
        Self::repo(repo).part("label", &label.key())
    }

    /// `repo/<owner>/<name>/issue/<number>`.
    pub fn issue(repo: &RepoName, number: u64) -> Self {
        Self::repo(repo).part("issue", &number.to_string())
    }

    /// The repository this address lies in, if it lies in one.
    pub fn repo_name(&self) -> Option<RepoName> {
        let mut parts = self.0.split('/');
        if parts.next() != Some("repo") {
            return None;
        }
        let (owner, name) = (parts.next()?, parts.next()?);
        RepoName::parse(&format!("{owner}/{name}")).ok()
    }

    /// Which follow-up it is of, by its repository and digest, if it is of one.
    pub fn follow_up(&self) -> Option<(RepoName, &str)> {
        let [_, _, _, "task", _, FOUND, digest] = self.0.split('/').collect::<Vec<_>>()[..] else {
            return None;
        };
        Some((self.repo_name()?, digest))
    }

    /// What follows the address of `thing`, as people name it: `label/area/core` for `…/label/area%2Fcore`.
    pub fn below(&self, thing: &Self) -> Option<String> {
        let rest = self.0.strip_prefix(&*thing.0)?.strip_prefix('/')?;
        Some(rest.split('/').map(unescape).collect::<Vec<_>>().join("/"))
    }

    /// Whether it is that of a thing, or of a part of it.
    pub fn is_at_or_below(&self, thing: &Self) -> bool {
        self == thing || self.0.strip_prefix(&*thing.0).is_some_and(|rest| rest.starts_with('/'))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn check_segments(text: &str) -> Result<(), AddressError> {
    let mut segments = text.split('/');
    let kind = segments.next().unwrap_or_default();
    if text.is_empty() || text.split('/').any(str::is_empty) {
        return Err(AddressError::Empty(text.to_owned()));
    }
    if KINDS.contains(&kind) || kind.contains('*') {
        Ok(())
    } else {
        Err(AddressError::Kind(text.to_owned()))
    }
}

fn unescape(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail.get(..2).filter(|_| *first == b'%').and_then(|h| hex::decode(h).ok());
        match hex {
            Some(byte) => {
                bytes.extend(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| segment.to_owned())
}

/// Whether a character is one that a reader can't see and that could move a cursor, reorder a line or make two
/// names look alike.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

pub(super) fn escape(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if matches!(c, '/' | '%' | '*') || is_hidden(c) {
            let mut buffer = [0; 4];
            for byte in c.encode_utf8(&mut buffer).bytes() {
                let _ = write!(out, "%{byte:02X}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl serde::Serialize for Address {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Address {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// A pattern over addresses: `*` matches within a segment, `**` any number of segments. Case is ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressGlob {
    text: String,
    segments: Vec<String>,
}

impl AddressGlob {
    /// Parses a glob.
    ///
    /// # Errors
    /// As for [`Address::parse`], and when it names a part that a repository doesn't have: whoever holds something back by
    /// a mistyped address would believe that it is held.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        check_segments(text)?;
        let segments: Vec<String> = text.split('/').map(str::to_lowercase).collect();
        if let [kind, owner, name, part, ..] = segments.as_slice()
            && kind == "repo"
            && owner != "**"
            && name != "**"
            && let Some(near) = no_part(part)
        {
            return Err(AddressError::Part { glob: text.to_owned(), part: part.clone(), near });
        }
        if let Some(near) = too_deep(text) {
            return Err(AddressError::Deep { glob: text.to_owned(), near });
        }
        Ok(Self { text: text.to_owned(), segments })
    }

    /// Whether the glob selects this address.
    pub fn matches(&self, address: &Address) -> bool {
        let lower = address.as_str().to_lowercase();
        let parts: Vec<&str> = lower.split('/').collect();
        match_segments(&self.segments, &parts)
    }

    /// Whether the glob can cover this repository or something in it.
    pub fn may_touch(&self, repo: &RepoName) -> bool {
        self.reaches(&Address::repo(repo))
    }

    /// Whether the glob can cover this or something in it.
    pub(super) fn reaches(&self, address: &Address) -> bool {
        let lower = address.as_str().to_lowercase();
        let parts: Vec<&str> = lower.split('/').collect();
        reaches(&self.segments, &parts)
    }

    /// The pattern for the names of such a part of repositories, a label or a task, where the glob is for those and
    /// nothing else.
    pub(super) fn named(&self, kind: &str) -> Option<&str> {
        match self.segments.as_slice() {
            [repo, owner, name, part, pattern, ..]
                if repo == "repo" && owner != "**" && name != "**" && part == kind && pattern != "**" =>
            {
                Some(pattern)
            }
            _ => None,
        }
    }

    /// Whether the glob covers anything that an action changes.
    pub fn covers_part_of(&self, action: &Action) -> bool {
        action.touches().any(|address| self.covers(&address))
    }

    /// Whether the glob selects this address or something below it: `repo/acme/widgets` covers its labels.
    pub fn covers(&self, address: &Address) -> bool {
        let lower = address.as_str().to_lowercase();
        let parts: Vec<&str> = lower.split('/').collect();
        (1..=parts.len()).any(|n| match_segments(&self.segments, &parts[..n]))
    }
}

impl fmt::Display for AddressGlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether the pattern can match the parts, something above them that covers them, or something below them.
fn reaches(pattern: &[String], parts: &[&str]) -> bool {
    match (pattern.split_first(), parts.split_first()) {
        (None, _) | (_, None) => true,
        (Some((p, _)), _) if p == "**" => true,
        (Some((p, rest)), Some((part, parts))) => match_star(p, part) && reaches(rest, parts),
    }
}

/// What was probably meant by a glob below something that has nothing below it: a label whose name has a `/` in it, or a
/// setting.
fn too_deep(text: &str) -> Option<String> {
    let segments: Vec<&str> = text.trim_end_matches("/**").split('/').collect();
    let [kind, owner, name, part, below @ ..] = segments.as_slice() else { return None };
    if *kind != "repo" || [owner, name].iter().any(|segment| **segment == "**") || part.contains('*') {
        return None;
    }
    let (takes, joined) = match part.to_lowercase().as_str() {
        "label" => (1, format!("/{}", below.join("%2F"))),
        "branch" | "pull" | "commit" | "task" | "issue" | "language" => return None,
        _ => (0, String::new()),
    };
    let deep = below.len() > takes && !below.contains(&"**");
    deep.then(|| format!("{kind}/{owner}/{name}/{part}{joined}"))
}

/// What comes closest to a part of a repository that there isn't; `None` when there is.
fn no_part(part: &str) -> Option<&'static str> {
    let all = || PARTS.into_iter().chain(Setting::ALL.iter().map(|setting| setting.name()));
    if all().any(|known| match_star(part, known)) {
        return None;
    }
    all().min_by_key(|known| strsim::damerau_levenshtein(known, part))
}

fn match_segments(pattern: &[impl AsRef<str>], parts: &[&str]) -> bool {
    match (pattern.split_first(), parts.split_first()) {
        (None, None) => true,
        (Some((p, rest)), _) if p.as_ref() == "**" => {
            (0..=parts.len()).any(|skip| match_segments(rest, &parts[skip..]))
        }
        (Some((p, rest)), Some((part, parts))) => match_star(p.as_ref(), part) && match_segments(rest, parts),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// Whether `text` matches `pattern`, in which each `*` stands for any run of characters.
pub(crate) fn match_star(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(first) = pieces.next() else { return text.is_empty() };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let pieces: Vec<&str> = pieces.collect();
    let Some((last, middle)) = pieces.split_last() else { return rest.is_empty() };
    for piece in middle {
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Whether a path from the root of a repository matches a glob, in which `*` stands for anything but `/`, and a part
/// `**` for any number of parts. Case counts.
pub(crate) fn match_path(glob: &str, path: &str) -> bool {
    match_segments(&glob.split('/').collect::<Vec<_>>(), &path.split('/').collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_below_what_has_no_parts_is_refused_with_what_was_meant() {
        for (glob, near) in [
            ("repo/acme/widgets/label/kind/bug", Some("repo/acme/widgets/label/kind%2Fbug")),
            ("repo/acme/widgets/label/a/b/c", Some("repo/acme/widgets/label/a%2Fb%2Fc")),
            ("repo/acme/*/label/kind/*", Some("repo/acme/*/label/kind%2F*")),
            ("repo/acme/widgets/description/x", Some("repo/acme/widgets/description")),
            ("repo/acme/widgets/archived/now", Some("repo/acme/widgets/archived")),
            ("repo/acme/widgets/label/kind%2Fbug", None),
            ("repo/acme/widgets/label/*", None),
            ("repo/acme/widgets/label/**", None),
            ("repo/acme/widgets/label/bug/**", None),
            ("repo/acme/widgets/label/**/x", None),
            ("repo/acme/widgets/has-wiki", None),
            ("repo/acme/widgets/branch/factory%2Fflip", None),
            ("repo/acme/widgets/issue/7", None),
            ("repo/acme/widgets/issue/*/implement", None),
            ("repo/**/label/kind/bug", None),
        ] {
            let meant = match AddressGlob::parse(glob) {
                Err(AddressError::Deep { near, .. }) => Some(near),
                Err(other) => panic!("{glob}: {other}"),
                Ok(_) => None,
            };
            assert_eq!(meant.as_deref(), near, "{glob}");
        }
    }

    #[test]
    fn paths_match_by_part() {
        for (glob, path, expect) in [
            ("README.md", "README.md", true),
            ("README.md", "readme.md", false),
            ("README.md", "docs/README.md", false),
            ("docs/**", "docs/a/b.md", true),
            ("docs/*", "docs/a/b.md", false),
            ("**/*.md", "docs/a/b.md", true),
            ("**/*.md", "b.md", true),
            ("docs/**", "docs2/a", false),
            ("**", "any/where", true),
            ("", "a", false),
        ] {
            assert_eq!(match_path(glob, path), expect, "{glob} {path}");
        }
    }

    #[test]
    fn globs_select_by_segment() {
        for (glob, address, expect) in [
            ("repo/acme/*", "repo/acme/widgets", true),
            ("repo/acme/*", "repo/acme/widgets/label/bug", false),
            ("repo/acme/**", "repo/acme/widgets/label/bug", true),
            ("repo/acme/**", "repo/acme", true),
            ("**", "loop/labels", true),
            ("repo/*/w*s/label/*", "repo/acme/widgets/label/bug", true),
            ("repo/*/w*x/label/*", "repo/acme/widgets/label/bug", false),
            ("repo/ACME/widgets", "repo/acme/Widgets", true),
            ("repo/**/label/b*g", "repo/acme/widgets/label/bug", true),
        ] {
            let glob = AddressGlob::parse(glob).unwrap();
            assert_eq!(glob.matches(&Address::parse(address).unwrap()), expect, "{glob} ~ {address}");
        }
    }

    #[test]
    fn a_glob_reaches_only_the_repositories_it_can_say_something_of() {
        let repo = RepoName::parse("acme/widgets").unwrap();
        for (glob, expect) in [
            ("repo/acme/widgets", true),
            ("repo/acme/widgets/**", true),
            ("repo/acme/widgets/label/bug", true),
            ("repo/acme/gears/**", false),
            ("repo/acme/gears/label/*", false),
            ("repo/acme", true),
            ("repo/**", true),
            ("repo/*/w*/label/bug", true),
            ("repo/*/g*/label/bug", false),
            ("**/label/bug", true),
            ("loop/labels", false),
        ] {
            assert_eq!(AddressGlob::parse(glob).unwrap().may_touch(&repo), expect, "{glob}");
        }
    }

    #[test]
    fn a_parent_covers_its_parts() {
        let glob = AddressGlob::parse("repo/acme/widgets").unwrap();
        assert!(glob.covers(&Address::parse("repo/acme/widgets/label/bug").unwrap()));
        assert!(!glob.covers(&Address::parse("repo/acme/widgets2").unwrap()));
    }

    #[test]
    fn a_name_with_a_slash_stays_one_segment() {
        let repo = RepoName::parse("acme/widgets").unwrap();
        let label = LabelName::parse("area/core*").unwrap();
        assert_eq!(Address::label(&repo, &label).as_str(), "repo/acme/widgets/label/area%2Fcore%2A");
    }

    proptest::proptest! {
        #[test]
        fn what_is_escaped_is_one_segment_and_comes_back(name in "\\PC{0,20}|[/%*\\u{0}-\\u{20}a\\u{202e}]{1,8}") {
            let repo = Address::parse("repo/acme/widgets").unwrap();
            let part = repo.part("label", &name);
            proptest::prop_assert_eq!(part.as_str().split('/').count(), 5);
            proptest::prop_assert!(!part.as_str().chars().any(is_hidden));
            proptest::prop_assert_eq!(part.below(&repo), Some(format!("label/{name}")));
        }
    }

    #[test]
    fn malformed_addresses_say_why() {
        assert!(matches!(Address::parse("repo//x"), Err(AddressError::Empty(_))));
        assert!(matches!(Address::parse("rpo/acme/x"), Err(AddressError::Kind(_))));
    }
}
