//! With the secrets in hand, the labels of the claims that are false: for tests and for a prover's last look at itself.

use p3_field::PrimeCharacteristicRing;
use tacit_algebra::{Affine, F, K};

use crate::claim::Claim;

/// The labels of the false claims, in order. `cells` holds the cells of every slab, the witness last; `pads` their values.
#[must_use]
pub fn audit(claims: &[Claim], cells: &[&[F]], pads: &[K]) -> Vec<String> {
    claims
        .iter()
        .filter(|c| value(&c.affine, cells, pads) != K::ZERO)
        .map(|c| c.label.clone())
        .collect()
}

/// The value of an affine form. Cells and pads that do not exist are zero.
pub fn value(affine: &Affine, cells: &[&[F]], pads: &[K]) -> K {
    let mut sum = affine.constant;
    for &(pad, weight) in &affine.pads {
        let pad = usize::try_from(pad).ok().and_then(|i| pads.get(i));
        sum += weight * pad.copied().unwrap_or(K::ZERO);
    }
    for form in &affine.forms {
        let slab = cells.get(form.slab).copied().unwrap_or(&[]);
        let block = 1usize
            .checked_shl(u32::try_from(form.block_bits()).unwrap_or(u32::MAX))
            .unwrap_or(0);
        let inside = slab.iter().enumerate().skip(form.offset).take(block);
        for (cell, &x) in inside {
            if x != F::ZERO {
                sum += form.weight(cell) * x;
            }
        }
    }
    sum
}
