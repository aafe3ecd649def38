//! The verifier's half: n rounds are read, and the claim moves from the sum to one point. Total on hostile bytes.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::as_conversions,
        clippy::unreachable,
        clippy::todo
    )
)]

use p3_field::PrimeCharacteristicRing;
use tacit_algebra::field::half_power;
use tacit_algebra::{Affine, F, K};
use tacit_transcript::{ReadError, Reader};

use crate::{ROUND, VALUES};

/// Why a round is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RoundError {
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A message of another number of values. No reader gives one; a default in their place would drop a part of the claim.
    #[error("a round has {} values, got {got}", VALUES)]
    Values { got: usize },
}

/// The Lagrange basis of the nodes 0, 1, 2, 3 at x.
fn lagrange(x: K) -> [K; 4] {
    let half = half_power(1);
    // 1/6 = (1/2) (1/3), and 3 * (2p + 1) / 3 = 1 modulo p since p = 1 mod 3.
    let sixth = half * third();
    let (x1, x2, x3) = (x - F::ONE, x - F::TWO, x - F::from_u8(3));
    let (low, high) = (x * x1, x2 * x3);
    [
        -(x1 * high) * sixth,
        x * high * half,
        -(low * x3) * half,
        low * x2 * sixth,
    ]
}

/// 1/3 in F.
fn third() -> F {
    F::from_u64((tacit_algebra::P - 1) / 3 * 2 + 1)
}

/// One round's part of the new claim: c' = keep * c + sum of coefficient * pad or sent value.
struct Round {
    keep: K,
    constant: K,
    pads: Vec<(u32, K)>,
}

/// n rounds on the claim c. Returns the point and the claim at it: s(rho) = L1 c + (L0 - L1) s0 + L2 s2 + L3 s3.
///
/// The claim may be a large form (the einsums start from one): it is scaled once, by the product of all L1.
///
/// # Errors
/// When the argument's bytes run out or are not canonical.
pub fn verify(
    reader: &mut Reader<'_>,
    rounds: usize,
    claim: &Affine,
) -> Result<(Vec<K>, Affine), RoundError> {
    let mut point = Vec::with_capacity(rounds);
    let mut parts = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let sent: [Affine; VALUES] = reader
            .padded(ROUND, VALUES)?
            .try_into()
            .map_err(|sent: Vec<Affine>| RoundError::Values { got: sent.len() })?;
        let rho = reader.challenge(ROUND);
        let [l0, l1, l2, l3] = lagrange(rho);
        let mut round = Round {
            keep: l1,
            constant: K::ZERO,
            pads: Vec::with_capacity(3),
        };
        for (value, weight) in sent.iter().zip([l0 - l1, l2, l3]) {
            round.constant += weight * value.constant;
            round
                .pads
                .extend(value.pads.iter().map(|&(pad, c)| (pad, weight * c)));
        }
        point.push(rho);
        parts.push(round);
    }
    // Backwards: what a round adds is scaled by the L1 of all later rounds.
    let mut keep = K::ONE;
    let mut fresh = Affine::default();
    for round in parts.iter().rev() {
        fresh.constant += keep * round.constant;
        fresh
            .pads
            .extend(round.pads.iter().rev().map(|&(pad, c)| (pad, keep * c)));
        keep *= round.keep;
    }
    fresh.pads.reverse();
    let mut out = claim.scaled(keep);
    out.add_scaled(&fresh, K::ONE);
    Ok((point, out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_basis_is_one_at_its_own_node() {
        for i in 0..4u8 {
            let l = lagrange(K::from_u8(i));
            for (j, v) in l.into_iter().enumerate() {
                assert_eq!(v, if j == usize::from(i) { K::ONE } else { K::ZERO });
            }
        }
    }
}
