//! What tests share. No crate that is built for users depends on it (scripts/check_arrows.py).

mod mutation;

pub use mutation::{mutated, smoke, write_seeds, Rng};
