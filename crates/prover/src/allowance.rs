//! The allowance of a private slab: how many openings its blinding still hides, counted by its owner.

pub(crate) mod count;
pub(crate) mod error;
pub(crate) mod journal;
pub(crate) mod owner_only;
pub(crate) mod permit;
pub(crate) mod tally;
