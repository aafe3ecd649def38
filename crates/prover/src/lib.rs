//! The prover. It drives the verifier's own relations: after its messages it replays them to learn the claims it must open.

mod allowance;
mod einsum;
mod error;
mod hooks;
mod lookup_tree;
mod memory;
mod products;
mod profile;
mod prove;
mod rotation;
mod seed;
mod slab_cells;
#[cfg(feature = "testing")]
pub mod testing;

pub use allowance::{
    count::Count,
    error::AllowanceError,
    journal::{same_process, Allowance},
    owner_only::keep_private,
    permit::Permit,
    tally::{read, Entry, Full, JournalFault, Tally},
};
pub use error::ProveError;
#[cfg(feature = "testing")]
pub use hooks::{Hooks, Repeatable};
pub use memory::ask_for_huge_pages;
pub use profile::Profile;
pub use prove::{gather, public_values, Job, Proof, ProveOptions, Randomness};
pub use rotation::{
    commitments::{child_of, child_under, renewal_of, rotation_cell, FIRST_CHILD, ORIGIN, RENEWAL},
    Rotating,
};
pub use seed::slab_seed;
pub use slab_cells::slab_cells;
