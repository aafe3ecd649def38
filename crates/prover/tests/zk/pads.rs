//! The padded messages as functions of the pads, measured on the real prover: the same trace, the same challenges (a programmed
//! oracle), other pads. Nothing is modelled.

use p3_field::PrimeCharacteristicRing;
use tacit_algebra::K;
use tacit_pcs::OpeningHooks;
use tacit_prover::{Hooks, Job, ProveOptions};
use tacit_transcript::testing::with_programmed;

use super::record::{elements, relation_bytes};

/// What the prover uses as pads: a function of the uniform values that it drew.
pub type Drawn<'a> = &'a (dyn Fn(&mut [K]) + Sync);

struct Fixed<'a> {
    uniform: &'a [K],
    drawn: Drawn<'a>,
}

impl OpeningHooks for Fixed<'_> {}
impl Hooks for Fixed<'_> {
    fn pads(&mut self, pads: &mut [K]) {
        pads.copy_from_slice(self.uniform);
        (self.drawn)(pads);
    }
}

/// One prover with programmed challenges.
pub struct Measured<'a> {
    pub job: Job<'a>,
    pub givens: &'a [(u32, Vec<i64>)],
    pub seed: [u8; 32],
    pub drawn: Drawn<'a>,
}

impl Measured<'_> {
    /// Every element that is sent before the opening: the padded ones in order, then the three ends in clear.
    pub fn sent(&self, uniform: &[K]) -> Vec<K> {
        let mut hooks = Fixed {
            uniform,
            drawn: self.drawn,
        };
        let proof = with_programmed(self.seed, || {
            let options = ProveOptions::of(self.givens.to_vec());
            self.job.prove_uncounted(options, &mut hooks)
        });
        let argument = proof.unwrap_or_else(|e| panic!("{e}")).argument;
        elements(&argument[32..relation_bytes(self.job.prepared)])
    }

    /// The change of every message for a change of each pad by one: row i is the change for pad i.
    pub fn changes(&self, uniform: &[K]) -> Vec<Vec<K>> {
        let base = self.sent(uniform);
        let mut moved = uniform.to_vec();
        let change = |i: usize| {
            moved[i] += K::ONE;
            let sent = self.sent(&moved);
            moved[i] -= K::ONE;
            sent.iter().zip(&base).map(|(&a, &b)| a - b).collect()
        };
        (0..uniform.len()).map(change).collect()
    }
}
