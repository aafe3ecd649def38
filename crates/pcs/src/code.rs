//! Reed-Solomon codes: the domain, which both sides know, and the prover's code words.

pub mod domain;
#[cfg(feature = "prove")]
pub mod encode;
#[cfg(feature = "prove")]
pub mod memory;
