//! Execution without a proof: outputs of many samples.

use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use tacit_owner::{addressed, Samples, Secret};
use tacit_program::{entries, Prepared, Shared, Values};

use crate::arrays::{by_tensor, integers, slice, Named};
use crate::failure::{Fail, Parts, Result};
use crate::pool::pooled;
use crate::program::Program;
use crate::slab::Slab;

/// (slab, [(tensor, integers)])
type SlabValues<'py> = (String, Vec<(String, PyReadonlyArray1<'py, i64>)>);
/// ([one array (samples, entries) an output], [(sample, what a failure has)])
type Ran<'py> = (Vec<Bound<'py, PyArray2<i64>>>, Vec<(usize, Parts)>);

/// A program without a deployment, ready to be executed: nothing is committed, and nothing is hidden.
#[pyclass(frozen)]
pub struct Execution(Prepared);

#[pymethods]
impl Execution {
    #[new]
    fn new(py: Python<'_>, program: &[u8]) -> Result<Self> {
        py.detach(|| Ok(Self(Prepared::from_bytes(program)?)))
    }

    /// Integers of the `wanted` tensors, by address, for those of slab tensors and inputs. Every relation is checked.
    fn run<'py>(
        &self,
        py: Python<'py>,
        given: Vec<(String, PyReadonlyArray1<'py, i64>)>,
        wanted: Vec<String>,
    ) -> Result<Named<'py>> {
        let prepared = &self.0;
        let given = by_tensor(prepared, given)?;
        let asked = wanted.iter().map(|name| addressed(prepared, name));
        let asked = asked.collect::<std::result::Result<Vec<u32>, _>>()?;
        let found = py.detach(|| {
            pooled(|| {
                let nothing: [(u32, Values); 0] = [];
                Ok(Shared::new(prepared, nothing)?.execute(given)?)
            })
        })?;
        let arrays = asked
            .iter()
            .map(|&t| PyArray1::from_slice(py, &found.tensors[t as usize]));
        Ok(wanted.into_iter().zip(arrays).collect())
    }

    /// Addresses of the outputs' tensors, in the order of the program.
    #[getter]
    fn outputs(&self) -> Vec<String> {
        let program = &self.0.program;
        let ports = program.outputs.iter();
        ports
            .map(|p| program.address(p.tensor).into_owned())
            .collect()
    }
}

/// A program with the values of its slabs, ready for samples.
#[pyclass(frozen)]
pub struct Runner(Samples);

#[pymethods]
impl Runner {
    /// `slabs`: committed values by the role that they have here; `plain`: integers of a slab in their place. Each must be what a
    /// proof would take.
    #[new]
    fn new(
        py: Python<'_>,
        program: &Program,
        slabs: Vec<(String, Py<Slab>)>,
        plain: Vec<SlabValues<'_>>,
    ) -> Result<Self> {
        let plain = plain
            .into_iter()
            .map(|(name, tensors)| Ok((name, integers(tensors)?)))
            .collect::<Result<Vec<_>>>()?;
        let secrets: Vec<(&str, &Secret)> = slabs
            .iter()
            .map(|(role, slab)| (role.as_str(), &slab.get().0))
            .collect();
        let make = || Ok(Self(Samples::new(&program.0, &secrets, plain)?));
        py.detach(|| pooled(make))
    }

    /// The outputs' integers (the least i64 for a sample that has no proof, and why), in the order of the program. `samples`:
    /// (tensor, integers (count, entries)) of what the slabs do not give.
    fn run<'py>(
        &self,
        py: Python<'py>,
        samples: Vec<(String, PyReadonlyArray2<'py, i64>)>,
        count: usize,
    ) -> PyResult<Ran<'py>> {
        let inputs = samples
            .iter()
            .map(|(name, values)| Ok((name.clone(), slice(name, values)?)))
            .collect::<Result<Vec<_>>>()?;
        let found = py.detach(|| pooled(|| Ok(self.0.run(&inputs, count)?)))?;
        let program = &self.0.prepared().program;
        let mut outputs = Vec::with_capacity(program.outputs.len());
        for (i, port) in program.outputs.iter().enumerate() {
            let width = entries(&program.tensors[port.tensor as usize].shape);
            let mut all = vec![i64::MIN; count * width];
            for (row, result) in all.chunks_mut(width.max(1)).zip(&found) {
                if let Ok(values) = result {
                    row.copy_from_slice(&values[i]);
                }
            }
            outputs.push(PyArray1::from_vec(py, all).reshape([count, width])?);
        }
        let refused = found
            .into_iter()
            .enumerate()
            .filter_map(|(i, result)| Some((i, Fail::from(result.err()?).into())));
        Ok((outputs, refused.collect()))
    }
}
