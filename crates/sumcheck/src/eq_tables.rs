//! eq tables of the variables still to be bound, as an outer product of two small tables.

use std::ops::Range;

use p3_field::PrimeCharacteristicRing;
use rayon::prelude::*;
use tacit_algebra::{mle::valid_weight, K};

use crate::lanes::{Base, Ext};

/// Variables of the inner table: it stays in the first cache.
const INNER: usize = 5;
/// Vectors of one inner table: the grain of every loop.
pub const GRAIN: usize = 1 << INNER;
/// Blocks below which a loop stays on one thread.
pub const SERIAL: usize = 4;

/// Two sums, t(0) and the leading coefficient of a round.
pub type Sums<B> = (Ext<B>, Ext<B>);

/// Tables of eq for every suffix of a point: `inner[k]` for the last k <= INNER coordinates, `outer[k]` for the k before those.
pub struct EqTables<B> {
    point: Vec<K>,
    inner: Vec<Vec<Ext<B>>>,
    outer: Vec<Vec<K>>,
}

impl<B: Base> EqTables<B> {
    /// `point`: one coordinate a variable, front first.
    pub fn new(point: &[K]) -> Self {
        let split = point.len().saturating_sub(INNER);
        let inner = suffixes(&point[split..]);
        Self {
            point: point.to_vec(),
            inner: inner
                .into_iter()
                .map(|t| t.into_iter().map(Ext::splat).collect())
                .collect(),
            outer: suffixes(&point[..split]),
        }
    }

    /// sum over x in the range of eq(last `log` coordinates, x).
    pub fn total(&self, log: usize, range: Range<usize>) -> K {
        let suffix = &self.point[self.point.len() - log..];
        valid_weight(suffix, range.end as u64) - valid_weight(suffix, range.start as u64)
    }

    /// The inner table of the last `log` coordinates.
    pub fn inner(&self, log: usize) -> &[Ext<B>] {
        &self.inner[log.min(INNER).min(self.inner.len() - 1)]
    }

    /// eq of block i of that many vectors.
    pub fn outer(&self, log: usize, i: usize) -> Ext<B> {
        Ext::splat(self.outer[log.saturating_sub(INNER)][i])
    }

    /// sum over x in the range of eq(last `log` coordinates, x) * f(x), for both values of f.
    pub fn sum(
        &self,
        log: usize,
        range: Range<usize>,
        f: impl Fn(usize) -> Sums<B> + Sync + Send,
    ) -> Sums<B> {
        if range.is_empty() {
            return (Ext::ZERO, Ext::ZERO);
        }
        let inner = self.inner(log);
        let block = |i: usize| {
            let first = (i * inner.len()).max(range.start);
            let last = ((i + 1) * inner.len()).min(range.end);
            let (mut s, mut t) = (Ext::ZERO, Ext::ZERO);
            for x in first..last {
                let w = inner[x & (inner.len() - 1)];
                let (u, v) = f(x);
                s += u * w;
                t += v * w;
            }
            let outer = self.outer(log, i);
            (s * outer, t * outer)
        };
        sum_blocks(
            range.start / inner.len()..range.end.div_ceil(inner.len()),
            block,
        )
    }
}

/// The sum of what blocks give, on all cores when there are several.
pub fn sum_blocks<B: Base>(
    blocks: Range<usize>,
    block: impl Fn(usize) -> Sums<B> + Sync + Send,
) -> Sums<B> {
    let zero = (Ext::ZERO, Ext::ZERO);
    if blocks.len() < SERIAL {
        blocks.map(block).fold(zero, add)
    } else {
        blocks.into_par_iter().map(block).reduce(|| zero, add)
    }
}

pub fn add<B: Base>(a: Sums<B>, b: Sums<B>) -> Sums<B> {
    (a.0 + b.0, a.1 + b.1)
}

/// eq tables of every suffix of the point, the empty one first.
fn suffixes(point: &[K]) -> Vec<Vec<K>> {
    let mut out = Vec::with_capacity(point.len() + 1);
    out.push(vec![K::ONE]);
    for &r in point.iter().rev() {
        let last = &out[out.len() - 1];
        let high: Vec<K> = last.iter().map(|&w| w * r).collect();
        let table = last
            .iter()
            .zip(&high)
            .map(|(&w, &h)| w - h)
            .chain(high.iter().copied())
            .collect();
        out.push(table);
    }
    out
}
