//! What a commitment will cost, before it is made.

use tacit_params::{estimate_commit, CommitEstimate};
use tacit_pcs::{secret_bytes, Commitment, Header};
use tacit_program::Prepared;
use tacit_verifier::files::{Body, CommitmentFile};

use crate::deployment::{allowance_of, links_of, slab_sizes, validities, work_of, Deployment};
use crate::error::Result;

/// A container's head and checksum, and the lengths of a secret's three parts.
const AROUND: u64 = 40 + 4 + 4 + 4;

/// What one commitment takes.
#[derive(Clone, Debug)]
pub struct Cost {
    /// Seconds on two cores, and bytes of memory beyond those of the process.
    pub expected: CommitEstimate,
    /// Bytes of the secret file.
    pub secret_bytes: u64,
    /// Bytes of the public file.
    pub commitment_bytes: u64,
}

/// The cost for one slab; its columns are those of a plain commitment.
fn cost(deployment: &Deployment, slab: usize, validity: Option<&Prepared>) -> Result<Cost> {
    let (prepared, geometry) = (&deployment.prepared, &deployment.geometry);
    let declared = &prepared.program.slabs[slab];
    let (openings, links) = (allowance_of(deployment.proofs), links_of(0));
    let size = slab_sizes(prepared, openings, links)[slab];
    let header = Header {
        geometry: geometry.clone(),
        columns: u32::try_from(size.columns(geometry.log_rows)).unwrap_or(u32::MAX),
        blinding: 0,
        budget: openings,
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

/// By the role of every commitment, in the order of the program.
///
/// # Errors
/// `schema` when a slab has no validity program; `too_large`.
pub fn commitment_costs(deployment: &Deployment) -> Result<Vec<(String, Cost)>> {
    let slabs = deployment.prepared.program.slabs.iter();
    let validities = validities(&deployment.prepared)?;
    slabs
        .zip(&validities)
        .enumerate()
        .map(|(i, (slab, validity))| {
            Ok((slab.name.clone(), cost(deployment, i, validity.as_ref())?))
        })
        .collect()
}
