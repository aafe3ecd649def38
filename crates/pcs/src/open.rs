//! The prover's half of the opening (docs/protocol.md, section 6).

use crate::{OpeningHooks, Profile, Slab, Statement, WitnessSlab};
use tacit_transcript::Writer;

/// Proves every claim and binding of `st`. `slabs` are the long-lived ones, in the order of `st.opened`.
pub fn prove_opening(
    _w: &mut Writer,
    _st: &Statement,
    _slabs: &[&Slab],
    _witness: &WitnessSlab,
    _hooks: &mut impl OpeningHooks,
    _profile: &mut Profile,
) {
    unimplemented!()
}
