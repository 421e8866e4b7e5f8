//! Patterns of paths, as config has them.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::model::language::Anchor;

/// Patterns in which `*` stops at `/` and `**` doesn't. One that can't be read is left out: config says so.
pub fn globs(patterns: &[String]) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    for glob in patterns.iter().filter_map(|it| GlobBuilder::new(it).literal_separator(true).build().ok()) {
        set.add(glob);
    }
    set.build().unwrap_or_else(|_| GlobSet::empty())
}

/// Whether code is among that which gets no term: by its anchor, or with all of its file.
pub fn is_termless(without: &GlobSet, anchor: &Anchor) -> bool {
    without.is_match(anchor.to_string()) || without.is_match(anchor.path())
}
