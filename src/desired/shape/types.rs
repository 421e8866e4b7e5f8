//! The types of values, and how each is named to people.

use crate::desired::text::Spelling;

/// Seconds in a minute.
pub const MINUTE: u64 = 60;
/// Seconds in an hour.
pub const HOUR: u64 = 60 * MINUTE;
/// Seconds in a day.
pub const DAY: u64 = 24 * HOUR;

/// What values a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// On or off.
    Flag,
    /// One line of text of at most `max` characters.
    Text {
        /// The greatest number of characters.
        max: usize,
    },
    /// Text of several lines, at most `max` characters, and not empty.
    Prose {
        /// The greatest number of characters.
        max: usize,
    },
    /// A whole number.
    Int {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// A whole number, or no limit.
    Limit {
        /// The greatest number.
        max: i64,
    },
    /// An amount in US dollars.
    Dollars {
        /// The greatest number of dollars.
        max: u64,
        /// Whether there may be no limit.
        unlimited: bool,
    },
    /// A length of time with its unit.
    Duration {
        /// The shortest, in seconds.
        min: u64,
        /// The longest, in seconds.
        max: u64,
    },
    /// One of a closed set of words.
    Word(&'static [&'static str]),
    /// A repository, `owner/name`.
    Repo,
    /// A pattern over repositories, with `*` anywhere.
    RepoPattern,
    /// A pattern over the repositories of one account: `owner/*`.
    OwnerPattern,
    /// A pattern over addresses.
    Address,
    /// Six hex digits.
    Color,
    /// The name of a label.
    Label,
    /// A name that config gives to one of its own things, e.g. a group.
    Name,
    /// The name of an agent that config declares. Each part sees to that itself.
    Agent,
    /// A topic of a repository.
    Topic,
    /// A branch.
    Branch,
    /// A day.
    Date,
    /// A day, or a day with a time.
    Moment,
    /// Where a secret is found.
    Secret,
    /// The base of an API.
    Api,
    /// A website, or nothing.
    Website,
    /// Where something lies on this machine, from the root on.
    Path,
    /// `host:port`.
    Listen,
    /// The name of a model, or a pattern over such names.
    Model,
    /// The name of a guard, from the vocabulary.
    Guard,
    /// The name of a loop, from the vocabulary.
    Loop,
    /// The name of a rule of the language, from the vocabulary.
    Rule,
    /// Several values, in any order, each once.
    List {
        /// What each is.
        of: &'static Type,
        /// The greatest number of them.
        max: usize,
    },
    /// Several values in their order, which may be the same.
    Row {
        /// What each is.
        of: &'static Type,
        /// The greatest number of them.
        max: usize,
    },
}

impl Type {
    /// The type in words that follow "must be".
    pub fn noun(self, spelling: Spelling) -> String {
        let toml = spelling == Spelling::Toml;
        match self {
            Self::Flag if toml => "`true` or `false`".to_owned(),
            Self::Flag => "`#true` or `#false`".to_owned(),
            Self::Text { max } => format!("a line of text of at most {max} characters"),
            Self::Prose { max } => format!("text of at most {max} characters"),
            Self::Int { min, max } if max == i64::MAX => format!("a whole number, {min} or greater"),
            Self::Int { min, max } => format!("a whole number from {min} to {max}"),
            Self::Limit { .. } if toml => "a whole number or \"unlimited\"".to_owned(),
            Self::Limit { .. } => "a whole number or `#null` for no limit".to_owned(),
            Self::Dollars { unlimited, .. } => {
                let or = match (unlimited, toml) {
                    (false, _) => "",
                    (true, true) => " or \"unlimited\"",
                    (true, false) => " or `#null` for no limit",
                };
                format!("an amount in US dollars, `5` or `0.25`{or}")
            }
            Self::Duration { min, max } => {
                format!("a length of time from {} to {}", duration_text(min), duration_text(max))
            }
            Self::Word(words) => one_of(words),
            Self::Repo => "a repository, `owner/name`".to_owned(),
            Self::RepoPattern => "a pattern over repositories, `owner/name` with `*` anywhere".to_owned(),
            Self::OwnerPattern => "a pattern over one account's repositories, `owner/*`".to_owned(),
            Self::Address => "an address, in which `*` and `**` may stand for parts".to_owned(),
            Self::Color => "a colour of six hex digits".to_owned(),
            Self::Label => "a label's name of 1 to 50 characters".to_owned(),
            Self::Name | Self::Agent => "a name of letters, digits, `-`, `_` and `.`".to_owned(),
            Self::Topic => {
                "a topic of lower-case letters, digits and hyphens, at most 50 characters".to_owned()
            }
            Self::Branch => "the name of a branch".to_owned(),
            Self::Date => "a date, `YYYY-MM-DD`".to_owned(),
            Self::Moment => "a date, `YYYY-MM-DD`, or a time, `YYYY-MM-DDTHH:MM:SSZ`".to_owned(),
            Self::Secret => "a reference to a secret, `env:NAME` or `file:PATH`".to_owned(),
            Self::Api => "the address of an API, `https://…`".to_owned(),
            Self::Path => "a path that begins with `/`".to_owned(),
            Self::Website => "a website, `https://…`, or empty".to_owned(),
            Self::Listen => "an address to listen on, `host:port`".to_owned(),
            Self::Model => "a model's name, 1 to 200 characters on one line".to_owned(),
            Self::Guard => "the name of a guard".to_owned(),
            Self::Loop => "the name of a loop".to_owned(),
            Self::Rule => "the name of a rule".to_owned(),
            Self::List { of, max } | Self::Row { of, max } => {
                format!("up to {max} values, each {}", of.noun(spelling))
            }
        }
    }

    /// Whether several values may stand in one field.
    pub fn is_list(self) -> bool {
        matches!(self, Self::List { .. } | Self::Row { .. })
    }
}

/// Words as a choice: "`a`, `b` or `c`".
pub(in crate::desired) fn one_of(words: &[&str]) -> String {
    match words {
        [] => "nothing".to_owned(),
        [only] => format!("`{only}`"),
        [init @ .., last] => {
            let init: Vec<_> = init.iter().map(|w| format!("`{w}`")).collect();
            format!("{} or `{last}`", init.join(", "))
        }
    }
}

/// A length of time in the greatest unit that divides it.
pub(in crate::desired) fn duration_text(seconds: u64) -> String {
    match seconds {
        0 => "0s".to_owned(),
        s if s % DAY == 0 => format!("{}d", s / DAY),
        s if s % HOUR == 0 => format!("{}h", s / HOUR),
        s if s % MINUTE == 0 => format!("{}m", s / MINUTE),
        s => format!("{s}s"),
    }
}
