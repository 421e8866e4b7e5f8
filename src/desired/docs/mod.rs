//! Texts about config, derived from the definitions that decode it.

mod spell;

pub(super) use spell::spell;
