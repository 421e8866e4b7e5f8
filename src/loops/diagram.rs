//! Draws the page of what the code is made of from the code.
//! What it decides is in [`crate::language::keep`].

use crate::model::{Facet, Facets, Verb};
use crate::plan::Plan;

use super::keeping;
use super::{Cx, Loop, NoSettings, Trigger};

/// The loop.
pub(super) struct Diagram;

impl Loop for Diagram {
    type Settings = NoSettings;
    const NAME: &'static str = "diagram";
    const ABOUT: &'static str = "Draws the page of what the code is made of from the code: contexts, their folders, and what uses \
        what; and tells of code that belongs to no context.";
    const TRIGGERS: &'static [Trigger] = keeping::TRIGGERS;
    const NEEDS: Facets = Facets::of(Facet::Language);
    const MAY: &'static [Verb] = keeping::MAY;

    fn plan(cx: &Cx<'_, NoSettings>) -> Plan {
        keeping::plan(Self::NAME, &cx.work())
    }
}
