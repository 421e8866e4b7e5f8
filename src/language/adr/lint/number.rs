//! `adr-number`: one number, one decision, over open pull requests too.

use crate::language::adr::record::Record;
use crate::model::language::Level;

use super::{Found, Look, Rule, about};

/// The rule.
pub(super) const RULE: Rule = Rule {
    name: "adr-number",
    level: Level::Error,
    doc: "each number has one decision, in this folder, and with `adr lint --open-pulls` in open pull requests; its file is \
          `NNNN-slug.md`",
    check,
};

fn check(look: &Look<'_>) -> Vec<Found> {
    let unread = look.adrs.unread.iter().map(|(path, why)| {
        let found = Found::new(path, 0..0, "the file can't be read as a decision");
        found.help(why.to_string())
    });
    let records = look.adrs.records.iter().filter_map(|record| of(look, record));
    unread.chain(records).collect()
}

fn of(look: &Look<'_>, record: &Record) -> Option<Found> {
    let number = record.number();
    let here =
        look.adrs.records.iter().filter(|other| other.number() == number && other.path() != record.path());
    let open = look.taken.iter().filter(|taken| taken.number == number && taken.path != record.path());
    let mut who: Vec<String> = here.map(|other| format!("`{}`", other.path())).collect();
    who.extend(open.map(|taken| format!("`{}` of pull request #{}", taken.path, taken.pull)));
    if who.is_empty() {
        return None;
    }
    let message = format!("{number} is also the number of {}", who.join(" and "));
    Some(
        about(record, message).help("give the newer one the next free number: `factoryctl adr new` tells it"),
    )
}
