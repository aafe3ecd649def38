//! The verifier's half of an opening (docs/protocol/protocol.md, section 6 "Opening"). No work grows with the cells of a slab.

mod claims;
mod evaluate;
pub mod opening;
mod progression;
