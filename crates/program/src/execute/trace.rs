//! Every value of a statement.

use std::sync::Arc;

/// Below this many entries a second thread costs more than it gives.
pub(crate) const PARALLEL: usize = 1 << 14;

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
