//! Ids that branches can't both take: 48 bits of time and 80 others, written as 26 digits and letters.
//!
//! Terms and entries of the wiki have one. What is sorted by id is sorted by the time at which it was made.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 26;

/// An id. Its order is that of the times, and that of the texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ulid(u128);

/// Why a text is no id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UlidError {
    /// It is too short or too long.
    #[error("an id has 26 characters, and this has {0}")]
    Length(usize),
    /// A character that ids don't have.
    #[error("an id has digits and capital letters without I, L, O and U, and this has `{0}`")]
    Digit(char),
    /// The time is beyond what 48 bits hold.
    #[error("an id begins with a digit from 0 to 7")]
    Time,
}

impl Ulid {
    /// The id of a time and random bytes. A time before 1970 counts as 1970.
    pub fn new(at: Timestamp, random: [u8; 10]) -> Self {
        const MOST: u128 = (1 << 48) - 1;
        let time = u128::try_from(at.as_millisecond()).unwrap_or_default().min(MOST);
        let random = random.iter().fold(0_u128, |sum, byte| (sum << 8) | u128::from(*byte));
        Self((time << 80) | random)
    }

    /// The id of what a time and some parts name: the same for the same, another for another.
    pub fn derived(at: Timestamp, parts: &[&str]) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(part.len().to_string().as_bytes());
            hasher.update(b":");
            hasher.update(part.as_bytes());
        }
        let mut bytes = [0; 10];
        bytes.copy_from_slice(&hasher.finalize().as_bytes()[..10]);
        Self::new(at, bytes)
    }
}

impl FromStr for Ulid {
    type Err = UlidError;

    fn from_str(text: &str) -> Result<Self, UlidError> {
        let mut number = 0_u128;
        for c in text.chars() {
            let digit = DIGITS.iter().position(|digit| char::from(*digit) == c);
            let digit = digit.and_then(|at| u128::try_from(at).ok()).ok_or(UlidError::Digit(c))?;
            number = (number << 5) | digit;
        }
        match text.as_bytes() {
            bytes if bytes.len() != LENGTH => Err(UlidError::Length(bytes.len())),
            [first, ..] if *first > b'7' => Err(UlidError::Time),
            _ => Ok(Self(number)),
        }
    }
}

impl fmt::Display for Ulid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for at in (0..LENGTH).rev() {
            let digit = usize::try_from((self.0 >> (5 * at)) & 31).expect("five bits fit");
            write!(f, "{}", char::from(DIGITS[digit]))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::{Ulid, UlidError};

    #[test]
    fn texts_that_are_ids_and_texts_that_are_not() {
        for (text, expected) in [
            ("01M7YHXEQ0YCPSJZYPWBENKKDD", Ok(())),
            ("00000000000000000000000000", Ok(())),
            ("7ZZZZZZZZZZZZZZZZZZZZZZZZZ", Ok(())),
            ("8ZZZZZZZZZZZZZZZZZZZZZZZZZ", Err(UlidError::Time)),
            ("80000000000000000000000000", Err(UlidError::Time)),
            ("01M7YHXEQ0YCPSJZYPWBENKKD", Err(UlidError::Length(25))),
            ("", Err(UlidError::Length(0))),
            ("0", Err(UlidError::Length(1))),
            ("01m7YHXEQ0YCPSJZYPWBENKKDD", Err(UlidError::Digit('m'))),
            ("01M7YHXEQ0YCPSJZYPWBENKKDU", Err(UlidError::Digit('U'))),
            ("0L000000000000000000000000", Err(UlidError::Digit('L'))),
            ("01M7YHXEQ0YCPSJZYPWBENKKDé", Err(UlidError::Digit('é'))),
            ("éééééééééééééé", Err(UlidError::Digit('é'))),
        ] {
            assert_eq!(text.parse::<Ulid>().map(|_| ()), expected, "{text}");
        }
        let at = Timestamp::from_millisecond(1_469_918_176_385).unwrap();
        assert_eq!(Ulid::new(at, [0; 10]).to_string(), "01ARYZ6S410000000000000000");
    }

    #[test]
    fn a_derived_id_is_the_same_for_the_same() {
        let at: Timestamp = "2026-11-21T09:00:00Z".parse().unwrap();
        let id = Ulid::derived(at, &["yard", "Crane"]);
        insta::assert_snapshot!(id, @"01M7YNAYM0BHA24RPVZPY5EP0X");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(Ulid::derived(at, &["yard", "Crane"]), id);
        assert_ne!(Ulid::derived(at, &["yardC", "rane"]), id);
        let later: Timestamp = "2026-11-21T09:00:01Z".parse().unwrap();
        assert!(Ulid::derived(later, &["yard", "Crane"]) > id);
        assert!(Ulid::derived(Timestamp::MIN, &[]).to_string().parse::<Ulid>().is_ok());
    }

    proptest! {
        #[test]
        fn ids_read_back_and_keep_the_order_of_time(
            a in 0_i64..200_000_000_000_000,
            b in 0_i64..200_000_000_000_000,
            random in any::<[u8; 10]>(),
        ) {
            let id = |ms| Ulid::new(Timestamp::from_millisecond(ms).unwrap(), random);
            prop_assert_eq!(id(a).to_string().parse(), Ok(id(a)));
            prop_assert_eq!(id(a).cmp(&id(b)), a.cmp(&b));
            prop_assert_eq!(id(a).to_string().cmp(&id(b).to_string()), a.cmp(&b));
        }
    }
}
