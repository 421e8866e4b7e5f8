//! The playbooks of those who read and answer: triage, discovery, council, plan and the reviews.

use crate::model::Phase;

use super::built_in::{Book, Hand};

pub(super) const JUDGING: &[Book] = &[
    Book {
        name: "triage",
        phase: Phase::Triage,
        hand: Hand::Looks,
        attempts: 3,
        says: "Judge whether this issue of the repository that you stand in can be worked on as it is written. Look at the \
               code that it is about: whether what it describes is there, whether it was done already, whether it is about \
               several things at once.\n\
               Say whether it is ready; how clear it is and how much there is to do, each from 0 to 10; whether something \
               has to be found out first, or a direction chosen; and each thing that only its author can tell, as a \
               question that can be answered in a sentence. Don't plan it, don't solve it, and don't ask what the code \
               answers.",
        shows: &["issue", "comments", "context", "before"],
        criteria: &[
            "Ready means that somebody who knows the code and not the author would build the right thing.",
            "Each missing thing is named on its own, and is missing from the issue, its comments and the code.",
            "A report of a defect says what happens, what should, and how one gets there, or the code shows it.",
            "What was done already, or is asked for in another open issue, is said to be so, and where.",
        ],
    },
    Book {
        name: "discover",
        phase: Phase::Discover,
        hand: Hand::Looks,
        attempts: 3,
        says: "Find out what is meant by this issue and write it down as a brief for those who plan and build it. Read the \
               code, its history, its documents and decisions; follow each question that the issue leaves open until the \
               repository answers it or can't.\n\
               The brief says what is wanted and for whom, how it is now, which parts of the code it touches, what was \
               decided before that binds it, what is left out, and which questions stay open. Say of each claim where you \
               found it. Choose no direction, and invent no wish that nobody has.",
        shows: &["issue", "comments", "findings", "context", "before"],
        criteria: &[
            "It says what will be different for whom once it is done.",
            "Each claim about the repository names a file, a commit, a document or an issue.",
            "What was asked for and what was assumed are told apart.",
            "Limits are named: what is not part of it, and what must stay as it is.",
            "Open questions are listed, each with who or what could answer it.",
        ],
    },
    Book {
        name: "shape",
        phase: Phase::Shape,
        hand: Hand::Looks,
        attempts: 3,
        says: "Several directions are possible for this issue. Where none are listed under context, name two to four that \
               differ in what they would be like, not in wording, each with what speaks for and against it. Where some are \
               listed, vote for one of them, as the voice that the context gives you: say which, how sure you are from 1 to \
               10, and the reason that would change others' minds.\n\
               Judge by what the repository is and by what it would cost to be wrong. Don't split the difference, don't \
               vote for what isn't listed, and don't plan how it is built.",
        shows: &["issue", "comments", "brief", "context", "before"],
        criteria: &[
            "Each direction could be built in this repository as it is.",
            "The simplest that does what was asked for is among them.",
            "What can't be undone later is named.",
            "The reason rests on the brief and the code, not on taste.",
        ],
    },
    Book {
        name: "shape-mediate",
        phase: Phase::Shape,
        hand: Hand::Looks,
        attempts: 2,
        says: "The council on this issue is split; its votes stand under context. Mediate, and vote for nothing: say what all \
               of them want, what they really disagree about, whether one direction can take up the best reason against it, \
               and how the question reads when it is put another way.\n\
               Give every voice its strongest form. Don't count votes, and don't favour who is surest.",
        shows: &["issue", "brief", "context", "before"],
        criteria: &[
            "Every voice would say that its reason is told fairly.",
            "The disagreement is one sentence that a fact could settle, or it is said that none could.",
            "No direction is named that the council didn't have, unless it joins two of them.",
        ],
    },
    Book {
        name: "plan",
        phase: Phase::Plan,
        hand: Hand::Looks,
        attempts: 2,
        says: "Plan how this issue is done, for somebody who will build it with nothing but your plan and the repository. Read \
               the code that it touches before you name a file.\n\
               The plan has these parts: intent; approach; files to modify; new files, or none; the steps in their order, \
               six at most, each with its files, its tests and what it depends on; how it is tested; what holds once it is \
               done; what to look out for. A defect, a typo or a page of text needs intent, files, steps and tests only. For \
               a defect the first step is a test that shows it.\n\
               Choose the smallest change that does it. Plan nothing that wasn't asked for, and don't decide what the issue \
               leaves to people: list that as open. Where findings are given, answer each: by a change of the plan, or by \
               why not.",
        shows: &["issue", "comments", "brief", "direction", "plan", "findings", "context", "before"],
        criteria: &[
            "Every file that is to change exists, and every new one is said to be new.",
            "Every step can be checked by a test or a command that the plan names.",
            "What holds once it is done is a list that somebody else could tick off.",
            "Nothing is left to be decided while it is built; what people must decide is listed as open.",
            "Decisions recorded in the repository are kept, or the plan says which it breaks and why.",
        ],
    },
    Book {
        name: "plan-review",
        phase: Phase::Plan,
        hand: Hand::Looks,
        attempts: 2,
        says: "Try to break this plan before anybody builds it. Hold it against the issue, the code and what was decided \
               before: what does it miss, which file is named wrongly, which step can't work, what else calls what it \
               changes, which test would pass without the change?\n\
               Give each finding a severity: critical or high where building it as planned would be wrong, medium or low \
               where it could be better, info for what is good to know. Say of each where it shows, and what would settle \
               it. Don't write another plan, don't find what is only another taste, and find nothing where there is nothing.",
        shows: &["issue", "comments", "brief", "direction", "plan", "findings", "context", "before"],
        criteria: &[
            "Each finding names the part of the plan and the file, line or decision that it collides with.",
            "Critical and high are for what would be built wrong, break something else, or can't be taken back.",
            "What the issue asks for and the plan leaves out is found.",
            "A finding that was settled since is not made again.",
        ],
    },
    Book {
        name: "spec-review",
        phase: Phase::Review,
        hand: Hand::Looks,
        attempts: 2,
        says: "Compare what was made with what was asked for. Take each thing that the issue and the plan say holds once it is \
               done, and look in the changes for what makes it so, and for the test that shows it; run it where you can.\n\
               Say whether the work complies, and list each gap: what is missing or otherwise than asked for, and where it \
               would belong. Also list what was done and not asked for. How well the code is written is somebody else's \
               matter. What isn't in the changes wasn't done, whatever a commit or a comment says.",
        shows: &["issue", "comments", "plan", "changes", "findings", "context", "before"],
        criteria: &[
            "Every thing that must hold is either shown at a place in the changes or listed as a gap.",
            "A gap says exactly what to add or change, so that it can be closed without asking.",
            "A test that would pass without the change shows nothing.",
            "Where something can't be told from the changes, it is a gap and not a pass.",
        ],
    },
    Book {
        name: "quality-review",
        phase: Phase::Review,
        hand: Hand::Looks,
        attempts: 2,
        says: "Review these changes as somebody who will have to live with them. Look for what is wrong in them first: bugs, \
               what happens with empty, large, late and hostile input, races, leaks of secrets, broken callers, checks or \
               tests that became weaker. Then for what will cost: doubled code, names that mislead, what the repository does \
               otherwise everywhere else.\n\
               Give each finding its file, line and severity, what goes wrong with which input, and what to do instead. \
               Blocking is what must not land. Look at every file that changed. Whether it is what was asked for is somebody \
               else's matter; so is what a formatter decides. Where you find nothing, say what you looked at.",
        shows: &["issue", "plan", "changes", "findings", "context", "before"],
        criteria: &[
            "Each finding is at a line of the changes and says how it shows.",
            "Blocking findings are wrong, unsafe or irreversible; no taste is among them.",
            "Every changed file was looked at, and those that judge others, tests and checks, most closely.",
            "A finding that was answered since is not made again without a new reason.",
        ],
    },
    Book {
        name: "diagnose",
        phase: Phase::Hitl,
        hand: Hand::Looks,
        attempts: 2,
        says: "The work on this issue came to a halt. Find out why, from what was tried and from the repository: run what \
               failed again, and follow the first error rather than the last.\n\
               Say what the cause is; how bad it is, from security and blocked work to housekeeping; which files are \
               concerned; whether an agent can mend it, and then how, in steps that differ from what was tried; else what \
               exactly a person has to decide or to give. Say so where it was neither the work nor the issue: a network, a \
               credential, a machine, a flaky check. Don't mend it, and name no cause that you haven't seen at work.",
        shows: &["issue", "plan", "changes", "findings", "context", "before"],
        criteria: &[
            "The cause explains every symptom that was found, and was seen rather than guessed.",
            "Trouble of the machine, the network or an account is not put down to the work.",
            "The way on is not one that was tried before.",
            "What a person is asked for is one decision or one thing, with what follows from each answer.",
        ],
    },
];
