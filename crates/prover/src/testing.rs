//! What tests may do: the prover's half of LogUp alone; proofs that nothing counts.

use tacit_algebra::K;
use tacit_pcs::NoHooks;
use tacit_program::{Prepared, Trace};
use tacit_transcript::Writer;
use tacit_verifier::Rotation;

use crate::error::ProveError;
use crate::hooks::Hooks;
use crate::lookup_tree::{leaves::Ground, Tree};
use crate::profile::Profile;
use crate::prove::{Job, Proof, ProveOptions};
use crate::rotation::Rotating;

/// From "alpha" to the last "descend" for the lookups and tables of a program. Returns the triples.
pub fn prove_logup<H: Hooks>(
    writer: &mut Writer,
    prepared: &Prepared,
    trace: &Trace,
    hooks: &mut H,
) -> Vec<[K; 3]> {
    prove_logup_keeping(writer, prepared, trace, hooks, usize::MAX)
}

/// As `prove_logup`, the leaves being kept where there are fewer than `again`, and made again otherwise.
pub fn prove_logup_keeping<H: Hooks>(
    writer: &mut Writer,
    prepared: &Prepared,
    trace: &Trace,
    hooks: &mut H,
    again: usize,
) -> Vec<[K; 3]> {
    let challenges = (writer.challenge("alpha"), writer.challenge("beta"));
    let tree = Tree::new(Ground::keeping(prepared, trace, challenges, again));
    let mut triples = Vec::new();
    tree.prove(writer, &mut triples, hooks);
    triples
}

/// Uncounted proofs, of slabs that hide nothing.
impl Job<'_> {
    /// As `prove`, uncounted, with some steps replaced; the randomness is the hooks' matter.
    ///
    /// # Errors
    /// As `prove`.
    pub fn prove_uncounted<H: Hooks>(
        &self,
        options: ProveOptions<'_>,
        hooks: &mut H,
    ) -> Result<Proof, ProveError> {
        let mut profile = Profile::start();
        let trace = profile.time("execute", || self.execute(options.givens))?;
        self.prove_claims(trace, hooks, profile, options.further)
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
}

/// Uncounted rotations, of slabs that hide nothing.
impl Rotating<'_> {
    /// As `prove`.
    ///
    /// # Errors
    /// As `prove`.
    pub fn prove_uncounted(&self) -> Result<Rotation, ProveError> {
        self.prove_value(self.value()?)
    }

    /// Proves it with a given v.
    ///
    /// # Errors
    /// As `prove`.
    pub fn prove_value(&self, v: K) -> Result<Rotation, ProveError> {
        self.prove_sides(v, |job, claim| {
            let options = ProveOptions {
                further: &[claim],
                ..ProveOptions::default()
            };
            job.prove_uncounted(options, &mut NoHooks)
        })
    }
}
