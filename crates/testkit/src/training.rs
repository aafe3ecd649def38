//! A few steps of descent on a line, batched along an axis of steps: weights after each step are one witness tensor, which a
//! zero carries from one step to the next.

use tacit_program::*;

use crate::builder::*;
use crate::cases::{numbers, Case};

pub const STEPS: usize = 4;
pub const RECORDS: usize = 2;
pub const WEIGHTS: usize = 3;

/// Ids of the tensors.
pub const W: u32 = 0;
pub const X: u32 = 1;
pub const Y: u32 = 2;
/// Weights after all steps but the last.
pub const MID: u32 = 3;
/// Weights after the last step.
pub const NEXT: u32 = 4;
pub const R: u32 = 5;
pub const D: u32 = 6;

/// t + offset = s on one axis.
pub fn axis(axis: u8, offset: i32) -> Link {
    affine_link(&[(axis, 1)], &[(axis, 1)], offset)
}

/// A tensor of weights at one step, nothing at the others.
pub fn at_step(coef: i64, tensor: u32, step: usize) -> Term {
    let here = affine_link(&[(0, 1)], &[], -(step as i32));
    term(
        coef,
        tensor,
        vec![here, affine_link(&[(1, 1)], &[(0, 1)], 0)],
    )
}

/// With t over the steps: d\[t\] = round((x\[t\] w\[t\] - y\[t\]) / 4) clamped to [-8, 7], w\[t+1\] = w\[t\] - x\[t\]^T d\[t\].
pub fn descent() -> Builder {
    let (t, b, n) = (STEPS as u32, RECORDS as u32, WEIGHTS as u32);
    let mut p = Builder::new("descent", &[("model", true), ("data", true)]);
    p.tensor("w", &[n], Place::Slab(0), -50, 50);
    p.tensor("x", &[t, b, n], Place::Slab(1), -2, 2);
    p.tensor("y", &[t, b], Place::Slab(1), -8, 7);
    p.tensor("mid", &[t - 1, n], Place::Witness, -146, 146);
    p.tensor("next", &[n], Place::Public, -300, 300);
    p.tensor("r", &[t, b], Place::Witness, 0, 3);
    p.tensor("d", &[t, b], Place::Witness, -8, 7);
    let mid = |coef, offset| term(coef, MID, vec![axis(0, offset), axis(1, 0)]);
    let labels = [('t', t), ('b', b), ('n', n)];
    let current = expr(0, vec![at_step(1, W, 0), mid(1, -1)]);
    let x = || expr(0, vec![same(1, X, 3)]);
    let forward = p.einsum("forward", "tbn,tn->tb", &labels, x(), current);
    let error = vec![product(1, forward, 2), same(-1, Y, 2)];
    let two_bits = p.table("two bits", TableKind::Range { lo: 0, len: 4 });
    let (lo, len, low, high) = (-300, 600, -8, 7);
    let clamp = p.table("clamp", TableKind::Clamp { lo, len, low, high });
    let shape = [t, b];
    p.hint(Hint::Digits {
        shape: shape.to_vec(),
        expr: expr(2, error.clone()),
        digits: vec![(R, 2)],
        quotient: None,
    });
    let rounded = expr(2, [error, vec![same(-1, R, 2)]].concat());
    p.hint(Hint::Lookup {
        dst: D,
        table: clamp,
        expr: rounded.clone(),
        shift: 2,
    });
    let own = |id| expr(0, vec![same(1, id, 2)]);
    p.lookup("r", two_bits, &shape, own(R), 0, Expr::default());
    p.lookup("d", clamp, &shape, rounded, 2, own(D));
    let gradient = p.einsum("gradient", "tbn,tb->tn", &labels, x(), own(D));
    let terms = vec![
        mid(1, 0),
        mid(-1, -1),
        at_step(1, NEXT, STEPS - 1),
        at_step(-1, W, 0),
        product(1, gradient, 2),
    ];
    p.zero("update", &[t, n], expr(0, terms));
    for (name, tensor) in [("mid", MID), ("next", NEXT)] {
        let name = name.into();
        p.program.inputs.push(Port {
            name,
            tensor,
            frac: 0,
        });
    }
    p
}

/// What one step of a trainer does: (step, weights before it, gradient) to the weights after it.
pub type Update<'a> = &'a dyn Fn(usize, &[i64], &[i64]) -> Vec<i64>;

/// w - g.
pub fn honest(_: usize, w: &[i64], g: &[i64]) -> Vec<i64> {
    w.iter().zip(g).map(|(w, g)| w - g).collect()
}

/// Every tensor of a run, by its id; all but the updates are as the program says, whatever the weights.
pub fn train(update: Update) -> Vec<(u32, Vec<i64>)> {
    let base = numbers(1, WEIGHTS, -50, 50);
    let x = numbers(2, STEPS * RECORDS * WEIGHTS, -2, 2);
    let y = numbers(3, STEPS * RECORDS, -8, 7);
    let (mut w, mut mid) = (base.clone(), Vec::new());
    let (mut r, mut d) = (Vec::new(), Vec::new());
    for step in 0..STEPS {
        let mut gradient = vec![0; WEIGHTS];
        for record in step * RECORDS..(step + 1) * RECORDS {
            let row = &x[record * WEIGHTS..(record + 1) * WEIGHTS];
            let product: i64 = row.iter().zip(&w).map(|(x, w)| x * w).sum();
            let error = product - y[record] + 2;
            r.push(error.rem_euclid(4));
            d.push(error.div_euclid(4).clamp(-8, 7));
            for (g, x) in gradient.iter_mut().zip(row) {
                *g += x * d[record];
            }
        }
        if step > 0 {
            mid.extend(&w);
        }
        w = update(step, &w, &gradient);
    }
    vec![
        (W, base),
        (X, x),
        (Y, y),
        (MID, mid),
        (NEXT, w),
        (R, r),
        (D, d),
    ]
}

/// The honest run.
pub fn trained() -> Case {
    let mut givens = train(&honest);
    givens.truncate(5);
    Case {
        prepared: descent().prepare(),
        givens,
    }
}
