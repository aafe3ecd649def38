//! What follows from a valid program alone: cells of slabs, sizes of the argument, plans of einsums; and the public tensors.

pub(crate) mod cells;
pub(crate) mod einsums;
pub(crate) mod prepared;
pub(crate) mod publics;
pub(crate) mod sizes;
