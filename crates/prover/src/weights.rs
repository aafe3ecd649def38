//! eq weights of the variables still to be bound, as an outer product of two small tables.

use p3_field::PrimeCharacteristicRing;
use rayon::prelude::*;
use tacit_algebra::K;

use crate::lanes::Lanes;

/// Variables of the inner table at most: it stays in the first cache.
const INNER: usize = 8;
/// Blocks below which a sum stays on one thread.
const SERIAL: usize = 4;

/// Tables of eq for every suffix of a point: `inner[k]` for the last k <= INNER coordinates, `outer[k]` for the k before those.
pub struct Weights {
    point: Vec<K>,
    inner: Vec<Vec<K>>,
    outer: Vec<Vec<K>>,
}

impl Weights {
    /// `point`: one coordinate a variable, front first.
    pub fn new(point: &[K]) -> Self {
        let split = point.len().saturating_sub(INNER);
        Self {
            point: point.to_vec(),
            inner: suffixes(&point[split..]),
            outer: suffixes(&point[..split]),
        }
    }

    /// The last `log` coordinates.
    pub fn suffix(&self, log: usize) -> &[K] {
        &self.point[self.point.len() - log..]
    }

    /// sum over x < live of eq(last `log` coordinates, x) * f(x), for both values of f.
    pub fn sum<V: Lanes>(
        &self,
        log: usize,
        live: usize,
        f: impl Fn(usize) -> (V, V) + Sync,
    ) -> (V, V) {
        let inner = &self.inner[log.min(INNER).min(self.inner.len() - 1)];
        let outer = &self.outer[log.saturating_sub(INNER)];
        let block = |i: usize| {
            let first = i * inner.len();
            let (mut s, mut t) = (V::ZERO, V::ZERO);
            for (x, &w) in (first..live).zip(inner) {
                let (u, v) = f(x);
                s += u * w;
                t += v * w;
            }
            (s * outer[i], t * outer[i])
        };
        let blocks = live.div_ceil(inner.len());
        let add = |a: (V, V), b: (V, V)| (a.0 + b.0, a.1 + b.1);
        if blocks < SERIAL {
            (0..blocks).map(block).fold((V::ZERO, V::ZERO), add)
        } else {
            (0..blocks)
                .into_par_iter()
                .map(block)
                .reduce(|| (V::ZERO, V::ZERO), add)
        }
    }
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
