//! Why there is no proof.

use tacit_pcs::PcsError;
use tacit_program::ProgramError;
use tacit_verifier::VerifyError;

use crate::allowance::error::AllowanceError;

#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// The program refuses these values; the place names the tensor or relation.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// Geometry, slabs or public values do not fit the program.
    #[error(transparent)]
    Statement(#[from] VerifyError),
    #[error(transparent)]
    Slab(#[from] PcsError),
    #[error(transparent)]
    Allowance(#[from] AllowanceError),
    /// A slab tensor was given with values that are not the committed ones.
    #[error("tensor {tensor}: the values given are not those of its slab")]
    NotCommitted { tensor: String },
    /// A private slab without its permit: the proof was not counted.
    #[error("slab {slab}: expected the permit of one counted proof of this slab")]
    Uncounted { slab: usize },
    #[error("the operating system gave no randomness: {0}")]
    Entropy(String),
}

impl ProveError {
    /// A stable slug: those of verification, `execution`, or `allowance`, `not_committed`, `uncounted`, `entropy`.
    #[must_use]
    pub fn slug(&self) -> &'static str {
        match self {
            Self::Program(e) => e.slug,
            Self::Statement(e) => e.slug(),
            Self::Slab(e) => e.slug(),
            Self::Allowance(e) => e.slug(),
            Self::NotCommitted { .. } => "not_committed",
            Self::Uncounted { .. } => "uncounted",
            Self::Entropy(_) => "entropy",
        }
    }
}
