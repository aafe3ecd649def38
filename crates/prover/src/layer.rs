//! One layer of the tree and its sumcheck rounds.
//!
//! A layer of 2^b pairs holds p0, p1, q0, q1 (children at even and odd places). Its sumcheck is over
//!
//! ```text
//! eq(r, x) (p0 q1 + p1 q0 + lambda q0 q1) = eq(r, x) (a q1 + p1 q0),        a = p0 + lambda q0,
//! ```
//!
//! front variable first. eq is factored (Gruen): with e the coordinate being bound and E the rest, a round is
//! e(X) t(X), t(X) = sum over x of E(x) (a q1 + p1 q0)(X, x), a quadratic. t(0) and its leading coefficient are summed; t(1)
//! follows from the claim. Pairs beyond `live` are p = 0, q = 1 and cost nothing.

use p3_field::{Field, PrimeCharacteristicRing};
use rayon::prelude::*;
use tacit_algebra::{mle::valid_weight, K};
use tacit_transcript::Writer;

use crate::lanes::{lanes, Lanes, PK, W};
use crate::rounds::{self, eq_line, times, Quadratic};
use crate::weights::Weights;

/// Vectors below which a loop stays on one thread.
const SERIAL: usize = 1 << 9;
/// Vectors a task of a parallel loop works on at least.
const GRAIN: usize = 1 << 8;

/// 2^log vectors of pairs, of which the first `live` are stored.
#[derive(Clone, Debug)]
pub struct Layer<V> {
    pub log: usize,
    /// p0 (a, once lambda is known), p1, q0, q1.
    pub columns: [Vec<V>; 4],
}

/// The claim and the eq factors bound so far.
struct State {
    claim: K,
    bound: K,
    point: Vec<K>,
}

impl<V: Lanes> Layer<V> {
    pub fn live(&self) -> usize {
        self.columns[0].len()
    }

    /// p0 becomes a = p0 + lambda q0.
    fn join(&mut self, lambda: K) {
        let [a, _, q0, _] = &mut self.columns;
        if a.len() < SERIAL {
            a.iter_mut()
                .zip(q0.iter())
                .for_each(|(a, &q)| *a += q * lambda);
        } else {
            a.par_iter_mut()
                .zip(q0.par_iter())
                .with_min_len(GRAIN)
                .for_each(|(a, &q)| *a += q * lambda);
        }
    }

    /// The values beyond `live`: (a, p1, q0, q1).
    fn tail(lambda: K) -> [V; 4] {
        [V::from(lambda), V::ZERO, V::ONE, V::ONE]
    }

    /// Rounds on the vectors' own variables; `r` are the coordinates of eq for all variables, lanes' last.
    fn rounds(
        &mut self,
        writer: &mut Writer,
        lambda: K,
        r: &[K],
        lane_weights: V,
        state: &mut State,
    ) {
        let weights = Weights::new(&r[..self.log]);
        while self.log > 0 {
            let at = r[state.point.len()];
            let (t0, top) = self.sums(lambda, &weights, lane_weights);
            let line = eq_line(at, state.bound);
            let t1 = match line[1].try_inverse() {
                Some(inverse) => (state.claim - line[0] * t0) * inverse,
                // The coordinate is 0: the claim says nothing of t(1).
                None => self.at_one(lambda, &weights, lane_weights),
            };
            let values = times(
                line,
                Quadratic {
                    at0: t0,
                    at1: t1,
                    top,
                }
                .values(),
            );
            let (rho, claim) = rounds::send(writer, values);
            state.claim = claim;
            state.bound = line[0] + rho * (line[1] - line[0]);
            state.point.push(rho);
            self.fold(lambda, rho);
        }
    }

    /// t(0) and the leading coefficient of t.
    fn sums(&self, lambda: K, weights: &Weights, lane_weights: V) -> (K, K) {
        let half = 1usize << (self.log - 1);
        let split = self.live().min(half);
        let (low, high) = (
            self.columns.each_ref().map(|c| &c[..split]),
            self.columns.each_ref().map(|c| &c[split..]),
        );
        let tail = Self::tail(lambda);
        let (t0, top) = weights.sum(self.log - 1, split, |x| {
            let l = low.map(|c| c[x]);
            let h = if x < high[0].len() {
                high.map(|c| c[x])
            } else {
                tail
            };
            let [a, p, q, s] = [h[0] - l[0], h[1] - l[1], h[2] - l[2], h[3] - l[3]];
            (l[0] * l[3] + l[1] * l[2], a * s + p * q)
        });
        // Beyond the stored vectors of the lower half: lambda at both ends, so nothing in front.
        let rest = K::ONE - valid_weight(weights.suffix(self.log - 1), split as u64);
        (t0.dot(lane_weights) + lambda * rest, top.dot(lane_weights))
    }

    /// t(1) summed as it is.
    fn at_one(&self, lambda: K, weights: &Weights, lane_weights: V) -> K {
        let half = 1usize << (self.log - 1);
        let live = self.live().saturating_sub(half);
        let (t1, _) = weights.sum(self.log - 1, live, |x| {
            let [a, p1, q0, q1] = self.columns.each_ref().map(|c| c[half + x]);
            (a * q1 + p1 * q0, V::ZERO)
        });
        let rest = K::ONE - valid_weight(weights.suffix(self.log - 1), live as u64);
        t1.dot(lane_weights) + lambda * rest
    }

    /// Binds the front variable to rho, in place.
    fn fold(&mut self, lambda: K, rho: K) {
        let half = 1usize << (self.log - 1);
        let tail = Self::tail(lambda);
        for (column, end) in self.columns.iter_mut().zip(tail) {
            let split = column.len().min(half);
            let (low, high) = column.split_at_mut(split);
            let (both, alone) = low.split_at_mut(high.len());
            let step = |l: &mut V, h: V| *l += (h - *l) * rho;
            if both.len() < SERIAL {
                both.iter_mut()
                    .zip(high.iter())
                    .for_each(|(l, &h)| step(l, h));
            } else {
                both.par_iter_mut()
                    .zip(high.par_iter())
                    .with_min_len(GRAIN)
                    .for_each(|(l, &h)| step(l, h));
            }
            alone.iter_mut().for_each(|l| step(l, end));
            column.truncate(split);
        }
        self.log -= 1;
    }
}

impl Layer<PK> {
    /// One vector as a layer of scalars.
    fn unpack(self) -> Layer<K> {
        let columns = self
            .columns
            .map(|c| c.first().map_or_else(Vec::new, |&v| lanes(v)));
        Layer {
            log: W.trailing_zeros() as usize,
            columns,
        }
    }
}

/// A layer of either kind: small ones are scalars.
#[derive(Clone, Debug)]
pub enum AnyLayer {
    Packed(Layer<PK>),
    Scalar(Layer<K>),
}

impl AnyLayer {
    /// Proves sum over x of eq(r, x) (p0 q1 + p1 q0 + lambda q0 q1) = claim. Returns the point and p0, p1, q0, q1 there.
    pub fn prove(self, writer: &mut Writer, lambda: K, r: &[K], claim: K) -> (Vec<K>, [K; 4]) {
        let mut state = State {
            claim,
            bound: K::ONE,
            point: Vec::with_capacity(r.len() + 1),
        };
        let mut scalar = match self {
            Self::Scalar(mut layer) => {
                layer.join(lambda);
                layer
            }
            Self::Packed(mut layer) => {
                layer.join(lambda);
                let log = layer.log;
                let lane_weights = crate::lanes::pack(&tacit_algebra::eq_table(&r[log..]));
                layer.rounds(writer, lambda, r, lane_weights, &mut state);
                layer.unpack()
            }
        };
        let front = state.point.len();
        let tail = &r[front..];
        let mut rest = State {
            claim: state.claim,
            bound: state.bound,
            point: Vec::new(),
        };
        scalar.rounds(writer, lambda, tail, K::ONE, &mut rest);
        state.point.extend(rest.point);
        let [a, p1, q0, q1] = scalar.columns.map(|c| c[0]);
        (state.point, [a - lambda * q0, p1, q0, q1])
    }
}
