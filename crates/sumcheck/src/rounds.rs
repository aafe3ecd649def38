//! The prover's half of a padded round: a cubic goes out as its values at 0, 2, 3.

use p3_field::PrimeCharacteristicRing;
use tacit_algebra::{F, K};
use tacit_transcript::Writer;

use crate::{ROUND, VALUES};

/// Sends the round whose cubic has these values at 0, 1, 2, 3. Returns the challenge.
pub fn send(writer: &mut Writer, values: [K; 4]) -> K {
    let [s0, _, s2, s3] = values;
    let sent: [K; VALUES] = [s0, s2, s3];
    writer.send_padded(ROUND, &sent);
    writer.challenge(ROUND)
}

/// A quadratic by its values at 0 and 1 and its leading coefficient.
#[derive(Clone, Copy, Debug)]
pub struct Quadratic {
    pub at0: K,
    pub at1: K,
    pub top: K,
}

impl Quadratic {
    /// The values at 0, 1, 2, 3.
    pub fn values(self) -> [K; 4] {
        [0u8, 1, 2, 3].map(|x| self.at(F::from_u8(x)))
    }

    /// t(x) = t0 + x (t1 - t0 - top) + x^2 top.
    pub fn at<X: Copy>(self, x: X) -> K
    where
        K: std::ops::Mul<X, Output = K>,
    {
        self.at0 + (self.at1 - self.at0 - self.top + self.top * x) * x
    }
}

/// The values at 0, 1, 2, 3 of scale * ((1 - r)(1 - x) + r x): one coordinate of eq.
pub fn eq_line(r: K, scale: K) -> [K; 4] {
    let (low, high) = (scale * (K::ONE - r), scale * r);
    let step = high - low;
    [low, high, high + step, high + step + step]
}

/// Pointwise products.
pub fn times(a: [K; 4], b: [K; 4]) -> [K; 4] {
    [a[0] * b[0], a[1] * b[1], a[2] * b[2], a[3] * b[3]]
}
