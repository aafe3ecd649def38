//! How a rule is refused, the rule that every shape obeys, and the limits that more than one rule knows.

use crate::error::{ProgramError, Result};
use crate::syntax::shape::shape_bits;

pub(crate) const MAX_LIST: usize = 1 << 16;
pub(crate) const MAX_AXES: usize = 8;
const MAX_SHAPE_BITS: u32 = 30;
pub(crate) const MAX_SHIFT: u8 = 62;

pub(crate) fn require(
    holds: bool,
    rule: &'static str,
    place: &str,
    expected: &str,
    got: impl std::fmt::Display,
) -> Result<()> {
    if holds {
        return Ok(());
    }
    Err(ProgramError::program(
        rule,
        place,
        expected,
        got.to_string(),
    ))
}

/// At most 8 axes, extents at least 1, padded size at most 2^30.
pub(crate) fn check_shape(place: &str, shape: &[u32]) -> Result<()> {
    require(
        shape.len() <= MAX_AXES,
        "shape",
        place,
        "at most 8 axes",
        shape.len(),
    )?;
    require(
        !shape.contains(&0),
        "shape",
        place,
        "extents of at least 1",
        "0",
    )?;
    let bits = shape_bits(shape);
    require(
        bits <= MAX_SHAPE_BITS,
        "shape",
        place,
        "a padded size of at most 2^30",
        format!("2^{bits}"),
    )
}
