//! Where a code word is evaluated: x_j = 7 w^j, w of order 2^log (docs/protocol/protocol.md, section 4).

use p3_field::PrimeCharacteristicRing;
use tacit_algebra::{two_adic, F};

/// x_j of the code of length 2^log.
#[cfg(feature = "prove")]
pub fn point(log: u8, j: usize) -> F {
    F::from_u64(7) * two_adic(log).exp_u64(j as u64)
}

/// x_j for several j.
pub fn points(log: u8, positions: &[usize]) -> Vec<F> {
    let w = two_adic(log);
    let at = |&j: &usize| F::from_u64(7) * w.exp_u64(j as u64);
    positions.iter().map(at).collect()
}
