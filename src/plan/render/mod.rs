//! The spellings of a plan for people: text and Markdown.

mod markdown;
#[cfg(test)]
mod tests;
mod text;
mod values;

pub use markdown::{COMMENT_LIMIT, fenced, markdown};
pub use text::{Style, counted, last_line, text};
pub(crate) use values::printable;
