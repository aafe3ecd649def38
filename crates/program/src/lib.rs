//! The program: what a proof is about (docs/protocol/program.md).
//!
//! `decode` and `validate` guard everything else: functions on a [`Prepared`] program rely on its rules.
#![forbid(unsafe_code)]

mod bare;
mod bound;
mod bytes;
mod contract;
mod contraction;
mod costs;
mod dense;
mod einsum;
mod error;
mod execute;
mod extension;
mod fold;
mod gemm;
mod hints;
mod interval;
mod layout;
mod link;
mod pack;
mod prepared;
mod publics;
mod rows;
mod shape;
mod sizes;
mod stream;
mod table;
mod types;
mod validate;
mod validity;

pub use bound::Interval;
pub use bytes::{decode, digest, encode};
pub use dense::dense;
pub use einsum::{EinsumPlan, Ends, Side};
pub use error::ProgramError;
pub use execute::{execute, Shared, Trace, Values};
pub use extension::ExprAt;
pub use fold::fold_operand;
pub use layout::{schema_digest, Layout};
pub use pack::pack;
pub use prepared::Prepared;
pub use publics::Publics;
pub use shape::{entries, shape_bits};
pub use sizes::{Block, Item, Sizes};
pub use table::{table_len, table_row};
pub use types::*;
pub use validate::validate;
pub use validity::{slab_program, validity_program};
