//! Edits of TOML, by the spans of the parsed document.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::edit::{Error, Flip, Literal, Splice, appended};

type Entry<'d, 't> = (&'d Spanned<Cow<'t, str>>, &'d Spanned<DeValue<'t>>);

fn parse(text: &str) -> Result<Spanned<DeTable<'_>>, Error> {
    DeTable::parse(text).map_err(|_| Error::Unreadable)
}

/// The entry of this name, compared without regard to case.
fn entry<'d, 't>(table: &'d DeTable<'t>, name: &str) -> Option<Entry<'d, 't>> {
    table.iter().find(|(key, _)| key.get_ref().to_lowercase() == name.to_lowercase())
}

/// The table at this path.
fn at<'d, 't>(table: &'d DeTable<'t>, path: &[&str]) -> Option<&'d Spanned<DeValue<'t>>> {
    let (first, rest) = path.split_first()?;
    let (_, value) = entry(table, first)?;
    if rest.is_empty() { Some(value) } else { at(value.get_ref().as_table()?, rest) }
}

fn quote(text: &str) -> String {
    toml_edit::Value::from(text).to_string()
}

fn spell(literal: Literal<'_>) -> String {
    match literal {
        Literal::Flag(b) => b.to_string(),
        Literal::Text(text) => quote(text),
    }
}

fn key(name: &str) -> String {
    toml_edit::Key::new(name).to_string()
}

pub(super) fn set_loop(text: &str, flip: &Flip<'_>) -> Result<Vec<Splice>, Error> {
    let document = parse(text)?;
    let Some(value) = at(document.get_ref(), &["loop", flip.name]) else {
        if flip.enabled {
            return Ok(Vec::new());
        }
        let given = flip.fields().into_iter().filter_map(|(n, v)| Some(format!("{n} = {}", spell(v?))));
        let lines: Vec<_> = given.collect();
        return Ok(vec![appended(text, &format!("[loop.{}]\n{}", key(flip.name), lines.join("\n")))]);
    };
    let table = value.get_ref().as_table().ok_or_else(|| Error::Form("loop".to_owned()))?;
    let mut out = Vec::new();
    let mut added = Vec::new();
    for (name, value) in flip.fields() {
        match (entry(table, name), value) {
            (Some((_, old)), Some(value)) => out.push(Splice { range: old.span(), with: spell(value) }),
            (Some((key, old)), None) => {
                out.push(Splice {
                    range: line(text, key.span().start..old.span().end)?,
                    with: String::new(),
                });
            }
            (None, Some(_)) if flip.enabled => {}
            (None, Some(value)) => added.push((name, spell(value))),
            (None, None) => {}
        }
    }
    if !added.is_empty() {
        out.push(insertion(text, value, table, &added)?);
    }
    Ok(out)
}

/// Where further keys of a table go: into the braces of an inline one, else on lines of their own.
fn insertion(
    text: &str,
    value: &Spanned<DeValue<'_>>,
    table: &DeTable<'_>,
    added: &[(&str, String)],
) -> Result<Splice, Error> {
    let pairs: Vec<_> = added.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    if text[value.span().start..].starts_with('{') {
        let at = value.span().start + 1;
        let tail = if table.is_empty() { " " } else { "," };
        return Ok(Splice { range: at..at, with: format!(" {}{tail}", pairs.join(", ")) });
    }
    // Before the first key of the table, since after the last one another table may be nested.
    let scalar = |(_, v): &Entry<'_, '_>| !v.get_ref().is_table();
    let Some((first, _)) = table.iter().filter(scalar).min_by_key(|(key, _)| key.span().start) else {
        let header = value.span();
        let end = text[header.end..].find('\n').map_or(text.len(), |i| header.end + i);
        return Ok(Splice { range: end..end, with: format!("\n{}", pairs.join("\n")) });
    };
    let start = text[..first.span().start].rfind('\n').map_or(0, |i| i + 1);
    // `labels.every` repeats the names before the last in front of each key.
    let prefix = &text[start..first.span().start];
    if prefix.contains(['=', '{', '#']) {
        return Err(Error::Form("loop".to_owned()));
    }
    let lines: String = pairs.iter().flat_map(|pair| [prefix, pair, "\n"]).collect();
    Ok(Splice { range: start..start, with: lines })
}

/// A pair with its line; only when it stands there alone.
fn line(text: &str, range: Range<usize>) -> Result<Range<usize>, Error> {
    let start = text[..range.start].rfind('\n').map_or(0, |i| i + 1);
    let end = text[range.end..].find('\n').map_or(text.len(), |i| range.end + i + 1);
    let before = &text[start..range.start];
    let after = text[range.end..end].trim_start();
    if before.contains(['=', '{', '[']) || !(after.is_empty() || after.starts_with('#')) {
        return Err(Error::Form(text[range].to_owned()));
    }
    Ok(start..end)
}

pub(super) fn says(text: &str, flip: &Flip<'_>) -> bool {
    let Ok(document) = parse(text) else { return false };
    let table = at(document.get_ref(), &["loop", flip.name]).and_then(|v| v.get_ref().as_table());
    flip.fields().into_iter().all(|(name, wanted)| {
        let found = table.and_then(|t| entry(t, name)).map(|(_, v)| v.get_ref());
        match wanted {
            Some(Literal::Flag(b)) => found.map_or(b, |v| v.as_bool() == Some(b)),
            Some(Literal::Text(text)) => found.and_then(|v| v.as_str()) == Some(text),
            None => found.is_none(),
        }
    })
}

pub(super) fn is_protected(text: &str, address: &str) -> bool {
    parse(text).is_ok_and(|d| at(d.get_ref(), &["factory", "protect", address]).is_some())
}

/// Until when an address is protected; `None` where it isn't, or for good.
pub(super) fn protected_until(text: &str, address: &str) -> Option<String> {
    let document = parse(text).ok()?;
    let until = at(document.get_ref(), &["factory", "protect", address, "until"])?;
    text.get(until.span()).map(|written| written.trim_matches(['"', '\'']).to_owned())
}

pub(super) fn protect(
    text: &str,
    address: &str,
    reason: &str,
    until: Option<&str>,
) -> Result<Vec<Splice>, Error> {
    let document = parse(text)?;
    at(document.get_ref(), &["factory"]).ok_or(Error::Missing("factory"))?;
    if at(document.get_ref(), &["factory", "protect", address]).is_some() {
        return Ok(Vec::new());
    }
    let until = until.map(|until| format!("\nuntil = {}", quote(until))).unwrap_or_default();
    Ok(vec![appended(
        text,
        &format!("[factory.protect.{}]\nreason = {}{until}", key(address), quote(reason)),
    )])
}

pub(super) fn unprotect(text: &str, address: &str) -> Result<Vec<Splice>, Error> {
    let document = parse(text)?;
    let Some(found) = at(document.get_ref(), &["factory", "protect", address]) else { return Ok(Vec::new()) };
    let table = found.get_ref().as_table().ok_or_else(|| Error::Form("protect".to_owned()))?;
    let header = found.span();
    let start = text[..header.start].rfind('\n').map_or(0, |i| i + 1);
    if !text[start..].trim_start().starts_with('[') {
        return Err(Error::Form("protect".to_owned()));
    }
    let last = table.values().map(|v| v.span().end).max().unwrap_or(header.end);
    let end = text[last..].find('\n').map_or(text.len(), |i| last + i + 1);
    Ok(vec![Splice { range: start..end, with: String::new() }])
}
