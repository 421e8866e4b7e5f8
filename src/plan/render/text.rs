//! The plan as text: grouped by repository and kind, the last line with the counts.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::model::{Action, Address, Gap, RepoName, Verb};
use crate::plan::document::{Disabled, Document, Planned, Summary};
use crate::plan::guard::Blocked;

use super::values::{FieldChange, fields, printable};

/// What stands above the sections of config that say how the factory works.
pub(super) const RULES: &str = "how the factory works";

/// Whether colour codes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// No escape codes at all.
    Plain,
    /// ANSI colours.
    Color,
}

impl Style {
    fn paint(self, sign: char, text: &str) -> String {
        let code = match (self, sign) {
            (Self::Plain, _) => return text.to_owned(),
            (Self::Color, '+') => "32",
            (Self::Color, '-') => "31",
            (Self::Color, '~') => "33",
            (Self::Color, '!') => "35",
            (Self::Color, _) => "1",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

/// The whole document as text.
pub fn text(document: &Document, style: Style) -> String {
    let mut out = String::new();
    head(document, &mut out);
    let mut current: Option<&RepoName> = None;
    for planned in &document.actions {
        let repo = planned.action.effect.repo();
        if current != Some(repo) {
            let _ = writeln!(out, "\n{}", style.paint('#', repo.as_str()));
            current = Some(repo);
        }
        action(planned, style, &mut out);
    }
    if !document.rules.is_empty() {
        let _ = writeln!(out, "\n{RULES}");
    }
    for rule in &document.rules {
        let line = format!("{} {}", rule.sign(), printable(&rule.name));
        let _ = writeln!(out, "  {}", style.paint(rule.sign(), &line));
        differences(&rule.before, &rule.after, &mut out);
        let _ = writeln!(out, "      {}", printable(&rule.source.to_string()));
    }
    for (name, lines) in sections(document, alike) {
        let _ = writeln!(out, "\n{name}");
        for line in lines {
            let _ = writeln!(out, "  {line}");
        }
    }
    let summary = document.summary();
    if let Some(line) = takes(document, summary) {
        let _ = writeln!(out, "\n{line}");
    }
    let _ = writeln!(out, "\n{}", last_line(summary));
    out
}

/// How long it takes to create what is to be created, where that is more than may be created at once.
pub(super) fn takes(document: &Document, summary: Summary) -> Option<String> {
    let (most, takes) = (document.reading.creations?, summary.creations_take?);
    let minutes = takes.as_secs().div_ceil(60);
    let takes = match (minutes / 60, minutes % 60) {
        (0, 0) => return None,
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    };
    Some(format!(
        "creates {} things: at {} a minute and {} an hour the last of them follows after {takes}",
        summary.creations, most.per_minute, most.per_hour
    ))
}

fn head(document: &Document, out: &mut String) {
    let reading = &document.reading;
    let at = match (&reading.commit, reading.changed_files) {
        (Some(commit), _) => format!("{} at {}", reading.config_place, commit.get(..10).unwrap_or(commit)),
        (None, Some(n)) => format!("working tree, {n} {} changed", plural(n, "file", "files")),
        (None, None) => format!("{}, not under version control", reading.config_place),
    };
    let _ = writeln!(out, "config: {}", printable(&at));
    if let Some(age) = reading.cached_age_seconds {
        let _ = writeln!(out, "observed: from the cache, {age} s old");
    }
    let gaps = reading.incomplete.iter().map(|gap| (incomplete(gap), gap.why.as_str()));
    for line in alike(gaps.collect()) {
        let _ = writeln!(out, "{line}");
    }
}

/// So many lines of one reason stand by themselves; of more, the rest is counted.
const ALIKE: usize = 4;

/// Lines, each with its reason. An outage has one reason and hits everything: of a reason that more than [`ALIKE`]
/// lines have, all but the first ones are counted. The JSON document names them all.
fn alike(lines: Vec<(String, &str)>) -> Vec<String> {
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, reason) in &lines {
        *count.entry(reason).or_default() += 1;
    }
    let mut shown: BTreeMap<&str, usize> = BTreeMap::new();
    let mut out = Vec::new();
    for (line, reason) in lines {
        let (all, n) = (count[reason], shown.entry(reason).or_default());
        *n += 1;
        if all <= ALIKE || *n < ALIKE {
            out.push(line);
        } else if *n == ALIKE {
            out.push(format!("and {} more of the same: {}", all - ALIKE + 1, printable(reason)));
        }
    }
    out
}

/// `incomplete: labels of acme/widgets: …`.
pub(super) fn incomplete(gap: &Gap) -> String {
    let of = gap.repo.as_ref().map(|r| format!(" of {r}")).unwrap_or_default();
    format!("incomplete: {}{of}: {}", gap.facet, printable(&gap.why))
}

fn action(planned: &Planned, style: Style, out: &mut String) {
    let action = &planned.action;
    let sign = planned.sign();
    let line = format!("{sign} {}", title(action));
    let _ = writeln!(out, "  {}", style.paint(sign, &line));
    differences(&action.before, &action.after, out);
    let _ = writeln!(out, "      {}", why(action));
    if let Some(blocked) = &planned.blocked {
        let [says, help] = held_back(blocked);
        let _ = writeln!(out, "      {}", style.paint('!', &says));
        if !help.is_empty() {
            let _ = writeln!(out, "      {help}");
        }
    }
}

/// The fields that differ.
fn differences(before: &Value, after: &Value, out: &mut String) {
    for change in fields(before, after) {
        match change {
            FieldChange::Line(line) => {
                let _ = writeln!(out, "      {line}");
            }
            FieldChange::Block { name, lines } => {
                let _ = writeln!(out, "      {name}:");
                for line in lines {
                    let _ = writeln!(out, "        {line}");
                }
            }
        }
    }
}

/// `why: … · factory.kdl:3 · loop labels · 0123456789abcdef`.
pub(super) fn why(action: &Action) -> String {
    let mut parts = vec![format!("why: {}", printable(&action.reason))];
    if !action.because.is_empty() {
        let lines: Vec<String> = action.because.iter().map(|s| printable(&s.to_string())).collect();
        parts.push(lines.join(", "));
    }
    parts.push(format!("loop {}", action.wanted_by));
    parts.push(action.id.to_string());
    parts.join(" · ")
}

/// Which guard holds it back, and what would let it through (empty when nothing does).
pub(super) fn held_back(blocked: &Blocked) -> [String; 2] {
    let says = format!("blocked by {}: {}", blocked.guard, printable(&blocked.says));
    let flags: Vec<String> = blocked
        .overrides
        .iter()
        .map(|grant| format!("--allow {}", shell_quoted(&grant.to_string())))
        .collect();
    let help = if flags.is_empty() { String::new() } else { format!("to allow it: {}", flags.join(" ")) };
    [says, help]
}

/// A word as a shell reads it.
fn shell_quoted(word: &str) -> String {
    format!("'{}'", printable(word).replace('\'', r"'\''"))
}

/// `create label bug`, `update settings`.
pub(super) fn title(action: &Action) -> String {
    let verb = action.verb.as_str().replace('-', " ");
    if matches!(action.verb, Verb::ChangeVisibility | Verb::ArchiveRepository | Verb::UnarchiveRepository) {
        return verb;
    }
    let rest = action.address.below(&Address::repo(action.effect.repo())).unwrap_or_default();
    // Of these verbs the address says nothing new.
    let plain =
        matches!(action.verb, Verb::ArchiveRepository | Verb::UnarchiveRepository | Verb::ChangeVisibility);
    let name = if plain { "" } else { rest.strip_prefix("label/").unwrap_or(&rest) };
    if name.is_empty() { verb } else { format!("{verb} {}", printable(name)) }
}

/// What stands below the actions: headings and their lines, those that have any. `pick` chooses among the lines of
/// what waits, each with what it waits for.
pub(super) fn sections(
    document: &Document,
    pick: impl Fn(Vec<(String, &str)>) -> Vec<String>,
) -> Vec<(&'static str, Vec<String>)> {
    let waits = document.waiting.iter().map(|w| (format!("{}: {}", w.address, w.on), w.on.as_str()));
    let waiting = pick(waits.collect());
    let off = |d: &Disabled| {
        let until = d.switch.until.map(|t| format!(", until {t}")).unwrap_or_default();
        format!("loop/{}: {} (by {}{until})", d.name, d.switch.reason, d.switch.by)
    };
    let disabled = document.disabled.iter().map(off).collect();
    let unmanaged = document.unmanaged.iter().map(ToString::to_string).collect();
    let all: [(&str, Vec<String>); 4] = [
        ("waiting", waiting),
        ("switched off", disabled),
        ("unmanaged", unmanaged),
        ("notes", document.diagnostics.clone()),
    ];
    all.into_iter()
        .filter(|(_, lines)| !lines.is_empty())
        .map(|(name, lines)| (name, lines.iter().map(|line| printable(line)).collect()))
        .collect()
}

/// `Plan: 3 to add, 12 to change, …`.
pub fn last_line(summary: Summary) -> String {
    let Summary { add, change, delete, runs, blocked, waiting, repos, requests, .. } = summary;
    let runs =
        if runs > 0 { format!(", {runs} {} to start", plural(runs, "run", "runs")) } else { String::new() };
    let blocked = if blocked > 0 { format!(", {blocked} blocked") } else { String::new() };
    let waiting = if waiting > 0 { format!(", {waiting} waiting") } else { String::new() };
    format!(
        "Plan: {add} to add, {change} to change, {delete} to delete{runs}{blocked}{waiting} · {repos} {} · {requests} API {}",
        plural(repos, "repo", "repos"),
        plural(requests, "call", "calls"),
    )
}

/// How many there are, in words: `1 change`, `2 changes`.
pub fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", plural(n, one, many))
}

fn plural<'a>(n: usize, one: &'a str, many: &'a str) -> &'a str {
    if n == 1 { one } else { many }
}
