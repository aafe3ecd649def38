//! Einsums, folding, execution and validity on small programs.

mod common;
use common::*;
use p3_field::PrimeCharacteristicRing;
use proptest::prelude::{proptest, ProptestConfig};
use std::collections::BTreeMap;
use tacit_algebra::{eq_table, f_from_i64, K};
use tacit_program::*;

/// A random einsum of two committed tensors as they are (labels dealt at random).
fn random_einsum(rng: &mut Rng) -> (Prepared, Trace) {
    let labels = rng.range(1, 6) as u8;
    let extents: Vec<u32> = (0..labels).map(|_| rng.range(1, 5) as u32).collect();
    let (mut a, mut b, mut out) = (vec![], vec![], vec![]);
    for l in 0..labels {
        let kind = rng.range(0, 3);
        let mut put = |list: &mut Vec<u8>| list.insert(rng.range(0, list.len() as i64) as usize, l);
        if kind != 3 {
            put(&mut a);
        }
        if kind != 2 {
            put(&mut b);
        }
        if kind != 1 {
            put(&mut out);
        }
    }
    let shape = |axes: &[u8]| {
        axes.iter()
            .map(|&l| extents[l as usize])
            .collect::<Vec<u32>>()
    };
    let mut program = empty("einsum");
    program.slabs.push(SlabDecl {
        name: "model".into(),
        private: true,
    });
    let big = 1 << 20;
    program.tensors = vec![
        tensor("a", &shape(&a), Place::Slab(0), -big, big),
        tensor("b", &shape(&b), Place::Slab(0), -big, big),
    ];
    let values = [&a, &b].map(|axes| rng.values(entries(&shape(axes)), -big, big));
    program.einsums.push(Einsum {
        name: "e".into(),
        a: whole(0, a.len()),
        b: whole(1, b.len()),
        extents,
        a_axes: a,
        b_axes: b,
        out_axes: out,
    });
    let prepared = Prepared::new(program).unwrap();
    let givens = [(0, values[0].clone()), (1, values[1].clone())];
    let trace = execute(&prepared, givens).unwrap();
    (prepared, trace)
}

/// Every assignment of the labels, with the flat index of some axes in it.
fn assignments(e: &Einsum) -> Vec<Vec<i64>> {
    indices(&e.extents)
}

fn flat(e: &Einsum, axes: &[u8], at: &[i64]) -> usize {
    axes.iter().fold(0, |i, &l| {
        i * e.extents[l as usize] as usize + at[l as usize] as usize
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn einsums_and_folds(seed: u64) {
        let mut rng = Rng(seed);
        let (prepared, trace) = random_einsum(&mut rng);
        let (decl, plan) = (&prepared.program.einsums[0], &prepared.einsums[0]);
        let mut expected = vec![0i64; entries(&plan.out_shape)];
        for at in assignments(decl) {
            let product = trace.tensors[0][flat(decl, &decl.a_axes, &at)] * trace.tensors[1][flat(decl, &decl.b_axes, &at)];
            expected[flat(decl, &decl.out_axes, &at)] += product;
        }
        assert_eq!(trace.einsums[0], expected);

        // The sumcheck's claim: sum over x of eq(r_batch, x_batch) a(x) b(x) is the output's extension at r.
        let r = rng.point(shape_bits(&plan.out_shape));
        let a = fold_operand(&prepared, 0, Side::A, &trace, &r);
        let b = fold_operand(&prepared, 0, Side::B, &trace, &r);
        assert_eq!(a.len(), 1 << plan.bits);
        let batch = eq_table(&plan.batch_point(&r));
        let inner = a.len() / batch.len();
        let sum: K = (0..a.len()).map(|x| batch[x / inner] * a[x] * b[x]).sum();
        assert_eq!(sum, extension(&plan.out_shape, &trace.einsums[0], &r));

        // And a folded operand's extension is its expression's at the operand's point.
        let x = rng.point(plan.bits);
        let cells = slabs(&prepared, &trace);
        for (side, folded, expr) in [(Side::A, a, &decl.a), (Side::B, b, &decl.b)] {
            let value: K = eq_table(&x).into_iter().zip(folded).map(|(w, v)| w * v).sum();
            let point = plan.operand_point(side, &r, &x);
            let at = prepared.expr_at(expr, plan.operand_shape(side), &point, &Publics::default());
            assert_eq!(value_of(&at.affine, &cells), value);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn folds_of_random_expressions(seed: u64) {
        let mut rng = Rng(seed);
        let (mut program, mut trace) = random_tensors(&mut rng, 3, 5);
        let (labelled, _) = random_einsum(&mut rng);
        let mut decl = labelled.program.einsums[0].clone();
        for (axes, side) in [(&decl.a_axes, &mut decl.a), (&decl.b_axes, &mut decl.b)] {
            let shape: Vec<u32> = axes.iter().map(|&l| decl.extents[l as usize]).collect();
            let mut terms = vec![];
            for _ in 0..rng.range(0, 3) {
                let t = rng.range(0, 7) as u32;
                let source = program.tensors[t as usize].shape.clone();
                terms.push(random_term(&mut rng, &shape, t, &source));
            }
            *side = expr(rng.range(-3, 3), terms);
        }
        program.einsums.push(decl);
        // Nothing bounds the witness tensors here: make them public ones.
        program.tensors.iter_mut().filter(|t| t.place == Place::Witness).for_each(|t| t.place = Place::Public);
        for (i, t) in (0u32..).zip(&program.tensors) {
            if t.place == Place::Public {
                program.inputs.push(Port { name: t.name.clone(), tensor: i, frac: 0 });
            }
        }
        let prepared = Prepared::new(program).unwrap();
        let given = |t: &Tensor| !matches!(t.place, Place::Constant(_));
        let givens = (0u32..).zip(&prepared.program.tensors).filter(|(_, t)| given(t));
        let givens = givens.map(|(i, _)| (i, trace.tensors[i as usize].clone())).collect::<Vec<_>>();
        let executed = execute(&prepared, givens).unwrap();
        assert_eq!(executed.tensors, trace.tensors);
        trace.einsums = executed.einsums;
        let (decl, plan) = (&prepared.program.einsums[0], &prepared.einsums[0]);
        let a = naive(&prepared.program, &decl.a, &plan.a_shape, &trace);
        let b = naive(&prepared.program, &decl.b, &plan.b_shape, &trace);
        let mut out = vec![0i64; entries(&plan.out_shape)];
        for at in assignments(decl) {
            out[flat(decl, &decl.out_axes, &at)] += a[flat(decl, &decl.a_axes, &at)] * b[flat(decl, &decl.b_axes, &at)];
        }
        assert_eq!(trace.einsums[0], out);
        let r = rng.point(shape_bits(&plan.out_shape));
        let fa = fold_operand(&prepared, 0, Side::A, &trace, &r);
        let fb = fold_operand(&prepared, 0, Side::B, &trace, &r);
        let batch = eq_table(&plan.batch_point(&r));
        let inner = fa.len() / batch.len();
        let sum: K = (0..fa.len()).map(|x| batch[x / inner] * fa[x] * fb[x]).sum();
        assert_eq!(sum, extension(&plan.out_shape, &out, &r));

        let x = rng.point(plan.bits);
        let (cells, publics) = (slabs(&prepared, &trace), publics(&prepared, &trace));
        for (side, folded, expr) in [(Side::A, fa, &decl.a), (Side::B, fb, &decl.b)] {
            let value: K = eq_table(&x).into_iter().zip(folded).map(|(w, v)| w * v).sum();
            let point = plan.operand_point(side, &r, &x);
            let at = prepared.expr_at(expr, plan.operand_shape(side), &point, &publics);
            assert_eq!(value_of(&at.affine, &cells), value);
        }
    }
}

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

fn run_mlp(p: &Program, seed: u64) -> (Prepared, Trace) {
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

#[test]
fn mlp_executes() {
    let p = mlp(2, 5, 3);
    let (prepared, trace) = run_mlp(&p, 5);
    for (i, y) in trace.tensors[5].iter().enumerate() {
        let (n, o) = (i / 3, i % 3);
        let sum: i64 = (0..5)
            .map(|k| trace.tensors[0][o * 5 + k] * trace.tensors[2][n * 5 + k])
            .sum();
        assert_eq!(*y, ((sum + trace.tensors[1][o] + 128) >> 8).max(0));
    }
    assert_eq!(
        trace
            .multiplicities
            .iter()
            .map(|m| m.iter().sum::<i64>())
            .collect::<Vec<_>>(),
        [6, 6]
    );
    assert_eq!(prepared.intervals[3], Some((0, 255)));
    assert_eq!(prepared.intervals[4], Some((-(1 << 15), (1 << 15) - 1)));

    // Sizes, counted by hand: tables of 2^16 and 2^8 leaves, two lookups of 2^3.
    let s = &prepared.sizes;
    let blocks: Vec<_> = s
        .blocks
        .iter()
        .map(|b| (b.item, b.offset, b.bits))
        .collect();
    let (relu, byte) = ((Item::Table(1), 0, 16), (Item::Table(0), 1 << 16, 8));
    let lookup = |i: u32| (Item::Lookup(i), (1 << 16) + 256 + 8 * i as u64, 3);
    assert_eq!(blocks, [relu, byte, lookup(0), lookup(1)]);
    assert_eq!((s.depth, s.n_pad, s.arity, s.einsum_rounds), (17, 4, 17, 3));
    assert_eq!(prepared.einsums[0].ends, Ends::A);
    assert_eq!(
        (s.products, s.triples, s.product_rounds),
        (0, 1 + 51 + 3, 6)
    );
    assert_eq!(s.pads, 2 + 3 * 17 * 16 / 2 + 7 * 17 + 3 * 3 + 1 + 3 + 3 * 6);

    // Layout: largest padded block first, multiplicities after the tensors.
    let witness = prepared.slab_layout(1);
    assert_eq!(witness.order, [7, 6, 3, 4]);
    assert_eq!(
        witness.offsets,
        [0, 1 << 16, (1 << 16) + 256, (1 << 16) + 264]
    );
    assert_eq!(witness.cells, (1 << 16) + 256 + 16);
    assert_eq!(witness.offset_of(4), Some((1 << 16) + 264));
    let model = prepared.slab_layout(0);
    assert_eq!((&model.order[..], model.cells), (&[0, 1][..], 32 + 4));
    let cells = pack(&prepared, 0, &trace);
    assert_eq!(cells[8 + 4], f_from_i64(trace.tensors[0][5 + 4]));
    assert_eq!((cells[5], cells.len()), (f_from_i64(0), 36));
}

/// A hint may write a slab's tensor: computed where it is not given, compared where it is.
#[test]
fn slab_tensors_of_hints() {
    let mut p = mlp(1, 2, 2);
    p.slabs.push(SlabDecl {
        name: "output".into(),
        private: true,
    });
    p.tensors[5].place = Place::Slab(1);
    let prepared = Prepared::new(p.clone()).unwrap();
    let givens = [
        (0, vec![100, 2, 3, 90]),
        (1, vec![500, -7]),
        (2, vec![60, 70]),
    ];
    let trace = execute(&prepared, givens.clone()).unwrap();
    let y = vec![
        (100 * 60 + 2 * 70 + 500 + 128) >> 8,
        (3 * 60 + 90 * 70 - 7 + 128) >> 8,
    ];
    assert_eq!(*trace.tensors[5], y);
    let with = |prepared: &Prepared, y: Vec<i64>| {
        let mut givens = givens.to_vec();
        givens.push((5, y));
        execute(prepared, givens).map_err(|e| (e.rule, e.place))
    };
    assert_eq!(with(&prepared, y.clone()), Ok(trace));
    let wrong = Err(("slab_value", "y".to_owned()));
    assert_eq!(with(&prepared, vec![y[0], y[1] + 1]), wrong);
    // The tensors that no hint writes must be given; two hints may not write one tensor, given or not.
    let missing = execute(&prepared, givens[1..].to_vec()).unwrap_err();
    assert_eq!((missing.rule, &missing.place[..]), ("given_missing", "w"));
    p.hints.push(p.hints[1].clone());
    let prepared = Prepared::new(p).unwrap();
    let twice = execute(&prepared, givens.clone()).unwrap_err();
    assert_eq!((twice.rule, &twice.place[..]), ("written_twice", "y"));
    assert_eq!(with(&prepared, y), Err(("written_twice", "y".to_owned())));
}

#[test]
fn execution_names_what_does_not_hold() {
    let refuse = |p: Program, givens: Vec<(u32, Vec<i64>)>| {
        let prepared = Prepared::new(p).unwrap();
        let e = execute(&prepared, givens.clone()).unwrap_err();
        assert_eq!(e.slug, "execution");
        for cut in 0..=givens.len() {
            let (first, rest) = givens.split_at(cut);
            let shared = Shared::new(&prepared, first.iter().cloned());
            let again = shared.and_then(|s| s.execute(rest.iter().cloned()));
            assert_eq!(again.unwrap_err(), e);
        }
        (e.rule, e.place)
    };
    let p = mlp(1, 1, 1);
    let good = vec![(0, vec![2]), (1, vec![3]), (2, vec![4])];
    let with = |t: u32, v: Vec<i64>| {
        good.iter()
            .cloned()
            .map(|(i, old)| (i, if i == t { v.clone() } else { old }))
            .collect()
    };
    assert_eq!(
        refuse(p.clone(), with(0, vec![200])),
        ("tensor_interval", "w".into())
    );
    assert_eq!(
        refuse(p.clone(), with(0, vec![2, 3])),
        ("given_shape", "w".into())
    );
    assert_eq!(
        refuse(p.clone(), good[..2].to_vec()),
        ("given_missing", "x".into())
    );
    assert_eq!(
        refuse(p.clone(), [&good[..], &[(0, vec![2])]].concat()),
        ("written_twice", "w".into())
    );
    assert_eq!(
        refuse(p.clone(), [&good[..], &[(3, vec![2])]].concat()),
        ("given_unknown", "givens".into())
    );

    let mut q = p.clone();
    q.hints.pop();
    assert_eq!(refuse(q, good.clone()), ("unwritten", "y".into()));
    let mut q = p.clone();
    q.hints.swap(0, 1);
    assert_eq!(refuse(q, good.clone()), ("unwritten", "high".into()));
    let mut q = p.clone();
    q.hints[1] = Hint::Linear {
        dst: 5,
        expr: expr(7, vec![]),
    };
    assert_eq!(
        refuse(q, good.clone()),
        ("lookup_output", "lookup act".into())
    );
    let mut q = p.clone();
    let Hint::Digits { expr: sum, .. } = &mut q.hints[0] else {
        unreachable!()
    };
    sum.constant += 1;
    assert_eq!(refuse(q, good.clone()), ("zero", "zero shift".into()));
    let mut q = p.clone();
    q.tables[0].kind = TableKind::Range { lo: 0, len: 100 };
    assert_eq!(
        refuse(q, good.clone()),
        ("lookup_input", "lookup low".into())
    );
    let mut q = p.clone();
    q.tables[1].kind = TableKind::Relu { lo: 5, len: 9 };
    assert_eq!(refuse(q, good.clone()), ("table_input", "y".into()));
}

/// Every hint, on the values of a public input.
#[test]
fn hints() {
    let mut p = empty("hints");
    p.tensors = vec![
        tensor("x", &[2, 3], Place::Public, -100, 100),
        tensor("max", &[2], Place::Witness, -100, 100),
        tensor("hot", &[2, 3], Place::Witness, 0, 1),
        tensor("q", &[2, 3], Place::Witness, -100, 100),
        tensor("r", &[2, 3], Place::Witness, 0, 6),
        tensor("half", &[2, 3], Place::Witness, -1, 1),
        tensor("d0", &[2, 3], Place::Witness, 0, 3),
        tensor("d1", &[2, 3], Place::Witness, 0, 7),
        tensor("low", &[], Place::Witness, 0, 7),
        tensor("high", &[], Place::Witness, -100, 100),
    ];
    p.tables = vec![Table {
        name: "sign".into(),
        kind: TableKind::Sign { lo: -100, len: 201 },
    }];
    let x = whole(0, 2);
    let twice = expr(0, vec![identity(Source::Tensor(0), 2, 2)]);
    p.lookups.push(Lookup {
        name: "s".into(),
        table: 0,
        shape: vec![2, 3],
        input: twice.clone(),
        shift: 1,
        output: whole(5, 2),
    });
    let shape = vec![2, 3];
    p.hints = vec![
        Hint::Max {
            shape: shape.clone(),
            axes: 1,
            expr: x.clone(),
            shift: 0,
            digits: vec![],
            quotient: 1,
        },
        Hint::Max {
            shape: shape.clone(),
            axes: 2,
            expr: expr(-40, vec![identity(Source::Tensor(0), 2, 1)]),
            shift: 1,
            digits: vec![(8, 3)],
            quotient: 9,
        },
        Hint::OneHotMax {
            shape: shape.clone(),
            expr: x.clone(),
            dst: 2,
        },
        Hint::Divide {
            shape: shape.clone(),
            num: x.clone(),
            den: expr(7, vec![]),
            quotient: 3,
            remainder: 4,
        },
        Hint::Lookup {
            dst: 5,
            table: 0,
            expr: twice,
            shift: 1,
        },
        Hint::Digits {
            shape,
            expr: x,
            digits: vec![(6, 2), (7, 3)],
            quotient: None,
        },
    ];
    p.inputs.push(Port {
        name: "x".into(),
        tensor: 0,
        frac: 4,
    });
    let prepared = Prepared::new(p.clone()).unwrap();
    let trace = execute(&prepared, [(0, vec![-8, 13, 13, 5, -1, 0])]).unwrap();
    let values: Vec<&[i64]> = trace.tensors.iter().map(|v| v.as_slice()).collect();
    assert_eq!(values[1], [13, 5]);
    assert_eq!(values[2], [0, 1, 0, 1, 0, 0]);
    assert_eq!(
        (values[3], values[4]),
        (&[-2, 1, 1, 0, -1, 0][..], &[6, 6, 6, 5, 6, 0][..])
    );
    assert_eq!(values[5], [0, 1, 1, 1, 0, 1]);
    assert_eq!(values[6], [0, 1, 1, 1, 3, 0]);
    assert_eq!(values[7], [6, 3, 3, 1, 7, 0]);
    // The largest is 13: floor((13 - 40) / 2) = -14 = 2 - 2 * 8.
    assert_eq!((values[8], values[9]), (&[2][..], &[-2][..]));
    assert_eq!(trace.multiplicities[0][100 - 8], 1);

    let Hint::Divide { den, .. } = &mut p.hints[3] else {
        unreachable!()
    };
    den.constant = 0;
    let prepared = Prepared::new(p).unwrap();
    assert_eq!(
        execute(&prepared, [(0, vec![0; 6])]).unwrap_err().rule,
        "divide"
    );
}

/// A table of what is left without the low bits, into a tensor that the next table's input reads.
#[test]
fn a_table_of_what_is_rounded_down() {
    let mut p = empty("floor");
    p.tensors = vec![
        tensor("x", &[6], Place::Public, -2048, 2047),
        tensor("r", &[6], Place::Witness, 0, 3),
        tensor("v", &[6], Place::Witness, -64, 64),
        tensor("a", &[6], Place::Witness, 0, 15),
    ];
    let excess = |t: i64| t - t.clamp(-1, 2);
    p.tables = [
        TableKind::Range { lo: 0, len: 4 },
        TableKind::Values {
            lo: -64,
            outs: (-64..64).map(excess).collect(),
        },
        TableKind::Clamp {
            lo: -8,
            len: 32,
            low: 0,
            high: 15,
        },
        TableKind::Range { lo: -64, len: 129 },
    ]
    .into_iter()
    .map(|kind| Table {
        name: "t".into(),
        kind,
    })
    .collect();
    let x = expr(2, vec![identity(Source::Tensor(0), 1, 1)]);
    let mut inner = x.clone();
    inner.terms.push(identity(Source::Tensor(1), 1, -1));
    inner.terms.push(identity(Source::Tensor(2), 1, -32));
    let lookup = |table, input: &Expr, shift, output| Lookup {
        name: format!("table {table}"),
        table,
        shape: vec![6],
        input: input.clone(),
        shift,
        output,
    };
    p.lookups = vec![
        lookup(0, &whole(1, 1), 0, Expr::default()),
        lookup(2, &inner, 2, whole(3, 1)),
        lookup(3, &whole(2, 1), 0, Expr::default()),
    ];
    let hint = |dst, table, expr: &Expr, shift| Hint::Lookup {
        dst,
        table,
        expr: expr.clone(),
        shift,
    };
    p.hints = vec![
        Hint::Digits {
            shape: vec![6],
            expr: x.clone(),
            digits: vec![(1, 2)],
            quotient: None,
        },
        hint(2, 1, &x, 5),
        hint(3, 2, &inner, 2),
    ];
    p.inputs.push(Port {
        name: "x".into(),
        tensor: 0,
        frac: 0,
    });
    let values = vec![-2048, -3, 17, 57, 58, 2045];
    let run = |p: Program| execute(&Prepared::new(p).unwrap(), [(0, values.clone())]);
    let trace = run(p.clone()).unwrap();
    let columns: Vec<&[i64]> = trace.tensors.iter().map(|v| v.as_slice()).collect();
    assert_eq!(columns[2], [-63, 0, 0, 0, 0, 61]);
    assert_eq!(columns[3], [0, 0, 4, 14, 15, 15]);
    // Rounded down and in no row: 2047 >> 5 is 63; without its last row the table ends at 62.
    let mut q = p.clone();
    let TableKind::Values { outs, .. } = &mut q.tables[1].kind else {
        unreachable!()
    };
    outs.pop();
    let refused = run(q).unwrap_err();
    assert_eq!((refused.rule, &*refused.place), ("table_input", "v"));
    // A relation rounds nothing: its input is a multiple, or in no row.
    let mut q = p;
    q.hints[0] = Hint::Linear {
        dst: 1,
        expr: expr(0, vec![]),
    };
    let refused = run(q).unwrap_err();
    assert_eq!(
        (refused.rule, &*refused.place),
        ("lookup_input", "lookup table 2")
    );
    assert_eq!(refused.expected, "multiples of 2^2");
}

/// The part within the ends and the part beyond them, asked for together or alone.
#[test]
fn parts_of_a_clamp() {
    let run = |shift: u8, (low, high): (i64, i64), asked: [bool; 2]| {
        let mut p = empty("clamp");
        let wide = 1 << 62;
        p.tensors = vec![
            tensor("x", &[5], Place::Public, -wide, wide),
            tensor("inside", &[5], Place::Public, -wide, wide),
            tensor("outside", &[5], Place::Public, -wide, wide),
        ];
        p.hints = vec![Hint::Clamp {
            shape: vec![5],
            expr: whole(0, 1),
            shift,
            low,
            high,
            inside: asked[0].then_some(1),
            outside: asked[1].then_some(2),
        }];
        let zero = |dst| Hint::Linear {
            dst,
            expr: Expr::default(),
        };
        p.hints
            .extend((1..3).filter(|&i| !asked[i - 1]).map(|i| zero(i as u32)));
        p.inputs.push(Port {
            name: "x".into(),
            tensor: 0,
            frac: 0,
        });
        let prepared = Prepared::new(p).unwrap();
        let trace = execute(&prepared, [(0, vec![-wide, -5, 3, 9, wide])]);
        trace.map(|t| [t.tensors[1].to_vec(), t.tensors[2].to_vec()])
    };
    let w = 1 << 60;
    let (inside, outside) = (vec![-1, -1, 0, 2, 2], vec![1 - w, -1, 0, 0, w - 2]);
    let none = vec![0; 5];
    let both = [inside.clone(), outside.clone()];
    assert_eq!(run(2, (-1, 2), [true, true]).unwrap(), both);
    assert_eq!(
        run(2, (-1, 2), [true, false]).unwrap(),
        [inside, none.clone()]
    );
    assert_eq!(run(2, (-1, 2), [false, true]).unwrap(), [none, outside]);
    // What is left of 2^62 beyond the end -2^63 is no number of the program.
    let refused = run(0, (i64::MIN, i64::MIN), [false, true]).unwrap_err();
    assert_eq!(
        (refused.rule, &*refused.place),
        ("tensor_interval", "outside")
    );
}

/// Nothing bounds a product that is only said to be 0: execution looks at its factors, also where 64 bits would wrap to 0.
#[test]
fn a_product_beyond_64_bits() {
    let mut p = empty("bare");
    p.tensors = vec![
        tensor("x", &[2, 3], Place::Public, -(1 << 62), 1 << 62),
        tensor("y", &[3], Place::Public, -(1 << 62), 1 << 62),
    ];
    p.einsums.push(Einsum {
        name: "xy".into(),
        extents: vec![2, 3],
        a_axes: vec![0, 1],
        b_axes: vec![1],
        out_axes: vec![0, 1],
        a: whole(0, 2),
        b: whole(1, 1),
    });
    p.zeros.push(Zero {
        name: "xy".into(),
        shape: vec![2, 3],
        expr: expr(0, vec![identity(Source::Einsum(0), 2, -1)]),
    });
    for (tensor, name) in [(0, "x"), (1, "y")] {
        p.inputs.push(Port {
            name: name.into(),
            tensor,
            frac: 0,
        });
    }
    let prepared = Prepared::new(p).unwrap();
    let run = |x: [i64; 6], y: [i64; 3]| {
        execute(&prepared, [(0, x.to_vec()), (1, y.to_vec())])
            .map(|_| ())
            .map_err(|e| (e.rule, e.place))
    };
    let not_zero = Err(("zero", "zero xy".to_string()));
    let most = 1 << 62;
    assert_eq!(run([most, 0, 0, most, 0, 0], [0, most, -most]), Ok(()));
    assert_eq!(run([0, 0, 0, 0, 1 << 32, 0], [0, 1 << 32, 0]), not_zero);
    assert_eq!(run([0, 0, 0, 0, -most, 0], [0, most, 0]), not_zero);
    assert_eq!(run([0, 0, 0, 0, 0, 1], [most, most, 1]), not_zero);
}

/// A convolution as an einsum of a kernel with virtual patches.
pub fn conv(n: u32, c: u32, size: u32, out: u32) -> Program {
    let mut p = empty("conv");
    p.slabs.push(SlabDecl {
        name: "model".into(),
        private: true,
    });
    p.tensors = vec![
        tensor("kernel", &[out, c, 3, 3], Place::Slab(0), -128, 127),
        tensor("image", &[n, c, size, size], Place::Witness, -128, 127),
    ];
    p.inputs.push(Port {
        name: "image".into(),
        tensor: 1,
        frac: 7,
    });
    p.tables.push(Table {
        name: "byte".into(),
        kind: TableKind::Range { lo: -128, len: 256 },
    });
    p.lookups.push(Lookup {
        name: "image".into(),
        table: 0,
        shape: vec![n, c, size, size],
        input: whole(1, 4),
        shift: 0,
        output: Expr::default(),
    });
    // labels: n, out, oh, ow, c, kh, kw
    let patches = vec![
        link(&[(0, 1)], &[(0, 1)], 0),
        link(&[(3, 1)], &[(1, 1)], 0),
        link(&[(1, 1), (4, 1)], &[(2, 1)], -1),
        link(&[(2, 1), (5, 1)], &[(3, 1)], -1),
    ];
    p.einsums.push(Einsum {
        name: "conv".into(),
        extents: vec![n, out, size, size, c, 3, 3],
        a_axes: vec![1, 4, 5, 6],
        b_axes: vec![0, 2, 3, 4, 5, 6],
        out_axes: vec![0, 1, 2, 3],
        a: whole(0, 4),
        b: expr(
            0,
            vec![Term {
                coef: 1,
                source: Source::Tensor(1),
                links: patches,
            }],
        ),
    });
    p
}

#[test]
fn conv_executes_and_folds() {
    for (n, c, size, out) in [(1, 2, 5, 3), (3, 1, 4, 2), (2, 3, 9, 5)] {
        let p = conv(n, c, size, out);
        let prepared = Prepared::new(p.clone()).unwrap();
        let mut rng = Rng(4);
        let given = |t: usize, rng: &mut Rng| {
            (
                t as u32,
                rng.values(entries(&p.tensors[t].shape), -128, 127),
            )
        };
        let givens = [given(0, &mut rng), given(1, &mut rng)];
        let trace = execute(&prepared, givens).unwrap();
        let (kernel, image) = (&trace.tensors[0], &trace.tensors[1]);
        let (c, size, out) = (c as i64, size as i64, out as i64);
        let expected: Vec<i64> = indices(&prepared.einsums[0].out_shape)
            .iter()
            .map(|at| {
                let mut sum = 0;
                for k in indices(&[c as u32, 3, 3]) {
                    let (y, x) = (at[2] + k[1] - 1, at[3] + k[2] - 1);
                    if (0..size).contains(&y) && (0..size).contains(&x) {
                        let pixel = image[(((at[0] * c + k[0]) * size + y) * size + x) as usize];
                        sum +=
                            pixel * kernel[(((at[1] * c + k[0]) * 3 + k[1]) * 3 + k[2]) as usize];
                    }
                }
                sum
            })
            .collect();
        assert_eq!(trace.einsums[0], expected, "{out}");
        let plan = &prepared.einsums[0];
        let r = rng.point(shape_bits(&plan.out_shape));
        let a = fold_operand(&prepared, 0, Side::A, &trace, &r);
        let b = fold_operand(&prepared, 0, Side::B, &trace, &r);
        let sum: K = a.iter().zip(&b).map(|(&x, &y)| x * y).sum();
        assert_eq!(sum, extension(&plan.out_shape, &trace.einsums[0], &r));
        let x = rng.point(plan.bits);
        let value: K = eq_table(&x).into_iter().zip(b).map(|(w, v)| w * v).sum();
        let point = plan.operand_point(Side::B, &r, &x);
        let at = prepared.expr_at(
            &p.einsums[0].b,
            plan.operand_shape(Side::B),
            &point,
            &Publics::default(),
        );
        assert_eq!(value_of(&at.affine, &slabs(&prepared, &trace)), value);
    }
}

#[test]
fn folds_are_exact_for_values_out_of_any_interval() {
    // A cheating prover's values still fold to what the field says.
    let p = mlp(1, 300, 70);
    let (prepared, mut trace) = run_mlp(&p, 9);
    let mut rng = Rng(2);
    let wild = (0..300 * 70).map(|_| rng.next() as i64).collect::<Vec<_>>();
    for values in [
        wild,
        vec![i64::MIN; 300 * 70],
        vec![i64::MAX; 300 * 70],
        vec![-128; 300 * 70],
    ] {
        trace.tensors[0] = values.into();
        let r = rng.point(7);
        let folded = fold_operand(&prepared, 0, Side::A, &trace, &r);
        let weights = eq_table(&r);
        for (i, &v) in folded.iter().enumerate() {
            let expected = (0..70).map(|o| {
                if i < 300 {
                    weights[o] * f_from_i64(trace.tensors[0][o * 300 + i])
                } else {
                    K::ZERO
                }
            });
            assert_eq!(v, expected.sum::<K>());
        }
    }
}

#[test]
fn ends_follow_from_the_operands() {
    let ends = |edit: &dyn Fn(&mut Program)| {
        let mut p = mlp(2, 4, 4);
        edit(&mut p);
        let prepared = Prepared::new(p).unwrap();
        assert_eq!(
            prepared.public_operand(0, Side::A),
            matches!(prepared.einsums[0].ends, Ends::None | Ends::B)
        );
        prepared.einsums[0].ends
    };
    assert_eq!(ends(&|_| ()), Ends::A);
    assert_eq!(ends(&|p| p.tensors[0].place = Place::Public), Ends::None);
    assert_eq!(ends(&|p| p.tensors[2].place = Place::Slab(0)), Ends::Both);
    assert_eq!(ends(&|p| p.einsums[0].b = expr(3, vec![])), Ends::A);
    let swapped = ends(&|p| {
        let e = &mut p.einsums[0];
        std::mem::swap(&mut e.a, &mut e.b);
        std::mem::swap(&mut e.a_axes, &mut e.b_axes);
    });
    assert_eq!(swapped, Ends::B);
    let square = ends(&|p| {
        let e = &mut p.einsums[0];
        (e.a_axes, e.b_axes, e.out_axes) = (vec![0, 2], vec![0, 2], vec![0, 2]);
        (e.a, e.b) = (whole(3, 2), whole(3, 2));
        e.extents = vec![2, 4, 4];
        e.a_axes = vec![0, 1];
        e.b_axes = vec![0, 1];
        e.out_axes = vec![0, 1];
        e.extents.pop();
        p.hints.clear();
    });
    assert_eq!(square, Ends::Same);
}

#[test]
fn validity_programs_execute() {
    let tensors: Vec<(String, Vec<u32>, i64, i64)> = vec![
        ("big".into(), vec![5, 3], -(1 << 19), (1 << 19) - 1),
        ("small".into(), vec![4], -3, 96),
        ("byte".into(), vec![2], -128, 127),
        ("same".into(), vec![2], -128, 127),
    ];
    let p = validity_program("model", &tensors).unwrap();
    assert_eq!(
        p.tensors
            .iter()
            .map(|t| t.name.as_str())
            .collect::<Vec<_>>(),
        [
            "big",
            "small",
            "byte",
            "same",
            "big.digit0",
            "big.digit1",
            "big.digit2"
        ]
    );
    let tables: Vec<&str> = p.tables.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(
        tables,
        ["range0+256", "range0+16", "range-3+100", "range-128+256"]
    );
    assert_eq!((p.lookups.len(), p.zeros.len(), p.hints.len()), (6, 1, 1));
    let prepared = Prepared::new(p).unwrap();
    let mut rng = Rng(1);
    let mut givens = BTreeMap::new();
    for (i, (_, shape, lo, hi)) in tensors.iter().enumerate() {
        givens.insert(i as u32, rng.values(entries(shape), *lo, *hi));
    }
    let trace = execute(&prepared, givens.clone()).unwrap();
    for (i, v) in trace.tensors[0].iter().enumerate() {
        let digits = [4, 5, 6].map(|t| trace.tensors[t][i]);
        assert_eq!(
            v + (1 << 19),
            digits[0] + 256 * digits[1] + 65536 * digits[2]
        );
    }
    assert_eq!(
        prepared
            .schema_tensors(0)
            .iter()
            .map(|t| t.0.as_str())
            .collect::<Vec<_>>(),
        ["big", "small", "byte", "same"]
    );
    givens.insert(1, vec![0, 0, 0, 97]);
    assert_eq!(
        execute(&prepared, givens).unwrap_err().rule,
        "tensor_interval"
    );

    let wide = |lo, hi| validity_program("m", &[("w".into(), vec![1 << 15], lo, hi)]);
    assert_eq!(wide(0, 65535).unwrap().tables[0].name, "range0+65536");
    assert_eq!(wide(0, 65536).unwrap_err().slug, "schema");
    assert_eq!(wide(0, (1 << 20) - 1).unwrap().tensors.len(), 3);
    assert_eq!(wide(5, 4).unwrap_err().slug, "schema");
    assert_eq!(wide(i64::MIN, i64::MAX).unwrap_err().slug, "schema");
}

#[test]
fn publics_are_checked() {
    let prepared = Prepared::new(mlp(1, 2, 2)).unwrap();
    let check = |lists: Vec<Vec<i64>>| {
        Publics(lists)
            .check(&prepared)
            .map_err(|e| (e.slug, e.rule))
    };
    assert_eq!(check(vec![vec![1, 2], vec![3, 4]]), Ok(()));
    assert_eq!(
        check(vec![vec![1, 2]]),
        Err(("public_shape", "public_count"))
    );
    assert_eq!(
        check(vec![vec![1, 2], vec![3]]),
        Err(("public_shape", "public_shape"))
    );
    assert_eq!(
        check(vec![vec![1, 128], vec![3, 4]]),
        Err(("public_interval", "public_interval"))
    );
}
