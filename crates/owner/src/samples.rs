//! Execution without a proof: outputs of many samples. Nothing is committed, and no journal is looked at.

use std::sync::Arc;

use rayon::prelude::*;
use tacit_program::{entries, shape_bits, Prepared, ProgramError, Shared, Values};
use tacit_prover::gather;

use crate::deployment::Deployment;
use crate::error::{OwnerError, Result};
use crate::secret::Secret;
use crate::values::{addressed, slab_trace, Tensors};

/// Entries of a program's tensors up to which each core has samples of its own; beyond, they share one after the other.
const SMALL: usize = 1 << 19;

/// Of each sample its outputs in the order of the program, or why it has none.
pub type Outcomes = Vec<std::result::Result<Vec<Values>, ProgramError>>;

/// One input of all samples: tensor, integers, entries a sample.
type Stack<'a> = (u32, &'a [i64], usize);

/// A program with the values of its slabs, ready for samples.
pub struct Samples {
    prepared: Arc<Prepared>,
    givens: Vec<(u32, Values)>,
}

impl Samples {
    /// `secrets`: committed values, by the role that they have here; `plain`: integers of a slab in their place, by role and
    /// tensor. Each must be what a proof would take.
    ///
    /// # Errors
    /// `slabs`, `header`, `tensor`, `shape`, `range`, `execution`.
    pub fn new(
        deployment: &Deployment,
        secrets: &[(&str, &Secret)],
        plain: Vec<(String, Tensors)>,
    ) -> Result<Self> {
        let prepared = deployment.prepared.clone();
        let mut givens = Vec::new();
        for (role, given) in plain {
            let slab = deployment.slab(&role)?;
            let trace = slab_trace(&prepared, slab, given)?;
            let order = prepared.layouts[slab].order.iter();
            givens.extend(order.map(|&t| (t, trace.tensors[t as usize].clone())));
        }
        for (role, secret) in secrets {
            givens.extend(committed(deployment, role, secret)?);
        }
        Shared::new(&prepared, givens.iter().cloned())?;
        Ok(Self { prepared, givens })
    }

    #[must_use]
    pub fn prepared(&self) -> &Prepared {
        &self.prepared
    }

    /// The outputs of every sample. `inputs`: (tensor, integers of `count` samples one after the other) of what the slabs do
    /// not give.
    ///
    /// # Errors
    /// `tensor`, `shape`; what a single sample is refused for is its outcome.
    pub fn run(&self, inputs: &[(String, &[i64])], count: usize) -> Result<Outcomes> {
        let stacks = stacks(&self.prepared, inputs, count)?;
        let shared = Shared::new(&self.prepared, self.givens.iter().cloned())?;
        Ok(execute_all(&self.prepared, &shared, &stacks, count))
    }
}

fn stacks<'a>(
    prepared: &Prepared,
    samples: &[(String, &'a [i64])],
    count: usize,
) -> Result<Vec<Stack<'a>>> {
    let tensors = &prepared.program.tensors;
    let one = |&(ref name, values): &(String, &'a [i64])| {
        let tensor = addressed(prepared, name)?;
        let width = entries(&tensors[tensor as usize].shape);
        if values.len() != count * width {
            let got = values.len();
            let reason = format!("expected {count} times {width} entries, got {got}");
            return Err(OwnerError::input("shape", name, reason));
        }
        Ok((tensor, values, width))
    };
    samples.iter().map(one).collect()
}

fn execute_all(
    prepared: &Prepared,
    shared: &Shared<'_>,
    inputs: &[Stack<'_>],
    count: usize,
) -> Outcomes {
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
    let tensors = prepared.program.tensors.iter();
    let total: usize = tensors.map(|t| entries(&t.shape)).sum();
    if total <= SMALL {
        (0..count).into_par_iter().map(one).collect()
    } else {
        (0..count).map(one).collect()
    }
}

/// The values of a committed slab, if it was committed for a slab like this program's.
fn committed(deployment: &Deployment, role: &str, secret: &Secret) -> Result<Vec<(u32, Values)>> {
    let prepared = &deployment.prepared;
    let index = deployment.slab(role)?;
    if secret.public().commitment.header.schema != prepared.schema(index) {
        let place = format!("commitment {role}");
        let reason = "expected a commitment to the tensors of this program, got one to others";
        return Err(OwnerError::input("header", place, reason));
    }
    let layout = &prepared.layouts[index];
    let values = layout.order.iter().zip(&layout.offsets).map(|(&t, &at)| {
        let shape = &prepared.program.tensors[t as usize].shape;
        let end = at + (1 << shape_bits(shape));
        let block = secret.slab().data().get(at..end).ok_or_else(|| {
            OwnerError::bug("layout", role, "the slab has fewer cells than its tensors")
        })?;
        Ok((t, Arc::new(gather(shape, block))))
    });
    values.collect()
}
