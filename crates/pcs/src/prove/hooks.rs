//! A place to stand beside the prover: tests replace one of its steps, or record what it sends.

use tacit_algebra::K;
use tacit_transcript::Sponge;

/// Every method does nothing by default; the compiler removes what is not used.
pub trait OpeningHooks {
    /// S before it is sent.
    fn blinding_sum(&mut self, _s: &mut K) {}
    /// mu before it is sent.
    fn mask_sum(&mut self, _mu: &mut K) {}
    /// h before it is committed, with its coefficients W'.
    fn masked(&mut self, _h: &mut [K], _coefficients: &[K]) {}
    /// Whether `masked` is wanted (it costs copies).
    fn wants_masked(&self) -> bool {
        false
    }
    /// The out-of-domain answer of a level before it is sent.
    fn out_of_domain(&mut self, _level: usize, _o: &mut K) {}
    /// The final vector before it is sent.
    fn final_vector(&mut self, _v: &mut [K]) {}
    /// A further wish on a nonce: the sponge is the one after it, the code is 0 for the slabs' one.
    fn accept_nonce(&mut self, _code: usize, _after: &Sponge) -> bool {
        true
    }
    /// Whether `accept_nonce` is wanted (it makes the search sequential).
    fn wants_nonce(&self) -> bool {
        false
    }
    /// Positions before they are opened; code 0 is the slabs'.
    fn positions(&mut self, _code: usize, _positions: &[usize]) {}
    /// A challenge that was drawn, before it is used: a test that freezes challenges writes its own.
    fn freeze(&mut self, _kind: &'static str, _x: &mut K) {}
    /// A challenge that is used.
    fn challenge(&mut self, _kind: &'static str, _x: K) {}
    /// A message in clear that was sent.
    fn sent(&mut self, _kind: &'static str, _x: &[K]) {}
}

/// The honest prover.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHooks;

impl OpeningHooks for NoHooks {}
