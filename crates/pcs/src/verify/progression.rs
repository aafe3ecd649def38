//! Coefficients that are a geometric progression over rows.

use p3_field::PrimeCharacteristicRing;
use std::ops::Mul;
use tacit_algebra::K;

/// Row x in first .. end weighs scale base^(x - first).
pub struct Geometric<B> {
    pub scale: K,
    pub base: B,
    pub first: usize,
    pub end: usize,
}

impl<B> Geometric<B>
where
    B: Copy + Mul<Output = B>,
    K: Mul<B, Output = K>,
{
    /// Rows 2i and 2i + 1 fold to scale (1 - r + r base) (base^2)^(i - first / 2): first and end are even.
    pub fn fold(&mut self, r: K) {
        self.scale *= K::ONE - r + r * self.base;
        self.base = self.base * self.base;
        self.first /= 2;
        self.end /= 2;
    }
}

impl Geometric<K> {
    /// sum over its rows of coefficient * v; `None` where v has not all of them.
    pub fn dot(&self, v: &[K]) -> Option<K> {
        let rows = v.get(self.first..self.end)?.iter().rev();
        Some(self.scale * rows.fold(K::ZERO, |acc, &c| acc * self.base + c))
    }
}
