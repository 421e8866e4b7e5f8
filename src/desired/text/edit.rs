//! Edits that keep every other byte: what a live flip, `suspend` and `resume` propose to the config repository.
//!
//! An edit is a few replacements of byte ranges, and its result is read again: an edit that would not say what it
//! should is refused instead of proposed.

use std::ops::Range;

use super::{Spelling, edit_kdl, edit_toml, strip_mark};
use crate::desired::shape::moment;

/// Why a file was not edited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It isn't KDL or TOML.
    #[error("the file can't be read; `factoryctl validate` says why")]
    Unreadable,
    /// The section that the edit belongs into isn't in this file.
    #[error("the file has no `{0}` section")]
    Missing(&'static str),
    /// It is written in a way that the edit doesn't know.
    #[error("the way in which `{0}` is written here can't be edited automatically")]
    Form(String),
}

/// What a flip of a loop shall say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flip<'a> {
    /// The loop.
    pub name: &'a str,
    /// Whether it runs.
    pub enabled: bool,
    /// Why it doesn't; left out when it runs.
    pub reason: Option<&'a str>,
    /// Until when it doesn't, as a date or time; left out when it runs.
    pub until: Option<&'a str>,
}

impl Flip<'_> {
    /// The fields and what they shall be; `None` removes them.
    pub(super) fn fields(&self) -> [(&'static str, Option<Literal<'_>>); 3] {
        let off = |text| if self.enabled { None } else { text };
        [
            ("enabled", Some(Literal::Flag(self.enabled))),
            ("reason", off(self.reason).map(Literal::Text)),
            ("until", off(self.until).map(Literal::Text)),
        ]
    }
}

/// A value to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Literal<'a> {
    Flag(bool),
    Text(&'a str),
}

/// A replacement; the ranges of one edit don't overlap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Splice {
    pub(super) range: Range<usize>,
    pub(super) with: String,
}

/// Sets whether a loop runs, with reason and date; where the loop isn't mentioned, a node is added at the end.
///
/// # Errors
/// When the file can't be read, or is written in a form that can't be edited safely.
pub fn set_loop(text: &str, spelling: Spelling, flip: &Flip<'_>) -> Result<String, Error> {
    edit(text, |body| {
        let splices = match spelling {
            Spelling::Kdl => edit_kdl::set_loop(body, flip)?,
            Spelling::Toml => edit_toml::set_loop(body, flip)?,
        };
        let out = apply(body, splices);
        let says = match spelling {
            Spelling::Kdl => edit_kdl::says(&out, flip),
            Spelling::Toml => edit_toml::says(&out, flip),
        };
        if says { Ok(out) } else { Err(Error::Form(format!("loop {:?}", flip.name))) }
    })
}

/// Adds a `protect` to the `factory` section; nothing changes where the address is protected already for as long, and
/// one that ends earlier gives way.
///
/// # Errors
/// As for [`set_loop`], and when the file has no `factory` section.
pub fn protect(
    text: &str,
    spelling: Spelling,
    address: &str,
    reason: &str,
    until: Option<&str>,
) -> Result<String, Error> {
    let ends = match spelling {
        Spelling::Kdl => edit_kdl::protected_until(strip_mark(text), address),
        Spelling::Toml => edit_toml::protected_until(strip_mark(text), address),
    };
    if ends.is_some_and(|ends| outlasts(until, &ends)) {
        return protect(&unprotect(text, spelling, address)?, spelling, address, reason, until);
    }
    edit(text, |body| {
        let splices = match spelling {
            Spelling::Kdl => edit_kdl::protect(body, address, reason, until)?,
            Spelling::Toml => edit_toml::protect(body, address, reason, until)?,
        };
        let out = apply(body, splices);
        if is_protected(&out, spelling, address) { Ok(out) } else { Err(Error::Form("factory".to_owned())) }
    })
}

/// Removes the `protect` of exactly this address; nothing changes where there is none.
///
/// # Errors
/// As for [`protect`].
pub fn unprotect(text: &str, spelling: Spelling, address: &str) -> Result<String, Error> {
    edit(text, |body| {
        let splices = match spelling {
            Spelling::Kdl => edit_kdl::unprotect(body, address)?,
            Spelling::Toml => edit_toml::unprotect(body, address)?,
        };
        let out = apply(body, splices);
        if is_protected(&out, spelling, address) { Err(Error::Form("protect".to_owned())) } else { Ok(out) }
    })
}

/// Whether something that ends at `until`, or never, goes on after `ends`.
fn outlasts(until: Option<&str>, ends: &str) -> bool {
    match (until.map(moment), moment(ends)) {
        (_, None) | (Some(None), _) => false,
        (None, Some(_)) => true,
        (Some(Some(until)), Some(ends)) => until > ends,
    }
}

fn is_protected(text: &str, spelling: Spelling, address: &str) -> bool {
    match spelling {
        Spelling::Kdl => edit_kdl::is_protected(text, address),
        Spelling::Toml => edit_toml::is_protected(text, address),
    }
}

/// A byte order mark stays where it is.
fn edit(text: &str, change: impl FnOnce(&str) -> Result<String, Error>) -> Result<String, Error> {
    let body = strip_mark(text);
    let changed = change(body)?;
    Ok(format!("{}{changed}", &text[..text.len() - body.len()]))
}

fn apply(text: &str, mut splices: Vec<Splice>) -> String {
    splices.sort_by_key(|s| (s.range.start, s.range.end));
    let mut out = String::with_capacity(text.len() + 64);
    let mut at = 0;
    for splice in splices {
        out.push_str(&text[at..splice.range.start]);
        out.push_str(&splice.with);
        at = splice.range.end;
    }
    out.push_str(&text[at..]);
    out
}

/// What is put at the end of a file: after a line break, and after a blank line when there is something before.
pub(super) fn appended(text: &str, block: &str) -> Splice {
    let gap = match text {
        "" => "",
        t if t.ends_with("\n\n") => "",
        t if t.ends_with('\n') => "\n",
        _ => "\n\n",
    };
    Splice { range: text.len()..text.len(), with: format!("{gap}{block}\n") }
}

/// The range with the line that it stands on, when nothing else stands there; else with the space before it.
pub(super) fn whole_line(text: &str, range: Range<usize>) -> Range<usize> {
    let start = text[..range.start].rfind('\n').map_or(0, |i| i + 1);
    let end = text[range.end..].find('\n').map_or(text.len(), |i| range.end + i + 1);
    let alone = text[start..range.start].trim().is_empty()
        && text[range.end..end].trim().trim_matches(';').is_empty();
    if alone {
        return start..end;
    }
    let space = text[..range.start].trim_end_matches([' ', '\t']).len();
    space..range.end
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFF: Flip<'static> =
        Flip { name: "labels", enabled: false, reason: Some("a \"bad\" day"), until: Some("2026-12-01") };
    const ON: Flip<'static> = Flip { name: "labels", enabled: true, reason: None, until: None };

    #[test]
    fn flips_of_loops() {
        use Spelling::{Kdl, Toml};
        let table = [
            ("not mentioned", Kdl, OFF, "factory \"acme\"\n"),
            ("no line break at the end", Kdl, OFF, "factory \"acme\" // mine"),
            ("a bare loop", Kdl, OFF, "loop \"labels\" // why\nloop \"x\" enabled=#true\n"),
            ("an interval", Kdl, OFF, "loop \"labels\"   every=\"5m\"\n"),
            ("as property", Kdl, OFF, "loop \"labels\" enabled=#true every=\"5m\" reason=\"old\" // c\n"),
            ("as children", Kdl, OFF, "loop \"labels\" {\n    enabled #true // c\n    every \"5m\"\n}\n"),
            (
                "on again",
                Kdl,
                ON,
                "loop \"labels\" enabled=#false reason=\"x\" every=\"5m\" until=\"2026-12-01\" // c\n",
            ),
            (
                "on again, children",
                Kdl,
                ON,
                "loop \"labels\" {\n    enabled #false\n    reason \"x\" // c\n    until \"2026-12-01\"\n}\n",
            ),
            ("not mentioned", Toml, OFF, "[factory]\nname = \"acme\"\n"),
            ("a table", Toml, OFF, "[loop.labels] # why\nevery = \"5m\" # c\n\n[caps]\n"),
            ("an empty table", Toml, OFF, "[loop.labels] # why\n[caps]\n"),
            ("set before", Toml, OFF, "[loop.labels]\nenabled = true # c\nreason = 'old'\n"),
            ("inline", Toml, OFF, "[loop]\nlabels = { every = \"5m\" } # c\n"),
            ("dotted", Toml, OFF, "[loop]\nlabels.every = \"5m\" # c\nstale.every = \"6m\"\n"),
            (
                "on again",
                Toml,
                ON,
                "[loop.labels]\nenabled = false # c\nreason = \"x\" # why\nuntil = 2026-12-01\nevery = \"5m\"\n",
            ),
        ];
        let mut out = String::new();
        for (name, spelling, flip, text) in table {
            let edited = set_loop(text, spelling, &flip).unwrap_or_else(|e| format!("error: {e}\n"));
            out.extend(["-- ", name, if spelling == Kdl { " (KDL)\n" } else { " (TOML)\n" }, &edited]);
        }
        insta::assert_snapshot!(out, @r#"
        -- not mentioned (KDL)
        factory "acme"

        loop "labels" enabled=#false reason="a \"bad\" day" until="2026-12-01"
        -- no line break at the end (KDL)
        factory "acme" // mine

        loop "labels" enabled=#false reason="a \"bad\" day" until="2026-12-01"
        -- a bare loop (KDL)
        loop "labels" enabled=#false reason="a \"bad\" day" until="2026-12-01" // why
        loop "x" enabled=#true
        -- an interval (KDL)
        loop "labels"   every="5m" enabled=#false reason="a \"bad\" day" until="2026-12-01"
        -- as property (KDL)
        loop "labels" enabled=#false every="5m" reason="a \"bad\" day" until="2026-12-01" // c
        -- as children (KDL)
        loop "labels" reason="a \"bad\" day" until="2026-12-01" {
            enabled #false // c
            every "5m"
        }
        -- on again (KDL)
        loop "labels" enabled=#true every="5m" // c
        -- on again, children (KDL)
        loop "labels" {
            enabled #true
        }
        -- not mentioned (TOML)
        [factory]
        name = "acme"

        [loop.labels]
        enabled = false
        reason = 'a "bad" day'
        until = "2026-12-01"
        -- a table (TOML)
        [loop.labels] # why
        enabled = false
        reason = 'a "bad" day'
        until = "2026-12-01"
        every = "5m" # c

        [caps]
        -- an empty table (TOML)
        [loop.labels] # why
        enabled = false
        reason = 'a "bad" day'
        until = "2026-12-01"
        [caps]
        -- set before (TOML)
        [loop.labels]
        until = "2026-12-01"
        enabled = false # c
        reason = 'a "bad" day'
        -- inline (TOML)
        [loop]
        labels = { enabled = false, reason = 'a "bad" day', until = "2026-12-01", every = "5m" } # c
        -- dotted (TOML)
        [loop]
        labels.enabled = false
        labels.reason = 'a "bad" day'
        labels.until = "2026-12-01"
        labels.every = "5m" # c
        stale.every = "6m"
        -- on again (TOML)
        [loop.labels]
        enabled = true # c
        every = "5m"
        "#);
    }

    #[test]
    fn protection_comes_and_goes() {
        use Spelling::{Kdl, Toml};
        let mut out = String::new();
        for (spelling, text) in [
            (Kdl, "factory \"acme\" // mine\n"),
            (Kdl, "factory \"acme\" {\n    config \"acme/factory\" // c\n}\n"),
            (Kdl, "factory \"acme\" { config \"acme/factory\"; }\n"),
            (Kdl, "factory \"acme\" {}\n"),
            (Toml, "[factory]\nname = \"acme\" # c\n"),
            (Toml, "[factory]\nname = \"acme\"\n[factory.protect.\"repo/b\"]\nreason = \"x\"\n[caps]\n"),
        ] {
            let edited = protect(text, spelling, "repo/acme/w", "hands off", Some("2030-12-31T00:00:00Z"))
                .unwrap_or_else(|e| format!("error: {e}\n"));
            out.push_str(&edited);
            let again = |until| protect(&edited, spelling, "repo/acme/w", "again", until);
            assert_eq!(again(Some("2030-12-31")).as_ref(), Ok(&edited), "it is protected for as long");
            let longer = again(None).unwrap();
            assert!(longer.contains("again") && !longer.contains("hands off"), "{longer}");
            assert_eq!(protect(&longer, spelling, "repo/acme/w", "x", Some("2031-01-01")), Ok(longer));
            let back = unprotect(&edited, spelling, "repo/acme/w").unwrap_or_else(|e| e.to_string());
            out.push_str(if back.trim_end() == text.trim_end() {
                "-- and back\n"
            } else {
                "-- but not back:\n"
            });
            if back.trim_end() != text.trim_end() {
                out.push_str(&back);
            }
        }
        insta::assert_snapshot!(out, @r#"
        factory "acme" {
            protect "repo/acme/w" reason="hands off" until="2030-12-31T00:00:00Z"
        } // mine
        -- but not back:
        factory "acme" {
        } // mine
        factory "acme" {
            protect "repo/acme/w" reason="hands off" until="2030-12-31T00:00:00Z"
            config "acme/factory" // c
        }
        -- and back
        factory "acme" { protect "repo/acme/w" reason="hands off" until="2030-12-31T00:00:00Z"; config "acme/factory"; }
        -- and back
        factory "acme" {
            protect "repo/acme/w" reason="hands off" until="2030-12-31T00:00:00Z"
        }
        -- but not back:
        factory "acme" {
        }
        [factory]
        name = "acme" # c

        [factory.protect."repo/acme/w"]
        reason = "hands off"
        until = "2030-12-31T00:00:00Z"
        -- and back
        [factory]
        name = "acme"
        [factory.protect."repo/b"]
        reason = "x"
        [caps]

        [factory.protect."repo/acme/w"]
        reason = "hands off"
        until = "2030-12-31T00:00:00Z"
        -- and back
        "#);
        assert_eq!(protect("caps\n", Kdl, "repo/a/b", "x", None), Err(Error::Missing("factory")));
        assert_eq!(protect("caps {", Kdl, "repo/a/b", "x", None), Err(Error::Unreadable));
    }

    proptest::proptest! {
        #[test]
        fn a_flip_says_what_it_should_and_keeps_every_other_line(
            before in "(// [a-z]{0,5}\n|caps // x\n|loop \"stale\" every=\"5m\"\n|\n){0,3}",
            fields in proptest::sample::subsequence(vec!["enabled=#true", "reason=\"old\"", "every=\"5m\"", "until=\"2026-01-01\""], 0..=4),
            gap in "[ ]{1,3}",
            braces: bool,
            after in "( // c\n|\n)(/- caps\n|loop \"stale\"\n|\n){0,3}",
            enabled: bool,
            reason in proptest::option::of("[a-z\"\\\\é ]{0,8}"),
        ) {
            let fields = if braces {
                let lines: Vec<_> = fields.iter().map(|f| format!("    {} // c\n", f.replace('=', " "))).collect();
                format!("{gap}{{\n{}}}", lines.concat())
            } else {
                fields.iter().flat_map(|f| [gap.as_str(), f]).collect()
            };
            let text = format!("{before}loop \"labels\"{fields}{after}");
            let flip = Flip { name: "labels", enabled, reason: reason.as_deref(), until: None };
            let edited = set_loop(&text, Spelling::Kdl, &flip).unwrap();
            proptest::prop_assert!(edit_kdl::says(&edited, &flip));
            proptest::prop_assert!(edited.starts_with(&before) && edited.ends_with(&after), "{}\n{}", text, edited);
            proptest::prop_assert_eq!(set_loop(&edited, Spelling::Kdl, &flip), Ok(edited.clone()));
        }
    }
}
