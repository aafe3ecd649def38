//! Affine values: a constant, pads, and product forms on the cells of slabs. A claim is an affine value that must be zero.

use crate::field::K;
use p3_field::PrimeCharacteristicRing;
use std::sync::Arc;

/// One factor of a product form: a table over some bits of the cell index.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Bit positions of the cell index (0 is the least significant), the table index's most significant bit first.
    pub bits: Vec<u8>,
    /// 2^bits.len() weights.
    pub table: Vec<K>,
}

/// scale * prod over groups of table[their bits of the cell index], on the aligned block `offset .. offset + 2^(all bits)`.
/// Every bit below the block's size is in exactly one group.
#[derive(Clone, Debug, PartialEq)]
pub struct ProductForm {
    /// Position of the slab in the proof's order; the witness slab is the last.
    pub slab: usize,
    pub offset: usize,
    pub scale: K,
    pub groups: Arc<Vec<Group>>,
}

impl ProductForm {
    /// log2 of the block's size.
    pub fn block_bits(&self) -> usize {
        self.groups.iter().map(|g| g.bits.len()).sum()
    }

    /// The weight of one cell (slow: for tests and audits).
    pub fn weight(&self, cell: usize) -> K {
        if cell < self.offset || cell - self.offset >= 1 << self.block_bits() {
            return K::ZERO;
        }
        self.groups.iter().fold(self.scale, |acc, g| {
            let index = g.bits.iter().fold(0, |i, &b| i << 1 | (cell >> b & 1));
            acc * g.table[index]
        })
    }
}

/// constant + sum coefficient * pad + sum of product forms.
#[derive(Clone, Debug, Default)]
pub struct Affine {
    pub constant: K,
    /// (pad number, coefficient), sorted by number, each once.
    pub pads: Vec<(u32, K)>,
    pub forms: Vec<ProductForm>,
}

impl Affine {
    pub fn constant(c: K) -> Self {
        Self {
            constant: c,
            ..Self::default()
        }
    }

    /// A padded message's value: what was sent plus the pad.
    pub fn padded(sent: K, pad: u32) -> Self {
        Self {
            constant: sent,
            pads: vec![(pad, K::ONE)],
            forms: Vec::new(),
        }
    }

    pub fn is_constant(&self) -> bool {
        self.pads.is_empty() && self.forms.is_empty()
    }

    /// self += c * other.
    pub fn add_scaled(&mut self, other: &Affine, c: K) {
        self.constant += c * other.constant;
        self.pads = merge(&self.pads, &other.pads, c);
        self.forms.extend(other.forms.iter().map(|f| ProductForm {
            scale: f.scale * c,
            ..f.clone()
        }));
    }

    pub fn scaled(&self, c: K) -> Self {
        let mut out = Self::default();
        out.add_scaled(self, c);
        out
    }

    /// sum of c_i * x_i.
    pub fn combine<'a>(parts: impl IntoIterator<Item = (K, &'a Affine)>) -> Self {
        let mut out = Self::default();
        for (c, x) in parts {
            out.add_scaled(x, c);
        }
        out
    }
}

/// Sorted merge of a + c * b.
fn merge(a: &[(u32, K)], b: &[(u32, K)], c: K) -> Vec<(u32, K)> {
    let mut out = Vec::with_capacity(a.len() + b.len());
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        let x = a.get(i).map_or(u64::MAX, |v| v.0 as u64);
        let y = b.get(j).map_or(u64::MAX, |v| v.0 as u64);
        if x < y {
            out.push(a[i]);
            i += 1;
        } else if y < x {
            out.push((b[j].0, c * b[j].1));
            j += 1;
        } else {
            out.push((a[i].0, a[i].1 + c * b[j].1));
            i += 1;
            j += 1;
        }
    }
    out
}
