//! Matrix products of small integers: entries are packed into the shortest type that holds them.

use crate::execute::trace::PARALLEL;
use rayon::prelude::*;

/// How a matrix lies in memory.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Rows {
    /// [free, contract]
    Contract,
    /// [contract, free]
    Free,
}

#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    pub data: &'a [i64],
    pub rows: Rows,
}

/// out[m, n] = sum over k of x[m, k] * y[n, k].
#[derive(Clone, Copy)]
pub(crate) struct Dims {
    pub m: usize,
    pub n: usize,
    pub k: usize,
}

/// Rows of the second matrix that stay in the cache while the first's rows pass.
const ROWS: usize = 64;

/// b with -2^b <= d < 2^b for all entries.
pub(crate) fn signed_bits(values: &[i64]) -> u32 {
    let fold = |chunk: &[i64]| chunk.iter().fold(0i64, |acc, &d| acc | (d ^ (d >> 63)));
    let all = if values.len() < 4 * PARALLEL {
        fold(values)
    } else {
        values
            .par_chunks(PARALLEL)
            .map(fold)
            .reduce(|| 0, |a, b| a | b)
    };
    64 - all.leading_zeros()
}

/// out[m, n] = sum over k of x[m, k] * y[n, k]; x has `x.len() / k` rows of `k` entries, y likewise.
/// `bits`: signed_bits of x and of y. Wraps at 64 bits.
pub(crate) fn product(x: &[i64], y: &[i64], k: usize, bits: (u32, u32), out: &mut [i64]) {
    let sum = bits.0 + bits.1;
    if bits.0.max(bits.1) <= 15 && sum <= 24 {
        // A product is at most 2^sum: 2^(30 - sum) of them are added within 31 bits.
        let most = 1usize << (30 - sum);
        let pack = |v: &[i64]| v.iter().map(|&d| d as i16).collect::<Vec<i16>>();
        rows(&pack(x), &pack(y), k, out, |x, y| {
            let pieces = x.chunks(most).zip(y.chunks(most));
            pieces.map(|(x, y)| dot16(x, y) as i64).sum()
        });
    } else if bits.0.max(bits.1) <= 31 {
        let pack = |v: &[i64]| v.iter().map(|&d| d as i32).collect::<Vec<i32>>();
        rows(&pack(x), &pack(y), k, out, |x, y| {
            x.iter()
                .zip(y)
                .fold(0i64, |acc, (&x, &y)| acc.wrapping_add(x as i64 * y as i64))
        });
    } else {
        rows(x, y, k, out, |x, y| {
            x.iter()
                .zip(y)
                .fold(0i64, |acc, (&x, &y)| acc.wrapping_add(x.wrapping_mul(y)))
        });
    }
}

#[inline]
fn dot16(x: &[i16], y: &[i16]) -> i32 {
    x.iter()
        .zip(y)
        .map(|(&x, &y)| x as i32 * y as i32)
        .fold(0, i32::wrapping_add)
}

/// Tasks take some rows of x; within a task blocks of y are reused for all of them.
fn rows<T: Copy + Sync>(
    x: &[T],
    y: &[T],
    k: usize,
    out: &mut [i64],
    dot: impl Fn(&[T], &[T]) -> i64 + Sync,
) {
    let (m, n) = (x.len() / k, y.len() / k);
    let group = (m / 8).clamp(1, 16);
    let task = |x: &[T], out: &mut [i64]| {
        for (block, y) in y.chunks(ROWS * k).enumerate() {
            for (x, out) in x.chunks(k).zip(out.chunks_mut(n)) {
                let out = &mut out[block * ROWS..];
                out.iter_mut()
                    .zip(y.chunks(k))
                    .for_each(|(o, y)| *o = dot(x, y));
            }
        }
    };
    out.par_chunks_mut(group * n)
        .zip(x.par_chunks(group * k))
        .for_each(|(out, x)| task(x, out));
}

/// out[m, n] = sum over k of x[m, k] * y[k, n]: rows of y are added in pieces that stay in the cache. `bits` as above.
pub(crate) fn product_of_rows(x: &[i64], y: &[i64], d: Dims, bits: (u32, u32), out: &mut [i64]) {
    if bits.0 + bits.1 + tacit_algebra::bits(d.k as u64) <= 30 {
        // Sums of k products fit in 31 bits.
        let add = |s: i32, x: i32, y: i32| s.wrapping_add(x.wrapping_mul(y));
        add_pieces(x, y, d, out, |v| v as i32, add, |s| s as i64);
    } else if bits.0.max(bits.1) <= 31 {
        let add = |s: i64, x: i32, y: i32| s.wrapping_add(x as i64 * y as i64);
        add_pieces(x, y, d, out, |v| v as i32, add, |s| s);
    } else {
        let add = |s: i64, x: i64, y: i64| s.wrapping_add(x.wrapping_mul(y));
        add_pieces(x, y, d, out, |v| v, add, |s| s);
    }
}

/// Columns of a piece at most.
const PIECE_COLUMNS: usize = 512;

fn add_pieces<T: Copy + Send + Sync, S: Copy + Default>(
    x: &[i64],
    y: &[i64],
    d: Dims,
    out: &mut [i64],
    pack: impl Fn(i64) -> T + Sync,
    add: impl Fn(S, T, T) -> S + Sync,
    whole: impl Fn(S) -> i64 + Sync,
) {
    let length = ((1 << 15) / d.k).clamp(64, PIECE_COLUMNS);
    let x: Vec<T> = x.iter().map(|&v| pack(v)).collect();
    // [piece, k, column of the piece]: rows that are far apart by a power of two would share their place in the cache.
    let starts: Vec<usize> = (0..d.n).step_by(length).collect();
    let piece = |&start: &usize| {
        let rows = y
            .chunks(d.n)
            .map(|row| &row[start..(start + length).min(d.n)]);
        rows.flatten().map(|&v| pack(v)).collect::<Vec<T>>()
    };
    let pieces: Vec<Vec<T>> = starts.par_iter().map(piece).collect();
    let group = (d.m / 8).clamp(1, 16);
    let task = |x: &[T], out: &mut [i64]| {
        for (y, &start) in pieces.iter().zip(&starts) {
            let n = y.len() / d.k;
            for (x, out) in x.chunks(d.k).zip(out.chunks_mut(d.n)) {
                add_rows(x, y, &mut out[start..start + n], &add, &whole);
            }
        }
    };
    out.par_chunks_mut(group * d.n)
        .zip(x.par_chunks(group * d.k))
        .for_each(|(out, x)| task(x, out));
}

/// out[j] = sum over k of x[k] * y[k, j].
#[inline]
fn add_rows<T: Copy, S: Copy + Default>(
    x: &[T],
    y: &[T],
    out: &mut [i64],
    add: &impl Fn(S, T, T) -> S,
    whole: &impl Fn(S) -> i64,
) {
    let n = out.len();
    let mut sums = [S::default(); PIECE_COLUMNS];
    let sums = &mut sums[..n];
    let (fours, rows) = (x.chunks_exact(4), y.chunks_exact(4 * n));
    let (rest, last) = (fours.remainder(), rows.remainder());
    for (x, y) in fours.zip(rows) {
        // Four rows at a time: sums are loaded and stored once for all of them.
        let (r0, r1) = y.split_at(n);
        let (r1, r2) = r1.split_at(n);
        let (r2, r3) = r2.split_at(n);
        for (j, s) in sums.iter_mut().enumerate() {
            let two = add(add(*s, x[0], r0[j]), x[1], r1[j]);
            *s = add(add(two, x[2], r2[j]), x[3], r3[j]);
        }
    }
    for (&x, row) in rest.iter().zip(last.chunks_exact(n)) {
        sums.iter_mut()
            .zip(row)
            .for_each(|(s, &y)| *s = add(*s, x, y));
    }
    out.iter_mut().zip(&*sums).for_each(|(o, &s)| *o = whole(s));
}

/// Entries of an output row that one task computes.
const PIECE: usize = 64;

/// For products that are too small to pack. `narrow`: every entry fits in 32 bits.
pub(crate) fn multiply(x: Matrix, y: Matrix, d: Dims, narrow: bool, out: &mut [i64]) {
    let row = |m: usize, n0: usize, piece: &mut [i64]| {
        match (x.rows, y.rows) {
            (Rows::Contract, Rows::Contract) => {
                let x = &x.data[m * d.k..][..d.k];
                let rows = y.data[n0 * d.k..].chunks_exact(d.k);
                piece
                    .iter_mut()
                    .zip(rows)
                    .for_each(|(o, y)| *o = dot(x, y, narrow));
            }
            (Rows::Contract, Rows::Free) => {
                let x = &x.data[m * d.k..][..d.k];
                x.iter()
                    .enumerate()
                    .for_each(|(k, &x)| add_row(piece, x, &y.data[k * d.n + n0..], narrow));
            }
            (Rows::Free, _) => {
                // Both by free rows: the first is read with a stride.
                (0..d.k).for_each(|k| {
                    add_row(piece, x.data[k * d.m + m], &y.data[k * d.n + n0..], narrow)
                });
            }
        }
    };
    let work = out.len() * d.k;
    if work < 4 * PARALLEL {
        out.chunks_mut(d.n)
            .enumerate()
            .for_each(|(i, piece)| row(i, 0, piece));
    } else if d.n <= 2 * PIECE {
        let group = (PARALLEL / (d.n * d.k).max(1)).max(1);
        out.par_chunks_mut(d.n * group)
            .enumerate()
            .for_each(|(g, rows)| {
                rows.chunks_mut(d.n)
                    .enumerate()
                    .for_each(|(i, piece)| row(g * group + i, 0, piece));
            });
    } else {
        let size = if y.rows == Rows::Contract {
            PIECE
        } else {
            4 * PIECE
        };
        for (i, whole) in out.chunks_mut(d.n).enumerate() {
            whole
                .par_chunks_mut(size)
                .enumerate()
                .for_each(|(p, piece)| row(i, p * size, piece));
        }
    }
}

/// Wraps at 64 bits. `narrow` lets the compiler multiply 32 by 32 bits.
#[inline]
fn dot(x: &[i64], y: &[i64], narrow: bool) -> i64 {
    let pairs = x.iter().zip(y);
    if narrow {
        pairs.fold(0i64, |acc, (&x, &y)| {
            acc.wrapping_add(x as i32 as i64 * (y as i32 as i64))
        })
    } else {
        pairs.fold(0i64, |acc, (&x, &y)| acc.wrapping_add(x.wrapping_mul(y)))
    }
}

#[inline]
fn add_row(out: &mut [i64], x: i64, row: &[i64], narrow: bool) {
    if x == 0 {
        return;
    }
    let pairs = out.iter_mut().zip(row);
    if narrow {
        let x = x as i32 as i64;
        pairs.for_each(|(o, &y)| *o = o.wrapping_add(x * (y as i32 as i64)));
    } else {
        pairs.for_each(|(o, &y)| *o = o.wrapping_add(x.wrapping_mul(y)));
    }
}
