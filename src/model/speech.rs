//! What the factory's own words on GitHub are known by.

/// The name of the check run or commit status that says whether a commit of the config is valid.
pub const PLAN_CHECK: &str = "factoryctl/plan";

/// How every comment of the config review begins; the number of its part follows.
pub const REVIEW_MARKER: &str = "<!-- factoryctl:config-review ";
