//! Labels laid over each other: sets within a layer, layers within a repository.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::desired::block::Block;
use crate::desired::diagnostic::{Draft, code, nearest};
use crate::desired::text::Span;
use crate::model::{LabelName, LabelSpec, Labels, Mode, Sourced};

use super::Builder;
use super::labels::{Declared, LABEL_SET, LABELS, declared};

/// All label sets, and which of them are used.
pub(super) struct Sets<'a> {
    by_name: BTreeMap<String, (&'a Block, Vec<Declared>)>,
    used: BTreeSet<String>,
}

impl<'a> Sets<'a> {
    pub(super) fn new(root: &'a [Block], cx: &Builder<'_>) -> Self {
        let sets = root.iter().filter(|b| b.kind.name == LABEL_SET.name && !b.key().is_empty());
        let by_name = sets.map(|block| {
            let layer: Arc<str> = block.title().into();
            (block.key().to_lowercase(), (block, declared(block, &layer, cx)))
        });
        Self { by_name: by_name.collect(), used: BTreeSet::new() }
    }

    pub(super) fn warn_unused(&self, cx: &mut Builder<'_>) {
        for (name, (block, _)) in &self.by_name {
            if !self.used.contains(name) {
                cx.sink.push(
                    Draft::warning(code::UNUSED_LABEL_SET, format!("no `labels` names {}", block.quoted()))
                        .at(block.key_span(), "has no effect")
                        .help(format!(
                            "name it in `defaults`, a `group` or a `repo`: `labels {:?}`",
                            block.key()
                        )),
                );
            }
        }
    }
}

/// What one layer wants of labels: those of its sets first, its own after them.
pub(super) struct Wanted {
    mode: Option<(Mode, Span)>,
    from_sets: Vec<Declared>,
    own: Vec<Declared>,
}

/// What the `labels` in `block`, if there is one, wants.
pub(super) fn wanted(
    block: &Block,
    layer: &Arc<str>,
    sets: &mut Sets<'_>,
    cx: &mut Builder<'_>,
) -> Option<Wanted> {
    let block = block.child(LABELS.name)?;
    let mut from_sets: Vec<Declared> = Vec::new();
    for name in &block.key {
        let Some(text) = name.text() else { continue };
        let key = text.to_lowercase();
        let Some((_, members)) = sets.by_name.get(&key) else {
            unknown_set(text, name.span, sets, cx);
            continue;
        };
        for member in members {
            if let Some(other) = from_sets.iter().find(|d| d.key == member.key) {
                conflict(other, member, name.span, cx);
            }
        }
        from_sets.extend(members.iter().cloned());
        sets.used.insert(key);
    }
    let mode = block.text("mode").and_then(|(word, span)| Some((Mode::parse(word)?, span)));
    Some(Wanted { mode, from_sets, own: declared(block, layer, cx) })
}

fn unknown_set(name: &str, at: Span, sets: &Sets<'_>, cx: &mut Builder<'_>) {
    let known = sets.by_name.values().map(|(block, _)| block.key());
    let help = match nearest(name, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if sets.by_name.is_empty() => {
            format!(
                "declare it at the top of any file: `label-set {name:?} {{ label \"bug\" color=\"d73a4a\" }}`"
            )
        }
        None => {
            let known: Vec<_> = known.map(|k| format!("`{k}`")).collect();
            format!("the label sets are {}", known.join(", "))
        }
    };
    let draft = Draft::error(code::UNKNOWN_LABEL_SET, format!("there is no label set `{name}`"));
    cx.sink.push(draft.at(at, "named here").help(help));
}

/// Two sets of one layer must not contradict each other: neither is nearer.
fn conflict(first: &Declared, second: &Declared, at: Span, cx: &mut Builder<'_>) {
    let (a, b) = (&first.spec, &second.spec);
    let differs = |a: Option<String>, b: Option<String>| a.is_some() && b.is_some() && a != b;
    let text = |d: Option<jiff::civil::Date>| d.map(|d| d.to_string());
    let attribute = if differs(a.color.clone(), b.color.clone()) {
        "color"
    } else if differs(a.description.clone(), b.description.clone()) {
        "description"
    } else if differs(a.was.as_ref().map(LabelName::key), b.was.as_ref().map(LabelName::key)) {
        "was"
    } else if differs(text(a.delete_after), text(b.delete_after)) {
        "delete-after"
    } else {
        return;
    };
    cx.sink.push_once(
        Draft::error(
            code::LABEL_CONFLICT,
            format!(
                "`{}` and `{}` give the label `{}` a different `{attribute}`",
                first.layer, second.layer, b.name
            ),
        )
        .at(second.span, format!("in `{}`", second.layer))
        .also(first.span, format!("in `{}`", first.layer))
        .also(at, "used together here")
        .help(format!(
            "make them agree, or say it where they are used: `labels … {{ label \"{}\" {attribute}=\"…\" }}`",
            b.name
        )),
    );
}

struct Merged {
    value: Sourced<Arc<LabelSpec>>,
    span: Span,
    was: Option<Span>,
}

/// Who owns the labels of a repository, as the nearest layer that says so has it.
fn mode(layers: &[(&Wanted, &Arc<str>)], cx: &Builder<'_>) -> Option<(Sourced<Mode>, Span)> {
    layers.iter().fold(None, |below, (wanted, layer)| {
        let Some((value, span)) = wanted.mode else { return below };
        let nearer = Sourced::new(value, cx.source(span), Arc::clone(layer));
        Some((below.map_or(nearer.clone(), |(below, _)| nearer.over(below)), span))
    })
}

/// The labels of one repository, from the farthest layer to the nearest. Farthest of all are the marks of its pipeline,
/// where its labels aren't ignored.
pub(super) fn labels(
    title: &str,
    marks: &[Declared],
    layers: &[(&Wanted, &Arc<str>)],
    cx: &mut Builder<'_>,
) -> Labels {
    let mode = mode(layers, cx);
    let ignored = mode.as_ref().is_some_and(|(mode, _)| mode.value == Mode::Ignore);
    let mut merged: BTreeMap<&str, Merged> = BTreeMap::new();
    let own = layers.iter().flat_map(|(wanted, _)| wanted.from_sets.iter().chain(&wanted.own));
    for declared in marks.iter().filter(|_| !ignored).chain(own) {
        let below = merged.remove(&*declared.key);
        merged.insert(&declared.key, lay(declared, below));
    }
    check(title, mode.as_ref(), &merged, cx);
    Labels {
        mode: mode.map_or_else(|| Labels::default().mode, |(mode, _)| mode),
        specs: merged.into_iter().map(|(key, m)| (key.to_owned(), m.value)).collect(),
    }
}

fn lay(nearer: &Declared, below: Option<Merged>) -> Merged {
    let mut spec = Arc::clone(&nearer.spec);
    let sourced = |spec| Sourced::new(spec, nearer.source.clone(), Arc::clone(&nearer.layer));
    let Some(below) = below else {
        return Merged { value: sourced(spec), span: nearer.span, was: nearer.was };
    };
    let under = &below.value.value;
    let full = LabelSpec {
        name: spec.name.clone(),
        color: spec.color.clone().or_else(|| under.color.clone()),
        description: spec.description.clone().or_else(|| under.description.clone()),
        was: spec.was.clone().or_else(|| under.was.clone()),
        delete_after: spec.delete_after.or(under.delete_after),
    };
    if full != *spec {
        spec = if full == **under { Arc::clone(under) } else { Arc::new(full) };
    }
    Merged { span: nearer.span, was: nearer.was.or(below.was), value: sourced(spec).over(below.value) }
}

/// What counts is what is kept: a label with a `delete-after` goes, and once the last one is gone, authority is over
/// nothing. That is so whatever day it is, since no date takes a config out of force that has come into it.
fn authority(title: &str, mode: Span, merged: &BTreeMap<&str, Merged>, cx: &mut Builder<'_>) {
    if merged.values().any(|label| label.value.value.delete_after.is_none()) {
        return;
    }
    let last = merged.values().filter_map(|label| Some((label.value.value.delete_after?, label.span)));
    let draft = match last.max_by_key(|(day, _)| *day) {
        None => Draft::error(
            code::EMPTY_AUTHORITY,
            format!("the labels of {title} are authoritative, and there are none"),
        )
        .at(mode, "would delete every label")
        .help("name a label set or declare labels; write `mode=\"ignore\"` to leave labels alone"),
        Some((day, span)) => Draft::error(
            code::EMPTY_AUTHORITY,
            format!(
                "the labels of {title} are authoritative, and none is kept: each has a `delete-after`, the last one \
                 {day}"
            ),
        )
        .at(mode, format!("would delete every label from {day} on"))
        .also(span, "the last one that is declared")
        .help("declare a label that is kept, or write `mode=\"additive\"` to delete only what is declared"),
    };
    cx.sink.push_once(draft);
}

fn check(
    title: &str,
    mode: Option<&(Sourced<Mode>, Span)>,
    merged: &BTreeMap<&str, Merged>,
    cx: &mut Builder<'_>,
) {
    if let Some((_, span)) = mode.filter(|(m, _)| m.value == Mode::Authoritative) {
        authority(title, *span, merged, cx);
    }
    let mut former: BTreeMap<String, (&Merged, Span)> = BTreeMap::new();
    for (key, label) in merged {
        let (Some(was), Some(at)) = (&label.value.value.was, label.was) else { continue };
        let name = &label.value.value.name;
        // A label that was itself in another case is spelled anew, not renamed.
        let declared = merged.get(was.key().as_str()).filter(|_| was.key() != *key);
        if let Some(other) = declared {
            cx.sink.push_once(
                Draft::error(
                    code::RENAME_CONFLICT,
                    format!("in {title} the label `{name}` was `{was}`, and `{was}` is declared too"),
                )
                .at(at, "to be renamed from this")
                .also(other.span, "declared here")
                .help(format!("remove the `was`, or the label `{was}`")),
            );
        }
        if let Some((other, first)) = former.get(&was.key()) {
            let other = &other.value.value.name;
            cx.sink.push_once(
                Draft::error(
                    code::RENAME_CONFLICT,
                    format!("in {title} both `{other}` and `{name}` are to be renamed from `{was}`"),
                )
                .at(at, "one label can't become two")
                .also(*first, "also here")
                .help("remove one of the two `was`"),
            );
        }
        former.insert(was.key(), (label, at));
    }
}
