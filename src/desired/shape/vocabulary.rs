//! What config may name that is defined elsewhere: loops, guards, rules, and the day on which dates are judged.

use std::time::Duration;

use super::Kind;

/// The words that the rest of the factory gives to config.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    /// The registered loops.
    pub loops: Vec<LoopShape>,
    /// The guards that `allow` may name.
    pub guards: &'static [&'static str],
    /// The rules of the language that `language.lint` may name.
    pub rules: Vec<&'static str>,
    /// Today in UTC: an override past its date is an error.
    pub today: jiff::civil::Date,
}

impl Vocabulary {
    /// The loop of this name.
    pub fn find_loop(&self, name: &str) -> Option<&LoopShape> {
        self.loops.iter().find(|l| l.name == name)
    }
}

/// What config needs to know of a loop.
#[derive(Clone, Debug)]
pub struct LoopShape {
    /// Its name.
    pub name: &'static str,
    /// One paragraph for people.
    pub about: &'static str,
    /// How often it runs unless config says otherwise; `None` for a loop without a timer.
    pub default_every: Option<Duration>,
    /// Its own settings; only the fields are used.
    pub kind: &'static Kind,
}
