//! Elementwise steps of execution: digits, interval checks, table rows.

use crate::error::ProgramError;
use crate::execute::trace::PARALLEL;
use crate::syntax::tables::{table_len, table_lo};
use crate::syntax::types::TableKind;
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
        let lo = i128::from(table_lo(kind)) << shift.min(62);
        let last = i128::from(table_lo(kind)) + table_len(kind) as i128 - 1;
        let hi = last << shift.min(62);
        let value = i128::from(self.value);
        if (lo..=hi).contains(&value) {
            let expected = format!("multiples of 2^{shift}");
            let got = format!("{value} at {}", self.index);
            return ProgramError::execution(rule, place, expected, got);
        }
        beyond(rule, place, (lo, hi), value, self.index)
    }
}

/// A value at an entry that leaves [lo, hi], and how far: its distance from the middle by that of the ends.
pub(crate) fn beyond(
    rule: &'static str,
    place: &str,
    (lo, hi): (i128, i128),
    value: i128,
    entry: usize,
) -> ProgramError {
    let (low, high) = (lo as f64, hi as f64);
    let times = (2.0 * value as f64 - low - high).abs() / (high - low).max(1.0);
    let expected = format!("a value in [{lo}, {hi}]");
    let got = format!("{value} at {entry}, {times:.3} times the range");
    ProgramError::execution(rule, place, expected, got)
}

/// What becomes of an input that is no multiple of 2^shift.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Rest {
    /// It is in no row: a relation divides in F.
    Refused,
    /// Rounded down.
    Dropped,
}

/// The row of every input / 2^shift.
pub(crate) fn table_rows(
    kind: &TableKind,
    input: &[i64],
    shift: u8,
    rest: Rest,
) -> Result<Vec<u32>, Miss> {
    let (lo, len) = (table_lo(kind), table_len(kind) as u64);
    let mask = match rest {
        Rest::Refused => (1i64 << shift.min(62)) - 1,
        Rest::Dropped => 0,
    };
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
    match input.iter().copied().enumerate().find(|&(_, v)| !good(v)) {
        Some((index, value)) => Err(Miss { index, value }),
        None => Ok(rows),
    }
}
