//! The prover's half of the einsums (see `tacit_verifier`, einsum): operands are summed over their free labels once, then
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
use tacit_program::{reduce_operand, shape_bits, EinsumPlan, Ends, Prepared, Side, Trace};
use tacit_transcript::Writer;
use tacit_verifier::{CommonPoint, VerifyError};

use crate::hooks::Hooks;
use operands::Operands;
use tacit_sumcheck::rounds::{self, eq_line, times};

mod operands;

/// One einsum in the sumcheck.
struct Term {
    scale: K,
    /// eq of the batch coordinates that are bound.
    bound: K,
    operands: Operands,
    /// The sum over all its variables, without the scale.
    total: K,
}

impl Term {
    fn new(
        prepared: &Prepared,
        index: usize,
        trace: &Trace,
        common: &CommonPoint,
    ) -> Result<Self, VerifyError> {
        let plan: &EinsumPlan = &prepared.einsums[index];
        let out = common.suffix(shape_bits(&plan.out_shape))?;
        let reduced = |side| reduce_operand(prepared, index, side, trace, out);
        let a = reduced(Side::A)?;
        let b = match plan.ends {
            Ends::Same => None,
            _ => Some(reduced(Side::B)?),
        };
        let batch = plan.batch_point(out)?;
        let rounds = prepared.sizes.einsum_rounds;
        Ok(Self {
            scale: common.einsums[index] * half_power(rounds - plan.bits),
            bound: K::ONE,
            total: sum(&eq_table(&batch), &a, b.as_deref().unwrap_or(&a)),
            operands: Operands::new(batch, a, b),
        })
    }

    /// Values at 0, 1, 2, 3 of this term's round, `left` variables before its end.
    fn round(&mut self, left: usize) -> [K; 4] {
        if self.operands.log() < left {
            // Constant in this variable and in the free ones after it.
            let free = left - 1 - self.operands.log();
            return [self.scale * self.total * F::TWO.exp_u64(free as u64); 4];
        }
        let line = match self.operands.coordinate() {
            Some(r) => eq_line(r, self.scale * self.bound),
            None => [self.scale * self.bound; 4],
        };
        times(line, self.operands.quadratic().values())
    }

    /// Binds its front variable.
    fn bind(&mut self, rho: K) {
        if let Some(r) = self.operands.coordinate() {
            self.bound *= K::ONE - r + rho * (r + r - K::ONE);
        }
        self.operands.bind(rho);
    }
}

/// sum of eq * a * b, eq over the front variables.
fn sum(eq: &[K], a: &[K], b: &[K]) -> K {
    let block = a.len() / eq.len();
    let rows = eq
        .par_iter()
        .zip(a.par_chunks(block).zip(b.par_chunks(block)));
    let one =
        |(&w, (a, b)): (&K, (&[K], &[K]))| w * a.iter().zip(b).map(|(&x, &y)| x * y).sum::<K>();
    rows.with_min_len((1 << 10) / block + 1).map(one).sum()
}

/// Sends the sumcheck and the ends of every einsum, and records their triples. Nothing for a program without einsums.
pub fn prove<H: Hooks>(
    writer: &mut Writer,
    prepared: &Prepared,
    trace: &Trace,
    common: &CommonPoint,
    triples: &mut Vec<[K; 3]>,
    hooks: &mut H,
) -> Result<(), VerifyError> {
    let count = prepared.einsums.len();
    if count == 0 {
        return Ok(());
    }
    let new = |i| Term::new(prepared, i, trace, common);
    let terms: Result<Vec<Term>, _> = (0..count).into_par_iter().map(new).collect();
    let mut terms = terms?;
    let rounds = prepared.sizes.einsum_rounds as usize;
    for left in (1..=rounds).rev() {
        let add = |x: [K; 4], y: [K; 4]| [x[0] + y[0], x[1] + y[1], x[2] + y[2], x[3] + y[3]];
        let zero = [K::ZERO; 4];
        let values = terms
            .par_iter_mut()
            .map(|t| t.round(left))
            .reduce(|| zero, add);
        let rho = rounds::send(writer, values);
        terms
            .par_iter_mut()
            .filter(|t| t.operands.log() == left)
            .for_each(|t| t.bind(rho));
    }
    for (plan, term) in prepared.einsums.iter().zip(&terms) {
        let (a, b) = term.operands.ends();
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
    Ok(())
}
