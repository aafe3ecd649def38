//! The program that proves a slab's intervals (docs/protocol.md section 7).
use crate::error::Result;
use crate::types::Program;

/// From the slab's name and its tensors (name, shape, lo, hi) in layout order.
pub fn validity_program(_slab: &str, _tensors: &[(String, Vec<u32>, i64, i64)]) -> Result<Program> {
    todo!()
}
