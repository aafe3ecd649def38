//! The fold over columns, for the prover: <f, W> over 2^k0 columns becomes one column (docs/protocol/protocol.md, section 6).
//!
//! Rank-one coefficients u_c * row_x (blinding rows, bindings, most claims): the whole fold needs only the products
//! y_c = <column c, row>, computed once. Where claims are not a short sum of such, their coefficients are written out.

use crate::vector::{ends, ends_base, KVec, Planes, PlanesMut};
use p3_field::PrimeCharacteristicRing;
use rayon::prelude::*;
use tacit_algebra::{eq_low, F, K};

/// Rows that stay in the nearest cache with their coefficients.
const BLOCK: usize = 1 << 10;
/// Rows that one task takes of a pair of columns.
const ROWS: usize = 1 << 11;

/// Weights u_c row_x, of which the fold needs u and y_c = <f_c, row>. Both have 2^k0 entries.
pub struct RankOne {
    pub u: Vec<K>,
    pub y: Vec<K>,
}

impl RankOne {
    /// sum u_c y_c.
    pub fn total(&self) -> K {
        self.u.iter().zip(&self.y).map(|(&u, &y)| u * y).sum()
    }

    fn ends(&self) -> [K; 2] {
        let mut out = [K::ZERO; 2];
        for (u, y) in self.u.chunks_exact(2).zip(self.y.chunks_exact(2)) {
            out[0] += u[0] * y[0];
            out[1] += (u[1] + u[1] - u[0]) * (y[1] + y[1] - y[0]);
        }
        out
    }

    fn fold(&mut self, r: K) {
        for v in [&mut self.u, &mut self.y] {
            let half = v.len() / 2;
            for i in 0..half {
                v[i] = v[2 * i] + r * (v[2 * i + 1] - v[2 * i]);
            }
            v.truncate(half);
        }
    }
}

/// Data rows whose coefficients are written out, in places of R entries: one for each column, and one more where their number
/// is odd. After round i column j has two of them, its coefficients at j 2^i and the vector behind: the place of the odd column
/// that it was folded with is free.
struct Dense<'a> {
    rows: usize,
    data: Vec<&'a [F]>,
    places: KVec,
    columns: usize,
    round: usize,
}

impl<'a> Dense<'a> {
    fn new(rows: usize, data: Vec<&'a [F]>, places: KVec) -> Self {
        let columns = data.len();
        assert_eq!(places.len(), columns.next_multiple_of(2) * rows);
        Self {
            rows,
            data,
            places,
            columns,
            round: 0,
        }
    }

    fn place(&self, at: usize, from: usize, to: usize) -> Planes<'_> {
        let at = at * self.rows;
        self.places.planes().slice(at + from, at + to)
    }

    fn coefficient(&self, j: usize, from: usize, to: usize) -> Planes<'_> {
        self.place(j << self.round, from, to)
    }

    fn vector(&self, j: usize, from: usize, to: usize) -> Planes<'_> {
        self.place((j << self.round) + 1, from, to)
    }

    fn ends(&self) -> [K; 2] {
        let per_column = self.rows.div_ceil(ROWS);
        let tasks = self.columns.div_ceil(2) * per_column;
        (0..tasks)
            .into_par_iter()
            .map(|t| {
                let (pair, from) = (t / per_column, t % per_column * ROWS);
                self.pair_ends(pair, from, self.rows.min(from + ROWS))
            })
            .reduce(|| [K::ZERO; 2], |a, b| [a[0] + b[0], a[1] + b[1]])
    }

    fn pair_ends(&self, pair: usize, from: usize, to: usize) -> [K; 2] {
        let (a, b) = (2 * pair, 2 * pair + 1);
        let wa = self.coefficient(a, from, to);
        if b == self.columns {
            // The partner is a virtual column of zeros, whose data coefficients are zero too: (-a)(-w) = a w.
            let s = if self.round == 0 {
                wa.dot_base(&self.data[a][from..to])
            } else {
                wa.dot(self.vector(a, from, to))
            };
            return [s, s];
        }
        let wb = self.coefficient(b, from, to);
        if self.round == 0 {
            ends_base(&self.data[a][from..to], &self.data[b][from..to], wa, wb)
        } else {
            let (x, y) = (self.vector(a, from, to), self.vector(b, from, to));
            ends(x, y, wa, wb)
        }
    }

    fn fold(&mut self, r: K) {
        let (rows, round, columns, data) = (self.rows, self.round, self.columns, &self.data);
        let pair = (2 << round) * rows;
        let [a, b, c] = &mut self.places.0;
        a.par_chunks_mut(pair)
            .zip(b.par_chunks_mut(pair))
            .zip(c.par_chunks_mut(pair))
            .take(columns.div_ceil(2))
            .enumerate()
            .for_each(|(j, ((a, b), c))| {
                let mut places = PlanesMut([a, b, c]);
                let alone = 2 * j + 1 == columns;
                if round > 0 {
                    places.fold_place(0, 1 << round, rows, alone, r);
                    places.fold_place(1, (1 << round) + 1, rows, alone, r);
                    return;
                }
                places.fold_place(0, 1, rows, alone, r);
                let mut vector = places.slice(rows, 2 * rows);
                match data.get(2 * j + 1) {
                    Some(odd) => vector.fold_base(data[2 * j], odd, r),
                    // Nothing was written to the place of a column that is none.
                    None => vector.add_scaled_base(data[2 * j], K::ONE - r),
                }
            });
        self.columns = columns.div_ceil(2);
        self.round += 1;
    }

    /// The one column that is left, R rows, and its coefficients.
    fn finish(mut self) -> (KVec, KVec) {
        let mut vector = KVec::zeros(self.rows);
        if self.round == 0 {
            vector.planes_mut().add_scaled_base(self.data[0], K::ONE);
        } else {
            let of = self.vector(0, 0, self.rows);
            vector.planes_mut().add_scaled(of, K::ONE);
        }
        self.places.0.iter_mut().for_each(|p| {
            p.truncate(self.rows);
            p.shrink_to_fit();
        });
        (vector, self.places)
    }
}

/// The fold over columns: rank-one coefficients, and coefficients that are written out where there are any.
pub struct ColumnFold<'a> {
    rows: usize,
    data: Vec<&'a [F]>,
    dense: Option<Dense<'a>>,
    rank_one: Vec<RankOne>,
    rho: Vec<K>,
}

impl<'a> ColumnFold<'a> {
    /// `coefficients`: as `data_coefficients` writes them, of an even number of columns.
    pub fn new(
        rows: usize,
        data: Vec<&'a [F]>,
        coefficients: Option<KVec>,
        rank_one: Vec<RankOne>,
    ) -> Self {
        let dense = coefficients.map(|places| Dense::new(rows, data.clone(), places));
        Self {
            rows,
            data,
            dense,
            rank_one,
            rho: Vec::new(),
        }
    }

    /// The round's message: the values at 0 and 2.
    pub fn message(&self) -> [K; 2] {
        let dense = self.dense.as_ref().map_or([K::ZERO; 2], Dense::ends);
        let all = self.rank_one.iter().map(RankOne::ends);
        all.fold(dense, |a, b| [a[0] + b[0], a[1] + b[1]])
    }

    pub fn fold(&mut self, r: K) {
        if let Some(dense) = &mut self.dense {
            dense.fold(r);
        }
        self.rank_one.iter_mut().for_each(|t| t.fold(r));
        self.rho.push(r);
    }

    /// The one column that is left, R rows; its coefficients as far as they were written out, else zeros; the rank-one terms.
    pub fn finish(self) -> (KVec, KVec, Vec<RankOne>) {
        let (vector, coefficients) = match self.dense {
            Some(dense) => dense.finish(),
            None => (
                combine(&self.data, &self.rho, self.rows),
                KVec::zeros(self.rows),
            ),
        };
        (vector, coefficients, self.rank_one)
    }
}

/// sum over columns of eq_low(rho, c) column_c.
fn combine(data: &[&[F]], rho: &[K], rows: usize) -> KVec {
    let eq: Vec<K> = (0..data.len()).map(|c| eq_low(rho, c as u64)).collect();
    let mut out = KVec::zeros(rows);
    let [a, b, c] = &mut out.0;
    a.par_chunks_mut(BLOCK)
        .zip(b.par_chunks_mut(BLOCK))
        .zip(c.par_chunks_mut(BLOCK))
        .enumerate()
        .for_each(|(i, ((a, b), c))| {
            let mut planes = PlanesMut([a, b, c]);
            let (from, to) = (i * BLOCK, i * BLOCK + planes.len());
            for (column, &w) in data.iter().zip(&eq) {
                planes.add_scaled_base(&column[from..to], w);
            }
        });
    out
}

/// For every row factor (first row, coefficients) its products with all columns, 2^k0 of them. One pass over the cells.
pub fn products(data: &[&[F]], factors: &[(usize, Planes)], k0: u32) -> Vec<Vec<K>> {
    let by_column: Vec<Vec<K>> = data
        .par_iter()
        .map(|column| {
            let mut sums = vec![K::ZERO; factors.len()];
            for from in (0..column.len()).step_by(BLOCK) {
                let to = column.len().min(from + BLOCK);
                for (sum, &(first, v)) in sums.iter_mut().zip(factors) {
                    let (low, high) = (from.max(first), to.min(first + v.len()));
                    if low < high {
                        let v = v.slice(low - first, high - first);
                        *sum += v.dot_base(&column[low..high]);
                    }
                }
            }
            sums
        })
        .collect();
    (0..factors.len())
        .map(|k| {
            let mut y: Vec<K> = by_column.iter().map(|sums| sums[k]).collect();
            y.resize(1 << k0, K::ZERO);
            y
        })
        .collect()
}

impl PlanesMut<'_> {
    /// Folds the column at place `odd` into the one at `even`, places of `rows` entries; alone, a column of zeros.
    fn fold_place(&mut self, even: usize, odd: usize, rows: usize, alone: bool, r: K) {
        let [a, b, c] = &mut self.0;
        if alone {
            let at = even * rows..(even + 1) * rows;
            PlanesMut([&mut a[at.clone()], &mut b[at.clone()], &mut c[at]]).scale(K::ONE - r);
            return;
        }
        let (a, a1) = a.split_at_mut(odd * rows);
        let (b, b1) = b.split_at_mut(odd * rows);
        let (c, c1) = c.split_at_mut(odd * rows);
        let at = even * rows..(even + 1) * rows;
        PlanesMut([&mut a[at.clone()], &mut b[at.clone()], &mut c[at]])
            .fold(Planes([&a1[..rows], &b1[..rows], &c1[..rows]]), r);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Stream, MASK};
    use tacit_algebra::field::k_limbs;

    /// Every message of the fold is that of <f, W> over the cube, and what is left is f and W at the challenges.
    #[test]
    fn written_coefficients_fold_as_they_are_defined() {
        const R: usize = 16;
        let mut rng = Stream::new(&[5; 32], MASK);
        for columns in 1..=9usize {
            let k0 = columns.next_power_of_two().trailing_zeros();
            let limbs = |v: Vec<K>| -> Vec<F> { v.iter().map(|x| k_limbs(x)[0]).collect() };
            let data: Vec<Vec<F>> = (0..columns).map(|_| limbs(rng.k_vec(R))).collect();
            let own = rng.k_vec(columns * R);
            let mut places = own.clone();
            places.resize(columns.next_multiple_of(2) * R, K::ZERO);
            let refs: Vec<&[F]> = data.iter().map(|c| &c[..]).collect();
            let mut fold = ColumnFold::new(R, refs, Some(KVec::from_slice(&places)), Vec::new());
            // The tables themselves, 2^k0 columns of them.
            let at =
                |x: usize, c: usize| (c < columns).then(|| data[c][x]).map_or(K::ZERO, K::from);
            let mut f: Vec<Vec<K>> = (0..1 << k0)
                .map(|c| (0..R).map(|x| at(x, c)).collect())
                .collect();
            let mut w: Vec<Vec<K>> = (0..1 << k0)
                .map(|c| {
                    (0..R)
                        .map(|x| own.get(c * R + x).copied().unwrap_or(K::ZERO))
                        .collect()
                })
                .collect();
            for _ in 0..k0 {
                let line = |v: &[Vec<K>], r: K| -> Vec<Vec<K>> {
                    let pair =
                        |p: &[Vec<K>]| (0..R).map(|x| p[0][x] + r * (p[1][x] - p[0][x])).collect();
                    v.chunks_exact(2).map(pair).collect()
                };
                let sum = |r: K| -> K {
                    let (f, w) = (line(&f, r), line(&w, r));
                    f.iter()
                        .flatten()
                        .zip(w.iter().flatten())
                        .map(|(&a, &b)| a * b)
                        .sum()
                };
                assert_eq!(
                    fold.message(),
                    [sum(K::ZERO), sum(K::TWO)],
                    "{columns} columns"
                );
                let r = rng.next_k();
                fold.fold(r);
                (f, w) = (line(&f, r), line(&w, r));
            }
            let (vector, coefficients, _) = fold.finish();
            assert_eq!(
                [vector.to_vec(), coefficients.to_vec()],
                [f.remove(0), w.remove(0)]
            );
        }
    }
}
