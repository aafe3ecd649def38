//! Lookup tables: their rows.

use crate::syntax::types::TableKind;
use tacit_algebra::bits;

/// Number of rows.
pub fn table_len(kind: &TableKind) -> u32 {
    match kind {
        TableKind::Range { len, .. }
        | TableKind::Relu { len, .. }
        | TableKind::Sign { len, .. }
        | TableKind::Clamp { len, .. } => *len,
        TableKind::Values { outs, .. } => outs.len().min(u32::MAX as usize) as u32,
    }
}

/// The first input.
pub(crate) fn table_lo(kind: &TableKind) -> i64 {
    match kind {
        TableKind::Range { lo, .. }
        | TableKind::Relu { lo, .. }
        | TableKind::Sign { lo, .. }
        | TableKind::Values { lo, .. }
        | TableKind::Clamp { lo, .. } => *lo,
    }
}

/// (in, out) of a row below `table_len`.
pub fn table_row(kind: &TableKind, row: u32) -> (i64, i64) {
    let input = table_lo(kind).wrapping_add(row as i64);
    (input, table_out(kind, row, input))
}

#[inline]
pub(crate) fn table_out(kind: &TableKind, row: u32, input: i64) -> i64 {
    match kind {
        TableKind::Range { .. } => 0,
        TableKind::Relu { .. } => input.max(0),
        TableKind::Sign { .. } => (input >= 0) as i64,
        TableKind::Values { outs, .. } => outs[row as usize],
        // Not `clamp`: it panics on low > high, which validation refuses later.
        TableKind::Clamp { low, high, .. } => input.max(*low).min(*high),
    }
}

/// Bits of a table's row index.
pub(crate) fn table_bits(kind: &TableKind) -> u32 {
    bits(table_len(kind) as u64)
}
