//! What the tests of programs share: small programs, random terms, and a slow reading of them.

pub mod mlp;
mod naive;
pub mod net;
mod random;
mod syntax;

pub use naive::{extension, indices, naive, publics, slabs, value_of, weight};
pub use random::{random_tensors, random_term};
pub use syntax::{empty, expr, identity, link, tensor, whole};
