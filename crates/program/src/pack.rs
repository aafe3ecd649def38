//! A slab's cells.
use crate::execute::Trace;
use crate::prepared::Prepared;
use tacit_algebra::F;

/// The cells of a slab in layout order, zero outside valid entries; without reserved cells and pads.
pub fn pack(_prepared: &Prepared, _slab: usize, _trace: &Trace) -> Vec<F> {
    todo!()
}
