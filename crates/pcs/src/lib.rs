//! Slabs and their opening (docs/protocol/protocol.md, sections 3, 4 and 6 "Opening").
//!
//! A slab commits a vector over F as columns of a Reed-Solomon code under one Merkle tree. An opening proves a batch of
//! claims that are affine in the cells of several slabs. `commit` and `commit_witness` make slabs, `prove_opening` and
//! `verify_opening` stand side by side. Nothing here knows what is proven.

mod code;
mod error;
mod fold;
mod forms;
mod grind;
mod header;
mod hooks;
mod lanes;
mod levels;
mod memory;
mod multi_opening;
mod open;
mod profile;
mod queries;
pub mod random;
mod slab;
mod statement;
mod terms;
#[cfg(feature = "testing")]
pub mod testing;
mod tree;
mod vector;
mod verify;
mod weights;
mod witness;

pub use error::PcsError;
pub use header::{most_proofs, Commitment, Expectation, Header};
pub use hooks::{NoHooks, OpeningHooks};
pub use open::prove_opening;
pub use profile::Profile;
pub use slab::{commit, secret_bytes, Slab};
pub use statement::{Binding, Columns, Opened, Statement};
pub use verify::verify_opening;
pub use witness::{commit_witness, witness_blinding, witness_columns, WitnessSlab};
