//! What saturates: products that are 0 whatever the values and that no bound of theirs would let pass; clamps by a hint.

use super::generator::{times, Generator};
use crate::builder::*;
use tacit_program::*;

impl Generator {
    /// max(v, 0) max(-v, 0) = 0, the factors taken up to 2^50 times: a bare product.
    pub(super) fn exclusive(&mut self) {
        let shape = self.dice.shape(2, 4);
        let (n, v) = (shape.len() as u8, self.expr(&shape, 40));
        let (lo, len) = (-v.bound - 1, 2 * v.bound as u32 + 3);
        let table = self.table(TableKind::Relu { lo, len });
        let parts = [1, -1].map(|sign| {
            let part = self.witness("part", &shape, 0, v.bound + 1);
            let input = expr(sign * v.expr.constant, times(sign, &v.expr.terms));
            self.p.hint(Hint::Lookup {
                dst: part,
                table,
                expr: input.clone(),
                shift: 0,
            });
            let (name, output) = (self.name("part"), expr(0, vec![same(1, part, n)]));
            self.p.lookup(&name, table, &shape, input, 0, output);
            let factor = self.dice.nonzero(3) << (25 * self.dice.below(3));
            expr(0, vec![same(factor, part, n)])
        });
        let e = self.products("exclusive", &shape, shape.len(), parts);
        let coef = if self.dice.one_in(2) { 1 } else { -1 };
        self.zero(&shape, expr(0, vec![product(coef, e, n)]));
    }

    /// The hint of what a table answers; a clamp needs no table.
    pub(super) fn activation(
        &mut self,
        shape: &[u32],
        (dst, table): (u32, u32),
        input: Expr,
        shift: u8,
    ) {
        let hint = match self.p.program.tables[table as usize].kind {
            TableKind::Clamp { low, high, .. } if self.dice.one_in(2) => Hint::Clamp {
                shape: shape.to_vec(),
                expr: input,
                shift,
                low,
                high,
                inside: Some(dst),
                outside: None,
            },
            _ => Hint::Lookup {
                dst,
                table,
                expr: input,
                shift,
            },
        };
        self.p.hint(hint);
    }
}
