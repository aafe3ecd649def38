//! The prover. It drives the verifier's own relations: after its messages it replays them to learn the claims it must open.

mod bottom;
pub mod budget;
mod commit;
mod count;
mod einsum;
mod error;
pub mod hooks;
mod lanes;
mod layer;
mod leaves;
mod link;
mod logup;
mod memory;
mod operands;
mod permit;
mod private;
mod products;
mod profile;
mod prove;
mod rounds;
mod seed;
#[cfg(feature = "testing")]
pub mod testing;
mod weights;

pub use budget::{read, same_process, Budget, BudgetError, Entry, Full, JournalFault, Tally};
pub use commit::slab_cells;
pub use count::Count;
pub use error::ProveError;
pub use hooks::{Hooks, Repeatable};
pub use link::{child_of, link_value, renewal_of, Linking, FIRST_CHILD, ORIGIN, RENEWAL};
pub use permit::Permit;
pub use private::keep_private;
pub use profile::Profile;
pub use prove::{gather, public_values, Job, Proof};
pub use seed::slab_seed;
