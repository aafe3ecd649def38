//! Linear forms on the cells of slabs: what is collapsed into one claim, and its coefficients, folded or written out.

pub mod collapse;
pub mod folded;
pub mod place;
#[cfg(feature = "prove")]
pub mod products;
#[cfg(feature = "prove")]
pub mod written;
