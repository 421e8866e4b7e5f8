//! The nouns: names, desired and observed state, actions, plans. No IO; depends on nothing of this crate.

mod account;
mod action;
mod address;
mod advisor;
mod answer;
mod at_work;
mod case;
mod config_files;
mod creations;
pub mod credential;
mod desired;
mod facet;
mod hosted;
mod identity;
mod issue;
mod merge_queue;
mod mirror;
mod observed;
mod phase;
mod pipeline;
mod proof;
mod ran;
mod recipe;
mod repo_name;
mod review;
mod router;
mod run;
mod said;
mod setting;
mod shown;
mod source;
mod speech;
mod spend;
mod subject;
mod task;
mod telling;
mod verb;

pub use account::{Billed, Paid, Paused, Sum};
pub use action::{Action, CheckState, Effect, ProposedFile, Risk};
pub use address::{Address, AddressError, AddressGlob};
pub(crate) use address::{is_hidden, match_path, match_star};
pub use advisor::{
    Advisor, AdvisorRole, AllPassedOver, AskedWhen, Authority, OnFailure, PassOver, PassedOver,
};
pub use answer::{AnswerFrom, AnswerSchema, LONGEST_ANSWER, Typed};
pub use at_work::{AtWork, Full};
pub use case::{
    BranchSeen, Case, Cases, CheckIs, CheckSeen, CommentSeen, FileChange, LabelOn, Landed, Mergeable,
    Permission, PullCase, Push, ReviewIs, ReviewSeen, ThreadSeen, Watched, blockers, is_command,
};
pub use config_files::{ConfigFile, ConfigFiles, Origin, SECTIONS, Unread};
pub use creations::{Creations, Headroom};
pub use desired::{
    Allow, Auth, ChangeBudget, Desired, Factory, GitHub, Labels, LoopConfig, Mode, ObservedOwner, Protect,
    Repo, Rule, SecretRef, Setpoint, Webhook,
};
pub use facet::{Facet, Facets};
pub use hosted::Hosted;
pub use identity::{ActionId, CommitId, Fingerprint, IntentId, LoopName};
pub use issue::{IssueSeen, OpenIssue, Tracker, said_by};
pub use merge_queue::{Dequeuing, Enqueuing, EntryIs, MergeQueue, QUEUE_BOT, QueueEntry, Removed};
pub use mirror::{Mirror, mirror_line, mirrored_line};
pub use observed::{
    Broken, Cause, ConfigHead, ConfigPull, Cost, Gap, LabelState, Observed, OpenFlip, OwnRepo, RepoState,
    Seen, Unmanaged,
};
pub use phase::Phase;
pub use pipeline::{
    BRANCHES, Epics, FOR_PEOPLE, Freeze, Graduation, JUDGES, Mark, MergeMethod, MergeMode, MergePolicy,
    PLACES, Pipeline, Pipelines, Playbook, RequiredCheck, Reserved,
};
pub use proof::{Held, Proof};
pub use ran::{AT_WORK, Begun, Elsewhere, Past, PastPlay, Produced, Ran};
pub use recipe::{Cache, Check, Counted, Gate, Recipe};
pub use repo_name::{RepoName, RepoNameError};
pub use review::{PullReview, REVIEW_STATUS};
pub use router::{Carry, Otherwise, Route, Routed, Router, Transfer};
pub use run::{Clocks, Limits, Outcome, RunId, Then, Usage, UsageOf};
pub use said::{FollowUp, Said, asks};
pub use setting::{Setting, SettingType, SettingValue};
pub use shown::{visible, visible_body};
pub use source::{Layer, Source, Sourced};
pub use speech::{MEANING_MARKER, PLAN_CHECK, REVIEW_MARKER, follow_up_marker, follow_ups_marked, same_text};
pub use spend::{Figure, MICROS, Prices, Quota, Spent, Tariff, day_of, spent, usd};
pub use subject::Subject;
pub use task::{
    AGENT_KINDS, AUTH_WAITS, AgentBounds, AgentConfig, Closed, FollowUps, Given, LONGEST_WAIT, Lack,
    OpenPull, Play, PullSeen, RunCaps, RunOf, RunPhase, RunSeen, Session, StartRun, TYPED_KINDS, Task,
};
pub use telling::{Clearing, HandedOver, Landing, Remark, Reply, StopRun, TELLS_THE_END, Tell, Trusted};
pub use verb::{Change, Object, Verb};

#[cfg(test)]
pub(crate) mod arbitrary;
#[cfg(test)]
pub(crate) mod samples;

pub mod keeping;
mod label;
pub mod language;
pub mod meaning;
pub use label::{LabelName, LabelNameError, LabelSpec};
