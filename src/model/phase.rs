//! The eight stations of an issue, and which may follow which.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One of the eight stations of an issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Whether it can be worked on, and where it goes.
    Triage,
    /// What is meant is found out.
    Discover,
    /// One of several directions is chosen.
    Shape,
    /// How it is to be done.
    Plan,
    /// It is done.
    Implement,
    /// What was made is judged.
    Review,
    /// It is stuck, and somebody else's turn: a specialist's, then a person's.
    Hitl,
    /// What was made lands.
    Merge,
}

impl Phase {
    /// Every phase, in order.
    pub const ALL: &'static [Self] = &[
        Self::Triage,
        Self::Discover,
        Self::Shape,
        Self::Plan,
        Self::Implement,
        Self::Review,
        Self::Hitl,
        Self::Merge,
    ];

    /// Its word in config, labels, documents and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Triage => "triage",
            Self::Discover => "discover",
            Self::Shape => "shape",
            Self::Plan => "plan",
            Self::Implement => "implement",
            Self::Review => "review",
            Self::Hitl => "hitl",
            Self::Merge => "merge",
        }
    }

    /// By its word.
    pub fn by_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|phase| phase.as_str() == word)
    }

    /// The phases that may come after this one: onwards, back with what was learnt, or out to somebody else.
    pub fn may_lead_to(self) -> &'static [Self] {
        use Phase::{Discover, Hitl, Implement, Merge, Plan, Review, Shape, Triage};
        match self {
            Triage => &[Discover, Shape, Plan, Implement, Hitl],
            Discover => &[Shape, Plan, Implement, Triage, Hitl],
            Shape => &[Plan, Implement, Triage, Hitl],
            Plan => &[Implement, Triage, Hitl],
            Implement => &[Review, Merge, Plan, Triage, Hitl],
            Review => &[Merge, Implement, Plan, Triage, Hitl],
            Hitl => &[Triage, Discover, Shape, Plan, Implement, Review, Merge],
            Merge => &[Implement, Review, Triage, Hitl],
        }
    }

    /// Whether an issue may go from one to the other; it may stay where it is.
    pub fn leads_to(self, other: Self) -> bool {
        self == other || self.may_lead_to().contains(&other)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_of_one_phase_and_no_phase_is_a_dead_end() {
        for phase in Phase::ALL {
            assert_eq!(Phase::by_word(phase.as_str()), Some(*phase));
            assert!(phase.leads_to(*phase) && phase.leads_to(Phase::Hitl) || *phase == Phase::Hitl);
            assert!(
                Phase::ALL.iter().any(|from| from != phase && from.leads_to(*phase)),
                "{phase} is reached"
            );
        }
        assert!(!Phase::Triage.leads_to(Phase::Merge) && !Phase::Triage.leads_to(Phase::Review));
        assert_eq!(Phase::by_word("ready"), None);
    }
}
