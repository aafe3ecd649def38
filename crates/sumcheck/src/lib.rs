//! Padded sumcheck: sum over {0,1}^n of f(x) = c, one variable a round, front (most significant) first
//! (docs/protocol/protocol.md, section 6).
//!
//! A round is a cubic s with s(0) + s(1) = c. The prover sends s(0), s(2), s(3), each padded; s(1) = c - s(0) follows, so a round
//! checks nothing: it only replaces the claim by c' = s(rho). [`verify()`] does that for all rounds, `rounds` sends one.
//!
//! The feature `prove` brings the prover's half, and what its sums are made of: `lanes` and `eq_tables`.

#[cfg(feature = "prove")]
pub mod eq_tables;
#[cfg(feature = "prove")]
pub mod lanes;
#[cfg(feature = "prove")]
pub mod rounds;
mod verify;

pub use verify::{verify, RoundError};

/// The kind of a round's message, and of the challenge behind it.
const ROUND: &str = "round";

/// Values of a round's message: s(0), s(2), s(3).
pub const VALUES: usize = 3;
