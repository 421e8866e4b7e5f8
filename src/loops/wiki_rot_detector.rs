//! Finds pages of the wiki that cite what is gone from the code, and keeps one issue for each, until it cites nothing of that kind.
//! What it decides is in [`crate::language::keep`].

use crate::model::{Facet, Facets, Verb};
use crate::plan::Plan;

use super::keeping;
use super::{Cx, Loop, NoSettings, Trigger};

/// The loop.
pub(super) struct WikiRotDetector;

impl Loop for WikiRotDetector {
    type Settings = NoSettings;
    const NAME: &'static str = "wiki-rot-detector";
    const ABOUT: &'static str = "Finds pages of the wiki that cite what is gone from the code, and keeps one issue for each, \
        until it cites nothing of that kind.";
    const TRIGGERS: &'static [Trigger] = keeping::TRIGGERS;
    const NEEDS: Facets = Facets::of(Facet::Language);
    const MAY: &'static [Verb] = keeping::MAY;

    fn plan(cx: &Cx<'_, NoSettings>) -> Plan {
        keeping::plan(Self::NAME, &cx.work())
    }
}
