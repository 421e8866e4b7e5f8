//! Files into nodes.

use kdl::KdlDocument;
use toml::Spanned;
use toml::de::DeTable;

use super::{Files, Node, Spelling, from_kdl, from_toml, unseen};
use crate::desired::diagnostic::Sink;
use crate::desired::shape::Kind;

/// One file, parsed; nodes borrow from it.
pub(in crate::desired) enum Parsed<'t> {
    Kdl(KdlDocument),
    Toml(Spanned<DeTable<'t>>),
}

/// Parses the file with this number; every syntax error is reported.
pub(in crate::desired) fn parse<'t>(files: &'t Files, number: u16, sink: &mut Sink) -> Option<Parsed<'t>> {
    let file = &files.files[usize::from(number)];
    if !unseen::check(&file.text, number, sink) {
        return None;
    }
    match file.spelling {
        Spelling::Kdl => from_kdl::parse(&file.text, number, sink).map(Parsed::Kdl),
        Spelling::Toml => from_toml::parse(&file.text, number, sink).map(Parsed::Toml),
    }
}

impl Parsed<'_> {
    /// The nodes of the file; `root` is what a file as a whole is.
    pub(in crate::desired) fn nodes<'d>(
        &'d self,
        number: u16,
        root: &'static Kind,
        sink: &mut Sink,
    ) -> Vec<Node<'d>> {
        match self {
            Self::Kdl(document) => from_kdl::nodes(document, number, sink),
            Self::Toml(table) => from_toml::nodes(table.get_ref(), root, number, sink),
        }
    }
}
