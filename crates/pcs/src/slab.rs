//! Long-lived slabs: what their owner keeps.

use crate::{Commitment, PcsError};
use tacit_algebra::hash::Digest;
use tacit_algebra::{F, K};
use tacit_params::Geometry;

/// A committed slab with its secrets.
pub struct Slab {
    pub commitment: Commitment,
}

/// Commits `cells` (tensors in layout order, up to the end of the last one) and the reserved cells.
///
/// # Errors
/// `geometry`, `header`.
#[allow(clippy::too_many_arguments)]
pub fn commit(
    _geometry: &Geometry,
    _private: bool,
    _schema: Digest,
    _cells: &[F],
    _links: &[K],
    _budget: u32,
    _max_fold: u8,
    _seed: [u8; 32],
) -> Result<Slab, PcsError> {
    unimplemented!()
}

impl Slab {
    /// C*R cells, reserved ones included.
    #[must_use]
    pub fn data(&self) -> &[F] {
        unimplemented!()
    }

    /// The body of the owner's secret file; `with_code` stores the code word and the tree too, so that reading it is fast.
    #[must_use]
    pub fn to_bytes(&self, _with_code: bool) -> Vec<u8> {
        unimplemented!()
    }

    /// # Errors
    /// `encoding` when the bytes are not a slab's; `merkle` when they do not lead to the root.
    pub fn from_bytes(_bytes: &[u8]) -> Result<Self, PcsError> {
        unimplemented!()
    }
}
