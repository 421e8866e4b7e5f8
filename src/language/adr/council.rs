//! Counts the votes of judges on a decision, round by round. Who judges, and how they are asked, is elsewhere.
//!
//! A judge who gave no verdict has no vote: silence is never an approval, and never a wish for changes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::number::Number;

/// What a judge says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Vote {
    /// It is good as it is.
    Approve,
    /// It ought not to be.
    Reject,
    /// It ought to be, and not like this.
    RequestChanges,
    /// It was decided before.
    Duplicate(Number),
}

/// What came of asking one judge in one round.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ballot {
    /// Who was asked.
    pub judge: String,
    /// What they said; nothing where no verdict came.
    pub vote: Option<Vote>,
    /// Their reasons, or why no verdict came.
    pub reason: String,
}

/// How a council works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Council {
    /// How many judges are asked in each round.
    pub seats: usize,
    /// How many approvals accept; also how many verdicts there must be for any result.
    pub threshold: usize,
    /// How often they are asked at most.
    pub most_rounds: usize,
}

impl Default for Council {
    fn default() -> Self {
        Self { seats: 3, threshold: 2, most_rounds: 3 }
    }
}

/// What the council decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The decision is accepted.
    Accept,
    /// It is rejected.
    Reject,
    /// It needs changes first.
    RequestChanges,
    /// It was decided before.
    Duplicate(Number),
    /// Too few verdicts came to say anything.
    NoConsensus,
}

/// A ballot of the last round that isn't part of the result, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The ballot, as it was given.
    pub ballot: Ballot,
    /// Why it is no vote; nothing where it is one, and was outvoted.
    pub void: Option<Void>,
}

/// Why a ballot is no vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Void {
    /// No verdict came.
    Silent,
    /// It names a decision that there isn't.
    NoSuchDecision,
    /// It names the decision itself.
    Itself,
}

/// A result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What was decided.
    pub verdict: Verdict,
    /// In which round, from 1 on.
    pub round: usize,
    /// The ballots of that round that carry it.
    pub majority: Vec<Ballot>,
    /// All others of that round.
    pub minority: Vec<Kept>,
}

/// How things stand after the rounds so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Another round is due.
    Open {
        /// Which.
        round: usize,
    },
    /// There is a result.
    Settled(Outcome),
}

/// Why votes can't be counted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Miscount {
    /// The council's rules fit no council.
    #[error("a council has at least one seat and one round, and a threshold between 1 and its seats")]
    Council,
    /// A round hasn't one ballot for each seat.
    #[error(
        "round {round} has {ballots} ballots and the council {seats} seats; hand in one for each, silent ones too"
    )]
    Seats {
        /// The round, from 1 on.
        round: usize,
        /// How many ballots it has.
        ballots: usize,
        /// How many it should have.
        seats: usize,
    },
    /// A judge has two ballots in a round.
    #[error("{judge} has two ballots in round {round}; each judge votes once a round")]
    Twice {
        /// The round, from 1 on.
        round: usize,
        /// Who.
        judge: String,
    },
}

impl Vote {
    /// The vote that a word spells; a duplicate names its decision: `DUPLICATE(ADR-0012)` or `DUPLICATE(12)`.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        match text {
            "APPROVE" => return Some(Self::Approve),
            "REJECT" => return Some(Self::Reject),
            "REQUEST_CHANGES" => return Some(Self::RequestChanges),
            _ => {}
        }
        let named =
            text.strip_prefix("DUPLICATE")?.trim().trim_start_matches('(').trim_end_matches(')').trim();
        let digits = named.strip_prefix("ADR-").unwrap_or(named);
        let number =
            if digits.bytes().all(|c| c.is_ascii_digit()) { digits.parse().ok()? } else { return None };
        Number::new(number).map(Self::Duplicate)
    }
}

impl fmt::Display for Vote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Approve => f.write_str("APPROVE"),
            Self::Reject => f.write_str("REJECT"),
            Self::RequestChanges => f.write_str("REQUEST_CHANGES"),
            Self::Duplicate(number) => write!(f, "DUPLICATE({number})"),
        }
    }
}

/// Counts the rounds so far on a decision; the first that settles it does, whatever came after.
pub fn count(
    council: Council,
    own: Number,
    known: &BTreeSet<Number>,
    rounds: &[Vec<Ballot>],
) -> Result<Standing, Miscount> {
    if council.threshold == 0 || council.threshold > council.seats || council.most_rounds == 0 {
        return Err(Miscount::Council);
    }
    for (at, ballots) in rounds.iter().enumerate().take(council.most_rounds) {
        let round = at + 1;
        check(council, round, ballots)?;
        let counted: Vec<Counted<'_>> =
            ballots.iter().map(|ballot| Counted::of(ballot, own, known)).collect();
        let early = settled(council, &counted);
        let verdict = if round == council.most_rounds {
            early.or_else(|| Some(last(council, &counted)))
        } else {
            early
        };
        if let Some(verdict) = verdict {
            return Ok(Standing::Settled(outcome(verdict, round, &counted)));
        }
    }
    Ok(Standing::Open { round: rounds.len() + 1 })
}

/// A ballot with the vote that it counts as.
struct Counted<'a> {
    ballot: &'a Ballot,
    vote: Result<Vote, Void>,
}

impl<'a> Counted<'a> {
    fn of(ballot: &'a Ballot, own: Number, known: &BTreeSet<Number>) -> Self {
        let vote = match ballot.vote {
            None => Err(Void::Silent),
            Some(Vote::Duplicate(number)) if number == own => Err(Void::Itself),
            Some(Vote::Duplicate(number)) if !known.contains(&number) => Err(Void::NoSuchDecision),
            Some(vote) => Ok(vote),
        };
        Self { ballot, vote }
    }
}

fn check(council: Council, round: usize, ballots: &[Ballot]) -> Result<(), Miscount> {
    if ballots.len() != council.seats {
        return Err(Miscount::Seats { round, ballots: ballots.len(), seats: council.seats });
    }
    let mut seen = BTreeSet::new();
    match ballots.iter().find(|ballot| !seen.insert(&ballot.judge)) {
        Some(twice) => Err(Miscount::Twice { round, judge: twice.judge.clone() }),
        None => Ok(()),
    }
}

/// How often each vote was given, those that count.
fn tally(counted: &[Counted<'_>]) -> BTreeMap<Vote, usize> {
    let mut tally = BTreeMap::new();
    for vote in counted.iter().filter_map(|counted| counted.vote.ok()) {
        *tally.entry(vote).or_default() += 1;
    }
    tally
}

/// The verdict that ends the voting in any round: a duplicate, enough approvals, or everybody of one mind. Where nobody gave a
/// verdict, who asks again pays again and is told no more.
fn settled(council: Council, counted: &[Counted<'_>]) -> Option<Verdict> {
    if counted.iter().all(|ballot| ballot.vote == Err(Void::Silent)) {
        return Some(Verdict::NoConsensus);
    }
    let tally = tally(counted);
    let duplicate = |vote: &Vote| match vote {
        Vote::Duplicate(number) => Some(*number),
        Vote::Approve | Vote::Reject | Vote::RequestChanges => None,
    };
    let most_named =
        tally.iter().filter_map(|(vote, n)| Some((*n, std::cmp::Reverse(duplicate(vote)?)))).max();
    if let Some((_, number)) = most_named {
        return Some(Verdict::Duplicate(number.0));
    }
    if tally.get(&Vote::Approve).is_some_and(|n| *n >= council.threshold) {
        return Some(Verdict::Accept);
    }
    tally.iter().find(|(_, n)| **n == council.seats).map(|(vote, _)| verdict(*vote))
}

/// The verdict after the last round: what most say. A tie asks for changes, and too few verdicts decide nothing.
fn last(council: Council, counted: &[Counted<'_>]) -> Verdict {
    let tally = tally(counted);
    if tally.values().sum::<usize>() < council.threshold {
        return Verdict::NoConsensus;
    }
    let most = tally.values().copied().max().unwrap_or_default();
    let mut leading = tally.iter().filter(|(_, n)| **n == most);
    match (leading.next(), leading.next()) {
        (Some((Vote::Approve, n)), None) if *n < council.threshold => Verdict::RequestChanges,
        (Some((vote, _)), None) => verdict(*vote),
        (Some(_) | None, Some(_) | None) => Verdict::RequestChanges,
    }
}

fn verdict(vote: Vote) -> Verdict {
    match vote {
        Vote::Approve => Verdict::Accept,
        Vote::Reject => Verdict::Reject,
        Vote::RequestChanges => Verdict::RequestChanges,
        Vote::Duplicate(number) => Verdict::Duplicate(number),
    }
}

fn outcome(reached: Verdict, round: usize, counted: &[Counted<'_>]) -> Outcome {
    let (mut majority, mut minority) = (Vec::new(), Vec::new());
    for counted in counted {
        let ballot = counted.ballot.clone();
        match counted.vote {
            Ok(vote) if verdict(vote) == reached => majority.push(ballot),
            Ok(_) => minority.push(Kept { ballot, void: None }),
            Err(void) => minority.push(Kept { ballot, void: Some(void) }),
        }
    }
    Outcome { verdict: reached, round, majority, minority }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(n: u16) -> Number {
        Number::new(n).unwrap()
    }

    /// `A` approves, `R` rejects, `C` asks for changes, a digit is a duplicate of that decision, `-` is silent.
    fn ballots(votes: &str) -> Vec<Ballot> {
        let judges = ["architect", "pragmatist", "editor", "fourth"];
        let vote = |c: char| match c {
            'A' => Some(Vote::Approve),
            'R' => Some(Vote::Reject),
            'C' => Some(Vote::RequestChanges),
            _ => c.to_digit(10).map(|n| Vote::Duplicate(number(u16::try_from(n).unwrap()))),
        };
        let ballot =
            |(judge, c): (&str, char)| Ballot { judge: judge.into(), vote: vote(c), reason: c.into() };
        judges.into_iter().zip(votes.chars()).map(ballot).collect()
    }

    /// Decision 9 is voted on; there are 1, 2 and 9.
    fn counted(rounds: &str) -> Result<Standing, Miscount> {
        let known = [1, 2, 9].map(number).into_iter().collect();
        let rounds: Vec<_> = rounds.split_whitespace().map(ballots).collect();
        count(Council::default(), number(9), &known, &rounds)
    }

    #[test]
    fn rounds_are_counted() {
        let rows = [
            ("before the first round", "", "round 1 is due"),
            ("all approve", "AAA", "Accept in round 1"),
            ("two approve", "AAR", "Accept in round 1, against editor:R"),
            ("two approve and one is silent", "AA-", "Accept in round 1, against editor:-"),
            ("one approves and two are silent", "A--", "round 2 is due"),
            ("two reject: another round", "RRA", "round 2 is due"),
            ("all reject", "RRR", "Reject in round 1"),
            ("two reject and one is silent: not everybody", "RR-", "round 2 is due"),
            ("a duplicate wins", "AA1", "Duplicate(Number(1)) in round 1, against architect:A pragmatist:A"),
            ("a duplicate of nothing is none", "AA7", "Accept in round 1, against editor:7"),
            ("a duplicate of itself is none", "R9A", "round 2 is due"),
            (
                "two duplicates: what most say, then the lowest",
                "21-",
                "Duplicate(Number(1)) in round 1, against architect:2 editor:-",
            ),
            ("a later round settles", "ARC AAC", "Accept in round 2, against editor:C"),
            ("what comes after that isn't counted", "AAA RRR", "Accept in round 1"),
            ("at last most decide", "ARC ARC RRA", "Reject in round 3, against editor:A"),
            ("at last two of two decide", "A-- A-- RR-", "Reject in round 3, against editor:-"),
            ("at last a tie", "ARC ARC ARC", "RequestChanges in round 3, against architect:A pragmatist:R"),
            (
                "at last a tie of two",
                "A-- A-- AR-",
                "RequestChanges in round 3, against architect:A pragmatist:R editor:-",
            ),
            (
                "at last one approval decides nothing",
                "A-- A-- A--",
                "NoConsensus in round 3, against architect:A pragmatist:- editor:-",
            ),
            (
                "nobody, and another round would tell no more",
                "---",
                "NoConsensus in round 1, against architect:- pragmatist:- editor:-",
            ),
            (
                "nobody any more",
                "ARC --- AAA",
                "NoConsensus in round 2, against architect:- pragmatist:- editor:-",
            ),
            (
                "a fourth round isn't counted",
                "ARC ARC ARC AAA",
                "RequestChanges in round 3, against architect:A pragmatist:R",
            ),
            (
                "too few ballots",
                "AA",
                "round 1 has 2 ballots and the council 3 seats; hand in one for each, silent ones too",
            ),
        ];
        for (name, rounds, expected) in rows {
            let told = match counted(rounds) {
                Err(error) => error.to_string(),
                Ok(Standing::Open { round }) => format!("round {round} is due"),
                Ok(Standing::Settled(outcome)) => {
                    let said = |kept: &Kept| format!("{}:{}", kept.ballot.judge, kept.ballot.reason);
                    let against: Vec<String> = outcome.minority.iter().map(said).collect();
                    let against = if against.is_empty() {
                        String::new()
                    } else {
                        format!(", against {}", against.join(" "))
                    };
                    format!("{:?} in round {}{against}", outcome.verdict, outcome.round)
                }
            };
            assert_eq!(told, expected, "{name}");
        }
    }

    #[test]
    fn votes_are_spelt_exactly() {
        for vote in [Vote::Approve, Vote::Reject, Vote::RequestChanges, Vote::Duplicate(number(12))] {
            assert_eq!(Vote::read(&vote.to_string()), Some(vote));
        }
        assert_eq!(Vote::read(" DUPLICATE 12 "), Some(Vote::Duplicate(number(12))));
        for none in [
            "",
            "approve",
            "APPROVED",
            "I APPROVE",
            "DUPLICATE",
            "DUPLICATE(x)",
            "DUPLICATE(0)",
            "DUPLICATE(+1)",
        ] {
            assert_eq!(Vote::read(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn no_ballot_is_lost_and_silence_never_approves(rounds in prop::collection::vec("[ARC19-]{3}", 0..5), turn in 0_usize..3) {
            let standing = counted(&rounds.join(" ")).unwrap();
            if let Standing::Settled(outcome) = &standing {
                prop_assert_eq!(outcome.majority.len() + outcome.minority.len(), 3);
                let approvals = rounds[outcome.round - 1].matches('A').count();
                prop_assert_eq!(outcome.verdict == Verdict::Accept, approvals >= 2 && !rounds[outcome.round - 1].contains('1'));
            }
            let turned: Vec<String> = rounds.iter().map(|r| format!("{}{}", &r[turn..], &r[..turn])).collect();
            let verdict = |standing: &Standing| match standing {
                Standing::Settled(outcome) => Ok((outcome.verdict, outcome.round)),
                Standing::Open { round } => Err(*round),
            };
            prop_assert_eq!(verdict(&counted(&turned.join(" ")).unwrap()), verdict(&standing));
        }
    }
}
