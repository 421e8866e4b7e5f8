//! Where a name that doesn't belong here does belong.

use super::diagnostic::nearest;
use super::shape::Kind;

/// The kinds under which a name is known, as "in `a`", with what they stand in.
pub(super) fn homes(root: &'static Kind, name: &str) -> Vec<String> {
    let mut out = Vec::new();
    collect(root, "", &mut |kind, path| {
        let known = kind.fields.iter().any(|f| f.name == name) || kind.child(name).is_some();
        if known && out.len() < 4 {
            out.push(if kind.name.is_empty() { "at the top".to_owned() } else { format!("in `{path}`") });
        }
    });
    out.dedup();
    out
}

/// A name like this one that is known elsewhere.
pub(super) fn near_elsewhere(root: &'static Kind, name: &str) -> Option<(&'static str, Vec<String>)> {
    let mut all = Vec::new();
    collect(root, "", &mut |kind, _| {
        all.extend(kind.fields.iter().map(|f| f.name).chain(kind.children.iter().map(|k| k.name)));
    });
    let near = nearest(name, all)?;
    Some((near, homes(root, near)))
}

fn collect(kind: &'static Kind, path: &str, see: &mut impl FnMut(&'static Kind, &str)) {
    see(kind, path);
    for child in kind.children {
        let inner =
            if path.is_empty() { child.name.to_owned() } else { format!("{path} {{ {} }}", child.name) };
        collect(child, &inner, see);
    }
}
