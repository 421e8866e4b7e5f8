//! Names of which each is given once: one that is taken gets a number.

use std::collections::{BTreeMap, BTreeSet};

/// The names that were given.
#[derive(Debug, Default)]
pub(super) struct Taken {
    names: BTreeSet<String>,
    /// For each name the number that its next bearer gets.
    next: BTreeMap<String, usize>,
}

impl Taken {
    /// The name, or the name with the first free number from 2 on.
    pub(super) fn take(&mut self, name: &str, before_number: char) -> String {
        let mut given = name.to_owned();
        let next = self.next.entry(name.to_owned()).or_insert(2);
        while !self.names.insert(given.clone()) {
            given = format!("{name}{before_number}{next}");
            *next += 1;
        }
        given
    }
}

#[cfg(test)]
mod tests {
    use super::Taken;

    #[test]
    fn names_are_given_once() {
        let mut taken = Taken::default();
        let given: Vec<String> =
            ["a", "a", "b", "a_4", "a", "a"].iter().map(|name| taken.take(name, '_')).collect();
        assert_eq!(given, ["a", "a_2", "b", "a_4", "a_3", "a_5"]);
    }
}
