//! COUNCIL: personas vote in runs of their own; what is split goes to a mediator, and on to other personas.

use serde_json::{Value, json};

use super::story::Story;
use crate::model::Outcome::{Crashed, Done};

/// It is ready, and there are several directions.
fn open() -> Option<Value> {
    Some(json!({ "ready": true, "clarity": 9, "missing": [], "needs_shaping": true }))
}

fn directions() -> Option<Value> {
    let of = |title: &str, summary: &str| json!({ "title": title, "summary": summary });
    let all = [of("Grind", "Take a wheel."), of("Cast", "Take another one."), of("Wait", "Do it later.")];
    Some(json!({ "directions": all }))
}

fn vote(direction: u32) -> Option<Value> {
    Some(json!({ "direction": direction, "reasoning": format!("for {direction}"), "confidence": 5 }))
}

fn mediation() -> Option<Value> {
    Some(json!({ "common_ground": "Sharp.", "tension": "Cost.", "synthesis": "Grind it once." }))
}

fn story() -> Story {
    let mut it = Story::new("\"triage\" \"shape\"");
    it.ran(Done, open()).ran(Done, directions());
    it
}

fn votes(it: &mut Story, votes: [u32; 3]) {
    for direction in votes {
        it.ran(Done, vote(direction));
    }
}

#[test]
fn two_of_three_decide() {
    let mut it = story();
    it.ran(Done, vote(2)).reads_of(&["You vote", "Grind", "Cast"]);
    it.ran(Done, vote(1)).differs().ran(Done, vote(2)).stands();
    insta::assert_snapshot!(it.told(), @r#"
    triage: `triage` 1.1 -> done {"ready":true,"clarity":9,"missing":[],"needs_shaping":true}
    shape: `shape` 1.1 -> done {"directions":[{"title":"Grind","summary":"Take a wheel."},{"title":"Cast","summary":"Take…
    shape: `shape` 1.1 -> done {"direction":2,"reasoning":"for 2","confidence":5}
        | 1. Grind: Take a wheel.
        | 2. Cast: Take another one.
        | You vote as the user advocate: judge by what serves those who will use it, and what they would miss. Vote for one direction by its number.
    shape: `shape` 1.1 -> done {"direction":1,"reasoning":"for 1","confidence":5}
        - You vote as the user advocate: judge by what serves those who will use it, and what they would miss. Vote for one direction by its number.
        + You vote as the technical lead: judge by what fits the code that is there, and what it costs to keep. Vote for one direction by its number.
    shape: `shape` 1.1 -> done {"direction":2,"reasoning":"for 2","confidence":5}
    implement: `implement` 1 is to be done
    "#);
}

#[test]
fn what_is_split_is_mediated_then_voted_on_again_then_by_others_then_decided_by_a_person() {
    let mut it = story();
    votes(&mut it, [1, 2, 3]);
    it.ran(Done, mediation()).reads_of(&["Grind", "Round", ", for "]);
    it.ran(Done, vote(1)).reads_of(&["Round", ", for ", "A mediator", "You vote"]);
    it.ran(Done, vote(2)).ran(Done, vote(3));
    it.ran(Done, vote(1)).reads_of(&["Round", "You vote"]);
    it.ran(Done, vote(2)).reads_of(&["You vote"]).ran(Done, vote(3)).reads_of(&["You vote"]).stands();
    insta::assert_snapshot!(it.told(), @r#"
    triage: `triage` 1.1 -> done {"ready":true,"clarity":9,"missing":[],"needs_shaping":true}
    shape: `shape` 1.1 -> done {"directions":[{"title":"Grind","summary":"Take a wheel."},{"title":"Cast","summary":"Take…
    shape: `shape` 1.1 -> done {"direction":1,"reasoning":"for 1","confidence":5}
    shape: `shape` 1.1 -> done {"direction":2,"reasoning":"for 2","confidence":5}
    shape: `shape` 1.1 -> done {"direction":3,"reasoning":"for 3","confidence":5}
    shape: `shape-mediate` 1.1, votes -> done {"common_ground":"Sharp.","tension":"Cost.","synthesis":"Grind it once."}
        | 1. Grind: Take a wheel.
        | Round 1 was split:
        | - user advocate, for 1 (5 of 10): for 1
        | - technical lead, for 2 (5 of 10): for 2
        | - product strategist, for 3 (5 of 10): for 3
    shape: `shape` 2.1, votes -> done {"direction":1,"reasoning":"for 1","confidence":5}
        | Round 1 was split:
        | - user advocate, for 1 (5 of 10): for 1
        | - technical lead, for 2 (5 of 10): for 2
        | - product strategist, for 3 (5 of 10): for 3
        | A mediator says. Common ground: Sharp. Tension: Cost. Synthesis: Grind it once.
        | You vote as the user advocate: judge by what serves those who will use it, and what they would miss. Vote for one direction by its number.
    shape: `shape` 2.1, votes -> done {"direction":2,"reasoning":"for 2","confidence":5}
    shape: `shape` 2.1, votes -> done {"direction":3,"reasoning":"for 3","confidence":5}
    shape: `shape` 3.1, votes -> done {"direction":1,"reasoning":"for 1","confidence":5}
        | Round 1 was split:
        | Round 2 was split:
        | You vote as the dissenter: judge by what speaks against the direction that most are for. Vote for one direction by its number.
    shape: `shape` 3.1, votes -> done {"direction":2,"reasoning":"for 2","confidence":5}
        | You vote as the consensus seeker: judge by which direction everybody could live with. Vote for one direction by its number.
    shape: `shape` 3.1, votes -> done {"direction":3,"reasoning":"for 3","confidence":5}
        | You vote as the regret in six months: judge by which choice would be regretted half a year from now. Vote for one direction by its number.
    shape: A PERSON'S TURN: three rounds of votes were split; say which direction with `/steer`, then `/redo shape`
        Round 1 was split:
        - user advocate, for 1 (5 of 10): for 1
        - technical lead, for 2 (5 of 10): for 2
        - product strategist, for 3 (5 of 10): for 3
        A mediator says. Common ground: Sharp. Tension: Cost. Synthesis: Grind it once.
        Round 2 was split:
        - user advocate, for 1 (5 of 10): for 1
        - technical lead, for 2 (5 of 10): for 2
        - product strategist, for 3 (5 of 10): for 3
        Round 3 was split:
        - dissenter, for 1 (5 of 10): for 1
        - consensus seeker, for 2 (5 of 10): for 2
        - regret in six months, for 3 (5 of 10): for 3
    "#);
}

#[test]
fn a_second_round_may_agree() {
    let mut it = story();
    votes(&mut it, [1, 2, 3]);
    it.ran(Done, mediation());
    votes(&mut it, [1, 1, 3]);
    it.stands();
    insta::assert_snapshot!(it.told(), @r#"
    triage: `triage` 1.1 -> done {"ready":true,"clarity":9,"missing":[],"needs_shaping":true}
    shape: `shape` 1.1 -> done {"directions":[{"title":"Grind","summary":"Take a wheel."},{"title":"Cast","summary":"Take…
    shape: `shape` 1.1 -> done {"direction":1,"reasoning":"for 1","confidence":5}
    shape: `shape` 1.1 -> done {"direction":2,"reasoning":"for 2","confidence":5}
    shape: `shape` 1.1 -> done {"direction":3,"reasoning":"for 3","confidence":5}
    shape: `shape-mediate` 1.1, votes -> done {"common_ground":"Sharp.","tension":"Cost.","synthesis":"Grind it once."}
    shape: `shape` 2.1, votes -> done {"direction":1,"reasoning":"for 1","confidence":5}
    shape: `shape` 2.1, votes -> done {"direction":1,"reasoning":"for 1","confidence":5}
    shape: `shape` 2.1, votes -> done {"direction":3,"reasoning":"for 3","confidence":5}
    implement: `implement` 1 is to be done
    "#);
}

#[test]
fn who_gives_no_vote_is_left_out() {
    let mut it = story();
    it.ran_times(3, &Crashed).ran(Done, vote(2)).ran(Done, vote(2)).stands();
    insta::assert_snapshot!(it.told(), @r#"
    triage: `triage` 1.1 -> done {"ready":true,"clarity":9,"missing":[],"needs_shaping":true}
    shape: `shape` 1.1 -> done {"directions":[{"title":"Grind","summary":"Take a wheel."},{"title":"Cast","summary":"Take…
    shape: `shape` 1.1 -> crashed
    shape: `shape` 1.2 -> crashed
    shape: `shape` 1.3 -> crashed
    shape: `shape` 1.1 -> done {"direction":2,"reasoning":"for 2","confidence":5}
    shape: `shape` 1.1 -> done {"direction":2,"reasoning":"for 2","confidence":5}
    implement: `implement` 1 is to be done
    "#);
}
