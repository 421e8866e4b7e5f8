//! What a commit on the ledger's branch says: what was done, where, why, by which config. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::{Ending, Index, Record, Verdict};
use crate::model::CommitId;

/// How many records are listed in a message; further ones are counted.
const MAX_LINES: usize = 50;

/// What the records that are not yet published say.
#[derive(Clone, Debug, Default)]
pub(super) struct Summary {
    records: usize,
    intended: BTreeMap<&'static str, usize>,
    settled: BTreeMap<&'static str, usize>,
    results: BTreeMap<Ending, usize>,
    places: BTreeSet<String>,
    config: Option<CommitId>,
    other: Option<String>,
    lines: Vec<String>,
}

impl Summary {
    /// Takes note of a record; `index` as it is before that record.
    pub(super) fn add(&mut self, record: &Record, index: &Index) {
        self.records += 1;
        let line = match record {
            Record::Intent(it) => {
                *self.intended.entry(it.verb.kind()).or_default() += 1;
                self.place(&it.address);
                self.config = it.config_commit.clone().or(self.config.take());
                let source =
                    it.because.first().map_or(String::new(), |b| format!(" ({}:{})", b.file, b.line));
                format!("intend {} {}: {}{source}", it.verb.as_str(), it.address, it.reason)
            }
            Record::Outcome(it) => {
                let kind = index.open_intent(&it.intent).map_or("change", |o| o.intent.verb.kind());
                *self.settled.entry(kind).or_default() += 1;
                *self.results.entry(it.result).or_default() += 1;
                self.place(&it.address);
                if let Some(open) = index.open_intent(&it.intent) {
                    self.config = open.intent.config_commit.clone().or(self.config.take());
                }
                let says = if it.says.is_empty() { String::new() } else { format!(": {}", it.says) };
                format!("{} {}{says}", it.result.as_str(), it.address)
            }
            Record::Flip(it) => {
                let to = if it.on { "on" } else { "off" };
                self.other = Some(format!("flip: {} {to}", it.address));
                format!("{} {to}, by {}: {}", it.address, it.by, it.reason)
            }
            Record::Config(it) => {
                let verdict = match it.verdict {
                    Verdict::InForce => "in force",
                    Verdict::Rejected => "rejected",
                };
                self.other.get_or_insert(format!("config: {} {verdict}", &it.commit.as_str()[..7]));
                let why = if it.why.is_empty() { String::new() } else { format!(": {}", it.why) };
                format!("config {} {verdict}{why}", it.commit)
            }
            Record::Override(it) => format!("override {} at {}, by {}", it.guard, it.address, it.by),
            Record::Aside(it) => format!("{} bytes moved aside to {}", it.bytes, it.file),
            Record::Run(it) => {
                self.other.get_or_insert(format!("run: {} {}", it.address, it.outcome));
                format!("run {it}")
            }
            Record::Proof(it) => {
                self.other.get_or_insert("evidence".to_owned());
                format!("evidence: {it}")
            }
            Record::Batch(it) => {
                self.config = it.config_commit.clone().or(self.config.take());
                return;
            }
            Record::Other { .. } => return,
        };
        if self.lines.len() < MAX_LINES {
            self.lines.push(one_line(&line));
        }
    }

    fn place(&mut self, address: &crate::model::Address) {
        if self.places.len() < 1000 {
            let place = address.repo_name().map_or(address.to_string(), |repo| repo.to_string());
            self.places.insert(place);
        }
    }

    /// The commit's message.
    pub(super) fn message(&self) -> String {
        let changes = match (self.intended.is_empty(), self.settled.is_empty()) {
            (_, false) => Some(format!("apply: {}{}{}", kinds(&self.settled), self.at(), self.bad())),
            (false, true) => Some(format!("intend: {}{}", kinds(&self.intended), self.at())),
            (true, true) => None,
        };
        let parts: Vec<String> = self.other.iter().cloned().chain(changes).collect();
        let subject = if parts.is_empty() {
            format!("record: {}", counted(self.records, "record"))
        } else {
            parts.join("; ")
        };
        let config =
            self.config.as_ref().map_or(String::new(), |c| format!(" (config {})", &c.as_str()[..7]));
        let mut lines = vec![one_line(&format!("{subject}{config}"))];
        if !self.lines.is_empty() {
            lines.push(String::new());
        }
        lines.extend(self.lines.iter().map(|line| format!("- {line}")));
        if self.records > self.lines.len() && self.lines.len() == MAX_LINES {
            lines.push(format!("- and more: {} in all", counted(self.records, "record")));
        }
        lines.push(String::new());
        lines.join("\n")
    }

    fn at(&self) -> String {
        match (self.places.len(), self.places.first()) {
            (1, Some(place)) => format!(" in {place}"),
            (0, _) | (_, None) => String::new(),
            (n, Some(_)) => format!(" in {n} places"),
        }
    }

    fn bad(&self) -> String {
        [Ending::Refused, Ending::Failed, Ending::Unknown, Ending::Left]
            .iter()
            .filter_map(|result| Some(format!(", {} {}", self.results.get(result)?, result.as_str())))
            .collect()
    }
}

fn kinds(counts: &BTreeMap<&'static str, usize>) -> String {
    let counted: Vec<String> = counts.iter().map(|(kind, n)| counted(*n, kind)).collect();
    counted.join(", ")
}

fn counted(n: usize, word: &str) -> String {
    match (n, word.strip_suffix('y')) {
        (1, _) => format!("1 {word}"),
        (n, Some(stem)) => format!("{n} {stem}ies"),
        (n, None) => format!("{n} {word}s"),
    }
}

/// Without line breaks and of bounded length: what others wrote must not shape a message.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::super::samples::{at, batch, config, flip, intent, outcome};
    use super::super::{BatchPhase, Entry};
    use super::*;

    fn message(records: &[Record]) -> String {
        let (mut summary, mut index) = (Summary::default(), Index::default());
        for (n, record) in records.iter().enumerate() {
            summary.add(record, &index);
            let entry = Entry { seq: n as u64 + 1, at: at(0), record: record.clone(), hash: String::new() };
            index.add(&entry);
        }
        summary.message()
    }

    #[test]
    fn a_message_says_what_where_and_by_which_config() {
        let (a, b) = (intent("a", 0), intent("b", 0));
        insta::assert_snapshot!(message(&[batch(BatchPhase::Started), a.clone(), b.clone()]), @r"
        intend: 2 labels in acme/widgets (config abababa)

        - intend update-label repo/acme/widgets/label/a: colour differs (policies/labels.kdl:7)
        - intend update-label repo/acme/widgets/label/b: colour differs (policies/labels.kdl:7)
        ");
        insta::assert_snapshot!(message(&[a.clone(), outcome(&a, Ending::Done), b.clone(), outcome(&b, Ending::Failed)]), @r"
        apply: 2 labels in acme/widgets, 1 failed (config abababa)

        - intend update-label repo/acme/widgets/label/a: colour differs (policies/labels.kdl:7)
        - done repo/acme/widgets/label/a
        - intend update-label repo/acme/widgets/label/b: colour differs (policies/labels.kdl:7)
        - failed repo/acme/widgets/label/b
        ");
        assert!(
            message(&[flip("loop/labels", false), a])
                .starts_with("flip: loop/labels off; intend: 1 label in")
        );
        insta::assert_snapshot!(message(&[flip("loop/labels", false)]), @r"
        flip: loop/labels off

        - loop/labels off, by ann@host: too eager
        ");
        assert!(message(&[config(1, Verdict::Rejected)]).starts_with("config: 0101010 rejected\n"));
    }

    #[test]
    fn a_message_is_bounded_and_others_do_not_shape_it() {
        let many: Vec<_> = (0..80).map(|n| intent(&format!("l{n}"), 0)).collect();
        assert_eq!(message(&many).lines().count(), 2 + MAX_LINES + 1);
        let Record::Flip(mut bad) = flip("loop/labels", false) else { panic!() };
        bad.reason = "x\n\nSigned-off-by: nobody".into();
        assert_eq!(message(&[Record::Flip(bad)]).lines().count(), 3);
    }
}
