//! Sizes that the program alone decides (docs/protocol/protocol.md section 5).

use crate::layout::einsums::EinsumPlan;
use crate::syntax::shape::{entries, shape_bits};
use crate::syntax::tables::table_len;
use crate::syntax::types::Program;
use tacit_algebra::bits;

/// What a block of leaves belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    Lookup(u32),
    Table(u32),
}

/// 2^bits leaves from `offset`, aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    pub item: Item,
    pub offset: u64,
    pub bits: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Blocks of the lookup tree, largest first.
    pub blocks: Vec<Block>,
    /// d.
    pub depth: u32,
    /// Leaves of lookup blocks at invalid indices.
    pub n_pad: u64,
    pub arity: u32,
    /// n, the rounds of the einsum sumcheck.
    pub einsum_rounds: u32,
    /// Einsums whose product is proven.
    pub products: u32,
    pub triples: u32,
    /// z.
    pub product_rounds: u32,
    pub pads: u32,
}

impl Sizes {
    pub(crate) fn new(program: &Program, einsums: &[EinsumPlan]) -> Self {
        let (blocks, leaves, n_pad) = blocks(program);
        let depth = bits(leaves);
        let d = depth;
        let zeros = program.zeros.iter().map(|z| shape_bits(&z.shape));
        let outs = einsums.iter().map(|e| shape_bits(&e.out_shape));
        let arity = zeros.chain(outs).fold(d, u32::max);
        let n = einsums.iter().map(|e| e.bits).max().unwrap_or(0);
        let products = einsums.iter().filter(|e| e.ends.is_product()).count() as u32;
        let ends: u32 = einsums.iter().map(|e| e.ends.count()).sum();
        let (tree_triples, tree_pads) = if program.lookups.is_empty() {
            (0, 0)
        } else {
            (1 + 3 * d, 2 + 3 * d * d.saturating_sub(1) / 2 + 7 * d)
        };
        let triples = tree_triples + products + 3;
        let z = bits(triples as u64);
        let pads = tree_pads + 3 * n + ends + 3 + 3 * z;
        Self {
            blocks,
            depth,
            n_pad,
            arity,
            einsum_rounds: n,
            products,
            triples,
            product_rounds: z,
            pads,
        }
    }
}

/// Blocks in the tree's order, the number of leaves, and the leaves of lookups at invalid indices.
fn blocks(program: &Program) -> (Vec<Block>, u64, u64) {
    let lookups = (0u32..)
        .zip(&program.lookups)
        .map(|(i, l)| (Item::Lookup(i), shape_bits(&l.shape)));
    let tables = (0u32..)
        .zip(&program.tables)
        .map(|(i, t)| (Item::Table(i), bits(table_len(&t.kind) as u64)));
    let mut items: Vec<(Item, u32)> = lookups.chain(tables).collect();
    items.sort_by_key(|&(_, bits)| std::cmp::Reverse(bits));
    let mut offset = 0u64;
    let mut out = Vec::with_capacity(items.len());
    for (item, bits) in items {
        out.push(Block { item, offset, bits });
        offset += 1 << bits;
    }
    let n_pad = program
        .lookups
        .iter()
        .map(|l| (1u64 << shape_bits(&l.shape)) - entries(&l.shape) as u64)
        .sum();
    (out, offset, n_pad)
}
