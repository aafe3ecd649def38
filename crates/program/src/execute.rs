//! The prover's half: from the givens to every value of the statement, packed into cells and summed for the sumchecks.

mod contraction;
pub(crate) mod dense;
mod einsums;
mod elementwise;
mod gemm;
pub(crate) mod operands;
pub(crate) mod pack;
pub(crate) mod run;
mod small_integers;
pub(crate) mod trace;
