//! Slabs and their opening (docs/protocol/protocol.md, sections 3, 4 and 6 "Opening").
//!
//! A slab commits a vector over F as columns of a Reed-Solomon code under one Merkle tree. An opening proves a batch of
//! claims that are affine in the cells of several slabs. `commit` and `commit_witness` make slabs, `prove_opening` and
//! `verify_opening` stand side by side. Nothing here knows what is proven.
//!
//! The feature `prove` brings all that only a prover or an owner of slabs needs: without it there are no threads, no mappings
//! of memory and no secrets.

mod claims;
mod code;
mod error;
mod forms;
#[cfg(feature = "prove")]
mod prove;
#[cfg(feature = "prove")]
pub mod random;
mod slab;
#[cfg(feature = "testing")]
pub mod testing;
mod tree;
#[cfg(feature = "prove")]
mod vector;
mod verify;

pub use claims::{Binding, Columns, Opened, OpeningClaims};
pub use error::PcsError;
#[cfg(feature = "prove")]
pub use prove::hooks::{NoHooks, OpeningHooks};
#[cfg(feature = "prove")]
pub use prove::opening::prove_opening;
#[cfg(feature = "prove")]
pub use prove::profile::Profile;
#[cfg(feature = "prove")]
pub use slab::committed::{commit, Slab};
pub use slab::header::{
    most_proofs, witness_blinding, witness_columns, Commitment, Expectation, Header,
};
#[cfg(feature = "prove")]
pub use slab::secret_file::secret_bytes;
#[cfg(feature = "prove")]
pub use slab::witness::{commit_witness, WitnessSlab};
pub use verify::opening::verify_opening;
