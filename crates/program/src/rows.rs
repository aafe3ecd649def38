//! Elementwise steps of execution: digits, interval checks, table rows.

use crate::dense::PARALLEL;
use crate::error::ProgramError;
use crate::table::{table_len, table_lo};
use crate::types::TableKind;
use rayon::prelude::*;

/// v mod 2^bits, leaving floor(v / 2^bits).
pub(crate) fn low_digit(rest: &mut [i64], bits: u8) -> Vec<i64> {
    let mask = (1i64 << bits.min(62)) - 1;
    let digit = rest.iter().map(|v| v & mask).collect();
    rest.iter_mut().for_each(|v| *v >>= bits.min(62));
    digit
}

/// The first entry outside [lo, hi].
pub(crate) fn outside(values: &[i64], lo: i64, hi: i64) -> Option<(usize, i64)> {
    // One pass without branches first: nearly always nothing is outside.
    let clean = |chunk: &[i64]| {
        !chunk
            .iter()
            .fold(false, |bad, &v| bad | (v < lo) | (v > hi))
    };
    let all = if values.len() < 4 * PARALLEL {
        clean(values)
    } else {
        values.par_chunks(PARALLEL).all(clean)
    };
    if all {
        return None;
    }
    values
        .iter()
        .copied()
        .enumerate()
        .find(|&(_, v)| v < lo || v > hi)
}

/// A value that is not in a table.
pub(crate) struct Miss {
    index: usize,
    value: i64,
}

impl Miss {
    pub fn error(
        &self,
        rule: &'static str,
        place: &str,
        kind: &TableKind,
        shift: u8,
    ) -> ProgramError {
        let lo = table_lo(kind);
        let hi = lo + (table_len(kind) as i64 - 1);
        let expected = match shift {
            0 => format!("inputs in [{lo}, {hi}]"),
            _ => format!("inputs of 2^{shift} times [{lo}, {hi}]"),
        };
        ProgramError::execution(
            rule,
            place,
            expected,
            format!("{} at {}", self.value, self.index),
        )
        .with_hint("a value beyond the range that the program was made for")
    }
}

/// The row of every input / 2^shift.
pub(crate) fn table_rows(kind: &TableKind, input: &[i64], shift: u8) -> Result<Vec<u32>, Miss> {
    let (lo, len) = (table_lo(kind), table_len(kind) as u64);
    let mask = (1i64 << shift.min(62)) - 1;
    let row = |v: i64| ((v >> shift.min(62)).wrapping_sub(lo)) as u64;
    let good = |v: i64| v & mask == 0 && row(v) < len;
    let mut all = true;
    let rows: Vec<u32> = if input.len() < 2 * PARALLEL {
        input
            .iter()
            .map(|&v| {
                all &= good(v);
                row(v) as u32
            })
            .collect()
    } else {
        all = input
            .par_chunks(PARALLEL)
            .all(|c| c.iter().fold(true, |all, &v| all & good(v)));
        input
            .par_iter()
            .with_min_len(PARALLEL)
            .map(|&v| row(v) as u32)
            .collect()
    };
    if all {
        return Ok(rows);
    }
    let found = input.iter().copied().enumerate().find(|&(_, v)| !good(v));
    let (index, value) = found.unwrap_or((0, 0));
    Err(Miss { index, value })
}
