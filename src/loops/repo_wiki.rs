//! Keeps the wiki in order.
//! What it decides is in [`crate::language::keep`].

use crate::model::{Facet, Facets, Verb};
use crate::plan::Plan;

use super::keeping::{self, Judges};
use super::{Cx, Loop, Trigger};

/// The loop.
pub(super) struct RepoWiki;

impl Loop for RepoWiki {
    type Settings = Judges;
    const NAME: &'static str = "repo-wiki";
    const ABOUT: &'static str = "Keeps the wiki in order: puts on record what no longer holds, keeps its index, and has entries \
        of one topic brought together, as one maintenance pull request.";
    const TRIGGERS: &'static [Trigger] = keeping::ASKS;
    const NEEDS: Facets = Facets::of(Facet::Language).and(Facets::of(Facet::Runs));
    const MAY: &'static [Verb] = keeping::MAY_ASK;

    fn plan(cx: &Cx<'_, Judges>) -> Plan {
        keeping::plan_asking(Self::NAME, cx)
    }
}
