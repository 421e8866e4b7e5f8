//! The settings of a repository as fields, taken from [`Setting::ALL`] so that there is no second list.

use std::sync::Arc;

use crate::desired::block::{Block, Given};
use crate::desired::shape::{Field, Type, Value};
use crate::desired::text::Span;
use crate::model::{Setpoint, Setting, SettingType, SettingValue, Sourced};

use super::Builder;

/// How many settings there are.
pub(super) const COUNT: usize = Setting::ALL.len();

/// `own` fields, and every setting after them.
pub(super) const fn with<const N: usize>(own: &[Field]) -> [Field; N] {
    let mut out = [field(Setting::ALL[0]); N];
    let mut i = 0;
    while i < own.len() {
        out[i] = own[i];
        i += 1;
    }
    while i < N {
        out[i] = field(Setting::ALL[i - own.len()]);
        i += 1;
    }
    out
}

const fn field(setting: Setting) -> Field {
    let ty = match setting {
        Setting::Description => Type::Text { max: 350 },
        Setting::Homepage => Type::Website,
        Setting::Topics => Type::List { of: &Type::Topic, max: 20 },
        Setting::DefaultBranch => Type::Branch,
        Setting::Visibility
        | Setting::Archived
        | Setting::HasIssues
        | Setting::HasWiki
        | Setting::HasProjects
        | Setting::HasDiscussions
        | Setting::IsTemplate
        | Setting::AllowForking
        | Setting::WebCommitSignoffRequired
        | Setting::AllowMergeCommit
        | Setting::AllowSquashMerge
        | Setting::AllowRebaseMerge
        | Setting::AllowAutoMerge
        | Setting::AllowUpdateBranch
        | Setting::DeleteBranchOnMerge
        | Setting::SquashMergeCommitTitle
        | Setting::SquashMergeCommitMessage
        | Setting::MergeCommitTitle
        | Setting::MergeCommitMessage => match setting.ty() {
            SettingType::Flag => Type::Flag,
            SettingType::Text => Type::Text { max: 350 },
            SettingType::Word(words) => Type::Word(words),
            SettingType::Names => Type::List { of: &Type::Name, max: 100 },
        },
    };
    Field::new(setting.name(), ty, setting.about(), setting.example())
}

/// A setting that a layer fixes, and the place of its value.
#[derive(Clone, Debug)]
pub(super) struct Fixed {
    pub(super) setting: Setting,
    pub(super) point: Setpoint,
    pub(super) span: Span,
}

/// The settings that a block fixes.
pub(super) fn read(block: &Block, layer: &Arc<str>, cx: &Builder<'_>) -> Vec<Fixed> {
    block.fields.iter().filter(|g| g.good).filter_map(|given| fixed(given, layer, cx)).collect()
}

fn fixed(given: &Given, layer: &Arc<str>, cx: &Builder<'_>) -> Option<Fixed> {
    let setting = Setting::by_name(given.field.name)?;
    let value = if given.field.ty.is_list() {
        SettingValue::Names(given.values.iter().filter_map(|v| v.text().map(str::to_owned)).collect())
    } else {
        match &given.values.first()?.value {
            Value::Flag(b) => SettingValue::Flag(*b),
            Value::Text(text) => SettingValue::Text(text.clone()),
            Value::Int(_)
            | Value::Unlimited
            | Value::Seconds(_)
            | Value::Micros(_)
            | Value::Date(_)
            | Value::Moment(_) => return None,
        }
    };
    let span = given.values.first().map_or(given.span, |v| v.span);
    Some(Fixed { setting, point: Sourced::new(value, cx.source(given.span), Arc::clone(layer)), span })
}
