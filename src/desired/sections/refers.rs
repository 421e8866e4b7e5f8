//! Names of what is declared elsewhere: whether it is there, and if not, what was meant.

use crate::desired::block::Read;
use crate::desired::diagnostic::{Code, Draft, code, nearest};

use super::Builder;

/// What a name stands for.
pub(super) struct To {
    code: &'static Code,
    what: &'static str,
    /// How it is declared: the section, and what comes after its name.
    section: &'static str,
    more: &'static str,
}

pub(super) const AGENT: To =
    To { code: code::UNKNOWN_AGENT, what: "agent", section: "agent", more: " kind=\"…\"" };
pub(super) const REPO: To = To { code: code::UNKNOWN_REPO, what: "repository", section: "repo", more: "" };
pub(super) const PIPELINE: To = To {
    code: code::UNKNOWN_PIPELINE,
    what: "pipeline",
    section: "pipeline",
    more: " { intake \"factory:please\"; agents \"…\"; }",
};
pub(super) const MERGE_POLICY: To = To {
    code: code::UNKNOWN_MERGE_POLICY,
    what: "merge policy",
    section: "merge-policy",
    more: " { mode \"on-green\"; require-checks \"…\"; }",
};

/// Complains of a name that isn't declared.
pub(super) fn refers<'a>(
    name: &Read,
    is_declared: impl Fn(&str) -> bool,
    declared: impl Iterator<Item = &'a str>,
    to: &To,
    cx: &mut Builder<'_>,
) {
    let Some(text) = name.text().filter(|text| !is_declared(text)) else { return };
    let help = nearest(text, declared).map_or_else(
        || format!("declare it at the top of any file: `{} {text:?}{}`", to.section, to.more),
        |near| format!("did you mean `{near}`?"),
    );
    let says = format!("there is no {} `{text}` in this config", to.what);
    cx.sink.push(Draft::error(to.code, says).at(name.span, "named here").help(help));
}
