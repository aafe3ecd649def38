//! What tests may do: the prover's half of a sumcheck round and of LogUp, each alone; proofs that nothing counts.

use tacit_algebra::K;
use tacit_pcs::NoHooks;
use tacit_program::{Prepared, Trace, Values};
use tacit_transcript::Writer;
use tacit_verifier::{Claim, Rotation};

use crate::error::ProveError;
use crate::hooks::Hooks;
use crate::lookup_tree::{leaves, Tree};
use crate::profile::Profile;
use crate::prove::{Job, Proof};
use crate::rotation::Rotating;

pub use crate::rounds::send as send_round;

/// From "alpha" to the last "descend" for the lookups and tables of a program. Returns the triples.
pub fn prove_logup<H: Hooks>(
    writer: &mut Writer,
    prepared: &Prepared,
    trace: &Trace,
    hooks: &mut H,
) -> Vec<[K; 3]> {
    let (alpha, beta) = (writer.challenge("alpha"), writer.challenge("beta"));
    let tree = Tree::new(leaves::layer(prepared, trace, alpha, beta));
    let mut triples = Vec::new();
    tree.prove(writer, &mut triples, hooks);
    triples
}

/// Uncounted proofs, of slabs that hide nothing.
impl Job<'_> {
    /// As `prove_counted`.
    ///
    /// # Errors
    /// As `prove_counted`.
    pub fn prove<G: Into<Values>>(
        &self,
        givens: impl IntoIterator<Item = (u32, G)>,
    ) -> Result<Proof, ProveError> {
        self.prove_with(givens, &mut NoHooks)
    }

    /// As `prove`, with some steps replaced.
    ///
    /// # Errors
    /// As `prove`.
    pub fn prove_with<G: Into<Values>, H: Hooks>(
        &self,
        givens: impl IntoIterator<Item = (u32, G)>,
        hooks: &mut H,
    ) -> Result<Proof, ProveError> {
        let mut profile = Profile::start();
        let trace = profile.time("execute", || self.execute(givens))?;
        self.prove_trace(trace, hooks, profile)
    }

    /// Proves a trace that was computed elsewhere. Nothing checks it here; a verifier does.
    ///
    /// # Errors
    /// When the slabs do not fit the program.
    pub fn prove_trace<H: Hooks>(
        &self,
        trace: Trace,
        hooks: &mut H,
        profile: Profile,
    ) -> Result<Proof, ProveError> {
        self.prove_claims(trace, hooks, profile, &[])
    }

    /// Proves a program whose values are all in its slabs, with further claims behind those of its relations.
    ///
    /// # Errors
    /// As `prove`.
    pub fn prove_further(&self, further: &[Claim]) -> Result<Proof, ProveError> {
        self.prove_further_with(further, &mut NoHooks)
    }

    /// As `prove_further`, with some steps replaced.
    ///
    /// # Errors
    /// As `prove`.
    pub fn prove_further_with<H: Hooks>(
        &self,
        further: &[Claim],
        hooks: &mut H,
    ) -> Result<Proof, ProveError> {
        let none: [(u32, Values); 0] = [];
        let trace = self.execute(none)?;
        self.prove_claims(trace, hooks, Profile::start(), further)
    }
}

/// Uncounted links, of slabs that hide nothing.
impl Rotating<'_> {
    /// As `prove_counted`.
    ///
    /// # Errors
    /// As `prove_counted`.
    pub fn prove(&self) -> Result<Rotation, ProveError> {
        self.prove_value(self.value()?)
    }

    /// Proves it with a given v.
    ///
    /// # Errors
    /// As `prove`.
    pub fn prove_value(&self, v: K) -> Result<Rotation, ProveError> {
        self.prove_sides(v, |job, claim| job.prove_further(&[claim]))
    }
}
