//! LogUp as one fractional-sum GKR tree: sum over leaves of numerator / denominator = N_pad / alpha.
//!
//! Every lookup entry contributes 1 / (alpha - tag - beta in - beta^2 out), an invalid index 1 / alpha, a table row -m over the
//! same denominator, an unused leaf 0 / 1. A layer holds p = p_even q_odd + p_odd q_even and q = q_even q_odd of the layer below it.
//! The prover's half is `tacit_prover::lookup_tree`.

use p3_field::PrimeCharacteristicRing;
use tacit_algebra::field::k_inverse;
use tacit_algebra::{Affine, K};
use tacit_transcript::Reader;

use crate::claim::{combine, difference, eq_points, line, Claim, Triple};
use crate::error::{exactly, Slug, VerifyError};

/// Where the tree ends: its leaves' extensions P~(r), Q~(r) are P and Q.
#[derive(Debug)]
pub(crate) struct Leaves {
    pub alpha: K,
    pub beta: K,
    /// d coordinates.
    pub r: Vec<K>,
    pub p: Affine,
    pub q: Affine,
}

/// The seven values at the end of a layer.
struct Ends {
    p: [Affine; 2],
    q: [Affine; 2],
    u: [Affine; 3],
}

/// Walks the tree of 2^depth leaves down to its leaves. `padding` is N_pad.
///
/// # Errors
/// `alpha` when alpha is zero, else when the argument's bytes run out or are not canonical.
pub(crate) fn verify(
    reader: &mut Reader<'_>,
    depth: usize,
    padding: u64,
    triples: &mut Vec<Triple>,
    claims: &mut Vec<Claim>,
) -> Result<Leaves, VerifyError> {
    let alpha = reader.challenge("alpha");
    let beta = reader.challenge("beta");
    let inverse = inverse(alpha)?;
    let [mut q, q_inverse] = exactly("root", reader.padded("root", 2)?)?;
    // The root's denominator is not zero, and its numerator is not sent: P / Q = N_pad / alpha.
    triples.push(Triple::new(q.clone(), q_inverse, Affine::constant(K::ONE)));
    let mut p = q.scaled(inverse * K::from_u64(padding));
    let mut r: Vec<K> = Vec::new();
    for layer in 0..depth {
        let lambda = reader.challenge("lambda");
        let start = combine([(K::ONE, &p), (lambda, &q)]);
        let (mut point, claim) = tacit_sumcheck::verify(reader, layer, &start)?;
        let [p0, p1, q0, q1, u0, u1, u2] = exactly("ends", reader.padded("ends", 7)?)?;
        let ends = Ends {
            p: [p0, p1],
            q: [q0, q1],
            u: [u0, u1, u2],
        };
        // c = eq(r, point) (p0 q1 + p1 q0 + lambda q0 q1).
        let [u0, u1, u2] = &ends.u;
        let sum = combine([(K::ONE, u0), (K::ONE, u1), (lambda, u2)]);
        let value = sum.scaled(eq_points("logup", &r, &point)?);
        claims.push(Claim::new(
            format!("logup layer {layer}"),
            difference(&claim, &value),
        ));
        ends.multiply(triples);
        let s = reader.challenge("descend");
        let ([p0, p1], [q0, q1]) = (&ends.p, &ends.q);
        (p, q) = (line(p0, p1, s), line(q0, q1, s));
        point.push(s);
        r = point;
    }
    Ok(Leaves {
        alpha,
        beta,
        r,
        p,
        q,
    })
}

/// 1 / alpha: padding meets alpha alone.
fn inverse(alpha: K) -> Result<K, VerifyError> {
    k_inverse(alpha).ok_or_else(|| {
        VerifyError::new(Slug::Alpha, "logup", "a challenge that is not zero", "zero")
            .with_remedy("prove again with fresh randomness")
    })
}

impl Ends {
    /// u0 = p0 q1, u1 = p1 q0, u2 = q0 q1.
    fn multiply(&self, triples: &mut Vec<Triple>) {
        let ([p0, p1], [q0, q1], [u0, u1, u2]) = (&self.p, &self.q, &self.u);
        for (a, b, c) in [(p0, q1, u0), (p1, q0, u1), (q0, q1, u2)] {
            triples.push(Triple::new(a.clone(), b.clone(), c.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alpha_is_not_zero() {
        assert_eq!(inverse(K::ZERO).unwrap_err().slug(), "alpha");
        assert_eq!(inverse(K::TWO).unwrap() * K::TWO, K::ONE);
    }
}
