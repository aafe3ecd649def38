//! Intervals that follow from the relations.
/// [lo, hi], both included.
pub type Interval = (i64, i64);
