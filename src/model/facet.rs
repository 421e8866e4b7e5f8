//! Facets: the parts of the world that can be read apart from each other.

use std::fmt;

/// One part of the world that observation can fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Facet {
    /// The settings of repositories.
    Settings,
    /// The labels of repositories.
    Labels,
    /// Open pull requests on the config repository, with what they would change.
    ConfigPulls,
    /// Live flips and the pull requests that propose them.
    Flips,
    /// The list of repositories that nobody declared. No loop needs it; it is for people.
    Unmanaged,
    /// Agent runs, and the pull requests of what they made.
    Runs,
    /// Issues, where what a run found may become one.
    Issues,
    /// The issues that pipelines have to do with, and the pull requests for them.
    Cases,
    /// The words of repositories, what their keepers make of them, and the pull requests and issues of these.
    Language,
    /// What open pull requests mean for the words of their repository.
    Meanings,
}

impl Facet {
    /// Every facet.
    pub const ALL: &'static [Self] = &[
        Self::Settings,
        Self::Labels,
        Self::ConfigPulls,
        Self::Flips,
        Self::Unmanaged,
        Self::Runs,
        Self::Issues,
        Self::Cases,
        Self::Language,
        Self::Meanings,
    ];

    /// Its name in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Labels => "labels",
            Self::ConfigPulls => "config-pulls",
            Self::Flips => "flips",
            Self::Unmanaged => "unmanaged",
            Self::Runs => "runs",
            Self::Issues => "issues",
            Self::Cases => "cases",
            Self::Language => "language",
            Self::Meanings => "meanings",
        }
    }
}

impl fmt::Display for Facet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of facets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Facets(u16);

impl Facets {
    /// No facet.
    pub const NONE: Self = Self(0);

    /// Just this one.
    pub const fn of(facet: Facet) -> Self {
        Self(1 << facet as u8)
    }

    /// These and those.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the facet is among them.
    pub const fn has(self, facet: Facet) -> bool {
        self.0 & (1 << facet as u8) != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those that are here.
    pub fn iter(self) -> impl Iterator<Item = Facet> {
        Facet::ALL.iter().copied().filter(move |f| self.has(*f))
    }
}
