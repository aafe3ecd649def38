//! F is Goldilocks, K = F[u]/(u^3 - u - 1); bytes are big-endian and canonical (docs/protocol/protocol.md section 1).

use p3_field::extension::CubicTrinomialExtensionField;
use p3_field::{BasedVectorSpace, Field, PrimeCharacteristicRing, PrimeField64};
use p3_goldilocks::Goldilocks;

pub type F = Goldilocks;
pub type K = CubicTrinomialExtensionField<Goldilocks>;

/// The order of F.
pub const P: u64 = 0xffff_ffff_0000_0001;

/// A signed integer as a residue.
#[inline]
pub fn f_from_i64(x: i64) -> F {
    // |x| <= 2^63 < p, so one conditional correction by p is enough.
    if x < 0 {
        F::from_u64(P - x.unsigned_abs() % P)
    } else {
        F::from_u64(x as u64)
    }
}

/// The residue in (-p/2, p/2).
#[inline]
pub fn f_to_i64(x: F) -> i64 {
    let v = x.as_canonical_u64();
    if v > P / 2 {
        (v as i128 - P as i128) as i64
    } else {
        v as i64
    }
}

/// Eight bytes, big-endian; `None` when not below p.
#[inline]
pub fn f_from_bytes(bytes: [u8; 8]) -> Option<F> {
    let v = u64::from_be_bytes(bytes);
    (v < P).then(|| F::from_u64(v))
}

#[inline]
pub fn f_to_bytes(x: F) -> [u8; 8] {
    x.as_canonical_u64().to_be_bytes()
}

/// c0 + c1 u + c2 u^2.
#[inline]
pub fn k_new(c: [F; 3]) -> K {
    K::from_basis_coefficients_fn(|i| c[i])
}

#[inline]
pub fn k_limbs(x: &K) -> [F; 3] {
    let c = x.as_basis_coefficients_slice();
    [c[0], c[1], c[2]]
}

/// The basis 1, u, u^2 of K over F.
pub fn k_units() -> [K; 3] {
    [0, 1, 2].map(|d| K::from_basis_coefficients_fn(|i| if i == d { F::ONE } else { F::ZERO }))
}

pub fn k_to_bytes(x: &K) -> [u8; 24] {
    let mut out = [0; 24];
    for (chunk, c) in out.chunks_exact_mut(8).zip(k_limbs(x)) {
        chunk.copy_from_slice(&f_to_bytes(c));
    }
    out
}

/// `None` when a limb is not below p.
pub fn k_from_bytes(bytes: &[u8; 24]) -> Option<K> {
    let mut c = [F::ZERO; 3];
    for (c, chunk) in c.iter_mut().zip(bytes.chunks_exact(8)) {
        *c = f_from_bytes(chunk.try_into().ok()?)?;
    }
    Some(k_new(c))
}

/// A uniform element of F from uniform words: those at or above p are skipped.
#[inline]
pub fn uniform_f(mut word: impl FnMut() -> u64) -> F {
    loop {
        let w = word();
        if w < P {
            return F::from_u64(w);
        }
    }
}

/// A uniform element of K: its limbs in order.
#[inline]
pub fn uniform_k(mut word: impl FnMut() -> u64) -> K {
    k_new([0, 1, 2].map(|_| uniform_f(&mut word)))
}

/// 1, x, x^2, .. (n of them).
pub fn powers(x: K, n: usize) -> Vec<K> {
    let mut out = Vec::with_capacity(n);
    let mut p = K::ONE;
    for _ in 0..n {
        out.push(p);
        p *= x;
    }
    out
}

/// The generator w = 7^((p-1) / 2^log) of the subgroup of order 2^log, log <= 32.
pub fn two_adic(log: u8) -> F {
    F::from_u64(7).exp_u64((P - 1) >> log.min(32))
}

/// 2^-n in F.
pub fn half_power(n: u32) -> F {
    // (p + 1) / 2.
    F::from_u64(0x7fff_ffff_8000_0001).exp_u64(n as u64)
}

/// Inverse, or `None` for zero.
pub fn k_inverse(x: K) -> Option<K> {
    x.try_inverse()
}
