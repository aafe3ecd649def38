//! The prover's half of an opening (docs/protocol/protocol.md, section 6 "Opening").

mod codes;
mod columns;
mod grind;
pub mod hooks;
pub mod opening;
pub mod profile;
mod queries;
pub mod sender;
