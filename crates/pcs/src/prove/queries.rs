//! W' += sum_j s_j (1, x_j, x_j^2, ..) for the points of the queries, on interleaved columns.

use crate::vector::KVec;
use p3_field::{Field, PackedField, PackedValue, PrimeCharacteristicRing};
use rayon::prelude::*;
use tacit_algebra::field::k_limbs;
use tacit_algebra::{F, K};

type Packed = <F as Field>::Packing;
const WIDTH: usize = Packed::WIDTH;
/// Machine words of one block of rows.
const WORDS: usize = 4;
const ROWS: usize = WORDS * WIDTH;

/// Entry q 2^k + b of W' lies at b n + q, and x^(q 2^k + b) = x^b (x^(2^k))^q: a product of a 2^k by t and a t by n matrix.
///
/// # Panics
/// For another number of scalars than of points.
pub fn add_queries(coefficients: &mut KVec, k: u8, points: &[F], scalars: &[K]) {
    assert_eq!(points.len(), scalars.len(), "a scalar for each point");
    let n = coefficients.len() >> k;
    // (limbs of s_j x_j^b) for column b, j fastest.
    let mut left: Vec<[Vec<F>; 3]> = Vec::with_capacity(1 << k);
    let mut now: Vec<K> = scalars.to_vec();
    for _ in 0..1usize << k {
        left.push([0, 1, 2].map(|d| now.iter().map(|s| k_limbs(s)[d]).collect()));
        now.iter_mut().zip(points).for_each(|(s, &x)| *s *= x);
    }
    let steps: Vec<F> = points
        .iter()
        .map(|x| x.exp_power_of_2(usize::from(k)))
        .collect();
    // Rows are cut into blocks; every task computes its block of all columns.
    let blocks: Vec<Vec<F>> = (0..n.div_ceil(ROWS))
        .into_par_iter()
        .map(|i| block(&left, &steps, i * ROWS))
        .collect();
    for (i, block) in blocks.iter().enumerate() {
        let rows = ROWS.min(n - i * ROWS);
        for (b, limbs) in block.chunks_exact(3 * ROWS).enumerate() {
            for (plane, sum) in coefficients.0.iter_mut().zip(limbs.chunks_exact(ROWS)) {
                let at = b * n + i * ROWS;
                for (w, s) in plane[at..at + rows].iter_mut().zip(sum) {
                    *w += *s;
                }
            }
        }
    }
}

/// For each column the three limbs of rows `first ..`, ROWS of each.
fn block(left: &[[Vec<F>; 3]], steps: &[F], first: usize) -> Vec<F> {
    let powers: Vec<[Packed; WORDS]> = steps
        .iter()
        .map(|&y| {
            let start = y.exp_u64(first as u64);
            let mut all = Packed::packed_shifted_powers(y, start);
            std::array::from_fn(|_| all.next().unwrap_or(Packed::ZERO))
        })
        .collect();
    let mut out = Vec::with_capacity(left.len() * 3 * ROWS);
    for limbs in left {
        for s in limbs {
            let mut sums = [Packed::ZERO; WORDS];
            for (p, &s) in powers.iter().zip(s) {
                let s = Packed::from(s);
                for (sum, p) in sums.iter_mut().zip(p) {
                    *sum += *p * s;
                }
            }
            out.extend_from_slice(Packed::unpack_slice(&sums));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Stream, MASK};

    #[test]
    fn queries_are_powers() {
        let mut rng = Stream::new(&[6; 32], MASK);
        for (n, k, t) in [(3, 2, 4), (40, 3, 5), (33, 0, 1), (64, 1, 9)] {
            let points: Vec<F> = (0..t).map(|_| rng.next_f()).collect();
            let scalars = rng.k_vec(t);
            let mut coefficients = KVec::zeros(n << k);
            add_queries(&mut coefficients, k, &points, &scalars);
            for b in 0..1 << k {
                for q in 0..n {
                    let i = (q << k) + b;
                    let want: K = points
                        .iter()
                        .zip(&scalars)
                        .map(|(x, &s)| s * x.exp_u64(i as u64))
                        .sum();
                    assert_eq!(coefficients.planes().get(b * n + q), want);
                }
            }
        }
    }
}
