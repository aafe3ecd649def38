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
mod argument;
mod audit;
mod claim;
mod common_point;
mod einsum;
mod error;
pub mod files;
mod lookup_tree;
mod products;
mod proof;
mod publics;
mod relations;
mod rotation;
mod statement;
#[cfg(feature = "testing")]
pub mod testing;
mod validity;
mod verify;

pub use accepted::Accepted;
pub use argument::{opening, Verified};
pub use audit::{audit, value};
pub use claim::{Claim, Triple};
pub use error::{Slug, VerifyError};
pub use relations::{
    verify_from_common_point, verify_relations, verify_to_common_point, AtCommonPoint, CommonPoint,
};
pub use rotation::{prepare_rotation, verify_rotation, Rotation, RotationStatement};
pub use statement::{relations_of, soundness_shape, Statement};
pub use validity::{prepare_validity, verify_validity, Schema, CONTEXT as VALIDITY_CONTEXT};
pub use verify::{order_commitments, verify};
