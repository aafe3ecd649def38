//! What tests may see: the prover's half of a sumcheck round and of LogUp, each alone.

use tacit_algebra::K;
use tacit_program::{Prepared, Trace};
use tacit_transcript::Writer;

use crate::hooks::Hooks;
use crate::{leaves, logup};

pub use crate::rounds::send as send_round;

/// From "alpha" to the last "descend" for the lookups and tables of a program. Returns the triples.
pub fn prove_logup<H: Hooks>(
    writer: &mut Writer,
    prepared: &Prepared,
    trace: &Trace,
    hooks: &mut H,
) -> Vec<[K; 3]> {
    let (alpha, beta) = (writer.challenge("alpha"), writer.challenge("beta"));
    let tree = logup::Tree::new(leaves::layer(prepared, trace, alpha, beta));
    let mut triples = Vec::new();
    tree.prove(writer, &mut triples, hooks);
    triples
}
