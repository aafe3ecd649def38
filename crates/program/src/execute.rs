//! From the givens to every value.
use crate::error::Result;
use crate::prepared::Prepared;
use std::sync::Arc;

/// A tensor's valid entries, row-major; shared, so that weights are not copied for every proof.
pub type Values = Arc<Vec<i64>>;

/// Every value that a proof is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// Every tensor, constants and publics included.
    pub tensors: Vec<Values>,
    /// One list a table, one count a row.
    pub multiplicities: Vec<Vec<i64>>,
    pub einsums: Vec<Vec<i64>>,
}

/// Givens are slab tensors and input ports' tensors (each exactly once), as `Vec<i64>` or shared.
pub fn execute<G: Into<Values>>(
    _prepared: &Prepared,
    _givens: impl IntoIterator<Item = (u32, G)>,
) -> Result<Trace> {
    todo!()
}
