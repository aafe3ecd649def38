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

/// Data rows whose coefficients are written out. After round i column j of the coefficients lies at j 2^i R, of the vector at j 2^(i-1) R.
struct Dense<'a> {
    rows: usize,
    data: Vec<&'a [F]>,
    coefficients: KVec,
    folded: KVec,
    columns: usize,
    round: usize,
}

impl Dense<'_> {
    fn coefficient(&self, j: usize, from: usize, to: usize) -> Planes<'_> {
        let at = (j << self.round) * self.rows;
        self.coefficients.planes().slice(at + from, at + to)
    }

    fn vector(&self, j: usize, from: usize, to: usize) -> Planes<'_> {
        let at = (j << (self.round - 1)) * self.rows;
        self.folded.planes().slice(at + from, at + to)
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
        fold_pairs(
            &mut self.coefficients,
            self.rows,
            self.round,
            self.columns,
            r,
        );
        if self.round == 0 {
            self.fold_data(r);
        } else {
            fold_pairs(&mut self.folded, self.rows, self.round - 1, self.columns, r);
        }
        self.columns = self.columns.div_ceil(2);
        self.round += 1;
    }

    fn fold_data(&mut self, r: K) {
        let data = &self.data;
        let [a, b, c] = &mut self.folded.0;
        a.par_chunks_mut(self.rows)
            .zip(b.par_chunks_mut(self.rows))
            .zip(c.par_chunks_mut(self.rows))
            .enumerate()
            .for_each(|(pair, ((a, b), c))| {
                let mut out = PlanesMut([a, b, c]);
                match data.get(2 * pair + 1) {
                    Some(odd) => out.fold_base(data[2 * pair], odd, r),
                    None => out.add_scaled_base(data[2 * pair], K::ONE - r),
                }
            });
    }

    /// The one column that is left, R rows, and its coefficients.
    fn finish(mut self) -> (KVec, KVec) {
        if self.round == 0 {
            let mut one = KVec::zeros(self.rows);
            one.planes_mut().add_scaled_base(self.data[0], K::ONE);
            self.folded = one;
        }
        for v in [&mut self.folded, &mut self.coefficients] {
            v.0.iter_mut().for_each(|p| p.truncate(self.rows));
        }
        (self.folded, self.coefficients)
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
    pub fn new(
        rows: usize,
        data: Vec<&'a [F]>,
        coefficients: Option<KVec>,
        rank_one: Vec<RankOne>,
    ) -> Self {
        let columns = data.len();
        let dense = coefficients.map(|coefficients| Dense {
            rows,
            folded: KVec::zeros(columns.div_ceil(2) * rows),
            data: data.clone(),
            coefficients,
            columns,
            round: 0,
        });
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

/// Folds columns 2j and 2j + 1, which lie `2^stride` columns apart, into the place of the first.
fn fold_pairs(v: &mut KVec, rows: usize, stride: usize, columns: usize, r: K) {
    let pair = (2 << stride) * rows;
    let [a, b, c] = &mut v.0;
    a.par_chunks_mut(pair)
        .zip(b.par_chunks_mut(pair))
        .zip(c.par_chunks_mut(pair))
        .take(columns.div_ceil(2))
        .enumerate()
        .for_each(|(j, ((a, b), c))| {
            let at = (1 << stride) * rows;
            if 2 * j + 1 == columns {
                PlanesMut([a, b, c]).slice(0, rows).scale(K::ONE - r);
                return;
            }
            let (a, a1) = a.split_at_mut(at);
            let (b, b1) = b.split_at_mut(at);
            let (c, c1) = c.split_at_mut(at);
            let odd = Planes([&a1[..rows], &b1[..rows], &c1[..rows]]);
            PlanesMut([a, b, c]).slice(0, rows).fold(odd, r);
        });
}
