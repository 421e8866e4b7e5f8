//! `label-set`, `labels` and `label`: what is wanted of labels, before layers are laid over each other.

use std::sync::Arc;

use crate::desired::block::Block;
use crate::desired::shape::{Field, Kind, Repeat, Type, Value};
use crate::desired::text::Span;
use crate::model::{LabelName, LabelSpec, Mode, Source};

use super::Builder;

static LABEL: Kind = Kind {
    name: "label",
    about: "A label. What isn't given is left as it is.",
    key: Some(Field::new("name", Type::Label, "Its name; case makes no difference.", "\"bug\"").required()),
    fields: &[
        Field::new("color", Type::Color, "Six hex digits, with or without `#`.", "\"d73a4a\""),
        Field::new("description", Type::Text { max: 100 }, "One line.", "\"Something is broken\""),
        Field::new(
            "was",
            Type::Label,
            "The name it had before: a label of that name is renamed, and issues keep it.",
            "\"defect\"",
        ),
        Field::new(
            "delete-after",
            Type::Date,
            "From this day on (UTC) it is deleted; issues lose it.",
            "\"2026-12-01\"",
        ),
    ],
    repeat: Repeat::ByKey,
    example: "label \"bug\" color=\"d73a4a\" description=\"Something is broken\" was=\"defect\"",
    ..Kind::EMPTY
};

pub(super) static LABEL_SET: Kind = Kind {
    name: "label-set",
    about: "Labels that several repositories share. It has no effect until a `labels` names it.",
    key: Some(Field::new("name", Type::Name, "The set's name.", "\"lifecycle\"").required()),
    children: &[&LABEL],
    repeat: Repeat::ByKey,
    example: "label-set \"lifecycle\" {\n    label \"bug\" color=\"d73a4a\" description=\"Something is broken\"\n    label \"wontfix\" delete-after=\"2026-12-01\"\n}",
    ..Kind::EMPTY
};

pub(super) static LABELS: Kind = Kind {
    name: "labels",
    about: "The labels wanted: those of the named sets and those that stand here, laid over what groups and defaults want; the nearer layer wins, attribute by attribute.",
    key: Some(Field::new(
        "sets",
        Type::List { of: &Type::Name, max: 50 },
        "The names of label sets.",
        "\"lifecycle\" \"area\"",
    )),
    fields: &[Field::new(
        "mode",
        Type::Word(Mode::WORDS),
        "Who owns the collection. `additive`: what is declared is kept and the rest left alone. `authoritative`: the rest is deleted. `ignore`: nothing is read or written.",
        "\"additive\"",
    )
    .or("\"additive\"")],
    children: &[&LABEL],
    example: "labels \"lifecycle\" \"area\" mode=\"authoritative\" {\n    label \"kind/bug\" color=\"d73a4a\" was=\"bug\"\n}",
    ..Kind::EMPTY
};

/// One declaration of a label.
#[derive(Clone, Debug)]
pub(super) struct Declared {
    pub(super) key: Box<str>,
    pub(super) spec: Arc<LabelSpec>,
    pub(super) source: Source,
    pub(super) layer: Arc<str>,
    /// Of its name.
    pub(super) span: Span,
    /// Of its former name.
    pub(super) was: Option<Span>,
}

/// The labels of a set, or a layer's own.
pub(super) fn declared(block: &Block, layer: &Arc<str>, cx: &Builder<'_>) -> Vec<Declared> {
    block.each(LABEL.name).filter_map(|b| label(b, layer, cx)).collect()
}

fn label(block: &Block, layer: &Arc<str>, cx: &Builder<'_>) -> Option<Declared> {
    let name = LabelName::parse(block.key()).ok()?;
    let text = |field: &str| block.text(field).map(|(text, _)| text.to_owned());
    let was = block.text("was");
    let day = block
        .value("delete-after")
        .and_then(|read| if let Value::Date(date) = read.value { Some(date) } else { None });
    Some(Declared {
        key: name.key().into(),
        source: cx.source(block.span),
        layer: Arc::clone(layer),
        span: block.key_span(),
        was: was.map(|(_, span)| span),
        spec: Arc::new(LabelSpec {
            name,
            color: text("color"),
            description: text("description"),
            was: was.and_then(|(was, _)| LabelName::parse(was).ok()),
            delete_after: day,
        }),
    })
}
