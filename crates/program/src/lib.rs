//! The program: what a proof is about (docs/protocol/program.md).
//!
//! `decode` and `validate` guard everything else: functions on a [`Prepared`] program rely on its rules.
//!
//! What only provers need stands in `execute`, behind the feature `prove`.
#![forbid(unsafe_code)]

mod error;
mod evaluate;
#[cfg(feature = "prove")]
mod execute;
mod layout;
mod syntax;
mod validate;

pub use error::ProgramError;
pub use evaluate::expressions::ExprAt;
#[cfg(feature = "prove")]
pub use execute::{
    dense::{dense, dense_in},
    operands::reduce_operand,
    pack::{pack, pack_with_room},
    run::{execute, Shared},
    trace::{Trace, Values},
};
pub use layout::{
    cells::{schema_digest, Layout},
    einsums::{EinsumPlan, Ends, Side},
    prepared::Prepared,
    publics::Publics,
    sizes::{Block, Item, Sizes},
};
pub use syntax::{
    bytes::{digest, encode},
    shape::{entries, shape_bits},
    tables::{table_len, table_row},
    types::*,
    validity::{slab_program, validity_program},
};
pub use validate::{bounds::Interval, decode, validate};
