//! The proof's own slab: tensors, multiplicities, pads, blinding and the mask g, fresh for every proof.

use crate::header::fold_rows;
use crate::PcsError;
use tacit_algebra::hash::Digest;
use tacit_algebra::{F, K};
use tacit_params::Geometry;

/// C_w = ceil((cells + 3 pads) / R).
#[must_use]
pub fn witness_columns(geometry: &Geometry, cells: usize, pads: usize) -> u32 {
    let needed = (cells as u64).saturating_add(3 * pads as u64);
    u32::try_from(needed.div_ceil(geometry.r().max(1) as u64)).unwrap_or(u32::MAX)
}

/// T_w = t + ceil(3 (2 k0 + 1) / C_w).
#[must_use]
pub fn witness_blinding(geometry: &Geometry, k0: u32, columns: u32) -> u32 {
    u32::from(geometry.queries).saturating_add(fold_rows(k0, columns) as u32)
}

/// A committed witness slab with its secrets.
pub struct WitnessSlab {}

/// Commits tensors and multiplicities (`cells`), the pads behind them, and the mask `g` of M entries. Blinding rows and
/// salts come from `key`, which must be used once.
///
/// # Errors
/// `geometry` when the columns do not fit.
pub fn commit_witness(
    _geometry: &Geometry,
    _k0: u32,
    _cells: &[F],
    _pads: &[K],
    _g: Vec<K>,
    _key: [u8; 32],
) -> Result<WitnessSlab, PcsError> {
    unimplemented!()
}

impl WitnessSlab {
    #[must_use]
    pub fn root(&self) -> Digest {
        unimplemented!()
    }
}
