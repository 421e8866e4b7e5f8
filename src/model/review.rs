//! What the factory says on a pull request of what its own reviews found, once at each head.

use serde_json::{Value, json};

use super::{Case, CommitId, PullCase, RepoName, ReviewIs, ReviewSeen, Watched};

/// The context of the commit status that says it where the factory has one identity.
pub const REVIEW_STATUS: &str = "factory/review";

/// A review that is written at one head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullReview {
    /// The repository.
    pub repo: RepoName,
    /// What of the issue must be as it was seen; its pull request is among it.
    pub watched: Watched,
    /// The pull request.
    pub pull: u64,
    /// The only head that it is about.
    pub head: CommitId,
    /// The login of the reviewer that writes it. The author writes it where there is none, and a commit status besides.
    pub by: Option<String>,
    /// What it says: an approval, or neither; it never asks for changes, since who made it has been told, and what asks for
    /// changes on GitHub stands in the way of later heads, too.
    pub verdict: ReviewIs,
    /// Whether the reviews found nothing that has to be mended first.
    pub passes: bool,
    /// Its words; the first line is the marker by which it is found.
    pub body: String,
}

impl PullReview {
    /// The line by which the review of a head is found.
    pub fn marker(head: &CommitId) -> String {
        format!("<!-- factoryctl:review {head} -->")
    }

    /// How the pull request looks: with the review at this head, or with all that decides whether it is written.
    pub fn value(&self, case: &Case) -> Value {
        let pull = case.pulls.iter().find(|pull| pull.number == self.pull && pull.head == self.head);
        match pull.and_then(|pull| pull.own_review(self.by.as_deref())) {
            Some(review) => self.said(&review.body, review.verdict),
            None => self.watched.beside(json!({ "pull": self.pull }), case.stamp(&self.watched)),
        }
    }

    /// How it looks once this is done.
    pub fn done(&self) -> Value {
        self.said(&self.body, self.verdict)
    }

    fn said(&self, body: &str, verdict: ReviewIs) -> Value {
        json!({ "pull": self.pull, "head": self.head.as_str(), "review": verdict.as_str(), "body": body })
    }
}

impl PullCase {
    /// The factory's own review of its head: the reviewer's, where there is one. Anybody can write the marker, so that it
    /// counts by whom it is.
    pub fn own_review(&self, reviewer: Option<&str>) -> Option<&ReviewSeen> {
        let marker = PullReview::marker(&self.head);
        let is_own = |it: &&ReviewSeen| match reviewer {
            Some(login) => it.author.eq_ignore_ascii_case(login),
            None => it.own,
        };
        let mut all = self.reviews.known()?.iter().filter(is_own);
        all.find(|it| it.commit.as_ref() == Some(&self.head) && it.body.lines().next() == Some(&marker))
    }
}
