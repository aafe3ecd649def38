//! Matrix products of small integers: entries are packed into the shortest type that holds them.

use crate::dense::PARALLEL;
use rayon::prelude::*;

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
