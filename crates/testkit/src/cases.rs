//! The programs that most tests share, each with one set of values.

use tacit_program::*;

use crate::builder::*;

pub type Givens = Vec<(u32, Vec<i64>)>;

/// A program with one set of values for it.
pub struct Case {
    pub prepared: Prepared,
    pub givens: Givens,
}

/// Small numbers that look random, the same in every run.
pub fn numbers(seed: u64, n: usize, lo: i64, hi: i64) -> Vec<i64> {
    let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        lo + (x % (hi - lo + 1) as u64) as i64
    };
    (0..n).map(|_| next()).collect()
}

/// Ids of the MLP's tensors.
pub mod mlp {
    pub const W1: u32 = 0;
    pub const B1: u32 = 1;
    pub const W2: u32 = 2;
    pub const B2: u32 = 3;
    pub const X: u32 = 4;
    pub const R1: u32 = 5;
    pub const A: u32 = 6;
    pub const R2: u32 = 7;
    pub const Y: u32 = 8;
    pub const E: u32 = 9;
}

/// y = RoundShift(W2 a + b2), a = relu(RoundShift(W1 x + b1)), e = |a|^2: private x private, the same operand, a table with padding.
pub fn mlp() -> Case {
    let mut p = Builder::new("mlp 5-6-3", &[("model", true), ("data", true)]);
    let w1 = p.tensor("W1", &[6, 5], Place::Slab(0), -4, 3);
    let b1 = p.tensor("b1", &[6], Place::Slab(0), -4, 3);
    let w2 = p.tensor("W2", &[3, 6], Place::Slab(0), -4, 3);
    let b2 = p.tensor("b2", &[3], Place::Slab(0), -4, 3);
    let x = p.tensor("X", &[3, 5], Place::Slab(1), -8, 7);
    let r1 = p.tensor("r1", &[3, 6], Place::Witness, 0, 3);
    let a = p.tensor("a", &[3, 6], Place::Witness, 0, 43);
    let r2 = p.tensor("r2", &[3, 3], Place::Witness, 0, 3);
    let y = p.tensor("y", &[3, 3], Place::Public, -300, 300);
    let e = p.tensor("e", &[3], Place::Public, 0, 6 * 43 * 43);
    let range = p.table("range4", TableKind::Range { lo: 0, len: 4 });
    let relu = p.table("relu", TableKind::Relu { lo: -44, len: 88 });
    let sizes = [('b', 3), ('k', 5), ('j', 6), ('o', 3)];
    let t = |id, n| expr(0, vec![same(1, id, n)]);
    let acc1 = p.einsum("acc1", "bk,jk->bj", &sizes[..3], t(x, 2), t(w1, 2));
    let acc2 = p.einsum(
        "acc2",
        "bj,oj->bo",
        &[('b', 3), ('j', 6), ('o', 3)],
        t(a, 2),
        t(w2, 2),
    );
    let norm = p.einsum("norm", "bj,bj->b", &[('b', 3), ('j', 6)], t(a, 2), t(a, 2));
    let bias = |id| term(1, id, vec![link(1, 0)]);
    let first = expr(2, vec![product(1, acc1, 2), bias(b1)]);
    let second = expr(2, vec![product(1, acc2, 2), bias(b2)]);
    let less = |e: &Expr, terms: Vec<Term>| {
        expr(e.constant, e.terms.iter().cloned().chain(terms).collect())
    };
    p.lookup("r1", range, &[3, 6], t(r1, 2), 0, Expr::default());
    let input = less(&first, vec![same(-1, r1, 2)]);
    p.lookup("relu", relu, &[3, 6], input.clone(), 2, t(a, 2));
    p.lookup("r2", range, &[3, 3], t(r2, 2), 0, Expr::default());
    p.zero(
        "output",
        &[3, 3],
        less(&second, vec![same(-4, y, 2), same(-1, r2, 2)]),
    );
    p.zero(
        "norm",
        &[3],
        expr(0, vec![product(1, norm, 1), same(-1, e, 1)]),
    );
    p.hint(Hint::Digits {
        shape: vec![3, 6],
        expr: first,
        digits: vec![(r1, 2)],
        quotient: None,
    });
    p.hint(Hint::Lookup {
        dst: a,
        table: relu,
        expr: input,
        shift: 2,
    });
    p.hint(Hint::Digits {
        shape: vec![3, 3],
        expr: second,
        digits: vec![(r2, 2)],
        quotient: Some(y),
    });
    p.hint(Hint::Linear {
        dst: e,
        expr: expr(0, vec![product(1, norm, 1)]),
    });
    let givens = vec![
        (w1, numbers(1, 30, -4, 3)),
        (b1, numbers(2, 6, -4, 3)),
        (w2, numbers(3, 18, -4, 3)),
        (b2, numbers(4, 3, -4, 3)),
        (x, numbers(5, 15, -8, 7)),
    ];
    Case {
        prepared: p.prepare(),
        givens,
    }
}

/// No lookup at all: y = W x + b, and the tree is not there.
pub fn linear() -> Case {
    let mut p = Builder::new("linear", &[("model", true)]);
    let w = p.tensor("W", &[3, 5], Place::Slab(0), -4, 3);
    let b = p.tensor("b", &[3], Place::Slab(0), -4, 3);
    let x = p.tensor("x", &[2, 5], Place::Public, -8, 7);
    let y = p.tensor("y", &[2, 3], Place::Public, -300, 300);
    let t = |id, n| expr(0, vec![same(1, id, n)]);
    let acc = p.einsum(
        "acc",
        "bk,ok->bo",
        &[('b', 2), ('k', 5), ('o', 3)],
        t(x, 2),
        t(w, 2),
    );
    let sum = vec![product(1, acc, 2), term(1, b, vec![link(1, 0)])];
    p.zero(
        "output",
        &[2, 3],
        expr(0, [sum.clone(), vec![same(-1, y, 2)]].concat()),
    );
    p.hint(Hint::Linear {
        dst: y,
        expr: expr(0, sum),
    });
    p.program.inputs.push(Port {
        name: "x".into(),
        tensor: x,
        frac: 0,
    });
    let givens = vec![
        (w, numbers(1, 15, -4, 3)),
        (b, numbers(2, 3, -4, 3)),
        (x, numbers(3, 10, -8, 7)),
    ];
    Case {
        prepared: p.prepare(),
        givens,
    }
}

/// Links of all kinds, a public slab, a constant, tables of all kinds, operands of all kinds, extents that are not powers of two.
pub fn links() -> Case {
    let mut p = Builder::new("links", &[("weights", false), ("data", true)]);
    let kernel = p.tensor("kernel", &[2, 3, 3], Place::Slab(0), -1, 1);
    let x = p.tensor("x", &[5, 6], Place::Slab(1), -7, 8);
    let c = p.tensor("c", &[3], Place::Constant(vec![5, -2, 7]), -2, 7);
    let q = p.tensor("q", &[3], Place::Public, -9, 9);
    let conv = p.tensor("conv", &[2, 3, 6], Place::Witness, -128, 127);
    let sign = p.tensor("sign", &[12, 3], Place::Witness, 0, 1);
    let cube = p.tensor("cube", &[5, 6], Place::Witness, -512, 512);
    let flat = p.tensor("flat", &[40], Place::Public, -10_000, 10_000);
    let mixed = p.tensor("mixed", &[3], Place::Public, -100_000, 100_000);
    let public = p.tensor("public", &[3], Place::Public, -100_000, 100_000);
    let wide = p.table("wide", TableKind::Range { lo: -128, len: 256 });
    let signs = p.table("sign", TableKind::Sign { lo: -128, len: 256 });
    let cubes = p.table(
        "cubes",
        TableKind::Values {
            lo: -7,
            outs: (-7..=8).map(|v: i64| v * v * v).collect(),
        },
    );
    let t = |id, n| expr(0, vec![same(1, id, n)]);
    // Patches with stride 2 and padding 1 along the rows, "same" along the columns.
    let patches = expr(
        0,
        vec![term(
            1,
            x,
            vec![
                affine_link(&[(0, 2), (2, 1)], &[(0, 1)], -1),
                affine_link(&[(1, 1), (3, 1)], &[(1, 1)], -1),
            ],
        )],
    );
    let sizes = [('h', 3), ('w', 6), ('i', 3), ('j', 3), ('o', 2)];
    let acc = p.einsum("conv", "hwij,oij->ohw", &sizes, patches, t(kernel, 3));
    p.zero(
        "conv",
        &[2, 3, 6],
        expr(0, vec![product(1, acc, 3), same(-1, conv, 3)]),
    );
    p.lookup("conv", wide, &[2, 3, 6], t(conv, 3), 0, Expr::default());
    p.hint(Hint::Linear {
        dst: conv,
        expr: expr(0, vec![product(1, acc, 3)]),
    });
    // Split, merge and flip: conv (2, 3, 6) seen as (12, 3), reversed, minus its mean over nothing, plus a broadcast constant.
    let seen = expr(
        1,
        vec![
            term(
                1,
                conv,
                vec![
                    affine_link(&[(0, 1)], &[(0, 6), (2, 1)], 0),
                    affine_link(&[(1, -1)], &[(1, 1)], 2),
                ],
            ),
            term(3, c, vec![link(1, 0)]),
        ],
    );
    p.lookup("sign", signs, &[12, 3], seen.clone(), 0, t(sign, 2));
    p.hint(Hint::Lookup {
        dst: sign,
        table: signs,
        expr: seen,
        shift: 0,
    });
    p.lookup("cube", cubes, &[5, 6], t(x, 2), 0, t(cube, 2));
    p.hint(Hint::Lookup {
        dst: cube,
        table: cubes,
        expr: t(x, 2),
        shift: 0,
    });
    // Concat of a slice, a transposed flatten, a sum over an axis and zeros behind it.
    let pieces = vec![
        term(2, x, vec![affine_link(&[(0, 1)], &[(0, 6), (1, 1)], 0)]),
        term(-1, sign, vec![affine_link(&[(0, 1)], &[(1, 1)], -30)]),
        term(1, cube, vec![affine_link(&[(0, 2)], &[(1, 1)], -60)]),
    ];
    p.zero(
        "flat",
        &[40],
        expr(0, [pieces.clone(), vec![same(-1, flat, 1)]].concat()),
    );
    p.hint(Hint::Linear {
        dst: flat,
        expr: expr(0, pieces),
    });
    // Operands: public x private, private x public, public x public.
    let left = p.einsum(
        "left",
        "k,hk->h",
        &[('k', 3), ('h', 3)],
        t(q, 1),
        expr(0, vec![term(1, x, vec![link(0, 0), link(1, 1)])]),
    );
    let right = p.einsum(
        "right",
        "hk,k->h",
        &[('h', 3), ('k', 3)],
        expr(0, vec![term(1, x, vec![link(0, 1), link(1, 0)])]),
        t(c, 1),
    );
    let both = p.einsum(
        "both",
        "h,h->h",
        &[('h', 3)],
        t(q, 1),
        expr(2, vec![same(1, c, 1)]),
    );
    p.zero(
        "mixed",
        &[3],
        expr(
            0,
            vec![
                product(1, left, 1),
                product(-2, right, 1),
                same(-1, mixed, 1),
            ],
        ),
    );
    p.hint(Hint::Linear {
        dst: mixed,
        expr: expr(0, vec![product(1, left, 1), product(-2, right, 1)]),
    });
    p.zero(
        "public",
        &[3],
        expr(0, vec![product(1, both, 1), same(-1, public, 1)]),
    );
    p.hint(Hint::Linear {
        dst: public,
        expr: expr(0, vec![product(1, both, 1)]),
    });
    p.program.inputs.push(Port {
        name: "q".into(),
        tensor: q,
        frac: 0,
    });
    let givens = vec![
        (kernel, numbers(11, 18, -1, 1)),
        (x, numbers(12, 30, -7, 8)),
        (q, vec![4, -9, 1]),
    ];
    Case {
        prepared: p.prepare(),
        givens,
    }
}
