//! What an issue says is data: whatever stands in it, agents are told the same, are the same, work at the same place, and the
//! same lands.

mod corpus;

use serde_json::{Value, json};

use super::super::{Inputs, by_name};
use super::pipeline_laws::World;
use crate::model::{Action, CommentSeen, Effect, OpenPull, StartRun, Tell, blockers, is_command, is_hidden};
use crate::work::words::as_title;

/// Where a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Title,
    Body,
    /// A comment of somebody who may not steer.
    Comment,
}

/// What anybody would write.
const HARMLESS: &str = "It would be nice to have that soon.";
/// The ticks from the label to the merge, and a few more.
const TICKS: usize = 14;

/// A world whose issues have a text at a place.
fn world(desired: &crate::model::Desired, place: Place, text: &str) -> World {
    let mut world = World::new(desired, 1);
    let now = world.now;
    for case in world.cases.values_mut() {
        match place {
            Place::Title => case.title = text.chars().take(256).collect(),
            Place::Body => {
                case.body = format!("{}\n\n{text}", case.body);
                case.blocked_by = blockers(&case.body);
            }
            Place::Comment => case.comments.push(CommentSeen {
                id: 5,
                author: "mallory".into(),
                own: false,
                body: if is_command(text) { format!("It says:\n{text}") } else { text.to_owned() },
                at: now,
                edited: None,
            }),
        }
    }
    world
}

/// What of a prompt isn't data.
fn told(prompt: &str) -> Vec<&str> {
    let is_data = |line: &&str| line.starts_with("    ") || line.trim().is_empty();
    let is_counted = |line: &&str| {
        line.contains(" characters more are left out.)") || line.contains(" characters that no reader sees ")
    };
    prompt.lines().filter(|line| !is_data(line) && !is_counted(line)).collect()
}

/// What an action does, without the words of the issue.
fn does(action: &Action) -> Value {
    #[expect(clippy::wildcard_enum_match_arm, reason = "others have no words of the issue")]
    let effect = match &action.effect {
        Effect::StartRun(start) => {
            let StartRun { of, agent, prompt, paths, may_weaken, answer, watched } = &**start;
            let play = of
                .play
                .as_ref()
                .map(|play| (&play.book, play.round, &play.enriched, &play.about, &play.head));
            let of = (&of.repo, &of.subject, of.attempt, &of.branch, &of.continues, &of.after, &play);
            let answer = answer.as_ref().map(crate::model::AnswerSchema::value);
            json!([format!("{of:?} {watched:?}"), agent, told(prompt), paths, may_weaken, answer])
        }
        Effect::OpenPull(pull) => {
            json!(format!("{:?}", OpenPull { title: String::new(), ..(**pull).clone() }))
        }
        Effect::Merge(it) => {
            json!(format!("{:?}", crate::model::Landing { title: String::new(), ..(**it).clone() }))
        }
        Effect::Tell(tell) => json!(format!("{:?}", Tell { ..(**tell).clone() })),
        other => json!(format!("{other:?}")),
    };
    json!([action.verb.as_str(), action.address.as_str(), action.reason, action.because.len(), effect])
}

/// All that is done from the label to the merge.
fn way(
    desired: &crate::model::Desired,
    place: Place,
    text: &str,
    mut looks: impl FnMut(&Action),
) -> Vec<Value> {
    let mut world = world(desired, place, text);
    let mut out = Vec::new();
    for _ in 0..TICKS {
        let observed = world.observed();
        let inputs = Inputs { desired, observed: &observed, now: world.now };
        for action in by_name("pipeline").expect("it is registered").plan(inputs).actions {
            looks(&action);
            out.push(does(&action));
            world.does(&action);
        }
        world.rests();
        world.approved();
    }
    out
}

/// What only says how another character looks, or fills a place.
fn is_fill(c: char) -> bool {
    matches!(c, '\u{34f}' | '\u{115f}' | '\u{3164}' | '\u{ffa0}' | '\u{e0080}'..='\u{e0fff}')
}

/// What holds of an action by itself.
#[expect(clippy::wildcard_enum_match_arm, reason = "others have no words of the issue")]
fn is_sound(action: &Action, name: &str, place: Place, text: &str) {
    let shown = |words: &str| !words.chars().any(|c| c != '\n' && is_hidden(c));
    match &action.effect {
        Effect::StartRun(start) => {
            assert!(
                shown(&start.prompt) && !start.prompt.contains(is_fill),
                "{name}: something hidden is left"
            );
            let is_seen = |c: char| c == '\n' || !(is_hidden(c) || is_fill(c));
            let whole = place == Place::Body && text.len() < 2_000 && text.chars().all(is_seen);
            for line in text.lines().filter(|_| whole && !text.contains("<!--")) {
                let there = start.prompt.contains(&format!("\n    {line}\n"));
                assert!(there, "{name}: {line:?} doesn't stand as it is in\n{}", start.prompt);
            }
        }
        Effect::OpenPull(pull) => {
            assert!(shown(&pull.title) && !pull.title.contains('\n'), "{name}: {}", pull.title);
            assert_eq!(as_title(&pull.title), pull.title, "{name}: a title calls nobody");
        }
        Effect::Tell(tell) => assert!(tell.comment.as_ref().is_none_or(|it| shown(it)), "{name}"),
        _ => {}
    }
}

#[test]
fn no_text_of_an_issue_changes_what_is_done_about_it() {
    let (desired, corpus) = (super::pipeline_laws::desired(), corpus::corpus());
    assert!(corpus.len() >= 50, "{} texts", corpus.len());
    for place in [Place::Title, Place::Body, Place::Comment] {
        let expect = way(&desired, place, HARMLESS, |_| {});
        for verb in ["start-run", "open-pull", "tell-issue", "merge-pull"] {
            assert!(expect.iter().any(|it| it[0] == verb), "{verb} is on the way: {expect:#?}");
        }
        for (name, text) in &corpus {
            let does = way(&desired, place, text, |action| is_sound(action, name, place, text));
            for (n, (one, other)) in expect.iter().zip(&does).enumerate() {
                assert_eq!(one, other, "{name} as {place:?} changes action {n}");
            }
            assert_eq!(expect.len(), does.len(), "{name} as {place:?}");
        }
    }
}

#[test]
fn who_may_not_steer_is_told_so_and_nothing_else_changes() {
    let desired = super::pipeline_laws::desired();
    for (name, text) in corpus::corpus().into_iter().filter(|(_, text)| is_command(text)) {
        let mut world = world(&desired, Place::Comment, HARMLESS);
        for case in world.cases.values_mut() {
            case.comments[0].body.clone_from(&text);
        }
        let observed = world.observed();
        for key in world.cases.keys() {
            world.stands(key, &observed, |view, _| {
                assert_eq!(view.commands.heard, [], "{name}");
                let unheard: Vec<bool> = view.commands.unheard.iter().map(|it| it.may_steer).collect();
                assert_eq!(unheard, [false], "{name}");
            });
        }
    }
}
