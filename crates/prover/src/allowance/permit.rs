//! The right to open a slab once. Only a count makes one, and the proof uses it up: what is built for users proves nothing uncounted.

use tacit_algebra::hash::Digest;

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

    /// The slab that it opens.
    pub(crate) fn identity(&self) -> Digest {
        self.identity
    }

    /// Records of the slab before this one.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }
}
