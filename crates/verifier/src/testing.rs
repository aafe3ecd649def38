//! What tests may see: public tensors in the transcript, and LogUp alone, as docs/protocol/protocol.md, section 6, describes it
//! from "alpha" to the last "descend".

use tacit_algebra::{Affine, K};
use tacit_transcript::{Reader, Sponge};

use crate::claim::{Claim, Triple};
use crate::error::VerifyError;
use crate::lookup_tree;
use crate::publics;

/// What LogUp leaves: P and Q at the point r of the leaves, claims, triples.
#[derive(Debug)]
pub struct Logup {
    pub alpha: K,
    pub beta: K,
    pub r: Vec<K>,
    pub p: Affine,
    pub q: Affine,
    pub claims: Vec<Claim>,
    pub triples: Vec<Triple>,
}

/// The verifier's half for a tree of 2^depth leaves, `padding` of them at invalid indices.
///
/// # Errors
/// `alpha`, `truncated`, `non_canonical`.
pub fn logup(reader: &mut Reader<'_>, depth: usize, padding: u64) -> Result<Logup, VerifyError> {
    let (mut claims, mut triples) = (Vec::new(), Vec::new());
    let leaves = lookup_tree::verify(reader, depth, padding, &mut triples, &mut claims)?;
    Ok(Logup {
        alpha: leaves.alpha,
        beta: leaves.beta,
        r: leaves.r,
        p: leaves.p,
        q: leaves.q,
        claims,
        triples,
    })
}

/// Absorbs a public tensor, as in "Statement" of docs/protocol/protocol.md, section 6.
pub fn absorb_public(sponge: &mut Sponge, values: &[i64]) {
    publics::absorb(sponge, values);
}
