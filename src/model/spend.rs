//! What runs cost, and whose figure that is.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::{Usage, match_star};

/// Millionths in a dollar.
pub const MICROS: u64 = 1_000_000;
/// Tokens that a price is of.
const TOKENS: u128 = 1_000_000;

/// Whose figure a cost is, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Figure {
    /// The agent's own.
    Agent,
    /// That of the table of prices for its model.
    Table,
    /// The highest of the table: its model isn't in there.
    TableUpper,
}

impl Figure {
    /// Its word in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Table => "table",
            Self::TableUpper => "table-upper",
        }
    }

    /// What it is in words that follow an amount.
    pub fn says(self) -> &'static str {
        match self {
            Self::Agent => "by its own figure",
            Self::Table => "by the table of prices",
            Self::TableUpper => "by the highest prices of the table, which doesn't have its model",
        }
    }
}

/// What something cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// Millionths of a US dollar.
    pub micros: u64,
    /// Whose figure it is; of a sum the least sure one.
    pub figure: Figure,
}

impl Spent {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { micros: self.micros.saturating_add(other.micros), figure: self.figure.max(other.figure) }
    }
}

impl fmt::Display for Spent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", usd(self.micros), self.figure.says())
    }
}

/// An amount as people read it: `0.0042 USD`, with cents at least.
pub fn usd(micros: u64) -> String {
    let (whole, rest) = (micros / MICROS, format!("{:06}", micros % MICROS));
    let digits = rest.trim_end_matches('0').len().max(2);
    format!("{whole}.{} USD", &rest[..digits])
}

/// What a million tokens of each kind cost, in millionths of a US dollar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tariff {
    /// Read by the model, not from its cache.
    pub input: u64,
    /// Read from its cache.
    pub cached: u64,
    /// Written.
    pub output: u64,
}

impl Tariff {
    /// What so much costs, rounded up.
    pub fn of(&self, used: &Usage) -> u64 {
        let kinds = [(used.input, self.input), (used.cached, self.cached), (used.output, self.output)];
        let sum = kinds.iter().fold(0_u128, |sum, (tokens, price)| {
            sum.saturating_add(u128::from(*tokens).saturating_mul(u128::from(*price)))
        });
        u64::try_from(sum.div_ceil(TOKENS)).unwrap_or(u64::MAX)
    }

    /// The higher one of each kind.
    fn at_least(self, other: Self) -> Self {
        Self {
            input: self.input.max(other.input),
            cached: self.cached.max(other.cached),
            output: self.output.max(other.output),
        }
    }
}

/// The prices of models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prices {
    /// The day on which they were looked up.
    pub as_of: Date,
    /// Patterns over the names of models, in which `*` stands for anything and case doesn't count, each with its tariff;
    /// one at least.
    pub models: Vec<(String, Tariff)>,
}

impl Prices {
    /// What the tokens of a model cost: of the patterns that fit, the longest counts. A model that isn't known costs the
    /// highest price of each kind.
    pub fn tariff(&self, model: Option<&str>) -> (Tariff, Figure) {
        let fits = |model: &str| {
            let model = model.to_lowercase();
            let fitting =
                self.models.iter().filter(|(pattern, _)| match_star(&pattern.to_lowercase(), &model));
            fitting.max_by_key(|(pattern, _)| pattern.len()).map(|(_, tariff)| *tariff)
        };
        model.and_then(fits).map_or_else(
            || {
                let upper = |upper: Tariff, (_, tariff): &(String, Tariff)| upper.at_least(*tariff);
                (self.models.iter().fold(Tariff::default(), upper), Figure::TableUpper)
            },
            |tariff| (tariff, Figure::Table),
        )
    }
}

/// What a use of a model cost: the agent's own figure, else what the table says, else nobody knows. Of what tells
/// nothing of its use nobody does either: that is not the same as none.
pub fn spent(used: &Usage, model: Option<&str>, prices: Option<&Prices>) -> Option<Spent> {
    // Agents say zero of a model whose price they don't know, too.
    if let Some(micros) = used.cost.filter(|micros| *micros > 0 || used.tokens() == 0) {
        return Some(Spent { micros, figure: Figure::Agent });
    }
    if used.tokens() == 0 {
        return None;
    }
    let (tariff, figure) = prices?.tariff(model);
    Some(Spent { micros: tariff.of(used), figure })
}

/// The day of a moment, UTC.
pub fn day_of(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// How much of an account's quota was used, as an agent said it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// Which one, in the agent's word: an account has several. Empty where there is no word.
    #[serde(default)]
    pub of: String,
    /// In percent.
    pub percent: u8,
    /// When it begins anew, where that was said.
    pub until: Option<Timestamp>,
    /// When it was said.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prices() -> Prices {
        let tariff = |input, cached, output| Tariff { input, cached, output };
        Prices {
            as_of: jiff::civil::date(2026, 11, 1),
            models: vec![
                ("claude-*".into(), tariff(3_000_000, 300_000, 15_000_000)),
                ("claude-haiku-*".into(), tariff(1_000_000, 100_000, 5_000_000)),
                ("GPT".into(), tariff(2_000_000, 500_000, 8_000_000)),
            ],
        }
    }

    #[test]
    fn a_cost_is_the_agents_own_else_the_tables_and_never_nothing_for_want_of_a_model() {
        let used = Usage { turns: 1, input: 1_000, cached: 2_000, output: 100, cost: None };
        let own = Usage { cost: Some(7), ..used };
        for (what, used, model, micros, figure) in [
            ("its own", own, Some("claude-opus-4"), 7, Figure::Agent),
            ("a row", used, Some("claude-opus-4"), 3_000 + 600 + 1_500, Figure::Table),
            ("the longer pattern", used, Some("claude-haiku-4"), 1_000 + 200 + 500, Figure::Table),
            ("whatever its case", used, Some("Claude-HAIKU-4"), 1_000 + 200 + 500, Figure::Table),
            ("the pattern's too", used, Some("gpt"), 2_000 + 1_000 + 800, Figure::Table),
            ("a name is no prefix", used, Some("gpt-2"), 3_000 + 1_000 + 1_500, Figure::TableUpper),
            ("no model", used, None, 3_000 + 1_000 + 1_500, Figure::TableUpper),
            ("rounded up", Usage { input: 1, ..Usage::default() }, Some("gpt"), 2, Figure::Table),
            ("never down", Usage { cached: 1, ..Usage::default() }, Some("gpt"), 1, Figure::Table),
        ] {
            assert_eq!(spent(&used, model, Some(&prices())), Some(Spent { micros, figure }), "{what}");
        }
        assert_eq!(spent(&used, None, None), None, "nobody knows");
        assert_eq!(spent(&Usage::default(), None, Some(&prices())), None, "it told nothing");
        let most = Usage { input: u64::MAX, output: u64::MAX, ..Usage::default() };
        assert_eq!(spent(&most, None, Some(&prices())).map(|spent| spent.micros), Some(u64::MAX));
    }

    #[test]
    fn amounts_are_read_by_people() {
        for (micros, text) in
            [(0, "0.00 USD"), (4_200, "0.0042 USD"), (1_500_000, "1.50 USD"), (12_000_001, "12.000001 USD")]
        {
            assert_eq!(usd(micros), text);
        }
        let (table, agent) = (Figure::Table, Figure::Agent);
        let both = Spent { micros: 1, figure: table }.plus(Spent { micros: 2, figure: agent });
        assert_eq!(both, Spent { micros: 3, figure: table });
    }
}
