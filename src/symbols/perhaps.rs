//! Whether a symbol that no file defines may be there nevertheless: what is read of a file are types, functions, methods and
//! constants, and there is more than those.
//!
//! It errs on the safe side: what it doesn't rule out may well be there.

use crate::model::language::Anchor;

use super::file::{Definition, Kind};
use super::index::Index;
use super::languages::Language;

/// How many types are looked at for what one may have from them.
const TYPES: usize = 64;

/// What is known of the past of a symbol that isn't defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// It was defined once: what other code may add to a type, it would have had to add in the place of that.
    Defined,
    /// It never was, as far as anybody knows.
    Unknown,
}

/// Why a symbol may be there that no file defines, as the end of a sentence. None: it isn't.
pub fn perhaps(index: &Index, anchor: &Anchor, before: Before) -> Option<String> {
    let file = index.file(anchor.path())?;
    let Some((owner, _)) = anchor.symbol().rsplit_once('.') else {
        let name = anchor.symbol();
        if file.says(name) {
            return Some(said(anchor.path(), name));
        }
        let open = before == Before::Unknown && index.gives_out_unseen(anchor.path());
        return open.then(|| format!("`{}` gives out all of what can't be followed", anchor.path()));
    };
    let owner = Anchor::new(anchor.path(), owner).ok()?;
    let Some(found) = index.resolve(&owner) else { return perhaps(index, &owner, before) };
    has_perhaps(index, anchor, &found.definition, before)
}

/// The type that one has a member from which it doesn't define itself, where both are read.
pub fn inherited(index: &Index, anchor: &Anchor) -> Option<Anchor> {
    let (owner, member) = anchor.symbol().rsplit_once('.')?;
    let owner = index.resolve(&Anchor::new(anchor.path(), owner).ok()?)?.definition;
    let has_it = |at: &Anchor| {
        Anchor::new(at.path(), &format!("{}.{member}", at.symbol()))
            .is_ok_and(|it| index.defined(&it).is_some())
    };
    made_from(index, &owner).into_iter().skip(1).find(has_it)
}

/// A definition, and all that it is made from, as far as that is read.
fn made_from(index: &Index, owner: &Anchor) -> Vec<Anchor> {
    let mut all = vec![owner.clone()];
    let mut next = 0;
    while let Some(at) = all.get(next).cloned() {
        next += 1;
        for base in index.bases(&at).into_iter().filter_map(|base| base.anchor) {
            if all.len() < TYPES && !all.contains(&base) {
                all.push(base);
            }
        }
    }
    all
}

/// The same of a member of a definition, and of what that is made from.
fn has_perhaps(index: &Index, anchor: &Anchor, owner: &Anchor, before: Before) -> Option<String> {
    let member = anchor.name();
    if let Some(from) = inherited(index, anchor) {
        return Some(format!("`{}` has it from `{from}`", owner.name()));
    }
    let all = made_from(index, owner);
    if all.len() >= TYPES {
        return Some(format!("`{}` is made from too many types to look at", owner.name()));
    }
    for at in all {
        let (file, found) = (index.file(at.path())?, index.defined(&at)?);
        if file.partial || file.skip.is_some() {
            return Some(format!("`{}` couldn't be read whole", at.path()));
        }
        if file.says(member.trim_start_matches('#')) {
            return Some(said(at.path(), member));
        }
        if may_have(file.language, found, member, before) {
            return Some(format!("`{}` may have it from code that isn't read", at.symbol()));
        }
        if before == Before::Unknown
            && let Some(base) = index.bases(&at).into_iter().find(|base| base.anchor.is_none())
        {
            return Some(format!("`{}` may have it from `{}`", at.symbol(), base.written));
        }
    }
    None
}

/// Whether a definition may have a member that neither its file nor its bases say.
fn may_have(language: Language, found: &Definition, member: &str, before: Before) -> bool {
    match found.kind {
        Kind::Type => is_given(language, found, member) || (found.more && before == Before::Unknown),
        Kind::Function | Kind::Method => found.more && before == Before::Unknown,
        // What a value is made of, and what else a module holds, isn't read.
        Kind::Constant | Kind::Module => before == Before::Unknown,
    }
}

/// Whether a language gives a member to every type, or to such a one.
fn is_given(language: Language, found: &Definition, member: &str) -> bool {
    match (language, member) {
        (Language::Python, _) => member.starts_with("__") && member.ends_with("__"),
        (Language::Rust, "clone" | "cmp" | "default" | "eq" | "fmt" | "hash" | "ne" | "partial_cmp") => {
            found.more
        }
        (Language::Java, "equals" | "getClass" | "hashCode" | "toString") => true,
        (Language::Java, "name" | "ordinal" | "valueOf" | "values") => found.more,
        (Language::TypeScript | Language::Tsx | Language::JavaScript, "constructor" | "prototype") => true,
        (Language::TypeScript | Language::Tsx | Language::JavaScript, "toString" | "valueOf") => true,
        (
            Language::Rust
            | Language::TypeScript
            | Language::Tsx
            | Language::JavaScript
            | Language::Go
            | Language::Java,
            _,
        ) => false,
    }
}

fn said(path: &str, name: &str) -> String {
    format!("code of `{path}` says `{name}`, which is none of the definitions that are read")
}
