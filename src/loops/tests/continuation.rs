//! Runs that go on in their session: when, how often, and what they are told.

use proptest::prelude::*;

use super::tasks::{plan, says, sees, task, wants};
use jiff::Timestamp;

use crate::model::samples::{closed, now};
use crate::model::{
    AnswerFrom, AnswerSchema, Billed, Closed, Desired, Effect, Lack, Outcome, RunId, RunOf, RunPhase,
    RunSeen, Session, StartRun, Typed, Usage,
};

/// How a run ended.
#[derive(Clone, Debug)]
struct Ended {
    outcome: Outcome,
    lacks: Option<Lack>,
    /// Whether it has a session that can go on.
    session: bool,
    /// Whether its model has answered.
    paid: bool,
}

fn ended(outcome: Outcome, lacks: Option<Lack>) -> Ended {
    Ended { outcome, lacks, session: true, paid: false }
}

fn changes() -> Ended {
    ended(Outcome::NoChange, Some(Lack::Changes))
}

fn commits() -> Ended {
    ended(Outcome::NoVerdict, Some(Lack::Commits))
}

fn gates() -> Ended {
    ended(Outcome::NoVerdict, Some(Lack::Gates))
}

fn links() -> Ended {
    ended(Outcome::NoVerdict, Some(Lack::Links("`sub`".to_owned())))
}

fn answer() -> Ended {
    ended(Outcome::NoVerdict, Some(Lack::Answer("at `/safe`: \"yes\" is not of type \"boolean\"".to_owned())))
}

fn ago(hours: i64) -> Timestamp {
    now().checked_sub(jiff::SignedDuration::from_hours(hours)).unwrap()
}

fn run(of: RunOf, agent: &str, n: usize, ended: &Ended) -> RunSeen {
    let closed = Closed {
        at: ago(2),
        lacks: ended.lacks.clone(),
        session: ended.session.then(|| Session { kind: "codex".into(), id: "s".into() }),
        ..closed(ended.outcome.clone())
    };
    RunSeen {
        id: RunId::new(ago(3), &n.to_le_bytes()),
        of,
        agent: agent.into(),
        prompt: String::new(),
        billed: Billed {
            account: agent.into(),
            used: Usage { output: u64::from(ended.paid), ..Usage::default() },
            ..Billed::default()
        },
        phase: RunPhase::Closed(Box::new(closed)),
    }
}

/// The run that is planned after these, if one is.
fn next(desired: &Desired, runs: &[RunSeen]) -> Option<StartRun> {
    let plan = plan(desired, &sees(desired, runs.to_vec()));
    plan.actions
        .into_iter()
        .find_map(|action| if let Effect::StartRun(start) = action.effect { Some(*start) } else { None })
}

/// Starts what is planned, one run after the other, each of which ends as told. The runs, and what was started.
fn story(desired: &Desired, ends: &[Ended]) -> (Vec<RunSeen>, Vec<StartRun>) {
    let (mut runs, mut started) = (Vec::new(), Vec::new());
    for (n, ended) in ends.iter().enumerate() {
        let Some(start) = next(desired, &runs) else { break };
        runs.push(run(start.of.clone(), &start.agent, n, ended));
        started.push(start);
    }
    (runs, started)
}

/// Which attempts and turns were started, and what is planned in the end: `1`, `1+` in words.
fn told(desired: &Desired, ends: &[Ended]) -> String {
    let (runs, started) = story(desired, ends);
    assert_eq!(started.len(), ends.len(), "not all of them were started");
    let last = next(desired, &runs);
    let word = |start: &StartRun| {
        let goes_on = if start.of.continues.is_some() { "+" } else { "" };
        format!("{}{goes_on}", start.of.attempt)
    };
    let mut words: Vec<String> = started.iter().chain(&last).map(word).collect();
    if last.is_none() {
        words.push(format!("[{}]", says(&plan(desired, &sees(desired, runs)))));
    }
    words.join(" ")
}

#[test]
fn a_session_goes_on_where_that_helps() {
    let desired = wants(&["a"]);
    let (crashed, killed) = (ended(Outcome::Crashed, None), ended(Outcome::Killed, None));
    let busy = ended(Outcome::Overloaded, None);
    let lost = ended(Outcome::CouldNotStart, None);
    let without = |ended: Ended| Ended { session: false, ..ended };
    let paid = |ended: &Ended| Ended { paid: true, ..ended.clone() };
    let (cut, paid_busy) = (paid(&killed), paid(&busy));
    for (ends, expect) in [
        (vec![commits()], "1 1+"),
        (vec![commits(), commits()], "1 1+ 1+"),
        (vec![commits(), commits(), commits()], "1 1+ 1+ 2"),
        (vec![changes()], "1 1+"),
        (vec![changes(), changes()], "1 1+ []"),
        (vec![commits(), changes()], "1 1+ []"),
        (vec![changes(), commits()], "1 1+ 1+"),
        (vec![answer()], "1 1+"),
        (vec![answer(), answer()], "1 1+ 2"),
        (vec![answer(), answer(), answer()], "1 1+ 2 2+"),
        (vec![commits(), answer()], "1 1+ 1+"),
        (vec![gates()], "1 1+"),
        (vec![commits(), gates()], "1 1+ 1+"),
        (vec![ended(Outcome::NoVerdict, Some(Lack::Elsewhere("x".into())))], "1 1+"),
        (vec![gates(), gates(), gates()], "1 1+ 1+ 2"),
        (vec![links(), links(), links()], "1 1+ 1+ 2"),
        (vec![commits(), without(lost.clone())], "1 1+ 2"),
        // No session, no turn in it.
        (vec![without(commits())], "1 2"),
        (vec![without(changes())], "1 []"),
        (vec![without(answer())], "1 2"),
        // Only what ended normally goes on.
        (vec![crashed.clone()], "1 2"),
        (vec![killed.clone()], "1 1"),
        (vec![killed.clone(), commits(), commits()], "1 1 1+ 1+"),
        (vec![commits(), crashed], "1 1+ 2"),
        // What its model has said already is paid for.
        (vec![cut.clone()], "1 1+"),
        (vec![paid_busy.clone(), cut.clone(), commits()], "1 1+ 1+ 1+"),
        (vec![commits(), paid_busy.clone(), commits(), commits()], "1 1+ 1+ 1+ 1+"),
        (vec![paid_busy.clone(), changes()], "1 1+ 1+"),
        (vec![paid_busy.clone(), changes(), changes()], "1 1+ 1+ []"),
        (vec![without(cut), killed.clone()], "1 1 1"),
        // In what was cut off the agent had no part: it is told so again, and no attempt is burnt.
        (vec![commits(), killed.clone()], "1 1+ 1+"),
        (vec![commits(), busy.clone(), killed, commits()], "1 1+ 1+ 1+ 1+"),
        (vec![answer(), busy.clone(), answer()], "1 1+ 1+ 2"),
        (vec![changes(), busy, changes()], "1 1+ 1+ []"),
    ] {
        assert_eq!(told(&desired, &ends), expect, "{ends:?}");
    }
}

#[test]
fn a_session_does_not_go_on_where_the_world_has_changed() {
    let mut desired = wants(&["a"]);
    let (runs, _) = story(&desired, &[commits()]);
    let goes_on =
        |desired: &Desired, runs: &[RunSeen]| next(desired, runs).map(|start| start.of.continues.is_some());
    assert_eq!(goes_on(&desired, &runs), Some(true));
    let mut later = run(runs[0].of.clone(), "one", 7, &commits());
    later.of.version = "0badcafe".into();
    assert_eq!(
        goes_on(&desired, &[&runs[..], &[later]].concat()),
        Some(false),
        "its workspace has begun anew"
    );
    let change = |change: &dyn Fn(&mut Desired)| {
        let mut other = desired.clone();
        change(&mut other);
        goes_on(&other, &runs)
    };
    let of = |desired: &mut Desired| desired.tasks.get_mut("a").expect("it is there").clone();
    assert_eq!(change(&|other| other.tasks.clear()), None);
    assert_eq!(change(&|other| other.tasks.get_mut("a").unwrap().prompt.push('!')), Some(false));
    assert_eq!(change(&|other| other.tasks.get_mut("a").unwrap().continuations = 0), Some(false));
    assert_eq!(change(&|other| drop(other.tasks.get_mut("a").unwrap().agents.remove(0))), Some(false));
    assert_eq!(change(&|other| other.agents.get_mut("one").unwrap().kind = "claude".into()), Some(false));
    assert_eq!(of(&mut desired).continuations, 2);
}

/// An account without quota pauses: another agent takes over in another attempt, and where there is none left, the
/// session waits.
#[test]
fn a_session_waits_for_its_account() {
    let until = now().checked_add(jiff::SignedDuration::from_mins(30)).unwrap();
    let spent = ended(Outcome::Credit(Some(until)), None);
    let mut desired = wants(&["a"]);
    let (runs, _) = story(&desired, &[commits(), spent.clone()]);
    let start = next(&desired, &runs).unwrap();
    assert_eq!((start.agent.as_str(), start.of.attempt, start.of.continues), ("two", 2, None));
    desired.tasks.get_mut("a").unwrap().attempts = 1;
    let says = told(&desired, &[commits(), spent]);
    assert_eq!(
        says,
        format!("1 1+ [wait: {until:.0}: its agent is to go on then (a run ended in `credit`)]")
    );
}

#[test]
fn what_an_agent_is_told_is_what_is_missing() {
    let prompts = |answers: bool, kind: &str, ends: &[Ended]| {
        let mut desired = wants(&["a"]);
        desired.agents.get_mut("one").unwrap().kind = kind.into();
        let schema = r#"{"type": "object", "properties": {"safe": {"type": "boolean"}}}"#;
        desired.tasks.get_mut("a").unwrap().answer = answers.then(|| AnswerSchema::parse(schema).unwrap());
        let mut runs = Vec::new();
        let mut told = Vec::new();
        for n in 0..=ends.len() {
            let start = next(&desired, &runs).unwrap();
            if let Some(ended) = ends.get(n) {
                let mut run = run(start.of.clone(), "one", n, ended);
                if let RunPhase::Closed(closed) = &mut run.phase {
                    closed.session.as_mut().unwrap().kind = kind.into();
                }
                runs.push(run);
            }
            told.push(start.prompt);
        }
        told
    };
    let plain = prompts(false, "codex", &[changes(), commits()]);
    assert!(!plain[0].contains("JSON"), "{}", plain[0]);
    insta::assert_snapshot!(plain[1], @r"
    You changed nothing. If nothing has to be changed, say why; else change it, and commit that to the branch that is checked out.
    (This is attempt 1, turn 2.)
    ");
    insta::assert_snapshot!(plain[2], @r"
    You left changes and committed none of them. Commit what belongs to the task to the branch that is checked out; what isn't committed isn't looked at.
    (This is attempt 1, turn 3.)
    ");
    insta::assert_snapshot!(prompts(false, "codex", &[gates()])[1], @r"
    What you committed is not done: so it was
    Mend it, and commit that.
    (This is attempt 1, turn 2.)
    ");
    insta::assert_snapshot!(prompts(false, "codex", &[links()])[1], @r"
    You committed a repository within the repository at `sub`: nothing of it is kept but a link to a commit that nobody else has. Take the link out (`git rm --cached`), remove its `.git`, and commit its files, or leave it out; commit that.
    (This is attempt 1, turn 2.)
    ");
    let typed = prompts(true, "codex", &[answer()]);
    let last = typed[0].lines().last().unwrap();
    assert_eq!(
        last,
        "What is asked for is an answer of the form that you were given; commit what you change besides, if anything."
    );
    insta::assert_snapshot!(typed[1], @r#"
    Your answer doesn't have the form that was asked for: at `/safe`: "yes" is not of type "boolean"
    Answer once more.
    (This is attempt 1, turn 2.)
    "#);
    let read = prompts(true, "gemini", &[answer()]);
    let asks = read[0].split_once("What is asked for").unwrap().1;
    insta::assert_snapshot!(asks, @r#"
     is an answer: one JSON object that fits the JSON Schema below; commit what you change besides, if anything. Write it as JSON to the file `answer.json` in the folder that the variable FACTORY_OUTBOX names, or put it at the end of your last words, between a line with ```json and one with ```.
    ```json
    {"type":"object","properties":{"safe":{"type":"boolean"}}}
    ```
    "#);
    assert!(read[1].contains("Answer once more. Write it as JSON to the file `answer.json`"), "{}", read[1]);
}

/// An answer needs no pull request; the form of it is part of what is asked for.
#[test]
fn an_answer_settles_a_task() {
    let mut desired = wants(&["a"]);
    let before = task("a").version();
    let wanted = desired.tasks.get_mut("a").unwrap();
    wanted.answer = Some(AnswerSchema::parse(r#"{"type": "object"}"#).unwrap());
    assert_ne!(wanted.version(), before);
    let (mut runs, _) = story(&desired, &[ended(Outcome::Done, None)]);
    let RunPhase::Closed(closed) = &mut runs[0].phase else { panic!("it is over") };
    closed.typed = Some(Typed { value: serde_json::json!({}), from: AnswerFrom::Outbox });
    let said = says(&plan(&desired, &sees(&desired, runs)));
    assert!(
        said.starts_with("wait: another prompt: run ")
            && said.contains(" has answered (factoryctl runs show "),
        "{said}"
    );
}

/// What was paid for and came to nothing is not paid for without an end.
#[test]
fn what_is_paid_in_vain_is_for_a_person_in_the_end() {
    let desired = wants(&["a"]);
    let busy = Ended { paid: true, ..ended(Outcome::Overloaded, None) };
    for (session, times) in [(true, 8), (false, 3)] {
        let ends = vec![Ended { session, ..busy.clone() }; times + 1];
        let (runs, started) = story(&desired, &ends);
        assert_eq!(started.len(), times, "with a session: {session}");
        let said = says(&plan(&desired, &sees(&desired, runs)));
        assert!(
            said.starts_with(&format!("problem: {times} times in a row, and each of them paid for")),
            "{said}"
        );
    }
    let told = &story(&desired, &[busy.clone(), busy]).1[1].prompt;
    assert!(told.starts_with("You were cut off: ") && told.contains("attempt 1, turn 2"), "{told}");
}

fn any_end() -> impl Strategy<Value = Ended> {
    let outcome = prop_oneof![
        6 => Just((Outcome::NoVerdict, Some(Lack::Commits))),
        3 => Just((Outcome::NoVerdict, Some(Lack::Gates))),
        2 => Just((Outcome::NoVerdict, Some(Lack::Links("`sub`".into())))),
        4 => Just((Outcome::NoVerdict, Some(Lack::Answer("there is none".into())))),
        3 => Just((Outcome::NoChange, Some(Lack::Changes))),
        4 => prop_oneof![
            Just(Outcome::Done), Just(Outcome::Refused), Just(Outcome::NeedsInput), Just(Outcome::TurnLimit),
            Just(Outcome::TimeLimit), Just(Outcome::Auth), Just(Outcome::Credit(None)), Just(Outcome::Overloaded),
            Just(Outcome::RateLimited), Just(Outcome::CouldNotStart), Just(Outcome::Cancelled), Just(Outcome::Killed),
            Just(Outcome::Crashed), Just(Outcome::Wedged), Just(Outcome::PolicyViolation), Just(Outcome::Weakened),
            Just(Outcome::NoVerdict),
        ].prop_map(|outcome| (outcome, None)),
    ];
    (outcome, prop::bool::weighted(0.8), any::<bool>()).prop_map(|((outcome, lacks), session, paid)| Ended {
        outcome,
        lacks,
        session,
        paid,
    })
}

proptest! {
    /// Whatever becomes of the runs of a task, no prompt is sent twice, and no more is paid for than config says.
    #[test]
    fn nothing_is_said_twice(ends in prop::collection::vec(any_end(), 0..24), continuations in 0_u32..4, attempts in 1_u32..5) {
        let mut desired = wants(&["a"]);
        let wanted = desired.tasks.get_mut("a").unwrap();
        (wanted.continuations, wanted.attempts) = (continuations, attempts);
        let (runs, started) = story(&desired, &ends);
        let mut digests: Vec<String> = started.iter().map(StartRun::digest).collect();
        digests.sort();
        digests.dedup();
        prop_assert_eq!(digests.len(), started.len(), "a prompt was sent twice: {:#?}", started);
        let burns = |run: &&RunSeen| run.phase.closed().is_some_and(|closed| closed.outcome.burns_attempt());
        let mut burnt: Vec<u32> = runs.iter().filter(burns).map(|run| run.of.attempt).collect();
        burnt.dedup();
        prop_assert!(burnt.len() <= attempts as usize, "{:?}", burnt);
        for attempt in burnt {
            let turns: Vec<&RunSeen> = runs.iter().filter(burns).filter(|run| run.of.attempt == attempt).collect();
            let was_cut = |id: &RunId| runs.iter().any(|run| {
                let burnt = run.phase.closed().is_some_and(|closed| closed.outcome.burns_attempt());
                run.id == *id && run.billed.used.is_answered() && !burnt
            });
            let told = turns.iter().filter(|run| run.of.continues.as_ref().is_some_and(|id| !was_cut(id))).count();
            prop_assert!(told <= continuations as usize, "{:?}", turns);
            let wrong = |run: &&&RunSeen| matches!(run.phase.closed().and_then(|c| c.lacks.as_ref()), Some(Lack::Answer(_)));
            prop_assert!(turns.iter().filter(wrong).count() <= 2, "{:?}", turns);
        }
        for (n, start) in started.iter().enumerate() {
            if let Some(run) = &start.of.continues {
                let before = &runs[n - 1];
                prop_assert_eq!(
                    (run, start.of.attempt, &start.agent), (&before.id, before.of.attempt, &before.agent)
                );
            }
        }
    }
}
