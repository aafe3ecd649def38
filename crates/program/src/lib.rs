//! The program: what a proof is about (docs/program.md).
mod types;
pub use types::*;
