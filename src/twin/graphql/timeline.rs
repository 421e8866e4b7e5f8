//! What was done to an issue.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject, Union};

use super::connection::{Bounds, PageInfo, page};
use super::issues::IssueComment;
use super::labels::Label;
use super::owner::{Actor, Bot, Organization, User, find_user};
use super::pulls::PullRequest;
use super::scalars::{DateTime, IssueStateReason};
use super::session;
use crate::twin::shape::node_id;
use crate::twin::world::{self, Deed, Repo};

/// The kinds of entries that can be asked for.
#[derive(Debug, Enum, Copy, Clone, Eq, PartialEq)]
pub(crate) enum IssueTimelineItemsItemType {
    AssignedEvent,
    ClosedEvent,
    IssueComment,
    LabeledEvent,
    RenamedTitleEvent,
    ReopenedEvent,
    UnassignedEvent,
    UnlabeledEvent,
}

/// One entry.
#[derive(Union)]
pub(crate) enum IssueTimelineItems {
    Assigned(AssignedEvent),
    Closed(ClosedEvent),
    Comment(IssueComment),
    Labeled(LabeledEvent),
    Renamed(RenamedTitleEvent),
    Reopened(ReopenedEvent),
    Unassigned(UnassignedEvent),
    Unlabeled(UnlabeledEvent),
}

/// A page of entries.
#[derive(SimpleObject)]
pub(crate) struct IssueTimelineItemsConnection {
    filtered_count: i32,
    nodes: Option<Vec<Option<IssueTimelineItems>>>,
    page_info: PageInfo,
    total_count: i32,
}

/// What every event has.
pub(crate) struct Happened {
    repo: Arc<Repo>,
    event: world::IssueEvent,
}

impl Happened {
    fn id(&self, prefix: &str) -> ID {
        ID(node_id(prefix, &[self.repo.id, self.event.id]))
    }

    fn actor(&self, cx: &Context<'_>) -> Result<Option<Actor>> {
        Actor::of(cx, &self.event.actor).map(Some)
    }

    fn at(&self) -> DateTime {
        self.event.at.into()
    }

    fn label(&self, label: &world::Label) -> Label {
        // A label that is still there is told as it is now.
        let now = self.repo.labels.iter().find(|one| one.id == label.id).unwrap_or(label);
        Label { repo: Arc::clone(&self.repo), label: now.clone() }
    }
}

/// Somebody was assigned.
pub(crate) struct AssignedEvent(Happened, String);
/// Somebody was unassigned.
pub(crate) struct UnassignedEvent(Happened, String);
/// The issue got a label.
pub(crate) struct LabeledEvent(Happened, world::Label);
/// The issue lost a label.
pub(crate) struct UnlabeledEvent(Happened, world::Label);
/// The issue was closed: why, and by the merge of which pull request.
pub(crate) struct ClosedEvent(Happened, Option<String>, Option<(u64, u64)>);
/// The issue was opened again.
pub(crate) struct ReopenedEvent(Happened);

/// The issue got another title: what it was, and is.
pub(crate) struct RenamedTitleEvent(Happened, String, String);

/// Whom something was assigned to.
#[derive(Union)]
pub(crate) enum Assignee {
    Bot(Bot),
    Organization(Organization),
    User(User),
}

impl Assignee {
    fn of(cx: &Context<'_>, login: &str) -> Result<Self> {
        Ok(match Actor::of(cx, login)? {
            Actor::User(user) => Self::User(user),
            Actor::Organization(organization) => Self::Organization(organization),
            Actor::Bot(bot) => Self::Bot(bot),
        })
    }
}

/// What closed an issue.
#[derive(Union)]
pub(crate) enum Closer {
    PullRequest(PullRequest),
}

#[Object]
impl AssignedEvent {
    async fn id(&self) -> ID {
        self.0.id("AE")
    }

    async fn actor(&self, cx: &Context<'_>) -> Result<Option<Actor>> {
        self.0.actor(cx)
    }

    async fn created_at(&self) -> DateTime {
        self.0.at()
    }

    async fn assignee(&self, cx: &Context<'_>) -> Result<Option<Assignee>> {
        Assignee::of(cx, &self.1).map(Some)
    }

    async fn user(&self, cx: &Context<'_>) -> Result<Option<User>> {
        find_user(cx, &self.1)
    }
}

#[Object]
impl RenamedTitleEvent {
    async fn id(&self) -> ID {
        self.0.id("RTE")
    }

    async fn actor(&self, cx: &Context<'_>) -> Result<Option<Actor>> {
        self.0.actor(cx)
    }

    async fn created_at(&self) -> DateTime {
        self.0.at()
    }

    async fn previous_title(&self) -> &str {
        &self.1
    }

    async fn current_title(&self) -> &str {
        &self.2
    }
}

#[Object]
impl UnassignedEvent {
    async fn id(&self) -> ID {
        self.0.id("UE")
    }

    async fn actor(&self, cx: &Context<'_>) -> Result<Option<Actor>> {
        self.0.actor(cx)
    }

    async fn created_at(&self) -> DateTime {
        self.0.at()
    }

    async fn assignee(&self, cx: &Context<'_>) -> Result<Option<Assignee>> {
        Assignee::of(cx, &self.1).map(Some)
    }

    async fn user(&self, cx: &Context<'_>) -> Result<Option<User>> {
        find_user(cx, &self.1)
    }
}

#[Object]
impl LabeledEvent {
    async fn id(&self) -> ID {
        self.0.id("LE")
    }

    async fn actor(&self, cx: &Context<'_>) -> Result<Option<Actor>> {
        self.0.actor(cx)
    }

    async fn created_at(&self) -> DateTime {
        self.0.at()
    }

    async fn label(&self) -> Label {
        self.0.label(&self.1)
    }
}

#[Object]
impl UnlabeledEvent {
    async fn id(&self) -> ID {
        self.0.id("UNLE")
    }

    async fn actor(&self, cx: &Context<'_>) -> Result<Option<Actor>> {
        self.0.actor(cx)
    }

    async fn created_at(&self) -> DateTime {
        self.0.at()
    }

    async fn label(&self) -> Label {
        self.0.label(&self.1)
    }
}

#[Object]
impl ClosedEvent {
    async fn id(&self) -> ID {
        self.0.id("CE")
    }

    async fn actor(&self, cx: &Context<'_>) -> Result<Option<Actor>> {
        self.0.actor(cx)
    }

    async fn created_at(&self) -> DateTime {
        self.0.at()
    }

    async fn closer(&self, cx: &Context<'_>) -> Result<Option<Closer>> {
        let Some((repo, number)) = self.2 else { return Ok(None) };
        let world = session(cx)?.world();
        let pull = world.repos.get(&repo).and_then(|repo| PullRequest::of(repo, number));
        Ok(pull.map(Closer::PullRequest))
    }

    async fn state_reason(&self) -> Result<Option<IssueStateReason>> {
        self.1.as_deref().map(IssueStateReason::of).transpose()
    }
}

#[Object]
impl ReopenedEvent {
    async fn id(&self) -> ID {
        self.0.id("RE")
    }

    async fn actor(&self, cx: &Context<'_>) -> Result<Option<Actor>> {
        self.0.actor(cx)
    }

    async fn created_at(&self) -> DateTime {
        self.0.at()
    }

    async fn state_reason(&self) -> Option<IssueStateReason> {
        Some(IssueStateReason::Reopened)
    }
}

/// An entry before it is drawn.
enum Entry<'a> {
    Event(&'a world::IssueEvent),
    Comment(&'a world::Comment),
}

impl Entry<'_> {
    fn kind(&self) -> IssueTimelineItemsItemType {
        match self {
            Self::Comment(_) => IssueTimelineItemsItemType::IssueComment,
            Self::Event(event) => match &event.deed {
                Deed::Labeled(_) => IssueTimelineItemsItemType::LabeledEvent,
                Deed::Unlabeled(_) => IssueTimelineItemsItemType::UnlabeledEvent,
                Deed::Assigned(_) => IssueTimelineItemsItemType::AssignedEvent,
                Deed::Unassigned(_) => IssueTimelineItemsItemType::UnassignedEvent,
                Deed::Closed { .. } => IssueTimelineItemsItemType::ClosedEvent,
                Deed::Reopened => IssueTimelineItemsItemType::ReopenedEvent,
                Deed::Renamed { .. } => IssueTimelineItemsItemType::RenamedTitleEvent,
            },
        }
    }

    fn when(&self) -> (jiff::Timestamp, u64) {
        match self {
            Self::Event(event) => (event.at, event.id),
            Self::Comment(comment) => (comment.created_at, comment.id),
        }
    }

    fn draw(self, repo: &Arc<Repo>) -> IssueTimelineItems {
        let event = match self {
            Self::Event(event) => event.clone(),
            Self::Comment(comment) => {
                let comment = IssueComment { repo: Arc::clone(repo), comment: comment.clone() };
                return IssueTimelineItems::Comment(comment);
            }
        };
        let (repo, deed) = (Arc::clone(repo), event.deed.clone());
        let happened = Happened { repo, event };
        match deed {
            Deed::Labeled(label) => IssueTimelineItems::Labeled(LabeledEvent(happened, label)),
            Deed::Unlabeled(label) => IssueTimelineItems::Unlabeled(UnlabeledEvent(happened, label)),
            Deed::Assigned(login) => IssueTimelineItems::Assigned(AssignedEvent(happened, login)),
            Deed::Unassigned(login) => IssueTimelineItems::Unassigned(UnassignedEvent(happened, login)),
            Deed::Closed { reason, by } => IssueTimelineItems::Closed(ClosedEvent(happened, reason, by)),
            Deed::Reopened => IssueTimelineItems::Reopened(ReopenedEvent(happened)),
            Deed::Renamed { from, to } => IssueTimelineItems::Renamed(RenamedTitleEvent(happened, from, to)),
        }
    }
}

/// One page of what was done to an issue and said on it, of these kinds, since then.
pub(crate) fn timeline(
    repo: &Arc<Repo>,
    issue: &world::Issue,
    kinds: Option<&[IssueTimelineItemsItemType]>,
    since: Option<&DateTime>,
    bounds: &Bounds,
) -> Result<IssueTimelineItemsConnection> {
    let since = since.and_then(|text| text.0.parse::<jiff::Timestamp>().ok());
    let comments = repo.comments.values().filter(|comment| comment.issue == issue.number);
    let mut entries: Vec<Entry<'_>> =
        issue.events.iter().map(Entry::Event).chain(comments.map(Entry::Comment)).collect();
    let total = i32::try_from(entries.len()).unwrap_or(i32::MAX);
    entries.retain(|entry| {
        kinds.is_none_or(|kinds| kinds.contains(&entry.kind()))
            && since.is_none_or(|since| entry.when().0 >= since)
    });
    entries.sort_by_key(Entry::when);
    let page = page(entries, |entry| entry.when().1, bounds)?;
    let nodes = page.nodes.into_iter().map(|entry| Some(entry.draw(repo))).collect();
    Ok(IssueTimelineItemsConnection {
        filtered_count: page.total_count,
        nodes: Some(nodes),
        page_info: page.page_info,
        total_count: total,
    })
}
