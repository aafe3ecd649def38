//! Borsh bytes of values whose lists may be too long for the format: it writes a length in four bytes.

use borsh::BorshSerialize;
use std::fmt;

/// Most entries of a list, or bytes of a text.
pub const MOST: u64 = u32::MAX as u64;

/// A value that the format cannot hold. Nothing was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooLarge {
    /// What was to be written.
    pub what: &'static str,
    /// Most bytes it may have.
    pub limit: u64,
    /// Its bytes, where they are known; otherwise a list in it is longer than `MOST`.
    pub size: Option<u64>,
}

impl TooLarge {
    /// Stable name for callers.
    #[must_use]
    pub fn slug(&self) -> &'static str {
        "too_large"
    }
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, limit) = (self.what, self.limit);
        match self.size {
            Some(size) => write!(f, "{what}: expected at most {limit} bytes, got {size}"),
            None => write!(
                f,
                "{what}: expected lists of at most {limit} entries, got a longer one"
            ),
        }
    }
}

impl std::error::Error for TooLarge {}

/// The borsh bytes of a value.
///
/// # Errors
/// `TooLarge` when a list in it has more than `MOST` entries: the only way in which writing to memory fails.
pub fn encode<T: BorshSerialize + ?Sized>(
    what: &'static str,
    value: &T,
) -> Result<Vec<u8>, TooLarge> {
    borsh::to_vec(value).map_err(|_| TooLarge {
        what,
        limit: MOST,
        size: None,
    })
}

/// The length of a list of `size` bytes, as it is written in front of it.
///
/// # Errors
/// `TooLarge` when there are more than `limit` (at most `MOST`).
pub fn length(what: &'static str, size: u64, limit: u64) -> Result<[u8; 4], TooLarge> {
    match u32::try_from(size) {
        Ok(n) if size <= limit => Ok(n.to_le_bytes()),
        _ => Err(TooLarge {
            what,
            limit: limit.min(MOST),
            size: Some(size),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list of 2^32 bytes that no memory holds: pages of zeros that nothing ever touches.
    #[test]
    fn a_list_beyond_its_length_is_an_error_not_nothing() {
        let long = vec![0u8; 1 << 32];
        let refused = encode("a list", &long).unwrap_err();
        assert_eq!((refused.slug(), refused.size), ("too_large", None));
        assert_eq!(
            refused.to_string(),
            "a list: expected lists of at most 4294967295 entries, got a longer one"
        );
        assert!(encode("a pair", &(7u8, Some(&long))).is_err());
        assert_eq!(encode("a list", &long[..3]).unwrap(), [3, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn lengths() {
        assert_eq!(length("a", 258, MOST).unwrap(), [2, 1, 0, 0]);
        assert_eq!(length("a", MOST, u64::MAX).unwrap(), [255; 4]);
        for (size, limit) in [(MOST + 1, u64::MAX), (8, 7), (u64::MAX, MOST)] {
            let refused = length("a", size, limit).unwrap_err();
            assert_eq!((refused.size, refused.limit), (Some(size), limit.min(MOST)));
        }
    }
}
