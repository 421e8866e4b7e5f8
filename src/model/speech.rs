//! What the factory's own words on GitHub are known by.

use std::collections::BTreeSet;

/// The name of the check run or commit status that says whether a commit of the config is valid.
pub const PLAN_CHECK: &str = "factoryctl/plan";

/// How every comment of the config review begins; the number of its part follows.
pub const REVIEW_MARKER: &str = "<!-- factoryctl:config-review ";

/// The line with which the comment begins that says what a pull request means for the language.
pub const MEANING_MARKER: &str = "<!-- factoryctl:language-review -->";

/// Whether two comments are the same to a reader; line ends and the white space at the end are not ours alone.
pub fn same_text(there: &str, wanted: &str) -> bool {
    there.trim_end().lines().eq(wanted.trim_end().lines())
}

/// What stands around the digest of a follow-up, on a line of its own in the issue that was opened for it.
const FOLLOW_UP: (&str, &str) = ("<!-- factoryctl:follow-up ", " -->");

/// The line by which the issue of a follow-up is known.
pub fn follow_up_marker(digest: &str) -> String {
    format!("{}{digest}{}", FOLLOW_UP.0, FOLLOW_UP.1)
}

/// The digests of the follow-ups that a body is marked with. Words that are quoted in it are indented, and no marker.
pub fn follow_ups_marked(body: &str) -> BTreeSet<String> {
    let digest =
        |line: &str| Some(line.trim_end().strip_prefix(FOLLOW_UP.0)?.strip_suffix(FOLLOW_UP.1)?.to_owned());
    body.lines().filter_map(digest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_a_line_of_its_own() {
        let (one, two) = (follow_up_marker("1"), follow_up_marker("2"));
        let body = format!("Words.\r\n\r\n    {one}\r\n said {one}\n\n{two}\r\n");
        assert_eq!(follow_ups_marked(&body), BTreeSet::from(["2".to_owned()]));
    }
}
