//! Committing the integers of a slab, and proving them valid.

use numpy::PyReadonlyArray1;
use pyo3::prelude::*;
use std::sync::Arc;
use tacit_algebra::hash::{hash, Digest, Tag};
use tacit_algebra::{Key, Wiped};
use tacit_pcs::random::{Stream, PADS};
use tacit_pcs::Slab as Committed;
use tacit_program::{entries, pack, Prepared, Trace};
use tacit_prover::{slab_seed, Count, Entry, Job, Proof, ProveError, ProveOptions};
use tacit_verifier::files::CommitmentFile;
use tacit_verifier::prepare_validity;
use tacit_verifier::VALIDITY_CONTEXT as CONTEXT;
use zeroize::Zeroizing;

use crate::deploy::{budget_of, links_of, max_fold, most_children};
use crate::failure::{Fail, Result};
use crate::program::Program;
use crate::run::pooled;
use crate::slab::{reserve_of, Slab};
use crate::wipe;

/// Commits the integers of one slab, by tensor name, and proves them valid. `refusals`: how many proofs may be refused for hidden
/// values; as many as `proofs`, if not given.
#[pyfunction]
#[pyo3(signature = (program, slab, tensors, proofs, children, refusals=None))]
pub fn commit(
    py: Python<'_>,
    program: &Program,
    slab: &str,
    tensors: Vec<(String, PyReadonlyArray1<'_, i64>)>,
    proofs: u32,
    children: u16,
    refusals: Option<u32>,
) -> Result<Slab> {
    let given = tensors
        .into_iter()
        .map(|(name, values)| {
            let slice = values
                .as_slice()
                .map_err(|_| Fail::input("array", &name, "expected a contiguous array"))?;
            Ok((name, slice.to_vec()))
        })
        .collect::<Result<Vec<_>>>()?;
    let refusals = refusals.unwrap_or(proofs);
    let make = || commit_values(program, slab, given, proofs, children, refusals);
    py.detach(|| wipe::after(|| pooled(make)))
}

fn commit_values(
    program: &Program,
    name: &str,
    given: Vec<(String, Vec<i64>)>,
    proofs: u32,
    children: u16,
    refusals: u32,
) -> Result<Slab> {
    let (prepared, geometry) = (&program.prepared, &program.geometry);
    let slab = program.slab(name)?;
    let private = prepared.program.slabs[slab].private;
    let trace = slab_trace(prepared, slab, given)?;
    let cells = Wiped::new(pack(prepared, slab, &trace)?);
    if children > most_children(program.proofs) || (children > 0 && !private) {
        let most = most_children(program.proofs);
        let reason = if private {
            format!("expected at most {most} children, got {children}")
        } else {
            "the values are public: nothing is used up, so nothing is rotated".to_owned()
        };
        let fail = Fail::input("children", "children", reason);
        return Err(fail.hint("children need room: compile for more proofs (option proofs)"));
    }
    let fold = max_fold(prepared, geometry, slab, children)?;
    let spends = if children > 0 {
        u32::from(children)
    } else {
        proofs
    };
    let budget = if private { budget_of(spends) } else { 0 };
    let schema = prepared.schema(slab);
    let hedged =
        |label| -> Result<Key> { Ok(slab_seed(&*fresh()?, &schema, &cells, budget, fold, label)) };
    let seed = if private {
        hedged(b"")?
    } else {
        Key::new(&Digest::default())
    };
    let link_cells = if private { links_of(children) } else { 0 };
    let links = Stream::new(&*hedged(b"links")?, PADS).k_vec(usize::from(link_cells));
    let links = Wiped::new(links);
    let inner = tacit_pcs::commit(
        geometry, private, schema, &cells, &links, budget, fold, *seed,
    )
    .map_err(|e| {
        Fail::from(e).hint("compile for more proofs (option proofs), or commit for fewer")
    })?;
    let mut public = CommitmentFile {
        slab: name.to_owned(),
        tensors: prepared.schema_tensors(slab),
        commitment: inner.commitment.clone(),
        validity: Vec::new(),
        rotation: None,
    };
    let mut count = Count::fresh(&inner, reserve_of(&public), refusals);
    if let Some(permit) = count.record(Entry::Opening(hash(Tag::File, 0, &[CONTEXT])), name)? {
        public.validity = prove_validity(&inner, &public, |job| {
            job.prove(ProveOptions::default(), || {
                Ok::<_, ProveError>(vec![permit])
            })
        })?;
    }
    Ok(Slab::new(inner, public, Vec::new(), count))
}

/// 32 bytes of the operating system's randomness.
pub fn fresh() -> Result<Zeroizing<Digest>> {
    let mut seed = Zeroizing::new(Digest::default());
    getrandom::fill(&mut *seed).map_err(|e| {
        let reason = format!("the operating system gave no randomness: {e}");
        Fail::new("bug", "entropy", "", reason)
    })?;
    Ok(seed)
}

/// The values of a slab's tensors where a trace has them; each in its interval.
pub fn slab_trace(
    prepared: &Prepared,
    slab: usize,
    given: Vec<(String, Vec<i64>)>,
) -> Result<Trace> {
    let mut trace = Trace {
        tensors: vec![Arc::default(); prepared.program.tensors.len()],
        ..Trace::default()
    };
    let order = &prepared.layouts[slab].order;
    for (name, values) in given {
        let found = order
            .iter()
            .find(|&&t| prepared.program.tensors[t as usize].name == name);
        let Some(&t) = found else {
            return Err(Fail::input("tensor", name, "the slab has no such tensor"));
        };
        let tensor = &prepared.program.tensors[t as usize];
        let n = entries(&tensor.shape);
        if values.len() != n {
            return Err(Fail::input(
                "shape",
                name,
                format!("expected {n} entries, got {}", values.len()),
            ));
        }
        if let Some(bad) = values.iter().find(|v| !(tensor.lo..=tensor.hi).contains(v)) {
            return Err(Fail::input(
                "range",
                name,
                format!("expected [{}, {}], got {bad}", tensor.lo, tensor.hi),
            ));
        }
        trace.tensors[t as usize] = Arc::new(values);
    }
    for &t in order {
        let tensor = &prepared.program.tensors[t as usize];
        if trace.tensors[t as usize].is_empty() {
            return Err(Fail::input(
                "tensor",
                &tensor.name,
                "no values are given for this tensor",
            ));
        }
    }
    Ok(trace)
}

/// The validity proof of a slab, whose file lacks it still.
pub fn prove_validity(
    inner: &Committed,
    public: &CommitmentFile,
    prove: impl FnOnce(&Job<'_>) -> std::result::Result<Proof, ProveError>,
) -> Result<Vec<u8>> {
    let prepared = prepare_validity(&public.slab, &public.tensors)?;
    let job = Job {
        prepared: &prepared,
        geometry: &inner.commitment.header.geometry,
        slabs: &[inner],
        context: CONTEXT,
    };
    Ok(prove(&job)?.argument)
}
