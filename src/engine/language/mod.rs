//! The words of a repository as they are read: its files, its terms and pages, its code.

mod looking;
mod past;
mod pulls;
mod reading;
mod shelf;
mod symbols;
mod tree;
mod words;

pub(crate) use looking::{Glances, Looking, declared, languages_seen};
pub(crate) use reading::serve;
pub(crate) use symbols::{Error as SymbolsError, Library, Symbols};
pub(crate) use tree::{Error as TreeError, Tree};
pub(crate) use words::Words;
