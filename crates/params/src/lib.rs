//! Parameters of the opening and what they are worth in bits.
//!
//! `Geometry` is the public shape of every commitment of a deployment (docs/protocol/protocol.md, section 3). It is never written
//! by hand: `derive` finds the cheapest one that reaches a security target, and a verifier accepts a geometry only when
//! its soundness `budget` for the program at hand reaches that target (docs/protocol/security.md).

mod budget;
mod cost;
mod derive;
mod fold_plan;
mod geometry;
mod hiding;
mod johnson;
mod relations;

pub use budget::{budget, Budget, Term, REGIME};
pub use cost::{estimate, estimate_commit, CommitEstimate, Estimate};
pub use derive::{derive, derive_all, DeriveError, Derived, Optimize, Works};
pub use geometry::{
    Geometry, GeometryError, Level, MAX_FINAL, MAX_FOLD, MAX_GRIND, MAX_LEVELS, MAX_LOG_DOMAIN,
    MAX_LOG_ROWS, MAX_QUERIES, MAX_ROWS,
};
pub use hiding::{hiding_bits, hiding_units};
pub use johnson::{error_units, log2_units, Code, UNITS};
pub use relations::{bits, t_blinding, witness_columns, Relations, Shape, SlabSize, Work};
