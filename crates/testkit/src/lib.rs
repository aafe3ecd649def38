//! What tests share. No crate that is built for users depends on it (scripts/check_arrows.py).
//!
//! Programs, cases and mutations need no feature. With `testing`: worlds that commit, prove and verify them, and malicious
//! provers. With `owner`: the fuzz targets of an owner's files.

pub mod batches;
pub mod builder;
pub mod cases;
pub mod fuzz;
#[cfg(feature = "testing")]
mod geometry;
#[cfg(feature = "testing")]
pub mod lie;
#[cfg(feature = "testing")]
pub mod master;
mod mutation;
pub mod program;
pub mod random;
mod rng;
pub mod steps;
pub mod training;
pub mod vectors;
#[cfg(feature = "testing")]
mod world;

pub use builder::*;
pub use cases::*;
#[cfg(feature = "testing")]
pub use geometry::{toy, CONTEXT, TOY};
pub use mutation::{mutated, smoke, write_seeds};
pub use rng::Rng;
#[cfg(feature = "testing")]
pub use world::*;
