//! The playbooks of advisors: who is asked before a review, in the middle of it, and after it.

use crate::model::Phase;

use super::built_in::{Book, Hand};

pub(super) const ADVISING: &[Book] = &[
    Book {
        name: "pre-flight",
        phase: Phase::Review,
        hand: Hand::Looks,
        attempts: 2,
        says: "Others are about to review these changes. Look first, and tell them where to look. Read what changes with what \
               calls it, and ask yourself which mistake would hurt most, and which one a reviewer in a hurry would miss.\n\
               Say what the risk is, in a few sentences; the places that deserve a close look, each with its files and the \
               reason; and a rubric: questions about these very changes that can be answered with yes or no from the code. \
               Review nothing, and say neither that it is good nor that it is bad: your word decides nothing.",
        shows: &["issue", "plan", "changes", "findings", "context", "before"],
        criteria: &[
            "Each place names files that are among the changes, or that they break.",
            "Each question of the rubric is about these changes and could come out either way.",
            "What can't be undone, judges others, or guards a boundary stands first.",
            "Where little can go wrong, little is said.",
        ],
    },
    Book {
        name: "mid-flight",
        phase: Phase::Review,
        hand: Hand::Looks,
        attempts: 2,
        says: "Somebody who reviews these changes has come to a question of judgement and asks you; the question stands under \
               findings. Look at the code that it is about, weigh what speaks for each answer, and recommend one.\n\
               Give your reasoning first, then the recommendation in a sentence, then how sure you are from 0 to 100. Answer \
               this question and no other. The verdict stays with who asks; where the question is one of fact, say where the \
               fact is found.",
        shows: &["issue", "plan", "changes", "findings", "context", "before"],
        criteria: &[
            "The recommendation can be acted on by who asked.",
            "The reasoning names files, decisions or behaviour, and the strongest reason against it.",
            "How sure it is fits what was looked at.",
        ],
    },
    Book {
        name: "post-verify",
        phase: Phase::Review,
        hand: Hand::Looks,
        attempts: 2,
        says: "These changes passed their reviews and are about to land. Believe none of that: look yourself, file by file, \
               at every file that changed, whether they do what the issue asks for, and what they break, weaken or open.\n\
               Where you would not let them land, say `veto`; else `approve`. Give your reasoning; each point at which you \
               disagree with what the work or a review claims, with the claim, what you found and whether that is blocking or \
               a concern; and, with a veto, the direction in which it has to be mended. A veto needs a blocking disagreement. \
               What is only another taste is no reason for one.",
        shows: &["issue", "plan", "changes", "findings", "context", "before"],
        criteria: &[
            "Every changed file was looked at, the last of the list as closely as the first.",
            "Each disagreement names its claim and what in the code speaks against it.",
            "Blocking is what would be wrong, unsafe or weaker once it landed.",
            "A veto says what has to become of the changes, so that it can be done without asking.",
        ],
    },
];
