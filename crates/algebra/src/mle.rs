//! Multilinear weights. A point's first coordinate is the most significant bit of an index, except in `eq_low`.

use crate::field::K;
use p3_field::PrimeCharacteristicRing;

/// ceil(log2 n), 0 for n <= 1.
#[inline]
pub fn bits(n: u64) -> u32 {
    64 - n.saturating_sub(1).leading_zeros()
}

/// prod (a_i b_i + (1 - a_i)(1 - b_i)).
pub fn eq(a: &[K], b: &[K]) -> K {
    a.iter().zip(b).fold(K::ONE, |acc, (&x, &y)| {
        let xy = x * y;
        acc * (xy + xy - x - y + K::ONE)
    })
}

/// eq(point, bits of index), most significant first.
pub fn eq_bits(point: &[K], index: u64) -> K {
    let n = point.len();
    point.iter().enumerate().fold(K::ONE, |acc, (j, &r)| {
        let bit = (n - 1 - j < 64) && index >> (n - 1 - j) & 1 == 1;
        acc * if bit { r } else { K::ONE - r }
    })
}

/// eq with rho_0 for the least significant bit of c.
pub fn eq_low(rho: &[K], c: u64) -> K {
    rho.iter().enumerate().fold(K::ONE, |acc, (i, &r)| {
        let bit = i < 64 && c >> i & 1 == 1;
        acc * if bit { r } else { K::ONE - r }
    })
}

/// eq(point, i) for all 2^len indices i.
pub fn eq_table(point: &[K]) -> Vec<K> {
    eq_table_scaled(point, K::ONE)
}

/// scale * eq(point, i): one multiplication an entry.
pub fn eq_table_scaled(point: &[K], scale: K) -> Vec<K> {
    let mut out = Vec::with_capacity(1 << point.len());
    out.push(scale);
    for &r in point.iter().rev() {
        // Built from the least significant bit up: the new bit is in front.
        let n = out.len();
        for i in 0..n {
            let hi = out[i] * r;
            out.push(hi);
            out[i] -= hi;
        }
    }
    out
}

/// sum over i < extent of eq(point, i): the weight of the valid indices, in O(len) (a prefix of the cube).
pub fn valid_weight(point: &[K], extent: u64) -> K {
    let n = point.len() as u32;
    if n < 64 && extent >= 1 << n {
        return K::ONE;
    }
    // Walk the bits of `extent` from the top: a set bit adds the whole half below it.
    let (mut sum, mut prefix) = (K::ZERO, K::ONE);
    for (j, &r) in point.iter().enumerate() {
        let shift = n - 1 - j as u32;
        if shift < 64 && extent >> shift & 1 == 1 {
            sum += prefix * (K::ONE - r);
            prefix *= r;
        } else {
            prefix *= K::ONE - r;
        }
    }
    sum
}
