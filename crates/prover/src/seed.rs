//! Seeds: where all that hides is drawn from. The operating system's randomness, hedged with everything secret and the statement.

use rayon::prelude::*;
use tacit_algebra::hash::{hash, hash_many, tag_word, Digest, Tag};
use tacit_algebra::{Key, F};
use zeroize::Zeroizing;

/// The seed of one proof: H(operating system || slab seeds || witness || state). A machine that repeats its randomness (a
/// restored snapshot) still draws fresh pads for another statement or another witness.
pub(crate) fn proof_seed(fresh: &Digest, slabs: &[&[u8]], cells: &[F], state: &Digest) -> Key {
    let witness = Zeroizing::new(digest_of_cells(cells));
    let mut parts: Vec<&[u8]> = vec![b"tacit prover", fresh];
    parts.extend(slabs);
    parts.extend([&witness[..], state]);
    // n = 1 keeps this apart from every use of a verifier.
    Key::new(&Zeroizing::new(hash(Tag::Stream, 1, &parts)))
}

/// The seed of a private slab: H(T(4, 5) || "tacit slab" || fresh || schema || digest of the cells || allowance || fold || parent),
/// with 32 bytes of the operating system's randomness; `parent` is empty, or what a child's master has of its own.
///
/// A machine that repeats its randomness (a restored snapshot) still blinds other values, or another allowance, by other rows:
/// two slabs of one seed would show the difference of their values at every opened position.
#[must_use]
pub fn slab_seed(
    fresh: &Digest,
    schema: &Digest,
    cells: &[F],
    allowance: u32,
    fold: u8,
    parent: &[u8],
) -> Key {
    let digest = Zeroizing::new(digest_of_cells(cells));
    let allowance = allowance.to_be_bytes();
    let parts = [
        b"tacit slab",
        &fresh[..],
        schema,
        &digest[..],
        &allowance,
        &[fold],
        parent,
    ];
    Key::new(&Zeroizing::new(hash(Tag::Stream, 5, &parts)))
}

/// A hash of the cells, blocks of them side by side.
fn digest_of_cells(cells: &[F]) -> Digest {
    const BLOCK: usize = 512;
    const LANES: usize = 8;
    let blocks: Vec<Digest> = cells
        .par_chunks(BLOCK * LANES)
        .flat_map_iter(|part| {
            let mut input = Zeroizing::new(Vec::with_capacity((BLOCK + 1) * 8 * LANES));
            for block in part.chunks(BLOCK) {
                input.extend_from_slice(&tag_word(Tag::Stream, 2));
                block
                    .iter()
                    .for_each(|&x| input.extend_from_slice(&tacit_algebra::field::f_to_bytes(x)));
                let whole = input.len() + (BLOCK - block.len()) * 8;
                input.resize(whole, 0);
            }
            let mut out = vec![Digest::default(); part.len().div_ceil(BLOCK)];
            hash_many(&input, &mut out);
            out
        })
        .collect();
    hash(Tag::Stream, 3, &[blocks.as_flattened()])
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
        let again = slab_seed(&fresh, &schema, &cells, 3, 4, b"");
        assert_eq!(*seeds[0], *again);
        let distinct: std::collections::HashSet<Digest> = seeds.iter().map(|s| **s).collect();
        assert_eq!(distinct.len(), seeds.len());
    }

    #[test]
    fn seeds_of_proofs_are_hedged() {
        let cells: Vec<F> = (0..5000).map(F::from_u64).collect();
        let mut other = cells.clone();
        other[4999] += F::ONE;
        let (fresh, state, one, two) = ([1; 32], [2; 32], [3; 32], [4; 32]);
        let seeds = [
            proof_seed(&fresh, &[&one, &two], &cells, &state),
            proof_seed(&[5; 32], &[&one, &two], &cells, &state),
            proof_seed(&fresh, &[&one, &one], &cells, &state),
            proof_seed(&fresh, &[&two, &two], &cells, &state),
            proof_seed(&fresh, &[&one], &cells, &state),
            proof_seed(&fresh, &[&one, &two], &other, &state),
            proof_seed(&fresh, &[&one, &two], &cells[..4999], &state),
            proof_seed(&fresh, &[&one, &two], &cells, &[5; 32]),
        ];
        let again = proof_seed(&fresh, &[&one, &two], &cells, &state);
        assert_eq!(*seeds[0], *again);
        let distinct: std::collections::HashSet<Digest> = seeds.iter().map(|s| **s).collect();
        assert_eq!(distinct.len(), seeds.len());
    }
}
