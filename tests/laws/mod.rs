//! Laws over generated worlds and configs: what must hold whatever people write and whatever GitHub holds.

mod cases;
mod pure;
mod spell;
mod whole;
