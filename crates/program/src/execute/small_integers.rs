//! Small integers streamed against extension-field coefficients: multiplications of 32 by 32 bits, sums reduced late.
//!
//! A coefficient has three limbs w, each centred in (-p/2, p/2) and split as w = l + 2^32 h with l, h in [-2^31, 2^31). For
//! data |d| < 2^b the sums of d l and d h over n rows stay below n 2^(b + 31): up to 2^(32 - b) rows fit in 63 bits, then
//! a limb's sum is (sum of d l) + 2^32 (sum of d h) mod p.

use crate::execute::pack::field;
use crate::execute::trace::PARALLEL;
use p3_field::PrimeCharacteristicRing;
use rayon::prelude::*;
use tacit_algebra::field::{k_limbs, k_new};
use tacit_algebra::{f_to_i64, F, K};

/// Halves of the three limbs: l0, l1, l2, h0, h1, h2.
const PARTS: usize = 6;
/// Rows added at a time, so that sums are loaded and stored once for all of them.
const BLOCK: usize = 8;
/// Columns of one pass: the sums stay in the nearest cache.
const COLUMNS: usize = 256;
/// Widest data on the short path: 2^(32 - 24) rows between reductions.
const MAX_BITS: u32 = 24;

/// out[o, c] = sum over f of coefficients[f] * data[o, f, c], c < inner.
pub(crate) fn sum_rows(data: &[i64], coefficients: &[K], inner: usize) -> Vec<K> {
    let block = coefficients.len() * inner;
    assert!(
        block > 0 && data.len().is_multiple_of(block),
        "whole blocks"
    );
    let split: Vec<[i64; PARTS]> = coefficients.iter().map(halves).collect();
    if inner == 1 {
        let columns = Columns::new(&split);
        let one = |row: &[i64]| columns.dot(row, coefficients);
        return if data.len() < PARALLEL {
            data.chunks(block).map(one).collect()
        } else {
            let least = (PARALLEL / block).max(1);
            data.par_chunks(block)
                .with_min_len(least)
                .map(one)
                .collect()
        };
    }
    if data.len() < PARALLEL {
        return data
            .chunks(block)
            .flat_map(|rows| sum_block(rows, coefficients, &split, inner))
            .collect();
    }
    if data.len() / block >= 16 {
        return data
            .par_chunks(block)
            .flat_map_iter(|rows| sum_block(rows, coefficients, &split, inner))
            .collect();
    }
    // Few blocks: tasks take some rows of a block each.
    let rows = (coefficients.len() / 16).max(1).next_multiple_of(BLOCK);
    data.chunks(block)
        .flat_map(|block| {
            block
                .par_chunks(rows * inner)
                .zip(coefficients.par_chunks(rows).zip(split.par_chunks(rows)))
                .map(|(rows, (coefficients, split))| sum_block(rows, coefficients, split, inner))
                .reduce_with(add)
                .expect("rows of a block")
        })
        .collect()
}

fn add(mut a: Vec<K>, b: Vec<K>) -> Vec<K> {
    a.iter_mut().zip(b).for_each(|(x, y)| *x += y);
    a
}

/// (l, h) of each limb, as 32-bit numbers in 64 bits.
fn halves(coefficient: &K) -> [i64; PARTS] {
    let mut out = [0; PARTS];
    for (i, limb) in k_limbs(coefficient).into_iter().enumerate() {
        let mut w = f_to_i64(limb) as i128;
        // (p - 1)/2 = 2^63 - 2^31 alone would have h = 2^31: take it from the other side.
        if w == (1 << 63) - (1 << 31) {
            w -= tacit_algebra::P as i128;
        }
        let low = w as i32 as i64;
        out[i] = low;
        out[i + 3] = ((w - low as i128) >> 32) as i64;
    }
    out
}

/// b with |d| < 2^b for all entries (64 at most).
fn width(data: &[i64]) -> u32 {
    let all = data.iter().fold(0i64, |acc, &d| acc | (d ^ (d >> 63)));
    64 - all.leading_zeros() + 1
}

fn whole(low: i64, high: i64) -> F {
    field(low) + field(high) * F::from_u64(1 << 32)
}

/// out[c] = sum over f of coefficients[f] * rows[f, c].
fn sum_block(rows: &[i64], coefficients: &[K], split: &[[i64; PARTS]], inner: usize) -> Vec<K> {
    let mut out = vec![K::ZERO; inner];
    let bits = width(rows);
    if bits > MAX_BITS {
        for (row, &w) in rows.chunks(inner).zip(coefficients) {
            out.iter_mut()
                .zip(row)
                .for_each(|(o, &d)| *o += w * field(d));
        }
        return out;
    }
    let most = 1usize << (32 - bits);
    let mut sums = [[0i64; COLUMNS]; PARTS];
    for start in (0..inner).step_by(COLUMNS) {
        let n = COLUMNS.min(inner - start);
        for (rows, split) in rows
            .chunks(most.saturating_mul(inner))
            .zip(split.chunks(most))
        {
            sums.iter_mut().for_each(|s| s[..n].fill(0));
            let (mut rows, mut split) = (rows, split);
            while split.len() >= BLOCK {
                add_rows::<BLOCK>(&mut sums, rows, split, inner, start, n);
                (rows, split) = (&rows[BLOCK * inner..], &split[BLOCK..]);
            }
            while !split.is_empty() {
                add_rows::<1>(&mut sums, rows, split, inner, start, n);
                (rows, split) = (&rows[inner..], &split[1..]);
            }
            for (i, o) in out[start..start + n].iter_mut().enumerate() {
                *o += k_new([0, 1, 2].map(|l| whole(sums[l][i], sums[l + 3][i])));
            }
        }
    }
    out
}

/// N rows onto the sums of columns start..start + n.
#[inline(always)]
fn add_rows<const N: usize>(
    sums: &mut [[i64; COLUMNS]; PARTS],
    rows: &[i64],
    split: &[[i64; PARTS]],
    inner: usize,
    start: usize,
    n: usize,
) {
    let rows: [&[i64]; N] = std::array::from_fn(|r| &rows[r * inner + start..][..n]);
    let w: [[i64; PARTS]; N] = std::array::from_fn(|r| split[r]);
    let [s0, s1, s2, s3, s4, s5] = sums;
    let (s0, s1, s2) = (&mut s0[..n], &mut s1[..n], &mut s2[..n]);
    let (s3, s4, s5) = (&mut s3[..n], &mut s4[..n], &mut s5[..n]);
    for i in 0..n {
        let mut acc = [s0[i], s1[i], s2[i], s3[i], s4[i], s5[i]];
        for r in 0..N {
            let d = rows[r][i] as i32 as i64;
            for (a, &w) in acc.iter_mut().zip(&w[r]) {
                *a = a.wrapping_add(d * (w as i32 as i64));
            }
        }
        [s0[i], s1[i], s2[i], s3[i], s4[i], s5[i]] = acc;
    }
}

/// Weights by part, for dot products along a row.
struct Columns([Vec<i64>; PARTS]);

impl Columns {
    fn new(split: &[[i64; PARTS]]) -> Self {
        Self(std::array::from_fn(|p| {
            split.iter().map(|w| w[p]).collect()
        }))
    }

    /// sum over f of coefficients[f] * row[f].
    fn dot(&self, row: &[i64], coefficients: &[K]) -> K {
        let bits = width(row);
        if bits > MAX_BITS {
            let pairs = coefficients.iter().zip(row);
            return pairs.fold(K::ZERO, |acc, (&w, &d)| acc + w * field(d));
        }
        let most = 1usize << (32 - bits);
        let mut total = K::ZERO;
        for (i, piece) in row.chunks(most).enumerate() {
            let at = i * most;
            let part = |p: usize| {
                let pairs = piece.iter().zip(&self.0[p][at..at + piece.len()]);
                pairs.fold(0i64, |acc, (&d, &w)| {
                    acc.wrapping_add(d as i32 as i64 * (w as i32 as i64))
                })
            };
            total += k_new([0, 1, 2].map(|l| whole(part(l), part(l + 3))));
        }
        total
    }
}
