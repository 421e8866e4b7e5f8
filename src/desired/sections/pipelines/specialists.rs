//! The playbooks of specialists: an issue is stuck, and somebody looks at it who does something else than what was tried.

use super::built_in::{Book, Hand};

pub(super) const SPECIALISTS: &[Book] = &[
    Book {
        name: "triage-stuck",
        says: "Nobody could tell whether this issue can be worked on. Judge it anew, knowing why it was put back: read what was \
               asked of its author and what came since, and look in the repository for the answers that nobody gave.\n\
               Say where it belongs: to be worked on, and as what; still missing something, and what one question would \
               settle it; or not to be done, and why. Don't ask again what was asked, unless it can be asked better.",
        shows: &["issue", "comments", "findings", "context", "before"],
        criteria: &[
            "Each reason for which it was put back is settled, or said to be open still.",
            "What the repository answers is not asked of a person.",
            "The judgement differs from the one before, or says what makes it right after all.",
        ],
        ..Book::SPECIALIST
    },
    Book {
        name: "discover-stuck",
        says: "What was found out about this issue was not enough. Read what was found amiss in the brief, and ask what would \
               make you a third surer: put at least three questions that nobody put yet, and follow each through code, \
               history, documents and other issues.\n\
               Answer with the whole brief, mended, and with what each question came to. Don't polish its words: where \
               nothing new is to be found, say so, and say what a person could tell.",
        shows: &["issue", "comments", "brief", "findings", "context", "before"],
        criteria: &[
            "Three questions at least are new, and each has an answer with its place or is said to have none.",
            "Everything that was found amiss in the brief is answered.",
            "What can't be found out here is one question to a person.",
        ],
        ..Book::SPECIALIST
    },
    Book {
        name: "shape-stuck",
        says: "The council on this issue stayed split. Look whether the question can be made smaller: a step that all directions \
               have in common, a choice that can be put off or taken back, a fact that settles it and that you can look up.\n\
               Say which step can be taken now without choosing, or which direction and by which fact; where it really is a \
               matter of what people want, put the one question to them, with what follows from each answer. Don't vote \
               again.",
        shows: &["issue", "comments", "brief", "context", "before"],
        criteria: &[
            "What is proposed closes no direction that can't be opened again, or rests on a fact with its place.",
            "Each voice's strongest reason is dealt with.",
            "A question to people can be answered in one word.",
        ],
        ..Book::SPECIALIST
    },
    Book {
        name: "plan-stuck",
        says: "Plans for this issue didn't pass their review. Don't write the same plan again: list what it has to touch that \
               the plans didn't, callers, decisions, documents, recent pull requests in conflict, and find out why the last \
               finding stands.\n\
               Then plan it anew from what must hold once it is done, backwards, and answer each finding. Where the issue is \
               several, plan the first that stands by itself, and name the others. Where it can't be planned, name the one \
               thing that is in the way.",
        shows: &["issue", "comments", "brief", "direction", "plan", "findings", "context", "before"],
        criteria: &[
            "It begins with what must hold once it is done, as a list that somebody else could tick off.",
            "Each blocking finding is answered by a part of the plan.",
            "What the plans before left untouched and had to touch is named with its file.",
            "It isn't a plan that was refused before.",
        ],
        ..Book::SPECIALIST
    },
    Book {
        name: "implement-stuck",
        hand: Hand::Works,
        says: "Work on this issue came to nothing several times. Learn from what was left: what was tried, where it broke off, \
               which gap stayed. Take another way than those, and the smallest first step that can be tested.\n\
               What counts is a commit that closes gaps and passes the repository's checks. Where you can't get there, commit \
               nothing, and name exactly what in the issue or the plan can't be done as it is written, with the place in the \
               code that shows it.",
        shows: &["issue", "comments", "plan", "changes", "findings", "context", "before"],
        criteria: &[
            "There is a commit that closes a gap, or the exact gap between plan and code is named.",
            "The way differs from each that was tried.",
            "The repository's checks and tests pass.",
        ],
        ..Book::SPECIALIST
    },
    Book {
        name: "review-stuck",
        hand: Hand::Works,
        says: "The work on this issue doesn't get through its review. Read what the tests printed and the last three commits one \
               by one, and find the commit from which on it is wrong: check it out elsewhere, run what fails, and go back \
               until it passes.\n\
               Then mend it, and name that commit and what in it was wrong in the message of yours. Where the reviewer is \
               wrong, commit a test that shows it. Don't review it all over again.",
        shows: &["issue", "plan", "changes", "findings", "context", "before"],
        criteria: &[
            "One commit is named, with the run that passes before and fails after it; or that there is none.",
            "Each finding that still blocks is said to hold or not to, and what shows it.",
            "What is committed isn't what was tried.",
        ],
        ..Book::SPECIALIST
    },
];
