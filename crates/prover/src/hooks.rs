//! Steps of the prover that a test may replace, to be a malicious prover with one step changed. The defaults do nothing.

use tacit_algebra::hash::Digest;
use tacit_algebra::{F, K};
use tacit_pcs::{Commitment, NoHooks, OpeningHooks, WitnessSlab};
use tacit_program::{Publics, Trace};
use tacit_verifier::Claim;
use zeroize::Zeroizing;

use crate::error::ProveError;

/// Every method sees an honest value; what it leaves is what the prover goes on with.
pub trait Hooks: OpeningHooks {
    /// 32 bytes of the operating system's randomness; the slabs' seeds, the witness and the statement hedge them.
    ///
    /// # Errors
    /// `entropy`.
    fn fresh(&mut self) -> Result<Zeroizing<Digest>, ProveError> {
        let mut fresh = Zeroizing::new(Digest::default());
        getrandom::fill(&mut *fresh).map_err(|e| ProveError::Entropy(e.to_string()))?;
        Ok(fresh)
    }

    /// The trace and the public tensors, before anything is committed.
    fn trace(&mut self, _trace: &mut Trace, _publics: &mut Publics) {}

    /// The cells of the witness slab, before they are committed.
    fn witness(&mut self, _cells: &mut [F]) {}

    /// The pads, before they are committed.
    fn pads(&mut self, _pads: &mut [K]) {}

    /// The witness slab, committed.
    fn committed(&mut self, _witness: &WitnessSlab) {}

    /// The commitments that the statement names, which are those of the slabs.
    fn commitments(&mut self, _named: &mut [Commitment]) {}

    /// The inverse of the tree's root denominator.
    fn inverse(&mut self, honest: K) -> K {
        honest
    }

    /// The product sent for triple number `index`.
    fn product(&mut self, _index: usize, honest: K) -> K {
        honest
    }

    /// The three values at the end of the products, sent in clear.
    fn products_end(&mut self, honest: [K; 3]) -> [K; 3] {
        honest
    }

    /// The claims that are about to be opened, and the secrets under them: for audits.
    fn claims(&mut self, _claims: &[Claim], _cells: &[&[F]], _pads: &[K]) {}

    /// Whether a statement that no verifier accepts is argued all the same.
    fn ignores_checks(&self) -> bool {
        false
    }

    /// Whether a proof without binding claims is asked for (no verifier accepts it; it shows what they are for).
    fn without_bindings(&self) -> bool {
        false
    }
}

/// The honest prover.
impl Hooks for NoHooks {}

/// An honest prover whose randomness is the slabs' seeds, the witness and the statement: the same proof again, byte for byte, so
/// that proving twice shows no more than proving once. Its slabs are private, or the proof hides nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Repeatable;

impl OpeningHooks for Repeatable {}

impl Hooks for Repeatable {
    fn fresh(&mut self) -> Result<Zeroizing<Digest>, ProveError> {
        Ok(Zeroizing::default())
    }
}
