//! Says on each open pull request what it means for the language of its repository, in one comment that is kept current. What it
//! says is in [`crate::language::review`].

use serde_json::json;

use crate::language::review;
use crate::model::meaning::MeaningSeen;
use crate::model::{Action, Address, Effect, Facet, Facets, RepoName, Seen, Verb, same_text};
use crate::plan::Plan;

use super::{Cx, Loop, NoSettings, Trigger, keeping};

/// The loop.
pub(super) struct LanguageReview;

impl Loop for LanguageReview {
    type Settings = NoSettings;
    const NAME: &'static str = "language-review";
    const ABOUT: &'static str = "Says on open pull requests what they mean for the language of their repository: what becomes of \
        terms, and which terms and decisions the code belongs to that they change.";
    const TRIGGERS: &'static [Trigger] = keeping::TRIGGERS;
    const NEEDS: Facets = Facets::of(Facet::Meanings);
    const MAY: &'static [Verb] = &[Verb::Comment];

    fn plan(cx: &Cx<'_, NoSettings>) -> Plan {
        let mut plan = Plan::empty();
        for (repo, pulls) in &cx.observed.meanings {
            for pull in pulls {
                told(repo, pull, &mut plan);
            }
        }
        plan
    }
}

/// What is to be said on a pull request.
fn told(repo: &RepoName, pull: &MeaningSeen, plan: &mut Plan) {
    let address =
        Address::repo(repo).part("pull", &pull.number.to_string()).part("language", LanguageReview::NAME);
    let means = match pull.means.known() {
        Ok(means) => means,
        Err(waits) => return plan.wait(address, waits),
    };
    let there = match &pull.said {
        Seen::Known((id, text)) => Some((*id, text)),
        Seen::Absent => None,
        // The gap says why.
        Seen::Unknown => return,
    };
    let Some(body) = review::comment(means, there.is_some()) else { return };
    if there.is_some_and(|(_, text)| same_text(text, &body)) {
        return;
    }
    let before = json!({ "body": there.map(|(_, text)| text), "head": pull.head });
    let after = json!({ "body": body, "head": pull.head });
    let id = there.map(|(id, _)| id);
    let effect =
        Effect::Comment { repo: repo.clone(), number: pull.number, id, at: Some(pull.head.clone()), body };
    let why = match (means, id) {
        (Some(_), None) => "nobody has said what it means for the language",
        (Some(_), Some(_)) => "it means something else by now",
        (None, _) => "it means nothing for the language any more",
    };
    plan.act(Action::new(LanguageReview::NAME, Verb::Comment, address, before, after, effect).reason(why));
}
