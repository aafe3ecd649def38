//! Shapes: valid entries, padded bits, row-major strides.

use crate::error::{ProgramError, Result};
use tacit_algebra::bits;

/// Valid entries of a shape.
pub fn entries(shape: &[u32]) -> usize {
    shape
        .iter()
        .fold(1usize, |n, &e| n.saturating_mul(e as usize))
}

/// bits(shape): the sum over axes of ceil(log2 extent).
pub fn shape_bits(shape: &[u32]) -> u32 {
    shape.iter().map(|&e| bits(e as u64)).sum()
}

/// Row-major strides over the valid extents.
pub(crate) fn strides(shape: &[u32]) -> Vec<usize> {
    let mut out = vec![1usize; shape.len()];
    for i in (1..shape.len()).rev() {
        out[i - 1] = out[i].saturating_mul(shape[i] as usize);
    }
    out
}

/// For each axis the position of its least significant bit in a padded cell index.
pub(crate) fn low_bits(shape: &[u32]) -> Vec<u32> {
    let mut out = vec![0; shape.len()];
    for i in (1..shape.len()).rev() {
        out[i - 1] = out[i] + bits(shape[i] as u64);
    }
    out
}

/// The coordinates of each axis in a point over the shape.
///
/// # Errors
/// `program` when the point has more or fewer coordinates than the shape has bits.
pub(crate) fn axis_points<'a, T>(shape: &[u32], point: &'a [T]) -> Result<Vec<&'a [T]>> {
    let expected = shape_bits(shape) as usize;
    if point.len() != expected {
        let expected = format!("{expected} coordinates over {shape:?}");
        return Err(ProgramError::mismatch("point", expected, point.len()));
    }
    let mut rest = point;
    let axis = |&e: &u32| {
        let (head, tail) = rest.split_at(bits(e as u64) as usize);
        rest = tail;
        head
    };
    Ok(shape.iter().map(axis).collect())
}
