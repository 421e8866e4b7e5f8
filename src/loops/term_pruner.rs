//! Follows terms whose code has moved or got another name, and deprecates those whose code is gone, as one pull request.
//! What it decides is in [`crate::language::keep`].

use crate::model::{Facet, Facets, Verb};
use crate::plan::Plan;

use super::keeping;
use super::{Cx, Loop, NoSettings, Trigger};

/// The loop.
pub(super) struct TermPruner;

impl Loop for TermPruner {
    type Settings = NoSettings;
    const NAME: &'static str = "term-pruner";
    const ABOUT: &'static str = "Follows terms whose code has moved or got another name, and deprecates those whose code is gone, \
        as one pull request; where many break at once it proposes nothing and says so.";
    const TRIGGERS: &'static [Trigger] = keeping::TRIGGERS;
    const NEEDS: Facets = Facets::of(Facet::Language);
    const MAY: &'static [Verb] = keeping::MAY;

    fn plan(cx: &Cx<'_, NoSettings>) -> Plan {
        keeping::plan(Self::NAME, &cx.work())
    }
}
