//! The laws of the chain, on a real ledger: no change goes unnoticed, no crash loses what was synced.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::Error;
use super::samples::{Home, at, flip, two_days};

/// The files of a sound ledger of seven records, made once.
static SOUND: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| two_days().files());

/// All lines with the names of their files.
fn lines_of(files: &[(String, Vec<u8>)]) -> Vec<(String, Vec<u8>)> {
    let lines = |(name, bytes): &(String, Vec<u8>)| -> Vec<(String, Vec<u8>)> {
        bytes.split_inclusive(|b| *b == b'\n').map(|line| (name.clone(), line.to_vec())).collect()
    };
    files.iter().flat_map(lines).collect()
}

#[test]
fn a_cut_at_every_byte_of_the_last_record_is_recovered() {
    let original = &*SOUND;
    let (name, bytes) = original.last().unwrap().clone();
    let start = bytes[..bytes.len() - 1].iter().rposition(|b| *b == b'\n').unwrap() + 1;
    for end in start..bytes.len() {
        let home = Home::new();
        home.put(&original[0].0, &original[0].1);
        home.put(&name, &bytes[..end]);
        let ledger = home.open().unwrap();
        let torn = u64::from(end > start);
        assert_eq!(ledger.head().seq, 6 + torn, "cut at {end}");
        assert_eq!(ledger.recovered().len() as u64, torn);
        // And it goes on.
        drop(ledger);
        home.open().unwrap().append(flip("loop/labels", true), at(90_000)).unwrap();
        home.open().unwrap();
    }
}

#[test]
fn a_cut_after_every_record_leaves_a_ledger_that_goes_on() {
    let original = &*SOUND;
    let all = lines_of(original);
    for keep in 0..=all.len() {
        let home = Home::new();
        for (name, _) in original {
            let part: Vec<u8> =
                all[..keep].iter().filter(|(n, _)| n == name).flat_map(|(_, l)| l.clone()).collect();
            home.put(name, &part);
        }
        let mut ledger = home.open().unwrap();
        assert_eq!(ledger.head().seq, keep as u64);
        // Records 2 and 3 are the intents, 4 and 5 their outcomes.
        let open = [0, 0, 1, 2, 1, 0, 0, 0][keep];
        assert_eq!(ledger.index().open_intents().len(), open, "after {keep}");
        assert_eq!(ledger.append(flip("loop/labels", true), at(90_000)).unwrap(), keep as u64 + 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_edit_of_one_byte_is_found(position in any::<proptest::sample::Index>(), flip in 1..=255_u8) {
        let home = Home::new();
        let files = SOUND.clone();
        let total: usize = files.iter().map(|(_, b)| b.len()).sum();
        let mut n = position.index(total);
        for (name, mut bytes) in files {
            if let Some(byte) = bytes.get_mut(n) {
                *byte ^= flip;
            }
            n = n.wrapping_sub(bytes.len());
            home.put(&name, &bytes);
        }
        match home.open() {
            Err(Error::Broken { .. }) => {}
            // The very last line break: what it ended counts as torn, and that is said.
            Ok(ledger) => prop_assert_eq!(ledger.recovered().len(), 1),
            Err(e) => prop_assert!(false, "{e}"),
        }
    }

    #[test]
    fn any_line_removed_inside_or_swapped_is_found(one in 0..7_usize, other in 0..7_usize) {
        let home = Home::new();
        let files = &*SOUND;
        let mut lines = lines_of(files);
        if one == other {
            prop_assume!(one != 6);
            lines.remove(one);
        } else {
            let (a, b) = (lines[one].1.clone(), lines[other].1.clone());
            (lines[one].1, lines[other].1) = (b, a);
        }
        for (name, _) in files {
            let bytes: Vec<u8> = lines.iter().filter(|(n, _)| n == name).flat_map(|(_, l)| l.clone()).collect();
            home.put(name, &bytes);
        }
        let found = matches!(home.open(), Err(Error::Broken { .. }));
        prop_assert!(found);
    }
}
