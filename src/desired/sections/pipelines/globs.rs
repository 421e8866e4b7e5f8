//! Lists of texts that say something each: globs over paths, names of checks, words.

use globset::GlobBuilder;

use crate::desired::block::Block;
use crate::desired::diagnostic::{Draft, code};
use crate::desired::shape::Type;
use crate::desired::text::shorten;

use super::Builder;

/// Globs over paths.
pub(in crate::desired::sections) const GLOBS: Type = Type::List { of: &Type::Text { max: 200 }, max: 100 };

/// The globs of a field. One that can't be read would match nothing, and so protect nothing.
pub(in crate::desired::sections) fn globs(block: &Block, field: &str, cx: &mut Builder<'_>) -> Vec<String> {
    for read in block.list(field) {
        let Some(text) = read.text().filter(|text| !text.trim().is_empty()) else { continue };
        if let Err(error) = GlobBuilder::new(text).literal_separator(true).build() {
            let says = format!("`{}` in `{field}` can't be read as a glob: {}", shorten(text), error.kind());
            cx.sink.push(Draft::error(code::MALFORMED, says).at(read.span, "this glob").help(
                "`*` stands for anything but `/`, `**` for that too, `?` for one character: `deploy/**`",
            ));
        }
    }
    texts(block, field, cx)
}

/// The texts of a field, none of which is blank.
pub(in crate::desired::sections) fn texts(block: &Block, field: &str, cx: &mut Builder<'_>) -> Vec<String> {
    for read in block.list(field) {
        if read.text().is_some_and(|text| text.trim().is_empty()) {
            let blank = Draft::error(code::MALFORMED, format!("one of `{field}` is blank"));
            cx.sink.push(blank.at(read.span, "says nothing").help("remove it, or say what is meant"));
        }
    }
    block.list(field).iter().filter_map(|read| Some(read.text()?.to_owned())).collect()
}
