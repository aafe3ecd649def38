//! Gauss elimination, exact, over F or K.

use p3_field::Field;

/// Eliminates the first `columns` columns. Returns the rank there and the rows that were left without a pivot.
pub fn eliminate<T: Field>(mut rows: Vec<Vec<T>>, columns: usize) -> (usize, Vec<Vec<T>>) {
    let mut rank = 0;
    for c in 0..columns {
        let Some(at) = (rank..rows.len()).find(|&i| !rows[i][c].is_zero()) else {
            continue;
        };
        rows.swap(rank, at);
        let (head, tail) = rows.split_at_mut(rank + 1);
        let pivot = &mut head[rank];
        let inverse = pivot[c].inverse();
        let entries: Vec<(usize, T)> = pivot
            .iter()
            .enumerate()
            .skip(c)
            .filter(|(_, x)| !x.is_zero())
            .map(|(i, &x)| (i, x * inverse))
            .collect();
        for row in tail {
            let factor = row[c];
            if !factor.is_zero() {
                entries.iter().for_each(|&(i, x)| row[i] -= factor * x);
            }
        }
        rank += 1;
    }
    (rank, rows.split_off(rank))
}

/// The rank of a matrix of `columns` columns.
pub fn rank<T: Field>(rows: Vec<Vec<T>>, columns: usize) -> usize {
    eliminate(rows, columns).0
}
