//! The shape of config: which sections there are, which fields they have, and what values those take.
//!
//! These definitions are the only ones. Decoding, "did you mean", `schema`, `explain`, the reference page and
//! the comments that `init` writes are all derived from them, so that none of them can drift from what is
//! accepted. A loop describes its own settings with the same types and reads them through [`Settings`].

mod check;
mod forms;
mod kind;
mod settings;
mod types;
mod vocabulary;

pub use check::Value;
pub(super) use check::{Context, Problem, check, hex_color};
pub(super) use forms::moment;
pub use kind::{Field, Kind, Repeat};
pub use settings::Settings;
pub(super) use settings::{literals, raw};
pub(super) use types::duration_text;
pub use types::{DAY, HOUR, MINUTE, Type};
pub use vocabulary::{LoopShape, Vocabulary};
