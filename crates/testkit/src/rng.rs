//! A small generator of test data, the same in every run.

use tacit_algebra::{f_from_i64, K};

/// splitmix64.
pub struct Rng(pub u64);

impl Rng {
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0 .. n - 1; 0 where n is 0.
    pub fn below(&mut self, n: usize) -> usize {
        (self.draw() % n.max(1) as u64) as usize
    }

    /// lo ..= hi
    pub fn range(&mut self, lo: i64, hi: i64) -> i64 {
        lo + (self.draw() % (hi - lo + 1) as u64) as i64
    }

    pub fn k(&mut self) -> K {
        tacit_algebra::field::k_new([0; 3].map(|_| f_from_i64((self.draw() >> 2) as i64)))
    }

    pub fn point(&mut self, n: u32) -> Vec<K> {
        (0..n).map(|_| self.k()).collect()
    }

    pub fn values(&mut self, n: usize, lo: i64, hi: i64) -> Vec<i64> {
        (0..n).map(|_| self.range(lo, hi)).collect()
    }

    pub fn shape(&mut self, axes: i64, extent: i64) -> Vec<u32> {
        (0..self.range(0, axes))
            .map(|_| self.range(1, extent) as u32)
            .collect()
    }
}
