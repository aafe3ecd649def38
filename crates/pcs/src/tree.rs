//! Merkle trees over the rows of a code: hashing side by side, reading a multi-opening, and the prover's trees.

pub mod hashes;
#[cfg(feature = "prove")]
pub mod merkle;
pub mod multi_opening;
