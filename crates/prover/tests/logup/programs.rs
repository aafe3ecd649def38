//! Programs that are nothing but lookups.

use tacit_program::*;
use tacit_testkit::{expr, numbers, same, Builder};

/// A slab "data" of tensors with these shapes and intervals, each in a Range lookup of its own table.
fn ranges(name: &str, tensors: &[(&str, &[u32], i64, u32)]) -> (Builder, Vec<u32>) {
    let mut p = Builder::new(name, &[("data", true)]);
    let mut ids = Vec::new();
    for &(name, shape, lo, len) in tensors {
        let hi = lo + i64::from(len) - 1;
        let t = p.tensor(name, shape, Place::Slab(0), lo, hi);
        let table = p.table(name, TableKind::Range { lo, len });
        let all = expr(0, vec![same(1, t, shape.len() as u8)]);
        p.lookup(name, table, shape, all, 0, Expr::default());
        ids.push(t);
    }
    (p, ids)
}

fn run(prepared: Prepared, givens: Vec<(u32, Vec<i64>)>) -> (Prepared, Trace) {
    let trace = execute(&prepared, givens).unwrap();
    (prepared, trace)
}

/// One entry, one row: a tree of two leaves.
pub fn two_leaves() -> (Prepared, Trace) {
    let (p, ids) = ranges("two leaves", &[("z", &[], 0, 1)]);
    run(p.prepare(), vec![(ids[0], vec![0])])
}

/// Four entries in a table of three rows.
pub fn small() -> (Prepared, Trace) {
    let (p, ids) = ranges("small", &[("x", &[4], -1, 3)]);
    run(p.prepare(), vec![(ids[0], vec![1, -1, 1, 0])])
}

/// a = relu(floor(x / 4)), remainders, a pair and a scalar: blocks of 16, 16, 8, 8, 4, 2 and 1 leaves, the rest unused.
pub fn blocks() -> (Prepared, Trace) {
    let (mut p, ids) = ranges("blocks", &[("pair", &[2], -3, 6)]);
    let x = p.tensor("x", &[3, 3], Place::Slab(0), -8, 7);
    let scalar = p.tensor("scalar", &[], Place::Slab(0), -3, 2);
    let r = p.tensor("r", &[3, 3], Place::Witness, 0, 3);
    let a = p.tensor("a", &[3, 3], Place::Witness, 0, 2);
    let digit = p.table("digit", TableKind::Range { lo: 0, len: 4 });
    let relu = p.table("relu", TableKind::Relu { lo: -2, len: 5 });
    let t = |id, axes| expr(0, vec![same(1, id, axes)]);
    let quotient = expr(0, vec![same(1, x, 2), same(-1, r, 2)]);
    p.lookup("scalar", 0, &[], t(scalar, 0), 0, Expr::default());
    p.lookup("relu", relu, &[3, 3], quotient.clone(), 2, t(a, 2));
    p.lookup("r", digit, &[3, 3], t(r, 2), 0, Expr::default());
    p.hint(Hint::Digits {
        shape: vec![3, 3],
        expr: t(x, 2),
        digits: vec![(r, 2)],
        quotient: None,
    });
    p.hint(Hint::Lookup {
        dst: a,
        table: relu,
        expr: quotient,
        shift: 2,
    });
    let xs = numbers(7, 9, -8, 7);
    let givens = vec![(ids[0], vec![-3, 2]), (x, xs), (scalar, vec![2])];
    run(p.prepare(), givens)
}
