//! The proof's own slab: tensors, multiplicities, pads, blinding and the mask g, fresh for every proof.

use crate::code::encode::{encode, Code, Column, Shape};
use crate::random::{Stream, BLINDING};
use crate::slab::header::{witness_blinding, witness_columns};
use crate::tree::merkle::Tree;
use crate::vector::{wipe, KVec};
use crate::PcsError;
use p3_field::PrimeCharacteristicRing;
use tacit_algebra::field::k_limbs;
use tacit_algebra::hash::Digest;
use tacit_algebra::{Key, Wiped, F, K};
use tacit_params::Geometry;

/// A committed witness slab with its secrets; they are wiped when it is dropped.
pub struct WitnessSlab {
    rows: usize,
    blinding: usize,
    /// C_w*R cells: tensors, multiplicities, pads.
    data: Wiped<F>,
    /// T_w blinding rows of each column, column by column.
    blind: Vec<F>,
    g: KVec,
    key: Key,
    code: Code,
    tree: Tree,
}

/// Commits tensors and multiplicities (`cells`), the pads behind them, and the mask `g` of M entries. Blinding rows and
/// salts come from `key`, which must be used once. Cells with room for all columns (`witness_columns` of R entries) are not
/// copied.
///
/// # Errors
/// `geometry` when it is not well formed, the columns do not fit its rows, or g has not M entries.
pub fn commit_witness(
    geometry: &Geometry,
    k0: u32,
    cells: Wiped<F>,
    pads: &[K],
    g: Vec<K>,
    key: [u8; 32],
) -> Result<WitnessSlab, PcsError> {
    commit_changed(geometry, k0, cells, pads, g, key, |_| ())
}

/// The same, with a step between encoding and hashing.
pub(crate) fn commit_changed(
    geometry: &Geometry,
    k0: u32,
    mut data: Wiped<F>,
    pads: &[K],
    g: Vec<K>,
    key: [u8; 32],
    change: impl FnOnce(&mut Code),
) -> Result<WitnessSlab, PcsError> {
    geometry.check_well_formed()?;
    let columns = witness_columns(geometry, data.len(), pads.len());
    let blinding = witness_blinding(geometry, k0) as usize;
    let rows = geometry.r();
    for (what, got) in [("witness", rows + blinding), ("mask", g.len())] {
        if got > geometry.m() || (what == "mask" && got < geometry.m()) {
            return Err(PcsError::Rows {
                what,
                expected: geometry.m(),
                got,
            });
        }
    }
    data.extend_to(pads.iter().flat_map(k_limbs), columns as usize * rows);
    let mut blind = vec![F::ZERO; columns as usize * blinding];
    let (key, g) = (Key::new(&key), Wiped::new(g));
    Stream::new(&key, BLINDING).fill(&mut blind);
    let g = KVec::from_slice(&g);
    let mut sources: Vec<Column> = (0..columns as usize)
        .map(|c| {
            let tail = &blind[c * blinding..(c + 1) * blinding];
            Column(&data[c * rows..(c + 1) * rows], tail)
        })
        .collect();
    sources.extend(g.0.iter().map(|limb| Column(limb, &[])));
    let shape = Shape::new(geometry.m(), geometry.log_domain);
    let mut code = encode(&sources, shape);
    change(&mut code);
    let tree = Tree::build(&code, Some(&key), Vec::new());
    Ok(WitnessSlab {
        rows,
        blinding,
        data,
        blind,
        g,
        key,
        code,
        tree,
    })
}

impl WitnessSlab {
    #[must_use]
    pub fn root(&self) -> Digest {
        self.tree.root()
    }

    /// C_w*R cells: tensors, multiplicities, pads, zeros.
    pub fn data(&self) -> &[F] {
        &self.data
    }

    /// C_w.
    #[must_use]
    pub fn columns(&self) -> u32 {
        (self.data.len() / self.rows) as u32
    }

    /// T_w rows of every column, column by column.
    pub fn blinding(&self) -> &[F] {
        &self.blind
    }

    pub(crate) fn column(&self, c: usize) -> Column<'_> {
        let (r, t) = (self.rows, self.blinding);
        Column(
            &self.data[c * r..(c + 1) * r],
            &self.blind[c * t..(c + 1) * t],
        )
    }

    /// g, the mask of the opening: M entries.
    pub fn mask(&self) -> &KVec {
        &self.g
    }

    pub(crate) fn open(&self, positions: &[usize]) -> Vec<u8> {
        self.tree.open(&self.code, Some(&self.key), positions)
    }
}

impl Drop for WitnessSlab {
    fn drop(&mut self) {
        wipe(&mut self.blind);
        self.g.wipe();
    }
}
