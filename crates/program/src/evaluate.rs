//! Extensions at a point, as a verifier computes them: of expressions, and of the columns of tables.

pub(crate) mod expressions;
mod tables;
