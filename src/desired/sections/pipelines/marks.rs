//! The labels of pipelines, which their repositories want beside those that config declares.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::desired::block::Block;
use crate::model::keeping::KEPT_LABEL;
use crate::model::{LabelName, LabelSpec, Mark, Pipeline, Pipelines, Source};

use super::super::labels::Declared;
use super::PIPELINE;

/// What a label of intake looks like that is the factory's by its name.
const INTAKE: (&str, &str) = ("5319e7", "Gives an issue to the factory");

/// What the label of the issues of keepers looks like.
const KEPT: (&str, &str) =
    ("c5def5", "Says what of the language, the wiki or the decisions people have to mend");

/// The labels of every pipeline.
pub(in crate::desired::sections) struct Marks(BTreeMap<String, Vec<Declared>>);

impl Marks {
    pub(in crate::desired::sections) fn new(root: &[Block], pipelines: &Pipelines) -> Self {
        let blocks = root.iter().filter(|block| block.kind.name == PIPELINE.name);
        let all = blocks.filter_map(|block| {
            let pipeline = pipelines.all.get(block.key())?;
            Some((pipeline.name.clone(), declared(block, pipeline)))
        });
        Self(all.collect())
    }

    /// Those of a pipeline.
    pub(in crate::desired::sections) fn of(&self, pipeline: Option<&str>) -> &[Declared] {
        pipeline.and_then(|name| self.0.get(name)).map_or(&[], Vec::as_slice)
    }
}

/// The label of the issues of keepers, for a repository whose language is kept.
pub(in crate::desired::sections) fn kept_mark(block: &Block, source: Source) -> Declared {
    let name = LabelName::observed(KEPT_LABEL);
    Declared {
        key: name.key().into(),
        source,
        layer: block.title().into(),
        span: block.key_span(),
        was: None,
        spec: Arc::new(LabelSpec {
            name,
            color: Some(KEPT.0.to_owned()),
            description: Some(KEPT.1.to_owned()),
            was: None,
            delete_after: None,
        }),
    }
}

fn declared(block: &Block, pipeline: &Pipeline) -> Vec<Declared> {
    let layer: Arc<str> = block.title().into();
    let label = |name: LabelName, look: Option<(&str, &str)>| Declared {
        key: name.key().into(),
        source: pipeline.source.clone(),
        layer: Arc::clone(&layer),
        span: block.key_span(),
        was: None,
        spec: Arc::new(LabelSpec {
            name,
            color: look.map(|(color, _)| color.to_owned()),
            description: look.map(|(_, about)| about.to_owned()),
            was: None,
            delete_after: None,
        }),
    };
    // A label of another name is people's, `bug` for one: that it is there is enough.
    let intake = pipeline.intake.iter().map(|name| {
        let own = name.key().starts_with(&pipeline.prefix.to_lowercase());
        label(name.clone(), own.then_some(INTAKE))
    });
    Mark::all()
        .map(|mark| label(pipeline.label(mark), Some((mark.color(), mark.about()))))
        .chain(intake)
        .collect()
}
