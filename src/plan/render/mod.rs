//! The spellings of a plan for people: text and Markdown.

#[cfg(test)]
mod tests;
mod markdown;
mod text;
mod values;

pub use markdown::{COMMENT_LIMIT, fenced, markdown};
pub use text::{Style, last_line, text};
