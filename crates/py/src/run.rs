//! Execution without a proof: outputs of many samples. Nothing is committed, and no journal is looked at.

use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use rayon::prelude::*;
use std::sync::{Arc, OnceLock};
use tacit_program::{entries, shape_bits, Prepared, ProgramError, Shared, Values};
use tacit_prover::gather;

use crate::commit::slab_trace;
use crate::failure::{Fail, Parts, Result};
use crate::program::Program;
use crate::slab::Slab;

/// Entries of a program's tensors up to which each core has samples of its own; beyond, they share one after the other.
const SMALL: usize = 1 << 19;

/// (slab, [(tensor, integers)])
type SlabValues<'py> = (String, Vec<(String, PyReadonlyArray1<'py, i64>)>);
/// ([one array (samples, entries) an output], [(sample, what a failure has)])
type Ran<'py> = (Vec<Bound<'py, PyArray2<i64>>>, Vec<(usize, Parts)>);

/// A program with the values of its slabs, ready for samples.
#[pyclass(frozen)]
pub struct Runner {
    prepared: Arc<Prepared>,
    givens: Vec<(u32, Values)>,
}

#[pymethods]
impl Runner {
    /// `slabs`: committed values; `plain`: integers of a slab in their place. Each must be what a proof would take.
    #[new]
    fn new(
        py: Python<'_>,
        program: &Program,
        slabs: Vec<Py<Slab>>,
        plain: Vec<SlabValues<'_>>,
    ) -> Result<Self> {
        let prepared = program.prepared.clone();
        let mut givens = Vec::new();
        for (name, tensors) in plain {
            let mut given = Vec::with_capacity(tensors.len());
            for (tensor, values) in tensors {
                let values = values
                    .as_slice()
                    .map_err(|_| Fail::input("array", &tensor, "expected a contiguous array"))?;
                given.push((tensor, values.to_vec()));
            }
            let slab = program.slab(&name)?;
            let trace = slab_trace(&prepared, slab, given)?;
            let order = &prepared.layouts[slab].order;
            givens.extend(
                order
                    .iter()
                    .map(|&t| (t, trace.tensors[t as usize].clone())),
            );
        }
        let slabs: Vec<&Slab> = slabs.iter().map(|slab| slab.get()).collect();
        py.detach(|| {
            pooled(|| {
                for slab in slabs {
                    givens.extend(committed(program, slab)?);
                }
                Shared::new(&prepared, givens.iter().cloned())?;
                Ok(Self { prepared, givens })
            })
        })
    }

    /// The outputs' integers (the least i64 for a sample that has no proof, and why), in the order of the program. `samples`:
    /// (tensor, integers (count, entries)) of what the slabs do not give.
    fn run<'py>(
        &self,
        py: Python<'py>,
        samples: Vec<(String, PyReadonlyArray2<'py, i64>)>,
        count: usize,
    ) -> PyResult<Ran<'py>> {
        let prepared = &*self.prepared;
        let inputs = stacks(prepared, &samples, count)?;
        let found = py.detach(|| {
            let shared = Shared::new(prepared, self.givens.iter().cloned())?;
            pooled(|| Ok::<_, Fail>(execute_all(prepared, &shared, &inputs, count)))
        })?;
        let mut outputs = Vec::with_capacity(prepared.program.outputs.len());
        for (i, port) in prepared.program.outputs.iter().enumerate() {
            let width = entries(&prepared.program.tensors[port.tensor as usize].shape);
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

/// One input of all samples: tensor, integers, entries a sample.
type Stack<'a> = (u32, &'a [i64], usize);

fn stacks<'a>(
    prepared: &Prepared,
    samples: &'a [(String, PyReadonlyArray2<'_, i64>)],
    count: usize,
) -> Result<Vec<Stack<'a>>> {
    let tensors = &prepared.program.tensors;
    let one = |(name, values): &'a (String, PyReadonlyArray2<'_, i64>)| {
        let Some(tensor) = tensors.iter().position(|t| t.name == *name) else {
            let reason = "the program has no such tensor";
            return Err(Fail::input("tensor", name, reason));
        };
        let slice = values
            .as_slice()
            .map_err(|_| Fail::input("array", name, "expected a contiguous array"))?;
        let width = entries(&tensors[tensor].shape);
        if slice.len() != count * width {
            let reason = format!(
                "expected {count} times {width} entries, got {}",
                slice.len()
            );
            return Err(Fail::input("shape", name, reason));
        }
        Ok((tensor as u32, slice, width))
    };
    samples.iter().map(one).collect()
}

/// The outputs of every sample, or why it has none.
fn execute_all(
    prepared: &Prepared,
    shared: &Shared<'_>,
    inputs: &[Stack<'_>],
    count: usize,
) -> Vec<std::result::Result<Vec<Values>, ProgramError>> {
    let one = |i: usize| {
        let givens = inputs
            .iter()
            .map(|&(tensor, values, width)| (tensor, values[i * width..(i + 1) * width].to_vec()));
        let trace = shared.execute(givens)?;
        let outputs = prepared.program.outputs.iter();
        Ok(outputs
            .map(|p| trace.tensors[p.tensor as usize].clone())
            .collect())
    };
    let total: usize = prepared
        .program
        .tensors
        .iter()
        .map(|t| entries(&t.shape))
        .sum();
    if total <= SMALL {
        (0..count).into_par_iter().map(one).collect()
    } else {
        (0..count).map(one).collect()
    }
}

/// The values of a committed slab, if it was committed for a slab like this program's.
fn committed(program: &Program, slab: &Slab) -> Result<Vec<(u32, Values)>> {
    let prepared = &program.prepared;
    let index = program.slab(&slab.public.slab)?;
    if slab.public.commitment.header.schema != prepared.schema(index) {
        let place = format!("slab {}", slab.public.slab);
        let reason = "expected a commitment to the tensors of this program, got one to others";
        return Err(Fail::input("header", place, reason));
    }
    let layout = &prepared.layouts[index];
    let values = layout.order.iter().zip(&layout.offsets).map(|(&t, &at)| {
        let shape = &prepared.program.tensors[t as usize].shape;
        let end = at + (1 << shape_bits(shape));
        let block = slab.inner.data().get(at..end).unwrap_or(&[]);
        (t, Arc::new(gather(shape, block)))
    });
    Ok(values.collect())
}

/// The process that loaded this module: the threads of the shared pool are its own.
static LOADED_BY: OnceLock<u32> = OnceLock::new();

pub fn remember_process() {
    LOADED_BY.get_or_init(std::process::id);
}

/// Whether this process has the threads of its pool.
pub fn is_own_pool() -> bool {
    LOADED_BY.get() == Some(&std::process::id())
}

/// Runs the closure where parallel loops end: a fork has the pool of its parent, but none of its threads.
pub fn pooled<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    if is_own_pool() {
        return rayon::scope(|_| work());
    }
    let pool = rayon::ThreadPoolBuilder::new()
        .build()
        .map_err(|e| Fail::new("bug", "threads", "", e.to_string()))?;
    pool.install(work)
}
