//! Layers onto repositories: defaults, then groups in the order of their declaration, then the repository itself.
//! Each value remembers what it was laid over.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::desired::block::{Block, Read};
use crate::desired::diagnostic::{Draft, code};
use crate::desired::text::Span;
use crate::model::{Gate, Pipelines, Recipe, Repo, RepoName, Setpoint, Setting, SettingValue, match_star};

use super::Builder;
use super::labels::Declared;
use super::language;
use super::merge::{Sets, Wanted, labels, wanted};
use super::pipelines::{Marks, kept_mark};
use super::recipes;
use super::refers::{MERGE_POLICY, PIPELINE, To, refers};
use super::repos::{DEFAULTS, GROUP, REPO};
use super::settings::{self, Fixed};

/// How many labels all repositories together may want: a bound on memory that no organisation comes near.
const MAX_LABELS: usize = 2_000_000;

/// What one block wants of repositories.
struct Layer {
    title: Arc<str>,
    settings: Vec<Fixed>,
    labels: Option<Wanted>,
    recipe: Option<Recipe>,
    gates: Vec<(String, Option<Gate>)>,
    language: Option<language::Said>,
    pipeline: Option<String>,
    merge_policy: Option<String>,
}

impl Layer {
    fn new(block: &Block, sets: &mut Sets<'_>, pipelines: &Pipelines, cx: &mut Builder<'_>) -> Self {
        let title: Arc<str> = block.title().into();
        let is_pipeline = |name: &str| pipelines.all.contains_key(name);
        let is_policy = |name: &str| pipelines.policies.contains_key(name);
        let mut chosen = |field, is_declared: &dyn Fn(&str) -> bool, all: Vec<&String>, to: &To| {
            let read: &Read = block.value(field)?;
            refers(read, is_declared, all.into_iter().map(String::as_str), to, cx);
            read.text().filter(|name| is_declared(name)).map(str::to_owned)
        };
        Self {
            pipeline: chosen("pipeline", &is_pipeline, pipelines.all.keys().collect(), &PIPELINE),
            merge_policy: chosen(
                "merge-policy",
                &is_policy,
                pipelines.policies.keys().collect(),
                &MERGE_POLICY,
            ),
            settings: settings::read(block, &title, cx),
            labels: wanted(block, &title, sets, cx),
            recipe: recipes::recipe(block, cx),
            gates: recipes::gates(block, cx),
            language: language::build(block.each(language::LANGUAGE.name).next(), cx),
            title,
        }
    }
}

struct Group<'a> {
    name: Arc<str>,
    block: &'a Block,
    patterns: Vec<String>,
    layer: Layer,
    members: usize,
}

/// The repositories, everything laid under them; which has which pipeline and merge policy is noted in `pipelines`.
pub(super) fn build(
    root: &[Block],
    pipelines: &mut Pipelines,
    cx: &mut Builder<'_>,
) -> BTreeMap<RepoName, Repo> {
    let mut sets = Sets::new(root, cx);
    let marks = Marks::new(root, pipelines);
    let defaults_block = root.iter().find(|b| b.kind.name == DEFAULTS.name);
    let defaults = defaults_block.map(|b| Layer::new(b, &mut sets, pipelines, cx));
    let mut groups: Vec<Group<'_>> = Vec::new();
    for block in root.iter().filter(|b| b.kind.name == GROUP.name && !b.key().is_empty()) {
        groups.push(group(block, &mut sets, pipelines, cx));
    }
    let (mut repos, mut wanted_labels) = (BTreeMap::new(), 0);
    for block in root.iter().filter(|b| b.kind.name == REPO.name) {
        let Ok(name) = RepoName::parse(block.key()) else { continue };
        let own = Layer::new(block, &mut sets, pipelines, cx);
        let member = membership(block, defaults_block, &mut groups);
        let mut layers: Vec<&Layer> = defaults.iter().collect();
        layers.extend(member.iter().map(|i| &groups[*i].layer));
        layers.push(&own);
        let groups = member.iter().map(|i| Arc::clone(&groups[*i].name)).collect();
        let nearest = |choice: fn(&Layer) -> Option<&String>| {
            layers.iter().rev().find_map(|layer| choice(layer)).cloned()
        };
        let pipeline = nearest(|layer| layer.pipeline.as_ref());
        let marked = marks.of(pipeline.as_deref());
        pipelines.of_repo.extend(pipeline.map(|pipeline| (name.clone(), pipeline)));
        let policy = nearest(|layer| layer.merge_policy.as_ref());
        pipelines.policy_of_repo.extend(policy.map(|policy| (name.clone(), policy)));
        let repo = repo(block, name, groups, (&layers, marked), cx);
        wanted_labels += repo.labels.specs.len();
        if wanted_labels > MAX_LABELS {
            cx.sink.push(
                Draft::error(
                    code::TOO_MANY,
                    format!("repositories want more than {MAX_LABELS} labels in all"),
                )
                .at(block.key_span(), "the first one too many")
                .help("declare fewer labels, or split the repositories over several factories"),
            );
            break;
        }
        repos.insert(repo.name.clone(), repo);
    }
    for group in groups.iter().filter(|g| g.members == 0) {
        warn_empty(group, cx);
    }
    sets.warn_unused(cx);
    repos
}

fn group<'a>(
    block: &'a Block,
    sets: &mut Sets<'_>,
    pipelines: &Pipelines,
    cx: &mut Builder<'_>,
) -> Group<'a> {
    // What was written wrong has been said.
    let chooses = |name: &str| block.given(name).is_some_and(|g| !g.values.is_empty() || !g.good);
    if !chooses("match") && !chooses("topic") {
        cx.sink.push(
            Draft::error(code::MISSING, format!("{} has neither `match` nor `topic`", block.quoted()))
                .at(block.key_span(), "matches nothing")
                .help("say which repositories belong to it: `match \"acme/*-rs\"` or `topic \"rust\"`"),
        );
    }
    let patterns = block.list("match").iter().filter_map(|v| v.text().map(str::to_lowercase)).collect();
    Group {
        name: block.key().into(),
        block,
        patterns,
        layer: Layer::new(block, sets, pipelines, cx),
        members: 0,
    }
}

/// Which groups a repository belongs to: by its name, or by a topic that it declares.
fn membership(repo: &Block, defaults: Option<&Block>, groups: &mut [Group<'_>]) -> Vec<usize> {
    let name = repo.key().to_lowercase();
    let own = repo.given("topics");
    let topics = own.or_else(|| defaults?.given("topics")).map_or(&[][..], |g| &g.values);
    let mut out = Vec::new();
    for (i, group) in groups.iter_mut().enumerate() {
        let by_name = group.patterns.iter().any(|p| match_star(p, &name));
        let by_topic =
            || group.block.list("topic").iter().any(|t| topics.iter().any(|own| own.value == t.value));
        if by_name || by_topic() {
            group.members += 1;
            out.push(i);
        }
    }
    out
}

fn warn_empty(group: &Group<'_>, cx: &mut Builder<'_>) {
    // Wrong or missing patterns have been reported.
    if group.patterns.is_empty() && group.block.list("topic").is_empty() {
        return;
    }
    cx.sink.push(
        Draft::warning(code::EMPTY_GROUP, format!("no declared repository belongs to {}", group.block.quoted()))
            .at(group.block.key_span(), "has no effect")
            .help("groups match declared repositories only, by their full name `owner/name` or by a topic in their `topics`"),
    );
}

type Fixpoints = BTreeMap<Setting, (Setpoint, Span)>;

fn repo(
    block: &Block,
    name: RepoName,
    groups: Vec<Arc<str>>,
    (layers, marks): (&[&Layer], &[Declared]),
    cx: &mut Builder<'_>,
) -> Repo {
    let mut fixed: Fixpoints = BTreeMap::new();
    for Fixed { setting, point, span } in layers.iter().flat_map(|l| &l.settings) {
        let point = match fixed.remove(setting) {
            Some((below, _)) => point.clone().over(below),
            None => point.clone(),
        };
        fixed.insert(*setting, (point, *span));
    }
    let language = layers.iter().rev().find_map(|l| l.language.as_ref()).and_then(language::Said::kept);
    let kept = language.iter().map(|_| kept_mark(block, cx.source(block.span)));
    let marks: Vec<Declared> = marks.iter().cloned().chain(kept).collect();
    let title = block.quoted();
    let create = block.flag("create");
    check_archived(&title, create, &fixed, cx);
    check_methods(&title, &fixed, cx);
    check_texts(&title, &fixed, cx);
    let wanted: Vec<_> = layers.iter().filter_map(|l| Some((l.labels.as_ref()?, &l.title))).collect();
    Repo {
        source: cx.source(block.span),
        create: create.is_some_and(|(create, _)| create),
        groups,
        labels: labels(&title, &marks, &wanted, cx),
        recipe: layers.iter().rev().find_map(|l| l.recipe.clone()).unwrap_or_default(),
        gates: recipes::laid(layers.iter().map(|l| &l.gates[..])),
        language,
        settings: fixed.into_iter().map(|(setting, (point, _))| (setting, point)).collect(),
        name,
    }
}

fn flag(fixed: &Fixpoints, setting: Setting) -> Option<(bool, Span)> {
    let (point, span) = fixed.get(&setting)?;
    if let SettingValue::Flag(b) = point.value { Some((b, *span)) } else { None }
}

fn text(fixed: &Fixpoints, setting: Setting) -> Option<(&str, Span)> {
    let (point, span) = fixed.get(&setting)?;
    if let SettingValue::Text(text) = &point.value { Some((text, *span)) } else { None }
}

fn check_archived(title: &str, create: Option<(bool, Span)>, fixed: &Fixpoints, cx: &mut Builder<'_>) {
    if let (Some((true, create)), Some((true, archived))) = (create, flag(fixed, Setting::Archived)) {
        cx.sink.push(
            Draft::error(code::ARCHIVED_CREATE, format!("{title} is to be created and to be archived"))
                .at(create, "made if it isn't there")
                .also(archived, "made read-only")
                .help("remove `create`, or the `archived`"),
        );
    }
}

fn check_methods(title: &str, fixed: &Fixpoints, cx: &mut Builder<'_>) {
    let methods = [Setting::AllowMergeCommit, Setting::AllowSquashMerge, Setting::AllowRebaseMerge];
    let off: Vec<Span> =
        methods.iter().filter_map(|m| flag(fixed, *m)).filter(|(on, _)| !on).map(|(_, span)| span).collect();
    if let [merge, squash, rebase] = off[..] {
        cx.sink.push_once(
            Draft::error(code::MERGE_METHODS, format!("{title} allows no way to merge; GitHub refuses that"))
                .at(merge, "off")
                .also(squash, "off")
                .also(rebase, "off")
                .help("turn one of `allow-merge-commit`, `allow-squash-merge`, `allow-rebase-merge` on"),
        );
    }
}

/// The combinations of title and message that GitHub takes: those that its settings page offers.
fn check_texts(title: &str, fixed: &Fixpoints, cx: &mut Builder<'_>) {
    let merge: &[(&str, &str)] =
        &[("PR_TITLE", "PR_BODY"), ("PR_TITLE", "BLANK"), ("MERGE_MESSAGE", "PR_TITLE")];
    let squash: &[(&str, &str)] = &[
        ("PR_TITLE", "PR_BODY"),
        ("PR_TITLE", "BLANK"),
        ("PR_TITLE", "COMMIT_MESSAGES"),
        ("COMMIT_OR_PR_TITLE", "COMMIT_MESSAGES"),
    ];
    for (title_of, message_of, allowed) in [
        (Setting::MergeCommitTitle, Setting::MergeCommitMessage, merge),
        (Setting::SquashMergeCommitTitle, Setting::SquashMergeCommitMessage, squash),
    ] {
        let (Some((head, at)), Some((message, also))) = (text(fixed, title_of), text(fixed, message_of))
        else {
            continue;
        };
        if !allowed.contains(&(head, message)) {
            let choices: Vec<_> = allowed.iter().map(|(t, m)| format!("`{t}` with `{m}`")).collect();
            let (head_name, message_name) = (title_of.name(), message_of.name());
            cx.sink.push_once(
                Draft::error(
                    code::MERGE_TEXTS,
                    format!("{title} combines `{head_name}` {head} with `{message_name}` {message}; GitHub refuses that"),
                )
                .at(also, "this message")
                .also(at, "with this title")
                .help(format!("GitHub takes {}", choices.join(", "))),
            );
        }
    }
}
