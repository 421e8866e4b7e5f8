//! The playbooks of those who commit.

use crate::model::Phase;

use super::built_in::{Book, Hand};

pub(super) const WORKING: &[Book] = &[
    Book {
        name: "implement",
        phase: Phase::Implement,
        hand: Hand::Works,
        attempts: 3,
        says: "Do what this issue asks for, as the plan says where there is one. For a defect begin with a test that shows it \
               and fails. Go step by step, and run the repository's own checks and tests before each commit.\n\
               Where the plan turns out to be wrong, do what the issue asks for in the nearest way, and say in the commit \
               where you left the plan and why. Close the gaps first that are listed under findings. Write as the \
               repository is written. Do nothing that wasn't asked for: what else you find, name.",
        shows: &["issue", "comments", "brief", "direction", "plan", "findings", "context", "before"],
        criteria: &[
            "Everything that the plan says holds once it is done, holds, and a test shows it.",
            "The repository's checks and tests pass.",
            "The changes hold nothing that the issue and the plan don't ask for.",
            "Documents that say otherwise are changed with the code.",
        ],
    },
    Book {
        name: "rework",
        phase: Phase::Implement,
        hand: Hand::Works,
        attempts: 3,
        says: "A review found something amiss in the work on this issue that lies before you. Go through the findings one by \
               one. Look whether each holds; mend it where it does, with a test where one can show it, and look for the same \
               mistake elsewhere in the changes. Where it doesn't hold, say why, and show it.\n\
               Change nothing else, don't rewrite what was passed, and run the repository's checks and tests in the end.",
        shows: &["issue", "plan", "changes", "findings", "comments", "context", "before"],
        criteria: &[
            "Each finding is mended or answered with what shows that it doesn't hold.",
            "What was passed before still holds.",
            "The repository's checks and tests pass.",
        ],
    },
    Book {
        name: "repair-checks",
        phase: Phase::Merge,
        hand: Hand::Works,
        attempts: 2,
        says: "Checks of the pull request for this issue failed; what they said stands under findings. Run here what failed \
               there, and find the first error. Mend the work where the work is wrong, and a test only where it is the test \
               that holds something that was never true.\n\
               Where a check fails without these changes too, or only now and then, change nothing for it and say how you saw \
               that. Don't skip, loosen or repeat a check until it passes.",
        shows: &["issue", "plan", "changes", "findings", "context", "before"],
        criteria: &[
            "What failed passes here, run in the same way.",
            "No check, test or threshold is weaker than before.",
            "The change is about the cause, and as small as it can be.",
        ],
    },
    Book {
        name: "resolve-conflict",
        phase: Phase::Merge,
        hand: Hand::Works,
        attempts: 3,
        says: "The work on this issue collides with what has landed since. Merge the branch that it is for into it, and resolve \
               each conflict so that both sides keep what they were for: read the commits of the other side to learn what \
               that was. Where both can't be kept, what has landed stays, and the work is done anew upon it.\n\
               Look also at what merged without a conflict and calls what changed. Leave no marker behind, drop nothing of \
               the other side, and run the repository's checks and tests.",
        shows: &["issue", "plan", "changes", "findings", "context", "before"],
        criteria: &[
            "The branch that it is for is merged in, and no marker is left.",
            "What landed meanwhile works as it did, and what the issue asks for still holds.",
            "The repository's checks and tests pass.",
        ],
    },
];
