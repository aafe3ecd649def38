//! One polynomial at many points.

use p3_field::{Field, PackedValue, PrimeCharacteristicRing};
use tacit_algebra::field::{k_limbs, k_new};
use tacit_algebra::{F, K};

type Packed = <F as Field>::Packing;
const WIDTH: usize = Packed::WIDTH;

/// sum_i v_i x^i for every point x: points side by side.
pub fn evaluate_many(v: &[K], points: &[F]) -> Vec<K> {
    let mut out = Vec::with_capacity(points.len().next_multiple_of(WIDTH));
    for group in points.chunks(WIDTH) {
        // The lanes beyond the last point give values that nobody takes.
        let x = Packed::from_fn(|l| group.get(l).copied().unwrap_or(F::ZERO));
        let mut sum = [Packed::ZERO; 3];
        for c in v.iter().rev() {
            for (s, limb) in sum.iter_mut().zip(k_limbs(c)) {
                *s = *s * x + limb;
            }
        }
        let lane = |l: usize| k_new(sum.map(|s| s.as_slice()[l]));
        out.extend((0..group.len()).map(lane));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Stream, MASK};

    #[test]
    fn many_points_are_single_points() {
        let mut rng = Stream::new(&[8; 32], MASK);
        let v = rng.k_vec(13);
        for n in [0, 1, 8, 19] {
            let points: Vec<F> = (0..n).map(|_| rng.next_f()).collect();
            let value = |x: &F| v.iter().rev().fold(K::ZERO, |acc, &c| acc * *x + c);
            let want: Vec<K> = points.iter().map(value).collect();
            assert_eq!(evaluate_many(&v, &points), want);
        }
    }
}
