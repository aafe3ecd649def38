//! All claims as one: its scalars sigma^(k+2), its constant, and the single cells that it names (docs/protocol/protocol.md, section 6
//! "Opening").

use crate::claims::OpeningClaims;
use crate::PcsError;
use p3_field::PrimeCharacteristicRing;
use tacit_algebra::field::k_units;
use tacit_algebra::{powers, K};

/// sigma^2, sigma^3, ..: one for each claim, then for each binding.
pub fn collapse_powers(st: &OpeningClaims, sigma: K) -> Vec<K> {
    powers(sigma, st.claims.len() + st.bindings.len() + 2).split_off(2)
}

/// One scalar for each claim and each binding: with fewer, the last of them would not be checked.
///
/// # Errors
/// `program`.
pub fn check_scalars(st: &OpeningClaims, scalars: &[K]) -> Result<(), PcsError> {
    if scalars.len() == st.claims.len() + st.bindings.len() {
        return Ok(());
    }
    Err(PcsError::Statement {
        claim: st.claims.len(),
        reason: "another number of scalars than of claims and bindings",
    })
}

/// sum over claims and bindings of sigma^(k+2) const_k; a binding's constant is -y.
///
/// # Errors
/// `program` for another number of scalars.
pub fn collapse_constant(st: &OpeningClaims, scalars: &[K]) -> Result<K, PcsError> {
    check_scalars(st, scalars)?;
    let claims = st.claims.iter().map(|c| c.constant);
    let bindings = st.bindings.iter().map(|b| -b.y);
    let constants = claims.chain(bindings).zip(scalars);
    Ok(constants.map(|(c, &s)| c * s).sum())
}

/// Single cells with a coefficient, as (slab, cell, coefficient): pads, and what the y pads weigh beside the powers of z.
/// `check_scalars` must hold.
pub fn single_cells(st: &OpeningClaims, scalars: &[K]) -> Vec<(usize, usize, K)> {
    let units = k_units();
    // Nothing opened has no witness: the cells of its pads lie in no slab then, and are refused.
    let witness = st.opened.len().wrapping_sub(1);
    let all_pads = st.claims.iter().flat_map(|c| &c.pads);
    let count = all_pads.map(|&(pad, _)| pad as usize + 1).max();
    let mut pads = vec![K::ZERO; count.unwrap_or(0)];
    for (claim, &s) in st.claims.iter().zip(scalars) {
        for &(pad, c) in &claim.pads {
            pads[pad as usize] += c * s;
        }
    }
    let mut out = Vec::with_capacity(3 * (pads.len() + st.bindings.len()));
    for (i, &p) in pads.iter().enumerate() {
        if p != K::ZERO {
            out.extend((0..3).map(|d| (witness, st.pad_base + 3 * i + d, p * units[d])));
        }
    }
    for (b, &s) in st.bindings.iter().zip(scalars.iter().skip(st.claims.len())) {
        let mut power = b.z.exp_u64(b.pad_cell as u64);
        for (d, &unit) in units.iter().enumerate() {
            power *= b.z;
            out.push((b.slab, b.pad_cell + d, s * (b.z0 * unit - power)));
        }
    }
    out
}
