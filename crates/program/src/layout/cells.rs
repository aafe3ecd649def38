//! Where the cells of a slab's tensors lie (docs/protocol/program.md section 4).

use crate::error::Result;
use crate::syntax::shape::shape_bits;
use crate::syntax::tables::table_len;
use crate::syntax::types::{Place, Program};
use tacit_algebra::encoding;
use tacit_algebra::hash::{hash, Digest, Tag};

/// The tensors of one slab, largest padded block first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Tensor indices in the order of their blocks; `tensors.len() + j` is table j's multiplicities.
    pub order: Vec<u32>,
    /// Where each block of `order` starts.
    pub offsets: Vec<usize>,
    /// The end of the last block.
    pub cells: usize,
    by_tensor: std::collections::HashMap<u32, usize>,
}

impl Layout {
    /// `slab == program.slabs.len()` is the witness slab.
    pub(crate) fn new(program: &Program, slab: usize) -> Self {
        let witness = slab == program.slabs.len();
        let here = |place: &Place| match place {
            Place::Slab(s) => !witness && *s as usize == slab,
            Place::Witness => witness,
            _ => false,
        };
        let mut blocks: Vec<(u32, u32)> = (0u32..)
            .zip(&program.tensors)
            .filter(|(_, t)| here(&t.place))
            .map(|(i, t)| (i, shape_bits(&t.shape)))
            .collect();
        if witness {
            let first = program.tensors.len() as u32;
            blocks.extend(
                (first..)
                    .zip(&program.tables)
                    .map(|(i, t)| (i, shape_bits(&[table_len(&t.kind)]))),
            );
        }
        // Stable: ties stay in the order of their indices.
        blocks.sort_by_key(|&(_, bits)| std::cmp::Reverse(bits));
        let (mut offsets, mut cells) = (Vec::with_capacity(blocks.len()), 0usize);
        for &(_, bits) in &blocks {
            offsets.push(cells);
            cells += 1 << bits;
        }
        let order: Vec<u32> = blocks.iter().map(|&(i, _)| i).collect();
        let by_tensor = order.iter().copied().zip(offsets.iter().copied()).collect();
        Self {
            order,
            offsets,
            cells,
            by_tensor,
        }
    }

    /// The first cell of a tensor of this slab.
    pub fn offset_of(&self, tensor: u32) -> Option<usize> {
        self.by_tensor.get(&tensor).copied()
    }
}

/// (name, shape, lo, hi) of a slab's tensors in layout order; the witness slab's multiplicities are no tensors.
pub(crate) fn schema_tensors(
    program: &Program,
    layout: &Layout,
) -> Vec<(String, Vec<u32>, i64, i64)> {
    let tensors = layout
        .order
        .iter()
        .filter_map(|&i| program.tensors.get(i as usize));
    tensors
        .map(|t| (t.name.clone(), t.shape.clone(), t.lo, t.hi))
        .collect()
}

/// keccak256(T(8, 0) || borsh of the tensors).
///
/// # Errors
/// `too_large` when a list has more than 2^32 - 1 entries.
pub fn schema_digest(tensors: &[(String, Vec<u32>, i64, i64)]) -> Result<Digest> {
    let bytes = encoding::encode("schema", tensors)?;
    Ok(hash(Tag::Schema, 0, &[&bytes]))
}
