//! Shapes: valid entries, padded bits, row-major strides.

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
pub(crate) fn axis_points<'a, T>(shape: &[u32], point: &'a [T]) -> Vec<&'a [T]> {
    let mut rest = point;
    shape
        .iter()
        .map(|&e| {
            let (head, tail) = rest.split_at((bits(e as u64) as usize).min(rest.len()));
            rest = tail;
            head
        })
        .collect()
}
