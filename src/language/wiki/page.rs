//! A page of the wiki, as it is linted: any Markdown of the wiki's folder that is no term and no decision.

/// A page of the wiki.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WikiPage {
    /// The file, relative to the root of the repository.
    pub path: String,
    /// Its text.
    pub text: String,
}
