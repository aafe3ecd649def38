//! Execution without a proof: the tensors of a slab that the program computes.

use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use tacit_prover::Job;

use crate::failure::{Fail, Result};
use crate::program::Program;
use crate::proof::{by_index, inputs_fit, Refusal};
use crate::slab::Slab;

/// The tensors of `slab` by name, in layout order, for these slabs (those before it, in the order of the program) and inputs
/// (by tensor name), for a proof to come. Spends no proof: nothing leaves that depends on a slab's blinding. Refusals are counted
/// as those of `prove`, and refused as there.
#[pyfunction]
pub fn compute<'py>(
    py: Python<'py>,
    program: &Program,
    slabs: Vec<Py<Slab>>,
    inputs: Vec<(String, PyReadonlyArray1<'py, i64>)>,
    slab: &str,
) -> PyResult<Vec<(String, Bound<'py, PyArray1<i64>>)>> {
    let prepared = &program.prepared;
    let wanted = program.slab(slab)?;
    let given = by_index(prepared, inputs)?;
    let slabs: Vec<&Slab> = slabs.iter().map(|s| s.get()).collect();
    if slabs.len() > wanted {
        return Err(Fail::input("slabs", slab, "it is given, not computed").into());
    }
    let fit = inputs_fit(prepared, &given);
    let trace = py.detach(|| -> Result<_> {
        slabs.iter().try_for_each(|slab| slab.check_spend())?;
        let inner: Vec<_> = slabs.iter().map(|s| &s.inner).collect();
        let job = Job {
            prepared,
            geometry: &program.geometry,
            slabs: &inner,
            context: &[],
        };
        let executed = job.execute(given);
        executed.map_err(|e| Refusal::from(e).counted(&slabs, fit))
    })?;
    let tensors = prepared.layouts[wanted].order.iter().map(|&t| {
        let values = PyArray1::from_slice(py, &trace.tensors[t as usize]);
        (prepared.program.tensors[t as usize].name.clone(), values)
    });
    Ok(tensors.collect())
}
