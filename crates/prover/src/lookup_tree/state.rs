//! Between two rounds of a layer's sumcheck.

use p3_field::{Field, PrimeCharacteristicRing};
use tacit_algebra::K;
use tacit_transcript::Writer;

use tacit_sumcheck::rounds::{self, eq_line, times, Quadratic};

/// A sumcheck between two rounds.
pub struct State<'a> {
    pub lambda: K,
    /// Coordinates of eq for all variables, front first, those of the lanes last.
    pub r: &'a [K],
    /// Their inverses, 0 for 0.
    inverses: Vec<K>,
    /// The claim, without eq of the coordinates that are bound.
    pub claim: K,
    /// eq of the coordinates that are bound.
    pub bound: K,
    pub point: Vec<K>,
}

impl<'a> State<'a> {
    pub fn new(lambda: K, r: &'a [K], claim: K) -> Self {
        Self {
            lambda,
            r,
            inverses: inverses(r),
            claim,
            bound: K::ONE,
            point: Vec::with_capacity(r.len() + 1),
        }
    }

    /// Coordinates of the variables still to be bound.
    pub fn left(&self) -> &'a [K] {
        &self.r[self.point.len()..]
    }

    /// Sends the round of t; t(1) follows from the claim (1 - r) t(0) + r t(1), or from `at1` when r is 0. Returns the challenge.
    pub fn send(&mut self, writer: &mut Writer, at0: K, top: K, at1: impl FnOnce() -> K) -> K {
        let (r, inverse) = (self.left()[0], self.inverses[self.point.len()]);
        let at1 = if inverse == K::ZERO {
            at1()
        } else {
            (self.claim - at0 + r * at0) * inverse
        };
        let line = eq_line(r, self.bound);
        let t = Quadratic { at0, at1, top };
        let rho = rounds::send(writer, times(line, t.values()));
        self.claim = t.at(rho);
        self.bound = line[0] + rho * (line[1] - line[0]);
        self.point.push(rho);
        rho
    }
}

/// All inverses with one inversion; 0 for 0.
fn inverses(r: &[K]) -> Vec<K> {
    // Products of those before, zeros left out.
    let mut out = Vec::with_capacity(r.len());
    let mut product = K::ONE;
    for &x in r {
        out.push(product);
        if x != K::ZERO {
            product *= x;
        }
    }
    let mut inverse = product.inverse();
    for (out, &x) in out.iter_mut().zip(r).rev() {
        if x == K::ZERO {
            *out = K::ZERO;
        } else {
            *out *= inverse;
            inverse *= x;
        }
    }
    out
}
