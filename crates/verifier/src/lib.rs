//! The verifier: the definition of the protocol (docs/protocol/protocol.md). A prover replays it on its own messages, so the two cannot drift.
//!
//! Total: hostile bytes, commitments and programs end in a [`VerifyError`], never in a panic.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::as_conversions,
        clippy::unreachable,
        clippy::todo
    )
)]

mod accepted;
mod audit;
mod claim;
mod common;
mod einsum;
mod error;
pub mod files;
mod link;
mod logup;
mod products;
mod relations;
mod statement;
pub mod sumcheck;
#[cfg(feature = "testing")]
pub mod testing;
mod validity;
mod verify;

pub use accepted::Accepted;
pub use audit::{audit, value};
pub use claim::{Claim, Triple};
pub use error::{Slug, VerifyError};
pub use link::{prepare_link, verify_link, Link, LinkStatement};
pub use relations::{verify_relations, verify_rest, verify_up_to_common, Common, UpToCommon};
pub use statement::{order_commitments, relations_of, soundness_shape, Statement};
pub use validity::{prepare_validity, verify_validity, Schema, CONTEXT as VALIDITY_CONTEXT};
pub use verify::{opening, verify, Verified};
