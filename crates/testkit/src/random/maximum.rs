//! Maxima: a one-hot selector, and the value that it selects, whole or in two digits.

use super::generator::{times, Generator};
use crate::builder::*;
use tacit_program::*;

/// Bits of a maximum's low digit.
const LOW: u8 = 2;

impl Generator {
    /// A one-hot selector of the last axis's maximum m: sum of sel is 1, sum of sel x is m, m - x >= 0. The hint of m may see
    /// another axis, of one entry, and a multiple of x; m may be in two digits.
    pub(super) fn maximum(&mut self) {
        let kept = self.dice.shape(2, 4);
        let axes = 1 + self.dice.below(2);
        let mut shape = [kept.clone(), vec![1; axes]].concat();
        shape[kept.len() + axes - 1] = self.dice.range(1, 5) as u32;
        let (n, k) = (shape.len() as u8, kept.len() as u8);
        let x = self.expr(&shape, 40);
        let sel = self.witness("selector", &shape, 0, 1);
        self.in_range(&shape, expr(0, vec![same(1, sel, n)]), 0, 2);
        let rows: Vec<Link> = (0..k).map(|i| link(i, i)).collect();
        self.zero(&kept, expr(-1, vec![term(1, sel, rows.clone())]));
        let operands = [expr(0, vec![same(1, sel, n)]), x.expr.clone()];
        let chosen = self.products("einsum", &shape, kept.len(), operands);
        let parts = self.parts_of_maximum(&kept, x.bound);
        let m = |coef: i64| -> Vec<Term> {
            let part = |&(t, step): &(u32, i64)| term(coef * step, t, rows.clone());
            parts.iter().map(part).collect()
        };
        let picked = vec![product(1, chosen, k)];
        self.zero(&kept, expr(0, [picked, m(-1)].concat()));
        let mut above = expr(-x.expr.constant, m(1));
        above.terms.extend(times(-1, &x.expr.terms));
        self.in_range(&shape, above, 0, 2 * x.bound as u32 + 1);
        self.p.hint(Hint::OneHotMax {
            shape: shape.clone(),
            expr: x.expr.clone(),
            dst: sel,
        });
        let shift = self.dice.below(3) as u8;
        let constant = (x.expr.constant << shift) + self.dice.range(0, (1 << shift) - 1);
        self.p.hint(Hint::Max {
            shape,
            axes: axes as u8,
            expr: expr(constant, times(1 << shift, &x.expr.terms)),
            shift,
            digits: parts[1..].iter().map(|&(t, _)| (t, LOW)).collect(),
            quotient: parts[0].0,
        });
    }

    /// Tensors and coefficients that sum to a maximum within `bound`: itself, or what is left of it and its low digit.
    fn parts_of_maximum(&mut self, kept: &[u32], bound: i64) -> Vec<(u32, i64)> {
        if self.dice.one_in(2) {
            return vec![(self.witness("maximum", kept, -5 * bound, 5 * bound), 1)];
        }
        let (k, most) = (kept.len() as u8, (bound >> LOW) + 1);
        let low = self.witness("low", kept, 0, (1 << LOW) - 1);
        let high = self.witness("high", kept, -most, most);
        self.in_range(kept, expr(0, vec![same(1, low, k)]), 0, 1 << LOW);
        self.in_range(
            kept,
            expr(0, vec![same(1, high, k)]),
            -most,
            2 * most as u32,
        );
        vec![(high, 1 << LOW), (low, 1)]
    }
}
