//! A few steps of descent on a line, batched along an axis of steps: weights after each step are one witness tensor, which a
//! zero carries from one step to the next. A *round* is the same on records that a public order picks, from a base to a next
//! that is committed or public and has the base's schema, so that the next of one round is the base of another.

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
/// Of a round: which record each step takes.
pub const ORDER: u32 = 7;

/// Weights of a base and a next lie in [-ROUND, ROUND): a power of two, for their validity.
const ROUND: i64 = 256;

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

/// The records of all steps; of a round, those that its order picks.
fn batch(coef: i64, tensor: u32, picked: bool) -> Term {
    let has_fields = tensor == X;
    if !picked {
        return same(coef, tensor, if has_fields { 3 } else { 2 });
    }
    let mut links = vec![index_link(&[0, 1], 0, 0, ORDER)];
    if has_fields {
        links.push(affine_link(&[(2, 1)], &[(1, 1)], 0));
    }
    term(coef, tensor, links)
}

/// With t over the steps: d\[t\] = round((x\[t\] w\[t\] - y\[t\]) / 4) clamped to [-8, 7], w\[t+1\] = w\[t\] - x\[t\]^T d\[t\].
pub fn descent() -> Builder {
    steps(false)
}

fn steps(picked: bool) -> Builder {
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
    let x = || expr(0, vec![batch(1, X, picked)]);
    let forward = p.einsum("forward", "tbn,tn->tb", &labels, x(), current);
    let error = vec![product(1, forward, 2), batch(-1, Y, picked)];
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

/// A round; its next is in a slab of its own where it is `committed`, and public elsewhere.
pub fn round(committed: bool) -> Builder {
    let (t, b, n) = (STEPS as u32, RECORDS as u32, WEIGHTS as u32);
    let mut p = steps(true);
    let order = p.tensor("order", &[t, b], Place::Public, 0, i64::from(t * b) - 1);
    assert_eq!(order, ORDER);
    p.program.inputs.push(Port {
        name: "order".into(),
        tensor: ORDER,
        frac: 0,
    });
    let tensors = &mut p.program.tensors;
    tensors[X as usize].shape = vec![t * b, n];
    tensors[Y as usize].shape = vec![t * b];
    // A step moves a weight by two products of a number in [-8, 7] and one in [-2, 2].
    let moved = 32 * (STEPS as i64 - 1);
    for (tensor, more) in [(W, 0), (MID, moved), (NEXT, 0)] {
        let tensor = &mut tensors[tensor as usize];
        (tensor.lo, tensor.hi) = (-ROUND - more, ROUND - 1 + more);
    }
    if committed {
        let next = &mut tensors[NEXT as usize];
        (next.name, next.place) = ("w".into(), Place::Slab(2));
        p.program.slabs.push(SlabDecl {
            name: "next".into(),
            private: true,
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
    let order: Vec<i64> = (0..).take(STEPS * RECORDS).collect();
    train_on(numbers(1, WEIGHTS, -50, 50), &order, update)
}

/// The same from a base, on the records in this order.
fn train_on(base: Vec<i64>, order: &[i64], update: Update) -> Vec<(u32, Vec<i64>)> {
    let x = numbers(2, STEPS * RECORDS * WEIGHTS, -2, 2);
    let y = numbers(3, STEPS * RECORDS, -8, 7);
    let (mut w, mut mid) = (base.clone(), Vec::new());
    let (mut r, mut d) = (Vec::new(), Vec::new());
    for step in 0..STEPS {
        let mut gradient = vec![0; WEIGHTS];
        for at in step * RECORDS..(step + 1) * RECORDS {
            let record = order[at] as usize;
            let row = &x[record * WEIGHTS..(record + 1) * WEIGHTS];
            let product: i64 = row.iter().zip(&w).map(|(x, w)| x * w).sum();
            let error = product - y[record] + 2;
            r.push(error.rem_euclid(4));
            d.push(error.div_euclid(4).clamp(-8, 7));
            for (g, x) in gradient.iter_mut().zip(row) {
                *g += x * d[at];
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

/// An honest round from a base, its records in this order, with the next that it comes to.
pub fn round_from(base: Vec<i64>, order: &[i64], committed: bool) -> (Case, Vec<i64>) {
    let mut givens = train_on(base, order, &honest);
    givens.truncate(5);
    let next = givens[NEXT as usize].1.clone();
    givens.push((ORDER, order.to_vec()));
    let prepared = round(committed).prepare();
    (Case { prepared, givens }, next)
}
