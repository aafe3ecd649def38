//! Einsums: one sumcheck for all of them, started from what is left at the common point.
//!
//! ```text
//! -D_0 = sum over {0,1}^n of sum_e w_e 2^-(n - n_e) eq(r_batch, x_batch) a_e(x) b_e(x)
//! ```
//!
//! with a_e(x) = sum over a's free indices of eq(r_free, .) a, einsum e reading the last n_e variables only. The claim it starts
//! from is a form on committed cells, so nothing is sent for it. The prover's half is `tacit_prover::einsum`.

use p3_field::PrimeCharacteristicRing;
use tacit_algebra::field::half_power;
use tacit_algebra::{Affine, K};
use tacit_program::{EinsumPlan, Ends, Expr, Prepared, Publics, Side};
use tacit_transcript::Reader;

use crate::claim::{combine, difference, eq_points, Claim, Triple};
use crate::common_point::{usize_of, CommonPoint};
use crate::error::{exactly, VerifyError};

/// Discharges D = 0: appends the claims on operands and the last claim.
///
/// # Errors
/// When the argument's bytes run out or are not canonical; `program` when the plans are not the program's.
pub(crate) fn verify(
    reader: &mut Reader<'_>,
    prepared: &Prepared,
    publics: &Publics,
    common: &CommonPoint,
    triples: &mut Vec<Triple>,
    claims: &mut Vec<Claim>,
) -> Result<(), VerifyError> {
    if prepared.einsums.is_empty() {
        claims.push(Claim::new("lookup inputs and zeros", common.rest.clone()));
        return Ok(());
    }
    let rounds = prepared.sizes.einsum_rounds;
    let start = common.rest.scaled(K::NEG_ONE);
    let (point, claim) = tacit_sumcheck::verify(reader, usize_of(rounds), &start)?;
    let mut parts = vec![(K::ONE, claim)];
    let counts = [prepared.program.einsums.len(), common.einsums.len()];
    if counts != [prepared.einsums.len(); 2] {
        let expected = format!(
            "{} einsums and as many coefficients",
            prepared.einsums.len()
        );
        return Err(VerifyError::mismatch(
            "einsums",
            expected,
            format!("{counts:?}"),
        ));
    }
    let all = prepared.einsums.iter().zip(&prepared.program.einsums);
    for ((plan, einsum), &coefficient) in all.zip(&common.einsums) {
        let short = || {
            let expected = format!("at least {} coordinates of the sumcheck", plan.bits);
            VerifyError::mismatch(&format!("einsum {}", einsum.name), expected, point.len())
        };
        let free = rounds.checked_sub(plan.bits).ok_or_else(short)?;
        let inner = point.get(usize_of(free)..).ok_or_else(short)?;
        let at = At {
            prepared,
            publics,
            plan,
            name: &einsum.name,
            out: common.suffix(tacit_program::shape_bits(&plan.out_shape))?,
            inner,
        };
        let product = at.ends(reader, (&einsum.a, &einsum.b), triples, claims)?;
        let batch = plan.batch_point(at.out)?;
        let here = inner.get(..batch.len()).ok_or_else(short)?;
        let scale = coefficient * half_power(free) * eq_points("einsums", &batch, here)?;
        parts.push((-scale, product));
    }
    let last = combine(parts.iter().map(|(c, x)| (*c, x)));
    claims.push(Claim::new("einsums, lookup inputs and zeros", last));
    Ok(())
}

/// One einsum at the end of the sumcheck.
struct At<'a> {
    prepared: &'a Prepared,
    publics: &'a Publics,
    plan: &'a EinsumPlan,
    name: &'a str,
    /// The point of the output's shape.
    out: &'a [K],
    /// The sumcheck's last n_e coordinates.
    inner: &'a [K],
}

impl At<'_> {
    /// The extension of an operand's expression at the point. Operands read tensors only: no einsum value is left in it.
    fn operand(&self, side: Side, expr: &Expr) -> Result<Affine, VerifyError> {
        let point = self.plan.operand_point(side, self.out, self.inner)?;
        let shape = self.plan.operand_shape(side);
        let value = self.prepared.expr_at(expr, shape, &point, self.publics)?;
        if value.einsums.is_empty() {
            return Ok(value.affine);
        }
        Err(self.mismatch("operands of tensors", "one of an einsum"))
    }

    /// The value of an operand that the verifier knows.
    fn known(&self, side: Side, expr: &Expr) -> Result<K, VerifyError> {
        let value = self.operand(side, expr)?;
        if value.is_constant() {
            return Ok(value.constant);
        }
        Err(self.mismatch("a public operand", "a committed one"))
    }

    fn mismatch(&self, expected: &str, got: &str) -> VerifyError {
        VerifyError::mismatch(&format!("einsum {}", self.name), expected, got)
    }

    /// Reads what is sent for this einsum, claims the operands, and returns the product's value.
    fn ends(
        &self,
        reader: &mut Reader<'_>,
        (a, b): (&Expr, &Expr),
        triples: &mut Vec<Triple>,
        claims: &mut Vec<Claim>,
    ) -> Result<Affine, VerifyError> {
        let count = usize_of(self.plan.ends.count());
        let sent = if count == 0 {
            Vec::new()
        } else {
            reader.padded("ends", count)?
        };
        let mut claim = |side: Side, value: &Affine, expr: &Expr| -> Result<(), VerifyError> {
            let label = format!(
                "einsum {} {}",
                self.name,
                if side == Side::A { "a" } else { "b" }
            );
            claims.push(Claim::new(
                label,
                difference(value, &self.operand(side, expr)?),
            ));
            Ok(())
        };
        Ok(match self.plan.ends {
            Ends::None => Affine::constant(self.known(Side::A, a)? * self.known(Side::B, b)?),
            Ends::A => {
                let [value] = exactly("ends", sent)?;
                claim(Side::A, &value, a)?;
                value.scaled(self.known(Side::B, b)?)
            }
            Ends::B => {
                let [value] = exactly("ends", sent)?;
                claim(Side::B, &value, b)?;
                value.scaled(self.known(Side::A, a)?)
            }
            Ends::Same => {
                let [value, product] = exactly("ends", sent)?;
                claim(Side::A, &value, a)?;
                triples.push(Triple::new(value.clone(), value, product.clone()));
                product
            }
            Ends::Both => {
                let [left, right, product] = exactly("ends", sent)?;
                claim(Side::A, &left, a)?;
                claim(Side::B, &right, b)?;
                triples.push(Triple::new(left, right, product.clone()));
                product
            }
        })
    }
}
