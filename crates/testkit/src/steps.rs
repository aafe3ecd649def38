//! Two programs of one deployment: a step that makes one model of another, and an answer of a model.

use tacit_program::*;

use crate::builder::*;

/// Entries of a step's data, which make its proofs larger than an answer's.
pub const RECORDS: u32 = 1 << 14;

fn port(name: &str, tensor: u32) -> Port {
    Port {
        name: name.into(),
        tensor,
        frac: 0,
    }
}

/// y = W x, "model" W.
pub fn answer() -> Prepared {
    let mut p = Builder::new("answer", &[("model", true)]);
    let w = p.tensor("W", &[2, 3], Place::Slab(0), -4, 3);
    let x = p.tensor("x", &[3], Place::Public, -8, 7);
    let y = p.tensor("y", &[2], Place::Public, -200, 200);
    let sizes = [('o', 2), ('k', 3)];
    let (left, right) = (expr(0, vec![same(1, w, 2)]), expr(0, vec![same(1, x, 1)]));
    let sum = product(1, p.einsum("sum", "ok,k->o", &sizes, left, right), 1);
    p.zero("y", &[2], expr(0, vec![sum.clone(), same(-1, y, 1)]));
    p.hint(Hint::Linear {
        dst: y,
        expr: expr(0, vec![sum]),
    });
    p.program.inputs.push(port("x", x));
    p.program.outputs.push(port("y", y));
    p.prepare()
}

/// "next" W = "base" W - c for a public c, beside "data" d.
pub fn step() -> Prepared {
    let slabs = [("base", true), ("data", true), ("next", true)];
    let mut p = Builder::new("step", &slabs);
    let base = p.tensor("W", &[2, 3], Place::Slab(0), -4, 3);
    let data = p.tensor("d", &[RECORDS], Place::Slab(1), -8, 7);
    let next = p.tensor("W", &[2, 3], Place::Slab(2), -4, 3);
    let c = p.tensor("c", &[2, 3], Place::Public, -1, 1);
    let copy = p.tensor("copy", &[RECORDS], Place::Witness, -8, 7);
    let moved = vec![same(1, base, 2), same(-1, c, 2), same(-1, next, 2)];
    p.zero("update", &[2, 3], expr(0, moved));
    let copied = expr(0, vec![same(1, data, 1), same(-1, copy, 1)]);
    p.zero("copy", &[RECORDS], copied);
    p.hint(Hint::Linear {
        dst: copy,
        expr: expr(0, vec![same(1, data, 1)]),
    });
    p.program.inputs.push(port("c", c));
    p.prepare()
}
