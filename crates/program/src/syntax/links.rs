//! Links as two sides that meet where their values agree: `sum stride_i t_i + offset = sum stride_j s_j`, or, of an index
//! link, `q[t] + offset = stride s`.
//!
//! Both sides are enumerated once and joined on the value, so a link costs the number of its target tuples plus the
//! number of its source tuples, never their product.

use crate::syntax::shape::strides;
use crate::syntax::types::{Link, Term};
use std::collections::HashMap;
use tacit_algebra::bits;

/// The tuples of one side of a link, over its axes in ascending order (row-major, the last axis fastest).
#[derive(Clone, Debug)]
pub(crate) struct Half {
    pub axes: Vec<usize>,
    pub extents: Vec<u32>,
    strides: Vec<i64>,
    offset: i64,
}

impl Half {
    fn new(list: &[(u8, i32)], shape: &[u32], offset: i32) -> Self {
        let mut sorted = list.to_vec();
        sorted.sort_unstable();
        Self {
            axes: sorted.iter().map(|&(axis, _)| axis as usize).collect(),
            extents: sorted
                .iter()
                .map(|&(axis, _)| shape[axis as usize])
                .collect(),
            strides: sorted.iter().map(|&(_, stride)| stride as i64).collect(),
            offset: offset as i64,
        }
    }

    /// The value of every tuple, strides alone. Validation bounds their number; values stay below 2^63 since a shape's
    /// extents multiply to at most 2^30.
    fn values(&self) -> Vec<i64> {
        combinations(&self.extents, &self.strides, self.offset)
    }

    /// Tuples of this side.
    pub fn tuples(&self) -> u64 {
        self.extents.iter().map(|&e| e as u64).product()
    }

    /// Tuples over padded extents.
    pub fn padded(&self) -> u64 {
        1 << self
            .extents
            .iter()
            .map(|&e| bits(e as u64))
            .sum::<u32>()
            .min(62)
    }

    /// The index of every tuple in a table over padded extents.
    pub fn padded_indices(&self) -> Vec<i64> {
        let low = crate::syntax::shape::low_bits(&self.extents);
        let strides: Vec<i64> = low.iter().map(|&b| 1i64 << b).collect();
        combinations(&self.extents, &strides, 0)
    }

    /// Smallest and largest value.
    pub fn range(&self) -> (i64, i64) {
        let ends = self
            .strides
            .iter()
            .zip(&self.extents)
            .map(|(&s, &e)| s * (e as i64 - 1));
        ends.fold((self.offset, self.offset), |(lo, hi), x| {
            (lo + x.min(0), hi + x.max(0))
        })
    }

    /// (extent, stride) of the only axis.
    #[cfg(feature = "prove")]
    pub fn single(&self) -> Option<(u32, i64)> {
        match (self.extents.as_slice(), self.strides.as_slice()) {
            (&[extent], &[stride]) => Some((extent, stride)),
            _ => None,
        }
    }

    fn is_unit(&self) -> bool {
        self.strides.len() == 1 && self.strides[0].abs() == 1
    }
}

/// offset + sum stride_i * index_i for every index, the last axis fastest.
pub(crate) fn combinations(extents: &[u32], strides: &[i64], offset: i64) -> Vec<i64> {
    let mut out = vec![offset];
    for (&extent, &stride) in extents.iter().zip(strides) {
        let mut next = Vec::with_capacity(out.len() * extent as usize);
        for v in out {
            next.extend((0..extent as i64).map(|i| v + stride * i));
        }
        out = next;
    }
    out
}

/// An index' entries in the order of tuples: over the link's target axes ascending, not as the link names them.
fn in_order(link: &Link, target_shape: &[u32], entries: &[i64]) -> Vec<i64> {
    let axes: Vec<usize> = link.target.iter().map(|&(axis, _)| axis as usize).collect();
    if axes.is_sorted() {
        return entries.to_vec();
    }
    let named: Vec<u32> = axes.iter().map(|&axis| target_shape[axis]).collect();
    let mut places: Vec<(usize, usize)> = axes.into_iter().zip(strides(&named)).collect();
    places.sort_unstable();
    let extents: Vec<u32> = places.iter().map(|&(axis, _)| target_shape[axis]).collect();
    let steps: Vec<i64> = places.iter().map(|&(_, step)| step as i64).collect();
    let order = combinations(&extents, &steps, 0);
    order.into_iter().map(|i| entries[i as usize]).collect()
}

/// A link over the shapes of its context.
#[derive(Clone, Debug)]
pub(crate) struct Joint {
    pub target: Half,
    pub source: Half,
    /// Of an index link the index' entry for every target tuple.
    entries: Option<Vec<i64>>,
}

impl Joint {
    /// `index`: the entries of an index link's index, row-major over its target axes in the link's order.
    pub fn new(
        link: &Link,
        target_shape: &[u32],
        source_shape: &[u32],
        index: Option<&[i64]>,
    ) -> Self {
        Self {
            target: Half::new(&link.target, target_shape, link.offset),
            source: Half::new(&link.source, source_shape, 0),
            entries: index.map(|entries| in_order(link, target_shape, entries)),
        }
    }

    /// The value of every target tuple.
    pub fn target_values(&self) -> Vec<i64> {
        let Some(entries) = &self.entries else {
            return self.target.values();
        };
        // Entries lie in (-p/2, p/2), so no sum of them with 32 bits leaves 64.
        let moved = entries.iter().map(|q| q.saturating_add(self.target.offset));
        moved.collect()
    }

    /// The value of every source tuple.
    pub fn source_values(&self) -> Vec<i64> {
        self.source.values()
    }

    /// One target axis is one source axis, as it is.
    pub fn is_identity(&self) -> bool {
        let one = |h: &Half| h.strides == [1] && h.offset == 0;
        self.entries.is_none()
            && one(&self.target)
            && one(&self.source)
            && self.target.extents == self.source.extents
    }

    /// (fewest, most) source tuples that a target tuple meets; for a source axis of stride 1 or -1 the fewest may be
    /// understated and the most overstated. `index`: what the entries of an index link's index lie in.
    pub fn meets(&self, index: Option<(i64, i64)>) -> (u64, u64) {
        if self.source.is_unit() {
            let offset = self.target.offset;
            let moved =
                |(lo, hi): (i64, i64)| (lo.saturating_add(offset), hi.saturating_add(offset));
            let (a, b) = index.map_or_else(|| self.target.range(), moved);
            let (c, d) = self.source.range();
            return ((a >= c && b <= d) as u64, 1);
        }
        let values = self.source.values();
        let mut count = Buckets::new(&values, self.target.tuples(), 0u64);
        for &v in &values {
            *count.at_mut(v) += 1;
        }
        let (mut fewest, mut most) = (u64::MAX, 0);
        for v in self.target.values() {
            let n = count.get(v).copied().unwrap_or(0);
            (fewest, most) = (fewest.min(n), most.max(n));
        }
        (fewest, most)
    }
}

/// Something for every value of one side of a link: an array over the range of values when that is not much longer
/// than the enumeration itself, a map otherwise.
pub(crate) enum Buckets<T> {
    Array { lo: i64, items: Vec<T> },
    Map(HashMap<i64, T>),
}

impl<T: Clone> Buckets<T> {
    /// `other`: how many values will be looked up.
    pub fn new(values: &[i64], other: u64, empty: T) -> Self {
        let lo = values.iter().copied().min().unwrap_or(0);
        let hi = values.iter().copied().max().unwrap_or(0);
        let width = (hi as i128 - lo as i128 + 1) as u128;
        if width <= 4 * (values.len() as u128 + other as u128) + 64 {
            return Self::Array {
                lo,
                items: vec![empty; width as usize],
            };
        }
        Self::Map(values.iter().map(|&v| (v, empty.clone())).collect())
    }

    #[inline]
    pub fn get(&self, value: i64) -> Option<&T> {
        match self {
            Self::Array { lo, items } => items.get(value.checked_sub(*lo)? as usize),
            Self::Map(map) => map.get(&value),
        }
    }

    /// The bucket of one of the values that they were made for; panics for any other.
    #[inline]
    pub fn at_mut(&mut self, value: i64) -> &mut T {
        match self {
            Self::Array { lo, items } => &mut items[(value - *lo) as usize],
            Self::Map(map) => map.get_mut(&value).expect("a value they were made for"),
        }
    }
}

/// Axes of a shape of `n` axes that no link of the term names.
pub(crate) fn unlinked(term: &Term, n: usize, of_target: bool) -> Vec<usize> {
    let mut free = vec![true; n];
    for link in &term.links {
        for &(axis, _) in if of_target {
            &link.target
        } else {
            &link.source
        } {
            free[axis as usize] = false;
        }
    }
    (0..n).filter(|&i| free[i]).collect()
}

/// The source as it is: same shape, axis i linked to axis i, one each.
pub(crate) fn is_identity(term: &Term, target_shape: &[u32], source_shape: &[u32]) -> bool {
    target_shape == source_shape
        && term.links.len() == target_shape.len()
        && term.links.iter().enumerate().all(|(i, link)| {
            let axis = [(i as u8, 1)];
            let plain = link.offset == 0 && link.index.is_none();
            plain && link.target == axis && link.source == axis
        })
}
