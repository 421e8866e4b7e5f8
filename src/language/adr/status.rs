//! Where a decision stands.

use std::fmt;

/// Where a decision stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// It is up for a decision.
    Proposed,
    /// It holds.
    Accepted,
    /// Another one holds instead.
    Superseded,
    /// It holds no longer, and nothing took its place.
    Deprecated,
    /// It never held.
    Rejected,
}

impl Status {
    /// All of them, in the order in which a decision may go through them.
    pub const ALL: [Self; 5] =
        [Self::Proposed, Self::Accepted, Self::Superseded, Self::Deprecated, Self::Rejected];

    /// Its name as files spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Proposed => "Proposed",
            Self::Accepted => "Accepted",
            Self::Superseded => "Superseded",
            Self::Deprecated => "Deprecated",
            Self::Rejected => "Rejected",
        }
    }

    /// The status that a text begins with, whatever follows it: `Superseded by ADR-0012`, `accepted (2026-01-01)`.
    pub fn read(text: &str) -> Option<Self> {
        let word = first_word(text);
        Self::ALL.into_iter().find(|status| status.name().eq_ignore_ascii_case(word))
    }

    /// The status that was probably meant by a text that begins with none.
    pub fn meant(text: &str) -> Option<Self> {
        let word = first_word(text);
        let name = crate::language::suggest::closest(word, Self::ALL.map(Self::name))?;
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// Whether what the decision says about the code ought to be true.
    pub fn is_live(self) -> bool {
        match self {
            Self::Proposed | Self::Accepted => true,
            Self::Superseded | Self::Deprecated | Self::Rejected => false,
        }
    }

    /// Whether the decision was in force once, or is.
    pub fn was_in_force(self) -> bool {
        match self {
            Self::Accepted | Self::Superseded | Self::Deprecated => true,
            Self::Proposed | Self::Rejected => false,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The letters and hyphens that a text begins with, without the stars around them.
fn first_word(text: &str) -> &str {
    let text = text.trim_start().trim_start_matches(['*', '_', '`']);
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '-')).unwrap_or(text.len());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_its_first_word() {
        let rows = [
            ("plain", "Accepted", Some(Status::Accepted), Some(Status::Accepted)),
            ("another case", "accepted", Some(Status::Accepted), Some(Status::Accepted)),
            (
                "with a successor",
                "Superseded (by ADR-0002)",
                Some(Status::Superseded),
                Some(Status::Superseded),
            ),
            ("with stars", "**Rejected**", Some(Status::Rejected), Some(Status::Rejected)),
            ("a slip", "Acepted", None, Some(Status::Accepted)),
            ("not so", "Not accepted", None, None),
            ("another word", "Accepted-ish", None, Some(Status::Accepted)),
            ("nothing", "", None, None),
        ];
        for (name, text, read, meant) in rows {
            assert_eq!((Status::read(text), Status::meant(text)), (read, meant), "{name}");
        }
    }
}
