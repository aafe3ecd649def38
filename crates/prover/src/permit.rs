//! The right to open a slab once. Only a count makes one, and the proof uses it up: what is built for users proves nothing uncounted.

use tacit_algebra::hash::Digest;
use tacit_pcs::Slab;

use crate::error::ProveError;

/// One counted opening of one slab. It has no copies: a second proof needs a second record.
#[derive(Debug)]
#[must_use = "it is counted already"]
pub struct Permit {
    identity: Digest,
    number: u32,
}

impl Permit {
    pub(crate) fn new(identity: Digest, number: u32) -> Self {
        Self { identity, number }
    }

    /// Records of the slab before this one.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }
}

/// Uses up the permits of one proof: one for each private slab, in the order of the slabs.
pub(crate) fn consume(slabs: &[&Slab], permits: Vec<Permit>) -> Result<(), ProveError> {
    let mut permits = permits.into_iter();
    for (index, slab) in slabs.iter().enumerate() {
        let commitment = &slab.commitment;
        if !commitment.header.private {
            continue;
        }
        let permit = permits.next();
        if permit.map(|p| p.identity) != Some(commitment.identity()) {
            return Err(ProveError::Uncounted { slab: index });
        }
    }
    Ok(())
}
