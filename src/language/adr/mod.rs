//! Decisions (`adr/NNNN-slug.md`) as data: read, linted, indexed, compared, voted on, and begun anew.
//!
//! Everything here is a function of texts. It opens no file and judges no decision: it says what is written, and what
//! no longer holds.

pub mod accept;
pub mod citation;
pub mod claims;
pub mod council;
pub mod duplicates;
pub mod enforcement;
pub mod field;
pub mod index;
pub mod lint;
pub mod new;
pub mod number;
pub mod record;
pub mod status;

pub use accept::accepted;
pub use citation::{Cited, Pointed, cited, is_file, read as read_citation};
pub use claims::{Claims, Shared};
pub use council::{Ballot, Council, Kept, Outcome, Standing, Verdict, Vote, count};
pub use duplicates::{Alike, alike};
pub use enforcement::{Check, Enforcement};
pub use field::{Field, Form, Name};
pub use index::{Unkept, kept, show, table};
pub use lint::{Look, RULES, Rule, lint};
pub use new::{Draft, Undraftable, draft, next_number};
pub use number::{Number, Taken};
pub use record::{Adrs, Record, Section, Unread, number_of};
pub use status::Status;
