//! What is rendered from terms, and read back: the glossary, the context map and graphs.

pub mod copied;
pub mod glossary;
pub mod graph;
pub mod import;
pub mod kept;
pub mod map;
pub mod mermaid;
mod taken;
