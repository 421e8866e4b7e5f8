//! Whether what `protect` and `allow` name is there: an address of a repository that config doesn't declare, usually a
//! misspelt one, protects nothing and lets nothing through.

use crate::desired::block::Block;
use crate::desired::diagnostic::{Draft, code, nearest};
use crate::desired::text::{Span, shorten};
use crate::model::{AddressGlob, Desired, RepoName};

use super::Builder;
use super::allow::ALLOW;
use super::factory::{FACTORY, PROTECT};

/// Warns of every address under `repo/` that reaches no repository of this config. A config that declares none yet
/// is not judged.
pub(super) fn warn(root: &[Block], desired: &Desired, cx: &mut Builder<'_>) {
    let own = desired.factory.config.as_ref().map(|config| &config.value);
    let managed: Vec<&RepoName> = desired.repos.keys().chain(own).collect();
    if desired.repos.is_empty() {
        return;
    }
    let of = |name: &'static str| root.iter().filter(move |block| block.kind.name == name);
    let protects = of(FACTORY.name).flat_map(|factory| factory.each(PROTECT.name));
    let protected = protects.map(|protect| (PROTECT.name, protect.key(), protect.key_span()));
    let allowed = of(ALLOW.name).filter_map(|allow| {
        let (text, span) = allow.text("address")?;
        Some((ALLOW.name, text, span))
    });
    for (kind, text, span) in protected.chain(allowed) {
        one(kind, text, span, &managed, cx);
    }
}

fn one(kind: &str, text: &str, at: Span, managed: &[&RepoName], cx: &mut Builder<'_>) {
    let Ok(glob) = AddressGlob::parse(text) else { return };
    let Some(rest) = text.strip_prefix("repo/") else { return };
    if managed.iter().any(|repo| glob.may_touch(repo)) {
        return;
    }
    // Owner and name, and what is below them.
    let end = rest.match_indices('/').nth(1).map_or(rest.len(), |(at, _)| at);
    let (named, below) = rest.split_at(end);
    let help = match nearest(named, managed.iter().map(|repo| repo.as_str())) {
        Some(near) => format!("did you mean `repo/{near}{}`?", shorten(below)),
        None if named.contains('*') => "name repositories that config declares: `repo/OWNER/NAME`".to_owned(),
        None => format!(
            "declare it, `repo {:?}`, or remove this: what isn't declared isn't changed",
            shorten(named)
        ),
    };
    let says = format!("`{kind}` names `{}`, which covers no repository that config declares", shorten(text));
    cx.sink.push(Draft::warning(code::NO_EFFECT, says).at(at, "has no effect").help(help));
}
