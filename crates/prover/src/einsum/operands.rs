//! The two operands of an einsum, summed over their free labels, while their variables are bound: batch variables first, then contraction variables.
//!
//! ```text
//! t(X) = sum over batch of eq(r_batch, .) sum over contraction of a(X, .) b(X, .),        the front coordinate of eq left out
//! ```
//!
//! Large operands are vectors of lanes, the lanes being the last variables; small ones, and the last rounds, are scalars.

use rayon::prelude::*;
use tacit_algebra::{eq_table, F, K};

use tacit_sumcheck::lanes::{Base, Ext, PF, PK, W};
use tacit_sumcheck::rounds::Quadratic;

/// Vectors below which a loop stays on one thread.
const SERIAL: usize = 1 << 9;
/// Vectors a task works on at least.
const GRAIN: usize = 1 << 7;

/// Both operands, packed as long as there are variables beside the lanes.
pub enum Operands {
    Packed(Tables<PF>),
    Scalar(Tables<F>),
}

/// 2^log vectors of each operand.
pub struct Tables<B> {
    /// Variables of the vectors still to be bound.
    log: usize,
    /// Coordinates of the batch variables among them, front first.
    batch: Vec<K>,
    /// eq of the batch coordinates behind the front one.
    eq: Vec<Ext<B>>,
    /// Weights of the lanes, for all batch variables that are lanes.
    lanes: Ext<B>,
    /// Coordinates of those.
    lane_batch: Vec<K>,
    a: Vec<Ext<B>>,
    /// None: the same operand.
    b: Option<Vec<Ext<B>>>,
}

impl Operands {
    /// Tables over all variables; `batch` are the coordinates of the batch variables, the first ones.
    pub fn new(batch: Vec<K>, a: Vec<K>, b: Option<Vec<K>>) -> Self {
        let log = a.len().trailing_zeros() as usize;
        let lanes = W.trailing_zeros() as usize;
        if W == 1 || log <= lanes + 1 {
            let scalars = |v: Vec<K>| v.into_iter().map(Ext::splat).collect::<Vec<_>>();
            return Self::Scalar(Tables::new(batch, Vec::new(), scalars(a), b.map(scalars)));
        }
        let pack = |v: Vec<K>| {
            v.par_chunks(W)
                .with_min_len(GRAIN)
                .map(Ext::pack)
                .collect::<Vec<_>>()
        };
        let mut front = batch;
        let lane_batch = front.split_off(front.len().min(log - lanes));
        Self::Packed(Tables::new(front, lane_batch, pack(a), b.map(pack)))
    }

    /// Variables still to be bound.
    pub fn log(&self) -> usize {
        match self {
            Self::Packed(t) => t.log + W.trailing_zeros() as usize,
            Self::Scalar(t) => t.log,
        }
    }

    /// The coordinate of eq of the front variable; `None` for a contraction variable.
    pub fn coordinate(&self) -> Option<K> {
        match self {
            Self::Packed(t) => t.batch.first().copied(),
            Self::Scalar(t) => t.batch.first().copied(),
        }
    }

    /// t by its values at 0 and 1 and its leading coefficient.
    pub fn quadratic(&self) -> Quadratic {
        match self {
            Self::Packed(t) => t.quadratic(),
            Self::Scalar(t) => t.quadratic(),
        }
    }

    /// Binds the front variable.
    pub fn bind(&mut self, rho: K) {
        match self {
            Self::Scalar(t) => t.bind(rho),
            Self::Packed(t) => {
                t.bind(rho);
                if t.log == 0 {
                    let scalars = |v: &PK| v.lanes().map(Ext::splat).collect::<Vec<Ext<F>>>();
                    let (a, b) = (scalars(&t.a[0]), t.b.as_ref().map(|b| scalars(&b[0])));
                    *self = Self::Scalar(Tables::new(
                        std::mem::take(&mut t.lane_batch),
                        Vec::new(),
                        a,
                        b,
                    ));
                }
            }
        }
    }

    /// The values of a and b once all variables are bound.
    pub fn ends(&self) -> (K, K) {
        let first = |v: &[Ext<F>]| v[0].lane(0);
        match self {
            Self::Scalar(t) => (first(&t.a), first(t.b())),
            Self::Packed(t) => (t.a[0].lane(0), t.b()[0].lane(0)),
        }
    }
}

impl<B: Base> Tables<B> {
    fn new(batch: Vec<K>, lane_batch: Vec<K>, a: Vec<Ext<B>>, b: Option<Vec<Ext<B>>>) -> Self {
        // Lanes that are contraction variables share eq of the batch variables in front of them.
        let table = eq_table(&lane_batch);
        let share = B::WIDTH / table.len();
        let lanes: Vec<K> = (0..B::WIDTH).map(|lane| table[lane / share]).collect();
        let mut out = Self {
            log: a.len().trailing_zeros() as usize,
            eq: Vec::new(),
            lanes: Ext::pack(&lanes),
            batch,
            lane_batch,
            a,
            b,
        };
        out.weigh();
        out
    }

    /// eq of the batch coordinates behind the front one.
    fn weigh(&mut self) {
        let behind = self.batch.get(1..).unwrap_or(&[]);
        if self.eq.is_empty() {
            self.eq = eq_table(behind).into_iter().map(Ext::splat).collect();
            return;
        }
        // The sum over a variable's two values leaves eq of the others.
        let half = 1usize << behind.len();
        if half < self.eq.len() {
            let (low, high) = self.eq.split_at_mut(half);
            low.iter_mut().zip(high).for_each(|(l, h)| *l += *h);
            self.eq.truncate(half);
        }
    }

    fn b(&self) -> &[Ext<B>] {
        self.b.as_deref().unwrap_or(&self.a)
    }

    fn quadratic(&self) -> Quadratic {
        let half = self.a.len() / 2;
        let (a, b) = (self.a.split_at(half), self.b().split_at(half));
        // Vectors that share a value of eq.
        let block = half / self.eq.len();
        let size = block.min(GRAIN);
        let per_block = block / size;
        let zero = [Ext::<B>::ZERO; 3];
        let add = |x: [Ext<B>; 3], y: [Ext<B>; 3]| [x[0] + y[0], x[1] + y[1], x[2] + y[2]];
        let part = |i: usize| {
            let mut sums = zero;
            for x in i * size..(i + 1) * size {
                let (a0, a1, b0, b1) = (a.0[x], a.1[x], b.0[x], b.1[x]);
                sums[0] += a0 * b0;
                sums[1] += a1 * b1;
                sums[2] += (a1 - a0) * (b1 - b0);
            }
            let w = self.eq[i / per_block];
            [sums[0] * w, sums[1] * w, sums[2] * w]
        };
        let parts = half / size;
        let [at0, at1, top] = if half < SERIAL {
            (0..parts).map(part).fold(zero, add)
        } else {
            (0..parts)
                .into_par_iter()
                .with_min_len((GRAIN / size).max(1))
                .map(part)
                .reduce(|| zero, add)
        };
        let [at0, at1, top] = [at0, at1, top].map(|v| v.dot(self.lanes));
        Quadratic { at0, at1, top }
    }

    fn bind(&mut self, rho: K) {
        if !self.batch.is_empty() {
            let _bound = self.batch.remove(0);
            self.weigh();
        }
        let rho = Ext::splat(rho);
        bind_front(&mut self.a, rho);
        if let Some(b) = &mut self.b {
            bind_front(b, rho);
        }
        self.log -= 1;
    }
}

/// v = low + rho (high - low), in place.
fn bind_front<B: Base>(v: &mut Vec<Ext<B>>, rho: Ext<B>) {
    let half = v.len() / 2;
    let (low, high) = v.split_at_mut(half);
    let one = |(l, h): (&mut Ext<B>, &mut Ext<B>)| *l += (*h - *l) * rho;
    if half < SERIAL {
        low.iter_mut().zip(high).for_each(one);
    } else {
        low.par_iter_mut()
            .zip(high)
            .with_min_len(GRAIN)
            .for_each(one);
    }
    v.truncate(half);
}

#[cfg(test)]
mod tests {
    use super::*;
    use p3_field::PrimeCharacteristicRing;
    use tacit_algebra::hash::Words;

    /// Packed or scalar, the rounds are the same, whatever is batch and whatever is contraction.
    #[test]
    fn lanes_change_no_round() {
        let mut words = Words::new([5; 32]);
        let log = W.trailing_zeros() as usize + 9;
        for (batch, twice) in [
            (0, false),
            (2, true),
            (log - 4, false),
            (log - 1, false),
            (log, false),
            (log, true),
        ] {
            let mut draw = |n: usize| (0..n).map(|_| words.next_k()).collect::<Vec<K>>();
            let (r, a) = (draw(batch), draw(1 << log));
            let b = (!twice).then(|| draw(1 << log));
            let scalars = |v: &Vec<K>| v.iter().copied().map(Ext::splat).collect::<Vec<Ext<F>>>();
            let plain = Tables::new(r.clone(), Vec::new(), scalars(&a), b.as_ref().map(scalars));
            let (mut plain, mut packed) = (Operands::Scalar(plain), Operands::new(r, a, b));
            for left in (1..=log).rev() {
                assert_eq!((plain.log(), packed.log()), (left, left));
                assert_eq!(plain.coordinate(), packed.coordinate());
                assert_eq!(
                    plain.quadratic().values(),
                    packed.quadratic().values(),
                    "{batch} batch, {left} left"
                );
                let rho = draw(1)[0];
                plain.bind(rho);
                packed.bind(rho);
            }
            assert_eq!(plain.ends(), packed.ends());
            assert_ne!(plain.ends().0, K::ZERO);
        }
    }
}
