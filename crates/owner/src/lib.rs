//! What the owner of values does: commit them, prove with them, rotate and renew, and keep the secret and its journal.
//!
//! A [`Secret`] is a commitment with what hides it and the count of what is left of its allowance. It is counted before
//! anything that depends on its blinding leaves, on the disk if the secret is. The same crate decides the geometry of a
//! deployment: how many openings a blinding is made for follows from what an owner does with it.

mod commit;
mod deployment;
mod disk;
mod error;
mod estimate;
mod guard;
mod prove;
mod renew;
mod rotate;
mod samples;
mod secret;
mod secret_file;
mod store;
mod validity;
mod values;

pub use commit::{commit, commit_for, Allowance};
pub use deployment::{
    allowance_of, child_allowance_of, largest_sizes, links_of, most_children, renewed_allowance_of,
    slab_sizes, work_of, Deployment,
};
pub use disk::read as read_file;
pub use error::{Kind, OwnerError, Result};
pub use estimate::{commitment_costs, Cost};
pub use prove::{compute, prove, Given};
pub use renew::renew;
pub use rotate::{rotate, rotate_for};
pub use samples::{Outcomes, Samples};
pub use secret::Secret;
pub use secret_file::SecretFile;
pub use store::{journal_path, read_journal, Journal};
pub use values::{addressed, Tensors};
