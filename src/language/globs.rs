//! Patterns of paths, as config has them.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// Patterns in which `*` stops at `/` and `**` doesn't. One that can't be read is left out: config says so.
pub fn globs(patterns: &[String]) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    for glob in patterns.iter().filter_map(|it| GlobBuilder::new(it).literal_separator(true).build().ok()) {
        set.add(glob);
    }
    set.build().unwrap_or_else(|_| GlobSet::empty())
}
