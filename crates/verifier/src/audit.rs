//! With the secrets in hand, the labels of the claims that are false: for tests and for a prover's last look at itself.

use p3_field::PrimeCharacteristicRing;
use tacit_algebra::{Affine, F, K};

use crate::claim::Claim;
use crate::common_point::usize_of;

/// The labels of the false claims, in order; a claim on what there is not is false. `cells` holds the cells of every slab, the
/// witness last; `pads` their values.
#[must_use]
pub fn audit(claims: &[Claim], cells: &[&[F]], pads: &[K]) -> Vec<String> {
    claims
        .iter()
        .filter(|c| value(&c.affine, cells, pads) != Some(K::ZERO))
        .map(|c| c.label.clone())
        .collect()
}

/// The value of an affine form; `None` when it reads a pad, a slab or a cell that does not exist.
#[must_use]
pub fn value(affine: &Affine, cells: &[&[F]], pads: &[K]) -> Option<K> {
    let mut sum = affine.constant;
    for &(pad, weight) in &affine.pads {
        sum += weight * *pads.get(usize_of(pad))?;
    }
    for form in &affine.forms {
        let size = 1usize.checked_shl(u32::try_from(form.block_bits()).ok()?)?;
        let end = form.offset.checked_add(size)?;
        let block = cells.get(form.slab)?.get(form.offset..end)?;
        for (cell, &x) in (form.offset..end).zip(block) {
            if x != F::ZERO {
                sum += form.weight(cell) * x;
            }
        }
    }
    Some(sum)
}
