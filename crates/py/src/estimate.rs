//! What a commitment will cost, before it is made.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use tacit_params::{estimate_commit, CommitEstimate};
use tacit_pcs::{secret_bytes, Commitment, Header};
use tacit_program::Prepared;
use tacit_verifier::files::{Body, CommitmentFile};

use crate::deploy::{budget_of, links_of, slab_sizes, validities, work_of};
use crate::failure::Result;
use crate::program::{Program, PROCESS_BYTES};

/// A container's head and checksum, and the lengths of a secret's three parts.
const AROUND: u64 = 40 + 4 + 4 + 4;

/// Seconds, memory and files of one commitment.
struct Cost {
    expected: CommitEstimate,
    secret_bytes: u64,
    commitment_bytes: u64,
}

/// The cost for one slab; its columns are those of a plain commitment.
fn cost(program: &Program, slab: usize, validity: Option<&Prepared>) -> Result<Cost> {
    let (prepared, geometry) = (&program.prepared, &program.geometry);
    let declared = &prepared.program.slabs[slab];
    let (budget, links) = (budget_of(program.proofs), links_of(0));
    let size = slab_sizes(prepared, budget, links)[slab];
    let header = Header {
        geometry: geometry.clone(),
        columns: u32::try_from(size.columns(geometry.log_rows)).unwrap_or(u32::MAX),
        blinding: 0,
        budget,
        max_fold: 0,
        links,
        leaf_groups: 1,
        private: declared.private,
        schema: prepared.schema(slab),
    };
    let body = secret_bytes(&header);
    let work = validity.map(work_of);
    let expected = estimate_commit(geometry, &size, work.as_ref(), body);
    let file = CommitmentFile {
        slab: declared.name.clone(),
        tensors: prepared.schema_tensors(slab),
        commitment: Commitment {
            header,
            root: [0; 32],
            y: [0; 24],
        },
        validity: Vec::new(),
        rotation: None,
    };
    let public = file.to_file()?.len() as u64 + expected.validity_bytes.round() as u64;
    Ok(Cost {
        expected,
        secret_bytes: body.saturating_add(public + AROUND),
        commitment_bytes: public,
    })
}

/// By the name of every slab: seconds on two cores, memory of the whole command, bytes of both files.
pub fn commitments<'py>(py: Python<'py>, program: &Program) -> PyResult<Bound<'py, PyDict>> {
    let all = PyDict::new(py);
    let validities = validities(&program.prepared)?;
    for (slab, validity) in validities.iter().enumerate() {
        let found = cost(program, slab, validity.as_ref())?;
        let d = PyDict::new(py);
        d.set_item("commit_seconds", found.expected.seconds)?;
        let peak = PROCESS_BYTES + found.expected.peak_bytes;
        d.set_item("peak_bytes", peak.round())?;
        d.set_item("secret_bytes", found.secret_bytes)?;
        d.set_item("commitment_bytes", found.commitment_bytes)?;
        all.set_item(&program.prepared.program.slabs[slab].name, d)?;
    }
    Ok(all)
}
