//! Elements of K over a vector of base elements: `Ext<PF>` holds W of them side by side (SIMD lanes, limbs apart), `Ext<F>` is one.
//!
//! The inner loops live on three things: everything is inlined, a multiplication is three dot products of the base vector (one
//! reduction each), and a sum of two products is three dot products of six terms.

use std::ops::{Add, AddAssign, Mul, Sub};

use p3_field::{Field, PackedFieldPow2};
use tacit_algebra::field::{k_limbs, k_new};
use tacit_algebra::{F, K};

/// W base elements.
pub type PF = <F as Field>::Packing;
/// W extension elements.
pub type PK = Ext<PF>;
/// Lanes of a packed vector, a power of two.
pub const W: usize = width::<PF>();

/// A vector of base elements: `PF`, or F itself.
pub trait Base: PackedFieldPow2<Scalar = F> {}
impl<B: PackedFieldPow2<Scalar = F>> Base for B {}

const fn width<B: Base>() -> usize {
    B::WIDTH
}

/// c0 + c1 u + c2 u^2 in every lane, u^3 = u + 1.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(transparent)]
pub struct Ext<B>(pub [B; 3]);

impl<B: Base> Ext<B> {
    pub const ZERO: Self = Self([B::ZERO; 3]);
    pub const ONE: Self = Self([B::ONE, B::ZERO, B::ZERO]);

    /// The same element in every lane.
    #[inline(always)]
    pub fn splat(x: K) -> Self {
        Self(k_limbs(&x).map(B::from))
    }

    /// Base elements.
    #[inline(always)]
    pub fn base(x: B) -> Self {
        Self([x, B::ZERO, B::ZERO])
    }

    pub fn lane(&self, lane: usize) -> K {
        k_new(self.0.map(|c| c.as_slice()[lane]))
    }

    pub fn lanes(&self) -> impl Iterator<Item = K> + '_ {
        (0..B::WIDTH).map(|lane| self.lane(lane))
    }

    /// WIDTH consecutive elements.
    pub fn pack(values: &[K]) -> Self {
        Self(std::array::from_fn(|limb| {
            B::from_fn(|lane| k_limbs(&values[lane])[limb])
        }))
    }

    /// The sum of lane * weight.
    pub fn dot(self, weights: Self) -> K {
        (self * weights).lanes().sum()
    }

    /// self * b + c * d.
    #[inline(always)]
    pub fn mul_add(self, b: Self, c: Self, d: Self) -> Self {
        let ([a0, a1, a2], [c0, c1, c2]) = (self.0, c.0);
        let ([r, s, t], [u, v, w]) = (b.columns(), d.columns());
        let left = [a0, a1, a2, c0, c1, c2];
        let limb = |i: usize| B::dot_product(&left, &[r[i], s[i], t[i], u[i], v[i], w[i]]);
        Self([limb(0), limb(1), limb(2)])
    }

    /// What a0, a1, a2 meet in the three limbs of a product with self.
    #[inline(always)]
    fn columns(self) -> [[B; 3]; 3] {
        let [b0, b1, b2] = self.0;
        let (b02, b12) = (b0 + b2, b1 + b2);
        [[b0, b1, b2], [b2, b02, b1], [b1, b12, b02]]
    }

    /// self * b for a base element.
    #[inline(always)]
    pub fn scale(self, b: B) -> Self {
        Self(self.0.map(|c| c * b))
    }
}

impl<B: Base> Add for Ext<B> {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        let ([a, b, c], [x, y, z]) = (self.0, other.0);
        Self([a + x, b + y, c + z])
    }
}

impl<B: Base> AddAssign for Ext<B> {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl<B: Base> Sub for Ext<B> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        let ([a, b, c], [x, y, z]) = (self.0, other.0);
        Self([a - x, b - y, c - z])
    }
}

impl<B: Base> Mul for Ext<B> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let [r, s, t] = other.columns();
        let limb = |i: usize| B::dot_product(&self.0, &[r[i], s[i], t[i]]);
        Self([limb(0), limb(1), limb(2)])
    }
}

/// The elements at even and at odd places of the 2 WIDTH elements of (a, b).
///
/// With the index bits (vector, lane bits from the top), every interleaving swaps the vector's bit with one lane bit: from the
/// top lane bit down they rotate, and the lowest bit ends as the vector's.
#[inline(always)]
pub fn split_pairs<B: Base>(a: Ext<B>, b: Ext<B>) -> (Ext<B>, Ext<B>) {
    let (mut even, mut odd) = (a, b);
    let mut block = B::WIDTH / 2;
    while block > 0 {
        for (x, y) in even.0.iter_mut().zip(&mut odd.0) {
            (*x, *y) = x.interleave(*y, block);
        }
        block /= 2;
    }
    (even, odd)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tacit_algebra::hash::Words;

    #[test]
    fn lanes_multiply_as_the_field_does() {
        let mut words = Words::new([1; 32]);
        let mut draw = || (0..W).map(|_| words.next_k()).collect::<Vec<K>>();
        let (a, b, c, d) = (draw(), draw(), draw(), draw());
        let [x, y, z, w] = [&a, &b, &c, &d].map(|v| PK::pack(v));
        let sum = x.mul_add(y, z, w);
        for lane in 0..W {
            assert_eq!((x * y).lane(lane), a[lane] * b[lane]);
            assert_eq!(sum.lane(lane), a[lane] * b[lane] + c[lane] * d[lane]);
            assert_eq!((x - y + z).lane(lane), a[lane] - b[lane] + c[lane]);
        }
        let (even, odd) = split_pairs(x, y);
        let all: Vec<K> = a.iter().chain(&b).copied().collect();
        for lane in 0..W {
            assert_eq!(
                (even.lane(lane), odd.lane(lane)),
                (all[2 * lane], all[2 * lane + 1])
            );
        }
    }
}
