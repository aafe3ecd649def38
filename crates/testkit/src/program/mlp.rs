//! A layer of a network, with every relation once.

use tacit_program::*;

use super::*;
use crate::Rng;

/// x -> relu(w x + b) with an 8-bit rounding shift: every relation once.
pub fn mlp(batch: u32, inputs: u32, outputs: u32) -> Program {
    let mut p = empty("mlp");
    p.slabs.push(SlabDecl {
        name: "model".into(),
        private: true,
    });
    p.tensors = vec![
        tensor("w", &[outputs, inputs], Place::Slab(0), -128, 127),
        tensor("bias", &[outputs], Place::Slab(0), -1000, 1000),
        tensor("x", &[batch, inputs], Place::Public, -128, 127),
        tensor("low", &[batch, outputs], Place::Witness, 0, 255),
        tensor(
            "high",
            &[batch, outputs],
            Place::Witness,
            -(1 << 15),
            (1 << 15) - 1,
        ),
        tensor("y", &[batch, outputs], Place::Public, 0, (1 << 15) - 1),
    ];
    p.tables = vec![
        Table {
            name: "byte".into(),
            kind: TableKind::Range { lo: 0, len: 256 },
        },
        Table {
            name: "relu".into(),
            kind: TableKind::Relu {
                lo: -(1 << 15),
                len: 1 << 16,
            },
        },
    ];
    p.einsums.push(Einsum {
        name: "wx".into(),
        extents: vec![batch, outputs, inputs],
        a_axes: vec![1, 2],
        b_axes: vec![0, 2],
        out_axes: vec![0, 1],
        a: whole(0, 2),
        b: whole(2, 2),
    });
    let shape = vec![batch, outputs];
    let bias = Term {
        coef: 1,
        source: Source::Tensor(1),
        links: vec![link(&[(1, 1)], &[(0, 1)], 0)],
    };
    let sum = expr(128, vec![identity(Source::Einsum(0), 2, 1), bias]);
    let mut zero = sum.clone();
    zero.terms.push(identity(Source::Tensor(3), 2, -1));
    zero.terms.push(identity(Source::Tensor(4), 2, -256));
    p.zeros.push(Zero {
        name: "shift".into(),
        shape: shape.clone(),
        expr: zero,
    });
    let lookup = |name: &str, table, input, output| Lookup {
        name: name.into(),
        table,
        shape: shape.clone(),
        input,
        shift: 0,
        output,
    };
    p.lookups = vec![
        lookup("low", 0, whole(3, 2), Expr::default()),
        lookup("act", 1, whole(4, 2), whole(5, 2)),
    ];
    p.hints = vec![
        Hint::Digits {
            shape: shape.clone(),
            expr: sum,
            digits: vec![(3, 8)],
            quotient: Some(4),
        },
        Hint::Lookup {
            dst: 5,
            table: 1,
            expr: whole(4, 2),
            shift: 0,
        },
    ];
    p.inputs = vec![Port {
        name: "x".into(),
        tensor: 2,
        frac: 0,
    }];
    p.outputs = vec![Port {
        name: "y".into(),
        tensor: 5,
        frac: 0,
    }];
    p
}

/// The network prepared, and a trace of values drawn within its tensors' intervals.
pub fn run_mlp(p: &Program, seed: u64) -> (Prepared, Trace) {
    let prepared = Prepared::new(p.clone()).unwrap();
    let mut rng = Rng(seed);
    let given = |t: usize, rng: &mut Rng| {
        let t = &p.tensors[t];
        rng.values(entries(&t.shape), t.lo, t.hi)
    };
    let givens: Vec<(u32, Vec<i64>)> = (0..3).map(|t| (t as u32, given(t, &mut rng))).collect();
    let trace = execute(&prepared, givens).unwrap();
    (prepared, trace)
}
