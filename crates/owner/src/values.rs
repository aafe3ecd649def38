//! The integers of a slab's tensors, and their cells.

use std::sync::Arc;

use tacit_pcs::Slab;
use tacit_program::{entries, shape_bits, Prepared, Trace, Values};
use tacit_prover::gather;
use tacit_verifier::Schema;

use crate::error::{OwnerError, Result};

/// Integers by the name of their tensor.
pub type Tensors = Vec<(String, Vec<i64>)>;

/// The tensor that this address names: its name, `slab/name` or `/name` where several places have that name.
///
/// # Errors
/// `tensor` when there is none, or more than one.
pub fn addressed(prepared: &Prepared, address: &str) -> Result<u32> {
    prepared.program.tensor(address).map_err(|e| {
        let reason = format!("expected {}, got {}", e.expected, e.got);
        OwnerError::input("tensor", address, reason).remedy(e.remedy.unwrap_or_default())
    })
}

/// The values of a slab's tensors where a trace has them; each in its interval.
///
/// # Errors
/// `tensor`, `shape`, `range`.
pub(crate) fn slab_trace(prepared: &Prepared, slab: usize, given: Tensors) -> Result<Trace> {
    let mut trace = Trace {
        tensors: vec![Arc::default(); prepared.program.tensors.len()],
        ..Trace::default()
    };
    let order = &prepared.layouts[slab].order;
    for (name, values) in given {
        let tensors = &prepared.program.tensors;
        let named = order.iter().find(|&&t| tensors[t as usize].name == name);
        let addressed = || prepared.program.tensor(&name).ok();
        let found = named.copied().or_else(addressed);
        let Some(t) = found.filter(|t| order.contains(t)) else {
            let reason = "the slab has no such tensor";
            return Err(OwnerError::input("tensor", name, reason));
        };
        let tensor = &tensors[t as usize];
        let n = entries(&tensor.shape);
        if values.len() != n {
            let reason = format!("expected {n} entries, got {}", values.len());
            return Err(OwnerError::input("shape", name, reason));
        }
        if let Some(bad) = values.iter().find(|v| !(tensor.lo..=tensor.hi).contains(v)) {
            let reason = format!("expected [{}, {}], got {bad}", tensor.lo, tensor.hi);
            return Err(OwnerError::input("range", name, reason));
        }
        trace.tensors[t as usize] = Arc::new(values);
    }
    for &t in order {
        let tensor = &prepared.program.tensors[t as usize];
        if trace.tensors[t as usize].is_empty() {
            let reason = "no values are given for this tensor";
            return Err(OwnerError::input("tensor", &tensor.name, reason));
        }
    }
    Ok(trace)
}

/// The values of the tensors in layout order, each in its interval.
pub(crate) fn unpack(tensors: &Schema, slab: &Slab) -> std::result::Result<Vec<Values>, String> {
    let mut at = 0usize;
    let mut all = Vec::with_capacity(tensors.len());
    for (name, shape, lo, hi) in tensors {
        let end = at.saturating_add(1 << shape_bits(shape));
        let block = slab.data().get(at..end).ok_or("too few cells")?;
        let values = gather(shape, block);
        if let Some(bad) = values.iter().find(|v| !(lo..=hi).contains(v)) {
            return Err(format!("{name}: expected [{lo}, {hi}], got {bad}"));
        }
        all.push(Arc::new(values));
        at = end;
    }
    Ok(all)
}
