//! An issue on its way, told in words: what comes next is asked, a run or people answer, and it is asked again. What holds
//! of every story is checked on the way: no prompt is read twice, phases follow each other as they may, and a person's
//! turn comes once the attempts before it are used up.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::desired;
use crate::model::samples::{name, now};
use crate::model::{
    Address, AllPassedOver, AnswerFrom, Billed, Case, Cases, CheckIs, CheckSeen, Closed, CommentSeen,
    CommitId, ConfigFile, ConfigFiles, Desired, Effect, EntryIs, FileChange, Held, LabelName, LabelOn,
    Landed, Mergeable, Mirror, Observed, Outcome, Permission, Phase, PullCase, Push, QueueEntry, Remark,
    RepoName, ReviewIs, ReviewSeen, RunId, RunPhase, RunSeen, Seen, StartRun, Task, Then, Transfer, Typed,
    mirrored_line,
};
use crate::work::{Cx, Next, Room, next};

use super::super::{Move, Stand, Station, Unmet, View, projection, station, unmet};

/// The most characters of a line of a prompt that are told.
const LINE: usize = 200;
/// The most characters of an answer that are told.
const ANSWER: usize = 90;

/// An issue on its way.
pub(super) struct Story {
    pub(super) desired: Desired,
    pub(super) case: Case,
    /// Other issues of the repository.
    pub(super) others: Vec<Case>,
    pub(super) now: Timestamp,
    runs: Vec<RunSeen>,
    /// The advisors that were passed over.
    passed: AllPassedOver,
    /// Every prompt that was read, by playbook.
    pub(super) prompts: Vec<(String, String)>,
    told: String,
    /// The phase that it was in when it was looked at last, unless people have had a say since.
    was: Option<Phase>,
    /// Whether the next turn of a person's is one by design.
    by_design: bool,
    /// How many runs there were when a person's turn had come last.
    tried: usize,
    /// What the ledger holds.
    held: Held,
    pub(super) visibility: BTreeMap<RepoName, String>,
    /// What is archived.
    pub(super) archived: BTreeSet<RepoName>,
}

/// Config for issues that go through these phases, with more that the pipeline says.
pub(super) fn config(phases: &str, more: &str) -> Desired {
    let text = format!(
        r#"
factory "acme"
agent "smith" kind="codex"
pipeline "p" {{
    intake "factory"
    agents "smith"
    merge-policy "green"
    phases {phases}
    {more}
}}
merge-policy "green" {{ mode "on-green"; require-checks "ci"; }}
repo "acme/anvil" {{ pipeline "p"; }}
"#
    );
    load(&text)
}

/// The state of this config.
pub(super) fn load(text: &str) -> Desired {
    let file = ConfigFile { path: "factory.kdl".to_owned(), bytes: text.as_bytes().to_vec() };
    let files = ConfigFiles { files: vec![file], ..ConfigFiles::default() };
    match desired::load(&files, &crate::loops::vocabulary(jiff::civil::date(2026, 6, 1))) {
        Ok((desired, _)) => desired,
        Err(all) => panic!("{}", desired::render(&all, &files, false)),
    }
}

/// A commit by its number.
pub(super) fn commit(n: usize) -> CommitId {
    CommitId::parse(&format!("{n:02x}").repeat(20)).unwrap()
}

/// The issue that all stories are about.
pub(super) fn issue(number: u64) -> Case {
    let body = "The anvil is blunt. It should be sharp, so that whoever strikes on it sees a clean edge on the iron.";
    Case {
        repo: name("acme/anvil"),
        number,
        title: "Hone the anvil".to_owned(),
        body: body.to_owned(),
        author: "bob".to_owned(),
        open: true,
        opened: now(),
        edited: None,
        labels: [("factory".to_owned(), label("factory", "ann"))].into(),
        assignees: BTreeMap::new(),
        comments: Vec::new(),
        blocked_by: BTreeSet::new(),
        dependencies: BTreeMap::new(),
        branch: None,
        parent: None,
        children: BTreeMap::new(),
        rejected_children: BTreeSet::new(),
        found: None,
        reopened: false,
        rejected: false,
        renamed: None,
        pulls: Vec::new(),
    }
}

/// A label that somebody set.
pub(super) fn label(name: &str, by: &str) -> LabelOn {
    LabelOn { name: LabelName::observed(name), by: Some((by.to_owned(), now())) }
}

/// A pull request of the factory's that nothing is amiss with, and whose check passed.
pub(super) fn pull(number: u64, head: CommitId) -> PullCase {
    PullCase {
        number,
        title: "Hone the anvil".to_owned(),
        open: true,
        own: true,
        author: "bot".to_owned(),
        closed: None,
        landed: None,
        draft: false,
        tree: Some(format!("tree of {}", head.short())),
        pushes: Seen::Known(vec![push(None, &head, "bot")]),
        head,
        branch: None,
        base: "main".to_owned(),
        base_head: Some(commit(0)),
        behind: Some(0),
        ahead: Some(1),
        forced: Vec::new(),
        carries: Seen::Absent,
        mergeable: Mergeable::Yes,
        queue: None,
        labels: BTreeSet::new(),
        checks: Seen::Known(vec![check("ci", CheckIs::Passed)]),
        reviews: Seen::Known(Vec::new()),
        threads: Seen::Known(Vec::new()),
        files: Seen::Known(vec![file("src/anvil.rs", 5, 1)]),
        opened: now(),
        head_at: Some(now()),
    }
}

/// A move of a branch.
pub(super) fn push(before: Option<&CommitId>, after: &CommitId, by: &str) -> Push {
    Push { before: before.cloned(), after: Some(after.clone()), by: by.to_owned() }
}

/// The moves of a branch once the factory has moved it on.
fn pushed(pull: &PullCase, head: &CommitId) -> Seen<Vec<Push>> {
    let before = pull.pushes.known().expect("they were read").clone();
    Seen::Known([vec![push(Some(&pull.head), head, "bot")], before].concat())
}

/// A file that is changed.
pub(super) fn file(path: &str, additions: u64, deletions: u64) -> FileChange {
    FileChange { path: path.to_owned(), was: Seen::Absent, additions, deletions }
}

/// A check.
pub(super) fn check(name: &str, state: CheckIs) -> CheckSeen {
    CheckSeen { name: name.to_owned(), app: Some(7), state, says: String::new(), since: Some(now()) }
}

impl Story {
    /// Of an issue that goes through these phases.
    pub(super) fn new(phases: &str) -> Self {
        Self::of(config(phases, ""))
    }

    /// Of an issue under this config.
    pub(super) fn of(desired: Desired) -> Self {
        Self {
            desired,
            case: issue(7),
            others: Vec::new(),
            now: now() + SignedDuration::from_hours(1),
            runs: Vec::new(),
            passed: AllPassedOver::default(),
            prompts: Vec::new(),
            told: String::new(),
            was: None,
            by_design: false,
            tried: 0,
            held: Held::default(),
            visibility: ["acme/anvil", "acme/bolt"].map(|repo| (name(repo), "private".to_owned())).into(),
            archived: BTreeSet::new(),
        }
    }

    /// The story so far.
    pub(super) fn told(&self) -> &str {
        &self.told
    }

    fn tells(&mut self, line: &str) -> &mut Self {
        self.told.push_str(line);
        self.told.push('\n');
        self
    }

    fn observed(&self) -> Observed {
        let of = |case: &Case| ((case.repo.clone(), case.number), Seen::Known(case.clone()));
        let may = [("ann", Permission::Write), ("bob", Permission::Read), ("eve", Permission::None)];
        let may = may.map(|(login, has)| ((self.case.repo.clone(), login.to_owned()), Seen::Known(has)));
        let cases = Cases {
            all: self.others.iter().chain([&self.case]).map(of).collect(),
            permissions: may.into(),
            own: [("acme".to_owned(), "bot".to_owned())].into(),
            reviewer: self.desired.github.reviewer.as_ref().map(|_| "critic[bot]".to_owned()),
            visibility: self.visibility.clone(),
            archived: self.archived.clone(),
            passed: self.passed.clone(),
            held: std::sync::Arc::new(self.held.clone()),
        };
        Observed { runs: self.runs.clone(), knows_runs: true, cases, ..Observed::default() }
    }

    /// Looks at the issue as it is now.
    pub(super) fn view<T>(&self, look: impl FnOnce(&View<'_>) -> T) -> T {
        let observed = self.observed();
        let cx = Cx { desired: &self.desired, observed: &observed, now: self.now };
        let pipeline = self.desired.pipelines.of(&self.case.repo).unwrap();
        look(&View::of(cx, pipeline, &self.case))
    }

    /// Where it stands, which has to be so as far as the laws go.
    fn look(&mut self) -> Station {
        let mut at = self.view(station);
        // What reviews found is said before anything else comes of it.
        if let Stand::Moves(what) = &at.stand
            && matches!(**what, Move::Review(_))
        {
            self.carried(&at);
            at = self.view(station);
        }
        let is_human = matches!(at.stand, Stand::Human { .. });
        let phase = if is_human { Phase::Hitl } else { at.phase };
        if let Some(was) = self.was.replace(phase) {
            assert!(was.leads_to(phase), "{was} may not lead to {phase}\n{}", self.told);
        }
        if is_human && !std::mem::take(&mut self.by_design) {
            self.was_tried();
        }
        if is_human {
            self.tried = self.runs.len();
        }
        at
    }

    /// A person's turn comes once the attempts before it are used up.
    fn was_tried(&self) {
        let told = &self.told;
        if self.tried > 0 && self.runs.len() == self.tried {
            return;
        }
        assert!(self.runs.len() >= self.tried + 2, "a person's turn without attempts\n{told}");
        let last = self.runs.last().unwrap();
        let outcome = &last.phase.closed().unwrap().outcome;
        let book = &self.desired.pipelines.playbooks[&last.of.play.as_ref().unwrap().book];
        let is_again = matches!(outcome.then(), Then::Again);
        assert!(!is_again || last.of.attempt >= book.attempts, "`{}` had attempts left\n{told}", book.name);
    }

    /// The next turn of a person's is theirs whatever was tried.
    pub(super) fn by_design(&mut self) -> &mut Self {
        self.by_design = true;
        self
    }

    /// Tells where it stands.
    #[track_caller]
    pub(super) fn stands(&mut self) -> &mut Self {
        let at = self.look();
        let line = format!("{}: {}", at.phase, says(&at.stand));
        self.tells(&line)
    }

    /// Nobody has worked on it.
    pub(super) fn untried(&mut self) -> &mut Self {
        assert!(self.runs.is_empty(), "{}", self.told);
        self
    }

    /// Starts what comes next, which ends like this.
    #[track_caller]
    pub(super) fn ran(&mut self, outcome: Outcome, answer: Option<Value>) -> &mut Self {
        let at = self.look();
        let Stand::Works(task) = &at.stand else { panic!("{:?}\n{}", at.stand, self.told) };
        let (next, told) = (self.view(|view| begins(task, view)), &self.told);
        let Some(start) = next else { panic!("nothing begins\n{told}") };
        let play = start.of.play.clone().unwrap();
        let enriched = play.enriched.as_ref().map(|it| format!(", {it}")).unwrap_or_default();
        let short = answer.as_ref().map(|it| cut(&it.to_string(), ANSWER)).unwrap_or_default();
        let line = format!(
            "{}: `{}` {}.{}{enriched} -> {} {short}",
            at.phase,
            play.book,
            play.round,
            start.of.attempt,
            outcome.as_str()
        );
        self.tells(line.trim_end());
        self.reads(&play.book, &start);
        self.closes(start, outcome, answer);
        self
    }

    /// Tells who may do what comes next.
    #[track_caller]
    pub(super) fn may_be_done_by(&mut self) -> &mut Self {
        let at = self.look();
        let Stand::Works(task) = &at.stand else { panic!("{:?}\n{}", at.stand, self.told) };
        self.tells(&format!("    by {}", task.agents.join(", ")))
    }

    /// Tells what the factory's comment says, but for its first line.
    pub(super) fn comments(&mut self) -> &mut Self {
        let told = self.view(|view| projection(view, &station(view)).and_then(|tell| tell.comment));
        let told = told.unwrap_or_default();
        let lines = told.lines().skip(1).filter(|line| !line.trim().is_empty());
        let lines: Vec<String> = lines.map(|line| format!("    > {line}")).collect();
        self.tells(&lines.join("\n"))
    }

    /// Tells the rules that keep its pull request from landing.
    pub(super) fn is_kept_by(&mut self) -> &mut Self {
        let left = self.view(|view| unmet(view, &view.case.pulls[0]));
        let line = |it: &Unmet| format!("    ! {}: {}; it needs {}", it.rule, it.says, it.needs);
        self.tells(&left.iter().map(line).collect::<Vec<_>>().join("\n"))
    }

    /// No prompt is read twice.
    fn reads(&mut self, book: &str, start: &StartRun) {
        let is_same = |(_, before): &&(String, String)| *before == start.prompt;
        let twice = self.prompts.iter().find(is_same);
        assert!(twice.is_none(), "`{book}` reads what was read before:\n{}\n{}", start.prompt, self.told);
        self.prompts.push((book.to_owned(), start.prompt.clone()));
    }

    fn closes(&mut self, start: StartRun, outcome: Outcome, answer: Option<Value>) {
        let n = self.runs.len() + 1;
        let works = answer.is_none() && outcome == Outcome::Done;
        let closed = Closed {
            base: Some((commit(0), "main".to_owned())),
            commit: works.then(|| commit(n)),
            typed: answer.map(|value| Typed { value, from: AnswerFrom::Agent }),
            ..Closed::bare(outcome, "so it was", self.now + SignedDuration::from_mins(1))
        };
        self.runs.push(RunSeen {
            id: RunId::new(self.now, &n.to_le_bytes()),
            of: start.of,
            agent: start.agent,
            prompt: String::new(),
            billed: Billed::default(),
            phase: RunPhase::Closed(Box::new(closed)),
        });
        self.later(SignedDuration::from_mins(2));
    }

    /// The same again and again.
    #[track_caller]
    pub(super) fn ran_times(&mut self, times: usize, outcome: &Outcome) -> &mut Self {
        for _ in 0..times {
            self.ran(outcome.clone(), None);
        }
        self
    }

    /// Tells what the last prompt has that the one before it by the same playbook had not, and what not any more.
    #[track_caller]
    pub(super) fn differs(&mut self) -> &mut Self {
        let (book, last) = self.prompts.last().unwrap().clone();
        let before = self.prompts.iter().rev().skip(1).find(|(other, _)| *other == book);
        let before = before.unwrap_or_else(|| panic!("nothing before\n{}", self.told)).1.clone();
        let diff = TextDiff::from_lines(before.as_str(), last.as_str());
        let lines: Vec<String> = diff
            .iter_all_changes()
            .filter(|change| !change.value().trim().is_empty())
            .filter_map(|change| {
                let sign = match change.tag() {
                    ChangeTag::Insert => '+',
                    ChangeTag::Delete => '-',
                    ChangeTag::Equal => return None,
                };
                Some(format!("    {sign} {}", cut(change.value().trim_end(), LINE)))
            })
            .collect();
        self.tells(&lines.join("\n"))
    }

    /// Tells the lines of the last prompt in which one of these words is.
    #[track_caller]
    pub(super) fn reads_of(&mut self, words: &[&str]) -> &mut Self {
        let last = &self.prompts.last().unwrap().1;
        let lines = last.lines().filter(|line| words.iter().any(|word| line.contains(word)));
        let lines: Vec<String> = lines.map(|line| format!("    | {}", cut(line, LINE))).collect();
        self.tells(&lines.join("\n"))
    }

    /// The factory writes on it.
    pub(super) fn is_written_on(&mut self) -> &mut Self {
        self.held.wrote(&self.case.repo, self.case.number, self.now);
        self
    }

    /// GitHub doesn't let its pull request land.
    pub(super) fn landing_is_refused(&mut self, says: &str) -> &mut Self {
        let number = self.case.pulls[0].number;
        let pull = Address::repo(&self.case.repo).part("pull", &number.to_string());
        self.held.landing_refused(&pull, self.now, says);
        self.tells("(GitHub refuses)")
    }

    /// GitHub doesn't let the branch of its pull request be brought up to its base.
    pub(super) fn update_is_refused(&mut self, says: &str) -> &mut Self {
        let pull = self.case.pulls[0].number.to_string();
        let on = Address::repo(&self.case.repo).part("pull", &pull);
        self.held.update_refused(&on, self.now, says);
        self.tells("(GitHub refuses)")
    }

    /// Time goes by.
    pub(super) fn later(&mut self, by: SignedDuration) -> &mut Self {
        self.now += by;
        self
    }

    /// Somebody says something.
    pub(super) fn said(&mut self, who: &str, body: &str) -> &mut Self {
        self.was = None;
        self.later(SignedDuration::from_mins(1));
        let id = self.case.comments.len() as u64 + 100;
        let (author, body) = (who.to_owned(), body.to_owned());
        self.case.comments.push(CommentSeen {
            id,
            author,
            own: who == "bot",
            body,
            at: self.now,
            edited: None,
        });
        self.later(SignedDuration::from_mins(1));
        let line = format!("({who}: {})", self.case.comments.last().unwrap().body);
        self.tells(&line)
    }

    /// Somebody edits the text.
    pub(super) fn edited(&mut self, who: &str, body: &str) -> &mut Self {
        self.was = None;
        self.later(SignedDuration::from_mins(1));
        self.case.edited = Some((self.now, who.to_owned()));
        body.clone_into(&mut self.case.body);
        self.tells(&format!("({who} edits the text)"))
    }

    /// Somebody puts other words into the mouth of whoever spoke last.
    pub(super) fn rewords(&mut self, who: &str, body: &str) -> &mut Self {
        self.was = None;
        self.later(SignedDuration::from_mins(1));
        let last = self.case.comments.last_mut().unwrap();
        (last.edited, last.body) = (Some((self.now, who.to_owned())), body.to_owned());
        self.tells(&format!("({who} makes it: {body})"))
    }

    /// Something else happens.
    pub(super) fn then(&mut self, what: &str, change: impl FnOnce(&mut Case)) -> &mut Self {
        change(&mut self.case);
        self.was = None;
        self.tells(&format!("({what})"))
    }

    /// The same to its latest pull request.
    pub(super) fn pull(&mut self, what: &str, change: impl FnOnce(&mut PullCase)) -> &mut Self {
        let now = self.now;
        self.then(what, |case| {
            let pull = &mut case.pulls[0];
            change(pull);
            pull.closed = pull.closed.or((!pull.open).then_some(now));
        })
    }

    /// It is in another repository by now, with what was said on it.
    fn goes(&mut self, it: &Transfer) {
        self.said("bot", it.comment.as_deref().unwrap_or_default());
        self.case.labels.insert(it.intake.key(), LabelOn { name: it.intake.clone(), by: None });
        (self.case.repo, self.case.number) = (it.to.clone(), 70);
    }

    /// It is worked on as another one.
    fn has_mirror(&mut self, it: &Mirror) {
        let label = LabelOn { name: it.intake.clone(), by: Some(("bot".to_owned(), self.now)) };
        let (repo, body, author) = (it.to.clone(), it.body.clone(), "bot".to_owned());
        let labels = [(it.intake.key(), label)].into();
        self.others.push(Case { repo, body, author, labels, ..issue(70) });
        self.said("bot", &mirrored_line(&it.to, 70));
    }

    /// Does on GitHub what comes next.
    #[track_caller]
    pub(super) fn moved(&mut self) -> &mut Self {
        let at = self.look();
        self.carried(&at)
    }

    #[track_caller]
    fn carried(&mut self, at: &Station) -> &mut Self {
        let Stand::Moves(what) = &at.stand else { panic!("{:?}\n{}", at.stand, self.told) };
        let line = format!("{}: {}", at.phase, moves(what));
        self.tells(&line);
        let now = self.now;
        match &**what {
            Move::Publish { commit, over: None, .. } => {
                let number = 20 + self.case.pulls.len() as u64;
                self.case.pulls.insert(0, PullCase { opened: now, ..pull(number, commit.clone()) });
            }
            Move::Publish { commit, over: Some(_), .. } => {
                let before = &mut self.case.pulls[0];
                let (reviews, threads) = (before.reviews.clone(), before.threads.clone());
                let number = before.number;
                let (queue, pushes) = (before.queue.clone(), pushed(before, commit));
                let mut pull = PullCase { pushes, queue, reviews, threads, ..pull(number, commit.clone()) };
                if pull.queue.is_some() {
                    let fresh = CheckSeen { since: Some(now), ..check("ci", CheckIs::Passed) };
                    (pull.head_at, pull.checks) = (Some(now), Seen::Known(vec![fresh]));
                }
                self.case.pulls[0] = pull;
            }
            Move::Land(landing) => {
                let pull = &mut self.case.pulls[0];
                assert_eq!(landing.head, pull.head);
                pull.open = false;
                let (by, tree) = (Some("bot".to_owned()), pull.tree.clone());
                pull.landed =
                    Some(Landed { at: now, by, commit: Some(commit(99)), tree, checks: Seen::Unknown });
            }
            Move::Enqueue(it) => {
                let pull = &mut self.case.pulls[0];
                assert_eq!(it.head, pull.head);
                let entry = QueueEntry { state: EntryIs::Queued, position: 2, by: "bot".to_owned() };
                pull.queue.as_mut().expect("there is one").entry = Some(entry);
            }
            Move::Update { .. } => {
                let number = self.case.pulls[0].number;
                let at = Address::repo(&self.case.repo).part("pull", &number.to_string());
                self.held.updated(&at, self.now);
                let head = commit(50 + self.runs.len());
                let pushes = pushed(&self.case.pulls[0], &head);
                self.case.pulls[0] = PullCase { pushes, ..pull(number, head) };
            }
            Move::Answer(replies) => {
                let pull = &mut self.case.pulls[0];
                let Seen::Known(threads) = &mut pull.threads else { panic!("not read") };
                let Seen::Known(reviews) = &mut pull.reviews else { panic!("not read") };
                for reply in replies {
                    match &reply.to {
                        Remark::Thread(id, _) => {
                            let thread = threads.iter_mut().find(|it| it.id == *id).unwrap();
                            thread.comments.push((900, "bot".to_owned(), true, reply.body.clone()));
                        }
                        Remark::Review(_) => reviews.push(ReviewSeen {
                            id: 700 + reviews.len() as u64,
                            author: "bot".to_owned(),
                            own: true,
                            verdict: ReviewIs::Commented,
                            commit: Some(pull.head.clone()),
                            body: reply.body.clone(),
                            at: now,
                        }),
                    }
                }
            }
            Move::Review(review) => {
                let Seen::Known(reviews) = &mut self.case.pulls[0].reviews else { panic!("not read") };
                reviews.push(ReviewSeen {
                    id: 500 + reviews.len() as u64,
                    author: review.by.clone().unwrap_or_else(|| "bot".to_owned()),
                    own: review.by.is_none(),
                    verdict: review.verdict,
                    commit: Some(review.head.clone()),
                    body: review.body.clone(),
                    at: now,
                });
            }
            Move::Withdraw { .. } => self.case.pulls[0].open = false,
            Move::Transfer(it) => self.goes(&it.clone()),
            Move::Mirror(it) => self.has_mirror(&it.clone()),
            Move::PassOver(it) => self.passed.note(self.case.repo.clone(), &it.done(&self.case)),
        }
        self.later(SignedDuration::from_mins(1))
    }
}

/// The run that begins.
fn begins(task: &Task, view: &View<'_>) -> Option<StartRun> {
    let Next::Starts(action) = next(task, &view.cx, &mut Room::of(&view.cx)) else { return None };
    if let Effect::StartRun(start) = action.effect { Some(*start) } else { None }
}

/// What comes next, in a line.
fn says(stand: &Stand) -> String {
    match stand {
        Stand::Works(task) => {
            let play = task.play.as_ref().unwrap();
            format!("`{}` {} is to be done", play.book, play.round)
        }
        Stand::Moves(what) => moves(what),
        Stand::Waits(on) => format!("waits for {on}"),
        Stand::Until(until, why) => format!("waits until {until:.0}: {why}"),
        Stand::Parked { asks, due } => {
            let due = due.map(|due| format!(", again from {due:.0}")).unwrap_or_default();
            format!("parked{due}\n    {}", asks.join("\n    "))
        }
        Stand::Human { why, tried } => {
            let tried: Vec<String> = tried.iter().map(|line| format!("\n    {}", cut(line, LINE))).collect();
            format!("A PERSON'S TURN: {why}{}", tried.concat())
        }
        Stand::Held(on) => format!("held, waits for {on}"),
        Stand::Done(why) => format!("done: {why}"),
        Stand::Left(why) => format!("left: {why}"),
    }
}

fn moves(what: &Move) -> String {
    match what {
        Move::Publish { over: None, commit, .. } => format!("opens a pull request with {}", commit.short()),
        Move::Publish { over: Some((number, head)), commit, .. } => {
            format!("#{number} goes from {} to {}", head.short(), commit.short())
        }
        Move::Land(landing) => format!("merges #{} at {}", landing.pull, landing.head.short()),
        Move::Enqueue(it) => format!("puts #{} into the merge queue at {}", it.pull, it.head.short()),
        Move::Update { number, head } => format!("#{number} takes in its base, from {}", head.short()),
        Move::Answer(replies) => {
            let line =
                |body: &str| body.lines().filter(|it| !it.starts_with("<!--")).collect::<Vec<_>>().join(" ");
            let all: Vec<String> = replies
                .iter()
                .map(|it| {
                    let to = match &it.to {
                        Remark::Thread(id, _) => id.clone(),
                        Remark::Review(id) => format!("review {id}"),
                    };
                    format!("answers {to}: {}", line(&it.body).trim())
                })
                .collect();
            all.join("; ")
        }
        Move::Review(review) => {
            let by = review.by.as_deref().unwrap_or("the author");
            let (at, passes) = (review.head.short(), if review.passes { "passes" } else { "doesn't pass" });
            format!("{by} says of #{} that {at} {passes}: {}", review.pull, review.verdict.as_str())
        }
        Move::Withdraw { number, why } => format!("closes #{number}: {why}"),
        Move::Mirror(it) => {
            format!("opens in {} as `{}`:\n{}\n{}", it.to, it.intake, it.title, it.body.trim_end())
        }
        Move::Transfer(it) => format!("goes to {} as `{}`", it.to, it.intake),
        Move::PassOver(it) => {
            format!("passes `{}` over: {}", it.passed.advisor.as_str(), cut(&it.passed.why, LINE))
        }
    }
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        text.to_owned()
    } else {
        text.chars().take(most).collect::<String>() + "…"
    }
}
