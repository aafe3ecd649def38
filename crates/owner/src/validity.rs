//! The proof of a fresh commitment's validity, and the counted opening that it takes.

use tacit_algebra::hash::{hash, Digest, Tag};
use tacit_pcs::Slab;
use tacit_prover::{Count, Entry, Job, Permit, ProveError, ProveOptions, Randomness};
use tacit_verifier::files::CommitmentFile;
use tacit_verifier::{prepare_validity, VALIDITY_CONTEXT as CONTEXT};
use zeroize::Zeroizing;

use crate::error::{OwnerError, Result};

/// 32 bytes of the operating system's randomness.
pub(crate) fn fresh() -> Result<Zeroizing<Digest>> {
    let mut seed = Zeroizing::new(Digest::default());
    getrandom::fill(&mut *seed).map_err(|e| {
        let reason = format!("the operating system gave no randomness: {e}");
        OwnerError::bug("entropy", "", reason)
    })?;
    Ok(seed)
}

/// One counted opening, of what a note says; `None` for a public slab.
pub(crate) fn opening(count: &mut Count, role: &str, what: &[u8]) -> Result<Option<Permit>> {
    let note = hash(Tag::File, 0, &[what]);
    Ok(count.record(Entry::Opening(note), role)?)
}

/// The same of a slab that is private.
pub(crate) fn private_opening(count: &mut Count, role: &str, what: &[u8]) -> Result<Permit> {
    opening(count, role, what)?
        .ok_or_else(|| OwnerError::bug("permit", role, "the slab is private"))
}

/// The validity proof of a slab, whose file lacks it still. It uses up the permit.
pub(crate) fn prove_validity(
    slab: &Slab,
    public: &CommitmentFile,
    permit: Permit,
    randomness: Randomness,
) -> Result<Vec<u8>> {
    let prepared = prepare_validity(&public.slab, &public.tensors)?;
    let job = Job {
        prepared: &prepared,
        geometry: &slab.commitment.header.geometry,
        slabs: &[slab],
        context: CONTEXT,
    };
    let options = ProveOptions {
        randomness,
        ..ProveOptions::default()
    };
    let proof = job.prove(options, || Ok::<_, ProveError>(vec![permit]))?;
    Ok(proof.argument)
}
