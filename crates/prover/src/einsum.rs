//! The prover's half of the einsums (see `tacit_verifier`, einsum): operands are folded over their free labels once, then
//!
//! ```text
//! sum over {0,1}^n of sum_e s_e eq(r_batch, x_batch) a_e(x) b_e(x),        s_e = w_e 2^-(n - n_e),
//! ```
//!
//! is proven by n rounds. Einsum e is constant in the first n - n_e variables: there it adds its own sum.

use p3_field::PrimeCharacteristicRing;
use rayon::prelude::*;
use tacit_algebra::field::half_power;
use tacit_algebra::{eq_table, F, K};
use tacit_program::{fold_operand, shape_bits, EinsumPlan, Ends, Prepared, Side, Trace};
use tacit_transcript::Writer;
use tacit_verifier::Common;

use crate::hooks::Hooks;
use crate::rounds::{self, eq_line, times, Quadratic};

/// Pairs below which a round stays on one thread.
const SERIAL: usize = 1 << 11;
/// Pairs a task works on at least.
const GRAIN: usize = 1 << 9;

/// One einsum in the sumcheck.
struct Term {
    scale: K,
    /// Coordinates of the batch labels, those still to be bound last.
    batch: Vec<K>,
    /// eq of the batch coordinates still to be bound after this round.
    weights: Vec<K>,
    /// eq of those that are bound.
    bound: K,
    /// Variables still to be bound.
    log: usize,
    a: Vec<K>,
    /// None: the same operand.
    b: Option<Vec<K>>,
    /// The sum over all its variables, without the scale.
    total: K,
}

impl Term {
    fn new(prepared: &Prepared, index: usize, trace: &Trace, common: &Common) -> Self {
        let plan: &EinsumPlan = &prepared.einsums[index];
        let out = common.suffix(shape_bits(&plan.out_shape));
        let fold = |side| fold_operand(prepared, index, side, trace, out);
        let rounds = prepared.sizes.einsum_rounds;
        let mut term = Self {
            scale: common.weights[index] * half_power(rounds - plan.bits),
            batch: plan.batch_point(out),
            weights: Vec::new(),
            bound: K::ONE,
            log: plan.bits as usize,
            a: fold(Side::A),
            b: (plan.ends != Ends::Same).then(|| fold(Side::B)),
            total: K::ZERO,
        };
        term.weights = eq_table(&term.batch);
        term.total = term.sum();
        term
    }

    fn b(&self) -> &[K] {
        self.b.as_deref().unwrap_or(&self.a)
    }

    /// sum of weight * a * b.
    fn sum(&self) -> K {
        let block = self.a.len() / self.weights.len();
        let rows = self
            .a
            .chunks(block)
            .zip(self.b().chunks(block))
            .zip(&self.weights);
        rows.map(|((a, b), &w)| w * a.iter().zip(b).map(|(&x, &y)| x * y).sum::<K>())
            .sum()
    }

    /// Values at 0, 1, 2, 3 of this term's round; `constant`: variables in front in which it is constant, after this one.
    fn round(&mut self, constant: Option<u64>) -> [K; 4] {
        if let Some(free) = constant {
            return [self.scale * self.total * F::TWO.exp_u64(free); 4];
        }
        let line = match self.batch.first() {
            Some(&r) => {
                let half = self.weights.len() / 2;
                let (low, high) = self.weights.split_at_mut(half);
                low.iter_mut().zip(high).for_each(|(l, h)| *l += *h);
                self.weights.truncate(half);
                eq_line(r, self.scale * self.bound)
            }
            None => [self.scale * self.bound; 4],
        };
        times(line, self.quadratic().values())
    }

    fn quadratic(&self) -> Quadratic {
        let half = self.a.len() / 2;
        let ((a0, a1), (b0, b1)) = (self.a.split_at(half), self.b().split_at(half));
        let shift = (half / self.weights.len()).trailing_zeros();
        let one = |i: usize| {
            let w = self.weights[i >> shift];
            let (a, b) = ((a0[i], a1[i]), (b0[i], b1[i]));
            let (wa0, wa1) = (w * a.0, w * a.1);
            [wa0 * b.0, wa1 * b.1, (wa1 - wa0) * (b.1 - b.0)]
        };
        let add = |x: [K; 3], y: [K; 3]| [x[0] + y[0], x[1] + y[1], x[2] + y[2]];
        let zero = [K::ZERO; 3];
        let [at0, at1, top] = if half < SERIAL {
            (0..half).map(one).fold(zero, add)
        } else {
            (0..half)
                .into_par_iter()
                .with_min_len(GRAIN)
                .map(one)
                .reduce(|| zero, add)
        };
        Quadratic { at0, at1, top }
    }

    /// Binds its front variable.
    fn bind(&mut self, rho: K) {
        if !self.batch.is_empty() {
            let r = self.batch.remove(0);
            self.bound *= eq_line(r, K::ONE)[0] + rho * (r + r - K::ONE);
        }
        fold(&mut self.a, rho);
        if let Some(b) = &mut self.b {
            fold(b, rho);
        }
        self.log -= 1;
    }
}

/// v = low + rho (high - low), in place.
fn fold(v: &mut Vec<K>, rho: K) {
    let half = v.len() / 2;
    let (low, high) = v.split_at_mut(half);
    if half < SERIAL {
        low.iter_mut()
            .zip(high)
            .for_each(|(l, h)| *l += rho * (*h - *l));
    } else {
        low.par_iter_mut()
            .zip(high)
            .with_min_len(GRAIN)
            .for_each(|(l, h)| *l += rho * (*h - *l));
    }
    v.truncate(half);
}

/// Sends the sumcheck and the ends of every einsum, and records their triples. Nothing for a program without einsums.
pub fn prove<H: Hooks>(
    writer: &mut Writer,
    prepared: &Prepared,
    trace: &Trace,
    common: &Common,
    triples: &mut Vec<[K; 3]>,
    hooks: &mut H,
) {
    let mut terms: Vec<Term> = (0..prepared.einsums.len())
        .map(|i| Term::new(prepared, i, trace, common))
        .collect();
    let rounds = prepared.sizes.einsum_rounds as usize;
    if terms.is_empty() {
        return;
    }
    for round in 0..rounds {
        let left = rounds - round;
        let mut values = [K::ZERO; 4];
        for term in &mut terms {
            let constant = (term.log < left).then(|| (left - 1 - term.log) as u64);
            values
                .iter_mut()
                .zip(term.round(constant))
                .for_each(|(v, x)| *v += x);
        }
        let (rho, _) = rounds::send(writer, values);
        terms
            .iter_mut()
            .filter(|t| t.log == left)
            .for_each(|t| t.bind(rho));
    }
    for (plan, term) in prepared.einsums.iter().zip(&terms) {
        let (a, b) = (term.a[0], term.b()[0]);
        let mut product = || {
            let c = hooks.product(triples.len(), a * b);
            triples.push([a, b, c]);
            c
        };
        match plan.ends {
            Ends::None => {}
            Ends::A => writer.send_padded("ends", &[a]),
            Ends::B => writer.send_padded("ends", &[b]),
            Ends::Same => writer.send_padded("ends", &[a, product()]),
            Ends::Both => writer.send_padded("ends", &[a, b, product()]),
        }
    }
}
