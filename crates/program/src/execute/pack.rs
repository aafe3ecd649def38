//! A slab's cells (docs/protocol/program.md section 4).

use crate::error::{ProgramError, Result};
use crate::execute::trace::Trace;
use crate::execute::trace::PARALLEL;
use crate::layout::prepared::Prepared;
use crate::syntax::shape::{entries, strides};
use crate::syntax::tables::table_len;
use p3_field::PrimeCharacteristicRing;
use rayon::prelude::*;
use tacit_algebra::{bits, F, P};

/// The cells of a slab in layout order, zero outside valid entries; without reserved cells and pads.
///
/// # Errors
/// `execution` when the trace has not all values of the slab's tensors.
pub fn pack(prepared: &Prepared, slab: usize, trace: &Trace) -> Result<Vec<F>> {
    pack_with_room(prepared, slab, trace, 0)
}

/// The same, with room for this many cells.
///
/// # Errors
/// As `pack`.
pub fn pack_with_room(
    prepared: &Prepared,
    slab: usize,
    trace: &Trace,
    room: usize,
) -> Result<Vec<F>> {
    let layout = prepared.slab_layout(slab);
    let mut cells = F::zero_vec(layout.cells.max(room));
    cells.truncate(layout.cells);
    let tensors = prepared.program.tensors.len();
    for (&id, &offset) in layout.order.iter().zip(&layout.offsets) {
        let id = id as usize;
        if let Some(tensor) = prepared.program.tensors.get(id) {
            let values = trace.tensors.get(id).map(|v| v.as_slice());
            let values = whole(values, &tensor.shape, &tensor.name)?;
            fill(&mut cells[offset..], values, &tensor.shape);
        } else {
            let table = &prepared.program.tables[id - tensors];
            let shape = [table_len(&table.kind)];
            let counts = trace.multiplicities.get(id - tensors);
            let counts = whole(counts.map(Vec::as_slice), &shape, &table.name)?;
            fill(&mut cells[offset..], counts, &shape);
        }
    }
    Ok(cells)
}

/// As many values as the shape has entries.
fn whole<'a>(values: Option<&'a [i64]>, shape: &[u32], name: &str) -> Result<&'a [i64]> {
    let (n, got) = (entries(shape), values.map_or(0, <[i64]>::len));
    values.filter(|v| v.len() == n).ok_or_else(|| {
        let (expected, got) = (format!("{n} entries"), format!("{got} entries"));
        ProgramError::execution("given_shape", name, expected, got)
    })
}

/// x mod p without a division: for x < 0, 2^64 + x + p - 2^64 = p + x.
#[inline]
pub(crate) fn field(x: i64) -> F {
    F::from_u64((x as u64).wrapping_add(if x < 0 { P } else { 0 }))
}

/// Valid entries into a padded block.
fn fill(block: &mut [F], values: &[i64], shape: &[u32]) {
    let convert =
        |to: &mut [F], from: &[i64]| to.iter_mut().zip(from).for_each(|(t, &x)| *t = field(x));
    // Trailing axes of full extent are contiguous in the block too; `split` is the last axis that is not.
    let full = |e: u32| e.is_power_of_two();
    let split = shape.iter().rposition(|&e| !full(e)).unwrap_or(0);
    let (outer, inner) = shape.split_at(split);
    let run = entries(inner);
    let padded: Vec<usize> = shape.iter().map(|&e| 1usize << bits(e as u64)).collect();
    let padded_run: usize = padded.iter().skip(split).product();
    let valid_steps = strides(outer);
    let mut padded_steps = vec![padded_run; outer.len()];
    for i in (1..outer.len()).rev() {
        padded_steps[i - 1] = padded_steps[i] * padded[i];
    }
    if outer.iter().all(|&e| e == 1) && run >= 2 * PARALLEL {
        let (to, from) = (
            block[..run].par_chunks_mut(PARALLEL),
            values.par_chunks(PARALLEL),
        );
        to.zip(from).for_each(|(t, f)| convert(t, f));
        return;
    }
    for (row, from) in values.chunks(run).enumerate() {
        let index = valid_steps
            .iter()
            .zip(outer)
            .map(|(&s, &e)| row / s % e as usize);
        let start: usize = index.zip(&padded_steps).map(|(i, &s)| i * s).sum();
        convert(&mut block[start..start + from.len()], from);
    }
}
