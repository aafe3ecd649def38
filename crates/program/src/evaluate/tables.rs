//! The extensions of a lookup table's columns at a point.

use crate::error::{ProgramError, Result};
use crate::layout::prepared::Prepared;
use crate::syntax::tables::{table_bits, table_len, table_lo};
use crate::syntax::types::{Table, TableKind};
use p3_field::PrimeCharacteristicRing;
use tacit_algebra::{eq_table, f_from_i64, mle::valid_weight, F, K};

impl Prepared {
    /// (V, in, out): the extensions at `point` (bits(len) coordinates) of the indicator of the rows and of the two
    /// columns, all zero beyond the last row.
    ///
    /// With S(n) = sum_{i<n} i eq(i) and V(n) = sum_{i<n} eq(i): in = lo V(len) + S(len); Relu and Sign sum the same
    /// over the rows z.. with in >= 0; Clamp takes low below its first breakpoint, high from its second one on, and in
    /// between.
    ///
    /// # Errors
    /// `program` when there is no such table, or the point has another number of coordinates.
    pub fn table_at(&self, table: usize, point: &[K]) -> Result<(K, K, K)> {
        let table = self.table(table, point)?;
        let (lo, len) = (table_lo(&table.kind), table_len(&table.kind) as u64);
        let v = valid_weight(point, len);
        let lo_k = K::from(f_from_i64(lo));
        // The first row whose input is at least x.
        let row_of = |x: i128| (x - lo as i128).clamp(0, len as i128) as u64;
        let weight = |end: u64| valid_weight(point, end);
        // The sum of the inputs of the rows below `end`.
        let inputs = |end: u64| lo_k * weight(end) + index_weight(point, end);
        let input = inputs(len);
        let first = row_of(0);
        let out = match &table.kind {
            TableKind::Range { .. } => K::ZERO,
            TableKind::Relu { .. } => input - inputs(first),
            TableKind::Sign { .. } => v - weight(first),
            TableKind::Values { outs, .. } => eq_table(point)
                .iter()
                .zip(outs)
                .fold(K::ZERO, |acc, (&w, &o)| acc + w * f_from_i64(o)),
            TableKind::Clamp { low, high, .. } => {
                let (from, to) = (row_of(*low as i128), row_of(*high as i128 + 1));
                weight(from) * f_from_i64(*low) + inputs(to) - inputs(from)
                    + (v - weight(to)) * f_from_i64(*high)
            }
        };
        Ok((v, input, out))
    }

    /// A table whose rows have as many bits as the point has coordinates.
    pub(crate) fn table(&self, table: usize, point: &[K]) -> Result<&Table> {
        let all = &self.program.tables;
        let Some(found) = all.get(table) else {
            let expected = format!("one of {} tables", all.len());
            return Err(ProgramError::mismatch("tables", expected, table));
        };
        let bits = table_bits(&found.kind) as usize;
        if point.len() != bits {
            let place = format!("table {}", found.name);
            let expected = format!("{bits} coordinates");
            return Err(ProgramError::mismatch(place, expected, point.len()));
        }
        Ok(found)
    }
}

/// sum over i < n of i * eq(point, i), in O(len): each set bit of n adds an aligned block.
pub(crate) fn index_weight(point: &[K], n: u64) -> K {
    let vars = point.len();
    // mean[j] = sum over the cube of coordinates j.. of index * eq = sum_k r_k 2^(its position).
    let mut mean = vec![K::ZERO; vars + 1];
    for j in (0..vars).rev() {
        mean[j] = mean[j + 1] + point[j] * power_of_two(vars - 1 - j);
    }
    if vars < 64 && n >= 1 << vars {
        return mean[0];
    }
    let (mut sum, mut prefix, mut base) = (K::ZERO, K::ONE, F::ZERO);
    for (j, &r) in point.iter().enumerate() {
        let shift = vars - 1 - j;
        if shift < 64 && n >> shift & 1 == 1 {
            sum += prefix * (K::ONE - r) * (mean[j + 1] + base);
            prefix *= r;
            base += power_of_two(shift);
        } else {
            prefix *= K::ONE - r;
        }
    }
    sum
}

fn power_of_two(n: usize) -> F {
    F::from_u64(2).exp_u64(n as u64)
}
