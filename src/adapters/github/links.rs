//! Paths: the `Link` header reduced to the base's own paths, names made fit for a path, what a write touches.
//!
//! A link is followed on the base's host only and never as the absolute URL it comes as, so a credential
//! can't be sent to another host.

use std::fmt::Write;

use url::Url;

/// The pages that an answer points to, as path and query below the base.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links {
    /// The page after this one; nothing on the last.
    pub next: Option<String>,
    /// The last page, where GitHub numbers them.
    pub last: Option<String>,
}

impl Links {
    /// Reads a `Link` header; a link to elsewhere is an error that names it.
    pub(super) fn parse(header: &str, base: &Url) -> Result<Self, String> {
        let mut links = Self::default();
        for link in split_links(header) {
            let Some((target, parameters)) = link else { continue };
            let relation = parameters
                .split(';')
                .filter_map(|parameter| parameter.trim().strip_prefix("rel="))
                .map(|relation| relation.trim_matches('"'))
                .next();
            let place = match relation {
                Some("next") => &mut links.next,
                Some("last") => &mut links.last,
                _ => continue,
            };
            *place = Some(below(base, target).ok_or_else(|| target.to_owned())?);
        }
        Ok(links)
    }
}

/// The `<target>; parameters` pairs of a header; a comma inside the brackets doesn't separate.
fn split_links(header: &str) -> impl Iterator<Item = Option<(&str, &str)>> {
    header
        .split('<')
        .skip(1)
        .map(|part| part.split_once('>').map(|(target, rest)| (target, rest.trim_end_matches([',', ' ']))))
}

/// The path and query of `target` below `base`, or nothing where it is on another host or outside.
pub(super) fn below(base: &Url, target: &str) -> Option<String> {
    let target = base.join(target).ok()?;
    if target.origin() != base.origin() {
        return None;
    }
    let prefix = base.path().trim_end_matches('/');
    let path = target.path().strip_prefix(prefix).filter(|path| path.starts_with('/'))?;
    Some(match target.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    })
}

/// Splits a path from its query.
pub(super) fn split_query(path: &str) -> (&str, &str) {
    path.split_once('?').unwrap_or((path, ""))
}

/// The path of the collection that `path` is a member of.
pub(super) fn collection(path: &str) -> Option<&str> {
    path.rsplit_once('/').map(|(parent, _)| parent).filter(|parent| !parent.is_empty())
}

/// `path` with `name=value` in its query, unless it has a `name` already.
pub(super) fn with_parameter(path: &str, name: &str, value: &str) -> String {
    let (bare, query) = split_query(path);
    let given = query.split('&').any(|pair| pair.split('=').next() == Some(name));
    match (given, query.is_empty()) {
        (true, _) => path.to_owned(),
        (false, true) => format!("{bare}?{name}={value}"),
        (false, false) => format!("{path}&{name}={value}"),
    }
}

/// Makes a name fit for one segment of a path: everything but letters, digits and `-._~` is percent-encoded.
///
/// A name of dots only would be taken for a step in the tree, so its dots are encoded too.
pub fn segment(name: &str) -> String {
    let dots = !name.is_empty() && name.bytes().all(|byte| byte == b'.');
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        let plain =
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') || (byte == b'.' && !dots);
        if plain {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("a String takes all that is written");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn base(url: &str) -> Url {
        url.parse().unwrap()
    }

    #[test]
    fn links_are_reduced_to_paths_below_the_base() {
        let rows = [
            (
                "https://api.github.com",
                r#"<https://api.github.com/repositories/1/labels?per_page=2&page=2>; rel="next", <https://api.github.com/repositories/1/labels?per_page=2&page=9>; rel="last""#,
                Ok((
                    Some("/repositories/1/labels?per_page=2&page=2"),
                    Some("/repositories/1/labels?per_page=2&page=9"),
                )),
            ),
            (
                "https://ghe.test/api/v3/",
                r#"<https://ghe.test/api/v3/user/repos?a=1,2>; rel="next""#,
                Ok((Some("/user/repos?a=1,2"), None)),
            ),
            ("http://h:1", r#"<http://h:1/x?page=1>; rel="prev""#, Ok((None, None))),
            ("http://h:1", r"</x?page=3>; rel=next", Ok((Some("/x?page=3"), None))),
            ("http://h:1", "", Ok((None, None))),
            ("http://h:1", "<broken; rel=next", Ok((None, None))),
            ("http://h:1", r#"<http://evil:1/x>; rel="next""#, Err("http://evil:1/x")),
            ("http://h:1", r#"<http://h:2/x>; rel="next""#, Err("http://h:2/x")),
            (
                "https://ghe.test/api/v3",
                r#"<https://ghe.test/login>; rel="next""#,
                Err("https://ghe.test/login"),
            ),
        ];
        for (at, header, expected) in rows {
            let expected = expected
                .map(|(next, last)| Links { next: next.map(str::to_owned), last: last.map(str::to_owned) })
                .map_err(str::to_owned);
            assert_eq!(Links::parse(header, &base(at)), expected, "{header}");
        }
    }

    #[test]
    fn parameters_are_added_once() {
        assert_eq!(with_parameter("/a", "per_page", "100"), "/a?per_page=100");
        assert_eq!(with_parameter("/a?x=1", "per_page", "100"), "/a?x=1&per_page=100");
        assert_eq!(with_parameter("/a?per_page=5", "per_page", "100"), "/a?per_page=5");
    }

    proptest! {
        #[test]
        fn a_segment_stays_one_segment_and_can_be_read_back(name in "\\PC{1,20}") {
            let url = base("http://h/").join(&format!("/labels/{}/end", segment(&name))).unwrap();
            let parts: Vec<_> = url.path_segments().unwrap().collect();
            // A URL steps out of `..` even when it is encoded; GitHub allows no such names.
            if !matches!(name.as_str(), "." | "..") {
                prop_assert_eq!(parts.len(), 3);
                let bytes: Vec<u8> = unescape(parts[1]);
                prop_assert_eq!(String::from_utf8(bytes).unwrap(), name);
            }
        }

        #[test]
        fn no_header_makes_a_path_outside_the_base(header in "(<[a-z:/.?=]{0,20}>; rel=\"(next|last)\",? ?){0,3}") {
            if let Ok(links) = Links::parse(&header, &base("http://h/api/v3")) {
                for path in [links.next, links.last].into_iter().flatten() {
                    prop_assert!(path.starts_with('/'));
                }
            }
        }
    }

    fn unescape(text: &str) -> Vec<u8> {
        let mut bytes = text.bytes();
        let mut out = Vec::new();
        while let Some(byte) = bytes.next() {
            if byte == b'%' {
                let pair = [bytes.next().unwrap(), bytes.next().unwrap()];
                out.push(u8::from_str_radix(std::str::from_utf8(&pair).unwrap(), 16).unwrap());
            } else {
                out.push(byte);
            }
        }
        out
    }
}
