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
//! follows from the claim. Pairs that are not stored are p = 0, q = 1 and cost nothing. Binding a variable and summing the
//! next round is one pass.

use rayon::prelude::*;
use tacit_algebra::{F, K};
use tacit_transcript::Writer;

use crate::lookup_tree::state::State;
use crate::memory::with_room;
use tacit_sumcheck::eq_tables::{add, sum_blocks, EqTables, Sums, SERIAL};
use tacit_sumcheck::lanes::{split_pairs, Base, Ext, PK, W};

/// Pairs of vectors a task computes at least.
const ALONE: usize = 1 << 7;

/// p0 (a, once lambda is known), p1, q0, q1.
pub type Pair<B> = [Ext<B>; 4];

/// 2^log vectors of pairs, of which the first are stored.
#[derive(Clone, Debug)]
pub struct Layer<B> {
    pub log: usize,
    pub pairs: Vec<Pair<B>>,
}

/// Two vectors of values as one vector of pairs.
#[inline(always)]
pub fn pair<B: Base>((pa, qa): (Ext<B>, Ext<B>), (pb, qb): (Ext<B>, Ext<B>)) -> Pair<B> {
    let ((p0, p1), (q0, q1)) = (split_pairs(pa, pb), split_pairs(qa, qb));
    [p0, p1, q0, q1]
}

/// 2^log vectors of pairs from the values at the vectors below, two a pair; `rows` are stored.
pub fn above<B: Base>(
    log: usize,
    rows: usize,
    at: impl Fn(usize) -> (Ext<B>, Ext<B>) + Sync,
) -> Layer<B> {
    let mut pairs = with_room(rows);
    let one = |i: usize| pair(at(2 * i), at(2 * i + 1));
    if rows < 2 * ALONE {
        pairs.extend((0..rows).map(one));
    } else {
        let all = (0..rows).into_par_iter().with_min_len(ALONE);
        pairs.par_extend(all.map(one));
    }
    Layer { log, pairs }
}

/// All 2^n values as scalar pairs.
pub fn pairs(p: &[K], q: &[K]) -> Layer<F> {
    let pairs: Vec<Pair<F>> = p
        .chunks(2)
        .zip(q.chunks(2))
        .map(|(p, q)| [p[0], p[1], q[0], q[1]].map(Ext::splat))
        .collect();
    Layer {
        log: pairs.len().trailing_zeros() as usize,
        pairs,
    }
}

/// t(0) and the leading coefficient of (l + X (h - l)).
#[inline(always)]
fn product<B: Base>(l: &Pair<B>, h: &Pair<B>) -> Sums<B> {
    let d: Pair<B> = [h[0] - l[0], h[1] - l[1], h[2] - l[2], h[3] - l[3]];
    (
        l[0].mul_add(l[3], l[1], l[2]),
        d[0].mul_add(d[3], d[1], d[2]),
    )
}

/// p0 becomes a = p0 + lambda q0.
#[inline(always)]
pub fn join<B: Base>(pair: &mut Pair<B>, lambda: Ext<B>) {
    pair[0] += pair[2] * lambda;
}

#[inline(always)]
fn bind<B: Base>(l: &Pair<B>, h: &Pair<B>, rho: Ext<B>) -> Pair<B> {
    let one = |l: Ext<B>, h: Ext<B>| l + (h - l) * rho;
    [
        one(l[0], h[0]),
        one(l[1], h[1]),
        one(l[2], h[2]),
        one(l[3], h[3]),
    ]
}

impl<B: Base> Layer<B> {
    /// What is not stored: (a, p1, q0, q1).
    fn tail(lambda: K) -> Pair<B> {
        [Ext::splat(lambda), Ext::ZERO, Ext::ONE, Ext::ONE]
    }

    /// Rounds on the vectors' own variables. `joined`: p0 is a already.
    pub fn rounds(&mut self, writer: &mut Writer, state: &mut State<'_>, joined: bool) {
        if self.log == 0 {
            if !joined {
                self.pairs
                    .iter_mut()
                    .for_each(|p| join(p, Ext::splat(state.lambda)));
            }
            return;
        }
        let left = state.left();
        let eq = EqTables::<B>::new(&left[..self.log]);
        let lanes = Ext::<B>::pack(&tacit_algebra::eq_table(&left[self.log..]));
        let mut sums = self.sums(&eq, state.lambda, joined);
        loop {
            // Beyond the stored pairs of the lower half the product is lambda at both ends.
            let half = 1usize << (self.log - 1);
            let stored = self.pairs.len().min(half);
            let rest = state.lambda * eq.total(self.log - 1, stored..half);
            let (at0, top) = (sums.0.dot(lanes) + rest, sums.1.dot(lanes));
            let lambda = state.lambda;
            let rho = state.send(writer, at0, top, || self.at_one(&eq, lambda).dot(lanes));
            if self.log == 1 {
                self.bind_front(lambda, rho);
                return;
            }
            sums = self.bind_and_sum(&eq, lambda, rho);
        }
    }

    /// The sums of the first round; on the way p0 becomes a = p0 + lambda q0.
    fn sums(&mut self, eq: &EqTables<B>, lambda: K, joined: bool) -> Sums<B> {
        let log = self.log - 1;
        let stored = self.pairs.len().min(1 << log);
        let (low, high) = self.pairs.split_at_mut(stored);
        let grain = eq.inner(log).len();
        let pass = Pass {
            eq,
            log,
            tail: Self::tail(lambda),
            rho: Ext::ZERO,
        };
        let factor = if joined {
            Ext::ZERO
        } else {
            Ext::splat(lambda)
        };
        let one = |(i, low, high): (usize, &mut [Pair<B>], &mut [Pair<B>])| {
            if !joined {
                low.iter_mut()
                    .chain(high.iter_mut())
                    .for_each(|p| join(p, factor));
            }
            let products = low
                .iter()
                .enumerate()
                .map(|(x, l)| product(l, high.get(x).unwrap_or(&pass.tail)));
            pass.weigh(i, i * grain..usize::MAX, products)
        };
        // Empty slices stand where the upper half is not stored.
        let blocks = low.len().div_ceil(grain);
        let mut rest = high;
        let halves: Vec<&mut [Pair<B>]> = (0..blocks)
            .map(|_| {
                let next = rest.len().min(grain);
                let (head, tail) = std::mem::take(&mut rest).split_at_mut(next);
                rest = tail;
                head
            })
            .collect();
        let zero = || (Ext::ZERO, Ext::ZERO);
        if blocks < SERIAL {
            let all = low.chunks_mut(grain).zip(halves).enumerate();
            all.map(|(i, (l, h))| one((i, l, h))).fold(zero(), add)
        } else {
            let all = low.par_chunks_mut(grain).zip(halves).enumerate();
            all.map(|(i, (l, h))| one((i, l, h))).reduce(zero, add)
        }
    }

    /// t(1), summed as it is.
    fn at_one(&self, eq: &EqTables<B>, lambda: K) -> Ext<B> {
        let half = 1usize << (self.log - 1);
        let tail = Self::tail(lambda);
        let (sum, _) = eq.sum(self.log - 1, 0..half, |x| {
            let h = self.pairs.get(half + x).unwrap_or(&tail);
            (product(h, h).0, Ext::ZERO)
        });
        sum
    }

    /// Binds the front variable.
    fn bind_front(&mut self, lambda: K, rho: K) {
        let half = 1usize << (self.log - 1);
        let stored = self.pairs.len().min(half);
        let (low, high) = self.pairs.split_at_mut(stored);
        let (tail, rho) = (Self::tail(lambda), Ext::splat(rho));
        for (i, l) in low.iter_mut().enumerate() {
            *l = bind(l, high.get(i).unwrap_or(&tail), rho);
        }
        self.pairs.truncate(half);
        self.log -= 1;
    }

    /// Binds the front variable to rho and sums the next round: quarters a, b, c, d become a + rho (c - a), b + rho (d - b).
    fn bind_and_sum(&mut self, eq: &EqTables<B>, lambda: K, rho: K) -> Sums<B> {
        let log = self.log - 2;
        let quarter = 1usize << log;
        let stored = self.pairs.len().min(2 * quarter);
        let (low, high) = self.pairs.split_at_mut(stored);
        let (a, b) = low.split_at_mut(stored.min(quarter));
        let (c, d) = high.split_at(high.len().min(quarter));
        let (both, alone) = a.split_at_mut(b.len());
        let pass = Pass {
            eq,
            log,
            tail: Self::tail(lambda),
            rho: Ext::splat(rho),
        };
        let sums = add(pass.stored(both, b, c, d), pass.alone(alone, both.len(), c));
        self.pairs.truncate(stored);
        self.log -= 1;
        sums
    }
}

/// One pass of `bind_and_sum`.
struct Pass<'a, B> {
    eq: &'a EqTables<B>,
    log: usize,
    tail: Pair<B>,
    rho: Ext<B>,
}

impl<B: Base> Pass<'_, B> {
    /// Where b is stored: all its blocks.
    fn stored(
        &self,
        a: &mut [Pair<B>],
        b: &mut [Pair<B>],
        c: &[Pair<B>],
        d: &[Pair<B>],
    ) -> Sums<B> {
        let grain = self.eq.inner(self.log).len();
        let zero = || (Ext::ZERO, Ext::ZERO);
        if a.len().div_ceil(grain) < SERIAL {
            let blocks = a.chunks_mut(grain).zip(b.chunks_mut(grain)).enumerate();
            return blocks
                .map(|(i, (a, b))| self.both(i, a, b, c, d))
                .fold(zero(), add);
        }
        a.par_chunks_mut(grain)
            .zip(b.par_chunks_mut(grain))
            .enumerate()
            .map(|(i, (a, b))| self.both(i, a, b, c, d))
            .reduce(zero, add)
    }

    /// Where only a is stored, from vector `first` on: there b stays p = 0, q = 1.
    fn alone(&self, a: &mut [Pair<B>], first: usize, c: &[Pair<B>]) -> Sums<B> {
        for (i, a) in a.iter_mut().enumerate() {
            let h = c.get(first + i).unwrap_or(&self.tail);
            *a = bind(a, h, self.rho);
        }
        let (a, end) = (&*a, first + a.len());
        let grain = self.eq.inner(self.log).len();
        let one = |i: usize| {
            let range = (i * grain).max(first)..((i + 1) * grain).min(end);
            let products = range.clone().map(|x| product(&a[x - first], &self.tail));
            self.weigh(i, range, products)
        };
        sum_blocks(first / grain..end.div_ceil(grain), one)
    }

    /// Block i, where a and b are both stored; c and d may end before.
    fn both(
        &self,
        i: usize,
        a: &mut [Pair<B>],
        b: &mut [Pair<B>],
        c: &[Pair<B>],
        d: &[Pair<B>],
    ) -> Sums<B> {
        let inner = self.eq.inner(self.log);
        let first = i * inner.len();
        let (mut s, mut t) = (Ext::ZERO, Ext::ZERO);
        for (x, ((a, b), w)) in a.iter_mut().zip(b).zip(inner).enumerate() {
            let l = bind(a, c.get(first + x).unwrap_or(&self.tail), self.rho);
            let h = bind(b, d.get(first + x).unwrap_or(&self.tail), self.rho);
            (*a, *b) = (l, h);
            let (u, v) = product(&l, &h);
            s += u * *w;
            t += v * *w;
        }
        let outer = self.eq.outer(self.log, i);
        (s * outer, t * outer)
    }

    /// The sums of products at x in the range, all in block i.
    #[inline(always)]
    fn weigh(
        &self,
        i: usize,
        range: std::ops::Range<usize>,
        products: impl Iterator<Item = Sums<B>>,
    ) -> Sums<B> {
        let inner = self.eq.inner(self.log);
        let (mut s, mut t) = (Ext::ZERO, Ext::ZERO);
        for (w, (u, v)) in inner[range.start & (inner.len() - 1)..]
            .iter()
            .zip(products)
        {
            s += u * *w;
            t += v * *w;
        }
        let outer = self.eq.outer(self.log, i);
        (s * outer, t * outer)
    }
}

impl Layer<tacit_sumcheck::lanes::PF> {
    /// One vector as a layer of scalars.
    pub fn unpack(&self) -> Layer<tacit_algebra::F> {
        let pairs = self.pairs.first().map_or_else(Vec::new, |pair| {
            (0..W)
                .map(|lane| pair.map(|v: PK| Ext::splat(v.lane(lane))))
                .collect()
        });
        Layer {
            log: W.trailing_zeros() as usize,
            pairs,
        }
    }
}

/// The end of a layer's sumcheck: the point and p0, p1, q0, q1 there.
pub fn finish(
    mut layer: Layer<tacit_algebra::F>,
    writer: &mut Writer,
    mut state: State<'_>,
    joined: bool,
) -> (Vec<K>, [K; 4]) {
    layer.rounds(writer, &mut state, joined);
    let [a, p1, q0, q1] = layer.pairs[0].map(|v| v.lane(0));
    (state.point, [a - state.lambda * q0, p1, q0, q1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use p3_field::PrimeCharacteristicRing;
    use tacit_algebra::{eq_table, hash::Words};

    /// What the rounds leave of the claim is the product at the point, whichever coordinates of eq are 0.
    #[test]
    fn rounds_end_at_the_product() {
        let mut words = Words::new([9; 32]);
        for zeros in [0b000, 0b001, 0b010, 0b101, 0b111] {
            let mut draw = |n: usize| (0..n).map(|_| words.next_k()).collect::<Vec<K>>();
            let mut r = draw(3);
            (0..3)
                .filter(|i| zeros >> i & 1 == 1)
                .for_each(|i| r[i] = K::ZERO);
            let product = |p: &Pair<F>| product(p, p).0.lane(0);
            let pairs: Vec<Pair<F>> = draw(32)
                .chunks(4)
                .map(|p| [p[0], p[1], p[2], p[3]].map(Ext::splat))
                .collect();
            let claim = (eq_table(&r).into_iter().zip(&pairs))
                .map(|(e, p)| e * product(p))
                .sum();
            let mut layer = Layer { log: 3, pairs };
            let mut state = State::new(draw(1)[0], &r, claim);
            let mut writer = Writer::new();
            writer.set_pads(vec![K::ZERO; 9]);
            layer.rounds(&mut writer, &mut state, true);
            assert_eq!(state.claim, product(&layer.pairs[0]), "{zeros:b}");
            assert_eq!(state.bound, tacit_algebra::eq(&r, &state.point));
        }
    }
}
