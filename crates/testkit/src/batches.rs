//! Batches of records that a public index picks from a committed data set.

use tacit_program::*;

use crate::builder::*;
use crate::cases::{numbers, Case};

/// Ids of the tensors.
pub const Q: u32 = 0;
pub const X: u32 = 1;
pub const W: u32 = 2;
pub const Y: u32 = 3;
const N: usize = 5;
const FIELDS: usize = 3;
/// The last one is no record, two are taken twice.
pub const ORDER: [i64; 6] = [4, 1, 1, 0, 4, 9];

/// y\[t, b\] = x\[q\[t, b\]\] w + x\[q\[t, b\], 0\] over (2, 3).
pub fn batches() -> Case {
    let mut p = Builder::new("batches", &[("data", true), ("model", true)]);
    p.tensor("q", &[2, 3], Place::Public, 0, 9);
    p.tensor("x", &[N as u32, FIELDS as u32], Place::Slab(0), -50, 50);
    p.tensor("w", &[FIELDS as u32], Place::Slab(1), -3, 3);
    p.tensor("y", &[2, 3], Place::Public, -999, 999);
    let pick = || index_link(&[0, 1], 0, 0, Q);
    let batch = term(1, X, vec![pick(), affine_link(&[(2, 1)], &[(1, 1)], 0)]);
    let first = term(1, X, vec![pick(), affine_link(&[], &[(1, 1)], 0)]);
    let labels = [('t', 2), ('b', 3), ('i', 3)];
    let (a, b) = (expr(0, vec![batch]), expr(0, vec![same(1, W, 1)]));
    let products = p.einsum("products", "tbi,i->tb", &labels, a, b);
    let answer = vec![product(1, products, 2), first];
    p.hint(Hint::Linear {
        dst: Y,
        expr: expr(0, answer.clone()),
    });
    p.zero(
        "y",
        &[2, 3],
        expr(0, [answer, vec![same(-1, Y, 2)]].concat()),
    );
    p.program.inputs.push(Port {
        name: "q".into(),
        tensor: Q,
        frac: 0,
    });
    let x = numbers(3, N * FIELDS, -50, 50);
    let w = numbers(4, FIELDS, -3, 3);
    Case {
        prepared: p.prepare(),
        givens: vec![(Q, ORDER.to_vec()), (X, x), (W, w)],
    }
}

/// What y is for an order of records.
pub fn answers(case: &Case, order: &[i64]) -> Vec<i64> {
    let (x, w) = (&case.givens[1].1, &case.givens[2].1);
    let record = |&q: &i64| {
        let row = x.chunks(FIELDS).nth(q as usize)?;
        Some(row[0] + row.iter().zip(w).map(|(x, w)| x * w).sum::<i64>())
    };
    order.iter().map(|q| record(q).unwrap_or(0)).collect()
}
