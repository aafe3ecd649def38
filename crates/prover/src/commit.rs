//! A slab's cells from its tensors.

use tacit_algebra::hash::{hash, Digest, Tag};
use tacit_algebra::F;
use tacit_program::{pack, Prepared, Trace, Values};
use zeroize::Zeroizing;

use crate::prove::digest_of_cells;

/// The seed of a private slab: H(T(4, 5) || "tacit slab" || fresh || schema || digest of the cells || budget || fold || parent),
/// with 32 bytes of the operating system's randomness; `parent` is empty, or what a child's master has of its own.
///
/// A machine that repeats its randomness (a restored snapshot) still blinds other values, or another budget, by other rows:
/// two slabs of one seed would show the difference of their values at every opened position.
#[must_use]
pub fn slab_seed(
    fresh: &Digest,
    schema: &Digest,
    cells: &[F],
    budget: u32,
    fold: u8,
    parent: &[u8],
) -> Zeroizing<Digest> {
    let digest = Zeroizing::new(digest_of_cells(cells));
    let budget = budget.to_be_bytes();
    let parts = [
        b"tacit slab",
        &fresh[..],
        schema,
        &digest[..],
        &budget,
        &[fold],
        parent,
    ];
    Zeroizing::new(hash(Tag::Stream, 5, &parts))
}

/// The cells of a long-lived slab in layout order, as `tacit_pcs::commit` takes them. Values of other tensors are ignored;
/// a tensor of the slab without values (or with the wrong number of them) leaves zeros.
#[must_use]
pub fn slab_cells(prepared: &Prepared, slab: usize, values: &[(u32, Values)]) -> Vec<F> {
    let mut trace = Trace {
        tensors: vec![Values::default(); prepared.program.tensors.len()],
        ..Trace::default()
    };
    for (tensor, values) in values {
        if let Some(place) = trace.tensors.get_mut(*tensor as usize) {
            *place = values.clone();
        }
    }
    pack(prepared, slab, &trace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use p3_field::PrimeCharacteristicRing;

    /// The same bytes of the operating system: another seed for whatever else differs.
    #[test]
    fn seeds_are_hedged() {
        let cells: Vec<F> = (0..100).map(F::from_u64).collect();
        let mut other = cells.clone();
        other[99] += F::ONE;
        let (fresh, schema) = ([1; 32], [2; 32]);
        let seeds = [
            slab_seed(&fresh, &schema, &cells, 3, 4, b""),
            slab_seed(&[3; 32], &schema, &cells, 3, 4, b""),
            slab_seed(&fresh, &[3; 32], &cells, 3, 4, b""),
            slab_seed(&fresh, &schema, &other, 3, 4, b""),
            slab_seed(&fresh, &schema, &cells, 4, 4, b""),
            slab_seed(&fresh, &schema, &cells, 3, 5, b""),
            slab_seed(&fresh, &schema, &cells, 3, 4, b"parent"),
        ];
        assert_eq!(seeds[0], slab_seed(&fresh, &schema, &cells, 3, 4, b""));
        let distinct: std::collections::HashSet<Digest> = seeds.iter().map(|s| **s).collect();
        assert_eq!(distinct.len(), seeds.len());
    }
}
