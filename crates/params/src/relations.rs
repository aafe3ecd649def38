//! What a program alone decides: the counts of docs/protocol/protocol.md, section 5.

use crate::Geometry;

/// ceil(log2 n); 0 for n <= 1.
#[must_use]
pub fn bits(n: u64) -> u32 {
    if n <= 1 {
        0
    } else {
        64 - (n - 1).leading_zeros()
    }
}

/// Counts of a program's relations, before any geometry is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Relations {
    /// Valid lookup entries and table rows together; 0 without lookups.
    pub entries: u64,
    /// d, log2 of the tree's leaves; 0 without lookups.
    pub depth: u32,
    /// Coordinates of the common point.
    pub arity: u32,
    /// Zero constraints.
    pub zeros: u32,
    /// Einsums.
    pub einsums: u32,
    /// n, rounds of the einsum sumcheck.
    pub einsum_rounds: u32,
    /// Sum of the einsums' ends.
    pub ends: u32,
    /// Einsums whose operands are both hidden.
    pub products: u32,
}

impl Relations {
    /// Triples of the product check: (1 + 3 d with lookups) + products + 3.
    #[must_use]
    pub fn triples(&self) -> u32 {
        let lookups = if self.entries > 0 {
            self.depth.saturating_mul(3).saturating_add(1)
        } else {
            0
        };
        lookups.saturating_add(self.products).saturating_add(3)
    }

    /// z, rounds of the product check.
    #[must_use]
    pub fn product_rounds(&self) -> u32 {
        bits(u64::from(self.triples()))
    }

    /// Pads of one proof, in K elements.
    #[must_use]
    pub fn pads(&self) -> u64 {
        let d = u64::from(self.depth);
        let tree = if self.entries > 0 {
            2 + 3 * d * d.saturating_sub(1) / 2 + 7 * d
        } else {
            0
        };
        tree + 3 * u64::from(self.einsum_rounds)
            + u64::from(self.ends)
            + 3
            + 3 * u64::from(self.product_rounds())
    }

    /// Claims that the relations leave, without the slabs' binding claims.
    #[must_use]
    pub fn claims(&self) -> u32 {
        let tree = if self.entries > 0 {
            self.depth.saturating_add(1)
        } else {
            0
        };
        let operands = self.ends.saturating_sub(self.products);
        tree.saturating_add(operands).saturating_add(1 + 4)
    }

    /// The shape of this program's proofs over slabs of these sizes.
    #[must_use]
    pub fn shape(&self, geometry: &Geometry, slabs: &[SlabSize], witness_cells: u64) -> Shape {
        let columns: u64 = slabs
            .iter()
            .map(|s| s.columns(geometry.log_rows))
            .sum::<u64>()
            + witness_columns(self, witness_cells, geometry.log_rows);
        Shape {
            lookup_entries: self.entries,
            depth: self.depth,
            arity: self.arity,
            zeros: self.zeros,
            einsum_rounds: self.einsum_rounds,
            triples: self.triples(),
            product_rounds: self.product_rounds(),
            claims: self
                .claims()
                .saturating_add(u32::try_from(slabs.len()).unwrap_or(u32::MAX)),
            k0: bits(columns),
            slab_cells: slabs
                .iter()
                .map(|s| s.columns(geometry.log_rows) << geometry.log_rows.min(24))
                .collect(),
        }
    }
}

/// C_w: the witness slab's columns, its pads included (`cells` are those of its tensors).
#[must_use]
pub fn witness_columns(relations: &Relations, cells: u64, log_rows: u8) -> u64 {
    columns_of(cells.saturating_add(3 * relations.pads()), log_rows)
}

fn columns_of(cells: u64, log_rows: u8) -> u64 {
    cells.div_ceil(1 << log_rows.min(24)).max(1)
}

/// A long-lived slab as a geometry sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlabSize {
    /// Cells of its tensors.
    pub cells: u64,
    /// Blinded and salted.
    pub private: bool,
    /// n, proofs the blinding is made for (of no meaning in a public slab).
    pub proofs: u32,
    /// Link cells (rotation); a geometry also carries the slab with fewer of them.
    pub links: u16,
}

impl SlabSize {
    /// C = ceil((cells + 3 + 3 links) / R).
    #[must_use]
    pub fn columns(&self, log_rows: u8) -> u64 {
        columns_of(
            self.cells.saturating_add(3 + 3 * u64::from(self.links)),
            log_rows,
        )
    }
}

/// One kind of proof made under a geometry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// Counts of its program.
    pub relations: Relations,
    /// Cells of its witness slab's tensors and multiplicities, without pads.
    pub witness_cells: u64,
}

/// What the soundness of one proof depends on beside the geometry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Valid lookup entries and table rows together; 0 without lookups.
    pub lookup_entries: u64,
    /// d, log2 of the tree's leaves.
    pub depth: u32,
    /// Coordinates of the common point.
    pub arity: u32,
    /// Zero constraints.
    pub zeros: u32,
    /// n, rounds of the einsum sumcheck.
    pub einsum_rounds: u32,
    /// Triples of the product check.
    pub triples: u32,
    /// z, rounds of the product check.
    pub product_rounds: u32,
    /// All claims of the collapse, the binding claims included.
    pub claims: u32,
    /// Rounds of the column fold.
    pub k0: u32,
    /// C R of every long-lived slab.
    pub slab_cells: Vec<u64>,
}

/// T >= n (t + 3 (k0 + 1)): the blinding rows of a private slab. Saturates.
#[must_use]
pub fn t_blinding(n: u32, t: u16, k0: u32) -> u32 {
    let fold = 3 * (u64::from(k0) + 1);
    let rows = u64::from(n).saturating_mul(u64::from(t).saturating_add(fold));
    u32::try_from(rows).unwrap_or(u32::MAX)
}
