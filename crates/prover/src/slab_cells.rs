//! A slab's cells from its tensors.

use tacit_algebra::F;
use tacit_program::{pack, Prepared, ProgramError, Trace, Values};

/// The cells of a long-lived slab in layout order, as `tacit_pcs::commit` takes them. Values of other tensors are ignored.
///
/// # Errors
/// `execution` for a tensor of the slab without values, or with the wrong number of them.
pub fn slab_cells(
    prepared: &Prepared,
    slab: usize,
    values: &[(u32, Values)],
) -> Result<Vec<F>, ProgramError> {
    let mut trace = Trace {
        tensors: vec![Values::default(); prepared.program.tensors.len()],
        ..Trace::default()
    };
    for (tensor, values) in values {
        if let Some(place) = trace.tensors.get_mut(*tensor as usize) {
            *place = values.clone();
        }
    }
    pack(prepared, slab, &trace)
}
