//! What an opening proves: claims on cells of slabs, and where the cells are (docs/protocol/protocol.md, sections 3 and 4).

use tacit_algebra::hash::Digest;
use tacit_algebra::{bits, Affine, K};
use tacit_params::Geometry;

/// The columns of a proof: those of the program's slabs in order, then the witness slab's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    /// First column of each slab, the witness last.
    pub base: Vec<usize>,
    /// C of each slab, the witness last.
    pub columns: Vec<u32>,
    /// bits(number of columns).
    pub k0: u32,
}

impl Columns {
    /// From C of each slab, the witness last.
    #[must_use]
    pub fn new(columns: Vec<u32>) -> Self {
        let mut at = 0;
        let base = columns
            .iter()
            .map(|&c| {
                let first = at;
                at += c as usize;
                first
            })
            .collect();
        Self {
            base,
            columns,
            k0: bits(at as u64),
        }
    }

    /// All columns, virtual ones not counted.
    #[must_use]
    pub fn total(&self) -> usize {
        self.columns.iter().map(|&c| c as usize).sum()
    }
}

/// What a verifier knows of one tree: its root, its committed columns (for the witness slab without g's three), whether leaves are salted.
#[derive(Clone, Copy, Debug)]
pub struct Opened<'a> {
    pub root: &'a Digest,
    pub columns: u32,
    pub salted: bool,
}

/// sum over the C*R cells of w_j cell_j = y, w_j = z^(j+1), but z0 u^d for the y pad's cells pad_cell + d.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    pub slab: usize,
    pub z: K,
    pub z0: K,
    pub pad_cell: usize,
    pub cells: usize,
    pub y: K,
}

/// Everything an opening is about. Both sides build it from public things only.
#[derive(Clone, Debug)]
pub struct OpeningClaims<'a> {
    pub geometry: &'a Geometry,
    /// The program's slabs in order, the witness last.
    pub opened: Vec<Opened<'a>>,
    pub k0: u32,
    /// B, the cell of pad 0 in the witness slab.
    pub pad_base: usize,
    /// Each must be zero. A form's slab is its place in `opened`.
    pub claims: &'a [Affine],
    /// They follow the claims in the powers of sigma.
    pub bindings: Vec<Binding>,
}

impl OpeningClaims<'_> {
    /// Rank-one terms of the blinding form: k0 + 1.
    ///
    /// What is sent in clear shows k0 + 1 values of K of a column, and one term gives it one of blinding. So every column hides
    /// alone: the others may be public, or private to somebody who reads the proof (security.md, section 5).
    #[must_use]
    pub fn blinding_rank(&self) -> usize {
        (self.k0 as usize).saturating_add(1)
    }
}
