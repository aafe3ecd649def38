//! One program to break in every way.

use tacit_program::*;

use super::*;

/// y = relu((w x + b) >> 8), with a constant and every kind of hint.
pub fn program() -> Program {
    let mut p = empty("net");
    p.slabs.push(SlabDecl {
        name: "model".into(),
        private: true,
    });
    p.tensors = vec![
        tensor("w", &[3, 4], Place::Slab(0), -128, 127),
        tensor("x", &[2, 4], Place::Public, -128, 127),
        tensor("low", &[2, 3], Place::Witness, 0, 255),
        tensor("high", &[2, 3], Place::Witness, -512, 511),
        tensor("y", &[2, 3], Place::Witness, 0, 511),
        tensor("one", &[3], Place::Constant(vec![1, 2, 3]), 1, 3),
    ];
    p.tables = vec![
        Table {
            name: "byte".into(),
            kind: TableKind::Range { lo: 0, len: 256 },
        },
        Table {
            name: "relu".into(),
            kind: TableKind::Relu {
                lo: -512,
                len: 1024,
            },
        },
        Table {
            name: "list".into(),
            kind: TableKind::Values {
                lo: 0,
                outs: vec![4, 5, 6],
            },
        },
        Table {
            name: "clamp".into(),
            kind: TableKind::Clamp {
                lo: -4,
                len: 8,
                low: -2,
                high: 2,
            },
        },
    ];
    p.einsums.push(Einsum {
        name: "wx".into(),
        extents: vec![2, 3, 4],
        a_axes: vec![1, 2],
        b_axes: vec![0, 2],
        out_axes: vec![0, 1],
        a: whole(0, 2),
        b: whole(1, 2),
    });
    let shape = vec![2, 3];
    let one = Term {
        coef: 9,
        source: Source::Tensor(5),
        links: vec![link(&[(1, 1)], &[(0, 1)], 0)],
    };
    let sum = expr(128, vec![identity(Source::Einsum(0), 2, 1), one]);
    let mut zero = sum.clone();
    zero.terms.push(identity(Source::Tensor(2), 2, -1));
    zero.terms.push(identity(Source::Tensor(3), 2, -256));
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
        lookup("low", 0, whole(2, 2), Expr::default()),
        lookup("act", 1, whole(3, 2), whole(4, 2)),
    ];
    p.hints = vec![
        Hint::Digits {
            shape,
            expr: sum,
            digits: vec![(2, 8)],
            quotient: Some(3),
        },
        Hint::Lookup {
            dst: 4,
            table: 1,
            expr: whole(3, 2),
            shift: 0,
        },
    ];
    p.inputs = vec![Port {
        name: "x".into(),
        tensor: 1,
        frac: 4,
    }];
    p.outputs = vec![Port {
        name: "y".into(),
        tensor: 4,
        frac: 4,
    }];
    p
}

/// The rule that `validate` refuses the edited program by.
pub fn rule(edit: impl FnOnce(&mut Program)) -> &'static str {
    let mut p = program();
    edit(&mut p);
    let e = validate(&p).expect_err("a rule is broken");
    assert_eq!(e.slug, "program");
    assert!(
        e.to_string().contains(&e.place) && !e.place.is_empty() && !e.got.is_empty(),
        "{e}"
    );
    e.rule
}

/// The remainder's term in the zero.
pub fn first_term(p: &mut Program) -> &mut Term {
    &mut p.zeros[0].expr.terms[2]
}
